"""What a domain consists of. The domains themselves are data, one file each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Nature = Literal["flow", "stock", "event"]


@dataclass(frozen=True)
class Measure:
    """What is counted.

    Attributes:
        name: Name, unique over all domains.
        unit: The one canonical unit of its amounts.
        nature: A flow of a month, a stock at a date, or an event.
        meaning: What is counted, with the kind that the unit does not show (0 °C, net calorific value, head).
        scope: GHG Protocol scope of emissions that come from it; empty when none do.
        per_period: Counted anew for each period: the different persons of two half-years do not add up to those of the year.
        biogenic: Its carbon was taken from the air by plants: CO2 of it stands apart from the scopes, CH4 of it is not fossil.
    """

    name: str
    unit: str
    nature: Nature
    meaning: str
    scope: str = ""
    per_period: bool = False
    biogenic: bool = False


@dataclass(frozen=True)
class Field:
    """A text column of a record beside site, meter, document, dates and quantities.

    Attributes:
        name: Column name.
        meaning: What it says.
        required: Whether a blank rejects the row.
        allowed: The words it may hold; empty for free text.
        dimension: Whether it is kept as a dimension of the amount.
        attribute: Name by which a KPI may narrow amounts by it; empty where none may.
        key: Whether it tells one thing from another, where each row is a thing (see `Count`).
        needed: Field to words: where each row is a thing, a blank rejects a row that holds one of them.
        country: Whether it is a country or territory, by ISO 3166-1 alpha-2.
        whole: Whether it is a whole number; blank is 0.
        pseudonym: Whether it stands for a person or something of a person's, so that only a keyed hash or a random number may come.
    """

    name: str
    meaning: str
    required: bool = False
    allowed: tuple[str, ...] = ()
    dimension: bool = False
    attribute: str = ""
    key: bool = False
    country: bool = False
    whole: bool = False
    pseudonym: bool = False
    needed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


COUNTED = "counted=row"
"""Stands among the dimensions of an amount that is a row of a list, so that a list of the period which has no such row says zero."""


@dataclass(frozen=True)
class Count:
    """What rows that are things rather than quantities count of a measure: each different thing one.

    Attributes:
        measure: The measure.
        of: The fields that tell one thing from another. Further rows about the same thing count nothing.
        where: Field to words: only rows that hold one of them are about such things.
        most: Fields that may differ among the rows of one thing; the word that stands last in the field's `allowed` holds. All other dimensions must agree.
    """

    measure: str
    of: tuple[str, ...]
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    most: tuple[str, ...] = ()


@dataclass(frozen=True)
class Domain:
    """One kind of input: its measures and the columns of its records.

    Every record has `site_id`; dates as `period_start` and `period_end` (both counted), `month`, or `date`; `meter_id` and `document` where there are any;
    and `measure`, `quantity`, `unit`, or the columns that `_format.toml` names for them. A `counted` domain holds rows of persons, in forms of its own: it is
    read by the room `people`, and only counts leave that.

    Attributes:
        name: Name: that of its folder under data/raw.
        title: Title for people.
        source: Where the definitions of its measures come from.
        measures: What is counted.
        fields: Columns of its records beside the common ones.
        dated: Whether a record is about days; registers hold from `valid_from` to `valid_to` instead.
        counted: Whether its rows are persons.
        counts: How rows without a column of quantities count: each a thing. Rows with one are quantities, as in any domain.
        lasting: Whether a record holds from its first to its last day, the last being blank while it lasts: suppliers, certificates.
        consolidated: Whether its amounts count by control or by the share that is owned, day by day. What is stated for the group counts whole.
        rolled: Whether its files are tables of meter readings, which the room `readings` rolls up to quantities of months.
        stated: Whether a document states its figures: no meter is behind them, so none is expected month by month.
    """

    name: str
    title: str
    source: str
    measures: tuple[Measure, ...]
    fields: tuple[Field, ...] = ()
    dated: bool = True
    counted: bool = False
    counts: tuple[Count, ...] = ()
    lasting: bool = False
    consolidated: bool = False
    stated: bool = False
    rolled: bool = False


@dataclass(frozen=True)
class FormColumn:
    """A column of a form of people data.

    Attributes:
        name: Column name.
        kind: person (a key), date, site, country, word (of a closed list), code, or number.
        meaning: What it says.
        required: Whether the column must be there; `blank` says whether a cell of it may be empty.
        blank: Whether a cell may be empty.
        words: The words a word column may hold, unless the workspace declares others.
    """

    name: str
    kind: Literal["person", "date", "site", "country", "word", "code", "number"]
    meaning: str
    required: bool = True
    blank: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Form:
    """One form in which people data come: its columns, and the measures that its rows feed."""

    name: str
    grain: str
    columns: tuple[FormColumn, ...]
    measures: tuple[str, ...]
