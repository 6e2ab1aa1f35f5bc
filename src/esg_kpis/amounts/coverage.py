"""Coverage: which months between a meter's first and last record no record covers."""

import polars as pl

from esg_kpis.tables import COVERAGE, conform


def coverage_of(quantities: pl.DataFrame, sites: pl.DataFrame) -> pl.DataFrame:
    """Days expected and received per site, measure and month, over the span in which the site reports the measure.

    A site with several meters is covered on as many days as its worst-covered meter. Events and stocks are left out.

    Columns: as `coverage` in the data dictionary.
    """
    flows = quantities.filter((pl.col("nature") == "flow") & pl.col("excluded").is_null() & (pl.col("domain") != "stated")).with_columns(pl.col("meter_id").fill_null(""))
    key = ["site_id", "measure", "meter_id"]
    alone = pl.len().over(key) == 1
    days = (
        flows.filter(~alone).select(*key, pl.date_ranges("start", "end", "1d").alias("day")).explode("day", empty_as_null=True).unique()
    )  # fmt: skip
    got = days.group_by(*key, pl.col("day").dt.strftime("%Y-%m").alias("month")).agg(pl.len().cast(pl.Int64()).alias("received"))
    # A meter with one record, such as a year's statement, needs no calendar of days.
    touched = pl.date_ranges(pl.col("start").dt.month_start(), pl.col("end").dt.month_start(), "1mo").alias("first_day")
    months_alone = flows.filter(alone).select(*key, "start", "end", touched).explode("first_day", empty_as_null=True)
    length = (pl.min_horizontal("end", pl.col("first_day").dt.month_end()) - pl.max_horizontal("start", "first_day")).dt.total_days() + 1
    got = pl.concat([got, months_alone.select(*key, pl.col("first_day").dt.strftime("%Y-%m").alias("month"), length.alias("received"))])
    span = flows.group_by(key).agg(pl.col("start").min().alias("first"), pl.col("end").max().alias("last"))
    months = (
        span.select(*key, "first", "last", pl.date_ranges(pl.col("first").dt.month_start(), "last", "1mo").alias("first_day"))
        .explode("first_day", empty_as_null=True)
        .join(sites.select("site_id", "valid_from", "valid_to"), on="site_id", how="left")
    )
    begins = pl.max_horizontal("first_day", "first", "valid_from")
    ends = pl.min_horizontal(pl.col("first_day").dt.month_end(), "last", "valid_to")
    expected = months.with_columns(
        pl.col("first_day").dt.strftime("%Y-%m").alias("month"), ((ends - begins).dt.total_days() + 1).clip(lower_bound=0).alias("expected")
    )
    joined = expected.join(got, on=[*key, "month"], how="left").with_columns(pl.col("received").fill_null(0))
    missing = (pl.col("expected") - pl.col("received")).clip(lower_bound=0)
    result = joined.group_by("site_id", "measure", "month").agg(
        pl.col("expected").max(), missing.max().alias("missing"), pl.lit(0).cast(pl.Int64()).alias("estimated")
    )
    return conform(result.with_columns((pl.col("expected") - pl.col("missing")).alias("received")), COVERAGE)
