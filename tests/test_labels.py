"""Labels in English and Traditional Chinese, their order in the report, and the KPI table made with them."""

import csv
import io
import json
import re
import unicodedata
from pathlib import Path

import polars as pl
import pytest
import yaml

from esg_kpis.assurance.labels import label_findings
from esg_kpis.editions import read_edition
from esg_kpis.editions.labelled import kpi_labels, labels_of, library_words, missing_labels
from esg_kpis.errors import InputProblem
from esg_kpis.report.kpi_table import kpi_table, kpi_table_csv, with_thousands
from esg_kpis.tables import KPI_VALUES, PUBLISHED, STATUSES, VERDICTS, conform, empty
from tests.conftest import REPOSITORY, Ran
from tests.scenario import edition_folder, edition_of, kpi
from tests.test_cli import look

EDITIONS = [path.parent for path in sorted((REPOSITORY / "editions").glob("*/labels.yaml"))]
OTHERWISE_USED = set("云后里干谷丑斗几仆朴胜征札余郁御岳松术折种周准")
"""Simplified forms that are frequent in Traditional Chinese too, as other characters; none of them is in place in these labels."""
BOTH = set("烷")
"""Rare, and the same in both: 甲烷 is methane."""


def simplified_in(text: str) -> set[str]:
    """Characters that are written so in Simplified Chinese only."""
    return {letter for letter in text if unicodedata.name(letter, "").startswith("CJK UNIFIED") and (letter in OTHERWISE_USED or _is_rare_in_big5(letter)) and letter not in BOTH}


def _is_rare_in_big5(letter: str) -> bool:
    """Whether Big5, the set of Traditional characters, lacks it, or has it only among the rare ones (from C9 on) while the Simplified set has it: 气 and 体 are there."""
    try:
        return letter.encode("big5")[0] >= 0xC9 and bool(letter.encode("gb2312", errors="ignore"))
    except UnicodeEncodeError:
        return True


# ---------------------------------------------------------------- the labels of the editions


def test_the_test_for_simplified_characters_finds_some() -> None:
    assert simplified_in("综合能源消耗总量、员工、温室气体、云、后") == {"综", "总", "员", "温", "气", "体", "云", "后"}
    assert simplified_in("溫室氣體排放總量（範圍一及範圍二）、因工亡故、有害廢棄物、公斤、每人") == set()


@pytest.mark.parametrize("text", [*(folder / "labels.yaml" for folder in EDITIONS), REPOSITORY / "src/esg_kpis/words.toml"], ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_label_has_a_simplified_character(text: Path) -> None:
    assert simplified_in(text.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize("folder", EDITIONS, ids=lambda folder: folder.name)
def test_everything_of_the_editions_has_a_chinese_label_in_chinese(folder: Path) -> None:
    edition = read_edition(folder)
    labels = kpi_labels(edition, empty(KPI_VALUES))

    assert missing_labels(edition) == {}
    assert labels["label_zh"].null_count() == labels["unit_zh"].null_count() == labels["table_zh"].null_count() == 0
    assert [text for text in labels["label_zh"] if not any(unicodedata.name(letter).startswith("CJK") for letter in text)] == []


@pytest.mark.parametrize("folder", EDITIONS, ids=lambda folder: folder.name)
def test_every_printed_figure_stands_in_the_table_that_prints_it(folder: Path) -> None:
    edition = read_edition(folder)
    places = {row[:3]: row[3] for row in kpi_labels(edition, empty(KPI_VALUES)).select("kpi_id", "breakdown", "category", "table").iter_rows()}
    printed = [row for row in edition.published.iter_rows(named=True) if row["kpi_id"] in edition.kpis]

    assert {row["table"] for row in printed} <= set(edition.labels.tables if edition.labels else ())
    assert [row for row in printed if places[row["kpi_id"], row["breakdown"], row["category"]] != row["table"]] == []


def test_tables_follow_the_report() -> None:
    labels = kpi_labels(read_edition(REPOSITORY / "editions" / "2023"), empty(KPI_VALUES)).sort("place")
    levels = labels.filter(pl.col("table") == "Employees: By Cohort Level")["category"].to_list()

    assert levels[:4] == ["Senior", "Senior|Male", "Senior|Female", "Mid-Level"]
    assert labels["place"].to_list() == list(range(1, labels.height + 1))
    assert labels.filter(pl.col("kpi_id") == "revenue")["table"].to_list() == ["Not in a table of the report"]


def test_the_words_of_the_library_are_complete() -> None:
    words = library_words()

    assert tuple(words["statuses"]) == STATUSES
    assert tuple(words["verdicts"]) == VERDICTS
    assert all(word.en and word.zh for group in words.values() for word in group.values())


# ---------------------------------------------------------------- reading


KPIS = [
    kpi("tap", "tonne", "water_tap", breakdowns=[{"name": "total", "categories": {"All": {}}}, {"name": "kind", "categories": {"Office": {"kind": ["office"]}, "Store": {"kind": ["store"]}}}]),
    kpi("gas", "Nm3", "natural_gas"),
]


def labelled(root: Path, text: str) -> Path:
    folder = edition_folder(root, KPIS)
    (folder / "labels.yaml").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kpis: {tapp: {zh: 水}}", "no KPI 'tapp'. Did you mean 'tap'?"),
        ("breakdowns: {kinds: {label: {zh: 類}}}", "no breakdown 'kinds'. Did you mean 'kind'?"),
        ("breakdowns: {kind: {categories: {Offices: {zh: 辦}}}}", "no category of kind 'Offices'. Did you mean 'Office'?"),
        ("units: {tonnes: {zh: 噸}}", "no unit 'tonnes'. Did you mean 'tonne'?"),
        ("tables: {A: {kpis: [tap/kind/Shop]}}", "no category of tap/kind 'Shop'"),
        ("tables: {A: {kpis: [tap/land]}}", "no breakdown of tap 'land'"),
        ("tables: {A: {kpis: [gass]}}", "no KPI 'gass'. Did you mean 'gas'?"),
        ("tables: {A: {kpis: [tap]}, B: {kpis: [tap]}}", "'tap' stands in the tables 'A' and 'B'"),
        ("tables: {A: {zh: 甲}}", "kpis"),
        ("kpis:\n  tap: {zh: 水}\n  tap: {zh: 氣}", "'tap' stands twice"),
        ("kpis: {tap: {cn: 水}}", "cn"),
        ("kpis: {tap: {zh: ''}}", "zh"),
        ("- tap", "Input should be"),
        ("kpis: {tap: [", "no YAML"),
    ],
)
def test_a_mistake_is_told_with_the_way_out(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputProblem) as caught:
        read_edition(labelled(tmp_path, text))

    assert message in str(caught.value)
    assert str(caught.value).startswith("editions/e1/labels.yaml")


def test_an_empty_file_gives_no_labels_and_a_missing_one_no_findings(tmp_path: Path) -> None:
    empty_file, without = read_edition(labelled(tmp_path, "")), edition_of(tmp_path / "other", KPIS)

    assert {row["subject"] for row in label_findings(empty_file)} == {"KPI labels", "category labels", "breakdown labels", "unit labels"}
    assert label_findings(without) == []
    assert kpi_labels(without, empty(KPI_VALUES))["label_en"].to_list() == ["gas", "tap: Office", "tap: Store", "tap"]


def test_a_label_that_is_missing_is_a_note_and_english_is_shown(tmp_path: Path) -> None:
    edition = read_edition(labelled(tmp_path, "kpis: {tap: {zh: 水}}\nbreakdowns: {kind: {label: {zh: 類}, categories: {Office: {zh: 辦公室, en: Offices}}}}\nunits: {tonne: {zh: 噸}, Nm3: {zh: 標準立方米}}"))
    found = label_findings(edition)
    labels = {row["category"]: row for row in kpi_labels(edition, empty(KPI_VALUES)).filter(pl.col("kpi_id") == "tap").iter_rows(named=True)}

    assert [(row["subject"], row["observed"], row["severity"]) for row in found] == [
        ("KPI labels", "no Chinese label: gas", "note"), ("category labels", "no Chinese label: kind/Store", "note"),
    ]  # fmt: skip
    assert (labels["Office"]["label_en"], labels["Office"]["label_zh"]) == ("tap: Offices", "水：辦公室")
    assert labels["Store"]["label_zh"] is None


def test_parts_of_a_composite_category_are_enough(tmp_path: Path) -> None:
    both = [kpi("heads", "person", "employees", breakdowns=[{"name": "level|gender", "categories": {"Senior|Male": {"level": ["Senior"], "gender": ["Male"]}}}])]
    folder = edition_folder(tmp_path, both)
    (folder / "labels.yaml").write_text("breakdowns: {level: {categories: {Senior: {zh: 高級}}}, gender: {categories: {Male: {zh: 男性}}}}\nkpis: {heads: {zh: 人數}}", encoding="utf-8")

    assert kpi_labels(read_edition(folder), empty(KPI_VALUES))["label_zh"].to_list() == ["人數：高級，男性"]


def test_a_file_in_another_encoding_is_read(tmp_path: Path) -> None:
    folder = edition_folder(tmp_path, KPIS)
    (folder / "labels.yaml").write_bytes("kpis: {tap: {zh: 水}}".encode("utf-16"))

    labels = read_edition(folder).labels
    assert labels is not None
    assert labels.kpis["tap"].zh == "水"


def test_tables_may_name_a_part_of_a_kpi(tmp_path: Path) -> None:
    edition = read_edition(labelled(tmp_path, "tables: {B: {kpis: [tap/kind/Store, gas]}, A: {kpis: [tap]}}"))
    order = kpi_labels(edition, empty(KPI_VALUES)).sort("place").select("table", "kpi_id", "category").rows()

    assert order == [("B", "tap", "Store"), ("B", "gas", "All"), ("A", "tap", "All"), ("A", "tap", "Office")]
    assert labels_of("", "here", edition.defined).tables == {}


# ---------------------------------------------------------------- the KPI table


def value(period: str, status: str, printed: str | None, kpi_id: str = "tap", breakdown: str = "total", category: str = "All") -> dict[str, object]:
    row = {"edition": "e1", "kpi_id": kpi_id, "period": period, "breakdown": breakdown, "category": category, "printed": printed, "unit": "tonne", "decimals": 2}
    return row | {"status": status, "estimated_share": 0}


def values(*rows: dict[str, object]) -> pl.DataFrame:
    return conform(pl.DataFrame(list(rows), schema=KPI_VALUES.schema), KPI_VALUES)


def test_a_cell_is_a_figure_or_says_why_not(tmp_path: Path) -> None:
    edition = edition_of(tmp_path, KPIS)
    given = values(
        value("2023", "ok", "1234567.50"), value("2022", "blocked", None), value("2023", "incomplete", "-1000", "gas"), value("2022", "not_collected", None, "gas"),
        value("2023", "suppressed", None, breakdown="kind", category="Office"), value("2022", "not_applicable", None, breakdown="kind", category="Office"),
        value("2023", "ok", "0.00", breakdown="kind", category="Store"),
    )  # fmt: skip
    rows = kpi_table(kpi_labels(edition, given), given, empty(PUBLISHED))
    cells = {(row["kpi_id"], row["category"]): list(row["cells"].values()) for row in rows}

    assert cells == {
        ("tap", "All"): ["1,234,567.50", "blocked"], ("gas", "All"): ["-1,000 (incomplete)", "not collected"],
        ("tap", "Office"): ["too few persons", "not applicable"], ("tap", "Store"): ["0.00", "not defined"],
    }  # fmt: skip
    assert [with_thousands(text) for text in ("0.0045", "-0.5", "999", "1000")] == ["0.0045", "-0.5", "999", "1,000"]


def test_the_csv_cannot_start_a_formula_in_any_cell(tmp_path: Path) -> None:
    edition = edition_of(tmp_path, [kpi("tap", "tonne", "water_tap", label='=HYPERLINK("x")')])
    given = values(value("=cmd()", "ok", "-5"))
    lines = list(csv.reader(io.StringIO(kpi_table_csv(kpi_table(kpi_labels(edition, given), given, empty(PUBLISHED)), ["=cmd()"]).decode("utf-8-sig"))))

    assert lines[0] == ["table", "label_en", "label_zh", "unit", "'=cmd()", "footnote"]
    assert lines[1][1:5] == ["'=HYPERLINK(\"x\")", "'=HYPERLINK(\"x\")", "tonne", "-5"]


def test_a_run_writes_a_table_per_edition_and_no_cell_is_empty(worked: Ran) -> None:
    for edition, periods in (("2023", ["2023", "2022", "2021", "2020"]), ("2020", ["2020"])):
        rows = list(csv.DictReader(io.StringIO((worked.out / f"kpi_table_{edition}.csv").read_text(encoding="utf-8-sig"))))
        assert list(rows[0]) == ["table", "label_en", "label_zh", "unit", *periods, "footnote"]
        assert [row for row in rows if not all(row[period] for period in periods)] == []
        assert rows[0][periods[0]] == {"2023": "211,171.84", "2020": "48,608.45"}[edition]


@pytest.mark.parametrize(("lang", "words"), [("en", ("Per capita GHG emissions", "not collected")), ("zh", ("溫室氣體排放總量（範圍一", "未收集"))])
def test_the_table_fits_a_hundred_columns(worked: Ran, lang: str, words: tuple[str, ...]) -> None:
    shown = look(worked, "table", "--edition", "2023", "--lang", lang)
    widths = [sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in line) for line in shown.stdout.splitlines()]

    assert shown.returncode == 0
    assert max(widths) <= 100
    assert [word for word in (*words, "10,075,225.54") if word not in shown.stdout] == []


def test_the_table_marks_what_print_says_and_breaks_no_state(worked: Ran) -> None:
    lines = look(worked, "table", "--edition", "2023").stdout.splitlines()
    # Progress of a target is printed and has no label: it stands in no table.
    labels = worked.table("kpi_labels").filter((pl.col("edition") == "2023") & ~pl.col("open"))
    ties = worked.table("tie_out").filter((pl.col("edition") == "2023") & pl.col("verdict").is_in(["equal", "differs", "not_computed"])).join(labels, on=["kpi_id", "breakdown", "category"], how="semi")
    marks = "".join(re.findall(r"(?<=\S) ([=≠])(?=\s|$)", "\n".join(lines[:-1])))

    assert marks.count("≠") == ties.filter(pl.col("verdict") != "equal").height == 12
    assert marks.count("=") == ties.filter(pl.col("verdict") == "equal").height
    assert not any(re.fullmatch(r" *(not|collected|applicable|persons)", line) for line in lines)
    assert next(line for line in lines if line.startswith("Scope 1 by gas: N2O")).rstrip().endswith("0.55 =          0.86 =        n/a ≠")
    assert lines[-1].split("   ") == ["= equal", "≠ differs", "· stated", "n/a not applicable", "– not collected"]


@pytest.mark.parametrize(("columns", "tables"), [(100, 1), (72, 2), (60, 4)])
def test_periods_without_room_stand_in_a_table_below(worked: Ran, columns: int, tables: int) -> None:
    from rich.console import Console

    from pipelines.show_table import print_tables
    from pipelines.show_table import tables as tables_of

    console = Console(record=True, width=columns, file=io.StringIO(), highlight=False)
    print_tables(console, tables_of(worked.out, "2023", "en"), "en")
    lines = console.export_text().splitlines()

    assert max(map(len, lines)) <= columns
    assert sum(line.startswith("Key Environmental Indicators: Use amount") for line in lines) == tables
    assert [year for line in lines[: lines.index(next(line for line in lines if "footnote" in line))] if line.startswith("Indicator") for year in line.split()[2:]] == ["2023", "2022", "2021", "2020"]
    assert "12,368,223.29 ·" in "\n".join(lines)


def test_the_table_as_json_and_what_does_not_exist(worked: Ran) -> None:
    found = json.loads(look(worked, "table", "--edition", "2020", "--lang", "zh", "--json").stdout)

    assert found[0]["rows"][0]["label"] == "綜合能源消耗總量"
    assert found[0]["rows"][0]["2020"] == "48,608.45"
    for args, message in ((("--lang", "fr"), "Languages: en, zh"), (("--edition", "202"), "Did you mean")):
        failed = look(worked, "table", *args)
        assert failed.returncode == 2
        assert message in failed.stderr


def test_labels_to_read_are_the_keys_yaml_gives() -> None:
    """A category such as 30-50 must not become a date or a number on its way."""
    for folder in EDITIONS:
        entries = yaml.safe_load((folder / "labels.yaml").read_text(encoding="utf-8"))
        assert all(isinstance(name, str) for part in entries["breakdowns"].values() for name in part.get("categories", {}))
