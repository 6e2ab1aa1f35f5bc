"""A few of the refused rows of a month, with file and row, for a person to look at. Always read by Polars, so that they are the same whichever engine counted."""

from collections.abc import Sequence
from pathlib import Path

import narwhals as nw
import polars as pl

from esg_kpis.readings.engines import Polars
from esg_kpis.readings.judged import Task, judged, register_of, with_meter_rules
from esg_kpis.readings.latest import EACH
from esg_kpis.readings.rules import CODE, RULES
from esg_kpis.readings.text import as_sent

_MANY = 100_000
SAMPLE = pl.Schema({"rule": pl.String(), "path": pl.String(), "row": pl.Int64(), "site_id": pl.String(), "meter_id": pl.String(), "time": pl.String(), "value": pl.String()})


def sampled(task: Task, refused: pl.DataFrame, suspects: pl.DataFrame, root: Path) -> pl.DataFrame:
    """The first rows, in the order of files, of each rule that rejects: `EACH` at most. Of rows refused because of others, those among `suspects`.

    Columns: `SAMPLE`; path below `root`, rows counted from 1, or lines of text with its header the first; time and value as the file has them.
    """
    rejecting = {CODE[rule.name]: rule.name for rule in RULES if rule.fate == "rejected"}
    wanted = [code for code in refused["code"].unique().sort().to_list() if code in rejecting]
    if not wanted:
        return pl.DataFrame(schema=SAMPLE)
    bad = _bad_rows(task, suspects).filter(pl.col("code").is_in(wanted))
    first = bad.head(_MANY).collect(engine="streaming")
    parts = [first.filter(pl.col("code") == code).head(EACH) for code in wanted]
    if first.height == _MANY:  # One rule may have so many that another is not among them.
        parts = [part if part.height == EACH else bad.filter(pl.col("code") == code).head(EACH).collect(engine="streaming") for code, part in zip(wanted, parts, strict=True)]
    found = as_placed(task, pl.concat(parts), root)
    site = pl.col("site_id") if "site_id" in task.keys else pl.lit(None, dtype=pl.String()).alias("site_id")
    return found.select(
        pl.col("code").replace_strict(rejecting, return_dtype=pl.String()).alias("rule"), "path", "row", site, "meter_id", pl.col("time_text").alias("time"), pl.col("value_text").alias("value")
    )


def as_placed(task: Task, rows: pl.DataFrame, root: Path) -> pl.DataFrame:
    """Rows of `judged_rows` with the place and text of the file as it was sent: `path` below `root`, `row` from 1, or the line of a text file whose header is the first."""
    prefix = f"{root.as_posix().rstrip('/')}/"
    sent = {str(file.path): str(file.origin) for file in task.files}
    in_text = [str(file.path) for file in task.files if file.sent is not None]
    return _as_sent(task, rows).with_columns(pl.col("path").replace(sent).str.strip_prefix(prefix), pl.col("row") + pl.col("path").is_in(in_text).cast(pl.Int64()))


def _as_sent(task: Task, found: pl.DataFrame) -> pl.DataFrame:
    """The rows, with what stands in text files as it was sent instead of as it was read."""
    for file in (file for file in task.files if file.sent is not None):
        own = pl.col("path") == str(file.path)
        if file.sent is None or found.filter(own).is_empty():
            continue
        sent = as_sent(file.sent, task.table, file.path.parent, file.sent.name, found.filter(own)["row"])
        joined = found.join(sent.with_columns(pl.lit(str(file.path)).alias("path")), on=["path", "row"], how="left", maintain_order="left", suffix="_sent")
        found = joined.with_columns(pl.when(own).then(pl.col(f"{name}_sent")).otherwise(pl.col(name)).alias(name) for name in ("time_text", "value_text")).drop("time_text_sent", "value_text_sent")
    return found


def _bad_rows(task: Task, suspects: pl.DataFrame) -> pl.LazyFrame:
    """Every row that is refused by what it says, for its meter, or because of others as `suspects` tells."""
    rows = judged_rows(task, [])
    if suspects.height:
        rows = rows.join(suspects.rename({"code": "__other"}).lazy(), on=[*task.keys, "place"], how="left", maintain_order="left")
        rows = rows.with_columns(pl.when(pl.col("code") == 0).then(pl.col("__other").fill_null(0)).otherwise(pl.col("code")).alias("code"))
    return rows.filter(pl.col("code") > 0)


def judged_rows(task: Task, wanted: Sequence[str]) -> pl.LazyFrame:
    """Every row of a month in the order of files, with `path` and `row`, what stands there as text, its `place` in the month, the register beside it, and the rule that it meets alone or for its meter."""
    alone = judged(Polars(Path()), task, wanted=["places", *wanted]).to_native()
    rows = nw.from_native(alone.join(register_of(task).lazy(), on=task.keys, how="left", maintain_order="left"))
    interval = task.table.interval if task.table.form == "interval" else 1
    inside = (nw.col("rel") >= 0) & (nw.col("rel") // interval < (task.window.end - task.window.start) // interval)
    rows = with_meter_rules(task, rows.with_columns(nw.when(inside).then(nw.col("rel") // interval).otherwise(nw.lit(-1)).alias("place")))
    native: pl.LazyFrame = rows.to_native()
    return native
