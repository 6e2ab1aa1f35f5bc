"""Several rates of the same two groups: each pair with its headline says how large the first group is, and all must say the same."""

from dataclasses import dataclass
from fractions import Fraction

from esg_kpis.printed.figures import Cell
from esg_kpis.printed.intervals import EVERYTHING, Interval
from esg_kpis.printed.relations import Judgement, Prints


@dataclass(frozen=True)
class Pair:
    """A headline and its values for two groups that are all there is."""

    headline: Cell
    first: Cell
    second: Cell

    def share(self, prints: Prints) -> Interval:
        """The share of the first group: (headline - second) / (first - second); any number where the two may be equal."""
        headline, first, second = (prints[cell].interval for cell in (self.headline, self.first, self.second))
        return (headline - second) / (first - second)


@dataclass(frozen=True)
class SameGroups:
    """Headlines and values of the same two groups."""

    what: str
    pairs: tuple[Pair, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All of them."""
        return tuple(dict.fromkeys(cell for pair in self.pairs for cell in (pair.headline, pair.first, pair.second)))

    def judge(self, prints: Prints) -> Judgement:
        """Whether one size fits all."""
        shares = [pair.share(prints).times(Fraction(100)) for pair in self.pairs]
        texts = [
            f"{pair.headline.kpi_id} {prints[pair.headline].text} of {prints[pair.first].text} and {prints[pair.second].text}: {each.text(0)} %"
            for pair, each in zip(self.pairs, shares, strict=True)
        ]
        common: Interval | None = Interval(Fraction(0), Fraction(100))
        for each in shares:
            common = common & each if common is not None else None
        if common is not None:
            return Judgement("holds", "; ".join(texts), f"one share of {self.what}: {common.text(0)} %")
        lowest, highest = max(each.low or Fraction(0) for each in shares), min(Fraction(100) if each.high is None else each.high for each in shares)
        return Judgement("cannot_be_rounding", "; ".join(texts), f"one share of {self.what} that fits all", max(lowest - highest, Fraction(0)), lowest - highest, 0)

    def needed(self, cell: Cell, prints: Prints) -> Interval | None:
        """What would give a share that fits the other pairs."""
        common: Interval | None = Interval(Fraction(0), Fraction(1))
        for pair in self.pairs:
            if cell not in (pair.headline, pair.first, pair.second):
                common = common & pair.share(prints) if common is not None else None
        if common is None or common.low is None or common.high is None:
            return None
        for pair in self.pairs:
            headline, first, second = (prints[each].interval for each in (pair.headline, pair.first, pair.second))
            rest = Interval(1 - common.high, 1 - common.low, common.high_in, common.low_in)
            if cell == pair.headline:
                return second + common * (first - second)
            if cell == pair.first:
                return second + (headline - second) / common
            if cell == pair.second:
                return first + (headline - first) / rest
        return EVERYTHING
