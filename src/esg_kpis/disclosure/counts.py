"""The counts of people that figures rest on: which of them may be shown beside the figures, and which would give back a small group.

A rate that is shown tells less than the two counts that it is made of. Whoever shows these too, so that the rate can be computed again, shows more figures: each of them is one more
thing that a reader knows.
"""

from collections.abc import Iterator
from fractions import Fraction

import polars as pl

from esg_kpis.disclosure.knowledge import OF_PEOPLE, Cell, Figure, Group, Known, Spot, about_people, knowledge, spots
from esg_kpis.disclosure.suppress import hide, implied
from esg_kpis.domains.people import PERSONS_BEHIND
from esg_kpis.editions import Kpi
from esg_kpis.kpis import Inputs, Within, evaluate, narrowed

Term = tuple[Cell, str, str, Within, str]
"""The cell, the sum or count of its formula, that one's period, the attributes that narrow it, and a measure of people in it."""

_COUNT = "count"
"""Stands in place of a KPI where a figure is the count of a group."""


def withheld(values: pl.DataFrame, inputs: Inputs) -> set[Term]:
    """The counts that the cells of one edition rest on, and that must not stand beside them.

    Args:
        values: Its cells as they are shown, small groups left out.
        inputs: What they were made of.

    Returns:
        Terms of cells that are shown. A count of fewer than k persons is among them, and so is whatever would, beside all figures that are shown and all counts that may
        be, give back a group that is left out.
    """
    if not inputs.cube["measure"].is_in(OF_PEOPLE).any():
        return set()
    state = {(row["kpi_id"], row["period"], row["breakdown"], row["category"]): row["status"] for row in values.iter_rows(named=True)}
    known = knowledge(evaluate(inputs, inputs.edition.published), inputs)
    already = {cell: "left out" for cell in known.touching if state.get(cell) == "suppressed"}
    shown = {cell for cell in known.touching if cell not in already}
    terms = _terms(known, inputs, shown)
    told = {group for figure in known.figures if figure.cell in shown and figure.bottom is None and len(figure.top) == 1 for group in figure.top}
    asked = {group for groups in terms.values() for group in groups} - told
    cells = {group: _learn(known, group) for group in sorted(asked) if PERSONS_BEHIND.get(group.measure) is not None}
    hidden = hide(known, implied(known, inputs), inputs.edition, already, shown)
    small = {group for group, cell in cells.items() if cell in hidden}
    return {term for term, groups in terms.items() if groups & small}


def _terms(known: Known, inputs: Inputs, shown: set[Cell]) -> dict[Term, set[Group]]:
    """The groups that each measure of each term of the cells shown counts."""
    found: dict[Term, set[Group]] = {}
    for cell, kpi, spot in spots(inputs, known):
        if cell not in shown or not about_people(kpi, inputs.edition):
            continue
        for leaf, at, within in _leaves(kpi, spot, None):
            for amounts in leaf.amounts:
                for measure in OF_PEOPLE.intersection(amounts.measure):
                    group = at.group(measure, amounts.where, within)
                    if (behind := PERSONS_BEHIND.get(measure)) is not None:
                        at.group(behind, amounts.where, within)
                    found.setdefault((cell, leaf.id, at.period, within, measure), set()).add(group)
    return found


def _leaves(kpi: Kpi, spot: Spot, within: Within) -> Iterator[tuple[Kpi, Spot, Within]]:
    """The sums and counts that a KPI rests on here, those of the period before in a growth among them."""
    if kpi.formula in ("sum", "count"):
        yield kpi, spot, within
        return
    kpis = spot.inputs.edition.kpis
    for name, narrow in ((kpi.numerator, within), (kpi.denominator, narrowed(within, kpi))):
        if name is not None:
            yield from _leaves(kpis[name], spot, narrow)
    if kpi.formula == "growth" and kpi.numerator and (before := spot.before()) is not None:
        yield from _leaves(kpis[kpi.numerator], before, within)


def _learn(known: Known, group: Group) -> Cell:
    """Adds the count of a group to what a reader knows."""
    cell = (_COUNT, group.period, group.measure, repr(group.within))
    behind = PERSONS_BEHIND[group.measure]
    size = known.sizes[group]
    known.touching[cell] = {Group(behind or group.measure, group.period, group.within)}
    known.sums[cell] = {group} if behind != group.measure else set()
    known.figures.append(Figure(cell, {group: Fraction(1)}, size, size))
    return cell
