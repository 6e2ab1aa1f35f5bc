"""The asset that answers disclosure frameworks."""

import dagster as dg
import polars as pl

from esg_kpis.assurance.content_index import content_indexes
from esg_kpis.tables import CONTENT_INDEX
from pipelines.lineage import table_metadata
from pipelines.resources import WorkspaceResource
from pipelines.shown import counted


@dg.asset(key="content_index", metadata=table_metadata(CONTENT_INDEX), deps=["edition_files"])
def content_index(context: dg.AssetExecutionContext, workspace: WorkspaceResource, kpi_values: pl.DataFrame) -> pl.DataFrame:
    """Content indexes of all editions."""
    frame = pl.concat([content_indexes(edition, kpi_values) for edition in workspace.read_editions])
    states = {f"status {state}": int(count) for state, count in frame.group_by("status").len().sort("status").iter_rows()}
    context.add_output_metadata(counted(frame, "content_index", **states))
    return frame
