"""The registry of units: what `units.txt` may say, what it converts, and what it refuses."""

from collections import Counter
from fractions import Fraction
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esg_kpis.errors import InputProblem, UnitProblem
from esg_kpis.units import multiplier, registry, unit_named

LINES = [
    (number, line)
    for number, line in enumerate(files("esg_kpis").joinpath("units.txt").read_text(encoding="utf-8").splitlines(), 1)
    if line.strip() and not line.startswith("#")
]
DEFINITIONS = [(number, line) for number, line in LINES if not line.startswith("@")]
ALIASES = [line.split("#", 1)[0] for _, line in LINES if line.startswith("@alias")]
REFUSALS = [tuple(part.strip() for part in line.removeprefix("@refuse").split(":", 1)) for _, line in LINES if line.startswith("@refuse")]

KINDS = [
    ["kg", "t", "g", "mg", "lb", "万t"],
    ["MJ", "kJ", "GJ", "TJ", "kWh", "Wh", "MWh", "GWh", "万kWh", "Btu", "kBtu", "MMBtu", "therm"],
    ["kgce", "tce"],
    ["Nm3", "m3_15C", "m3_20C", "万Nm3"],
    ["m3", "L"],
    ["km"],
    ["m2", "ft2", "万m2"],
    ["person"],
    ["hour", "million_hours"],
    ["day"],
    ["course"],
    ["case"],
    ["unit"],
    ["complaint"],
    ["supplier"],
    ["certificate"],
    ["statement"],
    ["request"],
    ["device"],
    ["identifier"],
    ["account"],
    ["carton"],
    ["pallet"],
    ["RMB", "RMB_million", "RMB_10000"],
    ["one", "%"],
]
"""Every unit, beside those it converts to. Written by hand: a unit added to `units.txt` is added here."""

PAIRS = [(source, target) for kind in KINDS for source in kind for target in kind]
STRANGERS = [(one[0], other[0]) for one in KINDS for other in KINDS if one is not other]

kinds = st.sampled_from(KINDS)


def name_of(line: str) -> str:
    return line.split(" = ", 1)[0].strip()


# ---------------------------------------------------------------- what units.txt says


@pytest.mark.parametrize(("number", "line"), DEFINITIONS)
def test_every_definition_names_its_source(number: int, line: str) -> None:
    _, _, source = line.partition("#")

    assert source.strip(), f"units.txt, line {number}: '{name_of(line)}' has no source"


def test_every_line_is_read_as_what_it_is() -> None:
    known = registry()

    assert list(known.keys) == [name_of(line) for _, line in DEFINITIONS] == [unit for kind in KINDS for unit in kind]
    assert len(known.aliases) == len(ALIASES) > 0
    assert list(known.refused.items()) == REFUSALS


def test_no_name_is_given_twice() -> None:
    """A later line would replace an earlier one in silence."""
    everywhere = [name_of(line) for _, line in DEFINITIONS] + [name for name, _ in REFUSALS]
    everywhere += [name_of(line).removeprefix("@alias ") for line in ALIASES if line.startswith("@alias ")]
    in_one_domain = [name_of(line) for line in ALIASES if line.startswith("@alias[")]

    assert [name for name, times in Counter(everywhere + in_one_domain).items() if times > 1] == []


@pytest.mark.parametrize(("domain", "spelling"), list(registry().aliases))
def test_every_alias_stands_for_a_unit(domain: str, spelling: str) -> None:
    unit = registry().aliases[(domain, spelling)]

    assert unit in registry().keys
    assert unit_named(spelling, domain) == unit
    assert multiplier(spelling, unit, domain) == 1


# ---------------------------------------------------------------- conversions


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_there_and_back_is_one(source: str, target: str) -> None:
    assert multiplier(source, target) * multiplier(target, source) == 1


@given(kinds.flatmap(lambda kind: st.tuples(*[st.sampled_from(kind)] * 3)))
def test_a_detour_changes_nothing(units: tuple[str, str, str]) -> None:
    first, middle, last = units

    assert multiplier(first, middle) * multiplier(middle, last) == multiplier(first, last)


@given(*[kinds.flatmap(lambda kind: st.tuples(st.sampled_from(kind), st.sampled_from(kind)))] * 2)
def test_a_quotient_is_the_quotient_of_its_halves(top: tuple[str, str], bottom: tuple[str, str]) -> None:
    whole = multiplier(f"{top[0]}/{bottom[0]}", f"{top[1]}/{bottom[1]}")

    assert whole == multiplier(*top) / multiplier(*bottom)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_multiplier_is_a_positive_fraction(source: str, target: str) -> None:
    result = multiplier(source, target)

    assert type(result) is Fraction
    assert result > 0


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("kWh", "MJ", Fraction("3.6")),  # SI Brochure, 9th edition, Table 8: 1 h = 3600 s
        ("MJ", "kWh", Fraction(5, 18)),
        ("Wh", "kWh", Fraction(1, 1000)),
        ("万kWh", "kWh", Fraction(10000)),  # 万 = 10^4
        ("万kWh", "MWh", Fraction(10)),
        ("GWh", "TJ", Fraction("3.6")),
        ("Btu", "kJ", Fraction("1.05505585262")),  # International Table Btu, ISO 80000-5:2019
        ("kBtu", "kWh", Fraction(52752792631, 180000000000)),  # 1055.05585262 / 3600
        ("therm", "MMBtu", Fraction(1, 10)),  # 100,000 Btu
        ("therm", "MJ", Fraction("105.505585262")),
        ("m3_20C", "Nm3", Fraction(5463, 5863)),  # 273.15 K / 293.15 K
        ("m3_15C", "Nm3", Fraction(5463, 5763)),  # 273.15 K / 288.15 K
        ("m3_15C", "m3_20C", Fraction(5863, 5763)),
        ("lb", "kg", Fraction("0.45359237")),  # International yard and pound agreement, 1959
        ("t", "mg", Fraction(10**9)),
        ("tce", "kgce", Fraction(1000)),  # GB/T 2589-2020
        ("ft2", "m2", Fraction("0.09290304")),  # 0.3048 m squared
        ("万m2", "㎡", Fraction(10000)),
        ("m3", "L", Fraction(1000)),
        ("RMB million", "RMB", Fraction(10**6)),
        ("百万元", "万元", Fraction(100)),
        ("%", "one", Fraction(1, 100)),
        ("度", "MJ", Fraction("3.6")),
        ("吨标准煤", "千克标准煤", Fraction(1000)),
        ("tCO2e", "kgCO2", Fraction(1000)),  # CO2 or CO2e is said by the measure
        ("lb/MWh", "kg/kWh", Fraction("0.00045359237")),  # eGRID prints lb/MWh
        ("kgCO2e/person", "tCO2e/人", Fraction(1, 1000)),
        ("t/RMB million", "kg/RMB", Fraction(1, 1000)),
        ("tCO2e/百万元", "t/万元", Fraction(1, 100)),
        ("kgCO2e/万kWh", "g/kWh", Fraction(1, 10)),
        ("kWh/sf", "kWh/m2", 1 / Fraction("0.09290304")),
        ("kg / kWh", "kg/kWh", Fraction(1)),
        (" kWh ", "kWh", Fraction(1)),
    ],
)
def test_known_values(source: str, target: str, expected: Fraction) -> None:
    assert multiplier(source, target) == expected


# ---------------------------------------------------------------- domains


@pytest.mark.parametrize("spelling", ["m3", "m³", "㎥", "立方米"])
def test_a_cubic_metre_of_water_is_a_tonne(spelling: str) -> None:
    assert unit_named(spelling, "water") == "t"
    assert multiplier(spelling, "t", "water") == 1
    assert multiplier(f"{spelling}/person", "kg/person", "water") == 1000


@pytest.mark.parametrize("domain", ["", "waste", "energy", "packaging"])
@pytest.mark.parametrize("spelling", ["m3", "m³", "㎥", "立方米"])
def test_a_cubic_metre_of_anything_else_is_a_volume(spelling: str, domain: str) -> None:
    assert unit_named(spelling, domain) == "m3"
    with pytest.raises(UnitProblem, match="does not measure"):
        multiplier(spelling, "t", domain)


def test_the_same_pair_asked_for_in_two_domains_is_answered_twice() -> None:
    """The answers are remembered: the domain has to be remembered with them."""
    assert multiplier("m3", "kg", "water") == 1000
    with pytest.raises(UnitProblem):
        multiplier("m3", "kg", "waste")
    assert multiplier("m3", "kg", "water") == 1000


@pytest.mark.parametrize("domain", ["water", "waste", "packaging"])
def test_mt_is_a_tonne_where_the_source_says_so(domain: str) -> None:
    assert multiplier("Mt", "t", domain) == 1


@pytest.mark.parametrize("domain", ["", "energy", "emissions"])
def test_mt_is_refused_elsewhere(domain: str) -> None:
    with pytest.raises(UnitProblem, match="refused: Mt may be a megatonne"):
        multiplier("Mt", "t", domain)


# ---------------------------------------------------------------- what is not accepted


@pytest.mark.parametrize(("name", "reason"), REFUSALS)
def test_what_is_refused_says_why(name: str, reason: str) -> None:
    with pytest.raises(UnitProblem) as caught:
        unit_named(name)

    assert caught.value.what == f"The unit '{name}' is refused: {reason}."
    assert reason in str(caught.value)


@pytest.mark.parametrize("name", ["ton", "tons", "T", "M kWh", "kt", "Mt", "gal", "gallon", "MBtu", "方"])
@pytest.mark.parametrize("quotient", ["{}", "{}/person", "kg/{}"])
def test_what_is_refused_is_refused_in_quotients_too(name: str, quotient: str) -> None:
    unit = quotient.format(name)

    with pytest.raises(UnitProblem, match=f"'{name}' is refused"):
        multiplier(unit, unit)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("kwh", "kWh"),
        ("KWH", "kWh"),
        ("Kwh", "kWh"),
        ("MWH", "MWh"),
        ("mwh", "MWh"),
        ("Kg", "kg"),
        ("KG", "kg"),
        ("MMBTU", "MMBtu"),
        ("tco2e", "tCO2e"),
    ],
)
def test_an_unknown_unit_names_what_may_be_meant_first(written: str, meant: str) -> None:
    with pytest.raises(UnitProblem) as caught:
        unit_named(written)

    assert caught.value.what == f"The unit '{written}' is unknown."
    assert caught.value.mend.startswith(f"Did you mean '{meant}'")


def test_a_unit_like_no_other_points_to_the_list() -> None:
    with pytest.raises(UnitProblem, match=r"'furlong' is unknown\. docs/formats\.md says how units are written\."):
        unit_named("furlong")


def test_the_near_misses_of_a_domain_stay_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry().aliases, ("water", "bucketful"), "t")

    with pytest.raises(UnitProblem) as elsewhere:
        unit_named("bucketfull", "energy")
    with pytest.raises(UnitProblem) as in_water:
        unit_named("bucketfull", "water")

    assert "bucketful'" not in elsewhere.value.mend
    assert "'bucketful'" in in_water.value.mend


def test_a_milliwatt_hour_is_not_taken_for_a_unit() -> None:
    """To pint it is one, off by 10^9 for whoever meant MWh."""
    with pytest.raises(UnitProblem, match=r"'mWh' is unknown\..*'MWh'"):
        multiplier("mWh", "kWh")


@pytest.mark.parametrize("unit", [unit for kind in KINDS for unit in kind if unit.swapcase() != unit])
def test_case_is_never_guessed(unit: str) -> None:
    with pytest.raises(UnitProblem, match=r"is unknown|is refused"):
        unit_named(unit.swapcase())


@pytest.mark.parametrize("written", ["", "  ", "u0", "joule", "kilogram", "kkg", "µg", "kg*kWh", "kg^2", "kg**2", "2 kg", "kWh per person"])
def test_nothing_but_the_registry_is_known(written: str) -> None:
    """Neither pint's own units, prefixes and expressions, nor the names it knows ours by."""
    with pytest.raises(UnitProblem):
        multiplier(written, "kg")


@pytest.mark.parametrize(("source", "target"), STRANGERS)
def test_what_measures_something_else_is_not_converted(source: str, target: str) -> None:
    with pytest.raises(UnitProblem) as caught:
        multiplier(source, target)

    fitting = next(kind for kind in KINDS if target in kind)
    assert caught.value.what == f"'{source}' does not measure what '{target}' measures."
    assert caught.value.mend == f"Units that do: {', '.join(fitting)}."


def test_the_bottom_of_a_quotient_has_to_fit_too() -> None:
    with pytest.raises(UnitProblem, match=r"'person' does not measure what 'RMB' measures\. Units that do: RMB, RMB_million, RMB_10000\."):
        multiplier("kg/person", "t/RMB")


@pytest.mark.parametrize(("source", "target"), [("kg/kWh", "kg"), ("kg", "kg/kWh"), ("/kWh", "/kWh"), ("", ""), ("kg/", "kg/kWh")])
def test_half_a_quotient_is_refused(source: str, target: str) -> None:
    with pytest.raises(UnitProblem, match=r"stands against no unit\. Give both units the same form, such as kg/kWh\."):
        multiplier(source, target)


def test_a_quotient_has_one_stroke() -> None:
    with pytest.raises(UnitProblem, match="'kWh/m2' is unknown"):
        multiplier("kg/kWh/m2", "kg/kWh/m2")


def test_a_unit_problem_is_the_users_to_mend() -> None:
    with pytest.raises(InputProblem) as caught:
        multiplier("kwh", "MJ")

    assert caught.value.exit_code == 3
