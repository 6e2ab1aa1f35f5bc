"""Small made-up workspaces with people files: spells, snapshots, movements, training and injuries out of Python rows, each starting from one that is accepted."""

import hashlib
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import combinations
from pathlib import Path
from typing import Any

import polars as pl

from esg_kpis.domains.people import CROSSED, OF_INJURIES, OF_SPELLS, OF_TRAINING
from esg_kpis.ingest import ingest
from esg_kpis.people import Counting, People, count_people, people_of
from esg_kpis.workspace import Workspace
from tests.ingest_scenario import csv_of
from tests.scenario import Row, edition_folder, factor_row, library_folder

AS_OF = date(2024, 4, 9)
YEARS = ((date(2022, 1, 1), date(2022, 12, 31)), (date(2023, 1, 1), date(2023, 12, 31)))
SITES = (
    "site_id,name,country,grid_region,kind,valid_from,valid_to,floor_area,floor_area_unit\n"
    "BJ-01,Beijing campus,CN,CN-NCG,office,,,,\n"
    "SH-01,Shanghai store,CN,CN-ECG,store,2022-01-01,2023-06-30,,\n"
    "IN-01,Bangalore office,IN,IN,office,,,,\n"
)
AS_SHE_IS = {
    "site_id": "BJ-01", "country": "", "gender": "Female", "age_group": "30-50", "level": "Junior", "profession": "Technical", "employment_type": "full_time",
}  # fmt: skip
SOME_CROSSES = frozenset({(), *((name,) for name in CROSSED[:4]), *combinations(CROSSED[:4], 2)})
KEY = "f0e1d2c3b4a5968778695a4b3c2d1e0f0123456789abcdef0123456789abcdef"
"""A secret key for pseudonyms, made up."""


def key(name: str) -> str:
    """The pseudonym of somebody whom the test calls `name`."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]


# ---------------------------------------------------------------- rows


def spell(name: str, first: str, last: str = "", **changes: str) -> dict[str, str]:
    """A spell of a woman, full-time in Beijing, changed as told."""
    return {"person": key(name), "from": first, "to": last} | AS_SHE_IS | changes


def snapshot(name: str, day: str, **changes: str) -> dict[str, str]:
    return {"person": key(name), "date": day} | AS_SHE_IS | changes


def movement(name: str, day: str, event: str, **changes: str) -> dict[str, str]:
    return {"person": key(name), "date": day, "event": event} | AS_SHE_IS | changes


def course(name: str, day: str, hours: str, code: str = "C-1", programme: str = "") -> dict[str, str]:
    return {"person": key(name), "date": day, "course": code, "programme": programme, "hours": hours}


def injury(case: str, name: str, day: str, outcome: str = "lost_time", lost_days: str = "3", recognition: str = "recognised") -> dict[str, str]:
    return {"case_id": case, "person": key(name), "date": day, "outcome": outcome, "lost_days": lost_days, "recognition": recognition}


PROGRAMMES = 'format_version = 1\n[vocabulary]\nprogramme = ["Sprouts", "Bridges"]\n'
"""A `_format.toml` that adds nothing but the words for programmes."""


def people_format(feed: str = "", file: str = "", glob: str = "*") -> str:
    """A `_format.toml` for people files, with further keys where told."""
    return f'format_version = 1\n[[file]]\nglob = "{glob}"\n{file}\n[[file.feed]]\ndomain = "people"\n{feed}\n'


# ---------------------------------------------------------------- counting


def workspace_of(root: Path, files: Mapping[str, Sequence[Mapping[str, str]] | str | bytes]) -> Workspace:
    """A workspace with the register and these files under data/raw/people; `../energy/x.csv` lies beside that folder. Rows become CSV."""
    raw = root / "data" / "raw"
    (raw / "sites").mkdir(parents=True, exist_ok=True)
    (raw / "sites" / "sites.csv").write_text(SITES)
    for name, content in files.items():
        path = Path(os.path.normpath(raw / "people" / name))
        path.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, (str, bytes)) else csv_of(*content)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Workspace(root, root / "out")


def counting(periods: Iterable[tuple[date, date]] = YEARS, crosses: Iterable[tuple[str, ...]] = SOME_CROSSES) -> Counting:
    """Every measure by some crosses, training and participants by programme too."""
    asked = dict.fromkeys((*OF_SPELLS, *OF_TRAINING, *OF_INJURIES), frozenset(crosses))
    by_programme = {name: asked[name] | {("programme",)} for name in ("training_hours", "training_participants", "training_courses")}
    return Counting(tuple(sorted(periods)), asked | by_programme)


def counted(
    root: Path, files: Mapping[str, Sequence[Mapping[str, str]] | str | bytes], *, what: Counting | None = None, as_of: date = AS_OF, secret: Path | None = None
) -> People:
    """What is left of these files once they were counted."""
    workspace = workspace_of(root, files)
    return count_people(workspace, as_of, ingest(workspace, as_of).sites, what or counting(), secret)


def counted_or_locked(workspace: Workspace, what: Counting | None = None) -> People:
    """The same, with the lock of the workspace, if it has one."""
    return people_of(workspace, AS_OF, ingest(workspace, AS_OF).sites, what or counting())


def count(people: People, measure: str, last: str, **attributes: str) -> Decimal:
    """A measure up to a day (a stock: on it), by attributes: those that are crossed choose the cross."""
    cross = "|".join(name for name in CROSSED if name in attributes)
    rows = people.counts.filter((pl.col("measure") == measure) & (pl.col("last") == date.fromisoformat(last)) & (pl.col("cross") == cross))
    wanted = [f"{name}={value}" for name, value in attributes.items() if name != "site_id"]
    found = [
        row["quantity"]
        for row in rows.iter_rows(named=True)
        if all(pair in row["attributes"].split(";") for pair in wanted) and attributes.get("site_id", row["site_id"]) == row["site_id"]
    ]
    return sum(found, Decimal(0))


def figures(people: People, last: str, **attributes: str) -> tuple[int, int, int]:
    """Stock, joiners and leavers of the period that ends on a day."""
    stock, joined, left = (count(people, name, last, **attributes) for name in ("employees", "employees_joined", "employees_left"))
    return int(stock), int(joined), int(left)


def rules(people: People) -> dict[tuple[str, int], list[str]]:
    """File and line -> the rules it broke."""
    rows = people.rejected.sort("path", "line", "rule").iter_rows(named=True)
    found: dict[tuple[str, int], list[str]] = {}
    for row in rows:
        found.setdefault((row["path"].removeprefix("people/"), row["line"]), []).append(row["rule"])
    return found


def stopped(people: People) -> str:
    """The message of the one file that was stopped, of which nothing is left."""
    assert people.counts.is_empty()
    assert people.records.is_empty()
    (row,) = people.rejected.to_dicts()
    assert (row["rule"], row["line"], row["read"]) == ("file_stopped", 0, "")
    return f"{row['message']} {row['expected']}"


# ---------------------------------------------------------------- whole runs


HEADS: Row = {
    "id": "heads", "label": "Heads", "text": "Employees at year-end.", "source": "page 1", "unit": "person", "decimals": 0, "formula": "sum",
    "amounts": [{"measure": ["employees"]}],
    "breakdowns": [{"name": "total", "categories": {"All": {}}}, {"name": "gender", "categories": {"Female": {"gender": ["Female"]}, "Male": {"gender": ["Male"]}}}],
}  # fmt: skip
LEAVERS: Row = HEADS | {"id": "leavers", "amounts": [{"measure": ["employees_left"]}]}
TURNOVER: Row = HEADS | {"id": "turnover", "unit": "%", "decimals": 2, "formula": "share", "numerator": "leavers", "denominator": "heads"}
del TURNOVER["amounts"]
KPIS = (HEADS, LEAVERS, TURNOVER)
"""Heads, leavers and turnover, in total and by gender."""


def whole_workspace(root: Path, files: Mapping[str, Sequence[Mapping[str, str]] | str | bytes], kpis: Sequence[Row] = KPIS, rules: str | None = None) -> Path:
    """A workspace that runs: the register, people files, a factor library and the edition e1."""
    workspace_of(root, files)
    library_folder(root, {"mee": [factor_row()]})
    text = '[[boundary]]\nid = "group"\ntext = "All of it."\n[small_groups]\nk = 2\n' if rules is None else rules
    edition_folder(root, kpis, text)
    return root


def esg_kpis(root: Path, *args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command line on a workspace, in a process of its own; results in `out`, Dagster's storage in `dagster`, both beside it."""
    known = {**os.environ, "DAGSTER_HOME": str(root.parent / "dagster"), "COLUMNS": "200"} | environment
    command = [sys.executable, "-m", "pipelines.cli", "--root", str(root), "--out", str(root.parent / "out"), *args]
    return subprocess.run(command, capture_output=True, text=True, env=known, cwd=root.parent, check=False)


def result(root: Path, name: str) -> pl.DataFrame:
    """One table of the last run by `esg_kpis`."""
    return pl.read_parquet(root.parent / "out" / f"{name}.parquet")


def cell(root: Path, kpi: str, period: str = "2023", category: str = "All") -> dict[str, Any]:
    """One cell of the KPI table of the last run by `esg_kpis`."""
    rows = result(root, "kpi_values").filter((pl.col("kpi_id") == kpi) & (pl.col("period") == period) & (pl.col("category") == category))
    (row,) = rows.to_dicts()
    return row


# ---------------------------------------------------------------- what was written


def everything_written(root: Path, *done: subprocess.CompletedProcess[str]) -> dict[str, bytes]:
    """All that runs by `esg_kpis` left: each file as bytes, with Parquet and workbooks unpacked too, and what the processes said."""
    found: dict[str, bytes] = {}
    for folder in (root.parent / "out", root.parent / "dagster", root / "data" / "locked"):
        for path in sorted(folder.rglob("*")):
            found[f"name of {path}"] = str(path.relative_to(folder)).encode()
            if not path.is_file():
                continue
            content = path.read_bytes()
            found[str(path)] = content
            if path.suffix == ".parquet":
                found[f"{path}, read"] = repr(pl.read_parquet(path).rows()).encode()
            if path.suffix == ".xlsx":
                with zipfile.ZipFile(path) as book:
                    found |= {f"{path}, {name}": book.read(name) for name in book.namelist()}
    for number, one in enumerate(done):
        found |= {f"stdout {number}": one.stdout.encode(), f"stderr {number}": one.stderr.encode()}
    return found


def places_of(secret: str, written: Mapping[str, bytes]) -> list[str]:
    """Where a text stands, in whatever case; none is what is wanted."""
    wanted = secret.lower().encode()
    return [place for place, content in written.items() if wanted in content.lower()]
