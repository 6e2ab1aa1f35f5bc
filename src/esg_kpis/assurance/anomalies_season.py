"""Anomalies of months: a month of a measure at a site against the same month of other years, scaled to the level of its year.

The level of a year against another is the median of the ratios of their other months, so that a slip in one month moves neither the level nor, with three other years, what is expected.
With an even number of other years the one of the two in the middle that is nearer decides: one wrong year raises no alarm in the right ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Context, Inexact
from fractions import Fraction

import polars as pl

from esg_kpis.assurance.anomalies_basis import Basis, Hit, large_enough, shown
from esg_kpis.editions.anomalies import Anomaly
from esg_kpis.exact import PRODUCT_SCALE, sums
from esg_kpis.kpis import counting

LEAST_MONTHS = 4
"""Other months that two years must share to say how much more was used in one than in the other."""

ALIKE_DAYS = 3
"""By how many days received two months may differ and still be compared: February of a leap year is, half a month is not."""


_EXACT = Context(prec=60, traps=[Inexact])
_PARTS = 10**PRODUCT_SCALE
_DIGITS = 200
"""Binary digits behind the point by which ratios are put in order. Two that agree in all of them are as good as one another in the middle."""


@dataclass(frozen=True)
class Month:
    """What was received of a month: quantity in whole parts of 10^-24, days, and whether it may be a basis for others."""

    parts: int
    days: int
    basis: bool = True

    @property
    def quantity(self) -> Fraction:
        """The quantity."""
        return Fraction(self.parts, _PARTS)


Year = dict[int, Month]


def season(rule: Anomaly, basis: Basis) -> Iterator[Hit]:
    """Kind season."""
    wanted = {period.id for period in basis.periods_of(rule)}
    periods = {month: period for period, month in _months(basis)}
    kpis = {kpi.id: kpi for kpi in basis.looked_at(rule)}
    for (measure, site), years in series_of(rule, basis).items():
        if not basis.wanted(rule, site):
            continue
        for year, number, expected in expectations(years, rule.least_years):
            month, own = f"{year}-{number:02d}", years[year][number]
            half = len(expected) // 2
            middle = expected[half : half + 1] if len(expected) % 2 else expected[half - 1 : half + 1]
            if periods[month] not in wanted or not all(_far(own, item, rule.multiple) for item in middle):
                continue
            observed = own.quantity
            near = min((item.quantity for item in middle), key=lambda value, at=observed: (abs(value - at), value))  # type: ignore[misc]
            if large_enough(rule, observed, near):
                words = "; ".join(f"by {item.year} {shown(item.quantity)}" for item in sorted(expected, key=lambda item: item.year)) + ("" if own.basis else "; an estimate of its sender")
                kpi = kpis[measure]
                yield Hit(rule, f"{measure} at {site}", periods[month], observed, near, kpi.unit, words, basis.records(kpi, periods[month], site, month), site, month)


def _far(own: Month, item: "Expected", times: Fraction) -> bool:
    """As `anomalies_basis.far`, in whole numbers: there are thousands of months, and most of them are near."""
    observed = own.parts * item.denominator
    return observed * times.denominator > item.numerator * times.numerator or observed * times.numerator < item.numerator * times.denominator


def _months(basis: Basis) -> Iterator[tuple[str, str]]:
    for period in basis.inputs.edition.periods.values():
        for month in pl.date_range(period.first, period.last, "1mo", eager=True).dt.strftime("%Y-%m"):
            yield period.id, month


def series_of(rule: Anomaly, basis: Basis) -> dict[tuple[str, str], dict[int, Year]]:
    """Per measure and site, year and month of the year: what counts and was received, where all of the month is known.

    Estimates by the edition are left out, and so is a month with anything blocked or missing: neither is what somebody sent.
    """
    own = counting(basis.amounts.filter(pl.col("measure").is_in(rule.measures) & pl.col("month").is_not_null() & (pl.col("period") != "")), basis.sites)
    key = ["measure", "site_id", "month"]
    whole = own.group_by(key).agg(
        (pl.col("estimated").any() & (pl.col("quality") == "estimated").fill_null(value=False).any()).alias("filled"),
        (pl.col("quality") == "estimated_by_sender").fill_null(value=False).any().alias("of_sender"),
        (pl.col("blocked").is_not_null() | pl.col("quality").is_null()).any().alias("unknown"),
    )
    days = basis.coverage.select("site_id", "measure", "month", "received")
    joined = sums(own, key, "quantity").join(whole.filter(~pl.col("filled") & ~pl.col("unknown")), on=key).join(days, on=key, how="left").sort(key)
    full = pl.concat_str("month", pl.lit("-01")).str.to_date("%Y-%m-%d").dt.days_in_month().cast(pl.Int64())
    found: dict[tuple[str, str], dict[int, Year]] = {}
    for measure, site, month, quantity, of_sender, received in joined.select(*key, "quantity", "of_sender", pl.coalesce("received", full)).iter_rows():
        year, number = int(month[:4]), int(month[5:])
        found.setdefault((measure, site), {}).setdefault(year, {})[number] = Month(int(quantity.scaleb(PRODUCT_SCALE, _EXACT)), received, not of_sender)
    return found


@dataclass(frozen=True, order=True)
class Expected:
    """What another year lets expect of a month: a fraction in parts of 10^-24, `order` of its size for sorting, and the year."""

    order: int
    year: int
    numerator: int
    denominator: int

    @property
    def quantity(self) -> Fraction:
        """The quantity."""
        return Fraction(self.numerator, self.denominator * _PARTS)


def expectations(years: dict[int, Year], least_years: int) -> Iterator[tuple[int, int, list[Expected]]]:
    """Year, month, and what each other year lets expect of it, in order of size. Months that too few years tell of are passed over."""
    ratios = {(one, other): _ratios(years[one], years[other]) for one in years for other in years if one != other}
    for year, months in sorted(years.items()):
        for number, own in sorted(months.items()):
            found = []
            for other in sorted(years):
                past = years[other].get(number) if other != year else None
                if past is None or not past.basis or past.parts < 0 or abs(past.days - own.days) > ALIKE_DAYS:
                    continue
                level = _level(ratios[year, other], number)
                if level is not None:
                    top, bottom = past.parts * level[0], level[1]
                    found.append(Expected((top << _DIGITS) // bottom, other, top, bottom))
            if len(found) >= least_years:
                yield year, number, sorted(found)


def _ratios(one: Year, other: Year) -> list[tuple[int, int, int, int]]:
    """Month by month one year over another, in order: for sorting, the month, and the two quantities in parts."""
    return sorted(
        ((own.parts << _DIGITS) // past.parts, number, own.parts, past.parts)
        for number, own in one.items()
        if (past := other.get(number)) is not None and own.basis and past.basis and own.parts > 0 and past.parts > 0 and abs(own.days - past.days) <= ALIKE_DAYS
    )


def _level(ratios: list[tuple[int, int, int, int]], without: int) -> tuple[int, int] | None:
    """The median of the ratios of all months but one, as a fraction."""
    kept = [item for item in ratios if item[1] != without]
    if len(kept) < LEAST_MONTHS:
        return None
    half = len(kept) // 2
    top, bottom = kept[half][2:]
    if len(kept) % 2:
        return top, bottom
    other_top, other_bottom = kept[half - 1][2:]
    return top * other_bottom + other_top * bottom, 2 * bottom * other_bottom
