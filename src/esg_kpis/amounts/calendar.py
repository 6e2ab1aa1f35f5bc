"""Billing periods apportioned to months by day; the parts add up to the bill exactly."""

import polars as pl

from esg_kpis.exact import PRODUCT, scaled
from esg_kpis.tables import stacked


def apportioned(frame: pl.DataFrame) -> pl.DataFrame:
    """One row per month that a period touches.

    The first and the last day are both counted. A month's part is the difference of two running totals, each rounded half-even to 9 decimals, so that
    the parts always add up to the whole.

    Args:
        frame: with `start`, `end` (Date) and `quantity` (Decimal, 9 decimals).

    Columns added: `month` (YYYY-MM), `share` (days in the month over days of the period, 24 decimals). `quantity` becomes the month's part.

    Source: pro-rating by day, GHG Protocol Corporate Standard (2004), chapter 6; cut-off at the year end.
    """
    month_start, month_end = pl.col("__month"), pl.col("__month").dt.month_end()
    before = (pl.max_horizontal("start", month_start) - pl.col("start")).dt.total_days()
    through = (pl.min_horizontal("end", month_end) - pl.col("start")).dt.total_days() + 1
    total = (pl.col("end") - pl.col("start")).dt.total_days() + 1
    months = pl.date_ranges(pl.col("start").dt.month_start(), pl.col("end").dt.month_start(), "1mo")
    within = (pl.col("start").dt.month() == pl.col("end").dt.month()) & (pl.col("start").dt.year() == pl.col("end").dt.year())
    whole = frame.filter(within).with_columns(pl.col("start").dt.strftime("%Y-%m").alias("month"), pl.lit(1).cast(PRODUCT).alias("share"))
    exploded = frame.filter(~within).with_columns(months.alias("__month")).explode("__month", empty_as_null=True)
    parts = exploded.with_columns(
        pl.col("__month").dt.strftime("%Y-%m").alias("month"),
        (scaled(pl.col("quantity"), through, total) - scaled(pl.col("quantity"), before, total)).alias("quantity"),
        ((through - before).cast(PRODUCT) / total.cast(pl.Decimal(38, 0))).alias("share"),
    ).drop("__month")
    return stacked([whole.with_columns(pl.col("quantity").cast(parts.schema["quantity"])), parts])
