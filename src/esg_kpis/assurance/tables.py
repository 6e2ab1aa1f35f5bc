"""What the checks of printed tables found, as findings of the run."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from esg_kpis.editions import Edition
from esg_kpis.printed import failed


def printed_findings(checks: pl.DataFrame, edition: Edition) -> Iterator[dict[str, Any]]:
    """A finding per relation between printed figures that no rounding explains.

    Args:
        checks: Rows of `table_checks` of the edition.
        edition: The edition.
    """
    for row in failed(checks).iter_rows(named=True):
        ask = "" if row["explained"] else f"Ask the publisher of the {edition.rules.document} which figure is right, or explain it in checks.yaml."
        slip = f"Perhaps a slip of print, of one number for another: {row['suspects'][:1].lower()}{row['suspects'][1:]}." if row["suspects"] and row["slips"] else f"{row['suspects'].removesuffix('.')}." if row["suspects"] else ""
        told = [ask, row["explanation"] or "", slip]
        number = f" {row['number']}" if row["number"] > 1 else ""
        yield {
            "check": "table_check", "subject": f"{row['check']} {row['subject']}{number}", "edition": row["edition"], "period": row["period"], "severity": "warning", "passed": False,
            "observed": row["observed"], "expected": row["expected"], "difference": row["difference"], "record_ids": "", "what_to_do": " ".join(text for text in told if text),
            "state": "explained" if row["explained"] else None,
        }  # fmt: skip
