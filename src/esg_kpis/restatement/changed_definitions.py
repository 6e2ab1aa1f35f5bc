"""What changed in the definitions of an edition, and in the factor library, entry by entry and named by id."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from esg_kpis.editions import Edition
from esg_kpis.factors import Factor, Library

_ID = {"waiver": "finding", "known_difference": "kpi_id"}
"""What names an entry where it is not its id."""


_WORDS = frozenset({"document", "text", "knowledge_text", "gwp_text", "framework", "anomaly", "uncertainty", "lens", "known_difference", "small_groups", "incomplete_above", "labels", "index", "explanations", "target", "published"})
"""Parts of an edition that no value rests on."""
_WORDS_OF_KPI = frozenset({"label", "text", "source", "decimals", "footing", "roll_forward", "stated", "alternative_to", "hkex", "hkex_2025", "gri", "sasb"})
"""Keys of a KPI that its value does not rest on."""


@dataclass(frozen=True)
class Change:
    """One entry that is not as it was.

    Attributes:
        part: Which part it is of: a key of edition.toml, `kpi`, `target`, `published`, `factor`.
        name: Its id; empty for a key by itself.
        what: added, removed, changed or moved.
        keys: For each key of the entry that changed, what stood there before and after.
    """

    part: str
    name: str
    what: str
    keys: Mapping[str, tuple[str, str]]

    @property
    def moves_values(self) -> bool:
        """Whether a value may rest on what changed: not on words, decimals, and what only judges or names values."""
        if self.part in _WORDS:
            return False
        if self.part == "kpi" and self.what == "changed":
            return not self.keys.keys() <= _WORDS_OF_KPI
        return self.what != "changed" or not self.keys or not self.keys.keys() <= {"text", "id"}


def definitions_changed(first: Edition, second: Edition) -> list[Change]:
    """What is otherwise in the second reading of an edition, in the order of its files."""
    found: list[Change] = []
    before, after = first.rules.model_dump(), second.rules.model_dump()
    for key in before:
        if before[key] == after[key]:
            continue
        old, new = getattr(first.rules, key), getattr(second.rules, key)
        if isinstance(old, tuple) or isinstance(new, tuple):
            found += _entries(key, _named(key, old), _named(key, new))
        else:
            found.append(Change(key, "", "changed", {key: (_said(old), _said(new))}))
    found += _entries("kpi", first.defined, second.defined)
    found += _entries("target", {f"{item.id} ({item.version})": item for item in first.targets}, {f"{item.id} ({item.version})": item for item in second.targets})
    for part in ("labels", "index", "explanations"):
        if getattr(first, part) != getattr(second, part):
            found.append(Change(part, "", "changed", {}))
    return found + list(_printed(first, second))


def _named(key: str, entries: tuple[BaseModel, ...]) -> dict[str, BaseModel]:
    names = [str(getattr(item, _ID.get(key, "id"))) for item in entries]
    return {name if names.count(name) == 1 else f"{name} ({number})": item for number, (name, item) in enumerate(zip(names, entries, strict=True), 1)}


def _entries(part: str, before: Mapping[str, BaseModel], after: Mapping[str, BaseModel]) -> list[Change]:
    found = []
    for name in dict.fromkeys((*before, *after)):
        if name not in after:
            found.append(Change(part, name, "removed", {}))
        elif name not in before:
            found.append(Change(part, name, "added", {}))
        elif before[name] != after[name]:
            found.append(Change(part, name, "changed", _keys(before[name].model_dump(), after[name].model_dump())))
    kept = [[name for name in side if name in before and name in after] for side in (before, after)]
    if kept[0] != kept[1]:
        moved = next(name for name, other in zip(*kept, strict=True) if name != other)
        found.append(Change(part, moved, "moved", {}))
    return found


def _printed(first: Edition, second: Edition) -> Iterator[Change]:
    key = ("kpi_id", "period", "breakdown", "category")
    before, after = ({tuple(row[name] for name in key): row for row in edition.published.iter_rows(named=True)} for edition in (first, second))
    for cell in dict.fromkeys((*before, *after)):
        old, new = before.get(cell), after.get(cell)
        if old != new:
            yield Change("published", " ".join(cell), "added" if old is None else "removed" if new is None else "changed", _keys(old, new) if old and new else {})


def _keys(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    return {name: (_said(before.get(name)), _said(after.get(name))) for name in dict.fromkeys((*before, *after)) if before.get(name) != after.get(name)}


def _said(value: object) -> str:
    return "" if value is None else str(value)


def factors_changed(first: Library, second: Library) -> list[Change]:
    """Factors that were added, removed, or say something else, by id; and sources and regions."""
    before, after = ({factor.factor_id: factor for factor in library.factors} for library in (first, second))
    found = []
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old != new:
            found.append(Change("factor", name, "added" if old is None else "removed" if new is None else "changed", _of_factor(old, new)))
    for part in ("regions", "gas_groups", "unreadable"):
        if getattr(first, part) != getattr(second, part):
            found.append(Change(part, "", "changed", {}))
    return found


def _of_factor(old: Factor | None, new: Factor | None) -> dict[str, tuple[str, str]]:
    one, other = (vars(factor) if factor is not None else {} for factor in (old, new))
    names = [name for name in ("value", "unit", *sorted({*one, *other} - {"value", "unit", "multiplier"})) if one.get(name) != other.get(name)]
    return {name: (_said(one.get(name)), _said(other.get(name))) for name in (names if old is not None and new is not None else ("value", "unit"))}
