"""The asset that checks printed tables by themselves."""

import dagster as dg
import polars as pl

from esg_kpis.printed import check_editions
from esg_kpis.tables import TABLE_CHECKS
from pipelines.lineage import counted, table_metadata
from pipelines.resources import OWNERS, WorkspaceResource


@dg.asset(
    key="table_checks", metadata=table_metadata(TABLE_CHECKS), group_name="g6_assurance", kinds={"polars"}, owners=OWNERS, deps=["edition_files"],
    description="What must hold between printed figures, by kpis.yaml and checks.yaml, and whether rounding explains what does not. One row: one relation.",
)  # fmt: skip
def table_checks(context: dg.AssetExecutionContext, workspace: WorkspaceResource, published: pl.DataFrame) -> pl.DataFrame:
    """Checks of all printed tables."""
    frame = check_editions(workspace.workspace.editions, workspace.read_editions, workspace.every_edition, published)
    verdicts = {f"verdict {verdict}": int(count) for verdict, count in frame.group_by("verdict").len().sort("verdict").iter_rows()}
    context.add_output_metadata(counted(frame, "table_checks", **verdicts))
    return frame
