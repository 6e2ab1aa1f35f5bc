"""Dagster's event log in one SQLite file, through one engine whose connections stay open, and which is there as a whole or not at all.

Dagster's own class makes a new SQLAlchemy engine for every event, and with it compiles every statement and opens the file anew; that costs a run more than two seconds. It also
takes a file for a log because it is there: a first run that was killed while it made the tables left one without them, on which every later run failed.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from shutil import rmtree
from sqlite3 import Connection as SqliteConnection
from sqlite3 import connect
from tempfile import TemporaryDirectory
from typing import Any, Self

from dagster._core.storage.event_log import ConsolidatedSqliteEventLogStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event

LOG = "event_log.db"
_MAKING = ".event_log-"


class OneEngineEventLog(ConsolidatedSqliteEventLogStorage):
    """The consolidated event log with an engine of its own."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        _make_whole(Path(base_dir))
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """As Dagster makes it from dagster.yaml."""
        return cls(inst_data=inst_data, **config_value)

    @cached_property
    def _engine(self) -> Engine:
        engine = create_engine(self._conn_string, connect_args={"timeout": 5})
        event.listen(engine, "connect", _write_without_waiting)
        return engine

    @contextmanager
    def _connect(self) -> Iterator[Connection]:
        with self._engine.connect() as connection, connection.begin():
            yield connection

    def dispose(self) -> None:
        """Closes the connections."""
        super().dispose()  # type: ignore[no-untyped-call]
        self._engine.dispose()


def _make_whole(folder: Path) -> None:
    """Makes the log beside its place, and puts it there when it has all its tables, unless another one is there by then. What a killed run left half made holds no run."""
    log = folder / LOG
    if log.exists():
        with closing(connect(log)) as connection:
            if connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'").fetchone() == (1,):
                return
        for name in (LOG, f"{LOG}-wal", f"{LOG}-shm", f"{LOG}-journal"):
            (folder / name).unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f"{_MAKING}*"):
        rmtree(left, ignore_errors=True)
    with TemporaryDirectory(prefix=_MAKING, dir=folder) as place:
        ConsolidatedSqliteEventLogStorage(place).dispose()  # type: ignore[no-untyped-call]
        made = Path(place) / LOG
        try:
            os.link(made, log)
        except FileExistsError:
            return
        except OSError:  # No hard links here.
            made.replace(log)


def _write_without_waiting(connection: SqliteConnection, _: object) -> None:
    """With its write-ahead log SQLite stays whole without waiting for the disk at each event; a power cut may lose the last ones. Source: SQLite, PRAGMA synchronous."""
    connection.execute("PRAGMA synchronous = NORMAL")
