"""Bills that stand for each other, by what two reviewers sent: nothing counts twice, nothing is lost, and no contradiction is decided by us."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

from esg_kpis.ingest import Ingested
from tests.ingest_scenario import QUANTITY, bill, bills_workbook, csv_of, numbers_of, observed, read_files, rules, toml

JAN = {"meter_id": "E1"}
FEB = {"meter_id": "E1", "period_start": "2023-02-01", "period_end": "2023-02-28"}
E1 = {"site_id": "BJ-01", "measure": "electricity_purchased", "meter_id": "E1"}
S1 = E1 | {"meter_id": "S1", "part_of": "E1"}


def read(root: Path, *rows: Mapping[str, str], meters: tuple[Mapping[str, str], ...] = ()) -> Ingested:
    register = {"meters/meters.csv": csv_of(*meters)} if meters else {}
    return read_files(root, {"energy/bills.csv": csv_of(*(bill(**row) for row in rows))} | register)


def counted(result: Ingested) -> list[str]:
    return sorted(numbers_of_counting(result))


def numbers_of_counting(result: Ingested) -> list[str]:
    return [f"{value.normalize():f}" for value in result.quantities.filter(pl.col("excluded").is_null())["quantity"]]


@pytest.mark.parametrize(
    ("rows", "left"),
    [
        # A reversal: the bill, its credit note, and the new bill that corrects it.
        ([JAN | {"quantity": "100", "document": "f1"}, JAN | {"quantity": "-100", "document": "f1r", "bill_kind": "credit_note"}, JAN | {"quantity": "80", "document": "f2", "corrects": "f1"}], ["80"]),
        # The credit note names the bill it credits; that is no correction.
        ([JAN | {"quantity": "100", "document": "D1"}, JAN | {"quantity": "-10", "document": "C1", "corrects": "D1", "bill_kind": "credit_note"}], ["-10", "100"]),
        # Without a word a bill that was credited as a whole leaves its days to the next.
        ([JAN | {"quantity": "100", "document": "D1"}, JAN | {"quantity": "-100", "document": "C1", "bill_kind": "红字"}, JAN | {"quantity": "120", "document": "D2"}], ["-100", "100", "120"]),
        # A correction of one meter and month leaves the others of the bill.
        ([JAN | {"quantity": "100", "document": "D1"}, FEB | {"quantity": "500", "document": "D1"}, JAN | {"quantity": "90", "document": "D2", "corrects": "D1"}], ["500", "90"]),
        ([JAN | {"quantity": "100", "document": "D1"}, JAN | {"quantity": "500", "document": "D1", "meter_id": "E2"}, JAN | {"quantity": "90", "document": "D2", "corrects": "D1"}], ["500", "90"]),
        ([JAN | {"quantity": "100", "document": "D1"}, FEB | {"quantity": "500", "document": "D1"}, JAN | {"quantity": "90", "document": "D1", "revision": "2"}], ["500", "90"]),
        # A revision that splits what was one.
        ([JAN | {"quantity": "100", "document": "D1"}, JAN | {"quantity": "60", "document": "D1", "revision": "2", "tariff": "peak"}, JAN | {"quantity": "30", "document": "D1", "revision": "2", "tariff": "valley"}], ["30", "60"]),
        # An estimate, and the bill that was read.
        ([JAN | {"quantity": "100", "bill_kind": "estimate"}, JAN | {"quantity": "120"}], ["120"]),
        # One bill in other spellings, and words that say the same.
        ([JAN | {"document": "D1"}, JAN | {"meter_id": "e1", "document": "d1"}, JAN | {"meter_id": "Ｅ1", "document": "D01".replace("0", "")}], ["100"]),
        ([JAN | {"meter_id": "00123"}, JAN | {"meter_id": "123"}], ["100"]),
        ([JAN | {"document": "D1"}, JAN | {"document": "D1", "bill_kind": "bill"}, JAN | {"document": "D1", "revision": "0"}], ["100"]),
    ],
)  # fmt: skip
def test_what_is_left_when_bills_stand_for_each_other(tmp_path: Path, rows: list[dict[str, str]], left: list[str]) -> None:
    result = read(tmp_path, *rows)

    assert rules(result) == {}
    assert counted(result) == sorted(left)


@pytest.mark.parametrize(
    "rows",
    [
        [JAN | {"quantity": "60", "tariff": "峰"}, JAN | {"quantity": "40", "tariff": "谷"}, JAN | {"quantity": "100", "tariff": "总"}],
        [JAN | {"quantity": "60", "tariff": "peak"}, JAN | {"quantity": "40", "tariff": "valley"}, JAN | {"quantity": "100"}],
        [JAN | {"quantity": "100", "document": "A"}, JAN | {"quantity": "101", "document": "B"}],
    ],
)
def test_a_whole_beside_its_parts_is_a_contradiction(tmp_path: Path, rows: list[dict[str, str]]) -> None:
    assert set(read(tmp_path, *rows).rejected["rule"]) == {"overlap"}


def test_parts_of_a_count_stand_beside_each_other(tmp_path: Path) -> None:
    result = read(tmp_path, JAN | {"tariff": "峰", "quantity": "60"}, JAN | {"tariff": "谷", "quantity": "40"})

    assert counted(result) == ["40", "60"]


Q1 = {"meter_id": "E1", "period_end": "2023-03-31", "quantity": "300", "document": "D1"}
MAR = {"meter_id": "E1", "period_start": "2023-03-01", "period_end": "2023-03-31"}
NOTE = {"bill_kind": "credit_note", "quantity": "-100"}


@pytest.mark.parametrize(
    ("rows", "open_days"),
    [
        ([Q1, FEB | {"quantity": "90", "document": "D2", "corrects": "D1"}], "2023-01-01 to 2023-01-31; 2023-03-01 to 2023-03-31"),
        ([Q1, FEB | {"quantity": "90", "document": "D1", "revision": "2"}], "2023-01-01 to 2023-01-31; 2023-03-01 to 2023-03-31"),
        ([Q1, JAN | {"quantity": "90", "document": "D2", "corrects": "D1"}, MAR | {"quantity": "90", "document": "D3", "corrects": "D1"}], "2023-02-01 to 2023-02-28"),
        # Peak was corrected; whether valley still holds, nobody says.
        ([JAN | {"document": "D1", "tariff": "valley"}, JAN | {"document": "D1", "tariff": "peak"}, JAN | {"document": "D2", "corrects": "D1", "tariff": "peak"}], "2023-01-01 to 2023-01-31 (valley)"),
    ],
)  # fmt: skip
def test_a_bill_that_is_corrected_in_part_is_sent_back_with_the_days_left_open(tmp_path: Path, rows: list[dict[str, str]], open_days: str) -> None:
    """To count both would be double, to drop it would lose what nobody corrected."""
    result = read(tmp_path, *rows)

    assert rules(result) == {2: ["corrected_in_part"]}
    assert f"says nothing of {open_days}: send it whole" in result.rejected["expected"].item()
    assert observed(result, "corrects_nothing") == []


@pytest.mark.parametrize(
    ("rows", "left"),
    [
        ([Q1, *(month | {"quantity": "90", "document": f"N{n}", "corrects": "D1"} for n, month in enumerate((JAN, FEB, MAR)))], ["90", "90", "90"]),
        ([JAN | {"document": "D1", "tariff": "peak"}, JAN | {"document": "D1", "tariff": "valley"}, JAN | {"quantity": "50", "document": "D2", "corrects": "D1"}], ["50"]),
        # It was booked under the wrong tariff.
        ([JAN | {"document": "D1", "tariff": "peak"}, JAN | {"quantity": "50", "document": "D2", "corrects": "D1", "tariff": "valley"}], ["50"]),
        ([Q1, FEB | {"quantity": "90", "document": "D1", "revision": "2"}, Q1 | {"quantity": "310", "revision": "3"}], ["310"]),
    ],
)
def test_corrections_that_tell_of_all_days_stand_for_the_whole_bill(tmp_path: Path, rows: list[dict[str, str]], left: list[str]) -> None:
    result = read(tmp_path, *rows)

    assert rules(result) == {}
    assert counted(result) == left
    assert observed(result, "corrects_nothing") == []


@pytest.mark.parametrize(
    ("rows", "refused"),
    [
        ([JAN | NOTE], [2]),
        ([JAN, JAN | NOTE | {"document": "C1"}, JAN | NOTE | {"document": "C2"}], [3, 4]),
        ([JAN, FEB | NOTE], [3]),
        ([JAN, JAN | NOTE | {"meter_id": "E2"}], [3]),
        ([Q1, JAN | NOTE | {"quantity": "-200"}, FEB | NOTE | {"quantity": "-200"}], [3, 4]),
        ([JAN, JAN | NOTE | {"meter_id": ""}], []),
        ([JAN | {"tariff": "peak", "quantity": "60"}, JAN | {"tariff": "valley", "quantity": "40"}, JAN | NOTE], []),
        ([Q1, JAN | NOTE, FEB | NOTE, MAR | NOTE], []),
    ],
)
def test_credit_notes_take_back_no_more_than_was_billed(tmp_path: Path, rows: list[dict[str, str]], refused: list[int]) -> None:
    assert rules(read(tmp_path, *rows)) == {line: ["credits_too_much"] for line in refused}


OF_D1 = NOTE | {"corrects": "D1"}


@pytest.mark.parametrize(
    ("rows", "left", "refused"),
    [
        # Credited twice, which the bill that follows would hide.
        ([JAN | {"document": "D1"}, JAN | OF_D1 | {"document": "C1"}, JAN | OF_D1 | {"document": "C2"}, JAN | {"document": "D2", "quantity": "120"}], [], ["credits_too_much", "overlap"]),
        # One note takes back one bill.
        ([JAN | {"document": "D1"}, JAN | OF_D1, JAN | {"document": "D2"}, JAN | {"document": "D4", "quantity": "90"}], ["-100", "100"], ["overlap"]),
        ([JAN | {"document": "D1"}, JAN | NOTE, JAN | {"document": "D2"}, JAN | {"document": "D4", "quantity": "90"}], ["-100", "100"], ["overlap"]),
        # The bill it names is not there.
        ([JAN | {"document": "D1"}, JAN | OF_D1 | {"corrects": "D7", "quantity": "-5"}], ["100"], ["credits_nothing"]),
        # The correction may hold the credit already.
        ([JAN | {"document": "D1"}, JAN | OF_D1 | {"quantity": "-30"}, JAN | {"document": "D2", "corrects": "D1", "quantity": "70"}], ["70"], ["credits_corrected"]),
        ([JAN | {"document": "D1"}, JAN | OF_D1 | {"corrects": "D2", "quantity": "-30"}, JAN | {"document": "D2", "corrects": "D1", "quantity": "70"}], ["-30", "70"], []),
        # A note takes back all parts of a bill, which leaves its days to the next.
        ([JAN | {"document": "A1", "tariff": "峰"}, JAN | {"document": "A1", "tariff": "谷", "quantity": "50"}, JAN | NOTE | {"document": "A2", "corrects": "A1", "quantity": "-150"}, JAN | {"document": "A3", "tariff": "峰", "quantity": "90"}, JAN | {"document": "A3", "tariff": "谷", "quantity": "55"}], ["100", "50", "-150", "90", "55"], []),
        ([JAN | {"document": "A1", "tariff": "峰"}, JAN | {"document": "A1", "tariff": "谷", "quantity": "50"}, JAN | NOTE | {"quantity": "-150"}, JAN | {"document": "A3", "tariff": "峰", "quantity": "90"}, JAN | {"document": "A3", "tariff": "谷", "quantity": "55"}], ["100", "50", "-150", "90", "55"], []),
        # Its bills are refused: alone it would make the use negative.
        ([JAN | {"document": "A1"}, JAN | {"document": "A3", "quantity": "90"}, JAN | NOTE | {"quantity": "-50"}], [], ["credits_too_much", "overlap"]),
        # On other days than its bill: the days of the bill are free, and a person is told.
        ([JAN | {"document": "D1"}, FEB | OF_D1, JAN | {"document": "D2", "quantity": "80"}], ["-100", "100", "80"], []),
    ],
)  # fmt: skip
def test_a_credit_note_takes_back_from_the_bill_it_names(tmp_path: Path, rows: list[dict[str, str]], left: list[str], refused: list[str]) -> None:
    result = read(tmp_path, *rows)

    assert counted(result) == sorted(left)
    assert sorted({rule for found in rules(result).values() for rule in found}) == refused
    assert len(observed(result, "credit_elsewhere")) == (1 if FEB["period_start"] in [row["period_start"] for row in map(dict, rows) if "period_start" in row] else 0)


WASTE = {"measure": "waste_hazardous", "unit": "kg", "meter_id": ""}


@pytest.mark.parametrize(
    ("rows", "left", "refused", "told"),
    [
        ([WASTE | {"document": "A"}, WASTE | {"document": "B", "corrects": "A", "quantity": "90"}, WASTE | {"document": "C", "corrects": "A", "quantity": "80"}], [], ["bill_twice"], 0),
        ([WASTE | {"document": "A", "bill_kind": "estimate"}, WASTE | {"document": "A", "quantity": "65"}], ["65"], [], 0),
        ([WASTE | {"document": "A"}, WASTE | {"document": "", "quantity": "60"}], ["100", "60"], [], 2),
        ([WASTE | {"period_end": "2023-01-01"}, WASTE | {"period_end": "2023-01-01", "quantity": "60"}], ["100", "60"], [], 0),
    ],
)
def test_consignments_without_a_meter(tmp_path: Path, rows: list[dict[str, str]], left: list[str], refused: list[str], told: int) -> None:
    result = read_files(tmp_path, {"waste/w.csv": csv_of(*(bill(**row) for row in rows))})

    assert counted(result) == left
    assert sorted({rule for found in rules(result).values() for rule in found}) == refused
    assert len(observed(result, "same_days")) == told


def test_a_bill_of_no_use_beside_one_of_a_use_overlaps(tmp_path: Path) -> None:
    gas = JAN | {"measure": "natural_gas", "unit": "Nm3"}
    assert rules(read(tmp_path, gas | {"use": ""}, gas | {"use": "stationary"})) == {2: ["overlap"], 3: ["overlap"]}


def test_a_bill_under_two_headers_is_one_bill(tmp_path: Path) -> None:
    one, other = (csv_of({("数量" if chinese else key) if key == "quantity" else key: value for key, value in bill(document="B1", quantity=number).items()}) for chinese, number in ((False, "5"), (True, "6")))
    result = read_files(tmp_path, {"energy/a.csv": one, "energy/b.csv": other})

    assert result.rejected["rule"].to_list() == ["bill_twice", "bill_twice"]


def test_a_revision_of_other_days_is_told(tmp_path: Path) -> None:
    result = read(tmp_path, FEB | {"document": "B1", "revision": "1"}, JAN | {"document": "B1", "revision": "2"})

    assert (counted(result), len(observed(result, "corrects_nothing"))) == (["100", "100"], 1)


@pytest.mark.parametrize(("one", "other", "listed", "told"), [("E1", "E001", False, 2), ("1-1", "11", False, 2), ("1-1", "11", True, 0), ("E1", "E2", False, 0), ("1-1", "1_1", False, 0)])
def test_meters_whose_numbers_are_nearly_the_same_are_told(tmp_path: Path, one: str, other: str, *, listed: bool, told: int) -> None:
    register = (E1 | {"meter_id": one}, E1 | {"meter_id": other}) if listed else ()
    result = read(tmp_path, JAN | {"meter_id": one}, JAN | {"meter_id": other}, meters=register)

    assert len(observed(result, "alike_meters")) == told
    assert counted(result) == (["100"] if (one, other) == ("1-1", "1_1") else ["100", "100"])


def register(*meters: str) -> tuple[dict[str, str], ...]:
    """Meters as `measure meter` or `measure meter part_of`."""
    named = [text.split() for text in meters]
    return tuple({"site_id": "BJ-01", "measure": words[0], "meter_id": words[1], "part_of": "".join(words[2:])} for words in named)


@pytest.mark.parametrize(
    ("meters", "bills", "left"),
    [
        # The water meter 02 is not the electricity meter 2, which lies behind 1.
        (register("electricity_purchased 1", "electricity_purchased 2 1", "water_tap 02"), {"1": "100", "2": "60"}, ["100"]),
        (register("electricity_purchased 1", "water_tap 01"), {"1": "100"}, ["100"]),
        # What is registered as it is stays, however alike.
        (register("electricity_purchased 01", "electricity_purchased 1 01"), {"01": "100", "1": "60"}, ["100"]),
        (register("electricity_purchased 01", "electricity_purchased 1"), {"01": "100", "1": "60"}, ["100", "60"]),
    ],
)
def test_meters_of_the_register_are_kept_apart(tmp_path: Path, meters: tuple[dict[str, str], ...], bills: dict[str, str], left: list[str]) -> None:
    result = read(tmp_path, *(JAN | {"meter_id": meter, "quantity": quantity} for meter, quantity in bills.items()), meters=meters)

    assert rules(result) == {}
    assert counted(result) == left


def test_a_bill_without_a_meter_is_of_the_meter_that_is_read_on_its_days(tmp_path: Path) -> None:
    meters = (E1 | {"valid_to": "2022-12-31"}, E1 | {"meter_id": "E2", "valid_from": "2023-01-01"})

    assert read(tmp_path, {"meter_id": ""}, meters=meters).quantities["meter_id"].to_list() == ["E2"]
    assert rules(read(tmp_path / "ended", {"meter_id": ""}, meters=meters[:1])) == {}


@pytest.mark.parametrize(
    ("rows", "refused"),
    [
        ([JAN | {"document": "B1", "tariff": "peak"}, JAN | {"document": "B1", "tariff": "Peak"}], []),
        ([JAN | {"document": "B1", "tariff": "峰"}, JAN | {"document": "B1", "tariff": "peak", "quantity": "90"}], ["bill_twice"]),
        ([JAN | {"tariff": "峰"}, JAN | {"tariff": "谷"}, JAN | {"tariff": "小计", "quantity": "200"}], ["overlap"]),
        ([JAN | {"document": "B1", "tariff": "peak"}, JAN | {"document": "B1", "tariff": "flat"}, JAN | {"document": "B2", "corrects": "b-1", "tariff": "高峰"}], ["corrected_in_part"]),
        # Two parts are not told anew by one other.
        ([JAN | {"document": "B1", "tariff": "peak"}, JAN | {"document": "B1", "tariff": "flat"}, JAN | {"document": "B2", "corrects": "B1", "tariff": "valley"}], ["corrected_in_part"]),
        ([JAN | {"document": "B-1"}, JAN | {"quantity": "90", "document": "B2", "corrects": "b 1"}], []),
        ([JAN | {"document": "A1"}, JAN | {"quantity": "90", "document": "B2", "corrects": "Ａ１"}], []),
        ([JAN, JAN | {"meter_id": "Ｅ１"}], []),
        # One part is not the whole; nor are parts of other days.
        ([JAN | {"document": "A1"}, JAN | {"document": "A2", "corrects": "A1", "tariff": "峰", "quantity": "30"}], ["corrected_in_part"]),
        ([JAN | {"document": "A1"}, JAN | {"document": "A2", "corrects": "A1", "tariff": "峰", "period_end": "2023-01-15"}, JAN | {"document": "A3", "corrects": "A1", "tariff": "谷", "period_start": "2023-01-16"}], ["corrected_in_part"]),
        ([JAN | {"tariff": "峰电"}, JAN | {"tariff": "高峰电量"}], []),
        ([JAN | {"tariff": "峰"}, JAN | {"tariff": "总有功", "quantity": "200"}], ["overlap"]),
        # A whole estimate, and the parts that were read.
        ([JAN | {"bill_kind": "estimate"}, JAN | {"tariff": "峰", "quantity": "60"}, JAN | {"tariff": "谷", "quantity": "50"}], []),
        ([Q1 | {"bill_kind": "estimate"}, *(month | {"quantity": "90"} for month in (JAN, FEB, MAR))], []),
        ([JAN | {"document": "00123"}, JAN | {"quantity": "90", "document": "B2", "corrects": "123"}], []),
        ([JAN | {"document": "b1"}, FEB | {"document": "B1"}, JAN | {"quantity": "90", "document": "B2", "corrects": "b1"}], []),
    ],
)
def test_tariffs_and_bill_numbers_are_one_in_any_spelling(tmp_path: Path, rows: list[dict[str, str]], refused: list[str]) -> None:
    result = read(tmp_path, *rows)

    assert sorted({rule for found in rules(result).values() for rule in found}) == refused
    assert observed(result, "corrects_nothing") == []


def test_a_reading_that_does_not_go_on_where_the_last_ended_is_told(tmp_path: Path) -> None:
    form = toml(quantity=QUANTITY + 'readings = { start = "a", to = "b", times = 1 }\n')
    rows = [("E1", "2023-01", "1000", "1500"), ("E1", "2023-02", "1400", "1900"), ("E1", "2023-03", "1900", "2000"), ("E2", "2023-02", "7", "9"), ("E1", "2023-05", "3000", "3001")]
    text = csv_of(*(dict(zip(("site_id", "meter_id", "month", "amount", "a", "b"), ("BJ-01", meter, month, "", low, high), strict=True)) for meter, month, low, high in rows))
    told = observed(read_files(tmp_path, {"energy/_format.toml": form, "energy/a.csv": text}), "readings_apart")

    assert [(row["observed"], row["expected"], row["difference"]) for row in told] == [("opens at 1400", "the closing reading of the bill before, 1500", "-100")]


def test_a_correction_of_other_days_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    result = read(tmp_path, FEB | {"quantity": "80", "document": "f1"}, {**JAN, "quantity": "90", "document": "f2", "corrects": "f1"})

    assert counted(result) == ["80", "90"]
    assert len(observed(result, "corrects_nothing")) == 1


def test_a_bill_without_a_meter_is_that_of_the_only_main_meter(tmp_path: Path) -> None:
    same = read(tmp_path / "a", JAN, {"meter_id": ""}, meters=(E1, S1))
    other = read(tmp_path / "b", JAN, {"meter_id": "", "quantity": "101"}, meters=(E1, S1))

    assert counted(same) == ["100"]
    assert set(other.rejected["rule"]) == {"overlap"}


def test_bills_without_a_meter_that_cover_the_same_days_are_told(tmp_path: Path) -> None:
    result = read(tmp_path, {"quantity": "100"}, {"quantity": "120"}, {"quantity": "7", "period_start": "2023-05-01", "period_end": "2023-05-31"})

    assert counted(result) == ["100", "120", "7"]
    assert len(observed(result, "same_days")) == 2


@pytest.mark.parametrize(
    ("sub", "main", "left"),
    [
        ({}, {}, ["100"]),
        ({"valid_from": "2023-01-15"}, {}, ["100"]),
        ({}, {"valid_to": "2022-12-31"}, ["30"]),
        ({"valid_to": "2022-06-30"}, {}, ["100"]),
    ],
)
def test_a_sub_meter_is_one_while_both_meters_are_read(tmp_path: Path, sub: dict[str, str], main: dict[str, str], left: list[str]) -> None:
    result = read(tmp_path, JAN, {"meter_id": "s1", "quantity": "30"}, meters=(E1 | main, S1 | sub))

    assert counted(result) == left
    assert set(result.rejected["rule"]) <= {"outside_meter_life"}


SECOND = E1 | {"meter_id": "E2", "valid_from": "2023-01-16"}


@pytest.mark.parametrize(
    ("meters", "left", "alone"),
    [
        # The main meter was exchanged: the sub-meter lies behind the one that is read.
        ((E1 | {"valid_to": "2023-01-15"}, SECOND, S1 | {"part_of": "E1;e2"}), [], 0),
        # Nobody said that it lies behind the new one: it counts by itself, and a person is told.
        ((E1 | {"valid_to": "2022-12-31"}, SECOND | {"valid_from": "2023-01-01"}, S1), ["30"], 1),
        # Behind a sub-meter.
        ((E1, S1 | {"meter_id": "S0"}, S1 | {"part_of": "S0"}), [], 0),
    ],
)
def test_a_sub_meter_lies_behind_whichever_main_meter_is_read(tmp_path: Path, meters: tuple[dict[str, str], ...], left: list[str], alone: int) -> None:
    result = read(tmp_path, {"meter_id": "S1", "quantity": "30"}, meters=meters)

    assert rules(result) == {}
    assert counted(result) == left
    assert len(observed(result, "sub_meter_alone")) == alone


def test_a_word_for_a_part_that_nobody_knows_is_told(tmp_path: Path) -> None:
    result = read(tmp_path, JAN | {"tariff": "峰"}, JAN | {"tariff": "T9", "quantity": "20"})

    assert (counted(result), [row["observed"] for row in observed(result, "unknown_tariff")]) == (["100", "20"], ["20 kWh"])


@pytest.mark.parametrize("life", [{"valid_to": "2023-01-15"}, {"valid_from": "2023-01-15"}])
def test_a_sub_meter_whose_main_meter_begins_or_ends_during_the_bill_is_sent_back(tmp_path: Path, life: dict[str, str]) -> None:
    """In the bills of the main meter is a part of it only."""
    result = read(tmp_path, {"meter_id": "S1", "quantity": "30"}, meters=(E1 | life, S1))

    assert rules(result) == {2: ["main_meter_ends"]}
    assert "2023-01-15" in result.rejected["expected_zh"].item()


def test_bills_of_named_meters_are_not_told_because_another_names_none(tmp_path: Path) -> None:
    result = read(tmp_path, JAN, {"meter_id": "E2"}, {"meter_id": "", "period_start": "2022-01-01", "period_end": "2022-01-31"})

    assert observed(result, "same_days") == []


def test_an_overlap_names_the_other_bills_that_share_a_day(tmp_path: Path) -> None:
    rows = [JAN | {"quantity": str(100 + number), "period_end": "2023-01-31"} for number in range(7)]
    result = read(tmp_path, *rows, FEB)

    assert rules(result) == {line: ["overlap"] for line in range(2, 9)}
    told = result.rejected["expected"][0]
    assert told.startswith("days that no other bill of meter E1 covers. These cover some of them too: 2023-01-01 to 2023-01-31 (energy/bills.csv, line 3); ")
    assert told.count("(energy/bills.csv, line ") == 4
    assert "; and 2 more. If a bill was sent twice, leave one out; " in told


def test_a_bill_sent_twice_is_told_to_its_sender_by_file_and_line(tmp_path: Path) -> None:
    """Whoever reads it sees what was sent twice, where, and what to do; no id of ours, and nothing twice."""
    other = bill(**JAN | {"document": "B1", "quantity": "110"})
    result = read_files(tmp_path, {"energy/a.csv": csv_of(bill(**JAN | {"document": "B1"}), bill(**FEB)), "energy/b.csv": csv_of(bill(**FEB | {"meter_id": "E2"}), other)})

    assert result.rejected["rule"].to_list() == ["bill_twice", "bill_twice"]
    assert result.rejected["expected"].unique().item() == (
        "one quantity for bill B1 of meter E1 for 2023-01-01 to 2023-01-31. It was sent 2 times with different quantities: 100 kWh (energy/a.csv, line 2); 110 kWh (energy/b.csv, line 3). "
        "Keep the row that is right and leave the others out; or, if one of them corrects another, write the number of the bill it corrects in a column `corrects`, or a higher number in a column `revision`"
    )
    assert result.rejected["expected_zh"].unique().item().endswith("已收到：100 kWh (energy/a.csv 第 2 行); 110 kWh (energy/b.csv 第 3 行)")


def test_a_bill_that_came_twice_and_meets_a_third_is_told_of_both(tmp_path: Path) -> None:
    result = read(tmp_path, JAN | {"document": "B1"}, JAN | {"document": "B1", "quantity": "110"}, JAN | {"document": "B2", "period_start": "2023-01-31", "period_end": "2023-02-03"})

    assert rules(result) == {2: ["bill_twice", "overlap"], 3: ["bill_twice", "overlap"], 4: ["overlap"]}


def test_merged_readings_are_no_quantity_of_each_row(tmp_path: Path) -> None:
    from io import BytesIO

    import xlsxwriter

    content = BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        page = book.add_worksheet("Bills")
        for line, row in enumerate([["site_id", "month", "tariff", "q", "a", "b"], ["BJ-01", "2023-01", "peak", "", "1000", "1500"], ["BJ-01", "2023-01", "valley", "", "", ""]]):
            for place, text in enumerate(row):
                page.write_string(line, place, text)
        page.merge_range(1, 4, 2, 4, "1000")
        page.merge_range(1, 5, 2, 5, "1500")
    form = 'format_version = 1\n[[file]]\nglob = "*"\n[[file.feed]]\ndomain = "energy"\n[[file.feed.quantity]]\nmeasure = "electricity_purchased"\ncolumn = "q"\nunit = "kWh"\nreadings = { start = "a", to = "b", times = 1 }\n'
    result = read_files(tmp_path, {"energy/_format.toml": form, "energy/a.xlsx": content.getvalue()})

    assert set(result.rejected["rule"]) == {"merged_quantity"}


def test_a_month_that_a_spreadsheet_cut_is_refused(tmp_path: Path) -> None:
    """2023.10 as a number is 2023.1."""
    text = "site_id,measure,quantity,unit,month\n" + "".join(f"BJ-01,electricity_purchased,{n},kWh,{word}\n" for n, word in enumerate(["2023.1", "2023.01", "2023.2", "2023.11"], 1))
    result = read_files(tmp_path, {"energy/a.csv": text})

    assert rules(result) == {2: ["date"]}
    assert numbers_of(result) == ["2", "3", "4"]


@pytest.mark.parametrize("second", ["站点,月份,天然气用量（Nm3）", "站点,月份,外购电量（MWh）"])
def test_a_second_table_below_the_first_stops_the_file(tmp_path: Path, second: str) -> None:
    """Its rows would be read under the first header."""
    text = f"站点,月份,外购电量（kWh）\nBJ-01,2023-01,1000\n,,\n{second}\nBJ-02,2023-01,7\n"
    result = read_files(tmp_path, {"energy/a.csv": text})

    assert "Line 4 looks like the header of another table." in result.rejected["message"].item()


def test_two_tables_on_one_sheet_stop_the_file(tmp_path: Path) -> None:
    upper = csv_of({"site_id": "BJ-01", "measure": "electricity_purchased", "quantity": "1000", "unit": "kWh", "month": "2023-01"})
    lower = csv_of({"site_id": "BJ-01", "meter_id": "E1", "measure": "electricity_purchased", "quantity": "50", "unit": "kWh", "month": "2023-01"})
    result = read_files(tmp_path, {"energy/a.csv": f"{upper},,,,\n{lower}"})

    assert "Lines 1 and 4 both look like a header" in result.rejected["message"].item()


def test_a_turn_of_more_than_half_a_counter_is_no_rollover(tmp_path: Path) -> None:
    form = 'format_version = 1\n[[file]]\nglob = "*"\n[[file.feed]]\ndomain = "energy"\n[[file.feed.quantity]]\nmeasure = "electricity_purchased"\ncolumn = "q"\nunit = "kWh"\nreadings = { start = "a", to = "b" }\n'
    rows = "site_id,month,meter_id,q,a,b\nBJ-01,2023-01,E1,,5000,4990\nBJ-01,2023-02,E1,,99990,20\n"
    result = read_files(tmp_path, {"energy/_format.toml": form, "energy/a.csv": rows, "meters/m.csv": csv_of(E1 | {"digits": "5"})})

    assert rules(result) == {2: ["reading_backwards"]}
    assert counted(result) == ["30"]


def test_a_workbook_of_one_bill_twice_over_two_files_counts_once(tmp_path: Path) -> None:
    result = read_files(tmp_path, {"energy/a.csv": csv_of(bill()), "energy/b.xlsx": bills_workbook(100)})

    assert counted(result) == ["100"]


def test_a_list_of_readings_needs_no_column_of_quantities(tmp_path: Path) -> None:
    for given in ("", 'column = "q"\noptional = true\n'):
        form = f'format_version = 1\n[[file]]\nglob = "*"\n[[file.feed]]\ndomain = "energy"\n[[file.feed.quantity]]\n{given}measure = "electricity_purchased"\nunit = "kWh"\nreadings = {{ start = "上期示数", to = "本期示数", times = "倍率" }}\n'
        rows = "站点,表号,month,上期示数,本期示数,倍率\nBJ-01,E1,2023-01,100,150,40\nBJ-01,E1,2023-02,150,140,40\n"
        result = read_files(tmp_path / f"w{len(given)}", {"energy/_format.toml": form, "energy/a.csv": rows})

        assert counted(result) == ["2000"]
        assert result.rejected.select("rule", "column").rows() == [("reading_backwards", "本期示数")]


def test_a_unit_in_the_header_that_contradicts_the_column_of_units_is_refused(tmp_path: Path) -> None:
    text = "站点,能源种类,month,用量(万kWh),单位\nBJ-01,外购电力,2023-01,12.5,kWh\nBJ-01,外购电力,2023-02,13,万kWh\n"

    assert rules(read_files(tmp_path, {"energy/a.csv": text})) == {2: ["unit"]}


@pytest.mark.parametrize(("number", "refused"), [("1,234", True), ("1.234", True), ("1234", False), ("1.5", False), ("1,234.5", False)])
def test_a_number_that_may_be_two_is_refused_where_cells_are_parted_by_semicolons(tmp_path: Path, number: str, refused: bool) -> None:
    result = read_files(tmp_path, {"energy/a.csv": csv_of(bill(quantity=number), delimiter=";")})

    assert rules(result) == ({2: ["number"]} if refused else {})


def test_a_bill_of_a_meter_that_is_not_read_any_more_is_refused(tmp_path: Path) -> None:
    life = E1 | {"valid_to": "2023-01-15"}
    result = read(tmp_path, JAN, FEB, meters=(life,))

    assert rules(result) == {3: ["outside_meter_life"]}
    assert counted(result) == ["100"]
