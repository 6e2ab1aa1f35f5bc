"""Sites: the register of places, with the floor area each states."""

from esg_kpis.domains.definition import Domain, Field, Measure

DOMAIN = Domain(
    name="sites",
    consolidated=True,
    title="Sites",
    source="GHG Protocol Corporate Standard (2004), chapter 3: organizational boundaries",
    measures=(Measure("floor_area", "m2", "stock", "Gross floor area of the site, while it is in the register"),),
    fields=(
        Field("name", "Name of the site", required=True),
        Field("country", "ISO 3166-1 alpha-2 code of the country or territory", required=True),
        Field("grid_region", "Region of the electricity grid, as factors name it; blank when the country is one"),
        Field(
            "kind", "Kind of site", required=True, allowed=("office", "store", "data_centre", "factory", "warehouse", "building", "group")
        ),
        Field("business_line", "Business line the site works for"),
        Field("climate", "Climate zone, in words of your own such as those of GB 50176; sites are compared within one"),
        Field("control", "Control the group has over it; blank means operational", allowed=("operational", "financial", "both", "none")),
        Field("ownership_share", "Share owned, 0 to 1; blank means 1"),
        Field("valid_from", "First day in the group; blank means from the beginning"),
        Field("valid_to", "Last day in the group; blank means still"),
    ),
    dated=False,
)
