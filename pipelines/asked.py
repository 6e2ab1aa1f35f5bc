"""What a run is asked for, and what it would be made from. Nothing of Dagster, and editions and factors are read only where they are needed."""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import esg_kpis
from esg_kpis.readings.hashes import Hashes
from esg_kpis.report.outputs import WORK, digest_of, sha256_of
from esg_kpis.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from esg_kpis.editions import Edition
    from esg_kpis.factors import Library

LIBRARIES = (
    "highspy", "jinja2", "narwhals", "numpy", "odfpy", "openpyxl", "pint", "polars", "pyarrow", "pydantic", "pyyaml", "vl-convert-python", "xlrd", "xlsxwriter",
)  # fmt: skip
"""Whose version may change a figure or a byte that is written. What only runs, checks or signs is not among them."""
_CODE = {"esg_kpis": Path(esg_kpis.__file__).parent, "pipelines": Path(__file__).parent}


@lru_cache(maxsize=4)
def _editions(folder: Path, wanted: tuple[str, ...], _digest: str) -> list["Edition"]:
    """Editions read once per content of their folder: before a run starts, and again within it, costs one reading."""
    from esg_kpis.editions import read_editions

    return read_editions(folder, wanted)


@lru_cache(maxsize=4)
def _library(folder: Path, _digest: str) -> "Library":
    from esg_kpis.factors import read_library

    return read_library(folder)


@dataclass(frozen=True)
class Request:
    """What a run is asked for.

    Attributes:
        root: Folder with data/raw, factors and editions.
        out: Folder for results.
        editions: Editions to compute; empty for all.
        known_on: Knowledge date that replaces each edition's own; empty for none.
        as_of: Last day data may be about; empty for the latest knowledge date.
        report: Whether the report site is made.
        person_key_file: File of the secret key that makes pseudonyms of staff numbers; empty where people files hold pseudonyms.
    """

    root: Path
    out: Path
    editions: tuple[str, ...] = ()
    known_on: str = ""
    as_of: str = ""
    report: bool = True
    person_key_file: str = ""

    @property
    def person_key(self) -> Path | None:
        """Where the secret key for pseudonyms lies, if one is named here or as ESG_KPIS_PERSON_KEY_FILE."""
        named = self.person_key_file or os.environ.get("ESG_KPIS_PERSON_KEY_FILE", "")
        return Path(named) if named else None

    @cached_property
    def workspace(self) -> Workspace:
        """The folder."""
        return open_workspace(self.root, self.out)

    @cached_property
    def read_editions(self) -> list["Edition"]:
        """The editions, as this run sees them."""
        return _editions(self.workspace.editions, self.editions, digest_of(self.workspace.editions))

    @cached_property
    def every_edition(self) -> list["Edition"]:
        """All editions of the workspace, whichever are computed: a lens may borrow the rules of another."""
        return _editions(self.workspace.editions, (), digest_of(self.workspace.editions))

    @cached_property
    def library(self) -> "Library":
        """The factor library."""
        return _library(self.workspace.factors, digest_of(self.workspace.factors))

    def known_date(self, edition: "Edition") -> date:
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

    def parts(self) -> dict[str, str]:
        """What the key of a run is made of, and what `run.json` keeps: digests of inputs, definitions and code, and the dates in force."""
        return parts_of(self.workspace, {edition.id: self.known_date(edition).isoformat() for edition in self.read_editions}, self.last_day.isoformat())


def parts_of(workspace: Workspace, known_on: Mapping[str, str], as_of: str) -> dict[str, str]:
    """The same from dates that are known: those of each edition, and the last day that data may be about."""
    inputs = {"raw": digest_of_raw(workspace.raw, workspace.out), "factors": digest_of(workspace.factors), "editions": digest_of(workspace.editions)}
    if workspace.people_lock.exists():
        inputs["people lock"] = digest_of(workspace.people_lock)
    dates = {f"known on {edition}": day for edition, day in known_on.items()}
    versions = {name: version(name) for name in LIBRARIES} | {"python": platform.python_version()}
    return {**inputs, **dates, **code_digests(), **versions, "as_of": as_of}


def digest_of_raw(raw: Path, out: Path) -> str:
    """The digest of data/raw. Files of meter readings, which may be many gigabytes, are read again only if their size or time of change is another."""
    hashes = Hashes(out / WORK / "readings")

    def hashed(path: Path) -> str:
        return hashes.of(path) if path.relative_to(raw).parts[0] == "readings" else sha256_of(path)

    digest = digest_of(raw, hashed=hashed)
    hashes.remember()
    return digest


def code_digests() -> dict[str, str]:
    """A digest of our own code, package by package."""
    return {package: digest_of(place, ("**/*.py", "**/*.txt", "**/*.toml", "**/*.csv", "**/*.j2", "**/*.css", "**/*.js")) for package, place in _CODE.items()}
