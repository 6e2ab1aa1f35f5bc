"""Outliers against the meter's own history: what is flagged, what is not, and how often on simulated meters."""

import math
import random
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esg_kpis.amounts.outliers import OUTLIER, outliers_of
from tests.scenario import Row, bill, quantities

BATCHES = settings(max_examples=40, deadline=None)
"""Each example is a whole history."""


def month_of(number: int) -> tuple[str, str]:
    """First and last day of a month, counted from January 2020."""
    first = date(2020 + number // 12, number % 12 + 1, 1)
    last = date(first.year + first.month // 12, first.month % 12 + 1, 1) - timedelta(days=1)
    return f"{first}", f"{last}"


def meter(rates: Sequence[Any], measure: str = "electricity_purchased", since: int = 0, **given_: Any) -> list[Row]:  # noqa: ANN401
    """Monthly bills of one meter, from rates per day. Records are called by their place."""
    rows = []
    for number, rate in enumerate(rates):
        first, last = month_of(since + number)
        quantity = Decimal(str(rate)) * ((date.fromisoformat(last) - date.fromisoformat(first)).days + 1)
        rows.append(bill(measure, f"{quantity:f}", first, last, **{"record_id": f"{number:03}", "meter_id": "E1"} | given_))
    return rows


def flags(rows: Sequence[Row]) -> dict[str, str]:
    """Record -> flag."""
    found = outliers_of(quantities(*rows))
    return dict(zip(found["record_id"], found["flag"], strict=True))


def only(rows: Sequence[Row]) -> Row:
    """The one quantity that is flagged."""
    found = outliers_of(quantities(*rows))
    assert found.height == 1
    return found.row(0, named=True)


# ---------------------------------------------------------------- worked by hand


def test_a_thousand_times_the_usual_is_a_slip() -> None:
    """The others are 90, 95, 100, 105, 110 kWh a day: median 100. Distances 1.05 or 1.11, and a thousand: half of the six are within 1.08 of the usual."""
    found = only(meter([90, 95, 100_000, 100, 105, 110]))

    assert (found["record_id"], found["column"], found["flag"], found["ratio"]) == ("002", "quantity", "unit_slip", "1,000 times")
    assert found["observed"] == "3100000 kWh: 100,000 kWh a day"
    assert found["expected"].startswith("100 kWh a day, the median of 5 others, half within ")
    assert found["what_to_do"].startswith("About 1,000 times the usual: kWh sent as MWh, or a decimal mark read as thousands separator?")


@pytest.mark.parametrize(
    ("rate", "ratio", "cause"),
    [
        ("0.1", "1/1,000", "About 1/1,000 of the usual: MWh sent as kWh"),
        ("0.01", "1/10,000", "About 1/10,000 of the usual: 万kWh sent as kWh"),
        ("1000000", "10,000 times", "About 10,000 times the usual: kWh sent as 万kWh"),
        ("10000", "100 times", "About 100 times the usual: a decimal mark lost"),
        ("1000", "10 times", "About 10 times the usual: a digit too many"),
        ("10", "1/10", "About 1/10 of the usual: a digit lost"),
        ("360", "3.6 times", "About 3.6 times the usual: MJ sent as kWh"),
        ("100000000", "1,000,000 times", "About 1,000,000 times the usual: kWh sent as GWh"),
    ],
)
def test_the_likely_cause_is_named(rate: str, ratio: str, cause: str) -> None:
    found = only(meter([98, 99, 100, 100, 101, 102, rate]))

    assert (found["flag"], found["ratio"]) == ("unit_slip", ratio)
    assert found["what_to_do"].startswith(cause)


def test_far_from_any_known_factor_is_an_outlier() -> None:
    found = only(meter([98, 99, 100, 100, 101, 102, 5_500]))

    assert (found["flag"], found["ratio"]) == ("outlier", "55 times")
    assert found["what_to_do"].startswith("Ask whether number, unit and dates are right; it was counted as received.")


def test_a_tonne_is_named_where_tonnes_are_counted() -> None:
    found = only(meter([1, 1, 1, 1, 1, 1, 1_000], "waste_non_hazardous", meter_id=None))

    assert "kg sent as t" in found["what_to_do"]


@pytest.mark.parametrize("rate", [50, 200, 499, "20.1"])
def test_up_to_five_times_is_not_far(rate: float) -> None:
    assert flags(meter([100] * 7 + [rate])) == {}


def test_five_others_are_needed() -> None:
    assert flags(meter([100, 100, 100, 100, 100_000])) == {}
    assert flags(meter([100, 100, 100, 100, 100, 100_000])) == {"005": "unit_slip"}


def test_days_count_not_bills() -> None:
    """A bill of three days, and one of a year, at the rate of the months."""
    rows = meter([100] * 6)
    rows.append(bill("electricity_purchased", "300", "2020-07-01", "2020-07-03", record_id="days", meter_id="E1"))
    rows.append(bill("electricity_purchased", "36500", "2021-01-01", "2021-12-31", record_id="year", meter_id="E1"))

    assert flags(rows) == {}


def test_zeros_negative_ones_and_duplicates_are_no_history_and_no_outliers() -> None:
    rows = meter([100, 0, 0, 0, 0, 0, 0, 100, 100, -100_000, 100, 100])
    rows += [row | {"record_id": f"again {number}", "excluded": f"duplicate of record {row['record_id']}"} for number, row in enumerate(meter([100_000] * 9))]

    assert flags(rows) == {}
    assert flags([*rows, *meter(["100000"], since=20, record_id="slip")]) == {"slip": "unit_slip"}


def test_the_estimated_part_of_a_month_that_was_measured_is_not_a_hundredth_of_the_usual() -> None:
    """As meter readings come: a line for what was measured, and one for what rests on estimates. A month that is an estimate as a whole is compared as ever."""
    history = meter(["1000"] * 12)
    part = history[6] | {"record_id": "part", "canonical": Decimal(10), "quantity": Decimal(10), "estimated": True}
    alone = history[5] | {"canonical": Decimal(310), "quantity": Decimal(310), "estimated": True}

    assert flags([*history, part]) == {}
    assert list(flags([*history[:5], alone, *history[6:], part])) == [alone["record_id"]]


def test_stocks_and_events_have_no_rate() -> None:
    rows = [bill("refrigerant_refill", "1" if number else "1000", *month_of(number), record_id=f"{number}") for number in range(9)]
    rows += [bill("floor_area", "1" if number else "1000", *month_of(number), record_id=f"area {number}") for number in range(9)]

    assert flags(rows) == {}


@pytest.mark.parametrize("other", [{"meter_id": "E2"}, {"meter_id": None}, {"site_id": "B"}, {"column": "Usage"}, {"dimensions": "use=mobile"}, {"measure": "electricity_renewable"}])
def test_each_meter_is_compared_with_itself(other: Row) -> None:
    large = [row | {"record_id": f"large {row['record_id']}"} | other for row in meter([100_000] * 5)]

    assert flags([*meter([100] * 8), *large]) == {}


def test_records_without_meter_are_one_history_per_column() -> None:
    assert flags(meter([100] * 5 + [100_000], meter_id=None)) == {"005": "unit_slip"}


def test_several_slips_in_one_history() -> None:
    """A quarter sent in another unit, one bill in a third: five of twelve."""
    rates = [100, 101, 99, "0.1", "0.1", "0.101", 100, 98, 1_000_000, 102, "0.099", 100]

    assert flags(meter(rates)) == dict.fromkeys(["003", "004", "005", "008", "010"], "unit_slip")


def test_half_a_history_in_another_unit_is_left_alone() -> None:
    """Nobody can say which half is right."""
    assert flags(meter([100] * 6 + [100_000] * 6)) == {}


WINTER = [2000, 1800, 1200, 500, 200, 100, 100, 100, 200, 600, 1300, 1900]
"""A heating meter: twenty times as much in winter."""


@pytest.mark.parametrize("years", [1, 2, 4])
def test_a_season_is_no_outlier(years: int) -> None:
    assert flags(meter(WINTER * years, "natural_gas")) == {}


def test_a_pilot_light_all_summer_is_no_outlier() -> None:
    year = [2000, 1900, 1800, 1700, 10, 10, 10, 10, 10, 1700, 1800, 1900]

    assert flags(meter(year, "natural_gas")) == {}
    assert flags(meter(year * 4, "natural_gas")) == {}


def test_one_odd_month_every_year_is_explained_by_the_other_years() -> None:
    """August only, at a hundredth: one of twelve. In the first year it cannot be known, with others it can."""
    year = [100] * 7 + [1] + [100] * 4

    assert flags(meter(year)) == {"007": "unit_slip"}
    assert flags(meter(year * 3)) == {}


@pytest.mark.parametrize("number", range(12))
@pytest.mark.parametrize("factor", ["1000", "0.001", "10000", "0.0001"])
def test_a_slip_in_any_month_of_a_heating_meter(number: int, factor: str) -> None:
    """Also a summer month a thousand times too large, which is only fifty times a winter month; its season tells by how much."""
    rates = [Decimal(rate) for rate in WINTER * 3]
    rates[12 + number] *= Decimal(factor)

    found = only(meter(rates, "natural_gas"))

    assert (found["record_id"], found["flag"]) == (f"{12 + number:03}", "unit_slip")
    assert f"{Decimal(factor):,f} times the season" in found["what_to_do"] or f"1/{1 / Decimal(factor):,f} of the season" in found["what_to_do"]


def test_a_site_that_grows_tenfold_in_four_years() -> None:
    assert flags(meter([f"{100 * 10 ** (number / 47):.3f}" for number in range(48)])) == {}


def test_the_first_bill_is_flagged_with_the_innocent_explanation() -> None:
    found = only(meter([2, *[100] * 20]))

    assert found["what_to_do"].endswith("It is the first record of the meter: moving in may look like this.")


def test_numbers_out_of_this_world_are_flagged_and_break_nothing() -> None:
    rows = [
        *meter([100] * 6),
        bill("electricity_purchased", "99999999999999999999", "2021-01-01", "2021-01-01", record_id="large", meter_id="E1"),
        bill("electricity_purchased", "0.000000001", "2021-01-01", "2021-12-31", record_id="small", meter_id="E1"),
    ]

    assert set(flags(rows)) == {"large", "small"}


def test_nothing_gives_an_empty_table() -> None:
    assert outliers_of(quantities()).schema == OUTLIER
    assert outliers_of(quantities(*meter([100] * 8))).is_empty()


# ---------------------------------------------------------------- properties

rates = st.lists(st.builds(lambda digits, power: Decimal(digits).scaleb(power), st.integers(1, 999), st.sampled_from([-1, 0, 0, 0, 1, 2, 3])), min_size=5, max_size=40)
UNITS = {"kWh": Fraction(1), "MWh": Fraction(1000), "万kWh": Fraction(10000)}


def sent_in(row: Row, unit: str) -> Row:
    quantity = row["quantity"] / Decimal(UNITS[unit].numerator)
    return row | {"received_unit": unit, "received": f"{quantity:f}", "quantity": quantity}


@BATCHES
@given(rates, st.randoms(use_true_random=False))
def test_order_of_rows_changes_nothing(history: list[Decimal], chance: random.Random) -> None:
    rows = meter(history)
    shuffled = chance.sample(rows, len(rows))

    assert outliers_of(quantities(*rows)).equals(outliers_of(quantities(*shuffled)))


@BATCHES
@given(rates, st.data())
def test_the_unit_of_sending_changes_nothing(history: list[Decimal], data: st.DataObject) -> None:
    rows = meter(history)
    units = data.draw(st.lists(st.sampled_from(list(UNITS)), min_size=len(rows), max_size=len(rows)))

    assert flags([sent_in(row, unit) for row, unit in zip(rows, units, strict=True)]) == flags(rows)


@BATCHES
@given(rates, st.sampled_from(["0.001", "0.07", "3", "10", "123.4", "10000"]))
def test_the_size_of_a_meter_changes_nothing(history: list[Decimal], constant: str) -> None:
    assert flags(meter([rate * Decimal(constant) for rate in history])) == flags(meter(history))


@BATCHES
@given(st.lists(rates, min_size=1, max_size=4))
def test_other_meters_change_nothing(histories: list[list[Decimal]]) -> None:
    alone = [flags(meter(history, meter_id=f"E{number}")) for number, history in enumerate(histories)]
    together = [row | {"record_id": f"{number} {row['record_id']}"} for number, history in enumerate(histories) for row in meter(history, meter_id=f"E{number}")]

    assert flags(together) == {f"{number} {name}": flag for number, found in enumerate(alone) for name, flag in found.items()}


# ---------------------------------------------------------------- simulated meters

Simulated = Callable[[random.Random, int], float]


def gas(chance: random.Random, month: int) -> float:
    """Heating: about twenty times as much in January as in July, and mild or hard winters."""
    return math.exp(1.5 * math.cos(2 * math.pi * month / 12) + chance.gauss(0, 0.3))


def boiler(chance: random.Random, month: int) -> float:
    """Nothing at all in summer, and little at its edges."""
    return [10, 9, 7, 2, 0, 0, 0, 0, 0, 1, 5, 9][month % 12] * math.exp(chance.gauss(0, 0.25))


def data_hall(chance: random.Random, month: int) -> float:
    """Very regular, growing by a percent a month."""
    return 1000 * 1.01**month * math.exp(chance.gauss(0, 0.02))


def store(chance: random.Random, _month: int) -> float:
    """No season, much noise: one bill in twenty is more than 2.7 times the usual, or less than its 2.7th part."""
    return math.exp(chance.gauss(0, 0.5))


KINDS: dict[str, tuple[str, Simulated]] = {
    "gas": ("natural_gas", gas), "boiler": ("heat_purchased", boiler), "data hall": ("electricity_purchased", data_hall), "store": ("water_tap", store),
}  # fmt: skip


def simulated(kind: str, seed: int, slip: str = "") -> tuple[pl.DataFrame, set[str]]:
    """A hundred meters of one kind with 6 to 48 bills, in each perhaps one slip. Returns the bills, and the records with a slip."""
    chance, (measure, rate) = random.Random(f"{kind} {seed}"), KINDS[kind]
    rows: list[Row] = []
    slips: set[str] = set()
    for number in range(100):
        since, size = chance.randrange(12), chance.choice([6, 8, 12, 18, 24, 36, 48])
        scale = 10 ** chance.uniform(0, 4)
        bills = meter([f"{scale * rate(chance, since + month):.4f}" for month in range(size)], measure, since, meter_id=f"{number}")
        rows += [row | {"record_id": f"{number} {row['record_id']}"} for row in bills]
        counted = [place for place in range(len(rows) - size, len(rows)) if rows[place]["quantity"] > 0]
        if slip and len(counted) >= 6:
            place = chance.choice(counted)
            rows[place] |= {"quantity": rows[place]["quantity"] * Decimal(slip)}
            slips.add(rows[place]["record_id"])
    return quantities(*rows), slips


@pytest.mark.parametrize("kind", KINDS)
def test_fewer_than_one_bill_in_a_hundred_is_flagged_for_nothing(kind: str) -> None:
    frames = [simulated(kind, seed)[0] for seed in range(3)]

    assert sum(outliers_of(frame).height for frame in frames) * 100 < sum(frame.height for frame in frames)


@pytest.mark.parametrize("slip", ["1000", "0.001", "10000", "0.0001"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_slip_is_found(kind: str, slip: str) -> None:
    frame, slips = simulated(kind, 0, slip)
    found = outliers_of(frame)

    assert slips <= set(found["record_id"])
    assert found.filter(pl.col("record_id").is_in(slips) & (pl.col("flag") == "unit_slip")).height >= 0.65 * len(slips)
    assert (found.height - len(slips)) * 100 < frame.height
