"""Which rows of the cube a KPI adds up, in one category of a breakdown."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import polars as pl

from esg_kpis.domains import ATTRIBUTES
from esg_kpis.domains.people import WORDS
from esg_kpis.editions import Amounts, Breakdown, Kpi
from esg_kpis.editions.counting import cross_of
from esg_kpis.editions.entry import NOT, SITE_ATTRIBUTES, Where
from esg_kpis.kpis.cube import OF_LIST, OF_PEOPLE, cross_name
from esg_kpis.kpis.cut import Cut, Total, Totals, known_by

Within = tuple[str, ...] | None
Part = Callable[[Kpi, Within], Totals]
"""What a KPI adds up in one category, by measure: its selection of the cube. Only the attributes `within` narrow it; None for all of the category's."""


def parts_of(breakdown: Breakdown, cut: Cut, more: Iterable[str] = ()) -> dict[str, Part]:
    """The part of each category, in order. With `each`, a KPI's selection is made once and dealt out to the categories: those of the cube, and `more`.

    What is blocked and may be of any category, since nobody knows its site, is in every one, also of sites of the register of which nothing else came; what is waived so in every one in which something counts.
    """
    if breakdown.each is None:
        return {category: partial(_narrowed, cut=cut, breakdown=breakdown, category=category) for category in breakdown.categories}
    seen = {*cut.seen(breakdown.each), *more}
    return {category: partial(_dealt, cut=cut, each=breakdown.each, category=category, seen=category in seen) for category in sorted(seen | cut.unseen(breakdown.each))}


def _dealt(kpi: Kpi, within: Within, cut: Cut, each: str, category: str, *, seen: bool) -> Totals:
    if within is not None and each not in within:
        return cut.kept(kpi, ("whole",), lambda: cut.totals(cut.chosen(kpi, ())))

    def dealt() -> tuple[dict[str, list[int]], list[int], list[int]]:
        hands, of_each, chosen = dict[str, list[int]](), cut.column(each), cut.chosen(kpi, ())
        for place in chosen:
            hands.setdefault(of_each[place], []).append(place)
        if not (cut.some("blocked") or cut.some("short")):
            return hands, [], []
        known, blocked, short = cut.column(known_by(each)), cut.column("blocked"), cut.column("short")
        anywhere = [place for place in hands.get("", ()) if known[place] == ""]
        return hands, [place for place in anywhere if blocked[place] is not None], [place for place in anywhere if short[place]]

    hands, blocked, waived = cut.kept(kpi, ("dealt", each), dealt)
    if not seen:  # The zero of a list is one of the sites that something came of.
        origin = cut.column("origin")
        return cut.totals(place for place in blocked if category in cut.maybe.get(origin[place], {}).get(each, ()))
    return cut.totals([*cut.with_waived(hands.get(category, []), waived), *blocked]) or _zeros(kpi, cut, ())


def _narrowed(kpi: Kpi, within: Within, cut: Cut, breakdown: Breakdown, category: str) -> Totals:
    wanted = {name: breakdown.categories[category][name] for name in attributes_of(breakdown, category, within)}
    key = ("narrowed", *((name, tuple(values)) for name, values in wanted.items()))
    return cut.kept(kpi, key, lambda: cut.totals(cut.matching(cut.chosen(kpi, wanted), wanted)) or _zeros(kpi, cut, wanted, wanted))


def _only_listed(name: str, cut: Cut, amounts: Amounts, wanted: Where) -> bool:
    """Whether lists tell all that is known of a measure at the sites that are asked for: a number says nothing of what it does not name, and a list nothing of other sites."""
    there = cut.of_measure(name)
    for where in (amounts.where, wanted):
        there = cut.matching(there, {attribute: values for attribute, values in where.items() if attribute in SITE_ATTRIBUTES})
    return bool(there) and all(cut.column(OF_LIST)[place] != "" for place in there)


def _zeros(kpi: Kpi, cut: Cut, names: Iterable[str], wanted: Where | None = None) -> Totals:
    """A zero for people who were counted in the period by these attributes, or found nobody at all, and found nobody in this category; and for things of which a list of the period has none."""
    zeros: dict[str, Total] = {}
    if any(_misspelt(name, values, cut) for amounts in kpi.amounts for name, values in amounts.where.items()):
        return {}
    quantities = cut.column("quantity")
    for amounts in kpi.amounts:
        cross = cross_name(cross_of([*names, *amounts.where]))
        for name in amounts.measure:
            if _only_listed(name, cut, amounts, wanted or {}):
                zeros[name] = Total()  # A list of the period is there, and has no such row.
                continue
            whole = cut.of_measure(name, ("all",)) + (_nobody_at_all(name, cut) if name in OF_PEOPLE else [])
            if not whole or (not cut.of_measure(name, (cross,)) and any(quantities[place] for place in whole)):
                return {}
            zeros[name] = Total()
    return zeros


def _nobody_at_all(name: str, cut: Cut) -> list[int]:
    """The rows in which a count of people is the zero of a list that is complete and empty: they have no attribute, since there is nobody who could have one."""
    blocked, amounts = cut.column("blocked"), cut.column("rows")
    return [place for place in cut.of_measure(name, ("",)) if blocked[place] is None and amounts[place] > 0]


def _misspelt(name: str, values: Sequence[str], cut: Cut) -> bool:
    """Whether one of some values is no word of its column: where the data keep to our words, another one finds nobody because it does not exist."""
    words = {*WORDS.get(name, ())}
    if not words or not {*cut.column(name)} - {""} <= words:
        return False
    return not {value.removeprefix(NOT) for value in values} <= words


def selected(cube: pl.DataFrame, amounts: Amounts, attributes: Iterable[str] = ()) -> pl.DataFrame:
    """The rows of a cube, or of the amounts themselves, that one selection adds up; `attributes` are those of the category it is narrowed to."""
    rows = cube.filter(pl.col("measure").is_in(amounts.measure), pl.col("cross").is_in(["", cross_name(cross_of([*attributes, *amounts.where]))]))
    rows = _matching(_matching(rows, {name: values for name in ("origin", "gas_group", "scope") if (values := getattr(amounts, name))}), amounts.where)
    return rows.filter(pl.col("basis").is_in(["", "both", *amounts.basis])) if amounts.basis else rows


def only(cube: pl.DataFrame, breakdown: Breakdown, category: str, within: Within = None) -> pl.DataFrame:
    """The rows of a cube, or of the amounts themselves, that belong to one category of a breakdown, as far as `within` narrows it."""
    if breakdown.each:
        return cube if within is not None and breakdown.each not in within else _matching(cube, {breakdown.each: [category]})
    wanted = breakdown.categories[category]
    return _matching(cube, {name: wanted[name] for name in attributes_of(breakdown, category, within)})


def attributes_of(breakdown: Breakdown, category: str, within: Within) -> list[str]:
    """The attributes that narrow a category."""
    return [name for name in breakdown.categories.get(category, ()) if within is None or name in within]


def narrowed(within: Within, kpi: Kpi) -> Within:
    """The attributes that narrow the denominator of a KPI, where `within` narrows the KPI itself."""
    if kpi.denominator_within is None:
        return within
    return tuple(name for name in kpi.denominator_within if within is None or name in within)


def _matching(rows: pl.DataFrame, where: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    """The rows whose attributes are among the values, as `Cut.matching`."""
    for name, values in where.items():
        found = rows.filter(_matches(rows, name, values))
        if "short" in rows.columns and found["rows"].sum():
            found = rows.filter(_matches(rows, name, values) | ((pl.col("short").list.len() > 0) & (pl.col(known_by(name)) == "")))
        rows = found
    return rows


def _matches(cube: pl.DataFrame, name: str, values: Sequence[str]) -> pl.Expr:
    """A row matches when its attribute is among the values (or not among those to leave out); what is blocked, waived or lacking matches too where nobody can say what it is."""
    left_out = [value.removeprefix(NOT) for value in values if value.startswith(NOT)]
    among = ~pl.col(name).is_in(left_out) if left_out else pl.col(name).is_in(list(values))
    unknown = pl.col("blocked").is_not_null()
    if "short" in cube.columns and name in ATTRIBUTES:
        unknown |= pl.col("short").list.len() > 0
    return among | ((pl.col(known_by(name)) == "") & unknown)
