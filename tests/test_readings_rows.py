"""One meter row by row: written apart from the roll-up, and the same in every count and sum; and the command that shows it."""

import json
import shutil
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from esg_kpis.errors import InputProblem
from esg_kpis.ingest import registered_meters
from esg_kpis.readings.declared import tables_of
from esg_kpis.readings.engines import Polars
from esg_kpis.readings.found import files_of
from esg_kpis.readings.monthly import computed
from esg_kpis.readings.rows import rows_of
from esg_kpis.readings.rules import CODE, RULES
from esg_kpis.readings.tables import Source, task_of
from esg_kpis.workspace import open_workspace
from tests.command_line import Done, esg_kpis_in

EXAMPLE = Path(__file__).parent.parent / "examples" / "interval-meters"
KNOWN_ON = date(2026, 1, 31)


def answered(*words: str) -> Done:
    return esg_kpis_in(Path(__file__).parent, *words)


NAMES = {CODE[rule.name]: rule.name for rule in RULES}


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Source, pl.DataFrame, Path]]:
    workspace = open_workspace(EXAMPLE, tmp_path_factory.mktemp("out"))
    meters = registered_meters(workspace)
    return [(Source(place, table, files_of(place, table, workspace.readings)), meters, workspace.raw) for place, table in tables_of(workspace.raw)[0]]


@pytest.mark.parametrize("number", range(3))
def test_row_by_row_every_month_of_every_meter_is_what_the_roll_up_made_of_it(sources: list[tuple[Source, pl.DataFrame, Path]], tmp_path: Path, number: int) -> None:
    source, meters, raw = sources[number]
    compared = 0
    for month in source.by_month:
        task = task_of(source, month, meters, KNOWN_ON, KNOWN_ON)
        frames = computed(Polars(tmp_path), task, raw)
        for meter, sent in frames["meters"].select("meter_id", "rows").iter_rows():
            rows = rows_of(task, {"meter_id": meter}, raw)
            refused = {NAMES[code]: count for code, count in frames["refused"].filter(pl.col("meter_id") == meter).select("code", "rows").iter_rows()}
            used = rows.filter(pl.col("fate") == "used")

            assert rows.height == sent
            assert dict(rows.filter(pl.col("rule") != "").group_by("rule").len().iter_rows()) == refused
            if source.table.form == "interval":
                fact = frames["meters"].filter(pl.col("meter_id") == meter).row(0, named=True)
                assert (used.height, used["counted"].sum(), used["estimated"].sum(), used.filter("estimated")["counted"].sum()) == (fact["used"], fact["total"], fact["estimated"], fact["estimated_total"])
            else:
                counters = frames["counters"].filter(pl.col("meter_id") == meter)
                assert (used.height, used["counted"].sum()) == (counters["used"].sum(), counters["total"].sum())
            compared += 1
    assert compared >= 3


def test_a_meter_without_rows_is_told(sources: list[tuple[Source, pl.DataFrame, Path]]) -> None:
    source, meters, raw = sources[0]
    task = task_of(source, next(iter(source.by_month)), meters, KNOWN_ON, KNOWN_ON)

    with pytest.raises(InputProblem, match="There are no rows of nobody"):
        rows_of(task, {"meter_id": "nobody"}, raw)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example that was run, so that a file of it may be changed."""
    root = tmp_path_factory.mktemp("readings") / "workspace"
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns("out", ".dagster"))
    assert answered("--root", str(root), "run", "--no-report").returncode == 0
    return root


def test_months_are_listed_and_those_of_one_meter(workspace: Path) -> None:
    every = json.loads(answered("--root", str(workspace), "readings", "--json").stdout)
    one = json.loads(answered("--root", str(workspace), "readings", "GD-E1", "--json").stdout)

    assert {(row["reading_table"], row["month"]) for row in every} >= {("quarter-hours", "2023-10"), ("berlin", "2023-10"), ("heat", "2023-12")}
    assert [row["month"] for row in one] == ["2023-10", "2023-11", "2023-12"]
    assert "quarter-hours" in answered("--root", str(workspace), "readings").stdout


def test_the_rows_of_a_month_add_up_to_its_line(workspace: Path) -> None:
    walk = json.loads(answered("--root", str(workspace), "readings", "GD-E1", "--month", "2023-10", "--json").stdout)

    assert sum(int(row["counted"]) for row in walk["rows"] if row["fate"] == "used") == 86_965_306 == sum(int(line["quantity"]) for line in walk["lines"])
    assert sum(int(day["counted"]) for day in walk["days"]) == 86_965_306
    assert {row["rule"] for row in walk["rows"] if row["fate"] == "rejected"} == {"too_large", "negative", "off_grid", "conflict"}
    shown = answered("--root", str(workspace), "readings", "GD-E1", "--month", "2023-10").stdout
    assert "readings/quarter-hours/2023-10.rolled.csv, line 4" in shown
    assert "rejected: too_large" in shown


def test_each_row_of_a_day_is_shown_with_its_place(workspace: Path) -> None:
    walk = json.loads(answered("--root", str(workspace), "readings", "GD-E1", "--day", "2023-10-25", "--json").stdout)

    assert len(walk["rows"]) == 96
    assert {row["path"] for row in walk["rows"]} == {"readings/quarter-hours/month=2023-10/readings.parquet"}
    assert "and 93 more: --rows 0" in answered("--root", str(workspace), "readings", "GD-E1", "--day", "2023-10-25", "--rows", "3").stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("GD-E9",), "no readings of 'GD-E9'"), (("GD-E1", "--table", "quarters"), "no readings of 'quarters'"), (("GD-E1", "--month", "2022-01"), "no readings of GD-E1 in 2022-01"),
        (("GD-E1", "--day", "2023-10-99"), "is no date"), (("GD-E1", "--month", "2023-10", "--site", "X"), "no readings of 'X'"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_named(workspace: Path, words: tuple[str, ...], told: str) -> None:
    found = answered("--root", str(workspace), "readings", *words)

    assert found.returncode == 2
    assert told in found.stderr


def test_rows_are_judged_by_the_register_of_the_run(workspace: Path) -> None:
    """By a register in which BJ-H1 is not read before 11 December, ten rows would be `not_read_then`."""
    asked = ("--root", str(workspace), "readings", "BJ-H1", "--month", "2023-12", "--json")
    path = workspace / "data" / "raw" / "meters" / "meters.csv"
    before = path.read_text(encoding="utf-8")
    walk = json.loads(answered(*asked).stdout)
    path.write_text(before.replace("2023-11-01,", "2023-12-11,"), encoding="utf-8")
    try:
        changed = json.loads(answered(*asked).stdout)
    finally:
        path.write_text(before, encoding="utf-8")

    assert before.count("BJ-H1,,4,,2023-11-01,") == 1
    assert changed == walk


def test_a_file_that_is_no_longer_that_of_the_run_is_refused(workspace: Path) -> None:
    path = workspace / "data" / "raw" / "readings" / "heat.csv"
    before = path.read_bytes()
    path.write_bytes(before + b"\n")
    try:
        found = answered("--root", str(workspace), "readings", "BJ-H1", "--month", "2023-12")
    finally:
        path.write_bytes(before)

    assert found.returncode == 1
    assert "no longer the one that the last run read" in found.stderr
