"""What a reader can work out: the most that a group can count, given every figure that is shown.

The unknown counts are variables of a linear programme. Each measure and period has a table per set of attributes that figures cross, over classes of values
that no figure tells apart; tables agree where they share attributes; figures fix sums of their cells, and ratios of such sums. This
is what an attacker of a published table would solve, first in any numbers and then in whole persons: 4 of 13 is the only 30.77 % below 26.

No amount is computed here: binary numbers decide only whether a figure is shown, with a margin for their own rounding.
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import chain, combinations, product
from math import ceil, floor

import highspy
import numpy as np

from esg_kpis.disclosure.knowledge import Cell, Figure, Group, Known, Terms
from esg_kpis.disclosure.tables_found import Found, Places
from esg_kpis.domains.people import PART_OF, PERSONS_BEHIND
from esg_kpis.editions import Edition
from esg_kpis.kpis import period_before

MOST = 10**9
_MARGIN = 1e-6
_NODES = 500
"""How far the search for a table of whole persons goes. What it cannot decide counts as not told: large groups, of which the rounding leaves many tables."""

_Place = tuple[str, str, tuple[str, ...], tuple[int, ...]]
"""Measure, period, attributes of a table, and the class of each."""


Number = Fraction | int
"""Whole numbers stay such: sums of fractions take many times as long."""


class Reader:
    """A reader who sees all figures but those that were hidden from them."""

    def __init__(self, known: Known, sizes: Mapping[Group, Fraction], edition: Edition) -> None:
        self._figures = known.figures
        self._classes = classes_of(known)
        self._tables = _tables([group for figure in known.figures for group in (*figure.top, *(figure.bottom or ()))])
        self._columns: dict[_Place, int] = {}
        for (measure, period), names in self._tables.items():
            for attributes in names:
                for place in product(*(range(len(self._classes[name])) for name in attributes)):
                    self._columns[measure, period, attributes, place] = len(self._columns)
        kinds = [
            highspy.HighsVarType.kInteger if PERSONS_BEHIND.get(place[0], place[0]) == place[0] else highspy.HighsVarType.kContinuous
            for place in self._columns
        ]
        self._solver, self._whole = _programme(len(self._columns)), _programme(len(self._columns))
        # Finds nothing here that the other heuristics do not find, and takes as long as all of them.
        self._whole.setOptionValue("mip_heuristic_run_feasibility_jump", False)  # noqa: FBT003  (HiGHS takes options by place)
        self._whole.changeColsIntegrality(len(kinds), np.arange(len(kinds), dtype=np.int32), np.array(kinds))
        self._found = Found(np.array([kind == highspy.HighsVarType.kInteger for kind in kinds], dtype=bool))
        self._spreads: dict[Group, dict[int, Number] | None] = {}
        self._laid: list[tuple[float, float, list[int], list[float]]] = []
        self._cell_of_row: dict[int, Cell] = {}
        self._rows_of_cell: dict[Cell, list[int]] = {}
        self._goal: dict[int, float] = {}
        self._hidden: set[Cell] = set()
        self._bounds_of_hidden: dict[int, tuple[float, float]] = {}
        self._agree()
        self._part_of()
        self._over_time(sizes, edition)
        for figure in known.figures:
            self._show(figure)
        for cell, groups in known.touching.items():
            for group in sorted(group for group in groups if known.sizes[group] >= least_of(group, edition)):
                # Who knows the rule knows that a figure is shown because nobody it tells of is in a small group.
                if (spread := self._spread(group)) is not None:
                    self._tells(cell, self._row(least_of(group, edition), None, spread))
        self._hand_over()

    # ------------------------------------------------------------ the programme

    def _row(self, low: Number | None, high: Number | None, terms: Mapping[int, Number]) -> int:
        where = [column for column in sorted(terms) if terms[column]]
        self._laid.append((-highspy.kHighsInf if low is None else float(low), highspy.kHighsInf if high is None else float(high), where, [float(terms[column]) for column in where]))
        return len(self._laid) - 1

    def _tells(self, cell: Cell, row: int) -> None:
        """Notes that a row is what a cell shows."""
        self._cell_of_row[row] = cell
        self._rows_of_cell.setdefault(cell, []).append(row)

    def _hand_over(self) -> None:
        """Gives the rows to the solvers, all at once: one by one takes as long as the search."""
        if not self._laid:
            return
        low, high = (np.array([row[side] for row in self._laid]) for side in (0, 1))
        where = np.array(list(chain.from_iterable(row[2] for row in self._laid)), dtype=np.int32)
        sizes = np.array(list(chain.from_iterable(row[3] for row in self._laid)))
        many = [len(row[2]) for row in self._laid]
        starts = np.cumsum([0, *many[:-1]], dtype=np.int32)
        for solver in (self._solver, self._whole):
            solver.addRows(len(self._laid), low, high, len(where), starts, where, sizes)
        self._found.add_rows(low, high, many, where, sizes)

    def _spread(self, group: Group) -> dict[int, Number] | None:
        """The columns that add up to a group; None if no table is fine enough for it."""
        if group not in self._spreads:
            self._spreads[group] = self._spread_of(group)
        return self._spreads[group]

    def _spread_of(self, group: Group) -> dict[int, Number] | None:
        wanted = dict(group.within)
        attributes = next((names for names in self._tables.get((group.measure, group.period), ()) if wanted.keys() <= set(names)), None)
        if attributes is None:
            return None
        choices = [
            [at for at, values in enumerate(self._classes[name]) if name not in wanted or values[0] in wanted[name]] for name in attributes
        ]
        return {self._columns[group.measure, group.period, attributes, place]: 1 for place in product(*choices)}

    def _of_terms(self, terms: Terms) -> dict[int, Number]:
        total: dict[int, Number] = {}
        for group, size in terms.items():
            times = size.numerator if size.denominator == 1 else size
            for column in self._spread(group) or {}:
                total[column] = total[column] + times if column in total else times
        return total

    def _agree(self) -> None:
        """Tables of one measure and period have the same marginals over the attributes they share."""
        for (measure, period), names in self._tables.items():
            for one, other in combinations(names, 2):
                shared = [name for name in one if name in other]
                for fixed in product(*(range(len(self._classes[name])) for name in shared)):
                    at = dict(zip(shared, fixed, strict=True))
                    sides = [self._marginal(measure, period, table, at, sign) for table, sign in ((one, 1), (other, -1))]
                    self._row(0, 0, sides[0] | sides[1])

    def _marginal(self, measure: str, period: str, table: tuple[str, ...], at: Mapping[str, int], sign: int) -> dict[int, Number]:
        choices = [[at[name]] if name in at else range(len(self._classes[name])) for name in table]
        return {self._columns[measure, period, table, place]: sign for place in product(*choices)}

    def _part_of(self) -> None:
        """Who was trained is among the employees, who died among the injured, group by group."""
        for figure in self._figures:
            for group in (*figure.top, *(figure.bottom or ())):
                if (whole := PART_OF.get(group.measure)) is None:
                    continue
                among, own = self._spread(Group(whole, group.period, group.within)), self._spread(group)
                if among is not None and own is not None:
                    self._row(0, None, {**among, **dict.fromkeys(own, -1)})

    def _over_time(self, sizes: Mapping[Group, Fraction], edition: Edition) -> None:
        """Openings, joiners and leavers give the closing, and the month-ends of a period hold its last day.

        A reader does not know of transfers and of leavers on the last day, and will take it that there are none: that is right, and so gives something back,
        where there really are none.
        """
        for group, closing in sizes.items():
            if group.measure != "employees":
                continue
            own = self._spread(group)
            ends = self._spread(Group("employees_month_ends", group.period, group.within))
            if own is not None and ends is not None:
                self._row(0, None, {**ends, **dict.fromkeys(own, -1)})
            previous = period_before(edition, edition.periods[group.period])
            if previous is None:
                continue
            others = {Group("employees", previous.id, group.within): -1, Group("employees_joined", group.period, group.within): -1,
                      Group("employees_left", group.period, group.within): 1}  # fmt: skip
            if not others.keys() <= sizes.keys() or closing + sum(sizes[other] * sign for other, sign in others.items()):
                continue
            terms = {group: Fraction(1), **{other: Fraction(sign) for other, sign in others.items()}}
            if all(self._spread(other) is not None for other in terms):
                self._row(0, 0, self._of_terms(terms))

    def _show(self, figure: Figure) -> None:
        top = self._of_terms(figure.top)
        if figure.bottom is None:
            self._tells(figure.cell, self._row(figure.low, figure.high, top))
            return
        bottom = self._of_terms(figure.bottom)
        if bottom and not figure.bottom_constant:  # What was divided by is not nobody.
            self._tells(figure.cell, self._row(min(figure.bottom.values()), None, bottom))
        for bound, sign in ((figure.low, 1), (figure.high, -1)):
            terms = {column: sign * size for column, size in top.items()}
            times = {size: -sign * bound * size for size in set(bottom.values())}
            for column, size in bottom.items():
                terms[column] = terms[column] + times[size] if column in terms else times[size]
            least = sign * (bound * figure.bottom_constant - figure.top_constant)
            self._tells(figure.cell, self._row(least, None, terms))

    def hide(self, cell: Cell) -> None:
        """Takes a figure from the reader."""
        for row in self._rows_of(cell):
            if row not in self._bounds_of_hidden:
                self._bounds_of_hidden[row] = self._solver.getRow(row)[1:3]
                self._bound(row, -highspy.kHighsInf, highspy.kHighsInf)
        self._hidden.add(cell)

    def show_again(self, cell: Cell) -> None:
        """Gives a figure back to the reader that was taken from them."""
        for row in self._rows_of(cell):
            self._bound(row, *self._bounds_of_hidden.pop(row))
        self._hidden.discard(cell)

    def _rows_of(self, cell: Cell) -> list[int]:
        return self._rows_of_cell.get(cell, [])

    # ------------------------------------------------------------ what can be worked out

    def gives_back(self, group: Group, least: int) -> list[Cell]:
        """The figures that show that a group counts fewer than `least`; none if nothing shows it."""
        spread = self._spread(group)
        if spread is None:
            return []
        if self._found.any_with(np.array(sorted(spread), dtype=np.int32), least):
            return []
        most, told = self._extreme(spread, 1.0)
        if most < least:
            return told
        return [] if self._can_be(spread, least) else self._breaking(group, spread, least)

    def _can_be(self, spread: Mapping[int, Number], least: int) -> bool:
        """Whether a table of whole persons fits all figures and counts at least so many of a group."""
        columns = np.array(sorted(spread), dtype=np.int32)
        return self._found.any_with(columns, least) or self._searched([(columns, least)], _NODES) != highspy.HighsModelStatus.kInfeasible

    def seek_one_for_all(self, wanted: Mapping[Group, int]) -> None:
        """Looks a little for one table of whole persons in which every one of some groups counts enough: it then answers for each of them."""
        spreads = [(spread, least) for group, least in wanted.items() if (spread := self._spread(group)) is not None]
        if len(spreads) > 1:
            self._searched([(np.array(sorted(spread), dtype=np.int32), least) for spread, least in spreads], 1)

    def _searched(self, wanted: Sequence[tuple[Places, int]], nodes: int) -> highspy.HighsModelStatus:
        """How the search for a table ends in which some columns count so many; one that is found is kept."""
        first = int(self._whole.getNumRow())
        for columns, least in wanted:
            self._whole.addRow(float(least), highspy.kHighsInf, len(columns), columns, np.ones(len(columns)))
        self._whole.setOptionValue("mip_max_nodes", nodes)
        self._whole.run()
        status = self._whole.getModelStatus()
        if status == highspy.HighsModelStatus.kOptimal:
            self._found.keep(np.array(self._whole.getSolution().col_value))
        self._whole.deleteRows(len(wanted), np.arange(first, first + len(wanted), dtype=np.int32))
        return status

    def _breaking(self, group: Group, spread: Mapping[int, Number], least: int) -> list[Cell]:
        """Of the figures that no linear bound names: those without which the group can count more; all that share its measure and period, if none is enough."""
        near = [
            figure.cell for figure in self._figures
            if figure.cell not in self._hidden and any((other.measure, other.period) == (group.measure, group.period) for other in (*figure.top, *(figure.bottom or ())))
        ]  # fmt: skip
        enough = []
        for cell in near:
            rows = self._rows_of(cell)
            bounds = [self._whole.getRow(row)[1:3] for row in rows]
            for row in rows:
                self._whole.changeRowBounds(row, -highspy.kHighsInf, highspy.kHighsInf)
            if self._can_be(spread, least):
                enough.append(cell)
            for row, (low, high) in zip(rows, bounds, strict=True):
                self._whole.changeRowBounds(row, low, high)
        return enough or near

    def _bound(self, row: int, low: float, high: float) -> None:
        for solver in (self._solver, self._whole):
            solver.changeRowBounds(row, low, high)
        self._found.bound(row, low, high)

    def range_of(self, group: Group) -> tuple[int, int, list[Cell]]:
        """The least and the most that a group can count or add up to, and the figures that say so."""
        spread = self._spread(group)
        if spread is None:
            return 0, MOST, []
        (least, by_least), (most, by_most) = self._extreme(spread, -1.0), self._extreme(spread, 1.0)
        return least, most, list(dict.fromkeys([*by_most, *by_least]))

    def _extreme(self, spread: Mapping[int, Number], sign: float) -> tuple[int, list[Cell]]:
        for column in self._goal:
            self._solver.changeColCost(column, 0.0)
        self._goal = {column: sign * float(size) for column, size in spread.items()}
        for column, size in self._goal.items():
            self._solver.changeColCost(column, size)
        self._solver.run()
        if self._solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return (MOST if sign > 0 else 0), []
        value = self._solver.getInfo().objective_function_value
        duals = self._solver.getSolution().row_dual
        told = [self._cell_of_row[row] for row in np.flatnonzero(np.abs(duals) > _MARGIN).tolist() if row in self._cell_of_row]
        return (floor(value + _MARGIN) if sign > 0 else ceil(-value - _MARGIN)), list(dict.fromkeys(told))


def least_of(group: Group, edition: Edition) -> int:
    """How many a group must count at least, or nobody, to be told of."""
    months = edition.periods[group.period].months if group.measure == "employees_month_ends" else 1
    return edition.rules.small_groups.k * months


def _programme(columns: int) -> highspy.Highs:
    """A programme of so many unknown counts, from zero on."""
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.silent()
    solver.addVars(columns, np.zeros(columns), np.full(columns, float(MOST)))
    solver.changeObjectiveSense(highspy.ObjSense.kMaximize)
    return solver


def classes_of(known: Known) -> dict[str, list[tuple[str, ...]]]:
    """Per attribute its values in classes: two values are in one class if no figure tells them apart."""
    asked: dict[str, set[tuple[str, ...]]] = {}
    for group in known.sizes:
        for name, values in group.within:
            asked.setdefault(name, set()).add(values)
    found: dict[str, list[tuple[str, ...]]] = {}
    for name, sets in asked.items():
        classes: dict[tuple[bool, ...], list[str]] = {}
        ordered = sorted(sets)
        for value in known.values[name]:
            classes.setdefault(tuple(value in values for values in ordered), []).append(value)
        found[name] = [tuple(values) for values in classes.values()]
    return found


def _tables(groups: Iterable[Group]) -> dict[tuple[str, str], list[tuple[str, ...]]]:
    """Per measure and period the sets of attributes to keep a table of: those that groups name, without those that lie within another."""
    sets: dict[tuple[str, str], set[tuple[str, ...]]] = {}
    for group in groups:
        sets.setdefault((group.measure, group.period), set()).add(tuple(name for name, _ in group.within))
    return {
        key: sorted((names for names in own if not any(set(names) < set(other) for other in own)), key=lambda names: (len(names), names))
        for key, own in sorted(sets.items())
    }
