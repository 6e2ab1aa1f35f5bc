"""Register readings over all months of a table: what was counted between the last reading of one month and the first of the next, parted by time at the ends of months."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby, pairwise
from typing import Any

import polars as pl

from esg_kpis.exact import QUANTITY_SCALE
from esg_kpis.readings.calendar import Window
from esg_kpis.readings.declared import ReadingTable


@dataclass(frozen=True)
class Piece:
    """What a meter counted from one instant to another within a month, and how much of it rests on estimated readings or on none; in 10^-9 of the unit of the table."""

    month: str
    since: int
    until: int
    counted: int
    estimated: int


def pieces(table: ReadingTable, windows: Mapping[str, Window], counters: Mapping[str, pl.DataFrame], registered: pl.DataFrame) -> dict[tuple[str, ...], list[Piece]]:
    """What each meter counted, in the order of time. A step of which nobody can say what was consumed is left out.

    Args:
        table: The table.
        windows: Its months, one after the other, also those without rows.
        counters: The frame `counters` of each month that has rows (see `register.Counted`).
        registered: The meters that the register names, see `judged.Task`.

    Source: pro-rating between two readings, GHG Protocol Corporate Standard (2004), chapter 6; both readings stay in the records.
    """
    found: dict[tuple[str, ...], list[Piece]] = {}
    for key, fact, rows in _by_meter(windows, counters, registered):
        own: list[Piece] = []
        for _, of_device in groupby(rows, key=lambda row: row["device"]):
            own += _of_device(table, windows, list(of_device), fact)
        found[key] = sorted(own, key=lambda piece: (piece.since, piece.until))
    return found


def breaks_between(table: ReadingTable, windows: Mapping[str, Window], counters: Mapping[str, pl.DataFrame], registered: pl.DataFrame) -> dict[tuple[tuple[str, ...], str], int]:
    """How often a counter broke off between two months, by meter and the later month: it fell, or another device was read for the first time after the old one was last read. Arguments as for `pieces`."""
    found: dict[tuple[tuple[str, ...], str], int] = {}
    for key, fact, rows in _by_meter(windows, counters, registered):
        last: dict[str, Mapping[str, Any]] = {}
        by_month = groupby(sorted(rows, key=lambda row: (row["month"], row["first_at"], row["segment"])), key=lambda row: row["month"])
        for month, of_month in by_month:
            own = list(of_month)
            goes_on = any(row["device"] in last and _goes_on(table, last[row["device"]], row, fact) is not None for row in own)
            if last and not goes_on and min(_at(row, "first_at") for row in own) > max(_at(row, "last_at") for row in last.values()):
                found[key, month] = 1
            last |= {row["device"]: row for row in own}
    return found


def _by_meter(windows: Mapping[str, Window], counters: Mapping[str, pl.DataFrame], registered: pl.DataFrame) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any], list[Mapping[str, Any]]]]:
    """Each meter with what the register says of it, and its rows of all months by device."""
    keys = [name for name in registered.columns if name in ("site_id", "meter_id")]
    facts = {tuple(row[key] for key in keys): row for row in registered.iter_rows(named=True)}
    rows: list[Mapping[str, Any]] = [{**row, "month": month, "start": windows[month].start} for month, frame in sorted(counters.items()) for row in frame.iter_rows(named=True)]
    rows.sort(key=lambda row: (*(row[key] for key in keys), row["device"], row["month"], row["segment"]))
    for key, of_meter in groupby(rows, key=lambda row: tuple(row[name] for name in keys)):
        yield key, facts[key], list(of_meter)


def _at(row: Mapping[str, Any], name: str) -> int:
    return int(row["start"] + row[name])


def _goes_on(table: ReadingTable, before: Mapping[str, Any], after: Mapping[str, Any], fact: Mapping[str, Any]) -> int | None:
    """What a counter counted from the last reading of one month to the first of a later one; None where nobody can say."""
    return counted_between(before["last_value"], after["first_value"], feeds_back=fact["feeds_back"], around=fact["around"], restarts=table.resets == "zero")


def _of_device(table: ReadingTable, windows: Mapping[str, Window], rows: Sequence[Mapping[str, Any]], fact: Mapping[str, Any]) -> Iterator[Piece]:
    step = 10 ** (QUANTITY_SCALE - table.decimals)
    for row in rows:
        if row["last_at"] > row["first_at"]:
            yield Piece(row["month"], row["start"] + row["first_at"], row["start"] + row["last_at"], row["total"] * step, row["estimated_total"] * step)
    for before, after in pairwise(rows):
        if before["month"] == after["month"]:
            continue
        if (counted := _goes_on(table, before, after, fact)) is not None:
            for piece in _parted(windows, before["start"] + before["last_at"], after["start"] + after["first_at"], counted * step):
                yield piece if piece.month in (before["month"], after["month"]) else replace(piece, estimated=piece.counted)


def counted_between(before: int, after: int, *, feeds_back: bool, around: int | None, restarts: bool) -> int | None:
    """What a counter counted from one reading to the next, in its smallest step; None where it fell and nobody can say why. The same as within a month (see `register`)."""
    if after >= before or feeds_back:
        return after - before
    if around is not None and before < around and after >= 0 and (after - before + around) * 2 <= around:
        return after - before + around
    return after if restarts else None


def _parted(windows: Mapping[str, Window], since: int, until: int, counted: int) -> Iterator[Piece]:
    """A step parted by time over the months it touches; the parts add up to it, each the difference of two running totals rounded half-even."""
    cuts = [(window.month, max(window.start, since), min(window.end, until)) for window in windows.values() if window.start < until and window.end > since]
    for month, first, last in cuts:
        part = round(Fraction(counted * (last - since), until - since)) - round(Fraction(counted * (first - since), until - since))
        yield Piece(month, first, last, part, 0)
