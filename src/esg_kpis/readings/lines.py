"""Rolled-up months as lines of bills: a meter, the days, the quantity. From here on readings flow like anything that was sent."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

import polars as pl

from esg_kpis.exact import QUANTITY
from esg_kpis.readings.calendar import Window
from esg_kpis.readings.declared import ReadingTable
from esg_kpis.readings.judged import Task
from esg_kpis.readings.stitched import Piece

LINE = pl.Schema({
    "site_id": pl.String(), "meter_id": pl.String(), "first": pl.Date(), "last": pl.Date(), "quantity": QUANTITY, "estimated_quantity": QUANTITY,
    "expected": pl.Int64(), "used": pl.Int64(), "estimated": pl.Int64(),
})  # fmt: skip
"""A meter over consecutive days with readings: quantity in the unit of the table, of it what rests on estimated readings, or on none within the month; intervals (or readings) expected, used, and estimated of these."""


def of_intervals(task: Task, meters: pl.DataFrame, days: pl.DataFrame, sites: pl.DataFrame) -> pl.DataFrame:
    """The lines of a month of interval readings: the month where a meter has all its intervals, else each run of days with any.

    Args:
        task: The month.
        meters: Frame `meters`, see `interval.Rolled`.
        days: Frame `days`.
        sites: Site by `meter_id`, and by `site_id` where the table names it.

    Columns: `LINE`.
    """
    first = date.fromisoformat(f"{task.window.month}-01")
    lengths = [(after - before) // task.table.interval for before, after in zip(task.window.days, task.window.days[1:], strict=False)]
    whole = meters.filter(pl.col("used") == task.slots).with_columns(pl.lit(first).alias("first"), pl.lit(first).dt.month_end().alias("last"), pl.lit(task.slots).alias("expected"))
    run = (pl.col("day") - pl.col("day").rank("ordinal").over(task.keys).cast(pl.Int64)).alias("__run")
    slots = pl.col("day").replace_strict(dict(enumerate(lengths)), return_dtype=pl.Int64())
    counts = ("used", "total", "estimated", "estimated_total")
    runs = (
        days.filter(pl.col("used") > 0).sort(*task.keys, "day").with_columns(run, slots.alias("expected"))
        .group_by(*task.keys, "__run").agg(pl.col("day").min().alias("since"), pl.col("day").max().alias("until"), pl.col(*counts, "expected").sum())
        .with_columns((pl.lit(first) + pl.duration(days=pl.col("since"))).alias("first"), (pl.lit(first) + pl.duration(days=pl.col("until"))).alias("last"))
    )  # fmt: skip
    columns = [*task.keys, "first", "last", "expected", *counts]
    both = pl.concat([frame.select(columns).cast({"expected": pl.Int64}) for frame in (whole, runs)])
    return _at_sites(both.with_columns(in_unit(task.table, "total", "quantity"), in_unit(task.table, "estimated_total", "estimated_quantity")), sites, task.keys)


def of_registers(task: Task, found: Mapping[tuple[str, ...], Sequence[Piece]], counts: pl.DataFrame, sites: pl.DataFrame) -> pl.DataFrame:
    """The lines of a month of register readings: each run of days from a first to a last reading.

    Args:
        task: The month.
        found: What each meter counted, see `stitched.pieces`.
        counts: `expected`, `used` and `estimated` readings of each meter in the month. One that has none went on over the month without being read.
        sites: As in `of_intervals`.

    Columns: `LINE`.
    """
    rows, window, keys = [], task.window, task.keys
    for key, of_meter in found.items():
        for since, until, counted, estimated in _runs(window, [piece for piece in of_meter if piece.month == window.month]):
            rows.append((*key, since, until, counted, estimated))
    schema = {**dict.fromkeys(keys, pl.String()), "first": pl.Date(), "last": pl.Date(), "counted": pl.Decimal(38, 0), "of_estimates": pl.Decimal(38, 0)}
    frame = pl.DataFrame(rows, schema=schema, orient="row").join(counts, on=keys, how="left").with_columns(pl.col("expected", "used", "estimated").fill_null(0))
    nano = pl.lit("0.000000001").cast(QUANTITY)
    frame = frame.with_columns((pl.col("counted").cast(QUANTITY) * nano).alias("quantity"), (pl.col("of_estimates").cast(QUANTITY) * nano).alias("estimated_quantity"))
    return _at_sites(frame, sites, keys)


def _runs(window: Window, own: Iterable[Piece]) -> list[tuple[date, date, int, int]]:
    """Pieces of a month as runs of days; those that share a day, or follow each other, together."""
    found: list[tuple[int, int, int, int]] = []
    for piece in own:
        since, until = (bisect_right(window.days, at) - 1 for at in (piece.since, piece.until - 1))
        if found and since <= found[-1][1] + 1:
            before = found.pop()
            found.append((before[0], max(before[1], until), before[2] + piece.counted, before[3] + piece.estimated))
        else:
            found.append((since, until, piece.counted, piece.estimated))
    first = date.fromisoformat(f"{window.month}-01")
    return [(first + timedelta(days=since), first + timedelta(days=until), counted, estimated) for since, until, counted, estimated in found]


def in_unit(table: ReadingTable, column: str, name: str) -> pl.Expr:
    """Smallest steps as a quantity in the unit of the table."""
    return (pl.col(column).cast(QUANTITY) / pl.lit(10**table.decimals).cast(pl.Decimal(38, 0))).cast(QUANTITY).alias(name)


def _at_sites(frame: pl.DataFrame, sites: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    joined = frame if "site_id" in keys else frame.join(sites.select("meter_id", "site_id"), on="meter_id", how="left")
    return joined.select(list(LINE)).cast(LINE).sort("site_id", "meter_id", "first")
