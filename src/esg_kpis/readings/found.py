"""What lies in a table of readings: the files of each month, their columns, and what their statistics rule out."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from esg_kpis.errors import InputProblem, near_misses
from esg_kpis.readings.below import files_below
from esg_kpis.readings.declared import ReadingTable
from esg_kpis.readings.hashes import Hashes, state_of
from esg_kpis.readings.text import RULE, TEXT, as_parquet

Kind = Literal["text", "instant", "wall", "day", "whole", "decimal", "float", "steps", "rule"]
_NO_TYPE = "null"
_MONTH = re.compile(r"(?:^|/)month=([0-9]{4}-[0-9]{2})(?:/|$)")
_YEAR_AND_MONTH = re.compile(r"(?:^|/)year=([0-9]{4})/(?:.*/)?month=([0-9]{1,2})(?:/|$)")
_A_MONTH = re.compile(r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$")
_TICKS = {"milliseconds": (1000, 1), "microseconds": (1, 1), "nanoseconds": (1, 1000)}
_MAY_BE = {
    "meter_id": ("text",), "site_id": ("text",), "quality": ("text",), "summer": ("text",), "device": ("text",),
    "time": ("instant", "wall"), "received": ("instant", "wall", "day"), "value": ("whole", "decimal", "float"),
}  # fmt: skip


@dataclass(frozen=True)
class Range:
    """Smallest and largest value of a column, and whether there are nulls, as the statistics of all its row groups say; times in microseconds."""

    least: Any
    most: Any
    nulls: bool


@dataclass(frozen=True)
class Content:
    """One Parquet file.

    Attributes:
        rows: Rows.
        kinds: Kind of each of our columns.
        scales: Decimals of each; of times by what a tick is divided to be a microsecond.
        types: Type of each, as the file has it. `null` where it has none, because all its rows are null.
        ranges: Range of each; None where a row group says none.
    """

    rows: int
    kinds: dict[str, Kind]
    scales: dict[str, int]
    types: dict[str, str]
    ranges: dict[str, Range | None]


@dataclass(frozen=True)
class File:
    """One file of a table.

    Attributes:
        path: The Parquet file that is read.
        month: Month of the folder that it was sent in; empty where it lies in none.
        content: What the footer says.
        columns: Ours to its columns.
        sent: The file as it was sent, where that was text and `path` is what was read of it.
        state: What `state_of` said of the file as it was sent, before anything of it was read.
    """

    path: Path
    month: str
    content: Content
    columns: Mapping[str, str]
    sent: Path | None = None
    state: str = ""

    @property
    def origin(self) -> Path:
        """The file as it was sent."""
        return self.sent or self.path


def month_of_path(path: str) -> str:
    """The month that a path names by `month=YYYY-MM`, or `year=YYYY/month=M`; empty for none."""
    if found := _YEAR_AND_MONTH.search(path):
        return f"{found[1]}-{int(found[2]):02d}"
    found = _MONTH.search(path)
    return found[1] if found else ""


def is_month(name: str) -> bool:
    """Whether a text names a month that can be."""
    return bool(_A_MONTH.match(name))


def stands_alone(table: ReadingTable) -> bool:
    """Whether a month of a table that lies in folders of months rests on these files alone. A counter goes on from one month to the next, and a folder of the month that ends an interval holds some of the month before."""
    return table.form == "interval" and table.months == "start"


def files_of(place: Path, table: ReadingTable, work: Path, broken: dict[str, InputProblem] | None = None) -> list[File]:
    """Every file of a table with its columns and statistics, in the order of paths. Of a Delta table those of its version; text is read once, and kept as Parquet below `work`.

    Where `broken` is given, a file that cannot be read stops its month only, if no other rests on it: the month goes there with what the first such file lacks, and its files are left out. Where it is every month, it is the table.

    Raises:
        InputProblem: if one is no file, cannot be read, or lacks a column, or a column is not of a kind that can be read exactly.
    """
    hashes = Hashes(work)
    files = []
    for path in sorted(_paths(place, table)):
        try:
            files.append(_file(path, place, table, work, hashes))
        except InputProblem as problem:
            month = month_of_path(path.relative_to(place.parent).as_posix())
            if broken is None or not (stands_alone(table) and is_month(month)):
                raise
            broken.setdefault(month, problem)
    files = [file for file in files if file.month not in (broken or {})]
    if broken and not files:
        raise next(iter(broken.values()))
    hashes.remember()
    for ours in table.columns.named:
        typed = [file for file in files if file.content.types[ours] != _NO_TYPE and file.content.rows]
        for one, other in pairwise(typed):
            if (one.content.kinds[ours], one.content.scales[ours]) != (other.content.kinds[ours], other.content.scales[ours]):
                raise InputProblem(
                    f"Its column '{table.columns.named[ours]}' is of type {other.content.types[ours]}, and that of {_where(one.origin)} of type {one.content.types[ours]}.",
                    where=_where(other.origin), mend="Write all files of a table with the same types, or make two tables of them.",
                )  # fmt: skip
    for file in files:
        if file.month and not _A_MONTH.match(file.month):
            raise InputProblem(f"There is no month {file.month}, which its folder names.", where=_where(file.origin), mend="Put it into the folder of its month, month=YYYY-MM.")
    if len({bool(file.month) for file in files} | {bool(month) for month in broken or ()}) > 1:
        raise InputProblem("Some files lie in folders of months and some do not.", where=f"table '{table.name}'", mend="Put all into folders month=YYYY-MM, or none.")
    return files


def _paths(place: Path, table: ReadingTable) -> list[Path]:
    """The files of a table."""
    if (place / "_delta_log").is_dir():
        return _of_delta(place, table)
    paths = [path for path, _ in files_below(place) if path == place or path.suffix.lower() in (".parquet", *TEXT)]
    if odd := next((path for path in paths if not path.is_file()), None):
        told = "It is a folder that is named like a file." if odd.is_dir() else "It is no file."
        raise InputProblem(told, where=_where(odd), mend="Give it a name that does not end like that of a file of readings, or put what it holds in its place." if odd.is_dir() else "Copy the file itself into the folder.")
    return paths


def _file(path: Path, place: Path, table: ReadingTable, work: Path, hashes: Hashes) -> File:
    month, state = month_of_path(path.relative_to(place.parent).as_posix()), state_of(path)
    if path.suffix.lower() not in TEXT:
        return File(path, month, content_of(path, table), table.columns.named, state=state)
    made = as_parquet(path, table, work, _where(path), hashes)
    columns = {ours: ours for ours in (*table.columns.named, RULE)}
    with pq.ParquetFile(made) as opened:
        schema, footer = opened.schema_arrow, opened.metadata
    instants: Kind = "instant" if table.clock == "instant" else "wall"
    kinds: dict[str, Kind] = {ours: {"time": instants, "received": instants, "value": "steps", RULE: "rule"}.get(ours, "text") for ours in columns}
    return File(made, month, Content(footer.num_rows, kinds, dict.fromkeys(columns, 1), {ours: str(schema.field(ours).type) for ours in columns}, {ours: _range(footer, schema.names.index(ours), ours) for ours in columns}), columns, path, state)


def content_of(path: Path, table: ReadingTable) -> Content:
    """The columns and statistics of a Parquet file, from its footer.

    Raises:
        InputProblem: see `files_of`.
    """
    try:
        with pq.ParquetFile(path) as file:
            schema, footer = file.schema_arrow, file.metadata
    except (pa.ArrowException, OSError) as error:
        raise InputProblem(f"It is no Parquet file, or not whole: {error}.", where=_where(path), mend="Ask for the file again.") from error
    kinds, scales, types, ranges = {}, {}, {}, {}
    for ours, theirs in table.columns.named.items():
        if theirs not in schema.names:
            raise InputProblem(f"It has no column '{theirs}' for `{ours}`. {near_misses(theirs, schema.names)}".rstrip(), where=_where(path), mend="Name the sender's column under `columns` in _format.toml.")
        if len(alike := [name for name in schema.names if name.casefold() == theirs.casefold()]) > 1:
            # DuckDB and Spark do not tell capital from small letters in names, and would read the first of them.
            raise InputProblem(f"Its columns {' and '.join(repr(name) for name in alike)} for `{ours}` cannot be told apart by every engine.", where=_where(path), mend="Write them with names that differ in more than capital and small letters.")
        dtype = schema.field(theirs).type
        kinds[ours], scales[ours] = _kind(dtype, ours, table, path)
        types[ours] = _NO_TYPE if pa.types.is_null(dtype) else str(dtype)
        ranges[ours] = _range(footer, schema.names.index(theirs), theirs)
    return Content(footer.num_rows, kinds, scales, types, ranges)


def merged(files: Sequence[File]) -> dict[str, Range | None]:
    """The ranges of our columns over several files; None where one says none."""
    found: dict[str, Range | None] = {}
    for ours in files[0].content.ranges if files else ():
        parts = [file.content.ranges[ours] for file in files if file.content.rows]
        known = [part for part in parts if part is not None]
        comparable = len({isinstance(part.least, str) for part in known}) == 1
        found[ours] = Range(min(part.least for part in known), max(part.most for part in known), any(part.nulls for part in known)) if comparable and len(known) == len(parts) else None
    return found


def _of_delta(place: Path, table: ReadingTable) -> list[Path]:
    """The files of a Delta table. deltalake is an optional part: only who has such tables needs it."""
    try:
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError
    except ImportError as error:
        raise InputProblem("It is a Delta table, and what reads those is not installed.", where=_where(place), mend="Install esg-kpis[delta].") from error
    try:
        opened = DeltaTable(place, version=table.version)
        if "deletionVectors" in (opened.protocol().reader_features or []):
            raise InputProblem("Its rows may be deleted without being gone from its files (deletion vectors).", where=_where(place), mend="Purge it: REORG TABLE … APPLY (PURGE), and turn deletion vectors off.")
        told = pa.table(opened.get_add_actions(flatten=True))["path"].to_pylist()
    except (DeltaError, OSError) as error:
        raise InputProblem(f"The Delta table cannot be read: {error}.", where=_where(place), mend="See `version` in _format.toml.") from error
    if elsewhere := next((path for path in told if ":/" in path or path.startswith("/")), None):
        raise InputProblem(f"Its file '{elsewhere}' lies outside of its folder.", where=_where(place), mend="Copy the table as a whole.")
    # The log tells paths as parts of a URL.
    return [place / unquote(path) for path in told]


def _kind(dtype: pa.DataType, ours: str, table: ReadingTable, path: Path) -> tuple[Kind, int]:
    """The kind of a column, and its scale (of times: by what a tick is divided to be a microsecond)."""
    if pa.types.is_null(dtype):
        return _untyped(ours, table)
    kind, scale = _kind_of(dtype.value_type if pa.types.is_dictionary(dtype) else dtype, text=_MAY_BE[ours] == ("text",))
    if kind not in _MAY_BE[ours]:
        wanted = {"time": "a timestamp", "received": "a timestamp or date", "value": "a number"}.get(ours, "text or whole numbers")
        raise InputProblem(f"Its column '{table.columns.named[ours]}' is of type {dtype}, and `{ours}` is {wanted}.", where=_where(path), mend="Write it as that.")
    if ours == "time" and (kind == "instant") != (table.clock == "instant"):
        told = "Its times have a zone, so they are instants." if kind == "instant" else "Its times have no zone."
        raise InputProblem(told, where=_where(path), mend='Say so in _format.toml: clock = "instant".' if kind == "instant" else 'Say in _format.toml whose clock it is: clock = "local", or an offset such as "+00:00" for UTC.')
    if kind == "decimal" and scale > table.decimals:
        raise InputProblem(f"Its values have {scale} decimals, and the format declares {table.decimals}.", where=_where(path), mend=f"Write decimals = {scale} in _format.toml.")
    return kind, scale


def _kind_of(dtype: pa.DataType, *, text: bool) -> tuple[Kind | None, int]:
    """The kind and scale of a type; no kind for one that not every engine reads exactly, such as whole numbers and decimals beyond their 64 bits and 38 digits."""
    kind: Kind | None = None
    scale = 0
    if text:
        kind = "text" if pa.types.is_string(dtype) or pa.types.is_large_string(dtype) or pa.types.is_string_view(dtype) or pa.types.is_integer(dtype) or pa.types.is_boolean(dtype) else None
    elif pa.types.is_timestamp(dtype):
        kind, scale = ("instant" if dtype.tz else "wall"), 1000 if dtype.unit == "ns" else 1
    elif pa.types.is_date(dtype):
        kind = "day"
    elif pa.types.is_integer(dtype) and dtype != pa.uint64():
        kind = "whole"
    elif pa.types.is_decimal(dtype) and dtype.precision <= 38 and dtype.scale >= 0:
        kind, scale = "decimal", dtype.scale
    elif pa.types.is_float32(dtype) or pa.types.is_float64(dtype):
        kind = "float"
    return kind, scale


def _untyped(ours: str, table: ReadingTable) -> tuple[Kind, int]:
    """The kind of a column in which all is null, so that its writer gave it no type."""
    if ours == "time":
        return ("instant" if table.clock == "instant" else "wall"), 1
    kind: Kind = "instant" if ours == "received" else "whole" if ours == "value" else "text"
    return kind, 1 if ours == "received" else 0


def _range(footer: pq.FileMetaData, column: int, name: str) -> Range | None:
    """The range of a column, if every row group with rows states it."""
    least, most, nulls = [], [], False
    for group in (footer.row_group(number) for number in range(footer.num_row_groups)):
        place = group.column(column)
        if place.path_in_schema != name:
            return None
        stats = place.statistics
        if not group.num_rows:
            continue
        if stats is None or not stats.has_null_count:
            return None
        nulls |= stats.null_count > 0
        if stats.null_count == group.num_rows:
            continue
        if not stats.has_min_max:
            return None
        try:
            least.append(_plain(stats, stats.min_raw, "min"))
            most.append(_plain(stats, stats.max_raw, "max"))
        except (ValueError, OverflowError):
            return None
    return Range(min(least), max(most), nulls) if least else None


def _plain(stats: pq.Statistics, raw: Any, side: str) -> Any:  # noqa: ANN401
    """A statistic as a number or text: times in microseconds, taken from what is stored, since Python has no date after the year 9999 and no nanosecond.

    Raises:
        ValueError: if it is neither, or text that was cut within a letter.
    """
    told = json.loads(stats.logical_type.to_json())
    if told["Type"] == "Timestamp":
        times, by = _TICKS[told["timeUnit"]]
        return raw * times // by
    value = getattr(stats, side)
    if isinstance(value, date):
        return (value - date(1970, 1, 1)).days * 86_400_000_000
    if isinstance(value, Decimal | int | float | str):
        return value
    raise ValueError(value)


def _where(path: Path) -> str:
    parts = path.parts
    return "/".join(parts[parts.index("readings") :]) if "readings" in parts else path.name
