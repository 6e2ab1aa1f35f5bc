"""Scope 3: totals per category, accepted as whoever computed them states them. No factor leads from them, and none to them."""

from esg_kpis.domains.definition import Domain, Field, Measure

STATED = "scope_3_stated"
ATTRIBUTE = "scope_3_category"
"""What a KPI may narrow them by."""

ALL = "all"
"""One total of all categories that a report covers."""

CATEGORIES = (
    "purchased_goods_and_services",
    "capital_goods",
    "fuel_and_energy_related_activities",
    "upstream_transportation_and_distribution",
    "waste_generated_in_operations",
    "business_travel",
    "employee_commuting",
    "upstream_leased_assets",
    "downstream_transportation_and_distribution",
    "processing_of_sold_products",
    "use_of_sold_products",
    "end_of_life_treatment_of_sold_products",
    "downstream_leased_assets",
    "franchises",
    "investments",
    ALL,
)
"""Categories 1 to 15 in their order. Source: GHG Protocol Corporate Value Chain (Scope 3) Accounting and Reporting Standard, 2011, chapter 5."""

METHODS = (
    "supplier_specific",
    "hybrid",
    "average_data",
    "spend_based",
    "fuel_based",
    "distance_based",
    "site_specific",
    "waste_type_specific",
    "asset_specific",
    "lessor_specific",
    "lessee_specific",
    "use_phase",
    "franchise_specific",
    "investment_specific",
    "several",
    "not_stated",
)
"""Source: GHG Protocol Technical Guidance for Calculating Scope 3 Emissions, 2013, chapters 1 to 15. `use_phase`: emissions of use over the life of products, chapter 11."""

GWP_SETS = ("SAR", "AR4", "AR5", "AR6", "mixed", "not_stated")

DOMAIN = Domain(
    name="scope_3",
    stated=True,
    title="Scope 3, as stated",
    source="GHG Protocol Corporate Value Chain (Scope 3) Accounting and Reporting Standard (2011), chapter 5, and Technical Guidance for Calculating Scope 3 Emissions (2013)",
    measures=(
        Measure(
            STATED, "kg", "flow", "Greenhouse gas of the value chain, as CO2 equivalent. As supplied by whoever computed it: neither its factors nor its GWP set are this pipeline's", scope="3"
        ),
    ),
    fields=(
        Field("category", "Category of the value chain, or `all` for one total", required=True, allowed=CATEGORIES, dimension=True, attribute=ATTRIBUTE),
        Field("method", "How it was computed, by whoever did: a method of the Technical Guidance, `several`, or `not_stated`", required=True, allowed=METHODS, dimension=True),
        Field("gwp_set", "GWP set of its CO2 equivalent: of which Assessment Report, `mixed`, or `not_stated`", required=True, allowed=GWP_SETS, dimension=True),
        Field("statement", "Document that states the figure, with page or table", required=True),
    ),
)
