"""The cube of one period as rows of Python, those of a measure and cross together.

A KPI asks hundreds of times for a few rows each. A filter of polars takes as long for ten rows as for ten thousand, so here rows are looked up. What matches is the same
as in `selection.selected` and `selection.only`, which serve whole frames of amounts; a test holds the two against each other.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from typing import Any, TypeVar

import polars as pl

from esg_kpis.domains import ATTRIBUTES
from esg_kpis.editions import Amounts, Kpi
from esg_kpis.editions.counting import cross_of
from esg_kpis.editions.entry import NOT
from esg_kpis.exact import PRODUCT, PRODUCT_SCALE
from esg_kpis.kpis.cube import COUNTED_BY, Inputs, Maybe, cross_name

STEP = Fraction(1, 10**PRODUCT_SCALE)
"""What a quantity of the cube counts, in the canonical unit of its measure."""
Places = list[int]
"""Where rows stand in the cut, in its order."""


@dataclass(frozen=True, slots=True)
class Total:
    """What rows of one measure add up to.

    `quantity`, `estimated` and `size` are whole numbers of `STEP`, which add up exactly in a fraction of the time that decimals take; `amounts` is how many amounts there are, `blocked` the
    reasons why a quantity is not known, and `short` what is known to be lacking, all as in the cube.
    """

    quantity: int = 0
    estimated: int = 0
    size: int = 0
    amounts: int = 0
    blocked: frozenset[str] = frozenset()
    short: frozenset[str] = frozenset()


Totals = Mapping[str, Total]
"""Totals by measure; a measure of which there is no row has none."""
_Made = TypeVar("_Made")


class Cut:
    """The cube of one period, or some rows of it; `maybe` as in `Inputs`, of the period."""

    def __init__(self, frame: pl.DataFrame, maybe: Maybe | None = None) -> None:
        self._frame = frame
        self.maybe = maybe or {}
        self._columns: dict[str, list[Any]] = {}
        self._some: dict[str, bool] = {}
        self._seen: dict[str, frozenset[str]] = {}
        self._kept: dict[tuple[str, tuple[object, ...]], tuple[Kpi, Any]] = {}
        self._places: dict[tuple[str, str], Places] = {}
        self._measured: dict[tuple[str, tuple[str, ...] | None], Places] = {}
        for place, at in enumerate(zip(self.column("measure"), self.column("cross"), strict=True)):
            self._places.setdefault(at, []).append(place)

    def column(self, name: str) -> list[Any]:
        """One column of the cube, row by row."""
        if name not in self._columns:
            self._columns[name] = _listed(self._frame[name])
        return self._columns[name]

    def seen(self, name: str) -> frozenset[str]:
        """The values of an attribute that something has."""
        if name not in self._seen:
            self._seen[name] = frozenset(self.column(name)) - {""}
        return self._seen[name]

    def unseen(self, name: str) -> frozenset[str]:
        """The values of an attribute that nothing has, and that what is blocked may have: nobody knows its site."""
        return frozenset(chain.from_iterable(of_sites.get(name, ()) for of_sites in self.maybe.values())) - self.seen(name)

    def some(self, name: str) -> bool:
        """Whether any row has something in a column: most periods have nothing that is blocked, lacking or estimated, and need not be looked through for it."""
        if name not in self._some:
            self._some[name] = any(self.column(name))
        return self._some[name]

    def kept(self, kpi: Kpi, key: tuple[object, ...], make: Callable[[], _Made]) -> _Made:
        """What is made of a KPI's selection, made once for a key: most sums stand below several rates."""
        at = (kpi.id, key)
        if at not in self._kept or self._kept[at][0] is not kpi:
            self._kept[at] = kpi, make()
        made: _Made = self._kept[at][1]
        return made

    def totals(self, places: Iterable[int]) -> Totals:
        """What rows add up to, by measure."""
        measures, found = self.column("measure"), dict[str, Places]()
        for place in places:
            found.setdefault(measures[place], []).append(place)
        return {measure: self._total(own) for measure, own in found.items()}

    def _total(self, places: Places) -> Total:
        quantity, size, amounts = (sum(filter(None, map(self.column(name).__getitem__, places))) for name in ("quantity", "size", "rows"))
        estimated = sum(filter(None, map(self.column("estimated").__getitem__, places))) if self.some("estimated") else 0
        blocked = frozenset(filter(None, map(self.column("blocked").__getitem__, places))) if self.some("blocked") else frozenset()
        return Total(quantity, estimated, size, amounts, blocked, frozenset(chain.from_iterable(map(self.column("short").__getitem__, places))) if self.some("short") else frozenset())

    def of_measure(self, name: str, crosses: Iterable[str] | None = None) -> Places:
        """The rows of a measure, of all crosses or some."""
        key = (name, None if crosses is None else tuple(dict.fromkeys(crosses)))
        if key not in self._measured:
            own = [places for (measure, _), places in self._places.items() if measure == name] if key[1] is None else [self._places.get((name, cross), []) for cross in key[1]]
            self._measured[key] = sorted(place for places in own for place in places)
        return self._measured[key]

    def chosen(self, kpi: Kpi, attributes: Iterable[str]) -> Places:
        """What a KPI adds up; `attributes` are those of the category it is narrowed to. As `selected`, for each of its amounts."""
        names = tuple(attributes)
        return self.kept(kpi, ("chosen", *names), lambda: [place for amounts in kpi.amounts for place in self._selected(amounts, names)])

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
        """Those of some rows whose attributes are among the values; what is blocked, waived or lacking matches too where nobody can say what it is. What is waived and of no known site only where something else does: it makes no zero of nothing."""
        for name, values in where.items():
            known = self.column(known_by(name))
            left_out = {value.removeprefix(NOT) for value in values if value.startswith(NOT)}
            wanted, own, blocked, short = set(values), self.column(name), self.column("blocked"), self.column("short")
            lacking = name in ATTRIBUTES
            found = [
                place for place in places
                if (own[place] not in left_out if left_out else own[place] in wanted) or (known[place] == "" and (blocked[place] is not None or (lacking and bool(short[place]))))
            ]  # fmt: skip
            places = self.with_waived(found, [place for place in places if short[place] and known[place] == ""]) if self.some("short") else found
        return places

    def with_waived(self, places: Places, waived: Places) -> Places:
        """Rows of a category with what is waived and may belong to it, if anything counts there."""
        rows = self.column("rows")
        return sorted({*places, *waived}) if waived and any(rows[place] for place in places) else places


def known_by(name: str) -> str:
    """The column that is empty where nobody can say which value of another one a row has that is blocked or waived: of whoever was not counted, and of a site that nobody knows, all of it."""
    return name if name in ("gas_group", "origin", "scope", *ATTRIBUTES) else "cross" if name in COUNTED_BY else "kind"


def _listed(column: pl.Series) -> list[Any]:
    """A column as objects of Python, quantities as whole numbers of `STEP`; of lists most are empty."""
    if isinstance(column.dtype, pl.List) and not column.list.len().max():
        return [[]] * len(column)
    return column.to_physical().to_list() if column.dtype == PRODUCT else column.to_list()


def cut_of(inputs: Inputs, period: str) -> Cut:
    """The cube of a period, made once."""
    if period not in inputs.cuts:
        inputs.cuts[period] = Cut(inputs.cube.filter(pl.col("period") == period), inputs.maybe.get(period))
    return inputs.cuts[period]
