"""Ratios against named rivals, measured in turn in one run: `make bench`; `python benchmarks/bench.py people` measures that part only.

Never a timed test: a figure says how ours compares on the machine it ran on, and `docs/performance.md` holds the last table with that machine.
"""

import io
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import factor_selection
import kpi_evaluation
import pint
import polars as pl
from million_rows import AS_OF, bills, change, workspace, write_files
from people_counts import REPORT, SPELLS, TWELVE, counted, grouped, made, memory
from rich.console import Console
from rich.table import Table

from esg_kpis.exact import QUANTITY, scaled
from esg_kpis.files import Reading, Source, sandbox
from esg_kpis.ingest import ingest
from esg_kpis.units import multiplier

ROOT = Path(__file__).parent.parent
RUNS = 5
VALUES = 100_000


def seconds(action: Callable[[], object]) -> float:
    """How long one call takes, in seconds of the wall clock."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def in_turn(ours: Callable[[], object], rival: Callable[[], object], runs: int = RUNS) -> tuple[list[float], list[float]]:
    """Both, one after the other, after one warm-up each."""
    ours(), rival()
    pairs = [(seconds(ours), seconds(rival)) for _ in range(runs)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def process(*args: str, home: Path) -> Callable[[], object]:
    """A whole process."""
    environment = {**os.environ, "DAGSTER_HOME": str(home)}
    return lambda: subprocess.run([sys.executable, *args], check=True, capture_output=True, env=environment)


def whole_run(place: Path) -> tuple[str, str, list[float], list[float]]:
    """The whole job on the worked data, against importing Dagster alone."""
    run = process("-m", "pipelines.cli", "--root", str(ROOT), "--out", str(place / "out"), "run", "--again", home=place)
    ours, rival = in_turn(run, process("-c", "import dagster", home=place))
    return "whole run, worked data", "python -c 'import dagster'", ours, rival


def unchanged(place: Path) -> tuple[str, str, list[float], list[float]]:
    """A run of the worked data when nothing has changed since the last one, against importing what a run imports first."""
    run = process("-m", "pipelines.cli", "--root", str(ROOT), "--out", str(place / "again"), "run", home=place)
    run()
    ours, rival = in_turn(run, process("-c", "import dagster, polars", home=place))
    return "the same run when nothing has changed", "python -c 'import dagster, polars'", ours, rival


def kpis(place: Path) -> tuple[str, str, list[float], list[float]]:
    """The KPIs of two editions once their amounts exist, against adding up the same amounts once."""
    given = kpi_evaluation.tables(place)
    editions, library = kpi_evaluation.known()
    ours, rival = in_turn(lambda: kpi_evaluation.evaluated(editions, library, given), lambda: kpi_evaluation.added(given), 9)
    return "KPIs of both editions from their amounts", "one polars group_by of the amounts", ours, rival


def conversion() -> tuple[str, str, list[float], list[float]]:
    """Converting a column of kBtu to kWh: one exact multiplier and polars, against pint per value."""
    frame = pl.DataFrame({"quantity": pl.Series(range(VALUES)).cast(QUANTITY)})
    registry: pint.UnitRegistry[float] = pint.UnitRegistry()
    numbers = frame["quantity"].to_list()

    def ours() -> pl.DataFrame:
        fraction = multiplier("kBtu", "kWh")
        return frame.select(scaled(pl.col("quantity"), pl.lit(fraction.numerator), pl.lit(fraction.denominator)))

    def rival() -> list[object]:
        return [registry.Quantity(int(number), "kBtu").to("kilowatt_hour").magnitude for number in numbers]

    return f"{VALUES:,} quantities kBtu to kWh, exact", "pint, per value, binary floats", *in_turn(ours, rival, 3)


def people() -> tuple[str, str, list[float], list[float]]:
    """Counting people by all that the worked report asks for, against one plain group_by of the same rows."""
    spells = made()
    ours, rival = in_turn(lambda: counted(spells, REPORT), lambda: grouped(spells))
    return f"{SPELLS:,} spells to counts by {len(REPORT)} breakdowns", "one polars group_by of the rows", ours, rival


def people_memory(place: Path) -> list[tuple[str, float, float]]:
    """What was counted, the peak memory in GB of its process, and its seconds: medians over processes of their own."""
    file = place / "spells.parquet"
    made().write_parquet(file)
    lines = []
    for crosses in (0, 1, len(TWELVE)):
        told = [memory(file, crosses) for _ in range(3)]
        what = f"the same by {crosses} breakdown{'s' if crosses > 1 else ''}" if crosses else "the same rows, only read"
        lines.append((what, statistics.median(item["peak"] for item in told), statistics.median(item["seconds"] for item in told)))
    return lines


READ_AS_TEXT = """
import sys, time, polars
polars.read_csv(b"a,b\\n1,2\\n", infer_schema=False)
start = time.perf_counter()
polars.read_csv(sys.argv[1], infer_schema=False)
print(time.perf_counter() - start)
"""


def million(place: Path) -> tuple[str, str, list[float], list[float]]:
    """A million bills in one CSV file, from its bytes to the fates of its rows as a file, against polars reading that file as text; each in a process of its own, without its start."""
    space = workspace(place / "million")
    file = space.raw / "energy" / "bills.csv"
    bills().write_csv(file)

    def told(*args: str) -> float:
        return float(subprocess.run([sys.executable, *args], check=True, capture_output=True, text=True).stdout)

    pairs = [(told(str(Path(__file__).parent / "million_rows.py"), str(space.root)), told("-c", READ_AS_TEXT, str(file))) for _ in range(RUNS + 1)][1:]
    return "1,000,032 bills of one CSV to their fates", "polars reading it as text", [ours for ours, _ in pairs], [rival for _, rival in pairs]


def changed(place: Path) -> tuple[str, str, list[float], list[float]]:
    """Ingest again when one of a hundred files has changed, against the first time."""
    space = workspace(place / "hundred")
    first = write_files(space)[0]
    again, anew = [], []
    for _ in range(3):
        shutil.rmtree(space.sheets, ignore_errors=True)
        anew.append(seconds(lambda: ingest(space, AS_OF)))
        change(first)
        again.append(seconds(lambda: ingest(space, AS_OF)))
    return "100 files (75 XLSX, 25 CSV), one of them changed", "the first time", again, anew


def selection() -> tuple[str, str, list[float], list[float]]:
    """The choice of factors, with rule, rung and reason, against joining the same rows with a table of them."""
    frame, known, months = factor_selection.rows(), factor_selection.library(), factor_selection.periods()
    table = factor_selection.table_of(known)
    ours, rival = in_turn(lambda: factor_selection.selected(frame, known, months), lambda: frame.join(table, on=["measure", "region", "period"], how="left"), 9)
    return "factors for 1,000,000 rows of 50,000 measures, regions and months", "a plain polars join of the same rows", ours, rival


def worker_start() -> float:
    """Seconds until the process that opens workbooks answers for the first time, of which libraries are the most."""
    sandbox.stop()
    content = io.BytesIO()
    pl.DataFrame({"site_id": ["S-0001"]}).write_excel(content)
    source = Source("energy/a.xlsx", content.getvalue(), "0")
    return seconds(lambda: sandbox.open_sheets(source, Reading(header_line=1)))


PARTS = ("run", "unchanged", "kpis", "conversion", "selection", "people", "million", "changed")


def main(parts: tuple[str, ...]) -> None:
    """Prints the table."""
    table = Table(
        box=None,
        pad_edge=False,
        title=f"Python {platform.python_version()}, polars {pl.__version__}, {os.cpu_count()} cores",
        title_justify="left",
    )
    for name in ("ours", "rival", "ours s", "rival s", "ratio", "spread"):
        table.add_column(name, justify="left" if name in ("ours", "rival") else "right")
    with tempfile.TemporaryDirectory() as place:
        measured = {"run": lambda: whole_run(Path(place)), "unchanged": lambda: unchanged(Path(place)), "kpis": lambda: kpis(Path(place)), "conversion": conversion, "selection": selection, "people": people,
                    "million": lambda: million(Path(place)), "changed": lambda: changed(Path(place))}
        for part in parts:
            what, rival_name, ours, rival = measured[part]()
            ratios = sorted(mine / theirs for mine, theirs in zip(ours, rival, strict=True))
            spread = f"{ratios[0]:.3f} to {ratios[-1]:.3f}"
            table.add_row(
                what,
                rival_name,
                f"{statistics.median(ours):.2f}",
                f"{statistics.median(rival):.2f}",
                f"{statistics.median(ratios):.3f}",
                spread,
            )
            if part == "run":
                limit = [3 * theirs + 5 for theirs in rival]
                within = sorted(mine / most for mine, most in zip(ours, limit, strict=True))
                table.add_row(
                    "",
                    "three times that plus five seconds",
                    "",
                    f"{statistics.median(limit):.2f}",
                    f"{statistics.median(within):.3f}",
                    "at most 1 is promised",
                )
            if part == "kpis":
                table.add_row("", "half a second, which is promised", "", f"{kpi_evaluation.PROMISED:.2f}", f"{statistics.median(ours) / kpi_evaluation.PROMISED:.3f}", "at most 1")
            if part == "conversion":
                table.add_row("", "times faster per value; 1,000 are promised", "", "", f"{1 / statistics.median(ratios):,.0f}", "")
            if part == "million":
                table.add_row("start of the process that opens workbooks", "", f"{worker_start():.2f}", "", "", "")
            if part == "people":
                for line, peak, took in people_memory(Path(place)):
                    table.add_row(line, "", f"{took:.2f}" if took else "", "", "", f"peak {peak:.2f} GB")
    Console(width=150).print(table)


if __name__ == "__main__":
    if unknown := [name for name in sys.argv[1:] if name not in PARTS]:
        sys.exit(f"There is no part '{unknown[0]}'. Parts: {', '.join(PARTS)}.")
    main(tuple(sys.argv[1:]) or PARTS)
