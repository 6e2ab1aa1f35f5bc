"""Which cells to leave out: those about too few persons, and as many more as it takes that nobody can work them out."""

from collections.abc import Callable, Collection, Iterable, Mapping
from fractions import Fraction
from functools import partial

import polars as pl

from esg_kpis.disclosure.knowledge import OF_PEOPLE, Cell, Group, Known, canonical, knowledge, size_of
from esg_kpis.disclosure.reader import Reader, classes_of, least_of
from esg_kpis.domains.people import PERSONS_BEHIND
from esg_kpis.editions import Edition
from esg_kpis.editions.model import Disclosure
from esg_kpis.kpis import Inputs
from esg_kpis.tables import KPI_VALUES

Guard = Callable[[], list[Cell]]
"""Asks the reader for the figures that give one thing back that is to be kept; none if nothing does."""

_NEAR = Fraction(1, 5)
"""Hours or days of few persons are given back by figures that leave less than this share of them open: a tenth up and down (the p % rule)."""


def suppressed(values: pl.DataFrame, inputs: Inputs) -> pl.DataFrame:
    """The KPI values of one edition with small groups left out: status `suppressed`, no value, and the reason.

    Args:
        values: Its cells, as `kpis.evaluate` gives them.
        inputs: What they were made of.

    Columns: as `kpi_values` in the data dictionary.
    """
    if not inputs.cube["measure"].is_in(OF_PEOPLE).any():
        return values
    known = knowledge(values, inputs)
    hidden = hide(known, implied(known, inputs), inputs.edition)
    if not hidden:
        return values
    table = pl.DataFrame(
        [(*cell, reason) for cell, reason in hidden.items()], schema=["kpi_id", "period", "breakdown", "category", "__why"], orient="row"
    )
    joined = values.join(table, on=["kpi_id", "period", "breakdown", "category"], how="left", maintain_order="left")
    gone = pl.col("__why").is_not_null()
    return joined.with_columns(
        pl.when(~gone).then(pl.col("value")).alias("value"),
        pl.when(~gone).then(pl.col("printed")).alias("printed"),
        pl.when(gone).then(pl.lit("suppressed")).otherwise(pl.col("status")).alias("status"),
        pl.when(gone).then(pl.col("__why")).otherwise(pl.col("reason")).alias("reason"),
    ).select(KPI_VALUES.names)


def implied(known: Known, inputs: Inputs) -> dict[Group, Fraction]:
    """The groups that no cell counts and that a reader may work out as the rest of those that cells do count, and what they add up to, with their sizes."""
    classes = classes_of(known)
    found: dict[Group, Fraction] = {}
    told = (group for about in (known.touching, known.sums) for groups in about.values() for group in groups)
    for group in sorted(set(told)):
        for place, (name, _) in enumerate(group.within):
            for values in classes[name]:
                asked = {**dict(group.within[:place]), **dict(group.within[place + 1 :]), name: values}
                rest = canonical(known, group.measure, group.period, asked)
                if rest not in known.sizes and rest not in found:
                    found[rest] = size_of(inputs, group.measure, group.period, asked)
    return found


def hide(known: Known, rests: dict[Group, Fraction], edition: Edition, already: Mapping[Cell, str] | None = None, fixed: Collection[Cell] = ()) -> dict[Cell, str]:
    """The cells to leave out, each with the reason.

    Args:
        known: What the cells rest on.
        rests: Groups that no cell counts.
        edition: For its k, and for what management chose to print.
        already: Cells that are left out already.
        fixed: Cells that are shown already, and stay so.
    """
    # One reason for all: which figures are about a small group, and which only stand beside one, would tell that the latter are not.
    why = f"it would tell of fewer than {edition.rules.small_groups.k} persons"
    open_cells = {cell for cell in known.touching if any(_covers(item, cell) for item in edition.rules.small_groups.disclosure)}
    accepted = {group for cell in open_cells for group in known.touching[cell]}
    open_cells |= {*fixed}

    told = {group for groups in known.touching.values() for group in groups}
    sizes = {group: known.sizes[group] for group in told} | rests
    persons = {group for group in sizes if PERSONS_BEHIND.get(group.measure) == group.measure}
    small = {group for group in persons if 0 < sizes[group] < least_of(group, edition)} - accepted
    if not small:
        return {**(already or {})}
    primary = {cell: why for cell, groups in known.touching.items() if groups & small and cell not in open_cells} | {**(already or {})}
    hidden = dict(primary)
    reader = Reader(known, known.sizes | rests, edition)
    for cell in hidden:
        reader.hide(cell)
    reader.seek_one_for_all({group: least_of(group, edition) for group in sorted(small)})
    persons_kept = [partial(reader.gives_back, group, least_of(group, edition)) for group in sorted(small, key=lambda item: (sizes[item], item))]
    _until_kept(persons_kept, hidden, open_cells, reader, known, why)
    every = known.sizes | rests
    theirs = {Group(measure, group.period, group.within) for group in small for measure, behind in PERSONS_BEHIND.items() if behind == group.measure != measure}
    sums = {group for cell in hidden for group in known.sums.get(cell, ())} | (theirs & every.keys())
    sums_kept = [partial(_gives_sum_back, reader, group, every[group]) for group in sorted(sums)]
    _until_kept(sums_kept, hidden, open_cells, reader, known, why)
    _show_what_may_be(hidden, primary, [*persons_kept, *sums_kept], reader, known)
    return hidden


def _gives_sum_back(reader: Reader, group: Group, size: Fraction) -> list[Cell]:
    """The figures that leave less than a fifth open of what few persons add up to; none if they leave more."""
    least, most, told_by = reader.range_of(group)
    return told_by if most - least < _NEAR * size else []


def _until_kept(kept: Iterable[Guard], hidden: dict[Cell, str], open_cells: set[Cell], reader: Reader, known: Known, why: str) -> None:
    """Leaves figures out, one after the other, until nothing that is to be kept is given back, or management chose to print what does."""
    for gives_back in kept:
        while told_by := gives_back():
            if not _one_more(told_by, hidden, open_cells, reader, known, why):
                break


def _show_what_may_be(hidden: dict[Cell, str], primary: Collection[Cell], kept: Iterable[Guard], reader: Reader, known: Known) -> None:
    """Shows again what was left out to protect another figure and, with all that was left out after it, need not have been: wholes and large groups first.

    Without this a figure might be left out that anybody works out from a total beside it, and that is about no small group.
    """
    holding = [gives_back for gives_back in kept if not gives_back()]
    for cell in sorted(hidden.keys() - primary, key=lambda item: _rank(item, known), reverse=True):
        reader.show_again(cell)
        if any(gives_back() for gives_back in holding):
            reader.hide(cell)
        else:
            del hidden[cell]


def _one_more(told_by: list[Cell], hidden: dict[Cell, str], open_cells: set[Cell], reader: Reader, known: Known, why: str) -> bool:
    """Leaves out one more of the figures that tell too much; False if management chose to print all of them."""
    candidates = [cell for cell in told_by if cell not in open_cells and cell not in hidden]
    if not candidates:
        return False
    cell = min(candidates, key=lambda item: _rank(item, known))
    hidden[cell] = why
    reader.hide(cell)
    return True


def _covers(item: Disclosure, cell: Cell) -> bool:
    kpi_id, period, breakdown, category = cell
    return (
        item.kpi_id == kpi_id
        and (not item.periods or period in item.periods)
        and item.breakdown in (None, breakdown)
        and item.category in (None, category)
    )


def _rank(cell: Cell, known: Known) -> tuple[bool, Fraction, Cell]:
    """Sub-categories before wholes, those about fewer persons first."""
    sizes: Iterable[Fraction] = (known.sizes[group] for group in known.touching[cell])
    return cell[2] == "total", min(sizes, default=Fraction(0)), cell


