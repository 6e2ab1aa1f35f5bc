"""What the `_format.toml` of a folder of readings says: which tables lie there, and what cannot be known from their files."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from esg_kpis.domains import DOMAIN_OF, DOMAINS, MEASURES
from esg_kpis.errors import InputProblem, UnitProblem, near_misses
from esg_kpis.ingest.declared import FORMAT_FILE, problems_of
from esg_kpis.readings.below import files_below
from esg_kpis.units import multiplier

ROLLED_FILE = ".rolled.csv"
"""End of the name of the file that a month is made into. A sender's file must not have it: what is made stands under the same paths."""
MINUTE = 60_000_000
"""Microseconds of a minute: instants are whole numbers of microseconds since 1970."""
MOST_SCALED = 10**12 - 1
"""The largest reading in the smallest step of its table, whatever `most` says, so that no sum of a month can overflow 64 bits."""
METERED = [name for name, domain in DOMAIN_OF.items() if not DOMAINS[domain].counted and MEASURES[name].nature == "flow"]
"""What meters may count: flows, but those of people."""
_OFFSET = re.compile(r"^([+-])(0[0-9]|1[0-4]):([0-5][0-9])\Z")
Whole = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}(\.[0-9]{1,9})?$")]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Columns(_Entry):
    """Ours to the sender's columns. `meter_id`, `time` and `value` must be there; the others are read where they are named.

    Attributes:
        meter_id: Meter, as the register of meters spells it.
        time: When, see `clock` and `stamp`.
        value: Consumption of the interval, or the counter.
        site_id: Site, where one meter id stands at several sites.
        received: When the row became known: the latest that was known on the knowledge date wins.
        quality: Word that says how the reading came about, see `estimated` and `refused`.
        summer: Mark of the hour that comes twice when daylight saving ends, see `summer_words`.
        device: Serial number of the device behind a cumulative register, which changes when it is exchanged.
    """

    meter_id: str = "meter_id"
    time: str = "time"
    value: str = "value"
    site_id: str | None = None
    received: str | None = None
    quality: str | None = None
    summer: str | None = None
    device: str | None = None

    @property
    def named(self) -> dict[str, str]:
        """Ours to theirs, of those that are read."""
        return {ours: theirs for ours, theirs in self.model_dump().items() if theirs is not None}


class ReadingTable(_Entry):
    """One table of readings of one measure.

    Attributes:
        name: Name, unique in the workspace.
        path: File, folder of files (Parquet or CSV, in folders `month=YYYY-MM` or not), or Delta table, below the folder of `_format.toml`.
        form: `interval`: what was consumed in each interval. `register`: what a counter shows.
        measure: Measure that is counted.
        unit: Unit of the values.
        decimals: Decimals of the values. A value with more is refused, never rounded.
        interval_minutes: Length of an interval. For a register how often it is read, which tells what is missing.
        time_zone: Time zone of the sites, whose calendar parts months and days.
        clock: How times are told: `instant` (with zone or in UTC), `local` (wall clock of `time_zone`), or a fixed offset such as +08:00.
        stamp: Whether the time of a row is the start or the end of its interval. A counter is read at an instant.
        months: What the folders `month=` go by: the local month in which the interval starts, or the month of the time as it stands in the file.
        most: Largest value of an interval that can be; a larger one is refused. None for a register.
        estimated: Words of `quality` for estimates.
        refused: Words of `quality` for readings that the sender does not stand for.
        summer_words: Words of `summer` for daylight saving time.
        resets: What a counter that falls, and did not roll over, means: refused, or that it began at zero again.
        tolerance: Share of the intervals of a month that may be missing on days that have others. What is missing there counts as nothing; beyond this share the measure is blocked. Whole days that are missing are the edition's to fill.
        counts: Whether the quantities count. If not they only stand beside the bills.
        version: Version of a Delta table; the newest if not given.
        delimiter: What parts the cells of CSV files.
        decimal: Decimal mark of CSV files.
        thousands: Mark of thousands of CSV files; none if not given.
        dates: Order of day, month and year in CSV files; a year of four digits in front is always understood.
        encoding: Encoding of CSV files; UTF-8, or UTF-16 with its mark, if not given.
        columns: The sender's columns.
    """

    name: Name
    path: str
    form: Literal["interval", "register"] = "interval"
    measure: str
    unit: str
    decimals: int = Field(default=0, ge=0, le=9)
    interval_minutes: int = Field(default=15, ge=1, le=1440)
    time_zone: str
    clock: str = "instant"
    stamp: Literal["start", "end"] = "start"
    months: Literal["start", "stamp"] = "start"
    most: Whole | None = None
    estimated: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    summer_words: tuple[str, ...] = ("1", "true", "True", "DST", "S")
    resets: Literal["refuse", "zero"] = "refuse"
    tolerance: Annotated[str, StringConstraints(pattern=r"^(0(\.[0-9]{1,6})?|1)$")] = "0.01"
    counts: bool = True
    version: int | None = Field(default=None, ge=0)
    delimiter: str = Field(default=",", pattern=r'^[^"\r\n]$')
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ",", ".", " ", "'"] = ""
    dates: Literal["YMD", "DMY", "MDY"] = "YMD"
    encoding: str | None = None
    columns: Columns = Columns()

    @field_validator("encoding")
    @classmethod
    def _of_text(cls, encoding: str | None) -> str | None:
        try:
            "a".encode("utf-8" if encoding is None else encoding)
        except (LookupError, ValueError) as problem:
            raise ValueError(f"there is no encoding '{encoding}' of text; name one such as utf-8, gb18030 or utf-16") from problem
        return encoding

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.measure not in METERED:
            raise ValueError(f"'{self.measure}' is no measure that meters count. {near_misses(self.measure, METERED)}")
        try:
            multiplier(self.unit, MEASURES[self.measure].unit, DOMAIN_OF[self.measure])
        except UnitProblem as problem:
            raise ValueError(str(problem)) from problem
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
            raise ValueError(f"there is no time zone '{self.time_zone}'; write one of the IANA database, such as Asia/Shanghai") from problem
        if self.thousands == self.decimal or self.delimiter in (self.decimal, self.thousands):
            raise ValueError("decimal, thousands and delimiter are different marks")
        if self.clock not in ("instant", "local") and not _OFFSET.match(self.clock):
            raise ValueError(f"clock is '{self.clock}'; it is instant, local, or an offset such as +08:00, up to 14 hours")
        if 1440 % self.interval_minutes:
            raise ValueError("interval_minutes must divide a day into whole intervals")
        if (self.estimated or self.refused) and self.columns.quality is None:
            raise ValueError("words of quality need columns.quality")
        if self.form == "register" and (self.stamp != "start" or self.most is not None):
            raise ValueError("a register is read at an instant: it has no stamp = \"end\", and no most of an interval")
        if self.form == "interval" and (self.columns.device is not None or self.resets != "refuse"):
            raise ValueError("device and resets are of a register")
        if ".." in Path(self.path).parts or Path(self.path).is_absolute():
            raise ValueError(f"the path '{self.path}' leads out of its folder")
        return self

    @property
    def interval(self) -> int:
        """Microseconds of an interval."""
        return self.interval_minutes * MINUTE

    @property
    def offset(self) -> int | None:
        """Microseconds that a fixed clock is ahead of UTC: 0 for instants; None for the wall clock."""
        if self.clock == "local":
            return None
        found = _OFFSET.match(self.clock)
        if found is None:
            return 0
        minutes = int(found[2]) * 60 + int(found[3])
        return (minutes if found[1] == "+" else -minutes) * MINUTE

    @property
    def most_scaled(self) -> int:
        """The largest value that can be, in the smallest step of the table."""
        if self.most is None:
            return MOST_SCALED
        whole, _, rest = self.most.partition(".")
        step: int = 10**self.decimals
        return min(int(whole) * step + int((rest + "0" * 9)[: self.decimals] or 0), MOST_SCALED)


class ReadingFormat(_Entry):
    """A `_format.toml` in a folder of readings."""

    table: tuple[ReadingTable, ...]


@dataclass(frozen=True)
class Stopped:
    """A table, a month of one, or all of a `_format.toml`, that cannot be read.

    Attributes:
        name: Name of the table, if it is known; empty for a whole file.
        place: Where its files lie, if that is known.
        measures: What may be behind it.
        problem: Why.
        month: The month; None for all of the table.
    """

    name: str
    place: Path | None
    measures: Sequence[str]
    problem: InputProblem
    month: str | None = None


def read_tables(raw: Path) -> list[tuple[Path, ReadingTable]]:
    """Every table of readings of a workspace, with its place, in the order of names.

    Raises:
        InputProblem: if a `_format.toml` cannot be read, two tables have one name, or a file has the name of what is made.
    """
    found, stopped = tables_of(raw)
    if stopped:
        raise stopped[0].problem
    return found


def tables_of(raw: Path) -> tuple[list[tuple[Path, ReadingTable]], list[Stopped]]:
    """The tables of readings that can be read, in the order of names, and those that cannot."""
    home = raw / "readings"
    found: list[tuple[Path, ReadingTable]] = []
    stopped: list[Stopped] = []
    for path in sorted(home.rglob("*")) if home.is_dir() else []:
        where = path.relative_to(raw).as_posix()
        if path.name.endswith(ROLLED_FILE):
            problem = InputProblem("It has the name of what a run makes of a month of readings.", where=where, mend="Put the readings themselves there; if it holds some, give it another name.")
            stopped.append(Stopped("", path, METERED, problem))
        elif path.name == FORMAT_FILE:
            tables, wrong = _declared(path, where)
            stopped += wrong
            for table in tables:
                place = path.parent / table.path
                if (problem_of_place := _misplaced(place, table, raw, where)) is None:
                    found.append((place, table))
                else:
                    stopped.append(Stopped(table.name, None, [table.measure], problem_of_place))
    found = [(place, table) for place, table in found if not any(item.place == place or place in item.place.parents for item in stopped if item.place and item.place.name.endswith(ROLLED_FILE))]
    names = [table.name for _, table in found] + [item.name for item in stopped if item.name]
    for place, table in [item for item in found if names.count(item[1].name) > 1]:
        found.remove((place, table))
        stopped.append(Stopped(table.name, place, [table.measure], InputProblem(f"Two tables have the name '{table.name}'.", where="readings", mend="Give each a name of its own.")))
    for place, table, problem in list(_overlapping(found, raw)):
        if (place, table) in found:
            found.remove((place, table))
            stopped.append(Stopped(table.name, place, [table.measure] if table.counts else [], problem))
    return sorted(found, key=lambda item: item[1].name), stopped


def _declared(path: Path, where: str) -> tuple[Sequence[ReadingTable], Sequence[Stopped]]:
    """What one `_format.toml` says: its tables; if it cannot be read as a whole, those that can, and what is wrong."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return (), [Stopped("", path.parent, METERED, InputProblem(f"It is no TOML: {error}.", where=where, mend="See docs/readings.md."))]
    except OSError as error:
        return (), [Stopped("", path.parent, METERED, InputProblem(f"It cannot be read: {error.strerror}.", where=where, mend="Put a file there that you may read."))]
    try:
        return ReadingFormat.model_validate(told).table, ()
    except ValidationError as error:
        return _one_by_one(told, error, path.parent, where)


def _one_by_one(told: Mapping[str, Any], error: ValidationError, folder: Path, where: str) -> tuple[Sequence[ReadingTable], Sequence[Stopped]]:
    """The tables of a file that is wrong, if it is wrong within some of its tables only."""
    whole = InputProblem(problems_of(error), where=where, mend="See docs/readings.md.")
    if any(item["loc"][:1] != ("table",) or len(item["loc"]) < 2 for item in error.errors()):
        return (), [Stopped("", folder, METERED, whole)]
    parts = list(_each(told["table"], where))
    return [part for part in parts if isinstance(part, ReadingTable)], [part for part in parts if isinstance(part, Stopped)]


def _each(tables: Sequence[Any], where: str) -> Iterator[ReadingTable | Stopped]:
    for number, said in enumerate(tables, 1):
        try:
            yield ReadingTable.model_validate(said)
        except ValidationError as error:
            own = said if isinstance(said, dict) else {}
            name = own["name"] if isinstance(own.get("name"), str) and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", own["name"]) else ""
            measures = [own["measure"]] if own.get("measure") in METERED else METERED
            problem = InputProblem(f"Table {name or number}: {problems_of(error)}", where=where, mend="See docs/readings.md.")
            yield Stopped(name, None, measures, problem)


def _overlapping(found: Sequence[tuple[Path, ReadingTable]], raw: Path) -> Iterator[tuple[Path, ReadingTable, InputProblem]]:
    """The tables of which a file cannot be told to be theirs alone: a link leads astray, or another table reads it too."""
    first: dict[Path, ReadingTable] = {}
    shared: dict[str, InputProblem] = {}
    for place, table in found:
        try:
            for path, real in files_below(place, raw):
                other = first.setdefault(real, table)
                if other is not table:
                    problem = InputProblem(
                        f"The tables '{other.name}' and '{table.name}' both read it.", where=path.relative_to(raw).as_posix(),
                        mend="Each row is to count once: take one of the tables out, or part their files into folders of their own.",
                    )  # fmt: skip
                    shared.setdefault(other.name, problem)
                    shared.setdefault(table.name, problem)
        except InputProblem as problem:
            yield place, table, problem
        except OSError as error:
            at = Path(str(error.filename or place))
            where = at.relative_to(raw).as_posix() if at.is_relative_to(raw) else table.name
            yield place, table, InputProblem(f"It cannot be read: {error.strerror}.", where=where, mend="Check that it is there, and may be read.")
    for place, table in found:
        if table.name in shared:
            yield place, table, shared[table.name]


def _misplaced(place: Path, table: ReadingTable, raw: Path, where: str) -> InputProblem | None:
    if not place.resolve().is_relative_to(raw.resolve()):
        return InputProblem(f"The path '{table.path}' of table '{table.name}' leads out of data/raw.", where=where, mend="Copy the files here, or mount them.")
    if not place.exists():
        return InputProblem(f"There is nothing at '{table.path}', where table '{table.name}' is to lie.", where=where, mend="Correct its path, or take the table out.")
    return None
