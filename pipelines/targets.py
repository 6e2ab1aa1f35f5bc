"""Assets of targets: what each edition set itself, and how far it is."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from esg_kpis.assurance.targets import targets_of
from esg_kpis.kpis.targets import progress_of, steps_of
from esg_kpis.tables import TARGET_PROGRESS, TARGETS, empty
from pipelines.lineage import table_out
from pipelines.resources import WorkspaceResource
from pipelines.shown import counted


@dg.multi_asset(
    outs={
        "targets": table_out(TARGETS),
        "target_progress": table_out(TARGET_PROGRESS),
    },
    deps=["edition_files"],
    can_subset=False,
)
def targets(workspace: WorkspaceResource, kpi_values: pl.DataFrame) -> Iterator[dg.Output[pl.DataFrame]]:
    """Targets of all editions that set any."""
    frames = [(empty(TARGETS), empty(TARGET_PROGRESS))]
    frames += [(targets_of(edition), progress_of(edition, steps_of(edition, kpi_values))) for edition in workspace.read_editions if edition.targets]
    for name, parts in zip(("targets", "target_progress"), zip(*frames, strict=True), strict=True):
        frame = pl.concat(parts)
        verdicts = {f"verdict {verdict}": int(count) for verdict, count in frame.group_by("verdict").len().sort("verdict").iter_rows()} if name == "target_progress" else {}
        yield dg.Output(frame, output_name=name, metadata=counted(frame, name, **verdicts))
