"""Delta tables of readings: read by their log, at the version that is pinned, by month, and refused where rows are gone that their files still hold."""

import builtins
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.metered_scenario import HOURLY, Way, frame, hours, put, quantities, quarter, refusals, tables, way

deltalake = pytest.importorskip("deltalake")


def with_month(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pl.col("time").dt.convert_time_zone("Asia/Shanghai").dt.strftime("%Y-%m").alias("month"))


@pytest.fixture
def power(tmp_path: Path) -> Way:
    """Three months of E1 in a table whose second version has another February."""
    found = way(tmp_path, power=HOURLY)
    deltalake.write_deltalake(place(found), with_month(frame(quarter("E1"))), partition_by=["month"])
    february = with_month(frame(hours("E1", "2023-02-01", 28, 5)))
    deltalake.write_deltalake(place(found), february, mode="overwrite", predicate="month = '2023-02'")
    return found


def place(found: Way) -> Path:
    return found.root / "data/raw/readings/power"


def test_the_newest_version_counts_and_what_it_left_behind_does_not(power: Way) -> None:
    rolled = power.rolled()
    read = power.ingested(rolled)

    assert quantities(read) == {("E1", "2023-01-01", "2023-01-31"): 744, ("E1", "2023-02-01", "2023-02-28"): 3360, ("E1", "2023-03-01", "2023-03-31"): 744}
    assert set(read.files.filter(pl.col("encoding") == "parquet")["status"]) == {"read"}
    assert read.files.filter(pl.col("encoding") == "parquet").height == 3
    assert read.files.filter(pl.col("status") == "ignored").height == 1  # The February of the first version.


def test_a_version_is_pinned_and_only_its_month_is_another(power: Way) -> None:
    power.rolled()
    tables(power.root, power=HOURLY | {"version": 0})
    found = power.rolled()

    assert quantities(power.ingested(found))["E1", "2023-02-01", "2023-02-28"] == 672
    assert len(power.computed) == 3  # The version is a part of what the format says.


def test_an_appended_month_is_computed_alone(power: Way) -> None:
    power.rolled()
    deltalake.write_deltalake(place(power), with_month(frame(hours("E1", "2023-04-01", 30))), mode="append")
    power.rolled()

    assert power.computed == [("power", "2023-04")]


def test_rows_that_were_deleted_do_not_count(power: Way) -> None:
    deltalake.DeltaTable(place(power)).delete("month = '2023-03'")

    assert {first for _, first, _ in quantities(power.ingested())} == {"2023-01-01", "2023-02-01"}


def test_a_table_in_no_folders_of_months(tmp_path: Path) -> None:
    found = way(tmp_path, power=HOURLY)
    deltalake.write_deltalake(place(found), frame(quarter("E1")))

    assert quantities(found.ingested()) == {("E1", "2023-01-01", "2023-01-31"): 744, ("E1", "2023-02-01", "2023-02-28"): 672, ("E1", "2023-03-01", "2023-03-31"): 744}


def test_rows_that_are_deleted_by_vectors_would_count_so_the_table_is_refused(power: Way) -> None:
    log = place(power) / "_delta_log" / "00000000000000000002.json"
    protocol = {"protocol": {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["deletionVectors"], "writerFeatures": ["deletionVectors"]}}
    log.write_text(json.dumps(protocol) + "\n")
    read = power.ingested()

    assert refusals(read) == {"readings/power": "electricity_purchased"}
    assert "deletion vectors" in read.rejected["message"].item()


@pytest.mark.parametrize(("wrong", "said"), [("no such version", "The Delta table cannot be read"), ("a log that is none", "The Delta table cannot be read"), ("a file that is gone", "month=2023-01")])
def test_a_table_that_is_not_whole_is_stopped(power: Way, wrong: str, said: str) -> None:
    if wrong == "no such version":
        tables(power.root, power=HOURLY | {"version": 99})
    elif wrong == "a log that is none":
        (place(power) / "_delta_log" / "00000000000000000001.json").write_text("{")
    else:
        next(place(power).glob("month=2023-01/*.parquet")).unlink()
    read = power.ingested()

    assert refusals(read) == {"readings/power": "electricity_purchased"}
    assert said in read.rejected["message"].item()


def test_without_the_package_it_says_what_to_install_and_the_rest_goes_on(power: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    tables(power.root, power=HOURLY, water=HOURLY | {"path": "water.parquet", "measure": "water_tap", "unit": "m3"})
    put(power.root, "water.parquet", b"")
    frame(hours("W1", "2023-01-01", 31)).write_parquet(power.root / "data/raw/readings/water.parquet")
    imported = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:  # noqa: ANN401
        if name.startswith("deltalake"):
            raise ImportError(name)
        return imported(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    read = power.ingested()

    assert refusals(read) == {"readings/power": "electricity_purchased"}
    assert "Install esg-kpis[delta]" in read.rejected["message"].item()
    assert quantities(read) == {("W1", "2023-01-01", "2023-01-31"): 744}
