"""Scope 1 by method, each worked by hand from its source: combustion, refrigerants by mass balance and by leak rate, blends, waste water, biogenic fuel."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest

from esg_kpis.assurance.balances import balance_findings, beside_findings, region_findings, stock_findings, twice_findings
from tests.scenario import EVERYWHERE, Computed, Row, bill, computed, edition_of, kpi, real_library, register, rule, site, year

CO2E = kpi("ghg", "tCO2e", "emission_co2e", amounts=[{"measure": ["emission_co2e"], "scope": ["1"]}])
BY_GAS = kpi(
    "by_gas", "kg", amounts=[{"measure": ["emission_gas"], "scope": ["1", "2"]}],
    breakdowns=[{"name": "gas", "categories": {group: {"gas_group": [group]} for group in ("CO2", "CH4", "N2O", "HFCs")}}],
)  # fmt: skip
BESIDE_BY_GAS = kpi(
    "beside_by_gas", "kg", amounts=[{"measure": ["emission_gas"], "scope": ["outside"]}],
    breakdowns=[{"name": "gas", "categories": {group: {"gas_group": [group]} for group in ("HCFCs", "CO2 biogenic")}}],
)  # fmt: skip
BESIDE = kpi("beside", "tCO2e", amounts=[{"measure": ["emission_co2e"], "scope": ["outside"]}])

COOLING = (
    rule("balance", "refrigerant_refill", "refrigerant_emitted", "ipcc-2006-v3-ch7", "*", more='method = "mass_balance"').replace(
        '["refrigerant_refill"]',
        '["refrigerant_refill", "refrigerant_installed", "refrigerant_capacity_new", "refrigerant_capacity_retired", "refrigerant_recovered"]',
    )
    + rule("leaks", "refrigerant_charge", "refrigerant_emitted", "ipcc-2006-v3-ch7", "*", more='method = "{equipment}_upper"')
    + rule("blends", "refrigerant_emitted", "emission_gas", "ashrae-34", "*")
)
WATER = (
    rule("b0", "wastewater_cod", "methane_potential", "ipcc-2006-v5-ch6").replace('["wastewater_cod"]', '["wastewater_cod", "wastewater_bod", "sludge_cod", "sludge_bod"]')
    + rule("mcf", "methane_potential", "emission_gas", "ipcc-2006-v5-ch6", "CH4", more='method = "{treatment}"')
    + rule("recovered", "methane_recovered", "emission_gas", "ipcc-2006-v5-ch6", "CH4")
)


def emitted(tmp_path: Path, rules: str, bills: list[Row], **head: str) -> Computed:
    return computed(edition_of(tmp_path, [CO2E, BY_GAS, BESIDE_BY_GAS, BESIDE], EVERYWHERE + rules, **head), bills, library=real_library())


def masses(result: Computed) -> dict[str, Decimal]:
    """Mass of each gas of 2023."""
    gases = result.amounts.filter((pl.col("measure") == "emission_gas") & (pl.col("period") == "2023"))
    return {gas: value for gas, value in gases.group_by("gas").agg(pl.col("quantity").sum()).sort("gas").iter_rows() if value}


# ---------------------------------------------------------------- combustion


def test_stationary_and_mobile_diesel_take_factors_of_their_own(tmp_path: Path) -> None:
    """2006 IPCC Guidelines, volume 2: 43.0 GJ/t (Table 1.2); 74,100 kg CO2/TJ; CH4 10 and N2O 0.6 kg/TJ in offices (Table 2.4), 3.9 and 3.9 on the road (Table 3.2.2)."""
    rules = (
        rule("energy", "diesel", "diesel_energy", "ipcc-2006-v2-ch1")
        + rule("co2", "diesel_energy", "emission_gas", "ipcc-2006-v2-ch2", "CO2")
        + rule("engine", "diesel_energy", "emission_gas", "ipcc-2006-v2-ch2", "CH4", "N2O", more='method = "commercial"\nwhere = { use = ["stationary"] }')
        + rule("road", "diesel_energy", "emission_gas", "ipcc-2006-v2-ch3", "CH4", "N2O", more='method = "road"\nwhere = { use = ["mobile"] }')
    )
    bills = [year("diesel", "1000", dimensions=f"use={use}", record_id=use, meter_id=use) for use in ("stationary", "mobile")]

    result = emitted(tmp_path, rules, bills)

    assert masses(result) == {"CH4": Decimal("0.5977"), "CO2": Decimal("6372.6"), "N2O": Decimal("0.1935")}
    # 2 t x 43 GJ/t = 86 GJ: 86 x 74.1 = 6,372.6 kg; CH4 43 x (0.010 + 0.0039) = 0.5977 kg; N2O 43 x (0.0006 + 0.0039) = 0.1935 kg
    assert result.cell("ghg")["value"] == Decimal("6.440613100")  # 6372.6 + 0.5977 x 28 + 0.1935 x 265, AR5


def test_a_fuel_of_no_stated_use_is_blocked_and_says_so(tmp_path: Path) -> None:
    rules = rule("energy", "diesel", "diesel_energy", "ipcc-2006-v2-ch1") + rule(
        "road", "diesel_energy", "emission_gas", "ipcc-2006-v2-ch3", "CO2", more='where = { use = ["mobile"] }'
    )

    cell = emitted(tmp_path, rules, [year("diesel", "1000")]).cell("ghg")

    assert cell["status"] == "blocked"
    assert "No rule of the edition leads to emission_gas of CO2 from diesel_energy" in cell["reason"]


def test_gas_sold_by_gross_energy_is_not_taken_for_net(tmp_path: Path) -> None:
    """US EPA, GHG Emission Factors Hub, Table 1: 53.06 kg CO2/MMBtu, gross calorific value; a million Btu is 1,055.05585262 MJ."""
    rules = rule("epa", "natural_gas_gross_energy", "emission_gas", "epa-hub-2023", "CO2")
    american = register(site(country="US", grid_region="US"))

    result = computed(edition_of(tmp_path, [CO2E], EVERYWHERE + rules), [year("natural_gas_gross_energy", "1055055.85262")], library=real_library(), sites=american)

    assert result.cell("ghg")["printed"] == "53.06"


def test_vehicles_by_distance(tmp_path: Path) -> None:
    """NDRC land transport guideline (2015): a car, gasoline, China IV: CH4 57 and N2O 6 mg/km."""
    rules = rule("km", "vehicle_distance", "emission_gas", "ndrc-land-transport-2015", "CH4", "N2O", more='method = "{vehicle}"')

    result = emitted(tmp_path, rules, [year("vehicle_distance", "1000000", dimensions="vehicle=car_gasoline_china_4")])

    assert masses(result) == {"CH4": Decimal(57), "N2O": Decimal(6)}


def test_co2_of_wood_stands_apart_and_its_methane_does_not(tmp_path: Path) -> None:
    """2006 IPCC Guidelines, volume 2: 15.6 GJ/t (Table 1.2), 112,000 kg CO2/TJ, CH4 30 and N2O 4 kg/TJ in manufacturing (Table 2.3). GHG Protocol Corporate Standard, chapter 9: biogenic CO2 apart from the scopes."""
    rules = (
        rule("energy", "wood", "wood_energy", "ipcc-2006-v2-ch1")
        + rule("co2", "wood_energy", "emission_gas", "ipcc-2006-v2-ch2", "CO2")
        + rule("rest", "wood_energy", "emission_gas", "ipcc-2006-v2-ch2", "CH4", "N2O", more='method = "manufacturing"')
    )

    result = emitted(tmp_path, rules, [year("wood", "100000")])

    assert masses(result) == {"CH4": Decimal("46.8"), "CO2": Decimal(174720), "N2O": Decimal("6.24")}  # 1,560 GJ
    assert result.cell("beside_by_gas", category="CO2 biogenic")["value"] == 174720
    assert result.cell("by_gas", category="CO2")["status"] == "not_collected"
    assert result.cell("ghg")["value"] == Decimal("2.964")  # 46.8 x 28 + 6.24 x 265
    assert result.cell("beside")["value"] == Decimal("174.72")


# ---------------------------------------------------------------- refrigerants


def test_a_refill_of_a_blend_is_counted_by_its_gases(tmp_path: Path) -> None:
    """R-410A is half HFC-32, half HFC-125 (ASHRAE 34): 10 kg are 5 x 677 + 5 x 3,170 = 19,235 kg CO2e by AR5."""
    result = emitted(tmp_path, COOLING, [year("refrigerant_refill", "10", dimensions="refrigerant=R-410A")])

    assert masses(result) == {"HFC-125": Decimal(5), "HFC-32": Decimal(5)}
    assert result.cell("ghg")["value"] == Decimal("19.235")


def test_a_pure_gas_is_itself(tmp_path: Path) -> None:
    result = emitted(tmp_path, COOLING, [year("refrigerant_refill", "10", dimensions="refrigerant=HFC-134a")])

    assert masses(result) == {"HFC-134a": Decimal(10)}
    assert result.cell("ghg")["value"] == Decimal(13)


def test_mass_balance_over_the_life_of_equipment(tmp_path: Path) -> None:
    """2006 IPCC Guidelines, volume 3, chapter 7; GHG Protocol refrigeration tool, simplified mass balance: refills 6 + installed 20 - new charge 18 + retired charge 9 - recovered 7 = 10 kg."""
    parts = {"refill": "6", "installed": "20", "capacity_new": "18", "capacity_retired": "9", "recovered": "7"}
    bills = [year(f"refrigerant_{name}", quantity, dimensions="refrigerant=HFC-134a") for name, quantity in parts.items()]

    result = emitted(tmp_path, COOLING, bills)

    assert masses(result) == {"HFC-134a": Decimal(10)}


def test_a_leak_rate_is_of_the_charge_and_a_year(tmp_path: Path) -> None:
    """Chillers leak up to 15 % a year (2006 IPCC Guidelines, volume 3, Table 7.9): 40 kg of R-134a lose 6 kg, 7.8 t CO2e by AR5."""
    charge = bill("refrigerant_charge", "40", "2022-06-01", None, dimensions="equipment=chiller;refrigerant=HFC-134a")

    result = emitted(tmp_path, COOLING, [charge])

    assert masses(result) == {"HFC-134a": Decimal(6)}
    assert result.cell("ghg")["value"] == Decimal("7.8")


def test_a_half_year_leaks_half_of_it(tmp_path: Path) -> None:
    folder = edition_of(tmp_path, [CO2E], EVERYWHERE + COOLING)
    text = (tmp_path / "editions" / "e1" / "edition.toml").read_text().replace('id = "2023"\nfirst = 2023-01-01\nlast = 2023-12-31', 'id = "2023"\nfirst = 2023-01-01\nlast = 2023-06-30')
    (tmp_path / "editions" / "e1" / "edition.toml").write_text(text)
    from esg_kpis.editions import read_edition

    charge = bill("refrigerant_charge", "40", "2022-06-01", None, dimensions="equipment=chiller;refrigerant=HFC-134a")
    result = computed(read_edition(tmp_path / "editions" / "e1"), [charge], library=real_library())

    assert folder.rules.period[1].months == 12
    assert masses(result) == {"HFC-134a": Decimal(3)}


def test_hcfcs_stand_beside_scope_1_and_are_shown(tmp_path: Path) -> None:
    """R-22 is a gas of the Montreal Protocol: 2 kg x 1,760 are outside the scopes (GHG Protocol Corporate Standard, chapter 9), 1 kg HFC-134a is in Scope 1."""
    gases = {"R-22": "2", "HFC-134a": "1"}
    bills = [year("refrigerant_refill", quantity, dimensions=f"refrigerant={gas}", record_id=gas) for gas, quantity in gases.items()]

    result = emitted(tmp_path, COOLING, bills)

    assert result.cell("ghg")["value"] == Decimal("1.3")
    assert result.cell("beside")["value"] == Decimal("3.52")
    assert result.cell("beside_by_gas", category="HCFCs")["value"] == 2
    [finding] = beside_findings(result.amounts)
    assert finding["observed"] == "3.52 tCO2e by AR5 of HCFCs stand beside the scopes"


# ---------------------------------------------------------------- waste water


def test_methane_of_waste_water_from_cod(tmp_path: Path) -> None:
    """2006 IPCC Guidelines, volume 5, equation 6.4: (1,000 - 200 kg COD) x B0 0.25 x MCF 0.8 (anaerobic reactor, Table 6.8) - 60 kg recovered = 100 kg CH4."""
    reactor = "treatment=anaerobic_reactor"
    bills = [year("wastewater_cod", "1000", dimensions=reactor), year("sludge_cod", "200", dimensions=reactor), year("methane_recovered", "60", dimensions=reactor)]

    result = emitted(tmp_path, WATER, bills)

    assert masses(result) == {"CH4": Decimal(100)}
    assert result.cell("ghg")["value"] == Decimal("2.8")


def test_more_recovered_than_was_there_is_a_finding(tmp_path: Path) -> None:
    bills = [year("wastewater_cod", "100", dimensions="treatment=septic"), year("methane_recovered", "60", dimensions="treatment=septic")]

    [finding] = balance_findings(emitted(tmp_path, WATER, bills).amounts)

    assert (finding["severity"], finding["observed"]) == ("error", "-47.5 kg of CH4: more was taken out than put in")
    assert finding["record_ids"] == "HQ methane_recovered 2023-01-01;HQ wastewater_cod 2023-01-01"


def test_a_balance_is_struck_by_treatment_and_hides_behind_no_other(tmp_path: Path) -> None:
    """More methane recovered from the reactor than it made, beside a lagoon that made more; a recovered refrigerant beside a chiller that leaks."""
    bills = [
        year("wastewater_cod", "100", dimensions="treatment=anaerobic_reactor"), year("methane_recovered", "60", dimensions="treatment=anaerobic_reactor"),
        year("wastewater_cod", "9000", dimensions="treatment=lagoon_deep", record_id="lagoon"), year("refrigerant_recovered", "10", dimensions="refrigerant=HFC-134a"),
        bill("refrigerant_charge", "400", "2022-06-01", None, dimensions="equipment=chiller;refrigerant=HFC-134a"),
    ]  # fmt: skip

    found = balance_findings(emitted(tmp_path, WATER + COOLING, bills).amounts)

    assert [(row["subject"], row["observed"].partition(":")[0]) for row in found] == [
        ("Waste water, anaerobic_reactor: CH4 at HQ", "-40 kg of CH4"), ("Refrigerants and fire suppressants: HFC-134a at HQ", "-10 kg of HFC-134a"),
    ]  # fmt: skip


def test_what_is_told_twice_is_a_finding(tmp_path: Path) -> None:
    said = "equipment=chiller;refrigerant=HFC-134a"
    bills = [
        year("wastewater_cod", "100", dimensions="treatment=septic"), year("wastewater_bod", "50", dimensions="treatment=septic"),
        bill("refrigerant_charge", "40", "2022-06-01", None, dimensions=said), year("refrigerant_refill", "5", dimensions=said),
    ]  # fmt: skip

    found = twice_findings(emitted(tmp_path, WATER + COOLING, bills).amounts)

    assert [(row["period"], row["subject"]) for row in found] == [("2023", "HFC-134a at HQ"), ("2023", "septic at HQ")]


@pytest.mark.parametrize(("region", "findings"), [("CN-NCG", 0), ("CN-BJ", 0), ("CN", 0), ("CN-Beijing", 1)])
def test_a_grid_region_that_nobody_knows_is_a_finding(tmp_path: Path, region: str, findings: int) -> None:
    sites = register(site(grid_region=region))
    result = computed(edition_of(tmp_path, [kpi("power", "kWh", "electricity_purchased")], EVERYWHERE), [year("electricity_purchased", "1")], sites=sites)

    found = region_findings(result.sites, result.amounts, real_library())

    assert len(found) == findings
    assert all("Did you mean" in row["what_to_do"] or row["what_to_do"] for row in found)


@pytest.mark.parametrize(("treatment", "expected"), [("septic", "300"), ("lagoon_shallow", "120"), ("lagoon_deep", "480"), ("aerobic_managed", None), ("discharge", "60")])
def test_methane_of_waste_water_from_bod(tmp_path: Path, treatment: str, expected: str | None) -> None:
    """1,000 kg BOD x B0 0.6 (Table 6.2) x MCF of the treatment (Tables 6.3 and 6.8)."""
    result = emitted(tmp_path, WATER, [year("wastewater_bod", "1000", dimensions=f"treatment={treatment}")])

    assert masses(result) == ({"CH4": Decimal(expected)} if expected else {})
    assert result.cell("ghg")["status"] == "ok"


# ---------------------------------------------------------------- GWP sets


@pytest.mark.parametrize(("gwp_set", "methane", "expected"), [("AR4", "one_value", "25"), ("AR5", "one_value", "28"), ("AR6", "by_origin", "27"), ("SAR", "one_value", "21")])
def test_methane_of_waste_water_by_each_set(tmp_path: Path, gwp_set: str, methane: str, expected: str) -> None:
    """1,000 kg CH4; AR6 values methane that is not fossil at 27.0 (Table 7.15)."""
    result = emitted(tmp_path, WATER, [year("wastewater_bod", "10000", dimensions="treatment=lagoon_shallow")], gwp_set=gwp_set, methane=methane)

    assert Fraction(result.cell("ghg")["value"]) == Fraction(expected) * Fraction("1.2")


def test_fossil_methane_by_ar6_is_29_8(tmp_path: Path) -> None:
    rules = rule("energy", "natural_gas", "natural_gas_energy", "ndrc-sector-guidelines") + rule("methane", "natural_gas_energy", "emission_gas", "ipcc-2006-v2-ch2", "CH4", more='method = "commercial"')

    result = emitted(tmp_path, rules, [year("natural_gas", "1000000")], gwp_set="AR6", methane="by_origin")

    assert masses(result) == {"CH4": Decimal("194.655")}  # 38,931 GJ x 5 kg/TJ
    assert result.cell("ghg")["value"] == Decimal("5.800719")  # x 29.8
    assert set(result.amounts.filter(pl.col("measure") == "emission_co2e")["gas"]) == {"CH4"}


def test_fossil_methane_by_ar5_is_refused_because_no_source_was_checked(tmp_path: Path) -> None:
    rules = rule("energy", "natural_gas", "natural_gas_energy", "ndrc-sector-guidelines") + rule("methane", "natural_gas_energy", "emission_gas", "ipcc-2006-v2-ch2", "CH4", more='method = "commercial"')

    cell = emitted(tmp_path, rules, [year("natural_gas", "1000000")], methane="by_origin").cell("ghg")

    assert (cell["status"], cell["value"]) == ("blocked", None)
    assert "the GWP set AR5 gives no checked value for CH4 fossil" in cell["reason"]


def test_the_value_of_ar6_that_is_neither_is_refused(tmp_path: Path) -> None:
    from esg_kpis.errors import InputProblem

    with pytest.raises(InputProblem, match="AR6 values fossil and other methane apart"):
        edition_of(tmp_path, [CO2E], EVERYWHERE, gwp_set="AR6")


def test_vehicles_by_distance_beside_engines_by_fuel(tmp_path: Path) -> None:
    """CH4 and N2O of what drives come from kilometres, of what stands from the fuel: an exclusion with `where` leaves the first out of the fuel's."""
    rules = (
        rule("energy", "diesel", "diesel_energy", "ipcc-2006-v2-ch1")
        + rule("gases", "diesel_energy", "emission_gas", "ipcc-2006-v2-ch2", "CH4", "N2O", more='method = "commercial"')
        + rule("km", "vehicle_distance", "emission_gas", "ndrc-land-transport-2015", "CH4", "N2O", more='method = "{vehicle}"')
        + '[[exclusion]]\nid = "driving"\nmeasures = ["diesel_energy"]\ngases = ["CH4", "N2O"]\nwhere = { use = ["mobile"] }\ntext = "By distance."\n'
    )
    bills = [year("diesel", "1000", dimensions=f"use={use}", record_id=use, meter_id=use) for use in ("stationary", "mobile")]

    result = emitted(tmp_path, rules, [*bills, year("vehicle_distance", "1000000", dimensions="vehicle=heavy_diesel")])

    counting = result.amounts.filter((pl.col("measure") == "emission_gas") & pl.col("excluded").is_null())
    assert dict(counting.group_by("gas").agg(pl.col("quantity").sum()).iter_rows()) == {"CH4": Decimal("175.43"), "N2O": Decimal("30.0258")}  # 43 GJ: 0.43 and 0.0258 kg


def test_equipment_that_is_not_stated_is_named(tmp_path: Path) -> None:
    cell = emitted(tmp_path, COOLING, [bill("refrigerant_charge", "40", "2022-06-01", None, dimensions="refrigerant=HFC-134a")]).cell("ghg")

    assert cell["status"] == "blocked"
    assert "the amount states none: the rule's method is {equipment}_upper" in cell["reason"]


def test_a_charge_of_midsummer_only_is_told(tmp_path: Path) -> None:
    charge = bill("refrigerant_charge", "40", "2023-06-30", "2023-06-30", dimensions="equipment=chiller;refrigerant=HFC-134a")

    [finding] = stock_findings(emitted(tmp_path, COOLING, [charge]).amounts)

    assert finding["observed"] == "1 records count in no period: HQ (2023-06-30 to 2023-06-30)"
