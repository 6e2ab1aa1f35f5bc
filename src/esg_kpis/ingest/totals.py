"""Rows that are no records of their own: subtotals and totals, by which the rows above them are checked, notes, and headers that come again."""

from bisect import bisect
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

import polars as pl

from esg_kpis.errors import InputProblem
from esg_kpis.exact import QUANTITY, plain
from esg_kpis.files import LINE, Sheet, folded
from esg_kpis.ingest.formats import Aside, FileFormat
from esg_kpis.ingest.numbers import read_numbers
from esg_kpis.ingest.observations import OBSERVATION
from esg_kpis.ingest.rejections import rejections

KIND = "__kind"
_ALIKE = 2
"""How many names of the header a row holds in their places that looks like one."""
_REASONS = {"subtotal": "subtotal row, a control total", "total": "total row, a control total", "note": "note, no record", "header": "the header again", "left_out": "left out by its sender"}

_TOTAL = r"^\s*(?i:合\s*计|总\s*计|小\s*计|共计|总和|((grand|sub)[ -]?)?totals?|sum|summe|gesamt)[：:]?\s*$"
"""Cells that say nothing but that their row is a total, which nobody may take for one unasked."""
LIKE_TOTAL = rf"{_TOTAL}|(合计|总计|小计|汇总|累计)[）)：:]?\s*$"
"""The same, and words that end in one."""
NO_TOTAL = "a record of one site and its days. The row looks like a subtotal or total: leave it out, or declare it as [[file.aside]] in _format.toml, so that the rows are checked by it"


def set_aside(sheet: Sheet, entry: FileFormat) -> tuple[Sheet, pl.DataFrame]:
    """The sheet without rows that are no records, and those rows: the columns of the sheet, `__line`, and `__kind` (subtotal, total, note, header)."""
    kinds = [*(_kind(sheet, item) for item in entry.aside), _headers(sheet)]
    kind = pl.select(pl.coalesce(kinds)).to_series().alias(KIND) if sheet.rows.height else pl.Series(KIND, [], dtype=pl.String())
    if kind.null_count() == sheet.rows.height:
        return sheet, sheet.rows.clear().with_columns(kind.clear())
    rows = sheet.rows.with_columns(kind)
    return replace(sheet, rows=rows.filter(pl.col(KIND).is_null()).drop(KIND)), rows.filter(pl.col(KIND).is_not_null())


def filled_from_above(rows: pl.DataFrame, columns: Sequence[str], ragged: Sequence[int] = ()) -> pl.DataFrame:
    """`rows` with blank cells of some columns filled from the row above, as their sender left them out; never across a row whose cells could not be told apart."""
    wanted = {folded(column) for column in columns}
    named = [column for column in rows.columns if folded(column) in wanted]
    if not named:
        return rows
    marks = sorted(ragged)
    part = pl.Series("__part", [bisect(marks, line) for line in rows[LINE]], dtype=pl.Int64())
    fill = [pl.when(pl.col(column).str.strip_chars() != "").then(pl.col(column)).forward_fill().over("__part").fill_null("").alias(column) for column in named]
    return rows.with_columns(part).with_columns(fill).drop("__part")


def reasons(aside: pl.DataFrame) -> pl.DataFrame:
    """`aside` as lines with the reason why no record is taken from them."""
    return aside.select(LINE, pl.col(KIND).replace_strict(_REASONS, return_dtype=pl.String()).alias("excluded"))


def _kind(sheet: Sheet, item: Aside) -> pl.Series:
    if item.column not in sheet.columns:
        return pl.repeat(None, sheet.rows.height, dtype=pl.String(), eager=True)
    patterns = [folded_pattern(word) for word in item.words]
    cells = sheet.rows[item.column]
    fits = {cell: item.kind if any(fnmatchcase(folded(cell), pattern) for pattern in patterns) else None for cell in cells.unique().to_list()}
    return cells.replace_strict(fits, return_dtype=pl.String())


def folded_pattern(word: str) -> str:
    """A pattern without what does not tell names apart; its `*` and `?` stay."""
    return "*".join(folded(part) for part in word.split("*"))


def _headers(sheet: Sheet) -> pl.Series:
    """Rows that say the header again, as exports do on every page.

    Raises:
        InputProblem: if a row says two names of the header in their places and something else beside them: the header of another table.
    """
    nothing = pl.repeat(None, sheet.rows.height, dtype=pl.String(), eager=True)
    if not any((sheet.rows[column] == column).any() for column in sheet.columns):
        return nothing
    same = [pl.col(column).str.strip_chars() == column for column in sheet.columns]
    other = pl.any_horizontal(~found & (pl.col(column).str.strip_chars() != "") for found, column in zip(same, sheet.columns, strict=True))
    rows = sheet.rows.select(LINE, pl.sum_horizontal(same).alias("same"), other.alias("other"))
    if (second := rows.filter((pl.col("same") >= _ALIKE) & pl.col("other"))).height:
        raise InputProblem(
            f"Line {second[LINE][0]} looks like the header of another table.", where=sheet.where, mend="Send each table as a sheet or a file of its own; a header that comes again must be the same.",
        )  # fmt: skip
    return rows.select(pl.when((pl.col("same") >= min(_ALIKE, len(sheet.columns))) & ~pl.col("other")).then(pl.lit("header"))).to_series()


def control_totals(sheet: Sheet, aside: pl.DataFrame, entry: FileFormat) -> pl.DataFrame:
    """Observations: each subtotal against the rows since the one before, each total against all rows since the total before. One per total and quantity column."""
    if aside.is_empty():
        return pl.DataFrame(schema=OBSERVATION)
    parts = []
    columns = dict.fromkeys(quantity.column for feed in entry.feed for quantity in feed.quantity if quantity.column in sheet.columns)
    for column in columns:
        rows, totals = (_numbers(frame, column, entry) for frame in (sheet.rows, aside.filter(pl.col(KIND).is_in(["subtotal", "total"]))))
        for kind in ("subtotal", "total"):
            own = aside.filter(pl.col(KIND) == kind).select(LINE).join(totals, on=LINE).sort(LINE)
            parts += [_compared(sheet, column, kind, total, rows.filter(pl.col(LINE).is_between(after, total[LINE], closed="none"))) for after, total in _since(own)]
    return pl.concat([pl.DataFrame(schema=OBSERVATION), *parts])


def _since(totals: pl.DataFrame) -> Sequence[tuple[int, dict[str, Any]]]:
    """Each total that says a number, and the line of the one before."""
    found, after = [], 0
    for row in totals.iter_rows(named=True):
        if row["text"] != "":
            found.append((after, row))
        after = row[LINE]
    return found


def _numbers(rows: pl.DataFrame, column: str, entry: FileFormat) -> pl.DataFrame:
    text = rows[column].str.strip_chars()
    read = read_numbers(text, decimal=entry.decimal, thousands=entry.thousands_mark)
    return pl.DataFrame({LINE: rows[LINE], "text": text, "value": read["value"]})


def _compared(sheet: Sheet, column: str, kind: str, total: dict[str, Any], rows: pl.DataFrame) -> pl.DataFrame:
    unread = rows.filter(pl.col("value").is_null() & (pl.col("text") != "")).height
    added: Decimal = rows.select(pl.col("value").cast(QUANTITY).sum()).item()
    stated = total["value"]
    gap = None if stated is None else added - stated
    passed, unsaved = gap == 0, str(total["text"]).startswith("=")
    row = {
        "check": "control_total", "subject": f"{sheet.where}, line {total[LINE]}: {kind} of '{column}'", "severity": "note" if passed else "warning", "passed": passed,
        "observed": f"{rows.height} rows add up to {plain(added)}" + (f", and {unread} cannot be read" if unread else ""),
        "expected": f"{total['text']}, as the {kind} says" if not unsaved else f"the {kind}, whose formula {total['text']} has no saved value", "difference": None if gap is None else plain(gap), "record_ids": "",
        "what_to_do": "Nothing." if passed else "Open the workbook in a spreadsheet program and save it, so that the total has a value." if unsaved else "Ask the sender which rows are missing or too many; the rows were used, the total was not.",
    }  # fmt: skip
    return pl.DataFrame([row], schema=OBSERVATION)


def totals_as_such(rejected: pl.DataFrame, rows: pl.DataFrame, theirs: Callable[[str], str | None]) -> pl.DataFrame:
    """`rejected`, with rows that look like a total told to be one, and nothing else asked of them.

    A row says so by a word for a total where its site ought to stand, or by one that ends so where its meter or bill ought to; if it is rejected anyway, in any cell; and if it
    names no day, by one that ends so where the site ought to stand. A part of a count may be called a total.

    Args:
        rejected: What is wrong with the rows else.
        rows: The rows as received, with `record_id`.
        theirs: The sender's column for one of ours.
    """
    named = [name for ours in ("site_id", "meter_id", "document") if (name := theirs(ours)) in rows.columns]
    wrong, undated = (pl.col("record_id").is_in(frame["record_id"].unique().implode()) for frame in (rejected, rejected.filter(pl.col("rule").is_in(["date_missing", "date"]))))
    others = [name for name in rows.columns if name not in ("record_id", LINE, theirs("tariff"), *named)] if rejected.height else []
    looks = [(name, _word(name, _TOTAL if name == theirs("site_id") else LIKE_TOTAL)) for name in named] + [(name, wrong & _word(name, _TOTAL)) for name in others]
    looks += [(name, undated & _word(name, LIKE_TOTAL)) for name in named if name == theirs("site_id") and rejected.height]
    if not looks or not rows.select(pl.any_horizontal(found.any() for _, found in looks)).item():
        return rejected
    told = pl.coalesce(pl.when(found).then(pl.struct(pl.lit(name).alias("column"), pl.col(name).alias("word"))) for name, found in looks)
    seen = rows.select("record_id", told.alias("seen")).filter(pl.col("seen").is_not_null()).unnest("seen")
    totals = rejections(seen, pl.lit(value=True), "total_row", pl.col("column"), pl.col("word"), NO_TOTAL)
    return pl.concat([rejected.filter(~pl.col("record_id").is_in(totals["record_id"].implode())), totals])


def _word(name: str, pattern: str) -> pl.Expr:
    return pl.col(name).str.contains(pattern).fill_null(value=False)
