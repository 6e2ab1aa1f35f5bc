"""Interval readings of one month to one row per meter: quantity, and how many rows and intervals became what.

A month is cut into blocks of 48 intervals. If a block has 48 rows, and the powers of two of the places of those that meet no rule add up to 2^48 - 1, each interval is there exactly once and none
is refused: fewer than 48 powers cannot add up to that, and 48 can in one way only. If their times add up to those of the 48 as well, none lies off the grid, since none can lie before its place. So for
such blocks counts and sums settle duplicates and gaps together, with no row compared to another, the same on every engine. Only the rows of other blocks are looked at one by one.
"""

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import polars as pl

from esg_kpis.readings.engines import Engine
from esg_kpis.readings.judged import Task, clean, groups, judged
from esg_kpis.readings.latest import AMONG_ROWS, known_last, latest
from esg_kpis.readings.ordered import meters_in_order
from esg_kpis.readings.rules import CODE

BLOCK = 48
_OF_METER = ("unknown_meter", "not_read_then", "negative")


@dataclass(frozen=True)
class Rolled:
    """What a month of a table became.

    Attributes:
        meters: A row per meter that sent rows: key, `rows`, `used` (intervals), `total` and `estimated_total` (smallest steps), `estimated` (intervals).
        refused: Rows by key and `code` of the rule.
        days: Intervals used by key and `day` of the month (from 0), of meters that lack some.
    """

    meters: pl.DataFrame
    refused: pl.DataFrame
    days: pl.DataFrame


def rolled(engine: Engine, task: Task) -> Rolled:
    """Rolls up one month. See the module for how."""
    if not groups(task):
        return Rolled(_meters(_no_blocks(task), None, None, task.keys), _no_refused(task), _no_days(task))
    try:
        if clean(task) and (stretches := meters_in_order(task.files, task.table)) is not None and (found := _summed(engine, task, stretches)) is not None:
            return found
        return _by_blocks(engine, task)
    finally:
        engine.forget()


def _summed(engine: Engine, task: Task, stretches: int) -> Rolled | None:
    """A month in which no row can be refused by what it says, and each of so many meters has no time twice: plain sums. None where a meter is not to be read then, or a time is off the grid."""
    keys, interval = task.keys, task.table.interval
    slot = nw.col("rel") // interval
    sums = judged(engine, task).group_by(keys).agg(
        nw.len().alias("rows"), nw.col("value").sum().alias("total"), nw.col("rel").sum().alias("elapsed"), slot.sum().alias("slots"),
        slot.min().alias("least"), slot.max().alias("most"), nw.col("value").min().alias("lowest"),
    )  # fmt: skip
    meters = engine.collect(sums).join(_in_slots(task), on=keys, how="left")
    read_then = (pl.col("least") >= pl.col("first")) & (pl.col("most") < pl.col("after")) & (pl.col("elapsed") == pl.col("slots") * interval)
    if meters.height != stretches or not meters.select((read_then & ((pl.col("lowest") >= 0) | pl.col("feeds_back"))).fill_null(value=False).all()).item():
        return None
    none = [pl.lit(0, dtype=pl.Int64).alias(name) for name in ("estimated", "estimated_total")]
    meters = meters.select(*keys, "rows", pl.col("rows").alias("used"), "total", *none).sort(keys)
    return Rolled(meters, _no_refused(task), _days_of_rows(engine, task, meters))


def _days_of_rows(engine: Engine, task: Task, meters: pl.DataFrame) -> pl.DataFrame:
    """Intervals by day of meters that lack some, where every row is one."""
    lacking = meters.filter(pl.col("used") < task.slots).select(task.keys)
    if lacking.is_empty():
        return _no_days(task)
    slots = judged(engine, task).join(engine.table(lacking), on=task.keys, how="semi").select(*task.keys, (nw.col("rel") // task.table.interval).alias("slot"))
    days = slots.join(engine.table(_calendar(task).select("slot", "day")), on="slot", how="inner").group_by(*task.keys, "day").agg(nw.len().alias("used"))
    return engine.collect(days).cast({"used": pl.Int64, "day": pl.Int64}).sort(*task.keys, "day")


def _by_blocks(engine: Engine, task: Task) -> Rolled:
    """A month with whatever it holds."""
    keys, register = task.keys, engine.table(_in_slots(task))
    blocks = engine.keep(_blocks(engine, task).join(register, on=keys, how="left").with_columns(_is_whole(task).alias("whole")))
    whole = engine.collect(
        blocks.filter(nw.col("whole")).group_by(keys).agg(
            nw.col("rows").sum(), nw.len().alias("blocks"), nw.col("total").sum(), nw.col("estimated").sum(), nw.col("estimated_total").sum()
        )
    )  # fmt: skip
    rest = blocks.filter(~nw.col("whole")).select(*keys, "block")
    if not engine.collect(rest.select(nw.len().alias("n"))).item():
        meters = _meters(whole, None, None, keys)
        return Rolled(meters, _no_refused(task), _days(engine, task, meters, blocks, None))
    rows = _one_by_one(engine, task, rest, register)
    refused = engine.collect(rows.filter(nw.col("code") > 0).group_by(*keys, "code").agg(nw.len().alias("rows")))
    slots = engine.keep(latest(engine, rows, [*keys, "slot"]))
    told = engine.collect(
        slots.group_by(keys).agg(
            nw.when(known_last()).then(nw.lit(1)).otherwise(nw.lit(0)).sum().alias("used"),
            *(nw.when(known_last()).then(nw.col(name)).sum().alias(called) for name, called in (("least", "total"), ("estimated", "estimated"), ("estimated_value", "estimated_total"))),
            *AMONG_ROWS,
        )
    )  # fmt: skip
    meters = _meters(whole, told, refused, keys)
    return Rolled(meters, _all_refused(refused, told, keys), _days(engine, task, meters, blocks, slots))


def _blocks(engine: Engine, task: Task) -> nw.LazyFrame[Any]:
    """Counts and sums of each block of each meter. Rows of no interval are block -1."""
    rows = judged(engine, task)
    place = nw.col("rel") // task.table.interval
    inside = (nw.col("rel") >= 0) & (place < task.slots)
    placed = rows.with_columns(nw.when(inside).then(place // BLOCK).otherwise(nw.lit(-1)).alias("block"), nw.when(inside).then(place % BLOCK).otherwise(nw.lit(0)).alias("place"))
    # Whole numbers up to 2^47, which some engines hold as binary floats: 48 of them add up exactly in those too, and more of them cannot overflow.
    placed = placed.with_columns((nw.lit(2, nw.Int64) ** nw.col("place")).alias("power"))
    good = nw.col("code") == 0
    return placed.group_by(*task.keys, "block").agg(
        nw.len().alias("rows"),
        nw.when(good).then(nw.col("power")).otherwise(nw.lit(0)).sum().alias("powers"), nw.when(good & (nw.col("block") >= 0)).then(nw.col("rel")).otherwise(nw.lit(0)).sum().alias("elapsed"),
        nw.when(good).then(nw.col("value")).sum().alias("total"),
        nw.when(nw.col("value") < 0).then(nw.lit(1)).otherwise(nw.lit(0)).sum().alias("below"),
        nw.when(good).then(nw.col("estimated")).sum().alias("estimated"),
        nw.when(good & (nw.col("estimated") == 1)).then(nw.col("value")).otherwise(nw.lit(0)).sum().alias("estimated_total"),
    )  # fmt: skip


def _is_whole(task: Task) -> nw.Expr:
    """Whether a block holds each of its intervals exactly once, on the grid, of a meter that is read then, with nothing to refuse."""
    last, rest = divmod(task.slots, BLOCK)
    block, interval = nw.col("block"), task.table.interval

    def of_size(size: int) -> nw.Expr:
        elapsed: nw.Expr = interval * (size * BLOCK * block + size * (size - 1) // 2)
        whole: nw.Expr = (nw.col("rows") == size) & (nw.col("powers") == 2**size - 1) & (nw.col("elapsed") == elapsed)
        return whole

    shape = nw.when(block == last).then(of_size(rest)).otherwise(of_size(BLOCK)) if rest else of_size(BLOCK)
    read_then = (nw.col("first") <= block * BLOCK) & (nw.col("after") >= nw.when(block == last).then(block * BLOCK + rest).otherwise((block + 1) * BLOCK))
    answer = shape & (block >= 0) & read_then & ((nw.col("below") == 0) | nw.col("feeds_back"))
    return nw.when(answer).then(nw.lit(value=True)).otherwise(nw.lit(value=False))


def _one_by_one(engine: Engine, task: Task, rest: nw.LazyFrame[Any], register: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """The rows of blocks that are not whole, with the rule that each meets alone, or for its meter."""
    keys, interval = task.keys, task.table.interval
    rows = judged(engine, task, wanted=["known"])
    place = nw.col("rel") // interval
    inside = (nw.col("rel") >= 0) & (place < task.slots)
    rows = rows.with_columns(nw.when(inside).then(place).otherwise(nw.lit(-1)).alias("slot"))
    rows = rows.with_columns(nw.when(inside).then(nw.col("slot") // BLOCK).otherwise(nw.lit(-1)).alias("block"))
    rows = rows.join(rest, on=[*keys, "block"], how="semi").join(register, on=keys, how="left")
    unknown = nw.col("first").is_null()
    not_then = (nw.col("slot") < nw.col("first")) | (nw.col("slot") >= nw.col("after"))
    negative = (nw.col("value") < 0) & ~nw.col("feeds_back")
    # What is left of a month in which the clock was changed by less than an interval holds no interval.
    off = ((nw.col("rel") % interval) != 0) | (nw.col("slot") < 0)
    code = nw.col("code")
    for cond, rule in reversed(list(zip((unknown, not_then, negative), _OF_METER, strict=True))):
        code = nw.when((nw.col("code") == 0) & cond).then(nw.lit(CODE[rule])).otherwise(code)
    before_grid = [CODE[name] for name in ("meter_missing", "time_missing", "time_never", "time_twice", "other_month", "future")]
    code = nw.when(off & ~nw.col("code").is_in(before_grid)).then(nw.lit(CODE["off_grid"])).otherwise(code)
    return engine.keep(rows.select(*keys, "slot", "value", "estimated", "known", code.alias("code")))


def _days(engine: Engine, task: Task, meters: pl.DataFrame, blocks: nw.LazyFrame[Any], slots: nw.LazyFrame[Any] | None) -> pl.DataFrame:
    """Intervals used by day, of meters that lack some: those of whole blocks, and those that were looked at one by one, if any were."""
    keys = task.keys
    lacking = meters.filter(pl.col("used") < task.slots).select(keys)
    if lacking.is_empty():
        return _no_days(task)
    calendar = _calendar(task)
    by_block = calendar.group_by("block", "day").len("used").with_columns(pl.col("used").cast(pl.Int64))
    wanted = engine.table(lacking)
    parts = [blocks.filter(nw.col("whole")).join(wanted, on=keys, how="semi").select(*keys, "block").join(engine.table(by_block), on="block", how="inner").group_by(*keys, "day").agg(nw.col("used").sum())]
    if slots is not None:
        placed = slots.filter(known_last()).join(wanted, on=keys, how="semi").join(engine.table(calendar.select("slot", "day")), on="slot", how="inner")
        parts.append(placed.group_by(*keys, "day").agg(nw.len().alias("used")))
    both = pl.concat([engine.collect(part).cast({"used": pl.Int64, "day": pl.Int64}) for part in parts])
    return both.group_by(*keys, "day").agg(pl.col("used").sum()).sort(*keys, "day")


def _calendar(task: Task) -> pl.DataFrame:
    """Each interval of the month with its block and its day."""
    slots = pl.DataFrame({"slot": pl.int_range(task.slots, eager=True, dtype=pl.Int64)})
    starts = pl.DataFrame({"at": pl.Series([day - task.window.start for day in task.window.days[:-1]], dtype=pl.Int64), "day": pl.int_range(len(task.window.days) - 1, eager=True, dtype=pl.Int64)})
    placed = slots.with_columns((pl.col("slot") * task.table.interval).alias("at"), (pl.col("slot") // BLOCK).alias("block"))
    return placed.join_asof(starts, on="at").select("slot", "block", "day")


def _in_slots(task: Task) -> pl.DataFrame:
    """The register with the intervals of the month in which each meter is read."""
    interval, start = task.table.interval, task.window.start
    first = ((pl.col("first") - start + interval - 1) // interval).clip(0, task.slots)
    after = ((pl.col("after") - start + interval - 1) // interval).clip(0, task.slots)
    return task.registered.select(*task.keys, "feeds_back", first.alias("first"), after.alias("after"))


def _meters(whole: pl.DataFrame, told: pl.DataFrame | None, refused: pl.DataFrame | None, keys: list[str]) -> pl.DataFrame:
    """Whole blocks and single rows of each meter together."""
    parts = [whole.select(*keys, "rows", pl.col("rows").alias("used"), "total", "estimated", "estimated_total")]
    if told is not None and refused is not None:
        parts.append(told.select(parts[0].columns))
        parts.append(refused.select(*keys, "rows", *(pl.lit(0, dtype=pl.Int64).alias(name) for name in ("used", "total", "estimated", "estimated_total"))))
    return pl.concat(parts).group_by(keys).agg(pl.col("rows", "used", "total", "estimated", "estimated_total").sum()).sort(keys)


def _all_refused(refused: pl.DataFrame, told: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    among = [told.select(*keys, pl.lit(CODE[name], dtype=pl.Int64).alias("code"), pl.col(name).alias("rows")).filter(pl.col("rows") > 0) for name in ("conflict", "superseded", "duplicate")]
    return pl.concat([refused.select(*keys, "code", "rows"), *among]).sort(*keys, "code")


def _no_refused(task: Task) -> pl.DataFrame:
    return pl.DataFrame(schema={**dict.fromkeys(task.keys, pl.String()), "code": pl.Int64(), "rows": pl.Int64()})


def _no_blocks(task: Task) -> pl.DataFrame:
    return pl.DataFrame(schema={**dict.fromkeys(task.keys, pl.String()), **dict.fromkeys(("rows", "blocks", "total", "estimated", "estimated_total"), pl.Int64())})


def _no_days(task: Task) -> pl.DataFrame:
    return pl.DataFrame(schema={**dict.fromkeys(task.keys, pl.String()), "day": pl.Int64(), "used": pl.Int64()})
