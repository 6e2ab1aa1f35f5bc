"""The place for the explanation: the file beside an edition, what holds and what is stale, the findings, and the command that writes it."""

import csv
import json
import shutil
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from esg_kpis.assurance.anomalies import MOST, anomaly_findings, no_notes
from esg_kpis.editions import read_edition
from esg_kpis.editions.explanations import COLUMNS, read_explanations
from esg_kpis.errors import InputProblem, UsageProblem
from esg_kpis.report.outputs import for_people
from esg_kpis.tables import ANOMALIES
from pipelines.anomalies_command import explained
from tests.conftest import Ran
from tests.scenario import EVERYWHERE, computed, edition_folder, edition_of, kpi, year
from tests.test_anomalies import POWER, TAP, looked, rule
from tests.test_cli import answer, look

HEADER = ",".join(COLUMNS)
ID = "a0123456789b"
GOOD = f"{ID},1.5,A new line,CFO,2024-03-01\n"
YEAR_ON_YEAR = EVERYWHERE + rule("year_on_year", above="0.3")
BILLS = [year("water_tap", "10", 2022), year("water_tap", "20.5")]

# ---------------------------------------------------------------- the file


def refusal(folder: Path, content: bytes | str) -> str:
    (folder / "explanations.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputProblem) as caught:
        read_explanations(folder, "explanations.csv")
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "The file is empty."),
        (b"\xff\x81\x00\x81", "The text is not utf-8 or gb18030."),
        ("anomaly_id,observed,explanation\n", "Columns are missing: explained_by, explained_on."),
        (f"{HEADER},extra\n", "There is no column 'extra'."),
        (f"{HEADER},observed\n", "The column 'observed' stands twice."),
        (f"{HEADER}\n{ID},1.5,Well, well,CFO,2024-03-01\n", "line 2: 6 cells stand under 5 columns."),
        (f'{HEADER}\n{ID},1.5,"Well,CFO,2024-03-01\n', "The CSV cannot be read"),
        (f"{HEADER}\n{GOOD}{GOOD}", f"line 3: The anomaly {ID} is explained twice."),
        (f"{HEADER}\n{ID},1.5,Why,,2024-03-01\n", "line 2: The cell of 'explained_by' is empty."),
        (f"{HEADER}\n{ID},1.5,Why,CFO,1.3.2024\n", "line 2: '1.3.2024' is no date."),
        (f'{HEADER}\n{ID},"1,500",Why,CFO,2024-03-01\n', "line 2: observed: Input should be a valid decimal. Copy anomaly_id and observed from anomalies.csv; numbers have no thousands separator."),
        (f"{HEADER}\n{ID},NaN,Why,CFO,2024-03-01\n", "line 2: observed: Input should be a finite number"),
        (f"{HEADER}\n{ID},1e30,Why,CFO,2024-03-01\n", "line 2: observed: Decimal input should have no more than"),
        (f"{HEADER}\n1.23E+11,1.5,Why,CFO,2024-03-01\n", "line 2: anomaly_id: String should match pattern"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_right_says_where(tmp_path: Path, content: bytes | str, message: str) -> None:
    assert message in refusal(tmp_path, content)


def test_rows_copied_from_the_results_are_read_and_empty_places_passed_over(tmp_path: Path) -> None:
    """All columns of anomalies.csv, with its byte-order mark and the apostrophes that keep text from being a formula."""
    rows = [dict.fromkeys(ANOMALIES.names, "") | {"anomaly_id": name, "observed": "-2.50", "subject": "s", **more} for name, more in (
        (ID, {"explanation": "'=1+1", "explained_by": "'-CFO", "explained_on": "2024-03-01"}), ("a0123456789c", {}))]  # fmt: skip
    pl.DataFrame(rows).write_csv(tmp_path / "explanations.csv", include_bom=True)
    read = read_explanations(tmp_path, "w")

    assert {name: (item.observed, item.explanation, item.explained_by) for name, item in read.items()} == {ID: (Decimal("-2.5"), "=1+1", "-CFO")}
    assert read_explanations(tmp_path / "none", "w") == {}


# ---------------------------------------------------------------- rules that are refused


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (rule("year_on_year"), "anomaly 'r' of the kind year_on_year needs 'above'"),
        (rule("year_on_year", above="0.3", times="3"), "of the kind year_on_year has no 'times'"),
        (rule("year_on_year", above="0"), "greater than 0"),
        (rule("year_on_year", above="NaN"), "finite"),
        (rule("year_on_year", above="0.3", text=" "), "needs a text"),
        (rule("year_on_year", above="0.3", kpis=["tapp"]), "The anomaly 'r' names the KPI 'tapp', which is not defined. Did you mean 'tap'?"),
        (rule("year_on_year", above="0.3", by="gas"), "looks by 'gas': no KPI has such a breakdown"),
        (rule("year_on_year", above="0.3", by="gas", kpis=["tap"]), "looks by 'gas': tap has no such breakdown"),
        (rule("year_on_year", above="0.3", by="site", kpis=["heads"]), "looks at 'heads' site by site, and it is no sum, or one of people or their hours"),
        (rule("year_on_year", above="0.3", by="site", kpis=["hours"]), "looks at 'hours' site by site"),
        (rule("per_head", kpis=["per"], times="3"), "looks at 'per' site by site"),
        (rule("per_head", measures=["water_tap"]), "needs either times"),
        (rule("per_head", measures=["water_tap"], times="3", above="0.3"), "needs either times"),
        (rule("per_floor_area", times="3"), "needs kpis or measures"),
        (rule("per_floor_area", times="1", measures=["water_tap"]), "greater than 1"),
        (rule("per_floor_area", times="3", measures=["water_tab"]), "there is no flow that is sent 'water_tab'. Did you mean 'water_tap' or"),
        (rule("per_floor_area", times="3", measures=["water_tap"], same=["size"]), "there is no attribute of peers 'size'"),
        (rule("implied_factor", numerator="tap", denominator="power", source="s"), "needs low or high"),
        (rule("implied_factor", numerator="tap", denominator="power", source="s", low="2", high="1"), "low is above high"),
        (rule("implied_factor", numerator="tap", denominator="power", high="1"), "needs 'source'"),
        (rule("implied_factor", numerator="tap", denominator="heads", high="1", source="s", by="site"), "looks at 'heads' site by site"),
        (rule("season", measures=["water_tap"], times="2", least_years=1).replace('"1"', "1"), "greater than or equal to 2"),
        (rule("season", measures=["employees"], times="2"), "there is no flow that is sent 'employees'"),
        (rule("year_on_year", above="0.3") * 2, "anomaly 'r' is given twice"),
        (rule("year_on_year", above="0.3", periods=["1999"]), "there is no period '1999'"),
        (rule("year_on_year", above="0.3", where={}).replace("{}", '{ country = ["CN"] }'), "where narrows sites"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_meant_is_refused(tmp_path: Path, rules: str, message: str) -> None:
    heads = kpi("heads", "person", "employees")
    kpis = [POWER, TAP, heads, kpi("hours", "hour", "hours_worked"), kpi("per", "tonne/person", formula="ratio", numerator="tap", denominator="heads")]
    with pytest.raises(InputProblem) as caught:
        edition_of(tmp_path, kpis, EVERYWHERE + rules)

    assert message in str(caught.value)
    assert "edition.toml" in str(caught.value)


# ---------------------------------------------------------------- what holds and what is stale


def told(root: Path, observed: str, name: str | None = None) -> tuple[dict[str, Any], pl.DataFrame]:
    """The one anomaly of `BILLS` (10 to 20.5 t of water), explained as it was `observed`, and the notes."""
    folder = edition_folder(root, [TAP], YEAR_ON_YEAR)
    known = looked(computed(read_edition(folder), BILLS)).table["anomaly_id"][0]
    (folder / "explanations.csv").write_text(f"{HEADER}\n{name or known},{observed},New canteen,CFO,2024-03-01\n")
    result = looked(computed(read_edition(folder), BILLS))
    return result.table.row(0, named=True), result.notes


@pytest.mark.parametrize(("observed", "state", "words"), [("20.50", "explained", "CFO: New canteen"), ("20.4", "stale", "CFO, of 20.4 tonne, which it is no longer: New canteen"), ("20", "stale", "CFO, of 20 tonne, which")])
def test_an_explanation_holds_for_the_value_it_explained(tmp_path: Path, observed: str, state: str, words: str) -> None:
    row, notes = told(tmp_path, observed)

    assert (row["state"], row["explanation"], row["explained_by"], row["explained_on"]) == (state, "New canteen", "CFO", "2024-03-01")
    assert row["explained_observed"] == Decimal(observed)
    assert notes.is_empty()
    [finding] = anomaly_findings(pl.DataFrame([row], schema=ANOMALIES.schema), notes)
    assert (finding["severity"], words in finding["observed"]) == ("note" if state == "explained" else "warning", True)


def test_an_explanation_of_nothing_is_told(tmp_path: Path) -> None:
    row, notes = told(tmp_path, "20.5", ID)

    assert (row["state"], row["explanation"]) == ("open", None)
    finding = anomaly_findings(pl.DataFrame([row], schema=ANOMALIES.schema), notes)[1]
    assert (finding["subject"], finding["severity"]) == (f"explanation of {ID}", "note")
    assert finding["observed"] == "it explains nothing that is there now: New canteen"


def many(count: int, root: Path) -> pl.DataFrame:
    row, _ = told(root, "20.4")
    return pl.DataFrame([row | {"anomaly_id": f"a{number:011}", "state": "stale" if number == 1 else "open"} for number in range(count)], schema=ANOMALIES.schema)


@pytest.mark.parametrize(("count", "findings"), [(MOST, MOST), (MOST + 1, 1)])
def test_very_many_are_one_finding(tmp_path: Path, count: int, findings: int) -> None:
    rows = anomaly_findings(many(count, tmp_path), no_notes())

    assert len(rows) == findings
    if findings == 1:
        assert rows[0]["subject"] == "21 anomalies of r"
        assert rows[0]["observed"].startswith("21 open, of them 1 stale, such as tap, ")


# ---------------------------------------------------------------- the worked company, and the command


def test_the_report_explains_what_its_footnotes_speak_of(worked: Ran) -> None:
    """Footnotes 74 to 77: energy, emissions, water and hazardous waste. Injuries and lost days are explained nowhere."""
    own = worked.table("anomalies").filter((pl.col("edition") == "2023") & (pl.col("rule") == "kpi-year-on-year"))
    notes = {row["subject"]: (row["explained_by"] or "")[-2:] for row in own.iter_rows(named=True)}

    assert notes == {
        "total_energy_consumption": "74", "direct_energy_consumption": "74", "indirect_energy_consumption": "74", "ghg_scope_1_2": "75", "ghg_scope_1": "75", "ghg_scope_2": "75",
        "water_withdrawal": "76", "fresh_water_consumption": "76", "reclaimed_water_consumption": "76", "hazardous_waste": "77", "injury_rate_per_million_hours": "", "lost_days_work_injury": "",
    }  # fmt: skip
    energy = own.filter(pl.col("subject") == "total_energy_consumption").row(0, named=True)
    assert energy["contributors"].startswith("CN-EV-01 +51,707.06; CN-BJ-10 +")  # 14,638.78 + 37,068.28 of footnote 74
    assert set(own.filter(pl.col("explained_by") != "")["state"]) == {"explained"}


def test_the_worked_data_ask_for_as_few_as_a_person_can_answer(worked: Ran) -> None:
    counts = worked.table("anomalies").group_by("edition", "rule").len().rows()

    assert {name: count for _, name, count in counts} == {"kpi-year-on-year": 12, "electricity-per-floor-area": 1, "other-flows-per-floor-area": 4}
    found = worked.table("findings").filter(pl.col("check") == "anomaly")
    assert dict(found.group_by("severity").len().rows()) == {"warning": 7, "note": 10}


def writable(worked: Ran, root: Path) -> Ran:
    """The results of the worked run, with editions of their own."""
    shutil.copytree(worked.root / "editions", root / "editions")
    return replace(worked, root=root)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_explain_writes_to_the_edition_of_the_anomaly_and_nowhere_else(worked: Ran, tmp_path: Path) -> None:
    own = writable(worked, tmp_path)
    [name] = own.table("anomalies").filter(pl.col("subject") == "lost_days_work_injury")["anomaly_id"]
    before = rows_of(tmp_path / "editions" / "2023" / "explanations.csv")
    path = explained(own.root, own.out, name, "=cmd()|'/C calc'!A0", "HR", "2024-03-01", None, replace=False)

    assert path == tmp_path / "editions" / "2023" / "explanations.csv"
    assert rows_of(path)[:-1] == before
    assert rows_of(path)[-1] == dict(zip(COLUMNS, (name, "1190", "'=cmd()|'/C calc'!A0", "HR", "2024-03-01"), strict=True))
    assert not (tmp_path / "editions" / "2020" / "explanations.csv").exists()
    read = read_edition(tmp_path / "editions" / "2023").explanations[name]
    assert (read.observed, read.explanation) == (1190, "=cmd()|'/C calc'!A0")
    with pytest.raises(UsageProblem, match="It is explained already"):
        explained(own.root, own.out, name, "Again", "HR", "2024-03-02", None, replace=False)
    explained(own.root, own.out, name, "Again", "HR", "2024-03-02", None, replace=True)
    assert [row["explanation"] for row in rows_of(path) if row["anomaly_id"] == name] == ["Again"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"anomaly": "a00000000000"}, "The last run has no anomaly 'a00000000000'"),
        ({"edition": "2020"}, "in edition 2020"),
        ({"edition": "1999"}, "The last run has no edition '1999'"),
        ({"text": " \n"}, "--text: It says nothing"),
        ({"by": ""}, "--by: It says nothing"),
        ({"text": "…"}, "--text: It says nothing"),
        ({"on": "yesterday"}, "'yesterday' is no date"),
    ],
)
def test_explain_refuses_what_explains_nothing(worked: Ran, tmp_path: Path, given: dict[str, Any], message: str) -> None:
    own = writable(worked, tmp_path)
    [name] = own.table("anomalies").filter(pl.col("subject") == "lost_days_work_injury")["anomaly_id"]
    asked = {"anomaly": name, "text": "Why", "by": "HR", "on": "2024-03-01", "edition": None} | given
    with pytest.raises(UsageProblem) as caught:
        explained(own.root, own.out, replace=False, **asked)

    assert message in str(caught.value)


def test_the_command_lists_what_waits(worked: Ran) -> None:
    waiting = answer(worked, "anomalies", "--open", "--edition", "2023")
    shown = look(worked, "anomalies", "--edition", "2023").stdout

    assert {row["state"] for row in waiting} == {"open"}
    assert len(waiting) == 7
    assert "Anomalies: 10 explained, 7 open." in shown
    assert "2023 ESG report, footnote 77:" in shown
    assert json.dumps(waiting).count("a283603c63c2") == 1
    assert look(worked, "anomalies", "--edition", "1999").returncode == 2


def test_a_cell_of_the_results_begins_no_formula(worked: Ran) -> None:
    """What drives a change begins with a site or a word, so that no apostrophe stands before it."""
    for name in ("contributors", "subject", "threshold"):
        assert for_people(worked.table("anomalies")).filter(pl.col(name).str.starts_with("'")).is_empty()
