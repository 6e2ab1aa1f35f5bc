"""People: read and counted in one room. Nothing that leaves it knows a person."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from traceback import extract_tb

import polars as pl

from esg_kpis.errors import EsgKpisError, InternalProblem
from esg_kpis.people.counts import Counting
from esg_kpis.people.held import with_lock
from esg_kpis.people.lock import Lock, counting_with, lock_files, read_lock
from esg_kpis.people.take_in import People, Persons, count_people, typed_persons
from esg_kpis.workspace import Workspace

__all__ = ["Counting", "Lock", "People", "Persons", "count_people", "counting_with", "lock_files", "people_of", "persons_of", "read_lock"]


def people_of(workspace: Workspace, as_of: date, sites: pl.DataFrame, counting: Counting, secret_file: Path | None = None) -> People:
    """The people of a workspace as counts: from its files, and up to its lock, if it has one, as they were locked. See `count_people`.

    Raises:
        InternalProblem: for a fault of ours, without what it met: an error of another library may show somebody's row.
    """
    with _nobody_told():
        lock = read_lock(workspace.people_lock)
        people = count_people(workspace, as_of, sites, counting_with(counting, lock), secret_file)
        return with_lock(people, lock, counting)


def persons_of(workspace: Workspace, as_of: date, sites: pl.DataFrame, counting: Counting, secret_file: Path | None = None) -> Persons:
    """The typed rows about persons of a workspace, for a second engine to count them again. See `Persons`.

    Raises:
        InternalProblem: for a fault of ours, as `people_of`.
    """
    with _nobody_told():
        return typed_persons(workspace, as_of, sites, counting, secret_file)


@contextmanager
def _nobody_told() -> Iterator[None]:
    try:
        yield
    except EsgKpisError:
        raise
    except Exception as fault:
        at = next((frame for frame in reversed(extract_tb(fault.__traceback__)) if "esg_kpis" in frame.filename), None)
        where = f"{Path(at.filename).name}, line {at.lineno}" if at else ""
        raise InternalProblem(
            f"{type(fault).__name__} while people were counted. What it says is not shown, as it may show people data.", where=where
        ) from None
