"""Waste water: the organic load that makes methane."""

from esg_kpis.domains.definition import Domain, Field, Measure

TREATMENTS = (
    "septic", "anaerobic_reactor", "anaerobic_digester", "lagoon_shallow", "lagoon_deep", "aerobic_managed", "aerobic_overloaded", "aerobic_central", "discharge",
    "discharge_lakes", "discharge_other",
)  # fmt: skip
"""Treatments with a methane correction factor: 2006 IPCC Guidelines, volume 5, Tables 6.3 and 6.8; 2019 Refinement, Table 6.3."""

DOMAIN = Domain(
    name="wastewater",
    consolidated=True,
    title="Waste water",
    source="2006 IPCC Guidelines, volume 5, chapter 6, equations 6.1 and 6.4: load less sludge, times B0 and MCF, less what is recovered",
    measures=(
        Measure("wastewater_cod", "kg", "flow", "Chemical oxygen demand of the waste water treated on site", scope="1", biogenic=True),
        Measure("wastewater_bod", "kg", "flow", "Biochemical oxygen demand of the waste water treated on site", scope="1", biogenic=True),
        Measure("sludge_cod", "kg", "flow", "Chemical oxygen demand taken out with sludge, which makes no methane here", scope="1", biogenic=True),
        Measure("sludge_bod", "kg", "flow", "Biochemical oxygen demand taken out with sludge, which makes no methane here", scope="1", biogenic=True),
        Measure("methane_recovered", "kg", "flow", "Methane of waste water that is recovered and burnt, not emitted", scope="1", biogenic=True),
        Measure("wastewater_nitrogen", "kg", "flow", "Nitrogen in the effluent", scope="1", biogenic=True),
    ),
    fields=(Field("treatment", "How it is treated", required=True, allowed=TREATMENTS, dimension=True),),
)
