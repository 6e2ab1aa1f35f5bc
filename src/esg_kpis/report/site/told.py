"""What of the tables the site tells: of people no more than a pack does."""

from dataclasses import replace

import polars as pl

from esg_kpis.assurance.withheld import findings_told, tells_heads, without_shares
from esg_kpis.evidence.withheld import anomalies_told, rejected_told
from esg_kpis.report.site.basis import SiteBasis


def told(basis: SiteBasis) -> SiteBasis:
    """The basis without what findings, anomalies and rejections say of persons, and without the size of estimates per head beside hidden groups."""
    tables = basis.tables
    heads = tells_heads(tables["estimates"], tables["kpi_values"])
    hidden = pl.col("edition").is_in(list(heads))
    made = {
        "findings": findings_told(tables["findings"], tables["anomalies"], tables["people_controls"], heads), "anomalies": anomalies_told(tables["anomalies"]), "rejected": rejected_told(tables["rejected"]),
        "kpi_values": tables["kpi_values"].with_columns(reason=without_shares("reason", hidden)), "tie_out": tables["tie_out"].with_columns(explanation=without_shares("explanation", hidden)),
    }  # fmt: skip
    return replace(basis, tables={**tables, **made})
