"""Targets: each kind by hand, on its path and behind it, like for like inside its own boundary, and what cannot be computed says so."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from esg_kpis.assurance.targets import target_findings, targets_of, trace_target
from esg_kpis.assurance.tie_out import tie_out
from esg_kpis.assurance.trace import trace
from esg_kpis.editions import Edition, read_edition
from esg_kpis.errors import InputProblem
from esg_kpis.exact import rounded
from esg_kpis.kpis import with_targets
from esg_kpis.kpis.targets import progress_of, steps_of
from tests.conftest import Ran
from tests.scenario import EVERYWHERE, Computed, Row, computed, edition_folder, kpi, register, rejected_row, site, year
from tests.test_cli import answer, look
from tests.test_people_disclosure import crowd, heads, values_of

TAP = kpi("tap", "tonne", "water_tap")
MORE_YEARS = "".join(f'[[period]]\nid = "{number}"\nfirst = {number}-01-01\nlast = {number}-12-31\n' for number in (2021, 2020))
FACTORY = site("EV", kind="factory", business_line="Cars")
OFFICE = site("HQ", business_line="Phones")
MAIN = {"name": "Main segments", "text": "All but cars.", "where": {"business_line": ["not Cars"]}}
REVENUE = kpi("revenue", "RMB million", "revenue")


def target(kind: str, value: object, **given: Any) -> Row:  # noqa: ANN401
    """A target of tap water by 2025, unless told otherwise. `first` stands for `from`."""
    entry = {"id": "aim", "version": "Set 1", "label": "Aim", "text": "As in the report.", "source": "page 9", "kind": kind, "value": value, "target_year": 2025, "kpi": "tap"}
    entry |= {"unit": "%", "base": 2021} if kind in ("reduction", "remaining") else {"unit": "tonne"}
    if "first" in given:
        given["from"] = given.pop("first")
    return {name: item for name, item in (entry | given).items() if item is not None}


def edition_with(root: Path, *targets: Row, kpis: Sequence[Row] = (TAP,), rules: str = EVERYWHERE, published: str = "") -> Edition:
    """Edition e1 with the periods 2020 to 2023 and these targets."""
    folder = edition_folder(root, kpis, rules + MORE_YEARS, published or None)
    (folder / "targets.yaml").write_text(yaml.safe_dump(list(targets), sort_keys=False), encoding="utf-8")
    return read_edition(folder)


def tap(**by_year: str) -> list[Row]:
    """Tap water by year: `y2021="100"`."""
    return [year("water_tap", quantity, int(name[1:])) for name, quantity in by_year.items()]


def progress(result: Computed, values: pl.DataFrame | None = None) -> dict[str, Row]:
    """The rows of the only target of an edition, by period."""
    frame = progress_of(result.edition, steps_of(result.edition, result.values if values is None else values))
    return {row["period"]: row for row in frame.iter_rows(named=True)}


def of(root: Path, entry: Row, bills: Sequence[Row], **given: Any) -> dict[str, Row]:  # noqa: ANN401
    sites = given.pop("sites", None)
    bad = given.pop("bad", ())
    return progress(computed(edition_with(root, entry, **given), bills, sites=sites, bad=bad))


# ---------------------------------------------------------------- each kind by hand


def test_a_reduction_on_its_path_and_behind_it(tmp_path: Path) -> None:
    """Half of 100 t by 2025 on 2021: 50 t, by 12.5 t a year. 80 t of 2022 are below 87.5 t; 90 t of 2023 are above 75 t."""
    rows = of(tmp_path, target("reduction", 50), tap(y2021="100", y2022="80", y2023="90"))

    assert list(rows) == ["2022", "2023"]
    one, two = rows["2022"], rows["2023"]
    assert (one["base_value"], one["target_value"], one["path_value"], one["actual"], one["gap"]) == (100, 50, Decimal("87.5"), 80, Decimal("-7.5"))
    assert (one["progress"], one["verdict"], one["reason"], one["unit"]) == (40, "on_path", None, "tonne")
    assert (two["path_value"], two["actual"], two["gap"], two["progress"], two["verdict"]) == (75, 90, 15, 20, "behind")


@pytest.mark.parametrize(("actual", "verdict"), [("76", "on_path"), ("76.000000001", "behind"), ("27", "reached"), ("27.000000001", "on_path"), ("99", "behind")])
def test_what_remains_of_the_base_to_the_last_digit(tmp_path: Path, actual: str, verdict: str) -> None:
    """30 % of 90 t by 2030: 27 t, so 7 t less each year: 83 t in 2022, 76 t in 2023."""
    row = of(tmp_path, target("remaining", 30, target_year=2030), tap(y2021="90", y2023=actual))["2023"]

    assert (row["target_value"], row["path_value"], row["verdict"]) == (27, 76, verdict)
    assert row["progress"] == rounded(100 * (90 - Fraction(actual)) / 63)


def test_a_third_of_the_way_is_kept_exactly(tmp_path: Path) -> None:
    """From 100 t to 90 t in three years: 96.666... t after one."""
    row = of(tmp_path, target("reduction", 10, target_year=2024), tap(y2021="100", y2022="100"))["2022"]

    assert row["path_value"] == Decimal("96.666666666666666667")
    assert row["gap"] == Decimal("3.333333333333333333")
    assert row["progress"] == 0


@pytest.mark.parametrize(("actual", "verdict"), [("90", "reached"), ("90.1", "missed")])
def test_in_the_target_year_it_is_reached_or_missed(tmp_path: Path, actual: str, verdict: str) -> None:
    row = of(tmp_path, target("reduction", "10", base=2022, target_year=2023), tap(y2022="100", y2023=actual))["2023"]

    assert (row["path_value"], row["verdict"]) == (90, verdict)


def test_years_after_the_target_year_are_not_judged(tmp_path: Path) -> None:
    rows = of(tmp_path, target("reduction", 10, base=2020, target_year=2022), tap(y2020="100", y2021="96", y2022="90", y2023="500"))

    assert {name: row["verdict"] for name, row in rows.items()} == {"2021": "behind", "2022": "reached"}


@pytest.mark.parametrize(("kind", "good", "bad"), [("at_least", "30", "29.99"), ("at_most", "30", "30.01")])
def test_a_level_to_hold_in_each_year(tmp_path: Path, kind: str, good: str, bad: str) -> None:
    rows = of(tmp_path, target(kind, 30, first=2021, target_year=2023), tap(y2021=good, y2022=bad, y2023=good))

    assert {name: (row["verdict"], row["path_value"]) for name, row in rows.items()} == {"2021": ("on_path", 30), "2022": ("behind", 30), "2023": ("reached", 30)}
    assert {row["progress"] for row in rows.values()} == {None}
    assert of(tmp_path, target(kind, 30, first=2023, target_year=2023), tap(y2023=bad))["2023"]["verdict"] == "missed"


@pytest.mark.parametrize(("actual", "verdict"), [("30", "too_early"), ("100", "reached")])
def test_a_level_of_a_later_year_has_no_path(tmp_path: Path, actual: str, verdict: str) -> None:
    rows = of(tmp_path, target("at_least", 100, target_year=2035), tap(y2022="1", y2023=actual))

    assert [(row["period"], row["path_value"], row["target_value"], row["verdict"]) for row in rows.values()] == [("2023", None, 100, verdict)]


@pytest.mark.parametrize(("actual", "way", "verdict"), [("50", "50", "on_path"), ("49", "48.333333333333333333", "behind"), ("19", "-1.666666666666666667", "behind")])
def test_a_level_with_a_base_rises_to_it(tmp_path: Path, actual: str, way: str, verdict: str) -> None:
    """From 20 t in 2021 to 80 t in 2025: 50 t in 2023."""
    row = of(tmp_path, target("at_least", 80, base=2021), tap(y2021="20", y2023=actual))["2023"]

    assert (row["path_value"], row["progress"], row["verdict"]) == (50, Decimal(way), verdict)


def test_a_base_beyond_the_target_asks_to_stay_there(tmp_path: Path) -> None:
    """90 t of 2021 are more than 80 t already: falling to 85 t is no matter, falling to 79 t is."""
    entry = target("at_least", 80, base=2021)
    rows = of(tmp_path, entry, tap(y2021="90", y2022="85", y2023="79"))

    assert [(row["path_value"], row["progress"], row["verdict"]) for row in rows.values()] == [(80, None, "reached"), (80, None, "behind")]


def test_a_path_of_none_judges_only_the_target_year(tmp_path: Path) -> None:
    rows = of(tmp_path, target("reduction", 50, target_year=2023, path="none"), tap(y2021="100", y2022="99", y2023="51"))

    assert [(row["path_value"], row["progress"], row["verdict"]) for row in rows.values()] == [(None, 2, "too_early"), (50, 98, "missed")]


def test_a_sum_over_years_in_another_unit(tmp_path: Path) -> None:
    """38,000 t from 2022 to 2026, measured in kg: 7,600 t a year. 4,460 t, then 12,260 t: 44 % after two years of five."""
    entry = target("cumulative", 38000, first=2022, target_year=2026, unit="tonne", kpi="waste")
    kpis = [kpi("waste", "kg", "waste_non_hazardous")]
    rows = of(tmp_path, entry, [year("waste_non_hazardous", "4460", 2022), year("waste_non_hazardous", "12260", 2023)], kpis=kpis)

    assert [(row["path_value"], row["actual"], row["verdict"], row["unit"]) for row in rows.values()] == [(7_600_000, 4_460_000, "behind", "kg"), (15_200_000, 16_720_000, "on_path", "kg")]
    assert (rows["2022"]["progress"], rows["2023"]["progress"], rows["2023"]["target_value"]) == (rounded(Fraction(44600, 3800)), 44, 38_000_000)


@pytest.mark.parametrize(("second", "verdict"), [("60", "reached"), ("59.999", "missed")])
def test_a_sum_that_is_complete(tmp_path: Path, second: str, verdict: str) -> None:
    rows = of(tmp_path, target("cumulative", 100, first=2022, target_year=2023), tap(y2022="40", y2023=second))

    assert rows["2023"]["verdict"] == verdict
    assert of(tmp_path, target("cumulative", 100, first=2022, target_year=2026), tap(y2022="40", y2023="60"))["2023"]["verdict"] == "reached"


def test_a_target_that_begins_after_the_latest_period(tmp_path: Path) -> None:
    later = of(tmp_path, target("at_least", 30, first=2024, target_year=2024), tap(y2023="40"))["2023"]
    based = of(tmp_path, target("reduction", 50, base=2023), tap(y2023="40"))["2023"]

    assert (later["verdict"], later["actual"], later["target_value"]) == ("not_started", None, 30)
    assert later["reason"] == "its first year is 2024, and the latest period of this edition is 2023"
    assert (based["verdict"], based["base_value"], based["target_value"], based["actual"]) == ("not_started", 40, 20, None)


# ---------------------------------------------------------------- like for like


def test_base_and_actual_are_of_the_same_boundary(tmp_path: Path) -> None:
    """The factory of 2023 is no part of the main segments: 80 t, not 1,080 t, stand against the 100 t of 2021."""
    bills = [*tap(y2021="100", y2023="80"), year("water_tap", "1000", 2023, site_id="EV"), year("water_tap", "7", 2021, site_id="EV")]
    edition = edition_with(tmp_path, target("reduction", 50, boundary=MAIN))
    result = computed(edition, bills, sites=register(OFFICE, FACTORY))
    row = progress(result)["2023"]

    assert (row["base_value"], row["actual"], row["verdict"]) == (100, 80, "behind")
    assert result.cell("tap")["value"] == 1080
    walk = trace(result.tables(), result.inputs, "tap", "2023", "boundary", "Main segments")
    assert [group["site_id"] for group in walk["parts"][0]["groups"]] == ["HQ"]


def test_what_is_stated_for_the_group_lies_in_no_boundary_of_sites(tmp_path: Path) -> None:
    """Revenue of the group is not that of the main segments, though its site carries no other business line."""
    ratio = kpi("intensity", "tonne/RMB million", formula="ratio", numerator="tap", denominator="revenue")
    group = site("GROUP", kind="group", business_line="Phones")
    bills = [*tap(y2021="100", y2023="80"), *(year("revenue", "10", number, site_id="GROUP") for number in (2021, 2023))]
    given = {"kpis": [TAP, REVENUE, ratio], "sites": register(OFFICE, group)}
    inside = of(tmp_path, target("reduction", 10, kpi="intensity", boundary=MAIN), bills, **given)["2023"]
    whole = of(tmp_path, target("reduction", 10, kpi="intensity"), bills, **given)["2023"]

    assert (inside["verdict"], inside["actual"], inside["base_value"]) == ("cannot_be_computed", None, None)
    assert "intensity in Main segments of 2021 is not collected: no amount of revenue counts here" in inside["reason"]
    assert (whole["base_value"], whole["actual"], whole["verdict"]) == (10, 8, "reached")


NARROW = '[[boundary]]\nid = "offices"\ndomains = ["water"]\nperiods = ["2021"]\nwhere = { kind = ["office"] }\ntext = "Offices."\n' + EVERYWHERE


def test_an_edition_that_counts_other_sites_in_the_base_year_is_not_like_for_like(tmp_path: Path) -> None:
    sites = register(OFFICE, FACTORY)
    bills = [*tap(y2021="100", y2022="90", y2023="80"), *(year("water_tap", "1000", number, site_id="EV") for number in (2021, 2022, 2023))]
    row = of(tmp_path, target("reduction", 50), bills, rules=NARROW, sites=sites)["2023"]
    offices = {"name": "Offices", "text": "Offices.", "where": {"kind": ["office"]}}
    inside = of(tmp_path, target("reduction", 50, boundary=offices), bills, rules=NARROW, sites=sites)["2023"]
    later = of(tmp_path, target("reduction", 50, base=2022), bills, rules=NARROW, sites=sites)["2023"]

    assert (row["base_value"], row["actual"], row["path_value"], row["progress"], row["verdict"]) == (100, 1080, None, None, "cannot_be_computed")
    assert row["reason"] == "not like for like: the edition's boundary of water_tap is 'offices' in 2021 and 'group' in 2023"
    assert (inside["base_value"], inside["actual"], inside["verdict"]) == (100, 80, "behind")
    assert later["verdict"] == "behind"


@pytest.mark.parametrize(("of_gas", "verdict"), [("", "cannot_be_computed"), ("CO2", "reached"), ("CH4", "cannot_be_computed")])
def test_what_is_left_out_of_one_year_only_is_not_like_for_like(tmp_path: Path, of_gas: str, verdict: str) -> None:
    from tests.scenario import BURNT, real_library

    left_out = '[[exclusion]]\nid = "no-methane"\ngases = ["CH4"]\nperiods = ["2023"]\ntext = "Left out."\n'
    gas = kpi("ghg", "tCO2e", amounts=[{"measure": ["emission_co2e"], "scope": "1"} | ({"gas_group": [of_gas]} if of_gas else {})])
    entry = target("reduction", 10, base=2022, kpi="ghg")
    edition = edition_with(tmp_path, entry, kpis=[gas], rules=EVERYWHERE + BURNT + left_out)
    row = progress(computed(edition, [year("natural_gas", "1000", 2022), year("natural_gas", "500", 2023)], library=real_library()))["2023"]

    assert row["verdict"] == verdict
    assert of_gas != "" or row["reason"] == "not like for like: no-methane is left out of 2023 only"


# ---------------------------------------------------------------- what cannot be computed says so


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"boundary_unknown": "The certificate names no sites."}, "The certificate names no sites."),
        ({"kpi": None, "not_measured": "Nobody counted it."}, "Nobody counted it."),
        ({"base": 2019}, "the base year 2019 is no period of this edition"),
    ],
)
def test_an_unknown_boundary_never_becomes_a_number(tmp_path: Path, given: Row, reason: str) -> None:
    rows = of(tmp_path, target("reduction", 50, **given), tap(y2021="100", y2022="90", y2023="40"))

    assert [(row["period"], row["verdict"], row["reason"]) for row in rows.values()] == [("2023", "cannot_be_computed", reason)]
    assert {row[name] for row in rows.values() for name in ("base_value", "target_value", "path_value", "actual", "gap", "progress")} == {None}


def test_a_target_year_between_two_periods(tmp_path: Path) -> None:
    folder = edition_folder(tmp_path, [TAP], EVERYWHERE + '[[period]]\nid = "2020"\nfirst = 2020-01-01\nlast = 2020-12-31\n')
    (folder / "targets.yaml").write_text(yaml.safe_dump([target("reduction", 5, base=2020, target_year=2021)]), encoding="utf-8")
    row = progress(computed(read_edition(folder), tap(y2020="100", y2022="1", y2023="1")))["2023"]

    assert (row["verdict"], row["reason"], row["actual"]) == ("cannot_be_computed", "the target year 2021 is no period of this edition", None)


def test_a_base_that_was_not_collected_and_an_actual_that_is_blocked(tmp_path: Path) -> None:
    lacking = of(tmp_path, target("reduction", 50), tap(y2023="80"))["2023"]
    bad = rejected_row("water_tap", record_id="bad", start=None, end=None)
    blocked = of(tmp_path, target("reduction", 50), tap(y2021="100", y2023="80"), bad=[bad])["2023"]

    assert (lacking["verdict"], lacking["base_value"], lacking["target_value"], lacking["actual"]) == ("cannot_be_computed", None, None, 80)
    assert lacking["reason"] == "tap of 2021 is not collected: no amount of water_tap counts here"
    assert (blocked["verdict"], blocked["base_value"], blocked["actual"]) == ("cannot_be_computed", None, None)
    assert blocked["reason"].startswith("tap of 2021 is blocked: ")


def test_a_sum_lacks_a_year(tmp_path: Path) -> None:
    row = of(tmp_path, target("cumulative", 100, first=2021, target_year=2026), tap(y2021="40", y2023="60"))["2023"]

    assert (row["actual"], row["progress"], row["verdict"], row["reason"]) == (None, None, "cannot_be_computed", "tap of 2022 is not collected: no amount of water_tap counts here")


def test_an_incomplete_actual_is_shown_and_not_judged(tmp_path: Path) -> None:
    edition = edition_with(tmp_path, target("reduction", 50))
    bills = [year("water_tap", "100", 2021), year("water_tap", "40", 2023, estimated=True)]
    row = progress(computed(edition, bills))["2023"]

    assert (row["actual"], row["progress"], row["verdict"]) == (40, 120, "incomplete")
    assert row["reason"] == "2023 is incomplete: 100.0 % is estimated, more than 5.0 %"


def test_a_sum_that_began_before_the_edition_cannot_be_computed_and_stays(tmp_path: Path) -> None:
    """As in next year's edition, whose oldest period is gone."""
    (row,) = of(tmp_path, target("cumulative", 50, first=2019), tap(y2022="10")).values()

    assert (row["verdict"], row["reason"]) == ("cannot_be_computed", "it adds up from 2019, and the first period of this edition ends in 2020")


def test_a_base_of_zero(tmp_path: Path) -> None:
    row = of(tmp_path, target("reduction", 50), tap(y2021="0", y2023="0"))["2023"]

    assert (row["verdict"], row["reason"]) == ("cannot_be_computed", "the base is 0 tonne, and nothing is a percentage of that")


def test_a_target_about_few_people_shows_nothing_of_them(tmp_path: Path) -> None:
    """Three persons in India: the KPI inside that boundary is suppressed, and so is everything that would tell their number."""
    india = {"name": "India", "text": "India.", "where": {"site_id": ["IN-01"]}}
    many = {"name": "China", "text": "China.", "where": {"site_id": ["BJ-01"]}}
    entries = [target("remaining", 50, kpi="heads", base=2022, boundary=place, id=place["name"]) for place in (india, many)]
    edition = edition_with(tmp_path, *entries, kpis=[heads()])
    values = values_of(tmp_path, edition, {"s.csv": crowd(Female_Senior_India=3, Male_Junior=20, Female_Junior=20)})
    rows = {(row["target_id"], row["period"]): row for row in progress_of(edition, steps_of(edition, values)).iter_rows(named=True)}
    few, enough = rows["India", "2023"], rows["China", "2023"]

    assert {few[name] for name in ("base_value", "target_value", "path_value", "actual", "gap", "progress")} == {None}
    assert few["verdict"] == "cannot_be_computed"
    assert "is suppressed: it would tell of fewer than 5 persons" in few["reason"]
    cells = {(row["breakdown"], row["category"]): row["status"] for row in values.filter(pl.col("period") == "2023").iter_rows(named=True)}
    assert "suppressed" in (cells["total", "All"], cells["boundary", "China"])  # 43 less 40 is 3: one of the two has to go.
    assert (enough["verdict"] == "cannot_be_computed") == (cells["boundary", "China"] == "suppressed")


# ---------------------------------------------------------------- printed


PRINTED = {"kpi_id": "target_tap", "breakdown": "target_set", "category": "Set 1", "period": "2025"}
WAY = {"kpi_id": "way", "breakdown": "target_result", "category": "status", "period": "2023"}


def tied(root: Path, published: str, entry: Row) -> dict[str, Row]:
    edition = edition_with(root, entry, published=published)
    result = computed(edition, tap(y2021="100", y2022="90", y2023="78"))
    values = with_targets(result.values, edition, result.published)
    return {row["kpi_id"]: row for row in tie_out(values, result.published, edition).iter_rows(named=True) if row["breakdown"].startswith("target")}


def test_a_target_ties_out_as_stated_and_the_way_done_as_computed(tmp_path: Path) -> None:
    """22 t of 50 t are 44 %."""
    published = "target_tap,2025,target_set,Set 1,50.0%,%,1,p\nway,2023,target_result,status,44%,%,0,p\n"
    rows = tied(tmp_path, published, target("reduction", 50, published_as=PRINTED, progress_as=WAY))

    assert (rows["target_tap"]["published"], rows["target_tap"]["computed"], rows["target_tap"]["verdict"]) == ("50.0", "50.0", "stated")
    assert (rows["way"]["published"], rows["way"]["computed"], rows["way"]["verdict"]) == ("44", "44", "equal")


def test_a_target_and_a_way_that_print_says_otherwise(tmp_path: Path) -> None:
    published = "target_tap,2025,target_set,Set 1,40%,%,0,p\nway,2023,target_result,status,43%,%,0,p\n"
    rows = tied(tmp_path, published, target("reduction", 50, published_as=PRINTED, progress_as=WAY))

    assert (rows["target_tap"]["verdict"], rows["target_tap"]["difference"]) == ("differs", 10)
    assert (rows["way"]["verdict"], rows["way"]["difference"]) == ("differs", 1)


def test_a_way_that_cannot_be_computed_is_no_number(tmp_path: Path) -> None:
    entry = target("reduction", 50, published_as=PRINTED, progress_as=WAY, boundary_unknown="Nobody knows the sites.")
    row = tied(tmp_path, "way,2023,target_result,status,44%,%,0,p\n", entry)["way"]

    assert (row["computed"], row["verdict"], row["explanation"]) == (None, "not_computed", "Nobody knows the sites.")


@pytest.mark.parametrize("status", ["blocked", "suppressed", "not_collected", "incomplete"])
def test_the_way_done_stands_as_the_cells_it_is_made_of(tmp_path: Path, status: str) -> None:
    """A suppressed actual leaves the way done suppressed, print included; an incomplete one leaves it incomplete."""
    edition = edition_with(tmp_path, target("reduction", 50, progress_as=WAY), published="way,2023,target_result,status,44%,%,0,p\n")
    result = computed(edition, tap(y2021="100", y2022="90", y2023="78"))
    here = pl.col("period") == "2023"
    shown = status == "incomplete"
    values = result.values.with_columns(
        pl.when(here).then(pl.lit(status)).otherwise("status").alias("status"), pl.when(here & (not shown)).then(None).otherwise("value").alias("value"), pl.when(here).then(pl.lit("why")).otherwise("reason").alias("reason")
    )
    every = with_targets(values, edition, result.published)
    cell = every.filter(pl.col("kpi_id") == "way").row(0, named=True)
    tie = tie_out(every, result.published, edition).filter(pl.col("kpi_id") == "way").row(0, named=True)

    assert (cell["status"], cell["printed"]) == (status, "44" if shown else None)
    assert tie["verdict"] == {"blocked": "blocked", "suppressed": "suppressed", "not_collected": "not_computed", "incomplete": "equal"}[status]
    assert (tie["published"] is None) == (status == "suppressed")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("target_tap,2026,target_set,Set 1,50%,%,0,p", "There is no period '2026'. Periods: 2022, 2023, 2021, 2020. Or name the cell in targets.yaml."),
        ("target_tap,2025,target_set,Set 2,50%,%,0,p", "There is no period '2025'"),
        ("target_tap,2025,target_set,Set 1,50,tonne,0,p", "The figure is in 'tonne', the target in '%'. Give both the same unit."),
        ("target_tap,2025,target_set,Set 1,half,%,0,p", "The figure 'half' is no number."),
        ("target_tap,2025,target_set,Set 1,5%,%,0,p\ntarget_tap,2025,target_set,Set 1,5%,%,0,p", "A cell is printed twice."),
    ],
)
def test_a_printed_row_in_the_year_of_no_target_is_refused(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(InputProblem) as caught:
        edition_with(tmp_path, target("reduction", 50, published_as=PRINTED), published=line + "\n")

    assert message in str(caught.value)


def test_a_walk_from_a_printed_target_to_its_words_and_cells(tmp_path: Path) -> None:
    edition = edition_with(tmp_path, target("reduction", 50, published_as=PRINTED, progress_as=WAY))
    result = computed(edition, tap(y2021="100", y2022="90", y2023="78"))
    values = with_targets(result.values, edition, result.published)
    ties = tie_out(values, result.published, edition)
    walk = trace_target(edition, values, ties, "target_tap", "2025", "target_set", "Set 1")
    way = trace_target(edition, values, ties, "way", "2023", "target_result", "status")

    assert walk is not None
    assert way is not None
    assert (walk["cell"]["printed"], walk["definition"]["text"], walk["definition"]["source"]) == ("50", "As in the report.", "targets.yaml, aim of Set 1; page 9")
    assert walk["definition"]["formula"] == "tap falls by 50 % of 2021 by 2025"
    assert [step["period"] for step in walk["target"]["steps"]] == ["2022", "2023"]
    assert [(cell["cell"], cell["value"]) for cell in way["target"]["steps"][0]["cells"]] == [("tap 2021", "100"), ("tap 2023", "78")]
    assert trace_target(edition, values, ties, "tap", "2023", "total", "All") is None


# ---------------------------------------------------------------- versions


def test_a_changed_target_is_told_and_not_replaced_in_silence(tmp_path: Path) -> None:
    same, softer, gone = target("reduction", 50, id="same"), target("reduction", 50, id="softer"), target("reduction", 5, id="gone")
    later = {"version": "Set 2"}
    narrower = target("reduction", 50, id="moved", boundary=MAIN) | later
    edition = edition_with(
        tmp_path, same, softer, gone, target("reduction", 50, id="moved"), same | later, softer | later | {"value": 40, "base": 2022}, narrower, target("at_most", 9, id="fresh", replaces="gone") | later,
        softer | {"version": "Set 3", "value": 40, "base": 2022, "target_year": 2026},
    )  # fmt: skip
    told = {(row["target_id"], row["version"]): (row["change"], row["ended"]) for row in targets_of(edition).iter_rows(named=True)}

    assert told["same", "Set 1"] == ("first set", None)
    assert told["same", "Set 2"] == ("as before", "dropped in Set 3")
    assert told["softer", "Set 2"] == ("changed: value 50 to 40; base year 2021 to 2022", None)
    assert told["moved", "Set 2"][0] == "changed: boundary from 'that of the KPI' to 'All but cars.'"
    assert told["gone", "Set 1"] == ("first set", "dropped in Set 2, in its place fresh")
    assert told["fresh", "Set 2"][0] == "new, in place of gone"
    assert told["softer", "Set 3"][0] == "changed: target year 2025 to 2026"
    found = {(row["subject"], row["observed"]): row["severity"] for row in target_findings(edition, computed(edition, []).values, register(OFFICE, FACTORY)) if row["check"] == "target_changed"}
    assert found["softer (Set 2)", "changed: value 50 to 40; base year 2021 to 2022"] == "warning"
    assert found["gone (Set 1)", "dropped in Set 2, in its place fresh"] == "warning"
    assert found["fresh (Set 2)", "new, in place of gone"] == "note"
    assert found["softer (Set 3)", "changed: target year 2025 to 2026"] == "note"
    assert not any(subject == "same (Set 1)" for subject, _ in found)


@pytest.mark.parametrize(("actual", "expected"), [("90", ("warning", "behind: 90.00 tonne", "15")), ("75", None)])
def test_a_finding_for_what_is_behind_and_none_for_what_is_not(tmp_path: Path, actual: str, expected: tuple[str, str, str] | None) -> None:
    edition = edition_with(tmp_path, target("reduction", 50))
    values = computed(edition, tap(y2021="100", y2022="80", y2023=actual)).values
    found = [(row["severity"], row["observed"], row["difference"]) for row in target_findings(edition, values, register())]

    assert found == ([] if expected is None else [expected])


def test_a_target_that_goes_on_as_before_is_told_once_and_in_its_latest_period(tmp_path: Path) -> None:
    one = target("reduction", 50)
    edition = edition_with(tmp_path, one, one | {"version": "Set 2"})
    found = [(row["subject"], row["period"]) for row in target_findings(edition, computed(edition, tap(y2021="100", y2022="99", y2023="98")).values, register())]

    assert found == [("aim (Set 2)", "2023")]


@pytest.mark.parametrize(("line", "found"), [("not Cars", []), ("not Carrs", ["no site has the business_line 'Carrs'"])])
def test_a_misspelt_segment_leaves_out_nothing_and_is_told(tmp_path: Path, line: str, found: list[str]) -> None:
    edition = edition_with(tmp_path, target("reduction", 50, boundary=MAIN | {"where": {"business_line": [line]}}))
    values = computed(edition, tap(y2021="100", y2023="50"), sites=register(OFFICE, FACTORY)).values
    rows = list(target_findings(edition, values, register(OFFICE, FACTORY)))

    assert [row["observed"] for row in rows] == found
    assert [row["what_to_do"] for row in rows] == ["Did you mean 'Cars'?"] * len(found)


# ---------------------------------------------------------------- bad targets.yaml


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (target("reduction", 50, kpi="tapp"), "There is no KPI 'tapp'. Did you mean 'tap'?"),
        (target("reduction", 50, kpi=None), "name the kpi it is measured by, or say in not_measured why none does; not both"),
        (target("reduction", 50, not_measured="No."), "not both"),
        (target("reduction", 50, base=2025), "the base year 2025 does not lie before the target year 2025"),
        (target("reduction", 50, base=None), "a reduction needs a base year: write base"),
        (target("reduction", 100.5), "100.5 is no percentage of a reduction: give more than 0 and at most 100"),
        (target("reduction", 0), "0 is no percentage of a reduction"),
        (target("reduction", -5), "-5 is no percentage of a reduction"),
        (target("remaining", 100), "100 is no percentage of a remaining: give at least 0 and less than 100"),
        (target("reduction", "NaN"), "value: "),
        (target("reduction", "38,000"), "value: "),
        (target("reduction", "=1+1"), "value: "),
        (target("reduction", None), "value: Field required"),
        (target("reduction", 50, unit="tonne"), "its unit is %, not 'tonne'"),
        (target("at_most", 50, unit="kWh"), "The KPI is in tonne; give the target a unit that fits."),
        (target("at_most", 50, unit="tons"), "The unit does not fit"),
        (target("at_most", 50, unit="watt", kpi=None, not_measured="No."), "Give it a unit of the registry."),
        (target("halve", 50), "kind: "),
        (target("cumulative", 50), "a cumulative target has no base; write from: the first year that counts"),
        (target("cumulative", 50, first=2022, base=2021), "a cumulative target has no base"),
        (target("cumulative", 0, first=2022), "a cumulative target is more than zero"),
        (target("cumulative", 50, first=2026), "it counts from 2026, after the target year 2025"),
        (target("reduction", 50, first=2022), "give base or from, not both"),
        (target("reduction", 50, breakdown="gas", category="CO2"), "tap has no breakdown 'gas'. It has: total."),
        (target("reduction", 50, category="Al"), "tap has no category 'Al' in 'total'. Did you mean 'All'?"),
        (target("reduction", 50, boundary=MAIN, category="x"), "give boundary, or breakdown and category, not both"),
        (target("reduction", 50, boundary=MAIN | {"where": {}}), "boundary.where: "),
        (target("reduction", 50, boundary=MAIN | {"where": {"busines_line": ["x"]}}), "there is no site attribute 'busines_line'. Did you mean 'business_line'?"),
        (target("reduction", 50, boundary=MAIN, boundary_unknown="No."), "give boundary or boundary_unknown, not both"),
        (target("reduction", 50, published_as=PRINTED | {"kpi_id": "tap"}), "published_as names 'tap', which kpis.yaml computes."),
        (target("reduction", 50, progress_as=WAY | {"period": "2025"}), "progress_as names the period '2025'."),
        (target("reduction", 50, progress_as=WAY | {"period": "2021"}), "progress_as names 2021, and there is no way done in it."),
        (target("at_least", 50, progress_as=WAY), "there is no way done in it"),
        (target("reduction", 50, replaces="old"), "It replaces 'old', which no version before it has."),
        (target("reduction", 50, colour="red"), "colour: Extra inputs are not permitted"),
    ],
)  # fmt: skip
def test_a_target_that_cannot_be_meant_is_refused(tmp_path: Path, entry: Row, message: str) -> None:
    with pytest.raises(InputProblem) as caught:
        edition_with(tmp_path, entry)

    assert message in str(caught.value)
    assert "editions/e1/targets.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({}, "target 'aim' of Set 1: It stands there twice. Keep one entry per id and version"),
        ({"id": "other"}, "The cell target_tap 2025 target_set Set 1 is that of the target 'aim' too."),
        ({"id": "other", "published_as": None, "boundary": MAIN | {"where": {"country": ["CN"]}}}, "The boundary 'Main segments' has other sites in the target 'aim' of Set 1."),
    ],
)
def test_two_entries_that_contradict_each_other(tmp_path: Path, more: Row, message: str) -> None:
    one = target("reduction", 50, published_as=PRINTED, boundary=MAIN)
    other = {name: value for name, value in (one | more).items() if value is not None}
    with pytest.raises(InputProblem) as caught:
        edition_with(tmp_path, one, other)

    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"aim: 5\n", "It is no list of targets. Begin each of the targets with `- id:`."),
        (b"- id: [aim\n", "It is no YAML"),
        ("- id: Größe\n".encode("utf-16"), "It is no YAML"),
        (b"- 5\n", "It is no list of targets"),
        (b"- {}\n", "Target '?' of ?: id: Field required"),
    ],
)
def test_a_file_that_is_no_list_of_targets(tmp_path: Path, content: bytes, message: str) -> None:
    folder = edition_folder(tmp_path, [TAP])
    (folder / "targets.yaml").write_bytes(content)
    with pytest.raises(InputProblem) as caught:
        read_edition(folder)

    assert message in str(caught.value)


def test_an_empty_file_sets_no_targets(tmp_path: Path) -> None:
    folder = edition_folder(tmp_path, [TAP])
    (folder / "targets.yaml").write_bytes(b"")

    assert read_edition(folder).targets == ()


def test_half_years_have_no_targets(tmp_path: Path) -> None:
    halves = '[[period]]\nid = "2021a"\nfirst = 2021-01-01\nlast = 2021-06-30\n[[period]]\nid = "2021b"\nfirst = 2021-07-01\nlast = 2021-12-31\n'
    folder = edition_folder(tmp_path, [TAP], EVERYWHERE + halves)
    (folder / "targets.yaml").write_text(yaml.safe_dump([target("reduction", 50)]), encoding="utf-8")
    with pytest.raises(InputProblem, match="Two periods end in 2021"):
        read_edition(folder)


def test_a_boundary_that_would_not_narrow_the_denominator_is_refused(tmp_path: Path) -> None:
    share = kpi("share", "%", formula="share", numerator="tap", denominator="tap", denominator_within=[])
    with pytest.raises(InputProblem, match="The denominator of share is not narrowed to the boundary"):
        edition_with(tmp_path, target("at_least", 5, unit="%", kpi="share", boundary=MAIN), kpis=[TAP, share])


# ---------------------------------------------------------------- the worked company


def test_the_worked_targets_stand_as_printed(worked: Ran) -> None:
    ties = worked.table("tie_out").filter((pl.col("edition") == "2023") & pl.col("breakdown").is_in(["target_set", "target_result"]))
    verdicts = dict(ties.group_by("verdict").len().iter_rows())

    assert ties.height == 18
    assert verdicts == {"stated": 16, "equal": 2}
    assert ties.filter(pl.col("kpi_id") == "reclaimed_water_share_own_campus")["computed"].item() == "36.85"


def test_main_segments_of_2023_are_the_group_without_the_factory_as_in_2021(worked: Ran) -> None:
    """Printed: 116,722.56 t less 4,244.79 t and 18,451.93 t of the automotive factory; 82,820.16 t in 2021, when there was none. 30 % of that is 24,846.05 t."""
    rows = worked.table("target_progress").filter((pl.col("target_id") == "ghg_2030") & (pl.col("version") == "2023 Targets"))
    row = rows.filter(pl.col("period") == "2023").row(0, named=True)

    assert [round(row[name], 2) for name in ("base_value", "actual", "target_value")] == [Decimal("82820.16"), Decimal("94025.84"), Decimal("24846.05")]
    assert row["path_value"] == rounded(Fraction(row["base_value"]) * (1 - Fraction(7, 10) * Fraction(2, 9)))
    assert (row["verdict"], rows["verdict"].unique().to_list()) == ("behind", ["behind"])


def test_every_worked_target_has_a_verdict_or_a_reason(worked: Ran) -> None:
    frame, targets = worked.table("target_progress"), worked.table("targets")

    assert set(frame.select("target_id", "version").rows()) == set(targets.select("target_id", "version").rows())
    assert frame.filter((pl.col("verdict") == "cannot_be_computed") & pl.col("reason").is_null()).is_empty()
    assert frame.filter((pl.col("target_id") == "energy_per_10k_revenue_2026") & (pl.col("verdict") != "cannot_be_computed")).is_empty()
    assert targets.filter(pl.col("target_id") == "ghg_2040")["ended"].to_list() == ["dropped in 2024 Targets, in its place carbon_neutrality_2040"]


def test_the_command_shows_targets_and_their_reasons(worked: Ran) -> None:
    shown, rows = look(worked, "targets", "--edition", "2023"), answer(worked, "targets")

    assert shown.returncode == 0
    assert "cannot be computed: The report does not say which sites are certified after ISO 50001" in " ".join(shown.stdout.split())
    assert "behind" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 120
    assert {row["version"] for row in rows} == {"2023 Targets", "2024 Targets"}
    values = {row["target_id"]: row["value"] for row in rows}
    assert (values["carbon_neutrality_2040"], values["energy_per_10k_revenue_2026"]) == ("0", "2.5")
    assert [step["verdict"] for row in rows if (row["target_id"], row["version"]) == ("reclaimed_water_share", "2023 Targets") for step in row["progress"]] == ["reached"]
    assert (look(worked, "targets", "--edition", "2020").returncode, look(worked, "targets", "--edition", "1999").returncode) == (2, 2)


def test_trace_explains_a_printed_target(worked: Ran) -> None:
    args = ("trace", "target_ghg_2030_remaining_share", "--period", "2030", "--category", "target_set=2023 Targets")
    walk, shown = answer(worked, *args), look(worked, *args).stdout

    assert walk["tie_out"]["verdict"] == "stated"
    assert walk["target"]["steps"][-1]["cells"][0]["cell"] == "ghg_scope_1_2 2021 boundary=Main operating segments"
    assert "By no later than 2030, reduce GHG emissions from our main operating segments" in shown
    inside = answer(worked, "trace", "ghg_scope_1_2", "--period", "2023", "--category", "boundary=Main operating segments")
    assert "CN-EV-01" not in {group["site_id"] for group in inside["parts"][0]["groups"]}
