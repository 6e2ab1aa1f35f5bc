"""One edition of a run in one language, as charts look at it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import polars as pl

from esg_kpis.assurance.withheld import of_heads
from esg_kpis.editions import Edition, Kpi
from esg_kpis.editions.labels import Labels
from esg_kpis.exact import rounded
from esg_kpis.kpis import Inputs
from esg_kpis.report.charts.words import said
from esg_kpis.report.kpi_table import with_thousands
from esg_kpis.report.site.basis import SiteBasis
from esg_kpis.words import word

Cell = tuple[str, str, str]
"""KPI, breakdown, category."""


@dataclass(frozen=True)
class View:
    """What a chart is drawn from, and what things are called in its language."""

    basis: SiteBasis
    edition_id: str
    language: str

    @property
    def edition(self) -> Edition:
        """The edition."""
        return self.basis.editions[self.edition_id]

    @property
    def inputs(self) -> Inputs:
        """What its KPIs are made of."""
        return self.basis.inputs[self.edition_id]

    @cached_property
    def periods(self) -> list[str]:
        """Its periods, oldest first."""
        return list(reversed(self.edition.periods))

    @cached_property
    def of_heads(self) -> frozenset[str]:
        """The measures of which an amount rests on an estimate per head, where the edition hides groups: a part of their totals may tell how many heads a site has."""
        if self.edition_id not in self.basis.hidden_in:
            return frozenset()
        own = self.table("edition_amounts")
        return frozenset(own.filter(of_heads(own, self.table("estimates"), (self.edition_id,)))["measure"])

    @cached_property
    def months(self) -> dict[str, list[str]]:
        """The months of each period."""
        return {name: pl.date_range(period.first, period.last, "1mo", eager=True).dt.strftime("%Y-%m").to_list() for name, period in self.edition.periods.items()}

    def table(self, name: str) -> pl.DataFrame:
        """A table of the run, as far as it is about the edition; without rows where the run has none of that name."""
        return self.basis.of(name, self.edition_id) if name in self.basis.tables else pl.DataFrame()

    @cached_property
    def cells(self) -> dict[Cell, dict[str, dict[str, Any]]]:
        """The rows of `kpi_values` by cell and period."""
        found: dict[Cell, dict[str, dict[str, Any]]] = {}
        for row in self.table("kpi_values").iter_rows(named=True):
            found.setdefault((row["kpi_id"], row["breakdown"], row["category"]), {})[row["period"]] = row
        return found

    @cached_property
    def _named(self) -> dict[Cell, dict[str, Any]]:
        return {(row["kpi_id"], row["breakdown"], row["category"]): row for row in self.table("kpi_labels").sort("place").iter_rows(named=True)}

    @cached_property
    def places(self) -> dict[Cell, int]:
        """Where each cell stands in the edition."""
        return {cell: row["place"] for cell, row in self._named.items()}

    def say(self, group: str, name: str, /, **values: object) -> str:
        """A word or sentence of the charts."""
        return said(group, name, self.language, **values)

    def state(self, status: str) -> str:
        """A state in words: short where the picture has little room."""
        return self.say("said", "suppressed") if status == "suppressed" else word("statuses", status, self.language)

    def told(self, row: Mapping[str, Any] | None) -> str:
        """One cell as text: as printed, with an asterisk where it is incomplete, or else its state; empty where the edition defines none."""
        if row is None:
            return ""
        if row["printed"] is None:
            return self.state(row["status"])
        return f"{printed_of(row)}{'*' if row['status'] == 'incomplete' else ''}"

    def printed(self, cell: Cell, period: str, value: Fraction) -> str | None:
        """A value as the results print it, where it is that of a cell; None where it is of none."""
        row = self.cells.get(cell, {}).get(period)
        return printed_of(row) if row is not None and row["value"] is not None and row["value"] == rounded(value) else None

    def _in_words(self, row: Mapping[str, Any], name: str, english: str) -> str:
        return str((row.get(f"{name}_zh") if self.language == "zh" else None) or row.get(english) or "")

    def label(self, cell: Cell) -> str:
        """What a cell is called."""
        return self._in_words(self._named.get(cell, {}), "label", "label_en") or cell[0]

    def unit(self, cell: Cell) -> str:
        """The unit of a cell."""
        return self._in_words(self._named.get(cell, {}), "unit", "unit") or next((row["unit"] for row in self.cells.get(cell, {}).values()), "")

    def kpi_label(self, kpi: Kpi) -> str:
        """What a KPI is called as a whole, whether or not it has a cell for the whole."""
        labels = self.edition.labels or Labels()
        own = labels.kpis.get(kpi.id)
        return (own.zh if own and self.language == "zh" else None) or (own.en if own else None) or kpi.label

    def category(self, breakdown: str, category: str) -> str:
        """What a category is called."""
        labels = self.edition.labels or Labels()
        return (labels.category_zh(breakdown, category) if self.language == "zh" else None) or labels.category_en(breakdown, category)

    def breakdown(self, breakdown: str) -> str:
        """What a breakdown is called."""
        spread = (self.edition.labels or Labels()).breakdowns.get(breakdown)
        own = spread.label if spread else None
        return (own.zh if own and self.language == "zh" else None) or (own.en if own else None) or breakdown.replace("_", " ").replace("|", ", ")

    def period(self, period: str) -> str:
        """A period within a sentence."""
        return f"{period}年" if self.language == "zh" and period.isdigit() else period

    def latest(self, periods: Sequence[str]) -> str | None:
        """The newest of some periods."""
        return next((period for period in reversed(self.periods) if period in periods), None)


def printed_of(row: Mapping[str, Any] | None) -> str:
    """What is printed of a row of `kpi_values`, with separators of thousands; an empty text where it has no value."""
    return with_thousands(row["printed"]) if row is not None and row["printed"] is not None else ""
