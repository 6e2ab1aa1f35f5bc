"""Dagster's event log in one SQLite file, through one engine whose connections stay open.

Dagster's own class makes a new SQLAlchemy engine for every event, and with it compiles every statement and opens the file anew; that costs a run more than two seconds.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from sqlite3 import Connection as SqliteConnection
from typing import Any, Self

from dagster._core.storage.event_log import ConsolidatedSqliteEventLogStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event


class OneEngineEventLog(ConsolidatedSqliteEventLogStorage):
    """The consolidated event log with an engine of its own."""

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


def _write_without_waiting(connection: SqliteConnection, _: object) -> None:
    """With its write-ahead log SQLite stays whole without waiting for the disk at each event; a power cut may lose the last ones. Source: SQLite, PRAGMA synchronous."""
    connection.execute("PRAGMA synchronous = NORMAL")
