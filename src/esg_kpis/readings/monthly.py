"""Months of readings, each rolled up alone and kept under a digest of all that it rests on: its files, its format, its meters and its dates. A month that did not change is not computed again."""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from tempfile import mkdtemp

import polars as pl

from esg_kpis.readings.abandoned import forget_abandoned
from esg_kpis.readings.engines import Engine
from esg_kpis.readings.interval import rolled
from esg_kpis.readings.judged import Task
from esg_kpis.readings.register import Counted, counted
from esg_kpis.readings.samples import sampled

_WITNESS = "whole"
"""Name of the file that is written last, with the digest of each of the others."""


@dataclass(frozen=True)
class Month:
    """One month of one table as it was rolled up: what was asked for, the digest of all that it rests on, and its frames (see `interval.Rolled`, `register.Counted`, `samples`)."""

    task: Task
    key: str
    frames: Mapping[str, pl.DataFrame]

    @property
    def name(self) -> str:
        """YYYY-MM."""
        return self.task.window.month


def computed(engine: Engine, task: Task, root: Path) -> dict[str, pl.DataFrame]:
    """The frames of a month, computed now. Samples name files below `root`."""
    found = counted(engine, task) if task.table.form == "register" else rolled(engine, task)
    frames = {"meters": found.meters, "refused": found.refused, "samples": sampled(task, found.refused, found.suspects, root)}
    return frames | ({"counters": found.counters, "ends": found.ends} if isinstance(found, Counted) else {"days": found.days})


def key_of(task: Task, files: str) -> str:
    """A digest of all that a month rests on. Not the engine: all give the same. Dates only where they matter."""
    window = task.window
    told = {
        "table": task.table.model_dump(exclude={"path", "counts", "tolerance"}), "files": files, "window": [window.month, *window.days, window.offset, *((item.at, item.before, item.after) for item in window.changes), *window.hidden],
        "meters": hashlib.sha256(task.registered.write_csv().encode()).hexdigest(), "known": task.known, "until": task.until if task.until < window.end else None, "code": _code(),
    }  # fmt: skip
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def kept(folder: Path, key: str) -> dict[str, pl.DataFrame] | None:
    """The frames under a key, if they are there, whole, and the bytes that were kept."""
    place, found = folder / key, {}
    try:
        for name, digest in json.loads((place / _WITNESS).read_text(encoding="utf-8")).items():
            content = (place / f"{name}.parquet").read_bytes()
            if hashlib.sha256(content).hexdigest() != digest:
                return None
            found[name] = pl.read_parquet(content)
    except (OSError, ValueError, TypeError, AttributeError, pl.exceptions.PolarsError):
        return None
    return found


def keep(folder: Path, key: str, frames: Mapping[str, pl.DataFrame]) -> None:
    """Writes frames under a key, as a whole or not at all. Others may do so at the same time."""
    folder.mkdir(parents=True, exist_ok=True)
    fresh = Path(mkdtemp(prefix=".", dir=folder))
    try:
        digests = {}
        for name, frame in frames.items():
            frame.write_parquet(fresh / f"{name}.parquet", statistics=False)
            digests[name] = hashlib.sha256((fresh / f"{name}.parquet").read_bytes()).hexdigest()
        (fresh / _WITNESS).write_text(json.dumps(digests, sort_keys=True), encoding="utf-8")
        if kept(folder, key) is None:
            shutil.rmtree(folder / key, ignore_errors=True)  # Half of it may be there: what was copied, or is on a disk that lost some.
            with suppress(OSError):  # Another process was quicker: what it wrote is the same.
                fresh.rename(folder / key)
        forget_abandoned(folder, fresh if fresh.exists() else folder / key)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def forget_others(folder: Path, keys: Sequence[str]) -> None:
    """Takes away what was kept under other keys. What another process is writing is left alone."""
    for place in folder.glob("*") if folder.is_dir() else ():
        if place.is_dir() and place.name not in keys and not place.name.startswith("."):
            shutil.rmtree(place, ignore_errors=True)


def forget_gone(folder: Path, months: Iterable[str], files: Sequence[Path]) -> None:
    """Takes away what was kept of a table's months that are gone, and of its text files that were changed since.

    Args:
        folder: Where a table's months are kept.
        months: Its months.
        files: Files that were read.
    """
    typed = {path.parent for path in files if path.is_relative_to(folder)}
    for place in folder.glob("*") if folder.is_dir() else ():
        if place.is_dir() and place.name not in months and place not in typed:
            shutil.rmtree(place, ignore_errors=True)
    for place in typed:
        for path in set(place.glob("*.parquet")) - set(files):
            path.unlink(missing_ok=True)


@cache
def _code() -> str:
    """A digest of this room and of the libraries whose arithmetic it trusts."""
    own = "".join(path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("*.py")))
    return hashlib.sha256((own + "".join(version(name) for name in ("polars", "narwhals"))).encode()).hexdigest()
