"""Who contributes most, in a sentence or two for the first page: scopes, kinds of sites and carriers of energy, as parts of the figures that the report prints."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from esg_kpis.domains import derived
from esg_kpis.editions import Kpi
from esg_kpis.report.charts.emissions import UNIT, emissions_by
from esg_kpis.report.charts.energy import WHOLE, energy_by_carrier
from esg_kpis.report.charts.numbers import percent, told
from esg_kpis.report.charts.view import View, printed_of
from esg_kpis.report.charts.words import named
from esg_kpis.report.site.basis import SiteBasis, to_explorer
from esg_kpis.report.site.words import said

_NEAR = Fraction(1, 10**12)
"""Figures are kept to 18 decimals, so that parts add up to a whole within less than this."""
_GAP = "\x00"
"""Stands in a sentence for the figure that is a link."""


@dataclass(frozen=True)
class Sentence:
    """A sentence around the name of the figure that it is about, which is a link."""

    before: str
    name: str
    href: str
    after: str


def leading(basis: SiteBasis, edition: str, period: str, language: str) -> list[Sentence]:
    """What contributes most to emissions of scopes 1 and 2, and to energy, in one period. Empty where no figure says so.

    Args:
        basis: The run.
        edition: An edition of it.
        period: A period of the edition.
        language: en or zh.
    """
    view = View(basis, edition, language)
    return [sentence for sentence in (_emissions(view, period), _energy(view, period)) if sentence is not None]


def _row(view: View, kpi: Kpi, period: str) -> Mapping[str, Any] | None:
    """The KPI's figure of the whole in a period; None where it has no number, or is nothing."""
    row = view.cells.get((kpi.id, *WHOLE), {}).get(period)
    return row if row is not None and row["value"] else None


def _sentence(view: View, kpi: Kpi, period: str, name: str, **values: str) -> Sentence:
    before, _, after = said("index", name, view.language, whole=_GAP, period=period, **values).partition(_GAP)
    return Sentence(before, view.label((kpi.id, *WHOLE)), to_explorer("cell", view.edition_id, kpi.id, period, *WHOLE), after)


# ---------------------------------------------------------------- emissions


def _takes(kpi: Kpi) -> tuple[frozenset[str], frozenset[str]] | None:
    """The scopes that a KPI adds up all emissions of, and on which basis; None where it adds up anything else, or a part."""
    plain = [item for item in kpi.amounts if item.measure == (derived.EMISSION_CO2E,) and not (item.origin or item.gas_group or item.where)]
    scopes = frozenset(scope for item in plain for scope in item.scope)
    if kpi.formula != "sum" or kpi.per_factor or kpi.mean_over or len(plain) < len(kpi.amounts) or not scopes <= set(derived.BY_FACTORS):
        return None
    return scopes, frozenset(basis for item in plain if "2" in item.scope for basis in item.basis)


def _emissions(view: View, period: str) -> Sentence | None:
    """What each scope is of the first figure of both: by the figures that the edition has of each, or else by the sums that the figure of both is made of. None where these are not all of it."""
    there = [(kpi, row, takes) for kpi in view.edition.kpis.values() if (row := _row(view, kpi, period)) is not None and (takes := _takes(kpi)) is not None]
    for kpi, whole, (scopes, basis) in there:
        if scopes != set(derived.BY_FACTORS):
            continue
        figures = {min(own): Fraction(row["value"]) for part, row, (own, on) in reversed(there) if len(own) == 1 and on <= basis and part.unit == kpi.unit}
        total, unit = Fraction(whole["value"]), view.unit((kpi.id, *WHOLE))
        for parts in (figures, emissions_by(view, "scope", period) if kpi.unit == UNIT else {}):
            if parts and abs(sum(parts.values(), Fraction(0)) - total) < _NEAR:
                said_parts = _scopes(view, parts, total, basis, kpi.decimals)
                return _sentence(view, kpi, period, "leading_scopes", parts=said_parts, total=printed_of(whole), unit=unit, kinds=_kinds(view, period))
    return None


def _scopes(view: View, parts: Mapping[str, Fraction], total: Fraction, basis: frozenset[str], decimals: int) -> str:
    """Each scope with its share and figure, the largest first."""
    found = []
    for scope in sorted(parts, key=lambda name: (-parts[name], name)):
        name = view.say("word", f"scope_{scope}")
        for method in sorted(basis) if scope == "2" else ():
            name = said("index", "leading_method", view.language, scope=name, method=view.say("word", method))
        found.append(said("index", "leading_part", view.language, part=name, share=percent(parts[scope], total), value=told(parts[scope], decimals)))
    return said("index", "leading_and", view.language).join(found)


def _kinds(view: View, period: str) -> str:
    """The kind of site with the largest part; nothing where there is one kind only, or where it may not be told."""
    found = emissions_by(view, "kind", period)
    if len(found) < 2:
        return ""
    kind = max(sorted(found), key=lambda name: found[name])
    name = named("kinds", kind, view.language) if kind else view.say("word", "without_kind")
    return said("index", "leading_kind", view.language, part=name, share=percent(found[kind], sum(found.values(), Fraction(0))))


# ---------------------------------------------------------------- energy


def _energy(view: View, period: str) -> Sentence | None:
    kpi, found = energy_by_carrier(view)
    own = {origin: value for (of, origin), value in found.items() if of == period}
    if kpi is None or len(own) < 2 or _row(view, kpi, period) is None:
        return None
    carrier = max(sorted(own), key=lambda name: own[name])
    return _sentence(view, kpi, period, "leading_energy", part=named("measures", carrier, view.language), share=percent(own[carrier], sum(own.values(), Fraction(0))))
