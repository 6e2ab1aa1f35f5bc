"""The figures of an edition in the order of the report, each with its formula over terms, as workbook and explorer show them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import polars as pl

from esg_kpis.assurance.trace import formula
from esg_kpis.disclosure import Term as Withheld
from esg_kpis.disclosure import withheld
from esg_kpis.editions import Edition
from esg_kpis.editions.targets import Target, printed_cells, progress_cells
from esg_kpis.errors import InternalProblem
from esg_kpis.exact import printed, rounded
from esg_kpis.kpis import Inputs
from esg_kpis.kpis.targets import Step, steps_of
from esg_kpis.report.terms import CELL, Added, Spot, Term, Terms, term_of

_NEAR = Fraction(1, 10**12)


class Figures(Protocol):
    """What the figures of an edition are shown from: what they are made of, their rows of `kpi_values`, and the tables of the run, `kpi_labels` among them."""

    @property
    def inputs(self) -> Inputs: ...  # noqa: D102
    @property
    def values(self) -> pl.DataFrame: ...  # noqa: D102
    @property
    def tables(self) -> Mapping[str, pl.DataFrame]: ...  # noqa: D102


@dataclass(frozen=True)
class Shown:
    """One figure. `row` is that of `kpi_values`; `term` its formula, null where it has no number, where it is a target (`step` in a target's progress), or where its counts are withheld."""

    row: Mapping[str, Any]
    value: Fraction | None
    term: Term | None = None
    target: Target | None = None
    step: Step | None = None
    withheld: bool = False

    @property
    def spot(self) -> Spot:
        """KPI id, period, breakdown, category."""
        return _spot(self.row)

    @property
    def halfway(self) -> bool:
        """Whether it lies so near a tie at the printed decimals that binary64 may round it the other way."""
        if self.value is None:
            return False
        decimals: int = self.row["decimals"]
        scaled = abs(self.value) * 10**decimals
        return bool(abs(scaled - int(scaled) - Fraction(1, 2)) <= _NEAR * max(scaled, Fraction(1)))


def shown_of(basis: Figures, period: str | None, terms: Terms, added: Mapping[tuple[str, ...], Sequence[Added]], apart: Collection[Spot] = ()) -> list[Shown]:
    """The figures of an edition, or of one of its periods with those that the progress of its targets rests on. Their terms are added to `terms`.

    Args:
        basis: The edition.
        period: Only figures of this period.
        terms: Where the terms go.
        added: What each term of each figure adds up; see `added_up`.
        apart: Further figures whose terms must not be shown, for whatever reason.

    Raises:
        InternalProblem: if a formula over the terms does not give the figure to its last digit.
    """
    edition = basis.inputs.edition
    steps = _steps(basis)
    wanted = basis.values if period is None else _with_bases(basis.values, period, steps)
    held = _held(withheld(basis.values, basis.inputs), added) | {*apart}
    targets = printed_cells(edition.targets) | progress_cells(edition.targets)
    found = []
    for row in _in_order(wanted, basis).iter_rows(named=True):
        spot = _spot(row)
        if row["value"] is None:
            found.append(Shown(row, None, target=targets.get(spot)))
        elif row["kpi_id"] in edition.kpis:
            term = term_of(row, basis.inputs, added, Terms() if spot in held else terms)
            _agrees(row, term.value)
            found.append(Shown(row, term.value, None if spot in held else term, withheld=spot in held))
        elif spot in steps:
            found.append(Shown(row, steps[spot].progress, target=steps[spot].target, step=steps[spot]))
        else:
            found.append(Shown(row, Fraction(targets[spot].value), target=targets[spot]))
    return found


def words_of_formula(shown: Shown, edition: Edition) -> str:
    """The formula of a figure in words."""
    kpi = edition.kpis.get(shown.row["kpi_id"])
    if kpi is not None:
        return formula(kpi)
    return "the way done towards a target" if shown.step is not None else "as set"


def _spot(row: Mapping[str, Any]) -> Spot:
    return row["kpi_id"], row["period"], row["breakdown"], row["category"]


def _held(terms: Iterable[Withheld], added: Mapping[tuple[str, ...], Sequence[Added]]) -> set[Spot]:
    """The figures whose counts are not shown: those of the terms that are withheld, and those that add up the very same amounts."""
    spots: set[Spot] = set()
    sums: set[tuple[object, ...]] = set()
    for spot, leaf, period, within, measure in terms:
        spots.add(spot)
        for item in added.get((*spot, leaf, period, "*" if within is None else ";".join(within)), ()):
            if item.measure == measure:
                sums.add((period, measure, item.amounts))
    for key, items in added.items() if sums else ():
        if any((key[5], item.measure, item.amounts) in sums for item in items):
            spots.add((key[0], key[1], key[2], key[3]))
    return spots


def _steps(basis: Figures) -> dict[Spot, Step]:
    """The progress of targets that a report prints, by the cell it prints it in."""
    edition = basis.inputs.edition
    if not any(target.progress_as for target in edition.targets):
        return {}
    return {
        step.target.progress_as.cell: step for step in steps_of(edition, basis.values) if step.target.progress_as is not None and step.target.progress_as.period == step.period.id
    }  # fmt: skip


def _with_bases(values: pl.DataFrame, period: str, steps: Mapping[Spot, Step]) -> pl.DataFrame:
    """The figures of a period, and those of others that the progress of a target in it rests on."""
    more = [_spot(cell) for spot, step in steps.items() if spot[1] == period for cell in step.cells]
    beside = pl.DataFrame(more, schema=dict.fromkeys(CELL, pl.String()), orient="row").unique()
    return pl.concat([values.filter(pl.col("period") == period), values.filter(pl.col("period") != period).join(beside, on=CELL, how="semi")])


def _in_order(values: pl.DataFrame, basis: Figures) -> pl.DataFrame:
    """As the report prints them, newest period first; what has no label last."""
    places = basis.tables["kpi_labels"].select("kpi_id", "breakdown", "category", "place").unique(["kpi_id", "breakdown", "category"])
    joined = values.join(places, on=["kpi_id", "breakdown", "category"], how="left", maintain_order="left")
    return joined.sort("place", "kpi_id", "breakdown", "category", "period", nulls_last=True, descending=[False, False, False, False, True])


def _agrees(row: Mapping[str, Any], value: Fraction) -> None:
    if rounded(value) != row["value"] or printed(value, row["decimals"]) != row["printed"]:
        raise InternalProblem(
            f"The formula over the terms gives {rounded(value)} for {' '.join(_spot(row))}, and the results say {row['value']}.", mend="Run `esg-kpis run` again; if that does not help, report it."
        )
