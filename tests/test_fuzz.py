"""Damaged files: whatever comes, a file is read or stopped with its reason, every row has one fate, and no process breaks.

Ten thousand are tried with `ESG_KPIS_FUZZ=10000`; fewer, spread over all kinds of files, in the usual run.
"""

import os
from pathlib import Path

import polars as pl
import pytest

from esg_kpis.amounts import amounts_of
from esg_kpis.editions.boundary import amounts_in_edition, record_fates
from esg_kpis.ingest import Ingested, ingest
from tests.gallery.case import edition
from tests.gallery.mutate import Start, damaged
from tests.ingest_scenario import AS_OF, workspace_of
from tests.scenario import NO_FLAGS

FILES = int(os.environ.get("ESG_KPIS_FUZZ", "800"))
TOGETHER = 100
"""How many damaged files lie in one workspace, each in a folder of its own with its format."""


def laid(numbers: range, root: Path) -> Ingested:
    """What ingest makes of the damaged files of these numbers."""
    files: dict[str, bytes | str] = {}
    for number in numbers:
        item: Start = damaged(number)
        files[f"energy/{number}/{item.name}"] = item.content
        if item.form:
            files[f"energy/{number}/_format.toml"] = item.form
    return ingest(workspace_of(root, files), AS_OF)


@pytest.mark.parametrize("first", range(0, FILES, TOGETHER))
def test_damaged_files_are_read_or_stopped_and_every_row_has_one_fate(first: int, tmp_path: Path) -> None:
    numbers = range(first, min(first + TOGETHER, FILES))
    try:
        read = laid(numbers, tmp_path / "all")
    except Exception as error:
        alone = [number for number in numbers if breaks(number, tmp_path / f"{number}")]
        pytest.fail(f"damaged files {alone or numbers} broke ingest: {type(error).__name__}: {error}")

    assert [number for number in numbers if not read.files["path"].str.starts_with(f"energy/{number}/").any()] == []
    assert read.files.filter((pl.col("status") == "stopped") & pl.col("problem").is_null()).is_empty()
    assert read.files.filter(pl.col("problem").str.contains("It takes more than"))["path"].to_list() == [], "broke the process that opened them"
    assert read.records["record_id"].is_unique().all()
    assert read.files["records"].sum() == read.records.height
    assert fates_of(read) == read.records.height
    assert lost(read) == []


def breaks(number: int, root: Path) -> bool:
    """Whether a damaged file breaks ingest when it lies alone."""
    try:
        laid(range(number, number + 1), root)
    except Exception:
        return True
    return False


def fates_of(read: Ingested) -> int:
    """How many records are used, excluded or rejected."""
    seen = amounts_in_edition(amounts_of(read.quantities), read.sites, read.rejected, edition(), AS_OF)
    fates = record_fates(read.records, read.rejected, read.sites, read.meters, seen, NO_FLAGS, edition())
    return fates.filter(pl.col("fate").is_in(["used", "excluded", "rejected"]))["record_id"].n_unique()


def lost(read: Ingested) -> list[str]:
    """Records that neither feed a quantity nor are rejected nor set aside, in folders whose format lets no blank pass."""
    told = pl.concat([read.quantities["record_id"], read.rejected["record_id"], read.records.filter(pl.col("excluded").is_not_null())["record_id"]])
    silent = read.records.filter(~pl.col("record_id").is_in(told.implode()) & ~pl.col("path").str.starts_with("sites/"))
    return [path for path in silent["path"] if 'blank = "skip"' not in damaged(int(path.split("/")[1])).form]
