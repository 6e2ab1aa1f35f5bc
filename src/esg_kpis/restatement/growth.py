"""What of a KPI's change from one period to another, in one edition, is organic growth: of sites that did not exist before, or no longer exist.

Source: GHG Protocol Corporate Standard (2004), chapter 5: facilities that came into being after the base year had no emissions in it, so organic growth or decline never recalculates a
base year. A site that the group bought was there before: its life in the register begins earlier, and the register of ownership says when it came.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import polars as pl

from esg_kpis.assurance.lineage import lineage_of
from esg_kpis.domains import CONSOLIDATED, DOMAIN_OF
from esg_kpis.editions import Edition, Kpi, Period
from esg_kpis.editions.consolidation import consolidated_parts
from esg_kpis.errors import UsageProblem
from esg_kpis.kpis import Inputs
from esg_kpis.restatement.bridge import of_people
from esg_kpis.units import multiplier

KINDS: Mapping[str, str] = {
    "organic_opened": "sites that began after the earlier period",
    "organic_closed": "sites that ended before the later period",
    "structural": "sites of which the group consolidates another part than before",
    "like_for_like": "all other sites",
}
"""The parts of a change, in order; the first two are organic growth and decline."""


@dataclass(frozen=True)
class Growth:
    """A KPI in two periods of one edition, and what its sites did to the change.

    Attributes:
        unit: Unit of all numbers.
        before: The value of the earlier period.
        after: The value of the later one.
        parts: By kind what its sites did; together after less before.
        sites: By kind its sites that have a part in either value, the largest change first, each with its change.
    """

    unit: str
    before: Fraction
    after: Fraction
    parts: Mapping[str, Fraction]
    sites: Mapping[str, tuple[tuple[str, Fraction], ...]]

    @property
    def organic(self) -> Fraction:
        """Growth and decline of sites that came into being or ended."""
        return self.parts["organic_opened"] + self.parts["organic_closed"]


def growth_of(
    inputs: Inputs, edition_amounts: pl.DataFrame, amounts: pl.DataFrame, sites: pl.DataFrame, ownership: pl.DataFrame, kpi_values: pl.DataFrame, kpi_id: str, earlier: str, later: str
) -> Growth:  # fmt: skip
    """The change of one KPI from one period to another, split by what its sites are.

    Args:
        inputs: What the KPIs of the edition are made of.
        edition_amounts: Its amounts.
        amounts: All amounts before any edition: where the register gives no first day of a site, its first amount does.
        sites: The register.
        ownership: The register of ownership.
        kpi_values: The values of the run.
        kpi_id: A sum or count.
        earlier: Id of the earlier period.
        later: Id of the later one.

    Raises:
        UsageProblem: if there is no such KPI or period, the KPI is no sum, counts people, or has no value in one of the periods.
    """
    edition = inputs.edition
    kpi, before, after = edition.kpi_named(kpi_id), edition.period_named(earlier), edition.period_named(later)
    _check(kpi, edition, before, after)
    own = kpi_values.filter((pl.col("edition") == edition.id) & (pl.col("kpi_id") == kpi_id) & (pl.col("breakdown") == "total") & pl.col("period").is_in([earlier, later]))
    for period in (earlier, later):
        cell = own.filter(pl.col("period") == period)
        if cell.is_empty() or cell["value"][0] is None:
            raise UsageProblem(f"{kpi_id} has no value for {period} in edition {edition.id}.", mend="See `esg-kpis table`.")
    by_site = _by_site(lineage_of(inputs, edition_amounts, sites, own), kpi)
    kinds = _kinds({site for site, _ in by_site}, edition, amounts, sites, ownership, before, after)
    changes: dict[str, Fraction] = {}
    values = {earlier: Fraction(0), later: Fraction(0)}
    for (site, period), value in by_site.items():
        values[period] += value
        changes[site] = changes.get(site, Fraction(0)) + (value if period == later else -value)
    of_kind = {kind: sorted(((site, change) for site, change in changes.items() if kinds[site] == kind), key=lambda item: (-abs(item[1]), item[0])) for kind in KINDS}
    return Growth(kpi.unit, values[earlier], values[later], {kind: sum((change for _, change in found), Fraction(0)) for kind, found in of_kind.items()}, {kind: tuple(found) for kind, found in of_kind.items()})


def _check(kpi: Kpi, edition: Edition, before: Period, after: Period) -> None:
    if kpi.formula not in ("sum", "count"):
        raise UsageProblem(f"{kpi.id} is a {kpi.formula}, which has no parts by site.", mend=f"Ask for {kpi.numerator}{f' or {kpi.denominator}' if kpi.denominator else ''}.")
    if of_people(kpi.id, (edition,)):
        raise UsageProblem(f"{kpi.id} counts people, who are not told apart by site.", mend="Ask for a KPI of sites.")
    if before.last >= after.first:
        raise UsageProblem(f"The period {before.id} does not lie before {after.id}.", mend="Give the earlier one with --from.")


def _by_site(lineage: pl.DataFrame, kpi: Kpi) -> dict[tuple[str, str], Fraction]:
    found: dict[tuple[str, str], Fraction] = {}
    for site, period, quantity, times, unit in lineage.select("site_id", "period", "quantity", "times", "term_unit").iter_rows():
        key = (site or "", period)
        found[key] = found.get(key, Fraction(0)) + Fraction(quantity) * Fraction(times) * (1 if unit == kpi.unit else multiplier(unit, kpi.unit))
    return found


def _kinds(found: Iterable[str], edition: Edition, amounts: pl.DataFrame, sites: pl.DataFrame, ownership: pl.DataFrame, before: Period, after: Period) -> dict[str, str]:
    lives = _lives(amounts, sites)
    changed = _consolidated_otherwise(edition, sites, ownership, before, after)
    kinds = {}
    for site in found:
        first, last = lives.get(site, (None, None))
        if first is not None and first > before.last:
            kinds[site] = "organic_opened"
        elif last is not None and last < after.first:
            kinds[site] = "organic_closed"
        else:
            kinds[site] = "structural" if site in changed else "like_for_like"
    return kinds


def _lives(amounts: pl.DataFrame, sites: pl.DataFrame) -> dict[str, tuple[date | None, date | None]]:
    """First and last day of each site by the register; where it gives no first day, that of the first amount."""
    day = pl.coalesce(pl.col("date"), pl.col("month").str.to_date("%Y-%m", strict=False))
    first = dict(amounts.group_by("site_id").agg(day.min()).rows())
    return {site: (begins or first.get(site), ends) for site, begins, ends in sites.select("site_id", "valid_from", "valid_to").iter_rows()}


def _consolidated_otherwise(edition: Edition, sites: pl.DataFrame, ownership: pl.DataFrame, before: Period, after: Period) -> set[str]:
    """The sites of which another part counts on the last day of the later period than on that of the earlier one."""
    measure = next(name for name, domain in DOMAIN_OF.items() if domain in CONSOLIDATED)
    days = pl.DataFrame({"date": [before.last, after.last]})
    asked = sites.select("site_id").join(days, how="cross").with_columns(
        pl.lit("event").alias("nature"), pl.lit(measure).alias("measure"), pl.lit("").alias("record_id"), pl.lit("").alias("period"), pl.lit(None, dtype=pl.String()).alias("month"),
    )  # fmt: skip
    parts = asked.with_columns(consolidated_parts(asked, sites, ownership, edition).fill_null(1).alias("part"))
    return set(parts.group_by("site_id").agg(pl.col("part").n_unique().alias("parts")).filter(pl.col("parts") > 1)["site_id"])
