"""Rejections as rows: which record broke which rule in which column, what was read there and what would be right."""

import polars as pl

REJECTION = {"record_id": pl.String(), "rule": pl.String(), "column": pl.String(), "read": pl.String(), "expected": pl.String()}
NO_REJECTIONS = pl.DataFrame(schema=REJECTION)


def rejections(
    frame: pl.DataFrame, wrong: pl.Expr, rule: str, column: str | pl.Expr, read: pl.Expr, expected: str | pl.Expr
) -> pl.DataFrame:
    """One rejection per row of `frame` where `wrong` holds."""
    found = frame.filter(wrong)
    if found.is_empty():
        return NO_REJECTIONS
    return found.select(
        "record_id",
        pl.lit(rule).alias("rule"),
        (pl.lit(column) if isinstance(column, str) else column).alias("column"),
        read.cast(pl.String).fill_null("").alias("read"),
        (pl.lit(expected) if isinstance(expected, str) else expected).alias("expected"),
    )
