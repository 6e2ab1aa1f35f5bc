"""Asset checks: findings as Dagster shows them, with what is wrong and what to do; and the one check that stands before what is published."""

import re
from typing import Any

import dagster as dg
import polars as pl

from esg_kpis.assurance.named import CHECKS
from esg_kpis.assurance.withheld import of_people
from esg_kpis.report.site.words import what_is_wrong
from pipelines.catalogue import FINDINGS_PAGE
from pipelines.described import report_link, report_page
from pipelines.resources import WorkspaceResource

_IN_SHORT, _SHOWN, _LONG = 3, 10, 300
_JOINER = "\u2060"
_SEVERITIES = {"error": dg.AssetCheckSeverity.ERROR, "warning": dg.AssetCheckSeverity.WARN}


def check_result(findings: pl.DataFrame, name: str, workspace: WorkspaceResource) -> dg.AssetCheckResult:
    """One check from its findings. Notes do not fail a check; warnings and errors do, unless they are waived or explained. One that goes with what causes it fails too: its figures do not hold. As bad as the worst of them is the check.

    Args:
        findings: All findings, as `findings_told` leaves them: none says what it observed of persons.
        name: Name of the check.
        workspace: Where the report lies.
    """
    rows, out = findings.filter(pl.col("check") == name), workspace.workspace.out
    failed = rows.filter(pl.col("state").is_in(["open", "follows"]) & (pl.col("severity") != "note")).sort("severity", "edition", "period", "subject")
    waived = rows.filter(~pl.col("passed") & pl.col("waived").is_not_null()).height
    metadata: dict[str, Any] = {"failed": failed.height, "waived": waived, "looked at": rows.height, "findings page": report_page(out, FINDINGS_PAGE)}
    if failed.is_empty():
        explained = rows.filter(pl.col("state") == "explained").height
        noted = rows.filter(~pl.col("passed")).height - waived - explained
        notes = [f"{count} {word}" for count, word in ((waived, "waived"), (explained, "explained"), (noted, "noted, without need to act")) if count]
        words = ". ".join([f"It holds: {_lower(CHECKS[name])}", *(["; ".join(notes)] if notes else [])])
        return dg.AssetCheckResult(check_name=name, passed=True, severity=dg.AssetCheckSeverity.WARN, metadata=metadata, description=f"{words}.")
    told = _told(failed)
    return dg.AssetCheckResult(
        check_name=name, passed=False, severity=_SEVERITIES[failed["severity"][0]], description=_in_short(name, told),
        metadata=metadata | {"what is wrong": dg.MetadataValue.md(_table(told, failed.height)), "what to do": dg.MetadataValue.md(_to_do(told, report_link(out, FINDINGS_PAGE)))},
    )  # fmt: skip


def _told(failed: pl.DataFrame) -> list[dict[str, str]]:
    """The findings in words that may be shown: of a row about a person the file, not the line."""
    file = pl.col("subject").str.extract(r"^([^,]+)")
    return failed.with_columns(pl.when(of_people("subject")).then(file).otherwise("subject").alias("subject")).rows(named=True)


def _in_short(name: str, told: list[dict[str, str]]) -> str:
    """What stands above all else: what does not hold, how often, the first cases, and the way out."""
    lines = [f"**{plain(what_is_wrong(name, len(told), 'en'))}.** What ought to hold: {_lower(CHECKS[name])}.", ""]
    for row in told[:_IN_SHORT]:
        where = ", ".join(part for part in (row["edition"] and f"edition {row['edition']}", row["period"]) if part)
        lines.append(f"- **{plain(row['subject'])}**{f' ({plain(where)})' if where else ''}: {plain(row['observed'].removeprefix(row['subject']).removeprefix(', '))}{_wanted(name, row['expected'])}")
    if len(told) > _IN_SHORT:
        lines.append(f"- and {len(told) - _IN_SHORT} more: see *what is wrong*")
    steps = [row["what_to_do"] for row in told]
    return "\n".join([*lines, "", f"**What to do:** {plain(next((step for step in steps if not step.startswith('Nothing')), steps[0]))}"])


def _wanted(name: str, expected: str) -> str:
    """What ought to be, where it says more than the check itself."""
    return "" if expected.lower() == CHECKS[name].lower() else f" *Expected:* {plain(expected)}."


def _table(told: list[dict[str, str]], count: int) -> str:
    lines = ["| subject | edition | period | observed | expected |", "|---|---|---|---|---|"]
    lines += [f"| {' | '.join(plain(row[name]) for name in ('subject', 'edition', 'period', 'observed', 'expected'))} |" for row in told[:_SHOWN]]
    return "\n".join(lines) + (f"\n\nThe first {min(_SHOWN, len(told))} of {count}." if count > min(_SHOWN, len(told)) else "")


def _to_do(told: list[dict[str, str]], page: str) -> str:
    steps: dict[str, int] = {}
    for row in told:
        steps[row["what_to_do"]] = steps.get(row["what_to_do"], 0) + 1
    lines = [f"{number}. {plain(step)}{f' ({count} findings)' if count > 1 else ''}" for number, (step, count) in enumerate(list(steps.items())[:_SHOWN], 1)]
    return "\n".join([*lines, f"{len(lines) + 1}. Run the main job again: the check passes when the finding is gone, or is waived in the edition with a reason.", "", f"All findings: {page}"])


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def plain(text: str) -> str:
    """Text from files within Markdown: one line, not too long, and nothing in it becomes a picture, a link, a tag or a cell.

    The UI makes links of bare addresses too, whatever is escaped; a word joiner within one, which nobody sees, keeps it text.
    """
    line = " ".join(text.split())
    escaped = re.sub(r"([\\`*_\[\]<>|!~#])", r"\\\1", line if len(line) <= _LONG else f"{line[: _LONG - 1]}…")
    return re.sub(r"(?i)(?<=:)(?=//)|(?<=www)(?=\.)|(?<=@)", _JOINER, escaped)


@dg.asset_check(
    asset="record_fates",
    blocking=True,
    additional_ins={"records": dg.AssetIn("records")},
    description="Every record has exactly one fate per edition; nothing was lost on the way. If it fails nothing is published.",
)
def every_record_has_one_fate(workspace: WorkspaceResource, record_fates: pl.DataFrame, records: pl.DataFrame) -> dg.AssetCheckResult:
    """The one check that stands before what is published."""
    per_edition = record_fates.group_by("edition").agg(pl.col("record_id").n_unique().alias("fates"), pl.len().alias("rows")).sort("edition")
    complete = per_edition.filter((pl.col("fates") == records.height) & (pl.col("rows") == records.height))
    passed = complete.height == (len(workspace.read_editions) if records.height else 0)
    lines = ["| edition | records with a fate | rows |", "|---|---|---|", *(f"| {plain(edition)} | {fates} | {rows} |" for edition, fates, rows in per_edition.iter_rows())]
    words = (
        f"It holds: each of {records.height} records has one fate in each of {per_edition.height} editions." if passed
        else f"{records.height} records were read, but not each has one fate in each of {len(workspace.read_editions)} editions. Nothing was published; the last results stand.\n\n**What to do:** this is a mistake "
        "of the product, not of the data. Keep data/raw as it is and report it with the run's log."
    )  # fmt: skip
    return dg.AssetCheckResult(passed=passed, description=words, metadata={"records": records.height, "fates per edition": dg.MetadataValue.md("\n".join(lines))})
