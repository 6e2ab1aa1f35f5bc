"""Waste water: the organic load that makes methane."""

from esg_kpis.domains.definition import Domain, Field, Measure

DOMAIN = Domain(
    name="wastewater",
    title="Waste water",
    source="2006 IPCC Guidelines, volume 5, chapter 6",
    measures=(Measure("wastewater_cod", "kg", "flow", "Chemical oxygen demand of the waste water treated on site", scope="1"),),
    fields=(Field("treatment", "How it is treated", required=True, allowed=("septic",), dimension=True),),
)
