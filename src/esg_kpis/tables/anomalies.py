"""The table of anomalies: what a person is asked to explain to the assurer, and the place for the explanation."""

from esg_kpis.exact import VALUE
from esg_kpis.tables.definition import EDITION, SITE, Column, Table, text

ANOMALY_STATES = ("open", "explained", "stale")
ANOMALY_KINDS = ("year_on_year", "per_head", "per_floor_area", "implied_factor", "season")

ANOMALIES = Table(
    "anomalies", "one figure that an [[anomaly]] of an edition found to be unlike what it is compared with", ("edition", "rule", "period", "anomaly_id"),
    (
        text("anomaly_id", "`a` and the first 11 hex digits of a digest of edition, rule, subject, and period or month: the same in every run"),
        EDITION,
        text("rule", "Id of the [[anomaly]]"),
        text("kind", "What it is compared with", allowed=ANOMALY_KINDS),
        text("subject", "The KPI's cell, or the KPI or measure at a site"),
        SITE,
        text("period", "Period"),
        text("month", "Month, YYYY-MM, of a season", nullable=True),
        Column("observed", VALUE, "What was found, at 6 significant digits; per head at 3", unit="see unit"),
        Column("expected", VALUE, "The period before, the median of the peers, the bound of the band that was crossed, or the season of other years; digits as in observed", unit="see unit"),
        Column("ratio", VALUE, "Observed over expected; digits as in observed; null over zero and beyond 10^12", unit="one", nullable=True),
        text("threshold", "What the rule takes as usual"),
        text("unit", "Unit of observed and expected"),
        text("contributors", "What makes it up: of a sum the sites that changed most, adding up to the change; else what it was made from"),
        text("record_ids", "The largest records behind it, at most three, joined by `;`"),
        text("explanation", "The place for the explanation that goes to the assurer: why it is so", nullable=True),
        text("explained_by", "Who explained it: a role, initials, or a document", nullable=True),
        text("explained_on", "Day of the explanation", nullable=True),
        Column("explained_observed", VALUE, "What was observed when it was explained", unit="see unit", nullable=True),
        text("state", "open; explained; stale, if observed has changed since it was explained", allowed=ANOMALY_STATES),
    ),
)  # fmt: skip

