"""The amounts as pages show them, in files of two thousand: quantity, what it was made from, by which factor, and the record it goes back to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from esg_kpis.assurance.withheld import PER_HEAD
from esg_kpis.report.site.explorer.numbered import Numbered
from esg_kpis.report.site.explorer.packed import packed
from esg_kpis.report.site.explorer.put import SHARD, digits, path_of, script

_FACTS = ("measure", "period", "site_id", "origin", "nature", "dimensions", "unit", "scope", "basis", "gas", "gwp_set", "excluded", "blocked")
"""What a page says of a whole group."""
_ALONE = ("when", "quantity", "parent", "record", "factor", "rule", "share", "guess", "estimate", "quality")
"""What it says of each amount."""


@dataclass(frozen=True)
class Numbers:
    """The number of each factor, rule and grade of data, as files of amounts write them."""

    factors: Mapping[str, int]
    rules: Mapping[str, int]
    qualities: Mapping[str, int]


def numbers_of(amounts: Numbered, more_factors: list[str]) -> Numbers:
    """Factors, rules and grades under numbers: those that amounts were made by, and further factors that sums are divided by."""
    def of(column: str, more: list[str]) -> dict[str, int]:
        names = amounts.amounts[column].drop_nulls().unique().to_list()
        return {name: place for place, name in enumerate(sorted({*names, *more}))}

    return Numbers(of("factor_id", more_factors), of("rule_id", []), of("quality", []))


def linked(amounts: Numbered, records: pl.DataFrame, estimates: pl.DataFrame, numbers: Numbers) -> pl.DataFrame:
    """The amounts with what they point to as numbers.

    Args:
        amounts: Amounts under numbers.
        records: Records under numbers.
        estimates: Estimates under numbers (`no`).
        numbers: Those of factors, rules and grades.

    Columns: `no`, `group`, `edition_no`, those of `_ALONE`, and `record_id`; one row per amount, in order.
    """
    parents = amounts.amounts.select("edition_no", pl.col("amount_id").alias("parent_amount_id"), pl.col("no").alias("parent"))
    rows = amounts.amounts.join(parents, on=["edition_no", "parent_amount_id"], how="left", maintain_order="left")
    rows = rows.join(records.select("record_id", pl.col("no").alias("record")), on="record_id", how="left", maintain_order="left")
    # What an edition consolidates in part stands under an id of its own, made from the one that was estimated.
    began = rows.with_columns(pl.coalesce(pl.when(pl.col("parent").is_null()).then("parent_amount_id"), "amount_id").alias("began"))
    guessed = estimates.select("edition", pl.col("amount_id").alias("began"), pl.col("no").alias("estimate"))
    rows = began.join(guessed, on=["edition", "began"], how="left", maintain_order="left")

    def numbered(column: str, known: Mapping[str, int]) -> pl.Expr:
        return pl.col(column).replace_strict(known, default=None, return_dtype=pl.Int64()) if known else pl.lit(None, dtype=pl.Int64())

    return rows.select(
        "no", "group", "edition_no", "record_id", "parent", "record", "estimate", pl.coalesce("month", pl.col("date").cast(pl.String)).alias("when"), digits("quantity").alias("quantity"),
        numbered("factor_id", numbers.factors).alias("factor"), numbered("rule_id", numbers.rules).alias("rule"), numbered("quality", numbers.qualities).alias("quality"),
        pl.when(pl.col("share") != 1).then(digits("share")).alias("share"), pl.when("estimated").then(pl.coalesce("estimate_method", pl.lit("estimate"))).otherwise("estimate_method").alias("guess"),
    )  # fmt: skip


def amount_files(rows: pl.DataFrame, groups: pl.DataFrame, sites: Mapping[str, int]) -> dict[str, bytes]:
    """The files of amounts. Each has `groups` (how many of its amounts follow each other in a group, the site, and which of `kinds` says what else the group has in common) and each column that is not empty, as `packed` leaves it."""
    facts = {number: (edition, *told) for number, edition, *told in groups.filter(pl.col("many") > 0).select("group", "edition_no", *_FACTS).iter_rows()}
    files: dict[str, bytes] = {}
    for number, part in enumerate(rows.iter_slices(SHARD)):
        data = _groups(part, facts, sites) | {name: packed(part[name]) for name in _ALONE if part[name].null_count() < part.height}
        files[path_of(f"amounts/{number}")] = script(f"amounts/{number}", data)
    return files


def _groups(part: pl.DataFrame, facts: Mapping[int, tuple[Any, ...]], sites: Mapping[str, int]) -> dict[str, Any]:
    kinds: dict[tuple[Any, ...], int] = {}
    groups = []
    for group, many in part.group_by("group", maintain_order=True).len().iter_rows():
        edition, measure, period, site, *rest = facts[group]
        groups.append([many, sites.get(site, -1), kinds.setdefault((edition, measure, period, *rest), len(kinds))])
    return {"groups": groups, "kinds": [list(kind) for kind in kinds]}


def estimates_of(estimates: pl.DataFrame, hidden_in: tuple[str, ...]) -> pl.DataFrame:
    """The estimates that may be shown, under numbers."""
    shown = estimates.filter(~(pl.col("edition").is_in(hidden_in) & (pl.col("method") == PER_HEAD)))
    return shown.sort("edition", "measure", "site_id", "month", "amount_id").with_row_index("no")


def estimate_rows(estimates: pl.DataFrame, amounts: Numbered) -> list[dict[str, Any]]:
    """The estimates as pages show them; `rests_on` are numbers of amounts of the same edition."""
    known = amounts.amounts.select("edition", "no", "amount_id", "parent_amount_id", "factor_id").filter(pl.col("factor_id").is_null())
    # A stock stands in an edition under an id of its own, made from the id that an estimate names.
    by_id = pl.concat([known.select("edition", pl.col(name).alias("before"), pl.col("no").alias("on")) for name in ("amount_id", "parent_amount_id")]).drop_nulls()
    pairs = estimates.select("edition", "no", pl.col("basis_amount_ids").str.split(";").alias("before")).explode("before")
    rests = pairs.join(by_id, on=["edition", "before"], how="inner").select("no", pl.col("on").cast(pl.Int64)).unique().sort("no", "on").group_by("no", maintain_order=True).agg("on")
    joined = estimates.join(rests, on="no", how="left", maintain_order="left")
    names = ("edition", "site_id", "measure", "meter_id", "month", "days", "method", "rule", "unit", "basis")
    return [{**{name: row[name] for name in names}, "quantity": row["text"], "rests_on": row["on"] or []} for row in joined.with_columns(digits("quantity").alias("text")).iter_rows(named=True)]
