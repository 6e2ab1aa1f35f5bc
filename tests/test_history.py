"""The history of runs: our event log is Dagster's, in fewer connections."""

from contextlib import closing
from pathlib import Path
from sqlite3 import connect

import dagster as dg
import pytest
from dagster._core.storage.event_log import ConsolidatedSqliteEventLogStorage
from sqlalchemy.pool import QueuePool

from pipelines.history import OneEngineEventLog


@dg.asset
def something() -> int:
    """An asset."""
    return 1


@pytest.mark.parametrize("left", [b"", None])
def test_a_log_that_a_killed_run_left_half_made_is_made_anew(tmp_path: Path, left: bytes | None) -> None:
    """Killed while the tables were made: an empty file, or one with some of them."""
    log = tmp_path / "event_log.db"
    if left is None:
        with closing(connect(log)) as connection:
            connection.execute("CREATE TABLE event_logs (id INTEGER)")
    else:
        log.write_bytes(left)
    (tmp_path / ".event_log-left").mkdir()

    made = OneEngineEventLog(str(tmp_path))

    assert made.supports_asset_checks
    assert made.has_secondary_index("asset_key_index_columns")
    assert [path.name for path in tmp_path.glob("*event_log*") if path.suffix in ("", ".db")] == ["event_log.db"]


def test_dagsters_own_class_reads_what_ours_wrote_over_few_connections(tmp_path: Path) -> None:
    """It overrides a private method: if Dagster no longer calls it, nothing is connected through our engine, and this fails."""
    (tmp_path / "dagster.yaml").write_text(
        f"event_log_storage:\n  module: pipelines.history\n  class: OneEngineEventLog\n  config: {{base_dir: '{tmp_path}'}}\ntelemetry: {{enabled: false}}\n", encoding="utf-8"
    )
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        ours = instance.event_log_storage
        assert isinstance(ours, OneEngineEventLog)
        result = dg.materialize([something], instance=instance)
        stored = [item.dagster_event.event_type for item in instance.all_logs(result.run_id) if item.dagster_event]
        assert isinstance(pool := ours._engine.pool, QueuePool)
        assert 0 < pool.checkedin() < 4
        assert pool.checkedout() == 0

    assert not list(tmp_path.glob("event_log.db-*")), "a connection is still open"
    theirs = ConsolidatedSqliteEventLogStorage(str(tmp_path))
    read = [item.dagster_event.event_type for item in theirs.get_logs_for_run(result.run_id) if item.dagster_event]
    assert read == stored
    assert dg.DagsterEventType.ASSET_MATERIALIZATION in read
