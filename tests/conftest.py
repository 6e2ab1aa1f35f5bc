"""What several test files share: the repository, and one run of its workspace."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
os.environ.pop("COLUMNS", None)  # Output goes to pipes, as wide as it is, whichever terminal the tests are started from.
REPOSITORY = Path(__file__).parent.parent


@dataclass(frozen=True)
class Ran:
    """A workspace that was run: its folder, where its results are."""

    root: Path
    out: Path

    def table(self, name: str) -> pl.DataFrame:
        """One table of the results."""
        return pl.read_parquet(self.out / f"{name}.parquet")


def copy_workspace(target: Path, source: Path = REPOSITORY) -> Path:
    """A copy of a workspace's inputs, to be changed by a test."""
    for part in ("data/raw", "factors", "editions"):
        shutil.copytree(source / part, target / part)
    return target


def run_workspace(root: Path, out: Path, home: Path, *, report: bool = False) -> Ran:
    """Runs a workspace through the same function as the command line; without the report site unless it is asked for, as `run --no-report`."""
    from pipelines.asked import Request
    from pipelines.run import execute

    before = os.environ.get("DAGSTER_HOME")
    os.environ["DAGSTER_HOME"] = str(home)
    try:
        execute(Request(root, out, report=report), lambda _step, _ended: None)
    finally:
        if before is None:
            del os.environ["DAGSTER_HOME"]
        else:
            os.environ["DAGSTER_HOME"] = before
    return Ran(root, out)


@pytest.fixture(scope="session")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The worked data of this repository, run once."""
    place = tmp_path_factory.mktemp("worked")
    root = copy_workspace(place / "workspace")
    return run_workspace(root, place / "out", place / "dagster", report=True)


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Spark on two threads, started by the first test that asks for it. Such a test is skipped where there is no Java or no PySpark."""
    from tests.spark_session import lacking, spark_in

    if (reason := lacking()) is not None:
        pytest.skip(reason)
    with spark_in(tmp_path_factory.mktemp("spark")) as session:
        yield session


@pytest.fixture(scope="session")
def spark_connect(spark: Any) -> Iterator[Any]:  # noqa: ANN401
    """A client of that Spark, as `SparkSession.builder.remote` makes it for a cluster elsewhere."""
    from pyspark.sql.connect.session import SparkSession

    from tests.spark_session import connect_url

    session = SparkSession.builder.remote(connect_url(spark)).create()
    yield session
    session.stop()
