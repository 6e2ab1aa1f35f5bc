"""How far each KPI may be off, by approach 1 of the IPCC: the uncertainties that an edition states, carried from activities and factors to the value.

A meter, or what a site sends of a measure without naming one, is one activity: all its bills are off by the same error. A factor is one error wherever it is used, so forty meters
on one grid factor are as uncertain as the factor. What is stated nowhere is never taken as zero.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl

from esg_kpis.assurance.lots import COUNTED, Lots, lots_of
from esg_kpis.assurance.propagation import (
    ZERO,
    Linear,
    Propagated,
    Term,
    difference,
    moving,
    of_terms,
    propagated,
    qualities,
    quotient,
    way_of,
)
from esg_kpis.assurance.ways import factors_of
from esg_kpis.domains import derived
from esg_kpis.editions import Breakdown, Edition, Kpi, amount_unit
from esg_kpis.editions.uncertainty import Uncertainty
from esg_kpis.errors import InputProblem, InternalProblem, near_misses
from esg_kpis.exact import VALUE_SCALE, plain, printed, rounded, square_root
from esg_kpis.factors import Library
from esg_kpis.factors.library import Factor
from esg_kpis.kpis import Inputs, Within, attributes_of, divisor, narrowed, only
from esg_kpis.tables import QUALITIES, UNCERTAINTY, UNCERTAINTY_SOURCES, conform, empty
from esg_kpis.units import multiplier

MOST = 3
"""Sources that are named of each cell."""
NAMED = 5
"""Sources without an uncertainty that are named; of the others it is said how many they are."""
WIDE = 60
"""Percent above which the first order is rough: two standard deviations of 0.3 of the mean (IPCC Good Practice Guidance, 2000, chapter 6.3)."""
LARGEST = Fraction(10) ** (38 - VALUE_SCALE - 1)
"""The table holds no larger percentage: a value so near to zero has none that says anything."""


@dataclass(frozen=True)
class _Factors:
    """What is stated of factors: by the entries of the edition, or else by the library."""

    by_id: dict[str, Factor]
    entries: tuple[Uncertainty, ...]

    def stated(self, name: str, period: str) -> Fraction | None:
        """The uncertainty in percent, or None. The GWP of CO2 is 1 by definition."""
        factor = self.by_id[name]
        if _is_gwp(factor) and factor.gas == "CO2":
            return ZERO
        entry = next((item for item in self.entries if _speaks_of(item, factor, period)), None)
        percent: Decimal | None = factor.uncertainty if entry is None else entry.percent
        return None if percent is None else Fraction(percent)

    def percent(self, name: str, period: str) -> Fraction | None:
        """The same, with zero for a GWP that nobody speaks of: it is left out."""
        return ZERO if self.is_left_out(name, period) else self.stated(name, period)

    def is_left_out(self, name: str, period: str) -> bool:
        """Whether it is a GWP that nobody speaks of."""
        return _is_gwp(self.by_id[name]) and self.stated(name, period) is None


def _turned_round(library: Library) -> dict[str, str]:
    """Factors that are another one times -1, such as what sludge takes off a load."""
    found = {factor.factor_id: re.fullmatch(r"-1 x (\S+)", factor.parents or "") for factor in library.factors}
    return {name: match[1] for name, match in found.items() if match}


@dataclass(frozen=True)
class _Cell:
    """One cell of the KPI table."""

    period: str
    breakdown: Breakdown
    category: str


def uncertainty_of(
    kpi_values: pl.DataFrame, edition_amounts: pl.DataFrame, quantities: pl.DataFrame, estimates: pl.DataFrame, sites: pl.DataFrame, inputs: Inputs
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The uncertainty of every cell of an edition that has a value, and the three sources that contribute most to each.

    Args:
        kpi_values: The KPIs.
        edition_amounts: The amounts as editions see them, with their quality.
        quantities: What records say; a record tells the meter.
        estimates: Gaps filled; an estimate tells the meter too.
        sites: The register of sites.
        inputs: The edition, its library and its knowledge date.

    Columns: as `uncertainty` and `uncertainty_sources` in the data dictionary; no rows for an edition without any [[uncertainty]].

    Raises:
        InputProblem: if an [[uncertainty]] names a factor or a source that the library does not have.
        InternalProblem: if a value put together here is not that of the table.
    """
    edition = inputs.edition
    if not edition.rules.uncertainty:
        return empty(UNCERTAINTY), empty(UNCERTAINTY_SOURCES)
    _check_names(edition, inputs.library)
    factors = _Factors({factor.factor_id: factor for factor in inputs.library.factors}, tuple(item for item in edition.rules.uncertainty if item.of_factors))
    lots = lots_of(edition_amounts.filter(pl.col("edition") == edition.id), quantities, estimates, sites, edition, _turned_round(inputs.library))
    cells: list[dict[str, Any]] = []
    sources: list[dict[str, Any]] = []
    rows = kpi_values.filter((pl.col("edition") == edition.id) & pl.col("status").is_in(["ok", "incomplete"]) & pl.col("kpi_id").is_in(list(edition.kpis)))
    for row in rows.iter_rows(named=True):
        kpi, key = edition.kpis[row["kpi_id"]], {name: row[name] for name in UNCERTAINTY.key}
        if (why := _beside(kpi, edition)) is not None:
            cells.append({**key, "status": "not_applicable", "reason": why})
            continue
        cell = _Cell(row["period"], _breakdown(kpi, row["period"], row["breakdown"]), row["category"])
        linear = _linear(kpi, cell, lots, inputs)
        if rounded(linear.value) != row["value"]:
            raise InternalProblem(f"The parts of {kpi.id} give {rounded(linear.value)}, not {row['value']}.", where=f"uncertainty of {row['period']}, {row['breakdown']}={row['category']}")
        told, most = _told(linear, lots, factors, row)
        cells.append({**key, **told})
        sources += [{**key, **item} for item in most]
    both = [conform(pl.DataFrame(given, schema=table.schema), table) for given, table in ((cells, UNCERTAINTY), (sources, UNCERTAINTY_SOURCES))]
    return both[0], both[1]


# ---------------------------------------------------------------- what is stated


def _check_names(edition: Edition, library: Library) -> None:
    """What an entry speaks of must be there: a misspelt factor would keep its own uncertainty, and nobody would know why."""
    ids = {factor.factor_id for factor in library.factors}
    sources = {factor.source_id for factor in library.factors}
    for item in edition.rules.uncertainty:
        for names, known, what in ((item.factors, ids, "factor"), (item.sources, sources, "source")):
            for name in names:
                if name not in known:
                    raise InputProblem(
                        f"The uncertainty '{item.id}' names the {what} '{name}', which the library does not have.", where=f"editions/{edition.id}/edition.toml",
                        mend=near_misses(name, known) or "The library is in factors/.",
                    )  # fmt: skip


def _is_gwp(factor: Factor) -> bool:
    return factor.measure == derived.EMISSION_GAS


def _speaks_of(item: Uncertainty, factor: Factor, period: str) -> bool:
    named = factor.factor_id in item.factors or factor.source_id in item.sources
    return named and (not item.gases or factor.gas in item.gases) and (not item.periods or period in item.periods)


# ---------------------------------------------------------------- what a KPI is made of


def _beside(kpi: Kpi, edition: Edition) -> str | None:
    """Why a KPI has no uncertainty of this kind, if it has none."""
    if _has(kpi, "growth", edition):
        return "a growth compares two periods, and nothing says how far their errors are the same"
    if _has(kpi, "count", edition):
        return "it counts amounts, whatever their size"
    return "it is about people" if _counts_people(kpi, edition) else None


def _counts_people(kpi: Kpi, edition: Edition) -> bool:
    """Whether a KPI adds up counts of people only; a quotient, whether its numerator does."""
    if kpi.numerator is not None:
        return _counts_people(edition.kpis[kpi.numerator], edition)
    return all(name in COUNTED for item in kpi.amounts for name in item.measure)


def _has(kpi: Kpi, formula: str, edition: Edition) -> bool:
    operands = [edition.kpis[name] for name in (kpi.numerator, kpi.denominator) if name is not None]
    return kpi.formula == formula or any(_has(item, formula, edition) for item in operands)


def _breakdown(kpi: Kpi, period: str, name: str) -> Breakdown:
    return next(item for item in kpi.breakdowns if item.name == name and (not item.periods or period in item.periods))


def _linear(kpi: Kpi, cell: _Cell, lots: Lots, inputs: Inputs, within: Within = None) -> Linear:
    """A KPI as terms, by its formula; as `value_of` computes it."""
    if kpi.formula == "sum":
        return of_terms(_terms(kpi, cell, lots, inputs, within))
    top_kpi, bottom_kpi = inputs.edition.kpis[kpi.numerator or ""], inputs.edition.kpis[kpi.denominator or ""]
    top = _linear(top_kpi, cell, lots, inputs, within)
    bottom = _linear(bottom_kpi, cell, lots, inputs, narrowed(within, kpi))
    if kpi.formula == "difference":
        return difference(top, bottom, multiplier(top_kpi.unit, kpi.unit), multiplier(bottom_kpi.unit, kpi.unit))
    if kpi.formula == "share":
        return quotient(top, bottom, 100 * multiplier(top_kpi.unit, bottom_kpi.unit))
    return quotient(top, bottom, kpi.times * multiplier(f"{top_kpi.unit}/{bottom_kpi.unit}", kpi.whole_unit))


def _terms(kpi: Kpi, cell: _Cell, lots: Lots, inputs: Inputs, within: Within) -> dict[Term, Fraction]:
    """The terms of a sum, in its unit: one per activity and way."""
    chosen = only(lots.of(kpi, cell.period, attributes_of(cell.breakdown, cell.category, within)), cell.breakdown, cell.category, within)
    period = inputs.edition.periods[cell.period]
    choice = divisor(kpi, period, inputs)
    per = choice.factor.multiplier if choice else Fraction(1)
    divided = [choice.factor.factor_id] if choice else []
    if kpi.mean_over == "months":
        per *= period.months
    units = {name: multiplier(amount_unit(kpi, name), kpi.unit) / per for name in chosen["measure"].unique()}
    ways = {way: way_of(factors_of(way), divided) for way in chosen["way"].unique()}
    terms: dict[Term, Fraction] = {}
    for measure, quantity, activity, way in chosen.select("measure", "quantity", "activity", "way").iter_rows():
        term = (activity, ways[way])
        terms[term] = terms.get(term, ZERO) + Fraction(quantity) * units[measure]
    return terms


# ---------------------------------------------------------------- what is told


def _told(linear: Linear, lots: Lots, factors: _Factors, row: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What the tables say of a cell: its row without the key, and the rows of its sources."""
    period = row["period"]
    shares = qualities(linear, lots.activities)
    graded: dict[str, Any] = {f"quality_{name}": rounded(shares.get(name, ZERO)) if shares else None for name in QUALITIES}
    if not linear.value:
        return {**graded, "status": "not_applicable", "reason": "the value is zero, and no percentage of zero says anything"}, []
    _, of_factors = moving(linear)
    left_out = sorted({factors.by_id[name].gas for name in of_factors if factors.is_left_out(name, period)})
    graded["left_out"] = f"GWPs of {', '.join(left_out)}: none is stated, and inventories of companies leave them out" if left_out else None
    found = propagated(linear, lots.activities, lambda name: factors.percent(name, period))
    if found.lacking:
        return {**graded, "status": "not_stated", "reason": _lacking(found)}, []
    square = sum((item.square for item in found.contributions), ZERO)
    if square >= LARGEST**2:
        return {**graded, "status": "not_applicable", "reason": "the value is so near to zero that no percentage of it says anything"}, []
    most = [item for item in found.contributions[:MOST] if item.square]
    told = [
        {"rank": rank, "source": item.source, "own_percent": rounded(item.own), "contribution_percent": rounded(100 * item.square / square)} for rank, item in enumerate(most, 1)
    ]
    return {**graded, "percent": square_root(square), "status": "ok", "reason": _to_bear_in_mind(found, row["status"])}, told


def _lacking(found: Propagated) -> str:
    names = "; ".join(found.lacking[:NAMED])
    more = f"; and {len(found.lacking) - NAMED} more" if len(found.lacking) > NAMED else ""
    return (
        f"no uncertainty is stated for {len(found.lacking)} of {found.sources} sources, through which {printed(100 * found.lacking_share, 1)} % of it goes: {names}{more}. "
        "Add an [[uncertainty]] that names them"
    )


def _to_bear_in_mind(found: Propagated, status: str) -> str | None:
    notes = ["what is missing from the value is not in its interval either"] if status == "incomplete" else []
    wide: Sequence[str] = [f"{item.source} ({plain(rounded(item.own, 2))} %)" for item in found.contributions if item.own > WIDE and item.square]
    if wide:
        more = f" and {len(wide) - MOST} more" if len(wide) > MOST else ""
        notes.append(f"rough: approach 1 is for uncertainties of up to {WIDE} %, and {', '.join(wide[:MOST])}{more} is above that")
    return "; ".join(notes) or None
