"""Ingest as a whole: every rule rejects with its reason, every row is accounted for, and what is odd but allowed is observed."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esg_kpis.domains import DOMAIN_OF
from tests.ingest_scenario import (
    BILL,
    QUANTITY,
    SENDER,
    SITES,
    bill,
    bills_workbook,
    csv_of,
    numbers_of,
    observed,
    read_bills,
    read_files,
    read_wide,
    rejection,
    rules,
    senders_format,
    toml,
)  # fmt: skip

# ---------------------------------------------------------------- every rule rejects


@pytest.mark.parametrize(
    ("changes", "rule", "column", "expected"),
    [
        ({"站点": ""}, "required", "站点", "the site's id"),
        ({"purpose": "cooking"}, "vocabulary", "purpose", "one of stationary, mobile"),
        ({"from": "2023-02-30"}, "date", "from", "a date such as 2023-12-31 (YMD; another order is declared as `dates` in _format.toml)"),
        ({"to": "31/01/2023"}, "date", "to", "a date such as 2023-12-31 (YMD; another order is declared as `dates` in _format.toml)"),
        ({"from": "", "to": ""}, "date_missing", "from", "the dates the quantity is about"),
        ({"from": "2023-02-01"}, "period_reversed", "to", "a last day on or after the first"),
        ({"q": ""}, "quantity_missing", "q", "a number, or `blank"),
        ({"q": "(12)"}, "negative", "q", "zero or more; or credit_note in a column `bill_kind`"),
        ({"q": "=1+1"}, "formula", "q", "a number, not a formula"),
        ({"q": "-1"}, "negative", "q", "zero or more; or credit_note in a column `bill_kind`"),
        ({"type": "steam"}, "measure", "type", "one of electricity_purchased, "),
        ({"u": "kwh"}, "unit", "u", "Did you mean 'kWh'"),
        ({"u": ""}, "unit", "u", "a unit of electricity_purchased"),
        ({"账单": "=cmd()"}, "formula", "账单", "a value, not a formula"),
        ({"表": "@SUM(A1)"}, "formula", "表", "a value, not a formula"),
    ],
)
def test_a_row_that_breaks_a_rule_is_rejected_with_its_reason(tmp_path: Path, changes: dict[str, str], rule: str, column: str, expected: str) -> None:
    read = read_wide(tmp_path, [SENDER, SENDER | {"q": "6"} | changes], senders_format())

    found = rejection(read)
    told = next(iter(changes.values())) if rule != "period_reversed" else "2023-02-01 to 2023-01-31"
    assert (found["rule"], found["column"], found["read"], found["line"]) == (rule, column, told, 3)
    assert expected in found["expected"]
    ended = found['expected'].removesuffix('.') + ('' if found['expected'].endswith('?') else '.')
    assert found["message"] == f"energy/bills.csv, line 3, column '{column}': read '{told}', expected {ended}"
    assert numbers_of(read) == ["5"]


@pytest.mark.parametrize(
    ("changes", "rule", "read", "expected"),
    [
        ({"site_id": "BJ-1"}, "unknown_site", "BJ-1", "a site of the register. Did you mean 'BJ-01'"),
        ({"site_id": "bj-01"}, "unknown_site", "bj-01", "Did you mean 'BJ-01'"),
        ({"site_id": "=cmd()"}, "unknown_site", "=cmd()", "a site of the register"),
        ({"period_end": "2024-01-01"}, "after_as_of", "2023-01-01 to 2024-01-01", "days up to 2023-12-31"),
        ({"site_id": "SH-01", "period_start": "2021-12-31"}, "outside_site_life", "2021-12-31 to 2023-01-31", "2022-01-01 to 2023-06-30"),
        ({"site_id": "SH-01", "period_end": "2023-07-01"}, "outside_site_life", "2023-01-01 to 2023-07-01", "2022-01-01 to 2023-06-30"),
    ],
)
def test_a_row_against_the_register_or_the_calendar_is_rejected(tmp_path: Path, changes: dict[str, str], rule: str, read: str, expected: str) -> None:
    result = read_bills(tmp_path, bill(), bill(**changes))

    found = result.rejected.filter(pl.col("rule") == rule).row(0, named=True)
    assert (found["read"], found["line"], found["measures"]) == (read, 3, "electricity_purchased")
    assert expected in found["expected"]
    assert found["message"].startswith(f"energy/bills.csv, line 3, column '{found['column']}': read '{read}', expected ")
    assert result.quantities.height == 1


@pytest.mark.parametrize("changes", [{"period_end": "2023-12-31"}, {"site_id": "SH-01", "period_start": "2022-01-01", "period_end": "2023-06-30"}])
def test_the_first_and_the_last_day_are_within(tmp_path: Path, changes: dict[str, str]) -> None:
    assert rules(read_bills(tmp_path, bill(**changes))) == {}


@pytest.mark.parametrize(("changes", "column"), [({"站点": "BJ-1"}, "站点"), ({"to": "2024-01-01"}, "to"), ({"站点": "SH-01", "from": "2021-12-31"}, "to")])
def test_a_row_against_the_register_names_the_senders_column(tmp_path: Path, changes: dict[str, str], column: str) -> None:
    assert rejection(read_wide(tmp_path, [SENDER | changes], senders_format()))["column"] == column


@pytest.mark.parametrize(
    ("line", "rule", "column"),
    [
        ("X-1,,CN,office,,,,", "required", "name"),
        ("X-1,X,,office,,,,", "required", "country"),
        ("X-1,X,CN,kiosk,,,,", "vocabulary", "kind"),
        ("X-1,X,CN,office,2023-05-01,2023-01-01,,", "period_reversed", "valid_to"),
        ("X-1,X,CN,office,2023-02-30,,,", "date", "valid_from"),
        ("X-1,X,CN,office,,,n/a,m2", "number", "floor_area"),
        ("BJ-01,X,CN,office,,,,", "site_twice", "site_id"),
    ],
)
def test_a_wrong_site_is_rejected_and_left_out_of_the_register(tmp_path: Path, line: str, rule: str, column: str) -> None:
    read = read_files(tmp_path, {"sites/sites.csv": f"{SITES}{line}\n"})

    assert (rule, column) in read.rejected.select("rule", "column").rows()
    assert set(read.rejected["rule"]) <= {rule, "unknown_site"}
    assert 5 in read.rejected["line"]
    assert read.sites["site_id"].to_list() == (["BJ-02", "SH-01"] if rule == "site_twice" else ["BJ-01", "BJ-02", "SH-01"])


@pytest.mark.parametrize("share", ["1.1", "-0.1", "half", "150 %"])
def test_a_share_outside_0_to_1_is_rejected(tmp_path: Path, share: str) -> None:
    row = {"site_id": "X", "name": "X", "country": "CN", "kind": "office", "ownership_share": share, "floor_area": "", "floor_area_unit": ""}

    found = rejection(read_files(tmp_path, {"sites/sites.csv": csv_of(row)}))

    assert (found["rule"], found["column"], found["read"]) == ("ownership_share", "ownership_share", share)


@pytest.mark.parametrize(
    ("unit", "why"), [("ton", "907 kg"), ("T", "tesla"), ("M kWh", "million kWh or MWh"), ("m3", "does not measure what"), ("t", "does not measure what")]
)
def test_a_unit_that_is_refused_says_why(tmp_path: Path, unit: str, why: str) -> None:
    found = rejection(read_bills(tmp_path, bill(unit=unit)))

    assert (found["rule"], found["read"]) == ("unit", unit)
    assert why in found["expected"]


def test_a_cubic_metre_of_gas_needs_its_state_and_one_of_water_does_not(tmp_path: Path) -> None:
    gas = [bill(measure="natural_gas", unit=unit, quantity="1") for unit in ("m3", "Nm3", "m3_20C")]
    water = [bill(measure="water_tap", unit=unit, quantity="2") for unit in ("m3", "㎥")]

    read = read_files(tmp_path, {"energy/bills.csv": csv_of(*gas), "water/bills.csv": csv_of(*water)})

    assert sorted(read.quantities.select("measure", "received_unit").rows()) == [
        ("natural_gas", "Nm3"), ("natural_gas", "m3_20C"), ("water_tap", "m3"), ("water_tap", "㎥"),
    ]  # fmt: skip
    assert rules(read) == {2: ["unit"]}


# ---------------------------------------------------------------- nothing is dropped


def test_every_wrong_column_of_a_row_is_named(tmp_path: Path) -> None:
    assert rules(read_bills(tmp_path, bill(quantity="n/a", unit="ton", period_start="x", measure="steam"))) == {2: ["date", "measure", "number"]}


def test_a_record_that_is_rejected_for_one_column_is_not_used_for_the_others(tmp_path: Path) -> None:
    second = QUANTITY.replace("electricity_purchased", "electricity_renewable").replace("amount", "green")
    rows = [{"site_id": "BJ-01", "month": "2023-01", "amount": "1", "green": "x"}, {"site_id": "BJ-01", "month": "2023-02", "amount": "2", "green": "3"}]

    read = read_wide(tmp_path, rows, toml(quantity=QUANTITY + second))

    assert sorted(numbers_of(read)) == ["2", "3"]
    assert rejection(read)["measures"] == "electricity_purchased;electricity_renewable"


def test_ragged_rows_are_records_that_are_rejected(tmp_path: Path) -> None:
    read = read_files(tmp_path, {"energy/bills.csv": csv_of(BILL) + "BJ-01,electricity_purchased\n"})

    found = rejection(read)
    assert (found["rule"], found["line"], found["read"], found["expected"]) == ("ragged_row", 3, "BJ-01,electricity_purchased", "6 cells, as in the header")
    assert found["record_id"] in read.records["record_id"]


def test_a_ragged_row_may_have_fed_every_measure_of_its_file(tmp_path: Path) -> None:
    read = read_files(tmp_path, {"energy/bills.csv": csv_of(BILL) + "BJ-01,electricity_purchased\n"})

    assert set(rejection(read)["measures"].split(";")) == {name for name, domain in DOMAIN_OF.items() if domain == "energy"}


def test_a_missing_column_stops_its_file_and_no_other(tmp_path: Path) -> None:
    wrong = csv_of({**{key: value for key, value in BILL.items() if key != "quantity"}, "quantty": "1"})

    read = read_files(tmp_path, {"energy/a.csv": wrong, "energy/b.csv": csv_of(BILL)})

    found = rejection(read)
    assert (found["rule"], found["path"], found["line"]) == ("file_stopped", "energy/a.csv", 0)
    assert "'quantity' needed for 'energy' is missing" in found["message"]
    assert "Did you mean 'quantty'" in found["message"]
    assert numbers_of(read) == ["100"]
    assert dict(read.files.select("path", "status").iter_rows()) == {"energy/a.csv": "stopped", "energy/b.csv": "read", "sites/sites.csv": "read"}


def test_a_column_nobody_asked_for_is_kept_as_received(tmp_path: Path) -> None:
    read = read_bills(tmp_path, bill(remark="=cmd()"))

    assert numbers_of(read) == ["100"]
    assert '"remark":"=cmd()"' in read.records.filter(pl.col("path") == "energy/bills.csv")["received"].item()


def test_records_that_were_read_are_accepted_or_rejected(tmp_path: Path) -> None:
    rows = [bill(), bill(quantity="x"), bill(site_id="?"), bill(period_end="2023-02-15"), bill()]

    read = read_bills(tmp_path, *rows)

    bills = read.records.filter(pl.col("path") == "energy/bills.csv")
    fates = set(read.quantities["record_id"]), set(read.rejected["record_id"])
    assert bills["line"].sort().to_list() == [2, 3, 4, 5, 6]
    assert fates[0] | fates[1] == set(bills["record_id"])
    assert not fates[0] & fates[1]
    assert read.files.filter(pl.col("path") == "energy/bills.csv")["records"].item() == 5


def test_a_folder_that_is_no_domain_is_not_passed_over(tmp_path: Path) -> None:
    read = read_files(tmp_path, {"engery/bills.csv": csv_of(BILL), "bills.csv": csv_of(BILL), "energy/2023/bills.csv": csv_of(BILL)})

    assert dict(read.files.select("path", "status").iter_rows()) == {
        "energy/2023/bills.csv": "read", "engery/bills.csv": "stopped", "bills.csv": "stopped", "sites/sites.csv": "read",
    }  # fmt: skip
    messages = dict(read.rejected.select("path", "message").iter_rows())
    assert messages["engery/bills.csv"] == "engery/bills.csv: The file lies in no domain's folder. Did you mean 'energy'?"
    assert messages["bills.csv"].startswith("bills.csv: The file lies in no domain's folder.")


@pytest.mark.parametrize("changes", [{"period_end": "", "month": "2023-02"}, {"month": "2023-09"}, {"date": "2023-09-09"}, {"period_start": "", "date": "2023-01-31"}])
def test_dates_that_contradict_each_other_are_not_mixed(tmp_path: Path, changes: dict[str, str]) -> None:
    read = read_bills(tmp_path, bill(**changes))

    assert rules(read) == {2: ["dates_disagree"]}
    assert rejection(read)["expected"] == "one period, month or date"


@pytest.mark.parametrize("changes", [{"month": "2023-01"}, {"period_end": "2023-01-01", "date": "2023-01-01"}, {"period_start": "", "period_end": "", "month": "2023-01"}])
def test_dates_that_say_the_same_twice_are_accepted(tmp_path: Path, changes: dict[str, str]) -> None:
    assert rules(read_bills(tmp_path, bill(**changes))) == {}


@pytest.mark.parametrize(("start", "broken"), [("2020-12-29", {}), ("2020-12-28", {2: ["period_too_long"]}), ("1923-01-31", {2: ["period_too_long"]})])
def test_a_period_of_more_than_three_years_is_rejected(tmp_path: Path, start: str, broken: dict[int, list[str]]) -> None:
    """2020-12-29 to 2023-12-31 are 1098 days, both counted."""
    read = read_bills(tmp_path, bill(period_start=start, period_end="2023-12-31"))

    assert rules(read) == broken
    if broken:
        found = rejection(read)
        assert (found["column"], found["read"], found["expected"]) == ("period_end", f"{start} to 2023-12-31", "a period of at most 1098 days")


@pytest.mark.parametrize(
    ("quantity", "unit", "limit"),
    [("999999999999.999999999", "kWh", None), ("1000000000000", "kWh", "1000000000000 kWh"), ("-1000000000000", "kWh", "1000000000000 kWh"),
     ("999999999", "MWh", None), ("1000000000", "MWh", "1000000000 MWh"), ("1e28", "kWh", "1000000000000 kWh")],
)  # fmt: skip
def test_a_quantity_that_exact_arithmetic_cannot_hold_is_rejected(tmp_path: Path, quantity: str, unit: str, limit: str | None) -> None:
    row = {"site_id": "BJ-01", "month": "2023-01", "amount": quantity, "in": unit}
    form = toml(quantity=QUANTITY.replace('unit = "kWh"', 'unit_column = "in"') + 'negative = "net_metering"\n')

    read = read_wide(tmp_path, [row, row | {"amount": "5"}], form)

    if limit is None:
        assert rules(read) == {}
    else:
        found = rejection(read)
        assert (found["rule"], found["column"], found["read"], found["expected"]) == ("too_large", "amount", quantity, f"less than {limit}")
        assert numbers_of(read) == ["5"]


# ---------------------------------------------------------------- odd, but allowed


def test_the_same_row_twice_counts_once_and_is_observed(tmp_path: Path) -> None:
    read = read_bills(tmp_path, bill(), bill(quantity="100.0"), bill(quantity="101"), bill(document="2"), bill(meter_id="M2"), bill(site_id="BJ-02"))

    ids = dict(read.records.filter(pl.col("path") == "energy/bills.csv").select("line", "record_id").iter_rows())
    assert dict(read.quantities.select("record_id", "excluded").iter_rows()) == {
        ids[line]: f"duplicate of record {ids[2]}" if line == 3 else None for line in range(2, 8)
    }
    (found,) = observed(read, "duplicate")
    assert (found["record_ids"], found["observed"]) == (ids[3], f"100.0 kWh: duplicate of record {ids[2]}")


def test_the_same_file_under_two_names_counts_once_and_is_observed(tmp_path: Path) -> None:
    read = read_files(tmp_path, {"energy/a.csv": csv_of(BILL), "energy/b.csv": csv_of(BILL)})

    assert numbers_of(read) == ["100"]
    assert read.files.filter(pl.col("path") == "energy/b.csv").select("status", "records").row(0) == ("ignored", 0)
    (found,) = observed(read, "file_twice")
    assert (found["subject"], found["observed"]) == ("energy/b.csv", "The same bytes as energy/a.csv; its records count once.")


def test_the_same_bytes_in_another_domain_are_stopped(tmp_path: Path) -> None:
    rows = csv_of({"site_id": "BJ-01", "month": "2023-01", "amount": "5"})
    water = toml(quantity=QUANTITY.replace("electricity_purchased", "water_tap").replace("kWh", "m3")).replace('"energy"', '"water"')

    read = read_files(tmp_path, {"energy/a.csv": rows, "energy/_format.toml": toml(), "water/a.csv": rows, "water/_format.toml": water})

    assert numbers_of(read) == ["5"]
    found = rejection(read)
    assert found["message"] == "water/a.csv: The same bytes stand at energy/a.csv, read as something else. Keep one file and give it a feed for each domain."
    assert "water_tap" in found["measures"]


def test_the_same_bytes_read_by_another_format_are_stopped(tmp_path: Path) -> None:
    rows = csv_of({"site_id": "BJ-01", "month": "2023-01", "amount": "5"})
    second = toml().split("[[file]]", 1)[1].replace("kWh", "MWh")

    read = read_files(tmp_path, {"energy/a.csv": rows, "energy/b.csv": rows, "energy/_format.toml": toml().replace('"*"', '"a*"') + "[[file]]" + second})

    assert (rejection(read)["path"], rejection(read)["rule"]) == ("energy/b.csv", "file_stopped")
    assert read.quantities["received_unit"].to_list() == ["kWh"]


def test_a_file_of_a_header_only_is_stopped(tmp_path: Path) -> None:
    read = read_files(tmp_path, {"energy/bills.csv": ",".join(BILL) + "\n"})

    stopped = read.rejected.row(0, named=True)
    assert (stopped["rule"], stopped["path"]) == ("file_stopped", "energy/bills.csv")
    assert "no rows below the header" in stopped["message"]


def test_sheets_that_were_not_read_are_named(tmp_path: Path) -> None:
    named = toml(file='sheet = "Bills"', quantity='[[file.feed.quantity]]\nmeasure_column = "measure"\ncolumn = "quantity"\nunit_column = "unit"\n')

    read = read_files(tmp_path, {"energy/bills.xlsx": bills_workbook(1, sheets=("Notes", "Bills", "Old")), "energy/_format.toml": named})

    assert read.files.filter(pl.col("path") == "energy/bills.xlsx").select("status", "sheet", "problem").row(0) == ("read", "Bills", "Sheets not read: Notes, Old.")
    (found,) = observed(read, "sheet_unread")
    assert (found["subject"], found["observed"], found["severity"], found["passed"]) == ("energy/bills.xlsx", "Sheets not read: Notes, Old.", "note", False)


def test_a_negative_quantity_is_accepted_with_an_observation_where_net_metering_is_declared(tmp_path: Path) -> None:
    rows = [{"site_id": "BJ-01", "month": "2023-01", "amount": "\u22121,115"}]

    read = read_wide(tmp_path, rows, toml(quantity=QUANTITY + 'negative = "net_metering"\n'))

    assert numbers_of(read) == ["-1115"]
    assert [(item["severity"], item["observed"]) for item in observed(read, "negative")] == [("warning", "\u22121,115 kWh")]


# ---------------------------------------------------------------- files, order, ids


def test_a_workbook_is_read_like_a_csv_file(tmp_path: Path) -> None:
    read = read_files(tmp_path, {"energy/bills.xlsx": bills_workbook(0.1 + 0.2, 1.5e-7, "x")})

    assert numbers_of(read) == ["0.3", "0.00000015"]
    assert read.quantities["end"].unique().to_list() == [date(2023, 1, 31)]
    assert rejection(read)["message"].startswith("energy/bills.xlsx, sheet Bills, line 4, column 'quantity': read 'x'")


@settings(max_examples=6, deadline=None)
@given(order=st.permutations(range(6)))
def test_the_order_of_rows_changes_no_quantity(order: list[int]) -> None:
    rows = [bill(quantity=f"{number},000.5", document=str(number)) for number in range(1, 6)] + [bill(quantity="x", document="6")]

    with TemporaryDirectory() as folder:
        read = read_bills(Path(folder), *(rows[place] for place in order))

    expected = {str(number): Decimal(f"{number}000.5") for number in range(1, 6)}
    assert dict(read.quantities.select("document", "quantity").iter_rows()) == expected
    assert list(rules(read)) == [order.index(5) + 2]


def test_a_record_keeps_its_id_under_another_name_and_beside_other_files(tmp_path: Path) -> None:
    first = read_files(tmp_path / "1", {"energy/a.csv": csv_of(BILL)})
    second = read_files(tmp_path / "2", {"energy/z.csv": csv_of(BILL), "energy/b.csv": csv_of(bill(quantity="1"))})

    (record,) = first.quantities["record_id"].to_list()
    assert dict(second.quantities.select("record_id", "quantity").iter_rows())[record] == Decimal(100)


def test_both_days_may_stand_in_one_cell_and_what_cannot_be_read_names_its_column(tmp_path: Path) -> None:
    rows = [{key: value for key, value in bill(计费周期=told).items() if not key.startswith("period_")} for told in ("2023.1.1-2023.1.31", "01.02.2023-28.02.2023", "spring")]

    read = read_files(tmp_path, {"energy/bills.csv": csv_of(*rows)})

    assert read.quantities.select("start", "end").rows() == [(date(2023, 1, 1), date(2023, 1, 31))]
    assert read.rejected.filter(pl.col("line") == 4).select("rule", "column", "read").unique().rows() == [("date", "计费周期", "spring")]


def test_two_days_in_one_cell_may_be_in_a_declared_order(tmp_path: Path) -> None:
    read = read_wide(tmp_path, [{"site_id": "BJ-01", "period": "01.02.2023-28.02.2023", "amount": "1"}], toml(file='dates = "DMY"'))

    assert read.quantities.select("start", "end").rows() == [(date(2023, 2, 1), date(2023, 2, 28))]
