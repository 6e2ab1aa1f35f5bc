"""Amounts: every accepted quantity in the measure's canonical unit, by month or at a date."""

import hashlib
from collections.abc import Sequence

import polars as pl

from esg_kpis.amounts.calendar import apportioned
from esg_kpis.domains import MEASURES
from esg_kpis.exact import PRODUCT
from esg_kpis.tables import AMOUNTS, conform, none_twice, stacked

BY_SENDER = "estimated_by_sender"
"""Estimate method of a bill that its sender says is estimated."""


def amounts_of(quantities: pl.DataFrame) -> pl.DataFrame:
    """The amounts of all accepted quantities, before any edition.

    Columns: as `amounts` in the data dictionary. Flows and events lie in a month; a stock lies at `date`, and holds through `until`.
    """
    canonical = quantities.with_columns(pl.col("canonical").alias("quantity"))
    flows = apportioned(canonical.filter(pl.col("nature") != "stock")).with_columns(
        pl.when(pl.col("nature") == "event").then(pl.col("start")).alias("date"), pl.lit(None, dtype=pl.Date()).alias("until")
    )
    stocks = canonical.filter(pl.col("nature") == "stock").with_columns(
        pl.lit(None, dtype=pl.String()).alias("month"),
        pl.lit(1).cast(PRODUCT).alias("share"),
        pl.col("start").alias("date"),
        pl.col("end").alias("until"),
    )
    both = stacked([flows, stocks]).with_columns(
        pl.lit("").alias("edition"), pl.lit("").alias("period"), pl.col("measure").alias("origin"), pl.when("estimated").then(pl.lit(BY_SENDER)).alias("estimate_method"),
        *(pl.lit(None, dtype=pl.String()).alias(name) for name in
          ("gas", "gas_group", "gwp_set", "basis", "method", "factor_id", "rule_id", "parent_amount_id", "blocked")),
        scope_of("measure").alias("scope"),
    )  # fmt: skip
    return conform(_named(both), AMOUNTS)


def _named(amounts: pl.DataFrame) -> pl.DataFrame:
    """`amounts` with `amount_id`: record, measure, and month or date, so that a person can walk from it to its line.

    Where a record says the same measure for the same month in several columns, the place of the column stands behind that.
    """
    when = pl.coalesce("month", pl.col("date").cast(pl.String), pl.lit(""))
    named = amounts.with_columns(pl.concat_str("record_id", "measure", when, separator=":").alias("amount_id"))
    again = named.clear() if none_twice(named["amount_id"]) else named.filter(pl.col("amount_id").is_duplicated())
    if again.is_empty():
        return named
    place = pl.col("column").rank("ordinal").over("amount_id").cast(pl.String)
    numbered = again.select("amount_id", "column", "dimensions", (pl.col("amount_id") + ":" + place).alias("__id"))
    joined = named.join(numbered, on=["amount_id", "column", "dimensions"], how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("__id", "amount_id").alias("amount_id")).drop("__id")


def scope_of(column: str) -> pl.Expr:
    """The GHG Protocol scope of the measure in `column`, null for none."""
    scopes = {name: measure.scope or None for name, measure in MEASURES.items()}
    return pl.col(column).replace_strict(scopes, default=None, return_dtype=pl.String())


def with_ids(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """`frame` with `amount_id`, a digest of the columns `names`: for amounts made of others. Independent of paths and time."""
    parts = frame.select(pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in names], separator="\x1f"))
    ids = [hashlib.sha256(key.encode()).hexdigest()[:16] for key in parts.to_series()]
    return frame.with_columns(pl.Series("amount_id", ids, dtype=pl.String()))
