"""What a `_format.toml` of readings may say, and what it may not."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from esg_kpis.errors import InputProblem
from esg_kpis.readings.declared import ReadingTable, read_tables
from tests.readings_scenario import table

SAID = 'name = "{name}"\npath = "{path}"\nmeasure = "electricity_purchased"\nunit = "kWh"\ntime_zone = "Asia/Shanghai"\n'


def placed(raw: Path, *tables: str, where: str = "readings") -> Path:
    """A `_format.toml` with these tables in a folder of readings, and a folder for what they hold."""
    (raw / where / "meters").mkdir(parents=True, exist_ok=True)
    (raw / where / "_format.toml").write_text("".join(f"[[table]]\n{said}" for said in tables), encoding="utf-8")
    return raw


def refusal(raw: Path) -> str:
    with pytest.raises(InputProblem) as caught:
        read_tables(raw)
    return str(caught.value)


def test_tables_are_found_in_every_folder_of_readings_in_the_order_of_their_names(tmp_path: Path) -> None:
    placed(tmp_path, SAID.format(name="b", path="meters"), where="readings/east")
    placed(tmp_path, SAID.format(name="c", path="meters"), SAID.format(name="a", path="meters"), where="readings/west")

    found = read_tables(tmp_path)

    assert [(place.relative_to(tmp_path).as_posix(), entry.name) for place, entry in found] == [("readings/west/meters", "a"), ("readings/east/meters", "b"), ("readings/west/meters", "c")]


def test_a_workspace_without_readings_has_no_tables(tmp_path: Path) -> None:
    assert read_tables(tmp_path) == []


def test_a_format_that_is_no_toml_is_named(tmp_path: Path) -> None:
    placed(tmp_path, "what = [")

    assert refusal(tmp_path).startswith("readings/_format.toml: It is no TOML")


def test_a_format_that_is_not_in_utf_8_is_named(tmp_path: Path) -> None:
    placed(tmp_path)
    (tmp_path / "readings" / "_format.toml").write_bytes(b'name = "\xff"')

    assert refusal(tmp_path).startswith("readings/_format.toml: It is no TOML")


def test_a_folder_of_the_name_of_a_format_is_named(tmp_path: Path) -> None:
    (tmp_path / "readings" / "_format.toml").mkdir(parents=True)

    assert refusal(tmp_path) == "readings/_format.toml: It cannot be read: Is a directory. Put a file there that you may read."


def test_two_tables_of_one_name_are_refused_wherever_they_lie(tmp_path: Path) -> None:
    for where in ("readings/east", "readings/west"):
        placed(tmp_path, SAID.format(name="same", path="meters"), where=where)

    assert "Two tables have the name 'same'" in refusal(tmp_path)


def test_a_table_of_nothing_is_refused(tmp_path: Path) -> None:
    placed(tmp_path, SAID.format(name="a", path="gone"))

    assert "There is nothing at 'gone'" in refusal(tmp_path)


@pytest.mark.parametrize("path", ["../../secret", "/etc", "meters/../../x"])
def test_a_path_that_leads_out_of_its_folder_is_refused(tmp_path: Path, path: str) -> None:
    placed(tmp_path, SAID.format(name="a", path=path))

    assert f"the path '{path}' leads out of its folder" in refusal(tmp_path)


def test_a_link_that_leads_out_of_the_raw_data_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    placed(tmp_path / "raw", SAID.format(name="a", path="link"))
    (tmp_path / "raw" / "readings" / "link").symlink_to(tmp_path / "elsewhere")

    assert "leads out of data/raw" in refusal(tmp_path / "raw")


def test_a_key_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    placed(tmp_path, SAID.format(name="a", path="meters") + 'colour = "red"\n')

    assert "Table a: colour" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"measure": "electricity_purchase"}, "Did you mean 'electricity_purchased'"),
        ({"measure": "employees_full_time"}, "is no measure that meters count"),
        ({"unit": "kg"}, "kg"),
        ({"unit": "bananas"}, "bananas"),
        ({"time_zone": "Europe/Bärlin"}, "there is no time zone"),
        ({"time_zone": "Europe"}, "there is no time zone"),
        ({"time_zone": "../../etc/passwd"}, "there is no time zone"),
        ({"time_zone": ""}, "there is no time zone"),
        ({"clock": "utc"}, "it is instant, local, or an offset"),
        ({"clock": "+8:00"}, "it is instant, local, or an offset"),
        ({"clock": "+15:00"}, "it is instant, local, or an offset"),
        ({"clock": "+08:60"}, "it is instant, local, or an offset"),
        ({"clock": "+08:00\n"}, "it is instant, local, or an offset"),
        ({"interval_minutes": 7}, "must divide a day"),
        ({"interval_minutes": 0}, "greater than or equal to 1"),
        ({"interval_minutes": 2880}, "less than or equal to 1440"),
        ({"estimated": ["E"]}, "words of quality need columns.quality"),
        ({"refused": ["X"]}, "words of quality need columns.quality"),
        ({"form": "register", "stamp": "end"}, "a register is read at an instant"),
        ({"form": "register", "most": "5"}, "a register is read at an instant"),
        ({"columns": {"device": "d"}}, "device and resets are of a register"),
        ({"resets": "zero"}, "device and resets are of a register"),
        ({"decimals": 10}, "less than or equal to 9"),
        ({"decimals": -1}, "greater than or equal to 0"),
        ({"most": "-5"}, "should match pattern"),
        ({"most": "1,000"}, "should match pattern"),
        ({"most": "1e9"}, "should match pattern"),
        ({"most": 5.5}, "valid string"),
        ({"name": "=cmd()"}, "should match pattern"),
        ({"name": ""}, "should match pattern"),
        ({"form": "both"}, "'interval' or 'register'"),
        ({"version": -1}, "greater than or equal to 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_words(said: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        table(**said)

    assert message in str(caught.value)


@pytest.mark.parametrize(("clock", "hours"), [("instant", 0), ("+08:00", 8), ("-03:30", -3.5), ("+14:00", 14), ("+00:00", 0), ("local", None)])
def test_a_clock_is_ahead_of_utc_by_what_it_says(clock: str, hours: float | None) -> None:
    assert table(clock=clock).offset == (None if hours is None else hours * 3_600_000_000)


@pytest.mark.parametrize(
    ("most", "decimals", "scaled"),
    [(None, 0, 10**12 - 1), (None, 9, 10**12 - 1), ("5", 0, 5), ("5", 3, 5000), ("5.25", 3, 5250), ("5.259", 2, 525), ("0", 2, 0), ("999999999999", 2, 10**12 - 1), ("0.5", 0, 0)],
)
def test_the_largest_value_is_told_in_the_smallest_step_and_has_an_upper_bound(most: str | None, decimals: int, scaled: int) -> None:
    assert table(most=most, decimals=decimals).most_scaled == scaled


def test_columns_are_named_as_ours_unless_the_format_says_otherwise() -> None:
    assert table(columns={"value": "kWh", "quality": "flag"}).columns.named == {"meter_id": "meter_id", "time": "time", "value": "kWh", "quality": "flag"}


def test_an_interval_is_told_in_microseconds() -> None:
    entry: ReadingTable = table(interval_minutes=15)

    assert entry.interval == 900_000_000
