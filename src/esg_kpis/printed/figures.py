"""Printed figures: where each stands, and the range of numbers that would print so."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

import polars as pl

from esg_kpis.errors import UnitProblem
from esg_kpis.exact import printed
from esg_kpis.ingest.numbers import read_numbers
from esg_kpis.printed.intervals import Interval, point
from esg_kpis.units import multiplier

COUNTED = ("person", "case", "course")
"""Units of the registry that come in whole numbers only. Hours, days and money do not."""
WHOLE_UNITS = frozenset(
    ("request", "device", "identifier", "account", "supplier", "complaint", "unit", "carton", "pallet", "employee", "employees", "people", "persons", "headcount", "incident", "incidents", "site", "sites", "product")
)
"""Words for things that can only be counted, where the unit is none of the registry."""
TOTAL = ("total", "All")


class Cell(NamedTuple):
    """Where a figure stands. `copy` counts further prints of the same cell."""

    document: str
    kpi_id: str
    period: str
    breakdown: str = "total"
    category: str = "All"
    copy: int = 0

    @property
    def name(self) -> str:
        """The cell without its period."""
        place = self.kpi_id if (self.breakdown, self.category) == TOTAL else f"{self.kpi_id}/{self.breakdown}/{self.category}"
        return place + (f" (print {self.copy + 1})" if self.copy else "")

    def __str__(self) -> str:
        return f"{self.name} {self.period}"


@dataclass(frozen=True)
class Figure:
    """One figure as printed. `whole`: it counts what comes in whole numbers only, so that it is no rounded number at all."""

    cell: Cell
    text: str
    value: Fraction
    decimals: int
    unit: str
    whole: bool = False
    table: str = ""
    footnote: str = ""
    source: str = ""
    """Where it stands, if it stands in no table that is checked."""
    half: Fraction | None = None
    """How far the number may be off, where that is not half a unit of the last digit."""

    @cached_property
    def interval(self) -> Interval:
        """The numbers that print so: ROUND_HALF_UP, ties away from zero. 0.13 is from 0.125 to below 0.135; -0.13 above -0.135 to -0.125; 0.00 above -0.005 to below 0.005."""
        if self.whole and self.half is None:
            return point(self.value)
        half = Fraction(1, 2 * 10**self.decimals) if self.half is None else self.half
        return Interval(self.value - half, self.value + half, self.value > 0, self.value < 0)

    def reading(self, value: Fraction) -> "Figure":
        """The same cell with another number at the same decimals."""
        sign, digits = ("-", printed(-value, self.decimals)) if value < 0 else ("", printed(value, self.decimals))
        front, mark, rest = digits.partition(".")
        text = f"{sign}{int(front):,}{mark}{rest}" if "," in self.text or int(front) < 1000 else f"{sign}{digits}"
        return replace(self, value=value, text=text + ("%" if self.text.endswith("%") else ""))


@dataclass(frozen=True)
class Unreadable:
    """A row that holds no figure, and why."""

    cell: Cell
    text: str
    table: str
    why: str


@dataclass(frozen=True)
class Figures:
    """All figures that are looked at, by cell, and what could not be read."""

    by_cell: dict[Cell, Figure]
    unreadable: tuple[Unreadable, ...] = ()
    groups: dict[tuple[str, str, str, str], list[Cell]] = field(default_factory=dict)

    def group(self, document: str, kpi_id: str, period: str, breakdown: str) -> list[Cell]:
        """The cells of one breakdown of a KPI in a period, as they stand in print."""
        return self.groups.get((document, kpi_id, period, breakdown), [])

    def with_given(self, given: Iterable[Figure]) -> "Figures":
        """The same with figures that stand elsewhere, where the cell itself is not printed."""
        return gathered([*self.by_cell.values(), *(figure for figure in given if figure.cell not in self.by_cell)], self.unreadable)

    def periods(self, document: str) -> list[str]:
        """The periods of a document, newest first."""
        return sorted({cell.period for cell in self.by_cell if cell.document == document}, reverse=True)

    @property
    def documents(self) -> list[str]:
        """The documents, in order."""
        return sorted({cell.document for cell in self.by_cell})


def gathered(figures: Sequence[Figure], unreadable: Sequence[Unreadable] = ()) -> Figures:
    """Figures by cell."""
    groups: dict[tuple[str, str, str, str], list[Cell]] = {}
    for figure in figures:
        if figure.cell.copy == 0:
            groups.setdefault((figure.cell.document, figure.cell.kpi_id, figure.cell.period, figure.cell.breakdown), []).append(figure.cell)
    return Figures({figure.cell: figure for figure in figures}, tuple(unreadable), groups)


def figures_of(frame: pl.DataFrame, rounded: Mapping[str, frozenset[str]] | None = None) -> Figures:
    """The figures of a frame of printed cells.

    Args:
        frame: `document`, `kpi_id`, `period`, `breakdown`, `category`, `value_as_printed`, `unit`; and, if there, `decimals`, `table`, `footnote`. A cell may stand there several times.
        rounded: By document, KPIs whose counts are averages or about, and no whole numbers.
    """
    if frame.is_empty():
        return gathered([])
    texts = frame["value_as_printed"].fill_null("").str.strip_chars()
    numbers = read_numbers(texts.str.strip_suffix("%").str.strip_chars())["value"].to_list()
    figures, unreadable = [], []
    seen: dict[Cell, int] = {}
    for row, text, number in zip(frame.iter_rows(named=True), texts, numbers, strict=True):
        first = Cell(row["document"] or "", row["kpi_id"], row["period"], row["breakdown"] or "total", row["category"] or "All")
        place = row.get("table") or ""
        if number is None or (places := _decimals(row.get("decimals"), text)) is None:
            if text not in ("", "-", "–", "—"):
                unreadable.append(Unreadable(first, text, place, "it is no number" if number is None else "its decimals are no count"))
            continue
        cell = first._replace(copy=seen.get(first, 0))
        seen[first] = cell.copy + 1
        whole = places == 0 and is_whole(row["unit"] or "") and row["kpi_id"] not in (rounded or {}).get(cell.document, ())
        figures.append(Figure(cell, text, Fraction(number), places, row["unit"] or "", whole, place, row.get("footnote") or ""))
    return gathered(figures, unreadable)


def is_whole(unit: str) -> bool:
    """Whether a unit counts persons or things."""
    if unit.strip().lower() in WHOLE_UNITS:
        return True
    for known in COUNTED:
        try:
            return multiplier(unit, known) == 1
        except UnitProblem:
            continue
    return False


def _decimals(given: str | int | None, text: str) -> int | None:
    """The decimals of a print: those given, else those that stand behind the point. A print with an exponent has them shifted."""
    if given not in (None, ""):
        return int(given) if str(given).isdigit() and int(given) <= 9 else None
    plain = text.rstrip("%").strip().rstrip(")")
    digits, _, power = plain.lower().partition("e")
    behind = len(digits.partition(".")[2])
    return max(0, behind - int(power)) if power else behind


def given_figure(cell: Cell, text: str, unit: str, source: str, *, whole: bool) -> Figure | None:
    """A figure that stands elsewhere; None where the text is no number."""
    value = read_numbers(pl.Series([text.rstrip("%")]))["value"].item()
    if not isinstance(value, Decimal):
        return None
    places = _decimals(None, text) or 0
    return Figure(cell, text, Fraction(value), places, unit, whole and places == 0, source=source)
