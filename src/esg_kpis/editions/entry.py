"""What the entries of an edition have in common: no unknown keys, and words that must exist."""

from collections.abc import Collection, Iterable

from pydantic import BaseModel, ConfigDict

from esg_kpis.domains import ATTRIBUTES as OF_DOMAINS
from esg_kpis.domains import scope_3
from esg_kpis.domains.people import ATTRIBUTES
from esg_kpis.errors import near_misses

SITE_ATTRIBUTES = ("country", "grid_region", "kind", "business_line", "site_id")
CATEGORY_ATTRIBUTES = (*SITE_ATTRIBUTES, "gas_group", "origin", *(name for name in ATTRIBUTES if name not in SITE_ATTRIBUTES), *OF_DOMAINS)
Where = dict[str, list[str]]
"""Attribute to the values it may have, or to those it may not have, each written `not VALUE`."""

NOT = "not "


def all_known(words: Iterable[str], known: Collection[str], what: str) -> None:
    """Raises ValueError at the first word that is not known, with the near misses."""
    for word in words:
        if word not in known:
            raise ValueError(f"there is no {what} '{word}'. {near_misses(word, known) or 'Known: ' + ', '.join(known)}")


def all_or_not(where: Where) -> None:
    """Raises ValueError where an attribute names both values to take and values to leave out."""
    for name, values in where.items():
        if len({value.startswith(NOT) for value in values}) > 1:
            raise ValueError(f"'{name}' names values to take and values to leave out; give only one of both")


def categories_known(where: Where) -> None:
    """Raises ValueError where a value of an attribute is none of the words it may hold, or `not VALUE` stands for Scope 3: one stated total, `all`, would pass for all but that value."""
    all_known(where.get(scope_3.ATTRIBUTE, ()), scope_3.CATEGORIES, scope_3.ATTRIBUTE)
    for name, values in where.items():
        if words := OF_DOMAINS.get(name):
            all_known([value.removeprefix(NOT) for value in values], words, name)


def fits(value: str, values: Collection[str]) -> bool:
    """Whether something of that value is among `values`, or among none of those to leave out. No values at all ask for nothing."""
    left_out = [name.removeprefix(NOT) for name in values if name.startswith(NOT)]
    return not values or (value not in left_out if left_out else value in values)


class Entry(BaseModel):
    """One entry of a file that a person edits."""

    model_config = ConfigDict(extra="forbid", frozen=True)
