"""The errors this library raises on purpose.

One family. Every message says what is wrong, where, and how to mend it. `InputProblem` and its kin are the user's to mend;
`InternalProblem` is ours. Rows that are wrong do not raise: they are rejected (see `ingest.rows`).
"""

import unicodedata
from collections.abc import Iterable, Sequence
from difflib import get_close_matches


class EsgKpisError(Exception):
    """Base of the family.

    Args:
        what: What is wrong, in one sentence.
        where: File, line, column or id at fault.
        mend: What to do about it.
        details: What it is about, one by one, for a reader who is to see them below each other.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", mend: str = "", details: Sequence[str] = ()) -> None:
        self.what = what
        self.where = where
        self.mend = mend
        self.details = tuple(details)
        listed = f"{'; '.join(details)}." if details else ""
        super().__init__(" ".join(part for part in (f"{where}: {what}" if where else what, listed, mend) if part))

    def with_mend(self, more: str) -> "EsgKpisError":
        """The same with more to do about it."""
        return type(self)(self.what, where=self.where, mend=" ".join(part for part in (self.mend, more) if part), details=self.details)


class InputProblem(EsgKpisError):
    """Something the user gave cannot be read: a file, a format, an edition, a factor library."""

    exit_code = 3


class UsageProblem(EsgKpisError):
    """A command was asked for something that does not exist."""

    exit_code = 2


class LockedProblem(EsgKpisError):
    """A run would publish other numbers than those that were locked, or the register that says so is not whole."""


class UnitProblem(InputProblem):
    """A unit is unknown, refused, or does not measure what it stands beside."""


class FactorProblem(InputProblem):
    """No factor matches, or more than one does."""


class InternalProblem(EsgKpisError):
    """A promise of this library is broken. Please report it."""

    exit_code = 70

    def __init__(self, what: str, *, where: str = "", mend: str = "", details: Sequence[str] = ()) -> None:
        super().__init__(what, where=where, mend=mend or "This is a fault of esg-kpis: please report it.", details=details)


class OutOfRange(InputProblem):
    """A number is larger than the exact arithmetic promises to hold (see `exact`): a unit must be wrong somewhere."""


def near_misses(word: str, known: Iterable[str]) -> str:
    """A clause such as `Did you mean 'kWh' or 'MWh'?`, or nothing when no known word is near. One that differs in case or width only is meant alone."""
    hits = nearest(word, known)
    return "Did you mean " + " or ".join(f"'{hit}'" for hit in hits) + "?" if hits else ""


def nearest(word: str, known: Iterable[str]) -> list[str]:
    """At most four known words that are near."""
    by_fold: dict[str, list[str]] = {}
    for candidate in sorted(set(known)):
        by_fold.setdefault(_fold(candidate), []).append(candidate)
    near = [_fold(word)] if _fold(word) in by_fold else get_close_matches(_fold(word), list(by_fold), n=4, cutoff=0.6)
    return [candidate for fold in near for candidate in by_fold[fold]][:4]


def _fold(word: str) -> str:
    return unicodedata.normalize("NFKC", word).strip().casefold()
