"""Waste, hazardous and not."""

from esg_kpis.domains.definition import Domain, Measure

DOMAIN = Domain(
    name="waste",
    consolidated=True,
    title="Waste",
    source="HKEX ESG Guide A1.3 and A1.4; GRI 306-3 (2020)",
    measures=(
        Measure("waste_hazardous", "t", "flow", "Hazardous waste produced"),
        Measure("waste_non_hazardous", "t", "flow", "Non-hazardous waste produced"),
    ),
)
