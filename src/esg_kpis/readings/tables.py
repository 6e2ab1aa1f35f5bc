"""Tables of readings under data/raw/readings, the months in each, and which of their files may hold rows of a month."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from esg_kpis.errors import InputProblem, near_misses
from esg_kpis.readings.calendar import HOUR, by_days, instant, month_after, month_of, window_of
from esg_kpis.readings.declared import ReadingTable
from esg_kpis.readings.found import File, Range, merged
from esg_kpis.readings.judged import Task, stamps_of

_ALWAYS = 2**60
"""Microseconds before which nothing was, and after which nothing will be."""


@dataclass(frozen=True)
class Source:
    """A table of readings with its files."""

    place: Path
    table: ReadingTable
    files: Sequence[File]

    @property
    def zone(self) -> ZoneInfo:
        """The time zone whose calendar parts its months."""
        return ZoneInfo(self.table.time_zone)

    @cached_property
    def by_month(self) -> dict[str, list[File]]:
        """Each month with the files that may hold rows of it."""
        found: dict[str, list[File]] = {}
        for file in (file for file in self.files if file.content.rows):
            for month in _months_in(self, file):
                found.setdefault(month, []).append(file)
        return dict(sorted(found.items()))


def _months_in(source: Source, file: File) -> Iterator[str]:
    """The local months of which a file may hold rows."""
    table = source.table
    if file.month and table.months == "start":
        yield file.month
        return
    if file.month:
        first, last = stamps_of(file.month)
        last -= 1
    else:
        times = file.content.ranges["time"] or _ends(file)
        first, last = times.least, times.most
    shift = table.interval if table.stamp == "end" else 0
    zone = ZoneInfo("UTC") if table.offset is None else source.zone  # The wall clock of the zone itself is read as it stands.
    # Longer intervals than any change of the clock begin by the wall clock, see `by_days`.
    by_wall = shift > HOUR
    month, end = (month_of(at - (table.offset or 0) - (0 if by_wall else shift), zone, shift if by_wall else 0) for at in (first, last))
    while month <= end:
        yield month
        month = month_after(month)


def _ends(file: File) -> Range:
    """First and last time of a file whose statistics tell none."""
    time = pl.col(file.columns["time"]).dt.timestamp("us")
    least, most = pl.scan_parquet(file.path, hive_partitioning=False, glob=False).select(time.min().alias("least"), time.max().alias("most")).collect(engine="streaming").row(0)
    return Range(least or 0, most or 0, nulls=True)


def registered(meters: pl.DataFrame, source: Source) -> pl.DataFrame:
    """The meters that the register names for the measure of a table, as `Task.registered`.

    Raises:
        InputProblem: if one id stands at two sites, and the table names no column of the site.
    """
    table, zone = source.table, source.zone
    own = meters.filter((pl.col("measure") == table.measure) & pl.col("meter_id").is_not_null())
    keys = ["site_id", "meter_id"] if table.columns.site_id else ["meter_id"]
    if (twice := own.filter(pl.struct(keys).is_duplicated())).height:
        name = twice["meter_id"].sort()[0]
        raise InputProblem(f"Meter '{name}' stands at several sites.", where=f"table '{table.name}'", mend="Name the column of the site: columns.site_id in _format.toml.")
    days = {day: instant(day, zone) for day in {*own["valid_from"].drop_nulls(), *(day + timedelta(days=1) for day in own["valid_to"].drop_nulls())}}

    def begins(day: pl.Expr, otherwise: int) -> pl.Expr:
        return day.replace_strict(days, default=None, return_dtype=pl.Int64()).fill_null(otherwise)

    around = pl.lit(10, dtype=pl.Int64()).pow(pl.col("digits") + table.decimals)
    return own.select(
        *keys, pl.col("net_metering").alias("feeds_back"),
        begins(pl.col("valid_from"), -_ALWAYS).alias("first"), begins(pl.col("valid_to").dt.offset_by("1d"), _ALWAYS).alias("after"),
        pl.when(pl.col("digits") + table.decimals <= 18).then(around).alias("around"),
    ).sort(keys)  # fmt: skip


def task_of(source: Source, month: str, meters: pl.DataFrame, known_on: date, as_of: date) -> Task:
    """One month of a table. What became known on the knowledge date itself counts as known, and data may be about `as_of` itself.

    Raises:
        InputProblem: see `registered`; if the table has no rows of the month; or if the clock of the zone changes by a part of an interval.
    """
    table, zone = source.table, source.zone
    files = source.by_month.get(month)
    if files is None:
        raise InputProblem(f"Table '{table.name}' has no month {month}.", where="readings", mend=near_misses(month, source.by_month) or "`esg-kpis readings` lists the months of each table.")
    window = window_of(month, zone)
    try:
        window = by_days(window, table.interval) if table.form == "interval" else window
    except ValueError as problem:
        raise InputProblem(f"The clock of {table.time_zone} changes by a part of an interval of {table.interval_minutes} minutes in {month}.", where=f"table '{table.name}'", mend="Send shorter intervals.") from problem
    return Task(table, window, files, registered(meters, source), _known(source, files, known_on), instant(as_of + timedelta(days=1), zone), month == next(iter(source.by_month)))


def _known(source: Source, files: Sequence[File], known_on: date) -> int | None:
    """The first instant that is too late, by the clock of `received`; None where no row of the files became known so late, or nothing says when."""
    if source.table.columns.received is None:
        return None
    after = known_on + timedelta(days=1)
    by_instant = files[0].content.kinds["received"] == "instant"
    limit = instant(after, source.zone if by_instant else ZoneInfo("UTC"))
    found = merged(files)["received"]
    return None if found is not None and found.most < limit else limit
