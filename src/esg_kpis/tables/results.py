"""Tables of results: KPI values, published figures, the tie-out of both, findings."""

import polars as pl

from esg_kpis.exact import VALUE
from esg_kpis.tables.definition import CELL, EDITION, Column, Table, text

STATUSES = ("ok", "incomplete", "blocked", "not_applicable", "not_collected", "suppressed")
VERDICTS = ("equal", "differs", "stated", "blocked", "not_computed", "not_published", "suppressed")
SEVERITIES = ("error", "warning", "note")
FINDING_STATES = ("open", "follows", "explained", "waived", "known", "passed")

KPI_VALUES = Table(
    "kpi_values", "one cell of a KPI table", ("edition", "kpi_id", "period", "breakdown", "category"),
    (
        EDITION, *CELL,
        Column("value", VALUE, "Unrounded, 18 decimals half-even; null unless ok or incomplete", unit="see unit", nullable=True),
        text("printed", "Rounded half-up at `decimals`; null with the value", nullable=True),
        text("unit", "Unit of the value"),
        Column("decimals", pl.Int64(), "Decimals of the printed cell"),
        text("status", "State of the cell", allowed=STATUSES),
        text("reason", "Why it is not ok", nullable=True),
        Column("estimated_share", VALUE, "Share of the quantity that is estimated", unit="one"),
    ),
)  # fmt: skip

KPI_LABELS = Table(
    "kpi_labels", "one category of a KPI, as a report names it", ("edition", "kpi_id", "breakdown", "category"),
    (
        EDITION, CELL[0], CELL[2], CELL[3],
        text("table", "Table of the report that prints it"),
        text("table_zh", "The same in Traditional Chinese", nullable=True),
        Column("place", pl.Int64(), "Where it stands in the edition, in the order of the report's tables, counted from 1"),
        text("breakdown_en", "Breakdown in words; null for the whole", nullable=True),
        text("breakdown_zh", "The same in Traditional Chinese", nullable=True),
        text("label_en", "KPI and category in English"),
        text("label_zh", "The same in Traditional Chinese; null where the edition has no label", nullable=True),
        text("unit", "Unit, as in kpi_values or as the edition writes it"),
        text("unit_zh", "The same in Traditional Chinese", nullable=True),
        Column("open", pl.Boolean(), "Whether only the data know the category, such as each site; such rows are in no KPI table"),
    ),
)  # fmt: skip

PUBLISHED = Table(
    "published", "one figure as printed", ("edition", "kpi_id", "period", "breakdown", "category"),
    (
        EDITION, *CELL,
        text("value_as_printed", "The figure as it stands in print"),
        text("unit", "Unit as it stands in print"),
        Column("decimals", pl.Int64(), "Decimals printed"),
        text("table", "Table or place in the document"),
        text("footnote", "Footnotes of the figure", nullable=True),
        text("record_id", "Record of the column it was read from, if it came with the data", nullable=True),
    ),
)  # fmt: skip

TIE_OUT = Table(
    "tie_out", "one printed or computed cell", ("edition", "kpi_id", "period", "breakdown", "category"),
    (
        EDITION, *CELL,
        text("published", "As printed, without thousands separators", nullable=True),
        text("computed", "Ours, at the same decimals", nullable=True),
        Column("difference", VALUE, "Computed (unrounded) minus published", unit="see unit", nullable=True),
        text("unit", "Unit"),
        text("verdict", "Result", allowed=VERDICTS),
        text("explanation", "Why it differs or was not computed", nullable=True),
        Column("explained", pl.Boolean(), "Whether the edition knows the difference, with a proof"),
    ),
)  # fmt: skip

FINDINGS = Table(
    "findings", "the result of one check on one subject", ("finding_id",),
    (
        text("finding_id", "Digest of check, subject, edition and period"),
        text("check", "Name of the check"),
        text("subject", "What was checked"),
        text("edition", "Edition; empty when it holds for all"),
        text("period", "Period; empty when it holds for all"),
        text("severity", "How much it matters", allowed=SEVERITIES),
        Column("passed", pl.Boolean(), "Whether it passed"),
        text("observed", "What was found"),
        text("expected", "What ought to be"),
        text("difference", "By how much", nullable=True),
        text("record_ids", "Records concerned, joined by `;`"),
        text("what_to_do", "What a person should do"),
        text("waived", "Who waived it, why and until when", nullable=True),
        text("state", "What is still to be done about it: `open` needs somebody; `follows` goes when the finding that causes it is mended; `explained` and `waived` are settled in the edition; `known` needs nobody; `passed`", allowed=FINDING_STATES),
    ),
)  # fmt: skip
