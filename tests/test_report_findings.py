"""The page of findings: one problem once, under a title that says what is wrong, in words a tired reader understands; and one count everywhere."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Browser, Page, expect

from esg_kpis.assurance.named import CHECKS
from esg_kpis.assurance.states import needs_a_person, open_by_severity, state_of
from esg_kpis.report.site.sentences import reader_of
from esg_kpis.report.site.words import what_is_wrong
from pipelines.counts import summary_of
from tests.browser import launched, watched
from tests.charts_scenario import basis_of
from tests.conftest import REPOSITORY, Ran, copy_workspace, run_workspace


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The GHG example with a negative bill, a wrong unit, a bill sent twice with another quantity, and a month that did not come."""
    place = tmp_path_factory.mktemp("broken")
    root = copy_workspace(place / "workspace", REPOSITORY / "examples" / "ghg-methods")
    bills, venture = root / "data/raw/energy/bills.csv", root / "data/raw/energy/joint_venture.csv"
    lines = bills.read_text(encoding="utf-8").splitlines()
    lines[1] = lines[1].replace(",1000000,", ",-1000000,")
    lines[4] = lines[4].replace(",GJ,", ",kg,")
    lines.append("SC-PLANT,SC-G1,SC-G-2023,2023-01-01,2023-12-31,natural_gas,110000,Nm3,stationary")
    bills.write_text("\n".join(lines) + "\n", encoding="utf-8")
    months = venture.read_text(encoding="utf-8").splitlines()
    venture.write_text("\n".join(months[:5] + months[6:]) + "\n", encoding="utf-8")
    return run_workspace(root, place / "out", place / "dagster", report=True)


@pytest.fixture(scope="module")
def browser(worked: Ran, broken: Ran) -> Iterator[Browser]:
    """Opened after both workspaces were run."""
    with launched() as opened:
        yield opened


@pytest.fixture
def page(browser: Browser, broken: Ran) -> Iterator[Page]:
    with watched(browser, broken.out / "report" / "findings.html") as seen:
        yield seen.page
        assert seen.complaints == []


def titles(page: Page, part: str) -> list[str]:
    return [text.split(" ", 1)[1] for text in page.locator(f"section:has(#{part}) details.group > summary").all_inner_texts()]


# ---------------------------------------------------------------- states and counts


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ({"passed": True, "what_to_do": "Nothing."}, "passed"), ({"waived": "reviewer, until 2024-12-31: known", "state": "explained"}, "waived"), ({"state": "explained"}, "explained"), ({"state": "follows"}, "follows"),
        ({"what_to_do": "Nothing; the bill that corrects it counts."}, "known"), ({"what_to_do": "Ask the sender.", "state": None}, "open"), ({"what_to_do": "Explained: by nobody yet."}, "open"),
    ],
)  # fmt: skip
def test_the_state_of_a_finding_is_what_its_maker_knows_of_it(told: dict[str, object], state: str) -> None:
    assert state_of({"passed": False, "waived": None, "what_to_do": "Look."} | told) == state


def test_what_the_edition_explains_needs_nobody(worked: Ran) -> None:
    findings, checks = worked.table("findings").filter(~pl.col("passed")), worked.table("table_checks")
    explained = checks.filter(pl.col("verdict").is_in(["cannot_be_rounding", "unreadable"]) & pl.col("explained")).height

    assert explained > 0
    assert findings.filter((pl.col("check") == "table_check") & (pl.col("state") == "explained")).height == explained
    assert findings.filter((pl.col("check") == "tie_out") & (pl.col("state") == "explained")).height == worked.table("tie_out").filter(pl.col("explained") & pl.col("verdict").is_in(["differs", "not_computed"]) & pl.col("published").is_not_null()).height
    assert set(needs_a_person(findings)["state"]) == {"open"}
    assert needs_a_person(findings).filter(pl.col("what_to_do").str.contains(r"Explained: |^Nothing")).is_empty()


def test_terminal_overview_and_findings_count_the_same(browser: Browser, worked: Ran) -> None:
    counts = summary_of(worked.out)["findings"]
    assert counts == open_by_severity(worked.table("findings"))
    with watched(browser, worked.out / "report" / "index.html") as seen:
        tile = seen.page.locator(".tile", has_text="need a person")
        expect(tile.locator("strong")).to_have_text(str(counts["error"] + counts["warning"]))
        expect(tile.locator("small")).to_have_text(f"errors: {counts['error']}, warnings: {counts['warning']}; notes that can wait: {counts['note']}")
    with watched(browser, worked.out / "report" / "findings.html") as seen:
        assert f"need a person: {counts['error'] + counts['warning']} (errors {counts['error']}, warnings {counts['warning']})" in seen.page.locator(".lead").inner_text()
        assert seen.page.locator("section:has(#needs) tbody tr").count() == counts["error"] + counts["warning"]


def test_what_is_explained_stands_folded_and_whole(browser: Browser, worked: Ran) -> None:
    settled = worked.table("findings").filter(pl.col("state").is_in(["explained", "waived", "follows"]))
    with watched(browser, worked.out / "report" / "findings.html") as seen:
        part = seen.page.locator("section:has(#explained)")
        assert part.locator("tbody tr").count() == settled.height > 0
        assert part.locator("details[open]").count() == 0
        assert "14 printed figures are not reproduced" in " ".join(titles(seen.page, "explained"))


def test_overview_and_explorer_say_how_their_records_differ(browser: Browser, worked: Ran) -> None:
    records = worked.table("records")
    people = records.filter(pl.col("path").str.starts_with("people/")).height
    with watched(browser, worked.out / "report" / "explorer.html") as seen:
        expect(seen.page.locator("main")).to_contain_text(f"Received in all: {records.height:,} records. {records.height - people:,} stand here line by line; {people} more belong to files of persons")
    with watched(browser, worked.out / "report" / "index.html") as seen:
        expect(seen.page.locator(".tile", has_text="rows rejected")).to_contain_text(f"of {records.height:,} received")
        expect(seen.page.locator(".tile", has_text="rows rejected")).to_contain_text(f"{people} of them whole files of persons")


@pytest.mark.parametrize("width", [390, 600])
def test_on_a_phone_the_header_of_a_finding_is_as_wide_as_its_table(browser: Browser, worked: Ran, width: int) -> None:
    with watched(browser, worked.out / "report" / "findings.html", width=width) as seen:
        seen.page.eval_on_selector_all("details", "all => all.forEach(each => { each.open = true; })")
        widths = seen.page.eval_on_selector_all("table.findings tbody th", "all => all.map(each => each.closest('table').clientWidth - each.offsetWidth)")
    assert widths
    assert max(widths) <= 1


# ---------------------------------------------------------------- titles


def test_every_check_has_a_title_that_says_what_is_wrong_in_both_languages() -> None:
    words = tomllib.loads((REPOSITORY / "src/esg_kpis/report/site/words.toml").read_text(encoding="utf-8"))["failed"]

    assert words.keys() == CHECKS.keys()
    assert all("{count}" in entry["en"] and "{count}" in entry["zh"] and "{" not in entry["one"] for entry in words.values())
    assert [what_is_wrong("kpi_blocked", count, language) for count, language in ((1, "en"), (1400, "en"), (1, "zh"))] == ["1 KPI figure is blocked", "1,400 KPI figures are blocked", "1 項指標暫未能計算"]


def test_titles_say_what_is_wrong_and_how_often(page: Page, broken: Ran) -> None:
    blocked = broken.table("kpi_values").filter(pl.col("status") == "blocked").height

    assert titles(page, "needs")[0] == "4 rows or files were rejected"
    assert f"{blocked} KPI figures are blocked" in titles(page, "needs")
    assert "not so" not in page.locator("main").inner_text()


# ---------------------------------------------------------------- one problem once


def test_a_rejected_row_is_one_problem_with_the_figures_it_blocks(page: Page, broken: Ran) -> None:
    blocked = broken.table("findings").filter(pl.col("check") == "kpi_blocked")
    rows = page.locator("section:has(#needs) details.group", has_text="KPI figures are blocked").locator("tbody tr")
    causes = blocked["observed"].str.strip_suffix(" (and others: see findings)").n_unique()

    assert rows.count() == causes < blocked.height
    assert rows.locator("ul.blocked a").count() == blocked.height
    negative = rows.filter(has_text="'-1000000'")
    expect(negative).to_have_count(1)
    expect(negative.locator("td.todo")).to_have_text("Send the row back to the site BJ-OFFICE (Beijing office), or waive this finding in the edition.")
    assert negative.locator("ul.blocked a").first.get_attribute("href", timeout=1000).startswith("explorer.html#/cell/2023/")  # type: ignore[union-attr]


def test_a_printed_figure_that_is_blocked_goes_with_its_cause(page: Page, broken: Ran) -> None:
    ties = broken.table("findings").filter((pl.col("check") == "tie_out") & ~pl.col("passed"))

    assert set(ties["state"]) == {"follows"}
    assert set(ties["what_to_do"]) == {"Mend what blocks the KPI; this goes with it."}
    assert not any("printed figure" in title for title in titles(page, "needs"))


def test_no_id_of_a_record_is_left_in_what_a_person_reads(page: Page, broken: Ran) -> None:
    assert re.findall(r"[0-9a-f]{12}:", page.locator("main").inner_text()) == []
    assert not re.search(r"[0-9a-f]{12}:\S*\d{7}", " ".join(broken.table("rejected")["message"]))


def test_a_bill_sent_twice_is_one_problem_at_its_sender(page: Page) -> None:
    rows = page.locator("section:has(#rejected) details.group", has_text="SC-PLANT Sichuan plant").locator("tbody tr")

    assert rows.count() == 2
    assert "It was sent 2 times with different quantities: 100,000 Nm3 (energy/bills.csv, line 6); 110,000 Nm3 (energy/bills.csv, line 11)." in rows.nth(0).inner_text()
    assert "As the row above" in rows.nth(1).inner_text()


# ---------------------------------------------------------------- sentences


def test_sentences_are_told_with_labels_and_parted_thousands(worked: Ran) -> None:
    reader, chinese = (reader_of(basis_of(worked.root, worked.out), {"0a1b2c3d4e5f:0000003": "energy/bills.csv:3"}, language) for language in ("en", "zh"))

    assert str(reader.tell("behind: 94025.84 tCO2e, from 12345 to 23456 kWh since 2022", "2023")) == "behind: 94,025.84 tCO2e, from 12,345 to 23,456 kWh since 2022"
    assert reader.tell("meter 10023345 of 2023, line 12345; read '1234567 kWh'").unescape() == "meter 10023345 of 2023, line 12345; read '1234567 kWh'"
    assert str(reader.tell("hours_worked -2.0 %; hours_worked", "2023")) == 'Hours worked <small class="id">(hours_worked)</small> -2.0 %; Hours worked'
    assert str(reader.tell("training_rate/level/Senior 2022: 91.01", "2023")) == 'Training Rate: Senior <small class="id">(training_rate)</small> 2022: 91.01'
    # Neither a test, nor a file, nor a word of English.
    same = "tests/test_worked_data.py::water_tap, water_tap.csv, employees above 50, more than water_tap_x"
    assert str(reader.tell(same, "2023")) == same
    assert str(reader.tell("also by record 0a1b2c3d4e5f:0000003 <b>")) == "also by energy/bills.csv:3 &lt;b&gt;"
    assert "用水" in str(chinese.tell("water_tap", "2023")) or "自來水" in str(chinese.tell("water_tap", "2023"))


def test_printed_relations_are_named_in_words(browser: Browser, worked: Ran) -> None:
    with watched(browser, worked.out / "report" / "findings.html") as seen:
        group = seen.page.locator("section:has(#needs) details.group", has_text="contradictions between printed figures")
        expect(group.locator("th", has_text="Parts and total: Total Workforce").first).to_be_visible()
        assert "adds_up" not in group.inner_text()
        assert all(text.startswith("Ask the publisher of the ") for text in group.locator("td.todo").all_inner_texts())


# ---------------------------------------------------------------- print


def test_it_prints_in_fewer_than_twelve_pages(browser: Browser, worked: Ran, tmp_path: Path) -> None:
    with watched(browser, worked.out / "report" / "findings.html") as seen:
        seen.page.pdf(path=tmp_path / "findings.pdf", prefer_css_page_size=True)
        needed = seen.page.locator("section:has(#needs) details:not([open])").count()
    pages = len(re.findall(rb"/Type\s*/Page\b(?!s)", (tmp_path / "findings.pdf").read_bytes()))

    assert needed == 0  # What needs a person is printed whole.
    assert 2 < pages < 12
