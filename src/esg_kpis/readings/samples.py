"""A few of the refused rows of a month, with file and row, for a person to look at. Always read by Polars, so that they are the same whichever engine counted."""

from collections.abc import Callable, Sequence
from pathlib import Path

import narwhals as nw
import polars as pl

from esg_kpis.readings.calendar import EARLIEST, LATEST
from esg_kpis.readings.engines import Polars, named
from esg_kpis.readings.found import File
from esg_kpis.readings.judged import Task, judged, register_of, with_meter_rules
from esg_kpis.readings.latest import EACH
from esg_kpis.readings.rules import CODE, RULES
from esg_kpis.readings.text import as_sent

_BEGINNING = 250_000
_MANY = 100_000
_AMONG = [CODE[name] for name in ("conflict", "above_the_next", "below_the_last")]
"""Rules of rows that are refused because of others: shown are those among `suspects`."""
SAMPLE = pl.Schema({"rule": pl.String(), "path": pl.String(), "row": pl.Int64(), "site_id": pl.String(), "meter_id": pl.String(), "time": pl.String(), "value": pl.String()})


def sampled(task: Task, refused: pl.DataFrame, suspects: pl.DataFrame, root: Path) -> pl.DataFrame:
    """The first rows, in the order of files, of each rule that rejects: `EACH` at most. Of rows refused because of others, those among `suspects`.

    Columns: `SAMPLE`; path below `root`, rows counted from 1, or lines of text with its header the first; time and value as the file has them.
    """
    rejecting = {CODE[rule.name]: rule.name for rule in RULES if rule.fate == "rejected"}
    wanted = [code for code in refused["code"].unique().sort().to_list() if code in rejecting]
    if not wanted:
        return pl.DataFrame(schema=SAMPLE)
    found = as_placed(task, _first_of_each(task, refused, suspects, wanted), root)
    site = pl.col("site_id") if "site_id" in task.keys else pl.lit(None, dtype=pl.String()).alias("site_id")
    return found.select(
        pl.col("code").replace_strict(rejecting, return_dtype=pl.String()).alias("rule"), "path", "row", site, "meter_id", pl.col("time_text").alias("time"), pl.col("value_text").alias("value")
    )


def as_placed(task: Task, rows: pl.DataFrame, root: Path) -> pl.DataFrame:
    """A few rows of `judged_rows` with the place and text of the file as it was sent: `path` below `root`, `row` from 1, or the line of a text file that it begins on; `time_text`, `value_text`."""
    prefix = f"{root.as_posix().rstrip('/')}/"
    sent = {str(file.path): str(file.origin) for file in task.files}
    return _as_sent(task, rows).with_columns(pl.col("path").replace(sent).str.strip_prefix(prefix), pl.col("line").alias("row")).drop("line")


def _first_of_each(task: Task, refused: pl.DataFrame, suspects: pl.DataFrame, wanted: Sequence[int]) -> pl.DataFrame:
    """The first rows of each rule. Most rules have theirs near the beginning; for those that do not, only rows of meters that met them are looked at."""
    beginning = _bad_rows(task, suspects, lambda rows: rows.head(_BEGINNING)).filter(pl.col("code").is_in(wanted)).collect(engine="streaming")
    parts = {code: beginning.filter(pl.col("code") == code).head(EACH) for code in wanted}
    if left := [code for code, part in parts.items() if part.height < EACH]:
        meters = pl.concat([refused.filter(pl.col("code").is_in(left) & ~pl.col("code").is_in(_AMONG)), suspects], how="diagonal")["meter_id"].unique().implode()
        bad = _bad_rows(task, suspects, lambda rows: rows.filter(pl.col("meter_id").is_in(meters))).filter(pl.col("code").is_in(left))
        first = bad.head(_MANY).collect(engine="streaming")
        for code in left:
            part = first.filter(pl.col("code") == code).head(EACH)
            # One rule may have so many that another is not among the first.
            parts[code] = bad.filter(pl.col("code") == code).head(EACH).collect(engine="streaming") if first.height == _MANY and part.height < EACH else part
    return pl.concat([parts[code] for code in wanted])


def _as_sent(task: Task, found: pl.DataFrame) -> pl.DataFrame:
    """The rows with time and value as text: of text files what was sent, of others what is stored."""
    of_path = {str(file.path): file for file in task.files}
    parts = [pl.DataFrame(schema={"path": pl.String(), "row": pl.Int64(), "line": pl.Int64(), "time_text": pl.String(), "value_text": pl.String()})]
    for path in found["path"].unique().sort():
        file, rows = of_path[path], found.filter(pl.col("path") == path)["row"]
        sent = as_sent(file.sent, task.table, file.path.parent, file.sent.name, rows) if file.sent is not None else _as_stored(file, rows)
        parts.append(sent.select(pl.lit(path).alias("path"), "row", "line", "time_text", "value_text"))
    return found.join(pl.concat(parts), on=["path", "row"], how="left", maintain_order="left")


def _as_stored(file: File, rows: pl.Series) -> pl.DataFrame:
    """What stands in a few rows of a Parquet file, in the columns of `text.as_sent`."""
    told = pl.scan_parquet(file.path, hive_partitioning=False, glob=False, cache=False, row_index_name="__row", row_index_offset=1)
    few = told.select(pl.col("__row").cast(pl.Int64()).alias("row"), *(named(file.columns[name]).alias(f"{name}_text") for name in ("time", "value"))).filter(pl.col("row").is_in(rows.unique().implode())).collect(engine="streaming")
    time = pl.col("time_text")
    if few["time_text"].dtype == pl.Datetime:
        # Polars has no text for a time that no calendar has: its ticks are told.
        meant = time.dt.timestamp("us").is_between(EARLIEST, LATEST, closed="left")
        time = pl.coalesce(pl.when(meant).then(time).cast(pl.String), time.cast(pl.Int64).cast(pl.String))
    return few.with_columns(pl.col("row").alias("line"), time, pl.col("value_text").cast(pl.String))


def _bad_rows(task: Task, suspects: pl.DataFrame, among: Callable[[pl.LazyFrame], pl.LazyFrame]) -> pl.LazyFrame:
    """Every row among those asked for that is refused by what it says, for its meter, or because of others as `suspects` tells."""
    rows = judged_rows(task, [], among)
    if suspects.height:
        rows = rows.join(suspects.rename({"code": "__other"}).lazy(), on=[*task.keys, "place"], how="left", maintain_order="left")
        rows = rows.with_columns(pl.when(pl.col("code") == 0).then(pl.col("__other").fill_null(0)).otherwise(pl.col("code")).alias("code"))
    return rows.filter(pl.col("code") > 0)


def judged_rows(task: Task, wanted: Sequence[str], among: Callable[[pl.LazyFrame], pl.LazyFrame] = lambda rows: rows) -> pl.LazyFrame:
    """Rows of a month in the order of files, all or those that `among` leaves, with `path` and `row`, their `place` in the month, the register beside them, and the rule that each meets alone or for its meter."""
    alone = among(judged(Polars(Path()), task, wanted=["places", *wanted]).to_native())
    rows = nw.from_native(alone.join(register_of(task).lazy(), on=task.keys, how="left", maintain_order="left"))
    interval = task.table.interval if task.table.form == "interval" else 1
    inside = (nw.col("rel") >= 0) & (nw.col("rel") // interval < (task.window.end - task.window.start) // interval)
    rows = with_meter_rules(task, rows.with_columns(nw.when(inside).then(nw.col("rel") // interval).otherwise(nw.lit(-1)).alias("place")))
    native: pl.LazyFrame = rows.to_native()
    return native
