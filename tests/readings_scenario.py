"""Tables of readings to be rolled up: real Parquet files, with every kind of trouble, and the engines to roll them up on."""

import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Context, Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from esg_kpis.readings import interval, register
from esg_kpis.readings.calendar import by_days, month_after, window_of
from esg_kpis.readings.declared import ReadingTable
from esg_kpis.readings.engines import DuckDB, Engine, Polars
from esg_kpis.readings.found import files_of
from esg_kpis.readings.judged import Task
from esg_kpis.readings.rules import RULES
from tests import readings_naive as naive
from tests.readings_naive import Asked, Key, Meter, Row

MINUTE, HOUR, DAY = 60_000_000, 3_600_000_000, 86_400_000_000
THEIRS = {"meter": "meter_id", "time": "time", "value": "value", "site": "site_id", "received": "received", "quality": "quality", "summer": "summer", "device": "device"}
INSTANT, WALL = pa.timestamp("us", "UTC"), pa.timestamp("us")
PLAIN: dict[str, pa.DataType] = {
    "meter": pa.string(), "time": INSTANT, "value": pa.int64(), "site": pa.string(), "received": INSTANT, "quality": pa.string(), "summer": pa.string(), "device": pa.string(),
}  # fmt: skip
ENGINES = ("polars", "duckdb")


def table(**said: Any) -> ReadingTable:  # noqa: ANN401  (what a format may say)
    """A table of readings as a format declares it."""
    told = {"name": "meters", "path": "meters", "measure": "electricity_purchased", "unit": "kWh", "time_zone": "Asia/Shanghai", "interval_minutes": 60} | said
    return ReadingTable.model_validate(told)


def column(rows: Sequence[Row], name: str, dtype: pa.DataType) -> pa.Array:
    """A column of a file; times are given in microseconds, decimals as numbers or text."""
    values = [getattr(row, name) for row in rows]
    if pa.types.is_timestamp(dtype):
        times, by = {"s": (1, 1_000_000), "ms": (1, 1000), "us": (1, 1), "ns": (1000, 1)}[dtype.unit]
        return pa.array([None if value is None else value * times // by for value in values], pa.int64()).cast(dtype)
    if pa.types.is_date(dtype):
        return pa.array([None if value is None else value // DAY for value in values], pa.int32()).cast(dtype)
    if pa.types.is_decimal(dtype):
        return pa.array([None if value is None else Decimal(str(value)).quantize(Decimal(1).scaleb(-dtype.scale), context=Context(prec=60)) for value in values], dtype)
    if pa.types.is_dictionary(dtype):
        return pa.array(values, dtype.value_type).dictionary_encode()
    return pa.array(values, dtype)


def write(path: Path, rows: Sequence[Row], types: Mapping[str, pa.DataType], called: Mapping[str, str] = THEIRS, **how: Any) -> Path:  # noqa: ANN401
    """One Parquet file with the columns of `types`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({called[name]: column(rows, name, dtype) for name, dtype in types.items()}), path, **how)
    return path


def folders(place: Path, rows: Sequence[Row], types: Mapping[str, pa.DataType], *, parts: int = 1, **how: Any) -> Path:  # noqa: ANN401
    """Rows in the folders of their months, each in so many files; rows of no folder beside them."""
    by_folder: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_folder[row.folder].append(row)
    for folder, own in by_folder.items():
        for part in range(parts):
            write((place / f"month={folder}" if folder else place) / f"part-{part}.parquet", own[part::parts], types, **how)
    return place


def columns_of(types: Mapping[str, pa.DataType]) -> dict[str, str]:
    """The columns of a format that may be there or not."""
    return {THEIRS[name]: THEIRS[name] for name in types if name not in ("meter", "time", "value")}


def registered(asked: Asked) -> pl.DataFrame:
    """The register of meters as a task holds it."""
    keys = ["site_id", "meter_id"] if asked.table.columns.site_id else ["meter_id"]
    schema = {**dict.fromkeys(keys, pl.String()), "feeds_back": pl.Boolean(), "first": pl.Int64(), "after": pl.Int64(), "around": pl.Int64()}
    return pl.DataFrame([(*key, meter.feeds_back, meter.first, meter.after, meter.around) for key, meter in asked.meters.items()], schema=schema, orient="row")


def task_of(place: Path, asked: Asked) -> Task:
    """The task of a month: files of its folder; of the folders beside it too where those go by the time as it stands."""
    files = files_of(place, asked.table, place.parent / "work")
    months = {asked.month, ""} | ({month_after(asked.month, by) for by in (-1, 1)} if asked.table.months == "stamp" else set())
    own = [file for file in files if file.month in months]
    window = window_of(asked.month, asked.zone)
    return Task(asked.table, by_days(window, asked.table.interval) if asked.table.form == "interval" else window, own, registered(asked), asked.known, asked.until, frozenset(file.path for file in own) if asked.timeless else frozenset())


@contextmanager
def engine(name: str) -> Iterator[Engine]:
    """An engine in this process, with nothing left behind."""
    if name == "polars":
        with tempfile.TemporaryDirectory() as folder:
            yield Polars(Path(folder))
            assert list(Path(folder).iterdir()) == []
    else:
        with duckdb.connect() as connection:
            yield DuckDB(connection)
            assert connection.execute("SELECT count(*) FROM duckdb_tables()").fetchone() == (0,)


def roll(name: str, place: Path, asked: Asked) -> interval.Rolled:
    """A month of interval readings on an engine."""
    with engine(name) as on:
        return interval.rolled(on, task_of(place, asked))


def count(name: str, place: Path, asked: Asked) -> register.Counted:
    """A month of register readings on an engine."""
    with engine(name) as on:
        return register.counted(on, task_of(place, asked))


@dataclass(frozen=True)
class Told:
    """What `Rolled` or `Counted` hold, as dictionaries, to be compared."""

    meters: dict[Any, Any]
    refused: dict[tuple[Key, str], int]
    rest: dict[Any, Any]


def told(found: interval.Rolled | register.Counted | naive.Rolled | naive.Counted) -> Told:
    """The same of whatever made it."""
    if isinstance(found, naive.Rolled):
        return Told(found.meters, found.refused, found.days)
    if isinstance(found, naive.Counted):
        return Told(found.rows, found.refused, dict(found.counters))
    names = [rule.name for rule in RULES]
    keys = [name for name in found.meters.columns if name in ("site_id", "meter_id")]
    refused = {(_key(row, keys), names[row["code"] - 1]): row["rows"] for row in found.refused.iter_rows(named=True)}
    assert len(refused) == found.refused.height
    if isinstance(found, interval.Rolled):
        assert found.meters.columns == [*keys, "rows", "used", "total", "estimated", "estimated_total", "largest"]
        meters = {_key(row, keys): tuple(row[name] for name in ("rows", "used", "total", "estimated", "estimated_total", "largest")) for row in found.meters.iter_rows(named=True)}
        return Told(meters, refused, {(_key(row, keys), row["day"]): tuple(row[name] for name in ("used", "total", "estimated", "estimated_total")) for row in found.days.iter_rows(named=True)})
    counters = {(_key(row, keys), row["device"], row["segment"]): {name: row[name] for name in register.COUNTER if name not in ("device", "segment")} for row in found.counters.iter_rows(named=True)}
    return Told({_key(row, keys): row["rows"] for row in found.meters.iter_rows(named=True)}, refused, counters)


def _key(row: Mapping[str, Any], keys: Sequence[str]) -> Key:
    return tuple(row[key] for key in keys)


def frames(found: interval.Rolled | register.Counted) -> list[pl.DataFrame]:
    """Every frame of a result."""
    return [value for value in vars(found).values() if isinstance(value, pl.DataFrame)]


def every_row_has_one_fate(found: Told, rows: int) -> None:
    """Rows received are rows used and rows refused, for each meter and together."""
    for key, meter in found.meters.items():
        received = meter if isinstance(meter, int) else meter[0]
        used = sum(value["used"] for place, value in found.rest.items() if place[0] == key and value != "fall") if isinstance(meter, int) else meter[1]
        assert received == used + sum(number for (other, _), number in found.refused.items() if other == key)
    assert rows == sum(meter if isinstance(meter, int) else meter[0] for meter in found.meters.values())


def whole_month(asked: Asked, meter: Any = "m1", value: Any = 1, **more: Any) -> list[Row]:  # noqa: ANN401
    """Each interval of a month once, as instants of its start."""
    start, _ = asked.bounds
    return [Row(meter=meter, time=start + place * asked.table.interval, value=value, folder=asked.month, **more) for place in range(asked.slots)]


def as_told(rows: Sequence[Row], asked: Asked) -> list[Row]:
    """Rows that hold instants of starts, as the clock and stamp of their table tell them; the mark of daylight saving time as the zone has it."""
    found = []
    for row in rows:
        if row.time is None:
            found.append(row)
            continue
        at = row.time + (asked.table.interval if asked.table.stamp == "end" else 0)
        if asked.by_wall:
            wall = naive.wall_of(asked.bounds[0], asked.zone) + at - asked.bounds[0]
            found.append(replace(row, time=wall if asked.table.clock == "local" else _instant(wall, asked.zone) + (asked.table.offset or 0)))
            continue
        local = (naive.EPOCH + at * naive.TICK).astimezone(asked.zone)
        if asked.table.clock == "local":
            summer = "S" if local.dst() else "N"
            found.append(replace(row, time=(local.replace(tzinfo=naive.UTC) - naive.EPOCH) // naive.TICK, summer=summer))
        else:
            found.append(replace(row, time=at + (asked.table.offset or 0)))
    return found


def _instant(wall: int, zone: ZoneInfo) -> int:
    """The first instant at which the clock shows it, or did if nothing were left out."""
    told = (naive.EPOCH + wall * naive.TICK).replace(tzinfo=zone)
    return (told.astimezone(naive.UTC) - naive.EPOCH) // naive.TICK


EVERY_TROUBLE = frozenset(rule.name for rule in RULES[:-2]) - {"received", "beyond_digits"}
"""The rules that a month of `troubled` meets: all but those of counters and of text."""


def troubled(form: str = "interval") -> tuple[Asked, list[Row]]:
    """A month of every trouble, told by the wall clock of Berlin in October, when an hour comes twice; values in hundredths."""
    said = {
        "form": form, "time_zone": "Europe/Berlin", "clock": "local", "interval_minutes": 15, "decimals": 2,
        "estimated": ["E"], "refused": ["X"], "columns": {name: name for name in ("site_id", "received", "quality")},
    }  # fmt: skip
    asked = Asked(table(**said, **({"most": "5000"} if form == "interval" else {})), "2023-10", {})
    start, end = asked.bounds
    half = start + 15 * DAY
    meters = {("s", "m1"): Meter(), ("s", "m2"): Meter(feeds_back=True), ("s", "m3"): Meter(after=half), ("t", "m1"): Meter(first=half)}
    asked = replace(asked, meters=meters, known=end + 5 * DAY, until=end - DAY)
    rows: list[Row] = []
    for number, (site, meter) in enumerate(meters):
        rows += as_told([replace(row, site=site, value=float(place + number) / 4, received=start) for place, row in enumerate(whole_month(asked, meter))], asked)
    for place, change in _changes(start):
        rows[place] = replace(rows[place], **change)
    rows += [replace(rows[place], **change) for place, change in _additions(end)]
    return asked, rows


def _changes(start: int) -> list[tuple[int, dict[str, Any]]]:
    return [
        (5, {"meter": None}), (6, {"meter": ""}), (100, {"time": None}), (101, {"time": start - 40 * DAY}), (102, {"value": None}), (103, {"value": float("nan")}),
        (104, {"value": float("inf")}), (105, {"value": 0.125}), (106, {"value": 10.0**13}), (107, {"value": 5000.01}), (108, {"quality": "X"}), (109, {"quality": "E"}),
        (200, {"time": start + 9 * DAY + 7}), (201, {"meter": "nobody"}), (202, {"site": None}), (203, {"value": -1.5}), (204, {"value": -1e300}), (3300, {"value": -1.5}),
    ]  # fmt: skip


def _additions(end: int) -> list[tuple[int, dict[str, Any]]]:
    return [
        (300, {}), (301, {"value": 7.0}), (302, {"received": end, "value": 8.0}), (303, {"received": None, "value": 9.0}), (304, {"received": end + 6 * DAY, "value": 1.0}),
        (305, {"received": end, "value": 8.0, "quality": "E"}), (305, {"received": end, "value": 8.0}), (306, {"received": end, "value": 8.0}), (306, {"received": end, "value": 8.5}),
    ]  # fmt: skip
