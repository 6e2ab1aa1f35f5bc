"""What stands on the sheets below the figures: terms, sums, their rows, counts, factors, records, estimates and claims."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import Any

import polars as pl

from esg_kpis.assurance.trace import formula
from esg_kpis.domains import DOMAIN_OF, MEASURES
from esg_kpis.factors import Factor
from esg_kpis.kpis import Within
from esg_kpis.report.terms import Sum, Term, Terms, in_cells, words_of
from esg_kpis.report.workbook.basis import Basis
from esg_kpis.report.workbook.made import Amounts
from esg_kpis.report.workbook.page import FIRST, Cell, Formula, Link, exactly
from esg_kpis.report.workbook.sheets import AMOUNTS, COUNTS, FACTORS, KPIS, RECORDS, ROWS, SUMS, TERMS
from esg_kpis.units import multiplier


@dataclass(frozen=True)
class Places:
    """Where things stand: the first row of each sum's block in Rows, the row of each count of people in Counts, the first figure that uses each term, and the term of each sum."""

    blocks: tuple[int, ...]
    counts: Mapping[int, int]
    used: Mapping[int, int]
    terms: tuple[int, ...]


def places_of(terms: Terms, used: Mapping[int, int]) -> Places:
    """Where the parts of some terms stand. `used` leads from a term to the first figure that uses it."""
    sizes = [0 if item.of_people else len(item.amounts) for item in terms.sums]
    people = [number for number, item in enumerate(terms.sums) if item.of_people]
    of_sum = {first + step: place for place, term in enumerate(terms.terms) for first, count in [term.sums] for step in range(count)}
    return Places(tuple(accumulate(sizes, initial=0)), {number: place for place, number in enumerate(people)}, used, tuple(of_sum[number] for number in range(len(terms.sums))))


def fraction(value: Fraction) -> Cell:
    """A multiplier: a whole number, or a formula that shows the fraction."""
    return int(value) if value.denominator == 1 else Formula(f"{value.numerator}/{value.denominator}", value)


def term_lines(terms: Terms, places: Places) -> Iterator[list[Cell]]:
    """The sheet Terms."""
    for place, term in enumerate(terms.terms):
        cells: dict[str, Cell] = {
            "no": place + 1, "term": term.kpi.id, "period": term.period, "category": words_of(term.kpi, term.period, term.spot), "within": narrowed_words(term.within), "formula": formula(term.kpi), "unit": term.kpi.unit,
            "used": Link(KPIS.at("kpi", places.used[place]), f"No. {places.used[place] + 1}"),
        }  # fmt: skip
        if term.operands is None:
            first, count = term.sums
            cells |= {"value": Formula(f"SUM({SUMS.span('value', first, count)})", term.value), "sums": Link(SUMS.at("no", first), f"Sum {first + 1}" + (f" to {first + count}" if count > 1 else ""))}
        else:
            cells |= operand_cells(term, terms) | {"value": Formula(in_cells(term.kpi, *(TERMS.own(key, place) for key in ("first", "first_times", "second", "second_times"))), term.value)}
        yield [cells.get(column.key) for column in TERMS.columns]


def operand_cells(term: Term, terms: Terms) -> dict[str, Cell]:
    """The two operands of a formula, and what they are multiplied by."""
    first, second = term.operands or (0, 0)
    of_both = term.kpi.formula == "difference"
    return {
        "first": Formula(TERMS.at("value", first), terms.terms[first].value), "first_times": fraction(term.times[0]), "second": Formula(TERMS.at("value", second), terms.terms[second].value),
        "second_times": fraction(term.times[1]) if of_both else None,
    }  # fmt: skip


def narrowed_words(within: Within) -> str | None:
    """By which attributes of its category a term is narrowed; nothing where by all of them."""
    return None if within is None else ", ".join(within) or "none: of the whole"


def sum_lines(terms: Terms, places: Places, factors: Mapping[str, int]) -> Iterator[list[Cell]]:
    """The sheet Sums."""
    for number, item in enumerate(terms.sums):
        cells: dict[str, Cell] = {
            "no": number + 1, "term": Link(TERMS.at("no", places.terms[number]), item.kpi.id), "period": item.period, "measure": item.measure, "unit": item.unit, "term_unit": item.kpi.unit,
            "times": item.times.numerator, "over": item.times.denominator,
        }  # fmt: skip
        text = f"{SUMS.own('total', number)}*{SUMS.own('times', number)}/{SUMS.own('over', number)}"
        if item.choice is not None:
            place = factors[item.choice.factor.factor_id]
            cells |= {"factor": Formula(FACTORS.at("multiplier", place), item.choice.factor.multiplier), "factor_id": item.choice.factor.factor_id, "note": item.choice.why}
            text += f"/{SUMS.own('factor', number)}"
        if item.months is not None:
            cells["months"] = item.months
            text += f"/{SUMS.own('months', number)}"
        cells |= _total(number, item, places) | {"value": Formula(text, item.value)}
        yield [cells.get(column.key) for column in SUMS.columns]


def _total(number: int, item: Sum, places: Places) -> dict[str, Cell]:
    if not item.measure:
        return {"total": 0, "count": 0, "note": "Zero: what was counted or listed in the period has nothing of this category."}
    if item.of_people:
        place = places.counts[number]
        return {"total": Formula(COUNTS.at("count", place), item.total), "rows": Link(COUNTS.at("count", place), "Counts"), "note": "A count of people; its rows are not in this workbook."}
    first, count = places.blocks[number], len(item.amounts)
    by = "COUNT" if item.kpi.formula == "count" else "SUM"
    return {"count": count, "total": Formula(f"{by}({ROWS.span('quantity', first, count)})", item.total), "rows": Link(ROWS.at("amount_id", first), f"{ROWS.name} {first + FIRST} to {first + count + FIRST - 1}")}


def row_lines(terms: Terms, amounts: Amounts) -> Iterator[list[Cell]]:
    """The sheet Rows: the blocks of the sums in their order."""
    letter = AMOUNTS.at("quantity", 0).rstrip("0123456789")
    for number, item in enumerate(terms.sums):
        for step, name in enumerate(() if item.of_people else item.amounts):
            place = amounts.places[name]
            row = amounts.rows[place]
            back: Cell = Link(SUMS.at("rows", number), str(number + 1)) if step == 0 else number + 1
            yield [back, name, row["site_id"], row["month"], Formula(f"{letter}{place + FIRST}", row["quantity"]), row["unit"]]


def count_lines(terms: Terms, places: Places, basis: Basis) -> Iterator[list[Cell]]:
    """The sheet Counts: one row per measure of people of a term."""
    files = dict(basis.lineage.filter(pl.col("measure").is_in(list({terms.sums[number].measure for number in places.counts}))).select("amount_id", "record_id").iter_rows())
    for number in places.counts:
        item, term = terms.sums[number], terms.terms[places.terms[number]]
        records = sorted({files[name] for name in item.amounts} - {""})
        yield [
            Link(SUMS.at("total", number), f"Sum {number + 1}"), item.kpi.id, item.measure, item.period, words_of(term.kpi, term.period, term.spot), narrowed_words(term.within), item.total, item.unit, ", ".join(records),
        ]  # fmt: skip


def factor_lines(amounts: Amounts, basis: Basis) -> Iterator[list[Cell]]:
    """The sheet Factors."""
    library = basis.inputs.library
    known = {factor.factor_id: factor for factor in library.factors}
    for place, name in enumerate(amounts.factors):
        factor = known[name]
        unit = factor.multiplier / Fraction(factor.value) if factor.value else Fraction(1)
        source = library.sources[factor.source_id]
        text = f"{FACTORS.own('value', place)}*{FACTORS.own('times', place)}/{FACTORS.own('over', place)}"
        yield [
            name, factor.measure, factor.output, factor.gas, factor.value, factor.unit, unit.numerator, unit.denominator, Formula(text, factor.multiplier),
            f"{MEASURES[factor.output].unit}/{MEASURES[factor.measure].unit}", _in_full(factor, unit), factor.region, factor.method, factor.data_period, factor.published.isoformat(),
            ", ".join(part for part in (source["publisher"], source["title"], source["document"], factor.page) if part), factor.grade, factor.uncertainty, factor.parents, factor.note,
        ]  # fmt: skip


def _in_full(factor: Factor, unit: Fraction) -> str | None:
    told = [exactly(factor.value), *(exactly(Fraction(part)) for part in (unit.numerator, unit.denominator))]
    return "; ".join(text for text in told if text) or None


def use_lines(amounts: Amounts, terms: Terms, basis: Basis) -> list[list[Cell]]:
    """The sheet Factor_uses: those of the edition, and those that a term is divided by."""
    places = {name: place for place, name in enumerate(amounts.factors)}
    uses = basis.tables["factor_uses"].filter(pl.col("factor_id").is_in(amounts.factors)).sort("factor_id", "measure", "output", "gas", "region", "period", "rule")
    names = ("measure", "output", "gas", "region", "period", "rule", "data_period", "published", "why")
    lines: list[list[Cell]] = [[Link(FACTORS.at("value", places[row["factor_id"]]), row["factor_id"]), *(row[name] for name in names)] for row in uses.iter_rows(named=True)]
    divided = {(item.choice.factor.factor_id, item.kpi.id, item.period): item.choice for item in terms.sums if item.choice is not None}
    for (name, kpi, period), choice in sorted(divided.items()):
        factor = choice.factor
        lines.append([Link(FACTORS.at("value", places[name]), name), factor.measure, factor.output, factor.gas, factor.region, period, choice.rule, factor.data_period, factor.published.isoformat(), f"{kpi} is divided by it: {choice.why}"])
    return lines


def record_lines(amounts: Amounts) -> Iterator[list[Cell]]:
    """The sheet Records."""
    for place, row in enumerate(amounts.records.iter_rows(named=True)):
        unit = multiplier(row["received_unit"], row["unit"], DOMAIN_OF[row["measure"]])
        text = f"ROUND({RECORDS.own('quantity', place)}*{RECORDS.own('times', place)}/{RECORDS.own('over', place)},9)"
        yield [
            row["record_id"], row["path"], row["sheet"] or None, row["line"], row["column"], row["site_id"], _day(row["start"]), _day(row["end"]), row["measure"], row["received"], row["quantity"], row["received_unit"],
            unit.numerator, unit.denominator, Formula(text, row["canonical"]), row["unit"], exactly(row["quantity"]), row["sha256"],
        ]  # fmt: skip


def estimate_lines(amounts: Amounts) -> Iterator[list[Cell]]:
    """The sheet Estimates."""
    names = ("amount_id", "site_id", "measure", "meter_id", "month", "days", "method", "rule", "quantity", "unit", "basis")
    for row in amounts.estimates:
        yield [*(row[name] for name in names), exactly(row["quantity"])]


def claim_lines(amounts: Amounts) -> Iterator[list[Cell]]:
    """The sheet Claims."""
    names = ("record_id", "instrument", "instrument_kind", "market", "site_id", "period", "counts", "load")
    for row in amounts.claims:
        yield [*(row[name] for name in names), "kWh", row["path"], row["line"]]


def people_file_lines(terms: Terms, basis: Basis) -> list[list[Cell]]:
    """The sheet People_files: those that some count goes back to."""
    counted = {name for item in terms.sums if item.of_people for name in item.amounts}
    records = basis.lineage.filter(pl.col("amount_id").is_in(list(counted)))["record_id"].unique()
    rows = basis.tables["people_controls"].select("record_id", "path", "sheet", "sha256").unique().filter(pl.col("record_id").is_in(records.implode())).sort("path", "sheet", "sha256")
    return [[*row] for row in rows.iter_rows()]


def _day(day: Any) -> str | None:  # noqa: ANN401
    return day.isoformat() if day is not None else None

