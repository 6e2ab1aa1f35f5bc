"""The content index of a report, made from its KPIs and from what its edition says of the rest. The report's own index is never copied: its mistakes are findings."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from esg_kpis.editions import Edition
from esg_kpis.editions.frameworks import Answer, codes_of, framework_of
from esg_kpis.frameworks import Code, Framework, carried, framework_named
from esg_kpis.tables import CONTENT_INDEX, conform

DUE = ("mandatory", "comply_or_explain")
"""Obligations of codes that a report must answer, or say why not."""
_CELL_STATES = {"ok": "reported", "incomplete": "reported", "blocked": "missing", "not_applicable": "not_applicable", "not_collected": "not_collected", "suppressed": "suppressed"}
"""State of a KPI's cell -> state of the answer."""


def content_indexes(edition: Edition, kpi_values: pl.DataFrame) -> pl.DataFrame:
    """The content index of every framework that an edition names.

    Columns: as `content_index` in the data dictionary.
    """
    frames = [content_index(edition, kpi_values, framework_named(use.id)) for use in edition.rules.framework]
    return pl.concat([pl.DataFrame(schema=CONTENT_INDEX.schema), *frames])


def content_index(edition: Edition, kpi_values: pl.DataFrame, framework: Framework) -> pl.DataFrame:
    """What an edition answers of a framework in its newest period, whether it names the framework or not.

    A code takes a row per cell of the KPIs that answer it: value, unit and state are the cell's, the place is that of index.yaml; where the report prints another figure, the
    reason says which. Alternatives to a KPI of the report answer
    nothing, since the report does not print them. A code that no KPI answers takes what index.yaml says of it, or is missing. Codes that the framework asks for later years
    only are left out where the edition names it.

    Columns: as `content_index` in the data dictionary.
    """
    period = next(iter(edition.periods.values()))
    named = [use for use in edition.rules.framework if use.id == framework.id]
    answers = _answers(edition, framework)
    answering = _answering(edition, framework)
    own = kpi_values.filter((pl.col("edition") == edition.id) & (pl.col("period") == period.id))
    prints = {(row["kpi_id"], row["breakdown"], row["category"]): row["value_as_printed"] for row in edition.published.filter(pl.col("period") == period.id).iter_rows(named=True)}
    cells = {str(part["kpi_id"][0]): part.to_dicts() for part in own.partition_by("kpi_id")} if own.height else {}
    rows: list[dict[str, Any]] = []
    for place, code in enumerate(framework.codes.values(), 1):
        if named and not named[0].early and code.applies_from > period.first:
            continue
        head = {"edition": edition.id, "framework": framework.id, "place": place, "period": period.id} | _asked(code)
        answer, asks_more = answers.get(code.code, (None, ""))
        found = [cell for kpi_id in answering.get(code.code, ()) for cell in cells.get(kpi_id, ())]
        rows += [head | row for row in (_of_cells(found, answer, prints) if found else [_of_answer(code, answer, asks_more, _why_missing(code.code, answering.get(code.code, []), period.id, edition))])]
    return conform(pl.DataFrame(rows, schema=CONTENT_INDEX.schema), CONTENT_INDEX)


def _asked(code: Code) -> dict[str, str]:
    return {"code": code.code, "title": code.title, "title_zh": code.title_zh, "kind": code.kind, "unit_asked": code.unit, "obligation": code.obligation}


def _answering(edition: Edition, framework: Framework) -> dict[str, list[str]]:
    """Code to the KPIs that answer it, in the order of kpis.yaml."""
    found: dict[str, list[str]] = {}
    for kpi in edition.kpis.values():
        for code in codes_of(kpi.codes, framework) if kpi.alternative_to is None else ():
            found.setdefault(code, []).append(kpi.id)
    return found


def _answers(edition: Edition, framework: Framework) -> dict[str, tuple[Answer, str]]:
    """Code to what index.yaml says of it, in this version or in another of the family; and, where that one asked something else, what it asked."""
    exact: dict[str, tuple[Answer, str]] = {}
    followed: dict[str, tuple[Answer, str]] = {}
    for answer in edition.index.answers:
        for code in answer.codes:
            source = framework_named(str(framework_of(code, answer, edition.rules.framework)))
            if source.id == framework.id:
                exact[code] = (answer, "")
                continue
            for target in carried(code, source, framework):
                same = source.codes[code].title == framework.codes[target].title
                followed.setdefault(target, (answer, "" if same else f"{code} of {source.id}: {source.codes[code].title}"))
    return followed | exact


def _place(answer: Answer | None) -> dict[str, str | None]:
    return {"section": (answer.where or None) if answer else None, "page": (answer.pages or None) if answer else None}


def _of_cells(cells: list[dict[str, Any]], answer: Answer | None, prints: Mapping[tuple[str, str, str], str]) -> Iterator[dict[str, Any]]:
    """A row per cell. A cell that is no number shows none, whatever is known of it or printed for it."""
    for cell in cells:
        status = _CELL_STATES[cell["status"]]
        shown = status == "reported"
        if cell["status"] == "ok" and cell["value"] == 0:  # What is incomplete may be more than zero.
            status = "zero"
        figure = prints.get((cell["kpi_id"], cell["breakdown"], cell["category"]))
        other = f"The report prints {figure}." if shown and figure is not None and figure.replace(",", "").removesuffix("%") != cell["printed"] else ""
        told = " ".join(part for part in (other, cell["reason"] or (answer.text if answer else "")) if part)
        yield _place(answer) | {
            "kpi_id": cell["kpi_id"], "breakdown": cell["breakdown"], "category": cell["category"], "value": cell["printed"] if shown else None, "unit": cell["unit"],
            "status": status, "reason": told or None,
        }  # fmt: skip


def _why_missing(code: str, silent: list[str], period: str, edition: Edition) -> str:
    """Why nothing answers a code; and what is wrong where the report's own index claims it."""
    told = f"{', '.join(silent)}: no cell for {period}." if silent else "No KPI carries the code, and index.yaml does not name it."
    claims = [f" The report's own index ({item.where}) says '{item.printed}'; ought to be: {item.ought}." for item in edition.index.own_index if item.code == code]
    return told + "".join(claims)


def _of_answer(code: Code, answer: Answer | None, asks_more: str, missing: str) -> dict[str, Any]:
    """The row of a code without cells: what index.yaml says, or missing with the reason."""
    row = _place(answer) | {"kpi_id": "", "breakdown": "", "category": "", "value": None, "unit": None}
    if answer is None:
        return row | {"status": "missing", "reason": missing}
    if asks_more:
        return row | {"status": "missing", "reason": f"Answered was {asks_more}. This asks for something else: look whether it is there, and say so in index.yaml."}
    unseen = "No KPI computes it: the report's figure is not checked here." if code.kind == "metric" and answer.status == "reported" else ""
    return row | {"status": answer.status, "reason": " ".join(part for part in (unseen, answer.text) if part) or None}


def index_findings(edition: Edition, kpi_values: pl.DataFrame) -> list[dict[str, Any]]:
    """Codes that must be answered and are not, by framework; and the mistakes of the report's own index.

    Columns: those of `findings` but `finding_id` and `waived`.
    """
    rows: list[dict[str, Any]] = []
    common = {"edition": edition.id, "period": next(iter(edition.periods)), "difference": None, "record_ids": ""}
    frame = content_indexes(edition, kpi_values)
    for use in edition.rules.framework:
        own = frame.filter((pl.col("framework") == use.id) & pl.col("obligation").is_in(DUE))
        due, missing = own["code"].n_unique(), own.filter(pl.col("status") == "missing")["code"].unique(maintain_order=True).to_list()
        if due:
            rows.append(
                {
                    **common, "check": "code_missing", "subject": use.id, "severity": "warning" if missing else "note", "passed": not missing,
                    "observed": f"{len(missing)} of {due} codes that must be answered are missing{': ' if missing else ''}{', '.join(missing)}", "expected": "none missing",
                    "what_to_do": f"See `esg-kpis index --edition {edition.id} --framework {use.id} --status missing`; compute the KPI, or say in index.yaml where the answer is or why there is none."
                    if missing else "Nothing.",
                }
            )  # fmt: skip
    for error in edition.index.own_index:
        rows.append(
            {
                **common, "check": "index_error", "subject": f"{error.code}: {error.printed}", "severity": "note", "passed": False,
                "observed": f"'{error.printed}' is printed for {error.code} ({error.where})", "expected": error.ought,
                "what_to_do": "Print the content index that is made here, and have the report's own corrected.",
            }
        )  # fmt: skip
    return rows
