"""Makes the readings of this example, the same every time: `python make_readings.py` writes them into data/raw/readings beside it.

The load is made up: a base, more in working hours, and a little noise that follows from meter and time alone. What is wrong with some rows is put in on purpose; README.md lists it.
"""

import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
FIRST, AFTER = date(2023, 10, 1), date(2024, 1, 1)
QUARTER = timedelta(minutes=15)
SCHEMA = pa.schema([
    ("meter", pa.string()), ("begins", pa.timestamp("ms", "UTC")), ("wh", pa.int32()), ("received", pa.timestamp("ms", "UTC")), ("status", pa.string()),
])  # fmt: skip
LOAD = {"BJ-E1": (4_000, 9_000), "BJ-E2": (1_500, 6_000), "GD-E1": (20_000, 22_000), "GD-E1-PUMPS": (3_000, 1_000)}
"""Wh in a quarter of an hour: at night, and what working hours add."""


@dataclass(frozen=True)
class Row:
    """One quarter of an hour of one meter."""

    meter: str
    begins: datetime
    wh: int
    received: datetime
    status: str = "M"


def at(day: str, clock: str) -> datetime:
    """An instant by the clock of Shanghai."""
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=SHANGHAI).astimezone(UTC)


def noise(*names: object) -> int:
    """A number from 0 to 999 that follows from what is named."""
    return int.from_bytes(hashlib.sha256(" ".join(map(str, names)).encode()).digest()[:4]) % 1000


def load(meter: str, local: datetime, night: int, more: int) -> int:
    """What a meter counts in an interval that begins at a local time."""
    at_work = local.weekday() < 5 and 8 <= local.hour < 19
    return night + (more if at_work else 0) + (night + more) * noise(meter, local.isoformat()) // 10_000


def days(first: date = FIRST, after: date = AFTER) -> Iterator[date]:
    """Each day of the three months."""
    while first < after:
        yield first
        first += timedelta(days=1)


# ---------------------------------------------------------------- quarter-hours: Parquet, instants, Wh


def quarter_hours() -> list[Row]:
    """Every quarter of an hour of four meters, sent on the morning after."""
    rows = []
    for meter, (night, more) in LOAD.items():
        for day in days():
            start = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
            sent = (start + timedelta(days=1, hours=6)).astimezone(UTC)
            for number in range(96):
                local = start + number * QUARTER
                rows.append(Row(meter, local.astimezone(UTC), load(meter, local, night, more), sent))
    return rows


def with_trouble(rows: list[Row]) -> list[Row]:
    """The rows with what happens to real ones."""

    def of(meter: str, first: datetime, after: datetime) -> list[Row]:
        return [row for row in rows if row.meter == meter and first <= row.begins < after]

    lost = of("BJ-E2", at("2023-11-20", "00:00"), at("2023-11-23", "00:00")) + of("GD-E1", at("2023-12-05", "13:00"), at("2023-12-05", "16:00"))
    twice = of("BJ-E1", at("2023-10-12", "08:00"), at("2023-10-12", "10:00"))
    wrong = of("GD-E1", at("2023-11-07", "00:00"), at("2023-11-07", "06:00"))
    late = of("GD-E1", at("2023-11-08", "00:00"), at("2023-11-08", "01:00"))
    guessed = set(of("BJ-E1", at("2023-12-15", "09:00"), at("2023-12-15", "12:00")))
    withdrawn = set(of("BJ-E1", at("2023-12-14", "09:00"), at("2023-12-14", "10:00")))
    odd = dict(zip(of("GD-E1", at("2023-10-25", "10:00"), at("2023-10-25", "10:45")), ({"wh": 999_999}, {"wh": -1}, {"begins": at("2023-10-25", "10:31")}), strict=True))
    changed = [replace(row, **odd.get(row, {}), status="E" if row in guessed else "X" if row in withdrawn else "M") for row in rows if row not in set(lost)]
    told_twice = of("GD-E1", at("2023-10-26", "10:00"), at("2023-10-26", "10:15"))
    return [
        *changed, *twice,
        *(replace(row, wh=row.wh // 2, received=at("2023-11-20", "09:00")) for row in wrong),
        *(replace(row, wh=row.wh // 2, received=at("2026-02-15", "09:00")) for row in late),
        *(replace(row, wh=row.wh + 500) for row in told_twice),
    ]  # fmt: skip


def write_quarter_hours(folder: Path) -> None:
    """One file in each folder of a month, by meter and time."""
    by_month: dict[str, list[Row]] = {}
    for row in with_trouble(quarter_hours()):
        by_month.setdefault(f"{row.begins.astimezone(SHANGHAI):%Y-%m}", []).append(row)
    for month, rows in by_month.items():
        rows.sort(key=lambda row: (row.meter, row.begins, row.received))
        place = folder / f"month={month}"
        place.mkdir(parents=True, exist_ok=True)
        table = pa.table({name: [getattr(row, name) for row in rows] for name in SCHEMA.names}, schema=SCHEMA)
        pq.write_table(table, place / "readings.parquet", compression="zstd", compression_level=19, use_dictionary=["meter", "status", "received"], column_encoding={"begins": "DELTA_BINARY_PACKED", "wh": "DELTA_BINARY_PACKED"})


# ---------------------------------------------------------------- berlin: CSV, the wall clock, kWh


def write_berlin(folder: Path) -> None:
    """Hours of two meters as a building's own system tells them, a file a month."""
    folder.mkdir(parents=True, exist_ok=True)
    by_month: dict[str, list[str]] = {}
    for meter, night, more in (("DE-E1", 300, 900), ("DE-E2", 80, 250)):
        instant = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=BERLIN).astimezone(UTC)
        while (local := instant.astimezone(BERLIN)).date() < AFTER:
            value = load(meter, local, night, more)
            told = f"{value // 100},{value % 100:02d}"
            lines = by_month.setdefault(f"{local:%Y-%m}", [])
            instant += timedelta(hours=1)
            if (meter, f"{local:%Y-%m-%dT%H}") == ("DE-E2", "2023-11-14T07"):
                told = "k. A."
            if (meter, f"{local:%Y-%m-%dT%H}") in (("DE-E1", "2023-12-03T04"), ("DE-E1", "2023-12-03T05")):
                continue
            lines.append(f"{meter};{local:%d.%m.%Y %H:%M};{told};{'S' if local.dst() else 'W'}")
            if (meter, f"{local:%Y-%m-%dT%H}") == ("DE-E2", "2023-10-09T12"):
                lines.append(lines[-1])
    for month, lines in by_month.items():
        (folder / f"{month}.csv").write_text("\r\n".join(["Zähler;Beginn;Verbrauch kWh;Zeit", *lines, ""]), encoding="cp1252", newline="")


# ---------------------------------------------------------------- heat: CSV, a counter


def write_heat(path: Path) -> None:
    """What two counters show at midnight, in hundredths of a GJ: one goes through 9999.99, the other is exchanged."""
    lines = ["meter,read_at,shows,serial"]
    shows = 9_200_00
    for day in days(date(2023, 11, 1), date(2024, 1, 2)):
        lines.append(f"BJ-H1,{day},{shows % 10_000_00 // 100}.{shows % 100:02d},A1")
        shows += (12_00 if day >= date(2023, 11, 15) else 0) + noise("BJ-H1", day) if day >= date(2023, 11, 15) else 0
    lines[40] = lines[40].replace(lines[40].split(",")[2], "95.00")  # A slip: below the reading before, and the next goes on from there.
    shows, serial = 51_200_00, "B1"
    for day in days(FIRST, date(2024, 1, 2)):
        lines.append(f"GD-H1,{day},{shows // 100}.{shows % 100:02d},{serial}")
        if day == date(2023, 12, 12):
            shows, serial = 0, "B2"
            lines.append(f"GD-H1,{day},0.00,{serial}")
        shows += 3_00 + noise("GD-H1", day) // 10
    path.write_text("\n".join([*lines, ""]), encoding="utf-8", newline="")


def make(folder: Path) -> None:
    """All readings of the example."""
    folder.mkdir(parents=True, exist_ok=True)
    write_quarter_hours(folder / "quarter-hours")
    write_berlin(folder / "berlin")
    write_heat(folder / "heat.csv")


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "data" / "raw" / "readings")
