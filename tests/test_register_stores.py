"""The register on SQLite and on a real PostgreSQL: eight writers at once, writers and servers that are killed, and what the database itself refuses."""

import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count, pairwise
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import text

from esg_kpis.errors import EsgKpisError, InputProblem, UsageProblem
from esg_kpis.register import Entry, open_register, problems_of, signed, state_of
from esg_kpis.register.schema import SCHEMA_VERSION
from tests.postgres_server import MEMORY, PASSWORD, Server
from tests.register_scenario import (
    KEYS,
    KILLED,
    ONE,
    PREPARER,
    REVIEWER,
    STRANGER,
    TWO,
    acknowledged,
    append,
    in_python,
    numbers,
    said,
    with_key,
)

WRITERS, EACH = 8, 12
ROUNDS = int(os.environ.get("ESG_KPIS_REGISTER_ROUNDS", "3"))
"""Rounds of killing all writers; more of them, with `pytest -s`, to be surer."""
_number = count()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.stop()


@pytest.fixture
def ground() -> Iterator[Path]:
    """A folder in memory where there is one: waiting for the disk matters to a power cut and not to a kill."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        yield Path(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, ground: Path) -> str:
    """Where a register may be made."""
    if request.param == "sqlite":
        return str(ground / "register" / "register.sqlite")
    running: Server = request.getfixturevalue("server")
    return running.database(f"register {next(_number)}")


def read(place: str) -> list[Entry]:
    """All entries; they must be whole."""
    with open_register(place) as register:
        entries, approved = register.read()
    assert problems_of(entries, KEYS, approved) == []
    return entries


def by_hand(place: str, statement: str) -> None:
    """What somebody does who is no program of ours."""
    with open_register(place) as register, register._engine.begin() as connection:
        connection.execute(text(statement))


# ---------------------------------------------------------------- one writer


def test_a_register_is_made_by_its_first_entry_and_not_by_looking(place: str) -> None:
    with open_register(place) as register:
        assert register.read() == ([], {})
    assert "://" in place or not Path(place).parent.exists()

    made = append(place, said("prepared"))

    assert read(place) == [made]
    assert (made.sequence, made.previous) == (1, "0" * 64)
    with open_register(place) as register:
        assert register.approved() == {ONE: numbers()}


def test_the_same_steps_give_the_same_chain_on_both(tmp_path: Path, server: Server) -> None:
    chains = []
    for own in (str(tmp_path / "register.sqlite"), server.database(f"register {next(_number)}")):
        for statement in (said("prepared"), said("reviewed"), said("locked"), said("restated", lock=3), said("prepared", TWO)):
            append(own, statement)
        chains.append(read(own))

    assert chains[0] == chains[1]
    assert state_of(chains[0], KEYS, "2023", "2023", TWO).word == "prepared"


@pytest.mark.parametrize("table", ["register_entries", "register_approved", "register_about"])
@pytest.mark.parametrize("change", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE", "INSERT OR REPLACE INTO {} SELECT * FROM {}"])
def test_the_database_refuses_to_change_what_is_there(place: str, table: str, change: str) -> None:
    append(place, said("prepared"))
    key = {"register_entries": "sequence", "register_approved": "digest", "register_about": "schema_version"}[table]
    if change.startswith("TRUNCATE") != ("://" in place) and not change.startswith(("UPDATE", "DELETE")):
        return  # Each of the two knows one of these only.
    statement = change.format(table, table) if change.startswith("INSERT") else change.format(table, key, key)
    before = read(place)

    with pytest.raises(Exception, match="append-only"):
        by_hand(place, statement)
    assert read(place) == before


def test_what_the_rules_refuse_leaves_nothing(place: str) -> None:
    append(place, said("prepared"))
    for statement, key, content, keys, message in (
        (said("locked"), None, None, KEYS, "it is not reviewed"),
        (said("reviewed"), STRANGER, None, KEYS, "is not trusted"),
        (said("reviewed", TWO), None, numbers("106"), KEYS, "other numbers were prepared"),
        (said("prepared", TWO), None, numbers("107"), KEYS, "not those that it signs"),
        (said("reviewed", at="2024-04-09T09:00:00Z"), None, None, KEYS, "before that of an earlier entry"),
        (said("reviewed", at="2024-04-09T11:00:00Z"), None, None, with_key(REVIEWER, revoked="2024-04-09T10:30:00Z", why="lost"), "is revoked since"),
    ):
        with pytest.raises(EsgKpisError, match=message):
            append(place, statement, key, content, keys)

    assert len(read(place)) == 1
    with open_register(place) as register:
        assert set(register.approved()) == {ONE}


def test_what_was_signed_upon_another_head_is_refused(place: str) -> None:
    with open_register(place) as register:
        early = signed(said("prepared", edition="early"), (0, "0" * 64), PREPARER)
        append(place, said("prepared"))
        with register.turn() as turn, pytest.raises(InputProblem, match="signed upon entry 0"):
            turn.append(early, numbers(), KEYS)
    assert len(read(place)) == 1


def test_an_error_within_a_turn_takes_back_what_was_appended(place: str) -> None:
    append(place, said("prepared"))
    with open_register(place) as register, suppress(ZeroDivisionError), register.turn() as turn:
        turn.append(signed(said("prepared", TWO), (turn.head.sequence, turn.head.hash), PREPARER), numbers("106"), KEYS)
        raise ZeroDivisionError
    assert len(read(place)) == 1


def test_a_register_of_another_version_is_refused(place: str) -> None:
    append(place, said("prepared"))
    by_hand(place, "INSERT INTO register_about VALUES (99)")

    for use in (lambda: append(place, said("reviewed")), lambda: read(place)):
        with pytest.raises(InputProblem, match=f"version {SCHEMA_VERSION}, 99"):
            use()


# ---------------------------------------------------------------- many at once


def told_and_kept(place: str, folder: Path) -> tuple[dict[str, tuple[int, str]], Counter[str]]:
    """What writers were told, and the notes that are kept. Whatever was told is kept, as it was told, and no note twice."""
    entries, told = read(place), acknowledged(folder)
    kept = {entry.statement.note: (entry.sequence, entry.hash) for entry in entries}
    assert {note: kept.get(note) for note in told} == told
    assert len(kept) == len(entries)
    assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
    return told, Counter(note.partition("-")[0] for note in kept)


def test_eight_writers_at_once_lose_nothing(place: str, tmp_path: Path) -> None:
    """They make the register too: none was there."""
    begun = time.monotonic()
    helper = in_python(f"serve({place!r}, {WRITERS}, {EACH}, {str(tmp_path)!r})")
    _, errors = helper.communicate(timeout=300)

    assert helper.returncode == 0, errors
    told, by_writer = told_and_kept(place, tmp_path)
    assert len(told) == WRITERS * EACH
    assert by_writer == dict.fromkeys(map(str, range(WRITERS)), EACH)
    order = [entry.statement.note.partition("-")[0] for entry in read(place)]
    assert sum(one != other for one, other in pairwise(order)) > WRITERS  # They did write in turn, not one after the other.
    print(f"\n{len(told)} entries by {WRITERS} writers in {time.monotonic() - begun:.1f} s")


def test_those_who_make_a_register_at_the_same_moment_wait_for_each_other(ground: Path) -> None:
    """SQLite itself does not wait where a file is switched to WAL, nor where the last one to leave cleans up: one in forty was turned away."""

    def comes(path: Path) -> None:
        with open_register(path) as register:
            together.wait()
            register.entries()
            with register.turn():
                pass
            register.read()

    together = Barrier(4)
    with ThreadPoolExecutor(4) as four:
        for number in range(40):
            for one in [four.submit(comes, ground / f"{number}.sqlite") for _ in range(4)]:
                one.result(timeout=60)


def test_writers_killed_at_any_moment_lose_nothing_that_was_acknowledged(place: str, tmp_path: Path) -> None:
    chance, killed, not_told = random.Random(20261128), 0, 0
    for number in range(ROUNDS):
        folder = tmp_path / f"round {number}"
        folder.mkdir()
        helper = in_python(f"serve({place!r}, {WRITERS}, 1000, {str(folder)!r}, {number})")
        assert helper.stdout is not None
        children = [int(child) for child in helper.stdout.readline().split()]
        until = time.monotonic() + 60
        while len(acknowledged(folder)) < 5 and time.monotonic() < until:
            time.sleep(0.002)
        for child in chance.sample(children, len(children)):
            time.sleep(chance.uniform(0, 0.15))
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            killed += 1
        _, errors = helper.communicate(timeout=60)
        assert helper.returncode == 0, errors
    for number in range(ROUNDS):
        told_and_kept(place, tmp_path / f"round {number}")
    told = {note for number in range(ROUNDS) for note in acknowledged(tmp_path / f"round {number}")}
    kept = {entry.statement.note for entry in read(place)}
    not_told = len(kept - told)

    assert killed == WRITERS * ROUNDS
    assert not_told <= killed  # Kept, and the writer was killed before it could say so: one for each at most.
    assert len(told) > WRITERS
    append(place, said("prepared", note="after all"))
    assert read(place)[-1].statement.note == "after all"
    print(f"\n{killed} writers killed; {len(told)} entries acknowledged and kept, {not_told} kept that nobody was told of")


def test_a_writer_killed_within_its_turn_leaves_nothing_and_holds_up_nobody(place: str) -> None:
    append(place, said("prepared"))
    for _ in range(2):
        dying = in_python(f"die_within_turn({place!r})")
        _, errors = dying.communicate(timeout=60)
        assert dying.returncode == KILLED, errors

        begun = time.monotonic()
        append(place, said("prepared"))
        assert time.monotonic() - begun < 10
    assert {entry.statement.edition for entry in read(place)} == {"2023"}
    assert len(read(place)) == 3


def test_a_server_killed_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    own = Server()
    try:
        helper = in_python(f"serve({own.url()!r}, 4, 1000, {str(tmp_path)!r})")
        until = time.monotonic() + 60
        while len(acknowledged(tmp_path)) < 10 and time.monotonic() < until:
            time.sleep(0.005)
        own.crash()
        helper.communicate(timeout=60)
        told = acknowledged(tmp_path)
        own.start()
        kept = {entry.statement.note: (entry.sequence, entry.hash) for entry in read(own.url())}
    finally:
        own.stop()

    assert len(told) >= 10
    assert {note: kept.get(note) for note in told} == told
    assert len(kept) - len(told) <= 4


def test_who_may_only_look_and_append_can_do_so_and_no_more(server: Server) -> None:
    """The rights that docs/approval.md says suffice."""
    place = server.database(f"register {next(_number)}")
    append(place, said("prepared"))
    by_hand(place, f"CREATE ROLE writer LOGIN PASSWORD '{PASSWORD}'")
    by_hand(place, "GRANT SELECT, INSERT ON register_entries, register_approved TO writer")
    by_hand(place, "GRANT SELECT ON register_about TO writer")
    theirs = place.replace("//tester:", "//writer:")

    append(theirs, said("reviewed"))

    assert [entry.statement.action for entry in read(theirs)] == ["prepared", "reviewed"]
    for statement in ("UPDATE register_entries SET hash = hash", "DELETE FROM register_approved", "ALTER TABLE register_entries DISABLE TRIGGER ALL", "DROP TABLE register_entries"):
        with pytest.raises(Exception, match=r"permission denied|must be owner"):
            by_hand(theirs, statement)


# ---------------------------------------------------------------- places, and what is said of them


def test_a_password_is_printed_nowhere(server: Server) -> None:
    wrong = server.url().replace(PASSWORD, "wrong-" + PASSWORD)
    nobody = f"postgresql://somebody:{PASSWORD}@127.0.0.1:1/none?password={PASSWORD}&sslmode=disable"
    for place in (wrong, nobody, f"postgresql://u:{PASSWORD}@127.0.0.1:port/x", f"mysql://u:{PASSWORD}@h/x"):
        said_of_it = []
        try:
            register = open_register(place)
            said_of_it.append(register.shown)
            register.entries()
        except EsgKpisError as error:
            said_of_it.append(f"{error} {error.__cause__}")
        assert said_of_it
        assert PASSWORD not in " ".join(said_of_it)
    with open_register(server.url()) as register:
        assert register.shown == f"postgresql://tester@127.0.0.1:{server.port}/postgres"


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputProblem, match="cannot be read or written"), open_register("postgresql://u@127.0.0.1:1/x") as register:
        register.entries()


@pytest.mark.parametrize("place", ["mysql://h/x", "nonsense://", "postgresql://h:port/x", "://"])
def test_what_is_no_place_is_refused(place: str) -> None:
    with pytest.raises(UsageProblem):
        open_register(place)


def test_a_missing_driver_is_told_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] in ("psycopg", "psycopg_binary")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(UsageProblem, match=r"esg-kpis\[postgres\]"):
        open_register("postgresql://h/x")


@pytest.mark.parametrize("content", [b"site_id,quantity\n", b"SQLite format 3\0" + bytes(4080), b"\0" * 100])
def test_a_file_that_is_no_register_is_told_and_left(tmp_path: Path, content: bytes) -> None:
    place = tmp_path / "register.sqlite"
    place.write_bytes(content)

    with pytest.raises(InputProblem):
        read(str(place))
    with pytest.raises(InputProblem):
        append(str(place), said("prepared"))
    assert place.read_bytes() == content


def test_another_database_of_sqlite_gets_its_tables_only_when_something_is_appended(tmp_path: Path) -> None:
    place = tmp_path / "other.sqlite"
    connection = sqlite3.connect(place)
    connection.execute("CREATE TABLE other (x)")
    connection.close()

    assert read(str(place)) == []


def test_who_waits_too_long_is_told(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("esg_kpis.register.store.WAIT_SECONDS", 1)
    with open_register(place) as one, open_register(place) as two, one.turn(), pytest.raises(EsgKpisError, match="Others are writing"), two.turn():
        pass


def test_readers_are_not_held_up_by_a_writer(place: str) -> None:
    append(place, said("prepared"))
    with open_register(place) as one, one.turn() as turn:
        assert len(read(place)) == 1
        assert turn.head.sequence == 1
