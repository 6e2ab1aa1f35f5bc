"""The KPI table of the last run in the layout of the report, in a terminal of 100 columns. Reads the tables of a run; computes nothing."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from esg_kpis.errors import UsageProblem
from esg_kpis.report.kpi_table import LANGUAGES
from esg_kpis.words import word
from pipelines.kpi_tables import tables_by_edition
from pipelines.latest import known_edition, latest_of, read_result
from pipelines.show_kpis import STATES, Cell, lines_of

WIDTH, ROOM, UNIT = 100, 36, 13
"""A table is no wider than the first; label and unit have at least the second, so that the oldest periods stand in a table below rather than squeeze them; a unit of several words has no more than the third."""

IN_WORDS = ("blocked", "incomplete")
"""States that have no sign: they are said in words."""


def tables(out: Path, edition: str | None, language: str) -> list[dict[str, Any]]:
    """The KPI tables of the last run.

    Raises:
        UsageProblem: if there is no such language, or the run has no such edition.
        EsgKpisError: if there are no results yet.
    """
    if language not in LANGUAGES:
        raise UsageProblem(f"There are no labels in '{language}'.", where="--lang", mend=f"Languages: {', '.join(LANGUAGES)}.")
    folder = latest_of(out)
    labels, values, published, ties = (read_result(folder, name) for name in ("kpi_labels", "kpi_values", "published", "tie_out"))
    if edition is not None:
        known_edition(edition, sorted(labels["edition"].unique().to_list()))
    chosen = labels if edition is None else labels.filter(pl.col("edition") == edition)
    return [{"edition": name, "periods": periods, "rows": rows, "signs": _signs(name, language, labels, values, ties)} for name, periods, rows in tables_by_edition(chosen, values, published, language)]


def _signs(edition: str, language: str, *tables: pl.DataFrame) -> list[dict[str, Cell]]:
    """The cells of an edition's rows as a run prints them: figures, or a sign for a state, and a mark for what print says."""
    lines = lines_of(*(frame.filter(pl.col("edition") == edition) for frame in tables))[1]
    return [{period: replace(cell, text=word("statuses", cell.text, language)) if cell.text in IN_WORDS else cell for period, cell in line.cells.items()} for line in lines]


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
    """The tables one below the other, as the report has them, each mark explained at the end."""
    width = min(console.width, WIDTH)
    console.width = width
    for item in found:
        console.print(f"[bold]{escape(word('table', 'edition', language))} {escape(item['edition'])}[/]")
        parts: dict[str, list[tuple[dict[str, str], dict[str, Cell]]]] = {}
        for row, cells in zip(item["rows"], item["signs"], strict=True):
            own = _words(row, language)
            parts.setdefault(own["table"], []).append((own | {"label": own["label"] + (f" [{row['footnote']}]" if row["footnote"] else "")}, cells))
        for name, rows in parts.items():
            for periods in _side_by_side(item["periods"], [cells for _, cells in rows], width):
                console.print(_table(name, rows, periods, language, width))
                console.print()
    said = _legend([cell for item in found for cells in item["signs"] for cell in cells.values()], language)
    if said:
        console.print(Text(said, style="dim"))


def _words(row: dict[str, Any], language: str) -> dict[str, str]:
    """Table, label and unit in a language; English where it has none."""
    if language == "zh":
        return {"table": row["table_zh"] or row["table"], "label": row["label_zh"] or row["label_en"], "unit": row["unit_zh"] or row["unit"]}
    return {"table": row["table"], "label": row["label_en"], "unit": row["unit"]}


def _size(period: str, rows: list[dict[str, Cell]]) -> int:
    """The width of a period's figures: none is ever broken."""
    return max(cell_len(period), *(cell_len(cells[period].text) for cells in rows))


def _side_by_side(periods: list[str], rows: list[dict[str, Cell]], width: int) -> list[list[str]]:
    """The periods that have room beside each other; those that have none in tables below."""
    found: list[list[str]] = [[]]
    left = width - ROOM
    for period in periods:
        size = _size(period, rows) + 4
        if found[-1] and size > left:
            found.append([])
            left = width - ROOM
        found[-1].append(period)
        left -= size
    return found


def _unit_width(words: list[dict[str, str]], room: int) -> int:
    """The width of the units: on one line where labels and units have room for it, else no more than `UNIT`; a word is never broken."""
    label, unit = (max(cell_len(own[name]) for own in words) for name in ("label", "unit"))
    if label + unit + 1 <= room:
        return unit
    return max(min(unit, UNIT), *(cell_len(part) for own in words for part in own["unit"].split(" ")))


def _table(name: str, rows: list[tuple[dict[str, str], dict[str, Cell]]], periods: list[str], language: str, width: int) -> Table:
    table = Table(title=escape(name), title_justify="left", title_style="bold", pad_edge=False, box=None, header_style="bold", padding=(0, 1, 0, 0))
    sizes = {period: _size(period, [cells for _, cells in rows]) for period in periods}
    unit = _unit_width([words for words, _ in rows], width - sum(size + 3 for size in sizes.values()) - 1)
    table.add_column(word("table", "indicator", language), overflow="fold")
    table.add_column(word("table", "unit", language), overflow="fold", width=unit, min_width=unit)
    for period, size in sizes.items():
        table.add_column(escape(period), justify="right", overflow="fold", width=size, min_width=size)
        table.add_column("", width=1, min_width=1)
    for words, cells in rows:
        own = [cells[period] for period in periods]
        table.add_row(escape(words["label"]), escape(words["unit"]), *(part for cell in own for part in (Text(cell.text, style="" if cell.mark else cell.style), Text(cell.mark, style=cell.style))))
    return table


def _legend(cells: list[Cell], language: str) -> str:
    """What the signs and marks that occur mean."""
    seen = {part for cell in cells for part in (cell.text, cell.mark)}
    meant = [("=", word("verdicts", "equal", language)), ("≠", word("verdicts", "differs", language)), ("·", word("verdicts", "stated", language)), ("~", word("statuses", "incomplete", language))]
    meant += [(sign, word("statuses", status, language)) for status, sign in STATES.items() if status not in IN_WORDS]
    return "   ".join(f"{sign} {words}" for sign, words in meant if sign in seen)
