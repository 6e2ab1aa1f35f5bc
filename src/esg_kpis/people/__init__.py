"""People: read and counted in one room. Nothing that leaves it knows a person."""

from datetime import date
from pathlib import Path

import polars as pl

from esg_kpis.people.counts import Counting
from esg_kpis.people.lock import lock_files, read_lock, with_lock
from esg_kpis.people.take_in import People, count_people
from esg_kpis.workspace import Workspace

__all__ = ["Counting", "People", "count_people", "lock_files", "people_of"]


def people_of(workspace: Workspace, as_of: date, sites: pl.DataFrame, counting: Counting, secret_file: Path | None = None) -> People:
    """The people of a workspace as counts: from its files, and where they are gone from its lock. See `count_people`."""
    return with_lock(count_people(workspace, as_of, sites, counting, secret_file), read_lock(workspace.people_lock), counting)
