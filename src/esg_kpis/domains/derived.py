"""Measures that no site sends: factors lead to them."""

from esg_kpis.domains.definition import Measure
from esg_kpis.domains.fuels import BIOFUELS, FUELS

EMISSION_GAS = "emission_gas"
EMISSION_CO2E = "emission_co2e"
EMISSIONS = frozenset({EMISSION_GAS, EMISSION_CO2E})
ENERGY_COAL = "energy_standard_coal"
REFRIGERANT_EMITTED = "refrigerant_emitted"
GAS_GROUPS = ("CO2", "CH4", "N2O", "HFCs", "PFCs", "SF6", "NF3", "HCFCs", "CO2 biogenic")
"""Groups gases are reported in: those of the Kyoto Protocol, and what stands beside the scopes: HCFCs, and CO2 of plants."""

CONTRACTED, UNCONTRACTED = "electricity_contracted", "electricity_uncontracted"
CO2_BIOGENIC = "CO2 biogenic"
BESIDE_SCOPES = ("HCFCs", CO2_BIOGENIC)
"""Groups that the GHG Protocol reports apart from the scopes: gases of the Montreal Protocol, CO2 from biomass (Corporate Standard, 2004, chapter 9)."""

BY_FACTORS = ("1", "2")
"""Scopes whose emissions factors make of activities. What is stated of Scope 3 is CO2e already, and stays as it was supplied."""

OUTSIDE = "outside"
"""The scope of what stands beside the scopes."""

AVOIDED = "avoided"
"""The scope of what was not emitted, because of a saving. It is in no total of emissions (GHG Protocol Corporate Standard, 2004, chapter 8; GRI 305-5)."""

MEASURES: tuple[Measure, ...] = (
    Measure(ENERGY_COAL, "kgce", "flow", "Energy in standard coal equivalent, by GB/T 2589, equivalent value"),
    Measure(CONTRACTED, "kWh", "flow", "Electricity bought that a contractual instrument covers, for the market-based method", scope="2"),
    Measure(UNCONTRACTED, "kWh", "flow", "Electricity bought that no instrument covers, for the market-based method", scope="2"),
    Measure("coal_equivalent_energy", "MJ", "flow", "Energy of standard coal, net calorific value"),
    Measure("electricity_energy", "MJ", "flow", "Electricity by energy, equivalent value"),
    Measure("steam_energy", "MJ", "flow", "Steam by energy"),
    Measure("natural_gas_energy", "MJ", "flow", "Natural gas burnt, by energy, net calorific value"),
    *(Measure(f"{name}_energy", "MJ", "flow", f"{meaning} burnt, by energy, net calorific value") for name, meaning in (FUELS | BIOFUELS).items()),
    Measure("carbon_in_fuel", "kg", "flow", "Carbon in the fuel burnt"),
    Measure("carbon_oxidised", "kg", "flow", "Carbon of the fuel that is oxidised"),
    Measure(REFRIGERANT_EMITTED, "kg", "flow", "Mass of refrigerant emitted, of a gas or a blend"),
    Measure("methane_potential", "kg", "flow", "Methane that the organic load could make at most"),
    Measure("n2o_nitrogen", "kg", "flow", "Nitrogen emitted as N2O"),
    Measure(EMISSION_GAS, "kg", "flow", "Mass of one greenhouse gas emitted; the gas stands beside it"),
    Measure(EMISSION_CO2E, "kg", "flow", "Greenhouse gas emitted, as CO2 equivalent by the GWP set that stands beside it"),
)
