"""Anomalies by kind, each worked by hand: what is asked about, and what at the threshold is not."""

import statistics
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esg_kpis.assurance.anomalies import Anomalies, anomalies_of
from esg_kpis.assurance.anomalies_basis import Basis, changes_in_words
from esg_kpis.assurance.anomalies_season import Month, expectations
from esg_kpis.assurance.anomalies_sites import medians_of_others, told_heads
from esg_kpis.disclosure import suppressed
from esg_kpis.editions import counting_of
from tests.scenario import EVERYWHERE, Computed, Row, bill, computed, day, edition_of, kpi, register, rejected_row, site, year
from tests.test_estimates import counted

POWER, TAP = kpi("power", "MWh", "electricity_purchased", decimals=2), kpi("tap", "tonne", "water_tap")
OLDER = '[[period]]\nid = "2021"\nfirst = 2021-01-01\nlast = 2021-12-31\n[[period]]\nid = "2020"\nfirst = 2020-01-01\nlast = 2020-12-31\n'


def rule(kind: str, **more: Any) -> str:  # noqa: ANN401
    """An [[anomaly]] r, with its keys as TOML; numbers as text."""
    words = {"id": "r", "kind": kind, "text": "Because."} | more
    return "[[anomaly]]\n" + "\n".join(f"{key} = {value!r}".replace("'", '"') for key, value in words.items()) + "\n"


def looked(result: Computed) -> Anomalies:
    return anomalies_of(Basis(result.inputs, suppressed(result.values, result.inputs), result.amounts, result.sites, result.gaps.coverage))


def found(root: Path, rules: str, bills: list[Row], kpis: list[Row] | None = None, **more: Any) -> dict[tuple[str, str], Row]:  # noqa: ANN401
    """Subject and period, or month, to the row of the anomaly."""
    table = looked(computed(edition_of(root, kpis or [POWER, TAP], EVERYWHERE + rules), bills, **more)).table
    return {(row["subject"], row["month"] or row["period"]): row for row in table.iter_rows(named=True)}


# ---------------------------------------------------------------- year on year


@pytest.mark.parametrize(("now", "asked"), [("1300", False), ("1300.001", True), ("700", False), ("699.999", True)])
def test_a_kpi_is_asked_about_beyond_the_threshold_and_not_at_it(tmp_path: Path, now: str, asked: bool) -> None:
    rows = found(tmp_path, rule("year_on_year", above="0.30"), [year("electricity_purchased", "1000", 2022), year("electricity_purchased", now)])

    assert list(rows) == ([("power", "2023")] if asked else [])


def test_the_sites_that_drive_a_change_add_up_to_it(tmp_path: Path) -> None:
    """1.000 to 2.000 MWh: A 0.4 to 1.1, B 0.6 to nothing, C from nothing to 0.9."""
    at = [("A", "400", "1100"), ("B", "600", None), ("C", None, "900")]
    bills = [year("electricity_purchased", size, number, site_id=name) for name, old, new in at for size, number in ((old, 2022), (new, 2023)) if size]
    row = found(tmp_path, rule("year_on_year", above="0.30"), bills, sites=register(site("A"), site("B"), site("C")))["power", "2023"]

    assert (row["observed"], row["expected"], row["ratio"], row["unit"]) == (2, 1, 2, "MWh")
    assert row["contributors"] == "C +0.90; A +0.70; B -0.60"
    assert row["record_ids"].split(";")[0] == "A electricity_purchased 2023-01-01"


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from("ABCDEFGHIJ"), st.fractions(-100, 100)), st.dictionaries(st.sampled_from("ABCDEFGHIJ"), st.fractions(-100, 100)))
def test_printed_changes_add_up_to_the_printed_change(before: dict[str, Fraction], after: dict[str, Fraction]) -> None:
    words = changes_in_words(before, after, 2)
    told = sum((Decimal(part.rsplit(" ", 1)[1]) for part in words.split("; ") if part), Decimal(0))

    assert abs(Fraction(told) - (sum(after.values()) - sum(before.values()))) <= Fraction(1, 200)


def test_of_a_quotient_both_sides_are_told(tmp_path: Path) -> None:
    """2 t over 10 and 6 t over 12 heads: 0.2 and 0.5 t."""
    kpis = [TAP, kpi("heads", "person", "employees_full_time"), kpi("per", "tonne/person", formula="ratio", numerator="tap", denominator="heads")]
    bills = [year("water_tap", "2", 2022), year("water_tap", "6"), year("employees_full_time", "10", 2022), year("employees_full_time", "12")]
    row = found(tmp_path, rule("year_on_year", kpis=["per"], above="1.4"), bills, kpis)["per", "2023"]

    assert (row["observed"], row["contributors"]) == (Decimal("0.5"), "since 2022 +150.0 %; tap +200.0 %; heads +20.0 %")


@pytest.mark.parametrize(("old", "new", "ratio"), [("0", "5", None), ("5", "0", Decimal(0)), ("0", "0", "none")])
def test_from_zero_every_change_is_one_and_zero_to_zero_is_none(tmp_path: Path, old: str, new: str, ratio: Any) -> None:  # noqa: ANN401
    rows = found(tmp_path, rule("year_on_year", kpis=["tap"], above="0.3"), [year("water_tap", old, 2022), year("water_tap", new)])

    assert [row["ratio"] for row in rows.values()] == ([] if ratio == "none" else [ratio])


def test_a_year_that_is_missing_or_not_ok_is_compared_with_nothing(tmp_path: Path) -> None:
    assert found(tmp_path, rule("year_on_year", above="0.3"), [year("water_tap", "9")]) == {}
    assert found(tmp_path, rule("year_on_year", above="0.3"), [year("water_tap", "1", 2022), year("water_tap", "9")], bad=[rejected_row("water_tap")]) == {}


@pytest.mark.parametrize(("least", "subjects"), [("0", {"tap at HQ", "tap at TINY"}), ("3.000001", {"tap at HQ"}), ("3", {"tap at HQ", "tap at TINY"})])
def test_by_site_a_tiny_one_does_not_shout_and_a_new_one_is_not_compared(tmp_path: Path, least: str, subjects: set[str]) -> None:
    sites = register(site(), site("TINY"), site("NEW", valid_from=day("2022-07-01")))
    bills = [year("water_tap", old, 2022, site_id=name) for name, old in (("HQ", "100"), ("TINY", "1"), ("NEW", "50"))]
    bills += [year("water_tap", new, site_id=name) for name, new in (("HQ", "300"), ("TINY", "3"), ("NEW", "150"))]
    rows = found(tmp_path, rule("year_on_year", by="site", above="0.5", least=least), bills, sites=sites)

    assert {subject for subject, _ in rows} == subjects


@pytest.mark.parametrize("gap", [True, False])
def test_a_site_with_something_missing_is_not_compared(tmp_path: Path, gap: bool) -> None:
    """Half of 2023 did not come, which the register of meters expects: it is no fall to a quarter. Where nothing is expected, it is one."""
    bills = [year("electricity_purchased", "1000", 2022), bill("electricity_purchased", "250", "2023-01-01", "2023-06-30")]
    meters = [{"measure": "electricity_purchased", "valid_from": day("2022-01-01")}] if gap else []
    rows = found(tmp_path, rule("year_on_year", by="site", above="0.5"), bills, meters=meters)

    assert list(rows) == ([] if gap else [("power at HQ", "2023")])


# ---------------------------------------------------------------- per floor area, per head


def peers(flow: dict[str, str], areas: dict[str, str] | None = None, number: int = 2023) -> list[Row]:
    """Electricity of a year, and floor areas of 100 m2 unless told otherwise."""
    sizes = dict.fromkeys(flow, "100") | (areas or {})
    return [year("electricity_purchased", size, number, site_id=name) for name, size in flow.items()] + [
        bill("floor_area", sizes[name], "2020-01-01", site_id=name) for name in flow
    ]


FOUR = {"A": "1700", "B": "2000", "C": "4000", "D": "6000"}
OF_FOUR = register(*(site(name) for name in FOUR))


@pytest.mark.parametrize(("used", "asked"), [("6000", False), ("6000.01", True), ("667", False), ("666", True)])
def test_a_site_is_compared_with_the_median_of_its_peers(tmp_path: Path, used: str, asked: bool) -> None:
    """The others use 17, 20 and 40 kWh/m2: three times 20 is 60."""
    rows = found(tmp_path, rule("per_floor_area", measures=["electricity_purchased"], times="3"), peers(FOUR | {"D": used}), sites=OF_FOUR)

    assert list(rows) == ([("electricity_purchased at D", "2023")] if asked else [])


def test_the_median_of_an_even_number_is_exact(tmp_path: Path) -> None:
    """Of four peers 17, 20, 40 and 60 it is 30 kWh/m2; E uses 91."""
    sites = register(*(site(name) for name in (*FOUR, "E")))
    rows = found(tmp_path, rule("per_floor_area", measures=["electricity_purchased"], times="3"), peers(FOUR | {"E": "9100"}), sites=sites)

    assert {key: (row["observed"], row["expected"]) for key, row in rows.items()} == {("electricity_purchased at E", "2023"): (91, 30)}


@given(st.dictionaries(st.sampled_from("ABCDEFGH"), st.fractions(0, 50), min_size=2))
def test_the_medians_of_others_are_those_of_the_standard_library(rates: dict[str, Fraction]) -> None:
    assert medians_of_others(rates) == {site_: statistics.median([rate for other, rate in rates.items() if other != site_]) for site_ in rates}


@pytest.mark.parametrize("changes", [{"kind": "store"}, {"climate": "cold"}, {"valid_from": day("2023-02-01")}, {"valid_to": day("2023-11-30")}])
def test_unlike_sites_are_no_peers(tmp_path: Path, changes: Row) -> None:
    """Without D, none of the others has three peers."""
    sites = register(site("A"), site("B"), site("C"), site("D", **changes))

    assert found(tmp_path, rule("per_floor_area", measures=["electricity_purchased"], times="3"), peers(FOUR | {"D": "99999"}), sites=sites) == {}


def test_an_area_of_zero_divides_nothing(tmp_path: Path) -> None:
    sites = register(*(site(name) for name in (*FOUR, "E")))
    rows = found(tmp_path, rule("per_floor_area", measures=["electricity_purchased"], times="3"), peers(FOUR | {"E": "9100"}, {"E": "0"}), sites=sites)

    assert rows == {}


@pytest.mark.parametrize(("now", "asked"), [("1500", False), ("1501", True)])
def test_a_site_is_compared_with_its_own_year_before(tmp_path: Path, now: str, asked: bool) -> None:
    bills = [*peers({"HQ": "1000"}, number=2022), year("electricity_purchased", now)]
    rows = found(tmp_path, rule("per_floor_area", kpis=["power"], above="0.5"), bills)

    assert list(rows) == ([("power at HQ", "2023")] if asked else [])
    assert all(row["unit"] == "MWh/m2" for row in rows.values())


HEADS = {"A": 100, "B": 100, "C": 100, "D": 100}
PER_HEAD = rule("per_head", measures=["electricity_purchased"], times="3")


@pytest.mark.parametrize(("used", "asked"), [("6000", False), ("6001", True)])
def test_per_head_by_hand(tmp_path: Path, used: str, asked: bool) -> None:
    """As per floor area with 100 heads each; told in three digits: 60.01 as 60.0."""
    rows = found(tmp_path, PER_HEAD, peers(FOUR | {"D": used}), sites=OF_FOUR, heads=counted(HEADS))

    assert {key: (row["observed"], row["unit"]) for key, row in rows.items()} == ({("electricity_purchased at D", "2023"): (60, "kWh/person")} if asked else {})


@pytest.mark.parametrize(("few", "asked"), [(4, False), (5, True), (0, False)])
def test_a_site_of_few_is_not_told_of(tmp_path: Path, few: int, asked: bool) -> None:
    """D has so many heads that any use is far; below k nothing is told, nor how many they are. Beside D a second small site hides the rest of both."""
    rest = {"E": 30}
    sites = register(*(site(name) for name in (*FOUR, "E")))
    bills = [*peers(FOUR), *peers({"E": "600"})]
    result = computed(edition_of(tmp_path, [POWER], EVERYWHERE + PER_HEAD), bills, sites=sites, heads=counted(HEADS | rest | {"D": few}))
    told = looked(result)

    assert ([row for row in told.table["subject"] if row.endswith("D")] != []) is asked
    notes = told.notes["observed"].to_list()
    if few == 4:
        # The least of the others is left out with it: total less the others would be 4.
        assert notes == ["2 sites with employees are not compared per head: a figure would give back a group of fewer than 5 persons"]
    else:
        assert notes == []


def test_a_site_of_few_is_no_peer_whose_figure_could_be_the_median(tmp_path: Path) -> None:
    """Of A, B, C and D with 3 heads at D and 5 at C: C goes with D, and nobody has three peers."""
    rows = found(tmp_path, PER_HEAD, peers(FOUR | {"A": "99999"}), sites=OF_FOUR, heads=counted(HEADS | {"C": 5, "D": 3}))

    assert rows == {}


def test_what_totals_would_give_back_is_left_out(tmp_path: Path) -> None:
    """S has 3 of the 23 heads of its country: T would give them back. In the whole, 3 + 20 are a rest of many."""
    heads = {name: Fraction(size) for name, size in (("S", 3), ("T", 20), ("U", 50), ("V", 60))}
    words = {"S": ["DE"], "T": ["DE"], "U": ["CN"], "V": ["CN"]}

    assert told_heads(heads, words, 5) == {"U", "V"}
    assert told_heads(heads | {"S": Fraction(5)}, words, 5) == {"S", "T", "U", "V"}
    assert told_heads({"S": Fraction(2), "R": Fraction(2), "T": Fraction(9)}, {}, 5) == set()


def test_heads_are_counted_by_site_for_the_sake_of_a_rule(tmp_path: Path) -> None:
    assert "employees" not in counting_of([edition_of(tmp_path, [POWER])]).crosses
    assert counting_of([edition_of(tmp_path, [POWER], EVERYWHERE + PER_HEAD)]).crosses["employees"] == {()}


# ---------------------------------------------------------------- implied factors


@pytest.mark.parametrize(("water", "bound"), [("500", None), ("499", "0.5"), ("2000", None), ("2001", "2")])
def test_an_implied_factor_is_held_against_its_band(tmp_path: Path, water: str, bound: str | None) -> None:
    """Water over 1,000 MWh, from 0.5 to 2 t/MWh, of the site and of the whole."""
    keys: Row = {"numerator": "tap", "denominator": "power", "low": "0.5", "high": "2", "source": "s"}
    bills = [year("water_tap", water), year("electricity_purchased", "1000000")]
    for by, subject in (("site", "tap per power at HQ"), ("total", "tap per power"), ("country", "tap per power country=CN")):
        rows = found(tmp_path, rule("implied_factor", by=by, **keys), bills)
        assert {key: row["expected"] for key, row in rows.items()} == ({} if bound is None else {(subject, "2023"): Decimal(bound)})


def test_what_has_no_denominator_implies_nothing_and_no_numerator_is_zero(tmp_path: Path) -> None:
    keys: Row = {"numerator": "tap", "denominator": "power", "low": "0.5", "source": "s", "by": "site"}

    assert found(tmp_path, rule("implied_factor", **keys), [year("water_tap", "9"), year("electricity_purchased", "0")]) == {}
    assert found(tmp_path, rule("implied_factor", **keys), [year("water_tap", "9")]) == {}
    assert [row["observed"] for row in found(tmp_path, rule("implied_factor", **keys), [year("electricity_purchased", "9")]).values()] == [0]
    assert found(tmp_path, rule("implied_factor", least="0.0091", **keys), [year("electricity_purchased", "9")]) == {}


# ---------------------------------------------------------------- season

LAST = {1: 31, 2: 28, 3: 31, 4: 30, 5: 31, 6: 30, 7: 31, 8: 31, 9: 30, 10: 31, 11: 30, 12: 31}


def months(number: int, level: int, changed: dict[int, str] | None = None, **more: Any) -> list[Row]:  # noqa: ANN401
    """Twelve bills: month times level, but for those that are changed."""
    return [
        bill("electricity_purchased", (changed or {}).get(month, str(month * level)), f"{number}-{month:02}-01", f"{number}-{month:02}-{last}", **more) for month, last in LAST.items()
    ]


SEASON = OLDER + rule("season", measures=["electricity_purchased"], times="2")
MAY = ("electricity_purchased at HQ", "2023-05")


@pytest.mark.parametrize(("may", "asked"), [("3000", False), ("3000.01", True), ("750", False), ("749.99", True), ("1500000", True), ("1.5", True), ("0", True)])
def test_a_month_is_compared_with_other_years_at_the_level_of_its_year(tmp_path: Path, may: str, asked: bool) -> None:
    """Levels 100, 200 and 300: May of 2023 ought to be 1,500 kWh, by 2021 and by 2022."""
    bills = [*months(2021, 100), *months(2022, 200), *months(2023, 300, {5: may})]
    rows = found(tmp_path, SEASON, bills)

    assert list(rows) == ([MAY] if asked else [])
    if asked:
        assert (rows[MAY]["expected"], rows[MAY]["contributors"], rows[MAY]["record_ids"]) == (1500, "by 2021 1,500; by 2022 1,500", "HQ electricity_purchased 2023-05-01")


def test_a_slip_raises_no_alarm_in_the_right_years(tmp_path: Path) -> None:
    """With two other years one is wrong and one right: the nearer decides. With three the median is right."""
    for years in ((2021, 2022, 2023), (2020, 2021, 2022, 2023)):
        bills = [row for number in years for row in months(number, 100, {5: "500000"} if number == 2022 else None)]
        assert list(found(tmp_path, SEASON, bills)) == [("electricity_purchased at HQ", "2022-05")]


def test_one_other_year_is_not_enough_and_a_half_month_is_no_month(tmp_path: Path) -> None:
    assert found(tmp_path, SEASON, [*months(2022, 200), *months(2023, 300, {5: "9999999"})]) == {}
    half = [row for row in months(2023, 300) if row["start"] != day("2023-12-01")] + [bill("electricity_purchased", "1500", "2023-12-01", "2023-12-13")]
    assert found(tmp_path, SEASON, [*months(2021, 100), *months(2022, 200), *half]) == {}


def test_zero_in_other_years_makes_no_level_and_no_division_by_zero(tmp_path: Path) -> None:
    """What was nothing every May is far as soon as it is something; years of zeros only say nothing."""
    may = [*months(2021, 100, {5: "0"}), *months(2022, 200, {5: "0"}), *months(2023, 300, {5: "10"})]
    rows = found(tmp_path, SEASON, may)
    assert {key: (row["expected"], row["ratio"]) for key, row in rows.items()} == {MAY: (0, None)}
    nothing = dict.fromkeys(range(1, 13), "0")
    assert found(tmp_path, SEASON, [*months(2021, 1, nothing), *months(2022, 1, nothing), *months(2023, 300)]) == {}


def test_an_estimate_of_its_sender_is_judged_and_is_no_basis(tmp_path: Path) -> None:
    """What the sender guessed for May of 2022 is compared, and called a guess; for May of 2023 one year is left, too few."""
    def guessed(may: str, *, guess: bool = True) -> list[Row]:
        return [row | ({"estimated": guess} if row["start"] == day("2022-05-01") else {}) for row in months(2022, 200, {5: may})]

    rows = found(tmp_path, SEASON, [*months(2021, 100), *guessed("99999"), *months(2023, 300)])
    assert list(rows) == [("electricity_purchased at HQ", "2022-05")]
    assert rows["electricity_purchased at HQ", "2022-05"]["contributors"] == "by 2021 1,000; by 2023 1,000; an estimate of its sender"
    wrong = months(2023, 300, {5: "99999"})
    assert list(found(tmp_path, SEASON, [*months(2021, 100), *guessed("1000", guess=False), *wrong])) == [MAY]
    assert found(tmp_path, SEASON, [*months(2021, 100), *guessed("1000"), *wrong]) == {}


def test_a_level_leaves_out_the_month_itself() -> None:
    """Five months, of which the fifth is judged: the level is the median of 2, 2, 3 and 3."""
    one = {1: Month(2, 31), 2: Month(2, 28), 3: Month(3, 31), 4: Month(3, 30), 5: Month(900, 31)}
    other = {month: Month(1, days) for month, days in zip(range(1, 6), (31, 28, 31, 30, 31), strict=True)}
    found_here = {(year_, number): [item.quantity * 10**24 for item in expected] for year_, number, expected in expectations({1: one, 2: other, 3: other}, 2)}

    assert found_here[1, 5] == [Fraction(5, 2), Fraction(5, 2)]


# ---------------------------------------------------------------- all kinds

EVERY = (
    SEASON.replace('id = "r"', 'id = "s"') + rule("per_floor_area", measures=["electricity_purchased"], times="3").replace('id = "r"', 'id = "f"')
    + rule("year_on_year", by="site", above="0.5").replace('id = "r"', 'id = "y"') + rule("year_on_year", above="0.3")
)  # fmt: skip


def kilo_mega() -> tuple[list[Row], pl.DataFrame]:
    """Five offices over three years; one bill of A in May 2023 is a thousand times too much."""
    names = "ABCDE"
    bills = [row for number in (2021, 2022, 2023) for name in names for row in months(number, 100, {5: "500000"} if (name, number) == ("A", 2023) else None, site_id=name)]
    return bills + [bill("floor_area", "100", "2020-01-01", site_id=name) for name in names], register(*(site(name) for name in names))


def test_a_slip_of_kilo_and_mega_is_found_by_every_kind_that_sees_it(tmp_path: Path) -> None:
    bills, sites = kilo_mega()
    rows = found(tmp_path, EVERY, bills, sites=sites)

    assert {(row["rule"], row["subject"], row["month"]) for row in rows.values()} == {
        ("s", "electricity_purchased at A", "2023-05"), ("f", "electricity_purchased at A", None), ("y", "power at A", None), ("r", "power", None),
    }  # fmt: skip
    assert rows["power", "2023"]["contributors"] == "A +499.50"


def test_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    bills, sites = kilo_mega()
    result = computed(edition_of(tmp_path, [POWER, TAP], EVERYWHERE + EVERY), bills, sites=sites)
    straight = looked(result)
    shuffled = anomalies_of(
        Basis(result.inputs, result.values.sample(fraction=1, shuffle=True, seed=1), result.amounts.sample(fraction=1, shuffle=True, seed=2), result.sites.sample(fraction=1, shuffle=True, seed=3), result.gaps.coverage.sample(fraction=1, shuffle=True, seed=4))
    )

    assert straight.table.height == 4
    assert straight.table.equals(shuffled.table)


def test_an_edition_without_rules_says_nothing(tmp_path: Path) -> None:
    bills, sites = kilo_mega()
    told = looked(computed(edition_of(tmp_path, [POWER]), bills, sites=sites))

    assert (told.table.height, told.notes.height) == (0, 0)


def test_counts_of_people_are_never_told_by_site(tmp_path: Path) -> None:
    """Year on year of employees tells no site; a suppressed cell is compared with nothing."""
    heads = kpi("heads", "person", amounts=[{"measure": ["employees"]}])
    both = pl.concat([counted({"A": 100, "B": 50}, first=day("2022-12-31"), last=day("2022-12-31")), counted({"A": 30, "B": 20})])
    rows = found(tmp_path, rule("year_on_year", above="0.3"), [], [heads], heads=both, sites=register(site("A"), site("B")))
    assert [(key, row["contributors"], row["record_ids"]) for key, row in rows.items()] == [(("heads", "2023"), "since 2022 -66.7 %", "")]
    few = pl.concat([counted({"A": 100}, first=day("2022-12-31"), last=day("2022-12-31")), counted({"A": 3})])
    assert found(tmp_path, rule("year_on_year", above="0.3"), [], [heads], heads=few, sites=register(site("A"))) == {}
