"""Ratios against named rivals, measured in turn in one run: `make bench`; `python benchmarks/bench.py people` measures that part only.

Never a timed test: a figure says how ours compares on the machine it ran on. The tables of the parts that were measured take the place of those in `docs/performance.md`.
"""

import pipelines  # noqa: F401  Before polars: it says how memory is kept, as in every run.

# isort: split
import io
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import factor_selection
import kpi_evaluation
import pint
import polars as pl
import readings
import readings_engines
import readings_scaling
from last_table import keep, show
from million_rows import AS_OF, bills, change, workspace, write_files
from people_counts import REPORT, SPELLS, TWELVE, counted, grouped, made, memory
from timing import Line, in_turn, seconds

from esg_kpis.exact import QUANTITY, scaled
from esg_kpis.files import Reading, Source, sandbox
from esg_kpis.ingest import ingest
from esg_kpis.units import multiplier
from pipelines.run import fewer_collections

ROOT = Path(__file__).parent.parent
RUNS = 5
VALUES = 100_000


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
    with fewer_collections():  # as in a run
        ours, rival = in_turn(lambda: kpi_evaluation.evaluated(editions, library, given), lambda: kpi_evaluation.added(given), runs=9)
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

    return f"{VALUES:,} quantities kBtu to kWh, exact", "pint, per value, binary floats", *in_turn(ours, rival, runs=3)


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
    ours, rival = in_turn(lambda: factor_selection.selected(frame, known, months), lambda: frame.join(table, on=["measure", "region", "period"], how="left"), runs=9)
    return "factors for 1,000,000 rows of 50,000 measures, regions and months", "a plain polars join of the same rows", ours, rival


def worker_start() -> float:
    """Seconds until the process that opens workbooks answers for the first time, of which libraries are the most."""
    sandbox.stop()
    content = io.BytesIO()
    pl.DataFrame({"site_id": ["S-0001"]}).write_excel(content)
    source = Source("energy/a.xlsx", content.getvalue(), "0")
    return seconds(lambda: sandbox.open_sheets(source, Reading(header_line=1)))


def started() -> Iterator[Line]:
    """The whole job on the worked data: cold, and again when nothing has changed."""
    with tempfile.TemporaryDirectory() as place:
        what, name, ours, rival = whole_run(Path(place))
        yield Line(what, name, ours, rival)
        yield Line("", "three times that plus five seconds", ours, [3 * theirs + 5 for theirs in rival], "at most 1 is promised")
        yield Line(*unchanged(Path(place)))


def evaluation() -> Iterator[Line]:
    """KPIs from amounts, and what is promised of them."""
    with tempfile.TemporaryDirectory() as place:
        what, name, ours, rival = kpis(Path(place))
        yield Line(what, name, ours, rival)
        yield Line("", "half a second", ours, [kpi_evaluation.PROMISED] * len(ours), "at most 1 is promised")


def units() -> Iterator[Line]:
    """Conversion of units."""
    what, name, ours, rival = conversion()
    times = statistics.median(theirs / mine for mine, theirs in zip(ours, rival, strict=True))
    yield Line(what, name, ours, rival, f"{times:,.0f} times faster; 1,000 are promised")


def ingested() -> Iterator[Line]:
    """Ingest of a million bills, and of a hundred files of which one has changed."""
    with tempfile.TemporaryDirectory() as place:
        yield Line(*million(Path(place)))
        yield Line("start of the process that opens workbooks", "", [worker_start()])
        yield Line(*changed(Path(place)))


def of_people() -> Iterator[Line]:
    """Counts of people, and their memory."""
    yield Line(*people())
    with tempfile.TemporaryDirectory() as place:
        for line, most, took in people_memory(Path(place)):
            yield Line(line, "", [took] if took else (), (), f"peak memory {most:.2f} GB")


def below(part: Callable[[Path], Iterator[Line]]) -> Iterator[Line]:
    """A part that puts its data on disk."""
    with tempfile.TemporaryDirectory() as place:
        yield from part(Path(place))


PARTS: dict[str, Callable[[], Iterator[Line]]] = {
    "run": started, "kpis": evaluation, "conversion": units, "selection": lambda: iter([Line(*selection())]), "people": of_people, "ingest": ingested,
    "readings": lambda: below(readings.lines), "engines": lambda: below(readings_engines.lines), "scaling": lambda: below(readings_scaling.lines),
}  # fmt: skip


def main(named: list[str]) -> None:
    """Measures the parts that are named, or all."""
    if unknown := [name for name in named if name not in PARTS]:
        sys.exit(f"There is no part '{unknown[0]}'. Parts: {', '.join(PARTS)}.")
    told = {part: [seen(line) for line in PARTS[part]()] for part in named or PARTS}
    show(told)
    keep(told)


def seen(line: Line) -> Line:
    """Says each line as soon as it is there: all of them take a while."""
    print("; ".join(cell for cell in line.cells if cell), file=sys.stderr, flush=True)
    return line


if __name__ == "__main__":
    main(sys.argv[1:])
