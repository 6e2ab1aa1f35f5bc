"""What KPIs make of attributes that domains give their records: words that fall into no category, records that lack what a KPI narrows by, and shares above the whole."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import polars as pl

from esg_kpis.domains import ATTRIBUTES, DOMAIN_OF, DOMAINS
from esg_kpis.editions import Edition, Kpi
from esg_kpis.editions.entry import NOT, Where, fits

Words = list[tuple[dict[str, str], int]]
"""Attributes of amounts, and how many amounts say just that."""
_WHOLE = Decimal(100)
_NAMED = {field.attribute: field.name for domain in DOMAINS.values() for field in domain.fields if field.attribute}


def list_findings(edition: Edition, amounts: pl.DataFrame, kpi_values: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Findings on KPIs that narrow amounts by attributes of domains, and on shares of more than 100 %.

    Args:
        edition: The edition.
        amounts: Its rows of `edition_amounts`.
        kpi_values: Its rows of `kpi_values`.
    """
    counting = amounts.filter(pl.col("excluded").is_null() & pl.col("blocked").is_null() & (pl.col("record_id") != "") & (pl.col("quantity") != 0))
    told = {measure: Counter(own["dimensions"].fill_null("").to_list()) for (measure,), own in counting.group_by("measure")}
    for kpi in edition.kpis.values():
        for item in kpi.amounts:
            words: Words = [(_attributes(text), count) for name in item.measure if name in DOMAIN_OF for text, count in told.get(name, Counter()).items()]
            yield from _unsaid(kpi, edition.id, item.where, words)
            yield from _unsorted(kpi, edition.id, item.where, words)
    shares = [name for name, kpi in edition.kpis.items() if kpi.formula == "share"]
    for row in kpi_values.filter(pl.col("kpi_id").is_in(shares) & (pl.col("value") > _WHOLE)).iter_rows(named=True):
        place = "" if row["breakdown"] == "total" else f" {row['breakdown']}={row['category']}"
        yield _row("share_above_whole", f"{row['kpi_id']}{place}", edition.id, row["period"], f"{row['printed']} %", "at most 100 %", "Look whether part and whole are of the same things and days, and at their units.")


def _attributes(text: str) -> dict[str, str]:
    return {name: value for name, _, value in (part.partition("=") for part in text.split(";"))}


def _taken(words: Words, where: Where, beside: str) -> Words:
    """What a selection takes, as far as attributes of domains other than `beside` narrow it."""
    narrowing = {_NAMED[name]: values for name, values in where.items() if name in ATTRIBUTES and name != beside}
    return [(said, count) for said, count in words if all(fits(said.get(name, ""), values) for name, values in narrowing.items())]


def _unsaid(kpi: Kpi, edition: str, where: Where, words: Words) -> Iterator[dict[str, Any]]:
    """Amounts that do not say what the KPI narrows by, so that they count in none of its cells."""
    asked = {name for name in where if name in ATTRIBUTES} | {name for spread in kpi.breakdowns for category in spread.categories.values() for name in category if name in ATTRIBUTES}
    for name in sorted(asked):
        silent = sum(count for said, count in _taken(words, where, name) if not said.get(_NAMED[name]))
        if silent:
            yield _row("unknown_word", f"{kpi.id} {name}", edition, "", f"{silent} amounts do not say it", f"{name} in every record, since the KPI narrows by it", "Ask for it, or take the narrowing out of kpis.yaml.")


def _unsorted(kpi: Kpi, edition: str, where: Where, words: Words) -> Iterator[dict[str, Any]]:
    """Words in the data that a breakdown by one attribute sorts into no category, though the KPI takes them."""
    for spread in kpi.breakdowns:
        names = {name for category in spread.categories.values() for name in category}
        if spread.each or len(names) != 1 or (name := names.pop()) not in ATTRIBUTES:
            continue
        there = {said.get(_NAMED[name], "") for said, _ in _taken(words, where, "")} - {""}
        left = [word for word in sorted(there) if not any(fits(word, category[name]) for category in spread.categories.values())]
        known = {value.removeprefix(NOT) for category in spread.categories.values() for value in category[name]}
        if left:
            yield _row("unknown_word", f"{kpi.id} {spread.name}", edition, "", f"in no category: {', '.join(left[:12])}", f"one of {', '.join(sorted(known)[:12])}", "Spell it as the category asks, or give it a category.")


def _row(check: str, subject: str, edition: str, period: str, seen: str, expected: str, what_to_do: str) -> dict[str, Any]:
    return {
        "check": check, "subject": subject, "edition": edition, "period": period, "severity": "warning", "passed": False, "observed": seen, "expected": expected,
        "difference": None, "record_ids": "", "what_to_do": what_to_do,
    }  # fmt: skip
