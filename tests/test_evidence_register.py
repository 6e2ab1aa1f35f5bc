"""From a run to a lock to a pack: what the register says goes with the figures, and is checked with them."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from esg_kpis.evidence import Asked, verified
from esg_kpis.evidence.zipped import unzipped
from esg_kpis.signing import read_private
from pipelines.cli import app
from tests.conftest import REPOSITORY
from tests.evidence_scenario import Files, plainly_zipped, signed_again

AT = ("2025-03-01T09:00:00Z", "2025-03-02T09:00:00Z", "2025-03-03T09:00:00Z", "2025-03-04T09:00:00Z")


def call(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example of the GHG page as a workspace whose period is prepared, reviewed, locked and packed."""
    place = tmp_path_factory.mktemp("locked")
    root = place / "workspace"
    shutil.copytree(REPOSITORY / "examples" / "ghg-methods", root, ignore=shutil.ignore_patterns("out", ".dagster"))
    own = ("--root", str(root))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(place / "dagster"))
        call("run", *own)
        for name, role in (("preparer", "preparer"), ("reviewer", "reviewer")):
            call("keys", "new", str(place / f"{name}.pem"))
            call("keys", "trust", str(place / f"{name}.pub.pem"), "--role", role, "--label", name, *own)
        of = ("--edition", "2023", "--period", "2023")
        call("approve", *of, "--as", "prepared", "--key", str(place / "preparer.pem"), "--at", AT[0], *own)
        call("approve", *of, "--as", "reviewed", "--key", str(place / "reviewer.pem"), "--at", AT[1], *own)
        call("lock", *of, "--key", str(place / "reviewer.pem"), "--at", AT[2], *own)
        call("pack", *of, "--key", str(place / "reviewer.pem"), "--to", str(place / "packs"), *own)
    return place


def pack_in(place: Path) -> bytes:
    return next((place / "packs").glob("*.zip")).read_bytes()


def wrong_in(place: Path, files: Files) -> dict[str, str]:
    """What a pack with other files, signed again by the right key, is found to be."""
    found = verified(plainly_zipped(signed_again(files, read_private(place / "reviewer.pem"))), Asked())
    assert not found.good
    return {check.name: "; ".join(check.wrong) for check in found.checks if not check.passed}


def test_a_pack_encloses_the_approvals_and_the_register_that_holds_them(locked: Path) -> None:
    found = verified(pack_in(locked), Asked())
    files = unzipped(pack_in(locked))

    assert found.good
    assert sum(name.startswith("approvals/") for name in files) == 3
    assert next(check.seen for check in found.checks if check.name == "register.jsonl") == "3 entries in one chain; the period is locked"
    assert len(found.lines) == 17
    assert {name for line in found.lines for name in line.engines} == {"library", "duckdb"}


def test_an_entry_less_is_missed(locked: Path) -> None:
    files = dict(unzipped(pack_in(locked)))
    lines = files["register.jsonl"].decode().splitlines(keepends=True)

    assert "its first line says 3" in str(wrong_in(locked, {**files, "register.jsonl": "".join(lines[:-1]).encode()}))


def test_an_entry_of_another_time_breaks_the_chain(locked: Path) -> None:
    files = dict(unzipped(pack_in(locked)))
    lines = [json.loads(line) for line in files["register.jsonl"].decode().splitlines()]
    lines[-1]["previous"] = "0" * 64

    assert "register.jsonl" in wrong_in(locked, {**files, "register.jsonl": "".join(f"{json.dumps(line)}\n" for line in lines).encode()})


def test_an_approval_that_the_register_does_not_hold_is_named(locked: Path) -> None:
    files = dict(unzipped(pack_in(locked)))
    name = next(name for name in files if name.startswith("approvals/"))
    spaced = files[name].replace(b"{", b"{ ", 1)

    assert "is none of its entries" in wrong_in(locked, {**files, name: spaced})["register.jsonl"]


def test_a_changed_bill_stops_the_next_run_and_the_pack(locked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "workspace"
    shutil.copytree(locked / "workspace", root, symlinks=True)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    bills = next(path for path in sorted((root / "data" / "raw" / "energy").glob("*.csv")))
    text = bills.read_text(encoding="utf-8")
    bills.write_text(text.replace("100000", "100001", 1), encoding="utf-8")
    assert bills.read_text(encoding="utf-8") != text

    stopped = CliRunner().invoke(app, ["run", "--root", str(root)])

    assert stopped.exit_code == 1
    assert "locked" in str(stopped.exception)
    packed = CliRunner().invoke(app, ["pack", "--edition", "2023", "--period", "2023", "--key", str(locked / "reviewer.pem"), "--root", str(root)])
    assert "changed since" in str(packed.exception)
