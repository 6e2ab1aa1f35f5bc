"""Fifty million interval readings of a year, month by month, from files to monthly amounts with the fate of every row: against SQL written by hand for DuckDB, pandas, plain sums and bare scans.

Every result is compared with ours, column by column and number by number, before anything is timed.
"""

import json
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
from readings_data import AS_OF, KNOWN_ON, Made, register, source_of, table_of, write
from readings_duckdb import FORMS, connected, rolled_by_hand
from readings_pandas import rolled_by_pandas
from readings_plain import scanned_by_duckdb, scanned_by_polars, sums_by_duckdb, sums_by_polars
from readings_process import told
from timing import Line, in_turn, seconds

from esg_kpis.readings.judged import Task
from esg_kpis.readings.monthly import computed
from esg_kpis.readings.rolled import Dates, roll_up
from esg_kpis.readings.settings import EngineSettings, engine
from esg_kpis.readings.tables import task_of
from esg_kpis.workspace import Workspace

METERS, RUNS = 1_400, 3
DIRTY, CLEAN = Made(METERS, dirty=0.015), Made(METERS)
BY_TIME = replace(DIRTY, by_time=True, months=("2023-05",))
OF_PANDAS = 2
Frames = dict[str, pl.DataFrame]


def tasks_of(place: Path, made: Made) -> list[Task]:
    """The months of a table, with what its files say of themselves."""
    source = source_of(place, made)
    return [task_of(source, month, register(made), KNOWN_ON, AS_OF) for month in source.by_month]


def same(ours: Sequence[Frames], theirs: Sequence[Frames], who: str) -> None:
    """Stops the bench if a rival gives another result: then one of both is wrong, and no time is worth anything.

    Raises:
        AssertionError: naming the rival and the frame.
    """
    for one, other in zip(ours, theirs, strict=True):
        for name, frame in one.items():
            assert frame.equals(other[name]), f"{who} gives other {name}"


def lines(place: Path) -> Iterator[Line]:
    """Every line of this part."""
    dirty, clean = place / "dirty" / "grid", place / "clean" / "grid"
    rows = write(dirty, DIRTY)
    rows_clean = write(clean, CLEAN)
    with duckdb.connect(config={"preserve_insertion_order": False}) as database, engine(EngineSettings(), place / "work") as running:
        tasks = tasks_of(dirty, DIRTY)

        def ours(some: Sequence[Task] = tasks, root: Path = dirty) -> list[Frames]:
            return [computed(running, task, root) for task in some]

        def by_hand(form: tuple[str, str], some: Sequence[Task] = tasks, root: Path = dirty) -> list[Frames]:
            with duckdb.connect(config={"preserve_insertion_order": False}) as fresh:
                found = []
                for task in some:
                    connected(fresh, task)
                    found.append(rolled_by_hand(fresh, task, form, root.as_posix()))
                return found

        month = tasks[4:5]
        quickest = yield from _forms(lambda: ours(month), lambda form: by_hand(form, month), rows=month[0].files[0].content.rows)
        same(ours(), by_hand(quickest), "SQL by hand")
        mine, theirs = in_turn(ours, lambda: by_hand(quickest), runs=RUNS, warm=False)
        yield Line(f"{rows:,} readings, 12 months, 1.5 % in trouble", f"the quickest of them, {_called(quickest)}", mine, theirs, "at most 1.5 is promised")
        few = tasks[:OF_PANDAS]
        same(ours(few), [rolled_by_pandas(task, dirty.as_posix()) for task in few], "pandas")
        mine, theirs = in_turn(lambda: ours(few), lambda: [rolled_by_pandas(task, dirty.as_posix()) for task in few], runs=RUNS, warm=False)
        times = statistics.median(other / one for one, other in zip(mine, theirs, strict=True))
        yield Line(f"{OF_PANDAS} months of them", "pandas, the same frames", mine, theirs, f"{times:.1f} times faster; 4 are promised")
        yield from _least(f"{rows:,} readings in trouble", ours, tasks, database)
        tidy = tasks_of(clean, CLEAN)
        same(ours(tidy, clean), by_hand(quickest, tidy, clean), "SQL by hand")
        totals = [frames["meters"].select("meter_id", "total") for frames in ours(tidy, clean)]
        assert all(one.equals(two) and one.equals(three) for one, two, three in zip(totals, sums_by_duckdb(database, tidy), sums_by_polars(tidy), strict=True)), "the plain sums differ"
        yield from _least(f"{rows_clean:,} clean readings", lambda: ours(tidy, clean), tidy, database)
        write(place / "time" / "grid", BY_TIME)
        by_time = tasks_of(place / "time" / "grid", BY_TIME)
        same(ours(by_time, place / "time" / "grid"), by_hand(quickest, by_time, place / "time" / "grid"), "SQL by hand")
        mine, theirs = in_turn(lambda: ours(by_time, place / "time" / "grid"), lambda: by_hand(quickest, by_time, place / "time" / "grid"), runs=RUNS, warm=False)
        yield Line("one month, its rows in the order of time", f"the quickest of them, {_called(quickest)}", mine, theirs)
    yield from _memory(dirty, clean)
    yield from _step(place, rows)


def _called(form: tuple[str, str]) -> str:
    core, kind = form
    return f"`{core}` over {'rows judged once' if kind == 'TABLE' else 'the files themselves'}"


def _forms(ours: Callable[[], list[Frames]], by_hand: Callable[[tuple[str, str]], list[Frames]], rows: int) -> Iterator[Line]:
    """Each formulation of the query by hand on one month; returns the one that takes least of the processor."""
    found = {}
    mine = ours()
    for form in FORMS:
        same(mine, by_hand(form), f"SQL by hand, {_called(form)},")
        times = in_turn(ours, lambda form=form: by_hand(form), runs=2, warm=False)
        found[form] = statistics.median(times[1].processor)
        yield Line(f"one month, {rows:,} readings", f"SQL by hand for DuckDB, the same frames: {_called(form)}", *times)
    return min(found, key=lambda form: found[form])


def _least(what: str, ours: Callable[[], object], tasks: Sequence[Task], database: object) -> Iterator[Line]:
    """Ours beside the plain sum and the bare scan of the same rows."""
    rivals = {
        "plain GROUP BY sum, DuckDB": lambda: sums_by_duckdb(database, tasks), "plain group_by sum, Polars": lambda: sums_by_polars(tasks),
        "bare scan, DuckDB": lambda: scanned_by_duckdb(database, tasks), "bare scan, Polars": lambda: scanned_by_polars(tasks),
    }  # fmt: skip
    times = in_turn(ours, *rivals.values(), runs=RUNS)
    for name, theirs in zip(rivals, times[1:], strict=True):
        yield Line(what, name, times[0], theirs)


def _memory(dirty: Path, clean: Path) -> Iterator[Line]:
    for what, place in (("12 months in trouble", dirty), ("12 clean months", clean)):
        for name in ("polars", "duckdb", *(["by hand"] if place == dirty else [])):
            found = told(place, METERS, name, 1)
            yield Line(f"{what}, {'SQL by hand on DuckDB' if name == 'by hand' else 'ours on ' + name}, in a process of its own", "", [found["seconds"]], (), f"processor {found['processor']:.1f} s; peak memory {found['peak']:.0f} MB, {found['before']:.0f} MB before the first row")


def _step(place: Path, rows: int) -> Iterator[Line]:
    """The whole step of the pipeline: digests of files, months kept, lines of bills; and again when nothing has changed."""
    space = Workspace(place / "space", place / "space" / "out")
    home = space.raw / "readings"
    home.mkdir(parents=True)
    (place / "dirty" / "grid").rename(home / "grid")
    (home / "_format.toml").write_text(_declared(), encoding="utf-8")
    dates = Dates(date(2024, 4, 9), date(2024, 4, 9))
    meters = register(DIRTY)
    first = seconds(lambda: roll_up(space, meters, dates))
    again = [seconds(lambda: roll_up(space, meters, dates)) for _ in range(RUNS)]
    yield Line(f"the whole step for {rows:,} readings, with digests and lines of bills", "", [first])
    yield Line("the same again, nothing changed", "the first time", again, [first] * RUNS)


def _declared() -> str:
    """The `_format.toml` of the table."""
    told = table_of(DIRTY).model_dump(exclude_defaults=True)
    columns = told.pop("columns")
    plain = "".join(f"{name} = {json.dumps(value)}\n" for name, value in told.items())
    return f"[[table]]\n{plain}[table.columns]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in columns.items())
