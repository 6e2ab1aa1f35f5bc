"""What reading costs at least: the plain sum of each meter, with no row looked at, and the bare scan of the same columns."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from esg_kpis.readings.judged import Task


def _paths(task: Task) -> list[str]:
    return [str(file.path) for file in task.files]


def _files(task: Task) -> str:
    return ", ".join(f"'{path}'" for path in _paths(task))


def sums_by_duckdb(database: Any, tasks: Sequence[Task]) -> list[pl.DataFrame]:  # noqa: ANN401  (a connection of DuckDB)
    """`SELECT meter_id, sum(wh) … GROUP BY meter_id` of each month."""
    query = "SELECT meter_id, sum(wh)::BIGINT AS total FROM read_parquet([{}], hive_partitioning = false) GROUP BY meter_id ORDER BY meter_id"
    return [pl.DataFrame(pl.from_arrow(database.sql(query.format(_files(task))).to_arrow_table())) for task in tasks]


def sums_by_polars(tasks: Sequence[Task]) -> list[pl.DataFrame]:
    """The same in Polars."""
    return [pl.scan_parquet(_paths(task), hive_partitioning=False).group_by("meter_id").agg(pl.col("wh").sum().alias("total")).sort("meter_id").collect(engine="streaming") for task in tasks]


def scanned_by_duckdb(database: Any, tasks: Sequence[Task]) -> list[object]:  # noqa: ANN401
    """Each value of each column added up, which no statistics can answer."""
    query = "SELECT sum(strlen(meter_id)), sum(epoch_us(time)), sum(wh), sum(strlen(quality)), sum(epoch_us(received)) FROM read_parquet([{}], hive_partitioning = false)"
    return [database.sql(query.format(_files(task))).fetchall() for task in tasks]


def scanned_by_polars(tasks: Sequence[Task]) -> list[object]:
    """The same in Polars."""
    added = [pl.col("meter_id", "quality").str.len_bytes().cast(pl.Int64).sum(), pl.col("time", "received").to_physical().cast(pl.Int128).sum(), pl.col("wh").sum()]
    return [pl.scan_parquet(_paths(task), hive_partitioning=False).select(added).collect(engine="streaming").rows() for task in tasks]
