"""The exact arithmetic as DuckDB SQL: digit for digit that of polars, up to its limits and past them."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from esg_kpis import exact
from esg_kpis.errors import OutOfRange
from tests.exact_scenario import (
    BATCHES,
    BEYOND_SCALED,
    BEYOND_THE_PRODUCT,
    NEARLY_LIMIT,
    SCALED_BY_HAND,
    digits,
    magnitudes,
    multipliers,
    polars_product,
    polars_scaled,
    with_decimals,
)


@pytest.fixture(scope="module")
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def duckdb_rows(duck: duckdb.DuckDBPyConnection, expression: str, columns: Mapping[str, tuple[int, Sequence[Decimal]]]) -> list[Decimal]:
    """`expression` for each row, in order; each column is its number of decimals and its values."""
    typed = [[f"CAST('{value:f}' AS DECIMAL(38,{scale}))" for value in values] for scale, values in columns.values()]
    rows = ", ".join(f"({number}, {', '.join(row)})" for number, row in enumerate(zip(*typed, strict=True)))
    query = f"SELECT {expression} FROM (VALUES {rows}) AS v(row_number, {', '.join(columns)}) ORDER BY row_number"  # noqa: S608  (made of numbers of this test)
    return [row[0] for row in duck.execute(query).fetchall()]


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
