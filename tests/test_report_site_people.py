"""What the report site tells of persons: no more than the explorer and a pack do, on no page."""

import re
from pathlib import Path

import polars as pl
import pytest

from esg_kpis.assurance.withheld import NOT_SHOWN
from esg_kpis.report.site.write import site_files
from tests.conftest import Ran
from tests.evidence_scenario import ran_small
from tests.people_scenario import course, spell
from tests.test_explorer import GAPPED, PER_HEAD, basis_of, heads_workspace


@pytest.fixture(scope="module")
def heads(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """12000 kWh of a month at an office in India are estimated by its twelve heads, beside a hidden group."""
    return heads_workspace(tmp_path_factory.mktemp("heads"), PER_HEAD)


def test_no_page_says_how_much_was_estimated_per_head_beside_a_hidden_group(heads: Ran) -> None:
    basis = basis_of(heads)
    files = site_files(basis, "key")
    pages = {name: content.decode() for name, content in files.items() if name.endswith((".html", ".js"))}

    assert basis.hidden_in == ("e1",)
    assert any("12000 kWh" in row for row in basis.tables["findings"]["observed"])
    # 12,000 of 329,000 kWh are 3.6 %, and of the 89,000 of the site 13.5 %.
    for secret in (r"12,?000(?!\d)", r"\b3\.6 %", r"\b96\.4 %", r"\b13\.5 %", r"<td>3\.6</td>", r"<td>13\.5</td>"):
        assert [name for name, text in pages.items() if re.search(secret, text)] == [], secret
    assert "more than 5.0 % is estimated" in pages["index.html"]
    assert NOT_SHOWN in pages["findings.html"]
    assert 'id="chart-e1-estimated-share"' in pages["charts.html"]
    assert 'id="chart-e1-emissions-by-month"' not in pages["charts.html"]


def test_a_finding_says_that_the_bills_tell_what_is_estimated_by_heads_and_what_can_be_done(heads: Ran) -> None:
    found = heads.table("findings").filter((pl.col("check") == "estimated_heads") & ~pl.col("passed"))

    assert found.select("subject", "edition", "period", "severity").rows() == [("electricity_purchased", "e1", "2023", "warning")]
    assert "Estimate it by floor area" in found["what_to_do"][0]


def test_a_refused_row_about_a_person_stands_under_its_file_and_leads_nowhere_that_is_not(tmp_path: Path) -> None:
    people = [spell(f"somebody {number}", "2021-05-01") for number in range(20)]
    wrong = spell("somebody else", "2023-05-01", "2022-05-01", site_id="IN-01")
    ran = ran_small(tmp_path, files={"spells.csv": [*people, wrong], "training.csv": [course("somebody 1", "2022-03-01", "2")], "../energy/bills.csv": GAPPED.replace("1200", "n/a")})
    rejected = ran.table("rejected")
    assert dict(rejected.filter(pl.col("path") == "people/spells.csv").select("path", "site_id").iter_rows()) == {"people/spells.csv": "IN-01"}

    files = site_files(basis_of(ran), "key")
    page = files["findings.html"].decode()
    senders = re.findall(r"<summary>([^<]+) <span", page[page.index('<h2 id="rejected">') : page.index('<h2 id="anomalies">')])
    assert sorted(senders) == ["BJ-01 Beijing campus", "people/spells.csv", "water/staff.csv"]
    records = {row.replace(":", "%3A") for row in ran.table("records").filter(~pl.col("path").str.starts_with("people/"))["record_id"]}
    assert set(re.findall(r'href="explorer\.html#/record/([^"]+)"', page)) <= records
    assert 'href="explorer.html#/file/people%2Fspells.csv"' in page
    assert all((ran.out / name).is_file() for name in re.findall(r'href="\.\./(rejected_by_site/[^"]+)"', page))


def test_a_page_may_send_nothing_and_moves_its_links_nowhere(heads: Ran) -> None:
    page = site_files(basis_of(heads), "key")["index.html"].decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy.group(1).split(";"))
    assert (rules["default-src"], rules["base-uri"], rules["form-action"]) == ("'none'",) * 3
