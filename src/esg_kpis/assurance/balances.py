"""Findings of balances: what was taken out of one, such as recovered refrigerant or methane, ought not to be more than what went in; and what stands beside the scopes."""

from fractions import Fraction
from typing import Any

import polars as pl

from esg_kpis.domains import DOMAINS, derived
from esg_kpis.domains.definition import COUNTED
from esg_kpis.editions.boundary import NO_LAST_DAY
from esg_kpis.errors import near_misses
from esg_kpis.exact import plain, sums
from esg_kpis.exact import printed as as_printed
from esg_kpis.factors import Library

_BALANCED = [measure.name for name in ("refrigerants", "wastewater") for measure in DOMAINS[name].measures if measure.nature != "stock"]
_LIKE_REFILLS = ("refrigerant_refill", "refrigerant_installed", "refrigerant_capacity_new", "refrigerant_capacity_retired", "refrigerant_recovered")


def balance_findings(amounts: pl.DataFrame) -> list[dict[str, Any]]:
    """One finding per site, gas, treatment and period whose emission by a balance is below zero: equation 6.4 of the 2006 IPCC Guidelines, volume 5, and 7.9 of volume 3 know none."""
    counting = amounts.filter((pl.col("measure") == derived.EMISSION_GAS) & pl.col("origin").is_in(_BALANCED) & pl.col("excluded").is_null())
    of_domain = {measure.name: domain.title for domain in DOMAINS.values() for measure in domain.measures}
    by = ["edition", "period", "site_id", "gas", "what"]
    treatment = pl.col("dimensions").str.extract(r"(?:^|;)treatment=([^;]*)")
    what = pl.concat_str(pl.col("origin").replace_strict(of_domain, return_dtype=pl.String()), treatment, separator=", ", ignore_nulls=True)
    named = counting.with_columns(what.alias("what"), pl.col("site_id", "gas").fill_null(""))
    # Where a row was rejected, what it would have put in is not known.
    whole = named.filter(~pl.col("blocked").is_not_null().any().over("edition", "period", "site_id"))
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
    lost = amounts.filter((pl.col("excluded") == NO_LAST_DAY) & (pl.col("record_id") != "") & ~pl.col("dimensions").str.starts_with(COUNTED))  # Who left a list is no stock undated.
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


def twice_findings(amounts: pl.DataFrame) -> list[dict[str, Any]]:
    """One finding per site and period that tells one thing in two ways: a refrigerant by leak rate and by balance, a load by COD and by BOD."""
    word = pl.col("dimensions").str.extract(r"(?:^|;)(?:refrigerant|treatment)=([^;]*)")
    sent = amounts.filter((pl.col("measure") == pl.col("origin")) & pl.col("excluded").is_null()).with_columns(word.alias("word"))
    rows = []
    for one, others, told in (
        ("refrigerant_charge", _LIKE_REFILLS, "by leak rate and by what was filled in or recovered"), ("wastewater_cod", ("wastewater_bod",), "by COD and by BOD"),
    ):  # fmt: skip
        by = ["edition", "period", "site_id", "word"]
        both = sent.filter(pl.col("measure") == one).join(sent.filter(pl.col("measure").is_in(others)).select(by).unique(), on=by, how="semi")
        for part in both.sort(*by, "record_id").partition_by(by, maintain_order=True):
            row = part.row(0, named=True)
            at = pl.all_horizontal(pl.col(name) == row[name] for name in by) & pl.col("measure").is_in([one, *others])
            rows.append(
                {
                    "check": "told_twice", "subject": f"{row['word']} at {row['site_id']}", "edition": row["edition"], "period": row["period"], "severity": "warning", "passed": False,
                    "observed": f"{row['word']} at {row['site_id']} is told {told}; both count", "expected": "one of both, unless they are of different equipment or plants", "difference": None,
                    "record_ids": ";".join(sent.filter(at)["record_id"].unique().sort()),
                    "what_to_do": "Take one of both out, or confirm that they are of different equipment or plants.",
                }
            )  # fmt: skip
    return rows


def region_findings(sites: pl.DataFrame, amounts: pl.DataFrame, library: Library) -> list[dict[str, Any]]:
    """One finding per grid region of the register of sites that neither a factor nor factors/regions.csv knows: sites there that buy electricity take the factor of the country."""
    buying = amounts.filter(pl.col("measure").str.starts_with("electricity") & pl.col("excluded").is_null()).select("site_id").unique()
    known = {factor.region for factor in library.factors} | {name for item in library.regions for name in (item.region, item.parent)}
    unknown = sites.join(buying, on="site_id", how="semi").filter((pl.col("grid_region") != pl.col("country")) & ~pl.col("grid_region").is_in(list(known))).sort("grid_region", "site_id")
    abroad = sites.join(buying, on="site_id", how="semi").filter(pl.col("grid_region").str.contains(r"^[A-Z]{2}-") & (pl.col("grid_region").str.slice(0, 2) != pl.col("country")))
    contradictions = [
        {
            "check": "unknown_region", "subject": f"{row['site_id']} abroad", "edition": "", "period": "", "severity": "error", "passed": False,
            "observed": f"{row['site_id']} lies in {row['country']}, and its grid region is {row['grid_region']}", "expected": "a grid region of the country", "difference": None,
            "record_ids": row["record_id"], "what_to_do": "Mend the country or the grid region in the register of sites.",
        }
        for row in abroad.sort("site_id").iter_rows(named=True)
    ]  # fmt: skip
    return contradictions + [
        {
            "check": "unknown_region", "subject": part["grid_region"][0], "edition": "", "period": "", "severity": "error", "passed": False,
            "observed": f"the grid region {part['grid_region'][0]} of {', '.join(part['site_id'].head(12))} is known to no factor and not to factors/regions.csv: the factor of {part['country'][0]} serves there, if any",
            "expected": "a region that factors are of", "difference": None, "record_ids": ";".join(part["record_id"].sort()),
            "what_to_do": near_misses(part["grid_region"][0], known) or "Mend the register of sites, leave the region blank where the country is one, or add the region to factors/regions.csv.",
        }
        for part in unknown.partition_by("grid_region", maintain_order=True)
    ]  # fmt: skip
