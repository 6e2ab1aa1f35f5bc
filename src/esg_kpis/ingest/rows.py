"""Rows of text as typed quantities: what one feed of one sheet says, and which rows it cannot say it of.

A record is rejected whole: if one column is wrong, none of the row is used. Every rejection names rule, column, what was read and what would be right.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

import polars as pl

from esg_kpis.domains import DOMAIN_OF, DOMAINS, MEASURES
from esg_kpis.domains.definition import Domain
from esg_kpis.errors import InputProblem, UnitProblem, near_misses
from esg_kpis.exact import PRODUCT_LIMIT, QUANTITY, plain
from esg_kpis.ingest.files import LINE, Sheet
from esg_kpis.ingest.formats import Feed, FileFormat, QuantityColumn
from esg_kpis.ingest.numbers import read_dates, read_months, read_numbers
from esg_kpis.tables import QUANTITIES, empty
from esg_kpis.units import multiplier

REJECTION = {"record_id": pl.String(), "rule": pl.String(), "column": pl.String(), "read": pl.String(), "expected": pl.String()}
_NONE = pl.DataFrame(schema=REJECTION)
MAX_DAYS = 3 * 366
_DATE_COLUMNS = ("period_start", "period_end", "month", "date")
_PLAIN_COLUMNS = ("site_id", "meter_id", "document")


@dataclass(frozen=True)
class FeedRows:
    """What one feed gave: a row per record with our columns (`base`), a row per quantity, and the rejections."""

    base: pl.DataFrame
    quantities: pl.DataFrame
    rejected: pl.DataFrame


def missing_columns(sheet: Sheet, feed: Feed) -> list[str]:
    """The columns a feed needs and the sheet lacks, in words."""
    domain = DOMAINS[feed.domain]
    declared = [*feed.columns.values()]
    for quantity in present(sheet, feed):
        declared += [name for name in (quantity.column, quantity.unit_column, quantity.measure_column) if name]
    problems = [f"'{name}'" for name in dict.fromkeys(declared) if name not in sheet.columns]
    own = ["site_id", *(field.name for field in domain.fields if field.required)]
    problems += [f"'{name}'" for name in own if _theirs(name, sheet, feed) is None]
    if domain.dated and not any(_theirs(name, sheet, feed) for name in ("month", "date")):
        problems += [f"'{name}'" for name in ("period_start", "period_end") if _theirs(name, sheet, feed) is None]
    return list(dict.fromkeys(problems))


def present(sheet: Sheet, feed: Feed) -> list[QuantityColumn]:
    """The quantity columns of a feed, without optional ones that the sheet lacks."""
    return [quantity for quantity in feed.quantity if not quantity.optional or quantity.column in sheet.columns]


def check_shape(sheet: Sheet, feed: Feed) -> None:
    """Stops a file whose columns cannot feed the domain.

    Raises:
        InputProblem: naming the missing columns, what the header holds, and how to mend it.
    """
    if missing := missing_columns(sheet, feed):
        hints = " ".join(near_misses(name.strip("'"), sheet.columns) for name in missing)
        raise InputProblem(
            f"The column{'s' if len(missing) > 1 else ''} {', '.join(missing)} needed for '{feed.domain}' {'are' if len(missing) > 1 else 'is'} missing. "
            f"The header has: {', '.join(sheet.columns)}. {hints}".strip(),
            where=sheet.source.path,
            mend="Ask for the file with that column, or name the sender's column in _format.toml.",
        )


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
    names = [*_PLAIN_COLUMNS, *_DATE_COLUMNS, *(field.name for field in domain.fields)]
    rows = sheet.rows.join(records, on=LINE, how="left")
    base = rows.select("record_id", LINE, *(_column(name, sheet, feed).alias(name) for name in dict.fromkeys(names)))
    base, bad_dates = _dated(base, domain, entry.dates, lambda name: _theirs(name, sheet, feed) or name)
    rejected = [bad_dates, *_field_problems(base, domain, sheet, feed)]
    parts = []
    for quantity in present(sheet, feed):
        part, problems = _quantities(rows, base, quantity, entry, domain)
        parts.append(part)
        rejected += problems
    quantities = pl.concat(parts) if parts else empty(QUANTITIES).drop("duplicate_of")
    return FeedRows(base, quantities, pl.concat([frame for frame in rejected if frame.height] or [pl.DataFrame(schema=REJECTION)]))


def rejections(
    frame: pl.DataFrame, wrong: pl.Expr, rule: str, column: str | pl.Expr, read: pl.Expr, expected: str | pl.Expr
) -> pl.DataFrame:
    """One rejection per row of `frame` where `wrong` holds."""
    found = frame.filter(wrong)
    if found.is_empty():
        return _NONE
    return found.select(
        "record_id",
        pl.lit(rule).alias("rule"),
        (pl.lit(column) if isinstance(column, str) else column).alias("column"),
        read.cast(pl.String).fill_null("").alias("read"),
        (pl.lit(expected) if isinstance(expected, str) else expected).alias("expected"),
    )


# ---------------------------------------------------------------- columns


def _theirs(name: str, sheet: Sheet, feed: Feed) -> str | None:
    """The sender's column for ours; our own name for a constant; None when there is neither."""
    if name in feed.constants:
        return name
    if name in feed.columns:
        return feed.columns[name]
    return name if name in sheet.columns else None


def _column(name: str, sheet: Sheet, feed: Feed) -> pl.Expr:
    if name in feed.constants:
        return pl.lit(feed.constants[name])
    theirs = _theirs(name, sheet, feed)
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
        expected = "a month such as 2023-12" if name == "month" else f"a date such as {example} ({order})"
        if wrong.any():
            problems.append(rejections(dated.filter(wrong), pl.lit(value=True), "date", theirs(name), pl.col(name), expected))
    if domain.dated:
        seen = pl.concat([problem.select("record_id") for problem in [_NONE, *problems]])
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
        long = (pl.col("end") - pl.col("start")).dt.total_days() > MAX_DAYS
        long_text = pl.col("start").cast(pl.String) + " to " + pl.col("end").cast(pl.String)
        problems.append(rejections(dated, long, "period_too_long", theirs(last), long_text, f"a period of at most {MAX_DAYS} days"))
    dated = dated.drop(f"__{name}" for name in names)
    reversed_text = pl.col("start").cast(pl.String) + " to " + pl.col("end").cast(pl.String)
    problems.append(
        rejections(
            dated, pl.col("end") < pl.col("start"), "period_reversed", theirs(last), reversed_text, "a last day on or after the first"
        )
    )
    return dated, pl.concat([_NONE, *problems])


def _field_problems(base: pl.DataFrame, domain: Domain, sheet: Sheet, feed: Feed) -> list[pl.DataFrame]:
    problems = [
        rejections(base, pl.col("site_id") == "", "required", _theirs("site_id", sheet, feed) or "site_id", pl.lit(""), "the site's id")
    ]
    for field in domain.fields:
        theirs = _theirs(field.name, sheet, feed) or field.name
        value = pl.col(field.name)
        if field.required:
            problems.append(rejections(base, value == "", "required", theirs, pl.lit(""), field.meaning.lower()))
        if field.allowed:
            wrong = (value != "") & ~value.is_in(list(field.allowed))
            problems.append(rejections(base, wrong, "vocabulary", theirs, value, f"one of {', '.join(field.allowed)}"))
    words = [*_PLAIN_COLUMNS, *(field.name for field in domain.fields)]
    formula = r"^\s*[=@]"
    if base.select(pl.any_horizontal(pl.col(words).str.contains(formula)).any()).item():
        problems += [
            rejections(
                base,
                pl.col(name).str.contains(formula),
                "formula",
                _theirs(name, sheet, feed) or name,
                pl.col(name),
                "a value, not a formula",
            )
            for name in words
        ]
    return problems


# ---------------------------------------------------------------- quantities


def _quantities(
    rows: pl.DataFrame, base: pl.DataFrame, spec: QuantityColumn, entry: FileFormat, domain: Domain
) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    dimensions = [field.name for field in domain.fields if field.dimension]
    received = rows[spec.column].fill_null("").str.strip_chars()
    frame = base.select("record_id", "site_id", "meter_id", "document", "start", "end", *dimensions).with_columns(
        received.alias("received"),
        (rows[spec.unit_column].fill_null("").str.strip_chars() if spec.unit_column else pl.lit(spec.unit)).alias("received_unit"),
        (_measures(rows[spec.measure_column], spec) if spec.measure_column else pl.lit(spec.measure)).alias("measure"),
        *read_numbers(received, decimal=entry.decimal, thousands=entry.thousands_mark).get_columns(),
    )
    known = [name for name, home in DOMAIN_OF.items() if home == domain.name]
    blank = pl.col("received") == ""
    # A blank cell in an optional column says nothing, so neither its unit nor its measure is asked for.
    problems = []
    if spec.blank == "skip":
        frame = frame.filter(~blank)
    else:
        problems.append(
            rejections(frame, blank, "quantity_missing", spec.column, pl.lit(""), 'a number, or `blank = "skip"` in _format.toml')
        )
    example = f"a number such as 1{entry.thousands_mark}234{entry.decimal}5"
    problems.append(rejections(frame, pl.col("wrong"), "number", spec.column, pl.col("received"), example))
    if spec.negative == "reject":
        problems.append(
            rejections(
                frame, pl.col("value") < 0, "negative", spec.column, pl.col("received"), 'zero or more, or `negative = "net_metering"`'
            )
        )
    home = f"one of {', '.join(known)}"
    problems.append(
        rejections(frame, ~pl.col("measure").is_in(known), "measure", spec.measure_column or spec.column, pl.col("measure"), home)
    )
    problems.append(_unit_problems(frame.filter(pl.col("measure").is_in(known)), spec, domain))
    pairs = [pl.when(pl.col(name) == "").then(None).otherwise(pl.lit(f"{name}=") + pl.col(name)) for name in sorted(dimensions)]
    quantities = frame.select(
        "record_id",
        pl.lit(domain.name).alias("domain"),
        "measure",
        pl.col("measure").replace_strict({name: MEASURES[name].nature for name in known}, default="flow").alias("nature"),
        "site_id",
        pl.col("meter_id").replace({"": None}),
        pl.col("document").replace({"": None}),
        "start",
        "end",
        (pl.concat_str(pairs, separator=";", ignore_nulls=True) if pairs else pl.lit("")).alias("dimensions"),
        pl.lit(spec.column).alias("column"),
        "received",
        "received_unit",
        pl.col("value").cast(QUANTITY).alias("quantity"),
        "rounded",
    )
    return quantities, problems


def _measures(column: pl.Series, spec: QuantityColumn) -> pl.Series:
    return column.fill_null("").str.strip_chars().replace(spec.measures)


def _unit_problems(frame: pl.DataFrame, spec: QuantityColumn, domain: Domain) -> pl.DataFrame:
    """Units that do not fit the measure, and quantities too large for exact arithmetic in the measure's unit."""
    problems = [_NONE]
    for measure, unit in frame.select("measure", "received_unit").unique().sort("measure", "received_unit").iter_rows():
        here = (pl.col("measure") == measure) & (pl.col("received_unit") == unit)
        try:
            limit = Fraction(PRODUCT_LIMIT) / multiplier(unit, MEASURES[measure].unit, domain.name)
        except UnitProblem as problem:
            expected = f"a unit of {measure}. {problem}"
            problems.append(rejections(frame, here, "unit", spec.unit_column or spec.column, pl.col("received_unit"), expected))
            continue
        most = Decimal(min(int(limit), 10**28))
        expected = f"less than {plain(most)} {unit}"
        problems.append(
            rejections(
                frame, here & (pl.col("value").abs() >= pl.lit(most).cast(QUANTITY)), "too_large", spec.column, pl.col("received"), expected
            )
        )
    return pl.concat(problems)


# ---------------------------------------------------------------- against the register and the calendar


def register_problems(sheet: Sheet, feed: Feed, quantities: pl.DataFrame, sites: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Rejections of quantities at unknown sites, outside a site's life, or after `as_of`."""
    site_column = _theirs("site_id", sheet, feed) or "site_id"
    day_column = next((theirs for name in ("period_end", "month", "date") if (theirs := _theirs(name, sheet, feed))), "period_end")
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


def check_quantity_columns(feed: Feed, where: str) -> None:
    """Stops a format whose fixed measure belongs to another domain.

    Raises:
        InputProblem: naming the measure and its domain.
    """
    for quantity in feed.quantity:
        for measure in [*([quantity.measure] if quantity.measure else []), *quantity.measures.values()]:
            if DOMAIN_OF.get(measure) != feed.domain:
                raise InputProblem(
                    f"The measure '{measure}' belongs to the domain '{DOMAIN_OF.get(measure, 'none: factors lead to it')}', not to '{feed.domain}'.",
                    where=where,
                    mend="Give it a feed of its own.",
                )
