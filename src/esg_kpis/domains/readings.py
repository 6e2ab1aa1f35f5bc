"""Readings: what meters count in intervals of minutes, or what their counters show. They are rolled up by month before anything else sees them."""

from esg_kpis.domains.definition import Domain

DOMAIN = Domain(
    name="readings",
    title="Meter readings",
    source="GHG Protocol Corporate Standard (2004), chapter 6: activity data from metering; GB 17167-2006: metering of energy in organizations",
    measures=(),
    dated=False,
    rolled=True,
)
