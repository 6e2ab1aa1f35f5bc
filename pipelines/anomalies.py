"""The asset of anomalies."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from esg_kpis.assurance.anomalies import anomalies_of, no_notes
from esg_kpis.assurance.anomalies_basis import Basis
from esg_kpis.factors import with_instruments
from esg_kpis.kpis import inputs_of
from esg_kpis.tables import ANOMALIES, empty
from pipelines.lineage import table_out
from pipelines.resources import WorkspaceResource
from pipelines.shown import counted


@dg.multi_asset(
    outs={
        "anomalies": table_out(ANOMALIES),
        "anomaly_notes": dg.AssetOut(),
    },
    deps=["edition_files", "factors"],
    can_subset=False,
)
def anomalies(
    workspace: WorkspaceResource, kpi_values: pl.DataFrame, edition_amounts: pl.DataFrame, sites: pl.DataFrame, coverage: pl.DataFrame, instruments: pl.DataFrame
) -> Iterator[dg.Output[pl.DataFrame]]:
    """Anomalies of all editions."""
    tables, notes = [empty(ANOMALIES)], [no_notes()]
    for edition in workspace.read_editions:
        if edition.rules.anomaly or edition.explanations:
            own = edition_amounts.filter(pl.col("edition") == edition.id)
            inputs = inputs_of(own, sites, with_instruments(workspace.library, instruments), edition, workspace.known_date(edition))
            found = anomalies_of(Basis(inputs, kpi_values.filter(pl.col("edition") == edition.id), own, sites, coverage))
            tables.append(found.table)
            notes.append(found.notes)
    table = pl.concat(tables)
    states = {f"state {state}": int(count) for state, count in table.group_by("state").len().sort("state").iter_rows()}
    yield dg.Output(table, output_name="anomalies", metadata=counted(table, "anomalies", **states))
    told = pl.concat(notes)
    yield dg.Output(told, output_name="anomaly_notes", metadata=counted(told, "anomaly_notes"))
