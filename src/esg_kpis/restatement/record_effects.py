"""What single rows did to a sum, where rows changed from one run to the next: by lineage, so that what they did together is the effect of the data, exactly."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

import polars as pl

from esg_kpis.assurance.lineage import lineage_of
from esg_kpis.exact import sums
from esg_kpis.restatement.changed_records import Records
from esg_kpis.restatement.rerun import Cell, Made, Rerun
from esg_kpis.restatement.shapley import Switched, orders_before
from esg_kpis.units import multiplier

_CELL = ("edition", "kpi_id", "period", "breakdown", "category")
BESIDE = -1
"""Stands for all that moved beside the rows that changed: unchanged rows by registers that changed, and estimates."""


def record_effects(rerun: Rerun, cells: Iterable[Cell], data: Switched, others: Sequence[Switched], records: Records) -> dict[Cell, dict[int, Fraction]]:
    """What each change of a row did to some sums of one edition: the place of the change in `records.changes`, or `BESIDE`, with its effect.

    The effect of a row is what it adds to the sum after less before, taken as the mean over what else may be switched, with the weights of the Shapley value.

    Args:
        rerun: Both runs.
        cells: Sums of one edition that have a value in every mixture.
        data: What is switched with the data.
        others: The other parts, each with what is switched with it.
        records: The rows that changed.
    """
    wanted = list(cells)
    found: dict[Cell, dict[int, Fraction]] = {cell: {} for cell in wanted}
    if not wanted:
        return found
    places = _places(records)
    for before, weight in orders_before(others):
        for switched, sign in ((before, -1), (before | data, 1)):
            made = rerun.made(wanted[0][0], switched)
            if made is None:
                continue
            sites = (rerun.second if rerun.reading in switched else rerun.first).received.sites
            for cell, place, value in _contributions(made, sites, wanted, places):
                own = found[cell]
                own[place] = own.get(place, Fraction(0)) + sign * weight * value
    return {cell: {place: value for place, value in sorted(own.items()) if value} for cell, own in found.items()}


def _places(records: Records) -> pl.DataFrame:
    """The place of each record that changed, of either run."""
    return pl.DataFrame({"record_id": list(records.pairs), "place": list(records.pairs.values())}, schema={"record_id": pl.String(), "place": pl.Int64()})


def _contributions(made: Made, sites: pl.DataFrame, cells: Sequence[Cell], places: pl.DataFrame) -> Iterable[tuple[Cell, int, Fraction]]:
    keys = pl.DataFrame(cells, schema=dict.fromkeys(_CELL, pl.String()), orient="row").with_columns(pl.lit(1).alias("value"))
    lineage = lineage_of(made.inputs, made.amounts, sites, keys).join(places, on="record_id", how="left").with_columns(pl.col("place").fill_null(BESIDE))
    units: Mapping[str, str] = {kpi.id: kpi.unit for kpi in made.inputs.edition.kpis.values()}
    by = [*_CELL, "place", "times", "term_unit"]
    for row in sums(lineage, by, "quantity").iter_rows(named=True):
        cell = (row["edition"], row["kpi_id"], row["period"], row["breakdown"], row["category"])
        unit = units[row["kpi_id"]]
        yield cell, row["place"], Fraction(row["quantity"]) * Fraction(row["times"]) * (1 if unit == row["term_unit"] else multiplier(row["term_unit"], unit))
