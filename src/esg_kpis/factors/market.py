"""The market-based method: which contractual instruments count, how much of the load each covers, and what is left.

Source: GHG Protocol Scope 2 Guidance (2015), chapter 7, Table 7.1: an instrument is unique, tracked and retired for the company, of the market and near the time of the consumption, and is
claimed once. What no instrument covers takes the residual mix, or the fallback that the edition's rules state.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl

from esg_kpis.amounts.build import with_ids
from esg_kpis.domains import derived
from esg_kpis.editions import Edition
from esg_kpis.editions.consolidation import IN_PART, why_not
from esg_kpis.editions.market import MarketBased, shifted
from esg_kpis.exact import PRODUCT, PRODUCT_SCALE, QUANTITY_SCALE, as_decimal, plain, product, rounded, sums
from esg_kpis.factors.certificates import Certificates, bare, certificates_of, words_of
from esg_kpis.factors.library import SOURCE_COLUMNS, Factor, Library
from esg_kpis.factors.need import INSTRUMENTS_SOURCE, OF_INSTRUMENT
from esg_kpis.factors.regions import GLOBAL, chain_of
from esg_kpis.tables import AMOUNTS, CLAIMS, conform, empty

OF_ONE_MWH = ("GEC", "I-REC", "GO", "REC", "REGO")
"""Kinds of which one certificate is one MWh."""


@dataclass(frozen=True)
class Market:
    """What an edition makes of the ledger: the amounts by the market-based method before factors, and the fate of each claim (`claims` in the data dictionary)."""

    amounts: pl.DataFrame
    claims: pl.DataFrame


def market_based(amounts: pl.DataFrame, sites: pl.DataFrame, instruments: pl.DataFrame, library: Library, edition: Edition, known_on: date) -> Market:
    """The load of an edition parted into what instruments cover and what they do not.

    Args:
        amounts: The edition's amounts; those that count of the measures of the load are covered.
        sites: The register.
        instruments: The ledger.
        library: Its regions say which sites lie in a market.
        edition: The edition; without [market_based] nothing is made.
        known_on: Instruments retired after this day do not count.

    The instruments of a site that counts in part count by the same part as its load. A claim is refused whole: one that is larger than the load that is left covers none of it. Claims are taken in the order of their retirement. Each covers its load in proportion, at 9 decimals,
    the rest of the rounding at the largest amount.

    Columns of `amounts`: as `amounts`; measures `electricity_contracted` (with the instrument in its dimensions) and `electricity_uncontracted`, of the basis `market`.
    """
    rules = edition.rules.market_based
    if rules is None:
        return Market(empty(AMOUNTS), empty(CLAIMS))
    load = amounts.filter(pl.col("measure").is_in(rules.load) & pl.col("excluded").is_null()).sort("amount_id")
    left_out = amounts.filter(pl.col("measure").is_in(rules.load) & (pl.col("excluded").str.starts_with(IN_PART) | (pl.col("excluded") == why_not(edition))).fill_null(value=False))
    open_ = load.select("amount_id", "site_id", "month", "period", pl.col("quantity").alias("left"))
    at = {row["site_id"]: row for row in sites.iter_rows(named=True)}
    twice = _claimed_twice(instruments)
    told: list[dict[str, Any]] = []
    covered: list[pl.DataFrame] = []
    for claim in instruments.sort("retired_on", "registry", "instrument", "record_id").iter_rows(named=True):
        periods = [item.id for item in edition.periods.values() if item.first <= claim["claimed_to"] and claim["claimed_from"] <= item.last]
        if not periods:
            continue
        reasons = [twice[claim["record_id"]]] if claim["record_id"] in twice else []
        if len(periods) > 1:
            reasons.append(f"is claimed for days of several periods: {', '.join(sorted(periods))}; give each period a claim of its own")
        elif claim["claimed_from"] < edition.periods[periods[0]].first or claim["claimed_to"] > edition.periods[periods[0]].last:
            reasons.append(f"is claimed for days outside the period {periods[0]} too: {claim['claimed_from']} to {claim['claimed_to']}; give each period a claim of its own")
        places = _sites_of(claim, at, library, rules)
        reasons += _failed(claim, places, rules, known_on)
        at_places = pl.col("site_id").is_in(places) & (pl.col("period") == periods[-1]) & pl.col("month").is_in(_months(claim))
        pool, whole, counts = open_.filter(at_places), None, claim["volume"]
        if not reasons:
            pool = _open(pool)
            whole = _sum(pool, "open")
            if at[claim["site_id"]]["kind"] != "group":  # Of a site that counts in part, its instruments count by the same part.
                counts = _by_part(claim["volume"], load.filter(at_places), left_out.filter(at_places))
            if counts > whole:
                reasons.append(f"is larger than the load it may cover: {plain(counts)} kWh of {plain(whole)} kWh left; claim no more than that")
        told.append(
            {
                **{name: claim[name] for name in CLAIMS.names if name in claim}, "edition": edition.id, "period": periods[-1], "counts": counts, "accepted": not reasons,
                "load": None if whole is None else rounded(Fraction(whole), QUANTITY_SCALE), "reason": "; ".join(reasons) or None,
            }
        )  # fmt: skip
        if not reasons and whole:
            part = _covered(pool, counts, whole)
            covered.append(part.with_columns(pl.lit(claim["record_id"]).alias("instrument")))
            open_ = open_.join(part, on="amount_id", how="left", maintain_order="left").with_columns((pl.col("left") - pl.col("covered").fill_null(0)).alias("left")).drop("covered")
    claims = pl.DataFrame(told, schema=CLAIMS.schema)
    return Market(_parted(load, open_, covered), conform(claims, CLAIMS))


def with_instruments(library: Library, instruments: pl.DataFrame) -> Library:
    """The library with a contractual factor for every instrument of the ledger."""
    if instruments.is_empty():
        return library
    factors = [
        Factor(
            factor_id=f"{OF_INSTRUMENT}{row['record_id']}", source_id=INSTRUMENTS_SOURCE, measure=derived.CONTRACTED, output=derived.EMISSION_GAS, gas_in="", gas="CO2", region=GLOBAL,
            method=row["record_id"], value=row["emission_rate"], unit="kg/kWh", uncertainty=None, gwp_set=None, data_from=date(1900, 1, 1), data_to=None, published=row["retired_on"],
            status="selectable", parents=None, grade="B", page=f"{row['instrument_kind']} {row['instrument']} of {row['registry']}, {row['energy_source']}, vintage {row['vintage_from']} to {row['vintage_to']}",
            note=f"Issued in {row['market']}, retired for {row['retired_for']} on {row['retired_on']}.", multiplier=Fraction(row["emission_rate"]),
        )
        for row in instruments.iter_rows(named=True)
    ]  # fmt: skip
    own = {**dict.fromkeys(SOURCE_COLUMNS, ""), "source_id": INSTRUMENTS_SOURCE, "publisher": "The company", "title": "Ledger of contractual instruments", "document": "data/raw/instruments"}
    return replace(library, factors=(*library.factors, *factors), sources={**library.sources, INSTRUMENTS_SOURCE: own})


# ---------------------------------------------------------------- what a claim must be


def _failed(claim: dict[str, Any], places: Sequence[str], rules: MarketBased, known_on: date) -> list[str]:
    """The quality criteria that a claim fails, in words."""
    reasons = []
    if not places:
        where = f"the site {claim['site_id']} does not lie" if claim["site_id"] else "no site lies"
        reasons.append(f"is of the market {claim['market']}, in which {where}")
    of = certificates_of(claim["instrument"]) if claim["instrument_kind"] in OF_ONE_MWH else None
    if of is not None and of.held > 1 and claim["volume"] > 1000 * of.held:
        reasons.append(f"is of {of.held} certificates, each of 1 MWh; {plain(claim['volume'])} kWh are claimed of them")
    if claim["instrument_kind"] in OF_ONE_MWH and claim["retired_on"] < claim["vintage_from"]:
        reasons.append(f"was retired on {claim['retired_on']}, before it was generated")
    if claim["retired_for"].strip().casefold() not in {name.strip().casefold() for name in rules.retired_for}:
        reasons.append(f"was retired for {claim['retired_for']}, not for {' or '.join(rules.retired_for)}")
    if claim["retired_on"] > known_on:
        reasons.append(f"was retired on {claim['retired_on']}, after the knowledge date {known_on}")
    first, last = shifted(claim["claimed_from"], -rules.vintage_months_before), shifted(claim["claimed_to"], rules.vintage_months_after)
    if claim["vintage_from"] < first or claim["vintage_to"] > last:
        reasons.append(f"is of the vintage {claim['vintage_from']} to {claim['vintage_to']}; for consumption of {claim['claimed_from']} to {claim['claimed_to']} the edition takes {first} to {last}")
    return reasons


def _sum(frame: pl.DataFrame, column: str) -> Decimal:
    total: Decimal | None = sums(frame, [], column)[column][0] if frame.height else None
    return total or Decimal(0)


def _by_part(volume: Decimal, load: pl.DataFrame, left_out: pl.DataFrame) -> Decimal:
    """The part of a volume that the consolidation counts of the load it is for."""
    counted, rest = Fraction(_sum(load, "quantity")), Fraction(_sum(left_out, "quantity"))
    return rounded(Fraction(volume) * counted / (counted + rest), QUANTITY_SCALE) if rest and counted + rest else volume


def _claimed_twice(instruments: pl.DataFrame) -> dict[str, str]:
    """The records that claim what another claims too, with the sentence: the same number in the same registry, or ranges of numbers that share some."""
    names = {row["record_id"]: row["instrument"] for row in instruments.iter_rows(named=True)}
    by_registry: dict[str, list[tuple[str, str, Certificates | None]]] = {}
    for row in instruments.iter_rows(named=True):
        of = certificates_of(row["instrument"]) if row["instrument_kind"] in OF_ONE_MWH else None
        by_registry.setdefault(bare(row["registry"]), []).append((row["record_id"], words_of(row["instrument"]), of))
    found: dict[str, list[str]] = {}
    for items in by_registry.values():
        for index, (record, number, own) in enumerate(items):
            for other, number_there, there in items[index + 1 :]:
                shared = own is not None and there is not None and own.head == there.head and own.first <= there.last and there.first <= own.last
                if number == number_there or shared:
                    found.setdefault(record, []).append(other)
                    found.setdefault(other, []).append(record)
    return {record: f"is claimed twice: also by record {', '.join(f'{other} ({names[other]})' for other in sorted(others))}" for record, others in found.items()}


def _sites_of(claim: dict[str, Any], sites: dict[str, dict[str, Any]], library: Library, rules: MarketBased) -> list[str]:
    """The sites in the market that a claim may cover: the one it names, or all where that is of the kind `group`."""
    market = set(rules.markets.get(claim["market"], [claim["market"]])) - {GLOBAL}
    named = sites.get(claim["site_id"])
    candidates: Iterable[dict[str, Any]] = sites.values() if named is not None and named["kind"] == "group" else [named] if named else []
    return [
        site["site_id"] for site in candidates
        if market & {rung.region for rung in chain_of(library.regions, (site["grid_region"], site["country"])) if rung.member_from <= claim["claimed_to"] and claim["claimed_from"] <= rung.member_to}
    ]  # fmt: skip


def _months(claim: dict[str, Any]) -> list[str]:
    """The months that lie in the claimed days as a whole."""
    months = pl.date_range(claim["claimed_from"].replace(day=1), claim["claimed_to"], "1mo", eager=True).to_frame("first")
    whole = (pl.col("first") >= claim["claimed_from"]) & (pl.col("first").dt.month_end() <= claim["claimed_to"])
    return months.filter(whole)["first"].dt.strftime("%Y-%m").to_list()


# ---------------------------------------------------------------- what it covers


def _open(pool: pl.DataFrame) -> pl.DataFrame:
    """The amounts of a pool that a claim may cover, with `open`: how much of each. What a site feeds back, or a credit takes back, makes its other amounts smaller."""
    net = sums(pool, ["site_id"], "left").rename({"left": "net"}).filter(pl.col("net") > 0)
    above = pool.filter(pl.col("left") > 0).join(net, on="site_id", maintain_order="left")
    gross = sums(above, ["site_id"], "left").rename({"left": "gross"})
    joined = above.join(gross, on="site_id", maintain_order="left")
    parts = {(net_, gross_): as_decimal(Fraction(net_) / Fraction(gross_), PRODUCT_SCALE) for net_, gross_ in joined.select("net", "gross").unique().iter_rows()}
    shares = pl.Series("share", [parts[pair] for pair in joined.select("net", "gross").iter_rows()], dtype=PRODUCT)
    whole = pl.col("net") == pl.col("gross")
    return joined.with_columns(shares).with_columns(pl.when(whole).then("left").otherwise(product(pl.col("left"), pl.col("share")).round(QUANTITY_SCALE).cast(PRODUCT)).alias("open"))


def _covered(pool: pl.DataFrame, volume: Decimal, whole: Decimal) -> pl.DataFrame:
    """What each amount of a pool is covered by, in proportion: columns `amount_id`, `covered`; together exactly the volume."""
    share = as_decimal(Fraction(volume) / Fraction(whole), PRODUCT_SCALE)
    part = pool.select("amount_id", "open", product(pl.col("open"), pl.lit(share)).round(QUANTITY_SCALE).cast(PRODUCT).alias("covered"))
    missing = Decimal(volume) - sums(part, [], "covered")["covered"][0]
    largest = pl.int_range(pl.len()) == part["open"].arg_max()
    return part.select("amount_id", pl.when(largest).then(pl.col("covered") + pl.lit(missing).cast(PRODUCT)).otherwise("covered").alias("covered"))


def _parted(load: pl.DataFrame, open_: pl.DataFrame, covered: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The load as amounts of the market-based method."""
    base = load.with_columns(pl.col("amount_id").alias("parent_amount_id"), pl.lit("market").alias("basis"))
    uncovered = base.join(open_.select("amount_id", "left"), on="amount_id", maintain_order="left").with_columns(
        pl.col("left").alias("quantity"), pl.lit(derived.UNCONTRACTED).alias("measure")
    )
    parts = [uncovered]
    for part in covered:
        said = pl.concat_str(pl.lit("instrument="), "instrument", pl.when(pl.col("dimensions") != "").then(pl.lit(";") + pl.col("dimensions")).otherwise(pl.lit("")))
        parts.append(
            base.join(part, on="amount_id", maintain_order="left").with_columns(
                pl.col("covered").alias("quantity"), pl.lit(derived.CONTRACTED).alias("measure"), said.alias("dimensions")
            )
        )
    every = pl.concat([part.select(AMOUNTS.names) for part in parts])
    return with_ids(every, ("parent_amount_id", "measure", "dimensions", "period", "edition")).select(AMOUNTS.names).cast(AMOUNTS.schema)  # type: ignore[arg-type]

