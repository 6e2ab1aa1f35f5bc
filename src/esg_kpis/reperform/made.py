"""What factors make of amounts, step by step, until no rule leads further: products of whole numbers, rounded half-even to 24 decimals at each step."""

import duckdb

from esg_kpis.domains import DOMAINS, MEASURES, derived
from esg_kpis.editions import Edition
from esg_kpis.errors import InternalProblem
from esg_kpis.reperform.choice import choose, rules_in_force
from esg_kpis.reperform.load import Asked, one_of, text, words

MOST_STEPS = 8
_REFRIGERANTS = words(measure.name for measure in DOMAINS["refrigerants"].measures)
_BIOGENIC = words(name for name, measure in MEASURES.items() if measure.biogenic)


def make_amounts(con: duckdb.DuckDBPyConnection, asked: Asked) -> None:
    """Makes `made`: what the edition's factors lead to from `counted` and `contracted`, what it excludes left out; and `base`: all of the three.

    Columns: as `counted`, with `root` (the id it goes back to), `gas`, `gas_group`, `scope`, `basis`, `rule_id` and `from_measure`.
    """
    own = "c.* EXCLUDE (part, held_from, id, name), row_number() OVER () AS id, row_number() OVER () AS root, '' AS gas, '' AS gas_group, nullif(m.scope, '') AS scope, c.basis, '' AS rule_id, '' AS from_measure"
    con.execute(f"CREATE TABLE frontier AS SELECT {own} FROM (FROM counted SELECT *, NULL::VARCHAR AS basis UNION ALL BY NAME FROM contracted SELECT *, '' AS name) c JOIN measures m USING (measure)")  # noqa: S608
    con.execute("CREATE TABLE base AS FROM frontier")
    con.execute("CREATE TABLE made AS FROM frontier LIMIT 0")
    led_on = words({measure for rule in rules_in_force(asked.edition) for measure in rule.measures} | {row[0] for row in con.execute("SELECT measure FROM lost").fetchall()})
    for _ in range(MOST_STEPS):
        _number_keys(con, asked.edition, led_on)
        choose(con, asked)
        _step(con, asked.edition)
        if one_of(con, "SELECT count(*) FROM frontier") == (0,):
            break
        con.execute("INSERT INTO made BY NAME FROM frontier")
    else:
        raise InternalProblem(f"The rules of edition {asked.edition.id} lead on after {MOST_STEPS} steps.", where="second engine")
    _block_doubles(con)
    con.execute("INSERT INTO base BY NAME FROM made")


def _number_keys(con: duckdb.DuckDBPyConnection, edition: Edition, led_on: str) -> None:
    """`keyed`: the amounts that may lead on, each with the number of what decides its factor."""
    methane = "'CH4'" if edition.rules.methane == "one_value" else f"CASE WHEN origin IN {_BIOGENIC} THEN 'CH4 nonfossil' ELSE 'CH4 fossil' END"
    con.execute(f"""
        CREATE OR REPLACE TABLE keyed AS
        SELECT *, dense_rank() OVER (ORDER BY measure, gas_in, methane, grid_region, country, kind, period, dimensions) AS key
        FROM (SELECT *, CASE WHEN measure IN {_REFRIGERANTS} THEN said(dimensions, 'refrigerant') ELSE gas END AS gas_in, {methane} AS methane FROM frontier WHERE measure IN {led_on})
    """)  # noqa: S608
    con.execute("CREATE OR REPLACE TABLE keys AS SELECT DISTINCT key, measure, gas_in, methane, grid_region, country, kind, period, dimensions FROM keyed")


def _step(con: duckdb.DuckDBPyConnection, edition: Edition) -> None:
    """The next frontier. A stock that emits at a year's rate does so for the months of the period. What stands in, as zero, for a waived record of no known site needs no factor: nobody can say which."""
    market = edition.rules.market_based
    basis = "'location'" if market is None else f"CASE WHEN k.origin IN {words(market.load)} THEN 'location' ELSE 'both' END"
    con.execute(f"""
        CREATE OR REPLACE TABLE frontier AS
        WITH led AS (
          SELECT k.*, w.output, w.gas AS out_gas, w.rule_id AS by_rule, w.factor_id IS NULL AND (w.lost OR NOT k.stands_in OR k.kind IS NOT NULL) AS refused, product_24(k.quantity, w.lead) AS product, half_even(p.months * 1000000000000000000000000::HUGEINT, 12) AS years,
                 CASE WHEN w.gas = 'CO2' AND k.origin IN {_BIOGENIC} THEN {text(derived.CO2_BIOGENIC)} ELSE coalesce(g.gas_group, '') END AS out_group, {basis} AS own_basis
          FROM keyed k JOIN ways w USING (key) JOIN periods p USING (period) LEFT JOIN gas_groups g ON g.gas = w.gas WHERE NOT w.left_out
        )
        SELECT row_number() OVER () AS id, record_id, output AS measure, origin, 'flow' AS nature, site_id, month, period, dimensions,
               CASE WHEN NOT blocked AND NOT refused THEN CASE WHEN stands_in THEN 0::HUGEINT WHEN nature = 'stock' THEN product_24(product, years) ELSE product END END AS quantity, blocked OR refused AS blocked, stands_in,
               country, grid_region, kind, business_line, root, out_gas AS gas, out_group AS gas_group, CASE WHEN out_group IN {words(derived.BESIDE_SCOPES)} THEN {text(derived.OUTSIDE)} ELSE scope END AS scope,
               CASE WHEN scope = '2' THEN coalesce(basis, own_basis) END AS basis, by_rule AS rule_id, measure AS from_measure
        FROM led
    """)  # noqa: S608


def _block_doubles(con: duckdb.DuckDBPyConnection) -> None:
    """Two rules to one gas, one to CO2e beside any other, or a refrigerant counted as it stands beside a balance: nobody says which of them holds, so both are blocked."""
    con.execute(f"""
        CREATE TABLE doubled AS
        WITH either AS (
          SELECT root, basis, gas, rule_id || ' from ' || from_measure AS way, from_measure, origin FROM made WHERE measure = 'emission_gas'
          UNION ALL SELECT root, basis, 'CO2e', rule_id || ' from ' || from_measure, from_measure, origin FROM made WHERE measure = 'emission_co2e' AND from_measure <> 'emission_gas'
        )
        SELECT root, basis, gas FROM either GROUP BY root, basis, gas HAVING count(DISTINCT way) > 1
        UNION ALL SELECT root, basis, NULL FROM either GROUP BY root, basis HAVING count(DISTINCT way) > 1 AND bool_or(gas = 'CO2e')
        UNION ALL SELECT root, basis, NULL FROM either WHERE origin IN {_REFRIGERANTS} GROUP BY root, basis HAVING count(DISTINCT from_measure) > 1
    """)  # noqa: S608
    con.execute("""
        UPDATE made SET blocked = true, quantity = NULL WHERE measure IN ('emission_gas', 'emission_co2e') AND EXISTS (
          FROM doubled d WHERE d.root = made.root AND d.basis IS NOT DISTINCT FROM made.basis AND (d.gas IS NULL OR d.gas = made.gas))
    """)
