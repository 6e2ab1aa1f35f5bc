"""The exact arithmetic: against Python fractions, on polars and on DuckDB, up to its limits and past them."""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal, DecimalTuple
from fractions import Fraction

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esg_kpis import exact
from esg_kpis.errors import OutOfRange

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


def duckdb_rows(duck: duckdb.DuckDBPyConnection, expression: str, columns: Mapping[str, tuple[int, Sequence[Decimal]]]) -> list[Decimal]:
    """`expression` for each row, in order; each column is its number of decimals and its values."""
    typed = [[f"CAST('{value:f}' AS DECIMAL(38,{scale}))" for value in values] for scale, values in columns.values()]
    rows = ", ".join(f"({number}, {', '.join(row)})" for number, row in enumerate(zip(*typed, strict=True)))
    query = f"SELECT {expression} FROM (VALUES {rows}) AS v(row_number, {', '.join(columns)}) ORDER BY row_number"
    return [row[0] for row in duck.execute(query).fetchall()]


def product_frame(groups: Sequence[int], values: Sequence[Decimal]) -> pl.DataFrame:
    return pl.DataFrame({"site": groups, "co2e": values}, schema={"site": pl.Int64, "co2e": exact.PRODUCT})


@pytest.fixture(scope="module")
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


# ---------------------------------------------------------------- product


def numbers(scale: int) -> st.SearchStrategy[Decimal]:
    """Decimals of either sign below 10^7, so that the product of two stays below 10^14."""
    largest = 10 ** (scale + 7) - 1
    return st.one_of(st.integers(-largest, largest), st.integers(-10, 10)).map(lambda whole: with_decimals(whole, scale))


@st.composite
def batches(draw: st.DrawFn) -> tuple[int, int, list[tuple[Decimal, Decimal]]]:
    """Decimals left, decimals right, and a batch of pairs with that many."""
    left, right = draw(st.integers(0, 24)), draw(st.integers(0, 24))
    return left, right, draw(st.lists(st.tuples(numbers(left), numbers(right)), min_size=1, max_size=40))


@BATCHES
@given(batches())
def test_product_equals_fractions(drawn: tuple[int, int, list[tuple[Decimal, Decimal]]]) -> None:
    """Exact while the decimals add up to 24, else rounded half-even at the 24th."""
    left_scale, right_scale, pairs = drawn
    lefts, rights = [left for left, _ in pairs], [right for _, right in pairs]
    true = [Fraction(left) * Fraction(right) for left, right in pairs]

    products = polars_product(lefts, rights, left_scale, right_scale)

    assert digits(products) == digits([half_even(value, 24) for value in true])
    if left_scale + right_scale <= exact.PRODUCT_SCALE:
        assert [Fraction(value) for value in products] == true


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("1.123456789", "-0.123456789012", "-0.138698367763672002468"),  # by hand: 1123456789 x 123456789012 = 138698367763672002468
        ("-2.5", "-4", "10"),
        ("0", "-4", "0"),
        ("1E-24", "0.5", "0"),  # ties go to the even 24th decimal
        ("3E-24", "0.5", "2E-24"),
        ("-1E-24", "0.5", "0"),
        ("-3E-24", "0.5", "-2E-24"),
        ("1E-24", "0.500000000000000000000001", "1E-24"),  # a hair over the tie
    ],
)
def test_product_by_hand(left: str, right: str, expected: str) -> None:
    assert polars_product([Decimal(left)], [Decimal(right)], 24, 24) == [Decimal(expected)]


def test_a_chain_of_quantity_factor_and_gwp_is_exact() -> None:
    frame = pl.DataFrame(
        {"quantity": [Decimal("-1234567.123456789")], "factor": [Decimal("0.000123456789")], "gwp": [Decimal("27.901")]},
        schema={"quantity": exact.QUANTITY, "factor": exact.FACTOR, "gwp": pl.Decimal(38, exact.GWP_SCALE)},
    )

    chained = frame.select(exact.product(exact.product(pl.col("quantity"), pl.col("factor")), pl.col("gwp"))).item()

    assert Fraction(chained) == Fraction("-1234567.123456789") * Fraction("0.000123456789") * Fraction("27.901")


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (f"{NEARLY_LIMIT}.{'9' * 24}", "1", f"{NEARLY_LIMIT}.{'9' * 24}"),
        ("9999999.999999999", "10000000", "99999999999999.99"),
        ("0.000000001", NEARLY_LIMIT, "99999.999999999"),
    ],
)
def test_product_just_below_its_limit_is_exact(left: str, right: str, expected: str, sign: str) -> None:
    assert polars_product([Decimal(sign + left)], [Decimal(right)], 24, 24) == [Decimal(sign + expected)]


BEYOND_THE_PRODUCT = [
    ("10000000", "10000000"),  # 10^14: 39 digits, though 127 bits would hold it
    ("-10000000", "10000000"),
    ("20000000", "10000000"),  # 2 x 10^14: past 127 bits
    ("-20000000", "10000000"),
    ("68056473384187", "5"),  # 2^128 at 24 decimals, nearly: a wrap would leave a small number
    (NEARLY_LIMIT, NEARLY_LIMIT),
    (f"-{NEARLY_LIMIT}", NEARLY_LIMIT),
]


@pytest.mark.parametrize(("left", "right"), BEYOND_THE_PRODUCT)
def test_product_at_its_limit_raises(left: str, right: str) -> None:
    with pytest.raises(POLARS_RAISES, match="overflow in decimal multiplication"):
        polars_product([Decimal(left)], [Decimal(right)])


def test_product_raises_for_a_number_at_the_limit_even_times_nothing() -> None:
    with pytest.raises(POLARS_RAISES, match="failed in column 'a'"):
        polars_product([Decimal(10**14)], [Decimal(0)])


def test_one_row_past_the_limit_raises_for_the_whole_column() -> None:
    with pytest.raises(POLARS_RAISES, match="overflow"):
        polars_product([Decimal(1), Decimal(20_000_000)], [Decimal(1), Decimal(10_000_000)])


# ---------------------------------------------------------------- scaled


@BATCHES
@given(multipliers, st.lists(st.one_of(magnitudes, st.integers(-(10**25), 10**25)), min_size=1, max_size=40))
def test_scaled_equals_fractions(by: Fraction, wholes: list[int]) -> None:
    """Rounded once, half-even, at the ninth decimal."""
    quantities = [with_decimals(whole, 9) for whole in wholes]

    results = polars_scaled(quantities, by)

    assert digits(results) == digits([half_even(Fraction(quantity) * by, 9) for quantity in quantities])


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


@pytest.mark.parametrize(("quantity", "by", "expected"), SCALED_BY_HAND)
def test_scaled_by_hand(quantity: str, by: Fraction, expected: str) -> None:
    assert polars_scaled([Decimal(quantity)], by) == [Decimal(expected)]


BEYOND_SCALED = [
    ("10000000000000000000", KBTU_IN_KWH),  # 10^19 x 52752792631 has 30 digits before the point
    ("-10000000000000000000", KBTU_IN_KWH),
    (f"{'9' * 29}", Fraction(1000)),
    (f"{'9' * 29}", Fraction(10**9)),
]


@pytest.mark.parametrize(("quantity", "by"), BEYOND_SCALED)
def test_scaled_past_its_limit_raises(quantity: str, by: Fraction) -> None:
    with pytest.raises(POLARS_RAISES, match="overflow in decimal multiplication"):
        polars_scaled([Decimal(quantity)], by)


# ---------------------------------------------------------------- sums

rows = st.lists(st.tuples(st.integers(0, 5), st.integers(-(10**36), 10**36)), min_size=1, max_size=40)
"""(group, value at 24 decimals): forty of them stay below 10^14."""


@BATCHES
@given(rows)
def test_sums_equal_fractions(drawn: list[tuple[int, int]]) -> None:
    groups, values = [group for group, _ in drawn], [with_decimals(whole, 24) for _, whole in drawn]
    true = {group: sum((whole for other, whole in drawn if other == group), 0) for group in groups}

    summed = exact.sums(product_frame(groups, values), ["site"], "co2e")

    assert summed.schema == {"site": pl.Int64, "co2e": exact.PRODUCT}
    assert summed["site"].to_list() == sorted(true)
    assert digits(summed["co2e"].to_list()) == digits([with_decimals(true[group], 24) for group in sorted(true)])


@BATCHES
@given(rows, st.integers())
def test_the_order_of_rows_changes_no_sum(drawn: list[tuple[int, int]], seed: int) -> None:
    frame = product_frame([group for group, _ in drawn], [with_decimals(whole, 24) for _, whole in drawn])
    order = random.Random(seed).sample(range(len(drawn)), len(drawn))

    shuffled = exact.sums(frame[order], ["site"], "co2e")

    assert shuffled.equals(exact.sums(frame, ["site"], "co2e"))


@BATCHES
@given(st.lists(st.integers(-(10**36), 10**36), min_size=1, max_size=40), st.integers(1, 40))
def test_the_number_of_groups_changes_no_total(wholes: list[int], groups: int) -> None:
    frame = product_frame([number % groups for number in range(len(wholes))], [with_decimals(whole, 24) for whole in wholes])

    total = exact.sums(frame, [], "co2e").item()
    of_groups = exact.sums(exact.sums(frame, ["site"], "co2e"), [], "co2e").item()

    assert total == of_groups == with_decimals(sum(wholes), 24)


def test_sums_by_several_columns_are_sorted_by_them() -> None:
    frame = product_frame([2, 1, 2, 1], [Decimal(1), Decimal(2), Decimal(4), Decimal(8)]).with_columns(month=pl.Series([2, 2, 1, 2]))

    summed = exact.sums(frame, ["site", "month"], "co2e")

    assert summed.rows() == [(1, 2, Decimal(10)), (2, 1, Decimal(4)), (2, 2, Decimal(1))]


def test_the_sum_of_no_rows_is_zero_in_total_and_nothing_by_group() -> None:
    nothing = product_frame([], [])

    assert exact.sums(nothing, [], "co2e").rows() == [(Decimal(0),)]
    assert exact.sums(nothing, ["site"], "co2e").height == 0


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("by", [["site"], []])
def test_sums_just_below_the_limit_are_exact(by: list[str], sign: int) -> None:
    """The guard counts a row as up to one too much, so the last sums it lets pass lie the number of rows below 10^14."""
    values = [sign * Decimal(50_000_000_000_000), sign * Decimal(49_999_999_999_997)]

    assert exact.sums(product_frame([1, 1], values), by, "co2e")["co2e"].to_list() == [sign * Decimal(99_999_999_999_997)]


@pytest.mark.parametrize(
    "values",
    [
        [50_000_000_000_000] * 2,  # 10^14: polars returns 39 digits
        [-50_000_000_000_000] * 2,
        [90_000_000_000_000] * 2,  # past 127 bits: polars wraps to a negative number
        [-90_000_000_000_000] * 2,
        [99_999_999_999_999] * 4,  # wraps all the way round to a positive number that looks right
        [60_000_000_000_000, -60_000_000_000_000],  # sizes count: what cancels may wrap on the way
        [99_999_999_999_999] * 1000,
    ],
)
def test_sums_raise_instead_of_wrapping(values: list[int]) -> None:
    good, bad = [Decimal(1)] * 3, [Decimal(value) for value in values]
    frame = product_frame([1] * len(good) + [2] * len(bad), good + bad)

    with pytest.raises(OutOfRange, match=r"sum of 'co2e' reaches 10\^14.*wrong unit"):
        exact.sums(frame, ["site"], "co2e")


def test_a_total_without_groups_raises_out_of_range_when_sizes_reach_the_limit() -> None:
    frame = product_frame([1, 2], [Decimal(60_000_000_000_000), Decimal(-60_000_000_000_000)])

    with pytest.raises(OutOfRange, match="sum of 'co2e'"):
        exact.sums(frame, [], "co2e")


@pytest.mark.xfail(raises=pl.exceptions.ComputeError, strict=True, reason="polars' ungrouped sum raises before the guard of `sums` is asked")
@pytest.mark.parametrize("value", [50_000_000_000_000, 90_000_000_000_000])
def test_a_total_without_groups_raises_out_of_range_when_it_overflows(value: int) -> None:
    frame = product_frame([1, 2], [Decimal(value)] * 2)

    with pytest.raises(OutOfRange):
        exact.sums(frame, [], "co2e")


# ---------------------------------------------------------------- the same on DuckDB


@BATCHES
@given(wholes=st.lists(st.tuples(magnitudes, st.integers(-(10**18), 10**18)), min_size=1, max_size=40))
def test_sql_product_gives_the_digits_of_polars(duck: duckdb.DuckDBPyConnection, wholes: list[tuple[int, int]]) -> None:
    quantities = [with_decimals(left, 9) for left, _ in wholes]
    factors = [with_decimals(right, 12) for _, right in wholes]

    on_duckdb = duckdb_rows(duck, exact.sql_product("q", "f"), {"q": (9, quantities), "f": (12, factors)})

    assert digits(on_duckdb) == digits(polars_product(quantities, factors))


@BATCHES
@given(
    wholes=st.lists(st.tuples(st.integers(-(10**15), 10**15), st.integers(-(10**15), 10**15), st.integers(0, 30_000_000)), min_size=1, max_size=40)
)
def test_a_chain_of_sql_products_gives_the_digits_of_polars(duck: duckdb.DuckDBPyConnection, wholes: list[tuple[int, int, int]]) -> None:
    """Quantity, factor, GWP: 9 + 12 + 3 decimals are the 24 of a product, here up to 3 x 10^13."""
    columns = {"q": (9, [with_decimals(q, 9) for q, _, _ in wholes]), "f": (12, [with_decimals(f, 12) for _, f, _ in wholes])}
    columns["gwp"] = (3, [with_decimals(gwp, 3) for _, _, gwp in wholes])
    frame = pl.DataFrame({name: values for name, (_, values) in columns.items()}, schema={n: pl.Decimal(38, s) for n, (s, _) in columns.items()})

    on_duckdb = duckdb_rows(duck, exact.sql_product(exact.sql_product("q", "f"), "gwp", left_scale=21, right_scale=3), columns)

    on_polars = frame.select(exact.product(exact.product(pl.col("q"), pl.col("f")), pl.col("gwp"))).to_series().to_list()
    assert digits(on_duckdb) == digits(on_polars)


@BATCHES
@given(by=multipliers, wholes=st.lists(st.one_of(magnitudes, st.integers(-(10**25), 10**25)), min_size=1, max_size=40))
def test_sql_scaled_gives_the_digits_of_polars(duck: duckdb.DuckDBPyConnection, by: Fraction, wholes: list[int]) -> None:
    quantities = [with_decimals(whole, 9) for whole in wholes]

    on_duckdb = duckdb_rows(duck, exact.sql_scaled("q", by.numerator, by.denominator), {"q": (9, quantities)})

    assert digits(on_duckdb) == digits(polars_scaled(quantities, by))


@pytest.mark.parametrize(("quantity", "by", "expected"), SCALED_BY_HAND)
def test_sql_scaled_by_hand(duck: duckdb.DuckDBPyConnection, quantity: str, by: Fraction, expected: str) -> None:
    results = duckdb_rows(duck, exact.sql_scaled("q", by.numerator, by.denominator), {"q": (9, [Decimal(quantity)])})

    assert results == [Decimal(expected)]


@pytest.mark.parametrize("sign", ["", "-"])
def test_sql_product_just_below_its_limit_is_exact(duck: duckdb.DuckDBPyConnection, sign: str) -> None:
    quantity = Decimal(f"{sign}{NEARLY_LIMIT}.999999999")

    assert duckdb_rows(duck, exact.sql_product("q", "f"), {"q": (9, [quantity]), "f": (12, [Decimal(1)])}) == [quantity]


@pytest.mark.parametrize(("left", "right"), [*BEYOND_THE_PRODUCT, ("99999999999999999", "1"), ("1" + "0" * 28, "1" + "0" * 25)])
def test_sql_product_at_its_limit_raises(duck: duckdb.DuckDBPyConnection, left: str, right: str) -> None:
    columns = {"q": (9, [Decimal(left)]), "f": (12, [Decimal(right)])}

    with pytest.raises((duckdb.ConversionException, duckdb.OutOfRangeException), match=r"out of range|Overflow"):
        duckdb_rows(duck, exact.sql_product("q", "f"), columns)


@pytest.mark.parametrize(("quantity", "by"), [*BEYOND_SCALED, ("1" + "0" * 20, Fraction(1)), (f"-{'9' * 29}", Fraction(1))])
def test_sql_scaled_past_its_limit_raises(duck: duckdb.DuckDBPyConnection, quantity: str, by: Fraction) -> None:
    """Its whole-number arithmetic ends at 10^20, earlier than that of polars."""
    with pytest.raises(duckdb.OutOfRangeException, match="Overflow in multiplication"):
        duckdb_rows(duck, exact.sql_scaled("q", by.numerator, by.denominator), {"q": (9, [Decimal(quantity)])})


@pytest.mark.parametrize(("left_scale", "right_scale"), [(24, 1), (12, 13), (21, 9)])
def test_sql_product_refuses_more_decimals_than_it_keeps(left_scale: int, right_scale: int) -> None:
    with pytest.raises(OutOfRange, match=f"{left_scale} and {right_scale} decimals do not fit into 24"):
        exact.sql_product("q", "f", left_scale=left_scale, right_scale=right_scale)


# ---------------------------------------------------------------- single values

fractions = st.builds(Fraction, st.integers(-(10**24), 10**24), st.one_of(st.integers(1, 10**12), st.sampled_from([2, 20, 2000, 2 * 10**18])))
"""The listed denominators make ties."""


@settings(max_examples=300, deadline=None)
@given(fractions, st.integers(0, 18))
def test_rounded_is_half_even_and_keeps_its_decimals(value: Fraction, decimals: int) -> None:
    result = exact.rounded(value, decimals)

    miss = abs(Fraction(result) - value) * 10**decimals
    assert result.as_tuple().exponent == -decimals
    assert miss < HALF or (miss == HALF and int(Fraction(result) * 10**decimals) % 2 == 0)


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        ("5/2", 0, "2"),
        ("7/2", 0, "4"),
        ("-5/2", 0, "-2"),
        ("-7/2", 0, "-4"),
        ("0.125", 2, "0.12"),
        ("0.135", 2, "0.14"),
        ("-0.125", 2, "-0.12"),
        ("0.12500001", 2, "0.13"),
        ("1", 3, "1.000"),
        ("-1/1000", 2, "0.00"),  # and not -0.00
    ],
)
def test_rounded_by_hand(value: str, decimals: int, expected: str) -> None:
    assert str(exact.rounded(Fraction(value), decimals)) == expected


def test_rounded_keeps_eighteen_decimals_unless_told() -> None:
    assert str(exact.rounded(Fraction(-2, 3))) == "-0.666666666666666667"


@settings(max_examples=300, deadline=None)
@given(st.integers(-(10**30), 10**30), st.integers(0, 15), st.integers(0, 15))
def test_printed_is_the_half_up_of_python_decimals(whole: int, scale: int, decimals: int) -> None:
    value = with_decimals(whole, scale)

    text = exact.printed(Fraction(value), decimals)

    assert Decimal(text) == value.quantize(with_decimals(1, decimals), ROUND_HALF_UP, WIDE)


@settings(max_examples=300, deadline=None)
@given(fractions, st.integers(0, 12))
def test_printed_has_its_form_whatever_the_value(value: Fraction, decimals: int) -> None:
    """All decimals, no exponent, no separator, no minus before zero, and less than one last digit from the value."""
    text = exact.printed(value, decimals)

    assert re.fullmatch(r"-?(0|[1-9]\d*)" + (rf"\.\d{{{decimals}}}" if decimals else ""), text)
    assert not (text.startswith("-") and Decimal(text) == 0)
    assert abs(Fraction(text) - value) * 10**decimals <= HALF


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        ("0.125", 2, "0.13"),
        ("-0.125", 2, "-0.13"),  # ties go away from zero, on both sides
        ("0.5", 0, "1"),
        ("-0.5", 0, "-1"),
        ("2.5", 0, "3"),
        ("0.1249999999999999999999", 2, "0.12"),
        ("1/3", 4, "0.3333"),
        ("-2/3", 4, "-0.6667"),
        ("99.995", 2, "100.00"),
        ("-0.004", 2, "0.00"),
        ("-0.4", 0, "0"),
        ("0", 2, "0.00"),
        ("1234567.8", 1, "1234567.8"),
        ("1.05", 4, "1.0500"),
        ("100", 0, "100"),
    ],
)
def test_printed_by_hand(value: str, decimals: int, expected: str) -> None:
    assert exact.printed(Fraction(value), decimals) == expected


@settings(max_examples=300, deadline=None)
@given(st.integers(-(10**30), 10**30), st.integers(-20, 24))
def test_plain_keeps_the_number_without_exponent_or_trailing_zeros(whole: int, scale: int) -> None:
    number = Decimal((int(whole < 0), tuple(int(digit) for digit in str(abs(whole))), -scale))

    text = exact.plain(number)

    assert Decimal(text) == number
    assert re.fullmatch(r"-?\d+(\.\d*[1-9])?", text)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("1.500", "1.5"),
        ("100", "100"),
        ("100.00", "100"),
        ("1E+3", "1000"),
        ("0E-9", "0"),
        ("-0.0000010", "-0.000001"),
        ("1E-12", "0.000000000001"),
    ],
)
def test_plain_by_hand(number: str, expected: str) -> None:
    assert exact.plain(Decimal(number)) == expected


@settings(max_examples=300, deadline=None)
@given(st.integers(-(10**12), 10**12), st.one_of(st.integers(1, 10**6), st.builds(lambda a, b: 2**a * 5**b, st.integers(0, 20), st.integers(0, 20))))
def test_decimals_of_is_the_least_that_holds_the_fraction(numerator: int, denominator: int) -> None:
    value = Fraction(numerator, denominator)

    decimals = exact.decimals_of(value)

    if decimals is None:
        assert 10**40 % value.denominator != 0  # 20 twos and 20 fives are all that these denominators can have
    else:
        assert (value * 10**decimals).denominator == 1
        assert decimals == 0 or (value * 10 ** (decimals - 1)).denominator != 1
        assert Fraction(exact.as_decimal(value, decimals)) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Fraction("3.6"), 1),
        (Fraction("0.45359237"), 8),
        (Fraction(1, 8), 3),
        (Fraction(1, 3125), 5),
        (Fraction(1000), 0),
        (Fraction(0), 0),
        (Fraction(-1, 4), 2),
        (Fraction(1, 3), None),
        (TWENTY_TO_ZERO_DEGREES, None),
        (KBTU_IN_KWH, None),
    ],
)
def test_decimals_of_by_hand(value: Fraction, expected: int | None) -> None:
    assert exact.decimals_of(value) == expected


@pytest.mark.parametrize(
    ("value", "scale", "expected"), [("3.6", 12, "3.600000000000"), ("1/3", 3, "0.333"), ("1/8", 2, "0.12"), ("-3/8", 2, "-0.38")]
)
def test_as_decimal_by_hand(value: str, scale: int, expected: str) -> None:
    assert str(exact.as_decimal(Fraction(value), scale)) == expected
