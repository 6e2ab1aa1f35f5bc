"""The commands of approval on a small workspace, from a first run to a restated lock; and what a run may not do to a locked period."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from esg_kpis.errors import EsgKpisError, InputProblem, LockedProblem, UsageProblem
from esg_kpis.register import open_register, problems_of, read_keys
from esg_kpis.signing import new_key
from pipelines.cli import app
from tests.conftest import REPOSITORY
from tests.postgres_server import PASSWORD, Server
from tests.scenario import edition_folder, factor_row, gwp_row, kpi, library_folder

BILLS = "site_id,meter_id,document,period_start,period_end,measure,quantity,unit\n" + "".join(
    f"{site},{site}-1,{site}-{year},{year}-01-01,{year}-12-31,electricity_purchased,{quantity},kWh\n"
    for site, year, quantity in (("HQ", 2022, 90000), ("HQ", 2023, 100000), ("SH", 2022, 40000), ("SH", 2023, 50000))
)
OF_2023 = ("--edition", "e1", "--period", "2023")


@dataclass
class Place:
    """A workspace, its results, and keys outside it."""

    folder: Path

    @property
    def root(self) -> Path:
        """The workspace."""
        return self.folder / "workspace"

    @property
    def bills(self) -> Path:
        """Its bills."""
        return self.root / "data" / "raw" / "energy" / "bills.csv"

    def key(self, role: str) -> str:
        """The private key of a role."""
        return str(self.folder / f"{role}.pem")

    def asks(self, *args: str, code: int = 0) -> Any:  # noqa: ANN401
        """A command that ends with a code; what it prints as JSON."""
        done = CliRunner().invoke(app, [*args, *(("--root", str(self.root)) if "verify" not in args else ()), "--json"])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return json.loads(done.stdout)

    def signs(self, action: str, role: str, *more: str) -> Any:  # noqa: ANN401
        """An approval or a lock of 2023."""
        words = ("lock",) if action == "locked" else ("approve", "--as", action)
        return self.asks(*words, *OF_2023, "--key", self.key(role), *more)

    def locks(self) -> None:
        """2023 prepared, reviewed and locked."""
        for action, role in (("prepared", "preparer"), ("reviewed", "reviewer"), ("locked", "approver")):
            self.signs(action, role)

    def changes(self, old: str = "HQ-2023,2023-01-01,2023-12-31,electricity_purchased,100000", new: str = "HQ-2023,2023-01-01,2023-12-31,electricity_purchased,110000") -> None:
        """Another quantity on a bill."""
        text = self.bills.read_text(encoding="utf-8")
        assert old in text
        self.bills.write_text(text.replace(old, new), encoding="utf-8")

    def state(self, period: str = "2023", code: int = 0) -> tuple[str, bool | None]:
        """Where a period stands, and whether the numbers are those approved."""
        row = next(row for row in self.asks("status", code=code)["periods"] if row["period"] == period)
        return row["state"], row["as_approved"]

    def published(self) -> str:
        """What stands in the results."""
        return (self.root / "data" / "out" / "kpi_values.csv").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Run once, with three keys that are trusted; nothing approved."""
    place = Place(tmp_path_factory.mktemp("approval"))
    for name, text in (("sites/sites.csv", "site_id,name,country,kind\nHQ,HQ,CN,office\nSH,Store,CN,store\n"), ("energy/bills.csv", BILLS)):
        (place.root / "data" / "raw" / name).parent.mkdir(parents=True)
        (place.root / "data" / "raw" / name).write_text(text, encoding="utf-8")
    library_folder(place.root, {"mee": [factor_row()]}, [gwp_row("CO2", "1")])
    edition_folder(place.root, [kpi("power", "MWh", "electricity_purchased"), kpi("power_by_site", "MWh", "electricity_purchased", breakdowns=[{"name": "site", "each": "site_id"}])])
    os.environ["DAGSTER_HOME"] = str(place.folder / "dagster")
    place.asks("run")
    for role in ("preparer", "reviewer", "approver"):
        new_key(Path(place.key(role)))
        place.asks("keys", "trust", place.key(role).replace(".pem", ".pub.pem"), "--role", role, "--label", role)
    del os.environ["DAGSTER_HOME"]
    return place


@pytest.fixture
def place(ran: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A copy of it."""
    own = Place(tmp_path / "own")
    shutil.copytree(ran.folder, own.folder, symlinks=True)
    monkeypatch.setenv("DAGSTER_HOME", str(own.folder / "dagster"))
    monkeypatch.delenv("ESG_KPIS_REGISTER", raising=False)
    yield own
    os.environ.pop("ESG_KPIS_REGISTER", None)


def test_from_open_to_locked_and_a_run_that_changes_nothing_goes_on(place: Place) -> None:
    assert place.state() == ("open", None)
    for action, role in (("prepared", "preparer"), ("reviewed", "reviewer"), ("locked", "approver")):
        told = place.signs(action, role, "--note", "=cmd()")
        assert place.state() == (action, True)
    assert (told["sequence"], told["cells"], told["note"]) == (3, 3, "=cmd()")
    assert place.state("2022") == ("open", None)

    again = place.asks("run")

    assert again["locked"] == {
        "held": [{"edition": "e1", "period": "2023", "entry": 3, "computed": True, "changed": [], "said": "2023 of edition e1: as locked (entry 3)"}],
        "problems": [],
        "what_if": False,
    }
    status = place.asks("status")
    assert status["chain_ok"]
    assert status["head"] == f"3:{told['hash']}"
    assert json.loads((place.root / "data" / "register" / "head.json").read_text(encoding="utf-8")) == {"sequence": 3, "hash": told["hash"]}


def test_a_run_that_would_change_a_locked_number_publishes_nothing_and_restating_is_the_way_out(place: Place) -> None:
    place.locks()
    before = place.published()
    place.changes()

    with pytest.raises(LockedProblem) as stopped:
        place.asks("run")

    assert stopped.value.exit_code == 1
    assert "2 cells would change: power: 150 -> 160 MWh (6.666667 %); power_by_site site=HQ: 100 -> 110 MWh (10 %)" in str(stopped.value)
    assert "esg-kpis restate" in str(stopped.value)
    assert "Nothing was published" in str(stopped.value)
    assert place.published() == before
    assert place.state() == ("locked", True)

    told = place.asks("restate", *OF_2023, "--class", "error", "--reason", "a bill was misread", "--key", place.key("approver"))
    assert [(row["kpi_id"], row["category"], row["old"], row["new"], row["difference"], row["percent"], row["over_5_percent"]) for row in told["effects"]] == [
        ("power", "All", "150", "160", "10", "6.666667", True),
        ("power_by_site", "HQ", "100", "110", "10", "10", True),
    ]
    assert place.state()[0] == "restated"

    place.asks("run")
    assert place.published() != before
    place.locks()
    assert place.state() == ("locked", True)
    with open_register(place.root / "data" / "register" / "register.sqlite") as register:
        entries, approved = register.read()
    assert [entry.statement.action for entry in entries] == ["prepared", "reviewed", "locked", "restated", "prepared", "reviewed", "locked"]
    assert b",100.000000000000000000," in approved[entries[2].subject]
    assert b",110.000000000000000000," in approved[entries[6].subject]


def test_what_is_not_locked_may_change(place: Place) -> None:
    place.locks()
    place.changes("HQ-2022,2022-01-01,2022-12-31,electricity_purchased,90000", "HQ-2022,2022-01-01,2022-12-31,electricity_purchased,91000")

    place.asks("run")

    assert place.state() == ("locked", True)


@pytest.mark.parametrize("role", ["preparer", "reviewer"])
def test_a_changed_number_voids_an_approval(place: Place, role: str) -> None:
    place.signs("prepared", "preparer")
    if role == "reviewer":
        place.signs("reviewed", "reviewer")
    place.changes()
    place.asks("run")

    assert place.state() == ("open", False)
    with pytest.raises(UsageProblem, match="other numbers were prepared"):
        place.signs("reviewed", "reviewer")


def test_an_edition_that_is_locked_cannot_be_taken_away(place: Place) -> None:
    place.locks()
    shutil.copytree(place.root / "editions" / "e1", place.root / "editions" / "e2")
    text = (place.root / "editions" / "e2" / "edition.toml").read_text(encoding="utf-8")
    (place.root / "editions" / "e2" / "edition.toml").write_text(text.replace('"e1"', '"e2"'), encoding="utf-8")

    left_out = place.asks("run", "--edition", "e2")
    assert [(item["computed"], item["changed"]) for item in left_out["locked"]["held"]] == [(False, [])]
    shutil.rmtree(place.root / "editions" / "e1")
    with pytest.raises(LockedProblem, match="power: 150 -> not there"):
        place.asks("run")


def test_a_what_if_elsewhere_goes_on_says_so_and_cannot_be_approved(place: Place, tmp_path: Path) -> None:
    place.locks()
    place.changes()
    there = str(tmp_path / "what if")

    with pytest.raises(LockedProblem):
        place.asks("run", "--out", str(tmp_path / "elsewhere"))  # Elsewhere alone is no what-if.
    with pytest.raises(LockedProblem):
        place.asks("run", "--as-of", "2024-04-08")  # Into the workspace's own results it would publish.
    told = place.asks("run", "--as-of", "2024-04-08", "--out", there)
    assert (told["locked"]["what_if"], [len(item["changed"]) for item in told["locked"]["held"]]) == (True, [2])
    shown = CliRunner().invoke(app, ["run", "--as-of", "2024-04-08", "--out", there, "--root", str(place.root)])
    assert "This what-if was not stopped" in shown.output
    with pytest.raises(EsgKpisError, match="a what-if is not approved"):
        place.asks("approve", "--as", "prepared", "--edition", "e1", "--period", "2022", "--key", place.key("preparer"), "--out", there)


# ---------------------------------------------------------------- a register that does not hold


def by_hand(place: Place, *statements: str) -> None:
    connection = sqlite3.connect(place.root / "data" / "register" / "register.sqlite")
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda place: by_hand(place, "UPDATE register_entries SET hash = 'x' WHERE sequence = 2"), "entry 2: its hash is not that of its content"),
        (lambda place: by_hand(place, "UPDATE register_approved SET content = x'00'"), "entry 1: the numbers kept for it are not those that it signs"),
        (lambda place: by_hand(place, "DELETE FROM register_entries WHERE sequence = 3"), "its last entries were taken away"),
        (lambda place: [path.unlink() for path in (place.root / "data" / "register").glob("register.sqlite*")], "its last entries were taken away"),
        (lambda place: (place.root / "data" / "register" / "keys.toml").unlink(), "entry 1: it is signed with the key .* which is not trusted"),
        (lambda place: place.asks("keys", "revoke", reviewer(place), "--reason", "lost", "--at", "2024-01-01T00:00:00Z"), "lock .entry 3. is void: "),
    ],
)
def test_a_register_that_does_not_hold_stops_a_run_and_names_the_entry(place: Place, harm: Callable[[Place], object], message: str) -> None:
    place.locks()
    before = place.published()
    harm(place)

    with pytest.raises(LockedProblem, match=message):
        place.asks("run")
    assert place.published() == before


def reviewer(place: Place) -> str:
    return next(key.id for key in read_keys(place.root / "data" / "register").trusted if key.label == "reviewer")


def test_status_fails_and_names_the_entry(place: Place) -> None:
    place.locks()
    by_hand(place, "UPDATE register_entries SET envelope = replace(CAST(envelope AS TEXT), 'sig', 'gis') WHERE sequence = 2")

    told = place.asks("status", code=1)

    assert not told["chain_ok"]
    assert any(problem.startswith("entry 2: it cannot be read") for problem in told["problems"])
    with pytest.raises(EsgKpisError, match="not whole: entry 2"):
        place.signs("prepared", "preparer")


def test_a_damaged_database_is_told_and_the_last_results_stand(place: Place) -> None:
    place.locks()
    before = place.published()
    for path in (place.root / "data" / "register").glob("register.sqlite*"):
        path.write_bytes(b"site_id,quantity\n")

    with pytest.raises(InputProblem, match="register cannot be read"):
        place.asks("run")
    told = place.asks("status", code=3)
    assert told["problems"][0].startswith("the register cannot be read: ")
    assert {row["state"] for row in told["periods"]} == {"unknown"}
    assert {row["kpis"]["ok"] for row in told["periods"]} == {3}
    assert place.published() == before


def test_results_changed_by_hand_break_the_lock_and_are_not_approved(place: Place) -> None:
    import polars as pl

    place.locks()
    path = (place.root / "data" / "out" / "latest").resolve() / "kpi_values.parquet"
    values = pl.read_parquet(path)
    values.with_columns(pl.lit("1").alias("printed")).select(values.columns).write_parquet(path)

    assert place.state(code=1) == ("locked", False)
    with pytest.raises(EsgKpisError, match="changed after they were written"):
        place.asks("approve", "--as", "prepared", "--edition", "e1", "--period", "2022", "--key", place.key("preparer"))


def test_a_lock_that_rests_on_a_revoked_key_is_made_anew_and_can_be_reopened(place: Place) -> None:
    place.locks()
    place.asks("keys", "revoke", reviewer(place), "--reason", "lost", "--at", "2024-01-01T00:00:00Z")
    with pytest.raises(LockedProblem, match="approve and lock the last results anew"):
        place.asks("run")
    new_key(Path(place.key("second")))
    place.asks("keys", "trust", place.key("second").replace(".pem", ".pub.pem"), "--role", "reviewer", "--label", "second reviewer")

    for action, role in (("prepared", "preparer"), ("reviewed", "second"), ("locked", "approver")):
        place.signs(action, role)
    assert [item["entry"] for item in place.asks("run")["locked"]["held"]] == [6]
    place.changes()
    with pytest.raises(LockedProblem, match=r"locked \(entry 6\)"):
        place.asks("run")
    place.asks("restate", *OF_2023, "--class", "error", "--reason", "a bill was misread", "--key", place.key("approver"))
    place.asks("run")
    assert place.state() == ("restated", None)


def test_an_approval_upon_a_register_that_lost_its_end_is_refused(place: Place) -> None:
    place.locks()
    by_hand(place, "DELETE FROM register_entries WHERE sequence = 3")

    with pytest.raises(EsgKpisError, match="its last entries were taken away"):
        place.signs("locked", "approver")


@pytest.mark.parametrize("content", ["x''", "x'ff'", "'kpi_id'", "'a,b' || char(10) || '1'"])
def test_numbers_that_were_spoilt_in_the_register_are_told(place: Place, content: str) -> None:
    place.locks()
    place.changes()
    by_hand(place, f"UPDATE register_approved SET content = {content}")  # noqa: S608

    with pytest.raises(LockedProblem, match="the numbers locked are not kept as they were"):
        place.asks("run")
    with pytest.raises(EsgKpisError, match="not those that it signs"):
        place.asks("restate", *OF_2023, "--class", "error", "--reason", "x", "--key", place.key("approver"))


# ---------------------------------------------------------------- PostgreSQL by URL


def test_a_register_in_postgresql_holds_a_run_and_forgetting_its_place_stops_one(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    try:
        monkeypatch.setenv("ESG_KPIS_REGISTER", server.url())
        place.locks()
        status = place.asks("status")
        assert status["register"] == f"postgresql://tester@127.0.0.1:{server.port}/postgres"
        assert PASSWORD not in json.dumps(status)
        assert not (place.root / "data" / "register" / "register.sqlite").exists()
        place.changes()
        with pytest.raises(LockedProblem, match="2 cells would change"):
            place.asks("run")
        monkeypatch.delenv("ESG_KPIS_REGISTER")
        with pytest.raises(LockedProblem, match="another register than the one meant"):
            place.asks("run")
        monkeypatch.setenv("ESG_KPIS_REGISTER", server.url())
    finally:
        server.stop()
    with pytest.raises(InputProblem, match="cannot be read or written") as told:
        place.asks("run")
    assert PASSWORD not in str(told.value)


# ---------------------------------------------------------------- wrong usage


def test_who_may_not_is_told_why(place: Place) -> None:
    for args, message in (
        (("approve", *OF_2023, "--as", "locked", "--key", place.key("preparer")), "no approval"),
        (("approve", *OF_2023, "--as", "prepared", "--key", place.key("reviewer")), "has not the role|may not sign"),
        (("approve", *OF_2023, "--as", "reviewed", "--key", place.key("reviewer")), "nothing is prepared"),
        (("approve", "--edition", "e9", "--period", "2023", "--as", "prepared", "--key", place.key("preparer")), "no edition 'e9'"),
        (("approve", "--edition", "e1", "--period", "../2023", "--as", "prepared", "--key", place.key("preparer")), "no period"),
        (("approve", *OF_2023, "--as", "prepared", "--key", place.key("preparer"), "--at", "09/04/2024"), "is no time"),
        (("approve", *OF_2023, "--as", "prepared", "--key", place.key("preparer"), "--at", "9999-01-01T00:00:00Z"), "lies ahead"),
        (("lock", *OF_2023, "--key", place.key("approver")), "nothing is prepared"),
        (("restate", *OF_2023, "--class", "error", "--reason", "x", "--key", place.key("approver")), "is not locked"),
        (("restate", *OF_2023, "--class", "fashion", "--reason", "x", "--key", place.key("approver")), "no class"),
        (("restate", *OF_2023, "--class", "error", "--reason", " ", "--key", place.key("approver")), "blank"),
        (("status", "--register", "mysql://h/x"), "not kept in mysql"),
    ):
        with pytest.raises(UsageProblem, match=message):
            place.asks(*args)
        os.environ.pop("ESG_KPIS_REGISTER", None)
    assert place.asks("status")["entries"] == 0


def test_a_stranger_and_a_file_that_is_no_key_are_refused(place: Place) -> None:
    new_key(place.folder / "stranger.pem")
    with pytest.raises(UsageProblem, match="not trusted here"):
        place.signs("prepared", "stranger")
    with pytest.raises(InputProblem, match="cannot be read"):
        place.asks("approve", *OF_2023, "--as", "prepared", "--key", str(place.bills))


def test_numbers_of_files_that_changed_since_are_not_approved(place: Place) -> None:
    place.changes()

    with pytest.raises(EsgKpisError, match="not of the files and dates as they are now: raw"):
        place.signs("prepared", "preparer")


def test_a_restatement_needs_a_run_of_the_files_as_they_are(place: Place) -> None:
    place.locks()
    place.changes()

    with pytest.raises(EsgKpisError, match="were not run"):
        place.asks("restate", *OF_2023, "--class", "error", "--reason", "x", "--key", place.key("approver"))
    assert place.state() == ("locked", True)


def test_a_private_key_stays_out_of_the_workspace_and_its_passphrase_is_asked_for(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageProblem, match="does not lie in the workspace"):
        place.asks("keys", "new", str(place.root / "key.pem"))
    monkeypatch.setenv("ESG_KPIS_KEY_PASSPHRASE", "correct horse")
    made = place.asks("keys", "new", str(place.folder / "locked.pem"))
    assert made["encrypted"]
    place.asks("keys", "trust", made["public"], "--role", "preparer", "--label", "second preparer", "--until", "2099-12-31")
    assert [key["label"] for key in place.asks("keys", "list")] == ["preparer", "reviewer", "approver", "second preparer"]
    place.signs("prepared", "locked")
    monkeypatch.setenv("ESG_KPIS_KEY_PASSPHRASE", "wrong")
    with pytest.raises(InputProblem) as told:
        place.signs("prepared", "locked")
    assert "wrong" not in str(told.value)


# ---------------------------------------------------------------- export, and two at once


def test_an_export_verifies_without_the_workspace(place: Place) -> None:
    place.locks()
    file = place.folder / "register.jsonl"
    written = place.asks("register", "export", str(file))
    shutil.rmtree(place.root)

    told = place.asks("register", "verify", str(file), "--head", written["head"])
    assert (told["problems"], [row["state"] for row in told["periods"]], told["own_keys"]) == ([], ["locked"], False)
    other = written["head"][:-1] + ("0" if written["head"][-1] != "0" else "1")
    assert place.asks("register", "verify", str(file), "--head", other, code=1)["problems"]
    (place.folder / "own.toml").write_text("", encoding="utf-8")
    assert len(place.asks("register", "verify", str(file), "--keys", str(place.folder / "own.toml"), code=1)["problems"]) == 3
    lines = file.read_text(encoding="utf-8").split("\n")
    changed = json.loads(lines[-2]) | {"previous": "0" * 64}
    file.write_text("\n".join([*lines[:-2], json.dumps(changed), ""]), encoding="utf-8")
    assert any(problem.startswith("entry 3:") for problem in place.asks("register", "verify", str(file), code=1)["problems"])


def test_two_who_approve_at_once_are_both_kept(place: Place) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(REPOSITORY / "src"), str(REPOSITORY)))}
    command = [sys.executable, "-m", "pipelines.cli", "--root", str(place.root), "approve", "--as", "prepared", "--edition", "e1", "--key", place.key("preparer"), "--json"]
    both = [subprocess.Popen([*command, "--period", period, "--note", period], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) for period in ("2022", "2023")]
    said = [process.communicate(timeout=120) for process in both]

    assert [process.returncode for process in both] == [0, 0], said
    with open_register(place.root / "data" / "register" / "register.sqlite") as register:
        entries, approved = register.read()
    assert {entry.statement.note for entry in entries} == {"2022", "2023"}
    assert problems_of(entries, read_keys(place.root / "data" / "register"), approved) == []
    assert {json.loads(out)["sequence"] for out, _ in said} == {1, 2}
