"""Back to the sender: one workbook per site with the rows that were refused, each cell marked, the reason in English and Chinese. Mended, it is dropped into data/raw as it is."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter

from esg_kpis.domains import DOMAINS
from esg_kpis.ingest.returned import ADDED, INDEX, ticket_of
from esg_kpis.ingest.rules import RULES

_FIXED_DATE = datetime(2020, 1, 1)  # noqa: DTZ001  (a workbook has no time zone)
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
"""In memory, since a run that is killed would leave refused rows among the temporary files of the machine."""
_LONGEST = 32_000
_READ_ME = "说明 Read me"
_HOW = (
    ("These rows could not be used. Nothing of them was counted.", "以下各行未能采用，均未计入。"),
    ("On the sheets that follow, mend the yellow cells; what would be right stands in the last columns.", "请在后面的工作表中更正黄色单元格；应填内容见最后几列。"),
    ("Leave the grey column and the sheet names as they are. A row that is not to count gets an x under 'Leave out'; one that you cannot mend yet may be deleted here.", "请勿改动灰色列和工作表名称。不应计入的行请在“作废”列填 x；暂时无法更正的行可在此删除。"),
    ("Save it as XLSX and send it back: it is put into data/raw as it is, and each row takes the place of the refused one.", "请保存为 XLSX 并发回：整个文件放入 data/raw 即可，每一行将取代原来被拒的行。"),
)  # fmt: skip
_RISKY = re.compile(r"^[=+\-@\t\r＝＋－＠]")


def write_returned(rejected: pl.DataFrame, records: pl.DataFrame, sites: pl.DataFrame, files: pl.DataFrame, folder: Path) -> None:
    """One workbook per site, or per file where no site of the register is named. Nothing is written where nothing was refused.

    Args:
        rejected: As in the data dictionary.
        records: The same; their rows as received are what is sent back. Rows about people are named by their place only.
        sites: The register.
        files: As in the data dictionary. Rows of a workbook that came back once keep the file they were first sent in: by its format they are read.
        folder: Folder to make.
    """
    if rejected.is_empty():
        return
    folder.mkdir()
    known = pl.when(pl.col("site_id").is_in(sites["site_id"].implode())).then(pl.col("site_id"))
    rows = rejected.join(records.select("record_id", "received"), on="record_id", how="left").with_columns(
        pl.coalesce(known, pl.col("path").str.replace_all("/", "-")).alias("to")
    )
    headers = _headers(rows, records)
    mending = files.filter(pl.col("mends_path").is_not_null())
    origins = {(path, sheet): (of_path, of_sheet) for path, sheet, of_path, of_sheet in mending.select("path", "sheet", "mends_path", "mends_sheet").iter_rows()}
    for part in rows.sort("to", "path", "sheet", "line", "rule", "column").partition_by("to", maintain_order=True):
        with xlsxwriter.Workbook(folder / f"{file_name(str(part['to'][0]))}.xlsx", _OPTIONS) as book:
            book.set_properties({"created": _FIXED_DATE})
            _write_book(book, part, headers, origins)


def _headers(rows: pl.DataFrame, records: pl.DataFrame) -> dict[tuple[str, str], list[str]]:
    """The columns of each file and sheet that has refused rows, from a row that has as many cells as the header."""
    there = records.join(rows.select("path", "sheet").unique(), on=["path", "sheet"], how="semi").filter(~pl.col("received").str.starts_with('{"":'))
    firsts = there.unique(["path", "sheet"], keep="first", maintain_order=True)
    return {(path, sheet): list(json.loads(received)) for path, sheet, received in firsts.select("path", "sheet", "received").iter_rows()}


def _write_book(
    book: Any,  # noqa: ANN401  (XlsxWriter has no types)
    part: pl.DataFrame,
    headers: Mapping[tuple[str, str], list[str]],
    origins: Mapping[tuple[str, str], tuple[str, str]],
) -> None:
    about = book.add_worksheet(_READ_ME)
    mendable = pl.col("line").gt(0) & ~pl.col("path").str.split("/").list.first().is_in([name for name, domain in DOMAINS.items() if domain.counted])
    groups = part.filter(mendable).partition_by("path", "sheet", maintain_order=True)
    index = []
    for number, group in enumerate(groups, 1):
        path, sheet = group["path"][0], group["sheet"][0]
        if (path, sheet) in headers:
            name = _sheet_name(path, number)
            _write_rows(book, name, group, headers[path, sheet])
            index.append((name, *origins.get((path, sheet), (path, sheet))))
    told = set(headers)
    _write_about(book, about, [row for row in part.iter_rows(named=True) if row["line"] == 0 or (row["path"], row["sheet"]) not in told])
    hidden = book.add_worksheet(INDEX)
    for line, row in enumerate([("sheet", "path", "source_sheet"), *index]):
        for place, text in enumerate(row):
            hidden.write_string(line, place, text)
    hidden.hide()


def _write_about(book: Any, page: Any, others: Sequence[Mapping[str, Any]]) -> None:  # noqa: ANN401
    """How to mend the workbook, and what cannot be mended in it: files that were stopped, and rows about people."""
    bold, wrap = book.add_format({"bold": True, "bottom": 1}), book.add_format({"text_wrap": True, "valign": "top"})
    page.set_column(0, 1, 60, wrap)
    page.set_column(2, 6, 30, wrap)
    page.set_landscape()
    page.fit_to_pages(1, 0)
    for line, (english, chinese) in enumerate(_HOW):
        page.set_row(line, 34)
        page.write_string(line, 0, english, wrap)
        page.write_string(line, 1, chinese, wrap)
    if not others:
        return
    start = len(_HOW) + 1
    page.write_string(start, 0, "To be mended in the file itself, and sent again", bold)
    page.write_string(start, 1, "请在原文件中更正后重新发送", bold)
    titles = ("File and line 文件与行", "Reason", "原因", "Column 列", "What would be right", "应为", "In full")
    for place, title in enumerate(titles):
        page.write_string(start + 1, place, title, bold)
    for line, row in enumerate(others, start + 2):
        page.set_row(line, 64)
        reason, reason_zh = _reason(row["rule"])
        where = row["path"] + (f", {row['sheet']}" if row["sheet"] else "") + (f", line {row['line']}" if row["line"] else "")
        for place, text in enumerate((where, reason, reason_zh, row["column"], row["expected"], row["expected_zh"], row["message"])):
            page.write_string(line, place, text[:_LONGEST], wrap)


def _write_rows(book: Any, name: str, group: pl.DataFrame, columns: Sequence[str]) -> None:  # noqa: ANN401
    """The refused rows of one file as their sender knows them."""
    page = book.add_worksheet(name)
    head, plain, risky = book.add_format({"bold": True, "bottom": 1}), book.add_format({"valign": "top"}), book.add_format({"quote_prefix": True, "valign": "top"})
    grey, wrap = book.add_format({"bg_color": "#D9D9D9", "valign": "top"}), book.add_format({"text_wrap": True, "valign": "top"})
    marked = [book.add_format({"bg_color": "#FFF2A8", "valign": "top", "quote_prefix": quoted}) for quoted in (False, True)]
    for place, title in enumerate([*columns, *ADDED]):
        page.write_string(0, place, title, head)
        page.set_column(place, place, 16 if place < len(columns) else 26)
    for line, record in enumerate(group.partition_by("record_id", maintain_order=True), 1):
        rules = record.to_dicts()
        cells = json.loads(rules[0]["received"] or "{}")
        wrong = {row["column"]: row for row in rules}
        for place, column in enumerate(columns):
            text = str(cells.get(column) or "")[:_LONGEST]
            quoted = _RISKY.match(text) is not None
            page.write_string(line, place, text, marked[quoted] if column in wrong else (risky if quoted else plain))
            if column in wrong:
                page.write_comment(line, place, _comment(wrong[column]), {"x_scale": 2, "y_scale": 1.5, "author": ""})
        reasons = [_reason(row["rule"]) for row in rules]
        received = f" As received: {cells['']}" if "" in cells else ""
        texts = (
            "; ".join(dict.fromkeys(english for english, _ in reasons)) + received, "；".join(dict.fromkeys(chinese for _, chinese in reasons)),
            "; ".join(f"{row['column']}: {row['expected']}" if row["column"] else row["expected"] for row in rules),
            "；".join(f"{row['column']}：{row['expected_zh']}" if row["column"] else row["expected_zh"] for row in rules),
        )  # fmt: skip
        page.write_string(line, len(columns), ticket_of(rules[0]["record_id"]), grey)
        for place, text in enumerate(texts, len(columns) + 2):
            page.write_string(line, place, text[:_LONGEST], wrap)
        page.set_row(line, 64)
    page.freeze_panes(1, 0)
    page.set_landscape()
    page.fit_to_pages(1, 0)
    page.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})


def _comment(row: Mapping[str, Any]) -> str:
    english, chinese = _reason(row["rule"])
    return f"{english}. {row['expected']}\n{chinese}。{row['expected_zh']}"[:1000]


def _reason(rule: str) -> tuple[str, str]:
    return (RULES[rule].reason, RULES[rule].reason_zh) if rule in RULES else (rule.replace("_", " "), rule)


def _sheet_name(path: str, number: int) -> str:
    """A name that a workbook takes, and that tells files apart."""
    return f"{number} {re.sub(r'[^0-9A-Za-z一-鿿._ -]', '_', Path(path).stem)}"[:31].rstrip("' ")


def file_name(words: str) -> str:
    """A file name that any system takes; what had to be changed is told apart by a digest."""
    name = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in words)[:60]
    return name if name == words else f"{name}-{hashlib.sha256(words.encode()).hexdigest()[:8]}"
