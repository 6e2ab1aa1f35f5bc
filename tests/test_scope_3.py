"""Scope 3: stated totals, as supplied, beside Scope 1 and 2 and never in them."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from esg_kpis.assurance.trace import trace
from esg_kpis.domains import CONSOLIDATED, scope_3
from esg_kpis.editions import Edition, added_up, scoped_measures
from esg_kpis.errors import InputProblem
from esg_kpis.ingest import Ingested
from tests.ingest_scenario import csv_of, read_files, rejection, rules
from tests.scenario import EVERYWHERE, Computed, Row, computed, edition_of, kpi, real_library, register, rejected_row, rule, site, year

SITES = (
    "site_id,name,country,kind,business_line\n"
    "GROUP,The group,CN,group,\n"
    "EV-01,Factory,CN,factory,Automotive\n"
    "BJ-01,Campus,CN,office,\n"
)  # fmt: skip
FIGURE = {
    "site_id": "GROUP", "period_start": "2022-01-01", "period_end": "2022-12-31", "category": "all", "method": "not_stated", "gwp_set": "not_stated", "measure": "scope_3_stated",
    "quantity": "10075225.54", "unit": "tCO2e", "statement": "Report, page 83",
}  # fmt: skip
TRAVEL = FIGURE | {"category": "business_travel", "method": "distance_based", "gwp_set": "AR5", "quantity": "120.5"}
GOODS = FIGURE | {"category": "purchased_goods_and_services", "method": "spend_based", "gwp_set": "mixed", "quantity": "9000"}


def sent(root: Path, *rows: Mapping[str, str]) -> Ingested:
    return read_files(root, {"sites/sites.csv": SITES, "scope_3/scope_3.csv": csv_of(*rows)})


def counting(result: Ingested) -> list[str]:
    return [f"{value.normalize():f}" for value in result.quantities.filter(pl.col("excluded").is_null()).sort("record_id")["canonical"]]


# ---------------------------------------------------------------- what comes in


def test_a_stated_figure_keeps_category_method_gwp_set_and_statement(tmp_path: Path) -> None:
    result = sent(tmp_path, TRAVEL)
    row, record = result.quantities.row(0, named=True), result.records.filter(pl.col("domain") == "scope_3").row(0, named=True)

    assert (row["canonical"], row["unit"]) == (Decimal("120500.000000000"), "kg")
    assert row["dimensions"] == "category=business_travel;gwp_set=AR5;method=distance_based"
    assert '"Report, page 83"' in record["received"]


@pytest.mark.parametrize(("unit", "kg"), [("t", "120500"), ("kg", "120.5"), ("tCO2e", "120500"), ("kgCO2e", "120.5")])
def test_units_are_tonnes_and_kilograms(unit: str, kg: str, tmp_path: Path) -> None:
    assert counting(sent(tmp_path, TRAVEL | {"unit": unit})) == [kg]


def test_the_fifteen_categories_of_the_standard_and_the_whole(tmp_path: Path) -> None:
    single = [category for category in scope_3.CATEGORIES if category != "all"]

    assert len(single) == 15
    assert rules(sent(tmp_path, *(TRAVEL | {"category": category} for category in single))) == {}


@pytest.mark.parametrize(
    ("wrong", "rule", "column", "told"),
    [
        ({"category": "commuting"}, "vocabulary", "category", "one of purchased_goods_and_services"),
        ({"category": "6"}, "vocabulary", "category", "business_travel"),
        ({"category": ""}, "required", "category", "category of the value chain"),
        ({"method": ""}, "required", "method", "how it was computed"),
        ({"method": "   "}, "required", "method", "how it was computed"),
        ({"method": "guess"}, "vocabulary", "method", "spend_based"),
        ({"gwp_set": ""}, "required", "gwp_set", "gwp set"),
        ({"gwp_set": "AR7"}, "vocabulary", "gwp_set", "AR6"),
        ({"statement": ""}, "required", "statement", "document that states the figure"),
        ({"statement": "\u200b=cmd()"}, "formula", "statement", "a value, not a formula"),
        ({"statement": " =cmd()"}, "formula", "statement", "a value, not a formula"),
        ({"quantity": "-5"}, "negative", "quantity", "zero or more"),
        ({"quantity": "about 5"}, "number", "quantity", "a number such as"),
        ({"quantity": "=cmd()"}, "formula", "quantity", "a number, not a formula"),
        ({"quantity": ""}, "quantity_missing", "quantity", "a number"),
        ({"quantity": "-5", "bill_kind": "credit_note"}, "credits_too_much", "quantity", ""),
        ({"unit": "Mt"}, "unit", "unit", "tonne"),
        ({"unit": "kWh"}, "unit", "unit", "a unit of scope_3_stated"),
        ({"measure": "emission_co2e"}, "measure", "measure", "one of scope_3_stated"),
        ({"site_id": "GRUOP"}, "unknown_site", "site_id", "a site of the register"),
        ({"quantity": "1000000000"}, "too_large", "quantity", "less than 1000000000 tCO2e"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_rejected_with_its_column_and_what_would_be_right(wrong: Mapping[str, str], rule: str, column: str, told: str, tmp_path: Path) -> None:
    result = sent(tmp_path, TRAVEL | wrong)
    row = rejection(result)

    assert (row["rule"], row["column"], row["line"]) == (rule, column, 2)
    assert told in row["expected"]
    assert row["measures"] == "scope_3_stated" or rule == "measure"
    assert result.quantities.is_empty()


def test_a_formula_hidden_in_a_word_is_refused_as_such(tmp_path: Path) -> None:
    assert rules(sent(tmp_path, TRAVEL | {"category": "\u200b=cmd()"})) == {2: ["formula", "vocabulary"]}


@pytest.mark.parametrize("column", ["category", "method", "gwp_set", "statement"])
def test_a_file_without_a_required_column_gives_no_figure(column: str, tmp_path: Path) -> None:
    result = sent(tmp_path, {name: value for name, value in TRAVEL.items() if name != column})

    assert result.quantities.is_empty()
    assert column in result.rejected["message"].item()


# ---------------------------------------------------------------- twice


def test_the_same_row_twice_counts_once(tmp_path: Path) -> None:
    result = sent(tmp_path, TRAVEL, TRAVEL | {"quantity": "120500", "unit": "kg"})

    assert counting(result) == ["120500"]
    assert result.rejected.is_empty()


@pytest.mark.parametrize(
    "other",
    [
        {"quantity": "121"},
        {"quantity": "121", "method": "spend_based"},
        {"method": "spend_based"},
        {"gwp_set": "AR6"},
        {"quantity": "60", "period_start": "2022-12-01"},
        {"quantity": "9", "site_id": "EV-01"},
        {"quantity": "-1", "bill_kind": "credit_note"},
        {"quantity": "121", "document": "A", "meter_id": "M1"},
    ],
)
def test_one_category_stated_twice_is_rejected_on_both_sides(other: Mapping[str, str], tmp_path: Path) -> None:
    result = sent(tmp_path, TRAVEL, TRAVEL | other, GOODS)

    assert rules(result) == {2: ["stated_twice"], 3: ["stated_twice"]}
    assert counting(result) == ["9000000"]
    first = result.rejected.sort("line").row(0, named=True)
    assert "one figure of business_travel on one day, of the group or of its parts: say `corrects`" in first["expected"]
    assert first["expected"].endswith("scope_3/scope_3.csv, line 3")
    assert first["message"].startswith("scope_3/scope_3.csv, line 2, column 'quantity': read '120.5', expected one figure of business_travel")
    assert "同一类别在同一期间只填一个数值" in first["expected_zh"]


def test_one_total_beside_single_categories_is_rejected(tmp_path: Path) -> None:
    result = sent(tmp_path, FIGURE, TRAVEL, GOODS, TRAVEL | {"period_start": "2021-01-01", "period_end": "2021-12-31"})

    assert rules(result) == {2: ["stated_twice"], 3: ["stated_twice"], 4: ["stated_twice"]}
    assert "either one total, `all`, or single categories" in result.rejected["expected"][0]
    assert counting(result) == ["120500"]


def test_parts_of_the_group_state_their_own(tmp_path: Path) -> None:
    """Two sites, neither the group; other days; and a total of one beside a category of the other."""
    result = sent(tmp_path, TRAVEL | {"site_id": "EV-01"}, TRAVEL | {"site_id": "BJ-01"}, FIGURE | {"period_start": "2023-01-01", "period_end": "2023-12-31"})

    assert result.rejected.is_empty()
    assert len(counting(result)) == 3


def test_a_restated_figure_supersedes_the_one_it_corrects(tmp_path: Path) -> None:
    first, again = TRAVEL | {"document": "R22"}, TRAVEL | {"document": "R23", "corrects": "R22", "quantity": "130", "gwp_set": "AR6"}
    result = sent(tmp_path, first, again)

    assert result.rejected.is_empty()
    assert counting(result) == ["130000"]


def test_a_higher_revision_counts(tmp_path: Path) -> None:
    result = sent(tmp_path, TRAVEL | {"document": "R", "revision": "1"}, TRAVEL | {"document": "R", "revision": "2", "quantity": "130"})

    assert result.rejected.is_empty()
    assert counting(result) == ["130000"]


def test_a_sender_s_words_and_what_is_the_same_throughout_are_declared(tmp_path: Path) -> None:
    form = """format_version = 1
[[file]]
glob = "*.csv"
[[file.feed]]
domain = "scope_3"
columns = { category = "Cat." }
constants = { site_id = "GROUP", method = "several", gwp_set = "AR5", statement = "Report, page 4" }
values = { category = { "Category 6" = "business_travel" } }
[[file.feed.quantity]]
measure = "scope_3_stated"
column = "t"
unit = "tCO2e"
"""
    rows = csv_of({"Cat.": "Category 6", "period_start": "2022-01-01", "period_end": "2022-12-31", "t": "5"})
    result = read_files(tmp_path, {"sites/sites.csv": SITES, "scope_3/a.csv": rows, "scope_3/_format.toml": form})

    assert result.rejected.is_empty()
    assert result.quantities["dimensions"].item() == "category=business_travel;gwp_set=AR5;method=several"


# ---------------------------------------------------------------- KPIs

BY_SCOPE = [
    kpi("any", "tCO2e", amounts=[{"measure": "emission_co2e"}]),
    kpi("one_two", "tCO2e", amounts=[{"measure": "emission_co2e", "scope": ["1", "2"]}]),
    *(kpi(f"scope_{number}", "tCO2e", amounts=[{"measure": "emission_co2e", "scope": number}]) for number in "123"),
    kpi("gas", "tonne", amounts=[{"measure": "emission_gas", "gas_group": "CO2"}]),
]
STATED = kpi(
    "three", "tCO2e", "scope_3_stated", stated=True,
    breakdowns=[
        {"name": "total", "categories": {"All": {}}},
        {"name": "category", "categories": {"Travel": {"scope_3_category": ["business_travel"]}, "Goods": {"scope_3_category": ["purchased_goods_and_services"]}}},
    ],
)  # fmt: skip
TRAVELLED = year("scope_3_stated", "120500.25", site_id="GROUP", dimensions="category=business_travel;gwp_set=AR5;method=distance_based")
BOUGHT = year("scope_3_stated", "9000000", site_id="GROUP", dimensions="category=purchased_goods_and_services;gwp_set=mixed;method=spend_based") | {"record_id": "goods"}
POWER = year("electricity_purchased", "1000000")
GRID = rule("grid", "electricity_purchased", "emission_gas", "mee-ets-2023-43", "CO2", more='data_year = 2022\napplies_to = ["2022", "2023"]')
GROUP_TOO = register(site(control="both"), site("GROUP", kind="group", control="both"))


def told(root: Path, *bills: Row, kpis: tuple[Row, ...] = (), bad: tuple[Row, ...] = (), published: str | None = None, **head: str) -> Computed:
    edition = edition_of(root, [*BY_SCOPE, STATED, *kpis], EVERYWHERE + GRID, published, **head)
    return computed(edition, bills, library=real_library(), sites=GROUP_TOO, bad=bad)


def states(result: Computed, kpi_id: str = "three") -> dict[str, tuple[str, Decimal | None]]:
    rows = result.values.filter((pl.col("kpi_id") == kpi_id) & (pl.col("period") == "2023"))
    return {category: (status, value) for category, status, value in rows.select("category", "status", "value").iter_rows()}


@pytest.mark.parametrize("consolidation", ["operational_control", "financial_control", "equity_share"])
def test_scope_3_stands_beside_scope_1_and_2_and_in_no_kpi_of_emissions(consolidation: str, tmp_path: Path) -> None:
    (tmp_path / "with").mkdir()
    (tmp_path / "without").mkdir()
    without = told(tmp_path / "without", POWER, consolidation=consolidation)
    beside = told(tmp_path / "with", POWER, TRAVELLED, BOUGHT, consolidation=consolidation)
    emissions = [entry["id"] for entry in BY_SCOPE]

    def cells(result: Computed) -> list[Row]:
        return result.values.filter(pl.col("kpi_id").is_in(emissions)).sort("kpi_id", "period").to_dicts()

    assert without.cell("one_two")["value"] > 0
    assert cells(beside) == cells(without)
    assert beside.cell("scope_3")["status"] == "not_collected"
    assert beside.cell("three")["value"] == Decimal("9120.50025")
    assert beside.applied.derived.filter(pl.col("origin") == "scope_3_stated").is_empty()
    assert beside.applied.problems.is_empty()


def test_no_factor_is_asked_for_and_the_amounts_say_scope_3(tmp_path: Path) -> None:
    result = told(tmp_path, POWER, TRAVELLED)
    amounts = result.amounts.filter(pl.col("measure") == "scope_3_stated")

    assert "scope_3_stated" not in scoped_measures(result.edition)
    assert "electricity_purchased" in scoped_measures(result.edition)
    assert "scope_3_stated" not in set().union(*added_up(result.edition).values())
    assert "scope_3" not in CONSOLIDATED
    assert amounts["scope"].unique().to_list() == ["3"]
    assert amounts["quantity"].sum() == Decimal("120500.25")


def test_a_total_of_all_three_names_both_measures(tmp_path: Path) -> None:
    every = kpi("every", "tCO2e", amounts=[{"measure": "emission_co2e", "scope": ["1", "2"]}, {"measure": "scope_3_stated"}])
    result = told(tmp_path, POWER, TRAVELLED, kpis=(every,))

    assert result.cell("every")["value"] == result.cell("one_two")["value"] + Decimal("120.50025")


def test_a_breakdown_by_category_and_what_is_not_stated_is_not_collected(tmp_path: Path) -> None:
    upstream = kpi("travel", "tCO2e", amounts=[{"measure": "scope_3_stated", "where": {"scope_3_category": ["business_travel", "employee_commuting"]}}])
    result = told(tmp_path, POWER, TRAVELLED, kpis=(upstream,))

    assert states(result) == {"All": ("ok", Decimal("120.50025")), "Travel": ("ok", Decimal("120.50025")), "Goods": ("not_collected", None)}
    assert result.cell("travel")["value"] == Decimal("120.50025")


def test_one_total_has_no_categories(tmp_path: Path) -> None:
    result = told(tmp_path, year("scope_3_stated", "10075225540", site_id="GROUP", dimensions="category=all;gwp_set=not_stated;method=not_stated"))

    assert states(result) == {"All": ("ok", Decimal("10075225.54")), "Travel": ("not_collected", None), "Goods": ("not_collected", None)}


def test_a_rejected_figure_blocks_the_total_and_every_category(tmp_path: Path) -> None:
    result = told(tmp_path, TRAVELLED, bad=(rejected_row("scope_3_stated", site_id="GROUP", path="scope_3/a.csv"),))

    assert {category: state for category, (state, _) in states(result).items()} == dict.fromkeys(("All", "Travel", "Goods"), "blocked")
    assert result.cell("one_two")["status"] == "not_collected"


def test_it_is_printed_as_supplied_and_tied_out_as_stated(tmp_path: Path) -> None:
    figures = 'three,2023,total,All,"9,120.50",tCO2e,2,t\nthree,2023,category,Travel,120.50,tCO2e,2,t\nthree,2023,category,Goods,"9,000.01",tCO2e,2,t\n'
    result = told(tmp_path, TRAVELLED, BOUGHT, published=figures)
    ties = result.tie_out.filter(pl.col("published").is_not_null())

    assert dict(ties.select("category", "verdict").iter_rows()) == {"All": "stated", "Travel": "stated", "Goods": "differs"}
    assert result.amounts.filter(pl.col("measure") == "scope_3_stated")["quality"].unique().to_list() == ["stated"]


def test_a_trace_of_a_category_leads_to_its_line_only(tmp_path: Path) -> None:
    result = told(tmp_path, TRAVELLED, BOUGHT)
    found = trace(result.tables(), result.inputs, "three", "2023", "category", "Travel")

    assert [row["record_id"] for part in found["parts"] for row in part["records"]] == [TRAVELLED["record_id"]]


def test_no_gap_is_seen_between_two_stated_years(tmp_path: Path) -> None:
    result = told(tmp_path, TRAVELLED, year("scope_3_stated", "1", 2021, site_id="GROUP", dimensions=TRAVELLED["dimensions"]))

    assert result.gaps.summary.filter(pl.col("measure") == "scope_3_stated").is_empty()


# ---------------------------------------------------------------- what an edition may not say


def refused(root: Path, kpis: list[Row], rules: str = EVERYWHERE) -> str:
    with pytest.raises(InputProblem) as problem:
        edition_of(root, kpis, rules)
    return str(problem.value)


@pytest.mark.parametrize("rule_of", [("scope_3_stated", "emission_co2e"), ("electricity_purchased", "scope_3_stated")])
def test_no_factor_rule_leads_from_it_or_to_it(rule_of: tuple[str, str], tmp_path: Path) -> None:
    text = refused(tmp_path, [STATED], EVERYWHERE + rule("x", *rule_of, "mee-ets-2023-43"))

    assert "no factor leads from scope_3_stated or to it" in text


@pytest.mark.parametrize("word", ["busines_travel", "not business_travel"])
def test_a_misspelt_category_is_refused(word: str, tmp_path: Path) -> None:
    in_breakdown = kpi("three", "tCO2e", "scope_3_stated", breakdowns=[{"name": "category", "categories": {"Travel": {"scope_3_category": [word]}}}])
    in_amounts = kpi("three", "tCO2e", amounts=[{"measure": "scope_3_stated", "where": {"scope_3_category": [word]}}])

    for entry in (in_breakdown, in_amounts):
        assert f"there is no scope_3_category '{word}'" in refused(tmp_path, [entry])


def test_the_worked_edition_defines_it_as_stated(edition_2023: Edition) -> None:
    found = edition_2023.kpis["ghg_scope_3"]

    assert found.stated
    assert [item.measure for item in found.amounts] == [("scope_3_stated",)]
    assert {"ghg_scope_3"} & {item.kpi_id for item in edition_2023.rules.known_difference} == set()


@pytest.fixture(scope="module")
def edition_2023() -> Edition:
    from esg_kpis.editions import read_edition
    from tests.conftest import REPOSITORY

    return read_edition(REPOSITORY / "editions" / "2023")
