"""Our GWPs and blends against `globalwarmingpotentials` and `openscm-units`: equal wherever those cover them, but for the differences listed here.

`openscm-units` takes the GWPs of gases from `globalwarmingpotentials`, so that of a gas they are one witness; the compositions of blends are its own.
"""

import csv
import gc
import re
import warnings
from collections.abc import Iterable
from decimal import Decimal
from functools import cache

import globalwarmingpotentials
import openscm_units
import pint
import pytest
from openscm_units.data.mixtures import MIXTURES

from tests.conftest import REPOSITORY

Row = dict[str, str]
Key = tuple[str, str, str]

GASES, UNITS = "globalwarmingpotentials", "openscm-units"

_ONE_METHANE = "Theirs is the 27.9 of Table 7.SM.7, methane as such; ours is of Table 7.15, which parts it by the CO2 that it turns into: {}."
DIFFERENCES: dict[Key, tuple[str, str]] = {
    ("AR6", gas, package): ("27.9", _ONE_METHANE.format(why))
    for gas, why in (("CH4 fossil", "counted, for its carbon is new to the air"), ("CH4 nonfossil", "not counted, for its carbon came from the air"))
    for package in (GASES, UNITS)
}
"""(set, gas, package) of every value that is not ours: their value, and in a sentence why. In everything else versions 0.13.2 and 0.6.3 agree with every row that they cover.

SF6 by AR6 is 25 200 here and there, from Table 7.SM.7; a list of the GHG Protocol prints 24 300.
"""

NOT_COVERED: dict[tuple[str, str], str] = {
    ("CO2", GASES): "It is what the others are measured in, and has no row; openscm-units converts it to itself.",
    ("R-410A", GASES): "It holds no blends.",
    ("R-404A", GASES): "It holds no blends.",
    ("R-407C", GASES): "It holds no blends.",
    ("R-507A", GASES): "It holds no blends.",
}
"""(gas, package) of ours that a package does not have, and why."""

OF_MORE_KINDS = re.compile(r"(?P<gas>CH4)[- ](?:fossil|non-?fossil|biogenic)", re.IGNORECASE)
"""Methane by its origin: the packages have one methane, with which either is compared."""

LEAST = 128
"""Values compared: 72 rows with openscm-units, the 56 of them that are neither CO2 nor blends with globalwarmingpotentials. It only ever rises."""

EXACT = Decimal("1e-9")
"""openscm-units multiplies floats: 0.23 x 675 + 0.25 x 3500 + 0.52 x 1430. Below this they are not told apart."""


def rows() -> list[Row]:
    with (REPOSITORY / "factors" / "gwp.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def their_name(gas: str) -> str:
    """HFC-134a is HFC134a; R-22 is HCFC22; the blend R-410A is HFC410a."""
    if of_a_kind := OF_MORE_KINDS.fullmatch(gas):
        return of_a_kind["gas"]
    if number := re.fullmatch(r"R-([45]\d\d)([A-Z]?)", gas):
        return next((name for family in ("HFC", "HCFC", "CFC") if (name := f"{family}{number[1]}{number[2].lower()}") in MIXTURES), gas)
    if number := re.fullmatch(r"R-(\d+[a-z]*)", gas):
        return next((name for family in ("HFC", "HCFC", "CFC") if (name := f"{family}{number[1]}") in globalwarmingpotentials.data["AR6GWP100"]), gas)
    return gas.replace("-", "")


def of_gases(gwp_set: str, gas: str) -> Decimal | None:
    value = globalwarmingpotentials.data[f"{gwp_set.upper()}GWP100"].get(their_name(gas))
    return None if value is None else Decimal(str(value))


@cache
def registry() -> openscm_units.ScmUnitRegistry:
    """When its first context is wanted it reads the other's table, by a function deprecated since Python 3.11, and leaves the file to the garbage collector."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "open_text is deprecated", DeprecationWarning)
        warnings.filterwarnings("ignore", "unclosed file .*globalwarmingpotentials", ResourceWarning)
        with openscm_units.unit_registry.context("AR6GWP100"):
            gc.collect()
    return openscm_units.unit_registry


def of_units(gwp_set: str, gas: str) -> Decimal | None:
    try:
        with registry().context(f"{gwp_set.upper()}GWP100"):
            value = Decimal(str(registry().Quantity(1, their_name(gas)).to("CO2").magnitude))
    except (pint.UndefinedUnitError, pint.DimensionalityError):
        return None
    return None if value.is_nan() else value.quantize(EXACT)


def compared(ours: Iterable[Row]) -> tuple[dict[Key, tuple[Decimal, Decimal]], set[tuple[str, str]]]:
    """By set, gas and package our value and theirs; and which gas which package has not."""
    both, missing = {}, set()
    for row in ours:
        for package, theirs in ((GASES, of_gases), (UNITS, of_units)):
            value = theirs(row["gwp_set"], row["gas"])
            if value is None:
                missing.add((row["gas"], package))
            else:
                both[row["gwp_set"], row["gas"], package] = (Decimal(row["value"]), value)
    return both, missing


def differing(both: dict[Key, tuple[Decimal, Decimal]]) -> dict[Key, Decimal]:
    return {key: theirs for key, (ours, theirs) in both.items() if ours != theirs}


def test_every_gwp_is_theirs_but_for_the_differences_listed() -> None:
    both, missing = compared(rows())

    assert differing(both) == {key: Decimal(value) for key, (value, _) in DIFFERENCES.items()}
    assert missing == set(NOT_COVERED)
    assert len(both) >= LEAST
    assert all(reason.endswith(".") for reason in (*(reason for _, reason in DIFFERENCES.values()), *NOT_COVERED.values()))


@pytest.mark.parametrize(("gas", "wrong", "packages"), [("SF6", "24300", {GASES, UNITS}), ("CH4", "29.8", {GASES, UNITS}), ("R-410A", "2256", {UNITS}), ("CO2", "2", {UNITS})])
def test_a_gwp_that_is_not_theirs_is_found(gas: str, wrong: str, packages: set[str]) -> None:
    both, _ = compared(row | {"value": wrong} if (row["gwp_set"], row["gas"]) == ("AR6", gas) else row for row in rows())

    assert set(differing(both)) - set(DIFFERENCES) == {("AR6", gas, package) for package in packages}


def test_methane_of_any_origin_is_compared_with_their_methane() -> None:
    fossil, other = ({"gwp_set": "AR6", "gas": gas, "value": value} for gas, value in (("CH4 fossil", "29.8"), ("CH4-nonfossil", "27.0")))

    assert differing(compared([fossil, other])[0]) == {("AR6", gas, package): Decimal("27.9") for gas in ("CH4 fossil", "CH4-nonfossil") for package in (GASES, UNITS)}


@pytest.mark.parametrize("blend", ["R-404A", "R-407C", "R-410A", "R-507A"])
def test_blends_are_of_the_same_parts(blend: str) -> None:
    """The parts stand in factors/ashrae-34.csv, and the value is their sum, by our own rows."""
    with (REPOSITORY / "factors" / "ashrae-34.csv").open(encoding="utf-8", newline="") as stream:
        parts = {their_name(row["gas"]): 100 * Decimal(row["value"]) for row in csv.DictReader(stream) if row["gas_in"] == blend}
    values = {(row["gwp_set"], their_name(row["gas"])): Decimal(row["value"]) for row in rows()}
    theirs = {gas: Decimal(str(nominal)) for gas, (nominal, *_) in MIXTURES[their_name(blend)].items()}
    found = [row for row in rows() if row["gas"] == blend]

    assert {row["gwp_set"] for row in found} >= {"AR4", "AR5", "AR6"}
    for row in found:
        assert parts == theirs
        assert Decimal(row["value"]) == sum(share * values[row["gwp_set"], gas] for gas, share in parts.items()) / 100
