"""The data dictionary: every table that passes between steps, column by column.

A column is declared once, with its type, unit and meaning; the pandera schema, the column metadata in Dagster and `docs/data-dictionary.md` are made from it.
Input domains declare their own columns in `domains/`.
"""

import hashlib
from dataclasses import dataclass
from functools import cache

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrors

from esg_kpis.errors import InternalProblem
from esg_kpis.exact import FACTOR, PRODUCT, QUANTITY, VALUE

FATES = ("used", "excluded", "rejected")
NATURES = ("flow", "stock", "event")
STATUSES = ("ok", "incomplete", "blocked", "not_applicable", "not_collected")
VERDICTS = ("equal", "differs", "stated", "blocked", "not_computed", "not_published")
SEVERITIES = ("error", "warning", "note")

Dtype = pl.DataType | type[pl.DataType]


@dataclass(frozen=True)
class Column:
    """One column: name, polars type, meaning, unit where it has one, whether it may be null, and the words it may hold."""

    name: str
    dtype: Dtype
    meaning: str
    unit: str = ""
    nullable: bool = False
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One table: its grain in words, its key, its columns in order, and whether a CSV stands beside the Parquet file."""

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    csv: bool = True

    @property
    def names(self) -> list[str]:
        """The column names in order."""
        return [column.name for column in self.columns]

    @property
    def schema(self) -> dict[str, Dtype]:
        """Column name to polars type."""
        return {column.name: column.dtype for column in self.columns}


def text(name: str, meaning: str, *, nullable: bool = False, allowed: tuple[str, ...] = ()) -> Column:
    """A text column."""
    return Column(name, pl.String(), meaning, nullable=nullable, allowed=allowed)


_RECORD_ID = text("record_id", "First 12 hex digits of the digest of file SHA-256, sheet and line")
_EDITION = text("edition", "Edition id, such as 2023")
_PATH = text("path", "File, relative to the workspace's data/raw")
_SHEET = text("sheet", "Sheet of a workbook; empty for CSV")
_LINE = Column("line", pl.Int64(), "Line in the file, or row in the sheet, counted from 1; 0 for the file as a whole")
_SITE = text("site_id", "Site", nullable=True)
_CELL = (
    text("kpi_id", "KPI id, as in kpis.yaml"),
    text("period", "Period id: the year in which the reporting period ends"),
    text("breakdown", "Name of the breakdown; `total` for the whole"),
    text("category", "Category of the breakdown; `All` for the whole"),
)

RECORDS = Table(
    "records", "one row of a file as somebody sent it", ("record_id",),
    (
        _RECORD_ID,
        text("domain", "Domains the record feeds, joined by `;`"),
        _PATH, _SHEET, _LINE,
        text("sha256", "SHA-256 of the file"),
        text("received", "The row as received: a JSON object of column to text"),
        text("site_id", "Site as understood; null when rejected or none", nullable=True),
        Column("start", pl.Date(), "First day the record is about", nullable=True),
        Column("end", pl.Date(), "Last day the record is about, counted in", nullable=True),
    ), csv=False,
)  # fmt: skip

FILES = Table(
    "files", "one file or sheet that was looked at", ("path", "sheet"),
    (
        _PATH, _SHEET,
        text("sha256", "SHA-256 of the file"),
        Column("bytes", pl.Int64(), "Size", unit="byte"),
        text("encoding", "How the bytes were read as text"),
        Column("records", pl.Int64(), "Records read"),
        text("status", "read, stopped or ignored", allowed=("read", "stopped", "ignored")),
        text("problem", "Why it was stopped or ignored, or what of it was not read", nullable=True),
    ),
)  # fmt: skip

REJECTED = Table(
    "rejected", "one rule broken by one record in one column", ("record_id", "rule", "column"),
    (
        _RECORD_ID,
        text("rule", "Name of the rule that was broken"),
        text("column", "Column as the sender named it"),
        text("read", "What was read there"),
        text("expected", "What would be right"),
        text("message", "The same in one sentence"),
        _PATH, _SHEET, _LINE,
        text("measures", "Measures the record would have fed, joined by `;`"),
        _SITE,
        Column("start", pl.Date(), "First day, where it could be read", nullable=True),
        Column("end", pl.Date(), "Last day, where it could be read", nullable=True),
    ),
)  # fmt: skip

QUANTITIES = Table(
    "quantities", "one quantity of one measure from one accepted record", ("record_id", "column"),
    (
        _RECORD_ID,
        text("domain", "Domain", ),
        text("measure", "Measure"),
        text("nature", "flow, stock or event", allowed=NATURES),
        text("site_id", "Site"),
        text("meter_id", "Meter", nullable=True),
        text("document", "Bill or document number", nullable=True),
        Column("start", pl.Date(), "First day; null for a stock that holds from the beginning", nullable=True),
        Column("end", pl.Date(), "Last day, counted in; null for a stock that still holds", nullable=True),
        text("dimensions", "Further attributes, `name=value` joined by `;`"),
        text("column", "Column the number stands in, as the sender named it"),
        text("received", "The number as received"),
        text("received_unit", "The unit as received or declared"),
        Column("quantity", QUANTITY, "The number, in the unit received"),
        Column("rounded", pl.Boolean(), "Whether more than 9 decimals were received"),
        text("duplicate_of", "Record that says exactly the same; this one is then excluded", nullable=True),
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
        text("control", "Whether the group has operational or financial control", allowed=("operational", "financial", "both", "none")),
        Column("ownership_share", QUANTITY, "Share owned, 1 = all"),
        Column("valid_from", pl.Date(), "First day in the group", nullable=True),
        Column("valid_to", pl.Date(), "Last day in the group", nullable=True),
        _RECORD_ID,
    ),
)  # fmt: skip

AMOUNTS = Table(
    "amounts", "one quantity of one measure at one site in one month or at one date, before (edition empty) or within an edition",
    ("amount_id", "edition"),
    (
        text("amount_id", "Digest of record, measure, month or date, and dimensions"),
        text("edition", "Edition id; empty before boundary and factors are applied"),
        text("period", "Period of the edition; empty before"),
        text("nature", "flow, stock or event", allowed=NATURES),
        text("measure", "Measure"),
        text("origin", "The measure of the record this goes back to"),
        _SITE,
        text("month", "Month of a flow or event, YYYY-MM", nullable=True),
        Column("date", pl.Date(), "Date of a stock or event; first day a stock holds", nullable=True),
        Column("until", pl.Date(), "Last day a stock holds", nullable=True),
        text("dimensions", "Further attributes, `name=value` joined by `;`"),
        Column("quantity", PRODUCT, "Exact quantity; null when blocked", unit="see unit", nullable=True),
        text("unit", "Canonical unit of the measure"),
        text("gas", "Gas of an emission", nullable=True),
        text("gas_group", "Group the gas is reported in: CO2, CH4, N2O, HFCs …", nullable=True),
        text("gwp_set", "GWP set of a CO2e quantity", nullable=True),
        text("scope", "GHG Protocol scope", nullable=True),
        text("basis", "location or market, for Scope 2", nullable=True),
        text("method", "Method of the factor", nullable=True),
        Column("estimated", pl.Boolean(), "Whether the quantity is an estimate"),
        text("estimate_method", "Named method of the estimate", nullable=True),
        text("factor_id", "Factor that made this amount from its parent", nullable=True),
        text("rule_id", "Edition rule that chose the factor", nullable=True),
        text("parent_amount_id", "Amount this was made from", nullable=True),
        text("record_id", "Record this goes back to"),
        Column("share", PRODUCT, "Share of the record's quantity that fell into this month; 1 when not apportioned", unit="one"),
        text("excluded", "Why it does not count in this edition; null when it counts", nullable=True),
        text("blocked", "Why the quantity is not known; null when it is", nullable=True),
    ), csv=False,
)  # fmt: skip

EDITION_AMOUNTS = Table(
    "edition_amounts",
    "one amount as one edition sees it, with the reason when it does not count",
    ("amount_id", "edition"),
    AMOUNTS.columns,
    csv=False,
)

RECORD_FATES = Table(
    "record_fates", "one record in one edition", ("edition", "record_id"),
    (
        _EDITION, _RECORD_ID,
        text("fate", "What became of it", allowed=FATES),
        Column("share_used", VALUE, "Share of the record that counts, by days over its quantities", unit="one"),
        text("reason", "Why the rest, or all of it, does not count", nullable=True),
        text("rule", "Rule that rejected it", nullable=True),
        _PATH, _SHEET, _LINE,
    ),
)  # fmt: skip

FACTORS = Table(
    "factors", "one factor of the library", ("factor_id",),
    (
        text("factor_id", "Factor"),
        text("source_id", "Source, see sources.csv"),
        text("measure", "Measure it starts from"),
        text("output", "Measure it leads to"),
        text("gas", "Gas of the output; `*` keeps the input's; empty for energy"),
        text("region", "Region it describes, or GLOBAL"),
        text("method", "Method or kind, such as average or combined_margin"),
        Column("value", FACTOR, "Value as published"),
        text("unit", "Unit as published, output per input"),
        text("gwp_set", "GWP set when the value is in CO2e", nullable=True),
        Column("data_from", pl.Date(), "First day of the data period"),
        Column("data_to", pl.Date(), "Last day of the data period; null when open", nullable=True),
        Column("published", pl.Date(), "Day its source was published"),
        text("status", "selectable, derived or evidence_only", allowed=("selectable", "derived", "evidence_only")),
        text("parents", "Factors a derived one is made from, with the formula", nullable=True),
        text("grade", "Evidence grade", allowed=("A", "B", "C")),
        text("page", "Table or page of the source"),
        text("note", "What a user ought to know", nullable=True),
    ),
)  # fmt: skip

FACTOR_USES = Table(
    "factor_uses", "one factor in one edition, for one measure, region and period", ("edition", "factor_id", "measure", "output", "gas", "region", "period"),
    (
        _EDITION,
        text("factor_id", "Factor"),
        text("measure", "Measure it was applied to"),
        text("output", "Measure it led to"),
        text("gas", "Gas of the output; empty for energy"),
        text("region", "Region of the sites"),
        text("period", "Period"),
        text("rule", "Edition rule that applied it"),
        text("data_period", "What the value describes"),
        text("published", "When it was published"),
        text("why", "The choice in one sentence"),
        Column("amounts", pl.Int64(), "Amounts it was applied to"),
        Column("quantity_in", PRODUCT, "Sum before", unit="see unit_in"),
        text("unit_in", "Unit before"),
        Column("quantity_out", PRODUCT, "Sum after", unit="see unit_out"),
        text("unit_out", "Unit after"),
    ),
)  # fmt: skip

COVERAGE = Table(
    "coverage", "one measure of one site in one month between its first and last record", ("site_id", "measure", "month"),
    (
        text("site_id", "Site"), text("measure", "Measure"), text("month", "Month, YYYY-MM"),
        Column("expected", pl.Int64(), "Days of the month between the first and the last record of a meter, while the site was in the group", unit="day"),
        Column("received", pl.Int64(), "Days of the month that records cover", unit="day"),
        Column("estimated", pl.Int64(), "Days that were estimated", unit="day"),
        Column("missing", pl.Int64(), "Days neither received nor estimated", unit="day"),
    ),
)  # fmt: skip

KPI_VALUES = Table(
    "kpi_values", "one cell of a KPI table", ("edition", "kpi_id", "period", "breakdown", "category"),
    (
        _EDITION, *_CELL,
        Column("value", VALUE, "Unrounded, 18 decimals half-even; null unless ok or incomplete", unit="see unit", nullable=True),
        text("printed", "Rounded half-up at `decimals`; null with the value", nullable=True),
        text("unit", "Unit of the value"),
        Column("decimals", pl.Int64(), "Decimals of the printed cell"),
        text("status", "State of the cell", allowed=STATUSES),
        text("reason", "Why it is not ok", nullable=True),
        Column("estimated_share", VALUE, "Share of the quantity that is estimated", unit="one"),
    ),
)  # fmt: skip

PUBLISHED = Table(
    "published", "one figure as printed", ("edition", "kpi_id", "period", "breakdown", "category"),
    (
        _EDITION, *_CELL,
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
        _EDITION, *_CELL,
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
    ),
)  # fmt: skip

TABLES: tuple[Table, ...] = (
    FILES, RECORDS, REJECTED, QUANTITIES, SITES, AMOUNTS, EDITION_AMOUNTS, RECORD_FATES, FACTORS, FACTOR_USES, COVERAGE, KPI_VALUES, PUBLISHED, TIE_OUT, FINDINGS,
)  # fmt: skip


def conform(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """`frame` in the columns, types and key order of `table`, checked.

    Raises:
        InternalProblem: if a column is missing, a value is outside what the table allows, or the key is not unique. Bad input is rejected before
            this point, so a failure here is ours.
    """
    ordered = frame.select(pl.col(column.name).cast(column.dtype) for column in table.columns).sort(table.key)
    try:
        _pandera_schema(table).validate(ordered, lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases
        raise InternalProblem(
            f"{cases.height} values break the data dictionary, first: {cases.head(3).to_dicts()}.", where=table.name
        ) from errors
    return ordered


def empty(table: Table) -> pl.DataFrame:
    """No rows of `table`."""
    return pl.DataFrame(schema=table.schema)


@cache
def _pandera_schema(table: Table) -> pa.DataFrameSchema:
    """The schema pandera checks: types, no further columns, a unique key, no nulls and no words outside what the dictionary allows.

    Nulls and words are checked in one pass over the frame instead of one per column.
    """
    columns = {column.name: pa.Column(column.dtype, nullable=True) for column in table.columns}
    rules = [pl.col(column.name).is_not_null() for column in table.columns if not column.nullable]
    rules += [pl.col(column.name).is_in(column.allowed) | pl.col(column.name).is_null() for column in table.columns if column.allowed]
    holds = pa.Check(
        lambda data: data.lazyframe.select(pl.all_horizontal(rules)), name="nulls and words", error="a null or a word that is not allowed"
    )
    return pa.DataFrameSchema(columns, checks=[holds], strict=True, unique=list(table.key))


def finding_id(check: str, subject: str, edition: str = "", period: str = "") -> str:
    """The id of a finding: the same in every run that finds the same thing."""
    return hashlib.sha256("\x1f".join((check, subject, edition, period)).encode()).hexdigest()[:12]
