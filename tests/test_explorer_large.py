"""The explorer with twenty thousand records of a made-up group, run through the whole pipeline: searches and walks stay quick. benchmarks/explorer.py measures the same with 200,000."""

from collections.abc import Iterator
from fractions import Fraction

import polars as pl
import pytest
from playwright.sync_api import Browser, expect

from esg_kpis.report.site.basis import to_explorer
from tests.browser import launched, watched
from tests.conftest import Ran
from tests.explorer_scenario import QUERIES, answered, ran_large, ready


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return ran_large(tmp_path_factory.mktemp("many"), 20_000)


@pytest.fixture(scope="module")
def browser(many: Ran) -> Iterator[Browser]:
    """Opened after the run: two loops of events cannot run in one thread."""
    with launched() as opened:
        yield opened


def test_with_twenty_thousand_records_a_search_answers_at_once_and_a_walk_loads_little(browser: Browser, many: Ran) -> None:
    amounts = many.table("edition_amounts")
    with watched(browser, many.out / "report" / "explorer.html") as seen:
        page = seen.page
        ready(page)
        told = answered(page, QUERIES)
        assert sum(found > 0 for found in told.found) == len(QUERIES) - 1
        assert max(told.times) < 300
        page.goto(f"{(many.out / 'report').as_uri()}/{to_explorer('cell', 'e1', 'ghg', '2023', 'kind', 'store')}")
        ready(page)
        page.get_by_role("link", name="by site and month").click()
        page.wait_for_selector(".matrix")
        ready(page)
        own = amounts.filter((pl.col("measure") == "emission_co2e") & (pl.col("period") == "2023")).join(many.table("sites").filter(pl.col("kind") == "store").select("site_id"), on="site_id", how="semi")
        assert Fraction(page.locator("#total").inner_text().replace(",", "")) == sum(map(Fraction, own["quantity"]))
        page.locator(".matrix tbody td a").first.click()
        expect(page.locator(".headline .badge")).to_have_text("equals the number in the table")
        loaded = page.evaluate("performance.getEntriesByType('resource').filter(entry => entry.name.includes('/data/')).length")
        assert loaded < 20
        assert seen.complaints == []
