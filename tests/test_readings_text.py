"""Readings in text files, as people send them: encodings, marks, clocks, and what is no readings at all."""

import gzip
import shutil
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from pydantic import ValidationError

from tests.metered_scenario import HOURLY, Way, fates, put, quantities, refusals, tables, way
from tests.readings_scenario import table

BERLIN = HOURLY | {
    "path": "berlin", "time_zone": "Europe/Berlin", "clock": "local", "dates": "DMY", "delimiter": ";", "decimal": ",", "decimals": 1, "summer_words": ["S"],
    "columns": {"meter_id": "Zähler", "time": "Beginn", "value": "kWh", "summer": "Zeit"},
}  # fmt: skip
LOCAL = HOURLY | {"path": "power.csv", "clock": "local"}
HEADER = "meter_id,time,value"


def a_day(meter: str = "E1", day: str = "2023-01-10", value: str = "2") -> list[str]:
    """Every hour of a day, as lines."""
    return [f"{meter},{day} {hour:02d}:00,{value}" for hour in range(24)]


def of_lines(place: Path, lines: list[str], header: str = HEADER, **said: object) -> Way:
    found = way(place, power=LOCAL | said)
    put(found.root, "power.csv", "\n".join([header, *lines, ""]))
    return found


# ---------------------------------------------------------------- what can be read


def test_the_wall_clock_of_berlin_over_the_change_in_october(tmp_path: Path) -> None:
    found = way(tmp_path, berlin=BERLIN)
    put(found.root, "/meters/meters.csv", "site_id,measure,meter_id\nHQ,electricity_purchased,E1\n")
    (found.root / "data/raw/readings/berlin").mkdir()
    zone, lines = ZoneInfo("Europe/Berlin"), []
    at = datetime(2023, 9, 30, 22, tzinfo=ZoneInfo("UTC"))
    while (local := at.astimezone(zone)).month == 10:
        lines.append(f"E1;{local:%d.%m.%Y %H:%M};1,5;{'S' if local.dst() else 'W'}")
        at += timedelta(hours=1)
    put(found.root, "berlin/2023-10.csv", "\r\n".join(["Zähler;Beginn;kWh;Zeit", *lines, lines[100], ""]).encode("cp1252"))
    tables(found.root, berlin=BERLIN | {"encoding": "cp1252"})

    rolled = found.rolled()
    assert fates(rolled) == {"duplicate": 1, "used": 745}
    assert quantities(found.ingested(rolled)) == {("E1", "2023-10-01", "2023-10-31"): 745 * 1.5}

    put(found.root, "berlin/2023-10.csv", "\n".join(["Zähler;Beginn;kWh;Zeit", *(line[:-1] for line in lines), ""]).encode("cp1252"))
    assert fates(found.rolled())["used"] == 745 - 1  # No mark: both of the hour that comes twice are taken as the second, and say the same.

    tables(found.root, berlin=BERLIN | {"encoding": "cp1252", "columns": {key: value for key, value in BERLIN["columns"].items() if key != "summer"}})
    assert fates(found.rolled()) == {"time_twice": 2, "used": 743}


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-8-sig"])
def test_encodings_are_declared_or_told_by_the_first_bytes(tmp_path: Path, encoding: str) -> None:
    said = {"columns": {"meter_id": "表号", "time": "时间", "value": "用量"}} | ({"encoding": "gb18030"} if encoding == "gb18030" else {})
    found = way(tmp_path, power=LOCAL | said)
    put(found.root, "power.csv", "\n".join(["表号,时间,用量", *a_day()]).encode(encoding))

    assert quantities(found.ingested()) == {("E1", "2023-01-10", "2023-01-10"): 48}


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("E1,2023-01-11 00:00,NaN", "number"),
        ("E1,2023-01-11 00:00,1e999", "number"),
        ("E1,2023-01-11 00:00,=cmd()", "number"),
        ("E1,2023-01-11 00:00,\"1,234\"", "number"),
        ("E1,2023-01-11 00:00,", "value_missing"),
        ("E1,2023-01-11 00:00", "value_missing"),
        ("E1,2023-01-11 00:00,0.5", "decimals"),
        ("E1,2023-01-11 00:00,1e15", "too_large"),
        ("E1,2023-01-11 00:00,-1", "negative"),
        (",2023-01-11 00:00,1", "meter_missing"),
        ("=cmd(),2023-01-11 00:00,1", "unknown_meter"),
        ("E1,,1", "time_missing"),
        ("E1,11.01.2023 00:00,1", "time_missing"),
        ("E1,2023-02-30 00:00,1", "time_missing"),
        ("E1,2023-01-11T00:00+08:00,1", "time_missing"),
        ("E1,2023-01-11 00:07,1", "off_grid"),
        ("E1,2023-01-11 00:00:00.5,1", "off_grid"),
        ("E1,2023-01-10 23:00:00.999999,1", "off_grid"),
        ("E1,2023-01-10 23:59:59.9999999999,1", "off_grid"),
        ("E1,2023-01-11 00:00:00.0000001,1", "off_grid"),
        ("E1,2023-01-10 24:00:00.000001,1", "off_grid"),
        ("E1,2099-01-11 00:00,1", "future"),
    ],
)  # fmt: skip
def test_a_row_that_is_wrong_is_refused_by_name_and_line(tmp_path: Path, line: str, rule: str) -> None:
    found = of_lines(tmp_path, [*a_day(), line])
    rolled = found.rolled()

    assert fates(rolled) == {rule: 1, "used": 24}
    assert quantities(found.ingested(rolled)) == {("E1", "2023-01-10", "2023-01-10"): 48}
    sample = rolled.samples.row(0, named=True)
    assert (sample["rule"], sample["path"], sample["row"]) == (rule, "readings/power.csv", 26)
    cells = [cell.strip('"') for cell in line.split(",", 2)]
    assert [sample["meter_id"], sample["time"] or "", sample["value"] or ""] == [*cells, ""][:3]


def test_a_row_is_named_by_the_line_it_begins_on_wherever_cells_go_over_several(tmp_path: Path) -> None:
    found = of_lines(tmp_path, ["E1,2023-01-11 00:00,\"1\n\",\"a\n\n\"", "", "E1,2023-01-11 00:07,1,", "E1,2023-01-11 00:09,1,"], f"\n{HEADER},\"what\nelse\"")

    assert found.rolled().samples.filter(pl.col("rule") == "off_grid").select("row", "time").rows() == [(9, "2023-01-11 00:07"), (10, "2023-01-11 00:09")]


def test_lines_that_end_with_a_carriage_return_alone_are_lines(tmp_path: Path) -> None:
    found = way(tmp_path, power=LOCAL)
    put(found.root, "power.csv", "\r".join([HEADER, *a_day(), "E1,2023-01-11 00:07,1", ""]))

    assert found.rolled().samples["row"].to_list() == [26]
    assert quantities(found.ingested()) == {("E1", "2023-01-10", "2023-01-10"): 48}


def test_thousands_and_other_orders_of_dates_are_declared(tmp_path: Path) -> None:
    found = of_lines(tmp_path, [f"E1;{line.split(',')[1][8:10]}/01/2023 {line[14:19]};1.234,5" for line in a_day()], "meter_id;time;value", dates="DMY", delimiter=";", decimal=",", thousands=".", decimals=1)

    assert quantities(found.ingested()) == {("E1", "2023-01-10", "2023-01-10"): 24 * 1234.5}


def test_columns_that_nobody_named_do_no_harm(tmp_path: Path) -> None:
    found = of_lines(tmp_path, [f"{line},\"a, b\",=HYPERLINK(1)" for line in a_day()], f"{HEADER},note,link")

    assert quantities(found.ingested()) == {("E1", "2023-01-10", "2023-01-10"): 48}


def test_text_in_folders_of_months_and_a_changed_file_types_that_month_only(tmp_path: Path) -> None:
    found = way(tmp_path, power=HOURLY | {"clock": "local"})
    for month in ("01", "02"):
        put(found.root, f"power/month=2023-{month}/a.csv", "\n".join([HEADER, *a_day(day=f"2023-{month}-10")]))
    found.rolled()
    typed = {path.name for path in (found.out / "work/readings/power/typed").iterdir()}
    put(found.root, "power/month=2023-02/a.csv", "\n".join([HEADER, *a_day(day="2023-02-11")]))
    found.rolled()

    assert found.computed == [("power", "2023-02")]
    after = {path.name for path in (found.out / "work/readings/power/typed").iterdir()}
    assert (len(typed & after), len(after)) == (1, 2)


# ---------------------------------------------------------------- what cannot


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "It is empty"),
        (b"\n", "It "),
        (b"meter_id,time,value\nE1,2023-01-01 00:00,\x001\n", "It holds NUL bytes"),
        (gzip.compress(b"meter_id,time,value\n" * 50, mtime=0), "The text is not utf-8"),
        ("meter_id,time,value\nÄ1,2023-01-01 00:00,1\n".encode("cp1252"), "The text is not utf-8"),
        (b"meter_id;time;value\nE1;2023-01-01 00:00;1\n", "It has no column 'meter_id'"),
        (b"meter_id,time\nE1,2023-01-01 00:00\n", "It has no column 'value'"),
        (b"meter_id,time,value\nE1,2023-01-01 00:00,1,2,3\n", "It cannot be read as a table"),
        (b"meter_id,time,value,value\nE1,2023-01-01 00:00,1,2\n", "It "),
    ],
    ids=["empty", "a blank line", "NUL", "gzip", "cp1252", "semicolons", "no value", "more cells than columns", "a column twice"],
)
def test_a_file_that_is_no_table_stops_its_table(tmp_path: Path, content: bytes, said: str) -> None:
    found = way(tmp_path, power=LOCAL)
    put(found.root, "power.csv", content)
    read = found.ingested()

    assert refusals(read) == {"readings/power": "electricity_purchased"}
    assert said in read.rejected["message"].item()
    assert "readings/power.csv" in read.rejected["message"].item()


def test_a_header_alone_is_a_table_without_rows(tmp_path: Path) -> None:
    found = of_lines(tmp_path, [])
    read = found.ingested()

    assert read.rejected.is_empty()
    assert quantities(read) == {}
    assert found.coverage().filter((pl.col("measure") == "electricity_purchased") & (pl.col("month") == "2023-01"))["missing"].item() == 31


def test_a_folder_of_the_name_of_a_file_is_told(tmp_path: Path) -> None:
    found = way(tmp_path, power=HOURLY | {"clock": "local"})
    (found.root / "data/raw/readings/power/a.csv").mkdir()
    read = found.ingested()

    assert "readings/power/a.csv" in read.rejected["message"].item()


@pytest.mark.parametrize("encoding", ["latin-99", "rot13", "hex", "undefined", "", "a\u0000b"])
def test_an_encoding_that_is_none_of_text_is_refused_with_the_format(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(ValidationError, match="there is no encoding"):
        table(encoding=encoding)
    found = of_lines(tmp_path, a_day(), encoding=encoding.replace("\0", ""))

    assert "there is no encoding" in found.ingested().rejected["message"].item()


def test_a_codec_that_has_errors_of_its_own_is_told(tmp_path: Path) -> None:
    found = way(tmp_path, power=LOCAL | {"encoding": "idna"})
    put(found.root, "power.csv", "meter_id,time,value\nÄ1,2023-01-01 00:00,1\n")

    assert "The text is not idna" in found.ingested().rejected["message"].item()


@pytest.mark.parametrize(("decimals", "largest"), [(0, "999999999999"), (2, "9999999999.99"), (9, "999.999999999")])
@pytest.mark.parametrize("sign", ["", "-"])
def test_the_largest_value_that_can_be_counts(tmp_path: Path, decimals: int, largest: str, sign: str) -> None:
    found = of_lines(tmp_path, [f"E1,2023-01-11 00:00,{sign}{largest}", f"E1,2023-01-11 01:00,{sign}1000000000000"], decimals=decimals)
    put(found.root, "/meters/meters.csv", "site_id,measure,meter_id,net_metering\nHQ,electricity_purchased,E1,yes\n")

    assert fates(found.rolled()) == {"too_large": 1, "used": 1}


def test_fractions_of_a_second_that_are_none_do_no_harm(tmp_path: Path) -> None:
    found = of_lines(tmp_path, [line.replace(":00,", ":00:00.000000000,") for line in a_day()])

    assert quantities(found.ingested()) == {("E1", "2023-01-10", "2023-01-10"): 48}


def test_a_file_that_goes_away_between_two_runs_leaves_its_table(tmp_path: Path) -> None:
    found = way(tmp_path, power=HOURLY | {"clock": "local"})
    for number, day in enumerate(("2023-01-10", "2023-01-11")):
        put(found.root, f"power/{number}.csv", "\n".join([HEADER, *a_day(day=day)]))
    assert quantities(found.ingested()) == {("E1", "2023-01-10", "2023-01-11"): 96}
    (found.root / "data/raw/readings/power/1.csv").unlink()
    assert quantities(found.ingested()) == {("E1", "2023-01-10", "2023-01-10"): 48}
    shutil.rmtree(found.root / "data/raw/readings/power")
    assert "There is nothing at 'power'" in found.ingested().rejected["message"].item()


def test_days_without_a_clock_are_midnights(tmp_path: Path) -> None:
    said = {"form": "register", "measure": "water_tap", "unit": "m3", "interval_minutes": 1440}
    found = of_lines(tmp_path, [f"W1,{date(2023, 1, 1) + timedelta(days=day)},{day}" for day in range(32)], **said)

    assert quantities(found.ingested()) == {("W1", "2023-01-01", "2023-01-31"): 31}
