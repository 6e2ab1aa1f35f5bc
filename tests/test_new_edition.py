"""Next year's edition from this year's: what stays, what goes, what a person must decide, and that nothing is half there."""

import json
import shutil
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from esg_kpis.editions import Period, read_edition, read_editions
from esg_kpis.editions.renew import HEADINGS, Notes, Plan, planned
from esg_kpis.editions.renew_kpis import renewed_kpis
from esg_kpis.editions.renew_rules import renewed_rules
from esg_kpis.editions.toml_blocks import blocks_of, text_of
from esg_kpis.errors import InputProblem, UsageProblem
from pipelines import new_edition as making
from pipelines.asked import Request
from pipelines.latest import read_result
from pipelines.new_edition import new_edition
from pipelines.run import execute
from tests.conftest import REPOSITORY
from tests.scenario import factor_row, gwp_row, library_folder
from tests.test_cli import esg_kpis

FACTORS, ANEW, ENDED, EVERY, LEFT, GONE = HEADINGS[1:]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The editions and factors of this repository, without data."""
    for part in ("factors", "editions"):
        shutil.copytree(REPOSITORY / part, tmp_path / part)
    (tmp_path / "data" / "raw").mkdir(parents=True)
    return tmp_path


def comments(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("#") and not line.startswith("# DECIDE")]


def lines_of(made: dict[str, Any], heading: str) -> list[str]:
    return list(made["decide"].get(heading, []))


# ---------------------------------------------------------------- the worked editions


def test_next_year_of_the_worked_edition(root: Path) -> None:
    made = new_edition(root, "2024", "2023", known_on="2025-04-09")
    old, new = (read_edition(root / "editions" / name) for name in ("2023", "2024"))

    assert (new.rules.document, new.rules.knowledge_date, list(new.periods)) == ("2024 ESG report", date(2025, 4, 9), ["2024", "2023", "2022", "2021"])
    assert list(new.defined) == list(old.defined)
    assert new.published.is_empty()
    assert (new.rules.known_difference, new.rules.waiver, new.rules.small_groups.disclosure) == ((), (), ())
    assert new.rules.small_groups.k == old.rules.small_groups.k
    assert new.labels == old.labels
    assert made["folder"] == str(root / "editions" / "2024")


def test_no_factor_rule_speaks_of_the_new_period_by_itself(root: Path) -> None:
    made = new_edition(root, "2024", "2023")
    old, new = (read_edition(root / "editions" / name).rules for name in ("2023", "2024"))
    served = {rule.id for rule in old.factor_rule if "2023" in rule.applies_to}

    assert [rule.id for rule in new.factor_rule if "2024" in rule.applies_to] == []
    assert {rule.id: rule.applies_to for rule in new.factor_rule} == {
        rule.id: tuple(name for name in rule.applies_to if name != "2020") for rule in old.factor_rule if rule.applies_to != ("2020",)
    }
    assert {line.split()[2] for line in lines_of(made, FACTORS) if line.startswith("no rule")} == served
    text = (root / "editions" / "2024" / "edition.toml").read_text(encoding="utf-8")
    assert [name for name in served if f"# DECIDE 2024: factor_rule {name} does not speak of 2024." not in text] == []
    assert any("cea-v21 (data to 2025-03-31, published 2025-11-30, after the knowledge date)" in line for line in lines_of(made, FACTORS))


@pytest.mark.parametrize(("old", "new", "gone"), [("2023", "2024", "2020"), ("2020", "2021", "2020")])
def test_every_entry_that_named_only_dropped_periods_is_told(root: Path, old: str, new: str, gone: str) -> None:
    made = new_edition(root, new, old)
    rules = read_edition(root / "editions" / old).rules
    only = [f"factor_rule {item.id}" for item in rules.factor_rule if item.applies_to == (gone,)]
    only += [f"boundary {item.id}" for item in rules.boundary if item.periods == (gone,)] + [f"exclusion {item.id}" for item in rules.exclusion if item.periods == (gone,)]

    assert only
    assert [name for name in only if f"{name}, for {gone}" not in lines_of(made, GONE)] == []
    assert len([line for line in lines_of(made, LEFT) if line.startswith("known_difference")]) == len(rules.known_difference)


def test_definitions_go_on_and_gaps_do_not(root: Path) -> None:
    made = new_edition(root, "2024", "2023")
    kpis = read_edition(root / "editions" / "2024").defined

    assert kpis["training_rate"].periods == ("2024", "2023", "2022", "2021")
    assert [spread.periods for spread in kpis["turnover_rate"].breakdowns if spread.name == "region"] == [("2024", "2023"), ("2022", "2021")]
    assert [gap.periods for gap in kpis["ghg_scope_3"].not_collected] == [("2023",)]
    assert [gap.periods for gap in kpis["packaging_material"].not_collected] == [("2021",)]
    assert "KPI turnover_rate, breakdown region: the definition of 2023 goes on" in lines_of(made, EVERY)
    assert "KPI ghg_scope_3, not_collected for 2023: 2024 is expected to be collected" in lines_of(made, ENDED)
    assert "KPI ghg_scope_3, not_collected for 2020" in lines_of(made, GONE)
    assert lines_of(made, ANEW)[0].startswith("small_groups.disclosure work_related_fatalities: Fatalities are printed")


def test_comments_and_what_does_not_change_stay_as_they_are_written(root: Path) -> None:
    new_edition(root, "2024", "2023")
    for name in ("edition.toml", "kpis.yaml", "labels.yaml"):
        before, after = ((root / "editions" / edition / name).read_text(encoding="utf-8") for edition in ("2023", "2024"))
        assert comments(before) == comments(after)
    old, new = ((root / "editions" / edition / "kpis.yaml").read_text(encoding="utf-8").splitlines() for edition in ("2023", "2024"))
    assert all("periods" in line or line.startswith("# DECIDE") for line in set(new) - set(old))


def test_the_same_again_gives_the_same_bytes_and_marks_do_not_pile_up(root: Path) -> None:
    def made(new: str, old: str) -> dict[str, bytes]:
        new_edition(root, new, old)
        return {path.name: path.read_bytes() for path in sorted((root / "editions" / new).iterdir())}

    first = made("2024", "2023")
    shutil.rmtree(root / "editions" / "2024")

    assert made("2024", "2023") == first
    assert b"# DECIDE 2024" not in made("2025", "2024")["edition.toml"]
    assert list(read_edition(root / "editions" / "2025").periods) == ["2025", "2024", "2023", "2022"]


def test_what_is_beside_the_edition_is_copied_or_told(root: Path) -> None:
    folder = root / "editions" / "2023"
    targets = (folder / "targets.yaml").read_text()
    made = new_edition(root, "2024", "2023")

    assert not (root / "editions" / "2024" / "explanations.csv").exists()
    assert "explanations.csv: not a file that goes on by itself" in lines_of(made, LEFT)
    assert (root / "editions" / "2024" / "targets.yaml").read_text() == f"# DECIDE 2024: copied from edition 2023 as it is.\n{targets}"


def test_a_new_edition_runs_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    root = tmp_path / "w"
    library_folder_of(root)
    (root / "data" / "raw" / "sites").mkdir(parents=True)
    (root / "data" / "raw" / "sites" / "sites.csv").write_text("site_id,name,country,kind\nHQ,HQ,CN,office\n", encoding="utf-8")
    (root / "data" / "raw" / "energy").mkdir()
    bills = "".join(f"HQ,electricity_purchased,kWh,{year}-04-01,{year + 1}-03-31,1000\n" for year in (2021, 2022, 2023))
    (root / "data" / "raw" / "energy" / "bills.csv").write_text("site_id,measure,unit,period_start,period_end,quantity\n" + bills, encoding="utf-8")
    fiscal(root)
    new_edition(root, "fy24", "fy23", known_on="2024-09-30")

    execute(Request(root, tmp_path / "out", ("fy24",)), lambda _step, _ended: None)
    cells = {(row["kpi_id"], row["period"]): row for row in read_result(tmp_path / "out", "kpi_values").iter_rows(named=True)}
    assert cells["load", "FY2024"]["printed"] == cells["load", "FY2023"]["printed"] == "1000"
    assert cells["ghg", "FY2023"]["printed"] == "0.50"
    assert cells["ghg", "FY2024"]["status"] == "blocked"
    assert "No rule" in cells["ghg", "FY2024"]["reason"]
    assert read_result(tmp_path / "out", "kpi_labels")["edition"].unique().to_list() == ["fy24"]


# ---------------------------------------------------------------- fiscal years, and every kind of entry


FISCAL = """\
# A report by fiscal years, from April to March.
id = "fy23"
document = "Report FY2023"   # the cover says so
knowledge_date = 2023-09-30
knowledge_text = "t"
gwp_set = "AR5"
gwp_text = "t"

[[period]]
id = "FY2022"
first = 2021-04-01
last = 2022-03-31

[[period]]
id = "FY2023"
first = 2022-04-01
last = 2023-03-31

# ---- boundaries

# About the old one.
[[boundary]]
id = "old"
periods = ["FY2022"]
text = "t"

[[boundary]]
id = "all"
text = "[[not a header]]"

[[factor_rule]]
id = "grid"
measures = ["electricity_purchased"]
output = "emission_gas"
gases = ["CO2"]
source = "mee"
data_year = 2022
applies_to = [
  "FY2022",  # first used then
  "FY2023",
]

[[factor_rule]]
id = "grid-old"
measures = ["electricity_purchased"]
output = "emission_gas"
gases = ["CO2"]
source = "mee"
data_year = 2022
applies_to = ["FY2022"]

[[exclusion]]
id = "left"
gases = ["N2O"]
periods = ["FY2023"]   # for now
text = "t"

[[estimate]]
id = "gap"
method = "mean_of_neighbouring_months"
measures = ["electricity_purchased"]
periods = ["FY2022", "FY2023"]
text = "t"

[[uncertainty]]
id = "doubt"
percent = "2"
measures = ["electricity_purchased"]
periods = ["FY2022"]
text = "t"

# ---- looking otherwise

[[lens]]
id = "no-old-rule"
text = "t"
without_rules = ["grid-old"]

[[lens]]
id = "other"
text = "t"

[[lens.boundary]]
id = "was"
periods = ["FY2022"]
text = "t"

[[lens]]
id = "ar4"
text = "t"
gwp_set = "AR4"
without_rules = ["grid-old"]

[[waiver]]
finding = "0123456789ab"
reason = "Lost in the fire"
who = "Board"
until = 2024-01-01

# The end.
"""
FISCAL_KPIS = """\
# In the order of the report.

- id: load
  label: Load
  text: t
  source: s
  unit: kWh
  decimals: 0
  formula: sum
  amounts: [{measure: electricity_purchased}]
  periods:
    - FY2022
    - FY2023

# Only then.
- id: once
  label: Once
  text: t
  source: s
  unit: kWh
  decimals: 0
  formula: sum
  amounts: [{measure: electricity_purchased}]
  periods: [FY2022]

- id: ghg
  label: GHG
  text: >-
    Folded, with a # that is no comment.
  source: s
  unit: tCO2e
  decimals: 2
  formula: sum
  amounts: [{measure: emission_co2e, scope: ["1", "2"]}]
  breakdowns: &both
    - {name: total, categories: {All: {}}}
    # As it was.
    - {name: kind, categories: {Shop: {kind: [store]}}, periods: [FY2022]}
    - {name: kind, categories: {Office: {kind: [office]}}, periods: [FY2023]}

- id: again
  label: Again
  text: t
  source: s
  unit: tCO2e
  decimals: 2
  formula: sum
  amounts: [{measure: emission_co2e, scope: ["1", "2"]}]
  not_collected: [{periods: [FY2022], text: dash}]
  breakdowns: *both
"""
FISCAL_LABELS = """\
kpis: {load: {zh: 用電量}, once: {zh: 一次}, ghg: {zh: 排放量}}
breakdowns:
  kind:
    label: {zh: 類別}
    categories:
      Shop: {zh: 商店}
      Office: {zh: 辦公室}
tables:
  Old:
    zh: 舊
    kpis: [once]
  New:
    zh: 新
    kpis: [load, ghg/kind/Shop, ghg]
"""


def fiscal(root: Path) -> Path:
    folder = root / "editions" / "fy23"
    folder.mkdir(parents=True)
    (folder / "edition.toml").write_text(FISCAL, encoding="utf-8")
    (folder / "kpis.yaml").write_text(FISCAL_KPIS, encoding="utf-8")
    (folder / "labels.yaml").write_text(FISCAL_LABELS, encoding="utf-8")
    return folder


def library_folder_of(root: Path) -> Path:
    root.mkdir(exist_ok=True)
    return library_folder(root, {"mee": [factor_row(data_from="2022-01-01", data_to="2022-12-31")]}, [gwp_row("CO2", "1"), gwp_row("CO2", "1", gwp_set="AR4")])


@pytest.fixture
def by_fiscal_years(tmp_path: Path) -> Path:
    (tmp_path / "data" / "raw").mkdir(parents=True)
    library_folder_of(tmp_path)
    fiscal(tmp_path)
    return tmp_path


def test_a_fiscal_year_is_followed_by_the_next(by_fiscal_years: Path) -> None:
    made = new_edition(by_fiscal_years, "fy24", "fy23")
    edition = read_edition(by_fiscal_years / "editions" / "fy24")

    assert made["period"] == {"id": "FY2024", "first": "2023-04-01", "last": "2024-03-31"}
    assert [period.id for period in edition.rules.period] == ["FY2023", "FY2024"]
    assert edition.rules.document == "Report FY2024"
    assert edition.rules.knowledge_date == date(2024, 3, 31)
    assert any(line.startswith("knowledge_date: 2024-03-31 stands in") for line in lines_of(made, HEADINGS[0]))


def test_each_kind_of_entry(by_fiscal_years: Path) -> None:
    made = new_edition(by_fiscal_years, "fy24", "fy23")
    rules = read_edition(by_fiscal_years / "editions" / "fy24").rules
    text = (by_fiscal_years / "editions" / "fy24" / "edition.toml").read_text(encoding="utf-8")

    assert [item.id for item in rules.boundary] == ["all"]
    assert [(item.id, item.applies_to) for item in rules.factor_rule] == [("grid", ("FY2023",))]
    assert [(item.id, item.periods) for item in (*rules.exclusion, *rules.estimate)] == [("left", ("FY2023",)), ("gap", ("FY2023",))]
    assert rules.uncertainty == ()
    assert [(item.id, item.without_rules) for item in rules.lens] == [("ar4", ())]
    assert lines_of(made, GONE)[:6] == [
        "boundary old, for FY2022", "factor_rule grid-old, for FY2022", "uncertainty doubt, for FY2022", "lens no-old-rule: what it changed is gone",
        "lens.boundary was, for FY2022", "lens other: what it changed is gone",
    ]  # fmt: skip
    assert lines_of(made, ENDED)[:2] == ["exclusion left, for FY2023", "estimate gap, for FY2022, FY2023"]
    assert "waiver 0123456789ab: Lost in the fire" in lines_of(made, ANEW)
    # Comments stay, but for the one that stood on the entry that is gone.
    assert comments(text) == [line for line in comments(FISCAL) if line != "# About the old one."]
    assert 'periods = ["FY2023"]  # for now' in text
    assert 'applies_to = ["FY2023"]  # first used then' in text
    assert 'document = "Report FY2024"  # the cover says so' in text


def test_definitions_and_labels_that_go(by_fiscal_years: Path) -> None:
    made = new_edition(by_fiscal_years, "fy24", "fy23")
    folder = by_fiscal_years / "editions" / "fy24"
    edition, text = read_edition(folder), (folder / "kpis.yaml").read_text(encoding="utf-8")

    assert list(edition.defined) == ["load", "ghg", "again"]
    assert edition.defined["load"].periods == ("FY2023", "FY2024")
    assert [(spread.name, spread.periods) for spread in edition.defined["again"].breakdowns] == [("total", ()), ("kind", ("FY2024", "FY2023"))]
    assert edition.defined["again"].not_collected == ()
    assert edition.defined["ghg"].text == "Folded, with a # that is no comment."
    assert comments(text) == ["# In the order of the report."]
    assert edition.labels is not None
    assert list(edition.labels.tables) == ["New"]
    assert edition.labels.tables["New"].kpis == ("load", "ghg")
    assert list(edition.labels.breakdowns["kind"].categories) == ["Office"]
    assert [line for line in lines_of(made, GONE) if line.startswith("label")] == ["label of KPI once", "label of category of kind Shop", "label of table Old"]
    assert {"KPI once, for FY2022", "KPI ghg, breakdown kind for FY2022", "KPI again, not_collected for FY2022"} <= set(lines_of(made, GONE))


# ---------------------------------------------------------------- what is refused, and what is never half there


@pytest.mark.parametrize(
    ("new", "old", "message"),
    [
        ("../x", "2023", "'../x' is no id"), ("a/b", "2023", "is no id"), (".hidden", "2023", "is no id"), ("", "2023", "is no id"), ("2024\n", "2023", "is no id"),
        ("2024", "2032", "Did you mean '2023'"), ("2024", "../editions/2023", "no edition '../editions/2023'"), ("2023", "2023", "an edition '2023' already"), ("2020", "2023", "an edition '2020' already"),
    ],
)  # fmt: skip
def test_what_is_refused(root: Path, new: str, old: str, message: str) -> None:
    before = sorted(path.name for path in (root / "editions").iterdir())
    with pytest.raises(UsageProblem) as caught:
        new_edition(root, new, old)

    assert message in str(caught.value)
    assert sorted(path.name for path in (root / "editions").iterdir()) == before


def test_a_folder_that_is_no_edition_yet_is_not_touched(root: Path) -> None:
    (root / "editions" / "2024").mkdir()

    with pytest.raises(UsageProblem, match="already"):
        new_edition(root, "2024", "2023")
    assert list((root / "editions" / "2024").iterdir()) == []


def test_a_run_that_is_killed_leaves_no_edition_and_the_next_one_clears_up(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    half = root / "editions" / ".new-edition" / "2024"
    half.mkdir(parents=True)
    (half / "edition.toml").write_text("half")
    assert [edition.id for edition in read_editions(root / "editions")] == ["2020", "2023", "transparency-2020"]

    def fails(*_: object) -> None:
        raise InputProblem("It is full.")

    monkeypatch.setattr(making, "write_whole", fails)
    with pytest.raises(InputProblem, match="full"):
        new_edition(root, "2024", "2023")
    assert sorted(path.name for path in (root / "editions").iterdir()) == ["2020", "2023", "transparency-2020"]

    monkeypatch.undo()
    new_edition(root, "2024", "2023")
    assert sorted(path.name for path in (root / "editions").iterdir()) == ["2020", "2023", "2024", "transparency-2020"]


def test_entries_written_inline_are_refused_not_left_with_dropped_periods() -> None:
    text = FISCAL.replace('[[boundary]]\nid = "old"\nperiods = ["FY2022"]\ntext = "t"\n', "") + '[small_groups]\nk = 5\ndisclosure = [{ kpi_id = "load", periods = ["FY2022"], reason = "r", who = "w" }]\n'

    with pytest.raises(InputProblem, match="A list of periods still names 'FY2022'"):
        renewed_rules(text, plan(), Notes())


@pytest.mark.parametrize(
    ("inline", "name"),
    [
        ('waiver = [{ finding = "0", reason = "r", who = "w", until = 2024-01-01 }]\n', "waiver"),
        ('known_difference = [{ kpi_id = "load", text = "t", proof = "p" }]\n', "known_difference"),
        ('small_groups = { k = 5, disclosure = [{ kpi_id = "load", reason = "r", who = "w" }] }\n', "small_groups.disclosure"),
    ],
)
def test_what_is_not_to_be_taken_over_is_not_taken_over_inline(inline: str, name: str) -> None:
    text = FISCAL.replace('id = "fy23"\n', f'id = "fy23"\n{inline}', 1)
    text = text[: text.index("[[waiver]]")]

    with pytest.raises(InputProblem, match=f"'{name}' is written inline"):
        renewed_rules(text, plan(), Notes())


def test_periods_written_inline_are_told() -> None:
    text = 'id = "a"\nperiod = [{ id = "FY2023", first = 2022-04-01, last = 2023-03-31 }]\nknowledge_text = "t"\n'

    with pytest.raises(InputProblem, match="'period' is written inline"):
        renewed_rules(text, plan(), Notes())


def plan() -> Plan:
    return Plan("fy23", "fy24", "Report", None, Period(id="FY2024", first=date(2023, 4, 1), last=date(2024, 3, 31)), "FY2023", ("FY2023",))


def test_a_kpi_that_goes_and_is_needed_is_told() -> None:
    needs = FISCAL_KPIS + "- {id: per, label: l, text: t, source: s, unit: '%', decimals: 1, formula: share, numerator: once, denominator: load}\n"

    with pytest.raises(InputProblem, match="KPI 'once' is for the oldest period only, and 'per' rests on it"):
        renewed_kpis(needs, plan(), Notes())


@pytest.mark.parametrize(
    ("period_id", "first", "last", "name"),
    [
        ("2023", "2023-01-01", "2023-12-31", "2024"), ("FY2023", "2022-04-01", "2023-03-31", "FY2024"), ("2022/23", "2022-07-01", "2023-06-30", "2023/24"),
        ("2022-2023", "2022-04-01", "2023-03-31", "2023-2024"), ("FY99", "1998-04-01", "1999-03-31", "FY00"), ("2099", "2099-01-01", "2099-12-31", "2100"),
    ],
)  # fmt: skip
def test_the_id_of_the_new_period(period_id: str, first: str, last: str, name: str) -> None:
    made = planned("a", "b", [Period(id=period_id, first=date.fromisoformat(first), last=date.fromisoformat(last))], "Report", None, None, None)

    assert made.period.id == name
    assert made.period.months == 12
    assert made.document == "Report (b)"
    assert made.kept == ()


def test_an_id_that_does_not_follow_is_asked_for() -> None:
    halves = [Period(id="H2", first=date(2023, 7, 1), last=date(2023, 12, 31)), Period(id="H1", first=date(2023, 1, 1), last=date(2023, 6, 30))]

    with pytest.raises(UsageProblem, match="from 2024-01-01 to 2024-06-30 with --period"):
        planned("a", "b", halves, "Report", None, None, None)
    assert planned("a", "b", halves, "Report", "Mine", None, "H3").period.id == "H3"


def test_blocks_of_a_file_make_the_file_again() -> None:
    for text in (FISCAL, *((path / "edition.toml").read_text(encoding="utf-8") for path in sorted((REPOSITORY / "editions").iterdir()))):
        assert text_of(blocks_of(text)) == text
    quoted = 'a = """\n[[not]]\n"""\n[b]\nc = 1\n'
    assert [block.name for block in blocks_of(quoted)] == ["", "b"]
    with pytest.raises(tomllib.TOMLDecodeError):
        blocks_of("a = ")


def test_the_command_prints_the_checklist_and_json(tmp_path: Path) -> None:
    root = tmp_path / "w"
    for part in ("factors", "editions"):
        shutil.copytree(REPOSITORY / part, root / part)
    (root / "data" / "raw").mkdir(parents=True)
    shown = esg_kpis("--root", str(root), "new-edition", "2024", "--from", "2023", "--document", "Next", home=tmp_path / "home")
    told = esg_kpis("--root", str(root), "new-edition", "2025", "--from", "2024", "--json", home=tmp_path / "home")
    failed = esg_kpis("--root", str(root), "new-edition", "x/y", "--from", "2023", home=tmp_path / "home")

    assert shown.returncode == told.returncode == 0
    assert "What a person must decide now" in shown.stdout
    assert "[ ] no rule grid-cn-2022 for 2024" in shown.stdout
    assert json.loads(told.stdout)["periods"] == ["2025", "2024", "2023", "2022"]
    assert failed.returncode == 2
    assert yaml.safe_load((root / "editions" / "2025" / "kpis.yaml").read_text(encoding="utf-8"))[0]["id"] == "revenue"
    assert pl.read_csv(root / "editions" / "2025" / "published.csv").is_empty()


def test_a_framework_that_is_followed_by_another_is_named_by_the_one_in_force(root: Path) -> None:
    new_edition(root, "2024", "2023")
    made = new_edition(root, "2025", "2024")

    rules = (root / "editions" / "2025" / "edition.toml").read_text()
    assert 'id = "hkex-code-2025"' in rules
    assert 'id = "hkex-guide-2020"' not in rules
    assert any("framework hkex-guide-2020 is followed by hkex-code-2025" in line for line in lines_of(made, HEADINGS[0]))
