"""What the figures of an edition about people rest on: which group each of them counts, and what a reader learns from the printed digits."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil, floor
from typing import Any

import polars as pl

from esg_kpis.domains.people import DOMAIN, PERSONS_BEHIND
from esg_kpis.editions import Breakdown, Edition, Kpi, amount_unit
from esg_kpis.editions.counting import cross_of
from esg_kpis.editions.entry import NOT
from esg_kpis.kpis import Inputs, Part, Within, attributes_of, cross_name, cut_of, leaf_value, narrowed, parts_of, period_before
from esg_kpis.kpis.cut import STEP
from esg_kpis.units import multiplier

Cell = tuple[str, str, str, str]
"""KPI id, period, breakdown, category."""

OF_PEOPLE = frozenset(measure.name for measure in DOMAIN.measures)


@dataclass(frozen=True, order=True)
class Group:
    """Whom a measure counts in a period: those whose attributes are among these values. An attribute that may have any value is not named."""

    measure: str
    period: str
    within: tuple[tuple[str, tuple[str, ...]], ...]


_KEPT = Fraction(1, 10**12)
"""How far a reader's knowledge of a value may be off: beside what is printed, kpi_values holds the value unrounded."""

_Wanted = tuple[tuple[str, tuple[str, ...]], ...]
"""Attributes and their values, as KPIs and breakdowns write them."""
Terms = dict[Group, Fraction]
"""A sum of counts, each times a number."""


@dataclass(frozen=True)
class Figure:
    """A figure as it is shown: `top` in [low, high], or `top` over `bottom` in it. `constant` stands for a side that counts nobody and is known."""

    cell: Cell
    top: Terms
    low: Fraction
    high: Fraction
    bottom: Terms | None = None
    top_constant: Fraction = Fraction(0)
    bottom_constant: Fraction = Fraction(0)


@dataclass
class Known:
    """Figures with what they rest on.

    `touching`: the groups of persons that a cell tells of. `sums`: the hours and days of a group that it tells of. `sizes`: the true size of groups and sums, which
    a reader does not know. `values`: per attribute all values that occur. `named` fills with the group that KPIs mean by a measure, a period and the values that they ask for.
    """

    values: dict[str, tuple[str, ...]]
    figures: list[Figure] = field(default_factory=list)
    touching: dict[Cell, set[Group]] = field(default_factory=dict)
    sums: dict[Cell, set[Group]] = field(default_factory=dict)
    sizes: dict[Group, Fraction] = field(default_factory=dict)
    named: dict[tuple[str, str, _Wanted], Group] = field(default_factory=dict)


def knowledge(values: pl.DataFrame, inputs: Inputs) -> Known:
    """What the cells of an edition that are about people rest on, and what a reader learns from each.

    Args:
        values: The cells, as `kpis.evaluate` gives them.
        inputs: What they were made of.
    """
    rows = {
        (row["kpi_id"], row["period"], row["breakdown"], row["category"]): row
        for row in values.filter(pl.col("value").is_not_null()).iter_rows(named=True)
    }
    cube = inputs.cube.filter(pl.col("measure").is_in(OF_PEOPLE) & pl.col("blocked").is_null())
    attributes = [name for name in cube.columns if cube[name].dtype == pl.String and name not in _NO_ATTRIBUTES]
    values_of = cube.select(pl.col(attributes).unique().sort().implode()).row(0, named=True) if attributes else {}
    known = Known({name: tuple(value for value in found if value) for name, found in values_of.items()})
    for cell, kpi, spot in spots(inputs, known):
        if cell in rows and about_people(kpi, inputs.edition):
            _learn(known, cell, kpi, spot, rows[cell])
    return known


_NO_ATTRIBUTES = ("period", "measure", "origin", "gas_group", "scope", "basis", "attributes", "cross", "blocked")


@dataclass(frozen=True)
class Spot:
    """One category of a breakdown in a period, with what can be asked of it."""

    period: str
    breakdown: Breakdown
    category: str
    part: Part
    inputs: Inputs
    known: Known

    def before(self) -> "Spot | None":
        """The same category in the period before."""
        previous = period_before(self.inputs.edition, self.inputs.edition.periods[self.period])
        return None if previous is None else replace(self, period=previous.id)

    def group(self, measure: str, where: Mapping[str, Iterable[str]], within: Within) -> Group:
        """The group that a measure counts here; its size is noted."""
        narrowing = {name: self.breakdown.categories[self.category][name] for name in attributes_of(self.breakdown, self.category, within)}
        each = self.breakdown.each
        if each is not None and (within is None or each in within):
            narrowing[each] = [self.category]
        wanted = tuple((name, tuple(values)) for name, values in (*where.items(), *narrowing.items()))
        key = (measure, self.period, wanted)
        if key not in self.known.named:
            self.known.named[key] = self._named(measure, wanted)
        return self.known.named[key]

    def _named(self, measure: str, wanted: _Wanted) -> Group:
        asked: dict[str, set[str]] = {}
        for name, values in wanted:
            chosen = _chosen(self.known.values.get(name, ()), values)
            asked[name] = asked[name] & chosen if name in asked else chosen
        group = canonical(self.known, measure, self.period, asked)
        if group not in self.known.sizes:
            self.known.sizes[group] = size_of(self.inputs, measure, self.period, asked)
        return group


def canonical(known: Known, measure: str, period: str, asked: Mapping[str, Iterable[str]]) -> Group:
    """A group without the attributes that leave nobody out, so that one group has one name whichever KPI counts it."""
    kept = {name: tuple(sorted(values)) for name, values in asked.items() if len(set(values)) < len(known.values.get(name, ()))}
    return Group(measure, period, tuple(sorted(kept.items())))


def size_of(inputs: Inputs, measure: str, period: str, asked: Mapping[str, Iterable[str]]) -> Fraction:
    """How much a measure counts of a group, by the cross that was counted by these attributes; what is blocked is not known."""
    cut = cut_of(inputs, period)
    blocked, quantities = cut.column("blocked"), cut.column("quantity")
    places = cut.of_measure(measure, (cross_name(cross_of(asked)),))
    if cut.some("blocked"):
        places = [place for place in places if blocked[place] is None]
    for name, values in asked.items():
        own, wanted = cut.column(name), set(values)
        places = [place for place in places if own[place] in wanted]
    steps: int = sum(quantities[place] or 0 for place in places)
    return steps * STEP


def _chosen(occurring: Iterable[str], wanted: Iterable[str]) -> set[str]:
    left_out = {value.removeprefix(NOT) for value in wanted if value.startswith(NOT)}
    return set(occurring) - left_out if left_out else set(occurring) & set(wanted)


def spots(inputs: Inputs, known: Known) -> Iterator[tuple[Cell, Kpi, Spot]]:
    """Every cell of an edition, with its KPI and what can be asked of its category."""
    for kpi in inputs.edition.kpis.values():
        for period in inputs.edition.periods.values():
            for breakdown in kpi.breakdowns:
                if (kpi.periods and period.id not in kpi.periods) or (breakdown.periods and period.id not in breakdown.periods):
                    continue
                for category, part in parts_of(breakdown, cut_of(inputs, period.id)).items():
                    cell = (kpi.id, period.id, breakdown.name, category)
                    yield cell, kpi, Spot(period.id, breakdown, category, part, inputs, known)


def about_people(kpi: Kpi, edition: Edition) -> bool:
    """Whether a KPI rests on a count of people, or on their hours or days."""
    if kpi.formula in ("sum", "count"):
        return any(name in OF_PEOPLE for amounts in kpi.amounts for name in amounts.measure)
    return any(about_people(edition.kpis[name], edition) for name in (kpi.numerator, kpi.denominator) if name)


# ---------------------------------------------------------------- one cell


def _learn(known: Known, cell: Cell, kpi: Kpi, spot: Spot, row: Mapping[str, Any]) -> None:
    touched = list(_touched(kpi, spot, None))
    known.touching[cell], known.sums[cell] = {behind for behind, _ in touched}, {own for behind, own in touched if own != behind}
    low, high = Fraction(row["value"]) - _KEPT, Fraction(row["value"]) + _KEPT
    whole = _linear(kpi, spot, None)
    if whole is not None:
        terms, constant = whole
        low, high = low - constant, high - constant
        if all(size.denominator == 1 and PERSONS_BEHIND.get(group.measure) == group.measure for group, size in terms.items()):
            low, high = Fraction(ceil(low)), Fraction(floor(high))  # Persons come whole.
        known.figures.append(Figure(cell, terms, low, high))
        return
    edition = spot.inputs.edition
    if kpi.formula == "growth" and kpi.numerator and (before := spot.before()) is not None:
        now, then = (_linear(edition.kpis[kpi.numerator], where, None) for where in (spot, before))
        if now is not None and then is not None:
            known.figures.append(Figure(cell, now[0], 1 + low / 100, 1 + high / 100, then[0], now[1], then[1]))
        return
    if kpi.formula not in ("share", "ratio", "rate") or kpi.numerator is None or kpi.denominator is None:
        return
    top, bottom = _linear(edition.kpis[kpi.numerator], spot, None), _linear(edition.kpis[kpi.denominator], spot, narrowed(None, kpi))
    if top is None or bottom is None:
        return
    units = edition.kpis[kpi.numerator].unit, edition.kpis[kpi.denominator].unit
    times = 100 * multiplier(*units) if kpi.formula == "share" else kpi.times * multiplier("/".join(units), kpi.whole_unit)
    known.figures.append(Figure(cell, top[0], low / times, high / times, bottom[0], top[1], bottom[1]))


def _touched(kpi: Kpi, spot: Spot, within: Within) -> Iterator[tuple[Group, Group]]:
    """The groups of persons that a KPI tells of here: those it counts, or those whose hours or days it adds up; each with what it adds up."""
    if kpi.formula in ("sum", "count"):
        for amounts in kpi.amounts:
            for name in OF_PEOPLE.intersection(amounts.measure):
                if (behind := PERSONS_BEHIND.get(name)) is not None:
                    yield spot.group(behind, amounts.where, within), spot.group(name, amounts.where, within)
        return
    kpis = spot.inputs.edition.kpis
    for part, narrow in ((kpi.numerator, within), (kpi.denominator, narrowed(within, kpi))):
        if part is not None:
            yield from _touched(kpis[part], spot, narrow)
    if kpi.formula == "growth" and kpi.numerator and (before := spot.before()) is not None:
        yield from _touched(kpis[kpi.numerator], before, within)


def _linear(kpi: Kpi, spot: Spot, within: Within) -> tuple[Terms, Fraction] | None:
    """A KPI as a sum of counts and a known number; None where it is neither."""
    edition = spot.inputs.edition
    if kpi.formula == "difference" and kpi.numerator and kpi.denominator:
        top, bottom = edition.kpis[kpi.numerator], edition.kpis[kpi.denominator]
        sides = _linear(top, spot, within), _linear(bottom, spot, narrowed(within, kpi))
        if sides[0] is None or sides[1] is None:
            return None
        times = multiplier(top.unit, kpi.unit), -multiplier(bottom.unit, kpi.unit)
        return _added([({group: size * by for group, size in terms.items()}, constant * by) for (terms, constant), by in zip((sides[0], sides[1]), times, strict=True)])
    if kpi.formula != "sum":
        return None
    measures = {name for amounts in kpi.amounts for name in amounts.measure}
    if not measures & OF_PEOPLE:
        value = leaf_value(kpi, edition.periods[spot.period], spot.part, spot.inputs, within)
        return None if value is None else ({}, value)
    if measures - OF_PEOPLE or kpi.per_factor is not None:
        return None
    per = edition.periods[spot.period].months if kpi.mean_over == "months" else 1
    return _added(
        [
            ({spot.group(name, amounts.where, within): multiplier(amount_unit(kpi, name), kpi.unit) / per}, Fraction(0))
            for amounts in kpi.amounts
            for name in amounts.measure
        ]
    )


def _added(parts: Iterable[tuple[Terms, Fraction]]) -> tuple[Terms, Fraction]:
    terms: Terms = {}
    constant = Fraction(0)
    for part, number in parts:
        constant += number
        for group, size in part.items():
            terms[group] = terms.get(group, Fraction(0)) + size
    return terms, constant
