"""Whether the rows of files stand in an order that rules out two rows of one meter and interval. A fact about the files: whichever engine computes after it needs no more than a plain sum."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import polars as pl

from esg_kpis.readings.engines import named
from esg_kpis.readings.found import File
from esg_kpis.readings.judged import Task

_WORDS = ("string", "large_string", "string_view")


@dataclass(frozen=True)
class Order:
    """How the rows stand.

    Attributes:
        files: The files, in the order of their meters.
        stretches: How many stretches of rows of one meter they have.
        rising: Whether the meters come in the order of the alphabet.
    """

    files: Sequence[File]
    stretches: int
    rising: bool


def order_of(task: Task) -> Order | None:
    """The order of the rows of a month, if within each stretch of a meter the time goes up from row to row, on the grid of intervals; None if it does not.

    Who finds as many meters as stretches knows that each meter is one stretch, so that no meter and time is there twice. Each file must have meters of its own, as its statistics tell.
    """
    files, table = _apart(task.files), task.table
    if not files or table.offset is None:
        return None
    keys = [named(name) for name in (table.columns.site_id, table.columns.meter_id) if name]
    # Two times that differ by nanoseconds only are one to those who count in microseconds.
    time = named(table.columns.time).dt.timestamp("us")
    same = pl.all_horizontal([key == key.shift(1) for key in keys]).fill_null(value=False)
    beside = pl.scan_parquet([file.path for file in files], hive_partitioning=False, glob=False, extra_columns="ignore").select(
        time.alias("time"), (time - time.shift(1)).alias("step"), same.alias("same"), keys[-1].alias("meter"), keys[-1].shift(1).alias("before")
    )
    # A row one interval after the one before is on the grid if that is, so that few rows are left to be looked at.
    rest = beside.filter(~(pl.col("same") & (pl.col("step") == table.interval)).fill_null(value=False))
    start = task.window.start + table.offset + (table.interval if table.stamp == "end" else 0)
    words = len(keys) == 1 and files[0].content.types["meter_id"] in _WORDS
    facts = rest.select(
        (~pl.col("same")).sum().alias("stretches"), (pl.col("same") & (pl.col("step") <= 0).fill_null(value=True)).any().alias("back"), ((pl.col("time") - start) % table.interval != 0).any().alias("off_grid"),
        (pl.col("meter") < pl.col("before")).any().alias("falls") if words else pl.lit(value=True).alias("falls"),
    ).collect(engine="streaming")  # fmt: skip
    return None if facts["back"].item() or facts["off_grid"].item() else Order(files, int(facts["stretches"].item()), not facts["falls"].item())


def _apart(files: Sequence[File]) -> list[File]:
    """The files with rows in the order of their meters, if those of each come after those of the one before, by its statistics; else none."""
    found = [(file.content.ranges["meter_id"], file) for file in files if file.content.rows]
    known = sorted(((item, file) for item, file in found if item is not None), key=lambda pair: pair[0].least)
    return [file for _, file in known] if len(known) == len(found) and all(one.most < other.least for (one, _), (other, _) in pairwise(known)) else []
