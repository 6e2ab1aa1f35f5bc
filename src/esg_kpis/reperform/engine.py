"""The second engine as a whole: typed records and an edition in, every cell out."""

from collections.abc import Mapping
from fractions import Fraction

import duckdb
import polars as pl

from esg_kpis.errors import OutOfRange
from esg_kpis.reperform.aims import Answer, Cell, of_targets
from esg_kpis.reperform.cells import evaluate
from esg_kpis.reperform.choice import choose, prepare_choice
from esg_kpis.reperform.contracted import part_load
from esg_kpis.reperform.load import Asked, Typed, connected, table
from esg_kpis.reperform.made import make_amounts
from esg_kpis.reperform.persons import Rows, count_persons
from esg_kpis.reperform.placed import count_amounts
from esg_kpis.reperform.terms import make_cube


def recomputed(typed: Typed, asked: Asked, published: pl.DataFrame, persons: Rows | None = None) -> pl.DataFrame:
    """Every cell of every KPI of an edition, computed by DuckDB.

    Args:
        typed: The typed records and the library.
        asked: The edition, and the days in force.
        published: What the edition printed, for the decimals.
        persons: Typed rows about persons, counted here; `typed` then holds no counts.

    Columns: `kpi_id`, `period`, `breakdown`, `category`, `value` (text, 18 decimals half-even, in the KPI's unit; null where it has none), `printed` (half-up), `state`: ok, blocked, or none. Small groups are not
    hidden.

    Raises:
        OutOfRange: where a number does not fit into 128 bits before the KPI.
    """
    decimals = {(row["kpi_id"], row["period"], row["breakdown"], row["category"]): row["decimals"] for row in published.filter(pl.col("edition") == asked.edition.id).iter_rows(named=True)}
    try:
        found = _found(typed, asked, decimals, persons)
    except (duckdb.OutOfRangeException, duckdb.InvalidInputException) as problem:
        raise OutOfRange(f"A number is larger than 128 bits hold: {problem}", where="second engine", mend="Look for a quantity in the wrong unit.") from problem
    rows = [(*cell, *answer) for cell, answer in found.items()]
    return pl.DataFrame(rows, schema=dict.fromkeys(("kpi_id", "period", "breakdown", "category", "value", "printed", "state"), pl.String()), orient="row")


def _found(typed: Typed, asked: Asked, decimals: Mapping[Cell, int], persons: Rows | None) -> dict[Cell, Answer]:
    with connected(typed, asked) as con:
        if typed.people_cells is not None:
            con.register("__cells", typed.people_cells.to_arrow())
            con.execute("CREATE TABLE people_cells AS FROM __cells")
        if persons is not None:
            count_persons(con, persons, asked)
        count_amounts(con, asked)
        prepare_choice(con, asked)
        part_load(con, asked)
        make_amounts(con, asked)
        _divisors(con, asked)
        make_cube(con)
        found = evaluate(con, asked, decimals)
        return found | of_targets(con, asked, found, decimals)


def _divisors(con: duckdb.DuckDBPyConnection, asked: Asked) -> None:
    """`divisors`: the factors that KPIs are divided by, such as kgce by 0.1229 kgce/kWh, chosen by the same rules as any."""
    wanted = {(per.measure, per.output) for kpi in asked.edition.kpis.values() if (per := kpi.per_factor) is not None}
    keys = [(place, measure, "", "", None, None, "", period, "") for place, (measure, period) in enumerate(sorted({(measure, period) for measure, _ in wanted for period in asked.edition.periods}), 1)]
    table(con, "keys", {"key": "BIGINT", **dict.fromkeys(("measure", "gas_in", "methane", "grid_region", "country", "kind", "period", "dimensions"), "VARCHAR")}, keys)
    con.execute("INSERT INTO chains SELECT NULL, NULL, 'GLOBAL', 1, DATE '0001-01-01', DATE '9999-12-31' WHERE NOT EXISTS (FROM chains WHERE grid_region IS NULL AND country IS NULL)")
    choose(con, asked)
    found = con.execute("""
        SELECT k.measure, w.output, k.period, f.value::VARCHAR, l.numerator, l.denominator FROM ways w JOIN keys k USING (key) JOIN factors f USING (factor_id) JOIN leads l USING (factor_id) WHERE w.gas = ''
    """).fetchall()
    exact = [(measure, output, period, str(Fraction(value) * Fraction(top, bottom))) for measure, output, period, value, top, bottom in found if (measure, output) in wanted]
    table(con, "divisors", {"measure": "VARCHAR", "output": "VARCHAR", "period": "VARCHAR", "top": "VARCHAR"}, exact)
