"""Dagster's event log in one SQLite file, through one engine.

Dagster's own class makes a new SQLAlchemy engine for every event, and with it compiles every statement anew; that costs a run more than a second.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Self

from dagster._core.storage.event_log import ConsolidatedSqliteEventLogStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.pool import NullPool


class OneEngineEventLog(ConsolidatedSqliteEventLogStorage):
    """The consolidated event log with an engine of its own."""

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """As Dagster makes it from dagster.yaml."""
        return cls(inst_data=inst_data, **config_value)

    @cached_property
    def _engine(self) -> Engine:
        return create_engine(self._conn_string, poolclass=NullPool, connect_args={"timeout": 5})

    @contextmanager
    def _connect(self) -> Iterator[Connection]:
        with self._engine.connect() as connection, connection.begin():
            yield connection
