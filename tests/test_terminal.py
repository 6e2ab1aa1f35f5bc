"""The terminal as a person and a program meet it: errors with a way out, one JSON document, a table that can be read, and what the Tab key offers."""

import ast
import io
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from esg_kpis import errors
from esg_kpis.errors import EsgKpisError, InternalProblem
from pipelines import failures
from pipelines.options import print_json
from pipelines.plain import HANDLER
from tests.conftest import REPOSITORY, Ran
from tests.terminal_scenario import BILLS, esg_kpis, told, workspace

FAMILY = {name for name, item in vars(errors).items() if isinstance(item, type) and issubclass(item, EsgKpisError)}
SAY_IT_THEMSELVES = {
    ("src/esg_kpis/units.py", "UnitProblem"): "a unit that is refused: units.txt says in the reason what to write instead, and each reason is tested below",
}
"""Raise sites without a `mend`, and why they need none."""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that was run once."""
    root = workspace(tmp_path_factory.mktemp("terminal") / "workspace")
    assert esg_kpis(root, "run").returncode == 0
    return root


def process(root: Path, *args: str, **given: Any) -> subprocess.Popen[str]:  # noqa: ANN401
    """The command line as a process of its own."""
    environment = {**os.environ, "DAGSTER_HOME": str(root.parent / "dagster"), "PYTHONPATH": os.pathsep.join((str(REPOSITORY / "src"), str(REPOSITORY)))}
    command = [sys.executable, "-m", "pipelines.cli", "--root", str(root), *args]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=root.parent, **given)


# ---------------------------------------------------------------- every error has a way out


def errors_made() -> Iterator[tuple[str, ast.Call, str]]:
    """Every place in the code where one of our errors is made: file, call, class."""
    for path in sorted([*(REPOSITORY / "src").rglob("*.py"), *(REPOSITORY / "pipelines").rglob("*.py")]):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FAMILY:
                yield path.relative_to(REPOSITORY).as_posix(), node, node.func.id


def may_say_nothing(mend: ast.expr | None) -> bool:
    """Whether a mend is missing, empty, or only what happens to be near."""
    if mend is None or (isinstance(mend, ast.Constant) and not mend.value):
        return True
    return isinstance(mend, ast.Call) and isinstance(mend.func, ast.Name) and mend.func.id == "near_misses"


def test_every_error_says_what_to_do_about_it() -> None:
    made = list(errors_made())
    silent = [
        (file, call.lineno)
        for file, call, name in made
        if may_say_nothing(next((item.value for item in call.keywords if item.arg == "mend"), None)) and name != "InternalProblem" and (file, name) not in SAY_IT_THEMSELVES
    ]

    assert silent == []
    assert len(made) > 400
    assert {(file, name) for file, _, name in made} >= SAY_IT_THEMSELVES.keys()


def test_a_fault_of_ours_asks_for_a_report() -> None:
    assert InternalProblem("x").mend == "This is a fault of esg-kpis: please report it."


def test_a_refused_unit_says_what_to_write() -> None:
    refused = re.findall(r"^@refuse \S+ : (.+)$", (REPOSITORY / "src" / "esg_kpis" / "units.txt").read_text(encoding="utf-8"), flags=re.MULTILINE)

    assert refused
    assert [reason for reason in refused if not re.search(r"\b(write|give|convert|send|say|state|name|use)\b", reason)] == []


# ---------------------------------------------------------------- wrong usage


@pytest.mark.parametrize(
    ("words", "what", "mend"),
    [
        (("runn",), "No such command 'runn'.", "Did you mean 'run'?"),
        (("factors", "fnd"), "No such command 'fnd'.", "Did you mean 'find'?"),
        (("run", "--editon", "e1"), "No such option: --editon.", "Did you mean --edition?"),
        (("trace", "power"), "Missing option '--period'.", "`esg-kpis trace --help` explains."),
        (("trace",), "Missing argument 'kpi'.", "Usage: esg-kpis trace"),
        (("trace", "power", "--period", "2023", "--rows", "x"), "Invalid value for '--rows'", "`esg-kpis trace --help` explains."),
        (("status", "--nope"), "No such option: --nope.", "`esg-kpis status --help` explains."),
        (("run", "--edition", "e2"), "There is no edition 'e2'.", "Editions: e1."),
        (("trace", "pwer", "--period", "2023"), "no KPI 'pwer'", "Did you mean 'power'"),
        (("tie-out", "--edition", "e2"), "no edition 'e2'", "It has: e1."),
    ],
)  # fmt: skip
def test_wrong_usage_says_what_was_meant_or_how_it_is_used(ran: Path, words: tuple[str, ...], what: str, mend: str) -> None:
    shown = esg_kpis(ran, *words)
    found = told(ran, *words, code=2)

    assert (shown.returncode, shown.stdout) == (2, "")
    assert what in shown.stderr
    assert what in found["error"]
    assert mend in found["mend"]


def test_a_command_without_its_word_shows_its_help(ran: Path) -> None:
    assert "find" in esg_kpis(ran, "factors").stderr


# ---------------------------------------------------------------- JSON


def all_commands(command: Any = None, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:  # noqa: ANN401
    """Every command of the app with the words that call it, also those of groups."""
    from pipelines.cli import app

    command = command or get_command(app)
    inner = getattr(command, "commands", {})
    for name, item in inner.items():
        yield from all_commands(item, (*words, name))
    if words and (not inner or getattr(command, "invoke_without_command", False)):
        yield words, command


COMMANDS = dict(all_commands())


@pytest.mark.parametrize("words", sorted(COMMANDS), ids=" ".join)
def test_every_command_has_json_and_wrong_usage_of_it_is_one_document(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert "--json" in {option for param in COMMANDS[words].params for option in param.opts}

    found = told(tmp_path, *words, "--no-such-option", code=2)

    assert set(found) == {"error", "where", "mend"}
    assert found["mend"]


@pytest.mark.parametrize("words", [("run",), ("check",), ("status",), ("tie-out",), ("table",), ("anomalies",), ("keys", "list"), ("factors", "check"), ("trace", "power", "--period", "2023")], ids=" ".join)
def test_in_a_folder_that_is_no_workspace_every_command_says_so_in_one_document(tmp_path: Path, words: tuple[str, ...]) -> None:
    found = told(tmp_path, *words, code=3)

    assert "There is no folder 'data/raw'" in found["error"]
    assert "--root" in found["mend"]


@pytest.mark.parametrize(
    "words",
    [
        ("status",), ("tie-out",), ("table",), ("trace", "power", "--period", "2023"), ("anomalies",), ("keys", "list"), ("factors", "check"), ("check",), ("run", "--all"),
        ("check-table",), ("growth", "power", "--edition", "e1", "--from", "2022", "--to", "2023"), ("workbook", "--edition", "e1"), ("sample", "power", "--edition", "e1", "--period", "2023", "--seed", "7"),
    ],
    ids=lambda words: words[0],
)  # fmt: skip
def test_what_a_command_answers_is_one_document_and_nothing_else(ran: Path, words: tuple[str, ...]) -> None:
    done = esg_kpis(ran, *words, "--json")

    json.loads(done.stdout)
    assert done.returncode in (0, 1), done.stdout


def test_the_ui_tells_its_address_in_one_document(ran: Path) -> None:
    """Its standard output ends with the document; what Dagster logs goes to standard error."""
    started = process(ran, "ui", "--port", "39471", "--json", start_new_session=True)
    try:
        assert started.stdout is not None
        assert json.loads(started.stdout.read()) == {"url": "http://127.0.0.1:39471", "root": str(ran), "out": str(ran / "data" / "out")}
    finally:
        os.killpg(started.pid, signal.SIGTERM)
        started.communicate(timeout=60)


# ---------------------------------------------------------------- the machine


def test_ctrl_c_stops_a_run_and_nothing_is_lost(tmp_path: Path, ran: Path) -> None:
    root = Path(shutil.copytree(ran, tmp_path / "workspace", symlinks=True))
    before = (root / "data" / "out" / "latest").readlink()
    (root / "data" / "raw" / "energy" / "bills.csv").write_text(BILLS.replace("90000", "91000"), encoding="utf-8")
    work = root / "data" / "out" / "work"
    shutil.rmtree(work)

    started = process(root, "run", "--json")
    until = time.monotonic() + 120
    while not list(work.glob("*.parquet")) and time.monotonic() < until and started.poll() is None:
        time.sleep(0.01)
    started.send_signal(signal.SIGINT)
    out, err = started.communicate(timeout=120)

    assert started.returncode == 1, err
    assert json.loads(out)["error"] == "Stopped on request."
    assert "Traceback" not in err
    assert (root / "data" / "out" / "latest").readlink() == before
    assert esg_kpis(root, "run").returncode == 0


def test_a_disk_that_is_full_is_said_and_the_last_results_stand(tmp_path: Path, ran: Path) -> None:
    """No file may grow beyond a limit: to a program that is a disk without room. Files of the run are larger; Dagster's own database lies elsewhere and is there already."""
    root = Path(shutil.copytree(ran, tmp_path / "workspace", symlinks=True))
    before = (root / "data" / "out" / "latest").readlink()
    (root / "data" / "raw" / "energy" / "bills.csv").write_text(BILLS.replace("90000", "91000"), encoding="utf-8")

    started = process(root, "run", "--json", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000)))
    out, _ = started.communicate(timeout=120)

    assert started.returncode == 1
    found = json.loads(out)
    assert re.search("no space left|cannot be written", found["error"])
    assert "room" in found["mend"]
    assert (root / "data" / "out" / "latest").readlink() == before
    assert esg_kpis(root, "run").returncode == 0


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (OSError(28, "No space left on device", "x.csv"), "There is no space left to write."), (OSError("No space left on device (os error 28)"), "There is no space left to write."),
        (PermissionError(13, "Permission denied", "x"), "It may not be written or read by this user."), (KeyboardInterrupt(), "Stopped on request."),
    ],
    ids=["disk", "disk in words", "permission", "Ctrl-C"],
)  # fmt: skip
def test_what_the_machine_refuses_is_one_of_our_errors(error: BaseException, what: str) -> None:
    found = failures.known(error)

    assert found is not None
    assert (found.what, found.exit_code) == (what, 1)
    assert found.mend


def test_what_was_left_out_on_purpose_is_not_dug_up() -> None:
    """An error `from None` may have come of somebody's row."""

    def count() -> None:
        try:
            raise OSError(28, "No space", "staff.csv")
        except OSError:
            raise ValueError("counted") from None

    with pytest.raises(ValueError, match="counted") as told_of:
        count()
    assert failures.known(told_of.value) is None


def test_an_out_folder_that_is_a_file_is_said(tmp_path: Path, ran: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")

    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        found = told(ran, "--out", str(out), "run", code=1)
        assert found["error"] == "A file stands where a folder is needed."
        assert "--out" in found["mend"]


def test_a_reader_that_goes_away_is_no_error(ran: Path) -> None:
    with process(ran, "factors", "check", "--json") as started:
        assert started.stdout is not None
        assert started.stderr is not None
        started.stdout.close()
        assert started.wait(timeout=120) in (0, 1)
        assert "Traceback" not in started.stderr.read()


# ---------------------------------------------------------------- terminals that can do less


def test_where_a_character_cannot_be_written_marks_stay_told_apart_and_json_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "= ≠ – ~ 1 × 2 … 報".encode("ascii", HANDLER) == b"= != - ~ 1 x 2 ... ?"
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii", errors=HANDLER, write_through=True))
    print_json({"document": "報告 – 2023"})
    assert json.loads(written.getvalue()) == {"document": "報告 – 2023"}


def test_the_dashboard_fits_eighty_columns_and_tells_the_same(ran: Path) -> None:
    narrow, wide = (esg_kpis(ran, "status", columns=columns).stdout.splitlines() for columns in (80, 100))
    assert (max(map(len, narrow)) <= 80, max(map(len, wide)) <= 100) == (True, True)
    rows = [next(line for line in lines if line.startswith(" 2023")).split() for lines in (narrow, wide)]
    assert rows[0] == rows[1][:-3] + rows[1][-2:-1]  # Without the notes, and with the approval on a line of its own.


def test_a_file_whose_name_cannot_be_written_down_is_said_before_anything_starts(tmp_path: Path) -> None:
    root = workspace(tmp_path / "workspace")
    (root / "data/raw/energy/bills.csv").rename(root / "data/raw/energy" / os.fsdecode(b"b\xff.csv"))
    for words in (("run",), ("check", "--json")):
        done = esg_kpis(root, *words)
        assert (done.returncode, "Traceback" in done.stderr) == (3, False)
        assert "b\\xff.csv" in (done.stderr if words == ("run",) else json.loads(done.stdout)["error"])


def test_a_run_leaves_nothing_of_its_progress_where_there_is_no_terminal(tmp_path: Path) -> None:
    assert esg_kpis(workspace(tmp_path / "workspace"), "check").stderr == ""


# ---------------------------------------------------------------- the table of a run


def lines_at(worked: Ran, columns: int, *more: str) -> list[str]:
    """What a run of the worked data prints, without running it again."""
    from rich.console import Console

    from pipelines.show_run import print_run
    from pipelines.unchanged import documents_of

    console = Console(record=True, width=columns, file=io.StringIO(), highlight=False)
    print_run(console, documents_of(worked.root / "editions"), worked.out, every="--all" in more)
    return console.export_text().splitlines()


@pytest.mark.parametrize(("columns", "periods"), [(80, 3), (100, 4), (140, 4)])
def test_a_run_fits_the_terminal_and_two_screens(worked: Ran, columns: int, periods: int) -> None:
    lines = lines_at(worked, columns)

    assert max(map(len, lines)) <= columns
    assert len(lines) < 100
    assert lines[0].split()[5:] == ["2023", "2022", "2021", "2020"][:periods]
    assert any("No room for 2020 at this width" in line for line in lines) == (periods == 3)


def test_numbers_stand_below_each_other_with_their_marks_explained(worked: Ran) -> None:
    lines = lines_at(worked, 100)
    figures = [line for line in lines if re.search(r"[\d.]{4,} [=≠·]", line) and "figures" not in line]

    assert len(figures) >= 30
    assert " Water Withdrawal, tonne                   687,453.75 ≠    510,156.05 =    463,663.00 = 303,132.92 =" in lines
    # Each mark of a period stands in one column.
    assert {match.start() for line in figures for match in re.finditer("[=≠·]", line)} == {54, 70, 86, 99}
    legend = next(line for line in lines if line.startswith("= equals print"))
    assert {"≠ differs from print", "– not collected"} <= set(legend.split("   "))
    assert "~ incomplete" not in legend


def test_all_prints_every_row_of_every_edition(worked: Ran) -> None:
    lines = lines_at(worked, 140, "--all")
    text = "\n".join(lines)

    assert sum("(edition " in line for line in lines) == 3
    assert "Scope 1 by gas: N2O, tCO2e" in text
    assert "All 418 printed figures: 380 equal, 24 stated by their source, 13 differ, 1 not computed; none without an explanation" in text
    assert "And 99 rows" not in text
    assert any("And 99 rows by category" in line for line in lines_at(worked, 140))


def test_what_is_blocked_says_why_once_and_the_summary_comes_last(tmp_path: Path) -> None:
    root = workspace(tmp_path / "workspace", bills=BILLS.replace("134567,kWh", "134567,kWs"))

    done = esg_kpis(root, "run", columns=140)
    text = " ".join(done.stdout.split())

    assert done.returncode == 1
    assert re.search(r"MWh +blocked +130.00 ≠", done.stdout)
    assert "2 cells are blocked, never shown as a number, for 1 reason:" in text
    assert text.count("The unit 'kWs' is unknown") == 2  # the reason, and the finding of the row
    assert "e1: power 2023, power_by_site 2023" in text
    assert [line.split()[0] for line in done.stdout.splitlines() if line[:1].strip()][-8:] == ["KPIs", "Tie-out", "Records", "Findings", "Anomalies", "Next", "Results", "Report"]


def test_a_trace_of_what_is_blocked_says_the_reason_once(tmp_path: Path) -> None:
    root = workspace(tmp_path / "workspace", bills=BILLS.replace("134567,kWh", "134567,kWs"))
    esg_kpis(root, "run")

    shown = " ".join(esg_kpis(root, "trace", "power", "--period", "2023", columns=4000).stdout.split())

    assert shown.count("The unit 'kWs' is unknown") == 1
    assert "blocked, as said above" in shown


# ---------------------------------------------------------------- the Tab key


def offered(root: Path, typed: str, shell: str = "bash") -> list[str]:
    """What a shell is offered behind what was typed, as the completion script of typer asks for it."""
    line = f"esg-kpis --root {root} {typed}"
    asked = {"bash": {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}, "zsh": {"_TYPER_COMPLETE_ARGS": line}}[shell]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(REPOSITORY / "src"), str(REPOSITORY))), "_ESG_KPIS_COMPLETE": f"complete_{shell}"} | asked
    done = subprocess.run([sys.executable, "-m", "pipelines.cli"], capture_output=True, text=True, env=environment, cwd=root.parent, check=False)
    assert done.stderr == ""
    return re.findall(r'"([^":]+)"', done.stdout) if shell == "zsh" else done.stdout.split("\n")[:-1]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("sta", ["status"]), ("trace ", ["gas", "power", "power_by_site"]), ("trace power --period ", ["2023", "2022"]), ("trace power --period 2023 --edition ", ["e1"]),
        ("trace power_by_site --period 2023 --category ", ["site=HQ", "site=SH"]), ("table --lang ", ["en", "zh"]), ("factors find electricity_p", ["electricity_purchased"]),
        ("approve --as ", ["prepared", "reviewed"]), ("run --edition ", ["e1"]), ("diff ", ["latest", "previous"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_the_tab_key_offers_what_is_there(ran: Path, typed: str, found: list[str]) -> None:
    assert offered(ran, typed)[: len(found)] == found


def test_before_the_first_run_kpis_and_periods_come_from_the_editions(tmp_path: Path) -> None:
    root = workspace(tmp_path / "workspace")

    assert offered(root, "trace ", "zsh") == ["power", "power_by_site", "gas"]
    assert offered(root, "trace power --period ") == ["2023", "2022"]


@pytest.mark.parametrize("damage", ["no workspace", "no tables", "no toml"])
def test_the_tab_key_never_ends_in_an_error(tmp_path: Path, damage: str) -> None:
    root = tmp_path / "workspace"
    if damage != "no workspace":
        workspace(root)
        (root / "data" / "out").mkdir(parents=True)
        (root / "data" / "out" / "kpi_values.csv").write_bytes(b"\xff\xfe\x00" if damage == "no tables" else b"")
        (root / "editions" / "e1" / "edition.toml").write_text("= [", encoding="utf-8")

    for typed in ("trace ", "trace power --period ", "trace power --category ", "index --status ", "factors find x --region ", "anomalies explain "):
        assert [word for word in offered(root, typed) if "Error" in word] == []


def around(place: Path, **more: str) -> dict[str, str]:
    """The environment of a person who has `esg-kpis` on the path and a home of their own."""
    program = place / "bin" / "esg-kpis"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pipelines.cli "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return {**os.environ, "PYTHONPATH": os.pathsep.join((str(REPOSITORY / "src"), str(REPOSITORY))), "HOME": str(place), "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"} | more


@pytest.mark.parametrize(("shell", "how"), [("bash", "complete -o default -F _esg_kpis_completion esg-kpis"), ("zsh", "#compdef esg-kpis"), ("fish", "complete --command esg-kpis --no-files")])
def test_the_completion_script_of_any_shell_can_be_had(tmp_path: Path, shell: str, how: str) -> None:
    done = subprocess.run([sys.executable, "-m", "pipelines.cli"], env=around(tmp_path, _ESG_KPIS_COMPLETE=f"source_{shell}"), capture_output=True, text=True, check=True)

    assert how in done.stdout
    assert f"_ESG_KPIS_COMPLETE=complete_{shell}" in done.stdout


def test_completion_installed_for_bash_completes_in_bash(ran: Path, tmp_path: Path) -> None:
    environment = around(tmp_path)
    subprocess.run(["/bin/bash", "-c", "esg-kpis --install-completion; exit $?"], env=environment, capture_output=True, text=True, check=True)
    script = f'source ~/.bashrc; COMP_WORDS=(esg-kpis --root "{ran}" trace ""); COMP_CWORD=4; _esg_kpis_completion esg-kpis; printf "%s\\n" "${{COMPREPLY[@]}}"'

    done = subprocess.run(["/bin/bash", "-c", script], env=environment, capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["gas", "power", "power_by_site"]
    assert done.stderr == ""


def test_neither_help_nor_the_tab_key_waits_for_what_only_a_run_needs() -> None:
    """They are asked for all the time; tables, Dagster and units are loaded by the command that needs them."""
    code = "import sys, pipelines.cli, esg_kpis.domains; print(sorted({'polars', 'dagster', 'pint', 'pydantic', 'yaml', 'duckdb', 'pyarrow', 'sqlalchemy'} & set(sys.modules)))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(REPOSITORY / "src"), str(REPOSITORY)))}

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True).stdout.strip() == "[]"
