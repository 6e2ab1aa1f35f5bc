"""The rival: one month of interval readings rolled up by SQL written by hand for DuckDB, to the same frames as ours: meters, refused rows by rule, days of meters that lack intervals, and the first bad rows.

Its core is written in four ways with the same answer, each over rows judged once into a table, or over the files themselves scanned for each need; the bench compares ours with the quickest.
`last` takes the row known last by arg_max, `twice` counts first and looks again at what was corrected, `windows` ranks the rows of each interval, and `bits` sets a bit for each interval of a day, so that rows of
whole days need no second look: the idea of ours, in SQL. Meters are joined as small numbers, and no column is read that is not needed.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from esg_kpis.readings.judged import Task, register_of
from esg_kpis.readings.rules import CODE, RULES

CORES = ("last", "twice", "windows", "bits")
FORMS = tuple((core, kind) for core in CORES for kind in ("TABLE", "VIEW"))

_JUDGED = """
CREATE OR REPLACE TEMP {kind} {judged} AS
SELECT coalesce(g.number, -1) AS number, r.meter_id, coalesce(slot, -1)::INTEGER AS slot, wh AS value, CASE WHEN quality = 'E' THEN 1 ELSE 0 END AS estimated, epoch_us(received) AS known, file_index, file_row_number, time,
  CASE WHEN r.meter_id IS NULL OR r.meter_id = '' THEN {meter_missing} WHEN time IS NULL THEN {time_missing} WHEN rel < 0 OR rel >= {length} THEN {other_month} WHEN rel % 900000000 <> 0 THEN {off_grid}
    WHEN wh IS NULL THEN {value_missing} WHEN wh > 50000 OR wh < -50000 THEN {too_large} WHEN quality = 'X' THEN {quality} WHEN epoch_us(received) >= {known} THEN {not_known}
    WHEN g.meter_id IS NULL THEN {unknown_meter} WHEN slot < g.first OR slot >= g.after THEN {not_read_then} WHEN wh < 0 AND NOT g.feeds_back THEN {negative} ELSE 0 END AS code
FROM (SELECT *, file_index, file_row_number, epoch_us(time) - {start} AS rel, (epoch_us(time) - {start}) // 900000000 AS slot FROM read_parquet([{files}], hive_partitioning = false)) r
LEFT JOIN register g ON r.meter_id = g.meter_id
"""
_DAYS = """
CREATE OR REPLACE TEMP TABLE whole AS
SELECT number, slot // 96 AS day, count(*) AS used, sum(value) AS total, sum(estimated) AS estimated, sum(value * estimated) AS estimated_total, max(value) AS largest
FROM {judged} GROUP BY ALL HAVING count(*) = 96 AND sum(code) = 0 AND bit_or(1::HUGEINT << (slot % 96)) = 79228162514264337593543950335
"""
_REST = "CREATE OR REPLACE TEMP TABLE rest AS SELECT * FROM {judged} j WHERE NOT EXISTS (FROM whole w WHERE w.number = j.number AND w.day = j.slot // 96)"
_NO_DAYS = "CREATE OR REPLACE TEMP TABLE whole (number INTEGER, day INTEGER, used BIGINT, total BIGINT, estimated BIGINT, estimated_total BIGINT, largest BIGINT)"
_BAD = "CREATE OR REPLACE TEMP TABLE bad AS SELECT meter_id, code, file_index, file_row_number, time, value FROM {rows} WHERE code > 0"
_LAST = """
CREATE OR REPLACE TEMP TABLE slots AS
SELECT number, slot, sum(n) AS rows, arg_max(n, known) AS latest, arg_max(least, known) AS least, arg_max(most, known) AS most, arg_max(estimated, known) AS estimated
FROM (SELECT number, slot, known, count(*) AS n, min(value) AS least, max(value) AS most, min(estimated) AS estimated FROM {rows} WHERE code = 0 GROUP BY ALL) GROUP BY ALL
"""
_TWICE = """
CREATE OR REPLACE TEMP TABLE slots AS
WITH once AS MATERIALIZED (
  SELECT number, slot, count(*) AS rows, min(known) AS soonest, max(known) AS newest, min(value) AS least, max(value) AS most, min(estimated) AS estimated FROM {rows} WHERE code = 0 GROUP BY ALL)
SELECT number, slot, rows, rows AS latest, least, most, estimated FROM once WHERE soonest = newest
UNION ALL
SELECT j.number, j.slot, any_value(o.rows), count(*), min(value), max(value), min(j.estimated)
FROM {rows} j JOIN once o ON j.number = o.number AND j.slot = o.slot AND j.known = o.newest WHERE code = 0 AND soonest <> newest GROUP BY 1, 2
"""
_WINDOWS = """
CREATE OR REPLACE TEMP TABLE slots AS
SELECT number, slot, any_value(rows) AS rows, count(*) AS latest, min(value) AS least, max(value) AS most, min(estimated) AS estimated
FROM (SELECT *, count(*) OVER own AS rows FROM {rows} WHERE code = 0 WINDOW own AS (PARTITION BY number, slot) QUALIFY known = max(known) OVER own) GROUP BY number, slot
"""
_SLOTS = {"last": _LAST, "twice": _TWICE, "windows": _WINDOWS, "bits": _LAST}
_METERS = """
SELECT meter_id, sum(rows)::BIGINT AS rows, sum(used)::BIGINT AS used, sum(total)::BIGINT AS total, sum(estimated)::BIGINT AS estimated, sum(estimated_total)::BIGINT AS estimated_total, max(largest)::BIGINT AS largest FROM (
  SELECT meter_id, rows, used, total, estimated, estimated_total, largest FROM (
    SELECT number, sum(rows) AS rows, count(*) FILTER (least = most) AS used, coalesce(sum(least) FILTER (least = most), 0) AS total, coalesce(sum(estimated) FILTER (least = most), 0) AS estimated,
      coalesce(sum(least * estimated) FILTER (least = most), 0) AS estimated_total, max(least) FILTER (least = most) AS largest FROM slots GROUP BY number
    UNION ALL SELECT number, sum(used), sum(used), sum(total), sum(estimated), sum(estimated_total), max(largest) FROM whole GROUP BY number) s JOIN register USING (number)
  UNION ALL SELECT coalesce(meter_id, ''), count(*), 0, 0, 0, 0, NULL FROM bad GROUP BY 1) GROUP BY meter_id ORDER BY meter_id
"""
_REFUSED = """
SELECT meter_id, code::BIGINT AS code, rows::BIGINT AS rows FROM (
  SELECT coalesce(meter_id, '') AS meter_id, code, count(*) AS rows FROM bad GROUP BY ALL
  UNION ALL SELECT meter_id, unnest([{superseded}, {duplicate}, {conflict}]), unnest([superseded, duplicate, conflict]) FROM (
    SELECT number, sum(rows - latest) AS superseded, coalesce(sum(latest - 1) FILTER (least = most), 0) AS duplicate, coalesce(sum(latest) FILTER (least <> most), 0) AS conflict FROM slots GROUP BY number) JOIN register USING (number))
WHERE rows > 0 ORDER BY meter_id, code
"""
_LACKING = """
WITH days AS (
  SELECT number, slot // 96 AS day, count(*) AS used, sum(least) AS total, sum(estimated) AS estimated, sum(least * estimated) AS estimated_total FROM slots WHERE least = most GROUP BY ALL
  UNION ALL SELECT * EXCLUDE (largest) FROM whole),
lacking AS (SELECT number FROM register WHERE number NOT IN (SELECT number FROM days GROUP BY number HAVING sum(used) = {slots}))
SELECT meter_id, day::BIGINT AS day, sum(used)::BIGINT AS used, sum(total)::BIGINT AS total, sum(estimated)::BIGINT AS estimated, sum(estimated_total)::BIGINT AS estimated_total
FROM days JOIN register USING (number) WHERE number IN (FROM lacking) GROUP BY ALL ORDER BY meter_id, day
"""
_FIRST = """
WITH doubtful AS (SELECT number, slot FROM slots JOIN register USING (number) WHERE least <> most ORDER BY meter_id, slot LIMIT 20),
every AS (SELECT * FROM bad UNION ALL SELECT meter_id, {conflict}, file_index, file_row_number, time, value FROM {rows} WHERE code = 0 AND (number, slot) IN (FROM doubtful))
SELECT code::BIGINT AS code, file_index::BIGINT AS file, file_row_number + 1 AS row, meter_id, time, value FROM every WHERE code <> {not_known}
QUALIFY row_number() OVER (PARTITION BY code ORDER BY file_index, file_row_number) <= 20 ORDER BY code, file, row
"""


def connected(database: Any, task: Task) -> None:  # noqa: ANN401  (a connection of DuckDB)
    """Puts the register of meters into a database, as a program that runs month after month has it."""
    numbered = register_of(task).with_row_index("number").with_columns(pl.col("number").cast(pl.Int32)).drop("around")
    database.register("given", numbered.to_arrow())
    database.execute("CREATE OR REPLACE TEMP TABLE register AS FROM given")


def rolled_by_hand(database: Any, task: Task, form: tuple[str, str], root: str) -> dict[str, pl.DataFrame]:  # noqa: ANN401
    """The frames of a month, in the columns and order of ours."""
    core, kind = form
    paths = [str(file.path) for file in task.files]
    said = {**CODE, "kind": kind, "start": task.window.start, "length": task.window.end - task.window.start, "known": 2**62 if task.known is None else task.known, "slots": task.slots, "files": ", ".join(f"'{path}'" for path in paths)}
    said["judged"] = f"judged_{kind.lower()}"
    said["rows"] = "rest" if core == "bits" else said["judged"]
    steps = [_JUDGED, *((_DAYS, _REST) if core == "bits" else (_NO_DAYS,)), _BAD, _SLOTS[core]]
    for step in steps:
        database.execute(step.format(**said))
    frames = {name: _frame(database, query, said) for name, query in (("meters", _METERS), ("refused", _REFUSED), ("days", _LACKING), ("samples", _FIRST))}
    return frames | {"samples": _named(frames["samples"], paths, root)}


def _frame(database: Any, query: str, said: Mapping[str, object]) -> pl.DataFrame:  # noqa: ANN401
    return pl.DataFrame(pl.from_arrow(database.sql(query.format(**said)).to_arrow_table()))


def _named(found: pl.DataFrame, paths: list[str], root: str) -> pl.DataFrame:
    """Samples with the names of rules and files in place of numbers."""
    return found.select(
        pl.col("code").replace_strict({CODE[rule.name]: rule.name for rule in RULES}, return_dtype=pl.String).alias("rule"),
        pl.col("file").replace_strict({number: path.removeprefix(f"{root}/") for number, path in enumerate(paths)}, return_dtype=pl.String).alias("path"), "row",
        pl.lit(None, dtype=pl.String).alias("site_id"), "meter_id", pl.col("time").cast(pl.Datetime("us", "UTC")).cast(pl.String), pl.col("value").cast(pl.String),
    )  # fmt: skip
