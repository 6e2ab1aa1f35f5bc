"""Tables of readings under data/raw/readings, the months in each, and which of their files may hold rows of a month."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from esg_kpis.errors import InputProblem, near_misses
from esg_kpis.readings.calendar import DAY, EARLIEST, HOUR, LATEST, by_days, instant, month_after, month_of, shown_at, window_of
from esg_kpis.readings.declared import ReadingTable
from esg_kpis.readings.engines import named
from esg_kpis.readings.found import File, files_of, merged
from esg_kpis.readings.judged import Task, stamps_of

_SHORT = 400 * DAY
_ALWAYS = 2**60
"""Microseconds before which nothing was, and after which nothing will be."""


@dataclass(frozen=True)
class Source:
    """A table of readings with its files, and the months of which one cannot be read, with why (see `found.files_of`)."""

    place: Path
    table: ReadingTable
    files: Sequence[File]
    broken: Mapping[str, InputProblem] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone whose calendar parts its months."""
        return ZoneInfo(self.table.time_zone)

    @cached_property
    def by_month(self) -> dict[str, list[File]]:
        """Each month with the files that may hold rows of it."""
        found: dict[str, list[File]] = {}
        for file in self.files:
            for month in self._months.get(file.path, ()):
                found.setdefault(month, []).append(file)
        return dict(sorted(found.items()))

    def timeless(self, month: str) -> frozenset[Path]:
        """The files whose rows without a time are told with a month: their first."""
        return frozenset(path for path, months in self._months.items() if months[0] == month)

    @cached_property
    def _months(self) -> dict[Path, list[str]]:
        """The files that have rows, each with its months. One that has no time at all is told with the first month of the others."""
        found = {file.path: list(_months_in(self, file)) for file in self.files if file.content.rows}
        first = min((months[0] for months in found.values() if months), default="1970-01")
        return {path: months or [first] for path, months in found.items()}


def source_of(place: Path, table: ReadingTable, work: Path) -> Source:
    """A table with its files.

    Raises:
        InputProblem: see `found.files_of`.
    """
    broken: dict[str, InputProblem] = {}
    return Source(place, table, files_of(place, table, work, broken), broken)


def _months_in(source: Source, file: File) -> Iterator[str]:
    """The local months of which a file may hold rows."""
    table = source.table
    if file.month and table.months == "start":
        yield file.month
        return
    if file.month:
        first, last = stamps_of(file.month)
        spans = [(first, last - 1)]
    else:
        times = file.content.ranges["time"]
        # Of a file over years, or of which nobody knows over how much, only the months in which there is something: one wrong year would make hundreds.
        spans = [(times.least, times.most)] if times is not None and times.least >= EARLIEST and times.most < LATEST and times.most - times.least < _SHORT else list(_hours(file))
    found: set[str] = set()
    for span in spans:
        month, end = (_month_at(source, time, last) for last, time in enumerate(span))
        while month <= end:
            found.add(month)
            month = month_after(month)
    yield from sorted(found)


def _month_at(source: Source, time: int, last: int) -> str:
    """The local month in which an interval begins, by the time that a file tells of it; of two that its wall clock may mean the first or the last."""
    table, zone = source.table, source.zone
    shift = table.interval if table.stamp == "end" else 0
    at = shown_at(time, zone)[last] if table.offset is None else time - table.offset
    # Longer intervals than any change of the clock begin by the wall clock, see `by_days`.
    return month_of(at, zone, shift) if shift > HOUR else month_of(at - shift, zone)


def _hours(file: File) -> Iterator[tuple[int, int]]:
    """The hours in which a file has times that somebody can mean, as their first and last instants."""
    time = named(file.columns["time"])
    scanned = pl.scan_parquet(file.path, hive_partitioning=False, glob=False)
    if file.content.types["time"] == "null":
        return
    at = (time.cast(pl.Datetime("us")) if file.content.kinds["time"] == "day" else time).dt.timestamp("us")
    hours = scanned.select(at.alias("at")).filter((pl.col("at") >= EARLIEST) & (pl.col("at") < LATEST)).select((pl.col("at") // HOUR).unique().sort())
    for hour in hours.collect(engine="streaming")["at"]:
        yield hour * HOUR, (hour + 1) * HOUR - 1


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
    return Task(table, window, files, registered(meters, source), _known(source, files, known_on), instant(as_of + timedelta(days=1), zone), source.timeless(month))


def _known(source: Source, files: Sequence[File], known_on: date) -> int | None:
    """The first instant that is too late, by the clock of `received`; None where no row of the files became known so late, or nothing says when."""
    if source.table.columns.received is None:
        return None
    after = known_on + timedelta(days=1)
    by_instant = next((file.content.kinds["received"] for file in files if file.content.types["received"] != "null"), "instant") == "instant"
    limit = instant(after, source.zone if by_instant else ZoneInfo("UTC"))
    found = merged(files)["received"]
    return None if found is not None and found.most < limit else limit
