"""The Dagster code location. `dagster dev` and `esg-kpis run` use the same assets, checks and resources."""

import os
from pathlib import Path
from typing import Any

import dagster as dg

from pipelines import anomalies, assets, comparisons, frameworks, labels, printed, report, targets
from pipelines.automation import schedule_of, sensor_on
from pipelines.checks import every_record_has_one_fate
from pipelines.described import described
from pipelines.progress import quiet_console
from pipelines.readings import JOB as BY_MONTH
from pipelines.readings import NothingBetween, rolled_months
from pipelines.resources import ParquetFiles, WorkspaceResource
from pipelines.results import results

JOB = "main"
_MAIN = (
    "The one job: from the files in data/raw to the KPIs, the findings and the files in data/out. `esg-kpis run` runs this same job. It changes no input, and publishes all or nothing. "
    "Run it after files, factors or an edition changed; there is nothing to fill in, and running it twice does no harm."
)
_BY_MONTH = (
    "Months of meter readings, each computed alone: for many months at once, side by side, before the main job, which computes only what is still lacking. It publishes nothing. Running it twice does no harm."
)
ASSETS: list[dg.AssetsDefinition | dg.AssetSpec] = [
    *assets.RAW,
    *assets.RULES,
    assets.ingested,
    assets.amounts,
    assets.covered,
    assets.outliers,
    assets.factors,
    assets.applied,
    assets.published,
    assets.kpi_values,
    assets.tie_outs,
    comparisons.uncertainties,
    comparisons.lenses,
    labels.labelled,
    frameworks.content_index,
    targets.targets,
    anomalies.anomalies,
    printed.table_checks,
    assets.fates,
    assets.judged,
    report.bridge,
    report.report_site,
    results,
]
"""Every asset, in the order of the data flow."""


def build_defs(
    root: Path, out: Path | None = None, *, editions: tuple[str, ...] = (), known_on: str = "", as_of: str = "", quiet: bool = False, site: bool = True
) -> dg.Definitions:
    """The definitions for one workspace.

    Args:
        root: The workspace.
        out: Where results go; its data/out if not given.
        editions: Editions to compute; all if empty.
        known_on: Knowledge date for all editions, or empty.
        as_of: Last day data may be about, or empty.
        quiet: Whether the console stays silent, for the command line.
        site: Whether the report site is made.
    """
    target = out or root / "data" / "out"
    asked: dict[str, Any] = {"root": str(root), "out": str(target), "editions": list(editions), "known_on": known_on, "as_of": as_of}
    return dg.Definitions(
        assets=described([*ASSETS, rolled_months], root, target),
        asset_checks=[every_record_has_one_fate],
        jobs=[
            dg.define_asset_job(JOB, selection=dg.AssetSelection.all() - dg.AssetSelection.assets(rolled_months), description=_MAIN),
            dg.define_asset_job(BY_MONTH, selection=dg.AssetSelection.assets(rolled_months), description=_BY_MONTH),
        ],
        sensors=[sensor_on(root / "data" / "raw", target, JOB)],
        schedules=[schedule_of(JOB)],
        resources={"workspace": WorkspaceResource(**asked, report=site), "io_manager": ParquetFiles(**asked), "nothing_between": NothingBetween()},
        executor=dg.in_process_executor,
        loggers={"console": quiet_console} if quiet else {},
    )


def _workspace_of_the_ui() -> Path:
    """The workspace the UI shows: ESG_KPIS_ROOT, or the repository this package lies in."""
    return Path(os.environ.get("ESG_KPIS_ROOT") or Path(__file__).parent.parent)


defs = build_defs(_workspace_of_the_ui(), Path(os.environ["ESG_KPIS_OUT"]) if os.environ.get("ESG_KPIS_OUT") else None)
