"""Consistent tables never raise, at whatever decimals they are printed; a figure moved by more than rounding allows always does."""

from fractions import Fraction
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from esg_kpis.exact import printed
from esg_kpis.printed.locate import MOST_SUSPECTS
from tests.printed_scenario import checked

COUNTS = st.lists(st.integers(0, 4000), min_size=2, max_size=5).filter(all)
DECIMALS = st.integers(0, 4)
EASY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


@EASY
@given(st.lists(st.fractions(0, 10_000, max_denominator=997), min_size=2, max_size=6), st.data())
def test_parts_printed_at_any_decimals_add_up(parts: list[Fraction], data: st.DataObject) -> None:
    rows = [f"p{number} 2023: {printed(part, data.draw(DECIMALS))} t" for number, part in enumerate(parts)]
    entries = {"parts": [{"whole": "w", "parts": [f"p{number}" for number in range(len(parts))]}]}

    assert found(checked(f"w 2023: {printed(sum(parts), data.draw(DECIMALS))} t", *rows, checks=entries)) == []


@EASY
@given(COUNTS, st.data())
def test_a_table_of_people_never_raises(counts: list[int], data: st.DataObject) -> None:
    """Heads by group, leavers, rates, shares and a mean of them, each printed at decimals of its own."""
    heads, left = sum(counts), [data.draw(st.integers(0, count)) for count in counts]
    names = [f"g{number}" for number in range(len(counts))]
    shares, rates = data.draw(DECIMALS), data.draw(DECIMALS)
    rows = [f"n 2023: {heads} person", f"rate 2023: {printed(Fraction(100 * sum(left), heads), rates)} %"]
    rows += [f"share 2023 group/{name}: {printed(Fraction(100 * count, heads), shares)} %" for name, count in zip(names, counts, strict=True)]
    rows += [f"rate 2023 group/{name}: {printed(Fraction(100 * gone, count), rates)} %" for name, count, gone in zip(names, counts, left, strict=True)]
    checks: dict[str, Any] = {
        "weights": [{"rate": "rate", "breakdown": "group", "weights": {name: [f"share/group/{name} x n"] for name in names}, "heads": "n"}],
        "shares": [{"parts": [f"share/group/{name}" for name in names], "of": "n"}],
        "whole": [*({"rate": f"rate/group/{name}", "group": [f"share/group/{name} x n"]} for name in names), {"rate": "rate", "group": ["n"]}],
    }  # fmt: skip

    assert found(checked(*rows, checks=checks)) == []


@EASY
@given(st.fractions(1, 100_000, max_denominator=97), st.lists(st.fractions(1, 1000, max_denominator=97), min_size=2, max_size=4), st.data())
def test_quotients_over_a_denominator_that_is_printed_or_not_never_raise(bottom: Fraction, tops: list[Fraction], data: st.DataObject) -> None:
    rows = [f"b 2023: {printed(bottom, data.draw(DECIMALS))} MWh"]
    for number, top in enumerate(tops):
        rows += [f"t{number} 2023: {printed(top, data.draw(DECIMALS))} t", f"r{number} 2023: {printed(top / bottom, data.draw(DECIMALS))} t/MWh"]
    checks: dict[str, Any] = {
        "ratio": [{"result": f"r{number}", "numerator": [f"t{number}"], "denominator": ["b"]} for number in range(len(tops))],
        "same_denominator": [{"name": "energy", "unit": "MWh", "quotients": [{"result": f"r{number}", "numerator": [f"t{number}"]} for number in range(len(tops))]}],
    }

    assert found(checked(*rows, checks=checks)) == []


@EASY
@given(st.lists(st.integers(0, 10_000_000), min_size=2, max_size=6), st.integers(0, 3), st.data())
def test_a_figure_moved_by_more_than_rounding_always_raises(units: list[int], decimals: int, data: st.DataObject) -> None:
    """Parts and their whole may be off by half a unit each; a figure moved by one unit more than all that is found, and the figure is suspected, with its true print."""
    step = Fraction(1, 10**decimals)
    values = [*units, sum(units)]
    place = data.draw(st.integers(0, len(values) - 1))
    moved = data.draw(st.integers(len(values) // 2 + 1, 10_000))
    shifted = [value + (moved if number == place else 0) for number, value in enumerate(values)]
    names = [*(f"p{number}" for number in range(len(units))), "w"]
    frame = checked(*(f"{name} 2023: {printed(value * step, decimals)} t" for name, value in zip(names, shifted, strict=True)), checks={"parts": [{"whole": "w", "parts": names[:-1]}]})

    assert frame["verdict"].to_list() == ["cannot_be_rounding"]
    assert len(names) > MOST_SUSPECTS or f"{names[place]} 2023: " in frame["suspects"].item()


@EASY
@given(st.integers(1, 400), st.data())
def test_whole_numbers_are_what_a_search_finds(size: int, data: st.DataObject) -> None:
    decimals = data.draw(st.integers(0, 2))
    text = printed(Fraction(data.draw(st.integers(0, 10_000)), 100), decimals)
    possible = any(printed(Fraction(100 * top, size), decimals) == text for top in range(size + 1))

    frame = checked(f"r 2023: {text} %", f"n 2023: {size} person", checks={"whole": [{"rate": "r", "group": ["n"]}]})

    assert frame["verdict"].to_list() == (["holds"] if possible else ["cannot_be_rounding"])


def found(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return frame.filter(pl.col("verdict") == "cannot_be_rounding").to_dicts()
