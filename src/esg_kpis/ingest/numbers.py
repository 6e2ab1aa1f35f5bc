"""One grammar for numbers and one for dates, for every file.

A number is digits, optionally grouped in threes by the declared thousands separator, optionally with the declared decimal mark, a sign in front
and an exponent. Full-width forms and U+2212 are first made ASCII. What does not fit is no number: nothing is guessed.
"""

import re
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import cache

import polars as pl

from esg_kpis.exact import QUANTITY, QUANTITY_SCALE

_LIMIT = Decimal(10) ** (38 - QUANTITY_SCALE)
_CONTEXT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_PLAIN = r"^-?[0-9]{1,20}(\.[0-9]{1,9})?$"
_ASCII = str.maketrans(
    {
        **{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
        "\u3000": " ",
        "\u00a0": " ",
        "\u2212": "-",
        "\u2010": "-",
        "\u2013": "-",
    }
)
"""Full-width forms, spaces and minus signs. Not all of NFKC: that would read 10² as 102."""


def read_numbers(text: pl.Series, *, decimal: str = ".", thousands: str = ",") -> pl.DataFrame:
    """Numbers out of text.

    Columns, in the order of `text`: `value` (Decimal, 9 decimals; null when blank or no number), `rounded` (more than 9 decimals were
    received, and rounded half-even), `wrong` (not blank and no number).
    """
    name = "text"
    distinct = pl.DataFrame({name: text.cast(pl.String)}).unique(maintain_order=True).drop_nulls()
    is_plain = pl.col(name).str.contains(_PLAIN) if decimal == "." else pl.lit(value=False)
    plain = distinct.filter(is_plain).select(name, pl.col(name).cast(QUANTITY).alias("value"), pl.lit(value=False).alias("rounded"))
    others = distinct.filter(~is_plain)[name].to_list()
    read = [_number(item, decimal, thousands) for item in others]
    odd = pl.DataFrame(
        {name: others, "value": [value for value, _ in read], "rounded": [was_rounded for _, was_rounded in read]},
        schema={name: pl.String(), "value": QUANTITY, "rounded": pl.Boolean()},
    )
    joined = pl.DataFrame({name: text.cast(pl.String)}).join(pl.concat([plain, odd]), on=name, how="left", maintain_order="left")
    blank = pl.col(name).fill_null("").str.strip_chars() == ""
    return joined.select("value", pl.col("rounded").fill_null(value=False), (pl.col("value").is_null() & ~blank).alias("wrong"))


def _number(text: str, decimal: str, thousands: str) -> tuple[Decimal | None, bool]:
    clean = text.strip()
    if not clean.isascii():
        clean = clean.translate(_ASCII).strip()
    if not _grammar(decimal, thousands).match(clean):
        return None, False
    if thousands:
        clean = clean.replace(thousands, "")
    value = Decimal(clean.replace(decimal, "."))
    if value.adjusted() > _LIMIT.adjusted():
        return None, False
    kept = value.quantize(Decimal(1).scaleb(-QUANTITY_SCALE), context=_CONTEXT)
    return (None, False) if kept.copy_abs() >= _LIMIT else (kept, kept != value)


@cache
def _grammar(decimal: str, thousands: str) -> re.Pattern[str]:
    whole = rf"(?:[1-9]\d{{0,2}}(?:{re.escape(thousands)}\d{{3}})+|\d+)" if thousands else r"\d+"
    return re.compile(rf"^[+-]?{whole}(?:{re.escape(decimal)}\d+)?(?:[eE][+-]?\d{{1,2}})?$", re.ASCII)


_YEARS = (1900, 2100)
_DATE_PARTS = {
    "YMD": r"^(?P<y>[0-9]{4})[-/.年](?P<m>[0-9]{1,2})[-/.月](?P<d>[0-9]{1,2})日?(?:[ T]00:00:00)?$",
    "DMY": r"^(?P<d>[0-9]{1,2})[-/.](?P<m>[0-9]{1,2})[-/.](?P<y>[0-9]{4})$",
    "MDY": r"^(?P<m>[0-9]{1,2})[-/.](?P<d>[0-9]{1,2})[-/.](?P<y>[0-9]{4})$",
}
_MONTH_PARTS = r"^(?P<y>[0-9]{4})[-/.年](?P<m>[0-9]{1,2})月?$"
_MONTH_AS_DATE = r"^(?P<y>[0-9]{4})[-/.年](?P<m>[0-9]{1,2})[-/.月]0?1日?(?:[ T]00:00:00)?$"


def read_dates(text: pl.Series, order: str = "YMD") -> pl.Series:
    """Dates out of text, null where there is none. A year of four digits in front is always understood; else `order` decides."""
    year_first = _dates(text, _DATE_PARTS["YMD"])
    return year_first if order == "YMD" else year_first.fill_null(_dates(text, _DATE_PARTS[order]))


def read_months(text: pl.Series) -> pl.Series:
    """The first days of months such as `2023-01`, `2023/1` or `2023年1月`, null where there is none."""
    return _dates(text, _MONTH_PARTS).fill_null(_dates(text, _MONTH_AS_DATE))


def _dates(text: pl.Series, pattern: str) -> pl.Series:
    if not (text != "").any():
        return pl.Series("date", [None] * len(text), dtype=pl.Date())
    parts = text.cast(pl.String).str.strip_chars().str.extract_groups(pattern)
    frame = pl.DataFrame({"parts": parts}).unnest("parts")
    day = pl.col("d").str.zfill(2) if "d" in frame.columns else pl.lit("01")
    day_text = pl.col("y") + "-" + pl.col("m").str.zfill(2) + "-" + day
    read = frame.select(day_text.str.to_date("%Y-%m-%d", strict=False).alias("date"))
    return read.select(pl.when(pl.col("date").dt.year().is_between(*_YEARS)).then(pl.col("date")).alias("date"))["date"]
