"""All checks of printed tables: relations gathered, judged, located, explained, as rows of `table_checks`."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from esg_kpis.editions import Kpi
from esg_kpis.exact import plain, rounded
from esg_kpis.printed.asked import Missing, asked, check_names, given, partial
from esg_kpis.printed.defined import defined
from esg_kpis.printed.entries import ChecksFile, Explained
from esg_kpis.printed.figures import Cell, Figure, Figures, figures_of
from esg_kpis.printed.intervals import shown
from esg_kpis.printed.locate import Located, Searching
from esg_kpis.printed.mixtures import SameGroups
from esg_kpis.printed.quotients import Band, SameDenominator
from esg_kpis.printed.relations import Judgement, Relation
from esg_kpis.printed.unsaid import out_of_range, unsaid
from esg_kpis.tables import TABLE_CHECKS, conform


@dataclass(frozen=True)
class Document:
    """What is known of one document beside its figures: its definitions and its checks.yaml."""

    kpis: Mapping[str, Kpi] = field(default_factory=dict)
    checks: ChecksFile = field(default_factory=ChecksFile)


def check_table(frame: pl.DataFrame, documents: Mapping[str, Document] | None = None, only: Sequence[str] | None = None) -> pl.DataFrame:
    """Checks what is printed.

    Args:
        frame: Printed cells with `document`, as for `figures_of`.
        documents: What is known of each document; one that is not named is checked by itself.
        only: Documents whose checks are wanted; the others only lend their figures.

    Columns: as `table_checks` in the data dictionary, where `edition` is the document.

    Raises:
        InputProblem: if a checks.yaml names what is not there.
    """
    known = documents or {}
    figures = figures_of(frame, {name: frozenset((*item.checks.rounded, *(kpi.id for kpi in item.kpis.values() if kpi.mean_over))) for name, item in known.items()})
    for name, item in known.items():
        figures = figures.with_given(given(item.checks, name))
    relations, missing = relations_of(figures, known, only)
    return _rows(figures, relations, missing, known, only)


def relations_of(figures: Figures, known: Mapping[str, Document], only: Sequence[str] | None = None) -> tuple[list[Relation], list[Missing]]:
    """What must hold between these figures, and what was asked for and is not printed.

    Raises:
        InputProblem: if a checks.yaml names what is not there.
    """
    relations: list[Relation] = []
    missing: list[Missing] = []
    for name in figures.documents:
        if only is not None and name not in only:
            continue
        item = known.get(name, Document())
        check_names(item.checks, figures, name)
        for found in asked(item.checks, figures, name):
            if isinstance(found, Missing):
                missing.append(found)
            else:
                relations.append(found)
        relations += defined(item.kpis, figures, name, partial(item.checks, figures.periods(name)))
    spoken = frozenset((document, kpi_id, breakdown) for document, kpi_id, _, breakdown in figures.groups if kpi_id in known.get(document, Document()).kpis)
    spoken |= {(name, entry.kpi, entry.breakdown) for name, item in known.items() for entry in item.checks.partial}
    relations += (relation for relation in unsaid(figures, spoken) if only is None or relation.document in only)
    # What is asked for goes before what a definition or the table implies of the same cells.
    unique: dict[tuple[Any, ...], Relation] = {}
    for relation in relations:
        unique.setdefault((relation.check, relation.period, frozenset(relation.rule.cells), relation.rule.cells[0]), relation)
    return list(unique.values()), missing


def _rows(figures: Figures, relations: list[Relation], missing: list[Missing], known: Mapping[str, Document], only: Sequence[str] | None) -> pl.DataFrame:
    judgements = [relation.rule.judge(figures.by_cell) for relation in relations]
    reasons = [_reason(relation, known) if judgement.failed else None for relation, judgement in zip(relations, judgements, strict=True)]
    # What a person has explained is no evidence against a figure.
    telling = [(relation, judgement.failed) for relation, judgement, reason in zip(relations, judgements, reasons, strict=True) if reason is None]
    search = Searching(figures.by_cell, [relation for relation, _ in telling], [relation for relation, failing in telling if failing])
    rows = []
    for relation, judgement, reason in zip(relations, judgements, reasons, strict=True):
        located = search.locate(relation) if judgement.failed and reason is None and not relation.settled else None
        rows.append(_row(relation, judgement, located, figures.by_cell, reason))
    failing = {(relation.document, relation.check, relation.subject) for relation, judgement in zip(relations, judgements, strict=True) if judgement.failed}
    missing = [*missing, *_idle(known, figures, failing, only)]
    rows += [_bare(item.document, item.check, item.subject, item.period, "not_checked", item.why, "", "") for item in missing]
    rows += [
        _bare(item.cell.document, "readable", item.cell.name, item.cell.period, "unreadable", f"'{item.text}' in {item.table or 'the table'}", "a number", item.why)
        for item in figures.unreadable if only is None or item.cell.document in only
    ]  # fmt: skip
    rows += [
        _bare(cell.document, "share_range", cell.name, cell.period, "cannot_be_rounding", text, "from 0 to 100 %", "") for cell, text in out_of_range(figures) if only is None or cell.document in only
    ]
    return conform(_numbered(pl.DataFrame(rows, schema={column: TABLE_CHECKS.schema[column] for column in TABLE_CHECKS.names})), TABLE_CHECKS)


def _idle(known: Mapping[str, Document], figures: Figures, failing: Set[tuple[str, str, str]], only: Sequence[str] | None) -> Iterator[Missing]:
    """Explanations of what does not fail: misspelt, or no longer needed."""
    for name in figures.documents:
        for item in known.get(name, Document()).checks.explained if only is None or name in only else ():
            if not any((other, item.check, item.subject) in failing for other in figures.documents):
                yield Missing(item.check, item.subject, name, ";".join(item.periods), "checks.yaml explains it, and nothing of that check and subject fails")


def _reason(relation: Relation, known: Mapping[str, Document]) -> Explained | None:
    """Why a relation fails, where checks.yaml says it."""
    entries = known.get(relation.document, Document()).checks.explained
    return next((item for item in entries if item.check == relation.check and item.subject == relation.subject and (not item.periods or relation.period in item.periods)), None)


def _row(relation: Relation, judgement: Judgement, located: Located | None, prints: Mapping[Cell, Figure], entry: Explained | None) -> dict[str, Any]:
    text = " ".join(part for part in (judgement.note, relation.note) if part)
    if entry is not None:
        text = " ".join(part for part in (text, f"Explained: {entry.text} Proof: {entry.proof}.") if part)
    first = prints[relation.rule.cells[0]]
    return {
        "edition": relation.document, "check": relation.check, "subject": relation.subject, "period": relation.period, "number": 0, "verdict": judgement.verdict,
        "table": first.table, "observed": judgement.observed, "expected": judgement.expected,
        "gap": f"{shown(abs(judgement.gap), judgement.decimals)} {'' if isinstance(relation.rule, _OWN_UNIT) else first.unit}".strip() if judgement.failed and judgement.gap else None,
        "difference": plain(rounded(judgement.difference, 9)) if judgement.verdict in ("rounding", "cannot_be_rounding") else None,
        "figures": "; ".join(f"{cell} {prints[cell].text} {prints[cell].unit}" + (f" ({prints[cell].source})" if prints[cell].source else "") for cell in relation.rule.cells),
        "suspects": located.in_words() if located else None,
        "slips": "; ".join(f"{suspect.cell}: {', '.join(suspect.slips)}" for suspect in located.suspects if suspect.slips) or None if located else None,
        "basis": relation.basis, "explanation": text or None, "explained": entry is not None,
    }  # fmt: skip


_OWN_UNIT = (Band, SameDenominator, SameGroups)
"""Rules whose sides are in no unit of print."""


def _bare(document: str, check: str, subject: str, period: str, verdict: str, observed: str, expected: str, why: str) -> dict[str, Any]:
    return {
        "edition": document, "check": check, "subject": subject, "period": period, "number": 0, "verdict": verdict, "table": "", "observed": observed, "expected": expected, "gap": None,
        "difference": None, "figures": "", "suspects": None, "slips": None, "basis": "the table itself", "explanation": why or None, "explained": False,
    }  # fmt: skip


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    """Several relations of one check about one subject and period are told apart by a number."""
    key = ["edition", "check", "subject", "period"]
    return frame.sort(*key, "figures", "observed").with_columns(pl.int_range(1, pl.len() + 1).over(key).alias("number"))


def failed(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows that no rounding explains, and what is no number."""
    return frame.filter(pl.col("verdict").is_in(["cannot_be_rounding", "unreadable"]))
