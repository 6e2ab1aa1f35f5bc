"""Each rule, met once: by which row, and what it does to the rest."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from esg_kpis.readings.rules import CODE, COUNTS, RULES, Rule
from tests import readings_naive as naive
from tests.readings_naive import Asked, Meter, Row
from tests.readings_scenario import (
    DAY,
    ENGINES,
    HOUR,
    PLAIN,
    WALL,
    columns_of,
    count,
    every_row_has_one_fate,
    folders,
    roll,
    table,
    told,
    whole_month,
)

TYPES = {**{name: PLAIN[name] for name in ("meter", "value", "quality", "received")}, "time": WALL, "value": pa.float64()}
SPRING, AUTUMN = 25 * DAY + 2 * HOUR, 28 * DAY + 2 * HOUR
"""The hours of March and October that the clock of Berlin skips and tells twice, from the first of the month."""
Change = Callable[[Row], dict[str, Any]]
MEETS: dict[str, Change] = {
    "meter_missing": lambda _: {"meter": None},
    "time_missing": lambda _: {"time": None},
    "other_month": lambda row: {"time": (row.time or 0) + 40 * DAY},
    "future": lambda row: {"time": (row.time or 0) + 20 * DAY},
    "off_grid": lambda row: {"time": (row.time or 0) + 1},
    "value_missing": lambda _: {"value": None},
    "number": lambda _: {"value": float("nan")},
    "decimals": lambda _: {"value": 0.125},
    "too_large": lambda _: {"value": 10.01},
    "quality": lambda _: {"quality": "X"},
    "not_known": lambda _: {"received": 100},
    "unknown_meter": lambda _: {"meter": "m9"},
    "not_read_then": lambda row: {"time": (row.time or 0) + 12 * DAY},
    "negative": lambda _: {"value": -1.0},
    "superseded": lambda _: {"received": -1, "value": 7.0},
    "duplicate": lambda _: {},
}  # fmt: skip
"""What is changed in a copy of a row so that it meets the rule, and no other."""


def asked_of(month: str = "2023-03", form: str = "interval") -> Asked:
    said = {"refused": ["X"], "decimals": 2, **({"most": "10"} if form == "interval" else {})}
    asked = Asked(table(form=form, time_zone="Europe/Berlin", clock="local", columns=columns_of(TYPES), **said), month, {})
    start, _ = asked.bounds
    return replace(asked, meters={("m1",): Meter(after=start + 10 * DAY)}, known=100, until=start + 15 * DAY)


def first_wall(asked: Asked) -> int:
    return (naive.EPOCH.replace(year=int(asked.month[:4]), month=int(asked.month[5:])) - naive.EPOCH) // naive.TICK


def some(asked: Asked, count: int = 60) -> list[Row]:
    """The first hours of a month."""
    return [replace(row, time=first_wall(asked) + place * HOUR, value=1.0, received=0) for place, row in enumerate(whole_month(asked)[:count])]


def met(tmp_path: Path, rows: list[Row], asked: Asked) -> dict[str, int]:
    """The rows refused by rule, as every engine and the slow reference say."""
    place = folders(tmp_path / "meters", rows, TYPES)
    interval = asked.table.form == "interval"
    want = told(naive.rolled(rows, asked) if interval else naive.counted(rows, asked))
    for name in ENGINES:
        assert told((roll if interval else count)(name, place, asked)) == want
    every_row_has_one_fate(want, len(rows))
    return {rule: number for (_, rule), number in want.refused.items()}


@pytest.mark.parametrize("rule", MEETS)
def test_a_row_that_meets_one_rule_is_refused_by_it_and_no_other_row_is(tmp_path: Path, rule: str) -> None:
    asked = asked_of()
    rows = some(asked)

    assert met(tmp_path, [*rows, replace(rows[7], **MEETS[rule](rows[7]))], asked) == {rule: 1}


@pytest.mark.parametrize(("rule", "month", "since"), [("time_never", "2023-03", SPRING), ("time_twice", "2023-10", AUTUMN)])
def test_a_time_that_the_clock_skips_or_tells_twice_is_refused(tmp_path: Path, rule: str, month: str, since: int) -> None:
    asked = replace(asked_of(month), until=2**60, meters={("m1",): Meter()})

    assert met(tmp_path, [*some(asked), Row("m1", first_wall(asked) + since, 1.0, received=0, folder=month)], asked) == {rule: 1}


def test_two_that_contradict_each_other_are_both_refused(tmp_path: Path) -> None:
    asked = asked_of()
    rows = some(asked)

    assert met(tmp_path, [*rows, replace(rows[7], value=2.0)], asked) == {"conflict": 2}


@pytest.mark.parametrize(("rule", "value"), [("above_the_next", 900.0), ("below_the_last", 5.0)])
def test_a_reading_that_stands_out_of_its_row_is_refused(tmp_path: Path, rule: str, value: float) -> None:
    asked = asked_of(form="register")
    rows = [replace(row, value=100.0 + place) for place, row in enumerate(some(asked, 9))]

    assert met(tmp_path, [*rows[:4], replace(rows[4], value=value), *rows[5:]], asked) == {rule: 1}


def test_a_reading_that_its_counter_cannot_show_is_refused(tmp_path: Path) -> None:
    asked = asked_of(form="register")
    asked = replace(asked, meters={key: replace(meter, around=100_000) for key, meter in asked.meters.items()})
    rows = [replace(row, value=100.0 + place) for place, row in enumerate(some(asked, 9))]

    assert met(tmp_path, [*rows[:8], replace(rows[8], value=1000.0)], asked) == {"beyond_digits": 1}


def test_every_rule_is_met_here() -> None:
    in_text = {"received"}  # Only text can hold a time that cannot be read: test_readings_text.
    assert {*MEETS, *in_text, "time_never", "time_twice", "conflict", "beyond_digits", "above_the_next", "below_the_last"} == {rule.name for rule in RULES}


ALONE = [name for name in CODE if name in MEETS and name not in ("superseded", "duplicate")]


@pytest.mark.parametrize("place", range(len(ALONE) - 1))
def test_of_two_rules_the_first_in_their_order_is_told(tmp_path: Path, place: int) -> None:
    """Each with the next after it that a row can meet as well."""
    asked = asked_of()
    rows = some(asked)
    one = MEETS[ALONE[place]](rows[7])
    other = next((change for name in ALONE[place + 1 :] if not (change := MEETS[name](rows[7])).keys() & one.keys()), None)
    if other is None:
        pytest.skip("what comes after it is of the same column")

    assert met(tmp_path, [*rows, replace(rows[7], **{**other, **one})], asked) == {ALONE[place]: 1}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_each_rule_says_what_is_wrong_and_what_would_be_right(rule: Rule) -> None:
    assert rule.fate in ("rejected", "excluded")
    assert rule.meaning
    assert rule.right
    assert CODE[rule.name] == RULES.index(rule) + 1
    assert COUNTS[rule.name] == rule.fate
