"""Which of a sender's columns is which of ours: as declared, by our own names, or by an alias. Names are compared without width, case and spaces."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from pydantic import BaseModel

from esg_kpis.domains import DOMAIN_OF, DOMAINS, MEASURES
from esg_kpis.errors import InputProblem, UnitProblem
from esg_kpis.files import Sheet, folded
from esg_kpis.files.header import unit_of
from esg_kpis.ingest.declared import BY_OUR_NAMES, measure_aliases
from esg_kpis.ingest.formats import COMMON, Feed, FileFormat, QuantityColumn
from esg_kpis.ingest.shape import missing_columns
from esg_kpis.ingest.wide import per_measure, unread
from esg_kpis.units import unit_named

Aliases = Mapping[str, frozenset[str]]
Model = TypeVar("Model", bound=BaseModel)


def names_known(entry: FileFormat, aliases: Aliases) -> frozenset[str]:
    """Every name under which a column of the file would be understood, as `folded` spells it: by them a header is found."""
    known = {word for feed in entry.feed if not DOMAINS[feed.domain].counted for ours in _ours(feed) for word in aliases.get(ours, (folded(ours),))}
    return frozenset(known | {folded(name) for name in declared_columns(entry)})


def _ours(feed: Feed) -> list[str]:
    return [*COMMON, *(field.name for field in DOMAINS[feed.domain].fields), "measure", "quantity", "unit", *(item.column for item in feed.quantity if item.column)]


def declared_columns(entry: FileFormat) -> list[str]:
    """Every column of the sender that the format names."""
    names = [name for feed in entry.feed for name in feed.columns.values()]
    for quantity in (quantity for feed in entry.feed for quantity in feed.quantity):
        names += [name for name in (quantity.column, quantity.unit_column, quantity.measure_column) if name]
        names += quantity.readings.columns if quantity.readings else []
    names += [name for compare in entry.compare for name in compare.columns]
    names += [name for footing in entry.footing for name in (footing.total, *footing.parts)]
    names += [name for item in entry.published for name in (item.column, item.category_column)]
    return [*names, *(item.column for item in entry.flag), *(item.column for item in entry.aside), *entry.fill_down]


def understood(sheet: Sheet, entry: FileFormat, aliases: Aliases) -> FileFormat:
    """The format in the spelling of the sheet's header, with the columns that aliases find, and units that stand in the header.

    Raises:
        InputProblem: if two columns might be the same of ours, or a header that ought to hold a unit holds none.
    """
    spelled = {name: _spelled(name, sheet) for name in declared_columns(entry)}
    feeds = tuple(_feed(_respelled_feed(feed, spelled), sheet, aliases) for feed in entry.feed)
    if len(feeds) == 1 and entry.feed[0].quantity == (BY_OUR_NAMES,):
        feeds = _per_measure(feeds[0], sheet, entry, aliases) or feeds
    return entry.model_copy(
        update={
            "feed": feeds,
            "compare": tuple(item.model_copy(update={"columns": tuple(spelled[name] for name in item.columns)}) for item in entry.compare),
            "footing": tuple(
                item.model_copy(update={"total": spelled[item.total], "parts": tuple(spelled[name] for name in item.parts)}) for item in entry.footing
            ),
            "published": tuple(_respelled(item, ("column", "category_column"), spelled) for item in entry.published),
            "flag": tuple(_respelled(item, ("column",), spelled) for item in entry.flag),
            "aside": tuple(_respelled(item, ("column",), spelled) for item in entry.aside),
        }
    )


def _per_measure(feed: Feed, sheet: Sheet, entry: FileFormat, aliases: Aliases) -> tuple[Feed, ...]:
    """A feed per domain of a table with a column per measure, in a file without a format; nothing where it has a column of quantities or of measures.

    Raises:
        InputProblem: if a column beside them may hold a quantity as well.
    """
    quantity = feed.quantity[0]
    if quantity.measure_column in sheet.columns:
        return (feed, *_of_other_domains(feed, sheet, aliases))
    if quantity.column in sheet.columns:
        return ()
    units = quantity.unit_column if quantity.unit_column in sheet.columns else None
    free = [column for column in sheet.columns if column not in {*feed.columns.values(), units}]
    feeds = tuple(_feed(Feed(domain=domain, quantity=columns), sheet, aliases) for domain, columns in per_measure(sheet, free, units).items())
    if feeds and (left := unread(sheet, feeds, declared_columns(entry), aliases)):
        raise InputProblem(
            f"The column{'s' if len(left) > 1 else ''} {', '.join(map(repr, left))} may hold quantities too, but {'their headers name' if len(left) > 1 else 'its header names'} no measure and unit that is known.",
            where=sheet.where, mend="Say in _format.toml what each column measures, or take out those that do not count.",
        )  # fmt: skip
    return feeds


def _of_other_domains(feed: Feed, sheet: Sheet, aliases: Aliases) -> list[Feed]:
    """A feed for each other domain whose measures the rows name, as a ledger of energy and water does, if the columns suffice for it."""
    words = measure_aliases() | {folded(name): name for name in MEASURES}
    told = {words.get(folded(word or "")) for word in sheet.rows[str(feed.quantity[0].measure_column)].unique().to_list()}
    domains = sorted({DOMAIN_OF[measure] for measure in told if measure in DOMAIN_OF} - {feed.domain})
    feeds = [_feed(Feed(domain=domain, quantity=(BY_OUR_NAMES,)), sheet, aliases) for domain in domains if domain != "sites" and not DOMAINS[domain].counted]
    return [other for other in feeds if not missing_columns(sheet, other)]


def mapping_in_words(sheet: Sheet, entry: FileFormat) -> str:
    """Which of the sender's columns were taken for which of ours under another name, for `files`."""
    pairs = [f"{ours}={theirs}" for feed in entry.feed for ours, theirs in feed.columns.items()]
    pairs += [f"{quantity.measure or 'quantity'}={quantity.column}" for feed in entry.feed for quantity in feed.quantity if quantity.column in sheet.columns]
    pairs += [f"{ours}={theirs}" for feed in entry.feed for quantity in feed.quantity for ours, theirs in (("measure", quantity.measure_column), ("unit", quantity.unit_column)) if theirs]
    return "; ".join(dict.fromkeys(pair for pair in pairs if pair.partition("=")[0] != pair.partition("=")[2]))


def _spelled(name: str, sheet: Sheet) -> str:
    """A declared name as the header spells it; as declared where the header has nothing like it."""
    if name in sheet.columns:
        return name
    found = [column for column in sheet.columns if folded(column) == folded(name)]
    if len(found) > 1:
        raise _ambiguous(name, found, sheet)
    return found[0] if found else name


def _ambiguous(name: str, found: Sequence[str], sheet: Sheet) -> InputProblem:
    return InputProblem(
        f"The columns {', '.join(map(repr, found))} might each be '{name}'.", where=sheet.where, mend=f"Say which under `columns` in _format.toml: {name} = \"…\"."
    )


def _respelled(item: Model, keys: Sequence[str], spelled: Mapping[str, str]) -> Model:
    return item.model_copy(update={key: spelled[value] for key in keys if (value := getattr(item, key))})


def _respelled_feed(feed: Feed, spelled: Mapping[str, str]) -> Feed:
    quantities = []
    for item in feed.quantity:
        quantity = _respelled(item, ("column", "unit_column", "measure_column"), spelled)
        if item.readings:
            kept = {item.readings.times: item.readings.times}  # A number is no column.
            quantity = quantity.model_copy(update={"readings": _respelled(item.readings, ("start", "to", "times"), {**kept, **spelled})})
        quantities.append(quantity)
    return feed.model_copy(update={"columns": {ours: spelled[theirs] for ours, theirs in feed.columns.items()}, "quantity": tuple(quantities)})


def _feed(feed: Feed, sheet: Sheet, aliases: Aliases) -> Feed:
    if DOMAINS[feed.domain].counted:
        return feed
    taken = {*feed.columns.values(), *feed.constants}
    free = [column for column in sheet.columns if column not in taken]
    found = {}
    for ours in (*COMMON, *(field.name for field in DOMAINS[feed.domain].fields)):
        if ours not in feed.columns and ours not in feed.constants and ours not in sheet.columns and (theirs := _alias(ours, free, sheet, aliases)):
            found[ours] = theirs
    quantities = tuple(_quantity(item, sheet, aliases, free) for item in feed.quantity)
    return feed.model_copy(update={"columns": {**feed.columns, **found}, "quantity": quantities})


def _alias(ours: str, free: Sequence[str], sheet: Sheet, aliases: Aliases, *, with_unit: bool = False) -> str | None:
    words = aliases.get(ours, frozenset((folded(ours),)))
    found = [column for column in free if folded(unit_of(column)[0] if with_unit else column) in words]
    if len(found) > 1:
        raise _ambiguous(ours, found, sheet)
    return found[0] if found else None


def _quantity(item: QuantityColumn, sheet: Sheet, aliases: Aliases, free: Sequence[str]) -> QuantityColumn:
    """A quantity column as the header spells it: by an alias where it bears our own name, its unit out of the header where it stands there."""
    update: dict[str, object] = {}
    for key in ("unit_column", "measure_column"):
        name = getattr(item, key)
        if name is not None and name not in sheet.columns and (theirs := _alias(name, free, sheet, aliases)):
            update[key] = theirs
    column = item.column
    if column and column not in sheet.columns and (theirs := _alias(column, free, sheet, aliases) or _alias(column, free, sheet, aliases, with_unit=True)):
        column = update["column"] = theirs
    if item.readings and column not in sheet.columns and (item.optional or not column):
        return item.model_copy(update=update | {"column": item.readings.to, "only_readings": True, "optional": False})
    no_unit = item.unit_column is not None and "unit_column" not in update and item.unit_column not in sheet.columns
    stated = unit_of(column)[1]
    if column in sheet.columns and (item.unit_in_header or (no_unit and stated)):
        try:
            unit_named(stated)
        except UnitProblem as problem:
            raise InputProblem(
                f"The header '{column}' ought to end with a unit in brackets. {problem.what}", where=sheet.where, mend="Give `unit` in _format.toml."
            ) from problem
        update |= {"unit": stated, "unit_column": None, "unit_in_header": False}
    return item.model_copy(update=update)
