"""The files of a run: Parquet, CSV beside it where a person reads it, and the rejected rows as a workbook per site to send back.

A run writes `runs/<key>/` as a whole; one last rename moves the pointer `latest`, and the stable paths lead through it, so that a reader sees the old or the new
set, never a mixture. The same inputs give the same key and the same bytes.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import polars as pl
import xlsxwriter

from esg_kpis.assurance.findings import CHECKS
from esg_kpis.errors import InternalProblem
from esg_kpis.tables import Table

LATEST = "latest"
_FIXED_DATE = datetime(2020, 1, 1)  # noqa: DTZ001  (a workbook has no time zone)


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


def write_rejected_workbooks(rejected: pl.DataFrame, records: pl.DataFrame, folder: Path) -> None:
    """One workbook per site (or file, where the site is unknown) with its rejected rows: what was read, what would be right, the row as received."""
    if rejected.is_empty():
        return
    folder.mkdir()
    rows = rejected.join(records.select("record_id", "received"), on="record_id", how="left").with_columns(
        pl.coalesce("site_id", pl.col("path").str.replace_all("/", "-")).alias("to")
    )
    for part in rows.sort("to", "path", "line", "rule", "column").partition_by("to", maintain_order=True):
        name = _file_name(str(part["to"][0]))
        with xlsxwriter.Workbook(
            folder / f"{name}.xlsx", {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        ) as workbook:
            workbook.set_properties({"created": _FIXED_DATE})
            sheet = workbook.add_worksheet("Rejected rows")
            head, wrap = workbook.add_format({"bold": True, "bottom": 1}), workbook.add_format({"text_wrap": True, "valign": "top"})
            for place, (title, width) in enumerate(
                (
                    ("File", 30),
                    ("Sheet", 12),
                    ("Line", 8),
                    ("Column", 20),
                    ("Read", 24),
                    ("Expected", 50),
                    ("Rule", 18),
                    ("Row as received", 80),
                )
            ):
                sheet.write_string(0, place, title, head)
                sheet.set_column(place, place, width, wrap)
            for number, row in enumerate(
                part.select("path", "sheet", "line", "column", "read", "expected", "rule", "received").iter_rows(), 1
            ):
                for place, value in enumerate(row):
                    if isinstance(value, int):
                        sheet.write_number(number, place, value)
                    else:
                        sheet.write_string(number, place, (value or "")[:32_000])
            sheet.freeze_panes(1, 0)


def _file_name(words: str) -> str:
    """A file name that any system takes; what had to be changed is told apart by a digest."""
    name = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in words)[:60]
    return name if name == words else f"{name}-{hashlib.sha256(words.encode()).hexdigest()[:8]}"


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
