"""How bridges and growth look in a terminal of 100 columns."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from esg_kpis.exact import plain, printed, rounded
from esg_kpis.restatement.bridge import Bridge, Step, steps
from esg_kpis.restatement.causes import CAUSES, Pair
from esg_kpis.restatement.growth import KINDS, Growth
from esg_kpis.restatement.threshold import base_year_test
from pipelines.restating import Bridged

WIDTH = 100
SHOWN_SITES = 5
_WORDS = {"unreproduced_from": "unreproduced", "unreproduced_to": "unreproduced"}


def print_bridges(console: Console, found: Bridged, threshold: Decimal, *, exact: bool) -> None:
    """A waterfall a cell, what the editions have otherwise, and the base-year test."""
    console.width = min(console.width, WIDTH)
    pair = found.pair
    for item in found.made:
        _print_one(console, item, pair, threshold, exact=exact)
    same = [cause for cause in CAUSES if cause not in pair.differing]
    if found.made:
        console.print(f"The same in both editions: {', '.join(same) or 'nothing'}. An effect is the mean over all orders of the causes, least and most are those of single orders.")
        console.print("Organic growth is in none of this, since both figures are of one period; it never makes a base year be calculated anew: `esg-kpis growth`.")
    else:
        console.print(f"Nothing differs between the editions {pair.first.edition.id} and {pair.second.edition.id} for {pair.period} that both have a value of.")
    for (kpi, breakdown, category), reason in found.none.items():
        console.print(f"No bridge for {kpi}{'' if breakdown == 'total' else f' {escape(category)}'}: {escape(reason)}")


def _print_one(console: Console, item: Bridge, pair: Pair, threshold: Decimal, *, exact: bool) -> None:
    kpi, breakdown, category = item.spot
    decimals = 18 if exact else max(pair.editions[0].kpis[kpi].decimals, *(_places(value) for value in item.printed))
    first, second = (side.name for side in pair.sides)
    console.print(f"[bold]{kpi}{'' if breakdown == 'total' else f', {escape(breakdown)} {escape(category)}'}, {pair.period}: edition {first} to {second}[/], in {escape(item.unit)}")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("", "Effect", "Least", "Most", "Level"):
        table.add_column(name, justify="left" if not name else "right", overflow="fold")
    bars = list(steps(item, pair, decimals))
    _add_ends(table, bars, item, (first, second), decimals)
    console.print(table)
    for cause, _, _, _, words in bars:
        console.print(f"  {_WORDS.get(cause, cause)}: {escape(words)}")
    console.print(f"  {_tested(item, threshold, first)}")
    console.print()


def _add_ends(table: Table, bars: Sequence[Step], item: Bridge, editions: tuple[str, str], decimals: int) -> None:
    """The rows of a waterfall: what was printed, what was computed, the causes between, and the same at the end."""
    levels = [rounded(value, decimals) for value in item.computed]
    before, causes, after = ([bar for bar in bars if (bar[0] in _WORDS) == aside and (not aside or bar[0] == name)] for aside, name in ((True, "unreproduced_from"), (False, ""), (True, "unreproduced_to")))
    for bar in before:
        table.add_row(f"printed, {editions[0]}", "", "", "", _grouped(bar[1]), style="bold")
        table.add_row(*_row(bar, decimals))
    table.add_row(f"computed, {editions[0]}", "", "", "", _grouped(levels[0]), style="bold")
    for bar in causes:
        table.add_row(*_row(bar, decimals))
    table.add_row(f"computed, {editions[1]}", "", "", "", _grouped(levels[1]), style="bold")
    for bar in after:
        table.add_row(*_row(bar, decimals))
        table.add_row(f"printed, {editions[1]}", "", "", "", _grouped(bar[2]), style="bold")


def _row(bar: Step, decimals: int) -> tuple[str, ...]:
    cause, before, after, effect, _ = bar
    spread = ("", "") if effect is None or effect.low == effect.high else (_signed(rounded(effect.low, decimals)), _signed(rounded(effect.high, decimals)))
    return f"  {_WORDS.get(cause, cause)}", _signed(after - before), *spread, _grouped(after)


def _tested(item: Bridge, threshold: Decimal, first: str) -> str:
    test = base_year_test(item, threshold)
    if test.percent is None:
        return f"Base-year test: edition {first} has zero; {'any change is significant: recalculate' if test.reached else 'nothing changed'}."
    gross = f" (without signs {printed(100 * test.gross / abs(test.base), 2)} %)" if test.gross != abs(test.cumulative) and test.base else ""
    verdict = "reached: a base year is to be calculated anew" if test.reached else "not reached"
    return f"Base-year test: all causes together {'+' if test.percent > 0 else ''}{printed(test.percent, 2)} % of what was computed{gross}; threshold {plain(threshold)} %, {verdict}."


def _places(value: Decimal | None) -> int:
    exponent = value.as_tuple().exponent if value is not None else 0
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0


def _grouped(value: Decimal) -> str:
    return f"{value:,f}"


def _signed(value: Decimal) -> str:
    return f"{value:+,f}" if value else f"{abs(value):,f}"


def print_growth(console: Console, growth: Growth, kpi: str, edition: str, earlier: str, later: str, sites: pl.DataFrame) -> None:
    """The change of one KPI between two periods, by what its sites are."""
    console.width = min(console.width, WIDTH)
    console.print(f"[bold]{kpi}, edition {escape(edition)}, {earlier} to {later}[/], in {escape(growth.unit)}")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("", "Change", "%", "Sites"):
        table.add_column(name, justify="left" if not name else "right")
    table.add_row(earlier, _grouped(rounded(growth.before, 2)), "", "", style="bold")
    for kind, before, after in _levels(growth):
        share = printed(100 * growth.parts[kind] / abs(growth.before), 2) if growth.before else ""
        table.add_row(f"  {kind.replace('_', ' ')}", _signed(after - before), share, str(len(growth.sites[kind])))
    table.add_row(later, _grouped(rounded(growth.after, 2)), "", "", style="bold")
    console.print(table)
    lines = dict(sites.select("site_id", pl.col("business_line").fill_null("")).iter_rows())
    for kind, meaning in KINDS.items():
        found = growth.sites[kind]
        if found and kind != "like_for_like":
            named = ", ".join(f"{escape(site or 'no site')}{f' ({escape(lines[site])})' if lines.get(site) else ''} {_signed(rounded(change, 2))}" for site, change in found[:SHOWN_SITES])
            more = f" and {len(found) - SHOWN_SITES} more" if len(found) > SHOWN_SITES else ""
            console.print(f"  {kind.replace('_', ' ')}, {meaning}: {named}{more}")
    console.print(f"Organic growth and decline, {_signed(rounded(growth.organic, 2))}, never make a base year be calculated anew (GHG Protocol Corporate Standard, chapter 5).")


def _levels(growth: Growth) -> Iterator[tuple[str, Decimal, Decimal]]:
    level = growth.before
    for kind in KINDS:
        yield kind, rounded(level, 2), rounded(level + growth.parts[kind], 2)
        level += growth.parts[kind]
