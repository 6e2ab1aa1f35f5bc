"""What a total is made of, over periods or months: its largest parts by name and the others together, stacked in a picture and as text beside it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from esg_kpis.report.charts.chart import Chart
from esg_kpis.report.charts.columns import Stacks, over_time
from esg_kpis.report.charts.draw import COLOURS
from esg_kpis.report.charts.numbers import shown
from esg_kpis.report.charts.view import View

ANY = ""
"""Stands for the part of which something is blocked where nobody can say what it is: any part may lack it."""


@dataclass(frozen=True)
class Parts:
    """What is known of a total, by place (a period or a month) and part.

    Attributes:
        values: The exact sums.
        blocked: Places and parts of which something cannot be computed; what else is known of them is no figure, and is not shown.
        calls: What a part is called.
        unit: The unit of all of it.
        decimals: The decimals that figures are shown with.
        printed: Totals as the KPI prints them, by place; others are rounded here, once.
        in_order: Whether parts stand in the order of their keys, and not by size.
    """

    values: Mapping[tuple[str, str], Fraction]
    blocked: frozenset[tuple[str, str]]
    calls: Callable[[str], str]
    unit: str
    decimals: int
    printed: Mapping[str, str] = field(default_factory=dict)
    in_order: bool = False

    def lacks(self, place: str, part: str) -> bool:
        """Whether something of a part cannot be computed."""
        return not {(place, part), (place, ANY)}.isdisjoint(self.blocked)

    @property
    def ranked(self) -> list[str]:
        """The parts, the largest first."""
        sizes = {part: Fraction(0) for _, part in sorted(self.blocked) if part != ANY}
        for (_, part), value in self.values.items():
            sizes[part] = sizes.get(part, Fraction(0)) + abs(value)
        return sorted(sizes) if self.in_order else sorted(sizes, key=lambda part: (-sizes[part], part))


@dataclass(frozen=True)
class Named:
    """Parts under the names they are shown by: the largest each under its own, as many as there are colours, and the others together."""

    parts: Parts
    names: Mapping[str, str]

    @property
    def series(self) -> list[str]:
        """The names, in the order of the colours."""
        return list(dict.fromkeys(self.names.values()))

    def lacks(self, place: str, name: str) -> bool:
        """Whether something of what a name stands for cannot be computed."""
        return any(self.parts.lacks(place, part) for part, called in self.names.items() if called == name)

    @property
    def values(self) -> dict[tuple[str, str], Fraction]:
        """What is known in full, by place and name."""
        found: dict[tuple[str, str], Fraction] = {}
        for (place, part), value in self.parts.values.items():
            found[place, self.names[part]] = found.get((place, self.names[part]), Fraction(0)) + value
        return {key: value for key, value in found.items() if not self.lacks(*key)}

    @property
    def totals(self) -> dict[str, str]:
        """The total of each place of which all is known, as it is shown."""
        blocked, added = {place for place, _ in self.parts.blocked}, dict[str, Fraction]()
        for (place, _), value in self.parts.values.items():
            added[place] = added.get(place, Fraction(0)) + value
        return {place: self.parts.printed.get(place) or shown(total, self.parts.decimals) for place, total in added.items() if place not in blocked}

    def table(self, places: Sequence[str], marks: frozenset[str], blocked: str) -> tuple[tuple[str, ...], ...]:
        """The numbers as text, a row per place of which anything is known: each part, and the total. `blocked` stands for what cannot be computed."""
        values, totals = self.values, self.totals
        there = {place for place, _ in (*self.parts.values, *self.parts.blocked)}

        def said(place: str, name: str) -> str:
            if self.lacks(place, name):
                return blocked
            return shown(values[place, name], self.parts.decimals) if (place, name) in values else ""

        return tuple((f"{place}{'*' if place in marks else ''}", *(said(place, name) for name in self.series), totals.get(place, blocked)) for place in places if place in there)


def named_parts(parts: Parts, other: str) -> Named:
    """Parts with the names they are shown by; those beyond the number of colours as `other`."""
    ranked = parts.ranked
    kept = ranked if len(ranked) <= len(COLOURS) else ranked[: len(COLOURS) - 1]
    return Named(parts, {part: parts.calls(part) if part in kept else other for part in ranked})


def over_periods(view: View, name: str, parts: Parts, marks: frozenset[str], note: str, links: tuple[tuple[str, str], ...] = ()) -> Chart:
    """A column per period, stacked by parts, with the numbers beside it."""
    told, title, blocked = named_parts(parts, view.say("word", "other")), view.say("title", name), view.state("blocked")
    rows, totals = told.table(view.periods, marks, blocked), told.totals
    above = {period: totals[period] for period in view.periods if period in totals}
    stacks = Stacks(view.periods, [(period, period, period) for period in view.periods], told.series, told.values, parts.unit, above, marks)
    said = [view.say("said", "of_period", period=view.period(period), value=total, unit=parts.unit) for period, total in above.items()]
    svg = over_time(view, stacks, parts.decimals, f"{view.edition_id}-{name}", f"{title}: {'; '.join(said)}")
    return Chart(name, title, svg, note, header_of(view, "period", told.series, parts.unit), rows, links)


def header_of(view: View, place: str, series: Sequence[str], unit: str) -> tuple[str, ...]:
    """The columns of the numbers: period or month, each part, the total."""
    return (view.say("word", place), *(f"{name}, {unit}" for name in series), f"{view.say('word', 'total')}, {unit}")
