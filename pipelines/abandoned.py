"""Runs that a killed process left in Dagster's storage as if they still went on."""

from pathlib import Path

import dagster as dg

_TAG = "esg_kpis/out"
_GOING_ON = [
    dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING,
]  # fmt: skip


def tags_of(out: Path) -> dict[str, str]:
    """Marks a run as one that holds a results folder."""
    return {_TAG: str(out.resolve())}


def end_abandoned(instance: dg.DagsterInstance, out: Path, own: str) -> None:
    """Marks as failed what wrote to this folder and never ended. Only who holds the folder may ask: then nobody else can be at it.

    Args:
        instance: Dagster's storage; it may know runs of other folders too, which are left alone.
        out: The results folder.
        own: The run that asks; it is tagged.
    """
    for run in instance.get_runs(dg.RunsFilter(statuses=_GOING_ON, tags=tags_of(out))):
        if run.run_id != own:
            instance.report_run_failed(run, "Its process ended before it did: it was killed, or power was lost. data/out holds the set before it or its own, wholly.")
    instance.add_run_tags(own, tags_of(out))
