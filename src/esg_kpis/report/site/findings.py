"""The page of findings: what needs a person, worst first, with the way out; rejected rows by sender; anomalies with room for an explanation."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from esg_kpis.assurance.named import CHECKS, records_named
from esg_kpis.assurance.states import needs_a_person, open_by_severity, still_open
from esg_kpis.assurance.withheld import NOT_SHOWN, of_people
from esg_kpis.evidence.received import OF_PEOPLE
from esg_kpis.exact import plain
from esg_kpis.report.returned import file_name
from esg_kpis.report.site.basis import SiteBasis, to_explorer
from esg_kpis.report.site.finding_groups import Names, groups
from esg_kpis.report.site.sentences import Reader, reader_of
from esg_kpis.report.site.words import said

ROWS = 40
"""How many rejected rows of one sender are shown; the files hold all of them."""
PEOPLE_FOLDERS = tuple(f"{folder}/" for folder in OF_PEOPLE)
SETTLED = ("explained", "waived", "follows")


def findings_page(basis: SiteBasis, language: str) -> dict[str, Any]:
    """What the page says.

    Args:
        basis: The run, as `told` leaves it.
        language: en or zh.
    """
    findings = basis.tables["findings"]
    failed, counts = findings.filter(~pl.col("passed")), open_by_severity(findings)
    places = _places(basis.tables["records"], failed, basis.tables["rejected"])
    reader = reader_of(basis, places, language)
    names = Names(reader, _shown_records(basis), _advice(findings))
    later = still_open(findings).filter(pl.col("severity") == "note")
    holds = [name for name in CHECKS if name not in set(failed["check"])]
    return {
        "documents": {name: edition.rules.document for name, edition in basis.editions.items()},
        "counts": {"needed": counts["error"] + counts["warning"], "errors": counts["error"], "warnings": counts["warning"], "notes": counts["note"], "settled": failed.height - sum(counts.values())},
        "needs": list(groups(needs_a_person(findings), names, opened=True)), "later": list(groups(later, names)), "explained": list(groups(failed.filter(pl.col("state").is_in(SETTLED)), names, every=True)),
        "known": list(groups(failed.filter(pl.col("state") == "known"), names)),
        "senders": list(_senders(basis, reader)), "anomalies": list(_anomalies(basis, reader)), "passed": [check_title(name, language) for name in holds],
    }  # fmt: skip


def check_title(name: str, language: str) -> str:
    """What holds when a check passes."""
    return said("checks", name, "zh") if language == "zh" else CHECKS[name]


def _advice(findings: pl.DataFrame) -> dict[str, str]:
    """What to do about each record that was rejected."""
    return dict(findings.filter((pl.col("check") == "rejected_record") & ~pl.col("passed")).select("record_ids", "what_to_do").iter_rows())


def _places(records: pl.DataFrame, findings: pl.DataFrame, rejected: pl.DataFrame) -> dict[str, str]:
    """File and line of the records that findings name, and that sentences about rejected rows do."""
    sentences = [text for column in ("expected", "expected_zh", "message") for text in rejected[column].drop_nulls().to_list()] + findings["observed"].to_list()
    said_ids = pl.Series("record_id", sorted({name for text in sentences for name in records_named(text)}), dtype=pl.String)
    named = pl.concat([findings.select(pl.col("record_ids").str.split(";").explode().alias("record_id")), said_ids.to_frame()]).unique()
    there = records.join(named, on="record_id", how="semi")
    return {record: _place(path, sheet, line) for record, path, sheet, line in there.select("record_id", "path", "sheet", "line").iter_rows()}


def _shown_records(basis: SiteBasis) -> frozenset[str]:
    """The records that the explorer has a page of: none of a person, and nothing that stands for a whole file."""
    return frozenset(basis.tables["records"].filter(~of_people())["record_id"])


def _place(path: str, sheet: str, line: int) -> str:
    return f"{path}{f' [{sheet}]' if sheet else ''}:{line}"


def _senders(basis: SiteBasis, reader: Reader) -> Iterator[dict[str, Any]]:
    """Rejected rows under who sent them: the site, or the file where it names none. The most first."""
    sites, pages = dict(basis.tables["sites"].select("site_id", "name").iter_rows()), _shown_records(basis)
    by_sender: dict[str, list[dict[str, Any]]] = {}
    for row in basis.tables["rejected"].sort("path", "sheet", "line", "rule", "column").iter_rows(named=True):
        by_sender.setdefault(row["site_id"] if row["site_id"] in sites else row["path"].replace("/", "-"), []).append(row)
    for sender, rows in sorted(by_sender.items(), key=lambda item: (-len(item[1]), item[0])):
        shown = [
            {
                "where": _place(row["path"], row["sheet"], row["line"]), "href": to_explorer("record", row["record_id"]) if row["record_id"] in pages else to_explorer("file", row["path"]), "column": row["column"], "read": row["read"],
                "expected": reader.tell(_right(row, reader.language)), "again": before is not None and before["record_id"] == row["record_id"], "same": before is not None and (before["rule"], before["expected"]) == (row["rule"], row["expected"]) and row["rule"] == "bill_twice",
            }
            for before, row in zip([None, *rows], rows[:ROWS], strict=False)
        ]  # fmt: skip
        name = f"{sender} {sites[sender]}".strip() if sender in sites else rows[0]["path"]
        # A row about a person is mended in its own file, and which site it names is not said here.
        workbook = None if sender not in sites and rows[0]["path"].startswith(PEOPLE_FOLDERS) else f"rejected_by_site/{file_name(sender)}.xlsx"
        count = len({row["record_id"] for row in rows})
        yield {"name": name, "count": count, "rows": shown, "more": max(len(rows) - ROWS, 0), "workbook": workbook}


def _right(row: Mapping[str, Any], language: str) -> str:
    """What would be right; of a whole file what is wrong with it."""
    return str((language == "zh" and row["expected_zh"]) or (row["expected"] if row["column"] else row["message"]))


def _anomalies(basis: SiteBasis, reader: Reader) -> Iterator[dict[str, Any]]:
    """Open ones first. What was found is the sentence of the finding."""
    told = {(row["edition"], row["subject"], row["period"]): row["observed"] for row in basis.tables["findings"].iter_rows(named=True) if row["check"] == "anomaly"}
    for row in basis.tables["anomalies"].sort(pl.col("state") != "open", "edition", "period", "subject", "anomaly_id", descending=[False, False, True, False, False]).iter_rows(named=True):
        spot = (row["edition"], row["subject"], row["period"])
        observed = told.get(spot) or (NOT_SHOWN if row["observed"] is None else "") or f"{plain(row['observed'])} {row['unit']}; {plain(row['expected']) if row['expected'] is not None else '–'}"
        if row["explanation"]:  # It stands below, in a place of its own.
            observed = observed.removesuffix(f". {row['explained_by']}: {row['explanation']}")
        yield {
            "id": row["anomaly_id"], "open": row["state"] == "open", "subject": reader.subject(row["subject"], row["edition"]), "edition": row["edition"], "period": f"{row['period']}{f' {row_month}' if (row_month := row['month']) else ''}",
            "observed": reader.tell(observed, row["edition"]), "explanation": row["explanation"], "explained_by": row["explained_by"], "explained_on": row["explained_on"],
        }  # fmt: skip
