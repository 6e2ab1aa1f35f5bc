"""Anomalies of sites: what one uses per head and per floor area, against its peers and its own year before.

A figure per head gives back how many there are to whoever knows what was used. So a site with fewer than k employees is neither shown nor a peer, further sites are left out as far as the
others and a total would give it back, and what is told has three digits.
"""

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

import polars as pl

from esg_kpis.assurance.anomalies_basis import Basis, Hit, changed, far, large_enough, percent
from esg_kpis.domains.people import CROSSED
from esg_kpis.editions import Kpi, Period
from esg_kpis.editions.anomalies import Anomaly
from esg_kpis.exact import sums

DIGITS_PER_HEAD = 3
TOTALS = ("country", "grid_region", "kind", "business_line")
"""Attributes by which totals of employees may be known, beside that of the whole."""
_NOT_USED = "measure not used in this edition"
"""Why floor areas and heads do not count in an edition that prints none; they may be compared by all the same."""


def per_site(rule: Anomaly, basis: Basis) -> Iterator[Hit]:
    """Kinds per_head and per_floor_area."""
    for period in basis.periods_of(rule):
        sizes = sizes_of(rule, period, basis)
        before = basis.before(period)
        earlier = sizes_of(rule, before, basis) if before is not None and rule.above is not None else {}
        for kpi in basis.looked_at(rule):
            if rule.times is not None:
                yield from _against_peers(rule, kpi, period, sizes, basis)
            elif before is not None:
                yield from _against_itself(rule, kpi, period, before, (sizes, earlier), basis)


def _against_peers(rule: Anomaly, kpi: Kpi, period: Period, sizes: Mapping[str, Fraction], basis: Basis) -> Iterator[Hit]:
    used = _comparable(kpi, period, sizes, basis)
    rates = {site: quantity / sizes[site] for site, quantity in used.items()}
    alike: dict[tuple[str, ...], list[str]] = {}
    for site in rates:
        alike.setdefault(tuple(basis.register[site][name] or "" for name in rule.same), []).append(site)
    for words, sites in sorted(alike.items()):
        if len(sites) <= rule.least_peers:
            continue
        for site, usual in medians_of_others({site: rates[site] for site in sites}).items():
            if basis.wanted(rule, site) and far(rates[site], usual, rule.multiple) and large_enough(rule, used[site], usual * sizes[site]):
                told = f"the median of {len(sites) - 1} sites of the same {', '.join(rule.same)} ({', '.join(word or 'none given' for word in words)})"
                yield _hit(rule, kpi, period, site, rates[site], usual, told, basis)


def medians_of_others(rates: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """For each of two or more sites the median of all others, in order of sites. They are put in order once: the others of a site are all ranks but its own."""
    ordered = sorted((rate, site) for site, rate in rates.items())
    low, high = (len(ordered) - 2) // 2, (len(ordered) - 1) // 2
    found = {site: (ordered[low + (low >= rank)][0] + ordered[high + (high >= rank)][0]) / 2 for rank, (_, site) in enumerate(ordered)}
    return {site: found[site] for site in sorted(found)}


def _against_itself(rule: Anomaly, kpi: Kpi, period: Period, before: Period, sizes: tuple[Mapping[str, Fraction], Mapping[str, Fraction]], basis: Basis) -> Iterator[Hit]:
    after, earlier = _comparable(kpi, period, sizes[0], basis), _comparable(kpi, before, sizes[1], basis)
    for site in sorted(after.keys() & earlier.keys()):
        new, old = after[site] / sizes[0][site], earlier[site] / sizes[1][site]
        if basis.wanted(rule, site) and changed(new, old, rule.change) and large_enough(rule, after[site], earlier[site]):
            told = f"since {before.id}" if rule.kind == "per_head" else f"since {before.id} {percent(new, old)}; {kpi.id} {percent(after[site], earlier[site])}"
            yield _hit(rule, kpi, period, site, new, old, told, basis)


def _comparable(kpi: Kpi, period: Period, sizes: Mapping[str, Fraction], basis: Basis) -> dict[str, Fraction]:
    """What the sites used that were there throughout and whose size is known, in order."""
    used = basis.by(kpi, period)
    return {site: used[site] for site in sorted(used.keys() & sizes.keys()) if basis.throughout(site, period)}


def _hit(rule: Anomaly, kpi: Kpi, period: Period, site: str, observed: Fraction, expected: Fraction, told: str, basis: Basis) -> Hit:
    by_head = rule.kind == "per_head"
    unit, digits = (f"{kpi.unit}/person", DIGITS_PER_HEAD) if by_head else (f"{kpi.unit}/m2", 6)
    return Hit(rule, f"{kpi.id} at {site}", period.id, observed, expected, unit, told, basis.records(kpi, period.id, site), site, digits=digits)


def sizes_of(rule: Anomaly, period: Period, basis: Basis) -> dict[str, Fraction]:
    """Floor areas, or heads as far as they may be told, of the sites on the last day of a period; none of zero."""
    measure = "employees" if rule.kind == "per_head" else "floor_area"
    if (measure, period.id) not in basis.sizes:
        basis.sizes[measure, period.id] = _stock(measure, period, basis)
    sizes = basis.sizes[measure, period.id]
    if measure == "floor_area":
        return {site: size for site, size in sizes.items() if size > 0}
    words = {site: [basis.register[site][name] if site in basis.register else None for name in TOTALS] for site in sizes}
    told = told_heads(sizes, words, basis.inputs.edition.rules.small_groups.k)
    hidden = sum(size > 0 for size in sizes.values()) - len(told)
    if hidden and (rule.id, period.id, hidden) not in basis.skipped:
        basis.skipped.append((rule.id, period.id, hidden))
    return {site: sizes[site] for site in sorted(told)}


def _stock(measure: str, period: Period, basis: Basis) -> dict[str, Fraction]:
    """A stock of each site on the last day of a period; of people those that are counted by nothing but where they are and how they are employed."""
    crossed = pl.any_horizontal(pl.col("dimensions").str.contains(rf"(?:^|;){name}=") for name in CROSSED)
    known = pl.col("excluded").is_null() | (pl.col("excluded") == _NOT_USED)
    own = basis.amounts.filter((pl.col("measure") == measure) & (pl.col("period") == period.id) & known & pl.col("quantity").is_not_null() & pl.col("site_id").is_not_null() & ~crossed)
    return {site: Fraction(quantity) for site, quantity in sums(own, ["site_id"], "quantity").iter_rows()}


def told_heads(heads: Mapping[str, Fraction], words: Mapping[str, Iterable[str | None]], k: int) -> set[str]:
    """The sites whose heads may be told of: none with fewer than `k`, and none that with a total of all sites, or of those that share a word, would leave a rest of fewer than `k`.

    Args:
        heads: Employees by site.
        words: Per site the words by which totals may be known, in one order for all.
        k: The least number of persons of which a figure may tell.
    """
    told = {site for site, count in heads.items() if count >= k}
    groups: dict[tuple[int, str], list[str]] = {(-1, ""): sorted(heads)}
    for site in sorted(heads):
        for place, word in enumerate(words.get(site, ())):
            groups.setdefault((place, word or ""), []).append(site)
    again = True
    while again:
        again = False
        for members in groups.values():
            rest = sum((heads[site] for site in members if site not in told), Fraction(0))
            if 0 < rest < k and (open_ones := [site for site in members if site in told]):
                told.discard(min(open_ones, key=lambda site: (heads[site], site)))
                again = True
    return told


