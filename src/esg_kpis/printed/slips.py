"""Usual slips of print: what a figure may have been before somebody mistyped, misread or converted it."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from esg_kpis.exact import printed
from esg_kpis.printed.figures import Figure
from esg_kpis.printed.intervals import Interval, shown

POWERS = (
    (Fraction(1, 10), "ten times too large (a decimal point slipped)"),
    (Fraction(10), "ten times too small (a decimal point slipped)"),
    (Fraction(1, 100), "a hundred times too large (percent for one)"),
    (Fraction(100), "a hundred times too small (one for percent)"),
    (Fraction(1, 1000), "a thousand times too large (kg for t, kWh for MWh)"),
    (Fraction(1000), "a thousand times too small (t for kg, MWh for kWh)"),
    (Fraction(1, 10000), "ten thousand times too large (units for 万, wan)"),
    (Fraction(10000), "ten thousand times too small (万, wan, for units)"),
)
ONE_DIGIT = "one digit changed"
SIGN = "the sign"
TRUNCATED = "cut off instead of rounded"


def slips(figure: Figure, needed: Interval) -> Iterator[tuple[str, Figure]]:
    """The usual slips that lead from a figure which fits `needed` to the one that is printed, likeliest first: name, and the figure as it should have been printed."""
    sign = -1 if figure.value < 0 else 1
    digits = printed(abs(figure.value), figure.decimals)
    for name, value in _swapped(digits):
        yield from _if_fitting(name, figure.reading(value * sign), needed)
    for times, name in POWERS if figure.value else ():
        found = list(_if_fitting(name, _scaled(figure, times), needed))
        if not found and times < 1 and (figure.value * times * 10**figure.decimals).denominator == 1:
            found = list(_if_fitting(name, figure.reading(figure.value * times), needed))  # Rounded before it slipped: 1.166 as 1.17, printed 11.70.
        yield from found
    if figure.value:
        yield from _if_fitting(SIGN, figure.reading(-figure.value), needed)
    for value in _changed(digits):
        yield from _if_fitting(ONE_DIGIT, figure.reading(value * sign), needed)
    if not figure.whole:
        # Cut off, the true number lies up to a whole unit of the last digit above the print, where rounding would have given the next one.
        yield from _if_fitting(TRUNCATED, figure.reading(figure.value + sign * Fraction(1, 10**figure.decimals)), needed)


def _if_fitting(name: str, other: Figure, needed: Interval) -> Iterator[tuple[str, Figure]]:
    if other.interval.may_equal(needed):
        yield name, other


def _swapped(digits: str) -> Iterator[tuple[str, Fraction]]:
    places = [place for place, sign in enumerate(digits) if sign != "."]
    for first, second in pairwise(places):
        if digits[first] != digits[second]:
            swapped = list(digits)
            swapped[first], swapped[second] = digits[second], digits[first]
            yield f"adjacent digits {digits[first]} and {digits[second]} transposed", Fraction("".join(swapped))


def _changed(digits: str) -> Iterator[Fraction]:
    for place, sign in enumerate(digits):
        if sign != ".":
            for other in "0123456789":
                if other != sign:
                    yield Fraction(digits[:place] + other + digits[place + 1 :])


def _scaled(figure: Figure, times: Fraction) -> Figure:
    """The figure in another power of ten. Its printed digits are those it has: its range scales with it."""
    value = figure.value * times
    half = times * Fraction(1, 2 * 10**figure.decimals) if not figure.whole or times > 1 else None
    places = next(places for places in range(figure.decimals, figure.decimals + 5) if (value * 10**places).denominator == 1)
    return replace(figure.reading(value), value=value, text=shown(value, places), half=half)
