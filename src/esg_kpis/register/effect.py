"""What changed between the numbers that were approved and others, cell by cell.

Source of the 5 %: GHG Protocol, Corporate Standard, chapter 10 (material discrepancy, rule of thumb). The whole of a base year is judged by the restatement bridge, not here.
"""

import csv
import io
from collections.abc import Mapping
from fractions import Fraction

from esg_kpis.exact import plain, rounded
from esg_kpis.register.statement import Effect

BEYOND = Fraction(1, 20)
_LARGEST = 10**12
"""A share of this size or more is not written as a percentage: the old value was next to nothing."""
_KEY = ("kpi_id", "breakdown", "category")
_SHOWN = ("value", "printed", "unit", "status", "reason")
Cells = Mapping[tuple[str, ...], Mapping[str, str]]


def cells_of(content: bytes) -> Cells:
    """The cells of `approved_bytes`, by KPI, breakdown and category. Each is what its columns say; empty for null."""
    rows = csv.DictReader(io.StringIO(content.decode(), newline=""))
    return {tuple(row[name] for name in _KEY): row for row in rows}


def effects_of(old: bytes, new: bytes) -> tuple[tuple[Effect, ...], int]:
    """The cells that differ between two contents of `approved_bytes`, and how many do not. A cell that came or went differs; so does one whose state, unit or reason alone changed."""
    before, after = cells_of(old), cells_of(new)
    keys = sorted(before.keys() | after.keys())
    changed = [key for key in keys if _shown(before.get(key)) != _shown(after.get(key))]
    return tuple(_effect(key, before.get(key, {}), after.get(key, {})) for key in changed), len(keys) - len(changed)


def _shown(cell: Mapping[str, str] | None) -> tuple[str, ...] | None:
    return None if cell is None else tuple(cell[name] for name in _SHOWN)


def _effect(key: tuple[str, ...], before: Mapping[str, str], after: Mapping[str, str]) -> Effect:
    old, new = before.get("value", ""), after.get("value", "")
    units = {cell["unit"] for cell in (before, after) if cell}
    measured = old and new and len(units) == 1
    difference = Fraction(new) - Fraction(old) if measured else None
    share = difference / abs(Fraction(old)) if difference is not None and Fraction(old) else None
    return Effect(
        kpi_id=key[0], breakdown=key[1], category=key[2], unit=after.get("unit") or before.get("unit", ""), old=_text(old), new=_text(new),
        difference="" if difference is None else plain(rounded(difference)), percent="" if share is None or abs(share) >= _LARGEST else plain(rounded(share * 100, 6)),
        beyond=None if share is None else abs(share) > BEYOND,
    )  # fmt: skip


def _text(value: str) -> str:
    return plain(rounded(Fraction(value))) if value else ""


def in_words(effect: Effect, before: Mapping[str, str] | None = None, after: Mapping[str, str] | None = None) -> str:
    """One changed cell in words. Where no value changed, the states before and after say what did."""
    cell = effect.kpi_id if effect.breakdown == "total" else f"{effect.kpi_id} {effect.breakdown}={effect.category}"
    if effect.old == effect.new and before and after:
        what = next((f"{name} '{before[name]}' -> '{after[name]}'" for name in _SHOWN if before[name] != after[name]), "")
        return f"{cell}: {what}"
    states = [cell_["status"] if cell_ else "not there" for cell_ in (before or {}, after or {})]
    old, new = effect.old or states[0], effect.new or states[1]
    return f"{cell}: {old} -> {new} {effect.unit}{f' ({effect.percent} %)' if effect.percent else ''}"
