"""What lies in a table of readings: the files of each month, their columns, and what their statistics rule out."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from esg_kpis.errors import InputProblem, near_misses
from esg_kpis.readings.declared import ReadingTable
from esg_kpis.readings.text import RULE, TEXT, as_parquet

Kind = Literal["text", "instant", "wall", "day", "whole", "decimal", "float", "steps", "rule"]
_MONTH = re.compile(r"(?:^|/)month=(\d{4}-\d{2})(?:/|$)")
_YEAR_AND_MONTH = re.compile(r"(?:^|/)year=(\d{4})/(?:.*/)?month=(\d{1,2})(?:/|$)")
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
    """One Parquet file: rows, and of each of our columns its kind, its scale or the digits a tick of its times has, and its range; None where a row group says none."""

    rows: int
    kinds: dict[str, Kind]
    scales: dict[str, int]
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
    """

    path: Path
    month: str
    content: Content
    columns: Mapping[str, str]
    sent: Path | None = None

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


def files_of(place: Path, table: ReadingTable, work: Path) -> list[File]:
    """Every file of a table with its columns and statistics, in the order of paths. Of a Delta table those of its version; text is read once, and kept as Parquet below `work`.

    Raises:
        InputProblem: if one cannot be read, or lacks a column, or a column is not of a kind that can be read exactly.
    """
    if (place / "_delta_log").is_dir():
        paths = _of_delta(place, table)
    else:
        paths = [place] if place.is_file() else [path for path in place.rglob("*") if path.suffix.lower() in (".parquet", *TEXT) and not path.name.startswith((".", "_"))]
    files = [_file(path, place, table, work) for path in sorted(paths)]
    for file in files:
        if file.content.kinds != files[0].content.kinds or file.content.scales != files[0].content.scales:
            raise InputProblem("Its columns are of other types than those of the first file of its table.", where=_where(file.origin), mend="Write all files of a table with the same types, or make two tables of them.")
    if len({bool(file.month) for file in files}) > 1:
        raise InputProblem("Some files lie in folders of months and some do not.", where=f"table '{table.name}'", mend="Put all into folders month=YYYY-MM, or none.")
    return files


def _file(path: Path, place: Path, table: ReadingTable, work: Path) -> File:
    month = month_of_path(path.relative_to(place.parent).as_posix())
    if path.suffix.lower() not in TEXT:
        return File(path, month, content_of(path, table), table.columns.named)
    made = as_parquet(path, table, work, _where(path))
    columns = {ours: ours for ours in (*table.columns.named, RULE)}
    with pq.ParquetFile(made) as opened:
        schema, footer = opened.schema_arrow, opened.metadata
    instants: Kind = "instant" if table.clock == "instant" else "wall"
    kinds: dict[str, Kind] = {ours: {"time": instants, "received": instants, "value": "steps", RULE: "rule"}.get(ours, "text") for ours in columns}
    return File(made, month, Content(footer.num_rows, kinds, dict.fromkeys(columns, 1), {ours: _range(footer, schema.names.index(ours), ours) for ours in columns}), columns, path)


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
    kinds, scales, ranges = {}, {}, {}
    for ours, theirs in table.columns.named.items():
        if theirs not in schema.names:
            raise InputProblem(f"It has no column '{theirs}' for `{ours}`. {near_misses(theirs, schema.names)}".rstrip(), where=_where(path), mend="Name the sender's column under `columns` in _format.toml.")
        kinds[ours], scales[ours] = _kind(schema.field(theirs).type, ours, table, path)
        ranges[ours] = _range(footer, schema.names.index(theirs), theirs)
    return Content(footer.num_rows, kinds, scales, ranges)


def merged(files: Sequence[File]) -> dict[str, Range | None]:
    """The ranges of our columns over several files; None where one says none."""
    found: dict[str, Range | None] = {}
    for ours in files[0].content.ranges if files else ():
        parts = [file.content.ranges[ours] for file in files if file.content.rows]
        known = [part for part in parts if part is not None]
        found[ours] = Range(min(part.least for part in known), max(part.most for part in known), any(part.nulls for part in known)) if known and len(known) == len(parts) else None
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
        return [Path(uri.removeprefix("file://")) for uri in opened.file_uris()]
    except (DeltaError, OSError) as error:
        raise InputProblem(f"The Delta table cannot be read: {error}.", where=_where(place), mend="See `version` in _format.toml.") from error


def _kind(dtype: pa.DataType, ours: str, table: ReadingTable, path: Path) -> tuple[Kind, int]:
    """The kind of a column, and its scale (of times: by what a tick is divided to be a microsecond)."""
    if pa.types.is_dictionary(dtype):
        dtype = dtype.value_type
    kind: Kind | None = None
    scale = 0
    if _MAY_BE[ours] == ("text",):
        kind = "text" if pa.types.is_string(dtype) or pa.types.is_large_string(dtype) or pa.types.is_string_view(dtype) or pa.types.is_integer(dtype) or pa.types.is_boolean(dtype) else None
    elif pa.types.is_timestamp(dtype):
        kind, scale = ("instant" if dtype.tz else "wall"), 1000 if dtype.unit == "ns" else 1
    elif pa.types.is_date(dtype):
        kind = "day"
    elif pa.types.is_integer(dtype) and dtype != pa.uint64():
        kind = "whole"
    elif pa.types.is_decimal(dtype):
        kind, scale = "decimal", dtype.scale
    elif pa.types.is_floating(dtype):
        kind = "float"
    if kind not in _MAY_BE[ours]:
        wanted = {"time": "a timestamp", "received": "a timestamp or date", "value": "a number"}.get(ours, "text or whole numbers")
        raise InputProblem(f"Its column '{table.columns.named[ours]}' is of type {dtype}, and `{ours}` is {wanted}.", where=_where(path), mend="Write it as that.")
    if ours == "time" and (kind == "instant") != (table.clock == "instant"):
        told = "Its times have a zone, so they are instants." if kind == "instant" else "Its times have no zone."
        raise InputProblem(told, where=_where(path), mend='Say so in _format.toml: clock = "instant".' if kind == "instant" else 'Say in _format.toml whose clock it is: clock = "local", or an offset such as "+00:00" for UTC.')
    if kind == "decimal" and scale > table.decimals:
        raise InputProblem(f"Its values have {scale} decimals, and the format declares {table.decimals}.", where=_where(path), mend=f"Write decimals = {scale} in _format.toml.")
    return kind, scale


def _range(footer: pq.FileMetaData, column: int, name: str) -> Range | None:
    """The range of a column, if every row group with rows states it."""
    least, most, nulls, rows = [], [], False, 0
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
        rows += group.num_rows
        if stats.null_count == group.num_rows:
            continue
        if not stats.has_min_max:
            return None
        least.append(_plain(stats.min))
        most.append(_plain(stats.max))
    return Range(min(least), max(most), nulls) if least else None


def _plain(value: Any) -> Any:  # noqa: ANN401
    """A statistic as a number or text: times in microseconds."""
    if isinstance(value, datetime):
        epoch = datetime(1970, 1, 1, tzinfo=UTC if value.tzinfo else None)
        return (value - epoch) // timedelta(microseconds=1)
    if isinstance(value, date):
        return (value - date(1970, 1, 1)).days * 86_400_000_000
    if isinstance(value, Decimal | int | float | str | bool):
        return value
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _where(path: Path) -> str:
    parts = path.parts
    return "/".join(parts[parts.index("readings") :]) if "readings" in parts else path.name
