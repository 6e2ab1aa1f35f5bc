"""The pages of the report site, opened from the disk in a real browser: what they say is what the tables hold."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import polars as pl
import pytest
from playwright.sync_api import Browser, expect

from esg_kpis.assurance.named import CHECKS
from tests.browser import launched, violations, watched
from tests.conftest import REPOSITORY, Ran

PAGES = ("index", "tables", "charts", "findings")


@pytest.fixture(scope="module")
def browser(worked: Ran) -> Iterator[Browser]:
    """Opened after the workspace was run: Dagster starts event loops of its own."""
    with launched() as opened:
        yield opened


@pytest.fixture
def site(worked: Ran) -> Path:
    return worked.out / "report"


def test_the_first_page_answers_what_people_ask_first(browser: Browser, site: Path, worked: Ran) -> None:
    values, ties, findings = (worked.table(name) for name in ("kpi_values", "tie_out", "findings"))
    with watched(browser, site / "index.html") as seen:
        page = seen.page
        expect(page.locator("h1")).to_have_text("2023 ESG report")
        tiles = [text.split("\n") for text in page.locator(".tile").all_inner_texts()]
        numbers = {lines[1]: lines[0] for lines in tiles}
        told = ties.filter(pl.col("published").is_not_null())
        agree = told.filter(pl.col("verdict").is_in(["equal", "stated"])).height
        assert numbers["figures computed"] == str(values.filter(pl.col("status").is_in(["ok", "incomplete"])).height)
        assert numbers["blocked or incomplete"] == "0"
        without = values.filter(~pl.col("status").is_in(["ok", "incomplete", "blocked"])).height
        assert tiles[0][2] == f"without a number for a known reason: {without} figures"
        expect(page.locator("section:has(#blocked) summary")).to_have_text(f"Without a number for a known reason: {without} figures")
        assert page.locator("section:has(#blocked) details tbody ul a").count() == without
        assert numbers[f"of {told.height} printed figures agree"] == str(agree)
        assert int(numbers["findings need a person"]) == findings.filter(pl.col("severity").is_in(["error", "warning"]) & (pl.col("state") == "open")).height
        card = page.locator(".card", has_text="Total GHG Emissions").first
        expect(card.locator(".number")).to_have_text("116,722.56")
        expect(card.locator(".change")).to_have_text("+36.1 %")
        assert page.locator("#tie ~ .item, section:has(#tie) .item").count() == told.height - agree
        expect(page.locator("section:has(#changed)")).to_contain_text("launch of the automobile business line")
        expect(page.locator("section:has(#changed)")).to_contain_text("66,481.29")
        assert seen.complaints == []


def test_every_figure_of_the_tables_is_that_of_the_run_and_leads_to_the_explorer(browser: Browser, site: Path, worked: Ran) -> None:
    values = {(row["edition"], row["kpi_id"], row["period"], row["breakdown"], row["category"]): row for row in worked.table("kpi_values").iter_rows(named=True)}
    closed = worked.table("kpi_labels").filter(~pl.col("open"))
    with watched(browser, site / "tables.html") as seen:
        shown = seen.page.eval_on_selector_all("table.kpis td .figure", "links => links.map(link => [link.getAttribute('href'), (link.querySelector('.number') || {}).textContent || null])")
        assert seen.complaints == []
    found = {}
    for href, number in shown:
        kind, *key = [unquote(part) for part in href.partition("#/")[2].split("/")]
        assert (kind, href.startswith("explorer.html#/")) == ("cell", True)
        found[tuple(key)] = number
    assert found.keys() == {key for key in values if (key[0], key[1], key[3], key[4]) in set(closed.select("edition", "kpi_id", "breakdown", "category").iter_rows())}
    assert {key: None if number is None else number.replace(",", "") for key, number in found.items()} == {key: values[key]["printed"] for key in found}


@pytest.mark.parametrize(("page", "mark"), [("index", ".card:has-text('687,453.75') a.verdict"), ("tables", "tr:has-text('687,453.75') a.verdict"), ("zh/index", ".card:has-text('687,453.75') a.verdict"), ("zh/tables", "tr:has-text('687,453.75') a.verdict")])
def test_the_mark_of_a_difference_leads_to_its_reason(browser: Browser, site: Path, worked: Ran, page: str, mark: str) -> None:
    tie = worked.table("tie_out").filter((pl.col("edition") == "2023") & (pl.col("kpi_id") == "water_withdrawal") & (pl.col("period") == "2023")).row(0, named=True)
    with watched(browser, site / f"{page}.html") as seen:
        seen.page.locator(mark).click()
        opened = seen.page.locator("details.item:target")
        expect(opened).to_have_attribute("open", "")
        expect(opened).to_be_in_viewport()
        expect(opened).to_contain_text("683,906.94")
        expect(opened).to_contain_text(" ".join(tie["explanation"].split())[:60])
        opened.locator("summary").click()
        seen.page.evaluate("hash => { const link = document.createElement('a'); link.href = hash; document.querySelector('main').append(link); link.click(); }", seen.page.evaluate("location.hash"))
        expect(opened).to_have_attribute("open", "")
        assert "/zh/" in seen.page.url if page.startswith("zh") else "/zh/" not in seen.page.url
        assert seen.complaints == []


def test_every_mark_of_a_difference_has_a_reason_to_lead_to(browser: Browser, site: Path, worked: Ran) -> None:
    off = worked.table("tie_out").filter(pl.col("published").is_not_null() & pl.col("verdict").is_in(["differs", "not_computed"]))
    with watched(browser, site / "tables.html") as seen:
        links = seen.page.eval_on_selector_all("a.verdict", "all => all.map(link => link.getAttribute('href'))")
    with watched(browser, site / "index.html") as seen:
        there = seen.page.eval_on_selector_all("details.item[id]", "all => all.map(item => `index.html#${item.id}`)")
    assert sorted(links) == sorted(set(there))
    assert len(links) == off.height


def test_who_contributes_most_is_said_with_the_numbers_of_the_kpis(browser: Browser, site: Path, worked: Ran) -> None:
    rows = worked.table("kpi_values").filter((pl.col("edition") == "2023") & (pl.col("period") == "2023") & (pl.col("breakdown") == "total"))
    value = {row["kpi_id"]: row["value"] for row in rows.iter_rows(named=True)}
    share = f"{value['ghg_scope_2'] / value['ghg_scope_1_2'] * 100:.1f}"
    with watched(browser, site / "index.html") as seen:
        said = seen.page.locator("p.leading")
        expect(said.nth(0)).to_have_text(f"Of Total GHG Emissions (Scope 1 and Scope 2) in 2023, 116,722.56 tCO2e: Scope 2 (location-based) is {share} % (104,470.04), Scope 1 is 10.5 % (12,252.52); of kinds of site the largest part is Offices, 38.8 %.")
        expect(said.nth(1)).to_have_text("Of Total Comprehensive Energy Consumption in 2023 the largest part is Purchased electricity, 73.6 %.")
        said.nth(0).get_by_role("link").click()
        expect(seen.page.locator("#printed")).to_have_text("116,722.56")
        assert seen.complaints == []
    with watched(browser, site / "zh/index.html") as seen:
        expect(seen.page.locator("p.leading").first).to_contain_text(f"範圍二（基於位置）佔 {share} %")


def test_a_trend_names_the_years_at_its_ends_and_runs_as_they_say(browser: Browser, site: Path) -> None:
    with watched(browser, site / "index.html") as seen:
        card = seen.page.locator(".card", has_text="Total GHG Emissions").first
        assert card.locator(".trend small").all_inner_texts() == ["2020", "2023"]
        heights = [float(y) for y in card.locator("circle").evaluate_all("all => all.sort((a, b) => a.getAttribute('cx') - b.getAttribute('cx')).map(dot => dot.getAttribute('cy'))")]
        assert heights[0] > heights[-2]  # 2020 was less than 2022, and lies lower on the left.
    with watched(browser, site / "tables.html") as seen:
        head = seen.page.locator("table.kpis thead").first
        assert head.locator("th").all_inner_texts()[2:6] == ["2023", "2022", "2021", "2020"]
        expect(head).to_contain_text("2020 to 2023")


@pytest.mark.parametrize("page", [*PAGES, "explorer"])
def test_the_first_step_of_the_keyboard_is_past_the_bar_and_is_seen(browser: Browser, site: Path, page: str) -> None:
    with watched(browser, site / f"{page}.html") as seen:
        seen.page.keyboard.press("Tab")
        skip = seen.page.locator("a.skip")
        expect(skip).to_be_focused()
        expect(skip).to_be_in_viewport()
        seen.page.keyboard.press("Enter")
        expect(seen.page.locator("#main")).to_be_focused()
        seen.page.keyboard.press("Tab")
        inside = seen.page.evaluate("[document.getElementById('main').contains(document.activeElement), getComputedStyle(document.activeElement).outlineStyle]")
        assert inside[0]
        assert inside[1] != "none"
        assert seen.complaints == []


def test_the_same_page_stands_in_chinese(browser: Browser, site: Path) -> None:
    with watched(browser, site / "tables.html") as seen:
        page = seen.page
        page.goto(f"{(site / 'tables.html').as_uri()}#edition-2023")
        page.get_by_role("link", name="繁體中文").click()
        expect(page.locator("html")).to_have_attribute("lang", "zh-Hant")
        expect(page.locator("h1")).to_have_text("績效指標表")
        expect(page.locator("table.kpis").first).to_contain_text("綜合能源消耗總量")
        assert page.url.endswith("zh/tables.html#edition-2023")
        page.get_by_role("link", name="English").click()
        expect(page.locator("h1")).to_have_text("KPI tables")
        assert seen.complaints == []


def test_an_open_anomaly_has_room_for_an_explanation(browser: Browser, site: Path, worked: Ran) -> None:
    left = worked.table("anomalies").filter(pl.col("state") == "open")
    with watched(browser, site / "findings.html") as seen:
        forms = seen.page.locator("form.explain")
        assert forms.count() == left.height
        expect(forms.first.locator("button")).to_be_disabled()
        forms.first.locator("textarea").fill("It's a new line;\n`rm -rf`")
        forms.first.locator("input").fill("energy manager")
        expect(forms.first.locator("button")).to_be_enabled()
        command = forms.first.locator("code").inner_text()
        first = forms.first.get_attribute("data-id")
        assert first in set(left["anomaly_id"])
        assert command.startswith(f"esg-kpis anomalies explain {first} --text 'It'\\''s a new line; `rm -rf`' --by 'energy manager' --on 20")
        assert seen.complaints == []


def test_what_needs_a_person_stands_first_and_the_worst_at_the_top(browser: Browser, site: Path) -> None:
    with watched(browser, site / "findings.html") as seen:
        badges = seen.page.locator("section:has(#needs) details.group .badge").all_inner_texts()
        assert badges == sorted(badges)  # error, then warning
        assert set(badges) == {"warning"}
        expect(seen.page.locator("section:has(#needs) tr", has_text="natural_gas at CN-BJ-06").locator("th")).to_contain_text("Natural gas at CN-BJ-06")
        assert "Nothing; it is explained." not in seen.page.locator("section:has(#needs)").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", [*PAGES, "zh/index"])
def test_nothing_serious_stands_in_the_way_of_who_cannot_see_well(browser: Browser, site: Path, page: str, scheme: str) -> None:
    with watched(browser, site / f"{page}.html", scheme=scheme) as seen:
        seen.page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true; })")
        assert violations(seen.page) == []


@pytest.mark.parametrize("page", [*PAGES, "zh/index", "zh/tables"])
def test_pages_fit_a_phone(browser: Browser, site: Path, page: str) -> None:
    with watched(browser, site / f"{page}.html", width=390, height=800) as seen:
        assert seen.page.evaluate("document.documentElement.scrollWidth") == 390


def test_on_a_phone_a_change_and_its_reason_stand_below_each_other(browser: Browser, site: Path) -> None:
    with watched(browser, site / "index.html", width=390, height=800) as seen:
        for number in range(2):
            table = seen.page.locator("table.stacks").nth(number)
            assert table.evaluate("table => [...table.querySelectorAll('td, th')].filter(cell => cell.offsetParent && cell.getBoundingClientRect().right > 390).length") == 0
        row = seen.page.locator("table.stacks tbody tr", has_text="Hazardous Waste").first
        assert row.evaluate("row => getComputedStyle(row.querySelector('td'), '::before').content") == '"Unit"'


def test_the_first_page_is_small_and_there_at_once(browser: Browser, site: Path) -> None:
    with watched(browser, site / "index.html") as seen:
        loaded = seen.page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
        timing = seen.page.evaluate("performance.getEntriesByType('navigation')[0].domInteractive")
        size = sum((site / unquote(name).partition("/report/")[2]).stat().st_size for name in loaded) + (site / "index.html").stat().st_size
        assert size < 1_000_000
        assert timing < 1_000


def test_every_word_stands_in_both_languages() -> None:
    words = tomllib.loads((REPOSITORY / "src" / "esg_kpis" / "report" / "site" / "words.toml").read_text(encoding="utf-8"))
    checks = words.pop("checks")
    assert checks.keys() == CHECKS.keys()
    failed = words.pop("failed")
    assert failed.keys() == CHECKS.keys()
    lacking = [f"{group}.{name}" for group, entries in words.items() for name, entry in entries.items() if {"en", "zh"} - entry.keys()]
    unlike = [f"{group}.{name}" for group, entries in words.items() for name, entry in entries.items() if set(re.findall(r"{(\w+)}", entry["en"])) != set(re.findall(r"{(\w+)}", entry["zh"]))]
    assert (lacking, unlike) == ([], [])


def test_what_is_dark_on_the_screen_is_light_on_paper(browser: Browser, site: Path) -> None:
    with watched(browser, site / "charts.html", scheme="dark") as seen:
        seen.page.get_by_role("button", name="Light").click()
        seen.page.get_by_role("button", name="Dark").click()
        colour = "element => getComputedStyle(element).backgroundColor"
        assert seen.page.locator("figure.chart").first.evaluate(colour) != "rgb(255, 255, 255)"
        seen.page.emulate_media(media="print")
        assert seen.page.locator("figure.chart").first.evaluate(colour) == "rgb(255, 255, 255)"
        drawn = seen.page.locator("svg.chart").first.evaluate("svg => ['--text', '--panel', '--c1'].map(name => getComputedStyle(svg).getPropertyValue(name).trim())")
        assert drawn == ["#1c2024", "#fff", "#0072b2"]


def test_it_prints_to_a4_without_its_buttons(browser: Browser, site: Path, tmp_path: Path) -> None:
    with watched(browser, site / "tables.html") as seen:
        seen.page.emulate_media(media="print")
        assert not seen.page.locator(".tools").is_visible()
        assert seen.page.locator("table.kpis").first.is_visible()
        assert seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        seen.page.pdf(path=tmp_path / "tables.pdf", prefer_css_page_size=True)
    content = (tmp_path / "tables.pdf").read_bytes()
    assert content.startswith(b"%PDF")
    assert b"/MediaBox [0 0 594" in content or b"/MediaBox [0 0 595" in content
