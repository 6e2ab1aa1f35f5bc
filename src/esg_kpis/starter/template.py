"""What a template is made of: columns in English and Chinese, the words they may hold, and worked rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from esg_kpis.ingest.examples import MARK

FILL_IN, READ_ME, LISTS = "Fill in 填报", "Read me 说明", "Lists 词表"
"""The sheets of a template. Only the first holds data."""

EXAMPLE_SITE = f"{MARK}1"
GROUP_SITE = "GROUP"

Cell = str | date | Decimal
Kind = Literal["text", "date", "number", "word", "site", "country", "region", "person"]


@dataclass(frozen=True)
class Word:
    """A word of a closed list: as the reader knows it, and as people see it."""

    ours: str
    english: str
    chinese: str

    @property
    def shown(self) -> str:
        """Both languages in one cell."""
        return f"{self.english} / {self.chinese}" if self.chinese else self.english


@dataclass(frozen=True)
class Column:
    """A column of a template.

    Attributes:
        name: Our name of it.
        english: Its name in English, with the unit in brackets where that is fixed.
        chinese: Its name in Chinese.
        kind: What its cells hold, and so how they are checked while somebody types.
        says: What to write, in English.
        says_zh: The same in Chinese.
        width: Width in characters.
        required: Whether a blank rejects the row.
        words: The words of a closed list.
        also: Further names under which the reader takes it.
    """

    name: str
    english: str
    chinese: str
    kind: Kind
    says: str
    says_zh: str
    width: int = 16
    required: bool = True
    words: tuple[Word, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Its header as it stands in the workbook: two lines, and a star where a cell must not be blank."""
        return f"{self.english}{' *' if self.required else ''}\n{self.chinese}"

    @property
    def read_as(self) -> str:
        """Its header as the reader gets it, on one line."""
        return self.title.replace("\n", " ")

    @property
    def names(self) -> tuple[str, ...]:
        """Every name under which the reader takes it."""
        return tuple(dict.fromkeys((self.read_as, self.english, self.english.partition(" (")[0], self.chinese, *self.also)))


@dataclass(frozen=True)
class Template:
    """A workbook that somebody fills in.

    Attributes:
        domain: The domain it feeds, and so its folder.
        stem: Its file name, without the ending.
        english: What it is for.
        chinese: The same in Chinese.
        columns: Its columns in order.
        examples: Worked rows, by our names of columns.
        measure: Where all rows are of one measure: that and its unit.
        form: Of people: the form of its rows.
        notes: Further instructions, in English and Chinese.
    """

    domain: str
    stem: str
    english: str
    chinese: str
    columns: tuple[Column, ...]
    examples: tuple[Mapping[str, Cell], ...]
    measure: tuple[str, str] | None = None
    form: str = ""
    notes: tuple[tuple[str, str], ...] = field(default=())

    @property
    def path(self) -> str:
        """Where it lies in a workspace."""
        return f"data/raw/{self.domain}/{self.stem}.xlsx"

    @property
    def quantity(self) -> Column | None:
        """The column of numbers that are quantities."""
        return next((column for column in self.columns if column.name in ("quantity", "floor_area")), None)
