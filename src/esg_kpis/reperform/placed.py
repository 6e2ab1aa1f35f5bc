"""From typed records to amounts that count: units, months, periods, rejected records, boundary and consolidation, in SQL made from the edition."""

from collections.abc import Mapping, Sequence

import duckdb

from esg_kpis.domains import DOMAIN_OF
from esg_kpis.editions import Edition
from esg_kpis.reperform.gaps import estimate_again
from esg_kpis.reperform.load import Asked, text, words

CONTROLLED = {"operational_control": ("operational", "both"), "financial_control": ("financial", "both")}
"""Controls by which a site counts wholly. Source: GHG Protocol Corporate Standard (2004), chapter 3."""
IN_DOUBT = ("date", "date_missing", "dates_disagree", "period_reversed", "period_too_long", "after_as_of", "outside_site_life")
"""Rules that make the dates of a rejected record doubtful: it may then belong to any period."""

_AMOUNTS = """
CREATE TABLE received AS
WITH parts AS (
WITH typed AS (
  SELECT q.record_id, q.measure, q.nature, q.site_id, q.start, q."end", coalesce(q.dimensions, '') AS dimensions, q."column",
         half_even(unscaled(q.quantity) * u.numerator, u.denominator) AS units
  FROM quantities q JOIN unit_ratios u ON u.received_unit = coalesce(q.received_unit, q.unit) AND u.unit = q.unit AND u.domain = q.domain
  WHERE q.excluded IS NULL
), by_month AS (
  SELECT *, unnest(generate_series(date_trunc('month', start), date_trunc('month', "end"), INTERVAL 1 MONTH))::DATE AS m FROM typed WHERE nature <> 'stock'
)
SELECT record_id, measure, nature, site_id, strftime(m, '%Y-%m') AS month, CASE WHEN nature = 'event' THEN start END AS held_from, NULL::DATE AS until, dimensions, "column",
       (half_even(units * ((least("end", last_day(m)) - start) + 1), ("end" - start) + 1) - half_even(units * (greatest(start, m) - start), ("end" - start) + 1)) * 1000000000000000::HUGEINT AS quantity
FROM by_month
UNION ALL
SELECT record_id, measure, nature, site_id, NULL, start, "end", dimensions, "column", units * 1000000000000000::HUGEINT FROM typed WHERE nature = 'stock'
UNION ALL
SELECT '', p.measure, m.nature, p.site_id, CASE WHEN m.nature <> 'stock' AND NOT m.per_period THEN strftime(p.last, '%Y-%m') END,
       CASE WHEN m.nature = 'stock' AND NOT m.per_period THEN p.last ELSE p.first END, p.last, p.attributes, '', unscaled(p.quantity) * 1000000000000000::HUGEINT
FROM people p JOIN measures m USING (measure)
), held AS (SELECT *, coalesce(month, held_from::VARCHAR, '') AS held FROM parts)
SELECT * EXCLUDE (held), record_id || ':' || measure || ':' || held || CASE WHEN count(*) OVER same > 1 THEN ':' || row_number() OVER (same ORDER BY "column", dimensions) ELSE '' END AS name
FROM held WINDOW same AS (PARTITION BY record_id, measure, held)
"""
"""Amounts before any edition, each under the name by which the library calls it: record, measure, and month or date."""

_IN_PERIODS = """
CREATE TABLE in_periods AS
SELECT r.*, p.period, p.last AS period_last, false AS blocked, false AS stands_in
FROM received r JOIN measures m USING (measure) JOIN periods p ON
  CASE WHEN m.per_period THEN p.first = r.held_from AND p.last = r.until
       WHEN r.nature = 'stock' THEN (r.held_from IS NULL OR r.held_from <= p.last) AND (r.until IS NULL OR p.last <= r.until)
       WHEN r.until IS NOT NULL THEN p.first <= r.held_from AND r.until <= p.last
       ELSE (r.month || '-01')::DATE BETWEEN p.first AND p.last END
UNION ALL BY NAME
SELECT r.* REPLACE (NULL::HUGEINT AS quantity), p.period, p.last AS period_last, true AS blocked, false AS stands_in
FROM received r JOIN measures m USING (measure) JOIN periods p ON r.held_from <= p.last AND r.until >= p.first
WHERE NOT m.per_period AND r.nature <> 'stock' AND r.until IS NOT NULL AND NOT (p.first <= r.held_from AND r.until <= p.last)
UNION ALL BY NAME
SELECT e.amount_id AS name, e.measure, m.nature, e.site_id, e.month, '' AS record_id, '' AS dimensions, unscaled(e.quantity) * 1000000000000000::HUGEINT AS quantity, e.period, p.last AS period_last,
       e.quantity IS NULL AS blocked, false AS stands_in
FROM estimates e JOIN measures m USING (measure) JOIN periods p USING (period)
"""


def count_amounts(con: duckdb.DuckDBPyConnection, asked: Asked) -> None:
    """Makes the table `counted`: every amount that counts in the edition, in whole numbers of 10^-24 of the canonical unit of its measure.

    Columns: `id`, `record_id`, `measure`, `origin`, `nature`, `site_id`, `month`, `held_from`, `period`, `dimensions`, `quantity` (null where blocked), `blocked`, `stands_in`, and the attributes of the site.
    """
    con.execute(_AMOUNTS)
    estimate_again(con)
    con.execute(_IN_PERIODS)
    _rejected(con, asked)
    _spans(con, asked.edition)
    con.execute(f"""
        CREATE TABLE counted AS
        SELECT row_number() OVER (ORDER BY a.measure, a.period, a.site_id, a.month, a.record_id, a.dimensions, a.quantity) AS id,
               CASE WHEN a.part IS NULL THEN a.name ELSE substr(sha256(a.name || chr(31) || a.period || chr(31) || {text(asked.edition.id)} || chr(31)), 1, 16) END AS name, a.record_id, a.measure, a.measure AS origin, a.nature, a.site_id, a.month, a.held_from, a.period,
               a.dimensions, a.part, CASE WHEN a.part IS NULL THEN a.quantity ELSE product_24(a.quantity, a.part) END AS quantity, a.blocked, a.stands_in, s.country, s.grid_region, s.kind, s.business_line
        FROM (SELECT p.*, m.consolidated, {_PART} AS part FROM in_periods p JOIN measures m USING (measure)) a LEFT JOIN sites s USING (site_id)
        WHERE coalesce(a.part, 1) <> 0 AND {_under_control(asked.edition)} AND {_inside_boundary(asked.edition)}
    """)  # noqa: S608


def _rejected(con: duckdb.DuckDBPyConnection, asked: Asked) -> None:
    """A rejected record blocks every measure and period it may have fed; where it is waived, a zero stands in."""
    waived = words(waiver.finding for waiver in asked.edition.rules.waiver if waiver.until >= asked.as_of)
    con.execute(f"""
        INSERT INTO in_periods BY NAME
        WITH own AS (SELECT * FROM rejected WHERE known_on = DATE '{asked.known_on.isoformat()}'),
        holding AS (FROM own UNION ALL FROM rejected WHERE known_on IS NULL AND record_id NOT IN (SELECT record_id FROM own)),
        first_rule AS (
          SELECT *, row_number() OVER (PARTITION BY record_id ORDER BY rule, "column") AS place FROM holding WHERE measures <> ''
        ),
        told AS (
          SELECT record_id, site_id, unnest(string_split(measures, ';')) AS measure, CASE WHEN sure THEN start END AS start, CASE WHEN sure THEN "end" END AS "end",
                 substr(sha256('rejected_record' || chr(31) || record_id || chr(31) || chr(31)), 1, 12) IN {waived} AS waived
          FROM first_rule JOIN (SELECT record_id, NOT bool_or(rule IN {words(IN_DOUBT)}) AS sure FROM holding GROUP BY record_id) USING (record_id) WHERE place = 1
        )
        SELECT t.record_id, t.measure, m.nature, t.site_id, '' AS dimensions, CASE WHEN t.waived THEN 0::HUGEINT END AS quantity, p.period, p.last AS period_last, NOT coalesce(t.waived, false) AS blocked,
               coalesce(t.waived, false) AS stands_in
        FROM told t JOIN measures m USING (measure) JOIN periods p ON (t.start IS NULL OR t.start <= p.last) AND (t."end" IS NULL OR t."end" >= p.first)
    """)  # noqa: S608


# ---------------------------------------------------------------- consolidation, by days


def _spans(con: duckdb.DuckDBPyConnection, edition: Edition) -> None:
    """`spans`: the days on which the register of ownership says another part of a site than the register of sites; `wholes`: what the latter says. Parts in 10^-9."""
    controls = CONTROLLED.get(edition.rules.consolidation)
    part = "unscaled(share)" if controls is None else f"CASE WHEN control IN {words(controls)} THEN 1000000000 ELSE 0 END::HUGEINT"
    con.execute(f"CREATE TABLE wholes AS SELECT site_id, {part} AS part FROM (SELECT site_id, control, ownership_share AS share FROM sites)")  # noqa: S608
    con.execute(f"""
        CREATE TABLE spans AS SELECT site_id, first, last, {part} AS part FROM (
          SELECT o.site_id, coalesce(o.valid_from, DATE '0001-01-01') AS first, coalesce(o.valid_to, DATE '9999-12-31') AS last, coalesce(o.control, s.control) AS control,
                 coalesce(o.ownership_share, s.ownership_share) AS share
          FROM ownership o JOIN sites s USING (site_id))
    """)  # noqa: S608
    con.execute("""
        CREATE TABLE days_told AS SELECT record_id, measure, min(start) AS start, max("end") AS "end" FROM quantities WHERE nature = 'flow' GROUP BY record_id, measure;
        CREATE TABLE parted AS
        WITH keys AS (
          SELECT DISTINCT p.site_id, p.month, p.record_id, p.measure, CASE p.nature WHEN 'stock' THEN p.period_last WHEN 'event' THEN p.held_from END AS day, d.start, d."end"
          FROM in_periods p JOIN measures m USING (measure) LEFT JOIN days_told d USING (record_id, measure) WHERE m.consolidated
        ), ranges AS (
          SELECT k.*, CASE WHEN meets THEN greatest(start, m) ELSE m END AS since, CASE WHEN meets THEN least("end", last_day(m)) ELSE last_day(m) END AS till
          FROM (SELECT *, (month || '-01')::DATE AS m, coalesce(start <= last_day((month || '-01')::DATE) AND "end" >= (month || '-01')::DATE, false) AS meets FROM keys) k
        ), held AS (
          SELECT r.site_id, r.month, r.record_id, r.measure, r.day, r.since, r.till, any_value(w.part) AS whole, min(least(w.part, coalesce(s.part, w.part))) AS least_part,
                 max(greatest(w.part, coalesce(s.part, w.part))) AS most_part, max(CASE WHEN r.day BETWEEN s.first AND s.last THEN s.part END) AS on_day,
                 coalesce(sum(CASE WHEN s.first <= r.till AND s.last >= r.since THEN ((least(s.last, r.till) - greatest(s.first, r.since)) + 1) * (s.part - w.part) END), 0)::HUGEINT AS more
          FROM ranges r JOIN wholes w USING (site_id) LEFT JOIN spans s USING (site_id) GROUP BY ALL
        )
        SELECT site_id, month, record_id, measure, day, CASE
            WHEN day IS NOT NULL THEN coalesce(on_day, whole) * 1000000000000000::HUGEINT
            WHEN month IS NULL THEN CASE WHEN most_part = 0 THEN 0 ELSE 1000000000000000000000000::HUGEINT END
            ELSE half_even((whole * ((till - since) + 1) + more) * 1000000000000000::HUGEINT, (till - since) + 1) END AS part
        FROM held
    """)


_PART = """CASE WHEN m.consolidated THEN (SELECT nullif(any_value(d.part), 1000000000000000000000000::HUGEINT) FROM parted d WHERE d.site_id = p.site_id AND d.record_id = p.record_id AND d.measure = p.measure
           AND d.month IS NOT DISTINCT FROM p.month AND d.day IS NOT DISTINCT FROM CASE p.nature WHEN 'stock' THEN p.period_last WHEN 'event' THEN p.held_from END) END"""


def _under_control(edition: Edition) -> str:
    """What no share touches, such as people, counts where the register of sites names the control."""
    controls = CONTROLLED.get(edition.rules.consolidation)
    return "true" if controls is None else f"(a.consolidated OR s.control IS NULL OR s.control IN {words(controls)})"


# ---------------------------------------------------------------- boundary


def _inside_boundary(edition: Edition) -> str:
    """The first boundary that covers measure and period decides which sites count; what none covers does not count."""
    cases = []
    for boundary in edition.rules.boundary:
        covered = words(name for name in DOMAIN_OF if boundary.covers(name, DOMAIN_OF[name], (boundary.periods or ("",))[0]))
        when = f"a.measure IN {covered}" + (f" AND a.period IN {words(boundary.periods)}" if boundary.periods else "")
        cases.append(f"WHEN {when} THEN {inside(boundary.where, 's')}")
    return f"(CASE {' '.join(cases)} ELSE false END)" if cases else "false"


def inside(where: Mapping[str, Sequence[str]], site: str) -> str:
    """Whether a site has the attributes; of a site that is not known nobody can say that it has not."""
    conditions = []
    for name, values in where.items():
        left_out = [value.removeprefix("not ") for value in values if value.startswith("not ")]
        column = f"{'a' if name == 'site_id' else site}.{name}"
        conditions.append(f"coalesce({column} NOT IN {words(left_out)}, true)" if left_out else f"{column} IN {words(values)}")
    return f"(coalesce({' AND '.join(conditions)}, false) OR {site}.kind IS NULL)" if conditions else "true"


