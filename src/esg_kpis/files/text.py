"""Text files: which encoding, which delimiter, and their cells."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress

import polars as pl

from esg_kpis.errors import InputProblem
from esg_kpis.files.header import SEARCHED, columns_of, header_at, joined, known_names, sheet_of
from esg_kpis.files.sheet import LINE, Grid, Reading, Sheet
from esg_kpis.files.source import Source

DELIMITERS = (",", ";", "\t", "|", "$", "^", "~", "，", "；")
"""What may part cells where nothing is declared: the one under which a row holds the most known names of columns."""
HEAD = 200_000
"""How many characters from the top are looked at for a header."""
_QUOTED = r'(?m)(^|{mark})"(?:[^"\n]|"")*"(?={mark}|\r?$)'
"""A quoted cell, and what parts it from the one before."""


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
            raise InputProblem("It holds NUL bytes: it is no text, or UTF-16 without a byte-order mark.", where=source.where, mend="Save it again as 'CSV UTF-8'.")
        return text, encoding
    raise InputProblem(f"The text is not {' or '.join(candidates)}.", where=source.where, mend="Save it again as 'CSV UTF-8'.")


def text_sheet(source: Source, reading: Reading) -> Sheet:
    """The table of a text file.

    Raises:
        InputProblem: if it is no text in a known encoding, its quotes do not match, or it has no header.
    """
    content, encoding = in_utf8(source, reading.encoding)
    top = content[: 4 * HEAD].decode(errors="ignore")[:HEAD]
    if re.match(r"\s*<(?:!doctype|html|table|\?xml)", top, re.IGNORECASE):
        raise InputProblem("It is a web page or XML under another name.", where=source.where, mend="Open it in a spreadsheet and save it as XLSX or CSV.")
    said = re.match(r"(?i)sep=(.)\r?\n", top)
    delimiter = reading.delimiter or (said.group(1) if said else None) or _delimiter(top, reading)
    head = list(_head(top, delimiter))
    at = header_at(head[1:] if said else head, reading, source.where)
    if reading.header_rows == 1 and at is not None:
        lines = content.split(b"\n", at - 1) if at > 1 else [content]
        above = content[: len(content) - len(lines[-1])]
        if len(lines) == at and above.count(b"\r") == above.count(b"\r\n") and (even := even_rows(lines[-1], delimiter, at)) is not None:
            columns = columns_of(joined([even[0]]), f"{source.where}, line {at}")
            body = even[1].rename(dict(zip(even[1].columns, columns, strict=False)))
            return Sheet(source, source.member, encoding, columns, body, [], header_line=at, delimiter=delimiter)
    cells = list(_cells(content.decode(), delimiter, source))
    return sheet_of(source, Grid("", cells[1:] if said else cells), reading, encoding, delimiter)


def in_utf8(source: Source, declared: str | None) -> tuple[bytes, str]:
    """The text of a file as UTF-8, and the encoding it came in. What is ASCII already is not copied.

    Raises:
        InputProblem: as `decode`.
    """
    if declared is None and source.content.isascii() and b"\x00" not in source.content:
        return source.content, "utf-8"
    text, encoding = decode(source, declared)
    return source.content if encoding == "utf-8" else text.encode(), encoding


def _head(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The first filled rows, as far as they can be told without looking at the rest."""
    lines = text.split("\n", SEARCHED)[:SEARCHED]
    with suppress(csv.Error):
        yield from _filled(io.StringIO("\n".join(lines), newline=""), delimiter, strict=False)


def _filled(text: io.StringIO, delimiter: str, *, strict: bool) -> Iterator[tuple[int, list[str]]]:
    """Rows in which anything stands, by the line they begin on."""
    reader = csv.reader(text, delimiter=delimiter, strict=strict)
    before = 0
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield before + 1, row
            before = reader.line_num
    except csv.Error as error:
        raise csv.Error(f"line {reader.line_num}", str(error)) from error


def _delimiter(text: str, reading: Reading) -> str:
    """The delimiter under which a row near the top holds the most known names; a comma where none does, or where the declared header line says nothing of it."""

    def score(mark: str) -> int:
        rows = [row for line, row in _head(text, mark) if reading.header_line in (None, line)]
        return max((known_names(row, reading.names) for row in rows), default=0)

    scores = {mark: score(mark) for mark in DELIMITERS if mark in text}
    best = max(scores, key=lambda mark: scores[mark], default=",")
    return best if scores.get(best, 0) > scores.get(",", 0) else ","


def _cells(text: str, delimiter: str, source: Source) -> Iterator[tuple[int, list[str]]]:
    try:
        yield from _filled(io.StringIO(text, newline=""), delimiter, strict=True)
    except csv.Error as error:
        line, what = error.args
        raise InputProblem(f"The CSV cannot be parsed: {what}.", where=f"{source.where}, {line}", mend="Check its quotes.") from error


def even_rows(content: bytes, delimiter: str, first_line: int = 1) -> tuple[Sequence[str], pl.DataFrame] | None:
    """Header and rows of a plain CSV in UTF-8, by polars: many times faster than cell by cell. None where anything is out of the ordinary.

    Plain is: one line a row, no odd line ends, quotes only around whole cells, and as many cells on every line as in the header. The rows have columns by place and
    `__line`, counted from `first_line`, the line of the header.
    """
    if content.endswith((b"\n\n", b"\n\r\n")):
        content = content.rstrip(b"\r\n")
    if not delimiter.isascii() or (b"\r" in content and content.count(b"\r") != content.count(b"\r\n")):
        return None
    if not content.endswith(b"\n"):
        content += b"\n"  # Without a line end, polars takes a last row that is too long for a good one.
    lines = content.count(b"\n")
    header = next(iter(csv.reader([content[: content.find(b"\n")].removesuffix(b"\r").decode()], delimiter=delimiter)), [])
    quoted = b'"' in content
    if lines < 2 or len(header) < 2:
        return None
    if quoted and not _as_many_cells(content.decode(), delimiter, len(header), lines):
        return None
    schema = {f"__{place}": pl.String() for place in range(len(header))}
    try:
        frame = pl.read_csv(content, separator=delimiter, quote_char='"' if quoted else None, has_header=False, schema=schema)
    except pl.exceptions.PolarsError:
        return None
    if frame.height != lines or not "".join(header).strip():
        return None
    # Where a line is too short, polars leaves its last cells out without a word: they are null, as blank ones are.
    if not quoted and frame.to_series(-1).null_count() and not _as_many_cells(content.decode(), delimiter, len(header), lines):
        return None
    blank = [name for name in frame.columns if frame[name].null_count()]
    body = frame.slice(1).rechunk().with_columns(pl.col(blank).fill_null(""), pl.int_range(first_line + 1, first_line + lines, dtype=pl.Int64()).alias(LINE))
    if "__0" not in blank and not body.select((pl.nth(0).str.strip_chars() == "").any()).item():
        return header, body
    empty = body.filter(pl.all_horizontal(pl.exclude(LINE).str.strip_chars() == ""))[LINE]
    return header, body.filter(~pl.col(LINE).is_in(empty.implode())) if empty.len() else body


def _as_many_cells(text: str, delimiter: str, width: int, lines: int) -> bool:
    """Whether the delimiters outside quotes are as many as all lines together need: polars takes a row with too few cells for one with blanks."""
    bare = re.sub(_QUOTED.format(mark=re.escape(delimiter)), r"\1", text) if '"' in text else text
    return '"' not in bare and bare.count(delimiter) == (width - 1) * lines
