"""Complaints about products and services: a row per complaint, or numbers of them."""

from esg_kpis.domains.definition import Count, Domain, Field, Measure

DOMAIN = Domain(
    name="complaints",
    title="Complaints",
    source="HKEX ESG Guide B6.2; 2023 ESG report, Number of Complaints for Products and Services",
    measures=(Measure("complaints", "complaint", "flow", "Complaints about products and services, in the month they were received"),),
    fields=(
        Field("complaint_id", "Number of the complaint", key=True),
        Field("responsibility", "Whether it was found that the company is responsible", required=True, allowed=("pending", "none", "identified"), dimension=True, attribute="responsibility"),
        Field("resolution", "Whether it was resolved: within 72 hours, later, or not yet", required=True, allowed=("open", "within_72h", "later"), dimension=True, attribute="resolution"),
        Field("product_line", "Line of products, as the sender calls it", dimension=True, attribute="product_line"),
    ),
    counts=(Count("complaints", of=("complaint_id",), most=("resolution", "responsibility")),),
)
