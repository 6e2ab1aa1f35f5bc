"""Meters: the register of what is read where, and so of what is expected to come."""

from esg_kpis.domains.definition import Domain, Field

DOMAIN = Domain(
    name="meters",
    title="Meters",
    source="GHG Protocol Corporate Standard (2004), chapter 7: completeness of activity data; GB 17167-2006: metering of energy in organizations",
    measures=(),
    fields=(
        Field("measure", "Measure it counts", required=True),
        Field("part_of", "Meter behind which it lies, for a sub-meter: what it counts is in the bills of that one; blank for a main meter"),
        Field("digits", "Digits of its counter before the decimal mark, for readings that roll over"),
        Field("net_metering", "Whether it may count backwards, because the site feeds back; blank means no", allowed=("yes", "no")),
        Field("valid_from", "First day it is read; blank means as long as the site is in the group"),
        Field("valid_to", "Last day it is read; blank means still"),
    ),
    dated=False,
)
