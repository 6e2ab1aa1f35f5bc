"""Numbers for people and for pictures: exact until they are printed."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction

from esg_kpis.exact import decimals_of, plain, printed, rounded
from esg_kpis.report.kpi_table import with_thousands

Number = Fraction | Decimal | int

MARK = "\x01"
"""Stands before a number in a specification, which is JSON: there it loses its quotation marks, so that no decimal becomes a binary number before the picture is drawn."""


def drawn(value: Number) -> str:
    """A number as a specification holds it, with 12 decimals at most."""
    return MARK + plain(rounded(Fraction(value), 12))


def shown(value: Number, decimals: int) -> str:
    """A number as a report prints it, with separators of thousands."""
    return with_thousands(printed(Fraction(value), decimals))


def told(value: Number, decimals: int) -> str:
    """The same beside a picture that shows something: what is there and rounds to nothing is said to be less than the last decimal."""
    least = Fraction(1, 10**decimals)
    return f"< {shown(least, decimals)}" if 0 < value < least / 2 else shown(value, decimals)


def percent(part: Fraction, whole: Fraction) -> str:
    """A part of a whole in percent with one decimal. What is less than the whole is never said to be all of it, nor what is there to be nothing."""
    share = part / whole * 100
    if 0 < share < Fraction(5, 100):
        return "< 0.1 %"
    return "> 99.9 %" if Fraction(9995, 100) <= share < 100 else f"{signed(shown(share, 1))} %"


def signed(text: str) -> str:
    """A printed number as a picture shows it: with a true minus."""
    return text.replace("-", "−", 1) if text.startswith("-") else text


def ticks_of(values: Iterable[Number], count: int = 4) -> list[Fraction]:
    """The ticks of an axis that holds some values and zero, about `count` steps of 1, 2 or 5 times a power of ten; the axis ends at the outer ones."""
    found = [Fraction(0), *(Fraction(value) for value in values)]
    low, high = min(found), max(found)
    raw = (high - low or Fraction(1)) / count
    power = Fraction(1)
    while power * 10 <= raw:
        power *= 10
    while power > raw:
        power /= 10
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= raw)
    last = max(-(-high // step), -(-low // step) + 1, 0)
    return [step * place for place in range(int(low // step), int(last) + 1)]


def tick_decimals(ticks: Sequence[Fraction]) -> int:
    """How many decimals the labels of some ticks need."""
    return max(decimals_of(tick) or 0 for tick in ticks)


def tick_labels(ticks: Sequence[Fraction]) -> list[str]:
    """Ticks as an axis labels them."""
    places = tick_decimals(ticks)
    return [signed(shown(tick, places)) for tick in ticks]
