"""What a run found in the folders that somebody else fills, as observations of the assets that stand for them: files, bytes, hashes, and how much was refused."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from esg_kpis.domains import DOMAINS
from esg_kpis.domains.definition import Domain
from esg_kpis.ingest.take import is_left_over
from pipelines.resources import WorkspaceResource
from pipelines.shown import percent, table

_SHOWN, _DIGITS = 40, 12


def observed(workspace: WorkspaceResource, files: pl.DataFrame, rejected: pl.DataFrame) -> Iterator[dg.AssetObservation]:
    """One observation per folder of data/raw, of the factors and of the editions."""
    folder = workspace.workspace
    refusals = rejected.select("record_id", pl.col("path").str.split("/").list.first().alias("folder")).unique()
    for domain in DOMAINS.values():
        own = files.filter(pl.col("path").str.starts_with(f"{domain.name}/"))
        count = refusals.filter(pl.col("folder") == domain.name).height
        told = {"records": int(own["records"].sum()), "rejected records": count, "rejected percent": percent(count, int(own["records"].sum()))}
        yield dg.AssetObservation(["raw", domain.name], metadata=_of_domain(folder.raw / domain.name, domain, own) | told)
    for name, place in (("factor_files", folder.factors), ("edition_files", folder.editions)):
        yield dg.AssetObservation(name, metadata=_listed(place, {}))


def _of_domain(place: Path, domain: Domain, files: pl.DataFrame) -> dict[str, Any]:
    """Files of a domain. Of people only how many: the size of a file may tell how few persons it is about."""
    if domain.counted:
        return {"files": files["path"].n_unique(), "what is there": "Not shown: these files hold rows of persons."}
    read = {row["path"].partition("/")[2]: row for row in files.unique("path", keep="first").iter_rows(named=True)}
    return _listed(place, read)


def _listed(place: Path, read: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Every file of a folder with bytes, hash and what became of it. A file that the run read stands there as it was read."""
    rows: list[dict[str, Any]] = []
    for path in sorted(item for item in place.rglob("*") if item.is_file() and not is_left_over(item) and "__pycache__" not in item.parts):
        name = path.relative_to(place).as_posix()
        row = read.get(name)
        size, sha256 = (row["bytes"], row["sha256"]) if row else _measured(path)
        rows.append({"file": name, "bytes": size, "sha256": sha256, "state": row["status"] if row else _unread(path), "problem": (row and row["problem"]) or ""})
    whole = hashlib.sha256("\n".join(f"{row['file']} {row['sha256']}" for row in rows).encode()).hexdigest()
    columns = ["file", "bytes", "sha256", "state", *(["problem"] if any(row["problem"] for row in rows) else [])]
    shown = table(({name: f"{row[name][:_DIGITS]}…" if name == "sha256" else row[name] for name in columns} for row in rows[:_SHOWN]), columns)
    more = {"files not shown": len(rows) - _SHOWN} if len(rows) > _SHOWN else {}
    return {"files": len(rows), "bytes": sum(row["bytes"] for row in rows), "sha256": whole, "what is there": shown, "folder": dg.MetadataValue.path(str(place)), **more}


def _unread(path: Path) -> str:
    return "note" if path.suffix.lower() == ".md" else "rules"


def _measured(path: Path) -> tuple[int, str]:
    """Bytes and hash of a file; of one that is gone meanwhile none. The end of the run notices that it changed."""
    try:
        content = path.read_bytes()
    except OSError:
        return 0, ""
    return len(content), hashlib.sha256(content).hexdigest()
