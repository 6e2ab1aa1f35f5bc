"""How much of a site's amounts an edition consolidates: by control wholly or not, by equity the share that is owned, each by the days on which it held.

Source: GHG Protocol Corporate Standard (2004), chapter 3; chapter 5 for sites that join, leave or change within a year.
"""

from calendar import monthrange
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction

import polars as pl

from esg_kpis.amounts.build import with_ids
from esg_kpis.domains import CONSOLIDATED, DOMAIN_OF
from esg_kpis.editions.model import Edition
from esg_kpis.exact import PRODUCT, PRODUCT_SCALE, as_decimal, product
from esg_kpis.tables import AMOUNTS

CONTROL = {"operational_control": ("operational", "both"), "financial_control": ("financial", "both")}
BY_SHARE = [name for name, domain in DOMAIN_OF.items() if domain in CONSOLIDATED]
"""Measures of which a share of a site may count; of others, such as people, all does or nothing."""
IN_PART = "not consolidated by "
"""How the reason begins of what is left out of an amount that counts in part."""
_SPAN = tuple[date, date, Fraction]


def consolidated_parts(amounts: pl.DataFrame, sites: pl.DataFrame, ownership: pl.DataFrame, edition: Edition, days: pl.DataFrame | None = None) -> pl.Series:
    """The part of each amount that the edition consolidates, 0 to 1: null where it is all of it, as at most sites.

    A flow counts by the days of its month that its record tells of (`days`: `record_id`, `measure`, `start`, `end`; all of the month where that is not known), an event by its day, a stock by the last day of the period. Of amounts without a site, and of domains that no share touches, nothing is cut.
    """
    spans = _spans(sites, ownership, edition)
    if not spans or amounts.is_empty():
        return pl.repeat(None, amounts.height, dtype=PRODUCT, eager=True).alias("part")
    ends = {period.id: period.last for period in edition.rules.period}
    at = pl.when(pl.col("nature") == "stock").then(pl.col("period").replace_strict(ends, default=None, return_dtype=pl.Date())).when(pl.col("nature") == "event").then("date")
    told = empty_days() if days is None else days
    keyed = amounts.select("site_id", "month", at.alias("at"), pl.col("measure").is_in(BY_SHARE).alias("touched"), "record_id", "measure").join(
        told, on=["record_id", "measure"], how="left", maintain_order="left"
    ).drop("record_id", "measure")  # fmt: skip
    keys = keyed.filter(pl.col("touched") & pl.col("site_id").is_in(list(spans))).drop("touched").unique()
    parts = [(*key, as_decimal(_part(spans[key[0]], *key[1:]), PRODUCT_SCALE)) for key in keys.iter_rows()]
    schema = {"site_id": pl.String(), "month": pl.String(), "at": pl.Date(), "start": pl.Date(), "end": pl.Date(), "part": PRODUCT}
    table = pl.DataFrame(parts, schema=schema, orient="row")
    joined = keyed.join(table.filter(pl.col("part") != 1).with_columns(pl.lit(value=True).alias("touched")), on=["site_id", "month", "at", "touched", "start", "end"], how="left", nulls_equal=True, maintain_order="left")
    return joined["part"]


def empty_days() -> pl.DataFrame:
    """The days of no records."""
    return pl.DataFrame(schema={"record_id": pl.String(), "measure": pl.String(), "start": pl.Date(), "end": pl.Date()})


def days_of(quantities: pl.DataFrame) -> pl.DataFrame:
    """The days each record tells of a measure, as `quantities` has them."""
    flows = quantities.filter(pl.col("nature") == "flow")
    return flows.group_by("record_id", "measure").agg(pl.col("start").min(), pl.col("end").max()) if flows.height else empty_days()


def consolidated(amounts: pl.DataFrame, sites: pl.DataFrame, ownership: pl.DataFrame, edition: Edition, days: pl.DataFrame | None = None) -> pl.DataFrame:
    """`amounts` of an edition with those that count in part split in two: the part that counts, and the rest, excluded with the reason.

    Columns: as `amounts`. Quantities and shares of both halves add up to what there was; ids are of their own, and lead back to the amount that was split.
    """
    parts = consolidated_parts(amounts, sites, ownership, edition, days)
    split = amounts.with_columns(parts.alias("part")).filter(pl.col("part").is_not_null() & pl.col("excluded").is_null())
    if split.is_empty():
        return amounts
    rest = amounts.with_columns(parts.alias("part")).filter(pl.col("part").is_null() | pl.col("excluded").is_not_null()).drop("part")
    counted = {name: product(pl.col(name), pl.col("part")) for name in ("quantity", "share")}
    told = pl.concat_str(pl.lit(f"{IN_PART}{_words(edition)}: the other part counts, "), (pl.col("part") * 100).round(4).cast(pl.String).str.replace(r"\.?0+$", ""), pl.lit(" %"))
    kept = split.with_columns(pl.coalesce("parent_amount_id", "amount_id").alias("parent_amount_id"))
    halves = pl.concat([
        kept.with_columns(*(value.alias(name) for name, value in counted.items())),
        kept.with_columns(*((pl.col(name).cast(PRODUCT) - value).alias(name) for name, value in counted.items()), told.alias("excluded")),
    ])  # fmt: skip
    return pl.concat([rest, with_ids(halves, ("parent_amount_id", "period", "edition", "excluded")).select(AMOUNTS.names)])


def why_not(edition: Edition) -> str:
    """The reason of what is not consolidated at all."""
    return "not owned" if edition.rules.consolidation == "equity_share" else f"not under {_words(edition)}"


def _words(edition: Edition) -> str:
    return edition.rules.consolidation.replace("_", " ")


def _spans(sites: pl.DataFrame, ownership: pl.DataFrame, edition: Edition) -> Mapping[str, list[_SPAN]]:
    """Per site whose part is not always one, the spans of days with their parts, in order and without a gap."""
    later: dict[str, list[tuple[date, date, str | None, Decimal | None]]] = {}
    for site, control, share, first, last in ownership.select("site_id", "control", "ownership_share", "valid_from", "valid_to").iter_rows():
        later.setdefault(site, []).append((first or date.min, last or date.max, control, share))
    spans: dict[str, list[_SPAN]] = {}
    for site, control, share in sites.select("site_id", "control", "ownership_share").iter_rows():
        own = [(first, last, counts(control if on is None else on, share if part is None else part, edition)) for first, last, on, part in later.get(site, [])]
        whole = counts(control, share, edition)
        if whole != 1 or any(part != 1 for _, _, part in own):
            spans[site] = list(_filled(sorted(own), whole))
    return spans


def counts(control: str, share: Decimal, edition: Edition) -> Fraction:
    """The part that an edition counts of what a register says of control and share, 0 to 1."""
    if edition.rules.consolidation == "equity_share":
        return Fraction(share)
    return Fraction(int(control in CONTROL[edition.rules.consolidation]))


def _filled(spans: list[_SPAN], whole: Fraction) -> Iterable[_SPAN]:
    """`spans` with what the register of sites says in between."""
    at = date.min
    for first, last, part in spans:
        if first > at:
            yield at, date.fromordinal(first.toordinal() - 1), whole
        yield first, last, part
        if last == date.max:
            return
        at = date.fromordinal(last.toordinal() + 1)
    yield at, date.max, whole


def days_of_parts(sites: pl.DataFrame, ownership: pl.DataFrame, edition: Edition, site: str, month: str | None, day: date | None, told: tuple[date | None, date | None]) -> list[tuple[Fraction, int]]:
    """The parts of a site that an edition consolidates in a month, each with the days on which it held, among those that a record tells of; on a day the part of that day. Empty where it is all of it."""
    spans = _spans(sites.filter(pl.col("site_id") == site), ownership.filter(pl.col("site_id") == site), edition).get(site)
    if spans is None:
        return []
    if day is not None or month is None:
        return [(_part(spans, month, day, *told), 1)]
    return _in_days(spans, month, *told)


def _part(spans: list[_SPAN], month: str | None, day: date | None, told_from: date | None, told_to: date | None) -> Fraction:
    if day is not None:
        return next(part for first, last, part in spans if first <= day <= last)
    if month is None:  # A rejected record: of no site that never counts is anything held back by it.
        return spans[0][2] if len({part for _, _, part in spans}) == 1 and not spans[0][2] else Fraction(1)
    parts = _in_days(spans, month, told_from, told_to)
    return sum((part * days for part, days in parts), Fraction(0)) / sum(days for _, days in parts)


def _in_days(spans: list[_SPAN], month: str, told_from: date | None, told_to: date | None) -> list[tuple[Fraction, int]]:
    """The parts of a month with their days."""
    start = date.fromisoformat(f"{month}-01")
    end = start.replace(day=monthrange(start.year, start.month)[1])
    if told_from is not None and told_to is not None and told_from <= end and told_to >= start:
        start, end = max(start, told_from), min(end, told_to)
    return [(part, (min(last, end) - max(first, start)).days + 1) for first, last, part in spans if first <= end and last >= start]
