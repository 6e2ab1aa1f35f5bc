"""Register readings over all months of a table: what was counted between the last reading of one month and the first of the next, parted by time at the ends of months."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby, pairwise
from typing import Any

import polars as pl

from esg_kpis.exact import QUANTITY_SCALE
from esg_kpis.readings.calendar import HOUR, Window
from esg_kpis.readings.declared import ReadingTable
from esg_kpis.readings.rules import CODE


@dataclass(frozen=True)
class Piece:
    """What a meter counted from one instant to another within a month, and how much of it rests on estimated readings or on none; in 10^-9 of the unit of the table."""

    month: str
    since: int
    until: int
    counted: int
    estimated: int


@dataclass(frozen=True)
class Chain:
    """The counters of a table over its months.

    Attributes:
        table: The table.
        windows: Its months, one after the other, also those without rows.
        counters: The frame `counters` of each month that has rows (see `register.Counted`).
        registered: The meters that the register names, see `judged.Task`.
    """

    table: ReadingTable
    windows: Mapping[str, Window]
    counters: Mapping[str, pl.DataFrame]
    registered: pl.DataFrame


@dataclass(frozen=True)
class Slip:
    """A first or last reading of a month that stands out between the readings beside it, one of which lies in another month: month, key of the meter, device, microseconds from the first instant of the month, and the rule it meets."""

    month: str
    key: tuple[str, ...]
    device: str
    at: int
    code: int


def without_slips(chain: Chain) -> tuple[dict[str, pl.DataFrame], list[Slip]]:
    """The counters of each month without first and last readings that stand out, and these. Within a month that was judged before (see `register`); here by what the months beside show.

    The frames of the chain are `counters` and `ends` beside each other.
    """
    found: list[Slip] = []
    changed: dict[str, dict[tuple[Any, ...], Mapping[str, Any] | None]] = {}
    for key, fact, of_meter in _by_meter(chain):
        if fact["feeds_back"]:
            continue
        for device, of_device in groupby(of_meter, key=lambda row: row["device"]):
            own = list(of_device)
            for place, at, code in _standing_out(own):
                month, segment = own[place]["month"], own[place]["segment"]
                found.append(Slip(month, key, device, at, code))
                of_month = changed.setdefault(month, {})
                of_month[*key, device, segment] = _without(of_month.get((*key, device, segment), own[place]), at, chain.table, fact)
    keys = [name for name in chain.registered.columns if name in ("site_id", "meter_id")]
    told = {}
    for month, frame in chain.counters.items():
        of_month = changed.get(month, {})
        rows: list[Mapping[str, Any] | None] = [of_month.get((*(row[name] for name in keys), row["device"], row["segment"]), row) for row in frame.iter_rows(named=True)] if of_month else []
        told[month] = pl.DataFrame([{name: row[name] for name in frame.columns} for row in rows if row is not None], schema=frame.schema) if of_month else frame
    return told, found


def _standing_out(rows: Sequence[Mapping[str, Any]]) -> list[tuple[int, int, int]]:
    """The first and last readings of months that stand out between the readings beside them: row, time and code."""
    shown: list[tuple[int, int, int]] = []
    for place, row in enumerate(rows):
        told = {row["first_at"]: row["first_value"]}
        if row["used"] > 1:
            told |= {row["second_at"]: row["second_value"], row["before_at"]: row["before_value"], row["last_at"]: row["last_value"]}
        shown += [(place, at, value) for at, value in sorted(told.items())]
    found = []
    for number in range(1, len(shown) - 1):
        before, (place, at, value), behind = shown[number - 1 : number + 2]
        if len({rows[other]["month"] for other in (before[0], place, behind[0])}) > 1 and (code := slip_of(before[2], value, behind[2])):
            found.append((place, at, code))
    return found


def _without(row: Mapping[str, Any] | None, at: int, table: ReadingTable, fact: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """A row of a counter without its first or its last reading, and without what was counted between it and the one beside; None if nothing is left."""
    if row is None or row["used"] == 1:
        return None
    of_first = at == row["first_at"]
    since, until = ("first", "second") if of_first else ("before", "last")
    low, high, counts_as = row[f"{since}_value"], row[f"{until}_value"], row["second_estimated" if of_first else "last_estimated"]
    counted = counted_between(low, high, feeds_back=False, around=fact["around"], restarts=table.resets == "zero") or 0
    rolled = high < low and _went_round(low, high, fact["around"])
    left = {
        "used": row["used"] - 1, "total": row["total"] - counted, "estimated": row["estimated"] - row["first_estimated" if of_first else "last_estimated"], "estimated_total": row["estimated_total"] - counted * counts_as,
        "rollovers": row["rollovers"] - rolled, "resets": row["resets"] - (high < low and not rolled), "missing": row["missing"] - (steps_of(row[f"{until}_at"] - row[f"{since}_at"], table) - 1),
    }  # fmt: skip
    if of_first:
        left |= {"first_at": row["second_at"], "first_value": row["second_value"], "first_estimated": row["second_estimated"]}
        # Of two that are left, the second is the last.
        left |= {"second_at": row["last_at"], "second_value": row["last_value"], "second_estimated": row["last_estimated"]} if left["used"] == 2 else {}
    else:
        left |= {"last_at": row["before_at"], "last_value": row["before_value"], "last_estimated": row["second_estimated"] if left["used"] == 2 else row["first_estimated"] if left["used"] == 1 else 0}
        left |= {"before_at": row["first_at"], "before_value": row["first_value"]} if left["used"] == 2 else {}
    return {**row, **left}


def slip_of(before: int | None, value: int, behind: int | None) -> int:
    """The rule of a reading that stands out between the two beside it; 0 for none. The same as within a month (see `register`)."""
    if before is None or behind is None:
        return 0
    if before <= behind < value:
        return CODE["above_the_next"]
    return CODE["below_the_last"] if value < before <= behind else 0


def pieces(chain: Chain) -> dict[tuple[str, ...], list[Piece]]:
    """What each meter counted, in the order of time. A step of which nobody can say what was consumed is left out.

    Source: pro-rating between two readings, GHG Protocol Corporate Standard (2004), chapter 6; both readings stay in the records.
    """
    found: dict[tuple[str, ...], list[Piece]] = {}
    for key, fact, rows in _by_meter(chain):
        own: list[Piece] = []
        for _, of_device in groupby(rows, key=lambda row: row["device"]):
            own += _of_device(chain, list(of_device), fact)
        found[key] = sorted(own, key=lambda piece: (piece.since, piece.until))
    return found


def between(chain: Chain) -> dict[tuple[tuple[str, ...], str], Counter[str]]:
    """What happened to counters between two months, by meter and the later month: `rollovers`, `resets` (they began at zero again), and `breaks`: a counter fell, or another device was read for the first time after the old one was last read.

    And, by the month they would have been of, the readings that are `missing` where a counter went on from one month to another.
    """
    found: dict[tuple[tuple[str, ...], str], Counter[str]] = {}
    for key, fact, rows in _by_meter(chain):
        last: dict[str, Mapping[str, Any]] = {}
        by_month = groupby(sorted(rows, key=lambda row: (row["month"], row["first_at"], row["segment"])), key=lambda row: row["month"])
        for month, together in by_month:
            own = list(together)
            first = {row["device"]: row for row in reversed(own)}
            counts = Counter(_fell(last[device], row, fact, chain.table) for device, row in first.items() if device in last)
            goes_on = [(last[device], row) for device, row in first.items() if device in last and _goes_on(chain.table, last[device], row, fact) is not None]
            for before, after in goes_on:
                for of_month, missing in _lacking(chain, _at(before, "last_at"), _at(after, "first_at")):
                    found.setdefault((key, of_month), Counter())["missing"] += missing
            if last and not goes_on and min(_at(row, "first_at") for row in own) > max(_at(row, "last_at") for row in last.values()):
                counts["breaks"] = 1
            del counts[""]
            if counts:
                found.setdefault((key, month), Counter()).update(counts)
            last |= {row["device"]: row for row in own}
    return found


def steps_of(span: int, table: ReadingTable) -> int:
    """Over how many intervals a counter went on from one reading to the next: at least one, and a day on which the clock is changed is one. The same as within a month (see `register`)."""
    return max(1, (span + table.interval // 2) // table.interval)


def _lacking(chain: Chain, since: int, until: int) -> Iterator[tuple[str, int]]:
    """The readings that are missing between two of different months, by the month they would have been of: at equal distances, of longer intervals than any change of the clock by the wall clock."""
    steps = steps_of(until - since, chain.table)
    windows = [window for window in chain.windows.values() if window.start < until and window.end > since]
    if steps == 1:
        return
    clock = _shown_at if chain.table.interval > HOUR else _unchanged
    first, span = clock(windows[0], since), clock(windows[-1], until) - clock(windows[0], since)
    for window in windows:
        before, within = (min(max(0, -(-(clock(window, end) - first) * steps // span) - 1), steps - 1) for end in (window.start, window.end))
        if within > before:
            yield window.month, within - before


def _shown_at(window: Window, at: int) -> int:
    """What the wall clock shows at an instant of a month, or at its end."""
    return at + next((change.after for change in reversed(window.changes) if change.at <= at), window.offset)


def _unchanged(_: Window, at: int) -> int:
    return at


def _fell(before: Mapping[str, Any], after: Mapping[str, Any], fact: Mapping[str, Any], table: ReadingTable) -> str:
    """As what a counter that is lower than it was counts; nothing where it did not fall, or nobody can say why."""
    low, high = before["last_value"], after["first_value"]
    if high >= low or fact["feeds_back"]:
        return ""
    return "rollovers" if _went_round(low, high, fact["around"]) else "resets" if table.resets == "zero" else ""


def _by_meter(chain: Chain) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any], list[Mapping[str, Any]]]]:
    """Each meter with what the register says of it, and its rows of all months by device."""
    keys = [name for name in chain.registered.columns if name in ("site_id", "meter_id")]
    facts = {tuple(row[key] for key in keys): row for row in chain.registered.iter_rows(named=True)}
    rows: list[Mapping[str, Any]] = [{**row, "month": month, "start": chain.windows[month].start} for month, frame in sorted(chain.counters.items()) for row in frame.iter_rows(named=True)]
    rows.sort(key=lambda row: (*(row[key] for key in keys), row["device"], row["month"], row["segment"]))
    for key, of_meter in groupby(rows, key=lambda row: tuple(row[name] for name in keys)):
        yield key, facts[key], list(of_meter)


def _at(row: Mapping[str, Any], name: str) -> int:
    return int(row["start"] + row[name])


def _goes_on(table: ReadingTable, before: Mapping[str, Any], after: Mapping[str, Any], fact: Mapping[str, Any]) -> int | None:
    """What a counter counted from the last reading of one month to the first of a later one; None where nobody can say."""
    return counted_between(before["last_value"], after["first_value"], feeds_back=fact["feeds_back"], around=fact["around"], restarts=table.resets == "zero")


def _of_device(chain: Chain, rows: Sequence[Mapping[str, Any]], fact: Mapping[str, Any]) -> Iterator[Piece]:
    step = 10 ** (QUANTITY_SCALE - chain.table.decimals)
    for row in rows:
        if row["last_at"] > row["first_at"]:
            yield Piece(row["month"], row["start"] + row["first_at"], row["start"] + row["last_at"], row["total"] * step, row["estimated_total"] * step)
    for before, after in pairwise(rows):
        if before["month"] == after["month"]:
            continue
        if (counted := _goes_on(chain.table, before, after, fact)) is not None:
            for piece in _parted(chain.windows, before["start"] + before["last_at"], after["start"] + after["first_at"], counted * step):
                yield piece if piece.month in (before["month"], after["month"]) else replace(piece, estimated=piece.counted)


def _went_round(before: int, after: int, around: int | None) -> bool:
    return around is not None and before < around and after >= 0 and (after - before + around) * 2 <= around


def counted_between(before: int, after: int, *, feeds_back: bool, around: int | None, restarts: bool) -> int | None:
    """What a counter counted from one reading to the next, in its smallest step; None where it fell and nobody can say why. The same as within a month (see `register`)."""
    if after >= before or feeds_back:
        return after - before
    if around is not None and _went_round(before, after, around):
        return after - before + around
    return after if restarts else None


def _parted(windows: Mapping[str, Window], since: int, until: int, counted: int) -> Iterator[Piece]:
    """A step parted by time over the months it touches; the parts add up to it, each the difference of two running totals rounded half-even."""
    cuts = [(window.month, max(window.start, since), min(window.end, until)) for window in windows.values() if window.start < until and window.end > since]
    for month, first, last in cuts:
        part = round(Fraction(counted * (last - since), until - since)) - round(Fraction(counted * (first - since), until - since))
        yield Piece(month, first, last, part, 0)
