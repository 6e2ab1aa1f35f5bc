"""Whose signatures count: the file of trusted keys, and its mistakes."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esg_kpis.errors import InputProblem, UsageProblem
from esg_kpis.register import Keys, TrustedKey, keys_of, keys_text, read_keys
from tests.register_scenario import KEYS, REVIEWER, STRANGER

WHOLE = Keys((TrustedKey(STRANGER.public_key(), ("preparer", "assurer"), "a \"label\" \\ 說明", date(2024, 1, 1), date(2025, 12, 31), "2025-01-01T00:00:00Z", "lost"),))


def told(keys: Keys) -> list[tuple[object, ...]]:
    return [(key.id, key.roles, key.label, key.first, key.until, key.revoked, key.why) for key in keys.trusted]


@pytest.mark.parametrize("keys", [Keys(), KEYS, WHOLE])
def test_the_file_is_read_as_it_was_written(keys: Keys) -> None:
    assert told(keys_of(keys_text(keys))) == told(keys)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_label_can_be_written(label: str) -> None:
    keys = Keys((TrustedKey(STRANGER.public_key(), ("preparer",), label, revoked="2025-01-01T00:00:00Z", why=label),))

    assert told(keys_of(keys_text(keys))) == told(keys)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('fingerprint = "', 'fingerprint = "0', "not that of the key"),
        ('"preparer", "assurer"', '"chief"', "no role 'chief'"),
        ("from = 2024-01-01", 'from = "01/02/2024"', "from"),
        ('revoked = "2025-01-01T00:00:00Z"', 'revoked = "soon"', "no time"),
        ("BEGIN PUBLIC KEY", "BEGIN PRIVATE KEY", "public key cannot be read"),
        ("[[key]]", "[[key]]\nowner = 'x'", "owner"),
        ("[[key]]", "[[key", "no TOML"),
    ],
)
def test_a_mistake_in_the_file_is_told(old: str, new: str, message: str) -> None:
    text = keys_text(WHOLE)
    assert old in text

    with pytest.raises(InputProblem, match=message):
        keys_of(text.replace(old, new, 1))


def test_a_key_stands_once() -> None:
    with pytest.raises(InputProblem, match="stands twice"):
        keys_of(keys_text(WHOLE) + keys_text(WHOLE))
    with pytest.raises(UsageProblem, match="trusted already"):
        KEYS.with_key(TrustedKey(REVIEWER.public_key(), ("preparer",), "again"))


def test_a_key_is_revoked_once_by_how_its_fingerprint_begins() -> None:
    own = KEYS.trusted[0].id
    gone = KEYS.revoke(own[:12], "2024-05-01T00:00:00Z", "lost")

    assert gone.trusted[0].objection("prepared", "preparer", "2024-04-30T23:59:59Z") == ""
    assert "revoked since" in gone.trusted[0].objection("prepared", "preparer", "2024-05-01T00:00:00Z")
    assert gone.trusted[1:] == KEYS.trusted[1:]
    for wrong in ("", "zz"):
        with pytest.raises(UsageProblem, match="begin with"):
            KEYS.revoke(wrong, "2024-05-01T00:00:00Z", "lost")
    with pytest.raises(UsageProblem, match="is revoked since"):
        gone.revoke(own, "2024-06-01T00:00:00Z", "again")


def test_a_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    assert read_keys(tmp_path) == Keys()
    (tmp_path / "keys.toml").write_bytes("# 說明".encode("utf-16"))

    with pytest.raises(InputProblem, match="cannot be read"):
        read_keys(tmp_path)
