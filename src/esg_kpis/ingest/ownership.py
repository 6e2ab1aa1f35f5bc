"""The register of ownership, from the records of the `ownership` domain."""

from collections.abc import Sequence

import polars as pl

from esg_kpis.ingest.numbers import read_numbers
from esg_kpis.ingest.rejections import REJECTION, rejections
from esg_kpis.tables import OWNERSHIP, empty


def ownership_rows(bases: Sequence[pl.DataFrame], bad: pl.Series, sites: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The register of ownership, and the rejections of its records: at no known site, a share outside 0 to 1, two spans of a site that share days.

    Columns: as `ownership` in the data dictionary. Records in `bad` are left out.
    """
    if not bases:
        return empty(OWNERSHIP), pl.DataFrame(schema=REJECTION)
    base = pl.concat(bases).filter(~pl.col("record_id").is_in(bad.implode()))
    share = read_numbers(base["ownership_share"], percent=True)
    rows = base.with_columns(share["value"].alias("share"), share["wrong"].alias("share_wrong")).sort("site_id", "start", "record_id", nulls_last=False)
    before = pl.col("end").shift().over("site_id")
    is_later = pl.col("site_id").cum_count().over("site_id") > 1
    overlaps = is_later & (before.is_null() | pl.col("start").is_null() | (pl.col("start") <= before))
    wrong_share = pl.col("share_wrong") | ~pl.col("share").is_between(0, 1).fill_null(value=True)
    problems = pl.concat([
        rejections(rows, ~pl.col("site_id").is_in(sites["site_id"].implode()), "unknown_site", "site_id", pl.col("site_id"), "a site of the register"),
        rejections(rows, wrong_share, "ownership_share", "ownership_share", pl.col("ownership_share"), "a share from 0 to 1"),
        rejections(rows, overlaps, "spans_overlap", "valid_from", pl.coalesce(pl.col("valid_from").replace({"": None}), pl.lit("no first day")), "days after the last day of the span before"),
    ])  # fmt: skip
    kept = rows.filter(~pl.col("record_id").is_in(problems["record_id"].implode())).select(
        "site_id", pl.col("control").replace({"": None}), pl.col("share").alias("ownership_share"), pl.col("start").alias("valid_from"), pl.col("end").alias("valid_to"), "record_id",
    )  # fmt: skip
    return kept.cast(OWNERSHIP.schema).sort("site_id", "valid_from"), problems  # type: ignore[arg-type]
