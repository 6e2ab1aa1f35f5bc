"""Energy: purchased electricity, renewable electricity, heat, and fuels."""

from esg_kpis.domains.definition import Domain, Field, Measure
from esg_kpis.domains.fuels import BIOFUELS, FUELS, VOLUMES

DOMAIN = Domain(
    name="energy",
    consolidated=True,
    title="Energy",
    source="GHG Protocol Corporate Standard (2004), chapter 4, and Scope 2 Guidance (2015); HKEX ESG Guide A2.1",
    measures=(
        Measure("electricity_purchased", "kWh", "flow", "Electricity bought from the grid", scope="2"),
        Measure("electricity_renewable", "kWh", "flow", "Renewable electricity bought or generated for own use", scope="2"),
        Measure("heat_purchased", "MJ", "flow", "Heat or steam bought", scope="2"),
        Measure("steam_purchased", "kg", "flow", "Low-pressure steam bought, by mass", scope="2"),
        Measure("natural_gas", "Nm3", "flow", "Natural gas burnt, by volume at 0 °C and 101.325 kPa", scope="1"),
        Measure("natural_gas_mass", "kg", "flow", "Natural gas burnt, by mass", scope="1"),
        Measure("natural_gas_gross_energy", "MJ", "flow", "Natural gas burnt, by energy, gross calorific value", scope="1"),
        *(Measure(name, "kg", "flow", f"{meaning} burnt", scope="1") for name, meaning in FUELS.items()),
        *(Measure(f"{name}_volume", "L", "flow", f"{meaning} burnt, by volume", scope="1") for name, meaning in VOLUMES.items()),
        *(Measure(name, "kg", "flow", f"{meaning} burnt", scope="1", biogenic=True) for name, meaning in BIOFUELS.items()),
    ),
    fields=(Field("use", "Where a fuel is burnt", allowed=("stationary", "mobile"), dimension=True),),
)
