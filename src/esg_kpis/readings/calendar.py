"""The local calendar in microseconds since 1970: where months and days of a time zone begin, and what its wall clock says. Engines see only whole numbers."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST, LATEST = -DAY, 84_006 * DAY
"""Times before the last day of 1969 or after the year 2199 are none that anybody means: a clock that was reset, a mark for what never ends."""


@dataclass(frozen=True)
class Change:
    """The instant at which the clock of a time zone is put forward or back, and how far it is ahead of UTC before and after; all in microseconds."""

    at: int
    before: int
    after: int


@dataclass(frozen=True)
class Window:
    """A month of a time zone.

    Attributes:
        month: YYYY-MM.
        start: First instant.
        end: First instant of the month after.
        days: First instant of each day, and `end`.
        changes: When the clock is changed within the month or two days around it.
        offset: How far the clock is ahead of UTC before the first of `changes`.
        hidden: Changes that the month does not show, see `by_days`: from which instant on what it shows is how much later.
    """

    month: str
    start: int
    end: int
    days: tuple[int, ...]
    changes: tuple[Change, ...]
    offset: int
    hidden: tuple[tuple[int, int], ...] = ()

    def shown(self, at: int) -> int:
        """An instant as the month shows it: the same, but for hidden changes."""
        return at + sum(later for since, later in self.hidden if at >= since)


@dataclass(frozen=True)
class Odd:
    """A day of a month that is longer or shorter than 24 hours, in microseconds from the first instant of the month; `later` is by how much the days after it begin later than they would without a change of the clock."""

    number: int
    start: int
    end: int
    later: int


def odd_days(window: Window) -> tuple[Odd, ...]:
    """The days on which the clock is changed, in order of time."""
    spans = [(before - window.start, after - window.start) for before, after in pairwise(window.days)]
    return tuple(Odd(number, start, end, end - (number + 1) * DAY) for number, (start, end) in enumerate(spans) if end - start != DAY)


def instant(day: date, zone: ZoneInfo) -> int:
    """The first instant of a local day."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    return (midnight - _EPOCH) // timedelta(microseconds=1)


def shown_at(wall: int, zone: ZoneInfo) -> tuple[int, int]:
    """The first and last instant at which the wall clock shows what is so many microseconds after 1970; of what is left out, where it would be by the clock before and after."""
    told = (_EPOCH + timedelta(microseconds=wall)).replace(tzinfo=zone)
    found = sorted((told.replace(fold=fold).astimezone(UTC) - _EPOCH) // timedelta(microseconds=1) for fold in (0, 1))
    return found[0], found[1]


def month_after(month: str, by: int = 1) -> str:
    """The month `by` months later."""
    year, number = int(month[:4]), int(month[5:]) - 1 + by
    return f"{year + number // 12:04d}-{number % 12 + 1:02d}"


def month_of(at: int, zone: ZoneInfo, back: int = 0) -> str:
    """The local month of what the wall clock shows at an instant, less so many microseconds."""
    wall = (_EPOCH + timedelta(microseconds=at)).astimezone(zone).replace(tzinfo=None)
    return (wall - timedelta(microseconds=back)).strftime("%Y-%m")


def window_of(month: str, zone: ZoneInfo) -> Window:
    """A month of a time zone. Source: IANA time zone database, as the machine or the package tzdata has it."""
    first, after = (date.fromisoformat(f"{name}-01") for name in (month, month_after(month)))
    days = tuple(instant(first + timedelta(days=number), zone) for number in range((after - first).days + 1))
    changes = _changes(first - timedelta(days=2), after + timedelta(days=2), zone)
    offset = changes[0].before if changes else _offset(days[0], zone)
    return Window(month, days[0], days[-1], days, changes, offset)


def by_days(window: Window, interval: int) -> Window:
    """A month whose days all have 24 hours, where the clock is changed by a part of an interval, such as a day: the day of 23 hours is one interval as the others are. Every other month as it is.

    Changes just outside count too: what ends an interval of the month, or begins one of the next, may lie beyond them.

    Raises:
        ValueError: if an interval begins within what the change leaves out, or may begin twice.
    """
    if all((change.after - change.before) % interval == 0 for change in window.changes):
        return window
    changes = [change for change in window.changes if window.start <= change.at < window.end]
    offset = next((change.after for change in reversed(window.changes) if change.at < window.start), window.offset)
    hidden = []
    for change in changes:
        low, high = (change.at + ahead - offset - window.start for ahead in sorted((change.before, change.after)))
        if high - low > interval or (change.after > change.before and low % interval and low // interval != (high - 1) // interval):
            raise ValueError(f"the clock changes by a part of an interval in {window.month}")
        # The first instant after what is left out is that of an interval that would begin as it does.
        hidden.append((change.at if low % interval or change.after < change.before else change.at + 1, change.after - change.before))
    days = tuple(window.start + number * DAY for number in range(len(window.days)))
    return Window(window.month, days[0], days[-1], days, (), offset, tuple(hidden))


def _offset(at: int, zone: ZoneInfo) -> int:
    ahead = (_EPOCH + timedelta(microseconds=at)).astimezone(zone).utcoffset()
    assert ahead is not None
    return ahead // timedelta(microseconds=1)


def _changes(first: date, last: date, zone: ZoneInfo) -> tuple[Change, ...]:
    """Every change of the clock between two days, found by halving the hour in which it lies."""
    found = []
    at, end = instant(first, zone), instant(last, zone)
    while at < end:
        before, after = _offset(at, zone), _offset(at + HOUR, zone)
        if before != after:
            low, high = at, at + HOUR
            while high - low > SECOND:
                middle = (low + high) // 2 // SECOND * SECOND
                low, high = (middle, high) if _offset(middle, zone) == before else (low, middle)
            found.append(Change(high, before, after))
        at += HOUR
    return tuple(found)
