"""Findings: the results of all checks of a run, in one table. They judge; they change nothing."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Any

import polars as pl

from esg_kpis.assurance.balances import balance_findings, beside_findings, region_findings, stock_findings, twice_findings
from esg_kpis.assurance.completeness import Gaps, across_periods, estimated_findings, gap_findings, stray_findings
from esg_kpis.assurance.content_index import index_findings
from esg_kpis.assurance.labels import label_findings
from esg_kpis.assurance.library import of_library
from esg_kpis.assurance.lists import list_findings
from esg_kpis.assurance.market import claim_findings, fallback_findings
from esg_kpis.assurance.named import CHECKS
from esg_kpis.assurance.people import estimated_heads_findings, roll_forward_findings, uncovered_findings, unknown_words
from esg_kpis.assurance.states import state_of
from esg_kpis.assurance.tables import printed_findings
from esg_kpis.assurance.targets import target_findings
from esg_kpis.assurance.withheld import of_people
from esg_kpis.domains import derived, people
from esg_kpis.editions import Edition, needed_measures
from esg_kpis.exact import plain, rounded, sums
from esg_kpis.exact import printed as as_printed
from esg_kpis.factors import Library
from esg_kpis.tables import FINDINGS, conform, finding_id


def findings(
    observations: pl.DataFrame,
    outliers: pl.DataFrame,
    rejected: pl.DataFrame,
    problems: pl.DataFrame,
    amounts: pl.DataFrame,
    sites: pl.DataFrame,
    kpi_values: pl.DataFrame,
    tie_outs: pl.DataFrame,
    table_checks: pl.DataFrame,
    gaps: Gaps,
    headcount: pl.DataFrame,
    claims: pl.DataFrame,
    uses: pl.DataFrame,
    library: Library,
    editions: Sequence[Edition],
    as_of: date,
    more: Iterable[dict[str, Any]] = (),
) -> pl.DataFrame:
    """All findings of a run, with `more` of them that were made elsewhere.

    Columns: as `findings` in the data dictionary. Each check appears at least once: when nothing failed, as one row that passed.
    """
    rows: list[dict[str, Any]] = [
        {**row, "edition": "", "period": "", "id_subject": f"{row['subject']} {row['record_ids']}".strip()}
        for row in observations.iter_rows(named=True)
    ]
    names = dict(sites.select("site_id", "name").iter_rows())
    rows += [_of_rejected(group, names) for group in rejected.sort("record_id", "rule", "column").partition_by("record_id", maintain_order=True)]
    rows += [_of_problem(row) for row in problems.iter_rows(named=True)]
    rows += [_of_outlier(row) for row in outliers.iter_rows(named=True)]
    rows += gap_findings(gaps) + stray_findings(gaps)
    rows += roll_forward_findings(headcount)
    rows += region_findings(sites, amounts, library) + balance_findings(amounts) + twice_findings(amounts) + beside_findings(amounts) + claim_findings(claims) + fallback_findings(uses, library)
    rows += [_of_factor(source, text) for source, text in library.unreadable] + of_library(library, editions)
    waivers: dict[str, str] = {}
    for edition in editions:
        rows += _of_edition(edition, amounts, sites, kpi_values, tie_outs, table_checks, gaps, outliers)
        waivers |= {
            item.finding: f"{item.who}, until {item.until.isoformat()}: {item.reason}"
            for item in edition.rules.waiver
            if item.until >= as_of
        }
    rows += more
    seen = {row["check"] for row in rows}
    rows += [_passed(check) for check in CHECKS if check not in seen]
    taken: set[str] = set()
    for row in rows:
        subject = row.pop("id_subject", row["subject"])
        row["finding_id"] = finding_id(row["check"], subject, row["edition"], row["period"])
        if row["finding_id"] in taken:  # Two findings in the same words: both are shown.
            row["finding_id"] = finding_id(row["check"], f"{subject} {len(taken)}", row["edition"], row["period"])
        taken.add(row["finding_id"])
        row["waived"] = waivers.get(row["finding_id"])
        row["state"] = state_of(row)
    return conform(pl.DataFrame(rows, schema=FINDINGS.schema), FINDINGS)


def _of_edition(
    edition: Edition,
    amounts: pl.DataFrame,
    sites: pl.DataFrame,
    kpi_values: pl.DataFrame,
    tie_outs: pl.DataFrame,
    table_checks: pl.DataFrame,
    gaps: Gaps,
    outliers: pl.DataFrame,
) -> list[dict[str, Any]]:
    """What the checks of one edition find, in the order of its pages: cells, tie-outs, printed tables, then what lies under them."""
    own, cells, ties = (frame.filter(pl.col("edition") == edition.id) for frame in (amounts, kpi_values, tie_outs))
    rows = [_of_cell(row) for row in cells.filter(pl.col("status").is_in(["blocked", "incomplete"])).iter_rows(named=True)]
    rows += [_of_tie_out(row) for row in ties.filter(pl.col("published").is_not_null() & pl.col("verdict").is_in(["differs", "not_computed", "blocked"])).iter_rows(named=True)]
    rows += printed_findings(table_checks.filter(pl.col("edition") == edition.id), edition)
    rows += uncovered_findings(edition, kpi_values)
    rows += label_findings(edition)
    rows += index_findings(edition, kpi_values)
    rows += target_findings(edition, kpi_values, sites)
    rows += list_findings(edition, own, cells)
    rows += unknown_words(edition, own, sites)
    rows += estimated_findings(edition, gaps, outliers)
    rows += estimated_heads_findings(edition, cells, gaps.estimates)
    rows += across_periods(edition, own, gaps.quantities)
    rows += stock_findings(_in_its_periods(own, edition))
    rows += _of_silence(own, sites, edition)
    return rows + _of_exclusions(own, edition)


def _in_its_periods(amounts: pl.DataFrame, edition: Edition) -> pl.DataFrame:
    """Those of the edition's own amounts that touch a period of it and are of a measure it needs."""
    meets = pl.any_horizontal(
        (pl.col("date").is_null() | (pl.col("date") <= item.last)) & (pl.col("until").is_null() | (pl.col("until") >= item.first)) for item in edition.rules.period
    )
    return amounts.filter(meets & pl.col("measure").is_in(list(needed_measures(edition))))


def _passed(check: str) -> dict[str, Any]:
    return {
        "check": check, "subject": CHECKS[check], "edition": "", "period": "", "severity": "note", "passed": True, "observed": "it holds", "expected": "it holds",
        "difference": None, "record_ids": "", "what_to_do": "Nothing.",
    }  # fmt: skip


_MENDS = {
    "file_stopped": "Mend the file or its _format.toml.", "unknown_meter": "Add the meter to data/raw/meters with its site and measure, or waive this finding in the edition.",
    "partial_days": "Ask for the readings that are missing, say as `tolerance` in _format.toml how many may be, or waive this finding in the edition.",
}  # fmt: skip
"""What to do about what no row can be sent back for, by the rule."""


def _of_rejected(group: pl.DataFrame, sites: Mapping[str, str]) -> dict[str, Any]:
    first = group.row(0, named=True)
    # A row about a person is mended in its own file, and which site it names is not said; a site that nobody knows can be sent nothing.
    site = None if group.select(of_people()).item(0, 0) or first["site_id"] not in sites else first["site_id"]
    sender = f"the site {site} ({sites[site]})" if site else f"the sender of {first['path']}"
    return {
        "check": "rejected_record", "subject": f"{first['path']}{', line ' + str(first['line']) if first['line'] else ''}", "id_subject": first["record_id"],
        "edition": "", "period": "", "severity": "error", "passed": False, "observed": " ".join(group["message"]), "expected": CHECKS["rejected_record"].lower(),
        "difference": None, "record_ids": first["record_id"],
        "what_to_do": _MENDS.get(first["rule"], f"Send the row back to {sender}, or waive this finding in the edition."),
    }  # fmt: skip


def flags_of(observations: pl.DataFrame, outliers: pl.DataFrame) -> pl.DataFrame:
    """What checks found about single records: `record_id`, `flag`."""
    failed = observations.filter(~pl.col("passed") & (pl.col("record_ids") != ""))
    seen = failed.select(pl.col("record_ids").str.split(";").alias("record_id"), pl.col("check").alias("flag")).explode("record_id", empty_as_null=True)
    return pl.concat([seen, outliers.select("record_id", "flag")])


def _of_outlier(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "check": row["flag"], "subject": f"{row['record_id']} '{row['column']}'", "id_subject": f"{row['record_id']} {row['column']}", "edition": "", "period": "",
        "severity": "warning", "passed": False, "observed": f"{row['observed']}, {row['ratio']} the usual", "expected": row["expected"], "difference": None,
        "record_ids": row["record_id"], "what_to_do": row["what_to_do"],
    }  # fmt: skip


def _of_problem(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "check": "missing_factor", "subject": row["subject"], "edition": row["edition"], "period": row["period"], "severity": "error", "passed": False,
        "observed": f"{row['amounts']} amounts: {row['message']}", "expected": CHECKS["missing_factor"].lower(), "difference": None, "record_ids": row["record_ids"],
        "what_to_do": "Add the factor to factors/, or a rule to the edition.",
    }  # fmt: skip


def _of_factor(source: str, text: str) -> dict[str, Any]:
    return {
        "check": "unreadable_factor", "subject": text, "edition": "", "period": "", "severity": "error", "passed": False, "observed": text,
        "expected": CHECKS["unreadable_factor"].lower(), "difference": None, "record_ids": "", "what_to_do": f"Mend the row in factors/{source}.csv.",
    }  # fmt: skip


def _cell(row: dict[str, Any]) -> str:
    return f"{row['kpi_id']} {row['breakdown']}={row['category']}"


def _of_cell(row: dict[str, Any]) -> dict[str, Any]:
    blocked = row["status"] == "blocked"
    return {
        "check": "kpi_blocked" if blocked else "kpi_incomplete", "subject": _cell(row), "edition": row["edition"], "period": row["period"],
        "severity": "error" if blocked else "warning", "passed": False, "observed": row["reason"] or "", "expected": "ok", "difference": None, "record_ids": "",
        "what_to_do": "Mend what the reason names, then run again.",
    }  # fmt: skip


_ABOUT_PRINT = {
    "open": "Trace it, then mend the data or explain it as [[known_difference]] with a proof.", "explained": "Nothing; it is explained.",
    "follows": "Mend what blocks the KPI; this goes with it.",
}  # fmt: skip


def _of_tie_out(row: dict[str, Any]) -> dict[str, Any]:
    computed = f"{row['computed']} {row['unit']}" if row["computed"] is not None else "not computed"
    # A blocked figure is a finding of its own, which says what to mend.
    state = "explained" if row["explained"] else "follows" if row["verdict"] == "blocked" else "open"
    return {
        "check": "tie_out", "subject": _cell(row), "edition": row["edition"], "period": row["period"], "severity": "warning" if row["explained"] else "error",
        "passed": False, "observed": f"{computed}. {row['explanation'] or 'No explanation is known.'}", "expected": f"printed {row['published']} {row['unit']}",
        "difference": None if row["difference"] is None else plain(row["difference"]), "record_ids": "",
        "what_to_do": _ABOUT_PRINT[state], "state": state,
    }  # fmt: skip


def _of_silence(amounts: pl.DataFrame, sites: pl.DataFrame, edition: Edition) -> list[dict[str, Any]]:
    """Sites that reported a measure in one period and nothing of it in the next, though they were still in the group. A site without an accident is no silence."""
    received = (pl.col("measure") == pl.col("origin")) & (pl.col("record_id") != "")
    counts = amounts.filter(received & pl.col("excluded").is_null() & pl.col("blocked").is_null())
    incidents = [measure.name for measure in people.DOMAIN.measures if measure.name not in ("employees", "training_hours")]
    told = counts.filter(~pl.col("measure").is_in(incidents)).select("site_id", "measure", "period").unique()
    rows = []
    for later, earlier in pairwise(edition.periods.values()):
        there = sites.filter(pl.col("valid_to").is_null() | (pl.col("valid_to") >= later.first)).select("site_id")
        before = told.filter(pl.col("period") == earlier.id).join(there, on="site_id", how="semi")
        silent = before.join(told.filter(pl.col("period") == later.id), on=["site_id", "measure"], how="anti").sort("measure", "site_id")
        for part in silent.partition_by("measure", maintain_order=True):
            names = part["site_id"].to_list()
            rows.append(
                {
                    "check": "fell_silent", "subject": part["measure"][0], "edition": edition.id, "period": later.id, "severity": "warning", "passed": False,
                    "observed": f"nothing from {len(names)} site{'s' if len(names) != 1 else ''} that reported it for {earlier.id}: {', '.join(names[:12])}{' …' if len(names) > 12 else ''}",
                    "expected": "records, or a site that has closed", "difference": None, "record_ids": "",
                    "what_to_do": "Ask the sites for their records, or confirm that there is nothing left to report.",
                }
            )  # fmt: skip
    return rows


def _of_exclusions(amounts: pl.DataFrame, edition: Edition) -> list[dict[str, Any]]:
    """How much each exclusion leaves out, in CO2e, per period; 'unknown' where no factor says."""
    rows = []
    co2e = amounts.filter((pl.col("measure") == derived.EMISSION_CO2E) & pl.col("excluded").is_not_null())
    total = {
        (row["excluded"], row["period"]): row["quantity"] for row in sums(co2e, ["excluded", "period"], "quantity").iter_rows(named=True)
    }
    for item in edition.rules.exclusion:
        for period in edition.periods:
            if item.periods and period not in item.periods:
                continue
            if (item.text, period) not in total:
                continue
            known = total[(item.text, period)]
            tonnes = None if known is None else Fraction(known) / 1000
            part = co2e.filter((pl.col("excluded") == item.text) & (pl.col("period") == period))
            at_least = "at least " if part["quantity"].null_count() else ""
            size = "an unknown amount" if tonnes is None else f"{at_least}{as_printed(tonnes, 2)} tCO2e by {edition.rules.gwp_set}"
            rows.append(
                {
                    "check": "exclusion", "subject": item.id, "edition": edition.id, "period": period, "severity": "note", "passed": False,
                    "observed": f"{size} left out: {item.text}", "expected": "declared, with its size", "difference": None if tonnes is None else plain(rounded(tonnes)),
                    "record_ids": "", "what_to_do": "Judge whether it is material.",
                }
            )  # fmt: skip
    return rows
