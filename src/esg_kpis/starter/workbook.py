"""A template as a workbook: a sheet to fill in with lists and checks, what to write in both languages, and the words of the lists. The same template gives the same bytes."""

import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from esg_kpis.ingest.examples import MARK
from esg_kpis.starter.template import FILL_IN, LISTS, READ_ME, Cell, Column, Template

_FIXED_DATE = datetime(2020, 1, 1)  # noqa: DTZ001  (a workbook has no time zone)
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "default_date_format": "yyyy-mm-dd"}
_LAST_ROW = 5000
"""As far down as cells are checked while somebody types."""
_ROOM = 500
"""As many sites, countries or regions as a list has room for."""
_FONT = {"font_name": "Arial", "font_size": 10, "valign": "top"}
_EXAMPLE = {"bg_color": "#FFF2CC", "italic": True, "font_color": "#7F6000"}
_LOOKS: Mapping[str, Mapping[str, Any]] = {
    "must": {"bold": True, "text_wrap": True, "valign": "vcenter", "indent": 1, "bg_color": "#1F4E79", "font_color": "#FFFFFF", "border": 1, "border_color": "#FFFFFF"},
    "may": {"bold": True, "text_wrap": True, "valign": "vcenter", "indent": 1, "bg_color": "#DCE6F1", "font_color": "#1F3864", "border": 1, "border_color": "#FFFFFF"},
    "text": {"num_format": "@", "align": "left", "indent": 1}, "date": {"num_format": "yyyy-mm-dd", "align": "left", "indent": 1}, "number": {"num_format": "#,##0.######", "align": "right", "indent": 1},
    "title": {"bold": True, "font_size": 13}, "head": {"bold": True, "bottom": 1}, "wrap": {"text_wrap": True},
}  # fmt: skip
_OF_KIND = {"date": "date", "number": "number"}
_HOW = (
    ("Fill in the first sheet: a row each, from the second row on. Dark columns must not be blank; light ones may.", "请填写第一张工作表，每项一行，从第二行开始。深色列必填，浅色列选填。"),
    ("Yellow rows are worked examples. They count until you overwrite or delete them; `esg-kpis check` says where any are left.", "黄色行是示例，在您改写或删除之前会计入结果；`esg-kpis check` 会提示尚未处理的示例行。"),
    ("Choose from the lists where there is one. Days are year-month-day, numbers without units or formulas.", "有下拉列表的请从列表中选择。日期按年-月-日，数字不带单位和公式。"),
    ("Keep the name of the sheet and the header row. Further columns on the right are kept and not used (not in files about people).", "请勿改动工作表名称和表头。右侧可加列，保留但不使用（人员表除外）。"),
    ("Save it as XLSX into the folder it came from. A copy per site may lie beside it, under any name that begins as this one does.", "请保存为 XLSX 并放回原文件夹。各站点可各存一份，文件名开头与本文件相同即可。"),
    ("What cannot be used comes back with the reason: data/out/rejected_by_site/.", "无法采用的行会连同原因退回：data/out/rejected_by_site/。"),
)  # fmt: skip


def workbook(template: Template, known: Mapping[str, Sequence[str]], *, blank: bool = False) -> bytes:
    """The bytes of a template.

    Args:
        template: What it asks for.
        known: Kind of column to what its list offers, where that is not closed: `site`, `country`, `region`.
        blank: Whether to leave the worked rows out.
    """
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, _OPTIONS) as book:
        book.set_properties({"created": _FIXED_DATE, "title": template.english})
        looks = {name: book.add_format({**_FONT, **look}) for name, look in _LOOKS.items()}
        marked = {name: book.add_format({**_FONT, **_LOOKS[name], **_EXAMPLE}) for name in ("text", "date", "number")}
        page = book.add_worksheet(FILL_IN)
        _write_read_me(book.add_worksheet(READ_ME), template, looks)
        lists = _write_lists(book.add_worksheet(LISTS), template, known, looks)
        _write_header(page, template, looks)
        for line, row in enumerate(() if blank else template.examples, 1):
            of_row = marked if any(str(cell).startswith(MARK) for cell in row.values()) else looks
            for place, column in enumerate(template.columns):
                _write_cell(page, line, place, _shown(row.get(column.name, ""), column), of_row[_OF_KIND.get(column.kind, "text")])
        for place, column in enumerate(template.columns):
            page.data_validation(1, place, _LAST_ROW, place, _check(column, lists.get(column.name, "")))
        page.activate()
    return buffer.getvalue()


def _write_header(page: Any, template: Template, looks: Mapping[str, Any]) -> None:  # noqa: ANN401  (XlsxWriter has no types)
    page.set_row(0, 34)
    for place, column in enumerate(template.columns):
        page.set_column(place, place, column.width, looks[_OF_KIND.get(column.kind, "text")])
        page.write_string(0, place, column.title, looks["must" if column.required else "may"])
    page.freeze_panes(1, 1)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)


def _shown(cell: Cell, column: Column) -> Cell:
    """A word of a list as people see it."""
    return next((word.shown for word in column.words if word.ours == cell), cell)


def _write_cell(page: Any, line: int, place: int, cell: Cell, look: Any) -> None:  # noqa: ANN401
    if isinstance(cell, Decimal):
        page.write_number(line, place, cell, look)
    elif isinstance(cell, date):
        page.write_datetime(line, place, datetime(cell.year, cell.month, cell.day), look)  # noqa: DTZ001
    elif cell:
        page.write_string(line, place, cell, look)
    else:
        page.write_blank(line, place, None, look)


def _check(column: Column, source: str) -> dict[str, Any]:
    """What a spreadsheet says while somebody types. Lists that cannot be complete (sites, countries, regions) warn; closed words stop."""
    told: dict[str, Any] = {"input_title": column.english[:32], "input_message": f"{column.says}\n{column.says_zh}"[:255], "error_title": column.english[:32]}
    if column.kind == "date":
        return told | {"validate": "date", "criteria": "between", "minimum": date(1950, 1, 1), "maximum": date(2100, 12, 31), "error_message": "A day such as 2025-01-31, please.\n请填写日期，例如 2025-01-31。"}
    if column.kind == "number":
        return told | {"validate": "decimal", "criteria": ">=", "value": 0, "error_message": "A number, zero or more, without a unit.\n请填写不小于零的数字，不带单位。"}
    if column.kind == "person":
        return told | {"validate": "length", "criteria": "between", "minimum": 16, "maximum": 64, "error_message": "A key of 16 to 64 hexadecimal digits, please; never a name or staff number.\n请填写16至64位十六进制代码；不得填姓名或工号。"}
    if not source:
        return told | {"validate": "any"}
    closed = column.kind == "word"
    outside = "Choose from the list, please.\n请从列表中选择。" if closed else f"That is not on the sheet {LISTS}. Add it there, or go on if you are sure.\n不在“{LISTS}”中。请在该表补充，或确认无误后继续。"
    return told | {"validate": "list", "source": source, "error_type": "stop" if closed else "warning", "error_message": outside}


# ---------------------------------------------------------------- the other sheets


def _write_read_me(page: Any, template: Template, looks: Mapping[str, Any]) -> None:  # noqa: ANN401
    page.set_column(0, 0, 26, looks["wrap"])
    page.set_column(1, 2, 62, looks["wrap"])
    page.set_landscape()
    page.fit_to_pages(1, 0)
    page.write_string(0, 0, template.english, looks["title"])
    page.write_string(1, 0, template.chinese, looks["title"])
    line = 3
    for number, (english, chinese) in enumerate((*_HOW, *template.notes), 1):
        page.set_row(line, 30)
        page.write_string(line, 0, str(number), looks["wrap"])
        page.write_string(line, 1, english, looks["wrap"])
        page.write_string(line, 2, chinese, looks["wrap"])
        line += 1
    line += 1
    for place, title in enumerate(("Column 列", "What to write", "填写内容")):
        page.write_string(line, place, title, looks["head"])
    for column in template.columns:
        line += 1
        page.set_row(line, 30)
        must, must_zh = ("", "") if column.required else (" May be blank.", "可留空。")
        page.write_string(line, 0, f"{column.english}\n{column.chinese}", looks["wrap"])
        page.write_string(line, 1, f"{column.says}.{must}", looks["wrap"])
        page.write_string(line, 2, f"{column.says_zh}。{must_zh}", looks["wrap"])


def _write_lists(page: Any, template: Template, known: Mapping[str, Sequence[str]], looks: Mapping[str, Any]) -> dict[str, str]:  # noqa: ANN401
    """The words of each drop-down list, a column each, and where a check finds them. Sites, countries and regions may be added below."""
    sources: dict[str, str] = {}
    columns = [column for column in template.columns if column.words or (column.kind in known and not (column.kind == "site" and template.domain == "sites"))]
    for place, column in enumerate(columns):
        shown = [word.shown for word in column.words] or list(known[column.kind])
        page.set_column(place, place, 30, looks["text"])
        page.write_string(0, place, f"{column.english} {column.chinese}", looks["head"])
        for line, word in enumerate(shown, 1):
            page.write_string(line, place, word, looks["text"])
        letter, last = xl_col_to_name(place), (max(len(shown), 1) if column.kind == "word" else _ROOM) + 1
        cells = f"'{LISTS}'!${letter}$2:${letter}${last}"
        sources[column.name] = f"={cells}" if column.kind == "word" else f"=OFFSET('{LISTS}'!${letter}$2,0,0,MAX(1,COUNTA({cells})),1)"
    page.freeze_panes(1, 0)
    return sources
