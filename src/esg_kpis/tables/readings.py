"""Tables of meter readings: what each month of a table became, by meter and by rule, and a few of the rows that were refused."""

import polars as pl

from esg_kpis.exact import QUANTITY
from esg_kpis.tables.definition import Column, Table, text

_TABLE = text("reading_table", "Table of readings, by its name in `_format.toml`")
_MONTH = text("month", "Month of the time zone of the table, YYYY-MM")

READING_MONTHS = Table(
    "reading_months", "one meter of the register in one month of one table of readings in which it sent any, or over which its counter went on between two readings", ("reading_table", "month", "site_id", "meter_id"),
    (
        _TABLE, _MONTH,
        text("site_id", "Site"), text("meter_id", "Meter"), text("measure", "Measure"),
        Column("rows", pl.Int64(), "Rows received; 0 for a month between two readings of a counter"),
        Column("expected", pl.Int64(), "Intervals on the days on which the register says that the meter is read; of a counter those used, and by its interval those that are missing between one reading and the next, also where that is one of another month"),
        Column("used", pl.Int64(), "Intervals, or readings, that count"),
        Column("missing", pl.Int64(), "Expected, less used"),
        Column("estimated", pl.Int64(), "Of those used, estimates"),
        Column("rejected", pl.Int64(), "Rows that a rule rejected"),
        Column("excluded", pl.Int64(), "Rows for which others stand, or that were not known yet"),
        Column("partial_days", pl.Int64(), "Days with some intervals but not all; null for a counter", unit="day", nullable=True),
        Column("partial_missing", pl.Int64(), "Of the intervals missing, those on partial days: they count as nothing; null for a counter", nullable=True),
        Column("missing_days", pl.Int64(), "Days without any interval; null for a counter", unit="day", nullable=True),
        Column("rollovers", pl.Int64(), "Times its counter went through its highest number, between two months in the later one; null for intervals", nullable=True),
        Column("breaks", pl.Int64(), "Times its counter fell, or was exchanged with no reading of the new one when the old one was last read, so that what was consumed between is not known; between two months in the later one; null for intervals", nullable=True),
        Column("quantity", QUANTITY, "Quantity that counts", unit="see unit"),
        Column("estimated_quantity", QUANTITY, "Of it, what rests on estimated readings, or on none in the month: of a counter what lies between the readings before and after is parted by time", unit="see unit"),
        Column("largest", QUANTITY, "Largest of the intervals that count; null for a counter, and where none counts", unit="see unit", nullable=True),
        text("unit", "Unit of the table"),
    ),
)  # fmt: skip

READING_FATES = Table(
    "reading_fates", "one rule in one month of one table of readings", ("reading_table", "month", "rule"),
    (
        _TABLE, _MONTH,
        text("rule", "Rule; `used` where none applied"),
        text("fate", "What became of the rows", allowed=("used", "excluded", "rejected")),
        Column("rows", pl.Int64(), "Rows"),
        Column("meters", pl.Int64(), "Meters with any"),
        text("meaning", "What the rule says of them"),
    ),
)  # fmt: skip

READING_SAMPLES = Table(
    "reading_samples", "one of the first rows that a rule rejected in one month of one table of readings", ("reading_table", "month", "rule", "path", "row"),
    (
        _TABLE, _MONTH, text("rule", "Rule"),
        text("path", "File, below data/raw"),
        Column("row", pl.Int64(), "Row of the file, from 1"),
        text("site_id", "Site, where the file names it", nullable=True), text("meter_id", "Meter as the file has it; empty for none"),
        text("time", "Time as the file has it", nullable=True), text("value", "Value as the file has it", nullable=True),
        text("right", "What would be right"),
    ),
)  # fmt: skip

READING_VERSIONS = Table(
    "reading_versions", "one month of one table of readings as a file of bills, for one knowledge date", ("path", "known_on"),
    (
        text("path", "The file, below the results as records name it"),
        text("sha256", "SHA-256 of it"),
        _TABLE, _MONTH,
        Column("known_on", pl.Date(), "Knowledge date that it stands for instead of another; null for the latest, which every edition takes that has no other", nullable=True),
        text("instead_of", "SHA-256 of the file it stands for", nullable=True),
    ),
)  # fmt: skip
