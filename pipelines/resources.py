"""What assets share: the workspace, its editions and its factor library, read once per run; and where frames lie between steps."""

import os
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path

import dagster as dg
import polars as pl

from esg_kpis.editions import Edition, read_editions
from esg_kpis.factors import Library, read_library
from esg_kpis.report.outputs import digest_of
from esg_kpis.workspace import Workspace, open_workspace

OWNERS = ["team:sustainability"]
"""Who is asked about an asset."""


@lru_cache(maxsize=4)
def _editions(folder: Path, wanted: tuple[str, ...], _digest: str) -> list[Edition]:
    """Editions read once per content of their folder: before a run starts, and again within it, costs one reading."""
    return read_editions(folder, wanted)


@lru_cache(maxsize=4)
def _library(folder: Path, _digest: str) -> Library:
    return read_library(folder)


class WorkspaceResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The workspace a run works on, and its dates.

    Attributes:
        root: Folder with data/raw, factors and editions.
        out: Folder for results.
        editions: Editions to compute; empty for all.
        known_on: Knowledge date that replaces each edition's own; empty for none.
        as_of: Last day data may be about; empty for the latest knowledge date.
        person_key_file: File of the secret key that makes pseudonyms of staff numbers; empty where people files hold pseudonyms.
    """

    root: str
    out: str
    editions: list[str] = []  # noqa: RUF012  (pydantic copies it)
    known_on: str = ""
    as_of: str = ""
    person_key_file: str = ""

    @property
    def person_key(self) -> Path | None:
        """Where the secret key for pseudonyms lies, if one is named here or as ESG_KPIS_PERSON_KEY_FILE."""
        named = self.person_key_file or os.environ.get("ESG_KPIS_PERSON_KEY_FILE", "")
        return Path(named) if named else None

    @cached_property
    def workspace(self) -> Workspace:
        """The folder."""
        return open_workspace(Path(self.root), Path(self.out))

    @cached_property
    def read_editions(self) -> list[Edition]:
        """The editions, as this run sees them."""
        return _editions(self.workspace.editions, tuple(self.editions), digest_of(self.workspace.editions))

    @cached_property
    def library(self) -> Library:
        """The factor library."""
        return _library(self.workspace.factors, digest_of(self.workspace.factors))

    def known_date(self, edition: Edition) -> date:
        """The knowledge date in force for an edition."""
        return date.fromisoformat(self.known_on) if self.known_on else edition.rules.knowledge_date

    @property
    def last_day(self) -> date:
        """The last day that data may be about."""
        return (
            date.fromisoformat(self.as_of)
            if self.as_of
            else max(edition.rules.knowledge_date for edition in _editions(self.workspace.editions, (), digest_of(self.workspace.editions)))
        )


class ParquetFiles(dg.ConfigurableIOManager):
    """Frames between steps, one Parquet file an asset, under `<out>/work`. Readers of results look at `<out>`, never here."""

    out: str

    def _path(self, key: dg.AssetKey) -> Path:
        return Path(self.out) / "work" / f"{'__'.join(key.path)}.parquet"

    def handle_output(self, context: dg.OutputContext, obj: pl.DataFrame) -> None:
        """Writes a frame beside its place and moves it there in one step."""
        path = self._path(context.asset_key)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        obj.write_parquet(fresh, statistics=False)
        fresh.replace(path)

    def load_input(self, context: dg.InputContext) -> pl.DataFrame:
        """Reads the frame of an upstream asset."""
        return pl.read_parquet(self._path(context.asset_key))
