"""The exact arithmetic: against Python fractions, on polars, up to its limits and past them. The same on DuckDB: test_exact_duckdb.py."""

import random
import re
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esg_kpis import exact
from esg_kpis.errors import OutOfRange
from tests.exact_scenario import (
    BATCHES,
    BEYOND_SCALED,
    BEYOND_THE_PRODUCT,
    HALF,
    KBTU_IN_KWH,
    NEARLY_LIMIT,
    POLARS_RAISES,
    SCALED_BY_HAND,
    TWENTY_TO_ZERO_DEGREES,
    WIDE,
    batches,
    digits,
    half_even,
    magnitudes,
    multipliers,
    polars_product,
    polars_scaled,
    product_frame,
    with_decimals,
)

# ---------------------------------------------------------------- product


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


@pytest.mark.parametrize(("quantity", "by", "expected"), SCALED_BY_HAND)
def test_scaled_by_hand(quantity: str, by: Fraction, expected: str) -> None:
    assert polars_scaled([Decimal(quantity)], by) == [Decimal(expected)]


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


@pytest.mark.parametrize("by", [[], ["site"]])
def test_no_rows_have_no_sum(by: list[str]) -> None:
    """No row, and not a zero: nothing was used is another fact than nothing is known."""
    summed = exact.sums(product_frame([], []), by, "co2e")

    assert summed.height == 0
    assert summed.columns == [*by, "co2e"]


@pytest.mark.parametrize("by", [[], ["site"]])
def test_nulls_do_not_count_and_only_nulls_give_null(by: list[str]) -> None:
    known, unknown = (product_frame([1, 1], [Decimal(2), Decimal(3)]).with_columns(co2e=pl.Series([first, None], dtype=exact.PRODUCT)) for first in (Decimal(2), None))

    assert exact.sums(known, by, "co2e")["co2e"].to_list() == [Decimal(2)]
    assert exact.sums(unknown, by, "co2e")["co2e"].to_list() == [None]


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


@pytest.mark.parametrize("value", [50_000_000_000_000, 90_000_000_000_000])
def test_a_total_without_groups_raises_out_of_range_when_it_overflows(value: int) -> None:
    frame = product_frame([1, 2], [Decimal(value)] * 2)

    with pytest.raises(OutOfRange):
        exact.sums(frame, [], "co2e")


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
