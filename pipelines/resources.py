"""What assets share: the workspace, its editions and its factor library, read once per run; and where frames lie between steps."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import cached_property
from pathlib import Path

import dagster as dg
import polars as pl

from esg_kpis.editions import Edition
from esg_kpis.errors import UsageProblem
from esg_kpis.factors import Library
from esg_kpis.report.outputs import WORK, alone, run_key
from esg_kpis.workspace import Workspace, check_names
from pipelines.abandoned import end_abandoned
from pipelines.asked import Request
from pipelines.latest import MADE_FROM


class WorkspaceResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The workspace a run works on, and its dates.

    Attributes:
        root: Folder with data/raw, factors and editions.
        out: Folder for results.
        editions: Editions to compute; empty for all.
        known_on: Knowledge date that replaces each edition's own; empty for none.
        as_of: Last day data may be about; empty for the latest knowledge date.
        person_key_file: File of the secret key that makes pseudonyms of staff numbers; empty where people files hold pseudonyms.
        report: Whether the report site is made.
    """

    root: str
    out: str
    editions: list[str] = []  # noqa: RUF012  (pydantic copies it)
    known_on: str = ""
    as_of: str = ""
    person_key_file: str = ""
    report: bool = True

    @cached_property
    def request(self) -> Request:
        """The same, as it is outside of Dagster."""
        return Request(Path(self.root), Path(self.out), tuple(self.editions), self.known_on, self.as_of, report=self.report, person_key_file=self.person_key_file)

    @property
    def person_key(self) -> Path | None:
        """Where the secret key for pseudonyms lies, if one is named."""
        return self.request.person_key

    @property
    def workspace(self) -> Workspace:
        """The folder."""
        return self.request.workspace

    @property
    def read_editions(self) -> list[Edition]:
        """The editions, as this run sees them."""
        return self.request.read_editions

    @property
    def every_edition(self) -> list[Edition]:
        """All editions of the workspace, whichever are computed."""
        return self.request.every_edition

    @property
    def library(self) -> Library:
        """The factor library."""
        return self.request.library

    def known_date(self, edition: Edition) -> date:
        """The knowledge date in force for an edition."""
        return self.request.known_date(edition)

    @property
    def usual_last_day(self) -> date:
        """The last day that data may be about, unless another is asked for."""
        return self.request.usual_last_day

    @property
    def last_day(self) -> date:
        """The last day that data may be about."""
        return self.request.last_day

    @cached_property
    def found(self) -> dict[str, str]:
        """`parts` as this run found them when it began."""
        return self.parts()

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Takes the digests before any step reads a file."""
        check_names(self.workspace)
        self.found  # noqa: B018

    def parts(self) -> dict[str, str]:
        """What the key of a run is made of; see `Request.parts`."""
        return self.request.parts()




def as_made_before(resource: WorkspaceResource, name: str) -> pl.DataFrame | None:
    """A frame as an earlier run left it, if it was made from the same inputs, definitions, code and dates; for steps that cost more than reading it."""
    path = Path(resource.out) / WORK / f"{name}.parquet"
    try:
        same = pl.read_parquet_metadata(path).get(MADE_FROM) == run_key(resource.found)
    except (OSError, pl.exceptions.PolarsError):
        return None
    return pl.read_parquet(path) if same else None


ROLLED = "rolled_months"
"""The asset of which each partition is a month of meter readings."""


def _of_months(run: dg.DagsterRun) -> bool:
    """Whether a run computes nothing but a month of readings."""
    return run.asset_selection == frozenset({dg.AssetKey(ROLLED)}) or "dagster/partition" in run.tags


class ParquetFiles(dg.ConfigurableIOManager):
    """Frames between steps, one Parquet file an asset, under `<out>/work`. Readers of results look at `<out>`, never here.

    A run that was killed leaves some frames of its own and some of the run before. Each says what it was made from, and a run that computes only some assets takes
    no frame that was made from anything else. The fields are those of `WorkspaceResource`: one resource within another would be simpler, but Dagster 1.13 warns of itself then.
    """

    root: str
    out: str
    editions: list[str] = []  # noqa: RUF012  (pydantic copies it)
    known_on: str = ""
    as_of: str = ""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["ParquetFiles"]:
        """Holds the results folder for as long as the run goes on, in the UI too. Runs of months of readings write there to places of their own, side by side."""
        if context.run is not None and _of_months(context.run):
            yield self
            return
        with alone(Path(self.out)):
            self._made_from  # noqa: B018  (before any step reads a file)
            if context.instance is not None and context.run is not None:
                end_abandoned(context.instance, Path(self.out), context.run.run_id)
            yield self

    @cached_property
    def _made_from(self) -> str:
        workspace = WorkspaceResource(root=self.root, out=self.out, editions=self.editions, known_on=self.known_on, as_of=self.as_of)
        return run_key(workspace.parts())

    def _path(self, key: dg.AssetKey) -> Path:
        return Path(self.out) / WORK / f"{'__'.join(key.path)}.parquet"

    def handle_output(self, context: dg.OutputContext, obj: pl.DataFrame) -> None:
        """Writes a frame beside its place and moves it there in one step."""
        path = self._path(context.asset_key)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        obj.write_parquet(fresh, statistics=False, metadata={MADE_FROM: self._made_from})
        fresh.replace(path)

    def load_input(self, context: dg.InputContext) -> pl.DataFrame:
        """Reads the frame of an upstream asset.

        Raises:
            UsageProblem: if it is not there, was half written when power was lost, or was made from other inputs, definitions, code or dates.
        """
        path = self._path(context.asset_key)
        try:
            made_from = pl.read_parquet_metadata(path).get(MADE_FROM)
        except (OSError, pl.exceptions.PolarsError):
            made_from = None
        if made_from != self._made_from:
            raise UsageProblem(
                f"{context.asset_key.to_user_string()} was never made from the files as they are now.", where=str(path), mend="Materialize all assets."
            )
        return pl.read_parquet(path)
