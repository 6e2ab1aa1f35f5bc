"""What KPIs are called in English and Chinese."""

import dagster as dg
import polars as pl

from esg_kpis.editions.labelled import kpi_labels
from esg_kpis.tables import KPI_LABELS, empty
from pipelines.lineage import table_metadata
from pipelines.resources import WorkspaceResource
from pipelines.shown import counted


@dg.asset(key="kpi_labels", metadata=table_metadata(KPI_LABELS), deps=["edition_files"])
def labelled(context: dg.AssetExecutionContext, workspace: WorkspaceResource, kpi_values: pl.DataFrame) -> pl.DataFrame:
    """Labels of all editions."""
    frame = pl.concat([empty(KPI_LABELS), *(kpi_labels(edition, kpi_values.filter(pl.col("edition") == edition.id)) for edition in workspace.read_editions)])
    context.add_output_metadata(counted(frame, "kpi_labels"))
    return frame
