"""Findings of balances: what was taken out of one, such as recovered refrigerant or methane, ought not to be more than what went in; and what stands beside the scopes."""

from fractions import Fraction
from typing import Any

import polars as pl

from esg_kpis.domains import DOMAINS, derived
from esg_kpis.editions.boundary import NO_LAST_DAY
from esg_kpis.exact import plain, sums
from esg_kpis.exact import printed as as_printed

_BALANCED = [measure.name for name in ("refrigerants", "wastewater") for measure in DOMAINS[name].measures]


def balance_findings(amounts: pl.DataFrame) -> list[dict[str, Any]]:
    """One finding per site, gas and period whose emission by a balance is below zero: equation 6.4 of the 2006 IPCC Guidelines, volume 5, and 7.9 of volume 3 know none."""
    counting = amounts.filter((pl.col("measure") == derived.EMISSION_GAS) & pl.col("origin").is_in(_BALANCED) & pl.col("excluded").is_null())
    of_domain = {measure.name: domain.title for domain in DOMAINS.values() for measure in domain.measures}
    by = ["edition", "period", "site_id", "gas", "what"]
    named = counting.with_columns(pl.col("origin").replace_strict(of_domain, return_dtype=pl.String()).alias("what"), pl.col("site_id", "gas").fill_null(""))
    # Where a row was rejected, what it would have put in is not known.
    whole = named.filter(~pl.col("blocked").is_not_null().any().over("edition", "period", "site_id", "what"))
    below = sums(whole, by, "quantity").filter(pl.col("quantity") < 0)
    rows = []
    for row in below.iter_rows(named=True):
        at = pl.all_horizontal(pl.col(name) == row[name] for name in by)
        records = ";".join(name for name in named.filter(at)["record_id"].unique().sort() if name)
        rows.append(
            {
                "check": "negative_balance", "subject": f"{row['what']}: {row['gas']} at {row['site_id']}", "edition": row["edition"], "period": row["period"], "severity": "error", "passed": False,
                "observed": f"{plain(row['quantity'])} kg of {row['gas']}: more was taken out than put in", "expected": "zero or more", "difference": plain(row["quantity"]), "record_ids": records,
                "what_to_do": "Look for a record of what went in, or for one of another period.",
            }
        )  # fmt: skip
    return rows


def stock_findings(amounts: pl.DataFrame) -> list[dict[str, Any]]:
    """One finding per measure and edition with stocks that hold in a period and not on its last day, so that they count nowhere."""
    lost = amounts.filter((pl.col("excluded") == NO_LAST_DAY) & (pl.col("record_id") != ""))
    rows = []
    for part in lost.sort("edition", "measure", "record_id").partition_by("edition", "measure", maintain_order=True):
        names = part["record_id"].unique(maintain_order=True).to_list()
        days = ", ".join(f"{row['site_id']} ({row['date'] or 'the beginning'} to {row['until'] or 'now'})" for row in part.head(5).iter_rows(named=True))
        rows.append(
            {
                "check": "stock_uncounted", "subject": part["measure"][0], "edition": part["edition"][0], "period": "", "severity": "warning", "passed": False,
                "observed": f"{len(names)} records count in no period: {days}{' …' if part.height > 5 else ''}", "expected": "a stock that holds on the last day of a period", "difference": None,
                "record_ids": ";".join(names),
                "what_to_do": "Date the stock on the last day of the period, or give it the days through which it holds.",
            }
        )  # fmt: skip
    return rows


def beside_findings(amounts: pl.DataFrame) -> list[dict[str, Any]]:
    """One finding per group that the GHG Protocol reports apart from the scopes, edition and period: how much it is, though no total holds it."""
    beside = amounts.filter((pl.col("measure") == derived.EMISSION_CO2E) & (pl.col("scope") == derived.OUTSIDE) & pl.col("excluded").is_null())
    rows = []
    for row in sums(beside, ["edition", "period", "gas_group", "gwp_set"], "quantity").iter_rows(named=True):
        size = "an unknown amount" if row["quantity"] is None else f"{as_printed(Fraction(row['quantity']) / 1000, 2)} tCO2e by {row['gwp_set']}"
        rows.append(
            {
                "check": "beside_scopes", "subject": row["gas_group"], "edition": row["edition"], "period": row["period"], "severity": "note", "passed": False,
                "observed": f"{size} of {row['gas_group']} stand beside the scopes", "expected": "shown beside Scope 1, in none of its totals", "difference": None, "record_ids": "",
                "what_to_do": "Print it beside Scope 1 (GHG Protocol Corporate Standard, chapter 9): a KPI with `scope: outside`.",
            }
        )  # fmt: skip
    return rows
