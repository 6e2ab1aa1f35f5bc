"""Readings: what meters count in intervals of minutes, or what their counters show. They are rolled up by month before anything else sees them."""

from esg_kpis.domains.definition import Domain, Field

DOMAIN = Domain(
    name="readings",
    title="Meter readings",
    source="GHG Protocol Corporate Standard (2004), chapter 6: activity data from metering; GB 17167-2006: metering of energy in organizations",
    measures=(),
    fields=(
        Field("time", "When: the start or end of the interval, or the instant at which a counter was read"),
        Field("value", "What was consumed in the interval, or what the counter shows"),
        Field("received", "When the row became known; the last that was known on the knowledge date holds"),
        Field("quality", "Word that says how the reading came about: measured, estimated, refused"),
        Field("summer", "Mark of daylight saving time, for the hour that comes twice"),
        Field("device", "Serial number of the device behind a counter, which changes when it is exchanged"),
    ),
    dated=False,
    rolled=True,
)
