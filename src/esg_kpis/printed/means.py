"""Weighted means, shares of a whole, and rates of small groups, with people and things in whole numbers."""

from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor

from esg_kpis.printed.figures import Cell
from esg_kpis.printed.intervals import EVERYTHING, Interval, point, shown
from esg_kpis.printed.relations import Judgement, Prints, judged

Product = tuple[Cell, ...]
"""Cells to be multiplied, such as the share of a level and the share of women in it."""


@dataclass(frozen=True)
class Amount:
    """Products of cells added up, times a factor: the size of a group."""

    products: tuple[Product, ...]
    factor: Fraction = Fraction(1)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells it is made of."""
        return tuple(dict.fromkeys(cell for product in self.products for cell in product))

    def value(self, prints: Prints) -> Fraction:
        """As printed."""
        total = Fraction(0)
        for product in self.products:
            value = self.factor
            for cell in product:
                value *= prints[cell].value
            total += value
        return total

    def interval(self, prints: Prints) -> Interval:
        """What it may be."""
        total = point(Fraction(0))
        for product in self.products:
            each = point(self.factor)
            for cell in product:
                each = each * prints[cell].interval
            total = total + each
        return Interval(max(total.low or Fraction(0), Fraction(0)), total.high, total.low_in, total.high_in)

    def text(self, prints: Prints) -> str:
        """As written out."""
        return " + ".join(" x ".join(prints[cell].text for cell in product) or "1" for product in self.products)


@dataclass(frozen=True)
class Part:
    """A category of a mean: its printed value and its weight."""

    cell: Cell
    weight: Amount


@dataclass(frozen=True)
class Mean:
    """The headline is the mean of its categories, weighted by their sizes. With `heads`, `per` of which make the headline of one, some whole number of them makes both."""

    headline: Cell
    parts: tuple[Part, ...]
    heads: Amount | None = None
    per: Fraction = Fraction(100)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The headline, the categories, then what weighs them."""
        weights = (cell for part in self.parts for cell in part.weight.cells)
        return tuple(dict.fromkeys((self.headline, *(part.cell for part in self.parts), *weights, *(self.heads.cells if self.heads else ()))))

    def judge(self, prints: Prints) -> Judgement:
        """Whether the weighted mean may print as the headline."""
        headline = prints[self.headline]
        weights = [part.weight.value(prints) for part in self.parts]
        if not sum(weights):
            return Judgement("not_checked", "the weights are all printed as zero", headline.text)
        value = sum((weight * prints[part.cell].value for weight, part in zip(weights, self.parts, strict=True)), Fraction(0)) / sum(weights)
        left = self._range(prints)
        terms = " + ".join(
            f"{prints[part.cell].text} x {f'({part.weight.text(prints)})' if len(part.weight.products) > 1 else part.weight.text(prints)}" for part in self.parts
        )
        observed = f"mean of {terms} over the sum of the weights = {shown(value, headline.decimals)}"
        found = judged(observed, left, headline.text, headline.interval, values=(value, headline.value), decimals=headline.decimals)
        if found.failed or self.heads is None:
            return found
        both, heads = left & headline.interval, self.heads.interval(prints)
        if both is None or heads.low is None or heads.low != heads.high:
            return found
        if (both * heads).times(1 / self.per).whole_numbers():
            return found
        most, least = (side * heads.times(1 / self.per) for side in (left, headline.interval))
        return Judgement(
            "cannot_be_rounding", f"{observed}: {most.text(1)} of {shown(heads.low, 0)}", f"{headline.text}: {least.text(1)} of {shown(heads.low, 0)}", Fraction(0), value - headline.value, headline.decimals,
            "No whole number lies in both.",
        )  # fmt: skip

    def needed(self, cell: Cell, prints: Prints) -> Interval | None:
        """The headline, or the category that would give it; what a weight would have to be is left open."""
        if cell == self.headline:
            return self._range(prints)
        headline = prints[self.headline].interval
        for part in self.parts:
            if part.cell == cell:
                others = point(Fraction(0))
                for other in self.parts:
                    if other.cell != cell:
                        others = others + other.weight.interval(prints) * (headline - prints[other.cell].interval)
                return headline + others / part.weight.interval(prints)
        return EVERYTHING

    def _range(self, prints: Prints) -> Interval:
        """The least and the most the mean may be: each weight at one end of its range, by the side of the mean on which its category lies."""
        rates = [(prints[part.cell].interval, part.weight.interval(prints)) for part in self.parts]
        ends = []
        for top in (False, True):
            pairs = _sorted(rates, top=top)
            best: Fraction | None = None
            for cut in range(len(pairs) + 1):
                chosen = [(value, (w.low if (number < cut) == top else w.high) or Fraction(0)) for number, (value, w) in enumerate(pairs)]
                total = sum((w for _, w in chosen), Fraction(0))
                if total:
                    mean = sum((value * w for value, w in chosen), Fraction(0)) / total
                    best = mean if best is None or (mean > best) == top else best
            ends.append(best if best is not None else Fraction(0))
        strict = all(rate.low_in for rate, _ in rates), all(rate.high_in for rate, _ in rates)
        return Interval(ends[0], ends[1], *strict)


def _sorted(rates: list[tuple[Interval, Interval]], *, top: bool) -> list[tuple[Fraction, Interval]]:
    return sorted((((rate.high if top else rate.low) or Fraction(0), weight) for rate, weight in rates), key=lambda pair: pair[0])


@dataclass(frozen=True)
class Between:
    """The headline lies between the least and the most of its categories."""

    headline: Cell
    parts: tuple[Cell, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The headline, then the categories."""
        return (self.headline, *self.parts)

    def judge(self, prints: Prints) -> Judgement:
        """Whether it may lie there."""
        headline = prints[self.headline]
        values = [prints[cell].value for cell in self.parts]
        nearest = min(max(headline.value, min(values)), max(values))
        texts = ", ".join(prints[cell].text for cell in self.parts)
        return judged(headline.text, headline.interval, f"between the least and the most of {texts}", self._range(prints), values=(headline.value, nearest), decimals=headline.decimals)

    def needed(self, cell: Cell, prints: Prints) -> Interval | None:
        """The range; or for a category the side on which it is missed."""
        if cell == self.headline:
            return self._range(prints)
        headline = prints[self.headline].interval
        others = Between(self.headline, tuple(part for part in self.parts if part != cell))
        if not others.parts:
            return EVERYTHING
        spread = others._range(prints)
        if headline.may_equal(spread):
            return EVERYTHING
        return Interval(headline.low, None, headline.low_in) if headline.gap(spread) > 0 else Interval(None, headline.high, high_in=headline.high_in)

    def _range(self, prints: Prints) -> Interval:
        lowest = min((prints[cell].interval for cell in self.parts), key=lambda each: each.low or Fraction(0))
        highest = max((prints[cell].interval for cell in self.parts), key=lambda each: each.high or Fraction(0))
        return Interval(lowest.low, highest.high, lowest.low_in, highest.high_in)


@dataclass(frozen=True)
class Shares:
    """Shares that add up to 100 %; where the whole is a count, each is a whole number of it, and these add up to it."""

    parts: tuple[Cell, ...]
    whole: Amount | None = None
    target: Fraction = Fraction(100)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The shares, then what the whole is made of."""
        return tuple(dict.fromkeys((*self.parts, *(self.whole.cells if self.whole else ()))))

    def judge(self, prints: Prints) -> Judgement:
        """Whether they may add up."""
        total = point(Fraction(0))
        for cell in self.parts:
            total = total + prints[cell].interval
        value = sum((prints[cell].value for cell in self.parts), Fraction(0))
        decimals = max(prints[cell].decimals for cell in self.parts)
        texts = [prints[cell].text for cell in self.parts]
        observed = f"{' + '.join(texts if len(texts) <= 12 else [*texts[:4], '…', texts[-1]])} = {shown(value, decimals)}"
        found = judged(observed, total, shown(self.target, 0), point(self.target), values=(value, self.target), decimals=decimals)
        if found.failed or self.whole is None:
            return found
        sizes = self.whole.interval(prints).whole_numbers()
        if not sizes or len(sizes) > MANY or any(self._adds_up(prints, size) for size in sizes):
            return found
        heads = f"{sizes[0]:,}" if len(sizes) == 1 else f"{sizes[0]:,} to {sizes[-1]:,}"
        return Judgement("cannot_be_rounding", observed, f"whole numbers that are these shares of {heads} and add up to it", Fraction(0), value - self.target, decimals, self._missing(prints, sizes))

    def needed(self, cell: Cell, prints: Prints) -> Interval | None:
        """What is left of 100."""
        if cell not in self.parts:
            return EVERYTHING
        rest = point(self.target)
        for other in self.parts:
            rest = rest - prints[other].interval if other != cell else rest
        return rest

    def _adds_up(self, prints: Prints, size: int) -> bool:
        ranges = [prints[cell].interval.times(Fraction(size) / self.target).whole_numbers() for cell in self.parts]
        return all(ranges) and sum(each[0] for each in ranges) <= size <= sum(each[-1] for each in ranges)

    def _missing(self, prints: Prints, sizes: range) -> str:
        odd = [prints[cell].text for cell in self.parts if not any(prints[cell].interval.times(Fraction(size) / self.target).whole_numbers() for size in sizes)]
        return f"No whole number is {' or '.join(odd)} of it." if odd else "Each can be had, not all together."


MANY = 20_000
"""Sizes of a group beyond which any share of it can be had."""


@dataclass(frozen=True)
class Whole:
    """A rate of a group, `per` of which make 1, whose numerator and group are both whole numbers."""

    rate: Cell
    group: Amount
    per: Fraction = Fraction(100)
    _known: dict[tuple[Fraction, Fraction], bool] = field(default_factory=dict, compare=False, repr=False)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The rate, then what the group is made of."""
        return tuple(dict.fromkeys((self.rate, *self.group.cells)))

    def judge(self, prints: Prints) -> Judgement:
        """Whether some whole number over some size of the group prints so."""
        rate, sizes = prints[self.rate], self.group.interval(prints).whole_numbers()
        if not sizes:
            return Judgement("not_checked", f"{self.group.text(prints)} is no whole number", "")
        texts = f"{sizes[0]:,}" if len(sizes) == 1 else f"{sizes[0]:,} to {sizes[-1]:,}"
        observed = f"{rate.text} of a group of {texts}"
        if len(sizes) > MANY or (sizes[-1] and any(rate.interval.times(Fraction(size) / self.per).whole_numbers() for size in reversed(sizes))):
            return Judgement("holds", observed, "a whole number of them", decimals=rate.decimals)
        near = self._nearest(rate.value, sizes)
        ways = " and ".join(f"{top:,} / {size:,} = {shown(Fraction(top, size) * self.per, rate.decimals)}" for top, size in near)
        gap = min((abs(Fraction(top, size) * self.per - rate.value) for top, size in near), default=Fraction(0))
        return Judgement("cannot_be_rounding", observed, f"a whole number of them; the nearest are {ways}", max(gap - Fraction(1, 2 * 10**rate.decimals), Fraction(0)), gap, rate.decimals)

    def needed(self, cell: Cell, prints: Prints) -> Interval | None:
        """Anything: which rates can be had is tried."""
        return EVERYTHING

    def hints(self, prints: Prints) -> list[Fraction]:
        """The nearest rates that can be had, below and above."""
        sizes = self.group.interval(prints).whole_numbers()
        return [Fraction(top, size) * self.per for top, size in self._nearest(prints[self.rate].value, sizes)] if sizes and len(sizes) <= MANY else []

    def _nearest(self, value: Fraction, sizes: range) -> list[tuple[int, int]]:
        below, above = [], []
        for size in sizes:
            if size > 0:
                below.append((floor(value * size / self.per), size))
                above.append((ceil(value * size / self.per), size))
        if not below:
            return []
        return [max(below, key=lambda pair: Fraction(*pair)), min(above, key=lambda pair: Fraction(*pair))]
