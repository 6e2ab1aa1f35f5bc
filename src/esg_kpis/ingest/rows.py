"""Rows of text as records: what one feed of one sheet says, and which rows it cannot say it of.

A record is rejected whole: if one column is wrong, none of the row is used. Every rejection names rule, column, what was read and what would be right.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import polars as pl

from esg_kpis.domains import DOMAINS
from esg_kpis.domains.definition import Domain
from esg_kpis.errors import near_misses
from esg_kpis.ingest.files import LINE, Sheet
from esg_kpis.ingest.formats import Feed, FileFormat
from esg_kpis.ingest.numbers import read_dates, read_months
from esg_kpis.ingest.quantities import typed_quantities
from esg_kpis.ingest.rejections import NO_REJECTIONS, REJECTION, rejections
from esg_kpis.ingest.shape import present, theirs_of
from esg_kpis.tables import QUANTITIES, empty

MAX_DAYS = 3 * 366
_DATE_COLUMNS = ("period_start", "period_end", "month", "date")
PLAIN_COLUMNS = ("site_id", "meter_id", "document")


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
        records: `record_id` per `__line` of the sheet.

    Columns of `base`: record_id, our columns as text, `start` and `end` (Date). Columns of `quantities`: as in the data dictionary, without
    `duplicate_of`. Rejections cover everything that can be seen in the row itself.
    """
    domain = DOMAINS[feed.domain]
    names = [*PLAIN_COLUMNS, *_DATE_COLUMNS, *(field.name for field in domain.fields)]
    rows = sheet.rows.join(records, on=LINE, how="left")
    base = rows.select("record_id", LINE, *(_column(name, sheet, feed).alias(name) for name in dict.fromkeys(names)))
    base, bad_dates = _dated(base, domain, entry.dates, lambda name: theirs_of(name, sheet, feed) or name)
    rejected = [bad_dates, *_field_problems(base, domain, sheet, feed)]
    parts = []
    for quantity in present(sheet, feed):
        part, problems = typed_quantities(rows, base, quantity, entry, domain)
        parts.append(part)
        rejected += problems
    quantities = pl.concat(parts) if parts else empty(QUANTITIES).drop("duplicate_of")
    return FeedRows(base, quantities, pl.concat([frame for frame in rejected if frame.height] or [pl.DataFrame(schema=REJECTION)]))


# ---------------------------------------------------------------- columns


def _column(name: str, sheet: Sheet, feed: Feed) -> pl.Expr:
    if name in feed.constants:
        return pl.lit(feed.constants[name])
    theirs = theirs_of(name, sheet, feed)
    if theirs is None:
        return pl.lit("")
    clean = pl.col(theirs).fill_null("").str.strip_chars()
    return clean.replace(feed.values[name]) if name in feed.values else clean


def _dated(base: pl.DataFrame, domain: Domain, order: str, theirs: Callable[[str], str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`base` with `start` and `end`, and the rows whose dates cannot be understood."""
    first, last = ("period_start", "period_end") if domain.dated else ("valid_from", "valid_to")
    names = (first, last, "month", "date") if domain.dated else (first, last)
    read = {name: read_months(base[name]) if name == "month" else read_dates(base[name], order) for name in names}
    dated = base.with_columns(*(dates.alias(f"__{name}") for name, dates in read.items()))
    if domain.dated:
        month, day = pl.col("__month"), pl.col("__date")
        whole = pl.col(f"__{first}").is_not_null() & pl.col(f"__{last}").is_not_null()
        start = pl.when(whole).then(pl.col(f"__{first}")).otherwise(pl.coalesce(month, day))
        end = pl.when(whole).then(pl.col(f"__{last}")).otherwise(pl.coalesce(month.dt.month_end(), day))
    else:
        start, end = pl.col(f"__{first}"), pl.col(f"__{last}")
    dated = dated.with_columns(start.alias("start"), end.alias("end"))
    example = {"YMD": "2023-12-31", "DMY": "31/12/2023", "MDY": "12/31/2023"}[order]
    problems = []
    for name in names:
        wrong = (base[name] != "") & read[name].is_null()
        expected = (
            "a month such as 2023-12"
            if name == "month"
            else f"a date such as {example} ({order}; another order is declared as `dates` in _format.toml)"
        )
        if wrong.any():
            problems.append(rejections(dated.filter(wrong), pl.lit(value=True), "date", theirs(name), pl.col(name), expected))
    if domain.dated:
        seen = pl.concat([problem.select("record_id") for problem in [NO_REJECTIONS, *problems]])
        fine = ~pl.col("record_id").is_in(seen["record_id"].implode())
        no_date = (pl.col("start").is_null() | pl.col("end").is_null()) & fine
        problems.append(
            rejections(dated, no_date, "date_missing", theirs(first), pl.col(first), "the dates the quantity is about, first and last day")
        )
        told = pl.concat_str([pl.col(name) for name in names], separator=" ").str.strip_chars()
        half = (pl.col(f"__{first}").is_null() != pl.col(f"__{last}").is_null()) & (pl.col("month").ne("") | pl.col("date").ne(""))
        off = (
            pl.col("__month").is_not_null() & ((pl.col("__month") != pl.col("start")) | (pl.col("__month").dt.month_end() != pl.col("end")))
        ) | (pl.col("__date").is_not_null() & ((pl.col("__date") != pl.col("start")) | (pl.col("__date") != pl.col("end"))))
        problems.append(
            rejections(
                dated, (half | off.fill_null(value=False)) & fine, "dates_disagree", theirs(first), told, "one period, month or date"
            )
        )
        long = (pl.col("end") - pl.col("start")).dt.total_days() >= MAX_DAYS
        long_text = pl.col("start").cast(pl.String) + " to " + pl.col("end").cast(pl.String)
        problems.append(rejections(dated, long, "period_too_long", theirs(last), long_text, f"a period of at most {MAX_DAYS} days"))
    dated = dated.drop(f"__{name}" for name in names)
    reversed_text = pl.col("start").cast(pl.String) + " to " + pl.col("end").cast(pl.String)
    problems.append(
        rejections(
            dated, pl.col("end") < pl.col("start"), "period_reversed", theirs(last), reversed_text, "a last day on or after the first"
        )
    )
    return dated, pl.concat([NO_REJECTIONS, *problems])


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
            problems.append(rejections(base, wrong, "vocabulary", theirs, value, f"one of {', '.join(field.allowed)}"))
    words = [*PLAIN_COLUMNS, *(field.name for field in domain.fields)]
    formula = r"^\s*[=@]"
    if base.select(pl.any_horizontal(pl.col(words).str.contains(formula)).any()).item():
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


def register_problems(sheet: Sheet, feed: Feed, quantities: pl.DataFrame, sites: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Rejections of quantities at unknown sites, outside a site's life, or after `as_of`."""
    site_column = theirs_of("site_id", sheet, feed) or "site_id"
    day_column = next((theirs for name in ("period_end", "month", "date") if (theirs := theirs_of(name, sheet, feed))), "period_end")
    joined = quantities.join(sites.select("site_id", "valid_from", "valid_to"), on="site_id", how="left", maintain_order="left")
    known = sites["site_id"].to_list()
    unknown = joined.filter(~pl.col("site_id").is_in(known) & (pl.col("site_id") != ""))
    hints = {name: f"a site of the register. {near_misses(name, known)}".strip() for name in unknown["site_id"].unique().to_list()}
    life = pl.col("valid_from").cast(pl.String).fill_null("the beginning") + " to " + pl.col("valid_to").cast(pl.String).fill_null("now")
    span = pl.col("start").cast(pl.String) + " to " + pl.col("end").cast(pl.String)
    dated = (pl.col("domain") != "sites") & pl.col("start").is_not_null() & pl.col("end").is_not_null()
    outside = (pl.col("start") < pl.col("valid_from")) | (pl.col("end") > pl.col("valid_to"))
    register = pl.col("site_id").replace_strict(hints, default="", return_dtype=pl.String())
    return pl.concat(
        [
            rejections(unknown, pl.lit(value=True), "unknown_site", site_column, pl.col("site_id"), register),
            rejections(joined, dated & outside, "outside_site_life", day_column, span, pl.lit("days within the site's life, ") + life),
            rejections(joined, dated & (pl.col("end") > as_of), "after_as_of", day_column, span, f"days up to {as_of.isoformat()}"),
        ]
    ).unique(maintain_order=True)
