"""The Seattle example on the City's own file: real records of somebody else, tied out against what the City printed.

The file is not in the repository. SEATTLE_2016_CSV says where it lies; without it these tests are skipped, and only these.
Source: City of Seattle, "2016 Building Energy Benchmarking", data.seattle.gov; factors from the description of its column TotalGHGEmissions.
"""

import csv
import os
import shutil
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from esg_kpis.exact import printed
from pipelines.definitions import JOB, build_defs

EXAMPLE = Path(__file__).parent.parent / "examples" / "seattle-2016"
RAW = "data/raw/energy/2016_building_energy_benchmarking.csv"
CITY_FILE = os.environ.get("SEATTLE_2016_CSV", "")

pytestmark = pytest.mark.skipif(not CITY_FILE, reason="SEATTLE_2016_CSV does not name the City's file; examples/seattle-2016/README.md says where to get it")

WITHOUT_ENERGY = ["19798", "23355", "23437", "25431", "25752", "25763", "26532", "50082", "773"]


@dataclass(frozen=True)
class Run:
    """What one run wrote, and the City's rows as they stand in its file."""

    out: Path
    rows: list[dict[str, str]]

    def table(self, name: str) -> pl.DataFrame:
        """A written CSV, as text."""
        return pl.read_csv(self.out / f"{name}.csv", infer_schema=False)

    def differences(self, kpi_id: str, breakdown: str = "site") -> pl.DataFrame:
        """The printed cells of a KPI, with the difference as an exact number."""
        cells = self.table("tie_out").filter((pl.col("kpi_id") == kpi_id) & (pl.col("breakdown") == breakdown) & pl.col("published").is_not_null())
        return cells.with_columns(pl.col("difference").cast(pl.Decimal(38, 18)))

    def findings(self, check: str) -> pl.DataFrame:
        """The findings of a check that did not pass, on a row or a cell; without the line that only counts them."""
        return self.table("findings").filter((pl.col("check") == check) & (pl.col("passed") == "false") & ~pl.col("observed").str.contains(" of "))

    def buildings(self, findings: pl.DataFrame) -> set[str]:
        """The buildings that findings are about, by the line they name."""
        lines = findings["subject"].str.extract(r", line (\d+)").cast(pl.Int64()).to_list()
        return {self.rows[line - 2]["OSEBuildingID"] for line in lines}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The real pipeline, once, on a copy of the example with the City's file in its place."""
    root = tmp_path_factory.mktemp("seattle") / "workspace"
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns("out", "*.csv.new"))
    shutil.copyfile(CITY_FILE, root / RAW)
    job = build_defs(root).resolve_job_def(JOB)
    with dg.DagsterInstance.ephemeral() as instance:
        assert job.execute_in_process(instance=instance).success
    with (root / RAW).open(encoding="utf-8-sig", newline="") as file:
        return Run(root / "data" / "out", list(csv.DictReader(file)))


def number(text: str) -> Fraction:
    """A number of the City's file; blank counts as nothing here."""
    return Fraction(text.replace(",", "") or "0")


def total_of(run: Run, column: str) -> Fraction:
    """A column of the City's file, added up."""
    return sum((number(row[column]) for row in run.rows), Fraction(0))


def emissions(row: dict[str, str], tonnes_per_pound: Fraction) -> Fraction:
    """Emissions of a building in t CO2e by the City's factors, re-computed without the library."""
    electricity = number(row["Electricity(kWh)"]) / 1000 * Fraction("52.44") * tonnes_per_pound
    steam = number(row["SteamUse(kBtu)"]) / 1000 * Fraction("170.17") * tonnes_per_pound
    gas = number(row["NaturalGas(therms)"]) / 10 * Fraction("53.11") / 1000
    return electricity + steam + gas


def test_every_record_has_one_fate_and_none_is_rejected(run: Run) -> None:
    fates = run.table("record_fates")
    assert len(run.rows) == fates.height == fates["record_id"].n_unique() == 3376
    assert fates["fate"].unique().to_list() == ["used"]
    assert run.table("rejected").is_empty()
    assert run.table("sites").height == 3376


def test_every_building_is_within_two_hundredths_of_a_tonne(run: Run) -> None:
    cells = run.differences("ghg_scope_1_2")
    assert cells.height == 3367
    assert cells["difference"].abs().max() == Decimal("0.013632079034878051")  # below 0.02 t
    assert cells["verdict"].value_counts().sort("verdict").rows() == [("differs", 18), ("equal", 3349)]


def test_the_city_s_pound_explains_the_buildings_that_differ(run: Run) -> None:
    cells = run.differences("ghg_scope_1_2")
    theirs = dict(cells.select("category", "published").iter_rows())
    ours = dict(cells.select("category", "computed").iter_rows())
    reported = [row for row in run.rows if row["TotalGHGEmissions"]]
    exact = {row["OSEBuildingID"]: printed(emissions(row, Fraction("0.45359237") / 1000), 2) for row in reported}
    city = {row["OSEBuildingID"]: printed(emissions(row, 1 / Fraction("2204.62")), 2) for row in reported}
    assert exact == ours
    assert sum(ours[name] != theirs[name] for name in theirs) == 18
    assert [name for name in theirs if city[name] != theirs[name]] == ["562"]  # lies 0.000004 t beyond the half cent; it is equal with the exact pound


def test_the_sum_differs_by_what_the_buildings_differ(run: Run) -> None:
    total = run.differences("ghg_scope_1_2", "total").row(0, named=True)
    assert (total["computed"], total["published"], total["verdict"]) == ("403110.52", "403110.61", "differs")
    assert printed(total_of(run, "TotalGHGEmissions"), 2) == total["published"]
    assert abs(total["difference"] - run.differences("ghg_scope_1_2")["difference"].sum()) < Decimal("1e-12")


def test_every_intensity_is_within_a_hundredth(run: Run) -> None:
    cells = run.differences("ghg_per_floor_area")
    assert cells["verdict"].value_counts().sort("verdict").rows() == [("differs", 23), ("equal", 3344)]
    assert cells["difference"].abs().max() < Decimal("0.0052")


def test_the_city_divides_rounded_emissions(run: Run) -> None:
    reported = [row for row in run.rows if row["TotalGHGEmissions"]]
    divided = {row["OSEBuildingID"]: printed(number(row["TotalGHGEmissions"]) * 1000 / number(row["PropertyGFATotal"]), 2) for row in reported}
    assert divided == dict(run.differences("ghg_per_floor_area").select("category", "published").iter_rows())


def test_every_difference_is_explained(run: Run) -> None:
    cells = run.table("tie_out")
    assert cells.filter((pl.col("verdict") == "differs") & pl.col("explanation").is_null()).is_empty()
    assert set(cells["verdict"]) == {"equal", "differs", "not_published"}


def test_energy_by_carrier(run: Run) -> None:
    cells = run.table("kpi_values").filter(pl.col("kpi_id").is_in(["energy_by_carrier", "energy_consumption"]))
    values = {category: (shown, unit) for category, shown, unit in cells.select("category", "printed", "unit").iter_rows()}
    mwh_per_kbtu = Fraction("1.05505585262") / 3600  # International Table Btu
    electricity = total_of(run, "Electricity(kWh)") / 1000
    steam = total_of(run, "SteamUse(kBtu)") * mwh_per_kbtu
    gas = total_of(run, "NaturalGas(therms)") * 100 * mwh_per_kbtu
    assert values == {
        "Electricity": (printed(electricity, 2), "MWh"),
        "Steam": (printed(steam, 2), "MWh"),
        "Natural gas": (printed(gas, 2), "MWh"),
        "All": (printed(electricity + steam + gas, 2), "MWh"),
    }


def test_nine_buildings_without_energy_are_not_collected_and_not_zero(run: Run) -> None:
    cells = run.table("kpi_values").filter((pl.col("kpi_id") == "ghg_scope_1_2") & (pl.col("breakdown") == "site"))
    missing = cells.filter(pl.col("status") != "ok")
    assert sorted(missing["category"]) == WITHOUT_ENERGY
    assert missing["status"].unique().to_list() == ["not_collected"]
    assert missing["value"].null_count() == 9


def test_the_negative_meter_is_accepted_with_a_finding(run: Run) -> None:
    finding = run.findings("negative").row(0, named=True)
    assert run.findings("negative").height == 1
    assert "electricity_purchased at 49784" in finding["subject"]
    cell = run.differences("ghg_scope_1_2").filter(pl.col("category") == "49784").row(0, named=True)
    assert (cell["computed"], cell["published"]) == ("-0.80", "-0.80")


def test_fuels_that_do_not_add_up_to_the_site_energy_are_found(run: Run) -> None:
    found = run.buildings(run.findings("row_footing"))
    parts = ("SteamUse(kBtu)", "Electricity(kBtu)", "NaturalGas(kBtu)")
    both: set[str] = set()
    no_total: set[str] = set()
    no_fuel: set[str] = set()
    for row in run.rows:
        total, fuels = number(row["SiteEnergyUse(kBtu)"]), sum(number(row[part]) for part in parts)
        if abs(total - fuels) > 50:
            (no_total if not total else no_fuel if not fuels else both).add(row["OSEBuildingID"])
    assert (len(both), len(no_total), len(no_fuel)) == (43, 11, 6)
    assert found == both | no_total | no_fuel
    by_id = {row["OSEBuildingID"]: row for row in run.rows}
    gaps = {name: abs(number(by_id[name]["SiteEnergyUse(kBtu)"]) - sum(number(by_id[name][part]) for part in parts)) for name in both}
    assert sum(gap > 1000 for gap in gaps.values()) == 41
    assert sorted(gap for gap in gaps.values() if gap <= 1000) == [Fraction("239.5"), 360]


def test_kwh_and_kbtu_are_compared_and_never_added(run: Run) -> None:
    counted = run.table("findings").filter(pl.col("check") == "two_units")
    assert counted["passed"].to_list() == ["true", "true"]
    assert counted["observed"].to_list() == ["0 of 3367 rows do not"] * 2
    columns = pl.read_parquet(run.out / "quantities.parquet")["column"].unique().to_list()
    assert sorted(columns) == ["Electricity(kWh)", "NaturalGas(therms)", "PropertyGFATotal", "SteamUse(kBtu)"]


def test_outlier_flags_are_findings(run: Run) -> None:
    flagged = {row["OSEBuildingID"] for row in run.rows if row["Outlier"]}
    assert run.buildings(run.findings("flag")) == flagged
    assert len(flagged) == 32


def test_the_second_engine_agrees_on_every_building(run: Run) -> None:
    """6,741 figures of real records, from the typed rows on."""
    from esg_kpis.factors import read_library
    from tests.conftest import Ran
    from tests.test_reperform import Asked, differing, read_editions, recomputed, typed_of

    ran = Ran(run.out.parent.parent, run.out)
    edition = read_editions(ran.root / "editions", ("2016",))[0]
    second = recomputed(typed_of(ran, read_library(ran.root / "factors")), Asked(edition, edition.rules.knowledge_date, edition.rules.knowledge_date), ran.table("published"))

    assert differing(ran.table("kpi_values"), second) == []
    assert second["value"].count() == 6741
