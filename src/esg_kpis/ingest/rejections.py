"""Rejections as rows: which record broke which rule in which column, what was read there and what would be right."""

import polars as pl

REJECTION = {
    "record_id": pl.String(), "rule": pl.String(), "column": pl.String(), "read": pl.String(), "expected": pl.String(), "detail": pl.String(),
}  # fmt: skip
NO_REJECTIONS = pl.DataFrame(schema=REJECTION)


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
