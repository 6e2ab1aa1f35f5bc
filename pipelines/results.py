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
from esg_kpis.tables import (
    AMOUNTS,
    ANOMALIES,
    CLAIMS,
    CONTENT_INDEX,
    COVERAGE,
    COVERAGE_SUMMARY,
    EDITION_AMOUNTS,
    ESTIMATES,
    FACTOR_USES,
    FACTORS,
    FILES,
    FINDINGS,
    HEADCOUNT,
    INSTRUMENTS,
    KPI_LABELS,
    KPI_VALUES,
    LENSES,
    METERS,
    OWNERSHIP,
    PEOPLE_CONTROLS,
    PEOPLE_COUNTS,
    PUBLISHED,
    QUANTITIES,
    RECORD_FATES,
    RECORDS,
    REJECTED,
    SITES,
    TABLE_CHECKS,
    TARGET_PROGRESS,
    TARGETS,
    TIE_OUT,
    UNCERTAINTY,
    UNCERTAINTY_SOURCES,
)
from pipelines.kept import keep
from pipelines.labels import write_kpi_tables
from pipelines.locked import hold
from pipelines.resources import WorkspaceResource

RUN_FILE, FOLDER = "run.json", "report"
"""The file that says what a run was made of, and the folder of the report site."""
NOT_OF_INPUTS = ("key", "people as read", "report")
"""What run.json says beside what a run was made from: whether the site was left out changes no figure."""


@dg.asset(key="results")
def results(
    workspace: WorkspaceResource, files: pl.DataFrame, records: pl.DataFrame, rejected: pl.DataFrame, quantities: pl.DataFrame, sites: pl.DataFrame, meters: pl.DataFrame, ownership: pl.DataFrame, instruments: pl.DataFrame, claims: pl.DataFrame, amounts: pl.DataFrame,
    coverage: pl.DataFrame, coverage_summary: pl.DataFrame, estimates: pl.DataFrame, factors: pl.DataFrame, edition_amounts: pl.DataFrame, factor_uses: pl.DataFrame, published: pl.DataFrame, kpi_values: pl.DataFrame,
    tie_out: pl.DataFrame, record_fates: pl.DataFrame, findings: pl.DataFrame, people_counts: pl.DataFrame, people_controls: pl.DataFrame, headcount: pl.DataFrame,
    uncertainty: pl.DataFrame, uncertainty_sources: pl.DataFrame, lenses: pl.DataFrame, content_index: pl.DataFrame, kpi_labels: pl.DataFrame, targets: pl.DataFrame, target_progress: pl.DataFrame, anomalies: pl.DataFrame, table_checks: pl.DataFrame, report_site: pl.DataFrame,
) -> dg.MaterializeResult:  # type: ignore[type-arg]  # fmt: skip
    """Writes a run and moves the pointer to it.

    Raises:
        LockedProblem: if it would change what is locked (`pipelines.locked`).
    """
    hold(workspace, kpi_values)
    out = workspace.workspace.out
    staged = out / WORK / f"{STAGED}{os.getpid()}"
    staged.mkdir(parents=True)
    counting = edition_amounts.filter(pl.col("excluded").is_null() | (pl.col("measure") != pl.col("origin")))
    for frame, table in (
        (files, FILES), (records, RECORDS), (rejected, REJECTED), (quantities, QUANTITIES), (sites, SITES), (meters, METERS), (ownership, OWNERSHIP), (instruments, INSTRUMENTS), (claims, CLAIMS), (pl.concat([amounts, counting.select(AMOUNTS.names)]), AMOUNTS),
        (coverage, COVERAGE), (coverage_summary, COVERAGE_SUMMARY), (estimates, ESTIMATES), (factors, FACTORS), (edition_amounts, EDITION_AMOUNTS), (factor_uses, FACTOR_USES), (published, PUBLISHED), (kpi_values, KPI_VALUES),
        (tie_out, TIE_OUT), (record_fates, RECORD_FATES), (findings, FINDINGS), (uncertainty, UNCERTAINTY), (uncertainty_sources, UNCERTAINTY_SOURCES), (lenses, LENSES), (content_index, CONTENT_INDEX), (targets, TARGETS), (target_progress, TARGET_PROGRESS), (anomalies, ANOMALIES), (table_checks, TABLE_CHECKS),
        (people_counts, PEOPLE_COUNTS), (people_controls, PEOPLE_CONTROLS), (headcount, HEADCOUNT),
        (kpi_labels, KPI_LABELS),
    ):  # fmt: skip
        write_table(frame.sort(table.key), table, staged)
    write_kpi_tables(kpi_labels, kpi_values, published, staged)
    write_returned(rejected, records, sites, files, staged / "rejected_by_site")
    write_files(report_site, staged / FOLDER)
    keep(workspace.workspace, staged)
    _check_unchanged(workspace)
    key, parts = key_of(workspace, files, rejected, people_counts)
    (staged / RUN_FILE).write_text(json.dumps({"key": key, **parts}, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    target = publish(staged, out, key)
    return dg.MaterializeResult(
        metadata={"run key": key, "folder": dg.MetadataValue.path(str(target)), "files": len(list(target.iterdir()))}
    )


def key_of(workspace: WorkspaceResource, files: pl.DataFrame, rejected: pl.DataFrame, counts: pl.DataFrame) -> tuple[str, dict[str, str]]:
    """The key of a run, and what it is made of. A run without the report site has other files, and another key."""
    parts = {**workspace.found, "people as read": people_digest(files, rejected, counts), **({} if workspace.report else {"report": "left out"})}
    return run_key(parts), parts


def write_files(site: pl.DataFrame, folder: Path) -> None:
    """The files of the report site. Nothing is written where it was left out."""
    for path, content in site.iter_rows():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


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
