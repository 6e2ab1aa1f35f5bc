"""The page of findings: what needs a person, worst first, with the way out; rejected rows by sender; anomalies with room for an explanation."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import polars as pl

from esg_kpis.assurance.findings import CHECKS, records_named, without_ids
from esg_kpis.assurance.withheld import NOT_SHOWN, of_people
from esg_kpis.evidence.received import OF_PEOPLE
from esg_kpis.exact import plain
from esg_kpis.report.charts.words import measure_named
from esg_kpis.report.returned import file_name
from esg_kpis.report.site.basis import SiteBasis, to_explorer
from esg_kpis.report.site.figures import Figures, figures_of
from esg_kpis.report.site.words import said

ROWS, RECORDS, OPEN = 40, 4, 15
"""How many rows of one check, and records of one finding, are shown; the files hold all of them. Checks of more rows than the last begin folded."""
_RANK = {"error": 0, "warning": 1, "note": 2}
PEOPLE_FOLDERS = tuple(f"{folder}/" for folder in OF_PEOPLE)
_NOTHING = "Nothing"
"""How the words of a finding begin that needs nobody."""


def to_be_done(findings: pl.DataFrame) -> pl.DataFrame:
    """Findings about which there is something to do: neither passed, nor waived, nor explained, nor only to be known."""
    return findings.filter(~pl.col("passed") & pl.col("waived").is_null() & ~pl.col("what_to_do").str.starts_with(_NOTHING))


def needs_a_person(findings: pl.DataFrame) -> pl.DataFrame:
    """Of those, errors and warnings. Notes can wait until there is time."""
    return to_be_done(findings).filter(pl.col("severity") != "note")


@dataclass(frozen=True)
class Names:
    """What findings are told with: file and line of records, the records that the explorer has a page of, and what KPIs are called."""

    places: Mapping[str, str]
    pages: frozenset[str]
    figures: Mapping[str, Figures]
    language: str


def findings_page(basis: SiteBasis, language: str) -> dict[str, Any]:
    """What the page says.

    Args:
        basis: The run, as `told` leaves it.
        language: en or zh.
    """
    findings = basis.tables["findings"]
    failed, needed = findings.filter(~pl.col("passed")), needs_a_person(findings)
    later = to_be_done(findings).filter(pl.col("severity") == "note")
    known = failed.join(pl.concat([needed, later]).select("finding_id"), on="finding_id", how="anti")
    places = _places(basis.tables["records"], failed, basis.tables["rejected"])
    names = Names(places, _shown_records(basis), {edition: figures_of(basis, edition, language) for edition in basis.editions}, language)
    holds = [name for name in CHECKS if name not in set(failed["check"])]
    return {
        "documents": {name: edition.rules.document for name, edition in basis.editions.items()}, "needed": needed.height, "failed": failed.height, "needs": list(_groups(needed, names, opened=True)), "later": list(_groups(later, names, opened=False)),
        "known": list(_groups(known, names, opened=False)),
        "senders": list(_senders(basis, places, language)), "anomalies": list(_anomalies(basis, names.figures, language)), "passed": [check_title(name, language) for name in holds],
    }  # fmt: skip


def check_title(name: str, language: str) -> str:
    """What holds when a check passes."""
    return said("checks", name, "zh") if language == "zh" else CHECKS[name]


def _by_number(text: str) -> list[tuple[int, str]]:
    """An order in which line 3 stands before line 10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"([0-9]+)", text)]


def in_plain_words(subject: str, edition: str, called: Mapping[str, Figures], language: str) -> str:
    """What a finding is about, with the label of its KPI or measure in place of the id; as it stands where it begins with neither."""
    name, _, rest = subject.partition(" ")
    known = measure_named(name, language)
    if (figures := called.get(edition)) is not None:
        breakdown, is_cell, category = rest.partition("=")
        if is_cell and (name, breakdown, category) in figures.labels:
            return figures.label(name, breakdown, category)
        if (name, "total", "All") in figures.labels:
            known = figures.label(name)
    return subject if known is None else f"{known} {rest}".strip()


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


def _groups(findings: pl.DataFrame, names: Names, *, opened: bool) -> Iterator[dict[str, Any]]:
    """Findings by check, errors first, then in the order of `CHECKS`."""
    order = {name: number for number, name in enumerate(CHECKS)}
    rows = sorted(findings.iter_rows(named=True), key=lambda row: (_RANK[row["severity"]], order[row["check"]], row["edition"], row["period"], _by_number(row["subject"])))
    for (severity, check), group in groupby(rows, key=lambda row: (row["severity"], row["check"])):
        every = list(group)
        yield {
            "severity": severity, "title": check_title(check, names.language), "count": len(every), "open": opened and len(every) <= OPEN, "more": max(len(every) - ROWS, 0),
            "rows": [_finding(row, names) for row in every[:ROWS]],
        }  # fmt: skip


def _finding(row: Mapping[str, Any], names: Names) -> dict[str, Any]:
    subject = in_plain_words(row["subject"], row["edition"], names.figures, names.language)
    records = [name for name in row["record_ids"].split(";") if name]
    return {
        "id": row["finding_id"], "subject": subject, "name": row["subject"] if subject != row["subject"] else "", "edition": row["edition"], "period": row["period"], "observed": without_ids(row["observed"], names.places), "expected": row["expected"], "todo": row["what_to_do"], "waived": row["waived"],
        "records": [{"href": to_explorer("record", name) if name in names.pages else None, "words": names.places.get(name, name)} for name in records[:RECORDS]], "more_records": max(len(records) - RECORDS, 0),
    }  # fmt: skip


def _senders(basis: SiteBasis, places: Mapping[str, str], language: str) -> Iterator[dict[str, Any]]:
    """Rejected rows under who sent them: the site, or the file where it names none. The most first."""
    sites, pages = dict(basis.tables["sites"].select("site_id", "name").iter_rows()), _shown_records(basis)
    by_sender: dict[str, list[dict[str, Any]]] = {}
    for row in basis.tables["rejected"].sort("path", "sheet", "line", "rule", "column").iter_rows(named=True):
        by_sender.setdefault(row["site_id"] if row["site_id"] in sites else row["path"].replace("/", "-"), []).append(row)
    for sender, rows in sorted(by_sender.items(), key=lambda item: (-len(item[1]), item[0])):
        shown = [
            {"where": _place(row["path"], row["sheet"], row["line"]), "href": to_explorer("record", row["record_id"]) if row["record_id"] in pages else to_explorer("file", row["path"]), "column": row["column"], "read": row["read"], "expected": without_ids(_right(row, language), places)}
            for row in rows[:ROWS]
        ]  # fmt: skip
        name = f"{sender} {sites[sender]}".strip() if sender in sites else rows[0]["path"]
        # A row about a person is mended in its own file, and which site it names is not said here.
        workbook = None if sender not in sites and rows[0]["path"].startswith(PEOPLE_FOLDERS) else f"rejected_by_site/{file_name(sender)}.xlsx"
        yield {"name": name, "count": len(rows), "rows": shown, "more": max(len(rows) - ROWS, 0), "workbook": workbook}


def _right(row: Mapping[str, Any], language: str) -> str:
    """What would be right; of a whole file what is wrong with it."""
    return str((language == "zh" and row["expected_zh"]) or (row["expected"] if row["column"] else row["message"]))


def _anomalies(basis: SiteBasis, called: Mapping[str, Figures], language: str) -> Iterator[dict[str, Any]]:
    """Open ones first. What was found is the sentence of the finding."""
    told = {(row["edition"], row["subject"], row["period"]): row["observed"] for row in basis.tables["findings"].iter_rows(named=True) if row["check"] == "anomaly"}
    for row in basis.tables["anomalies"].sort(pl.col("state") != "open", "edition", "period", "subject", "anomaly_id", descending=[False, False, True, False, False]).iter_rows(named=True):
        spot = (row["edition"], row["subject"], row["period"])
        yield {
            "id": row["anomaly_id"], "open": row["state"] == "open", "subject": in_plain_words(row["subject"], row["edition"], called, language), "edition": row["edition"], "period": f"{row['period']}{f' {row_month}' if (row_month := row['month']) else ''}",
            "observed": told.get(spot) or (NOT_SHOWN if row["observed"] is None else "") or f"{plain(row['observed'])} {row['unit']}; {plain(row['expected']) if row['expected'] is not None else '–'}", "explanation": row["explanation"], "explained_by": row["explained_by"], "explained_on": row["explained_on"],
        }  # fmt: skip
