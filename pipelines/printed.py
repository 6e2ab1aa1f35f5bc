"""The asset that checks printed tables by themselves."""

import dagster as dg
import polars as pl

from esg_kpis.printed import check_editions
from esg_kpis.tables import TABLE_CHECKS
from pipelines.lineage import table_metadata
from pipelines.resources import WorkspaceResource
from pipelines.shown import counted


@dg.asset(key="table_checks", metadata=table_metadata(TABLE_CHECKS), deps=["edition_files"])
def table_checks(context: dg.AssetExecutionContext, workspace: WorkspaceResource, published: pl.DataFrame) -> pl.DataFrame:
    """Checks of all printed tables."""
    frame = check_editions(workspace.workspace.editions, workspace.read_editions, workspace.every_edition, published)
    verdicts = {f"verdict {verdict}": int(count) for verdict, count in frame.group_by("verdict").len().sort("verdict").iter_rows()}
    context.add_output_metadata(counted(frame, "table_checks", **verdicts))
    return frame
