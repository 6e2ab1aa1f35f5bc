"""What is wrong in people files: each mistake a clear message or a rejected row, with its place and never with what it said; and nothing is lost."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from esg_kpis.people import People
from tests.ingest_scenario import csv_of, with_part, workbook
from tests.people_scenario import (
    AS_OF,
    PROGRAMMES,
    count,
    counted,
    course,
    figures,
    injury,
    key,
    people_format,
    rules,
    snapshot,
    spell,
    stopped,
)

A, B = spell("a", "2023-01-01"), spell("b", "2023-03-01", gender="Male")


def all_accounted_for(people: People) -> bool:
    """Whether every row received was counted, refused, a repeat, or outside."""
    rows = people.controls
    return bool((rows["rows"] == rows["counted"] + rows["refused"] + rows["repeated"] + rows["outside"]).all())


def without(row: Mapping[str, str], name: str) -> dict[str, str]:
    return {column: value for column, value in row.items() if column != name}


# ---------------------------------------------------------------- files that are stopped


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "The file is empty"),
        (",".join(A).encode() + b"\n", "no rows below the header"),
        (csv_of(A).encode("utf-16")[2:], "It holds NUL bytes"),
        (csv_of(without(A, "gender")).encode(), "nearest is 'spells', which lacks gender"),
        (csv_of(without(A, "gender") | {"genders": "Female"}).encode(), "Did you mean 'genders'"),
        (csv_of(A | {"salary": "1"}).encode(), "also holds 'salary'"),
        (csv_of(A).replace("level", "gender", 1).encode(), "names 'gender' more than once"),
        (csv_of(A | {"person": "=cmd()"}).encode(), "1 of 1 person keys are no pseudonyms"),
        (csv_of(A, B | {"person": "E-1234"}).encode(), "1 of 2 person keys are no pseudonyms"),
        (csv_of(A | {"person": key("a")[:15]}).encode(), "1 of 1 person keys are no pseudonyms"),
        (b'"' + csv_of(A).encode(), "cannot be parsed"),
    ],
    ids=["empty", "header only", "wrong encoding", "missing column", "near miss", "extra column", "twice", "formula", "staff number", "short key", "quote"],
)
def test_a_file_of_the_wrong_shape_is_stopped_and_says_why(tmp_path: Path, content: bytes, says: str) -> None:
    assert says in stopped(counted(tmp_path, {"s.csv": content}))


@pytest.mark.parametrize("mark", [";", "\t"])
def test_a_file_with_another_delimiter_is_read_and_says_so(tmp_path: Path, mark: str) -> None:
    people = counted(tmp_path, {"s.csv": csv_of(A).replace(",", mark)})

    assert people.files.select("status", "delimiter").row(0) == ("read", mark)
    assert people.counts.equals(counted(tmp_path / "plain", {"s.csv": csv_of(A)}).counts.with_columns(people.counts["record_id"]))


def test_a_file_that_was_stopped_holds_back_every_measure_of_people(tmp_path: Path) -> None:
    (row,) = counted(tmp_path, {"s.csv": ""}).rejected.to_dicts()

    assert {"employees", "employees_left", "training_hours", "work_injuries"} <= set(row["measures"].split(";"))


def test_the_other_files_are_read_when_one_is_stopped(tmp_path: Path) -> None:
    people = counted(tmp_path, {"a.csv": [A], "b.csv": ""})

    assert figures(people, "2023-12-31") == (1, 1, 0)
    assert rules(people) == {("b.csv", 0): ["file_stopped"]}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
def test_words_of_the_sender_in_any_usual_encoding(tmp_path: Path, encoding: str) -> None:
    form = people_format('columns = { gender = "性别" }\n[file.feed.values]\ngender = { "女性" = "Female", "男性" = "Male" }')
    rows = [without(row, "gender") | {"性别": word} for row, word in ((A, "女性"), (B, "男性"))]
    people = counted(tmp_path, {"s.csv": csv_of(*rows).encode(encoding), "_format.toml": form})

    assert people.rejected.is_empty()
    assert figures(people, "2023-12-31", gender="Male") == (1, 1, 0)


def test_a_workbook_is_read_as_a_csv_is(tmp_path: Path) -> None:
    rows = [list(A), *([*row.values()] for row in (A, B))]
    people = counted(tmp_path, {"s.xlsx": workbook(rows)})

    assert figures(people, "2023-12-31") == (2, 2, 0)


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    bomb = with_part(workbook([list(A), [*A.values()]]), "xl/worksheets/sheet9.xml", b"0" * 40_000_000)

    assert "more than is safe" in stopped(counted(tmp_path, {"s.xlsx": bomb}))


@pytest.mark.parametrize(
    ("form", "says"),
    [
        (people_format('form = "spell"'), "there is no form 'spell'"),
        (people_format('form = "snapshots"'), "The form 'snapshots' needs the columns date"),
        (people_format('keys = "plain"'), "keys"),
        (people_format('constants = { person = "x" }'), "a person is no constant"),
        (people_format(glob="other*"), "No entry of _format.toml fits this file"),
        ('format_version = 1\n[vocabulary]\ncourse = ["x"]\n', "'course' is no column with a vocabulary"),
        ('format_version = 1\n[vocabulary]\nlevel = ["a;b"]\n', "holds one of ; = |"),
    ],
)
def test_a_mistake_in_the_format_stops_the_file(tmp_path: Path, form: str, says: str) -> None:
    assert says in stopped(counted(tmp_path, {"s.csv": [A], "_format.toml": form}))


# ---------------------------------------------------------------- rows that are rejected


@pytest.mark.parametrize(
    ("changes", "rule", "says"),
    [
        ({"to": "2022-12-31"}, "period_reversed", "on or after the first"),
        ({"from": "2024-04-10"}, "after_as_of", "column 'from': after as of; expected a first day up to 2024-04-09"),
        ({"to": "9999-99-99"}, "date", "or blank while it lasts"),
        ({"from": "2023-13-01"}, "date", "a date such as 2023-12-31"),
        ({"from": "2023-02-29"}, "date", "a date such as 2023-12-31"),
        ({"from": "31/12/2022"}, "date", "another order is declared as `dates`"),
        ({"from": ""}, "required", "first day"),
        ({"person": ""}, "required", "the person's key"),
        ({"site_id": "BJ-O1"}, "unknown_site", "Did you mean 'BJ-01'"),
        ({"site_id": "Nowhere"}, "unknown_site", "a site of the register"),
        ({"site_id": "SH-01", "from": "2021-12-31", "to": "2022-12-31"}, "outside_site_life", "2022-01-01 to 2023-06-30"),
        ({"site_id": "SH-01", "from": "2022-01-01"}, "outside_site_life", "2022-01-01 to 2023-06-30"),
        ({"level": "Boss"}, "vocabulary", "one of Senior, Mid-Level, Junior"),
        ({"gender": "female"}, "vocabulary", "one of Female, Male"),
        ({"gender": ""}, "required", "gender"),
        ({"country": "China"}, "country", "two capital letters"),
    ],
)
def test_a_row_that_is_wrong_is_rejected_and_the_others_count(tmp_path: Path, changes: dict[str, str], rule: str, says: str) -> None:
    people = counted(tmp_path, {"s.csv": [B, A | changes]})

    (row,) = people.rejected.to_dicts()
    assert (row["path"], row["line"], row["rule"]) == ("people/s.csv", 3, rule)
    assert says in row["message"]
    assert row["read"] == "(not shown: people data)"
    assert not [value for value in changes.values() if value and f"'{value}'" in row["message"]]
    assert figures(people, "2023-12-31") == (1, 1, 0)
    assert all_accounted_for(people)


def test_dates_in_another_order_are_read_where_that_is_declared(tmp_path: Path) -> None:
    people = counted(tmp_path, {"s.csv": [A | {"from": "02/01/2023", "to": "31/12/2023"}], "_format.toml": people_format(file='dates = "DMY"')})

    assert people.controls.select("first_day", "last_day", "person_days").cast(pl.String).row(0) == ("2023-01-02", "2023-12-31", "364")


def test_the_same_row_twice_counts_once_and_is_said(tmp_path: Path) -> None:
    people = counted(tmp_path, {"s.csv": [A, B, A], "z.csv": [B]})

    assert figures(people, "2023-12-31") == (2, 2, 0)
    assert people.controls["repeated"].sum() == 2
    assert people.observations["check"].to_list() == ["duplicate", "duplicate"]
    assert all_accounted_for(people)


def test_the_same_file_twice_counts_once(tmp_path: Path) -> None:
    people = counted(tmp_path, {"s.csv": [A, B], "t.csv": [A, B]})

    assert people.files["status"].to_list() == ["read", "ignored"]
    assert figures(people, "2023-12-31") == (2, 2, 0)


@pytest.mark.parametrize(
    ("spells", "lines"),
    [
        ([("2023-01-01", "2023-06-30"), ("2023-06-30", "2023-09-30"), ("2023-10-01", "")], [2, 3]),
        ([("2023-01-01", "2023-12-31"), ("2023-02-01", "2023-02-10"), ("2023-05-01", "2023-05-10")], [2, 3, 4]),
        ([("2023-01-01", ""), ("2023-02-01", "2023-02-10"), ("2022-01-01", "2022-12-31")], [2, 3]),
        ([("2023-01-01", "2023-01-31"), ("2023-02-01", "2023-02-28"), ("2023-03-01", "")], []),
    ],
    ids=["one day", "a long one over two short ones", "one that goes on", "none"],
)
def test_spells_that_overlap_are_all_rejected(tmp_path: Path, spells: list[tuple[str, str]], lines: list[int]) -> None:
    rows = [spell("a", first, last, level=level) for (first, last), level in zip(spells, ("Junior", "Mid-Level", "Senior"), strict=True)]
    people = counted(tmp_path, {"s.csv": [*rows, B]})

    assert rules(people) == {("s.csv", line): ["overlapping_spells"] for line in lines}
    assert count(people, "employees", "2023-12-31", gender="Male") == 1
    assert all_accounted_for(people)


def test_a_ragged_row_is_rejected_by_its_line(tmp_path: Path) -> None:
    people = counted(tmp_path, {"s.csv": csv_of(A) + f"{key('zz')},2023-01-01\n" + csv_of(B).partition("\n")[2]})

    assert rules(people) == {("s.csv", 3): ["ragged_row"]}
    assert figures(people, "2023-12-31") == (2, 2, 0)
    assert all_accounted_for(people)


# ---------------------------------------------------------------- training and injuries


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (course("a", "2023-02-01", "-3"), "number"),
        (course("a", "2023-02-01", "NaN"), "number"),
        (course("a", "2023-02-01", "inf"), "number"),
        (course("a", "2023-02-01", ""), "required"),
        (course("a", "2023-02-01", "8", "=cmd()"), "code"),
        (course("a", "2023-02-01", "8", "../../secrets"), "code"),
        (course("a", "2023-02-01", "8", "王 course"), "code"),
        (course("a", "2023-02-01", "8", programme="Unknown"), "vocabulary"),
        (course("a", "2022-12-31", "8"), "not_employed"),
        (course("stranger", "2023-02-01", "8"), "not_employed"),
        (course("a", "2024-04-10", "8"), "after_as_of"),
    ],
)
def test_a_course_that_is_wrong_is_rejected(tmp_path: Path, row: dict[str, str], rule: str) -> None:
    people = counted(tmp_path, {"s.csv": [A], "t.csv": [course("a", "2023-05-01", "2"), row], "_format.toml": PROGRAMMES})

    assert rules(people) == {("t.csv", 3): [rule]}
    assert count(people, "training_hours", "2023-12-31") == 2
    assert all_accounted_for(people)


@pytest.mark.parametrize(("text", "hours"), [("1,234.5", "1234.5"), ("1e1", "10"), ("８", "8"), ("0", "0")])
def test_hours_as_people_write_them(tmp_path: Path, text: str, hours: str) -> None:
    people = counted(tmp_path, {"s.csv": [A], "t.csv": [course("a", "2023-05-01", text)]})

    assert count(people, "training_hours", "2023-12-31") == Decimal(hours)


def test_a_slip_of_three_digits_in_hours_is_said(tmp_path: Path) -> None:
    people = counted(tmp_path, {"s.csv": [A], "t.csv": [course("a", "2023-05-01", "8000")]})

    assert count(people, "training_hours", "2023-12-31") == 8000
    (seen,) = people.observations.to_dicts()
    assert (seen["check"], seen["subject"], seen["severity"]) == ("people_outlier", "people/t.csv hours", "warning")
    assert seen["observed"].endswith("lines 2")


def test_a_row_ten_times_the_median_is_said_and_a_long_course_is_not(tmp_path: Path) -> None:
    usual = [course("a", f"2023-05-{day:02}", "3") for day in range(1, 9)]
    people = counted(tmp_path, {"s.csv": [A], "t.csv": [*usual, course("a", "2023-06-01", "24"), course("a", "2023-06-02", "40")]})

    assert people.observations["observed"].to_list() == ["1 of 10 rows have more than 744 hours, or more than 10 times the median of the file: lines 11"]


@pytest.mark.parametrize("row", [course("a", "2023-05-01", "2"), injury("W1", "a", "2023-05-01")])
def test_the_same_row_of_an_event_twice_counts_once_and_is_said(tmp_path: Path, row: dict[str, str]) -> None:
    people = counted(tmp_path, {"s.csv": [A], "e.csv": [row, row]})

    assert people.rejected.is_empty()
    assert count(people, "training_hours", "2023-12-31") + count(people, "work_injuries", "2023-12-31") == (2 if "hours" in row else 1)
    assert people.observations["check"].to_list() == ["duplicate"]
    assert all_accounted_for(people)


def test_a_last_day_that_is_known_ahead_is_still_employed(tmp_path: Path) -> None:
    people = counted(tmp_path, {"s.csv": [A | {"to": "2024-07-15"}, B]})

    assert people.rejected.is_empty()
    assert figures(people, "2023-12-31") == (2, 2, 0)
    assert people.observations.select("check", "observed").row(0) == ("people_ahead", "1 rows have a last day after 2024-04-09; they count as employed")


# ---------------------------------------------------------------- how far the files tell


def complete(until: str, first: str = "2022-01-01", glob: str = "*") -> str:
    return people_format(file=f"complete_from = {first}\ncomplete_until = {until}", glob=glob) + people_format().removeprefix("format_version = 1\n")


def test_a_file_of_injuries_that_is_complete_says_that_none_happened(tmp_path: Path) -> None:
    header = ",".join(injury("W1", "a", "2023-05-01")) + "\n"
    people = counted(tmp_path, {"s.csv": [A], "i.csv": header, "_format.toml": complete("2023-12-31", glob="i.csv")})
    silent = counted(tmp_path / "silent", {"s.csv": [A]})

    assert people.rejected.is_empty()
    assert people.counts.filter(pl.col("measure") == "work_injuries").select("last", "quantity").cast(pl.String).rows() == [("2022-12-31", "0.000000000"), ("2023-12-31", "0.000000000")]
    assert silent.counts.filter(pl.col("measure") == "work_injuries").is_empty()


def test_a_file_of_injuries_without_rows_or_word_holds_back_injuries_only(tmp_path: Path) -> None:
    people = counted(tmp_path, {"s.csv": [A], "i.csv": ",".join(injury("W1", "a", "2023-05-01")) + "\n"})

    (row,) = people.rejected.to_dicts()
    assert "complete_until" in f"{row['message']} {row['expected']}"
    assert set(row["measures"].split(";")) == {"work_injuries", "work_fatalities", "lost_days_injury"}


@pytest.mark.parametrize("how", ["as of", "declared", "snapshots"])
def test_nobody_is_counted_for_a_period_that_goes_on_after_what_the_files_tell(tmp_path: Path, how: str) -> None:
    files: dict[str, object] = {"s.csv": [spell("a", "2021-01-01"), spell("b", "2021-01-01", "2022-05-31")]}
    if how == "declared":
        files["_format.toml"] = complete("2023-06-30")
    if how == "snapshots":
        files = {"n.csv": [snapshot("a", "2022-12-31"), snapshot("a", "2023-06-30")]}
    people = counted(tmp_path, files, as_of=date(2023, 6, 30) if how == "as of" else AS_OF)  # type: ignore[arg-type]

    assert figures(people, "2022-12-31")[0] == 1
    assert people.counts.filter(pl.col("last") > date(2022, 12, 31)).is_empty()
    assert people.headcount.filter(pl.col("last") > date(2022, 12, 31)).is_empty()
    (seen,) = people.observations.filter(pl.col("check") == "people_unfinished").to_dicts()
    assert (seen["subject"], "2023-06-30" in seen["observed"]) == ("2023-01-01 to 2023-12-31", True)


@pytest.mark.parametrize(("moves", "told", "counts"), [(9, "", True), (10, "", False), (10, "2023-12-31", True)], ids=["few ever move", "an old list", "declared"])
def test_an_old_list_is_no_year_without_leavers(tmp_path: Path, moves: int, told: str, counts: bool) -> None:
    stay = [spell(f"stays {number}", "2021-01-01") for number in range(20)]
    files: dict[str, object] = {"s.csv": [*stay, *(spell(f"left {number}", "2021-01-01", "2022-06-30") for number in range(moves))]}
    if told:
        files["_format.toml"] = complete(told)
    people = counted(tmp_path, files)  # type: ignore[arg-type]

    in_2023 = people.counts.filter((pl.col("last") == date(2023, 12, 31)) & (pl.col("measure") == "employees_left") & (pl.col("cross") == ""))
    assert figures(people, "2022-12-31")[0] == 20
    assert (people.counts.filter(pl.col("last") == date(2023, 12, 31)).height > 0) == counts
    assert not in_2023["quantity"].sum()
    assert (people.observations.filter(pl.col("check") == "people_unfinished").height == 1) == (not counts)


def test_lost_days_of_a_case_without_lost_time_are_a_contradiction(tmp_path: Path) -> None:
    rows = [injury("W1", "a", "2023-05-01", "no_lost_time"), injury("W2", "a", "2023-05-02", "no_lost_time", "0")]
    people = counted(tmp_path, {"s.csv": [A], "i.csv": rows})

    assert rules(people) == {("i.csv", 2): ["outcome_contradicts"]}
    assert count(people, "work_injuries", "2023-12-31") == 1
    assert all_accounted_for(people)


def test_a_case_with_two_rows_is_rejected_in_both(tmp_path: Path) -> None:
    rows = [injury("W1", "a", "2023-05-01"), injury("W1", "a", "2023-05-02"), injury("W2", "a", "2023-05-03", "died")]
    people = counted(tmp_path, {"s.csv": [A], "i.csv": rows})

    assert rules(people) == {("i.csv", 2): ["case_twice"], ("i.csv", 3): ["case_twice"], ("i.csv", 4): ["vocabulary"]}
    assert count(people, "work_injuries", "2023-12-31") == 0
    assert all_accounted_for(people)
