"""The way of readings from files to quantities: by hand what counts, what is computed again, what stops a table and what does not."""

import builtins
import os
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest

from esg_kpis.errors import InputProblem
from esg_kpis.factors.as_known import as_known_on
from esg_kpis.ingest import registered_meters
from esg_kpis.ingest.observations import of_files
from esg_kpis.readings import monthly
from esg_kpis.readings.declared import METERED
from esg_kpis.readings.rolled import Dates, month_of_table, months_found, readings_beside, roll_up, roll_up_month
from esg_kpis.readings.rows import rows_of
from esg_kpis.readings.settings import EngineProblem
from tests.metered_scenario import (
    AS_OF,
    HOURLY,
    KNOWN_ON,
    METERS,
    Way,
    at,
    fates,
    frame,
    hours,
    put,
    put_months,
    quantities,
    quarter,
    refusals,
    tables,
    way,
)

COLUMNS = {"received": "received"}
MONTHS = [("power", "2023-01"), ("power", "2023-02"), ("power", "2023-03")]

WATER: dict[str, Any] = {"path": "water.csv", "form": "register", "measure": "water_tap", "unit": "m3", "interval_minutes": 1440, "time_zone": "Asia/Shanghai", "clock": "local"}


@pytest.fixture
def power(tmp_path: Path) -> Way:
    """Hours of two meters over three months: E1 counts 1 kWh an hour, E2 2."""
    found = way(tmp_path, power=HOURLY | {"columns": COLUMNS})
    put_months(found.root / "data/raw/readings/power", [*quarter("E1"), *quarter("E2", 2)])
    return found


def data(found: Way) -> Path:
    return found.root / "data" / "raw" / "readings"


# ---------------------------------------------------------------- what counts


def test_months_become_bills_of_their_meters(power: Way) -> None:
    found = power.rolled()

    assert quantities(power.ingested(found)) == {
        ("E1", "2023-01-01", "2023-01-31"): 744, ("E1", "2023-02-01", "2023-02-28"): 672, ("E1", "2023-03-01", "2023-03-31"): 744,
        ("E2", "2023-01-01", "2023-01-31"): 1488, ("E2", "2023-02-01", "2023-02-28"): 1344, ("E2", "2023-03-01", "2023-03-31"): 1488,
    }  # fmt: skip
    assert fates(found) == {"used": 2 * 90 * 24}


def test_what_a_row_becomes_by_hand(power: Way) -> None:
    rows = [*quarter("E1"), *hours("E1", "2023-01-05", 1), ("E1", at("2023-01-06T00:00"), 5, datetime(2023, 5, 1, tzinfo=UTC)), ("E1", at("2023-01-07T00:00"), 9), ("E1", at("2023-01-08T00:30"), 9), ("E1", None, 9)]
    shutil.rmtree(data(power) / "power")
    put_months(data(power) / "power", [row for row in rows if row[1]])
    found = power.rolled()

    assert fates(found) == {"conflict": 2, "duplicate": 24, "off_grid": 1, "superseded": 1, "used": 90 * 24 - 1}
    assert quantities(power.ingested(found))["E1", "2023-01-01", "2023-01-31"] == 744 - 1 + 5 - 1
    samples = found.samples.select("rule", "path", "row", "value").rows()
    assert samples == [("conflict", "readings/power/month=2023-01/readings.parquet", 145, "1"), ("conflict", "readings/power/month=2023-01/readings.parquet", 770, "9"), ("off_grid", "readings/power/month=2023-01/readings.parquet", 771, "9")]


def test_days_without_readings_part_the_bill_and_days_with_some_count_with_what_there_is(power: Way) -> None:
    lost = {row[1] for row in [*hours("E1", "2023-02-10", 3), *hours("E1", "2023-03-05", 1)[:20]]}
    shutil.rmtree(data(power) / "power")
    put_months(data(power) / "power", [row for row in quarter("E1") if row[1] not in lost])
    put(power.root, "/meters/meters.csv", METERS.replace("HQ,electricity_purchased,E2,,,2023-01-01,2023-03-31\n", ""))
    found = power.rolled()

    assert quantities(power.ingested(found)) == {
        ("E1", "2023-01-01", "2023-01-31"): 744, ("E1", "2023-02-01", "2023-02-09"): 216, ("E1", "2023-02-13", "2023-02-28"): 384, ("E1", "2023-03-01", "2023-03-31"): 724,
    }  # fmt: skip
    assert found.months.select("month", "expected", "used", "missing", "partial_days", "missing_days").rows() == [("2023-01", 744, 744, 0, 0, 0), ("2023-02", 672, 600, 72, 0, 3), ("2023-03", 744, 724, 20, 1, 0)]
    covered = power.coverage().filter(pl.col("site_id") == "HQ").select("month", "expected", "received", "missing").rows()
    assert covered == [("2023-01", 31, 31, 0), ("2023-02", 28, 25, 3), ("2023-03", 31, 31, 0)]
    told = dict(found.observations.select("check", "observed").rows())
    assert told == {"readings_missing": "92 of 2,160 intervals are missing, of 1 meter; 1 day has some of its, and counts with what there is"}


def test_what_rests_on_estimates_counts_beside_what_was_measured(tmp_path: Path) -> None:
    found = way(tmp_path, power=HOURLY | {"estimated": ["E"], "columns": {"quality": "quality"}})
    rows = frame([*hours("E1", "2023-01-01", 31), *hours("E2", "2023-01-01", 31, 2)]).drop("received")
    guessed = ((pl.col("meter_id") == "E1") & (pl.col("time") < at("2023-01-02"))) | (pl.col("meter_id") == "E2")
    rows.with_columns(pl.when(guessed).then(pl.lit("E")).otherwise(pl.lit("M")).alias("quality")).write_parquet(data(found) / "power" / "a.parquet")
    read = found.ingested()

    assert read.rejected.is_empty()
    counted = read.quantities.filter(pl.col("excluded").is_null()).sort("meter_id", "estimated").select("meter_id", "tariff", "estimated", "canonical").rows()
    assert counted == [("E1", "measured", False, Decimal(720)), ("E1", "replaced", True, Decimal(24)), ("E2", None, True, Decimal(1488))]


def test_a_table_that_does_not_count_stands_beside_the_bills(power: Way) -> None:
    tables(power.root, power=HOURLY | {"columns": COLUMNS, "counts": False})
    put(power.root, "/energy/bills.csv", "site_id,meter_id,period_start,period_end,measure,quantity,unit\nHQ,E1,2023-01-01,2023-01-31,electricity_purchased,700,kWh\n")
    put_months(data(power) / "power", [*hours("NOBODY", "2023-01-01", 1), *hours("E1", "2023-01-01", 31)])
    found = power.rolled()
    read = power.ingested(found)

    assert quantities(read) == {("E1", "2023-01-01", "2023-01-31"): 700}
    assert found.months.filter((pl.col("month") == "2023-01") & (pl.col("meter_id") == "E1"))["quantity"].item() == 744
    assert read.rejected.is_empty()
    assert "NOBODY" in found.observations.filter(pl.col("check") == "readings_refused")["observed"].item()


def test_a_bill_and_readings_of_the_same_meter_and_days_contradict_each_other(power: Way) -> None:
    put(power.root, "/energy/bills.csv", "site_id,meter_id,document,period_start,period_end,measure,quantity,unit\nHQ,E1,B1,2023-02-01,2023-02-28,electricity_purchased,700,kWh\n")
    read = power.ingested()

    assert sorted(read.rejected.select("rule", "path").rows()) == [("overlap", "energy/bills.csv"), ("overlap", "readings/power/2023-02.rolled.csv")]
    assert ("E1", "2023-02-01", "2023-02-28") not in quantities(read)
    assert quantities(read)["E2", "2023-02-01", "2023-02-28"] == 1344


def test_what_a_sub_meter_counts_is_in_its_main_meter(tmp_path: Path) -> None:
    found = way(tmp_path, METERS.replace("E2,,", "E2,E1,"), power=HOURLY)
    put_months(data(found) / "power", [*quarter("E1"), *quarter("E2", 2)])
    read = found.ingested()

    assert {meter for meter, *_ in quantities(read)} == {"E1"}
    assert set(read.quantities.filter(pl.col("meter_id") == "E2")["excluded"]) == {"sub-meter, counted in the bills of E1"}


# ---------------------------------------------------------------- registers


def test_counters_roll_over_and_are_exchanged_and_slips_are_neither(tmp_path: Path) -> None:
    said = {"path": "gas.csv", "form": "register", "measure": "natural_gas", "unit": "Nm3", "interval_minutes": 1440, "time_zone": "Asia/Shanghai", "clock": "local", "columns": {"device": "device"}}
    found = way(tmp_path, gas=said)
    # 9700 on 1 January, 30 a day; through 9999 on 11 January; on 20 January a slip, as if it had rolled over again; exchanged on 1 February.
    shows = [(date(2023, 1, 1) + timedelta(days=day), (9700 + 30 * day) % 10_000) for day in range(32)]
    lines = [f"G1,{day},{0 if day == date(2023, 1, 20) else value},A" for day, value in shows]
    lines += [f"G1,{date(2023, 2, 1) + timedelta(days=day)},{5 * day},B" for day in range(29)]
    put(found.root, "gas.csv", "\n".join(["meter_id,time,value,device", *lines]))
    rolled = found.rolled()

    assert quantities(found.ingested(rolled)) == {("G1", "2023-01-01", "2023-01-31"): 930, ("G1", "2023-02-01", "2023-02-28"): 140}
    assert fates(rolled) == {"below_the_last": 1, "used": 60}
    months = rolled.months.select("month", "used", "missing", "rollovers", "breaks").rows()
    assert months[:2] == [("2023-01", 30, 1, 1, 0), ("2023-02", 29, 0, 0, 0)]
    assert set(rolled.observations["check"]) == {"readings_refused", "readings_missing"}


def test_a_counter_that_falls_breaks_off_and_what_lies_between_is_missing(tmp_path: Path) -> None:
    found = way(tmp_path, water=WATER)
    days = [date(2023, 1, 1) + timedelta(days=day) for day in range(32)]
    put(found.root, "water.csv", "\n".join(["meter_id,time,value", *(f"W1,{day},{1000 + number if number < 15 else number - 15}" for number, day in enumerate(days))]))
    rolled = found.rolled()

    assert quantities(found.ingested(rolled)) == {("W1", "2023-01-01", "2023-01-14"): 14, ("W1", "2023-01-16", "2023-01-31"): 16}
    assert rolled.months.filter(pl.col("month") == "2023-01")["breaks"].to_list() == [1]
    assert "broke off 1 time, " in rolled.observations.filter(pl.col("check") == "readings_broken")["observed"].item()


def test_a_counter_that_begins_at_zero_again_is_told_with_its_months(tmp_path: Path) -> None:
    """Within January, between the two months, and through its highest number, which is no new beginning."""
    found = way(tmp_path, METERS.replace("W1,,,", "W1,,4,"), water=WATER | {"resets": "zero"})
    shows = {"2023-01-01": 500, "2023-01-10": 3, "2023-01-11": 40, "2023-01-31": 600, "2023-02-01": 2, "2023-02-03": 300, "2023-02-04": 5000, "2023-02-05": 9900, "2023-02-06": 100, "2023-02-07": 110}
    put(found.root, "water.csv", "\n".join(["meter_id,time,value", *(f"W1,{day},{value}" for day, value in shows.items())]))
    rolled = found.rolled()

    assert sum(quantities(found.ingested(rolled)).values()) == 3 + 37 + 560 + 2 + 298 + 4700 + 4900 + 200 + 10
    told = rolled.observations.filter(pl.col("check") == "readings_broken")["observed"].to_list()
    assert told == ["counters began at zero again 2 times, W1 in 2023-01, W1 in 2023-02: they fell without a rollover, and `resets` says what that means; what they show then counts"]


@pytest.mark.parametrize(
    ("lines", "digits", "breaks", "rollovers"),
    [
        (["950,A", "2,A"], "", [0, 1], [0, 0]), (["950,A", "2,B"], "", [0, 1], [0, 0]), (["950,A", "1000,A"], "", [0, 0], [0, 0]), (["950,A", "2,A"], "3", [0, 0], [0, 1]),
        (["950,A", "2,B"], "3", [0, 1], [0, 0]),
    ],
)  # fmt: skip
def test_what_happens_to_a_counter_between_two_months_is_told_with_the_later_one(tmp_path: Path, lines: list[str], digits: str, breaks: list[int], rollovers: list[int]) -> None:
    """It falls, is exchanged, goes on, or goes through its highest number."""
    found = way(tmp_path, METERS.replace("W1,,,", f"W1,,{digits},"), water=WATER | {"columns": {"device": "device"}})
    days = ["2023-01-02", "2023-01-30", "2023-02-02", "2023-02-20"]
    last, first = lines
    device = first.partition(",")[2]
    told = [f"W1,{days[0]},900,A", f"W1,{days[1]},{last}", f"W1,{days[2]},{first}", f"W1,{days[3]},{1010 if first == '1000,A' else 40},{device}"]
    put(found.root, "water.csv", "\n".join(["meter_id,time,value,device", *told]))
    rolled = found.rolled()

    assert rolled.months.sort("month")["breaks"].to_list() == breaks
    assert rolled.months.sort("month")["rollovers"].to_list() == rollovers
    assert ("readings_broken" in set(rolled.observations["check"])) == (breaks == [0, 1])


@pytest.mark.parametrize(
    ("values", "months", "told"),
    [
        ((20, 20, 20, 1999), 4, ""), ((20, 20, 20, 2000), 4, "20"), ((20, 20, 3000), 3, ""),  # of two other months nobody knows what is usual
        ((0, 0, 0, 3000), 4, ""), ((1, 2, 200, 300, 250, 1), 6, ""),  # what began, and what goes with the season
        ((30, 20, 3000, 25, 20, 20), 6, "25"), ((30, 3100, 3000, 25, 20), 5, "30 30"),
    ],
)  # fmt: skip
def test_one_interval_a_hundred_times_what_its_meter_shows_elsewhere_is_told(tmp_path: Path, values: Sequence[int], months: int, told: str) -> None:
    """A slip of the unit in one interval is lost in the sum of the month. The sum counts it, and a person is asked."""
    found = way(tmp_path, METERS.replace("2023-03-31", "2023-12-31"), power=HOURLY | {"columns": COLUMNS})
    rows = [row for month in range(1, months + 1) for row in hours("E1", f"2023-{month:02}-01", 28, 0)]
    high = {f"2023-{month:02}-10T05:00": value for month, value in enumerate(values, 1)}
    put_months(data(found) / "power", [(meter, time, next((value for text, value in high.items() if at(text) == time), 0)) for meter, time, _ in rows])

    rolled = found.rolled()

    assert rolled.months.sort("month")["largest"].to_list() == [*values]
    high_ones = [(month, value) for month, value in enumerate(values, 1) if value >= 2000]
    expected = [(f"power: E1 at HQ in 2023-{month:02}", f"an interval of {value} kWh, in its other months mostly up to {usual}") for (month, value), usual in zip(high_ones, told.split(), strict=False)]
    assert rolled.observations.filter(pl.col("check") == "readings_high").select("subject", "observed").rows() == expected


def test_a_season_that_begins_is_no_slip_of_an_interval(tmp_path: Path) -> None:
    found = way(tmp_path, METERS.replace("2023-03-31", "2023-12-31"), power=HOURLY | {"columns": COLUMNS})
    heated = [(*row[:2], 30) for row in hours("E1", "2023-11-01", 30)]
    put_months(data(found) / "power", [*(row for month in range(7, 11) for row in hours("E1", f"2023-{month:02}-01", 28)), *heated, *((*row[:2], 100) for row in hours("E1", "2023-12-01", 31))])

    rolled = found.rolled()

    assert rolled.months.sort("month")["largest"].to_list() == [1, 1, 1, 1, 30, 100]
    assert "readings_high" not in set(rolled.observations["check"])


def test_what_a_killed_run_left_in_the_folders_of_work_goes_after_a_day(tmp_path: Path) -> None:
    found = way(tmp_path, water=WATER)
    put(found.root, "water.csv", "meter_id,time,value\nW1,2023-01-01,1\nW1,2023-01-31,2\n")
    work = found.workspace.readings
    left = [work / ".engine-old", work / "water/typed/.old", work / "water/2023-01/.old"]
    for place in (*left, work / ".engine-new"):
        place.mkdir(parents=True)
        (place / "text.csv").write_text("x", encoding="utf-8")
    for place in left:
        os.utime(place, (1_600_000_000, 1_600_000_000))

    found.rolled()

    assert [place.exists() for place in left] == [False] * 3
    assert (work / ".engine-new/text.csv").exists()


def test_a_file_that_is_written_over_in_place_is_read_again_though_its_size_and_time_are_as_they_were(power: Way) -> None:
    before = power.rolled()
    path = next((data(power) / "power").rglob("*.parquet"))
    times, content = path.stat(), path.read_bytes()
    path.write_bytes(content[:-5] + bytes([content[-5] ^ 1]) + content[-4:])
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    after = power.rolled()

    digests = [{row["path"]: row["sha256"] for row in found.metered.files} for found in (before, after)]
    assert digests[0] != digests[1]


@pytest.mark.parametrize(("digits", "resets"), [("", "refuse"), ("4", "refuse"), ("5", "zero")])
@pytest.mark.parametrize(("slip", "rule"), [(9_999, "above_the_next"), (5, "below_the_last")])
@pytest.mark.parametrize(
    ("read", "wrong"),
    [
        (["2023-01-01", "2023-01-30", "2023-01-31", "2023-02-01", "2023-02-02", "2023-03-31"], "2023-01-31"), (["2023-01-01", "2023-01-30", "2023-01-31", "2023-02-01", "2023-02-02", "2023-03-31"], "2023-02-01"),
        (["2023-01-01", "2023-02-01", "2023-03-01"], "2023-02-01"), (["2023-01-01", "2023-02-01", "2023-02-02", "2023-03-01"], "2023-02-01"), (["2023-01-01", "2023-02-01", "2023-02-02", "2023-03-01"], "2023-02-02"),
        (["2023-01-01", "2023-01-31", "2023-03-01"], "2023-01-31"), (["2023-01-01", "2023-01-02", "2023-03-01", "2023-03-05", "2023-03-06"], "2023-03-01"),
    ],
)  # fmt: skip
def test_a_reading_at_the_edge_of_a_month_that_stands_out_counts_as_if_nobody_had_read_it(tmp_path: Path, read: list[str], wrong: str, slip: int, rule: str, digits: str, resets: str) -> None:
    """From 1,000 on, 10 a day. Nothing beside it in its own month says that it is wrong, or only one of the two."""
    meters = METERS.replace("W1,,,", f"W1,,{digits},")
    told = []
    for name in ("with", "without"):
        found = way(tmp_path / name, meters, water=WATER | {"resets": resets})
        days = [day for day in read if name == "with" or day != wrong]
        put(found.root, "water.csv", "\n".join(["meter_id,time,value", *(f"W1,{day},{slip if day == wrong else 1000 + 10 * (date.fromisoformat(day) - date(2023, 1, 1)).days}" for day in days)]))
        rolled = found.rolled()
        told.append(quantities(found.ingested(rolled)))
        assert rolled.months["breaks"].sum() == rolled.months["rollovers"].sum() == 0
        assert fates(rolled) == {"used": len(read) - 1} | ({rule: 1} if name == "with" else {})
        assert rolled.samples.select("rule", "row", "value").rows() == ([(rule, read.index(wrong) + 2, str(slip))] if name == "with" else [])
        assert int(rolled.fates["rows"].sum()) == len(days)
    assert told[0] == told[1]

    of, space = Dates(KNOWN_ON, AS_OF), (found := way(tmp_path / "with", meters, water=WATER | {"resets": resets})).workspace
    put(found.root, "water.csv", "\n".join(["meter_id,time,value", *(f"W1,{day},{slip if day == wrong else 1000 + 10 * (date.fromisoformat(day) - date(2023, 1, 1)).days}" for day in read)]))
    task = month_of_table(space, "water", wrong[:7], registered_meters(space), of)
    beside = readings_beside(space, task, {"meter_id": "W1"}, registered_meters(space), of)
    assert rows_of(task, {"meter_id": "W1"}, space.raw, beside).filter(pl.col("fate") == "rejected").select("rule", "value").rows() == [(rule, str(slip))]


@pytest.mark.parametrize("february", ["no file", "another meter", "refused"])
def test_a_counter_that_is_not_read_in_a_month_loses_nothing(tmp_path: Path, february: str) -> None:
    found = way(tmp_path, METERS + "HQ,water_tap,W2,,,2023-01-01,2023-03-31\n", water=WATER | {"path": "water"})
    more = {"no file": [], "another meter": ["W2,2023-02-01,5", "W2,2023-02-28,6"], "refused": ["W1,2023-02-03,many"]}[february]
    for name, lines in {"a": ["W1,2023-01-01,100"], "b": more, "c": ["W1,2023-03-15,830"]}.items():
        put(found.root, f"water/{name}.csv", "\n".join(["meter_id,time,value", *lines]))
    rolled = found.rolled()

    # 730 in 73 days.
    own = {key: value for key, value in quantities(found.ingested(rolled)).items() if key[0] == "W1"}
    assert own == {("W1", "2023-01-01", "2023-01-31"): 310, ("W1", "2023-02-01", "2023-02-28"): 280, ("W1", "2023-03-01", "2023-03-14"): 140}
    months = rolled.months.filter(pl.col("meter_id") == "W1").select("month", "rows", "expected", "used", "missing", "rejected", "quantity", "estimated_quantity").rows()
    refused = int(february == "refused")
    assert months == [("2023-01", 1, 31, 1, 30, 0, 310, 0), ("2023-02", refused, 28, 0, 28, refused, 280, 280), ("2023-03", 1, 15, 1, 14, 0, 140, 0)]
    kinds = {line.split(",")[3]: line.split(",")[6] for content in rolled.files["content"] for line in content.splitlines() if ",W1," in line}
    assert kinds == {"2023-01-01": "bill", "2023-02-01": "estimate", "2023-03-01": "bill"}
    assert "1 month of a meter has none, and what was counted over them is parted by time, as an estimate: W1 in 2023-02" in rolled.observations.filter(pl.col("check") == "readings_missing")["observed"].item()
    assert ("2023-02" in rolled.fates["month"].to_list()) == (february != "no file")


@pytest.mark.parametrize(
    ("last", "first", "missing"),
    [(30, 1, [1, 0, 0]), (31, 2, [0, 1, 0]), (29, 3, [2, 2, 0]), (31, 1, [0, 0, 0])],
)  # fmt: skip
def test_readings_that_are_missing_around_the_end_of_a_month_are_of_the_month_they_would_have_been_of(tmp_path: Path, last: int, first: int, missing: list[int]) -> None:
    found = way(tmp_path, water=WATER)
    days = [date(2023, 1, 1) + timedelta(days=day) for day in range(59)]
    lines = [f"W1,{day},{1000 + number}" for number, day in enumerate(days) if (day.day <= last if day.month == 1 else day.day >= first)]
    put(found.root, "water.csv", "\n".join(["meter_id,time,value", *lines, "W1,2023-03-01,1059"]))
    rolled = found.rolled()

    assert rolled.months.select("missing", (pl.col("expected") - pl.col("used")).alias("lacking")).rows() == [(number, number) for number in missing]
    assert rolled.months["expected"].to_list() == [31, 28, 1]
    told = rolled.observations.filter(pl.col("check") == "readings_missing")["observed"].to_list()
    assert told == ([f"{sum(missing)} of 60 readings are missing, of 1 meter"] if sum(missing) else [])


@pytest.mark.parametrize(("gone", "missing"), [("2023-03-26", [("2023-03", 1)]), ("2023-10-29", [("2023-10", 1)]), ("", [])])
def test_a_day_on_which_the_clock_is_changed_is_one_between_readings_of_each_day(tmp_path: Path, gone: str, missing: list[tuple[str, int]]) -> None:
    """Of 23 or 25 hours in Berlin, within a month and over its end."""
    found = way(tmp_path, METERS.replace("W1,,,2023-01-01,2023-03-31", "W1,,,,"), water=WATER | {"time_zone": "Europe/Berlin"})
    days = [date(2023, 3, 1) + timedelta(days=day) for day in range(270)]
    put(found.root, "water.csv", "\n".join(["meter_id,time,value", *(f"W1,{day},{number}" for number, day in enumerate(days) if str(day) != gone)]))

    assert found.rolled().months.filter(pl.col("missing") > 0).select("month", "missing").rows() == missing


@pytest.mark.parametrize(
    ("since", "until", "missing"),
    [("2023-10-20", "2023-11-10", [("2023-10", 11), ("2023-11", 9)]), ("2023-02-20", "2023-04-10", [("2023-02", 8), ("2023-03", 31), ("2023-04", 9)]), ("2023-10-30", "2023-11-02", [("2023-10", 1), ("2023-11", 1)])],
)  # fmt: skip
def test_days_that_are_missing_over_a_change_of_the_clock_are_of_their_own_month(tmp_path: Path, since: str, until: str, missing: list[tuple[str, int]]) -> None:
    found = way(tmp_path, METERS.replace("W1,,,2023-01-01,2023-03-31", "W1,,,,"), water=WATER | {"time_zone": "Europe/Berlin"})
    days = [date(2023, 1, 1) + timedelta(days=day) for day in range(334)]
    put(found.root, "water.csv", "\n".join(["meter_id,time,value", *(f"W1,{day},{number}" for number, day in enumerate(days) if not since < str(day) < until)]))
    months = found.rolled().months

    assert months.filter(pl.col("missing") > 0).select("month", "missing").rows() == missing
    assert months["expected"].to_list() == [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30]


def test_a_counter_that_stands_still_over_months_without_a_reading_counts_nothing_in_each(tmp_path: Path) -> None:
    found = way(tmp_path, METERS.replace("W1,,,2023-01-01", "W1,,,"), water=WATER)
    put(found.root, "water.csv", "meter_id,time,value\nW1,2022-10-05,100\nW1,2023-02-15,100\n")

    assert quantities(found.ingested()) == {("W1", first, last): 0 for first, last in (("2022-10-05", "2022-10-31"), ("2022-11-01", "2022-11-30"), ("2022-12-01", "2022-12-31"), ("2023-01-01", "2023-01-31"), ("2023-02-01", "2023-02-14"))}


def test_the_lines_of_all_months_add_up_to_the_last_reading_less_the_first(tmp_path: Path) -> None:
    found = way(tmp_path, METERS.replace("2023-01-01,2023-03-31", ","), water=WATER | {"decimals": 2, "columns": {"device": "device", "quality": "quality"}, "estimated": ["E"]})
    made, lines, want = Random(7), ["meter_id,time,value,device,quality"], Decimal(0)
    for device in ("A", "B", "C"):
        shows, first = made.randrange(10**6), 0
        days = sorted(made.sample(range(700), made.choice([2, 5, 30])))
        for number, day in enumerate(days):
            shows += made.randrange(10**5) if number else 0
            first = first if number else shows
            lines.append(f"W1,{date(2021, 1, 1) + timedelta(days=day)},{Decimal(shows) / 100},{device},{made.choice('EM')}")
        want += Decimal(shows - first) / 100
    put(found.root, "water.csv", "\n".join(lines))
    rolled = found.rolled()

    assert sum(Decimal(line.split(",")[7]) for content in rolled.files["content"] for line in content.splitlines()[1:]) == want
    assert rolled.months["quantity"].sum() == want


# ---------------------------------------------------------------- dates


def test_a_correction_counts_once_it_is_known(power: Way) -> None:
    late = ("E1", at("2023-02-01T00:00"), 101, datetime(2024, 6, 1, 12, tzinfo=UTC))
    put_months(data(power) / "power", [*hours("E1", "2023-02-01", 28), late])

    before = power.rolled()
    assert (quantities(power.ingested(before))["E1", "2023-02-01", "2023-02-28"], fates(before)["not_known"]) == (672, 1)
    after = power.rolled(known_on=date(2024, 6, 1))
    assert (quantities(power.ingested(after))["E1", "2023-02-01", "2023-02-28"], fates(after)["superseded"]) == (772, 1)
    assert power.computed == [("power", "2023-02")]  # In the other months nothing became known so late.


def test_a_month_of_which_corrections_leave_nothing_stands_as_it_was_known_before(power: Way) -> None:
    late = datetime(2024, 6, 1, 12, tzinfo=UTC)
    lines = [("E1", at("2023-02-01T00:00"), 5), ("E1", at("2023-02-01T00:00"), 6, late), ("E1", at("2023-02-01T00:00"), 7, late)]
    put_months(data(power) / "power", lines)
    found = roll_up(power.workspace, registered_meters(power.workspace), Dates(date(2024, 6, 1), AS_OF, (KNOWN_ON,)))

    assert [path for path in found.files["path"] if "2023-02" in path] == ["readings/power/2023-02@2024-04-09.rolled.csv"]
    assert found.versions.filter(pl.col("month") == "2023-02").select("known_on", "instead_of").rows() == [(KNOWN_ON, None)]
    read = power.ingested(found)
    assert "2023-02-01" not in {first for _, first, _ in quantities(read)}
    assert as_known_on(KNOWN_ON, read.quantities, found.versions).filter(pl.col("excluded").is_null() & (pl.col("start") == date(2023, 2, 1)))["canonical"].to_list() == [5]


def test_days_of_which_an_earlier_edition_knew_too_little_are_rejected_for_it_alone(power: Way) -> None:
    """Half of each day of February came after the first of two knowledge dates: enough is known now, and too little was then."""
    late = datetime(2024, 6, 1, tzinfo=UTC)
    put_months(data(power) / "power", [(*row, late) if number % 24 >= 12 else row for meter in ("E1", "E2") for number, row in enumerate(hours(meter, "2023-02-01", 28))])
    found = roll_up(power.workspace, registered_meters(power.workspace), Dates(date(2024, 6, 1), AS_OF, (KNOWN_ON,)))

    [told] = found.metered.refused
    assert (told["rule"], told["known_on"], told["message"]) == (
        "partial_days", KNOWN_ON,
        "readings/power: as known on 2024-04-09, on days that have some intervals, more than 1 % of all of a month are missing: 2023-02: 672 of 1,344, 672 of them at HQ. What is missing counts as zero.",
    )  # fmt: skip


@pytest.mark.parametrize(("sites", "told"), [(10, [f"S{number:02}" for number in range(10)]), (11, [None])])
def test_days_that_lack_intervals_are_rejected_by_site_as_long_as_these_are_few(tmp_path: Path, sites: int, told: list[str | None]) -> None:
    names = [f"S{number:02}" for number in range(12)]
    lines = [f"{name},electricity_purchased,M{name[1:]},,,2023-02-01,2023-02-28" for name in names]
    found = way(tmp_path, "\n".join([METERS.splitlines()[0], *lines]) + "\n", power=HOURLY)
    put(found.root, "/sites/sites.csv", "\n".join(["site_id,name,country,grid_region,kind", *(f"{name},Shop,CN,CN-BJ,store" for name in names)]) + "\n")
    put_months(data(found) / "power", [row for number in range(12) for at_hour, row in enumerate(hours(f"M{number:02}", "2023-02-01", 28)) if number >= sites or at_hour % 24])

    refused = found.rolled().metered.refused

    assert [(row["site_id"], row["start"], row["end"]) for row in refused] == [(site, date(2023, 2, 1), date(2023, 2, 28)) for site in told]
    assert len({row["record_id"] for row in refused}) == len(told)
    assert all(f"2023-02: {28 * sites:,} of {12 * 672:,}" in row["message"] for row in refused)


def test_readings_after_the_last_day_that_data_may_be_about_are_refused(power: Way) -> None:
    found = power.rolled(as_of=date(2023, 3, 30))

    assert fates(found)["future"] == 48
    assert quantities(power.ingested(found))["E1", "2023-03-01", "2023-03-30"] == 720


# ---------------------------------------------------------------- what is computed again


def test_a_changed_month_is_computed_alone(power: Way) -> None:
    power.rolled()
    assert power.computed == MONTHS
    power.rolled()
    assert power.computed == []

    put_months(data(power) / "power", [*hours("E1", "2023-02-01", 28, 3), *hours("E2", "2023-02-01", 28, 2)])
    found = power.rolled()

    assert power.computed == [("power", "2023-02")]
    assert quantities(power.ingested(found))["E1", "2023-02-01", "2023-02-28"] == 2016
    assert sorted(path.name for path in (power.out / "work/readings/power").iterdir()) == ["2023-01", "2023-02", "2023-03"]
    assert [len(list(path.iterdir())) for path in (power.out / "work/readings/power").iterdir()] == [1, 1, 1]


@pytest.mark.parametrize("change", ["a factor", "a definition", "a bill", "a site's name", "another measure's meter", "the name of a column that is not read"])
def test_what_does_not_touch_readings_computes_none(power: Way, change: str) -> None:
    power.rolled()
    if change == "a factor":
        path = power.root / "factors/mee.csv"
        path.write_text(path.read_text().replace("0.5", "0.6"))
    elif change == "a definition":
        path = power.root / "editions/e1/kpis.yaml"
        path.write_text(path.read_text().replace("As in the report.", "Otherwise."))
    elif change == "a bill":
        put(power.root, "/water/bills.csv", "site_id,period_start,period_end,measure,quantity,unit\nHQ,2023-01-01,2023-01-31,water_tap,7,m3\n")
    elif change == "a site's name":
        put(power.root, "/sites/sites.csv", "site_id,name,country,grid_region,kind\nHQ,Main office,CN,CN-BJ,office\nPLANT,Plant,CN,CN-BJ,factory\n")
    elif change == "another measure's meter":
        put(power.root, "/meters/meters.csv", METERS.replace("G1,,4", "G1,,5"))
    else:
        for path in data(power).rglob("*.parquet"):
            times = path.stat()
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns + 1))
    power.rolled()

    assert power.computed == []


def test_a_changed_register_of_meters_computes_all_months_of_its_measure(power: Way) -> None:
    tables(power.root, power=HOURLY | {"columns": COLUMNS}, water=HOURLY | {"measure": "water_tap", "unit": "m3"})
    put_months(data(power) / "water", quarter("W1"))
    power.rolled()
    put(power.root, "/meters/meters.csv", METERS.replace("E2,,,2023-01-01", "E2,,,2023-02-01"))
    found = power.rolled()

    assert power.computed == MONTHS
    assert fates(found)["not_read_then"] == 744


def test_a_month_that_goes_away_is_forgotten(power: Way) -> None:
    power.rolled()
    shutil.rmtree(data(power) / "power/month=2023-02")
    found = power.rolled()

    assert power.computed == []
    assert sorted(path.name for path in (power.out / "work/readings/power").iterdir()) == ["2023-01", "2023-03"]
    assert set(found.months["month"]) == {"2023-01", "2023-03"}


def test_twice_gives_the_same_and_so_do_files_in_another_order(power: Way, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = power.rolled()
    shutil.rmtree(power.out)
    listed = Path.rglob
    monkeypatch.setattr(Path, "rglob", lambda self, pattern: iter(sorted(listed(self, pattern), reverse=True)))
    again = power.rolled()
    assert again.files.equals(first.files)
    assert power.computed == MONTHS

    parted = way(tmp_path / "parted", power=HOURLY | {"columns": COLUMNS})
    rows = [*quarter("E2", 2), *quarter("E1")]
    for number in range(5):
        (data(parted) / "power" / f"{number}").mkdir()
        frame(rows[::-1][number::5]).write_parquet(data(parted) / "power" / f"{number}" / "a.parquet")
    assert parted.rolled().files.equals(first.files)


# ---------------------------------------------------------------- killed, side by side


@pytest.mark.parametrize("left", ["no witness", "a witness of nothing", "half a frame", "an empty folder", "a file in place of a folder"])
def test_a_month_that_was_half_kept_is_computed_again_and_kept(power: Way, left: str) -> None:
    first = power.rolled()
    place = next((power.out / "work/readings/power/2023-02").iterdir())
    if left == "no witness":
        (place / "whole").unlink()
    elif left == "a witness of nothing":
        (place / "whole").write_text("7")
    elif left == "half a frame":
        path = place / "meters.parquet"
        path.write_bytes(path.read_bytes()[:100])
    else:
        shutil.rmtree(place)
        place.mkdir() if left == "an empty folder" else place.write_text("")
    again = power.rolled()

    assert again.files.equals(first.files)
    assert power.computed == [("power", "2023-02")]
    power.rolled()
    assert power.computed == ([] if left != "a file in place of a folder" else [("power", "2023-02")])


@pytest.mark.parametrize("said", ["", "[]", "{", '{"a": 1}', '{"a": ["b"]}', "null"])
def test_digests_that_cannot_be_read_are_taken_again(power: Way, said: str) -> None:
    first = power.rolled()
    place = power.out / "work/readings/hashes.json"
    told = place.read_text()
    place.write_text(said)

    assert power.rolled().files.equals(first.files)
    assert power.computed == []
    assert place.read_text() == told


def test_a_month_that_another_process_is_writing_is_left_alone(power: Way) -> None:
    power.rolled()
    folder = power.out / "work/readings/power/2023-02"
    theirs = folder / ".theirs"
    theirs.mkdir()
    old = folder / ".abandoned"
    old.mkdir()
    os.utime(old, (1, 1))
    put_months(data(power) / "power", hours("E1", "2023-02-01", 28, 3))
    power.rolled()

    assert theirs.is_dir()
    assert not old.exists()


def test_months_are_computed_alone_and_the_whole_takes_them(power: Way) -> None:
    space = power.workspace
    meters, dates = registered_meters(space), Dates(KNOWN_ON, AS_OF)
    assert months_found(space) == ["2023-01", "2023-02", "2023-03"]
    assert [roll_up_month(space, month, meters, dates) for month in ("2023-03", "2023-01", "1999-01")] == [1, 1, 0]
    power.rolled()

    assert power.computed == [("power", "2023-02")]


def test_frames_are_kept_as_a_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", fails)
    with pytest.raises(OSError, match="No space"):
        monthly.keep(tmp_path, "key", {"meters": pl.DataFrame()})
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- what stops a table, and nothing else


def broken_everything(found: Way) -> None:
    """A table of electricity that is right, one of water that is stopped."""
    tables(found.root, power=HOURLY | {"columns": COLUMNS}, water=HOURLY | {"measure": "water_tap", "unit": "m3"})
    put_months(data(found) / "water", quarter("W1"))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("an unknown key", "Table water: meter: Extra inputs are not permitted"),
        ("an unknown unit", "Table water: file: "),
        ("a path that leads out", "leads out of its folder"),
        ("a link that leads out", "leads out of data/raw"),
        ("nothing there", "There is nothing at 'gone'"),
        ("a name twice", "Two tables have the name 'water'"),
        ("a column that is not there", "It has no column 'amount' for `value`"),
        ("a footer cut off", "It is no Parquet file, or not whole"),
        ("a page of zeros", "It cannot be read to its end"),
        ("text in place of numbers", "is of type"),
        ("a meter at two sites", "Meter 'W1' stands at several sites"),
    ],
)
def test_a_wrong_table_is_stopped_and_no_other(power: Way, tmp_path: Path, wrong: str, said: str) -> None:
    broken_everything(power)
    water = HOURLY | {"measure": "water_tap", "unit": "m3"}
    file = data(power) / "water/month=2023-02/readings.parquet"
    if wrong == "a footer cut off":
        file.write_bytes(file.read_bytes()[:-7])
    elif wrong == "a page of zeros":
        content = file.read_bytes()
        file.write_bytes(content[:4] + bytes(len(content) // 2) + content[4 + len(content) // 2 :])
    elif wrong == "text in place of numbers":
        pl.read_parquet(file).with_columns(pl.col("value").cast(pl.String)).write_parquet(file)
    elif wrong == "a meter at two sites":
        put(power.root, "/meters/meters.csv", METERS + "HQ,water_tap,W1,,,,\n")
    elif wrong == "a link that leads out":
        shutil.move(data(power) / "water", tmp_path / "elsewhere")
        (data(power) / "water").symlink_to(tmp_path / "elsewhere")
    else:
        change = {
            "an unknown key": {"meter": "W1"}, "an unknown unit": {"unit": "m²"}, "a path that leads out": {"path": "../energy"}, "nothing there": {"path": "gone"}, "a name twice": {},
            "a column that is not there": {"columns": {"value": "amount"}},
        }[wrong]  # fmt: skip
        tables(power.root, power=HOURLY | {"columns": COLUMNS}, water=water | change)
        if wrong == "a name twice":
            path = data(power) / "_format.toml"
            path.write_text(path.read_text() + path.read_text().split("[[table]]")[2].join(["\n[[table]]", ""]))
    found = power.rolled()
    read = power.ingested(found)

    # Hours that begin in a month rest on no other month.
    month = "2023-02" if wrong in ("a footer cut off", "a page of zeros", "text in place of numbers") else ""
    at = "/".join(["readings/water", *([month] if month else [])])
    assert refusals(read) == {at: "water_tap"}
    assert said in read.rejected["message"].item()
    assert {meter: quantity for (meter, first, _), quantity in quantities(read).items() if first == "2023-03-01"} == {"E1": 744, "E2": 1488} | ({"W1": 744} if month else {})
    stopped = read.files.filter(pl.col("status") == "stopped")
    assert stopped["path"].to_list() == [at]
    assert said in stopped["problem"].item()
    assert sorted(read.files.filter(pl.col("status") == "ignored")["path"].unique()) == sorted(path.relative_to(power.root / "data/raw").as_posix() for path in ([] if (data(power) / "water").is_symlink() else data(power).glob(f"water/month={month}*/*")))


def test_links_that_stay_in_the_raw_data_are_followed_and_their_files_are_named(power: Way) -> None:
    shutil.move(data(power) / "power/month=2023-02", data(power) / "kept")
    (data(power) / "power/month=2023-02").symlink_to("../kept")
    shutil.move(data(power) / "power/month=2023-03/readings.parquet", data(power) / "march.parquet")
    (data(power) / "power/month=2023-03/readings.parquet").symlink_to(data(power) / "march.parquet")
    read = power.ingested()

    assert quantities(read)["E1", "2023-02-01", "2023-02-28"] == 672
    assert quantities(read)["E1", "2023-03-01", "2023-03-31"] == 744
    assert sorted(read.files.filter(pl.col("path").str.ends_with(".parquet")).select("path", "status").rows()) == [(f"readings/power/month=2023-0{month}/readings.parquet", "read") for month in (1, 2, 3)]
    assert read.files.filter(pl.col("status") == "ignored").is_empty()


@pytest.mark.parametrize("link", ["month=2023-04", "month=2023-03/more.parquet"])
@pytest.mark.parametrize(("target", "said"), [("elsewhere", "The link leads out of data/raw."), ("gone", "The link leads nowhere."), (".", "The link leads back to a folder that it lies in.")])
def test_a_link_that_leads_astray_stops_its_table(power: Way, tmp_path: Path, link: str, target: str, said: str) -> None:
    put_months(tmp_path / "elsewhere", quarter("E1"))
    (data(power) / "power" / link).symlink_to({"elsewhere": tmp_path / "elsewhere/month=2023-03" / ("readings.parquet" if "/" in link else ""), "gone": "gone", ".": data(power) / "power"}[target])
    read = power.ingested()

    assert refusals(read) == {"readings/power": "electricity_purchased"}
    assert f"readings/power/{link}: {said}" in read.rejected["message"].item()
    if target == "elsewhere":
        with pytest.raises(InputProblem, match="leads out of data/raw"):
            roll_up_month(power.workspace, "2023-03", registered_meters(power.workspace), Dates(KNOWN_ON, AS_OF))


def test_a_link_to_a_folder_that_no_table_reads_is_named(power: Way) -> None:
    (data(power) / "more").symlink_to("/etc")

    assert power.ingested().files.filter(pl.col("status") == "ignored").select("path", "problem").rows() == [("readings/more", "No table of a _format.toml reads it.")]


def test_a_file_that_no_table_reads_is_a_finding_of_its_own_and_those_of_a_stopped_table_are_none(power: Way) -> None:
    (data(power) / "stray.parquet").write_bytes(b"")
    found = of_files(power.ingested().files)
    assert found.select("check", "subject").rows() == [("readings_unread", "readings/stray.parquet")]

    (data(power) / "power/month=2023-01/readings.parquet").write_bytes(b"no Parquet")
    read = power.ingested()
    assert read.files.filter(pl.col("problem").str.starts_with("Its table was stopped"))["path"].to_list() == ["readings/power/month=2023-01/readings.parquet"]
    assert of_files(read.files).equals(found)


def _without_values(path: Path) -> None:
    pl.read_parquet(path).drop("value").write_parquet(path)


def _cut(path: Path) -> None:
    """A footer that is whole, and rows that are not."""
    content = path.read_bytes()
    path.write_bytes(content[:4] + bytes(len(content) // 2) + content[4 + len(content) // 2 :])


@pytest.mark.parametrize(("spoil", "said"), [(lambda path: path.write_bytes(b""), "It is no Parquet file, or not whole"), (_without_values, "It has no column 'value'"), (_cut, "It cannot be read to its end")])
def test_a_file_that_cannot_be_read_keeps_the_month_of_its_folder_back(power: Way, spoil: Callable[[Path], None], said: str) -> None:
    spoil(data(power) / "power/month=2023-02/readings.parquet")
    put_months(data(power) / "power/more", hours("E1", "2023-02-01", 28))
    found = power.rolled()
    read = power.ingested(found)

    refused = read.rejected.row(0, named=True)
    assert read.rejected.select("path", "rule", "measures", "start", "end").rows() == [("readings/power/2023-02", "file_stopped", "electricity_purchased", date(2023, 2, 1), date(2023, 2, 28))]
    assert "readings/power/month=2023-02/readings.parquet" in refused["message"]
    assert said in refused["message"]
    assert found.months["month"].unique().sort().to_list() == ["2023-01", "2023-03"]
    assert read.files.filter(pl.col("status") == "stopped")["path"].to_list() == ["readings/power/2023-02"]
    assert read.files.filter(pl.col("status") == "ignored").select("path", "problem").sort("path").rows() == [
        (f"readings/power/{name}month=2023-02/readings.parquet", "Its table was stopped in 2023-02, see there.") for name in ("", "more/")
    ]
    assert months_found(power.workspace) == ["2023-01", "2023-02", "2023-03"]
    register, dates = registered_meters(power.workspace), Dates(KNOWN_ON, AS_OF)
    assert roll_up_month(power.workspace, "2023-03", register, dates) == 1
    with pytest.raises(InputProblem):
        roll_up_month(power.workspace, "2023-02", register, dates)


@pytest.mark.parametrize("said", [{"form": "register"}, {"months": "stamp"}, {}])
def test_a_table_whose_months_rest_on_others_or_has_no_other_is_stopped_as_a_whole(power: Way, said: dict[str, Any]) -> None:
    tables(power.root, power=HOURLY | {"columns": COLUMNS} | said)
    for path in (data(power) / "power").rglob("*.parquet"):
        if said == {} or "2023-02" in str(path):
            path.write_bytes(b"")

    assert refusals(power.ingested()) == {"readings/power": "electricity_purchased"}


@pytest.mark.parametrize("second", ["power", "power/month=2023-02", "power/month=2023-02/readings.parquet", ".", "link"])
def test_two_tables_that_read_the_same_files_are_both_stopped(power: Way, second: str) -> None:
    (data(power) / "link").symlink_to("power/month=2023-02")
    broken_everything(power)
    tables(power.root, power=HOURLY | {"columns": COLUMNS}, again=HOURLY | {"path": second}, **({} if second == "." else {"water": HOURLY | {"measure": "water_tap", "unit": "m3"}}))
    read = power.ingested()

    assert refusals(read) == {f"readings/{name}": "electricity_purchased" for name in ("again", "power")}
    message = read.rejected["message"][0]
    assert "both read it" in message
    assert "'again'" in message
    assert "'power'" in message
    assert ("W1", "2023-01-01", "2023-01-31") in quantities(read) or second == "."


def test_a_format_that_is_no_toml_may_hide_anything_that_is_metered(power: Way) -> None:
    put(power.root, "_format.toml", "[[table]\n")
    read = power.ingested()

    assert refusals(read) == {"readings": ";".join(sorted(METERED))}
    assert "employees_full_time" not in METERED
    assert "It is no TOML" in read.rejected["message"].item()
    assert set(read.files.filter(pl.col("path").str.ends_with(".parquet"))["problem"]) == {"Its table was stopped, see there."}


def test_one_format_that_is_wrong_leaves_those_of_other_folders(power: Way) -> None:
    put(power.root, "east/_format.toml", "what = 1\n")
    put(power.root, "west/_format.toml", "[[table]\n")
    read = power.ingested()

    assert set(refusals(read)) == {"readings"}
    assert "readings/east/_format.toml" in read.rejected["message"].item()
    assert "readings/west/_format.toml" in read.rejected["message"].item()
    assert quantities(read)["E1", "2023-01-01", "2023-01-31"] == 744


def test_a_measure_of_people_is_no_measure_of_meters(power: Way) -> None:
    tables(power.root, power=HOURLY | {"measure": "training_hours", "unit": "hour"})

    assert "'training_hours' is no measure that meters count" in power.ingested().rejected["message"].item()


def test_a_table_that_does_not_count_blocks_nothing_when_it_is_stopped(power: Way) -> None:
    broken_everything(power)
    tables(power.root, power=HOURLY | {"columns": COLUMNS}, water=HOURLY | {"measure": "water_tap", "unit": "m3", "counts": False, "columns": {"value": "amount"}})

    assert refusals(power.ingested()) == {"readings/water": ""}


def test_meters_that_nobody_registered_keep_their_measure_back_and_are_named(power: Way) -> None:
    put_months(data(power) / "power", [*hours("E1", "2023-01-01", 31), *hours("=cmd()", "2023-01-03", 1), *hours("E9", "2023-01-03", 1)])
    read = power.ingested()

    assert refusals(read) == {"readings/power": "electricity_purchased"}
    assert read.rejected["message"].item() == "readings/power: 48 readings of 2 meters that the register of meters does not name for electricity_purchased: =cmd(), E9."
    assert quantities(read)["E1", "2023-01-01", "2023-01-31"] == 744


def test_meters_that_are_spelled_otherwise_than_the_register_does_are_told_as_that(power: Way) -> None:
    put_months(data(power) / "power", [*hours("E1", "2023-01-01", 31), *hours(" e1 ", "2023-01-03", 1), *hours("E9", "2023-01-03", 1)])

    assert power.ingested().rejected["message"].item().endswith(":  e1 , E9. Spelled otherwise: ' e1 ' is 'E1' there.")


def test_a_meter_that_stands_twice_in_the_register_is_told_as_that(power: Way) -> None:
    put(power.root, "/meters/meters.csv", METERS.replace("E1,,,2023-01-01,2023-03-31", "E1,,,2023-01-01,2023-02-14").replace("HQ,electricity_purchased,E2", "HQ,electricity_purchased,E1,,,2023-02-15,2023-03-31\nHQ,electricity_purchased,E2"))
    read = power.ingested()

    assert read.rejected.filter(pl.col("line") > 0)["rule"].to_list() == ["meter_twice", "meter_twice"]
    told = read.rejected.filter(pl.col("rule") == "unknown_meter")["message"].item()
    assert told.startswith("readings/power: 2160 readings of 1 meter that the register of meters does not name for electricity_purchased: E1. The rows of the register that name these were rejected: E1 (meter_twice). A meter stands there once")
    assert {meter for meter, _, _ in quantities(read)} == {"E2"}


def test_files_of_no_table_are_named(power: Way) -> None:
    put(power.root, "power/month=2023-01/readings.csv.gz", b"\x1f\x8b")
    put(power.root, "notes.md", "# Notes")
    put(power.root, "stray.parquet", b"PAR1")
    put(power.root, "power/_SUCCESS", "")
    files = power.rolled().metered.files

    assert {row["path"]: row["problem"] for row in files if row["status"] == "ignored"} == dict.fromkeys(["readings/power/month=2023-01/readings.csv.gz", "readings/stray.parquet"], "No table of a _format.toml reads it.")


def test_a_file_with_the_name_of_what_is_made_is_told(power: Way) -> None:
    put(power.root, "power/2023-01.rolled.csv", "site_id\n")
    read = power.ingested()

    assert "It has the name of what a run makes of a month of readings" in read.rejected["message"].item()


# ---------------------------------------------------------------- engines


def of_every_kind(found: Way) -> None:
    """Readings with rows of several fates, a counter, and text."""
    counter = {"path": "gas.csv", "form": "register", "measure": "natural_gas", "unit": "Nm3", "interval_minutes": 1440, "time_zone": "Asia/Shanghai", "clock": "local"}
    tables(found.root, power=HOURLY | {"columns": COLUMNS}, gas=counter)
    put_months(data(found) / "power", [*hours("E1", "2023-01-01", 30), *hours("E1", "2023-01-05", 1), ("E2", at("2023-01-08T00:30"), 9), ("NOBODY", at("2023-01-08T00:00"), 9)])
    put(found.root, "gas.csv", "\n".join(["meter_id,time,value", *(f"G1,{date(2023, 1, 1) + timedelta(days=day)},{(9700 + 30 * day) % 10_000}" for day in range(40)), "G1,2023-02-10,x"]))


def same_as_polars(found: Way, told: str) -> None:
    of_every_kind(found)
    polars, months = found.rolled(), list(found.computed)
    shutil.rmtree(found.out)
    (found.root / "workspace.toml").write_text(told)
    other = found.rolled()

    assert found.computed == months
    assert len(months) == 5
    assert other.files.equals(polars.files)
    assert other.files.height == 5
    for name in ("months", "fates", "samples", "observations"):
        assert getattr(other, name).equals(getattr(polars, name))
    assert not list((found.out / "work/readings").glob(".engine*"))


def test_duckdb_gives_the_same_bytes(power: Way) -> None:
    same_as_polars(power, '[engine]\nname = "duckdb"\nmemory = "300MB"\n')


def test_spark_gives_the_same_bytes(power: Way, spark: object) -> None:
    same_as_polars(power, '[engine]\nname = "spark"\nurl = "local[2]"\n')
    assert spark is not None


def test_spark_that_is_not_there_stops_the_run_and_says_what_to_do(power: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    (power.root / "workspace.toml").write_text('[engine]\nname = "spark"\n')
    imported = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:  # noqa: ANN401
        if name.startswith("pyspark"):
            raise ImportError(name)
        return imported(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(EngineProblem, match=r"Install esg-kpis\[spark\], and Java"):
        power.rolled()


@pytest.mark.parametrize(("told", "said"), [("[engine]\nname = 'sqlite'", "engine.name"), ("[engin]\n", "engin: Extra inputs"), ("[engine", "It is no TOML"), ('[engine]\nname = "duckdb"\nmemory = "lots"', "engine.memory")])
def test_a_workspace_that_names_no_engine_stops_the_run_rather_than_a_table(power: Way, told: str, said: str) -> None:
    (power.root / "workspace.toml").write_text(told)
    with pytest.raises(EngineProblem, match=r"workspace\.toml") as caught:
        power.rolled()

    assert said in str(caught.value)


def test_a_fault_of_ours_is_not_blamed_on_a_file(power: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise pl.exceptions.ComputeError("ours")

    monkeypatch.setattr(monthly, "computed", fails)
    with pytest.raises(pl.exceptions.ComputeError, match="ours"):
        power.rolled()


def test_a_month_alone_computes_what_can_be_read_and_then_says_what_cannot(power: Way) -> None:
    broken_everything(power)
    tables(power.root, a_water=HOURLY | {"path": "water", "measure": "water_tap", "unit": "m3", "columns": {"value": "amount"}}, power=HOURLY | {"columns": COLUMNS})
    space = power.workspace
    with pytest.raises(InputProblem, match="It has no column 'amount'"):
        roll_up_month(space, "2023-02", registered_meters(space), Dates(KNOWN_ON, AS_OF))
    power.rolled()

    assert power.computed == [("power", "2023-01"), ("power", "2023-03")]
