"""Rows of a month as whole numbers, each with the first rule it meets. Written once, in Narwhals, for every engine; a rule that the statistics of the files rule out costs nothing."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import reduce
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl

from esg_kpis.readings.calendar import EARLIEST, LATEST, Window, month_after
from esg_kpis.readings.declared import ReadingTable
from esg_kpis.readings.engines import Engine, Wanted
from esg_kpis.readings.found import File, Range, merged
from esg_kpis.readings.rules import CODE
from esg_kpis.readings.text import RULE

SOONEST = -(2**62)
"""When a row became known that does not say: before all that do."""
_CUT = 32
"""Statistics of text may be cut short: two that are long and alike may be of different words."""
_LARGEST = 1.7976931348623157e308
_NO_FRACTIONS = 2**52
"""From here on a binary float holds whole numbers only."""


@dataclass(frozen=True)
class Task:
    """One month of one table.

    Attributes:
        table: What its format says.
        window: The month, see `calendar.by_days`.
        files: Files that may hold rows of it.
        registered: The meters that the register names for the measure: key, `feeds_back`, `first` and `after` (instants between which it is read), `around` (10 to its digits; null).
        known: First instant, by the clock of `received`, that is too late; None where the format names no such column.
        until: First instant that data may not be about.
        timeless: The files, of those that lie in no folders of months, whose rows without a time are told with this month: one month must tell them.
        among: The first meter that is looked at, and the first after it that is not; None for no such end. Rows that name no meter come first.
    """

    table: ReadingTable
    window: Window
    files: Sequence[File]
    registered: pl.DataFrame
    known: int | None
    until: int
    timeless: Set[Path] = frozenset()
    among: tuple[str | None, str | None] = (None, None)

    @property
    def keys(self) -> list[str]:
        """What tells one meter from another."""
        return ["site_id", "meter_id"] if self.table.columns.site_id else ["meter_id"]

    @property
    def slots(self) -> int:
        """Intervals of the month."""
        return (self.window.end - self.window.start) // self.table.interval

    @property
    def ranges(self) -> dict[str, Range | None]:
        """What the statistics of the files say."""
        return merged(self.files)


def clean(task: Task) -> bool:
    """Whether the statistics of the files rule out that any row is refused, or an estimate, by what it says alone."""
    ranges, files = task.ranges, groups(task)
    if len(files) != 1 or not files[0][0].month or task.table.months == "stamp" or task.window.shown(task.until) < task.window.end:
        return False
    _, of_value = _value(task, files[0][0].content.kinds["value"], ranges["value"])
    late = task.known is not None and not _before(ranges.get("received"), task.known)
    return not (late or wild(ranges) or RULE in files[0][0].columns or of_value or _of_key(task, ranges) or _quality(task, ranges) or not _never_null(ranges["time"]) or not _within(task, ranges["time"]))


def judged(engine: Engine, task: Task, *, wanted: Sequence[str] = ()) -> nw.LazyFrame[Any]:
    """The rows of a month.

    Columns: the key of the meter (empty text for none); `rel`, microseconds from the first instant of the month (null where the time says none); `value` in the smallest step; `estimated` (0 or 1); `code` of the first rule met
    (0 for none; see `rules.CODE`), of rules that need the row alone; and of `wanted` `known` (when it became known), `device`, and with `places` what `Wanted` says of it.
    """
    parts = [_of_folder(engine, task, files, wanted) for files in groups(task)]
    return parts[0] if len(parts) == 1 else nw.concat(parts, how="vertical")


def groups(task: Task) -> list[list[File]]:
    """The files that have rows, by folder, by whether their rows without a time are told here, and by the types of their columns, since not every engine reads files of several types at once."""
    found: dict[tuple[str, ...], list[File]] = {}
    for file in task.files:
        if file.content.rows:
            found.setdefault((file.month, str(file.path in task.timeless), *file.content.types.values()), []).append(file)
    return [found[key] for key in sorted(found)]


def _of_folder(engine: Engine, task: Task, files: Sequence[File], wanted: Sequence[str]) -> nw.LazyFrame[Any]:
    """Rows of one folder of a month, or of all files where they lie in none."""
    table, ranges = task.table, task.ranges
    kinds, scales = files[0].content.kinds, files[0].content.scales
    unbound = wild(ranges)
    at, of_clock = _instant(task)
    rel = at - task.window.start
    of_time, keep = _of_time(task, files[0], at)
    timeless = [] if _never_null(ranges["time"]) and "time" not in unbound else [(nw.col("time").is_null(), "time_missing")]
    rules = [*_of_key(task, ranges), *timeless, *of_clock, *of_time]
    value, of_value = _value(task, kinds["value"], ranges["value"])
    of_text = RULE in kinds and not _only(ranges[RULE], 0)
    rules += [(nw.col(RULE) == CODE[name], name) for name in ("number", "decimals", "too_large", "received")] if of_text else []
    rules += of_value
    if "received" in unbound:
        rules.append((~_meant(nw.col("received")), "received"))
    quality = _quality(task, ranges)
    rules += [(cond, rule) for cond, rule in quality if rule]
    late = task.known is not None and not _before(ranges.get("received"), task.known)
    if late:
        rules.append((nw.col("received") >= task.known, "not_known"))
    columns = {ours: theirs for ours, theirs in files[0].columns.items() if ours in _read(task, quality, late or "received" in unbound, wanted) or (ours == RULE and of_text)}
    untyped = tuple(name for name in columns if files[0].content.types[name] == "null")
    days = tuple(name for name in columns if kinds[name] == "day")
    frame = engine.scan([file.path for file in files], Wanted(columns, {name: scales[name] for name in columns}, days, untyped, tuple(name for name in unbound if name in columns), "places" in wanted))
    if "time" in unbound:
        frame = frame.with_columns(nw.when(_meant(nw.col("time"))).then(nw.col("time")).alias("time"))
    keep += _among(task)
    if keep:
        frame = frame.filter(reduce(nw.Expr.__and__, keep))
    code = nw.lit(0)
    for cond, rule in reversed(rules):
        code = nw.when(cond).then(nw.lit(CODE[rule])).otherwise(code)
    estimated = next((nw.when(cond).then(nw.lit(1)).otherwise(nw.lit(0)) for cond, rule in quality if not rule), nw.lit(0))
    more = []
    if "known" in wanted:
        more.append((nw.col("received").fill_null(SOONEST) if table.columns.received else nw.lit(SOONEST)).cast(nw.Int64).alias("known"))
    if "device" in wanted:
        more.append((nw.col("device").fill_null("") if table.columns.device else nw.lit("")).alias("device"))
    if "places" in wanted:
        more += [nw.col(name) for name in ("path", "row")]
    keys = [(nw.col(key) if _never_null(ranges[key]) else nw.col(key).fill_null("")).alias(key) for key in task.keys]
    return frame.select(*keys, rel.alias("rel"), value.alias("value"), estimated.alias("estimated"), code.alias("code"), *more)


def _of_time(task: Task, file: File, at: nw.Expr) -> tuple[list[tuple[nw.Expr, str]], list[nw.Expr]]:
    """The rules that the times of files like this one may meet beside those of the clock, and what the rows have in common whose fate this month tells; `at` is when an interval begins."""
    table, rel = task.table, at - task.window.start
    rules: list[tuple[nw.Expr, str]] = []
    keep: list[nw.Expr] = []
    inside = (rel >= 0) & (rel < task.window.end - task.window.start)
    if not file.month:
        keep.append(inside | nw.col("time").is_null() if file.path in task.timeless else inside)
    elif table.months == "stamp":
        first, after = stamps_of(file.month)
        of_folder = (nw.col("time") >= first) & (nw.col("time") < after)
        if file.month == task.window.month:
            rules.append((~of_folder, "other_month"))
            keep.append(~of_folder | inside | nw.col("time").is_null())
        else:
            keep.append(of_folder & inside)
    elif not _within(task, task.ranges["time"]):
        rules.append((~inside, "other_month"))
    if (until := task.window.shown(task.until)) < task.window.end:
        rules.append((at >= until, "future"))
    return rules, keep


def wild(ranges: Mapping[str, Range | None]) -> list[str]:
    """Those of the columns with times of which statistics do not say that somebody means each of them."""
    return [name for name in ("time", "received") if name in ranges and not ((found := ranges[name]) is not None and found.least >= EARLIEST and found.most < LATEST)]


def _meant(time: nw.Expr) -> nw.Expr:
    """Whether somebody can mean a time."""
    return (time >= EARLIEST) & (time < LATEST)


def _among(task: Task) -> list[nw.Expr]:
    """What the rows of the meters of a part have in common."""
    (first, after), name = task.among, nw.col("meter_id")
    if first is None:
        return [] if after is None else [(name < after) | name.is_null()]
    return [name >= first] if after is None else [(name >= first) & (name < after)]


def _read(task: Task, quality: Sequence[tuple[nw.Expr, str]], late: bool, wanted: Sequence[str]) -> set[str]:
    """The columns of ours that have to be read."""
    names = {*task.keys, "time", "value", *({"quality"} if quality else ())}
    if task.table.columns.summer and task.window.changes:
        names.add("summer")
    if task.table.columns.received and (late or "known" in wanted):
        names.add("received")
    return names | ({"device"} & set(wanted) if task.table.columns.device else set())


def stamps_of(month: str) -> tuple[int, int]:
    """First and last time, as files tell it, of a folder that goes by the time as it stands there."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    first, after = (datetime(int(name[:4]), int(name[5:]), 1, tzinfo=UTC) for name in (month, month_after(month)))
    return (first - epoch) // timedelta(microseconds=1), (after - epoch) // timedelta(microseconds=1)


def _of_key(task: Task, ranges: dict[str, Range | None]) -> list[tuple[nw.Expr, str]]:
    found = ranges["meter_id"]
    if found is not None and not found.nulls and found.least != "":
        return []
    return [(nw.col("meter_id").is_null() | (nw.col("meter_id") == ""), "meter_missing")]


def _instant(task: Task) -> tuple[nw.Expr, list[tuple[nw.Expr, str]]]:
    """The first instant of the interval of a row, as the month shows it, and the rules that its wall clock may meet."""
    table = task.table
    ends = table.stamp == "end"
    back = table.interval if ends else 0
    wall = nw.col("time")
    if table.offset is not None:
        at = shown = wall - table.offset if table.offset else wall
        more = 0
        for first, later in task.window.hidden:
            more += later
            shown = nw.when(at >= first).then(at + more).otherwise(shown)
        return (shown - back if back else shown), []
    expr, rules = wall - (task.window.offset + back), []
    for change in task.window.changes:
        low, high = sorted((change.before, change.after))
        since, until = wall >= change.at + low, wall < change.at + high
        then: nw.Expr = wall - (change.after + back)
        if change.after > change.before:
            # The interval that ends as the clock goes forward ends by the hour before and by the hour after: both are the same instant.
            since = wall > change.at + low if ends else since
            rules.append((since & until, "time_never"))
            # It belongs to the month that it names: where the clock goes on, so that a change at the end of a month puts it into neither beside it.
            never = nw.when(wall - back >= change.at + low).then(nw.lit(change.at)).otherwise(nw.lit(change.at - back))
            then = nw.when(until).then(never).otherwise(then)
        else:
            # The interval that ends as the clock goes back does too, but there both are instants of others as well.
            twice = since & (wall <= change.at + high if ends else until)
            if table.columns.summer:
                then = nw.when(twice & nw.col("summer").is_in(list(table.summer_words))).then(wall - (change.before + back)).otherwise(then)
            else:
                rules.append((twice, "time_twice"))
        expr = nw.when(since).then(then).otherwise(expr)
    return expr, rules


def _value(task: Task, kind: str, found: Range | None) -> tuple[nw.Expr, list[tuple[nw.Expr, str]]]:
    """The value in the smallest step, and the rules of its number. Of a binary float only its nearest whole number of steps is taken, if it lies within a hundredth of one."""
    step, most = 1 if kind == "steps" else 10**task.table.decimals, task.table.most_scaled
    raw = nw.col("value")
    rules: list[tuple[nw.Expr, str]] = [] if _never_null(found) else [(raw.is_null(), "value_missing")]
    if kind == "float":
        raw = raw.cast(nw.Float64)
        scaled = raw * float(step)
        # Said though nothing is larger than NaN: DuckDB takes a comparison for settled by the statistics of the file, and those leave NaN out.
        near_enough = ~raw.is_nan() & (scaled > -float(_NO_FRACTIONS)) & (scaled < float(_NO_FRACTIONS))
        safe = nw.when(near_enough).then(scaled).otherwise(nw.lit(0.0))
        near = (safe + 0.5).floor()
        rules += [(raw.is_nan() | (raw > _LARGEST) | (raw < -_LARGEST), "number"), (((safe - near) > 0.01) | ((safe - near) < -0.01), "decimals")]
        whole = near.cast(nw.Int64)
        return whole, [*rules, (~near_enough | (whole > most) | (whole < -most), "too_large")]
    # A narrow type cannot hold the product: whole numbers are widened before, decimals made small before.
    raw = raw.cast(nw.Int64) if kind == "whole" else raw
    if found is not None and max(abs(Fraction(found.least)), abs(Fraction(found.most))) * step <= most:
        return ((raw * step).cast(nw.Int64) if step > 1 or kind == "decimal" else raw), rules
    limit = most // step + 1
    near_enough = (raw <= limit) & (raw >= -limit)
    whole = (nw.when(near_enough).then(raw).otherwise(raw * 0) * step).cast(nw.Int64)
    return whole, [*rules, (~near_enough | (whole > most) | (whole < -most), "too_large")]


def _quality(task: Task, ranges: dict[str, Range | None]) -> list[tuple[nw.Expr, str]]:
    """What words of quality mean: the rule, or empty for an estimate. Nothing where the files hold one word only, which means neither."""
    table, found = task.table, ranges.get("quality")
    if not table.columns.quality:
        return []
    words = {*table.estimated, *table.refused}
    # Statistics of numbers are no words, and those of other types than text need not be spelled as an engine spells them.
    if found is not None and isinstance(found.least, str) and found.least == found.most and found.least not in words and len(found.least.encode()) < _CUT:
        return []
    quality = nw.col("quality")
    told = [(quality.is_in(list(table.refused)), "quality")] if table.refused else []
    return [*told, *([(quality.is_in(list(table.estimated)), "")] if table.estimated else [])]


def _only(found: Range | None, value: int) -> bool:
    return found is not None and bool(found.least == found.most == value)


def _never_null(found: Range | None) -> bool:
    return found is not None and not found.nulls


def _before(found: Range | None, limit: int) -> bool:
    return found is not None and bool(found.most < limit)


def _within(task: Task, found: Range | None) -> bool:
    """Whether statistics say that every row with a time lies in the month. The wall clock is never ahead or behind by more than a day: then it cannot be told, and is looked at row by row."""
    offset = task.table.offset
    if found is None or offset is None or task.window.hidden:
        return False
    shift = offset + (task.table.interval if task.table.stamp == "end" else 0)
    return bool(found.least - shift >= task.window.start and found.most - shift < task.window.end)


def with_meter_rules(task: Task, rows: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """The rows with the rules that need the register: `first`, `after` and `feeds_back` of it stand beside them, null for a meter it does not name; `place` is what `first` and `after` count."""
    code = nw.col("code")
    meets = [
        (nw.col("first").is_null(), "unknown_meter"),
        ((nw.col("place") < nw.col("first")) | (nw.col("place") >= nw.col("after")), "not_read_then"),
        ((nw.col("value") < 0) & ~nw.col("feeds_back"), "negative"),
    ]
    if task.table.form == "register":
        meets.append((nw.col("value") >= nw.col("around"), "beyond_digits"))
    for cond, rule in reversed(meets):
        code = nw.when((nw.col("code") == 0) & cond).then(nw.lit(CODE[rule])).otherwise(code)
    if task.table.form == "interval":
        before_grid = [CODE[name] for name in ("meter_missing", "time_missing", "time_never", "time_twice", "other_month", "future")]
        off = (nw.col("rel") % task.table.interval) != 0
        code = nw.when(off & ~nw.col("code").is_in(before_grid)).then(nw.lit(CODE["off_grid"])).otherwise(code)
    return rows.with_columns(code.alias("code"))


def register_of(task: Task) -> pl.DataFrame:
    """The register, with `first` and `after` as places of the month: intervals, or of a counter microseconds, in which a meter is read."""
    start, interval = task.window.start, task.table.interval
    if task.table.form == "register":
        return task.registered.with_columns(pl.col("first") - start, pl.col("after") - start + 1)  # The reading at its last midnight is still one.

    def shown(at: pl.Expr) -> pl.Expr:
        return at + pl.sum_horizontal([pl.when(at >= since).then(later).otherwise(0) for since, later in task.window.hidden]) if task.window.hidden else at

    return task.registered.with_columns(*(((shown(pl.col(name)) - start + interval - 1) // interval).clip(0, task.slots) for name in ("first", "after")))
