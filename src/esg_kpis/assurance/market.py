"""Findings of the market-based method: claims that are refused, and electricity that takes another factor than the residual mix."""

from typing import Any

import polars as pl

from esg_kpis.domains import derived
from esg_kpis.exact import plain
from esg_kpis.factors import Library
from esg_kpis.factors.kinds import METHODS, RESIDUAL


def claim_findings(claims: pl.DataFrame) -> list[dict[str, Any]]:
    """One finding per claim of an instrument that an edition refuses."""
    return [
        {
            "check": "instrument_refused", "subject": f"{row['instrument_kind']} {row['instrument']}", "id_subject": f"{row['instrument']} {row['record_id']}", "edition": row["edition"],
            "period": row["period"], "severity": "error", "passed": False, "observed": f"{plain(row['volume'])} kWh at {row['site_id']}: the claim {row['reason']}",
            "expected": "a claim that meets the quality criteria of the GHG Protocol Scope 2 Guidance, Table 7.1", "difference": plain(row["volume"]), "record_ids": row["record_id"],
            "what_to_do": "Mend the ledger, or leave the claim out. The market-based total is shown without it.",
        }
        for row in claims.filter(~pl.col("accepted")).sort("edition", "record_id").iter_rows(named=True)
    ]  # fmt: skip


def fallback_findings(uses: pl.DataFrame, library: Library) -> list[dict[str, Any]]:
    """One finding per factor that uncovered electricity takes though it is of no residual mix: the fallback of the Scope 2 Guidance, Table 6.3, where none is published."""
    methods = {factor.factor_id: factor.method for factor in library.factors}
    taken = uses.filter((pl.col("measure") == derived.UNCONTRACTED) & (pl.col("output") == derived.EMISSION_GAS))
    rows = []
    for row in taken.sort("edition", "period", "region", "factor_id").iter_rows(named=True):
        method = methods.get(row["factor_id"], "")
        if method in RESIDUAL:
            continue
        rows.append(
            {
                "check": "residual_mix", "subject": f"{row['region']} {row['factor_id']}", "edition": row["edition"], "period": row["period"], "severity": "note", "passed": False,
                "observed": f"{plain(row['quantity_in'])} kWh that no instrument covers take {row['factor_id']}, {METHODS.get(method, 'of no named method')}, by rule {row['rule']}",
                "expected": "a factor of the residual mix, or without market-traded green power", "difference": None, "record_ids": "",
                "what_to_do": "Say so beside the market-based total: power that others claimed may be counted again. Add the residual factor where one is published.",
            }
        )  # fmt: skip
    return rows
