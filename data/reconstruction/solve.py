"""Bills that add up to the published totals, in exact arithmetic.

1. `bills.lay_out` lays each site's year over its billing periods (season, a little variation).
2. `fit` scales chosen groups of bills ("levers"), one per published total, by solving the linear system of the
   year: every total is linear in the bills. Bills that cross a year end are never scaled.
3. Bills are rounded as a supplier would print them; `fit` on one bill per lever takes up the last digits.
4. `verify` recomputes every total and raises where one misses.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from bills import Bill, employees, lay_out, rounded
from plan import SITES, YEARS
from totals import LINES, Count, Line, energy, grid_2020, only

F = Fraction


def make_bills() -> list[Bill]:
    """The plan as bills, fitted to the published totals and rounded."""
    bills = lay_out()
    for year in YEARS:
        fit(bills, year, lambda lever: lever, 9)
    for bill in bills:
        bill.quantity = rounded(bill.quantity, bill.decimals)
    for year in YEARS:
        fit(bills, year, lambda lever: [max(lever, key=lambda b: b.canonical)], None)
    return bills


def fit(bills: list[Bill], year: int, choose: Callable[[list[Bill]], list[Bill]], digits: int | None) -> None:
    """Scale the levers of `year` so that its totals are reached.

    The scale has `digits` decimals; without `digits` the bills keep the last digits that a bill may show.
    """
    lines = [x for x in LINES if x.year == year and x.lever]
    levers = [choose([b for b in bills if b.within(year) and x.lever and x.lever(b)]) for x in lines]
    matrix = [[sum((x.of(b) for b in lever), F(0)) for lever in levers] for x in lines]
    missing = [F(x.printed) - x.value(bills) for x in lines]
    for lever, change in zip(levers, solve(matrix, missing), strict=True):
        for b in lever:
            b.quantity *= 1 + (rounded(change, digits) if digits else change)
            b.quantity = rounded(b.quantity, 6 if digits else min(b.decimals + 3, 4))


def solve(matrix: list[list[Fraction]], right: list[Fraction]) -> list[Fraction]:
    """Gauss-Jordan in fractions."""
    rows = [[*row, r] for row, r in zip(matrix, right, strict=True)]
    for i in range(len(rows)):
        pivot = next(k for k in range(i, len(rows)) if rows[k][i])
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [v / rows[i][i] for v in rows[i]]
        for k, row in enumerate(rows):
            if k != i and row[i]:
                rows[k] = [v - row[i] * w for v, w in zip(row, rows[i], strict=True)]
    return [row[-1] for row in rows]


def half_up(value: Fraction, printed: str) -> str:
    """`value` at the decimals of `printed`."""
    places = -int(Decimal(printed).as_tuple().exponent)
    doubled = value * 10**places * 2
    return str((Decimal((doubled.numerator // doubled.denominator + 1) // 2)).scaleb(-places))


def verify(bills: list[Bill]) -> list[tuple[str, int, str, str]]:
    """Every total as (name, year, printed, reached to 6 decimals); raises ValueError where one misses."""
    values = {(x.name, x.year): x.value(bills) for x in LINES}
    checks = [(x.name, x.year, x.printed, values[x.name, x.year]) for x in LINES] + _intensities(bills, values)
    missed: list[tuple[object, ...]] = [(n, y, p, half_up(v, p)) for n, y, p, v in checks if half_up(v, p) != p]
    missed += [("not positive", b.start.year, b.site.site_id, b.measure) for b in bills if b.quantity <= 0]
    meters: dict[tuple[str, ...], list[Bill]] = {}
    for b in bills:
        meters.setdefault((b.site.site_id, b.measure, *b.extra.values()), []).append(b)
        if b.start < b.site.opens or b.end > (b.site.closes or b.end):
            missed.append(("site not open", b.start.year, b.site.site_id, b.measure))
    for key, own in meters.items():
        own.sort(key=lambda b: b.start)
        missed += [("overlap", a.end.year, *key[:2]) for a, b in pairwise(own) if b.start <= a.end]
    if missed:
        raise ValueError(f"{len(missed)} checks missed: {missed[:10]}")
    return [(n, y, p, half_up(v, "0.000001")) for n, y, p, v in checks]


def _intensities(bills: list[Bill], totals: dict[tuple[str, int], Fraction]) -> list[tuple[str, int, str, Fraction]]:
    """What the 2020 report prints per head and per square metre, and the year-end headcounts."""
    people, year = employees(), 2020
    open_then = [s for s in SITES.values() if s.country == "CN" and s.opens <= date(year, 12, 31)]
    staff = sum(people.get((s.site_id, year), 0) for s in open_then if s.kind == "office")
    area = {kind: sum(s.area for s in open_then if s.kind == kind) for kind in ("office", "store")}

    def used(kind: str, count: Count) -> Fraction:
        return Line("", year, "", only(count, kind)).value(bills)

    power = energy("electricity_purchased", "natural_gas")
    found = [
        ("office energy per head, MWh", year, "2.22", used("office", power) / staff),
        ("office water per head, t", year, "15.80", totals["mainland water, t", year] / staff),
        ("office Scope 1 (640 t) + 2 per m2, t", year, "0.061", (used("office", grid_2020) + 640) / area["office"]),
        ("store energy per m2, MWh", year, "0.16", used("store", power) / area["store"]),
        ("store Scope 2 per m2, t", year, "0.096", used("store", grid_2020) / area["store"]),
    ]
    for y, printed in zip(YEARS, ("22074", "33427", "32543", "33627"), strict=True):
        found.append(("full-time employees", y, printed, F(sum(n for (_, when), n in people.items() if when == y))))
    return found
