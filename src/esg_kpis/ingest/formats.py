"""`_format.toml`: what cannot be known from a file itself. See docs/formats.md for every key."""

import tomllib
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from esg_kpis.domains import DOMAINS, MEASURES
from esg_kpis.domains.people import FORMS
from esg_kpis.errors import InputProblem, UnitProblem, near_misses
from esg_kpis.units import multiplier, unit_named

FORMAT_FILE = "_format.toml"


_COMMON = ("site_id", "meter_id", "document", "period_start", "period_end", "month", "date")
Tolerance = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,15}(\.[0-9]{1,9})?$")]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class QuantityColumn(_Entry):
    """One column of numbers, with its measure and unit fixed here or standing in other columns."""

    column: str
    measure: str | None = None
    measure_column: str | None = None
    measures: dict[str, str] = {}
    unit: str | None = None
    unit_column: str | None = None
    blank: Literal["reject", "skip"] = "reject"
    optional: bool = False
    negative: Literal["reject", "net_metering"] = "reject"

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if (self.measure is None) == (self.measure_column is None):
            raise ValueError(f"column '{self.column}': give either measure or measure_column")
        if (self.unit is None) == (self.unit_column is None):
            raise ValueError(f"column '{self.column}': give either unit or unit_column")
        for name in [*([self.measure] if self.measure else []), *self.measures.values()]:
            if name not in MEASURES:
                raise ValueError(f"there is no measure '{name}'. {near_misses(name, MEASURES)}")
        return self


class Feed(_Entry):
    """What one file gives to one domain."""

    domain: str
    columns: dict[str, str] = {}
    constants: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    quantity: tuple[QuantityColumn, ...] = ()
    form: str | None = None
    keys: Literal["pseudonymous", "hmac"] = "pseudonymous"

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.domain not in DOMAINS:
            raise ValueError(f"there is no domain '{self.domain}'. {near_misses(self.domain, DOMAINS)}")
        counted = DOMAINS[self.domain].counted
        if not counted and (self.form is not None or self.keys != "pseudonymous"):
            raise ValueError(f"a feed of '{self.domain}' holds no persons: `form` and `keys` are for people files")
        ours = self._columns_of_people() if counted else {*_COMMON, *(field.name for field in DOMAINS[self.domain].fields)}
        for name in (*self.columns, *self.constants, *self.values):
            if name not in ours:
                raise ValueError(f"'{name}' is no column of the domain '{self.domain}'. {near_misses(name, ours)}")
        if both := sorted(set(self.columns) & set(self.constants)):
            raise ValueError(f"'{both[0]}' is both a column and a constant")
        if not self.quantity and DOMAINS[self.domain].dated and not counted:
            raise ValueError(f"the feed of '{self.domain}' names no quantity")
        if len({column.column for column in self.quantity}) < len(self.quantity):
            raise ValueError("one column stands in two quantities")
        for column in self.quantity:
            if column.unit:
                try:
                    unit_named(column.unit, self.domain)
                except UnitProblem as problem:
                    raise ValueError(f"column '{column.column}': {problem}") from problem
        return self

    def _columns_of_people(self) -> set[str]:
        if self.form is not None and self.form not in FORMS:
            raise ValueError(f"there is no form '{self.form}'. {near_misses(self.form, FORMS) or 'Forms: ' + ', '.join(FORMS)}")
        if self.quantity or "person" in self.constants:
            raise ValueError(
                f"a feed of '{self.domain}' holds persons: it has a form and columns, no quantities, and a person is no constant"
            )
        return {column.name for form in FORMS.values() if self.form in (None, form.name) for column in form.columns}


class Compare(_Entry):
    """Two columns that state one fact in two units."""

    columns: tuple[str, str]
    units: tuple[str, str]
    tolerance: Tolerance = "0"
    tolerance_share: Tolerance = "0"

    @model_validator(mode="after")
    def _comparable(self) -> Self:
        try:
            multiplier(*self.units)
        except UnitProblem as problem:
            raise ValueError(f"units: {problem}") from problem
        return self


class Footing(_Entry):
    """Columns that ought to add up to another."""

    total: str
    parts: tuple[str, ...] = Field(min_length=1)
    tolerance: Tolerance = "0"


class PublishedColumn(_Entry):
    """A column that holds published figures."""

    edition: str
    kpi_id: str
    breakdown: str
    category_column: str
    period: str
    column: str
    unit: str
    decimals: int


class Flag(_Entry):
    """A column whose non-blank value is worth a person's look."""

    column: str


class FileFormat(_Entry):
    """How one kind of file is to be read."""

    glob: str
    sheet: str | None = None
    header_line: int = Field(default=1, ge=1)
    delimiter: str = Field(default=",", pattern=r'^[^"\r\n]$')
    encoding: str | None = None
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ",", ".", " ", "'"] | None = None
    dates: Literal["YMD", "DMY", "MDY"] = "YMD"
    complete_from: date | None = None
    complete_until: date | None = None
    note: str = ""
    feed: tuple[Feed, ...]
    compare: tuple[Compare, ...] = ()
    footing: tuple[Footing, ...] = ()
    published: tuple[PublishedColumn, ...] = ()
    flag: tuple[Flag, ...] = ()

    @property
    def thousands_mark(self) -> str:
        """The thousands separator in force: as declared, else a comma where the comma is not the decimal mark."""
        if self.thousands is not None:
            return self.thousands
        return "," if self.decimal == "." else ""

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        if self.thousands_mark == self.decimal:
            raise ValueError("decimal and thousands are the same mark")
        if (self.complete_from or self.complete_until) and not all(DOMAINS[feed.domain].counted for feed in self.feed):
            raise ValueError("complete_from and complete_until are for people files")
        if len({feed.domain for feed in self.feed}) < len(self.feed):
            raise ValueError("two feeds of one domain; give one feed several quantities")
        if self.encoding is not None:
            try:
                "a".encode(self.encoding)
            except (LookupError, UnicodeError) as error:
                raise ValueError(f"there is no encoding '{self.encoding}'") from error
        return self


class Format(_Entry):
    """A `_format.toml`."""

    format_version: Literal[1]
    file: tuple[FileFormat, ...] = ()
    vocabulary: dict[str, tuple[str, ...]] = {}

    @model_validator(mode="after")
    def _words_of_people(self) -> Self:
        columns = {column.name for form in FORMS.values() for column in form.columns if column.kind == "word"}
        for name, words in self.vocabulary.items():
            if name not in columns:
                raise ValueError(f"'{name}' is no column with a vocabulary. {near_misses(name, columns)}")
            if any(";" in word or "=" in word or "|" in word or not word.strip() for word in words):
                raise ValueError(f"a word of '{name}' is blank or holds one of ; = |")
        return self


def read_format(folder: Path, root: Path) -> Format | None:
    """The `_format.toml` of a folder, or None when it has none.

    Raises:
        InputProblem: naming the file, the key and what would be right.
    """
    path = folder / FORMAT_FILE
    if not path.exists():
        return None
    where = path.relative_to(root).as_posix()
    try:
        return Format.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputProblem(f"It is no TOML: {error}.", where=where, mend="See docs/formats.md.") from error
    except ValidationError as error:
        raise InputProblem(problems_of(error), where=where, mend="See docs/formats.md.") from error


def problems_of(error: ValidationError) -> str:
    """Pydantic's findings in one line: key, what is wrong."""
    return "; ".join(
        f"{'.'.join(str(part) for part in item['loc']) or 'file'}: {item['msg'].removeprefix('Value error, ').replace('valid tuple', 'list in brackets')}" for item in error.errors()
    )


def format_for(name: str, domain: str, declared: Format | None) -> FileFormat | None:
    """How the file `name` of a domain's folder is read: the first entry that fits; without a `_format.toml`, by our own column names."""
    if declared is None:
        return default_format(domain)
    if DOMAINS[domain].counted and not declared.file:
        return default_format(domain)
    return next((entry for entry in declared.file if fnmatchcase(name, entry.glob)), None)


def default_format(domain: str) -> FileFormat:
    """The format of a file that uses the names of the data dictionary."""
    if DOMAINS[domain].counted:
        return FileFormat(glob="*", feed=(Feed(domain=domain),))
    if not DOMAINS[domain].measures:
        return FileFormat(glob="*", feed=(Feed(domain=domain),))
    if domain == "sites":
        quantity = QuantityColumn(column="floor_area", measure="floor_area", unit_column="floor_area_unit", blank="skip", optional=True)
    else:
        quantity = QuantityColumn(column="quantity", measure_column="measure", unit_column="unit")
    return FileFormat(glob="*", feed=(Feed(domain=domain, quantity=(quantity,)),))
