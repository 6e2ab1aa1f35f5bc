"""The rules of approval, replayed over a register: what each entry is worth, and in which state a period of an edition is.

open -> prepared -> reviewed -> locked -> restated (open again, with an entry that says why). An entry that breaks a rule is void and moves nothing. The same rules
refuse it when somebody tries to append it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from esg_kpis.errors import InputProblem
from esg_kpis.register.entry import Entry
from esg_kpis.register.keys import Keys
from esg_kpis.register.statement import Statement

STATES = ("open", "prepared", "reviewed", "locked", "restated")
Cell = tuple[str, str]
"""Edition and period."""


@dataclass(frozen=True)
class Standing:
    """What the entries of one period of one edition come to. `void` are those that broke a rule, with the rule."""

    prepared: Entry | None = None
    reviewed: Entry | None = None
    locked: Entry | None = None
    restated: Entry | None = None
    void: tuple[tuple[Entry, str], ...] = field(default=())


@dataclass(frozen=True)
class State:
    """The state of one period of one edition beside its present numbers.

    `as_approved` says whether the present numbers are those that the latest standing approval is about; None where there is none, or there are no present numbers.
    """

    word: str
    standing: Standing
    as_approved: bool | None
    reason: str = ""

    @property
    def entry(self) -> Entry | None:
        """The entry that brought it about."""
        return {"prepared": self.standing.prepared, "reviewed": self.standing.reviewed, "locked": self.standing.locked, "restated": self.standing.restated}.get(self.word)


def replayed(entries: Sequence[Entry], keys: Keys | None) -> dict[Cell, Standing]:
    """What the entries come to, by edition and period.

    Args:
        entries: All entries, in order.
        keys: Keys that are trusted; None to leave signatures, roles and times aside, which says what would stand if every key were good.
    """
    found: dict[Cell, Standing] = {}
    for entry in entries:
        try:
            statement = entry.statement
        except InputProblem:
            continue
        place = (statement.edition, statement.period)
        now = found.get(place, Standing())
        why = (_not_trusted(entry, statement, keys) if keys is not None else "") or _against_rules(statement, now)
        found[place] = replace(now, void=(*now.void, (entry, why))) if why else _moved(entry, statement.action, now)
    return found


def why_void(entries: Sequence[Entry], entry: Entry, keys: Keys) -> str:
    """Why an entry of `entries` is void, or nothing."""
    statement = entry.statement
    void = replayed(entries, keys)[statement.edition, statement.period].void
    return next((why for other, why in void if other.sequence == entry.sequence), "")


def state_of(entries: Sequence[Entry], keys: Keys, edition: str, period: str, current_digest: str | None) -> State:
    """The state of a period of an edition.

    Args:
        entries: All entries of the register; those of other editions and periods say nothing here.
        keys: Keys that are trusted.
        edition: Edition id.
        period: Period id.
        current_digest: Digest of its present numbers (`approved_digest`); None where there are none. An approval of other numbers than these is void.
    """
    standing = replayed(entries, keys).get((edition, period), Standing())
    void = "; ".join(f"entry {entry.sequence} is void: {why}" for entry, why in standing.void)
    if standing.locked:
        as_locked = None if current_digest is None else current_digest == standing.locked.subject
        return State("locked", standing, as_locked, "the present numbers are not those that were locked" if as_locked is False else void)
    latest = standing.reviewed or standing.prepared
    if latest and current_digest not in (None, latest.subject):
        word = latest.statement.action
        changed = f"the numbers were changed since they were {word} (entry {latest.sequence}): it is void"
        return State("restated" if standing.restated else "open", standing, as_approved=False, reason=changed)
    word = latest.statement.action if latest else "restated" if standing.restated else "open"
    return State(word, standing, None if latest is None or current_digest is None else True, void)


def _not_trusted(entry: Entry, statement: Statement, keys: Keys) -> str:
    key = keys.find(statement.key)
    if key is None:
        return f"the key {statement.key[:16]} is not trusted"
    if not entry.is_signed_with(key.public):
        return f"the signature of '{key.label}' is not good"
    return key.objection(statement.action, statement.role, statement.at)


def _against_rules(statement: Statement, now: Standing) -> str:
    if statement.action == "restated":
        return _restating(statement, now)
    if now.locked:
        return f"the period is locked (entry {now.locked.sequence}); a restatement opens it"
    if statement.action == "prepared":
        return ""
    if now.prepared is None:
        return "nothing is prepared"
    if now.prepared.statement.key == statement.key:
        return f"the same key prepared it (entry {now.prepared.sequence}); another one reviews and locks"
    if now.prepared.subject != statement.digest:
        return f"other numbers were prepared (entry {now.prepared.sequence}); they must be prepared anew"
    if statement.action == "locked" and now.reviewed is None:
        return "it is not reviewed"
    return ""


def _restating(statement: Statement, now: Standing) -> str:
    if now.locked is None:
        return "it is not locked, so there is nothing to reopen"
    if now.prepared and now.prepared.statement.key == statement.key:
        return f"the same key prepared it (entry {now.prepared.sequence}); another one reopens"
    said = statement.restatement
    if said is None or said.lock != now.locked.sequence or statement.digest != now.locked.subject:
        return f"it is about another lock than entry {now.locked.sequence}"
    return "" if said.reason.strip() else "it gives no reason"


def _moved(entry: Entry, action: str, now: Standing) -> Standing:
    if action == "prepared":
        return replace(now, prepared=entry, reviewed=None)
    if action == "reviewed":
        return replace(now, reviewed=entry)
    if action == "locked":
        return replace(now, locked=entry)
    return Standing(restated=entry, void=now.void)
