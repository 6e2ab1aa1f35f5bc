"""What a printed figure is about, by its definition: which cells state the same sum of amounts, and how large a group of people or things is."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from esg_kpis.editions import Kpi
from esg_kpis.editions.entry import NOT, Where
from esg_kpis.printed.figures import TOTAL, Cell, Figures
from esg_kpis.printed.means import Amount

Fact = tuple[object, ...]
"""A sum of amounts, in one spelling."""
SHARE = Fraction(1, 100)


@dataclass(frozen=True)
class Facts:
    """The figures of one document beside the definitions of its KPIs."""

    kpis: Mapping[str, Kpi]
    figures: Figures
    document: str

    def categories(self, kpi: Kpi, period: str) -> Iterator[tuple[str, dict[str, Where]]]:
        """The breakdowns of a KPI in a period, with their categories as far as the definition names them."""
        for spread in kpi.breakdowns:
            if not spread.periods or period in spread.periods:
                found = {cell.category: {spread.each: [cell.category]} for cell in self.figures.group(self.document, kpi.id, period, spread.name)} if spread.each else spread.categories
                yield spread.name, found

    def cell(self, kpi_id: str, period: str, breakdown: str, category: str) -> Cell | None:
        """A cell, if it is printed."""
        cell = Cell(self.document, kpi_id, period, breakdown, category)
        return cell if cell in self.figures.by_cell else None

    @cached_property
    def by_fact(self) -> dict[tuple[Fact, str], list[Cell]]:
        """The printed cells that state each fact, by fact and period."""
        found: dict[tuple[Fact, str], list[Cell]] = {}
        for kpi in self.kpis.values():
            for period in self.figures.periods(self.document):
                for breakdown, categories in self.categories(kpi, period):
                    for category, where in categories.items():
                        cell, fact = self.cell(kpi.id, period, breakdown, category), fact_of(kpi, where)
                        if cell is not None and fact is not None:
                            found.setdefault((fact, period), []).append(cell)
        return found

    def stating(self, kpi_id: str, where: Where, period: str) -> Cell | None:
        """A printed cell that states a KPI of the part that `where` names: its own, or another of the same amounts."""
        kpi = self.kpis[kpi_id]
        for breakdown, categories in self.categories(kpi, period):
            for category, own in categories.items():
                if own == where and (cell := self.cell(kpi_id, period, breakdown, category)):
                    return cell
        if not where and (cell := self.cell(kpi_id, period, *TOTAL)):
            return cell
        fact = fact_of(kpi, where)
        return None if fact is None else next(iter(self.by_fact.get((fact, period), [])), None)

    def size(self, kpi_id: str, where: Where, period: str, *, relative: bool = False, depth: int = 3) -> Amount | None:
        """How large a group is: printed as such, or as a share of a larger one, or as the sum of its parts within others. None where print does not say.

        With `relative` the whole may be printed nowhere: the size is then a share of it.
        """
        if cell := self.stating(kpi_id, where, period):
            return Amount(((cell,),))
        if not where:
            return Amount(((),)) if relative else None
        for kpi, categories in self._shares_of(kpi_id, period) if depth else ():
            within = kpi.denominator_within or ()
            fitting = {cell: own for cell, own in categories.items() if {name: own[name] for name in own if name in where} == where}
            exact = len(fitting) == 1 and all(own == where for own in fitting.values())
            if not fitting or (not exact and (len(fitting) == 1 or any(own == where for own in fitting.values()))):
                continue
            products: list[tuple[Cell, ...]] = []
            factor = Fraction(1)
            for cell, own in fitting.items():
                narrower = {name: own[name] for name in own if name in within}
                base = None if narrower == where else self.size(kpi_id, narrower, period, relative=relative, depth=depth - 1)
                if base is None:
                    break
                products += [(cell, *product) for product in base.products]
                factor = base.factor * SHARE
            else:
                return Amount(tuple(products), factor)
        return None

    def _shares_of(self, kpi_id: str, period: str) -> Iterator[tuple[Kpi, dict[Cell, Where]]]:
        """The share KPIs that part what a KPI counts, with their printed categories of each breakdown that is printed in full."""
        whole = fact_of(self.kpis[kpi_id], {})
        for kpi in self.kpis.values():
            if not parts_the_whole(kpi, self.kpis) or fact_of(self.kpis[kpi.denominator or ""], {}) != whole:
                continue
            for breakdown, categories in self.categories(kpi, period):
                cells = {self.cell(kpi.id, period, breakdown, category): own for category, own in categories.items()}
                if None not in cells:
                    yield kpi, {cell: own for cell, own in cells.items() if cell is not None}


def fact_of(kpi: Kpi, where: Where) -> Fact | None:
    """What a sum adds up in a part, in one spelling; None for what is no sum, or where the part contradicts it in a way that has no simple spelling."""
    if kpi.formula not in ("sum", "count"):
        return None
    parts = []
    for amounts in kpi.amounts:
        own: dict[str, tuple[str, ...]] = {"origin": amounts.origin, "gas_group": amounts.gas_group, "scope": amounts.scope, "basis": tuple(amounts.basis)}
        merged = {**{name: tuple(values) for name, values in own.items() if values}, **{name: tuple(values) for name, values in amounts.where.items()}}
        for name, values in where.items():
            both = tuple(values) if name not in merged else tuple(value for value in merged[name] if value in values)
            if not both or (name in merged and any(value.startswith(NOT) for value in (*merged[name], *values))):
                return None
            merged[name] = both
        parts.append((tuple(sorted(amounts.measure)), tuple(sorted((name, tuple(sorted(values))) for name, values in merged.items()))))
    per = (kpi.per_factor.measure, kpi.per_factor.output) if kpi.per_factor else ()
    return (kpi.formula, tuple(sorted(parts)), per, kpi.mean_over)


def parts_the_whole(kpi: Kpi, kpis: Mapping[str, Kpi]) -> bool:
    """Whether a share says how a whole is parted: numerator and denominator count the same."""
    if kpi.formula != "share" or kpi.denominator_within is None or kpi.numerator is None or kpi.denominator is None:
        return False
    top, bottom = fact_of(kpis[kpi.numerator], {}), fact_of(kpis[kpi.denominator], {})
    return top is not None and top == bottom


def left_out(categories: Iterable[Where]) -> set[str] | None:
    """What the categories of a breakdown leave out of the whole, as far as they say it: nothing, or values. None where they may overlap or go by several attributes."""
    chosen = list(categories)
    names = {name for where in chosen for name in where}
    if len(names) != 1 or any(len(where) != 1 for where in chosen):
        return None
    [name] = names
    taken = [value for where in chosen for value in where[name] if not value.startswith(NOT)]
    barred = [{value.removeprefix(NOT) for value in where[name]} for where in chosen if where[name][0].startswith(NOT)]
    if len(taken) != len(set(taken)) or len(barred) > 1:
        return None
    return (barred[0] - set(taken)) if barred and set(taken) <= barred[0] else None if barred else set()
