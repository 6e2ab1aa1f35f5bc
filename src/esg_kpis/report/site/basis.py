"""What the report site is made of: editions, the tables of one run, and what its KPIs rest on."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

import polars as pl

from esg_kpis.assurance.withheld import tells_heads
from esg_kpis.editions import Edition
from esg_kpis.kpis import Inputs

LANGUAGES = ("en", "zh")
PAGES = ("index", "tables", "charts", "findings", "explorer")
"""The pages of the site, each of which stands once per language: in English at the top, in Traditional Chinese in `zh/`."""


@dataclass(frozen=True)
class SiteBasis:
    """One run as the site shows it.

    Attributes:
        editions: The editions that were computed, newest first, with the inputs of their KPIs.
        tables: The tables of the run by name, as in the data dictionary, over all editions.
        facts: What `run.json` says of the run, without its key: digests, dates in force, versions.
        usual_last_day: The last day that data may be about in a run that is asked for no other; empty where it is not known.
    """

    editions: Mapping[str, Edition]
    inputs: Mapping[str, Inputs]
    tables: Mapping[str, pl.DataFrame]
    facts: Mapping[str, str]
    usual_last_day: str = ""

    def of(self, name: str, edition: str) -> pl.DataFrame:
        """A table's rows of one edition; all of them where it has no editions."""
        frame = self.tables[name]
        return frame.filter(pl.col("edition") == edition) if "edition" in frame.columns else frame

    @property
    def hidden_in(self) -> tuple[str, ...]:
        """The editions in which what was estimated per head is not shown, because groups are hidden beside it."""
        return tells_heads(self.tables["estimates"], self.tables["kpi_values"])


def to_explorer(kind: str, *names: str) -> str:
    """The link to a place in the explorer: `cell` (edition, KPI, period, breakdown, category), `kpi` (edition, KPI), `record` (record id), `site`, `file` (path), `meter`, `factor`, `code` (framework, code)."""
    return f"explorer.html#/{'/'.join([kind, *(quote(name, safe='') for name in names)])}"
