"""Quantities that meter readings give: counters that rolled over, fall, or do not go on where the bill before ended."""

import polars as pl

from esg_kpis.exact import QUANTITY
from esg_kpis.ingest.meters import of_meter
from esg_kpis.ingest.rejections import rejections, short
from esg_kpis.ingest.same_bill import COUNTS, IS_BILL, METER


def read_off(sent: pl.DataFrame, meters: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    """Quantities taken from the readings where their cell is blank; and which rolled over, or differ from what the readings give."""
    if sent["reading_start"].null_count() == sent.height:
        return sent.with_columns(pl.lit(value=False).alias("__backwards")), {}
    rows = of_meter(sent, meters, "digits")
    steps = pl.col("reading_to") - pl.col("reading_start")
    around = pl.lit(10).cast(pl.Int64()).pow(pl.col("digits")).cast(QUANTITY)
    rolled = (steps < 0) & pl.col("digits").is_not_null() & (pl.col("reading_start") < around) & (pl.col("reading_to") >= 0) & (steps + around <= around / 2)
    counted = pl.when(rolled).then(steps + around).otherwise(steps) * pl.col("reading_times")
    rows = rows.with_columns(counted.cast(QUANTITY).alias("__counted"), rolled.fill_null(value=False).alias("__rolled"))
    rows = rows.with_columns(
        pl.when("readings").then(pl.col("__counted")).otherwise(pl.col("quantity")).alias("quantity"),
        pl.when("readings").then(short(pl.col("reading_to")) + " - " + short(pl.col("reading_start"))).otherwise(pl.col("received")).alias("received"),
        ((steps < 0) & ~rolled & pl.col("readings")).fill_null(value=False).alias("__backwards"),
    )  # fmt: skip
    apart = (~pl.col("readings") & ((pl.col("quantity") - pl.col("__counted")).abs() >= 1)).fill_null(value=False)
    notes = {"rollover": rows.filter("__rolled")["record_id"], "readings": rows.filter(apart)["record_id"]}
    return rows.drop("digits", "__counted", "__rolled"), notes


def backwards(rows: pl.DataFrame) -> pl.DataFrame:
    """Readings that fall although the counter did not roll over."""
    told = "a later reading above the earlier one, or the meter's digits in the register of meters, if its counter rolled over"
    return rejections(rows, pl.col("__backwards"), "reading_backwards", pl.col("column"), pl.col("received"), told)


def apart(kept: pl.DataFrame) -> pl.DataFrame:
    """Bills whose opening reading is not the closing reading of the bill that ends on the day before: what lies between is counted twice, or not at all.

    Columns: as `kept`; `__before`, the closing reading of the bill before.
    """
    read = kept.filter(COUNTS & IS_BILL & pl.col("meter_id").is_not_null() & pl.col("reading_start").is_not_null() & pl.col("reading_to").is_not_null())
    if read.is_empty():
        return read.with_columns(pl.lit(None, dtype=QUANTITY).alias("__before"))
    ordered = read.sort(*METER, "column", "start", "end").with_columns(pl.col("reading_to").shift(1).over(*METER, "column").alias("__before"), pl.col("end").shift(1).over(*METER, "column").alias("__ended"))
    adjoining = pl.col("start") == pl.col("__ended") + pl.duration(days=1)
    return ordered.filter(adjoining & (pl.col("reading_start") != pl.col("__before"))).drop("__ended")
