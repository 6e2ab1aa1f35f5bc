"""The table of lineage: which amounts a cell adds up, by each sum that its formula needs, back to the record."""

import polars as pl

from esg_kpis.exact import PRODUCT
from esg_kpis.tables.definition import CELL, EDITION, SITE, Column, Table, text

LINEAGE = Table(
    "lineage", "one amount in one term of one cell", ("edition", "kpi_id", "period", "breakdown", "category", "term", "term_period", "within", "amount_id"),
    (
        EDITION, *CELL,
        text("term", "The sum or count of the formula that the amount is added up in, as a KPI id: the KPI itself, or one that its numerator or denominator rests on"),
        text("term_period", "Period of that term: the period before, in a growth"),
        text("within", "Attributes of the category that narrow the term, joined by `;`; `*` for all of them"),
        text("amount_id", "Amount"),
        text("measure", "Measure of the amount"),
        SITE,
        text("month", "Month of a flow or event, YYYY-MM", nullable=True),
        text("root_amount_id", "Amount that it was made from, before any factor"),
        text("record_id", "Record that this goes back to; empty for an estimate, and for what is marked as missing"),
        text("way", "Factors from the record to the amount, in the order they were applied, joined by ` > `; empty for none"),
        Column("quantity", PRODUCT, "Quantity of the amount; null when blocked", unit="see unit", nullable=True),
        text("unit", "Unit of the quantity"),
        text("times", "What the quantity is multiplied by to stand in the term's unit, as a whole number or a fraction such as 1/1000; the sum over the term is exact"),
        text("term_unit", "Unit of the term"),
        Column("estimated", pl.Boolean(), "Whether the quantity is an estimate"),
    ),
)  # fmt: skip
