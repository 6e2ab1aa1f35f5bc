"""Factors: the library and what it refuses, the values it holds, and the choice of exactly one. What is made of them: test_kpis.py."""

import re
from collections import Counter
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from esg_kpis.editions import FactorRule, Period
from esg_kpis.errors import FactorProblem, InputProblem
from esg_kpis.exact import printed
from esg_kpis.factors import Choice, Library, Need, read_library, select
from tests.scenario import ROOT, day, factor_row, gwp_row, library_folder, library_of


@pytest.fixture(scope="module")
def real() -> Library:
    return read_library(ROOT / "factors")


# ---------------------------------------------------------------- the library: what it refuses


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        ({"value": "0.1234567890123"}, "has more than 12 decimals"),
        ({"value": "NaN"}, "'NaN' is no number"),
        ({"value": "half"}, "'half' is no number"),
        ({"unit": "t/t"}, "The unit 't/t' does not lead from electricity_purchased to emission_gas"),
        ({"unit": "ton/MWh"}, "The unit 'ton' is refused"),
        ({"unit": "kg"}, "does not lead from"),
        ({"measure": "electricity_purchase"}, "There is no measure 'electricity_purchase'. Did you mean 'electricity_purchased'"),
        ({"grade": "D"}, "The grade is 'D'. Only grades A to C may feed a KPI"),
        ({"status": "draft"}, "The status is 'draft'"),
        ({"data_from": "2023"}, "'2023' is no date"),
        ({"data_to": "2022-12-31"}, "The data period ends on 2022-12-31, before it begins"),
        ({"data_to": "2023-02-29"}, "'2023-02-29' is no date"),
    ],
)
def test_a_wrong_row_is_kept_apart_and_the_others_are_read(tmp_path: Path, mistake: dict[str, str], message: str) -> None:
    library = library_of(tmp_path, {"mee": [factor_row("good-1"), factor_row("bad") | mistake, factor_row("good-2", region="HK")]}, [gwp_row("CO2", "1")])

    [(source, text)] = library.unreadable
    assert source == "mee"
    assert text.startswith("factors/mee.csv, line 3: ")
    assert message in text
    assert {factor.factor_id for factor in library.factors} == {"good-1", "good-2", "gwp100-ar5-co2"}


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        ({"value": "27.9001"}, "'27.9001' has more than 3 decimals"),
        ({"source_id": "ippc"}, "The source 'ippc' is not in sources.csv. Did you mean 'ipcc'?"),
        ({"gas": "CO2", "gas_group": "CH4"}, "The gas 'CO2' is in two groups"),
        ({"gas_group": "Others"}, "There is no gas group 'Others'"),
    ],
)
def test_a_wrong_gwp_is_kept_apart(tmp_path: Path, mistake: dict[str, str], message: str) -> None:
    library = library_of(tmp_path, {}, [gwp_row("CO2", "1"), gwp_row("CH4", "28") | mistake, gwp_row("N2O", "265")])

    [(source, text)] = library.unreadable
    assert source == "gwp"
    assert text.startswith("factors/gwp.csv, line 3: ")
    assert message in text
    assert {factor.factor_id for factor in library.factors} == {"gwp100-ar5-co2", "gwp100-ar5-n2o"}


def test_of_two_rows_for_one_factor_neither_is_used(tmp_path: Path) -> None:
    rows = [factor_row("once"), factor_row("twice"), factor_row("twice", value="0.9"), factor_row("twice", value="0.8")]

    library = library_of(tmp_path, {"mee": rows}, [gwp_row("CO2", "1"), gwp_row("CO2", "2")])

    assert {factor.factor_id for factor in library.factors} == {"once"}
    assert [text.partition(":")[0] for _, text in library.unreadable] == ["factors/gwp.csv, line 3", "factors/mee.csv, line 4", "factors/mee.csv, line 5"]
    assert all("is given twice; neither is used" in text for _, text in library.unreadable)


def test_a_file_without_a_column_or_a_source_is_kept_apart(tmp_path: Path) -> None:
    folder = library_folder(tmp_path, {"mee": [factor_row()], "cut": [factor_row("cut")]})
    (folder / "cut.csv").write_text((folder / "cut.csv").read_text().replace(",grade,", ",mark,"))
    (folder / "mea.csv").write_text((folder / "mee.csv").read_text().replace("grid-cn", "grid-mea"))

    library = read_library(folder)

    assert [factor.factor_id for factor in library.factors] == ["grid-cn"]
    assert [source for source, _ in library.unreadable] == ["cut", "mea"]
    assert library.unreadable[0][1].startswith("factors/cut.csv: The columns grade are missing.")
    assert library.unreadable[1][1].startswith("factors/mea.csv, line 2: The source 'mea' is not in sources.csv. Did you mean 'mee'?")


def test_a_row_with_a_stray_comma_is_named_by_its_line(tmp_path: Path) -> None:
    library = library_of(tmp_path, {"mee": [factor_row(), factor_row("bad", value="0,5")], "iea": [factor_row("other")]})

    assert [text.split(": ")[0] for _, text in library.unreadable] == ["factors/mee.csv, line 3"]
    assert "other" in {factor.factor_id for factor in library.factors}


def test_without_sources_there_is_no_library(tmp_path: Path) -> None:
    with pytest.raises(InputProblem, match=r"factors/sources\.csv: The file cannot be read"):
        read_library(tmp_path)


@pytest.mark.parametrize(
    ("was", "becomes", "message"),
    [
        ("publisher", "editor", r"sources\.csv: The columns publisher are missing"),
        ("2022-01-01", "last year", r"factors/sources\.csv, line 2: 'last year' is no date"),
        ("ipcc,", "mee,", r"sources\.csv, line 3: The source 'mee' is given twice"),
        ("2022-01-01", "2022-01-01,", r"sources\.csv, line 2: The row has more or fewer cells"),
    ],
)
def test_sources_that_cannot_be_read_stop_everything(tmp_path: Path, was: str, becomes: str, message: str) -> None:
    folder = library_folder(tmp_path, {"mee": [factor_row()]})
    path = folder / "sources.csv"
    path.write_text(path.read_text().replace(was, becomes, 1))

    with pytest.raises(InputProblem, match=message):
        read_library(folder)


@pytest.mark.parametrize("content", [b"\x89PNG\x00", b"\xff\xff\n"])
def test_a_file_that_is_no_text_is_kept_apart(tmp_path: Path, content: bytes) -> None:
    folder = library_folder(tmp_path, {"mee": [factor_row()], "mea": []})
    (folder / "mea.csv").write_bytes(content)

    library = read_library(folder)

    ((source, text),) = library.unreadable
    assert source == "mea"
    assert text.startswith(("factors/mea.csv: The text is not utf-8 or gb18030", "factors/mea.csv: It holds NUL bytes"))
    assert [factor.factor_id for factor in library.factors] == ["grid-cn"]


# ---------------------------------------------------------------- the library: what it holds


def test_the_committed_library_is_read_whole_and_holds_nothing_from_memory(real: Library) -> None:
    assert real.unreadable == ()
    assert len(real.factors) == sum(len(path.read_text().splitlines()) - 1 for path in (ROOT / "factors").glob("*.csv") if path.stem not in ("sources", "regions"))
    assert {factor.grade for factor in real.factors} == {"A", "B", "C"}


FROM_MEMORY = [
    "cn-grid-national-2021-exmkt", "cn-grid-national-2021-fossil", "cn-grid-national-2022-fossil", "hk-clp-2020", "hk-clp-2021", "hk-clp-2022", "hk-hke-2020",
    "hk-hke-2021", "hk-hke-2022", "us-egrid-2020", "sg-ema-2020", "sg-ema-2023", "ipcc2006-coal-ch4-energy", "ipcc2006-coal-ch4-manufacturing",
    "ipcc2006-coal-ch4-commercial", "ipcc2006-coal-ch4-residential", "ipcc2006-coal-n2o", "ipcc2006-mobile-natgas-ch4", "ipcc2006-mobile-natgas-n2o",
    "ipcc2006-mobile-lpg-ch4", "ipcc2006-mobile-lpg-n2o", "gbt2589-2020-gasoline-ncv", "gbt2589-2020-diesel-ncv", "gbt2589-2020-lpg-ncv", "gbt2589-2020-lpg-coal",
    "gbt2589-2020-natgas-high-ncv", "gwp100-ar5-ch4-fossil", "ipcc2006-bod-asia",
]  # fmt: skip
"""Grade D: values that nobody has seen in a source."""


def test_nothing_of_grade_d_is_in_the_library(real: Library) -> None:
    assert {factor.factor_id for factor in real.factors}.isdisjoint(FROM_MEMORY)
    assert len(FROM_MEMORY) == 28


def test_every_grid_factor_of_the_evidence_is_in_the_library(real: Library) -> None:
    """231 of grades A to C; averages, margins, what excludes market-traded power, fossil power, sold and generated, and life cycles, each by its method."""
    grid = [factor for factor in real.factors if factor.measure == "electricity_purchased" and factor.output.startswith("emission_")]

    assert len(grid) == 231
    assert all(factor.status == "evidence_only" for factor in grid if factor.method in ("life_cycle", "transmission_loss"))
    assert {factor.factor_id for factor in grid if factor.output == "emission_co2e" and factor.gwp_set} == {
        f"gb-desnz-{kind}{number}" for kind in ("", "td-") for number in (2020, 2021, 2022, 2023)
    }


def evidence() -> list[tuple[str, str, tuple[str, ...]]]:
    """Every row of grades A to C that was gathered: its category, its id, and the factors it became."""
    rows, category = [], ""
    for line in (ROOT / "tests" / "evidence_ids.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            category = line.removeprefix("# ")
            continue
        evidence_id, _, became = line.partition("\t")
        rows.append((category, evidence_id, tuple(became.split()) or (evidence_id,)))
    return rows


def test_every_row_of_the_evidence_is_in_the_library(real: Library) -> None:
    held = {factor.factor_id for factor in real.factors}

    assert [factor_id for _, _, became in evidence() for factor_id in became if factor_id not in held] == []
    assert Counter(category for category, _, _ in evidence()) == {
        "grid_electricity": 231, "fuel_combustion": 71, "mobile": 20, "energy_content": 55, "heat": 5, "ghg_gwp": 22, "refrigerant_gwp": 50, "refrigerant_leakage": 18,
        "wastewater": 16, "waste": 9, "water": 8,
    }  # fmt: skip
    assert len({evidence_id for _, evidence_id, _ in evidence()}) == 505


def test_what_is_in_the_library_and_not_in_the_evidence_is_an_identity_or_follows_from_it(real: Library) -> None:
    of_evidence = {factor_id for _, _, became in evidence() for factor_id in became}

    beyond = {factor.factor_id for factor in real.factors if factor.factor_id not in of_evidence and factor.source_id != "ashrae-34"}
    of_plants = {factor_id for factor_id in beyond if factor_id.startswith(("ipcc2006-wood-", "ipcc2006-biogasoline-", "ipcc2006-biodiesel-", "ipcc2006-biogas-"))}
    assert len(of_plants) == 24  # Fuels of plants were not gathered; two transcriptions or one stand in the note of each.
    beyond -= of_plants
    assert beyond == {
        "gbt2589-2008-electricity-renewable-coal", "gbt2589-2020-electricity-renewable-coal", "cn-grid-national-ets-2022-renewable", "ipcc2006-ch4-cod-septic", "ipcc-b0-sludge-cod",
        "ipcc-b0-sludge-bod", "ipcc2006-ch4-recovered", "ipcc2006-refill-equals-leak", "ipcc2006-refill-emitted", "ipcc2006-installed-emitted", "ipcc2006-capacity-new-emitted",
        "ipcc2006-capacity-retired-emitted", "ipcc2006-recovered-emitted",
    }  # fmt: skip


def test_no_two_factors_of_one_source_compete_by_everything_a_rule_can_ask_for(real: Library) -> None:
    free = [factor for factor in real.factors if factor.status != "evidence_only"]
    keys = [(f.source_id, f.measure, f.output, f.gas_in, f.gas, f.region, f.method, f.gwp_set, f.data_from) for f in free]

    assert [key for key, times in Counter(keys).items() if times > 1] == []


KNOWN_CASES = [
    ("gbt2589-2008-natgas-oilfield-coal", "1000", "1330"),
    ("gbt2589-2020-electricity-coal", "10000", "1229"),
    ("cn-heat-default", "3600", "396"),  # 0.11 t/GJ = 0.396 t/MWh
    ("ipcc2006-natgas-co2", "1000000", "56100"),
    ("ipcc2006-mobile-gasoline-ldv1995-ch4", "1000000", "3.8"),
    ("ipcc2006-refill-equals-leak", "76.8", "76.8"),
    ("ipcc2006-ch4-cod-septic", "8", "1"),
    ("cn-grid-ncg-2019-om50bm50", "1406874", "1001553.6006"),
    ("cn-grid-national-2015-avg", "1000", "610.1"),
    ("cn-grid-national-ets-2021", "1000", "581"),
    ("cn-grid-national-ets-2022", "1000", "570.3"),
    ("cn-grid-national-2021-avg", "1000", "556.8"),
    ("cn-grid-national-2022-avg", "1000", "536.6"),
    ("cn-grid-ncg-2012-avg", "1000", "884.3"),
    ("cn-gd-guideline-2024", "1980000", "1263042"),
    ("in-cea-fy2022-23-v19-imports", "1000", "716"),
    ("sg-ema-2021", "1000", "405.7"),
    ("sg-ema-2022", "1000", "416.8"),
    ("hk-clp-2019", "1000", "490"),
    ("us-egrid-2021", "1000", "386.596776951"),  # 852.3 lb x 0.45359237 kg/lb
    ("us-egrid-2022", "1000", "373.37410577313"),  # 823.149 lb x 0.45359237 kg/lb
    ("us-egrid-2023", "1000", "349.95694607951"),  # 771.523 lb x 0.45359237 kg/lb
    ("cn-grid-national-2021draft", "1000", "583.9"),
    ("cn-bj-grid-2023-avg", "1000", "555.4"),
    ("cn-grid-national-2023-footprint", "1000", "620.5"),
    ("cn-sh-grid-2010-avg", "1000", "793.4"),
    ("hk-clp-2023", "1000", "390"),
    ("hk-clp-2024", "1000", "380"),
    ("hk-hke-2017", "1000", "790"),
    ("hk-hke-2018", "1000", "800"),
    ("hk-hke-2019", "1000", "810"),
    ("hk-hke-2023", "1000", "660"),
    ("hk-hke-2024", "1000", "600"),
    ("in-cea-fy2022-23", "1000", "719.1"),
    ("de-eea-2023-rev2025", "1000", "316"),
    ("de-eea-2023-apr2024", "1000", "329"),
    ("de-eea-2019", "1000", "338"),
    ("cn-ember-owid-2021", "1000", "544.355"),
    ("cn-ember-owid-2022", "1000", "533.983"),
    ("hk-ember-owid-2022", "1000", "699.499"),
    ("cn-ember-owid-2023", "1000", "582.317"),
    ("gb-desnz-2020", "1000", "233.14"),
    ("gb-desnz-2021", "1000", "212.33"),
    ("gb-desnz-2022", "1000", "193.38"),
    ("gb-desnz-2023", "1000", "207.074288591"),
    ("id-jamali-expost", "1000", "870"),
    ("sg-ema-2017", "1000", "419.2"),
    ("gwp100-ar4-ch4", "2", "50"),
    ("gwp100-ar5-hfc-134a", "10", "13000"),
    ("gwp100-ar6-n2o", "3", "819"),
    ("gwp100-sar-ch4", "2", "42"),
    ("gwp100-ar5ccf-ch4", "2", "68"),
    ("gwp100-ar6-ch4-nonfossil", "2", "54"),
    ("ipcc2006-natgas-ncv", "1000", "48000"),
    ("ipcc2019-mcf-aerobic-central", "100", "3"),
    ("ipcc-b0-sludge-cod", "8", "-2"),
    ("ipcc2006-leak-chillers-high", "40", "6"),
    ("ipcc2006-capacity-new-emitted", "3", "-3"),
    ("ashrae34-r-404a-hfc-143a", "10", "5.2"),
    ("epa-leak-fire-fixed", "200", "7"),
    ("cn-natgas-carbon", "1000000", "15300"),
    ("cn-otherind-gasoline-co2", "1000", "3042.5"),
    ("cn-natgas-co2-1532", "1000", "2165"),
    ("cn-vehicle-car-gasoline-g4-ch4", "10000", "0.57"),  # 57 mg/km
    ("us-epa-natgas", "1055.05585262", "53.06"),  # 1 MMBtu, gross
    ("gbt2589-2008-steam-lp-ncv", "1000", "3763"),
    ("kgce-kj", "1000", "29307.6"),
    ("gb-desnz-natgas-gross-2020", "3600", "183.87"),  # 1000 kWh
    ("gb-desnz-natgas-m3-2022", "273.15", "580.835481"),  # 288.15 m3 at 15 °C
    ("gb-desnz-waste-ci-landfill-2023", "2", "1040.66948692599"),
    ("gb-desnz-watersupply-2021", "1000", "149"),
]
"""From the canonical unit of the measure (kWh, MJ, Nm3, kg, km, t) to that of the output (kg, MJ, kgce), by hand, one per source and more."""


@pytest.mark.parametrize(("factor_id", "quantity", "expected"), KNOWN_CASES)
def test_a_factor_leads_where_its_source_says(real: Library, factor_id: str, quantity: str, expected: str) -> None:
    assert Fraction(quantity) * real.named(factor_id).multiplier == Fraction(expected)


def test_every_source_has_a_known_case(real: Library) -> None:
    assert {real.named(factor_id).source_id for factor_id, _, _ in KNOWN_CASES} == set(real.sources)


OF_CHINA = ("natgas", "gasoline", "diesel", "lpg", "lng", "bituminous", "anthracite")
CO2_PARENTS: dict[str, tuple[str, str, str]] = {
    **{f"cn-{fuel}-co2": (f"cn-{fuel}-ncv", f"cn-{fuel}-carbon", f"cn-{fuel}-oxidation") for fuel in OF_CHINA},
    **{f"cn-otherind-{fuel}-co2": (f"cn-otherind-{fuel}-ncv", "", "") for fuel in OF_CHINA[1:]},
    "cn-natgas-co2-1532": ("gbt2589-2008-natgas-oilfield-ncv", "", "cn-natgas-oxidation"),
}
"""NCV, carbon content and oxidation by which CO2 per unit is made; empty where the library states the number with the factor only."""

CO2_FORMULA = re.compile(r"NCV x carbon content x oxidation x 44/12: ([\d.]+) (?:GJ/t|MJ/Nm3) x ([\d.]+) t/TJ x ([\d.]+) x 44/12")
SUM = re.compile(r"(?:-?[\d.]+ x )?[a-z][\w-]+(?: \+ (?:-?[\d.]+ x )?[a-z][\w-]+)*")


@pytest.mark.parametrize("factor_id", CO2_PARENTS)
def test_co2_of_a_chinese_fuel_recomputes_from_its_parents(real: Library, factor_id: str) -> None:
    made = real.named(factor_id)
    formula = CO2_FORMULA.fullmatch(made.parents or "")
    assert formula
    ncv, carbon, oxidation = (Fraction(number) for number in formula.groups())
    stated = (ncv, carbon / 1000, oxidation)  # MJ/kg or MJ/Nm3, kg/MJ, kg/kg

    assert [real.named(parent).multiplier for parent in CO2_PARENTS[factor_id] if parent] == [
        number for number, parent in zip(stated, CO2_PARENTS[factor_id], strict=True) if parent
    ]
    assert printed(ncv * carbon * oxidation * Fraction(44, 12) / 1000, -int(made.value.as_tuple().exponent)) == str(made.value)


def test_ch4_of_a_septic_tank_recomputes_from_its_parents(real: Library) -> None:
    made, b0, mcf = (real.named(name) for name in ("ipcc2006-ch4-cod-septic", "ipcc-b0-cod", "ipcc2006-mcf-septic"))

    assert made.parents == f"B0 x MCF: ipcc-b0-cod {b0.value} x ipcc2006-mcf-septic {mcf.value}"
    assert (b0.value, mcf.value, made.value) == (Decimal("0.25"), Decimal("0.5"), b0.value * mcf.value)


def test_every_other_derived_factor_recomputes_from_the_factors_it_names(real: Library) -> None:
    made = [factor for factor in real.factors if factor.status == "derived" and factor.factor_id not in {*CO2_PARENTS, "ipcc2006-ch4-cod-septic"}]

    for factor in made:
        assert SUM.fullmatch(factor.parents or ""), factor.factor_id
        terms = re.findall(r"(?:(-?[\d.]+) x )?([a-z][\w-]+)", factor.parents or "")
        assert factor.value == sum((Decimal(weight or 1) * real.named(parent).value for weight, parent in terms), Decimal(0)), factor.factor_id
    margins = [factor for factor in made if factor.method == "combined_margin"]
    assert len(margins) == 6
    assert {re.findall(r"[\d.]+ x", factor.parents or "")[0] for factor in margins} == {"0.5 x"}


BLENDS = {
    "R-410A": {"HFC-32": "0.5", "HFC-125": "0.5"},
    "R-404A": {"HFC-125": "0.44", "HFC-143a": "0.52", "HFC-134a": "0.04"},
    "R-407C": {"HFC-32": "0.23", "HFC-125": "0.25", "HFC-134a": "0.52"},
    "R-507A": {"HFC-125": "0.5", "HFC-143a": "0.5"},
}
"""By mass, ANSI/ASHRAE Standard 34."""


@pytest.mark.parametrize("blend", BLENDS)
def test_the_parts_of_a_blend_are_the_whole_of_it(real: Library, blend: str) -> None:
    parts = {factor.gas: factor.value for factor in real.factors if factor.gas_in == blend}

    assert parts == {gas: Decimal(share) for gas, share in BLENDS[blend].items()}
    assert sum(parts.values()) == 1
    assert {factor.gas_in for factor in real.factors} == {"", *BLENDS}


@pytest.mark.parametrize("gwp_set", ["ar4", "ar5", "ar6"])
@pytest.mark.parametrize("blend", BLENDS)
def test_the_gwp_of_a_blend_is_that_of_its_parts(real: Library, blend: str, gwp_set: str) -> None:
    made = real.named(f"gwp100-{gwp_set}-{blend.lower()}")
    parts = [(factor.value, f"gwp100-{gwp_set}-{factor.gas.lower()}") for factor in real.factors if factor.gas_in == blend]

    assert made.value == sum(share * real.named(name).value for share, name in parts)
    assert made.status == "derived"
    assert made.parents == " + ".join(f"{share} x {name}" for share, name in parts)


def test_a_montreal_gas_is_no_hfc(real: Library) -> None:
    assert real.gas_groups["R-22"] == "HCFCs"
    assert {group for gas, group in real.gas_groups.items() if gas.startswith(("HFC", "R-4", "R-5"))} == {"HFCs"}


# ---------------------------------------------------------------- the choice of exactly one


def chosen(library: Library, *rules: FactorRule, chain: tuple[str, ...] = ("CN-NCG", "CN"), period: str = "2023", known_on: str = "2024-04-09", **need: str) -> Choice:
    asked = {"measure": "electricity_purchased", "output": "emission_gas", "gas": "CO2", "kind": "office"} | need
    at = Period(id=period, first=date(int(period), 1, 1), last=date(int(period), 12, 31))
    return select(library, rules, Need(chain=chain, period=at, **asked), known_on=day(known_on), gwp_set="AR5")


def electricity(source: str = "mee", rule_id: str = "grid", **given: object) -> FactorRule:
    entry = {"id": rule_id, "measures": ["electricity_purchased"], "output": "emission_gas", "gases": ["CO2"], "source": source}
    return FactorRule.model_validate(entry | given)


def test_grid_region_goes_before_country_before_world(tmp_path: Path) -> None:
    rows = [factor_row("world", region="GLOBAL"), factor_row("country"), factor_row("grid", region="CN-NCG"), factor_row("other", region="CN-ECG")]

    nearest = [chosen(library_of(tmp_path, {"mee": rows[:count]}), electricity()).factor.factor_id for count in (4, 2, 1)]

    assert nearest == ["grid", "country", "world"]


def test_a_later_publication_does_not_exist_yet(real: Library) -> None:
    """Notice 12/2024 came out on 2024-04-12, three days after the assurance statement of the 2023 report."""
    rules = electricity("mee-nbs-2021")

    with pytest.raises(FactorProblem, match=r"cn-grid-national-2021-avg \(published 2024-04-12, after the knowledge date 2024-04-09\)"):
        chosen(real, rules, chain=("CN",), period="2021")
    assert chosen(real, rules, chain=("CN",), period="2021", known_on="2024-04-12").factor.factor_id == "cn-grid-national-2021-avg"


def test_another_year_serves_only_where_a_rule_says_so(real: Library) -> None:
    by_rule = electricity("mee-baseline-2019", method="combined_margin", data_year=2019, applies_to=["2020"])

    assert chosen(real, by_rule, period="2020").why.startswith("data year 2019 applied to 2020 by edition rule; region CN-NCG, on the site's chain CN-NCG > CN > GLOBAL")
    with pytest.raises(FactorProblem, match="No rule of the edition leads to emission_gas of CO2 from electricity_purchased in CN-NCG > CN, 2021"):
        chosen(real, by_rule, period="2021")
    with pytest.raises(FactorProblem, match=r"cn-grid-ncg-2019-om50bm50 \(describes 2019-01-01 to 2019-12-31\)"):
        chosen(real, electricity("mee-baseline-2019", method="combined_margin"), period="2020")


def test_a_factor_of_the_period_says_what_it_describes(tmp_path: Path) -> None:
    assert chosen(library_of(tmp_path, {"mee": [factor_row()]}), electricity()).why == (
        "describes 2023-01-01 to 2023-12-31; region CN, on the site's chain CN-NCG > CN > GLOBAL; published 2022-01-01; rule grid"
    )


@pytest.mark.parametrize(
    ("row", "rules", "miss"),
    [
        ({"status": "evidence_only"}, {}, "evidence only"),
        ({"data_from": "2023-02-01"}, {}, "describes 2023-02-01 to 2023-12-31"),
        ({"data_to": "2023-11-30"}, {}, "describes 2023-01-01 to 2023-11-30"),
        ({"region": "CN-ECG"}, {}, "region CN-ECG"),
        ({"method": "build_margin"}, {"method": "average"}, "method build_margin, not average"),
        ({}, {"data_year": 2021}, "describes 2023-01-01 to 2023-12-31, not 2021"),
        ({}, {"factor_region": "HK"}, "region CN"),
    ],
)
def test_a_near_miss_says_what_it_misses(tmp_path: Path, row: dict[str, str], rules: dict[str, object], miss: str) -> None:
    with pytest.raises(FactorProblem) as caught:
        chosen(library_of(tmp_path, {"mee": [factor_row(**row)]}), electricity(**rules))

    assert f"Nearly matched: grid-cn ({miss})." in str(caught.value)
    assert caught.value.where == "edition.toml, rule grid"


@pytest.mark.parametrize("given", [{"gases": ["CH4"]}, {"applies_to": ["2022"]}, {"regions": ["HK"]}, {"site_kinds": ["factory"]}, {"measures": ["heat_purchased"]}])
def test_without_a_rule_the_library_is_offered(tmp_path: Path, given: dict[str, object]) -> None:
    with pytest.raises(FactorProblem, match=r"No rule of the edition leads to .*The library has: grid-cn \(CN, 2023-01-01 to 2023-12-31\)"):
        chosen(library_of(tmp_path, {"mee": [factor_row()]}), electricity(**given))


def test_the_first_rule_that_finds_a_factor_wins(tmp_path: Path) -> None:
    library = library_of(tmp_path, {"mee": [factor_row("mee")], "iea": [factor_row("iea", region="CN-NCG")], "old": [factor_row("old", status="evidence_only")]})
    first, second, none = electricity("mee", "first"), electricity("iea", "second"), electricity("old", "none")

    assert [(choice.factor.factor_id, choice.rule) for choice in (chosen(library, first, second), chosen(library, second, first), chosen(library, none, second))] == [
        ("mee", "first"), ("iea", "second"), ("iea", "second"),
    ]  # fmt: skip


def test_what_cannot_be_read_is_not_replaced_by_what_lies_farther(tmp_path: Path) -> None:
    """The province's row is damaged: the country's may not take its place, and no other region is held back."""
    rows = [factor_row("province", region="CN-BJ", value="0,558"), factor_row("country", region="CN"), factor_row("other", region="HK")]
    library = library_of(tmp_path, {"mee": [row | {"value": row["value"].replace(",", "/")} for row in rows]})

    with pytest.raises(FactorProblem, match=r"what may serve it could not be read\. Could not be read: factors/mee\.csv, line 2: '0/558' is no number"):
        chosen(library, electricity(), chain=("CN-BJ", "CN"))
    assert chosen(library, electricity(), chain=("CN-SH", "CN")).factor.factor_id == "country"
    assert chosen(library, electricity(), chain=("HK",)).factor.factor_id == "other"


def test_a_damaged_row_of_another_year_or_method_holds_nothing_back(tmp_path: Path) -> None:
    rows = [factor_row("good"), factor_row("old", value="x", data_from="2020-01-01", data_to="2020-12-31"), factor_row("margin", value="x", method="combined_margin")]

    assert chosen(library_of(tmp_path, {"mee": rows}), electricity(method=""), chain=("CN",)).factor.factor_id == "good"


def test_a_blend_whose_parts_are_no_whole_is_not_used(tmp_path: Path) -> None:
    part = factor_row("half", measure="refrigerant_emitted", gas="HFC-32", region="GLOBAL", value="0.5", unit="kg/kg", data_from="2006-01-01", data_to="")
    pure = part | {"factor_id": "pure", "gas": "*", "value": "1"}
    folder = library_folder(tmp_path, {"ashrae": [part, pure]})
    lines = (folder / "ashrae.csv").read_text().splitlines()
    (folder / "ashrae.csv").write_text("\n".join([f"gas_in,{lines[0]}", f"R-410A,{lines[1]}", f",{lines[2]}"]) + "\n")
    library = read_library(folder)
    rule = FactorRule(id="gases", measures=("refrigerant_emitted",), output="emission_gas", gases=("*",), source="ashrae")

    assert "The parts of R-410A add up to 0.5, not to 1" in library.unreadable[0][1]
    with pytest.raises(FactorProblem, match="what may serve it could not be read"):
        chosen(library, rule, measure="refrigerant_emitted", gas="R-410A")
    assert chosen(library, rule, measure="refrigerant_emitted", gas="HFC-134a").factor.factor_id == "pure"


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        ({"unit": "kgCO2e/kWh"}, "The value is in 'kgCO2e/kWh', which is CO2e, and the output is the mass of a gas"),
        ({"gwp_set": "AR4"}, "The value is by the GWP set AR4, which is CO2e"),
        ({"gas": ""}, "no gas is named"),
        ({"output": "emission_co2e", "unit": "kgCO2/kWh"}, "The value is in 'kgCO2/kWh', and the output is CO2e"),
    ],
)
def test_a_factor_that_contradicts_its_kind_is_kept_apart(tmp_path: Path, mistake: dict[str, str], message: str) -> None:
    [(_, text)] = library_of(tmp_path, {"mee": [factor_row() | mistake]}).unreadable

    assert message in text


def test_two_factors_are_an_error_that_names_both(tmp_path: Path) -> None:
    library = library_of(tmp_path, {"mee": [factor_row("om", method="average"), factor_row("bm", method="utility"), factor_row("world", region="GLOBAL")]})

    with pytest.raises(FactorProblem, match=r"2 factors match .*: om, bm\. Narrow the rule"):
        chosen(library, electricity())
    assert chosen(library, electricity(method="utility")).factor.factor_id == "bm"


def test_co2e_of_another_gwp_set_is_refused(tmp_path: Path) -> None:
    library = library_of(tmp_path, {"mee": [factor_row(output="emission_co2e", gwp_set="AR4", gas="")]})

    with pytest.raises(FactorProblem, match="grid-cn is in CO2e by AR4, the edition by AR5"):
        chosen(library, electricity(output="emission_co2e", gases=[""]), output="emission_co2e", gas="")


def test_what_could_not_be_read_is_named_where_it_is_missed(tmp_path: Path) -> None:
    with pytest.raises(FactorProblem, match=r"Could not be read: factors/mee\.csv, line 2: '1\.5\.0' is no number"):
        chosen(library_of(tmp_path, {"mee": [factor_row(value="1.5.0")]}), electricity())
