"""Rolling readings up the slow way: row by row, in plain Python, from what the rules say. Nothing of it knows blocks, engines or statistics."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import pairwise
from math import floor, inf, isinf, isnan
from typing import Any
from zoneinfo import ZoneInfo

from esg_kpis.readings.declared import ReadingTable
from esg_kpis.readings.rules import RULES

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
PLACE = {rule.name: place for place, rule in enumerate(RULES)}
Key = tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """A row as somebody sent it: times in microseconds as they stand in the file, everything else as it is; and the month of its folder."""

    meter: Any = None
    time: int | None = None
    value: Any = None
    site: Any = None
    received: int | None = None
    quality: Any = None
    summer: Any = None
    device: Any = None
    folder: str = ""


@dataclass(frozen=True)
class Meter:
    """What the register of meters says: from which instant up to which it is read, whether it feeds back, and 10 to its digits."""

    first: int = -(2**60)
    after: int = 2**60
    feeds_back: bool = False
    around: int | None = None


@dataclass(frozen=True)
class Asked:
    """One month of one table."""

    table: ReadingTable
    month: str
    meters: Mapping[Key, Meter]
    known: int | None = None
    until: int = 2**62
    timeless: bool = False

    @property
    def zone(self) -> ZoneInfo:
        """The zone whose calendar parts months and days."""
        return ZoneInfo(self.table.time_zone)

    @property
    def first_day(self) -> date:
        """The first day of the month."""
        return date.fromisoformat(f"{self.month}-01")

    @property
    def months(self) -> tuple[int, int]:
        """The first instant of the month and of the month after."""
        after = (self.first_day + timedelta(days=31)).replace(day=1)
        return beginning(self.first_day, self.zone), beginning(after, self.zone)

    @property
    def by_wall(self) -> bool:
        """Whether intervals are counted by the wall clock, since the clock is changed by a part of one."""
        start, end = self.months
        around = 2 * 86_400_000_000
        return self.table.form == "interval" and any(later % self.table.interval for later in jumps(start - around, end + around, self.zone))

    @property
    def bounds(self) -> tuple[int, int]:
        """The month as its intervals count it: the instant it begins, and where it would end if each day had 24 hours, where they go by the wall clock."""
        start, end = self.months
        return (start, start + ((self.first_day + timedelta(days=31)).replace(day=1) - self.first_day).days * 86_400_000_000) if self.by_wall else (start, end)

    def shown(self, at: int) -> int:
        """An instant as the month counts it: by what the wall clock shows since it began. Where something is left out, whichever of the two hours begins an interval."""
        start, end = self.months
        if not self.by_wall or not start <= at <= end + 40 * 86_400_000_000:
            return at
        found = start + wall_of(at, self.zone) - wall_of(start, self.zone)
        other = start + wall_of(at - 1_000_000, self.zone) + 1_000_000 - wall_of(start, self.zone)
        return other if other < found and (other - start) % self.table.interval == 0 else found

    @property
    def slots(self) -> int:
        """Whole intervals of the month."""
        start, end = self.bounds
        return (end - start) // self.table.interval


@dataclass
class Rolled:
    """Per meter rows, used, total, estimated, estimated_total, largest; rows by meter and rule; used, total, estimated and estimated_total by meter and day, of meters that lack some."""

    meters: dict[Key, tuple[int, int, int, int, int, int | None]] = field(default_factory=dict)
    refused: dict[tuple[Key, str], int] = field(default_factory=dict)
    days: dict[tuple[Key, int], tuple[int, int, int, int]] = field(default_factory=dict)


@dataclass
class Counted:
    """As `register.Counted`: counters by meter, device and segment, rows by meter, and rows by meter and rule."""

    counters: dict[tuple[Key, str, int], dict[str, int]] = field(default_factory=dict)
    rows: dict[Key, int] = field(default_factory=dict)
    refused: dict[tuple[Key, str], int] = field(default_factory=dict)


@cache
def beginning(day: date, zone: ZoneInfo) -> int:
    """The first instant at which the local calendar shows the day, or a later one: found by walking the minutes."""
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=16)
    while at.astimezone(zone).date() < day:
        at += timedelta(hours=1) if (at + timedelta(hours=1)).astimezone(zone).date() < day else timedelta(minutes=1)
    return (at - EPOCH) // TICK


def wall_of(at: int, zone: ZoneInfo) -> int:
    """What the clock on the wall shows at an instant, in microseconds."""
    return (datetime.fromtimestamp(at // 1_000_000, zone).replace(tzinfo=UTC) - EPOCH) // TICK + at % 1_000_000


@cache
def jumps(start: int, end: int, zone: ZoneInfo) -> tuple[int, ...]:
    """By how much the wall clock jumps, half hour by half hour."""
    half = 1_800_000_000
    steps = (wall_of(at + half, zone) - wall_of(at, zone) - half for at in range(start, end, half))
    return tuple(step for step in steps if step)


def instants(wall: int, zone: ZoneInfo) -> set[int]:
    """Every instant at which the clock on the wall shows it."""
    told = (EPOCH + wall * TICK).replace(tzinfo=None)
    found = (told.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return {(at - EPOCH) // TICK for at in found if at.astimezone(zone).replace(tzinfo=None) == told}


def start_of(row: Row, asked: Asked) -> tuple[int | None, str]:
    """The instant at which the interval of a row starts, and the rule that its wall clock meets."""
    table, zone = asked.table, asked.zone
    if row.time is None:
        return None, ""
    back = table.interval if table.stamp == "end" else 0
    if table.clock != "local":
        ahead = 0
        if table.clock != "instant":
            hours, minutes = table.clock[1:].split(":")
            ahead = (int(hours) * 60 + int(minutes)) * 60_000_000 * (-1 if table.clock[0] == "-" else 1)
        return asked.shown(row.time - ahead) - back, ""
    start, end = asked.bounds
    if asked.by_wall:
        return row.time - wall_of(start, zone) + start - back, ""
    if not start - 4 * 86_400_000_000 <= row.time <= end + 4 * 86_400_000_000:
        return row.time - back, ""
    at = instants(row.time, zone)
    if table.stamp == "end":
        at |= {moment + 1 for moment in instants(row.time - 1, zone)}
    if not at:
        # What is skipped lies between two instants that are one: where the clock goes on.
        shown = row.time
        while not instants(shown, zone):
            shown += 60_000_000 - shown % 60_000_000
        return min(instants(shown, zone)) - (0 if not instants(row.time - back, zone) else back), "time_never"
    if len(at) > 1 and table.columns.summer is None:
        return max(at) - back, "time_twice"
    return (min(at) if str(row.summer) in table.summer_words else max(at)) - back, ""


def steps_of(value: Any, table: ReadingTable) -> tuple[int, set[str]]:  # noqa: ANN401  (a value of any type)
    """A value in the smallest step of its table, and the rules that it meets."""
    if value is None:
        return 0, {"value_missing"}
    if isinstance(value, float) and (isnan(value) or isinf(value)):
        return 0, {"number"}
    scaled = Fraction(value) * 10**table.decimals
    most = min(Fraction(Decimal(table.most)) * 10**table.decimals if table.most is not None else inf, Fraction(10**12 - 1))
    whole = floor(scaled + Fraction(1, 2))
    rules = set()
    if abs(scaled - whole) > (Fraction(1, 100) if isinstance(value, float) else 0):
        rules.add("decimals")
    if abs(whole) > most:
        rules.add("too_large")
    return whole, rules


def text(value: Any) -> str:  # noqa: ANN401
    return "" if value is None else str(value)


def told_here(rows: Iterable[Row], asked: Asked) -> Iterator[tuple[Row, int | None, set[str]]]:
    """The rows whose fate this month tells, each with its instant and the rules of its time."""
    start, end = asked.bounds
    for row in rows:
        at, of_clock = start_of(row, asked)
        inside = at is not None and start <= at < end
        rules = {of_clock} - {""}
        if at is None:
            rules.add("time_missing")
        if not row.folder:
            if inside or (at is None and asked.timeless):
                yield row, at, rules
        elif asked.table.months == "start":
            if row.folder == asked.month:
                yield row, at, rules | ({"other_month"} if at is not None and not inside else set())
        elif row.time is None or _stands_in(row.time) != row.folder:
            if row.folder == asked.month:
                yield row, at, rules | ({"other_month"} if row.time is not None else set())
        elif inside:
            yield row, at, rules


def _stands_in(time: int) -> str:
    try:
        return (EPOCH + time * TICK).strftime("%Y-%m")
    except OverflowError:
        return "never"


def first_rule(row: Row, key: Key, at: int | None, of_time: set[str], asked: Asked) -> tuple[str, int]:
    """The first rule in the order of RULES that a row meets alone (empty for none), and its value."""
    table, meter = asked.table, asked.meters.get(key)
    start, end = asked.bounds
    value, rules = steps_of(row.value, table)
    rules |= of_time
    if not text(row.meter):
        rules.add("meter_missing")
    if at is not None:
        if at >= asked.shown(asked.until):
            rules.add("future")
        if table.form == "interval" and ((at - start) % table.interval or at + table.interval > end):
            rules.add("off_grid")
        if meter is not None and (at < asked.shown(meter.first) or (at >= asked.shown(meter.after) if table.form == "interval" else at > meter.after)):
            rules.add("not_read_then")
    if row.quality is not None and text(row.quality) in table.refused:
        rules.add("quality")
    if row.received is not None and not -86_400_000_000 <= row.received < 84_006 * 86_400_000_000:
        rules.add("received")
    if asked.known is not None and row.received is not None and row.received >= asked.known:
        rules.add("not_known")
    if meter is None:
        rules.add("unknown_meter")
    elif value < 0 and not meter.feeds_back:
        rules.add("negative")
    elif table.form == "register" and meter.around is not None and value >= meter.around:
        rules.add("beyond_digits")
    return min(rules, key=PLACE.__getitem__, default=""), value


@dataclass(frozen=True)
class Good:
    """A row that meets no rule alone."""

    known: float
    value: int
    estimated: bool


def read(row: Row, table: ReadingTable) -> Row:
    """The row without what its format names no column for."""
    columns = {"site": table.columns.site_id, "received": table.columns.received, "quality": table.columns.quality, "summer": table.columns.summer, "device": table.columns.device}
    time = row.time if row.time is not None and -86_400_000_000 <= row.time < 84_006 * 86_400_000_000 else None
    return replace(row, time=time, **{name: None for name, named in columns.items() if named is None})


def sorted_out(rows: Iterable[Row], asked: Asked) -> tuple[Counter[Key], Counter[tuple[Key, str]], dict[tuple[Key, str, int], list[Good]]]:
    """Rows by meter, rows refused by meter and rule, and the good rows by meter, device and instant."""
    sent: Counter[Key] = Counter()
    refused: Counter[tuple[Key, str]] = Counter()
    good: dict[tuple[Key, str, int], list[Good]] = defaultdict(list)
    for row, at, of_time in told_here((read(row, asked.table) for row in rows), asked):
        key = (text(row.site), text(row.meter)) if asked.table.columns.site_id else (text(row.meter),)
        sent[key] += 1
        rule, value = first_rule(row, key, at, of_time, asked)
        if rule:
            refused[key, rule] += 1
            continue
        assert at is not None
        known = -inf if row.received is None else row.received
        good[key, text(row.device), at].append(Good(known, value, row.quality is not None and text(row.quality) in asked.table.estimated))
    return sent, refused, good


def settled(among: Sequence[Good]) -> tuple[Good | None, dict[str, int]]:
    """The one that stands among several about the same, if they agree, and how many others met which rule."""
    newest = max(row.known for row in among)
    last = [row for row in among if row.known == newest]
    fates = {"superseded": len(among) - len(last)}
    if len({row.value for row in last}) > 1:
        return None, fates | {"conflict": len(last)}
    return Good(newest, last[0].value, all(row.estimated for row in last)), fates | {"duplicate": len(last) - 1}


def rolled(rows: Iterable[Row], asked: Asked) -> Rolled:
    """One month of interval readings."""
    sent, refused, good = sorted_out(rows, asked)
    used: dict[Key, list[tuple[int, Good]]] = defaultdict(list)
    for (key, _device, at), among in good.items():
        stands, fates = settled(among)
        refused.update({(key, rule): number for rule, number in fates.items()})
        if stands is not None:
            used[key].append((at, stands))
    answer = Rolled(refused={place: number for place, number in refused.items() if number})
    for key, number in sent.items():
        values = [row for _, row in used[key]]
        estimates = [row.value for row in values if row.estimated]
        answer.meters[key] = (number, len(values), sum(row.value for row in values), len(estimates), sum(estimates), max((row.value for row in values), default=None))
        if len(values) < asked.slots:
            local: dict[int, list[Good]] = defaultdict(list)
            for at, row in used[key]:
                local[(at - asked.bounds[0]) // 86_400_000_000 if asked.by_wall else ((EPOCH + at * TICK).astimezone(asked.zone).date() - asked.first_day).days].append(row)
            for day, own in local.items():
                guessed = [row.value for row in own if row.estimated]
                answer.days[key, day] = (len(own), sum(row.value for row in own), len(guessed), sum(guessed))
    return answer


def counted(rows: Iterable[Row], asked: Asked) -> Counted:
    """One month of register readings."""
    sent, refused, good = sorted_out(rows, asked)
    start, _ = asked.bounds
    line: dict[tuple[Key, str], list[tuple[int, Good]]] = defaultdict(list)
    for (key, device, at), among in sorted(good.items(), key=lambda item: item[0]):
        stands, fates = settled(among)
        refused.update({(key, rule): number for rule, number in fates.items()})
        if stands is not None:
            line[key, device].append((at - start, stands))
    answer = Counted(rows=dict(sent))
    for (key, device), readings in line.items():
        kept = []
        for place, reading in enumerate(readings):
            slip = _slip(readings, place, asked.meters[key], asked.table)
            refused.update({(key, slip): 1} if slip else {})
            kept += [] if slip else [reading]
        for segment, part in enumerate(_segments(kept, asked.meters[key], asked.table)):
            answer.counters[key, device, segment] = _walked(part, asked.meters[key], asked.table)
    answer.refused = {place: number for place, number in refused.items() if number}
    return answer


def _rolled_over(before: int, value: int, meter: Meter) -> bool:
    return meter.around is not None and 0 <= value < before < meter.around and 2 * (value - before + meter.around) <= meter.around


def _slip(readings: Sequence[tuple[int, Good]], place: int, meter: Meter, table: ReadingTable) -> str:
    if meter.feeds_back or place in (0, len(readings) - 1):
        return ""
    before, value, behind = (readings[place + by][1].value for by in (-1, 0, 1))
    if before <= behind < value:
        return "above_the_next"
    if value < before <= behind:
        return "below_the_last"
    return ""


def _segments(readings: Sequence[tuple[int, Good]], meter: Meter, table: ReadingTable) -> list[list[tuple[int, Good]]]:
    """The readings, parted where the counter fell for no known reason."""
    found: list[list[tuple[int, Good]]] = []
    for reading in readings:
        before = found[-1][-1][1].value if found else None
        fell = before is not None and reading[1].value < before and not meter.feeds_back and table.resets != "zero" and not _rolled_over(before, reading[1].value, meter)
        if before is None or fell:
            found.append([])
        found[-1].append(reading)
    return found


def _walked(readings: Sequence[tuple[int, Good]], meter: Meter, table: ReadingTable) -> dict[str, int]:
    """What a counter counted from reading to reading of one segment."""
    told = Counter(dict.fromkeys(("total", "estimated_total", "rollovers", "resets", "missing"), 0))
    for (since, last), (until, now) in pairwise(readings):
        told["missing"] += max((2 * (until - since) + table.interval) // (2 * table.interval) - 1, 0)
        step = now.value - last.value
        if step < 0 and not meter.feeds_back:
            if _rolled_over(last.value, now.value, meter):
                told["rollovers"] += 1
                step += meter.around or 0
            else:
                told["resets"] += 1
                step = now.value
        told["total"] += step
        told["estimated_total"] += step * now.estimated
    ends = {"first_at": readings[0][0], "first_value": readings[0][1].value, "last_at": readings[-1][0], "last_value": readings[-1][1].value}
    return {**told, **ends, "used": len(readings), "estimated": sum(row.estimated for _, row in readings)}
