"""What the tests of the exact arithmetic share: numbers of every size, cases by hand, and the arithmetic on polars."""

from collections.abc import Sequence
from decimal import Context, Decimal, DecimalTuple
from fractions import Fraction

import polars as pl
from hypothesis import settings
from hypothesis import strategies as st

from esg_kpis import exact

BATCHES = settings(max_examples=60, deadline=None)
"""Each example is a whole batch of values, so few examples still try thousands of them."""

WIDE = Context(prec=100)
POLARS_RAISES = (pl.exceptions.ComputeError, pl.exceptions.InvalidOperationError)
NEARLY_LIMIT = "9" * 14
"""The last whole number below 10^14."""

TWENTY_TO_ZERO_DEGREES = Fraction("273.15") / Fraction("293.15")
KBTU_IN_KWH = Fraction("1055.05585262") / 3600
HALF = Fraction(1, 2)

magnitudes = st.one_of(*(st.integers(-(10**digits), 10**digits) for digits in (1, 6, 16)))
"""Whole numbers of the last decimal, small and large: below 10^7 at nine decimals."""

multipliers = st.one_of(
    st.sampled_from([TWENTY_TO_ZERO_DEGREES, KBTU_IN_KWH, HALF, Fraction(3, 8), Fraction(1, 180 * 10**18)]),
    st.builds(Fraction, st.integers(1, 10**12), st.integers(1, 10**12)),
)


def with_decimals(whole: int, scale: int) -> Decimal:
    """`whole` counts the last of `scale` decimals. Through text, because Python's decimal arithmetic keeps 28 digits only."""
    return Decimal(f"{whole}E-{scale}")


def half_even(value: Fraction, scale: int) -> Decimal:
    return with_decimals(round(value * 10**scale), scale)


def digits(values: Sequence[Decimal]) -> list[DecimalTuple]:
    """Sign, digits and exponent: equal only when both number and decimals are (1.0 is not 1.00)."""
    return [value.as_tuple() for value in values]


def polars_product(lefts: Sequence[Decimal], rights: Sequence[Decimal], left_scale: int = 9, right_scale: int = 12) -> list[Decimal]:
    frame = pl.DataFrame({"a": lefts, "b": rights}, schema={"a": pl.Decimal(38, left_scale), "b": pl.Decimal(38, right_scale)})
    return frame.select(exact.product(pl.col("a"), pl.col("b"))).to_series().to_list()


def polars_scaled(quantities: Sequence[Decimal], by: Fraction) -> list[Decimal]:
    frame = pl.DataFrame({"q": quantities}, schema={"q": exact.QUANTITY})
    return frame.select(exact.scaled(pl.col("q"), pl.lit(by.numerator), pl.lit(by.denominator))).to_series().to_list()


def product_frame(groups: Sequence[int], values: Sequence[Decimal]) -> pl.DataFrame:
    return pl.DataFrame({"site": groups, "co2e": values}, schema={"site": pl.Int64, "co2e": exact.PRODUCT})


def numbers(scale: int) -> st.SearchStrategy[Decimal]:
    """Decimals of either sign below 10^7, so that the product of two stays below 10^14."""
    largest = 10 ** (scale + 7) - 1
    return st.one_of(st.integers(-largest, largest), st.integers(-10, 10)).map(lambda whole: with_decimals(whole, scale))


@st.composite
def batches(draw: st.DrawFn) -> tuple[int, int, list[tuple[Decimal, Decimal]]]:
    """Decimals left, decimals right, and a batch of pairs with that many."""
    left, right = draw(st.integers(0, 24)), draw(st.integers(0, 24))
    return left, right, draw(st.lists(st.tuples(numbers(left), numbers(right)), min_size=1, max_size=40))


# ---------------------------------------------------------------- cases by hand, for both engines

BEYOND_THE_PRODUCT = [
    ("10000000", "10000000"),  # 10^14: 39 digits, though 127 bits would hold it
    ("-10000000", "10000000"),
    ("20000000", "10000000"),  # 2 x 10^14: past 127 bits
    ("-20000000", "10000000"),
    ("68056473384187", "5"),  # 2^128 at 24 decimals, nearly: a wrap would leave a small number
    (NEARLY_LIMIT, NEARLY_LIMIT),
    (f"-{NEARLY_LIMIT}", NEARLY_LIMIT),
]

SCALED_BY_HAND = [
    ("1000", TWENTY_TO_ZERO_DEGREES, "931.775541532"),  # 1000 x 273.15 / 293.15 = 931.7755415316...
    ("-1000", TWENTY_TO_ZERO_DEGREES, "-931.775541532"),
    ("1000", KBTU_IN_KWH, "293.071070172"),  # 1000 x 1055.05585262 kJ / 3600 = 293.0710701722...
    ("-1000", KBTU_IN_KWH, "-293.071070172"),
    ("0.000000001", HALF, "0"),  # ties go to the even ninth decimal
    ("0.000000003", HALF, "0.000000002"),
    ("-0.000000001", HALF, "0"),
    ("-0.000000003", HALF, "-0.000000002"),
    ("-0.000000002", HALF, "-0.000000001"),
    ("-0.000000001", Fraction(2, 3), "-0.000000001"),
    ("9999999999999999999.999999999", Fraction(1), "9999999999999999999.999999999"),
]

BEYOND_SCALED = [
    ("10000000000000000000", KBTU_IN_KWH),  # 10^19 x 52752792631 has 30 digits before the point
    ("-10000000000000000000", KBTU_IN_KWH),
    (f"{'9' * 29}", Fraction(1000)),
    (f"{'9' * 29}", Fraction(10**9)),
]
