"""What is missing is never silently smaller: whole runs with something taken away."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.conftest import Ran, copy_workspace, run_workspace
from tests.test_cli import look


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def cells(ran: Ran, edition: str = "2023") -> dict[tuple[str, str], dict[str, Any]]:
    values = ran.table("kpi_values").filter((pl.col("edition") == edition) & (pl.col("category") == "All"))
    return {(row["kpi_id"], row["period"]): row for row in values.iter_rows(named=True)}


@pytest.fixture(scope="module")
def thinned(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A date reversed, a rule and two files taken away, a bill sent again with another quantity."""
    place = tmp_path_factory.mktemp("thinned")
    root = copy_workspace(place / "workspace")
    edit(root / "data" / "raw" / "energy" / "office_electricity_2023.csv", "2023-01-01,2023-01-31", "2023-01-01,2022-01-31")
    (root / "data" / "raw" / "refrigerants" / "service_reports.csv").unlink()
    (root / "data" / "raw" / "waste" / "waste_2021.csv").unlink()
    rules = root / "editions" / "2023" / "edition.toml"
    text = rules.read_text(encoding="utf-8")
    start = text.index('[[factor_rule]]\nid = "septic-tanks"')
    rules.write_text(text[:start] + text[text.index("[[factor_rule]]", start + 1) :], encoding="utf-8")
    waste = root / "data" / "raw" / "water" / "water_bills.csv"
    lines = waste.read_text(encoding="utf-8").splitlines()
    again = lines[1].split(",")
    again[6] = "1"
    waste.write_text("\n".join([*lines, ",".join(again)]) + "\n", encoding="utf-8")
    return run_workspace(root, place / "out", place / "dagster")


@pytest.fixture(scope="module")
def astray(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A file in a misspelt folder, and a GWP set that does not exist."""
    place = tmp_path_factory.mktemp("astray")
    root = copy_workspace(place / "workspace")
    (root / "data" / "raw" / "enrgy").mkdir()
    (root / "data" / "raw" / "energy" / "heat.csv").rename(root / "data" / "raw" / "enrgy" / "heat.csv")
    edit(root / "editions" / "2020" / "edition.toml", 'gwp_set = "AR5"', 'gwp_set = "AR9"')
    return run_workspace(root, place / "out", place / "dagster")


def test_a_record_whose_dates_are_wrong_may_belong_to_any_period(thinned: Ran) -> None:
    found = cells(thinned)

    assert {found["ghg_scope_2", period]["status"] for period in ("2020", "2021", "2022", "2023")} == {"blocked"}
    assert found["energy_per_capita", "2023"]["value"] is None
    assert found["packaging_material", "2023"]["printed"] == "4254.86"


def test_a_source_of_emissions_without_a_rule_blocks_them(thinned: Ran) -> None:
    found = cells(thinned)

    assert found["ghg_scope_1", "2022"]["status"] == "blocked"
    assert "No rule of the edition leads from wastewater_cod to emissions" in found["ghg_scope_1", "2022"]["reason"]
    assert found["direct_energy_consumption", "2022"]["printed"] == "5190.84"


def test_two_bills_of_one_number_are_both_rejected(thinned: Ran) -> None:
    twice = thinned.table("rejected").filter(pl.col("rule") == "bill_twice")

    assert twice.height == 2
    # Each names both rows by file and line, as their sender knows them.
    places = [f"({path}, line {line})" for path, line in twice.select("path", "line").iter_rows()]
    assert all(place in told for place in places for told in twice["expected"])


def test_a_missing_cell_without_a_known_reason_is_an_error(thinned: Ran) -> None:
    ties = thinned.table("tie_out").filter((pl.col("edition") == "2023") & (pl.col("kpi_id") == "hazardous_waste") & (pl.col("period") == "2021"))
    errors = thinned.table("findings").filter((pl.col("check") == "tie_out") & (pl.col("severity") == "error"))

    assert ties.select("verdict", "explained").rows() == [("not_computed", False)]
    assert any(subject.startswith("hazardous_waste") for subject in errors["subject"])


def test_a_file_in_no_domains_folder_may_have_fed_anything(astray: Ran) -> None:
    stopped = astray.table("rejected").filter(pl.col("path") == "enrgy/heat.csv").row(0, named=True)

    assert "Did you mean 'energy'" in stopped["message"]
    assert {row["status"] for row in cells(astray).values()} <= {"blocked", "not_collected"}


def test_a_gwp_set_that_does_not_exist_blocks_and_does_not_end_the_run(astray: Ran) -> None:
    found = cells(astray, "2020")
    missing = astray.table("findings").filter((pl.col("check") == "missing_factor") & (pl.col("edition") == "2020"))

    assert found["ghg_scope_1_2", "2020"]["status"] == "blocked"
    assert missing["finding_id"].n_unique() == missing.height > 0
    assert any("not AR9" in text for text in missing["observed"])


@pytest.fixture(scope="module")
def gaping(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A register of meters, a bill of May 2022 that did not come and may be estimated, and water that was never reported."""
    place = tmp_path_factory.mktemp("gaping")
    root = copy_workspace(place / "workspace")
    (root / "data" / "raw" / "meters").mkdir()
    register = "site_id,measure,meter_id,valid_from\nCN-SH-01,electricity_purchased,CN-SH-01-E1,2020-01-01\nCN-SH-01,water_reclaimed,,2023-11-01\n"
    (root / "data" / "raw" / "meters" / "meters.csv").write_text(register, encoding="utf-8")
    bills = root / "data" / "raw" / "energy" / "office_electricity_2022.csv"
    lines = bills.read_text(encoding="utf-8").splitlines(keepends=True)
    bills.write_text("".join(line for line in lines if "E1-CN-SH-01-220520" not in line), encoding="utf-8")
    rules = root / "editions" / "2023" / "edition.toml"
    allowed = '\n[[estimate]]\nid = "last-year"\nmethod = "same_month_last_year"\nmeasures = ["electricity_purchased"]\ntext = "As bills came all other years."\n'
    rules.write_text(rules.read_text(encoding="utf-8") + allowed, encoding="utf-8")
    return run_workspace(root, place / "out", place / "dagster")


def test_a_bill_that_did_not_come_is_estimated_where_the_edition_allows_it(gaping: Ran, worked: Ran) -> None:
    estimates, cell, before = gaping.table("estimates"), cells(gaping)["ghg_scope_2", "2022"], cells(worked)["ghg_scope_2", "2022"]

    assert estimates.select("site_id", "month", "days", "method").rows() == [
        ("CN-SH-01", "2022-04", 10, "same_month_last_year"), ("CN-SH-01", "2022-05", 20, "same_month_last_year"),
    ]  # fmt: skip
    assert (cell["status"], cell["reason"]) == ("ok", None)
    assert 0 < cell["estimated_share"] < Decimal("0.01")
    assert 0 < abs(cell["value"] - before["value"]) < before["value"] / 1000
    assert (gaping.out / "coverage_summary.csv").exists()


def test_the_trace_of_an_estimate_shows_its_basis(gaping: Ran) -> None:
    shown = look(gaping, "trace", "ghg_scope_2", "--period", "2022", "--edition", "2023").stdout

    assert "estimates (2)" in shown
    assert "records behind the basis" in shown


def test_what_the_register_expects_and_did_not_come_is_said(gaping: Ran) -> None:
    found = cells(gaping)

    assert found["reclaimed_water_consumption", "2023"]["status"] == "incomplete"
    assert found["reclaimed_water_consumption", "2023"]["reason"].startswith("water_reclaimed: 2 site months expected and not received in full, at CN-SH-01 (")
    assert found["water_withdrawal", "2023"]["status"] == "incomplete"
    assert found["reclaimed_water_consumption", "2022"]["status"] == "ok"
