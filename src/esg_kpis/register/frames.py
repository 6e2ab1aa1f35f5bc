"""The register as tables: approvals, restatements, and the state of each period."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import polars as pl

from esg_kpis.assurance.approved import approved_digest
from esg_kpis.errors import InputProblem
from esg_kpis.register.entry import Entry
from esg_kpis.register.keys import Keys
from esg_kpis.register.replay import replayed, state_of
from esg_kpis.register.statement import Effect, Statement
from esg_kpis.tables import APPROVALS, PERIOD_STATES, RESTATEMENTS, Table, conform


def approvals(entries: Sequence[Entry]) -> pl.DataFrame:
    """Every entry that can be read, as it says itself; `problems_of` says which of them hold.

    Columns: see `APPROVALS`; one row per entry.
    """
    rows = []
    for entry, said in _readable(entries):
        rows.append(
            {name: getattr(said, name) for name in ("edition", "period", "action", "role", "key", "at", "digest")}
            | {"sequence": entry.sequence, "hash": entry.hash, "previous": entry.previous, "run_key": said.run.get("key", "")}
            | {"note": said.restatement.reason if said.restatement else said.note, "cells": sum(said.cells.values())}
            | {name: said.cells.get(name, 0) for name in ("blocked", "incomplete")}
        )
    return _frame(rows, APPROVALS)


def restatements(entries: Sequence[Entry]) -> pl.DataFrame:
    """What each restatement did to which cell, as its entry says.

    Columns: see `RESTATEMENTS`; one row per restatement and changed cell.
    """
    rows = []
    for entry, said in _readable(entries):
        if said.restatement is None:
            continue
        common = {"sequence": entry.sequence, "edition": said.edition, "period": said.period, "class": said.restatement.kind, "reason": said.restatement.reason}
        common |= {"lock": said.restatement.lock, "approver": said.key, "at": said.at}
        rows += [common | _cell(effect) for effect in said.restatement.effects or (Effect("", "", "", "", "", "", "", "", None),)]
    return _frame(rows, RESTATEMENTS)


def states(entries: Sequence[Entry], kpi_values: pl.DataFrame, keys: Keys) -> pl.DataFrame:
    """The state of each period of each edition that is in the numbers or in the register.

    Columns: see `PERIOD_STATES`; one row per edition and period.
    """
    present = {(edition, period): approved_digest(kpi_values, edition, period) for edition, period in kpi_values.select("edition", "period").unique().iter_rows()}
    return states_with(entries, present, keys)


def states_with(entries: Sequence[Entry], present: Mapping[tuple[str, str], str], keys: Keys) -> pl.DataFrame:
    """The same, beside digests of the present numbers by edition and period; for who has no numbers but the register."""
    rows = []
    for edition, period in sorted({*present, *replayed(entries, keys)}):
        state = state_of(entries, keys, edition, period, present.get((edition, period)))
        latest = state.standing.locked or state.standing.reviewed or state.standing.prepared
        rows.append(
            {
                "edition": edition, "period": period, "state": state.word, "as_approved": state.as_approved, "sequence": state.entry.sequence if state.entry else None,
                "by": keys.label(state.entry.statement.key) if state.entry else None, "at": state.entry.statement.at if state.entry else None,
                "approved_digest": latest.subject if latest else None, "present_digest": present.get((edition, period)), "reason": state.reason or None,
            }
        )  # fmt: skip
    return _frame(rows, PERIOD_STATES)


def _readable(entries: Sequence[Entry]) -> list[tuple[Entry, Statement]]:
    found = []
    for entry in entries:
        try:
            found.append((entry, entry.statement))
        except InputProblem:
            continue
    return found


def _cell(effect: Effect) -> dict[str, Any]:
    numbers = {name: Decimal(text) if (text := getattr(effect, name)) else None for name in ("old", "new", "difference", "percent")}
    return {"kpi_id": effect.kpi_id, "breakdown": effect.breakdown, "category": effect.category, "unit": effect.unit, "over_5_percent": effect.beyond, **numbers}


def _frame(rows: list[dict[str, Any]], table: Table) -> pl.DataFrame:
    return conform(pl.DataFrame(rows, schema=table.schema), table)
