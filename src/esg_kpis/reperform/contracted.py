"""The market-based method: what accepted instruments cover of the load, and what is left. Which claims are accepted is judged by the first engine and read from `claims`.

Source: GHG Protocol Scope 2 Guidance (2015), chapter 7. Each instrument covers its load in proportion, at 9 decimals, the rest of the rounding at the largest amount.
"""

from typing import Any

import duckdb

from esg_kpis.domains import derived
from esg_kpis.editions.market import MarketBased
from esg_kpis.reperform.load import Asked, table, text, words

_NONE = "CREATE TABLE contracted AS SELECT * EXCLUDE (part, held_from, name), 'market' AS basis FROM counted LIMIT 0"
_ZEROS = "'" + "0" * 24 + "'"


def part_load(con: duckdb.DuckDBPyConnection, asked: Asked) -> None:
    """Makes `contracted`: the load that instruments cover, by instrument, and what none covers; no rows in an edition without the method."""
    con.execute(_NONE)
    rules = asked.edition.rules.market_based
    if rules is None:
        return
    con.execute(f"CREATE TABLE load AS SELECT *, quantity AS remains FROM counted WHERE measure IN {words(rules.load)}")  # noqa: S608
    claims = con.execute("""
        SELECT i.record_id, i.site_id, i.market, i.claimed_from, i.claimed_to, c.period, unscaled(c.counts)::VARCHAR FROM claims c JOIN instruments i USING (record_id) WHERE c.accepted
        ORDER BY i.retired_on, i.registry, i.instrument, i.record_id
    """).fetchall()
    for claim in claims:
        _cover(con, claim, rules)
    con.execute(f"INSERT INTO contracted BY NAME SELECT * EXCLUDE (part, held_from, remains, name) REPLACE ({text(derived.UNCONTRACTED)} AS measure, remains AS quantity), 'market' AS basis FROM load")  # noqa: S608


def _cover(con: duckdb.DuckDBPyConnection, claim: tuple[Any, ...], rules: MarketBased) -> None:
    record, site, market, first, last, period, volume = claim
    regions = words(set(rules.markets.get(market, [market])) - {"GLOBAL"})
    table(con, "claim", {"record_id": "VARCHAR", "site_id": "VARCHAR", "first": "DATE", "last": "DATE", "period": "VARCHAR", "volume": "HUGEINT"}, [(record, site, first, last, period, volume + "0" * 15)])
    con.execute(f"""
        CREATE OR REPLACE TABLE pool AS
        WITH here AS (
          SELECT s.site_id FROM sites s, claim c WHERE (s.site_id = c.site_id OR EXISTS (FROM sites g WHERE g.site_id = c.site_id AND g.kind = 'group'))
            AND EXISTS (FROM chains r WHERE r.grid_region IS NOT DISTINCT FROM s.grid_region AND r.country IS NOT DISTINCT FROM s.country AND r.region IN {regions} AND r.since <= c.last AND c.first <= r.till)
        ), asked AS (
          SELECT l.id, l.name, l.site_id, l.remains FROM load l JOIN here USING (site_id) JOIN claim c USING (period)
          WHERE (l.month || '-01')::DATE >= c.first AND last_day((l.month || '-01')::DATE) <= c.last
        ), net AS (SELECT site_id, sum(remains) AS net, sum(CASE WHEN remains > 0 THEN remains ELSE 0 END) AS gross FROM asked GROUP BY site_id HAVING sum(remains) > 0),
        shares AS (SELECT *, tenfold(gross::VARCHAR) AS multiples FROM net),
        shared AS (SELECT *, kept(net::VARCHAR, gross::VARCHAR, long_division(net::VARCHAR || {_ZEROS}, multiples))::HUGEINT AS share FROM shares)
        SELECT a.id, a.name, CASE WHEN s.net = s.gross THEN a.remains ELSE half_even(product_24(a.remains, s.share), 1000000000000000) * 1000000000000000::HUGEINT END AS open
        FROM asked a JOIN shared s USING (site_id) WHERE a.remains > 0
    """)  # noqa: S608
    con.execute(f"""
        CREATE OR REPLACE TABLE covered AS
        WITH whole AS (SELECT sum(open)::VARCHAR AS whole, tenfold(sum(open)::VARCHAR) AS multiples FROM pool),
        ratio AS (SELECT kept(volume::VARCHAR, whole, long_division(volume::VARCHAR || {_ZEROS}, multiples))::HUGEINT AS ratio FROM whole, claim WHERE whole IS NOT NULL),
        parts AS (SELECT id, open, name, half_even(product_24(open, ratio), 1000000000000000) * 1000000000000000::HUGEINT AS part FROM pool, ratio)
        SELECT id, part + CASE WHEN row_number() OVER (ORDER BY open DESC, name) = 1 THEN (SELECT volume FROM claim) - sum(part) OVER () ELSE 0 END AS part FROM parts
    """)  # noqa: S608
    con.execute("UPDATE load SET remains = remains - c.part FROM covered c WHERE c.id = load.id")
    con.execute(f"""
        INSERT INTO contracted BY NAME
        SELECT l.* EXCLUDE (part, held_from, remains, name) REPLACE ({text(derived.CONTRACTED)} AS measure, c.part AS quantity, 'instrument=' || {text(record)} || CASE WHEN l.dimensions <> '' THEN ';' || l.dimensions ELSE '' END AS dimensions),
               'market' AS basis
        FROM load l JOIN covered c USING (id)
    """)  # noqa: S608
