"""Rejections as rows: which record broke which rule in which column, what was read there and what would be right."""

import re
from collections.abc import Mapping, Sequence

import polars as pl

from esg_kpis.tables.records import NAMED_RECORD

REJECTION = {
    "record_id": pl.String(), "rule": pl.String(), "column": pl.String(), "read": pl.String(), "expected": pl.String(), "detail": pl.String(),
}  # fmt: skip
NO_REJECTIONS = pl.DataFrame(schema=REJECTION)
_NAMED = re.compile(NAMED_RECORD)


def rejections(
    frame: pl.DataFrame, wrong: pl.Expr, rule: str, column: str | pl.Expr, read: pl.Expr, expected: str | pl.Expr, detail: str | pl.Expr = ""
) -> pl.DataFrame:
    """One rejection per row of `frame` where `wrong` holds. `detail` is the part of what would be right that needs no translation."""
    found = frame.filter(wrong)
    if found.is_empty():
        return NO_REJECTIONS
    said = {"column": column, "expected": expected, "detail": detail}
    return found.select(
        "record_id",
        pl.lit(rule).alias("rule"),
        read.cast(pl.String).fill_null("").alias("read"),
        *((pl.lit(words) if isinstance(words, str) else words).alias(name) for name, words in said.items()),
    ).select(list(REJECTION))


def span() -> pl.Expr:
    """The days of a row in words, as rejections tell them."""
    return pl.col("start").cast(pl.String) + " to " + pl.col("end").cast(pl.String)


def short(number: pl.Expr) -> pl.Expr:
    """A decimal as text, without zeros at its end."""
    return number.cast(pl.String).str.replace(r"\.?0+$", "")


def without(rows: pl.DataFrame, problems: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """`rows` without the records that some rejections are of."""
    bad = pl.concat([frame.select("record_id") for frame in problems])["record_id"].unique()
    return rows.filter(~pl.col("record_id").is_in(bad.implode())) if bad.len() else rows


def named_in(text: str) -> list[str]:
    """The ids of the records that a rejection names."""
    return _NAMED.findall(text)


def with_places(text: str, places: Mapping[str, str]) -> str:
    """The text with the place of each record it names instead of the id."""
    return _NAMED.sub(lambda found: places.get(found[0], found[0]), text)
