"""A run killed at any moment leaves the old set of outputs or the new one, and the next run mends what it left.

`ESG_KPIS_KILLS=200 pytest -s tests/test_killed.py` kills that many runs and says where; without it, as many as fit into SECONDS.
"""

import fcntl
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from dagster._core.test_utils import create_run_for_test

from esg_kpis import tables
from esg_kpis.errors import EsgKpisError, InputProblem
from esg_kpis.report.outputs import alone, publish
from esg_kpis.report.returned import write_returned
from pipelines.abandoned import end_abandoned, tags_of
from pipelines.asked import Request
from pipelines.definitions import JOB, build_defs
from pipelines.run import dagster_instance, execute
from tests.killed_scenario import (
    ROOT,
    SITES,
    Place,
    Runner,
    Set,
    alive,
    dies,
    digest,
    left_behind,
    long_workbook,
    set_in,
    stable,
    staged,
    states,
)
from tests.scenario import edition_folder, factor_row, gwp_row, kpi, library_folder, records, register, rejected_row, rejections

KILLS = int(os.environ.get("ESG_KPIS_KILLS", "0"))
SECONDS, FEWEST = 25, 3
OTHER = {"a": "b", "b": "a"}


@pytest.fixture(scope="module")
def ground() -> Iterator[Path]:
    """A folder in memory where there is one: SQLite waits for the disk four hundred times a run, which matters to a power cut and not to a kill."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def runner(ground: Path) -> Iterator[Runner]:
    runner = Runner(ground / "temporary")
    yield runner
    runner.close()


@pytest.fixture(scope="module")
def place(runner: Runner, ground: Path) -> Place:
    """The workspace, with results of its own."""
    root = ground / "workspace"
    (root / "data" / "raw" / "sites").mkdir(parents=True)
    (root / "data" / "raw" / "sites" / "sites.csv").write_text(SITES, encoding="utf-8")
    library_folder(root, {"mee": [factor_row()]}, [gwp_row("CO2", "1")])
    edition_folder(root, [kpi("power", "MWh", "electricity_purchased", breakdowns=[{"name": "site", "each": "site_id"}])])
    return Place(runner, ground / "killed", root)


@pytest.fixture(scope="module")
def whole(place: Place) -> dict[str, Set]:
    """The set that each state of the inputs gives when nobody kills anything."""
    found = {}
    for state in "ab":
        place.put(state)
        calm = Place(place.runner, place.folder.with_name(f"calm {state}"), place.root)
        calm.finish()
        found[state] = set_in(calm.out / "latest")
    assert set(found["b"]) - set(found["a"]) == {"rejected_by_site/HQ.xlsx", "rejected_by_site/SH.xlsx"}
    assert found["a"]["kpi_values.csv"] != found["b"]["kpi_values.csv"]
    return found


def state_of(seen: Set, whole: dict[str, Set]) -> str:
    """Which set it is, wholly."""
    found = [state for state, files in whole.items() if files == seen]
    mixed = {name: [state for state, files in whole.items() if files.get(name) == value] for name, value in seen.items()}
    assert found, f"neither: {mixed}"
    return found[0]


def mended(place: Place, whole: dict[str, Set], wanted: str) -> None:
    """A run that nobody kills gives exactly the new set, and nothing of those that were killed is left."""
    place.finish()
    assert state_of(stable(place.out), whole) == wanted
    assert left_behind(place.out) == []
    assert set(states(place.home)) <= {"SUCCESS", "FAILURE"}


# ---------------------------------------------------------------- whole runs


def test_a_killed_run_leaves_the_old_set_or_the_new_one(place: Place, whole: dict[str, Set]) -> None:
    chance, counted, moved, kills = random.Random(20261125), Counter[str](), 0, 0
    place.put("a")
    place.finish()
    begun = time.monotonic()
    length, writing, changes = lengths(place)
    wanted = "b"
    while kills < KILLS if KILLS else kills < FEWEST or time.monotonic() - begun < SECONDS:
        place.put(wanted)
        if chance.random() < 0.7:
            forget_other_sets(place.out)
        seen, code = killed(place, whole, chance, (length, writing, changes))
        moved += seen
        phase = "after" if "-results" in place.marks() else "in" if "+results" in place.marks() else "before"
        left = state_of(stable(place.out), whole)
        assert state_of(set_in(place.out / "latest"), whole) == left
        assert [folder.name for folder in (place.out / "runs").iterdir() if set_in(folder) not in whole.values()] == []
        assert code in (0, -signal.SIGKILL), (place.folder / "said").read_text(encoding="utf-8")
        kills += code != 0
        counted[f"killed {phase} writing, left the {'new' if left == wanted else 'old'} set" if code else "ended before it was killed"] += 1
        wanted = OTHER[left]
        if kills % 10 == 5:
            place.put(wanted)
            mended(place, whole, wanted)
            wanted = OTHER[wanted]
    print(f"\n{kills} kills:", dict(sorted(counted.items())), f"the pointer moved under a reader {moved} times; a run takes {length:.2f} s, writing {writing:.2f} s")

    place.put(wanted)
    mended(place, whole, wanted)
    assert kills >= (KILLS or FEWEST)
    assert list((place.folder.parent / "temporary").iterdir()) == []


def killed(place: Place, whole: dict[str, Set], chance: random.Random, lengths: tuple[float, float, int]) -> tuple[int, int]:
    """One run killed at some moment: anywhere, while it writes, or just before a change on disk. How often the pointer moved under a reader, and the exit code."""
    way = chance.choice(("anywhere", "anywhere", "writing", "writing", "change"))
    length, writing, changes = lengths
    child = place.runner.start(place.order(kill_at=chance.randint(1, changes) if way == "change" else 0))
    until, moved = time.monotonic() + (chance.uniform(0, length) if way == "anywhere" else 60), 0
    if way == "writing":
        place.wait_for("+results", child)
        until = time.monotonic() + chance.uniform(0, writing)
    while time.monotonic() < until - 0.02 and alive(child):
        moved += read_along(place.out, whole)
    while time.monotonic() < until and alive(child):
        time.sleep(0.0005)
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    return moved, place.runner.ended()


def read_along(out: Path, whole: dict[str, Set]) -> int:
    """A reader opens the files one after the other while a run goes on; `run.json`, read first and last, tells it whether the pointer moved. 1 if it did."""
    assert state_of(set_in((out / "latest").resolve()), whole)
    first = json.loads((out / "run.json").read_text(encoding="utf-8"))["key"]
    seen = {}
    for name in whole["a"] | whole["b"]:
        with suppress(FileNotFoundError):
            seen[name] = digest(out / name)
            assert seen[name] in (whole["a"].get(name), whole["b"].get(name)), name
    if json.loads((out / "run.json").read_text(encoding="utf-8"))["key"] != first:
        return 1
    assert state_of(seen, whole) == state_of(set_in(out / "runs" / first), whole)
    return 0


def lengths(place: Place) -> tuple[float, float, int]:
    """How long a run takes and its writing, and how many changes it makes on disk that Python knows of."""
    place.put("b")
    counted = place.folder / "changes"
    begun = time.monotonic()
    place.finish()
    marks, length = place.marks(), time.monotonic() - begun
    place.put("a")
    place.runner.start(place.order(changes=str(counted)))
    assert place.runner.ended() == 0
    return length, marks["-results"] - marks["+results"], len(counted.read_text(encoding="utf-8").splitlines())


def forget_other_sets(out: Path) -> None:
    """So that the next run has to write its set anew."""
    for folder in set((out / "runs").iterdir()) - {(out / "latest").resolve()}:
        shutil.rmtree(folder)


@pytest.mark.parametrize("share", [0.1, 0.4, 0.9])
def test_a_first_run_that_is_killed_is_no_hindrance(place: Place, whole: dict[str, Set], share: float) -> None:
    """Dagster's storage is made by it too."""
    first = Place(place.runner, place.folder.with_name(f"first {share}"), place.root)
    place.put("b")
    child = first.runner.start(first.order())
    time.sleep(share * 1.5)
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    code = first.runner.ended()

    assert code == 0 or stable(first.out) in ({}, whole["b"])
    mended(first, whole, "b")


def test_a_run_of_some_assets_takes_no_frame_of_a_killed_run(place: Place, whole: dict[str, Set], monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed half-way, some frames between steps are of the new inputs and some of the old."""
    half = Place(place.runner, place.folder.with_name("half"), place.root)
    half.put("a")
    half.finish()
    half.put("b")
    child = half.runner.start(half.order())
    half.wait_for("-kpi_values", child)
    os.kill(child, signal.SIGKILL)
    half.runner.ended()
    monkeypatch.setenv("DAGSTER_HOME", str(half.home))

    def only(asset: str) -> dg.ExecuteInProcessResult:
        with dagster_instance(half.root) as instance:
            job = build_defs(half.root, half.out, quiet=True).resolve_job_def(JOB)
            return job.execute_in_process({"loggers": {"console": {}}}, instance=instance, raise_on_error=False, asset_selection=[dg.AssetKey(asset)])

    refused = only("results")
    assert not refused.success
    assert "was never made from the files as they are now" in why(refused)
    assert state_of(stable(half.out), whole) == "a"
    for done in (only("published"), half.finish(), only("results")):  # The inputs of the first are all of the killed run.
        assert done is None or done.success, why(done)
    assert state_of(stable(half.out), whole) == "b"


# ---------------------------------------------------------------- publishing, at every change


FILES = {"a": {"both.csv": "a", "old.csv": "a", "folder/x": "a"}, "b": {"both.csv": "b", "new.csv": "b", "folder/y": "b"}}


@pytest.mark.parametrize(("before", "again"), [("", False), ("a", False), ("a", True)], ids=["first", "other names", "key again"])
def test_publishing_killed_before_every_change(runner: Runner, tmp_path: Path, before: str, again: bool) -> None:
    sets = {"": {}} if not before else {}
    for state in ("b", "a") if again else (before,) if before else ():
        publish(staged(tmp_path, FILES[state]), tmp_path / "out", state)
    whole = sets | {state: set_in(publish(staged(tmp_path / f"set {state}", files), tmp_path / f"set {state}" / "out", state)) for state, files in FILES.items()}
    template, code, seen = tmp_path / "out", -signal.SIGKILL, []
    template.mkdir(exist_ok=True)
    number = 0

    while code != 0:
        number += 1
        here = Place(runner, tmp_path / f"killed {number}", tmp_path)
        shutil.copytree(template, here.out, symlinks=True)
        here.runner.start(here.order(kill_at=number, staged=staged(here.folder, FILES["b"]), key="b"))
        code = here.runner.ended()
        seen.append(state_of(stable(here.out), whole))

        with alone(here.out):
            assert state_of(stable(here.out), whole) == seen[-1]
            assert left_behind(here.out) == [".lock"]
            publish(staged(here.folder, FILES["b"]), here.out, "b")
        assert state_of(stable(here.out), whole) == "b"
        assert left_behind(here.out) == []

    assert seen == [before] * seen.count(before) + ["b"] * seen.count("b"), "it goes back"
    assert seen.count(before) >= 3
    assert seen.count("b") >= 2


def test_a_link_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "theirs").symlink_to("nowhere")

    publish(staged(tmp_path, FILES["a"]), tmp_path / "out", "a")

    assert (tmp_path / "out" / "theirs").is_symlink()


def test_refused_rows_are_never_among_the_temporary_files_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "there is no such folder"))
    refused = rejections(rejected_row("electricity_purchased"))

    write_returned(refused, records(refused), register(), tables.empty(tables.FILES), tmp_path / "rejected_by_site")

    assert [path.name for path in (tmp_path / "rejected_by_site").iterdir()] == ["HQ.xlsx"]


# ---------------------------------------------------------------- who holds the folder


def why(result: dg.ExecuteInProcessResult) -> str:
    """All errors of a run, with what caused them."""
    told = []
    for event in result.all_events:
        error = getattr(event.event_specific_data, "error", None)
        while error is not None:
            told.append(error.message)
            error = error.cause
    return " ".join(told)


def test_a_run_from_the_ui_holds_the_folder_too(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    out = tmp_path / "out"
    out.mkdir()

    with (out / ".lock").open("w") as lock, dagster_instance(place.root) as instance:
        fcntl.flock(lock, fcntl.LOCK_EX)
        job = build_defs(place.root, out, quiet=True).resolve_job_def(JOB)
        result = job.execute_in_process({"loggers": {"console": {}}}, instance=instance, raise_on_error=False)

    assert not result.success
    assert "Another run is writing here" in why(result)


def test_only_runs_of_this_folder_are_ended(tmp_path: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        runs = {
            name: create_run_for_test(instance, status=status, tags=tags).run_id
            for name, status, tags in (
                ("dead", dg.DagsterRunStatus.STARTED, tags_of(tmp_path / "here")),
                ("never begun", dg.DagsterRunStatus.NOT_STARTED, tags_of(tmp_path / "here")),
                ("asking", dg.DagsterRunStatus.STARTED, {}),
                ("elsewhere", dg.DagsterRunStatus.STARTED, tags_of(tmp_path / "there")),
                ("done", dg.DagsterRunStatus.SUCCESS, tags_of(tmp_path / "here")),
            )
        }

        end_abandoned(instance, tmp_path / "here", runs["asking"])

        found = {name: instance.get_run_by_id(run_id) for name, run_id in runs.items()}
    assert {name: run.status.value for name, run in found.items() if run} == {
        "dead": "FAILURE", "never begun": "FAILURE", "asking": "STARTED", "elsewhere": "STARTED", "done": "SUCCESS",
    }  # fmt: skip
    assert found["asking"] is not None
    assert found["asking"].tags.items() >= tags_of(tmp_path / "here").items()


def test_files_that_change_while_a_run_goes_on_publish_nothing(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its results would be named after files that it never read."""
    import pipelines.assets

    real = pipelines.assets.coverage_of
    place.put("a")

    def meanwhile(*given: pl.DataFrame) -> object:
        place.put("b")
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    monkeypatch.setattr("pipelines.assets.coverage_of", meanwhile)

    with pytest.raises(InputProblem, match="Files changed while the run went on: raw"):
        execute(Request(place.root, tmp_path / "out"), lambda _step, _ended: None)
    assert not (tmp_path / "out" / "latest").exists()


def test_an_error_lets_go_of_the_folder(tmp_path: Path) -> None:
    with pytest.raises(EsgKpisError, match="on purpose"), alone(tmp_path), alone(tmp_path):
        raise EsgKpisError("on purpose")

    assert left_behind(tmp_path) == []


# ---------------------------------------------------------------- the process for workbooks


BUSY = """
import sys, threading
from pathlib import Path
from esg_kpis.files import Reading, read_source, sandbox
path = Path(sys.argv[1])
threading.Timer(float(sys.argv[2]), lambda: print(sandbox._WORKER.process.pid, sandbox._WORKER.lock.locked(), flush=True)).start()
sandbox.open_sheets(read_source(path.parent, path), Reading(names=frozenset({"quantity"})))
threading.Event().wait()
"""


@pytest.mark.parametrize(("rows", "after"), [(1, 3.0), (60_000, 2.0)], ids=["idle", "busy"])
def test_the_process_for_workbooks_ends_with_its_killed_parent(tmp_path: Path, rows: int, after: float) -> None:
    (tmp_path / "bills.xlsx").write_bytes(long_workbook(rows))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    with subprocess.Popen(
        [sys.executable, "-c", BUSY, str(tmp_path / "bills.xlsx"), str(after)], stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
    ) as parent:
        assert parent.stdout is not None
        child, busy = parent.stdout.readline().split()
        assert busy == str(rows > 1)
        assert alive(int(child))
        parent.kill()
        parent.wait()
        assert dies(int(child), 1)


def test_even_while_it_holds_the_interpreter() -> None:
    """A reader of workbooks in another language may not let a thread of Python run for minutes."""
    theirs, ours = os.pipe()
    code = f"from esg_kpis.files.sandbox import end_with; end_with({theirs}); print('on', flush=True); sum(range(10**12))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment, pass_fds=(theirs,)) as child:
        os.close(theirs)
        assert child.stdout is not None
        assert child.stdout.readline() == "on\n"
        time.sleep(0.2)
        assert child.poll() is None
        os.close(ours)
        assert child.wait(2) == -signal.SIGIO
