"""The engine that rolls up readings, as `workspace.toml` of a workspace says; without one, Polars on this machine."""

import socket
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from esg_kpis.errors import InputProblem
from esg_kpis.ingest.declared import problems_of
from esg_kpis.readings.abandoned import forget_abandoned
from esg_kpis.readings.engines import DuckDB, Engine, Polars, Spark

SETTINGS = "workspace.toml"


class EngineProblem(InputProblem):
    """The engine of the workspace cannot be had: no table can be computed, so nothing is."""


class EngineSettings(BaseModel):
    """`[engine]` of `workspace.toml`.

    Attributes:
        name: polars, duckdb or spark. All give the same amounts.
        url: Of Spark: a master such as local[*] or spark://host:7077, or sc://host:15002 for Spark Connect.
        memory: Of DuckDB: what it may hold before it writes to disk.
        options: Of Spark: settings of the session.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Literal["polars", "duckdb", "spark"] = "polars"
    url: str = "local[*]"
    memory: str = Field(default="700MB", pattern=r"^[0-9]+(\.[0-9]+)?(MB|GB)$")
    options: dict[str, str] = {}


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    engine: EngineSettings = EngineSettings()


def read_settings(root: Path) -> EngineSettings:
    """What `workspace.toml` says of the engine.

    Raises:
        EngineProblem: naming the key and what would be right.
    """
    path = root / SETTINGS
    if not path.exists():
        return EngineSettings()
    try:
        return _Settings.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).engine
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise EngineProblem(f"It is no TOML: {error}.", where=SETTINGS, mend="See docs/readings.md.") from error
    except OSError as error:
        raise EngineProblem(f"It cannot be read: {error.strerror}.", where=SETTINGS, mend="Put a file there that you may read.") from error
    except ValidationError as error:
        raise EngineProblem(problems_of(error), where=SETTINGS, mend="See docs/readings.md.") from error


@contextmanager
def engine(settings: EngineSettings, work: Path) -> Iterator[Engine]:
    """An engine for as long as it is needed; what it puts on disk lies below `work` meanwhile.

    Raises:
        EngineProblem: if it is not installed, or cannot be reached.
    """
    work.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".engine-", dir=work) as folder:
        forget_abandoned(work, Path(folder))
        if settings.name == "polars":
            yield Polars(Path(folder))
        elif settings.name == "duckdb":
            import duckdb

            with duckdb.connect(config={"temp_directory": folder, "memory_limit": settings.memory, "preserve_insertion_order": False}) as connection:
                yield DuckDB(connection)
        else:
            with _spark(settings, Path(folder)) as session:
                yield Spark(session)


def _reachable(url: str) -> None:
    """Asks once whether somebody answers: Spark itself would try for ten minutes without a word.

    Raises:
        EngineProblem: if nobody does.
    """
    place = urlsplit(url.partition(";")[0])
    try:
        with socket.create_connection((place.hostname or "", place.port or 15002), timeout=10):
            return
    except OSError as error:
        raise EngineProblem(f"Spark does not answer at {url}: {error}.", where=SETTINGS, mend="Is it running, and is the url right?") from error


@contextmanager
def _spark(settings: EngineSettings, folder: Path) -> Iterator[object]:
    """A session, ours for as long as it is needed unless somebody else's goes on in this process."""
    try:
        from pyspark.errors import PySparkException, PySparkRuntimeError
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise EngineProblem("Spark is not installed.", where=SETTINGS, mend="Install esg-kpis[spark], and Java 17 or later.") from error
    before = SparkSession.getActiveSession()
    remote = settings.url.startswith("sc://")
    if remote:
        _reachable(settings.url)
    builder = SparkSession.builder.remote(settings.url) if remote else SparkSession.builder.master(settings.url)
    fixed = {"spark.sql.session.timeZone": "UTC", "spark.sql.legacy.parquet.nanosAsLong": "true", "spark.sql.ansi.enabled": "true"}
    # Spark parts what it groups into 200, for clusters. On one machine that is 40,000 small files for each grouping of what is kept, and took four times as long.
    here = {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1", "spark.sql.shuffle.partitions": "16"} if settings.url.startswith("local") else {}
    own = {} if remote else {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.sql.warehouse.dir": str(folder / "warehouse"), "spark.local.dir": str(folder), "spark.log.level": "ERROR"}
    for name, value in (here | own | settings.options | fixed).items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except (PySparkException, PySparkRuntimeError, OSError) as error:
        raise EngineProblem(f"Spark cannot be reached at {settings.url}: {str(error).splitlines()[0]}", where=SETTINGS, mend="Is it running, is Java installed, is the url right?") from error
    try:
        yield session
    finally:
        if before is None:
            session.stop()
