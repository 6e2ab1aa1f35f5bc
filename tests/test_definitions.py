"""Definitions of KPIs that would be wrong in silence: each is refused with file, KPI and what would be right, and the neighbour that is right is read."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from esg_kpis.editions import read_edition
from esg_kpis.errors import InputProblem
from pipelines.cli import main
from tests.scenario import (
    EVERYWHERE,
    ROOT,
    Row,
    computed,
    edition_folder,
    edition_of,
    factor_row,
    gwp_row,
    kpi,
    library_folder,
    library_of,
    rule,
    year,
)

CO2E, GAS = "emission_co2e", "emission_gas"
MARKET = EVERYWHERE + '[market_based]\nretired_for = ["Example Group"]\n'
TOTAL = {"name": "total", "categories": {"All": {}}}


def asked(*amounts: Row, unit: str = "t", **given: Any) -> Row:  # noqa: ANN401
    return kpi("k", unit, amounts=list(amounts), **given)


def by_gas(**categories: list[str]) -> Row:
    return {"name": "gas", "categories": {name: {"gas_group": groups} for name, groups in categories.items()}}


REFUSED: list[tuple[Row, str]] = [
    # ---- what stands beside the scopes
    (asked({"measure": CO2E, "scope": ["1", "outside"]}), "adds up emissions of the scopes and what stands beside them (HCFCs, CO2 biogenic)"),
    (asked({"measure": CO2E, "scope": ["1", "outside"]}, breakdowns=[by_gas(CO2=["CO2"])]), "adds up emissions of the scopes and what stands beside them"),
    (asked({"measure": CO2E, "scope": "not 1"}), 'Name the scope, such as scope: ["1", "2"]'),
    (asked({"measure": CO2E}, {"measure": CO2E, "scope": "outside"}), "a KPI of its own, with scope: outside"),
    (asked({"measure": CO2E, "gas_group": ["HFCs", "HCFCs"]}), "adds up emissions of the scopes and what stands beside them"),
    (asked({"measure": CO2E, "gas_group": "not CO2"}), "adds up emissions of the scopes and what stands beside them"),
    (asked({"measure": CO2E}, breakdowns=[by_gas(Cooling=["HFCs", "HCFCs"])]), "has the category 'Cooling' of HCFCs, which stands beside the scopes, and takes only the scopes"),
    # ---- the two methods of Scope 2
    (asked({"measure": CO2E, "scope": "2", "basis": ["location", "market"]}), "names both bases in one of its amounts"),
    (asked({"measure": CO2E, "scope": "2", "basis": "location", "origin": "heat_purchased"}, {"measure": CO2E, "scope": "2", "basis": "market", "origin": "electricity_purchased"}), "Scope 2 on different bases: its amounts name location and market"),
    (asked({"measure": CO2E, "basis": "market", "where": {"country": ["CN"]}}, {"measure": CO2E, "where": {"country": ["HK"]}}), "its amounts name market and none (that of scope_2_total)"),
    (asked({"measure": CO2E, "scope": "2", "basis": "location", "gas_group": "CO2"}, {"measure": CO2E, "scope": "2", "gas_group": "CH4"}), "its amounts name location and none (that of scope_2_total). Name the same basis in all of them, or in none."),
    # ---- twice
    (asked({"measure": CO2E, "scope": ["1", "2"]}, {"measure": CO2E, "scope": "1"}), "counts emission_co2e twice: two of its amounts overlap"),
    (asked({"measure": CO2E, "scope": "1"}, {"measure": [CO2E, "scope_3_stated"]}), "counts emission_co2e twice"),
    (asked({"measure": "water_tap"}, {"measure": ["water_reclaimed", "water_tap"]}), "counts water_tap twice"),
    (asked({"measure": "water_tap"}, {"measure": "water_tap", "where": {"country": ["CN"]}}), "counts water_tap twice"),
    (asked({"measure": "water_tap", "where": {"country": ["not CN"]}}, {"measure": "water_tap", "where": {"country": ["HK", "CN"]}}), "counts water_tap twice"),
    (asked({"measure": "water_tap", "where": {"country": ["not CN"]}}, {"measure": "water_tap", "where": {"country": ["not HK"]}}), "counts water_tap twice"),
    (asked({"measure": "water_tap", "where": {"country": ["CN"]}}, {"measure": "water_tap", "where": {"kind": ["office"]}}), "counts water_tap twice"),
    (asked({"measure": "electricity_purchased"}, {"measure": "electricity_purchased"}, unit="case", formula="count"), "counts electricity_purchased twice"),
    (asked({"measure": CO2E, "scope": "1", "basis": "location"}, {"measure": CO2E, "scope": "1", "basis": "market"}), "counts emission_co2e twice"),
    # ---- kilograms of different gases
    (asked({"measure": GAS}), "adds up kilograms of different gases, in the category 'All'"),
    (asked({"measure": GAS, "gas_group": ["CO2", "CH4"]}), "adds up kilograms of different gases"),
    (asked({"measure": GAS, "gas_group": ["not CH4"], "scope": "1"}), "adds up kilograms of different gases"),
    (asked({"measure": GAS, "gas_group": "CO2"}, {"measure": GAS, "gas_group": "CH4"}), "adds up kilograms of different gases"),
    (asked({"measure": GAS}, breakdowns=[by_gas(CO2=["CO2"], Rest=["CH4", "N2O"])]), "adds up kilograms of different gases, in the category 'Rest'"),
    (asked({"measure": GAS}, breakdowns=[by_gas(Rest=["not CO2"])]), "adds up kilograms of different gases, in the category 'Rest'"),
    (asked({"measure": GAS}, breakdowns=[by_gas(CO2=["CO2"]), TOTAL]), "adds up kilograms of different gases, in the category 'All'"),
    (asked({"measure": GAS}, breakdowns=[{"name": "site", "each": "site_id"}]), "Name one gas_group in its amounts, or one in each category of each breakdown; totals of several gases are made of emission_co2e."),
    # ---- units that say another thing
    (asked({"measure": GAS, "gas_group": "CH4"}, unit="tCO2e"), "adds up emission_gas, the mass of a gas, in 'tCO2e'"),
    (asked({"measure": GAS, "gas_group": "CO2"}, unit="kgCO2e"), "adds up emission_gas, the mass of a gas, in 'kgCO2e'"),
    (asked({"measure": CO2E}, unit="tCO2"), "adds up emission_co2e in 'tCO2', which says CO2 and not CO2e. Write 'tCO2e'."),
    (asked({"measure": CO2E}, unit="kgCO2"), "Write 'kgCO2e'."),
    (asked({"measure": "scope_3_stated"}, unit="tCO2"), "adds up scope_3_stated in 'tCO2'"),
    # ---- measures that do not stand beside each other
    (asked({"measure": [GAS, CO2E], "gas_group": "CO2"}), "adds up emission_gas and emission_co2e, kilograms of gases and of CO2e"),
    (asked({"measure": GAS, "gas_group": "CO2"}, {"measure": "scope_3_stated"}), "adds up emission_gas and scope_3_stated"),
    (asked({"measure": ["electricity_contracted", "electricity_purchased"]}, unit="kWh"), "adds up electricity_contracted and electricity_purchased: the first is part of what was bought"),
    (asked({"measure": "electricity_renewable"}, {"measure": "electricity_uncontracted"}, unit="kWh"), "adds up electricity_uncontracted and electricity_renewable"),
    # ---- words to take and words to leave out
    (asked({"measure": CO2E, "scope": ["1", "not 2"]}), "'scope' names values to take and values to leave out"),
]  # fmt: skip

RIGHT: list[Row] = [
    asked({"measure": CO2E}, unit="tCO2e"),
    asked({"measure": CO2E, "scope": ["1", "2"]}, unit="kgCO2e"),
    asked({"measure": CO2E, "scope": "not outside"}),
    asked({"measure": CO2E, "scope": "outside"}),
    asked({"measure": CO2E, "gas_group": "HCFCs"}),
    asked({"measure": CO2E, "gas_group": ["HCFCs", "CO2 biogenic"]}),
    asked({"measure": CO2E, "gas_group": "CO2 biogenic", "scope": "outside"}),
    asked({"measure": CO2E, "gas_group": ["not HCFCs", "not CO2 biogenic"]}),
    asked({"measure": CO2E}, breakdowns=[TOTAL, by_gas(CO2=["CO2"], Rest=["not CO2"])]),
    asked({"measure": CO2E, "scope": "outside"}, breakdowns=[by_gas(HCFCs=["HCFCs"])]),
    asked({"measure": CO2E, "scope": "2", "basis": "market"}),
    asked({"measure": CO2E, "scope": "2", "basis": "market", "origin": "heat_purchased"}, {"measure": CO2E, "scope": "2", "basis": "market", "origin": "electricity_purchased"}),
    asked({"measure": CO2E, "scope": "1"}, {"measure": CO2E, "scope": "2", "basis": "market"}),
    asked({"measure": CO2E}, {"measure": "scope_3_stated"}),
    asked({"measure": [CO2E, "scope_3_stated"]}),
    asked({"measure": "water_tap"}, {"measure": "water_reclaimed"}),
    asked({"measure": "water_tap", "where": {"country": ["not CN"]}}, {"measure": "water_tap", "where": {"country": ["CN"]}}),
    asked({"measure": "water_tap", "where": {"country": ["CN"], "kind": ["office"]}}, {"measure": "water_tap", "where": {"country": ["CN"], "kind": ["not office"]}}),
    asked({"measure": "employees", "where": {"gender": ["Male"]}}, {"measure": "employees", "where": {"gender": ["Female"]}}, unit="person"),
    asked({"measure": CO2E, "origin": "natural_gas"}, {"measure": CO2E, "origin": ["diesel", "gasoline"]}),
    asked({"measure": GAS, "gas_group": "CO2"}, unit="tCO2"),
    asked({"measure": GAS, "gas_group": "HCFCs"}),
    asked({"measure": GAS, "gas_group": "CO2", "scope": "1"}, {"measure": GAS, "gas_group": "CO2", "scope": "2"}, breakdowns=[TOTAL, {"name": "site", "each": "site_id"}]),
    asked({"measure": GAS}, breakdowns=[by_gas(CO2=["CO2"], CH4=["CH4"])]),
    asked({"measure": GAS, "scope": "1"}, unit="case", formula="count"),
    asked({"measure": ["electricity_contracted", "electricity_uncontracted"]}, unit="kWh"),
    asked({"measure": ["electricity_purchased", "electricity_renewable"]}, unit="kWh"),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "message"), REFUSED)
def test_what_would_be_wrong_in_silence_is_refused(tmp_path: Path, entry: Row, message: str) -> None:
    with pytest.raises(InputProblem) as caught:
        edition_of(tmp_path, [entry], MARKET)

    assert caught.value.exit_code == 3
    assert str(caught.value).startswith("editions/e1/kpis.yaml: KPI 'k'")
    assert message in str(caught.value)


@pytest.mark.parametrize("entry", RIGHT)
def test_its_neighbour_is_read(tmp_path: Path, entry: Row) -> None:
    assert list(edition_of(tmp_path, [entry], MARKET).kpis) == ["k"]


def test_the_first_mistake_of_the_second_kpi_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputProblem, match=r"^editions/e1/kpis.yaml: KPI 'k' counts water_tap twice: two of its amounts overlap\. Keep one of them"):
        edition_of(tmp_path, [kpi("first", "t", "water_tap"), asked({"measure": "water_tap"}, {"measure": "water_tap"})])


def test_the_command_ends_with_the_code_of_an_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    edition_folder(tmp_path, [asked({"measure": GAS})])
    library_folder(tmp_path, {})
    (tmp_path / "data" / "raw").mkdir(parents=True)
    monkeypatch.setattr("sys.argv", ["esg-kpis", "factors", "find", "water_tap", "--region", "CN", "--on", "2023-06-30", "--edition", "e1", "--root", str(tmp_path)])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 3
    told = capsys.readouterr()
    assert "KPI 'k' adds up kilograms of different gases" in " ".join(f"{told.out} {told.err}".split())


# ---------------------------------------------------------------- emissions that name neither scope nor gas group


def test_emissions_without_a_word_are_those_of_scopes_1_and_2(tmp_path: Path) -> None:
    """1,000 MWh at 0.5 t, 1 t of gas at 2 t, 3 t of CO2 of wood, 4 kg of R-22 at 1,760: the last two stand beside the scopes. 7 t stated of Scope 3 count where they are named."""
    of = {"region": "GLOBAL", "unit": "kg/kg"}
    factors = [factor_row(), factor_row("gas", measure="natural_gas_mass", value="2", **of), factor_row("wood", measure="wood", value="3", **of), factor_row("r22", measure="refrigerant_emitted", gas_in="R-22", gas="R-22", value="1", **of)]
    factors += [factor_row("refill", measure="refrigerant_refill", output="refrigerant_emitted", gas_in="R-22", gas="R-22", value="1", **of)]
    rules = "".join(rule(name, name, GAS, "mee", "CO2") for name in ("electricity_purchased", "natural_gas_mass", "wood"))
    rules += rule("refill", "refrigerant_refill", "refrigerant_emitted", "mee", "*") + rule("r22", "refrigerant_emitted", GAS, "mee", "*")
    library = library_of(tmp_path, {"mee": factors}, [gwp_row("CO2", "1"), gwp_row("R-22", "1760", gas_group="HCFCs")])
    bills = [year("electricity_purchased", "1000000"), year("natural_gas_mass", "1000"), year("wood", "1000"), year("refrigerant_refill", "4", dimensions="refrigerant=R-22")]
    bills += [year("scope_3_stated", "7000", dimensions="category=all;gwp_set=AR5;method=several")]
    kpis = [
        kpi("silent", "tCO2e", CO2E), kpi("said", "tCO2e", amounts=[{"measure": CO2E, "scope": ["1", "2"]}]), kpi("all", "tCO2e", CO2E, "scope_3_stated"),
        kpi("not_outside", "tCO2e", amounts=[{"measure": CO2E, "scope": "not outside"}]), kpi("outside", "tCO2e", amounts=[{"measure": CO2E, "scope": "outside"}]),
        kpi("hcfcs", "tCO2e", amounts=[{"measure": CO2E, "gas_group": "HCFCs"}]), kpi("biogenic", "tCO2", amounts=[{"measure": GAS, "gas_group": "CO2 biogenic"}]),
    ]  # fmt: skip

    result = computed(edition_of(tmp_path, kpis, EVERYWHERE + rules), bills, library=library)

    expected = {"silent": "502", "said": "502", "not_outside": "502", "all": "509", "outside": "10.04", "hcfcs": "7.04", "biogenic": "3"}
    assert {name: result.cell(name)["value"] for name in expected} == {name: Decimal(text) for name, text in expected.items()}


def test_what_leaves_out_scope_1_takes_one_basis_too(tmp_path: Path) -> None:
    entry = asked({"measure": CO2E, "scope": ["not 1", "not outside"]}, {"measure": CO2E, "scope": "1"})
    edition = edition_of(tmp_path, [entry], MARKET, scope_2_total="market")

    assert [item.basis for item in edition.kpis["k"].amounts] == [("market",), ()]


@pytest.mark.parametrize("folder", sorted(path.parent for path in [*ROOT.glob("editions/*/kpis.yaml"), *ROOT.glob("examples/*/editions/*/kpis.yaml")]), ids=lambda folder: folder.relative_to(ROOT).as_posix())
def test_what_is_committed_is_read(folder: Path) -> None:
    edition = read_edition(folder)

    assert edition.kpis
    for name, item in edition.kpis.items():
        assert item.amounts == tuple(part.model_copy(update={"basis": of.basis}) for part, of in zip(edition.defined[name].amounts, item.amounts, strict=True))
