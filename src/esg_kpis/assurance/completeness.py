"""Findings of completeness: gaps, estimates, and records that lie across the end of a period."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import polars as pl

from esg_kpis.editions import Edition
from esg_kpis.exact import plain, printed, sums
from esg_kpis.ranges import months_in_words

_OUTSIDE = "outside the periods of this edition"


@dataclass(frozen=True)
class Gaps:
    """What findings of completeness look at: `coverage`, `coverage_summary`, `estimates` and `quantities`, as in the data dictionary, and `Coverage.meters`."""

    coverage: pl.DataFrame
    summary: pl.DataFrame
    estimates: pl.DataFrame
    quantities: pl.DataFrame
    meters: pl.DataFrame


def stray_findings(gaps: Gaps) -> list[dict[str, Any]]:
    """One finding per site and measure with records of meters that the register does not name, though it names others: a meter that is missed may be meant."""
    rows = []
    strays = gaps.meters.filter("stray").sort("measure", "site_id", "meter_id", "month")
    for part in strays.partition_by("measure", "site_id", maintain_order=True):
        names = [name or "no meter" for name in part["meter_id"].unique(maintain_order=True)]
        rows.append(
            {
                "check": "unknown_meter", "subject": f"{part['measure'][0]} at {part['site_id'][0]}", "edition": "", "period": "", "severity": "warning", "passed": False,
                "observed": f"records of {_named(names)} in {part['month'].n_unique()} months: {_named(part['month'].unique().sort().to_list())}",
                "expected": "a meter of the register", "difference": None, "record_ids": "",
                "what_to_do": "Add the meter to data/raw/meters, or mend its name. The quantities count; what the site misses in these months is not estimated.",
            }
        )  # fmt: skip
    return rows


def gap_findings(gaps: Gaps) -> list[dict[str, Any]]:
    """One finding per measure with days that no record covers: a warning where the register expects them. A season without heating may be a gap between records, so a person judges."""
    rows = []
    for part in gaps.coverage.filter(pl.col("missing") > 0).sort("measure", "site_id", "month").partition_by("measure", maintain_order=True):
        measure = part["measure"][0]
        at = [f"{site} ({months_in_words(own['month'])})" for (site,), own in part.group_by("site_id", maintain_order=True)]
        registered = part.filter(pl.col("basis") == "register").height
        by = ", ".join(f"{count} by the {words}" for count, words in ((registered, "register of meters"), (part.height - registered, "span of their records")) if count)
        rows.append(
            {
                "check": "coverage_gap", "subject": measure, "edition": "", "period": "", "severity": "warning" if registered else "note", "passed": False,
                "observed": f"{part['missing'].sum()} days missing in {part.height} site month{'s' if part.height > 1 else ''}, at {_named(at)}; expected {by}{_shares(measure, gaps.summary)}",
                "expected": "no day missing, unless nothing was used", "difference": None, "record_ids": "",
                "what_to_do": "See coverage.csv and coverage_summary.csv; ask for the bills, confirm that nothing was used, or let the edition estimate by an [[estimate]].",
            }
        )  # fmt: skip
    return rows


def _shares(measure: str, summary: pl.DataFrame) -> str:
    """Which share came, by quantity, of each period of each edition that is not complete."""
    short = summary.filter((pl.col("measure") == measure) & (pl.col("site_months_missing") + pl.col("site_months_estimated") > 0)).sort("edition", "period")
    told = [
        f"{printed(Fraction(share) * 100, 1)} % of {period} in edition {edition}" if share is not None else f"an unknown share of {period} in edition {edition}"
        for edition, period, share in short.select("edition", "period", "share_received").iter_rows()
    ]
    return f"; received by quantity: {', '.join(told)}" if told else ""


def estimated_findings(edition: Edition, gaps: Gaps, outliers: pl.DataFrame) -> list[dict[str, Any]]:
    """One finding per measure and period with estimates: how much, which share, by which methods. A warning above the edition's limit, or where one rests on a record that is flagged."""
    limit = Fraction(edition.rules.incomplete_above)
    rows = []
    summary = gaps.summary.filter((pl.col("edition") == edition.id) & (pl.col("site_months_estimated") + pl.col("site_months_missing") > 0))
    for cell in summary.sort("measure", "period").iter_rows(named=True):
        own = gaps.estimates.filter((pl.col("edition") == edition.id) & (pl.col("measure") == cell["measure"]) & (pl.col("period") == cell["period"]))
        if own.is_empty():
            continue
        size = sums(own.with_columns(pl.col("quantity").abs()), ["measure"], "quantity")["quantity"][0]
        whole = Fraction(size) + abs(Fraction(cell["quantity_received"]))
        share = Fraction(size) / whole if whole else Fraction(0)
        doubtful = _resting_on(own, outliers)
        beside = f"; some rest on {_count(len(doubtful), 'record')} flagged as unit_slip or outlier" if doubtful else ""
        methods = ", ".join(f"{method} ({count})" for method, count in own.group_by("method").len().sort("method").iter_rows())
        rows.append(
            {
                "check": "estimated", "subject": cell["measure"], "edition": edition.id, "period": cell["period"], "severity": "warning" if share > limit or doubtful else "note", "passed": False,
                "observed": f"{plain(cell['quantity_estimated'])} {cell['unit']}, {printed(share * 100, 1)} % of received and estimated, in {own.height} gaps at "
                f"{_named(own['site_id'].unique().sort().to_list())}, by {methods}{beside}",
                "expected": f"bills, or estimates of at most {printed(limit * 100, 1)} %", "difference": plain(cell["quantity_estimated"]), "record_ids": ";".join(doubtful),
                "what_to_do": "Look at the flagged records first: if they are wrong, so is the estimate. " * bool(doubtful) + "See estimates.csv for the basis of each; put bills in their place when they come.",
            }
        )  # fmt: skip
    return rows


def _resting_on(estimates: pl.DataFrame, outliers: pl.DataFrame) -> list[str]:
    """The flagged records among those that some estimates rest on. The id of a received amount begins with its record's."""
    basis = {name for ids in estimates["basis_amount_ids"] for name in ids.split(";") if name}
    return sorted(record for record in outliers["record_id"].unique() if any(name.startswith(f"{record}:") for name in basis))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"


def across_periods(edition: Edition, amounts: pl.DataFrame, quantities: pl.DataFrame) -> list[dict[str, Any]]:
    """One note per record that counts in more than one period, or in one and outside of all: the days and the quantity on each side, bills apportioned by day."""
    received = (pl.col("nature") == "flow") & (pl.col("measure") == pl.col("origin")) & (pl.col("record_id") != "") & pl.col("month").is_not_null()
    placed = amounts.filter(received & (pl.col("excluded").is_null() | (pl.col("excluded") == _OUTSIDE)))
    by = ["record_id", "measure"]
    split = placed.group_by(by).agg(pl.col("period").n_unique().alias("sides")).filter(pl.col("sides") > 1)
    days = quantities.filter(pl.col("nature") == "flow").select(*by, "start", "end").unique(by, keep="first", maintain_order=True)
    parts = sums(placed.join(split, on=by, how="semi"), ["record_id", "site_id", "measure", "unit", "period"], "quantity").join(days, on=by)
    rows = []
    for part in parts.sort("record_id", "measure", "period").partition_by("record_id", maintain_order=True):
        first = part.row(0, named=True)
        several = part["measure"].n_unique() > 1
        told = [_side(row, edition, several=several) for row in sorted(part.iter_rows(named=True), key=lambda row: (row["measure"], row["period"] == "", row["period"]))]
        rows.append(
            {
                "check": "across_periods", "subject": f"{', '.join(part['measure'].unique().sort())} at {first['site_id']}, {first['start']} to {first['end']}",
                "id_subject": first["record_id"], "edition": edition.id, "period": "", "severity": "note", "passed": False, "observed": "; ".join(told),
                "expected": "one period, or a share of each by days", "difference": None, "record_ids": first["record_id"],
                "what_to_do": "Nothing, unless the use differed much between the days on both sides; a meter reading at the period's end would tell.",
            }
        )  # fmt: skip
    return rows


def _side(row: dict[str, Any], edition: Edition, *, several: bool) -> str:
    """One side in words. What lies outside of every period is what the periods leave of the days."""
    whole = (row["end"] - row["start"]).days + 1
    inside = {
        period.id: max(0, (min(row["end"], period.last) - max(row["start"], period.first)).days + 1) for period in edition.rules.period
    }
    days = inside[row["period"]] if row["period"] else whole - sum(inside.values())
    name = f"{row['measure']} " if several else ""
    return f"{name}{row['period'] or 'outside'}: {days} of {whole} days, {plain(row['quantity'])} {row['unit']}"


def _named(names: list[str]) -> str:
    return f"{', '.join(names[:12])}{' …' if len(names) > 12 else ''}"
