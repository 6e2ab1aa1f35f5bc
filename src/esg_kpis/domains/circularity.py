"""Circularity: what is taken back, recycled and used again, and material that was waste before."""

from esg_kpis.domains.definition import Domain, Field, Measure

DOMAIN = Domain(
    name="circularity",
    title="Recycled products and materials",
    source="HKEX ESG Guide A1.6 and A2.5; GRI 301-2, 301-3 (2016) and 306-4 (2020); SASB TC-HW-410a.4",
    measures=(
        Measure("ewaste_recycled", "t", "flow", "End-of-life products and electronic waste recovered, by whomever the group has it recycled"),
        Measure("ewaste_avoided", "t", "flow", "Electronic waste that did not arise, because products were used on"),
        Measure("recycled_material_used", "t", "flow", "Recycled material used in products"),
        Measure("products_taken_back", "unit", "flow", "Products taken back at the end of their use"),
        Measure("organic_waste_treated", "t", "flow", "Kitchen and garden waste turned into something of use"),
        Measure("fertilizer_produced", "t", "flow", "Fertilizer made of organic waste"),
        Measure("cartons_reused", "carton", "flow", "Boxes used again, in place of new ones"),
        Measure("pallets_reused", "pallet", "flow", "Pallets used again, in place of new ones"),
        Measure("packaging_dispatched", "carton", "flow", "Cartons in which products were dispatched"),
        Measure("packaging_recycled", "carton", "flow", "Of them, cartons that had been used before"),
    ),
    fields=(Field("product_kind", "Kind of product, as the sender calls it", dimension=True, attribute="product_kind"), Field("recycler", "Who recycled it")),
)
