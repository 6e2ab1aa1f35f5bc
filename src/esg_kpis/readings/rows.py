"""One meter in one month, row by row: what each reading says, where it stands, and what became of it. What the roll-up does for millions at once, done so that a person can follow it.

It is written apart from the roll-up, in Polars and by sorting, and a test holds the two together: who doubts a month can add up its rows here.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from esg_kpis.errors import InputProblem
from esg_kpis.readings.judged import Task
from esg_kpis.readings.rules import CODE, RULES
from esg_kpis.readings.samples import as_placed, judged_rows
from esg_kpis.readings.stitched import counted_between

_FATES = {CODE[rule.name]: rule.fate for rule in RULES} | {0: "used"}
_NAMES = {CODE[rule.name]: rule.name for rule in RULES} | {0: ""}
ROWS = pl.Schema({
    "path": pl.String(), "row": pl.Int64(), "time": pl.String(), "value": pl.String(), "at": pl.Int64(), "day": pl.Int64(), "fate": pl.String(), "rule": pl.String(), "estimated": pl.Boolean(), "counted": pl.Int64(),
})  # fmt: skip
"""A row of a file: path below data/raw, row from 1 (of text the line), time and value as the file has them, microseconds from the first instant of the month, day of the month from 0, what became of it,
and what it counts in the smallest step of the table (of a counter: since the reading before it; null for the first, which rests on the month before)."""


def rows_of(task: Task, meter: Mapping[str, str], root: Path) -> pl.DataFrame:
    """The rows of a meter in a month, in the order of time and of files.

    Args:
        task: The month.
        meter: `meter_id`, and `site_id` where the table names it.
        root: Folder below which files are named.

    Columns: `ROWS`.

    Raises:
        InputProblem: if there are none.
    """
    own = pl.all_horizontal([pl.col(key) == meter[key] for key in task.keys])
    rows = judged_rows(task, ["known", "device"] if task.table.form == "register" else ["known"]).filter(own).collect(engine="streaming")
    if rows.is_empty():
        raise InputProblem(f"There are no rows of {' '.join(meter.values())} in {task.window.month}.", where=f"table '{task.table.name}'", mend="See reading_months.csv for the meters of a month.")
    place = [*task.keys, "device", "rel"] if task.table.form == "register" else [*task.keys, "place"]
    rows = _by_what_came_last(rows, place)
    counted = _steps(task, rows) if task.table.form == "register" else rows.with_columns(pl.when(pl.col("code") == 0).then(pl.col("value")).alias("counted"))
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


def _steps(task: Task, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of a counter with what it counted since the one before, and with the rules for those that stand out of the row."""
    fact = rows.row(0, named=True)
    feeds_back, around, restarts = bool(fact["feeds_back"]), fact["around"], task.table.resets == "zero"
    found = []
    for (_,), own in rows.filter(pl.col("code") == 0).sort("device", "rel").group_by(["device"], maintain_order=True):
        values = own["value"].to_list()
        codes = [_slip(values, number, feeds_back=feeds_back, restarts=restarts) for number in range(len(values))]
        steps: list[int | None] = []
        before: int | None = None
        for value, code in zip(values, codes, strict=True):
            steps.append(None if code or before is None else counted_between(before, value, feeds_back=feeds_back, around=around, restarts=restarts))
            before = before if code else value
        found.append(own.with_columns(pl.Series("code", codes, dtype=pl.Int32()), pl.Series("counted", steps, dtype=pl.Int64())))
    return pl.concat([rows.filter(pl.col("code") != 0).with_columns(pl.lit(None, dtype=pl.Int64()).alias("counted"), pl.col("code").cast(pl.Int32())), *found])


def _slip(values: list[int], number: int, *, feeds_back: bool, restarts: bool) -> int:
    """The rule of a reading that stands out between the two beside it; 0 for none."""
    if feeds_back or not 0 < number < len(values) - 1:
        return 0
    before, value, behind = values[number - 1 : number + 2]
    if before <= behind < value:
        return CODE["above_the_next"]
    return CODE["below_the_last"] if value < before <= behind and not restarts else 0
