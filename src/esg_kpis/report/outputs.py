"""The files of a run: Parquet, and CSV beside it where a person reads it.

A run writes `runs/<key>/` as a whole; one last rename moves the pointer `latest`, and the stable paths lead through it, so that a reader sees the old or the new
set, never a mixture. The same inputs give the same key and the same bytes.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from esg_kpis.assurance.findings import CHECKS
from esg_kpis.errors import InternalProblem
from esg_kpis.tables import Table

LATEST = "latest"


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


def digest_of(folder: Path, patterns: tuple[str, ...] = ("**/*",)) -> str:
    """A digest of the files of a folder, by relative path and content."""
    files = sorted({path for pattern in patterns for path in folder.glob(pattern) if path.is_file() and "__pycache__" not in path.parts})
    lines = [f"{path.relative_to(folder).as_posix()} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def publish(staged: Path, out: Path, key: str) -> Path:
    """Moves a complete set of files to `runs/<key>` and the pointer to it. If the key was run before, its bytes must be the same.

    Raises:
        InternalProblem: if an earlier run with the same key wrote other bytes.
    """
    runs = out / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    target = runs / key
    if target.exists():
        if digest_of(target) != digest_of(staged):
            raise InternalProblem(
                f"Run {key} wrote other bytes before.",
                where=str(target),
                mend="Keep both and report it; results must not depend on when they are computed.",
            )
        shutil.rmtree(staged)
    else:
        staged.rename(target)
    _point(out / LATEST, Path("runs") / key)
    for path in sorted(target.iterdir()):
        _point(out / path.name, Path(LATEST) / path.name)
    for link in out.iterdir():
        if link.is_symlink() and not link.exists():
            link.unlink()
    return target


def _point(link: Path, target: Path) -> None:
    """Makes `link` lead to `target` in one step, whatever it led to before."""
    if link.is_symlink() and link.readlink() == target:
        return
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    os.replace(fresh, link)  # noqa: PTH105
