"""The cube of one period as rows of Python, those of a measure and cross together.

A KPI asks hundreds of times for a few rows each. A filter of polars takes as long for ten rows as for ten thousand, so here rows are looked up. What matches is the same
as in `selection.selected` and `selection.only`, which serve whole frames of amounts; a test holds the two against each other.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

import polars as pl

from esg_kpis.domains import ATTRIBUTES
from esg_kpis.editions import Amounts, Kpi
from esg_kpis.editions.counting import cross_of
from esg_kpis.editions.entry import NOT
from esg_kpis.exact import PRODUCT, PRODUCT_SCALE
from esg_kpis.kpis.cube import COUNTED_BY, Inputs, cross_name

ROW = ("measure", "quantity", "estimated", "size", "blocked", "rows", "short")
Row = tuple[str, int | None, int | None, int | None, str | None, int, list[str]]
"""Quantities are whole numbers of `STEP`: these add up exactly, and in a fraction of the time that decimals take."""
STEP = Fraction(1, 10**PRODUCT_SCALE)
"""What a quantity of the cube counts, in the canonical unit of its measure."""
Places = list[int]
"""Where rows stand in the cut, in its order."""


class Cut:
    """The cube of one period."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame
        self._columns: dict[str, list[Any]] = {}
        self._chosen: dict[tuple[str, tuple[str, ...]], tuple[Kpi, Places]] = {}
        self._places: dict[tuple[str, str], Places] = {}
        for place, at in enumerate(zip(self.column("measure"), self.column("cross"), strict=True)):
            self._places.setdefault(at, []).append(place)

    def column(self, name: str) -> list[Any]:
        """One column of the cube, row by row."""
        if name not in self._columns:
            self._columns[name] = _listed(self._frame[name])
        return self._columns[name]

    @cached_property
    def _rows(self) -> list[Row]:
        return rows_of(self._frame, self.column)

    def rows(self, places: Iterable[int]) -> list[Row]:
        """Rows as KPIs add them up."""
        return [self._rows[place] for place in places]

    def of_measure(self, name: str, crosses: Iterable[str] | None = None) -> Places:
        """The rows of a measure, of all crosses or some."""
        own = [places for (measure, cross), places in self._places.items() if measure == name] if crosses is None else [self._places.get((name, cross), []) for cross in dict.fromkeys(crosses)]
        return sorted(place for places in own for place in places)

    def chosen(self, kpi: Kpi, attributes: Iterable[str]) -> Places:
        """What a KPI adds up; `attributes` are those of the category it is narrowed to. As `selected`, for each of its amounts."""
        key = (kpi.id, tuple(attributes))
        if key not in self._chosen or self._chosen[key][0] is not kpi:
            self._chosen[key] = kpi, [place for amounts in kpi.amounts for place in self._selected(amounts, key[1])]
        return self._chosen[key][1]

    def _selected(self, amounts: Amounts, attributes: Iterable[str]) -> Places:
        cross = cross_name(cross_of([*attributes, *amounts.where]))
        places = sorted(place for name in dict.fromkeys(amounts.measure) for place in self.of_measure(name, ("", cross)))
        asked = {name: values for name in ("origin", "gas_group", "scope") if (values := getattr(amounts, name))}
        places = self.matching(self.matching(places, asked), amounts.where)
        if amounts.basis:
            basis, wanted = self.column("basis"), {"", "both", *amounts.basis}
            places = [place for place in places if basis[place] in wanted]
        return places

    def matching(self, places: Places, where: Mapping[str, Sequence[str]]) -> Places:
        """Those of some rows whose attributes are among the values; what is blocked, waived or lacking matches too where nobody can say what it is."""
        for name, values in where.items():
            known = self.column(name if name in ("gas_group", "origin", "scope", *ATTRIBUTES) else "cross" if name in COUNTED_BY else "kind")
            left_out = {value.removeprefix(NOT) for value in values if value.startswith(NOT)}
            wanted, own, blocked, short = set(values), self.column(name), self.column("blocked"), self.column("short")
            lacking = name in ATTRIBUTES
            places = [
                place for place in places
                if (own[place] not in left_out if left_out else own[place] in wanted) or (known[place] == "" and (blocked[place] is not None or (lacking and bool(short[place]))))
            ]  # fmt: skip
        return places


def rows_of(frame: pl.DataFrame, listed: Callable[[str], list[Any]] | None = None) -> list[Row]:
    """The rows of a cube as KPIs add them up; `listed` gives its columns where they were listed before."""
    listed = listed or (lambda name: _listed(frame[name]))
    return list(zip(*(listed(name) for name in ROW), strict=True))


def _listed(column: pl.Series) -> list[Any]:
    """A column as objects of Python, quantities as whole numbers of `STEP`; of lists most are empty."""
    if isinstance(column.dtype, pl.List) and not column.list.len().max():
        return [[]] * len(column)
    return column.to_physical().to_list() if column.dtype == PRODUCT else column.to_list()


def cut_of(inputs: Inputs, period: str) -> Cut:
    """The cube of a period, made once."""
    if period not in inputs.cuts:
        inputs.cuts[period] = Cut(inputs.cube.filter(pl.col("period") == period))
    return inputs.cuts[period]
