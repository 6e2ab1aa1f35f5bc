"""A workspace with as many records as asked for, made up and run through the real pipeline; and a page of the explorer in a browser, asked and timed."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
from playwright.sync_api import Page

from tests.conftest import Ran, run_workspace
from tests.scenario import BURNT, EVERYWHERE, GRID, Row, edition_folder, factor_row, gwp_row, kpi, library_folder

MEASURES = (("electricity_purchased", "kWh", "E"), ("natural_gas", "Nm3", "G"), ("water_tap", "t", "W"))
MONTHS = 24
REGIONS = ("CN-NCG", "CN-ECG", "CN-SCG", "CN-CCG")
KINDS = ("office", "store", "warehouse")
SCOPES: Row = {"name": "kind", "categories": {name: {"kind": [name]} for name in KINDS}}
TOTAL: Row = {"name": "total", "categories": {"All": {}}}
GASES: Row = {"name": "gas", "categories": {name: {"gas_group": [name]} for name in ("CO2", "CH4")}}
KPIS: list[Row] = [
    kpi("electricity", "MWh", "electricity_purchased", breakdowns=[TOTAL, SCOPES], hkex="A2.1", gri="302-1"),
    kpi("gas", "Nm3", "natural_gas", breakdowns=[TOTAL, SCOPES]),
    kpi("water", "tonne", "water_tap", hkex="A2.2"),
    kpi("ghg", "tCO2e", "emission_co2e", breakdowns=[TOTAL, SCOPES, GASES], hkex="A1.2", gri="305-1"),
    kpi("ghg_per_electricity", "tCO2e/MWh", formula="ratio", numerator="ghg", denominator="electricity", breakdowns=[TOTAL, SCOPES]),
    kpi("growth", "%", formula="growth", numerator="ghg"),
    kpi("bills", "one", "electricity_purchased", formula="count", decimals=0),
]  # fmt: skip


def large_workspace(root: Path, records: int, to_a_file: int = 2_000) -> Path:
    """Monthly bills of electricity, gas and water over two years, each site with three meters, in files of so many rows."""
    sites = -(-records // (len(MEASURES) * MONTHS))
    for folder in ("sites", "energy", "water"):
        (root / "data/raw" / folder).mkdir(parents=True)
    lines = "".join(f"S-{n:05d},Site number {n},CN,{REGIONS[n % 4]},{KINDS[n % 3]},,\n" for n in range(sites))
    (root / "data/raw/sites/sites.csv").write_text(f"site_id,name,country,grid_region,kind,valid_from,valid_to\n{lines}", encoding="utf-8")
    months = pl.select(pl.date_range(date(2022, 1, 1), date(2022 + (MONTHS - 1) // 12, 12, 1), "1mo").alias("from"))
    site = pl.select(pl.int_range(sites, dtype=pl.Int64()).alias("number"))
    for measure, unit, letter in MEASURES:
        rows = site.join(months, how="cross").with_row_index("row").select(
            pl.format("S-{}", pl.col("number").cast(pl.String).str.zfill(5)).alias("site_id"), pl.format("M-{}-{}", pl.col("number").cast(pl.String).str.zfill(5), pl.lit(letter)).alias("meter_id"),
            pl.format("{}{}", pl.lit(letter), pl.col("row").cast(pl.String).str.zfill(8)).alias("document"), pl.lit(measure).alias("measure"),
            pl.format("{}.{}", pl.col("row").cast(pl.Int64) * 7919 % 9_000 + 1_000, pl.col("row") % 10).alias("quantity"), pl.lit(unit).alias("unit"),
            pl.col("from").dt.strftime("%Y-%m-%d").alias("period_start"), pl.col("from").dt.month_end().dt.strftime("%Y-%m-%d").alias("period_end"),
        )  # fmt: skip
        folder = "water" if measure.startswith("water") else "energy"
        for number, part in enumerate(rows.iter_slices(to_a_file)):
            part.write_csv(root / "data/raw" / folder / f"{measure}_{number:04d}.csv")
    edition_folder(root, KPIS, EVERYWHERE + GRID + BURNT)
    grids = [factor_row(f"grid-{year}", data_from=f"{year}-01-01", data_to=f"{year}-12-31") for year in (2022, 2023)]
    library_folder(root, {"mee": grids, **_fuels()}, [gwp_row("CO2", "1"), gwp_row("CH4", "28"), gwp_row("N2O", "265")])
    return root


def _fuels() -> dict[str, list[dict[str, str]]]:
    """The factors that `BURNT` asks for: energy, methane and carbon of natural gas."""
    common = {"data_from": "2013-01-01", "data_to": "", "region": "CN"}
    return {
        "ndrc-sector-guidelines": [
            factor_row("gas-ncv", measure="natural_gas", output="natural_gas_energy", gas="", value="38.931", unit="MJ/Nm3", **common), factor_row("gas-co2", measure="natural_gas", output="emission_gas", gas="CO2", value="2.162", unit="kg/Nm3", **common)
        ],
        "ipcc-2006-v2-ch2": [factor_row("gas-ch4", measure="natural_gas_energy", output="emission_gas", gas="CH4", value="5", unit="kg/TJ", method="commercial", **common)],
    }  # fmt: skip


def ran_large(place: Path, records: int, *, report: bool = True) -> Ran:
    """A run of it."""
    return run_workspace(large_workspace(place / "workspace", records), place / "out", place / "dagster", report=report)


# ---------------------------------------------------------------- asked in the browser


def ready(page: Page) -> None:
    """Waits until the explorer shows what its address asks for."""
    page.wait_for_selector("#explorer-query")
    page.wait_for_selector("#explorer-page:not([aria-busy]) h1")


@dataclass(frozen=True)
class Answered:
    """How long some searches took, from the input to the painted results, in milliseconds; and how many links each showed."""

    times: Sequence[float]
    found: Sequence[int]

    @property
    def median(self) -> float:
        """The middle of the times."""
        return statistics.median(self.times)


ASK = """async ([query]) => {
  const box = document.getElementById("explorer-query");
  const painted = () => new Promise((done) => requestAnimationFrame(() => { const channel = new MessageChannel(); channel.port1.onmessage = () => done(performance.now()); channel.port2.postMessage(0); }));
  await painted();
  const began = performance.now();
  box.value = query;
  box.dispatchEvent(new Event("input", { bubbles: true }));
  const ended = await painted();
  return [ended - began, document.querySelectorAll("#explorer-results a").length];
}"""


def answered(page: Page, queries: Sequence[str]) -> Answered:
    """Searches one after the other; each begins with nothing painted before it left to do."""
    told = [page.evaluate(ASK, [query]) for query in queries]
    return Answered([time for time, _ in told], [found for _, found in told])


QUERIES = ("S-00017", "site number 12", "M-00100-E", "electricity", "A1.2", "ghg", "natural_gas_0001.csv", "natural_gas_0001.csv:77", "s", "zzz", "302-1", "energy/", "grid-2023", "m-00", "water_tap", "one", "0", "-e", "gas co2", "office")
"""What somebody might type: names, parts of names, codes, lines of files, and what is nowhere."""
