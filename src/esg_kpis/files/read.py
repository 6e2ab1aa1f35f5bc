"""One way in for every kind of file. The content tells the kind, not the name; what is packed or a workbook is opened in the sandbox."""

import io
import zipfile
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from esg_kpis.errors import InputProblem
from esg_kpis.files.archives import BROKEN, check_archive, gunzipped, unzipped
from esg_kpis.files.header import header_at, known_names, sheet_of
from esg_kpis.files.sheet import Grid, Reading, Sheet
from esg_kpis.files.source import Source
from esg_kpis.files.text import text_sheet

TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
SUFFIXES = (*TEXT_SUFFIXES, ".xlsx", ".xls", ".ods", ".parquet", ".gz", ".zip")
_WORKBOOKS = ("xlsx", "ods", "xls")


def kind_of(source: Source) -> str:
    """What a file is, by its first bytes: gzip, zip, xlsx, ods, xls, parquet or text.

    Raises:
        InputProblem: if it is empty, or of a kind whose name says that it is none of these.
    """
    content, suffix = source.content, PurePosixPath(source.name).suffix.lower()
    if not content:
        raise InputProblem("The file is empty.", where=source.where, mend="Ask the sender for it again, or take it away.")
    if suffix not in SUFFIXES and not source.wrapped == "gzip":
        raise InputProblem(f"Files of kind '{suffix}' are not read.", where=source.where, mend="Send CSV, TSV, XLSX, XLS, ODS or Parquet, also as gz or zip.")
    if content.startswith(b"\x1f\x8b"):
        return "gzip"
    if content.startswith(b"PAR1"):
        return "parquet"
    if content.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "xls"
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _kind_of_zip(source)
    if suffix not in TEXT_SUFFIXES and suffix in (".gz", ".zip", ".xlsx", ".ods", ".parquet"):
        raise InputProblem(f"The content is no {suffix[1:].upper()}: the file is damaged, encrypted, or misnamed.", where=source.where, mend="Ask for it again, or name it by what it is.")
    return "text"


def _kind_of_zip(source: Source) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(source.content)) as archive:
            names = set(archive.namelist())
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 200 and b"opendocument.spreadsheet" in archive.read("mimetype"):
                return "ods"
    except BROKEN:
        return "xlsx"  # Damaged: `check_archive` says so.
    return "xlsx" if "[Content_Types].xml" in names or any(name.startswith("xl/") for name in names) else "zip"


def unpacked(source: Source) -> list[Source]:
    """The files that a file holds: those inside an archive, else itself. An archive inside an archive is refused.

    Raises:
        InputProblem: if it is unsafe, damaged, empty, or of a kind that is not read.
    """
    kind = kind_of(source)
    if kind not in ("gzip", "zip"):
        return [source]
    inside = [gunzipped(source)] if kind == "gzip" else unzipped(source)
    for item in inside:
        if item.content.startswith(b"\x1f\x8b") or (item.content.startswith(b"PK\x03\x04") and _kind_of_zip(item) == "zip"):
            raise InputProblem("It holds another archive.", where=item.where, mend="Pack the files once, or not at all.")
    return inside


def read_sheets(source: Source, reading: Reading) -> list[Sheet]:
    """The tables of one file that is no archive: of a workbook those sheets that `reading` names, or whose header is known.

    Raises:
        InputProblem: if the file is empty, of another kind, not text in a known encoding, unsafe to open, or has no header or one that names a column twice.
    """
    kind = kind_of(source)
    if kind == "text":
        return [text_sheet(source, reading)]
    if kind == "parquet":
        from esg_kpis.files.columnar import (
            parquet_sheet,  # pyarrow and openpyxl take a tenth of a second each, and most commands read no such file.
        )

        return [parquet_sheet(source, reading)]
    if kind not in _WORKBOOKS:
        raise InputProblem("It is an archive.", where=source.where, mend="Unpack it first.")
    if kind != "xls":
        check_archive(source)
    from esg_kpis.files.workbooks import grids_of

    grids = grids_of(source, kind, reading.sheet, reading.decimal)
    chosen = _chosen(grids, reading, source)
    unread = tuple(f"{grid.name} (hidden)" if grid.hidden else grid.name for grid in grids if grid not in chosen)
    sheets = [sheet_of(source, grid, reading, kind) for grid in chosen]
    return [replace(sheets[0], unread=unread), *sheets[1:]]


def _chosen(grids: list[Grid], reading: Reading, source: Source) -> list[Grid]:
    """The sheets to read: those the format names; else the visible ones whose header is known; else the only one."""
    if reading.sheet is not None:
        chosen = [grid for grid in grids if fnmatchcase(grid.name, reading.sheet)]
    else:
        visible = [grid for grid in grids if not grid.hidden and grid.cells]
        known = [grid for grid in visible if _knows(grid, reading)]
        chosen = known or (visible if len(visible) == 1 else [])
    if not chosen:
        raise InputProblem(
            f"The workbook has the sheets {', '.join(repr(grid.name) for grid in grids)}"
            + (f", and none is called '{reading.sheet}'." if reading.sheet is not None else "; none of them has a header that is known."),
            where=source.where, mend="Name the one to read as `sheet` in _format.toml." if reading.sheet is None else "Give the sheet that name again, or name the one to read as `sheet` in _format.toml.",
        )  # fmt: skip
    return chosen


def _knows(grid: Grid, reading: Reading) -> bool:
    at = header_at(grid.cells, reading, grid.name)
    return any(line == at and known_names(row, reading.names) > 1 for line, row in grid.cells)
