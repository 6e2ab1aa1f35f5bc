"""A working paper that comes back filled in, as XLSX, ODS or CSV: what it was drawn by, and what the assurer wrote, by line. Nothing is judged here."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from esg_kpis.errors import InputProblem
from esg_kpis.files import LINE, Reading, Sheet, Source
from esg_kpis.files.read import kind_of
from esg_kpis.files.sandbox import open_sheets
from esg_kpis.sampling.omissions import OMISSION
from esg_kpis.sampling.paper import (
    ANSWERS,
    CSV_PAPER,
    CSV_PLAN,
    HEADER,
    OMISSION_ANSWERS,
    OMISSION_COLUMNS,
    OMISSIONS,
    PLAN,
    PLAN_COLUMNS,
    PLAN_HEADER,
    POPULATION,
    POPULATION_COLUMNS,
    SAMPLE,
    SAMPLE_COLUMNS,
)
from esg_kpis.sampling.plan import Plan
from esg_kpis.sampling.population import ITEM, read_exact

_MEND = "Bring the paper back as it was written: its sheets and headers in their places, and only the yellow columns filled in."


@dataclass(frozen=True)
class Filled:
    """A paper as it came back, all as texts.

    `plan` is what it says it was drawn by; `population_digest` (empty of a CSV) and `paper_digest` what it says of itself. `sample` and `omissions` have the keys of their columns and `__line`;
    `ragged` names lines with cells beside the table. `items` is the population in the columns of `ITEM` that it holds; None of a CSV, as is `omissions`. `sheets` are the names of both for messages.
    """

    plan: Plan
    population_digest: str
    paper_digest: str
    sample: pl.DataFrame
    omissions: pl.DataFrame | None
    items: pl.DataFrame | None
    ragged: tuple[tuple[str, int], ...]
    sheets: tuple[str, str]


def taken_back(source: Source) -> Filled:
    """A paper as it came back.

    Raises:
        InputProblem: if it cannot be read, or sheets, columns or the plan are gone.
    """
    return _from_text(source) if kind_of(source) == "text" else _from_workbook(source)


def _from_workbook(source: Source) -> Filled:
    plan_sheet = _sheet(source, PLAN, PLAN_HEADER, {name: name for name in PLAN_COLUMNS})
    said = dict(plan_sheet.rows.filter(pl.col("key") != "").select("key", "Value").iter_rows())
    sample = _sheet(source, SAMPLE, HEADER, {**SAMPLE_COLUMNS, **ANSWERS})
    omissions = _sheet(source, OMISSIONS, HEADER, {**OMISSION_COLUMNS, **OMISSION_ANSWERS})
    population = _sheet(source, POPULATION, HEADER, POPULATION_COLUMNS)
    items = population.rows.with_columns(pl.lit("").alias(name) for name in ITEM if name not in population.rows.columns)
    for line, text in population.rows.filter(pl.col("item_id") != "").select(LINE, "exact").iter_rows():
        if read_exact(text) is None:
            raise InputProblem(f"The exact book value is no number: '{text[:40]}'.", where=f"{population.where}, row {line}", mend=_MEND)
    ragged = tuple((sheet.sheet, line) for sheet in (sample, omissions, population) for line, _ in sheet.ragged)
    return Filled(
        _plan(said, source), said.get("population", ""), said.get("paper", ""), sample.rows, omissions.rows,
        items.filter(pl.col("item_id") != "").select(pl.col(name).cast(dtype, strict=False) for name, dtype in ITEM.items()), ragged, (SAMPLE, OMISSIONS),
    )  # fmt: skip


def _from_text(source: Source) -> Filled:
    columns = {**SAMPLE_COLUMNS, **ANSWERS, "plan": CSV_PLAN, "paper": CSV_PAPER}
    sheet = _named(open_sheets(source, Reading(header_line=1, names=frozenset(("bookvalue", "auditedvalue", "tainting", "whyselected"))))[0], columns)
    plans, papers = (sheet.rows[name].unique(maintain_order=True).to_list() for name in ("plan", "paper"))
    if len(plans) != 1 or len(papers) != 1:
        raise InputProblem(f"Its rows were drawn by {len(plans)} plans.", where=source.where, mend="Bring back the rows of one paper, all of them, and no others.")
    said = {name: value for name, _, value in (part.partition("=") for part in plans[0].split("; "))}
    return Filled(_plan(said, source), "", papers[0], sheet.rows.drop("plan", "paper"), None, None, tuple(("", line) for line, _ in sheet.ragged), ("", ""))


def _plan(said: Mapping[str, str], source: Source) -> Plan:
    texts = Plan("", "", "", "", "").as_texts()
    if missing := [name for name in texts if name not in said]:
        raise InputProblem(f"It does not say by which {missing[0]} it was drawn.", where=f"{source.where}, {PLAN}", mend=_MEND)
    wrong = [name for name in ("seed", "size") if not said[name].isascii() or not said[name].isdigit() or len(said[name]) > 18]
    if wrong:
        raise InputProblem(f"Its {wrong[0]} is no whole number: '{said[wrong[0]][:40]}'.", where=f"{source.where}, {PLAN}", mend=_MEND)
    given: dict[str, Any] = {name: int(said[name]) if name in ("seed", "size") else said[name] for name in texts}
    return Plan(**given)


def _sheet(source: Source, name: str, header: int, columns: Mapping[str, str]) -> Sheet:
    """One sheet, its columns under our keys.

    Raises:
        InputProblem: if it, or one of its columns, is not there.
    """
    try:
        found = open_sheets(source, Reading(sheet=name, header_line=header))
    except InputProblem as problem:
        raise InputProblem(problem.what, where=problem.where, mend=_MEND) from problem
    return _named(found[0], columns)


def _named(sheet: Sheet, columns: Mapping[str, str]) -> Sheet:
    # The unit stands in brackets behind what the column of amounts is called.
    columns = {name: next((there for there in sheet.columns if there.startswith(f"{title} (")), title) if title not in sheet.columns else title for name, title in columns.items()}
    if missing := [title for title in columns.values() if title not in sheet.columns]:
        raise InputProblem(f"The column '{missing[0]}' is gone.", where=sheet.where, mend=_MEND)
    rows = sheet.rows.select(LINE, *(pl.col(title).str.strip_chars().alias(name) for name, title in columns.items()))
    return replace(sheet, columns=list(columns), rows=rows)


def things_of(filled: Filled) -> pl.DataFrame:
    """The things drawn from lists as the paper names them: for who has the paper and not the results. Its digest says whether they are those that were drawn."""
    if filled.omissions is None:
        return pl.DataFrame(schema=OMISSION)
    rows = filled.omissions.filter(pl.col("thing_id") != "").unique(["list", "thing_id"], keep="first", maintain_order=True)
    named = rows.with_columns(pl.lit("").alias("key"), pl.len().over("list").alias("taken"), pl.col("size").cast(pl.Int64(), strict=False).fill_null(0))
    return named.select(pl.col(name).cast(dtype, strict=False) for name, dtype in OMISSION.items())
