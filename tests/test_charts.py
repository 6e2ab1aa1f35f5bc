"""The charts of the report site: their numbers are those of the KPIs, and their pictures stand in any page."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from esg_kpis.domains import derived
from esg_kpis.report.charts import Chart, charts_of
from esg_kpis.report.charts import draw as drawing
from esg_kpis.report.charts.bridge import bridge_charts, steps_of
from esg_kpis.report.charts.coverage import days_of, estimated_chart, heat_chart
from esg_kpis.report.charts.emissions import by_month, counted, emission_charts
from esg_kpis.report.charts.energy import by_carrier, energy_chart, energy_kpi
from esg_kpis.report.charts.intensities import intensity_chart
from esg_kpis.report.charts.people import people_charts
from esg_kpis.report.charts.targets import target_chart
from esg_kpis.report.charts.uncertainty import uncertainty_chart
from esg_kpis.report.charts.view import View
from esg_kpis.report.charts.words import named
from esg_kpis.report.site.basis import LANGUAGES, SiteBasis
from esg_kpis.report.site.leading import leading
from pipelines.restating import bridged
from tests.charts_scenario import basis_of, lines_of, outside, overlaps
from tests.conftest import REPOSITORY, Ran, copy_workspace, run_workspace

MAKERS: dict[str, Callable[[View], list[Chart] | Chart | None]] = {
    "emissions": emission_charts, "energy": energy_chart, "intensities": intensity_chart, "turnover": people_charts, "targets": target_chart, "bridge": bridge_charts, "coverage": heat_chart,
    "estimated": estimated_chart, "uncertainty": uncertainty_chart,
}  # fmt: skip
"""The function that makes a chart, by the first word of its id."""


@pytest.fixture(scope="module")
def basis(worked: Ran) -> SiteBasis:
    plain = basis_of(worked.root, worked.out)
    bridge = bridged(worked.root, worked.out, "2020", "2020", "2023", ("ghg_scope_1_2", "ghg_scope_1", "total_energy_consumption")).table
    return replace(plain, tables={**plain.tables, "bridge": bridge})


@pytest.fixture(scope="module")
def methods(tmp_path_factory: pytest.TempPathFactory) -> SiteBasis:
    place = tmp_path_factory.mktemp("methods")
    root = copy_workspace(place / "workspace", REPOSITORY / "examples" / "ghg-methods")
    run_workspace(root, place / "out", place / "dagster")
    return basis_of(root, place / "out")


@pytest.fixture(scope="module")
def all_charts(basis: SiteBasis, methods: SiteBasis) -> dict[tuple[str, str, str], Chart]:
    """Every chart of two workspaces, by workspace and edition, language, and id."""
    return {(f"{which} {edition}", language, chart.id): chart for which, own in (("worked", basis), ("methods", methods)) for edition in own.editions for language in LANGUAGES for chart in charts_of(own, edition, language)}


def changed(basis: SiteBasis, **tables: pl.DataFrame) -> SiteBasis:
    return replace(basis, tables={**basis.tables, **tables})


def one(basis: SiteBasis, edition: str, chart: str, language: str = "en") -> Chart:
    """One chart of an edition. Only the function that makes it is called: to draw all of them takes a second."""
    made = MAKERS[chart.partition("-")[0]](View(basis, edition, language))
    return next(item for item in (made if isinstance(made, list) else [made]) if item is not None and item.id == chart)


def kpi_values(basis: SiteBasis, edition: str, kpi: str) -> dict[str, Decimal]:
    """The values of a KPI as a whole, by period."""
    rows = basis.of("kpi_values", edition).filter((pl.col("kpi_id") == kpi) & (pl.col("breakdown") == "total") & pl.col("value").is_not_null())
    return dict(rows.select("period", "value").iter_rows())


def totals(found: Mapping[tuple[str, str], Fraction]) -> dict[str, Fraction]:
    added: dict[str, Fraction] = {}
    for (period, _), value in found.items():
        added[period] = added.get(period, Fraction(0)) + value
    return added


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize(("which", "edition"), [("basis", "2020"), ("basis", "2023"), ("methods", "2023")])
def test_emissions_in_parts_add_up_to_the_kpi(which: str, edition: str, request: pytest.FixtureRequest) -> None:
    own: SiteBasis = request.getfixturevalue(which)
    expected = {period: f"{value:.6f}" for period, value in kpi_values(own, edition, "ghg_scope_1_2").items()}

    rows = counted(View(own, edition, "en"))

    for column in ("scope", "gas_group", "kind"):
        parts = {(period, key): Fraction(total) / 1000 for period, key, total in rows.group_by("period", column).agg(pl.col("quantity").sum()).iter_rows()}
        assert {period: f"{Decimal(value.numerator) / Decimal(value.denominator):.6f}" for period, value in totals(parts).items()} == expected
    assert expected


def test_the_table_beside_the_picture_shows_what_the_kpi_prints(basis: SiteBasis) -> None:
    chart = one(basis, "2023", "emissions-by-scope")

    assert chart.header == ("Period", "Scope 1, tCO2e", "Scope 2, tCO2e", "Total, tCO2e")
    assert [(row[0], row[-1]) for row in chart.rows] == [("2020", "66,481.29"), ("2021", "82,820.16"), ("2022", "85,742.61"), ("2023", "116,722.56")]
    assert [row[1].replace(",", "") for row in chart.rows] == [f"{value:.2f}" for _, value in sorted(kpi_values(basis, "2023", "ghg_scope_1").items())]


def test_scope_2_stands_on_the_basis_of_the_editions_totals_only(methods: SiteBasis) -> None:
    rules = methods.editions["2023"].rules
    assert rules.scope_2_total == "location"
    chart = one(methods, "2023", "emissions-by-scope")
    assert chart.rows == (("2023", "370.842", "1,050.636", "1,421.478"),)
    assert "Scope 2 location-based" in chart.note

    edition = replace(methods.editions["2023"], rules=rules.model_copy(update={"scope_2_total": "market"}))
    market = one(replace(methods, editions={"2023": edition}, inputs={"2023": replace(methods.inputs["2023"], edition=edition)}), "2023", "emissions-by-scope")

    assert market.rows == (("2023", "370.842", "1,693.272", "2,064.114"),)
    assert "Scope 2 market-based" in market.note


@pytest.mark.parametrize(("which", "edition"), [("basis", "2020"), ("basis", "2023"), ("methods", "2023")])
def test_months_and_what_belongs_to_none_add_up_to_the_kpi(which: str, edition: str, request: pytest.FixtureRequest) -> None:
    own: SiteBasis = request.getfixturevalue(which)
    view = View(own, edition, "en")
    found, outside_months = by_month(view)
    expected = sum(kpi_values(own, edition, "ghg_scope_1_2").values())

    assert abs(sum(found.values()) + outside_months - Fraction(expected)) < Fraction(1, 10**12)
    assert {month for month, _ in found} == {month for months in view.months.values() for month in months}
    assert bool(outside_months) == ("19.500" in one(own, edition, "emissions-by-month").note)


def test_carriers_add_up_to_the_editions_energy(basis: SiteBasis) -> None:
    view = View(basis, "2023", "en")
    kpi = energy_kpi(view)
    assert kpi is not None
    assert kpi.id == "total_energy_consumption"

    found = by_carrier(view, kpi)

    assert {origin for _, origin in found} == {"electricity_purchased", "electricity_renewable", "heat_purchased", "natural_gas", "gasoline", "diesel"}
    for period, value in kpi_values(basis, "2023", kpi.id).items():
        assert abs(totals(found)[period] - Fraction(value)) < Fraction(1, 10**15)


@pytest.mark.parametrize("edition", ["2020", "2023", "transparency-2020"])
def test_site_months_are_those_of_the_summary(basis: SiteBasis, edition: str) -> None:
    days = days_of(View(basis, edition, "en"))
    counted_here = days.group_by("period", "measure").agg(pl.len().cast(pl.Int64()).alias("site_months"), (pl.col("missing") > 0).sum().cast(pl.Int64()).alias("site_months_missing"))
    summary = basis.of("coverage_summary", edition).select("period", "measure", "site_months", "site_months_missing")

    assert counted_here.sort("period", "measure").rows() == summary.sort("period", "measure").rows()
    assert (days["received"] + days["estimated"] + days["missing"] == days["expected"]).all()


def test_estimated_days_are_not_missing_ones(basis: SiteBasis) -> None:
    first = basis.of("coverage_summary", "2023").filter(pl.col("measure") == "heat_purchased").sort("period").row(0, named=True)
    gone = basis.tables["coverage"].filter((pl.col("measure") == "heat_purchased") & (pl.col("missing") > 0) & (pl.col("month") == f"{first['period']}-06")).sort("site_id").row(0, named=True)
    row = dict.fromkeys(basis.tables["estimates"].columns) | {"edition": "2023", "site_id": gone["site_id"], "measure": "heat_purchased", "month": gone["month"], "days": gone["missing"] + 5, "period": first["period"]}
    estimates = pl.concat([basis.tables["estimates"], pl.DataFrame([row], schema=basis.tables["estimates"].schema)])

    days = days_of(View(changed(basis, estimates=estimates), "2023", "en")).filter((pl.col("measure") == "heat_purchased") & (pl.col("site_id") == gone["site_id"]) & (pl.col("month") == gone["month"]))

    assert days.select("estimated", "missing").row(0) == (gone["missing"], 0)


def test_a_bridge_shows_bars_that_add_up_from_print_to_print(basis: SiteBasis) -> None:
    view = View(basis, "2023", "en")
    rows = basis.tables["bridge"].filter(pl.col("kpi_id") == "ghg_scope_1_2").sort("place").to_dicts()

    steps = steps_of(view, rows)

    assert (steps[0].end, steps[-1].end) == (Decimal("31347.06"), Decimal("66481.29"))
    assert all(first.end == second.start for first, second in pairwise(steps[:-1]))
    assert steps[-2].end == steps[-1].end
    assert [(step.label, step.said) for step in steps] == [
        ("Edition 2020, as printed", "31,347.06"), ("Not reproduced of edition 2020", "+21.96"), ("Boundary", "+16,486.15"), ("Sources counted", "+22,173.11"), ("Factors", "−3,546.57"),
        ("Method", "−0.42"), ("Not reproduced of edition 2023", "0.00"), ("Edition 2023, as printed", "66,481.29"),
    ]  # fmt: skip


def test_a_cause_without_effect_is_named_and_has_no_bar(basis: SiteBasis) -> None:
    chart = one(basis, "2023", "bridge-total_energy_consumption-2020-from-2020")

    assert chart.note.endswith("Without any effect: Factors, Method.")
    assert "Factors" not in {line.text for line in lines_of(chart.svg)}
    assert [row[1] for row in chart.rows if row[0] == "Factors"] == ["0.00"]


def test_long_labels_of_causes_are_wrapped_and_not_cut(basis: SiteBasis) -> None:
    every = " + ".join(("data", "boundary", "sources", "factors", "gwp", "method", "period"))
    bridge = basis.tables["bridge"].with_columns(pl.when(pl.col("cause") == "boundary").then(pl.lit(every)).otherwise("cause").alias("cause"))
    for language in LANGUAGES:
        chart = one(changed(basis, bridge=bridge), "2023", "bridge-ghg_scope_1_2-2020-from-2020", language)
        expected = " + ".join(named("causes", name, language) for name in every.split(" + "))

        assert re.sub(r"\s", "", expected) in re.sub(r"\s", "", "".join(line.text for line in lines_of(chart.svg)))
        assert (overlaps(lines_of(chart.svg)), outside(chart.svg)) == ([], [])


def test_targets_show_base_path_actual_and_what_is_left_out(basis: SiteBasis) -> None:
    chart = one(basis, "2023", "targets")
    own = [row for row in chart.rows if row[0] == "GHG emissions of the main operating segments"]

    assert [row[1:] for row in own if row[1] == "2024 Targets"] == [
        ("2024 Targets", "2022", "82,820.16", "76,378.59", "85,742.61", "24,846.05", "tCO2e", "behind"),
        ("2024 Targets", "2023", "82,820.16", "69,937.02", "94,025.84", "24,846.05", "tCO2e", "behind"),
    ]
    texts = [line.text for line in lines_of(chart.svg)]
    assert "94,025.84 · behind" in texts
    assert "36.85 · reached" in texts  # The verdict of the version that the figure is of, not of the one that begins later.
    assert "(2023 Targets, since dropped)" in " ".join(texts)
    assert "Without a figure to show: Energy per RMB 10,000 of revenue at ISO 50001 sites, Water saved at the own campus" in chart.note


def test_what_contributes_to_uncertainty_is_said_in_words(methods: SiteBasis) -> None:
    english, chinese = (one(methods, "2023", "uncertainty", language) for language in LANGUAGES)

    assert ("Scope 2, location-based", "Purchased electricity, meter BJ-E1 at BJ-OFFICE", "2.0", "10.5") in english.rows
    assert any("BJ-OFFICE儀錶BJ-E1，外購電力" in row for row in chinese.rows)
    by_figure: dict[str, Decimal] = {}
    for figure, _, _, share in english.rows:
        by_figure[figure] = by_figure.get(figure, Decimal(0)) + Decimal(share)
    assert all(Decimal("99.7") <= share <= Decimal("100.3") for share in by_figure.values())


# ---------------------------------------------------------------- states


def test_a_suppressed_group_stays_hidden_in_picture_and_table(basis: SiteBasis) -> None:
    hidden = (pl.col("edition") == "2023") & (pl.col("kpi_id") == "turnover_rate") & (pl.col("category") == "Female") & (pl.col("period") == "2023")
    values = basis.tables["kpi_values"].with_columns(
        pl.when(hidden).then(None).otherwise("value").alias("value"), pl.when(hidden).then(None).otherwise("printed").alias("printed"), pl.when(hidden).then(pl.lit("suppressed")).otherwise("status").alias("status")
    )

    before, after = one(basis, "2023", "turnover"), one(changed(basis, kpi_values=values), "2023", "turnover")

    assert "13.71" in before.svg
    assert "13.71" not in after.svg
    assert "too few persons" in [line.text for line in lines_of(after.svg)]
    assert next(row for row in after.rows if row[1] == "Female")[-1] == "too few persons"
    assert "too few persons is not shown" in after.note
    assert not [text for text in (*after.rows, after.svg, after.note) if "13.71" in text]


def test_an_incomplete_period_is_marked_in_picture_table_and_note(basis: SiteBasis) -> None:
    short = (pl.col("period") == "2022") & pl.col("kpi_id").is_in(["ghg_scope_1_2", "total_energy_consumption", "ghg_per_revenue"])
    values = basis.tables["kpi_values"].with_columns(pl.when(short).then(pl.lit("incomplete")).otherwise("status").alias("status"))
    own = changed(basis, kpi_values=values)

    for name in ("emissions-by-scope", "emissions-by-gas", "energy-by-carrier", "intensities"):
        chart = one(own, "2023", name)
        assert "2022*" in [line.text for line in lines_of(chart.svg)], name
        assert "* Incomplete" in chart.note, name
        assert "*" not in one(basis, "2023", name).note, name
    assert [row[0] for row in one(own, "2023", "emissions-by-scope").rows] == ["2020", "2021", "2022*", "2023"]


def test_what_is_blocked_is_said_and_no_part_of_it_is_shown_as_a_number(basis: SiteBasis) -> None:
    hit = (pl.col("measure") == derived.EMISSION_CO2E) & (pl.col("period") == "2021") & (pl.col("kind") == "store")
    own = replace(basis, inputs={**basis.inputs, "2023": replace(basis.inputs["2023"], cube=without(basis.inputs["2023"].cube, hit))})

    for name, lacking in (("emissions-by-site-kind", "Stores"), ("emissions-by-scope", "Scope 2"), ("emissions-by-gas", "CO2")):
        before, after = one(basis, "2023", name), one(own, "2023", name)
        column = after.header.index(f"{lacking}, tCO2e")
        was, now = ({row[0]: row for row in chart.rows} for chart in (before, after))

        assert list(now) == ["2020", "2021*", "2022", "2023"]
        assert now["2021*"][column] == "blocked"
        assert {year: now[year] for year in ("2020", "2022", "2023")} == {year: was[year] for year in ("2020", "2022", "2023")}
        assert was["2021"][column] not in {line.text for line in lines_of(after.svg)}
        assert "* Part of 2021 cannot be computed and is not in the picture." in after.note
        if name != "emissions-by-gas":
            assert now["2021*"][-1] == "blocked"
            assert ("82,820.16" in before.svg, "82,820.16" in after.svg) == (True, False)
    kinds = one(own, "2023", "emissions-by-site-kind")
    assert next(row for row in kinds.rows if row[0] == "2021*")[kinds.header.index("Offices, tCO2e")] == next(row for row in one(basis, "2023", "emissions-by-site-kind").rows if row[0] == "2021")[kinds.header.index("Offices, tCO2e")]


def test_a_blocked_amount_blocks_its_month_or_all_months_where_nobody_knows_which(basis: SiteBasis) -> None:
    amounts = basis.tables["edition_amounts"]
    stores = basis.tables["sites"].filter(pl.col("kind") == "store")["site_id"].to_list()
    hit = (pl.col("edition") == "2023") & (pl.col("measure") == derived.EMISSION_CO2E) & pl.col("site_id").is_in(stores)
    march = without(amounts, hit & (pl.col("month") == "2021-03"))
    some_time = march.with_columns(pl.when(hit & (pl.col("month") == "2021-03")).then(None).otherwise("month").alias("month"))

    for frame, lacking in ((march, ["2021-03"]), (some_time, [f"2021-{month:02}" for month in range(1, 13)])):
        chart = one(changed(basis, edition_amounts=frame), "2023", "emissions-by-month")
        column = chart.header.index("Stores, tCO2e")
        assert [row[0] for row in chart.rows if row[column] == "blocked"] == lacking
        assert [row[0] for row in chart.rows if row[-1] == "blocked"] == lacking


def test_energy_of_a_blocked_carrier_has_no_total(basis: SiteBasis) -> None:
    hit = (pl.col("origin") == "natural_gas") & (pl.col("period") == "2022")
    cube = without(basis.inputs["2023"].cube, hit)
    whole = (pl.col("kpi_id") == "total_energy_consumption") & (pl.col("period") == "2022") & (pl.col("edition") == "2023")
    values = basis.tables["kpi_values"].with_columns(
        pl.when(whole).then(None).otherwise("value").alias("value"), pl.when(whole).then(None).otherwise("printed").alias("printed"), pl.when(whole).then(pl.lit("blocked")).otherwise("status").alias("status")
    )
    own = replace(changed(basis, kpi_values=values), inputs={**basis.inputs, "2023": replace(basis.inputs["2023"], cube=cube)})

    before, after = one(basis, "2023", "energy-by-carrier"), one(own, "2023", "energy-by-carrier")
    row = next(row for row in after.rows if row[0] == "2022*")

    assert (row[after.header.index("Natural gas, MWh")], row[-1]) == ("blocked", "blocked")
    total = next(row for row in before.rows if row[0] == "2022")[-1]
    assert (total in before.svg, total in after.svg) == (True, False)


def without(frame: pl.DataFrame, hit: pl.Expr) -> pl.DataFrame:
    """A table of which some rows found no factor."""
    return frame.with_columns(pl.when(hit).then(None).otherwise("quantity").alias("quantity"), pl.when(hit).then(pl.lit("no factor")).otherwise("blocked").alias("blocked"))


def test_a_figure_without_a_number_says_why_in_the_table(basis: SiteBasis) -> None:
    rows = {row[0]: row for row in one(basis, "2023", "intensities").rows}
    assert rows["Product packaging material consumption per unit of revenue"][2:] == ("not collected", "not collected", "0.02", "0.02")

    hit = (pl.col("kpi_id") == "ghg_per_revenue") & (pl.col("period") == "2021")
    for status, said in (("blocked", "blocked"), ("not_applicable", "not applicable")):
        values = basis.tables["kpi_values"].with_columns(
            pl.when(hit).then(None).otherwise("value").alias("value"), pl.when(hit).then(None).otherwise("printed").alias("printed"), pl.when(hit).then(pl.lit(status)).otherwise("status").alias("status")
        )
        assert said in [row[3] for row in one(changed(basis, kpi_values=values), "2023", "intensities").rows]


def test_a_figure_with_other_decimals_in_print_has_them_in_charts_too(basis: SiteBasis) -> None:
    """Rounded once: who rounds 116,722.56 again shows 116,723.00, or 116,722.560."""
    place = pl.col("kpi_id").is_in(["ghg_scope_1_2", "total_energy_consumption"]) & (pl.col("period") == "2023") & (pl.col("edition") == "2023") & (pl.col("breakdown") == "total")
    values = basis.tables["kpi_values"].with_columns(pl.when(place).then(pl.col("value").round(0).cast(pl.Int64()).cast(pl.String)).otherwise("printed").alias("printed"), pl.when(place).then(0).otherwise("decimals").alias("decimals"))
    own = changed(basis, kpi_values=values)
    figures = dict(values.filter(place).select("kpi_id", "printed").iter_rows())

    for name, kpi in (("emissions-by-scope", "ghg_scope_1_2"), ("energy-by-carrier", "total_energy_consumption")):
        assert one(own, "2023", name).rows[-1][-1] == f"{int(figures[kpi]):,}"

    target = basis.of("targets", "2023").filter((pl.col("label") == "GHG emissions of the main operating segments") & (pl.col("version") == "2024 Targets")).row(0, named=True)
    of_target = (pl.col("kpi_id") == target["kpi_id"]) & (pl.col("breakdown") == target["breakdown"]) & (pl.col("category") == target["category"]) & (pl.col("period") == "2023")
    printed = changed(basis, kpi_values=basis.tables["kpi_values"].with_columns(pl.when(of_target).then(pl.lit("94026")).otherwise("printed").alias("printed")))
    chart = one(printed, "2023", "targets")

    assert "94,026 · behind" in [line.text for line in lines_of(chart.svg)]
    assert "94,026" in next(row for row in chart.rows if row[:3] == (target["label"], "2024 Targets", "2023"))


def test_who_contributes_most_is_told_by_sums_where_scopes_have_no_figures_of_their_own(basis: SiteBasis, methods: SiteBasis) -> None:
    edition = basis.editions["2023"]
    bare = replace(edition, defined={name: kpi for name, kpi in edition.defined.items() if name not in ("ghg_scope_1", "ghg_scope_2")})
    own = replace(basis, editions={**basis.editions, "2023": bare}, inputs={**basis.inputs, "2023": replace(basis.inputs["2023"], edition=bare)})

    assert leading(own, "2023", "2023", "en") == leading(basis, "2023", "2023", "en") != []
    assert "Scope 2 (location-based) is 73.9 % (1,050.636), Scope 1 is 26.1 % (370.842)" in leading(methods, "2023", "2023", "en")[0].after  # Not the market-based figure, which the edition prints too.
    assert leading(basis, "transparency-2020", "2020", "en") == []


def test_where_a_part_may_not_be_told_no_sentence_tells_it(basis: SiteBasis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(View, "of_heads", frozenset({derived.EMISSION_CO2E, "energy_standard_coal"}))

    said = leading(basis, "2023", "2023", "en")

    assert [sentence.after for sentence in said] == [" in 2023, 116,722.56 tCO2e: Scope 2 (location-based) is 89.5 % (104,470.04), Scope 1 is 10.5 % (12,252.52)."]


def test_a_chart_of_one_period_says_its_parts(methods: SiteBasis) -> None:
    chart = one(methods, "2023", "emissions-by-scope")

    assert {"tCO2e · 2023", "370.842 · 26.1 %", "1,050.636 · 73.9 %", "1,421.478"} <= {line.text for line in lines_of(chart.svg)}


def test_turnover_of_nobody_says_so_and_stays_off_the_first_page(basis: SiteBasis) -> None:
    nobody = (pl.col("edition") == "2023") & (pl.col("kpi_id") == "turnover_rate")
    values = basis.tables["kpi_values"].with_columns(pl.when(nobody & pl.col("value").is_not_null()).then(0).otherwise("value").alias("value"), pl.when(nobody & pl.col("value").is_not_null()).then(pl.lit("0.00")).otherwise("printed").alias("printed"))
    chart = one(changed(basis, kpi_values=values), "2023", "turnover")

    assert (chart.flat, one(basis, "2023", "turnover").flat) == (True, False)
    assert "All of them are zero." in chart.note
    assert "0.5" not in {line.text for line in lines_of(chart.svg)}


def test_a_chart_without_data_is_left_out(basis: SiteBasis, methods: SiteBasis) -> None:
    assert charts_of(basis, "transparency-2020", "en") == []
    assert [chart.id for chart in charts_of(methods, "2023", "en")] == ["emissions-by-scope", "emissions-by-gas", "emissions-by-site-kind", "emissions-by-month", "intensities", "coverage", "uncertainty"]
    without = {name: frame for name, frame in basis.tables.items() if name != "bridge"}
    assert not [chart for chart in charts_of(replace(basis, tables=without), "2023", "en") if chart.id.startswith("bridge")]


# ---------------------------------------------------------------- pictures


def test_every_picture_stands_inside_a_page(all_charts: dict[tuple[str, str, str], Chart]) -> None:
    assert len(all_charts) > 50
    for key, chart in all_charts.items():
        root = chart.svg[: chart.svg.index(">")]
        assert chart.svg.startswith("<svg ")
        assert 'role="img"' in root
        assert f'aria-label="{chart.title.partition("&")[0][:8]}' in root, key
        assert not re.search(r"<script|<style|<image|<foreignObject|\bhref|\bon\w+=|url\(|\bid=|class=\"(?!chart)", chart.svg), key
        assert set(re.findall(r"https?://[^\"']+", chart.svg)) == {"http://www.w3.org/2000/svg"}, key
        assert set(re.findall(r'(?:fill|stroke)="([^"]*)"', chart.svg)) <= {"none", "transparent", *re.findall(r"var\(--[a-z0-9-]+\)", chart.svg)}, key
        assert len(chart.svg) < 60_000, key
        assert all(len(row) == len(chart.header) for row in chart.rows), key
        assert chart.rows, key
        assert chart.note, key


def test_no_text_is_cut_or_lies_on_another(all_charts: dict[tuple[str, str, str], Chart]) -> None:
    assert {key: found for key, chart in all_charts.items() if (found := (overlaps(lines_of(chart.svg)), outside(chart.svg))) != ([], [])} == {}


def test_the_same_inputs_give_the_same_bytes(basis: SiteBasis, all_charts: dict[tuple[str, str, str], Chart]) -> None:
    shuffled = {name: frame.sample(fraction=1, shuffle=True, seed=7) if name in ("kpi_values", "edition_amounts", "coverage", "targets", "target_progress", "coverage_summary", "bridge", "sites") else frame for name, frame in basis.tables.items()}

    again = charts_of(replace(basis, tables=shuffled), "2023", "zh")

    assert again == [chart for key, chart in all_charts.items() if key[:2] == ("worked 2023", "zh")]


def test_names_from_the_data_are_only_text(basis: SiteBasis) -> None:
    evil = "<script>alert(1)</script>"
    sites = basis.tables["sites"].with_columns(pl.when(pl.col("site_id") == "CN-BJ-01").then(pl.lit(evil)).when(pl.col("site_id") == "CN-BJ-02").then(pl.lit("\x0112")).otherwise("name").alias("name"))

    chart = one(changed(basis, sites=sites), "2023", "coverage")

    assert "<script" not in chart.svg
    assert evil in [line.text for line in lines_of(chart.svg)]
    assert chart.rows[0][0].startswith(evil)


def test_every_specification_is_valid_vega_lite(basis: SiteBasis, methods: SiteBasis, monkeypatch: pytest.MonkeyPatch) -> None:
    import altair

    seen: list[str] = []
    original = drawing.json_of

    def kept(spec: Mapping[str, object]) -> str:
        seen.append(original(spec))
        return seen[-1]

    monkeypatch.setattr(drawing, "json_of", kept)
    made = [*charts_of(basis, "2023", "en"), *charts_of(methods, "2023", "zh")]

    assert len(seen) == len(made)
    for text in seen:
        spec = json.loads(text)
        altair.Chart.from_dict(spec, validate=True)


def test_nothing_that_draws_is_loaded_before_a_chart_is_drawn() -> None:
    code = "import sys, esg_kpis.report.charts; print([name for name in ('altair', 'vl_convert') if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(REPOSITORY))

    assert ran.stdout.strip() == "[]"
