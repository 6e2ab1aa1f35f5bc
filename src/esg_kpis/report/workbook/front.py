"""What stands in front: the figures, the assurer's lead sheet, targets, and the lists of what is no formula and of what may round the other way."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from esg_kpis.editions import Edition
from esg_kpis.editions.targets import OF_BASE
from esg_kpis.exact import plain, rounded
from esg_kpis.report.shown import Shown, words_of_formula
from esg_kpis.report.terms import Spot, Term, Terms, in_cells
from esg_kpis.report.workbook.basis import Basis
from esg_kpis.report.workbook.lines import operand_cells
from esg_kpis.report.workbook.page import Cell, Formula, Link
from esg_kpis.report.workbook.sheets import KPIS, LEAD, TARGETS, TERMS
from esg_kpis.units import multiplier

Labels = Mapping[tuple[str, str, str], Mapping[str, Any]]
_OPERANDS = ("first", "first_times", "second", "second_times")


def labels_of(basis: Basis) -> Labels:
    """The labels of an edition, by KPI, breakdown and category."""
    return {(row["kpi_id"], row["breakdown"], row["category"]): row for row in basis.tables["kpi_labels"].iter_rows(named=True)}


def used_terms(shown: Sequence[Shown], terms: Terms) -> dict[int, int]:
    """Each term with the first figure that rests on it."""
    used: dict[int, int] = {}
    place_of = {id(term): place for place, term in enumerate(terms.terms)}

    def walk(place: int, figure: int) -> None:
        used.setdefault(place, figure)
        for operand in terms.terms[place].operands or ():
            walk(operand, figure)

    for figure, item in enumerate(shown):
        if item.term is not None:  # A formula of two terms, or a sum or count that is itself one.
            for place in item.term.operands or (place_of[id(item.term)],):
                walk(place, figure)
    return used


def kpi_lines(shown: Sequence[Shown], terms: Terms, basis: Basis) -> Iterator[tuple[list[Cell], int]]:
    """The sheet KPIs, each row with its decimals."""
    edition, labels = basis.inputs.edition, labels_of(basis)
    ties = {(row["kpi_id"], row["period"], row["breakdown"], row["category"]): row for row in basis.tables["tie_out"].iter_rows(named=True)}
    targets = {item.spot: place for place, item in enumerate(_targets(shown))}
    place_of = {id(term): place for place, term in enumerate(terms.terms)}
    for place, item in enumerate(shown):
        row = item.row
        cells = _told(item, labels, edition) | {"no": place + 1, "kpi": row["kpi_id"], "decimals": row["decimals"], "status": row["status"].replace("_", " "), "reason": row["reason"], "unit": row["unit"]}
        cells |= _unrounded(item, place, terms, place_of, targets)
        if item.value is not None:
            cells["printed"] = Formula(f"ROUND({KPIS.own('unrounded', place)},{KPIS.own('decimals', place)})", Decimal(row["printed"]))
        cells |= _tie(ties.get(item.spot), item, place)
        yield [cells.get(column.key) for column in KPIS.columns], row["decimals"]


def _told(item: Shown, labels: Labels, edition: Edition) -> dict[str, Cell]:
    """What words say of a figure."""
    row, kpi = item.row, edition.kpis.get(item.row["kpi_id"])
    label = labels.get((row["kpi_id"], row["breakdown"], row["category"]), {})
    category = None if row["breakdown"] == "total" else f"{row['breakdown']}: {row['category']}"
    words = words_of_formula(item, edition) + ("; the counts behind it are withheld, since they would give back a small group" if item.withheld else "")
    told: dict[str, Cell] = {"period": row["period"], "category": category, "formula": words, "label": label.get("label_en"), "label_zh": label.get("label_zh")}
    if kpi is not None:
        codes = {name: code or None for name, code in kpi.codes.items()}
        return told | {"label": label.get("label_en") or kpi.label, "text": kpi.text, "source": kpi.source, **codes}
    target = item.target
    return told if target is None else told | {"label": label.get("label_en") or target.label, "label_zh": label.get("label_zh") or target.label_zh, "text": target.text, "source": target.source}


def _unrounded(item: Shown, place: int, terms: Terms, place_of: Mapping[int, int], targets: Mapping[Spot, int]) -> dict[str, Cell]:
    """The unrounded figure: over terms, over targets, or an input where its counts are withheld."""
    if item.value is None:
        return {}
    if item.target is not None:
        at = targets[item.spot]
        return {"unrounded": Formula(TARGETS.at("value", at), item.value), "kpi": Link(TARGETS.at("value", at), item.row["kpi_id"])}
    if item.term is None:
        return {"unrounded": item.value}
    term = item.term
    if term.operands is None:
        at = place_of[id(term)]
        first = {"first": Formula(TERMS.at("value", at), term.value), "unrounded": Formula(KPIS.own("first", place), term.value)}
        return {**first, "kpi": Link(TERMS.at("value", at), term.kpi.id)}
    text = in_cells(term.kpi, *(KPIS.own(key, place) for key in _OPERANDS))
    return operand_cells(term, terms) | {"unrounded": Formula(text, term.value), "kpi": Link(TERMS.at("value", term.operands[0]), term.kpi.id)}


def _tie(tie: Mapping[str, Any] | None, item: Shown, place: int) -> dict[str, Cell]:
    """What was printed, and the difference."""
    if tie is None:
        return {}
    cells: dict[str, Cell] = {"verdict": tie["verdict"].replace("_", " "), "explanation": tie["explanation"], "published": tie["published"]}
    try:
        published = Decimal(tie["published"] or "")
    except InvalidOperation:
        return cells
    if not published.is_finite():
        return cells
    cells["published"] = published
    if item.value is not None:
        text = f"ROUND({KPIS.own('printed', place)}-{KPIS.own('published', place)},{KPIS.own('decimals', place)})"
        cells["difference"] = Formula(text, Decimal(item.row["printed"]) - published)
    return cells


def lead_lines(shown: Sequence[Shown], terms: Terms, basis: Basis) -> Iterator[tuple[list[Cell], int]]:
    """The lead sheet, each row with its decimals. A figure without a number says why in place of it."""
    labels = labels_of(basis)
    for place, item in enumerate(shown):
        told = _told(item, labels, basis.inputs.edition)
        value: Cell = Formula(KPIS.at("printed", place), Decimal(item.row["printed"])) if item.value is not None else item.row["status"].replace("_", " ")
        recomputed, printed = LEAD.own("recomputed", place), LEAD.own("printed", place)
        cells: dict[str, Cell] = {
            "no": Link(KPIS.at("kpi", place), str(place + 1)), "kpi": item.row["kpi_id"], "label": told.get("label"), "period": item.row["period"], "category": told.get("category"), "unit": item.row["unit"], "printed": value,
            "population": _population(item.term, terms), "difference": Formula(f'IF(ISNUMBER({recomputed}),{recomputed}-{printed},"")', "") if item.value is not None else None,
            **dict.fromkeys(("sample", "recomputed", "conclusion", "by", "date"), ""),
        }  # fmt: skip
        yield [cells.get(column.key) for column in LEAD.columns], item.row["decimals"]


def _population(term: Term | None, terms: Terms) -> int | None:
    """How many different amounts stand behind a figure; those of people are not told."""
    if term is None:
        return None
    names: set[str] = set()
    left = [term]
    while left:
        one = left.pop()
        left += [terms.terms[place] for place in one.operands or ()]
        first, count = one.sums
        names |= {name for item in terms.sums[first : first + count] if not item.of_people for name in item.amounts}
    return len(names) or None


def _targets(shown: Sequence[Shown]) -> list[Shown]:
    return [item for item in shown if item.target is not None and item.value is not None]


def target_lines(shown: Sequence[Shown], edition: Edition) -> Iterator[list[Cell]]:
    """The sheet Targets: each target that was printed, as set, or as far as it is."""
    places = {item.spot: place for place, item in enumerate(shown)}
    periods = {period.last.year: period.id for period in edition.periods.values()}
    for place, item in enumerate(_targets(shown)):
        target, step = item.target, item.step
        if target is None:
            continue
        cells: dict[str, Cell] = {"target": target.id, "text": target.text, "kind": target.kind, "set": target.value, "unit": target.unit, "value_unit": item.row["unit"]}
        if step is None:
            yield [(cells | {"value": Formula(TARGETS.own("set", place), item.value)}).get(column.key) for column in TARGETS.columns]
            continue
        kpi = edition.kpis[target.kpi or ""]
        base, goal, actual, set_ = (TARGETS.own(key, place) for key in ("base", "goal", "actual", "set"))
        if target.base is not None:
            cells["base"] = Formula(KPIS.at("unrounded", places[kpi.id, periods[target.base], *target.spot]), step.base)
        years = range(target.first or step.period.last.year, step.period.last.year + 1) if target.kind == "cumulative" else (step.period.last.year,)
        cells["actual"] = Formula("+".join(KPIS.at("unrounded", places[kpi.id, periods[year], *target.spot]) for year in years), step.actual)
        if target.kind in OF_BASE:
            cells["goal"] = Formula(f"{base}*{set_}/100" if target.kind == "remaining" else f"{base}*(1-{set_}/100)", step.goal)
        else:
            unit = multiplier(target.unit, kpi.unit)
            cells["goal"] = Formula(f"{set_}*{unit.numerator}/{unit.denominator}", step.goal)
        text = f"100*{actual}/{goal}" if target.kind == "cumulative" else f"100*({base}-{actual})/({base}-{goal})"
        yield [(cells | {"value": Formula(text, item.value)}).get(column.key) for column in TARGETS.columns]


def halfway_lines(shown: Sequence[Shown]) -> Iterator[list[Cell]]:
    """The figures that lie so near a tie that a spreadsheet may print them otherwise."""
    for place, item in enumerate(shown):
        if item.halfway and item.value is not None:
            row = item.row
            category = None if row["breakdown"] == "total" else f"{row['breakdown']}: {row['category']}"
            exact = plain(rounded(item.value)) + ("" if item.value == rounded(item.value) else " …")
            yield [Link(KPIS.at("printed", place), str(place + 1)), row["kpi_id"], row["period"], category, exact, row["decimals"], row["printed"], Formula(KPIS.at("printed", place), Decimal(row["printed"]))]


