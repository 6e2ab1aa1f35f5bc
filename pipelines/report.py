"""The report site as an asset, and the bridge that it draws."""

from dataclasses import replace
from itertools import product

import dagster as dg
import polars as pl

from esg_kpis.amounts import Coverage
from esg_kpis.editions import Edition
from esg_kpis.editions.consolidation import days_of
from esg_kpis.factors import Received, with_instruments
from esg_kpis.kpis import inputs_of
from esg_kpis.report.site.basis import SiteBasis
from esg_kpis.report.site.write import site_files
from esg_kpis.restatement.bridge import bridge_table, bridges
from esg_kpis.restatement.causes import Pair, Side
from esg_kpis.restatement.evaluation import Mixtures
from esg_kpis.tables import BRIDGE, empty
from pipelines.lineage import table_metadata
from pipelines.resources import WorkspaceResource, as_made_before
from pipelines.results import key_of
from pipelines.shown import counted

SITE = {"path": pl.String(), "content": pl.Binary()}


@dg.asset(key="bridge", metadata=table_metadata(BRIDGE), deps=["edition_files", "factors"])
def bridge(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource, amounts: pl.DataFrame, sites: pl.DataFrame, ownership: pl.DataFrame, instruments: pl.DataFrame, rejected: pl.DataFrame,
    coverage: pl.DataFrame, meter_months: pl.DataFrame, quantities: pl.DataFrame, published: pl.DataFrame, kpi_values: pl.DataFrame,
) -> pl.DataFrame:  # fmt: skip
    """Bridges from each earlier edition to the newest, for the totals of every period that both have."""
    frame = as_made_before(workspace, "bridge") if workspace.report else empty(BRIDGE)
    if frame is None:
        received = Received(amounts, sites, ownership, instruments, rejected, Coverage(coverage, meter_months), workspace.last_day, days_of(quantities))
        frames = [empty(BRIDGE)]
        newest, *earlier = newest_first(workspace)
        end = Side(newest, workspace.known_date(newest), workspace.library, received, kpi_values, published)
        for edition, period in product(earlier, newest.periods):
            if period in edition.periods:
                begin = replace(end, edition=edition, known_on=workspace.known_date(edition))
                pair = Pair(begin, end, period, tuple(_restated(kpi_values, edition.id, newest.id, period)))
                frames.append(bridge_table(bridges(Mixtures(pair), [(name, "total", "All") for name in pair.kpis])[0], pair))
        frame = pl.concat(frames)
    context.add_output_metadata(counted(frame, "bridge"))
    return frame


def newest_first(workspace: WorkspaceResource) -> list[Edition]:
    """The editions of a run, the one published last at the top."""
    return sorted(workspace.read_editions, key=lambda edition: (edition.rules.knowledge_date, edition.id), reverse=True)


def _restated(values: pl.DataFrame, earlier: str, newest: str, period: str) -> list[str]:
    """KPIs of which both editions print a total for a period, and not the same."""
    first, second = (
        values.filter((pl.col("edition") == name) & (pl.col("period") == period) & (pl.col("breakdown") == "total") & pl.col("value").is_not_null()).select("kpi_id", "unit", "printed")
        for name in (earlier, newest)
    )
    both = first.join(second, on=["kpi_id", "unit"], suffix="_now", maintain_order="left").filter(pl.col("printed") != pl.col("printed_now"))
    return both["kpi_id"].to_list()


SHOWN = (
    "files", "records", "rejected", "quantities", "sites", "meters", "ownership", "instruments", "claims", "amounts", "coverage", "coverage_summary", "estimates", "factors", "edition_amounts", "factor_uses", "published", "kpi_values",
    "tie_out", "record_fates", "findings", "people_controls", "uncertainty", "uncertainty_sources", "content_index", "kpi_labels", "targets", "target_progress", "anomalies", "table_checks", "bridge",
)  # fmt: skip
"""The tables that the site is made of."""


@dg.asset(key="report_site", ins={name: dg.AssetIn(name) for name in (*SHOWN, "people_counts")}, deps=["edition_files"])
def report_site(context: dg.AssetExecutionContext, workspace: WorkspaceResource, people_counts: pl.DataFrame, **tables: pl.DataFrame) -> pl.DataFrame:
    """One row: one file of the site. Counts of people are not shown; the key of the run, which stands on every page, holds a digest of them."""
    if not workspace.report:
        return pl.DataFrame(schema=SITE)
    made = site_files(basis_of(workspace, tables), key_of(workspace, tables["files"], tables["rejected"], people_counts)[0])
    context.add_output_metadata({"files": len(made), "bytes": sum(len(content) for content in made.values())})
    return pl.DataFrame({"path": list(made), "content": list(made.values())}, schema=SITE)


def basis_of(workspace: WorkspaceResource, tables: dict[str, pl.DataFrame]) -> SiteBasis:
    """What the site is made of."""
    library, inputs = with_instruments(workspace.library, tables["instruments"]), {}
    editions = {edition.id: edition for edition in newest_first(workspace)}
    for name, edition in editions.items():
        own = tables["edition_amounts"].filter(pl.col("edition") == name)
        inputs[name] = inputs_of(own, tables["sites"], library, edition, workspace.known_date(edition))
    return SiteBasis(editions, inputs, tables, workspace.found, workspace.usual_last_day.isoformat())
