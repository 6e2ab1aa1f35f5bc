"""Savings: energy and water that measures of efficiency save, as whoever runs the measure states them."""

from esg_kpis.domains.definition import Domain, Field, Measure

DOMAIN = Domain(
    name="savings",
    title="Savings of energy and water",
    source="HKEX ESG Guide A2.3 and A2.4; GRI 302-4 (2016): reductions as a direct result of conservation and efficiency; GRI 305-5 (2016)",
    consolidated=True,
    stated=True,
    measures=(
        Measure("electricity_saved", "kWh", "flow", "Electricity that was not used, because of a measure of efficiency. What it would have emitted stands beside the scopes", scope="avoided"),
        Measure("water_saved", "m3", "flow", "Water that was not used, because of a measure of efficiency"),
        Measure("hot_water_used", "t", "flow", "Hot water used, however it was heated"),
        Measure("hot_water_solar", "t", "flow", "Hot water heated by the sun"),
    ),
    fields=(Field("project", "Measure that saves it", dimension=True), Field("statement", "Document that states the figure", required=True)),
)
