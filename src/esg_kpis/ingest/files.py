"""Files as rows of text: CSV and XLSX. Nothing is interpreted here but the encoding and the shape.

A spreadsheet's numbers are read at their 15 significant digits, which is what a spreadsheet keeps.
"""

import csv
import hashlib
import io
import warnings
import zipfile
import zlib
from dataclasses import dataclass, replace
from datetime import datetime, time
from pathlib import Path, PurePosixPath

import openpyxl
import polars as pl
from defusedxml.common import DefusedXmlException
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.worksheet import Worksheet

from esg_kpis.errors import InputProblem

LINE = "__line"
MAX_UNPACKED = 512 * 1024 * 1024
MAX_ENTRIES = 5_000
MAX_RATIO = 200
MAX_CELLS = 20_000_000
CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Source:
    """A file as bytes: where it lies under data/raw, its content and digest."""

    path: str
    content: bytes
    sha256: str


@dataclass(frozen=True)
class Sheet:
    """One table of text out of a file.

    `rows` has the columns of the header, in order, and `__line`: the line of the file or the row of the sheet. `ragged` lists lines whose number of cells differs
    from the header's, as received. `unread` names the other sheets of the workbook.
    """

    source: Source
    sheet: str
    encoding: str
    columns: list[str]
    rows: pl.DataFrame
    ragged: list[tuple[int, str]]
    unread: tuple[str, ...] = ()


class RepeatedColumn(InputProblem):
    """A header names a column more than once. `columns` is the whole header."""

    def __init__(self, twice: list[str], columns: list[str], where: str) -> None:
        self.columns = columns
        super().__init__(f"The header names {', '.join(map(repr, twice))} more than once.", where=where, mend="Rename one of them.")


def read_source(root: Path, path: Path) -> Source:
    """The bytes of a file below `root`.

    Raises:
        InputProblem: if it cannot be read or lies outside `root` (a link that leads away).
    """
    relative = path.relative_to(root).as_posix()
    if not path.resolve().is_relative_to(root.resolve()):
        raise InputProblem("The file leads outside data/raw.", where=relative, mend="Copy the file itself into the folder.")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputProblem(f"The file cannot be read: {error.strerror}.", where=relative, mend="Check its permissions.") from error
    return Source(relative, content, hashlib.sha256(content).hexdigest())


def read_sheet(
    source: Source, *, sheet: str | None = None, header_line: int = 1, delimiter: str = ",", encoding: str | None = None
) -> Sheet:
    """The rows of a CSV file, or of one sheet of a workbook.

    Raises:
        InputProblem: if the file is empty, of another kind, not text in a known encoding, unsafe to open, or has a header that names a column twice.
    """
    if not source.content:
        raise InputProblem("The file is empty.", where=source.path, mend="Ask the sender for it again, or take it away.")
    suffix = PurePosixPath(source.path).suffix.lower()
    if suffix == ".csv":
        return _csv_sheet(source, header_line, delimiter, encoding)
    if suffix == ".xlsx":
        return _xlsx_sheet(source, sheet, header_line)
    raise InputProblem(f"Files of kind '{suffix}' are not read.", where=source.path, mend="Send CSV or XLSX.")


# ---------------------------------------------------------------- CSV


def decode(source: Source, declared: str | None = None) -> tuple[str, str]:
    """Text and encoding: what is declared; else a byte-order mark decides; else strict UTF-8; else GB18030.

    Raises:
        InputProblem: if none of them fits.
    """
    content = source.content
    if declared is not None:
        candidates = [declared]
    elif content.startswith((b"\xff\xfe", b"\xfe\xff")):
        candidates = ["utf-16"]
    elif content.startswith(b"\xef\xbb\xbf"):
        candidates = ["utf-8-sig"]
    else:
        candidates = ["utf-8", "gb18030"]
    for encoding in candidates:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        return text, encoding
    raise InputProblem(f"The text is not {' or '.join(candidates)}.", where=source.path, mend="Save it again as 'CSV UTF-8'.")


def _csv_sheet(source: Source, header_line: int, delimiter: str, declared: str | None) -> Sheet:
    text, encoding = decode(source, declared)
    even = _even_rows(text, delimiter) if header_line == 1 else None
    if even is not None:
        header, body = even
        columns = _columns_of(header, f"{source.path}, line 1")
        return Sheet(source, "", encoding, columns, body.rename(dict(zip(body.columns, columns, strict=False))), [])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    cells: list[tuple[int, list[str]]] = []
    before = 0
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                cells.append((before + 1, row))
            before = reader.line_num
    except csv.Error as error:
        raise InputProblem(
            f"The CSV cannot be parsed: {error}.", where=f"{source.path}, line {reader.line_num}", mend="Check its quotes."
        ) from error
    return _sheet(source, "", encoding, cells, header_line)


def _even_rows(text: str, delimiter: str) -> tuple[list[str], pl.DataFrame] | None:
    """Header and rows of a plain CSV, by polars: many times faster than cell by cell. None where anything is out of the ordinary.

    Plain is: no quotes, no odd line ends, and as many delimiters on every line as in the header. Then one line is one row. The rows have columns by
    place and `__line`.
    """
    lines = text.count("\n") + (not text.endswith("\n"))
    first = text.partition("\n")[0].removesuffix("\r")
    width = first.count(delimiter) + 1
    odd_ends = text.count("\r") not in (0, text.count("\r\n"))
    if '"' in text or odd_ends or lines < 2 or width < 2 or not delimiter.isascii() or text.count(delimiter) != (width - 1) * lines:
        return None
    schema = {f"__{place}": pl.String() for place in range(width)}
    try:
        frame = pl.read_csv(
            text.encode(), separator=delimiter, quote_char=None, has_header=False, schema=schema, empty_string_is_null=False
        )
    except pl.exceptions.PolarsError:
        return None
    if frame.height != lines or frame.null_count().sum_horizontal().item() or not "".join(frame.row(0)).strip():
        return None
    body = frame.slice(1).with_columns(pl.int_range(2, lines + 1, dtype=pl.Int64()).alias(LINE))
    filled = body.filter(~pl.all_horizontal(pl.exclude(LINE).str.strip_chars() == ""))
    return list(frame.row(0)), filled


# ---------------------------------------------------------------- XLSX


def check_archive(source: Source) -> None:
    """Looks at a workbook's directory before anything is unpacked.

    Raises:
        InputProblem: if it is no zip, is encrypted, unpacks to too much, carries macros or links to other files, or names a path with `..`.
    """

    def refuse(what: str) -> InputProblem:
        return InputProblem(what, where=source.path, mend="Save the plain values as a new XLSX or CSV file.")

    try:
        with zipfile.ZipFile(io.BytesIO(source.content)) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile as error:
        raise refuse("The workbook is damaged, encrypted, or no XLSX.") from error
    unpacked = sum(entry.file_size for entry in entries)
    if (
        len(entries) > MAX_ENTRIES
        or unpacked > MAX_UNPACKED
        or any(entry.file_size > MAX_RATIO * max(entry.compress_size, 1024) for entry in entries)
    ):
        raise refuse(f"The workbook unpacks to {unpacked} bytes in {len(entries)} parts, more than is safe.")
    for entry in entries:
        if ".." in PurePosixPath(entry.filename).parts or entry.filename.startswith("/") or entry.flag_bits & 1:
            raise refuse(f"The workbook holds a part that is encrypted or leads outside: '{entry.filename}'.")
        if entry.filename.endswith("vbaProject.bin") or "/externalLinks/" in entry.filename:
            raise refuse("The workbook carries macros or links to other files.")
    try:
        with zipfile.ZipFile(io.BytesIO(source.content)) as archive:
            for entry in entries:
                # The directory may lie about sizes: each part is unpacked piece by piece, up to the size it claims, and its checksum compared.
                with archive.open(entry) as part:
                    while part.read(CHUNK):
                        pass
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise refuse("The workbook's parts are not what its directory says.") from error


def _xlsx_sheet(source: Source, sheet: str | None, header_line: int) -> Sheet:
    check_archive(source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles and extensions it leaves out; values are what is read here
            workbook = openpyxl.load_workbook(io.BytesIO(source.content), read_only=True, data_only=True, keep_links=False)
            names = [page.title for page in workbook.worksheets]
            name = sheet if sheet is not None else names[0]
            if name not in names or (sheet is None and len(names) > 1):
                raise InputProblem(
                    f"The workbook has the sheets {', '.join(repr(item) for item in names)}.",
                    where=source.path,
                    mend="Name the one to read as `sheet` in _format.toml.",
                )
            cells = _cells(workbook[name], source)
    except (InvalidFileException, KeyError, IndexError, ValueError, TypeError, OSError, SyntaxError, DefusedXmlException) as error:
        raise InputProblem(f"The workbook cannot be read: {error}.", where=source.path, mend="Save it again as XLSX.") from error
    filled = [(number, row) for number, row in cells if any(cell.strip() for cell in row)]
    width = max((len(row) for _, row in filled), default=0)
    even = [(number, row + [""] * (width - len(row))) for number, row in filled]
    read = _sheet(source, name, "xlsx", even, header_line)
    return replace(read, unread=tuple(other for other in names if other != name))


def _cells(page: Worksheet, source: Source) -> list[tuple[int, list[str]]]:
    """The cells of a sheet by row, as text.

    Raises:
        InputProblem: if a stray cell far away makes the sheet larger than is sensible.
    """
    cells: list[tuple[int, list[str]]] = []
    size = 0
    for number, row in enumerate(page.iter_rows(values_only=True), 1):
        size += len(row) + 1
        if size > MAX_CELLS:
            raise InputProblem(
                f"The sheet spans more than {MAX_CELLS} cells.",
                where=source.path,
                mend="Delete what lies far below or beside the table, or send CSV.",
            )
        cells.append((number, [_as_text(cell) for cell in row]))
    return cells


def _as_text(cell: object) -> str:
    """A cell as a person would type it. Words and errors stay as they are; numbers have 15 significant digits; days are ISO."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return f"{cell:.15g}"
    if isinstance(cell, datetime) and cell.time() == time.min:
        return cell.date().isoformat()
    return str(cell)


# ---------------------------------------------------------------- both


def _sheet(source: Source, name: str, encoding: str, cells: list[tuple[int, list[str]]], header_line: int) -> Sheet:
    header = next((row for line, row in cells if line == header_line), None)
    where = f"{source.path}, line {header_line}"
    if header is None:
        raise InputProblem("There is no header.", where=where, mend="Give the line of the header as `header_line` in _format.toml.")
    columns = _columns_of(header, where)
    below = [(line, row) for line, row in cells if line > header_line]
    ragged = [
        (line, ",".join(row))
        for line, row in below
        if len(row) != len(columns) and any(cell.strip() for cell in row[len(columns) :]) | (len(row) < len(columns))
    ]
    bad = {line for line, _ in ragged}
    good = [(line, row[: len(columns)]) for line, row in below if line not in bad]
    data: dict[str, list[str] | list[int]] = {column: [row[place] for _, row in good] for place, column in enumerate(columns)}
    data[LINE] = [line for line, _ in good]
    schema = dict.fromkeys(columns, pl.String()) | {LINE: pl.Int64()}
    return Sheet(source, name, encoding, columns, pl.DataFrame(data, schema=schema), ragged)


def _columns_of(header: list[str], where: str) -> list[str]:
    columns = [cell.strip() or f"column {number}" for number, cell in enumerate(header, 1)]
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if LINE in columns:
        raise InputProblem(f"The header names a column '{LINE}', which is kept for line numbers.", where=where, mend="Rename it.")
    if twice:
        raise RepeatedColumn(twice, columns, where)
    return columns
