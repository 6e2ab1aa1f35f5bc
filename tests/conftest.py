"""What several test files share: the repository, and one run of its workspace."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
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
