"""Targets for who judges them: what each version changed, findings, and the walk from a printed target to its words and to the cells its progress is made of."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import polars as pl

from esg_kpis.editions import Edition
from esg_kpis.editions.entry import NOT
from esg_kpis.editions.targets import Target, printed_cells, progress_cells, versions_of
from esg_kpis.errors import near_misses
from esg_kpis.exact import plain, printed, rounded
from esg_kpis.kpis.targets import Step, boundary_in_words, kpi_cell_named, steps_of
from esg_kpis.tables import TARGETS, conform

YEARS = ("target_year", "first", "base")
_SAID = {"kind": "kind", "value": "value", "target_year": "target year", "first": "first year", "base": "base year", "path": "path", "kpi": "KPI", "text": "wording"}


def targets_of(edition: Edition) -> pl.DataFrame:
    """The targets of an edition, version by version, with what each version changes.

    Columns: as `targets` in the data dictionary.
    """
    rows = [
        {
            "edition": edition.id, "target_id": target.id, "version": target.version, "version_number": versions_of(edition.targets).index(target.version) + 1, "label": target.label, "label_zh": target.label_zh, "text": target.text, "kind": target.kind, "value": rounded(Fraction(target.value)),
            "unit": target.unit, "base": target.base, "counts_from": target.first, "target_year": target.target_year, "path": target.path, "boundary": boundary_in_words(target), "kpi_id": target.kpi,
            "breakdown": target.spot[0] if target.kpi else None, "category": target.spot[1] if target.kpi else None, "change": change_of(target, edition.targets),
            "ended": ended_in(target, edition.targets), "source": target.source,
        }
        for target in edition.targets
    ]  # fmt: skip
    return conform(pl.DataFrame(rows, schema=TARGETS.schema), TARGETS)


def change_of(target: Target, targets: Sequence[Target]) -> str:
    """What the version of a target changes of the version before."""
    versions = versions_of(targets)
    place = versions.index(target.version)
    if place == 0:
        return "first set"
    before = next((other for other in targets if other.id == target.id and other.version == versions[place - 1]), None)
    if before is None:
        return f"new{f', in place of {target.replaces}' if target.replaces else ''}"
    changes = [f"{words}{_from_to(name, before, target)}" for name, words in _SAID.items() if getattr(before, name) != getattr(target, name)]
    if before.unit != target.unit:
        changes.append(f"unit {before.unit} to {target.unit}")
    if _about(before) != _about(target):
        changes.append(f"boundary from '{boundary_in_words(before)}' to '{boundary_in_words(target)}'")
    return f"changed: {'; '.join(changes)}" if changes else "as before"


def ended_in(target: Target, targets: Sequence[Target]) -> str | None:
    """Which version does not have a target of the version before, and what it has in its place."""
    versions = versions_of(targets)
    later = versions[versions.index(target.version) + 1 :][:1]
    if not later or any(other.id == target.id and other.version == later[0] for other in targets):
        return None
    instead = [other.id for other in targets if other.version == later[0] and other.replaces == target.id]
    return f"dropped in {later[0]}{f', in its place {chr(44).join(instead)}' if instead else ''}"


def _goes_on(target: Target, targets: Sequence[Target]) -> bool:
    """Whether the next version has a target as it is."""
    later = versions_of(targets)[versions_of(targets).index(target.version) + 1 :][:1]
    return any(other.id == target.id and other.version in later and change_of(other, targets) == "as before" for other in targets)


def _from_to(name: str, before: Target, after: Target) -> str:
    if name == "text":
        return ""
    old, new = (plain(item.value) if name == "value" else str(getattr(item, name) if getattr(item, name) is not None else "none") for item in (before, after))
    return f" {old} to {new}"


def _about(target: Target) -> tuple[Any, ...]:
    return (target.boundary and target.boundary.where, target.spot, target.boundary_unknown is None, target.not_measured is None)


# ---------------------------------------------------------------- findings


def target_findings(edition: Edition, kpi_values: pl.DataFrame, sites: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """What versions changed, and targets that are behind, missed, or cannot be judged in their latest period; one that the next version has as before is told there."""
    for target in edition.targets:
        for name, value in _of_no_site(target, sites):
            known = sites[name].drop_nulls().unique().sort().to_list()
            yield _row("target_boundary", target, edition, "", "warning", f"no site has the {name} '{value}'", "a value of a site", None, near_misses(value, known) or f"Known: {', '.join(known[:20])}.")
        change, ended = change_of(target, edition.targets), ended_in(target, edition.targets)
        for what in (change, ended):
            if what is None or what in ("first set", "as before"):
                continue
            moved = what.startswith("changed: ") and all(part.startswith(("target year", "first year", "wording")) for part in what.removeprefix("changed: ").split("; "))
            severity = "note" if what.startswith("new") or moved else "warning"
            yield _row("target_changed", target, edition, "", severity, what, "the target as it was set", None, "Say in the report what was changed, and why.")
    latest = {step.target.key: step for step in steps_of(edition, kpi_values)}  # The periods of a target rise; the last tells where it stands.
    for step in latest.values():
        if _goes_on(step.target, edition.targets):
            continue
        if step.verdict in ("behind", "missed"):
            level, seen = (None if value is None else printed(value, 2) for value in (step.path, step.actual))
            unit = edition.kpis[step.target.kpi or ""].unit
            gap = None if step.path is None or step.actual is None else plain(rounded(step.actual - step.path))
            yield _row("target_progress", step.target, edition, step.period.id, "warning", f"{step.verdict}: {seen} {unit}", f"{level} {unit} in {step.period.id}", gap, "Say what will be done, or change the target in a new version.")
        elif step.verdict in ("cannot_be_computed", "incomplete"):
            yield _row("target_progress", step.target, edition, step.period.id, "note", f"{step.verdict.replace('_', ' ')}: {step.reason}", "a verdict", None, "Mend what the reason names, or ask for what nobody recorded.")


def _of_no_site(target: Target, sites: pl.DataFrame) -> Iterator[tuple[str, str]]:
    """Attributes and values that a boundary names and no site has: misspelt, one that is to be left out leaves out nothing."""
    for name, values in target.boundary.where.items() if target.boundary else ():
        for value in values:
            if value.removeprefix(NOT) not in sites[name].to_list():
                yield name, value.removeprefix(NOT)


def _row(check: str, target: Target, edition: Edition, period: str, severity: str, seen: str, expected: str, gap: str | None, what_to_do: str) -> dict[str, Any]:
    return {
        "check": check, "subject": f"{target.id} ({target.version})", "id_subject": f"{target.id} {target.version} {seen if check != 'target_progress' else ''}", "edition": edition.id, "period": period,
        "severity": severity, "passed": False, "observed": seen, "expected": expected, "difference": gap, "record_ids": "", "what_to_do": what_to_do,
    }  # fmt: skip


# ---------------------------------------------------------------- trace


def trace_target(edition: Edition, kpi_values: pl.DataFrame, tie_out: pl.DataFrame, kpi_id: str, period: str, breakdown: str, category: str) -> dict[str, Any] | None:
    """The walk from a cell of a target; None if the cell is none of a target.

    Keys: `cell`, `tie_out`, `definition` as for a KPI; `parts`, empty; `target`: its entry, what its version changed, and `steps`: each period with base, path,
    actual and verdict, and in `cells` the KPI's cells behind them, from which `trace` goes on to the records.
    """
    at = (kpi_id, period, breakdown, category)
    target = printed_cells(edition.targets).get(at) or progress_cells(edition.targets).get(at)
    if target is None:
        return None
    key = pl.all_horizontal(pl.col(name) == value for name, value in zip(("edition", "kpi_id", "period", "breakdown", "category"), (edition.id, *at), strict=True))
    own = [step for step in steps_of(edition, kpi_values) if step.target is target and (at in printed_cells(edition.targets) or step.period.id == period)]
    is_set = at in printed_cells(edition.targets)
    entry = {name: value for name, value in target.model_dump(mode="json", by_alias=True).items() if value is not None}
    return {
        "cell": _shown(kpi_values.filter(key)), "tie_out": _shown(tie_out.filter(key)),
        "definition": {
            "label": target.label if is_set else f"{target.label}: way done", "text": target.text, "source": f"targets.yaml, {target.id} of {target.version}; {target.source}",
            "formula": in_words(target) if is_set else _way(target), "document": edition.rules.document,
        },
        "parts": [],
        "target": {
            **entry, "boundary_in_words": boundary_in_words(target), "change": change_of(target, edition.targets), "ended": ended_in(target, edition.targets), "steps": [_told(step, edition) for step in own],
        },
    }  # fmt: skip


def in_words(target: Target) -> str:
    """What is to happen, in one line."""
    value, unit, kpi = plain(target.value), target.unit, target.kpi or "what no KPI measures"
    percent = f"{value} %"
    return {
        "reduction": f"{kpi} falls by {percent} of {target.base} by {target.target_year}",
        "remaining": f"{kpi} falls to {percent} of {target.base} by {target.target_year}",
        "at_least": f"{kpi} is at least {value} {unit} {_when(target)}",
        "at_most": f"{kpi} is at most {value} {unit} {_when(target)}",
        "cumulative": f"{kpi} adds up to {value} {unit} from {target.first} to {target.target_year}",
    }[target.kind]


def _when(target: Target) -> str:
    if target.first is None:
        return f"by {target.target_year}"
    return f"in {target.target_year}" if target.first == target.target_year else f"in each year from {target.first} to {target.target_year}"


def _way(target: Target) -> str:
    return "sum so far / target x 100" if target.kind == "cumulative" else "(base - actual) / (base - target) x 100"


def _told(step: Step, edition: Edition) -> dict[str, Any]:
    numbers = {name: None if value is None else plain(rounded(value)) for name, value in (("base", step.base), ("target", step.goal), ("path", step.path), ("actual", step.actual), ("progress", step.progress))}
    unit = edition.kpis[step.target.kpi].unit if step.target.kpi in edition.kpis else None
    cells = [{"cell": kpi_cell_named(row), "value": None if row["value"] is None else plain(row["value"]), "unit": row["unit"], "status": row["status"], "reason": row["reason"]} for row in step.cells]
    return {"period": step.period.id, **numbers, "unit": unit, "verdict": step.verdict, "reason": step.reason, "cells": cells}


def _shown(frame: pl.DataFrame) -> dict[str, Any] | None:
    rows = frame.to_dicts()
    return {name: plain(value) if hasattr(value, "as_tuple") else value for name, value in rows[0].items()} if rows else None
