"""Two runs computed again by the code of today, with records, factors and definitions of the one or of the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

import polars as pl

from esg_kpis.editions import Edition
from esg_kpis.errors import InputProblem
from esg_kpis.factors import Library, counted_in, with_instruments
from esg_kpis.kpis import Inputs, cells, inputs_of
from esg_kpis.restatement.changed_definitions import Change
from esg_kpis.restatement.runs import Run
from esg_kpis.restatement.shapley import Switched

Cell = tuple[str, str, str, str, str]
"""Edition, KPI, period, breakdown, category."""
DATA, FACTORS, DEFINITIONS, CODE_GROUP = "data", "factors", "definitions", "code"
GROUPS = (DATA, FACTORS, DEFINITIONS, CODE_GROUP)
OTHER_FACTORS = "other factors"
MOST_ITEMS = 3
"""Up to so many changed factors are told apart; more are one."""


@dataclass(frozen=True)
class Made:
    """What one mixture of two runs makes of an edition: what its KPIs are made of, its amounts, and the values of the cells that have one."""

    inputs: Inputs
    amounts: pl.DataFrame
    values: Mapping[Cell, Fraction]


@dataclass
class Rerun:
    """Both runs by today's code. What was computed is kept.

    Attributes:
        first: The older run.
        second: The newer one.
        reading: The group that what was received belongs to: `data`, or what else made it different.
        factor_items: The items of the group of factors, each with the ids of its factors.
        known: What was computed.
    """

    first: Run
    second: Run
    reading: str
    factor_items: Mapping[str, frozenset[str]]
    known: dict[tuple[str, Switched], Made | None] = field(default_factory=dict)

    def made(self, edition: str, switched: Switched) -> Made | None:
        """An edition with some groups, or items of factors, as the newer run has them; None where the mixture contradicts itself."""
        key = (edition, switched)
        if key not in self.known:
            try:
                self.known[key] = self._made(edition, switched)
            except InputProblem:
                self.known[key] = None
        return self.known[key]

    def value(self, cell: Cell, switched: Switched) -> Fraction | None:
        """The value of a cell; None where it has none."""
        made = self.made(cell[0], switched)
        return None if made is None else made.values.get(cell)

    def _made(self, name: str, switched: Switched) -> Made:
        edition, known_on = self._edition(name, switched)
        library = self._library(switched)
        received = (self.second if self.reading in switched else self.first).received
        amounts = counted_in(received, edition, library, known_on).tables["edition_amounts"]
        inputs = inputs_of(amounts, received.sites, with_instruments(library, received.instruments), edition, known_on)
        found = {(name, kpi.id, period, breakdown, category): value.value for kpi, period, breakdown, category, value in cells(inputs) if value.value is not None}
        return Made(inputs, amounts, found)

    def _edition(self, name: str, switched: Switched) -> tuple[Edition, date]:
        run = self.second if DEFINITIONS in switched else self.first
        return run.editions[name], run.known_on(name)

    def _library(self, switched: Switched) -> Library:
        """The library with the factors of the items switched as the newer run has them, and the others as the older. Regions and the like go with the factors that no run used."""
        chosen = [item for item in self.factor_items if item in switched]
        if not chosen:
            return self.first.library
        if len(chosen) == len(self.factor_items):
            return self.second.library
        newer = frozenset[str]().union(*(self.factor_items[item] for item in chosen))
        older = [factor for factor in self.first.library.factors if factor.factor_id not in newer]
        fresh = [factor for factor in self.second.library.factors if factor.factor_id in newer]
        base = self.second.library if OTHER_FACTORS in chosen else self.first.library
        return replace(base, factors=tuple(sorted([*older, *fresh], key=lambda factor: (factor.source_id, factor.factor_id))))


def factor_items(first: Run, second: Run, changes: Sequence[Change]) -> dict[str, frozenset[str]]:
    """The items of the group of factors: each changed factor that either run used, if they are few, and all else that changed in the library together."""
    changed = frozenset(change.name for change in changes if change.part == "factor")
    used = sorted(changed & ({*first.factor_uses["factor_id"]} | {*second.factor_uses["factor_id"]}))
    others = changed - frozenset(used)
    aside = bool(others) or any(change.part != "factor" for change in changes)
    if not changes:
        return {}
    if not used or len(used) > MOST_ITEMS or (len(used) == 1 and not aside):
        return {FACTORS: changed}
    return {f"factor {name}": frozenset((name,)) for name in used} | ({OTHER_FACTORS: others} if aside else {})


def received_alike(first: Run, second: Run) -> bool:
    """Whether two runs received the same, whatever files it came in."""
    one, other = first.received, second.received
    frames = ("amounts", "sites", "ownership", "instruments", "rejected")
    return one.as_of == other.as_of and all(getattr(one, name).equals(getattr(other, name)) for name in frames) and one.coverage.sites.equals(other.coverage.sites)
