"""The rules of the house: which way imports run, who may know pint, Dagster and files."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

LIBRARY, PIPELINES = REPOSITORY / "src" / "esg_kpis", REPOSITORY / "pipelines"
ORDER = ("errors", "workspace", "signing", "exact", "ranges", "units", "frameworks", "words", "tables", "domains", "files", "ingest", "people", "readings", "amounts", "editions", "printed", "factors", "kpis", "disclosure", "assurance", "register", "restatement", "reperform", "sampling", "evidence", "report", "starter", "pipelines")
READERS = {"files/source.py", "files/text.py", "files/archives.py", "ingest/declared.py", "ingest/returned.py", "ingest/kept.py", "people/keys.py", "people/lock.py", "readings/declared.py", "readings/found.py", "readings/enclosed.py", "readings/hashes.py", "readings/monthly.py", "readings/settings.py", "readings/text.py", "readings/unreadable.py", "editions/read.py", "editions/labelled.py", "printed/read.py", "factors/library.py", "units.py", "words.py", "signing.py", "frameworks/library.py", "report/outputs.py", "reperform/ratios.py", "evidence/received.py", "evidence/tables.py", "evidence/zipped.py", "evidence/environment.py", "register/keys.py", "report/charts/words.py", "report/site/explorer/words.py", "report/site/words.py", "report/site/write.py", "starter/contents.py", "starter/grids.py"}
MODULES = sorted([*LIBRARY.rglob("*.py"), *PIPELINES.rglob("*.py")])


def room(path: Path) -> str:
    """The room of the house a module lies in."""
    if path.is_relative_to(PIPELINES):
        return "pipelines"
    return path.relative_to(LIBRARY).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms_imported(path: Path) -> set[str]:
    names = [name.split(".") for name in imported(path)]
    ours = {parts[1] for parts in names if parts[0] == "esg_kpis" and len(parts) > 1 and parts[1] in ORDER}
    return ours | ({"pipelines"} if any(parts[0] == "pipelines" for parts in names) else set())


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_imports_run_one_way(path: Path) -> None:
    here = room(path)
    if here in ("__init__", "__pycache__"):
        assert rooms_imported(path) == set()
        return

    assert {name for name in rooms_imported(path) if ORDER.index(name) > ORDER.index(here)} == set()


def test_every_room_has_its_place_in_the_order() -> None:
    assert {room(path) for path in MODULES} - {"__init__"} == set(ORDER)


def test_a_domain_never_imports_another() -> None:
    shared = ("esg_kpis.domains.definition", "esg_kpis.domains.fuels")
    domains = [path for path in (LIBRARY / "domains").glob("*.py") if path.name != "__init__.py"]

    for path in domains:
        assert all(name.startswith(shared) for name in imported(path) if name.startswith("esg_kpis"))
    assert len(domains) >= 9


@pytest.mark.parametrize(
    ("name", "allowed"), [("pint", {"units.py"}), ("dagster", set()), ("duckdb", {f"reperform/{name}.py" for name in ("aims", "cells", "choice", "contracted", "engine", "gaps", "load", "made", "persons", "placed", "terms")} | {"readings/settings.py"}), ("pyspark", {"readings/settings.py"}), ("deltalake", {"readings/found.py"}), ("narwhals", {f"readings/{name}.py" for name in ("engines", "interval", "judged", "latest", "register", "samples")}), ("pandera", {"tables/definition.py"}), ("rich", set()), ("typer", set())]
)
def test_only_one_place_in_the_library_knows_a_dependency(name: str, allowed: set[str]) -> None:
    users = {path.relative_to(LIBRARY).as_posix() for path in LIBRARY.rglob("*.py") if any(item.split(".")[0] == name for item in imported(path))}

    assert users == allowed


def test_files_are_read_in_few_places_only() -> None:
    reads = re.compile(r"\.read_text\(|\.read_bytes\(|\bopen\(|read_csv\(|read_excel\(")
    users = {path.relative_to(LIBRARY).as_posix() for path in LIBRARY.rglob("*.py") if reads.search(path.read_text(encoding="utf-8"))}

    assert users <= READERS


def test_no_binary_float_near_an_amount() -> None:
    floats = re.compile(r"\bfloat\(|Float64|Float32|pl\.Float")
    users = [path.relative_to(LIBRARY).as_posix() for path in LIBRARY.rglob("*.py") if floats.search(path.read_text(encoding="utf-8"))]

    # One makes text of the numbers somebody sent as floats; one decides what is shown; one takes readings sent as floats for the whole steps they stand for. None computes an amount.
    assert sorted(users) == ["disclosure/reader.py", "files/columnar.py", "readings/judged.py"]


def test_dagster_can_see_annotations() -> None:
    """`from __future__ import annotations` breaks Dagster's reading of parameters."""
    assert [path.name for path in PIPELINES.glob("*.py") if "from __future__ import annotations" in path.read_text(encoding="utf-8")] == []


def test_the_clock_on_the_wall_is_never_read() -> None:
    clock = re.compile(r"\.now\(|\.today\(|time\.time\(|utcnow")

    # An entry of the register says when it was signed. Nothing that is computed depends on it.
    assert [path.relative_to(REPOSITORY).as_posix() for path in MODULES if clock.search(path.read_text(encoding="utf-8"))] == ["pipelines/clock.py"]


def test_modules_stay_small_enough_to_read() -> None:
    assert {path.name: lines for path in MODULES if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400} == {}
    longest = [
        (path.name, node.name)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno > 75
    ]
    assert longest == []
