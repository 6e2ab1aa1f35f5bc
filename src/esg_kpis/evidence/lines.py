"""One line per KPI: what the register says beside what each engine computes."""

from collections.abc import Callable, Mapping, Set
from typing import Any

import polars as pl

from esg_kpis.evidence.verdict import AGREES, DIFFERS, NEEDS_ANNEX, Line
from esg_kpis.tables import KPI_VALUES

COMPARED = ("value", "printed", "unit", "decimals", "status", "reason", "estimated_share")
_Row = Mapping[str, Any]


def lines_of(register: pl.DataFrame, engines: Mapping[str, pl.DataFrame], excused: Callable[[_Row], bool]) -> tuple[Line, ...]:
    """A line per cell of the register, and per cell that an engine has and the register lacks.

    Args:
        register: The register of the pack.
        engines: Per engine its cells of the same edition and period: the key of `kpi_values`, and those of `COMPARED` that it computes. All must agree, digit by digit.
            One that computes no `status` knows only cells that something counts in, and need not have a cell of the register without a number.
        excused: Whether a cell of the register cannot be computed with the people data at hand, where an engine says otherwise.
    """
    ours = {_key(row): row for row in register.iter_rows(named=True)}
    theirs = {name: {_key(row): row for row in frame.iter_rows(named=True)} for name, frame in engines.items()}
    keys = [*ours, *sorted({key for rows in theirs.values() for key in rows} - ours.keys())]
    of_numbers = {name for name, frame in engines.items() if "status" not in frame.columns}
    return tuple(_line(ours.get(key), {name: rows.get(key) for name, rows in theirs.items()}, of_numbers, excused) for key in keys)


def _line(row: _Row | None, found: Mapping[str, _Row | None], of_numbers: Set[str], excused: Callable[[_Row], bool]) -> Line:
    any_row: _Row = row or next(item for item in found.values() if item is not None)
    silent = {name for name in of_numbers if found[name] is None and row is not None and row["value"] is None}
    apart = [text for name, other in found.items() if name not in silent and (text := _difference(name, row, other))]
    verdict = AGREES if not apart else NEEDS_ANNEX if row is not None and excused(row) else DIFFERS
    shown = {name: "no number" if name in silent else _shown(other) for name, other in found.items()}
    return Line(any_row["kpi_id"], any_row["breakdown"], any_row["category"], any_row["unit"], _shown(row), shown, verdict, "" if verdict == NEEDS_ANNEX else "; ".join(apart))


def _difference(engine: str, row: _Row | None, other: _Row | None) -> str:
    """What an engine says otherwise than the register, in words; empty where it says the same."""
    if row is None:
        return f"{engine} has a cell that the register lacks"
    if other is None:
        return f"{engine} has no such cell"
    said = [f"{name} {other[name]}, and the register {row[name]}" for name in COMPARED if name in other and other[name] != row[name]]
    return f"{engine} says " + ", ".join(said) if said else ""


def _key(row: _Row) -> tuple[str, ...]:
    return tuple(row[name] for name in KPI_VALUES.key)


def _shown(row: _Row | None) -> str:
    return "" if row is None else str(row["printed"] if row["printed"] is not None else row.get("status", row.get("state", "")).replace("_", " "))
