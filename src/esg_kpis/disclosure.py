"""Small groups: figures about fewer than k persons are left out of what is published, and so is whatever would give them back.

A reader of the published table knows more than the cell: totals, the other categories, and that people come in whole numbers. A share of 0.53 % and a
rate of 39.83 % of 22,074 employees can only be 47 of 118. So each count that is too small is looked at the way such a reader would: from all figures that are
still shown, with their rounding, by bounds on whole numbers. As long as they show that the count is below k, one more figure is left out.

Source: the threshold and complementary suppression of statistical offices (Hundepool et al., Statistical Disclosure Control, 2012, chapter 4).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor
from typing import Any

import polars as pl

from esg_kpis.editions import Breakdown, Edition, Kpi
from esg_kpis.editions.model import Disclosure
from esg_kpis.kpis import Inputs, Part, Within, attributes_of, leaf_value, narrowed, parts_of
from esg_kpis.tables import KPI_VALUES, conform
from esg_kpis.units import multiplier

PERSONS = frozenset(
    ("employees", "employees_joined", "employees_left", "employees_trained", "training_participants", "work_injuries", "work_fatalities")
)
"""Measures that count persons, or cases that are one person each."""

MOST = 10**9
_ENUMERATED = 4_000

Cell = tuple[str, str, str, str]
Atom = tuple[str, str, tuple[tuple[str, tuple[str, ...]], ...]]
"""A count that figures rest on: the KPI that counts, the period, and what narrows it."""


@dataclass(frozen=True)
class Figure:
    """A figure as a reader sees it: a count, or a ratio of two, printed with so many decimals. A side that counts no persons is a known number."""

    cell: Cell
    top: Atom | Fraction
    bottom: Atom | Fraction | None
    times: Fraction
    printed: Fraction
    decimals: int


@dataclass
class Known:
    """What a reader knows: figures shown, wholes with their parts, and the true count of every atom (which the reader does not know)."""

    counts: dict[Atom, int] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    wholes: list[tuple[Atom, tuple[Atom, ...]]] = field(default_factory=list)
    touching: dict[Cell, set[Atom]] = field(default_factory=dict)


def suppressed(values: pl.DataFrame, inputs: Inputs) -> pl.DataFrame:
    """The KPI values of one edition with small groups left out: status `suppressed`, no value, and the reason.

    Args:
        values: Its cells, as `kpis.evaluate` gives them.
        inputs: What they were made of.

    Columns: as `kpi_values` in the data dictionary.
    """
    known = knowledge(values, inputs)
    hidden = hide(known, inputs.edition)
    if not hidden:
        return values
    table = pl.DataFrame(
        [(*cell, reason) for cell, reason in hidden.items()], schema=["kpi_id", "period", "breakdown", "category", "__why"], orient="row"
    )
    joined = values.join(table, on=["kpi_id", "period", "breakdown", "category"], how="left", maintain_order="left")
    gone = pl.col("__why").is_not_null()
    return conform(
        joined.with_columns(
            pl.when(~gone).then(pl.col("value")).alias("value"),
            pl.when(~gone).then(pl.col("printed")).alias("printed"),
            pl.when(gone).then(pl.lit("suppressed")).otherwise(pl.col("status")).alias("status"),
            pl.when(gone).then(pl.col("__why")).otherwise(pl.col("reason")).alias("reason"),
        ).select(KPI_VALUES.names),
        KPI_VALUES,
    )


def hide(known: Known, edition: Edition) -> dict[Cell, str]:
    """The cells to leave out, each with the reason."""
    k = edition.rules.small_groups.k
    open_cells = {cell for cell in known.touching if any(_covers(item, cell) for item in edition.rules.small_groups.disclosure)}
    accepted = {atom for cell in open_cells for atom in known.touching[cell]}
    small = {atom for atom, count in known.counts.items() if 0 < count < k} - accepted
    hidden = {cell: f"fewer than {k} persons" for cell, atoms in known.touching.items() if atoms & small and cell not in open_cells}
    for atom in sorted(small, key=lambda item: (known.counts[item], item)):
        while (most := bounds(known, hidden)[atom][1]) < k:
            cell = _next(known, hidden, open_cells, atom)
            if cell is None:
                break
            hidden[cell] = f"it would give back a count of at most {most} persons that is left out"
    return hidden


def _covers(item: Disclosure, cell: Cell) -> bool:
    kpi_id, period, breakdown, category = cell
    return (
        item.kpi_id == kpi_id
        and (not item.periods or period in item.periods)
        and item.breakdown in (None, breakdown)
        and item.category in (None, category)
    )


def _next(known: Known, hidden: dict[Cell, str], open_cells: set[Cell], atom: Atom) -> Cell | None:
    """The cell to leave out next: of those that lead to `atom`, the one about the fewest persons, sub-categories before wholes."""
    reach, wholes = {atom}, {whole for whole, _ in known.wholes}
    while True:
        more = {other for whole, parts in known.wholes if {whole, *parts} & reach for other in (whole, *parts)}
        more |= {side for figure in known.figures if figure.cell not in hidden for side in _atoms(figure) if set(_atoms(figure)) & reach}
        if more <= reach:
            break
        reach |= more
    near = {other for whole, parts in known.wholes if atom in (whole, *parts) for other in (whole, *parts)} | {atom}
    free = [
        figure
        for figure in known.figures
        if figure.cell not in hidden and figure.cell not in open_cells and isinstance(figure.top, tuple) and figure.top in reach
    ]

    def rank(figure: Figure) -> tuple[bool, bool, int, Cell]:
        top = figure.top if isinstance(figure.top, tuple) else atom
        return (top in wholes, not set(_atoms(figure)) & near, known.counts[top], figure.cell)

    return min(free, key=rank).cell if free else None


def _atoms(figure: Figure) -> list[Atom]:
    return [side for side in (figure.top, figure.bottom) if isinstance(side, tuple)]


# ---------------------------------------------------------------- what a reader can work out


def bounds(known: Known, hidden: dict[Cell, str] | frozenset[Cell]) -> dict[Atom, tuple[int, int]]:
    """The least and the most that each count can be, for a reader who sees all figures but the hidden ones."""
    box: dict[Atom, tuple[int, int]] = dict.fromkeys(known.counts, (0, MOST))
    figures = [figure for figure in known.figures if figure.cell not in hidden]
    changed = True
    while changed:
        before = dict(box)
        for figure in figures:
            _by_figure(figure, box)
        for whole, parts in known.wholes:
            _by_sum(whole, parts, box)
        changed = box != before
    return box


def _tighten(box: dict[Atom, tuple[int, int]], atom: Atom, low: int, high: int) -> None:
    box[atom] = (max(box[atom][0], low), min(box[atom][1], high))


def _by_sum(whole: Atom, parts: tuple[Atom, ...], box: dict[Atom, tuple[int, int]]) -> None:
    low, high = sum(box[part][0] for part in parts), sum(box[part][1] for part in parts)
    _tighten(box, whole, low, high)
    for part in parts:
        _tighten(box, part, box[whole][0] - (high - box[part][1]), box[whole][1] - (low - box[part][0]))


def _by_figure(figure: Figure, box: dict[Atom, tuple[int, int]]) -> None:
    half = Fraction(1, 2 * 10**figure.decimals)
    low, high = (figure.printed - half) / figure.times, (figure.printed + half) / figure.times
    top, bottom = figure.top, figure.bottom
    if bottom is None:
        if isinstance(top, tuple):
            _tighten(box, top, ceil(low), ceil(high) - 1)
        return
    if not isinstance(top, tuple):
        return
    if not isinstance(bottom, tuple):
        _tighten(box, top, ceil(low * bottom), ceil(high * bottom) - 1)
        return
    least, most = box[bottom]
    if most - least <= _ENUMERATED:
        pairs = [(n, d) for d in range(max(least, 1), most + 1) for n in _tops(low, high, d, box[top])]
        if pairs:
            _tighten(box, top, min(n for n, _ in pairs), max(n for n, _ in pairs))
            _tighten(box, bottom, min(d for _, d in pairs), max(d for _, d in pairs))
        return
    _tighten(box, top, ceil(low * least), floor(high * most))
    if low > 0:
        _tighten(box, bottom, ceil(box[top][0] / high), min(MOST, floor(box[top][1] / low)))


def _tops(low: Fraction, high: Fraction, bottom: int, known: tuple[int, int]) -> tuple[int, ...]:
    """The least and the most whole number above `bottom` that prints as it was printed."""
    first, last = max(ceil(low * bottom), known[0]), min(ceil(high * bottom) - 1, known[1])
    return () if first > last else (first, last)


# ---------------------------------------------------------------- from the edition


def knowledge(values: pl.DataFrame, inputs: Inputs) -> Known:
    """What the figures of an edition about people rest on, and what a reader of them knows."""
    shown = {
        (row["kpi_id"], row["period"], row["breakdown"], row["category"]): row
        for row in values.filter(pl.col("value").is_not_null()).iter_rows(named=True)
    }
    known = Known()
    for cell, kpi, breakdown, part in _cells(inputs):
        if cell not in shown or not _counts_people(kpi, inputs.edition):
            continue
        row = shown[cell]
        _add(known, cell, kpi, breakdown, part, row, inputs)
    known.wholes = _wholes(known)
    return known


def _counts_people(kpi: Kpi, edition: Edition) -> bool:
    if kpi.formula in ("sum", "count"):
        return any(name in PERSONS for amounts in kpi.amounts for name in amounts.measure)
    return any(_counts_people(edition.kpis[name], edition) for name in (kpi.numerator, kpi.denominator) if name)


def _cells(inputs: Inputs) -> Iterator[tuple[Cell, Kpi, Breakdown, Part]]:
    for kpi in inputs.edition.kpis.values():
        for period in inputs.edition.periods.values():
            cube = inputs.cube.filter(pl.col("period") == period.id)
            for breakdown in kpi.breakdowns:
                if (kpi.periods and period.id not in kpi.periods) or (breakdown.periods and period.id not in breakdown.periods):
                    continue
                for category, part in parts_of(breakdown, cube).items():
                    yield (kpi.id, period.id, breakdown.name, category), kpi, breakdown, part


def _add(known: Known, cell: Cell, kpi: Kpi, breakdown: Breakdown, part: Part, row: dict[str, Any], inputs: Inputs) -> None:
    edition, period = inputs.edition, inputs.edition.periods[cell[1]]

    def side(of: Kpi, within: Within) -> Atom | Fraction | None:
        if of.formula != "sum":
            return None
        value = leaf_value(of, period, part, inputs, within)
        if value is None:
            return None
        people = all(name in PERSONS for amounts in of.amounts for name in amounts.measure) and value.denominator == 1
        if not people:
            return value
        names = attributes_of(breakdown, cell[3], within)
        narrowing = [(name, tuple(breakdown.categories[cell[3]][name])) for name in names]
        if breakdown.each is not None and (within is None or breakdown.each in within):
            narrowing.append((breakdown.each, (cell[3],)))
        atom = (of.id, period.id, tuple(sorted(narrowing)))
        known.counts[atom] = int(value)
        return atom

    printed = Fraction(row["printed"])
    if kpi.formula == "sum":
        top, bottom, times = side(kpi, None), None, Fraction(1)
    elif kpi.formula in ("share", "ratio", "rate") and kpi.numerator and kpi.denominator:
        top, bottom = side(edition.kpis[kpi.numerator], None), side(edition.kpis[kpi.denominator], narrowed(None, kpi))
        units = edition.kpis[kpi.numerator].unit, edition.kpis[kpi.denominator].unit
        times = 100 * multiplier(*units) if kpi.formula == "share" else kpi.times * multiplier("/".join(units), kpi.whole_unit)
    else:
        return
    known.touching[cell] = {item for item in (top, bottom) if isinstance(item, tuple)}
    if top is not None and not (isinstance(top, Fraction) and bottom is None):
        known.figures.append(Figure(cell, top, bottom, times, printed, row["decimals"]))


def _wholes(known: Known) -> list[tuple[Atom, tuple[Atom, ...]]]:
    """Atoms that others, apart in one attribute only, add up to: a reader takes categories to be all there are."""
    groups: dict[tuple[str, str, str, tuple[Any, ...]], set[Atom]] = {}
    for atom in known.counts:
        name, period, narrowing = atom
        for place, (attribute, _) in enumerate(narrowing):
            groups.setdefault((name, period, attribute, narrowing[:place] + narrowing[place + 1 :]), set()).add(atom)
    found = []
    for (name, period, _, rest), parts in sorted(groups.items(), key=str):
        whole = (name, period, rest)
        if whole in known.counts and len(parts) > 1 and sum(known.counts[part] for part in parts) == known.counts[whole]:
            found.append((whole, tuple(sorted(parts))))
    return found
