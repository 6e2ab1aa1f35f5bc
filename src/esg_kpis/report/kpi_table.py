"""The KPI table as a person reads it: one row per KPI and category in the order of the report, a column per period, every cell a figure or a state in words."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from esg_kpis.report.outputs import for_people
from esg_kpis.words import word

LANGUAGES = ("en", "zh")


def periods_of(labels: pl.DataFrame, values: pl.DataFrame) -> list[str]:
    """The periods of an edition's labelled KPI values, newest first: a period is named by the year in which it ends. Targets, which stand in tables of their own, name years to come."""
    return sorted(values.join(labels, on="kpi_id", how="semi")["period"].unique().to_list(), reverse=True)


def kpi_table(labels: pl.DataFrame, values: pl.DataFrame, published: pl.DataFrame, language: str = "en") -> list[dict[str, Any]]:
    """The rows of one edition's KPI table.

    Args:
        labels: `kpi_labels` of the edition.
        values: `kpi_values` of the edition.
        published: `published` of the edition, for footnotes.
        language: Of states in words: en or zh.

    Returns:
        One row per KPI and category that has a value or a state in any period: the columns of `kpi_labels`, `cells` (period to text, newest first; never empty), `footnote`. Categories
        that only the data know, such as every site, stand in kpi_values.csv alone.
    """
    cells = {(row["kpi_id"], row["breakdown"], row["category"], row["period"]): row for row in values.iter_rows(named=True)}
    notes: dict[tuple[str, str, str], dict[str, None]] = {}
    for row in published.sort("period", descending=True).iter_rows(named=True):
        said = notes.setdefault((row["kpi_id"], row["breakdown"], row["category"]), {})
        said |= dict.fromkeys(note for note in (row["footnote"] or "").split(";") if note)
    periods, rows = periods_of(labels, values), []
    for label in labels.filter(~pl.col("open")).sort("place").iter_rows(named=True):
        key = (label["kpi_id"], label["breakdown"], label["category"])
        row = {period: _cell(cells.get((*key, period)), language) for period in periods}
        rows.append({**label, "cells": row, "footnote": ";".join(notes.get(key, {}))})
    return rows


def _cell(row: dict[str, Any] | None, language: str) -> str:
    """A figure with thousands separators, or why there is none. An incomplete one says so where it stands, since who copies it copies that too."""
    if row is None:
        return word("table", "not_defined", language)
    state = word("statuses", row["status"], language)
    if row["printed"] is None:
        return state
    figure = with_thousands(row["printed"])
    return figure if row["status"] == "ok" else f"{figure} ({state})"


def with_thousands(printed: str) -> str:
    """A printed figure with thousands separators: `-1234.50` as `-1,234.50`. What a report prints and is no number stays as it is."""
    whole, point, decimals = printed.partition(".")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    return f"{sign}{int(digits):,}{point}{decimals}" if digits.isdecimal() else printed


def kpi_table_csv(rows: Sequence[dict[str, Any]], periods: Sequence[str]) -> bytes:
    """One edition's KPI table as CSV for a spreadsheet, in both languages of labels; states in English. No cell starts a formula, in the header either."""
    header = ["table", "label_en", "label_zh", "unit", *periods, "footnote"]
    lines = [[row["table"], row["label_en"], row["label_zh"] or row["label_en"], row["unit"], *(row["cells"][period] for period in periods), row["footnote"]] for row in rows]
    frame = pl.DataFrame([header, *lines], schema=[(f"c{number}", pl.String()) for number in range(len(header))], orient="row")
    return b"\xef\xbb\xbf" + for_people(frame).write_csv(include_header=False).encode()
