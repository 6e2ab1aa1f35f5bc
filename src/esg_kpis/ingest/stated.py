"""Stated totals of Scope 3 seen together: none may be in another one."""

import polars as pl

from esg_kpis.domains import scope_3
from esg_kpis.ingest.rejections import NO_REJECTIONS, rejections
from esg_kpis.ingest.same_bill import COUNTS

_NAMED = 4
"""How many of the other figures are named."""


def stated_twice(rows: pl.DataFrame, sites: pl.DataFrame) -> pl.DataFrame:
    """Figures that share a day and a category with another one, or of which one is `all`, at one site; or at two, of which one is the group, which holds the other.

    To add them up would count twice, to choose one would be a guess: all of them are rejected. What is excluded, as a duplicate or superseded, is none of them.

    Source: GHG Protocol Corporate Value Chain (Scope 3) Standard (2011), chapter 5: categories are mutually exclusive.
    """
    stated = rows.filter((pl.col("measure") == scope_3.STATED) & COUNTS)
    if stated.is_empty():
        return NO_REJECTIONS
    category = pl.col("dimensions").str.extract(r"(?:^|;)category=([^;]*)").fill_null("").alias("__category")
    groups = sites.filter(pl.col("kind") == "group")["site_id"]
    named = stated.with_columns(category, pl.col("site_id").is_in(groups.implode()).alias("__group")).with_row_index("__row")
    other = named.select(pl.col("__row", "__category", "start", "end", "record_id").name.suffix("_2"), "site_id")
    pairs = pl.concat([
        named.join(other, on="site_id"),
        *(one.join(two.rename({"site_id": "__site"}), how="cross").filter(pl.col("site_id") != pl.col("__site")).drop("__site") for one, two in _beside_groups(named, other)),
    ])  # fmt: skip
    mixed = (pl.col("__category") == scope_3.ALL) != (pl.col("__category_2") == scope_3.ALL)
    meets = (pl.col("__row") != pl.col("__row_2")) & (pl.col("start") <= pl.col("end_2")) & (pl.col("start_2") <= pl.col("end"))
    found = pairs.filter(meets & (mixed | (pl.col("__category") == pl.col("__category_2"))))
    if found.is_empty():
        return NO_REJECTIONS
    ids = pl.col("record_id_2").unique().sort()
    others = ids.head(_NAMED).str.join(", ") + pl.when(ids.len() > _NAMED).then(pl.lit(" and others")).otherwise(pl.lit(""))
    told = found.group_by("record_id", "column", "received", "__category", maintain_order=True).agg(mixed.any().alias("__mixed"), others.alias("__others"))
    either = pl.lit("either one total, `all`, or single categories on one day, of the group or of its parts")
    once = pl.lit("one figure of ") + pl.col("__category") + " on one day, of the group or of its parts: say `corrects` or `revision` with the number of a `document`, or leave one out"
    expected = pl.when("__mixed").then(either).otherwise(once) + "; the other rows are " + pl.col("__others")
    return rejections(told, pl.lit(value=True), "stated_twice", pl.col("column"), pl.col("received"), expected, pl.col("__others"))


def _beside_groups(named: pl.DataFrame, other: pl.DataFrame) -> list[tuple[pl.DataFrame, pl.DataFrame]]:
    """Figures of groups with all others, and all others with figures of groups, in the columns of `named` and `other`."""
    of_groups = named.filter("__group")
    of_parts = named.filter(~pl.col("__group"))
    return [(of_groups, other), (of_parts, other.filter(pl.col("__row_2").is_in(of_groups["__row"].implode())))]
