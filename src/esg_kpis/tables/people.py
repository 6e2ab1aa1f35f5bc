"""Tables of people: control totals of their files, counts, and how heads go from one day to another. No row of them is a person."""

import polars as pl

from esg_kpis.exact import QUANTITY
from esg_kpis.tables.definition import PATH, SHEET, Column, Table, text

_PERSONS = "person"

PEOPLE_CONTROLS = Table(
    "people_controls", "one people file or sheet that was read, or that a lock stands in for", ("path", "sheet", "sha256"),
    (
        PATH, SHEET, text("record_id", "Record the counts of this file go back to"),
        text("sha256", "SHA-256 of the file"),
        text("form", "Form of its rows"),
        text("keys", "How person keys arrive: pseudonymous, or hmac where pseudonyms were made at the door", allowed=("pseudonymous", "hmac")),
        Column("rows", pl.Int64(), "Rows received"),
        Column("counted", pl.Int64(), "Rows that were counted"),
        Column("refused", pl.Int64(), "Rows that were rejected"),
        Column("repeated", pl.Int64(), "Rows that say exactly what an earlier one says"),
        Column("outside", pl.Int64(), "Movements after the last snapshot, which nothing can be counted of yet"),
        Column("persons", pl.Int64(), "Different person keys among the rows counted", unit=_PERSONS),
        Column("first_day", pl.Date(), "First day among the rows counted", nullable=True),
        Column("last_day", pl.Date(), "Last day among the rows counted; spells that go on leave it open", nullable=True),
        Column("person_days", pl.Int64(), "Days of the spells counted; those that go on up to `as_of` in run.json", unit="day", nullable=True),
        Column("hours", QUANTITY, "Hours of training counted", unit="hour", nullable=True),
        Column("lost_days", QUANTITY, "Lost days counted, whatever the authority decided", unit="day", nullable=True),
        text("state", "read, or locked where the file was deleted and its locked counts stand in", allowed=("read", "locked")),
    ),
)  # fmt: skip

PEOPLE_COUNTS = Table(
    "people_counts", "one count of people: a measure at a site on a day or over a range of days, by the attributes of one cross",
    ("measure", "first", "last", "record_id", "site_id", "cross", "attributes"),
    (
        text("measure", "Measure, see domains/people.py"),
        Column("first", pl.Date(), "First day counted; the day itself for a stock"),
        Column("last", pl.Date(), "Last day counted"),
        text("record_id", "Record of the file that was counted"),
        text("site_id", "Site"),
        text("cross", "Attributes counted by, joined by `|`; empty for none. Each cross counts everybody once"),
        text("attributes", "What the counted have in common, `name=value` joined by `;`"),
        Column("quantity", QUANTITY, "Count, or sum of hours or days", unit="unit of the measure"),
    ), csv=False,
)  # fmt: skip

HEADCOUNT = Table(
    "headcount", "how the heads of one category of one dimension go from the opening to the closing of a range of days",
    ("first", "last", "dimension", "category", "employment_type"),
    (
        Column("first", pl.Date(), "First day"), Column("last", pl.Date(), "Last day"),
        text("dimension", "total, site_id, country, gender, age_group, level or profession"),
        text("category", "Category of the dimension; All for total"),
        text("employment_type", "Type of employment"),
        Column("opening", pl.Int64(), "Heads at the end of the day before the first", unit=_PERSONS),
        Column("joined", pl.Int64(), "Joiners", unit=_PERSONS),
        Column("transferred_in", pl.Int64(), "Came from another category or type of employment", unit=_PERSONS),
        Column("transferred_out", pl.Int64(), "Went to another category or type of employment", unit=_PERSONS),
        Column("left", pl.Int64(), "Leavers, those on the last day included", unit=_PERSONS),
        Column("left_at_open", pl.Int64(), "Of the opening heads, those whose last day it was", unit=_PERSONS),
        Column("left_at_close", pl.Int64(), "Of the leavers, those who are still in the closing heads", unit=_PERSONS),
        Column("closing", pl.Int64(), "Heads at the end of the last day", unit=_PERSONS),
        Column("gap", pl.Int64(), "Opening - left_at_open + joined + transferred_in - transferred_out - left + left_at_close - closing; zero when it closes", unit=_PERSONS),
    ),
)  # fmt: skip
