"""What each sum adds up, by site and month: exact totals of rows and columns, and under which numbers its amounts stand."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from esg_kpis.exact import PRODUCT, plain, rounded, sums
from esg_kpis.report.site.explorer.figures import Block
from esg_kpis.report.site.explorer.numbered import Numbered
from esg_kpis.report.site.explorer.put import digits

_SITE = ["block", "site"]


def sum_pages(blocks: Sequence[Block], amounts: Numbered, sites: Mapping[str, int], used: Mapping[int, Sequence[int]]) -> list[dict[str, Any]]:
    """One entry per block, in order.

    Args:
        blocks: What sums add up.
        amounts: Amounts and their groups.
        sites: The number of each site.
        used: The figures that rest on each block.

    Keys: `edition`, `period`, `measure`, `unit`, whether it `counts` amounts, `total` (exact), `cells` (the figures that rest on it). Of people nothing more; of others `months` (or dates; empty for a stock), their
    totals `of_month`, and `rows`: per site its number, total, runs of amounts, and values by month (null where there is none).
    """
    periods = amounts.groups["period"].to_list()
    pages: list[dict[str, Any]] = [
        {"edition": block.edition, "period": periods[block.groups[0]], "measure": block.measure, "unit": block.unit, "counts": block.counts, "people": block.of_people, "total": plain(rounded(block.total, 24)), "cells": list(used.get(number, ()))}
        for number, block in enumerate(blocks)
    ]
    pairs = _pairs(blocks, amounts, sites)
    if pairs.is_empty():
        return pages
    cells = _by_month(pairs, amounts)
    for number, months, totals in _months(cells).iter_rows():
        pages[number] |= {"months": months, "of_month": totals, "rows": []}
    for number, site, total, places, values, where in _rows(cells, pairs).iter_rows():
        page = pages[number]
        by_month: list[str | None] = [None] * len(page["months"])
        for place, value in zip(places, values, strict=True):
            by_month[place] = value
        page["rows"].append([site, total, where, by_month])
    return pages


def _pairs(blocks: Sequence[Block], amounts: Numbered, sites: Mapping[str, int]) -> pl.DataFrame:
    """Each group of each block that may be shown."""
    shown = [(number, list(block.groups), block.counts) for number, block in enumerate(blocks) if not block.of_people]
    frame = pl.DataFrame(shown, schema={"block": pl.Int64(), "group": pl.List(pl.UInt32()), "counts": pl.Boolean()}, orient="row").explode("group")
    numbers = pl.DataFrame({"site_id": list(sites), "site": list(sites.values())}, schema={"site_id": pl.String(), "site": pl.Int64()})
    facts = amounts.groups.select("group", "site_id", "first", "many").join(numbers, on="site_id", how="left").with_columns(pl.col("site").fill_null(-1))
    return frame.join(facts, on="group", how="inner", maintain_order="left")


def _by_month(pairs: pl.DataFrame, amounts: Numbered) -> pl.DataFrame:
    """What each block adds up of a site in a month, or at a date, exactly."""
    # A stock stands at the end of the period, whatever day it holds from.
    when = pl.when(pl.col("nature") == "stock").then(pl.lit("")).otherwise(pl.coalesce("month", pl.col("date").cast(pl.String), pl.lit(""))).alias("month")
    keyed = amounts.amounts.select("group", when, "quantity")
    parts = sums(keyed, ["group", "month"], "quantity").join(keyed.group_by("group", "month").agg(pl.len().cast(PRODUCT).alias("many")), on=["group", "month"], maintain_order="left")
    joined = pairs.select("block", "group", "site", "counts").join(parts, on="group", how="inner")
    return sums(joined.with_columns(pl.when("counts").then("many").otherwise("quantity").alias("quantity")), [*_SITE, "month"], "quantity").with_columns(pl.col("quantity").fill_null(0))


def _months(cells: pl.DataFrame) -> pl.DataFrame:
    """The months of each block in order, each with its total."""
    totals = sums(cells, ["block", "month"], "quantity").with_columns(digits("quantity"))
    return totals.group_by("block", maintain_order=True).agg("month", "quantity")


def _rows(cells: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Per block and site: its total, the places of its months, what stands there, and the runs of its amounts. The largest site first."""
    months = cells.select("block", "month").unique().sort("block", "month").with_columns((pl.int_range(pl.len()).over("block")).alias("place"))
    lists = cells.join(months, on=["block", "month"], maintain_order="left").sort(*_SITE, "place").with_columns(digits("quantity").alias("text"))
    by_site = lists.group_by(_SITE, maintain_order=True).agg("place", "text")
    total = sums(cells, _SITE, "quantity").sort("block", pl.col("quantity").abs(), "site", descending=[False, True, False])
    where = _merged(pairs)
    joined = total.join(by_site, on=_SITE, maintain_order="left").join(where, on=_SITE, maintain_order="left")
    return joined.select(*_SITE, digits("quantity").alias("total"), "place", "text", "runs")


def _merged(pairs: pl.DataFrame) -> pl.DataFrame:
    """Per block and site its amounts as runs of `[first, how many]`: groups that follow each other are one.

    Columns: `_SITE`, `runs`.
    """
    spans = pairs.select(*_SITE, "first", pl.col("many").cast(pl.Int64)).drop_nulls("first").unique().sort(*_SITE, "first")
    end = (pl.col("first").cast(pl.Int64) + pl.col("many")).shift(1).over(_SITE)
    numbered = spans.with_columns((pl.col("first").cast(pl.Int64) != end).fill_null(value=True).cum_sum().alias("run"))
    found = numbered.group_by(*_SITE, "run", maintain_order=True).agg(pl.col("first").first().cast(pl.Int64), pl.col("many").sum())
    return found.group_by(_SITE, maintain_order=True).agg(pl.concat_list("first", "many").alias("runs"))
