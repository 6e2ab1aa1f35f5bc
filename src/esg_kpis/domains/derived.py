"""Measures that no site sends: factors lead to them."""

from esg_kpis.domains.definition import Measure

EMISSION_GAS = "emission_gas"
EMISSION_CO2E = "emission_co2e"
ENERGY_COAL = "energy_standard_coal"
GAS_GROUPS = ("CO2", "CH4", "N2O", "HFCs", "PFCs", "SF6", "NF3", "HCFCs")
"""Groups gases are reported in: those of the Kyoto Protocol, and the HCFCs that stand beside them."""

MEASURES: tuple[Measure, ...] = (
    Measure(ENERGY_COAL, "kgce", "flow", "Energy in standard coal equivalent, by GB/T 2589, equivalent value"),
    Measure("natural_gas_energy", "MJ", "flow", "Natural gas burnt, by energy, net calorific value"),
    Measure("gasoline_energy", "MJ", "flow", "Motor gasoline burnt, by energy, net calorific value"),
    Measure("diesel_energy", "MJ", "flow", "Gas or diesel oil burnt, by energy, net calorific value"),
    Measure(EMISSION_GAS, "kg", "flow", "Mass of one greenhouse gas emitted; the gas stands beside it"),
    Measure(EMISSION_CO2E, "kg", "flow", "Greenhouse gas emitted, as CO2 equivalent by the GWP set that stands beside it"),
)
