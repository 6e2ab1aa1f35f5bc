"""A file as bytes, and what is refused before anything of it is opened."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from esg_kpis.errors import InputProblem

MEGABYTE = 1024 * 1024
MAX_MEGABYTES = 512
"""Largest file that is read unless its format declares more."""


@dataclass(frozen=True)
class Source:
    """A file as bytes: where it lies under data/raw, its content, and the digest of the file as sent.

    `member` names the file inside a zip whose content this is; `path` and `sha256` are then the archive's. `wrapped` says what it was packed in.
    """

    path: str
    content: bytes
    sha256: str
    member: str = ""
    wrapped: str = ""

    @property
    def where(self) -> str:
        """The place in words."""
        return f"{self.path}, {self.member}" if self.member else self.path

    @property
    def name(self) -> str:
        """The file's own name, as it is without its packing."""
        name = PurePosixPath(self.member or self.path).name
        return name[:-3] if self.wrapped == "gzip" and name.lower().endswith(".gz") else name

    @cached_property
    def content_sha256(self) -> str:
        """The digest of the content itself: equal for a file and the same file packed."""
        return hashlib.sha256(self.content).hexdigest() if self.member or self.wrapped else self.sha256


def read_source(root: Path, path: Path, max_megabytes: int = MAX_MEGABYTES) -> Source:
    """The bytes of a file below `root`.

    Raises:
        InputProblem: if it cannot be read, lies outside `root` (a link that leads away), is no plain file, or is larger than `max_megabytes`.
    """
    relative = path.relative_to(root).as_posix()
    if not path.resolve().is_relative_to(root.resolve()):
        raise InputProblem("The file leads outside data/raw.", where=relative, mend="Copy the file itself into the folder.")
    try:
        if path.exists() and not path.is_file():
            raise InputProblem("It is no file.", where=relative, mend="Copy the file itself into the folder.")
        if (size := path.stat().st_size) > max_megabytes * MEGABYTE:
            raise InputProblem(
                f"The file has {size // MEGABYTE} MB, more than {max_megabytes} MB.",
                where=relative, mend="Split it, or allow more with `max_megabytes` in _format.toml.",
            )  # fmt: skip
        content = path.read_bytes()
    except OSError as error:
        raise InputProblem(f"The file cannot be read: {error.strerror}.", where=relative, mend="Check its permissions.") from error
    return Source(relative, content, hashlib.sha256(content).hexdigest())
