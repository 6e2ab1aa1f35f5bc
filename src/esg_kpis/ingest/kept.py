"""Sheets as they were read and typed, kept so that a run opens only files whose bytes, format or reader changed.

What is kept rests on nothing but the content of one file, its format, and the code; registers and other files are looked at anew in every run. Files about people are
never kept. The folder may be deleted at any time.
"""

import hashlib
import io
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

import esg_kpis
from esg_kpis.files import Sheet, Source
from esg_kpis.files.source import MEGABYTE
from esg_kpis.ingest.accounting import FileRead, record_ids
from esg_kpis.ingest.formats import FileFormat, Format
from esg_kpis.ingest.rows import FeedRows

LARGEST = 32 * MEGABYTE
"""Larger files are read anew: writing all that down takes longer than reading it."""
_DIGEST = 32
_OF_SHEET = ("rows", "merged", "formulas")
_OF_FEED = ("base", "quantities", "rejected")


class Kept:
    """What was read before, in a folder, each under a digest of all that it rests on. What was written by halves or changed is not taken."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: set[str] = set()

    def read(self, key: str, source: Source) -> list[FileRead] | None:
        """The sheets under a key, if they are there and whole."""
        self.asked.add(key)
        try:
            content = (self.folder / key).read_bytes()
        except OSError:
            return None
        if hashlib.sha256(content[_DIGEST:]).digest() != content[:_DIGEST]:
            return None
        stream = io.BytesIO(content[_DIGEST:])
        told = json.loads(stream.read(int.from_bytes(stream.read(8), "big")))
        return [_loaded(item, stream, source) for item in told]

    def keep(self, key: str, items: Sequence[FileRead]) -> None:
        """Writes sheets, as a whole or not at all."""
        frames: list[bytes] = []
        told = json.dumps([_told(item, frames) for item in items], ensure_ascii=False).encode()
        content = len(told).to_bytes(8, "big") + told + b"".join(frames)
        fresh = self.folder / f".{key}.{os.getpid()}"
        with suppress(OSError):  # What cannot be kept is read again.
            self.folder.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(hashlib.sha256(content).digest() + content)
            fresh.replace(self.folder / key)

    def forget_others(self) -> None:
        """Takes away what was not asked for since this was made, and what a killed run left."""
        for path in self.folder.iterdir() if self.folder.is_dir() else ():
            if path.name not in self.asked and not path.is_dir():
                path.unlink(missing_ok=True)


def key_of(source: Source, entry: FileFormat, declared: Format | None) -> str:
    """What the reading of a file rests on: its content, its format with the aliases beside it, and the code that reads it."""
    aliases = json.dumps(declared.aliases if declared else {}, sort_keys=True)
    parts = (_code(), source.sha256, source.content_sha256, source.member, source.wrapped, source.name, entry.model_dump_json(), aliases)
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


@cache
def _code() -> str:
    room = Path(esg_kpis.__file__).parent
    files = sorted(path for pattern in ("*.py", "*.txt", "*.toml") for path in room.rglob(pattern))
    code = b"".join(path.read_bytes() for path in files)
    versions = ";".join(f"{name} {version(name)}" for name in ("openpyxl", "xlrd", "odfpy", "pyarrow", "polars", "pint"))
    return hashlib.sha256(code + versions.encode()).hexdigest()


def _told(item: FileRead, frames: list[bytes]) -> dict[str, Any]:
    """A sheet as words; its tables are appended to `frames`."""
    tables = [getattr(item.sheet, name) for name in _OF_SHEET] + [item.aside]
    tables += [getattr(rows, name) for _, rows in item.feeds for name in _OF_FEED]
    written = []
    for table in tables:
        buffer = io.BytesIO()
        table.write_ipc_stream(buffer)
        written.append(buffer.getvalue())
    frames += written
    sheet = {name: value for name, value in vars(item.sheet).items() if name not in (*_OF_SHEET, "source")}
    return {"sheet": sheet, "entry": item.entry.model_dump(mode="json"), "domain": item.domain, "sizes": [len(table) for table in written]}


def _loaded(told: dict[str, Any], stream: io.BytesIO, source: Source) -> FileRead:
    tables = iter([pl.read_ipc_stream(io.BytesIO(stream.read(size))) for size in told["sizes"]])
    about: dict[str, Any] = told["sheet"] | {"ragged": [tuple(row) for row in told["sheet"]["ragged"]], "unread": tuple(told["sheet"]["unread"])}
    about |= {name: next(tables) for name in _OF_SHEET}
    sheet = Sheet(source, **about)
    entry, aside = FileFormat.model_validate(told["entry"]), next(tables)
    feeds = [(feed, FeedRows(**{name: next(tables) for name in _OF_FEED})) for feed in entry.feed]
    return FileRead(sheet, entry, record_ids(sheet, sheet.rows["__line"]), feeds, aside, told["domain"])
