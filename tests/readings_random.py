"""Random small months of readings with random troubles, for properties."""

from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from tests import readings_naive as naive
from tests.readings_naive import Asked, Meter, Row
from tests.readings_scenario import DAY, INSTANT, PLAIN, WALL, as_told, columns_of, table

MONTHS = (
    ("Asia/Shanghai", "2023-02"), ("Africa/Cairo", "2010-09"), ("Europe/Berlin", "2023-03"), ("Europe/Berlin", "2023-10"), ("America/New_York", "2023-11"), ("Asia/Kolkata", "2023-04"),
    ("Australia/Lord_Howe", "2023-04"), ("Australia/Lord_Howe", "2023-10"), ("America/Havana", "2023-03"), ("America/Havana", "2023-11"), ("Asia/Beirut", "2023-10"), ("Pacific/Apia", "2011-12"),
)  # fmt: skip
VALUES: tuple[pa.DataType, ...] = (pa.float64(), pa.float32(), pa.int8(), pa.int32(), pa.uint32(), pa.decimal128(12, 2), pa.decimal128(38, 2))


@dataclass(frozen=True)
class Case:
    """Rows of a table, how they are typed in files, and the month that is asked for."""

    asked: Asked
    rows: tuple[Row, ...]
    types: dict[str, pa.DataType]


@st.composite
def cases(draw: st.DrawFn, form: str = "interval") -> Case:
    """A month of one to three meters, some half days of it whole, with troubles."""
    zone, month = draw(st.sampled_from(MONTHS))
    clock = draw(st.sampled_from(["instant", "instant", "+05:30", "local", "local"]))
    types = {**PLAIN, "time": INSTANT if clock == "instant" else WALL, "value": draw(st.sampled_from(VALUES)), "meter": draw(st.sampled_from([pa.string(), pa.int32()]))}
    types["quality"] = draw(st.sampled_from([pa.string(), pa.dictionary(pa.int32(), pa.string())]))
    unread = draw(st.sets(st.sampled_from(["site", "received", "quality", "summer", "device"]))) | ({"device"} if form == "interval" else set())
    types = {name: dtype for name, dtype in types.items() if name not in unread}
    said: dict[str, Any] = {
        "form": form, "time_zone": zone, "clock": clock, "interval_minutes": draw(st.sampled_from([60, 60, 30, 120, 720, 1440])), "decimals": 2, "months": draw(st.sampled_from(["start", "stamp"])),
        "columns": columns_of(types),
    }  # fmt: skip
    if form == "interval":
        said |= {"stamp": draw(st.sampled_from(["start", "end"])), "most": draw(st.sampled_from([None, "90"]))}
    else:
        said |= {"resets": draw(st.sampled_from(["refuse", "zero"]))}
    if "quality" in types:
        said |= {"estimated": ["E"], "refused": draw(st.sampled_from([[], ["X"]]))}
    asked = Asked(table(**said), month, {}, timeless=draw(st.booleans()))
    start, end = asked.bounds
    asked = replace(
        asked, meters=draw(_meters(asked, types)), known=draw(st.sampled_from([None, start + 5 * DAY])) if "received" in types else None,
        until=draw(st.sampled_from([2**62, 2**62, end - 13 * DAY])),
    )  # fmt: skip
    rows = _rows(draw, asked, types)
    if draw(st.booleans()) and draw(st.booleans()):
        rows = [replace(row, folder="") for row in rows]
    return Case(asked, tuple(draw(st.permutations(rows)) if len(rows) < 60 else rows), types)


def _names(types: dict[str, pa.DataType]) -> tuple[Any, Any, Any]:
    return ("m1", "m2", "nobody") if types["meter"] == pa.string() else (1, 2, 99)


@st.composite
def _meters(draw: st.DrawFn, asked: Asked, types: dict[str, pa.DataType]) -> dict[naive.Key, Meter]:
    start, end = asked.bounds
    firsts, afters = st.sampled_from([-(2**60), start, start + 3 * DAY]), st.sampled_from([2**60, end, end - 3 * DAY])
    found = {}
    for name in _names(types)[:2]:
        key = ("s", str(name)) if asked.table.columns.site_id else (str(name),)
        found[key] = Meter(draw(firsts), draw(afters), draw(st.booleans()), draw(st.sampled_from([None, 100, 10_000])))
    return found


def _rows(draw: st.DrawFn, asked: Asked, types: dict[str, pa.DataType]) -> list[Row]:
    start, _ = asked.bounds
    last = asked.slots // 48
    rows: list[Row] = []
    whole = st.sampled_from([0, 1, 5, last - 1, last])
    for name in _names(types)[: draw(st.integers(1, 2))]:
        for block in draw(st.sets(whole, min_size=1, max_size=2)):
            value = draw(st.integers(0, 100))
            rows += [Row(meter=name, site="s", time=start + place * asked.table.interval, value=(value + place) % 120, received=start) for place in range(48 * block, min(48 * block + 48, asked.slots))]
    for place in (-2, -1, asked.slots, asked.slots + 1):
        rows.append(Row(meter=_names(types)[0], site="s", time=start + place * asked.table.interval, value=1, received=start))
    rows = as_told(rows, asked)
    rows = [replace(row, folder=naive._stands_in(row.time or 0) if asked.table.months == "stamp" else _local_month(row, asked)) for row in rows]
    for place, change, replaces in draw(st.lists(st.tuples(st.integers(0, len(rows) - 1), _change(asked, types), st.booleans()), max_size=10)):
        changed = _changed(rows[place], change)
        if replaces:
            rows[place] = changed
        else:
            rows.append(changed)
    return rows


def _changed(row: Row, change: dict[str, Any]) -> Row:
    by = change.get("by")
    told = {name: value for name, value in change.items() if name != "by"}
    return replace(row, **told, **({"time": row.time + by} if by is not None and row.time is not None else {}))


def _local_month(row: Row, asked: Asked) -> str:
    at, _ = naive.start_of(row, asked)
    return (naive.EPOCH + (at or 0) * naive.TICK).astimezone(asked.zone).strftime("%Y-%m")


def _change(asked: Asked, types: dict[str, pa.DataType]) -> st.SearchStrategy[dict[str, Any]]:
    start, _ = asked.bounds
    values: list[Any] = [None, 0, 1, 91, 100]
    if pa.types.is_floating(types["value"]):
        values += [float("nan"), float("inf"), -float("inf"), 0.125, 0.25, -0.5, 1e30, 1e13]
    elif pa.types.is_decimal(types["value"]):
        values += ["0.25", "90.01", "-90.01"]
    if types["value"] == pa.decimal128(38, 2):
        values += ["9" * 35, "-" + "9" * 35, "9999999999.99", "10000000000"]
    if types["value"] != pa.uint32():
        values += [-1, -100]
    if types["value"] in (pa.int32(), pa.uint32()):
        values += [2**31 - 1]
    changes = [st.just({}), st.sampled_from(values).map(lambda value: {"value": value})]
    changes.append(st.sampled_from([None, _names(types)[2], *([""] if types["meter"] == pa.string() else [])]).map(lambda meter: {"meter": meter}))
    changes.append(st.sampled_from([7, 1_000_000, 3_600_000_000, -asked.table.interval, 40 * DAY, -40 * DAY, 200 * 365 * DAY]).map(lambda by: {"by": by}))
    changes.append(st.just({"time": None}))
    changes.append(st.sampled_from(["E", "X", "other"]).map(lambda word: {"quality": word}))
    changes.append(st.sampled_from([None, start - DAY, start + 5 * DAY, start + 9 * DAY]).map(lambda at: {"received": at}))
    changes.append(st.sampled_from([None, "t"]).map(lambda site: {"site": site}))
    changes.append(st.sampled_from(["", "d2"]).map(lambda device: {"device": device}))
    changes.append(st.sampled_from([None, "S", "N"]).map(lambda word: {"summer": word}))
    return st.one_of(changes)
