"""Workbooks: headers of two rows, merged cells, many sheets, dates as numbers, formulas, and the older kinds."""

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl
import xlsxwriter

from tests.gallery.case import Case, column, form, stored
from tests.ingest_scenario import BILL, with_part

Rows = Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Formula:
    """A formula with the value that was saved beside it; None for none."""

    text: str
    value: object


def book(sheets: Mapping[str, Rows], *, merged: Sequence[str] = (), hidden: Sequence[str] = (), epoch: int = 1900) -> bytes:
    """A workbook; ranges of `merged` are merged on the first sheet and keep the text of their first cell."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True, "date_1904": epoch == 1904}) as made:
        as_date = made.add_format({"num_format": "yyyy-mm-dd"})
        shown = False
        for number, (name, rows) in enumerate(sheets.items()):
            page = made.add_worksheet(name)
            for area in merged if number == 0 else ():
                page.merge_range(area, "")
            for line, row in enumerate(rows):
                for place, value in enumerate(row):
                    if isinstance(value, Formula):
                        page.write_formula(line, place, value.text, None, "" if value.value is None else value.value)
                    elif isinstance(value, (date, datetime)):
                        page.write_datetime(line, place, value, as_date)
                    elif isinstance(value, str):
                        page.write_string(line, place, value)
                    elif value is not None:
                        page.write_number(line, place, value)
            if name in hidden:
                page.hide()
            elif not shown:
                shown = True
                page.activate()
    return content.getvalue()


def row(quantity: object, month: int = 1, site: object = "BJ-01", first: object = None, last: object = None) -> list[Any]:
    """A bill of a month, with date cells unless told otherwise."""
    return [site, "electricity_purchased", quantity, "kWh", first or date(2023, month, 1), last or date(2023, month, 28)]


def bills(*rows: Sequence[object], **given: Any) -> bytes:  # noqa: ANN401
    """A workbook of one sheet of bills in our own words."""
    return book({"Bills": [list(BILL), *rows]}, **given)


def without_saved_values(content: bytes) -> bytes:
    """As a program writes a workbook that no spreadsheet ever opened: formulas, and no values."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    return with_part(content, "xl/worksheets/sheet1.xml", sheet.replace(b"<v></v>", b""))


def months() -> bytes:
    """Twelve sheets of one kind, and one of notes between them."""
    sheets: dict[str, Rows] = {f"{month}月": [list(BILL), row(month * 10, month)] for month in range(1, 13)}
    return book({"说明": [["每月一张"]], **sheets})


def two_kinds() -> bytes:
    """A sheet of electricity in columns of ours and one of gas in columns of theirs."""
    return book({"电": [["site_id", "month", "amount"], ["BJ-01", "2023-01", 5]], "气": [["地点", "月", "气量"], ["BJ-01", "2023-01", 7]]})


def stray_cell(line: str = "1048576") -> bytes:
    """One cell far below, if nothing is told in the last row that a sheet can have."""
    content = bills(row(5))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    cell = f'<row r="{line}"><c r="A{line}" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'.encode()
    return with_part(content, "xl/worksheets/sheet1.xml", sheet.replace(b"</sheetData>", cell))


def merged_columns() -> bytes:
    """The site of the first row merged down to the end of the sheet, and three empty columns beside the table."""
    content = bills(row(5), row(6, 2, None))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    ranges = b'</sheetData><mergeCells><mergeCell ref="A2:A1048576"/><mergeCell ref="H1:J1048576"/></mergeCells>'
    return with_part(content, "xl/worksheets/sheet1.xml", sheet.replace(b"</sheetData>", ranges))


def in_circles() -> bytes:
    """The XLS ledger with every small sector followed by itself."""
    content = bytearray(stored("ledger.xls")())
    (table,) = struct.unpack_from("<i", content, 60)
    for number in range(128):
        place = 512 * (table + 1) + 4 * number
        if struct.unpack_from("<i", content, place)[0] >= 0:
            struct.pack_into("<i", content, place, number)
    return bytes(content)


def parquet() -> bytes:
    """Typed columns: dates, a decimal, a float, a null."""
    frame = pl.DataFrame({
        "site_id": ["BJ-01", "BJ-01", "BJ-02"], "measure": ["electricity_purchased"] * 3, "quantity": [0.1 + 0.2, 1200.0, None], "unit": ["kWh"] * 3,
        "period_start": [date(2023, 1, 1), date(2023, 2, 1), date(2023, 3, 1)], "period_end": [date(2023, 1, 31), date(2023, 2, 28), date(2023, 3, 31)],
    })  # fmt: skip
    content = io.BytesIO()
    frame.write_parquet(content)
    return content.getvalue()


TWO_ROWS: Rows = [["站点", "月份", "用电", None, "备注"], [None, None, "峰(kWh)", "谷(kWh)", None], ["BJ-01", "2023-01", 10, 20, "x"], ["BJ-01", "2023-02", 11, 21, None]]
TWO_ROWS_FORM = form("header_line = 1\nheader_rows = 2", 'columns = { site_id = "站点", month = "月份" }', column("用电/峰(kWh)", "unit_in_header = true") + column("用电/谷(kWh)", "unit_in_header = true"))
GAS = '[[file]]\nglob = "*"\nsheet = "气"\n[[file.feed]]\ndomain = "energy"\ncolumns = { site_id = "地点", month = "月" }\n[[file.feed.quantity]]\nmeasure = "natural_gas"\ncolumn = "气量"\nunit = "Nm3"\n'
LEDGER = """
台账!3  used 1234.5 kWh
台账!4  used 0.3 Nm3
台账!5  used 1200 kWh
台账!6  used 613 kWh [formula_value]
台账!7  rejected: number [formula_value]
台账!8  rejected: merged_quantity
台账!9  rejected: merged_quantity
台账!10  rejected: merged_quantity
台账!*  unread: Sheets not read: 旧版 (hidden), 说明.
"""
"""What becomes of the ledger that LibreOffice saved, of whatever kind."""

SHAPES = (
    Case("A Chinese header of two rows with units, its upper cells merged", {"energy/用电.xlsx": lambda: book({"电": TWO_ROWS}, merged=["A1:A2", "B1:B2", "C1:D1", "E1:E2"])}, "电!3  used 10 kWh + 20 kWh\n电!4  used 11 kWh + 21 kWh", TWO_ROWS_FORM),
    Case("A Chinese header of two rows in a CSV file, where nothing can be merged", {"energy/用电.csv": "站点,月份,用电,,备注\n,,峰(kWh),谷(kWh),\nBJ-01,2023-01,10,20,x\n"}, "3  used 10 kWh + 20 kWh", TWO_ROWS_FORM),
    Case(
        "A merged title, and site names merged over the rows of the body",
        {"energy/bills.xlsx": lambda: book({"Bills": [["2023年用电"], list(BILL), row(5), row(6, 2, None), row(7, 3, "BJ-02")]}, merged=["A1:F1", "A3:A4"])},
        "Bills!3  used 5 kWh\nBills!4  used 6 kWh\nBills!5  used 7 kWh",
    ),
    Case(
        "A quantity merged over three months",
        {"energy/bills.xlsx": lambda: bills(row(5), row(300, 2), row(None, 3), row(None, 4), row(6, 5), merged=["C3:C5"])},
        "Bills!2  used 5 kWh\nBills!3  rejected: merged_quantity\nBills!4  rejected: merged_quantity\nBills!5  rejected: merged_quantity\nBills!6  used 6 kWh",
    ),
    Case("A site name merged over blank cells below the table", {"energy/bills.xlsx": lambda: bills(row(5), row(6, 2, None), merged=["A2:A9"])}, "Bills!2  used 5 kWh\nBills!3  used 6 kWh"),
    Case("Whole columns merged by mistake", {"energy/bills.xlsx": merged_columns}, "Bills!2  used 5 kWh\nBills!3  used 6 kWh"),
    Case("A row that says it stands where no sheet reaches", {"energy/bills.xlsx": lambda: stray_cell("99999999999")}, "*  stopped: The sheet spans more than 20000000 cells. Delete what lies far below or beside the table, or send CSV."),
    Case("A stray cell in row 1,048,576", {"energy/bills.xlsx": stray_cell}, "Bills!2  used 5 kWh\nBills!1048576  rejected: date_missing;measure;quantity_missing;unknown_site"),
    Case("A table that begins at row 20, column C", {"energy/bills.xlsx": lambda: book({"Bills": [*[[]] * 19, [None, None, *BILL], [None, None, *row(5)]]})}, "Bills!21  used 5 kWh"),
)

SHEETS = (
    Case("A workbook of twelve monthly sheets", {"energy/2023.xlsx": months}, "\n".join(f"{month}月!2  used {month * 10} kWh" for month in (1, 10, 11, 12, *range(2, 10))) + "\n12月!*  unread: Sheets not read: 说明."),
    Case("Twelve monthly sheets by a pattern", {"energy/2023.xlsx": months}, "\n".join(f"{month}月!2  used {month * 10} kWh" for month in (10, 11, 12)) + "\n12月!*  unread: Sheets not read: 1月, 2月, 3月, 4月, 5月, 6月, 7月, 8月, 9月, 说明.", form('sheet = "1?月"')),
    Case("Two sheets of two kinds, with an entry each", {"energy/both.xlsx": two_kinds}, "气!2  used 7 Nm3\n电!2  used 5 kWh", form('sheet = "电"', quantity=column("amount"), more=GAS)),
    Case("Two sheets of two kinds, and an entry for one that the workbook lacks", {"energy/both.xlsx": two_kinds}, "电!2  used 5 kWh\n电!*  unread: Sheets not read: 气.\n水!*  stopped: The workbook has the sheets '电', '气', and none is called '水'.", form('sheet = "电"', quantity=column("amount"), more=GAS.replace('"气"\n', '"水"\n'))),
    Case("A hidden sheet with bills, beside a visible one", {"energy/bills.xlsx": lambda: book({"Old": [list(BILL), row(4)], "New": [list(BILL), row(5)]}, hidden=["Old"])}, "New!2  used 5 kWh\nNew!*  unread: Sheets not read: Old (hidden)."),
    Case("A hidden sheet that the format names", {"energy/bills.xlsx": lambda: book({"New": [list(BILL), row(5)], "Old": [list(BILL), row(4)]}, hidden=["Old"])}, "Old!2  used 4 kWh\nOld!*  unread: Sheets not read: New.", form('sheet = "Old"')),
    Case("Several sheets of which none has a header that is known", {"energy/bills.xlsx": lambda: book({"a": [["x", "y"], ["1", "2"]], "b": [["x", "y"], ["1", "2"]]})}, "*  stopped: The workbook has the sheets 'a', 'b'; none of them has a header that is known. Name the one to read as `sheet` in _format.toml."),
)

CELLS = (
    Case(
        "Excel dates as numbers, without `serial_dates`: the reason says what to declare",
        {"energy/bills.xlsx": lambda: bills(row(5, first=44927, last=44957))},
        "Bills!2  rejected: date",
    ),
    Case("Excel dates as numbers, with `serial_dates`", {"energy/bills.xlsx": lambda: bills(row(5, first=44927, last=44957))}, "Bills!2  used 5 kWh", form("serial_dates = true")),
    Case("Excel dates as numbers, of a workbook that counts from 1904", {"energy/bills.xlsx": lambda: bills(row(5, first=43465, last=43495), row(6, 2), epoch=1904)}, "Bills!2  used 5 kWh\nBills!3  used 6 kWh", form("serial_dates = true")),
    Case(
        "Values of formulas, formulas without a saved value, and errors",
        {"energy/bills.xlsx": lambda: without_saved_values(bills(row(Formula("=2+3", 5)), row(Formula("=2+3", None), 2), row(Formula("=1/0", "#DIV/0!"), 3), row(6, 4), row("=cmd()", 5)))},
        "Bills!2  used 5 kWh [formula_value]\nBills!3  rejected: formula\nBills!4  rejected: number [formula_value]\nBills!5  used 6 kWh\nBills!6  rejected: formula",
    ),
    Case("Text numbers, beside numbers", {"energy/bills.xlsx": lambda: bills(row("1,200"), row("１２", 2), row(" 13 ", 3), row("'14", 4), row(0.1 + 0.2, 5), row(1e-7, 6))}, "Bills!2  used 1200 kWh\nBills!3  used 12 kWh\nBills!4  used 13 kWh\nBills!5  rejected: number\nBills!6  used 0.3 kWh\nBills!7  used 0.0000001 kWh"),
    Case("Text dates and date cells with a time in one column", {"energy/bills.xlsx": lambda: bills(row(5, first="2023/1/1", last="2023年1月31日"), row(6, first=datetime(2023, 2, 1, 8, 30), last=datetime(2023, 2, 28)))}, "Bills!2  used 5 kWh\nBills!3  rejected: date"),  # noqa: DTZ001
    Case("A decimal comma declared for what its sender typed as text, beside true numbers", {"energy/bills.xlsx": lambda: bills(row("1.234,5"), row(1234.5, 2))}, "Bills!2  used 1234.5 kWh\nBills!3  used 1234.5 kWh", form('decimal = ","\nthousands = "."')),
)

KINDS = (
    Case("XLS, by LibreOffice", {"energy/台账.xls": stored("ledger.xls")}, LEDGER.replace(" [formula_value]", "")),
    Case("An XLS file of which a part follows itself", {"energy/台账.xls": in_circles}, "*  stopped: The workbook is damaged: its parts follow each other in circles. Open it in a spreadsheet and save it again as XLSX."),
    Case("ODS, by LibreOffice", {"energy/台账.ods": stored("ledger.ods")}, LEDGER),
    Case("Parquet", {"energy/bills.parquet": parquet}, "1  used 0.3 kWh\n2  used 1200 kWh\n3  rejected: quantity_missing"),
    Case("A workbook under the name .csv", {"energy/bills.csv": lambda: bills(row(5))}, "Bills!2  used 5 kWh"),
    Case("A workbook with a password", {"energy/bills.xlsx": stored("encrypted.xlsx")}, "*  stopped: The workbook is encrypted. Save it without a password."),
    Case("A workbook with macros, under the name .xlsx", {"energy/bills.xlsx": lambda: with_part(bills(row(5)), "xl/vbaProject.bin", b"x")}, "*  stopped: It carries macros or links to other files. Save the plain values as a new XLSX or CSV file."),
    Case("A workbook with macros, under its own name", {"energy/bills.xlsm": lambda: with_part(bills(row(5)), "xl/vbaProject.bin", b"x")}, "*  stopped: Files of kind '.xlsm' are not read. Send CSV, TSV, XLSX, XLS, ODS or Parquet, also as gz or zip."),
    Case("A workbook that links to other workbooks", {"energy/bills.xlsx": lambda: with_part(bills(row(5)), "xl/externalLinks/externalLink1.xml", b"<externalLink/>")}, "*  stopped: It carries macros or links to other files."),
)

CASES = (*SHAPES, *SHEETS, *CELLS, *KINDS)
