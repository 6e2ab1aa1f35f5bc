"""The header of a table: which row it is, what its columns are called, and the rows below it."""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import polars as pl

from esg_kpis.errors import InputProblem
from esg_kpis.files.sheet import CELL, LINE, Grid, Reading, Sheet
from esg_kpis.files.source import Source

_NEARLY = 3
"""A row above the header that lacks fewer of its names than this is another header, not a line of words above the table."""
SEARCHED = 50
"""How many filled rows from the top are looked at for a header."""
_UNIT = re.compile(r"\s*[(\[【]([^()\[\]【】]*)[)\]】]\s*$")


class RepeatedColumn(InputProblem):
    """A header names columns more than once: `twice`. `columns` is the whole header."""

    def __init__(self, twice: list[str], columns: list[str], where: str) -> None:
        self.twice = twice
        self.columns = columns
        super().__init__(f"The header names {', '.join(map(repr, twice))} more than once.", where=where, mend="Rename one of them; if the header has several rows, say `header_rows` in _format.toml.")


def folded(name: str) -> str:
    """A column name without what does not tell names apart: width of letters, case, spaces, `_`, `-`, `*` and `:`."""
    return re.sub(r"[\s_*:\-]+", "", unicodedata.normalize("NFKC", name)).casefold()


def unit_of(name: str) -> tuple[str, str]:
    """A column name without the unit in brackets at its end, and that unit: `电量（万kWh）` is `电量` and `万kWh`."""
    found = _UNIT.search(plain := name.replace("（", "(").replace("）", ")").replace("［", "[").replace("］", "]"))
    return (plain[: found.start()].strip(), found.group(1).strip()) if found else (name, "")


def known_names(row: Sequence[str], names: frozenset[str]) -> int:
    """How many different known names a row holds, as cells of their own."""
    told = {folded(cell) for cell in row} | {folded(unit_of(cell)[0]) for cell in row}
    return len(told & names)


def header_at(cells: Sequence[tuple[int, list[str]]], reading: Reading, where: str) -> int | None:
    """The line of the header: as declared; else the first of those near the top that hold the most known names; else the first line, if it is filled."""
    if reading.header_line is not None:
        return reading.header_line
    counts = [(line, row, known_names(row, reading.names)) for line, row in cells[:SEARCHED]]
    most = max((count for _, _, count in counts), default=0)
    if most < 2:
        return 1 if cells and cells[0][0] == 1 else None
    best, header = next((line, row) for line, row, count in counts if count == most)
    above = [line for line, row, count in counts if line <= best - reading.header_rows and count > max(1, most - _NEARLY) and row != header]
    if above:
        raise InputProblem(
            f"Lines {above[0]} and {best} both look like a header; perhaps there are two tables.", where=where, mend="Give the line of the header as `header_line` in _format.toml, and send a second table by itself.",
        )  # fmt: skip
    return best


def sheet_of(source: Source, grid: Grid, reading: Reading, encoding: str, delimiter: str = "") -> Sheet:
    """The table that stands in a grid.

    Raises:
        InputProblem: if it has no header, or the header names a column twice.
    """
    name = "/".join(part for part in (source.member, grid.name) if part)
    where = f"{source.path}, {name}" if name else source.path
    filled = [(line, row) for line, row in grid.cells if any(cell.strip() for cell in row)]
    at = header_at(filled, reading, where)
    rows = [row for line, row in _spread(grid, at, reading) if at is not None and at <= line < at + reading.header_rows]
    if at is None or not rows or not any(cell.strip() for cell in rows[0]):
        raise InputProblem("There is no header.", where=f"{where}, line {at or 1}", mend="Give the line of the header as `header_line` in _format.toml.")
    columns = columns_of(joined(rows), f"{where}, line {at}")
    width, last = len(columns), at + reading.header_rows - 1
    below = [(line, row) for line, row in _filled_down(grid, filled, at) if line > last]
    ragged = [(line, row) for line, row in below if len(row) < width or any(cell.strip() for cell in row[width:])]
    bad = {line for line, _ in ragged}
    good = [(line, row[:width]) for line, row in below if line not in bad]
    data: dict[str, list[str] | list[int]] = {column: [row[place] for _, row in good] for place, column in enumerate(columns)}
    data[LINE] = [line for line, _ in good]
    frame = pl.DataFrame(data, schema=dict.fromkeys(columns, pl.String()) | {LINE: pl.Int64()})
    lines = [line for line, _ in below]
    spans = [(line, columns[column]) for top, low, left, right in grid.merged if low > top for line in _within(lines, top, low) for column in range(left, min(right + 1, width))]
    given = [(line, columns[column]) for line, column in grid.formulas if column < width]
    return Sheet(
        source, name, encoding, columns, frame, [(line, (delimiter or ",").join(row)) for line, row in ragged],
        header_line=at, delimiter=delimiter, merged=_cells(spans, last), formulas=_cells(given, last), epoch=grid.epoch,
    )  # fmt: skip


def _within(lines: Sequence[int], first: int, last: int) -> Sequence[int]:
    """Those of some rising lines that lie in a range, which may be as long as a sheet."""
    return lines[bisect_left(lines, first) : bisect_right(lines, last)]


def _cells(found: Sequence[tuple[int, str]], header: int) -> pl.DataFrame:
    return pl.DataFrame([cell for cell in dict.fromkeys(found) if cell[0] > header], schema=CELL, orient="row")


def _spread(grid: Grid, at: int | None, reading: Reading) -> list[tuple[int, list[str]]]:
    """The header rows with the text of each merged range in all of its cells."""
    last = (at or 1) + reading.header_rows - 1
    rows = {line: list(row) for line, row in grid.cells if line <= last}
    for top, low, left, right in grid.merged:
        if top not in rows or not at or top < at or left >= len(rows[top]):
            continue
        for line in range(top, min(low, last) + 1):
            row = rows.setdefault(line, [""] * len(rows[top]))
            row += [""] * (right + 1 - len(row))
            row[left : right + 1] = [rows[top][left]] * (right + 1 - left)
    return sorted(rows.items())


def _filled_down(grid: Grid, filled: Sequence[tuple[int, list[str]]], header: int) -> Sequence[tuple[int, list[str]]]:
    """The rows below the header with the text of each range merged over several rows in all of its rows."""
    if not any(low > top > header for top, low, _, _ in grid.merged):
        return filled
    rows = {line: list(row) for line, row in grid.cells}
    lines = sorted(rows)
    for top, low, left, right in grid.merged:
        if top <= header or low == top or top not in rows or left >= len(rows[top]):
            continue
        for line in _within(lines, top, low):
            if any(cell.strip() for cell in rows[line]):
                rows[line][left : right + 1] = rows[top][left : right + 1]
    return [(line, row) for line, row in sorted(rows.items()) if any(cell.strip() for cell in row)]


def joined(rows: Sequence[Sequence[str]]) -> list[str]:
    """The names of columns out of several header rows, joined by `/`. A blank upper cell beside a lower name belongs to the upper name on its left."""
    width = max(len(row) for row in rows)
    names = [" ".join(cell.split()) for cell in rows[-1]] + [""] * (width - len(rows[-1]))
    for upper in reversed(rows[:-1]):
        above, over = "", []
        for place in range(width):
            cell = " ".join(upper[place].split()) if place < len(upper) else ""
            above = cell or (above if names[place] else "")
            over.append(above)
        names = [upper_name if not name or upper_name == name else f"{upper_name}/{name}" if upper_name else name for upper_name, name in zip(over, names, strict=True)]
    return names


def columns_of(header: Sequence[str], where: str) -> list[str]:
    """The names of a header, each once; one without a name is called by its place, and such cells at its end are no columns.

    Raises:
        InputProblem: if a name stands twice, or is the one kept for line numbers.
    """
    columns = [" ".join(cell.split()) or f"column {number}" for number, cell in enumerate(header, 1)]
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if LINE in columns:
        raise InputProblem(f"The header names a column '{LINE}', which is kept for line numbers.", where=where, mend="Rename it.")
    if twice:
        raise RepeatedColumn(twice, columns, where)
    return columns
