"""A month rolled up in parts of its meters is the month: whatever its files hold, however they are cut, on each engine."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from esg_kpis.readings import interval, register
from esg_kpis.readings.parts import by_files, by_meters, first_suspects
from esg_kpis.readings.rules import CODE
from esg_kpis.readings.samples import sampled
from tests.readings_naive import Asked, Meter, Row
from tests.readings_random import Case, cases
from tests.readings_scenario import ENGINES, HOUR, PLAIN, engine, folders, frames, table, task_of, troubled, whole_month, write

FEW = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


def at_once(name: str, place: Path, asked: Asked, rows: int | None) -> list[pl.DataFrame]:
    """A month with so many rows at once."""
    with engine(name) as on:
        on.at_once = rows
        task = task_of(place, asked)
        found = register.counted(on, task) if asked.table.form == "register" else interval.rolled(on, task)
        return [*frames(found), sampled(task, found.refused, found.suspects, place)]


def asked_of(*meters: str) -> Asked:
    """January, of meters that are read all the time."""
    return Asked(table(), "2023-01", {(name,): Meter() for name in meters})


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("form", ["interval", "register"])
@FEW
@given(data=st.data())
def test_any_month_is_the_same_in_parts(name: str, form: str, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    case: Case = data.draw(cases(form))
    place = folders(tmp_path_factory.mktemp("parts") / "meters", case.rows, case.types, parts=data.draw(st.integers(1, 2)))

    cut, whole = at_once(name, place, case.asked, data.draw(st.sampled_from([1, 40, 100]))), at_once(name, place, case.asked, None)

    assert all(one.equals(other) for one, other in zip(cut, whole, strict=True))


@pytest.mark.parametrize("form", ["interval", "register"])
def test_every_trouble_is_the_same_in_parts(form: str, tmp_path: Path) -> None:
    asked, rows = troubled(form)
    types = {name: kind for name, kind in PLAIN.items() if name not in ("summer", "device")} | {"time": pl.Series([], dtype=pl.Datetime("us")).to_arrow().type, "value": pl.Series([], dtype=pl.Float64).to_arrow().type}
    place = folders(tmp_path / "meters", rows, types, parts=3)

    assert all(one.equals(other) for one, other in zip(at_once("polars", place, asked, 500), at_once("polars", place, asked, None), strict=True))


def test_files_with_meters_of_their_own_are_parts_and_files_that_share_one_are_not(tmp_path: Path) -> None:
    asked = asked_of("a", "b", "c", "d")
    for number, names in enumerate((["a"], ["b", "c"], ["c"], ["d"])):
        write(tmp_path / "meters" / "month=2023-01" / f"{number}.parquet", [row for name in names for row in whole_month(asked, name)], {name: PLAIN[name] for name in ("meter", "time", "value")})
    task = task_of(tmp_path / "meters", asked)
    month = 31 * 24

    def parts(rows: int | None) -> list[list[str]]:
        return [[file.path.stem for file in part.files] for part in by_files(task, rows)]

    assert parts(1) == [["0"], ["1", "2"], ["3"]]
    assert parts(4 * month) == [["0", "1", "2"], ["3"]]
    assert parts(5 * month) == parts(None) == [["0", "1", "2", "3"]]


def test_stretches_of_the_alphabet_hold_every_meter_once_and_rows_without_one_come_first(tmp_path: Path) -> None:
    """Also meters that are in no register: before its first, between, and after its last."""
    asked = asked_of("b", "d", "f", "h")
    rows = [row for name in (None, "", "a", "b", "c", "d", "f", "h", "z") for row in whole_month(asked, name)[:30]]
    place = folders(tmp_path / "meters", [replace(row, folder="2023-01") for row in rows], {name: PLAIN[name] for name in ("meter", "time", "value")})
    task = task_of(place, asked)

    parts = by_meters(task, 100)

    assert [part.among for part in parts] == [(None, "d"), ("d", "f"), ("f", None)]
    with engine("polars") as on:
        found = [interval.rolled(on, part).meters["meter_id"].to_list() for part in parts]
    assert found == [["", "a", "b", "c"], ["d"], ["f", "h", "z"]]
    assert by_meters(task, None) == by_meters(task, 1000) == [task]


def test_of_all_parts_the_first_suspects_of_each_kind_are_told(tmp_path: Path) -> None:
    def told(code: str, names: range) -> pl.DataFrame:
        return pl.DataFrame({"meter_id": [f"m{name:02d}" for name in names], "place": [0] * len(names), "code": [CODE[code]] * len(names)})

    found = first_suspects([pl.concat([told("conflict", range(30, 50)), told("above_the_next", range(30, 33))]), told("conflict", range(12))], ["meter_id"])

    assert found.filter(pl.col("code") == CODE["conflict"])["meter_id"].to_list() == [f"m{name:02d}" for name in (*range(12), *range(30, 38))]
    assert found.filter(pl.col("code") != CODE["conflict"])["meter_id"].to_list() == ["m30", "m31", "m32"]


def test_a_rule_of_rows_far_from_the_beginning_is_shown_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples are looked for at the beginning first, and then among the meters that met a rule."""
    monkeypatch.setattr("esg_kpis.readings.samples._BEGINNING", 50)
    asked = asked_of("a", "b", "c")
    rows: list[Row] = [row for name in ("a", "b", "c") for row in whole_month(asked, name)]
    rows[3] = replace(rows[3], value=-1)
    rows[2000] = replace(rows[2000], time=(rows[2000].time or 0) + HOUR // 2)
    rows[2100] = replace(rows[2100], value=-2)
    rows.append(replace(rows[2200], value=77))
    place = folders(tmp_path / "meters", [replace(row, folder="2023-01") for row in rows], {name: PLAIN[name] for name in ("meter", "time", "value")})

    samples = at_once("polars", place, asked, None)[-1]

    assert samples.select("rule", "row").rows() == [("off_grid", 2001), ("negative", 4), ("negative", 2101), ("conflict", 2201), ("conflict", 2233)]
