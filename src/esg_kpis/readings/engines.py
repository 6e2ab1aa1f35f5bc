"""The engines that a roll-up runs on: how files become a lazy frame, and results come back. What is computed between stands once, in Narwhals."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import narwhals as nw
import polars as pl

from esg_kpis.errors import InputProblem

TEXT = ("meter_id", "site_id", "quality", "summer", "device")
AT_ONCE = 5_000_000
_SPARK_TIMES = {
    "timestamp": "unix_micros({})", "bigint": "({} div 1000)",
    "timestamp_ntz": "timestampdiff(MICROSECOND, TIMESTAMP_NTZ '1970-01-01 00:00:00', {})", "date": "unix_date({}) * 86400000000",
}  # fmt: skip
"""Microseconds of what Spark reads as a time, whatever time zone its session is in; nanoseconds it reads as whole numbers."""


@dataclass(frozen=True)
class Wanted:
    """What is read of files of one type.

    Attributes:
        columns: Ours to theirs.
        ticks: Ticks of a microsecond in times: 1, or 1000 for nanoseconds.
        days: Those of ours that are dates.
        untyped: Those of ours that have no type, because all is null.
        wild: Those of ours that may hold times which nobody means.
        places: Whether each row comes with the file and the row of it (`path`, `row`, from 1). Only Polars does that.
    """

    columns: dict[str, str]
    ticks: dict[str, int]
    days: tuple[str, ...] = ()
    untyped: tuple[str, ...] = ()
    wild: tuple[str, ...] = ()
    places: bool = False


class Engine(Protocol):
    """What a roll-up needs of an engine."""

    name: str
    at_once: int | None
    """Rows of a month that are rolled up at once (see `parts`), so that memory does not grow with the month; None for an engine that spreads them over machines itself."""

    def scan(self, files: Sequence[Path], wanted: Wanted) -> nw.LazyFrame[Any]:
        """Rows of Parquet files: text as text, `time` and `received` as Int64 microseconds, `value` as it is."""

    def table(self, frame: pl.DataFrame) -> nw.LazyFrame[Any]:
        """A small frame of ours."""

    def in_order(self, frame: nw.LazyFrame[Any], column: str) -> nw.LazyFrame[Any]:
        """A frame that is known to stand in the order of a column, which not every engine makes use of."""

    def keep(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """A frame that is asked for several times, computed once."""

    def collect(self, frame: nw.LazyFrame[Any]) -> pl.DataFrame:
        """The rows; whole numbers as Int64."""

    def forget(self) -> None:
        """Gives back what was kept. Frames from before cannot be asked any more."""


@dataclass
class Polars:
    """Polars, streaming."""

    folder: Path
    name: str = "polars"
    at_once: int | None = AT_ONCE
    kept: int = 0

    def scan(self, files: Sequence[Path], wanted: Wanted) -> nw.LazyFrame[Any]:
        """See `Engine`."""
        columns = []
        for ours, theirs in wanted.columns.items():
            column = named(theirs)
            if ours in wanted.untyped or ours in TEXT:
                column = column.cast(pl.String if ours in TEXT else pl.Int64)
            elif ours in ("time", "received"):
                column = (column.cast(pl.Datetime("us")) if ours in wanted.days else column).dt.timestamp("us")
            columns.append(column.alias(ours))
        if not wanted.places:
            return _lazy(pl.scan_parquet(list(files), hive_partitioning=False, glob=False, cache=False, extra_columns="ignore").select(columns))
        parts = [pl.scan_parquet(path, hive_partitioning=False, glob=False, cache=False, extra_columns="ignore", row_index_name="__row", row_index_offset=1).select(*columns, pl.lit(str(path)).alias("path"), pl.col("__row").cast(pl.Int64).alias("row")) for path in files]
        return _lazy(pl.concat(parts))

    def table(self, frame: pl.DataFrame) -> nw.LazyFrame[Any]:
        """See `Engine`."""
        return _lazy(frame.lazy())

    def in_order(self, frame: nw.LazyFrame[Any], column: str) -> nw.LazyFrame[Any]:
        """See `Engine`."""
        return _lazy(frame.to_native().set_sorted(column))

    def keep(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """See `Engine`."""
        self.kept += 1
        path = self.folder / f"{self.kept}.parquet"
        frame.to_native().sink_parquet(path, compression="uncompressed", statistics=False)
        return _lazy(pl.scan_parquet(path, hive_partitioning=False, glob=False))

    def collect(self, frame: nw.LazyFrame[Any]) -> pl.DataFrame:
        """See `Engine`."""
        return _whole(frame.to_native().collect(engine="streaming"))

    def forget(self) -> None:
        """See `Engine`."""
        for number in range(1, self.kept + 1):
            (self.folder / f"{number}.parquet").unlink(missing_ok=True)
        self.kept = 0


@dataclass
class DuckDB:
    """DuckDB, in memory, with its overflow in a folder."""

    connection: Any
    name: str = "duckdb"
    at_once: int | None = AT_ONCE
    kept: int = 0
    held: list[Any] = field(default_factory=list)

    def scan(self, files: Sequence[Path], wanted: Wanted) -> nw.LazyFrame[Any]:
        """See `Engine`."""
        columns = []
        for ours, theirs in wanted.columns.items():
            column = f'"{theirs.replace(chr(34), chr(34) * 2)}"'
            if ours in wanted.untyped or ours in TEXT:
                column = f"CAST({column} AS {'VARCHAR' if ours in TEXT else 'BIGINT'})"
            elif ours in ("time", "received"):
                column = f"epoch_us(CAST({column} AS TIMESTAMP))" if ours in wanted.days else f"epoch_ns({column}) // 1000" if wanted.ticks.get(ours) == 1000 else f"epoch_us({column})"
            if ours in wanted.wild and ours not in wanted.untyped:
                # What databases write for infinity is null to `epoch_us`, and a number to other engines.
                column = f'CASE WHEN "{theirs.replace(chr(34), chr(34) * 2)}" IS NOT NULL THEN coalesce({column}, {2**63 - 1}) END'
            columns.append(f"{column} AS {ours}")
        if any(set(str(path)) & set("*?[") for path in files) and (odd := next((path for path in files if "\\" in str(path)), None)):
            # One beside a name with a mark such as [ makes it fail, and no escape of it is known.
            raise InputProblem("DuckDB reads no file with a backslash in its path beside one with a *, ? or [.", where=odd.name, mend="Give it another name, or use another engine.")
        listed = ", ".join("'" + re.sub(r"[*?\[]", r"[\g<0>]", str(path)).replace("'", "''") + "'" for path in files)
        return _lazy(self.connection.sql(f"SELECT {', '.join(columns)} FROM read_parquet([{listed}], hive_partitioning=false)"))  # noqa: S608

    def table(self, frame: pl.DataFrame) -> nw.LazyFrame[Any]:
        """See `Engine`."""
        self.held.append(frame.to_arrow())
        self.connection.register(f"table_{len(self.held)}", self.held[-1])
        return _lazy(self.connection.table(f"table_{len(self.held)}"))

    def in_order(self, frame: nw.LazyFrame[Any], column: str) -> nw.LazyFrame[Any]:
        """See `Engine`."""
        return frame

    def keep(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """See `Engine`."""
        self.kept += 1
        frame.to_native().create(f"kept_{self.kept}")
        return _lazy(self.connection.table(f"kept_{self.kept}"))

    def collect(self, frame: nw.LazyFrame[Any]) -> pl.DataFrame:
        """See `Engine`."""
        return _whole(frame.to_native().pl())

    def forget(self) -> None:
        """See `Engine`."""
        for number in range(1, self.kept + 1):
            self.connection.execute(f"DROP TABLE IF EXISTS kept_{number}")
        for number in range(1, len(self.held) + 1):
            self.connection.unregister(f"table_{number}")
        self.kept, self.held = 0, []


@dataclass
class Spark:
    """Apache Spark, or Spark Connect."""

    session: Any
    name: str = "spark"
    at_once: int | None = None
    kept: list[Any] = field(default_factory=list)

    def scan(self, files: Sequence[Path], wanted: Wanted) -> nw.LazyFrame[Any]:
        """See `Engine`."""
        if 1000 in wanted.ticks.values():
            self.session.conf.set("spark.sql.legacy.parquet.nanosAsLong", "true")
        if odd := next((path for path in files if ":" in str(path)), None):
            raise InputProblem("Spark reads no file with a colon in its path.", where=odd.name, mend="Give it another name, or use another engine.")
        frame = self.session.read.option("recursiveFileLookup", "true").parquet(*(re.sub(r"[\\*?\[\]{}]", r"\\\g<0>", str(path)) for path in files))
        types = dict(frame.dtypes)
        columns = []
        for ours, theirs in wanted.columns.items():
            column = f"`{theirs.replace('`', '``')}`"
            if ours in wanted.untyped or ours in TEXT:
                column = f"CAST({column} AS {'STRING' if ours in TEXT else 'BIGINT'})"
            elif ours in ("time", "received"):
                column = _SPARK_TIMES[types[theirs]].format(column)
            columns.append(f"{column} AS {ours}")
        return _lazy(frame.selectExpr(*columns))

    def table(self, frame: pl.DataFrame) -> nw.LazyFrame[Any]:
        """See `Engine`."""
        return _lazy(self.session.createDataFrame(frame.to_arrow()))

    def in_order(self, frame: nw.LazyFrame[Any], column: str) -> nw.LazyFrame[Any]:
        """See `Engine`."""
        return frame

    def keep(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """See `Engine`."""
        self.kept.append(frame.to_native().persist())
        return _lazy(self.kept[-1])

    def collect(self, frame: nw.LazyFrame[Any]) -> pl.DataFrame:
        """See `Engine`."""
        return _whole(pl.DataFrame(pl.from_arrow(frame.to_native().toArrow())))

    def forget(self) -> None:
        """See `Engine`."""
        for frame in self.kept:
            frame.unpersist()
        self.kept = []


def named(column: str) -> pl.Expr:
    """A column of Polars by its name: `pl.col` takes `*` for all columns, and a name from ^ to $ for a pattern."""
    return pl.selectors.by_name(column).as_expr()


def _lazy(native: Any) -> nw.LazyFrame[Any]:  # noqa: ANN401  (a frame of any engine)
    frame: nw.LazyFrame[Any] = nw.from_native(native)
    return frame


def _whole(frame: pl.DataFrame) -> pl.DataFrame:
    """Sums of whole numbers as Int64: DuckDB gives them as 128 bits, and decimals of scale 0."""
    return frame.with_columns((pl.selectors.decimal() | pl.selectors.integer()).cast(pl.Int64))
