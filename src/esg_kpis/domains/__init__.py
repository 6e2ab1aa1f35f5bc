"""Input domains: what sites may send. One small file a domain, and its name in the list below."""

from esg_kpis.domains import (
    air,
    assurance_statements,
    certificates,
    circularity,
    complaints,
    derived,
    energy,
    government_requests,
    instruments,
    meters,
    ownership,
    packaging,
    people,
    products,
    readings,
    refrigerants,
    savings,
    scope_3,
    sites,
    stated,
    suppliers,
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
        readings.DOMAIN,
        energy.DOMAIN,
        instruments.DOMAIN,
        refrigerants.DOMAIN,
        vehicles.DOMAIN,
        wastewater.DOMAIN,
        water.DOMAIN,
        waste.DOMAIN,
        packaging.DOMAIN,
        circularity.DOMAIN,
        air.DOMAIN,
        savings.DOMAIN,
        stated.DOMAIN,
        scope_3.DOMAIN,
        people.DOMAIN,
        working_hours.DOMAIN,
        products.DOMAIN,
        complaints.DOMAIN,
        suppliers.DOMAIN,
        certificates.DOMAIN,
        government_requests.DOMAIN,
        assurance_statements.DOMAIN,
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

ATTRIBUTES: dict[str, tuple[str, ...]] = {field.attribute: field.allowed for domain in DOMAINS.values() for field in domain.fields if field.attribute}
"""What a KPI may narrow amounts by, beside attributes of sites and of people, and the words it may hold; no words for free text."""

CONSOLIDATED = tuple(domain.name for domain in DOMAINS.values() if domain.consolidated)
STATED = tuple(domain.name for domain in DOMAINS.values() if domain.stated)

DOMAIN_OF: dict[str, str] = {measure.name: domain.name for domain in DOMAINS.values() for measure in domain.measures}


def measure_named(name: str) -> Measure:
    """The measure of that name.

    Raises:
        UsageProblem: if there is none; the message lists the near misses.
    """
    if name not in MEASURES:
        raise UsageProblem(f"There is no measure '{name}'.", mend=near_misses(name, MEASURES) or f"Measures: {', '.join(MEASURES)}.")
    return MEASURES[name]
