"""The explorer with 200,000 records: how long its data take to make, and how long a search takes in a browser, from the input to the painted results.

As a program: `python benchmarks/explorer.py [records]`. The workspace is made up and run through the whole pipeline, which takes a minute or two.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import polars as pl

from esg_kpis.editions import read_editions
from esg_kpis.report.site.basis import SiteBasis, to_explorer
from esg_kpis.report.site.explorer import explorer_files
from esg_kpis.report.site.write import site_files
from esg_kpis.tables import BRIDGE, empty
from pipelines.last_run import last_run
from pipelines.latest import latest_of
from tests.browser import launched, watched
from tests.conftest import Ran
from tests.explorer_scenario import QUERIES, answered, ran_large, ready

RECORDS = 200_000


def basis_of(ran: Ran) -> SiteBasis:
    """What the site of a run is made of, read from its results."""
    folder = latest_of(ran.out)
    tables = {path.stem: pl.read_parquet(path) for path in sorted(folder.glob("*.parquet"))}
    facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    editions = {edition.id: edition for edition in read_editions(ran.root / "editions")}
    return SiteBasis(editions, {name: last_run(ran.root, ran.out, name).inputs for name in editions}, {"bridge": empty(BRIDGE), **tables}, facts)


def made(basis: SiteBasis) -> tuple[float, float, int, int]:
    """Seconds to make the data, by the clock and by the processors; how many files and bytes."""
    began, used = time.perf_counter(), time.process_time()
    files = explorer_files(basis)
    return time.perf_counter() - began, time.process_time() - used, len(files), sum(map(len, files.values()))


def searched(site: Path, walk: tuple[str, ...]) -> list[str]:
    """Opens the explorer from the disk, asks it, and walks from a figure to the amounts of a site and month."""
    told = []
    with launched() as browser, watched(browser, site / "explorer.html") as seen:
        ready(seen.page)
        times = answered(seen.page, QUERIES)
        opened = seen.page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
        told.append(f"opened in {opened:.0f} ms; {len(QUERIES)} searches: median {times.median:.0f} ms, worst {max(times.times):.0f} ms")
        began = time.perf_counter()
        seen.page.goto(f"{site.as_uri()}/{to_explorer('cell', *walk)}")
        ready(seen.page)
        seen.page.get_by_role("link", name="by site and month").first.click()
        seen.page.wait_for_selector(".matrix")
        ready(seen.page)
        table = time.perf_counter() - began
        seen.page.locator(".matrix tbody td a").first.click()
        seen.page.wait_for_selector("#added")
        told.append(f"figure to its table by site and month {table:.2f} s, on to the amounts {time.perf_counter() - began - table:.2f} s")
        told.append(f"complaints of the browser: {seen.complaints or 'none'}")
    return told


def main(records: int = RECORDS) -> None:
    """Prints what was measured."""
    with tempfile.TemporaryDirectory() as work:
        ran = ran_large(Path(work), records, report=False)
        basis = basis_of(ran)
        sent, amounts = basis.tables["records"].height, basis.tables["edition_amounts"].height
        wall, used, files, size = made(basis)
        sys.stdout.write(f"{sent:,} records, {amounts:,} amounts: {files} files, {size / 1e6:.0f} MB, in {wall:.1f} s ({used:.1f} s of processors)\n")
        site = Path(work) / "report"
        for path, content in site_files(basis, "benchmark").items():
            (site / path).parent.mkdir(parents=True, exist_ok=True)
            (site / path).write_bytes(content)
        sys.stdout.write(f"index {(site / 'data/index.js').stat().st_size / 1e3:.0f} kB\n")
        sys.stdout.write("\n".join(searched(site, ("e1", "ghg", "2023", "total", "All"))) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS)
