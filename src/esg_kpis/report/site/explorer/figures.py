"""The figures of all editions with the numbers in their formulas: each over terms, each term over sums, each sum over groups of amounts."""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

import polars as pl

from esg_kpis.assurance.lineage import OF_PEOPLE, lineage_of
from esg_kpis.exact import PRODUCT, sums
from esg_kpis.kpis import Inputs
from esg_kpis.report.shown import Shown, shown_of
from esg_kpis.report.site.basis import SiteBasis
from esg_kpis.report.site.explorer.numbered import Numbered
from esg_kpis.report.terms import CELL, TERM, Added, Spot, Terms


@dataclass(frozen=True)
class Block:
    """What a sum adds up, or a count counts: groups of amounts of one measure of one edition."""

    edition: int
    measure: str
    unit: str
    groups: tuple[int, ...]
    total: Fraction

    @property
    def of_people(self) -> bool:
        """Whether it counts people, of whom only the total may be seen."""
        return self.measure in OF_PEOPLE

    @property
    def counts(self) -> bool:
        """Whether amounts are counted, not added up."""
        return self.unit == "1"


@dataclass(frozen=True)
class OfEdition:
    """One edition's figures in the order of its report, and their terms. `apart` are the figures whose numbers are not shown because of estimates per head."""

    inputs: Inputs
    values: pl.DataFrame
    tables: Mapping[str, pl.DataFrame]
    terms: Terms
    shown: Sequence[Shown] = ()
    apart: frozenset[Spot] = frozenset()


@dataclass
class Figures:
    """The figures of all editions, newest edition first.

    Attributes:
        editions: Each edition's own. Its sums' `amounts` hold the number of their block.
        blocks: What some shown term adds up. What only figures rest on whose counts are withheld is not among them.
        of_groups: Which groups each figure adds up, per edition: `edition`, cell, `group`.
    """

    editions: list[OfEdition] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    of_groups: list[pl.DataFrame] = field(default_factory=list)


def figures_of(basis: SiteBasis, amounts: Numbered) -> Figures:
    """The figures of all editions.

    Raises:
        InternalProblem: if a formula over the terms does not give a figure to its last digit.
    """
    found, made = Figures(), list[Block]()
    apart = set(amounts.groups.filter("apart")["group"].to_list())
    for place, name in enumerate(basis.editions):
        values, inputs, tables = basis.of("kpi_values", name), basis.inputs[name], {"kpi_labels": basis.of("kpi_labels", name)}
        lineage = _lineage(inputs, amounts, basis, values)
        found.of_groups.append(lineage.select("edition", *CELL, "group").unique(maintain_order=True))
        added, spots = _added(lineage, place, apart, made)
        own = OfEdition(inputs, values, tables, Terms())
        shown = shown_of(own, None, own.terms, added, spots)
        found.editions.append(replace(own, shown=shown, apart=frozenset(spots)))
    _keep_shown(found, made)
    return found


def _keep_shown(found: Figures, made: Sequence[Block]) -> None:
    """Keeps of the blocks those that some shown term adds up, under new numbers."""
    numbers: dict[int, int] = {}
    for edition in found.editions:
        for place, item in enumerate(edition.terms.sums):
            if item.measure:
                number = numbers.setdefault(int(item.amounts[0]), len(numbers))
                edition.terms.sums[place] = replace(item, amounts=(str(number),))
    found.blocks.extend(made[number] for number in numbers)


def _lineage(inputs: Inputs, amounts: Numbered, basis: SiteBasis, values: pl.DataFrame) -> pl.DataFrame:
    """The lineage of an edition's figures in groups of amounts: as exact as that in amounts, and much smaller."""
    sizes = amounts.groups.select("group", pl.col("rows").cast(PRODUCT))
    lineage = lineage_of(inputs, amounts.stand_ins, basis.tables["sites"], values).with_columns(pl.col("amount_id").cast(pl.UInt32).alias("group"))
    counted = lineage.join(sizes, on="group", how="left", maintain_order="left")
    return counted.with_columns(pl.when(pl.col("unit") == "1").then("rows").otherwise("quantity").alias("quantity"))


def _added(lineage: pl.DataFrame, edition: int, apart: set[int], blocks: list[Block]) -> tuple[dict[tuple[str, ...], list[Added]], set[Spot]]:
    """What each term of each figure adds up, with the number of its block in place of amounts; new blocks are added to `blocks`. And the figures that rest on one that is apart."""
    keys = [*TERM, "measure", "unit"]
    totals = sums(lineage, keys, "quantity")
    lists = lineage.sort(*keys, "group").group_by(keys, maintain_order=True).agg("group").join(totals, on=keys, maintain_order="left")
    numbers: dict[tuple[str, str, bytes], int] = {}
    added: dict[tuple[str, ...], list[Added]] = {}
    spots: set[Spot] = set()
    for *term, measure, unit, groups, total in lists.iter_rows():
        key = (measure, unit, array("L", groups).tobytes())
        if key not in numbers:
            numbers[key] = len(blocks)
            blocks.append(Block(edition, measure, unit, tuple(groups), Fraction(total or Decimal(0))))
        number = numbers[key]
        if not apart.isdisjoint(groups):
            spots.add((term[0], term[1], term[2], term[3]))
        added.setdefault(tuple(term), []).append(Added(measure, (str(number),), Fraction(total or Decimal(0)), unit))
    return added, spots
