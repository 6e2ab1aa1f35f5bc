"""Writes the workbook: plans what stands where, then writes sheet by sheet in reading order."""

import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter

from esg_kpis.errors import UsageProblem
from esg_kpis.report.shown import Shown, shown_of
from esg_kpis.report.terms import Terms, added_up
from esg_kpis.report.workbook import front, lines, sheets
from esg_kpis.report.workbook.basis import Basis
from esg_kpis.report.workbook.made import Amounts, amount_lines, amounts_of
from esg_kpis.report.workbook.page import Cell, Link, Looks, Page, Sheet
from esg_kpis.report.workbook.readme import write_read_me

_FIXED_DATE = datetime(2020, 1, 1)  # noqa: DTZ001  (a workbook has no time zone)


@dataclass(frozen=True)
class Written:
    """What was written: how many figures, those with a number, rows below them, half-way cases, and figures and amounts that are inputs."""

    figures: int
    numbers: int
    rows: int
    halfway: int
    inputs: int


def write_workbook(basis: Basis, target: Path, period: str | None = None) -> Written:
    """An edition's figures as formulas, down to records and counts. The same basis gives the same bytes.

    Args:
        basis: The edition.
        target: File to write; one that is there is replaced when the new one is complete.
        period: Only the figures of this period.

    Raises:
        UsageProblem: if there is no figure to write.
        EsgKpisError: if a sheet would need more rows than it holds.
    """
    terms = Terms()
    shown = shown_of(basis, period, terms, added_up(basis.lineage))
    if not shown:
        raise UsageProblem(f"The edition {basis.inputs.edition.id} has no figure of {period}.", mend=f"Its figures are of: {', '.join(basis.values['period'].unique().sort())}.")
    wanted = pl.Series("amount_id", sorted({name for item in terms.sums if not item.of_people for name in item.amounts}), dtype=pl.String())
    amounts = amounts_of(basis, wanted, [item.choice.factor.factor_id for item in terms.sums if item.choice is not None])
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside its target: what a killed process leaves lies where whoever may see the workbook may see it.
    with tempfile.TemporaryDirectory(prefix=".workbook-", dir=target.parent) as work:
        whole = Path(work) / "whole.xlsx"
        options = {"constant_memory": True, "tmpdir": work, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "use_zip64": True}
        with xlsxwriter.Workbook(whole, options) as book:
            book.set_properties({"created": _FIXED_DATE, "title": f"KPI workbook of {basis.inputs.edition.rules.document}"})
            book.set_calc_mode("auto")
            written = _write(book, basis, shown, terms, amounts, period)
        os.replace(whole, target)  # noqa: PTH105  (Path.replace says the same, and is taken for a text's)
    return written


def _write(book: Any, basis: Basis, shown: Sequence[Shown], terms: Terms, amounts: Amounts, period: str | None) -> Written:  # noqa: ANN401
    looks = Looks(book)
    about = book.add_worksheet("Read me")
    places = lines.places_of(terms, front.used_terms(shown, terms))
    factors = {name: place for place, name in enumerate(amounts.factors)}
    inputs: Counter[str] = Counter()
    _figures(book, looks, sheets.LEAD, len(shown), front.lead_lines(shown, terms, basis))
    _figures(book, looks, sheets.KPIS, len(shown), front.kpi_lines(shown, terms, basis))
    listed: list[tuple[Sheet, int]] = [(sheets.LEAD, len(shown)), (sheets.KPIS, len(shown))]

    def put(sheet: Sheet, count: int, many: Iterable[Sequence[Cell]], *, always: bool = False) -> None:
        if count or always:
            Page(book, sheet, looks, rows=count).rows(many)
            listed.append((sheet, count))

    targets = list(front.target_lines(shown, basis.inputs.edition))
    put(sheets.TARGETS, len(targets), targets)
    put(sheets.TERMS, len(terms.terms), lines.term_lines(terms, places))
    put(sheets.SUMS, len(terms.sums), lines.sum_lines(terms, places, factors))
    put(sheets.COUNTS, len(places.counts), lines.count_lines(terms, places, basis))
    files = lines.people_file_lines(terms, basis) if places.counts else []
    put(sheets.PEOPLE_FILES, len(files), files)
    put(sheets.ROWS, places.blocks[-1], lines.row_lines(terms, amounts))
    put(sheets.AMOUNTS, len(amounts.rows), amount_lines(amounts, basis, inputs))
    put(sheets.FACTORS, len(amounts.factors), lines.factor_lines(amounts, basis))
    uses = lines.use_lines(amounts, terms, basis)
    put(sheets.USES, len(uses), uses)
    put(sheets.RECORDS, amounts.records.height, lines.record_lines(amounts))
    put(sheets.ESTIMATES, len(amounts.estimates), lines.estimate_lines(amounts))
    put(sheets.CLAIMS, len(amounts.claims), lines.claim_lines(amounts))
    told = _inputs(shown, terms, amounts, inputs, len(places.counts), len(targets))
    put(sheets.INPUTS, len(told), told, always=True)
    halfway = list(front.halfway_lines(shown))
    put(sheets.HALFWAY, len(halfway), halfway, always=True)
    write_read_me(about, looks, basis, period, listed, len(halfway))
    withheld = sum(item.withheld for item in shown)
    return Written(len(shown), sum(item.value is not None for item in shown), sum(count for _, count in listed[2:]), len(halfway), withheld + inputs.total())


def _figures(book: Any, looks: Looks, sheet: Sheet, count: int, many: Iterable[tuple[list[Cell], int]]) -> None:  # noqa: ANN401
    page = Page(book, sheet, looks, rows=count)
    for cells, decimals in many:
        page.row(cells, decimals)


def _inputs(shown: Sequence[Shown], terms: Terms, amounts: Amounts, inputs: Counter[str], counts: int, targets: int) -> list[list[Cell]]:
    """What of the workbook is a number and no formula."""
    zero = sum(not item.measure for item in terms.sums)
    withheld = sum(item.withheld for item in shown)
    told: list[tuple[Sheet, str, str, int, str]] = [
        (sheets.RECORDS, "quantity", "Quantities as received", amounts.records.height, "What somebody sent: file, sheet, line and SHA-256 stand beside it. Where a number was received with more than 9 decimals it was rounded once, half-even."),
        (sheets.RECORDS, "times", "Multipliers of units", amounts.records.height, "Exact fractions of the closed registry of units."),
        (sheets.AMOUNTS, "through", "Days of bills", sum(1 for row in amounts.found.iter_rows(named=True) if row["days"] is not None), "Counted between the first and the last day of the record, both included."),
        (sheets.FACTORS, "value", "Factors as published", len(amounts.factors), "Source, page, period and region stand beside it. A derived factor is an input too: what it was derived from stands under 'Derived from'."),
        (sheets.COUNTS, "count", "Counts of people", counts, "Rows about persons are in no workbook. Each count is of a group, and none is shown that would give back fewer persons than the edition's k."),
        (sheets.ESTIMATES, "quantity", "Estimates", len(amounts.estimates), "The computation stands beside it in words and numbers; its numbers are amounts of other months or sites, of which not all count in a figure."),
        (sheets.CLAIMS, "counts", "Volumes of instruments, and the load each may cover", len(amounts.claims), "The load is what was open of the market when the claim was taken, after those before it."),
        (sheets.TARGETS, "set", "Targets as set", targets, "What the report says it wants to reach."),
        (sheets.SUMS, "total", "Zeros of categories in which there is nothing", zero, "A list or count of the period is there, and has nothing of the category."),
        (sheets.KPIS, "unrounded", "Figures whose counts are withheld", withheld, "The figure may be shown, and the two counts it is made of would give back a small group."),
        (sheets.AMOUNTS, "quantity", "Covered parts of load", inputs["covered part"], "Where a site feeds back, what may be covered is scaled by site; that is not done in cells."),
        (sheets.AMOUNTS, "quantity", "Other amounts", inputs["amount"], "No formula of this workbook gives the engine's quantity to its last digit."),
    ]  # fmt: skip
    return [[Link(sheet.at(key, 0), sheet.name), what, count, why] for sheet, key, what, count, why in told if count]


