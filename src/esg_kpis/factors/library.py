"""The factor library of a workspace: `sources.csv`, one CSV per source and edition of it, and `gwp.csv`.

A published value is never edited; a revision is a new source. A factor that cannot be read is kept apart with the reason: what needs it is blocked and says
so, and everything else is still computed.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import polars as pl

from esg_kpis.domains import DOMAIN_OF, MEASURES, derived
from esg_kpis.errors import InputProblem, UnitProblem, near_misses
from esg_kpis.exact import FACTOR_SCALE, GWP_SCALE, PRODUCT, PRODUCT_SCALE, as_decimal, plain
from esg_kpis.factors.regions import FIRST, LAST, Region
from esg_kpis.files import Source, decode
from esg_kpis.tables import FACTORS, conform
from esg_kpis.units import multiplier

_NUMBER = re.compile(r"^-?[0-9]+(\.[0-9]+)?$")
_PART = re.compile(r"([0-9.]+) x ([A-Z][\w-]+)")
GWP_SOURCE = "gwp"
"""Stands for gwp.csv, which holds the values of several sources; the GWP set takes the place of the method."""
SOURCE_COLUMNS = ("source_id", "publisher", "title", "document", "published", "published_note", "retrieved", "licence", "checked")
OPTIONAL_COLUMNS = ("gas_in", "uncertainty")
FACTOR_COLUMNS = tuple(name for name in FACTORS.names if name not in ("source_id", "published", *OPTIONAL_COLUMNS))
REGION_COLUMNS = ("region", "parent", "valid_from", "valid_to", "source", "note")
GWP_COLUMNS = ("gwp_set", "gas", "gas_group", "value", "source_id", "grade", "page", "note")


@dataclass(frozen=True)
class Factor:
    """One factor as the library states it. `multiplier` leads from the canonical unit of `measure` to that of `output`, exactly."""

    factor_id: str
    source_id: str
    measure: str
    output: str
    gas_in: str
    gas: str
    region: str
    method: str
    value: Decimal
    unit: str
    uncertainty: Decimal | None
    gwp_set: str | None
    data_from: date
    data_to: date | None
    published: date
    status: str
    parents: str | None
    grade: str
    page: str
    note: str
    multiplier: Fraction

    @property
    def file(self) -> str:
        """The source as a rule names it: of a GWP `gwp`, whose file holds the values of several."""
        return GWP_SOURCE if self.measure == derived.EMISSION_GAS else self.source_id

    @property
    def named_method(self) -> str:
        """The method as a rule names it: of a GWP its set."""
        return self.gwp_set or "" if self.measure == derived.EMISSION_GAS else self.method

    @property
    def data_period(self) -> str:
        """The data period in words."""
        return f"{self.data_from.isoformat()} to {self.data_to.isoformat()}" if self.data_to else f"from {self.data_from.isoformat()}"


@dataclass(frozen=True)
class Broken:
    """What a row that could not be read might have served, as far as its cells say so; an empty cell stands for anything."""

    file: str
    measure: str = ""
    output: str = ""
    gas_in: str = ""
    gas: str = ""
    region: str = ""
    method: str = ""
    data_from: date = FIRST
    data_to: date = LAST


@dataclass(frozen=True)
class Library:
    """All factors, the group each gas is reported in, what sources.csv says of each source, and per source what could not be read."""

    factors: tuple[Factor, ...]
    gas_groups: dict[str, str]
    sources: dict[str, dict[str, str]]
    unreadable: tuple[tuple[str, str], ...] = ()
    regions: tuple[Region, ...] = ()
    broken: tuple[Broken, ...] = ()

    @cached_property
    def offers(self) -> pl.DataFrame:
        """The factors as a choice sees them, in their order.

        Columns: `factor` (place in `factors`), `file` (as a rule names the source: `gwp` for GWPs), `method` (of a GWP its set), `data_to` (the last of all days where it is open),
        `data_words`, `lead` (output per input in canonical units, 24 decimals), `measure`, `output`, `gas_in`, `gas`, `region`, `data_from`, `published`, `status`.
        """
        names = ("measure", "output", "gas_in", "gas", "region", "data_from", "published", "status")
        columns: dict[str, list[object]] = {name: [getattr(factor, name) for factor in self.factors] for name in names}
        columns |= {
            "factor": list(range(len(self.factors))),
            "file": [factor.file for factor in self.factors],
            "method": [factor.named_method for factor in self.factors],
            "data_to": [factor.data_to or LAST for factor in self.factors],
            "data_words": [factor.data_period for factor in self.factors],
            "lead": [as_decimal(factor.multiplier, PRODUCT_SCALE) for factor in self.factors],
        }
        schema: dict[str, pl.DataType] = dict.fromkeys(columns, pl.String()) | dict.fromkeys(("data_from", "data_to", "published"), pl.Date())
        return pl.DataFrame(columns, schema={**schema, "factor": pl.UInt32(), "lead": PRODUCT})

    def region_table(self) -> pl.DataFrame:
        """Which region lies in which. Columns: `region`, `parent`, `valid_from`, `valid_to`."""
        rows = [(item.region, item.parent, item.valid_from, item.valid_to) for item in self.regions]
        return pl.DataFrame(rows, schema={"region": pl.String(), "parent": pl.String(), "valid_from": pl.Date(), "valid_to": pl.Date()}, orient="row")

    def parts_of(self, source: str, measure: str, gas_in: str) -> list[str]:
        """The gases that a source says a blend is made of; none for a pure gas."""
        return sorted({factor.gas for factor in self.factors if factor.gas_in == gas_in and factor.measure == measure and factor.source_id == source and gas_in})

    def frame(self) -> pl.DataFrame:
        """The library as the table `factors` of the data dictionary."""
        rows = [{key: value for key, value in asdict(factor).items() if key != "multiplier"} for factor in self.factors]
        return conform(pl.DataFrame(rows, schema={column.name: column.dtype for column in FACTORS.columns}), FACTORS)

    def named(self, factor_id: str) -> Factor:
        """The factor of that id.

        Raises:
            KeyError: if there is none.
        """
        return next(factor for factor in self.factors if factor.factor_id == factor_id)


def read_library(folder: Path) -> Library:
    """The library in a folder.

    A row or file that cannot be read goes to `unreadable`: a column is missing, a value has more decimals than are kept, a unit does not lead from measure to
    output, a source is unknown, an id is given twice.

    Raises:
        InputProblem: if sources.csv cannot be read: everything rests on it.
    """
    sources = _sources(folder / "sources.csv")
    factors: dict[str, Factor] = {}
    gas_groups: dict[str, str] = {}
    unreadable: list[tuple[str, str]] = []
    broken: list[Broken] = []
    twice: set[str] = set()
    for path in sorted(folder.glob("*.csv")):
        if path.name in ("sources.csv", "regions.csv"):
            continue
        is_gwp = path.name == "gwp.csv"
        before = len(unreadable)
        for where, row in _rows_of(path, GWP_COLUMNS if is_gwp else FACTOR_COLUMNS, unreadable):
            try:
                factor = (
                    _gwp(where, row, sources, gas_groups)
                    if is_gwp
                    else _factor(where, {**row, "source_id": path.stem}, sources, FACTOR_SCALE)
                )
                if factor.factor_id in twice or factors.pop(factor.factor_id, None) is not None:
                    twice.add(factor.factor_id)
                    what = f"The factor '{factor.factor_id}' is given twice; neither is used."
                    raise InputProblem(what, where=where, mend="A revision is a new source with ids of its own.")
            except InputProblem as problem:
                unreadable.append((path.stem, str(problem)))
                broken.append(_might_serve(path.stem, row, is_gwp=is_gwp))
                before += 1
                continue
            factors[factor.factor_id] = factor
        broken += [Broken(path.stem)] * (len(unreadable) - before)  # A file, or a row of it, of which not even the cells are known.
    for source, measure, blend, total in _parts_that_are_no_whole(factors.values()):
        unreadable.append((source, f"factors/{source}.csv: The parts of {blend} add up to {total}, not to 1. None of them is used."))
        broken.append(Broken(source, measure, gas_in=blend))
        factors = {name: factor for name, factor in factors.items() if (factor.source_id, factor.measure, factor.gas_in) != (source, measure, blend)}
    return Library(tuple(factors.values()), gas_groups, sources, tuple(unreadable), _regions(folder / "regions.csv"), tuple(broken))


def _might_serve(stem: str, row: Mapping[str, str], *, is_gwp: bool) -> Broken:
    if is_gwp:
        return Broken(stem, derived.EMISSION_GAS, derived.EMISSION_CO2E, gas=row["gas"], method=row["gwp_set"])
    measure, output = (row[name] if row[name] in MEASURES else "" for name in ("measure", "output"))
    try:
        first, last = date.fromisoformat(row["data_from"]), date.fromisoformat(row["data_to"]) if row["data_to"] else LAST
    except ValueError:
        first, last = FIRST, LAST
    return Broken(stem, measure, output, row.get("gas_in", ""), row["gas"], row["region"], row["method"], *((first, last) if first <= last else (FIRST, LAST)))


def _parts_that_are_no_whole(factors: Iterable[Factor]) -> list[tuple[str, str, str, str]]:
    """Blends whose parts are not all there, or one too often: source, measure, blend, what they add up to."""
    totals: dict[tuple[str, str, str], dict[tuple[str, str, str], Fraction]] = {}
    for factor in factors:
        if factor.gas_in and factor.output == derived.EMISSION_GAS and factor.gas not in ("*", factor.gas_in) and factor.status != "evidence_only":
            given = totals.setdefault((factor.source_id, factor.measure, factor.gas_in), {})
            place = (factor.region, factor.method, factor.data_period)
            given[place] = given.get(place, Fraction(0)) + factor.multiplier
    wrong = [(blend, sum(given.values(), Fraction(0))) for blend, given in totals.items() if any(total != 1 for total in given.values())]
    return [(*blend, plain(as_decimal(total, FACTOR_SCALE))) for blend, total in wrong if total != 1]


def _regions(path: Path) -> tuple[Region, ...]:
    """Which region lies in which, and when; none where there is no regions.csv.

    Raises:
        InputProblem: if it cannot be read, or its regions go round in a circle: chains would be other than somebody meant.
    """
    if not path.exists():
        return ()
    unreadable: list[tuple[str, str]] = []
    regions = []
    for where, row in _rows_of(path, REGION_COLUMNS, unreadable):
        first, last = (_date(where, row[name]) if row[name] else other for name, other in (("valid_from", FIRST), ("valid_to", LAST)))
        if not row["region"] or not row["parent"] or last < first:
            raise InputProblem("The row names no region, nothing it lies in, or an end before its start.", where=where, mend="See factors/README.md.")
        regions.append(Region(row["region"], row["parent"], first, last))
    if unreadable:
        raise InputProblem(unreadable[0][1], mend="See factors/README.md.")
    above: dict[str, set[str]] = {}
    for item in regions:
        above.setdefault(item.region, set()).add(item.parent)
    for start in above:
        reached: set[str] = set()
        level = {start}
        while level:
            level = {parent for name in level for parent in above.get(name, ())} - reached
            reached |= level
        if start in reached:
            raise InputProblem(f"The region '{start}' lies in itself.", where=f"factors/{path.name}", mend="Follow its parents upwards.")
    return tuple(regions)


def _sources(path: Path) -> dict[str, dict[str, str]]:
    unreadable: list[tuple[str, str]] = []
    sources: dict[str, dict[str, str]] = {}
    for where, row in _rows_of(path, SOURCE_COLUMNS, unreadable):
        if row["source_id"] in sources:
            unreadable.append(("sources", f"{where}: The source '{row['source_id']}' is given twice."))
        _date(where, row["published"])
        sources[row["source_id"]] = row
    if unreadable:
        raise InputProblem(unreadable[0][1], mend="See factors/README.md.")
    return sources


def _rows_of(path: Path, columns: tuple[str, ...], unreadable: list[tuple[str, str]]) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a file with their places; what cannot be read goes to `unreadable`, row by row."""
    where = f"factors/{path.name}"
    try:
        text, _ = decode(Source(where, path.read_bytes(), ""))
    except OSError as problem:
        unreadable.append((path.stem, f"{where}: The file cannot be read: {problem.strerror}."))
        return
    except InputProblem as problem:
        unreadable.append((path.stem, str(problem)))
        return
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if missing := [name for name in columns if name not in (reader.fieldnames or [])]:
        unreadable.append((path.stem, f"{where}: The columns {', '.join(missing)} are missing. See factors/README.md."))
        return
    for row in reader:
        if None in row or None in row.values():
            unreadable.append(
                (
                    path.stem,
                    f"{where}, line {reader.line_num}: The row has more or fewer cells than the header. Check its commas and quotes.",
                )
            )
            continue
        yield f"{where}, line {reader.line_num}", {key: value.strip() for key, value in row.items()}


def _gwp(where: str, row: dict[str, str], sources: dict[str, dict[str, str]], gas_groups: dict[str, str]) -> Factor:
    """The GWP of a gas; that of a blend is derived from those of its parts, which its note names with their shares by mass."""
    if row["gas_group"] not in derived.GAS_GROUPS:
        raise InputProblem(f"There is no gas group '{row['gas_group']}'.", where=where, mend=f"Groups: {', '.join(derived.GAS_GROUPS)}.")
    if gas_groups.setdefault(row["gas"], row["gas_group"]) != row["gas_group"]:
        raise InputProblem(f"The gas '{row['gas']}' is in two groups.", where=where, mend="Give it one gas_group.")
    parts = _PART.findall(row["note"])
    entry = {
        **row, "factor_id": _gwp_id(row["gwp_set"], row["gas"]), "measure": derived.EMISSION_GAS, "output": derived.EMISSION_CO2E,
        "region": "GLOBAL", "method": "GWP100", "unit": "kg/kg", "data_from": "1900-01-01", "data_to": "",
        "status": "derived" if parts else "selectable", "parents": " + ".join(f"{share} x {_gwp_id(row['gwp_set'], gas)}" for share, gas in parts),
    }  # fmt: skip
    return _factor(where, entry, sources, GWP_SCALE)


def _gwp_id(gwp_set: str, gas: str) -> str:
    return f"gwp100-{gwp_set}-{gas}".lower().replace(" ", "-")


def _factor(where: str, row: dict[str, str], sources: dict[str, dict[str, str]], scale: int) -> Factor:
    if row["source_id"] not in sources:
        raise InputProblem(
            f"The source '{row['source_id']}' is not in sources.csv.", where=where, mend=near_misses(row["source_id"], sources) or "Give the source a row there, with the day it was published."
        )
    for name in ("measure", "output"):
        if row[name] not in MEASURES:
            raise InputProblem(f"There is no measure '{row[name]}'.", where=where, mend=near_misses(row[name], MEASURES) or "docs/formats.md names the measures.")
    if row["grade"] not in ("A", "B", "C"):
        raise InputProblem(f"The grade is '{row['grade']}'.", where=where, mend="Only grades A to C may feed a KPI.")
    if row["status"] not in ("selectable", "derived", "evidence_only"):
        raise InputProblem(f"The status is '{row['status']}'.", where=where, mend="It is selectable, derived or evidence_only.")
    _check_kind(where, row)
    value = _value(where, row["value"], scale)
    uncertainty = _value(where, row["uncertainty"], scale) if row.get("uncertainty") else None
    if uncertainty is not None and uncertainty < 0:
        raise InputProblem(f"The uncertainty is {uncertainty}.", where=where, mend="It is half the 95 % interval in percent of the value, above zero.")
    if row["data_to"] and row["data_to"] < row["data_from"]:
        raise InputProblem(f"The data period ends on {row['data_to']}, before it begins.", where=where, mend="Check data_from and data_to.")
    wanted = f"{MEASURES[row['output']].unit}/{MEASURES[row['measure']].unit}"
    try:
        lead = Fraction(value) * multiplier(row["unit"], wanted, DOMAIN_OF.get(row["measure"], ""))
    except UnitProblem as problem:
        raise InputProblem(
            f"The unit '{row['unit']}' does not lead from {row['measure']} to {row['output']}. {problem}",
            where=where,
            mend=f"For example {wanted}.",
        ) from problem
    return Factor(
        row["factor_id"], row["source_id"], row["measure"], row["output"], row.get("gas_in", ""), row["gas"], row["region"], row["method"], value, row["unit"],
        uncertainty, row["gwp_set"] or None, _date(where, row["data_from"]), _date(where, row["data_to"]) if row["data_to"] else None,
        _date(where, sources[row["source_id"]]["published"]), row["status"], row["parents"] or None, row["grade"], row["page"], row["note"], lead,
    )  # fmt: skip


def _check_kind(where: str, row: Mapping[str, str]) -> None:
    """What a unit or a GWP set says of the kind must be what the output is."""
    says_co2e = "co2e" in row["unit"].lower()
    if row["output"] == derived.EMISSION_GAS and (says_co2e or row["gwp_set"]):
        said = f"in '{row['unit']}'" if says_co2e else f"by the GWP set {row['gwp_set']}"
        raise InputProblem(f"The value is {said}, which is CO2e, and the output is the mass of a gas.", where=where, mend=f"Its output is {derived.EMISSION_CO2E}; or write the mass of the gas.")
    if row["output"] == derived.EMISSION_GAS and not row["gas"]:
        raise InputProblem("The output is the mass of a gas, and no gas is named.", where=where, mend="Write CO2, CH4, N2O …; `*` keeps the gas that comes in.")
    if row["output"] == derived.EMISSION_CO2E and "co2" in row["unit"].lower() and not says_co2e:
        raise InputProblem(f"The value is in '{row['unit']}', and the output is CO2e.", where=where, mend=f"Its output is {derived.EMISSION_GAS}; or write the unit as kgCO2e.")


def _value(where: str, text: str, scale: int) -> Decimal:
    if not _NUMBER.match(text):
        raise InputProblem(f"'{text}' is no number.", where=where, mend="Write it with a point and without separators.")
    value = Decimal(text)
    if len(text.partition(".")[2]) > scale:
        raise InputProblem(f"'{text}' has more than {scale} decimals.", where=where, mend="Give the value as the source prints it.")
    return value


def _date(where: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputProblem(f"'{text}' is no date.", where=where, mend="Write it as 2023-12-31.") from None
