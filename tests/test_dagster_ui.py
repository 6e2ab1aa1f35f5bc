"""The Dagster UI in a browser, over a run in which a row was refused: the graph, an asset, a failed check, and from a column back to the files."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from pipelines.catalogue import GROUPS
from tests.browser import launched
from tests.conftest import run_workspace
from tests.ui_scenario import served, workspace_with_a_refused_row

PATIENCE = 60_000
"""Milliseconds that a page may take on a slow machine."""


@dataclass(frozen=True)
class Ui:
    """An open page, the address of the server, and where the results lie."""

    page: Page
    address: str
    out: Path

    def open(self, path: str) -> Page:
        """Opens a page of the UI."""
        self.page.goto(f"{self.address}{path}", timeout=PATIENCE)
        return self.page


def shown(page: Page, row: str) -> Locator:
    """The dialog with the whole of a value that is shown in short. A page that is drawn anew under a click swallows it, so there may be several."""
    short, dialog = page.get_by_role("row", name=re.compile(row)).get_by_text("Show Markdown"), page.get_by_role("dialog")
    for _ in range(5):
        short.click()
        with suppress(PlaywrightTimeout):
            dialog.wait_for(timeout=PATIENCE / 5)
            break
    return dialog


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ui]:
    place = tmp_path_factory.mktemp("ui")
    ran = run_workspace(workspace_with_a_refused_row(place / "workspace"), place / "out", place / "dagster")
    expect.set_options(timeout=PATIENCE)
    with served(ran.root, ran.out, place / "dagster", place / "server.log") as address, launched() as browser:
        page = browser.new_page(viewport={"width": 1800, "height": 1100})
        page.set_default_timeout(PATIENCE)
        yield Ui(page, address, ran.out)


def test_the_graph_lists_the_groups_in_the_order_of_the_data_flow(ui: Ui) -> None:
    page = ui.open("/asset-groups")

    expect(page.get_by_text(GROUPS[-1]).first).to_be_visible()
    names = page.get_by_text(re.compile(r"^g\d_\w+$"))
    expect(names.first).to_be_visible()
    listed = list(dict.fromkeys(names.all_inner_texts()))
    assert sorted(listed, key=GROUPS.index) == list(GROUPS)
    places = [page.get_by_text(name, exact=True).first.bounding_box() for name in GROUPS]
    assert [place["y"] for place in places if place] == sorted(place["y"] for place in places if place)
    assert None not in places


def test_the_page_of_the_kpis_says_what_they_are_how_many_and_where_they_lie(ui: Ui) -> None:
    page = ui.open("/assets/kpi_values")

    expect(page.get_by_text("The KPIs of every edition")).to_be_visible()
    expect(page.get_by_text("Who acts on it:")).to_be_visible()
    expect(page.locator("body")).to_contain_text(re.compile(r"Row count\s*1\s*Asset history"))
    for told in ("sha256", "preview", "report page", "status blocked", str(ui.out / "report" / "tables.html"), str(ui.out / "kpi_values.parquet"), "sustainability"):
        expect(page.get_by_text(told).first).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("what it calls: evaluate in editor"))).to_have_attribute("href", re.compile(r"kpis/evaluate\.py:\d+$"))


def test_a_column_leads_back_to_the_files_by_links(ui: Ui) -> None:
    page = ui.open("/assets/kpi_values")

    for before in ("edition_amounts", "amounts", "quantities", "records"):
        page.get_by_role("row", name=re.compile(r"^(value|quantity|canonical) ")).get_by_role("link", name=before, exact=True).first.click()
        page.wait_for_url(f"**/assets/{before}*")
        expect(page.get_by_text("Every row as somebody sent it" if before == "records" else "Who acts on it:")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile(r"^received ")).first).to_contain_text("the files in data/raw")


def test_every_column_of_the_kpi_table_is_told_where_it_comes_from(ui: Ui) -> None:
    page = ui.open("/assets/kpi_values")

    row = shown(page, r"^where columns\s+come from").get_by_role("row", name=re.compile(r"^value "))
    expect(row).to_contain_text("edition_amounts: quantity, unit, excluded, blocked")
    expect(row).to_contain_text("the files in data/raw")
    expect(row).to_contain_text("source.value")


def test_a_failed_check_tells_what_is_wrong_and_what_to_do(ui: Ui) -> None:
    page = ui.open("/assets/findings?view=checks&checkDetail=rejected_record")

    expect(page.get_by_text("1 row or file was rejected.")).to_be_visible()
    expect(page.get_by_text("What ought to hold: every record received can be read.")).to_be_visible()
    expect(page.get_by_text("water/bills.csv, line 4").first).to_be_visible()
    expect(page.get_by_text("Send the row back to the sender of water/bills.csv, or waive this finding in the edition.").first).to_be_visible()
    expect(page.get_by_text(str(ui.out / "report" / "findings.html")).first).to_be_visible()
    expect(shown(page, r"^what to do")).to_contain_text("Run the main job again")


def test_what_stands_in_a_file_never_becomes_a_picture_or_a_link(ui: Ui) -> None:
    page = ui.open("/assets/findings?view=checks&checkDetail=rejected_record")

    expect(page.get_by_text(re.compile(r"!\[x\]\(http:\u2060?//example\.invalid/x\.png\)")).first).to_be_visible()
    assert page.locator("img[src*='example.invalid'], a[href*='example.invalid']").count() == 0


def test_a_folder_of_files_shows_what_is_there(ui: Ui) -> None:
    page = ui.open("/assets/raw/water")

    expect(page.get_by_text("bills.csv").first).to_be_visible()
    expect(page.get_by_text("_format.toml").first).to_be_visible()
    expect(page.get_by_role("row", name=re.compile(r"^rejected\s+percent"))).to_contain_text("33.333")


def test_the_one_job_is_the_main_job_and_nothing_starts_by_itself(ui: Ui) -> None:
    page = ui.open("/automation")

    expect(page.get_by_text("new_files_in_data_raw")).to_be_visible()
    expect(page.get_by_text("monthly", exact=True)).to_be_visible()
    boxes = page.get_by_role("checkbox")
    expect(boxes).to_have_count(5)  # Three choose rows, two turn something on.
    assert [box.is_checked() for box in boxes.all()] == [False] * 5
    page = ui.open("/jobs")
    expect(page.locator("a[href$='/jobs/main']").first).to_be_visible()
