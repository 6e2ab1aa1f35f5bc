"""Findings as the page shows them: by check, under a title that says what is wrong; figures that one cause blocks are one row."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import polars as pl
from markupsafe import Markup

from esg_kpis.assurance.named import CHECKS, records_named
from esg_kpis.report.site.basis import to_explorer
from esg_kpis.report.site.sentences import Reader
from esg_kpis.report.site.words import said, what_is_wrong

ROWS, RECORDS, OPEN, BLOCKED = 40, 4, 15, 30
"""How many rows of one check, records of one finding and figures of one cause are shown; the files hold all of them. Checks of more rows than `OPEN` begin folded."""
_RANK = {"error": 0, "warning": 1, "note": 2}
_OTHERS = " (and others: see findings)"
"""How the reason of a blocked figure ends that waits for more than it names."""


@dataclass(frozen=True)
class Names:
    """What findings are told with, the records that the explorer has a page of, and what to do about those that were rejected."""

    reader: Reader
    pages: frozenset[str]
    advice: Mapping[str, str]


def groups(findings: pl.DataFrame, names: Names, *, opened: bool = False, every: bool = False) -> Iterator[dict[str, Any]]:
    """Findings by check, errors first, then in the order of `CHECKS`.

    Args:
        findings: Those of one part of the page.
        names: What they are told with.
        opened: Whether small groups begin unfolded.
        every: Whether all are shown, however many there are.
    """
    order = {name: number for number, name in enumerate(CHECKS)}
    ranked = sorted(findings.iter_rows(named=True), key=lambda row: (_RANK[row["severity"]], order[row["check"]], row["edition"], row["period"], _by_number(row["subject"])))
    for (severity, check), group in groupby(ranked, key=lambda row: (row["severity"], row["check"])):
        own = list(group)
        rows = _by_cause(own, names) if check == "kpi_blocked" else [_finding(row, names) for row in (own if every else own[:ROWS])]
        yield {
            "check": check, "severity": severity, "title": what_is_wrong(check, len(own), names.reader.language), "open": opened and len(rows) <= OPEN and check != "rejected_record",  # They stand below, by sender.
            "more": 0 if check == "kpi_blocked" else len(own) - len(rows), "rows": rows, "expects": any(row["expected"] for row in rows),
        }  # fmt: skip


def _by_number(text: str) -> list[tuple[int, str]]:
    """An order in which line 3 stands before line 10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"([0-9]+)", text)]


def _finding(row: Mapping[str, Any], names: Names) -> dict[str, Any]:
    reader, edition = names.reader, row["edition"]
    subject = reader.subject(row["subject"], edition) if row["check"] != "table_check" else _relation(row, reader)
    records = [name for name in row["record_ids"].split(";") if name]
    expected = "" if row["expected"].lower() == CHECKS[row["check"]].lower() else reader.tell(row["expected"], edition)
    return {
        "id": row["finding_id"], "subject": subject, "name": row["subject"] if subject != row["subject"] and row["check"] != "table_check" else "", "edition": edition, "period": row["period"], "observed": reader.tell(row["observed"], edition), "expected": expected,
        "todo": reader.tell(row["what_to_do"], edition), "waived": row["waived"], "records": [_record(name, names) for name in records[:RECORDS]], "more_records": max(len(records) - RECORDS, 0), "blocked": [], "more_blocked": 0, "others": False,
    }  # fmt: skip


def _relation(row: Mapping[str, Any], reader: Reader) -> Markup:
    """What printed figures were held against each other, and how."""
    name, _, rest = row["subject"].partition(" ")
    return Markup("{}{} {}").format(said("relations", name, reader.language), "：" if reader.language == "zh" else ":", reader.tell(rest, row["edition"]))


def _record(name: str, names: Names) -> dict[str, Any]:
    return {"href": to_explorer("record", name) if name in names.pages else None, "words": names.reader.places.get(name, name)}


def _by_cause(rows: Sequence[Mapping[str, Any]], names: Names) -> list[dict[str, Any]]:
    """One row per cause and edition, with the figures that it blocks. The most first."""
    causes: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        causes.setdefault((row["edition"], row["observed"].removesuffix(_OTHERS)), []).append(row)
    return [_cause(reason, own, names) for (_, reason), own in sorted(causes.items(), key=lambda item: -len(item[1]))]


def _cause(reason: str, rows: Sequence[Mapping[str, Any]], names: Names) -> dict[str, Any]:
    figures: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        kpi, _, spot = row["subject"].partition(" ")
        breakdown, _, category = spot.partition("=")
        figures.setdefault(names.reader.subject(row["subject"], row["edition"]), []).append({"id": row["finding_id"], "period": row["period"], "href": to_explorer("cell", row["edition"], kpi, row["period"], breakdown, category)})
    named = [name for name in records_named(reason) if name in names.advice][:1]
    blocked = [{"label": label, "cells": cells} for label, cells in figures.items()]
    return _finding({**rows[0], "observed": reason, "expected": CHECKS["kpi_blocked"], "record_ids": ";".join(named), "what_to_do": names.advice[named[0]] if named else rows[0]["what_to_do"], "period": ""}, names) | {
        "subject": "", "name": "", "blocked": blocked[:BLOCKED], "more_blocked": max(len(blocked) - BLOCKED, 0), "others": any(row["observed"].endswith(_OTHERS) for row in rows),
    }  # fmt: skip
