"""The bridge from one edition's figure to another's for the same period: bars that add up from what the one printed to what the other printed, to the last digit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl

from esg_kpis.domains import DOMAIN_OF, DOMAINS
from esg_kpis.editions import Edition
from esg_kpis.errors import UnitProblem
from esg_kpis.exact import rounded
from esg_kpis.kpis import Value
from esg_kpis.restatement.causes import CAUSES, Pair, rests_on
from esg_kpis.restatement.evaluation import Mixtures, Spot
from esg_kpis.restatement.shapley import Effect, Switched, in_order, partition, shapley, subsets
from esg_kpis.restatement.words import said_of
from esg_kpis.tables import BRIDGE, conform
from esg_kpis.units import multiplier

AND = " + "
"""Between causes that cannot be told apart."""
Step = tuple[str, Decimal, Decimal, Effect | None, str]
"""Cause, level before, level after, effect with its range over orders (None for the unreproduced), words."""
UNREPRODUCED_FROM, UNREPRODUCED_TO = "unreproduced_from", "unreproduced_to"


@dataclass(frozen=True)
class Bar:
    """What one cause did, or several that cannot be told apart, and what the editions have otherwise."""

    causes: tuple[str, ...]
    effect: Effect
    text: str

    @property
    def name(self) -> str:
        """The causes in one word."""
        return AND.join(self.causes)


@dataclass(frozen=True)
class Bridge:
    """One cell of two editions: what each printed (None where it did not), what each computed, and the bars between."""

    spot: Spot
    unit: str
    printed: tuple[Decimal | None, Decimal | None]
    computed: tuple[Fraction, Fraction]
    bars: tuple[Bar, ...]


def bridges(mixtures: Mixtures, spots: Sequence[Spot]) -> tuple[list[Bridge], dict[Spot, str]]:
    """The bridges of some cells, and why others have none.

    Args:
        mixtures: The two editions.
        spots: The cells asked for.
    """
    made: list[Bridge] = []
    none: dict[Spot, str] = {}
    pair = mixtures.pair
    for spot in spots:
        ends = [side.recorded(spot, pair.period) for side in pair.sides]
        if (reason := _no_bridge(pair, spot, ends)) is not None:
            none[spot] = reason
            continue
        first, second = (side.printed(spot, pair.period) for side in pair.sides)
        computed, bars = _parted(mixtures, spot, [row["value"] for row in ends if row is not None])
        made.append(Bridge(spot, pair.editions[0].kpis[spot[0]].unit, (first, second), computed, tuple(bars)))
    return made, none


def _no_bridge(pair: Pair, spot: Spot, ends: Sequence[dict[str, Any] | None]) -> str | None:
    for side, row in zip(pair.sides, ends, strict=True):
        if row is None:
            return f"edition {side.edition.id} has no such cell"
        if row["value"] is None:
            return f"edition {side.edition.id} has no value: {row['status'].replace('_', ' ')}{': ' + row['reason'] if row['reason'] else ''}"
    first, second = (edition.kpis[spot[0]].unit for edition in pair.editions)
    try:
        same = first == second or multiplier(first, second) == 1
    except UnitProblem:
        same = False
    return None if same else f"the editions give it in different units, {first} and {second}"


def _parted(mixtures: Mixtures, spot: Spot, ends: Sequence[Decimal]) -> tuple[tuple[Fraction, Fraction], list[Bar]]:
    """What both editions compute, unrounded, and the bars between; one bar for all causes where they cannot be told apart at all."""
    pair = mixtures.pair
    if (whole := _as_a_whole(mixtures, spot, ends)) is not None:
        first, second = Fraction(ends[0]), Fraction(ends[1])
        change = second - first
        return (first, second), [Bar(pair.differing or ("data",), Effect(change, change, change), f"not to be told apart: {whole}")] if change or pair.differing else []
    return (mixtures.number(spot, frozenset()), mixtures.number(spot, frozenset(pair.differing))), _bars(mixtures, spot)


def _bars(mixtures: Mixtures, spot: Spot) -> list[Bar]:
    pair = mixtures.pair
    parts = in_order(partition(pair.differing, lambda switched: mixtures.value(spot, switched).value is not None), list(CAUSES)) if pair.differing else []
    effects = shapley(parts, lambda switched: mixtures.number(spot, switched))
    bars = []
    for part, effect in zip(parts, effects, strict=True):
        causes = tuple(cause for cause in CAUSES if cause in part)
        words = [f"{f'{cause}: ' if len(causes) > 1 else ''}{said_of(cause, pair, spot[0])}" for cause in causes]
        together = [_together(mixtures, spot, part)] if len(causes) > 1 else []
        idle = ["no effect in any order"] if effect.low == effect.high == 0 else []
        bars.append(Bar(causes, effect, "; ".join([*idle, *together, *words])))
    return bars


def _as_a_whole(mixtures: Mixtures, spot: Spot, ends: Sequence[Decimal]) -> str | None:
    """Why a cell is not parted at all, if it is not."""
    pair = mixtures.pair
    if len(pair.differing) > 1 and _tells_of_people(mixtures, spot):
        return "it counts people, and what causes did apart could tell of few of them"
    for switched, recorded in ((frozenset[str](), ends[0]), (frozenset(pair.differing), ends[1])):
        value = mixtures.value(spot, switched)
        if value.value is None or rounded(value.value) != recorded:
            return f"put together from its parts the edition gives {value.status if value.value is None else rounded(value.value)} instead of {recorded}; please report it"
    return None


def _tells_of_people(mixtures: Mixtures, spot: Spot) -> bool:
    """Whether parts of a KPI could be traced back to counts of people: it counts nothing else, or counts of people that it rests on are not the same in all mixtures."""
    pair = mixtures.pair
    if of_people(spot[0], pair.editions):
        return True
    beneath = {name for edition in pair.editions for name in rests_on(spot[0], edition.defined) if of_people(name, (edition,))}
    for name in beneath:
        cells = [[mixtures.value(at, switched).value for switched in subsets(pair.differing)] for at in ((name, *spot[1:]), (name, "total", "All"))]
        found = next((values for values in cells if None not in values), None)
        if found is None or len(set(found)) > 1:
            return True
    return False


def of_people(kpi: str, editions: Sequence[Edition]) -> bool:
    """Whether a KPI counts people and nothing else, in any of some editions."""
    counted = {name for name, domain in DOMAIN_OF.items() if DOMAINS[domain].counted}
    for edition in editions:
        measures = {measure for name in rests_on(kpi, edition.defined) for item in edition.defined[name].amounts for measure in item.measure}
        if measures and measures <= counted:
            return True
    return False


def _together(mixtures: Mixtures, spot: Spot, part: Switched) -> str:
    """Why some causes are one part: the first combination of them that has no value, and why."""
    lacking = [one for one in mixtures.known if 0 < len(one & part) < len(part) and mixtures.value(spot, one).value is None]
    for switched in sorted(lacking, key=lambda one: (len(one), sorted(one)))[:1]:
        value: Value = mixtures.value(spot, switched)
        other = [name for name in mixtures.pair.differing if name not in switched]
        first, second = (side.name for side in mixtures.pair.sides)
        own = [name for name in mixtures.pair.differing if name in switched]
        return f"not to be told apart: with {' and '.join(own)} of {second} and {' and '.join(other)} of {first} there is no value ({value.reason or value.status})"
    return "not to be told apart"


# ---------------------------------------------------------------- as a table


def bridge_table(made: Sequence[Bridge], pair: Pair) -> pl.DataFrame:
    """Bridges as a table. Levels are rounded once, to 18 decimals half-even, and effects are the steps between them: they add up to the last digit.

    Columns: as `bridge` in the data dictionary.
    """
    rows = [row for bridge in made for row in _rows(bridge, pair)]
    return conform(pl.DataFrame(rows, schema=BRIDGE.schema), BRIDGE)


def _rows(bridge: Bridge, pair: Pair) -> Iterator[dict[str, Any]]:
    kpi, breakdown, category = bridge.spot
    key = {"from": pair.first.edition.id, "to": pair.second.edition.id, "kpi_id": kpi, "period": pair.period, "breakdown": breakdown, "category": category, "unit": bridge.unit}
    for place, (cause, before, after, effect, words) in enumerate(steps(bridge, pair), 1):
        start = bridge.computed[0]
        size = after - before
        yield {
            **key, "place": place, "cause": cause, "before": before, "after": after, "effect": size, "text": words,
            "low": None if effect is None else rounded(effect.low), "high": None if effect is None else rounded(effect.high),
            "share": rounded(100 * Fraction(size) / abs(start)) if start else None,
        }  # fmt: skip


def steps(bridge: Bridge, pair: Pair, decimals: int = 18) -> Iterator[Step]:
    """The bars with the levels before and after, rounded to `decimals`."""
    first, second = (side.edition for side in pair.sides)
    start, end = bridge.printed
    level = bridge.computed[0]
    if start is not None:
        yield UNREPRODUCED_FROM, rounded(Fraction(start), decimals), rounded(level, decimals), None, _unreproduced(start, level, first, bridge.spot, pair.period)
    for bar in bridge.bars:
        yield bar.name, rounded(level, decimals), rounded(level + bar.effect.mean, decimals), bar.effect, bar.text
        level += bar.effect.mean
    if end is not None:
        yield UNREPRODUCED_TO, rounded(level, decimals), rounded(Fraction(end), decimals), None, _unreproduced(end, level, second, bridge.spot, pair.period)


def _unreproduced(printed: Decimal, computed: Fraction, edition: Edition, spot: Spot, period: str) -> str:
    exponent = printed.as_tuple().exponent
    unit = Fraction(10) ** int(exponent if isinstance(exponent, int) else 0)
    if abs(Fraction(printed) - computed) * 2 <= unit:
        return f"rounding of what the {edition.rules.document} printed; its figure is reproduced"
    for known in edition.rules.known_difference:
        if known.kpi_id == spot[0] and (not known.periods or period in known.periods) and known.breakdown in (None, spot[1]) and known.category in (None, spot[2]):
            return known.text
    return f"what the {edition.rules.document} printed and its definitions do not give; nothing explains it"
