"""Amounts and records under numbers: those that are alike in all that a KPI may ask for stand together, so that what a sum adds up is a few runs of numbers."""

from dataclasses import dataclass

import polars as pl

from esg_kpis.assurance.lineage import OF_PEOPLE
from esg_kpis.assurance.withheld import tells_heads
from esg_kpis.domains import DOMAINS
from esg_kpis.exact import sums
from esg_kpis.kpis import stands_in
from esg_kpis.report.site.basis import SiteBasis

GROUP = ("edition", "measure", "period", "site_id", "origin", "nature", "dimensions", "unit", "scope", "basis", "gas_group", "gas", "gwp_set", "excluded", "blocked", "stands")
"""What amounts of one group have in common: whatever a KPI may ask for, and whatever a page says of them together."""
_SHOWN = ("edition", "amount_id", "parent_amount_id", "record_id", "factor_id", "rule_id", "quality", "month", "date", "nature", "quantity", "share", "estimated", "estimate_method")
"""What is shown of each amount by itself, or needed to order it."""
_PEOPLE_FOLDERS = tuple(f"{domain.name}/" for domain in DOMAINS.values() if domain.counted)


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
    tells = amounts_of_heads(every, basis)
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
    return Numbered(groups, alike, shown, hidden_in(basis))


def records_of(basis: SiteBasis) -> pl.DataFrame:
    """The records that may be shown, in order of path, sheet and line, under numbers. What stands for a file about people is none of them.

    Columns: `no` and those of `records`.
    """
    records = basis.tables["records"].filter(~of_people("path"))
    return records.sort("path", "sheet", "line", "record_id").with_row_index("no")


def of_people(path: str) -> pl.Expr:
    """Whether a file holds rows of persons."""
    return pl.any_horizontal(pl.col(path).str.starts_with(folder) for folder in _PEOPLE_FOLDERS)


def hidden_in(basis: SiteBasis) -> tuple[str, ...]:
    """The editions that have estimates per head beside figures that are hidden."""
    return tells_heads(basis.tables["estimates"], basis.tables["kpi_values"])


def amounts_of_heads(every: pl.DataFrame, basis: SiteBasis) -> pl.Series:
    """Which amounts rest on an estimate per head in an edition that hides groups: with the rate, each says how many heads its site has."""
    hidden = hidden_in(basis)
    marks = pl.Series("apart", [False], dtype=pl.Boolean()).new_from_index(0, every.height)
    if not hidden:
        return marks
    estimates = basis.tables["estimates"].filter(pl.col("edition").is_in(hidden))
    rests_on = estimates.select("edition", "amount_id", pl.col("basis_amount_ids").str.split(";").alias("before")).explode("before")
    found = estimates.filter(pl.col("method") == "per_head").select("edition", "amount_id")
    while True:
        # What is made from an amount that tells of heads, and an estimate that rests on one, tell of them too.
        found = pl.concat([found, rests_on.join(found.rename({"amount_id": "before"}), on=["edition", "before"], how="semi").select("edition", "amount_id")]).unique()
        ids = found.with_columns(pl.lit(value=True).alias("hit"))
        hits = [every.select("edition", pl.col(name).alias("amount_id")).join(ids, on=["edition", "amount_id"], how="left", maintain_order="left")["hit"].fill_null(value=False) for name in ("amount_id", "parent_amount_id")]
        marked = (hits[0] | hits[1]).alias("apart")
        if marked.sum() == marks.sum():
            return marked
        marks, found = marked, pl.concat([found, every.filter(marked).select("edition", "amount_id")]).unique()
