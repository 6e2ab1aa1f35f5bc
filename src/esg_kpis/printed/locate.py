"""Which figure is likely wrong: the one whose correction makes the relations hold that fail, and breaks none of those that held."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from esg_kpis.printed.figures import Cell, Figure
from esg_kpis.printed.intervals import Interval
from esg_kpis.printed.means import Whole
from esg_kpis.printed.relations import Relation
from esg_kpis.printed.slips import ONE_DIGIT, TRUNCATED, slips
from esg_kpis.printed.stated import Boundary

MOST_SUSPECTS = 6
_TRIED = 400
"""Figures of one relation beyond which nobody is suspected one by one."""


@dataclass(frozen=True)
class Suspect:
    """A figure that alone would explain it: what it would have to be, by which usual slips, and how many failing relations that mends."""

    cell: Cell
    text: str
    ways: tuple[tuple[str, tuple[str, ...]], ...]
    """What it may have to be, likeliest first, each with the slips that lead from there to the print."""
    mends: int
    leaves: int

    @property
    def slips(self) -> tuple[str, ...]:
        """All slips that would explain it."""
        return tuple(dict.fromkeys(name for _, names in self.ways for name in names))

    @property
    def rank(self) -> tuple[int, int, int, str]:
        """Those that mend most come first; then those that a usual slip explains."""
        likely = 0 if any(name not in (ONE_DIGIT, TRUNCATED) for name in self.slips) else 1 if self.slips else 2
        return -self.mends, self.leaves, likely, str(self.cell)

    def in_words(self) -> str:
        """As a clause."""
        ways = " or ".join(f"{text} ({', '.join(names)})" if names else text for text, names in self.ways[:2])
        return f"{self.cell}: {self.text} for {ways}{f', which mends {self.mends} checks' if self.mends > 1 else ''}"


@dataclass(frozen=True)
class Located:
    """The suspects of one failing relation, likeliest first, and whether one stands out."""

    suspects: tuple[Suspect, ...]
    alone: bool

    def in_words(self) -> str:
        """As a sentence."""
        if not self.suspects:
            return "No single figure explains it without breaking what holds."
        named = "; ".join(suspect.in_words() for suspect in self.suspects[:MOST_SUSPECTS])
        more = len(self.suspects) - MOST_SUSPECTS
        lead = "" if len(self.suspects) == 1 else "Most likely " if self.alone else "One of these: "
        return f"{lead}{named}{f'; and {more} more' if more > 0 else ''}"


class Searching:
    """The relations of some figures, by cell, with what became of each."""

    def __init__(self, prints: Mapping[Cell, Figure], relations: Sequence[Relation], failing: Sequence[Relation]) -> None:
        self.prints = dict(prints)
        self.failing = {id(relation) for relation in failing}
        self.by_cell: dict[Cell, list[Relation]] = {}
        for relation in relations:
            for cell in relation.rule.cells:
                self.by_cell.setdefault(cell, []).append(relation)
        self._found: dict[tuple[Cell, int], Suspect | None] = {}

    def locate(self, relation: Relation) -> Located:
        """The suspects of a failing relation."""
        if isinstance(relation.rule, Boundary) or len(relation.rule.cells) > _TRIED:
            return Located((), alone=False)
        found = [suspect for cell in relation.rule.cells if (suspect := self._suspect(cell, relation)) is not None]
        found.sort(key=lambda suspect: suspect.rank)
        alone = len(found) == 1 or (len(found) > 1 and found[0].rank[:2] < found[1].rank[:2])
        return Located(tuple(found), alone)

    def _suspect(self, cell: Cell, relation: Relation) -> Suspect | None:
        """The best correction of one figure: all failing relations it stands in if one number mends them, else this one alone."""
        printed = self.prints[cell]
        if printed.source:  # Given: it stands elsewhere, and is what the print is compared with.
            return None
        around = self.by_cell[cell]
        failing = [other for other in around if id(other) in self.failing and not isinstance(other.rule, Boundary)]
        held = [other for other in around if id(other) not in self.failing]
        for wanted in ([failing] if len(failing) > 1 else []) + [[relation]]:
            needed = self._needed(cell, [*wanted, *held])
            if needed is None:
                continue
            found: dict[Fraction, tuple[Figure, list[str]]] = {}
            for name, other in slips(printed, needed):
                if _possible(other, printed) and (other.value in found or self._mends(other, wanted, held)):
                    found.setdefault(other.value, (other, []))[1].append(name)
            if not found:
                nearest = next((other for other in self._tried(printed, needed, wanted) if _possible(other, printed) and self._mends(other, wanted, held)), None)
                if nearest is None:
                    continue
                found[nearest.value] = (nearest, [])
            ordered = sorted(found.values(), key=lambda pair: (not any(name not in (ONE_DIGIT, TRUNCATED) for name in pair[1]), abs(pair[0].value - printed.value)))
            best = ordered[0][0]
            mended = sum(not other.rule.judge({**self._near(other), cell: best}).failed for other in failing)
            return Suspect(cell, printed.text, tuple((other.text, tuple(names)) for other, names in ordered), mended, len(failing) - mended)
        return None

    def _needed(self, cell: Cell, relations: Sequence[Relation]) -> Interval | None:
        needed: Interval | None = Interval(None, None)
        for relation in relations:
            each = relation.rule.needed(cell, self.prints)
            needed = needed & each if needed is not None and each is not None else None
        return needed

    def _mends(self, other: Figure, wanted: Sequence[Relation], held: Sequence[Relation]) -> bool:
        return not any(relation.rule.judge({**self._near(relation), other.cell: other}).failed for relation in (*wanted, *held))

    def _near(self, relation: Relation) -> dict[Cell, Figure]:
        return {cell: self.prints[cell] for cell in relation.rule.cells}

    def _tried(self, printed: Figure, needed: Interval, wanted: Sequence[Relation]) -> list[Figure]:
        """Prints within what is needed: the nearest to what is printed, the middle, both ends, and what a relation proposes."""
        values: list[Fraction] = []
        for relation in wanted:
            if isinstance(relation.rule, Whole) and relation.rule.rate == printed.cell:
                values += sorted(relation.rule.hints(self.prints), key=lambda value: abs(value - printed.value))
        step = Fraction(1, 10**printed.decimals)
        ends = [end for end in (needed.low, needed.high) if end is not None]
        for value in [*([needed.middle] if needed.middle is not None else []), *sorted(ends, key=lambda end: abs(end - printed.value))]:
            down = Fraction(floor(value / step)) * step
            values += [down, down + step] if value - down < step / 2 else [down + step, down]
        return [printed.reading(value) for value in dict.fromkeys(values)]


def _possible(other: Figure, printed: Figure) -> bool:
    """Whether a figure may be what was meant: another number, of the same sign unless that is the slip, and no more than 100 where it is in percent and printed as such."""
    if other.value == printed.value or (other.value < 0 <= printed.value and other.value != -printed.value):
        return False
    return printed.unit != "%" or other.value <= 100 or printed.value > 100
