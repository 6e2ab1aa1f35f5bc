"""Fuels, by their names: what sites may send of them, and what factors make of it, is one measure each."""

FUELS: dict[str, str] = {
    "gasoline": "Motor gasoline",
    "diesel": "Gas or diesel oil",
    "lpg": "Liquefied petroleum gas",
    "lng": "Liquefied natural gas",
    "fuel_oil": "Residual fuel oil",
    "jet_kerosene": "Jet kerosene",
    "raw_coal": "Raw coal, kind not known",
    "anthracite": "Anthracite",
    "bituminous_coal": "Other bituminous coal",
    "sub_bituminous_coal": "Sub-bituminous coal",
    "coking_coal": "Coking coal",
    "lignite": "Lignite",
    "coke": "Coke oven coke",
}
"""Fossil fuels that are weighed, by their names in the 2006 IPCC Guidelines, volume 2, Table 1.1, and GB/T 2589."""

BIOFUELS: dict[str, str] = {"wood": "Wood and wood waste", "biogasoline": "Biogasoline, such as bioethanol", "biodiesel": "Biodiesel", "biogas": "Biogas"}
"""Fuels of plants that are weighed, as above. Of a blend, each part is a record of its own."""

VOLUMES: dict[str, str] = {"gasoline": "Motor gasoline", "diesel": "Gas or diesel oil", "lpg": "Liquefied petroleum gas"}
"""Fuels that are also sold by the litre."""
