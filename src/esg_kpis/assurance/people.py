"""Whether heads add up: openings and movements to closings, and categories to the whole."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import polars as pl

from esg_kpis.assurance.withheld import PER_HEAD, tells_heads
from esg_kpis.domains import people
from esg_kpis.editions import Edition
from esg_kpis.editions.entry import NOT
from esg_kpis.errors import near_misses
from esg_kpis.exact import plain, printed, rounded


def roll_forward_findings(headcount: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """A finding per dimension and range of days in which the heads counted do not close."""
    for row in headcount.filter(pl.col("gap") != 0).iter_rows(named=True):
        ways = "opening {opening} - {left_at_open} + joined {joined} + in {transferred_in} - out {transferred_out} - left {left} + {left_at_close}"
        yield _row(
            "roll_forward", f"{row['dimension']} {row['category']}, {row['employment_type']}, {row['first']} to {row['last']}", "", "", "error",
            f"{ways.format(**row)} is {row['gap']} more than closing {row['closing']}", "a closing that its movements explain", str(row["gap"]),
            "Look for spells that overlap or snapshots without their movements.",
        )  # fmt: skip


def uncovered_findings(edition: Edition, kpi_values: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """A finding per breakdown of shares of a whole that do not add up to 100 %: somebody is in none of its categories, or in two."""
    for kpi in edition.kpis.values():
        if kpi.formula != "share" or kpi.numerator != kpi.denominator or kpi.denominator_within != ():
            continue
        own = kpi_values.filter((pl.col("edition") == edition.id) & (pl.col("kpi_id") == kpi.id))
        for (period, breakdown), part in own.group_by("period", "breakdown", maintain_order=True):
            if part["value"].null_count():
                continue
            total = sum((Fraction(value) for value in part["value"]), Fraction(0))
            if abs(total - 100) > Fraction(1, 10**12):
                yield _row(
                    "uncovered", f"{kpi.id} {breakdown}", edition.id, str(period), "warning", f"its categories add up to {printed(total, 4)} %", "100 %",
                    plain(rounded(total - 100)), "Add the values that no category names to kpis.yaml, or ask for what is not stated.",
                )  # fmt: skip


def estimated_heads_findings(edition: Edition, kpi_values: pl.DataFrame, estimates: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """A finding per measure and period that is estimated per head beside hidden figures about people: what is printed less the bills is heads times a rate.

    No site of fewer than k persons is estimated so, and no estimate is told outside; but who sees the bills and the total can work out how many the others are, and what is left.
    """
    if edition.id not in tells_heads(estimates, kpi_values):
        return
    own = estimates.filter((pl.col("edition") == edition.id) & (pl.col("method") == PER_HEAD))
    for measure, period in own.select("measure", "period").unique().sort("measure", "period").iter_rows():
        yield _row(
            "estimated_heads", measure, edition.id, period, "warning", "estimated by heads beside figures about people that are left out", "an estimate that tells nothing of people", "",
            "Estimate it by floor area or by last year's months in edition.toml, or give the bills (the report site, a pack) only to those who may see how many work at each site.",
        )  # fmt: skip


def unknown_words(edition: Edition, amounts: pl.DataFrame, sites: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """A finding per value that a KPI asks of people and that is no word of ours and of nobody in the data; and per country left out in which nobody is."""
    counted = amounts.filter(pl.col("measure").is_in([measure.name for measure in people.DOMAIN.measures]))
    if counted.is_empty():
        return
    occurring: dict[str, set[str]] = {"country": {*sites["country"].drop_nulls()}}
    for text in counted["dimensions"].unique():
        for part in (text or "").split(";"):
            name, _, value = part.partition("=")
            occurring.setdefault(name, set()).add(value)
    for kpi in edition.kpis.values():
        asked = [where for item in kpi.amounts for where in [item.where]] + [where for spread in kpi.breakdowns for where in spread.categories.values()]
        for name, value in sorted({(name, value) for where in asked for name, values in where.items() for value in values}):
            word = value.removeprefix(NOT)
            if name not in people.ATTRIBUTES or word in occurring.get(name, ()) or word in people.WORDS.get(name, ()):
                continue
            if name == "country" and not value.startswith(NOT):
                continue
            known = sorted({*occurring.get(name, ()), *people.WORDS.get(name, ())})
            yield _row(
                "unknown_word", f"{kpi.id} {name} '{value}'", edition.id, "", "warning", "nobody in the data is that, and it is none of our words", "a value that occurs", "",
                near_misses(word, known) or f"Known: {', '.join(known[:20])}.",
            )  # fmt: skip


def _row(check: str, subject: str, edition: str, period: str, severity: str, seen: str, expected: str, difference: str, what_to_do: str) -> dict[str, Any]:
    return {
        "check": check, "subject": subject, "edition": edition, "period": period, "severity": severity, "passed": False, "observed": seen, "expected": expected,
        "difference": difference, "record_ids": "", "what_to_do": what_to_do,
    }  # fmt: skip
