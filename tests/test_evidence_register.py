"""From a run to a lock to a pack: what the register says goes with the figures, and is checked with them."""

import json
import shutil
from collections.abc import Callable
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

    assert "it is none of the entries" in wrong_in(locked, {**files, name: spaced})[name]


def test_an_approval_by_a_key_that_is_not_enclosed_is_named(locked: Path) -> None:
    files = {name: content for name, content in unzipped(pack_in(locked)).items() if not name.startswith("keys/")}
    name = next(name for name in files if name.startswith("approvals/"))

    assert "no key enclosed signed it" in wrong_in(locked, files)[name]


def test_a_figure_changed_after_the_approval_voids_it(locked: Path) -> None:
    files = dict(unzipped(pack_in(locked)))
    register = files["kpi_register.csv"].replace(b"370.842202714", b"370.842202715")
    found = wrong_in(locked, {**files, "kpi_register.csv": register})

    assert register != files["kpi_register.csv"]
    assert all("it approves other figures" in found[name] for name in files if name.startswith("approvals/"))


def test_an_approval_by_a_key_that_was_revoked_before_is_named(locked: Path) -> None:
    files = dict(unzipped(pack_in(locked)))
    lines = [json.loads(line) for line in files["register.jsonl"].decode().splitlines()]
    for line in lines:
        if "key" in line and 'label = "reviewer"' in line["block"]:
            line["block"] += 'revoked = "2020-01-01T00:00:00Z"\nwhy = "lost"\n'
    found = wrong_in(locked, {**files, "register.jsonl": "".join(f"{json.dumps(line)}\n" for line in lines).encode()})

    assert sum("it does not count" in text for name, text in found.items() if name.startswith("approvals/")) == 2


def test_approvals_without_their_register_have_no_place(locked: Path) -> None:
    files = {name: content for name, content in unzipped(pack_in(locked)).items() if name != "register.jsonl"}

    assert "stands without register.jsonl" in wrong_in(locked, files)["layout"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [("KPI_Register.csv", b"other", "one file on some systems"), ("summary.pdf", b"x", "has no place"), ("definitions/data/raw/energy/bills.csv", b"x", "has no place"), ("definitions/editions/2023/deep.yaml", b"[" * 100_000, "nested too deeply")],
)  # fmt: skip
def test_what_has_no_place_in_a_pack_is_named(locked: Path, name: str, content: bytes, says: str) -> None:
    assert says in wrong_in(locked, {**unzipped(pack_in(locked)), name: content})["layout"]


@pytest.mark.parametrize("change", [lambda text: b"\xef\xbb\xbf" + text, lambda text: text.replace(b"\n", b"\r\n"), lambda text: text.replace(b",370.842202714000000000,", b",370.8422027140000000004,")])
def test_a_table_has_one_way_to_be_written(locked: Path, change: Callable[[bytes], bytes]) -> None:
    files = dict(unzipped(pack_in(locked)))
    changed = change(files["kpi_register.csv"])

    assert changed != files["kpi_register.csv"]
    assert not verified(plainly_zipped(signed_again({**files, "kpi_register.csv": changed}, read_private(locked / "reviewer.pem"))), Asked()).good


def test_a_figure_is_not_excused_by_what_the_pack_says_of_itself(locked: Path) -> None:
    """An invented estimate per head makes no other figure of a KPI that no rule of the edition estimates so."""
    files = dict(unzipped(pack_in(locked)))
    register = files["kpi_register.csv"].replace(b"1050.636", b"50.636")
    line = ",".join(["2023", "fake", "2023", "BJ-OFFICE", "electricity_purchased", "", "2023-01", "31", "per_head", "made-up", "0.000000000", "kWh", "none", "none"])
    files |= {"kpi_register.csv": register, "estimates.csv": files["estimates.csv"] + f"{line}\n".encode()}
    found = verified(plainly_zipped(signed_again(files, read_private(locked / "reviewer.pem"))), Asked())

    assert next(line.verdict for line in found.lines if line.kpi_id == "ghg_scope_2_location") == "differs"


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
