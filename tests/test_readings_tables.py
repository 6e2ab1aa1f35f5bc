"""Which months a table has, which of them tells of which rows, and what is kept of them when a file is replaced meanwhile."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from esg_kpis.readings import monthly, rolled
from esg_kpis.readings.declared import ReadingTable
from esg_kpis.readings.engines import Polars
from esg_kpis.readings.found import files_of
from esg_kpis.readings.monthly import computed
from esg_kpis.readings.rolled import Dates, roll_up
from esg_kpis.readings.rules import CODE, RULES
from esg_kpis.readings.tables import Source, task_of
from esg_kpis.workspace import Workspace
from tests.readings_naive import Row
from tests.readings_scenario import HOUR, PLAIN, WALL, table, write

READ = {name: PLAIN[name] for name in ("meter", "time", "value")}
KNOWN_ON = date(2026, 1, 31)
NAMES = {CODE[rule.name]: rule.name for rule in RULES}
METERS = pl.DataFrame(
    {"site_id": ["s"], "meter_id": ["m1"], "measure": ["electricity_purchased"], "net_metering": [False], "digits": [None], "valid_from": [None], "valid_to": [None]},
    schema_overrides={"digits": pl.Int64(), "valid_from": pl.Date(), "valid_to": pl.Date()},
)


def at(*parts: int) -> int:
    return (datetime(*parts, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // (datetime.resolution)  # type: ignore[arg-type,misc]


def source(place: Path, files: Sequence[Sequence[Row]], declared: ReadingTable, **types: pa.DataType) -> Source:
    """A table of files that lie in no folders of months."""
    for number, rows in enumerate(files):
        write(place / f"{number}.parquet", rows, {**READ, **types})
    return Source(place, declared, files_of(place, declared, place.parent / "work"))


def fates(found: Source, tmp_path: Path) -> dict[str, dict[str, int]]:
    """By month, how many rows were used, and how many met which rule."""
    told = {}
    for month in found.by_month:
        frames = computed(Polars(tmp_path), task_of(found, month, METERS, KNOWN_ON, KNOWN_ON), tmp_path)
        refused = {NAMES[code]: rows for code, rows in frames["refused"].group_by("code").agg(pl.col("rows").sum()).iter_rows()}
        told[month] = {name: rows for name, rows in ({"used": frames["meters"]["used"].sum()} | refused).items() if rows}
    return told


def hours(start: int, count: int) -> list[Row]:
    return [Row("m1", start + place * HOUR, 1) for place in range(count)]


def test_rows_without_a_time_are_told_with_the_first_month_of_their_own_file(tmp_path: Path) -> None:
    """Not with that of the table, which has other files."""
    files = [hours(at(2023, 1, 2), 20), [*hours(at(2023, 2, 3), 20), Row("m1", None, 1)], [*hours(at(2023, 3, 3), 5), Row("m1", None, 1), Row("m1", None, 1)]]

    assert fates(source(tmp_path / "meters", files, table()), tmp_path) == {"2023-01": {"used": 20}, "2023-02": {"used": 20, "time_missing": 1}, "2023-03": {"used": 5, "time_missing": 2}}


def test_a_file_in_which_no_row_has_a_time_is_told_with_the_first_month_of_the_others(tmp_path: Path) -> None:
    files = [[Row("m1", None, 1)] * 3, hours(at(2023, 2, 3), 20)]

    assert fates(source(tmp_path / "meters", files, table()), tmp_path) == {"2023-02": {"used": 20, "time_missing": 3}}


def test_a_wrong_year_makes_one_month_more_and_none_between(tmp_path: Path) -> None:
    """A clock that was reset says 1970, a slip 2052; what lies before 1970 and after 2199 is no time."""
    odd = [Row("m1", moment, 1) for moment in (at(1970, 1, 1, 5), at(2052, 6, 1), at(9999, 1, 1), at(1923, 1, 1), 2**63 - 1, -(2**63) + 1)]
    files = [[*hours(at(2023, 1, 2), 20), *odd], hours(at(2023, 2, 2), 4)]

    assert fates(source(tmp_path / "meters", files, table()), tmp_path) == {"1970-01": {"used": 1, "time_missing": 4}, "2023-01": {"used": 20}, "2023-02": {"used": 4}, "2052-06": {"future": 1}}


@pytest.mark.parametrize("stamp", ["start", "end"])
def test_an_hour_that_never_was_at_the_edge_of_a_month_is_told(tmp_path: Path, stamp: str) -> None:
    """In Asuncion the clock went from midnight to one o'clock as October 2023 began."""
    declared = table(time_zone="America/Asuncion", clock="local", stamp=stamp, interval_minutes=15)
    walls = [at(2023, 10, 1) + quarter * HOUR // 4 for quarter in range(1 if stamp == "end" else 0, 8)]
    found = source(tmp_path / "meters", [[Row("m1", wall, 1) for wall in walls]], declared, time=WALL)

    told = fates(found, tmp_path)

    assert sum(sum(month.values()) for month in told.values()) == len(walls)
    assert sum(month.get("time_never", 0) for month in told.values()) == (3 if stamp == "end" else 4)


def test_a_day_of_23_hours_that_is_told_by_its_end_is_of_the_month_that_it_begins_in(tmp_path: Path) -> None:
    """The first of October 2023 in Sydney, alone in its file."""
    declared = table(time_zone="Australia/Sydney", stamp="end", interval_minutes=1440)

    assert fates(source(tmp_path / "meters", [[Row("m1", at(2023, 10, 1, 13), 1)]], declared), tmp_path) == {"2023-10": {"used": 1}}


def test_the_knowledge_date_goes_by_the_clock_of_the_files_that_have_one(tmp_path: Path) -> None:
    """The first file says nowhere when a row became known, so that its column has no type."""
    declared = table(columns={"received": "received"})
    for number, (received, dtype) in enumerate(((None, pa.null()), (at(2026, 1, 31, 18), WALL))):
        write(tmp_path / "meters" / f"{number}.parquet", [Row("m1", at(2023, 1, 2) + number * HOUR, 1, received=received)], {**READ, "received": dtype})

    assert fates(Source(tmp_path / "meters", declared, files_of(tmp_path / "meters", declared, tmp_path / "work")), tmp_path) == {"2023-01": {"used": 2}}


# ---------------------------------------------------------------- what is kept


def workspace(tmp_path: Path) -> Workspace:
    """Two months of one meter, in folders."""
    space = Workspace(tmp_path / "space", tmp_path / "out")
    home = space.raw / "readings"
    for month, start in (("2023-01", at(2022, 12, 31, 16)), ("2023-02", at(2023, 1, 31, 16))):
        write(home / "meters" / f"month={month}" / "part.parquet", hours(start, 672), READ)
    (home / "_format.toml").write_text(
        '[[table]]\nname = "meters"\npath = "meters"\nmeasure = "electricity_purchased"\nunit = "kWh"\ntime_zone = "Asia/Shanghai"\ninterval_minutes = 60\n', encoding="utf-8"
    )
    return space


def quantities(space: Workspace) -> list[int]:
    found = roll_up(space, METERS, Dates(KNOWN_ON, KNOWN_ON))
    return [int(quantity) for quantity in found.months.sort("month")["quantity"]]


@pytest.mark.parametrize("when", ["before", "while"])
def test_of_a_file_that_is_replaced_during_the_roll_up_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    space = workspace(tmp_path)
    path = space.raw / "readings" / "meters" / "month=2023-02" / "part.parquet"
    name = "key_of" if when == "before" else "computed"
    own = getattr(monthly, name)

    def replaced(*given: object) -> object:
        found = own(*given)
        if path.exists():
            write(path.with_name("new"), [Row("m1", at(2023, 1, 31, 16) + place * HOUR, 7) for place in range(672)], READ).replace(path)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(rolled.monthly, name, replaced)
        files = roll_up(space, METERS, Dates(KNOWN_ON, KNOWN_ON)).metered.files
        assert [row["problem"] for row in files if "changed while" in str(row.get("problem"))]

    assert quantities(space) == [672, 4704]


def test_what_is_kept_of_a_month_counts_only_as_the_bytes_that_were_kept(tmp_path: Path) -> None:
    space = workspace(tmp_path)
    before = quantities(space)
    [place] = (space.readings / "meters" / "2023-01").glob("*/meters.parquet")
    pl.read_parquet(place).with_columns(pl.col("total") * 2).write_parquet(place)

    assert quantities(space) == before == [672, 672]
    assert sorted(json.loads((place.parent / "whole").read_text(encoding="utf-8"))) == sorted(path.stem for path in place.parent.glob("*.parquet"))


def test_nothing_is_expected_after_the_last_day_that_data_may_be_about(tmp_path: Path) -> None:
    space = workspace(tmp_path)

    found = roll_up(space, METERS, Dates(KNOWN_ON, date(2023, 2, 10))).months.sort("month")

    assert found["expected"].to_list() == [744, 240]
    assert found["missing"].to_list() == [72, 0]
