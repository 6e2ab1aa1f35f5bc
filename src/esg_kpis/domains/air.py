"""Air pollutants: what goes into the air beside greenhouse gases, as measured or computed by whoever reports it."""

from esg_kpis.domains.definition import Domain, Field, Measure

POLLUTANTS = ("NOx", "SOx", "CO", "VOCs", "PM", "PM10", "PM2.5", "NH3", "POP", "HAP", "other")
"""Kinds of significant air emissions. Source: GRI 305-7 (2016), a; HKEX A1.1. Particulate matter is one of PM, PM10 and PM2.5: they lie within each other."""

METHODS = ("continuous_measurement", "periodic_measurement", "emission_factor", "mass_balance", "estimate", "not_stated")
"""How it was determined. Source: GRI 305-7 (2016), clause 2.5: site-specific data, published emission factors, estimation."""

DOMAIN = Domain(
    name="air",
    title="Air pollutants",
    source="HKEX ESG Guide A1.1; GRI 305-7 (2016)",
    consolidated=True,
    measures=(Measure("air_pollutants", "kg", "flow", "Air pollutants emitted, each by its own mass"),),
    fields=(
        Field("pollutant", "Kind of pollutant", required=True, allowed=POLLUTANTS, dimension=True, attribute="pollutant"),
        Field("method", "How it was determined", allowed=METHODS, dimension=True),
        Field("source_point", "Stack, process or machine it comes from", dimension=True),
    ),
)
