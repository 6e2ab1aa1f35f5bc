"""The guard of locked periods: a run may not publish other numbers than those that were locked, and a register that is not whole vouches for nothing."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from esg_kpis.assurance.approved import approved_bytes
from esg_kpis.register.chain import Head, problems_of
from esg_kpis.register.effect import cells_of, effects_of, in_words
from esg_kpis.register.entry import Entry
from esg_kpis.register.keys import Keys
from esg_kpis.register.replay import replayed

_NAMED = 10


@dataclass(frozen=True)
class Held:
    """One locked period as a run finds it: the lock's entry, and the cells that would change. `computed` is false where the run leaves the edition out on purpose."""

    edition: str
    period: str
    entry: int
    computed: bool = True
    changed: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.changed:
            return f"{self.period} of edition {self.edition}: {'as locked' if self.computed else 'not computed here'} (entry {self.entry})"
        return f"{self.headline}: {'; '.join(self.named)}"

    @property
    def headline(self) -> str:
        """Which period is locked, and how many of its cells would change."""
        return f"{self.period} of edition {self.edition} is locked (entry {self.entry}), and {len(self.changed)} cells would change"

    @property
    def named(self) -> tuple[str, ...]:
        """The first of them, and how many more there are."""
        more = len(self.changed) - _NAMED
        return (*self.changed[:_NAMED], f"and {more} more") if more > 0 else self.changed


@dataclass(frozen=True)
class Guarded:
    """What the guard found: the locked periods, and what is wrong with the register itself."""

    held: tuple[Held, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def stops(self) -> tuple[str, ...]:
        """Why nothing may be published; empty if it may."""
        return (*self.problems, *(str(item) for item in self.held if item.changed))


def guarded(entries: Sequence[Entry], approved: Mapping[str, bytes], keys: Keys, noted: Head | None, kpi_values: pl.DataFrame, asked: Sequence[str]) -> Guarded:
    """Holds what a run computed against what is locked.

    Args:
        entries: The register.
        approved: The numbers kept in it, by digest.
        keys: Keys that are trusted.
        noted: The head as it was noted last.
        kpi_values: What the run computed.
        asked: Editions that the run was asked for; empty for all, and then a locked edition that is gone counts as changed.
    """
    problems = [str(problem) for problem in problems_of(entries, keys, approved, noted)]
    standing, claimed = replayed(entries, keys), replayed(entries, None)
    held = []
    for place in sorted(claimed.keys() | standing.keys()):
        lock, was, again = standing[place].locked, claimed[place].locked, standing[place].restated
        if was is not None and again is not None and again.sequence > was.sequence:
            was = None  # It was locked anew since, and that lock was opened.
        if lock is None and was is not None:
            why = next((why for entry, why in standing[place].void if entry.sequence == was.sequence), "what it rests on is void")
            problems.append(f"{place[1]} of edition {place[0]}: the lock (entry {was.sequence}) is void: {why}; approve and lock the last results anew")
        if (lock := lock or was) is not None:
            held.append(_held(place, lock, approved.get(lock.subject, b""), kpi_values, asked))
    return Guarded(tuple(held), tuple(problems))


def _held(place: tuple[str, str], lock: Entry, locked: bytes, kpi_values: pl.DataFrame, asked: Sequence[str]) -> Held:
    edition, period = place
    if asked and edition not in asked:
        return Held(edition, period, lock.sequence, computed=False)
    if hashlib.sha256(locked).hexdigest() != lock.subject:
        return Held(edition, period, lock.sequence, changed=("the numbers locked are not kept as they were",))
    present = approved_bytes(kpi_values, edition, period)
    if present == locked:
        return Held(edition, period, lock.sequence)
    before, after = cells_of(locked), cells_of(present)
    effects, _ = effects_of(locked, present)
    words = [in_words(effect, before.get(key), after.get(key)) for effect in effects for key in ((effect.kpi_id, effect.breakdown, effect.category),)]
    return Held(edition, period, lock.sequence, changed=tuple(words) or ("the order or form of the cells",))
