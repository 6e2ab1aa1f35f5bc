"""One grammar for numbers and one for dates, for every file.

A number is digits, optionally grouped in threes by the declared thousands separator, optionally with the declared decimal mark, a sign in front
and an exponent; or the same in parentheses, as bookkeepers write what is negative. Full-width forms and U+2212 are first made ASCII. Percent is read where a share is
asked for. What does not fit is no number: nothing is guessed.
"""

import re
from datetime import date
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
        "\u2009": " ",
        "\u202f": " ",
        "\u2212": "-",
        "\u2010": "-",
        "\u2013": "-",
    }
)
"""Full-width forms, spaces and minus signs. Not all of NFKC: that would read 10² as 102."""


def read_numbers(text: pl.Series, *, decimal: str = ".", thousands: str = ",", percent: bool = False) -> pl.DataFrame:
    """Numbers out of text; with `percent` also `60%`, which is 0.6.

    Columns, in the order of `text`: `value` (Decimal, 9 decimals; null when blank or no number), `rounded` (more than 9 decimals were
    received, and rounded half-even), `wrong` (not blank and no number).
    """
    name = "text"
    frame = pl.DataFrame({name: text.cast(pl.String)})
    is_plain = pl.col(name).str.contains(_PLAIN) if decimal == "." else pl.lit(value=False)
    if frame.select(is_plain.all()).item():
        return frame.select(
            pl.col(name).cast(QUANTITY).alias("value"), pl.lit(value=False).alias("rounded"), pl.lit(value=False).alias("wrong"),
        )  # fmt: skip
    distinct = frame.unique(maintain_order=True).drop_nulls()
    plain = distinct.filter(is_plain).select(name, pl.col(name).cast(QUANTITY).alias("value"), pl.lit(value=False).alias("rounded"))
    others = distinct.filter(~is_plain)[name].to_list()
    read = [_number(item, decimal, thousands, percent) for item in others]
    odd = pl.DataFrame(
        {name: others, "value": [value for value, _ in read], "rounded": [was_rounded for _, was_rounded in read]},
        schema={name: pl.String(), "value": QUANTITY, "rounded": pl.Boolean()},
    )
    joined = pl.DataFrame({name: text.cast(pl.String)}).join(pl.concat([plain, odd]), on=name, how="left", maintain_order="left")
    blank = pl.col(name).fill_null("").str.strip_chars() == ""
    return joined.select("value", pl.col("rounded").fill_null(value=False), (pl.col("value").is_null() & ~blank).alias("wrong"))


def _number(text: str, decimal: str, thousands: str, percent: bool) -> tuple[Decimal | None, bool]:
    clean = text.strip()
    if not clean.isascii():
        clean = clean.translate(_ASCII).strip()
    hundredth = percent and clean.endswith("%")
    if hundredth:
        clean = clean[:-1].rstrip()
    if clean.startswith("(") and clean.endswith(")") and clean[1:2].isdigit():
        clean = f"-{clean[1:-1]}"
    if not _grammar(decimal, thousands).match(clean):
        return None, False
    if thousands:
        clean = clean.replace(thousands, "")
    value = Decimal(clean.replace(decimal, "."))
    if hundredth:
        value = value.scaleb(-2, _CONTEXT)
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
    "YMD": r"^(?P<y>[0-9]{4})[-/.年]\s?(?P<m>[0-9]{1,2})[-/.月]\s?(?P<d>[0-9]{1,2})日?(?:[ T]0{1,2}:00(?::00(?:\.0+)?)?)?$",
    "DMY": r"^(?P<d>[0-9]{1,2})[-/.](?P<m>[0-9]{1,2})[-/.](?P<y>[0-9]{4})$",
    "MDY": r"^(?P<m>[0-9]{1,2})[-/.](?P<d>[0-9]{1,2})[-/.](?P<y>[0-9]{4})$",
}
_COMPACT = r"^(?P<y>(?:19|20)[0-9]{2})(?P<m>[0-9]{2})(?P<d>[0-9]{2})$"
_COMPACT_MONTH = r"^(?P<y>(?:19|20)[0-9]{2})(?P<m>0[1-9]|1[0-2])$"
_DAY_ZERO = {"1900": date(1899, 12, 30), "1904": date(1904, 1, 1)}
"""Day 0 of a spreadsheet's day numbers, right from 1 March 1900 on."""
_MONTH_PARTS = r"^(?P<y>[0-9]{4})[-/年](?P<m>[0-9]{1,2})(?:月份?)?$"
_MONTH_BEHIND_POINT = r"^(?P<y>[0-9]{4})\.(?P<m>[0-9]{2}|[2-9])月?$"
"""`2023.1` is none: a spreadsheet makes it of 2023.10, too."""
_MONTH_AS_DATE = r"^(?P<y>[0-9]{4})[-/.年](?P<m>[0-9]{1,2})[-/.月]0?1日?(?:[ T]00:00:00)?$"


def read_dates(text: pl.Series, order: str = "YMD", serial: str = "") -> pl.Series:
    """Dates out of text, null where there is none.

    A year of four digits in front is always understood, as is `20231231`; else `order` decides. With `serial` (1900 or 1904) five digits are the day number of a
    spreadsheet that counts from that year.
    """
    read = _dates(text, _DATE_PARTS["YMD"])
    if not (read.is_null() & (text != "")).any():
        return read
    width = text.str.normalize("NFKC") if not _is_ascii(text) else text
    for pattern in (_DATE_PARTS["YMD"], _COMPACT, *([] if order == "YMD" else [_DATE_PARTS[order]])):
        read = read.fill_null(_dates(width, pattern))
    if serial:
        number = width.str.strip_chars().str.extract(r"^([1-9][0-9]{4})$", 1).cast(pl.Int64())
        day = pl.lit(_DAY_ZERO[serial]) + pl.duration(days=pl.col("number"))
        read = read.fill_null(pl.DataFrame({"number": number}).select(day.cast(pl.Date()).alias("date"))["date"])
    return read


def read_months(text: pl.Series) -> pl.Series:
    """The first days of months such as `2023-01`, `2023/1`, `2023年1月` or `202301`, null where there is none."""
    read = _dates(text, _MONTH_PARTS)
    if not (read.is_null() & (text != "")).any():
        return read
    width = text.str.normalize("NFKC") if not _is_ascii(text) else text
    for pattern in (_MONTH_PARTS, _MONTH_BEHIND_POINT, _COMPACT_MONTH, _MONTH_AS_DATE):
        read = read.fill_null(_dates(width, pattern))
    return read


def _is_ascii(text: pl.Series) -> bool:
    return bool((text.str.len_bytes() == text.str.len_chars()).all())


def _dates(text: pl.Series, pattern: str) -> pl.Series:
    if not (text != "").any():
        return pl.repeat(None, len(text), dtype=pl.Date(), eager=True).alias("date")
    # Files say the same few days again and again: each distinct text is read once.
    distinct = pl.DataFrame({"text": text.unique()})
    frame = distinct.select("text", pl.col("text").str.strip_chars().str.extract_groups(pattern).alias("parts")).unnest("parts")
    day = pl.col("d").str.zfill(2) if "d" in frame.columns else pl.lit("01")
    day_text = pl.col("y") + "-" + pl.col("m").str.zfill(2) + "-" + day
    read = frame.select("text", day_text.str.to_date("%Y-%m-%d", strict=False).alias("date"))
    within = read.select("text", pl.when(pl.col("date").dt.year().is_between(*_YEARS)).then(pl.col("date")).alias("date"))
    return pl.DataFrame({"text": text}).join(within, on="text", how="left", maintain_order="left")["date"]
