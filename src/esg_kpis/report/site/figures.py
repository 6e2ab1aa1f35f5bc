"""Figures as the pages show them: with thousands separators, their state, what print says, a link to what they rest on; and how they went over the periods."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl

from esg_kpis.exact import printed
from esg_kpis.report.kpi_table import with_thousands
from esg_kpis.report.site.basis import SiteBasis, to_explorer
from esg_kpis.report.site.differing import reasons_of

WIDTH, HEIGHT, MARGIN = 72, 22, 4
"""Of a small trend, in pixels."""
Key = tuple[str, str, str, str]
"""KPI, breakdown, category, period."""


@dataclass(frozen=True)
class Figures:
    """The figures of one edition, by `Key`, and what they are called in one language."""

    edition: str
    language: str
    cells: Mapping[Key, dict[str, Any]]
    labels: Mapping[tuple[str, str, str], dict[str, Any]]

    def label(self, kpi: str, breakdown: str = "total", category: str = "All") -> str:
        """What a KPI and category are called; English where the language has no label, the id where there is none at all."""
        row = self.labels.get((kpi, breakdown, category))
        return str((row and (row[f"label_{self.language}"] or row["label_en"])) or f"{kpi} {'' if breakdown == 'total' else category}".strip())

    def unit(self, kpi: str, breakdown: str = "total", category: str = "All") -> str:
        """The unit in the language."""
        row = self.labels.get((kpi, breakdown, category))
        return str((row and ((self.language == "zh" and row["unit_zh"]) or row["unit"])) or "")


def figures_of(basis: SiteBasis, edition: str, language: str) -> Figures:
    """The figures of an edition."""
    ties = {_key(row): row for row in basis.of("tie_out", edition).iter_rows(named=True)}
    cells, reasons = {}, reasons_of(basis)
    for row in basis.of("kpi_values", edition).iter_rows(named=True):
        tie, href = ties.get(_key(row), {}), to_explorer("cell", edition, row["kpi_id"], row["period"], row["breakdown"], row["category"])
        reason = reasons.get((edition, *_key(row)))
        cells[_key(row)] = {
            **row, "figure": None if row["printed"] is None else with_thousands(row["printed"]), "href": href,
            "verdict": tie.get("verdict"), "print": tie.get("published"), "why": f"index.html#{reason}" if reason else href,
        }  # fmt: skip
    labels = {(row["kpi_id"], row["breakdown"], row["category"]): row for row in basis.of("kpi_labels", edition).iter_rows(named=True)}
    return Figures(edition, language, cells, labels)


def _key(row: Mapping[str, Any]) -> Key:
    return row["kpi_id"], row["breakdown"], row["category"], row["period"]


def change(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> str | None:
    """The change from one figure to another in percent, or in percentage points where they are percentages; None where either has no number or the first is zero."""
    if old is None or new is None or old["value"] is None or new["value"] is None:
        return None
    first, second = Fraction(old["value"]), Fraction(new["value"])
    if new["unit"] == "%":
        return f"{_signed(second - first, 2)} pp"
    return None if not first else f"{_signed((second - first) / abs(first) * 100, 1)} %"


def size_of_change(old: Mapping[str, Any], new: Mapping[str, Any]) -> Fraction:
    """How large a change is beside the first figure, without its sign; for an order, not to be shown."""
    first, second = Fraction(old["value"]), Fraction(new["value"])
    return abs((second - first) / first) if first else Fraction(0)


def _signed(value: Fraction, decimals: int) -> str:
    text = with_thousands(printed(value, decimals))
    return text if text.startswith("-") else f"+{text}"


def spark(values: Sequence[Decimal | None]) -> dict[str, Any] | None:
    """A small line over some periods, oldest first: `lines` and `dots` as positions, `last` the newest. Periods without a number are gaps. None where fewer than two have one.

    The scale begins at zero unless values are negative, so that a small change looks small.
    """
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return None
    low, high = min(*known, Decimal(0)), max(*known, Decimal(0))
    step = Fraction(WIDTH - 2 * MARGIN, max(len(values) - 1, 1))
    spots: list[tuple[str, str] | None] = []
    for number, value in enumerate(values):
        across = MARGIN + step * number
        up = Fraction(value - low) / Fraction(high - low) if value is not None and high > low else Fraction(0)
        spots.append(None if value is None else (printed(across, 1), printed(HEIGHT - MARGIN - up * (HEIGHT - 2 * MARGIN), 1)))
    lines: list[list[tuple[str, str]]] = [[]]
    for spot in spots:
        if spot is None:
            lines.append([])
        else:
            lines[-1].append(spot)
    return {"lines": [" ".join(f"{x},{y}" for x, y in line) for line in lines if len(line) > 1], "dots": [spot for spot in spots if spot is not None], "last": spots[-1]}


def in_words(row: Mapping[str, Any], figures: Sequence[Mapping[str, Any] | None], periods: Sequence[str], sentence: str) -> str:
    """A trend for who does not see it."""
    points = ", ".join(f"{period}: {cell['figure'] if cell and cell['figure'] else '–'}" for period, cell in zip(periods, figures, strict=True))
    return sentence.format(label=row["label"], points=points)


def worst_first(frame: pl.DataFrame) -> pl.DataFrame:
    """Cells without a number or with a doubtful one: blocked, incomplete, then the rest."""
    rank = pl.col("status").replace_strict({"blocked": 0, "incomplete": 1, "suppressed": 2, "not_collected": 3, "not_applicable": 4}, default=5, return_dtype=pl.Int8())
    return frame.filter(pl.col("status") != "ok").sort(rank, "edition", "kpi_id", "breakdown", "category", "period", maintain_order=True)
