"""Input domains: what sites may send. One small file a domain, and its name in the list below."""

from esg_kpis.domains import (
    derived,
    energy,
    instruments,
    meters,
    ownership,
    packaging,
    people,
    refrigerants,
    scope_3,
    sites,
    stated,
    vehicles,
    waste,
    wastewater,
    water,
    working_hours,
)
from esg_kpis.domains.definition import Domain, Measure
from esg_kpis.errors import UsageProblem, near_misses

DOMAINS: dict[str, Domain] = {
    domain.name: domain
    for domain in (
        sites.DOMAIN,
        ownership.DOMAIN,
        meters.DOMAIN,
        energy.DOMAIN,
        instruments.DOMAIN,
        refrigerants.DOMAIN,
        vehicles.DOMAIN,
        wastewater.DOMAIN,
        water.DOMAIN,
        waste.DOMAIN,
        packaging.DOMAIN,
        stated.DOMAIN,
        scope_3.DOMAIN,
        people.DOMAIN,
        working_hours.DOMAIN,
    )
}

MEASURES: dict[str, Measure] = {
    **{measure.name: measure for domain in DOMAINS.values() for measure in domain.measures},
    **{measure.name: measure for measure in derived.MEASURES},
}

DIMENSIONS: dict[str, tuple[str, ...]] = {
    field.name: field.allowed for domain in DOMAINS.values() for field in domain.fields if field.dimension and field.allowed
}
"""What may stand beside an amount and decide its factor, and the words it may hold."""

CONSOLIDATED = ("sites", "energy", "refrigerants", "vehicles", "wastewater", "water", "waste", "packaging")
"""Domains whose amounts count by control or by the share that is owned, day by day. People, hours and what is stated for the group count whole."""

STATED = ("stated", "scope_3")
"""Domains of figures that a document states. No meter is behind them, so none is expected month by month."""

DOMAIN_OF: dict[str, str] = {measure.name: domain.name for domain in DOMAINS.values() for measure in domain.measures}


def measure_named(name: str) -> Measure:
    """The measure of that name.

    Raises:
        UsageProblem: if there is none; the message lists the near misses.
    """
    if name not in MEASURES:
        raise UsageProblem(f"There is no measure '{name}'.", mend=near_misses(name, MEASURES) or f"Measures: {', '.join(MEASURES)}.")
    return MEASURES[name]
