"""Amounts and records under numbers: those that are alike in all that a KPI may ask for stand together, so that what a sum adds up is a few runs of numbers."""

from dataclasses import dataclass

import polars as pl

from esg_kpis.assurance.lineage import OF_PEOPLE
from esg_kpis.assurance.withheld import of_heads, of_people
from esg_kpis.exact import sums
from esg_kpis.kpis import stands_in
from esg_kpis.report.site.basis import SiteBasis

GROUP = ("edition", "measure", "period", "site_id", "origin", "nature", "dimensions", "unit", "scope", "basis", "gas_group", "gas", "gwp_set", "excluded", "blocked", "stands")
"""What amounts of one group have in common: whatever a KPI may ask for, and whatever a page says of them together."""
_SHOWN = ("edition", "amount_id", "parent_amount_id", "record_id", "factor_id", "rule_id", "quality", "month", "date", "nature", "quantity", "share", "estimated", "estimate_method")
"""What is shown of each amount by itself, or needed to order it."""


@dataclass(frozen=True)
class Numbered:
    """The amounts of all editions under numbers.

    Attributes:
        groups: One row per group: `group`, its `GROUP`, `edition_no`, `first` and `many` of its amounts that may be shown, `of_people`, `apart` (whether one of its amounts tells of heads).
        stand_ins: One row per group as if it were an amount, with the exact sum of its quantities and how many there are (`rows`); `amount_id` is the group's number. What a KPI adds up of these it adds up of amounts.
        amounts: The amounts that may be shown, by `no`, with `group`, `edition_no` and `_SHOWN`: no counts of people, nothing that rests on an estimate per head beside hidden groups.
        hidden_in: The editions in which estimates per head are not shown.
    """

    groups: pl.DataFrame
    stand_ins: pl.DataFrame
    amounts: pl.DataFrame
    hidden_in: tuple[str, ...]


def numbered(basis: SiteBasis) -> Numbered:
    """The amounts of all editions under numbers, ordered by what they have in common, then by month."""
    order = {name: place for place, name in enumerate(basis.editions)}
    every = basis.tables["edition_amounts"].filter(pl.col("edition").is_in(list(order))).with_columns(stands_in().alias("stands"))
    tells = of_heads(every, basis.tables["estimates"], basis.hidden_in).alias("apart")
    groups = every.group_by(GROUP).agg(pl.len().alias("rows")).with_columns(pl.col("edition").replace_strict(order, return_dtype=pl.Int64()).alias("edition_no"))
    groups = groups.sort("edition_no", *GROUP[1:]).with_row_index("group").with_columns(pl.col("measure").is_in(OF_PEOPLE).alias("of_people"))
    # Only what is asked for below: of a run with millions of amounts a copy of everything is a gigabyte.
    at = every.select(GROUP).join(groups.select(*GROUP, "group", "edition_no", "of_people"), on=GROUP, how="left", nulls_equal=True, maintain_order="left").select("group", "edition_no", "of_people").with_columns(tells)
    keyed = pl.concat([every.select(_SHOWN), at], how="horizontal")
    shown = keyed.filter(~pl.col("of_people") & ~pl.col("apart")).drop("of_people", "apart").sort("group", pl.coalesce("month", pl.col("date").cast(pl.String)), "amount_id").with_row_index("no")
    spans = shown.group_by("group").agg(pl.col("no").first().alias("first"), pl.len().alias("many"))
    apart = keyed.group_by("group").agg(pl.col("apart").any())
    groups = groups.join(spans, on="group", how="left", maintain_order="left").join(apart, on="group", how="left", maintain_order="left")
    total = sums(keyed, ["group"], "quantity")
    first = at["group"].arg_unique()
    alike = pl.concat([every[first].drop("quantity"), at[first]], how="horizontal").join(total, on="group", maintain_order="left").join(groups.select("group", "rows"), on="group", maintain_order="left").sort("group")
    alike = alike.with_columns(pl.col("group").cast(pl.String).alias("amount_id"), pl.lit(None, dtype=pl.String()).alias("parent_amount_id"), pl.lit("").alias("record_id"))
    return Numbered(groups, alike, shown, basis.hidden_in)


def records_of(basis: SiteBasis) -> pl.DataFrame:
    """The records that may be shown, in order of path, sheet and line, under numbers. What stands for a file about people is none of them.

    Columns: `no` and those of `records`.
    """
    records = basis.tables["records"].filter(~of_people())
    return records.sort("path", "sheet", "line", "record_id").with_row_index("no")
