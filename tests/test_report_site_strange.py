"""The report site with strange texts in it, in strange places, beside another run, and without scripts."""

import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
import pytest
from playwright.sync_api import Browser, Page, expect

from esg_kpis.report.site.basis import SiteBasis
from esg_kpis.report.site.overview import overview
from esg_kpis.report.site.what_if import what_if
from esg_kpis.report.site.write import site_files
from esg_kpis.report.unseen import made_visible
from tests.browser import launched, watched
from tests.conftest import Ran
from tests.explorer_scenario import ready
from tests.strange_scenario import EVERYTHING, FILES, MARKUP, SITES, ran_strange
from tests.terminal_scenario import esg_kpis
from tests.test_explorer import basis_of

PAGES = ("index", "tables", "charts", "findings", "explorer")
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
OUTSIDE = """() => document.documentElement.scrollWidth - document.documentElement.clientWidth"""


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return ran_strange(tmp_path_factory.mktemp("strange"))


@pytest.fixture(scope="module")
def basis(strange: Ran) -> SiteBasis:
    return basis_of(strange)


@pytest.fixture(scope="module")
def said(strange: Ran) -> dict[tuple[str, ...], str]:
    """What commands print about it."""
    explain = ("anomalies", "explain", "\x1b[31m", "--text", "t", "--by", "b", "--on", "2024-01-01")
    asked = (("check",), ("trace", "electricity", "--period", "2023"), ("table", "--edition", "e1"), ("status",), ("anomalies",), ("tie-out",), ("check-table",), explain)
    done = {words: esg_kpis(strange.root, "--out", str(strange.out), *words) for words in asked}
    return {words: one.stdout + one.stderr for words, one in done.items()}


@pytest.fixture(scope="module")
def browser(said: dict[tuple[str, ...], str]) -> Iterator[Browser]:
    """Opened after all runs: two loops of events cannot run in one thread."""
    with launched() as opened:
        yield opened


def harmless(page: Page) -> None:
    """No script of a sender ran, no direction is turned round, and nothing sticks out of the page."""
    page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true; })")
    assert page.evaluate("window.RAN") is None
    assert UNSEEN.search(page.inner_text("body")) is None
    assert page.evaluate(OUTSIDE) <= 0
    assert page.locator("main img").count() == 0


# ---------------------------------------------------------------- strange texts


@pytest.mark.parametrize(("width", "language"), [(1280, ""), (390, "zh/")])
def test_whatever_somebody_wrote_is_text_and_stays_within_the_page(browser: Browser, strange: Ran, width: int, language: str) -> None:
    for page in PAGES:
        with watched(browser, strange.out / "report" / f"{language}{page}.html", width=width) as seen:
            if page == "explorer":
                ready(seen.page)
            else:
                expect(seen.page.locator("body")).to_contain_text("<script>window.RAN=1</script>")
            harmless(seen.page)
            assert seen.complaints == []


def test_in_the_explorer_too_at_whatever_name_one_arrives(browser: Browser, strange: Ran) -> None:
    names = [("site", name) for name, _, _ in SITES] + [("file", f"energy/{name.replace('.exe', '.csv')}") for name in FILES] + [("meter", MARKUP), ("cell", "e1", "electricity", "2023", "kind", MARKUP)]
    with watched(browser, strange.out / "report/explorer.html") as seen:
        for parts in names:
            seen.page.goto(f"{(strange.out / 'report/explorer.html').as_uri()}#/{'/'.join(quote(part, safe='') for part in parts)}")
            ready(seen.page)
            expect(seen.page.locator("#explorer-page h1")).to_contain_text(made_visible(EVERYTHING if parts[0] == "cell" else parts[-1])[:40].split("\u2028")[0])
            harmless(seen.page)
        seen.page.locator("#explorer-query").fill("img src")
        harmless(seen.page)
        assert seen.complaints == []


def test_a_terminal_gets_no_orders_from_names_and_cells(said: dict[tuple[str, ...], str]) -> None:
    for words, text in said.items():
        assert text.strip(), words
        assert UNSEEN.search(text) is None, words
    assert "[U+001B][31m" in said["check",]


# ---------------------------------------------------------------- strange places


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A folder on a server of this machine."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:  # noqa: ANN401
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def walked(page: Page) -> None:
    """From the first page down to amounts, back and forth, and into the other language."""
    page.locator("main a.figure").first.click()
    ready(page)
    heading = page.inner_text("#explorer-page h1")
    page.get_by_role("link", name="by site and month").first.click()
    page.wait_for_selector(".matrix")
    page.locator(".matrix tbody td a").first.click()
    page.wait_for_selector("#added")
    page.go_back()
    page.wait_for_selector(".matrix")
    page.go_back()
    expect(page.locator("#explorer-page h1")).to_have_text(heading)
    page.go_forward()
    page.wait_for_selector(".matrix")
    page.locator("a.language").click()
    page.wait_for_selector("html[lang=zh-Hant] .matrix")


def test_it_opens_from_a_folder_of_any_name_and_from_a_server(browser: Browser, strange: Ran, tmp_path: Path) -> None:
    name = "a #b?c%20d&e;f 報告 'é' \"q\""
    shutil.copytree(strange.out / "report", tmp_path / name)
    with watched(browser, tmp_path / name / "index.html") as seen:
        walked(seen.page)
        assert seen.complaints == []
    with served(tmp_path) as address, watched(browser, f"{address}/{quote(name)}/") as seen:
        walked(seen.page)
        assert [text for text in seen.complaints if not text.startswith(f"request to {address}/{quote(name)}/")] == []


def test_without_scripts_every_table_stands_and_it_says_what_needs_them(browser: Browser, strange: Ran) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    for name in PAGES:
        page.goto((strange.out / "report" / f"{name}.html").as_uri())
        expect(page.locator("main noscript p")).to_be_visible()
        assert page.locator("button:visible").count() == 0
        assert name == "explorer" or page.locator("main table").count() > 0
    context.close()


def test_who_goes_back_in_the_explorer_comes_to_where_he_left(browser: Browser, strange: Ran) -> None:
    with watched(browser, f"{(strange.out / 'report/explorer.html').as_uri()}#/file/energy%2Fa%23b%3Fc%2520d%26e.csv", height=400) as seen:
        ready(seen.page)
        link = seen.page.locator("#explorer-page a[href^='#/record/']").last
        link.scroll_into_view_if_needed()
        height = seen.page.evaluate("scrollY")
        link.click()
        expect(seen.page.locator("#explorer-page h1")).to_contain_text("line")
        assert (height > 300, seen.page.evaluate("scrollY")) == (True, 0)
        seen.page.go_back()
        expect(seen.page.locator("#explorer-page h1")).to_contain_text("a#b")
        expect(seen.page.locator("#explorer-page:not([aria-busy])")).to_be_visible()
        assert abs(seen.page.evaluate("scrollY") - height) < 5
        assert seen.complaints == []


def test_a_card_says_what_stood_before_where_no_change_can_be_told(basis: SiteBasis) -> None:
    values = basis.tables["kpi_values"]
    newest = pl.col("period") == "2023"
    blocked = values.with_columns(pl.when(newest).then(pl.lit("blocked")).otherwise("status").alias("status"), *(pl.when(~newest).then(name).alias(name) for name in ("value", "printed")))
    alone = values.with_columns(*(pl.when(newest).then(name).alias(name) for name in ("value", "printed")))

    for table, was in ((values, "120.00"), (blocked, "120.00"), (alone, None)):
        card = overview(replace(basis, tables={**basis.tables, "kpi_values": table}), "en")["cards"][0]
        assert (card["before"], card["was"], card["change"] is None) == ("2022", was, table is not values)


# ---------------------------------------------------------------- beside another run


@pytest.fixture(scope="module")
def another(basis: SiteBasis, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as another run would have written it, known on another day."""
    folder = tmp_path_factory.mktemp("another")
    changed = replace(basis, facts={**basis.facts, "known on e1": "2023-06-30", "as_of": "2023-12-31"}, usual_last_day="2024-04-09")
    for path, content in site_files(changed, "another run").items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def test_a_page_that_stays_open_while_another_run_is_published_shows_nothing_of_both(browser: Browser, strange: Ran, another: Path, tmp_path: Path) -> None:
    shutil.copytree(strange.out / "report", tmp_path / "report")
    with watched(browser, tmp_path / "report/explorer.html") as seen:
        ready(seen.page)
        shutil.rmtree(tmp_path / "report")
        shutil.copytree(another, tmp_path / "report")
        seen.page.locator("#explorer-page td a").first.click()
        expect(seen.page.locator("[role=alert]")).to_contain_text("made anew while this page was open")
        seen.page.get_by_role("button", name="Reload").click()
        ready(seen.page)
        expect(seen.page.locator(".headline strong").first).to_be_visible()
        assert seen.complaints == []


def test_a_link_by_number_that_another_run_made_is_not_followed(browser: Browser, strange: Ran) -> None:
    page_of = (strange.out / "report/explorer.html").as_uri()
    with watched(browser, f"{page_of}#/amount/3/~00000000") as seen:
        ready(seen.page)
        expect(seen.page.locator("h1")).to_have_text("This link was made by another run")
        seen.page.goto(f"{page_of}#/amount/3")
        expect(seen.page.locator("h1")).not_to_have_text("This link was made by another run")
        seen.page.goto(f"{page_of}#/sum/0")
        seen.page.locator(".matrix tbody td a").first.click()
        seen.page.wait_for_selector("#added")
        assert re.search(r"#/amounts/0/[^/]+/[^/]+/~[0-9a-f]{8}$", seen.page.url)
        assert seen.complaints == []


def test_a_run_with_other_dates_than_its_editions_name_says_so_on_every_page(browser: Browser, basis: SiteBasis, another: Path) -> None:
    assert what_if(basis, "en") == []
    assert what_if(replace(basis, usual_last_day=basis.facts["as_of"]), "en") == []
    for page in (*PAGES, "zh/index"):
        with watched(browser, another / f"{page}.html") as seen:
            note = seen.page.locator(".what-if")
            for day in ("2023-06-30", "2024-04-09", "2023-12-31"):
                expect(note).to_contain_text(day)
            harmless(seen.page)
            assert seen.complaints == []
