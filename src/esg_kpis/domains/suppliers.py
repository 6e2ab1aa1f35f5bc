"""Suppliers: a list of them, each for as long as it supplies; or numbers of them at a date."""

from esg_kpis.domains.definition import Count, Domain, Field, Measure

DOMAIN = Domain(
    name="suppliers",
    title="Suppliers",
    source="HKEX ESG Guide B5.1; GRI 2-6 (2021)",
    lasting=True,
    measures=(Measure("suppliers", "supplier", "stock", "Suppliers with whom there is a contract on the day"),),
    fields=(
        Field("supplier_id", "Number of the supplier", key=True),
        Field("supplier_country", "Country or territory it supplies from, ISO 3166-1 alpha-2", required=True, country=True, dimension=True, attribute="supplier_country"),
        Field("supplies", "What it supplies, as the sender calls it", dimension=True, attribute="supplies"),
    ),
    counts=(Count("suppliers", of=("supplier_id",)),),
)
