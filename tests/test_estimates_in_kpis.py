"""What becomes of estimates: KPIs with their share and limit, CO2e, the trace back to records, and what no estimate may change."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esg_kpis.assurance.trace import trace
from esg_kpis.editions import counting_of
from esg_kpis.editions.boundary import WAIVED
from esg_kpis.exact import PRODUCT
from esg_kpis.kpis import Inputs
from esg_kpis.kpis.cut import Cut
from esg_kpis.kpis.formulas import value_of
from tests.scenario import EVERYWHERE, bill, computed, day, edition_of, factor_row, gwp_row, kpi, library_of, register, rule
from tests.test_coverage import MAIN, POWER, power
from tests.test_estimates import COLD, FIRST_DAY, JANUARY, LAST_YEAR, OWN, YEAR, allowed, estimated, peers, two_years

# ---------------------------------------------------------------- what becomes of KPIs


@pytest.mark.parametrize(("limit", "status"), [("0.0983", "incomplete"), ("0.0984", "ok"), ("1", "ok")])
def test_a_kpi_is_incomplete_above_the_limit(tmp_path: Path, limit: str, status: str) -> None:
    """1,320 of 13,420 kWh are 9.836 %."""
    edition = edition_of(tmp_path, [POWER], EVERYWHERE + allowed("same_month_last_year"), incomplete_above=limit)
    cell = computed(edition, two_years(), meters=[MAIN]).cell("power")

    assert (cell["status"], cell["printed"], cell["estimated_share"]) == (status, "13420.00", Decimal("0.098360655737704918"))
    if status == "incomplete":
        assert cell["reason"] == "9.8 % is estimated, more than 9.8 %"


def test_an_estimate_beside_what_is_waived_and_has_no_quantity_counts(tmp_path: Path) -> None:
    """A sum of rows of the cube, of which one holds nothing but the mark of a record that was rejected and waived: no quantity, and no size of it."""
    edition = edition_of(tmp_path, [POWER], EVERYWHERE)
    given = Inputs(edition, library_of(tmp_path, {"mee": [factor_row()]}, [gwp_row("CO2", "1")]), edition.rules.knowledge_date, pl.DataFrame(), pl.DataFrame())
    ninety, nine, nothing = (pl.lit(number, dtype=PRODUCT) for number in (90, 9, None))
    row = pl.select(measure=pl.lit("electricity_purchased"), cross=pl.lit(""), quantity=ninety, estimated=nine, size=ninety, blocked=pl.lit(None, pl.String()), rows=1, short=pl.lit([], pl.List(pl.String())))
    mark = row.with_columns(quantity=nothing, estimated=nothing, size=nothing, rows=0, short=pl.lit([WAIVED]))
    totals = Cut(pl.concat([row, mark])).totals((0, 1))

    value = value_of(edition.kpis["power"], edition.periods["2023"], lambda _kpi, _within: totals, None, None, given)

    assert (value.value, value.status, value.estimated_share) == (Fraction(90), "incomplete", Fraction(1, 10))
    assert value.reason is not None
    assert value.reason.startswith("a rejected record that it needs is waived and left out")


def test_exactly_the_limit_is_not_above_it(tmp_path: Path) -> None:
    """28 of 90 kWh are estimated, which is 0.311111111111111111(1...)."""
    bills = [power("2023-01", "31"), power("2023-03", "31")]
    meter = MAIN | {"valid_from": FIRST_DAY, "valid_to": day("2023-03-31")}
    for limit, status in (("0.311111111111111111", "incomplete"), ("0.311111111111111112", "ok")):
        edition = edition_of(tmp_path, [POWER], EVERYWHERE + allowed("mean_of_neighbouring_months"), incomplete_above=limit)
        assert computed(edition, bills, meters=[meter]).cell("power")["status"] == status


def test_co2e_made_of_an_estimate_is_estimated_in_the_same_share(tmp_path: Path) -> None:
    library = library_of(tmp_path, {"mee": [factor_row(data_from="2022-01-01")]}, [gwp_row("CO2", "1")])
    ghg = kpi("ghg", "tonne", amounts=[{"measure": ["emission_gas"], "gas_group": ["CO2"]}])
    edition = edition_of(
        tmp_path, [POWER, ghg], EVERYWHERE + rule("grid", "electricity_purchased", "emission_gas", "mee", "CO2") + allowed("same_month_last_year"), incomplete_above="0.05"
    )
    result = computed(edition, two_years(), meters=[MAIN], library=library)

    cell = result.cell("ghg")
    assert (cell["printed"], cell["status"], cell["estimated_share"]) == ("6.71", "incomplete", Decimal("0.098360655737704918"))
    derived = result.applied.derived.filter("estimated").row(0, named=True)
    assert (derived["estimate_method"], derived["quantity"], derived["record_id"]) == ("same_month_last_year", 660, "")


def test_what_is_made_of_two_kpis_has_the_larger_share_of_both(tmp_path: Path) -> None:
    """Power of 2023 rests on 1,320 of 13,420 kWh; that of 2022 on nothing, and so do heads."""
    per = kpi("per", "kWh/person", formula="ratio", numerator="power", denominator="heads")
    growth = kpi("growth", "%", formula="growth", numerator="power")
    kpis = [POWER, kpi("heads", "person", "employees_full_time"), per, growth]
    bills = [*two_years(), bill("employees_full_time", "10", "2023-12-31", "2023-12-31")]
    result = computed(edition_of(tmp_path, kpis, EVERYWHERE + allowed("same_month_last_year"), incomplete_above="0.05"), bills, meters=[MAIN])

    for name, printed in (("per", "1342.00"), ("growth", "10.00")):
        cell = result.cell(name)
        assert (cell["printed"], cell["status"], cell["reason"]) == (printed, "incomplete", "9.8 % is estimated, more than 5.0 %")
        assert cell["estimated_share"] == Decimal("0.098360655737704918")


def test_a_count_counts_no_mark_of_what_is_missing(tmp_path: Path) -> None:
    bills = kpi("bills", "case", formula="count", amounts=[{"measure": ["electricity_purchased"]}])
    cell = computed(edition_of(tmp_path, [bills]), two_years(), meters=[MAIN]).cell("bills")

    assert (cell["printed"], cell["status"]) == ("11.00", "incomplete")


def test_heads_are_counted_where_an_estimate_asks_for_them(tmp_path: Path) -> None:
    assert counting_of([edition_of(tmp_path, [POWER])]).crosses == {}
    assert counting_of([edition_of(tmp_path, [POWER], EVERYWHERE + allowed("per_head"))]).crosses == {"employees": {()}}


def test_a_trace_leads_through_an_estimate_to_the_records_behind_it(tmp_path: Path) -> None:
    result = estimated(tmp_path, allowed("mean_of_neighbouring_months"), two_years(), [MAIN])
    part = trace(result.tables(), result.inputs, "power", "2023", "total", "All")["parts"][0]

    [shown] = part["estimates"]
    assert (shown["method"], shown["quantity"], shown["month"]) == ("mean_of_neighbouring_months", "993.548387097", "2023-02")
    assert [row["record_id"] for row in shown["records"]] == ["HQ E1 2023-01", "HQ E1 2023-03"]
    assert part["value"] == "13093.548387097"


def test_a_trace_leads_to_the_floor_areas_behind_an_estimate(tmp_path: Path) -> None:
    sites, bills = peers(3)
    result = estimated(tmp_path, allowed("per_floor_area"), [*bills, OWN], [JANUARY], sites=register(COLD, *sites))
    [shown] = trace(result.tables(), result.inputs, "power", "2023", "total", "All")["parts"][0]["estimates"]

    assert {row["record_id"] for row in shown["records"]} == {sent["record_id"] for sent in [*bills, OWN]}


# ---------------------------------------------------------------- properties


@settings(max_examples=25, deadline=None)
@given(st.sets(st.sampled_from([*LAST_YEAR, *YEAR]), max_size=10), st.permutations(["same_month_last_year", "mean_of_neighbouring_months"]), st.booleans())
def test_estimates_change_nothing_that_came_and_days_add_up(tmp_path_factory: pytest.TempPathFactory, gone: set[str], methods: list[str], registered: bool) -> None:
    root = tmp_path_factory.mktemp("gaps")
    rules = "".join(allowed(method, name=method) for method in methods)
    bills, meters = two_years(tuple(gone)), [MAIN] if registered else []
    bare, full = estimated(root, "", bills, meters), estimated(root, rules, bills, meters)

    came = pl.col("record_id") != ""
    assert full.amounts.filter(came).equals(bare.amounts.filter(came))
    days = full.gaps.coverage.join(full.filled.estimates.group_by("month").agg(pl.col("days").sum().alias("filled")), on="month", how="left").fill_null(0)
    assert (days["received"] + days["missing"] == days["expected"]).all()
    assert (days["filled"] <= days["missing"]).all()
    counts = full.filled.summary
    assert (counts["site_months_received"] + counts["site_months_estimated"] + counts["site_months_missing"] == counts["site_months"]).all()
    assert counts["site_months_estimated"].sum() == full.filled.estimates.height
    whole = (counts["quantity_received"] + counts["quantity_estimated"]).sum()
    assert whole == full.amounts.filter(pl.col("excluded").is_null())["quantity"].sum()
