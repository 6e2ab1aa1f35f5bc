"""One run in one process, through the same job that the Dagster UI launches."""

import gc
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from esg_kpis.errors import EsgKpisError, InternalProblem
from esg_kpis.report.outputs import alone, write_whole
from esg_kpis.workspace import check_names
from pipelines.abandoned import tags_of
from pipelines.asked import Request
from pipelines.definitions import ASSETS, JOB, build_defs, defs
from pipelines.failures import INTERRUPTED_IN_A_STEP, known, stopped
from pipelines.progress import Listener, listen
from pipelines.resources import ROLLED

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
CHECK_ASSETS = ("files", "reading_months", "reading_fates", "reading_samples", "reading_versions", "reading_files", "records", "rejected", "quantities", "sites", "meters", "ownership", "instruments", "published_with_data", "observations", "people_counts", "people_controls", "headcount", "amounts", "outliers", "coverage", "meter_months")


def execute(request: Request, progress: Listener, *, only_ingest: bool = False) -> dict[str, list[str]]:
    """Materializes the assets of a workspace, all of them or only up to the amounts.

    Returns:
        Of each month of meter readings that had to be computed, the tables; of the others is taken what they had become before.

    Raises:
        EsgKpisError: what a step raised; an edition or factor library that cannot be read is found before anything starts.
        InternalProblem: if a step failed otherwise, or the check before the results did.
    """
    check_names(request.workspace)
    request.read_editions, request.library  # noqa: B018  (they say what is wrong before anything starts)
    definitions = build_defs(request.root, request.out, editions=request.editions, known_on=request.known_on, as_of=request.as_of, quiet=True, site=request.report)
    listen(progress)
    raised: list[BaseException] = []

    @dg.failure_hook
    def keeps_what_was_raised(context: dg.HookContext) -> None:
        """Dagster's events hold an error as text; this has it as it was raised, with its parts."""
        if context.op_exception is not None:
            raised.append(context.op_exception)

    selection = [dg.AssetKey(name) for name in CHECK_ASSETS] if only_ingest else None
    with alone(request.out), dagster_instance(request.root) as instance, fewer_collections():
        job = definitions.resolve_job_def(JOB).with_hooks({keeps_what_was_raised})
        result = job.execute_in_process(
            run_config={"loggers": {"console": {}}}, instance=instance, raise_on_error=False, asset_selection=selection, tags=tags_of(request.out)
        )
    if not result.success:
        raise _failure(result, raised)
    told = [event.step_materialization_data.materialization for event in result.all_events if event.is_step_materialization]
    return {item.partition: list(dict.fromkeys(str(item.metadata["computed"].value).split(", "))) for item in told if item.asset_key == dg.AssetKey(ROLLED) and item.partition is not None}


@contextmanager
def fewer_collections() -> Iterator[None]:
    """Looks for cycles among objects a tenth as often: what runs leave are few, and looking every 700 objects takes a twelfth of a run."""
    before = gc.get_threshold()
    gc.set_threshold(10_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)


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
