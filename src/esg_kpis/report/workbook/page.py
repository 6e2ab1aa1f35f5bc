"""One sheet of the workbook: a sentence that says what it is, a header that stays in sight, and rows that are written once, from top to bottom."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from typing import Any

from xlsxwriter.utility import xl_col_to_name

from esg_kpis.errors import EsgKpisError

FIRST = 3
"""The row of a sheet, as a spreadsheet counts them, in which its data begin."""
MOST_ROWS = 1_048_576 - FIRST + 1
LONGEST = 32_000
"""A cell takes 32,767 characters."""
DIGITS = 15
"""Significant digits that every number of a spreadsheet holds."""
_KEPT = Context(prec=17)
_QUOTED = tuple("=+-@\t\r＝＋－＠")


@dataclass(frozen=True)
class Column:
    """A column: its key, its title, its width in characters, and how its cells look: text, wrap, head, link, empty, or a number format."""

    key: str
    title: str
    width: int
    look: str = "text"


@dataclass(frozen=True)
class Sheet:
    """A sheet: its name, what it is in a sentence or two, its columns, how many of them stay in sight and how many are printed, and whether empty cells are ruled too."""

    name: str
    about: str
    columns: tuple[Column, ...]
    frozen: int = 1
    printed: int = 0
    ruled: bool = False

    def letter(self, key: str) -> str:
        """The letter of a column."""
        place = next(number for number, column in enumerate(self.columns) if column.key == key)
        return str(xl_col_to_name(place))

    def at(self, key: str, place: int) -> str:
        """The cell of a column in the row of the `place`-th item, counted from 0, as a formula of any sheet names it."""
        return f"{self.name}!{self.letter(key)}{FIRST + place}"

    def own(self, key: str, place: int) -> str:
        """The same as a formula of this sheet names it."""
        return f"{self.letter(key)}{FIRST + place}"

    def span(self, key: str, first: int, count: int) -> str:
        """The cells of a column in `count` rows."""
        letter = self.letter(key)
        return f"{self.name}!{letter}{FIRST + first}:{letter}{FIRST + first + count - 1}"


@dataclass(frozen=True)
class Formula:
    """A formula, with the value that the engine has for it. Only that value is seen by who opens the file without computing it."""

    text: str
    value: Fraction | Decimal | str | None = None


@dataclass(frozen=True)
class Link:
    """A way to another cell of the workbook."""

    to: str
    text: str


Cell = str | int | Decimal | Fraction | Formula | Link | None
_HEAD = {"indent": 1, "align": "left", "bold": True, "text_wrap": True, "valign": "vcenter", "bottom": 1, "bg_color": "#DDE6EE"}
_BASE = {"valign": "top", "font_name": "Arial", "font_size": 9, "bottom": 1, "bottom_color": "#E3E3E3"}
_LOOKS: Mapping[str, Mapping[str, Any]] = {
    "text": {"indent": 1, "align": "left"}, "wrap": {"text_wrap": True, "indent": 1, "align": "left"}, "head": _HEAD, "link": {"font_color": "#1F4E79", "underline": 1}, "about": {"italic": True, "font_color": "#444444", "bottom": 0},
    "empty": {"border": 1, "border_color": "#BBBBBB", "bg_color": "#FFF9DB"}, "title": {"bold": True, "font_size": 14, "bottom": 0}, "strong": {"bold": True, "bottom": 0}, "plain": {"text_wrap": True, "bottom": 0},
}  # fmt: skip
_NUMBER_AS_TEXT = "A1:XFD1048576"


class Page:
    """A sheet that is being written. Its rows are given one after the other."""

    def __init__(self, book: Any, sheet: Sheet, looks: "Looks", *, rows: int, note: str = "") -> None:  # noqa: ANN401  (XlsxWriter has no types)
        if rows > MOST_ROWS:
            raise EsgKpisError(
                f"The sheet {sheet.name} would need {rows:,} rows, and a sheet holds {MOST_ROWS:,}.", mend="Make a workbook per period: --period."
            )
        self.sheet, self._looks, self._line = sheet, looks, FIRST - 1
        self._wrapped = [place for place, column in enumerate(sheet.columns) if column.look == "wrap"]
        page = self._page = book.add_worksheet(sheet.name)
        for place, column in enumerate(sheet.columns):
            page.set_column(place, place, column.width)
        page.set_row(0, 16)
        page.write_url(0, 0, "internal:'Read me'!A1", looks.of("link"), "Read me")
        page.write_string(0, 1, f"{sheet.about} {note}".rstrip(), looks.of("about"))
        page.set_row(1, 40)
        for place, column in enumerate(sheet.columns):
            page.write_string(1, place, column.title, looks.of("head"))
        page.freeze_panes(FIRST - 1, sheet.frozen)
        page.autofilter(1, 0, max(FIRST - 2 + rows, 1), len(sheet.columns) - 1)
        page.set_landscape()
        page.set_paper(8)
        page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        page.fit_to_pages(1, 0)
        page.repeat_rows(1)
        page.set_footer("&L&8&F, &A&R&8&P / &N")
        page.ignore_errors({"number_stored_as_text": _NUMBER_AS_TEXT})
        page.print_area(0, 0, max(FIRST - 2 + rows, 1), (sheet.printed or len(sheet.columns)) - 1)

    def row(self, cells: Sequence[Cell], decimals: int | None = None) -> None:
        """The next row, as high as its longest text needs. `decimals` says how many a cell of the look `printed` shows."""
        high = max((_breaks(cells[place], self.sheet.columns[place].width) for place in self._wrapped), default=1)
        if high > 1:
            self._page.set_row(self._line, 12.5 * min(high, 12))
        for place, cell in enumerate(cells):
            if cell is not None:
                self._write(place, cell, self.sheet.columns[place].look, decimals)
            elif self.sheet.ruled:
                self._page.write_blank(self._line, place, None, self._looks.of("text"))
        self._line += 1

    def rows(self, many: Iterable[Sequence[Cell]]) -> None:
        """The next rows."""
        for cells in many:
            self.row(cells)

    def _write(self, place: int, cell: Cell, look: str, decimals: int | None) -> None:
        page, line = self._page, self._line
        if isinstance(cell, str):
            text = cell if len(cell) <= LONGEST else cell[:LONGEST] + " … (cut)"
            page.write_string(line, place, text, self._looks.of(look, quoted=text.startswith(_QUOTED)))
        elif isinstance(cell, Formula):
            page.write_formula(line, place, f"={cell.text}", self._looks.of(look, decimals=decimals), cached(cell.value))
        elif isinstance(cell, Link):
            page.write_url(line, place, f"internal:{cell.to}", self._looks.of("link"), cell.text)
        else:
            page.write_number(line, place, cached(cell), self._looks.of(look, decimals=decimals))


class Looks:
    """The formats of a workbook, each made once."""

    def __init__(self, book: Any) -> None:  # noqa: ANN401
        self._book, self._made = book, dict[tuple[str, bool, int | None], Any]()

    def of(self, look: str, *, quoted: bool = False, decimals: int | None = None) -> Any:  # noqa: ANN401
        """A look by name, or that of a number format. `quoted` keeps what looks like a formula from becoming one when somebody edits the cell."""
        key = (look, quoted, decimals if look == "printed" else None)
        if key not in self._made:
            own = _LOOKS.get(look)
            if own is None:
                own = {"num_format": _printed(decimals or 0), "bold": True} if look == "printed" else {"num_format": look}
            self._made[key] = self._book.add_format({**_BASE, **own, **({"quote_prefix": True} if quoted else {})})
        return self._made[key]


def _breaks(cell: Cell, width: int) -> int:
    """On how many lines a text stands in a column of a width. Chinese is twice as wide."""
    if not isinstance(cell, str):
        return 1
    size = len(cell) + sum(letter > "\u2e7f" for letter in cell)
    return 1 + int(size * 0.92) // width


def _printed(decimals: int) -> str:
    return "#,##0" + ("." + "0" * decimals if decimals else "") + "_)"


def cached(value: Fraction | Decimal | str | int | None) -> Decimal | str:
    """A number as the file holds it: 17 significant digits, more than a spreadsheet keeps."""
    if value is None or isinstance(value, str):
        return value or ""
    number = _KEPT.divide(Decimal(value.numerator), Decimal(value.denominator)) if isinstance(value, Fraction) else _KEPT.create_decimal(value)
    return number if number.as_tuple().exponent in range(-30, 1) else _KEPT.create_decimal(f"{number:f}")


def exactly(value: Decimal | Fraction) -> str | None:
    """The number in full, where a spreadsheet cannot hold all of its digits; None where it can."""
    if isinstance(value, Fraction) and value.denominator != 1:
        return f"{value.numerator}/{value.denominator}"
    whole = Decimal(value.numerator) if isinstance(value, Fraction) else value
    digits = whole.normalize(Context(prec=100)).as_tuple().digits
    return f"{whole:f}" if len(digits) > DIGITS else None
