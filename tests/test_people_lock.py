"""The lock of the people data: the files may go, the figures stand; and what was locked is compared with what is there."""

import json
import shutil
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from esg_kpis.errors import InputProblem, UsageProblem
from esg_kpis.people import lock_files
from tests.people_scenario import (
    KPIS,
    cell,
    count,
    counted,
    counted_or_locked,
    counting,
    course,
    esg_kpis,
    everything_written,
    key,
    places_of,
    result,
    spell,
    whole_workspace,
    workspace_of,
)  # fmt: skip
from tests.scenario import EVERYWHERE, Row, edition_folder

SPELLS = [spell("a", "2021-01-01"), spell("b", "2022-03-01", "2023-05-31", gender="Male"), spell("c", "2023-04-01", level="Senior"), spell("d", "2023-04-01")]
TRAINING = [course("a", "2023-02-01", "8"), course("c", "2023-05-01", "1.5")]
FILES = {"s.csv": SPELLS, "t.csv": TRAINING}
BY_LEVEL: Row = KPIS[0] | {"id": "by_level", "breakdowns": [{"name": "level", "categories": {"Senior": {"level": ["Senior"]}}}]}
HOURS: Row = {"id": "hours", "label": "Hours", "text": "t", "source": "s", "unit": "hour", "decimals": 1, "formula": "sum", "amounts": [{"measure": ["training_hours"]}]}
def shown_though_few(*names: str) -> str:
    """The rules of an edition that shows these KPIs however few persons they are about."""
    shown = [f'[[small_groups.disclosure]]\nkpi_id = "{name}"\nreason = "r"\nwho = "w"\n' for name in names]
    return EVERYWHERE + "[small_groups]\nk = 2\n" + "".join(shown)


OPEN = shown_though_few("leavers")


def locked(tmp_path: Path, until: str = "2023-12-31") -> Path:
    """A workspace that ran and was locked; its people files are still there."""
    root = whole_workspace(tmp_path / "w", FILES, rules=OPEN)
    assert esg_kpis(root, "run").returncode == 0
    done = esg_kpis(root, "people", "lock", "--until", until)
    assert done.returncode == 0, done.stderr
    return root


def findings(root: Path, check: str = "people_lock") -> list[tuple[str, str, str]]:
    rows = result(root, "findings").filter((pl.col("check") == check) & ~pl.col("passed"))
    return rows.select("subject", "severity", "observed").rows()


# ---------------------------------------------------------------- whole runs


def test_the_figures_are_the_same_bytes_when_the_files_are_gone(tmp_path: Path) -> None:
    root = locked(tmp_path)
    out = root.parent / "out"
    before = [(out / f"kpi_values.{kind}").read_bytes() for kind in ("csv", "parquet")]
    heads = (out / "headcount.csv").read_bytes()
    shutil.rmtree(root / "data" / "raw" / "people")
    done = esg_kpis(root, "run")

    assert done.returncode == 0, done.stderr
    assert [(out / f"kpi_values.{kind}").read_bytes() for kind in ("csv", "parquet")] == before
    assert (out / "headcount.csv").read_bytes() == heads
    assert cell(root, "heads")["printed"] == "3"
    assert findings(root) == [("files", "note", "2 people files are gone; their locked counts up to 2023-12-31 stand in")]
    controls = result(root, "people_controls").sort("path")
    assert controls.select("path", "rows", "counted", "state").rows() == [("people/s.csv", 4, 4, "locked"), ("people/t.csv", 2, 2, "locked")]
    assert {key(name): places for name in "abcd" if (places := places_of(key(name), everything_written(root, done)))} == {}


def test_a_run_beside_the_lock_of_the_same_files_has_nothing_to_say(tmp_path: Path) -> None:
    root = locked(tmp_path)

    assert esg_kpis(root, "run").returncode == 0
    assert findings(root) == []


def test_what_the_lock_was_not_asked_for_is_no_number_when_the_files_are_gone(tmp_path: Path) -> None:
    root = locked(tmp_path)
    shutil.rmtree(root / "data" / "raw" / "people")
    edition_folder(root, [*KPIS, BY_LEVEL], OPEN)
    esg_kpis(root, "run")

    asked = cell(root, "by_level", category="Senior")
    assert (asked["value"], asked["printed"]) == (None, None)
    assert asked["status"] in ("blocked", "not_collected")
    assert ("employees", "error", "it was not counted by level when it was locked, and its files cannot say it any more") in findings(root)
    assert cell(root, "heads")["printed"] == "3"


def test_a_lock_that_was_changed_is_refused(tmp_path: Path) -> None:
    root = locked(tmp_path)
    counts = root / "data" / "locked" / "people" / "counts.csv"
    counts.write_text(counts.read_text().replace("employees,2023-12-31,2023-12-31", "employees,2023-12-30,2023-12-31", 1))
    done = esg_kpis(root, "run")

    assert done.returncode == 3
    assert "counts.csv is not what was locked" in done.stderr
    assert "Put back the folder" in done.stderr or "Nothing was published" in done.stderr


def test_a_lock_that_is_damaged_is_the_users_to_mend(tmp_path: Path) -> None:
    root = locked(tmp_path)
    (root / "data" / "locked" / "people" / "headcount.csv").unlink()
    done = esg_kpis(root, "run")

    assert done.returncode == 3
    assert "The lock of the people data cannot be read" in done.stderr


def test_a_lock_stands_until_it_is_replaced_on_purpose(tmp_path: Path) -> None:
    root = locked(tmp_path)
    before = (root / "data" / "locked" / "people" / "lock.json").read_bytes()
    again = esg_kpis(root, "people", "lock", "--until", "2022-12-31")

    assert (again.returncode, "--replace" in again.stderr) == (2, True)
    assert (root / "data" / "locked" / "people" / "lock.json").read_bytes() == before
    assert esg_kpis(root, "people", "lock", "--until", "2022-12-31", "--replace", "Closed too early").returncode == 0
    told = json.loads((root / "data" / "locked" / "people" / "lock.json").read_text())
    assert told["until"] == "2022-12-31"
    assert [(one["until"], one["reason"]) for one in told["replaced"]] == [("2023-12-31", "Closed too early")]


@pytest.mark.parametrize(
    ("files", "until", "says"),
    [
        (FILES, "2023-06-30", "No period of an edition ends on 2023-06-30"),
        (FILES | {"bad.csv": [spell("e", "2023-01-01", gender="")]}, "2023-12-31", "1 rows or files about people are rejected"),
        (FILES | {"bad.csv": ""}, "2023-12-31", "1 rows or files about people are rejected"),
        ({}, "2023-12-31", "no people files to lock"),
    ],
    ids=["no period end", "a rejected row", "a stopped file", "no files"],
)
def test_what_is_not_whole_is_not_locked(tmp_path: Path, files: dict[str, list[dict[str, str]]], until: str, says: str) -> None:
    root = whole_workspace(tmp_path / "w", files)
    done = esg_kpis(root, "people", "lock", "--until", until)

    assert (done.returncode, says in done.stderr) == (2, True), done.stderr
    assert not (root / "data" / "locked").exists()


# ---------------------------------------------------------------- what changed since


def lock_of(root: Path, until: date = date(2023, 12, 31)) -> None:
    """Locks the people files of a workspace, without a run."""
    folder = root / "data" / "locked" / "people"
    folder.mkdir(parents=True)
    for name, content in lock_files(counted(root, FILES), counting(), until).items():
        (folder / name).write_bytes(content)


CHANGED = [*SPELLS[:3], spell("d", "2023-04-01", "2023-11-30")]
"""One leaver more than was locked."""


def test_a_file_that_was_changed_is_an_error_and_what_was_locked_stands(tmp_path: Path) -> None:
    lock_of(tmp_path)
    people = counted_or_locked(workspace_of(tmp_path, {"s.csv": CHANGED}))

    errors = people.observations.filter((pl.col("check") == "people_lock") & (pl.col("severity") == "error"))
    assert {"employees", "employees_left"} <= set(errors["subject"])
    assert "training_hours" not in errors["subject"].to_list()
    assert count(people, "employees_left", "2023-12-31") == 1
    assert people.controls.select("path", "state").sort("path", "state").rows() == [("people/s.csv", "locked"), ("people/s.csv", "read"), ("people/t.csv", "read")]


def test_next_years_file_may_have_the_name_of_the_one_that_was_deleted(tmp_path: Path) -> None:
    lock_of(tmp_path)
    (tmp_path / "data" / "raw" / "people" / "t.csv").unlink()
    people = counted_or_locked(workspace_of(tmp_path, {"s.csv": [*SPELLS, spell("e", "2024-01-01")]}))

    assert count(people, "employees", "2023-12-31") == 3
    assert people.controls.filter(pl.col("state") == "locked")["path"].to_list() == ["people/t.csv"]


def test_one_file_that_is_gone_is_stood_in_for_and_the_others_are_still_read(tmp_path: Path) -> None:
    lock_of(tmp_path)
    whole = counted_or_locked(workspace_of(tmp_path, {}))
    (tmp_path / "data" / "raw" / "people" / "t.csv").unlink()
    people = counted_or_locked(workspace_of(tmp_path, {}))

    assert people.counts.equals(whole.counts)
    assert people.controls.sort("path")["state"].to_list() == ["read", "locked"]
    assert count(people, "training_hours", "2023-12-31") == count(whole, "training_hours", "2023-12-31") > 9


def test_a_lock_is_not_replaced_by_one_that_knows_less(tmp_path: Path) -> None:
    root = locked(tmp_path)
    before = (root / "data" / "locked" / "people" / "controls.csv").read_bytes()
    (root / "data" / "raw" / "people" / "t.csv").unlink()
    done = esg_kpis(root, "people", "lock", "--until", "2023-12-31", "--replace", "Again")

    assert done.returncode == 2
    assert "1 files that were locked are gone: people/t.csv" in done.stderr
    assert (root / "data" / "locked" / "people" / "controls.csv").read_bytes() == before


def test_a_later_lock_extends_an_earlier_one_whose_files_are_gone(tmp_path: Path) -> None:
    """2022 is locked and its training deleted; 2023 comes in files of its own, and the lock then holds both years."""
    root = whole_workspace(tmp_path / "w", {"s.csv": SPELLS, "t22.csv": [course("a", "2022-02-01", "4")], "t23.csv": TRAINING}, [*KPIS, HOURS], shown_though_few("leavers", "hours"))
    assert esg_kpis(root, "people", "lock", "--until", "2022-12-31").returncode == 0
    (root / "data" / "raw" / "people" / "t22.csv").unlink()
    done = esg_kpis(root, "people", "lock", "--until", "2023-12-31")
    assert done.returncode == 0, done.stderr
    shutil.rmtree(root / "data" / "raw" / "people")
    assert esg_kpis(root, "run").returncode == 0

    assert [cell(root, "hours", year)["printed"] for year in ("2022", "2023")] == ["4.0", "9.5"]
    assert [cell(root, "heads", year)["printed"] for year in ("2022", "2023")] == ["2", "3"]
    assert result(root, "people_controls").sort("path").select("path", "state").rows() == [(f"people/{name}.csv", "locked") for name in ("s", "t22", "t23")]


def test_a_new_breakdown_is_counted_from_files_that_are_still_there(tmp_path: Path) -> None:
    root = locked(tmp_path)
    edition_folder(root, [*KPIS, BY_LEVEL], shown_though_few("leavers", "by_level"))
    assert esg_kpis(root, "run").returncode == 0

    assert cell(root, "by_level", category="Senior")["printed"] == "1"
    assert findings(root) == []


def test_a_file_cut_at_the_year_does_not_pass_for_everybody_joining(tmp_path: Path) -> None:
    lock_of(tmp_path, date(2022, 12, 31))
    shutil.rmtree(tmp_path / "data" / "raw" / "people")
    later = [spell("a", "2023-01-01"), spell("b", "2023-01-01", "2023-05-31", gender="Male"), spell("c", "2023-04-01", level="Senior")]
    people = counted_or_locked(workspace_of(tmp_path, {"s24.csv": later}))

    (error,) = people.observations.filter(pl.col("subject") == "opening").to_dicts()
    assert error["observed"] == "0 persons at the end of 2022-12-31 by the files, 2 by the lock"


def test_a_lock_whose_writing_was_broken_off_is_not_taken_for_none(tmp_path: Path) -> None:
    lock_of(tmp_path)
    folder = tmp_path / "data" / "locked" / "people"
    folder.rename(folder.with_name("people.before"))
    with pytest.raises(InputProblem, match="Rename the folder"):
        counted_or_locked(workspace_of(tmp_path, {}))
    folder.mkdir()
    with pytest.raises(InputProblem, match="cannot be read"):
        counted_or_locked(workspace_of(tmp_path, {}))


def test_a_period_that_the_lock_does_not_cut_is_no_number(tmp_path: Path) -> None:
    """Two joined in April 2023, none from then to March 2024 that the lock could tell apart: two leavers' and joiners' counts of the whole year say nothing about its parts."""
    root = locked(tmp_path)
    shutil.rmtree(root / "data" / "raw" / "people")
    toml = root / "editions" / "e1" / "edition.toml"
    text = toml.read_text().replace("first = 2023-01-01\nlast = 2023-12-31", "first = 2023-07-01\nlast = 2023-12-31")
    toml.write_text(text)
    esg_kpis(root, "run")

    assert cell(root, "leavers")["value"] is None
    assert any("were not counted by themselves" in seen for _, _, seen in findings(root))


def test_a_lock_for_no_period_or_of_rejected_rows_is_refused_by_the_library_too(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="No period of an edition ends on 2023-06-30"):
        lock_files(counted(tmp_path / "a", FILES), counting(), date(2023, 6, 30))
    with pytest.raises(UsageProblem, match="1 rows or files"):
        lock_files(counted(tmp_path / "b", {"s.csv": [spell("a", "2025-01-01")]}), counting(), date(2023, 12, 31))


def test_a_lock_with_a_table_missing_cannot_be_read(tmp_path: Path) -> None:
    lock_of(tmp_path)
    (tmp_path / "data" / "locked" / "people" / "counts.csv").unlink()

    with pytest.raises(InputProblem, match="cannot be read"):
        counted_or_locked(workspace_of(tmp_path, {}))
