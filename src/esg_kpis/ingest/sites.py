"""The register of sites, from the records of the `sites` domain."""

from collections.abc import Sequence

import polars as pl

from esg_kpis.ingest.numbers import read_numbers
from esg_kpis.ingest.rejections import REJECTION, rejections
from esg_kpis.tables import SITES, empty


def site_rows(bases: Sequence[pl.DataFrame], bad: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The register, and the rejections of site records: an id given twice, a share outside 0 to 1.

    Columns: as `sites` in the data dictionary, one row a site. Records in `bad` are left out.
    """
    if not bases:
        return empty(SITES), pl.DataFrame(schema=REJECTION)
    base = pl.concat(bases).filter(~pl.col("record_id").is_in(bad.implode()))
    share = read_numbers(base["ownership_share"], percent=True)
    rows = base.with_columns(share["value"].alias("share"), share["wrong"].alias("share_wrong"))
    in_range = pl.col("share").is_between(0, 1).fill_null(value=True)
    problems = pl.concat(
        [
            rejections(rows, pl.col("site_id").is_duplicated(), "site_twice", "site_id", pl.col("site_id"), "each site once"),
            rejections(
                rows,
                pl.col("share_wrong") | ~in_range,
                "ownership_share",
                "ownership_share",
                pl.col("ownership_share"),
                "a share from 0 to 1",
            ),
        ]
    )
    sites = rows.filter(~pl.col("record_id").is_in(problems["record_id"].implode())).select(
        "site_id",
        "name",
        "country",
        pl.when(pl.col("grid_region") == "").then(pl.col("country")).otherwise(pl.col("grid_region")).alias("grid_region"),
        "kind",
        pl.col("business_line").replace({"": None}),
        pl.col("climate").replace({"": None}),
        pl.col("control").replace({"": "operational"}),
        pl.col("share").fill_null(1).alias("ownership_share"),
        pl.col("start").alias("valid_from"),
        pl.col("end").alias("valid_to"),
        "record_id",
    )
    return sites.cast(SITES.schema).sort("site_id"), problems  # type: ignore[arg-type]
