"""Estimates: each method by hand, when it may not be used, and which gaps are filled."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from esg_kpis.errors import InputProblem
from esg_kpis.tables import PEOPLE_COUNTS, conform
from tests.scenario import (
    EVERYWHERE,
    Computed,
    Row,
    bill,
    computed,
    day,
    edition_of,
    register,
    rejected_row,
    site,
)
from tests.test_coverage import MAIN, POWER, power

YEAR = [f"2023-{month:02}" for month in range(1, 13)]
LAST_YEAR = [f"2022-{month:02}" for month in range(1, 13)]
FIRST_DAY = day("2023-01-01")


def allowed(method: str, measure: str = "electricity_purchased", name: str = "e", **more: Any) -> str:  # noqa: ANN401
    """An [[estimate]] of edition.toml."""
    keys = {"id": name, "method": method, "measures": [measure], "text": "t"} | more
    where = keys.pop("where", {})
    lines = [f"{key} = {json.dumps(value)}" for key, value in keys.items()] + [f"where.{key} = {json.dumps(value)}" for key, value in where.items()]
    return "\n".join(["[[estimate]]", *lines, ""])


def estimated(root: Path, rules: str, bills: list[Row], meters: list[Row], **more: Any) -> Computed:  # noqa: ANN401
    return computed(edition_of(root, [POWER], EVERYWHERE + rules, incomplete_above="1"), bills, meters=meters, **more)


def quantities_of(result: Computed) -> dict[tuple[str, str | None, str], Decimal]:
    return {(row["site_id"], row["meter_id"], row["month"]): row["quantity"] for row in result.filled.estimates.iter_rows(named=True)}


def two_years(without: tuple[str, ...] = ("2023-02",)) -> list[Row]:
    """1,000 kWh a month in 2022, but 1,200 in February; 1,100 in 2023."""
    bills = [power(month, "1200" if month == "2022-02" else "1000") for month in LAST_YEAR] + [power(month, "1100") for month in YEAR]
    return [sent for sent in bills if str(sent["start"])[:7] not in without]


# ---------------------------------------------------------------- nothing unless the edition allows it


def test_without_a_rule_nothing_is_estimated(tmp_path: Path) -> None:
    assert estimated(tmp_path, "", two_years(), [MAIN]).filled.estimates.is_empty()


@pytest.mark.parametrize("more", [{"measure": "water_tap"}, {"periods": ["2022"]}, {"where": {"site_id": ["SH"]}}, {"where": {"kind": ["store"]}}])
def test_a_rule_serves_only_what_it_names(tmp_path: Path, more: dict[str, Any]) -> None:
    assert estimated(tmp_path, allowed("mean_of_neighbouring_months", **more), two_years(), [MAIN]).filled.estimates.is_empty()
    assert not estimated(tmp_path, allowed("mean_of_neighbouring_months", where={"site_id": ["HQ"]}), two_years(), [MAIN]).filled.estimates.is_empty()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (allowed("by_feeling"), "method"),
        (allowed("per_head", "power"), "there is no measure that can be estimated 'power'"),
        (allowed("per_head", "floor_area"), "there is no measure that can be estimated 'floor_area'"),
        (allowed("per_head", periods=["2019"]), "there is no period '2019'"),
        (allowed("per_head") + allowed("per_floor_area"), "estimate 'e' is given twice"),
        (allowed("per_head", max_months=0), "max_months"),
    ],
)
def test_a_rule_that_names_what_does_not_exist_is_refused(tmp_path: Path, wrong: str, message: str) -> None:
    with pytest.raises(InputProblem, match=message):
        edition_of(tmp_path, [POWER], EVERYWHERE + wrong)


# ---------------------------------------------------------------- the same month of last year


def test_same_month_last_year_by_hand(tmp_path: Path) -> None:
    """1,200 kWh of February 2022; the eleven other months went from 11,000 to 12,100 kWh, which is 1.1: 1,320 kWh."""
    result = estimated(tmp_path, allowed("same_month_last_year"), two_years(), [MAIN])

    assert quantities_of(result) == {("HQ", "E1", "2023-02"): 1320}
    row = result.filled.estimates.row(0, named=True)
    assert row["basis"].startswith("2022-02: 1200 kWh x (12100 kWh of 2023-01, 2023-03, 2023-04, ")
    assert row["basis"].endswith("2023-12) / (11000 kWh of 2022-01, 2022-03, 2022-04, 2022-05, 2022-06, 2022-07, 2022-08, 2022-09, 2022-10, 2022-11, 2022-12)")
    assert (row["days"], row["method"], row["rule"], row["unit"]) == (28, "same_month_last_year", "e", "kWh")
    assert len(row["basis_amount_ids"].split(";")) == 23
    assert result.cell("power")["printed"] == "13420.00"


def test_same_month_last_year_of_a_part_of_a_month(tmp_path: Path) -> None:
    """Of February the first 21 days came: 7 of 28 days of 1,320 kWh are 330."""
    part = bill("electricity_purchased", "900", "2023-02-01", "2023-02-21", meter_id="E1")
    result = estimated(tmp_path, allowed("same_month_last_year"), [*two_years(), part], [MAIN])

    assert quantities_of(result) == {("HQ", "E1", "2023-02"): 330}
    assert result.filled.estimates["basis"][0].endswith(" x 7 of 28 days")


@pytest.mark.parametrize(("least", "made"), [(2, [Decimal("1333.333333333")]), (3, [])])
def test_enough_months_must_be_known_in_both_years(tmp_path: Path, least: int, made: list[Decimal]) -> None:
    """Only January and March are known of both years: 2,000 kWh in 2023, and 900 + 900 in 2022: 1,200 x 2,000 / 1,800."""
    bills = [power("2022-01", "900"), power("2022-02", "1200"), power("2022-03", "900"), power("2023-01", "1000"), power("2023-03", "1000")]
    result = estimated(tmp_path, allowed("same_month_last_year", least_months=least), bills, [MAIN | {"valid_to": day("2023-03-31")}])

    assert list(quantities_of(result).values()) == made


@pytest.mark.parametrize("last_year", ["0", "-5"])
def test_a_year_of_zero_or_less_scales_nothing(tmp_path: Path, last_year: str) -> None:
    bills = [power(month, "1200" if month == "2022-02" else last_year) for month in LAST_YEAR] + [power(month, "1") for month in YEAR if month != "2023-02"]

    assert estimated(tmp_path, allowed("same_month_last_year"), bills, [MAIN]).filled.estimates.is_empty()


@pytest.mark.parametrize("gone", ["2022-02", "2022-02-part"])
def test_the_month_of_last_year_must_be_received_in_full(tmp_path: Path, gone: str) -> None:
    bills = two_years(("2022-02", "2023-02"))
    if gone.endswith("part"):
        bills.append(bill("electricity_purchased", "900", "2022-02-01", "2022-02-27", meter_id="E1"))

    assert {month for _, _, month in quantities_of(estimated(tmp_path, allowed("same_month_last_year"), bills, [MAIN]))} == set()


def of_2021(*gone: str) -> list[Row]:
    return [power(month, "10") for month in [name.replace("2022", "2021") for name in LAST_YEAR] + LAST_YEAR if month not in gone]


@pytest.mark.parametrize("registered", [True, False])
def test_the_year_before_may_lie_outside_the_periods(tmp_path: Path, registered: bool) -> None:
    found = quantities_of(estimated(tmp_path, allowed("same_month_last_year"), of_2021("2022-02"), [MAIN] if registered else []))

    assert found == {("HQ", "E1", "2022-02"): 10}


@pytest.mark.parametrize("month", ["2021-02", "2021-07"])
def test_a_month_that_a_rejected_record_may_belong_to_is_not_known(tmp_path: Path, month: str) -> None:
    """The month itself makes the estimate impossible; another one is left out of the sums."""
    bad = rejected_row("electricity_purchased", start=day(f"{month}-10"), end=day(f"{month}-11"))
    result = estimated(tmp_path, allowed("same_month_last_year"), of_2021("2022-02"), [MAIN], bad=[bad])

    assert [text.count("2021-07") + text.count("2022-07") for text in result.filled.estimates["basis"]] == ([] if month == "2021-02" else [0])


# ---------------------------------------------------------------- the neighbouring months


def test_mean_of_neighbouring_months_by_hand(tmp_path: Path) -> None:
    """January has 310 kWh in 31 days, 10 a day; April 600 in 30, 20 a day: 15 a day, 28 days of February and 31 of March."""
    bills = [power("2023-01", "310"), power("2023-04", "600")]
    result = estimated(tmp_path, allowed("mean_of_neighbouring_months"), bills, [MAIN | {"valid_from": FIRST_DAY, "valid_to": day("2023-04-30")}])

    assert quantities_of(result) == {("HQ", "E1", "2023-02"): 420, ("HQ", "E1", "2023-03"): 465}
    assert result.filled.estimates["basis"].to_list()[0] in {f"(310 kWh of 2023-01 / 31 days + 600 kWh of 2023-04 / 30 days) / 2 x {days} days" for days in (28, 31)}


def test_a_part_of_a_month_takes_the_months_beside_it(tmp_path: Path) -> None:
    """Ten days of February at (10 + 20) / 2 kWh a day."""
    part = bill("electricity_purchased", "1", "2023-02-01", "2023-02-18", meter_id="E1")
    bills = [power("2023-01", "310"), part, power("2023-03", "620")]

    assert quantities_of(estimated(tmp_path, allowed("mean_of_neighbouring_months"), bills, [])) == {("HQ", "E1", "2023-02"): 150}


@pytest.mark.parametrize(("longest", "months"), [(1, {"2023-06"}), (2, {"2023-02", "2023-03", "2023-06"})])
def test_a_gap_may_be_too_long_to_fill(tmp_path: Path, longest: int, months: set[str]) -> None:
    bills = two_years(("2023-02", "2023-03", "2023-06"))
    result = estimated(tmp_path, allowed("mean_of_neighbouring_months", max_months=longest), bills, [MAIN])

    assert {month for _, _, month in quantities_of(result)} == months


def test_a_gap_at_the_end_has_one_neighbour_only_and_stays(tmp_path: Path) -> None:
    result = estimated(tmp_path, allowed("mean_of_neighbouring_months"), two_years(("2023-12",)), [MAIN])

    assert result.filled.estimates.is_empty()
    assert result.cell("power")["reason"].startswith("electricity_purchased: 1 site month expected and not received in full, at HQ (")


# ---------------------------------------------------------------- floor area and heads


def peers(count: int, **given_site: Any) -> tuple[list[Row], list[Row]]:  # noqa: ANN401
    """Sites P1, P2, ... and their bills of January: 100, 200, ... kWh; and floor areas of 1,000, 2,000, ... m2."""
    sites = [site(f"P{number}", climate="cold", **given_site) for number in range(1, count + 1)]
    bills = [power("2023-01", str(100 * number), site_id=f"P{number}") for number in range(1, count + 1)]
    bills += [bill("floor_area", str(1000 * number), "2020-01-01", site_id=f"P{number}") for number in range(1, count + 1)]
    return sites, bills


OWN = bill("floor_area", "500", "2020-01-01")
JANUARY = MAIN | {"valid_from": FIRST_DAY, "valid_to": day("2023-01-31")}
COLD = site(climate="cold")


def test_per_floor_area_by_hand(tmp_path: Path) -> None:
    """600 kWh on 6,000 m2 at three sites are 0.1 kWh/m2: 50 kWh on 500 m2."""
    sites, bills = peers(3)
    result = estimated(tmp_path, allowed("per_floor_area"), [*bills, OWN], [JANUARY], sites=register(COLD, *sites))

    assert quantities_of(result) == {("HQ", None, "2023-01"): 50}
    assert result.filled.estimates["basis"].to_list() == ["600 kWh of 2023-01 at P1, P2, P3 (office, cold) / 6000 m2 x 500 m2"]
    assert len(result.filled.estimates["basis_amount_ids"][0].split(";")) == 7


def test_a_site_that_opened_in_the_month_is_estimated_for_its_days(tmp_path: Path) -> None:
    """From 22 January, ten days: 50 x 10 / 31 = 16.129032258... kWh."""
    sites, bills = peers(3)
    result = estimated(tmp_path, allowed("per_floor_area"), [*bills, OWN], [JANUARY | {"valid_from": day("2023-01-22")}], sites=register(COLD, *sites))

    assert quantities_of(result) == {("HQ", None, "2023-01"): Decimal("16.129032258")}


@pytest.mark.parametrize(
    "case", ["another climate", "another kind", "no climate of its own", "no climate", "no floor area", "floor area of zero", "a peer outside", "a peer with a gap", "a floor area of later", "a peer with a rejected record"]
)  # fmt: skip
def test_peers_must_be_alike_and_known_in_full(tmp_path: Path, case: str) -> None:
    sites, bills = peers(3)
    own, at, bad = OWN, COLD, []
    if case == "another climate":
        sites[2]["climate"] = "mild"
    elif case == "another kind":
        sites[2]["kind"] = "store"
    elif case == "no climate of its own":
        at = site()
    elif case == "no climate":
        sites[2]["climate"] = None
    elif case == "no floor area":
        bills.pop()
    elif case == "floor area of zero":
        bills[-1]["quantity"] = Decimal(0)
    elif case == "a peer outside":
        sites[2]["control"] = "none"
    elif case == "a peer with a gap":
        bills[2]["end"] = day("2023-01-30")
    elif case == "a floor area of later":
        own = bill("floor_area", "500", "2023-02-01")
    else:
        bad = [rejected_row("electricity_purchased", site_id="P3", start=day("2023-01-05"), end=day("2023-01-05"))]

    result = estimated(tmp_path, allowed("per_floor_area"), [*bills, own], [JANUARY], sites=register(at, *sites), bad=bad)
    assert result.filled.estimates.is_empty()


@pytest.mark.parametrize(("least", "made"), [(2, 1), (3, 0)])
def test_enough_peers_must_be_known(tmp_path: Path, least: int, made: int) -> None:
    sites, bills = peers(2)
    result = estimated(tmp_path, allowed("per_floor_area", least_peers=least), [*bills, OWN], [JANUARY], sites=register(COLD, *sites))

    assert result.filled.estimates.height == made


def test_a_site_with_some_record_in_the_month_is_not_estimated_by_floor_area(tmp_path: Path) -> None:
    """It would be counted twice. With two meters of which nothing came it is estimated once."""
    sites, bills = peers(3)
    meters = [JANUARY, JANUARY | {"meter_id": "E2"}]
    known = register(COLD, *sites)

    some = estimated(tmp_path, allowed("per_floor_area"), [*bills, OWN, power("2023-01", "1", meter="E2")], meters, sites=known)
    none = estimated(tmp_path, allowed("per_floor_area"), [*bills, OWN], meters, sites=known)
    assert (some.filled.estimates.height, some.cell("power")["status"]) == (0, "incomplete")
    assert (quantities_of(none), none.cell("power")["status"]) == ({("HQ", None, "2023-01"): 50}, "ok")


def test_a_site_is_estimated_by_meter_or_as_a_whole_and_never_both(tmp_path: Path) -> None:
    """E1 has its neighbours, E2 has none: the whole site would count E1 twice, so that E2 stays missing."""
    sites, bills = peers(3)
    meters = [JANUARY | {"valid_from": day("2022-12-01"), "valid_to": day("2023-02-28")}, JANUARY | {"meter_id": "E2"}]
    rules = allowed("mean_of_neighbouring_months", name="first") + allowed("per_floor_area", name="second")
    result = estimated(tmp_path, rules, [*bills, OWN, power("2022-12"), power("2023-02", "28")], meters, sites=register(COLD, *sites))

    assert quantities_of(result) == {("HQ", "E1", "2023-01"): 31}
    assert result.cell("power")["status"] == "incomplete"


def counted(heads: dict[str, int], **given_count: Any) -> pl.DataFrame:  # noqa: ANN401
    """Employees on the last day of 2023: each site's once as a whole, and once again by gender."""
    rows = [
        {"measure": "employees", "first": day("2023-12-31"), "last": day("2023-12-31"), "record_id": "people", "site_id": name, "cross": cross, "quantity": Decimal(number)}
        | {"attributes": "country=CN;employment_type=full_time" + (";gender=Male" if cross else "")} | given_count
        for name, number in heads.items() for cross in ("", "gender")
    ]  # fmt: skip
    return conform(pl.DataFrame(rows, schema=PEOPLE_COUNTS.schema), PEOPLE_COUNTS)


def test_per_head_by_hand(tmp_path: Path) -> None:
    """600 kWh by 60 heads are 10 kWh a head: 250 kWh of 25."""
    sites, bills = peers(3)
    heads = counted({"P1": 10, "P2": 20, "P3": 30, "HQ": 25})
    result = estimated(tmp_path, allowed("per_head"), bills, [JANUARY], sites=register(COLD, *sites), heads=heads)

    assert quantities_of(result) == {("HQ", None, "2023-01"): 250}
    assert result.filled.estimates["basis"].to_list() == ["600 kWh of 2023-01 at P1, P2, P3 (office, cold) / 60 heads x 25 heads"]


def test_few_heads_are_not_told_by_an_estimate(tmp_path: Path) -> None:
    sites, bills = peers(3)
    heads = counted({"P1": 10, "P2": 20, "P3": 30, "HQ": 4})

    assert estimated(tmp_path, allowed("per_head"), bills, [JANUARY], sites=register(COLD, *sites), heads=heads).filled.estimates.is_empty()


# ---------------------------------------------------------------- which gaps, and in which order


def test_the_first_rule_that_can_be_computed_serves(tmp_path: Path) -> None:
    """February has a last year; January 2022 has none, but both neighbours; the December before has neither and stays."""
    rules = allowed("same_month_last_year", name="year") + allowed("mean_of_neighbouring_months", name="beside")
    result = estimated(tmp_path, rules, two_years(("2022-06", "2023-02", "2022-01")), [MAIN])

    assert dict(result.filled.estimates.select("month", "rule").iter_rows()) == {"2023-02": "year", "2022-06": "beside"}
    assert result.cell("power", "2022")["reason"].startswith("electricity_purchased: 1 site month expected and not received in full, at HQ (")


@pytest.mark.parametrize("where", [{"site_id": "HQ"}, {"site_id": None}, {"site_id": "H-Q"}])
def test_a_rejected_record_is_no_gap_to_be_estimated(tmp_path: Path, where: Row) -> None:
    bad = rejected_row("water_tap;electricity_purchased", start=day("2023-02-20"), end=day("2023-03-05"), **where)
    rules = allowed("mean_of_neighbouring_months")
    result = estimated(tmp_path, rules, two_years(("2023-02", "2023-06")), [MAIN], bad=[bad])

    assert {month for _, _, month in quantities_of(result)} == {"2023-06"}
    assert result.cell("power")["status"] == "blocked"


def test_a_rejected_record_of_another_site_hinders_nothing(tmp_path: Path) -> None:
    bad = rejected_row("electricity_purchased", site_id="SH", start=day("2023-02-20"), end=day("2023-03-05"))
    result = estimated(tmp_path, allowed("mean_of_neighbouring_months"), two_years(), [MAIN], bad=[bad], sites=register(site(), site("SH")))

    assert result.filled.estimates.height == 1


def test_a_bill_of_a_meter_that_nobody_knows_may_be_the_one_that_is_missed(tmp_path: Path) -> None:
    bills = [*two_years(), power("2023-02", "1300", meter="E-1")]
    result = estimated(tmp_path, allowed("mean_of_neighbouring_months"), bills, [MAIN])

    assert (result.filled.estimates.height, result.cell("power")["status"]) == (0, "incomplete")


def test_a_sub_meter_is_never_estimated(tmp_path: Path) -> None:
    sub = MAIN | {"meter_id": "E1a", "part_of": "E1"}

    assert estimated(tmp_path, allowed("mean_of_neighbouring_months"), two_years(()), [MAIN, sub]).filled.estimates.is_empty()


def test_a_gap_outside_the_boundary_is_none(tmp_path: Path) -> None:
    result = estimated(tmp_path, allowed("mean_of_neighbouring_months"), two_years(), [MAIN], sites=register(site(control="none")))

    assert (result.filled.estimates.height, result.filled.amounts.height) == (0, 0)


def test_each_meter_is_estimated_by_its_own_history(tmp_path: Path) -> None:
    """E1 at 1,100 kWh in 31 days on both sides; E2 at 310."""
    second = [power(month, "310", meter="E2") for month in ("2023-01", "2023-03")]
    meters = [MAIN, MAIN | {"meter_id": "E2", "valid_from": FIRST_DAY, "valid_to": day("2023-03-31")}]
    result = estimated(tmp_path, allowed("mean_of_neighbouring_months"), [*two_years(), *second], meters)

    assert quantities_of(result) == {("HQ", "E1", "2023-02"): Decimal("993.548387097"), ("HQ", "E2", "2023-02"): 280}
