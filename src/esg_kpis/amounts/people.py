"""Counts of people as amounts: from here on they flow like any other."""

import polars as pl

from esg_kpis.amounts.build import with_ids
from esg_kpis.domains import MEASURES
from esg_kpis.exact import PRODUCT
from esg_kpis.tables import AMOUNTS, conform


def amounts_of_people(counts: pl.DataFrame) -> pl.DataFrame:
    """The amounts of all counts of people.

    A stock lies on its day and holds on no other. What was counted over a range of days lies from its first day (`date`) to its last (`until`), and in the last
    month of it: nobody can say any more how much of it lies in a part of the range.

    Columns: as `amounts` in the data dictionary; `dimensions` holds the attributes counted by.
    """
    natures = {name: measure.nature for name, measure in MEASURES.items()}
    units = {name: measure.unit for name, measure in MEASURES.items()}
    per_period = pl.col("measure").is_in([name for name, measure in MEASURES.items() if measure.per_period])
    stock = pl.col("nature") == "stock"
    named = counts.with_columns(pl.col("measure").replace_strict(natures, return_dtype=pl.String()).alias("nature"))
    return conform(
        with_ids(
            named.select(
                "measure", "nature", "site_id", "record_id", pl.col("measure").alias("origin"), pl.col("attributes").alias("dimensions"),
                pl.col("measure").replace_strict(units, return_dtype=pl.String()).alias("unit"),
                pl.when(~stock & ~per_period).then(pl.col("last").dt.strftime("%Y-%m")).alias("month"),
                pl.when(stock & ~per_period).then(pl.col("last")).otherwise(pl.col("first")).alias("date"), pl.col("last").alias("until"),
                pl.col("quantity").cast(PRODUCT), pl.lit(1).cast(PRODUCT).alias("share"), pl.lit(value=False).alias("estimated"),
                pl.lit("").alias("edition"), pl.lit("").alias("period"),
                *(pl.lit(None, dtype=pl.String()).alias(name) for name in
                  ("gas", "gas_group", "gwp_set", "scope", "basis", "method", "estimate_method", "factor_id", "rule_id", "parent_amount_id", "excluded", "blocked")),
            ),
            ("record_id", "measure", "site_id", "month", "date", "until", "dimensions"),
        ),
        AMOUNTS,
    )  # fmt: skip
