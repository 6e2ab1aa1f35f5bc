"""Tables of whole persons that fit all figures, kept from one question of the reader to the next.

Whether a group can count so many is a search for such a table, and the slowest thing here. A table that was found once answers again for as long as it fits: figures that
are hidden only make room, and one that is shown again is looked at.
"""

from collections.abc import Sequence

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
        self._low, self._high, self._sizes = np.empty(0), np.empty(0), np.empty(0)
        self._where, self._of_row = np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32)
        self._tables: list[Numbers] = []

    def add_rows(self, low: Numbers, high: Numbers, many: Sequence[int], where: Places, sizes: Numbers) -> None:
        """Rows, of so many entries each: what its columns, each times a size, add up to lies between two bounds."""
        rows = np.arange(len(self._low), len(self._low) + len(low), dtype=np.int32)
        self._low, self._high, self._sizes = np.append(self._low, low), np.append(self._high, high), np.append(self._sizes, sizes)
        self._where, self._of_row = np.append(self._where, where), np.append(self._of_row, np.repeat(rows, many))

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
        low, high = self._low - _NEAR, self._high + _NEAR
        return any(_fits(np.bincount(self._of_row, weights=self._sizes * table[self._where], minlength=len(low)).astype(np.float64), low, high) for table in able)


def _fits(sums: Numbers, low: Numbers, high: Numbers) -> bool:
    return bool(((low <= sums) & (sums <= high)).all())
