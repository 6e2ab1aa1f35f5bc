"""What factors make of amounts, and the KPIs that are added up and divided from them: every formula by hand, every state, and how it is printed."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from esg_kpis.amounts import amounts_of
from esg_kpis.exact import printed, rounded
from esg_kpis.factors import rules_of
from tests.scenario import (
    BURNT,
    EVERYWHERE,
    GRID,
    NO_FACTORS,
    Computed,
    Row,
    bill,
    computed,
    day,
    edition_of,
    factor_row,
    gwp_row,
    kpi,
    library_of,
    of_amounts,
    quantities,
    real_library,
    register,
    rejected_row,
    rejections,
    rule,
    site,
    year,
)

GHG = kpi("ghg", "tCO2e", "emission_co2e")


def test_energy_that_no_rule_leads_to_the_total_blocks_it(tmp_path: Path) -> None:
    """Gas by its energy has no rule to coal equivalent: the total of energy would be smaller in silence."""
    total = kpi("total", "MWh", amounts=[{"measure": ["energy_standard_coal"]}], per_factor={"measure": "electricity_purchased", "output": "energy_standard_coal"})
    rules = EVERYWHERE + rule("coal", "electricity_purchased", "energy_standard_coal", "gbt-2589-2020", more='data_year = 2022\napplies_to = ["2022", "2023"]\nfactor_region = "CN"\ntext = "t"')
    left_out = '[[exclusion]]\nid = "gas"\nmeasures = ["natural_gas_gross_energy"]\noutputs = ["energy_standard_coal"]\ntext = "Left out."\n'
    bills = [year("electricity_purchased", "1000"), year("natural_gas_gross_energy", "3600")]
    blocked = computed(edition_of(tmp_path, [total], rules), bills, library=real_library()).cell("total")
    told = computed(edition_of(tmp_path, [total], rules + left_out), bills, library=real_library()).cell("total")

    assert (blocked["status"], blocked["value"]) == ("blocked", None)
    assert "No rule of the edition leads from natural_gas_gross_energy to energy_standard_coal." in blocked["reason"]
    assert (told["status"], told["printed"]) == ("ok", "1.00")


def made(result: Computed, measure: str) -> pl.DataFrame:
    return result.applied.derived.filter(pl.col("measure") == measure)


def total(frame: pl.DataFrame) -> Fraction:
    return sum(map(Fraction, frame["quantity"]), Fraction(0))


# ---------------------------------------------------------------- factors applied


@pytest.mark.parametrize(
    ("kwh", "region", "source", "more", "tonnes", "decimals", "as_printed"),
    [
        # 2020 ESG report, section 1.1: saved at the North China combined margin, 1,406.874 MWh x (0.9419 + 0.4819) / 2 t/MWh
        ("1406874", "CN-NCG", "mee-baseline-2019", 'method = "combined_margin"\ndata_year = 2019\napplies_to = ["2023"]', "1001.5536006", 1, "1001.6"),
        # 2023 ESG report: saved in Guangdong, 1,980 MWh x 0.6379 t/MWh
        ("1980000", "CN-GD", "guangdong-guideline-2024", "", "1263.042", 2, "1263.04"),
    ],
)  # fmt: skip
def test_the_reports_own_arithmetic(tmp_path: Path, kwh: str, region: str, source: str, more: str, tonnes: str, decimals: int, as_printed: str) -> None:
    rules = EVERYWHERE + rule("saved", "electricity_purchased", "emission_gas", source, "CO2", more=more)
    edition = edition_of(tmp_path, [GHG | {"decimals": decimals}], rules, knowledge_date=day("2025-01-01"))

    result = computed(edition, [year("electricity_purchased", kwh)], library=real_library(), sites=register(site(grid_region=region)))

    cell = result.cell("ghg")
    assert (cell["value"], cell["printed"], cell["status"]) == (Decimal(tonnes), as_printed, "ok")


def test_gas_becomes_energy_methane_and_co2e_exactly(tmp_path: Path) -> None:
    """1,234.567890123 Nm3 x 38.931 MJ/Nm3 x 5 kg/TJ x 28."""
    energy = Fraction("1234.567890123") * Fraction("38.931")

    result = computed(edition_of(tmp_path, [GHG], EVERYWHERE + BURNT), [year("natural_gas", "1234.567890123")], library=real_library())

    assert total(made(result, "natural_gas_energy")) == energy
    methane = made(result, "emission_co2e").filter(pl.col("gas") == "CH4")
    assert total(methane) == energy * 5 / 10**6 * 28
    assert methane.select("origin", "scope", "basis", "gwp_set", "gas_group", "unit").unique().rows() == [("natural_gas", "1", None, "AR5", "CH4", "kg")]
    assert total(made(result, "emission_co2e").filter(pl.col("gas") == "CO2")) == Fraction("1234.567890123") * Fraction("2.1622")


def test_what_is_not_known_stays_not_known_through_every_factor(tmp_path: Path) -> None:
    result = computed(edition_of(tmp_path, [GHG], EVERYWHERE + BURNT), [year("natural_gas", "5")], library=real_library(), bad=[rejected_row("natural_gas")])

    blocked = made(result, "emission_co2e").filter(pl.col("record_id") == "bad")
    assert set(blocked.select("period", "gas", "quantity", "blocked").rows()) == {
        (period, gas, None, "rejected record bad: 'n/a' is no number.") for period in ("2022", "2023") for gas in ("CO2", "CH4")
    }  # fmt: skip
    assert result.cell("ghg")["status"] == "blocked"


def test_a_missing_factor_blocks_and_is_never_zero(tmp_path: Path) -> None:
    library = library_of(tmp_path, {"mee": [factor_row()]}, [gwp_row("CO2", "1")])
    sites = register(site(), site("HK", country="HK", grid_region="HK"))
    bills = [year("electricity_purchased", "1000"), year("electricity_purchased", "12", site_id="HK")]
    by_site = {"name": "site", "each": "site_id"}

    result = computed(edition_of(tmp_path, [GHG | {"breakdowns": [by_site]}, kpi("kwh", "kWh", "electricity_purchased")], EVERYWHERE + GRID), bills, library=library, sites=sites)

    assert set(made(result, "emission_co2e").filter(pl.col("site_id") == "HK")["quantity"]) == {None}
    [problem] = result.applied.problems.to_dicts()
    assert (problem["subject"], problem["amounts"], problem["period"]) == ("emission_gas CO2 from electricity_purchased in HK, HK, office", 12, "2023")
    assert problem["record_ids"] == "HK electricity_purchased 2023-01-01"
    assert "Nearly matched: grid-cn (region CN)" in problem["message"]
    assert (result.cell("ghg", category="HK")["status"], result.cell("ghg", category="HK")["value"]) == ("blocked", None)
    assert (result.cell("ghg", category="HQ")["printed"], result.cell("kwh")["printed"]) == ("0.50", "1012.00")


@pytest.mark.parametrize(("factors", "size"), [([factor_row()], 500), ([], None)])
def test_what_an_edition_leaves_out_is_computed_where_it_can_be_and_marked(tmp_path: Path, factors: Sequence[dict[str, str]], size: int | None) -> None:
    left_out = '[[exclusion]]\nid = "co2"\ngases = ["CO2"]\nperiods = ["2023"]\ntext = "Not counted."\n'
    library = library_of(tmp_path, {"mee": factors}, [gwp_row("CO2", "1")])

    result = computed(edition_of(tmp_path, [GHG], EVERYWHERE + GRID + left_out), [bill("electricity_purchased", "1000", "2023-05-01", "2023-05-31")], library=library)

    assert made(result, "emission_co2e").select("quantity", "excluded", "blocked").rows() == [(size, "Not counted.", None)]
    assert result.applied.problems.is_empty()
    assert (result.cell("ghg")["status"], result.cell("ghg")["reason"]) == ("not_applicable", "Not counted.")


def test_co2e_is_made_without_a_rule_of_its_own(tmp_path: Path) -> None:
    """The rule for GWP follows from the edition's GWP set, even where it has no other rule."""
    edition = edition_of(tmp_path, [GHG])

    assert [(found.id, found.source, found.method) for found in rules_of(edition.rules)] == [("gwp-ar5", "gwp", "AR5")]
    assert [found.id for found in rules_of(edition_of(tmp_path, [GHG], EVERYWHERE + GRID).rules)] == ["grid", "gwp-ar5"]


def test_a_rejected_record_of_an_unknown_gas_blocks_every_gas_group(tmp_path: Path) -> None:
    """A refill without a readable refrigerant could have been any gas."""
    groups = {"name": "gas", "categories": {name: {"gas_group": [name]} for name in ("CO2", "HFCs")}}
    rules = EVERYWHERE + rule("refill", "refrigerant_refill", "emission_gas", "ipcc-2006-v3-ch7", "*")

    result = computed(edition_of(tmp_path, [GHG | {"breakdowns": [groups]}], rules), [], library=real_library(), bad=[rejected_row("refrigerant_refill")])

    assert [result.cell("ghg", category=name)["status"] for name in ("CO2", "HFCs")] == ["blocked", "blocked"]


@pytest.mark.parametrize("formula", ["ratio", "growth", "share"])
def test_what_rests_on_what_is_left_out_is_not_applicable(tmp_path: Path, formula: str) -> None:
    left_out = '[[exclusion]]\nid = "co2"\ngases = ["CO2"]\ntext = "Not counted."\n'
    library = library_of(tmp_path, {"mee": [factor_row(data_from="2022-01-01")]}, [gwp_row("CO2", "1")])
    asked = {"ratio": divided("tCO2e/person", "ratio", "ghg", "heads"), "growth": divided("%", "growth", "ghg"), "share": divided("%", "share", "ghg", "ghg")}[formula]
    bills = [year("electricity_purchased", "1000", at) for at in (2022, 2023)]

    result = computed(edition_of(tmp_path, [GHG, HEADS, asked], EVERYWHERE + GRID + left_out), [*bills, year("employees_full_time", "3")], library=library)

    assert [(result.cell(name)["status"], result.cell(name)["reason"]) for name in ("ghg", "asked")] == [("not_applicable", "Not counted.")] * 2


# ---------------------------------------------------------------- formulas

KWH = kpi("kwh", "MWh", "electricity_purchased")
HEADS = kpi("heads", "person", "employees_full_time")
TAP, RECLAIMED, WATER = kpi("tap", "tonne", "water_tap"), kpi("reclaimed", "kg", "water_reclaimed"), kpi("water", "tonne", "water_tap", "water_reclaimed")
WASTE = kpi("waste", "tonne", "waste_hazardous")
OPERANDS = [KWH, HEADS, TAP, RECLAIMED, WATER, WASTE]
BILLS = [
    year("electricity_purchased", "1000"), year("electricity_purchased", "800", 2022), year("employees_full_time", "3"), year("employees_full_time", "4", 2022),
    year("water_tap", "10"), year("water_reclaimed", "2.5"), year("waste_hazardous", "0.0352"),
]  # fmt: skip


def divided(unit: str, formula: str, top: str, bottom: str | None = None, **given: Any) -> Row:  # noqa: ANN401
    return kpi("asked", unit, formula=formula, numerator=top, **({"denominator": bottom} if bottom else {}), **given)


@pytest.mark.parametrize(
    ("asked", "value", "as_printed"),
    [
        (kpi("asked", "MWh", "electricity_purchased"), Fraction(1), "1.00"),
        (kpi("asked", "kg", "water_tap", "water_reclaimed"), Fraction(12500), "12500.00"),
        (kpi("asked", "tonne", amounts=[{"measure": "water_tap"}, {"measure": "waste_hazardous"}], decimals=4), Fraction("10.0352"), "10.0352"),
        (kpi("asked", "one", "water_tap", formula="count", decimals=0), Fraction(12), "12"),
        (divided("MWh/person", "ratio", "kwh", "heads"), Fraction(1, 3), "0.33"),
        (divided("kg/person", "ratio", "waste", "heads"), Fraction("35.2") / 3, "11.73"),
        (divided("kWh/person", "rate", "kwh", "heads", times=100), Fraction(100000, 3), "33333.33"),
        (divided("%", "share", "reclaimed", "water"), Fraction(20), "20.00"),
        (divided("kg", "difference", "water", "reclaimed"), Fraction(10000), "10000.00"),
        (divided("tonne", "difference", "waste", "water", decimals=3), Fraction("-12.4648"), "-12.465"),
        (divided("%", "growth", "kwh"), Fraction(25), "25.00"),
        (divided("%", "growth", "heads", decimals=0), Fraction(-25), "-25"),
    ],
)
def test_formulas_by_hand(tmp_path: Path, asked: Row, value: Fraction, as_printed: str) -> None:
    cell = computed(edition_of(tmp_path, [*OPERANDS, asked]), BILLS).cell("asked")

    assert (cell["value"], cell["printed"], cell["status"]) == (rounded(value), as_printed, "ok")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(-(10**15), 10**15), min_size=2, max_size=20), st.integers(1, 10**9))
def test_a_ratio_is_the_exact_quotient_rounded_once(tmp_path: Path, units: list[int], heads: int) -> None:
    bills = [year("electricity_purchased", f"{number}E-9", record_id=str(index)) for index, number in enumerate(units)]
    exact = Fraction(sum(units), 10**9 * 1000 * heads)

    cell = computed(edition_of(tmp_path, [KWH, HEADS, divided("MWh/person", "ratio", "kwh", "heads")]), [*bills, year("employees_full_time", str(heads))]).cell("asked")

    assert (cell["value"], cell["printed"]) == (rounded(exact), printed(exact, 2))


def test_a_sum_is_divided_by_a_factor_of_the_edition(tmp_path: Path) -> None:
    """1,330 kgce of gas over 0.1229 kgce/kWh is 10.82 MWh."""
    to_coal = {"output": "energy_standard_coal", "gas": "", "region": "GLOBAL"}
    coal = [factor_row("coal", value="0.1229", unit="kgce/kWh", **to_coal), factor_row("gas", measure="natural_gas", value="1.33", unit="kgce/Nm3", **to_coal)]
    rules = "".join(rule(name, name, "energy_standard_coal", "gbt") for name in ("natural_gas", "electricity_purchased"))
    energy = kpi("energy", "MWh", "energy_standard_coal", per_factor={"measure": "electricity_purchased", "output": "energy_standard_coal"})
    edition = edition_of(tmp_path, [energy], EVERYWHERE + rules)

    with_divisor, without = (computed(edition, [year("natural_gas", "1000")], library=library_of(tmp_path, {"gbt": rows})).cell("energy") for rows in (coal, coal[1:]))

    assert (with_divisor["value"], with_divisor["printed"]) == (rounded(Fraction(1330) / Fraction("0.1229") / 1000), "10.82")
    assert (without["status"], without["value"]) == ("blocked", None)
    assert "No factor leads to energy_standard_coal from electricity_purchased" in without["reason"]


# ---------------------------------------------------------------- print


@pytest.mark.parametrize(("tonnes", "decimals", "as_printed"), [("0.125", 2, "0.13"), ("-0.125", 2, "-0.13"), ("2.5", 0, "3"), ("1234567.004999999", 2, "1234567.00")])
def test_values_are_printed_half_up_and_kept_unrounded(tmp_path: Path, tonnes: str, decimals: int, as_printed: str) -> None:
    cell = computed(edition_of(tmp_path, [TAP | {"decimals": decimals}]), [year("water_tap", tonnes)]).cell("tap")

    assert (cell["value"], cell["printed"]) == (Decimal(tonnes), as_printed)


def test_a_printed_cell_has_the_decimals_of_the_report(tmp_path: Path) -> None:
    edition = edition_of(tmp_path, [TAP], published="tap,2023,total,All,1.2,tonne,1,p. 1\n")

    result = computed(edition, [year("water_tap", "1.25"), year("water_tap", "1.25", 2022)])

    assert [(cell["printed"], cell["decimals"]) for cell in (result.cell("tap"), result.cell("tap", "2022"))] == [("1.3", 1), ("1.25", 2)]


# ---------------------------------------------------------------- states

GAP = TAP | {"not_collected": [{"periods": ["2023"], "text": "the report prints a dash"}]}
OFFICES = '[[boundary]]\nid = "offices"\nwhere = { kind = ["office"] }\ntext = "Offices."\n'


@pytest.mark.parametrize(
    ("entry", "rules", "bills", "bad", "state"),
    [
        (TAP, EVERYWHERE, [year("water_tap", "0")], [], ("ok", "0.00", None)),
        (TAP, EVERYWHERE, [], [], ("not_collected", None, "no amount of water_tap counts here")),
        (TAP, EVERYWHERE, [year("water_tap", "1", 2022)], [], ("not_collected", None, "no amount of water_tap counts here")),
        (GAP, EVERYWHERE, [year("water_tap", "1")], [], ("not_collected", None, "the report prints a dash")),
        (TAP, OFFICES, [year("water_tap", "1", site_id="SHOP")], [], ("not_applicable", None, "outside boundary offices")),
        (TAP, EVERYWHERE, [year("water_tap", "1")], [rejected_row("water_tap")], ("blocked", None, "rejected record bad: 'n/a' is no number.")),
        (TAP, EVERYWHERE, [year("water_tap", "1")], [rejected_row("water_tap"), rejected_row("water_tap", record_id="worse", site_id="SHOP")], ("blocked", None, "rejected record bad: 'n/a' is no number. (and others: see findings)")),
        (TAP | {"formula": "count", "unit": "one"}, EVERYWHERE, [], [], ("ok", "0.00", None)),
    ],
)  # fmt: skip
def test_zero_not_collected_not_applicable_and_blocked_are_four_states(
    tmp_path: Path, entry: Row, rules: str, bills: list[Row], bad: list[Row], state: tuple[str, str | None, str | None]
) -> None:
    sites = register(site(), site("SHOP", kind="store"))

    cell = computed(edition_of(tmp_path, [entry], rules), bills, sites=sites, bad=bad).cell("tap")

    assert (cell["status"], cell["printed"], cell["reason"]) == state
    assert (cell["value"] is None) == (state[1] is None)


@pytest.mark.parametrize(
    ("top", "bottom", "status"),
    [("1", "0", "not_applicable"), ("0", "1", "ok"), (None, "1", "not_collected"), ("1", None, "not_collected"), (None, "0", "not_collected"), ("1", "n/a", "blocked"), (None, "n/a", "blocked")],
)  # fmt: skip
def test_a_quotient_is_in_the_worst_state_of_its_parts(tmp_path: Path, top: str | None, bottom: str | None, status: str) -> None:
    bills = [year(measure, number) for measure, number in (("water_tap", top), ("employees_full_time", bottom)) if number not in (None, "n/a")]
    bad = [rejected_row("employees_full_time")] if bottom == "n/a" else []

    cell = computed(edition_of(tmp_path, [TAP, HEADS, divided("tonne/person", "ratio", "tap", "heads")]), bills, bad=bad).cell("asked")

    assert (cell["status"], cell["printed"]) == (status, "0.00" if status == "ok" else None)


def test_growth_needs_a_period_before_that_is_not_zero(tmp_path: Path) -> None:
    result = computed(edition_of(tmp_path, [TAP, divided("%", "growth", "tap")]), [year("water_tap", "1"), year("water_tap", "0", 2022)])

    assert [(result.cell("asked", period)["status"], result.cell("asked", period)["reason"]) for period in ("2023", "2022")] == [
        ("not_applicable", "the denominator of asked is zero"), ("not_applicable", "there is no period before"),
    ]  # fmt: skip


@pytest.mark.parametrize(("sites_estimated", "share", "status"), [(0, "0", "ok"), (1, "0.05", "ok"), (2, "0.1", "incomplete")])
def test_a_kpi_is_incomplete_above_the_limit_of_estimates(tmp_path: Path, sites_estimated: int, share: str, status: str) -> None:
    """Twenty equal bills and a limit of 5 %, which is still allowed."""
    amounts = amounts_of(quantities(*(year("water_tap", "12", record_id=f"{number:02}") for number in range(20)), year("employees_full_time", "2")))
    flagged = amounts.with_columns((pl.col("record_id").is_in([f"{number:02}" for number in range(sites_estimated)])).alias("estimated"))

    result = of_amounts(edition_of(tmp_path, [TAP, HEADS, divided("tonne/person", "ratio", "tap", "heads")]), flagged, register(), NO_FACTORS, rejections())

    for cell, value in ((result.cell("tap"), "240.00"), (result.cell("asked"), "120.00")):
        assert (cell["status"], cell["estimated_share"], cell["printed"]) == (status, Decimal(share), value)
        assert cell["reason"] == ("10.0 % is estimated, more than 5.0 %" if status == "incomplete" else None)


# ---------------------------------------------------------------- categories


def test_a_breakdown_lists_categories_or_makes_one_of_each(tmp_path: Path) -> None:
    sites = register(site("A"), site("B", country="HK", grid_region="HK"), site("C", kind="store"))
    spread = [{"name": "country", "categories": {"Mainland": {"country": ["CN"]}, "All offices": {"kind": ["office"]}}}, {"name": "site", "each": "site_id", "periods": ["2023"]}]
    bills = [year("water_tap", number, at, site_id=name) for name, number in (("A", "1"), ("B", "2"), ("C", "4")) for at in (2022, 2023)]

    values = computed(edition_of(tmp_path, [TAP | {"breakdowns": spread}, HEADS | {"periods": ["2022"]}]), bills, sites=sites).values

    listed = {("tap", at, "country", name, text) for at in ("2022", "2023") for name, text in (("Mainland", "5.00"), ("All offices", "3.00"))}
    each = {("tap", "2023", "site", name, text) for name, text in (("A", "1.00"), ("B", "2.00"), ("C", "4.00"))}
    assert set(values.select("kpi_id", "period", "breakdown", "category", "printed").rows()) == {*listed, *each, ("heads", "2022", "total", "All", None)}


def test_a_rejected_record_of_an_unknown_site_blocks_every_category(tmp_path: Path) -> None:
    spread = [{"name": "country", "categories": {"Mainland": {"country": ["CN"]}, "Hong Kong": {"country": ["HK"]}}}, {"name": "site", "each": "site_id"}]
    bad = [rejected_row("water_tap", site_id=None)], [rejected_row("water_tap", site_id="HQ")]

    unknown, known = (computed(edition_of(tmp_path, [TAP | {"breakdowns": spread}]), [year("water_tap", "1", site_id="SHOP")], bad=rows) for rows in bad)

    assert [unknown.cell("tap", category=name)["status"] for name in ("Mainland", "Hong Kong")] == ["blocked", "blocked"]
    assert [known.cell("tap", category=name)["status"] for name in ("Mainland", "Hong Kong")] == ["blocked", "not_collected"]
    assert unknown.cell("tap", category="SHOP")["status"] == "blocked"
    assert [known.cell("tap", category=name)["status"] for name in ("SHOP", "HQ")] == ["ok", "blocked"]


def test_a_site_of_which_nothing_else_came_is_blocked_by_a_record_of_which_nobody_knows_the_site(tmp_path: Path) -> None:
    """Its row would be missing otherwise, as if it had nothing. Not so of sites that cannot be meant: closed before, of others, outside the boundary."""
    others = site("CLOSED", valid_to=day("2022-12-31")), site("LATER", valid_from=day("2024-01-01")), site("THEIRS", control="none"), site("OUT", kind="store")
    sites = register(site("SHOP"), site("NEW", valid_from=day("2023-06-01"), country="HK"), *others)
    spread = [{"name": "site", "each": "site_id"}, {"name": "country", "each": "country"}]
    rules = '[[boundary]]\nid = "offices"\ntext = "Offices."\nwhere = { kind = ["office"] }\n'
    heads = HEADS | {"breakdowns": spread}

    found = [
        computed(edition_of(tmp_path, [TAP | {"breakdowns": spread}, heads], rules), [year("water_tap", "1", site_id="SHOP"), *bills], sites=sites, bad=bad).values.filter(pl.col("period") == "2023")
        for bills, bad in (([], [rejected_row("water_tap", site_id=None)]), ([], [rejected_row("water_tap", site_id="SHOP")]), ([], []), ([year("water_tap", "2", site_id="NEW")], [rejected_row("water_tap", site_id=None)]))
    ]  # fmt: skip

    blocked, of_shop, whole, both = ({tuple(row) for row in values.filter(pl.col("kpi_id") == "tap").select("breakdown", "category", "status").rows()} for values in found)
    at = lambda *states: {("site", "SHOP", states[0]), ("site", "NEW", states[1]), ("country", "CN", states[0]), ("country", "HK", states[1])}  # noqa: E731
    assert blocked == both == at("blocked", "blocked")
    assert of_shop == {row for row in at("blocked", "") if row[2]}
    assert whole == {row for row in at("ok", "") if row[2]}
    assert [sorted(values.filter(pl.col("kpi_id") == "heads")["category"].unique()) for values in found] == [["CN", "SHOP"]] * 3 + [["CN", "HK", "NEW", "SHOP"]]


def test_what_is_of_no_known_site_blocks_sites_inside_the_boundary_of_its_own_measure(tmp_path: Path) -> None:
    sites = register(site("OFFICE"), site("WELL", kind="well"), site("SHARED", control="none", ownership_share=Decimal(0)))
    spread = [{"name": "site", "each": "site_id"}]
    kpis = [TAP | {"breakdowns": spread}, HEADS | {"breakdowns": spread}]
    rules = '[[boundary]]\nid = "wells"\ntext = "Wells."\nmeasures = ["water_tap"]\nwhere = { kind = ["well"] }\n[[boundary]]\nid = "offices"\ntext = "Offices."\nwhere = { kind = ["office"] }\n'
    bad = [rejected_row("water_tap", site_id=None), rejected_row("employees_full_time", site_id=None, record_id="bad:2")]

    found = {how: computed(edition_of(tmp_path / how, kpis, rules, consolidation=how), [], sites=sites, bad=bad).values for how in ("operational_control", "equity_share")}

    cells = {how: sorted(values.filter(pl.col("period") == "2023").select("kpi_id", "category", "status").rows()) for how, values in found.items()}
    controlled = [("heads", "OFFICE", "blocked"), ("tap", "WELL", "blocked")]
    assert cells == {"operational_control": controlled, "equity_share": sorted([*controlled, ("heads", "SHARED", "blocked")])}  # No share touches people.
