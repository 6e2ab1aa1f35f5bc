"""From what was received to what an edition counts: boundary, gaps, ownership, instruments and factors, in this order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from esg_kpis.amounts import Coverage
from esg_kpis.editions import Edition
from esg_kpis.editions.boundary import amounts_in_edition
from esg_kpis.editions.consolidation import consolidated
from esg_kpis.editions.gaps import Filled, filled
from esg_kpis.editions.quality import quality_of
from esg_kpis.factors.application import Applied, apply_factors
from esg_kpis.factors.library import Library
from esg_kpis.factors.market import Market, market_based, with_instruments


@dataclass(frozen=True)
class Received:
    """What was received, before any edition: tables of the data dictionary, the last day that data may be about, the days that each record tells of (`days_of`), and the same as it was known on earlier days, where that differs."""

    amounts: pl.DataFrame
    sites: pl.DataFrame
    ownership: pl.DataFrame
    instruments: pl.DataFrame
    rejected: pl.DataFrame
    coverage: Coverage
    as_of: date
    days: pl.DataFrame | None = None
    earlier: Mapping[date, "Received"] = field(default_factory=dict)


@dataclass(frozen=True)
class Counted:
    """What an edition counts, step by step: its amounts before factors, the gaps filled, the market-based method, and what factors made."""

    here: pl.DataFrame
    gaps: Filled
    market: Market
    applied: Applied

    @property
    def tables(self) -> dict[str, pl.DataFrame]:
        """The tables of the data dictionary by name, and `factor_problems`."""
        return {
            "edition_amounts": pl.concat([self.here, self.market.amounts, self.applied.derived]).with_columns(quality_of()), "estimates": self.gaps.estimates, "coverage_summary": self.gaps.summary,
            "factor_uses": self.applied.uses, "claims": self.market.claims, "factor_problems": self.applied.problems,
        }  # fmt: skip


def counted_in(received: Received, edition: Edition, library: Library, known_on: date) -> Counted:
    """What an edition makes of what was received, with factors and instruments known on a day."""
    received = received.earlier.get(known_on, received)
    sites, rejected, as_of = received.sites, _holding(received.rejected, known_on), received.as_of
    inside = amounts_in_edition(received.amounts, sites, rejected, edition, as_of, received.ownership, received.days)
    gaps = filled(inside, received.amounts, received.coverage, sites, rejected, edition, as_of, received.ownership)
    here = consolidated(pl.concat([inside, gaps.amounts]), sites, received.ownership, edition, received.days)
    market = market_based(here, sites, received.instruments, library, edition, known_on)
    counting = pl.concat([here.filter(pl.col("excluded").is_null()), market.amounts])
    return Counted(here, gaps, market, apply_factors(counting, sites, with_instruments(library, received.instruments), edition, known_on))


def _holding(rejected: pl.DataFrame, known_on: date) -> pl.DataFrame:
    """The rejections that hold for an edition of a knowledge date: those of that date, and of records that have none of it those that hold for all. In results from before there were such, all hold."""
    if "known_on" not in rejected.columns:
        return rejected
    own = rejected.filter(pl.col("known_on") == known_on)
    return pl.concat([own, rejected.filter(pl.col("known_on").is_null() & ~pl.col("record_id").is_in(own["record_id"].implode()))])
