"""The KPI table of the last run in the layout of the report, in a terminal of 100 columns. Reads the tables of a run; computes nothing."""

from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from esg_kpis.editions.labelled import word
from esg_kpis.errors import UsageProblem
from esg_kpis.report.kpi_table import LANGUAGES
from pipelines.labels import tables_by_edition
from pipelines.run import known_edition, latest_of, read_result

WIDTH = 100


def tables(out: Path, edition: str | None, language: str) -> list[dict[str, Any]]:
    """The KPI tables of the last run.

    Raises:
        UsageProblem: if there is no such language, or the run has no such edition.
        EsgKpisError: if there are no results yet.
    """
    if language not in LANGUAGES:
        raise UsageProblem(f"There are no labels in '{language}'.", where="--lang", mend=f"Languages: {', '.join(LANGUAGES)}.")
    folder = latest_of(out)
    labels, values, published = (read_result(folder, name) for name in ("kpi_labels", "kpi_values", "published"))
    if edition is not None:
        known_edition(edition, sorted(labels["edition"].unique().to_list()))
    chosen = labels if edition is None else labels.filter(pl.col("edition") == edition)
    return [{"edition": name, "periods": periods, "rows": rows} for name, periods, rows in tables_by_edition(chosen, values, published, language)]


def as_json(found: list[dict[str, Any]], language: str) -> list[dict[str, Any]]:
    """The same with labels in one language, a row a KPI and category."""
    return [
        {
            "edition": item["edition"], "periods": item["periods"],
            "rows": [
                {**{key: row[key] for key in ("kpi_id", "breakdown", "category")}, **_words(row, language), **row["cells"], "footnote": row["footnote"]} for row in item["rows"]
            ],
        }
        for item in found
    ]  # fmt: skip


def print_tables(console: Console, found: list[dict[str, Any]], language: str) -> None:
    """The tables one below the other, as the report has them."""
    console.width = min(console.width, WIDTH)
    for item in found:
        console.print(f"[bold]{escape(word('table', 'edition', language))} {escape(item['edition'])}[/]")
        parts: dict[str, list[dict[str, Any]]] = {}
        for row in item["rows"]:
            parts.setdefault(_words(row, language)["table"], []).append(row)
        for name, rows in parts.items():
            console.print(_table(name, rows, item["periods"], language))
            console.print()


def _words(row: dict[str, Any], language: str) -> dict[str, str]:
    """Table, label and unit in a language; English where it has none."""
    if language == "zh":
        return {"table": row["table_zh"] or row["table"], "label": row["label_zh"] or row["label_en"], "unit": row["unit_zh"] or row["unit"]}
    return {"table": row["table"], "label": row["label_en"], "unit": row["unit"]}


def _table(name: str, rows: list[dict[str, Any]], periods: list[str], language: str) -> Table:
    table = Table(title=escape(name), title_justify="left", title_style="bold", pad_edge=False, box=None, header_style="bold")
    table.add_column(word("table", "indicator", language), overflow="fold", ratio=3)
    table.add_column(word("table", "unit", language), overflow="fold", ratio=1)
    for period in periods:
        # A figure is never broken; a state in words may be.
        figures = [row["cells"][period] for row in rows if row["cells"][period][-1:].isdigit()]
        table.add_column(escape(period), justify="right", overflow="fold", width=max(12, *map(len, figures), len(period)) if figures else 12)
    for row in rows:
        words = _words(row, language)
        label = words["label"] + (f" [{row['footnote']}]" if row["footnote"] else "")
        table.add_row(escape(label), escape(words["unit"]), *(escape(row["cells"][period]) for period in periods))
    return table
