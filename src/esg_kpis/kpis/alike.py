"""Whether a KPI of two periods of one edition is about the same: the same sites by the edition's boundaries, and the same left out."""

from collections.abc import Mapping, Sequence

from esg_kpis.domains import DOMAIN_OF, MEASURES, derived
from esg_kpis.editions import Edition, Kpi, Period
from esg_kpis.editions.entry import NOT, fits
from esg_kpis.editions.rules import Exclusion
from esg_kpis.editions.targets import Target


def apart(target: Target, kpi: Kpi, edition: Edition, base: Period, now: Period) -> str | None:
    """Why the KPI of a target is not like for like in two periods; None if it is.

    An edition may count other sites in one period than in another. That does no harm where the target's own boundary lies inside both.
    """
    own = _where(target, kpi)
    chain = made_of(kpi, edition)
    for measure in sorted(chain & set(DOMAIN_OF)):
        one, other = (next((item for item in edition.rules.boundary if item.covers(measure, DOMAIN_OF[measure], period.id)), None) for period in (base, now))
        if one is other or (one is not None and other is not None and (one.where == other.where or (_inside(own, one.where) and _inside(own, other.where)))):
            continue
        names = [f"'{item.id}' in {period.id}" if item is not None else f"none in {period.id}" for item, period in ((one, base), (other, now))]
        return f"not like for like: the edition's boundary of {measure} is {names[0]} and {names[1]}"
    for item in edition.rules.exclusion:
        if item.periods and (base.id in item.periods) != (now.id in item.periods) and touches(item, chain, kpi, edition):
            at = base if base.id in item.periods else now
            return f"not like for like: {item.id} is left out of {at.id} only"
    return None


def _where(target: Target, kpi: Kpi) -> Mapping[str, Sequence[str]]:
    """The attributes that say which sites a target is about."""
    breakdown, category = target.spot
    for spread in kpi.breakdowns:
        if spread.name == breakdown and spread.each is not None:
            return {spread.each: [category]}
        if spread.name == breakdown and category in spread.categories:
            return spread.categories[category]
    return {}


def made_of(kpi: Kpi, edition: Edition) -> set[str]:
    """The measures a KPI rests on: those it adds up, and those that factors make them of."""
    if kpi.formula not in ("sum", "count"):
        return {measure for name in (kpi.numerator, kpi.denominator) if name is not None for measure in made_of(edition.kpis[name], edition)}
    found: set[str] = set()
    for amounts in kpi.amounts:
        chain = {*amounts.measure}
        if derived.EMISSION_CO2E in chain:
            chain.add(derived.EMISSION_GAS)
        while more := {name for rule in edition.rules.factor_rule if rule.output in chain for name in rule.measures} - chain:
            chain |= more
        kept = {name for name in chain if name not in DOMAIN_OF or not amounts.scope or not MEASURES[name].scope or MEASURES[name].scope in amounts.scope}
        found |= {name for name in kept if name not in DOMAIN_OF or not amounts.origin or name in amounts.origin}
    return found


def touches(item: Exclusion, chain: set[str], kpi: Kpi, edition: Edition) -> bool:
    """Whether an exclusion leaves out something that a KPI may add up."""
    if item.gases:
        groups = _groups(kpi, edition)
        if not chain & derived.EMISSIONS or (groups and not any(gas in groups or f"{gas.partition('-')[0]}s" in groups for gas in item.gases)):
            return False
    return (not item.measures or bool(chain & set(item.measures))) and (not item.outputs or bool(chain & set(item.outputs)))


def _groups(kpi: Kpi, edition: Edition) -> set[str]:
    """The gas groups a KPI keeps to; none if it takes all."""
    if kpi.formula not in ("sum", "count"):
        parts = [_groups(edition.kpis[name], edition) for name in (kpi.numerator, kpi.denominator) if name is not None]
        return set() if not all(parts) else {group for part in parts for group in part}
    return {group for amounts in kpi.amounts for group in amounts.gas_group} if all(amounts.gas_group for amounts in kpi.amounts) else set()


def _inside(own: Mapping[str, Sequence[str]], wider: Mapping[str, Sequence[str]]) -> bool:
    """Whether everything inside `own` is inside `wider`, as far as their words say."""
    return all(bool(own.get(name)) and all(not value.startswith(NOT) and fits(value, values) for value in own[name]) for name, values in wider.items())
