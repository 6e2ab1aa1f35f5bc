"""Interval readings of one month to one row per meter: quantity, and how many rows and intervals became what.

Each day is cut into blocks of 48 intervals. If a block has 48 rows, and the powers of two of the places of those that meet no rule add up to 2^48 - 1, each interval is there exactly once and none
is refused: fewer than 48 powers cannot add up to that, and 48 can in one way only. If their times add up to those of the 48 as well, none lies off the grid, since none can lie before its place. So for
such blocks counts and sums settle duplicates and gaps together, with no row compared to another, the same on every engine. Only the rows of other blocks are looked at one by one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import polars as pl

from esg_kpis.readings.calendar import DAY, odd_days
from esg_kpis.readings.engines import Engine
from esg_kpis.readings.judged import Task, clean, groups, judged, register_of, with_meter_rules
from esg_kpis.readings.latest import AMONG_ROWS, known_last, latest, no_suspects, suspects
from esg_kpis.readings.ordered import order_of
from esg_kpis.readings.parts import by_files, by_meters, first_suspects, laid_together
from esg_kpis.readings.rules import CODE

BLOCK = 48
_OF_DAY = 64
"""More than the blocks of any day: a day of 25 hours has 32 of 48 minutes."""
_COUNTS = ("used", "total", "estimated", "estimated_total")
_NUMBERS = pl.Schema(dict.fromkeys(("day", *_COUNTS), pl.Int64()))


@dataclass(frozen=True)
class Rolled:
    """What a month of a table became.

    Attributes:
        meters: A row per meter that sent rows: key, `rows`, `used` (intervals), `total` and `estimated_total` (smallest steps), `estimated` (intervals), `largest` (smallest steps) of the intervals used, null for none.
        refused: Rows by key and `code` of the rule.
        suspects: Some intervals of which rows contradict each other: key, `place` and `code`.
        days: `used`, `total`, `estimated` and `estimated_total` by key and `day` of the month (from 0), of meters that lack some intervals.
    """

    meters: pl.DataFrame
    refused: pl.DataFrame
    days: pl.DataFrame
    suspects: pl.DataFrame


def rolled(engine: Engine, task: Task) -> Rolled:
    """Rolls up one month. See the module for how."""
    if not groups(task):
        return Rolled(_meters(_no_blocks(task), None, None, task.keys), _no_refused(task), _no_days(task), no_suspects(task))
    keys, found = task.keys, [rolled for part in by_files(task, engine.at_once) for rolled in _parts(engine, part)]
    return Rolled(
        laid_together([part.meters for part in found], keys), laid_together([part.refused for part in found], [*keys, "code"]), laid_together([part.days for part in found], [*keys, "day"]),
        first_suspects([part.suspects for part in found], keys),
    )  # fmt: skip


def _parts(engine: Engine, task: Task) -> Iterator[Rolled]:
    """What some files of a month became, as a whole where plain sums will do, else in parts."""
    try:
        if (found := summed(engine, task)) is not None:
            yield found
            return
    finally:
        engine.forget()
    for part in by_meters(task, engine.at_once):
        try:
            yield _by_blocks(engine, part)
        finally:
            engine.forget()


def summed(engine: Engine, task: Task) -> Rolled | None:
    """A month in which no row can be refused by what it says, and no meter has a time twice: plain sums. None where that cannot be told so quickly, or a meter is not to be read then."""
    order = order_of(task) if clean(task) else None
    if order is None:
        return None
    keys, register = task.keys, register_of(task)
    sums = [nw.len().alias("rows"), nw.col("value").sum().alias("total"), nw.col("value").max().alias("largest")]
    right = pl.col("first").is_not_null()
    # Only where the register, the statistics of the files or an odd month leave a doubt are more than the sums needed.
    interval = task.table.interval
    if (task.window.end - task.window.start) % interval or register.select(((pl.col("first") > 0) | (pl.col("after") < task.slots)).any()).item():
        slot = nw.col("rel") // interval
        sums += [slot.min().alias("least"), slot.max().alias("most")]
        right &= (pl.col("least") >= pl.col("first")) & (pl.col("most") < pl.col("after"))
    if (values := task.ranges["value"]) is None or values.least < 0:
        sums.append(nw.col("value").min().alias("lowest"))
        right &= (pl.col("lowest") >= 0) | pl.col("feeds_back")
    rows = judged(engine, replace(task, files=order.files))
    if order.rising:
        rows = engine.in_order(rows, keys[0])
    meters = engine.collect(rows.group_by(keys).agg(sums)).join(register, on=keys, how="left")
    if meters.height != order.stretches or not meters.select(right.fill_null(value=False).all()).item():
        return None
    none = [pl.lit(0, dtype=pl.Int64).alias(name) for name in ("estimated", "estimated_total")]
    meters = meters.select(*keys, "rows", pl.col("rows").alias("used"), "total", *none, "largest").sort(keys)
    return Rolled(meters, _no_refused(task), _days_of_rows(engine, task, meters), no_suspects(task))


def _days_of_rows(engine: Engine, task: Task, meters: pl.DataFrame) -> pl.DataFrame:
    """Intervals by day of meters that lack some, where every row is one."""
    lacking = meters.filter(pl.col("used") < task.slots).select(task.keys)
    if lacking.is_empty():
        return _no_days(task)
    rows = judged(engine, task).join(engine.table(lacking), on=task.keys, how="semi").with_columns(_day(task).alias("day"))
    days = engine.collect(rows.group_by(*task.keys, "day").agg(nw.len().alias("used"), nw.col("value").sum().alias("total")))
    return days.with_columns(estimated=0, estimated_total=0).cast(_NUMBERS).sort(*task.keys, "day")


def _by_blocks(engine: Engine, task: Task) -> Rolled:
    """A month with whatever it holds."""
    keys, register = task.keys, engine.table(register_of(task))
    blocks = engine.keep(_blocks(engine, task).join(register, on=keys, how="left").with_columns(_is_whole(task).alias("whole")))
    whole = engine.collect(
        blocks.filter(nw.col("whole")).group_by(keys).agg(
            nw.col("rows").sum(), nw.len().alias("blocks"), nw.col("total").sum(), nw.col("estimated").sum(), nw.col("estimated_total").sum(), nw.col("largest").max()
        )
    )  # fmt: skip
    rest = blocks.filter(~nw.col("whole")).select(*keys, "block")
    if not engine.collect(rest.select(nw.len().alias("n"))).item():
        meters = _meters(whole, None, None, keys)
        return Rolled(meters, _no_refused(task), _days(engine, task, meters, blocks, None), no_suspects(task))
    rows = _one_by_one(engine, task, rest, register)
    refused = engine.collect(rows.filter(nw.col("code") > 0).group_by(*keys, "code").agg(nw.len().alias("rows")))
    slots = engine.keep(latest(engine, rows, [*keys, "slot"]))
    told = engine.collect(
        slots.group_by(keys).agg(
            nw.when(known_last()).then(nw.lit(1)).otherwise(nw.lit(0)).sum().alias("used"),
            *(nw.when(known_last()).then(nw.col(name)).sum().alias(called) for name, called in (("least", "total"), ("estimated", "estimated"), ("estimated_value", "estimated_total"))),
            nw.when(known_last()).then(nw.col("least")).max().alias("largest"), *AMONG_ROWS,
        )
    )  # fmt: skip
    meters = _meters(whole, told, refused, keys)
    return Rolled(meters, _all_refused(refused, told, keys), _days(engine, task, meters, blocks, slots), suspects(engine, task, slots, [nw.col("slot").alias("place")]))


def _blocks(engine: Engine, task: Task) -> nw.LazyFrame[Any]:
    """Counts and sums of each block of each meter. Rows of no interval are block -1."""
    rows = judged(engine, task)
    # Whole numbers up to 2^47, which some engines hold as binary floats: 48 of them add up exactly in those too, and more of them cannot overflow.
    placed = _placed(task, rows).with_columns((nw.lit(2, nw.Int64) ** (nw.col("place") % BLOCK)).alias("power"))
    good = nw.col("code") == 0
    return placed.group_by(*task.keys, "block").agg(
        nw.len().alias("rows"),
        nw.when(good).then(nw.col("power")).otherwise(nw.lit(0)).sum().alias("powers"), nw.when(good & (nw.col("block") >= 0)).then(nw.col("rel")).otherwise(nw.lit(0)).sum().alias("elapsed"),
        nw.when(good).then(nw.col("value")).sum().alias("total"), nw.when(good).then(nw.col("value")).max().alias("largest"),
        nw.when(nw.col("value") < 0).then(nw.lit(1)).otherwise(nw.lit(0)).sum().alias("below"),
        nw.when(good).then(nw.col("estimated")).sum().alias("estimated"),
        nw.when(good & (nw.col("estimated") == 1)).then(nw.col("value")).otherwise(nw.lit(0)).sum().alias("estimated_total"),
    )  # fmt: skip


def _placed(task: Task, rows: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """The rows with the `day` in which they lie (-1 for none), their `place` among its intervals, and their `block`."""
    inside = (nw.col("rel") >= 0) & (nw.col("rel") < task.window.end - task.window.start)
    rows = rows.with_columns(nw.when(inside).then(_day(task)).otherwise(nw.lit(-1)).alias("day"))
    rows = rows.with_columns(nw.when(nw.col("day") >= 0).then((nw.col("rel") - _day_start(task)) // task.table.interval).otherwise(nw.lit(0)).alias("place"))
    return rows.with_columns((nw.col("day") * _OF_DAY + nw.col("place") // BLOCK).alias("block"))


def _day(task: Task) -> nw.Expr:
    """The day of the month, from 0, of a row that lies in it."""
    rel = nw.col("rel")
    day: nw.Expr = rel // DAY
    for odd in odd_days(task.window):
        day = nw.when(rel >= odd.end).then((rel - odd.later) // DAY).when(rel >= odd.start).then(nw.lit(odd.number)).otherwise(day)
    return day


def _day_start(task: Task) -> nw.Expr:
    """When the day in `day` begins, in microseconds from the first instant of the month."""
    plain: nw.Expr = nw.col("day") * DAY
    start = plain
    for odd in odd_days(task.window):
        start = nw.when(nw.col("day") > odd.number).then(plain + odd.later).otherwise(start)
    return start


def _is_whole(task: Task) -> nw.Expr:
    """Whether a block holds each of its intervals exactly once, on the grid, of a meter that is read then, with nothing to refuse."""
    calendar = _calendar(task).group_by("block").agg(pl.col("slot").min(), pl.len().alias("size"))
    usual = pl.col("size") == BLOCK
    interval, block, first = task.table.interval, nw.col("block"), _first_slot(task)

    def of_size(size: int) -> nw.Expr:
        elapsed: nw.Expr = interval * (size * first + size * (size - 1) // 2)
        whole: nw.Expr = (nw.col("rows") == size) & (nw.col("powers") == 2**size - 1) & (nw.col("elapsed") == elapsed)
        return whole & (nw.col("first") <= first) & (nw.col("after") >= first + size)

    shape = of_size(BLOCK) if calendar.filter(usual).height else nw.lit(value=False)
    for size, blocks in calendar.filter(~usual).group_by("size").agg(pl.col("block")).sort("size").iter_rows():
        shape = nw.when(block.is_in(blocks)).then(of_size(size)).otherwise(shape)
    answer = shape & (block >= 0) & ((nw.col("below") == 0) | nw.col("feeds_back"))
    return nw.when(answer).then(nw.lit(value=True)).otherwise(nw.lit(value=False))


def _first_slot(task: Task) -> nw.Expr:
    """The first interval of a block, counted from the first of the month."""
    a_day, day = DAY // task.table.interval, nw.col("block") // _OF_DAY
    plain: nw.Expr = day * a_day + (nw.col("block") % _OF_DAY) * BLOCK
    first = plain
    for odd in odd_days(task.window):
        first = nw.when(day > odd.number).then(plain + odd.later // task.table.interval).otherwise(first)
    return first


def _one_by_one(engine: Engine, task: Task, rest: nw.LazyFrame[Any], register: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """The rows of blocks that are not whole, with the rule that each meets alone, or for its meter."""
    keys, interval = task.keys, task.table.interval
    rows = judged(engine, task, wanted=["known"])
    rows = _placed(task, rows).with_columns(nw.when((nw.col("day") >= 0) & (nw.col("rel") // interval < task.slots)).then(nw.col("rel") // interval).otherwise(nw.lit(-1)).alias("slot"))
    rows = rows.join(rest, on=[*keys, "block"], how="semi").join(register, on=keys, how="left").drop("place").with_columns(nw.col("slot").alias("place"))
    return engine.keep(with_meter_rules(task, rows).select(*keys, "slot", "value", "estimated", "known", "code"))


def _days(engine: Engine, task: Task, meters: pl.DataFrame, blocks: nw.LazyFrame[Any], slots: nw.LazyFrame[Any] | None) -> pl.DataFrame:
    """Intervals used by day, of meters that lack some: those of whole blocks, and those that were looked at one by one, if any were."""
    keys = task.keys
    lacking = meters.filter(pl.col("used") < task.slots).select(keys)
    if lacking.is_empty():
        return _no_days(task)
    wanted = engine.table(lacking)
    whole = blocks.filter(nw.col("whole")).join(wanted, on=keys, how="semi").with_columns((nw.col("block") // _OF_DAY).alias("day"))
    parts = [whole.group_by(*keys, "day").agg(nw.col("rows").sum().alias("used"), *(nw.col(name).sum() for name in _COUNTS[1:]))]
    if slots is not None:
        single = slots.filter(known_last()).join(wanted, on=keys, how="semi").join(engine.table(_calendar(task).select("slot", "day")), on="slot", how="inner")
        parts.append(single.group_by(*keys, "day").agg(nw.len().alias("used"), nw.col("least").sum().alias("total"), nw.col("estimated").sum(), nw.col("estimated_value").sum().alias("estimated_total")))
    both = pl.concat([engine.collect(part).cast(_NUMBERS) for part in parts])
    return both.group_by(*keys, "day").agg(pl.col(_COUNTS).sum()).sort(*keys, "day")


def _calendar(task: Task) -> pl.DataFrame:
    """Each interval of the month with its day and block."""
    slots = pl.DataFrame({"slot": pl.int_range(task.slots, eager=True, dtype=pl.Int64)}).with_columns((pl.col("slot") * task.table.interval).alias("at"))
    starts = pl.DataFrame({"start": pl.Series([day - task.window.start for day in task.window.days[:-1]], dtype=pl.Int64)}).with_row_index("day")
    placed = slots.join_asof(starts.with_columns(pl.col("day").cast(pl.Int64)), left_on="at", right_on="start")
    return placed.select("slot", "day", (pl.col("day") * _OF_DAY + (pl.col("at") - pl.col("start")) // task.table.interval // BLOCK).alias("block"))


def _meters(whole: pl.DataFrame, told: pl.DataFrame | None, refused: pl.DataFrame | None, keys: list[str]) -> pl.DataFrame:
    """Whole blocks and single rows of each meter together."""
    parts = [whole.select(*keys, "rows", pl.col("rows").alias("used"), "total", "estimated", "estimated_total", "largest")]
    if told is not None and refused is not None:
        parts.append(told.select(parts[0].columns))
        parts.append(refused.select(*keys, "rows", *(pl.lit(0, dtype=pl.Int64).alias(name) for name in _COUNTS), pl.lit(None, dtype=pl.Int64).alias("largest")))
    return pl.concat(parts).group_by(keys).agg(pl.col("rows", *_COUNTS).sum(), pl.col("largest").max()).sort(keys)


def _all_refused(refused: pl.DataFrame, told: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    among = [told.select(*keys, pl.lit(CODE[name], dtype=pl.Int64).alias("code"), pl.col(name).alias("rows")).filter(pl.col("rows") > 0) for name in ("conflict", "superseded", "duplicate")]
    return pl.concat([refused.select(*keys, "code", "rows"), *among]).sort(*keys, "code")


def _no_refused(task: Task) -> pl.DataFrame:
    return pl.DataFrame(schema={**dict.fromkeys(task.keys, pl.String()), "code": pl.Int64(), "rows": pl.Int64()})


def _no_blocks(task: Task) -> pl.DataFrame:
    return pl.DataFrame(schema={**dict.fromkeys(task.keys, pl.String()), **dict.fromkeys(("rows", "blocks", "total", "estimated", "estimated_total", "largest"), pl.Int64())})


def _no_days(task: Task) -> pl.DataFrame:
    return pl.DataFrame(schema={**dict.fromkeys(task.keys, pl.String()), **_NUMBERS})
