"""Refrigerants and fire suppressants: by mass balance, or by the charge of the equipment and a leak rate."""

from esg_kpis.domains.definition import Domain, Field, Measure

REFRIGERANTS = (
    "HFC-134a", "HFC-32", "HFC-125", "HFC-143a", "HFC-152a", "HFC-227ea", "HFC-23", "HFC-236fa", "HFC-245fa", "R-404A", "R-407C", "R-410A", "R-507A", "R-22",
    "CO2", "SF6", "NF3",
)  # fmt: skip

EQUIPMENT = (
    "domestic", "stand_alone_commercial", "medium_large_commercial", "transport", "industrial", "chiller", "residential_commercial_ac", "mobile_ac", "fire_fixed",
    "fire_portable",
)  # fmt: skip
"""Kinds of equipment with a leak rate: 2006 IPCC Guidelines, volume 3, Table 7.9; US EPA for fire suppression."""

DOMAIN = Domain(
    name="refrigerants",
    consolidated=True,
    title="Refrigerants and fire suppressants",
    source="2006 IPCC Guidelines, volume 3, chapter 7, 7.5.2: emissions during operation and servicing; equation 7.9: mass balance",
    measures=(
        Measure("refrigerant_refill", "kg", "event", "Refrigerant filled in to replace what leaked", scope="1"),
        Measure("refrigerant_installed", "kg", "event", "Refrigerant used to fill new equipment, as bought", scope="1"),
        Measure("refrigerant_capacity_new", "kg", "event", "Full charge of new equipment by its plate: what of the refrigerant installed is still in it", scope="1"),
        Measure("refrigerant_capacity_retired", "kg", "event", "Full charge of retired equipment by its plate", scope="1"),
        Measure("refrigerant_recovered", "kg", "event", "Refrigerant recovered from retired or sold equipment", scope="1"),
        Measure("refrigerant_charge", "kg", "stock", "Refrigerant in equipment, for a leak rate; not for equipment whose refills are recorded", scope="1"),
    ),
    fields=(
        Field("refrigerant", "Gas or blend, by its ASHRAE 34 designation", required=True, allowed=REFRIGERANTS, dimension=True),
        Field("equipment", "Kind of equipment, for its leak rate", allowed=EQUIPMENT, dimension=True),
    ),
)
