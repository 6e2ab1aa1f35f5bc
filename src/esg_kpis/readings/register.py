"""Cumulative register readings of one month to what its counters counted between their first and their last reading, per meter and device.

Where a counter falls for no reason that is known, nobody can say what was consumed: there one segment of its readings ends and another begins. What lies between the last reading of one month and the
first of the next is stitched afterwards from these few rows (see `stitched`), so that each month is computed alone.
"""

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import polars as pl

from esg_kpis.readings.engines import Engine
from esg_kpis.readings.judged import Task, groups, judged, register_of, with_meter_rules
from esg_kpis.readings.latest import AMONG_ROWS, known_last, latest, no_suspects, suspects
from esg_kpis.readings.parts import by_files, by_meters, first_suspects, laid_together
from esg_kpis.readings.rules import CODE

COUNTER = {
    "device": pl.String(), "segment": pl.Int64(), "used": pl.Int64(), "total": pl.Int64(), "estimated": pl.Int64(), "estimated_total": pl.Int64(), "rollovers": pl.Int64(), "resets": pl.Int64(), "missing": pl.Int64(),
    "first_at": pl.Int64(), "first_value": pl.Int64(), "last_at": pl.Int64(), "last_value": pl.Int64(),
}  # fmt: skip

ENDS = {
    "device": pl.String(), "segment": pl.Int64(), "second_at": pl.Int64(), "second_value": pl.Int64(), "before_at": pl.Int64(), "before_value": pl.Int64(),
    "first_estimated": pl.Int64(), "second_estimated": pl.Int64(), "last_estimated": pl.Int64(),
}  # fmt: skip


@dataclass(frozen=True)
class Counted:
    """What a month of a table of registers became.

    Attributes:
        counters: A row per meter, device and segment: key and `COUNTER`. `total` is what was counted from the first to the last reading, in smallest steps; times in microseconds from the first instant of the month.
        ends: A row per row of `counters`: key and `ENDS`, the second reading and the one before the last (zeros where there is none), and which are estimates. With these `stitched` judges the first and the last by the months beside.
        meters: A row per meter that sent rows: key, `rows`.
        refused: Rows by key and `code` of the rule.
        suspects: Some readings that are refused because of others: key, `place` and `code`.
    """

    counters: pl.DataFrame
    ends: pl.DataFrame
    meters: pl.DataFrame
    refused: pl.DataFrame
    suspects: pl.DataFrame


def counted(engine: Engine, task: Task) -> Counted:
    """Rolls up one month of register readings."""
    if not groups(task):
        names = dict.fromkeys(task.keys, pl.String())
        rows = pl.DataFrame(schema={**names, "code": pl.Int64(), "rows": pl.Int64()})
        return Counted(pl.DataFrame(schema={**names, **COUNTER}), pl.DataFrame(schema={**names, **ENDS}), rows.drop("code"), rows, no_suspects(task))
    keys, found = task.keys, []
    for part in (part for files in by_files(task, engine.at_once) for part in by_meters(files, engine.at_once)):
        try:
            found.append(_counted(engine, part))
        finally:
            engine.forget()
    counters, ends = (pl.concat(parts).sort(*keys, "device", "segment") for parts in ([part.counters for part in found], [part.ends for part in found]))
    meters, refused = laid_together([part.meters for part in found], keys), laid_together([part.refused for part in found], [*keys, "code"])
    return Counted(counters, ends, meters, refused, first_suspects([part.suspects for part in found], keys))


def _counted(engine: Engine, task: Task) -> Counted:
    keys = task.keys
    of_device = [*keys, "device"]
    register = engine.table(register_of(task))
    rows = _judged(engine, task, register)
    refused = engine.collect(rows.filter(nw.col("code") > 0).group_by(*keys, "code").agg(nw.len().alias("rows")))
    readings = engine.keep(latest(engine, rows, [*of_device, "rel"]))
    told = engine.collect(readings.group_by(keys).agg(*AMONG_ROWS))
    placed = readings.filter(known_last()).join(register.select(*keys, "around", "feeds_back"), on=keys, how="left")
    placed = engine.keep(_without_slips(placed, of_device))
    slips = engine.collect(placed.filter(nw.col("slip") > 0).group_by(*keys, nw.col("slip").alias("code")).agg(nw.len().alias("rows")))
    place = [nw.col("rel").alias("place")]
    doubtful = [suspects(engine, task, readings, place), suspects(engine, task, placed.filter(nw.col("slip") > 0), place, nw.col("slip"))]
    steps = engine.keep(_steps(task, placed.filter(nw.col("slip") == 0), of_device))
    counters = engine.collect(_summed(task, steps, of_device)).cast({name: dtype for name, dtype in {**COUNTER, **ENDS}.items() if name != "device"}).sort(*of_device, "segment")
    among = [told.select(*keys, pl.lit(CODE[name], dtype=pl.Int64).alias("code"), pl.col(name).alias("rows")).filter(pl.col("rows") > 0) for name in ("conflict", "superseded", "duplicate")]
    sent = pl.concat([told.select(*keys, "rows"), refused.select(*keys, "rows")]).group_by(keys).agg(pl.col("rows").sum()).sort(keys)
    all_refused = pl.concat([refused.select(*keys, "code", "rows"), slips.select(*keys, "code", "rows"), *among]).sort(*keys, "code")
    return Counted(counters.select(*keys, *COUNTER), counters.select(*keys, *ENDS), sent, all_refused, pl.concat(doubtful))


def _judged(engine: Engine, task: Task, register: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """The rows with the rule that each meets alone, or for its meter."""
    rows = judged(engine, task, wanted=["known", "device"]).join(register, on=task.keys, how="left")
    rows = with_meter_rules(task, rows.with_columns(nw.col("rel").alias("place")))
    return engine.keep(rows.select(*task.keys, "device", "rel", "value", "estimated", "known", "code"))


def _without_slips(placed: nw.LazyFrame[Any], of_device: list[str]) -> nw.LazyFrame[Any]:
    """The readings with `slip`: the rule of one that stands out of the row, so that the readings beside it tell it is wrong and not they.

    Nor did the counter roll over at a reading below the one before, if the one behind goes on from there: it would have gone round once within two steps, and by more than half in one of them. Nor did it begin at zero again: it would have counted all it ever did within one step.
    """
    beside = placed.with_columns(nw.col("least").alias("value")).with_columns(
        nw.col("value").shift(1).over(*of_device, order_by="rel").alias("before"), nw.col("value").shift(-1).over(*of_device, order_by="rel").alias("behind"),
    )  # fmt: skip
    before, value, behind = nw.col("before"), nw.col("value"), nw.col("behind")
    peak = (before <= behind) & (behind < value) & ~nw.col("feeds_back")
    dip = (value < before) & (before <= behind) & ~nw.col("feeds_back")
    slip = nw.when(peak).then(nw.lit(CODE["above_the_next"])).when(dip).then(nw.lit(CODE["below_the_last"])).otherwise(nw.lit(0))
    return beside.with_columns(slip.alias("slip")).drop("before", "behind")


def _rolled(before: nw.Expr, value: nw.Expr) -> nw.Expr:
    """Whether a counter went through its highest number: it falls, its digits are known, and what it counted then is at most half of what they hold."""
    around = nw.col("around")
    return (value < before) & (before < around) & (value >= 0) & ((value - before + around) * 2 <= around)


def _steps(task: Task, readings: nw.LazyFrame[Any], of_device: list[str]) -> nw.LazyFrame[Any]:
    """Each reading with the one before it, and what was counted between."""
    beside = readings.with_columns(
        nw.col("value").shift(1).over(*of_device, order_by="rel").alias("before"), nw.col("rel").shift(1).over(*of_device, order_by="rel").alias("before_at"),
    )  # fmt: skip
    before, value = nw.col("before"), nw.col("value")
    goes_on = (value >= before) | nw.col("feeds_back")
    beside = beside.with_columns(nw.when(~goes_on & _rolled(before, value)).then(nw.lit(1)).otherwise(nw.lit(0)).alias("rolled"))
    fell = nw.when(~goes_on & (nw.col("rolled") == 0)).then(nw.lit(1)).otherwise(nw.lit(0))
    zero = task.table.resets == "zero"
    beside = beside.with_columns((fell if zero else fell * 0).alias("resets"), (fell * 0 if zero else fell).alias("falls"))
    counted_here = nw.when(nw.col("rolled") == 1).then(value - before + nw.col("around")).when(nw.col("resets") == 1).then(value).when(nw.col("falls") == 0).then(value - before)
    return beside.with_columns(counted_here.alias("step"), nw.col("falls").cum_sum().over(*of_device, order_by="rel").cast(nw.Int64).alias("segment"))


def _summed(task: Task, steps: nw.LazyFrame[Any], of_device: list[str]) -> nw.LazyFrame[Any]:
    """Each segment: what it counted, its first and last reading, and those beside these."""
    within = nw.col("falls") == 0
    took = (nw.col("rel") - nw.col("before_at") + task.table.interval // 2) // task.table.interval
    ends = steps.group_by(*of_device, "segment").agg(nw.col("rel").min().alias("first_at"), nw.col("rel").max().alias("last_at"))
    edges = steps.select(*of_device, "segment", "rel", "value", "estimated", "before", "before_at", "falls").join(ends, on=[*of_device, "segment"], how="inner")
    first, last = nw.col("rel") == nw.col("first_at"), nw.col("rel") == nw.col("last_at")
    second, after_first = (nw.col("before_at") == nw.col("first_at")) & (nw.col("falls") == 0), last & ~first
    told = {
        "first_value": (first, "value"), "last_value": (last, "value"), "second_at": (second, "rel"), "second_value": (second, "value"), "before_at": (after_first, "before_at"), "before_value": (after_first, "before"),
        "first_estimated": (first, "estimated"), "second_estimated": (second, "estimated"), "last_estimated": (last, "estimated"),
    }  # fmt: skip
    edges = edges.group_by(*of_device, "segment").agg(*(nw.when(where).then(nw.col(what)).otherwise(nw.lit(0)).sum().alias(name) for name, (where, what) in told.items()))
    sums = steps.group_by(*of_device, "segment").agg(
        nw.len().alias("used"), nw.col("step").fill_null(0).sum().alias("total"), nw.col("estimated").sum().alias("estimated"),
        (nw.col("step").fill_null(0) * nw.col("estimated")).sum().alias("estimated_total"),
        nw.col("rolled").sum().alias("rollovers"), nw.col("resets").sum().alias("resets"),
        nw.when(within & (took > 1)).then(took - 1).otherwise(nw.lit(0)).sum().alias("missing"),
    )  # fmt: skip
    on = [*of_device, "segment"]
    return sums.join(ends, on=on, how="inner").join(edges, on=on, how="inner").select(*on, *(name for name in {**COUNTER, **ENDS} if name not in ("device", "segment")))
