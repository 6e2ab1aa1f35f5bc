"""The explorer in a real browser, opened from the disk: from a printed figure to a line of a file and back, by search, in both languages, in light and dark, on a phone."""

import re
import shutil
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from urllib.parse import quote

import polars as pl
import pytest
from playwright.sync_api import Browser, Page, expect

from esg_kpis.report.site.basis import to_explorer
from tests.browser import launched, violations, watched
from tests.conftest import Ran
from tests.explorer_scenario import ready

CELL = to_explorer("cell", "2023", "ghg_scope_1_2", "2023", "total", "All")


@pytest.fixture(scope="module")
def browser(worked: Ran) -> Iterator[Browser]:
    with launched() as opened:
        yield opened


@pytest.fixture
def site(worked: Ran) -> Path:
    return worked.out / "report"


def at(site: Path, place: str) -> str:
    """The address of a place in the explorer."""
    return f"{site.as_uri()}/{place}"


def number(page: Page, selector: str) -> Decimal:
    """A number as the page shows it, with all its digits."""
    return Decimal(page.locator(selector).inner_text().replace(",", "").replace("−", "-").rstrip("…"))


def test_from_a_printed_figure_to_the_line_of_a_file_and_back(browser: Browser, site: Path, worked: Ran) -> None:
    values, amounts, records = (worked.table(name) for name in ("kpi_values", "edition_amounts", "records"))
    cell = values.filter((pl.col("edition") == "2023") & (pl.col("kpi_id") == "ghg_scope_1_2") & (pl.col("period") == "2023") & (pl.col("breakdown") == "total")).row(0, named=True)
    with watched(browser, at(site, "tables.html")) as seen:
        page = seen.page
        page.locator(f"table.kpis a.figure[href='{CELL}']").click()
        ready(page)
        expect(page.locator("h1")).to_have_text("Total GHG Emissions (Scope 1 and Scope 2), 2023")
        assert page.title().startswith("Total GHG Emissions (Scope 1 and Scope 2), 2023")
        assert number(page, "#printed") == Decimal(cell["printed"])
        assert abs(number(page, "#unrounded") - cell["value"]) < Decimal("1e-17")
        # The formula: kilograms, times 1/1000.
        kilograms, times = re.match(r"([\d,.]+) kg × 1/(\d+) = ", page.locator("#formula").inner_text()).groups()  # type: ignore[union-attr]
        assert abs(Fraction(kilograms.replace(",", "")) / int(times) - Fraction(cell["value"])) < Fraction(1, 10**17)

        page.get_by_role("link", name="by site and month").click()
        expect(page.locator("h1")).to_contain_text("emission_co2e, by site and month")
        ready(page)
        assert str(number(page, "#total")) == kilograms.replace(",", "")
        row = page.locator(".matrix tbody tr", has_text="CN-BJ-02")
        exact = Decimal(row.locator("td a").nth(2).get_attribute("title").replace(",", ""))  # type: ignore[union-attr]
        row.locator("td a").nth(2).click()
        expect(page.locator("h1")).to_have_text("emission_co2e at CN-BJ-02, 2023-03")
        ready(page)
        there = amounts.filter((pl.col("edition") == "2023") & (pl.col("measure") == "emission_co2e") & (pl.col("site_id") == "CN-BJ-02") & (pl.col("month") == "2023-03") & pl.col("scope").is_in(["1", "2"]) & pl.col("excluded").is_null())
        assert number(page, "#added") == exact == sum(there["quantity"])
        expect(page.locator(".headline .badge")).to_have_text("equals the number in the table")

        page.locator("tbody tr", has_text="campus_electricity").locator("th a").click()
        page.wait_for_selector(".chain")
        ready(page)
        one = there.filter(pl.col("record_id").is_in(records.filter(pl.col("path") == "energy/campus_electricity.csv")["record_id"].implode())).row(0, named=True)
        assert number(page, "#quantity") == one["quantity"]
        chain = [text.replace(",", "") for text in page.locator(".chain > li").all_inner_texts()]
        assert [text.split("\n")[0].split(" ")[0] for text in chain] == ["Received", "Amount", "By", "By"]
        steps = [one]
        while steps[0]["parent_amount_id"] is not None:
            steps.insert(0, amounts.filter((pl.col("edition") == "2023") & (pl.col("amount_id") == steps[0]["parent_amount_id"])).row(0, named=True))
        for step, text in zip(steps, chain[1:], strict=True):
            assert f"{step['quantity']:f}".rstrip("0").rstrip(".") in text
            assert step["factor_id"] is None or step["factor_id"] in text
        assert "published" in chain[2]

        page.locator(".chain li").first.get_by_role("link").click()
        record = records.filter(pl.col("record_id") == one["record_id"]).row(0, named=True)
        expect(page.locator("h1")).to_have_text(f"energy/campus_electricity.csv, line {record['line']}")
        ready(page)
        expect(page.locator("#explorer-page")).to_contain_text(record["sha256"])
        expect(page.locator("section", has_text="The row as it was sent").first).to_contain_text("用电量")
        page.locator("details.feeds", has_text="2023 ESG report").locator("tr", has_text="Total GHG Emissions").get_by_role("link", name="2023", exact=True).click()
        expect(page.locator("#printed")).to_have_text("116,722.56")
        page.go_back()
        expect(page.locator("h1")).to_have_text(f"energy/campus_electricity.csv, line {record['line']}")
        ready(page)
        assert page.evaluate("document.activeElement.tagName") == "H1"
        assert seen.complaints == []


@pytest.mark.parametrize(
    ("query", "group", "text", "heading"),
    [
        ("CN-BJ-02", "Sites", "CN-BJ-02", "CN-BJ-02: Beijing campus, block B"), ("block b", "Sites", "CN-BJ-02", "CN-BJ-02: Beijing campus, block B"), ("natural_gas.csv", "Files", "energy/natural_gas.csv", "energy/natural_gas.csv"),
        ("natural_gas.csv:321", "Records", "energy/natural_gas.csv, line 321", "energy/natural_gas.csv, line 321"), ("e5e85a987bef:0000321", "Records", "energy/natural_gas.csv, line 321", "energy/natural_gas.csv, line 321"),
        ("CN-TJ-01-N1", "Meters", "CN-TJ-01-N1", "CN-TJ-01-N1"), ("ghg_scope_2", "KPIs", "Indirect GHG Emissions: Scope 2", "Indirect GHG Emissions: Scope 2"), ("scope 2 indirect", "KPIs", "Indirect GHG Emissions: Scope 2", "Indirect GHG Emissions: Scope 2"),
        ("溫室氣體排放總量", "KPIs", "Total GHG Emissions", "Total GHG Emissions"), ("A1.2", "Codes", "A1.2", "A1.2"), ("305-1", "Codes", "305-1", "305-1"), ("TC-HW-410a.4", "Codes", "TC-HW-410a.4", "TC-HW-410a.4"),
        ("gwp100-ar5-ch4", "Factors", "gwp100-ar5-ch4", "gwp100-ar5-ch4"), ("natural_gas_energy", "Measures", "natural_gas_energy", "natural_gas_energy"),
        ("Southern grid", "Factors", "cn-grid-scg-2019", "cn-grid-scg-2019"), ("hong kong", "Factors", "hk-clp-2019", "hk-clp-2019"), ("南方區域電網", "Factors", "cn-grid-scg-2019", "cn-grid-scg-2019"), ("Hong Kong", "Sites", "HK-01", "HK-01: Hong Kong office"),
    ],
)  # fmt: skip
def test_a_search_finds(browser: Browser, site: Path, query: str, group: str, text: str, heading: str) -> None:
    with watched(browser, at(site, "explorer.html")) as seen:
        page = seen.page
        ready(page)
        page.locator("#explorer-query").fill(query)
        found = page.locator("#explorer-results section", has=page.get_by_role("heading", name=re.compile(f"^{group} ")))
        found.get_by_role("link", name=text).first.click()
        expect(page.locator("#explorer-page h1")).to_contain_text(heading)
        ready(page)
        assert page.locator("#explorer-results a").count() == 0
        assert seen.complaints == []


def test_a_measure_names_the_kpis_that_rest_on_it_however_they_do(browser: Browser, site: Path) -> None:
    with watched(browser, at(site, "explorer.html#/measure/electricity_purchased")) as seen:
        page = seen.page
        ready(page)

        def named(heading: str) -> str:
            return page.locator("section", has=page.get_by_role("heading", name=heading, exact=True)).last.inner_text()

        assert "Electricity, purchased and renewable 2023 ESG report" in named("KPIs that add it up")
        assert "Total GHG Emissions (Scope 1 and Scope 2) 2023 ESG report" in named("KPIs that add up what factors make of it")
        rows = [row.split("\t") for row in named("KPIs that use it through other KPIs").split("\n")]
        assert ["Per capita GHG emissions", "Total GHG Emissions (Scope 1 and Scope 2)", "2023 ESG report"] in rows
        assert ["Renewable energy of existing business segments", "Renewable energy in comprehensive energy consumption", "2023 ESG report"] in rows
        page.get_by_role("link", name="Per capita GHG emissions").click()
        expect(page.locator("h1")).to_have_text("Per capita GHG emissions")
        page.goto(at(site, "explorer.html#/site/CN-GZ-01"))
        ready(page)
        expect(page.locator("#explorer-page")).to_contain_text("CN-SCG (Southern grid of China)")
        assert seen.complaints == []


def test_a_search_is_used_by_keyboard(browser: Browser, site: Path) -> None:
    with watched(browser, at(site, "explorer.html")) as seen:
        page = seen.page
        ready(page)
        page.locator("#explorer-query").focus()
        page.keyboard.type("A1.2")
        expect(page.locator("#explorer-count")).to_contain_text("found")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        second = page.evaluate("document.activeElement.textContent")
        assert second == page.locator("#explorer-results a").nth(1).inner_text()
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowUp")
        assert page.evaluate("document.activeElement.id") == "explorer-query"
        page.keyboard.press("Escape")
        assert page.locator("#explorer-results a").count() == 0
        page.keyboard.type("CN-BJ-02")
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text("CN-BJ-02: Beijing campus, block B")
        page.locator("#explorer-query").fill("no such thing")
        expect(page.locator("#explorer-count")).to_contain_text("Nothing found for “no such thing”")
        assert seen.complaints == []


@pytest.mark.parametrize("place", ["record/0123456789ab:0000001", "cell/2023/ghg_scope_1_2/1066/total/All", "kpi/2023/nothing", "site/%3Cscript%3E", "sum/99999", "sum/x", "amount/-1", "amounts/0/CN-BJ-02/1066-01", "nowhere", "code/gri-2021/0", "%E0%A4%A"])
def test_what_is_unknown_is_said_with_a_way_out(browser: Browser, site: Path, place: str) -> None:
    with watched(browser, at(site, f"explorer.html#/{place}")) as seen:
        ready(seen.page)
        expect(seen.page.locator("h1")).to_have_text("There is nothing here by that name")
        seen.page.get_by_role("link", name="Start of the explorer").click()
        expect(seen.page.locator("h1")).to_have_text("Explorer")
        assert seen.complaints == []


def test_a_line_without_a_record_leads_to_its_neighbours(browser: Browser, site: Path) -> None:
    with watched(browser, at(site, f"explorer.html#/line/{quote('energy/natural_gas.csv', safe='')}//1")) as seen:
        ready(seen.page)
        expect(seen.page.locator("h1")).to_have_text("energy/natural_gas.csv has no record at line 1")
        seen.page.locator("#explorer-page li a", has_text="line 2").click()
        expect(seen.page.locator("h1")).to_have_text("energy/natural_gas.csv, line 2")
        assert seen.complaints == []


def test_the_same_place_stands_in_chinese(browser: Browser, site: Path) -> None:
    with watched(browser, at(site, CELL)) as seen:
        page = seen.page
        ready(page)
        page.get_by_role("link", name="繁體中文").click()
        ready(page)
        assert page.url.endswith(f"zh/{CELL}")
        expect(page.locator("html")).to_have_attribute("lang", "zh-Hant")
        expect(page.locator("h1")).to_have_text("溫室氣體排放總量（範圍一及範圍二），2023")
        expect(page.locator("#explorer-page")).to_contain_text("代入數字的公式")
        page.locator("#explorer-query").fill("用水")
        expect(page.locator("#explorer-results")).to_contain_text("用水")
        page.get_by_role("link", name="English").click()
        expect(page.locator("h1")).to_have_text("Total GHG Emissions (Scope 1 and Scope 2), 2023")
        assert seen.complaints == []


def test_of_people_the_counts_are_shown_and_no_way_leads_further(browser: Browser, site: Path) -> None:
    with watched(browser, at(site, to_explorer("cell", "2023", "turnover_rate", "2023", "gender", "Male"))) as seen:
        page = seen.page
        ready(page)
        expect(page.locator("#formula")).to_contain_text("2,609 person × 100 ÷ 23,287 person")
        assert page.locator(".term").count() == 2
        assert page.locator(".term a[href*='#/sum/']").count() == 0
        page.goto(at(site, to_explorer("file", "people/injuries.csv")))
        expect(page.locator("#explorer-page")).to_contain_text("A file about persons")
        assert page.locator("#explorer-page a[href*='#/record/']").count() == 0
        assert seen.complaints == []


PLACES = ["", "#/cell/2023/ghg_scope_1_2/2023/total/All", "#/cell/2023/turnover_rate/2023/gender/Male", "#/record/e5e85a987bef:0000321", "#/sum/0", "#/factor/gwp100-ar5-ch4", "#/code/hkex-guide-2020/A1.2", "#/site/CN-BJ-02"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_stands_in_the_way_of_who_cannot_see_well(browser: Browser, site: Path, scheme: str) -> None:
    found = {}
    for place in PLACES:
        with watched(browser, at(site, f"explorer.html{place}"), scheme=scheme) as seen:
            ready(seen.page)
            found[place] = violations(seen.page)
    with watched(browser, at(site, "zh/explorer.html"), scheme=scheme) as seen:
        ready(seen.page)
        seen.page.locator("#explorer-query").fill("A1.2")
        found["search"] = violations(seen.page)

    assert found == {key: [] for key in (*PLACES, "search")}


@pytest.mark.parametrize("place", [*PLACES, "#/amount/7882", "#/file/energy%2Fnatural_gas.csv"])
def test_pages_fit_a_phone(browser: Browser, site: Path, place: str) -> None:
    with watched(browser, at(site, f"explorer.html{place}"), width=390, height=800) as seen:
        ready(seen.page)
        assert seen.page.evaluate("document.documentElement.scrollWidth") == 390
        assert seen.complaints == []


def test_what_was_sent_is_text_and_never_markup(browser: Browser, site: Path, tmp_path: Path) -> None:
    """A row that would be markup, and one that would end the script, as somebody might send them."""
    shutil.copytree(site, tmp_path / "report")
    shard = tmp_path / "report/data/records/0.js"
    text = shard.read_text(encoding="utf-8")
    evil = "\\u003cimg src=x onerror=alert(1)>\\u003c/script>"
    first = re.search(r'"received":\[\[0,"((?:[^"\\]|\\.)*)"', text)
    assert first is not None
    shard.write_text(text[: first.start(1)] + evil + text[first.end(1) :], encoding="utf-8")
    _path, _sheet, prefix = re.search(r'"files":\[\["([^"]+)","([^"]*)","([^"]*)",0,', (tmp_path / "report/data/index.js").read_text(encoding="utf-8")).groups()  # type: ignore[union-attr]
    line = re.search(r'"line":\{"steps":\[(\d+)', text).group(1)  # type: ignore[union-attr]
    with watched(browser, at(tmp_path / "report", f"explorer.html#/record/{prefix}:{int(line):07d}")) as seen:
        ready(seen.page)
        expect(seen.page.locator("#explorer-page")).to_contain_text("<img src=x onerror=alert(1)></script>")
        assert seen.page.locator("#explorer-page img").count() == 0
        assert seen.complaints == []


def test_a_missing_data_file_is_said(browser: Browser, site: Path, tmp_path: Path) -> None:
    shutil.copytree(site, tmp_path / "report")
    for path in (tmp_path / "report/data/cells").iterdir():
        path.unlink()
    with watched(browser, at(tmp_path / "report", CELL)) as seen:
        ready(seen.page)
        expect(seen.page.locator("[role=alert]")).to_contain_text("A data file of this page is missing: data/cells/")
    (tmp_path / "report/data/index.js").unlink()
    with watched(browser, at(tmp_path / "report", "explorer.html")) as seen:
        expect(seen.page.locator("[role=alert]")).to_contain_text("data/index.js")
