"""Parts and wholes: what adds up, what is part of something, what is said twice."""

from dataclasses import dataclass
from fractions import Fraction

from esg_kpis.printed.figures import Cell
from esg_kpis.printed.intervals import Interval, point, shown
from esg_kpis.printed.relations import Judgement, Prints, judged


@dataclass(frozen=True)
class Term:
    """A cell and what one of its unit is in the unit of the sum."""

    cell: Cell
    times: Fraction = Fraction(1)


@dataclass(frozen=True)
class Sum:
    """Terms on the left that add up to those on the right, or, with `at_most`, to no more."""

    left: tuple[Term, ...]
    right: tuple[Term, ...]
    at_most: bool = False

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The whole, then the parts."""
        return tuple(dict.fromkeys(term.cell for term in (*self.right, *self.left)))

    def judge(self, prints: Prints) -> Judgement:
        """Whether the sides may be equal."""
        decimals = max(prints[cell].decimals for cell in self.cells)
        values = value_of(self.left, prints), value_of(self.right, prints)
        left = f"{arithmetic(self.left, prints)} = {shown(values[0], decimals)}" if _calculated(self.left) else arithmetic(self.left, prints)
        right = f"{arithmetic(self.right, prints)} = {shown(values[1], decimals)}" if _calculated(self.right) else arithmetic(self.right, prints)
        return judged(left, range_of(self.left, prints), right, range_of(self.right, prints), values=values, decimals=decimals, at_most=self.at_most)

    def needed(self, cell: Cell, prints: Prints) -> Interval | None:
        """The other side less the other terms."""
        for own, other in ((self.left, self.right), (self.right, self.left)):
            times = sum((term.times for term in own if term.cell == cell), Fraction(0))
            if times:
                rest = range_of(other, prints) - range_of(tuple(term for term in own if term.cell != cell), prints)
                if self.at_most:
                    rest = Interval(None, rest.high, high_in=rest.high_in) if own is self.left else Interval(rest.low, None, rest.low_in)
                return rest.times(1 / times)
        return None


@dataclass(frozen=True)
class Alike:
    """More than two cells that state one fact: one number must fit all of them."""

    terms: tuple[Term, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells."""
        return tuple(term.cell for term in self.terms)

    def judge(self, prints: Prints) -> Judgement:
        """Whether some number prints as each."""
        first, *rest = sorted(self.terms, key=lambda term: prints[term.cell].decimals)
        common: Interval | None = range_of((first,), prints)
        for term in rest:
            common = common & range_of((term,), prints) if common is not None else None
        decimals = prints[rest[-1].cell].decimals
        values = value_of((first,), prints), value_of((rest[-1],), prints)
        texts = ", ".join(arithmetic((term,), prints) for term in self.terms)
        if common is None:
            gaps = [range_of((a,), prints).gap(range_of((b,), prints)) for a in self.terms for b in self.terms]
            return Judgement("cannot_be_rounding", texts, "one number that prints as all of them", max(gaps), values[0] - values[1], decimals)
        return Judgement("holds" if values[0] == values[1] else "rounding", texts, f"one number: {common.text(decimals)}", decimals=decimals)

    def needed(self, cell: Cell, prints: Prints) -> Interval | None:
        """What fits all others."""
        common: Interval | None = Interval(None, None)
        for term in self.terms:
            if term.cell != cell:
                common = common & range_of((term,), prints) if common is not None else None
        times = next(term.times for term in self.terms if term.cell == cell)
        return None if common is None else common.times(1 / times)


def value_of(terms: tuple[Term, ...], prints: Prints) -> Fraction:
    """What terms add up to, as printed."""
    return sum((prints[term.cell].value * term.times for term in terms), Fraction(0))


def range_of(terms: tuple[Term, ...], prints: Prints) -> Interval:
    """What terms may add up to."""
    total = point(Fraction(0))
    for term in terms:
        total = total + prints[term.cell].interval.times(term.times)
    return total


def arithmetic(terms: tuple[Term, ...], prints: Prints) -> str:
    """Terms written out; long sums in the middle left out."""
    texts = []
    for number, term in enumerate(terms):
        text = prints[term.cell].text
        scaled = text if abs(term.times) == 1 else f"{text} x {shown(abs(term.times), 6)}"
        sign = "- " if term.times < 0 else "+ " if number else ""
        texts.append(sign + scaled)
    return " ".join(texts) if len(texts) <= 12 else f"{' '.join(texts[:4])} … {texts[-1]} ({len(texts)} parts)"


def _calculated(terms: tuple[Term, ...]) -> bool:
    return len(terms) > 1 or terms[0].times != 1
