"""One run as it is compared with another: what it was made of, and what came out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from esg_kpis.editions import Edition
from esg_kpis.factors import Library, Received

READ = ("raw", "people lock", "people as read")
"""Parts of `run.json` that say which files were read."""
CODE = ("esg_kpis", "pipelines", "polars", "pint", "openpyxl", "xlrd", "odfpy", "pyarrow")
"""Parts of it that say by which code."""


@dataclass(frozen=True)
class Run:
    """One set of results.

    Attributes:
        key: Its key.
        ran: What `run.json` says of it.
        editions: The editions computed, as they were.
        library: The factors as they were.
        received: What was received.
        records: Table `records`.
        quantities: Table `quantities`.
        rejected: Table `rejected`.
        factor_uses: Table `factor_uses`.
        values: Table `kpi_values`.
    """

    key: str
    ran: Mapping[str, str]
    editions: Mapping[str, Edition]
    library: Library
    received: Received
    records: pl.DataFrame
    quantities: pl.DataFrame
    rejected: pl.DataFrame
    factor_uses: pl.DataFrame
    values: pl.DataFrame

    def known_on(self, edition: str) -> date:
        """The knowledge date in force for an edition."""
        return date.fromisoformat(self.ran[f"known on {edition}"])


def parts_changed(first: Run, second: Run, names: tuple[str, ...]) -> list[str]:
    """Which of some parts of `run.json` are not the same."""
    return [name for name in names if first.ran.get(name) != second.ran.get(name)]
