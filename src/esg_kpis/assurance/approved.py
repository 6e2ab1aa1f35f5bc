"""The digest of what a person approves: every cell of one period of one edition, as it is shown. A changed number, state or unit gives another digest."""

import hashlib

import polars as pl

from esg_kpis.tables import KPI_VALUES

_SHOWN = ("kpi_id", "period", "breakdown", "category", "value", "printed", "unit", "status", "reason")


def approved_bytes(kpi_values: pl.DataFrame, edition: str, period: str) -> bytes:
    """The cells of one period of one edition as CSV, in the order of their key: what the digest is of, so that anybody can make it again.

    Columns: `kpi_id`, `period`, `breakdown`, `category`, `value` (18 decimals), `printed`, `unit`, `status`, `reason`; no byte order mark, lines end in LF.
    """
    own = kpi_values.filter((pl.col("edition") == edition) & (pl.col("period") == period)).sort(KPI_VALUES.key)
    return own.select(pl.col(name).cast(pl.String) for name in _SHOWN).write_csv().encode()


def approved_digest(kpi_values: pl.DataFrame, edition: str, period: str) -> str:
    """The SHA-256 of `approved_bytes`."""
    return hashlib.sha256(approved_bytes(kpi_values, edition, period)).hexdigest()
