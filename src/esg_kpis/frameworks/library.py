"""Frameworks as read from their CSV files, and how a code of one version is called in another.

The id of a framework is the name of its file; its family is the first word of it (`hkex`, `gri`, `sasb`). Versions of a family follow each other by the first day of the
years they are for; `successor` says what a code is called in the version after it, and is empty where it was taken out.
"""

from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

import polars as pl

from esg_kpis.errors import InternalProblem, UsageProblem, near_misses

COLUMNS = ("code", "title", "title_zh", "kind", "unit", "applies_from", "obligation", "successor", "source", "evidence")
KINDS = ("metric", "description", "policy", "general")
OBLIGATIONS = ("mandatory", "comply_or_explain", "recommended", "voluntary")
EVIDENCE = ("A", "B", "C")
FAMILIES = ("hkex", "gri", "sasb")
HOMES: dict[str, tuple[str, ...]] = {
    "hkex": ("hkex-guide-2020",),
    "hkex_2025": ("hkex-code-2025",),
    "gri": ("gri-2021",),
    "sasb": ("sasb-hardware", "sasb-internet"),
}
"""Key of a KPI in kpis.yaml -> the frameworks whose codes stand there. The key begins with the family."""


@dataclass(frozen=True)
class Code:
    """What one code asks, in our own short words.

    applies_from: First day of the years it is for. successor: what it is called in the next version. evidence: A read in a document at hand, B found on a public page, C from memory.
    """

    code: str
    title: str
    title_zh: str
    kind: str
    unit: str
    applies_from: date
    obligation: str
    successor: tuple[str, ...]
    source: str
    evidence: str


@dataclass(frozen=True)
class Framework:
    """One version of a framework, with its codes in their own order."""

    id: str
    codes: dict[str, Code]

    @property
    def family(self) -> str:
        """The first word of the id."""
        return self.id.partition("-")[0]

    @property
    def applies_from(self) -> date:
        """First day of the first years that any of its codes is for."""
        return min(code.applies_from for code in self.codes.values())


@cache
def framework_ids() -> tuple[str, ...]:
    """The frameworks that ship, by family and age."""
    folder = files("esg_kpis.frameworks")
    names = sorted(item.name.removesuffix(".csv") for item in folder.iterdir() if item.name.endswith(".csv"))
    return tuple(sorted(names, key=lambda name: (FAMILIES.index(name.partition("-")[0]), _read(name).applies_from, name)))


def framework_named(framework_id: str) -> Framework:
    """The framework of that id.

    Raises:
        UsageProblem: if there is none.
    """
    if framework_id not in framework_ids():
        raise UsageProblem(f"There is no framework '{framework_id}'.", mend=near_misses(framework_id, framework_ids()) or f"There are: {', '.join(framework_ids())}.")
    return _read(framework_id)


@cache
def _read(framework_id: str) -> Framework:
    """One framework from its file.

    Raises:
        InternalProblem: if the file is not what this module says; it ships with the package.
    """
    where = f"frameworks/{framework_id}.csv"
    content = files("esg_kpis.frameworks").joinpath(f"{framework_id}.csv").read_bytes()
    return framework_from(framework_id, content, where)


def framework_from(framework_id: str, content: bytes, where: str) -> Framework:
    """A framework from the bytes of its CSV.

    Raises:
        InternalProblem: naming the line, where a column is missing, a word is not allowed, a code is empty or stands twice.
    """
    try:
        frame = pl.read_csv(content.decode("utf-8-sig").encode(), infer_schema=False).with_columns(pl.all().fill_null(""))
    except UnicodeDecodeError as error:
        raise InternalProblem("It is no UTF-8.", where=where, mend="Save it as CSV in UTF-8.") from error
    except pl.exceptions.PolarsError as error:
        raise InternalProblem(f"The CSV cannot be read: {str(error).splitlines()[0]}", where=where) from error
    if tuple(frame.columns) != COLUMNS:
        raise InternalProblem(f"Its columns are {', '.join(frame.columns)}.", where=where, mend=f"They must be {', '.join(COLUMNS)}.")
    codes: dict[str, Code] = {}
    for line, row in enumerate(frame.iter_rows(named=True), 2):
        place = f"{where}, line {line}"
        for name, allowed in (("kind", KINDS), ("obligation", OBLIGATIONS), ("evidence", EVIDENCE)):
            if row[name] not in allowed:
                raise InternalProblem(f"'{row[name]}' is no {name}.", where=place, mend=f"Allowed: {', '.join(allowed)}.")
        if not all(row[name].strip() for name in ("code", "title", "source")):
            raise InternalProblem("Code, title and source must not be empty.", where=place)
        if row["code"] in codes:
            raise InternalProblem(f"The code '{row['code']}' stands twice.", where=place)
        try:
            first = date.fromisoformat(row["applies_from"])
        except ValueError:
            raise InternalProblem(f"'{row['applies_from']}' is no date.", where=place, mend="Write it as 2025-01-01.") from None
        codes[row["code"]] = Code(**{**row, "applies_from": first, "successor": codes_written(row["successor"])})
    if not codes:
        raise InternalProblem("It holds no code.", where=where)
    return Framework(framework_id, codes)


def codes_written(text: str) -> tuple[str, ...]:
    """The codes of a text that joins them by `;`."""
    return tuple(part.strip() for part in text.split(";") if part.strip())


def next_of(framework: Framework) -> Framework | None:
    """The next version of a framework; None where it is the newest, or the family has no versions."""
    later = [other for other in map(framework_named, framework_ids()) if other.family == framework.family and other.applies_from > framework.applies_from]
    return min(later, key=lambda other: other.applies_from, default=None)


def carried(code: str, source: Framework, target: Framework) -> tuple[str, ...]:
    """What a code of `source` is called in another version of the same family; nothing where it has no like there."""
    if source.id == target.id:
        return (code,) if code in target.codes else ()
    if source.family != target.family or source.applies_from == target.applies_from:
        return ()
    if source.applies_from < target.applies_from:
        after = next_of(source)
        return () if after is None else _each(source.codes[code].successor, after, target)
    before = next(other for other in map(framework_named, framework_ids()) if other.family == source.family and next_of(other) == source)
    return _each(tuple(own.code for own in before.codes.values() if code in own.successor), before, target)


def _each(codes: tuple[str, ...], source: Framework, target: Framework) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found for code in codes for found in carried(code, source, target)))


def homes_of(family: str) -> dict[str, tuple[Framework, ...]]:
    """The keys of a KPI whose codes are of that family, each with the frameworks they stand in."""
    return {key: tuple(map(framework_named, ids)) for key, ids in HOMES.items() if ids[0].partition("-")[0] == family}


def unknown_code(code: str, frameworks: tuple[str, ...]) -> str | None:
    """What is wrong with a code that ought to be one of `frameworks`: near misses, and the versions that have it. None if nothing is."""
    known = [name for framework_id in frameworks for name in framework_named(framework_id).codes]
    if code in known:
        return None
    own = " or ".join(frameworks) or "any framework that the edition names"
    elsewhere = [name for name in framework_ids() if code in framework_named(name).codes and name not in frameworks]
    here = [found for name in elsewhere for target in frameworks for found in carried(code, framework_named(name), framework_named(target))]
    if elsewhere:
        return f"'{code}' is no code of {own}, but of {', '.join(elsewhere)}." + (f" Here it is called {', '.join(dict.fromkeys(here))}." if here else "")
    return f"'{code}' is no code of {own}. {near_misses(code, known)}".strip()
