"""What a domain consists of. The domains themselves are data, one file each."""

from dataclasses import dataclass
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
    """

    name: str
    meaning: str
    required: bool = False
    allowed: tuple[str, ...] = ()
    dimension: bool = False


@dataclass(frozen=True)
class Domain:
    """One kind of input: its measures and the columns of its records.

    Every record has `site_id`; dates as `period_start` and `period_end` (both counted), `month`, or `date`; `meter_id` and `document` where there are any;
    and `measure`, `quantity`, `unit`, or the columns that `_format.toml` names for them. A `counted` domain holds rows of persons, in forms of its own: it is
    read by the room `people`, and only counts leave that.
    """

    name: str
    title: str
    source: str
    measures: tuple[Measure, ...]
    fields: tuple[Field, ...] = ()
    dated: bool = True
    counted: bool = False


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
