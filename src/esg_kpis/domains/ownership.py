"""Ownership: who controls a site and how much of it is owned, from when to when."""

from esg_kpis.domains.definition import Domain, Field

DOMAIN = Domain(
    name="ownership",
    title="Ownership",
    source="GHG Protocol Corporate Standard (2004), chapter 3: organizational boundaries; chapter 5: structural changes",
    measures=(),
    fields=(
        Field("ownership_share", "Share owned on these days, 0 to 1; blank means as in the register of sites"),
        Field("control", "Control on these days; blank means as in the register of sites", allowed=("operational", "financial", "both", "none")),
        Field("valid_from", "First day; blank means as long as the site is in the group"),
        Field("valid_to", "Last day; blank means still"),
    ),
    dated=False,
)
