"""One run in one process, through the same job that the Dagster UI launches."""

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import polars as pl

from esg_kpis.errors import EsgKpisError, InternalProblem, UsageProblem, near_misses
from esg_kpis.report.outputs import WORK, alone, current, write_whole
from esg_kpis.workspace import check_names
from pipelines.abandoned import tags_of
from pipelines.definitions import ASSETS, JOB, build_defs, defs
from pipelines.failures import INTERRUPTED_IN_A_STEP, known, stopped
from pipelines.progress import Listener, listen
from pipelines.resources import WorkspaceResource

STANDS = "Nothing was published; the last results stand."
_SETTINGS = """\
# One database for all runs: half the time of a database per run.
run_storage:
  module: dagster._core.storage.runs
  class: SqliteRunStorage
  config: {base_dir: {env: DAGSTER_HOME}}
event_log_storage:
  module: pipelines.history
  class: OneEngineEventLog
  config: {base_dir: {env: DAGSTER_HOME}}
schedule_storage:
  module: dagster._core.storage.schedules
  class: SqliteScheduleStorage
  config: {base_dir: {env: DAGSTER_HOME}}
telemetry: {enabled: false}
nux: {enabled: false}
"""
CHECK_ASSETS = ("files", "reading_months", "reading_fates", "reading_samples", "reading_files", "records", "rejected", "quantities", "sites", "meters", "ownership", "instruments", "published_with_data", "observations", "people_counts", "people_controls", "headcount", "amounts", "outliers", "coverage", "meter_months")


@dataclass(frozen=True)
class Request:
    """What a run is asked for; see `WorkspaceResource`."""

    root: Path
    out: Path
    editions: tuple[str, ...] = ()
    known_on: str = ""
    as_of: str = ""
    report: bool = True

    def resource(self) -> WorkspaceResource:
        """The same workspace outside of a run. Reading it finds every mistake in editions and factors before the run starts."""
        return WorkspaceResource(
            root=str(self.root), out=str(self.out), editions=list(self.editions), known_on=self.known_on, as_of=self.as_of, report=self.report
        )


def execute(request: Request, progress: Listener, *, only_ingest: bool = False) -> None:
    """Materializes the assets of a workspace, all of them or only up to the amounts.

    Raises:
        EsgKpisError: what a step raised; an edition or factor library that cannot be read is found before anything starts.
        InternalProblem: if a step failed otherwise, or the check before the results did.
    """
    resource = request.resource()
    check_names(resource.workspace)
    resource.read_editions, resource.library  # noqa: B018
    definitions = build_defs(request.root, request.out, editions=request.editions, known_on=request.known_on, as_of=request.as_of, quiet=True, site=request.report)
    listen(progress)
    raised: list[BaseException] = []

    @dg.failure_hook
    def keeps_what_was_raised(context: dg.HookContext) -> None:
        """Dagster's events hold an error as text; this has it as it was raised, with its parts."""
        if context.op_exception is not None:
            raised.append(context.op_exception)

    selection = [dg.AssetKey(name) for name in CHECK_ASSETS] if only_ingest else None
    with alone(request.out), dagster_instance(request.root) as instance:
        job = definitions.resolve_job_def(JOB).with_hooks({keeps_what_was_raised})
        result = job.execute_in_process(
            run_config={"loggers": {"console": {}}}, instance=instance, raise_on_error=False, asset_selection=selection, tags=tags_of(request.out)
        )
    if not result.success:
        raise _failure(result, raised)


def steps(*, only_ingest: bool = False) -> int:
    """How many steps `execute` takes, for who shows how far it is."""
    wanted = {dg.AssetKey(name) for name in CHECK_ASSETS}
    own = [item for item in ASSETS if isinstance(item, dg.AssetsDefinition) and item.is_executable and (not only_ingest or item.keys & wanted)]
    return len(own) + (0 if only_ingest else len(list(defs.asset_checks or ())))


def _failure(result: dg.ExecuteInProcessResult, raised: Sequence[BaseException]) -> EsgKpisError:
    """What a run failed with: an error of ours, or of the machine (a full disk), as it was raised; else a fault of ours."""
    for error in raised:
        if (found := known(error)) is not None:
            return found.with_mend(STANDS)
    for event in result.all_events:
        if event.is_step_failure:
            told = event.step_failure_data.error
            while told is not None and told.cls_name != INTERRUPTED_IN_A_STEP and told.cause is not None:
                told = told.cause
            if told is not None and told.cls_name == INTERRUPTED_IN_A_STEP:
                return stopped().with_mend(STANDS)
            return InternalProblem(told.message.strip() if told else "unknown", where=f"step {event.step_key}", mend=f"{STANDS} Please report it.")
    failed = [evaluation.check_name for evaluation in result.get_asset_check_evaluations() if not evaluation.passed and evaluation.blocking]
    return InternalProblem(f"The check {', '.join(failed)} failed.", where="before the results", mend=f"{STANDS} Please report it.")


@contextmanager
def dagster_instance(root: Path) -> Iterator[dg.DagsterInstance]:
    """Dagster's own storage: DAGSTER_HOME, or `.dagster` in the workspace, so that the UI shows runs of the command line too."""
    home = Path(os.environ.get("DAGSTER_HOME") or root / ".dagster")
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError:
        with dg.DagsterInstance.ephemeral() as instance:
            yield instance
        return
    settings = home / "dagster.yaml"
    if not settings.exists():
        write_whole(settings, _SETTINGS.encode())
    os.environ["DAGSTER_HOME"] = str(home)
    with dg.DagsterInstance.get() as instance:
        yield instance


def latest_of(out: Path) -> Path:
    """The folder of the last results, which no later run changes: for who reads several tables.

    Raises:
        EsgKpisError: if there are none yet.
    """
    folder = current(out)
    if not folder.exists():
        raise EsgKpisError("There are no results yet.", where=str(out), mend="Run `esg-kpis run` first.")
    return folder


def read_result(out: Path, name: str) -> pl.DataFrame:
    """A table of the last results, by its stable path or in their own folder.

    Raises:
        EsgKpisError: if there are none yet.
    """
    path = out / f"{name}.parquet"
    if not path.exists():
        raise EsgKpisError("There are no results yet.", where=str(out), mend="Run `esg-kpis run` first.")
    return pl.read_parquet(path)


def known_edition(edition: str, known: Collection[str]) -> str:
    """An edition that a set of results has.

    Raises:
        UsageProblem: if it does not have it.
    """
    if edition not in known:
        raise UsageProblem(f"The last run has no edition '{edition}'.", where="--edition", mend=near_misses(edition, known) or f"It has: {', '.join(known)}.")
    return edition


def read_work(out: Path, name: str) -> pl.DataFrame:
    """A frame between steps, as the last run left it. Only for the command that stops there."""
    return pl.read_parquet(out / WORK / f"{name}.parquet")
