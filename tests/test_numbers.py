"""The grammar of numbers and dates: what is read, what is refused, and that nothing is guessed."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esg_kpis.ingest.numbers import read_dates, read_months, read_numbers
from tests.ingest_scenario import bill, observed, read_bills, read_wide, rules, toml

MARKS = [(".", ","), (".", ""), (".", " "), (".", "'"), (",", "."), (",", ""), (",", " ")]

marks = st.sampled_from(MARKS)
quantities = st.decimals(min_value=Decimal(-(10**20)), max_value=Decimal(10**20), places=9, allow_nan=False)
days = st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 12, 31))


def number(text: str, decimal: str = ".", thousands: str = ",") -> dict[str, object]:
    return read_numbers(pl.Series([text]), decimal=decimal, thousands=thousands).row(0, named=True)


def day(text: str, order: str = "YMD") -> date | None:
    read: date | None = read_dates(pl.Series([text]), order).item()
    return read


def spelled(value: Decimal, decimal: str, thousands: str) -> str:
    return f"{value:,f}".replace(",", "T").replace(".", decimal).replace("T", thousands)


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", "0"),
        ("1234", "1234"),
        ("1,234", "1234"),
        ("1,234,567.89", "1234567.89"),
        ("1234567.89", "1234567.89"),
        (" 12.5\t", "12.5"),
        ("+5", "5"),
        ("-5", "-5"),
        ("\u22125", "-5"),
        ("\u20135", "-5"),
        ("1.5E3", "1500"),
        ("1.5e-3", "0.0015"),
        ("1,234.5E+2", "123450"),
        ("１，２３４．５", "1234.5"),
        ("0.123456789", "0.123456789"),
        ("99999999999999999999.999999999", "99999999999999999999.999999999"),
    ],
)
def test_a_number_is_read_exactly(text: str, value: str) -> None:
    assert number(text) == {"value": Decimal(value), "rounded": False, "wrong": False}


@pytest.mark.parametrize("text", ["１２３４", "１２.５"])
def test_full_width_digits_without_marks_are_read(text: str) -> None:
    assert number(text)["value"] == Decimal({"１２３４": "1234", "１２.５": "12.5"}[text])


@pytest.mark.parametrize(
    "text",
    ["NaN", "nan", "inf", "-Infinity", "(-12)", "()", "(12", "12 %", "12%", "1.234,50", "1,23", "12,34", "1,2345", "1234,567", ",123", "1,,234", "1,234,", "1.2,345",
     "1 234", "1'234", "1_000", "=1+1", "+-1", "--1", "5-", ".5", "5.", "1e", "1e999", "1.2.3", "0x10", "½", "12 kWh", "¥5", "n/a", "-", "一百", "1e29"],
)  # fmt: skip
def test_what_does_not_fit_the_grammar_is_no_number(text: str) -> None:
    assert number(text) == {"value": None, "rounded": False, "wrong": True}


@pytest.mark.parametrize("text", ["²", "10²", "①", "5³", "½", "㎡5", "５²"])
def test_a_raised_or_circled_digit_is_no_digit(text: str) -> None:
    assert number(text)["wrong"]


@pytest.mark.parametrize("text", ["", " ", "\t", "\u3000", None])
def test_a_blank_is_neither_a_number_nor_wrong(text: str | None) -> None:
    frame = read_numbers(pl.Series([text], dtype=pl.String))

    assert frame.row(0) == (None, False, False)


@pytest.mark.parametrize(
    ("text", "decimal", "thousands", "value"),
    [
        ("1.234,50", ",", ".", "1234.5"),
        ("1.234", ",", ".", "1234"),
        ("1234,5", ",", "", "1234.5"),
        ("1 234 567,5", ",", " ", "1234567.5"),
        ("1\u00a0234,5", ",", " ", "1234.5"),
        ("1'234.5", ".", "'", "1234.5"),
        ("1.234", ".", "", "1.234"),
    ],
)
def test_the_declared_marks_decide(text: str, decimal: str, thousands: str, value: str) -> None:
    assert number(text, decimal, thousands)["value"] == Decimal(value)


@pytest.mark.parametrize(
    ("text", "decimal", "thousands"),
    [("1.5", ",", "."), ("1,234.5", ",", "."), ("1.234,50", ",", ""), ("1.5", ",", ""), ("1,234", ".", ""), ("1,234.5", ".", " ")],
)
def test_marks_that_are_not_declared_are_refused(text: str, decimal: str, thousands: str) -> None:
    assert number(text, decimal, thousands)["wrong"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.0000000005", "0"),
        ("0.0000000015", "0.000000002"),
        ("0.0000000025", "0.000000002"),
        ("0.00000000250000001", "0.000000003"),
        ("-0.0000000015", "-0.000000002"),
        ("1e-12", "0"),
    ],
)
def test_more_than_nine_decimals_are_rounded_half_even_and_said_so(text: str, value: str) -> None:
    assert number(text) == {"value": Decimal(value), "rounded": True, "wrong": False}


@pytest.mark.parametrize("text", ["1.123456789", "1.1000000000", "1.100000000000000"])
def test_a_number_that_nothing_was_taken_from_was_not_rounded(text: str) -> None:
    assert number(text)["rounded"] is False


@given(value=quantities, mark=marks)
def test_a_number_survives_being_written_with_any_declared_marks(value: Decimal, mark: tuple[str, str]) -> None:
    assert number(spelled(value, *mark), *mark) == {"value": value, "rounded": False, "wrong": False}


@given(whole=st.integers(min_value=1000, max_value=10**18), place=st.integers(min_value=1, max_value=17))
def test_a_thousands_separator_counts_only_before_groups_of_three(whole: int, place: int) -> None:
    digits = str(whole)
    cut = min(place, len(digits) - 1)
    text = f"{digits[:cut]},{digits[cut:]}"

    read = number(text)

    assert read["value"] == (whole if len(digits) - cut == 3 and cut <= 3 else None)


@settings(max_examples=25)
@given(texts=st.lists(st.text(alphabet="0123456789.,-+eE %()=", max_size=8), max_size=30))
def test_a_number_does_not_depend_on_its_neighbours(texts: list[str]) -> None:
    together = read_numbers(pl.Series(texts, dtype=pl.String))

    assert together.rows(named=True) == [number(text) for text in texts]


@given(text=st.text(st.characters(exclude_categories=["Nd", "Cs"]) | st.sampled_from("0123456789.,"), max_size=12))
def test_whatever_a_cell_holds_it_is_blank_a_number_or_wrong(text: str) -> None:
    read = number(text)

    assert (read["value"] is not None) + bool(read["wrong"]) == 1 or not text.strip()


# ---------------------------------------------------------------- dates


@pytest.mark.parametrize(
    "text",
    [
        "2023-01-31",
        "2023/1/31",
        "2023.01.31",
        "2023年1月31日",
        "2023年01月31日",
        " 2023-01-31 ",
        "2023-01-31 00:00:00",
        "2023-01-31T00:00:00",
    ],
)
@pytest.mark.parametrize("order", ["YMD", "DMY", "MDY"])
def test_a_date_with_the_year_in_front_is_understood_in_any_order(text: str, order: str) -> None:
    assert day(text, order) == date(2023, 1, 31)


@pytest.mark.parametrize(("order", "expected"), [("DMY", date(2023, 2, 1)), ("MDY", date(2023, 1, 2)), ("YMD", None)])
@pytest.mark.parametrize("text", ["01/02/2023", "1.2.2023", "1-02-2023"])
def test_the_declared_order_decides_what_the_day_is(text: str, order: str, expected: date | None) -> None:
    assert day(text, order) == expected


@pytest.mark.parametrize(
    "text", ["2023-02-30", "2023-02-29", "2023-13-01", "2023-00-10", "31/01/2023", "1/2/23", "20230231", "20231301", "44957", "2023-01", "2023年1月", "31 Jan 2023",
             "2023-01-31 12:00:00", "=TODAY()", "today", ""],
)  # fmt: skip
def test_what_is_no_day_of_the_calendar_is_no_date(text: str) -> None:
    assert day(text) is None


@pytest.mark.parametrize("text", ["0000-01-01", "0023-01-31", "1899-12-31", "2101-01-01", "9999-12-31"])
def test_a_year_that_cannot_be_is_no_date(text: str) -> None:
    assert day(text) is None
    assert read_months(pl.Series([text[:7]])).item() is None


@pytest.mark.parametrize("text", ["1900-01-01", "2100-12-31"])
def test_two_hundred_years_can_be(text: str) -> None:
    assert day(text) == date.fromisoformat(text)


@pytest.mark.parametrize(("text", "order"), [("13/02/2023", "MDY"), ("02/13/2023", "DMY"), ("30/02/2023", "DMY"), ("1/2/23", "DMY")])
def test_a_date_against_the_declared_order_is_no_date(text: str, order: str) -> None:
    assert day(text, order) is None


@given(when=days, order=st.sampled_from(["YMD", "DMY", "MDY"]), mark=st.sampled_from("-/."))
def test_a_date_survives_being_written_in_the_declared_order(when: date, order: str, mark: str) -> None:
    parts = {"Y": f"{when.year:04}", "M": str(when.month), "D": str(when.day)}

    assert day(mark.join(parts[letter] for letter in order), order) == when


@pytest.mark.parametrize("text", ["2023-02", "2023-2", "2023/02", "2023.2", "2023年2月", "2023-02-01", "2023/2/1", "2023-02-01 00:00:00"])
def test_a_month_is_its_first_day(text: str) -> None:
    assert read_months(pl.Series([text])).item() == date(2023, 2, 1)


@pytest.mark.parametrize("text", ["2023-13", "2023-00", "2023-02-02", "202313", "Feb 2023", "02/2023", "2023", "23-02", ""])
def test_what_names_no_month_is_no_month(text: str) -> None:
    assert read_months(pl.Series([text])).item() is None


@given(offsets=st.lists(st.integers(min_value=0, max_value=4000), min_size=1, max_size=20))
def test_dates_come_back_in_the_order_they_were_given(offsets: list[int]) -> None:
    expected = [date(2020, 1, 1) + timedelta(days=offset) for offset in offsets]

    assert read_dates(pl.Series([when.isoformat() for when in expected])).to_list() == expected


# ---------------------------------------------------------------- in a file


def test_a_rounded_number_is_observed_and_its_text_kept(tmp_path: Path) -> None:
    read = read_bills(tmp_path, bill(quantity="1.00000000050"), bill(quantity="2.5"))

    assert sorted(read.quantities.select("received", "quantity", "rounded").rows()) == [("1.00000000050", Decimal(1), True), ("2.5", Decimal("2.5"), False)]
    assert [item["observed"] for item in observed(read, "rounded")] == ["1.00000000050 kWh"]


def test_the_declared_marks_and_date_order_hold_for_the_whole_file(tmp_path: Path) -> None:
    rows = [{"site_id": "BJ-01", "date": when, "amount": amount} for when, amount in [("31/01/2023", "1.234,50"), ("01/02/2023", "1,5"), ("02/28/2023", "1.5")]]

    read = read_wide(tmp_path, rows, toml(file='decimal = ","\nthousands = "."\ndates = "DMY"'))

    assert sorted((str(row["start"]), row["quantity"]) for row in read.quantities.to_dicts()) == [("2023-01-31", Decimal("1234.5")), ("2023-02-01", Decimal("1.5"))]
    assert rules(read) == {4: ["date", "number"]}
