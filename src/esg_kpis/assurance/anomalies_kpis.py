"""Anomalies of KPIs: year on year with the sites that drive the change, and factors that one KPI over another implies."""

from collections.abc import Iterator
from fractions import Fraction

import polars as pl

from esg_kpis.assurance.anomalies_basis import Basis, Hit, changed, changes_in_words, large_enough, percent, shown
from esg_kpis.editions import Breakdown, Kpi, Period
from esg_kpis.editions.anomalies import Anomaly
from esg_kpis.editions.explanations import by_sites

_Cells = dict[tuple[str, str, str, str], Fraction]


def year_on_year(rule: Anomaly, basis: Basis) -> Iterator[Hit]:
    """KPIs against the period before: cells that are ok in both, or the sites of a sum that were there throughout both."""
    kpis = [kpi for kpi in basis.inputs.edition.kpis.values() if not rule.kpis or kpi.id in rule.kpis]
    cells = cells_of(basis)
    for period in basis.periods_of(rule):
        before = basis.before(period)
        if before is None:
            continue
        for kpi in kpis:
            if rule.by == "site":
                if by_sites(kpi):
                    yield from _sites(rule, kpi, period, before, basis)
            else:
                yield from _cells(rule, kpi, period, before, basis, cells)


def cells_of(basis: Basis) -> _Cells:
    """The cells that are ok, by KPI, period, breakdown and category. A suppressed one is none of them."""
    fine = basis.kpi_values.filter((pl.col("status") == "ok") & pl.col("value").is_not_null())
    return {tuple(row[:4]): Fraction(row[4]) for row in fine.select("kpi_id", "period", "breakdown", "category", "value").iter_rows()}


def _sites(rule: Anomaly, kpi: Kpi, period: Period, before: Period, basis: Basis) -> Iterator[Hit]:
    after, earlier = basis.by(kpi, period), basis.by(kpi, before)
    for site in sorted(after.keys() & earlier.keys()):
        if not basis.wanted(rule, site) or not basis.throughout(site, period) or not basis.throughout(site, before):
            continue
        new, old = after[site], earlier[site]
        if changed(new, old, rule.change) and large_enough(rule, new, old):
            told = f"since {before.id} {percent(new, old)}"
            yield Hit(rule, f"{kpi.id} at {site}", period.id, new, old, kpi.unit, told, basis.records(kpi, period.id, site), site)


def _cells(rule: Anomaly, kpi: Kpi, period: Period, before: Period, basis: Basis, cells: _Cells) -> Iterator[Hit]:
    here = [(category, new) for (kpi_id, of, breakdown, category), new in cells.items() if (kpi_id, of, breakdown) == (kpi.id, period.id, rule.by)]
    breakdown = rule.by
    for category, new in here:
        old = cells.get((kpi.id, before.id, breakdown, category))
        if old is not None and changed(new, old, rule.change) and large_enough(rule, new, old):
            subject = kpi.id if breakdown == "total" else f"{kpi.id} {breakdown}={category}"
            records = basis.records(kpi, period.id, breakdown=spread(kpi, period.id, breakdown), category=category) if by_sites(kpi) else ""
            yield Hit(rule, subject, period.id, new, old, kpi.unit, _why(kpi, period, before, breakdown, category, basis, cells), records)


def spread(kpi: Kpi, period: str, name: str) -> Breakdown:
    """A breakdown of a KPI in a period."""
    return next(item for item in kpi.breakdowns if item.name == name and (not item.periods or period in item.periods))


def _why(kpi: Kpi, period: Period, before: Period, breakdown: str, category: str, basis: Basis, cells: _Cells) -> str:
    """What drives a change: of a sum over sites these; of a quotient how its two sides changed, as far as both are shown."""
    if breakdown == "total" and by_sites(kpi):
        return changes_in_words(basis.by(kpi, before), basis.by(kpi, period), kpi.decimals)
    sides = []
    for name in (kpi.numerator, kpi.denominator):
        new, old = (cells.get((name or "", of.id, breakdown, category)) for of in (period, before))
        if new is not None and old is not None:
            sides.append(f"{name} {percent(new, old)}")
    new, old = (cells[kpi.id, of.id, breakdown, category] for of in (period, before))
    return "; ".join([f"since {before.id} {percent(new, old)}", *sides])


def implied_factor(rule: Anomaly, basis: Basis) -> Iterator[Hit]:
    """One KPI over another, against a band: of the whole, or for each value of an attribute of sites. What has no denominator implies nothing."""
    top, bottom = (basis.inputs.edition.kpis[name] for name in (rule.numerator, rule.denominator))
    attribute = "site_id" if rule.by == "site" else rule.by
    unit = f"{top.unit}/{bottom.unit}"
    cells = cells_of(basis)
    for period in basis.periods_of(rule):
        if rule.by == "total":
            whole, over = (cells.get((kpi.id, period.id, "total", "All")) for kpi in (top, bottom))
            pairs = {} if whole is None or over is None else {"": (whole, over)}
        else:
            numerators, denominators = basis.by(top, period, attribute), basis.by(bottom, period, attribute)
            pairs = {name: (numerators.get(name, Fraction(0)), denominators[name]) for name in sorted(denominators) if attribute != "site_id" or basis.wanted(rule, name)}
        for name, (numerator, denominator) in pairs.items():
            if not denominator or not large_enough(rule, denominator):
                continue
            implied = numerator / denominator
            bound = rule.low if rule.low is not None and implied < Fraction(rule.low) else rule.high if rule.high is not None and implied > Fraction(rule.high) else None
            if bound is None:
                continue
            of_sites = rule.by == "site"
            subject = f"{top.id} per {bottom.id}" + (f" at {name}" if of_sites else f" {attribute}={name}" if name else "")
            told = f"{shown(numerator)} {top.unit} over {shown(denominator)} {bottom.unit}; band: {rule.source}"
            yield Hit(rule, subject, period.id, implied, Fraction(bound), unit, told, basis.records(bottom, period.id, name) if of_sites else "", name if of_sites else None)


