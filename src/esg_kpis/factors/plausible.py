"""Values that cannot be, or hardly: below zero, of another size than all others of their kind, not what their parents give, GWPs far from other sets, blends of more or less than all.

All comparisons are exact, on the multipliers between canonical units.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Context, Decimal
from fractions import Fraction
from statistics import median
from typing import NamedTuple

from esg_kpis.domains import DOMAIN_OF, MEASURES, derived
from esg_kpis.exact import plain, printed
from esg_kpis.factors.library import Factor, Library
from esg_kpis.factors.series import FAR, LibraryFinding, told
from esg_kpis.units import multiplier

SLIP = 30
"""A value that differs from the median of its kind by more than this factor is told: a slip of a thousand does, and of grids only those with hardly any fossil power."""

OTHERS = 4
"""So many other values make a kind."""

TAKEN_OFF = ("refrigerant_", "sludge_", "methane_recovered")
"""How measures begin that may be taken off: what is recovered, removed or charged was not emitted."""

_COEFFICIENT = r"-?(?:\d+\.?\d*|\.\d+) x "
_SUM = re.compile(rf"(?:{_COEFFICIENT})?[a-z][\w.-]+(?: \+ (?:{_COEFFICIENT})?[a-z][\w.-]+)*")
_TERM = re.compile(rf"({_COEFFICIENT})?([a-z][\w.-]+)")
_MOST = 6
"""Values that a finding names."""


class Term(NamedTuple):
    """One term of a sum of factors."""

    times: Fraction
    factor_id: str


def terms_of(factor: Factor) -> list[Term]:
    """The terms of parents that are a sum (`0.5 x a-om + 0.5 x a-bm`, `-1 x b0-cod`, `a-avg`); none of any other formula."""
    text = factor.parents or ""
    return [Term(Fraction(times.removesuffix(" x ") or 1), name) for times, name in _TERM.findall(text)] if _SUM.fullmatch(text) else []


def negatives(library: Library) -> list[LibraryFinding]:
    """One finding per factor below zero whose measure is never taken off."""
    return [
        LibraryFinding(
            "negative", "error", factor.factor_id, (factor.factor_id,), f"It is {_value(factor)} ({factor.source_id}), below zero, and {factor.measure} is never taken off.",
            "Compare the sign with the source. Only what is recovered, removed or charged is taken off: refrigerants, sludge, methane.",
        )
        for factor in library.factors if factor.value < 0 and not factor.measure.startswith(TAKEN_OFF)
    ]  # fmt: skip


def not_their_parents(library: Library) -> list[LibraryFinding]:
    """One finding per derived factor that is not the sum its parents name, rounded to its decimals; a tie may be rounded either way.

    A sum of an id that is not there is the finding `parent`. Where a parent has other dimensions, its number holds a unit that is not said, and nothing is compared.
    """
    known = {factor.factor_id: factor for factor in library.factors}
    rows = []
    for factor in library.factors:
        terms = terms_of(factor) if factor.status == "derived" else []
        parents = [known[term.factor_id] for term in terms if term.factor_id in known]
        if not terms or len(parents) < len(terms) or any(_units(parent) != _units(factor) for parent in parents):
            continue
        total = sum((term.times * parent.multiplier for term, parent in zip(terms, parents, strict=True)), Fraction(0))
        given = total / multiplier(factor.unit, _units(factor), DOMAIN_OF.get(factor.measure, ""))
        decimals = _decimals(factor.value)
        if abs(given - Fraction(factor.value)) * 10**decimals <= Fraction(1, 2):
            continue
        made_of = ", ".join(f"{parent.factor_id} is {_value(parent)}" for parent in parents)
        rows.append(
            LibraryFinding(
                "derived", "error", factor.factor_id, (factor.factor_id, *dict.fromkeys(term.factor_id for term in terms)),
                f"It is {_value(factor)}, but its parents give {printed(given, decimals)} {factor.unit}: {factor.parents}, where {made_of}.",
                "Mend the value, its parents or what they are taken times; of a blend in factors/gwp.csv the parents are the shares in its note.",
            )
        )  # fmt: skip
    return rows


def slips(library: Library) -> list[LibraryFinding]:
    """One finding per source, kind and method of values that lie more than `SLIP` times above or below the median of their kind, whatever region, year, source and method."""
    compared = (factor for factor in library.factors if _may_be_taken(factor) and factor.multiplier and not factor.method.endswith(("_upper", "_lower")) and factor.measure != derived.EMISSION_GAS)
    rows = []
    for factors in _grouped(compared, lambda factor: (factor.measure, factor.output, factor.gas_in, factor.gas)).values():
        if len(factors) <= OTHERS:
            continue
        middle = median(abs(factor.multiplier) for factor in factors)
        far = [factor for factor in factors if abs(factor.multiplier) > SLIP * middle or abs(factor.multiplier) * SLIP < middle]
        usual = f"The median of all {len(factors)} such values is {plain(_short(middle, 4))} {_units(factors[0])}."
        for (source, what), found in _grouped(far, lambda factor: (factor.source_id, told(factor, region=False))).items():
            more = f"; and {len(found) - _MOST} more" if len(found) > _MOST else ""
            rows.append(
                LibraryFinding(
                    "slip", "warning", f"{source}: {what}", tuple(factor.factor_id for factor in found[:_MOST]), f"{'; '.join(_apart(factor, middle) for factor in found[:_MOST])}{more}. {usual}",
                    "Compare value and unit with the source: a slip of a thousand looks so. Where it is right, nothing: it is only told.",
                )
            )  # fmt: skip
    return rows


def far_gwps(library: Library) -> list[LibraryFinding]:
    """One finding per gas of which a set has a GWP more than `FAR` times above or below that of every other set."""
    rows = []
    gwps = (factor for factor in library.factors if factor.measure == derived.EMISSION_GAS and factor.output == derived.EMISSION_CO2E and _may_be_taken(factor))
    for (gas,), factors in _grouped(gwps, lambda factor: (factor.gas,)).items():
        sets = {factor.factor_id: [other for other in factors if other.gwp_set != factor.gwp_set] for factor in factors}
        far = [factor for factor in factors if sets[factor.factor_id] and all(_far(factor, other) for other in sets[factor.factor_id])]
        if not far:
            continue
        near = ", ".join(f"{factor.gwp_set} {plain(factor.value)}" for factor in factors if factor not in far)
        said = " and ".join(f"{factor.gwp_set} gives {plain(factor.value)}" for factor in far)
        rows.append(
            LibraryFinding(
                "gwp", "warning", gas, tuple(factor.factor_id for factor in far), f"{said}, more than {FAR} times above or below every other set{f': {near}' if near else ''}.",
                "Compare it with the report of the set: value, gas and time horizon (100 years).",
            )
        )  # fmt: skip
    return rows


def _grouped(factors: Iterable[Factor], key: Callable[[Factor], tuple[str, ...]]) -> dict[tuple[str, ...], list[Factor]]:
    """The factors of each key, by id."""
    groups: dict[tuple[str, ...], list[Factor]] = {}
    for factor in sorted(factors, key=lambda factor: factor.factor_id):
        groups.setdefault(key(factor), []).append(factor)
    return groups


def _may_be_taken(factor: Factor) -> bool:
    return factor.status != "evidence_only"


def _whole(parts: Sequence[Factor]) -> bool:
    return sum((part.multiplier for part in parts), Fraction(0)) == 1


def _far(one: Factor, other: Factor) -> bool:
    low, high = sorted((abs(one.multiplier), abs(other.multiplier)))
    return high > FAR * low


def _apart(factor: Factor, middle: Fraction) -> str:
    size = abs(factor.multiplier)
    times = f"{printed(size / middle, 1)} times more" if size > middle else f"{printed(middle / size, 1)} times less"
    return f"{factor.factor_id} is {_value(factor)}, {times} than the median"


def _value(factor: Factor) -> str:
    return f"{plain(factor.value)} {factor.unit}"


def _units(factor: Factor) -> str:
    """The canonical units that its multiplier leads between."""
    return f"{MEASURES[factor.output].unit}/{MEASURES[factor.measure].unit}"


def _decimals(value: Decimal) -> int:
    """How many decimals a value is written with."""
    return len(f"{value:f}".partition(".")[2])


def _short(value: Fraction, digits: int) -> Decimal:
    """A fraction with so many digits, to be read."""
    return Context(prec=digits).divide(Decimal(value.numerator), Decimal(value.denominator))
