"""Several rows about the same: the last known wins, rows that say the same count once, and rows that contradict each other count not at all."""

from collections.abc import Sequence
from typing import Any

import narwhals as nw
import polars as pl

from esg_kpis.readings.engines import Engine
from esg_kpis.readings.judged import Task
from esg_kpis.readings.rules import CODE

EACH = 20
"""How many rows of each rule are shown."""

AMONG_ROWS = (
    nw.col("rows").sum().alias("rows"),
    (nw.col("rows") - nw.col("latest")).sum().alias("superseded"),
    nw.when(nw.col("least") == nw.col("most")).then(nw.col("latest") - 1).sum().alias("duplicate"),
    nw.when(nw.col("least") != nw.col("most")).then(nw.col("latest")).sum().alias("conflict"),
)
"""What becomes of the rows of `latest`, as aggregations."""


def latest(engine: Engine, rows: nw.LazyFrame[Any], by: Sequence[str]) -> nw.LazyFrame[Any]:
    """Each group of `by` among rows without a rule.

    Columns: `by`; `rows`; `latest`, rows of them that became known last; `least` and `most` of what those say; `estimated` (1 if all of those are); `estimated_value`.
    """
    good = rows.filter(nw.col("code") == 0)
    once = engine.keep(
        good.group_by(list(by)).agg(
            nw.len().alias("rows"), nw.col("known").min().alias("soonest"), nw.col("known").max().alias("newest"),
            nw.col("value").min().alias("least"), nw.col("value").max().alias("most"), nw.col("estimated").min().alias("estimated"),
        )
    )  # fmt: skip
    corrected = once.filter(nw.col("soonest") != nw.col("newest")).select(*by, "newest")
    of_last = good.join(corrected, on=list(by), how="inner").filter(nw.col("known") == nw.col("newest"))
    last = of_last.group_by(list(by)).agg(nw.len().alias("latest"), nw.col("value").min().alias("least"), nw.col("value").max().alias("most"), nw.col("estimated").min().alias("estimated"))
    last = last.join(once.select(*by, "rows"), on=list(by), how="inner")
    same = once.filter(nw.col("soonest") == nw.col("newest")).with_columns(nw.col("rows").alias("latest"))
    names = ("rows", "latest", "least", "most", "estimated")
    both = nw.concat([part.select(*by, *(nw.col(name).cast(nw.Int64) for name in names)) for part in (same, last)], how="vertical")
    return both.with_columns((nw.col("least") * nw.col("estimated")).alias("estimated_value"))


def known_last() -> nw.Expr:
    """Whether what became known last is one value."""
    return nw.col("least") == nw.col("most")


def suspects(engine: Engine, task: Task, groups: nw.LazyFrame[Any], place: Sequence[nw.Expr], code: nw.Expr | None = None) -> pl.DataFrame:
    """The first few groups of which rows are refused because of each other: key, `place` and `code`."""
    found = groups.filter(~known_last()) if code is None else groups
    told = found.select(*task.keys, *place, (nw.lit(CODE["conflict"]) if code is None else code).cast(nw.Int64).alias("code"))
    names = [*task.keys, "place"]
    return engine.collect(told.sort(names).head(EACH)).cast({"place": pl.Int64(), "code": pl.Int64()}).select(*names, "code").unique(names, keep="first").sort(names)


def no_suspects(task: Task) -> pl.DataFrame:
    """None, in the columns of `suspects`."""
    return pl.DataFrame(schema={**dict.fromkeys(task.keys, pl.String()), "place": pl.Int64(), "code": pl.Int64()})
