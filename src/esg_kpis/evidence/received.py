"""The files of data/raw as they were received: which of them a pack encloses, which only the annex holds, and which are only named."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from esg_kpis.domains import DOMAINS
from esg_kpis.errors import InputProblem, UsageProblem
from esg_kpis.evidence.manifest import sha256
from esg_kpis.ingest.declared import FORMAT_FILE
from esg_kpis.ingest.take import is_left_over

OF_PEOPLE = tuple(domain.name for domain in DOMAINS.values() if domain.counted)
"""Folders whose files hold rows of persons."""


@dataclass(frozen=True)
class Found:
    """One file under data/raw: where it lies, its bytes, where they go (see `inputs` in the data dictionary), and what became of it.

    Of a file of meter readings no bytes are taken along: `digest` and `size` tell which it was.
    """

    path: str
    content: bytes
    held: str
    received: str
    problem: str | None = None
    digest: str = ""
    size: int = 0

    @property
    def sha256(self) -> str:
        """The digest of its bytes."""
        return self.digest or sha256(self.content)

    @property
    def bytes(self) -> int:
        """How many bytes it has."""
        return self.size or len(self.content)

    @property
    def domain(self) -> str:
        """The folder it lies in."""
        return self.path.partition("/")[0] if "/" in self.path else ""


ROLLED = tuple(domain.name for domain in DOMAINS.values() if domain.rolled)
"""Folders whose files are rolled up by month; what a pack encloses is the months."""


def found_in(raw: Path, files: pl.DataFrame, months: Path | None = None) -> list[Found]:
    """Every file under data/raw, and the months of meter readings that stand for theirs.

    What was stopped is only named: nobody has looked at what it holds. So is what systems leave behind.

    Args:
        raw: The folder.
        files: The table `files` of the run: what became of each.
        months: Folder of the run that holds the months; None where they lie in data/raw themselves, as in a pack.

    Raises:
        InputProblem: if a file is another one than the run read.
        UsageProblem: if a part of a file was stopped, and another was read: it can be neither enclosed nor left out.
    """
    told = {str(path): part for (path,), part in files.group_by("path", maintain_order=True)}
    found = [_found(raw, path, told) for path in sorted(raw.rglob("*")) if (path.is_symlink() or not path.is_dir()) and (months is None or not _is_rolled(path.relative_to(raw)))]
    return found if months is None else [*found, *_readings(raw, months, told)]


def _is_rolled(path: Path) -> bool:
    """Whether a file is one of readings rather than a format or note beside them."""
    return path.parts[0] in ROLLED and path.name != FORMAT_FILE and path.suffix.lower() != ".md"


def _readings(raw: Path, months: Path, told: Mapping[str, pl.DataFrame]) -> list[Found]:
    """Files of meter readings, named only, as the run read them; and their months, as the run wrote them."""
    found = []
    for name, rows in told.items():
        row = rows.row(0, named=True)
        if name.split("/")[0] not in ROLLED:
            continue
        if (place := months / name).is_file():
            found.append(Found(name, _bytes(place, name), "enclosed", "read"))
        elif (raw / name).is_file():
            received, digest = {"read": "rolled up"}.get(row["status"], row["status"]), _digest(raw / name)
            if row["status"] == "read" and digest != row["sha256"]:
                raise InputProblem("This file is another one than the last run read.", where=name, mend="Run `esg-kpis run` again.")
            found.append(Found(name, b"", "named", received, row["problem"], digest, (raw / name).stat().st_size))
    return found


def _digest(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _found(raw: Path, path: Path, told: Mapping[str, pl.DataFrame]) -> Found:
    name = path.relative_to(raw).as_posix()
    place = "annex" if name.split("/")[0] in OF_PEOPLE else "enclosed"
    inside = path.resolve().is_relative_to(raw.resolve()) and path.is_file()
    content = _bytes(path, name) if inside else b""
    if is_left_over(path):
        return Found(name, content, "named", "left over")
    if path.name == FORMAT_FILE or path.suffix.lower() == ".md":
        return Found(name, content, place if inside else "named", "format" if path.name == FORMAT_FILE else "note")
    if name not in told:
        raise InputProblem("The last run did not see this file.", where=name, mend="Run `esg-kpis run` again.")
    rows = told[name]
    states, problem = set(rows["status"]), "; ".join(rows["problem"].drop_nulls()) or None
    if states == {"stopped"}:
        return Found(name, content, "named", "stopped", problem)
    if "stopped" in states:
        raise UsageProblem("A part of this file was stopped, and another was read.", where=name, mend="Mend that part or take it away, and run again.")
    if sha256(content) not in set(rows["sha256"]):
        raise InputProblem("This file is another one than the last run read.", where=name, mend="Run `esg-kpis run` again.")
    return Found(name, content, place, "read" if "read" in states else "ignored", problem)


def _bytes(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputProblem(f"The file cannot be read: {error.strerror}.", where=name, mend="Check its permissions.") from None


def files_below(folder: Path) -> dict[str, bytes]:
    """The files of a folder by their path in it, without what systems leave behind; none where there is no folder."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and not any(is_left_over(Path(part)) for part in path.relative_to(folder).parts)]
    return {path.relative_to(folder).as_posix(): _bytes(path, path.name) for path in paths}
