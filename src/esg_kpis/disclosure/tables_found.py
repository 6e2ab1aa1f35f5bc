"""Tables of whole persons that fit all figures, kept from one question of the reader to the next.

Whether a group can count so many is a search for such a table, and the slowest thing here. A table that was found once answers again for as long as it fits: figures that
are hidden only make room, and one that is shown again is looked at.
"""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Places = NDArray[np.int32]
_NEAR = 1e-6
"""How far the solver lets a row be off; a table that is further off is searched for anew."""


class Found:
    """The rows that a table must fit, with their bounds of now, and the tables that were found."""

    def __init__(self, whole: NDArray[np.bool_]) -> None:
        self._whole = whole
        self._rows: list[tuple[Places, Numbers]] = []
        self._low: list[float] = []
        self._high: list[float] = []
        self._tables: list[Numbers] = []
        self._together: tuple[Places, Numbers, Places] | None = None

    def add_row(self, low: float, high: float, where: Places, sizes: Numbers) -> None:
        """A row: what its columns, each times a size, add up to lies between two bounds."""
        self._together = None
        self._rows.append((where, sizes))
        self._low.append(low)
        self._high.append(high)

    def bound(self, row: int, low: float, high: float) -> None:
        """Other bounds of a row."""
        self._low[row], self._high[row] = low, high

    def keep(self, table: Numbers) -> None:
        """Keeps a table that the solver found, its persons made whole."""
        self._tables.insert(0, np.where(self._whole, np.round(table), table))

    def any_with(self, columns: Places, least: int) -> bool:
        """Whether one of the tables fits all rows and counts at least so many in some columns."""
        able = [table for table in self._tables if table[columns].sum() >= least]
        if not able:
            return False
        where, sizes, of_row = self._entries()
        low, high = np.array(self._low) - _NEAR, np.array(self._high) + _NEAR
        return any(_fits(np.bincount(of_row, weights=sizes * table[where], minlength=len(self._rows)).astype(np.float64), low, high) for table in able)

    def _entries(self) -> tuple[Places, Numbers, Places]:
        """The entries of all rows behind each other: column, size and row."""
        if self._together is None:
            where, sizes = (np.concatenate([row[side] for row in self._rows]) for side in (0, 1))
            self._together = where.astype(np.int32), sizes, np.repeat(np.arange(len(self._rows), dtype=np.int32), [len(row[0]) for row in self._rows])
        return self._together


def _fits(sums: Numbers, low: Numbers, high: Numbers) -> bool:
    return bool(((low <= sums) & (sums <= high)).all())
