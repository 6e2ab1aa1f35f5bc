"""What editions ask of the people files: the least that their KPIs need, and nothing beyond it is counted."""

from collections.abc import Iterable
from datetime import date

from esg_kpis.domains.people import CROSSED, DOMAIN, PERSONS_BEHIND
from esg_kpis.editions.model import Edition, Kpi
from esg_kpis.people import Counting

_OF_PEOPLE = frozenset(measure.name for measure in DOMAIN.measures)


def counting_of(editions: Iterable[Edition]) -> Counting:
    """The periods, and per measure the crosses of attributes, by which the KPIs of some editions count people."""
    periods: set[tuple[date, date]] = set()
    crosses: dict[str, set[tuple[str, ...]]] = {}
    for edition in editions:
        periods |= {(period.first, period.last) for period in edition.rules.period}
        if any(item.method == "per_head" for item in edition.rules.estimate) or any(item.kind == "per_head" for item in edition.rules.anomaly):
            crosses.setdefault("employees", set()).add(())
        for kpi in edition.kpis.values():
            for breakdown in kpi.breakdowns:
                for category in breakdown.categories.values() if breakdown.each is None else [{}]:
                    _ask(kpi, tuple(category), edition, crosses)
    return Counting(tuple(sorted(periods)), {name: frozenset(asked) | {()} for name, asked in crosses.items()})


def _ask(kpi: Kpi, attributes: tuple[str, ...], edition: Edition, crosses: dict[str, set[tuple[str, ...]]]) -> None:
    for amounts in kpi.amounts:
        for measure in _OF_PEOPLE.intersection(amounts.measure):
            for name in {measure, PERSONS_BEHIND.get(measure, measure)}:  # How many persons are behind it says whether it may be shown.
                crosses.setdefault(name, set()).add(cross_of([*attributes, *amounts.where]))
    if kpi.numerator:
        _ask(edition.kpis[kpi.numerator], attributes, edition, crosses)
    if kpi.denominator:
        within = attributes if kpi.denominator_within is None else tuple(name for name in attributes if name in kpi.denominator_within)
        _ask(edition.kpis[kpi.denominator], within, edition, crosses)


def cross_of(attributes: Iterable[str]) -> tuple[str, ...]:
    """The cross that serves some attributes: those of them that are counted by, in a fixed order."""
    asked = set(attributes)
    return tuple(name for name in CROSSED if name in asked)
