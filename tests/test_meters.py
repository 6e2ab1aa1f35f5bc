"""The register of meters: what it may say, and what becomes of its records."""

from pathlib import Path

import polars as pl
import pytest

from tests.ingest_scenario import csv_of, read_files, rejection

METER = {"site_id": "BJ-01", "measure": "electricity_purchased", "meter_id": "E1"}


def test_a_register_of_meters_is_read(tmp_path: Path) -> None:
    sub = METER | {"meter_id": "E2", "part_of": "E1", "digits": "6", "net_metering": "yes", "valid_from": "2023-01-01"}
    whole = {"site_id": "BJ-02", "measure": "water_tap"}
    read = read_files(tmp_path, {"meters/meters.csv": csv_of(METER, sub, whole)})

    assert read.rejected.is_empty()
    assert read.meters.select("site_id", "measure", "meter_id", "part_of", "digits", "net_metering", pl.col("valid_from").cast(pl.String)).rows() == [
        ("BJ-01", "electricity_purchased", "E1", None, None, False, None),
        ("BJ-01", "electricity_purchased", "E2", "E1", 6, True, "2023-01-01"),
        ("BJ-02", "water_tap", None, None, None, False, None),
    ]


@pytest.mark.parametrize(
    ("wrong", "rule", "expected"),
    [
        ({"site_id": "BJ-1"}, "unknown_site", "a site of the register. Did you mean 'BJ-01'"),
        ({"measure": "electricity"}, "measure", "a measure that is metered. Did you mean"),
        ({"measure": "floor_area"}, "measure", "a measure that is metered."),
        ({"part_of": "E9"}, "main_meter", "a main meter of the same site and measure in this register"),
        ({"part_of": "E1"}, "main_meter", "a main meter of the same site and measure in this register"),
        ({"part_of": "E9;E8"}, "main_meter", "a main meter of the same site and measure in this register; several are parted by ;"),
        ({"digits": "six"}, "digits", "a whole number from 1 to 12"),
        ({"net_metering": "ja"}, "vocabulary", "one of yes, no"),
        ({"valid_from": "2023-02-01", "valid_to": "2023-01-01"}, "period_reversed", "a last day on or after the first"),
    ],
)
def test_a_record_of_the_register_that_cannot_hold_is_rejected(tmp_path: Path, wrong: dict[str, str], rule: str, expected: str) -> None:
    told = rejection(read_files(tmp_path, {"meters/meters.csv": csv_of(METER | wrong)}))

    assert (told["rule"], told["line"]) == (rule, 2)
    assert told["expected"].startswith(expected)


def test_what_is_metered_is_held_back_by_a_register_that_cannot_be_read(tmp_path: Path) -> None:
    """Without it a sub-meter might be counted beside its main meter."""
    wrong = read_files(tmp_path / "a", {"meters/meters.csv": csv_of(METER | {"part_of": "E9"})})
    stopped = read_files(tmp_path / "b", {"meters/meters.csv": "site_id\nBJ-01\n"})

    assert wrong.rejected.select("site_id", "measures").row(0) == ("BJ-01", "electricity_purchased")
    assert {"electricity_purchased", "water_tap", "natural_gas"} <= set(stopped.rejected["measures"].item().split(";"))


def test_meters_that_lie_behind_each_other_are_rejected(tmp_path: Path) -> None:
    read = read_files(tmp_path, {"meters/meters.csv": csv_of(METER | {"part_of": "E2"}, METER | {"meter_id": "E2", "part_of": "E1"})})

    assert read.rejected["rule"].to_list() == ["main_meter", "main_meter"]


def test_a_main_meter_is_found_in_another_spelling(tmp_path: Path) -> None:
    read = read_files(tmp_path, {"meters/meters.csv": csv_of(METER, METER | {"meter_id": "E2", "part_of": "ｅ1"})})

    assert read.rejected.is_empty()
    assert read.meters["part_of"].to_list() == [None, "E1"]


def test_a_meter_given_twice_is_rejected_twice(tmp_path: Path) -> None:
    read = read_files(tmp_path, {"meters/meters.csv": csv_of(METER, METER)})

    assert read.rejected["rule"].to_list() == ["meter_twice", "meter_twice"]
    assert read.meters.is_empty()
