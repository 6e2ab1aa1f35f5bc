"""Where the register is kept: SQLite by default, PostgreSQL by URL. One code path, and one way to write: an append, in turn.

A turn holds the one place at the end of the chain for its process: BEGIN IMMEDIATE on SQLite, an advisory lock on PostgreSQL. Whoever comes second waits, sees the
first one's entry, and is judged by the rules beside it. An entry is there wholly or not at all, and once `append` has returned and the turn has ended, it stays:
both databases have brought it to the disk (`synchronous = FULL`, `synchronous_commit = on`).
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from esg_kpis.errors import EsgKpisError, InputProblem, UsageProblem
from esg_kpis.register.chain import Head, head_of, problems_of
from esg_kpis.register.entry import Entry, entry_after
from esg_kpis.register.keys import Keys
from esg_kpis.register.replay import why_void
from esg_kpis.register.schema import ABOUT, APPROVED, ENTRIES, SCHEMA_VERSION, metadata

WAIT_SECONDS = 60
"""How long a turn is waited for."""
_LOCK = 0x6573_676B_7069
"""The advisory lock of PostgreSQL: a number that no other program is likely to use."""
_MEND = "Restore it from the backup, or from another copy: `esg-kpis register verify` checks an export."


class Turn:
    """The right to append, for as long as it lasts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.entries = _entries(connection)

    @property
    def head(self) -> Head:
        """The entry to sign upon."""
        return head_of(self.entries)

    def append(self, envelope: bytes, content: bytes, keys: Keys, noted: Head | None = None) -> Entry:
        """Appends an entry. It is kept when the turn ends without an error.

        Args:
            envelope: The signed statement (`statement.signed`), upon `head`.
            content: The numbers that it is about (`approved_bytes`), which are kept once.
            keys: Keys that are trusted.
            noted: The head as it was noted last, which must be there still.

        Raises:
            EsgKpisError: if the register is not whole.
            InputProblem: if the envelope is none, or its signature, its numbers or its place are not right.
            UsageProblem: if the rules refuse it (`replay`).
        """
        statement = Entry(0, "", "", "", envelope).statement
        entry = entry_after(self.head.sequence, self.head.hash, statement.digest, envelope)
        entries = [*self.entries, entry]
        if before := problems_of(self.entries, keys, None, noted):
            raise EsgKpisError(f"The register is not whole: {before[0]}.", where=f"{len(self.entries)} entries", mend=_MEND)
        if why := why_void(entries, entry, keys):
            raise UsageProblem(f"This is refused: {why}.", where=f"{statement.period} of edition {statement.edition}", mend="`esg-kpis status` shows where it stands.")
        found = problems_of(entries, keys)
        if found or hashlib.sha256(content).hexdigest() != statement.digest:
            raise InputProblem(f"This is refused: {found[0].what if found else 'the numbers given with it are not those that it signs'}.", mend="Sign it again, upon the register as it is.")
        if statement.digest not in {old.subject for old in self.entries}:
            self._connection.execute(insert(APPROVED).values(digest=statement.digest, content=content))
        self._connection.execute(insert(ENTRIES).values(sequence=entry.sequence, previous=entry.previous, hash=entry.hash, subject=entry.subject, envelope=envelope))
        self.entries = entries
        return entry


class Register:
    """A register, by its place. Reading one that is not there yet gives no entries and makes nothing; the first turn makes it."""

    def __init__(self, url: URL) -> None:
        self.shown = _shown(url)
        self._url = url
        self._engine = _engine(url)

    def __enter__(self) -> "Register":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._engine.dispose()

    def entries(self) -> list[Entry]:
        """All entries, as they stand there."""
        with self._reading() as connection:
            return _entries(connection) if connection is not None else []

    def approved(self) -> dict[str, bytes]:
        """The numbers that entries are about (`approved_bytes`), by digest, as they stand there."""
        return self.read()[1]

    def read(self) -> tuple[list[Entry], dict[str, bytes]]:
        """Entries and numbers of one moment."""
        with self._reading() as connection:
            if connection is None:
                return [], {}
            rows = connection.exec_driver_sql("SELECT digest, content FROM register_approved ORDER BY digest").all()
            return _entries(connection), {str(digest): _bytes(content) for digest, content in rows}

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """The right to append, when those before are done. An error within takes back what was appended.

        Raises:
            EsgKpisError: if others hold it for longer than WAIT_SECONDS.
            InputProblem: if the register cannot be reached or is of another version.
        """
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._told(), self._engine.connect().execution_options(turn=True) as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{WAIT_SECONDS}s'")
                connection.exec_driver_sql("SET LOCAL synchronous_commit = on")
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            if not self._made(connection):
                metadata.create_all(connection)
                connection.execute(insert(ABOUT).values(schema_version=SCHEMA_VERSION))
            yield Turn(connection)

    @property
    def _file(self) -> Path | None:
        return Path(self._url.database or "") if self._url.get_backend_name() == "sqlite" else None

    @contextmanager
    def _reading(self) -> Iterator[Connection | None]:
        if self._file is not None and not self._file.exists():
            yield None
            return
        with self._told(), self._engine.connect().execution_options(isolation_level="REPEATABLE READ" if self._file is None else "SERIALIZABLE") as connection, connection.begin():
            yield connection if self._made(connection) else None

    def _made(self, connection: Connection) -> bool:
        there = set(inspect(connection).get_table_names()) & set(metadata.tables)
        if not there:
            return False
        versions = connection.exec_driver_sql("SELECT schema_version FROM register_about").scalars().all() if "register_about" in there else []
        if len(there) != len(metadata.tables) or list(versions) != [SCHEMA_VERSION]:
            raise InputProblem(f"This register is of the version {', '.join(map(str, versions)) or 'unknown'}, and {SCHEMA_VERSION} is read here.", where=self.shown, mend="Use the release that made it, or restore it from the backup.")
        return True

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What a database says, in the words of this library, and without a password."""
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            said = str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
            if "locked" in said or "lock timeout" in said:
                raise EsgKpisError("Others are writing to the register.", where=self.shown, mend="Try again in a moment; nothing was written.") from None
            secrets = [str(self._url.password or ""), *(str(value) for name, value in self._url.query.items() if "pass" in name)]
            for secret in filter(None, secrets):
                said = said.replace(secret, "***")
            raise InputProblem(f"The register cannot be read or written: {said}.", where=self.shown, mend="Check that its place is right and can be reached; restore it from the backup where it is damaged.") from None


def open_register(where: str | Path) -> Register:
    """The register at a place: a file of SQLite (a path, or sqlite:///path), or a database of PostgreSQL (postgresql://user@host/name).

    Raises:
        UsageProblem: if it is no such place, or the driver of PostgreSQL is not installed.
    """
    text = str(where)
    if "://" not in text:
        return Register(URL.create("sqlite", database=str(Path(text).absolute())))
    try:
        url = make_url(text.replace("postgres://", "postgresql://", 1))
        if url.get_backend_name() not in ("sqlite", "postgresql"):
            raise UsageProblem(f"A register is not kept in {url.get_backend_name()}.", where="--register", mend="Give a path, or a URL that begins with postgresql://.")
        return Register(url.set(drivername="sqlite" if url.get_backend_name() == "sqlite" else "postgresql+psycopg"))
    except (ArgumentError, ValueError, NoSuchModuleError):
        raise UsageProblem("This is no place of a register.", where="--register", mend="Give a path, or a URL such as postgresql://user@host/name.") from None
    except ImportError:
        raise UsageProblem("PostgreSQL needs the driver psycopg, which is not installed.", where="--register", mend="pip install 'esg-kpis[postgres]'") from None


def _shown(url: URL) -> str:
    """A place without password or options."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return URL.create("postgresql", username=url.username, host=url.host, port=url.port, database=url.database).render_as_string()


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": 10, "application_name": "esg-kpis"}, hide_parameters=True)
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": WAIT_SECONDS}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _prepared(connection: Any, _: object) -> None:  # noqa: ANN401
        connection.isolation_level = None
        for pragma in (f"busy_timeout = {WAIT_SECONDS * 1000}", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")
        for attempt in _until_free():
            with attempt:
                if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
                    connection.execute("PRAGMA journal_mode = WAL")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        for attempt in _until_free():
            with attempt:
                _begin(driver, turn=bool(connection.get_execution_options().get("turn")))

    return engine


def _until_free() -> Retrying:
    """Tries for as long as a turn is waited for. SQLite's own waiting does not cover the switch to WAL, nor the moment in which the last one to leave cleans up."""
    return Retrying(retry=retry_if_exception(_busy), stop=stop_after_delay(WAIT_SECONDS), wait=wait_random(0.005, 0.05), reraise=True)


def _busy(error: BaseException) -> bool:
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _begin(connection: sqlite3.Connection, turn: bool) -> None:
    """Begins, and takes at once what it is for: the place at the end of the chain, or the state of this moment."""
    connection.execute("BEGIN IMMEDIATE" if turn else "BEGIN")
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.OperationalError:
        connection.execute("ROLLBACK")
        raise


def _entries(connection: Connection) -> list[Entry]:
    rows = connection.exec_driver_sql("SELECT sequence, previous, hash, subject, envelope FROM register_entries ORDER BY sequence").all()
    return [Entry(int(sequence), str(previous), str(own), str(subject), _bytes(envelope)) for sequence, previous, own, subject, envelope in rows]


def _bytes(value: object) -> bytes:
    """A cell of bytes; one that somebody made text of is still read, so that it can be named."""
    return value if isinstance(value, bytes) else str(value).encode()
