"""What assets share: the workspace, its editions and its factor library, read once per run; and where frames lie between steps."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import cached_property, lru_cache
from importlib.metadata import version
from pathlib import Path

import dagster as dg
import polars as pl

import esg_kpis
from esg_kpis.editions import Edition, read_editions
from esg_kpis.errors import UsageProblem
from esg_kpis.factors import Library, read_library
from esg_kpis.report.outputs import WORK, alone, digest_of, run_key
from esg_kpis.workspace import Workspace, check_names, open_workspace
from pipelines.abandoned import end_abandoned


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
        report: Whether the report site is made.
    """

    root: str
    out: str
    editions: list[str] = []  # noqa: RUF012  (pydantic copies it)
    known_on: str = ""
    as_of: str = ""
    person_key_file: str = ""
    report: bool = True

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
    def every_edition(self) -> list[Edition]:
        """All editions of the workspace, whichever are computed: a lens may borrow the rules of another."""
        return _editions(self.workspace.editions, (), digest_of(self.workspace.editions))

    @cached_property
    def library(self) -> Library:
        """The factor library."""
        return _library(self.workspace.factors, digest_of(self.workspace.factors))

    def known_date(self, edition: Edition) -> date:
        """The knowledge date in force for an edition."""
        return date.fromisoformat(self.known_on) if self.known_on else edition.rules.knowledge_date

    @property
    def usual_last_day(self) -> date:
        """The last day that data may be about, unless another is asked for: the latest knowledge date of the workspace."""
        return max(edition.rules.knowledge_date for edition in self.every_edition)

    @property
    def last_day(self) -> date:
        """The last day that data may be about."""
        return date.fromisoformat(self.as_of) if self.as_of else self.usual_last_day

    @cached_property
    def found(self) -> dict[str, str]:
        """`parts` as this run found them when it began."""
        return self.parts()

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Takes the digests before any step reads a file."""
        check_names(self.workspace)
        self.found  # noqa: B018

    def parts(self) -> dict[str, str]:
        """What the key of a run is made of, and what `run.json` keeps: digests of inputs, definitions and code, and the dates in force."""
        folder = self.workspace
        code = code_digests()
        dates = {f"known on {edition.id}": self.known_date(edition).isoformat() for edition in self.read_editions}
        versions = {name: version(name) for name in ("polars", "pint", "openpyxl", "xlrd", "odfpy", "pyarrow", "jinja2", "vl-convert-python")}
        inputs = {"raw": digest_of(folder.raw), "factors": digest_of(folder.factors), "editions": digest_of(folder.editions)}
        if folder.people_lock.exists():
            inputs["people lock"] = digest_of(folder.people_lock)
        return {**inputs, **dates, **code, **versions, "as_of": self.last_day.isoformat()}


def code_digests() -> dict[str, str]:
    """A digest of our own code, package by package."""
    return {package: digest_of(place, ("**/*.py", "**/*.txt", "**/*.toml", "**/*.csv", "**/*.j2", "**/*.css", "**/*.js")) for package, place in _CODE.items()}


_CODE = {"esg_kpis": Path(esg_kpis.__file__).parent, "pipelines": Path(__file__).parent}
MADE_FROM = "esg_kpis"
"""Under which name a frame between steps says what it was made from."""


def as_made_before(resource: WorkspaceResource, name: str) -> pl.DataFrame | None:
    """A frame as an earlier run left it, if it was made from the same inputs, definitions, code and dates; for steps that cost more than reading it."""
    path = Path(resource.out) / WORK / f"{name}.parquet"
    try:
        same = pl.read_parquet_metadata(path).get(MADE_FROM) == run_key(resource.found)
    except (OSError, pl.exceptions.PolarsError):
        return None
    return pl.read_parquet(path) if same else None


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
        """Holds the results folder for as long as the run goes on, in the UI too."""
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
