"""Anomalies: figures of an edition that a person is asked to explain, each with the place for the explanation that goes to the assurer.

They judge what an edition counts: its KPIs, and what its sites used. Single quantities against the history of their own meter are `amounts.outliers`. They change nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl

from esg_kpis.assurance.anomalies_basis import Basis, Hit, ratio, significant
from esg_kpis.assurance.anomalies_kpis import implied_factor, year_on_year
from esg_kpis.assurance.anomalies_season import season
from esg_kpis.assurance.anomalies_sites import per_site
from esg_kpis.editions.anomalies import Anomaly, Explanation
from esg_kpis.exact import plain
from esg_kpis.tables import ANOMALIES, conform, finding_id

CHECK = "anomaly"
MOST = 20
"""Findings of one rule and period that are told one by one; more are one finding with their number."""

_LISTED = 5
_KINDS: dict[str, Callable[[Anomaly, Basis], Iterator[Hit]]] = {
    "year_on_year": year_on_year, "per_head": per_site, "per_floor_area": per_site, "implied_factor": implied_factor, "season": season,
}  # fmt: skip
_NOTE = {name: pl.String() for name in ("subject", "edition", "period", "observed", "expected", "what_to_do")}


@dataclass(frozen=True)
class Anomalies:
    """`table`: the anomalies of an edition, as in the data dictionary. `notes`: what else is to be told: explanations of nothing, and sites not compared; columns of a finding, all text."""

    table: pl.DataFrame
    notes: pl.DataFrame


def anomalies_of(basis: Basis) -> Anomalies:
    """Every [[anomaly]] of an edition over its periods."""
    edition = basis.inputs.edition
    hits = [hit for rule in edition.rules.anomaly for hit in _KINDS[rule.kind](rule, basis)]
    rows = [_row(hit, edition.id, edition.explanations) for hit in hits]
    table = conform(pl.DataFrame(rows, schema=ANOMALIES.schema), ANOMALIES)
    unknown = sorted(edition.explanations.keys() - set(table["anomaly_id"]))
    notes = [
        {
            "subject": f"explanation of {name}", "edition": edition.id, "period": "", "observed": f"it explains nothing that is there now: {edition.explanations[name].explanation}",
            "expected": "an anomaly of that id", "what_to_do": "Take the row out of explanations.csv, or mend its anomaly_id, if the figure is no anomaly any more.",
        }
        for name in unknown
    ] + [
        {
            "subject": rule, "edition": edition.id, "period": period, "observed": f"{count} sites with employees are not compared per head: a figure would give back a group of fewer than {edition.rules.small_groups.k} persons",
            "expected": "all sites compared", "what_to_do": "Nothing; compare them per floor area.",
        }
        for rule, period, count in basis.skipped
    ]  # fmt: skip
    return Anomalies(table, pl.DataFrame(notes, schema=_NOTE))


def no_notes() -> pl.DataFrame:
    """Notes of no edition."""
    return pl.DataFrame(schema=_NOTE)


def _row(hit: Hit, edition: str, explanations: Mapping[str, Explanation]) -> dict[str, Any]:
    name = "a" + finding_id(CHECK, f"{hit.rule.id}\x1f{hit.subject}", edition, hit.month or hit.period)[:11]
    observed = significant(hit.observed, hit.digits)
    known = explanations.get(name)
    return {
        "anomaly_id": name, "edition": edition, "rule": hit.rule.id, "kind": hit.rule.kind, "subject": hit.subject, "site_id": hit.site_id, "period": hit.period, "month": hit.month,
        "observed": observed, "expected": significant(hit.expected, hit.digits), "ratio": ratio(hit.observed, hit.expected, hit.digits), "threshold": threshold(hit.rule), "unit": hit.unit,
        "contributors": hit.contributors, "record_ids": hit.record_ids, **_explained(known, observed),
    }  # fmt: skip


def _explained(known: Explanation | None, observed: Decimal) -> dict[str, Any]:
    """The explanation, the value it speaks of, and whether that is still what is observed."""
    if known is None:
        return {"explanation": None, "explained_by": None, "explained_on": None, "explained_observed": None, "state": "open"}
    state = "explained" if known.observed == observed else "stale"
    return {"explanation": known.explanation, "explained_by": known.explained_by, "explained_on": known.explained_on, "explained_observed": known.observed, "state": state}


def threshold(rule: Anomaly) -> str:
    """What a rule takes as usual, in words."""
    if rule.kind != "implied_factor":
        return f"a change of at most {plain(100 * rule.above)} %" if rule.above is not None else f"at most {plain(rule.times or Decimal(1))} times, or as many times less"
    if rule.low is not None and rule.high is not None:
        return f"from {plain(rule.low)} to {plain(rule.high)}"
    return f"at least {plain(rule.low)}" if rule.low is not None else f"at most {plain(rule.high or Decimal(0))}"


# ---------------------------------------------------------------- findings


def anomaly_findings(anomalies: pl.DataFrame, notes: pl.DataFrame) -> list[dict[str, Any]]:
    """One finding per anomaly: a warning while it is open or stale, a note once it is explained. More than `MOST` of one rule, period and kind of state are one finding."""
    waiting = anomalies.with_columns((pl.col("state") != "explained").alias("waits"))
    rows: list[dict[str, Any]] = []
    for part in waiting.sort("edition", "rule", "period", "waits", "anomaly_id").partition_by("edition", "rule", "period", "waits", maintain_order=True):
        rows += [_finding(row) for row in part.iter_rows(named=True)] if part.height <= MOST else [_many(part)]
    rows += [{**row, "check": CHECK, "severity": "note", "passed": False, "difference": None, "record_ids": ""} for row in notes.iter_rows(named=True)]
    return rows


def _finding(row: Mapping[str, Any]) -> dict[str, Any]:
    when = f" {row['month']}" if row["month"] else ""
    told = f"{plain(row['observed'])} {row['unit']}" + (f": {row['contributors']}" if row["contributors"] else "")
    explained = f". {said(row)}" if row["explanation"] else ""
    return {
        "check": CHECK, "subject": f"{row['subject']}{when}", "id_subject": row["anomaly_id"], "edition": row["edition"], "period": row["period"],
        "severity": "warning" if row["waits"] else "note", "passed": False, "observed": f"{told}{explained}", "expected": f"{plain(row['expected'])} {row['unit']}; {row['threshold']}",
        "difference": None if row["ratio"] is None else f"{plain(row['ratio'])} times", "record_ids": row["record_ids"],
        "what_to_do": _TO_DO[row["state"]].format(**row), "state": "explained" if row["state"] == "explained" else None,
    }  # fmt: skip


def said(row: Mapping[str, Any]) -> str:
    """Who explained an anomaly and how; of what, where it is no longer that."""
    of = f", of {plain(row['explained_observed'])} {row['unit']}, which it is no longer" if row["state"] == "stale" else ""
    return f"{row['explained_by']}{of}: {row['explanation']}"


_TO_DO = {
    "open": "Trace it; mend what is wrong, or explain it: esg-kpis anomalies explain {anomaly_id}.",
    "stale": "What is observed has changed since it was explained. Look again, and explain it anew: esg-kpis anomalies explain {anomaly_id}.",
    "explained": "Nothing; it is explained.",
}


def _many(part: pl.DataFrame) -> dict[str, Any]:
    first = part.row(0, named=True)
    names = [f"{subject} {month or ''}".strip() for subject, month in part.select("subject", "month").head(_LISTED).iter_rows()]
    stale = part.filter(pl.col("state") == "stale").height
    return {
        "check": CHECK, "subject": f"{part.height} anomalies of {first['rule']}", "id_subject": f"{first['rule']} {first['waits']}", "edition": first["edition"], "period": first["period"],
        "severity": "warning" if first["waits"] else "note", "passed": False,
        "observed": f"{part.height} {'open' if first['waits'] else 'explained'}{f', of them {stale} stale' if stale else ''}, such as {', '.join(names)}",
        "expected": first["threshold"], "difference": None, "record_ids": "", "what_to_do": "See anomalies.csv. So many have one cause, or the threshold of the rule is too low.",
        "state": None if first["waits"] else "explained",
    }  # fmt: skip
