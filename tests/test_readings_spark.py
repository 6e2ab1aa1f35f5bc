"""The same months on Polars, DuckDB and Spark: identical frames, with every trouble there is."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from polars.testing import assert_frame_equal

from esg_kpis.errors import InputProblem
from esg_kpis.readings import interval, register
from esg_kpis.readings.engines import Spark
from tests import readings_naive as naive
from tests.readings_naive import Asked, Meter, Row
from tests.readings_scenario import (
    DAY,
    ENGINES,
    HOUR,
    INSTANT,
    PLAIN,
    WALL,
    as_told,
    columns_of,
    count,
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


@pytest.fixture
def on(spark: Any) -> Iterator[Spark]:  # noqa: ANN401
    """The engine, which keeps nothing for those who come after."""
    engine = Spark(spark)
    yield engine
    assert engine.kept == []


def same_on_all(on: Spark, place: Path, asked: Asked) -> interval.Rolled | register.Counted:
    """What Spark makes of a month, which is what the others make of it, to the last row of the last frame."""
    form = asked.table.form
    found = interval.rolled(on, task_of(place, asked)) if form == "interval" else register.counted(on, task_of(place, asked))
    for name in ENGINES:
        other = roll(name, place, asked) if form == "interval" else count(name, place, asked)
        for left, right in zip(frames(found), frames(other), strict=True):
            assert_frame_equal(left, right)
    return found


@pytest.mark.parametrize("form", ["interval", "register"])
def test_a_month_of_every_trouble(on: Spark, tmp_path: Path, form: str) -> None:
    asked, rows = troubled(form)
    types = {**PLAIN, "time": WALL, "value": pa.float64()}
    del types["summer"], types["device"]

    found = same_on_all(on, folders(tmp_path / "meters", rows, types, parts=2), asked)

    assert told(found) == told(naive.rolled(rows, asked) if form == "interval" else naive.counted(rows, asked))


def test_a_clean_month_by_plain_sums_with_a_day_of_23_hours(on: Spark, tmp_path: Path) -> None:
    asked = Asked(table(time_zone="America/New_York", interval_minutes=15), "2023-03", {("m1",): Meter(), ("m2",): Meter()})
    rows = [replace(row, meter=meter, value=place) for meter in ("m1", "m2") for place, row in enumerate(whole_month(asked)) if (meter, place) != ("m2", 99)]

    found = same_on_all(on, folders(tmp_path / "meters", rows, READ), asked)

    assert told(found) == told(naive.rolled(rows, asked))


@pytest.mark.parametrize(("zone", "unit"), [("Asia/Shanghai", "us"), ("America/New_York", "ns")])
def test_times_are_what_they_are_whatever_the_session_of_spark_takes_for_its_own_zone(on: Spark, tmp_path: Path, zone: str, unit: str) -> None:
    """Wall clocks, dates and instants."""
    types = {**READ, "time": pa.timestamp(unit), "summer": pa.string(), "received": pa.date32()}
    asked = Asked(table(time_zone="Europe/Berlin", clock="local", stamp="end", columns=columns_of(types)), "2023-10", {("m1",): Meter()})
    start, _ = asked.bounds
    asked = replace(asked, known=start // DAY * DAY + 3 * DAY)
    rows = [replace(row, received=start // DAY * DAY + DAY * (1 + place % 3)) for place, row in enumerate(as_told(whole_month(asked), asked))]
    before = on.session.conf.get("spark.sql.session.timeZone")
    on.session.conf.set("spark.sql.session.timeZone", zone)
    try:
        found = same_on_all(on, folders(tmp_path / "meters", rows, types), asked)
    finally:
        on.session.conf.set("spark.sql.session.timeZone", before)

    assert told(found) == told(naive.rolled(rows, asked))


@pytest.mark.parametrize("unit", ["ms", "ns"])
def test_instants_of_every_tick(on: Spark, tmp_path: Path, unit: str) -> None:
    asked = Asked(table(), "2023-02", {("m1",): Meter()})
    rows = [*whole_month(asked), *(replace(row, time=(row.time or 0) + 1000) for row in whole_month(asked)[:3])]

    found = same_on_all(on, folders(tmp_path / "meters", rows, {**READ, "time": pa.timestamp(unit, "UTC")}), asked)

    assert told(found) == told(naive.rolled(rows, asked))


def test_times_as_spark_itself_wrote_them_long_ago(on: Spark, tmp_path: Path) -> None:
    """In 96 bits, which say of no zone."""
    asked = Asked(table(clock="+00:00"), "2023-02", {("m1",): Meter()})
    rows = whole_month(asked)
    write(tmp_path / "meters" / "month=2023-02" / "a.parquet", rows, READ, use_deprecated_int96_timestamps=True)

    assert told(same_on_all(on, tmp_path / "meters", asked)) == told(naive.rolled(rows, asked))


@pytest.mark.parametrize(
    ("dtype", "values"),
    [(pa.int8(), [127, -128]), (pa.int64(), [2**63 - 1, -(2**63)]), (pa.decimal128(38, 6), ["9" * 32, "-999999.999999"]), (pa.float32(), [2.0**120, float("nan")])],
    ids=str,
)  # fmt: skip
def test_values_up_to_the_limits_of_their_types(on: Spark, tmp_path: Path, dtype: pa.DataType, values: list[Any]) -> None:
    asked = Asked(table(decimals=6), "2023-02", {("m1",): Meter(feeds_back=True)})
    rows = [replace(row, value=value) for row, value in zip(whole_month(asked), values, strict=False)]

    same_on_all(on, folders(tmp_path / "meters", rows, {**READ, "value": dtype}), asked)


def test_more_copies_of_one_interval_and_more_rows_of_no_meter_than_sums_of_powers_hold(on: Spark, tmp_path: Path) -> None:
    """Spark refuses sums that leave 64 bits."""
    asked = Asked(table(), "2023-02", {("m1",): Meter()})
    start, _ = asked.bounds
    meters = pa.array(["m1"] * 70_000 + [None] * 70_000)
    times = pa.array([start + 47 * HOUR] * 140_000).cast(INSTANT)
    (tmp_path / "meters" / "month=2023-02").mkdir(parents=True)
    pa.parquet.write_table(pa.table({"meter_id": meters, "time": times, "value": pa.array([10**12 - 1] * 140_000)}), tmp_path / "meters" / "month=2023-02" / "a.parquet")

    found = told(same_on_all(on, tmp_path / "meters", asked))

    assert found.meters == {("m1",): (70_000, 1, 10**12 - 1, 0, 0, 10**12 - 1), ("",): (70_000, 0, 0, 0, 0, None)}


def test_columns_without_a_type_names_of_any_letters_and_files_of_several_types(on: Spark, tmp_path: Path) -> None:
    types = {**READ, "quality": pa.null()}
    called = {"meter": 'm."`x', "time": "the time", "value": "値", "quality": "rel"}
    asked = Asked(table(columns={"meter_id": called["meter"], "time": called["time"], "value": called["value"], "quality": "rel"}, estimated=["7"]), "2023-02", {("1",): Meter()})
    rows = whole_month(asked, 1)
    place = tmp_path / "a [b] *{c}, d" / "meters"
    write(place / "month=2023-02" / "a?.parquet", rows[:300], {**types, "meter": pa.int64(), "value": pa.int16()}, called)
    write(place / "month=2023-02" / "电.parquet", [replace(row, meter="1", quality="7") for row in rows[300:]], {**types, "quality": pa.dictionary(pa.int8(), pa.string())}, called)
    write(place / "month=2023-02" / "ab.parquet", [], {**types, "site": pa.string()}, called | {"site": "site"})

    assert told(same_on_all(on, place, asked)).meters == {("1",): (672, 672, 672, 372, 372, 1)}


def test_a_file_that_spark_cannot_name_is_refused_in_words(on: Spark, tmp_path: Path) -> None:
    asked = Asked(table(), "2023-02", {("m1",): Meter()})
    write(tmp_path / "meters" / "month=2023-02" / "2023-02-01T00:00:00.parquet", whole_month(asked), READ)

    with pytest.raises(InputProblem, match="Spark reads no file with a colon in its path"):
        interval.rolled(on, task_of(tmp_path / "meters", asked))


def test_counters_that_roll_over_slip_fall_and_are_exchanged(on: Spark, tmp_path: Path) -> None:
    types = {**READ, "device": pa.string()}
    asked = Asked(table(form="register", columns=columns_of(types)), "2023-02", {("m1",): Meter(around=1000), ("m2",): Meter(), ("m3",): Meter(feeds_back=True)})
    start, _ = asked.bounds
    lines = {("m1", "a"): [990, 996, 4, 900, 9], ("m1", "b"): [5, 6], ("m2", None): [100, 120, 5, 8, 3, 9, 2], ("m3", ""): [5, -5, 7]}
    rows = [Row(meter, start + place * HOUR, value, device=device, folder="2023-02") for (meter, device), values in lines.items() for place, value in enumerate(values)]

    found = same_on_all(on, folders(tmp_path / "meters", rows, types), asked)

    assert told(found) == told(naive.counted(rows, asked))


def test_a_month_without_rows(on: Spark, tmp_path: Path) -> None:
    asked = Asked(table(), "2023-02", {("m1",): Meter()})
    write(tmp_path / "meters" / "month=2023-02" / "a.parquet", [], READ)

    assert [frame.height for frame in frames(same_on_all(on, tmp_path / "meters", asked))] == [0, 0, 0, 0]


def test_spark_elsewhere_says_the_same(spark_connect: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """Through Spark Connect, as a cluster is reached."""
    asked, rows = troubled()
    types = {**PLAIN, "time": WALL, "value": pa.float64()}
    del types["summer"], types["device"]

    found = same_on_all(Spark(spark_connect), folders(tmp_path / "meters", rows, types), asked)

    assert told(found) == told(naive.rolled(rows, asked))
