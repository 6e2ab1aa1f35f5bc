"""A run with nothing changed prints what stands and computes nothing; whatever leaves a doubt is computed."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import polars as pl
import pytest

from esg_kpis.errors import InternalProblem
from esg_kpis.report.outputs import MANIFEST, alone, is_whole, was_killed
from pipelines import asked, unchanged
from pipelines.asked import LIBRARIES, Request
from pipelines.latest import ran_of
from pipelines.unchanged import documents_of
from tests.conftest import REPOSITORY
from tests.terminal_scenario import BILLS, esg_kpis, told, workspace

NOT_LOADED = ("dagster", "pandera", "pandas", "pyarrow", "pint", "openpyxl", "xlsxwriter", "vl_convert", "duckdb", "highspy", "sqlalchemy", "cryptography", "jinja2", "yaml", "numpy", "pyspark")
"""What an unchanged run has no use for."""
CANNOT_CHANGE_A_RESULT = {
    "cryptography": "signs and checks packs and approvals, which are no part of a run", "dagster": "says in which order steps run", "dagster-webserver": "shows runs",
    "duckdb": "computes a second time, for who verifies", "defusedxml": "refuses files or hands them on as they are", "pandera": "refuses tables or hands them on as they are",
    "pyrage": "encrypts the annex of a pack", "rich": "prints", "sqlalchemy": "keeps the register", "tenacity": "waits for the register", "typer": "reads the command line",
}  # fmt: skip
REJECTED = BILLS + "HQ,HQ-1,HQ-2023b,2023-01-01,2023-12-31,electricity_purchased,many,kWh\n"
Change = Callable[[Path, Path], object]
"""Of a workspace and its results."""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that was run once, with the report; a row of it is rejected, so that something is blocked."""
    root = workspace(tmp_path_factory.mktemp("unchanged") / "workspace", bills=REJECTED)
    assert esg_kpis(root, "run").returncode == 1
    return root


@pytest.fixture
def root(ran: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it."""
    monkeypatch.delenv("ESG_KPIS_PERSON_KEY_FILE", raising=False)
    monkeypatch.delenv("ESG_KPIS_REGISTER", raising=False)
    shutil.copytree(ran.parent, tmp_path / "own", symlinks=True)
    return tmp_path / "own" / "workspace"


def request(root: Path, **given: object) -> Request:
    return Request(root, root / "data" / "out", **given)  # type: ignore[arg-type]


def stands(root: Path, **given: object) -> bool:
    """Whether a run of it would compute nothing."""
    key = unchanged.unchanged(request(root, **given))
    assert key in (None, ran_of(root / "data" / "out" / "latest")["key"])
    return key is not None


def everything(folder: Path) -> dict[str, tuple[int, bytes]]:
    """When and as what each file below a folder was written; the lock is only held."""
    return {path.relative_to(folder).as_posix(): (path.lstat().st_mtime_ns, os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()) for path in sorted(folder.rglob("*")) if (path.is_symlink() or path.is_file()) and path.name != ".lock"}


def in_a_process(root: Path, *words: str) -> tuple[str, int, set[str]]:
    """What a command prints, how it ends, and which of the heavy libraries its process had loaded by then."""
    code = f"import sys; from pipelines.cli import answer; code = answer({list(words)!r}); print(*set({NOT_LOADED!r}) & sys.modules.keys(), file=sys.stderr); sys.exit(code)"
    environment = {**os.environ, "DAGSTER_HOME": str(root.parent / "dagster"), "PYTHONPATH": os.pathsep.join((str(REPOSITORY / "src"), str(REPOSITORY))), "COLUMNS": "100"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=root, check=False)
    return done.stdout, done.returncode, set(done.stderr.split())


# ---------------------------------------------------------------- nothing has changed


def test_the_second_run_prints_the_same_computes_nothing_and_loads_next_to_nothing(root: Path) -> None:
    again, code, _ = in_a_process(root, "run", "--again")
    before = everything(root.parent)

    out, code_then, loaded = in_a_process(root, "run")

    key = ran_of(root / "data" / "out" / "latest")["key"]
    assert out == again + f"Nothing has changed since run {key}: these are its results, as they were written.\n`esg-kpis run --again` computes them anew.\n"
    assert (code, code_then) == (1, 1)
    assert loaded == set()
    assert everything(root.parent) == before  # Dagster's storage too: what was not run has no run.


def test_json_says_the_same_but_that_nothing_was_computed(root: Path) -> None:
    again, then = told(root, "run", "--again", code=1), told(root, "run", code=1)

    assert (again.pop("unchanged"), then.pop("unchanged")) == (False, True)
    assert then == again
    assert again["blocked"] > 0


def test_again_computes_and_holds_the_bytes_against_those_written(root: Path) -> None:
    target = (root / "data" / "out" / "latest").resolve()
    spoilt = target / "kpi_values.csv"
    spoilt.write_bytes(spoilt.read_bytes() + b"x\n")
    (target / MANIFEST).write_text(re.sub(r"\w{64}(?=  kpi_values.csv)", hashlib.sha256(spoilt.read_bytes()).hexdigest(), (target / MANIFEST).read_text(encoding="utf-8")), encoding="utf-8")

    # Who changes a file and the manifest too is seen only where it is computed: against that there are signed packs.
    assert stands(root)
    done = esg_kpis(root, "run", "--again")
    assert done.returncode == InternalProblem.exit_code
    assert "wrote other bytes before" in done.stderr


def test_results_that_were_moved_as_they_are_still_stand(root: Path) -> None:
    (root / "data" / "out").rename(root.parent / "elsewhere")

    assert unchanged.unchanged(Request(root, root.parent / "elsewhere")) is not None
    assert unchanged.unchanged(request(root)) is None


def test_what_does_not_change_a_run_changes_nothing(root: Path) -> None:
    day = ran_of(root / "data" / "out" / "latest")["known on e1"]

    assert stands(root)
    assert stands(root, editions=("e1",))
    assert stands(root, known_on=day, as_of=day)
    assert esg_kpis(root, "check").returncode == 1
    assert stands(root)


# ---------------------------------------------------------------- whatever leaves a doubt is computed


def at(name: str, change: Callable[[Path], object]) -> Change:
    """A change of one file of the workspace."""
    return lambda root, _out: change(root / name)


def in_set(name: str, change: Callable[[Path], object]) -> Change:
    """A change of one file of the set of results."""
    return lambda _root, out: change((out / "latest").resolve() / name)


def append(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


def one_digit(path: Path) -> None:
    """What nobody sees by size."""
    content = path.read_bytes()
    path.write_bytes(content[:-2] + bytes([content[-2] ^ 1]) + content[-1:])


def other_date(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"(knowledge_date = )\S+", r"\g<1>2024-12-31", text), encoding="utf-8")


def another(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("site_id\n", encoding="utf-8")


def as_a_file(path: Path) -> None:
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)


def made_from_other(path: Path) -> None:
    pl.read_parquet(path).write_parquet(path, metadata={"esg_kpis": "0123456789abcdef"})


def pointer_elsewhere(_root: Path, out: Path) -> None:
    target = (out / "latest").resolve()
    shutil.copytree(target, target.with_name("other"))
    (out / "latest").unlink()
    (out / "latest").symlink_to("runs/other")


def pointer_as_folder(_root: Path, out: Path) -> None:
    target = (out / "latest").resolve()
    (out / "latest").unlink()
    shutil.copytree(target, out / "latest")


CHANGES: dict[str, Change] = {
    "a bill": at("data/raw/energy/bills.csv", append),
    "a digit of a bill": at("data/raw/energy/bills.csv", lambda path: path.write_bytes(path.read_bytes().replace(b"90000", b"90001"))),
    "another file": at("data/raw/water/more.csv", another),
    "a file less": at("data/raw/sites/sites.csv", Path.unlink),
    "the name of a file": at("data/raw/energy/bills.csv", lambda path: path.rename(path.with_name("other.csv"))),
    "a factor file": at("factors/gwp.csv", append),
    "a definition": at("editions/e1/kpis.yaml", append),
    "a knowledge date": at("editions/e1/edition.toml", other_date),
    "an edition that cannot be read": at("editions/e1/edition.toml", lambda path: path.write_text("id = ", encoding="utf-8")),
    "a lock of people data": at("data/locked/people/lock.toml", another),
    "a result": in_set("kpi_values.csv", append),
    "a byte of a result": in_set("kpi_values.parquet", one_digit),
    "a page": in_set("report/index.html", append),
    "a result less": in_set("tie_out.parquet", Path.unlink),
    "a result more": in_set("more.csv", another),
    "no manifest": in_set(MANIFEST, Path.unlink),
    "run.json": in_set("run.json", append),
    "run.json that is none": in_set("run.json", lambda path: path.write_text("[]", encoding="utf-8")),
    "no run.json": in_set("run.json", Path.unlink),
    "a stable path that is a file": lambda _root, out: as_a_file(out / "kpi_values.csv"),
    "a stable path less": lambda _root, out: (out / "findings.csv").unlink(),
    "a pointer to another folder": pointer_elsewhere,
    "a pointer that is a folder": pointer_as_folder,
    "no pointer": lambda _root, out: (out / "latest").unlink(),
    "no frame of KPIs": lambda _root, out: (out / "work" / "kpi_values.parquet").unlink(),
    "a frame of another run": lambda _root, out: made_from_other(out / "work" / "amounts.parquet"),
    "a frame that was half written": lambda _root, out: (out / "work" / "amounts.parquet").write_bytes(b"PAR1"),
    "a register that is not whole": at("data/register/head.json", lambda path: (path.parent.mkdir(), path.write_text(json.dumps({"sequence": 9, "hash": "0" * 64}), encoding="utf-8"))),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_whatever_is_not_the_same_is_computed(root: Path, change: Change) -> None:
    assert stands(root)

    change(root, root / "data" / "out")

    assert unchanged.unchanged(request(root)) is None


@pytest.mark.parametrize("given", [{"report": False}, {"known_on": "2023-06-30"}, {"as_of": "2023-06-30"}, {"editions": ("e2",)}, {"person_key_file": "/nowhere"}], ids=str)
def test_what_is_asked_otherwise_is_computed(root: Path, given: dict[str, object]) -> None:
    assert not stands(root, **given)


def test_a_result_of_other_code_or_libraries_is_computed_again(root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with monkeypatch.context() as other:
        other.setattr(asked, "version", lambda name: "0" if name == "highspy" else version(name))
        assert not stands(root)
    code = shutil.copytree(REPOSITORY / "pipelines", tmp_path / "pipelines", ignore=shutil.ignore_patterns("__pycache__"))
    with monkeypatch.context() as other:
        other.setitem(asked._CODE, "pipelines", code)
        assert stands(root)
        append(code / "assets.py")
        assert not stands(root)


def test_what_changes_while_it_looks_is_computed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def changed_meanwhile(out: Path, key: str) -> bool:
        append(root / "data" / "raw" / "energy" / "bills.csv")
        return is_whole(out, key)

    monkeypatch.setattr(unchanged, "is_whole", changed_meanwhile)

    assert not stands(root)


def test_after_a_run_that_was_killed_it_is_computed(root: Path) -> None:
    out = root / "data" / "out"
    code = f"import os; from pathlib import Path; from esg_kpis.report.outputs import alone\nwith alone(Path({str(out)!r})): os.kill(os.getpid(), {signal.SIGKILL.value})"
    assert not was_killed(out)

    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")}, check=False)

    assert done.returncode == -signal.SIGKILL
    assert not stands(root)
    assert esg_kpis(root, "run", "--no-report").returncode == 1
    assert stands(root, report=False)


def test_nobody_looks_while_another_run_writes(root: Path) -> None:
    out = root / "data" / "out"
    code = f"from pathlib import Path; from esg_kpis.report.outputs import alone\nwith alone(Path({str(out)!r})): print('held', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        done = esg_kpis(root, "run")
        holder.communicate("\n")

    assert done.returncode == 1
    assert "Another run is writing here." in done.stderr
    with alone(out):
        assert was_killed(out)  # So somebody who holds it keeps others from looking.
    assert stands(root)


def test_a_changed_input_computes_and_then_stands(root: Path) -> None:
    bills = root / "data" / "raw" / "energy" / "bills.csv"
    bills.write_text(BILLS, encoding="utf-8")

    first = told(root, "run", "--no-report")
    then = told(root, "run", "--no-report")

    assert (first.pop("unchanged"), then.pop("unchanged")) == (False, True)
    assert first == then
    assert first["rejected_records"] == 0


# ---------------------------------------------------------------- the secret key


def test_a_run_with_a_key_is_never_taken_for_one_without_nor_for_itself(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = tmp_path / "key"
    key.write_text("0" * 64, encoding="utf-8")
    before = ran_of(root / "data" / "out" / "latest")

    assert not told(root, "run", "--person-key-file", str(key), code=1)["unchanged"]
    after = ran_of(root / "data" / "out" / "latest")

    assert after.pop("person key") == "named"
    assert before.pop("key") != after.pop("key")
    assert before == after  # Nothing else of it is kept: not its name, and nothing made of what it holds.
    assert not stands(root)
    monkeypatch.setenv("ESG_KPIS_PERSON_KEY_FILE", str(key))
    assert not stands(root)


# ---------------------------------------------------------------- one key, said twice


@pytest.mark.parametrize("root", [REPOSITORY, *sorted(path.parent for path in (REPOSITORY / "examples").glob("*/editions"))], ids=lambda path: path.name)
def test_parts_without_reading_editions_are_those_of_a_run(root: Path) -> None:
    editions = [edition.id for edition in request(root).read_editions]

    for given in ({}, {"editions": tuple(editions[:1])}, {"known_on": "2022-01-31"}, {"as_of": "2021-12-31", "editions": tuple(editions[-1:])}):
        assert unchanged._parts(request(root, **given)) == request(root, **given).parts()
    assert documents_of(root / "editions") == {edition.id: edition.rules.document for edition in request(root).read_editions}


def test_the_key_names_every_library_that_may_change_a_result() -> None:
    declared = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    names = {re.split(r"[\[<>=]", item)[0] for item in declared}

    assert set(LIBRARIES) | CANNOT_CHANGE_A_RESULT.keys() == names
    assert not set(LIBRARIES) & CANNOT_CHANGE_A_RESULT.keys()


def test_looking_loads_no_dagster(ran: Path) -> None:
    for words in (["tie-out"], ["status"], ["trace", "power", "--period", "2022"], ["table"]):
        out, code, loaded = in_a_process(ran, *words)
        assert out, (words, code)
        assert not {"dagster", "openpyxl", "xlsxwriter", "duckdb", "vl_convert"} & loaded, words
