"""Meter readings: each month a partition, computed alone, side by side, again, or within a run where it is not as it was kept."""

from typing import TYPE_CHECKING, Any

import dagster as dg

from esg_kpis.ingest import registered_meters
from pipelines.resources import ROLLED, WorkspaceResource

if TYPE_CHECKING:
    from esg_kpis.readings.rolled import Dates, Rolled

MONTHS = dg.DynamicPartitionsDefinition(name="months_of_readings")
"""The months of which there are readings. A run adds those that came; the sensor on data/raw those that a folder is named by, before it asks for a run."""
JOB = "readings_by_month"


class NothingBetween(dg.IOManager):
    """Nothing is handed on by Dagster: what a month became is kept by `esg_kpis.readings`, under a digest of all that it rests on. So months need not wait for each other."""

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Nothing to do."""

    def load_input(self, context: dg.InputContext) -> None:
        """Nothing to do."""


@dg.asset(
    key=ROLLED, partitions_def=MONTHS, io_manager_key="nothing_between", deps=[["raw", "readings"], ["raw", "meters"], "edition_files"],
)  # fmt: skip
def rolled_months(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """One month of all tables of readings. One that is as it was kept is not computed again."""
    from esg_kpis.readings.rolled import roll_up_month

    computed: list[str] = []
    tables = roll_up_month(workspace.workspace, context.partition_key, registered_meters(workspace.workspace), dates_of(workspace), lambda table, _: computed.append(table))
    return dg.MaterializeResult(metadata={"tables": tables, "computed": ", ".join(computed) or "none: all were as they had been kept"})


def dates_of(workspace: WorkspaceResource) -> "Dates":
    """The dates that readings are rolled up for: the knowledge dates of the editions."""
    from esg_kpis.readings.rolled import Dates

    *earlier, latest = sorted({workspace.known_date(edition) for edition in workspace.read_editions})
    return Dates(latest, workspace.last_day, tuple(earlier))


def readings_of(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> "Rolled":
    """What the tables of readings became. Months that had to be computed are told as partitions of `rolled_months`; those that no table has any more are no partitions, unless a table was stopped, which may have them."""
    from esg_kpis.readings.rolled import months_of_folders, roll_up

    computed: dict[str, list[str]] = {}
    found = roll_up(workspace.workspace, registered_meters(workspace.workspace), dates_of(workspace), lambda table, month: computed.setdefault(month, []).append(table))
    months = found.fates["month"].unique().sort().to_list()
    if months:
        context.instance.add_dynamic_partitions(str(MONTHS.name), months)
    if not any(row["status"] == "stopped" for row in found.metered.files):
        for month in {*context.instance.get_dynamic_partitions(str(MONTHS.name))} - {*months, *months_of_folders(workspace.workspace.raw)}:
            context.instance.delete_dynamic_partition(str(MONTHS.name), month)
    for month, tables in sorted(computed.items()):
        metadata: dict[str, Any] = {"computed": ", ".join(tables), "within": "a run of everything"}
        context.log_event(dg.AssetMaterialization(ROLLED, partition=month, metadata=metadata))
    return found
