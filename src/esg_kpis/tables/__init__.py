"""The data dictionary: every table that passes between steps, column by column.

A column is declared once, with its type, unit and meaning; the pandera schema, the column metadata in Dagster and `docs/data-dictionary.md` are made from it.
Input domains declare their own columns in `domains/`.
"""

from esg_kpis.tables.amounts import (
    AMOUNTS,
    CLAIMS,
    COVERAGE_SUMMARY,
    EDITION_AMOUNTS,
    ESTIMATES,
    FACTOR_USES,
    FACTORS,
    FATES,
    QUALITIES,
    RECORD_FATES,
)
from esg_kpis.tables.anomalies import ANOMALIES, ANOMALY_KINDS, ANOMALY_STATES
from esg_kpis.tables.checks import CHECK_VERDICTS, TABLE_CHECKS
from esg_kpis.tables.definition import Column, Dtype, Table, conform, empty, finding_id, none_twice, stacked
from esg_kpis.tables.evidence import FACTORS_USED, HELD, INPUTS, KPI_REGISTER, PACK_APPROVALS, PACK_CONTROLS, PEOPLE_CELLS, RECEIVED
from esg_kpis.tables.frameworks import ANSWERS, CONTENT_INDEX
from esg_kpis.tables.lenses import LENSES
from esg_kpis.tables.lineage import LINEAGE
from esg_kpis.tables.people import HEADCOUNT, PEOPLE_CONTROLS, PEOPLE_COUNTS
from esg_kpis.tables.readings import READING_FATES, READING_MONTHS, READING_SAMPLES, READING_VERSIONS
from esg_kpis.tables.records import COVERAGE, FILES, INSTRUMENTS, METERS, NATURES, OWNERSHIP, QUANTITIES, RECORDS, REJECTED, SITES
from esg_kpis.tables.register import APPROVALS, PERIOD_STATES, RESTATEMENTS
from esg_kpis.tables.restatement import BRIDGE
from esg_kpis.tables.results import FINDING_STATES, FINDINGS, KPI_LABELS, KPI_VALUES, PUBLISHED, SEVERITIES, STATUSES, TIE_OUT, VERDICTS
from esg_kpis.tables.targets import TARGET_PROGRESS, TARGET_VERDICTS, TARGETS
from esg_kpis.tables.uncertainty import UNCERTAINTY, UNCERTAINTY_SOURCES, UNCERTAINTY_STATES

TABLES: tuple[Table, ...] = (
    FILES, READING_MONTHS, READING_FATES, READING_SAMPLES, READING_VERSIONS, RECORDS, REJECTED, QUANTITIES, SITES, OWNERSHIP, METERS, INSTRUMENTS, AMOUNTS, EDITION_AMOUNTS, RECORD_FATES, FACTORS, CLAIMS, FACTOR_USES, COVERAGE, COVERAGE_SUMMARY, ESTIMATES, KPI_VALUES, KPI_LABELS, PUBLISHED, TIE_OUT, LINEAGE, UNCERTAINTY, UNCERTAINTY_SOURCES, LENSES, TARGETS, TARGET_PROGRESS, CONTENT_INDEX, ANOMALIES, TABLE_CHECKS, FINDINGS, BRIDGE,
    PEOPLE_CONTROLS, PEOPLE_COUNTS, HEADCOUNT, KPI_REGISTER, INPUTS, PEOPLE_CELLS, FACTORS_USED, PACK_CONTROLS, PACK_APPROVALS, APPROVALS, RESTATEMENTS, PERIOD_STATES,
)  # fmt: skip
"""All tables, in the order of the data flow."""

ON_DEMAND: tuple[Table, ...] = (LINEAGE, BRIDGE, KPI_REGISTER, INPUTS, PEOPLE_CELLS, FACTORS_USED, PACK_CONTROLS, PACK_APPROVALS, APPROVALS, RESTATEMENTS, PERIOD_STATES)
"""Those that commands and evidence packs make, and no run writes."""

WRITTEN = tuple(table for table in TABLES if table not in ON_DEMAND)
"""Those that every run writes."""

__all__ = [
    "AMOUNTS",
    "ANOMALIES",
    "ANOMALY_KINDS",
    "ANOMALY_STATES",
    "ANSWERS",
    "APPROVALS",
    "BRIDGE",
    "CHECK_VERDICTS",
    "CLAIMS",
    "CONTENT_INDEX",
    "COVERAGE",
    "COVERAGE_SUMMARY",
    "EDITION_AMOUNTS",
    "ESTIMATES",
    "FACTORS",
    "FACTORS_USED",
    "FACTOR_USES",
    "FATES",
    "FILES",
    "FINDINGS",
    "FINDING_STATES",
    "HEADCOUNT",
    "HELD",
    "INPUTS",
    "INSTRUMENTS",
    "KPI_LABELS",
    "KPI_REGISTER",
    "KPI_VALUES",
    "LENSES",
    "LINEAGE",
    "METERS",
    "NATURES",
    "ON_DEMAND",
    "OWNERSHIP",
    "PACK_APPROVALS",
    "PACK_CONTROLS",
    "PEOPLE_CELLS",
    "PEOPLE_CONTROLS",
    "PEOPLE_COUNTS",
    "PERIOD_STATES",
    "PUBLISHED",
    "QUALITIES",
    "QUANTITIES",
    "READING_FATES",
    "READING_MONTHS",
    "READING_SAMPLES",
    "READING_VERSIONS",
    "RECEIVED",
    "RECORDS",
    "RECORD_FATES",
    "REJECTED",
    "RESTATEMENTS",
    "SEVERITIES",
    "SITES",
    "STATUSES",
    "TABLES",
    "TABLE_CHECKS",
    "TARGETS",
    "TARGET_PROGRESS",
    "TARGET_VERDICTS",
    "TIE_OUT",
    "UNCERTAINTY",
    "UNCERTAINTY_SOURCES",
    "UNCERTAINTY_STATES",
    "VERDICTS",
    "WRITTEN",
    "Column",
    "Dtype",
    "Table",
    "conform",
    "empty",
    "finding_id",
    "none_twice",
    "stacked",
]  # fmt: skip
