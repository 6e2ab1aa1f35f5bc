"""The typed records and the definitions as tables of DuckDB."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

import duckdb
import polars as pl

from esg_kpis.domains import CONSOLIDATED, DOMAIN_OF, DOMAINS, MEASURES
from esg_kpis.editions import Edition, Kpi
from esg_kpis.reperform.arithmetic import MACROS
from esg_kpis.reperform.ratios import ratio

FIRST, LAST = date(1, 1, 1), date(9999, 12, 31)


@dataclass(frozen=True)
class Typed:
    """What the second engine begins with: tables of the data dictionary, as far as they are typed records or judgements on records, and the library.

    Attributes:
        quantities: What accepted records say, in the units received.
        sites: The register of sites.
        ownership: Who controls and owns them, by days.
        instruments: The ledger of contractual instruments.
        claims: Which of its claims the edition accepts, and how much of each counts.
        rejected: Rejected records, which block what they would have fed.
        estimates: Gaps filled, as the edition states them.
        people_counts: People as counts, by site and attributes; None where only `people_cells` is at hand.
        people_cells: Counts by the terms of cells, no small group among them; None where `people_counts` is.
        factors: The factor library.
        regions: Which region lies in which: `region`, `parent`, `valid_from`, `valid_to`.
        gas_groups: The group each gas is reported in.
    """

    quantities: pl.DataFrame
    sites: pl.DataFrame
    ownership: pl.DataFrame
    instruments: pl.DataFrame
    claims: pl.DataFrame
    rejected: pl.DataFrame
    estimates: pl.DataFrame
    people_counts: pl.DataFrame | None
    people_cells: pl.DataFrame | None
    factors: pl.DataFrame
    regions: pl.DataFrame
    gas_groups: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """An edition, and the days in force: of knowledge, and the last one that data may be about."""

    edition: Edition
    known_on: date
    as_of: date

    @property
    def kpis(self) -> dict[str, Kpi]:
        """The KPIs by id."""
        return self.edition.kpis


def connected(typed: Typed, asked: Asked) -> duckdb.DuckDBPyConnection:
    """A connection that holds the typed records and the definitions, and the arithmetic."""
    con = duckdb.connect()
    con.execute("SET threads = 2")
    for macro in MACROS:
        con.execute(macro)
    people = pl.DataFrame(schema={"measure": pl.String(), "first": pl.Date(), "last": pl.Date(), "site_id": pl.String(), "attributes": pl.String(), "quantity": pl.Decimal(38, 9)})
    frames = {
        "quantities": typed.quantities, "sites": typed.sites, "ownership": typed.ownership, "instruments": typed.instruments, "rejected": typed.rejected,
        "claims": typed.claims.filter(pl.col("edition") == asked.edition.id), "estimates": typed.estimates.filter(pl.col("edition") == asked.edition.id),
        "people": people if typed.people_counts is None else typed.people_counts.select(people.columns), "factors": typed.factors, "regions": typed.regions,
    }  # fmt: skip
    for name, frame in frames.items():
        con.register(f"__{name}", frame.to_arrow())
        con.execute(f"CREATE TABLE {name} AS FROM __{name}")
        con.unregister(f"__{name}")
    _measures(con)
    _periods(con, asked)
    _units(con, typed)
    table(con, "gas_groups", {"gas": "VARCHAR", "gas_group": "VARCHAR"}, list(typed.gas_groups.items()))
    return con


def table(con: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> None:
    """A table of DuckDB with these columns and rows."""
    declared = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
    con.execute(f"CREATE OR REPLACE TABLE {name} ({declared})")
    if given := [list(row) for row in rows]:
        con.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' for _ in columns)})", given)  # noqa: S608


def one_of(con: duckdb.DuckDBPyConnection, query: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
    """The first row of a query, read to its end: an unfinished result bars the connection."""
    rows = con.execute(query, list(values)).fetchall()
    return rows[0] if rows else None


def text(value: str) -> str:
    """A word as a literal of SQL."""
    return "'" + value.replace("'", "''") + "'"


def words(values: Iterable[str]) -> str:
    """Words as a list of SQL to look in; none of them is among no words."""
    return "(" + (", ".join(text(value) for value in values) or "NULL") + ")"


def _measures(con: duckdb.DuckDBPyConnection) -> None:
    counted = {name for name, domain in DOMAIN_OF.items() if DOMAINS[domain].counted}
    columns = {"measure": "VARCHAR", "domain": "VARCHAR", "nature": "VARCHAR", "unit": "VARCHAR", "scope": "VARCHAR", "per_period": "BOOLEAN", "biogenic": "BOOLEAN", "consolidated": "BOOLEAN", "of_people": "BOOLEAN"}
    rows = [
        (name, DOMAIN_OF.get(name, ""), item.nature, item.unit, item.scope, item.per_period, item.biogenic, DOMAIN_OF.get(name, "") in CONSOLIDATED, name in counted)
        for name, item in MEASURES.items()
    ]
    table(con, "measures", columns, rows)


def _periods(con: duckdb.DuckDBPyConnection, asked: Asked) -> None:
    rows = [(period.id, period.first, period.last, period.months) for period in asked.edition.periods.values()]
    table(con, "periods", {"period": "VARCHAR", "first": "DATE", "last": "DATE", "months": "BIGINT"}, rows)


def _units(con: duckdb.DuckDBPyConnection, typed: Typed) -> None:
    """The multipliers of units as fractions: of what was received to the canonical unit, and of factors to what leads from one canonical unit to another."""
    received = typed.quantities.select("received_unit", "unit", "domain").unique().sort("received_unit", "unit", "domain").rows()
    wanted = [(source or target, target, domain) for source, target, domain in received]
    pairs = {pair: ratio(*pair) for pair in wanted}
    rows = [(source, target, domain, str(found.numerator), str(found.denominator)) for (source, target, domain), found in pairs.items()]
    table(con, "unit_ratios", {"received_unit": "VARCHAR", "unit": "VARCHAR", "domain": "VARCHAR", "numerator": "HUGEINT", "denominator": "HUGEINT"}, rows)
    leads = [(row["factor_id"], *_lead(row)) for row in typed.factors.iter_rows(named=True)]
    table(con, "leads", {"factor_id": "VARCHAR", "numerator": "HUGEINT", "denominator": "HUGEINT"}, leads)


def _lead(factor: Mapping[str, Any]) -> tuple[str, str]:
    found: Fraction = ratio(factor["unit"], f"{MEASURES[factor['output']].unit}/{MEASURES[factor['measure']].unit}", DOMAIN_OF.get(factor["measure"], ""))
    return str(found.numerator), str(found.denominator)
