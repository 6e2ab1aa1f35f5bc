"""A million bills in one CSV file, from bytes to the fate of each row; and a hundred files of which one changes.

As a program it prints how long the ingest of a workspace took, in a process of its own that has ingested a small one before.
"""

import shutil
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import polars as pl

import pipelines  # noqa: F401  Before polars: it says how memory is kept, as in every run.
from esg_kpis.amounts import amounts_of
from esg_kpis.editions import read_edition
from esg_kpis.editions.boundary import amounts_in_edition, record_fates
from esg_kpis.ingest import ingest
from esg_kpis.workspace import Workspace

AS_OF = date(2024, 4, 9)
SITES, METERS, MONTHS = 500, 20_834, 48
EDITION = """\
id = "2023"
document = "Benchmark"
knowledge_date = 2024-04-09
knowledge_text = "t"
gwp_set = "AR5"
gwp_text = "t"
[[period]]
id = "2023"
first = 2023-01-01
last = 2023-12-31
[[boundary]]
id = "all"
text = "All of it."
"""
KPIS = """\
- id: electricity
  label: Electricity
  text: t
  source: t
  unit: kWh
  decimals: 2
  formula: sum
  amounts: [{measure: electricity_purchased}]
"""


def bills(meters: int = METERS, months: int = MONTHS) -> pl.DataFrame:
    """A bill a meter and month, as text: site, meter, document, measure, quantity, unit, first and last day."""
    month = pl.select(pl.date_range(date(2020, 1, 1), date(2020 + (months - 1) // 12, 1 + (months - 1) % 12, 1), "1mo").alias("from"))
    meter = pl.select(pl.int_range(meters, dtype=pl.Int64()).alias("number"))
    rows = meter.join(month, how="cross").with_row_index("row")
    return rows.select(
        pl.format("S-{}", (pl.col("number") % SITES).cast(pl.String).str.zfill(4)).alias("site_id"),
        pl.format("M-{}", pl.col("number").cast(pl.String).str.zfill(5)).alias("meter_id"),
        pl.format("B{}", pl.col("row").cast(pl.String).str.zfill(8)).alias("document"),
        pl.lit("electricity_purchased").alias("measure"),
        pl.format("{}.{}", pl.col("row").cast(pl.Int64) * 7919 % 90_000 + 10_000, pl.col("row") % 10).alias("quantity"),
        pl.lit("kWh").alias("unit"),
        pl.col("from").dt.strftime("%Y-%m-%d").alias("period_start"),
        pl.col("from").dt.month_end().dt.strftime("%Y-%m-%d").alias("period_end"),
    )


def workspace(root: Path) -> Workspace:
    """An empty workspace with a register of sites and an edition of one KPI."""
    shutil.rmtree(root, ignore_errors=True)
    for folder in ("data/raw/sites", "data/raw/energy", "editions/2023"):
        (root / folder).mkdir(parents=True)
    lines = "".join(f"S-{number:04d},Site {number},CN,office,,\n" for number in range(SITES))
    (root / "data/raw/sites/sites.csv").write_text(f"site_id,name,country,kind,valid_from,valid_to\n{lines}", encoding="utf-8")
    (root / "editions/2023/edition.toml").write_text(EDITION, encoding="utf-8")
    (root / "editions/2023/kpis.yaml").write_text(KPIS, encoding="utf-8")
    return Workspace(root, root / "out")


def write_files(space: Workspace, files: int = 100, meters: int = 25) -> list[Path]:
    """Bills in many files, as sites send them: of four files three are workbooks, one is CSV."""
    every = bills(files * meters)
    paths = []
    for number in range(files):
        part = every.slice(number * meters * MONTHS, meters * MONTHS)
        path = space.raw / "energy" / (f"{number:03d}.csv" if number % 4 == 0 else f"{number:03d}.xlsx")
        if path.suffix == ".csv":
            part.write_csv(path)
        else:
            part.with_columns(pl.col("quantity").cast(pl.Decimal(18, 9)).cast(pl.String)).write_excel(path, autofit=False)
        paths.append(path)
    return paths


def change(path: Path) -> None:
    """One file sent anew, with another unit in every row."""
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(",MWh,", ",kWh,") if ",MWh," in text else text.replace(",kWh,", ",MWh,"), encoding="utf-8")


def fates_of(space: Workspace) -> None:
    """From the bytes of the files of a workspace to the fates of their rows, as a file."""
    read = ingest(space, AS_OF)
    edition = read_edition(space.editions / "2023")
    seen = amounts_in_edition(amounts_of(read.quantities), read.sites, read.rejected, edition, AS_OF)
    no_flags = pl.DataFrame(schema={"record_id": pl.String(), "flag": pl.String()})
    fates = record_fates(read.records, read.rejected, read.sites, read.meters, seen, no_flags, edition)
    fates.write_parquet(space.root / "fates.parquet", compression="zstd", statistics=False)


def timed(space: Workspace) -> float:
    """Seconds of `fates_of`, after a small workspace has warmed up what a process loads once."""
    with tempfile.TemporaryDirectory() as place:
        small = workspace(Path(place))
        bills(1).write_csv(small.raw / "energy" / "bills.csv")
        fates_of(small)
    start = time.perf_counter()
    fates_of(space)
    return time.perf_counter() - start


if __name__ == "__main__":
    print(timed(Workspace(Path(sys.argv[1]), Path(sys.argv[1]) / "out")))
