"""Reading `_format.toml`, choosing the entry that fits a file, and what is understood without one: our own names and the aliases of them."""

import tomllib
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from esg_kpis.domains import DOMAINS
from esg_kpis.errors import InputProblem
from esg_kpis.files import folded
from esg_kpis.ingest.formats import Feed, FileFormat, Format, QuantityColumn

FORMAT_FILE = "_format.toml"
BY_OUR_NAMES = QuantityColumn(column="quantity", measure_column="measure", unit_column="unit")
"""The quantity of a file without a format: one column of numbers, beside it what was measured, and in which unit."""


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
    return next(iter(formats_for(name, declared)), None)


def formats_for(name: str, declared: Format) -> list[FileFormat]:
    """Every entry whose glob fits the file; a workbook may have one per sheet."""
    return [entry for entry in declared.file if fnmatchcase(name, entry.glob)]


def default_format(domain: str) -> FileFormat:
    """The format of a file that uses the names of the data dictionary."""
    if DOMAINS[domain].counted:
        return FileFormat(glob="*", feed=(Feed(domain=domain),))
    if not DOMAINS[domain].measures:
        return FileFormat(glob="*", feed=(Feed(domain=domain),))
    if domain == "sites":
        quantity = QuantityColumn(column="floor_area", measure="floor_area", unit_column="floor_area_unit", blank="skip", optional=True)
    else:
        quantity = BY_OUR_NAMES.model_copy(update={"optional": bool(DOMAINS[domain].counts)})
    return FileFormat(glob="*", feed=(Feed(domain=domain, quantity=(quantity,)),))


@cache
def _shipped() -> dict[str, dict[str, tuple[str, ...]]]:
    read = tomllib.loads(files("esg_kpis.ingest").joinpath("aliases.toml").read_text(encoding="utf-8"))
    return {part: {ours: tuple(folded(word) for word in (ours, *words)) for ours, words in names.items()} for part, names in read.items()}


def column_aliases(declared: Format | None) -> dict[str, frozenset[str]]:
    """Ours to the names, as `folded` spells them, under which the column is understood: those that ship, and those the folder declares."""
    own = declared.aliases if declared else {}
    shipped = _shipped()["columns"]
    return {ours: frozenset((folded(ours), *shipped.get(ours, ()), *(folded(word) for word in own.get(ours, ())))) for ours in {*shipped, *own}}


def bill_kind_aliases() -> dict[str, str]:
    """The words, as `folded` spells them, under which a kind of bill is understood, to the kind."""
    return {word: kind for kind, words in _shipped()["bill_kinds"].items() for word in words}


def tariff_aliases() -> dict[str, str]:
    """The words, as `folded` spells them, for the parts of a count, to one word for each; `whole` for all of it."""
    return {word: part for part, words in _shipped()["tariffs"].items() for word in words}


def measure_aliases() -> dict[str, str]:
    """The words, as `folded` spells them, under which a measure is understood, to the measure."""
    return {word: measure for measure, words in _shipped()["measures"].items() for word in words}
