"""Ranges of days: those that lie together as one, what is left of some without others, their days month by month, and months in words."""

from collections.abc import Iterable, Sequence

import polars as pl

_DAY = pl.duration(days=1)


def merged(ranges: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Ranges that overlap or adjoin as one, per group. The first and the last day are both counted.

    Columns: `by`; `start`, `end` (Date).
    """
    ordered = ranges.select(*by, "start", "end").sort(*by, "start", "end")
    reached = pl.col("end").cum_max().over(by).shift(1).over(by)
    apart = (pl.col("start") > reached + _DAY).fill_null(value=True)
    numbered = ordered.with_columns(apart.cum_sum().over(by).alias("__range"))
    return numbered.group_by(*by, "__range").agg(pl.col("start").min(), pl.col("end").max()).select(*by, "start", "end").sort(*by, "start")


def without(ranges: pl.DataFrame, taken: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """What is left of each range when the days of `taken` in its group are taken away.

    Args:
        ranges: With `by`, `start`, `end`.
        taken: The same, as `merged` gives it: no two of a group overlap.
        by: Columns of a group.

    Columns: `by`; `start`, `end` (Date).
    """
    outer = ranges.select(*by, pl.col("start").alias("__first"), pl.col("end").alias("__last")).with_row_index("__range")
    inner = outer.join(taken.select(*by, "start", "end"), on=by).with_columns(
        pl.max_horizontal("start", "__first").alias("start"), pl.min_horizontal("end", "__last").alias("end")
    )
    behind = outer.with_columns((pl.col("__last") + _DAY).alias("start"), (pl.col("__last") + _DAY).alias("end"))
    stops = pl.concat([inner.filter(pl.col("start") <= pl.col("end")), behind.select(inner.columns)]).sort("__range", "start")
    free_from = (pl.col("end").shift(1).over("__range") + _DAY).fill_null(pl.col("__first"))
    left = stops.select(*by, free_from.alias("from"), (pl.col("start") - _DAY).alias("end")).rename({"from": "start"})
    return left.filter(pl.col("start") <= pl.col("end")).sort(*by, "start")


def days_by_month(ranges: pl.DataFrame, by: Sequence[str], name: str) -> pl.DataFrame:
    """How many days of each month ranges that do not overlap cover, per group.

    Columns: `by`; `month` (YYYY-MM); `name` (whole number of days).
    """
    months = pl.date_ranges(pl.col("start").dt.month_start(), pl.col("end").dt.month_start(), "1mo").alias("__month")
    split = ranges.filter(pl.col("start") <= pl.col("end")).with_columns(months).explode("__month", empty_as_null=True)
    days = (pl.min_horizontal("end", pl.col("__month").dt.month_end()) - pl.max_horizontal("start", "__month")).dt.total_days() + 1
    counted = split.select(*by, pl.col("__month").dt.strftime("%Y-%m").alias("month"), days.alias(name))
    return counted.group_by(*by, "month").agg(pl.col(name).sum())


def months_in_words(months: Iterable[str], most: int = 6) -> str:
    """Months (YYYY-MM) in order, those that follow each other as one span: `2022-11 to 2023-02, 2023-05`."""
    spans: list[tuple[str, str]] = []
    for month in sorted(set(months)):
        if spans and _number(month) == _number(spans[-1][1]) + 1:
            spans[-1] = (spans[-1][0], month)
        else:
            spans.append((month, month))
    told = [first if first == last else f"{first} to {last}" for first, last in spans]
    return ", ".join([*told[:most], *(["…"] if len(told) > most else [])])


def _number(month: str) -> int:
    year, _, number = month.partition("-")
    return int(year) * 12 + int(number)
