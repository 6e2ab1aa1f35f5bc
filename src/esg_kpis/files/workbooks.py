"""Workbooks as cells of text: XLSX by openpyxl, XLS by xlrd, ODS by odfpy.

A spreadsheet's numbers are read at their 15 significant digits, which is what a spreadsheet keeps. The libraries raise whatever they stumble over in damaged bytes, so any
error of theirs means that the workbook cannot be read.
"""

import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import date, datetime, time
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

import odf.namespaces
import odf.opendocument
import odf.table
import odf.teletype
import openpyxl
import xlrd
import xlrd.compdoc
from openpyxl.utils.cell import range_boundaries
from openpyxl.worksheet.worksheet import Worksheet

from esg_kpis.errors import InputProblem
from esg_kpis.files.sheet import MAX_CELLS, Grid
from esg_kpis.files.source import Source

MAX_ROWS = 1_048_576
"""What a sheet can have; a row that says it stands below is made up."""
_MERGE = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]+[0-9]+:[A-Z]+[0-9]+)"')
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
_XLS_MACROS = "_VBA_PROJECT_CUR".encode("utf-16-le")
_LOCKED = "EncryptedPackage".encode("utf-16-le")
"""An XLSX workbook with a password is wrapped up as an XLS file is."""

Cells = list[tuple[int, list[str]]]


@contextmanager
def _by_library(source: Source, kind: str) -> Iterator[None]:
    try:
        yield
    except InputProblem:
        raise
    except MemoryError:
        raise
    except Exception as error:
        what = str(error).strip().splitlines()
        told = what[0][:200].rstrip(".") if what else type(error).__name__
        raise InputProblem(
            f"The workbook cannot be read: it is damaged, or written against the standard ({told}).", where=source.where, mend=f"Open it in a spreadsheet and save it again as {kind}."
        ) from error


def _too_large(source: Source) -> InputProblem:
    return InputProblem(
        f"The sheet spans more than {MAX_CELLS} cells.", where=source.where, mend="Delete what lies far below or beside the table, or send CSV."
    )


def _rows(rows: Iterable[tuple[int, list[str]]], source: Source) -> Cells:
    """Filled rows of equal width.

    Raises:
        InputProblem: if a stray cell far away makes the sheet larger than is sensible.
    """
    cells: Cells = []
    size = width = 0
    for number, row in rows:
        size += len(row) + 1
        if size > MAX_CELLS or number > MAX_ROWS:
            raise _too_large(source)
        while row and not row[-1].strip():
            row.pop()
        if row:
            cells.append((number, row))
            width = max(width, len(row))
    if width * len(cells) > MAX_CELLS:
        raise _too_large(source)
    return [(number, row + [""] * (width - len(row))) for number, row in cells]


def as_text(cell: object, decimal: str = ".") -> str:
    """A cell as a person would type it. Words and errors stay as they are; numbers have 15 significant digits and the decimal mark `decimal`; days are ISO."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return f"{cell:.15g}".replace(".", decimal)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time.min else cell.isoformat(sep=" ")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)


# ---------------------------------------------------------------- XLSX


def grids_of(source: Source, kind: str, wanted: str | None, decimal: str) -> list[Grid]:
    """The sheets of a workbook of one of the kinds `xlsx`, `xls` and `ods`."""
    return {"xlsx": xlsx_grids, "xls": xls_grids, "ods": ods_grids}[kind](source, wanted, decimal)


def xlsx_grids(source: Source, wanted: str | None = None, decimal: str = ".") -> list[Grid]:
    """The sheets of an XLSX workbook; those not `wanted` without their cells.

    Raises:
        InputProblem: if it cannot be read.
    """
    with _by_library(source, "XLSX"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of styles and extensions it leaves out; values are what is read here
        book = openpyxl.load_workbook(io.BytesIO(source.content), read_only=True, data_only=True, keep_links=False)
        grids = [_xlsx_grid(page, source, decimal, epoch=str(book.epoch.year), skip=not _is_wanted(page.title, wanted)) for page in book.worksheets]
        with_formulas = {grid.name for grid, formulas in grids if formulas}
        if not with_formulas:
            return [grid for grid, _ in grids]
        said = openpyxl.load_workbook(io.BytesIO(source.content), read_only=True, data_only=False, keep_links=False)
        return [_with_formulas(grid, said[grid.name]) if grid.name in with_formulas else grid for grid, _ in grids]


def _is_wanted(name: str, wanted: str | None) -> bool:
    return wanted is None or fnmatchcase(name, wanted)


def _xlsx_grid(page: Worksheet, source: Source, decimal: str, *, epoch: str, skip: bool) -> tuple[Grid, bool]:
    """One sheet, and whether it holds formulas."""
    hidden = page.sheet_state != "visible"
    if skip:
        return Grid(page.title, [], hidden=hidden), False
    page.reset_dimensions()  # type: ignore[attr-defined]  # What the sheet says of its size may be wrong, and would cut rows off.
    rows = ((number, [as_text(cell, decimal) for cell in row]) for number, row in enumerate(page.iter_rows(values_only=True), 1))
    cells = _rows(rows, source)
    with zipfile.ZipFile(io.BytesIO(source.content)) as archive:
        xml = archive.read(page._worksheet_path.lstrip("/"))  # type: ignore[attr-defined]  # (pinned by a test in test_upstream)
    ranges = [range_boundaries(found.decode()) for found in _MERGE.findall(xml)]
    merged = tuple((int(top), int(low), int(left) - 1, int(right) - 1) for left, top, right, low in ranges)  # type: ignore[arg-type]
    return Grid(page.title, cells, merged, hidden=hidden, epoch="1904" if epoch == "1904" else "1900"), _FORMULA.search(xml) is not None


def _with_formulas(grid: Grid, page: Worksheet) -> Grid:
    """A sheet with the cells whose value a formula gave. One without a saved value holds its formula, so that it is no blank."""
    page.reset_dimensions()  # type: ignore[attr-defined]
    said = {
        (number, place): str(getattr(value, "text", value))
        for number, row in enumerate(page.iter_rows(values_only=True), 1)
        for place, value in enumerate(row)
        if (isinstance(value, str) and value.startswith("=")) or hasattr(value, "ref")
    }
    rows = dict(grid.cells)
    width = max([len(row) for row in rows.values()] + [place + 1 for _, place in said])
    rows = {number: row + [""] * (width - len(row)) for number, row in rows.items()}
    saved = []
    for (number, place), formula in sorted(said.items()):
        row = rows.setdefault(number, [""] * width)
        if row[place] and not row[place].startswith("="):
            saved.append((number, place))
        row[place] = row[place] or (formula if formula.startswith("=") else f"={formula}")
    return Grid(grid.name, sorted(rows.items()), grid.merged, tuple(saved), grid.hidden, grid.epoch)


# ---------------------------------------------------------------- XLS


def xls_grids(source: Source, wanted: str | None = None, decimal: str = ".") -> list[Grid]:
    """The sheets of an XLS workbook; those not `wanted` without their cells.

    Raises:
        InputProblem: if it cannot be read, or carries macros or links to other files.
    """
    if _XLS_MACROS in source.content:
        raise InputProblem("It carries macros or links to other files.", where=source.where, mend="Save the plain values as a new XLSX or CSV file.")
    if _LOCKED in source.content:
        raise InputProblem("The workbook is encrypted.", where=source.where, mend="Save it without a password.")
    with _by_library(source, "XLSX"):
        if _runs_in_circles(xlrd.compdoc.CompDoc(source.content, logfile=io.StringIO()).SSAT):
            raise InputProblem("The workbook is damaged: its parts follow each other in circles.", where=source.where, mend="Open it in a spreadsheet and save it again as XLSX.")
        book = xlrd.open_workbook(file_contents=source.content, formatting_info=True, logfile=io.StringIO(), ragged_rows=True)
        if set(book._supbook_types) & {xlrd.book.SUPBOOK_EXTERNAL, xlrd.book.SUPBOOK_DDEOLE}:  # type: ignore[attr-defined]  # (pinned by a test in test_upstream)
            raise InputProblem("It carries macros or links to other files.", where=source.where, mend="Save the plain values as a new XLSX or CSV file.")
        return [_xls_grid(page, book, source, decimal, skip=not _is_wanted(page.name, wanted)) for page in book.sheets()]


def _runs_in_circles(following: Sequence[int]) -> bool:
    """Whether a chain of small sectors never ends; xlrd would follow it until memory ends. `following` is the sector after each, negative at an end."""
    ending: set[int] = set()
    for first in range(len(following)):
        chain: set[int] = set()
        sector = first
        while 0 <= sector < len(following) and sector not in ending:
            if sector in chain:
                return True
            chain.add(sector)
            sector = following[sector]
        ending |= chain
    return False


def _xls_grid(page: Any, book: Any, source: Source, decimal: str, *, skip: bool) -> Grid:  # noqa: ANN401  (xlrd has no types)
    hidden = page.visibility != 0
    if skip:
        return Grid(page.name, [], hidden=hidden)
    rows = ((number + 1, [_xls_text(cell, book.datemode, decimal) for cell in page.row(number)]) for number in range(page.nrows))
    merged = tuple((top + 1, low, left, right - 1) for top, low, left, right in page.merged_cells)
    return Grid(page.name, _rows(rows, source), merged, hidden=hidden, epoch="1904" if book.datemode else "1900")


def _xls_text(cell: Any, datemode: int, decimal: str) -> str:  # noqa: ANN401
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return as_text(bool(cell.value))
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, "#ERROR"))
    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            return as_text(xlrd.xldate_as_datetime(cell.value, 1 if datemode else 0))
        except (ValueError, OverflowError, xlrd.xldate.XLDateError):
            return as_text(cell.value)
    return as_text(cell.value, decimal)


# ---------------------------------------------------------------- ODS


def ods_grids(source: Source, wanted: str | None = None, decimal: str = ".") -> list[Grid]:
    """The sheets of an ODS workbook; those not `wanted` without their cells.

    Raises:
        InputProblem: if it cannot be read, is encrypted, or links to other files.
    """
    with _by_library(source, "ODS"):
        with zipfile.ZipFile(io.BytesIO(source.content)) as archive:
            if b"encryption-data" in archive.read("META-INF/manifest.xml"):
                raise InputProblem("The workbook is encrypted.", where=source.where, mend="Save it without a password.")
        with redirect_stderr(io.StringIO()), redirect_stdout(io.StringIO()):  # It prints the whole of a document that it cannot parse.
            document = odf.opendocument.load(io.BytesIO(source.content))
        if document.getElementsByType(odf.table.TableSource):
            raise InputProblem("It carries macros or links to other files.", where=source.where, mend="Save the plain values as a new XLSX or CSV file.")
        hidden = {
            _said(style, "name", odf.namespaces.STYLENS)
            for style in document.automaticstyles.childNodes
            if any(_said(part, "display") == "false" for part in style.childNodes if part.qname[1] == "table-properties")
        }
        pages = document.spreadsheet.getElementsByType(odf.table.Table)
        return [_ods_grid(page, source, decimal, hidden, skip=not _is_wanted(_said(page, "name"), wanted)) for page in pages]


def _ods_grid(page: Any, source: Source, decimal: str, hidden_styles: set[str], *, skip: bool) -> Grid:  # noqa: ANN401  (odfpy has no types)
    name, hidden = _said(page, "name"), _said(page, "style-name") in hidden_styles
    if skip:
        return Grid(name, [], hidden=hidden)
    rows: list[tuple[int, list[str]]] = []
    merged: list[tuple[int, int, int, int]] = []
    formulas: list[tuple[int, int]] = []
    line = 1
    for element in page.getElementsByType(odf.table.TableRow):
        texts: list[str] = []
        for cell in element.childNodes:
            if cell.qname[1] not in ("table-cell", "covered-table-cell"):
                continue
            text = "" if cell.qname[1].startswith("covered") else _ods_text(cell, decimal)
            times = int(_said(cell, "number-columns-repeated") or 1)
            if text and len(texts) + times > MAX_CELLS:
                raise _too_large(source)
            if _said(cell, "formula"):
                formulas.append((line, len(texts)))
            down, across = int(_said(cell, "number-rows-spanned") or 1), int(_said(cell, "number-columns-spanned") or 1)
            if down > 1 or across > 1:
                merged.append((line, line + down - 1, len(texts), len(texts) + across - 1))
            texts += [text] * (times if text else min(times, 16_384))
        repeated = int(_said(element, "number-rows-repeated") or 1)
        if any(texts):
            if repeated * (len(texts) + 1) > MAX_CELLS or line + repeated > MAX_ROWS + 1:
                raise _too_large(source)
            rows += [(line + number, list(texts)) for number in range(repeated)]
        line += repeated
    return Grid(name, _rows(rows, source), tuple(merged), tuple(formulas), hidden=hidden, epoch="1900")


def _said(element: Any, name: str, space: str = odf.namespaces.TABLENS) -> str:  # noqa: ANN401
    return str(element.attributes.get((space, name)) or "")


def _ods_text(cell: Any, decimal: str) -> str:  # noqa: ANN401
    """A cell by its value, not by how it is shown; an error by its words."""
    shown = "\n".join(odf.teletype.extractText(part) for part in cell.childNodes if part.qname[1] == "p")
    kind = _said(cell, "value-type", odf.namespaces.OFFICENS)
    if kind in ("float", "percentage", "currency") and not shown.startswith(("#", "Err:")):
        return f"{Decimal(_said(cell, 'value', odf.namespaces.OFFICENS)):.15g}".replace(".", decimal)
    if kind == "date":
        value = _said(cell, "date-value", odf.namespaces.OFFICENS)
        return value.removesuffix("T00:00:00").replace("T", " ")
    if kind == "boolean":
        return _said(cell, "boolean-value", odf.namespaces.OFFICENS).upper()
    return shown or _said(cell, "string-value", odf.namespaces.OFFICENS)
