"""One meter in one month, row by row: what each reading says, where it stands, and what became of it. What the roll-up does for millions at once, done so that a person can follow it.

It is written apart from the roll-up, in Polars and by sorting, and a test holds the two together: who doubts a month can add up its rows here.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import polars as pl

from esg_kpis.errors import InputProblem
from esg_kpis.readings.judged import Task
from esg_kpis.readings.rules import CODE, RULES
from esg_kpis.readings.samples import as_placed, judged_rows
from esg_kpis.readings.stitched import counted_between, slip_of

_FATES = {CODE[rule.name]: rule.fate for rule in RULES} | {0: "used"}
_NAMES = {CODE[rule.name]: rule.name for rule in RULES} | {0: ""}
ROWS = pl.Schema({
    "path": pl.String(), "row": pl.Int64(), "time": pl.String(), "value": pl.String(), "at": pl.Int64(), "day": pl.Int64(), "fate": pl.String(), "rule": pl.String(), "estimated": pl.Boolean(), "counted": pl.Int64(),
})  # fmt: skip
"""A row of a file: path below data/raw, row from 1 (of text the line), time and value as the file has them, microseconds from the first instant of the month, day of the month from 0, what became of it,
and what it counts in the smallest step of the table (of a counter: since the reading before it; null for the first, which rests on the month before)."""

Beside = Mapping[str, tuple[int | None, int | None]]


def rows_of(task: Task, meter: Mapping[str, str], root: Path, beside: Beside = MappingProxyType({})) -> pl.DataFrame:
    """The rows of a meter in a month, in the order of time and of files.

    Args:
        task: The month.
        meter: `meter_id`, and `site_id` where the table names it.
        root: Folder below which files are named.
        beside: Of a counter, by device, the reading before its first in the month and the one after its last, see `readings_of`.

    Columns: `ROWS`.

    Raises:
        InputProblem: if there are none.
    """
    rows = _rows(task, meter)
    if rows.is_empty():
        raise InputProblem(f"There are no rows of {' '.join(meter.values())} in {task.window.month}.", where=f"table '{task.table.name}'", mend="See reading_months.csv for the meters of a month.")
    counted = _steps(task, rows, beside) if task.table.form == "register" else rows.with_columns(pl.when(pl.col("code") == 0).then(pl.col("value")).alias("counted"))
    days = pl.DataFrame({"start": pl.Series([day - task.window.start for day in task.window.days[:-1]], dtype=pl.Int64)}).with_row_index("day")
    return (
        as_placed(task, counted, root).sort("rel", "path", "row", nulls_last=True).join_asof(days, left_on="rel", right_on="start", check_sortedness=False)
        .select(
            "path", "row", pl.col("time_text").alias("time"), pl.col("value_text").alias("value"), pl.col("rel").alias("at"), "day",
            pl.col("code").replace_strict(_FATES, return_dtype=pl.String()).alias("fate"), pl.col("code").replace_strict(_NAMES, return_dtype=pl.String()).alias("rule"),
            (pl.col("estimated") == 1).alias("estimated"), "counted",
        ).cast(ROWS)
    )  # fmt: skip


def _by_what_came_last(rows: pl.DataFrame, place: list[str]) -> pl.DataFrame:
    """The rows with the rules that need the others: of those about the same, the first that became known last is used, if all of these say the same."""
    good = rows.filter(pl.col("code") == 0)
    newest = pl.col("known").max().over(place)
    last = good.with_columns((pl.col("known") == newest).alias("last"))
    last = last.with_columns((pl.col("value").filter(pl.col("last")).n_unique().over(place) > 1).alias("apart"), pl.struct("path", "row").rank("ordinal").over([*place, "last"]).alias("number"))
    code = pl.when(~pl.col("last")).then(CODE["superseded"]).when("apart").then(CODE["conflict"]).when(pl.col("number") > 1).then(CODE["duplicate"]).otherwise(0)
    estimated = pl.col("estimated").filter(pl.col("last")).min().over(place)
    judged = last.with_columns(code.alias("code")).with_columns(pl.when(pl.col("code") == 0).then(estimated).otherwise(pl.col("estimated")).alias("estimated"))
    return pl.concat([rows.filter(pl.col("code") != 0), judged.drop("last", "apart", "number").cast(rows.schema)])


def readings_of(task: Task, meter: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    """The first and the last reading of each device of a counter in a month, of those that count as the month tells by itself."""
    rows = _steps(task, _rows(task, meter), {}).filter(pl.col("code") == 0).sort("device", "rel")
    return {device: (first, last) for device, first, last in rows.group_by("device", maintain_order=True).agg(pl.col("value").first().alias("first"), pl.col("value").last().alias("last")).iter_rows()}


def _rows(task: Task, meter: Mapping[str, str]) -> pl.DataFrame:
    """The rows of a meter, with the rule that each meets alone, for its meter, or because another tells of the same."""
    own = pl.all_horizontal([pl.col(key) == meter[key] for key in task.keys])
    form = task.table.form
    rows = judged_rows(task, ["known", "device"] if form == "register" else ["known"]).filter(own).collect(engine="streaming")
    return _by_what_came_last(rows, [*task.keys, "device", "rel"] if form == "register" else [*task.keys, "place"])


def _steps(task: Task, rows: pl.DataFrame, beside: Beside) -> pl.DataFrame:
    """The rows of a counter with what it counted since the one before, and with the rules for those that stand out of the row."""
    if rows.is_empty():
        return rows.with_columns(pl.lit(None, dtype=pl.Int64()).alias("counted"), pl.col("code").cast(pl.Int32()))
    fact = rows.row(0, named=True)
    feeds_back, around, restarts = bool(fact["feeds_back"]), fact["around"], task.table.resets == "zero"
    found = []
    for (_,), own in rows.filter(pl.col("code") == 0).sort("device", "rel").group_by(["device"], maintain_order=True):
        values = own["value"].to_list()
        ahead, behind = beside.get(own["device"][0], (None, None))
        around_them = [ahead, *values, behind]
        codes = [0 if feeds_back else slip_of(*around_them[number : number + 3]) for number in range(len(values))]
        steps: list[int | None] = []
        before: int | None = None
        for value, code in zip(values, codes, strict=True):
            steps.append(None if code or before is None else counted_between(before, value, feeds_back=feeds_back, around=around, restarts=restarts))
            before = before if code else value
        found.append(own.with_columns(pl.Series("code", codes, dtype=pl.Int32()), pl.Series("counted", steps, dtype=pl.Int64())))
    return pl.concat([rows.filter(pl.col("code") != 0).with_columns(pl.lit(None, dtype=pl.Int64()).alias("counted"), pl.col("code").cast(pl.Int32())), *found])
