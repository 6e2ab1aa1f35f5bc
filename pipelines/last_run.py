"""One edition of the last results, with what its KPIs are made of: for commands that walk from a cell to its amounts."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from esg_kpis.assurance.lineage import lineage_of
from esg_kpis.editions import Edition, read_editions
from esg_kpis.factors import read_library, with_instruments
from esg_kpis.kpis import Inputs, inputs_of
from pipelines.latest import known_edition, latest_of, read_result, unchanged_since


@dataclass(frozen=True)
class LastRun:
    """One edition of one set of results. `ran` is what `run.json` says of it."""

    folder: Path
    ran: dict[str, str]
    edition: Edition
    inputs: Inputs
    edition_amounts: pl.DataFrame
    sites: pl.DataFrame

    def table(self, name: str) -> pl.DataFrame:
        """A table of the set: of the edition, where the table has editions."""
        frame = read_result(self.folder, name)
        return frame.filter(pl.col("edition") == self.edition.id) if "edition" in frame.columns else frame

    def lineage(self, cells: pl.DataFrame) -> pl.DataFrame:
        """The lineage of some cells; see `lineage_of`."""
        return lineage_of(self.inputs, self.edition_amounts, self.sites, cells)


def last_run(root: Path, out: Path, edition_id: str) -> LastRun:
    """An edition of the last results.

    Raises:
        EsgKpisError: if there are none, or factors or editions have changed since.
        UsageProblem: if they do not hold the edition.
    """
    folder = latest_of(out)
    known_edition(edition_id, read_result(folder, "kpi_values")["edition"].unique().sort().to_list())
    ran = unchanged_since(root, folder)
    edition = read_editions(root / "editions", (edition_id,))[0]
    library = with_instruments(read_library(root / "factors"), read_result(folder, "instruments"))
    sites = read_result(folder, "sites")
    amounts = read_result(folder, "edition_amounts").filter(pl.col("edition") == edition_id)
    return LastRun(folder, ran, edition, inputs_of(amounts, sites, library, edition, date.fromisoformat(ran[f"known on {edition_id}"])), amounts, sites)
