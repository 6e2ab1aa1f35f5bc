"""Products: units sold or shipped, and units recalled."""

from esg_kpis.domains.definition import Domain, Field, Measure

DOMAIN = Domain(
    name="products",
    title="Products sold and recalled",
    source="HKEX ESG Guide B6.1; GRI 416-2 (2016)",
    measures=(
        Measure("products_sold", "unit", "flow", "Products sold or shipped"),
        Measure("products_recalled", "unit", "flow", "Of products sold or shipped, those that had to be recalled; a period without any says 0"),
        Measure("products_subsidised", "unit", "flow", "Products sold with a subsidy for saving energy"),
    ),
    fields=(
        Field("product_line", "Line of products, as the sender calls it", dimension=True, attribute="product_line"),
        Field("recall_reason", "Why they were recalled", allowed=("safety_health", "other"), dimension=True, attribute="recall_reason"),
    ),
)
