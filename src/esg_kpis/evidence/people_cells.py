"""Sums of people for a pack: what every shown KPI about people rests on, as far as telling it gives away no small group.

The sums that ratios rest on say more than the ratios. So the disclosure check is made again as if all of these sums were cells of the edition, in every period for which a pack may be made, beside the
cells that are shown: those stay, and of the sums as many are withheld as it takes. What one pack withholds, no pack of another period of the edition gives back.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import polars as pl

from esg_kpis.assurance.lineage import OF_PEOPLE, spread_of, terms_of
from esg_kpis.disclosure import suppressed
from esg_kpis.domains import MEASURES
from esg_kpis.editions import Breakdown, Edition, Kpi
from esg_kpis.editions.model import TOTAL, Disclosure
from esg_kpis.exact import PRODUCT_SCALE, rounded
from esg_kpis.kpis import Inputs, Told, Within, attributes_of, cut_of, evaluate, parts_of
from esg_kpis.kpis.cut import STEP, Total
from esg_kpis.tables import KPI_VALUES, PEOPLE_CELLS, PUBLISHED, conform, empty

WITHHELD = "it would tell of fewer persons than the edition shows"
BLOCKED = "it is blocked"
UNCLEAR = "two KPIs call different groups by its name"
_PEOPLE = frozenset(OF_PEOPLE)
_Cell = tuple[str, str, str, str]
_Term = tuple[str, str, str, str, Within]
"""Sum or count, its period, breakdown and category, and what of the category narrows it."""


@dataclass(frozen=True)
class _Sum:
    """One measure of one term: what it adds up to and how many amounts; `beside` is the KPI and category under which the disclosure check sees it."""

    measure: str
    quantity: Decimal | None
    amounts: int
    beside: tuple[str, str]


def people_cells(inputs: Inputs, values: pl.DataFrame, period: str) -> pl.DataFrame:
    """What the shown cells of one period rest on of people.

    Args:
        inputs: What the edition's KPIs are made of.
        values: Its cells in all periods, as they are shown.
        period: The period of the pack.

    Columns: as `people_cells` in the data dictionary.
    """
    shown = values.filter(pl.col("value").is_not_null())
    cells = [cell for cell in shown.select("kpi_id", "period", "breakdown", "category").iter_rows() if cell[0] in inputs.edition.kpis]
    terms = {cell: list(_terms_of(cell, inputs.edition)) for cell in cells}
    kpis: dict[str, Kpi] = {}
    sums = _sums({term: (leaf, spread) for found in terms.values() for term, leaf, spread in found}, inputs, kpis)
    if not sums:
        return empty(PEOPLE_CELLS)
    withheld, unclear = _withheld(sums, kpis, inputs, shown), _unclear(terms)
    rows = []
    for cell, found in terms.items():
        for term, leaf, _ in found if cell[1] == period else ():
            parts = sums[term]
            why = UNCLEAR if term in unclear else BLOCKED if any(part.quantity is None for part in parts) else WITHHELD if any((*part.beside, term[1]) in withheld for part in parts) else None
            for part in parts:
                told = (None, None) if why else (part.quantity, part.amounts if leaf.formula == "count" else None)
                rows.append((inputs.edition.id, *cell, term[0], term[1], within_in_words(term[4]), part.measure, told[0], MEASURES[part.measure].unit, told[1], why))
    return conform(pl.DataFrame(rows, schema=PEOPLE_CELLS.schema, orient="row"), PEOPLE_CELLS)


def _unclear(terms: Mapping[_Cell, Sequence[tuple[_Term, Kpi, Breakdown]]]) -> set[_Term]:
    """The terms that are asked for with other attributes under one breakdown and category: no name tells the two apart."""
    asked: dict[_Term, list[object]] = {}
    for found in terms.values():
        for term, _, spread in found:
            narrow = narrowed_to(spread, term[4])
            what = (narrow.each, narrow.categories.get(term[3]))
            if what not in asked.setdefault(term, []):
                asked[term].append(what)
    return {term for term, whats in asked.items() if len(whats) > 1}


def told_by(cells: pl.DataFrame, register: pl.DataFrame) -> Told:
    """Sums of people as a pack tells them, for `kpis.evaluate`, and the categories of its register: of what has a row that is not blocked something came."""
    sums: dict[_Term, list[tuple[str, Decimal, int]]] = {}
    for row in cells.filter(pl.col("withheld").is_null()).unique(["term", "term_period", "breakdown", "category", "within", "measure"], keep="first", maintain_order=True).iter_rows(named=True):
        within: Within = None if row["within"] == "*" else tuple(name for name in row["within"].split(";") if name)
        sums.setdefault((row["term"], row["term_period"], row["breakdown"], row["category"], within), []).append((row["measure"], row["quantity"], row["amounts"] or 0))
    of_what_came = register.filter(pl.col("status") != "blocked").select("period", "breakdown", "category").unique()
    categories: dict[tuple[str, str], frozenset[str]] = {(period, breakdown): frozenset(own["category"]) for (period, breakdown), own in of_what_came.partition_by("period", "breakdown", as_dict=True).items()}
    return Told(_PEOPLE, sums, categories)


def within_in_words(within: Within) -> str:
    """How a table writes which attributes narrow a term."""
    return "*" if within is None else ";".join(within)


def about_people(kpi: Kpi, edition: Edition) -> bool:
    """Whether a KPI rests on counts of people."""
    if kpi.formula in ("sum", "count"):
        return any(measure in _PEOPLE for amounts in kpi.amounts for measure in amounts.measure)
    return any(about_people(edition.kpis[name], edition) for name in (kpi.numerator, kpi.denominator) if name)


def _terms_of(cell: _Cell, edition: Edition) -> Iterator[tuple[_Term, Kpi, Breakdown]]:
    kpi_id, period, breakdown, category = cell
    kpi = edition.kpis[kpi_id]
    spread = spread_of(kpi, period, breakdown)
    if spread is None:
        return
    for term_period, (leaf, within) in terms_of(kpi, edition, period):
        if about_people(leaf, edition):
            yield (leaf.id, term_period, breakdown, category, within), leaf, spread


def _sums(asked: Mapping[_Term, tuple[Kpi, Breakdown]], inputs: Inputs, kpis: dict[str, Kpi]) -> dict[_Term, list[_Sum]]:
    """What each term adds up to by measure. `kpis` is filled with a KPI per sum, measure and breakdown as far as that narrows it, so that the disclosure check can look at them."""
    parts, found, names = {}, {}, dict[str, str]()
    for term, (leaf, spread) in asked.items():
        _, period, breakdown, category, within = term
        if (at := (period, breakdown, spread.periods)) not in parts:
            parts[at] = parts_of(spread, cut_of(inputs, period))
        totals = parts[at][category](leaf, within) if category in parts[at] else {}
        narrow = narrowed_to(spread, within)
        own = []
        for measure in sorted({name for amounts in leaf.amounts for name in amounts.measure if name in _PEOPLE}):
            total = totals.get(measure, Total())
            name = names.setdefault(f"{leaf.id} {measure} {narrow!r}", f"sum {len(names)} of {leaf.id}")
            kpis.setdefault(name, _only(leaf, measure, narrow, name))
            quantity = None if total.blocked or total.short else rounded(total.quantity * STEP, PRODUCT_SCALE)
            own.append(_Sum(measure, quantity, total.amounts, (name, category if narrow.each or category in narrow.categories else "All")))
        found[term] = own
    return found


def narrowed_to(spread: Breakdown, within: Within) -> Breakdown:
    """A breakdown with those of its attributes only that narrow a term."""
    if spread.each is not None:
        return spread if within is None or spread.each in within else TOTAL
    categories = {name: {part: where[part] for part in attributes_of(spread, name, within)} for name, where in spread.categories.items()}
    return spread.model_copy(update={"categories": categories}) if any(categories.values()) else TOTAL


def _only(leaf: Kpi, measure: str, narrow: Breakdown, name: str) -> Kpi:
    amounts = tuple(item.model_copy(update={"measure": (measure,)}) for item in leaf.amounts if measure in item.measure)
    return leaf.model_copy(update={"id": name, "amounts": amounts, "breakdowns": (narrow.model_copy(update={"periods": ()}),), "periods": (), "not_collected": (), "footing": None})


def _withheld(sums: Mapping[_Term, Sequence[_Sum]], kpis: Mapping[str, Kpi], inputs: Inputs, shown: pl.DataFrame) -> set[tuple[str, str, str]]:
    """Which sums would tell of too few persons: KPI as the check sees them, category, and period."""
    edition = inputs.edition
    asked = {(*part.beside, term[1]) for term, parts in sums.items() for part in parts}
    told = evaluate(replace(inputs, edition=replace(edition, defined=dict(kpis), targets=())), empty(PUBLISHED))
    told = told.join(pl.DataFrame(sorted(asked), schema=["kpi_id", "category", "period"], orient="row"), on=["kpi_id", "category", "period"], how="semi")
    own = shown.filter(pl.col("kpi_id").is_in(list(edition.kpis)))
    kept = tuple(Disclosure(kpi_id=kpi, periods=(period,), breakdown=spread, category=category, reason="shown", who="") for kpi, period, spread, category in own.select(KPI_VALUES.key[1:]).iter_rows())
    small = edition.rules.small_groups
    rules = edition.rules.model_copy(update={"small_groups": small.model_copy(update={"disclosure": (*small.disclosure, *kept)})})
    variant = replace(edition, rules=rules, defined={**edition.defined, **kpis})
    checked = suppressed(pl.concat([own, told]), replace(inputs, edition=variant))
    gone = checked.filter((pl.col("status") == "suppressed") & pl.col("kpi_id").is_in(list(kpis)))
    return set(gone.select("kpi_id", "category", "period").iter_rows())
