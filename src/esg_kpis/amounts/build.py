"""Amounts: every accepted quantity in the measure's canonical unit, by month or at a date."""

import hashlib
from collections.abc import Sequence

import polars as pl

from esg_kpis.amounts.calendar import apportioned
from esg_kpis.domains import MEASURES
from esg_kpis.exact import PRODUCT
from esg_kpis.tables import AMOUNTS, conform

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
    both = pl.concat([flows, stocks], how="diagonal").with_columns(
        pl.lit("").alias("edition"), pl.lit("").alias("period"), pl.col("measure").alias("origin"), pl.when("estimated").then(pl.lit(BY_SENDER)).alias("estimate_method"),
        *(pl.lit(None, dtype=pl.String()).alias(name) for name in
          ("gas", "gas_group", "gwp_set", "basis", "method", "factor_id", "rule_id", "parent_amount_id", "blocked")),
        scope_of("measure").alias("scope"),
    )  # fmt: skip
    return conform(with_ids(both, ("record_id", "measure", "column", "month", "date", "dimensions")), AMOUNTS)


def scope_of(column: str) -> pl.Expr:
    """The GHG Protocol scope of the measure in `column`, null for none."""
    scopes = {name: measure.scope or None for name, measure in MEASURES.items()}
    return pl.col(column).replace_strict(scopes, default=None, return_dtype=pl.String())


def with_ids(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """`frame` with `amount_id`, a digest of the columns `names`. Independent of paths and time."""
    parts = frame.select(pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in names], separator="\x1f"))
    ids = [hashlib.sha256(key.encode()).hexdigest()[:16] for key in parts.to_series()]
    return frame.with_columns(pl.Series("amount_id", ids, dtype=pl.String()))
