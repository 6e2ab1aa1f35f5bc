"""The files of a run: Parquet, and CSV beside it where a person reads it.

A run writes `runs/<key>/` as a whole; one last rename moves the pointer `latest`, and the stable paths lead through it, so that a reader sees the old or the new
set, never a mixture. The same inputs give the same key and the same bytes. One process at a time writes, and it first takes away what a killed one left.
"""

import errno
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import polars as pl

from esg_kpis.assurance.named import CHECKS
from esg_kpis.errors import EsgKpisError, InternalProblem
from esg_kpis.tables import Table

LATEST, WORK = "latest", "work"
PREVIOUS = ".previous"
"""The pointer to the set that was the latest before."""
MANIFEST = "manifest.sha256"
STAGED = "staged-"
"""How the name of a folder begins that is being written, in `work`."""
_GOING_ON = "going on\n"
"""What stands in the lock while somebody holds it, and is left there by who was killed."""
_held: set[Path] = set()


def write_table(frame: pl.DataFrame, table: Table, folder: Path) -> None:
    """One table as Parquet, and as CSV if the data dictionary says so."""
    frame.write_parquet(folder / f"{table.name}.parquet", compression="zstd", statistics=False)
    if table.csv:
        for_people(_worst_first(frame)).write_csv(folder / f"{table.name}.csv", include_bom=True)


def _worst_first(frame: pl.DataFrame) -> pl.DataFrame:
    """Findings in the order a person reads them: what failed, errors first, then by check in the order of `CHECKS`. Other tables stay in the order of their key."""
    if "severity" not in frame.columns:
        return frame
    rank = pl.col("severity").replace_strict({"error": 0, "warning": 1, "note": 2}, return_dtype=pl.Int8())
    place = pl.col("check").replace_strict({name: number for number, name in enumerate(CHECKS)}, default=len(CHECKS), return_dtype=pl.Int64())
    return frame.sort("passed", rank, place, "edition", "period", "subject")


def for_people(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` for a spreadsheet: decimals without trailing zeros, and text that would start a formula behind an apostrophe (OWASP, CSV injection)."""
    columns = []
    for name, dtype in frame.schema.items():
        if isinstance(dtype, pl.Decimal):
            columns.append(pl.col(name).cast(pl.String).str.replace(r"(\.\d*?)0+$", "$1").str.strip_suffix("."))
        elif dtype == pl.String():
            risky = pl.col(name).str.contains(r"^[=+\-@\t\r＝＋－＠]") & ~pl.col(name).str.contains(r"^-?[\d,]+(\.\d+)?( [\w/³²%]+)?$")
            columns.append(pl.when(risky).then(pl.lit("'") + pl.col(name)).otherwise(pl.col(name)).alias(name))
        else:
            columns.append(pl.col(name))
    return frame.select(columns)


def run_key(parts: Mapping[str, str]) -> str:
    """The key of a run: a digest of everything that could change its results."""
    return hashlib.sha256(json.dumps(dict(parts), sort_keys=True).encode()).hexdigest()[:16]


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, read piece by piece."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def digest_of(folder: Path, patterns: tuple[str, ...] = ("**/*",), hashed: Callable[[Path], str] = sha256_of) -> str:
    """A digest of the files of a folder, by relative path and content."""
    files = sorted({path for pattern in patterns for path in folder.glob(pattern) if path.is_file() and "__pycache__" not in path.parts})
    lines = [f"{path.relative_to(folder).as_posix()} {hashed(path)}" for path in files]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@contextmanager
def alone(out: Path) -> Iterator[None]:
    """Holds the results folder for this process, and mends what a killed run left in it. The kernel lets go of the lock when a process ends, however it ends.

    Raises:
        EsgKpisError: if another process holds it. Within the one that does, this may be asked for again.
    """
    out.mkdir(parents=True, exist_ok=True)
    place = out.resolve()
    if place in _held:
        yield
        return
    with (place / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EsgKpisError("Another run is writing here.", where=str(out), mend="Wait for it, or give another --out.") from None
        _held.add(place)
        try:
            lock.write(_GOING_ON)
            lock.flush()
            _mend(place)
            yield
        finally:
            _held.discard(place)
            lock.truncate(0)


def was_killed(out: Path) -> bool:
    """Whether whoever held the results folder last did not come to its end, or holds it still."""
    try:
        return (out / ".lock").stat().st_size > 0
    except FileNotFoundError:
        return False


def is_held(out: Path) -> bool:
    """Whether some process, this one included, is writing to the results folder. It changes nothing there."""
    place = out.resolve()
    if place in _held:
        return True
    try:
        with (place / ".lock").open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _mend(out: Path) -> None:
    """Takes away what was half written, and links that lead nowhere."""
    for path in [*(out / WORK).glob(f"{STAGED}*"), *(out / WORK).glob("*.new"), *out.glob(".*.new")]:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    _drop_dangling(out)


def current(out: Path) -> Path:
    """The folder of the latest set. It never changes: who reads several files of one set finds it once, and reads there."""
    return (out / LATEST).resolve()


def publish(staged: Path, out: Path, key: str) -> Path:
    """Moves a complete set of files, with its manifest, to `runs/<key>` and the pointer to it. If the key was run before, its bytes must be the same.

    Where files of an earlier set were changed since, by hand or by a failing disk, that folder stays as it is, and the set is written beside it, to `runs/<key>-2`.

    Whatever ends the process or the machine, and at whatever moment: `runs/<key>` is complete or not there, and the stable paths lead to the old set or to the new.
    A name that only one of the two sets has leads nowhere while the other one stands.

    Raises:
        InternalProblem: if an earlier run with the same key wrote other bytes.
    """
    runs = out / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    manifest = _manifest_of(staged)
    (staged / MANIFEST).write_text(manifest, encoding="utf-8")
    target = next(folder for folder in _folders_of(runs, key) if not folder.exists() or is_intact(folder))
    if target.exists():
        if (target / MANIFEST).read_text(encoding="utf-8") != manifest:
            raise InternalProblem(
                f"Run {key} wrote other bytes before.",
                where=str(target),
                mend="Keep both and report it; results must not depend on when they are computed.",
            )
        shutil.rmtree(staged)
    else:
        _sync_all(staged)
        staged.rename(target)
        _sync(runs)
    for path in sorted(target.iterdir()):
        _point(out / path.name, Path(LATEST) / path.name)
    _sync(out)
    before = out / LATEST
    if before.is_symlink() and before.exists() and before.readlink() != Path("runs") / target.name:
        _point(out / PREVIOUS, before.readlink())
    _point(out / LATEST, Path("runs") / target.name)
    _drop_dangling(out)
    _sync(out)
    return target


def is_intact(folder: Path) -> bool:
    """Whether a set of files is as it was written: its manifest lists what is there."""
    manifest = folder / MANIFEST
    return manifest.is_file() and manifest.read_text(encoding="utf-8", errors="replace") == _manifest_of(folder)


def is_whole(out: Path, key: str) -> bool:
    """Whether the latest set of files is that of `key` and as it was written, and every stable path leads to it."""
    folder = current(out)
    runs = out.resolve() / "runs"
    if folder.parent != runs or not (folder.name == key or folder.name.startswith(f"{key}-")) or (out / LATEST).readlink() != Path("runs") / folder.name:
        return False
    names = [path.name for path in folder.iterdir()]
    return all((out / name).is_symlink() and (out / name).readlink() == Path(LATEST) / name for name in names) and is_intact(folder)


def changed_before(folder: Path, key: str) -> Path | None:
    """The folder of the same set that was changed after it was written, so that `folder` was written beside it; None if there is none."""
    return folder.with_name(key) if folder.name != key else None


def _folders_of(runs: Path, key: str) -> Iterator[Path]:
    """Where the sets of one key lie: `<key>`, and `<key>-2` and so on, where those before were changed."""
    yield runs / key
    yield from (runs / f"{key}-{number}" for number in count(2))


def _manifest_of(folder: Path) -> str:
    """The SHA-256 of every file of a set, as `sha256sum --check` reads it."""
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and path != folder / MANIFEST)
    return "".join(f"{hashlib.sha256((folder / path).read_bytes()).hexdigest()}  {path}\n" for path in paths)


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file that is there wholly or not at all."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_bytes(content)
    _sync(fresh)
    fresh.replace(path)
    _sync(path.parent)


def _point(link: Path, target: Path) -> None:
    """Makes `link` lead to `target` in one step, whatever it led to before."""
    if link.is_symlink() and link.readlink() == target:
        return
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    os.replace(fresh, link)  # noqa: PTH105


def _drop_dangling(out: Path) -> None:
    """Takes away the stable paths of files that the latest set does not have."""
    for link in out.iterdir():
        if link.is_symlink() and link.readlink().parts[0] == LATEST and not link.exists():
            link.unlink()


def _sync_all(folder: Path) -> None:
    """Brings a folder and all that is in it to the disk, so that a power cut after a rename does not leave it empty under its name."""
    for path in sorted(folder.rglob("*"), reverse=True):
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # Some network shares cannot do it for a folder.
            raise
    finally:
        os.close(number)
