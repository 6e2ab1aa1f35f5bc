"""`esg-kpis factors find`: which factor serves, by which rule, where on the chain, and what did not serve and why."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from esg_kpis.errors import UsageProblem
from pipelines.cli import app
from pipelines.library import Question, beside_of, found
from tests.conftest import REPOSITORY
from tests.scenario import EVERYWHERE, edition_folder, factor_row, library_folder, rule

Answer = dict[str, Any]
JUNE = date(2023, 6, 30)


def asked(measure: str = "electricity_purchased", region: str = "CN", on: date = JUNE, **given: Any) -> Question:  # noqa: ANN401
    return Question(measure, region, on, **given)


def answers(question: Question, edition: str | None = "2023", known_on: date | None = None, root: Path = REPOSITORY) -> list[Answer]:
    return found(root, question, edition, known_on)


def workspace(root: Path, files: dict[str, list[dict[str, str]]], rules: str, published: dict[str, str] | None = None) -> Path:
    """A workspace with an edition e1; each source came out on its own day."""
    sources = library_folder(root, files) / "sources.csv"
    lines = [line.replace("2022-01-01", (published or {}).get(line.partition(",")[0], "2022-01-01")) for line in sources.read_text().splitlines()]
    sources.write_text("\n".join(lines) + "\n")
    edition_folder(root, [], EVERYWHERE + rules)
    (root / "data" / "raw").mkdir(parents=True)
    return root


def grid(source: str, *, more: str = "") -> str:
    return rule(f"grid-{source}", "electricity_purchased", "emission_gas", source, "CO2", more=f'text = "By {source}."\n{more}')


# ---------------------------------------------------------------- what serves


def test_it_names_factor_kind_rung_and_rule() -> None:
    answer = answers(asked(region="CN-SC", gas="CO2"))[0]

    assert (answer["factor_id"], answer["value"], answer["unit"]) == ("cn-grid-national-ets-2022", "0.5703", "t/MWh")
    assert answer["method_means"] == "an average of what a grid delivers"
    assert (answer["region"], answer["rung"]) == ("CN", 4)
    assert (answer["rule"]["id"], answer["rule"]["text"]) == ("grid-cn-2022", "The national average of 2022 stayed in force for 2023.")
    assert answer["known_on"] == "2024-04-09"
    assert "cn-grid-swcg-2021-avg" not in str(answer["nearly"])
    assert "grid-in (in IN only)" in answer["rules_silent"]
    assert "grid-cn-2021 (for 2021 only)" in answer["rules_silent"]


def test_the_chain_of_a_province_is_shown_with_its_days_as_it_was_in_the_data_period(tmp_path: Path) -> None:
    files = {"old": [factor_row("ccg", region="CN-CCG", data_from="2019-01-01", data_to="2019-12-31")], "new": [factor_row("swcg", region="CN-SWCG")]}
    rules = grid("old", more='data_year = 2019\napplies_to = ["2022"]') + grid("new")
    root = workspace(tmp_path, files, rules)
    (root / "factors" / "regions.csv").write_bytes((REPOSITORY / "factors" / "regions.csv").read_bytes())

    chains = [[(rung["region"], rung["from"], rung["to"], rung["holds"]) for rung in answers(asked(region="CN-SC", on=day), "e1", root=root)[0]["chain"]] for day in (date(2022, 6, 30), JUNE)]

    assert chains[0] == [("CN-SC", None, None, True), ("CN-CCG", None, "2020-12-31", True), ("CN-SWCG", "2021-01-01", None, False), ("CN", None, None, True), ("GLOBAL", None, None, True)]
    assert [held for _, _, _, held in chains[1]] == [True, False, True, True, True]
    assert [answers(asked(region="CN-SC", on=day), "e1", root=root)[0]["factor_id"] for day in (date(2022, 6, 30), JUNE)] == ["ccg", "swcg"]


def test_what_also_fits_says_what_goes_before_it(tmp_path: Path) -> None:
    files = {"one": [factor_row("grid", region="CN-NCG"), factor_row("country")], "two": [factor_row("second")], "three": [factor_row("nobody")]}
    root = workspace(tmp_path, files, grid("one") + grid("two"))

    answer = answers(asked(region="CN-NCG"), "e1", root=root)[0]

    assert answer["factor_id"] == "grid"
    assert answer["also_fits"] == ["country (describes CN, and a nearer region serves)", "second (fits rule grid-two, but rule grid-one goes first)"]
    assert answer["not_named"] == ["nobody (no rule names three)"]
    assert answers(asked(region="CN-ECG"), "e1", root=root)[0]["also_fits"] == ["second (fits rule grid-two, but rule grid-one goes first)"]


def test_an_earlier_day_of_knowledge_gives_what_was_chosen_then(tmp_path: Path) -> None:
    """The revision of the same year came out later; the rule that names it goes first."""
    files = {"first": [factor_row("as-first-said", value="0.329")], "revised": [factor_row("as-revised", value="0.316")]}
    root = workspace(tmp_path, files, grid("revised") + grid("first"), {"first": "2024-01-15", "revised": "2025-11-06"})

    before, on_the_day, eve, never = (answers(asked(), "e1", day, root)[0] for day in (date(2024, 6, 1), date(2025, 11, 6), date(2025, 11, 5), date(2024, 1, 14)))

    assert (before["factor_id"], on_the_day["factor_id"], eve["factor_id"], never["factor_id"]) == ("as-first-said", "as-revised", "as-first-said", None)
    assert before["nearly"] == ["as-revised (published 2025-11-06, after the knowledge date 2024-06-01)"]
    assert on_the_day["also_fits"] == ["as-first-said (fits rule grid-first, but rule grid-revised goes first)"]
    assert "published 2024-01-15, after the knowledge date 2024-01-14" in never["why"]


def test_without_an_edition_the_day_of_knowledge_hides_what_came_later() -> None:
    now, then = (answers(asked(region="CN", on=date(2022, 6, 30), gas="CO2"), None, day) for day in (None, date(2024, 4, 9)))

    assert "cn-grid-national-2022-avg" in {row["factor_id"] for row in now}
    assert [row["factor_id"] for row in then] == ["cn-grid-national-ets-2022"]
    assert "cn-grid-national-2022-avg (published 2024-12-20)" in then[-1]["nearly"]


def test_what_is_evidence_only_never_serves() -> None:
    shown = answers(asked(region="CN", on=date(2021, 6, 30), gas="CO2"), None)

    assert "cn-grid-national-2021draft" not in {row["factor_id"] for row in shown}
    assert "cn-grid-national-2021draft (evidence only)" in shown[-1]["nearly"]


# ---------------------------------------------------------------- what stands beside an amount


@pytest.mark.parametrize("edition", ["2023", None])
def test_a_blend_leads_to_the_gases_it_is_made_of(edition: str | None) -> None:
    shown = answers(asked("refrigerant_refill", beside={"refrigerant": "R-410A"}), edition)
    parts = {row["gas"]: (row["measure"], row["value"]) for row in shown if row["output"] == "emission_gas"}

    assert {gas: parts[gas] for gas in ("HFC-32", "HFC-125")} == {"HFC-32": ("refrigerant_emitted", "0.5"), "HFC-125": ("refrigerant_emitted", "0.5")}
    if edition:
        assert next((row["measure"], row["output"], row["gas"]) for row in shown) == ("refrigerant_refill", "refrigerant_emitted", "R-410A")
        assert len(shown) == 3


def test_a_pure_refrigerant_stays_what_it_is() -> None:
    shown = answers(asked("refrigerant_emitted", beside={"refrigerant": "HFC-134a"}))

    assert [(row["gas"], row["value"]) for row in shown] == [("HFC-134a", "1")]


def test_a_rule_takes_the_word_of_the_equipment(tmp_path: Path) -> None:
    rows = [factor_row(f"leak-{name}", measure="refrigerant_charge", output="refrigerant_emitted", gas="*", unit="kg/kg", region="GLOBAL", method=f"{name}_upper") for name in ("chiller", "transport")]
    leaks = rule("leaks", "refrigerant_charge", "refrigerant_emitted", "ipcc-leaks", "*", more='method = "{equipment}_upper"')
    root = workspace(tmp_path, {"ipcc-leaks": rows}, leaks)

    chosen = [
        [row["factor_id"] for row in answers(asked("refrigerant_charge", beside={"refrigerant": "HFC-32", "equipment": name}), "e1", root=root)] for name in ("chiller", "transport", "industrial")
    ]

    assert chosen == [["leak-chiller"], ["leak-transport"], [None]]


def test_a_rule_asks_for_what_stands_beside_the_amount(tmp_path: Path) -> None:
    rows = [factor_row("engine", measure="diesel_energy", gas="CH4", unit="kg/TJ")]
    root = workspace(tmp_path, {"fuel": rows}, rule("mobile", "diesel_energy", "emission_gas", "fuel", "CH4", more='where = { use = ["mobile"] }'))

    engine, boiler = (answers(asked("diesel_energy", beside={"use": use}), "e1", root=root)[0] for use in ("mobile", "stationary"))

    assert (engine["factor_id"], boiler["factor_id"]) == ("engine", None)
    assert boiler["rules_silent"] == ["mobile (where use is mobile)"]


@pytest.mark.parametrize(
    ("measure", "given", "message"),
    [
        ("refrigerant_charge", ["equipmnt=chiller"], "Nothing called 'equipmnt' decides a factor. Did you mean 'equipment'?"),
        ("refrigerant_charge", ["equipment=chillr"], "There is no equipment 'chillr'. Did you mean 'chiller'?"),
        ("refrigerant_charge", ["equipment"], "'equipment' says nothing. Write NAME=VALUE"),
        ("refrigerant_charge", ["equipment=chiller", "equipment=transport"], "equipment is given twice."),
        ("electricity_purchased", ["treatment=septic"], "No treatment stands beside amounts of electricity_purchased. Names: use."),
    ],
)
def test_unknown_names_and_words_are_refused_with_the_way_out(measure: str, given: list[str], message: str) -> None:
    with pytest.raises(UsageProblem, match=r"--with") as told:
        beside_of(given, measure)

    assert message in str(told.value)


@pytest.mark.parametrize(
    ("question", "edition", "message"),
    [
        (asked(gas="CO3"), "2023", "There is no gas 'CO3'"),
        (asked(gas="N2O"), "2023", "electricity_purchased leads to no N2O in edition 2023. It leads to: CO2."),
        (asked(kind="ofice"), "2023", "There is no kind of site 'ofice'. Did you mean 'office'"),
        (asked("diesel_energy", beside={"use": "mobile"}), None, "Only the rules of an edition ask"),
        (asked("water_tap"), "2023", "no rule for water_tap"),
        (asked(on=date(1999, 1, 1)), "2023", "no period that holds 1999-01-01"),
    ],
)
def test_questions_without_an_answer_say_why(question: Question, edition: str | None, message: str) -> None:
    with pytest.raises(UsageProblem) as told:
        answers(question, edition)

    assert message in str(told.value)


# ---------------------------------------------------------------- as printed


def test_all_that_is_printed_stands_in_the_json_too() -> None:
    args = ["factors", "find", "refrigerant_refill", "--region", "CN-SC", "--on", "2023-06-30", "--edition", "2023", "--with", "refrigerant=R-410A", "--root", str(REPOSITORY)]
    runner = CliRunner(env={"COLUMNS": "4000"})
    text, told = runner.invoke(app, args).stdout, json.loads(runner.invoke(app, [*args, "--json"]).stdout)

    assert "chain: CN-SC > CN-CCG (until 2020-12-31) > CN-SWCG (from 2021-01-01) > CN > GLOBAL" in text
    assert [row["gas"] for row in told] == ["R-410A", "HFC-125", "HFC-32"]
    for row in told:
        for value in (row["factor_id"], row["value"], row["unit"], row["why"], row["rule"]["id"], row["rule"]["text"], row["source"], row["note"], row["method"], f"rung {row['rung']}", row["known_on"]):
            assert value in text
        for name in ("also_fits", "not_named", "rules_silent"):
            assert all(line in text for line in row[name])


def test_one_that_is_no_part_of_the_chain_in_the_period_stands_in_brackets() -> None:
    args = ["factors", "find", "electricity_purchased", "--region", "CN-SC", "--on", "2022-06-30", "--edition", "2023", "--gas", "CO2", "--root", str(REPOSITORY)]
    done = CliRunner(env={"COLUMNS": "4000"}).invoke(app, args)

    assert "chain: CN-SC > [CN-CCG (until 2020-12-31)] > CN-SWCG (from 2021-01-01) > CN > GLOBAL" in done.stdout
    assert "energy_standard_coal" not in done.stdout
    assert done.exit_code == 0
