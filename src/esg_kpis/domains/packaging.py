"""Packaging material used for finished products."""

from esg_kpis.domains.definition import Domain, Field, Measure

DOMAIN = Domain(
    name="packaging",
    consolidated=True,
    title="Packaging",
    source="HKEX ESG Guide A2.5; GRI 301-1 (2016)",
    measures=(Measure("packaging_material", "t", "flow", "Packaging material used for finished products"),),
    fields=(Field("product_group", "Products it was used for", dimension=True),),
)
