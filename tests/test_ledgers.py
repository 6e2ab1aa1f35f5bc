"""The ledger of instruments and the register of ownership as files: what they may say, and what becomes of rows and files that cannot be."""

from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from tests.ingest_scenario import csv_of, read_files, rejection

CLAIM = {
    "site_id": "BJ-01", "instrument": "GEC-1", "instrument_kind": "GEC", "registry": "NEA", "market": "CN", "energy_source": "wind", "valid_from": "2023-01-01", "valid_to": "2023-06-30",
    "volume": "1,200.5", "volume_unit": "MWh", "emission_rate": "0", "emission_rate_unit": "t/MWh", "retired_on": "2023-07-15", "retired_for": "Example Group",
}  # fmt: skip
SPAN = {"site_id": "BJ-01", "ownership_share": "60%", "control": "both", "valid_from": "2023-01-01", "valid_to": "2023-06-30"}


def test_a_claim_is_read_in_canonical_units(tmp_path: Path) -> None:
    supplier = CLAIM | {"instrument": "C-7", "instrument_kind": "supplier", "volume": "3600", "volume_unit": "MJ", "emission_rate": "250", "emission_rate_unit": "kg/MWh", "claimed_from": "2023-02-01"}
    read = read_files(tmp_path, {"instruments/ledger.csv": csv_of(CLAIM, supplier)})

    assert read.rejected.is_empty()
    assert read.instruments.select("instrument", "volume", "emission_rate").rows() == [("C-7", Decimal(1000), Decimal("0.25")), ("GEC-1", Decimal(1200500), Decimal(0))]
    assert read.instruments.select(pl.col("vintage_from", "claimed_from", "claimed_to", "retired_on").cast(pl.String)).rows() == [
        ("2023-01-01", "2023-02-01", "2023-06-30", "2023-07-15"), ("2023-01-01", "2023-01-01", "2023-06-30", "2023-07-15"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "rule", "column"),
    [
        ({"site_id": "BJ-9"}, "unknown_site", "site_id"),
        ({"instrument": ""}, "required", "instrument"),
        ({"registry": ""}, "required", "registry"),
        ({"market": ""}, "required", "market"),
        ({"retired_for": ""}, "required", "retired_for"),
        ({"retired_on": ""}, "required", "retired_on"),
        ({"emission_rate": ""}, "required", "emission_rate"),
        ({"instrument_kind": "certificate"}, "vocabulary", "instrument_kind"),
        ({"volume": "NaN"}, "number", "volume"),
        ({"volume": "1.234,50"}, "number", "volume"),
        ({"volume": "0"}, "negative", "volume"),
        ({"volume": "-5"}, "negative", "volume"),
        ({"emission_rate": "-0.1"}, "negative", "emission_rate"),
        ({"volume_unit": "t"}, "unit", "volume_unit"),
        ({"volume_unit": "M kWh"}, "unit", "volume_unit"),
        ({"emission_rate_unit": "kWh/kg"}, "unit", "emission_rate_unit"),
        ({"emission_rate": "0.4", "emission_rate_unit": "t/kWh"}, "too_large", "emission_rate"),
        ({"emission_rate": "0.4", "emission_rate_unit": "tCO2e/MWh"}, "unit", "emission_rate_unit"),
        ({"retired_on": "15/07/2023"}, "date", "retired_on"),
        ({"retired_on": "2023-02-30"}, "date", "retired_on"),
        ({"claimed_from": "2023-07-01"}, "period_reversed", "claimed_to"),
        ({"valid_from": "2023-07-01"}, "period_reversed", "valid_to"),
        ({"registry": "=cmd()|'/c calc'!A0"}, "formula", "registry"),
    ],
)
def test_a_claim_that_cannot_be_is_rejected_and_the_others_are_read(tmp_path: Path, wrong: dict[str, str], rule: str, column: str) -> None:
    read = read_files(tmp_path, {"instruments/ledger.csv": csv_of(CLAIM | wrong, CLAIM | {"instrument": "GEC-2"})})

    row = rejection(read)
    assert (row["rule"], row["column"], row["line"]) == (rule, column, 2)
    assert row["expected"]
    assert row["expected_zh"]
    assert read.instruments["instrument"].to_list() == ["GEC-2"]


@pytest.mark.parametrize("column", ["instrument", "volume", "emission_rate", "retired_for", "valid_from"])
def test_a_ledger_without_a_column_is_no_ledger(tmp_path: Path, column: str) -> None:
    read = read_files(tmp_path, {"instruments/ledger.csv": csv_of({name: value for name, value in CLAIM.items() if name != column})})

    assert read.instruments.is_empty()
    assert column in " ".join(read.rejected["message"])


def test_a_further_column_and_another_encoding_do_no_harm(tmp_path: Path) -> None:
    text = csv_of(CLAIM | {"备注": "一月至六月"})

    for number, encoding in enumerate(("utf-8-sig", "gb18030", "utf-16")):
        read = read_files(tmp_path / str(number), {"instruments/ledger.csv": text.encode(encoding)})
        assert read.instruments.height == 1
        assert read.rejected.is_empty()


def test_the_order_of_rows_and_files_changes_no_claim(tmp_path: Path) -> None:
    rows = [CLAIM | {"instrument": f"GEC-{number}"} for number in range(5)]
    one = read_files(tmp_path / "one", {"instruments/ledger.csv": csv_of(*rows)})
    two = read_files(tmp_path / "two", {"instruments/b.csv": csv_of(*rows[3:]), "instruments/a.csv": csv_of(*reversed(rows[:3]))})

    names = [name for name in one.instruments.columns if name != "record_id"]
    assert one.instruments.select(names).equals(two.instruments.select(names))


def test_ownership_is_read(tmp_path: Path) -> None:
    later = {"site_id": "BJ-01", "control": "none", "valid_from": "2023-07-01"}
    read = read_files(tmp_path, {"ownership/shares.csv": csv_of(SPAN, later)})

    assert read.rejected.is_empty()
    assert read.ownership.select("site_id", "control", "ownership_share", pl.col("valid_from", "valid_to").cast(pl.String)).rows() == [
        ("BJ-01", "both", Decimal("0.6"), "2023-01-01", "2023-06-30"), ("BJ-01", "none", None, "2023-07-01", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "rule", "column", "told"),
    [
        ({"site_id": "BJ-9"}, "unknown_site", "site_id", "BJ-9"),
        ({"ownership_share": "1.2"}, "ownership_share", "ownership_share", "1.2"),
        ({"ownership_share": "half"}, "ownership_share", "ownership_share", "half"),
        ({"control": "joint"}, "vocabulary", "control", "joint"),
        ({"valid_from": "01.07.2023"}, "date", "valid_from", "01.07.2023"),
        ({"valid_from": "2023-06-30", "valid_to": ""}, "spans_overlap", "valid_from", "2023-06-30"),
        ({"valid_from": "", "valid_to": ""}, "spans_overlap", "valid_from", "2023-01-01"),
    ],
)
def test_ownership_that_cannot_be_is_rejected_and_holds_back_what_counts_by_it(tmp_path: Path, wrong: dict[str, str], rule: str, column: str, told: str) -> None:
    second = SPAN | {"valid_from": "2023-07-01", "valid_to": "2023-12-31"} | wrong
    read = read_files(tmp_path, {"ownership/shares.csv": csv_of(SPAN, second)})

    row = rejection(read)
    assert (row["rule"], row["column"], row["read"]) == (rule, column, told)
    assert {"electricity_purchased", "refrigerant_refill", "floor_area"} <= set(row["measures"].split(";"))
    assert read.ownership.height == 1
