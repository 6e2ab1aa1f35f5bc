"""Estimates made again: each by its method, from the amounts that it says it rests on. Which gap is filled, and by what, is judged by the first engine and read from `estimates`.

The methods are those of docs/editions.md: the same month of last year scaled by the other months, the mean of the neighbouring months by day, and what sites of the same kind
and climate used per square metre or per head.
"""

import duckdb

from esg_kpis.domains import people
from esg_kpis.reperform.load import one_of, text

_NAMED = """
CREATE TABLE named AS SELECT name, measure, site_id, month, quantity FROM received WHERE record_id <> ''
"""

_BASES = """
CREATE TABLE bases AS
SELECT e.amount_id, e.method, e.site_id, e.month, e.days::HUGEINT AS days, e.period, day(last_day((e.month || '-01')::DATE))::HUGEINT AS of_month,
       strftime((e.month || '-01')::DATE - INTERVAL 12 MONTH, '%Y-%m') AS year_before, n.measure = e.measure AS of_measure, n.site_id AS at_site, n.month AS in_month, n.quantity
FROM (SELECT *, unnest(string_split(basis_amount_ids, ';')) AS rests_on FROM estimates) e LEFT JOIN named n ON n.name = e.rests_on
"""

_SCALED = """
SELECT b.amount_id, long_product(tenfold(before::VARCHAR), long_product(tenfold(now::VARCHAR), days::VARCHAR)) AS top, long_product(tenfold(earlier::VARCHAR), of_month::VARCHAR) AS bottom
FROM (
  SELECT b.amount_id, any_value(b.days) AS days, any_value(b.of_month) AS of_month, sum(quantity) FILTER (in_month = year_before) AS before,
         sum(quantity) FILTER ((in_month || '-01')::DATE BETWEEN p.first AND p.last) AS now, sum(quantity) FILTER (in_month <> year_before AND NOT (in_month || '-01')::DATE BETWEEN p.first AND p.last) AS earlier
  FROM bases b JOIN periods p USING (period) WHERE b.method = 'same_month_last_year' GROUP BY b.amount_id
) b WHERE before >= 0 AND now >= 0
"""
_BETWEEN = """
SELECT amount_id, CASE WHEN count(*) = 2 THEN long_product(tenfold((sum(quantity * others))::VARCHAR), any_value(days)::VARCHAR) END AS top, (2 * any_value(lengths))::VARCHAR AS bottom
FROM (
  SELECT m.amount_id, m.quantity, m.days, min(m.length) OVER (PARTITION BY m.amount_id) * max(m.length) OVER (PARTITION BY m.amount_id) AS lengths,
         (min(m.length) OVER (PARTITION BY m.amount_id) * max(m.length) OVER (PARTITION BY m.amount_id)) // m.length AS others
  FROM (SELECT amount_id, in_month, any_value(days) AS days, sum(quantity) AS quantity, day(last_day((in_month || '-01')::DATE))::HUGEINT AS length FROM bases
        WHERE method = 'mean_of_neighbouring_months' GROUP BY amount_id, in_month) m
) GROUP BY amount_id HAVING sum(quantity * others) >= 0
"""
_PER_SIZE = """
SELECT amount_id, long_product(tenfold(used::VARCHAR), long_product(tenfold(own::VARCHAR), days::VARCHAR)) AS top, long_product(tenfold(size::VARCHAR), of_month::VARCHAR) AS bottom
FROM ({sizes}) WHERE used >= 0
"""
_AREAS = """
SELECT amount_id, any_value(days) AS days, any_value(of_month) AS of_month, sum(quantity) FILTER (of_measure) AS used, sum(quantity) FILTER (NOT of_measure AND at_site = site_id) AS own,
       sum(quantity) FILTER (NOT of_measure AND at_site <> site_id) AS size
FROM bases WHERE method = 'per_floor_area' GROUP BY amount_id
"""
_HEADS = """
WITH heads AS (
  SELECT p.site_id, p.last, sum(unscaled(p.quantity)) * 1000000000000000::HUGEINT AS heads FROM people p WHERE p.measure = 'employees' AND NOT ({crossed}) GROUP BY p.site_id, p.last
), used AS (
  SELECT amount_id, any_value(days) AS days, any_value(of_month) AS of_month, any_value(site_id) AS site_id, any_value(period) AS period, sum(quantity) AS used, list(DISTINCT at_site) AS peers
  FROM bases WHERE method = 'per_head' AND of_measure GROUP BY amount_id
)
SELECT u.amount_id, any_value(u.days) AS days, any_value(u.of_month) AS of_month, any_value(u.used) AS used, sum(h.heads) FILTER (h.site_id = u.site_id) AS own,
       sum(h.heads) FILTER (list_contains(u.peers, h.site_id)) AS size
FROM used u JOIN periods p USING (period) JOIN heads h ON h.last = p.last GROUP BY u.amount_id
"""


def estimate_again(con: duckdb.DuckDBPyConnection) -> None:
    """Puts in place of each quantity of `estimates` what its method gives. One that cannot be made again, because what it rests on is not there, becomes null, and blocks.

    Where people are at hand as cells only, an estimate per head stays as it is stated.
    """
    if one_of(con, "SELECT count(*) FROM estimates") == (0,):
        return
    con.execute(_NAMED)
    con.execute(_BASES)
    crossed = " OR ".join(f"regexp_matches(p.attributes, '(^|;){name}=')" for name in people.CROSSED)
    sizes = " UNION ALL ".join(f"({query})" for query in (_AREAS, _HEADS.format(crossed=crossed)))
    con.execute(f"""
        CREATE TABLE again AS
        WITH given AS MATERIALIZED ({_SCALED} UNION ALL {_BETWEEN} UNION ALL {_PER_SIZE.format(sizes=sizes)}),
        known AS MATERIALIZED (SELECT *, tenfold(bottom || repeat('0', 15)) AS multiples, bottom || repeat('0', 15) AS below FROM given WHERE bottom <> '0'),
        done AS MATERIALIZED (SELECT *, long_division(top, multiples) AS kept_at FROM known)
        SELECT amount_id, pointed(kept(top, below, kept_at), 9)::DECIMAL(38, 9) AS quantity FROM done
    """)  # noqa: S608
    no_heads = one_of(con, "SELECT count(*) FROM people WHERE measure = 'employees'") == (0,)
    kept = f"method = {text('per_head')}" if no_heads else "false"
    con.execute(f"UPDATE estimates SET quantity = (SELECT a.quantity FROM again a WHERE a.amount_id = estimates.amount_id) WHERE NOT {kept}")  # noqa: S608
