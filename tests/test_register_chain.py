"""The chain: whatever is changed in any row is found and named, and what a chain cannot show is shown by a head that was noted elsewhere."""

import base64
import hashlib
import json
import sqlite3
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esg_kpis.errors import EsgKpisError, InputProblem
from esg_kpis.register import (
    Entry,
    Exported,
    Head,
    Keys,
    approvals,
    exported,
    head_of,
    open_register,
    problems_of,
    read_export,
    restatements,
    states_with,
)
from esg_kpis.register.statement import Statement, payload_of, statement_of
from esg_kpis.signing import as_pem
from tests.register_scenario import KEPT, KEYS, ONE, TWO, append, chained, numbers, said

STEPS = (said("prepared"), said("reviewed"), said("locked"), said("restated", lock=3), said("prepared", TWO, note="說明, \"note\"\n=cmd()"))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A register of five entries, whose triggers somebody dropped."""
    place = tmp_path_factory.mktemp("kept") / "register.sqlite"
    for statement in STEPS:
        append(place, statement)
    connection = sqlite3.connect(place)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.commit()
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()
    return place


def changed(kept: Path, folder: Path, *statements: tuple[str, tuple[object, ...]]) -> list[str]:
    """What is found wrong in a copy that was changed by hand."""
    place = folder / "changed.sqlite"
    place.write_bytes(kept.read_bytes())
    connection = sqlite3.connect(place)
    for statement, values in statements:
        assert connection.execute(statement, values).rowcount > 0
    connection.commit()
    connection.close()
    with open_register(place) as register:
        entries, approved = register.read()
    return [str(problem) for problem in problems_of(entries, KEYS, approved)]


def test_a_register_as_it_was_kept_is_whole(kept: Path) -> None:
    with open_register(kept) as register:
        entries, approved = register.read()

    assert problems_of(entries, KEYS, approved, head_of(entries)) == []
    assert [entry.statement.action for entry in entries] == [step.action for step in STEPS]
    assert approved == KEPT


@pytest.mark.parametrize("row", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("column", ["previous", "hash", "subject", "envelope"])
def test_any_byte_of_any_column_is_missed(kept: Path, tmp_path: Path, row: int, column: str) -> None:
    """In the database the first byte and the last; of the entries as they are read every byte, and of envelopes every fifth."""
    with open_register(kept) as register:
        entries, approved = register.read()
    value = getattr(entries[row - 1], column)
    raw = value if isinstance(value, bytes) else value.encode()
    for at in sorted({*range(0, len(raw), 5 if column == "envelope" else 1), len(raw) - 1}):
        other = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        made = other if isinstance(value, bytes) else other.decode()
        anew = [*entries[: row - 1], replace(entries[row - 1], **{column: made}), *entries[row:]]
        assert row in {problem.sequence for problem in problems_of(anew, KEYS, approved)}, at
        if at in (0, len(raw) - 1):
            found = changed(kept, tmp_path, (f"UPDATE register_entries SET {column} = ? WHERE sequence = ?", (made, row)))  # noqa: S608
            assert any(text.startswith(f"entry {row}:") for text in found)


def test_a_sequence_number_cannot_be_changed(kept: Path, tmp_path: Path) -> None:
    assert changed(kept, tmp_path, ("UPDATE register_entries SET sequence = 9 WHERE sequence = 5", ()))[0].startswith("entry 9: it follows upon entry 4: 4 are missing")


@pytest.mark.parametrize("made", ["x", b"", b"\xff\xfe", "=cmd()", b"[" * 5000])
def test_an_envelope_that_is_none_is_named(kept: Path, tmp_path: Path, made: object) -> None:
    found = changed(kept, tmp_path, ("UPDATE register_entries SET envelope = ? WHERE sequence = 2", (made,)))

    assert any(text.startswith("entry 2: it cannot be read") for text in found)


@pytest.mark.parametrize("column", ["digest", "content"])
def test_the_numbers_kept_are_those_signed(kept: Path, tmp_path: Path, column: str) -> None:
    other = hashlib.sha256(b"").hexdigest() if column == "digest" else numbers("100").replace(b"100,tCO2e", b"101,tCO2e")
    found = changed(kept, tmp_path, (f"UPDATE register_approved SET {column} = ? WHERE digest = ?", (other, ONE)))  # noqa: S608

    assert [text for text in found if text.startswith(("entry 1:", "entry 2:", "entry 3:", "entry 4:"))]
    assert not [text for text in found if text.startswith("entry 5:")]


def test_an_entry_taken_from_the_middle_is_missed(kept: Path, tmp_path: Path) -> None:
    found = changed(kept, tmp_path, ("DELETE FROM register_entries WHERE sequence = 3", ()))

    assert "entry 4: it follows upon entry 2: 1 are missing in between" in found


def test_who_writes_the_chain_anew_without_a_key_is_found_by_what_was_signed(kept: Path) -> None:
    """The hashes can be made again by anybody; that an entry was signed upon another cannot."""
    with open_register(kept) as register:
        entries, approved = register.read()
    from esg_kpis.register.entry import entry_after

    anew: list[Entry] = []
    for entry in entries[:1] + entries[2:]:
        head = head_of(anew)
        anew.append(entry_after(head.sequence, head.hash, entry.subject, entry.envelope))
    assert any("it was signed upon entry 2" in str(problem) for problem in problems_of(anew, KEYS, approved))


def test_the_last_entry_taken_away_is_seen_only_beside_a_head_noted_before(kept: Path, tmp_path: Path) -> None:
    with open_register(kept) as register:
        entries = register.entries()
    noted = head_of(entries)

    assert changed(kept, tmp_path, ("DELETE FROM register_entries WHERE sequence = 5", ()), ("DELETE FROM register_approved WHERE digest = ?", (TWO,))) == []
    assert "its last entries were taken away" in str(problems_of(entries[:-1], KEYS, None, noted)[0])
    other = [*entries[:-1], *chained(*STEPS[:4], said("prepared", TWO, note="another"))[4:]]
    assert problems_of(other, KEYS) == []
    assert "not the one that was noted before" in str(problems_of(other, KEYS, None, noted)[0])
    assert problems_of(entries, KEYS, None, Head(2, entries[1].hash)) == []


def test_a_key_that_is_no_longer_trusted_leaves_its_entries_unproven(kept: Path) -> None:
    with open_register(kept) as register:
        entries = register.entries()
    rest = Keys(tuple(key for key in KEYS.trusted if key.label != "reviewer"))

    assert [problem.sequence for problem in problems_of(entries, rest)] == [2]


def test_an_entry_of_an_earlier_time_is_named() -> None:
    entries = chained(said("prepared"), said("reviewed", at="2024-04-09T09:59:59Z"))

    assert [str(problem) for problem in problems_of(entries, KEYS)] == ["entry 2: its time, 2024-04-09T09:59:59Z, is before that of an earlier entry, 2024-04-09T10:00:00Z"]


def test_a_register_that_is_not_whole_takes_no_entry(kept: Path, tmp_path: Path) -> None:
    place = tmp_path / "broken.sqlite"
    place.write_bytes(kept.read_bytes())
    connection = sqlite3.connect(place)
    connection.execute("UPDATE register_entries SET hash = 'x' WHERE sequence = 2")
    connection.commit()
    connection.close()

    with pytest.raises(EsgKpisError, match="not whole: entry 2"):
        append(place, said("reviewed", TWO))


def test_the_hash_can_be_made_again_with_the_tools_of_any_machine(kept: Path, tmp_path: Path) -> None:
    """As docs/approval.md says it."""
    with open_register(kept) as register:
        entries = register.entries()
    for entry in entries:
        (tmp_path / "envelope").write_bytes(entry.envelope)
        command = f'printf "esg-kpis register entry 1\\n%s\\n%s\\n%s\\n" {entry.sequence} {entry.previous} $(sha256sum < envelope | cut -c1-64) | sha256sum'
        assert subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True).stdout.split()[0] == entry.hash  # noqa: S607


# ---------------------------------------------------------------- statements


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["prepared", "reviewed", "locked", "restated"]), st.text(), st.text(), st.dictionaries(st.text(), st.text()))
def test_a_statement_is_read_as_it_was_written(action: str, edition: str, note: str, run: dict[str, str]) -> None:
    try:
        (edition + note + "".join(run) + "".join(run.values())).encode()
    except UnicodeEncodeError:
        return
    before = said(action, edition=edition, note=note, lock=3)
    statement = Statement(**{**before.__dict__, "run": run})
    (entry,) = chained(statement)

    assert payload_of(entry.statement) == payload_of(statement_of(entry.envelope))
    assert (entry.statement.edition, entry.statement.note, dict(entry.statement.run), entry.statement.restatement) == (edition, note, run, statement.restatement)


@pytest.mark.parametrize(
    ("old", "new"),
    [('"prepared"', '"deleted"'), ('"at":"2024-04-09T10:00:00Z"', '"at":"2024-13-09T10:00:00Z"'), ('"at":"2024-04-09T10:00:00Z"', '"at":"yesterday"'), ('"edition":"2023"', '"edition":2023'), ('"note":""', '"note":"","more":1'), ('"sequence":0', '"sequence":"0"')],
)
def test_what_is_no_statement_of_the_register_is_refused(old: str, new: str) -> None:
    (entry,) = chained(said("prepared"))
    content = json.loads(entry.envelope)
    payload = base64.b64decode(content["payload"]).decode()
    assert old in payload
    content["payload"] = base64.b64encode(payload.replace(old, new, 1).encode()).decode()

    with pytest.raises(InputProblem):
        statement_of(json.dumps(content).encode())


# ---------------------------------------------------------------- export and tables


def carried(kept: Path) -> tuple[bytes, Exported]:
    with open_register(kept) as register:
        entries, approved = register.read()
    content = exported(entries, approved, KEYS)
    return content, read_export(content, "export.jsonl")


def test_an_export_holds_all_that_verifies_it(kept: Path) -> None:
    content, read = carried(kept)

    assert exported(read.entries, read.approved, read.keys) == content
    assert problems_of(read.entries, read.keys, read.approved, read.head) == []
    assert [key.id for key in read.keys.trusted] == [key.id for key in KEYS.trusted]


def test_openssl_and_sha256sum_check_an_export_by_themselves(kept: Path, tmp_path: Path) -> None:
    """As docs/approval.md says it: the signature on every entry, and the digest of the numbers that it is about."""
    content, read = carried(kept)
    lines = [json.loads(line) for line in content.decode().splitlines()]
    numbers_of = {line["approved"]: base64.b64decode(line["content"]) for line in lines if "approved" in line}
    checked = 0
    for line in lines:
        if "entry" not in line:
            continue
        envelope = json.loads(base64.b64decode(line["envelope"]))
        payload = base64.b64decode(envelope["payload"])
        said_in_it = json.loads(payload)
        kind = envelope["payloadType"].encode()
        (tmp_path / "signed").write_bytes(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload))
        (tmp_path / "sig").write_bytes(base64.b64decode(envelope["signatures"][0]["sig"]))
        key = next(key for key in read.keys.trusted if key.id == said_in_it["predicate"]["key"])
        (tmp_path / "pub.pem").write_bytes(as_pem(key.public))
        (tmp_path / "approved.csv").write_bytes(numbers_of[line["subject"]])
        subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "pub.pem", "-rawin", "-in", "signed", "-sigfile", "sig"], cwd=tmp_path, check=True, capture_output=True)  # noqa: S607
        digest = subprocess.run(["sha256sum", "approved.csv"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout.split()[0]  # noqa: S607
        assert digest == said_in_it["subject"][0]["digest"]["sha256"] == line["subject"]
        checked += 1
    assert checked == len(STEPS)


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_any_byte_of_an_export_changed_is_told(kept: Path, data: st.DataObject) -> None:
    """But for labels of keys, which say nothing of who signed."""
    content, whole = carried(kept)
    at = data.draw(st.integers(0, len(content) - 1))
    other = content[:at] + bytes([content[at] ^ data.draw(st.integers(1, 127))]) + content[at + 1 :]
    try:
        read = read_export(other, "export.jsonl")
    except EsgKpisError:
        return
    same = (read.entries, read.approved, read.head) == (whole.entries, whole.approved, whole.head)
    assert same or problems_of(read.entries, read.keys, read.approved, read.head) != []


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"register": "esg-kpis register export 2"}', b'{"register": "esg-kpis register export 1", "sequence": 1, "head": "", "entries": 1}', b"null"])
def test_what_is_no_export_is_refused(content: bytes) -> None:
    with pytest.raises(InputProblem):
        read_export(content, "export.jsonl")


def test_the_tables_say_what_the_entries_say() -> None:
    entries = chained(*STEPS)
    table, again = approvals(entries), restatements(entries)

    assert table["action"].to_list() == [step.action for step in STEPS]
    assert table["hash"].to_list() == [entry.hash for entry in entries]
    assert table["note"].to_list() == ["", "", "", "a bill was misread", STEPS[4].note]
    assert [(row["kpi_id"], str(row["difference"]).rstrip("0"), row["over_5_percent"], row["class"], row["lock"]) for row in again.to_dicts()] == [("scope_1", "6.", True, "error", 3)]
    standing = states_with(entries, {("2023", "2023"): TWO, ("2020", "2020"): ONE}, KEYS).to_dicts()
    assert [(row["edition"], row["state"], row["as_approved"], row["by"]) for row in standing] == [("2020", "open", None, None), ("2023", "prepared", True, "preparer")]
    assert approvals([]).height == restatements([]).height == 0


def test_an_entry_that_cannot_be_read_is_in_no_table_and_hides_none(kept: Path) -> None:
    entries = chained(*STEPS)
    entries[1] = Entry(2, entries[1].previous, entries[1].hash, ONE, b"x")

    assert approvals(entries)["sequence"].to_list() == [1, 3, 4, 5]
