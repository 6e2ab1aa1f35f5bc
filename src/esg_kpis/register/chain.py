"""Whether a register is whole: every entry signed by a trusted key, none changed, left out or put in between.

A chain cannot show that its last entries were taken away, nor that somebody who holds all the keys wrote it anew. For the first, a head that was noted elsewhere
(the anchor of a workspace, an evidence pack, a board minute) is looked for in it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from esg_kpis.errors import InputProblem
from esg_kpis.register.entry import Entry, hash_of
from esg_kpis.register.keys import Keys
from esg_kpis.register.statement import START


@dataclass(frozen=True)
class Problem:
    """What is wrong with an entry; sequence 0 for the register as a whole."""

    sequence: int
    what: str

    def __str__(self) -> str:
        return f"entry {self.sequence}: {self.what}" if self.sequence else self.what


@dataclass(frozen=True)
class Head:
    """The last entry: its sequence number and hash."""

    sequence: int = 0
    hash: str = START


def head_of(entries: Sequence[Entry]) -> Head:
    """The head of a register."""
    return Head(entries[-1].sequence, entries[-1].hash) if entries else Head()


def problems_of(entries: Sequence[Entry], keys: Keys, approved: Mapping[str, bytes] | None = None, noted: Head | None = None) -> list[Problem]:
    """What is wrong with a register, in order; nothing if it is whole.

    Args:
        entries: All its entries, in the order of their sequence numbers.
        keys: Keys that are trusted. A key that is not cannot be checked with, and its entry is a problem.
        approved: The numbers kept, by digest; None to leave them out.
        noted: A head that was noted earlier, and that must be among the entries.
    """
    found, before, latest = [], Head(), ""
    for entry in entries:
        found += [Problem(entry.sequence, what) for what in (*_linked(entry, before), *_said(entry, before, keys, latest))]
        if approved is not None:
            found += _kept(entry, approved)
        before = Head(entry.sequence, entry.hash)
        latest = max(latest, _time(entry))
    used = {entry.subject for entry in entries}
    found += [Problem(0, f"Numbers are kept that no entry is about: {digest[:16]}.") for digest in sorted((approved or {}).keys() - used)]
    return found + _noted(entries, noted)


def _linked(entry: Entry, before: Head) -> list[str]:
    found = []
    if entry.sequence != before.sequence + 1:
        found.append(f"it follows upon entry {before.sequence}: {entry.sequence - before.sequence - 1} are missing in between")
    if entry.previous != before.hash:
        found.append("it names another entry before it than stands there: one of the two was changed, or one was taken away")
    if entry.hash != hash_of(entry.sequence, entry.previous, entry.envelope):
        found.append("its hash is not that of its content: it was changed after it was written")
    return found


def _said(entry: Entry, before: Head, keys: Keys, latest: str) -> list[str]:
    try:
        statement = entry.statement
    except InputProblem as problem:
        return [f"it cannot be read ({problem.what})"]
    found = []
    key = keys.find(statement.key)
    if key is None:
        found.append(f"it is signed with the key {statement.key[:16]}, which is not trusted; put it back into keys.toml, revoked where it must be")
    elif not entry.is_signed_with(key.public):
        found.append(f"the signature of '{key.label}' on it is not good")
    if statement.digest != entry.subject:
        found.append("it stands beside other numbers than those it signs")
    if statement.after != (before.sequence, before.hash):
        found.append(f"it was signed upon entry {statement.after[0]} ({str(statement.after[1])[:16]}), and follows upon another")
    if statement.at < latest:
        found.append(f"its time, {statement.at}, is before that of an earlier entry, {latest}")
    return found


def _kept(entry: Entry, approved: Mapping[str, bytes]) -> list[Problem]:
    content = approved.get(entry.subject)
    if content is None:
        return [Problem(entry.sequence, "the numbers that it is about are not kept")]
    if hashlib.sha256(content).hexdigest() != entry.subject:
        return [Problem(entry.sequence, "the numbers kept for it are not those that it signs")]
    return []


def _noted(entries: Sequence[Entry], noted: Head | None) -> list[Problem]:
    if noted is None or noted == Head():
        return []
    there = next((entry for entry in entries if entry.sequence == noted.sequence), None)
    if there is None:
        return [Problem(0, f"Entry {noted.sequence} ({noted.hash[:16]}) was noted before, and the register holds {len(entries)} entries: it is another register than the one meant (--register), or its last entries were taken away.")]
    return [] if there.hash == noted.hash else [Problem(noted.sequence, f"it is not the one that was noted before ({noted.hash[:16]})")]


def _time(entry: Entry) -> str:
    try:
        return entry.statement.at
    except InputProblem:
        return ""
