"""Tables of uncertainty: how far a KPI may be off, and what contributes most to it."""

import polars as pl

from esg_kpis.exact import VALUE
from esg_kpis.tables.amounts import QUALITIES
from esg_kpis.tables.definition import CELL, EDITION, Column, Table, text

UNCERTAINTY_STATES = ("ok", "not_stated", "not_applicable")

_MEANINGS = {
    "measured": "that are bills or readings",
    "stated": "that are stated figures",
    "estimated_by_sender": "of which their senders say that they are estimates",
    "estimated": "that fill gaps by a method of the edition",
    "counted": "that are counts of people",
}

UNCERTAINTY = Table(
    "uncertainty", "one cell of a KPI table that has a value, in an edition that states uncertainties", ("edition", "kpi_id", "period", "breakdown", "category"),
    (
        EDITION, *CELL,
        Column("percent", VALUE, "Half of the 95 % interval in percent of the value, rounded once, half-even; null unless ok", unit="%", nullable=True),
        text("status", "Whether it could be computed; not_stated where an activity or a factor has no uncertainty: it is never taken as zero", allowed=UNCERTAINTY_STATES),
        text("reason", "Why it is not ok, and what lacks an uncertainty; or what to bear in mind", nullable=True),
        text("left_out", "What was left out on purpose: GWPs without a stated uncertainty", nullable=True),
        *(
            Column(f"quality_{name}", VALUE, f"Share of the amounts it rests on {_MEANINGS[name]}, by size; of a quotient, numerator and denominator count alike", unit="%", nullable=True)
            for name in QUALITIES
        ),
    ),
)  # fmt: skip

UNCERTAINTY_SOURCES = Table(
    "uncertainty_sources", "one of the three activities and factors that contribute most to the uncertainty of one cell", (*UNCERTAINTY.key, "rank"),
    (
        EDITION, *CELL,
        Column("rank", pl.Int64(), "1 for the one that contributes most"),
        text("source", "The activity (meter, site, measure) or the factor"),
        Column("own_percent", VALUE, "Its own uncertainty: half of the 95 % interval in percent", unit="%"),
        Column("contribution_percent", VALUE, "Its share of the variance", unit="%"),
    ),
)  # fmt: skip
