"""Intensities, rates and shares of printed figures: numerator over denominator, implied factors, denominators that are printed nowhere."""

from dataclasses import dataclass
from fractions import Fraction

from esg_kpis.printed.figures import Cell
from esg_kpis.printed.intervals import EVERYTHING, Interval, shown
from esg_kpis.printed.relations import Judgement, Prints, judged
from esg_kpis.printed.sums import Term, arithmetic, range_of, value_of


@dataclass(frozen=True)
class Quotient:
    """A printed result that is `factor` times top over bottom. `less` is taken off at the end: 100 of a change in percent."""

    result: Cell
    top: tuple[Term, ...]
    bottom: tuple[Term, ...]
    factor: Fraction = Fraction(1)
    less: Fraction = Fraction(0)
    note: str = ""

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The result, then what it is made of."""
        return tuple(dict.fromkeys((self.result, *(term.cell for term in (*self.top, *self.bottom)))))

    def judge(self, prints: Prints) -> Judgement:
        """Whether the quotient may print as the result."""
        result = prints[self.result]
        bottom = value_of(self.bottom, prints)
        if bottom == 0:
            return Judgement("not_checked", "the denominator is printed as zero", result.text)
        value = value_of(self.top, prints) / bottom * self.factor - self.less
        scale = "" if self.factor == 1 else f" x {shown(self.factor, 3)}"
        text = f"({arithmetic(self.top, prints)})" if len(self.top) > 1 else arithmetic(self.top, prints)
        below = f"({arithmetic(self.bottom, prints)})" if len(self.bottom) > 1 else arithmetic(self.bottom, prints)
        off = f" - {shown(self.less, 0)}" if self.less else ""
        observed = f"{text} / {below}{scale}{off} = {shown(value, result.decimals)}"
        found = judged(observed, self._range(prints), result.text, result.interval, values=(value, result.value), decimals=result.decimals, note=self.note)
        return Judgement(**{**found.__dict__, "verdict": "holds"}) if found.verdict == "rounding" and result.interval.holds(value) else found

    def needed(self, cell: Cell, prints: Prints) -> Interval | None:
        """The quotient, or the top or bottom that would give the result."""
        if cell == self.result:
            return self._range(prints)
        wanted = (prints[self.result].interval + Interval(self.less, self.less)).times(1 / self.factor)
        if any(term.cell == cell for term in self.top) and any(term.cell == cell for term in self.bottom):
            return EVERYTHING
        for own, side in ((self.top, wanted * range_of(self.bottom, prints)), (self.bottom, range_of(self.top, prints) / wanted)):
            times = sum((term.times for term in own if term.cell == cell), Fraction(0))
            if times:
                return (side - range_of(tuple(term for term in own if term.cell != cell), prints)).times(1 / times)
        return None

    def _range(self, prints: Prints) -> Interval:
        return (range_of(self.top, prints) / range_of(self.bottom, prints)).times(self.factor) - Interval(self.less, self.less)


@dataclass(frozen=True)
class Band:
    """`factor` times top over bottom (which may be empty) lies between two numbers that somebody has published."""

    top: tuple[Term, ...]
    bottom: tuple[Term, ...]
    low: Fraction
    high: Fraction
    factor: Fraction
    unit: str
    source: str

    @property
    def cells(self) -> tuple[Cell, ...]:
        """What it is made of."""
        return tuple(dict.fromkeys(term.cell for term in (*self.top, *self.bottom)))

    def judge(self, prints: Prints) -> Judgement:
        """Whether the implied factor may lie in the band."""
        below = value_of(self.bottom, prints) if self.bottom else Fraction(1)
        if below == 0:
            return Judgement("not_checked", "the denominator is printed as zero", "")
        value = value_of(self.top, prints) / below * self.factor
        band = Interval(self.low, self.high)
        scale = "" if self.factor == 1 else f" x {shown(self.factor, 6)}"
        divided = f" / {arithmetic(self.bottom, prints)}" if self.bottom else ""
        observed = f"{arithmetic(self.top, prints)}{divided}{scale} = {shown(value, 3)}"
        inside = min(max(value, self.low), self.high)
        return judged(observed, self._range(prints), f"a factor of {self.unit}".strip(), band, values=(value, inside), decimals=3, note=self.source)

    def needed(self, cell: Cell, prints: Prints) -> Interval | None:
        """The top or bottom that would give a factor in the band."""
        band = Interval(self.low, self.high).times(1 / self.factor)
        sides = ((self.top, band * range_of(self.bottom, prints) if self.bottom else band), (self.bottom, range_of(self.top, prints) / band if self.bottom else EVERYTHING))
        for own, side in sides:
            times = sum((term.times for term in own if term.cell == cell), Fraction(0))
            if times:
                return (side - range_of(tuple(term for term in own if term.cell != cell), prints)).times(1 / times)
        return None

    def _range(self, prints: Prints) -> Interval:
        top = range_of(self.top, prints)
        return (top / range_of(self.bottom, prints) if self.bottom else top).times(self.factor)


@dataclass(frozen=True)
class Implied:
    """A printed quotient whose denominator is printed nowhere: the denominator is `factor` x top / result."""

    result: Cell
    top: tuple[Term, ...]
    factor: Fraction
    at_most: bool = False
    """The top is at most what is printed there, such as a part of it; then so is the denominator."""

    def range_of(self, prints: Prints) -> Interval:
        """What the denominator may be."""
        found = (range_of(self.top, prints) / prints[self.result].interval).times(self.factor)
        return Interval(None, found.high, high_in=found.high_in) if self.at_most else found


@dataclass(frozen=True)
class SameDenominator:
    """Quotients over one denominator that is printed nowhere: some number must fit all of them; a whole one where it is a count. `most` is what it is part of."""

    what: str
    quotients: tuple[Implied, ...]
    whole: bool = False
    most: Cell | None = None

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All results and numerators."""
        own = (cell for item in self.quotients for cell in (item.result, *(term.cell for term in item.top)))
        return tuple(dict.fromkeys((*own, *([self.most] if self.most else []))))

    def judge(self, prints: Prints) -> Judgement:
        """Whether one denominator fits all."""
        ranges = [item.range_of(prints) for item in self.quotients]
        texts = [
            f"{arithmetic(item.top, prints)} / {prints[item.result].text}{'' if item.factor == 1 else f' x {shown(item.factor, 6)}'}: {each.text(0)}"
            for item, each in zip(self.quotients, ranges, strict=True)
        ]
        if self.most:
            ranges.append(Interval(None, prints[self.most].interval.high))
            texts.append(f"at most {prints[self.most].text}")
        common = _common(ranges)
        lowest, highest = max((each.low for each in ranges if each.low is not None), default=Fraction(0)), min((each.high for each in ranges if each.high is not None), default=Fraction(0))
        if common is None or (self.whole and common.high is not None and common.low is not None and not common.whole_numbers()):
            return Judgement("cannot_be_rounding", "; ".join(texts), f"one {self.what} that fits all", max(lowest - highest, Fraction(0)), lowest - highest, 0)
        return Judgement("holds", "; ".join(texts), f"one {self.what} that fits all: {common.text(0)}", decimals=0)

    def needed(self, cell: Cell, prints: Prints) -> Interval | None:
        """The result or numerator that would give a denominator which fits the others."""
        if cell == self.most:
            return EVERYTHING
        others = [item.range_of(prints) for item in self.quotients if cell not in (item.result, *(term.cell for term in item.top))]
        if self.most:
            others.append(Interval(None, prints[self.most].interval.high))
        common = _common(others)
        own = [item for item in self.quotients if cell in (item.result, *(term.cell for term in item.top))]
        if common is None or len(own) != 1:
            return None if common is None else EVERYTHING
        [item] = own
        if cell == item.result:
            return (range_of(item.top, prints) / common).times(item.factor) if not item.at_most else EVERYTHING
        [times] = [term.times for term in item.top if term.cell == cell]
        rest = range_of(tuple(term for term in item.top if term.cell != cell), prints)
        return ((common * prints[item.result].interval).times(1 / item.factor) - rest).times(1 / times) if not item.at_most else EVERYTHING


def _common(ranges: list[Interval]) -> Interval | None:
    common: Interval | None = EVERYTHING
    for each in ranges:
        common = common & each if common is not None else None
    return common
