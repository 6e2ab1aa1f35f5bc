"""An edition's amounts, added up by all that their uncertainty depends on: what a KPI may ask for, whose error they share, how good they are, and the factors they went through."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import polars as pl

from esg_kpis.assurance.propagation import Activity
from esg_kpis.assurance.ways import with_ways
from esg_kpis.domains import DOMAINS
from esg_kpis.editions import Edition, Kpi
from esg_kpis.editions.uncertainty import Uncertainty
from esg_kpis.exact import sums
from esg_kpis.kpis import CUBE, selected, stands_in, with_attributes, with_sites

COUNTED = [measure.name for domain in DOMAINS.values() if domain.counted for measure in domain.measures]
_LOT = [*CUBE, "source", "quality", "way"]
_ACTIVITY = ["source", "quality", "entry"]


@dataclass(frozen=True)
class Lots:
    """Per period one frame, whose `activity` is a number in `activities`; and what was selected of them so far."""

    by_period: dict[str, pl.DataFrame]
    activities: Sequence[Activity]
    chosen: dict[tuple[object, ...], pl.DataFrame] = field(default_factory=dict)

    def of(self, kpi: Kpi, period: str, names: Sequence[str]) -> pl.DataFrame:
        """What a sum adds up in a period, before a category narrows it by the attributes `names`."""
        key = (kpi.id, period, tuple(names))
        if key not in self.chosen:
            self.chosen[key] = pl.concat([selected(self.by_period[period], item, names) for item in kpi.amounts])
        return self.chosen[key]


def lots_of(amounts: pl.DataFrame, quantities: pl.DataFrame, estimates: pl.DataFrame, sites: pl.DataFrame, edition: Edition, same: Mapping[str, str]) -> Lots:
    """The amounts of an edition that count and have a quantity, in lots.

    Whose error an amount shares says `source`: its meter, as its record or its estimate names it; without one, all that the site sends of the measure; of people, all that is counted.

    Args:
        amounts: All amounts of the edition, with their quality.
        quantities: What records say.
        estimates: Gaps filled.
        sites: The register of sites.
        edition: The edition.
        same: Factors that are another one with the other sign, to that one: their error is the same.
    """
    counting = amounts.filter(pl.col("excluded").is_null() & pl.col("blocked").is_null() & pl.col("quantity").is_not_null() & ~stands_in())
    walked = with_ways(_asked(counting, edition), amounts).with_columns(pl.col("way").str.replace_many(list(same), list(same.values())) if same else pl.col("way"))
    of_records = quantities.filter(pl.col("meter_id").is_not_null()).group_by("record_id", pl.col("measure").alias("origin")).agg(
        pl.col("meter_id").unique().sort().str.join(" and ")
    )  # fmt: skip
    of_estimates = estimates.filter(pl.col("edition") == edition.id).select(pl.col("amount_id").alias("root"), pl.col("meter_id").alias("gap_of"))
    joined = walked.join(of_records, on=["record_id", "origin"], how="left").join(of_estimates, on="root", how="left")
    named = with_sites(joined, sites).with_columns(_source().alias("source")).with_columns(pl.col(CUBE).fill_null(""))
    added = sums(named, _LOT, "quantity").with_columns(_entry(edition).alias("entry"), pl.lit(None, dtype=pl.String()).alias("blocked"))
    known = added.select(_ACTIVITY).unique().sort(_ACTIVITY).with_row_index("activity")
    lots = with_attributes(added.join(known, on=_ACTIVITY, how="left", nulls_equal=True)).sort(_LOT)
    entries = edition.rules.uncertainty
    activities = [
        Activity(source, quality, None if entry is None else Fraction(entries[entry].percent)) for source, quality, entry in known.select(_ACTIVITY).iter_rows()
    ]
    return Lots({period: lots.filter(pl.col("period") == period) for period in edition.periods}, activities)


def _asked(amounts: pl.DataFrame, edition: Edition) -> pl.DataFrame:
    """Only the measures that KPIs add up; people are most of the rows, and may not be among them."""
    wanted = {name for kpi in edition.kpis.values() for item in kpi.amounts for name in item.measure}
    return amounts.filter(pl.col("measure").is_in(sorted(wanted)))


def _source() -> pl.Expr:
    meter = pl.coalesce("meter_id", "gap_of")
    at_site = pl.lit("at site ") + pl.col("site_id")
    return (
        pl.when(pl.col("origin").is_in(COUNTED))
        .then(pl.lit("count of ") + pl.col("origin"))
        .when(meter.is_not_null())
        .then(pl.concat_str(pl.lit("meter "), meter, pl.lit(" "), at_site.fill_null("of no site"), pl.lit(", "), "origin"))
        .otherwise(pl.concat_str("origin", pl.lit(" "), at_site.fill_null("of no site")))
    )


def _entry(edition: Edition) -> pl.Expr:
    """The number of the first [[uncertainty]] that speaks of the activity; null where none does."""
    found = pl.lit(None, dtype=pl.Int64())
    for number, item in reversed(list(enumerate(edition.rules.uncertainty))):
        if not item.of_factors:
            found = pl.when(_fits(item)).then(pl.lit(number, dtype=pl.Int64())).otherwise(found)
    return found


def _fits(item: Uncertainty) -> pl.Expr:
    conditions = [pl.col("origin").is_in(item.measures)]
    conditions += [pl.col(name).is_in(values) for name, values in (("quality", item.quality), ("period", item.periods)) if values]
    conditions += [pl.col(name).is_in(values) for name, values in item.where.items()]
    return pl.all_horizontal(conditions)
