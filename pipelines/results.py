"""The last step: all tables of a run written as a whole, and the key under which they stand."""

import hashlib
import json
import os
from pathlib import Path

import dagster as dg
import polars as pl

from esg_kpis.errors import InputProblem
from esg_kpis.report.outputs import STAGED, WORK, publish, run_key, write_table
from esg_kpis.report.returned import write_returned
from esg_kpis.tables import AMOUNTS, PEOPLE_COUNTS, REJECTED, WRITTEN
from pipelines.kept import keep
from pipelines.kpi_tables import write_kpi_tables
from pipelines.latest import PEOPLE, PERSON_KEY, REPORT, RUN_FILE
from pipelines.locked import hold
from pipelines.resources import WorkspaceResource

FOLDER = "report"
"""The folder of the report site."""


@dg.asset(key="results", ins={name: dg.AssetIn(name) for name in (*(table.name for table in WRITTEN), "report_site", "reading_files")})
def results(workspace: WorkspaceResource, **frames: pl.DataFrame) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Writes a run and moves the pointer to it.

    Args:
        workspace: Where to.
        frames: Every table of the data dictionary that a run writes, and the files of the report site and of the months of readings.

    Raises:
        LockedProblem: if it would change what is locked (`pipelines.locked`).
    """
    hold(workspace.request, frames["kpi_values"])
    out = workspace.workspace.out
    staged = out / WORK / f"{STAGED}{os.getpid()}"
    staged.mkdir(parents=True)
    of_editions = frames["edition_amounts"].filter(pl.col("excluded").is_null() | (pl.col("measure") != pl.col("origin")))
    whole = {**frames, "amounts": pl.concat([frames["amounts"], of_editions.select(AMOUNTS.names)])}
    for table in WRITTEN:
        write_table(whole[table.name].sort(table.key), table, staged)
    write_kpi_tables(frames["kpi_labels"], frames["kpi_values"], frames["published"], staged)
    write_returned(frames["rejected"], frames["records"], frames["sites"], frames["files"], staged / "rejected_by_site")
    write_files(frames["report_site"], staged / FOLDER)
    write_files(frames["reading_files"], staged)
    keep(workspace.workspace, staged)
    _check_unchanged(workspace)
    key, parts = key_of(workspace, frames["files"], frames["rejected"], frames["people_counts"])
    (staged / RUN_FILE).write_text(json.dumps({"key": key, **parts}, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    target = publish(staged, out, key)
    return dg.MaterializeResult(
        metadata={"run key": key, "folder": dg.MetadataValue.path(str(target)), "files": len(list(target.iterdir()))}
    )


def key_of(workspace: WorkspaceResource, files: pl.DataFrame, rejected: pl.DataFrame, counts: pl.DataFrame) -> tuple[str, dict[str, str]]:
    """The key of a run, and what it is made of. A run without the report site has other files, and another key; of a secret key it says only that one was named."""
    parts = {**workspace.found, PEOPLE: people_digest(files, rejected, counts)}
    if workspace.person_key is not None:
        parts[PERSON_KEY] = "named"
    if not workspace.report:
        parts[REPORT] = "left out"
    return run_key(parts), parts


def write_files(files: pl.DataFrame, folder: Path) -> None:
    """Files of a frame of `path` and `content`, in bytes or as text."""
    for path, content in files.iter_rows():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)


def people_digest(files: pl.DataFrame, rejected: pl.DataFrame, counts: pl.DataFrame) -> str:
    """A digest of what became of the people files. It stands for the secret key in the key of a run, of which nothing may be kept."""
    own = pl.col("path").str.starts_with("people/")
    parts = [files.filter(own).sort("path", "sheet"), rejected.filter(own).sort(REJECTED.key), counts.sort(PEOPLE_COUNTS.key)]
    return hashlib.sha256(b"".join(part.write_csv().encode() for part in parts)).hexdigest()


def _check_unchanged(workspace: WorkspaceResource) -> None:
    """What was read, and is named in `run.json`, still stands there. Otherwise the results would be of neither."""
    now = workspace.parts()
    changed = sorted(name for name in now.keys() | workspace.found.keys() if now.get(name) != workspace.found.get(name))
    if changed:
        raise InputProblem(f"Files changed while the run went on: {', '.join(changed)}.", where=str(workspace.workspace.root), mend="Run it again.")
