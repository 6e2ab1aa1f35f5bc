"""The factors on the way from a record to an amount."""

import polars as pl

THEN = " > "
"""Between the factors of a way: no id of a factor holds it."""


def with_ways(chosen: pl.DataFrame, every: pl.DataFrame) -> pl.DataFrame:
    """`chosen` with `way`: the factors from the record to the amount, in the order they were applied; `rules`, the edition's rules that chose them; and `root`, the amount it began with.

    Args:
        chosen: Some amounts of one edition.
        every: All amounts of that edition.
    """
    parents = every.select(pl.col("amount_id").alias("at"), pl.col("parent_amount_id").alias("before"), pl.col("factor_id").alias("by"), pl.col("rule_id").alias("rule_by"))
    walked = chosen.with_columns(pl.col("factor_id").fill_null("").alias("way"), pl.col("rule_id").fill_null("").alias("rules"), pl.col("parent_amount_id").alias("at"), pl.col("amount_id").alias("root"))
    while walked["at"].is_not_null().any():
        step = walked.join(parents, on="at", how="left", maintain_order="left")
        longer = [pl.when(pl.col(by).is_not_null()).then(pl.col(by) + THEN + pl.col(way)).otherwise(pl.col(way)).alias(way) for by, way in (("by", "way"), ("rule_by", "rules"))]
        walked = step.with_columns(*longer, pl.coalesce("at", "root").alias("root"), pl.col("before").alias("at")).drop("before", "by", "rule_by")
    return walked.drop("at")


def factors_of(way: str) -> list[str]:
    """The factors of a way, each as often as it was applied."""
    return [name for name in way.split(THEN) if name]
