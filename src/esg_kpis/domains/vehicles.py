"""Vehicles: how far they went, for the gases that depend on it and not on the fuel."""

from esg_kpis.domains.definition import Domain, Field, Measure

VEHICLES = ("car_gasoline_china_3", "car_gasoline_china_4", "car_diesel_china_4", "heavy_diesel")

DOMAIN = Domain(
    name="vehicles",
    consolidated=True,
    title="Vehicles",
    source="2006 IPCC Guidelines, volume 2, chapter 3, 3.2.1: CH4 and N2O by distance travelled",
    measures=(Measure("vehicle_distance", "km", "flow", "Distance that own vehicles went; their CO2 comes from the fuel", scope="1"),),
    fields=(Field("vehicle", "Kind of vehicle", required=True, allowed=VEHICLES, dimension=True),),
)
