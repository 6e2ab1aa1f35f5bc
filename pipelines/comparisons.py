"""Assets that say how sure the KPIs are, and what they would be otherwise."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from esg_kpis.amounts import Coverage
from esg_kpis.assurance.lenses import lenses_of
from esg_kpis.assurance.uncertainty import uncertainty_of
from esg_kpis.editions.consolidation import days_of
from esg_kpis.factors import Received, with_instruments
from esg_kpis.kpis import inputs_of
from esg_kpis.tables import LENSES, UNCERTAINTY, UNCERTAINTY_SOURCES, empty
from pipelines.lineage import table_metadata, table_out
from pipelines.resources import WorkspaceResource
from pipelines.shown import counted


@dg.multi_asset(
    outs={
        "uncertainty": table_out(UNCERTAINTY),
        "uncertainty_sources": table_out(UNCERTAINTY_SOURCES),
    },
    deps=["edition_files", "factors"],
    can_subset=False,
)
def uncertainties(
    workspace: WorkspaceResource, kpi_values: pl.DataFrame, edition_amounts: pl.DataFrame, quantities: pl.DataFrame, estimates: pl.DataFrame, sites: pl.DataFrame, instruments: pl.DataFrame
) -> Iterator[dg.Output[pl.DataFrame]]:
    """Uncertainties of all editions that state any."""
    pairs = [(empty(UNCERTAINTY), empty(UNCERTAINTY_SOURCES))]
    for edition in workspace.read_editions:
        if edition.rules.uncertainty:
            own = edition_amounts.filter(pl.col("edition") == edition.id)
            inputs = inputs_of(own, sites, with_instruments(workspace.library, instruments), edition, workspace.known_date(edition))
            pairs.append(uncertainty_of(kpi_values, own, quantities, estimates, sites, inputs))
    for name, frames in zip(("uncertainty", "uncertainty_sources"), zip(*pairs, strict=True), strict=True):
        frame = pl.concat(frames)
        yield dg.Output(frame, output_name=name, metadata=counted(frame, name))


@dg.asset(key="lenses", metadata=table_metadata(LENSES), deps=["edition_files", "factors"])
def lenses(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource, amounts: pl.DataFrame, sites: pl.DataFrame, ownership: pl.DataFrame, instruments: pl.DataFrame, rejected: pl.DataFrame,
    coverage: pl.DataFrame, meter_months: pl.DataFrame, kpi_values: pl.DataFrame, published: pl.DataFrame, quantities: pl.DataFrame,
) -> pl.DataFrame:  # fmt: skip
    """Lenses of all editions."""
    received = Received(amounts, sites, ownership, instruments, rejected, Coverage(coverage, meter_months), workspace.last_day, days_of(quantities))
    frames = [empty(LENSES)]
    for edition in workspace.read_editions:
        if edition.rules.lens:
            frames.append(lenses_of(edition, workspace.every_edition, received, workspace.library, workspace.known_date(edition), kpi_values, published))
    frame = pl.concat(frames)
    context.add_output_metadata(counted(frame, "lenses"))
    return frame
