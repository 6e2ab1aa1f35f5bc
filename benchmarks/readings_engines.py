"""The same ten million rows on every engine: every number of every frame has to be the same, of interval readings in trouble, of months in which the clock is changed, and of counters that roll over, are exchanged and slip."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from readings_data import AS_OF, DAY, INTERVAL, KNOWN_ON, Made, berlin, register, source_of, write
from timing import Line, seconds

from esg_kpis.readings.calendar import window_of
from esg_kpis.readings.declared import ReadingTable
from esg_kpis.readings.engines import Engine
from esg_kpis.readings.found import files_of
from esg_kpis.readings.judged import Task
from esg_kpis.readings.monthly import computed
from esg_kpis.readings.settings import EngineSettings, engine
from esg_kpis.readings.tables import Source, task_of

MONTHS = ("2023-05", "2023-06")
DIGITS = 5
COUNTERS = ReadingTable.model_validate({
    "name": "counters", "path": "counters", "form": "register", "measure": "electricity_purchased", "unit": "kWh", "interval_minutes": 15, "time_zone": "Asia/Shanghai", "estimated": ("E",), "refused": ("X",),
    "columns": {"meter_id": "meter_id", "time": "time", "value": "kwh", "received": "received", "quality": "quality", "device": "device"},
})  # fmt: skip


@dataclass(frozen=True)
class Work:
    """Months to be rolled up, with the folder below which samples name files."""

    root: Path
    tasks: Sequence[Task]

    @property
    def rows(self) -> int:
        """Rows of all."""
        return sum(file.content.rows for task in self.tasks for file in task.files)

    def on(self, running: Engine) -> list[dict[str, pl.DataFrame]]:
        """The frames of each month."""
        return [computed(running, task, self.root) for task in self.tasks]


def ten_million(place: Path, meters: int = 850) -> list[Work]:
    """Two plain months, two in which the clock is changed, and two of counters; about 1,700 times `meters` rows of each kind of table."""
    grid = Made(meters, MONTHS, dirty=0.015)
    found = []
    for name, made in (("grid", grid), ("berlin", berlin(Made(meters // 2, dirty=0.015)))):
        write(place / name, made)
        source = source_of(place / name, made)
        found.append(Work(place, [task_of(source, month, register(made), KNOWN_ON, AS_OF) for month in source.by_month]))
    write_counters(place / "counters", meters // 2)
    source = Source(place / "counters", COUNTERS, files_of(place / "counters", COUNTERS, place))
    named = register(Made(meters // 2)).with_columns(pl.lit(DIGITS, dtype=pl.Int64).alias("digits"))
    return [*found, Work(place, [task_of(source, month, named, KNOWN_ON, AS_OF) for month in source.by_month])]


def write_counters(place: Path, meters: int) -> None:
    """Counters of five digits: many roll over, some are exchanged in the middle of the month, some readings slip, come twice, are corrected or are missing."""
    chance = np.random.default_rng(7)
    start = chance.integers(0, 10**DIGITS, meters)
    for month in MONTHS:
        window = window_of(month, ZoneInfo("Asia/Shanghai"))
        slots = (window.end - window.start) // INTERVAL
        steps = chance.integers(0, 40, (meters, slots))
        shown = start[:, None] + np.cumsum(steps, axis=1)
        start = shown[:, -1]
        number, slot = np.repeat(np.arange(meters), slots), np.tile(np.arange(slots), meters)
        exchanged = (number % 50 == 3) & (slot >= slots // 2)
        value = np.where(exchanged, shown.ravel() - shown[:, slots // 2].repeat(slots), shown.ravel()) % 10**DIGITS
        frame = pl.DataFrame({"number": number, "time": window.start + slot * INTERVAL, "kwh": value, "quality": "A", "received": window.start + slot * INTERVAL + DAY, "device": np.where(exchanged, "second", "first")})
        count = frame.height
        slip = np.zeros(count, dtype=bool)
        slip[chance.integers(0, count, count // 2000)] = True
        again = frame[pl.Series(chance.integers(0, count, count // 200))]
        corrected = frame[pl.Series(chance.integers(0, count, count // 200))].with_columns(pl.col("kwh") + 1, pl.col("received") + DAY, pl.lit("E").alias("quality"))
        there = pl.Series(chance.random(count) > 0.002)
        rows = pl.concat([frame.with_columns(pl.when(pl.Series(slip)).then(pl.col("kwh") * 1000 + 7).otherwise("kwh").alias("kwh")).filter(there), again, corrected])
        (place / f"month={month}").mkdir(parents=True)
        rows.sort("number", "time", "received", "kwh").select(
            pl.format("M{}", pl.col("number").cast(pl.String).str.zfill(6)).alias("meter_id"), pl.col("time").cast(pl.Datetime("us", "UTC")), "kwh", "quality", pl.col("received").cast(pl.Datetime("us", "UTC")), "device"
        ).write_parquet(place / f"month={month}" / "part-000.parquet", row_group_size=1_000_000)  # fmt: skip


def engines_here() -> list[str]:
    """The engines that can run here: Spark only with Java and PySpark."""
    return ["polars", "duckdb", *(["spark"] if find_spec("pyspark") and shutil.which("java") else [])]


def lines(place: Path, runs: int = 3) -> Iterator[Line]:
    """All engines on the same rows, each against Polars.

    Raises:
        AssertionError: if a frame of one differs.
    """
    work = ten_million(place / "ten")
    rows = sum(item.rows for item in work)
    names = engines_here()
    for name in names[1:]:
        with engine(EngineSettings(), place) as first, engine(EngineSettings(name=name, url="local[2]"), place) as other:
            ours, theirs = [], []
            for _ in range(runs if name == "duckdb" else 1):
                told: dict[str, list[dict[str, pl.DataFrame]]] = {}
                ours.append(seconds(lambda told=told, first=first: told.update(ours=[frames for item in work for frames in item.on(first)])))
                theirs.append(seconds(lambda told=told, other=other: told.update(theirs=[frames for item in work for frames in item.on(other)])))
                _same(told["ours"], told["theirs"], [task for item in work for task in item.tasks], name)
        yield Line(f"{rows:,} rows (troubled, with two changes of the clock, and counters), Polars", f"the same roll-up on {name}: every number the same", ours, theirs)
    if "spark" not in names:
        yield Line("", "Spark was not measured: it needs PySpark and Java")


def _same(ours: Sequence[dict[str, pl.DataFrame]], theirs: Sequence[dict[str, pl.DataFrame]], tasks: Sequence[Task], name: str) -> None:
    for one, two, task in zip(ours, theirs, tasks, strict=True):
        for frame, found in one.items():
            assert found.equals(two[frame]), f"{name} differs from Polars in {frame} of {task.table.name} {task.window.month}"
