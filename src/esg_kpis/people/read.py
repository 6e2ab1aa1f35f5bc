"""People files: from sheets to typed rows, and the rows that cannot be typed. Nothing of a row but its place ever leaves this room."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from esg_kpis.domains.definition import Form, FormColumn
from esg_kpis.domains.people import FORMS, NOT_STATED
from esg_kpis.errors import InputProblem, near_misses
from esg_kpis.exact import QUANTITY
from esg_kpis.files import LINE, Reading, RepeatedColumn, Sheet, Source, folded
from esg_kpis.files.sandbox import open_packed, open_sheets
from esg_kpis.ingest.accounting import record_id
from esg_kpis.ingest.formats import Feed, FileFormat
from esg_kpis.ingest.identity import PSEUDONYM, refuse_telling
from esg_kpis.ingest.numbers import read_dates, read_numbers
from esg_kpis.ingest.shape import theirs_of, words_for
from esg_kpis.people.keys import STAFF_NUMBER, pseudonyms, read_secret

FILE = "__file"
REFUSAL = {
    FILE: pl.Int64(),
    LINE: pl.Int64(),
    "rule": pl.String(),
    "column": pl.String(),
    "expected": pl.String(),
    "site_id": pl.String(),
    "start": pl.Date(),
    "end": pl.Date(),
}
_CODE = r"^[0-9A-Za-z][0-9A-Za-z._/#-]{0,63}$"
_COUNTRY = r"^[A-Z]{2}$"


@dataclass(frozen=True)
class PeopleFile:
    """One people file that was read.

    Attributes:
        sheet: The sheet it was read from.
        entry: Its format.
        feed: The one feed of it.
        form: The form of its rows.
        record_id: The record the counts go back to: the file as a whole.
    """

    sheet: Sheet
    entry: FileFormat
    feed: Feed
    form: Form

    @property
    def record_id(self) -> str:
        """The record the counts go back to: the file as a whole, under line 0."""
        return record_id(self.sheet.source.sha256, self.sheet.sheet, 0)


def sheet_of(source: Source, entry: FileFormat) -> Sheet:
    """The sheet of a people file. Where the first row names no column that a form or the format knows, it may be somebody's row, and is not told.

    Raises:
        InputProblem: if it cannot be read, or has no header.
    """
    headless = InputProblem(
        "The first row names no column of a people file; perhaps it has no header.",
        where=source.path,
        mend="Give the line of the header as `header_line` in _format.toml, and the sender's columns under `columns`; docs/people.md shows the forms.",
    )
    known = {column.name for form in FORMS.values() for column in form.columns} | {name for feed in entry.feed for name in feed.columns.values()}
    reading = Reading(
        sheet=entry.sheet, header_line=entry.header_line, header_rows=entry.header_rows, delimiter=entry.delimiter, encoding=entry.encoding,
        names=frozenset(folded(name) for name in known), decimal=entry.decimal,
    )  # fmt: skip
    inside = open_packed(source)
    if len(inside) > 1:
        raise InputProblem(f"The archive holds {len(inside)} files.", where=source.path, mend="Send each file of people by itself.")
    try:
        sheets = open_sheets(inside[0], reading)
    except RepeatedColumn as problem:
        if known.isdisjoint(problem.columns):
            raise headless from None
        raise
    if len(sheets) > 1:
        raise InputProblem(f"{len(sheets)} sheets of the workbook name columns of people.", where=source.path, mend="Name the one to read as `sheet` in _format.toml.")
    if known.isdisjoint(sheets[0].columns):
        raise headless
    return sheets[0]


def form_of(sheet: Sheet, entry: FileFormat) -> tuple[Feed, Form]:
    """The feed and the form of a people file: as declared, else the only one whose columns are all there.

    Raises:
        InputProblem: if no form fits, or columns of the declared one are missing.
    """
    if len(entry.feed) != 1 or entry.feed[0].domain != "people":
        raise InputProblem("A people file has one feed, of the domain 'people'.", where=sheet.source.path, mend="Mend _format.toml.")
    feed = entry.feed[0]
    missing = {
        form.name: [item.name for item in form.columns if item.required and theirs_of(item.name, sheet, feed) is None]
        for form in FORMS.values()
    }
    if feed.form is not None:
        fitting = [feed.form]
    else:
        complete = [name for name, lacking in missing.items() if not lacking]
        most = max((len(_required(FORMS[name])) for name in complete), default=0)
        fitting = [name for name in complete if len(_required(FORMS[name])) == most]
    if not fitting:
        nearest = min(missing, key=lambda name: (len(missing[name]), name))
        hints = " ".join(near_misses(name, sheet.columns) for name in missing[nearest])
        raise InputProblem(
            f"The columns fit no form of people data. The nearest is '{nearest}', which lacks {', '.join(missing[nearest])}. {hints}".strip(),
            where=sheet.source.path,
            mend="Name the sender's columns in _format.toml; docs/people.md shows the forms.",
        )
    if missing[fitting[0]]:
        raise InputProblem(
            f"The form '{fitting[0]}' needs the columns {', '.join(missing[fitting[0]])}. The header has: {', '.join(sheet.columns)}.",
            where=sheet.source.path,
            mend="Ask for them, or name the sender's columns in _format.toml.",
        )
    return feed, FORMS[fitting[0]]


def _required(form: Form) -> list[FormColumn]:
    return [item for item in form.columns if item.required]


def typed_rows(
    item: PeopleFile, number: int, vocabulary: Mapping[str, tuple[str, ...]], secret_file: Path | None, root: Path
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of one file, typed by the columns of its form, and the refusals of rows that are wrong in themselves.

    Columns of the rows: `__file` (its number), `__line`, and each column of the form under its own name; a column that was left out is null, a blank
    level or profession is 'Not stated'. Columns of the refusals: as `REFUSAL`. A refused row is in both.

    Raises:
        InputProblem: if the file could tell who somebody is, or its keys are no pseudonyms.
    """
    sheet, feed, form = item.sheet, item.feed, item.form
    theirs = {column.name: name for column in form.columns if (name := theirs_of(column.name, sheet, feed)) is not None}
    own = [name for name in theirs.values() if name in sheet.columns]
    refuse_telling(sheet, own, [theirs[column.name] for column in form.columns if column.kind == "date"])
    rows = sheet.rows.select(pl.lit(number, dtype=pl.Int64()).alias(FILE), LINE, *(_text(name, feed, sheet).alias(name) for name in theirs))
    person = theirs["person"]
    rows = rows.with_columns(_keys(rows["person"], feed, f"{sheet.source.path}, column '{person}'", secret_file, root).alias("person"))
    typed, refused = [], [_refuse(rows, pl.col("person") == "", "required", person, "the person's key")]
    for column in form.columns:
        if column.kind == "person":
            typed.append(rows["person"])
            continue
        if column.name not in theirs:
            typed.append(pl.Series(column.name, [None if column.kind != "word" else NOT_STATED] * rows.height, dtype=pl.String()))
            continue
        values, wrong, expected = _typed(rows[column.name], column, item.entry, vocabulary, feed.values.get(column.name, {}))
        typed.append(values.alias(column.name))
        refused.append(_refuse(rows, wrong, _RULES[column.kind], theirs[column.name], expected))
        if not column.blank:
            refused.append(_refuse(rows, rows[column.name] == "", "required", theirs[column.name], column.meaning.lower()))
    return pl.DataFrame([rows[FILE], rows[LINE], *typed]), _placed(pl.concat(refused), pl.DataFrame([rows[LINE], *typed]))


_RULES = {"date": "date", "word": "vocabulary", "code": "code", "number": "number", "country": "country", "site": "required"}


def _text(name: str, feed: Feed, sheet: Sheet) -> pl.Expr:
    if name in feed.constants:
        return pl.lit(feed.constants[name])
    clean = pl.col(theirs_of(name, sheet, feed) or name).str.strip_chars()
    return clean.replace(feed.values[name]) if name in feed.values else clean


def _keys(keys: pl.Series, feed: Feed, where: str, secret_file: Path | None, root: Path) -> pl.Series:
    pattern = PSEUDONYM if feed.keys == "pseudonymous" else STAFF_NUMBER
    wrong = ((keys != "") & ~keys.str.contains(pattern)).sum()
    if wrong:
        what = (
            "pseudonyms (16 to 64 hexadecimal digits, or a UUID)"
            if feed.keys == "pseudonymous"
            else "staff numbers (letters and digits, no blanks)"
        )
        raise InputProblem(
            f"{wrong} of {len(keys)} person keys are no {what}.",
            where=where,
            mend='Send pseudonyms, or let `esg-kpis people pseudonymise` make them; where staff numbers must come in, declare keys = "hmac" in _format.toml.',
        )
    return pseudonyms(keys, read_secret(secret_file, root)) if feed.keys == "hmac" else keys.str.to_lowercase()


def _typed(
    text: pl.Series, column: FormColumn, entry: FileFormat, vocabulary: Mapping[str, tuple[str, ...]], declared: Mapping[str, str]
) -> tuple[pl.Series, pl.Series, str]:
    """The values of a column, where they are wrong, and what would be right. Each distinct text is read once."""
    distinct = text.unique()
    expected = column.meaning.lower()
    if column.kind == "date":
        read = read_dates(distinct, entry.dates)
        expected = f"a date such as 2023-12-31 ({entry.dates}; another order is declared as `dates` in _format.toml){', or blank while it lasts' if column.blank else ''}"
    elif column.kind == "number":
        numbers = read_numbers(distinct, decimal=entry.decimal, thousands=entry.thousands_mark)["value"]
        read = pl.select(pl.when(numbers >= 0).then(numbers)).to_series().cast(QUANTITY)
        expected = "a number, zero or more"
    elif column.kind == "word":
        words = vocabulary.get(column.name, column.words)
        read = pl.select(pl.when(distinct.is_in(list(words)) if words else distinct != "").then(distinct)).to_series()
        expected = f"one of {', '.join(words_for(words, declared))} (another word is declared under [vocabulary] or values in _format.toml)"
        if not words:
            read, expected = (
                pl.Series([None] * len(distinct), dtype=pl.String()),
                f"a word declared under [vocabulary] in _format.toml for {column.name}",
            )
    else:
        pattern = {"country": _COUNTRY, "code": _CODE}.get(column.kind)
        read = distinct if pattern is None else pl.select(pl.when(distinct.str.contains(pattern)).then(distinct)).to_series()
        expected = {
            "country": "a code of two capital letters, ISO 3166-1",
            "code": "a code of at most 64 letters and digits, without blanks",
        }.get(column.kind, expected)
    values = pl.DataFrame({"text": text}).join(
        pl.DataFrame({"text": distinct, "value": read}), on="text", how="left", maintain_order="left"
    )["value"]
    wrong = values.is_null() & (text != "")
    if column.kind == "word" and column.blank:
        values = pl.select(pl.when(text == "").then(pl.lit(NOT_STATED)).otherwise(values)).to_series()
    if column.kind in ("country", "site", "code"):
        values = pl.select(pl.when(text != "").then(values)).to_series()
    return values, wrong, expected


def _refuse(rows: pl.DataFrame, wrong: pl.Expr | pl.Series, rule: str, column: str, expected: str) -> pl.DataFrame:
    return rows.filter(wrong).select(
        FILE, LINE, pl.lit(rule).alias("rule"), pl.lit(column).alias("column"), pl.lit(expected).alias("expected")
    )


def _placed(refused: pl.DataFrame, typed: pl.DataFrame) -> pl.DataFrame:
    """Refusals with site and days of their rows, as far as they could be read: they say which KPIs are held back."""
    names = typed.columns
    first = pl.col("from") if "from" in names else pl.col("date")
    last = pl.col("to") if "to" in names else pl.col("date")
    site = pl.col("site_id") if "site_id" in names else pl.lit(None, dtype=pl.String())
    places = typed.select(LINE, site.alias("site_id"), first.alias("start"), last.alias("end"))
    return refused.join(places, on=LINE, how="left").select(list(REFUSAL))


def refusals(rows: pl.DataFrame, wrong: pl.Expr, rule: str, column: str, expected: str | pl.Expr) -> pl.DataFrame:
    """Refusals of typed spells that break a rule between rows or against the register. Columns: as `REFUSAL`."""
    found = rows.filter(wrong)
    told = pl.lit(expected) if isinstance(expected, str) else expected
    days = (pl.col("from"), pl.col("to")) if "from" in rows.columns else (pl.col("date"), pl.col("date"))
    site = pl.col("site_id") if "site_id" in rows.columns else pl.lit(None, dtype=pl.String())
    return found.select(
        FILE, LINE, pl.lit(rule).alias("rule"), pl.lit(column).alias("column"), told.alias("expected"), site.alias("site_id"),
        days[0].alias("start"), days[1].alias("end"),
    )  # fmt: skip
