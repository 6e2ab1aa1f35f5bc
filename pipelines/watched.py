"""What a sensor sees of a folder: whether its files changed, and whether they lie still. Files may come and go while it looks."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from esg_kpis.ingest.take import is_left_over

_UNFINISHED = (".part", ".partial", ".crdownload", ".download", ".filepart", ".tmp")
"""Endings under which programs write a file that is still on its way."""


@dataclass(frozen=True)
class Look:
    """What one look at a folder gave.

    Attributes:
        outside: Digest of names, sizes and times of change: cheap, and different as soon as anything moves.
        files: How many files there are.
        moving: A file that is still being written, or that was gone when it was looked at; empty if there is none.
    """

    outside: str
    files: int
    moving: str = ""


def look(folder: Path) -> Look:
    """Names, sizes and times of all files of a folder. What systems leave behind is none.

    Raises:
        OSError: if the folder itself cannot be read.
    """
    next(folder.iterdir(), None)
    try:
        listed = sorted(folder.rglob("*"))
    except FileNotFoundError as gone:  # A folder within it went away while it was listed.
        return Look("", 0, _name(Path(str(gone.filename)).name))
    lines, moving = [], ""
    for path in listed:
        name = path.relative_to(folder).as_posix()
        try:
            state = path.lstat() if path.is_symlink() and not path.exists() else path.stat()
        except OSError:
            moving = moving or _name(name)
            continue
        if path.is_dir() or is_left_over(path):
            continue
        if path.suffix.lower() in _UNFINISHED:
            moving = moving or _name(name)
        lines.append(f"{name} {state.st_size} {state.st_mtime_ns}")
    return Look(hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest(), len(lines), moving)


def _name(name: str) -> str:
    """A name as it can be shown, whatever its bytes are."""
    return name.encode("utf-8", "replace").decode()
