"""Whether the columns of a sheet can feed a domain, and which of the sender's columns is which of ours."""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath

from esg_kpis.domains import DOMAIN_OF, DOMAINS
from esg_kpis.domains.definition import Field
from esg_kpis.errors import InputProblem, near_misses
from esg_kpis.files import Sheet
from esg_kpis.files.header import unit_of
from esg_kpis.ingest.formats import Feed, QuantityColumn


def theirs_of(name: str, sheet: Sheet, feed: Feed) -> str | None:
    """The sender's column for ours; our own name for a constant; None when there is neither."""
    if name in feed.constants:
        return name
    if name in feed.columns:
        return feed.columns[name]
    return name if name in sheet.columns else None


def words_for(ours: Sequence[str], declared: Mapping[str, str]) -> list[str]:
    """Words as their sender knows them: the first that is declared for each of ours, else ours. Ours are understood as well."""
    theirs: dict[str, str] = {}
    for word, meant in declared.items():
        theirs.setdefault(meant, word)
    return [theirs.get(word, word) for word in ours]


def missing_columns(sheet: Sheet, feed: Feed) -> list[str]:
    """The columns a feed needs and the sheet lacks, in words."""
    domain = DOMAINS[feed.domain]
    declared = [*feed.columns.values()]
    for quantity in present(sheet, feed):
        declared += [name for name in (quantity.column, quantity.unit_column, quantity.measure_column) if name]
        declared += quantity.readings.columns if quantity.readings else ()
    problems = [f"'{name}'" for name in dict.fromkeys(declared) if name not in sheet.columns]
    own = ["site_id", *(field.name for field in domain.fields if field.required or (field.key and holds_things(sheet, feed)))]
    problems += [f"'{name}'" for name in own if theirs_of(name, sheet, feed) is None]
    if holds_things(sheet, feed):
        problems += [f"'{field.name}'" for field in domain.fields if field.needed and theirs_of(field.name, sheet, feed) is None and _asked_for(field, sheet, feed)]
    if domain.dated and not dated_by_columns(feed) and not any(theirs_of(name, sheet, feed) for name in ("period", "month", "date")):
        problems += [f"'{name}'" for name in ("period_start", "period_end") if theirs_of(name, sheet, feed) is None]
    return list(dict.fromkeys(problems))


def dated_by_columns(feed: Feed) -> bool:
    """Whether each quantity column of a feed is about a month of its own, so that rows need no date."""
    return bool(feed.quantity) and all(quantity.month for quantity in feed.quantity)


def present(sheet: Sheet, feed: Feed) -> list[QuantityColumn]:
    """The quantity columns of a feed, without optional ones that the sheet lacks."""
    return [quantity for quantity in feed.quantity if not quantity.optional or quantity.column in sheet.columns]


def _asked_for(field: Field, sheet: Sheet, feed: Feed) -> bool:
    """Whether any row of a list holds a word that asks for the field."""
    told = {name: feed.columns.get(name, name) for name in field.needed}
    words = {name: {feed.values.get(name, {}).get(word or "", word) for word in sheet.rows[column].unique().to_list()} for name, column in told.items() if column in sheet.columns}
    return any(not words.get(name, set()).isdisjoint(asked) for name, asked in field.needed.items())


def holds_things(sheet: Sheet, feed: Feed) -> bool:
    """Whether the rows of a feed are things that count one each: its domain counts such, and no column holds a quantity."""
    return bool(DOMAINS[feed.domain].counts) and not present(sheet, feed)


def check_shape(sheet: Sheet, feed: Feed) -> None:
    """Stops a file whose columns cannot feed the domain.

    Raises:
        InputProblem: naming the missing columns, what the header holds, and how to mend it.
    """
    if missing := missing_columns(sheet, feed):
        near = [near_misses(name.strip("'"), sheet.columns) for name in missing]
        hints = " ".join(hint for hint in near if hint)
        hints = " ".join(part for part in (hints, _key_that_helps(sheet)) if part)
        if sheet.encoding == "gb18030":
            hints += " The text is no UTF-8 and was read as GB18030; if letters look wrong, say `encoding` in _format.toml (Western files: cp1252)."
        raise InputProblem(
            f"The column{'s' if len(missing) > 1 else ''} {', '.join(missing)} needed for '{feed.domain}' {'are' if len(missing) > 1 else 'is'} missing. "
            f"The header has: {', '.join(sheet.columns)}. {hints}".strip(),
            where=sheet.source.path,
            mend=_mend(sheet, feed, missing),
        )


_MONTHS = re.compile(r"^((19|20)[0-9]{2}[-/.年]?)?(0?[1-9]|1[0-2])(月份?)?$|^(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?( ?(19|20)?[0-9]{2})?$", re.IGNORECASE)
_READINGS = re.compile(r"示数|读数|表底|reading|zählerstand", re.IGNORECASE)
_SEVERAL = 3


def _key_that_helps(sheet: Sheet) -> str:
    """A key of `_format.toml` for a header of a kind that is often met."""
    if len(sheet.columns) == 1 and (mark := next((mark for mark in ";\t|$,，；" if mark in sheet.columns[0]), None)):
        return f"The header was taken for one column: if its cells are parted by '{mark}', say `delimiter` in _format.toml."
    if sum(_MONTHS.match(column.strip()) is not None for column in sheet.columns) >= _SEVERAL:
        return "For a column per month see `months` of [[file.feed.quantity]] in docs/formats.md."
    if sum(_READINGS.search(column) is not None for column in sheet.columns) > 1:
        return "For readings of a meter see `readings` of [[file.feed.quantity]] in docs/formats.md."
    return ""


def _mend(sheet: Sheet, feed: Feed, missing: list[str]) -> str:
    """What to do about missing columns; where only a measure is, and a header ends with a unit, the lines of a format that say which."""
    united = next((column for column in sheet.columns if unit_of(column)[1]), None)
    if "'measure'" not in missing or united is None:
        return "Ask for the file with that column, or name the sender's column in _format.toml."
    measure = next(iter(DOMAINS[feed.domain].measures)).name
    return (
        f"If '{united}' is the quantity, say in a _format.toml beside the file what it measures, for example: format_version = 1 / [[file]] / glob = \"{PurePath(sheet.source.path).name}\" / "
        f'[[file.feed]] / domain = "{feed.domain}" / [[file.feed.quantity]] / measure = "{measure}" / column = "{united}" / unit_in_header = true (each on a line of its own).'
    )


def check_quantity_columns(feed: Feed, where: str) -> None:
    """Stops a format whose fixed measure belongs to another domain.

    Raises:
        InputProblem: naming the measure and its domain.
    """
    for quantity in feed.quantity:
        for measure in [*([quantity.measure] if quantity.measure else []), *quantity.measures.values()]:
            if DOMAIN_OF.get(measure) != feed.domain:
                raise InputProblem(
                    f"The measure '{measure}' belongs to the domain '{DOMAIN_OF.get(measure, 'none: factors lead to it')}', not to '{feed.domain}'.",
                    where=where,
                    mend="Give it a feed of its own.",
                )
