"""Populations and lists by hand: what becomes an item, what ought to be in a figure, and what is refused."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl
import pytest

from esg_kpis.errors import InternalProblem
from esg_kpis.factors import Factor
from esg_kpis.sampling import Behind, Ought, drawn, drawn_omissions, items_of, population_digest
from esg_kpis.sampling.computed import computed
from esg_kpis.sampling.omissions import origins_of
from esg_kpis.sampling.population import amounts_of, exact_text, read_exact, read_number
from esg_kpis.tables import COVERAGE, EDITION_AMOUNTS, ESTIMATES, LINEAGE, QUANTITIES, RECORD_FATES, RECORDS, SITES, Table
from tests.sampling_scenario import items, plan

RECORD = {"path": "energy/bills.csv", "sheet": "", "sha256": "f" * 64, "domain": "energy", "start": date(2023, 1, 1), "end": date(2023, 1, 31), "received": "{}"}


def table(of: Table, *rows: dict[str, Any]) -> pl.DataFrame:
    """Rows of a table; what is not given is null."""
    return pl.DataFrame([{name: row.get(name) for name in of.names} for row in rows], schema=of.schema)


def amount(name: str, record: str, quantity: str, times: str, origin: str = "natural_gas") -> tuple[dict[str, Any], dict[str, Any]]:
    lineage = {"amount_id": name, "record_id": record, "quantity": Decimal(quantity), "times": times, "site_id": "A", "month": "2023-01", "root_amount_id": f"root-{name}", "measure": "emission_co2e", "way": "", "unit": "kg", "term_unit": "tCO2e"}
    return lineage, {"amount_id": name, "origin": origin, "measure": "emission_co2e"}


def behind(*amounts: tuple[dict[str, Any], dict[str, Any]]) -> Behind:
    quantities = table(
        QUANTITIES,
        {"record_id": "r1", "column": "gas", "measure": "natural_gas", "received": "1,000", "received_unit": "Nm3"},
        {"record_id": "r1", "column": "heat", "measure": "heat_purchased", "received": "7", "received_unit": "GJ"},
        {"record_id": "r1", "column": "water", "measure": "water_tap", "received": "5", "received_unit": "t"},
        {"record_id": "r2", "column": "gas", "measure": "natural_gas", "received": "-2", "received_unit": "Nm3"},
    )
    return Behind(
        table(LINEAGE, *(lineage for lineage, _ in amounts)), table(EDITION_AMOUNTS, *(edition for _, edition in amounts)),
        table(RECORDS, {**RECORD, "record_id": "r1", "line": 2}, {**RECORD, "record_id": "r2", "line": 3}), quantities,
        table(ESTIMATES, {"amount_id": "root-e", "method": "same_month_last_year", "basis": "12 of 2022", "unit": "m3"}), table(SITES, {"site_id": "A", "kind": "office", "country": "CN"}),
    )  # fmt: skip


def cell(value: str) -> dict[str, Any]:
    return {"value": Decimal(value), "kpi_id": "ghg"}


def test_what_a_record_contributes_is_one_item_however_many_amounts_it_becomes() -> None:
    """Record r1: (2 + 3) / 1000 of gas and 10 x 1/7 of heat; r2 is a credit note; an estimate is an item of its own. 0.005 + 10/7 - 0.002 + 0.5 = 1.931571428571428571..."""
    found = items_of(
        cell("1.931571428571428571"),
        behind(amount("a", "r1", "2", "1/1000"), amount("b", "r1", "3", "1/1000"), amount("c", "r1", "10", "1/7", "heat_purchased"), amount("d", "r2", "-2", "1/1000"), amount("e", "", "500", "1/1000")),
    )  # fmt: skip
    by_item = {row["item_id"]: row for row in found.iter_rows(named=True)}

    assert {name: row["exact"] for name, row in by_item.items()} == {"r1": "2007/1400", "r2": "-0.002", "estimate:root-e": "0.5"}
    assert (by_item["r1"]["received"], by_item["r1"]["received_unit"], by_item["r1"]["line"]) == ("1,000; 7", "Nm3; GJ", 2)
    assert by_item["r1"]["measure"] == "heat_purchased; natural_gas"
    assert by_item["estimate:root-e"]["received"] == "estimated by same_month_last_year: 12 of 2022"
    assert by_item["estimate:root-e"]["path"] == ""
    assert by_item["r2"]["kind"] == "office"


def test_a_book_value_is_shown_with_days_factors_and_what_the_edition_counts() -> None:
    """Of 2,017.04 GJ of 31 days 14 count: 910.921290323 GJ, at 0.11 t/GJ 100.20134193553 t; of a joint venture half of that."""
    factor = Factor("heat", "s", "heat_purchased", "emission_co2e", "", "CO2", "CN", "", Decimal("0.11"), "t/GJ", None, None, date(2020, 1, 1), None, date(2020, 1, 1), "selectable", None, "A", "1", "", Fraction(11, 100))
    line = {"record_id": "r1", "item_id": "r1", "origin": "heat_purchased", "way": "heat", "unit": "MJ", "times": "1/1000", "term_unit": "tCO2e", "root_amount_id": "root"}
    sent = table(QUANTITIES, {"record_id": "r1", "column": "heat", "measure": "heat_purchased", "received": "2,017.04", "received_unit": "GJ", "quantity": Decimal("2017.04"), "canonical": Decimal(2017040), "unit": "MJ", "start": date(2023, 1, 1), "end": date(2023, 1, 31)})
    amounts = table(EDITION_AMOUNTS, {"amount_id": "root", "quantity": Decimal("910921.290322581"), "unit": "MJ"})

    def shown(quantity: str) -> str:
        rows = pl.DataFrame([{**line, "quantity": Decimal(quantity)}])
        return str(computed(rows, amounts, sent, table(ESTIMATES), {"heat": factor})["computed"][0])

    assert shown("100201.34193548391") == "heat_purchased: 2,017.04 GJ x 14/31 days x 0.11 t/GJ (heat) = 100.201341935 tCO2e"
    assert shown("50100.670967741955") == "heat_purchased: 2,017.04 GJ x 14/31 days x 0.11 t/GJ (heat) x 0.5 (share that the edition counts) = 50.100670968 tCO2e"


def test_a_site_month_that_was_filled_says_so() -> None:
    filled = table(ESTIMATES, {"amount_id": "e1", "site_id": "A", "measure": "natural_gas", "month": "2023-02", "method": "same_month_last_year", "quantity": Decimal("12.500"), "unit": "Nm3"})
    told = dict(drawn_omissions(ought(estimates=filled), plan(seed=1)).filter(pl.col("list") == "site_month").select("thing_id", "told").iter_rows())

    assert told["A/natural_gas/2023-02"] == "30 days expected (records), 30 received, 0 missing; filled by estimate e1, method same_month_last_year: 12.5 Nm3"
    assert told["A/natural_gas/2023-01"] == "30 days expected (records), 30 received, 0 missing"


def test_items_that_do_not_add_up_to_the_cell_are_our_mistake() -> None:
    with pytest.raises(InternalProblem, match=r"add up to 0.002, and the cell is 0.003"):
        items_of(cell("0.003"), behind(amount("a", "r1", "2", "1/1000")))


@pytest.mark.parametrize("value", ["0", "-1/3", "2275.6472809320108", "1/1024", "10/1229", "123456789012345678901234567890"])
def test_an_exact_text_is_read_back(value: str) -> None:
    assert read_exact(exact_text(Fraction(value))) == Fraction(value)


@pytest.mark.parametrize("text", ["", "1,000", "1/0", "1/-2", "=1", "１", "NaN", "inf", "1e1000", "1 000", "0x10", "9" * 5000])
def test_other_texts_are_no_numbers(text: str) -> None:
    assert read_exact(text) is None
    assert read_number(text) is None


def test_the_digest_of_a_population_is_of_lines_anybody_can_write() -> None:
    """As `sha256sum` gives it of the lines `a,1.5,x` and `b,-2,y`."""
    population = items({"b": -2, "a": Fraction(3, 2)}, kind={"a": "x", "b": "y"})

    assert population_digest(population, "kind") == "037d0e2f88c9bfd95e87b1309478b9d1f0ab1f3b6c3ded937e0faf8c98b80202"
    assert population_digest(population) != population_digest(population, "kind")
    assert population_digest(population.reverse()) == population_digest(population)


def ought(**given: Any) -> Ought:  # noqa: ANN401
    coverage = table(
        COVERAGE,
        *({"site_id": "A", "measure": "natural_gas", "month": f"2023-{month:02}", "basis": "records", "expected": 30, "received": 30, "missing": 0} for month in range(1, 4)),
        {"site_id": "A", "measure": "natural_gas", "month": "2022-12", "basis": "records", "expected": 31, "received": 31, "missing": 0},
        {"site_id": "A", "measure": "water_tap", "month": "2023-01", "basis": "records", "expected": 31, "received": 31, "missing": 0},
    )
    sites = table(SITES, {"site_id": "A", "name": "Office A", "kind": "office"}, {"site_id": "B", "name": "Store B", "kind": "store"}, {"site_id": "C", "name": "Closed", "kind": "store", "valid_to": date(2022, 6, 30)})
    records = table(
        RECORDS, *({**RECORD, "record_id": name, "line": line} for line, name in enumerate(("used", "zero", "out", "bad"), 2)), {**RECORD, "record_id": "old", "line": 9, "end": date(2022, 12, 31)},
        {**RECORD, "record_id": "person", "line": 10, "domain": "people"}, {**RECORD, "record_id": "waste", "line": 11, "domain": "waste"},
    )  # fmt: skip
    fates = table(
        RECORD_FATES, *({"record_id": name, "fate": "used"} for name in ("used", "zero")), *({"record_id": name, "fate": "excluded", "reason": "outside boundary"} for name in ("out", "old", "person", "waste")),
        {"record_id": "bad", "fate": "rejected", "reason": "no unit", "rule": "unit"},
    )  # fmt: skip
    return Ought(coverage, sites, records, fates, **{"origins": ("electricity_purchased", "natural_gas"), "first": date(2023, 1, 1), "last": date(2023, 12, 31), "zeros": ("zero",), **given})


def test_three_lists_of_what_ought_to_be_in_a_figure() -> None:
    found = drawn_omissions(ought(), plan(seed=1))
    things = {name: set(found.filter(pl.col("list") == name)["thing_id"]) for name in ("site_month", "site_measure", "record")}

    assert things["site_month"] == {"A/natural_gas/2023-01", "A/natural_gas/2023-02", "A/natural_gas/2023-03"}
    assert things["site_measure"] == {"A/electricity_purchased", "B/electricity_purchased", "B/natural_gas"}
    assert things["record"] == {"zero", "out", "bad"}
    assert set(found.filter(pl.col("list") == "record")["told"]) == {"used, as zero", "excluded: outside boundary", "rejected: no unit"}


def test_a_list_is_drawn_by_keys_and_cut_at_the_size_of_an_attribute_sample() -> None:
    """50 % at 50 % needs one thing: the one with the smallest key."""
    few = drawn_omissions(ought(), plan(seed=1, confidence="50", omission_rate="50"))
    every = drawn_omissions(ought(), plan(seed=1))

    assert few.height == 3
    for name in ("site_month", "site_measure", "record"):
        assert few.filter(pl.col("list") == name)["thing_id"][0] == every.filter(pl.col("list") == name)["thing_id"][0]
        assert (few.filter(pl.col("list") == name)["size"][0], few.filter(pl.col("list") == name)["taken"][0]) == (3, 1)


def test_measures_that_lead_to_a_kpi_are_those_sites_send_and_not_people() -> None:
    amounts = table(EDITION_AMOUNTS, *({"measure": "emission_co2e", "origin": name} for name in ("natural_gas", "diesel")), {"measure": "employees", "origin": "employees"}, {"measure": "water_tap", "origin": "water_tap"})

    assert origins_of(amounts, ("emission_co2e",)) == ("diesel", "natural_gas")
    assert origins_of(amounts, ("employees",)) == ()


def test_a_population_of_fractions_is_drawn_exactly() -> None:
    """Sevenths and thirteenths have no decimals: cumulative totals stay fractions, and end at the exact total."""
    amounts = {f"i{number}": Fraction(number, 7 if number % 2 else 13) for number in range(1, 30)}
    sample = drawn(items(amounts), plan(materiality="20"))
    last = sample.population.filter(pl.col("part") == "selectable")["cumulative"][-1]

    assert Fraction(last) == sum((amount for amount in amounts_of(sample.population.filter(pl.col("part") == "selectable"))), Fraction(0))
