"""What must hold between printed figures, and whether it does."""

import polars as pl

from esg_kpis.tables.definition import EDITION, Column, Table, text

CHECK_VERDICTS = ("holds", "rounding", "cannot_be_rounding", "not_checked", "unreadable")

TABLE_CHECKS = Table(
    "table_checks", "one relation between printed figures", ("edition", "check", "subject", "period", "number"),
    (
        EDITION,
        text("check", "Kind of relation, as docs/checks.md lists them"),
        text("subject", "What it is about: KPI, breakdown, category"),
        text("period", "Period"),
        Column("number", pl.Int64(), "Counts relations of one check, subject and period"),
        text("verdict", "`holds` as printed, by `rounding`, no rounding explains it, it could not be looked at, or the figure is no number", allowed=CHECK_VERDICTS),
        text("table", "Table of the first figure"),
        text("observed", "The one side: arithmetic written out, and the range of numbers it may be"),
        text("expected", "The other side"),
        text("gap", "How far the two ranges are apart; only where no rounding explains it, and none where they meet but hold no whole number", nullable=True),
        text("difference", "The one side minus the other, of the printed numbers themselves", nullable=True),
        text("figures", "Figures as printed, joined by `; `; the first is the one it is about"),
        text("suspects", "Figures of which one alone, otherwise printed, would explain it and break nothing that holds, likeliest first", nullable=True),
        text("slips", "Usual slips that lead to the print, by figure", nullable=True),
        text("basis", "Where the relation comes from: kpis.yaml, checks.yaml, the table itself"),
        text("explanation", "What there is to know beside, and why it fails where a person explained it", nullable=True),
        Column("explained", pl.Boolean(), "Whether checks.yaml explains it, with a proof; it counts all the same"),
    ),
)  # fmt: skip
