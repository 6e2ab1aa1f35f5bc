"""Whether the rows of files stand in an order that rules out two rows of one meter and interval. A fact about the files: whichever engine computes after it needs no more than a plain sum."""

from collections.abc import Sequence
from itertools import pairwise

import polars as pl

from esg_kpis.readings.declared import ReadingTable
from esg_kpis.readings.engines import named
from esg_kpis.readings.found import File


def meters_in_order(files: Sequence[File], table: ReadingTable) -> int | None:
    """How many stretches of rows of one meter the files have, if within each the time goes up from row to row; None if it does not.

    Who finds as many meters as stretches knows that each meter is one stretch, so that no meter and time is there twice. Each file must have meters of its own, as its statistics tell.
    """
    if not _apart(files):
        return None
    # Two times that differ by nanoseconds only are one to those who count in microseconds.
    meter, time = named(table.columns.meter_id), named(table.columns.time).dt.timestamp("us")
    key = [named(table.columns.site_id), meter] if table.columns.site_id else [meter]
    same = pl.all_horizontal([column == column.shift(1) for column in key]).fill_null(value=False)
    facts = (
        pl.scan_parquet([file.path for file in files if file.content.rows], hive_partitioning=False, glob=False, extra_columns="ignore")
        .select((~same).sum().alias("stretches"), (same & (time <= time.shift(1)).fill_null(value=True)).sum().alias("back"))
        .collect(engine="streaming")
    )
    return int(facts["stretches"].item()) if not facts["back"].item() else None


def _apart(files: Sequence[File]) -> bool:
    """Whether the meters of each file come after those of the one before, by its statistics."""
    found = [file.content.ranges["meter_id"] for file in files if file.content.rows]
    known = sorted((item for item in found if item is not None), key=lambda item: item.least)
    return bool(known) and len(known) == len(found) and all(one.most < other.least for one, other in pairwise(known))
