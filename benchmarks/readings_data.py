"""Tables of interval readings for the benchmarks, made month by month: the same bytes whenever they are made.

15-minute readings in Wh: `meter_id`, `time` (instants in UTC), `wh`, `quality` (A measured, E estimated, X refused) and `received`, a day's readings in the night after it. In the rows that are
DIRTY about 1.5 % are in trouble, most of it in runs of six hours, as senders make it: resent, corrected later, corrected after the knowledge date, missing; and single rows without a value, negative,
a thousand times too large, off the grid, refused by their sender, of another month, or in contradiction to each other. A few meters are in no register, or read in a part of the year only.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from esg_kpis.readings.calendar import Window, window_of
from esg_kpis.readings.declared import ReadingTable
from esg_kpis.readings.found import files_of
from esg_kpis.readings.tables import Source

MICRO = 1_000_000
INTERVAL, HOUR, DAY = 900 * MICRO, 3600 * MICRO, 86_400 * MICRO
RUN = 24
KNOWN_ON, AS_OF = date(2024, 4, 9), date(2024, 4, 9)
_LATE = int(datetime(2024, 9, 1, tzinfo=UTC).timestamp()) * MICRO
MONTHS = tuple(f"2023-{number:02d}" for number in range(1, 13))


@dataclass(frozen=True)
class Made:
    """What a table is made of.

    Attributes:
        meters: Meters.
        months: Months, as YYYY-MM.
        zone: Time zone of the sites.
        dirty: Part of the rows that are in trouble.
        by_time: Whether rows are in the order of time; else of meters, and of time within each.
        meters_a_file: Meters of each file of a month, as a sender's batches are.
        group: Rows of each row group.
    """

    meters: int
    months: Sequence[str] = MONTHS
    zone: str = "Asia/Shanghai"
    dirty: float = 0.0
    by_time: bool = False
    meters_a_file: int = 1_400
    group: int = 1_000_000


def table_of(made: Made) -> ReadingTable:
    """What a `_format.toml` would say of such a table."""
    return ReadingTable.model_validate({
        "name": "grid", "path": "grid", "measure": "electricity_purchased", "unit": "Wh", "interval_minutes": 15, "time_zone": made.zone, "most": "50000",
        "estimated": ("E",), "refused": ("X",), "columns": {"meter_id": "meter_id", "time": "time", "value": "wh", "received": "received", "quality": "quality"},
    })  # fmt: skip


def source_of(place: Path, made: Made) -> Source:
    """The table with its files, whose footers are read now."""
    table = table_of(made)
    return Source(place, table, files_of(place, table, place))


def register(made: Made) -> pl.DataFrame:
    """The register of meters, as `ingest.registered_meters` gives it: every hundredth meter feeds back, every two hundredth is read from 11 July on, and of dirty tables the last two are not in it."""
    known = made.meters - (2 if made.dirty and made.meters > 2 else 0)
    number = pl.int_range(known, dtype=pl.Int64())
    return pl.select(
        number.alias("number"), _name(number).alias("meter_id"), pl.lit("S-0001").alias("site_id"), pl.lit("electricity_purchased").alias("measure"), (number % 100 == 7).alias("net_metering"),
        pl.when((number % 200 == 11) & pl.lit(bool(made.dirty))).then(pl.date(2023, 7, 11)).alias("valid_from"), pl.lit(None, dtype=pl.Date()).alias("valid_to"), pl.lit(None, dtype=pl.Int64()).alias("digits"),
    )  # fmt: skip


def write(place: Path, made: Made) -> int:
    """Writes the table below a folder, as hive partitions of months; how many rows it has."""
    rows = 0
    for place_of_month, month in enumerate(made.months):
        window = window_of(month, ZoneInfo(made.zone))
        folder = place / f"month={month}"
        folder.mkdir(parents=True, exist_ok=True)
        for part, first in enumerate(range(0, made.meters, made.meters_a_file)):
            meters = range(first, min(first + made.meters_a_file, made.meters))
            frame = _rows(window, meters, made, seed=place_of_month * 10_000 + part)
            frame.write_parquet(folder / f"part-{part:03d}.parquet", row_group_size=made.group, compression="zstd")
            rows += frame.height
    return rows


def _name(number: pl.Expr) -> pl.Expr:
    return pl.format("M{}", number.cast(pl.String).str.zfill(6))


def _rows(window: Window, meters: range, made: Made, seed: int) -> pl.DataFrame:
    """The rows of a file."""
    chance = np.random.default_rng(seed)
    slots = (window.end - window.start) // INTERVAL
    slot = np.tile(np.arange(slots, dtype=np.int64), len(meters))
    time = window.start + slot * INTERVAL
    night = window.start + (slot * INTERVAL // DAY + 1) * DAY + 2 * HOUR
    frame = pl.DataFrame({
        "meter": np.repeat(np.arange(meters.start, meters.stop, dtype=np.int64), slots), "time": time, "wh": chance.integers(0, 5000, len(slot)), "quality": pl.repeat("A", len(slot), eager=True), "received": night,
    })  # fmt: skip
    if made.dirty:
        frame = _troubled(frame, made.dirty, chance)
    order = ("time", "meter") if made.by_time else ("meter", "time")
    return frame.sort(*order, "received", "wh", "quality", nulls_last=True).select(
        _name(pl.col("meter")).alias("meter_id"), pl.col("time").cast(pl.Datetime("us", "UTC")), "wh", "quality", pl.col("received").cast(pl.Datetime("us", "UTC"))
    )  # fmt: skip


def _troubled(frame: pl.DataFrame, part: float, chance: np.random.Generator) -> pl.DataFrame:
    """The same rows with what senders get wrong."""
    count = frame.height
    wrong = int(count * part)

    def runs(of: int) -> pl.Series:
        starts = chance.integers(0, count - RUN, max(of // RUN, 1))
        return pl.Series(np.unique((starts[:, None] + np.arange(RUN)).ravel()))

    resent = frame[runs(wrong // 4)]
    corrected = frame[runs(wrong // 4)].with_columns(pl.col("wh") + 7, pl.col("received") + DAY, pl.lit("E").alias("quality"))
    too_late = frame[runs(wrong // 8)].with_columns(pl.col("wh") + 9, pl.lit(_LATE).alias("received"))
    gone = np.zeros(count, dtype=bool)
    gone[runs(wrong // 4).to_numpy()] = True
    single = np.zeros(count, dtype=np.int8)
    places = chance.choice(count, max(wrong // 8, 7), replace=False)
    single[places] = 1 + np.arange(len(places)) % 6
    kind = pl.col("single")
    bad = frame.with_columns(pl.Series("single", single)).filter(pl.Series(~gone)).with_columns(
        pl.when(kind == 1).then(None).when(kind == 2).then(-pl.col("wh") - 1).when(kind == 3).then(50_001 + pl.col("wh") * 1000).otherwise("wh").alias("wh"),
        pl.when(kind == 4).then(pl.col("time") + 60 * MICRO).otherwise("time").alias("time"), pl.when(kind == 5).then(pl.lit("X")).when(kind == 6).then(pl.lit("E")).otherwise("quality").alias("quality"),
    ).drop("single")  # fmt: skip
    against = frame[pl.Series(chance.integers(0, count, 20))].with_columns(pl.col("wh") + 1)
    elsewhere = frame[pl.Series(chance.integers(0, count, 50))].with_columns(pl.col("time") + 31 * DAY)
    return pl.concat([bad, resent, corrected, too_late, against, elsewhere])


def berlin(made: Made) -> Made:
    """A table of two months in which the clock is changed."""
    return replace(made, zone="Europe/Berlin", months=("2023-03", "2023-10"))


def days_of(month: str) -> int:
    """Days of a month."""
    first = date.fromisoformat(f"{month}-01")
    return ((first + timedelta(days=32)).replace(day=1) - first).days
