"""Assurance: which factor was used where, computed against printed, printed parts against printed wholes, findings, and the way back to the line of a file."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest

from esg_kpis.amounts import amounts_of
from esg_kpis.amounts.outliers import OUTLIER
from esg_kpis.assurance.findings import findings
from esg_kpis.assurance.named import CHECKS, records_named, without_ids
from esg_kpis.assurance.tie_out import published_of
from esg_kpis.assurance.trace import formula, leaves, trace
from esg_kpis.errors import InputProblem, UsageProblem
from esg_kpis.factors import Library, apply_factors, read_library
from esg_kpis.printed import Document, check_table
from esg_kpis.tables import FINDINGS, HEADCOUNT, PUBLISHED, empty, finding_id
from tests.scenario import (
    AS_OF,
    BURNT,
    EVERYWHERE,
    GRID,
    NO_FACTORS,
    Computed,
    Row,
    bill,
    computed,
    edition_of,
    factor_row,
    gwp_row,
    kpi,
    library_folder,
    library_of,
    quantities,
    real_library,
    register,
    rejected_row,
    rule,
    site,
    year,
)

GHG = kpi("ghg", "tCO2e", "emission_co2e")
TAP, RECLAIMED, HEADS = kpi("tap", "tonne", "water_tap"), kpi("reclaimed", "tonne", "water_reclaimed"), kpi("heads", "person", "employees_full_time")
WATER = kpi("water", "tonne", "water_tap", "water_reclaimed", footing={"parts": ["tap", "reclaimed"]})
PER_HEAD = kpi("per_head", "kg/person", formula="ratio", numerator="tap", denominator="heads")
REFILL = rule("refill", "refrigerant_refill", "emission_gas", "ipcc-2006-v3-ch7", "*")


# ---------------------------------------------------------------- factors used


def test_every_use_of_a_factor_is_written_down(tmp_path: Path) -> None:
    result = computed(edition_of(tmp_path, [GHG], EVERYWHERE + BURNT), [year("natural_gas", "1000")], library=real_library())

    uses = {row["factor_id"]: row for row in result.applied.uses.iter_rows(named=True)}
    assert set(uses) == {"cn-natgas-ncv", "cn-natgas-co2", "ipcc2006-natgas-ch4-commercial", "gwp100-ar5-co2", "gwp100-ar5-ch4"}
    energy = uses["cn-natgas-ncv"]
    assert (energy["amounts"], energy["quantity_in"], energy["unit_in"], energy["quantity_out"], energy["unit_out"]) == (12, 1000, "Nm3", 38931, "MJ")
    assert (energy["region"], energy["period"], energy["rule"]) == ("CN-NCG", "2023", "energy")


def test_a_refrigerant_keeps_its_gas(tmp_path: Path) -> None:
    bills = [year("refrigerant_refill", "10", dimensions=f"product=x;refrigerant={gas}", record_id=gas) for gas in ("HFC-134a", "R-410A")]

    result = computed(edition_of(tmp_path, [GHG], EVERYWHERE + REFILL), bills, library=real_library())

    made = result.applied.derived.filter(pl.col("measure") == "emission_co2e")
    assert set(made.select("gas", "gas_group", "quantity").rows()) == {("HFC-134a", "HFCs", 13000), ("R-410A", "HFCs", 19235)}


def test_an_hcfc_is_reported_apart_from_the_hfcs(tmp_path: Path) -> None:
    """10 kg of R-22 that got into an inventory as a gas: x 1,760 by AR5."""
    edition = edition_of(tmp_path, [GHG], EVERYWHERE)
    refilled = amounts_of(quantities(year("refrigerant_refill", "10")))
    gas = refilled.with_columns(pl.lit("emission_gas").alias("measure"), pl.lit("R-22").alias("gas"), pl.lit("2023").alias("period"), pl.lit("e1").alias("edition"))

    applied = apply_factors(gas, register(), real_library(), edition, AS_OF)

    assert applied.derived.select("gas_group", "quantity").rows() == [("HCFCs", 17600)]


# ---------------------------------------------------------------- tie-out


def printed_cell(kpi_id: str, text: str, decimals: int = 2, at: str = "2023", unit: str = "tonne") -> str:
    return f'{kpi_id},{at},total,All,"{text}",{unit},{decimals},p. 1\n'


def test_tie_out_knows_six_verdicts(tmp_path: Path) -> None:
    entries = [TAP, RECLAIMED, HEADS | {"stated": True}, kpi("blocked", "kWh", "electricity_purchased"), kpi("none", "tonne", "waste_hazardous"), kpi("more", "kg", "water_tap")]
    figures = [printed_cell(*figure) for figure in (("tap", "1,234.57"), ("reclaimed", "2.49"), ("none", "1.00"), ("scope_3", "9"))]
    figures += [printed_cell("heads", "3.00", unit="person"), printed_cell("blocked", "7.00", unit="kWh")]
    known = '[[known_difference]]\nkpi_id = "{}"\nperiods = ["2023"]\ntext = "{}"\nproof = "p"\n'
    rules = EVERYWHERE + known.format("reclaimed", "Typing error.") + known.format("scope_3", "Not yet.") + known.format("blocked", "No excuse.")
    edition = edition_of(tmp_path, entries, rules, published="".join(figures))
    bills = [year("water_tap", "1234.565"), year("water_reclaimed", "2.5"), year("employees_full_time", "3")]

    rows = computed(edition, bills, bad=[rejected_row("electricity_purchased")]).tie_out.filter(pl.col("period") == "2023")

    assert {row["kpi_id"]: (row["verdict"], row["published"], row["computed"], row["difference"], row["explanation"]) for row in rows.iter_rows(named=True)} == {
        "tap": ("equal", "1234.57", "1234.57", Decimal("-0.005"), None),
        "reclaimed": ("differs", "2.49", "2.50", Decimal("0.01"), "Typing error. Proof: p."),
        "heads": ("stated", "3.00", "3.00", 0, "Stated by a document: page 1"),
        "blocked": ("blocked", "7.00", None, None, "rejected record bad: 'n/a' is no number."),
        "none": ("not_computed", "1.00", None, None, "no amount of waste_hazardous counts here"),
        "scope_3": ("not_computed", "9.00", None, None, "Not yet. Proof: p."),
        "more": ("not_published", None, "1234565.00", None, None),
    }


@pytest.mark.parametrize(("computed_tonnes", "text", "decimals", "verdict"), [("0.125", "0.13", 2, "equal"), ("0.125", "0.12", 2, "differs"), ("0.125", "0", 0, "equal"), ("11.984", "11.98%", 2, "equal")])
def test_a_cell_is_equal_at_its_printed_decimals(tmp_path: Path, computed_tonnes: str, text: str, decimals: int, verdict: str) -> None:
    edition = edition_of(tmp_path, [TAP | {"decimals": 1}], published=printed_cell("tap", text, decimals))

    assert computed(edition, [year("water_tap", computed_tonnes)]).tie_out.filter(pl.col("period") == "2023")["verdict"].to_list() == [verdict]


@pytest.mark.parametrize(
    ("change", "message"),
    [({"value_as_printed": "1.2.3"}, "The published figure '1.2.3' of tap is no number"), ({"unit": "kg"}, "The figure is in 'kg', the KPI tap in 'tonne'. Give both the same unit.")],
)
def test_a_figure_that_came_with_the_data_is_checked_too(tmp_path: Path, change: Row, message: str) -> None:
    cell = {"edition": "e1", "kpi_id": "tap", "period": "2023", "breakdown": "total", "category": "All", "value_as_printed": "1", "unit": "tonne", "decimals": 0}
    with_data = pl.DataFrame([cell | {"table": "water/w.csv, column printed"} | change], schema=PUBLISHED.schema)

    with pytest.raises(InputProblem) as caught:
        published_of(edition_of(tmp_path, [TAP]), with_data)

    assert str(caught.value).startswith(f"edition e1, water/w.csv, column printed: {message}")


# ---------------------------------------------------------------- findings


def judged(result: Computed, library: Library = NO_FACTORS, observations: pl.DataFrame | None = None) -> pl.DataFrame:
    seen = pl.DataFrame(schema={"check": pl.String()}) if observations is None else observations
    problems, values, ties = result.applied.problems, result.values, result.tie_out
    editions = [result.edition]
    checks = check_table(result.published.with_columns(pl.col("edition").alias("document")), {result.edition.id: Document(result.edition.kpis)})
    return findings(seen, pl.DataFrame(schema=OUTLIER), result.rejected, problems, result.amounts, result.sites, values, ties, checks, result.gaps, empty(HEADCOUNT), result.market.claims, result.applied.uses, library, editions, AS_OF)


def failed(frame: pl.DataFrame) -> dict[tuple[str, str], Row]:
    return {(row["check"], row["period"]): row for row in frame.filter(~pl.col("passed")).iter_rows(named=True)}


def test_every_check_reports_and_passes_on_a_clean_run(tmp_path: Path) -> None:
    frame = judged(computed(edition_of(tmp_path, [TAP]), [year("water_tap", "1")]))

    assert set(frame["check"]) == set(CHECKS)
    assert frame.select(FINDINGS.names).height == len(CHECKS)
    assert set(frame.select("passed", "severity").rows()) == {(True, "note")}


def test_what_is_wrong_is_a_finding_each(tmp_path: Path) -> None:
    library = read_library(library_folder(tmp_path, {"mee": [factor_row("bad", value="x")]}, [gwp_row("CO2", "1")]))
    figures = printed_cell("tap", "1", 0) + printed_cell("reclaimed", "2", 0) + printed_cell("water", "4", 0)
    edition = edition_of(tmp_path, [TAP, RECLAIMED, WATER, GHG], EVERYWHERE + GRID, published=figures)
    bills = [year("water_tap", "1.2"), year("water_reclaimed", "9"), year("electricity_purchased", "5")]

    found = failed(judged(computed(edition, bills, library=library, bad=[rejected_row("diesel")]), library))

    assert found["rejected_record", ""]["subject"] == "energy/bills.csv, line 9"
    assert found["rejected_record", ""]["record_ids"] == "bad"
    assert found["unreadable_factor", ""]["subject"].startswith("factors/mee.csv, line 2: 'x' is no number.")
    assert found["missing_factor", "2023"]["observed"].startswith("12 amounts: ")
    assert (found["kpi_blocked", "2023"]["subject"], found["kpi_blocked", "2023"]["severity"]) == ("ghg total=All", "error")
    assert (found["tie_out", "2023"]["subject"], found["tie_out", "2023"]["severity"]) == ("water total=All", "error")


def test_a_blocked_figure_that_nobody_printed_is_no_difference_from_print(tmp_path: Path) -> None:
    found = failed(judged(computed(edition_of(tmp_path, [TAP]), [], bad=[rejected_row("water_tap")])))

    assert ("kpi_blocked", "2023") in found
    assert ("tie_out", "2023") not in found


def test_sentences_for_readers_name_lines_and_no_ids() -> None:
    name = "0a1b2c3d4e5f:Fill%20in%20填报:0000003"
    blocked = f"rejected record {name}: energy/energy.xlsx, line 3: no number. The other bill is record {name}."

    assert records_named(blocked) == [name, name]
    assert without_ids(blocked, {name: "energy/energy.xlsx:3"}) == "rejected row: energy/energy.xlsx, line 3: no number. The other bill is energy/energy.xlsx:3."
    assert without_ids(f"of record {name}") == f"of record {name}"


def test_sentences_name_lines_of_plain_files_too() -> None:
    """A file without sheets has ids without the name of one."""
    name, other = "0a1b2c3d4e5f:0000003", "0a1b2c3d4e5f:0000014"
    places = {name: "energy/bills.csv:3", other: "energy/bills.csv:14"}

    assert without_ids(f"rejected record {name}: energy/bills.csv, line 3: no number. See {name}, {other}.", places) == "rejected row: energy/bills.csv, line 3: no number. See energy/bills.csv:3, energy/bills.csv:14."
    assert records_named(f"also by record {other} (X-1)") == [other]


@pytest.mark.parametrize(
    ("whole", "difference"),
    [
        ("687,453.75", None), ("683,906.94", "3546.81"),  # 2023 ESG report, Use amount
        ("687,453.76", None), ("687,453.77", "-0.02"), ("687,453.73", "0.02"),  # three figures are off by half a hundredth each, no more
    ],
)  # fmt: skip
def test_printed_parts_that_do_not_add_up_are_a_finding(tmp_path: Path, whole: str, difference: str | None) -> None:
    figures = "".join(printed_cell(*cell) for cell in (("water", whole), ("tap", "523,100.75"), ("reclaimed", "164,353.00")))
    bills = [year("water_tap", "523100.75"), year("water_reclaimed", "164353")]

    found = failed(judged(computed(edition_of(tmp_path, [TAP, RECLAIMED, WATER], published=figures), bills)))

    row = found.get(("table_check", "2023"))
    assert (row and (row["subject"], row["severity"], row["difference"])) == (difference and ("adds_up water", "warning", difference))


def test_finding_ids_do_not_change_with_path_order_or_message(tmp_path: Path) -> None:
    edition = edition_of(tmp_path, [TAP])
    rows = [rejected_row("water_tap", record_id=name) for name in ("a", "b")]
    moved = [row | {"path": "elsewhere.csv", "line": 77, "message": "Other words."} for row in rows[::-1]]

    first, second = (judged(computed(edition, [], bad=bad)).filter(pl.col("check") == "rejected_record") for bad in (rows, moved))

    assert set(first["finding_id"]) == set(second["finding_id"]) == {finding_id("rejected_record", "a"), finding_id("rejected_record", "b")}


@pytest.mark.parametrize(("until", "waived"), [("2024-04-09", "w, until 2024-04-09: r"), ("2024-04-08", None)])
def test_a_finding_says_who_waived_it_until_when(tmp_path: Path, until: str, waived: str | None) -> None:
    waiver = f'[[waiver]]\nfinding = "{finding_id("rejected_record", "bad")}"\nreason = "r"\nwho = "w"\nuntil = {until}\n'

    frame = judged(computed(edition_of(tmp_path, [TAP], EVERYWHERE + waiver), [], bad=[rejected_row("water_tap")]))

    assert failed(frame)["rejected_record", ""]["waived"] == waived


@pytest.mark.parametrize(("factors", "observed"), [([factor_row()], "0.62 tCO2e by AR5 left out: Not counted."), ([], "an unknown amount left out: Not counted.")])
def test_an_exclusion_says_how_much_it_leaves_out(tmp_path: Path, factors: list[dict[str, str]], observed: str) -> None:
    """1,230 kWh x 0.5 t/MWh are 0.615 t."""
    left_out = '[[exclusion]]\nid = "grid-out"\nmeasures = ["electricity_purchased"]\noutputs = ["emission_gas"]\ntext = "Not counted."\n'
    library = library_of(tmp_path, {"mee": factors}, [gwp_row("CO2", "1")])

    frame = judged(computed(edition_of(tmp_path, [GHG], EVERYWHERE + GRID + left_out), [year("electricity_purchased", "1230")], library=library))

    assert (failed(frame)["exclusion", "2023"]["subject"], failed(frame)["exclusion", "2023"]["observed"]) == ("grid-out", observed)
    assert failed(frame)["exclusion", "2023"]["difference"] == ("0.615" if factors else None)


def test_an_exclusion_whose_size_is_known_in_part_says_at_least(tmp_path: Path) -> None:
    """A factor for the mainland, none for Hong Kong."""
    left_out = '[[exclusion]]\nid = "grid-out"\nmeasures = ["electricity_purchased"]\noutputs = ["emission_gas"]\ntext = "Not counted."\n'
    library = library_of(tmp_path, {"mee": [factor_row()]}, [gwp_row("CO2", "1")])
    sites = register(site(), site("HK", country="HK", grid_region="HK"))
    bills = [year("electricity_purchased", "1230"), year("electricity_purchased", "5", site_id="HK")]

    frame = judged(computed(edition_of(tmp_path, [GHG], EVERYWHERE + GRID + left_out), bills, library=library, sites=sites))

    assert failed(frame)["exclusion", "2023"]["observed"] == "at least 0.62 tCO2e by AR5 left out: Not counted."


def test_an_incomplete_kpi_is_a_warning(tmp_path: Path) -> None:
    waiver = f'[[waiver]]\nfinding = "{finding_id("rejected_record", "bad")}"\nreason = "r"\nwho = "w"\nuntil = {AS_OF}\n'

    found = failed(judged(computed(edition_of(tmp_path, [TAP], EVERYWHERE + waiver), [year("water_tap", "1")], bad=[rejected_row("water_tap")])))

    assert (found["kpi_incomplete", "2023"]["severity"], found["kpi_incomplete", "2023"]["subject"]) == ("warning", "tap total=All")
    assert found["kpi_incomplete", "2023"]["observed"] == "a rejected record that it needs is waived and left out"


# ---------------------------------------------------------------- trace


def walked(result: Computed, kpi_id: str, breakdown: str = "total", category: str = "All") -> Row:
    return trace(result.tables(), result.inputs, kpi_id, "2023", breakdown, category)


def test_a_trace_reaches_file_and_line_and_adds_up_to_the_value(tmp_path: Path) -> None:
    sites = register(site(), site("SHOP", kind="store"))
    bills = [bill("natural_gas", number, first, last, site_id=name, record_id=number) for number, first, last, name in (("1000", "2023-01-01", "2023-03-31", "HQ"), ("310", "2022-12-22", "2023-01-21", "SHOP"))]
    result = computed(edition_of(tmp_path, [GHG], EVERYWHERE + BURNT), bills, library=real_library(), sites=sites)

    walk = walked(result, "ghg")

    [part] = walk["parts"]
    in_2023 = 1000 + Fraction(210)
    expected = in_2023 * (Fraction("2.1622") + Fraction("38.931") * 5 / 10**6 * 28) / 1000
    assert Fraction(part["value"]) == Fraction(walk["cell"]["value"]) == expected
    assert sum(Fraction(group["in_kpi_unit"]) for group in part["groups"]) == expected
    ways = {"CO2": "cn-natgas-co2 > gwp100-ar5-co2", "CH4": "cn-natgas-ncv > ipcc2006-natgas-ch4-commercial > gwp100-ar5-ch4"}
    assert {(group["gas"], group["site_id"], group["way"]) for group in part["groups"]} == {(gas, name, ways[gas]) for gas in ways for name in ("HQ", "SHOP")}
    lines = {row["record_id"]: row["line"] for row in result.tables().records.iter_rows(named=True)}
    assert {(row["path"], row["line"]) for row in part["records"]} == {("energy/bills.csv", lines["1000"]), ("energy/bills.csv", lines["310"])}
    assert {row["factor_id"] for row in part["factors"]} == {"cn-natgas-co2", "cn-natgas-ncv", "ipcc2006-natgas-ch4-commercial", "gwp100-ar5-co2", "gwp100-ar5-ch4"}
    assert all(row["source"] and row["why"] and row["rule"] for row in part["factors"])


def test_a_trace_of_a_ratio_shows_both_operands_of_its_category(tmp_path: Path) -> None:
    sites = register(site("A"), site("B", country="HK"))
    spread = {"breakdowns": [{"name": "site", "each": "site_id"}]}
    bills = [year(measure, number, site_id=name) for name, number in (("A", "6"), ("B", "2")) for measure in ("water_tap", "employees_full_time")]
    result = computed(edition_of(tmp_path, [TAP, HEADS, PER_HEAD | spread]), bills, sites=sites)

    walk = walked(result, "per_head", "site", "B")

    assert walk["definition"]["formula"] == "tap / heads, in kg/person"
    assert [(part["kpi_id"], part["value"], len(part["records"])) for part in walk["parts"]] == [("tap", "2", 1), ("heads", "2", 1)]
    assert walk["cell"]["value"] == "1000"


def test_a_trace_of_a_count_adds_up_to_the_count(tmp_path: Path) -> None:
    """Two taps for five months: ten amounts."""
    count = kpi("bills", "one", "water_tap", formula="count", decimals=0)
    bills = [bill("water_tap", "1", "2023-02-01", "2023-06-30", site_id=name) for name in ("A", "B")]

    walk = walked(computed(edition_of(tmp_path, [count]), bills, sites=register(site("A"), site("B"))), "bills")

    assert (walk["cell"]["value"], walk["parts"][0]["value"], walk["parts"][0]["amounts"]) == ("10", "10", 10)
    assert [(group["site_id"], group["in_kpi_unit"]) for group in walk["parts"][0]["groups"]] == [("A", "5"), ("B", "5")]
    assert walk["definition"]["formula"] == "count of water_tap, in one"


def test_a_trace_of_a_blocked_cell_names_the_record(tmp_path: Path) -> None:
    walk = walked(computed(edition_of(tmp_path, [TAP]), [year("water_tap", "1")], bad=[rejected_row("water_tap")]), "tap")

    assert (walk["cell"]["status"], walk["cell"]["value"]) == ("blocked", None)
    assert [group["blocked"] for group in walk["parts"][0]["groups"]] == ["rejected record bad: 'n/a' is no number."]
    assert "bad" in {row["record_id"] for row in walk["parts"][0]["records"]}


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (("taps", "2023", "total", "All"), "Edition e1 has no KPI 'taps'. Did you mean 'tap'?"),
        (("tap", "2021", "total", "All"), "Edition e1 has no period '2021'. Its periods: 2023, 2022."),
        (("tap", "2023", "gas", "CO2"), "tap has no breakdown 'gas' for 2023. It has: total."),
        (("tap", "2023", "total", "all"), "tap has no category 'all' in 'total'. Did you mean 'All'?"),
        (("late", "2022", "total", "All"), "Edition e1 has no late for 2022, total=All. It has: 2023 total=All."),
    ],
)
def test_a_trace_of_what_does_not_exist_offers_what_does(tmp_path: Path, asked: tuple[str, str, str, str], message: str) -> None:
    result = computed(edition_of(tmp_path, [TAP, kpi("late", "tonne", "water_tap", periods=["2023"])]), [])

    with pytest.raises(UsageProblem) as caught:
        trace(result.tables(), result.inputs, *asked)

    assert str(caught.value) == message


def test_a_formula_reads_as_a_sentence_and_knows_its_leaves(tmp_path: Path) -> None:
    nested = kpi("change", "%", formula="growth", numerator="per_head")
    coal = kpi("coal", "MWh", amounts=[{"measure": "energy_standard_coal", "origin": "natural_gas"}], per_factor={"measure": "electricity_purchased", "output": "energy_standard_coal"})
    edition = edition_of(tmp_path, [TAP, HEADS, PER_HEAD, nested, coal])

    assert formula(edition.kpis["coal"]) == "sum of energy_standard_coal [origin natural_gas] / factor electricity_purchased to energy_standard_coal, in MWh"
    assert formula(edition.kpis["change"]) == "change of per_head on the period before x 100, in %"
    assert [leaf.id for leaf, _ in leaves(edition.kpis["change"], edition)] == ["tap", "heads"]
