"""Tables of an evidence pack that no run writes: its register of KPIs, the files it rests on, the factors used, sums of people, approvals."""

from dataclasses import replace

import polars as pl

from esg_kpis.exact import FACTOR, QUANTITY, VALUE
from esg_kpis.tables.amounts import FACTOR_USES
from esg_kpis.tables.definition import CELL, EDITION, PATH, Column, Table, text
from esg_kpis.tables.people import PEOPLE_CONTROLS
from esg_kpis.tables.results import KPI_VALUES, STATUSES, VERDICTS

HELD = ("enclosed", "annex", "named")
RECEIVED = ("rolled up", "read", "stopped", "ignored", "locked", "format", "note", "left over")

KPI_REGISTER = Table(
    "kpi_register", "one cell of the edition and period of a pack", KPI_VALUES.key,
    (
        EDITION, *CELL,
        text("label_en", "KPI and category in English, as the report names them", nullable=True),
        text("label_zh", "The same in Traditional Chinese", nullable=True),
        Column("value", VALUE, "Unrounded, 18 decimals half-even; null unless ok or incomplete", unit="see unit", nullable=True),
        text("printed", "Rounded half-up at `decimals`; null with the value", nullable=True),
        text("unit", "Unit of the value"),
        Column("decimals", pl.Int64(), "Decimals of the printed cell"),
        text("status", "State of the cell", allowed=STATUSES),
        text("reason", "Why it is not ok", nullable=True),
        Column("estimated_share", VALUE, "Share of the quantity that is estimated", unit="one"),
        text("boundary", "Which sites count for what it is made of, and what the edition leaves out of it, in the edition's words"),
        text("consolidation", "How sites that are controlled or owned in part count"),
        text("formula", "Formula in one line"),
        text("definition", "Definition in the edition's words"),
        text("source", "Where the report defines it"),
        text("hkex", "Codes of the HKEX ESG Reporting Guide of 2020"),
        text("hkex_2025", "Codes of the HKEX ESG Reporting Code of 2025; null where those of 2020 lead on", nullable=True),
        text("gri", "Codes of the GRI Standards"),
        text("sasb", "Codes of the SASB Standards"),
        text("published", "As printed, without thousands separators", nullable=True),
        text("verdict", "Computed against published", nullable=True, allowed=VERDICTS),
        text("explanation", "Why it differs or was not computed", nullable=True),
    ),
)  # fmt: skip

INPUTS = Table(
    "inputs", "one file of data/raw", ("path",),
    (
        PATH,
        text("domain", "Folder it lies in"),
        text("held", "Where its bytes are: enclosed in the pack under inputs/, in the annex for the assurer alone, or named here only", allowed=HELD),
        text("received", "What became of it: read; stopped, with the reason; ignored, as the same bytes were read already; rolled up, of meter readings, whose months are enclosed; locked, where it was deleted and its locked counts stand in; a format or note; or left over by a system", allowed=RECEIVED),
        text("sha256", "SHA-256 of the file"),
        Column("bytes", pl.Int64(), "Size; null where it would tell of few persons", unit="byte", nullable=True),
        Column("rows", pl.Int64(), "Records read; null for what holds none, and for people, of whom people/controls.csv tells", nullable=True),
        Column("used", pl.Int64(), "Records of which any share counts in the edition", nullable=True),
        Column("excluded", pl.Int64(), "Records that do not count in the edition, for a reason that record_fates.csv names", nullable=True),
        Column("rejected", pl.Int64(), "Records that could not be read", nullable=True),
        text("control_totals", "What its accepted records add up to, by measure in its canonical unit, duplicates and the like left out, before any edition; joined by `; `", nullable=True),
        text("problem", "Why it was stopped or ignored, or what of it was not read", nullable=True),
    ),
)  # fmt: skip

PEOPLE_CELLS = Table(
    "people_cells", "one measure in one sum or count that a cell about people rests on", (*KPI_VALUES.key, "term", "term_period", "within", "measure"),
    (
        EDITION, *CELL,
        text("term", "The sum or count of the formula, as a KPI id: the KPI itself, or one that its numerator or denominator rests on"),
        text("term_period", "Period of that term: the period before, in a growth"),
        text("within", "Attributes of the category that narrow the term, joined by `;`; `*` for all of them"),
        text("measure", "Measure of people"),
        Column("quantity", QUANTITY, "What it adds up to; null where it is withheld", unit="see unit", nullable=True),
        text("unit", "Canonical unit of the measure"),
        Column("amounts", pl.Int64(), "How many amounts there are, of a count; null of a sum, of which it would tell how few persons some of them count", nullable=True),
        text("withheld", "Why it is not told", nullable=True),
    ),
)  # fmt: skip

FACTORS_USED = Table(
    "factors_used", FACTOR_USES.grain, FACTOR_USES.key,
    (
        *(replace(column, nullable=column.name in ("amounts", "quantity_in", "quantity_out")) for column in FACTOR_USES.columns),
        text("divides", "KPIs whose sum it divides, joined by `;`; then it was applied to no amount", nullable=True),
        Column("value", FACTOR, "Value as published"),
        text("unit", "Unit as published, output per input"),
        text("gwp_set", "GWP set when the value is in CO2e", nullable=True),
        text("method", "Method or kind, such as average or combined_margin"),
        text("factor_region", "Region that the factor describes, or GLOBAL"),
        text("grade", "Evidence grade"),
        text("source_id", "Source, see definitions/factors/sources.csv"),
        text("publisher", "Publisher"),
        text("title", "Title"),
        text("document", "Document"),
        text("page", "Table or page"),
        text("retrieved", "When and how it was retrieved"),
        text("licence", "Licence"),
        text("parents", "Factors a derived one is made from, with the formula", nullable=True),
        text("note", "What a user ought to know", nullable=True),
    ),
)  # fmt: skip

PACK_APPROVALS = Table(
    "pack_approvals", "one approval that a pack encloses", ("file",),
    (
        text("file", "The signed envelope, in the pack"),
        text("sha256", "SHA-256 of the envelope"),
        text("statement", "Kind of the statement that is signed"),
        text("action", "What it does: prepared, reviewed or locked; null where the statement does not say so in the words of the register", nullable=True),
        text("role", "Role in which it was signed", nullable=True),
        text("at", "Time that the signer gave, UTC", nullable=True),
        text("subject_sha256", "Digest of what is approved: of the cells of the edition and period, see docs/evidence.md"),
        text("signed_by", "Fingerprints of the keys enclosed whose signature on it is good, joined by `;`"),
    ),
)  # fmt: skip

PACK_CONTROLS = Table(
    "pack_controls", f"{PEOPLE_CONTROLS.grain}, as far as that tells of no small group", PEOPLE_CONTROLS.key,
    (
        *(replace(column, nullable=column.nullable or column.dtype in (pl.Int64(), QUANTITY)) for column in PEOPLE_CONTROLS.columns),
        text("withheld", "Why its totals are not told", nullable=True),
    ),
)  # fmt: skip
