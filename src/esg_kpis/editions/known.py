"""What the estimates of an edition may rest on: months received in full, floor areas and heads."""

from collections.abc import Mapping
from datetime import date
from functools import cache

import polars as pl

from esg_kpis.amounts.coverage import METER, Coverage
from esg_kpis.amounts.estimates import OF_SITES, Amount, Known
from esg_kpis.domains import MEASURES
from esg_kpis.domains.people import CROSSED
from esg_kpis.editions.model import Edition
from esg_kpis.exact import sums

_MONTH = ["site_id", "measure", "month"]


def known_of(
    seen: pl.DataFrame, amounts: pl.DataFrame, coverage: Coverage, doubtful: pl.DataFrame, strays: pl.DataFrame, sites: pl.DataFrame, edition: Edition
) -> Known:
    """What was received in full of the measures that an edition estimates.

    A month of a meter is known in full when records cover every day of it, whether the edition reports on it or not, and no rejected record may belong to it. A site is
    known in full when every day of it was expected and came of all its meters, no rejected record may belong to it, the edition counts it, and no record of it stands under a meter that the register does not name.

    Args:
        seen: The amounts as the edition sees them.
        amounts: All amounts before any edition.
        coverage: What was expected and what came.
        doubtful: Site months that a rejected record may belong to.
        strays: Site months with records of meters that the register does not name.
        sites: The register of sites.
        edition: The edition.
    """
    measures = sorted({name for rule in edition.rules.estimate for name in rule.measures})
    of_measures = pl.col("measure").is_in(measures)
    # Only meters with gaps rest on their own months, and only whole sites on those of others.
    gaping = coverage.meters.filter(of_measures & (pl.col("missing") > 0)).select(METER).unique()
    by_peers = any(rule.method in OF_SITES for rule in edition.rules.estimate)
    sure = coverage.meters.join(gaping, on=METER, how="semi").filter(of_measures & (pl.col("covered") == pl.col("days")) & pl.col("quantity").is_not_null())
    months: dict[tuple[str, str, str], dict[str, Amount]] = {}
    for site, measure, meter, month, quantity, ids in (
        sure.join(doubtful, on=_MONTH, how="anti").select(*METER, "month", "quantity", "amount_ids").iter_rows()
    ):
        months.setdefault((site, measure, meter), {})[month] = Amount(quantity, tuple(ids.split(";")))
    first = pl.concat_str("month", pl.lit("-01")).str.to_date("%Y-%m-%d")
    full = coverage.sites.filter(of_measures & (pl.col("missing") == 0) & (pl.col("expected") == first.dt.days_in_month()))
    full = full.join(pl.concat([doubtful, strays]), on=_MONTH, how="anti")
    counting = seen.filter(
        pl.lit(by_peers) & of_measures & pl.col("excluded").is_null() & pl.col("blocked").is_null() & pl.col("estimate_method").is_null() & (pl.col("nature") == "flow")
    ).join(full, on=_MONTH, how="semi")
    by_site: dict[tuple[str, str], dict[str, Amount]] = {}
    for (site, measure, month), amount in _added(counting, _MONTH):
        by_site.setdefault((measure, month), {})[site] = amount
    likes = {
        site: (kind, climate) for site, kind, climate in sites.select("site_id", "kind", "climate").iter_rows() if kind is not None and climate is not None
    }
    units = {name: MEASURES[name].unit for name in measures}
    areas, heads = _stocks(amounts, "floor_area"), _stocks(amounts, "employees")

    @cache
    def areas_on(day: date) -> Mapping[str, Amount]:
        holding = (pl.col("date").is_null() | (pl.col("date") <= day)) & (pl.col("until").is_null() | (pl.col("until") >= day))
        return _by_site(areas.filter(holding))

    @cache
    def heads_on(day: date) -> Mapping[str, Amount]:
        # Each cross of attributes counts everybody once: only what every count keeps apart may stand beside the site.
        crossed = pl.any_horizontal(pl.col("dimensions").str.contains(rf"(?:^|;){name}=") for name in CROSSED)
        return _by_site(heads.filter((pl.col("date") == day) & ~crossed))

    return Known(months, by_site, likes, areas_on, heads_on, edition.rules.small_groups.k, units)


def _stocks(amounts: pl.DataFrame, measure: str) -> pl.DataFrame:
    return amounts.filter((pl.col("measure") == measure) & pl.col("excluded").is_null() & pl.col("site_id").is_not_null())


def _by_site(amounts: pl.DataFrame) -> dict[str, Amount]:
    return {site: amount for (site,), amount in _added(amounts, ["site_id"])}


def _added(amounts: pl.DataFrame, by: list[str]) -> list[tuple[tuple[str, ...], Amount]]:
    """Quantities added up per group, with the ids of their amounts."""
    ids = amounts.group_by(by).agg(pl.col("amount_id").sort())
    return [(row[:-2], Amount(row[-2], tuple(row[-1]))) for row in sums(amounts, by, "quantity").join(ids, on=by).iter_rows()]
