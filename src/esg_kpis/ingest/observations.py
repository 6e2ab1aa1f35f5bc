"""What is seen in files beside the quantities: columns that ought to agree, flags, published figures. Nothing here changes a quantity."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

import polars as pl

from esg_kpis.errors import InputProblem, near_misses
from esg_kpis.exact import QUANTITY, plain, scaled
from esg_kpis.files import LINE, Sheet
from esg_kpis.ingest.formats import Compare, Feed, FileFormat, Footing, PublishedColumn
from esg_kpis.ingest.numbers import read_numbers
from esg_kpis.ingest.rejections import short
from esg_kpis.ingest.shape import holds_things
from esg_kpis.tables import PUBLISHED
from esg_kpis.units import multiplier

TABLE_STOPPED = "Its table was stopped"
"""How the problem of a file begins that nobody read because its table of readings was stopped: the table is told, not each of its files."""
OBSERVATION = {
    "check": pl.String(), "subject": pl.String(), "severity": pl.String(), "passed": pl.Boolean(), "observed": pl.String(), "expected": pl.String(),
    "difference": pl.String(), "record_ids": pl.String(), "what_to_do": pl.String(),
}  # fmt: skip


def check_shape(sheet: Sheet, entry: FileFormat) -> None:
    """Stops a file that lacks a column its format compares, adds up, flags, fills, tells rows apart by or takes published figures from.

    Raises:
        InputProblem: naming the column.
    """
    named = [name for item in entry.compare for name in item.columns]
    named += [name for item in entry.footing for name in (item.total, *item.parts)]
    named += [name for item in entry.published for name in (item.column, item.category_column)]
    named += [item.column for item in entry.flag] + [item.column for item in entry.aside] + list(entry.fill_down)
    for name in named:
        if name not in sheet.columns:
            raise InputProblem(
                f"The column '{name}' named in _format.toml is missing.", where=sheet.source.path, mend=near_misses(name, sheet.columns) or f"The header has: {', '.join(sheet.columns)}."
            )


def observe(sheet: Sheet, entry: FileFormat, records: pl.DataFrame, bad: pl.Series) -> pl.DataFrame:
    """Observations on the accepted rows of one sheet: one per row that fails, and one per check that counts."""
    if not (entry.compare or entry.footing or entry.flag or entry.published):
        return pl.DataFrame(schema=OBSERVATION)
    rows = sheet.rows.join(records, on=LINE, how="left").filter(~pl.col("record_id").is_in(bad.implode()))
    parts = [_compare(rows, sheet, entry, item) for item in entry.compare]
    parts += [_footing(rows, sheet, entry, item) for item in entry.footing]
    for flag in entry.flag:
        flagged = rows.filter(pl.col(flag.column).fill_null("").str.strip_chars() != "")
        parts.append(
            _rows(
                flagged,
                sheet,
                "flag",
                f"'{flag.column}'",
                pl.col(flag.column),
                "blank",
                pl.lit(None, dtype=pl.String()),
                "Look at the row: its sender marked it.",
            )
        )
    named = [name for item in entry.compare for name in item.columns] + [
        name for item in entry.footing for name in (item.total, *item.parts)
    ]
    named += [item.column for item in entry.published]
    parts += [_no_numbers(rows, sheet, entry, name) for name in dict.fromkeys(named)]
    return pl.concat([pl.DataFrame(schema=OBSERVATION), *parts])


def _no_numbers(rows: pl.DataFrame, sheet: Sheet, entry: FileFormat, column: str) -> pl.DataFrame:
    """Cells that ought to be numbers to be compared, added up or tied out, and are none."""
    text = rows[column].fill_null("").str.strip_chars()
    wrong = rows.filter(read_numbers(text, decimal=entry.decimal, thousands=entry.thousands_mark)["wrong"])
    nothing = pl.lit(None, dtype=pl.String())
    return _rows(
        wrong, sheet, "no_number", f"'{column}'", pl.col(column), "a number", nothing, "Ask for the number; the cell could not be compared."
    )


def _numbers(rows: pl.DataFrame, column: str, entry: FileFormat) -> pl.Series:
    return read_numbers(rows[column].fill_null("").str.strip_chars(), decimal=entry.decimal, thousands=entry.thousands_mark)["value"]


def _compare(rows: pl.DataFrame, sheet: Sheet, entry: FileFormat, item: Compare) -> pl.DataFrame:
    factor = multiplier(*item.units)
    frame = rows.with_columns(
        _numbers(rows, item.columns[0], entry).alias("left"), _numbers(rows, item.columns[1], entry).alias("right")
    ).with_columns(scaled(pl.col("left"), pl.lit(factor.numerator), pl.lit(factor.denominator)).alias("converted"))
    gap = pl.col("right") - pl.col("converted")
    share = Fraction(item.tolerance_share)
    allowed = pl.lit(Decimal(item.tolerance)).cast(QUANTITY) + scaled(
        pl.col("right").abs(), pl.lit(share.numerator), pl.lit(share.denominator)
    )
    off = frame.filter(gap.abs() > allowed)
    within = f"{item.tolerance} {item.units[1]}" + (f" and {plain(Decimal(item.tolerance_share) * 100)} %" if share else "")
    subject = f"'{item.columns[0]}' against '{item.columns[1]}'"
    failed = _rows(
        off,
        sheet,
        "two_units",
        subject,
        pl.col("right"),
        pl.col("converted"),
        gap,
        f"Ask which of the two columns is right; '{item.columns[0]}' was used.",
    )
    compared = frame.filter(gap.is_not_null()).height
    return pl.concat([failed, _summary(sheet, "two_units", subject, compared, off.height, f"agree within {within}")])


def _footing(rows: pl.DataFrame, sheet: Sheet, entry: FileFormat, item: Footing) -> pl.DataFrame:
    zero = pl.lit(0).cast(QUANTITY)
    frame = rows.with_columns(
        _numbers(rows, item.total, entry).alias("total"), *(_numbers(rows, part, entry).alias(f"part {part}") for part in item.parts)
    )
    readable = pl.all_horizontal(
        pl.col(f"part {part}").is_not_null() | (pl.col(part).fill_null("").str.strip_chars() == "") for part in item.parts
    )
    added = pl.sum_horizontal(pl.col(f"part {part}").fill_null(zero) for part in item.parts) - pl.col("total")
    gap = pl.when(readable).then(added)
    off = frame.filter(gap.abs() > pl.lit(Decimal(item.tolerance)).cast(QUANTITY))
    subject = f"{' + '.join(item.parts)} against {item.total}"
    failed = _rows(
        off,
        sheet,
        "row_footing",
        subject,
        pl.col("total") + gap,
        pl.col("total"),
        gap,
        "Ask what the total holds that the parts do not; the parts were used.",
    )
    compared = frame.filter(gap.is_not_null()).height
    return pl.concat([failed, _summary(sheet, "row_footing", subject, compared, off.height, f"add up within {item.tolerance}")])


def _rows(
    rows: pl.DataFrame,
    sheet: Sheet,
    check: str,
    subject: str,
    observed: pl.Expr,
    expected: pl.Expr | str,
    difference: pl.Expr,
    what_to_do: str,
) -> pl.DataFrame:
    return rows.select(
        pl.lit(check).alias("check"),
        (pl.lit(f"{sheet.source.path}, line ") + pl.col(LINE).cast(pl.String) + f": {subject}").alias("subject"),
        pl.lit("warning").alias("severity"),
        pl.lit(value=False).alias("passed"),
        observed.cast(pl.String).alias("observed"),
        (pl.lit(expected) if isinstance(expected, str) else expected.cast(pl.String)).alias("expected"),
        difference.cast(pl.String).alias("difference"),
        pl.col("record_id").alias("record_ids"),
        pl.lit(what_to_do).alias("what_to_do"),
    ).cast(OBSERVATION)  # type: ignore[arg-type]


def _summary(sheet: Sheet, check: str, subject: str, compared: int, failed: int, expected: str) -> pl.DataFrame:
    row = {
        "check": check, "subject": f"{sheet.source.path}: {subject}", "severity": "warning" if failed else "note", "passed": failed == 0,
        "observed": f"{failed} of {compared} rows do not", "expected": f"all rows {expected}", "difference": None, "record_ids": "",
        "what_to_do": "See the rows." if failed else "Nothing.",
    }  # fmt: skip
    return pl.DataFrame([row], schema=OBSERVATION)


_ABOUT_BILLS: dict[str, tuple[str, str, str]] = {
    "duplicate": ("warning", "each bill once", "It was excluded. If it is a second delivery and not the same bill, give it a document number."),
    "superseded": ("note", "the last word on each bill", "Nothing; the bill that corrects it counts."),
    "sub_meter": ("note", "main meters", "Nothing; what a sub-meter counts is in the bills of its main meter."),
    "sub_meter_alone": ("warning", "a main meter that is read", "Look whether another meter took the place of its main meter; the sub-meter counts by itself. Name all in part_of of the register, parted by ;."),
    "credit_note": ("note", "zero or more, unless a credit note", "Look whether the bill it credits is there; the credit was counted."),
    "negative": ("warning", "zero or more, unless net metered", "Confirm that the meter feeds back; the register or the format allows it."),
    "estimated_by_sender": ("note", "a reading", "Ask for the bill that follows the next reading; the quantity counts as an estimate."),
    "corrects_nothing": (
        "warning", "the bill that it corrects, of the same site, measure, meter and days",
        "Look for that bill: it is not there, or of other days or another meter. The correction was counted, and that bill too if it is there.",
    ),
    "credit_elsewhere": ("warning", "the days of the bill that it takes back from", "Ask of which days the credit is; it was counted on its own, not on those of its bill."),
    "unknown_tariff": (
        "warning", "sharp, peak, flat, valley, deep_valley, or a word for the whole count",
        "Look whether it is a part of the count or the whole, which would count twice; map it by `values = { tariff = … }` of the feed in _format.toml.",
    ),
    "same_days": ("warning", "bills of named meters, or days covered once", "Ask whether they are of two meters, or one bill sent twice; all were counted. Name the meters."),
    "alike_meters": ("warning", "meters that their numbers tell apart", "Ask whether the two numbers are of one meter; both were counted. Name meters in one way, or enter both in the register of meters."),
    "rollover": ("note", "readings that rise", "Confirm that the counter went past its last digit; the register gives its digits."),
    "readings": ("warning", "what the readings give", "Ask what the bill holds beside the difference of the readings, such as losses of a transformer; the bill was used."),
    "rounded": ("note", "at most 9 decimals", "Nothing; the received text is kept."),
}
"""What bills may say together: how much it matters, what ought to be, what to do."""


def seen_in_quantities(quantities: pl.DataFrame, kinds: Mapping[str, pl.Expr]) -> pl.DataFrame:
    """Observations on accepted quantities, one per quantity of which an expression of `kinds` (by check) holds."""
    place = (
        pl.col("measure") + " at " + pl.col("site_id") + ", " + pl.col("start").cast(pl.String).fill_null("") + " to " + pl.col("end").cast(pl.String).fill_null("")
    )
    shown = pl.col("received") + " " + pl.col("received_unit") + pl.when(pl.col("excluded").is_not_null()).then(pl.lit(": ") + pl.col("excluded")).otherwise(pl.lit(""))
    parts = []
    for check, holds in kinds.items():
        severity, expected, what_to_do = _ABOUT_BILLS[check]
        found = quantities.filter(holds)
        if found.height:
            parts.append(_told(found, check, place, severity, shown, expected, what_to_do, pl.col("record_id")))
    return pl.concat([pl.DataFrame(schema=OBSERVATION), *parts])


def readings_apart(found: pl.DataFrame) -> pl.DataFrame:
    """One observation per bill whose opening reading is not `__before`, the closing reading of the bill before (see `readings.apart`)."""
    subject = pl.col("measure") + " at " + pl.col("site_id") + ", meter " + pl.col("meter_id") + ", " + pl.col("start").cast(pl.String) + " to " + pl.col("end").cast(pl.String)
    seen = pl.lit("opens at ") + short(pl.col("reading_start"))
    told = _told(found, "readings_apart", subject, "warning", seen, "", "Ask whether the meter was exchanged, or one of the readings is wrong: what lies between was counted twice or not at all.", pl.col("record_id"))
    expected = pl.lit("the closing reading of the bill before, ") + short(pl.col("__before"))
    beside = found.select(expected.alias("expected"), short(pl.col("reading_start") - pl.col("__before")).alias("difference"))
    return told.with_columns(beside)


def _told(
    frame: pl.DataFrame, check: str, subject: pl.Expr, severity: str, observed: pl.Expr, expected: str, what_to_do: str, records: pl.Expr
) -> pl.DataFrame:
    """One failed observation per row."""
    return frame.select(
        pl.lit(check).alias("check"), subject.alias("subject"), pl.lit(severity).alias("severity"), pl.lit(value=False).alias("passed"),
        observed.alias("observed"), pl.lit(expected).alias("expected"), pl.lit(None, dtype=pl.String()).alias("difference"),
        records.alias("record_ids"), pl.lit(what_to_do).alias("what_to_do"),
    ).cast(OBSERVATION)  # type: ignore[arg-type]  # fmt: skip


def of_formulas(sheet: Sheet, records: pl.DataFrame) -> pl.DataFrame:
    """One observation if values of a workbook were given by formulas: what counts is what was last saved."""
    if sheet.formulas.is_empty():
        return pl.DataFrame(schema=OBSERVATION)
    lines = sheet.formulas.join(records, on=LINE, how="inner")
    if lines.is_empty():
        return pl.DataFrame(schema=OBSERVATION)
    columns = lines["column"].unique().sort().to_list()
    row = {
        "check": "formula_value", "subject": sheet.where, "severity": "note", "passed": False,
        "observed": f"{lines.height} cells in {', '.join(map(repr, columns[:6]))} hold formulas; their last saved values were read", "expected": "values",
        "difference": None, "record_ids": ";".join(lines["record_id"].unique().sort()), "what_to_do": "Ask whether the workbook was saved after its last change.",
    }  # fmt: skip
    return pl.DataFrame([row], schema=OBSERVATION)


def of_columns(sheet: Sheet, unread: Sequence[str]) -> pl.DataFrame:
    """One observation if columns that may hold a quantity were not read."""
    if not unread:
        return pl.DataFrame(schema=OBSERVATION)
    row = {
        "check": "column_unread", "subject": sheet.where, "severity": "warning", "passed": False, "observed": f"not read: {', '.join(map(repr, unread))}",
        "expected": "every column that may hold a quantity", "difference": None, "record_ids": "",
        "what_to_do": "Look whether they hold quantities of their own; if so, say in _format.toml what they measure.",
    }  # fmt: skip
    return pl.DataFrame([row], schema=OBSERVATION)


def of_feed(sheet: Sheet, feed: Feed, base: pl.DataFrame, quantities: pl.DataFrame, bad: pl.Series) -> pl.DataFrame:
    """One observation if accepted records of a feed hold no quantity at all, because every cell was blank."""
    if not feed.quantity or feed.domain == "sites" or holds_things(sheet, feed) or (quantities.height == base.height and len(feed.quantity) == 1):
        return pl.DataFrame(schema=OBSERVATION)
    accepted = base.filter(~pl.col("record_id").is_in(bad.implode()))
    silent = accepted.filter(~pl.col("record_id").is_in(quantities["record_id"].implode())) if quantities.height else accepted
    if silent.is_empty():
        return pl.DataFrame(schema=OBSERVATION)
    row = {
        "check": "no_quantity", "subject": f"{sheet.source.path}: {feed.domain}", "severity": "note", "passed": False,
        "observed": f"{silent.height} of {accepted.height} records, at {', '.join(silent['site_id'].unique().sort().head(12))}",
        "expected": "at least one quantity a record", "difference": None, "record_ids": ";".join(silent["record_id"].sort()),
        "what_to_do": "Ask whether nothing was used or nothing was reported; the format allows blanks, and a blank is not zero.",
    }  # fmt: skip
    return pl.DataFrame([row], schema=OBSERVATION)


def of_files(files: pl.DataFrame) -> pl.DataFrame:
    """Observations on files: the same content under two names, sheets and files of readings that were not read."""
    ignored, unread = files.filter(pl.col("status") == "ignored"), files.filter((pl.col("status") == "read") & pl.col("problem").is_not_null())
    path, problem, nobody = pl.col("path"), pl.col("problem"), pl.lit("")
    of_readings = path.str.starts_with("readings/")
    return pl.concat(
        [
            _told(ignored.filter(of_readings & ~problem.str.starts_with(TABLE_STOPPED)), "readings_unread", path, "warning", problem, "a table that reads each file of readings", "Name it in a table of _format.toml, or take it away.", nobody),
            _told(ignored.filter(~of_readings), "file_twice", path, "warning", problem, "each file once", "Take one of the two away.", nobody),
            _told(unread, "sheet_unread", path, "note", problem, "all sheets read or known", "Look whether they hold data.", nobody),
        ]
    )


# ---------------------------------------------------------------- published figures that come with the data


def no_published() -> pl.DataFrame:
    """No published figures."""
    return pl.DataFrame(schema=PUBLISHED.schema)


def published(sheet: Sheet, entry: FileFormat, records: pl.DataFrame) -> pl.DataFrame:
    """Published figures from the columns that the format names, one row a figure."""
    if not entry.published:
        return no_published()
    rows = sheet.rows.join(records, on=LINE, how="left")
    return pl.concat([no_published(), *(_published(rows, entry, item, sheet.source.path) for item in entry.published)])


def _published(rows: pl.DataFrame, entry: FileFormat, item: PublishedColumn, path: str) -> pl.DataFrame:
    frame = rows.with_columns(_numbers(rows, item.column, entry).alias("number")).filter(pl.col("number").is_not_null())
    return frame.select(
        pl.lit(item.edition).alias("edition"), pl.lit(item.kpi_id).alias("kpi_id"), pl.lit(item.period).alias("period"), pl.lit(item.breakdown).alias("breakdown"),
        pl.col(item.category_column).str.strip_chars().alias("category"), pl.col(item.column).str.strip_chars().alias("value_as_printed"),
        pl.lit(item.unit).alias("unit"), pl.lit(item.decimals).alias("decimals"), pl.lit(f"{path}, column {item.column}").alias("table"),
        pl.lit(None, dtype=pl.String()).alias("footnote"), "record_id",
    ).cast(PUBLISHED.schema)  # type: ignore[arg-type]  # fmt: skip
