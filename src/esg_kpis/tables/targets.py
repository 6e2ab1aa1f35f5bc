"""Tables of targets: what an edition set itself, and how far it is."""

import polars as pl

from esg_kpis.exact import VALUE
from esg_kpis.tables.definition import EDITION, Column, Table, text

TARGET_VERDICTS = ("on_path", "behind", "reached", "missed", "not_started", "too_early", "incomplete", "cannot_be_computed")

_TARGET = text("target_id", "Target id, as in targets.yaml")
_VERSION = text("version", "Set of targets that this one belongs to")

TARGETS = Table(
    "targets", "one target in one version of the set", ("edition", "target_id", "version"),
    (
        EDITION, _TARGET, _VERSION,
        Column("version_number", pl.Int64(), "Place of the version in the order of time, from 1"),
        text("label", "Name of the target"),
        text("label_zh", "The same in Traditional Chinese, where the edition gives it", nullable=True),
        text("text", "The report's own words"),
        text("kind", "What is to happen", allowed=("reduction", "remaining", "at_least", "at_most", "cumulative")),
        Column("value", VALUE, "The target as it is set: a percentage of the base, a level, or a sum", unit="see unit"),
        text("unit", "Unit of the value"),
        Column("base", pl.Int64(), "Base year", nullable=True),
        Column("counts_from", pl.Int64(), "First year that counts, of a sum or of a level held in each year", nullable=True),
        Column("target_year", pl.Int64(), "Year by the end of which it is to be reached"),
        text("path", "How the years between are judged", allowed=("linear", "none")),
        text("boundary", "Which sites it is about, in words"),
        text("kpi_id", "KPI it is measured by; null where none measures it", nullable=True),
        text("breakdown", "Breakdown of that KPI's cell", nullable=True),
        text("category", "Category of that KPI's cell", nullable=True),
        text("change", "What this version changes: first set, new, as before, or what was changed"),
        text("ended", "Which version no longer has it, and what stands in its place; null while it stands", nullable=True),
        text("source", "Where it is printed"),
    ),
)  # fmt: skip

TARGET_PROGRESS = Table(
    "target_progress", "one target in one version in one period", ("edition", "target_id", "version", "period"),
    (
        EDITION, _TARGET, _VERSION,
        text("period", "Period id"),
        Column("base_value", VALUE, "The KPI in the base period, inside the target's boundary", unit="see unit", nullable=True),
        Column("target_value", VALUE, "What the KPI is to be, or add up to, in the target year", unit="see unit", nullable=True),
        Column("path_value", VALUE, "What it ought to be in this period: linear from base to target year", unit="see unit", nullable=True),
        Column("actual", VALUE, "The KPI in this period, or its sum so far, inside the target's boundary", unit="see unit", nullable=True),
        Column("gap", VALUE, "Actual minus path", unit="see unit", nullable=True),
        text("unit", "Unit of these values; null where nothing measures the target", nullable=True),
        Column("progress", VALUE, "Share of the way done: from base to target, or of the sum", unit="%", nullable=True),
        text("verdict", "How it stands", allowed=TARGET_VERDICTS),
        text("reason", "Why there is no verdict, or what to know of it", nullable=True),
    ),
)  # fmt: skip
