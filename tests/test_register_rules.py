"""The rules of approval, one by one, on entries in memory: who may do what, what voids it, and what a restatement reopens."""

from datetime import date

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from esg_kpis.register import Entry, Keys, Statement, problems_of, replayed, state_of
from tests.register_scenario import APPROVER, BOTH, HEADER, KEYS, ONE, PREPARER, REVIEWER, STRANGER, TWO, chained, numbers, said, with_key

Step = tuple[Statement, Ed25519PrivateKey] | Statement
TO_LOCK: tuple[Step, ...] = (said("prepared"), said("reviewed"), said("locked"))


def state(entries: list[Entry], current: str | None = ONE, keys: Keys = KEYS, edition: str = "2023") -> tuple[str, bool | None]:
    found = state_of(entries, keys, edition, "2023", current)
    return found.word, found.as_approved


def void(entries: list[Entry], keys: Keys = KEYS) -> dict[int, str]:
    return {entry.sequence: why for standing in replayed(entries, keys).values() for entry, why in standing.void}


@pytest.mark.parametrize(("steps", "word"), [(0, "open"), (1, "prepared"), (2, "reviewed"), (3, "locked")])
def test_a_period_goes_from_open_to_locked(steps: int, word: str) -> None:
    assert state(chained(*TO_LOCK[:steps])) == (word, True if steps else None)


@pytest.mark.parametrize("steps", [1, 2])
def test_a_changed_number_voids_what_is_not_locked_and_comes_back_with_the_number(steps: int) -> None:
    entries = chained(*TO_LOCK[:steps])

    assert state(entries, TWO) == ("open", False)
    assert f"entry {steps}" in state_of(entries, KEYS, "2023", "2023", TWO).reason
    assert state(entries, ONE)[1] is True


def test_a_changed_number_does_not_open_a_lock_and_is_told() -> None:
    assert state(chained(*TO_LOCK), TWO) == ("locked", False)
    assert state(chained(*TO_LOCK), None) == ("locked", None)


@pytest.mark.parametrize("action", ["reviewed", "locked"])
def test_the_same_key_twice_is_void(action: str) -> None:
    steps: list[Step] = [(said("prepared"), BOTH), (said("reviewed"), REVIEWER), (said("locked", role="reviewer"), BOTH)]
    entries = chained(*(steps if action == "locked" else [steps[0], (said("reviewed"), BOTH)]))

    assert "the same key prepared it (entry 1)" in void(entries)[len(entries)]
    assert state(entries)[0] == ("reviewed" if action == "locked" else "prepared")


def test_a_reviewer_may_lock_what_they_reviewed_but_a_preparer_may_not() -> None:
    assert state(chained(said("prepared"), said("reviewed"), (said("locked", role="reviewer"), REVIEWER)))[0] == "locked"
    entries = chained(said("prepared"), said("reviewed"), (said("locked", role="preparer"), PREPARER))

    assert void(entries) == {3: "a preparer may not sign 'locked' (approver or reviewer)"}


@pytest.mark.parametrize(
    ("step", "why"),
    [
        ((said("prepared"), STRANGER), "is not trusted"),
        ((said("prepared"), REVIEWER), "has not the role preparer"),
        ((said("prepared", role="reviewer"), REVIEWER), "a reviewer may not sign 'prepared'"),
        (said("reviewed"), "nothing is prepared"),
        (said("locked"), "nothing is prepared"),
        (said("restated", lock=1), "it is not locked"),
    ],
)
def test_who_may_not_moves_nothing(step: Step, why: str) -> None:
    entries = chained(step)

    assert why in void(entries)[1]
    assert state(entries) == ("open", None)


def test_a_lock_needs_a_review_of_the_same_numbers() -> None:
    assert "it is not reviewed" in void(chained(said("prepared"), said("locked")))[2]
    assert "other numbers were prepared (entry 1)" in void(chained(said("prepared"), said("reviewed", TWO)))[2]
    assert "other numbers were prepared (entry 1)" in void(chained(said("prepared"), said("reviewed"), said("locked", TWO)))[3]


def test_preparing_again_asks_for_another_review() -> None:
    entries = chained(said("prepared"), said("reviewed"), said("prepared"), said("locked"))

    assert void(entries) == {4: "it is not reviewed"}
    assert state(entries)[0] == "prepared"


@pytest.mark.parametrize("action", ["prepared", "reviewed", "locked"])
def test_a_locked_period_takes_no_approval(action: str) -> None:
    assert "is locked (entry 3)" in void(chained(*TO_LOCK, said(action)))[4]


def test_a_restatement_reopens_and_the_old_lock_stays() -> None:
    entries = chained(*TO_LOCK, said("restated", lock=3))

    assert state(entries, TWO) == ("restated", None)
    assert entries[2].statement.action == "locked"
    anew = chained(*TO_LOCK, said("restated", lock=3), said("prepared", TWO), said("reviewed", TWO), said("locked", TWO))
    assert state(anew, TWO) == ("locked", True)
    assert state(chained(*TO_LOCK, said("restated", lock=3), said("prepared", TWO)), ONE) == ("restated", False)
    assert anew[:3] == entries[:3]
    assert void(anew) == {}


@pytest.mark.parametrize("wrong", [said("restated", lock=2), said("restated", TWO, lock=3)])
def test_a_restatement_names_the_lock_that_it_opens(wrong: Statement) -> None:
    entries = chained(*TO_LOCK, wrong)

    assert "another lock than entry 3" in void(entries)[4]
    assert state(entries) == ("locked", True)


def test_whoever_prepared_does_not_reopen() -> None:
    entries = chained((said("prepared"), BOTH), said("reviewed"), said("locked"), (said("restated", role="reviewer", lock=3), BOTH))

    assert "the same key prepared it" in void(entries)[4]


def test_entries_of_one_edition_or_period_say_nothing_of_another() -> None:
    entries = chained(*TO_LOCK, said("prepared", edition="2020"), said("prepared", period="2022"))

    assert state(entries, ONE, edition="2020") == ("prepared", True)
    assert state(entries, ONE, edition="2021") == ("open", None)
    assert state_of(entries, KEYS, "2023", "2022", ONE).word == "prepared"
    assert state(entries) == ("locked", True)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"until": date(2024, 4, 8)}, "expired on 2024-04-08"),
        ({"first": date(2024, 4, 10)}, "counts from 2024-04-10 only"),
        ({"revoked": "2024-04-09T10:00:00Z", "why": "lost"}, "is revoked since 2024-04-09T10:00:00Z (lost)"),
    ],
)
def test_a_key_out_of_its_time_is_void(changes: dict[str, object], why: str) -> None:
    keys = with_key(REVIEWER, **changes)
    entries = chained(*TO_LOCK)

    assert why in void(entries, keys)[2]
    assert void(entries, keys)[3] == "it is not reviewed"
    assert state(entries, keys=keys)[0] == "prepared"


@pytest.mark.parametrize("changes", [{"until": date(2024, 4, 9)}, {"first": date(2024, 4, 9)}, {"revoked": "2024-04-09T10:00:01Z"}])
def test_a_key_counts_as_of_the_time_of_its_entry(changes: dict[str, object]) -> None:
    assert state(chained(*TO_LOCK), keys=with_key(REVIEWER, **changes)) == ("locked", True)


def test_a_signature_of_somebody_else_under_a_trusted_name_is_void() -> None:
    """The statement names the reviewer's key; the signature is a stranger's."""
    good = chained(said("prepared"), said("reviewed"))
    forged = chained(said("prepared"), (said("reviewed"), STRANGER))
    keyid = good[1].statement.key.encode()
    entry = Entry(2, forged[1].previous, forged[1].hash, ONE, forged[1].envelope.replace(forged[1].statement.key.encode(), keyid))

    assert void([good[0], entry])[2].endswith("is not trusted")
    assert any("not trusted" in str(problem) for problem in problems_of([good[0], entry], KEYS))


def test_what_differs_is_told_cell_by_cell_with_the_five_per_cent() -> None:
    """By hand: 100 to 106 is 6 %, over 5 %; 200 to 210 is 5 %, not over; zero to one has no percentage."""
    from esg_kpis.register import effects_of

    def content(*cells: str) -> bytes:
        return (HEADER + "\n".join(cells) + "\n").encode()

    old = content("a,2023,total,All,100.0,100,t,ok,", "b,2023,total,All,200.0,200,t,ok,", "c,2023,total,All,0.0,0,t,ok,", "d,2023,total,All,1.0,1,t,ok,", "e,2023,total,All,5,5,t,ok,", "f,2023,x,'a,1,1,t,ok,")
    new = content("a,2023,total,All,106.0,106,t,ok,", "b,2023,total,All,210.0,210,t,ok,", "c,2023,total,All,1.0,1,t,ok,", "d,2023,total,All,,,t,blocked,no factor", "f,2023,x,'a,1,1,t,ok,", "g,2023,total,All,-3,-3,t,ok,")
    effects, unchanged = effects_of(old, new)

    assert {effect.kpi_id: (effect.old, effect.new, effect.difference, effect.percent, effect.beyond) for effect in effects} == {
        "a": ("100", "106", "6", "6", True),
        "b": ("200", "210", "10", "5", False),
        "c": ("0", "1", "1", "", None),
        "d": ("1", "", "", "", None),
        "e": ("5", "", "", "", None),
        "g": ("", "-3", "", "", None),
    }
    assert unchanged == 1
    assert effects_of(numbers(), numbers()) == ((), 1)


def test_an_approver_may_sign_what_is_theirs() -> None:
    assert void(chained(*TO_LOCK, (said("restated", lock=3), APPROVER))) == {}
