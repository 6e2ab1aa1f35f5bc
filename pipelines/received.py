"""What a set of results says was received: what editions are made of, read back from the tables of a run."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl

from esg_kpis.amounts import coverage_of
from esg_kpis.editions import Edition
from esg_kpis.editions.consolidation import days_of
from esg_kpis.editions.gaps import months_expected
from esg_kpis.factors import Received, with_earlier
from pipelines.latest import read_result


def received_of(folder: Path, editions: Sequence[Edition], as_of: date) -> Received:
    """What was received in one set of results.

    Args:
        folder: The folder of the set.
        editions: All editions of the workspace: what is expected goes by their periods.
        as_of: The last day that data may be about.
    """
    amounts, sites, ownership, instruments, rejected, quantities, meters = (
        read_result(folder, name) for name in ("amounts", "sites", "ownership", "instruments", "rejected", "quantities", "meters")
    )
    before = amounts.filter(pl.col("edition") == "")
    expected = months_expected(list(editions), as_of)
    received = Received(before, sites, ownership, instruments, rejected, coverage_of(quantities, before, sites, meters, expected), as_of, days_of(quantities))
    if not (folder / "reading_versions.parquet").exists():  # A set from before there were readings.
        return received
    return with_earlier(received, quantities, meters, expected, read_result(folder, "reading_versions"))
