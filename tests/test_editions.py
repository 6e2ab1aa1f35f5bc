"""Editions: every mistake in their files is named with file and key; who counts and what; and the fate of every record."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest

from esg_kpis.amounts import amounts_of
from esg_kpis.editions import read_edition, read_editions
from esg_kpis.editions.boundary import amounts_in_edition, record_fates
from esg_kpis.errors import InputProblem, UsageProblem
from esg_kpis.exact import rounded
from esg_kpis.tables import METERS, empty, finding_id
from tests.scenario import (
    AS_OF,
    EVERYWHERE,
    NO_FLAGS,
    ROOT,
    Computed,
    Row,
    bill,
    computed,
    day,
    edition_folder,
    edition_of,
    kpi,
    quantities,
    records,
    register,
    rejected_row,
    rejections,
    site,
    year,
)

TAP, HEADS = kpi("tap", "tonne", "water_tap"), kpi("heads", "person", "employees_full_time")
RATIO = {"formula": "ratio", "numerator": "tap", "denominator": "heads"}


def refusal(folder: Path) -> str:
    with pytest.raises(InputProblem) as caught:
        read_edition(folder)
    return str(caught.value)


# ---------------------------------------------------------------- edition.toml


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ('[[boundary]]\nid = "b"\nperiods = ["2032"]\ntext = "t"', "there is no period '2032'. Did you mean "),
        ('[[exclusion]]\nid = "x"\nperiods = ["23"]\ntext = "t"\n' + EVERYWHERE, "there is no period '23'"),
        ('[[boundary]]\nid = "b"\ndomains = ["watre"]\ntext = "t"', "boundary.0: there is no domain 'watre'. Did you mean 'water'"),
        ('[[boundary]]\nid = "b"\nmeasures = ["tap"]\ntext = "t"', "boundary.0: there is no measure 'tap'"),
        ('[[boundary]]\nid = "b"\nwhere = { city = ["Beijing"] }\ntext = "t"', "boundary.0: there is no site attribute 'city'"),
        ('[[boundary]]\nid = "b"', "boundary.0.text: Field required"),
        ('[[boundary]]\nid = "b"\nsites = ["HQ"]\ntext = "t"', "boundary.0.sites: Extra inputs are not permitted"),
        ('[[factor_rule]]\nid = "r"\nmeasures = ["electricity"]\noutput = "emission_gas"\nsource = "s"', "factor_rule.0: there is no measure 'electricity'"),
        ('[[factor_rule]]\nid = "r"\nmeasures = ["diesel"]\noutput = "emission_gas"\nsource = "s"\napplies_to = ["2019"]\n' + EVERYWHERE, "there is no period '2019'"),
        ('[[waiver]]\nfinding = "f"\nreason = "r"\nwho = "w"\nuntil = "soon"', "waiver.0.until: Input should be a valid date"),
        ('[[period]]\nid = "h1"\nfirst = 2023-01-01\nlast = 2023-06-15', "period.2: period 'h1' must run from the first day of a month"),
        ('[[period]]\nid = "h1"\nfirst = 2023-01-01\nlast = 2023-06-30\n' + EVERYWHERE, "periods '2023' and 'h1' overlap; give the second an edition of its own"),
        ('[[period]]\nid = "2023"\nfirst = 2024-01-01\nlast = 2024-12-31\n' + EVERYWHERE, "period '2023' is given twice"),
        ("[[boundary]\n", "It is no TOML: "),
    ],
)
def test_a_mistake_in_the_rules_is_named(tmp_path: Path, rules: str, message: str) -> None:
    text = refusal(edition_folder(tmp_path, [TAP], rules))

    assert text.startswith("editions/e1/edition.toml: ")
    assert message in text


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ({"id": "e2"}, "The edition calls itself 'e2'. Give folder and id the same name."),
        ({"knowledge_date": "yesterday"}, "knowledge_date: Input should be a valid date"),
        ({"consolidation": "equity"}, "consolidation: Input should be 'operational_control', 'financial_control' or 'equity_share'"),
        ({"incomplete_above": "a lot"}, "incomplete_above: Input should be a valid decimal"),
        ({"gwp": "AR5"}, "gwp: Extra inputs are not permitted"),
    ],
)
def test_a_mistake_in_the_head_is_named(tmp_path: Path, head: dict[str, str], message: str) -> None:
    text = refusal(edition_folder(tmp_path, [TAP], **head))

    assert text.startswith("editions/e1/edition.toml: ")
    assert message in text


# ---------------------------------------------------------------- kpis.yaml


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([kpi("tap", "tonne", "water_taps")], "there is no measure 'water_taps'. Did you mean 'water_tap'"),
        ([TAP, kpi("r", "tonne/person", **RATIO), HEADS], "KPI 'r' rests on 'heads', which is not defined above it."),
        ([TAP, HEADS, kpi("r", "tonne/m2", **RATIO)], "KPI 'r': 'person' does not measure what 'm2' measures"),
        ([kpi("tap", "kWh", "water_tap")], "KPI 'tap': 't' does not measure what 'kWh' measures"),
        ([kpi("tap", "ton", "water_tap")], "KPI 'tap': The unit 'ton' is refused"),
        ([TAP, kpi("d", "person", formula="difference", numerator="tap", denominator="tap")], "KPI 'd': 'tonne' does not measure what 'person' measures"),
        ([TAP, TAP], "The KPI 'tap' is defined twice."),
        ([TAP | {"periods": ["2021"]}], "KPI 'tap' names the period '2021'. Periods: 2022, 2023."),
        ([TAP | {"not_collected": [{"periods": ["2021"], "text": "t"}]}], "KPI 'tap' names the period '2021'."),
        ([TAP | {"breakdowns": [{"name": "b", "periods": ["2021"]}]}], "KPI 'tap' names the period '2021'."),
        ([TAP | {"breakdowns": [{"name": "b", "each": "city"}]}], "breakdowns.0: there is no attribute 'city'"),
        ([TAP | {"breakdowns": [{"name": "b", "categories": {"A": {"gas": ["CO2"]}}}]}], "breakdowns.0: there is no attribute 'gas'. Known: country, grid_region"),
        ([TAP | {"formula": "average"}], "formula: Input should be 'sum', 'ratio', 'share', 'rate', 'count', 'difference' or 'growth'"),
        ([TAP | {"decimals": -1}], "decimals: Input should be greater than or equal to 0"),
        ([TAP | {"amounts": []}], "KPI 'tap': a sum needs amounts"),
        ([TAP, kpi("r", "tonne", formula="ratio", numerator="tap")], "KPI 'r': a ratio needs numerator and denominator"),
        ([TAP | {"colour": "blue"}], "KPI 'tap': colour: Extra inputs are not permitted"),
        ([TAP, HEADS | {"footing": {"part": ["tap"]}}], "KPI 'heads': footing.parts: Field required; footing.part: Extra inputs are not permitted"),
        ([TAP, HEADS | {"footing": {"parts": []}}], "KPI 'heads': footing.parts: Tuple should have at least 1 item"),
        ([TAP | {"footing": {"parts": ["taps/gas/*"]}}], "KPI 'tap' foots on 'taps/gas/*', which is not defined."),
    ],
)
def test_a_mistake_in_a_definition_is_named(tmp_path: Path, entries: list[Row], message: str) -> None:
    text = refusal(edition_folder(tmp_path, entries))

    assert text.startswith("editions/e1/kpis.yaml: ")
    assert message in text


def test_files_that_are_broken_or_missing_are_named(tmp_path: Path) -> None:
    folder = edition_folder(tmp_path, [TAP], published="tap,2023,total,All,1,tonne,0,p\ntap,2023,total,All,2,tonne,0,q\n")

    assert refusal(folder) == "editions/e1/published.csv: A cell is printed twice. Keep one row per kpi_id, period, breakdown and category."
    (folder / "published.csv").write_text("kpi_id,period\ntap,2023\n")
    assert "editions/e1/published.csv: Columns are missing: breakdown, category, value_as_printed" in refusal(folder)
    (folder / "kpis.yaml").write_text("- id: [tap\n")
    assert refusal(folder).startswith("editions/e1/kpis.yaml: It is no YAML: ")
    (folder / "kpis.yaml").unlink()
    assert refusal(folder).startswith("editions/e1/kpis.yaml: The file is missing.")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("tap,2021,total,All,1,tonne,0,p", "There is no period '2021'. Periods: 2022, 2023."),
        ("tap,2023,total,All,-,tonne,0,p", "The figure '-' is no number. Leave cells out that print a dash."),
        ("tap,2023,total,All,,tonne,0,p", "The figure '' is no number."),
        ("tap,2023,total,All,1,tonne,two,p", "'two' is no count of decimals."),
        ("tap,2023,total,All,1,tonne,10,p", "'10' is no count of decimals."),
        ("tap,2023,total,All,1,tonne,,p", "'' is no count of decimals."),
        ("tap,2023,total,All,1,kg,0,p", "The figure is in 'kg', the KPI tap in 'tonne'. Give both the same unit."),
        ("tap,2023,total,All,1,ton,0,p", "The figure is in 'ton', the KPI tap in 'tonne'."),
    ],
)
def test_a_printed_cell_that_cannot_be_is_named_by_its_line(tmp_path: Path, row: str, message: str) -> None:
    good = "tap,2022,total,All,1.5,tonne,1,p\nheads,2023,total,All,97.5%,person,1,p\nunknown,2023,total,All,1,acres,0,p\n"

    text = refusal(edition_folder(tmp_path, [TAP, HEADS], published=f"{good}{row}\n"))

    assert text.startswith(f"editions/e1/published.csv, line 5: {message}")


def test_an_edition_that_does_not_exist_is_named_with_those_that_do(tmp_path: Path) -> None:
    edition_folder(tmp_path, [TAP])

    assert [edition.id for edition in read_editions(tmp_path / "editions")] == ["e1"]
    with pytest.raises(UsageProblem, match=r"There is no edition '2020'\. Editions: e1\."):
        read_editions(tmp_path / "editions", ("e1", "2020"))
    with pytest.raises(InputProblem, match="There is no edition"):
        read_editions(tmp_path / "nowhere")


@pytest.mark.parametrize(("edition_id", "cells"), [("2020", 37), ("2023", 335), ("transparency-2020", 46)])
def test_the_committed_editions_print_in_units_of_their_definitions(edition_id: str, cells: int) -> None:
    edition = read_edition(ROOT / "editions" / edition_id)

    printed = [(row["kpi_id"], row["unit"]) for row in edition.published.iter_rows(named=True) if row["kpi_id"] in edition.kpis]
    assert edition.published.height == cells
    assert {(name, unit) for name, unit in printed if edition.kpis[name].unit != unit} == set()


# ---------------------------------------------------------------- who counts


def reasons(rules: str, *sites: Row, bills: list[Row], tmp_path: Path, **head: str) -> dict[tuple[str, str, str], str | None]:
    """Why amounts do not count, by site, measure and period."""
    edition = edition_of(tmp_path, [TAP, HEADS, kpi("kwh", "kWh", "electricity_purchased"), kpi("m2", "m2", "floor_area")], rules, **head)
    seen = amounts_in_edition(amounts_of(quantities(*bills)), register(*sites), rejections(), edition, AS_OF)
    return {(row["site_id"], row["measure"], row["period"]): row["excluded"] for row in seen.iter_rows(named=True)}


def test_the_first_boundary_that_covers_an_amount_decides(tmp_path: Path) -> None:
    narrow = '[[boundary]]\nid = "offices"\nmeasures = ["water_tap"]\nperiods = ["2022"]\nwhere = { country = ["CN"], kind = ["office"] }\ntext = "t"\n'
    people = '[[boundary]]\nid = "people"\ndomains = ["stated"]\ntext = "t"\n'
    sites = [site("HQ"), site("SHOP", kind="store"), site("HK", country="HK")]
    bills = [year("water_tap", "1", at, site_id=item["site_id"]) for item in sites for at in (2022, 2023)]
    bills += [year("employees_full_time", "1", site_id="HK"), year("electricity_purchased", "1")]

    first = reasons(narrow + EVERYWHERE, *sites, bills=bills, tmp_path=tmp_path)
    only = reasons(narrow + people, *sites, bills=bills, tmp_path=tmp_path)

    assert {key for key, reason in first.items() if reason} == {("SHOP", "water_tap", "2022"), ("HK", "water_tap", "2022")}
    assert first["SHOP", "water_tap", "2022"] == "outside boundary offices"
    assert only["HK", "employees_full_time", "2023"] is None
    assert only["HQ", "water_tap", "2023"] == only["HQ", "electricity_purchased", "2023"] == "no boundary of this edition covers it"


@pytest.mark.parametrize(
    ("consolidation", "counting"),
    [("operational_control", {"operational", "both"}), ("financial_control", {"financial", "both"})],
)
def test_consolidation_follows_control(tmp_path: Path, consolidation: str, counting: set[str]) -> None:
    controls = ("operational", "financial", "both", "none")
    bills = [year("water_tap", "1", site_id=name) for name in controls]

    seen = reasons(EVERYWHERE, *(site(name, control=name) for name in controls), bills=bills, tmp_path=tmp_path, consolidation=consolidation)

    assert {name for (name, _, _), reason in seen.items() if reason is None} == counting
    assert {reason for reason in seen.values() if reason} == {f"not under {consolidation.replace('_', ' ')}"}


def test_what_no_kpi_uses_or_no_period_holds_is_left_out_with_its_reason(tmp_path: Path) -> None:
    seen = reasons(EVERYWHERE, site(), bills=[year("water_tap", "1", 2021), year("diesel", "1"), year("employees_full_time", "1", 2021)], tmp_path=tmp_path)

    assert seen == {
        ("HQ", "water_tap", ""): "outside the periods of this edition", ("HQ", "employees_full_time", ""): "a stock that holds on no last day of a period of this edition",
        ("HQ", "diesel", "2023"): "measure not used in this edition",
    }  # fmt: skip


def test_a_stock_counts_once_in_each_period_at_whose_end_it_holds(tmp_path: Path) -> None:
    def area(first: str | None, last: str | None, size: str) -> Row:
        return bill("floor_area", size, first, last, record_id=size)

    stocks = [area(None, None, "1"), area(None, "2022-12-31", "10"), area("2023-12-31", None, "100"), area("2023-01-01", "2023-12-30", "1000"), area("2024-01-01", None, "10000")]

    result = computed(edition_of(tmp_path, [kpi("m2", "m2", "floor_area", decimals=0)]), stocks)

    assert (result.cell("m2", "2022")["printed"], result.cell("m2", "2023")["printed"]) == ("11", "101")
    assert result.amounts["amount_id"].is_unique().all()


# ---------------------------------------------------------------- rejected records


def states(result: Computed) -> dict[tuple[str, str], str]:
    return {(row["kpi_id"], row["period"]): row["status"] for row in result.values.iter_rows(named=True)}


BOTH = [year(measure, "1", at) for measure in ("water_tap", "employees_full_time") for at in (2022, 2023)]


@pytest.mark.parametrize(
    ("bad", "blocked"),
    [
        (rejected_row("water_tap"), {("tap", "2022"), ("tap", "2023")}),
        (rejected_row("water_tap", start=day("2023-03-01"), end=day("2023-03-31")), {("tap", "2023")}),
        (rejected_row("water_tap", start=day("2022-12-20"), end=day("2023-01-19")), {("tap", "2022"), ("tap", "2023")}),
        (rejected_row("water_tap", end=day("2022-12-31")), {("tap", "2022")}),
        (rejected_row("water_tap", start=day("2024-01-01")), set()),
        (rejected_row("water_tap;employees_full_time", start=day("2023-03-01")), {("tap", "2023"), ("heads", "2023")}),
        (rejected_row("electricity_purchased"), set()),
        (rejected_row(""), set()),
    ],
)
def test_a_rejected_record_blocks_only_its_measures_and_periods(tmp_path: Path, bad: Row, blocked: set[tuple[str, str]]) -> None:
    result = states(computed(edition_of(tmp_path, [TAP, HEADS]), BOTH, bad=[bad]))

    assert {cell for cell, status in result.items() if status == "blocked"} == blocked
    assert {status for cell, status in result.items() if cell not in blocked} == {"ok"}


@pytest.mark.parametrize(("until", "status"), [(AS_OF, "incomplete"), (date(2024, 4, 8), "blocked")])
def test_a_waiver_lifts_a_block_until_its_date(tmp_path: Path, until: date, status: str) -> None:
    waiver = f'[[waiver]]\nfinding = "{finding_id("rejected_record", "bad")}"\nreason = "r"\nwho = "w"\nuntil = {until}\n'

    result = computed(edition_of(tmp_path, [TAP, HEADS, kpi("per", "tonne/person", **RATIO)], EVERYWHERE + waiver), BOTH, bad=[rejected_row("water_tap")])

    assert (states(result)["tap", "2023"], states(result)["per", "2023"], states(result)["heads", "2023"]) == (status, status, "ok")


def test_what_rests_on_a_waived_record_has_a_value_and_says_that_it_is_left_out(tmp_path: Path) -> None:
    waiver = f'[[waiver]]\nfinding = "{finding_id("rejected_record", "bad")}"\nreason = "r"\nwho = "w"\nuntil = {AS_OF}\n'
    bad = rejected_row("water_tap", start=day("2023-03-01"), end=day("2023-03-31"))

    result = computed(edition_of(tmp_path, [TAP, HEADS, kpi("per", "tonne/person", **RATIO)], EVERYWHERE + waiver), BOTH, bad=[bad])

    for name in ("tap", "per"):
        cell = result.cell(name)
        assert (cell["status"], cell["printed"], cell["reason"]) == ("incomplete", "1.00", "a rejected record that it needs is waived and left out")
    assert states(result)["tap", "2022"] == "ok"
    fates = record_fates(records(result.amounts, result.sites, result.rejected), result.rejected, result.sites, empty(METERS), result.amounts, NO_FLAGS, result.edition)
    assert fates.filter(pl.col("record_id") == "bad").select("fate", "share_used").rows() == [("rejected", 0)]


def test_a_waived_record_alone_makes_zero_that_is_incomplete(tmp_path: Path) -> None:
    waiver = f'[[waiver]]\nfinding = "{finding_id("rejected_record", "bad")}"\nreason = "r"\nwho = "w"\nuntil = {AS_OF}\n'

    cell = computed(edition_of(tmp_path, [TAP], EVERYWHERE + waiver), [], bad=[rejected_row("water_tap")]).cell("tap")

    assert (cell["status"], cell["printed"]) == ("incomplete", "0.00")


# ---------------------------------------------------------------- fates


def test_every_record_has_one_fate_and_they_add_up(tmp_path: Path) -> None:
    sites = register(site("HQ"), site("SHOP", kind="store"))
    offices = '[[boundary]]\nid = "offices"\nwhere = { kind = ["office"] }\ntext = "t"\n'
    bills = [
        year("water_tap", "1", record_id="used"), bill("water_tap", "1", "2021-12-15", "2022-01-14", record_id="partly"), year("water_tap", "1", site_id="SHOP", record_id="shop"),
        year("water_tap", "1", record_id="again", excluded="duplicate of record used"), year("diesel", "1", record_id="unused"), year("water_tap", "1", 2021, record_id="early"),
        year("water_tap", "1", record_id="two", column="a"), year("diesel", "1", record_id="two", column="b"),
    ]  # fmt: skip
    edition = edition_of(tmp_path, [TAP], offices)
    result = computed(edition, bills, sites=sites, bad=[rejected_row("water_tap"), rejected_row("water_tap", rule="date")])
    sent = records(result.amounts, sites, result.rejected, pl.DataFrame({"record_id": ["blank"]}))

    fates = record_fates(sent, result.rejected, sites, empty(METERS), result.amounts, NO_FLAGS, edition)

    assert {row["record_id"]: (row["fate"], row["share_used"], row["reason"], row["rule"]) for row in fates.iter_rows(named=True)} == {
        "used": ("used", 1, None, None),
        "partly": ("used", rounded(Fraction(14, 31)), "outside the periods of this edition", None),
        "shop": ("excluded", 0, "outside boundary offices", None),
        "again": ("excluded", 0, "duplicate of record used", None),
        "unused": ("excluded", 0, "measure not used in this edition", None),
        "early": ("excluded", 0, "outside the periods of this edition", None),
        "two": ("used", Decimal("0.5"), "measure not used in this edition", None),
        "bad": ("rejected", 0, "'n/a' is no number.", "date;number"),
        "blank": ("excluded", 0, "no quantity", None),
        "site HQ": ("used", 1, None, None),
        "site SHOP": ("excluded", 0, "no amount of this site or meter counts", None),
    }
    assert fates.height == sent.height
