"""A pack as it comes in: unpacked, every hash compared, the signature checked, before anything of it is believed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from esg_kpis.errors import EsgKpisError
from esg_kpis.evidence.contents import REGISTER
from esg_kpis.evidence.environment import ENVIRONMENT
from esg_kpis.evidence.manifest import BESIDE, MANIFEST, differences, read_manifest, sha256
from esg_kpis.evidence.readme import ANNEX
from esg_kpis.evidence.statement import Signed, checked
from esg_kpis.evidence.verdict import Check
from esg_kpis.evidence.zipped import unzipped


@dataclass(frozen=True)
class Opened:
    """A pack whose hashes and signature hold. `ran` is what environment.json says, `said` the signed statement."""

    files: Mapping[str, bytes]
    ran: Mapping[str, Any]
    edition: str
    period: str
    known_on: date
    as_of: date
    fingerprint: str
    said: Mapping[str, Any] = field(default_factory=dict)

    @property
    def annex_digest(self) -> str | None:
        """The SHA-256 of what the annex encrypts; None where there are no people files."""
        return self.files[ANNEX].decode().split()[0] if ANNEX in self.files else None


def opened_pack(content: bytes, trusted: str | None) -> tuple[Opened | None, list[Check]]:
    """The pack, if its hashes and signature hold; and what was found.

    Args:
        content: The zip.
        trusted: The fingerprint of the key that is trusted; None for the key inside.
    """
    checks: list[Check] = []
    try:
        files = unzipped(content)
    except EsgKpisError as problem:
        return None, [Check("archive", passed=False, seen="it is not opened", wrong=(str(problem),))]
    checks.append(Check("archive", passed=True, seen=f"{len(files)} files, {sum(map(len, files.values()))} bytes"))
    wrong = _hashes(files)
    checks.append(Check("hashes", not wrong, f"SHA-256 of {len(files) - len({*files} & {*BESIDE})} files against {MANIFEST}", wrong))
    if any(name not in files for name in BESIDE):
        return None, checks
    try:
        signed = checked(files, trusted)
    except EsgKpisError as problem:
        return None, [*checks, Check("signature", passed=False, seen="it cannot be checked", wrong=(str(problem),))]
    checks.append(Check("signature", not signed.problems, _whose(signed, trusted), signed.problems))
    if wrong or signed.problems:
        return None, checks
    try:
        found = _found(files, signed)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return None, [*checks, Check("statement", passed=False, seen="it cannot be compared", wrong=(f"{ENVIRONMENT} or the statement lacks something: {type(error).__name__}: {error}",))]
    unequal = tuple(_unequal(found, signed))
    checks.append(Check("statement", not unequal, f"edition {found.edition}, period {found.period}, known on {found.known_on}", unequal))
    return (None if unequal else found), checks


def _hashes(files: Mapping[str, bytes]) -> tuple[str, ...]:
    if MANIFEST not in files:
        return tuple(f"{name} is missing" for name in BESIDE if name not in files)
    try:
        return tuple(differences(files, read_manifest(files[MANIFEST])))
    except EsgKpisError as problem:
        return (str(problem),)


def _whose(signed: Signed, trusted: str | None) -> str:
    if trusted is None:
        return f"signed by the key inside, fingerprint {signed.fingerprint}: compare it with the one you were given"
    return f"signed by the key that is trusted, fingerprint {signed.fingerprint}" if signed.fingerprint == trusted else f"signed by {signed.fingerprint}"


def _found(files: Mapping[str, bytes], signed: Signed) -> Opened:
    ran = json.loads(files[ENVIRONMENT])
    known_on, as_of = (date.fromisoformat(ran[name]) for name in ("knowledge_date", "as_of"))
    return Opened(files, ran, str(ran["edition"]), str(ran["period"]), known_on, as_of, signed.fingerprint, signed.predicate)


def _unequal(pack: Opened, signed: Signed) -> list[str]:
    """Where the signed statement and the files say different things."""
    said = {
        "edition": pack.edition, "period": pack.period, "knowledge_date": pack.known_on.isoformat(), "as_of": pack.as_of.isoformat(),
        "kpi_register_sha256": sha256(pack.files.get(REGISTER, b"")), "annex_sha256": pack.annex_digest,
    }  # fmt: skip
    return [f"the statement says {name} {signed.predicate.get(name)}, and the pack {value}" for name, value in said.items() if signed.predicate.get(name) != value]
