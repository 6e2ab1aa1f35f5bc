"""The KPI table of a run in a terminal: grouped as the report has it, numbers below each other, every mark explained. Reads the tables of a run; computes nothing."""

import textwrap
from dataclasses import dataclass
from typing import Any

import polars as pl
from rich.console import Console
from rich.text import Text

from esg_kpis.report.kpi_table import periods_of, with_thousands
from esg_kpis.words import OTHER, word

STATES = {"blocked": "blocked", "not_applicable": "n/a", "not_collected": "–", "suppressed": "(few)", "incomplete": "incomplete"}
MARKS = {"equal": ("=", "green"), "stated": ("·", "dim"), "differs": ("≠", "yellow"), "incomplete": ("~", "yellow")}
LEGEND = (
    ("=", "equals print"), ("≠", "differs from print"), ("·", "taken as its source states it"), ("~", "incomplete"), ("–", "not collected"), ("n/a", "not applicable"), ("(few)", "too few persons to show"),
)  # fmt: skip
WIDTH, LABEL, WIDEST = 100, 34, 78
"""A table is no wider than the first; a label has at least the second, so that periods are left out before labels become a column of syllables; and no more than the third."""


@dataclass(frozen=True)
class Cell:
    """One figure or state, its mark, and whether a person ought to look at it."""

    text: str = ""
    mark: str = ""
    style: str = ""
    wants: bool = False


@dataclass(frozen=True)
class Line:
    """One KPI and category in all periods of its edition. `kept` are the lines of a run: totals, and what a person ought to look at."""

    table: str
    label: str
    total: bool
    cells: dict[str, Cell]

    @property
    def wants(self) -> bool:
        """Whether a person ought to look at any of it."""
        return any(cell.wants for cell in self.cells.values())


def lines_of(labels: pl.DataFrame, values: pl.DataFrame, ties: pl.DataFrame) -> tuple[list[str], list[Line]]:
    """Periods, newest first, and the lines of one edition in the order of its report.

    Args:
        labels: `kpi_labels` of the edition.
        values: `kpi_values` of it.
        ties: `tie_out` of it.
    """
    key = ("kpi_id", "breakdown", "category", "period")
    found = {tuple(row[name] for name in key): row for row in values.iter_rows(named=True)}
    tied = {tuple(row[name] for name in key): row for row in ties.iter_rows(named=True)}
    periods, lines = periods_of(labels, values), []
    for label in labels.filter(~pl.col("open")).sort("place").iter_rows(named=True):
        places = {period: (label["kpi_id"], label["breakdown"], label["category"], period) for period in periods}
        cells = {period: _cell(found.get(place), tied.get(place)) for period, place in places.items()}
        lines.append(Line(label["table"], f"{label['label_en']}, {label['unit']}", label["breakdown"] == "total", cells))
    return periods, lines


def _cell(row: dict[str, Any] | None, tie: dict[str, Any] | None) -> Cell:
    if row is None:
        return Cell()
    verdict = tie["verdict"] if tie else ""
    unexplained = tie is not None and verdict in ("differs", "not_computed") and not tie["explained"]
    if row["printed"] is None:
        style = {"blocked": "red", "incomplete": "yellow"}.get(row["status"], "dim")
        return Cell(STATES.get(row["status"], row["status"]), "≠" if verdict in ("differs", "not_computed") else "", style, wants=row["status"] in ("blocked", "incomplete") or unexplained)
    mark, style = MARKS.get("incomplete" if row["status"] == "incomplete" else verdict, ("", ""))
    return Cell(with_thousands(row["printed"]), mark, style, wants=row["status"] == "incomplete" or unexplained)


def print_kpis(console: Console, title: str, periods: list[str], lines: list[Line], *, every: bool) -> None:
    """One edition's KPIs: all of them, or totals and what a person ought to look at, with a count of the others."""
    other = word("table", OTHER, "en")
    tables = list(dict.fromkeys(line.table for line in lines))
    shown = [line for line in lines if every or line.wants or (line.total and (line.table != other or tables == [other]))]
    width = console.width if every else min(console.width, WIDTH)
    label, columns = _layout(shown, periods, width)
    console.print(Text.assemble((title.ljust(label), "bold"), *((name.rjust(size + 1) + "  ", "bold") for name, size in columns.items())), soft_wrap=True)
    for table in tables:
        own = [line for line in shown if line.table == table]
        if own:
            console.print(Text(textwrap.shorten(table, width, placeholder=" …"), style="cyan"))
        for line in own:
            console.print(_printed(line, label, columns), soft_wrap=True)
    _print_notes(console, width, [period for period in periods if period not in columns], [line for line in lines if line not in shown], [cell for line in shown for cell in line.cells.values()])


def _layout(lines: list[Line], periods: list[str], width: int) -> tuple[int, dict[str, int]]:
    """The width of labels, and of each period's figures; the oldest periods are left out where a label would have no room."""
    sizes = {period: max([len(period), *(len(line.cells[period].text) for line in lines)]) for period in periods}
    while len(sizes) > 1 and width - sum(size + 3 for size in sizes.values()) < LABEL:
        sizes.popitem()
    room = width - sum(size + 3 for size in sizes.values())
    return max(12, min(room, WIDEST, 2 + max([len(line.label) for line in lines] or [LABEL]))), sizes


def _printed(line: Line, label: int, columns: dict[str, int]) -> Text:
    first, *rest = textwrap.wrap(line.label, label - 1, initial_indent=" ", subsequent_indent="   ") or [""]
    text = Text(first.ljust(label))
    for period, size in columns.items():
        cell = line.cells[period]
        text.append(cell.text.rjust(size + 1), style="" if cell.mark else cell.style)
        text.append(f" {cell.mark:1}", style=cell.style)
    text.rstrip()
    for more in rest:
        text.append(f"\n{more}")
    return text


def _print_notes(console: Console, width: int, left_out: list[str], hidden: list[Line], cells: list[Cell]) -> None:
    seen = {part for cell in cells for part in (cell.text, cell.mark)}
    words = [f"{mark} {means}" for mark, means in LEGEND if mark in seen]
    if any(cell.text[:1].isdigit() and not cell.mark for cell in cells):
        words.append("no mark: not printed")
    notes = ["   ".join(words)] if words else []
    if left_out:
        notes.append(f"No room for {', '.join(left_out)} at this width: `esg-kpis table` shows all periods.")
    if hidden:
        explained = sum(1 for line in hidden if any(cell.mark == "≠" for cell in line.cells.values()))
        differ = f", {explained} of them with a difference that is explained" if explained else ""
        notes.append(f"And {len(hidden)} rows by category, or in no table of the report{differ}: `esg-kpis table`, or run with --all.")
    for note in notes:
        console.print(Text("\n".join(textwrap.wrap(note, width, subsequent_indent="  ", break_on_hyphens=False)), style="dim"))
