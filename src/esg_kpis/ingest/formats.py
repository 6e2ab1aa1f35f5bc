"""What a `_format.toml` may say: what cannot be known from a file itself. See docs/formats.md for every key."""

import re
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from esg_kpis.domains import DOMAIN_OF, DOMAINS, MEASURES
from esg_kpis.domains.people import FORMS
from esg_kpis.errors import UnitProblem, near_misses
from esg_kpis.files.source import MAX_MEGABYTES
from esg_kpis.units import multiplier, unit_named

COMMON = ("site_id", "meter_id", "document", "tariff", "corrects", "revision", "bill_kind", "period", "period_start", "period_end", "month", "date")
"""Columns that every domain understands, beside its own."""
Tolerance = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,15}(\.[0-9]{1,9})?$")]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Readings(_Entry):
    """Columns of meter readings: what was counted is `to` minus `start`, times `times` (a number, or a column that holds it)."""

    start: str
    to: str
    times: Annotated[str, BeforeValidator(lambda told: str(told) if isinstance(told, int) else told)] = "1"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it names."""
        return (self.start, self.to) if re.fullmatch(r"[0-9]+([.,][0-9]+)?", self.times) else (self.start, self.to, self.times)


class QuantityColumn(_Entry):
    """One column of numbers, with its measure and unit fixed here or standing in other columns or in the header."""

    column: str = ""
    measure: str | None = None
    measure_column: str | None = None
    measures: dict[str, str] = {}
    unit: str | None = None
    unit_column: str | None = None
    unit_in_header: bool = False
    months: dict[str, str] = Field(default={}, max_length=0)  # A feed makes a column of each, before it comes here.
    month: str | None = Field(default=None, pattern=r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$")
    readings: Readings | None = None
    only_readings: bool = False
    blank: Literal["reject", "skip"] = "reject"
    optional: bool = False
    negative: Literal["reject", "net_metering"] = "reject"

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if not self.column and self.readings is None:
            raise ValueError("a quantity needs a column, or readings")
        if (self.measure is None) == (self.measure_column is None):
            raise ValueError(f"column '{self.column}': give either measure or measure_column")
        if sum((self.unit is not None, self.unit_column is not None, self.unit_in_header)) != 1:
            raise ValueError(f"column '{self.column}': give one of unit, unit_column and unit_in_header")
        for name in [*([self.measure] if self.measure else []), *self.measures.values()]:
            if name not in MEASURES:
                raise ValueError(f"there is no measure '{name}'. {near_misses(name, DOMAIN_OF)}")
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

    @model_validator(mode="before")
    @classmethod
    def _months_as_columns(cls, value: Any) -> Any:  # noqa: ANN401
        """A quantity with `months` (column to month) is a quantity of each of these columns."""
        if not isinstance(value, dict) or not isinstance(value.get("quantity"), list | tuple):
            return value
        spread: list[Any] = []
        for item in value["quantity"]:
            months = item.get("months") if isinstance(item, dict) else None
            if not isinstance(months, dict) or not months:
                spread.append(item)
                continue
            if "column" in item:
                raise ValueError("a quantity has a column, or months with a column each, not both")
            rest = {key: told for key, told in item.items() if key != "months"}
            spread += [rest | {"column": column, "month": month} for column, month in months.items()]
        return {**value, "quantity": tuple(spread)}

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.domain not in DOMAINS:
            raise ValueError(f"there is no domain '{self.domain}'. {near_misses(self.domain, DOMAINS)}")
        counted = DOMAINS[self.domain].counted
        if not counted and (self.form is not None or self.keys != "pseudonymous"):
            raise ValueError(f"a feed of '{self.domain}' holds no persons: `form` and `keys` are for people files")
        ours = self._columns_of_people() if counted else {*COMMON, *(field.name for field in DOMAINS[self.domain].fields)}
        for name in (*self.columns, *self.constants, *self.values):
            if name not in ours:
                raise ValueError(f"'{name}' is no column of the domain '{self.domain}'. {near_misses(name, ours)}")
        if both := sorted(set(self.columns) & set(self.constants)):
            raise ValueError(f"'{both[0]}' is both a column and a constant")
        if not self.quantity and DOMAINS[self.domain].dated and not counted and not DOMAINS[self.domain].counts:
            raise ValueError(f"the feed of '{self.domain}' names no quantity")
        if len({column.column or column.readings for column in self.quantity}) < len(self.quantity):
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


class Aside(_Entry):
    """Rows that are no records of their own: subtotals and totals, which are control totals, and notes. `words` are patterns of the cell in `column`."""

    column: str
    words: tuple[str, ...] = Field(min_length=1)
    kind: Literal["subtotal", "total", "note"]


class FileFormat(_Entry):
    """How one kind of file is to be read."""

    glob: str
    sheet: str | None = None
    without_data: tuple[str, ...] = ()
    header_line: int | None = Field(default=None, ge=1)
    header_rows: int = Field(default=1, ge=1, le=5)
    fill_down: tuple[str, ...] = ()
    aside: tuple[Aside, ...] = ()
    max_megabytes: int = Field(default=MAX_MEGABYTES, ge=1, le=4096)
    delimiter: str | None = Field(default=None, pattern=r'^[^"\r\n]$')
    encoding: str | None = None
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ",", ".", " ", "'"] | None = None
    dates: Literal["YMD", "DMY", "MDY"] = "YMD"
    serial_dates: bool = False
    last_day: Literal["counted", "not_counted"] = "counted"
    complete_from: date | None = None
    complete_until: date | None = None
    note: str = ""
    feed: tuple[Feed, ...] = ()
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
        if self.complete_from and not all(DOMAINS[feed.domain].counted for feed in self.feed):
            raise ValueError("complete_from is for people files")
        if self.complete_until and not all(DOMAINS[feed.domain].counted or DOMAINS[feed.domain].lasting for feed in self.feed):
            raise ValueError("complete_until is for people files, and for lists of what lasts, such as suppliers")
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
    aliases: dict[str, tuple[str, ...]] = {}
    vocabulary: dict[str, tuple[str, ...]] = {}

    @model_validator(mode="after")
    def _aliases_known(self) -> Self:
        known = {*COMMON, "measure", "quantity", "unit", "floor_area", *(field.name for domain in DOMAINS.values() for field in domain.fields)}
        for name in self.aliases:
            if name not in known:
                raise ValueError(f"'{name}' is no column that could have an alias. {near_misses(name, known)}")
        return self

    @model_validator(mode="after")
    def _words_of_people(self) -> Self:
        columns = {column.name for form in FORMS.values() for column in form.columns if column.kind == "word"}
        for name, words in self.vocabulary.items():
            if name not in columns:
                raise ValueError(f"'{name}' is no column with a vocabulary. {near_misses(name, columns)}")
            if any(";" in word or "=" in word or "|" in word or not word.strip() for word in words):
                raise ValueError(f"a word of '{name}' is blank or holds one of ; = |")
        return self
