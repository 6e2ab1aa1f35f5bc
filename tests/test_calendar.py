"""Amounts: bills apportioned to months, units made canonical, stocks and events kept apart, and the days that no bill covers."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esg_kpis.amounts import amounts_of, coverage_of
from esg_kpis.amounts.calendar import apportioned
from esg_kpis.errors import UnitProblem
from esg_kpis.exact import QUANTITY
from esg_kpis.tables import METERS, empty
from tests.scenario import bill, day, quantities, register, site, year

Bill = tuple[date, date, Decimal]

BATCHES = settings(max_examples=25, deadline=None)
"""Each example is a whole batch of bills."""

LAST_DECIMAL = Decimal("0.000000001")

bills = st.builds(
    lambda first, days, units: (first, first + timedelta(days=days), units * LAST_DECIMAL),
    st.dates(date(1999, 1, 1), date(2030, 12, 31)),
    st.one_of(st.integers(0, 62), st.integers(0, 900)),
    st.one_of(st.integers(-3, 3), st.integers(-(10**16), 10**16)),
)
"""From one day to more than two years, of either sign, down to a single unit of the last decimal."""


def by_month(*billed: Bill) -> pl.DataFrame:
    rows = [{"bill": number, "start": first, "end": last, "quantity": quantity} for number, (first, last, quantity) in enumerate(billed)]
    return apportioned(pl.DataFrame(rows, schema={"bill": pl.Int64(), "start": pl.Date(), "end": pl.Date(), "quantity": QUANTITY}))


def days_by_month(first: date, last: date) -> Counter[str]:
    """Counted on the fingers."""
    return Counter(f"{first + timedelta(days=number):%Y-%m}" for number in range((last - first).days + 1))


# ---------------------------------------------------------------- apportioning


@BATCHES
@given(st.lists(bills, min_size=1, max_size=30))
def test_parts_add_up_to_the_bill_exactly(billed: list[Bill]) -> None:
    parts = by_month(*billed).group_by("bill").agg(pl.col("quantity").sum()).sort("bill")

    assert parts["quantity"].to_list() == [quantity for _, _, quantity in billed]


@BATCHES
@given(st.lists(bills, min_size=1, max_size=30))
def test_every_day_counts_once_with_the_first_and_the_last(billed: list[Bill]) -> None:
    """A bill of one unit a day gives every month as many units as it has days of the bill."""
    a_unit_a_day = [(first, last, Decimal((last - first).days + 1)) for first, last, _ in billed]

    parts = by_month(*a_unit_a_day)

    for number, (first, last, _) in enumerate(a_unit_a_day):
        months = parts.filter(pl.col("bill") == number)
        assert dict(zip(months["month"], months["quantity"], strict=True)) == days_by_month(first, last)


@BATCHES
@given(st.lists(bills, min_size=1, max_size=30))
def test_shares_are_days_over_days_and_add_up_to_one(billed: list[Bill]) -> None:
    parts = by_month(*billed)

    for number, (first, last, _) in enumerate(billed):
        months = parts.filter(pl.col("bill") == number)
        days = days_by_month(first, last)
        for month, share in zip(months["month"], months["share"], strict=True):
            assert abs(Fraction(share) - Fraction(days[month], days.total())) <= Fraction(1, 10**24)
        assert abs(sum(map(Fraction, months["share"])) - 1) <= Fraction(months.height, 10**24)


@pytest.mark.parametrize(
    ("first", "last", "quantity", "parts"),
    [
        ("2022-12-21", "2023-01-20", "13402.7", {"2022-12": "4755.796774194", "2023-01": "8646.903225806"}),  # 11 of 31 days: 4755.7967741935...
        ("2024-02-01", "2024-03-01", "30", {"2024-02": "29", "2024-03": "1"}),
        ("2023-02-01", "2023-03-01", "29", {"2023-02": "28", "2023-03": "1"}),
        ("2023-12-31", "2024-01-01", "7", {"2023-12": "3.5", "2024-01": "3.5"}),
        ("2024-02-29", "2024-02-29", "0.1", {"2024-02": "0.1"}),
        ("2023-01-31", "2023-03-01", "0.000000001", {"2023-01": "0", "2023-02": "0.000000001", "2023-03": "0"}),  # 1/30 rounds to 0, 29/30 to 1
    ],
)  # fmt: skip
def test_apportioning_by_hand(first: str, last: str, quantity: str, parts: dict[str, str]) -> None:
    months = by_month((day(first), day(last), Decimal(quantity)))

    assert dict(zip(months["month"], months["quantity"], strict=True)) == {month: Decimal(part) for month, part in parts.items()}


# ---------------------------------------------------------------- canonical units


@pytest.mark.parametrize(
    ("measure", "quantity", "unit", "canonical", "expected"),
    [
        ("electricity_purchased", "44.2487", "万kWh", "kWh", "442487"),
        ("electricity_purchased", "423.877", "MWh", "kWh", "423877"),
        ("electricity_purchased", "1000", "kBtu", "kWh", "293.071070172"),  # 1000 x 1.05505585262 MJ / 3.6 = 293.0710701722...
        ("natural_gas", "1000", "m3_20C", "Nm3", "931.775541532"),  # 273.15 / 293.15 = 0.9317755415316...
        ("natural_gas", "3896.5", "Nm3", "Nm3", "3896.5"),
        ("heat_purchased", "5096.89", "GJ", "MJ", "5096890"),
        ("gasoline", "1.25", "t", "kg", "1250"),
        ("water_tap", "2660", "m3", "t", "2660"),
        ("waste_hazardous", "35.2", "kg", "t", "0.0352"),
        ("revenue", "24586600", "万元", "RMB million", "245866"),
    ],
)
def test_quantities_arrive_in_the_canonical_unit(measure: str, quantity: str, unit: str, canonical: str, expected: str) -> None:
    amounts = amounts_of(quantities(bill(measure, quantity, "2023-05-01", "2023-05-31", received_unit=unit)))

    assert amounts.select("quantity", "unit").row(0) == (Decimal(expected), canonical)


def test_units_are_converted_row_by_row() -> None:
    mixed = [("1", "MWh"), ("1", "kWh"), ("3.6", "MJ"), ("2", "MWh")]
    rows = [bill("electricity_purchased", number, "2023-05-01", "2023-05-31", received_unit=unit, record_id=str(index)) for index, (number, unit) in enumerate(mixed)]

    amounts = amounts_of(quantities(*rows))

    assert dict(amounts.select("record_id", "quantity").iter_rows()) == {"0": 1000, "1": 1, "2": 1, "3": 2000}


def test_a_unit_of_another_dimension_is_refused() -> None:
    with pytest.raises(UnitProblem, match="'kg' does not measure what 'kWh' measures"):
        amounts_of(quantities(year("electricity_purchased", "1", received_unit="kg")))


# ---------------------------------------------------------------- flows, stocks, events


def test_a_stock_is_never_spread_over_months() -> None:
    amounts = amounts_of(quantities(bill("floor_area", "62000", "2019-07-01", "2023-06-30")))

    columns = ("nature", "month", "date", "until", "quantity", "share")
    assert amounts.select(columns).rows() == [("stock", None, day("2019-07-01"), day("2023-06-30"), 62000, 1)]


def test_a_stock_may_be_open_at_both_ends() -> None:
    amounts = amounts_of(quantities(bill("floor_area", "62000", None)))

    assert amounts.select("date", "until", "quantity").rows() == [(None, None, 62000)]


def test_an_event_lies_on_its_day_in_its_month() -> None:
    amounts = amounts_of(quantities(bill("refrigerant_refill", "76.8", "2020-03-03", "2020-03-03", dimensions="refrigerant=HFC-134a")))

    columns = ("nature", "month", "date", "until", "quantity", "dimensions")
    assert amounts.select(columns).rows() == [("event", "2020-03", day("2020-03-03"), None, Decimal("76.8"), "refrigerant=HFC-134a")]


def test_a_flow_has_months_and_no_date() -> None:
    amounts = amounts_of(quantities(bill("water_tap", "62", "2023-01-01", "2023-03-03")))

    assert amounts.sort("month").select("month", "date", "until", "quantity").rows() == [
        ("2023-01", None, None, 31), ("2023-02", None, None, 28), ("2023-03", None, None, 3),
    ]  # fmt: skip


def test_a_duplicate_stays_and_says_of_what() -> None:
    amounts = amounts_of(quantities(year("water_tap", "1", record_id="one"), year("water_tap", "1", record_id="two", excluded="duplicate of record one")))

    assert set(amounts.select("record_id", "excluded").unique().rows()) == {("one", None), ("two", "duplicate of record one")}


@pytest.mark.parametrize(("measure", "scope"), [("natural_gas", "1"), ("refrigerant_refill", "1"), ("heat_purchased", "2"), ("water_tap", None)])
def test_an_amount_knows_its_scope(measure: str, scope: str | None) -> None:
    assert set(amounts_of(quantities(year(measure, "1")))["scope"]) == {scope}


def test_amount_ids_depend_neither_on_order_nor_on_other_rows() -> None:
    rows = [bill("water_tap", "5", "2022-12-20", "2023-01-10", record_id=str(number)) for number in range(20)]

    forward, backward, alone = (amounts_of(quantities(*some)) for some in (rows, rows[::-1], rows[7:8]))

    assert forward.equals(backward)
    assert forward["amount_id"].n_unique() == 40
    assert set(alone["amount_id"]) < set(forward["amount_id"])


def test_two_columns_of_one_record_are_two_amounts() -> None:
    amounts = amounts_of(quantities(*(year("water_tap", "12", column=name, record_id="r") for name in ("Tap 1", "Tap 2"))))

    assert amounts["amount_id"].n_unique() == 24


# ---------------------------------------------------------------- coverage


def coverage(billed: Sequence[dict[str, object]], **given_site: object) -> dict[str, tuple[int, int, int]]:
    """Expected, received and missing days by month, of the one site and measure there is."""
    sent = quantities(*billed)
    frame = coverage_of(sent, amounts_of(sent), register(site(**given_site)), empty(METERS), []).sites
    return {month: (expected, received, missing) for month, expected, received, missing in frame.select("month", "expected", "received", "missing").iter_rows()}


def electricity(first: str, last: str, meter: str = "E1") -> dict[str, object]:
    return bill("electricity_purchased", "1", first, last, meter_id=meter, record_id=f"{meter} {first}")


def test_a_month_between_two_bills_is_missed() -> None:
    months = coverage([electricity("2023-01-01", "2023-01-31"), electricity("2023-03-01", "2023-03-31")])

    assert months == {"2023-01": (31, 31, 0), "2023-02": (28, 0, 28), "2023-03": (31, 31, 0)}


def test_bills_that_overlap_do_not_hide_a_gap() -> None:
    """1 to 20 and 11 to 24 February are 24 days, not 34; five are missed before March."""
    months = coverage([electricity("2024-02-01", "2024-02-20"), electricity("2024-02-11", "2024-02-24"), electricity("2024-03-01", "2024-03-31")])

    assert months == {"2024-02": (29, 24, 5), "2024-03": (31, 31, 0)}


def test_days_before_the_first_record_and_after_the_last_are_not_expected() -> None:
    assert coverage([electricity("2024-02-03", "2024-02-20"), electricity("2024-02-21", "2024-03-04")]) == {"2024-02": (27, 27, 0), "2024-03": (4, 4, 0)}
    assert coverage([electricity("2024-02-03", "2024-03-04")]) == {"2024-02": (27, 27, 0), "2024-03": (4, 4, 0)}


def test_a_site_is_covered_as_its_worst_meter() -> None:
    worst = [electricity("2023-01-01", "2023-01-10", meter="E2"), electricity("2023-01-25", "2023-01-31", meter="E2")]

    assert coverage([electricity("2023-01-01", "2023-01-31"), *worst]) == {"2023-01": (31, 17, 14)}


@pytest.mark.parametrize("last_of_the_old", ["2023-01-10", "2023-01-15", "2023-01-20"])
def test_a_meter_that_takes_the_place_of_another_leaves_no_gap(last_of_the_old: str) -> None:
    """Both meters are covered from their first record to their last."""
    first_of_the_new = str(day(last_of_the_old) + timedelta(days=1))

    [(_, _, missing)] = coverage([electricity("2023-01-01", last_of_the_old), electricity(first_of_the_new, "2023-01-31", meter="E2")]).values()

    assert missing == 0


def test_days_before_and_after_the_group_owned_the_site_are_not_expected() -> None:
    months = coverage([electricity("2023-01-01", "2023-02-28")], valid_from=day("2023-01-17"), valid_to=day("2023-02-12"))

    assert {month: (expected, missing) for month, (expected, _, missing) in months.items()} == {"2023-01": (15, 0), "2023-02": (12, 0)}


def test_stocks_events_and_stated_figures_have_no_coverage() -> None:
    others = [year("floor_area", "1"), year("employees_full_time", "1"), year("refrigerant_refill", "1"), year("revenue", "1")]

    assert coverage(others) == {}
    assert len(coverage([*others, year("water_tap", "1")])) == 12
