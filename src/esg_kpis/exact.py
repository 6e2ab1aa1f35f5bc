"""Exact arithmetic, the same on polars and DuckDB.

No binary float touches an amount. Quantities carry 9 decimals, factors 12, products 24. A product of a quantity (9), a factor (12) and a GWP (3)
is therefore exact. A longer chain is rounded once per step, half-even, at the 24th decimal.

What is promised: quantities that enter a product, products and their sums below 10^14 in size (in the canonical unit of the measure: 10^11 t, twice
what the world emits in a year); quantities that are only converted, below 10^29 after multiplication by the numerator (on DuckDB, whose whole numbers end
at 1.7 x 10^38, below 10^20). Beyond that an error is raised by the engine or by `sums`, never a wrapped or rounded number: polars' own grouped
sum wraps in silence, so sums go through `sums` here.

Division happens only at the KPI, on `fractions.Fraction`.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from math import isqrt

import polars as pl

from esg_kpis.errors import OutOfRange

QUANTITY_SCALE = 9
FACTOR_SCALE = 12
GWP_SCALE = 3
PRODUCT_SCALE = 24
VALUE_SCALE = 18

QUANTITY = pl.Decimal(38, QUANTITY_SCALE)
FACTOR = pl.Decimal(38, FACTOR_SCALE)
PRODUCT = pl.Decimal(38, PRODUCT_SCALE)
VALUE = pl.Decimal(38, VALUE_SCALE)

PRODUCT_LIMIT = 10 ** (38 - PRODUCT_SCALE)
"""Products and sums of products stay below this; reaching it raises."""

_CONTEXT = Context(prec=100, rounding=ROUND_HALF_EVEN)


# ---------------------------------------------------------------- rows, on polars


def product(left: pl.Expr, right: pl.Expr) -> pl.Expr:
    """`left` times `right` with 24 decimals, rounded half-even only if 24 do not hold it.

    Both are decimals below 10^14 with at most 24 decimals. polars multiplies in 256 bits and raises when the result leaves the range.
    """
    return left.cast(PRODUCT) * right.cast(PRODUCT)


def scaled(quantity: pl.Expr, numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    """`quantity` times the fraction `numerator`/`denominator` (whole numbers), rounded once, half-even, to 9 decimals."""
    whole = pl.Decimal(38, 0)
    return quantity.cast(QUANTITY) * numerator.cast(whole) / denominator.cast(whole)


def sums(frame: pl.DataFrame, by: Sequence[str], *columns: str, also: Sequence[pl.Expr] = ()) -> pl.DataFrame:
    """Exact sums of product columns per group, sorted by the group. Nulls do not count; a group of nulls gives null. Several columns cost little more than one.

    Columns: `by`; `columns` (Decimal, 24 decimals, same unit as received); what else of a group is asked for with `also`, which adds nothing up.

    Raises:
        OutOfRange: if the sizes in a group, each rounded to a whole number and one added per row, reach 10^14. polars would wrap around without a word.
    """
    whole = pl.Decimal(38, 0)
    keyed = frame if by else frame.with_columns(pl.lit(0).alias("__all"))
    keys = list(by) or ["__all"]
    sizes = [(pl.col(name).abs().cast(whole).sum() + pl.len().cast(whole)).alias(f"__size of {name}") for name in columns]
    totals = [pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name) for name in columns]
    found = keyed.group_by(keys).agg(*sizes, *totals, *also)
    for name in columns:
        if (found[f"__size of {name}"] >= PRODUCT_LIMIT).any():
            raise OutOfRange(
                f"A sum of '{name}' reaches 10^{38 - PRODUCT_SCALE}, more than the exact arithmetic holds.",
                mend="Look for a quantity in the wrong unit.",
            )
    return found.sort(keys).drop(*(f"__size of {name}" for name in columns), *({*keys} - {*by}))


# ---------------------------------------------------------------- the same, as DuckDB SQL


def sql_product(left: str, right: str, *, left_scale: int = QUANTITY_SCALE, right_scale: int = FACTOR_SCALE) -> str:
    """The DuckDB expression that equals `product`, where the scales add up to 24 or less.

    DuckDB's own product adds the scales, and raises when 38 digits do not hold it.
    """
    if left_scale + right_scale > PRODUCT_SCALE:
        raise OutOfRange(f"{left_scale} and {right_scale} decimals do not fit into {PRODUCT_SCALE}.", mend="Give scales that add up to no more.")
    factors = f"CAST({left} AS DECIMAL(38,{left_scale})) * CAST({right} AS DECIMAL(38,{right_scale}))"
    return f"CAST({factors} AS DECIMAL(38,{PRODUCT_SCALE}))"


def sql_scaled(quantity: str, numerator: int, denominator: int) -> str:
    """The DuckDB expression that equals `scaled`: whole-number arithmetic, half-even, back to 9 decimals."""
    units = f"CAST(CAST({quantity} AS DECIMAL(38,{QUANTITY_SCALE})) * 1000000000 AS HUGEINT) * {numerator}::HUGEINT"
    floor = f"(CASE WHEN {units} < 0 THEN {units} // {denominator} - 1 ELSE {units} // {denominator} END)"
    rest = f"(2 * ({units} - {floor} * {denominator}::HUGEINT) - {denominator})"
    whole = f"({floor} + CASE WHEN {rest} > 0 OR ({rest} = 0 AND {floor} % 2 <> 0) THEN 1 ELSE 0 END)"
    return f"CAST({whole} AS DECIMAL(38,0)) * CAST(0.000000001 AS DECIMAL(10,9))"


# ---------------------------------------------------------------- single values, at the KPI


def rounded(value: Fraction, decimals: int = VALUE_SCALE) -> Decimal:
    """`value` to `decimals`, half-even. For values that are kept."""
    scale = 10**decimals
    return Decimal(round(value * scale)).scaleb(-decimals, _CONTEXT)


def square_root(value: Fraction, decimals: int = VALUE_SCALE) -> Decimal:
    """The square root of `value` to `decimals`, half-even, by whole numbers: exact however many digits there are.

    Raises:
        ValueError: if `value` is below zero.
    """
    square = value * 100**decimals
    down = isqrt(square.numerator // square.denominator)
    middle = Fraction(2 * down + 1, 2) ** 2
    up = square > middle or (square == middle and down % 2 == 1)
    return Decimal(down + up).scaleb(-decimals, _CONTEXT)


def printed(value: Fraction, decimals: int) -> str:
    """`value` as a report prints it: ROUND_HALF_UP (ties away from zero), no thousands separator, no minus before zero."""
    scale = 10**decimals
    units, rest = divmod(abs(value) * scale, 1)
    whole = int(units) + (1 if rest >= Fraction(1, 2) else 0)
    text = f"{whole // scale}" + (f".{whole % scale:0{decimals}d}" if decimals else "")
    return f"-{text}" if value < 0 and whole else text


def plain(number: Decimal) -> str:
    """A decimal as text without exponent and without trailing zeros after the point."""
    text = f"{abs(number) if number == 0 else number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def decimals_of(fraction: Fraction) -> int | None:
    """How many decimals hold `fraction` exactly, or None when none do (a third, 20 °C to 0 °C)."""
    rest, twos, fives = fraction.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    return max(twos, fives) if rest == 1 else None


def as_decimal(fraction: Fraction, scale: int) -> Decimal:
    """`fraction` with `scale` decimals, half-even; exact whenever `decimals_of` says that many suffice."""
    return rounded(fraction, scale)
