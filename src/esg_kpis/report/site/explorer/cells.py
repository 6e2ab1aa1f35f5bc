"""The figures as pages show them: each KPI with its definition, each cell with status, comparison and formula, each term with the numbers in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from esg_kpis.assurance.trace import formula
from esg_kpis.editions import Edition
from esg_kpis.exact import decimals_of, plain, rounded
from esg_kpis.kpis.targets import Step
from esg_kpis.report.shown import Shown, words_of_formula
from esg_kpis.report.site.basis import SiteBasis
from esg_kpis.report.site.explorer.figures import Figures, OfEdition
from esg_kpis.report.terms import Sum, Term

Cell = tuple[str, str, str, str, str]
"""Edition, KPI, period, breakdown, category."""


@dataclass
class Pages:
    """KPIs, cells and terms of all editions under numbers, and which cells rest on each block."""

    kpis: list[dict[str, Any]] = field(default_factory=list)
    cells: list[dict[str, Any]] = field(default_factory=list)
    terms: list[dict[str, Any]] = field(default_factory=list)
    kpi_of: dict[tuple[str, str], int] = field(default_factory=dict)
    cell_of: dict[Cell, int] = field(default_factory=dict)
    used: dict[int, list[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Told:
    """What tables say of the cells of one edition, by cell; labels by KPI, breakdown and category."""

    labels: Mapping[tuple[str, ...], Mapping[str, Any]]
    ties: Mapping[tuple[str, ...], Mapping[str, Any]]
    published: Mapping[tuple[str, ...], Mapping[str, Any]]


def pages_of(basis: SiteBasis, figures: Figures, factors: Mapping[str, int]) -> Pages:
    """KPIs, cells and terms of all editions, in the order of the reports.

    Args:
        basis: The run.
        figures: Its figures.
        factors: The number of each factor.
    """
    pages = Pages()
    for place, own in enumerate(figures.editions):
        edition, first = own.inputs.edition, len(pages.terms)
        told = _told(basis, edition.id)
        pages.terms += [_term(place, own, term, first, factors) for term in own.terms.terms]
        at = {id(term): number for number, term in enumerate(own.terms.terms)}
        for item in own.shown:
            kpi = _kpi_of(place, item, edition, told, pages)
            number = len(pages.cells)
            pages.cell_of[edition.id, *item.spot] = number
            pages.kpis[kpi]["cells"].append(number)
            pages.cells.append(_cell(kpi, item, own, told, first, at))
            for block in sorted(_blocks(item, own, at)):
                pages.used.setdefault(block, []).append(number)
    return pages


def number(value: Fraction, decimals: int = 18) -> str:
    """A number as a page shows it: exact, or at so many decimals with a sign that there are more."""
    places = decimals_of(value)
    if places is not None and places <= 24:
        return plain(rounded(value, 24))
    return f"{plain(rounded(value, decimals))}…"


def _told(basis: SiteBasis, edition: str) -> _Told:
    def by(table: str, names: tuple[str, ...], *told: str) -> dict[tuple[str, ...], Mapping[str, Any]]:
        rows = basis.of(table, edition).sort("place" if table == "kpi_labels" else names).select(*names, *told)
        return {row[: len(names)]: dict(zip(told, row[len(names) :], strict=True)) for row in rows.rows()}

    cell = ("kpi_id", "period", "breakdown", "category")
    labels = by("kpi_labels", ("kpi_id", "breakdown", "category"), "label_en", "label_zh", "unit_zh", "table", "table_zh")
    return _Told(labels, by("tie_out", cell, "published", "difference", "verdict", "explanation"), by("published", cell, "value_as_printed", "footnote", "table"))


def _kpi_of(place: int, item: Shown, edition: Edition, told: _Told, pages: Pages) -> int:
    """The number of a figure's KPI or target; it is added where it is new."""
    name = item.row["kpi_id"]
    key = (edition.id, name)
    if key in pages.kpi_of:
        return pages.kpi_of[key]
    pages.kpi_of[key] = len(pages.kpis)
    kpi = edition.kpis.get(name)
    label = told.labels.get((name, "total", "All")) or next((row for (other, *_), row in told.labels.items() if other == name), {})
    page: dict[str, Any] = {"edition": place, "id": name, "unit": item.row["unit"], "unit_zh": label.get("unit_zh"), "table": [label.get("table"), label.get("table_zh")], "cells": []}
    if kpi is None:
        target = item.target
        if target is not None:
            page |= {"label": [target.label, target.label_zh], "text": target.text, "source": target.source, "formula": words_of_formula(item, edition), "target": True, "of": target.kpi}
        pages.kpis.append(page)
        return pages.kpi_of[key]
    zh = told.labels.get((name, "total", "All"), {}).get("label_zh") or _without_category(label)
    page |= {
        "label": [told.labels.get((name, "total", "All"), {}).get("label_en") or kpi.label, zh], "text": kpi.text, "source": kpi.source, "formula": formula(kpi), "kind": kpi.formula,
        "codes": {name: code for name, code in kpi.codes.items() if code}, "operands": [part for part in (kpi.numerator, kpi.denominator) if part], "alternative_to": kpi.alternative_to, "stated": kpi.stated,
        "measures": sorted({measure for amounts in kpi.amounts for measure in amounts.measure}),
    }  # fmt: skip
    pages.kpis.append(page)
    return pages.kpi_of[key]


def _without_category(label: Mapping[str, Any]) -> str | None:
    """The Chinese name of a KPI from that of one of its categories."""
    text = label.get("label_zh")
    return text.rpartition("：")[0] or text if isinstance(text, str) else None


def _cell(kpi: int, item: Shown, own: OfEdition, told: _Told, first: int, at: Mapping[int, int]) -> dict[str, Any]:
    row, spot = item.row, item.spot
    label, tie, printed = told.labels.get((spot[0], *spot[2:]), {}), told.ties.get(spot), told.published.get(spot)
    heads = spot in own.apart or (item.step is not None and bool(own.apart))
    cell: dict[str, Any] = {
        "kpi": kpi, "period": row["period"], "breakdown": row["breakdown"], "category": row["category"], "label": [label.get("label_en"), label.get("label_zh")], "unit": row["unit"], "printed": row["printed"],
        "decimals": row["decimals"], "status": row["status"], "reason": row["reason"],
    }  # fmt: skip
    if item.value is not None and not heads:
        cell |= {"value": number(item.value), "estimated": None if row["estimated_share"] is None else plain(row["estimated_share"])}
    if tie is not None:
        gap = None if heads else tie["difference"]
        cell["tie"] = {"published": tie["published"], "difference": None if gap is None else plain(gap), "verdict": tie["verdict"], "explanation": tie["explanation"]}
    if printed is not None:
        cell |= {"as_printed": printed["value_as_printed"], "footnote": printed["footnote"], "print_table": printed["table"]}
    if heads or item.withheld:
        cell["withheld"] = "heads" if heads else "counts"
    if item.term is not None:
        cell["term"] = _formula(item.term, first, at)
    if item.target is not None and item.step is None:
        cell["as_set"] = True
    if item.step is not None and not heads:
        cell["step"] = _step(item.step, own.inputs.edition)
    return cell


def _step(step: Step, edition: Edition) -> dict[str, Any]:
    """How far a target is: its base, goal and actual value in the unit of its KPI, and the cells they come from."""
    values = {name: number(value) for name in ("base", "goal", "actual") if (value := getattr(step, name)) is not None}
    cells = [[edition.id, *(str(cell[name]) for name in ("kpi_id", "period", "breakdown", "category"))] for cell in step.cells]
    return values | {"unit": edition.kpis[step.target.kpi or ""].unit, "verdict": step.verdict, "kind": step.target.kind, "cells": cells}


def _formula(term: Term, first: int, at: Mapping[int, int]) -> dict[str, Any]:
    """A figure's formula: one term, or two with what they are multiplied by. `first` is the number of the edition's first term."""
    if term.operands is None:
        return {"kind": term.kpi.formula, "terms": [first + at[id(term)]]}
    return {"kind": term.kpi.formula, "terms": [first + place for place in term.operands], "times": [str(part) for part in term.times]}


def _term(place: int, own: OfEdition, term: Term, first: int, factors: Mapping[str, int]) -> dict[str, Any]:
    kpi = term.kpi
    page: dict[str, Any] = {"edition": place, "kpi": kpi.id, "period": term.period, "breakdown": term.spot[2], "category": term.spot[3], "unit": kpi.whole_unit, "value": number(term.value), "kind": kpi.formula}
    if term.within is not None:
        page["within"] = list(term.within)
    if term.operands is not None:
        return page | {"terms": [first + part for part in term.operands], "times": [str(part) for part in term.times]}
    start, many = term.sums
    return page | {"sums": [_sum(item, factors) for item in own.terms.sums[start : start + many]]}


def _sum(item: Sum, factors: Mapping[str, int]) -> dict[str, Any]:
    """One measure of a term: its block, and how the total of that becomes a part of the term."""
    if not item.measure:
        return {"measure": "", "value": "0", "unit": item.unit}
    page: dict[str, Any] = {"block": int(item.amounts[0]), "measure": item.measure, "total": number(item.total, 24), "unit": item.unit, "times": str(item.times), "value": number(item.value), "people": item.of_people}
    if item.choice is not None:
        page |= {"factor": factors.get(item.choice.factor.factor_id), "by": number(item.choice.factor.multiplier), "why": item.choice.why}
    if item.months is not None:
        page["months"] = item.months
    return page


def _blocks(item: Shown, own: OfEdition, at: Mapping[int, int]) -> Iterator[int]:
    """The blocks that a shown figure rests on, however deep."""
    if item.term is None:
        return
    left = [*item.term.operands] if item.term.operands else [at[id(item.term)]]
    seen: set[int] = set()
    while left:
        term = own.terms.terms[left.pop()]
        left += term.operands or ()
        start, many = term.sums
        for part in own.terms.sums[start : start + many]:
            if part.measure and int(part.amounts[0]) not in seen:
                seen.add(int(part.amounts[0]))
                yield int(part.amounts[0])
