"""The choice of a factor: six ways to have none, six messages and no number; kinds that never stand in for each other; regions as they were; all needs at once as one by one."""

from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esg_kpis.editions import FactorRule, Period
from esg_kpis.errors import FactorProblem, InputProblem
from esg_kpis.factors import Choice, Library, Need, read_library, select
from esg_kpis.factors.near import candidates, no_factor, speaks
from esg_kpis.factors.need import NEEDS
from esg_kpis.factors.regions import Region, chain_of
from esg_kpis.factors.selection import choose
from tests.scenario import (
    EVERYWHERE,
    computed,
    day,
    edition_of,
    factor_row,
    gwp_row,
    kpi,
    library_folder,
    library_of,
    real_library,
    register,
    rule,
    site,
    year,
)
from tests.test_scope_1 import COOLING

Y2023 = Period(id="2023", first=day("2023-01-01"), last=day("2023-12-31"))
GHG = kpi("ghg", "tCO2e", "emission_co2e")


def grid_rule(source: str = "mee", **more: object) -> FactorRule:
    return FactorRule.model_validate({"id": "grid", "measures": ["electricity_purchased"], "output": "emission_gas", "gases": ["CO2"], "source": source} | more)


def chosen(library: Library, *rules: FactorRule, period: Period = Y2023, known_on: str = "2024-04-09", **asked: object) -> Choice:
    need = {"measure": "electricity_purchased", "output": "emission_gas", "gas": "CO2", "chain": ("CN-NCG", "CN"), "kind": "office"} | asked
    return select(library, rules, Need(period=period, **need), known_on=day(known_on), gwp_set="AR5")  # type: ignore[arg-type]


# ---------------------------------------------------------------- six failures: each says what it is, and nothing is computed

SIX = {
    "missing": ([factor_row("heat", measure="heat_purchased", unit="t/GJ")], "mee has none from electricity_purchased to emission_gas of CO2"),
    "expired": ([factor_row(data_to="2023-06-30")], "grid-cn describes 2023-01-01 to 2023-06-30, and has expired on 2023-12-31"),
    "not yet published": ([factor_row()], "grid-cn was published 2024-04-12, after the knowledge date 2024-04-09"),
    "overlapping": ([factor_row("one"), factor_row("other", value="0.6")], "2 factors match emission_gas of CO2 from electricity_purchased in CN-NCG > CN, 2023: one, other"),
    "wrong kind": ([factor_row(method="combined_margin")], "grid-cn is marginal, of a combined margin, made for offset projects; a rule without a method asks for an average grid factor"),
    "wrong region": ([factor_row(region="CN-SCG")], "grid-cn describes the region CN-SCG; the need is in CN-NCG > CN > GLOBAL"),
}


@pytest.mark.parametrize("failure", SIX)
def test_six_failures_six_messages_and_no_number(tmp_path: Path, failure: str) -> None:
    rows, message = SIX[failure]
    library = read_library(library_folder(tmp_path, {"mee": rows}, [gwp_row("CO2", "1")], published="2024-04-12" if failure == "not yet published" else "2022-01-01"))

    result = computed(edition_of(tmp_path, [GHG], EVERYWHERE + rule("grid", "electricity_purchased", "emission_gas", "mee", "CO2")), [year("electricity_purchased", "1000")], library=library)

    cell = result.cell("ghg")
    assert (cell["status"], cell["value"], cell["printed"]) == ("blocked", None, None)
    assert message in cell["reason"]
    assert [other for other, (_, said) in SIX.items() if said in cell["reason"]] == [failure]
    assert [row["message"] for row in result.applied.problems.iter_rows(named=True)] == [cell["reason"]]


def test_what_does_not_hold_yet_is_not_called_expired(tmp_path: Path) -> None:
    with pytest.raises(FactorProblem, match=r"grid-cn describes 2023-03-01 to 2023-12-31, and does not hold yet on 2023-01-01"):
        chosen(library_of(tmp_path, {"mee": [factor_row(data_from="2023-03-01")]}), grid_rule())


# ---------------------------------------------------------------- kinds


@pytest.mark.parametrize(
    ("row", "asked", "message"),
    [
        ({"output": "emission_co2e", "gas": "", "gwp_set": "AR4"}, {}, "is in CO2e by AR4, not in mass of the gas itself"),
        ({"output": "emission_co2e", "gas": ""}, {}, "is in CO2e by a GWP set that its source does not name, not in mass of the gas itself"),
        ({}, {"output": "emission_co2e", "gas": ""}, "mee has none from"),
        ({"method": "build_margin"}, {"method": "average"}, "is marginal, of a build margin, made for offset projects; the rule asks for average: an average of what a grid delivers"),
        ({"method": "average_generation"}, {"method": "average"}, "is an average of what a grid generates; the rule asks for average: an average of what a grid delivers"),
        ({"method": "excluding_market_traded"}, {}, "for the market-based method; a rule without a method asks for an average grid factor"),
        ({"method": "life_cycle"}, {}, "is over the life cycle, upstream included, which is Scope 3 in part"),
    ],
)
def test_a_factor_of_another_kind_is_refused_and_both_are_named(tmp_path: Path, row: dict[str, str], asked: dict[str, str], message: str) -> None:
    library = library_of(tmp_path, {"mee": [factor_row(**row)]})
    of_rule = {name: [value] if name == "gas" else value for name, value in asked.items() if name in ("output", "method")}
    more = {"gases": [asked["gas"]]} if "gas" in asked else {}

    with pytest.raises(FactorProblem) as caught:
        chosen(library, grid_rule(**of_rule, **more), **{name: value for name, value in asked.items() if name != "method"})

    assert message in str(caught.value)


def test_gross_is_not_net(tmp_path: Path) -> None:
    library = library_of(tmp_path, {"epa": [factor_row("gas", measure="natural_gas_gross_energy", unit="kg/MMBtu", value="53.06", region="CN")]})
    net = grid_rule("epa", measures=["natural_gas_energy"])

    with pytest.raises(FactorProblem) as caught:
        chosen(library, net, measure="natural_gas_energy")

    assert "gas starts from natural_gas_gross_energy (Natural gas burnt, by energy, gross calorific value), not from natural_gas_energy" in str(caught.value)
    assert "net calorific value" in str(caught.value)


@pytest.mark.parametrize(("unit", "kelvin"), [("kg/Nm3", "273.15"), ("kg/m3_15C", "288.15"), ("kg/m3_20C", "293.15")])
def test_a_cubic_metre_is_one_of_its_temperature(tmp_path: Path, unit: str, kelvin: str) -> None:
    """Of an ideal gas: 288.15 or 293.15 over 273.15."""
    factor = library_of(tmp_path, {"uk": [factor_row("gas", measure="natural_gas", unit=unit, value="2")]}).named("gas")

    assert factor.multiplier == 2 * Fraction(kelvin) / Fraction("273.15")


def test_a_cubic_metre_of_no_state_is_refused_and_both_are_named(tmp_path: Path) -> None:
    library = library_of(tmp_path, {"uk": [factor_row("gas", measure="natural_gas", unit="kg/m3", value="2")]})

    [(_, text)] = library.unreadable
    assert "The unit 'kg/m3' does not lead from natural_gas to emission_gas. 'm3' does not measure what 'Nm3' measures" in text.replace("'Nm3' does not measure what 'm3' measures", "'m3' does not measure what 'Nm3' measures")
    assert "m3_15C" in text or "Nm3" in text


# ---------------------------------------------------------------- regions


def test_a_province_lies_in_the_grid_of_the_year_that_a_factor_describes() -> None:
    """Six regional grids until 2019, seven since 2021: Sichuan was Central, and is Southwest."""
    library = real_library()

    def of(source: str, **more: object) -> str:
        return chosen(library, grid_rule(source, **more), chain=("CN-SC", "CN"), known_on="2026-01-01", period=Period(id="2021", first=day("2021-01-01"), last=day("2021-12-31"))).factor.region

    assert of("mee-baseline-2019", method="operating_margin", data_year=2019, applies_to=["2021"]) == "CN-CCG"
    assert of("mee-nbs-2021", data_year=2021, applies_to=["2021"]) == "CN-SC"
    assert [rung.region for rung in chain_of(library.regions, ("CN-SC", "CN"))] == ["CN-SC", "CN-CCG", "CN-SWCG", "CN", "GLOBAL"]
    assert [rung.region for rung in chain_of(library.regions, ("CN-BJ", "CN"))] == ["CN-BJ", "CN-NCG", "CN", "GLOBAL"]


def test_the_regional_factor_serves_where_the_province_has_none(tmp_path: Path) -> None:
    folder = library_folder(tmp_path, {"mee": [factor_row("old", region="CN-CCG"), factor_row("new", region="CN-SWCG", value="0.3"), factor_row("land", region="CN", value="0.6")]})
    (folder / "regions.csv").write_text("region,parent,valid_from,valid_to,source,note\nCN-SC,CN-CCG,,2020-12-31,s,\nCN-SC,CN-SWCG,2021-01-01,,s,\n")

    choice = chosen(read_library(folder), grid_rule(), chain=("CN-SC", "CN"))

    assert choice.factor.factor_id == "new"
    assert choice.why.startswith("describes 2023-01-01 to 2023-12-31; region CN-SWCG, on the site's chain CN-SC > CN-CCG (until 2020-12-31) > CN-SWCG (from 2021-01-01) > CN > GLOBAL")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("A,B,,,s,\nB,A,,,s,\n", "The region 'A' lies in itself"),
        ("A,,,,s,\n", "names no region, nothing it lies in"),
        ("A,B,2021-01-01,2020-01-01,s,\n", "an end before its start"),
        ("A,B,gestern,,s,\n", "'gestern' is no date"),
        ("A,B\n", "The row has more or fewer cells"),
    ],
)
def test_regions_that_cannot_be_read_stop_everything(tmp_path: Path, rows: str, message: str) -> None:
    folder = library_folder(tmp_path, {"mee": [factor_row()]})
    (folder / "regions.csv").write_text("region,parent,valid_from,valid_to,source,note\n" + rows)

    with pytest.raises(InputProblem, match=message):
        read_library(folder)


# ---------------------------------------------------------------- all at once as one by one

_REGIONS = (Region("CN-SC", "CN-CCG", day("0001-01-01"), day("2020-12-31")), Region("CN-SC", "CN-SWCG", day("2021-01-01"), day("9999-12-31")))
_REGION = st.sampled_from(["CN-SC", "CN-CCG", "CN-SWCG", "CN", "HK", "GLOBAL"])
_YEAR = st.integers(2020, 2024)


@st.composite
def libraries(draw: st.DrawFn) -> list[dict[str, str]]:
    rows = []
    for number in range(draw(st.integers(1, 8))):
        first = draw(_YEAR)
        last = draw(st.sampled_from([str(first), str(first + 1), ""]))
        rows.append(
            factor_row(
                f"f{number}", region=draw(_REGION), method=draw(st.sampled_from(["", "average", "combined_margin"])), data_from=f"{first}-01-01", data_to=f"{last}-12-31" if last else "",
                status=draw(st.sampled_from(["selectable", "selectable", "evidence_only"])), gas=draw(st.sampled_from(["CO2", "CO2", "*"])),
            )
        )  # fmt: skip
    return rows


@st.composite
def rules(draw: st.DrawFn) -> list[FactorRule]:
    made = []
    for number in range(draw(st.integers(1, 3))):
        more: dict[str, object] = {"id": f"r{number}"}
        if draw(st.booleans()):
            more |= {"data_year": draw(_YEAR), "applies_to": draw(st.sampled_from([["2021"], ["2021", "2023"], []]))}
        more |= {"regions": draw(st.sampled_from([[], ["CN"], ["CN-SWCG"]])), "method": draw(st.sampled_from([None, "average", "combined_margin"]))}
        more |= {"factor_region": draw(st.sampled_from([None, None, "CN"])), "site_kinds": draw(st.sampled_from([[], ["office"]]))}
        made.append(grid_rule(draw(st.sampled_from(["mee", "iea"])), **more))
    return made


@settings(max_examples=150, deadline=None)
@given(mee=libraries(), iea=libraries(), by=rules())
def test_a_choice_is_the_one_that_misses_nothing_on_the_first_rule_and_nearest_rung(tmp_path_factory: pytest.TempPathFactory, mee: list[dict[str, str]], iea: list[dict[str, str]], by: list[FactorRule]) -> None:
    """What `choose` finds for a table of needs is what the misses of `near` leave over, need by need: two ways to the same answer."""
    read = library_of(tmp_path_factory.mktemp("factors"), {"mee": mee, "iea": [row | {"factor_id": f"i{row['factor_id']}"} for row in iea]})
    library = Library(read.factors, read.gas_groups, read.sources, read.unreadable, _REGIONS)
    periods = [Period(id=str(number), first=day(f"{number}-01-01"), last=day(f"{number}-12-31")) for number in (2021, 2023)]
    needs = [Need("electricity_purchased", "emission_gas", "CO2", chain, kind, period) for chain in (("CN-SC", "CN"), ("HK",)) for kind in ("office", "store") for period in periods]

    answers = choose(library, by, pl.DataFrame([need.row() for need in needs], schema=NEEDS), periods, day("2024-04-09"))

    for need, answer in zip(needs, answers.iter_rows(named=True), strict=True):
        expected: tuple[int, set[str]] | None = None
        for place, one in enumerate(by):
            if not speaks(one, need, library):
                continue
            fitting = [factor for factor, missed in candidates(library, one, need, day("2024-04-09")) if not missed]
            rungs = [rung.region for rung in chain_of(library.regions, need.chain)]
            others = [factor for factor, missed in candidates(library, one, need, day("2024-04-09")) if one.method is None and [miss.what for miss in missed] == ["kind"]]
            nearest = min((0 if one.factor_region else rungs.index(factor.region) for factor in fitting), default=None)
            if nearest is not None and any(not one.factor_region and rungs.index(factor.region) < nearest for factor in others):
                break  # A nearer one of another kind is not passed over.
            if nearest is not None:
                expected = place, {factor.factor_id for factor in fitting if one.factor_region or rungs.index(factor.region) == nearest}
                break
        if expected is None:
            assert answer["factor"] is None
            assert str(no_factor(library, by, need, day("2024-04-09")))
        else:
            assert (answer["rule"], answer["matches"]) == (expected[0], len(expected[1]))
            assert library.factors[answer["factor"]].factor_id in expected[1]


@pytest.mark.parametrize("method", ["life_cycle", "transmission_loss"])
def test_what_is_never_of_scope_2_is_refused_by_name_too(tmp_path: Path, method: str) -> None:
    with pytest.raises(FactorProblem, match="and never serves Scope 2"):
        chosen(library_of(tmp_path, {"mee": [factor_row(method=method)]}), grid_rule(method=method))


@pytest.mark.parametrize("method", ["average_generation", "average_operating_margin", "marginal", "something_new"])
def test_only_an_average_of_what_is_delivered_serves_a_rule_without_a_method(tmp_path: Path, method: str) -> None:
    library = library_of(tmp_path, {"mee": [factor_row(method=method)]})

    with pytest.raises(FactorProblem, match="a rule without a method asks for an average grid factor"):
        chosen(library, grid_rule())
    assert chosen(library, grid_rule(method=method)).factor.factor_id == "grid-cn"


def test_a_nearer_factor_of_another_kind_is_not_passed_over(tmp_path: Path) -> None:
    """The province has a generation-based factor, the country an average: a rule that says nothing of the kind takes neither."""
    library = library_of(tmp_path, {"mee": [factor_row("province", region="CN-BJ", method="average_generation"), factor_row("country", region="CN", method="average")]})

    with pytest.raises(FactorProblem, match="province is an average of what a grid generates; a rule without a method asks for an average grid factor"):
        chosen(library, grid_rule(), chain=("CN-BJ", "CN"))
    assert chosen(library, grid_rule(method="average"), chain=("CN-BJ", "CN")).factor.factor_id == "country"
    assert chosen(library, grid_rule(), chain=("CN-SH", "CN")).factor.factor_id == "country"


# ---------------------------------------------------------------- two ways to one emission


def test_two_rules_to_the_same_gas_block_it_and_name_both(tmp_path: Path) -> None:
    rules = rule("grid", "electricity_purchased", "emission_gas", "mee", "CO2") + rule("again", "electricity_purchased", "emission_co2e", "uk")
    library = library_of(tmp_path, {"mee": [factor_row()], "uk": [factor_row("uk", output="emission_co2e", gas="", gwp_set="AR5")]}, [gwp_row("CO2", "1")])

    result = computed(edition_of(tmp_path, [GHG], EVERYWHERE + rules), [year("electricity_purchased", "1000")], library=library)

    assert result.cell("ghg")["status"] == "blocked"
    assert "two rules of the edition lead to the same emission: again from electricity_purchased, grid from electricity_purchased" in result.cell("ghg")["reason"]
    assert "[[exclusion]]" in result.applied.problems["message"][0]


def test_a_fuel_counted_directly_and_by_its_energy_is_blocked(tmp_path: Path) -> None:
    rules = (
        rule("direct", "diesel", "emission_gas", "ndrc-sector-guidelines", "CO2") + rule("energy", "diesel", "diesel_energy", "ndrc-sector-guidelines")
        + rule("by-energy", "diesel_energy", "emission_gas", "ipcc-2006-v2-ch2", "CO2")
    )  # fmt: skip
    left_out = '[[exclusion]]\nid = "once"\nmeasures = ["diesel_energy"]\ngases = ["CO2"]\ntext = "Counted directly."\n'

    def ghg(more: str) -> dict[str, object]:
        return computed(edition_of(tmp_path, [GHG], EVERYWHERE + rules + more), [year("diesel", "1000")], library=real_library()).cell("ghg")

    assert ghg("")["status"] == "blocked"
    assert (ghg(left_out)["status"], ghg(left_out)["printed"]) == ("ok", "3.10")


def test_a_refill_counted_as_such_and_by_its_balance_is_blocked(tmp_path: Path) -> None:
    rules = rule("as-such", "refrigerant_refill", "emission_gas", "ipcc-2006-v3-ch7", "*") + COOLING

    cell = computed(edition_of(tmp_path, [GHG], EVERYWHERE + rules), [year("refrigerant_refill", "10", dimensions="refrigerant=R-410A")], library=real_library()).cell("ghg")

    assert cell["status"] == "blocked"


def test_sites_of_two_countries_in_one_grid_do_not_stop_the_run(tmp_path: Path) -> None:
    sites = register(site("A", country="IE", grid_region="SEM"), site("B", country="GB", grid_region="SEM"))
    library = library_of(tmp_path, {"mee": [factor_row(region="SEM")]}, [gwp_row("CO2", "1")])
    bills = [year("electricity_purchased", "1000000", site_id=name) for name in ("A", "B")]

    result = computed(edition_of(tmp_path, [GHG], EVERYWHERE + rule("grid", "electricity_purchased", "emission_gas", "mee", "CO2")), bills, library=library, sites=sites)

    assert result.cell("ghg")["value"] == 1000
