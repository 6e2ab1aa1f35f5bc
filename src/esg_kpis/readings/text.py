"""Readings in CSV files: typed once, by the grammar of numbers and dates of every other file, and kept as Parquet, which is what engines read."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import cache
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from esg_kpis.errors import InputProblem, near_misses
from esg_kpis.exact import QUANTITY
from esg_kpis.ingest.numbers import read_numbers
from esg_kpis.readings.abandoned import forget_abandoned
from esg_kpis.readings.declared import MOST_SCALED, ReadingTable
from esg_kpis.readings.hashes import Hashes
from esg_kpis.readings.rules import CODE

TEXT = (".csv", ".tsv", ".txt")
RULE = "rule"
"""Column with the rule that what stands in a cell meets, by its code; 0 for none."""
_BATCH = 500_000
_PIECE = 1 << 22
_TIME = r"^{date}(?:[T ]+(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}})(?::(?P<second>\d{{2}})(?:\.(?P<fraction>\d+))?)?)?\s*(?P<zone>Z|[+-]\d{{2}}:?\d{{2}})?$"
_YMD = r"(?P<y>\d{4})[-/.年](?P<m>\d{1,2})[-/.月](?P<d>\d{1,2})日?"
_ORDERS = {"DMY": r"(?P<d>\d{1,2})[-/.](?P<m>\d{1,2})[-/.](?P<y>\d{4})", "MDY": r"(?P<m>\d{1,2})[-/.](?P<d>\d{1,2})[-/.](?P<y>\d{4})"}


def as_parquet(path: Path, table: ReadingTable, work: Path, where: str, hashes: Hashes) -> Path:
    """The Parquet file of what a text file says, made now or as it was kept.

    Columns: those the table names, in our names; `time` and `received` as timestamps, `value` in smallest steps, `rule`. One row for each of the file, in its order.

    Raises:
        InputProblem: if it is not in the declared encoding, has no header, lacks a column, or rows have more cells than the header.
    """
    declared = table.model_dump(include={"columns", "decimals", "clock", "delimiter", "decimal", "thousands", "dates", "encoding"})
    key = hashlib.sha256(f"{hashes.of(path)} {sorted(declared.items())} {_code()}".encode()).hexdigest()
    made = work / table.name / "typed" / f"{key}.parquet"
    if made.exists():
        return made
    made.parent.mkdir(parents=True, exist_ok=True)
    with _in_utf8(path, table, where, made.parent) as text:
        forget_abandoned(made.parent, text.parent)
        fresh = text.with_name(made.name)
        _write(_batches(text, table, where), fresh, table)
        fresh.replace(made)
    return made


def as_sent(path: Path, table: ReadingTable, work: Path, where: str, rows: pl.Series) -> pl.DataFrame:
    """What stands in a few rows of a text file.

    Columns: `row` (from 1, below the header), `line` (that it begins on), `time_text`, `value_text`.
    """
    named = table.columns.named
    with _in_utf8(path, table, where, work) as text:
        told = pl.scan_csv(text, separator=table.delimiter, infer_schema=False)
        with text.open(encoding="utf-8") as opened:
            header = sum(1 for _ in takewhile(lambda line: line == "\n", opened)) + 1 + sum(name.count("\n") for name in told.collect_schema().names())
        lines = pl.sum_horizontal(pl.all().str.count_matches("\n", literal=True).fill_null(0)).cast(pl.Int64()) + 1
        return (
            told.select(pl.col(named["time"]).alias("time_text"), pl.col(named["value"]).alias("value_text"), (lines.cum_sum().shift(1, fill_value=0) + header + 1).alias("line"))
            .with_row_index("row", 1).with_columns(pl.col("row").cast(pl.Int64())).filter(pl.col("row").is_in(rows.unique().implode())).collect(engine="streaming")
        )  # fmt: skip


def _write(batches: Iterator[pl.DataFrame], place: Path, table: ReadingTable) -> None:
    schema = _schema(table)
    with pq.ParquetWriter(place, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_table(_typed(batch, table).to_arrow().cast(schema))


@cache
def _schema(table: ReadingTable) -> pa.Schema:
    return _typed(pl.DataFrame(schema=dict.fromkeys(table.columns.named.values(), pl.String())), table).to_arrow().schema


def _batches(text: Path, table: ReadingTable, where: str) -> Iterator[pl.DataFrame]:
    named = table.columns.named
    try:
        rows = pl.scan_csv(text, separator=table.delimiter, infer_schema=False, raise_if_empty=True)
        header = rows.collect_schema().names()
        for ours, theirs in named.items():
            if theirs not in header:
                raise InputProblem(f"It has no column '{theirs}' for `{ours}`. {near_misses(theirs, header)}".rstrip(), where=where, mend="Name the sender's column under `columns` in _format.toml, what parts the cells as `delimiter`, and what its bytes mean as `encoding`.")
            if f"{theirs}_duplicated_0" in header:
                raise InputProblem(f"It has the column '{theirs}' for `{ours}` twice.", where=where, mend="Leave one out, or give them names of their own.")
        yield from rows.select(list(named.values())).collect_batches(chunk_size=_BATCH, maintain_order=True)
    except pl.exceptions.NoDataError as error:
        raise InputProblem("It is empty.", where=where, mend="Ask for the rows, or take the file away.") from error
    except pl.exceptions.PolarsError as error:
        raise InputProblem(f"It cannot be read as a table: {str(error).splitlines()[0]}", where=where, mend="Is `delimiter` right, and does each row have the cells of the header?") from error


def _typed(rows: pl.DataFrame, table: ReadingTable) -> pl.DataFrame:
    """A batch of rows as numbers and times."""
    named = table.columns.named
    cells = rows.select(pl.col(theirs).fill_null("").str.strip_chars().alias(ours) for ours, theirs in named.items())
    numbers = read_numbers(cells["value"], decimal=table.decimal, thousands=table.thousands)
    step = pl.lit(10**table.decimals).cast(pl.Decimal(38, 0))
    fits = pl.col("value").abs() <= pl.lit(Decimal(MOST_SCALED).scaleb(-table.decimals)).cast(QUANTITY)
    steps = numbers.with_columns(pl.when(fits).then(pl.col("value") * step).alias("steps")).with_columns(pl.col("steps").cast(pl.Decimal(38, 0)).cast(pl.Int64()).alias("whole"))
    exact = (pl.col("whole").cast(QUANTITY) == pl.col("steps")) & ~pl.col("rounded")
    told = steps.select(
        pl.when("wrong").then(CODE["number"]).when(pl.col("value").is_not_null() & ~fits).then(CODE["too_large"]).when(pl.col("value").is_not_null() & ~exact).then(CODE["decimals"]).otherwise(0).alias(RULE),
        pl.when(exact).then(pl.col("whole")).alias("value"),
    )  # fmt: skip
    typed = cells.with_columns(*(_times(cells[name], table).alias(name) for name in ("time", "received") if name in named), told["value"])
    rule = told[RULE]
    if "received" in named:
        unread = pl.DataFrame({"text": cells["received"], "read": typed["received"]}).select((pl.col("text") != "") & pl.col("read").is_null()).to_series()
        rule = pl.DataFrame({RULE: rule, "unread": unread}).select(pl.when(pl.col("unread") & (pl.col(RULE) == 0)).then(CODE["received"]).otherwise(pl.col(RULE))).to_series()
    text = [pl.col(name).replace({"": None}) for name in named if name not in ("time", "received", "value")]
    return typed.with_columns(*text, rule.alias(RULE).cast(pl.Int32())).select(*named, RULE)


def _times(text: pl.Series, table: ReadingTable) -> pl.Series:
    """Times out of text, in microseconds; null where there is none, or where one of instants says no zone, or one of a clock says one."""
    distinct = pl.DataFrame({"text": text.unique()})
    read = pl.lit(None, dtype=pl.Datetime("us"))
    for date in (_YMD, *([_ORDERS[table.dates]] if table.dates in _ORDERS else [])):
        read = pl.coalesce(read, _instant(date, by_zone=table.clock == "instant"))
    known = distinct.select("text", read.alias("read"))
    told = pl.DataFrame({"text": text}).join(known, on="text", how="left", maintain_order="left")["read"]
    return told.dt.replace_time_zone("UTC") if table.clock == "instant" else told


def _instant(date: str, *, by_zone: bool) -> pl.Expr:
    """The time of `text` if its date is written as in `date`."""
    parts = pl.col("text").str.extract_groups(_TIME.format(date=date))

    def part(name: str, otherwise: str) -> pl.Expr:
        return parts.struct.field(name).fill_null(otherwise).str.zfill(2)

    day = part("y", "") + "-" + part("m", "") + "-" + part("d", "")
    clock = part("hour", "00") + ":" + part("minute", "00") + ":" + part("second", "00")
    midnight = clock == "24:00:00"
    read = (day + " " + pl.when(midnight).then(pl.lit("00:00:00")).otherwise(clock)).str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)
    read = pl.when(midnight).then(read.dt.offset_by("1d")).otherwise(read)
    # What is less than a microsecond is left out, but never so that a time comes to lie on the grid of intervals.
    fraction = parts.struct.field("fraction").fill_null("")
    micros = fraction.str.slice(0, 6).str.pad_end(6, "0").cast(pl.Int64())
    read += pl.duration(microseconds=pl.when((micros == 0) & fraction.str.contains("[1-9]")).then(1).otherwise(micros))
    zone = parts.struct.field("zone")
    if not by_zone:
        return pl.when(zone.is_null()).then(read)
    sign = pl.when(zone.str.starts_with("-")).then(-1).otherwise(1)
    minutes = zone.str.slice(1, 2).cast(pl.Int64(), strict=False) * 60 + zone.str.slice(-2).cast(pl.Int64(), strict=False)
    ahead = pl.when(zone == "Z").then(0).otherwise(sign * minutes)
    return pl.when(zone.is_not_null()).then(read - pl.duration(minutes=ahead))


@contextmanager
def _in_utf8(path: Path, table: ReadingTable, where: str, work: Path) -> Iterator[Path]:
    """A copy of the file in UTF-8. Where lines end with a carriage return alone, as old spreadsheets wrote them, the copy has line feeds in its place.

    Raises:
        InputProblem: if it is not in the encoding that is declared, or that its first bytes tell.
    """
    with path.open("rb") as opened:
        start = opened.read(4)
    encoding = table.encoding or ("utf-16" if start.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8")
    with TemporaryDirectory(prefix=".", dir=work) as place:
        copy = Path(place) / "text.csv"
        try:
            with path.open("r", encoding=encoding, newline="") as source, copy.open("w", encoding="utf-8", newline="") as target:
                ends = ""
                while piece := source.read(_PIECE):
                    ends = ends or ("\r" if "\r" in piece and "\n" not in piece else "\n")
                    piece = piece.replace("\r", "\n") if ends == "\r" else piece
                    if "\x00" in piece:
                        raise InputProblem("It holds NUL bytes: it is no text.", where=where, mend="Save it again as 'CSV UTF-8'.")
                    target.write(piece)
        except UnicodeError as error:  # Not all codecs raise the error of their kind.
            raise InputProblem(f"The text is not {encoding}.", where=where, mend="Save it again as 'CSV UTF-8', or say `encoding` in _format.toml.") from error
        yield copy


@cache
def _code() -> str:
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
