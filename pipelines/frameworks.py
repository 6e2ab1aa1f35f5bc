"""The asset that answers disclosure frameworks."""

import dagster as dg
import polars as pl

from esg_kpis.assurance.content_index import content_indexes
from esg_kpis.tables import CONTENT_INDEX
from pipelines.lineage import counted, table_metadata
from pipelines.resources import OWNERS, WorkspaceResource


@dg.asset(
    key="content_index", metadata=table_metadata(CONTENT_INDEX), group_name="g6_assurance", kinds={"polars"}, owners=OWNERS, deps=["edition_files"],
    description="What each edition answers of every code of the frameworks it names: value, place in the report, and state. One row: a code, or a cell of a KPI that answers it.",
)  # fmt: skip
def content_index(context: dg.AssetExecutionContext, workspace: WorkspaceResource, kpi_values: pl.DataFrame) -> pl.DataFrame:
    """Content indexes of all editions."""
    frame = pl.concat([content_indexes(edition, kpi_values) for edition in workspace.read_editions])
    states = {f"status {state}": int(count) for state, count in frame.group_by("status").len().sort("status").iter_rows()}
    context.add_output_metadata(counted(frame, "content_index", **states))
    return frame
