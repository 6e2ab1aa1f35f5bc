"""Nothing that leaves ingest knows a person: every byte that whole runs leave or say is searched for every person key."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from tests.people_scenario import (
    KPIS,
    PROGRAMMES,
    cell,
    course,
    esg_kpis,
    everything_written,
    injury,
    key,
    movement,
    places_of,
    result,
    snapshot,
    spell,
    whole_workspace,
)  # fmt: skip
from tests.scenario import Row

NAMES = [f"person {number}" for number in range(30)]
SPELLS = [
    spell(name, f"2022-{1 + number % 12:02}-15", "" if number % 4 else f"2023-{1 + number % 9:02}-20", gender="Male" if number % 3 else "Female")
    for number, name in enumerate(NAMES)
]  # fmt: skip
FILES = {
    "s.csv": SPELLS,
    "t.csv": [course(name, "2022-12-31", "3", "C-17", "Sprouts") for name in NAMES[:9]],
    "i.csv": [injury("CASE-4711", NAMES[0], "2022-12-01"), injury("CASE-4712", NAMES[1], "2023-02-20", "fatal", "0")],
    "_format.toml": PROGRAMMES,
}
WRONG = {
    "wrong/s.csv": [spell("late", "2025-01-01"), spell("nowhere", "2023-01-01", site_id="BJ-O1"), spell("twice", "2023-01-01"), spell("twice", "2023-02-01", level="Senior")],
    "wrong/t.csv": [course("unknown", "2023-01-01", "3", "COURSE-OF-ONE"), course(NAMES[1], "2023-12-31", "-7.25")],
    "wrong/n.csv": [snapshot("seen", "2023-12-31"), snapshot("seen", "2023-06-30")],
    "wrong/m.csv": [movement("moved", "2023-03-03", "leaver")],
}
MORE: tuple[Row, ...] = (
    *KPIS,
    {"id": "hours", "label": "Hours", "text": "t", "source": "s", "unit": "hour", "decimals": 1, "formula": "sum", "amounts": [{"measure": ["training_hours"]}]},
    {"id": "injured", "label": "Injured", "text": "t", "source": "s", "unit": "case", "decimals": 0, "formula": "sum", "amounts": [{"measure": ["work_injuries"]}]},
)
SECRETS = [key(name) for name in (*NAMES, "late", "nowhere", "twice", "unknown", "seen", "moved")]
TOLD_BY_FEW = ("CASE-4711", "CASE-4712", "COURSE-OF-ONE", "2022-12-15")
"""Numbers of cases, a course, and a first day: no person's key, and of one person all the same."""


def found(root: Path, *done: object) -> dict[str, list[str]]:
    written = everything_written(root, *done)  # type: ignore[arg-type]
    assert len(written) > 15
    hashed = [secret[:12] for secret in SECRETS]
    return {secret: places for secret in (*SECRETS, *hashed) if (places := places_of(secret, written))}


def test_a_whole_run_and_every_look_at_it_knows_nobody(tmp_path: Path) -> None:
    root = whole_workspace(tmp_path / "w", FILES, MORE)
    looks = [
        esg_kpis(root, "run"), esg_kpis(root, "run", "--json"), esg_kpis(root, "tie-out", "--all"),
        *(esg_kpis(root, "trace", kpi, "--period", "2023", "--rows", "0", *more) for kpi in ("heads", "turnover", "hours", "injured") for more in ((), ("--json",))),
        esg_kpis(root, "people", "lock", "--until", "2023-12-31"),
    ]  # fmt: skip

    assert [look.returncode for look in looks] == [0] * len(looks), [look.stderr for look in looks]
    assert int(cell(root, "heads")["printed"]) == sum(not row["to"] for row in SPELLS)
    assert found(root, *looks) == {}
    written = everything_written(root, *looks)
    assert {secret: places_of(secret, written) for secret in TOLD_BY_FEW if places_of(secret, written)} == {}


def test_rejected_rows_know_nobody(tmp_path: Path) -> None:
    root = whole_workspace(tmp_path / "w", FILES | WRONG, MORE)
    looks = [esg_kpis(root, "run"), esg_kpis(root, "run", "--json"), esg_kpis(root, "trace", "heads", "--period", "2023", "--json")]

    assert [look.returncode for look in looks] == [1, 1, 0]
    assert not any("Traceback" in look.stderr for look in looks)
    assert cell(root, "heads")["status"] == "blocked"
    broken = set(result(root, "rejected")["rule"])
    assert {"after_as_of", "unknown_site", "overlapping_spells", "not_employed", "number", "snapshots_too_rare"} <= broken
    assert list((root.parent / "out").rglob("rejected_by_site/*.xlsx"))
    assert found(root, *looks) == {}
    written = everything_written(root, *looks)
    assert {secret: places_of(secret, written) for secret in ("COURSE-OF-ONE", "-7.25") if places_of(secret, written)} == {}


@pytest.mark.parametrize("args", [(), ("--json",)])
def test_a_check_knows_nobody(tmp_path: Path, args: tuple[str, ...]) -> None:
    root = whole_workspace(tmp_path / "w", FILES | WRONG, MORE)
    done = esg_kpis(root, "check", *args)

    assert "Traceback" not in done.stderr
    assert done.returncode == 1
    assert "overlapping" in done.stdout
    assert found(root, done) == {}


def test_a_run_that_breaks_knows_nobody(tmp_path: Path) -> None:
    root = whole_workspace(tmp_path / "w", FILES, MORE)
    (root / "data" / "locked" / "people").mkdir(parents=True)
    (root / "data" / "locked" / "people" / "lock.json").write_text("{}")
    done = esg_kpis(root, "run")

    assert "Nothing was published" in done.stderr
    assert found(root, done) == {}


@pytest.mark.parametrize("fault", ["raise ValueError('made up')", "1 / 0", "ordered.persons['person'].str.to_integer()"])
def test_a_fault_of_ours_amid_the_counting_knows_nobody(tmp_path: Path, fault: str) -> None:
    """The step is broken on purpose, in a process of its own, where the spells are in its hands."""
    root = whole_workspace(tmp_path / "w", FILES, MORE)
    broken = (
        "import sys\nimport polars as pl\nfrom esg_kpis.people import take_in\n"
        f"def roll_forward(ordered, joint):\n    held = ordered.persons.rows()\n    {fault}\n"
        "take_in.roll_forward = roll_forward\nsys.argv = sys.argv[1:]\nfrom pipelines.cli import main\nmain()\n"
    )
    (tmp_path / "broken.py").write_text(broken)
    done = _ask(tmp_path / "broken.py", root)

    assert done.returncode == 70
    assert found(root, done) == {}


def _ask(script: Path, root: Path) -> object:
    import os
    import subprocess
    import sys

    known = {**os.environ, "DAGSTER_HOME": str(root.parent / "dagster"), "COLUMNS": "200"}
    command = [sys.executable, str(script), "esg-kpis", "--root", str(root), "--out", str(root.parent / "out"), "run"]
    return subprocess.run(command, capture_output=True, text=True, env=known, cwd=Path(__file__).parent.parent, check=False)


def test_the_search_finds_a_key_that_is_there(tmp_path: Path) -> None:
    """The search itself: in text, in a Parquet file and in a workbook."""
    root = whole_workspace(tmp_path / "w", {"s.csv": SPELLS})
    assert esg_kpis(root, "run").returncode == 0
    out = root.parent / "out"
    pl.DataFrame({"person": [SECRETS[0]] * 500}).write_parquet(out / "leak.parquet")
    (out / "leak.json").write_text(json.dumps({"a": SECRETS[1]}))
    shutil.copy(root / "data" / "raw" / "people" / "s.csv", root.parent / "dagster" / "leak.csv")

    there = found(root)
    assert set(there) >= set(SECRETS[:30])
    assert any("leak.parquet" in place for place in there[SECRETS[0]])


def test_counts_stay_counts_in_every_table(tmp_path: Path) -> None:
    """No table has a row per person: 30 spells of two sorts give the same number of counts as 3,000 of them."""
    heights = []
    for number, times in enumerate((1, 100)):
        spells = [row | {"person": key(f"{row['person']} {copy}")} for row in SPELLS for copy in range(times)]
        root = whole_workspace(tmp_path / f"{number}" / "w", {"s.csv": spells})
        assert esg_kpis(root, "run").returncode == 0
        heights.append([result(root, name).height for name in ("records", "amounts", "edition_amounts", "people_counts", "headcount", "kpi_values")])

    assert heights[0] == heights[1]
