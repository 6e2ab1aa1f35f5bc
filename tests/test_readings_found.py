"""What lies in a table of readings: its files, their columns, and what their statistics rule out."""

import os
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from esg_kpis.errors import InputProblem
from esg_kpis.readings.declared import ReadingTable
from esg_kpis.readings.found import Range, content_of, files_of, merged, month_of_path
from esg_kpis.readings.judged import clean
from tests.readings_naive import Asked, Meter, Row
from tests.readings_scenario import INSTANT, PLAIN, WALL, roll, table, task_of, whole_month, write

READ = {name: PLAIN[name] for name in ("meter", "time", "value")}
ROW = Row("m1", 1_700_000_000_000_000, 5)


def refusal(place: Path, told: ReadingTable) -> str:
    with pytest.raises(InputProblem) as caught:
        files_of(place, told, place.parent / "work")
    return str(caught.value)


def range_of(values: pa.Array, ours: str = "value", **said: Any) -> Callable[[Path], Range | None]:  # noqa: ANN401
    def of(path: Path) -> Range | None:
        columns = {"meter_id": pa.array(["m"] * len(values)), "time": pa.array([0] * len(values)).cast(INSTANT), "value": pa.array([1] * len(values))}
        pq.write_table(pa.table({**columns, {"meter": "meter_id"}.get(ours, ours): values}), path, row_group_size=2)
        return content_of(path, table(**said)).ranges[{"meter": "meter_id"}.get(ours, ours)]

    return of


@pytest.mark.parametrize(
    ("path", "month"),
    [
        ("meters/month=2023-05/a.parquet", "2023-05"), ("month=2023-05/site=x/a.parquet", "2023-05"), ("year=2023/month=5/a.parquet", "2023-05"),
        ("year=2023/month=05/day=1/a.parquet", "2023-05"), ("year=2023/site=x/month=12/a.parquet", "2023-12"), ("meters/a.parquet", ""), ("meters/month=may/a.parquet", ""),
        ("mymonth=2023-05/a.parquet", ""), ("meters/month=2023-05.parquet", ""),
    ],
)  # fmt: skip
def test_a_path_names_its_month(path: str, month: str) -> None:
    assert month_of_path(path) == month


def test_files_are_found_in_the_order_of_their_paths_with_their_months(tmp_path: Path) -> None:
    for name in ("month=2023-02/b", "month=2023-02/a", "month=2023-01/z"):
        write(tmp_path / "meters" / f"{name}.parquet", [ROW], READ)

    files = files_of(tmp_path / "meters", table(), tmp_path / "work")

    assert [(file.path.name, file.month, file.content.rows) for file in files] == [("z.parquet", "2023-01", 1), ("a.parquet", "2023-02", 1), ("b.parquet", "2023-02", 1)]


def test_what_spark_has_not_finished_or_set_aside_is_no_data(tmp_path: Path) -> None:
    write(tmp_path / "meters" / "a.parquet", [ROW], READ)
    for name in ("_temporary/0/part.parquet", ".staging/part.parquet", "_a.parquet", ".a.parquet.crc.parquet"):
        (tmp_path / "meters" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "meters" / name).write_bytes(b"half a file")

    assert [file.path.name for file in files_of(tmp_path / "meters", table(), tmp_path / "work")] == ["a.parquet"]


def test_a_table_below_a_folder_that_begins_so_is_data_all_the_same(tmp_path: Path) -> None:
    write(tmp_path / "_in" / "meters" / "a.parquet", [ROW], READ)

    assert len(files_of(tmp_path / "_in" / "meters", table(), tmp_path / "work")) == 1


def test_a_table_may_be_one_file(tmp_path: Path) -> None:
    path = write(tmp_path / "meters.parquet", [ROW], READ)

    assert [file.path for file in files_of(path, table(), tmp_path / "work")] == [path]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"meter_id,time,value\n", b"PAR1" + b"\x00" * 50 + b"PAR1"])
def test_a_file_that_is_no_parquet_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "readings").mkdir()
    (tmp_path / "readings" / "a.parquet").write_bytes(content)

    assert refusal(tmp_path / "readings", table()).startswith("readings/a.parquet: It is no Parquet file, or not whole")


def test_a_folder_of_the_name_of_a_file_is_named_for_what_it_is(tmp_path: Path) -> None:
    write(tmp_path / "readings" / "x.parquet" / "part-0.parquet", [ROW], READ)

    assert refusal(tmp_path / "readings", table()).startswith("readings/x.parquet: It is a folder that is named like a file. Give it")
    assert len(files_of(tmp_path / "readings" / "x.parquet", table(), tmp_path / "work")) == 1


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "readings").mkdir()
    os.mkfifo(tmp_path / "readings" / "x.parquet")

    assert refusal(tmp_path / "readings", table()).startswith("readings/x.parquet: It is no file.")


def test_a_backslash_and_a_bracket_in_a_path_are_refused_by_duckdb_in_words(tmp_path: Path) -> None:
    asked = Asked(table(), "2023-02", {("m1",): Meter()})
    write(tmp_path / "meters" / "month=2023-02" / "a\\b[c].parquet", whole_month(asked), READ)

    assert roll("polars", tmp_path / "meters", asked).meters["used"].to_list() == [672]
    with pytest.raises(InputProblem, match="DuckDB reads no file with a backslash"):
        roll("duckdb", tmp_path / "meters", asked)


def test_a_file_cut_short_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "readings" / "a.parquet", [ROW] * 100, READ)
    path.write_bytes(path.read_bytes()[:-20])

    assert "It is no Parquet file, or not whole" in refusal(tmp_path / "readings", table())


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="whoever runs the tests may read everything")
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "readings" / "a.parquet", [ROW], READ)
    path.chmod(0)

    assert "It is no Parquet file" in refusal(tmp_path / "readings", table())


def test_a_column_that_lacks_is_named_with_what_is_near(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", [ROW], READ)

    assert refusal(tmp_path, table(columns={"value": "valeu"})) == "a.parquet: It has no column 'valeu' for `value`. Did you mean 'value'? Name the sender's column under `columns` in _format.toml."


@pytest.mark.parametrize("names", [("kWh", "KWH"), ("kWh", "kWh")])
def test_columns_that_engines_cannot_tell_apart_are_refused(tmp_path: Path, names: tuple[str, str]) -> None:
    """DuckDB would read the first for the second, without a word."""
    columns = [pa.array(["m"]), pa.array([0]).cast(INSTANT), pa.array([1]), pa.array([2])]
    pq.write_table(pa.Table.from_arrays(columns, names=["meter_id", "time", *names]), tmp_path / "a.parquet")

    assert "cannot be told apart" in refusal(tmp_path, table(columns={"value": names[1]}))


@pytest.mark.parametrize(
    ("ours", "dtype", "wanted"),
    [
        ("meter", pa.float64(), "text or whole numbers"), ("meter", pa.binary(), "text or whole numbers"), ("meter", pa.decimal128(9, 0), "text or whole numbers"), ("time", pa.string(), "a timestamp"),
        ("time", pa.int64(), "a timestamp"), ("time", pa.date32(), "a timestamp"), ("value", pa.string(), "a number"), ("value", pa.uint64(), "a number"), ("value", pa.float16(), "a number"),
        ("value", pa.bool_(), "a number"), ("value", pa.decimal256(40, 0), "a number"), ("value", pa.struct([("x", pa.int64())]), "a number"), ("quality", pa.float64(), "text or whole numbers"), ("received", pa.string(), "a timestamp or date"),
        ("device", pa.timestamp("us"), "text or whole numbers"),
    ],
    ids=str,
)  # fmt: skip
def test_a_column_of_a_kind_that_cannot_be_read_exactly_is_refused(tmp_path: Path, ours: str, dtype: pa.DataType, wanted: str) -> None:
    called = {"meter": "meter_id"}.get(ours, ours)
    columns = {"meter_id": pa.array(["m"]), "time": pa.array([0]).cast(INSTANT), "value": pa.array([1]), called: pa.array([None], dtype)}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    told = table(form="register", columns={called: called})

    assert f"Its column '{called}' is of type {dtype}, and `{called}` is {wanted}." in refusal(tmp_path, told)


def test_times_with_a_zone_and_without_must_be_what_the_format_says(tmp_path: Path) -> None:
    write(tmp_path / "zoned" / "a.parquet", [ROW], READ)
    write(tmp_path / "bare" / "a.parquet", [ROW], {**READ, "time": WALL})

    assert "Its times have a zone" in refusal(tmp_path / "zoned", table(clock="local"))
    assert "Its times have a zone" in refusal(tmp_path / "zoned", table(clock="+00:00"))
    assert "Its times have no zone" in refusal(tmp_path / "bare", table())
    assert len(files_of(tmp_path / "bare", table(clock="+00:00"), tmp_path / "work")) == 1


def test_decimals_beyond_those_declared_are_refused_before_a_row_is_read(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", [ROW], {**READ, "value": pa.decimal128(9, 3)})

    assert "Its values have 3 decimals, and the format declares 2. Write decimals = 3" in refusal(tmp_path, table(decimals=2))


@pytest.mark.parametrize(("first", "second", "ours"), [(pa.int64(), pa.float64(), "value"), (pa.decimal128(9, 1), pa.decimal128(9, 2), "value"), (pa.timestamp("ns", "UTC"), INSTANT, "time")], ids=str)
def test_files_of_other_types_are_refused_with_both_names(tmp_path: Path, first: pa.DataType, second: pa.DataType, ours: str) -> None:
    write(tmp_path / "readings" / "a.parquet", [ROW], {**READ, ours: first})
    write(tmp_path / "readings" / "b.parquet", [ROW], {**READ, ours: second})

    assert refusal(tmp_path / "readings", table(decimals=2)).startswith(f"readings/b.parquet: Its column '{ours}' is of type {second}, and that of readings/a.parquet of type {first}.")


def test_a_file_without_rows_may_have_any_types_and_one_of_nulls_has_none(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", [], {**READ, "value": pa.float64()})
    write(tmp_path / "b.parquet", [ROW], READ)
    write(tmp_path / "c.parquet", [Row("m1", None, None)], dict.fromkeys(READ, pa.null()) | {"meter": pa.string()})

    assert [file.content.rows for file in files_of(tmp_path, table(), tmp_path / "work")] == [0, 1, 1]


@pytest.mark.parametrize("folder", ["month=2023-13", "month=2023-00", "year=2023/month=13", "month=0001-01", "month=9999-12"])
def test_a_folder_of_a_month_that_is_none_is_named(tmp_path: Path, folder: str) -> None:
    write(tmp_path / "readings" / folder / "a.parquet", [ROW], READ)

    assert refusal(tmp_path / "readings", table()).startswith(f"readings/{folder}/a.parquet: There is no month")


def test_some_files_in_folders_of_months_and_some_not_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "month=2023-02" / "a.parquet", [ROW], READ)
    write(tmp_path / "b.parquet", [ROW], READ)

    assert "Some files lie in folders of months and some do not" in refusal(tmp_path, table())


@pytest.mark.parametrize(
    ("values", "least", "most"),
    [
        (pa.array([3, 1, None, 2]), 1, 3), (pa.array([Decimal("1.5"), Decimal("-2.5"), None], pa.decimal128(38, 1)), Decimal("-2.5"), Decimal("1.5")),
        (pa.array([Decimal("1.5"), Decimal("-2.5"), None], pa.decimal128(5, 1)), Decimal("-2.5"), Decimal("1.5")), (pa.array([2**32 - 1, 0, None], pa.uint32()), 0, 2**32 - 1),
        (pa.array([1.5, None, -2.5]), -2.5, 1.5),
    ],
    ids=lambda item: str(item.type) if isinstance(item, pa.Array) else str(item),
)  # fmt: skip
def test_ranges_are_those_of_the_values(tmp_path: Path, values: pa.Array, least: object, most: object) -> None:
    assert range_of(values, decimals=1)(tmp_path / "a.parquet") == Range(least, most, nulls=True)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai"])
def test_ranges_of_times_are_in_microseconds_whatever_their_ticks(tmp_path: Path, unit: str, zone: str) -> None:
    ticks = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    times = pa.array([5 * ticks, -7 * ticks, 1_700_000_000 * ticks], pa.int64()).cast(pa.timestamp(unit, zone))

    assert range_of(times, "time")(tmp_path / "a.parquet") == Range(-7_000_000, 1_700_000_000_000_000, nulls=False)


def test_ranges_of_times_beyond_the_calendar_of_python_and_within_a_microsecond_are_told(tmp_path: Path) -> None:
    far = pa.array([-(2**62), 2**62]).cast(INSTANT)
    fine = pa.array([1_700_000_000_000_001_999, 1_700_000_000_000_002_001]).cast(pa.timestamp("ns", "UTC"))

    assert range_of(far, "time")(tmp_path / "far.parquet") == Range(-(2**62), 2**62, nulls=False)
    assert range_of(fine, "time")(tmp_path / "fine.parquet") == Range(1_700_000_000_000_001, 1_700_000_000_000_002, nulls=False)


def test_a_column_of_nulls_has_no_range(tmp_path: Path) -> None:
    assert range_of(pa.array([None, None], pa.int64()))(tmp_path / "a.parquet") is None
    assert range_of(pa.nulls(2))(tmp_path / "b.parquet") is None


def test_one_row_group_without_statistics_leaves_a_file_without_a_range(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", [ROW] * 5, READ, write_statistics=["meter_id", "time"])

    ranges = content_of(path, table()).ranges

    assert ranges["value"] is None
    assert ranges["meter_id"] == Range("m1", "m1", nulls=False)


def test_the_statistics_of_duckdb_say_nothing_of_a_row_group_with_nan(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT 'm' AS meter_id, TIMESTAMPTZ '2023-01-01 00:00:00+00' AS time, unnest([1.0::DOUBLE, 'nan'::DOUBLE]) AS value) TO '{path}' (FORMAT parquet)")

    assert content_of(path, table()).ranges["value"] is None


def test_statistics_cut_short_hold_the_words_between_them(tmp_path: Path) -> None:
    """Polars cuts them after 64 bytes: 21 of these letters, and the last is raised."""
    names = ["電" * 40 + letter for letter in "ab"]
    frame = pl.DataFrame({"meter_id": names, "time": [0, 1], "value": [1, 2]}, schema_overrides={"time": pl.Datetime("us", "UTC")})
    frame.write_parquet(tmp_path / "a.parquet")

    found = content_of(tmp_path / "a.parquet", table()).ranges["meter_id"]

    assert found is not None
    assert found.least < names[0] < names[1] < found.most


def test_a_column_beside_a_nested_one_is_found_by_its_name(tmp_path: Path) -> None:
    """Statistics stand in the order of leaves, of which a nested column has several."""
    nested = pa.array([{"value": 1, "x": 2}] * 3)
    columns = {"nested": nested, "meter_id": pa.array(["m"] * 3), "time": pa.array([0] * 3).cast(INSTANT), "value": pa.array([7, 8, 9])}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")

    content = content_of(tmp_path / "a.parquet", table())

    assert content.ranges["value"] in (None, Range(7, 9, nulls=False))
    assert content.ranges["time"] in (None, Range(0, 0, nulls=False))


def test_ranges_of_several_files_are_told_together_or_not_at_all(tmp_path: Path) -> None:
    types = {**READ, "value": pa.int64()}
    for name, value in (("a", 5), ("b", 9), ("c", None)):
        write(tmp_path / f"{name}.parquet", [replace(ROW, value=value), replace(ROW, value=7)], types)
    write(tmp_path / "d.parquet", [], types)
    files = files_of(tmp_path, table(), tmp_path / "work")

    assert merged(files)["value"] == Range(5, 9, nulls=True)
    write(tmp_path / "e.parquet", [ROW], types, write_statistics=False)
    assert merged(files_of(tmp_path, table(), tmp_path / "work"))["value"] is None
    assert merged([]) == {}


def test_meters_told_as_numbers_in_one_file_and_as_words_in_another_have_no_range(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", [replace(ROW, meter=5)], {**READ, "meter": pa.int32()})
    write(tmp_path / "b.parquet", [ROW], READ)

    assert merged(files_of(tmp_path, table(), tmp_path / "work"))["meter_id"] is None


def test_a_month_is_clean_only_where_statistics_rule_every_rule_out(tmp_path: Path) -> None:
    asked = Asked(table(), "2023-02", {("m1",): Meter()})
    place = write(tmp_path / "meters" / "month=2023-02" / "a.parquet", whole_month(asked), READ).parent.parent

    assert clean(task_of(place, asked))
    for other in (table(months="stamp"), table(most="0.5"), table(decimals=9, most="0.9")):
        assert not clean(task_of(place, replace(asked, table=other)))
    write(place / "month=2023-02" / "b.parquet", whole_month(asked)[:1], READ, write_statistics=False)
    assert not clean(task_of(place, asked))



def delta(place: Path, values: list[int], **how: Any) -> None:  # noqa: ANN401
    deltalake = pytest.importorskip("deltalake", reason="Delta tables need esg-kpis[delta]")
    rows = [replace(ROW, value=value) for value in values]
    columns = {"meter_id": pa.array([row.meter for row in rows]), "time": pa.array([row.time for row in rows]).cast(INSTANT), "value": pa.array(values)}
    deltalake.write_deltalake(place, pa.table(columns), **how)


def test_of_a_delta_table_only_the_files_of_its_version_are_read(tmp_path: Path) -> None:
    place = tmp_path / "a table"
    delta(place, [1, 2])
    delta(place, [3], mode="append")
    delta(place, [4, 5, 6, 7], mode="overwrite")

    assert [sum(file.content.rows for file in files_of(place, table(version=version), tmp_path / "work")) for version in (0, 1, 2, None)] == [2, 3, 4, 4]
    assert all(file.path.exists() for file in files_of(place, table(), tmp_path / "work"))


def test_a_delta_table_may_be_parted_by_any_words(tmp_path: Path) -> None:
    """On disk the folders are written as in URLs, and the log tells them as in URLs once more."""
    deltalake = pytest.importorskip("deltalake", reason="Delta tables need esg-kpis[delta]")
    words = ["a b", "50 %", "电表", "x=y", "a/b"]
    columns = {"meter_id": pa.array(["m1"] * 5), "time": pa.array([0] * 5).cast(INSTANT), "value": pa.array([1] * 5), "site": words}
    deltalake.write_deltalake(tmp_path / "电 表", pa.table(columns), partition_by=["site"])

    assert sum(file.content.rows for file in files_of(tmp_path / "电 表", table(), tmp_path / "work")) == 5


def test_a_delta_table_whose_files_lie_elsewhere_is_refused(tmp_path: Path) -> None:
    """As a shallow clone's do."""
    delta(tmp_path / "meters", [1])
    log = tmp_path / "meters" / "_delta_log" / "00000000000000000000.json"
    log.write_text(log.read_text(encoding="utf-8").replace('"path":"part', f'"path":"file://{tmp_path}/part'), encoding="utf-8")

    assert "lies outside of its folder" in refusal(tmp_path / "meters", table())


def test_a_version_that_a_delta_table_does_not_have_is_named(tmp_path: Path) -> None:
    delta(tmp_path / "meters", [1])

    assert "The Delta table cannot be read" in refusal(tmp_path / "meters", table(version=9))


def test_a_delta_table_that_is_broken_is_named(tmp_path: Path) -> None:
    delta(tmp_path / "meters", [1])
    for log in (tmp_path / "meters" / "_delta_log").glob("*.json"):
        log.write_text("{broken", encoding="utf-8")

    assert "The Delta table cannot be read" in refusal(tmp_path / "meters", table())


def test_without_what_reads_delta_tables_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "meters" / "_delta_log").mkdir(parents=True)
    monkeypatch.setitem(__import__("sys").modules, "deltalake", None)

    assert "Install esg-kpis[delta]." in refusal(tmp_path / "meters", table())
