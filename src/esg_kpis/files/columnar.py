"""Parquet as rows of text. Its rows have no lines: they are counted from 1, in the order of the file."""

import io
from decimal import Decimal

import polars as pl
import pyarrow.parquet
from pyarrow import ArrowException

from esg_kpis.errors import InputProblem
from esg_kpis.files.header import columns_of
from esg_kpis.files.sheet import LINE, MAX_CELLS, Reading, Sheet
from esg_kpis.files.source import Source


def parquet_sheet(source: Source, reading: Reading) -> Sheet:
    """The table of a Parquet file; every value as the text a person would type.

    Raises:
        InputProblem: if it is damaged, holds too much, or has columns of lists or other nested values.
    """
    try:
        about = pyarrow.parquet.ParquetFile(io.BytesIO(source.content)).metadata
        if about.num_rows * about.num_columns > MAX_CELLS * 10:
            raise InputProblem(f"It holds {about.num_rows} rows of {about.num_columns} columns, more than is safe.", where=source.where, mend="Split it.")
        frame = pl.read_parquet(io.BytesIO(source.content), use_pyarrow=False)
    except (ArrowException, pl.exceptions.PolarsError, OSError, ValueError, OverflowError) as error:
        raise InputProblem(f"The Parquet file cannot be read: {error}.", where=source.where, mend="Ask for it again.") from error
    columns = columns_of(frame.columns, source.where)
    if nested := [name for name, dtype in frame.schema.items() if dtype.is_nested() or dtype in (pl.Binary(), pl.Object())]:
        raise InputProblem(f"The columns {', '.join(map(repr, nested))} hold lists or bytes.", where=source.where, mend="Send plain columns.")
    texts = [_as_text(frame[name]).alias(column) for name, column in zip(frame.columns, columns, strict=True)]
    rows = pl.DataFrame(texts).with_columns(pl.int_range(1, frame.height + 1, dtype=pl.Int64()).alias(LINE))
    blank = pl.all_horizontal(pl.exclude(LINE).str.strip_chars() == "")
    return Sheet(source, source.member, "parquet", columns, rows.filter(~blank) if columns else rows, [], header_line=0)


def _as_text(column: pl.Series) -> pl.Series:
    if column.dtype.is_float():
        digits = 15 if column.dtype == pl.Float64() else 7
        return pl.Series(column.name, ["" if value is None else f"{value:.{digits}g}" for value in column], dtype=pl.String())
    if isinstance(column.dtype, pl.Decimal):
        return pl.Series(column.name, ["" if value is None else f"{Decimal(value):f}" for value in column], dtype=pl.String())
    if isinstance(column.dtype, pl.Datetime):
        return column.dt.strftime("%Y-%m-%d %H:%M:%S").str.strip_suffix(" 00:00:00").fill_null("")
    return column.cast(pl.String()).fill_null("")
