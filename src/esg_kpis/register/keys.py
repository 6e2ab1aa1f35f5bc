"""Whose signatures count: public keys with the roles they may sign in, and the time in which they may.

They stand in `data/register/keys.toml`, which a person can read and compare with fingerprints published elsewhere. Who may change that file decides who is
trusted here; an assurer keeps a file of their own.
"""

import json
import tomllib
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from esg_kpis.errors import InputProblem, UsageProblem
from esg_kpis.register.statement import is_time
from esg_kpis.signing import as_pem, fingerprint, public_key

KEYS_FILE = "keys.toml"
ROLES = ("preparer", "reviewer", "approver", "assurer")
MAY = {"prepared": ("preparer",), "reviewed": ("reviewer",), "locked": ("approver", "reviewer"), "restated": ("approver", "reviewer")}
"""Which roles may do what. Whoever prepared a period does not lock or reopen it, whatever roles their key has."""
_HEAD = "# Keys whose signatures count in the register of approvals: see docs/approval.md. `esg-kpis keys` writes this file; compare its fingerprints with those published elsewhere.\n"


@dataclass(frozen=True)
class TrustedKey:
    """A public key, what it may sign, from and until which day (both counted), and since when it is revoked."""

    public: Ed25519PublicKey
    roles: tuple[str, ...]
    label: str
    first: date | None = None
    until: date | None = None
    revoked: str = ""
    why: str = ""

    @property
    def id(self) -> str:
        """Its fingerprint."""
        return fingerprint(self.public)

    def objection(self, action: str, role: str, at: str) -> str:
        """Why a signature of this key in a role at a time does not count, or nothing."""
        day = date.fromisoformat(at[:10])
        if role not in self.roles:
            return f"the key '{self.label}' has not the role {role}"
        if role not in MAY[action]:
            return f"a {role} may not sign '{action}' ({' or '.join(MAY[action])})"
        if self.first and day < self.first:
            return f"the key '{self.label}' counts from {self.first} only"
        if self.until and day > self.until:
            return f"the key '{self.label}' expired on {self.until}"
        if self.revoked and at >= self.revoked:
            return f"the key '{self.label}' is revoked since {self.revoked}{f' ({self.why})' if self.why else ''}"
        return ""


@dataclass(frozen=True)
class Keys:
    """The keys that are trusted."""

    trusted: tuple[TrustedKey, ...] = ()

    def find(self, key_id: str) -> TrustedKey | None:
        """The key of that fingerprint."""
        return next((key for key in self.trusted if key.id == key_id), None)

    def label(self, key_id: str) -> str:
        """What a key is called, or the beginning of its fingerprint."""
        key = self.find(key_id)
        return key.label if key else f"unknown key {key_id[:16]}"

    def with_key(self, key: TrustedKey) -> "Keys":
        """These and one more.

        Raises:
            UsageProblem: if it is there already.
        """
        if there := self.find(key.id):
            raise UsageProblem("This key is trusted already.", where=there.label, mend="What a key may do is not changed, or what it signed would be judged anew: make a new key.")
        return Keys((*self.trusted, key))

    def revoke(self, key_id: str, at: str, why: str) -> "Keys":
        """These, one of which counts no longer from a time on.

        Raises:
            UsageProblem: if no key, or more than one, begins so; or it is revoked already.
        """
        found = [key for key in self.trusted if key_id and key.id.startswith(key_id)]
        if len(found) != 1:
            raise UsageProblem(f"{len(found) or 'No'} trusted keys begin with '{key_id}'.", mend="`esg-kpis keys list` prints their fingerprints.")
        if found[0].revoked:
            raise UsageProblem(f"It is revoked since {found[0].revoked}.", where=found[0].label, mend="Nothing needs to be done.")
        gone = replace(found[0], revoked=at, why=why)
        return Keys(tuple(gone if key is found[0] else key for key in self.trusted))


class _Key(BaseModel):
    """A block `[[key]]`."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    fingerprint: str
    roles: list[str] = Field(min_length=1)
    label: str = Field(min_length=1)
    public: str
    first: date | None = Field(default=None, alias="from")
    until: date | None = None
    revoked: str = ""
    why: str = ""


class _File(BaseModel):
    """The file."""

    model_config = ConfigDict(extra="forbid")
    key: list[_Key] = []


def keys_of(text: str, where: str = KEYS_FILE) -> Keys:
    """The keys of a file's text.

    Raises:
        InputProblem: if it is no such file, a fingerprint is not that of its key, a role is unknown, or a key stands twice.
    """
    try:
        read = _File.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise InputProblem(f"It is no TOML: {error}.", where=where, mend="See docs/approval.md.") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise InputProblem(f"{'.'.join(map(str, first['loc']))}: {first['msg']}.", where=where, mend="See docs/approval.md.") from None
    keys = Keys()
    for number, item in enumerate(read.key, 1):
        place = f"{where}, key {number}"
        if item.revoked and not is_time(item.revoked):
            raise InputProblem(f"'{item.revoked}' is no time.", where=place, mend="Write `revoked` in UTC, as 2024-04-09T10:00:00Z.")
        made = TrustedKey(public_key(item.public.encode(), place), roles_of(item.roles, place), item.label, item.first, item.until, item.revoked, item.why)
        if made.id != item.fingerprint:
            raise InputProblem("The fingerprint is not that of the key.", where=place, mend="Find out which of the two was changed; compare it with where it was published.")
        if keys.find(made.id):
            raise InputProblem("This key stands twice.", where=place, mend="Leave one of the two out.")
        keys = Keys((*keys.trusted, made))
    return keys


def roles_of(names: list[str], where: str) -> tuple[str, ...]:
    """Roles, in their order.

    Raises:
        InputProblem: if one is unknown.
    """
    if unknown := sorted(set(names) - set(ROLES)):
        raise InputProblem(f"There is no role '{unknown[0]}'.", where=where, mend=f"Roles: {', '.join(ROLES)}.")
    return tuple(role for role in ROLES if role in names)


def read_keys(folder: Path) -> Keys:
    """The keys trusted in `data/register`, none where there is no file.

    Raises:
        InputProblem: as `keys_of`.
    """
    path = folder / KEYS_FILE
    if not path.exists():
        return Keys()
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise InputProblem(f"It cannot be read: {type(error).__name__}.", where=str(path), mend="It is text in UTF-8.") from None
    return keys_of(text, str(path))


def keys_text(keys: Keys) -> str:
    """The keys as the file that `keys_of` reads."""
    blocks = []
    for key in keys.trusted:
        lines = ["[[key]]", f'fingerprint = "{key.id}"', f"label = {_quoted(key.label)}", f"roles = {json.dumps(list(key.roles))}"]
        lines += [f"{name} = {day}" for name, day in (("from", key.first), ("until", key.until)) if day]
        lines += [f'revoked = "{key.revoked}"', f"why = {_quoted(key.why)}"] if key.revoked else []
        lines += [f'public = """\n{as_pem(key.public).decode()}"""']
        blocks.append("\n".join(lines) + "\n")
    return "\n".join([_HEAD, *blocks])


def _quoted(text: str) -> str:
    """Text as a basic string of TOML, which escapes as JSON does, and DEL besides."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
