"""Rows of text as records: what one feed of one sheet says, and which rows it cannot say it of.

A record is rejected whole: if one column is wrong, none of the row is used. Every rejection names rule, column, what was read and what would be right.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from esg_kpis.domains import DOMAINS
from esg_kpis.domains.definition import Domain
from esg_kpis.errors import near_misses, nearest
from esg_kpis.files import LINE, Sheet, folded
from esg_kpis.ingest.declared import bill_kind_aliases
from esg_kpis.ingest.formats import Feed, FileFormat
from esg_kpis.ingest.numbers import read_dates, read_months
from esg_kpis.ingest.quantities import no_quantities, typed_quantities
from esg_kpis.ingest.rejections import NO_REJECTIONS, rejections, span
from esg_kpis.ingest.shape import dated_by_columns, holds_things, present, theirs_of, words_for
from esg_kpis.ingest.things import thing_problems
from esg_kpis.ingest.totals import LIKE_TOTAL, NO_TOTAL, totals_as_such

MAX_DAYS = 3 * 366
WHOLE_UNITS = frozenset({"unit", "complaint", "supplier", "certificate", "statement", "request", "device", "identifier", "account"})
"""Units of what is counted: a number with three decimals may be thousands, written as in Spain or Germany."""
_DATE_COLUMNS = ("period", "period_start", "period_end", "month", "date")
PLAIN_COLUMNS = ("site_id", "meter_id", "document", "tariff", "corrects", "revision", "bill_kind")
BILL_KINDS = ("bill", "credit_note", "estimate")
_INVISIBLE = " \t\r\n\f\v\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\u200b\u200c\u200d\u2060\ufeff"
"""What may stand around a word without being seen: spaces of any width, and marks of no width."""
_PERIOD = r"^\s*(.+?)\s*(?:(?:[~～〜∼至到–]|—+|--+|\s-\s|\sto\s)\s*(.+?)|[-－]([0-9]{4}.*?|[0-9]{1,2}[./].*?))\s*$"
"""Two days in one cell: `2023-01-01 至 2023-01-31`, `2023.1.1-2023.1.31`. A hyphen alone parts them where a year, or a day with `.` or `/`, follows."""


@dataclass(frozen=True)
class FeedRows:
    """What one feed gave: a row per record with our columns (`base`), a row per quantity, and the rejections."""

    base: pl.DataFrame
    quantities: pl.DataFrame
    rejected: pl.DataFrame


def read_feed(sheet: Sheet, entry: FileFormat, feed: Feed, records: pl.DataFrame) -> FeedRows:
    """The typed rows of one feed.

    Args:
        sheet: The sheet; its shape has been checked.
        entry: The format of the file.
        feed: The feed.
        records: `record_id` per `__line` of the sheet, in the order of its rows.

    Columns of `base`: record_id, our columns as text, `start` and `end` (Date). Columns of `quantities`: as `quantities.SENT`. Rejections cover everything that can be
    seen in the row itself.
    """
    domain = DOMAINS[feed.domain]
    names = [*PLAIN_COLUMNS, *_DATE_COLUMNS, *(field.name for field in domain.fields)]
    rows = sheet.rows.with_columns(records["record_id"])
    base = rows.select("record_id", LINE, *(_column(name, sheet, feed).alias(name) for name in dict.fromkeys(names)))
    base = base.with_columns(_kinds(base["bill_kind"]))
    base, bad_dates = _dated(base, domain, entry, sheet.epoch, lambda name: _theirs(name, sheet, feed))
    if dated_by_columns(feed):
        bad_dates = bad_dates.filter(pl.col("rule") != "date_missing")
    rejected = [bad_dates, *_field_problems(base, domain, sheet, feed)]
    rejected += thing_problems(base, domain, lambda name: theirs_of(name, sheet, feed) or name) if holds_things(sheet, feed) else []
    parts = []
    marks = ".," if sheet.delimiter in (";", "\t") else "." if all(measure.unit in WHOLE_UNITS for measure in domain.measures) else ""
    doubtful = "" if entry.model_fields_set & {"decimal", "thousands"} else marks
    for quantity in present(sheet, feed):
        part, problems = typed_quantities(rows, base, quantity, entry, domain, sheet.merged, doubtful=doubtful)
        parts.append(part)
        rejected += problems
    quantities = pl.concat(parts) if parts else no_quantities()
    return FeedRows(base, quantities, totals_as_such(pl.concat([NO_REJECTIONS, *rejected]), rows, lambda name: theirs_of(name, sheet, feed)))


# ---------------------------------------------------------------- columns


def _theirs(name: str, sheet: Sheet, feed: Feed) -> str:
    """The sender's column for one of our dates; both days of a period may stand in one."""
    in_one = theirs_of("period", sheet, feed) if name in ("period_start", "period_end") else None
    return theirs_of(name, sheet, feed) or in_one or name


def _column(name: str, sheet: Sheet, feed: Feed) -> pl.Expr:
    if name in feed.constants:
        return pl.lit(feed.constants[name])
    theirs = theirs_of(name, sheet, feed)
    if theirs is None:
        return pl.lit("")
    text = pl.col(theirs).fill_null("")
    cells = sheet.rows[theirs]
    ascii_only = bool((cells.str.len_bytes() == cells.str.len_chars()).all())
    clean = text.str.strip_chars() if ascii_only else text.str.strip_chars(_INVISIBLE)
    return clean.replace(feed.values[name]) if name in feed.values else clean


def _kinds(words: pl.Series) -> pl.Series:
    """Kinds of bills out of their sender's words."""
    aliases = bill_kind_aliases()
    return words.replace({word: aliases[folded(word)] for word in words.unique().to_list() if folded(word) in aliases})


def _dated(
    base: pl.DataFrame, domain: Domain, entry: FileFormat, epoch: str, theirs: Callable[[str], str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`base` with `start` and `end`, and the rows whose dates cannot be understood."""
    first, last = ("period_start", "period_end") if domain.dated else ("valid_from", "valid_to")
    names = (first, last, "month", "date") if domain.dated else (first, last)
    serial = (epoch or "1900") if entry.serial_dates else ""
    told = base.with_columns(_from_period(base, first, last)) if domain.dated and (base["period"] != "").any() else base
    read = {name: read_months(told[name]) if name == "month" else read_dates(told[name], entry.dates, serial) for name in names}
    dated = told.with_columns(*(dates.alias(f"__{name}") for name, dates in read.items()))
    if entry.last_day == "not_counted":
        dated = dated.with_columns(pl.col(f"__{last}").dt.offset_by("-1d"))
    if domain.dated:
        month, day = pl.col("__month"), pl.col("__date")
        whole = pl.col(f"__{first}").is_not_null() & (pl.lit(domain.lasting) | pl.col(f"__{last}").is_not_null())
        start = pl.when(whole).then(pl.col(f"__{first}")).otherwise(pl.coalesce(month, day))
        end = pl.when(whole).then(pl.col(f"__{last}")).otherwise(pl.coalesce(month.dt.month_end(), day))
    else:
        start, end = pl.col(f"__{first}"), pl.col(f"__{last}")
    dated = dated.with_columns(start.alias("start"), end.alias("end"))
    problems = [_unreadable(told, dated, name, read[name], entry, theirs(name)) for name in names]
    if told is not base:
        problems.append(_one_day(base, entry, serial, first, last, theirs))
    if domain.dated:
        problems += _contradictions(dated, pl.concat(problems), names, theirs, lasting=domain.lasting)
    dated = dated.drop(f"__{name}" for name in names)
    wrong = rejections(dated, pl.col("end") < pl.col("start"), "period_reversed", theirs(last), span(), "a last day on or after the first")
    return dated, pl.concat([NO_REJECTIONS, *problems, wrong])


def _from_period(base: pl.DataFrame, first: str, last: str) -> list[pl.Expr]:
    """First and last day out of one cell that holds both, or a month, where they do not stand in cells of their own."""
    parts = pl.col("period").str.extract_groups(_PERIOD)
    month = read_months(base["period"]).is_not_null() & read_dates(base["period"]).is_null()
    alone = (pl.col(first) == "") & (pl.col(last) == "") & (pl.col("period") != "") & ~month
    as_month = pl.when(month & (pl.col("month") == "")).then(pl.col("period")).otherwise(pl.col("month")).alias("month")
    halves = [parts.struct.field("1"), pl.coalesce(parts.struct.field("2"), parts.struct.field("3"))]
    told = [half.fill_null(pl.col("period")) for half in halves]
    return [as_month, *(pl.when(alone).then(part).otherwise(pl.col(name)).alias(name) for name, part in zip((first, last), told, strict=True))]


def _one_day(base: pl.DataFrame, entry: FileFormat, serial: str, first: str, last: str, theirs: Callable[[str], str]) -> pl.DataFrame:
    """Periods of which one day is told: it may be a month that a spreadsheet made a date of."""
    blank = pl.all_horizontal(pl.col(name) == "" for name in (first, last, "month", "date"))
    single = base.filter(blank & (pl.col("period") != "") & ~pl.col("period").str.contains(_PERIOD))
    single = single.filter(read_dates(single["period"], entry.dates, serial).is_not_null()) if single.height else single
    told = "the first and the last day, such as 2023-12-01 to 2023-12-31, or a month such as 2023-12: one day may be a month that a spreadsheet made a date of"
    return rejections(single, pl.lit(value=True), "date", theirs(first), pl.col("period"), told, "2023-12-01 至 2023-12-31")


_EXAMPLES = {"YMD": "2023-12-31", "DMY": "31/12/2023", "MDY": "12/31/2023"}


def _unreadable(told: pl.DataFrame, dated: pl.DataFrame, name: str, read: pl.Series, entry: FileFormat, theirs: str) -> pl.DataFrame:
    wrong = (told[name] != "") & read.is_null()
    if not wrong.any():
        return NO_REJECTIONS
    if name == "month":
        return rejections(dated.filter(wrong), pl.lit(value=True), "date", theirs, pl.col(name), "a month such as 2023-12", "2023-12")
    example = _EXAMPLES[entry.dates]
    expected = f"a date such as {example} ({entry.dates}; another order is declared as `dates` in _format.toml)"
    serial = pl.col(name).str.contains(r"^[1-9][0-9]{4}$")
    hint = pl.when(serial).then(pl.lit(f"{expected}. A day number of a spreadsheet is read where `serial_dates = true` is declared")).otherwise(pl.lit(expected))
    return rejections(dated.filter(wrong), pl.lit(value=True), "date", theirs, pl.col(name), hint, example)


def _contradictions(dated: pl.DataFrame, unread: pl.DataFrame, names: Sequence[str], theirs: Callable[[str], str], *, lasting: bool) -> list[pl.DataFrame]:
    """Rows that are about no day, about several, or about too many. What is `lasting` has a first day; its last is blank while it lasts."""
    first, last = names[:2]
    fine = ~pl.col("record_id").is_in(unread["record_id"].implode())
    no_date = (pl.col("start").is_null() | (pl.lit(value=not lasting) & pl.col("end").is_null())) & fine
    told = pl.concat_str([pl.col(name) for name in names], separator=" ").str.strip_chars()
    half = (pl.col(f"__{first}").is_null() != pl.col(f"__{last}").is_null()) & (pl.col("month").ne("") | pl.col("date").ne(""))
    off = (
        pl.col("__month").is_not_null() & ((pl.col("__month") != pl.col("start")) | (pl.col("__month").dt.month_end() != pl.col("end")))
    ) | (pl.col("__date").is_not_null() & ((pl.col("__date") != pl.col("start")) | (pl.col("__date") != pl.col("end"))))
    long = pl.lit(value=not lasting) & ((pl.col("end") - pl.col("start")).dt.total_days() >= MAX_DAYS)
    return [
        rejections(dated, no_date, "date_missing", theirs(first), pl.col(first), "the dates the quantity is about, first and last day"),
        rejections(dated, (half | off.fill_null(value=False)) & fine, "dates_disagree", theirs(first), told, "one period, month or date"),
        rejections(dated, long, "period_too_long", theirs(last), span(), f"a period of at most {MAX_DAYS} days", str(MAX_DAYS)),
    ]


def _field_problems(base: pl.DataFrame, domain: Domain, sheet: Sheet, feed: Feed) -> list[pl.DataFrame]:
    problems = [
        rejections(base, pl.col("site_id") == "", "required", theirs_of("site_id", sheet, feed) or "site_id", pl.lit(""), "the site's id")
    ]
    for field in domain.fields:
        theirs = theirs_of(field.name, sheet, feed) or field.name
        value = pl.col(field.name)
        if field.required:
            problems.append(rejections(base, value == "", "required", theirs, pl.lit(""), field.meaning.lower()))
        if field.allowed:
            wrong = (value != "") & ~value.is_in(list(field.allowed))
            choice = ", ".join(words_for(field.allowed, feed.values.get(field.name, {})))
            problems.append(rejections(base, wrong, "vocabulary", theirs, value, f"one of {choice}", choice))
        elif field.country:
            problems.append(rejections(base, (value != "") & ~value.str.contains("^[A-Z]{2}$"), "country", theirs, value, "the code of a country or territory in two capital letters, such as CN", "CN"))
        elif field.dimension and (field.attribute or domain.counts):
            problems.append(rejections(base, value.str.contains("[;=]"), "code", theirs, value, "a word without ; and =, which part what stands beside an amount"))
    kinds, kind = ", ".join(BILL_KINDS), theirs_of("bill_kind", sheet, feed) or "bill_kind"
    problems.append(rejections(base, ~pl.col("bill_kind").is_in(["", *BILL_KINDS]), "vocabulary", kind, pl.col("bill_kind"), f"one of {kinds}", kinds))
    whole = pl.col("revision").str.contains(r"^[0-9]{0,6}$")
    problems.append(rejections(base, ~whole, "revision", theirs_of("revision", sheet, feed) or "revision", pl.col("revision"), "a whole number such as 2"))
    words = [*PLAIN_COLUMNS, *(field.name for field in domain.fields)]
    formula = "^[=@]"
    if base.select(pl.any_horizontal(pl.col(words).str.starts_with(mark).any() for mark in "=@")).item():
        problems += [
            rejections(
                base,
                pl.col(name).str.contains(formula),
                "formula",
                theirs_of(name, sheet, feed) or name,
                pl.col(name),
                "a value, not a formula",
            )
            for name in words
        ]
    return problems


# ---------------------------------------------------------------- against the register and the calendar


def register_problems(quantities: pl.DataFrame, sites: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Rejections of quantities at unknown sites, outside a site's life, or after `as_of`, in our words for the columns."""
    joined = quantities.join(sites.select("site_id", "valid_from", "valid_to"), on="site_id", how="left", maintain_order="left")
    known = sites["site_id"].to_list()
    unknown = joined.filter(~pl.col("site_id").is_in(known) & (pl.col("site_id") != ""))
    names = {name: nearest(name, known) for name in unknown["site_id"].unique().to_list()}
    hints = {name: f"a site of the register. {near_misses(name, near)}".strip() for name, near in names.items()}
    life = pl.col("valid_from").cast(pl.String).fill_null("the beginning") + " to " + pl.col("valid_to").cast(pl.String).fill_null("now")
    lasting = pl.col("domain").is_in([name for name, domain in DOMAINS.items() if domain.lasting])
    last = pl.when(lasting).then(pl.col("start")).otherwise(pl.col("end"))  # What lasts may end in the future.
    dated = (pl.col("domain") != "sites") & pl.col("start").is_not_null() & last.is_not_null()
    outside = (pl.col("start") < pl.col("valid_from")) | (pl.col("end") > pl.col("valid_to"))
    in_chinese = {name: f"：{'、'.join(near)}" for name, near in names.items() if near}
    register, maybe = (pl.col("site_id").replace_strict(words, default="", return_dtype=pl.String()) for words in (hints, in_chinese))
    total = pl.col("site_id").str.contains(LIKE_TOTAL)
    return pl.concat(
        [
            rejections(unknown, ~total, "unknown_site", "site_id", pl.col("site_id"), register, maybe),
            rejections(unknown, total, "total_row", "site_id", pl.col("site_id"), NO_TOTAL),
            rejections(joined, dated & outside, "outside_site_life", "period_end", span(), pl.lit("days within the site's life, ") + life, life),
            rejections(joined, dated & (last > as_of), "after_as_of", "period_end", span(), f"days up to {as_of.isoformat()}", as_of.isoformat()),
        ]
    ).unique(maintain_order=True)
