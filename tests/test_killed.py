"""A run killed at any moment leaves the old set of outputs or the new one, and the next run mends what it left.

`ESG_KPIS_KILLS=200 pytest tests/test_killed.py` kills that many runs; without it, as many as fit into SECONDS.
"""

import json
import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.killed_scenario import SITES, Place, Runner, Set, digest, left_behind, set_in, stable, states
from tests.scenario import edition_folder, factor_row, gwp_row, kpi, library_folder

KILLS = int(os.environ.get("ESG_KPIS_KILLS", "0"))
SECONDS = 25
OTHER = {"a": "b", "b": "a"}


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    runner = Runner()
    yield runner
    runner.close()


@pytest.fixture(scope="module")
def place(runner: Runner, tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("killed")
    root = folder / "workspace"
    (root / "data" / "raw" / "sites").mkdir(parents=True)
    (root / "data" / "raw" / "sites" / "sites.csv").write_text(SITES, encoding="utf-8")
    library_folder(root, {"mee": [factor_row()]}, [gwp_row("CO2", "1")])
    edition_folder(root, [kpi("power", "MWh", "electricity_purchased", breakdowns=[{"name": "site", "each": "site_id"}])])
    return Place(runner, folder / "runs", root)


@pytest.fixture(scope="module")
def whole(place: Place) -> dict[str, Set]:
    """The set that each state of the inputs gives when nobody kills anything."""
    found = {}
    for state in "ab":
        place.put(state)
        calm = Place(place.runner, place.folder.parent / f"calm {state}", place.root)
        calm.finish()
        found[state] = set_in(calm.out / "latest")
    assert {"rejected_by_site/HQ.xlsx", "run.json", "kpi_values.csv"} <= set(found["b"])
    assert set(found["b"]) - set(found["a"]) == {"rejected_by_site/HQ.xlsx", "rejected_by_site/SH.xlsx"}
    assert found["a"]["kpi_values.csv"] != found["b"]["kpi_values.csv"]
    return found


def state_of(seen: Set, whole: dict[str, Set]) -> str:
    """Which set it is, wholly."""
    found = [state for state in "ab" if whole[state] == seen]
    mixed = {name: [state for state in "ab" if whole[state].get(name) == value] for name, value in seen.items()}
    assert found, f"neither: {mixed}"
    return found[0]


def read_along(place: Place, whole: dict[str, Set]) -> int:
    """A reader opens the files one after the other while a run goes on. How many times the pointer moved under it."""
    out = place.out
    folder = (out / "latest").resolve()
    state_of(set_in(folder), whole)

    first = json.loads((out / "run.json").read_text(encoding="utf-8"))["key"]
    seen = {}
    for name in whole["a"] | whole["b"]:
        try:
            seen[name] = digest(out / name)
        except FileNotFoundError:
            continue
        assert seen[name] in (whole["a"].get(name), whole["b"].get(name)), name
    if json.loads((out / "run.json").read_text(encoding="utf-8"))["key"] != first:
        return 1
    assert state_of(seen, whole) == state_of(set_in(out / "runs" / first), whole)
    return 0


def test_a_killed_run_leaves_the_old_set_or_the_new_one(place: Place, whole: dict[str, Set]) -> None:
    chance = random.Random(20261125)
    place.put("a")
    place.finish()
    standing, wanted, counted, moved = "a", "b", Counter[str](), 0
    place.put(wanted)
    begun = time.monotonic()
    place.finish()
    length, writing = _lengths(place, begun)
    standing, wanted = "b", "a"
    kills = 0
    while kills < KILLS if KILLS else time.monotonic() - begun < SECONDS:
        place.put(wanted)
        if chance.random() < 0.6:
            shutil.rmtree(next(folder for folder in (place.out / "runs").iterdir() if folder != (place.out / "latest").resolve()), ignore_errors=True)
        child = place.runner.start(place.order())
        start = time.monotonic()
        if chance.random() < 0.5:
            until = start + chance.uniform(0, length)
        else:
            place.wait_for("+results", child)
            until = time.monotonic() + chance.uniform(0, writing)
        while time.monotonic() < until - 0.02:
            moved += read_along(place, whole)
        time.sleep(max(0.0, until - time.monotonic()))
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        code = place.runner.ended()
        if code == 0:
            counted["ended before the kill"] += 1
        else:
            assert code == -signal.SIGKILL, (place.folder / "said").read_text(encoding="utf-8")
            kills += 1
        phase = "after" if "-results" in place.marks() else "in" if "+results" in place.marks() else "before"
        left = state_of(stable(place.out), whole)
        assert state_of(set_in(place.out / "latest"), whole) == left
        assert [folder.name for folder in (place.out / "runs").iterdir() if set_in(folder) not in whole.values()] == []
        if code:
            counted[f"killed {phase} writing, left the {'new' if left == wanted else 'old'} set"] += 1
        standing, wanted = left, OTHER[left]
        if kills % 10 == 5:
            place.put(wanted)
            place.finish()
            assert state_of(stable(place.out), whole) == wanted
            assert left_behind(place.out) == []
            assert set(states(place.home)) <= {"SUCCESS", "FAILURE"}
            standing, wanted = wanted, standing
    print(f"{kills} kills:", dict(sorted(counted.items())), f"pointer moved under a reader {moved} times; a run takes {length:.2f} s, writing {writing:.2f} s")
    assert kills >= (KILLS or 5)

    place.put(wanted)
    place.finish()

    assert state_of(stable(place.out), whole) == wanted
    assert left_behind(place.out) == []
    assert set(states(place.home)) <= {"SUCCESS", "FAILURE"}


def forget_other_sets(out: Path) -> None:
    """So that the next run has to write its set anew."""
    for folder in set((out / "runs").iterdir()) - {(out / "latest").resolve()}:
        shutil.rmtree(folder)


def _lengths(place: Place, begun: float) -> tuple[float, float]:
    """How long the run took that has just ended, and its writing."""
    marks = place.marks()
    return time.monotonic() - begun, marks["-results"] - marks["+results"]
