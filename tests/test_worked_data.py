"""The worked data against the printed reports, cell by cell, and the proofs for what cannot be reproduced."""

import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from itertools import product
from pathlib import Path

import polars as pl
import pytest

from esg_kpis.exact import printed
from esg_kpis.factors import read_library
from tests.conftest import REPOSITORY, Ran

LIBRARY = read_library(REPOSITORY / "factors")
PEOPLE_EXCEPTIONS = {
    ("total_workforce", "2021", "All"), ("total_workforce", "2022", "All"), ("turnover_rate", "2020", "Regions beyond the Chinese mainland"),
    ("turnover_rate", "2023", "Above 50"), ("training_rate", "2021", "Senior"), ("training_rate", "2022", "Senior"), ("training_rate", "2023", "Senior"),
    ("training_rate", "2023", "Male"), ("avg_training_hours", "2023", "Male"), ("avg_training_hours", "2023", "Mid-Level"),
}  # fmt: skip
EXCEPTIONS_2023 = {("water_withdrawal", "2023", "All"), ("ghg_scope_1_by_gas", "2020", "N2O"), *PEOPLE_EXCEPTIONS}
INTENSITIES = {
    "energy_per_revenue", "energy_per_capita", "ghg_per_revenue", "ghg_per_capita", "tap_water_per_capita", "non_hazardous_waste_per_capita",
    "hazardous_waste_per_capita", "packaging_per_revenue",
}  # fmt: skip


def factor(factor_id: str) -> Fraction:
    return LIBRARY.named(factor_id).multiplier


def published(edition: str) -> pl.DataFrame:
    return pl.read_csv(REPOSITORY / "editions" / edition / "published.csv", infer_schema=False)


def figure(edition: str, kpi_id: str, period: str, category: str = "All") -> Fraction:
    rows = published(edition).filter((pl.col("kpi_id") == kpi_id) & (pl.col("period") == period) & (pl.col("category") == category))
    return Fraction(rows["value_as_printed"].item().replace(",", ""))


def test_every_printed_cell_of_2023_is_equal_but_for_the_known_exceptions(worked: Ran) -> None:
    ties = worked.table("tie_out").filter((pl.col("edition") == "2023") & pl.col("published").is_not_null())
    off = ties.filter(~pl.col("verdict").is_in(["equal", "stated"]))

    assert {(row["kpi_id"], row["period"], row["category"]) for row in off.iter_rows(named=True)} == EXCEPTIONS_2023
    assert ties.height == 335
    assert ties.filter(pl.col("verdict") == "equal").height == 305
    stated = ties.filter(pl.col("verdict") == "stated")
    assert stated.filter(pl.col("breakdown") == "target_set").height == 16
    assert stated.filter(pl.col("breakdown") != "target_set").select("kpi_id", "period", "computed").rows() == [
        ("ghg_scope_3", "2021", "12368223.29"), ("ghg_scope_3", "2022", "10075225.54"),
    ]  # fmt: skip
    assert off["explanation"].null_count() == 0


def test_all_418_printed_figures_are_accounted_for(worked: Ran) -> None:
    """Each figure of the reports' tables once, as it was printed, with a reason where it is not equal."""
    documents = {"2023 ESG report": "2023", "2020 ESG report": "2020", "2020 transparency report": "transparency-2020"}
    printed_tables = pl.read_csv(REPOSITORY / "tests" / "printed" / "published_kpis.csv", infer_schema=False)
    figures = {(documents[row["document"]], row["kpi_id"], row["period"], row["breakdown"], row["category"]): Decimal(row["value"]) for row in printed_tables.iter_rows(named=True)}
    ties = worked.table("tie_out").filter(pl.col("published").is_not_null())

    assert len(figures) == 418
    assert {(row["edition"], row["kpi_id"], row["period"], row["breakdown"], row["category"]): Decimal(row["published"]) for row in ties.iter_rows(named=True)} == figures
    assert dict(ties["verdict"].value_counts().iter_rows()) == {"equal": 380, "stated": 24, "differs": 13, "not_computed": 1}
    assert ties.filter((pl.col("verdict") != "equal") & pl.col("explanation").is_null()).is_empty()
    assert ties.filter(pl.col("verdict").is_in(["differs", "not_computed"]))["explained"].all()


def test_every_printed_figure_of_the_transparency_report_is_equal(worked: Ran) -> None:
    ties = worked.table("tie_out").filter((pl.col("edition") == "transparency-2020") & pl.col("published").is_not_null())

    assert (ties.height, ties["verdict"].unique().to_list()) == (46, ["equal"])


def test_all_thirty_printed_intensities_of_2023_are_equal(worked: Ran) -> None:
    ties = worked.table("tie_out").filter((pl.col("edition") == "2023") & pl.col("kpi_id").is_in(list(INTENSITIES)) & pl.col("published").is_not_null())

    assert ties.height == 30
    assert ties["verdict"].unique().to_list() == ["equal"]


def test_every_printed_cell_of_2020_is_equal_but_for_scope_1_and_its_total(worked: Ran) -> None:
    ties = worked.table("tie_out").filter((pl.col("edition") == "2020") & pl.col("published").is_not_null())

    assert ties.height == 37
    assert sorted(ties.filter(pl.col("verdict") == "differs")["kpi_id"]) == ["ghg_scope_1", "ghg_scope_1_2"]
    assert ties.filter(pl.col("verdict").is_in(["equal", "stated"])).height == 35


def test_scope_2_of_2020_comes_from_the_printed_electricity(worked: Ran) -> None:
    values = worked.table("kpi_values").filter((pl.col("edition") == "2020") & (pl.col("category") == "All"))
    cells = dict(values.select("kpi_id", "printed").iter_rows())

    assert cells["indirect_energy_consumption"] == "45415.75"
    assert cells["ghg_scope_2"] == "30722.77"


def test_records_have_one_fate_per_edition_and_the_fates_add_up(worked: Ran) -> None:
    records, fates = worked.table("records"), worked.table("record_fates")

    for edition in ("2020", "2023"):
        own = fates.filter(pl.col("edition") == edition)
        assert own["record_id"].sort().to_list() == records["record_id"].sort().to_list()
    of_people = pl.col("path").str.starts_with("people/")
    assert records.filter(~of_people).height == worked.table("files").filter(~of_people)["records"].sum()
    assert records.filter(of_people)["path"].sort().to_list() == worked.table("people_controls")["path"].sort().to_list()
    assert worked.table("people_controls")["rows"].sum() == worked.table("files").filter(of_people)["records"].sum()
    assert worked.table("rejected").is_empty()


def test_a_bill_across_the_year_end_is_used_in_part(worked: Ran) -> None:
    fates = worked.table("record_fates").filter((pl.col("edition") == "2020") & (pl.col("share_used") > 0) & (pl.col("share_used") < 1))
    bill = fates.join(worked.table("records"), on="record_id").filter(pl.col("end").dt.year() == 2021).sort("path", "line").row(0, named=True)
    days = (bill["end"] - bill["start"]).days + 1
    in_2020 = days - bill["end"].timetuple().tm_yday

    assert printed(Fraction(bill["share_used"]), 9) == printed(Fraction(in_2020, days), 9)
    assert bill["reason"] == "outside the periods of this edition"


def test_every_difference_that_is_known_has_a_finding_with_its_amount(worked: Ran) -> None:
    findings = worked.table("findings").filter(~pl.col("passed"))
    footing = findings.filter((pl.col("check") == "table_check") & pl.col("subject").str.starts_with("adds_up"))
    n2o = findings.filter((pl.col("check") == "exclusion") & (pl.col("subject") == "n2o-2020"))

    assert sorted(footing.select("subject", "period", "difference").rows()) == [
        ("adds_up total_workforce", "2021", "2000"), ("adds_up total_workforce", "2022", "-20"), ("adds_up water_withdrawal", "2023", "3546.81"),
    ]  # fmt: skip
    assert Decimal("0.53") < Decimal(n2o["difference"].item()) < Decimal("0.55")
    assert findings.filter((pl.col("check") == "tie_out") & (pl.col("severity") == "error")).is_empty()


# ---------------------------------------------------------------- proofs


def test_printed_water_of_2023_contradicts_its_parts() -> None:
    """Tap and reclaimed water as printed, each at most 0.005 t off, cannot add up to the printed withdrawal."""
    parts = figure("2023", "fresh_water_consumption", "2023") + figure("2023", "reclaimed_water_consumption", "2023")
    whole = figure("2023", "water_withdrawal", "2023")

    assert parts - whole == Fraction("3546.81")
    assert abs(parts - whole) > 3 * Fraction("0.005")


def test_n2o_of_2020_would_not_print_as_zero() -> None:
    """Over every mix of gas, gasoline and diesel with the printed energy and CO2 of 2020, N2O on gas and diesel prints as 0.52 t or more.

    N2O is linear in the mix, so its least value lies in a corner: two fuels and the third at zero. Gasoline emits no counted N2O, so the corner of gas and
    gasoline has the least.
    """
    kgce = figure("2023", "direct_energy_consumption", "2020") * 1000 * factor("gbt2589-2020-electricity-coal")
    co2 = (figure("2023", "ghg_scope_1_by_gas", "2020", "CO2") + Fraction("0.005")) * 1000
    gas, gasoline = factor("gbt2589-2020-natgas-high-coal"), factor("gbt2589-2020-gasoline-coal")
    gas_co2, gasoline_co2 = factor("cn-natgas-co2"), factor("cn-gasoline-co2")
    gasoline_kg = (co2 - kgce / gas * gas_co2) / (gasoline_co2 - gasoline * gas_co2 / gas)
    gas_m3 = (kgce - gasoline_kg * gasoline) / gas
    n2o = gas_m3 * factor("cn-natgas-ncv") * factor("ipcc2006-natgas-n2o-commercial") * factor("gwp100-ar5-n2o") / 1000

    assert gasoline_kg > 0
    assert gas_m3 > 0
    assert n2o > Fraction("0.52")
    assert printed(n2o, 2) != "0.00"


def test_no_documented_pair_gives_the_printed_scope_1_of_2020() -> None:
    """Every pair of an energy coefficient and a way to CO2 that speak of the same gas, with and without CH4 and N2O, and every GWP set at hand."""
    kgce = figure("2020", "direct_energy_consumption", "2020") * 1000 * factor("gbt2589-2008-electricity-coal")
    ncv, field_ncv = factor("gbt2589-2008-natgas-oilfield-ncv"), factor("gbt2589-2008-natgas-gasfield-ncv")
    ipcc = factor("ipcc2006-natgas-co2")
    oil_field = [(ncv, ncv * ipcc), (factor("cn-natgas-ncv"), factor("cn-natgas-ncv") * ipcc), (factor("cn-natgas-ncv"), factor("cn-natgas-co2"))]
    pairs = [
        *product([factor("gbt2589-2008-natgas-oilfield-coal"), factor("gbt2589-2020-natgas-high-coal")], oil_field),
        (factor("gbt2589-2008-natgas-gasfield-coal"), (field_ncv, field_ncv * ipcc)),
    ]
    totals = []
    for coal, (energy_per_m3, co2_per_m3) in pairs:
        cubic_metres = kgce / coal
        energy = cubic_metres * energy_per_m3
        for gwp in ("ar4", "ar5", "ar6"):
            ch4 = energy * factor("ipcc2006-natgas-ch4-commercial") * factor(f"gwp100-{gwp}-ch4")
            n2o = energy * factor("ipcc2006-natgas-n2o-commercial") * factor(f"gwp100-{gwp}-n2o")
            totals += [cubic_metres * co2_per_m3 / 1000, (cubic_metres * co2_per_m3 + ch4 + n2o) / 1000]

    assert (printed(min(totals), 1), printed(max(totals), 1)) == ("637.9", "646.3")
    assert min(totals) > figure("2020", "ghg_scope_1", "2020") + 13


def test_known_arithmetic_of_the_reports_through_the_library() -> None:
    """2020 report, section 1.1: 1,406,874 kWh = 1,001.6 t. 2023 report, footnote 71: 1.98 million kWh = 1,263.04 t."""
    assert printed(1_406_874 * factor("cn-grid-ncg-2019-om50bm50") / 1000, 1) == "1001.6"
    assert printed(1_980_000 * factor("cn-gd-guideline-2024") / 1000, 2) == "1263.04"


# ---------------------------------------------------------------- the reconstruction itself


@pytest.mark.parametrize("folder", ["data/raw"])
def test_the_script_writes_the_committed_files_byte_by_byte(folder: str, tmp_path: Path) -> None:
    made = tmp_path / "raw"
    subprocess.run([sys.executable, str(REPOSITORY / "data" / "reconstruction" / "make_raw.py"), "--out", str(made)], check=True, capture_output=True)
    committed = {path.relative_to(REPOSITORY / folder): path.read_bytes() for path in (REPOSITORY / folder).rglob("*") if path.is_file()}
    again = {path.relative_to(made): path.read_bytes() for path in made.rglob("*") if path.is_file()}

    assert sorted(map(str, again)) == sorted(map(str, committed))
    assert [str(path) for path in committed if committed[path] != again[path]] == []


def test_the_workspace_has_forty_to_sixty_sites_and_says_it_is_reconstructed(worked: Ran) -> None:
    readme = (REPOSITORY / "data" / "raw" / "README.md").read_text(encoding="utf-8")

    assert 40 <= worked.table("sites").filter(pl.col("kind") != "group").height <= 60
    assert "nothing below group level is the company's data" in readme.lower().replace("\n", " ")
