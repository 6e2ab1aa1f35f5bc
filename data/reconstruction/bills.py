"""From the plan to bills: billing periods, units, and a year's quantity laid over the periods."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from hashlib import sha256
from itertools import pairwise

from plan import DEMANDS, EMPLOYEES, SITES, YEARS, Demand, Site

F = Fraction
DAY = timedelta(days=1)
UNITS = {"kWh": F(1), "MWh": F(1000), "万kWh": F(10000), "GJ": F(1), "Nm3": F(1), "m3_20C": F(27315, 29315),
         "kg": F(1), "t": F(1000), "m3": F(1)}  # fmt: skip
WATER = ("water_tap", "water_reclaimed", "water_discharged")


def multiplier(measure: str, unit: str) -> Fraction:
    """Canonical units in one `unit`."""
    return F(1) if measure in WATER else UNITS[unit]


@dataclass
class Bill:
    """One quantity as sent; both days count. `quantity` is in `unit`."""

    stream: str
    site: Site
    measure: str
    unit: str
    decimals: int
    start: date
    end: date
    quantity: Fraction
    extra: dict[str, str] = field(default_factory=dict)

    def share(self, year: int) -> Fraction:
        """Share of the bill's days that lies in `year`."""
        days = (min(self.end, date(year, 12, 31)) - max(self.start, date(year, 1, 1))).days + 1
        return F(max(days, 0), (self.end - self.start).days + 1)

    @property
    def canonical(self) -> Fraction:
        """The quantity in the measure's canonical unit (kWh, GJ, m3, kg; a tonne of water is a cubic metre)."""
        return self.quantity * multiplier(self.measure, self.unit)

    def within(self, year: int) -> bool:
        """Whether the whole bill lies in `year`."""
        return self.start.year == self.end.year == year


def _steps(starts: list[date]) -> Iterator[tuple[date, date]]:
    return ((a, b - DAY) for a, b in pairwise(starts))


@cache
def periods(cycle: str, number: int) -> tuple[tuple[date, date], ...]:
    """All periods of a billing cycle that touch 2020 to 2023; `number` spreads the sites' service visits."""
    firsts = [date(2019 + n // 12, n % 12 + 1, 1) for n in range(11, 11 + 52)]  # December 2019 to March 2024
    if cycle == "month":
        return tuple(_steps(firsts[1:50]))
    if cycle == "quarter":
        return tuple(_steps(firsts[1:50:3]))
    if cycle == "2 months":  # December with January: crosses the year end
        return tuple(_steps(firsts[0:52:2]))
    if cycle == "21st":
        return tuple(_steps([d.replace(day=21) for d in firsts[0:50]]))
    if cycle == "heating":  # 15 November to 15 March, four bills a season; the first bill is of 2019 alone
        days = [(0, 11, 15), (0, 12, 15), (1, 1, 15), (1, 2, 15), (1, 3, 16)]
        seasons = [[date(y + add, m, d) for add, m, d in days] for y in range(2019, 2024)]
        return tuple(p for s in seasons for p in _steps(s) if p[0] < date(2024, 1, 1))
    months = (number % 3 + 3, number % 3 + 6, number % 3 + 9)  # "visits"
    return tuple((d, d) for y in YEARS for m in months for d in [date(y, m, 3 + number * 5 % 24)])


def _clipped(site: Site, cycle: str, years: list[int]) -> list[tuple[date, date]]:
    """The cycle's periods while the site is open, from the first to the last year with a quantity."""
    number = list(SITES).index(site.site_id)
    first, last = site.opens, site.closes or date.max
    cut = [(max(a, first), min(b, last)) for a, b in periods(cycle, number)]
    low = years[0] if years[0] > YEARS[0] else 0
    high = years[-1] if years[-1] < YEARS[-1] else 9999
    return [(a, b) for a, b in cut if a <= b and a.year >= low and b.year <= high]


def _open_days(site: Site, year: int) -> int:
    last = min(site.closes or date.max, date(year, 12, 31))
    return max((last - max(site.opens, date(year, 1, 1))).days + 1, 0)


def _site_bills(demand: Demand, site: Site, yearly: dict[int, Fraction]) -> Iterator[Bill]:
    name = f"{site.site_id} {demand.measure} {demand.extra}"
    used = [y for y in YEARS if yearly[y]]
    spans = [(a, b) for a, b in _clipped(site, demand.cycle, used) if any(yearly.get(y) for y in _near(a, b))]
    weight = {y: sum(demand.season[d.month - 1] for a, b in spans for d in _days(a, b) if d.year == y) for y in YEARS}
    rate = {y: yearly[y] / weight[y] if weight[y] else F(0) for y in YEARS}
    for a, b in spans:
        amount = sum(rate[_clamp(d.year)] * demand.season[d.month - 1] for d in _days(a, b))
        amount *= _variation(f"{name} {a}") / multiplier(demand.measure, demand.unit)
        yield Bill(demand.stream, site, demand.measure, demand.unit, demand.decimals, a, b, rounded(amount, 6),
                   demand.extra)  # fmt: skip


def _variation(key: str) -> Fraction:
    """A factor of 0.960 to 1.040 that only `key` decides."""
    return F(960 + int(sha256(key.encode()).hexdigest()[:8], 16) % 81, 1000)


def _days(a: date, b: date) -> Iterator[date]:
    return (a + n * DAY for n in range((b - a).days + 1))


def _clamp(year: int) -> int:
    return min(max(year, YEARS[0]), YEARS[-1])


def _near(a: date, b: date) -> set[int]:
    return {_clamp(a.year), _clamp(b.year)}


def rounded(value: Fraction, decimals: int) -> Fraction:
    """Half-even at `decimals`."""
    return F(round(value * 10**decimals), 10**decimals)


def lay_out() -> list[Bill]:
    """All bills of the plan, not yet fitted to the published totals."""
    bills: list[Bill] = []
    for demand in DEMANDS:
        days = {(s, y): w * _open_days(SITES[s], y) for s, w in demand.weights.items() for y in YEARS}
        total = {y: sum(days[s, y] for s in demand.weights) or 1 for y in YEARS}
        for s in demand.weights:
            yearly = {y: F(t * days[s, y], total[y]) for y, t in zip(YEARS, demand.totals, strict=True)}
            if any(yearly.values()):
                bills += _site_bills(demand, SITES[s], yearly)
    return bills


def employees() -> dict[tuple[str, int], int]:
    """Full-time employees by site and year-end: whole people by largest remainder."""
    found: dict[tuple[str, int], int] = {}
    for weights, totals in EMPLOYEES:
        for year, total in zip(YEARS, totals, strict=True):
            here = {s: w for s, w in weights.items() if total and _open_days(SITES[s], year) and not _shut(s, year)}
            exact = {s: F(total * w, sum(here.values())) for s, w in here.items()}
            spare = total - sum(int(v) for v in exact.values())
            first = sorted(exact, key=lambda s: (int(exact[s]) - exact[s], s))[:spare]
            found |= {(s, year): int(v) + (s in first) for s, v in exact.items()}
    return found


def _shut(site_id: str, year: int) -> bool:
    closes = SITES[site_id].closes
    return closes is not None and closes < date(year, 12, 31)
