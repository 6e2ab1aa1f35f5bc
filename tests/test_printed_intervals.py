"""What a print may stand for, and calculating with ranges."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esg_kpis.exact import printed
from esg_kpis.printed.figures import Cell, Figure, figures_of
from esg_kpis.printed.intervals import EVERYTHING, Interval, point
from tests.printed_scenario import table

NUMBERS = st.fractions(min_value=-1000, max_value=1000, max_denominator=997)


def figure(text: str, unit: str = "tonne") -> Figure:
    [found] = figures_of(table(f"k 2023: {text} {unit}")).by_cell.values()
    return found


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("0.13", ["0.125", "0.1349999"], ["0.1249999", "0.135"]),
        ("-0.13", ["-0.125", "-0.1349999"], ["-0.1249999", "-0.135"]),  # ties away from zero
        ("0.00", ["0", "0.0049", "-0.0049"], ["0.005", "-0.005"]),
        ("1,234", ["1233.5", "1234.4"], ["1234.5", "1233.4"]),
        ("12.3%", ["12.25", "12.349"], ["12.35"]),
        ("(5.0)", ["-5", "-4.95"], ["-5.05", "5"]),
    ],
)
def test_a_print_stands_for_the_numbers_that_round_to_it(text: str, inside: list[str], outside: list[str]) -> None:
    interval = figure(text).interval

    assert [interval.holds(Fraction(number)) for number in inside] == [True] * len(inside)
    assert [interval.holds(Fraction(number)) for number in outside] == [False] * len(outside)


@given(NUMBERS, st.integers(0, 4))
def test_every_number_is_in_the_range_of_its_print(value: Fraction, decimals: int) -> None:
    text = printed(value, decimals)

    assert Figure(Cell("", "k", "2023"), text, Fraction(text), decimals, "t").interval.holds(value)


@pytest.mark.parametrize(("text", "unit", "whole"), [("12", "person", True), ("12.0", "person", False), ("12", "supplier", True), ("12", "hour", False), ("12", "tonne", False), ("12", "RMB", False)])
def test_what_is_counted_is_not_rounded(text: str, unit: str, whole: bool) -> None:
    assert figure(text, unit).whole is whole
    assert (figure(text, unit).interval == point(Fraction(12))) is whole


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.fractions(0, 1), st.fractions(0, 1))
def test_results_lie_in_the_range_of_results(a: Fraction, b: Fraction, c: Fraction, d: Fraction, s: Fraction, t: Fraction) -> None:
    left, right = Interval(min(a, b), max(a, b)), Interval(min(c, d), max(c, d))
    x, y = a + s * (b - a), c + t * (d - c)

    assert (left + right).holds(x + y)
    assert (left - right).holds(x - y)
    assert (left * right).holds(x * y)
    assert y == 0 or (left / right).holds(x / y)
    assert left.times(Fraction(-3, 2)).holds(x * Fraction(-3, 2))


def test_ends_count_as_they_are() -> None:
    below, above = Interval(Fraction(0), Fraction(1), high_in=False), Interval(Fraction(1), Fraction(2))

    assert not below.may_equal(above)
    assert below.may_be_at_most(above)
    assert not above.may_be_at_most(below)
    assert below.gap(above) == 0
    assert list(Interval(Fraction(1), Fraction(3), low_in=False, high_in=False).whole_numbers()) == [2]
    assert list(Interval(Fraction(1, 2), Fraction(3)).whole_numbers()) == [1, 2, 3]
    assert (point(Fraction(1)) / Interval(Fraction(-1), Fraction(1))) == EVERYTHING
    assert (point(Fraction(2)) / Interval(Fraction(-2), Fraction(-1))) == Interval(Fraction(-2), Fraction(-1))


def test_what_is_no_number_is_told_and_not_guessed() -> None:
    found = figures_of(table("a 2023: =cmd() tonne", "b 2023: NaN tonne", "c 2023: 1,23 tonne", "d 2023: - tonne", "e 2023: 1e3 tonne"))

    assert [item.cell.kpi_id for item in found.unreadable] == ["a", "b", "c"]
    assert [(cell.kpi_id, item.value) for cell, item in found.by_cell.items()] == [("e", 1000)]
