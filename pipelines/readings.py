"""Meter readings within a run: rolled up month by month where something changed, for the dates in force."""

from typing import TYPE_CHECKING

import dagster as dg

from esg_kpis.ingest import registered_meters
from pipelines.resources import WorkspaceResource

if TYPE_CHECKING:
    from esg_kpis.readings.rolled import Dates, Rolled


def dates_of(workspace: WorkspaceResource) -> "Dates":
    """The dates that readings are rolled up for: what became known up to the latest knowledge date of the editions."""
    from esg_kpis.readings.rolled import Dates

    return Dates(max(workspace.known_date(edition) for edition in workspace.read_editions), workspace.last_day)


def readings_of(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> "Rolled":
    """What the tables of readings became. Engines are loaded only where there are such tables."""
    from esg_kpis.readings.rolled import roll_up

    def told(table: str, month: str) -> None:
        context.log.info(f"{table} {month}: rolled up")

    return roll_up(workspace.workspace, registered_meters(workspace.workspace), dates_of(workspace), told)
