"""The cells of a pack by the second engine: DuckDB, from the typed records of the pack as they stand in it."""

from collections.abc import Mapping
from datetime import date

import polars as pl

from esg_kpis.evidence.rebuilt import Rebuilt
from esg_kpis.factors import as_known_on
from esg_kpis.people import Persons
from esg_kpis.reperform import Asked, Typed, recomputed
from esg_kpis.tables import KPI_VALUES

CELLS = "people/cells.csv"
_STATES = {"blocked": "blocked", "none": "no number"}


def by_duckdb(tables: Mapping[str, pl.DataFrame], again: Rebuilt, known_on: date, as_of: date, period: str, persons: Persons | None, *, with_people: bool) -> pl.DataFrame:
    """What DuckDB computes of a period: key of `kpi_values`, `value`, `printed`, and `state` in words where there is no number.

    Args:
        tables: The tables of the pack, by path: its typed records, its estimates and the claims it accepts.
        again: The edition and the factor library enclosed, as they were read.
        known_on: The knowledge date in force.
        as_of: The last day data can be about.
        period: The period.
        persons: Typed rows about persons, where the annex is at hand and no lock stands in for its files.
        with_people: Whether the annex is at hand. With a lock the counts stand as they were locked, and both engines begin there; without the annex the sums of the pack stand in.

    Whether a small group is hidden is judged by the library: of a cell that it hides, this engine shows nothing either.

    Raises:
        OutOfRange: where a number does not fit into the arithmetic of the second engine.
    """
    typed = Typed(
        quantities=as_known_on(known_on, tables["typed/quantities.csv"], again.versions),
        **{name: tables[f"typed/{name}.csv"] for name in ("sites", "ownership", "instruments", "rejected")}, claims=tables["claims.csv"], estimates=tables["estimates.csv"],
        people_counts=again.people.counts if with_people and persons is None else None, people_cells=None if with_people else tables[CELLS], factors=again.library.frame(), regions=again.library.region_table(), gas_groups=again.library.gas_groups,
    )  # fmt: skip
    found = recomputed(typed, Asked(again.edition, known_on, as_of), tables["typed/published.csv"], persons)
    hidden = again.values.filter(pl.col("status") == "suppressed").select(KPI_VALUES.key[1:]).with_columns(pl.lit(value=True).alias("hidden"))
    joined = found.filter(pl.col("period") == period).join(hidden, on=KPI_VALUES.key[1:], how="left", maintain_order="left")
    shown = pl.col("hidden").is_null()
    return joined.select(
        pl.lit(again.edition.id).alias("edition"), *KPI_VALUES.key[1:], pl.when(shown).then("value").cast(pl.Decimal(38, 18)).alias("value"), pl.when(shown).then("printed").alias("printed"),
        pl.when(shown).then(pl.col("state").replace(_STATES)).otherwise(pl.lit("hidden")).alias("state"),
    )  # fmt: skip

