"""Exact ranges of numbers, with open and closed ends. What stands in print is one number out of a range; all checks of printed tables calculate with these."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from esg_kpis.exact import decimals_of, printed

ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Interval:
    """All numbers from `low` to `high`; an end that is None has no limit; `low_in` and `high_in` say whether the ends belong to it."""

    low: Fraction | None
    high: Fraction | None
    low_in: bool = True
    high_in: bool = True

    def __add__(self, other: "Interval") -> "Interval":
        low = None if self.low is None or other.low is None else self.low + other.low
        high = None if self.high is None or other.high is None else self.high + other.high
        return Interval(low, high, self.low_in and other.low_in, self.high_in and other.high_in)

    def __neg__(self) -> "Interval":
        return Interval(None if self.high is None else -self.high, None if self.low is None else -self.low, self.high_in, self.low_in)

    def __sub__(self, other: "Interval") -> "Interval":
        return self + -other

    def times(self, factor: Fraction) -> "Interval":
        """Each number of it times a factor."""
        if factor < 0:
            return (-self).times(-factor)
        return Interval(None if self.low is None else self.low * factor, None if self.high is None else self.high * factor, self.low_in, self.high_in)

    def __mul__(self, other: "Interval") -> "Interval":
        if self.low is None or self.high is None or other.low is None or other.high is None:
            return EVERYTHING
        ends = [
            (a * b, (a_in and b_in) or (a == 0 and a_in) or (b == 0 and b_in))
            for a, a_in in ((self.low, self.low_in), (self.high, self.high_in))
            for b, b_in in ((other.low, other.low_in), (other.high, other.high_in))
        ]
        low, high = min(value for value, _ in ends), max(value for value, _ in ends)
        return Interval(low, high, any(inside for value, inside in ends if value == low), any(inside for value, inside in ends if value == high))

    def __truediv__(self, other: "Interval") -> "Interval":
        """Quotients. A divisor that may be zero says nothing, unless it is zero at one end only and both are positive."""
        if other.low is None or other.high is None or other.low < 0:
            return -(self / -other) if other.high is not None and other.high < 0 else EVERYTHING
        if other.high == 0:
            return EVERYTHING
        if other.low == 0:
            return Interval(self.low / other.high, None, self.low_in and other.high_in) if self.low is not None and self.low >= 0 else EVERYTHING
        return self * Interval(1 / other.high, 1 / other.low, other.high_in, other.low_in)

    def __and__(self, other: "Interval") -> "Interval | None":
        """What is in both, or None where nothing is."""
        low, low_in = _inner(self.low, self.low_in, other.low, other.low_in, largest=True)
        high, high_in = _inner(self.high, self.high_in, other.high, other.high_in, largest=False)
        if low is not None and high is not None and (low > high or (low == high and not (low_in and high_in))):
            return None
        return Interval(low, high, low_in, high_in)

    def may_equal(self, other: "Interval") -> bool:
        """Whether one number may be in both."""
        return (self & other) is not None

    def may_be_at_most(self, other: "Interval") -> bool:
        """Whether a number of it may be at most one of the other."""
        return (self & Interval(None, other.high, high_in=other.high_in)) is not None

    def holds(self, value: Fraction) -> bool:
        """Whether a number is in it."""
        return self.may_equal(point(value))

    def gap(self, other: "Interval") -> Fraction:
        """How far apart the two are: above zero where it lies above the other, below zero where below; zero where they meet or touch."""
        if self.low is not None and other.high is not None and self.low > other.high:
            return self.low - other.high
        if self.high is not None and other.low is not None and self.high < other.low:
            return self.high - other.low
        return ZERO

    def whole_numbers(self) -> range:
        """The whole numbers in it; of a range without limits none are listed."""
        if self.low is None or self.high is None:
            return range(0)
        first = ceil(self.low) if self.low_in or self.low.denominator > 1 else int(self.low) + 1
        last = floor(self.high) if self.high_in or self.high.denominator > 1 else int(self.high) - 1
        return range(first, last + 1)

    @property
    def middle(self) -> Fraction | None:
        """The number in the middle."""
        return None if self.low is None or self.high is None else (self.low + self.high) / 2

    def text(self, decimals: int) -> str:
        """As a person writes it: `from 683,906.935 to below 683,906.945`."""
        if self.low is not None and self.low == self.high:
            return shown(self.low, decimals)
        low = "" if self.low is None else f"{'from' if self.low_in else 'above'} {shown(self.low, decimals)}"
        high = "" if self.high is None else f"{'to' if self.high_in else 'to below'} {shown(self.high, decimals)}"
        return " ".join(part for part in (low, high.removeprefix("to ") if not low and not self.high_in else high) if part) or "any number"


EVERYTHING = Interval(None, None)


def point(value: Fraction) -> Interval:
    """One number."""
    return Interval(value, value)


def _inner(a: Fraction | None, a_in: bool, b: Fraction | None, b_in: bool, *, largest: bool) -> tuple[Fraction | None, bool]:
    if a is None or b is None:
        return (b, b_in) if a is None else (a, a_in)
    if a == b:
        return a, a_in and b_in
    return (a, a_in) if (a > b) == largest else (b, b_in)


def shown(value: Fraction, decimals: int) -> str:
    """A number for a person: thousands separators; all its decimals if they are few, else `decimals` and three more, rounded half-up."""
    own = decimals_of(value)
    text = printed(value, own if own is not None and own <= decimals + 3 else decimals + 3)
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    whole, mark, rest = digits.partition(".")
    return f"{sign}{int(whole):,}{mark}{rest}"
