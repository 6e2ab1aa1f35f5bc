"""What tells who somebody is stops the file, and stands in nothing that a run leaves. Staff numbers become pseudonyms only by a key that lies elsewhere."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

from esg_kpis.files import LINE
from esg_kpis.ingest.identity import identity_card_line, is_identity_card
from tests.ingest_scenario import bill, csv_of, read_files, workbook
from tests.people_scenario import (
    KEY,
    counted,
    course,
    esg_kpis,
    everything_written,
    figures,
    key,
    people_format,
    places_of,
    result,
    spell,
    stopped,
    whole_workspace,
)  # fmt: skip

A, B = spell("a", "2023-01-01"), spell("b", "2023-03-01", gender="Male")


def identity_card(place: str, birth: str, number: str) -> str:
    """A made-up identity number: place, birth date and serial number, with the check digit of ISO 7064 MOD 11-2."""
    body = f"{place}{birth}{number}"
    return body + "10X98765432"[sum(pow(2, 17 - at, 11) * int(digit) for at, digit in enumerate(body)) % 11]


CARD = identity_card("999999", "19850228", "123")
CARD_X = next(card for number in range(100, 200) if (card := identity_card("123456", "19991231", str(number))).endswith("X"))


def test_identity_numbers_are_known_by_their_check_digit_and_their_date() -> None:
    others = [f"{CARD[:17]}{digit}" for digit in "0123456789X" if digit != CARD[17]]

    assert is_identity_card(CARD)
    assert is_identity_card(CARD_X)
    assert is_identity_card(CARD_X.lower())
    assert not any(is_identity_card(other) for other in others)
    assert not is_identity_card(identity_card("999999", "19850230", "123"))


TELLING: dict[str, tuple[Mapping[str, str], str]] = {
    "name": (A | {"Name": "Family Given"}, "Family Given"),
    "name in Chinese": (A | {"姓名": "姓名示例"}, "赵探针"),
    "first name": (A | {"first_name": "Probewoman"}, "Probewoman"),
    "identity number": (A | {"身份证号": CARD}, CARD),
    "passport": (A | {"Passport no": "P7788990"}, "P7788990"),
    "birth date": (A | {"出生日期": "1985-02-28"}, "1985-02-28"),
    "birthday": (A | {"Date of birth": "28.02.1985"}, "28.02.1985"),
    "e-mail": (A | {"E-Mail": "probe@example.org"}, "probe@example.org"),
    "telephone": (A | {"手机": "13912345678"}, "13912345678"),
    "number in a person": (A | {"person": CARD}, CARD),
    "number in a site": (A | {"site_id": f"BJ-01 ({CARD_X})"}, CARD_X),
    "number in a level": (A | {"level": CARD_X.lower()}, CARD_X),
    "birth date in a level": (A | {"level": "1985-02-28"}, "1985-02-28"),
    "birth date in an age band": (A | {"age_group": "28/02/1985"}, "28/02/1985"),
    "e-mail in a site": (A | {"site_id": "probe@example.org"}, "probe@example.org"),
    "telephone in a profession": (A | {"profession": "+86 13912345678"}, "13912345678"),
    "name in a person": (A | {"person": "Family Given"}, "Family Given"),
}


def test_an_identity_number_with_full_width_digits_is_found() -> None:
    wide = CARD[:14] + "".join(chr(ord(digit) + 0xFEE0) for digit in CARD[14:17]) + CARD[17]

    assert identity_card_line(pl.DataFrame({LINE: [2], "note": [wide]}), ["note"], damaged_too=True) == ("note", 2)


@pytest.mark.parametrize(("row", "secret"), TELLING.values(), ids=TELLING)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_tells_who_somebody_is_stops_the_file_and_is_not_said(tmp_path: Path, row: Mapping[str, str], secret: str, kind: str) -> None:
    content: str | bytes = csv_of(B, row) if kind == "csv" else workbook([list(row), [B.get(name, "") for name in row], [*row.values()]])
    people = counted(tmp_path, {f"s.{kind}": content})

    said = stopped(people)
    assert "people/s." in said
    assert secret not in said
    for table in vars(people).values():
        assert secret.lower() not in repr(table.rows()).lower()


def test_nothing_of_a_stopped_file_is_in_anything_a_run_leaves(tmp_path: Path) -> None:
    secrets = [secret for _, secret in TELLING.values()]
    root = whole_workspace(tmp_path / "w", {"good.csv": [B], **{f"f{number}.csv": csv_of(row) for number, (row, _) in enumerate(TELLING.values())}})
    ran = esg_kpis(root, "run")
    written = everything_written(root, ran, esg_kpis(root, "trace", "heads", "--period", "2023", "--json"))

    assert ran.returncode == 1, ran.stderr
    assert result(root, "rejected").filter(pl.col("rule") == "file_stopped").height == len(secrets)
    assert {secret: places_of(secret, written) for secret in secrets if places_of(secret, written)} == {}


HEADLESS = csv_of(A, B).partition("\n")[2]


@pytest.mark.parametrize(
    "form",
    ["", people_format('form = "spells"')],
    ids=["any form", "a form declared"],
)
def test_a_file_without_a_header_does_not_tell_its_first_row(tmp_path: Path, form: str) -> None:
    people = counted(tmp_path, {"s.csv": HEADLESS} | ({"_format.toml": form} if form else {}))

    assert A["person"] not in stopped(people)


def test_a_file_without_a_header_does_not_tell_what_its_first_row_says_twice(tmp_path: Path) -> None:
    people = counted(tmp_path, {"s.csv": csv_of(A | {"level": "Family Given", "profession": "Family Given"}).partition("\n")[2]})

    assert "Family Given" not in stopped(people)


@pytest.mark.parametrize("shifted", [key("a"), "Family Given"])
def test_what_stands_in_the_column_of_sites_and_is_no_site_is_not_told(tmp_path: Path, shifted: str) -> None:
    people = counted(tmp_path, {"s.csv": [B, A | {"site_id": shifted}]})

    assert people.rejected["rule"].to_list() == ["unknown_site"]
    assert shifted not in repr(people.rejected.rows())


def test_an_identity_number_cut_by_a_spreadsheet_is_no_pseudonym(tmp_path: Path) -> None:
    assert "identity" in stopped(counted(tmp_path, {"s.csv": [B, A | {"person": f"{CARD[:15]}000"}]}))


# ---------------------------------------------------------------- other folders


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([bill() | {"employee name": "Family Given"}], "looks like a name"),
        ([bill() | {"出生日期": "1985-02-28"}], "looks like a birth date"),
        ([bill() | {"身份证": "x"}], "looks like an identity number"),
        ([bill(), bill(measure=CARD)], "holds an identity-card number"),
        ([{"staff": "17", "name": "Family Given", "department": "Sales"}], "needed for 'energy'"),
        ([A], "needed for 'energy'"),
    ],
)
def test_a_people_file_in_another_folder_is_stopped_and_not_told(tmp_path: Path, rows: list[Mapping[str, str]], says: str) -> None:
    read = read_files(tmp_path, {"energy/hr.csv": csv_of(*rows)})

    (row,) = read.rejected.to_dicts()
    assert row["rule"] == "file_stopped"
    assert says in row["message"]
    assert read.quantities.filter(pl.col("domain") == "energy").is_empty()
    assert not any(secret in repr(table.rows()) for secret in ("Family Given", "1985-02-28", CARD, A["person"]) for table in (read.rejected, read.records, read.files))


def test_an_identity_number_in_a_ragged_row_of_another_folder_is_not_told(tmp_path: Path) -> None:
    read = read_files(tmp_path, {"energy/hr.csv": csv_of(bill()) + f"BJ-01,{CARD}\n"})

    assert CARD not in repr((read.rejected.rows(), read.records.rows()))


@pytest.mark.parametrize("column", ["grid number", "Grid No."])
def test_a_number_of_the_grid_is_no_identity_number(tmp_path: Path, column: str) -> None:
    read = read_files(tmp_path, {"energy/bills.csv": csv_of(bill() | {column: "7"})})

    assert read.rejected.is_empty()


# ---------------------------------------------------------------- staff numbers


STAFF = [A | {"person": "E-1001"}, B | {"person": "E-1002"}]
HMAC = people_format('keys = "hmac"')


def test_staff_numbers_with_a_key_count_as_pseudonyms_do_and_any_key_gives_the_same(tmp_path: Path) -> None:
    training = [course("a", "2023-05-01", "2") | {"person": "E-1001"}]
    kept = []
    for number, secret in enumerate((KEY, KEY[::-1])):
        file = tmp_path / f"key{number}"
        file.write_text(f"{secret}\n")
        people = counted(tmp_path / f"w{number}", {"s.csv": STAFF, "t.csv": training, "_format.toml": HMAC}, secret=file)
        assert people.rejected.is_empty()
        assert people.controls["keys"].unique().to_list() == ["hmac"]
        kept.append(people.counts)
    pseudonymous = counted(tmp_path / "p", {"s.csv": [A, B], "t.csv": [course("a", "2023-05-01", "2")]})

    assert kept[0].equals(kept[1])
    assert kept[0].drop("record_id").sort(pl.all().exclude("quantity")).equals(pseudonymous.counts.drop("record_id").sort(pl.all().exclude("quantity")))
    assert figures(pseudonymous, "2023-12-31") == (2, 2, 0)


@pytest.mark.parametrize(
    ("content", "inside", "says"),
    [(KEY, True, "lies inside the workspace"), ("short", False, "5 bytes, fewer than 32"), (None, False, "cannot be read")],
)
def test_a_key_that_is_no_secret_is_refused(tmp_path: Path, content: str | None, inside: bool, says: str) -> None:
    (tmp_path / "w").mkdir()
    file = tmp_path / ("w/key" if inside else "key")
    if content is not None:
        file.write_text(content)
    said = stopped(counted(tmp_path / "w", {"s.csv": STAFF, "_format.toml": HMAC}, secret=file))

    assert says in said
    assert str(tmp_path) not in said


def test_the_command_line_takes_a_key_and_tells_neither_it_nor_staff_numbers(tmp_path: Path) -> None:
    root = whole_workspace(tmp_path / "w", {"s.csv": STAFF, "_format.toml": HMAC})
    file = tmp_path / "key"
    file.write_text(KEY)
    without = esg_kpis(root, "run", ESG_KPIS_PERSON_KEY_FILE="")
    ran = esg_kpis(root, "run", "--person-key-file", str(file))
    written = everything_written(root, without, ran)

    assert ran.returncode == 0, ran.stderr
    assert "--person-key-file" in without.stderr
    for secret in (KEY, "E-1001", "E-1002"):
        assert places_of(secret, written) == []


def test_without_a_key_the_user_is_told_what_to_do_and_not_to_report_it(tmp_path: Path) -> None:
    root = whole_workspace(tmp_path / "w", {"s.csv": STAFF, "_format.toml": HMAC})
    done = esg_kpis(root, "run", ESG_KPIS_PERSON_KEY_FILE="")

    assert "--person-key-file" in done.stderr + done.stdout
    assert "report it" not in done.stderr
    assert done.returncode in (1, 2, 3)


def test_pseudonymise_writes_a_copy_that_counts_and_refuses_what_tells_more(tmp_path: Path) -> None:
    root, file = whole_workspace(tmp_path / "w", {"s.csv": [B]}), tmp_path / "key"
    file.write_text(KEY)
    (tmp_path / "staff.csv").write_text(csv_of(*STAFF))
    (tmp_path / "named.csv").write_text(csv_of(*({"姓名": "赵探针"} | row for row in STAFF)))

    def ask(source: str, target: str, *args: str) -> tuple[int, str]:
        done = esg_kpis(root, "people", "pseudonymise", str(tmp_path / source), "--to", str(tmp_path / target), "--person-key-file", str(file), *args)
        return done.returncode, done.stderr

    assert ask("staff.csv", "made.csv")[0] == 0
    made = pl.read_csv(tmp_path / "made.csv", infer_schema=False)
    assert not set(made["person"]) & {"E-1001", "E-1002"}
    assert figures(counted(tmp_path / "again", {"s.csv": (tmp_path / "made.csv").read_text()}), "2023-12-31") == (2, 2, 0)
    assert ask("staff.csv", "made.csv")[0] == 2
    assert "looks like a name" in ask("named.csv", "named-made.csv")[1]
    assert "Did you mean 'person'" in ask("staff.csv", "other.csv", "--column", "persn")[1]
    assert not (tmp_path / "named-made.csv").exists()


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("name", "Given", "looks like a name"), ("manager_name", "Given", "looks like a name"), ("nombre", "x", "looks like a name"), ("e-mail", "x", "looks like an address"),
        ("contact", "probe@example.org", "holds an address"), ("contact", "+49 170 1234567", "holds an address"), ("code", CARD, "identity-card"),
    ],
)  # fmt: skip
def test_pseudonymise_passes_nothing_on_that_tells_who_somebody_is(tmp_path: Path, column: str, value: str, says: str) -> None:
    (tmp_path / "key").write_text(KEY)
    (tmp_path / "staff.csv").write_text(csv_of({"staff_no": "E-1", column: value}))
    command = ["people", "pseudonymise", str(tmp_path / "staff.csv"), "--to", str(tmp_path / "made.csv"), "--column", "staff_no", "--person-key-file", str(tmp_path / "key")]
    done = subprocess.run([sys.executable, "-m", "pipelines.cli", *command], capture_output=True, text=True, cwd=tmp_path, check=False)

    assert (done.returncode, says in done.stderr, value in done.stderr) == (3, True, False), done.stderr
    assert not (tmp_path / "made.csv").exists()


def test_pseudonymise_needs_no_workspace(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY)
    (tmp_path / "staff.csv").write_text(csv_of({"staff_no": "E-1", "入职": "2023-01-01"}, {"staff_no": "E-2", "入职": "2023-01-02"}))
    command = ["people", "pseudonymise", str(tmp_path / "staff.csv"), "--to", str(tmp_path / "made.csv"), "--column", "staff_no", "--person-key-file", str(tmp_path / "key")]
    done = subprocess.run([sys.executable, "-m", "pipelines.cli", *command], capture_output=True, text=True, cwd=tmp_path, check=False)

    assert done.returncode == 0, done.stderr
    assert pl.read_csv(tmp_path / "made.csv")["staff_no"].n_unique() == 2


def test_after_a_run_with_the_wrong_key_the_right_one_is_another_run(tmp_path: Path) -> None:
    root, file = whole_workspace(tmp_path / "w", {"s.csv": STAFF, "_format.toml": HMAC}), tmp_path / "key"
    file.write_text(KEY)
    wrong = esg_kpis(root, "run", "--person-key-file", str(tmp_path / "typo"))
    right = esg_kpis(root, "run", "--person-key-file", str(file))

    assert wrong.returncode in (1, 3)
    assert right.returncode == 0, right.stderr
    assert KEY not in repr(everything_written(root, wrong, right))
