"""The KPI tables as a person reads them, an edition each."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from esg_kpis.report.kpi_table import kpi_table, kpi_table_csv, periods_of


def tables_by_edition(labels: pl.DataFrame, values: pl.DataFrame, published: pl.DataFrame, language: str = "en") -> Iterator[tuple[str, list[str], list[dict[str, Any]]]]:
    """Edition, periods and rows of each edition's KPI table."""
    for edition in sorted(labels["edition"].unique().to_list()):
        own = [frame.filter(pl.col("edition") == edition) for frame in (labels, values, published)]
        yield edition, periods_of(own[0], own[1]), kpi_table(own[0], own[1], own[2], language)


def write_kpi_tables(labels: pl.DataFrame, values: pl.DataFrame, published: pl.DataFrame, folder: Path) -> None:
    """`kpi_table_<edition>.csv` per edition: editions have periods of their own, so one file for all would have columns that are empty for most rows."""
    for edition, periods, rows in tables_by_edition(labels, values, published):
        (folder / f"kpi_table_{edition}.csv").write_bytes(kpi_table_csv(rows, periods))
