"""An assurer's working paper as XLSX or CSV: the plan, the sample, the omissions and the population, with the assurer's columns left empty."""

import io
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

import polars as pl
import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from esg_kpis.errors import UsageProblem
from esg_kpis.exact import plain, rounded
from esg_kpis.report.outputs import for_people
from esg_kpis.sampling import Drawn
from esg_kpis.sampling.paper import (
    ANSWERS,
    CSV_PAPER,
    CSV_PLAN,
    HEADER,
    OMISSION_ANSWERS,
    OMISSION_COLUMNS,
    OMISSIONS,
    PLAN,
    PLAN_COLUMNS,
    PLAN_HEADER,
    POPULATION,
    POPULATION_COLUMNS,
    SAMPLE,
    SAMPLE_COLUMNS,
    About,
    headed,
    omission_rows,
    paper_digest,
    plan_lines,
    population_rows,
    sample_rows,
)

_FIXED_DATE = datetime(2020, 1, 1)  # noqa: DTZ001  (a workbook has no time zone)
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
_MOST_ROWS = 1_000_000
_LONGEST = 32_000
_WIDE = 90
"""Text longer than this is wrapped."""
_RISKY = re.compile(r"^[=+\-@\t\r＝＋－＠]")
_WIDTHS = {
    "no": 6, "item_id": 24, "why": 34, "book": 16, "exact": 34, "unit": 9, "measure": 22, "site_id": 12, "first": 11, "last": 11, "received": 18, "received_unit": 10, "computed": 70, "path": 34, "sheet": 12, "line": 8,
    "sha256": 20, "source": 22, "audited": 16, "difference": 16, "tainting": 10, "conclusion": 18, "by": 8, "on": 11, "list": 14, "size": 8, "thing_id": 34, "what": 44, "told": 52, "omitted": 10, "amount": 14, "part": 12,
    "key": 18, "cumulative": 18, "chosen": 8, "kind": 12, "country": 9,
}  # fmt: skip


def paper_as_xlsx(drawn: Drawn, omissions: pl.DataFrame, about: About) -> bytes:
    """The paper as a workbook of four sheets. The same sample gives the same bytes.

    Raises:
        UsageProblem: if the population has more items than a sheet has rows.
    """
    if drawn.population.height > _MOST_ROWS:
        raise UsageProblem(f"The population has {drawn.population.height} items, more than a sheet has rows.", where="--to", mend="Write the sample as paper.csv; it is evaluated beside the results.")
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, _OPTIONS) as book:
        book.set_properties({"title": f"Sample of {about.label}", "created": _FIXED_DATE})
        formats = _formats(book, about.decimals)
        _write_plan(book, formats, plan_lines(drawn, omissions, about), about)
        title = f"{about.label}: {about.printed} {about.unit}. {about.text}"
        _write_sample(book, formats, drawn, about.unit, title)
        _write_omissions(book, formats, omissions, about.unit, title)
        page = _page(book, POPULATION, POPULATION_COLUMNS, (), formats, title)
        page.write_string(1, 0, "Every item, in the order in which it was drawn from. The cumulative totals are numbers of a spreadsheet, which keeps 15 digits; the exact values are beside them as text.")
        _write_rows(page, headed(tuple(POPULATION_COLUMNS), population_rows(drawn)), formats)
        _finish(page, HEADER + drawn.population.height, len(POPULATION_COLUMNS))
    return content.getvalue()


def paper_as_csv(drawn: Drawn, omissions: pl.DataFrame, about: About) -> bytes:
    """The sample alone as CSV, each row with the plan it was drawn by. Omissions and population are not in it."""
    columns = {**SAMPLE_COLUMNS, **ANSWERS}
    said = "; ".join(f"{name}={value}" for name, value in drawn.plan.as_texts().items())
    rows = [{title: _text(row.get(name, "")).replace("\n", " | ") for name, title in columns.items()} | {CSV_PLAN: said, CSV_PAPER: paper_digest(drawn, omissions)} for row in sample_rows(drawn, about.unit)]
    titles = [*columns.values(), CSV_PLAN, CSV_PAPER]
    return for_people(pl.DataFrame(rows, schema=dict.fromkeys(titles, pl.String()))).write_csv(include_bom=True).encode()


def _text(value: object) -> str:
    if isinstance(value, Fraction):
        return plain(rounded(value))
    return "" if value is None else str(value)


# ---------------------------------------------------------------- sheets


def _formats(book: Any, decimals: int) -> dict[str, Any]:  # noqa: ANN401  (XlsxWriter has no types)
    number = "#,##0." + "0" * max(decimals, 2)
    top = {"valign": "top"}
    return {
        "title": book.add_format({"bold": True, "font_size": 12}), "head": book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}), "text": book.add_format(top),
        "risky": book.add_format({**top, "quote_prefix": True}), "wrap": book.add_format({**top, "text_wrap": True}), "number": book.add_format({**top, "num_format": number}),
        "whole": book.add_format({**top, "num_format": "0"}), "key": book.add_format({**top, "font_color": "#808080"}), "asked": book.add_format({**top, "bg_color": "#FFF2A8"}),
        "asked_number": book.add_format({**top, "bg_color": "#FFF2A8", "num_format": number + "######"}), "asked_date": book.add_format({**top, "bg_color": "#FFF2A8", "num_format": "yyyy-mm-dd"}),
        "asked_head": book.add_format({"bold": True, "bottom": 1, "bg_color": "#FFF2A8", "text_wrap": True, "valign": "top"}), "share": book.add_format({**top, "num_format": "0.00%"}),
    }  # fmt: skip


def _write_plan(book: Any, formats: Mapping[str, Any], lines: Sequence[tuple[str, str, str, str]], about: About) -> None:  # noqa: ANN401
    page = book.add_worksheet(PLAN)
    page.set_column(0, 0, 12)
    page.set_column(1, 1, 30)
    page.set_column(2, 3, 66)
    page.write_string(0, 0, f"Working paper: sample of {about.label}", formats["title"])
    for place, title in enumerate(PLAN_COLUMNS):
        page.write_string(PLAN_HEADER - 1, place, title, formats["head"])
    for line, row in enumerate(lines, PLAN_HEADER):
        for place, text in enumerate(row):
            page.write_string(line, place, text[:_LONGEST], formats["key"] if not place else formats["wrap"])
        page.set_row(line, 15 * max(1, *(-(-len(text) // 74) for text in row[2:])))
    page.freeze_panes(PLAN_HEADER, 0)
    page.set_landscape()
    page.fit_to_pages(1, 0)
    page.ignore_errors({"number_stored_as_text": "A1:D200"})


def _page(book: Any, name: str, columns: Mapping[str, str], asked: Sequence[tuple[str, str]], formats: Mapping[str, Any], title: str) -> Any:  # noqa: ANN401
    page = book.add_worksheet(name)
    page.write_string(0, 0, title[:_LONGEST], formats["title"])
    for place, (key, text) in enumerate([*columns.items(), *asked]):
        page.set_column(place, place, _WIDTHS[key])
        page.write_string(HEADER - 1, place, text, formats["head" if place < len(columns) else "asked_head"])
    page.freeze_panes(HEADER, 2)
    return page


def _finish(page: Any, last: int, width: int) -> None:  # noqa: ANN401
    page.autofilter(HEADER - 1, 0, max(last - 1, HEADER - 1), width - 1)
    page.set_landscape()
    page.fit_to_pages(1, 0)
    page.repeat_rows(HEADER - 1)
    page.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})


def _write_rows(page: Any, rows: Sequence[Sequence[object]], formats: Mapping[str, Any]) -> None:  # noqa: ANN401
    for line, row in enumerate(rows, HEADER):
        for place, value in enumerate(row):
            if isinstance(value, Fraction):
                page.write_number(line, place, rounded(value), formats["number"])
            elif isinstance(value, int):
                page.write_number(line, place, value, formats["whole"])
            elif value not in (None, ""):
                text = str(value)[:_LONGEST]
                page.write_string(line, place, text, formats["risky" if _RISKY.match(text) else "wrap" if "\n" in text or len(text) > _WIDE else "text"])


def _write_sample(book: Any, formats: Mapping[str, Any], drawn: Drawn, unit: str, title: str) -> None:  # noqa: ANN401
    page = _page(book, SAMPLE, SAMPLE_COLUMNS, tuple(ANSWERS.items()), formats, title)
    rows = headed(tuple(SAMPLE_COLUMNS), sample_rows(drawn, unit))
    _write_rows(page, rows, formats)
    place = {name: number for number, name in enumerate([*SAMPLE_COLUMNS, *ANSWERS])}
    last = HEADER + len(rows) - 1
    column = [xl_rowcol_to_cell(line, place["audited"], row_abs=True, col_abs=True) for line in (HEADER, max(last, HEADER))]
    page.write_string(1, 0, "Examined so far")
    page.write_formula(1, 1, f"=COUNT({column[0]}:{column[1]})", formats["whole"], 0)
    page.write_string(1, 2, f"of {len(rows)} items")
    for line in range(HEADER, HEADER + len(rows)):
        book_cell, audited = (xl_rowcol_to_cell(line, place[name]) for name in ("book", "audited"))
        for name in ("source", "conclusion", "by"):
            page.write_blank(line, place[name], None, formats["asked"])
        page.write_blank(line, place["audited"], None, formats["asked_number"])
        page.write_blank(line, place["on"], None, formats["asked_date"])
        page.write_formula(line, place["difference"], f'=IF(ISNUMBER({audited}),{book_cell}-{audited},"")', formats["number"], "")
        page.write_formula(line, place["tainting"], f'=IF(AND(ISNUMBER({audited}),{book_cell}<>0),({book_cell}-{audited})/{book_cell},"")', formats["share"], "")
    _finish(page, HEADER + len(rows), len(place))


def _write_omissions(book: Any, formats: Mapping[str, Any], omissions: pl.DataFrame, unit: str, title: str) -> None:  # noqa: ANN401
    asked = {**OMISSION_ANSWERS, "amount": f"{OMISSION_ANSWERS['amount']} ({unit})"}
    page = _page(book, OMISSIONS, OMISSION_COLUMNS, tuple(asked.items()), formats, title)
    page.write_string(1, 0, "Things that ought to be in the value. Look for each at its source: is it there, and is it in? Omitted: 0 if it is in or rightly out, 1 if it is left out.")
    rows = headed(tuple(OMISSION_COLUMNS), omission_rows(omissions))
    _write_rows(page, rows, formats)
    for line in range(HEADER, HEADER + len(rows)):
        for place, name in enumerate(OMISSION_ANSWERS, len(OMISSION_COLUMNS)):
            page.write_blank(line, place, None, formats["asked_number" if name == "amount" else "asked_date" if name == "on" else "asked"])
    _finish(page, HEADER + len(rows), len(OMISSION_COLUMNS) + len(OMISSION_ANSWERS))
