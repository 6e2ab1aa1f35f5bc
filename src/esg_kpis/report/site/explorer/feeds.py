"""Which figures rest on what: on each group of amounts, record, factor, site, meter and file. Most rest on the same few sets of figures, so each names its set."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import polars as pl

from esg_kpis.factors.need import OF_INSTRUMENT
from esg_kpis.report.site.explorer.figures import Figures
from esg_kpis.report.site.explorer.numbered import Numbered
from esg_kpis.report.terms import CELL


@dataclass
class Sets:
    """Sets of figures under numbers, each as the sorted numbers of its cells."""

    cells: list[tuple[int, ...]] = field(default_factory=list)
    numbers: dict[tuple[int, ...], int] = field(default_factory=dict)

    def put(self, cells: tuple[int, ...]) -> int:
        """The number of a set; it is added where it is new."""
        if cells not in self.numbers:
            self.numbers[cells] = len(self.cells)
            self.cells.append(cells)
        return self.numbers[cells]


def of_groups(figures: Figures, cell_of: dict[tuple[str, str, str, str, str], int], amounts: Numbered, sets: Sets) -> pl.DataFrame:
    """The set of figures that each group feeds; groups that feed none are left out, and groups of people, whose records are not shown.

    Columns: `group`, `set`.
    """
    numbers = pl.DataFrame([(*cell, number) for cell, number in cell_of.items()], schema={"edition": pl.String(), **dict.fromkeys(CELL, pl.String()), "cell": pl.Int64()}, orient="row")
    shown = amounts.groups.filter(~pl.col("of_people")).select("group")
    pairs = pl.concat([frame.join(shown, on="group", how="semi") for frame in figures.of_groups]) if figures.of_groups else pl.DataFrame(schema={"edition": pl.String(), **dict.fromkeys(CELL, pl.String()), "group": pl.UInt32()})
    joined = pairs.join(numbers, on=["edition", *CELL], how="inner").select("group", "cell").unique()
    return _put(joined.sort("group", "cell").group_by("group", maintain_order=True).agg("cell"), "group", "cell", tuple, sets)


def united(pairs: pl.DataFrame, key: str, sets: Sets) -> pl.DataFrame:
    """The figures that several sets have together.

    Args:
        pairs: `key`, and a `set` that belongs to it.
        key: What to unite by.
        sets: Where the sets are, and new ones go.

    Columns: `key`, `set`; sorted by `key`.
    """
    lists = pairs.select(key, "set").drop_nulls().unique().sort(key, "set").group_by(key, maintain_order=True).agg("set")
    return _put(lists, key, "set", lambda numbers: _union(numbers, sets), sets)


def _union(numbers: Sequence[int], sets: Sets) -> tuple[int, ...]:
    return sets.cells[numbers[0]] if len(numbers) == 1 else tuple(sorted({cell for number in numbers for cell in sets.cells[number]}))


def _put(lists: pl.DataFrame, key: str, column: str, cells: Callable[[list[int]], tuple[int, ...]], sets: Sets) -> pl.DataFrame:
    """The number of the set that each list of numbers leads to; equal lists are looked at once."""
    texts = lists.select(key, pl.col(column).list.eval(pl.element().cast(pl.String)).list.join(",").alias("text"))
    known = {text: sets.put(cells([int(part) for part in text.split(",")])) for text in texts["text"].unique(maintain_order=True).to_list()}
    return texts.select(key, pl.col("text").replace_strict(known, default=None, return_dtype=pl.Int64()).alias("set") if known else pl.lit(None, dtype=pl.Int64()).alias("set"))


def of_records(rows: pl.DataFrame, groups: pl.DataFrame, records: pl.DataFrame, factors: dict[str, int], sets: Sets) -> pl.DataFrame:
    """The set of figures that each record feeds: by what was made from it, and as the claim of an instrument by what its factor made.

    Columns: `record` (number), `set`.
    """
    pairs = rows.select("record", "group").drop_nulls().unique()
    claims = {number: name.removeprefix(OF_INSTRUMENT) for name, number in factors.items() if name.startswith(OF_INSTRUMENT)}
    if claims:
        at = dict(records.select("record_id", "no").iter_rows())
        found = by_factor(rows).filter(pl.col("factor").is_in(list(claims)))
        own = found.with_columns(pl.col("factor").replace_strict({number: at.get(name) for number, name in claims.items()}, default=None, return_dtype=pl.UInt32()).alias("record"))
        pairs = pl.concat([pairs, own.select("record", "group").drop_nulls()]).unique()
    return united(pairs.join(groups, on="group", how="inner"), "record", sets)


def by_factor(rows: pl.DataFrame) -> pl.DataFrame:
    """Which groups hold amounts on whose way from the record a factor stands.

    Columns: `factor` (number), `group`.
    """
    parents, factors = rows["parent"], rows["factor"]
    at = rows.select("group", "factor", "parent")
    found = [at.select("factor", "group").drop_nulls().unique()]
    while at["parent"].is_not_null().any():
        at = at.filter(pl.col("parent").is_not_null())
        place = at["parent"]
        at = pl.DataFrame({"group": at["group"], "factor": factors.gather(place), "parent": parents.gather(place)})
        found.append(at.select("factor", "group").drop_nulls().unique())
    return pl.concat(found).unique().sort("factor", "group")
