"""The content index: what each state of a cell becomes, what index.yaml adds, what a framework of later years would miss, and what is never shown."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from esg_kpis.assurance.content_index import content_index, content_indexes, index_findings
from esg_kpis.editions import Edition, read_edition
from esg_kpis.frameworks import framework_named
from esg_kpis.tables import KPI_VALUES, conform
from pipelines.cli import app
from tests.conftest import Ran
from tests.scenario import EVERYWHERE, computed, edition_folder, kpi, rejected_row, year

NAMED = '[[framework]]\nid = "hkex-guide-2020"\n' + EVERYWHERE
TAP = kpi("tap", "tonne", "water_tap", hkex="A2.2", gri="303-3")


def edition_with(root: Path, index: str = "", *kpis: dict[str, Any], rules: str = NAMED, published: str | None = None) -> Edition:
    folder = edition_folder(root, kpis or (TAP,), rules, published)
    (folder / "index.yaml").write_text(index, encoding="utf-8")
    return read_edition(folder)


def cell(value: str | None, status: str = "ok", **given: Any) -> dict[str, Any]:  # noqa: ANN401
    """A cell of the KPI `tap` of 2023, printed with two decimals."""
    row = {"edition": "e1", "kpi_id": "tap", "period": "2023", "breakdown": "total", "category": "All", "unit": "tonne", "decimals": 2, "estimated_share": Decimal(0)}
    number = None if value is None else Decimal(value)
    return row | {"value": number, "printed": None if number is None else f"{number:.2f}", "status": status, "reason": None if status == "ok" else f"because {status}"} | given


def values(*cells: dict[str, Any]) -> pl.DataFrame:
    return conform(pl.DataFrame(list(cells), schema=KPI_VALUES.schema), KPI_VALUES)


def answered(edition: Edition, frame: pl.DataFrame, code: str, framework: str = "hkex-guide-2020") -> list[dict[str, Any]]:
    return content_index(edition, frame, framework_named(framework)).filter(pl.col("code") == code).to_dicts()


# ---------------------------------------------------------------- cells


@pytest.mark.parametrize(
    ("given", "status", "value", "reason"),
    [
        (cell("12.345"), "reported", "12.35", None),
        (cell("0"), "zero", "0.00", None),  # zero is a figure, not a gap
        (cell("0.001"), "reported", "0.00", None),  # prints as zero and is none
        (cell("-3"), "reported", "-3.00", None),
        (cell("12", "incomplete"), "reported", "12.00", "because incomplete"),
        (cell("0", "incomplete"), "reported", "0.00", "because incomplete"),  # there may be more that did not come
        (cell(None, "blocked"), "missing", None, "because blocked"),
        (cell(None, "not_collected"), "not_collected", None, "because not_collected"),
        (cell(None, "not_applicable"), "not_applicable", None, "because not_applicable"),
        (cell(None, "suppressed"), "suppressed", None, "because suppressed"),
    ],
)
def test_each_state_of_a_cell(tmp_path: Path, given: dict[str, Any], status: str, value: str | None, reason: str | None) -> None:
    printed = given["printed"] and f"{Decimal(given['value']).quantize(Decimal('0.01'), rounding='ROUND_HALF_UP')}"
    row = answered(edition_with(tmp_path), values(given | {"printed": printed}), "A2.2")[0]

    assert (row["status"], row["value"], row["reason"]) == (status, value, reason)
    assert (row["kpi_id"], row["breakdown"], row["category"], row["unit"], row["period"]) == ("tap", "total", "All", "tonne", "2023")
    assert (row["title"], row["title_zh"], row["obligation"]) == ("Water used in total, and intensity", "總耗水量及密度", "comply_or_explain")
    assert (row["kind"], row["unit_asked"]) == ("metric", "m3")


def test_only_the_newest_period_counts(tmp_path: Path) -> None:
    rows = answered(edition_with(tmp_path), values(cell("1"), cell("2", period="2022")), "A2.2")

    assert [row["value"] for row in rows] == ["1.00"]


def test_a_kpi_without_a_cell_in_the_newest_period_answers_nothing(tmp_path: Path) -> None:
    row = answered(edition_with(tmp_path), values(cell("2", period="2022")), "A2.2")[0]

    assert (row["status"], row["kpi_id"], row["value"]) == ("missing", "", None)
    assert row["reason"] == "tap: no cell for 2023."


def test_a_code_has_a_row_per_cell_of_all_its_kpis(tmp_path: Path) -> None:
    more = kpi("reclaimed", "tonne", "water_reclaimed", hkex="A2.2")
    frame = values(cell("1"), cell("2", breakdown="kind", category="Office"), cell("0", kpi_id="reclaimed"))
    rows = answered(edition_with(tmp_path, "", TAP, more), frame, "A2.2")

    assert {(row["kpi_id"], row["category"], row["status"]) for row in rows} == {("tap", "All", "reported"), ("tap", "Office", "reported"), ("reclaimed", "All", "zero")}


def test_an_alternative_answers_nothing_since_the_report_does_not_print_it(tmp_path: Path) -> None:
    other = kpi("reclaimed", "tonne", "water_reclaimed", hkex="A2.2", alternative_to="tap")
    rows = answered(edition_with(tmp_path, "", TAP, other), values(cell("1"), cell("9", kpi_id="reclaimed")), "A2.2")

    assert [row["kpi_id"] for row in rows] == ["tap"]


@pytest.mark.parametrize(("figure", "told"), [('"1,200.00"', None), ('"1,200.01"', "The report prints 1,200.01."), ("1200.00", None)])
def test_another_figure_in_print_is_told(tmp_path: Path, figure: str, told: str | None) -> None:
    edition = edition_with(tmp_path, published=f"tap,2023,total,All,{figure},tonne,2,t\n")

    assert answered(edition, values(cell("1200")), "A2.2")[0]["reason"] == told


def test_a_suppressed_cell_shows_neither_its_value_nor_what_is_printed(tmp_path: Path) -> None:
    edition = edition_with(tmp_path, "answers: [{codes: [A2.2], where: Water}]", published='tap,2023,total,All,"1,234.00",tonne,2,t\n')
    # Even if a value stood in the cell by mistake.
    row = answered(edition, values(cell(None, "suppressed") | {"printed": "1234.00", "value": Decimal(1234)}), "A2.2")[0]

    assert row["status"] == "suppressed"
    assert row["value"] is None
    assert not any("1,234" in str(item) or "1234" in str(item) for item in row.values())


# ---------------------------------------------------------------- index.yaml

INDEX = """
answers:
  - {codes: [A2.2], where: Water, pages: 84}
  - {codes: [A1.5], where: Targets, pages: 61-63}
  - {codes: [B7.1], status: zero, where: Ethics, text: None in the year.}
  - {codes: [A1.1], status: not_material, text: No chimneys.}
  - {codes: [B5.1], status: not_collected, text: Next year.}
  - {codes: [B4], status: not_applicable, text: Nobody is employed.}
  - {codes: [A2.5], where: Packaging}
  - {codes: [A4.1], where: Climate}
  - {framework: hkex-code-2025, codes: [para 35], where: Pay}
own_index:
  - {code: A1.6, printed: Waste, ought: nothing, where: line 7}
"""


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("A1.5", ("reported", "Targets", "61-63", None)),
        ("B7.1", ("zero", "Ethics", None, "None in the year.")),
        ("A1.1", ("not_material", None, None, "No chimneys.")),
        ("B5.1", ("not_collected", None, None, "Next year.")),
        ("B4", ("not_applicable", None, None, "Nobody is employed.")),
        ("A2.5", ("reported", "Packaging", None, "No KPI computes it: the report's figure is not checked here.")),
        ("A3", ("missing", None, None, "No KPI carries the code, and index.yaml does not name it.")),
        ("A1.6", ("missing", None, None, "No KPI carries the code, and index.yaml does not name it. The report's own index (line 7) says 'Waste'; ought to be: nothing.")),
        ("A2.2", ("reported", "Water", "84", None)),
    ],
)
def test_what_index_yaml_says(tmp_path: Path, code: str, expected: tuple[str | None, ...]) -> None:
    row = answered(edition_with(tmp_path, INDEX), values(cell("1")), code)[0]

    assert (row["status"], row["section"], row["page"], row["reason"]) == expected
    assert row["value"] == ("1.00" if code == "A2.2" else None)


def test_every_code_of_a_named_framework_is_there_once_or_more(tmp_path: Path) -> None:
    frame = content_indexes(edition_with(tmp_path, INDEX), values(cell("1")))

    assert frame["code"].unique(maintain_order=True).to_list() == list(framework_named("hkex-guide-2020").codes)


def test_codes_of_later_years_wait_where_the_framework_is_named(tmp_path: Path) -> None:
    """The Guide of 2016 asked for environmental KPIs a year later than for the rest."""
    folder = edition_folder(tmp_path, [TAP])
    text = (folder / "edition.toml").read_text().replace("2023-", "2016-").replace("2022-", "2015-").replace('id = "2023"', 'id = "2016"').replace('id = "2022"', 'id = "2015"')
    (folder / "edition.toml").write_text(text + '[[framework]]\nid = "hkex-guide-2016"\n')
    edition, frame = read_edition(folder), values(cell("1", period="2016"))

    assert "A2.2" not in content_indexes(edition, frame)["code"].to_list()
    assert "A2" in content_indexes(edition, frame)["code"].to_list()


# ---------------------------------------------------------------- another version


def test_a_framework_of_later_years_is_answered_by_what_leads_there(tmp_path: Path) -> None:
    edition = edition_with(tmp_path, INDEX)
    told = {code: answered(edition, values(cell("1")), code, "hkex-code-2025")[0] for code in ("A2.2", "A1.5", "para 20", "para 35", "para 34", "A1.1")}

    assert (told["A2.2"]["value"], told["A2.2"]["page"]) == ("1.00", "84")
    assert told["A1.5"]["status"] == "reported"
    assert told["A1.1"]["status"] == "not_material"
    assert told["para 35"]["status"] == "reported"
    assert told["para 34"]["status"] == "missing"
    assert told["para 20"]["status"] == "missing"  # A4.1 was answered, and this asks for more
    assert "Answered was A4.1 of hkex-guide-2020: Significant climate-related issues" in told["para 20"]["reason"]
    assert content_indexes(edition, values(cell("1")))["framework"].unique().to_list() == ["hkex-guide-2020"]


def test_a_policy_that_was_worded_otherwise_before_is_not_taken_over(tmp_path: Path) -> None:
    """A1.5 asked for measures in 2016, and asks for targets since."""
    folder = edition_folder(tmp_path, [TAP])
    text = (folder / "edition.toml").read_text().replace("2023-", "2019-").replace("2022-", "2018-").replace('id = "2023"', 'id = "2019"').replace('id = "2022"', 'id = "2018"')
    (folder / "edition.toml").write_text(text + '[[framework]]\nid = "hkex-guide-2016"\n')
    (folder / "index.yaml").write_text("answers: [{codes: [A1.5, B4.1], where: Measures}]")
    edition, none = read_edition(folder), values()

    assert answered(edition, none, "A1.5", "hkex-guide-2016")[0]["status"] == "reported"
    assert answered(edition, none, "A1.5", "hkex-guide-2020")[0]["status"] == "missing"
    assert answered(edition, none, "B4.1", "hkex-guide-2020")[0]["status"] == "reported"


# ---------------------------------------------------------------- findings, and the whole way


def test_missing_codes_are_one_finding_per_framework(tmp_path: Path) -> None:
    edition = edition_with(tmp_path, INDEX, rules='[[framework]]\nid = "gri-2021"\n' + NAMED)
    rows = {row["subject"]: row for row in index_findings(edition, values(cell(None, "blocked")))}

    # 51 codes; 7 answered by index.yaml (A1.5, B7.1, A1.1, B5.1, B4, A2.5, A4.1), A2.2 blocked. GRI demands none.
    assert rows["hkex-guide-2020"]["observed"].startswith("44 of 51 codes that must be answered are missing: para 13, para 14")
    assert (rows["hkex-guide-2020"]["severity"], rows["hkex-guide-2020"]["passed"]) == ("warning", False)
    assert "A2.2" in rows["hkex-guide-2020"]["observed"]
    assert "gri-2021" not in rows
    assert (rows["A1.6: Waste"]["check"], rows["A1.6: Waste"]["severity"], rows["A1.6: Waste"]["expected"]) == ("index_error", "note", "nothing")


def test_a_framework_that_is_answered_passes(tmp_path: Path) -> None:
    codes = ", ".join(framework_named("hkex-guide-2020").codes)
    rows = index_findings(edition_with(tmp_path, f"answers: [{{codes: [{codes}], where: Report}}]"), values(cell("1")))

    assert [(row["check"], row["passed"], row["observed"]) for row in rows] == [("code_missing", True, "0 of 51 codes that must be answered are missing")]


def test_a_rejected_bill_makes_its_code_missing_with_the_reason(tmp_path: Path) -> None:
    result = computed(edition_with(tmp_path), [year("water_tap", "10")], bad=[rejected_row("water_tap")])
    row = answered(result.edition, result.values, "A2.2")[0]

    assert (row["status"], row["value"]) == ("missing", None)
    assert row["reason"] == "rejected record bad: 'n/a' is no number."


# ---------------------------------------------------------------- the worked company


def test_the_2023_report_answers_every_code_of_the_guide(worked: Ran) -> None:
    frame = worked.table("content_index")
    own = frame.filter((pl.col("edition") == "2023") & (pl.col("framework") == "hkex-guide-2020"))

    assert own["code"].n_unique() == 51
    assert own.filter(pl.col("status") == "missing").is_empty()
    assert own.filter(pl.col("kpi_id") == "work_related_fatalities").select("value", "status").rows() == [("0", "zero")]
    scope_3 = frame.filter((pl.col("edition") == "2023") & (pl.col("code") == "305-3"))
    assert scope_3.select("kpi_id", "status", "value").rows() == [("ghg_scope_3", "not_collected", None)]


def test_figures_are_those_of_the_kpi_table(worked: Ran) -> None:
    index = worked.table("content_index").filter(pl.col("kpi_id") != "")
    joined = index.join(worked.table("kpi_values"), on=["edition", "kpi_id", "period", "breakdown", "category"], how="left", suffix="_cell")

    assert joined.height == index.height > 100
    assert joined.filter(pl.col("value").ne_missing(pl.col("printed"))).is_empty()


def test_claims_of_the_own_index_without_data_are_missing(worked: Ran) -> None:
    frame = worked.table("content_index").filter(pl.col("edition") == "2023")
    claimed = ["302-2", "303-5", "306-5", "402-1", "404-3", "TC-HW-430a.1", "TC-HW-430a.2"]

    assert frame.filter(pl.col("code").is_in(claimed)).select("code", "status").rows() == [(code, "missing") for code in claimed]
    errors = worked.table("findings").filter((pl.col("check") == "index_error") & (pl.col("edition") == "2023"))
    assert {"2-1: External assurance", "2-22: External assurance", "305-4: Other indirect (Scope 3) GHG emissions"} <= set(errors["subject"])
    assert set(errors["severity"]) == {"note"}


def index_command(worked: Ran, *arguments: str) -> Any:  # noqa: ANN401
    return CliRunner().invoke(app, ["--root", str(worked.root), "--out", str(worked.out), "index", *arguments])


def test_the_command_shows_what_the_code_of_2025_would_miss(worked: Ran) -> None:
    result = index_command(worked, "--edition", "2023", "--framework", "hkex-code-2025", "--json")
    rows = {row["code"]: row for row in json.loads(result.output)}

    assert result.exit_code == 0
    assert {"A1.2", "A4", "A4.1"}.isdisjoint(rows)
    assert rows["para 28(b)"]["status"] == "reported"
    assert rows["para 28(c)"]["status"] == "not_collected"
    assert rows["para 34"]["status"] == "missing"
    scopes = {(row["code"], row["kpi_id"]) for row in json.loads(result.output) if row["code"].startswith("para 28")}
    assert ("para 28(a)", "ghg_scope_2") not in scopes
    assert not {kpi_id for _, kpi_id in scopes} & {"ghg_per_revenue", "ghg_per_capita"}


def test_the_edition_of_the_newest_period_is_taken_where_none_is_named(worked: Ran) -> None:
    rows = json.loads(index_command(worked, "--framework", "hkex-code-2025", "--json").output)

    assert {row["edition"] for row in rows} == {"2023"}


def test_the_command_filters_by_state_and_prints_a_table(worked: Ran) -> None:
    result = index_command(worked, "--edition", "2020", "--status", "not_material")

    assert result.exit_code == 0
    assert "hkex-guide-2016" in result.output
    assert "not material" in result.output
    assert "para" not in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--edition", "1999"], "has no edition '1999'"),
        (["--framework", "hkex-2025"], "There is no framework 'hkex-2025'. Did you mean"),
        (["--status", "lost"], "There is no state 'lost'"),
    ],
)
def test_what_does_not_exist_is_told(worked: Ran, arguments: list[str], message: str) -> None:
    result = index_command(worked, *arguments)

    assert message in str(result.exception)
