"""What starts the main job by itself: the sensor on data/raw, look by look, and the monthly schedule."""

import fcntl
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from esg_kpis.report.outputs import digest_of, is_held
from pipelines.automation import ASKED_BY, SCHEDULE, SENSOR, schedule_of, sensor_on
from pipelines.definitions import JOB, build_defs
from pipelines.watched import look
from tests.conftest import REPOSITORY


class Watcher:
    """A sensor over a folder of its own, with the cursor it left at its last look."""

    def __init__(self, place: Path) -> None:
        self.raw, self.out = place / "raw", place / "out"
        self.out.mkdir()
        self.sensor = sensor_on(self.raw, self.out, JOB)
        self.cursor: str | None = None

    def looks(self) -> str:
        """What one look gives: `run` and the key of the run, or why there is none."""
        with dg.DagsterInstance.ephemeral() as instance, dg.build_sensor_context(instance=instance, cursor=self.cursor) as context:
            told = self.sensor.evaluate_tick(context)
        self.cursor = told.cursor or self.cursor
        if told.run_requests:
            assert ASKED_BY in told.run_requests[0].tags
            self.months = [key for request in told.dynamic_partitions_requests or () for key in request.partition_keys]
            return f"run {told.run_requests[0].run_key}"
        return told.skip_message or ""

    def put(self, name: str, content: str) -> Path:
        """A file, as somebody puts it there; its time of change is never that of the one before."""
        path = self.raw / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        self.clock = getattr(self, "clock", 1_700_000_000) + 1
        os.utime(path, (self.clock, self.clock))
        return path

    def published(self) -> None:
        """Results as a run of the files as they are would leave them."""
        (self.out / "run.json").write_text(json.dumps({"raw": digest_of(self.raw)}), encoding="utf-8")


@pytest.fixture
def watcher(tmp_path: Path) -> Watcher:
    watcher = Watcher(tmp_path)
    watcher.put("water/a.csv", "1")
    return watcher


def test_files_that_lie_still_from_one_look_to_the_next_start_one_run(watcher: Watcher) -> None:
    assert "lain still" in watcher.looks()
    assert watcher.looks().startswith("run ")
    assert "Nothing has changed" in watcher.looks()


def test_months_of_readings_that_came_become_partitions(watcher: Watcher) -> None:
    for name in ("month=2023-02", "month=2023-01", "month=2023-13", "year=2022/month=7", "elsewhere"):
        watcher.put(f"readings/power/{name}/a.parquet", "1")
    watcher.looks()

    assert watcher.looks().startswith("run ")
    assert watcher.months == ["2022-07", "2023-01", "2023-02"]


def test_files_that_still_move_are_waited_for(watcher: Watcher) -> None:
    assert "lain still" in watcher.looks()
    watcher.put("water/a.csv", "12")
    assert "lain still" in watcher.looks()
    watcher.put("water/b.csv", "3")
    assert "lain still" in watcher.looks()
    assert watcher.looks().startswith("run ")


@pytest.mark.parametrize("change", ["edited", "added", "deleted", "renamed"])
def test_each_change_starts_a_run_of_its_own(watcher: Watcher, change: str) -> None:
    watcher.put("water/b.csv", "2")
    watcher.looks()
    first = watcher.looks()
    if change == "edited":
        watcher.put("water/a.csv", "9")
    elif change == "added":
        watcher.put("energy/new.csv", "9")
    elif change == "deleted":
        (watcher.raw / "water/a.csv").unlink()
    else:
        (watcher.raw / "water/a.csv").rename(watcher.raw / "water/c.csv")

    assert "lain still" in watcher.looks()
    second = watcher.looks()
    assert second.startswith("run ")
    assert second != first


def test_what_comes_back_is_asked_for_again_under_another_key(watcher: Watcher) -> None:
    """Dagster starts no second run under one key."""
    keys = []
    for content in ("1", "2", "1"):
        watcher.put("water/a.csv", content)
        watcher.looks()
        keys.append(watcher.looks())

    assert all(key.startswith("run ") for key in keys)
    assert len(set(keys)) == 3


def test_files_that_were_only_touched_start_nothing(watcher: Watcher) -> None:
    watcher.looks()
    watcher.looks()
    watcher.put("water/a.csv", "1")

    assert "lain still" in watcher.looks()
    assert "these very files" in watcher.looks()
    assert "Nothing has changed" in watcher.looks()


def test_results_that_the_command_line_made_of_these_files_count(watcher: Watcher) -> None:
    watcher.published()
    watcher.looks()

    assert watcher.looks() == "The last results are of these very files. Nothing to do."


def test_a_run_that_goes_on_is_waited_for(watcher: Watcher) -> None:
    watcher.looks()
    with (watcher.out / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert is_held(watcher.out)
        assert "A run is going on" in watcher.looks()
    assert not is_held(watcher.out)
    assert watcher.looks().startswith("run ")


@pytest.mark.parametrize("name", ["water/big.csv.part", "water/x.crdownload", "new.tmp"])
def test_a_file_on_its_way_is_waited_for_by_name(watcher: Watcher, name: str) -> None:
    watcher.looks()
    part = watcher.put(name, "half")

    assert watcher.looks() == f"{name} is still on its way. Waiting until it is there."
    part.unlink()
    assert "lain still" in watcher.looks()
    assert watcher.looks().startswith("run ")


def test_what_a_system_leaves_behind_is_no_change(watcher: Watcher) -> None:
    watcher.looks()
    watcher.looks()
    watcher.put("water/.DS_Store", "x")
    watcher.put("water/~$a.xlsx", "x")

    assert "Nothing has changed" in watcher.looks()


def test_a_file_that_vanishes_between_listing_and_looking_is_no_error(watcher: Watcher, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = watcher.put("water/gone.csv", "x")
    real = Path.stat

    def vanishing(path: Path, **options: bool) -> os.stat_result:
        if path == gone:
            raise FileNotFoundError(2, "No such file or directory", str(path))
        return real(path, **options)

    monkeypatch.setattr(Path, "stat", vanishing)
    assert watcher.looks() == "water/gone.csv is still on its way. Waiting until it is there."


def test_a_file_that_vanishes_while_it_is_read_is_no_error(watcher: Watcher, monkeypatch: pytest.MonkeyPatch) -> None:
    def vanishing(_: Path, __: Path) -> str:
        raise FileNotFoundError(2, "No such file or directory", "a.csv")

    watcher.looks()
    monkeypatch.setattr("pipelines.automation.digest_of_raw", vanishing)
    assert "went away meanwhile: No such file or directory" in watcher.looks()


def test_a_file_that_changes_while_it_is_read_is_waited_for(watcher: Watcher, monkeypatch: pytest.MonkeyPatch) -> None:
    def changing(folder: Path, out: Path) -> str:
        watcher.put("water/a.csv", f"more {time.monotonic_ns()}")
        return digest_of(folder)

    watcher.looks()
    with monkeypatch.context() as patch:
        patch.setattr("pipelines.automation.digest_of_raw", changing)
        assert "changed while they were read" in watcher.looks()
    assert watcher.looks().startswith("run ")


def test_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    assert "data/raw cannot be read: No such file or directory" in Watcher(tmp_path).looks()


def test_an_empty_folder_starts_nothing(watcher: Watcher) -> None:
    (watcher.raw / "water/a.csv").unlink()

    assert watcher.looks() == "There is no file in data/raw."


def test_a_link_that_leads_nowhere_stops_nothing(watcher: Watcher) -> None:
    (watcher.raw / "water/link.csv").symlink_to("nowhere.csv")

    watcher.looks()
    assert watcher.looks().startswith("run ")


def test_a_name_that_is_not_in_utf_8_is_told_and_not_fallen_over(watcher: Watcher) -> None:
    Path(os.fsdecode(os.fsencode(watcher.raw) + b"/water/\xff.csv")).write_text("1", encoding="utf-8")
    Path(os.fsdecode(os.fsencode(watcher.raw) + b"/water/\xfe.part")).write_text("1", encoding="utf-8")

    watcher.looks().encode()
    Path(os.fsdecode(os.fsencode(watcher.raw) + b"/water/\xfe.part")).unlink()
    watcher.looks()
    assert "not in UTF-8. Rename it." in watcher.looks()


@pytest.mark.parametrize("cursor", ["", "[]", "{", '"x"', '{"other": 1}', "1700000000"])
def test_a_cursor_that_cannot_be_read_says_nothing(watcher: Watcher, cursor: str) -> None:
    watcher.cursor = cursor

    assert "lain still" in watcher.looks()


def test_a_look_at_ten_thousand_files_takes_less_than_a_look_may(tmp_path: Path) -> None:
    for number in range(10_000):
        (tmp_path / f"{number}.csv").touch()

    began = time.monotonic()
    assert look(tmp_path).files == 10_000
    assert time.monotonic() - began < 20


def test_the_schedule_asks_for_one_run_a_month_and_says_for_which() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(instance=instance, scheduled_execution_time=datetime(2024, 4, 5, 6, tzinfo=UTC))
        told = schedule_of(JOB).evaluate_tick(context)

    assert [(request.run_key, request.tags[ASKED_BY]) for request in told.run_requests or ()] == [("monthly-2024-04", "monthly schedule, 2024-04")]


def test_sensor_and_schedule_start_the_main_job() -> None:
    defs = build_defs(REPOSITORY)

    assert defs.resolve_sensor_def(SENSOR).job_name == JOB
    assert defs.resolve_schedule_def(SCHEDULE).job_name == JOB
    assert "Off until you turn it on" in (defs.resolve_schedule_def(SCHEDULE).description or "")
