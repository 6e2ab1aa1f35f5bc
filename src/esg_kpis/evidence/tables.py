"""Tables as the CSV files of a pack: exact, the same bytes for the same rows, harmless in a spreadsheet, and read back without loss."""

import io
from collections.abc import Mapping

import polars as pl

from esg_kpis.errors import InputProblem
from esg_kpis.tables import COVERAGE, INSTRUMENTS, METERS, OWNERSHIP, PUBLISHED, QUANTITIES, REJECTED, SITES, Table, conform

TYPED: tuple[Table, ...] = (QUANTITIES, SITES, METERS, OWNERSHIP, INSTRUMENTS, REJECTED, COVERAGE, PUBLISHED)
"""What the accepted records say, typed: where a second engine begins."""
_RISKY = r"^[=+\-@\t\r＝＋－＠']"
_NUMBER = r"^-?[\d,]+(\.\d+)?( [\w/³²%]+)?$"


def typed_path(table: Table) -> str:
    """Where a typed table lies in a pack."""
    return f"typed/{table.name}.csv"


def as_csv(frame: pl.DataFrame, table: Table) -> bytes:
    """A table as CSV in UTF-8, sorted by its key: decimals with all their digits, a blank for null, `""` for empty text.

    Text that a spreadsheet would take for a formula, and text that begins with an apostrophe, stands behind an apostrophe, which `from_csv` takes away again.
    """
    return escaped(conform(frame, table)).write_csv().encode()


def escaped(frame: pl.DataFrame) -> pl.DataFrame:
    """Text behind an apostrophe where it would start a formula (OWASP, CSV injection), so that it can be taken away again."""
    risky = [(pl.col(name).str.contains(_RISKY) & ~pl.col(name).str.contains(_NUMBER)).alias(name) for name, dtype in frame.schema.items() if dtype == pl.String()]
    return frame.with_columns(pl.when(flag).then(pl.lit("'") + pl.col(flag.meta.output_name())).otherwise(pl.col(flag.meta.output_name())).alias(flag.meta.output_name()) for flag in risky)


_LATER = {"rejected": ("known_on",)}
"""Columns that came after packs were signed without them; in those they say nothing."""


def from_csv(content: bytes, table: Table, where: str) -> pl.DataFrame:
    """The rows of a CSV that `as_csv` wrote, typed by the data dictionary.

    Columns: as the table in the data dictionary.

    Raises:
        InputProblem: if it is no such table.
    """
    mend = "Take the pack as it was received."
    try:
        text = pl.read_csv(io.BytesIO(content), infer_schema=False)
        text = text.with_columns(pl.lit(None, dtype=pl.String()).alias(name) for name in _LATER.get(table.name, ()) if name not in text.columns)
        if text.columns != table.names:
            raise InputProblem(f"Its columns are not those of the table {table.name}.", where=where, mend=mend)
        typed = [_typed(column.name, column.dtype) for column in table.columns]
        return conform(text.with_columns(pl.col(pl.String()).str.replace(r"^'", "")).select(typed), table)
    except InputProblem:
        raise
    except Exception as error:
        raise InputProblem(f"It is no table {table.name}: {str(error).splitlines()[0][:200]}", where=where, mend=mend) from None


def _typed(name: str, dtype: pl.DataType | type[pl.DataType]) -> pl.Expr:
    column = pl.col(name)
    if dtype == pl.Boolean():
        return column.replace_strict({"true": True, "false": False}, return_dtype=pl.Boolean())
    if dtype == pl.Date():
        return column.str.to_date("%Y-%m-%d", strict=True)
    return column.cast(dtype, strict=True)


def typed_tables(files: Mapping[str, bytes]) -> dict[str, pl.DataFrame]:
    """The typed tables of a pack by name.

    Raises:
        InputProblem: if one is missing, or is no such table.
    """
    found = {}
    for table in TYPED:
        path = typed_path(table)
        if path not in files:
            raise InputProblem("The table is missing.", where=path, mend="Take the pack as it was received.")
        found[table.name] = from_csv(files[path], table, path)
    return found
