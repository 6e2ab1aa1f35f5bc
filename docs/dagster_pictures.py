"""Makes the pictures of docs/dagster.md anew: runs the worked data and a workspace with a refused row, opens the Dagster UI over each, and takes them in a browser.

Run it as `python docs/dagster_pictures.py`.
"""

import os
import re
import shutil
import sys
from pathlib import Path
from tempfile import gettempdir

from playwright.sync_api import Page, expect

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.browser import launched
from tests.conftest import copy_workspace, run_workspace
from tests.ui_scenario import served, workspace_with_a_refused_row

IMAGES = Path(__file__).parent / "images"
PLACE = Path(gettempdir()) / "esg-kpis"
PATIENCE = 120_000
WIDE = {"width": 1600, "height": 1000}


def of_the_worked_data(page: Page, address: str) -> None:
    """The groups, an asset with its metadata, and where its columns come from."""
    page.goto(f"{address}/asset-groups")
    expect(page.get_by_text("g7_results").first).to_be_visible()
    expect(page.locator("foreignObject").nth(6)).to_be_visible()
    _take(page, "dagster-lineage")
    page.set_viewport_size({"width": 1600, "height": 1250})
    page.goto(f"{address}/assets/kpi_values")
    expect(page.get_by_text("Who acts on it:")).to_be_visible()
    expect(page.get_by_text("Downstream assets")).to_be_visible()
    page.get_by_text("Columns", exact=True).click()
    expect(page.get_by_text("Column name", exact=True)).to_have_count(0)
    _take(page, "dagster-asset")
    page.set_viewport_size(WIDE)
    page.get_by_role("row", name=re.compile(r"^where columns\s+come from")).get_by_text("Show Markdown").click()
    expect(page.get_by_role("dialog").get_by_text("comes from", exact=True)).to_be_visible()
    _take(page, "dagster-columns")


def of_a_refused_row(page: Page, address: str) -> None:
    """A failed check."""
    page.goto(f"{address}/assets/findings?view=checks&checkDetail=rejected_record")
    expect(page.get_by_text("What to do:")).to_be_visible()
    page.get_by_placeholder("Filter checks").fill("re")
    expect(page.get_by_text("record_fates")).to_have_count(0)
    _take(page, "dagster-checks")


def _take(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(2000)  # What is drawn slides to its place.
    page.screenshot(path=IMAGES / f"{name}.png")


def main() -> None:
    """Both workspaces, one after the other. They lie in a folder of an ordinary name: it stands in the pictures.

    Raises:
        FileExistsError: if the folder is there already.
    """
    expect.set_options(timeout=PATIENCE)
    PLACE.mkdir()
    try:
        runs = [run_workspace(root := fill(PLACE / name), root / "data" / "out", PLACE / f"{name}-dagster") for name, fill in (("worked", copy_workspace), ("refused", _of_an_unknown_site))]
        for ran, take in zip(runs, (of_the_worked_data, of_a_refused_row), strict=True):
            with served(ran.root, ran.out, PLACE / f"{ran.root.name}-dagster", PLACE / "server.log") as address, launched() as browser:
                page = browser.new_page(viewport=WIDE)
                page.set_default_timeout(PATIENCE)
                take(page, address)
    finally:
        shutil.rmtree(PLACE)


def _of_an_unknown_site(root: Path) -> Path:
    return workspace_with_a_refused_row(root, "HQ-2")


if __name__ == "__main__":
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    main()
