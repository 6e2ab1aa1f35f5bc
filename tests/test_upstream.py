"""What we rely on, or guard against, in the libraries below us. A failure here says that an upgrade has changed a fact, not that we have a bug."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from io import BytesIO

import duckdb
import openpyxl
import pandera.errors
import pandera.polars as pa
import pint
import polars as pl
import pytest
import xlsxwriter

LARGE = 99_999_999_999_999
"""Below 10^14: 24 decimals leave it 14 digits."""


def decimals(*texts: str, scale: int) -> pl.Series:
    return pl.Series("x", [Decimal(text) for text in texts], dtype=pl.Decimal(38, scale))


def duckdb_value(expression: str) -> object:
    with duckdb.connect() as connection:
        row = connection.execute(f"SELECT {expression}").fetchone()
    assert row is not None
    return row[0]


# ---------------------------------------------------------------- polars: guarded by `exact.sums`, `exact.product` and `ingest`


@pytest.mark.parametrize("copies", [3, 4])
def test_polars_grouped_decimal_sum_wraps_in_silence(copies: int) -> None:
    """Three wrap to a negative number, four to a positive one that looks right."""
    frame = pl.DataFrame({"site": [1] * copies, "x": decimals(*[str(LARGE)] * copies, scale=24)})

    summed = frame.group_by("site").agg(pl.col("x").sum())["x"].item()

    half, whole = 2**127, 2**128
    wrapped = (copies * LARGE * 10**24 + half) % whole - half
    assert Fraction(summed) * 10**24 == wrapped
    assert wrapped != copies * LARGE * 10**24


def test_polars_grouped_decimal_sum_passes_38_digits_in_silence() -> None:
    frame = pl.DataFrame({"site": [1, 1], "x": decimals("50000000000000", "50000000000000", scale=24)})

    assert frame.group_by("site").agg(pl.col("x").sum())["x"].item() == Decimal(10**14)


def test_polars_ungrouped_decimal_sum_raises() -> None:
    with pytest.raises(pl.exceptions.ComputeError, match="overflow in decimal addition in sum"):
        decimals(str(LARGE), str(LARGE), scale=24).to_frame().select(pl.col("x").sum())


@pytest.mark.parametrize(
    ("text", "scale", "read"),
    [
        ("0.125", 2, "0.12"),
        ("0.135", 2, "0.14"),
        ("-0.125", 2, "-0.12"),
        ("1.00000000051", 9, "1.000000001"),
        ("1e3", 2, "1000.00"),
    ],
)
def test_polars_casts_text_to_decimal_by_rounding_in_silence(text: str, scale: int, read: str) -> None:
    """Half-even, and exponents are read: who wants to know of lost decimals has to look at the text."""
    assert pl.Series([text]).cast(pl.Decimal(38, scale), strict=True).item() == Decimal(read)


@pytest.mark.parametrize(("number", "kept"), [("0.5", "0"), ("1.5", "2"), ("2.5", "2"), ("-0.5", "0"), ("-1.5", "-2")])
def test_polars_casts_decimal_to_fewer_decimals_half_even(number: str, kept: str) -> None:
    assert decimals(number, scale=1).cast(pl.Decimal(38, 0)).item() == Decimal(kept)


@pytest.mark.parametrize(
    ("left", "left_scale", "right", "right_scale", "expected", "expected_scale"),
    [
        ("0.5", 1, "0.5", 1, "0.2", 1),  # 0.25: a tie, to even
        ("0.5", 1, "0.7", 1, "0.4", 1),  # 0.35: a tie, to even
        ("-0.5", 1, "0.5", 1, "-0.2", 1),
        ("1.5", 1, "0.01", 2, "0.02", 2),  # 0.015: the larger scale is kept
        ("0.01", 2, "1.5", 1, "0.02", 2),
        ("0.000000001", 9, "0.001", 12, "0.000000000001", 12),
    ],
)
def test_polars_decimal_product_keeps_the_larger_scale_half_even(
    left: str, left_scale: int, right: str, right_scale: int, expected: str, expected_scale: int
) -> None:
    result = decimals(left, scale=left_scale) * decimals(right, scale=right_scale)

    assert result.dtype == pl.Decimal(38, expected_scale)
    assert result.item() == Decimal(expected)


def test_polars_decimal_product_raises_on_overflow() -> None:
    with pytest.raises(pl.exceptions.ComputeError, match="overflow in decimal multiplication"):
        decimals("10000000000", scale=18) * decimals("10000000000", scale=18)


def test_polars_decimal_product_holds_more_than_128_bits_on_the_way() -> None:
    """10^13 times 1 at 24 decimals is 10^61 before it is scaled back."""
    result = decimals("10000000000000", scale=24) * decimals("1", scale=24)

    assert result.item() == Decimal(10**13)


def test_polars_mean_of_decimals_is_a_float() -> None:
    frame = decimals("0.1", "0.2", scale=1).to_frame()

    assert frame.select(pl.col("x").mean()).schema == {"x": pl.Float64}
    assert isinstance(frame["x"].mean(), float)


# ---------------------------------------------------------------- openpyxl: relied on by `files.workbooks`


def cell_read(value: object, shown_as: str = "General", result: object = 0) -> object:
    """What openpyxl makes of one cell in B3, a formula with the result it had, or a value in a number format. Empty rows above are counted."""
    content = BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        page, look = book.add_worksheet(), book.add_format({"num_format": shown_as})
        if isinstance(value, str) and value.startswith("="):
            page.write_formula(2, 1, value, look, result)
        elif isinstance(value, str):
            page.write_string(2, 1, value, look)
        else:
            page.write(2, 1, value, look)
    content.seek(0)
    rows = list(openpyxl.load_workbook(content, read_only=True, data_only=True).worksheets[0].iter_rows(values_only=True))
    assert len(rows) == 3
    return rows[2][-1]


@pytest.mark.parametrize("text", ["007", "1.10", "12345678901234567890", "2023-01-31", "TRUE", " x "])
def test_openpyxl_leaves_words_alone(text: str) -> None:
    assert cell_read(text) == text


@pytest.mark.parametrize(("number", "shown_as"), [(7, "General"), (7, "0.00"), (0.5, "0%"), (1.5e-7, "0"), (1e-10, "General"), (-2.5, "#,##0 €")])
def test_openpyxl_reads_every_number_whatever_it_looks_like(number: float, shown_as: str) -> None:
    """A percentage is its share."""
    assert cell_read(number, shown_as) == number


@pytest.mark.parametrize("shown_as", ["yyyy-mm-dd", "mmm-yy"])
def test_openpyxl_types_a_number_by_its_format(shown_as: str) -> None:
    """So a quantity that is shown as a date becomes one, and is rejected as no number."""
    assert cell_read(44957, shown_as) == datetime(2023, 1, 31)  # noqa: DTZ001


def test_openpyxl_reads_truth_as_bool() -> None:
    assert cell_read(value=True) is True


@pytest.mark.parametrize(("result", "read"), [(2, 2.0), ("n/a", "n/a"), (0, 0.0)])
def test_openpyxl_reads_the_result_a_formula_had(result: object, read: object) -> None:
    assert cell_read("=1+1", result=result) == read


@pytest.mark.parametrize("error", ["#DIV/0!", "#N/A", "#VALUE!", "#REF!"])
def test_openpyxl_reads_an_error_as_its_words(error: str) -> None:
    """It is no blank."""
    assert cell_read("=1/0", result=error) == error


# ---------------------------------------------------------------- pandera: schemas are put to DataFrames only


def test_pandera_skips_value_checks_on_a_lazy_frame() -> None:
    schema = pa.DataFrameSchema({"x": pa.Column(pl.Int64, pa.Check.ge(0))})
    wrong = pl.DataFrame({"x": [-1]})

    assert schema.validate(wrong.lazy()).collect().equals(wrong)
    with pytest.raises(pandera.errors.SchemaError, match="greater_than_or_equal_to"):
        schema.validate(wrong)


# ---------------------------------------------------------------- pint: why `units.txt` starts from nothing


@pytest.fixture(scope="module")
def pints_own() -> pint.UnitRegistry[Fraction]:
    return pint.UnitRegistry(non_int_type=Fraction)


def test_pints_ton_is_american(pints_own: pint.UnitRegistry[Fraction]) -> None:
    assert pints_own.Quantity(Fraction(1), "ton").to("kg").magnitude == Fraction("907.18474")


def test_pints_kt_is_a_knot(pints_own: pint.UnitRegistry[Fraction]) -> None:
    assert pints_own.Quantity(Fraction(1), "kt").to("km/hour").magnitude == Fraction("1.852")


def test_pints_capital_t_is_the_tesla(pints_own: pint.UnitRegistry[Fraction]) -> None:
    assert pints_own.Quantity(Fraction(1), "T").units == pints_own.tesla


def test_pint_reads_a_milliwatt_hour(pints_own: pint.UnitRegistry[Fraction]) -> None:
    """Off by 10^9 from the MWh that was meant."""
    assert pints_own.Quantity(Fraction(1), "mWh").to("MWh").magnitude == Fraction(1, 10**9)


def test_an_empty_pint_registry_reads_decimals_as_fractions() -> None:
    ureg: pint.UnitRegistry[Fraction] = pint.UnitRegistry(None, non_int_type=Fraction, cache_folder=None)
    ureg.define("a = [length]")
    ureg.define("b = 273.15 / 293.15 * a")

    result = ureg.Quantity(Fraction(1), "b").to("a").magnitude

    assert isinstance(result, Fraction)
    assert result == Fraction(5463, 5863)
    with pytest.raises(pint.UndefinedUnitError):
        ureg.Unit("kilogram")


# ---------------------------------------------------------------- DuckDB: minded by `exact.sql_product` and `exact.sql_scaled`


@pytest.mark.parametrize(("number", "kept"), [("0.5", "1"), ("1.5", "2"), ("2.5", "3"), ("-0.5", "-1"), ("-2.5", "-3")])
def test_duckdb_casts_decimals_half_up(number: str, kept: str) -> None:
    assert duckdb_value(f"CAST(CAST('{number}' AS DECIMAL(38,1)) AS DECIMAL(38,0))") == Decimal(kept)


@pytest.mark.parametrize(("left", "right", "result"), [(9, 12, 21), (21, 3, 24), (0, 9, 9)])
def test_duckdb_product_adds_the_decimals(left: int, right: int, result: int) -> None:
    assert duckdb_value(f"typeof(CAST(1 AS DECIMAL(38,{left})) * CAST(1 AS DECIMAL(38,{right})))") == f"DECIMAL(38,{result})"


def test_duckdb_product_raises_on_overflow() -> None:
    with pytest.raises(duckdb.OutOfRangeException, match="Overflow in multiplication of DECIMAL"):
        duckdb_value("CAST(100000000000000000 AS DECIMAL(38,9)) * CAST(1 AS DECIMAL(38,12))")


def test_duckdb_quotient_of_decimals_is_a_double() -> None:
    assert duckdb_value("typeof(CAST(1 AS DECIMAL(38,9)) / CAST(3 AS DECIMAL(38,12)))") == "DOUBLE"


@pytest.mark.parametrize(("dividend", "quotient", "rest"), [(7, 3, 1), (-7, -3, -1)])
def test_duckdb_divides_whole_numbers_towards_zero(dividend: int, quotient: int, rest: int) -> None:
    assert duckdb_value(f"[({dividend})::HUGEINT // 2, ({dividend})::HUGEINT % 2]") == [quotient, rest]


def test_duckdb_sum_of_decimals_raises_where_that_of_polars_wraps() -> None:
    with pytest.raises(duckdb.OutOfRangeException, match="Overflow"):
        duckdb_value(f"sum(x) FROM (VALUES (CAST({LARGE} AS DECIMAL(38,24))), (CAST({LARGE} AS DECIMAL(38,24)))) AS v(x)")
