"""Values of the KPIs of two editions with any of their causes mixed, each mixture computed once."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

import polars as pl
from pydantic import ValidationError

from esg_kpis.errors import InputProblem, InternalProblem
from esg_kpis.factors import Received, counted_in, with_instruments
from esg_kpis.kpis import Value, cells, inputs_of
from esg_kpis.restatement.causes import Pair
from esg_kpis.restatement.mixture import mixture, needs_other_periods
from esg_kpis.restatement.shapley import Switched

Spot = tuple[str, str, str]
"""KPI, breakdown, category."""
_NOTHING = Value(None, "not_collected", "nothing of it counts")


@dataclass
class Mixtures:
    """The values of a pair of editions by which causes are switched. What was computed is kept."""

    pair: Pair
    known: dict[Switched, Mapping[Spot, Value]] = field(default_factory=dict)

    def values(self, switched: Switched) -> Mapping[Spot, Value]:
        """All cells of the period with some causes as the second edition has them."""
        if switched not in self.known:
            self.known[switched] = self._computed(switched)
        return self.known[switched]

    def value(self, spot: Spot, switched: Switched) -> Value:
        """One cell; without a value where there is none."""
        return self.values(switched).get(spot, _NOTHING)

    def number(self, spot: Spot, switched: Switched) -> Fraction:
        """The number of a cell that has one.

        Raises:
            InternalProblem: if it has none.
        """
        value = self.value(spot, switched).value
        if value is None:
            raise InternalProblem(f"{spot} has no value with {sorted(switched)} switched.", mend="Please report it.")
        return value

    def _computed(self, switched: Switched) -> Mapping[Spot, Value]:
        try:
            mixed = mixture(self.pair, switched)
            counted = counted_in(self._within(mixed.received), mixed.edition, mixed.library, mixed.known_on).tables["edition_amounts"]
            inputs = inputs_of(counted, mixed.received.sites, with_instruments(mixed.library, mixed.received.instruments), mixed.edition, mixed.known_on)
            return {(kpi.id, breakdown, category): value for kpi, period, breakdown, category, value in cells(inputs) if period == self.pair.period}
        except (InputProblem, ValidationError) as problem:
            # A mixture that contradicts itself is none that anybody could have reported.
            blocked = Value(None, "blocked", str(problem))
            return {(kpi, *spot): blocked for kpi, spots in self.pair.cells.items() for spot in spots}

    def _within(self, received: Received) -> Received:
        """What was received with the months of the period only, where no other has a part in it: the rest would be computed and thrown away."""
        if needs_other_periods(self.pair):
            return received
        days = [self.pair.period_of(side) for side in (0, 1)]
        first, last = min(item.first for item in days).strftime("%Y-%m"), max(item.last for item in days).strftime("%Y-%m")
        return replace(received, amounts=received.amounts.filter(pl.col("month").is_null() | pl.col("month").is_between(pl.lit(first), pl.lit(last))))
