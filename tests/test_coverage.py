"""Coverage: what the register of meters expects, what came of it, and how much that is by quantity in an edition."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esg_kpis.amounts import Coverage, amounts_of, coverage_of
from esg_kpis.editions.boundary import record_fates
from esg_kpis.editions.gaps import months_expected
from esg_kpis.ranges import days_by_month, merged, without
from tests.scenario import (
    EVERYWHERE,
    GRID,
    NO_FLAGS,
    Row,
    bill,
    computed,
    day,
    edition_of,
    factor_row,
    gwp_row,
    kpi,
    library_of,
    metered,
    quantities,
    records,
    register,
    rejected_row,
    site,
)

POWER = kpi("power", "kWh", "electricity_purchased")
QUARTER = ["2023-01", "2023-02", "2023-03"]
MAIN = {"measure": "electricity_purchased", "meter_id": "E1"}


def power(month: str, quantity: str = "31", meter: str | None = "E1", **given_bill: Any) -> Row:  # noqa: ANN401
    """A bill for a month."""
    first = day(f"{month}-01")
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    given_bill = {"meter_id": meter, "record_id": f"{given_bill.get('site_id', 'HQ')} {meter} {month}"} | given_bill
    return bill("electricity_purchased", quantity, str(first), str(last), **given_bill)


def covered(bills: list[Row], meters: list[Row], *sites: Row, months: list[str] = QUARTER) -> Coverage:
    sent = quantities(*bills)
    return coverage_of(sent, amounts_of(sent), register(*sites), metered(*meters), months)


def by_month(coverage: Coverage) -> dict[str, tuple[str, int, int, int]]:
    columns = ("month", "basis", "expected", "received", "missing")
    return {row[0]: row[1:] for row in coverage.sites.select(columns).iter_rows()}


# ---------------------------------------------------------------- what the register expects


def test_the_register_expects_every_month_also_before_the_first_record_and_after_the_last() -> None:
    assert by_month(covered([power("2023-02")], [MAIN])) == {
        "2023-01": ("register", 31, 0, 31), "2023-02": ("register", 28, 28, 0), "2023-03": ("register", 31, 0, 31),
    }  # fmt: skip


def test_without_a_register_only_the_days_between_records_are_expected() -> None:
    assert by_month(covered([power("2023-01"), power("2023-03")], [])) == {
        "2023-01": ("records", 31, 31, 0), "2023-02": ("records", 28, 0, 28), "2023-03": ("records", 31, 31, 0),
    }  # fmt: skip


def test_the_register_speaks_only_of_the_sites_and_measures_it_names() -> None:
    other = [bill("water_tap", "1", "2023-02-01", "2023-02-28"), power("2023-02", site_id="SH")]
    bases = covered([power("2023-01"), *other], [MAIN], site(), site("SH")).sites

    assert set(bases.select("site_id", "measure", "basis").rows()) == {
        ("HQ", "electricity_purchased", "register"), ("HQ", "water_tap", "records"), ("SH", "electricity_purchased", "records"),
    }  # fmt: skip


def test_a_site_of_which_nothing_at_all_came_is_expected_all_the_same() -> None:
    assert by_month(covered([], [MAIN]))["2023-01"] == ("register", 31, 0, 31)


@pytest.mark.parametrize(
    ("meter", "at", "expected"),
    [
        ({"valid_from": day("2023-01-11"), "valid_to": day("2023-02-10")}, {}, {"2023-01": 21, "2023-02": 10}),
        ({}, {"valid_from": day("2023-02-28"), "valid_to": day("2023-03-01")}, {"2023-02": 1, "2023-03": 1}),
        ({"valid_from": day("2023-01-11")}, {"valid_to": day("2023-01-12")}, {"2023-01": 2}),
        ({"valid_to": day("2022-12-31")}, {}, {}),
    ],
)
def test_a_meter_is_expected_while_it_and_its_site_are_there(meter: Row, at: Row, expected: dict[str, int]) -> None:
    found = by_month(covered([], [MAIN | meter], site(**at)))

    assert {month: row[1] for month, row in found.items()} == expected


def test_a_site_misses_the_days_on_which_any_of_its_meters_is_missing() -> None:
    """E1 misses February, E2 the first ten days of it and all of March."""
    meters = [MAIN, MAIN | {"meter_id": "E2"}]
    late = bill("electricity_purchased", "1", "2023-02-11", "2023-02-28", meter_id="E2", record_id="late")
    found = by_month(covered([power("2023-01"), power("2023-03"), power("2023-01", meter="E2"), late], meters))

    assert {month: row[1:] for month, row in found.items()} == {"2023-01": (31, 31, 0), "2023-02": (28, 0, 28), "2023-03": (31, 0, 31)}


def test_a_meter_that_takes_the_place_of_another_in_a_month_is_expected_with_it() -> None:
    old, new = MAIN | {"valid_to": day("2023-01-15")}, MAIN | {"meter_id": "E2", "valid_from": day("2023-01-16")}
    half = bill("electricity_purchased", "1", "2023-01-01", "2023-01-15", meter_id="E1")

    assert by_month(covered([half], [old, new], months=["2023-01"])) == {"2023-01": ("register", 31, 15, 16)}


def test_a_sub_meter_expects_nothing_and_covers_nothing() -> None:
    sub = MAIN | {"meter_id": "E1a", "part_of": "E1"}
    coverage = covered([power("2023-01", "5", meter="E1a")], [MAIN, sub], months=["2023-01"])

    assert by_month(coverage) == {"2023-01": ("register", 31, 0, 31)}
    assert coverage.sites["quantity"].to_list() == [None]
    assert coverage.meters["meter_id"].to_list() == ["E1"]


def test_a_row_without_a_meter_is_covered_by_any() -> None:
    """And expects nothing on days on which a named meter is read."""
    anyone, later = MAIN | {"meter_id": None}, MAIN | {"valid_from": day("2023-03-01")}
    coverage = covered([power("2023-01", meter="X"), power("2023-02", meter=None)], [anyone, later])

    assert by_month(coverage) == {"2023-01": ("register", 31, 31, 0), "2023-02": ("register", 28, 28, 0), "2023-03": ("register", 31, 0, 31)}
    assert coverage.meters.filter("stray").is_empty()
    assert coverage.meters.filter(pl.col("missing") > 0)["meter_id"].to_list() == ["E1"]


def test_a_bill_without_a_meter_is_that_of_the_only_one() -> None:
    both = [MAIN, MAIN | {"meter_id": "E2"}]

    assert by_month(covered([power("2023-01", meter=None)], [MAIN]))["2023-01"] == ("register", 31, 31, 0)
    assert by_month(covered([power("2023-01", meter=None)], both))["2023-01"] == ("register", 31, 0, 31)


def test_a_meter_that_the_register_does_not_name_covers_no_other() -> None:
    coverage = covered([power("2023-01", "7", meter="E9")], [MAIN], months=["2023-01"])

    assert coverage.sites.select("expected", "received", "missing", "quantity").rows() == [(31, 0, 31, 7)]
    assert coverage.meters.select("meter_id", "stray", "expected", "received").rows() == [("E1", False, 31, 0), ("E9", True, 0, 0)]


def test_the_quantity_of_a_month_is_its_part_of_the_bills_in_the_canonical_unit() -> None:
    """13,402.7 kWh over 31 days, 11 of them in December: 4,755.796774194; and 2 MWh of another meter."""
    across = bill("electricity_purchased", "13402.7", "2022-12-21", "2023-01-20", meter_id="E1", record_id="across")
    other = power("2022-12", "2", meter="E2", received_unit="MWh")
    again = power("2022-12", "2", meter="E2", received_unit="MWh", record_id="again", excluded="duplicate of record HQ E2 2022-12")

    found = covered([across, other, again], [], months=[]).sites
    assert dict(found.select("month", "quantity").iter_rows()) == {"2022-12": Decimal("6755.796774194"), "2023-01": Decimal("8646.903225806")}
    assert set(found["unit"]) == {"kWh"}


def test_what_does_not_count_covers_nothing() -> None:
    assert by_month(covered([power("2023-01", excluded="duplicate of record other")], [MAIN], months=["2023-01"])) == {"2023-01": ("register", 31, 0, 31)}


def test_stated_figures_are_expected_only_where_the_register_names_them() -> None:
    told = bill("revenue", "1", "2023-01-01", "2023-01-31")

    assert covered([told], []).sites.is_empty()
    assert by_month(covered([told], [{"measure": "revenue"}]))["2023-02"] == ("register", 28, 0, 28)


@pytest.mark.parametrize(("as_of", "last"), [("2023-03-30", "2023-02"), ("2023-03-31", "2023-03"), ("2030-01-01", "2023-12")])
def test_months_that_were_not_over_are_not_expected(tmp_path: Path, as_of: str, last: str) -> None:
    months = months_expected([edition_of(tmp_path, [POWER])], date.fromisoformat(as_of))

    assert (months[0], months[-1]) == ("2022-01", last)


# ---------------------------------------------------------------- ranges

RANGES = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 80), st.integers(0, 40)), max_size=12)


def frame(ranges: list[tuple[str, int, int]]) -> pl.DataFrame:
    rows = [(key, day("2023-01-20") + timedelta(days=first), day("2023-01-20") + timedelta(days=first + more)) for key, first, more in ranges]
    return pl.DataFrame(rows, schema={"key": pl.String(), "start": pl.Date(), "end": pl.Date()}, orient="row")


def days(ranges: pl.DataFrame) -> list[tuple[str, date]]:
    """Counted on the fingers."""
    return [(key, first + timedelta(days=number)) for key, first, last in ranges.iter_rows() for number in range((last - first).days + 1)]


@settings(max_examples=60, deadline=None)
@given(RANGES, RANGES)
def test_ranges_are_sets_of_days(some: list[tuple[str, int, int]], others: list[tuple[str, int, int]]) -> None:
    left, right = merged(frame(some), ["key"]), merged(frame(others), ["key"])
    rest = without(left, right, ["key"])

    assert sorted(days(left)) == sorted(set(days(frame(some))))
    assert sorted(days(rest)) == sorted(set(days(left)) - set(days(right)))
    counted = days_by_month(rest, ["key"], "days")
    assert {(key, month): number for key, month, number in counted.iter_rows()} == {
        (key, month): sum(1 for other, one in days(rest) if (other, f"{one:%Y-%m}") == (key, month)) for key, month in {(key, f"{one:%Y-%m}") for key, one in days(rest)}
    }


# ---------------------------------------------------------------- by quantity, in an edition


def summary(tmp_path: Path, bills: list[Row], meters: list[Row], rules: str = EVERYWHERE, period: str = "2023", **more: Any) -> Row:  # noqa: ANN401
    frame = computed(edition_of(tmp_path, [POWER], rules), bills, meters=meters, **more).filled.summary
    return frame.filter((pl.col("period") == period) & (pl.col("measure") == "electricity_purchased")).row(0, named=True)


def test_the_share_received_is_by_quantity(tmp_path: Path) -> None:
    """310 kWh in 31 days are 10 a day: 28 + 31 days missing of the first quarter are 590, and 310 of 900 came."""
    meter = MAIN | {"valid_from": day("2023-01-01"), "valid_to": day("2023-03-31")}
    found = summary(tmp_path, [power("2023-01", "310")], [meter])

    assert [found[name] for name in ("basis", "sites", "site_months", "site_months_received", "site_months_estimated", "site_months_missing")] == ["register", 1, 3, 1, 0, 2]
    assert (found["quantity_received"], found["quantity_estimated"], found["quantity_missing"]) == (310, 0, 590)
    assert found["share_received"] == Decimal("0.344444444444444444")


def test_nobody_knows_the_share_where_a_meter_has_no_record_in_the_period(tmp_path: Path) -> None:
    meters = [MAIN, MAIN | {"meter_id": "E2"}]
    found = summary(tmp_path, [power(f"2023-{month:02}") for month in range(1, 13)], meters)

    assert (found["quantity_received"], found["quantity_missing"], found["share_received"]) == (372, None, None)


def test_the_summary_keeps_to_the_boundary_of_the_edition(tmp_path: Path) -> None:
    offices = '[[boundary]]\nid = "offices"\nwhere = {kind = ["office"]}\ntext = "t"\n'
    both = register(site(), site("S", kind="store"))
    meters = [MAIN, MAIN | {"site_id": "S"}]
    bills = [power("2023-01", site_id=name) for name in ("HQ", "S")]

    assert summary(tmp_path, bills, meters, offices, sites=both)["sites"] == 1
    assert summary(tmp_path, bills, meters, sites=both)["sites"] == 2


# ---------------------------------------------------------------- what is expected and missing makes a KPI incomplete


def test_what_the_register_expects_and_did_not_come_is_said_by_the_kpi(tmp_path: Path) -> None:
    meters = [MAIN | {"valid_from": day("2023-01-01")}, MAIN | {"site_id": "SH", "valid_from": day("2023-01-01"), "valid_to": day("2023-03-31")}]
    bills = [power(f"2023-{month:02}", "10") for month in range(1, 13)] + [power("2023-03", "5", site_id="SH")]
    result = computed(edition_of(tmp_path, [POWER]), bills, meters=meters, sites=register(site(), site("SH")))

    cell = result.cell("power")
    assert (cell["printed"], cell["status"]) == ("125.00", "incomplete")
    assert cell["reason"].startswith("electricity_purchased: 2 site months expected and not received in full, at SH (")


def test_a_gap_between_records_is_a_finding_only(tmp_path: Path) -> None:
    result = computed(edition_of(tmp_path, [POWER]), [power("2023-01"), power("2023-03")])

    assert (result.cell("power")["status"], result.gaps.coverage["missing"].sum()) == ("ok", 28)


def test_what_did_not_come_at_all_is_not_collected_and_no_zero(tmp_path: Path) -> None:
    result = computed(edition_of(tmp_path, [POWER]), [], meters=[MAIN | {"valid_from": day("2023-01-01")}])

    cell = result.cell("power")
    assert (cell["value"], cell["status"]) == (None, "not_collected")
    assert cell["reason"] == "electricity_purchased: 12 site months expected and not received in full, at HQ (2023-01 to 2023-12)"


def test_what_did_not_come_asks_for_no_factor(tmp_path: Path) -> None:
    """In 2022 nothing came, and no factor is of that year; of 2023 eleven months are missing and one goes through the factor."""
    ghg = kpi("ghg", "tCO2e", "emission_co2e")
    library = library_of(tmp_path, {"mee": [factor_row()]}, [gwp_row("CO2", "1")])
    result = computed(edition_of(tmp_path, [ghg], EVERYWHERE + GRID), [power("2023-01", "2000")], meters=[MAIN], library=library)

    assert result.applied.problems.is_empty()
    assert (result.cell("ghg", "2022")["status"], result.cell("ghg", "2022")["reason"][:37]) == ("not_collected", "electricity_purchased: 12 site months")
    assert (result.cell("ghg")["status"], result.cell("ghg")["printed"]) == ("incomplete", "1.00")
    assert result.applied.uses["amounts"].to_list() == [1, 1]


def test_what_did_not_come_is_not_taken_for_what_the_edition_leaves_out(tmp_path: Path) -> None:
    away = power("2023-01", site_id="S")
    meters = [MAIN | {"valid_from": day("2023-01-01")}]
    cell = computed(edition_of(tmp_path, [POWER]), [away], meters=meters, sites=register(site(), site("S", control="none"))).cell("power")

    assert (cell["status"], cell["reason"]) == ("not_collected", "electricity_purchased: 12 site months expected and not received in full, at HQ (2023-01 to 2023-12)")


def test_a_site_of_which_nothing_came_is_not_used(tmp_path: Path) -> None:
    """The mark of what is missing makes neither the site's record nor its meter's one that counts."""
    edition, meters, sites = edition_of(tmp_path, [POWER]), [MAIN, MAIN | {"site_id": "S"}], register(site(), site("S"))
    result = computed(edition, [power("2023-01")], meters=meters, sites=sites)
    known = metered(*meters)
    fates = record_fates(records(sites, known), result.rejected, sites, known, result.amounts, NO_FLAGS, edition)

    assert dict(fates.select("record_id", "fate").iter_rows()) == {"site HQ": "used", "site S": "excluded", "meter 0": "used", "meter 1": "excluded"}


def test_what_rests_on_it_is_incomplete_too(tmp_path: Path) -> None:
    per = kpi("per", "kWh/person", formula="ratio", numerator="power", denominator="heads")
    kpis = [POWER, kpi("heads", "person", "employees_full_time"), per]
    heads = bill("employees_full_time", "2", "2023-12-31", "2023-12-31")
    cell = computed(edition_of(tmp_path, kpis), [power("2023-01", "10"), heads], meters=[MAIN | {"valid_from": day("2023-01-01")}]).cell("per")

    assert (cell["printed"], cell["status"]) == ("5.00", "incomplete")
    assert cell["reason"].startswith("electricity_purchased: 11 site months")


def test_a_rejected_record_blocks_and_nothing_is_estimated_in_its_place(tmp_path: Path) -> None:
    bad = rejected_row("electricity_purchased", start=day("2023-02-01"), end=day("2023-02-28"))
    meter = MAIN | {"valid_from": day("2023-01-01"), "valid_to": day("2023-02-28")}
    result = computed(edition_of(tmp_path, [POWER]), [power("2023-01")], meters=[meter], bad=[bad])

    assert result.cell("power")["status"] == "blocked"
    assert result.filled.estimates.is_empty()
