"""The bridge between two editions: each cause by itself, causes that meet, what cannot be told apart, and sums to the last digit."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esg_kpis.exact import rounded
from esg_kpis.factors import Library
from esg_kpis.restatement.bridge import bridge_table, bridges, steps
from esg_kpis.restatement.causes import CAUSES, Pair
from esg_kpis.restatement.evaluation import Mixtures
from esg_kpis.restatement.shapley import Effect, in_order, owen, partition, shapley, subsets
from esg_kpis.restatement.threshold import base_year_test
from esg_kpis.tables import finding_id
from tests.conftest import Ran
from tests.restatement_scenario import bridge_of, edition_named, effects, pair_of, side_of
from tests.scenario import EVERYWHERE, GRID, factor_row, gwp_row, kpi, library_of, real_library, register, rejected_row, rule, site, year
from tests.test_anomalies import counted
from tests.test_scope_1 import COOLING

GHG = kpi("ghg", "tCO2e", "emission_co2e")
POWER = year("electricity_purchased", "1000000")
STORE = year("electricity_purchased", "2000000", site_id="STORE")
SITES = register(site(), site("STORE", kind="store"))
OFFICES = '[[boundary]]\nid = "offices"\nwhere = { kind = ["office"] }\ntext = "Offices."\n'
POWER_ONLY = '[[boundary]]\nid = "power"\nmeasures = ["electricity_purchased"]\ntext = "Electricity only."\n'
OTHER_GRID = rule("grid", "electricity_purchased", "emission_gas", "other", "CO2")
HEAT = rule("heat", "heat_purchased", "emission_gas", "mee", "CO2")
CO2 = [gwp_row("CO2", "1")]


def grids(root: Path) -> Library:
    """0.5 t/MWh by one source, 0.6 by another; heat 0.1 t/GJ."""
    heat = factor_row("heat-cn", measure="heat_purchased", unit="t/GJ", value="0.1")
    return library_of(root, {"mee": [factor_row(), heat], "other": [factor_row("grid-other", value="0.6")]}, CO2)


# ---------------------------------------------------------------- one cause by itself


def test_another_gwp_set_is_all_of_the_change(tmp_path: Path) -> None:
    """10 kg HFC-134a: 13 t by AR5, 15.3 t by AR6."""
    first = edition_named(tmp_path, "first", [GHG], EVERYWHERE + COOLING)
    second = edition_named(tmp_path, "second", [GHG], EVERYWHERE + COOLING, gwp_set="AR6", methane="by_origin")
    pair = pair_of(first, second, [year("refrigerant_refill", "10", dimensions="refrigerant=HFC-134a")], real_library())

    found = bridge_of(pair)

    assert pair.differing == ("gwp",)
    assert found.computed == (13, Fraction("15.3"))
    assert effects(found) == {"gwp": Fraction("2.3")}
    assert found.bars[0].text == "AR5 → AR6; methane one_value → by_origin"


def test_another_boundary_is_all_of_the_change(tmp_path: Path) -> None:
    """1,000 MWh at an office, 2,000 MWh at a store, 0.5 t/MWh."""
    first, second = edition_named(tmp_path, "first", [GHG], OFFICES + GRID), edition_named(tmp_path, "second", [GHG], EVERYWHERE + GRID)

    found = bridge_of(pair_of(first, second, [POWER, STORE], grids(tmp_path), sites=SITES))

    assert found.computed == (500, 1500)
    assert effects(found) == {"boundary": Fraction(1000)}
    assert found.bars[0].text == "electricity_purchased: offices (kind office) → group (all sites)"


def test_another_source_of_a_factor_is_all_of_the_change(tmp_path: Path) -> None:
    first, second = edition_named(tmp_path, "first", [GHG], EVERYWHERE + GRID), edition_named(tmp_path, "second", [GHG], EVERYWHERE + OTHER_GRID)

    found = bridge_of(pair_of(first, second, [POWER], grids(tmp_path)))

    assert effects(found) == {"factors": Fraction(100)}
    assert found.bars[0].text == "electricity_purchased to emission_gas CO2: mee → other"


def test_a_later_day_of_knowledge_is_of_the_factors(tmp_path: Path) -> None:
    """The nearer factor came out between the two days."""
    rules = EVERYWHERE + GRID
    first, second = edition_named(tmp_path, "first", [GHG], rules), edition_named(tmp_path, "second", [GHG], rules, knowledge_date="2024-05-01")
    library = library_of(tmp_path, {"mee": [factor_row(), factor_row("grid-ncg", region="CN-NCG", value="0.7")]}, CO2)
    late = replace(library, factors=tuple(replace(item, published=date(2024, 4, 20)) if item.factor_id == "grid-ncg" else item for item in library.factors))

    pair = pair_of(first, second, [POWER], late)

    assert pair.differing == ("factors",)
    assert effects(bridge_of(pair)) == {"factors": Fraction(200)}


def test_a_source_that_was_added_comes_with_its_rules_and_boundary(tmp_path: Path) -> None:
    """The first edition has neither a boundary nor a rule for heat: 1,000 GJ at 0.1 t/GJ."""
    first, second = edition_named(tmp_path, "first", [GHG], POWER_ONLY + GRID), edition_named(tmp_path, "second", [GHG], EVERYWHERE + GRID + HEAT)

    pair = pair_of(first, second, [POWER, year("heat_purchased", "1000000")], grids(tmp_path))
    found = bridge_of(pair)

    assert found.computed == (500, 600)
    assert effects(found) == {"sources": Fraction(100)}
    assert found.bars[0].text.startswith("added: heat_purchased")


def test_a_source_that_was_left_out_as_a_whole_is_one_that_was_added(tmp_path: Path) -> None:
    """An exclusion of a measure without a rule goes with its source: without it nobody could compute the rest."""
    left_out = '[[exclusion]]\nid = "no-heat"\nmeasures = ["heat_purchased"]\ntext = "Not counted."\n'
    first, second = edition_named(tmp_path, "first", [GHG], EVERYWHERE + GRID + left_out), edition_named(tmp_path, "second", [GHG], EVERYWHERE + GRID + HEAT)

    assert effects(bridge_of(pair_of(first, second, [POWER, year("heat_purchased", "1000000")], grids(tmp_path)))).get("sources") == 100


def test_an_origin_that_the_definition_adds_is_a_source(tmp_path: Path) -> None:
    one, both = (kpi("ghg", "tCO2e", amounts=[{"measure": "emission_co2e", "origin": origin}]) for origin in (["electricity_purchased"], ["electricity_purchased", "heat_purchased"]))
    first, second = edition_named(tmp_path, "first", [one], EVERYWHERE + GRID + HEAT), edition_named(tmp_path, "second", [both], EVERYWHERE + GRID + HEAT)

    found = bridge_of(pair_of(first, second, [POWER, year("heat_purchased", "1000000")], grids(tmp_path)))

    assert effects(found) == {"sources": Fraction(100)}


def test_sites_that_the_definition_narrows_are_of_the_boundary(tmp_path: Path) -> None:
    narrow = kpi("ghg", "tCO2e", amounts=[{"measure": "emission_co2e", "where": {"kind": ["office"]}}])
    first, second = edition_named(tmp_path, "first", [narrow], EVERYWHERE + GRID), edition_named(tmp_path, "second", [GHG], EVERYWHERE + GRID)

    found = bridge_of(pair_of(first, second, [POWER, STORE], grids(tmp_path), sites=SITES))

    assert effects(found) == {"boundary": Fraction(1000)}
    assert found.bars[0].text == "the KPI narrows sites otherwise"


def test_an_exclusion_of_what_both_have_rules_for_is_of_the_method(tmp_path: Path) -> None:
    left_out = '[[exclusion]]\nid = "no-heat"\nmeasures = ["heat_purchased"]\ntext = "Not counted."\n'
    first, second = edition_named(tmp_path, "first", [GHG], EVERYWHERE + GRID + HEAT), edition_named(tmp_path, "second", [GHG], EVERYWHERE + GRID + HEAT + left_out)

    found = bridge_of(pair_of(first, second, [POWER, year("heat_purchased", "1000000")], grids(tmp_path)))

    assert effects(found) == {"method": Fraction(-100)}
    assert found.bars[0].text == "left out by exclusion: no-heat"


def test_another_formula_is_of_the_method(tmp_path: Path) -> None:
    mean = GHG | {"mean_over": "months"}
    first, second = edition_named(tmp_path, "first", [GHG], EVERYWHERE + GRID), edition_named(tmp_path, "second", [mean], EVERYWHERE + GRID)

    found = bridge_of(pair_of(first, second, [POWER], grids(tmp_path)))

    assert effects(found) == {"method": Fraction(500, 12) - 500}
    assert found.bars[0].text == "definition of ghg: mean_over"


def test_other_days_of_a_period_are_a_cause(tmp_path: Path) -> None:
    """A year of 365 MWh and one that ends a month earlier: 31 days less."""
    first = edition_named(tmp_path, "first", [GHG], EVERYWHERE + GRID)
    second = edition_named(tmp_path, "second", [GHG], EVERYWHERE + GRID)
    shorter = tuple(item.model_copy(update={"last": item.last.replace(month=11, day=30)}) if item.id == "2023" else item for item in second.rules.period)
    second = replace(second, rules=second.rules.model_copy(update={"period": shorter}))

    found = bridge_of(pair_of(first, second, [year("electricity_purchased", "365000")], grids(tmp_path)))

    assert effects(found) == {"period": Fraction("-15.5")}


def test_other_records_are_a_cause_where_the_editions_are_of_two_runs(tmp_path: Path) -> None:
    edition = edition_named(tmp_path, "first", [GHG], EVERYWHERE + GRID)
    library = grids(tmp_path)
    pair = Pair(side_of(edition, [POWER], library), side_of(edition, [POWER | {"quantity": Decimal(1100000)}], library), "2023", ("ghg",))

    assert pair.differing == ("data",)
    assert effects(bridge_of(pair)) == {"data": Fraction(50)}


def test_editions_that_differ_in_words_only_have_no_bars(tmp_path: Path) -> None:
    first, second = edition_named(tmp_path, "first", [GHG], EVERYWHERE + GRID), edition_named(tmp_path, "second", [GHG | {"text": "Otherwise said."}], EVERYWHERE + GRID.replace('id = "grid"', 'id = "power"'))

    pair = pair_of(first, second, [POWER], grids(tmp_path))

    assert pair.differing == ()
    assert bridge_of(pair).bars == ()


# ---------------------------------------------------------------- causes that meet


def test_two_causes_that_meet_share_what_they_do_together(tmp_path: Path) -> None:
    """1,000 then 3,000 MWh, 0.5 then 0.6 t/MWh. Boundary first: + 1,000, then factors + 300. Factors first: + 100, then boundary + 1,200. The means: 1,100 and 200."""
    first, second = edition_named(tmp_path, "first", [GHG], OFFICES + GRID), edition_named(tmp_path, "second", [GHG], EVERYWHERE + OTHER_GRID)

    found = bridge_of(pair_of(first, second, [POWER, STORE], grids(tmp_path), sites=SITES))

    assert found.computed == (500, 1800)
    assert [(bar.name, bar.effect) for bar in found.bars] == [("boundary", Effect(Fraction(1100), Fraction(1000), Fraction(1200))), ("factors", Effect(Fraction(200), Fraction(100), Fraction(300)))]


def test_a_place_that_only_one_edition_counts_takes_its_factors(tmp_path: Path) -> None:
    """The first edition has no factor for the store abroad, and needs none: what the store emits is all of the boundary, and the factor at home all of the factors."""
    sites = register(site(), site("STORE", kind="store", country="HK", grid_region="HK"))
    abroad = rule("abroad", "electricity_purchased", "emission_gas", "abroad", "CO2", more='regions = ["HK"]')
    library = library_of(tmp_path, {"mee": [factor_row()], "other": [factor_row("grid-other", value="0.6")], "abroad": [factor_row("grid-hk", region="HK", value="0.4")]}, CO2)
    first, second = edition_named(tmp_path, "first", [GHG], OFFICES + GRID), edition_named(tmp_path, "second", [GHG], EVERYWHERE + abroad + OTHER_GRID)

    found = bridge_of(pair_of(first, second, [POWER, STORE], library, sites=sites))

    assert effects(found) == {"boundary": Fraction(800), "factors": Fraction(100)}
    assert all(bar.effect.low == bar.effect.high for bar in found.bars)


def test_causes_that_cannot_be_told_apart_are_one_part_with_the_reason(tmp_path: Path) -> None:
    """A factor in CO2e by AR5 does not serve an edition by AR6, so the two cannot change one by one."""
    in_co2e = {"output": "emission_co2e", "gas": "", "unit": "tCO2e/MWh"}
    library = library_of(tmp_path, {"five": [factor_row("five", gwp_set="AR5", **in_co2e)], "six": [factor_row("six", gwp_set="AR6", value="0.6", **in_co2e)]}, [gwp_row("CO2", "1"), gwp_row("CO2", "1", gwp_set="AR6")])
    rules = [where + rule("grid", "electricity_purchased", "emission_co2e", source) for where, source in ((OFFICES, "five"), (EVERYWHERE, "six"))]
    first, second = edition_named(tmp_path, "first", [GHG], rules[0]), edition_named(tmp_path, "second", [GHG], rules[1], gwp_set="AR6", methane="by_origin")

    found = bridge_of(pair_of(first, second, [POWER, STORE], library, sites=SITES))

    assert effects(found) == {"boundary": Fraction(1100), "factors + gwp": Fraction(200)}
    assert "not to be told apart: with factors of second and boundary and gwp of first there is no value" in found.bars[1].text
    assert "in CO2e by AR6, the edition by AR5" in found.bars[1].text


def test_a_waiver_that_only_the_boundary_of_the_other_edition_makes_needless_is_one_part_with_it(tmp_path: Path) -> None:
    bad = rejected_row("electricity_purchased", site_id="STORE", record_id="bad")
    waived = f'[[waiver]]\nfinding = "{finding_id("rejected_record", "bad")}"\nreason = "r"\nwho = "preparer"\nuntil = 2024-12-31\n'
    first, second = edition_named(tmp_path, "first", [GHG], EVERYWHERE + GRID + waived), edition_named(tmp_path, "second", [GHG], OFFICES + GRID)

    found = bridge_of(pair_of(first, second, [POWER, STORE], grids(tmp_path), sites=SITES, bad=[bad]))

    assert effects(found) == {"data + boundary": Fraction(-1000)}


def test_a_value_that_one_edition_does_not_have_has_no_bridge(tmp_path: Path) -> None:
    first, second = edition_named(tmp_path, "first", [GHG], EVERYWHERE + GRID), edition_named(tmp_path, "second", [GHG], EVERYWHERE + OTHER_GRID)
    library = library_of(tmp_path, {"mee": [factor_row()], "other": [factor_row("far", region="HK")]}, CO2)

    made, none = bridges(Mixtures(pair_of(first, second, [POWER], library)), [("ghg", "total", "All")])

    assert made == []
    assert none["ghg", "total", "All"].startswith("edition second has no value: blocked")


# ---------------------------------------------------------------- people

STAFF = kpi("staff", "person", "employees")
PER_HEAD = kpi("per_head", "tCO2e/person", formula="ratio", numerator="ghg", denominator="staff")
HEADS = {"HQ": 10, "STORE": 3}


def test_what_counts_people_is_not_parted(tmp_path: Path) -> None:
    """Two causes by which 10 become 13: the three of the store would be told by the boundary alone, and the change as a whole is the difference of two figures that are shown."""
    twelfth = STAFF | {"mean_over": "months"}
    first, second = edition_named(tmp_path, "first", [STAFF], OFFICES), edition_named(tmp_path, "second", [twelfth], EVERYWHERE)

    found = bridge_of(pair_of(first, second, [], grids(tmp_path), "staff", sites=SITES, heads=counted(HEADS)), ("staff", "total", "All"))

    assert [bar.name for bar in found.bars] == ["boundary + method"]
    assert found.bars[0].text == "not to be told apart: it counts people, and what causes did apart could tell of few of them"
    assert abs(found.bars[0].effect.mean - (Fraction(13, 12) - 10)) < Fraction(1, 10**17)


def test_a_figure_per_head_is_parted_only_where_the_heads_stay_the_same(tmp_path: Path) -> None:
    kpis, bills = [GHG, STAFF, PER_HEAD], [POWER, STORE]
    narrow, wide = (edition_named(tmp_path, name, kpis, where + rules) for name, where, rules in (("narrow", OFFICES, GRID), ("wide", EVERYWHERE, OTHER_GRID)))
    power_of_offices = '[[boundary]]\nid = "offices"\nmeasures = ["electricity_purchased"]\nwhere = { kind = ["office"] }\ntext = "t"\n' + EVERYWHERE
    same = edition_named(tmp_path, "same", kpis, power_of_offices + GRID)

    whole, parted = (bridge_of(pair_of(first, wide, bills, grids(tmp_path), "per_head", sites=SITES, heads=counted(HEADS)), ("per_head", "total", "All")) for first in (narrow, same))

    assert [bar.name for bar in whole.bars] == ["boundary + factors"]
    assert effects(parted) == {"boundary": Fraction(1100, 13), "factors": Fraction(200, 13)}


# ---------------------------------------------------------------- what was printed


def test_what_was_printed_beyond_the_computed_is_a_bar_of_its_own_at_both_ends(tmp_path: Path) -> None:
    """Computed 500 and 600; printed 490 and 600.00."""
    published = ["ghg,2023,total,All,490,tCO2e,0,T\n", 'ghg,2023,total,All,600.00,tCO2e,2,T\n']
    first, second = (edition_named(tmp_path, name, [GHG], EVERYWHERE + rules, printed) for name, rules, printed in (("first", GRID, published[0]), ("second", OTHER_GRID, published[1])))
    pair = pair_of(first, second, [POWER], grids(tmp_path))
    found = bridge_of(pair)

    table = bridge_table([found], pair)

    assert found.printed == (Decimal(490), Decimal("600.00"))
    assert table.select("cause", "before", "effect", "after").rows() == [
        ("unreproduced_from", Decimal(490), Decimal(10), Decimal(500)), ("factors", Decimal(500), Decimal(100), Decimal(600)), ("unreproduced_to", Decimal(600), Decimal(0), Decimal(600)),
    ]  # fmt: skip
    assert table["text"][0] == "what the Report printed and its definitions do not give; nothing explains it"
    assert table["text"][2] == "rounding of what the Report printed; its figure is reproduced"
    assert table["share"].to_list() == [2, 20, 0]


def test_thirds_add_up_to_the_last_digit(tmp_path: Path) -> None:
    """Levels are rounded, and effects are the steps between them."""
    mean = GHG | {"mean_over": "months"}
    first, second = edition_named(tmp_path, "first", [GHG], OFFICES + GRID), edition_named(tmp_path, "second", [mean], EVERYWHERE + OTHER_GRID)
    pair = pair_of(first, second, [POWER, STORE, year("electricity_purchased", "7", record_id="more")], grids(tmp_path), sites=SITES)

    table = bridge_table([bridge_of(pair)], pair)

    assert table["cause"].to_list() == ["boundary", "factors", "method"]
    assert (table["before"] + table["effect"] == table["after"]).all()
    assert table["before"].to_list()[1:] == table["after"].to_list()[:-1]
    assert table["after"][-1] - table["before"][0] == sum(table["effect"])
    assert rounded(bridge_of(pair).computed[1]) == table["after"][-1]


# ---------------------------------------------------------------- the base year


@pytest.mark.parametrize(("threshold", "reached"), [("20", True), ("20.000000001", False), ("19.9", True)])
def test_the_threshold_is_reached_at_the_threshold_exactly(tmp_path: Path, threshold: str, reached: bool) -> None:
    first, second = edition_named(tmp_path, "first", [GHG], EVERYWHERE + GRID), edition_named(tmp_path, "second", [GHG], EVERYWHERE + OTHER_GRID)

    test = base_year_test(bridge_of(pair_of(first, second, [POWER], grids(tmp_path))), Decimal(threshold))

    assert (test.base, test.cumulative, test.percent, test.reached) == (500, 100, 20, reached)


def test_causes_that_cancel_each_other_out_stay_visible(tmp_path: Path) -> None:
    """From a sum to what is a twelfth of it, and three times the electricity: together - 75 %, without signs more."""
    first, second = edition_named(tmp_path, "first", [GHG], OFFICES + GRID), edition_named(tmp_path, "second", [GHG | {"mean_over": "months"}], EVERYWHERE + GRID)

    test = base_year_test(bridge_of(pair_of(first, second, [POWER, STORE], grids(tmp_path), sites=SITES)))

    assert test.percent == -75
    assert test.gross > abs(test.cumulative)


# ---------------------------------------------------------------- the Shapley value itself

NAMES = ("a", "b", "c", "d")
GAMES = st.lists(st.fractions(min_value=-1000, max_value=1000, max_denominator=97), min_size=16, max_size=16).map(lambda numbers: dict(zip(subsets(NAMES), numbers, strict=True)))


@given(GAMES)
@settings(max_examples=50, deadline=None)
def test_the_parts_are_the_same_in_whatever_order_causes_are_given_and_add_up(game: dict[frozenset[str], Fraction]) -> None:
    found = [dict(zip(order, shapley([frozenset((name,)) for name in order], game.__getitem__), strict=True)) for order in permutations(NAMES)]

    assert all(parts == found[0] for parts in found)
    assert sum(effect.mean for effect in found[0].values()) == game[frozenset(NAMES)] - game[frozenset()]
    assert all(effect.low <= effect.mean <= effect.high for effect in found[0].values())


@given(GAMES)
@settings(max_examples=50, deadline=None)
def test_they_are_the_mean_over_all_orders(game: dict[frozenset[str], Fraction]) -> None:
    orders = list(permutations(NAMES))
    means = dict.fromkeys(NAMES, Fraction(0))
    for order in orders:
        for place, name in enumerate(order):
            means[name] += (game[frozenset(order[: place + 1])] - game[frozenset(order[:place])]) / len(orders)

    assert {name: effect.mean for name, effect in zip(NAMES, shapley([frozenset((name,)) for name in NAMES], game.__getitem__), strict=True)} == means


@given(GAMES)
@settings(max_examples=50, deadline=None)
def test_effects_within_a_group_add_up_to_that_of_the_group(game: dict[frozenset[str], Fraction]) -> None:
    parts = owen([["a"], ["b", "c"], ["d"]], game.__getitem__)
    groups = shapley([frozenset("a"), frozenset("bc"), frozenset("d")], game.__getitem__)

    assert (parts["a"].mean, parts["b"].mean + parts["c"].mean, parts["d"].mean) == tuple(effect.mean for effect in groups)


def test_causes_are_parted_as_finely_as_values_allow() -> None:
    def valued(switched: frozenset[str]) -> bool:
        return not ("a" in switched) ^ ("c" in switched)

    assert in_order(partition(("a", "b", "c"), valued), ("a", "b", "c")) == [frozenset("ac"), frozenset("b")]
    assert partition(("a", "b"), lambda switched: len(switched) != 1) == [frozenset("ab")]


# ---------------------------------------------------------------- the worked data


@pytest.fixture(scope="module")
def of_2020(worked: Ran) -> Pair:
    from pipelines.restating import bridged

    return bridged(worked.root, worked.out, "2020", "2020", "2023").pair


def test_every_kpi_of_2020_that_both_editions_have_adds_up_to_the_last_digit(worked: Ran) -> None:
    from pipelines.restating import bridged

    found = bridged(worked.root, worked.out, "2020", "2020", "2023")
    values = {(row["edition"], row["kpi_id"]): row["value"] for row in worked.table("kpi_values").filter((pl.col("period") == "2020") & (pl.col("breakdown") == "total")).iter_rows(named=True)}

    assert [item.spot[0] for item in found.made] == ["total_energy_consumption", "direct_energy_consumption", "indirect_energy_consumption", "ghg_scope_1_2", "ghg_scope_1", "ghg_scope_2"]
    for item in found.made:
        rows = found.table.filter(pl.col("kpi_id") == item.spot[0])
        causes = rows.filter(~pl.col("cause").str.starts_with("unreproduced"))
        assert (rows["before"] + rows["effect"] == rows["after"]).all()
        assert rows["before"].to_list()[1:] == rows["after"].to_list()[:-1]
        assert (rows["before"][0], rows["after"][-1]) == item.printed
        assert (causes["before"][0], causes["after"][-1]) == (values["2020", item.spot[0]], values["2023", item.spot[0]])
        assert sum((bar.effect.mean for bar in item.bars), Fraction(0)) == item.computed[1] - item.computed[0]


def test_the_restatement_of_scope_1_and_2_of_2020(worked: Ran) -> None:
    """2020 ESG report, section 1.1: 31,347.06 t; 2023 ESG report, Use amount: 66,481.29 t."""
    from pipelines.restating import bridged

    found = bridged(worked.root, worked.out, "2020", "2020", "2023", ["ghg_scope_1_2"])
    [item] = found.made

    assert found.pair.differing == ("boundary", "sources", "factors", "method")
    assert item.printed == (Decimal("31347.06"), Decimal("66481.29"))
    shown = {cause: after - before for cause, before, after, _, _ in steps(item, found.pair, 2)}
    assert shown == {
        "unreproduced_from": Decimal("21.96"), "boundary": Decimal("16486.15"), "sources": Decimal("22173.11"), "factors": Decimal("-3546.57"), "method": Decimal("-0.42"), "unreproduced_to": Decimal(0),
    }  # fmt: skip
    assert base_year_test(item).reached


def test_scope_2_is_by_hand_what_the_mixtures_say(of_2020: Pair, worked: Ran) -> None:
    """Heat is added whole; of electricity, boundary and factors meet: each has half of what the sites outside emit by the difference of the factors at home."""
    found = bridge_of(replace(of_2020, kpis=("ghg_scope_2",)), ("ghg_scope_2", "total", "All"))
    amounts = worked.table("edition_amounts").filter((pl.col("period") == "2020") & (pl.col("measure") == "emission_co2e") & pl.col("excluded").is_null())
    heat = amounts.filter((pl.col("edition") == "2023") & (pl.col("origin") == "heat_purchased"))["quantity"].sum()

    assert effects(found)["sources"] == Fraction(heat) / 1000
    assert found.bars[1].effect.low == found.bars[1].effect.high
    assert list(effects(found)) == [cause for cause in CAUSES if cause in of_2020.differing]


def test_the_bridge_back_is_the_bridge_with_the_signs_turned(of_2020: Pair) -> None:
    there = replace(of_2020, kpis=("ghg_scope_1_2",))
    back = replace(there, first=there.second, second=there.first)

    assert effects(bridge_of(back)) == {name: -effect for name, effect in effects(bridge_of(there)).items()}
