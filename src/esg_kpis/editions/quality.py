"""How good the data are that an amount goes back to: one grade an amount."""

import polars as pl

from esg_kpis.amounts.build import BY_SENDER
from esg_kpis.domains import DOMAINS, STATED
from esg_kpis.editions.boundary import MISSING, WAIVED


def quality_of() -> pl.Expr:
    """The grade of an amount, as column `quality`; of what factors made, that of the amount it began with.

    estimated_by_sender: its sender says that it is estimated. estimated: it fills a gap by a method of the edition. counted: of people. stated: of a domain of stated figures
    (`stated`, `scope_3`), or from the register of sites (floor area). measured: all other bills and readings. Null: it only marks a quantity that is not there.
    """
    counted = [measure.name for domain in DOMAINS.values() if domain.counted for measure in domain.measures]
    stated = [measure.name for name in (*STATED, "sites") for measure in DOMAINS[name].measures]
    return (
        pl.when(pl.col("estimate_method").is_in([WAIVED, MISSING]))
        .then(None)
        .when(pl.col("estimate_method") == BY_SENDER)
        .then(pl.lit("estimated_by_sender"))
        .when("estimated")
        .then(pl.lit("estimated"))
        .when(pl.col("origin").is_in(counted))
        .then(pl.lit("counted"))
        .when(pl.col("origin").is_in(stated))
        .then(pl.lit("stated"))
        .otherwise(pl.lit("measured"))
        .alias("quality")
    )
