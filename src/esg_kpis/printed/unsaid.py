"""Checks that need no definition: what a table itself says of its figures. Careful: where it may be read otherwise, nothing is checked."""

import re
from collections.abc import Iterator
from fractions import Fraction

from esg_kpis.printed.figures import TOTAL, Cell, Figures
from esg_kpis.printed.intervals import Interval
from esg_kpis.printed.means import Between, Shares
from esg_kpis.printed.relations import Relation
from esg_kpis.printed.sums import Sum, Term

BASIS = "the table itself"
MEANS = re.compile(r"(?:^|_|\b)(avg|average|mean|median|per|rate|intensity|ratio|pct|percent|percentage)(?:_|\b|$)", re.IGNORECASE)
"""Words in the id of a KPI for what does not add up over its categories."""
PARTED = re.compile(r"(?:^|_|\b)(share|by|proportion|composition|mix|split|structure|breakdown)(?:_|\b|$)", re.IGNORECASE)
"""Words for what does."""
NEAR, FAR = Fraction(1), Fraction(15)
"""How far from 100 shares may add up and still be read as shares: of any name, and where the id says that it parts something."""


def unsaid(figures: Figures, known: frozenset[tuple[str, str, str]]) -> Iterator[Relation]:
    """What must hold in any table.

    Args:
        figures: All figures.
        known: Document, KPI and breakdown of which definitions speak; they say it better.
    """
    yield from _twice(figures)
    kinds: dict[tuple[str, str, str], list[tuple[str, list[Cell]]]] = {}
    for (document, kpi_id, period, breakdown), cells in figures.groups.items():
        if breakdown != TOTAL[0] and (document, kpi_id, breakdown) not in known:
            kinds.setdefault((document, kpi_id, breakdown), []).append((period, cells))
    for (document, kpi_id, breakdown), groups in kinds.items():
        for check, period, name, rule in (*_shares(figures, document, kpi_id, breakdown, groups), *_totals(figures, document, kpi_id, groups)):
            yield Relation(check, f"{kpi_id}/{breakdown}{name}", document, period, rule, BASIS)


def _twice(figures: Figures) -> Iterator[Relation]:
    for cell in figures.by_cell:
        if cell.copy:
            first = cell._replace(copy=0)
            own, other = figures.by_cell[cell], figures.by_cell[first]
            if own.unit == other.unit:
                places = " and ".join(dict.fromkeys(place or "no table named" for place in (other.table, own.table)))
                yield Relation("same_fact", first.name, cell.document, cell.period, Sum((Term(first),), (Term(cell),)), BASIS, f"Printed twice: {places}.")


Groups = list[tuple[str, list[Cell]]]


def _shares(figures: Figures, document: str, kpi_id: str, breakdown: str, groups: Groups) -> Iterator[tuple[str, str, str, Shares]]:
    """Percentages of one breakdown that look like shares of a whole: no headline other than 100 %, and a sum that is 100 in other periods, or near it."""
    parted: list[tuple[str, str, tuple[Cell, ...], Fraction, bool]] = []
    for period, cells in groups:
        prints = [figures.by_cell[cell] for cell in cells]
        if any(figure.unit != "%" or not 0 <= figure.value <= 100 for figure in prints) or not _no_headline(figures, document, kpi_id, period):
            continue
        for name, members in _within(figures, cells).items():
            total = sum((figures.by_cell[cell].value for cell in members), Fraction(0))
            if len(members) > 1:
                parted.append((period, name, members, total, not Shares(members).judge(figures.by_cell).failed))
    add_up = sum(fits for *_, fits in parted)
    rate = MEANS.search(kpi_id) and not PARTED.search(kpi_id)
    reach = Fraction(0) if rate else FAR if PARTED.search(kpi_id) else NEAR
    for period, name, members, total, fits in parted:
        learned = add_up - fits >= 1 and add_up * 2 >= len(parted)
        if fits or learned or (abs(total - 100) <= reach and (reach == FAR or len(members) > 2)):
            yield "shares", period, name, Shares(members)


def _within(figures: Figures, cells: list[Cell]) -> dict[str, tuple[Cell, ...]]:
    """All categories; or those of each first part of a composite one, where these add up to 100 rather than all."""
    whole = {"": tuple(cells)}
    if not all("|" in cell.category for cell in cells):
        return whole
    groups: dict[str, tuple[Cell, ...]] = {}
    for cell in cells:
        name = cell.category.partition("|")[0]
        groups[f" ({name})"] = (*groups.get(f" ({name})", ()), cell)
    total = sum((figures.by_cell[cell].value for cell in cells), Fraction(0))
    return groups if abs(total - 100 * len(groups)) < abs(total - 100) else whole


def _no_headline(figures: Figures, document: str, kpi_id: str, period: str) -> bool:
    total = figures.by_cell.get(Cell(document, kpi_id, period))
    return total is None or (total.unit == "%" and total.value == 100)


def _totals(figures: Figures, document: str, kpi_id: str, groups: Groups) -> Iterator[tuple[str, str, str, Sum | Between]]:
    """Categories beside a printed total: parts of it, or values of which it is a mean, whichever they are in every other period too."""
    seen = []
    for period, cells in groups:
        headline = Cell(document, kpi_id, period)
        if headline in figures.by_cell and all(figures.by_cell[cell].unit == figures.by_cell[headline].unit for cell in cells):
            terms = tuple(Term(cell) for cell in cells)
            seen.append((period, headline, cells, Sum(terms, (Term(headline),))))
    mean = bool(MEANS.search(kpi_id)) or any(figures.by_cell[headline].unit == "%" or "/" in figures.by_cell[headline].unit for _, headline, _, _ in seen)
    adding = [len(cells) > 1 and not rule.judge(figures.by_cell).failed for _, _, cells, rule in seen]
    for (period, headline, cells, rule), adds in zip(seen, adding, strict=True):
        others = sum(adding) - adds
        if mean:
            if len(cells) > 1 and not (figures.by_cell[headline].unit == "%" and figures.by_cell[headline].value == 100):
                yield "weighted_mean", period, "", Between(headline, tuple(cells))
        elif adds or (others and (others * 2 >= len(seen) - 1)):
            yield "adds_up", period, "", rule
        elif _at_most_one_above(figures, headline, cells):
            for cell in cells:
                yield "part_of_whole", period, f"/{cell.category}", Sum((Term(cell),), (Term(headline),), at_most=True)


def _at_most_one_above(figures: Figures, headline: Cell, cells: list[Cell]) -> bool:
    """Values of a mean lie on both sides of it; of parts at most one, misprinted, lies above the whole, and the others together below it."""
    most = figures.by_cell[headline].value
    above = [cell for cell in cells if figures.by_cell[cell].value > most]
    rest = sum((figures.by_cell[cell].value for cell in cells if cell not in above), Fraction(0))
    return not above or (len(above) == 1 and len(cells) > 2 and rest <= most)


def out_of_range(figures: Figures) -> Iterator[tuple[Cell, str]]:
    """Shares outside 0 to 100 %: a part below nothing, or above its whole. Growth and changes have other names; rates are let be."""
    limits = Interval(Fraction(0), Fraction(100))
    for cell, figure in figures.by_cell.items():
        if figure.unit == "%" and PARTED.search(cell.kpi_id) and not re.search(r"growth|change|increase|decrease|reduction", cell.kpi_id) and not figure.interval.may_equal(limits):
            yield cell, figure.text
