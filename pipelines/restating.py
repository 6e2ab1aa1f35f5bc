"""What `esg-kpis bridge` and `growth` ask of the library, from the last results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import polars as pl

from esg_kpis.editions import Edition, read_editions
from esg_kpis.errors import UsageProblem, near_misses
from esg_kpis.exact import plain, rounded
from esg_kpis.factors import read_library
from esg_kpis.report.outputs import for_people, write_whole
from esg_kpis.restatement.bridge import Bridge, bridge_table, bridges
from esg_kpis.restatement.causes import CAUSES, Pair, Side
from esg_kpis.restatement.evaluation import Mixtures, Spot
from esg_kpis.restatement.growth import KINDS, Growth, growth_of
from esg_kpis.restatement.threshold import base_year_test
from pipelines.last_run import last_run
from pipelines.latest import latest_of, read_result, unchanged_since
from pipelines.past_runs import folder_of, run_in
from pipelines.received import received_of


@dataclass(frozen=True)
class Bridged:
    """The bridges of some cells, why others have none, and the pair they are between."""

    pair: Pair
    made: list[Bridge]
    none: dict[Spot, str]

    @property
    def table(self) -> pl.DataFrame:
        """As `bridge` in the data dictionary."""
        return bridge_table(self.made, self.pair)


def bridged(
    root: Path, out: Path, period: str, first: str, second: str, kpis: Sequence[str] = (), category: tuple[str, str] | None = None, from_run: str | None = None
) -> Bridged:  # fmt: skip
    """Bridges between two editions for one period: of the KPIs named, or of all that both have and that differ.

    Args:
        root: The workspace.
        out: Where results are.
        period: Id of a period of both editions.
        first: Edition the bridge begins at.
        second: Edition it ends at, in the last results.
        kpis: KPIs to bridge.
        category: Breakdown and category, where only one is asked for.
        from_run: The run that the first edition is taken from, with its records and factors, as `folder_of` names it; None for the last results.

    Raises:
        UsageProblem: if there is no such run, edition, period, KPI or category.
        EsgKpisError: if there are no results, or factors or editions have changed since; or the run named kept no definitions.
    """
    if first == second and from_run is None:
        raise UsageProblem(f"The bridge begins and ends at edition {first}.", where="--to", mend="Give another edition, or --from-run for the same one as an older run had it.")
    end = _of_last_run(root, out, second)
    begin = _of_run(out, from_run, first) if from_run is not None else replace(end, **_named(root, out, first, "--from"))
    pair = Pair(begin, end, period, tuple(kpis))
    for side in pair.sides:
        side.edition.period_named(period)
        for name in kpis:
            side.edition.kpi_named(name)
    if not kpis:
        shared = [name for name in begin.edition.kpis if name in end.edition.kpis]
        pair = Pair(begin, end, period, tuple(_with_a_change(shared, begin, end, period)))
    made, none = bridges(Mixtures(pair), _spots(pair, category))
    changed = made if kpis else [item for item in made if item.computed[0] != item.computed[1] or item.printed[0] != item.printed[1]]
    return Bridged(pair, changed, none)


def _of_last_run(root: Path, out: Path, edition: str) -> Side:
    folder = latest_of(out)
    named = _named(root, out, edition, "--to")
    ran = unchanged_since(root, folder)
    received = received_of(folder, read_editions(root / "editions"), date.fromisoformat(ran["as_of"]))
    return Side(named["edition"], named["known_on"], read_library(root / "factors"), received, read_result(folder, "kpi_values"), read_result(folder, "published"))


def _named(root: Path, out: Path, name: str, option: str) -> dict[str, Any]:
    """An edition of the last results, with its knowledge date."""
    ran = unchanged_since(root, latest_of(out))
    return {"edition": _one_of({item.id: item for item in read_editions(root / "editions")}, name, ran, option), "known_on": date.fromisoformat(ran[f"known on {name}"])}


def _of_run(out: Path, run: str, edition: str) -> Side:
    folder = folder_of(out, run)
    known = run_in(folder)
    return Side(_one_of(known.editions, edition, known.ran, "--from"), known.known_on(edition), known.library, known.received, known.values, read_result(folder, "published"), folder.name)


def _one_of(editions: Mapping[str, Edition], name: str, ran: Mapping[str, str], option: str) -> Edition:
    if name not in editions or f"known on {name}" not in ran:
        known = [item for item in editions if f"known on {item}" in ran]
        raise UsageProblem(f"The run has no edition '{name}'.", where=option, mend=near_misses(name, known) or f"It has: {', '.join(known)}.")
    return editions[name]


def _with_a_change(shared: Sequence[str], begin: Side, end: Side, period: str) -> list[str]:
    """The KPIs of which any cell has another value or state in the second edition."""
    key = ["kpi_id", "breakdown", "category"]
    first, second = (side.values.filter((pl.col("edition") == side.edition.id) & (pl.col("period") == period) & pl.col("kpi_id").is_in(list(shared))) for side in (begin, end))
    both = first.select(*key, "value", "status").join(second.select(*key, pl.col("value").alias("other"), pl.col("status").alias("state")), on=key)
    found = set(both.filter(pl.col("value").ne_missing(pl.col("other")) | (pl.col("status") != pl.col("state")))["kpi_id"])
    return [name for name in shared if name in found]


def _spots(pair: Pair, category: tuple[str, str] | None) -> list[Spot]:
    """The cells of the KPIs in the order of the first edition."""
    own = pair.first.values.filter((pl.col("edition") == pair.first.edition.id) & (pl.col("period") == pair.period))
    known: dict[str, set[tuple[str, str]]] = {}
    for kpi, breakdown, name in own.select("kpi_id", "breakdown", "category").iter_rows():
        known.setdefault(kpi, set()).add((breakdown, name))
    found = [(kpi, *spot) for kpi in pair.kpis for spot in sorted(known.get(kpi, ())) if pair.has(kpi, *spot)]
    if category is None:
        return found
    if not (chosen := [spot for spot in found if spot[1:] == category]):
        offered = sorted({f"{breakdown}={name}" for _, breakdown, name in found})
        raise UsageProblem(f"The editions do not share the category {'='.join(category)}.", where="--category", mend=near_misses("=".join(category), offered) or f"They share: {', '.join(offered[:20])}.")
    return chosen


def bridge_json(found: Bridged, threshold: Decimal) -> dict[str, Any]:
    """Bridges for other programs, with all decimals."""
    pair = found.pair
    rows = found.table.to_dicts()
    told = []
    for item in found.made:
        kpi, breakdown, category = item.spot
        test = base_year_test(item, threshold)
        own = [row for row in rows if (row["kpi_id"], row["breakdown"], row["category"]) == item.spot]
        numbers: dict[str, str | bool | None] = {name: None if value is None else plain(rounded(value)) for name, value in (("base", test.base), ("cumulative", test.cumulative), ("gross", test.gross), ("percent", test.percent), ("threshold", test.threshold))}
        told.append(
            {
                "kpi_id": kpi, "breakdown": breakdown, "category": category, "unit": item.unit, "printed": [None if value is None else str(value) for value in item.printed],
                "computed": [plain(rounded(value)) for value in item.computed], "bars": [{name: plain(value) if isinstance(value, Decimal) else value for name, value in row.items() if name not in KEY} for row in own],
                "base_year_test": numbers | {"recalculate": test.reached},
            }
        )  # fmt: skip
    return {
        "from": pair.first.edition.id, "from_run": pair.first.run or None, "to": pair.second.edition.id, "period": pair.period, "causes_that_differ": list(pair.differing), "bridges": told,
        "not_bridged": [{"kpi_id": spot[0], "breakdown": spot[1], "category": spot[2], "reason": reason} for spot, reason in found.none.items()],
    }  # fmt: skip


KEY = ("from", "to", "kpi_id", "breakdown", "category", "period", "unit")


def write_bridge(found: Bridged, path: Path) -> None:
    """The table as CSV, with all decimals.

    Raises:
        UsageProblem: if it cannot be written there.
    """
    try:
        write_whole(path, b"\xef\xbb\xbf" + for_people(found.table).write_csv().encode())
    except OSError as error:
        raise UsageProblem(f"The file cannot be written: {error.strerror}.", where=str(path), mend="Give another place with --to-file.") from error


def percent_of(text: str) -> Decimal:
    """A threshold in percent.

    Raises:
        UsageProblem: if it is no number above zero.
    """
    try:
        value = Decimal(text.strip().removesuffix("%").strip())
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or not 0 < value <= 100:
        raise UsageProblem(f"'{text}' is no percentage.", where="--threshold", mend="Write it as 5.")
    return value


def grown(root: Path, out: Path, kpi: str, edition: str, earlier: str, later: str) -> Growth:
    """The growth of one KPI between two periods of one edition of the last results.

    Raises:
        UsageProblem: as `growth_of`.
    """
    run = last_run(root, out, edition)
    before = read_result(run.folder, "amounts").filter(pl.col("edition") == "")
    return growth_of(run.inputs, run.edition_amounts, before, run.sites, run.table("ownership"), run.table("kpi_values"), kpi, earlier, later)


def growth_json(growth: Growth) -> dict[str, Any]:
    """The growth for other programs, with all decimals."""
    return {
        "unit": growth.unit, "before": plain(rounded(growth.before)), "after": plain(rounded(growth.after)), "organic": plain(rounded(growth.organic)),
        "parts": [
            {"kind": kind, "meaning": meaning, "effect": plain(rounded(growth.parts[kind])), "sites": [{"site_id": site, "change": plain(rounded(change))} for site, change in growth.sites[kind]]}
            for kind, meaning in KINDS.items()
        ],
    }  # fmt: skip


__all__ = ["CAUSES", "Bridged", "bridge_json", "bridged", "grown", "growth_json", "percent_of", "write_bridge"]
