"""Estimates: the closed set of methods by which a gap may be filled. Each gives a quantity and the sentence by which it can be computed again by hand, or nothing.

All arithmetic is on fractions, rounded once, half-even, to 9 decimals. Nothing is estimated unless an edition names the method.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from esg_kpis.exact import QUANTITY_SCALE, plain, rounded

Meter = tuple[str, str, str]
"""Site, measure, and meter or ''."""


@dataclass(frozen=True)
class Gap:
    """Days of one month that were expected and not received, of a meter or, with `whole`, of a site of which nothing at all came in the month.

    `first` and `last` are the months in which the gap begins and ends: consecutive months with missing days are one gap. `period` lists the months of the period in
    which the month lies, `end` is the last day of that.
    """

    meter: Meter
    month: str
    days: int
    first: str
    last: str
    period: tuple[str, ...]
    end: date
    whole: bool = False

    @property
    def site(self) -> str:
        """The site."""
        return self.meter[0]

    @property
    def length(self) -> int:
        """The consecutive months in which days are missing."""
        return 12 * (int(self.last[:4]) - int(self.first[:4])) + int(self.last[5:]) - int(self.first[5:]) + 1


@dataclass(frozen=True)
class Amount:
    """A quantity that was received, in the canonical unit of its measure, and the ids of the amounts it is made of."""

    quantity: Decimal
    ids: tuple[str, ...]


@dataclass(frozen=True)
class Estimated:
    """A gap filled: quantity, the computation in one sentence, and the amounts it rests on."""

    quantity: Decimal
    basis: str
    ids: tuple[str, ...]


@dataclass(frozen=True)
class Known:
    """What estimates may rest on.

    months: Per meter the months that were received in full, by month.
    sites: Per measure and month the sites of the edition of which it was received in full, by site.
    likes: Per site its kind and climate, where both are stated.
    areas: Per day and site the floor area (m2) that held on it.
    heads: Per day and site the employees counted on it. Only days at which they were counted occur.
    least_heads: Sites with fewer heads are not estimated by head: the estimate would tell how many they are.
    units: Unit of each measure.
    """

    months: Mapping[Meter, Mapping[str, Amount]]
    sites: Mapping[tuple[str, str], Mapping[str, Amount]]
    likes: Mapping[str, tuple[str, str]]
    areas: Callable[[date], Mapping[str, Amount]]
    heads: Callable[[date], Mapping[str, Amount]]
    least_heads: int
    units: Mapping[str, str]


def same_month_last_year(gap: Gap, known: Known, least: int) -> Estimated | None:
    """The same meter's same month one year before, scaled by the change of the other months of the period that are known in full in both years.

    quantity = month last year x (sum of these months / sum of the same months last year) x days missing / days of the month. At least `least` such months must be
    known; the sum of last year must be above zero, and that of this year not below it. A leap day is not corrected for.
    """
    months, unit = known.months.get(gap.meter, {}), known.units[gap.meter[1]]
    before = months.get(_shifted(gap.month, -12))
    both = [month for month in gap.period if month != gap.month and month in months and _shifted(month, -12) in months]
    if before is None or len(both) < least:
        return None
    now, then = [months[month] for month in both], [months[_shifted(month, -12)] for month in both]
    top, bottom = _sum(now), _sum(then)
    if bottom <= 0 or top < 0:
        return None
    ratio = f"({_text(top)} {unit} of {', '.join(both)}) / ({_text(bottom)} {unit} of {', '.join(_shifted(month, -12) for month in both)})"
    return _estimated(
        Fraction(before.quantity) * top / bottom, gap, f"{_shifted(gap.month, -12)}: {plain(before.quantity)} {unit} x {ratio}", (before, *now, *then)
    )


def mean_of_neighbouring_months(gap: Gap, known: Known, least: int) -> Estimated | None:
    """The mean of the daily quantities of the month before the gap and of the month after it, both received in full, for each missing day."""
    months, unit = known.months.get(gap.meter, {}), known.units[gap.meter[1]]
    names = (_shifted(gap.first, -1), _shifted(gap.last, 1))
    if any(name not in months for name in names):
        return None
    before, after = (months[name] for name in names)
    daily = sum((Fraction(months[name].quantity) / _days(name) for name in names), Fraction(0)) / 2
    basis = " + ".join(f"{plain(months[name].quantity)} {unit} of {name} / {_days(name)} days" for name in names)
    return Estimated(rounded(daily * gap.days, QUANTITY_SCALE), f"({basis}) / 2 x {gap.days} days", (*before.ids, *after.ids))


def per_floor_area(gap: Gap, known: Known, least: int) -> Estimated | None:
    """What sites of the same kind and climate used per square metre in the month, all together, times the site's floor area on the last day of the month."""
    year, month = (int(part) for part in gap.month.split("-"))
    return _per(gap, known, least, known.areas(date(year, month, _days(gap.month))), "m2")


def per_head(gap: Gap, known: Known, least: int) -> Estimated | None:
    """What sites of the same kind and climate used per employee in the month, all together, times the site's employees. Heads are those of the last day of the period."""
    heads = {site: amount for site, amount in known.heads(gap.end).items() if amount.quantity >= known.least_heads}  # A peer of few would be told of too.
    own = heads.get(gap.site)
    return None if own is None or own.quantity < known.least_heads else _per(gap, known, least, heads, "heads")


METHODS: dict[str, Callable[[Gap, Known, int], Estimated | None]] = {
    "same_month_last_year": same_month_last_year,
    "mean_of_neighbouring_months": mean_of_neighbouring_months,
    "per_floor_area": per_floor_area,
    "per_head": per_head,
}
"""The methods by name. The last argument is how many months, or peers, must at least be known."""

OF_SITES = ("per_floor_area", "per_head")
"""Methods that give the consumption of a whole site, and so serve only where nothing at all of the measure came in the month."""


def _per(gap: Gap, known: Known, least: int, sizes: Mapping[str, Amount], unit_of_size: str) -> Estimated | None:
    own, like, measure = sizes.get(gap.site), known.likes.get(gap.site), gap.meter[1]
    if not gap.whole or own is None or own.quantity <= 0 or like is None:
        return None
    month = known.sites.get((measure, gap.month), {})
    peers = [site for site in sorted(month) if site != gap.site and known.likes.get(site) == like and site in sizes and sizes[site].quantity > 0]
    if len(peers) < least:
        return None
    used, size = _sum([month[site] for site in peers]), _sum([sizes[site] for site in peers])
    basis = (
        f"{_text(used)} {known.units[measure]} of {gap.month} at {', '.join(peers)} ({like[0]}, {like[1]}) / {_text(size)} {unit_of_size} x {plain(own.quantity)} {unit_of_size}"
    )
    return _estimated(used / size * Fraction(own.quantity), gap, basis, (own, *(month[site] for site in peers), *(sizes[site] for site in peers)))


def _estimated(of_month: Fraction, gap: Gap, basis: str, rests_on: tuple[Amount, ...]) -> Estimated:
    """The part of a whole month that the missing days are."""
    days = _days(gap.month)
    part = "" if gap.days == days else f" x {gap.days} of {days} days"
    return Estimated(rounded(of_month * gap.days / days, QUANTITY_SCALE), basis + part, tuple(name for amount in rests_on for name in amount.ids))


def _sum(amounts: list[Amount]) -> Fraction:
    return sum((Fraction(amount.quantity) for amount in amounts), Fraction(0))


def _text(number: Fraction) -> str:
    return plain(rounded(number, QUANTITY_SCALE))


def _shifted(month: str, by: int) -> str:
    year, number = divmod(int(month[:4]) * 12 + int(month[5:]) - 1 + by, 12)
    return f"{year:04}-{number + 1:02}"


def _days(month: str) -> int:
    first, following = (date.fromisoformat(f"{name}-01") for name in (month, _shifted(month, 1)))
    return (following - first).days
