"""The assets, in the order of the data flow. Each is one library call; names are the tables of the data dictionary."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from esg_kpis.amounts import Coverage, amounts_of, amounts_of_people, coverage_of, outliers_of
from esg_kpis.assurance import findings as judging
from esg_kpis.assurance.anomalies import anomaly_findings
from esg_kpis.assurance.completeness import Gaps
from esg_kpis.assurance.tie_out import published_of, tie_out
from esg_kpis.disclosure import suppressed
from esg_kpis.domains import DOMAINS
from esg_kpis.editions import counting_of
from esg_kpis.editions.boundary import record_fates
from esg_kpis.editions.consolidation import days_of
from esg_kpis.editions.gaps import months_expected
from esg_kpis.factors import Received, counted_in, with_instruments
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
    RECORD_FATES,
    RECORDS,
    REJECTED,
    SITES,
    TIE_OUT,
)
from pipelines.checks import check_result
from pipelines.lineage import counted, table_metadata, table_out
from pipelines.resources import OWNERS, WorkspaceResource

RAW = [
    dg.AssetSpec(
        ["raw", domain.name],
        group_name="g1_raw_files",
        description=f"{domain.title}: the files in data/raw/{domain.name}, as they were sent. Never written by code. {domain.source}.",
        kinds={"csv", "xlsx"},
        owners=OWNERS,
    )
    for domain in DOMAINS.values()
]
RULES = [
    dg.AssetSpec(
        "factor_files",
        group_name="g1_raw_files",
        description="The factor library: one CSV per source and edition of it.",
        kinds={"csv"},
        owners=OWNERS,
    ),
    dg.AssetSpec(
        "edition_files",
        group_name="g1_raw_files",
        description="The editions: definitions, boundaries, rules and published figures.",
        kinds={"yaml"},
        owners=OWNERS,
    ),
]


@dg.multi_asset(
    outs={
        "files": table_out(FILES, "What was looked at, and whether it could be read.", "g2_records"),
        "records": table_out(RECORDS, "Every row as somebody sent it.", "g2_records"),
        "rejected": table_out(
            REJECTED,
            "Rows that could not be read, each with the rule, what was read and what would be right. Send them back.",
            "g2_records",
        ),
        "quantities": table_out(QUANTITIES, "What the accepted records say, typed, in the units received.", "g2_records"),
        "sites": table_out(SITES, "The register of sites.", "g2_records"),
        "meters": table_out(METERS, "The register of meters, and of what sites are to report.", "g2_records"),
        "ownership": table_out(OWNERSHIP, "The register of ownership: who controls a site and how much of it is owned, by days.", "g2_records"),
        "instruments": table_out(INSTRUMENTS, "The ledger of contractual instruments for the market-based method.", "g2_records"),
        "published_with_data": table_out(PUBLISHED, "Published figures that came as columns of the data.", "g2_records", "published_with_data"),
        "observations": dg.AssetOut(
            description="What was seen in the files that a person should look at.", group_name="g2_records", kinds={"polars"}, owners=OWNERS
        ),
        "people_counts": table_out(PEOPLE_COUNTS, "People as counts. Nothing that leaves this step knows a person.", "g2_records"),
        "people_controls": table_out(
            PEOPLE_CONTROLS, "Control totals of the people files, which prove the counts when the files are gone.", "g2_records"
        ),
        "headcount": table_out(HEADCOUNT, "Opening heads, joiners, leavers and transfers to closing heads, by dimension.", "g2_records"),
    },
    deps=[spec.key for spec in RAW],
    can_subset=False,
)
def ingested(workspace: WorkspaceResource) -> Iterator[dg.Output[pl.DataFrame]]:
    """Bytes to typed records, and people to counts. Nothing is dropped, nothing is guessed."""
    result = ingest(workspace.workspace, workspace.last_day)
    people = people_of(workspace.workspace, workspace.last_day, result.sites, counting_of(workspace.read_editions), workspace.person_key)
    files, records, rejected, observations = (
        pl.concat([getattr(result, name), getattr(people, name)]) for name in ("files", "records", "rejected", "observations")
    )
    share = f"{rejected['record_id'].n_unique()} of {records.height}"
    for name, frame in (
        ("files", files), ("records", records), ("rejected", rejected), ("quantities", result.quantities), ("sites", result.sites), ("meters", result.meters), ("ownership", result.ownership), ("instruments", result.instruments),
        ("published_with_data", result.published), ("observations", observations), ("people_counts", people.counts),
        ("people_controls", people.controls), ("headcount", people.headcount),
    ):  # fmt: skip
        more = {"records rejected": share} if name in ("records", "rejected") else {}
        yield dg.Output(frame, output_name=name, metadata=counted(frame, name, **more))


@dg.asset(
    key="amounts", metadata=table_metadata(AMOUNTS), group_name="g3_amounts", kinds={"polars"}, owners=OWNERS,
    description="Quantities in the canonical unit of their measure, bills apportioned to months by day. Before any edition.",
)  # fmt: skip
def amounts(context: dg.AssetExecutionContext, quantities: pl.DataFrame, people_counts: pl.DataFrame) -> pl.DataFrame:
    """Amounts before any edition."""
    frame = pl.concat([amounts_of(quantities), amounts_of_people(people_counts)])
    context.add_output_metadata(counted(frame, "amounts"))
    return frame


@dg.asset(
    key="outliers", group_name="g3_amounts", kinds={"polars"}, owners=OWNERS,
    description="Quantities unlike the history of their own meter, and what may have happened. They count as received; a person looks.",
)  # fmt: skip
def outliers(context: dg.AssetExecutionContext, quantities: pl.DataFrame) -> pl.DataFrame:
    """Outliers."""
    frame = outliers_of(quantities)
    context.add_output_metadata(counted(frame, "outliers"))
    return frame


@dg.multi_asset(
    outs={
        "coverage": table_out(COVERAGE, "What was expected, by the register of meters or between a meter's first and last record, and what came.", "g3_amounts"),
        "meter_months": dg.AssetOut(
            description="The same per meter: what gaps are filled by. One row: one meter in one month.", group_name="g3_amounts", kinds={"polars"}, owners=OWNERS
        ),
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


@dg.asset(
    key="factors", metadata=table_metadata(FACTORS), group_name="g4_factors", kinds={"polars"}, owners=OWNERS, deps=["factor_files"],
    description="The factor library as it stands: value, source, data period, day of publication, evidence grade.",
)  # fmt: skip
def factors(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> pl.DataFrame:
    """The factor library."""
    frame = workspace.library.frame()
    context.add_output_metadata(counted(frame, "factors"))
    return frame


@dg.multi_asset(
    outs={
        "edition_amounts": table_out(
            EDITION_AMOUNTS, "Amounts as each edition sees them: inside its boundary or not, and what factors made of them.", "g4_factors"
        ),
        "estimates": table_out(ESTIMATES, "Gaps that an edition fills by a method it allows, each with its basis.", "g4_factors"),
        "coverage_summary": table_out(COVERAGE_SUMMARY, "How complete each measure is in each edition, by site months and by quantity.", "g4_factors"),
        "factor_uses": table_out(FACTOR_USES, "Which factor was applied where, by which rule of the edition, and why.", "g4_factors"),
        "claims": table_out(CLAIMS, "What each edition makes of each claim of a contractual instrument: accepted, or refused with the reason.", "g4_factors"),
        "factor_problems": dg.AssetOut(
            description="Amounts that found no factor, or two. Empty when all is well.",
            group_name="g4_factors",
            kinds={"polars"},
            owners=OWNERS,
        ),
    },
    deps=["edition_files", "factors"],
    can_subset=False,
)
def applied(
    workspace: WorkspaceResource, amounts: pl.DataFrame, sites: pl.DataFrame, ownership: pl.DataFrame, instruments: pl.DataFrame, rejected: pl.DataFrame, coverage: pl.DataFrame,
    meter_months: pl.DataFrame, quantities: pl.DataFrame,
) -> Iterator[dg.Output[pl.DataFrame]]:  # fmt: skip
    """Boundary, estimates, instruments and factors, edition by edition."""
    received = Received(amounts, sites, ownership, instruments, rejected, Coverage(coverage, meter_months), workspace.last_day, days_of(quantities))
    seen = [counted_in(received, edition, workspace.library, workspace.known_date(edition)).tables for edition in workspace.read_editions]
    for name in seen[0]:
        frame = pl.concat([tables[name] for tables in seen])
        yield dg.Output(frame, output_name=name, metadata=counted(frame, name))


@dg.asset(
    key="published", metadata=table_metadata(PUBLISHED), group_name="g5_kpis", kinds={"polars"}, owners=OWNERS, deps=["edition_files"],
    description="Every figure as printed, from published.csv of the editions and from declared columns of the data.",
)  # fmt: skip
def published(context: dg.AssetExecutionContext, workspace: WorkspaceResource, published_with_data: pl.DataFrame) -> pl.DataFrame:
    """Published figures."""
    frame = pl.concat([published_of(edition, published_with_data) for edition in workspace.read_editions])
    context.add_output_metadata(counted(frame, "published"))
    return frame


@dg.asset(
    key="kpi_values", metadata=table_metadata(KPI_VALUES), group_name="g5_kpis", kinds={"polars"}, owners=OWNERS, deps=["published"],
    description="The KPIs of every edition: unrounded value, printed value, and state. A blocked KPI is shown as blocked, never as a number.",
)  # fmt: skip
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


@dg.asset(
    key="tie_out", metadata=table_metadata(TIE_OUT), group_name="g6_assurance", kinds={"polars"}, owners=OWNERS,
    description="Computed against published, every printed cell, with the difference and its explanation.",
)  # fmt: skip
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


@dg.asset(
    key="record_fates", metadata=table_metadata(RECORD_FATES), group_name="g6_assurance", kinds={"polars"}, owners=OWNERS,
    description="What became of every record in every edition: used, excluded with the reason, or rejected with the rule.",
)  # fmt: skip
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
    outs={"findings": table_out(FINDINGS, "The results of all checks: what was found, what ought to be, what to do.", "g6_assurance")},
    check_specs=[dg.AssetCheckSpec(name, asset="findings", description=text) for name, text in judging.CHECKS.items()],
)
def judged(
    workspace: WorkspaceResource, observations: pl.DataFrame, outliers: pl.DataFrame, rejected: pl.DataFrame, factor_problems: pl.DataFrame, edition_amounts: pl.DataFrame, sites: pl.DataFrame,
    kpi_values: pl.DataFrame, tie_out: pl.DataFrame, table_checks: pl.DataFrame, coverage: pl.DataFrame, coverage_summary: pl.DataFrame, estimates: pl.DataFrame,
    quantities: pl.DataFrame, meter_months: pl.DataFrame, headcount: pl.DataFrame, claims: pl.DataFrame, factor_uses: pl.DataFrame, anomalies: pl.DataFrame, anomaly_notes: pl.DataFrame,
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
    yield dg.Output(frame, output_name="findings", metadata=counted(frame, "findings"))
    for name in judging.CHECKS:
        yield check_result(frame, name)
