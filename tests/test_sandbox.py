"""The process in which workbooks and archives are opened, its limits, and what is kept of what was read."""

import gzip
import hashlib
import random
from pathlib import Path

import polars as pl
import pytest

from esg_kpis.errors import InputProblem
from esg_kpis.files import Reading, Source, folded, sandbox
from esg_kpis.files.sandbox import open_packed, open_sheets
from esg_kpis.ingest import ingest
from tests.ingest_scenario import AS_OF, BILL, bills_workbook, csv_of, numbers_of, observed, toml, workspace_of

READING = Reading(names=frozenset(folded(name) for name in BILL))


def source(content: bytes, name: str = "energy/bills.xlsx") -> Source:
    return Source(name, content, hashlib.sha256(content).hexdigest())


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of the process from now on."""
    seen: list[str] = []
    ask = sandbox._WORKER.ask
    monkeypatch.setattr(sandbox._WORKER, "ask", lambda request, content: seen.append(request.decode()) or ask(request, content))
    return seen


def test_only_workbooks_whose_bytes_changed_are_opened_again(tmp_path: Path, asked: list[str]) -> None:
    files: dict[str, str | bytes] = {f"energy/{number}.xlsx": bills_workbook(number) for number in range(5)}
    workspace = workspace_of(tmp_path, files)
    first = ingest(workspace, AS_OF)
    assert len(asked) == 5
    asked.clear()

    again = ingest(workspace, AS_OF)
    assert asked == []
    assert again.records.equals(first.records)
    assert again.quantities.equals(first.quantities)

    changed = ingest(workspace_of(tmp_path, {"energy/3.xlsx": bills_workbook(33)}), AS_OF)
    assert len(asked) == 1
    assert sorted(changed.quantities["received"]) == ["0", "1", "2", "33", "4"]
    assert len(list(workspace.sheets.iterdir())) == 6  # The register of sites is one of them.


def test_what_was_kept_and_is_damaged_is_read_again(tmp_path: Path, asked: list[str]) -> None:
    workspace = workspace_of(tmp_path, {"energy/a.xlsx": bills_workbook(1)})
    before = ingest(workspace, AS_OF)
    whole = {path: path.read_bytes() for path in workspace.sheets.iterdir()}
    for damage in (lambda content: content[:-1], lambda content: content.replace(b"BJ-01", b"BJ-02"), lambda _: b""):
        for path, content in whole.items():
            path.write_bytes(damage(content))
        after = ingest(workspace, AS_OF)
        assert after.records.equals(before.records)
        assert after.quantities.equals(before.quantities)
    assert len(asked) == 4


def test_another_format_is_not_answered_by_what_was_kept(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"energy/a.csv": csv_of({"site_id": "BJ-01", "amount": "1.234", "month": "2023-01"})}
    ingest(workspace_of(tmp_path, files | {"energy/_format.toml": toml()}), AS_OF)

    other = ingest(workspace_of(tmp_path, files | {"energy/_format.toml": toml(file='decimal = ","\nthousands = "."')}), AS_OF)

    assert numbers_of(other) == ["1234"]


def test_rows_set_aside_ragged_and_rejected_are_kept_as_they_were(tmp_path: Path) -> None:
    text = "site_id,amount,month\nBJ-01,1,2023-01\nTotal,1,\nBJ-01,x,2023-02\nBJ-01\n"
    form = toml(file='aside = [{ column = "site_id", words = ["total"], kind = "total" }]')
    workspace = workspace_of(tmp_path, {"energy/_format.toml": form, "energy/a.csv": text})
    first, again = ingest(workspace, AS_OF), ingest(workspace, AS_OF)

    for name in ("files", "records", "rejected", "quantities", "observations"):
        assert getattr(again, name).equals(getattr(first, name)), name
    assert first.files.filter(pl.col("path") == "energy/a.csv")["records"].item() == 4
    assert [row["passed"] for row in observed(again, "control_total")] == [True]


def test_a_file_that_needs_too_much_memory_is_stopped_and_the_next_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox.stop()
    monkeypatch.setattr("esg_kpis.files.sandbox.MEMORY", 900_000_000)
    monkeypatch.setattr("esg_kpis.files.archives.MAX_RATIO", 10_000)
    large = gzip.compress(random.Random(1).randbytes(3_000_000) * 140, 1)

    with pytest.raises(InputProblem, match=r"bills\.csv\.gz: It takes more than 858 MB of memory"):
        open_packed(source(large, "energy/bills.csv.gz"))
    assert open_sheets(source(bills_workbook(7)), READING)[0].rows["quantity"].to_list() == ["7"]


def test_a_process_that_ends_over_a_file_stops_that_file_only(asked: list[str]) -> None:
    open_sheets(source(bills_workbook(1)), READING)
    process = sandbox._WORKER.process
    assert process is not None
    process.kill()
    process.wait()

    assert open_sheets(source(bills_workbook(2)), READING)[0].rows["quantity"].to_list() == ["2"]


def test_a_file_that_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("esg_kpis.files.sandbox.SECONDS", 0.01)
    many = bills_workbook(*range(20_000))
    with pytest.raises(InputProblem, match=r"of memory or 0\.01 seconds to open"):
        open_sheets(source(many), READING)


def test_tables_cross_the_border_as_they_are() -> None:
    here = {name: getattr(item, name) for item in sandbox.read_sheets(source(bills_workbook(1, 2)), READING) for name in ("columns", "sheet", "header_line", "epoch", "unread")}
    (there,) = open_sheets(source(bills_workbook(1, 2)), READING)

    assert {name: getattr(there, name) for name in here} == here
    assert there.rows.equals(sandbox.read_sheets(source(bills_workbook(1, 2)), READING)[0].rows)
    assert there.rows.schema["quantity"] == pl.String()
