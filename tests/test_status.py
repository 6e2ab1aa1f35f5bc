"""`esg-kpis status`: where everything stands at one look, before the first run, after it, and when something is damaged."""

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import Ran
from tests.terminal_scenario import BILLS, esg_kpis, told, workspace


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that was run once."""
    root = workspace(tmp_path_factory.mktemp("status") / "workspace")
    done = esg_kpis(root, "run")
    assert done.returncode == 0, done.stderr
    return root


@pytest.fixture
def own(ran: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(ran, tmp_path / "workspace", symlinks=True))


def test_before_the_first_run_it_says_what_to_do(tmp_path: Path) -> None:
    root = workspace(tmp_path / "workspace")

    status = told(root, "status")
    shown = esg_kpis(root, "status")

    assert (status["run"], status["periods"], status["results"]) == (None, [], None)
    assert status["editions_not_run"] == ["e1"]
    assert "`esg-kpis run` computes" in status["next"]
    assert shown.returncode == 0
    assert "none" in shown.stdout.splitlines()[0]
    assert not (root / "data" / "register").exists()


def test_it_tells_each_period_in_numbers_worked_by_hand(own: Path) -> None:
    status = told(own, "status")
    by_period = {row["period"]: row for row in status["periods"]}

    assert list(by_period) == ["2023", "2022"]
    # `power` at two sites and in all; of gas nothing came.
    assert by_period["2023"]["kpis"] == {"ok": 3, "incomplete": 0, "blocked": 0, "not_collected": 1}
    assert by_period["2023"]["tie_out"] == {"equal": 1, "stated": 0, "differs": 0, "not_computed": 0, "blocked": 0, "suppressed": 0}
    assert by_period["2022"]["tie_out"]["differs"] == by_period["2022"]["unexplained"] == 1
    assert by_period["2022"]["findings"] == {"error": 1, "warning": 0, "note": 0}
    assert (by_period["2023"]["rejected"], by_period["2023"]["anomalies"], by_period["2023"]["state"]) == (0, 0, "open")
    assert by_period["2022"]["next"] == "Explain 1 difference from print: `esg-kpis tie-out --edition e1`"
    assert by_period["2023"]["next"].startswith("Prepare: `esg-kpis approve --edition e1 --period 2023 --as prepared")
    assert status["run"]["changed_since"] == []
    assert status["run"]["key"] == json.loads((own / "data" / "out" / "run.json").read_text(encoding="utf-8"))["key"]
    assert status["next"] == ""


def test_results_without_the_report_site_are_results_of_the_same_inputs(own: Path) -> None:
    assert esg_kpis(own, "run", "--no-report").returncode == 0

    status = told(own, "status")

    assert status["run"]["changed_since"] == []
    assert json.loads((own / "data" / "out" / "run.json").read_text(encoding="utf-8"))["report"] == "left out"


def test_what_changed_since_is_named_and_comes_first(own: Path) -> None:
    bills = own / "data" / "raw" / "energy" / "bills.csv"
    bills.write_text(BILLS.replace("90000", "91000"), encoding="utf-8")
    (own / "editions" / "e1" / "published.csv").write_text((own / "editions" / "e1" / "published.csv").read_text(encoding="utf-8").replace("131.00", "130.00"), encoding="utf-8")

    status = told(own, "status")

    assert status["run"]["changed_since"] == ["data/raw", "editions"]
    assert status["next"] == "Run `esg-kpis run`: since the last run data/raw and editions changed."


def test_a_rejected_row_stands_at_its_period_and_blocks_it(tmp_path: Path) -> None:
    root = workspace(tmp_path / "workspace", bills=BILLS.replace("134567,kWh", "134567,kWs"))
    assert esg_kpis(root, "run").returncode == 1

    status = told(root, "status")
    newest = status["periods"][0]

    assert (newest["period"], newest["rejected"], status["rejected"]) == ("2023", 1, 1)
    assert newest["kpis"]["blocked"] == 2
    assert newest["next"] == "Mend what blocks 2 cells: `esg-kpis trace power --edition e1 --period 2023`"
    assert told(root, "trace", "power", "--edition", "e1", "--period", "2023")["cell"]["status"] == "blocked"


def test_a_what_if_says_that_it_is_one(own: Path) -> None:
    assert esg_kpis(own, "run", "--known-on", "2024-01-31").returncode == 0

    status = told(own, "status")

    assert status["run"]["what_if"] == ["e1"]
    assert status["run"]["changed_since"] == []
    assert "what-if" in status["next"]


def test_periods_that_only_targets_name_stand_apart(worked: Ran) -> None:
    status = told(worked.root, "--out", str(worked.out), "status")

    assert [(row["edition"], row["period"]) for row in status["periods"]] == [
        *(("2023", period) for period in ("2023", "2022", "2021", "2020")), ("transparency-2020", "2020"), ("2020", "2020"),
    ]  # fmt: skip
    assert {row["period"] for row in status["target_periods"]} == {"2024", "2026", "2030", "2035", "2040"}
    shown = esg_kpis(worked.root, "--out", str(worked.out), "status").stdout
    assert max(map(len, shown.splitlines())) <= 100


@pytest.mark.parametrize("damage", ["cut", "changed", "gone", "pointer"])
def test_damaged_results_are_told_and_the_way_out_is_to_run_again(own: Path, damage: str) -> None:
    folder = (own / "data" / "out" / "latest").resolve()
    if damage == "cut":
        (folder / "kpi_values.parquet").write_bytes((folder / "kpi_values.parquet").read_bytes()[:100])
    elif damage == "changed":
        (folder / "kpi_values.csv").write_text("x", encoding="utf-8")
    elif damage == "gone":
        (folder / "findings.parquet").unlink()
    else:
        shutil.rmtree(folder)

    status = told(own, "status", code=1 if damage != "pointer" else 0)
    shown = esg_kpis(own, "status")

    assert "esg-kpis run" in status["next"]
    assert "Traceback" not in shown.stderr + shown.stdout
    assert esg_kpis(own, "run").returncode == 0
    assert told(own, "status")["next"] == ""


def test_editions_that_cannot_be_read_are_named_and_the_rest_is_told(own: Path) -> None:
    (own / "editions" / "e1" / "kpis.yaml").write_text("- id: [", encoding="utf-8")

    status = told(own, "status", code=3)

    assert "kpis.yaml" in status["editions_unreadable"]
    assert status["next"].startswith("Mend the editions: ")
    assert [row["period"] for row in status["periods"]] == ["2023", "2022"]
    assert esg_kpis(own, "status").returncode == 3


def test_the_way_of_a_period_ends_at_a_pack(own: Path, tmp_path: Path) -> None:
    """What each step says is what the next one does."""
    of = ("--edition", "e1", "--period", "2023")
    for role in ("preparer", "reviewer", "approver"):
        told(own, "keys", "new", str(tmp_path / f"{role}.pem"))
        told(own, "keys", "trust", str(tmp_path / f"{role}.pub.pem"), "--role", role, "--label", role)

    def next_of() -> str:
        return str(told(own, "status")["periods"][0]["next"])

    assert next_of().startswith("Prepare")
    told(own, "approve", *of, "--as", "prepared", "--key", str(tmp_path / "preparer.pem"))
    assert next_of().startswith("Review, by another key")
    told(own, "approve", *of, "--as", "reviewed", "--key", str(tmp_path / "reviewer.pem"))
    assert next_of().startswith("Lock")
    told(own, "lock", *of, "--key", str(tmp_path / "approver.pem"))
    assert next_of() == "Give it to the assurer: `esg-kpis pack --edition e1 --period 2023 --key FILE`"
    assert "locked" in esg_kpis(own, "status").stdout
    assert told(own, "status")["entries"] == 3
    (own / "data" / "raw" / "energy" / "bills.csv").write_text(BILLS.replace("1100000", "1200000"), encoding="utf-8")

    stopped = esg_kpis(own, "run")
    lines = stopped.stderr.splitlines()

    assert stopped.returncode == 1
    assert [line.rstrip() for line in lines if line.strip()] == [
        "Error: 2023 of edition e1 is locked (entry 3), and 2 cells would change:",
        "    power: 1234.567 -> 1334.567 MWh (8.100006 %)",
        "    power_by_site site=HQ: 1100 -> 1200 MWh (9.090909 %)",
        "  Take back what changed, or reopen the period: `esg-kpis restate --edition e1 --period 2023 --class … --reason … --key FILE`. Nothing was published; the last results stand.",
    ]
    assert len(told(own, "run", code=1)["details"]) == 2
