"""What a KPI adds up where sums of people were told, and their amounts are not there."""

from fractions import Fraction
from functools import partial

from esg_kpis.editions import Breakdown, Kpi
from esg_kpis.kpis.cube import NOT_TOLD, Inputs, Told
from esg_kpis.kpis.cut import STEP, Total, Totals, cut_of
from esg_kpis.kpis.selection import Part, Within, parts_of


def parts_with(inputs: Inputs, breakdown: Breakdown, period: str) -> dict[str, Part]:
    """The part of each category of a breakdown in a period, as `parts_of`; of the measures that were told, as they were told."""
    told = inputs.told
    if told is None:
        return parts_of(breakdown, cut_of(inputs, period))
    named = _named(told, breakdown, period)
    return {category: partial(_told, told=told, own=part, at=(period, breakdown.name, category)) for category, part in parts_of(breakdown, cut_of(inputs, period), named).items()}


def unseen_in(inputs: Inputs, breakdown: Breakdown, period: str) -> frozenset[str]:
    """The categories of a breakdown in a period of which nothing came, and of which something that is blocked may be."""
    unseen = cut_of(inputs, period).unseen(breakdown.each) if breakdown.each else frozenset[str]()
    return unseen - _named(inputs.told, breakdown, period) if inputs.told else unseen


def _named(told: Told, breakdown: Breakdown, period: str) -> frozenset[str]:
    if not breakdown.each:
        return frozenset()
    return told.categories.get((period, breakdown.name), frozenset()) | {category for _, when, name, category, _ in told.sums if (when, name) == (period, breakdown.name)}


def _told(kpi: Kpi, within: Within, told: Told, own: Part, at: tuple[str, str, str]) -> Totals:
    asked = {measure for amounts in kpi.amounts for measure in amounts.measure}
    if told.measures.isdisjoint(asked):
        return own(kpi, within)
    sums = told.sums.get((kpi.id, *at, within))
    if sums is None:
        totals = {min(asked & told.measures): Total(blocked=frozenset((NOT_TOLD,)))}
    else:
        steps = [(measure, int(Fraction(quantity) / STEP), amounts) for measure, quantity, amounts in sums]
        totals = {measure: Total(quantity, 0, abs(quantity), amounts) for measure, quantity, amounts in steps}
    return totals if told.measures.issuperset(asked) else {**own(kpi, within), **totals}
