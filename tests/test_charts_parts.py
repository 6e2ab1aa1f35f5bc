"""The parts of charts: numbers, text, layout; periods that are missing, negative values, one site and many."""

import re
import tomllib
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esg_kpis.domains import MEASURES, derived
from esg_kpis.domains.fuels import BIOFUELS, FUELS
from esg_kpis.errors import InternalProblem
from esg_kpis.report.charts import colours
from esg_kpis.report.charts.bars import Bars, Group, Row, lying
from esg_kpis.report.charts.columns import Stacks, over_time, stacked
from esg_kpis.report.charts.coverage import LEAST_SITES, MOST_SITES, heat_chart
from esg_kpis.report.charts.draw import COLOURS, json_of
from esg_kpis.report.charts.numbers import drawn, percent, shown, tick_labels, ticks_of, told
from esg_kpis.report.charts.panels import Panel, small_multiples
from esg_kpis.report.charts.text import width_of, wrapped
from esg_kpis.report.charts.view import View
from esg_kpis.report.charts.words import named, said
from esg_kpis.report.kpi_table import with_thousands
from esg_kpis.restatement.causes import CAUSES
from esg_kpis.tables import COVERAGE, COVERAGE_SUMMARY, EDITION_AMOUNTS, ESTIMATES, SITES, TARGET_VERDICTS
from tests.charts_scenario import Said, lines_of, outside, overlaps
from tests.conftest import REPOSITORY

AMOUNT = st.decimals(min_value=-(10**12), max_value=10**12, places=6)


# ---------------------------------------------------------------- numbers and text


@given(st.lists(AMOUNT, max_size=6))
def test_ticks_hold_every_value_and_zero(values: Sequence[Decimal]) -> None:
    ticks = ticks_of(values)

    assert len(ticks) >= 2
    assert ticks[0] <= min(0, *values, 0) <= max(0, *values, 0) <= ticks[-1]
    assert 0 in ticks
    assert {after - before for before, after in pairwise(ticks)} == {ticks[1] - ticks[0]}
    assert len(set(tick_labels(ticks))) == len(ticks) <= 8


@pytest.mark.parametrize(("value", "decimals", "text"), [(Fraction(1234567, 100), 2, "12,345.67"), (Decimal("-0.004"), 2, "0.00"), (Decimal("-1234.5"), 0, "-1,235"), (999, 0, "999"), (1000, 1, "1,000.0")])
def test_a_number_is_shown_as_it_is_printed(value: Fraction | Decimal | int, decimals: int, text: str) -> None:
    assert shown(value, decimals) == text


@pytest.mark.parametrize(("value", "text"), [("0", "0.00"), ("0.0012", "< 0.01"), ("0.00499", "< 0.01"), ("0.005", "0.01"), ("-0.001", "0.00"), ("12.345", "12.35")])
def test_what_is_there_is_not_said_to_be_nothing(value: str, text: str) -> None:
    assert told(Decimal(value), 2) == text


@pytest.mark.parametrize(("part", "text"), [(0, "0.0 %"), (1, "< 0.1 %"), (499, "< 0.1 %"), (500, "0.1 %"), (999_499, "99.9 %"), (999_500, "> 99.9 %"), (1_000_000, "100.0 %"), (-20_000, "−2.0 %")])
def test_a_part_is_neither_all_nor_nothing(part: int, text: str) -> None:
    assert percent(Fraction(part), Fraction(1_000_000)) == text


def test_what_is_no_number_keeps_its_words() -> None:
    assert with_thousands("n/a") == "n/a"


def test_a_number_reaches_the_picture_without_becoming_binary() -> None:
    assert json_of({"value": drawn(Decimal("116722.560123456789")), "name": "12"}) == '{"value": 116722.560123456789, "name": "12"}'


@given(st.text(alphabet="ab cdefgh-_/WM0123456789,.（），。二氧化碳\xa0", max_size=80), st.integers(min_value=20, max_value=200))
def test_wrapped_text_fits_and_loses_nothing(text: str, width: int) -> None:
    lines = wrapped(text, width, 12)

    assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", text)
    assert all(width_of(line, 12) <= width or len(line) < 3 or re.search(r"[，。）]$", line) for line in lines)


def test_a_value_stays_with_its_sign_and_unit() -> None:
    assert wrapped("Scope 1 and Scope 2 ±\xa03.1\xa0%", 140, 12) == ["Scope 1 and Scope 2", "±\xa03.1\xa0%"]


# ---------------------------------------------------------------- words


def test_every_word_is_there_in_both_languages_with_the_same_gaps() -> None:
    words = tomllib.loads((REPOSITORY / "src/esg_kpis/report/charts/words.toml").read_text(encoding="utf-8"))

    for group, entries in words.items():
        for name, entry in entries.items():
            assert set(entry) == {"en", "zh"}, (group, name)
            assert sorted(re.findall(r"\{(\w+)\}", entry["en"])) == sorted(re.findall(r"\{(\w+)\}", entry["zh"])), (group, name)
    assert set(words["causes"]) == {*CAUSES, "unreproduced_from", "unreproduced_to"}
    assert set(words["verdicts"]) == set(TARGET_VERDICTS)
    assert set(words["measures"]) <= set(MEASURES)
    assert {*FUELS, *BIOFUELS, "electricity_purchased", "electricity_renewable", "heat_purchased"} <= set(words["measures"])
    assert set(words["gases"]) == set(derived.GAS_GROUPS) - set(derived.BESIDE_SCOPES)


def test_a_thing_without_a_word_is_called_as_the_data_call_it() -> None:
    assert named("kinds", "service_centre", "zh") == "service centre"
    with pytest.raises(InternalProblem, match=r"no word 'note\.nothing'"):
        said("note", "nothing", "en")


# ---------------------------------------------------------------- colours


def _light(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(("scheme", "panel"), [(0, "#ffffff"), (1, "#1a211e")])
def test_colours_stand_out_from_the_panel(scheme: int, panel: str) -> None:
    sheet = re.findall(r":root(?::not\(\[data-theme=\"light\"\]\))?\s*\{([^}]*)\}", colours())[scheme]
    found = dict(re.findall(r"(--[a-z0-9-]+): (#[0-9a-f]{6});", sheet))

    assert {f"--c{place}" for place in range(1, 9)} | {f"--heat-{name}" for name in ("received", "estimated-1", "estimated-2", "missing-1", "missing-2")} == set(found)
    for place in range(1, 9):
        high, low = sorted((_light(found[f"--c{place}"]), _light(panel)), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 3, place


# ---------------------------------------------------------------- layout


def test_columns_below_zero_and_gaps_keep_to_their_axis() -> None:
    values = {("2020", "A"): Fraction(5), ("2020", "B"): Fraction(-3), ("2022", "A"): Fraction(2)}
    svg = stacked(Stacks(["2020", "2021", "2022"], [(year, year, year) for year in ("2020", "2021", "2022")], ["A", "B"], values, "t", {"2020": "2.0", "2022": "2.0"}), "p", "said")

    texts = [line.text for line in lines_of(svg)]
    assert {"2.0", "−4", "0", "6", "2020", "2021", "2022"} <= set(texts)
    assert len(re.findall(r'fill="var\(--c1\)"', svg)) == 3  # Two bars and the legend's swatch.
    assert (overlaps(lines_of(svg)), outside(svg)) == ([], [])


@pytest.mark.parametrize("count", [1, 2, 7, 30])
def test_any_number_of_periods_has_room(count: int) -> None:
    periods = [f"FY{year}/{(year + 1) % 100:02}" for year in range(1990, 1990 + count)]
    values = {(period, "A"): Fraction(10**9 + place) for place, period in enumerate(periods)}
    panel = Panel("Emissions of everything per unit of everything else in the whole of the group", "tCO2e/RMB million", {period: Fraction(1, 3) for period in periods}, dict.fromkeys(periods, "0.33"), frozenset(periods[:1]))

    lines: list[Said] = []
    for svg in (stacked(Stacks(periods, [(name, name, name) for name in periods], ["A"], values, "t", {period: f"{value}.00" for (period, _), value in values.items()}), "p", "x"), small_multiples([panel] * 3, periods, "p", "x")):
        lines = lines_of(svg)
        assert (overlaps(lines), outside(svg)) == ([], [])
        assert {periods[-1], f"{periods[-1]}*"} & {line.text for line in lines}
    assert f"{periods[0]}*" in [line.text for line in lines]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.decimals(min_value=-500, max_value=500, places=2), min_size=1, max_size=6), st.booleans())
def test_lying_bars_never_lie_on_text(sizes: Sequence[Decimal], strokes: bool) -> None:
    rows = tuple(Row(f"Category number {place} with a rather long name", (("", size),), shown(size, 2), -size if strokes else None) for place, size in enumerate(sizes))
    svg = lying(Bars([Group("", rows), Group("按年齡組別劃分的僱員比例以及其他很長的標題文字按年齡組別劃分的僱員比例", rows)], "%", names=["2023", "x"], stroke="2022" if strokes else ""), "p", "x")

    assert (overlaps(lines_of(svg)), outside(svg)) == ([], [])


# ---------------------------------------------------------------- sites


def _view(sites: int, short: int) -> View:
    """A view of an edition with some sites, of which the first `short` miss half of February."""
    names = [f"S{place:03}" for place in range(sites)]
    rows: list[dict[str, Any]] = []
    amounts: list[dict[str, Any]] = []
    for place, site in enumerate(names):
        for month, days in (("2023-01", 31), ("2023-02", 28)):
            gone = 14 if place < short and month == "2023-02" else 0
            rows.append({"site_id": site, "measure": "water_tap", "month": month, "basis": "register", "expected": days, "received": days - gone, "estimated": 0, "missing": gone, "quantity": Decimal(1), "unit": "t"})
            amounts.append({"edition": "e", "amount_id": f"{site}{month}", "site_id": site, "measure": "water_tap", "origin": "water_tap", "month": month, "period": "2023"})
    tables = {
        "coverage": pl.DataFrame(rows, schema=COVERAGE.schema),
        "edition_amounts": pl.DataFrame(amounts, schema=EDITION_AMOUNTS.schema),
        "coverage_summary": pl.DataFrame([{"edition": "e", "period": "2023", "measure": "water_tap"}], schema=COVERAGE_SUMMARY.schema),
        "sites": pl.DataFrame([{"site_id": site, "name": "Store"} for site in names], schema=SITES.schema),
        "estimates": pl.DataFrame(schema=ESTIMATES.schema),
    }
    edition = SimpleNamespace(periods={"2023": SimpleNamespace(first=date(2023, 1, 1), last=date(2023, 2, 28))})
    basis = SimpleNamespace(tables=tables, editions={"e": edition}, of=lambda name, _edition: tables[name])
    return View(basis, "e", "en")  # type: ignore[arg-type]


def test_one_period_is_shown_part_by_part_with_numbers_and_shares() -> None:
    places = ["2022", "2023"]
    stacks = Stacks(places, [(name, name, name) for name in places], ["Scope 1", "Scope 2"], {("2023", "Scope 1"): Fraction(1), ("2023", "Scope 2"): Fraction(3)}, "tCO2e", {"2023": "4.00"}, frozenset({"2023"}))
    view: Any = SimpleNamespace(say=lambda _group, name: name.capitalize())

    svg = over_time(view, stacks, 2, "p", "said")
    texts = [line.text for line in lines_of(svg)]

    assert {"tCO2e · 2023*", "Scope 1", "1.00 · 25.0 %", "Scope 2", "3.00 · 75.0 %", "Total", "4.00"} <= set(texts)
    assert (overlaps(lines_of(svg)), outside(svg)) == ([], [])
    both = Stacks(places, stacks.labels, stacks.series, {**stacks.values, ("2022", "Scope 1"): Fraction(2)}, "tCO2e", {"2022": "2.00", "2023": "4.00"})
    assert over_time(view, both, 2, "p", "said") == stacked(both, "p", "said")


def test_parts_of_a_total_that_cannot_be_computed_have_no_share_and_no_sum() -> None:
    stacks = Stacks(["2023"], [("2023", "2023", "2023")], ["Scope 1", "Scope 2"], {("2023", "Scope 1"): Fraction(1), ("2023", "Scope 2"): Fraction(3)}, "tCO2e", {})
    view: Any = SimpleNamespace(say=lambda _group, name: name.capitalize())
    texts = {line.text for line in lines_of(over_time(view, stacks, 2, "p", "said"))}

    assert {"1.00", "3.00"} <= texts
    assert not [text for text in texts if "%" in text or "Total" in text]


def test_zeros_have_one_tick_and_no_scale() -> None:
    svg = lying(Bars([Group("", (Row("All", (("", Decimal(0)),), "0.00"), Row("Some", (("", Decimal(0)),), "0.00")))], "%"), "p", "said")

    assert sorted(line.text for line in lines_of(svg)) == ["%", "0", "0.00", "0.00", "All", "Some"]


@pytest.mark.parametrize(("sites", "short", "shown_rows", "sentence"), [(1, 0, 1, ""), (60, 0, 60, ""), (300, 0, LEAST_SITES, "12 of 300 sites are shown; the other 288 are complete."), (300, 20, 20, "20 of 300 sites are shown; the other 280 are complete."), (300, 100, MOST_SITES, "Shown are the 60 sites with the most missing and estimated days; of the 240 others, 200 are complete.")])
def test_many_sites_are_shown_worst_first_and_the_rest_is_said(sites: int, short: int, shown_rows: int, sentence: str) -> None:
    chart = heat_chart(_view(sites, short))

    assert chart is not None
    labels = [line.text for line in lines_of(chart.svg) if line.text.startswith("Store")]
    assert len(labels) == len(chart.rows) == shown_rows
    assert len(set(labels)) == shown_rows  # One name, many sites: each with its id.
    assert sentence in chart.note
    assert ("are shown" in chart.note or "Shown are" in chart.note) == bool(sentence)
    assert chart.svg.count("var(--heat-missing-1)") == (min(short, shown_rows) + 1 if short else 0)  # The legend has one too.
    if short:
        assert chart.rows[0] == ("Store (S000)", "76.3", "0.0", "23.7")
    assert (overlaps(lines_of(chart.svg)), outside(chart.svg)) == ([], [])


def test_a_half_of_the_days_or_more_has_a_colour_of_its_own() -> None:
    view = _view(2, 0)
    coverage = view.basis.tables["coverage"].with_columns(pl.when(pl.col("site_id") == "S000").then(20).otherwise(0).alias("missing"), pl.when(pl.col("site_id") == "S000").then(pl.col("expected") - 20).otherwise("expected").alias("received"))
    view.basis.tables["coverage"] = coverage  # type: ignore[index]

    chart = heat_chart(view)

    assert chart is not None
    assert "var(--heat-missing-2)" in chart.svg
    assert "Missing, more" in [line.text for line in lines_of(chart.svg)]


def test_colours_are_taken_from_the_page_only() -> None:
    assert tuple(f"var(--c{place})" for place in range(1, 9)) == COLOURS


def test_what_is_zero_has_no_bar_that_would_break_the_axis() -> None:
    values = {("2022", "a"): Fraction(0), ("2022", "b"): Fraction(0), ("2023", "a"): Fraction(5), ("2023", "b"): Fraction(0)}
    places = ("2022", "2023")

    svg = stacked(Stacks(places, [(place, place, place) for place in places], ("a", "b"), values, "t", {"2022": "0.00", "2023": "5.00"}), "p", "x")

    assert svg.count('stroke="var(--panel)" stroke-width="1"') == 1
    assert ">0.00<" in svg
