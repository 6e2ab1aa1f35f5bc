"""Refrigerants: what was refilled. By the mass balance for users, what is refilled has leaked."""

from esg_kpis.domains.definition import Domain, Field, Measure

REFRIGERANTS = ("HFC-134a", "HFC-32", "HFC-125", "HFC-143a", "HFC-227ea", "HFC-23", "R-404A", "R-407C", "R-410A", "R-507A")

DOMAIN = Domain(
    name="refrigerants",
    title="Refrigerants",
    source="2006 IPCC Guidelines, volume 3, chapter 7, 7.5.2: emissions during operation and servicing",
    measures=(Measure("refrigerant_refill", "kg", "event", "Refrigerant filled in to replace what leaked", scope="1"),),
    fields=(Field("refrigerant", "Gas or blend, by its ASHRAE 34 designation", required=True, allowed=REFRIGERANTS, dimension=True),),
)
