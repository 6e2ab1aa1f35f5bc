"""Water: withdrawn by source, and discharged. A cubic metre counts as a tonne, as the reports print it."""

from esg_kpis.domains.definition import Domain, Measure

DOMAIN = Domain(
    name="water",
    consolidated=True,
    title="Water",
    source="HKEX ESG Guide A2.2; GRI 303-3 and 303-4 (2018)",
    measures=(
        Measure("water_tap", "t", "flow", "Running (fresh) water from the municipal supply"),
        Measure("water_reclaimed", "t", "flow", "Reclaimed water from the municipal supply"),
        Measure("water_discharged", "t", "flow", "Water discharged"),
    ),
)
