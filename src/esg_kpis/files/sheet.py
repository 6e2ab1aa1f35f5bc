"""One table of text out of a file, and how the file is to be read to give it."""

from dataclasses import dataclass, field

import polars as pl

from esg_kpis.files.source import Source

LINE = "__line"
CELL = {LINE: pl.Int64(), "column": pl.String()}
NO_CELLS = pl.DataFrame(schema=CELL)
MAX_CELLS = 20_000_000
"""Cells that a sheet may span."""


@dataclass(frozen=True)
class Reading:
    """How a file is to be read.

    Attributes:
        sheet: Name of the sheets to read, a pattern with `*` and `?`; None for every visible sheet whose header is known.
        header_line: Line of the (first) header row; None where it is to be found by the names it holds.
        header_rows: How many rows the header has; the names of one column are joined by `/`.
        delimiter: What parts the cells; None where it is to be found by the names of the header.
        encoding: Encoding; None where the content tells it.
        names: Names of columns that are known, as `header.folded` spells them.
        decimal: Decimal mark with which the numbers of a workbook are spelled, so that they read like those its sender wrote as text.
    """

    sheet: str | None = None
    header_line: int | None = None
    header_rows: int = 1
    delimiter: str | None = None
    encoding: str | None = None
    names: frozenset[str] = frozenset()
    decimal: str = "."


@dataclass(frozen=True)
class Sheet:
    """One table of text.

    `rows` has the columns of the header, in order, and `__line`: the line of the file or the row of the sheet. `ragged` lists lines whose number of cells differs
    from the header's, as received. `merged` and `formulas` list cells (`__line`, `column`) that span several rows, or whose value a formula gave when the workbook was
    last saved. `unread` names the other sheets of the workbook. `epoch` is the day 0 of a workbook's day numbers, `1900` or `1904`.
    """

    source: Source
    sheet: str
    encoding: str
    columns: list[str]
    rows: pl.DataFrame
    ragged: list[tuple[int, str]]
    header_line: int = 1
    delimiter: str = ""
    merged: pl.DataFrame = field(default_factory=lambda: NO_CELLS)
    formulas: pl.DataFrame = field(default_factory=lambda: NO_CELLS)
    unread: tuple[str, ...] = ()
    epoch: str = ""

    @property
    def where(self) -> str:
        """The place in words."""
        return f"{self.source.path}, {self.sheet}" if self.sheet else self.source.path


@dataclass(frozen=True)
class Grid:
    """Cells as they stand, before anybody knows which row is the header: filled rows by line, and of a workbook its merged ranges and formulas.

    `merged` holds first and last line and column (from 0) of each range; `formulas` line and column.
    """

    name: str
    cells: list[tuple[int, list[str]]]
    merged: tuple[tuple[int, int, int, int], ...] = ()
    formulas: tuple[tuple[int, int], ...] = ()
    hidden: bool = False
    epoch: str = ""
