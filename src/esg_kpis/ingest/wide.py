"""Tables with a column per measure, which the header names; and columns that may hold a quantity and are not read."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Literal

from esg_kpis.domains import DOMAIN_OF, DOMAINS, MEASURES
from esg_kpis.errors import InputProblem, UnitProblem
from esg_kpis.files import Sheet, folded
from esg_kpis.files.header import unit_of
from esg_kpis.ingest.declared import column_aliases, measure_aliases
from esg_kpis.ingest.formats import COMMON, Feed, QuantityColumn
from esg_kpis.units import multiplier

_LIKELY = [measure for name in ("energy", "water") for measure in DOMAINS[name].measures if measure.nature == "flow"]
"""What bills are about: a column in a unit of one of them may be one."""
_ELSE = re.compile(r"示数|读数|表底|上月|上期|上年|去年|同期|累计|单价|reading|previous|last (month|year)|ytd|year to date|price|zählerstand|vorjahr|vormonat", re.IGNORECASE)
"""Columns beside the quantity that are usual and hold none of the row's own: readings, other periods, prices."""
_LIKE_QUANTITY = re.compile(r"(电|水|气|热|油)量$|用量|消耗|consumption|usage|verbrauch", re.IGNORECASE)
_NUMERIC = r"^\s*-?[0-9][0-9.,]*\s*$"


@cache
def measure_in(column: str) -> str | None:
    """The measure that a header names by its name or an alias, with or without a word for a quantity behind it, and a unit in brackets: `天然气用量（Nm3）` is natural_gas."""
    words = measure_aliases() | {folded(name): name for name in MEASURES}
    bare = folded(unit_of(column)[0])
    ends = ["", *column_aliases(None)["quantity"], "量"]
    return next((words[part] for end in ends if (part := bare.removesuffix(end)) in words), None)


def per_measure(sheet: Sheet, free: Sequence[str], unit_column: str | None) -> dict[str, tuple[QuantityColumn, ...]]:
    """Quantity columns by domain, of those `free` columns whose header names a measure and, in brackets, its unit. Where there are several, a blank cell says nothing.

    Raises:
        InputProblem: if two columns name one measure, a unit does not fit its measure, or a column of units stands beside several of them.
    """
    found: dict[str, str] = {}
    for column in free:
        measure, unit = measure_in(column), unit_of(column)[1]
        if not unit or measure is None or measure not in DOMAIN_OF:
            continue
        if measure in found:
            raise InputProblem(
                f"The headers '{found[measure]}' and '{column}' both name {measure}.", where=sheet.where, mend="Say which counts in a [[file.feed.quantity]] of _format.toml."
            )
        try:
            multiplier(unit, MEASURES[measure].unit, DOMAIN_OF[measure])
        except UnitProblem as problem:
            raise InputProblem(f"The header '{column}' names no unit of {measure}. {problem}", where=sheet.where, mend="Give `unit` in _format.toml.") from problem
        found[measure] = column
    if len(found) > 1 and unit_column is not None:
        raise InputProblem(f"The headers name units, and so does the column '{unit_column}'.", where=sheet.where, mend="Say which hold in _format.toml, or take that column out.")
    blank: Literal["reject", "skip"] = "skip" if len(found) > 1 else "reject"
    by_domain: dict[str, tuple[QuantityColumn, ...]] = {}
    for measure, column in found.items():
        units = {"unit": unit_of(column)[1]} if unit_column is None else {"unit_column": unit_column}
        by_domain[DOMAIN_OF[measure]] = (*by_domain.get(DOMAIN_OF[measure], ()), QuantityColumn(column=column, measure=measure, blank=blank, **units))  # type: ignore[arg-type]
    return by_domain


def unread(sheet: Sheet, feeds: Sequence[Feed], declared: Sequence[str], aliases: Mapping[str, frozenset[str]]) -> list[str]:
    """Columns that no feed reads and the format does not name, although they may hold a quantity: by a unit of energy or water in the header, by its name, or numbers without a name."""
    used = {*declared, *COMMON}
    for feed in feeds:
        used |= {*feed.columns.values(), *(field.name for field in DOMAINS[feed.domain].fields)}
        for quantity in feed.quantity:
            used |= {name for name in (quantity.column, quantity.unit_column, quantity.measure_column, *(quantity.readings.columns if quantity.readings else ())) if name}
    return [column for column in sheet.columns if column not in used and _may_count(sheet, column, aliases)]


def _may_count(sheet: Sheet, column: str, aliases: Mapping[str, frozenset[str]]) -> bool:
    name, unit = unit_of(column)
    if _ELSE.search(column):
        return False
    if _LIKE_QUANTITY.search(name):
        return bool(sheet.rows[column].str.contains(_NUMERIC).any())
    if measure_in(column) is not None or folded(name) in aliases.get("quantity", frozenset()):
        return True
    if column.startswith("column ") and column[7:].isdigit():
        return bool(sheet.rows[column].str.contains(_NUMERIC).any())
    return bool(unit) and "CO2" not in unit.upper() and any(_fits(unit, measure.unit) for measure in _LIKELY)


@cache
def _fits(unit: str, other: str) -> bool:
    try:
        multiplier(unit, other)
    except UnitProblem:
        return False
    return True
