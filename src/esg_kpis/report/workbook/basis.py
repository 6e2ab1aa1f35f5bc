"""What a workbook is made of, and the amounts that its sums reach back to."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from esg_kpis.domains import derived
from esg_kpis.exact import PRODUCT, product, scaled
from esg_kpis.kpis import Inputs

PARTED = (derived.CONTRACTED, derived.UNCONTRACTED)
"""Measures that the market-based method parts load into."""


@dataclass(frozen=True)
class Basis:
    """One edition of one set of results: what its KPIs are made of, what `run.json` says of it, its tables as in the data dictionary, and the lineage of the figures that are shown.

    `received` are the amounts before any edition; `amounts` those of the edition.
    """

    inputs: Inputs
    ran: Mapping[str, str]
    values: pl.DataFrame
    lineage: pl.DataFrame
    received: pl.DataFrame
    amounts: pl.DataFrame
    tables: Mapping[str, pl.DataFrame]


def reached(wanted: pl.Series, amounts: pl.DataFrame) -> pl.DataFrame:
    """The amounts of an edition that some of its amounts go back to, themselves among them, those first that nothing of the edition leads to.

    Columns: as `amounts`; `depth`, how many steps of the edition lead to it; `quantity_in` and `nature_in` of the amount that it is made from, null at depth 0.
    """
    steps, ids = [], wanted.unique()
    while ids.len():
        step = amounts.filter(pl.col("amount_id").is_in(ids.implode()))
        steps.append(step)
        ids = step["parent_amount_id"].drop_nulls().unique()
    every = pl.concat(steps).unique("amount_id", maintain_order=True) if steps else amounts.clear()
    before = every.select(pl.col("amount_id").alias("parent_amount_id"), pl.col("quantity").alias("quantity_in"), pl.col("nature").alias("nature_in"))
    joined = every.join(before, on="parent_amount_id", how="left", maintain_order="left")
    depths = joined.select("amount_id", pl.when(pl.col("quantity_in").is_null()).then(0).alias("depth"))
    while depths["depth"].null_count():
        of_parent = depths.rename({"amount_id": "parent_amount_id", "depth": "above"})
        told = joined.select("amount_id", "parent_amount_id").join(of_parent, on="parent_amount_id", how="left", maintain_order="left")
        depths = depths.with_columns(pl.coalesce("depth", told["above"] + 1).alias("depth"))
    instrument = pl.when(pl.col("measure") == derived.CONTRACTED).then("dimensions").otherwise(pl.lit(""))
    when = pl.coalesce("month", pl.col("date").cast(pl.String), pl.lit(""))
    return joined.with_columns(depths["depth"]).sort("depth", "measure", instrument, pl.col("site_id").fill_null(""), when, pl.col("gas").fill_null(""), "amount_id")


def with_leads(rows: pl.DataFrame, inputs: Inputs) -> pl.DataFrame:
    """`rows` with `months` (those of the period, where a stock is multiplied by a year's rate) and `by_factor`: whether quantity before, factor and years give the quantity exactly."""
    ids = [factor.factor_id for factor in inputs.library.factors]
    leads = inputs.library.offers.select(pl.Series("factor_id", ids, dtype=pl.String()), "lead").unique("factor_id", maintain_order=True)
    months = {name: period.months for name, period in inputs.edition.periods.items()}
    joined = rows.join(leads, on="factor_id", how="left", maintain_order="left").with_columns(
        pl.when(pl.col("nature_in") == "stock").then(pl.col("period").replace_strict(months, default=None, return_dtype=pl.Int64())).alias("months")
    )
    exact = product(pl.col("quantity_in"), pl.col("lead"))
    years = pl.col("months").cast(PRODUCT) / pl.lit(12).cast(pl.Decimal(38, 0))
    made = pl.when(pl.col("months").is_null()).then(exact).otherwise(product(exact, years))
    return joined.with_columns((made == pl.col("quantity")).fill_null(value=False).alias("by_factor"))


def from_records(received: pl.DataFrame, quantities: pl.DataFrame) -> pl.DataFrame:
    """Where amounts before any edition stand in their records.

    Args:
        received: Some of them.
        quantities: As in the data dictionary.

    Columns: `amount_id`, `record_id`, `column`; `through`, `before` and `days` (days of a bill from its first through its last in the month, those before the month, all of them; null where it is not
    apportioned); `exact`, whether these give the quantity to the last digit. One row per amount that a quantity was found for.
    """
    told = quantities.select("record_id", "measure", "column", "start", "end", "canonical")
    joined = received.select("amount_id", "record_id", "measure", "nature", "month", "date", "quantity").join(told, on=["record_id", "measure"], how="inner", maintain_order="left")
    first = (pl.col("month") + "-01").str.to_date("%Y-%m-%d", strict=False)
    here = joined.with_columns(first.alias("first")).filter(
        pl.when(pl.col("nature") == "stock").then(pl.col("start").eq_missing(pl.col("date"))).otherwise((pl.col("start") <= pl.col("first").dt.month_end()) & (pl.col("end") >= pl.col("first")))
    )
    ranked = here.with_columns(pl.col("column").rank("ordinal").over("amount_id").alias("rank"), pl.len().over("amount_id").alias("several"))
    # Where a record says a measure of a month in several columns, the place of the column stands behind the id.
    wanted = pl.col("amount_id").str.extract(r":(\d+)$").cast(pl.UInt32, strict=False)
    one = ranked.filter((pl.col("several") == 1) | (pl.col("rank") == wanted)).unique("amount_id", keep="first", maintain_order=True)
    whole = (pl.col("nature") == "stock") | ((pl.col("start") >= pl.col("first")) & (pl.col("end") <= pl.col("first").dt.month_end()))
    days = one.with_columns(
        pl.when(~whole).then((pl.min_horizontal("end", pl.col("first").dt.month_end()) - pl.col("start")).dt.total_days() + 1).alias("through"),
        pl.when(~whole).then((pl.max_horizontal("start", "first") - pl.col("start")).dt.total_days()).alias("before"),
        pl.when(~whole).then((pl.col("end") - pl.col("start")).dt.total_days() + 1).alias("days"),
    )
    part = scaled(pl.col("canonical"), pl.col("through"), pl.col("days")) - scaled(pl.col("canonical"), pl.col("before"), pl.col("days"))
    return days.select("amount_id", "record_id", "column", "through", "before", "days", (pl.when(whole).then("canonical").otherwise(part) == pl.col("quantity")).alias("exact"))

