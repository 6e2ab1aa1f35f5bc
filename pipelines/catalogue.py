"""What each asset is in plain words: its place in the data flow, what one row of it is, and who acts on it. The Dagster UI shows this; the assets themselves only compute."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from esg_kpis.amounts import amounts_of, coverage_of, outliers_of
from esg_kpis.assurance.anomalies import anomalies_of
from esg_kpis.assurance.content_index import content_indexes
from esg_kpis.assurance.findings import findings
from esg_kpis.assurance.lenses import lenses_of
from esg_kpis.assurance.targets import targets_of
from esg_kpis.assurance.tie_out import published_of, tie_out
from esg_kpis.assurance.uncertainty import uncertainty_of
from esg_kpis.domains import DOMAINS
from esg_kpis.domains.definition import Domain
from esg_kpis.editions.boundary import record_fates
from esg_kpis.editions.labelled import kpi_labels
from esg_kpis.factors import counted_in, read_library
from esg_kpis.ingest import ingest
from esg_kpis.kpis import evaluate
from esg_kpis.people import people_of
from esg_kpis.printed import check_editions
from esg_kpis.report.outputs import publish
from esg_kpis.report.site.write import site_files
from esg_kpis.restatement.bridge import bridges
from esg_kpis.tables import TABLES

GROUPS = ("g1_raw_files", "g2_records", "g3_amounts", "g4_factors", "g5_kpis", "g6_assurance", "g7_results")
"""The groups in the order of the data flow. Dagster lists groups by their names, so each name begins with its place; no arrow leads back from a later group to an earlier one."""

SITES, PEOPLE, METHODS, PREPARERS = "team:site-reporting", "team:human-resources", "team:esg-methods", "team:sustainability"
"""Who is asked about an asset: who sends files, who sends those about people, who keeps factors and editions, who prepares the KPIs."""

OVERVIEW, KPI_PAGE, CHARTS, FINDINGS_PAGE, EXPLORER = "index.html", "tables.html", "charts.html", "findings.html", "explorer.html"
"""Pages of the report site, which a run writes to `report` among its results."""

_GRAIN = {table.name: table.grain for table in TABLES}


@dataclass(frozen=True)
class Entry:
    """An asset in words.

    Attributes:
        group: Its place in the data flow.
        what: What it is.
        acts: Who acts on it, and how.
        owners: Who is asked about it.
        page: The page of the report site that shows it to people.
        made_by: The function of the library that makes it; None for files that somebody sends.
        row: What one row of it is; of a table of the data dictionary its grain.
        kinds: What it consists of.
    """

    group: str
    what: str
    acts: str
    owners: tuple[str, ...]
    page: str
    made_by: Callable[..., Any] | None = None
    row: str = ""
    kinds: frozenset[str] = frozenset({"polars"})

    def described(self, name: str) -> str:
        """The description in the UI, in Markdown."""
        row = self.row or _GRAIN[name]
        return f"{self.what}\n\n**One row:** {row}.\n\n**Who acts on it:** {self.acts}"


def raw_files(domain: Domain) -> Entry:
    """The folder of one domain."""
    about = " They hold rows of persons: nothing of them is shown here but how many files came." if domain.counted else ""
    return Entry(
        GROUPS[0], f"{domain.title}: the files in data/raw/{domain.name}, as they were sent. Code never writes there.{about}\n\nDefinitions: {domain.source}.",
        "Who sends the files adds, replaces and mends them. The main job reads them again.",
        (PEOPLE if domain.counted else SITES,), EXPLORER, row="as the sender wrote it", kinds=frozenset({"csv", "xlsx"}),
    )  # fmt: skip


def _sent(what: str, acts: str, owner: str = SITES, page: str = EXPLORER, row: str = "") -> Entry:
    return Entry(GROUPS[1], what, acts, (owner,), page, people_of if owner == PEOPLE else ingest, row)


def _applied(what: str, acts: str, page: str = EXPLORER, row: str = "") -> Entry:
    return Entry(GROUPS[3], what, acts, (METHODS,), page, counted_in, row)


def _assured(what: str, acts: str, made_by: Callable[..., Any], page: str, row: str = "") -> Entry:
    return Entry(GROUPS[5], what, acts, (PREPARERS,), page, made_by, row)


_NOBODY = "Nobody by hand: it follows from what lies before it."
_READ_ON = "Read the reason on the row; then mend the file, the factor or the edition that it names."

CATALOGUE: dict[str, Entry] = {
    **{f"raw/{domain.name}": raw_files(domain) for domain in DOMAINS.values()},
    "factor_files": Entry(GROUPS[0], "The factor library: one CSV per source and edition of it.", "Who keeps the methods adds a file when a source publishes; no published row is ever changed.", (METHODS,), EXPLORER, row="one factor as its source printed it", kinds=frozenset({"csv"})),
    "edition_files": Entry(GROUPS[0], "The editions: what a report defines, its boundary, its rules, and the figures it printed.", "Who keeps the methods writes one folder per edition of the report.", (METHODS,), KPI_PAGE, row="one definition, rule or printed figure", kinds=frozenset({"yaml", "toml", "csv"})),
    "files": _sent("What was looked at, how it was read, and whether it could be.", "Who sent a file that was stopped or ignored sends it anew; the problem stands on the row."),
    "rolled_months": _sent("Meter readings, a partition per month: rolled up alone, repeated, or backfilled side by side. The main job does the same for months that are not as they were kept.", "Engineers backfill months here when many came at once.", page=FINDINGS_PAGE, row="one table of readings in one month"),
    "reading_months": _sent("Meter readings rolled up: a quantity per meter and month, with how many intervals came, were missing, estimated or refused.", "Who runs the metering asks for what is missing.", page=FINDINGS_PAGE),
    "reading_fates": _sent("What became of every meter reading, by rule and month. The rows of a month add up to the rows of its files.", "Who runs the metering mends what a rule refused.", page=FINDINGS_PAGE),
    "reading_samples": _sent("The first refused readings of each rule and month, with file and row.", "Who runs the metering looks at them in the file.", page=FINDINGS_PAGE),
    "reading_versions": _sent("Which file of a month stands for which knowledge date: what was corrected later counts in an edition as it was known then.", _NOBODY),
    "reading_files": _sent("The months of meter readings as files of bills: what the records of readings are lines of. Written with the results to data/out/readings.", _NOBODY, row="one file of one month"),
    "records": _sent("Every row as somebody sent it, with its place: nothing is dropped.", _NOBODY),
    "rejected": _sent("Rows that could not be read, each with the rule, what was read and what would be right.", "Send them back: results hold a workbook per sender in rejected_by_site. Put the mended file into data/raw.", page=FINDINGS_PAGE),
    "quantities": _sent("What the accepted records say, typed, in the unit received and in the canonical one.", _NOBODY),
    "sites": _sent("The register of sites.", "Who keeps the register adds a site before its first bill comes."),
    "meters": _sent("The register of meters, and of what sites are to report.", "Who keeps the register says what is expected; what does not come is then missed."),
    "ownership": _sent("The register of ownership: who controls a site and how much of it is owned, by days.", "Who keeps the register adds a row when a share changes."),
    "instruments": _sent("The ledger of contractual instruments for the market-based method.", "Who buys certificates adds them when they are retired."),
    "published_with_data": _sent("Published figures that came as columns of the data.", _NOBODY, page=KPI_PAGE, row=_GRAIN["published"]),
    "observations": _sent("What was seen in the files that a person should look at. Each becomes a finding.", "Read it as a finding, with what to do.", page=FINDINGS_PAGE, row="one thing seen about one subject"),
    "people_counts": _sent("People as counts. Nothing that leaves this step knows a person; small groups are still in it, so no row is shown here.", _NOBODY, PEOPLE, KPI_PAGE),
    "people_controls": _sent("Control totals of the people files, which prove the counts when the files are gone. No row is shown here.", "Human resources compares them with its own totals.", PEOPLE, KPI_PAGE),
    "headcount": _sent("Opening heads, joiners, leavers and transfers to closing heads, by dimension. No row is shown here.", "Human resources mends what does not close; it is a finding.", PEOPLE, KPI_PAGE),
    "amounts": Entry(GROUPS[2], "Quantities in the canonical unit of their measure, bills apportioned to months by day. Before any edition.", _NOBODY, (PREPARERS,), EXPLORER, amounts_of),
    "outliers": Entry(GROUPS[2], "Quantities unlike the history of their own meter, and what may have happened. They count as received.", "A person asks the sender.", (PREPARERS,), FINDINGS_PAGE, outliers_of, row="one quantity that stands out, and by what"),
    "coverage": Entry(GROUPS[2], "What was expected, by the register of meters or between a meter's first and last record, and what came.", "Ask the site for the days that are missing, or say in the register that nothing is due.", (PREPARERS,), OVERVIEW, coverage_of),
    "meter_months": Entry(GROUPS[2], "The same per meter: what gaps are filled by.", _NOBODY, (PREPARERS,), OVERVIEW, coverage_of, row="one meter in one month"),
    "factors": Entry(GROUPS[3], "The factor library as it stands: value, source, data period, day of publication, evidence grade.", "Who keeps the methods mends what the checks of the library find.", (METHODS,), EXPLORER, read_library),
    "edition_amounts": _applied("Amounts as each edition sees them: inside its boundary or not, and what factors made of them.", _READ_ON),
    "estimates": _applied("Gaps that an edition fills by a method it allows, each with its basis.", "Who keeps the methods allows or forbids a method in the edition; a bill that comes later takes the estimate's place."),
    "coverage_summary": _applied("How complete each measure is in each edition, by site months and by quantity.", "The preparer reads it before signing.", OVERVIEW),
    "factor_uses": _applied("Which factor was applied where, by which rule of the edition, and why.", "The assurer compares it with the sources."),
    "claims": _applied("What each edition makes of each claim of a contractual instrument: accepted, or refused with the reason.", "Who buys certificates mends a refused claim in the ledger."),
    "factor_problems": _applied("Amounts that found no factor, or two. Empty when all is well.", "Who keeps the methods adds a factor or a rule.", FINDINGS_PAGE, row="one need of a factor that was not met"),
    "published": Entry(GROUPS[4], "Every figure as printed, from published.csv of the editions and from declared columns of the data.", "Who keeps the methods types in what a new report prints.", (METHODS,), KPI_PAGE, published_of),
    "kpi_values": Entry(GROUPS[4], "The KPIs of every edition: unrounded value, printed value, and state. A blocked KPI is shown as blocked, a small group as suppressed, never as a number.", "The preparer looks at whatever is not `ok`; the reason stands on the row. Then it is approved.", (PREPARERS,), KPI_PAGE, evaluate),
    "kpi_labels": Entry(GROUPS[4], "What each KPI and category is called in English and Chinese, and where the report has it.", "Who keeps the methods writes labels.yaml of the edition.", (METHODS,), KPI_PAGE, kpi_labels),
    "tie_out": _assured("Computed against published, every printed cell, with the difference and its explanation.", "The preparer traces a difference, mends it, or explains it with a proof.", tie_out, OVERVIEW),
    "uncertainty": _assured("How far each KPI may be off, by approach 1 of the IPCC, in editions that state uncertainties.", "The assurer reads it; who keeps the methods states what is missing.", uncertainty_of, KPI_PAGE),
    "uncertainty_sources": _assured("What contributes most to the uncertainty of a KPI.", "Better data are worth most here.", uncertainty_of, KPI_PAGE),
    "lenses": _assured("What KPIs would be by another GWP set, other rules, another method of Scope 2, boundary or knowledge date, in editions that name lenses.", "Nobody has to; it answers questions of readers.", lenses_of, KPI_PAGE),
    "content_index": _assured("What each edition answers of every code of the frameworks it names: value, place in the report, and state.", "The preparer answers a code that is missing, or says why not.", content_indexes, KPI_PAGE),
    "targets": _assured("Targets by version of the set, with what each version changed of the one before.", "Who keeps the methods adds a version when targets are set anew.", targets_of, OVERVIEW),
    "target_progress": _assured("How far each target is, like for like inside its own boundary; one that cannot be computed says so.", "Management looks at what is off its path.", targets_of, OVERVIEW),
    "anomalies": _assured("What is unlike last year, its peers, its season or a known factor, by the rules of each edition, with the place for the explanation.", "The preparer explains each: `esg-kpis anomalies`.", anomalies_of, FINDINGS_PAGE),
    "anomaly_notes": _assured("Explanations of nothing that is there, and how many sites were not compared per head.", "The preparer takes an explanation out that explains nothing.", anomalies_of, FINDINGS_PAGE, row="one note on the anomalies of an edition"),
    "table_checks": _assured("What must hold between printed figures, by kpis.yaml and checks.yaml, and whether rounding explains what does not.", "The preparer has the print mended, or explains it in checks.yaml.", check_editions, FINDINGS_PAGE),
    "record_fates": _assured("What became of every record in every edition: used, excluded with the reason, or rejected with the rule.", "The assurer draws samples from it.", record_fates, EXPLORER),
    "findings": _assured("The results of all checks: what was found, what ought to be, what to do. Each check is also shown on this asset under Checks.", "Whoever a finding names does what it says, worst first.", findings, FINDINGS_PAGE),
    "bridge": _assured("Why a later edition gives another total for the same period than an earlier one, in causes that add up. Made for the report site, and anew only when anything it rests on changed.", "The preparer tells readers what was restated, and why: `esg-kpis bridge` says more.", bridges, CHARTS),
    "report_site": Entry(GROUPS[6], "The report site: overview, KPI tables, charts, findings and explorer, in English and Chinese. Written with the results to data/out/report.", "Everybody reads it: open index.html.", (PREPARERS,), OVERVIEW, site_files, row="one file of the site", kinds=frozenset({"html"})),
    "results": Entry(GROUPS[6], "The files in data/out: Parquet, CSV, and the rejected rows as workbooks. Written as a whole, then the pointer moves, so a reader sees the old set or the new one.", "The preparer reads them, approves them, and hands them to the assurer.", (PREPARERS,), OVERVIEW, publish, row="one file of the set", kinds=frozenset({"csv", "parquet", "xlsx"})),
}  # fmt: skip
"""Asset -> what it is. A test holds it against the assets that there are."""

PREVIEWED: dict[str, tuple[str, ...]] = {
    "files": ("path", "records", "status", "problem"),
    "records": ("path", "line", "site_id", "start", "end"),
    "rejected": ("path", "line", "rule", "column", "expected"),
    "quantities": ("site_id", "measure", "start", "end", "quantity", "received_unit"),
    "sites": ("site_id", "name", "country", "kind"),
    "meters": ("site_id", "measure", "meter_id", "valid_from"),
    "ownership": ("site_id", "control", "ownership_share", "valid_from"),
    "instruments": ("instrument", "instrument_kind", "market", "volume"),
    "observations": ("check", "subject", "observed"),
    "amounts": ("site_id", "measure", "month", "quantity", "unit"),
    "outliers": ("record_id", "flag", "observed", "expected"),
    "coverage": ("site_id", "measure", "month", "expected", "received", "missing"),
    "meter_months": ("site_id", "measure", "month", "expected", "missing"),
    "factors": ("factor_id", "value", "unit", "published"),
    "edition_amounts": ("site_id", "measure", "month", "quantity", "unit", "edition"),
    "estimates": ("site_id", "measure", "month", "method", "quantity"),
    "coverage_summary": ("edition", "period", "measure", "site_months", "site_months_missing"),
    "factor_uses": ("edition", "factor_id", "measure", "period"),
    "claims": ("edition", "instrument", "volume", "accepted"),
    "factor_problems": ("edition", "period", "subject", "message"),
    "bridge": ("kpi_id", "period", "cause", "effect", "unit"),
    "report_site": ("path",),
    "published": ("kpi_id", "period", "category", "value_as_printed", "unit", "edition"),
    "kpi_values": ("kpi_id", "period", "category", "printed", "status", "unit", "edition"),
    "kpi_labels": ("edition", "category", "label_en", "label_zh"),
    "tie_out": ("kpi_id", "period", "category", "published", "computed", "verdict"),
    "uncertainty": ("kpi_id", "period", "category", "percent", "status"),
    "uncertainty_sources": ("kpi_id", "period", "source", "contribution_percent"),
    "lenses": ("lens", "kpi_id", "period", "percent", "lens_status"),
    "content_index": ("code", "kpi_id", "value", "unit", "status"),
    "targets": ("target_id", "version", "value", "unit", "target_year"),
    "target_progress": ("target_id", "period", "actual", "path_value", "verdict"),
    "anomalies": ("rule", "subject", "period", "ratio", "state"),
    "table_checks": ("check", "subject", "period", "verdict"),
    "record_fates": ("edition", "path", "line", "fate", "reason"),
    "findings": ("check", "subject", "severity", "observed"),
}
"""Columns of a preview: as many as fit beside each other in the UI. Of other tables the first few."""


def said_of(path: Sequence[str]) -> Entry:
    """The entry of an asset by the parts of its key."""
    return CATALOGUE["/".join(path)]
