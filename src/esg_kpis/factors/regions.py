"""The chain of regions above a site: province, regional grid, country, world. `factors/regions.csv` says which region lies in which, and when.

A grid is redrawn now and then (six regional grids of China until 2020, seven since), so what a factor of one year describes is looked up as the regions were then.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

GLOBAL = "GLOBAL"
FIRST, LAST = date(1, 1, 1), date(9999, 12, 31)


@dataclass(frozen=True)
class Region:
    """One region in the one above it, from a day through another."""

    region: str
    parent: str
    valid_from: date
    valid_to: date


@dataclass(frozen=True)
class Rung:
    """One region of a chain, with the days on which it is part of it."""

    region: str
    member_from: date
    member_to: date

    def __str__(self) -> str:
        days = [f"from {self.member_from}"] * (self.member_from != FIRST) + [f"until {self.member_to}"] * (self.member_to != LAST)
        return f"{self.region} ({', '.join(days)})" if days else self.region


def chain_of(regions: Sequence[Region], own: Sequence[str]) -> list[Rung]:
    """The regions a site lies in, nearest first, from those that its register names: each with those above it, then GLOBAL."""
    parents: dict[str, list[Region]] = {}
    for item in regions:
        parents.setdefault(item.region, []).append(item)
    rungs: list[Rung] = []
    named = [name for name in own if name and name != GLOBAL]
    for name in named:
        level = [Rung(name, FIRST, LAST)]
        while level:
            rungs += [rung for rung in level if all(rung.region != other.region for other in rungs) or _wider(rung, rungs)]
            above = [
                Rung(item.parent, max(rung.member_from, item.valid_from), min(rung.member_to, item.valid_to)) for rung in level for item in parents.get(rung.region, [])
            ]
            level = [rung for rung in above if rung.member_from <= rung.member_to and rung.region not in named]
    return [*rungs, Rung(GLOBAL, FIRST, LAST)]


def _wider(rung: Rung, rungs: Sequence[Rung]) -> bool:
    """Whether a region joins the chain in days in which it is no part of it yet."""
    return all(rung.region != other.region or rung.member_from > other.member_to or rung.member_to < other.member_from for other in rungs)


def rungs_of(regions: Sequence[Region], chains: Iterable[str], apart: str) -> pl.DataFrame:
    """Every region on each chain.

    Columns: `chain`, `region`, `rung` (0 for the nearest), `member_from`, `member_to`, `words`. GLOBAL ends every chain.
    """
    columns: dict[str, list[object]] = {name: [] for name in ("chain", "region", "rung", "member_from", "member_to", "words")}
    for chain in chains:
        for place, item in enumerate(chain_of(regions, chain.split(apart))):
            columns["chain"].append(chain)
            columns["region"].append(item.region)
            columns["rung"].append(place)
            columns["member_from"].append(item.member_from)
            columns["member_to"].append(item.member_to)
            columns["words"].append(str(item))
    return pl.DataFrame(columns, schema={"chain": pl.String(), "region": pl.String(), "rung": pl.UInt32(), "member_from": pl.Date(), "member_to": pl.Date(), "words": pl.String()})
