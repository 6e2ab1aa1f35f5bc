"""What an edition's KPIs would be otherwise: by another GWP set, other rules, another method, boundary or knowledge date."""


from esg_kpis.exact import VALUE
from esg_kpis.tables.definition import CELL, EDITION, Column, Table, text
from esg_kpis.tables.results import STATUSES

LENSES = Table(
    "lenses", "one cell of a KPI table as an edition has it and through one lens", ("edition", "lens", "kpi_id", "period", "breakdown", "category"),
    (
        EDITION,
        text("lens", "Id of the lens"),
        *CELL,
        text("unit", "Unit of both values and of their difference"),
        Column("value", VALUE, "As the edition has it, unrounded", unit="see unit", nullable=True),
        text("status", "State of the cell in the edition", allowed=STATUSES),
        Column("lens_value", VALUE, "Through the lens, unrounded", unit="see unit", nullable=True),
        text("lens_status", "State of the cell through the lens", allowed=STATUSES),
        Column("difference", VALUE, "Through the lens less as the edition has it; null where one of both has no value", unit="see unit", nullable=True),
        Column("percent", VALUE, "The difference over the edition's value; null where that is zero or there is none", unit="%", nullable=True),
        text("reason", "Why it has no value through the lens, or is not ok", nullable=True),
    ),
)  # fmt: skip
