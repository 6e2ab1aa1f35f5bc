"""The assets, in the order of the data flow. Each is one library call; names are the tables of the data dictionary."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from esg_kpis.amounts import Coverage, amounts_of, amounts_of_people, coverage_of, outliers_of
from esg_kpis.assurance import findings as judging
from esg_kpis.assurance.anomalies import anomaly_findings
from esg_kpis.assurance.completeness import Gaps
from esg_kpis.assurance.named import CHECKS
from esg_kpis.assurance.tie_out import published_of, tie_out
from esg_kpis.assurance.withheld import findings_told, tells_heads
from esg_kpis.disclosure import suppressed
from esg_kpis.domains import DOMAINS
from esg_kpis.editions import counting_of
from esg_kpis.editions.boundary import record_fates
from esg_kpis.editions.consolidation import days_of
from esg_kpis.editions.gaps import months_expected
from esg_kpis.factors import Received, counted_in, with_earlier, with_instruments
from esg_kpis.ingest import ingest
from esg_kpis.kpis import evaluate, inputs_of, with_targets
from esg_kpis.people import people_of
from esg_kpis.tables import (
    AMOUNTS,
    CLAIMS,
    COVERAGE,
    COVERAGE_SUMMARY,
    EDITION_AMOUNTS,
    ESTIMATES,
    FACTOR_USES,
    FACTORS,
    FILES,
    FINDINGS,
    HEADCOUNT,
    INSTRUMENTS,
    KPI_VALUES,
    METERS,
    OWNERSHIP,
    PEOPLE_CONTROLS,
    PEOPLE_COUNTS,
    PUBLISHED,
    QUANTITIES,
    READING_FATES,
    READING_MONTHS,
    READING_SAMPLES,
    READING_VERSIONS,
    RECORD_FATES,
    RECORDS,
    REJECTED,
    SITES,
    TIE_OUT,
)
from pipelines.checks import check_result
from pipelines.lineage import source_metadata, table_metadata, table_out
from pipelines.raw_observed import observed
from pipelines.readings import readings_of
from pipelines.resources import WorkspaceResource
from pipelines.shown import counted, refused

RAW = [dg.AssetSpec(["raw", domain.name], metadata=source_metadata(f"raw/{domain.name}")) for domain in DOMAINS.values()]
RULES = [dg.AssetSpec(name, metadata=source_metadata(name)) for name in ("factor_files", "edition_files")]
_PEOPLE = [dg.AssetKey(["raw", domain.name]) for domain in DOMAINS.values() if domain.counted]
_RECORDS, _READINGS = {dg.AssetKey("records")}, dg.AssetKey(["raw", "readings"])
_WITHIN_INGEST = {
    "files": {spec.key for spec in RAW},
    "records": {*(spec.key for spec in RAW if spec.key != _READINGS), dg.AssetKey("files"), dg.AssetKey("reading_months")},
    **dict.fromkeys(("rejected", "sites", "meters", "ownership", "instruments", "published_with_data", "observations"), _RECORDS),
    "quantities": {*_RECORDS, dg.AssetKey("meters")},
    **{name: {_READINGS, dg.AssetKey(["raw", "meters"]), dg.AssetKey("rolled_months")} for name in ("reading_months", "reading_fates", "reading_samples", "reading_versions", "reading_files")},
    **{name: {*_PEOPLE, dg.AssetKey("sites"), dg.AssetKey("edition_files")} for name in ("people_counts", "headcount", "people_controls")},
}
"""What within the step rests on what, so that a column can be followed from a quantity to its record and from there to the file."""


@dg.multi_asset(
    outs={
        "files": table_out(FILES),
        "reading_months": table_out(READING_MONTHS),
        "reading_fates": table_out(READING_FATES),
        "reading_samples": table_out(READING_SAMPLES),
        "reading_versions": table_out(READING_VERSIONS),
        "reading_files": dg.AssetOut(),
        "records": table_out(RECORDS),
        "rejected": table_out(REJECTED),
        "quantities": table_out(QUANTITIES),
        "sites": table_out(SITES),
        "meters": table_out(METERS),
        "ownership": table_out(OWNERSHIP),
        "instruments": table_out(INSTRUMENTS),
        "published_with_data": table_out(PUBLISHED, "published_with_data"),
        "observations": dg.AssetOut(),
        "people_counts": table_out(PEOPLE_COUNTS),
        "people_controls": table_out(PEOPLE_CONTROLS),
        "headcount": table_out(HEADCOUNT),
    },
    deps=[*(spec.key for spec in RAW), "edition_files", "rolled_months"],
    internal_asset_deps=_WITHIN_INGEST,
    can_subset=False,
)
def ingested(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> Iterator[dg.Output[pl.DataFrame]]:
    """Bytes to typed records, and people to counts. Nothing is dropped, nothing is guessed."""
    readings = readings_of(context, workspace)
    result = ingest(workspace.workspace, workspace.last_day, readings.metered)
    people = people_of(workspace.workspace, workspace.last_day, result.sites, counting_of(workspace.read_editions), workspace.person_key)
    files, records, rejected, observations = (
        pl.concat([getattr(result, name), getattr(people, name)]) for name in ("files", "records", "rejected", "observations")
    )
    observations = pl.concat([observations, readings.observations])
    share = refused(records, rejected)
    for observation in observed(workspace, files, rejected):
        context.log_event(observation)
    for name, frame in (
        ("files", files), ("reading_months", readings.months), ("reading_fates", readings.fates), ("reading_samples", readings.samples), ("reading_versions", readings.versions), ("reading_files", readings.files), ("records", records), ("rejected", rejected), ("sites", result.sites), ("meters", result.meters), ("quantities", result.quantities), ("ownership", result.ownership), ("instruments", result.instruments),
        ("published_with_data", result.published), ("observations", observations), ("people_counts", people.counts),
        ("people_controls", people.controls), ("headcount", people.headcount),
    ):  # fmt: skip
        yield dg.Output(frame, output_name=name, metadata=counted(frame, name, **(share if name in ("records", "rejected") else {})))


@dg.asset(key="amounts", metadata=table_metadata(AMOUNTS))
def amounts(context: dg.AssetExecutionContext, quantities: pl.DataFrame, people_counts: pl.DataFrame) -> pl.DataFrame:
    """Amounts before any edition."""
    frame = pl.concat([amounts_of(quantities), amounts_of_people(people_counts)])
    context.add_output_metadata(counted(frame, "amounts"))
    return frame


@dg.asset(key="outliers")
def outliers(context: dg.AssetExecutionContext, quantities: pl.DataFrame) -> pl.DataFrame:
    """Outliers."""
    frame = outliers_of(quantities)
    context.add_output_metadata(counted(frame, "outliers"))
    return frame


@dg.multi_asset(
    outs={
        "coverage": table_out(COVERAGE),
        "meter_months": dg.AssetOut(),
    },
    deps=["edition_files"],
    can_subset=False,
)
def covered(
    workspace: WorkspaceResource, quantities: pl.DataFrame, amounts: pl.DataFrame, sites: pl.DataFrame, meters: pl.DataFrame
) -> Iterator[dg.Output[pl.DataFrame]]:
    """Coverage, before any edition."""
    months = months_expected(workspace.read_editions, workspace.last_day)
    result = coverage_of(quantities, amounts, sites, meters, months)
    for name, frame in (("coverage", result.sites), ("meter_months", result.meters)):
        yield dg.Output(frame, output_name=name, metadata=counted(frame, name))


@dg.asset(key="factors", metadata=table_metadata(FACTORS), deps=["factor_files"])
def factors(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> pl.DataFrame:
    """The factor library."""
    frame = workspace.library.frame()
    context.add_output_metadata(counted(frame, "factors"))
    return frame


@dg.multi_asset(
    outs={
        "edition_amounts": table_out(EDITION_AMOUNTS),
        "estimates": table_out(ESTIMATES),
        "coverage_summary": table_out(COVERAGE_SUMMARY),
        "factor_uses": table_out(FACTOR_USES),
        "claims": table_out(CLAIMS),
        "factor_problems": dg.AssetOut(),
    },
    deps=["edition_files", "factors"],
    can_subset=False,
)
def applied(
    workspace: WorkspaceResource, amounts: pl.DataFrame, sites: pl.DataFrame, ownership: pl.DataFrame, instruments: pl.DataFrame, rejected: pl.DataFrame, coverage: pl.DataFrame,
    meter_months: pl.DataFrame, quantities: pl.DataFrame, meters: pl.DataFrame, reading_versions: pl.DataFrame,
) -> Iterator[dg.Output[pl.DataFrame]]:  # fmt: skip
    """Boundary, estimates, instruments and factors, edition by edition."""
    received = Received(amounts, sites, ownership, instruments, rejected, Coverage(coverage, meter_months), workspace.last_day, days_of(quantities))
    received = with_earlier(received, quantities, meters, months_expected(workspace.read_editions, workspace.last_day), reading_versions)
    seen = [counted_in(received, edition, workspace.library, workspace.known_date(edition)).tables for edition in workspace.read_editions]
    for name in seen[0]:
        frame = pl.concat([tables[name] for tables in seen])
        yield dg.Output(frame, output_name=name, metadata=counted(frame, name))


@dg.asset(key="published", metadata=table_metadata(PUBLISHED), deps=["edition_files"])
def published(context: dg.AssetExecutionContext, workspace: WorkspaceResource, published_with_data: pl.DataFrame) -> pl.DataFrame:
    """Published figures."""
    frame = pl.concat([published_of(edition, published_with_data) for edition in workspace.read_editions])
    context.add_output_metadata(counted(frame, "published"))
    return frame


@dg.asset(key="kpi_values", metadata=table_metadata(KPI_VALUES), deps=["edition_files", "factors"])
def kpi_values(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    edition_amounts: pl.DataFrame,
    sites: pl.DataFrame,
    instruments: pl.DataFrame,
    published: pl.DataFrame,
) -> pl.DataFrame:
    """KPIs of all editions."""
    frames = []
    for edition in workspace.read_editions:
        own = edition_amounts.filter(pl.col("edition") == edition.id)
        inputs = inputs_of(own, sites, with_instruments(workspace.library, instruments), edition, workspace.known_date(edition))
        frames.append(with_targets(suppressed(evaluate(inputs, published.filter(pl.col("edition") == edition.id)), inputs), edition, published))
    frame = pl.concat(frames)
    states = {f"status {state}": int(count) for state, count in frame.group_by("status").len().sort("status").iter_rows()}
    context.add_output_metadata(counted(frame, "kpi_values", **states))
    return frame


@dg.asset(key="tie_out", metadata=table_metadata(TIE_OUT), deps=["edition_files"])
def tie_outs(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource, kpi_values: pl.DataFrame, published: pl.DataFrame
) -> pl.DataFrame:
    """Tie-out of all editions."""
    frame = pl.concat(
        [tie_out(kpi_values, published.filter(pl.col("edition") == edition.id), edition) for edition in workspace.read_editions]
    )
    verdicts = {f"verdict {verdict}": int(count) for verdict, count in frame.group_by("verdict").len().sort("verdict").iter_rows()}
    context.add_output_metadata(counted(frame, "tie_out", **verdicts))
    return frame


@dg.asset(key="record_fates", metadata=table_metadata(RECORD_FATES), deps=["edition_files"])
def fates(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    records: pl.DataFrame,
    rejected: pl.DataFrame,
    sites: pl.DataFrame,
    meters: pl.DataFrame,
    ownership: pl.DataFrame,
    instruments: pl.DataFrame,
    observations: pl.DataFrame,
    outliers: pl.DataFrame,
    edition_amounts: pl.DataFrame,
    claims: pl.DataFrame,
) -> pl.DataFrame:
    """Fates of all records."""
    flags = judging.flags_of(observations, outliers)
    base = edition_amounts.filter(pl.col("measure") == pl.col("origin"))
    frame = pl.concat(
        [
            record_fates(
                records, rejected, sites, meters, base.filter(pl.col("edition") == edition.id), flags, edition, ownership, instruments, claims.filter(pl.col("edition") == edition.id)
            )
            for edition in workspace.read_editions
        ]
    )
    context.add_output_metadata(counted(frame, "record_fates"))
    return frame


@dg.multi_asset(
    outs={"findings": table_out(FINDINGS)},
    deps=["edition_files", "factors"],
    check_specs=[dg.AssetCheckSpec(name, asset="findings", description=text) for name, text in CHECKS.items()],
)
def judged(
    workspace: WorkspaceResource, observations: pl.DataFrame, outliers: pl.DataFrame, rejected: pl.DataFrame, factor_problems: pl.DataFrame, edition_amounts: pl.DataFrame, sites: pl.DataFrame,
    kpi_values: pl.DataFrame, tie_out: pl.DataFrame, table_checks: pl.DataFrame, coverage: pl.DataFrame, coverage_summary: pl.DataFrame, estimates: pl.DataFrame,
    quantities: pl.DataFrame, meter_months: pl.DataFrame, headcount: pl.DataFrame, claims: pl.DataFrame, factor_uses: pl.DataFrame, anomalies: pl.DataFrame, anomaly_notes: pl.DataFrame,
    people_controls: pl.DataFrame,
) -> Iterator[dg.Output[pl.DataFrame] | dg.AssetCheckResult]:  # fmt: skip
    """Findings of all checks; each check is also shown as an asset check."""
    frame = judging.findings(
        observations,
        outliers,
        rejected,
        factor_problems,
        edition_amounts,
        sites,
        kpi_values,
        tie_out,
        table_checks,
        Gaps(coverage, coverage_summary, estimates, quantities, meter_months),
        headcount,
        claims,
        factor_uses,
        workspace.library,
        workspace.read_editions,
        workspace.last_day,
        anomaly_findings(anomalies, anomaly_notes),
    )
    told = findings_told(frame, anomalies, people_controls, tells_heads(estimates, kpi_values))
    yield dg.Output(frame, output_name="findings", metadata=counted(told, "findings"))
    for name in CHECKS:
        yield check_result(told, name, workspace)
