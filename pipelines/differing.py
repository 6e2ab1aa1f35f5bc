"""What `esg-kpis diff` asks of the library, and how it looks in a terminal of 100 columns and for other programs."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from esg_kpis.assurance.named import without_ids
from esg_kpis.errors import UsageProblem, near_misses
from esg_kpis.exact import plain, printed, rounded
from esg_kpis.restatement.bridge import AND
from esg_kpis.restatement.changed_definitions import Change
from esg_kpis.restatement.changed_records import RecordChange
from esg_kpis.restatement.difference import CellChange, Difference, difference
from esg_kpis.restatement.rerun import GROUPS
from pipelines.past_runs import folder_of, run_in

WIDTH = 100
SHOWN = 10
"""Rows of each kind that are shown unless all are asked for."""


def compared(out: Path, first: str, second: str) -> Difference:
    """Two sets of results compared; see `folder_of` for their names.

    Raises:
        UsageProblem: if there is no such set.
        EsgKpisError: if one kept no definitions, or was changed after it was written.
    """
    folders = [folder_of(out, name) for name in (first, second)]
    return difference(*(run_in(folder) for folder in folders))


def chosen(found: Difference, kpis: Sequence[str]) -> list[CellChange]:
    """The changed cells of some KPIs, or all.

    Raises:
        UsageProblem: if neither run has one of the KPIs.
    """
    known = {*found.first.values["kpi_id"], *found.second.values["kpi_id"]}
    for name in kpis:
        if name not in known:
            raise UsageProblem(f"Neither run has a KPI '{name}'.", where="--kpi", mend=near_misses(name, known) or "Leave --kpi out to see all that changed.")
    return [change for change in found.cells if not kpis or change.cell[1] in kpis]


# ---------------------------------------------------------------- for other programs


def as_json(found: Difference, cells: Sequence[CellChange]) -> dict[str, Any]:
    """Everything, with all decimals."""
    return {
        "from": found.first.key, "to": found.second.key, "equal": found.equal, "files": list(found.files), "dates": {name: list(pair) for name, pair in found.dates.items()}, "code": list(found.code),
        "records": {"same": found.records.same, "moved": found.records.moved, "changes": [_record_json(change) for change in found.records.changes]},
        "factors": [_change_json(change) for change in found.factors], "definitions": {name: [_change_json(change) for change in changes] for name, changes in found.definitions.items() if changes},
        "editions_only_in": {"from": sorted(found.first.editions.keys() - found.second.editions.keys()), "to": sorted(found.second.editions.keys() - found.first.editions.keys())},
        "cells": [_cell_json(change) for change in cells],
    }  # fmt: skip


def _record_json(change: RecordChange) -> dict[str, Any]:
    cells = {name: list(pair) for name, pair in change.cells.items()}
    return {"what": change.what, "path": change.path, "sheet": change.sheet, "line_before": change.lines[0], "line_after": change.lines[1], "record_before": change.records[0], "record_after": change.records[1], "cells": cells}


def _change_json(change: Change) -> dict[str, Any]:
    return {"part": change.part, "name": change.name, "what": change.what, "keys": {name: list(pair) for name, pair in change.keys.items()}}


def _cell_json(change: CellChange) -> dict[str, Any]:
    edition, kpi, period, breakdown, category = change.cell
    return {
        "edition": edition, "kpi_id": kpi, "period": period, "breakdown": breakdown, "category": category, "unit": change.unit, "before": _text(change.before), "after": _text(change.after),
        "status_before": change.states[0], "status_after": change.states[1], "parts": _levels(change), "factors": {name: _text(effect.mean) for name, effect in change.items.items()},
        "records": [{"change": None if place < 0 else place, "effect": _text(value)} for place, value in change.rows.items()], "note": change.note,
    }  # fmt: skip


def _text(value: Fraction | None) -> str | None:
    return None if value is None else plain(rounded(value))


def _levels(change: CellChange) -> dict[str, str]:
    """Effects at 18 decimals as steps between rounded levels, so that they add up to the last digit."""
    level, told = change.before or Fraction(0), {}
    for name, effect in change.parts.items():
        told[name] = plain(rounded(level + effect) - rounded(level))
        level += effect
    return told


# ---------------------------------------------------------------- in a terminal


def print_difference(console: Console, found: Difference, cells: Sequence[CellChange], *, every: bool) -> None:
    """What changed, and what it did."""
    console.width = min(console.width, WIDTH)
    console.print(f"[bold]Run {escape(found.first.key)} to {escape(found.second.key)}[/]")
    if found.equal:
        console.print("Nothing differs: the same files, factors, definitions, code and dates, and the same results.")
        return
    _print_inputs(console, found, every=every)
    if not cells:
        console.print("No KPI changed.")
        return
    whole = [change for change in cells if change.cell[3] == "total"]
    shown = list(cells) if every or not whole else whole
    for edition in dict.fromkeys(change.cell[0] for change in shown):
        console.print(_cells_table(edition, [change for change in shown if change.cell[0] == edition]))
    if len(shown) < len(cells):
        console.print(f"{len(cells) - len(shown)} more cells of breakdowns changed: --all shows them.")
    _print_singles(console, found, shown, every=every)
    notes: dict[str, list[str]] = {}
    for change in shown:
        if change.note:
            notes.setdefault(change.note, []).append(f"{change.cell[1]} {change.cell[2]}")
    for note, named in notes.items():
        console.print(f"Not parted, since {escape(without_ids(note))}: {escape(', '.join(named[:SHOWN]))}{f' and {len(named) - SHOWN} more' if len(named) > SHOWN else ''}")


def _print_inputs(console: Console, found: Difference, *, every: bool) -> None:
    records = found.records
    counts = {what: sum(1 for change in records.changes if change.what == what) for what in ("changed", "added", "removed", "understood_otherwise")}
    said = ", ".join(f"{count} {what.replace('_', ' ')}" for what, count in counts.items() if count) or "none changed"
    console.print(f"Records: {said}; {records.same} say the same{f', {records.moved} of them on another line' if records.moved else ''}.")
    _print_some(console, [f"{item}" for item in found.files], every=every)
    _print_some(console, [_record_said(change) for change in records.changes], every=every)
    console.print(f"Factors: {len(found.factors) or 'none'} changed.")
    _print_some(console, [_said(change) for change in found.factors], every=every)
    console.print(f"Definitions: {sum(map(len, found.definitions.values())) or 'none'} changed.")
    _print_some(console, [f"{edition}: {_said(change)}" for edition, changes in found.definitions.items() for change in changes], every=every)
    for name, (before, after) in found.dates.items():
        console.print(f"Date {name}: {before} to {after}")
    for words, one, other in (("only before", found.first, found.second), ("only now", found.second, found.first)):
        if only := sorted(one.editions.keys() - other.editions.keys()):
            console.print(f"Editions {words}: {', '.join(only)}")
    console.print(f"Code: {', '.join(found.code) or 'the same'}{' changed' if found.code else ''}.")


def _print_some(console: Console, lines: Sequence[str], *, every: bool) -> None:
    for line in lines if every else lines[:SHOWN]:
        console.print(f"  {escape(line)}")
    if not every and len(lines) > SHOWN:
        console.print(f"  and {len(lines) - SHOWN} more: --all shows them.")


def _place(change: RecordChange) -> str:
    """Where a row stands: in the newer run, or in the older one if it is gone. A file about people is one record, without a line."""
    line = change.lines[1] if change.lines[1] is not None else change.lines[0]
    return f"{change.path}{f' {change.sheet}' if change.sheet else ''}{f' line {line}' if line else ' as a whole'}"


def _record_said(change: RecordChange) -> str:
    place = _place(change)
    if change.what in ("added", "removed"):
        return f"{place}: {change.what}"
    cells = "; ".join(f"{name} {before or '–'} → {after or '–'}" if (before, after) != (None, None) else f"{name} (not shown)" for name, (before, after) in change.cells.items())
    return f"{place}: {'understood otherwise: ' if change.what == 'understood_otherwise' else ''}{cells}"


def _said(change: Change) -> str:
    keys = "; ".join(f"{name} {_short(before)} → {_short(after)}" for name, (before, after) in change.keys.items())
    return f"{change.part} {change.name}".rstrip() + f" {change.what}" + (f": {keys}" if keys else "")


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"


def _cells_table(edition: str, cells: Sequence[CellChange]) -> Table:
    names = sorted({name for change in cells for name, effect in change.parts.items() if effect}, key=lambda name: GROUPS.index(name.split(AND)[0]))
    table = Table(box=None, pad_edge=False, header_style="bold", title=f"Edition {escape(edition)}", title_justify="left", title_style="bold")
    for name in ("KPI", "Period", "Before", *(escape(name) for name in names), "After", "Unit"):
        table.add_column(name, justify="left" if name in ("KPI", "Period", "Unit") else "right", overflow="fold", no_wrap=name == "KPI")
    for change in cells:
        _, kpi, period, breakdown, category = change.cell
        places = _places(change)
        effects = [_signed(change.parts[name], places) if name in change.parts else "" for name in names]
        table.add_row(kpi + ("" if breakdown == "total" else f" {escape(category)}"), period, _shown(change.before, change.states[0], places), *effects, _shown(change.after, change.states[1], places), escape(change.unit))
    return table


def _places(change: CellChange) -> int:
    """Decimals that show the change, and the smallest part of it, with three digits."""
    sizes = [abs(value) for value in change.parts.values() if value]
    smallest = min(sizes, default=Fraction(1))
    return next((places for places in range(2, 18) if smallest * 10**places >= 100), 18)


def _shown(value: Fraction | None, state: str, places: int) -> str:
    return state.replace("_", " ") if value is None else printed(value, places)


def _signed(value: Fraction, places: int) -> str:
    return "" if not value else ("+" if value > 0 else "") + printed(value, places)


def _print_singles(console: Console, found: Difference, cells: Iterable[CellChange], *, every: bool) -> None:
    """What single factors and rows did."""
    for change in cells:
        places = _places(change)
        lines = [f"{name}: {_signed(effect.mean, places)}" for name, effect in change.items.items() if effect.mean]
        rows = sorted(change.rows.items(), key=lambda item: (-abs(item[1]), item[0]))
        lines += [f"{'beside changed rows (registers, estimates)' if place < 0 else _record_place(found.records.changes[place])}: {_signed(value, places)}" for place, value in (rows if every else rows[:SHOWN])]
        if len(lines) > 1 or (lines and len(change.parts) > 1):
            console.print(f"{change.cell[1]} {change.cell[2]} ({escape(change.cell[0])}), in {escape(change.unit)}:")
            _print_some(console, lines, every=True)
            if not every and len(rows) > SHOWN:
                console.print(f"  and {len(rows) - SHOWN} more rows: --all shows them.")


def _record_place(change: RecordChange) -> str:
    return f"{_place(change)} {change.what.replace('_', ' ')}"
