"""What a table consists of, the columns that many tables share, and the check that a frame is what its table says."""

import hashlib
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

import polars as pl

from esg_kpis.errors import InternalProblem

if TYPE_CHECKING:
    import pandera.polars as pa

Dtype = pl.DataType | type[pl.DataType]


@dataclass(frozen=True)
class Column:
    """One column: name, polars type, meaning, unit where it has one, whether it may be null, and the words it may hold."""

    name: str
    dtype: Dtype
    meaning: str
    unit: str = ""
    nullable: bool = False
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One table: its grain in words, its key, its columns in order, and whether a CSV stands beside the Parquet file."""

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    csv: bool = True

    @property
    def names(self) -> list[str]:
        """The column names in order."""
        return [column.name for column in self.columns]

    @property
    def schema(self) -> dict[str, Dtype]:
        """Column name to polars type."""
        return {column.name: column.dtype for column in self.columns}


def text(name: str, meaning: str, *, nullable: bool = False, allowed: tuple[str, ...] = ()) -> Column:
    """A text column."""
    return Column(name, pl.String(), meaning, nullable=nullable, allowed=allowed)


RECORD_ID = text("record_id", "First 12 hex digits of the file's SHA-256, sheet (if any) and line (seven digits or more), parted by `:`")
EDITION = text("edition", "Edition id, such as 2023")
PATH = text("path", "File, relative to the workspace's data/raw")
SHEET = text("sheet", "Sheet of a workbook, behind the member of a zip; empty for CSV")
LINE = Column("line", pl.Int64(), "Line in the file, or row in the sheet, counted from 1; 0 for the file as a whole")
SITE = text("site_id", "Site", nullable=True)
CELL = (
    text("kpi_id", "KPI id, as in kpis.yaml, or id of a printed target, as in targets.yaml"),
    text("period", "Period id: the year in which the reporting period ends; of a printed target, its year"),
    text("breakdown", "Name of the breakdown; `total` for the whole"),
    text("category", "Category of the breakdown; `All` for the whole"),
)


def conform(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """`frame` in the columns, types and key order of `table`, checked.

    Raises:
        InternalProblem: if a column is missing, a value is outside what the table allows, or the key is not unique. Bad input is rejected before
            this point, so a failure here is ours.
    """
    cast = frame.select(pl.col(column.name).cast(column.dtype) for column in table.columns)
    rising = _rises(cast, table.key)
    ordered = cast if rising else cast.sort(table.key)
    checker = _pandera()
    try:
        _pandera_schema(table, unique=not rising).validate(ordered, lazy=True)
    except checker.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        raise InternalProblem(
            f"{cases.height} values break the data dictionary, first: {cases.head(3).to_dicts()}.", where=table.name
        ) from errors
    return ordered


def stacked(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """`frames` one below the other, columns that one lacks being null there. Where only one has rows it is handed on as it is: a copy of a million rows takes as long as reading them."""
    parts = list(frames)
    filled = [part for part in parts if part.height]
    wanted = {name for part in parts for name in part.columns}
    return filled[0] if len(filled) == 1 and wanted == set(filled[0].columns) else pl.concat(parts, how="diagonal")


def empty(table: Table) -> pl.DataFrame:
    """No rows of `table`."""
    return pl.DataFrame(schema=table.schema)


def _rises(frame: pl.DataFrame, key: Sequence[str]) -> bool:
    """Whether a key rises from row to row by one of its columns while the others stay the same: then it is in order and unique, which is quicker seen than made."""
    moving = [name for name in key if frame.height and not frame.select(pl.col(name).first() == pl.col(name)).to_series().all()]
    if len(moving) != 1:
        return False
    return rises(frame[moving[0]])


def rises(values: pl.Series) -> bool:
    """Whether each value is larger than the one before: then none stands twice, which is quicker seen so than counted."""
    return bool(not values.null_count() and (values.slice(1) > values.head(values.len() - 1)).all()) if values.len() > 1 else not values.null_count()


def none_twice(values: pl.Series) -> bool:
    """Whether no value stands twice."""
    return rises(values) or values.hash().n_unique() == values.len()


@cache
def _pandera() -> ModuleType:
    """pandera, when the first table is checked: with pandas behind it, it takes as long as half of this library, and who only reads tables checks none.

    It imports PySpark too where that is installed, which then warns of a version of pandas; nothing here hands the one to the other.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        import pandera.errors
        import pandera.polars
    return pandera.polars


@cache
def _pandera_schema(table: Table, *, unique: bool) -> "pa.DataFrameSchema":
    """The schema pandera checks: a unique key, no nulls and no words outside what the dictionary allows.

    Nulls and words are checked in one pass over the frame instead of one per column, which takes three times as long. Columns and types are what `conform` casts to.
    """
    checker = _pandera()
    rules = [pl.col(column.name).is_not_null() for column in table.columns if not column.nullable]
    rules += [pl.col(column.name).is_in(column.allowed) | pl.col(column.name).is_null() for column in table.columns if column.allowed]
    holds = checker.Check(
        lambda data: data.lazyframe.select(pl.all_horizontal(rules)), name="nulls and words", error="a null or a word that is not allowed"
    )
    schema: pa.DataFrameSchema = checker.DataFrameSchema(checks=[holds], unique=list(table.key) if unique else None)
    return schema


def finding_id(check: str, subject: str, edition: str = "", period: str = "") -> str:
    """The id of a finding: the same in every run that finds the same thing."""
    return hashlib.sha256("\x1f".join((check, subject, edition, period)).encode()).hexdigest()[:12]
