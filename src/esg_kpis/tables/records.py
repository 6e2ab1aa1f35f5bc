"""Tables of what was received: files, records, rejections, quantities, sites."""

import polars as pl

from esg_kpis.exact import FACTOR, QUANTITY
from esg_kpis.tables.definition import LINE, PATH, RECORD_ID, SHEET, SITE, Column, Table, text

NAMED_RECORD = r"\b[0-9a-f]{12}:(?:[^\s:;]+:)?\d{7}\b"
"""How a sentence names a record: the file, its sheet where it has some, and the line."""
NATURES = ("flow", "stock", "event")

RECORDS = Table(
    "records", "one row of a file as somebody sent it", ("record_id",),
    (
        RECORD_ID,
        text("domain", "Domains the record feeds, joined by `;`"),
        PATH, SHEET, LINE,
        text("sha256", "SHA-256 of the file"),
        text("received", "The row as received: a JSON object of column to text"),
        text("site_id", "Site as understood; null when rejected or none", nullable=True),
        Column("start", pl.Date(), "First day the record is about", nullable=True),
        Column("end", pl.Date(), "Last day the record is about, counted in", nullable=True),
        text("excluded", "Why no quantity was taken from it: subtotal, total, note, repeated header, mended by another record; null when one was to be", nullable=True),
    ), csv=False,
)  # fmt: skip

FILES = Table(
    "files", "one file or sheet that was looked at", ("path", "sheet"),
    (
        PATH, SHEET,
        text("sha256", "SHA-256 of the file"),
        Column("bytes", pl.Int64(), "Size", unit="byte"),
        text("encoding", "How the bytes were read as text: encoding, or kind of workbook"),
        text("delimiter", "What parts the cells of a text file; empty for others"),
        Column("header_line", pl.Int64(), "Line of the header; 0 where there is none"),
        text("understood", "Columns that were understood under another name: ours=theirs, joined by `;`"),
        Column("records", pl.Int64(), "Records read"),
        text("status", "read, stopped or ignored", allowed=("read", "stopped", "ignored")),
        text("problem", "Why it was stopped or ignored, or what of it was not read", nullable=True),
        text("mends_path", "File whose refused rows it mends", nullable=True),
        text("mends_sheet", "Sheet of that file", nullable=True),
    ),
)  # fmt: skip

REJECTED = Table(
    "rejected", "one rule broken by one record in one column, as known for some editions or for all", ("record_id", "rule", "column", "known_on"),
    (
        RECORD_ID,
        text("rule", "Name of the rule that was broken"),
        text("column", "Column as the sender named it"),
        text("read", "What was read there"),
        text("expected", "What would be right"),
        text("expected_zh", "The same in Chinese"),
        text("message", "The same in one sentence"),
        PATH, SHEET, LINE,
        text("measures", "Measures the record would have fed, joined by `;`"),
        SITE,
        Column("start", pl.Date(), "First day, where it could be read", nullable=True),
        Column("end", pl.Date(), "Last day, where it could be read", nullable=True),
        Column("known_on", pl.Date(), "Knowledge date of the editions for which alone it holds, of meter readings that lacked something else then than now, or nothing (then without measures); null for all editions that have no row of it of their own date", nullable=True),
    ),
)  # fmt: skip

QUANTITIES = Table(
    "quantities", "one quantity of one measure from one accepted record", ("record_id", "column"),
    (
        RECORD_ID,
        text("domain", "Domain"),
        text("measure", "Measure"),
        text("nature", "flow, stock or event", allowed=NATURES),
        text("site_id", "Site"),
        text("meter_id", "Meter", nullable=True),
        text("document", "Bill or document number", nullable=True),
        text("tariff", "Part of the meter's count it is: peak, flat, valley", nullable=True),
        Column("start", pl.Date(), "First day; null for a stock that holds from the beginning", nullable=True),
        Column("end", pl.Date(), "Last day, counted in; null for a stock that still holds", nullable=True),
        text("dimensions", "Further attributes, `name=value` joined by `;`"),
        text("column", "Column the number stands in, as the sender named it"),
        text("received", "The number as received"),
        text("received_unit", "The unit as received or declared"),
        Column("quantity", QUANTITY, "The number, in the unit received"),
        Column("rounded", pl.Boolean(), "Whether more than 9 decimals were received"),
        Column("estimated", pl.Boolean(), "Whether the sender says that it is estimated"),
        Column("canonical", QUANTITY, "The number in the canonical unit of the measure", unit="see unit"),
        text("unit", "Canonical unit of the measure"),
        text("bill_kind", "bill, credit_note or estimate", nullable=True),
        text("excluded", "Why it does not count: duplicate, superseded, sub-meter; null when it may", nullable=True),
    ), csv=False,
)  # fmt: skip

SITES = Table(
    "sites", "one site", ("site_id",),
    (
        text("site_id", "Site"),
        text("name", "Name"),
        text("country", "ISO 3166-1 alpha-2 code of the country or territory"),
        text("grid_region", "Grid region, the first rung of the region chain; country when it has none"),
        text("kind", "Kind of site, such as office or store"),
        text("business_line", "Business line", nullable=True),
        text("climate", "Climate zone", nullable=True),
        text("control", "Whether the group has operational or financial control", allowed=("operational", "financial", "both", "none")),
        Column("ownership_share", QUANTITY, "Share owned, 1 = all"),
        Column("valid_from", pl.Date(), "First day in the group", nullable=True),
        Column("valid_to", pl.Date(), "Last day in the group", nullable=True),
        RECORD_ID,
    ),
)  # fmt: skip

METERS = Table(
    "meters", "one meter of one measure at one site, or one measure that a site is to report", ("record_id",),
    (
        text("site_id", "Site"),
        text("measure", "Measure"),
        text("meter_id", "Meter; null where the site is to report the measure by no meter in particular", nullable=True),
        text("part_of", "Meter behind which it lies", nullable=True),
        Column("digits", pl.Int64(), "Digits of its counter", nullable=True),
        Column("net_metering", pl.Boolean(), "Whether it may count backwards"),
        Column("valid_from", pl.Date(), "First day it is read", nullable=True),
        Column("valid_to", pl.Date(), "Last day it is read", nullable=True),
        RECORD_ID,
    ),
)  # fmt: skip

OWNERSHIP = Table(
    "ownership", "one span of days of one site", ("record_id",),
    (
        text("site_id", "Site"),
        text("control", "Control on these days; null where the register of sites says", nullable=True, allowed=("operational", "financial", "both", "none")),
        Column("ownership_share", QUANTITY, "Share owned on these days, 1 = all; null where the register of sites says", nullable=True),
        Column("valid_from", pl.Date(), "First day", nullable=True),
        Column("valid_to", pl.Date(), "Last day", nullable=True),
        RECORD_ID,
    ),
)  # fmt: skip

INSTRUMENTS = Table(
    "instruments", "one claim of one contractual instrument", ("record_id",),
    (
        text("site_id", "Site it is claimed for; of a site of the kind `group` all sites of the market"),
        text("instrument", "Number of the certificate, range or contract"),
        text("instrument_kind", "Kind of instrument"),
        text("registry", "Registry, or parties of the contract"),
        text("market", "Market it was issued in"),
        text("energy_source", "What the electricity was made of"),
        Column("volume", QUANTITY, "Volume claimed", unit="kWh"),
        Column("emission_rate", FACTOR, "Emission rate that it conveys, of CO2", unit="kg/kWh"),
        Column("vintage_from", pl.Date(), "First day of generation"),
        Column("vintage_to", pl.Date(), "Last day of generation"),
        Column("retired_on", pl.Date(), "Day of retirement"),
        text("retired_for", "For whom it was retired"),
        Column("claimed_from", pl.Date(), "First day of the consumption it is claimed for"),
        Column("claimed_to", pl.Date(), "Last day of it"),
        RECORD_ID,
    ),
)  # fmt: skip

COVERAGE = Table(
    "coverage", "one measure of one site in one month in which something of it was expected or came", ("site_id", "measure", "month"),
    (
        text("site_id", "Site"), text("measure", "Measure"), text("month", "Month, YYYY-MM"),
        text("basis", "What says which days are expected: the register of meters, or the span between a meter's first and last record", allowed=("register", "records")),
        Column("expected", pl.Int64(), "Days of the month on which any meter was expected, while the site was in the group", unit="day"),
        Column("received", pl.Int64(), "Of them, days that records of all meters expected cover", unit="day"),
        Column("estimated", pl.Int64(), "Always 0: gaps are filled by editions, each by its own rules; see `estimates` and `coverage_summary`", unit="day"),
        Column("missing", pl.Int64(), "Days on which some meter expected is covered by no record", unit="day"),
        Column("quantity", QUANTITY, "Quantity received of the month, bills apportioned by day; null when nothing came", unit="see unit", nullable=True),
        text("unit", "Canonical unit of the measure"),
    ),
)  # fmt: skip
