"""Workbooks that went back to their sender and came again, mended: each row names the record it replaces."""

import hashlib
import io
import re
import zipfile
from dataclasses import replace

import polars as pl

from esg_kpis.errors import InputProblem
from esg_kpis.files import LINE, Reading, Sheet, Source
from esg_kpis.files.archives import BROKEN
from esg_kpis.files.sandbox import open_sheets
from esg_kpis.ingest.rejections import REJECTION

INDEX = "_returned"
"""Sheet that says from which file and sheet the rows of each other sheet came: columns `sheet`, `path`, `source_sheet`."""
REPLACES = "esg-kpis record"
LEAVE_OUT = "Leave out 作废"
ADDED = (REPLACES, LEAVE_OUT, "Reason", "原因", "What would be right", "应为")
"""Columns beside those of the sender."""
MENDS = {"record_id": pl.String(), "replaces": pl.String(), "read": pl.String(), "line": pl.Int64()}
_LEFT_OUT = ("x", "×", "✓", "√", "yes", "y", "1", "true", "是", "作废")
_KEPT = ("", "no", "n", "0", "false", "-", "否")
"""What says that a row is to be left out, and that it is not. Anything else is asked about: a remark must not take a row away."""
_MOST = 1024 * 1024


def is_returned(source: Source) -> bool:
    """Whether a file is such a workbook: one of its sheets is the index."""
    if not source.content.startswith(b"PK"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(source.content)) as archive, archive.open("xl/workbook.xml") as part:
            return re.search(rb'<(?:\w+:)?sheet\s[^>]*name="' + INDEX.encode() + rb'"', part.read(_MOST)) is not None
    except (KeyError, *BROKEN):
        return False


def index_of(source: Source) -> list[tuple[str, str, str]]:
    """Sheet, path of the file it came from, and sheet there, for each sheet of rows.

    Raises:
        InputProblem: if the index cannot be read.
    """
    names = frozenset(("sheet", "path", "sourcesheet"))
    index = open_sheets(source, Reading(sheet=INDEX, header_line=1, names=names))[0]
    if missing := [name for name in ("sheet", "path", "source_sheet") if name not in index.columns]:
        raise InputProblem(f"Its sheet '{INDEX}' lacks {', '.join(missing)}.", where=source.where, mend="Leave that sheet as it was.")
    return [(str(sheet), str(path), str(origin)) for sheet, path, origin in index.rows.select("sheet", "path", "source_sheet").iter_rows()]


def ticket_of(record: str) -> str:
    """What stands in the grey column: the record that the row replaces, and four digits that tell a number which was drawn down, or typed, from one that was sent."""
    return f"{record}-{hashlib.sha256(record.encode()).hexdigest()[:4]}"


def _record_of(ticket: str) -> str | None:
    record, _, _ = ticket.strip().rpartition("-")
    return record if record and ticket.strip() == ticket_of(record) else None


def rows_of(sheet: Sheet) -> tuple[Sheet, pl.DataFrame, pl.DataFrame]:
    """The sheet as its sender knows it, which record each line replaces (`__line`, `replaces`, and `read`, the cell that says so), and the rows that the sender leaves out.

    Raises:
        InputProblem: if the column that says so is gone, or a row says neither that it is to be left out nor that it is not.
    """
    if REPLACES not in sheet.columns:
        raise InputProblem(f"The column '{REPLACES}' is gone.", where=sheet.where, mend="Mend the workbook as it was sent, and leave that column as it is.")
    records = pl.Series("replaces", [_record_of(ticket) for ticket in sheet.rows[REPLACES]], dtype=pl.String())
    replaces = sheet.rows.select(LINE, records, pl.col(REPLACES).alias("read"))
    columns = [column for column in sheet.columns if column not in ADDED]
    said = sheet.rows.select(LINE, (pl.col(LEAVE_OUT) if LEAVE_OUT in sheet.columns else pl.lit("")).str.strip_chars().str.to_lowercase().alias("said"))
    for line, word in said.filter(~pl.col("said").is_in([*_LEFT_OUT, *_KEPT])).iter_rows():
        raise InputProblem(f"'{word}' under '{LEAVE_OUT}' may or may not leave the row out.", where=f"{sheet.where}, line {line}", mend="Put an x there, or nothing 请填 x 或留空.")
    marked = said["said"].is_in(list(_LEFT_OUT))
    rows = sheet.rows.select(*columns, LINE)
    return replace(sheet, columns=columns, rows=rows.filter(~marked)), replaces, rows.filter(marked)


def replaced(mends: pl.DataFrame, known: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records that are mended by another, and the rejections of rows that mend nothing.

    Args:
        mends: In the columns of `MENDS`, in the order of files and lines.
        known: Ids of all records there are.

    Columns of the first frame: record_id, excluded (the reason).
    """
    there = mends.filter(pl.col("replaces").is_in(known.implode()))
    first = there.unique("replaces", keep="first", maintain_order=True)
    idle = mends.filter(~pl.col("record_id").is_in(first["record_id"].implode()))
    as_sent = "what stands in the grey column of the workbook as it was sent; a new row comes in a file of its own"
    again = {replaces: by for by, replaces in first.select("record_id", "replaces").iter_rows()}
    rows = []
    for record, replaces, read in idle.select("record_id", "replaces", "read").iter_rows():
        gone = as_sent if replaces is None else "the record of a row that is there; the file it was in has gone or changed"
        told = f"a row that is not mended yet: record {again[replaces]} mends it" if replaces in again else gone
        rows.append({"record_id": record, "rule": "mends_nothing", "column": REPLACES, "read": read, "expected": told, "detail": ""})
    excluded = first.select(pl.col("replaces").alias("record_id"), (pl.lit("mended by record ") + pl.col("record_id")).alias("excluded"))
    return excluded, pl.DataFrame(rows, schema=REJECTION)
