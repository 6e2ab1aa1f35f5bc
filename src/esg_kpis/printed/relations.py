"""What must hold between printed figures, and the judgement on it: exactly so, by rounding, or by no rounding."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, Protocol

from esg_kpis.printed.figures import Cell, Figure
from esg_kpis.printed.intervals import Interval

Verdict = Literal["holds", "rounding", "cannot_be_rounding", "not_checked"]
Prints = Mapping[Cell, Figure]


@dataclass(frozen=True)
class Judgement:
    """Of one relation: the verdict, both sides in words and as ranges, and how far they are apart."""

    verdict: Verdict
    observed: str
    expected: str
    gap: Fraction = Fraction(0)
    """How far the two ranges are apart; with `verdict` cannot_be_rounding and no gap, no whole number lies in both."""
    difference: Fraction = Fraction(0)
    """The same between the printed numbers themselves."""
    decimals: int = 2
    note: str = ""

    @property
    def failed(self) -> bool:
        """Whether no rounding explains it."""
        return self.verdict == "cannot_be_rounding"


class Rule(Protocol):
    """One thing that must hold between some cells."""

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells it is about."""
        ...

    def judge(self, prints: Prints) -> Judgement:
        """Whether it holds for these prints."""
        ...

    def needed(self, cell: Cell, prints: Prints) -> Interval | None:
        """The numbers of which one must stand behind `cell` for it to hold, all other prints being right (or more than these); None where none would do."""
        ...


@dataclass(frozen=True)
class Relation:
    """A rule with its name, what it is about, and why it is thought to hold."""

    check: str
    subject: str
    document: str
    period: str
    rule: Rule
    basis: str
    """Where it comes from: the definition, checks.yaml, or the table itself."""
    note: str = ""
    settled: bool = False
    """What is wrong is known, and no figure: nobody is suspected."""


def judged(observed: str, left: Interval, expected: str, right: Interval, *, values: tuple[Fraction, Fraction], decimals: int, at_most: bool = False, note: str = "") -> Judgement:
    """The judgement on two sides that must be equal, or of which the left is at most the right."""
    fits = left.may_be_at_most(right) if at_most else left.may_equal(right)
    exactly = values[0] <= values[1] if at_most else values[0] == values[1]
    verdict: Verdict = "cannot_be_rounding" if not fits else "holds" if exactly else "rounding"
    sign = "at most " if at_most else ""
    return Judgement(
        verdict, _with_range(observed, left, decimals), _with_range(f"{sign}{expected}", right, decimals), left.gap(right) if not fits else Fraction(0), values[0] - values[1], decimals, note
    )


def _with_range(text: str, interval: Interval, decimals: int) -> str:
    """A side with the numbers it may be, unless it is one."""
    return text if interval.low is not None and interval.low == interval.high else f"{text}: {interval.text(decimals)}"
