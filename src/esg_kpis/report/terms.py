"""From figures to sums: which terms each formula rests on, evaluated once more in fractions, so that neither workbook nor explorer shows a formula that does not give the figure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import polars as pl

from esg_kpis.assurance.lineage import OF_PEOPLE, spread_of
from esg_kpis.editions import Kpi, amount_unit
from esg_kpis.errors import FactorProblem
from esg_kpis.exact import sums
from esg_kpis.factors import Choice
from esg_kpis.kpis import Inputs, Within, divisor, narrowed, period_before
from esg_kpis.units import multiplier

CELL = ("kpi_id", "period", "breakdown", "category")
Spot = tuple[str, str, str, str]
TERM = (*CELL, "term", "term_period", "within")
ONE = Fraction(1)


@dataclass(frozen=True)
class Sum:
    """One measure of one term: its amounts, what they add up to, and how that becomes a part of the term. `measure` is empty where nothing is added up."""

    kpi: Kpi
    period: str
    measure: str
    amounts: tuple[str, ...] = ()
    total: Fraction = Fraction(0)
    unit: str = ""
    times: Fraction = ONE
    choice: Choice | None = None
    months: int | None = None

    @property
    def of_people(self) -> bool:
        """Whether it is a count of people, of which only the total may be seen."""
        return self.measure in OF_PEOPLE

    @property
    def value(self) -> Fraction:
        """The part of the term."""
        return self.total * self.times / (self.choice.factor.multiplier if self.choice else 1) / (self.months or 1)


@dataclass(frozen=True)
class Term:
    """A sum or count, made of `sums` (first, how many); or a formula inside a formula, made of two other terms. `spot` is where it was met first."""

    kpi: Kpi
    period: str
    within: Within
    spot: Spot
    value: Fraction
    sums: tuple[int, int] = (0, 0)
    operands: tuple[int, int] | None = None
    times: tuple[Fraction, Fraction] = (ONE, ONE)


@dataclass
class Terms:
    """All terms and sums of a workbook or of an edition, each once, however many figures rest on it. `found` leads from what a term is made of to its place."""

    terms: list[Term] = field(default_factory=list)
    sums: list[Sum] = field(default_factory=list)
    found: dict[object, int] = field(default_factory=dict)

    def put(self, key: object, term: Term) -> int:
        """The place of a term; it is added where it is new."""
        if key not in self.found:
            self.found[key] = len(self.terms)
            self.terms.append(term)
        return self.found[key]


@dataclass(frozen=True)
class Added:
    """What one term of one figure adds up of one measure."""

    measure: str
    amounts: tuple[str, ...]
    total: Fraction
    unit: str


def added_up(lineage: pl.DataFrame) -> dict[tuple[str, ...], list[Added]]:
    """What each term of each figure adds up, by `CELL`, term, its period, and what narrows it."""
    keys = [*TERM, "measure", "unit"]
    totals = sums(lineage, keys, "quantity")
    ordered = lineage.sort([*keys, pl.col("site_id").fill_null(""), pl.col("month").fill_null(""), "amount_id"])
    lists = ordered.group_by(keys, maintain_order=True).agg("amount_id")
    found: dict[tuple[str, ...], list[Added]] = {}
    for row in lists.join(totals, on=keys, maintain_order="left").iter_rows(named=True):
        key = tuple(row[name] for name in TERM)
        found.setdefault(key, []).append(Added(row["measure"], tuple(row["amount_id"]), Fraction(row["quantity"] or 0), row["unit"]))
    return found


def term_of(row: Mapping[str, Any], inputs: Inputs, added: Mapping[tuple[str, ...], Sequence[Added]], terms: Terms) -> Term:
    """The formula of a figure over terms, which are added to `terms`. What it returns is itself no term, unless it is a sum or count.

    Args:
        row: A row of `kpi_values` with a value.
        inputs: What the KPIs of the edition are made of.
        added: What each term adds up.
        terms: Where to put them.
    """
    spot = (row["kpi_id"], row["period"], row["breakdown"], row["category"])
    return _node(inputs.edition.kpis[row["kpi_id"]], row["period"], None, spot, _Walk(inputs, added, terms))


@dataclass(frozen=True)
class _Walk:
    inputs: Inputs
    added: Mapping[tuple[str, ...], Sequence[Added]]
    terms: Terms


def _node(kpi: Kpi, period: str, within: Within, spot: Spot, walk: _Walk) -> Term:
    if kpi.formula in ("sum", "count"):
        return walk.terms.terms[_leaf(kpi, period, within, spot, walk)]
    edition = walk.inputs.edition
    top = edition.kpis[kpi.numerator or ""]
    first = _place(top, period, within, spot, walk)
    if kpi.formula == "growth":
        before = period_before(edition, edition.periods[period])
        second = _place(top, before.id if before else period, within, spot, walk)
    else:
        bottom = edition.kpis[kpi.denominator or ""]
        second = _place(bottom, period, narrowed(within, kpi), spot, walk)
    times = _times(kpi, edition.kpis)
    one, other = (walk.terms.terms[place].value for place in (first, second))
    return Term(kpi, period, within, spot, _value(kpi, one, other, times), operands=(first, second), times=times)


def _place(kpi: Kpi, period: str, within: Within, spot: Spot, walk: _Walk) -> int:
    if kpi.formula in ("sum", "count"):
        return _leaf(kpi, period, within, spot, walk)
    term = _node(kpi, period, within, spot, walk)
    return walk.terms.put((kpi.id, period, term.operands), term)


def _leaf(kpi: Kpi, period: str, within: Within, spot: Spot, walk: _Walk) -> int:
    terms = walk.terms
    added = walk.added.get((*spot, kpi.id, period, "*" if within is None else ";".join(within)), ())
    # What adds up nothing is told apart by where that is so.
    key = (kpi.id, period, tuple((item.measure, item.amounts) for item in added) or (spot[2:], within))
    if key in terms.found:
        return terms.found[key]
    own = [_sum(kpi, period, item, walk.inputs) for item in added] or [Sum(kpi, period, "", unit=kpi.unit)]
    first = len(terms.sums)
    terms.sums += own
    return terms.put(key, Term(kpi, period, within, spot, sum((item.value for item in own), Fraction(0)), sums=(first, len(own))))


def _sum(kpi: Kpi, period: str, added: Added, inputs: Inputs) -> Sum:
    if kpi.formula == "count":
        return Sum(kpi, period, added.measure, added.amounts, added.total, added.unit)
    try:
        choice = divisor(kpi, inputs.edition.periods[period], inputs)
    except FactorProblem:
        choice = None  # Such a sum is blocked, and no figure rests on it.
    months = inputs.edition.periods[period].months if kpi.mean_over == "months" else None
    return Sum(kpi, period, added.measure, added.amounts, added.total, added.unit, multiplier(amount_unit(kpi, added.measure), kpi.unit), choice, months)


def _times(kpi: Kpi, kpis: Mapping[str, Kpi]) -> tuple[Fraction, Fraction]:
    """What the two operands are multiplied by: of a quotient the first only."""
    if kpi.formula == "growth":
        return Fraction(100), ONE
    top, bottom = kpis[kpi.numerator or ""].unit, kpis[kpi.denominator or ""].unit
    if kpi.formula == "difference":
        return multiplier(top, kpi.unit), multiplier(bottom, kpi.unit)
    return (100 * multiplier(top, bottom), ONE) if kpi.formula == "share" else (kpi.times * multiplier(f"{top}/{bottom}", kpi.whole_unit), ONE)


def _value(kpi: Kpi, first: Fraction, second: Fraction, times: tuple[Fraction, Fraction]) -> Fraction:
    if kpi.formula == "difference":
        return first * times[0] - second * times[1]
    if not second:
        return Fraction(0)  # Not applicable: no figure rests on it.
    return (first / second - 1) * times[0] if kpi.formula == "growth" else first * times[0] / second


def in_cells(kpi: Kpi, first: str, first_times: str, second: str, second_times: str) -> str:
    """The formula of a KPI over the cells of its two operands and of what these are multiplied by."""
    if kpi.formula == "difference":
        return f"{first}*{first_times}-{second}*{second_times}"
    return f"({first}/{second}-1)*{first_times}" if kpi.formula == "growth" else f"{first}*{first_times}/{second}"


def words_of(kpi: Kpi, period: str, spot: Spot) -> str:
    """A category in words: its breakdown and itself; empty for the whole."""
    spread = spread_of(kpi, period, spot[2])
    return "" if spot[2] == "total" else f"{spread.name if spread else spot[2]}: {spot[3]}"
