"""What anomalies of every kind look at: the sums of an edition site by site, the periods before, and the records behind a figure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Any

import polars as pl

from esg_kpis.domains import MEASURES
from esg_kpis.editions import Amounts, Breakdown, Kpi, Period
from esg_kpis.editions.anomalies import Anomaly
from esg_kpis.editions.entry import fits
from esg_kpis.exact import plain, printed
from esg_kpis.kpis import CUBE, Inputs, counting, cut_of, leaf_value, only, parts_of, period_before, selected, with_attributes

DIGITS = 6
"""Significant digits of what is told. The comparison itself is exact; an explanation holds as long as these digits do."""

NAMED = 5
"""Sites that are named of those that changed."""

RECORDS = 3
"""Records that are named of those behind a figure."""

_FARTHEST = Fraction(10**12)


@dataclass(frozen=True)
class Hit:
    """A figure that a rule asks about."""

    rule: Anomaly
    subject: str
    period: str
    observed: Fraction
    expected: Fraction
    unit: str
    contributors: str = ""
    record_ids: str = ""
    site_id: str | None = None
    month: str | None = None
    digits: int = DIGITS


@dataclass
class Basis:
    """One edition as anomalies look at it: `inputs`, its `kpi_values`, its `amounts` (all of them, with those that do not count), the register of `sites`, and `coverage`."""

    inputs: Inputs
    kpi_values: pl.DataFrame
    amounts: pl.DataFrame
    sites: pl.DataFrame
    coverage: pl.DataFrame
    skipped: list[tuple[str, str, int]] = field(default_factory=list)
    """Rule, period, and how many sites it did not compare for the sake of small groups."""
    sizes: dict[tuple[str, str], dict[str, Fraction]] = field(default_factory=dict)
    """Floor areas and heads by site, per measure and period, as they are asked for."""
    _by_site: dict[tuple[str, str, str], dict[str, Fraction]] = field(default_factory=dict)
    _records: dict[str, pl.DataFrame] = field(default_factory=dict)
    _counting: pl.DataFrame | None = None

    def __post_init__(self) -> None:
        """The register by site, and the cube by period, once."""
        self.register: dict[str, dict[str, Any]] = {row["site_id"]: row for row in self.sites.iter_rows(named=True)}
        self._cubes = {period: self.inputs.cube.filter(pl.col("period") == period) for period in self.inputs.edition.periods}

    def periods_of(self, rule: Anomaly) -> list[Period]:
        """The periods that a rule looks at, oldest first."""
        return [period for period in reversed(self.inputs.edition.periods.values()) if not rule.periods or period.id in rule.periods]

    def before(self, period: Period) -> Period | None:
        """The period before."""
        return period_before(self.inputs.edition, period)

    def wanted(self, rule: Anomaly, site: str) -> bool:
        """Whether a rule looks at a site."""
        attributes = self.register.get(site, {"site_id": site})
        return all(fits(attributes.get(name) or "", values) for name, values in rule.where.items())

    def throughout(self, site: str, period: Period) -> bool:
        """Whether a site was there from the first day of a period to the last: half a year of use is no anomaly."""
        row = self.register.get(site)
        return row is not None and (row["valid_from"] is None or row["valid_from"] <= period.first) and (row["valid_to"] is None or row["valid_to"] >= period.last)

    def looked_at(self, rule: Anomaly) -> Iterator[Kpi]:
        """The sums that a rule looks at site by site: KPIs of the edition, and measures as KPIs of their own."""
        yield from (self.inputs.edition.kpis[name] for name in rule.kpis)
        for name in rule.measures:
            yield Kpi(id=name, label=name, text="", source="", unit=MEASURES[name].unit, decimals=2, formula="sum", amounts=(Amounts(measure=(name,)),))

    def by(self, kpi: Kpi, period: Period, attribute: str = "site_id") -> dict[str, Fraction]:
        """What a sum adds up to per site (or another attribute of sites), where all of it is known: nothing blocked, nothing missing."""
        key = (kpi.id, period.id, attribute)
        if key not in self._by_site:
            self._by_site[key] = self._dealt(kpi, period, attribute)
        return self._by_site[key]

    def _dealt(self, kpi: Kpi, period: Period, attribute: str) -> dict[str, Fraction]:
        if any(period.id in item.periods for item in kpi.not_collected) or (kpi.periods and period.id not in kpi.periods):
            return {}
        cube, found = self._cubes[period.id], {}
        there = {name for item in kpi.amounts for name in selected(cube, item)[attribute].unique()}
        for name, part in parts_of(Breakdown(name=attribute, each=attribute), cut_of(self.inputs, period.id)).items():
            totals = part(kpi, None) if name in there else {}
            if not totals or any(total.blocked or total.short for total in totals.values()):
                continue
            value = leaf_value(kpi, period, part, self.inputs)
            if value is not None:
                found[name] = value
        return found

    def records(self, kpi: Kpi, period: str, site: str | None = None, month: str | None = None, breakdown: Breakdown | None = None, category: str = "All") -> str:
        """The largest records behind a sum, at a site, in a month, or in a category of a breakdown, joined by `;`."""
        if self._counting is None:
            own = counting(self.amounts.filter((pl.col("record_id") != "") & pl.col("quantity").is_not_null()), self.sites)
            self._counting = with_attributes(own.with_columns(pl.col(CUBE).fill_null("")))
        if kpi.id not in self._records:
            self._records[kpi.id] = pl.concat([selected(self._counting, item) for item in kpi.amounts])
        chosen = self._records[kpi.id].filter(pl.col("period") == period)
        for name, value in (("site_id", site), ("month", month)):
            if value is not None:
                chosen = chosen.filter(pl.col(name) == value)
        if breakdown is not None:
            chosen = only(chosen, breakdown, category)
        # Their sum of sizes is that of the cube, or part of it, which was checked to be in range.
        largest = chosen.group_by("record_id").agg(pl.col("quantity").abs().sum()).sort(["quantity", "record_id"], descending=[True, False])
        return ";".join(largest["record_id"].head(RECORDS))


def far(observed: Fraction, expected: Fraction, times: Fraction) -> bool:
    """Whether one is more than `times` the other. Of nothing everything is far; what is expected below zero (a credit) is compared with nothing."""
    return expected >= 0 and (observed > times * expected or observed * times < expected)


def changed(observed: Fraction, expected: Fraction, above: Fraction) -> bool:
    """Whether the relative change is above a limit. From nothing every change is."""
    return abs(observed - expected) > above * abs(expected)


def significant(value: Fraction, digits: int = DIGITS) -> Decimal:
    """`value` to so many significant digits, half-even."""
    context = Context(prec=digits, rounding=ROUND_HALF_EVEN)
    return context.divide(Decimal(value.numerator), Decimal(value.denominator))


def ratio(observed: Fraction, expected: Fraction, digits: int = DIGITS) -> Decimal | None:
    """Observed over expected; None over zero, and where it is too large to say anything."""
    if not expected or abs(observed / expected) >= _FARTHEST:
        return None
    return significant(observed / expected, digits)


def shown(value: Fraction, digits: int = DIGITS) -> str:
    """A number in a sentence: digits as in `significant`, thousands apart."""
    whole, _, rest = plain(significant(value, digits)).partition(".")
    return f"{int(whole):,}" + (f".{rest}" if rest else "") if whole not in ("-0", "0") else whole + (f".{rest}" if rest else "")


def percent(observed: Fraction, expected: Fraction) -> str:
    """A relative change in a sentence."""
    if not expected:
        return "from zero"
    change = 100 * (observed - expected) / abs(expected)
    return f"{'+' if change > 0 else ''}{printed(change, 1)} %"


def changes_in_words(before: Mapping[str, Fraction], after: Mapping[str, Fraction], decimals: int) -> str:
    """The sites that changed most, and the rest in one, in digits that add up to the change as it is printed: what rounding leaves goes to the rest, or to the first."""
    changes = [(after.get(site, Fraction(0)) - before.get(site, Fraction(0)), site) for site in sorted(before.keys() | after.keys())]
    moved = sorted((item for item in changes if item[0]), key=lambda item: (-abs(item[0]), item[1]))
    if not moved:
        return ""
    whole = Decimal(printed(sum((change for change, _ in moved), Fraction(0)), decimals))
    named = [(site, Decimal(printed(change, decimals))) for change, site in moved[:NAMED]]
    rest = whole - sum((change for _, change in named), Decimal(0))
    if len(moved) > NAMED:
        named.append((f"{len(moved) - NAMED} others", rest))
    else:
        named[0] = (named[0][0], named[0][1] + rest)
    return "; ".join(f"{site} {_signed(change)}" for site, change in named)


def _signed(change: Decimal) -> str:
    return f"{change:+,f}"


def large_enough(rule: Anomaly, *quantities: Fraction) -> bool:
    """Whether one of some quantities reaches the least that a rule looks at."""
    return max((abs(item) for item in quantities), default=Fraction(0)) >= Fraction(rule.least)

