"""Interval readings rolled up: by hand, against the slow reference, and under attack."""

import random
import tempfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from esg_kpis.readings import interval
from esg_kpis.readings.engines import Engine
from esg_kpis.readings.judged import Task
from tests import readings_naive as naive
from tests.readings_naive import Asked, Meter, Row
from tests.readings_random import Case, cases
from tests.readings_scenario import (
    DAY,
    ENGINES,
    EVERY_TROUBLE,
    HOUR,
    INSTANT,
    MINUTE,
    PLAIN,
    WALL,
    Told,
    as_told,
    columns_of,
    engine,
    every_row_has_one_fate,
    folders,
    frames,
    roll,
    table,
    task_of,
    told,
    troubled,
    whole_month,
    write,
)

READ = {name: PLAIN[name] for name in ("meter", "time", "value")}
both_engines = pytest.mark.parametrize("name", ENGINES)
SLOW = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))


def asked_of(*meters: str, month: str = "2023-02", more: dict[str, Meter] | None = None, **said: Any) -> Asked:  # noqa: ANN401
    return Asked(table(**said), month, {(meter,): Meter() for meter in meters or ("m1",)} | {(meter,): told for meter, told in (more or {}).items()})


def on_each(tmp_path: Path, rows: list[Row], asked: Asked, types: dict[str, pa.DataType] = READ, **how: Any) -> Told:  # noqa: ANN401
    """The month on both engines, which say the same as the slow reference."""
    place = folders(tmp_path / "meters", rows, types, **how)
    want = told(naive.rolled(rows, asked))
    for name in ENGINES:
        assert told(roll(name, place, asked)) == want, name
    return want


def plain_sum(task: Task) -> bool:
    """Whether a task goes the way of plain sums."""
    with engine("polars") as on:
        return interval.summed(on, task) is not None


def test_a_whole_month_is_the_sum_of_its_values_and_lacks_nothing(tmp_path: Path) -> None:
    asked = asked_of()

    found = on_each(tmp_path, [replace(row, value=place) for place, row in enumerate(whole_month(asked))], asked)

    assert found == Told({("m1",): (672, 672, 671 * 672 // 2, 0, 0, 671)}, {}, {})
    assert plain_sum(task_of(tmp_path / "meters", asked))


def test_what_lacks_is_told_by_day(tmp_path: Path) -> None:
    asked = asked_of()
    rows = [row for place, row in enumerate(whole_month(asked)) if not 24 <= place < 48 and place != 671]

    found = on_each(tmp_path, rows, asked)

    assert found.meters == {("m1",): (647, 647, 647, 0, 0, 1)}
    assert found.rest == {(("m1",), day): (number, number, 0, 0) for day in range(28) if day != 1 for number in [23 if day == 27 else 24]}


def test_a_meter_that_lacks_whole_half_months_and_nothing_else_lacks_them_by_day(tmp_path: Path) -> None:
    """Blocks of 48 intervals that are there are whole: nothing is looked at row by row, and the rest lacks all the same."""
    asked = asked_of()
    rows = [replace(row, value=0.5) for row in whole_month(asked)[48:96]]

    found = on_each(tmp_path, rows, replace(asked, table=table(decimals=1)), {**READ, "value": pa.float64()})

    assert found == Told({("m1",): (48, 48, 240, 0, 0, 5)}, {}, {(("m1",), 2): (24, 120, 0, 0), (("m1",), 3): (24, 120, 0, 0)})


@both_engines
@pytest.mark.parametrize(
    ("zone", "month", "day", "hours"),
    [
        ("Europe/Berlin", "2023-03", 25, 23), ("Europe/Berlin", "2023-10", 28, 25), ("America/New_York", "2023-03", 11, 23), ("America/New_York", "2023-11", 4, 25),
        ("Australia/Lord_Howe", "2023-10", 0, 23.5), ("Australia/Lord_Howe", "2023-04", 1, 24.5), ("America/Havana", "2023-03", 11, 23), ("America/Havana", "2023-11", 4, 25),
        ("Asia/Beirut", "2022-03", 26, 23), ("Asia/Kolkata", "2023-04", 3, 24), ("Pacific/Apia", "2011-12", 29, 0),
        ("Africa/Cairo", "2010-09", 9, 23), ("Africa/Cairo", "2010-09", 15, 24), ("Africa/Cairo", "2010-09", 29, 25),
    ],
)  # fmt: skip
def test_a_day_has_the_intervals_that_its_clock_gives_it(tmp_path: Path, name: str, zone: str, month: str, day: int, hours: float) -> None:
    asked = asked_of(month=month, time_zone=zone, interval_minutes=30)
    rows = whole_month(asked)
    del rows[960]  # on another day than any of these

    found = told(roll(name, folders(tmp_path / "meters", rows, READ), asked))

    assert found == told(naive.rolled(rows, asked))
    assert found.rest.get((("m1",), day), (0,))[0] == hours * 2
    assert sum(used for used, *_ in found.rest.values()) == len(rows)


@both_engines
@pytest.mark.parametrize("stamp", ["start", "end"])
@pytest.mark.parametrize("minutes", [120, 1440])
@pytest.mark.parametrize(("zone", "month"), [("Australia/Sydney", "2023-09"), ("Australia/Sydney", "2023-10"), ("America/Havana", "2020-10"), ("America/Havana", "2020-11"), ("America/New_York", "2001-03"), ("America/New_York", "2001-04")])
def test_days_at_a_change_of_the_clock_between_two_months_are_each_of_one_of_them(tmp_path: Path, name: str, zone: str, month: str, minutes: int, stamp: str) -> None:
    """One file holds every interval of three months, told by the wall clock: those of the month are used, and no other is told with it."""
    asked = asked_of(month=month, time_zone=zone, clock="local", interval_minutes=minutes, stamp=stamp)
    first, length = datetime(int(month[:4]), int(month[5:]), 1, tzinfo=UTC), timedelta(minutes=minutes)  # the wall clock, as if it were that of Greenwich
    wall = [first + length * number for number in range(-30 * 1440 // minutes, 61 * 1440 // minutes)]
    own = sum(f"{begins:%Y-%m}" == month for begins in wall)
    rows = [Row("m1", ((begins + (length if stamp == "end" else timedelta())) - naive.EPOCH) // naive.TICK, 1) for begins in wall]

    found = told(roll(name, folders(tmp_path / "meters", rows, {**READ, "time": WALL}), asked))

    assert found == Told({("m1",): (own, own, own, 0, 0, 1)}, {}, {})


@pytest.mark.parametrize("minutes", [5, 15, 30, 60, 1440])
def test_a_month_of_any_interval_is_whole(tmp_path: Path, minutes: int) -> None:
    asked = asked_of(interval_minutes=minutes)

    found = on_each(tmp_path, whole_month(asked), asked)

    assert found == Told({("m1",): (28 * 1440 // minutes,) * 3 + (0, 0, 1)}, {}, {})


FALSE_BLOCKS: dict[str, Any] = {
    "one lies off the grid": lambda rows: [replace(rows[0], time=rows[0].time + 1), *rows[1:]],
    "two lie off the grid, one early and one late": lambda rows: [rows[0], replace(rows[1], time=rows[1].time + MINUTE), replace(rows[2], time=rows[2].time - MINUTE), *rows[3:]],
    "all lie off the grid": lambda rows: [replace(row, time=row.time + 30 * MINUTE) for row in rows],
    "one is there twice and one not": lambda rows: [*rows[:5], rows[4], *rows[6:]],
    "one is there twice and says something else, and one not": lambda rows: [*rows[:5], replace(rows[4], value=9), *rows[6:]],
    "two of one for the one after it": lambda rows: [*rows[:4], rows[3], rows[3], *rows[6:]],
    "one is of another meter": lambda rows: [*rows[:7], replace(rows[7], meter="m2"), *rows[8:]],
    "one is of a meter that nobody knows": lambda rows: [*rows[:7], replace(rows[7], meter="x"), *rows[8:]],
    "one is of no meter": lambda rows: [*rows[:7], replace(rows[7], meter=None), *rows[8:]],
    "one lies in another month": lambda rows: [*rows[:7], replace(rows[7], time=rows[7].time - 300 * DAY), *rows[8:]],
    "one has no time": lambda rows: [*rows[:7], replace(rows[7], time=None), *rows[8:]],
    "one has no value": lambda rows: [*rows[:7], replace(rows[7], value=None), *rows[8:]],
    "one is negative": lambda rows: [*rows[:7], replace(rows[7], value=-1), *rows[8:]],
    "one is too large": lambda rows: [*rows[:7], replace(rows[7], value=10**12), *rows[8:]],
    "a 49th": lambda rows: [*rows, rows[0]],
}  # fmt: skip


@pytest.mark.parametrize("kind", FALSE_BLOCKS)
@pytest.mark.parametrize("block", [3, 14])
def test_rows_that_are_not_each_interval_once_never_pass_as_a_whole_block(tmp_path: Path, kind: str, block: int) -> None:
    """Of a month of 31 days by the hour the last block has 24 intervals."""
    asked = asked_of("m1", "m2", month="2023-01")
    whole = whole_month(asked)
    first, after = 48 * block, min(48 * block + 48, len(whole))
    rows = [*whole[:first], *FALSE_BLOCKS[kind](whole[first:after]), *whole[after:]]

    found = on_each(tmp_path, rows, asked, row_group_size=100)

    every_row_has_one_fate(found, len(rows))
    assert found.meters["m1",][1] < 744 or kind == "a 49th"


@both_engines
@pytest.mark.parametrize("way", ["plain sums", "blocks"])
def test_times_that_differ_by_nanoseconds_are_one_interval(tmp_path: Path, name: str, way: str) -> None:
    """They come in order, and each is of a time of its own, as nanoseconds go."""
    asked = asked_of()
    times = pa.array([row.time * 1000 + late for row in whole_month(asked) if row.time is not None for late in (0, 1)], pa.int64()).cast(pa.timestamp("ns", "UTC"))
    path = tmp_path / "meters" / "month=2023-02" / "a.parquet"
    path.parent.mkdir(parents=True)
    pa.parquet.write_table(pa.table({"meter_id": ["m1"] * len(times), "time": times, "value": [1] * len(times)}), path, write_statistics=way == "plain sums")

    found = told(roll(name, tmp_path / "meters", asked))

    assert found == Told({("m1",): (1344, 672, 672, 0, 0, 1)}, {(("m1",), "duplicate"): 672}, {})


@both_engines
def test_every_trouble_at_once(tmp_path: Path, name: str) -> None:
    asked, rows = troubled()
    types = {**PLAIN, "time": WALL, "value": pa.float64()}
    del types["summer"], types["device"]

    found = told(roll(name, folders(tmp_path / "meters", rows, types, parts=3), asked))

    assert found == told(naive.rolled(rows, asked))
    every_row_has_one_fate(found, len(rows))
    assert {rule for _, rule in found.refused} == EVERY_TROUBLE - {"time_never"}


@both_engines
@SLOW
@given(case=cases())
def test_engines_say_what_the_slow_reference_says(name: str, case: Case) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = folders(Path(folder) / "meters", case.rows, case.types, parts=2)

        found = told(roll(name, place, case.asked))

    assert found == told(naive.rolled(case.rows, case.asked))
    every_row_has_one_fate(found, len(list(naive.told_here((naive.read(row, case.asked.table) for row in case.rows), case.asked))))


@settings(SLOW, max_examples=10)
@given(case=cases(), parts=st.integers(2, 4), seed=st.integers(0, 99))
def test_the_order_of_rows_and_how_they_are_parted_into_files_change_nothing(case: Case, parts: int, seed: int) -> None:
    mixed = list(case.rows)
    random.Random(seed).shuffle(mixed)
    with tempfile.TemporaryDirectory() as folder:
        one = roll("polars", folders(Path(folder) / "one" / "meters", case.rows, case.types), case.asked)
        other = roll("polars", folders(Path(folder) / "other" / "meters", mixed, case.types, parts=parts, row_group_size=20), case.asked)

    for left, right in zip(frames(one), frames(other), strict=True):
        assert_frame_equal(left, right)


def test_both_ways_say_the_same_and_the_short_one_is_taken_only_where_files_rule_everything_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = asked_of("m1", "m2", "m3", more={"m3": Meter(feeds_back=True)})
    rows = [replace(row, meter=meter, value=place % 7) for meter in ("m1", "m2", "m3") for place, row in enumerate(whole_month(asked)) if (meter, place) != ("m2", 30)]
    place = folders(tmp_path / "meters", rows, READ)
    assert plain_sum(task_of(place, asked))

    short = [roll(name, place, asked) for name in ENGINES]
    monkeypatch.setattr(interval, "clean", lambda _task: False)
    long = [roll(name, place, asked) for name in ENGINES]

    for one in (*short, *long):
        for left, right in zip(frames(one), frames(long[0]), strict=True):
            assert_frame_equal(left, right)


LIES: dict[str, Any] = {
    "a row twice": lambda rows: [*rows[:5], rows[4], *rows[5:]],
    "a row twice, far apart": lambda rows: [*rows, rows[4]],
    "a meter in two stretches": lambda rows: [*rows[:9], replace(rows[0], meter="m2"), *rows[9:]],
    "a meter that nobody knows": lambda rows: [*rows, replace(rows[0], meter="x")],
    "a time off the grid": lambda rows: [*rows[:9], replace(rows[9], time=rows[9].time + 1), *rows[10:]],
    "a negative value": lambda rows: [*rows[:9], replace(rows[9], value=-1), *rows[10:]],
    "a value too large": lambda rows: [*rows[:9], replace(rows[9], value=10**12), *rows[10:]],
    "a null value": lambda rows: [*rows[:9], replace(rows[9], value=None), *rows[10:]],
    "a null time": lambda rows: [*rows[:9], replace(rows[9], time=None), *rows[10:]],
    "a null meter": lambda rows: [*rows[:9], replace(rows[9], meter=None), *rows[10:]],
    "a time of another month": lambda rows: [*rows[:9], replace(rows[9], time=rows[9].time - 99 * DAY), *rows[10:]],
}  # fmt: skip


@pytest.mark.parametrize("kind", LIES)
def test_the_short_way_is_not_taken_with(tmp_path: Path, kind: str) -> None:
    asked = asked_of("m1", "m2")
    rows = LIES[kind](whole_month(asked))

    on_each(tmp_path, rows, asked)

    assert not plain_sum(task_of(tmp_path / "meters", asked))


@pytest.mark.parametrize("change", [{"until": -1}, {"meters": {("m1",): Meter(first=0, after=1)}}, {"meters": {}}])
def test_the_short_way_is_not_taken_where_the_month_or_the_meter_says_no(tmp_path: Path, change: dict[str, Any]) -> None:
    asked = replace(asked_of(), **change)

    found = on_each(tmp_path, whole_month(asked), asked)

    assert not plain_sum(task_of(tmp_path / "meters", asked))
    assert found.meters["m1",][1] == 0


@pytest.mark.parametrize("rows_of_a_group", [50, 1000])
def test_a_month_of_float_values_never_goes_the_short_way(tmp_path: Path, rows_of_a_group: int) -> None:
    """The statistics of binary floats say nothing of NaN, and DuckDB believes them: by them all values are 1."""
    asked = asked_of()
    rows = [replace(row, value=float("nan") if place == 9 else 1.0) for place, row in enumerate(whole_month(asked))]

    found = on_each(tmp_path, rows, asked, {**READ, "value": pa.float64()}, row_group_size=rows_of_a_group)

    assert found.refused == {(("m1",), "number"): 1}


def _by_duckdb(frame: pl.DataFrame, path: Path) -> None:
    with duckdb.connect() as connection:
        connection.register("frame", frame.to_arrow())
        connection.execute(f"COPY frame TO '{path}' (FORMAT parquet)")


WRITERS: dict[str, Any] = {
    "pyarrow": lambda frame, path: pa.parquet.write_table(frame.to_arrow(), path),
    "pyarrow without statistics": lambda frame, path: pa.parquet.write_table(frame.to_arrow(), path, write_statistics=False),
    "pyarrow with row groups of some": lambda frame, path: pa.parquet.write_table(frame.to_arrow(), path, row_group_size=50),
    "polars": lambda frame, path: frame.write_parquet(path),
    "polars without statistics": lambda frame, path: frame.write_parquet(path, statistics=False),
    "duckdb": _by_duckdb,
}  # fmt: skip


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("trouble", ["none", "twice", "null", "late"])
def test_whoever_wrote_the_file_its_statistics_do_not_deceive(tmp_path: Path, writer: str, trouble: str) -> None:
    """Meters whose names are alike for longer than the statistics of some writers go."""
    names = ["電" * 40 + letter for letter in "ab"]
    asked = Asked(table(columns={"received": "received"}, decimals=2), "2023-02", {(name,): Meter() for name in names}, known=2**60)
    rows = [replace(row, meter=name, value=Decimal("1.25"), received=0) for name in names for row in whole_month(asked)]
    if trouble == "twice":
        rows.append(rows[700])
    elif trouble == "null":
        rows[700] = replace(rows[700], value=None)
    elif trouble == "late":
        rows[700] = replace(rows[700], received=2**60 + 1000)
    times = pl.Datetime("us", "UTC")
    frame = pl.DataFrame(
        [(row.meter, row.time, row.value, row.received) for row in rows],
        schema={"meter_id": pl.String(), "time": pl.Int64(), "value": pl.Decimal(12, 2), "received": pl.Int64()}, orient="row",
    ).with_columns(pl.col("time", "received").cast(times))  # fmt: skip
    place = tmp_path / "meters" / "month=2023-02"
    place.mkdir(parents=True)
    WRITERS[writer](frame, place / "a.parquet")

    found = [told(roll(name, tmp_path / "meters", asked)) for name in ENGINES]

    assert found[0] == found[1] == told(naive.rolled(rows, asked))
    assert plain_sum(task_of(tmp_path / "meters", asked)) == (trouble == "none" and "without" not in writer)


@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        (pa.int8(), [127, -128, 3, 0]), (pa.int16(), [2**15 - 1, -(2**15), 3, 0]), (pa.int32(), [2**31 - 1, -(2**31), 3, 0]), (pa.uint8(), [255, 3, 0, 1]), (pa.uint32(), [2**32 - 1, 3, 0, 1]),
        (pa.int64(), [2**63 - 1, -(2**63), 999_999, 1_000_000]), (pa.decimal128(38, 6), ["9" * 32, "-" + "9" * 32, "999999.999999", "1000000"]),
        (pa.decimal128(5, 3), ["99.999", "-99.999", "0.001", "1"]), (pa.decimal128(38, 0), ["9" * 38, "-" + "9" * 38, "999999", "1000000"]),
        (pa.float32(), [0.5, 2.0**120, 3.0, -0.0]), (pa.float64(), [1e308, 1e-308, 999_999.999999, 1_000_000.0]),
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("statistics", [True, False])
def test_values_of_every_type_up_to_its_limits_are_read_exactly(tmp_path: Path, dtype: pa.DataType, values: list[Any], statistics: bool) -> None:
    """With six decimals the largest value that can be is 999,999.999999."""
    asked = asked_of(decimals=6, more={"m1": Meter(feeds_back=True)})
    rows = [replace(row, value=float(value) if pa.types.is_floating(dtype) else Decimal(value)) for row, value in zip(whole_month(asked), values, strict=False)]

    place = tmp_path / "meters"
    write(place / "month=2023-02" / "a.parquet", rows, {**READ, "value": dtype}, write_statistics=statistics)

    want = told(naive.rolled(rows, asked))
    assert [told(roll(name, place, asked)) for name in ENGINES] == [want, want]


@pytest.mark.parametrize("most", ["10.49", "10.5", "10.51", "11"])
def test_most_is_kept_to_the_last_decimal_whatever_the_statistics_let_pass(tmp_path: Path, most: str) -> None:
    asked = asked_of(decimals=2, most=most)
    rows = [replace(row, value="10.50") for row in whole_month(asked)]

    found = on_each(tmp_path, [replace(row, value=Decimal("10.50")) for row in rows], asked, {**READ, "value": pa.decimal128(9, 2)})

    assert found.meters["m1",][1] == (0 if most == "10.49" else 672)


def test_a_value_at_the_limit_is_taken_and_one_step_more_is_not_whatever_its_type(tmp_path: Path) -> None:
    asked = asked_of("m1")
    for dtype in (pa.int64(), pa.float64(), pa.decimal128(20, 0)):
        rows = [replace(row, value=10**12 - 1 + place % 2) for place, row in enumerate(whole_month(asked))]

        found = on_each(tmp_path / str(dtype), rows, asked, {**READ, "value": dtype})

        assert found.meters["m1",] == (672, 336, 336 * (10**12 - 1), 0, 0, 10**12 - 1)
        assert found.refused == {(("m1",), "too_large"): 336}


@both_engines
def test_a_hundred_thousand_copies_of_one_interval_are_one(tmp_path: Path, name: str) -> None:
    """So many that the sum of powers of two in their block leaves 64 bits."""
    asked = asked_of()
    start, _ = asked.bounds
    rows = pa.table({"meter_id": pa.array(["m1"] * 100_000), "time": pa.array([start + 47 * HOUR] * 100_000).cast(INSTANT), "value": pa.array([10**12 - 1] * 100_000)})
    (tmp_path / "meters" / "month=2023-02").mkdir(parents=True)
    pa.parquet.write_table(rows, tmp_path / "meters" / "month=2023-02" / "a.parquet")

    assert told(roll(name, tmp_path / "meters", asked)) == Told({("m1",): (100_000, 1, 10**12 - 1, 0, 0, 10**12 - 1)}, {(("m1",), "duplicate"): 99_999}, {(("m1",), 1): (1, 10**12 - 1, 0, 0)})


@both_engines
def test_times_that_nobody_means_are_none(tmp_path: Path, name: str) -> None:
    """Before 1970, after 2199, and what databases write for infinity."""
    asked = asked_of()
    first_of_year_1, last_of_9999 = -62_135_596_800_000_000, 253_402_300_799_999_999
    odd = [first_of_year_1, last_of_9999, -(2**60), 2**62, 2**63 - 1, -(2**63) + 1, -(2**63), 0, -1]
    rows = [replace(row, time=time) for row, time in zip(whole_month(asked), odd, strict=False)]
    place = folders(tmp_path / "meters", [*rows, *whole_month(asked)[len(odd) :]], READ)

    assert told(roll(name, place, asked)).refused == {(("m1",), "other_month"): 2, (("m1",), "time_missing"): len(odd) - 2}


@both_engines
def test_a_day_of_knowledge_that_nobody_means_is_refused(tmp_path: Path, name: str) -> None:
    """Infinity would be known last of all, or before all, as an engine has it."""
    types = {**READ, "received": INSTANT}
    asked = asked_of(columns={"received": "received"})
    start, _ = asked.bounds
    first, second, third, *rest = [replace(row, received=start) for row in whole_month(asked)]
    rows = [replace(first, received=2**63 - 1, value=5), first, replace(second, received=-(2**63) + 1, value=5), second, replace(third, received=-(2**63), value=5), third, *rest]

    found = told(roll(name, folders(tmp_path / "meters", rows, types), asked))

    assert found == Told({("m1",): (675, 672, 672, 0, 0, 1)}, {(("m1",), "received"): 3}, {})


def test_text_that_is_null_throughout_and_columns_without_a_type_are_read(tmp_path: Path) -> None:
    columns = columns_of({name: PLAIN[name] for name in ("site", "received", "quality", "summer")})
    asked = Asked(table(columns=columns, estimated=["E"], refused=["X"], clock="local", time_zone="Europe/Berlin"), "2023-10", {("", "m1"): Meter()}, known=2**60)
    rows = [row for row in as_told(whole_month(asked), asked) if row.summer == "N" or row.time]
    types = {**READ, "time": WALL, **{name: pa.null() for name in ("site", "received", "quality", "summer")}}

    found = on_each(tmp_path, [replace(row, summer=None) for row in rows], asked, types)

    assert found.refused == {(("", "m1"), "duplicate"): 1}


def test_a_month_in_which_no_column_has_a_type_is_refused_row_by_row(tmp_path: Path) -> None:
    asked = asked_of()

    found = on_each(tmp_path, [Row(folder="2023-02")] * 3, asked, dict.fromkeys(READ, pa.null()))

    assert found == Told({("",): (3, 0, 0, 0, 0, None)}, {(("",), "meter_missing"): 3}, {})


def test_files_of_types_that_are_spelled_differently_are_one_table(tmp_path: Path) -> None:
    """A file by the week, each from another system: small and large text, numbers and words for meters, other widths, other ticks, more columns, none at all."""
    asked = Asked(table(columns={"quality": "quality"}, estimated=["7"]), "2023-02", {("1",): Meter()})
    whole = whole_month(asked, 1)
    typed: list[dict[str, pa.DataType]] = [
        {"meter": pa.int64(), "time": pa.timestamp("ms", "UTC"), "value": pa.int8(), "quality": pa.int32()},
        {"meter": pa.string(), "time": pa.timestamp("us", "Asia/Shanghai"), "value": pa.int64(), "quality": pa.large_string()},
        {"quality": pa.dictionary(pa.int8(), pa.string()), "value": pa.uint16(), "time": pa.timestamp("s", "UTC"), "meter": pa.large_string()},
        {"meter": pa.dictionary(pa.int32(), pa.string()), "time": INSTANT, "value": pa.int32(), "quality": pa.null(), "site": pa.string()},
    ]
    rows: list[Row] = []
    for week, types in enumerate(typed):
        own = [replace(row, quality=None if types["quality"] == pa.null() else 7 if types["quality"] == pa.int32() else "7") for row in whole[168 * week : 168 * week + 168]]
        rows += own
        write(tmp_path / "meters" / "month=2023-02" / f"{week}.parquet", [replace(row, meter=1 if types["meter"] == pa.int64() else "1", quality=row.quality) for row in own], types)
    write(tmp_path / "meters" / "month=2023-02" / "empty.parquet", [], {**dict.fromkeys(READ, pa.null()), "quality": pa.null()})

    for name in ENGINES:
        assert told(roll(name, tmp_path / "meters", asked)) == Told({("1",): (672, 672, 672, 504, 504, 1)}, {}, {})


def test_words_of_quality_are_seen_though_every_row_says_the_same_number(tmp_path: Path) -> None:
    """Statistics say least and most are 7, a number; the format says "7", a word."""
    asked = Asked(table(columns={"quality": "quality"}, estimated=["7"]), "2023-02", {("m1",): Meter()})

    found = on_each(tmp_path, whole_month(asked, quality=7), asked, {**READ, "quality": pa.int16()})

    assert found.meters["m1",] == (672, 672, 672, 672, 672, 1)


@both_engines
@pytest.mark.parametrize("names", [('meter "id"', "the time", "kWh.total"), ("値", "rel", "code"), ("value", "meter_id", "time"), ("a`b", "x'y", "*"), ("^.*$", "a\\b", "${x}"), ("estimated", "block", "first")])
def test_columns_may_be_called_anything(tmp_path: Path, name: str, names: tuple[str, str, str]) -> None:
    """Also what we call others, in columns that we do not read."""
    asked = asked_of(columns=dict(zip(("meter_id", "time", "value"), names, strict=True)))
    rows = whole_month(asked)
    called = {**dict(zip(READ, names, strict=True)), "quality": "known", "site": "slot" if "rel" in names else "Rel"}
    write(tmp_path / "meters" / "month=2023-02" / "a.parquet", rows, {"quality": pa.string(), "site": pa.string(), **READ}, called)

    assert told(roll(name, tmp_path / "meters", asked)) == Told({("m1",): (672, 672, 672, 0, 0, 1)}, {}, {})


@both_engines
@pytest.mark.parametrize("odd", ["a b", "it's", "st*r", "br[ack]et", "电表", "q?", "pl{a,b}us", "per%20cent", "co:lon", 'quo"te', "back\\slash", "$HOME", "~"])
def test_files_may_lie_anywhere_and_no_other_is_read_in_their_place(tmp_path: Path, name: str, odd: str) -> None:
    """Beside each lies one whose name the odd name would stand for as a pattern, in a folder of another table."""
    asked = asked_of()
    write(tmp_path / odd / "meters" / "month=2023-02" / f"{odd}.parquet", whole_month(asked), READ)
    write(tmp_path / odd / "meters" / "month=2023-03" / "starr.parquet", whole_month(asked), READ)
    for other in ("starr", "bra", "qq", "plaus"):
        write(tmp_path / other / "meters" / "month=2023-02" / f"{other}.parquet", whole_month(asked), READ)
    write(tmp_path / odd / "meters" / "month=2023-03" / "qq.parquet", [], READ)

    assert told(roll(name, tmp_path / odd / "meters", asked)) == Told({("m1",): (672, 672, 672, 0, 0, 1)}, {}, {})


@both_engines
def test_months_without_rows_are_empty_and_not_wrong(tmp_path: Path, name: str) -> None:
    asked = asked_of()
    write(tmp_path / "meters" / "month=2023-02" / "a.parquet", [], READ)

    with engine(name) as on:
        nothing = interval.rolled(on, replace(task_of(tmp_path / "meters", asked), files=[]))
    empty = roll(name, tmp_path / "meters", asked)

    whole = roll(name, folders(tmp_path / "whole" / "meters", whole_month(asked), READ), asked)
    for found in (nothing, empty):
        assert [frame.schema for frame in frames(found)] == [frame.schema for frame in frames(whole)]
        assert [frame.height for frame in frames(found)] == [0, 0, 0, 0]


def test_an_empty_row_group_and_an_empty_file_change_nothing(tmp_path: Path) -> None:
    asked = asked_of()
    path = tmp_path / "meters" / "month=2023-02" / "a.parquet"
    path.parent.mkdir(parents=True)
    write(tmp_path / "meters" / "month=2023-02" / "b.parquet", [], READ)
    whole = whole_month(asked)
    tables = [pa.table({"meter_id": pa.array([row.meter for row in rows], pa.string()), "time": pa.array([row.time for row in rows], pa.int64()).cast(INSTANT), "value": pa.array([row.value for row in rows], pa.int64())}) for rows in ([], whole[:9], [], whole[9:], [])]
    with pa.parquet.ParquetWriter(path, tables[0].schema) as writer:
        for part in tables:
            writer.write_table(part)

    assert plain_sum(task_of(tmp_path / "meters", asked))
    for name in ENGINES:
        assert told(roll(name, tmp_path / "meters", asked)) == Told({("m1",): (672, 672, 672, 0, 0, 1)}, {}, {})


@pytest.mark.parametrize("months", ["start", "stamp"])
@pytest.mark.parametrize("stamp", ["start", "end"])
@pytest.mark.parametrize("clock", ["instant", "local", "-05:00"])
def test_a_month_is_whole_however_its_times_and_folders_are_told(tmp_path: Path, months: str, stamp: str, clock: str) -> None:
    """New York in November: its clock goes back, and no clock or stamp tells its months as UTC does."""
    columns = {"summer": "summer"} if clock == "local" else {}
    asked = asked_of(month="2023-11", time_zone="America/New_York", clock=clock, stamp=stamp, months=months, columns=columns)
    starts = whole_month(asked)
    start, end = asked.bounds
    rows = as_told([*starts, *(Row("m1", start - (1 + place) * HOUR, 5, folder="2023-10") for place in range(30)), *(Row("m1", end + place * HOUR, 5, folder="2023-12") for place in range(30))], asked)
    if months == "stamp":
        rows = [replace(row, folder=naive._stands_in(row.time or 0)) for row in rows]
    types = {**READ, "time": INSTANT if clock == "instant" else WALL, **({"summer": pa.string()} if columns else {})}

    found = on_each(tmp_path, rows, asked, types)

    assert found == Told({("m1",): (721, 721, 721, 0, 0, 1)}, {}, {})


@pytest.mark.parametrize(("dtype", "mark"), [(pa.bool_(), True), (pa.int8(), 1), (pa.string(), "DST"), (pa.dictionary(pa.int8(), pa.string()), "S")], ids=str)
def test_daylight_saving_time_may_be_marked_by_words_numbers_or_truth(tmp_path: Path, dtype: pa.DataType, mark: Any) -> None:  # noqa: ANN401
    asked = asked_of(month="2023-10", time_zone="Europe/Berlin", clock="local", columns={"summer": "summer"})
    rows = [replace(row, summer=mark if row.summer == "S" else None) for row in as_told(whole_month(asked), asked)]

    assert on_each(tmp_path, rows, asked, {**READ, "time": WALL, "summer": dtype}) == Told({("m1",): (745, 745, 745, 0, 0, 1)}, {}, {})


@pytest.mark.parametrize("stamp", ["start", "end"])
def test_without_a_mark_the_hour_that_comes_twice_is_refused_and_no_other_is_harmed(tmp_path: Path, stamp: str) -> None:
    asked = asked_of(month="2023-10", time_zone="Europe/Berlin", clock="local", stamp=stamp, interval_minutes=15)

    found = on_each(tmp_path, as_told(whole_month(asked), asked), asked, {**READ, "time": WALL})

    # Ends go on to the end of the hour, which may be told by both hours: 2 x 4 from 02:00 to 02:45, and 03:00.
    assert found.refused == {(("m1",), "time_twice"): 8 if stamp == "start" else 9}


@pytest.mark.parametrize("told_by", ["02:00", "03:00"])
def test_the_interval_that_ends_as_the_clock_goes_forward_may_be_told_by_either_hour(tmp_path: Path, told_by: str) -> None:
    asked = asked_of(month="2023-03", time_zone="Europe/Berlin", clock="local", stamp="end", interval_minutes=15)
    change = naive.EPOCH.replace(year=2023, month=3, day=26, hour=3)
    rows = as_told(whole_month(asked), asked)
    at = (change - naive.EPOCH) // naive.TICK
    assert at in {row.time for row in rows}
    rows = [replace(row, time=at - HOUR) if row.time == at and told_by == "02:00" else row for row in rows]

    found = on_each(tmp_path, rows, asked, {**READ, "time": WALL})

    assert found == Told({("m1",): (2972, 2972, 2972, 0, 0, 1)}, {}, {})


@pytest.mark.parametrize("stamp", ["start", "end"])
def test_times_that_the_clock_skips_are_refused(tmp_path: Path, stamp: str) -> None:
    asked = asked_of(month="2023-03", time_zone="Europe/Berlin", clock="local", stamp=stamp, interval_minutes=15)
    rows = as_told(whole_month(asked), asked)
    never = [(naive.EPOCH.replace(year=2023, month=3, day=26, hour=2, minute=minute) - naive.EPOCH) // naive.TICK for minute in (15, 30, 45)]

    found = on_each(tmp_path, [*rows, *(Row("m1", time, 1, folder="2023-03") for time in never)], asked, {**READ, "time": WALL})

    assert found.refused == {(("m1",), "time_never"): 3}
    assert found.meters == {("m1",): (2975, 2972, 2972, 0, 0, 1)}


@pytest.mark.parametrize("months", ["start", "stamp"])
@pytest.mark.parametrize("stamp", ["start", "end"])
@pytest.mark.parametrize("clock", ["instant", "local", "-05:00"])
@pytest.mark.parametrize(
    ("zone", "month", "minutes"),
    [
        ("Europe/Berlin", "2023-03", 1440), ("Europe/Berlin", "2023-10", 1440), ("Europe/Berlin", "2023-03", 120), ("Europe/Berlin", "2023-10", 180), ("America/New_York", "2026-11", 1440), ("Australia/Sydney", "2023-10", 1440),
        ("America/Havana", "2023-03", 1440), ("America/Havana", "2023-11", 1440), ("Asia/Beirut", "2023-10", 720), ("Australia/Lord_Howe", "2023-04", 60), ("Australia/Lord_Howe", "2023-10", 60), ("Australia/Lord_Howe", "2023-10", 1440),
    ],
)  # fmt: skip
def test_an_interval_longer_than_the_change_of_the_clock_goes_by_the_wall_clock(tmp_path: Path, zone: str, month: str, minutes: int, clock: str, stamp: str, months: str) -> None:
    """A day of 23 or 25 hours is one day; its reading is one interval, whichever clock tells it, and in whichever folder it lies."""
    asked = asked_of(month=month, time_zone=zone, clock=clock, stamp=stamp, months=months, interval_minutes=minutes)
    number = 1440 // minutes * (asked.bounds[1] - asked.bounds[0]) // DAY
    rows = as_told([replace(row, value=place) for place, row in enumerate(whole_month(asked))], asked)
    if months == "stamp":
        rows = [replace(row, folder=naive._stands_in(row.time or 0)) for row in rows]
    types = {**READ, "time": INSTANT if clock == "instant" else WALL}

    found = on_each(tmp_path, rows, asked, types)
    less = on_each(tmp_path / "less", [row for place, row in enumerate(rows) if place != 14], asked, types)

    assert found == Told({("m1",): (number, number, number * (number - 1) // 2, 0, 0, number - 1)}, {}, {})
    assert less.meters == {("m1",): (number - 1, number - 1, number * (number - 1) // 2 - 14, 0, 0, number - 1)}
    a_day = dict.fromkeys(range(number * minutes // 1440), 1440 // minutes)
    lacking = 14 * minutes // 1440
    assert {day: told[0] for (_, day), told in less.rest.items()} == {day: used for day, used in (a_day | {lacking: a_day[lacking] - 1}).items() if used}


def test_meters_and_dates_begin_and_end_by_the_day_where_intervals_do(tmp_path: Path) -> None:
    """Berlin in March: from the 26th on a local midnight is an hour before the grid of the instants; what is read up to the 28th, and data up to the 30th, is counted by days."""
    zone = ZoneInfo("Europe/Berlin")
    ends = {name: Meter(after=naive.beginning(date(2023, 3, day), zone)) for name, day in (("m2", 29), ("m3", 32 - 6))}
    asked = replace(asked_of("m1", more=ends, month="2023-03", time_zone="Europe/Berlin", interval_minutes=1440), until=naive.beginning(date(2023, 3, 31), zone))
    rows = as_told([replace(row, meter=name) for name in ("m1", "m2", "m3") for row in whole_month(asked)], asked)

    found = on_each(tmp_path, rows, asked)

    assert {key: told[1] for key, told in found.meters.items()} == {("m1",): 30, ("m2",): 28, ("m3",): 25}
    assert found.refused == {(("m1",), "future"): 1, (("m2",), "future"): 1, (("m3",), "future"): 1, (("m2",), "not_read_then"): 2, (("m3",), "not_read_then"): 5}


def test_what_begins_beside_the_hours_of_the_wall_clock_is_no_interval(tmp_path: Path) -> None:
    """On Lord Howe Island the clock goes back by half an hour in April: who goes on counting hours is half an hour off."""
    asked = asked_of(month="2023-04", time_zone="Australia/Lord_Howe")

    found = on_each(tmp_path, whole_month(asked), asked)

    assert found.meters == {("m1",): (720, 26, 26, 0, 0, 1)}
    assert found.refused == {(("m1",), "off_grid"): 694}


@both_engines
@pytest.mark.parametrize("timeless", [True, False])
def test_rows_without_a_time_in_no_folder_are_told_by_the_month_that_is_to_tell_them(tmp_path: Path, name: str, timeless: bool) -> None:
    asked = replace(asked_of(), timeless=timeless)
    rows = [replace(row, folder="") for row in whole_month(asked)]
    place = folders(tmp_path / "meters", [*rows, Row("m1", None, 1), Row(None, None, 1)], READ)

    found = told(roll(name, place, asked))

    assert found.refused == ({(("m1",), "time_missing"): 1, (("",), "meter_missing"): 1} if timeless else {})


def test_what_became_known_last_stands_and_what_contradicts_itself_does_not(tmp_path: Path) -> None:
    asked = Asked(table(columns={"received": "received"}), "2023-02", {("m1",): Meter()}, known=100)
    first, second, third, fourth = (row.time for row in whole_month(asked)[:4])
    rows = [
        Row("m1", first, 1, received=10), Row("m1", first, 2, received=99), Row("m1", first, 3, received=100),
        Row("m1", second, 4, received=10), Row("m1", second, 5, received=10), Row("m1", second, 6),
        Row("m1", third, 7), Row("m1", third, 8, received=-5),
        Row("m1", fourth, 9, received=10), Row("m1", fourth, 9, received=10), Row("m1", fourth, 9, received=2),
    ]  # fmt: skip

    found = on_each(tmp_path, [replace(row, folder="2023-02") for row in rows], asked, {**READ, "received": pa.timestamp("us")})

    assert found.meters == {("m1",): (11, 3, 2 + 8 + 9, 0, 0, 9)}
    assert found.refused == {(("m1",), rule): number for rule, number in (("not_known", 1), ("superseded", 4), ("conflict", 2), ("duplicate", 1))}


@both_engines
def test_engines_leave_nothing_behind_when_a_month_fails(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, rows = troubled()
    types = {**PLAIN, "time": WALL, "value": pa.float64()}
    del types["summer"], types["device"]
    place = folders(tmp_path / "meters", rows, types)

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(interval, "_all_refused", fail)
    with engine(name) as on, pytest.raises(KeyboardInterrupt):
        interval.rolled(on, task_of(place, asked))


@both_engines
def test_an_engine_rolls_up_one_month_after_another(tmp_path: Path, name: str) -> None:
    asked, rows = troubled()
    types = {**PLAIN, "time": WALL, "value": pa.float64()}
    del types["summer"], types["device"]
    task = task_of(folders(tmp_path / "meters", rows, types), asked)

    def again(on: Engine) -> Told:
        return told(interval.rolled(on, task))

    with engine(name) as on:
        assert again(on) == again(on) == told(naive.rolled(rows, asked))
