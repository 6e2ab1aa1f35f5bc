"""Lenses: the same records seen by another GWP set, other factor rules, another method of Scope 2, boundary or knowledge date, side by side with the edition.

A lens changes nothing that is published: it answers how much a choice matters (ISO 14064-1:2018, clause 8.3; GHG Protocol Corporate Standard, 2004, chapter 5).
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import polars as pl
from pydantic import ValidationError

from esg_kpis.assurance.trace import leaves
from esg_kpis.domains import DOMAIN_OF, DOMAINS, derived
from esg_kpis.editions import Edition, EditionFile, Kpi, Lens
from esg_kpis.errors import InputProblem, near_misses
from esg_kpis.exact import rounded
from esg_kpis.factors import Library, Received, counted_in, with_instruments
from esg_kpis.ingest.declared import problems_of
from esg_kpis.kpis import evaluate, inputs_of
from esg_kpis.tables import LENSES, conform, empty


def lenses_of(edition: Edition, editions: Iterable[Edition], received: Received, library: Library, known_on: date, kpi_values: pl.DataFrame, published: pl.DataFrame) -> pl.DataFrame:
    """Every lens of an edition, cell by cell. KPIs about people are left out: no lens changes them.

    Args:
        edition: The edition with its lenses.
        editions: The others, whose rules a lens may borrow.
        received: What was received.
        library: The factors.
        known_on: The knowledge date in force for the edition.
        kpi_values: The edition's own values.
        published: What it printed, for the decimals.

    Columns: as `lenses` in the data dictionary.
    """
    others = {item.id: item for item in editions}
    frames = [through(item, edition, others, received, library, known_on, kpi_values, published) for item in edition.rules.lens]
    return pl.concat(frames) if frames else empty(LENSES)


def through(
    lens: Lens, edition: Edition, editions: dict[str, Edition], received: Received, library: Library, known_on: date, kpi_values: pl.DataFrame, published: pl.DataFrame
) -> pl.DataFrame:  # fmt: skip
    """One lens, cell by cell, as `lenses_of`."""
    seen = seen_through(lens, edition, editions)
    sets = sorted({factor.gwp_set for factor in library.factors if factor.measure == derived.EMISSION_GAS and factor.gwp_set})
    if seen.rules.gwp_set not in sets:
        raise InputProblem(f"There is no GWP set '{seen.rules.gwp_set}'.", where=f"lens {lens.id}", mend=f"The library has: {', '.join(sets)}.")
    day = lens.knowledge_date or known_on
    counted = counted_in(received, seen, library, day).tables["edition_amounts"]
    inputs = inputs_of(counted, received.sites, with_instruments(library, received.instruments), seen, day)
    values = evaluate(inputs, published.filter(pl.col("edition") == edition.id))
    key = list(LENSES.key[2:])
    compared = [kpi.id for kpi in edition.kpis.values() if not _of_people(kpi, edition)]
    own = kpi_values.filter((pl.col("edition") == edition.id) & pl.col("kpi_id").is_in(compared)).select(*key, "unit", "value", "status")
    other = values.filter(pl.col("kpi_id").is_in(compared)).select(*key, pl.col("unit").alias("lens_unit"), pl.col("value").alias("lens_value"), pl.col("status").alias("lens_status"), "reason")
    rows = [_row(row, edition, lens) for row in own.join(other, on=key, how="full", coalesce=True).iter_rows(named=True)]
    return conform(pl.DataFrame(rows, schema=LENSES.schema), LENSES)


def seen_through(lens: Lens, edition: Edition, editions: dict[str, Edition]) -> Edition:
    """The edition with what the lens replaces.

    Raises:
        InputProblem: if it borrows from an edition that is not there, or what comes out contradicts itself.
    """
    where, rules = f"edition.toml, lens {lens.id}", edition.rules
    changes: dict[str, Any] = {name: value for name in ("gwp_set", "methane", "consolidation", "scope_2_total") if (value := getattr(lens, name)) is not None}
    if lens.gwp_set is not None and lens.methane is None:
        changes["methane"] = "by_origin" if lens.gwp_set == "AR6" else "one_value"
    if lens.factor_rules_of is not None and lens.factor_rules_of not in editions:
        raise InputProblem(f"There is no edition '{lens.factor_rules_of}'.", where=where, mend=near_misses(lens.factor_rules_of, editions) or "Give the id of another edition.")
    base = editions[lens.factor_rules_of].rules.factor_rule if lens.factor_rules_of is not None else rules.factor_rule
    known = set(edition.periods)
    fitting = [rule for rule in base if not rule.applies_to or known & set(rule.applies_to)]
    kept = [rule.model_copy(update={"applies_to": tuple(name for name in rule.applies_to if name in known)}) for rule in fitting if rule.id not in lens.without_rules]
    changes |= {"factor_rule": (*lens.factor_rule, *kept), "exclusion": tuple(item for item in rules.exclusion if item.id not in lens.without_exclusions), "lens": ()}
    boundaries = lens.boundary or rules.boundary
    changes["boundary"] = tuple(item.model_copy(update={"where": _both(item.where, lens.where, where)}) for item in boundaries)
    try:
        seen = EditionFile.model_validate({**rules.model_dump(), **{name: _plain(value) for name, value in changes.items()}})
    except ValidationError as error:
        raise InputProblem(f"{problems_of(error).removeprefix('file: ')}.", where=where, mend="See docs/editions.md.") from error
    return replace(edition, rules=seen)


def _plain(value: Any) -> Any:  # noqa: ANN401
    return [item.model_dump() for item in value] if isinstance(value, tuple) else value


def _both(own: dict[str, list[str]], more: dict[str, list[str]], where: str) -> dict[str, list[str]]:
    """Sites inside both."""
    for name in own.keys() & more.keys():
        raise InputProblem(f"The edition's boundary names '{name}' too.", where=where, mend="Write whole boundaries in the lens: [[lens.boundary]].")
    return {**own, **more}


def _of_people(kpi: Kpi, edition: Edition) -> bool:
    """Whether a KPI is about people only."""
    counted = {name for name, domain in DOMAIN_OF.items() if DOMAINS[domain].counted}
    return all(measure in counted for leaf, _ in leaves(kpi, edition) for item in leaf.amounts for measure in item.measure)


def _row(row: dict[str, Any], edition: Edition, lens: Lens) -> dict[str, Any]:
    own, other = row["value"], row["lens_value"]
    both = own is not None and other is not None
    difference = Fraction(other) - Fraction(own) if both else None
    return {
        **row, "reason": row["reason"] or (None if row["lens_status"] else "nothing of it counts through the lens"), "edition": edition.id, "lens": lens.id, "unit": row["unit"] or row["lens_unit"], "status": row["status"] or "not_collected", "lens_status": row["lens_status"] or "not_collected",
        "difference": None if difference is None else rounded(difference), "percent": rounded(100 * difference / Fraction(own)) if difference is not None and own else None,
    }  # fmt: skip
