"""The working paper as tables: which sheets it has, which columns, and what stands in them. Written by `report.working_paper`, taken back by `taken_back`."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import polars as pl

from esg_kpis.exact import plain, printed, rounded
from esg_kpis.sampling.limits import reliability
from esg_kpis.sampling.omissions import LISTS
from esg_kpis.sampling.plan import in_words, planned_errors, tolerable_of
from esg_kpis.sampling.population import ESTIMATE, amounts_of, exact_text, population_digest, total_of
from esg_kpis.sampling.select import CERTAIN, NEGATIVE, SELECTABLE, ZERO, Drawn

PLAN, SAMPLE, OMISSIONS, POPULATION = "1 Plan", "2 Sample", "3 Omissions", "4 Population"
PLAN_HEADER, HEADER = 3, 4
"""Lines of the headers."""
PLAN_COLUMNS = ("key", "What", "Value", "Note")
SAMPLE_COLUMNS = {
    "no": "No", "item_id": "Item", "why": "Why selected", "book": "Book value", "exact": "Book value, exact", "unit": "Unit", "measure": "Measure", "site_id": "Site", "first": "From", "last": "To",
    "received": "As received", "received_unit": "Unit as received", "computed": "How the book value comes about", "path": "File", "sheet": "Sheet", "line": "Line", "sha256": "SHA-256 of the file",
}  # fmt: skip
ANSWERS = {"source": "Source reference", "audited": "Audited value", "difference": "Difference", "tainting": "Tainting", "conclusion": "Conclusion", "by": "By", "on": "Date"}
"""Columns of the sample that the assurer fills in; difference and tainting are formulas."""
OMISSION_COLUMNS = {"no": "No", "list": "List", "size": "In the list", "thing_id": "Thing", "what": "What ought to be in", "told": "What the run says", "path": "File", "sheet": "Sheet", "line": "Line", "sha256": "SHA-256 of the file"}
OMISSION_ANSWERS = {"source": "Source reference", "omitted": "Omitted (0 or 1)", "amount": "Amount omitted", "conclusion": "Conclusion", "by": "By", "on": "Date"}
POPULATION_COLUMNS = {
    "no": "No", "item_id": "Item", "part": "Part", "key": "Draw key", "book": "Book value", "cumulative": "Cumulative", "unit": "Selected unit", "chosen": "Chosen", "exact": "Book value, exact",
    "site_id": "Site", "measure": "Measure", "kind": "Site kind", "country": "Country", "first": "From", "last": "To", "path": "File", "sheet": "Sheet", "line": "Line",
}  # fmt: skip
CSV_PLAN, CSV_PAPER = "Plan", "Paper"
_PLANNED = {
    "edition": "Edition", "kpi_id": "KPI", "period": "Period", "breakdown": "Breakdown", "category": "Category", "method": "Method, in a word", "materiality": "Materiality, % of the value",
    "confidence": "Confidence, %", "expected": "Expected misstatement, %", "seed": "Seed", "size": "Size asked for; 0: by formula", "strata": "Strata by", "allocation": "Allocation to strata",
    "projection": "Projection of items", "omission_rate": "Tolerable rate of omissions, %",
}  # fmt: skip
KEY_DIGITS = 16
"""How many digits of a draw key are shown: enough to sort by."""


@dataclass(frozen=True)
class About:
    """What the edition and the run say of the cell."""

    label: str
    text: str
    formula: str
    document: str
    unit: str
    decimals: int
    printed: str
    status: str
    run: str


def paper_digest(drawn: Drawn, omissions: pl.DataFrame) -> str:
    """The SHA-256 of what a paper was drawn by and of what was drawn: plan, population, and each item and thing, as JSON with sorted keys."""
    said = {
        "plan": drawn.plan.as_texts(), "population": population_digest(drawn.population, drawn.plan.strata), "sample": [list(row) for row in drawn.sample.select("item_id", "exact").sort("item_id").iter_rows()],
        "omissions": [list(row) for row in omissions.select("list", "thing_id", "size").sort("list", "thing_id").iter_rows()],
    }  # fmt: skip
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def plan_lines(drawn: Drawn, omissions: pl.DataFrame, about: About) -> list[tuple[str, str, str, str]]:
    """The first sheet: key, what, value, note. The keys that `taken_back` reads are those of the plan, `population` and `paper`."""
    plan, unit = drawn.plan, about.unit
    rows = [
        ("", "Purpose", f"Test of {about.label}", "Whether the value is overstated by more than is material; and, by the third sheet, whether what ought to be in it is."),
        ("", "Definition", about.text, about.formula),
        ("", "Document", about.document, ""),
        ("", "Value as printed", about.printed, f"{unit}; {about.status}"),
        ("", "Value, unrounded", plain(rounded(drawn.value)), f"{unit}, 18 decimals"),
        ("", "Population", counted(drawn.population.height, "item"), "One item is what one record contributes to the value; an estimate, which no record is behind, is an item of its own."),
        ("", "Control total", exact_text(drawn.value), f"{unit}. The items add up to the value to the last digit: difference 0."),
        *_part_lines(drawn, unit),
        *((name, _PLANNED[name], value, "") for name, value in plan.as_texts().items()),
        ("", "Method", in_words(plan, drawn.interval), ""),
        ("", "Tolerable misstatement", exact_text(tolerable_of(plan, drawn.value)), f"{unit}: {plan.materiality} % of the value; {printed(tolerable_of(plan, drawn.value), 1)} in short"),
        *(_monetary_lines(drawn, unit) if drawn.interval is not None else _item_lines()),
        *((("", f"Omissions: {name}", f"{_taken(omissions, name)}", text) for name, text in LISTS.items()) if omissions.height else ()),
        ("", "What this cannot find", "What is not in the records", "A sample of records finds what is overstated. What was left out is looked for from the registers, on the third sheet. This is our method, applied to the unit of the KPI; no standard prescribes it."),
        ("", "How to fill in", "Yellow columns", "Audited value: in the unit of the item, as 1234.56 without thousands separators; where it agrees, =D5 or the book value. A blank is no zero. Leave the other columns and the order of sheets as they are; rows may be sorted."),
        ("run", "Run", about.run, "key of the results that this was drawn from"),
        ("population", "Digest of the population", population_digest(drawn.population, plan.strata), "SHA-256 of a line ITEM,EXACT,STRATUM for each item, sorted by item; the stratum is empty unless stratified"),
        ("paper", "Digest of this paper", paper_digest(drawn, omissions), "SHA-256 of plan, population, sample and omissions"),
        ("", "Prepared by, date", "", ""),
        ("", "Reviewed by, date", "", ""),
    ]  # fmt: skip
    return [(key, what, value, note) for key, what, value, note in rows]


_TREATED = {
    CERTAIN: "at or above the interval: all taken",
    NEGATIVE: "below zero, such as credit notes: no unit can be counted in them, so all are taken, and nothing is projected from them",
    SELECTABLE: "below the interval: those in which a selected unit lies",
    ZERO: "nothing in them can be overstated; records that count as zero are drawn from on the third sheet",
}


def _part_lines(drawn: Drawn, unit: str) -> list[tuple[str, str, str, str]]:
    totals = {part: exact_text(total_of(amounts_of(rows))) for (part,), rows in drawn.population.group_by("part", maintain_order=True)}
    lines = [("", f"Part: {part or 'all'}", f"{taken} of {counted(items, 'item')}", f"{totals[part]} {unit}" + (f"; {_TREATED[part]}" if drawn.interval is not None else "")) for part, (items, taken) in drawn.sizes.items()]
    estimated = drawn.population.filter(pl.col("item_id").str.starts_with(ESTIMATE))
    return [*lines, ("", "Of them estimates", counted(estimated.height, "item"), f"{exact_text(total_of(amounts_of(estimated)))} {unit}; no record is behind them, and the method stands in place of the source")]


def _monetary_lines(drawn: Drawn, unit: str) -> list[tuple[str, str, str, str]]:
    plan, errors = drawn.plan, planned_errors(drawn.plan)
    interval, start = drawn.interval, drawn.start
    assert interval is not None
    assert start is not None
    amounts = amounts_of(drawn.population)
    most = -(-total_of(amount for amount in amounts if amount > 0) // Fraction(interval)) + sum(1 for amount in amounts if amount < 0)
    return [
        ("", "Planned errors", str(errors), "whole errors the plan allows for: the least k with expected misstatement x R(k) <= k x tolerable misstatement"),
        ("", "Reliability factor", plain(reliability(errors, plan.level)), f"R({errors}) at {plan.confidence} %: exp(-R) x (1 + R + ... + R^k/k!) = 1 - confidence"),
        ("", "Sampling interval", plain(interval), f"{unit}: tolerable misstatement / R, rounded down to 12 digits; {printed(Fraction(interval), 1)} in short; at most {counted(int(most), 'item')}"),
        ("", "Random start", plain(start), f"(h + 1) / 2^32 of the interval, rounded up to its decimals; h: the first 8 hexadecimal digits of SHA-256 of '{plan.seed}:start'"),
        ("", "To draw again", "1. The order", f"Key of an item: SHA-256 of '{plan.seed}:order:ITEM'. The fourth sheet is sorted by it; its first {KEY_DIGITS} digits are shown. An example: printf '%s' '{plan.seed}:order:ITEM' | sha256sum"),
        ("", "", "2. The pointer", "Add up the selectable items in this order. The pointer stands at the random start. The first item whose cumulative total reaches it is taken; then the pointer moves by one interval, and so on."),
        ("", "Evaluation", "Upper limit of misstatement", f"known + R(0) x I + sum of t x I + sum of (R(k) - R(k-1) - 1) x t(k) x I, taintings t the largest first, I the interval, at {plan.confidence} %; each direction by itself"),
    ]  # fmt: skip


def _item_lines() -> list[tuple[str, str, str, str]]:
    return [
        ("", "To draw again", "By keys", "Key of an item: SHA-256 of 'SEED:item:ITEM'. Within each part the items with the smallest keys are taken; the fourth sheet is in this order."),
        ("", "Evaluation", "Upper limit of misstatement", "the estimate and Student's t times its standard error; with fewer than 20 differences, the limit of counting where that is larger. docs/sampling.md has the formulas"),
    ]  # fmt: skip


def _taken(omissions: pl.DataFrame, name: str) -> str:
    rows = omissions.filter(pl.col("list") == name)
    return f"{rows['taken'][0]} of {rows['size'][0]}" if rows.height else "none in the list"


def sample_rows(drawn: Drawn, unit: str) -> list[dict[str, object]]:
    """The second sheet, in its columns; `book` is a number."""
    return [{**row, "no": number, "unit": unit, "book": Fraction(row["exact"])} for number, row in enumerate(drawn.sample.iter_rows(named=True), 1)]


def population_rows(drawn: Drawn) -> list[dict[str, object]]:
    """The fourth sheet, in its columns; `book` and `cumulative` are numbers."""
    found = []
    for number, row in enumerate(drawn.population.iter_rows(named=True), 1):
        pointer = {name: Fraction(row[name]) if row[name] else "" for name in ("cumulative", "unit")}
        found.append({**row, **pointer, "no": number, "book": Fraction(row["exact"]), "key": row["key"][:KEY_DIGITS], "chosen": "x" if row["chosen"] else ""})
    return found


def omission_rows(omissions: pl.DataFrame) -> list[dict[str, object]]:
    """The third sheet, in its columns."""
    return [{**row, "no": number} for number, row in enumerate(omissions.iter_rows(named=True), 1)]


def counted(number: int, noun: str) -> str:
    """A number of things in words: 1 item, 2 items."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def headed(columns: Sequence[str], rows: list[dict[str, object]]) -> list[list[object]]:
    """Rows as lists in the order of some columns."""
    return [[row.get(name, "") for name in columns] for row in rows]
