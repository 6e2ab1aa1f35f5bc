"""The content index: what a report answers of each code of a disclosure framework."""

import polars as pl

from esg_kpis.frameworks.library import KINDS, OBLIGATIONS
from esg_kpis.tables.definition import EDITION, Column, Table, text

ANSWERS = ("reported", "zero", "not_applicable", "not_material", "not_collected", "suppressed", "missing")

CONTENT_INDEX = Table(
    "content_index", "one code of a framework that an edition answers, or one cell of a KPI that answers it", ("edition", "framework", "place", "kpi_id", "breakdown", "category"),
    (
        EDITION,
        text("framework", "Id of the framework and its version, such as hkex-guide-2020"),
        Column("place", pl.Int64(), "Place of the code in the framework, from 1"),
        text("code", "Code, such as A1.2"),
        text("title", "What it asks, in our words"),
        text("title_zh", "The same in Chinese; empty for others than HKEX"),
        text("kind", "metric, description, policy or general", allowed=KINDS),
        text("unit_asked", "Unit it asks for; empty where it asks for no figure, or leaves the unit open"),
        text("obligation", "Whether it must be answered", allowed=OBLIGATIONS),
        text("period", "Newest period of the edition"),
        text("kpi_id", "KPI that answers it; empty for none"),
        text("breakdown", "Breakdown of the cell; empty without a KPI"),
        text("category", "Category of the cell; empty without a KPI"),
        text("value", "Value as printed; null unless reported or zero", nullable=True),
        text("unit", "Unit of the value", nullable=True),
        text("section", "Section of the report where the answer stands", nullable=True),
        text("page", "Pages of the report; null where they are not known", nullable=True),
        text("status", "State of the answer. A blocked KPI is missing; what nothing answers is missing", allowed=ANSWERS),
        text("reason", "Why it is not reported, or what to bear in mind", nullable=True),
    ),
)  # fmt: skip
