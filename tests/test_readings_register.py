"""Counters: what they counted between their readings, when they roll over, fall, are exchanged or are misread."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from polars.testing import assert_frame_equal

from esg_kpis.readings import register
from tests import readings_naive as naive
from tests.readings_naive import Asked, Meter, Row
from tests.readings_random import Case, cases
from tests.readings_scenario import (
    DAY,
    ENGINES,
    EVERY_TROUBLE,
    HOUR,
    PLAIN,
    WALL,
    Told,
    columns_of,
    count,
    engine,
    every_row_has_one_fate,
    folders,
    frames,
    table,
    task_of,
    told,
    troubled,
)

READ = {name: PLAIN[name] for name in ("meter", "time", "value", "device", "received")}
M1 = ("m1",)
PLAIN_METER = Meter()
both_engines = pytest.mark.parametrize("name", ENGINES)


def asked_of(meter: Meter = PLAIN_METER, **said: Any) -> Asked:  # noqa: ANN401
    return Asked(table(form="register", columns={"device": "device", "received": "received"}, **said), "2023-02", {M1: meter})


def shown(asked: Asked, *values: float | None, every: int = HOUR, **more: Any) -> list[Row]:  # noqa: ANN401
    """What a counter shows, reading after reading; None where there is no reading."""
    start, _ = asked.bounds
    return [Row("m1", start + place * every, value, folder=asked.month, **more) for place, value in enumerate(values) if value is not None]


def on_each(tmp_path: Path, rows: list[Row], asked: Asked, types: dict[str, pa.DataType] = READ) -> Told:
    """The month on both engines, which say the same as the slow reference."""
    place = folders(tmp_path / "meters", rows, types, parts=2)
    want = told(naive.counted(rows, asked))
    for name in ENGINES:
        assert told(count(name, place, asked)) == want, name
    every_row_has_one_fate(want, len(rows))
    return want


def counter(**said: int) -> dict[str, int]:
    return {name: 0 for name in register.COUNTER if name not in ("device", "segment")} | said


def test_a_counter_counts_from_its_first_reading_to_its_last(tmp_path: Path) -> None:
    asked = asked_of()

    found = on_each(tmp_path, shown(asked, 100, 103, 103, 110), asked)

    assert found == Told({M1: 4}, {}, {(M1, "", 0): counter(used=4, total=10, first_value=100, last_value=110, last_at=3 * HOUR)})


def test_readings_that_lack_are_counted_and_what_was_consumed_then_is_not_lost(tmp_path: Path) -> None:
    asked = asked_of()

    found = on_each(tmp_path, shown(asked, None, 103, None, None, 110, 111), asked)

    assert found.rest[M1, "", 0] == counter(used=3, total=8, missing=2, first_at=HOUR, first_value=103, last_at=5 * HOUR, last_value=111)


@pytest.mark.parametrize(("around", "rolls"), [(1000, True), (None, False), (10_000, False)])
def test_a_counter_that_goes_through_its_highest_number_rolled_over_if_its_digits_say_so(tmp_path: Path, around: int | None, rolls: bool) -> None:
    """From 996 to 4: 8 of a counter of three digits. One of four digits would have counted 9,008 of 10,000, which is no rollover."""
    asked = asked_of(Meter(around=around))

    found = on_each(tmp_path, shown(asked, 994, 996, 4, 6), asked)

    whole = {(M1, "", 0): counter(used=4, total=12, rollovers=1, first_value=994, last_value=6, last_at=3 * HOUR)}
    parts = {(M1, "", 0): counter(used=2, total=2, first_value=994, last_value=996, last_at=HOUR), (M1, "", 1): counter(used=2, total=2, first_at=2 * HOUR, first_value=4, last_value=6, last_at=3 * HOUR)}
    assert found.rest == (whole if rolls else parts)


def test_a_counter_shows_no_more_than_its_digits_hold(tmp_path: Path) -> None:
    asked = asked_of(Meter(around=1000))

    found = on_each(tmp_path, shown(asked, 900, 1000, 12_345, 999), asked)

    assert found.refused == {(M1, "beyond_digits"): 2}
    assert found.rest[M1, "", 0]["total"] == 99


@pytest.mark.parametrize(("fell_to", "rollovers"), [(450, 1), (451, 0)])
def test_a_rollover_is_one_up_to_half_of_what_the_digits_hold(tmp_path: Path, fell_to: int, rollovers: int) -> None:
    asked = asked_of(Meter(around=1000))

    found = on_each(tmp_path, shown(asked, 950, fell_to), asked)

    assert found.rest[M1, "", 0]["rollovers"] == rollovers
    assert found.rest[M1, "", 0]["total"] == 500 * rollovers


def test_a_counter_that_falls_is_not_guessed_at(tmp_path: Path) -> None:
    asked = asked_of()

    found = on_each(tmp_path, shown(asked, 100, 120, 5, 8), asked)

    before, after = counter(used=2, total=20, first_value=100, last_value=120, last_at=HOUR), counter(used=2, total=3, first_at=2 * HOUR, first_value=5, last_value=8, last_at=3 * HOUR)
    assert found.rest == {(M1, "", 0): before, (M1, "", 1): after}


def test_a_counter_that_begins_at_zero_again_counted_from_zero_where_the_format_says_so(tmp_path: Path) -> None:
    asked = asked_of(resets="zero")

    found = on_each(tmp_path, shown(asked, 100, 120, 5, 8, 130), asked)

    assert found.rest == {(M1, "", 0): counter(used=5, total=20 + 5 + 3 + 122, resets=1, first_value=100, last_value=130, last_at=4 * HOUR)}


def test_an_exchanged_device_is_a_counter_of_its_own(tmp_path: Path) -> None:
    asked = asked_of()
    rows = [*shown(asked, 100, 103, device="old"), *(replace(row, device="new", time=(row.time or 0) + 2 * HOUR) for row in shown(asked, 7, 9))]

    found = on_each(tmp_path, rows, asked)

    assert found.rest[M1, "old", 0] == counter(used=2, total=3, first_value=100, last_value=103, last_at=HOUR)
    assert found.rest[M1, "new", 0] == counter(used=2, total=2, first_at=2 * HOUR, first_value=7, last_value=9, last_at=3 * HOUR)


@pytest.mark.parametrize("around", [None, 1000, 100_000])
@pytest.mark.parametrize(("slip", "rule"), [(900, "above_the_next"), (45, "below_the_last")])
def test_one_reading_that_stands_out_is_refused_and_the_rest_goes_on(tmp_path: Path, around: int | None, slip: int, rule: str) -> None:
    """Whether its digits are known or not."""
    asked = asked_of(Meter(around=around))

    found = on_each(tmp_path, shown(asked, 100, 101, slip, 103, 104), asked)

    assert found == Told({M1: 5}, {(M1, rule): 1}, {(M1, "", 0): counter(used=4, total=4, missing=1, first_value=100, last_value=104, last_at=4 * HOUR)})


def test_a_dip_is_neither_a_rollover_nor_a_new_beginning_since_the_next_reading_goes_on_from_before(tmp_path: Path) -> None:
    rolls, zero = asked_of(Meter(around=1000)), asked_of(resets="zero")

    for name, asked in (("rolls", rolls), ("zero", zero)):
        found = on_each(tmp_path / name, shown(asked, 990, 3, 995), asked)

        assert found.refused == {(M1, "below_the_last"): 1}
        assert found.rest[M1, "", 0]["total"] == 5


def test_the_first_and_the_last_reading_of_a_month_are_never_slips_by_the_month_alone(tmp_path: Path) -> None:
    """What stands beside them lies in other months: see `stitched.without_slips`."""
    asked = asked_of()

    found = on_each(tmp_path, shown(asked, 900, 101, 102, 900), asked)

    assert found.refused == {}
    assert [found.rest[M1, "", segment]["total"] for segment in (0, 1)] == [0, 1 + 798]


def test_a_counter_of_both_ways_may_fall_and_stand_below_zero(tmp_path: Path) -> None:
    asked = asked_of(Meter(feeds_back=True))

    found = on_each(tmp_path, shown(asked, 10, -5, 20, 12), asked)

    assert found == Told({M1: 4}, {}, {(M1, "", 0): counter(used=4, total=2, first_value=10, last_value=12, last_at=3 * HOUR)})


def test_a_meter_without_net_metering_never_stands_below_zero(tmp_path: Path) -> None:
    asked = asked_of()

    assert on_each(tmp_path, shown(asked, 10, -5, 20), asked).refused == {(M1, "negative"): 1}


def test_estimated_readings_are_counted_with_what_was_counted_up_to_them(tmp_path: Path) -> None:
    asked = Asked(table(form="register", columns={"quality": "quality"}, estimated=["E"]), "2023-02", {M1: Meter()})
    rows = [replace(row, quality=word) for row, word in zip(shown(asked, 10, 14, 20, 21), ["E", "E", "", None], strict=True)]

    found = on_each(tmp_path, rows, asked, {**{name: PLAIN[name] for name in ("meter", "time", "value")}, "quality": pa.string()})

    assert found.rest[M1, "", 0] == counter(used=4, total=11, estimated=2, estimated_total=4, first_value=10, last_value=21, last_at=3 * HOUR)


def test_readings_of_one_instant_are_one_the_last_known_or_none(tmp_path: Path) -> None:
    asked = replace(asked_of(), known=50)
    first, second, third = shown(asked, 10, 12, 14)
    rows = [
        replace(first, received=1), replace(first, received=2, value=11), replace(first, received=50, value=99),
        second, replace(second, value=13), replace(second, device="other"), third, third, replace(third, received=-5, value=15),
    ]  # fmt: skip

    found = on_each(tmp_path, rows, asked)

    assert found.refused == {(M1, "not_known"): 1, (M1, "superseded"): 3, (M1, "conflict"): 2}
    assert found.rest[M1, "", 0] == counter(used=2, total=4, missing=1, first_value=11, last_value=15, last_at=2 * HOUR)


def test_a_counter_is_read_at_any_instant_up_to_the_last_of_its_span(tmp_path: Path) -> None:
    """A reading needs no grid; one at the very end of the span belongs to it, since it tells what was consumed before."""
    asked = asked_of()
    start, _ = asked.bounds
    asked = replace(asked, meters={M1: Meter(first=start + 10, after=start + 100)})
    rows = [Row("m1", start + at, value, folder="2023-02") for at, value in ((9, 1), (10, 2), (57, 3), (100, 4), (101, 5))]

    found = on_each(tmp_path, rows, asked)

    assert found.refused == {(M1, "not_read_then"): 2}
    assert found.rest[M1, "", 0] == counter(used=3, total=2, first_at=10, first_value=2, last_at=100, last_value=4)


@both_engines
def test_every_trouble_at_once(tmp_path: Path, name: str) -> None:
    asked, rows = troubled("register")
    types = {**PLAIN, "time": WALL, "value": pa.float64()}
    del types["summer"], types["device"]

    found = told(count(name, folders(tmp_path / "meters", rows, types, parts=3), asked))

    assert found == told(naive.counted(rows, asked))
    every_row_has_one_fate(found, len(rows))
    assert {rule for _, rule in found.refused} == (EVERY_TROUBLE | {"above_the_next", "below_the_last"}) - {"time_never", "off_grid"}


@both_engines
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=cases("register"))
def test_engines_say_what_the_slow_reference_says(name: str, case: Case) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = told(count(name, folders(Path(folder) / "meters", case.rows, case.types, parts=2), case.asked))

    assert found == told(naive.counted(case.rows, case.asked))
    every_row_has_one_fate(found, len(list(naive.told_here((naive.read(row, case.asked.table) for row in case.rows), case.asked))))


def test_the_order_of_rows_and_how_they_are_parted_into_files_change_nothing(tmp_path: Path) -> None:
    asked, rows = troubled("register")
    types = {**PLAIN, "time": WALL, "value": pa.float64()}
    del types["summer"], types["device"]

    one = count("duckdb", folders(tmp_path / "one" / "meters", rows, types), asked)
    other = count("polars", folders(tmp_path / "other" / "meters", rows[::-1], types, parts=4), asked)

    for left, right in zip(frames(one), frames(other), strict=True):
        assert_frame_equal(left, right)


@both_engines
def test_months_without_rows_are_empty_and_not_wrong(tmp_path: Path, name: str) -> None:
    asked = asked_of()
    whole = count(name, folders(tmp_path / "meters", shown(asked, 1, 2), READ), asked)
    with engine(name) as on:
        nothing = register.counted(on, replace(task_of(tmp_path / "meters", asked), files=[]))

    assert [frame.schema for frame in frames(nothing)] == [frame.schema for frame in frames(whole)]
    assert [frame.height for frame in frames(nothing)] == [0, 0, 0, 0, 0]


@both_engines
def test_a_month_of_refused_rows_only_has_no_counters(tmp_path: Path, name: str) -> None:
    asked = asked_of()
    rows = [replace(row, meter="nobody") for row in shown(asked, 1, 2)]

    found = count(name, folders(tmp_path / "meters", rows, READ), asked)

    assert told(found) == Told({("nobody",): 2}, {(("nobody",), "unknown_meter"): 2}, {})


@both_engines
@pytest.mark.parametrize("meters", [3, 0])
def test_a_site_may_have_a_meter_of_a_name_that_another_has(tmp_path: Path, name: str, meters: int) -> None:
    types = {**{key: READ[key] for key in ("meter", "time", "value")}, "site": pa.string()}
    asked = Asked(table(form="register", columns=columns_of(types)), "2023-02", {("a", "m1"): Meter(), ("b", "m1"): Meter()} if meters else {})
    rows = [replace(row, site=site, value=(row.value or 0) * by) for site, by in (("a", 1), ("b", 10), (None, 1)) for row in shown(asked, 1, 3, every=DAY)]

    found = told(count(name, folders(tmp_path / "meters", rows, types), asked))

    assert found == told(naive.counted(rows, asked))
    assert {key: value["total"] for (key, *_), value in found.rest.items()} == ({("a", "m1"): 2, ("b", "m1"): 20} if meters else {})
