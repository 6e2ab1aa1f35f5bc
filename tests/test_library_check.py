"""What the check of a factor library finds: each kind once where it is, and not where it is not."""

import json
from collections import Counter
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from esg_kpis.assurance.library import of_library
from esg_kpis.editions import read_editions
from esg_kpis.exact import as_decimal
from esg_kpis.factors import Library, LibraryFinding, library_findings, read_library
from esg_kpis.factors.check import KINDS, SEVERITIES, parents_of
from esg_kpis.factors.library import FACTOR_COLUMNS, GWP_COLUMNS, SOURCE_COLUMNS
from pipelines.cli import app
from tests.conftest import REPOSITORY, Ran
from tests.scenario import as_csv, factor_row, gwp_row, real_library

Rows = dict[str, list[dict[str, str]]]


def library_at(root: Path, files: Rows, *, sources: dict[str, dict[str, str]] | None = None, gwp: list[dict[str, str]] | None = None, regions: str = "") -> Path:
    """A library folder; each source has a publisher of its own, unless told otherwise."""
    folder = root / "factors"
    folder.mkdir(exist_ok=True)
    names = [*files, *(["ipcc"] if gwp else [])]
    rows = [dict.fromkeys(SOURCE_COLUMNS, "") | {"source_id": name, "publisher": name, "published": "2022-01-01"} | (sources or {}).get(name, {}) for name in names]
    (folder / "sources.csv").write_text(as_csv(SOURCE_COLUMNS, rows))
    for name, given in files.items():
        columns = [*FACTOR_COLUMNS, "gas_in"]
        (folder / f"{name}.csv").write_text(as_csv(columns, [{"gas_in": ""} | row for row in given]))
    if gwp:
        (folder / "gwp.csv").write_text(as_csv(GWP_COLUMNS, gwp))
    if regions:
        (folder / "regions.csv").write_text("region,parent,valid_from,valid_to,source,note\n" + regions)
    return folder


def found(root: Path, files: Rows, **given: Any) -> list[LibraryFinding]:  # noqa: ANN401
    return library_findings(read_library(library_at(root, files, **given)))


def of_kind(rows: list[LibraryFinding], kind: str) -> list[LibraryFinding]:
    return [row for row in rows if row.kind == kind]


def year(number: int, factor_id: str, **given: str) -> dict[str, str]:
    return factor_row(factor_id, **({"method": "average", "data_from": f"{number}-01-01", "data_to": f"{number}-12-31"} | given))


ONE_PUBLISHER = {"old": {"publisher": "Office", "published": "2023-06-01"}, "new": {"publisher": "Office", "published": "2024-06-01"}}

COMPOSITION = [
    factor_row(f"r-410a-{gas}", measure="refrigerant_emitted", unit="kg/kg", gas_in="R-410A", gas=gas, region="GLOBAL", method="composition", data_from="2006-01-01", data_to="")
    for gas in ("HFC-32", "HFC-125")
]

# ---------------------------------------------------------------- overlaps


def test_two_factors_that_share_a_day_overlap(tmp_path: Path) -> None:
    rows = [year(2022, "a", data_to="2023-01-01"), year(2023, "b"), year(2024, "c")]

    overlap = found(tmp_path, {"mee": rows})

    assert [(row.kind, row.severity, row.factor_ids) for row in overlap] == [("overlap", "error", ("a", "b"))]
    assert "a 2022-01-01 to 2023-01-01; b 2023-01-01 to 2023-12-31" in overlap[0].message


def test_an_open_period_overlaps_all_that_follow(tmp_path: Path) -> None:
    rows = [year(2020, "open", data_to=""), *(year(number, f"y{number}") for number in range(2021, 2031))]

    overlap = of_kind(found(tmp_path, {"mee": rows}), "overlap")

    assert [row.factor_ids for row in overlap] == [("open", "y2021", "y2022", "y2023", "y2024", "y2025")]
    assert "11 factors" in overlap[0].message
    assert "and 5 more" in overlap[0].message


@pytest.mark.parametrize(
    "other", [{"method": "fossil"}, {"region": "CN-NCG"}, {"gas": "CH4"}, {"measure": "electricity_renewable"}, {"status": "evidence_only"}, {"data_from": "2024-01-01", "data_to": ""}]
)
def test_what_a_rule_can_tell_apart_does_not_overlap(tmp_path: Path, other: dict[str, str]) -> None:
    assert of_kind(found(tmp_path, {"mee": [year(2023, "a"), year(2023, "b", **other)]}), "overlap") == []


def test_two_sources_do_not_overlap(tmp_path: Path) -> None:
    assert of_kind(found(tmp_path, {"mee": [year(2023, "a")], "nbs": [year(2023, "b")]}), "overlap") == []


def test_a_region_in_two_regions_on_one_day(tmp_path: Path) -> None:
    rows = found(tmp_path, {"mee": [year(2023, "a")]}, regions="SC,CCG,,2021-01-01,s,\nSC,SWCG,2021-01-01,,s,\nBJ,NCG,,,s,\n")

    assert [(row.kind, row.severity, row.subject) for row in rows] == [("region_overlap", "error", "SC from 0001-01-01")]
    assert "in CCG from 0001-01-01 to 2021-01-01; in SWCG from 2021-01-01" in rows[0].message


def test_a_region_in_one_after_the_other(tmp_path: Path) -> None:
    assert found(tmp_path, {"mee": [year(2023, "a")]}, regions="SC,CCG,,2020-12-31,s,\nSC,SWCG,2021-01-01,,s,\n") == []


def test_a_region_in_nothing_for_some_days(tmp_path: Path) -> None:
    rows = found(tmp_path, {"mee": [year(2023, "a")]}, regions="SC,CCG,,2020-12-31,s,\nSC,SWCG,2021-02-01,,s,\n")

    assert [(row.kind, row.severity, row.message) for row in rows] == [("region_gap", "note", "It lies in no region from 2021-01-01 to 2021-01-31.")]


# ---------------------------------------------------------------- gaps


def test_a_year_left_out_between_two_is_a_gap(tmp_path: Path) -> None:
    files = {"old": [year(2019, "y19"), year(2020, "y20")], "new": [year(2023, "y23")]}

    gaps = of_kind(found(tmp_path, files, sources=ONE_PUBLISHER), "gap")

    assert [(row.severity, row.subject, row.message) for row in gaps] == [
        ("note", "Office: emission_gas CO2 from electricity_purchased in CN (average)", "Nothing describes 2021-01-01 to 2022-12-31.")
    ]


def test_years_that_follow_each_other_and_other_publishers_are_no_gap(tmp_path: Path) -> None:
    assert of_kind(found(tmp_path, {"old": [year(2022, "a")], "new": [year(2023, "b")]}, sources=ONE_PUBLISHER), "gap") == []
    assert of_kind(found(tmp_path, {"old": [year(2019, "a")], "new": [year(2023, "b")]}), "gap") == []


def test_a_region_that_a_newer_edition_leaves_out_is_a_gap(tmp_path: Path) -> None:
    before = [year(2022, f"{region}-22", region=region) for region in ("NCG", "ECG", "SWCG")]
    after = [year(2023, f"{region}-23", region=region) for region in ("NCG", "ECG")]

    gaps = of_kind(found(tmp_path, {"old": before, "new": after}, sources=ONE_PUBLISHER), "gap")

    assert [(row.factor_ids, row.message) for row in gaps] == [(("SWCG-22",), "Nothing describes 2023-01-01 to 2023-12-31 (which new gives for 2 other regions).")]


def test_what_is_kept_as_evidence_fills_no_gap(tmp_path: Path) -> None:
    files = {"old": [year(2021, "a"), year(2022, "draft", status="evidence_only")], "new": [year(2023, "b")]}

    assert [row.message for row in of_kind(found(tmp_path, files, sources=ONE_PUBLISHER), "gap")] == ["Nothing describes 2022-01-01 to 2022-12-31."]


# ---------------------------------------------------------------- revisions


def test_two_values_of_one_publisher_for_one_year_are_a_revision(tmp_path: Path) -> None:
    files = {"old": [year(2023, "a", value="0.4", status="evidence_only")], "new": [year(2023, "b", value="350", unit="kg/MWh")]}

    revised = of_kind(found(tmp_path, files, sources=ONE_PUBLISHER), "revised")

    assert [(row.severity, row.factor_ids, row.message) for row in revised] == [
        (
            "note", ("a", "b"),
            "0.4 t/MWh for 2023-01-01 to 2023-12-31 (old, published 2023-06-01, evidence only) became 350 kg/MWh for 2023-01-01 to 2023-12-31 (new, published 2024-06-01): -12.50 %.",
        )
    ]  # fmt: skip


def test_the_same_value_another_year_or_another_publisher_is_no_revision(tmp_path: Path) -> None:
    same = {"old": [year(2023, "a", value="0.4")], "new": [year(2023, "b", value="400", unit="kg/MWh")]}
    later = {"old": [year(2022, "a", value="0.4")], "new": [year(2023, "b", value="0.3")]}

    assert of_kind(found(tmp_path, same, sources=ONE_PUBLISHER), "revised") == []
    assert of_kind(found(tmp_path, later, sources=ONE_PUBLISHER), "revised") == []
    assert of_kind(found(tmp_path, {"old": [year(2023, "a", value="0.4")], "new": [year(2023, "b", value="0.3")]}), "revised") == []


def test_the_next_edition_of_a_standard_revises_what_was_to_last(tmp_path: Path) -> None:
    sources = {"s08": {"publisher": "SAC", "document": "GB/T 2589-2008"}, "s20": {"publisher": "SAMR", "document": "GB/T 2589-2020", "published": "2023-01-01"}}
    files = {"s08": [factor_row("a", value="0.4", data_from="2008-06-01", data_to="2021-03-31")], "s20": [factor_row("b", value="0.5", data_from="2021-04-01", data_to="")]}

    revised = of_kind(found(tmp_path, files, sources=sources), "revised")

    assert [row.subject for row in revised] == ["GB/T 2589: emission_gas CO2 from electricity_purchased in CN"]
    assert "+25.00 %" in revised[0].message


# ---------------------------------------------------------------- outliers


def test_a_slip_of_a_thousand_stands_out_and_is_the_one_to_look_at(tmp_path: Path) -> None:
    files = {"one": [year(2023, "a", value="0.5")], "two": [year(2023, "b", value="0.6", method="utility")], "three": [year(2023, "c", value="550")]}

    rows = found(tmp_path, files)

    assert [(row.kind, row.severity, row.factor_ids) for row in rows] == [("outlier", "warning", ("a", "c"))]
    assert rows[0].message == "a is 0.5 t/MWh (one) and c is 550 t/MWh (three), 1100.0 times as much. 1 more lies near a."


@pytest.mark.parametrize(
    "other",
    [
        {"value": "1.5"}, {"value": "550", "status": "evidence_only"}, {"value": "550", "method": "chiller_upper"}, {"value": "550", "method": "lower_end_of_range"},
        {"value": "550", "method": "fossil"}, {"value": "550", "region": "DE"}, {"value": "550", "data_from": "2022-01-01", "data_to": "2022-12-31"}, {"value": "500", "unit": "kg/MWh"},
    ],
)  # fmt: skip
def test_near_values_and_those_of_another_kind_or_year_are_no_outliers(tmp_path: Path, other: dict[str, str]) -> None:
    assert of_kind(found(tmp_path, {"one": [year(2023, "a")], "two": [year(2023, "b", **other)]}), "outlier") == []


def test_gwps_of_two_sets_are_no_outliers_and_no_revision(tmp_path: Path) -> None:
    gwp = [gwp_row("CH4", "28"), gwp_row("CH4", "280", gwp_set="X")]

    assert {row.kind for row in found(tmp_path, {}, gwp=gwp)} == {"gwp"}


# ---------------------------------------------------------------- values that cannot be, or hardly


OF_OTHER_YEARS = [year(number, f"y{number}", value=value) for number, value in ((2019, "0.61"), (2020, "0.6"), (2021, "0.58"), (2022, "0.57"))]


@pytest.mark.parametrize(
    ("value", "unit", "message"),
    [
        ("550", "t/MWh", "odd is 550 t/MWh, 916.7 times more than the median. The median of all 5 such values is 0.6 kg/kWh."),
        ("0.55", "kg/MWh", "odd is 0.55 kg/MWh, 1054.5 times less than the median. The median of all 5 such values is 0.58 kg/kWh."),
        ("18.1", "t/MWh", "odd is 18.1 t/MWh, 30.2 times more than the median. The median of all 5 such values is 0.6 kg/kWh."),
        ("18", "t/MWh", None), ("550", "kg/MWh", None), ("0", "t/MWh", None),
    ],
)  # fmt: skip
def test_a_slip_of_a_thousand_in_the_only_source_of_its_year(tmp_path: Path, value: str, unit: str, message: str | None) -> None:
    rows = of_kind(found(tmp_path, {"one": OF_OTHER_YEARS, "two": [year(2023, "odd", value=value, unit=unit, region="DE", method="utility")]}), "slip")

    assert [(row.severity, row.subject, row.factor_ids, row.message) for row in rows] == (
        [("warning", "two: emission_gas CO2 from electricity_purchased (utility)", ("odd",), message)] if message else []
    )


@pytest.mark.parametrize("other", [{"gas": "CH4"}, {"status": "evidence_only"}, {"measure": "electricity_renewable"}, {"method": "chiller_upper"}, {"method": "chiller_lower"}])
def test_what_no_rule_takes_for_the_same_is_no_slip(tmp_path: Path, other: dict[str, str]) -> None:
    assert of_kind(found(tmp_path, {"one": OF_OTHER_YEARS, "two": [year(2023, "odd", value="550", **other)]}), "slip") == []


def test_three_others_are_too_few_and_evidence_is_none_of_them(tmp_path: Path) -> None:
    odd = {"two": [year(2023, "odd", value="550")]}

    assert of_kind(found(tmp_path, {"one": OF_OTHER_YEARS[1:], **odd}), "slip") == []
    assert of_kind(found(tmp_path, {"one": [*OF_OTHER_YEARS[1:], OF_OTHER_YEARS[0] | {"status": "evidence_only"}], **odd}), "slip") == []


def test_slips_of_one_source_are_one_finding(tmp_path: Path) -> None:
    many = [year(number, f"z{number}", value="0.6") for number in range(2001, 2019)]
    slipped = [year(2023, f"odd{number}", value="600", region=f"R{number}") for number in range(8)]

    rows = of_kind(found(tmp_path, {"one": [*OF_OTHER_YEARS, *many], "two": slipped}), "slip")

    assert [row.factor_ids for row in rows] == [tuple(f"odd{number}" for number in range(6))]
    assert "odd5 is 600 t/MWh, 1000.0 times more than the median; and 2 more." in rows[0].message


REFRIGERANT = {"unit": "kg/kg", "gas": "*", "region": "GLOBAL", "value": "-1"}


@pytest.mark.parametrize(
    ("given", "negative"),
    [
        ({"value": "-0.5"}, True), ({"value": "-0.5", "status": "evidence_only"}, True), ({"value": "0.5"}, False), ({"value": "0"}, False), ({"measure": "methane_potential", **REFRIGERANT}, True),
        ({"measure": "refrigerant_recovered", **REFRIGERANT}, False), ({"measure": "methane_recovered", **REFRIGERANT}, False),
        ({"measure": "sludge_cod", "output": "methane_potential", **REFRIGERANT}, False),
    ],
)  # fmt: skip
def test_only_what_may_be_taken_off_is_below_zero(tmp_path: Path, given: dict[str, str], negative: bool) -> None:
    rows = of_kind(found(tmp_path, {"mee": [year(2023, "odd", **given)]}), "negative")

    assert [(row.severity, row.subject, row.factor_ids) for row in rows] == ([("error", "odd", ("odd",))] if negative else [])


def test_a_gwp_below_zero(tmp_path: Path) -> None:
    rows = found(tmp_path, {}, gwp=[gwp_row("CH4", "-28"), gwp_row("CH4", "25", gwp_set="X")])

    assert [(row.kind, row.subject, row.message) for row in rows] == [("negative", "gwp100-ar5-ch4", "It is -28 kg/kg (ipcc), below zero, and emission_gas is never taken off.")]


MARGINS = [year(2023, "om", value="0.9419", method="operating_margin"), year(2023, "bm", value="481.8", unit="kg/MWh", method="build_margin")]


@pytest.mark.parametrize(
    ("value", "unit", "parents", "given"),
    [
        ("0.8119", "t/MWh", "0.5 x om + 0.5 x bm", "0.7119 t/MWh"), ("0.7118", "t/MWh", "0.5 x om + 0.5 x bm", None), ("0.7119", "t/MWh", "0.5 x om + 0.5 x bm", None),
        ("0.71185", "t/MWh", "0.5 x om + 0.5 x bm", None), ("711.85", "kg/MWh", "0.5 x om + 0.5 x bm", None), ("0.71", "t/MWh", "0.5 x om + 0.5 x bm", None),
        ("0.71180", "t/MWh", "0.5 x om + 0.5 x bm", "0.71185 t/MWh"), ("0.72", "t/MWh", "0.5 x om + 0.5 x bm", "0.71 t/MWh"), ("0.71185", "t/MWh", ".5 x om + .5 x bm", None),
        ("0.9419", "t/MWh", "om", None), ("0.9491", "t/MWh", "om", "0.9419 t/MWh"), ("0.4601", "t/MWh", "om + -1 x bm", None), ("0.0", "t/MWh", "om", "0.9 t/MWh"),
        ("0.8119", "t/MWh", "0.5 x om and 0.5 x bm", None), ("0.8119", "t/MWh", "0.5 x om + 0.5 x gone", None),
    ],
)  # fmt: skip
def test_a_derived_factor_is_what_its_parents_give(tmp_path: Path, value: str, unit: str, parents: str, given: str | None) -> None:
    made = year(2023, "cm", method="combined_margin", status="derived", value=value, unit=unit, parents=parents)

    rows = of_kind(found(tmp_path, {"mee": [*MARGINS, made]}), "derived")

    assert [(row.severity, row.subject) for row in rows] == ([("error", "cm")] if given else [])
    assert [row.message.partition(":")[0] for row in rows] == ([f"It is {'0' if value == '0.0' else value.rstrip('0')} {unit}, but its parents give {given}"] if given else [])


def test_parents_of_other_dimensions_and_factors_that_are_not_derived_are_not_computed(tmp_path: Path) -> None:
    by_volume = year(2023, "gas", measure="natural_gas", unit="kg/m3", value="2.1")
    by_energy = year(2023, "gas-energy", measure="natural_gas_energy", unit="t/TJ", value="55", status="derived", parents="26 x gas")

    assert of_kind(found(tmp_path, {"mee": [by_volume, by_energy, *MARGINS, year(2023, "cm", value="9", parents="om")]}), "derived") == []


@pytest.mark.parametrize(("value", "given"), [("1923.5", None), ("1924", None), ("1923", None), ("1925", "1924 kg/kg"), ("1923.6", "1923.5 kg/kg")])
def test_a_blend_has_the_gwp_of_its_parts(tmp_path: Path, value: str, given: str | None) -> None:
    gwp = [gwp_row("HFC-32", "677", gas_group="HFCs"), gwp_row("HFC-125", "3170", gas_group="HFCs")]
    blend = gwp_row("R-410A", value, gas_group="HFCs", note="0.5 x HFC-32 + 0.5 x HFC-125")

    rows = found(tmp_path, {}, gwp=[*gwp, blend])

    assert [(row.kind, row.severity, row.subject) for row in rows] == ([("derived", "error", "gwp100-ar5-r-410a")] if given else [])
    assert all(
        row.message == f"It is {value} kg/kg, but its parents give {given}: 0.5 x gwp100-ar5-hfc-32 + 0.5 x gwp100-ar5-hfc-125, where gwp100-ar5-hfc-32 is 677 kg/kg, gwp100-ar5-hfc-125 is 3170 kg/kg."
        for row in rows
    )


@pytest.mark.parametrize(
    ("values", "ids", "message"),
    [
        (("25", "28", "27900"), ("z",), "Z gives 27900, more than 3 times above or below every other set: X 25, Y 28."),
        (("25", "28", "0"), ("z",), "Z gives 0, more than 3 times above or below every other set: X 25, Y 28."),
        (("28", "84.1"), ("x", "y"), "X gives 28 and Y gives 84.1, more than 3 times above or below every other set."),
        (("28", "84"), (), ""), (("28", "84", "252"), (), ""), (("28",), (), ""), (("10", "25", "70"), (), ""),
    ],
)  # fmt: skip
def test_a_gwp_far_from_every_other_set(tmp_path: Path, values: tuple[str, ...], ids: tuple[str, ...], message: str) -> None:
    rows = of_kind(found(tmp_path, {}, gwp=[gwp_row("CH4", value, gwp_set=name) for name, value in zip("XYZ", values, strict=False)] + [gwp_row("N2O", "273")]), "gwp")

    assert [(row.severity, row.subject, row.factor_ids, row.message) for row in rows] == ([("warning", "CH4", tuple(f"gwp100-{name}-ch4" for name in ids), message)] if ids else [])


@pytest.mark.parametrize(
    ("second", "total"),
    [
        ({"value": "0.05"}, "0.55"), ({"value": "0.51"}, "1.01"), ({"status": "evidence_only"}, "0.5"), ({"gas_in": "R-401A"}, "0.5"), ({"gas_in": ""}, "0.5"),
        ({}, None), ({"value": "500", "unit": "g/kg"}, None), ({"region": "CN"}, None),
    ],
)  # fmt: skip
def test_the_parts_of_a_blend_are_all_of_it(tmp_path: Path, second: dict[str, str], total: str | None) -> None:
    rows = [row for row in of_kind(found(tmp_path, {"ashrae": [COMPOSITION[0], COMPOSITION[1] | second]}), "unreadable") if "R-410A" in row.message]

    assert [row.severity for row in rows] == (["error"] if total else [])
    assert all(f"The parts of R-410A add up to {total}, not to 1" in row.message for row in rows)


def test_a_blend_of_two_sources_or_times_is_all_of_it_each_time(tmp_path: Path) -> None:
    before = [row | {"factor_id": f"old-{row['factor_id']}", "data_from": "1990-01-01", "data_to": "2005-12-31"} for row in COMPOSITION]
    mended = [before[0] | {"value": "0.4"}, before[1] | {"value": "0.6"}]
    wrong = [before[0] | {"value": "0.4"}, before[1]]

    assert of_kind(found(tmp_path, {"ashrae": COMPOSITION, "other": mended}), "unreadable") == []
    (tmp_path / "factors" / "other.csv").unlink()
    assert of_kind(found(tmp_path, {"ashrae": [*COMPOSITION, *mended]}), "unreadable") == []
    [row] = of_kind(found(tmp_path, {"ashrae": [*COMPOSITION, *wrong]}), "unreadable")
    assert "The parts of R-410A add up to 1.9, not to 1" in row.message


def test_leaks_and_co2e_of_a_blend_are_no_parts(tmp_path: Path) -> None:
    leak = COMPOSITION[0] | {"factor_id": "leak", "gas": "*", "value": "0.05"}
    direct = COMPOSITION[0] | {"factor_id": "direct", "output": "emission_co2e", "gas": "", "value": "1924"}

    assert of_kind(found(tmp_path, {"ashrae": [leak, direct]}), "unreadable") == []


# ---------------------------------------------------------------- what refers to nothing


def test_parents_that_are_not_there(tmp_path: Path) -> None:
    rows = [year(2023, "om", method="operating_margin"), year(2023, "cm", method="combined_margin", status="derived", parents="0.5 x om + 0.5 x bm")]
    rows += [year(2022, "made", status="derived", parents="B0 x MCF: b0-cod 0.25 x om 0.5")]

    missing = of_kind(found(tmp_path, {"mee": rows}), "parent")

    assert [(row.severity, row.subject) for row in missing] == [("error", "cm"), ("error", "made")]
    assert "made from bm," in missing[0].message
    assert "made from b0-cod," in missing[1].message


def test_parents_that_are_there_and_formulas_without_any(tmp_path: Path) -> None:
    rows = [year(2023, "om", method="operating_margin"), year(2023, "cm", status="derived", parents="om")]
    rows += [year(2022, "fuel", status="derived", parents="NCV x carbon content x oxidation x 44/12: 38.931 MJ/Nm3 x 15.3 t/TJ x 0.99 x 44/12")]

    assert of_kind(found(tmp_path, {"mee": rows}), "parent") == []


def test_every_sum_of_the_library_names_its_parents() -> None:
    named = {factor.factor_id: parents_of(factor) for factor in real_library().factors if factor.parents}

    assert named["cn-grid-ncg-2019-om50bm50"] == ["cn-grid-ncg-2019-om", "cn-grid-ncg-2019-bm"]
    assert named["gwp100-ar5-r-404a"] == ["gwp100-ar5-hfc-125", "gwp100-ar5-hfc-143a", "gwp100-ar5-hfc-134a"]
    assert named["ipcc2006-ch4-cod-septic"] == ["ipcc-b0-cod", "ipcc2006-mcf-septic"]
    assert named["cn-natgas-co2"] == []


def test_methods_of_electricity_that_nobody_knows(tmp_path: Path) -> None:
    rows = [year(2022, "a", method="avrage"), year(2023, "b"), factor_row("c", measure="natural_gas", unit="kg/m3", method="commercial")]

    unknown = [row for row in found(tmp_path, {"mee": rows}) if row.kind == "method"]

    assert [(row.severity, row.subject, row.factor_ids) for row in unknown] == [("note", "avrage", ("a",))]


def test_rows_that_cannot_be_read(tmp_path: Path) -> None:
    rows = found(tmp_path, {"mee": [year(2023, "a", value="x")]})

    assert [(row.kind, row.severity, row.subject) for row in rows] == [("unreadable", "error", "mee")]
    assert "'x' is no number" in rows[0].message


def test_a_set_without_a_gas_of_a_blend_and_without_one_that_another_has(tmp_path: Path) -> None:
    gwp = [gwp_row(gas, "1", gas_group="HFCs") for gas in ("HFC-32", "HFC-125")] + [gwp_row("HFC-32", "1", gwp_set="X", gas_group="HFCs")]

    rows = found(tmp_path, {"ashrae": COMPOSITION}, gwp=gwp)

    assert [(row.kind, row.severity, row.subject) for row in rows] == [("blend", "warning", "X"), ("gwp_set", "note", "X")]
    assert rows[0].message == "It has no GWP of HFC-125, so that R-410A cannot be counted by its gases."
    assert rows[1].message == "It has 1 gas and lacks 1 that other sets have: HFC-125."
    assert found(tmp_path, {"ashrae": COMPOSITION}, gwp=gwp[:2]) == []


@pytest.mark.parametrize(
    ("source", "files", "message"),
    [
        ({}, {"mee": []}, "sources.csv names 1 without a factor here: mee."),
        ({"published": "2024-01-02", "retrieved": "2024-01-01"}, {"mee": [year(2023, "a")]}, "It was retrieved on 2024-01-01, before it was published on 2024-01-02."),
        ({"retrieved": "yesterday"}, {"mee": [year(2023, "a")]}, "'yesterday' is no date."),
        ({"published": "2024-01-01", "retrieved": "2024-01-01"}, {"mee": [year(2023, "a")]}, None),
    ],
)
def test_sources_that_hold_nothing_or_contradict_themselves(tmp_path: Path, source: dict[str, str], files: Rows, message: str | None) -> None:
    rows = found(tmp_path, files, sources={"mee": source})

    assert [(row.kind, row.severity, row.message) for row in rows] == ([("source", "note" if "without a factor" in message else "warning", message)] if message else [])


# ---------------------------------------------------------------- the whole


def test_the_library_of_this_repository_has_no_error() -> None:
    rows = library_findings(real_library())
    said = {(row.kind, row.subject): row.message for row in rows}

    assert {row.severity for row in rows} == {"warning", "note"}
    assert Counter(row.kind for row in rows if row.severity == "warning") == {"blend": 1}
    by_sets = {sets: {row.severity for row in library_findings(real_library(), sets) if row.kind == "blend"} for sets in (frozenset({"AR5"}), frozenset({"AR5", "AR5ccf"}))}
    assert by_sets == {frozenset({"AR5"}): {"note"}, frozenset({"AR5", "AR5ccf"}): {"warning"}}
    swcg = said["gap", "MEE and NBS: emission_gas CO2 from electricity_purchased in CN-SWCG (average)"]
    assert swcg == "Nothing describes 2023-01-01 to 2023-12-31 (which mee-nbs-2023 gives for 37 other regions)."
    assert "became 0.316 kg/kWh" in said["revised", "European Environment Agency: emission_co2e from electricity_purchased in DE (average_generation)"]
    assert ("revised", "GB/T 2589: raw_coal_energy from raw_coal in CN") in said


@pytest.mark.parametrize(
    ("factor_id", "times", "kinds"),
    [
        ("cn-grid-national-2021-avg", 1000, {"slip"}), ("cn-grid-national-2021-avg", Fraction(1, 1000), {"slip"}), ("cn-grid-national-2021-avg", -1, {"negative"}),
        ("cn-grid-ncg-2019-om50bm50", 2, {"derived"}), ("gwp100-ar5-r-410a", Fraction(11, 10), {"derived"}), ("ipcc-b0-sludge-cod", -1, {"derived"}),
        ("gwp100-ar5-ch4", 10, {"gwp"}), ("gwp100-ar4-hfc-125", 10, {"gwp", "derived"}),
    ],
)  # fmt: skip
def test_mistakes_in_the_library_of_this_repository_are_found(factor_id: str, times: Fraction, kinds: set[str]) -> None:
    library = real_library()
    factor = library.named(factor_id)
    wrong = replace(factor, value=as_decimal(Fraction(factor.value) * times, 12), multiplier=factor.multiplier * times)
    before = library_findings(library)
    changed = replace(library, factors=tuple(wrong if other is factor else other for other in library.factors))

    assert {row.kind for row in library_findings(changed) if row not in before and row.severity != "note"} - {"outlier"} == kinds


def test_every_kind_is_explained_beside_the_library() -> None:
    page = (REPOSITORY / "factors" / "README.md").read_text(encoding="utf-8").partition("## Checking the library")[2]

    assert [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")] == list(KINDS)


def test_the_order_of_rows_changes_nothing_and_no_two_findings_are_one() -> None:
    library = real_library()
    turned = Library(library.factors[::-1], library.gas_groups, dict(reversed(library.sources.items())), library.unreadable, library.regions[::-1])
    rows = library_findings(library)

    assert library_findings(turned) == rows
    assert rows == sorted(rows, key=lambda row: SEVERITIES.index(row.severity))
    assert len({(row.kind, row.subject) for row in rows}) == len(rows)


def test_a_library_of_fifty_thousand_factors_is_quick() -> None:
    """In half of the regions each source speaks of a year of its own; in the other half of all years from one on, so that the last closed year leaves a gap and each value is revised."""
    from time import process_time

    library = real_library()
    base = library.named("cn-grid-national-2021-avg")
    factors = tuple(
        replace(
            base, factor_id=f"f{source}-{region}", source_id=f"s{source}", region=f"R{region}", data_from=date(1970 + source, 1, 1), data_to=date(1970 + source, 12, 31) if region % 2 else None,
            multiplier=base.multiplier * (1 + source % 3),
        )
        for source in range(50) for region in range(1000)
    )  # fmt: skip
    sources = {f"s{number}": library.sources[base.source_id] | {"source_id": f"s{number}"} for number in range(50)}
    start = process_time()

    rows = library_findings(Library(factors, {}, sources))

    assert process_time() - start < 30
    assert Counter(row.kind for row in rows) == {"gap": 500, "revised": 500}


def test_a_run_has_the_findings_of_the_library(worked: Ran) -> None:
    rows = worked.table("findings").filter(pl.col("check") == "library")
    told = of_library(read_library(worked.root / "factors"), read_editions(worked.root / "editions"))

    assert rows.height == len(told)
    # No edition counts by AR5ccf, so what that set lacks is no warning.
    assert set(rows["severity"]) == {"note"}
    assert rows.filter(pl.col("subject") == "blend: AR5ccf").select("severity", "state").row(0) == ("note", "known")
    assert rows.filter(pl.col("subject").str.contains("CN-SWCG"))["observed"][0].startswith("Nothing describes 2023")


def run(root: Path, *args: str) -> tuple[int, str]:
    (root / "data" / "raw").mkdir(parents=True, exist_ok=True)
    (root / "editions").mkdir(exist_ok=True)
    done = CliRunner(env={"COLUMNS": "100"}).invoke(app, ["factors", "check", "--root", str(root), *args])
    return done.exit_code, done.stdout


def test_the_command_prints_worst_first_and_ends_by_severity(tmp_path: Path) -> None:
    library_at(tmp_path, {"old": [year(2019, "a"), year(2023, "b"), year(2023, "c", method="avrage")], "two": [year(2023, "d", value="500")]})
    fine, text = run(tmp_path)
    lines = text.splitlines()

    assert fine == 0
    assert [line.split()[0] for line in lines if line.startswith(("error", "warning", "note"))] == ["warning", "note", "note"]
    assert all(len(line) <= 100 for line in lines)
    assert lines[-1] == "4 factors of 2 sources: 0 errors, 1 warning, 2 notes."

    library_at(tmp_path, {"old": [year(2023, "a"), year(2023, "b")]})
    (tmp_path / "factors" / "two.csv").unlink()
    code, text = run(tmp_path)

    assert (code, text.startswith(f"error {KINDS['overlap']}")) == (1, True)


def test_json_holds_what_is_printed(tmp_path: Path) -> None:
    library_at(tmp_path, {"old": [year(2019, "a"), year(2023, "b")]})
    code, text = run(tmp_path, "--json")
    told = json.loads(text)

    assert code == 0
    assert (told["factors"], told["sources"]) == (2, 1)
    assert [(row["kind"], row["severity"], row["factor_ids"]) for row in told["findings"]] == [("gap", "note", ["b"])]
    printed = " ".join(run(tmp_path)[1].replace("│", " ").split())
    for row in told["findings"]:
        assert all(row[name] in printed for name in ("kind", "severity", "subject", "message"))


def test_a_library_that_cannot_be_read_ends_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.cli import main

    library_at(tmp_path, {"old": [year(2019, "a")]})
    (tmp_path / "factors" / "sources.csv").write_text("source_id\nold\n")
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "editions").mkdir()
    monkeypatch.setattr("sys.argv", ["esg-kpis", "factors", "check", "--root", str(tmp_path)])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 3
    assert "are missing" in capsys.readouterr().err
