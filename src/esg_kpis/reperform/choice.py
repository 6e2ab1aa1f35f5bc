"""Which factor serves, in SQL made from the edition's rules: first the rule, then the nearest region, exactly one; none or two block.

What it says of kinds of electricity factors is from the GHG Protocol Scope 2 Guidance (2015), chapters 4.5, 6 and 7: only averages of what is delivered serve unasked, and neither
life-cycle values nor losses on the grid serve at all.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

import duckdb

from esg_kpis.domains import DOMAIN_OF, MEASURES, derived
from esg_kpis.editions import Edition, FactorRule
from esg_kpis.reperform.load import Asked, table, text, words

UNASKED = ("", "average", "average_excluding_imports", "utility", "guideline")
NEVER = ("life_cycle", "transmission_loss")
AS_FROM_THE_GRID = {derived.UNCONTRACTED: "electricity_purchased", "electricity_saved": "electricity_purchased"}
"""Measures that take the factors of another."""

_SAID = "CREATE MACRO said(dimensions, name) AS coalesce(substr(list_filter(string_split(dimensions, ';'), lambda p: starts_with(p, name || '='))[1], length(name) + 2), '')"

_OFFERS = f"""
CREATE TABLE offers AS
SELECT f.factor_id, CASE WHEN f.measure = 'emission_gas' THEN 'gwp' ELSE f.source_id END AS source, f.measure, f.output, coalesce(f.gas_in, '') AS gas_in, coalesce(f.gas, '') AS gas, f.region,
       CASE WHEN f.measure = 'emission_gas' THEN coalesce(f.gwp_set, '') ELSE coalesce(f.method, '') END AS method, f.gwp_set, f.data_from, coalesce(f.data_to, DATE '9999-12-31') AS data_to, f.published,
       half_even(unscaled(f.value) * l.numerator * 1000000000000, l.denominator) AS lead,
       f.measure LIKE 'electricity%' AND f.output IN ('emission_gas', 'emission_co2e') AS of_grid
FROM factors f JOIN leads l USING (factor_id) WHERE f.status <> 'evidence_only'
UNION ALL
SELECT 'instrument ' || record_id, 'instruments', {text(derived.CONTRACTED)}, 'emission_gas', '', 'CO2', 'GLOBAL', record_id, NULL, DATE '1900-01-01', DATE '9999-12-31', retired_on,
       unscaled(emission_rate) * 1000000000000::HUGEINT, false
FROM instruments
"""  # noqa: S608

_CHAINS = """
CREATE TABLE chains AS
WITH RECURSIVE own AS (
  SELECT DISTINCT grid_region, country, list_filter([grid_region, CASE WHEN country IS DISTINCT FROM grid_region THEN country END], lambda x: x IS NOT NULL AND x <> '' AND x <> 'GLOBAL') AS named FROM sites
), numbered AS (SELECT *, row_number() OVER () AS place FROM regions),
up AS (
  SELECT o.grid_region, o.country, o.named, list_position(o.named, n.name) AS branch, 0 AS level, []::BIGINT[] AS path, n.name AS region, DATE '0001-01-01' AS since, DATE '9999-12-31' AS till
  FROM own o, unnest(o.named) AS n(name)
  UNION ALL
  SELECT u.grid_region, u.country, u.named, u.branch, u.level + 1, list_append(u.path, n.place), n.parent, greatest(u.since, n.valid_from), least(u.till, n.valid_to)
  FROM up u JOIN numbered n ON n.region = u.region
  WHERE greatest(u.since, n.valid_from) <= least(u.till, n.valid_to) AND NOT list_contains(u.named, n.parent) AND u.level < 20
), ordered AS (SELECT *, row_number() OVER (PARTITION BY grid_region, country ORDER BY branch, level, path) AS rung FROM up)
SELECT o.grid_region, o.country, o.region, o.rung, o.since, o.till FROM ordered o
WHERE NOT EXISTS (FROM ordered e WHERE e.grid_region IS NOT DISTINCT FROM o.grid_region AND e.country IS NOT DISTINCT FROM o.country AND e.region = o.region AND e.rung < o.rung AND e.since <= o.till AND e.till >= o.since)
UNION ALL SELECT grid_region, country, 'GLOBAL', 1000000, DATE '0001-01-01', DATE '9999-12-31' FROM own
"""


def rules_in_force(edition: Edition) -> tuple[FactorRule, ...]:
    """The rules of an edition in order, those of its instruments, and the one that follows from its GWP set."""
    own = [*edition.rules.factor_rule]
    if edition.rules.market_based is not None:
        own.append(FactorRule(id="contractual-instruments", measures=(derived.CONTRACTED,), output=derived.EMISSION_GAS, gases=("CO2",), source="instruments", method="{instrument}", factor_region="GLOBAL"))
    own.append(FactorRule(id=f"gwp-{edition.rules.gwp_set.lower()}", measures=(derived.EMISSION_GAS,), output=derived.EMISSION_CO2E, gases=("*",), source="gwp", method=edition.rules.gwp_set))
    return tuple(own)


def prepare_choice(con: duckdb.DuckDBPyConnection, asked: Asked) -> None:
    """Makes the tables that `choose` looks in: `offers`, `chains`, `rules`, `rule_where`, `exclusions`, `exclusion_where`, `lost`."""
    con.execute(_SAID)
    con.execute(_OFFERS)
    con.execute(_CHAINS)
    columns = {"rule": "BIGINT", "id": "VARCHAR", "output": "VARCHAR", "source": "VARCHAR", "method": "VARCHAR", "data_year": "BIGINT", "factor_region": "VARCHAR"}
    columns |= dict.fromkeys(("measures", "gases", "periods", "regions", "kinds", "as_if"), "VARCHAR[]")
    rules = rules_in_force(asked.edition)
    rows = [
        (place, rule.id, rule.output, rule.source, rule.method, rule.data_year, rule.factor_region, list(rule.measures), list(rule.gases), list(rule.applies_to), list(rule.regions), list(rule.site_kinds),
         [AS_FROM_THE_GRID.get(name, name) for name in rule.measures])
        for place, rule in enumerate(rules)
    ]  # fmt: skip
    table(con, "rules", columns, rows)
    _conditions(con, "rule_where", [(place, rule.where) for place, rule in enumerate(rules)])
    left_out = asked.edition.rules.exclusion
    lists = dict.fromkeys(("measures", "outputs", "gases", "periods"), "VARCHAR[]")
    table(con, "exclusions", {"place": "BIGINT", **lists}, [(place, list(item.measures), list(item.outputs), list(item.gases), list(item.periods)) for place, item in enumerate(left_out)])
    _conditions(con, "exclusion_where", [(place, item.where) for place, item in enumerate(left_out)])
    table(con, "lost", {"measure": "VARCHAR", "output": "VARCHAR"}, _lost(asked.edition, rules))


def _conditions(con: duckdb.DuckDBPyConnection, name: str, given: Iterable[tuple[int, Mapping[str, Sequence[str]]]]) -> None:
    rows = [(place, said, list(values)) for place, where in given for said, values in where.items()]
    table(con, name, {"place": "BIGINT", "name": "VARCHAR", "allowed": "VARCHAR[]"}, rows)


def _lost(edition: Edition, rules: Sequence[FactorRule]) -> list[tuple[str, str]]:
    """Measures with what they ought to lead to and no chain of rules leads: emissions of scopes 1 and 2 to CO2e, all energy to standard coal, where the edition adds these up."""
    added = {measure for kpi in edition.kpis.values() for amounts in kpi.amounts for measure in amounts.measure}
    ought: dict[str, set[str]] = {}
    if derived.EMISSION_CO2E in added:
        ought[derived.EMISSION_CO2E] = {name for name, measure in MEASURES.items() if measure.scope in ("1", "2")}
    if derived.ENERGY_COAL in added:
        ought[derived.ENERGY_COAL] = {name for name, domain in DOMAIN_OF.items() if domain == "energy"}
    found = []
    for output, measures in ought.items():
        leading = {output}
        while more := {name for rule in rules if rule.output in leading for name in rule.measures} - leading:
            leading |= more
        found += [(measure, output) for measure in sorted(measures - leading)]
    return found


def choose(con: duckdb.DuckDBPyConnection, asked: Asked) -> None:
    """Makes `ways`: what leads on from each key of the table `keys`, with the factor.

    Columns: `key`, `output`, `gas`, `factor_id` (null where none serves, or two), `lead`, `rule_id`, `left_out` (by an exclusion of the edition).
    """
    _targets(con)
    _fill_methods(con)
    con.execute(f"""
        CREATE OR REPLACE TABLE candidates AS
        WITH speaking AS (
          SELECT n.*, r.rule, r.source, r.method AS rule_method, r.data_year, r.factor_region, r.as_if, f.method AS filled
          FROM needs n JOIN rules r ON r.output = n.output AND list_contains(r.measures, n.measure) AND (list_contains(r.gases, '*') OR list_contains(r.gases, n.need_gas))
            AND (len(r.periods) = 0 OR list_contains(r.periods, n.period)) AND (len(r.kinds) = 0 OR list_contains(r.kinds, coalesce(n.kind, '')))
            AND (len(r.regions) = 0 OR EXISTS (FROM chains c WHERE c.grid_region IS NOT DISTINCT FROM n.grid_region AND c.country IS NOT DISTINCT FROM n.country AND list_contains(r.regions, c.region)))
            AND NOT EXISTS (FROM rule_where w WHERE w.place = r.rule AND NOT list_contains(w.allowed, said(n.dimensions, w.name)))
          LEFT JOIN filled_methods f ON f.rule = r.rule AND f.dimensions = n.dimensions
        ), met AS (
          SELECT s.need, s.rule, o.factor_id, o.lead, o.gwp_set, CASE WHEN s.factor_region IS NOT NULL THEN 0 ELSE c.rung END AS rung, NOT o.of_grid OR s.rule_method IS NOT NULL OR o.method IN {words(UNASKED)} AS of_kind
          FROM speaking s JOIN periods p USING (period)
          JOIN offers o ON o.source = s.source AND o.output = s.output AND o.measure = s.as_from AND list_contains(s.as_if, o.measure) AND o.published <= ?
            AND NOT (o.of_grid AND o.method IN {words(NEVER)}) AND (s.rule_method IS NULL OR o.method = coalesce(s.filled, s.rule_method))
            AND CASE WHEN s.data_year IS NULL THEN o.data_from <= p.first AND o.data_to >= p.last ELSE s.data_year BETWEEN year(o.data_from) AND year(o.data_to) END
            AND ((o.gas = s.need_gas AND (o.gas_in = '' OR o.gas_in = s.need_gas_in)) OR (o.gas = '*' AND s.need_gas = s.need_gas_in))
          LEFT JOIN chains c ON s.factor_region IS NULL AND c.region = o.region AND c.grid_region IS NOT DISTINCT FROM s.grid_region AND c.country IS NOT DISTINCT FROM s.country
            AND o.data_from <= c.till AND o.data_to >= c.since
          WHERE CASE WHEN s.factor_region IS NOT NULL THEN o.region = s.factor_region ELSE c.rung IS NOT NULL END
        ), nearest AS (
          SELECT need, rule, factor_id, any_value(lead) AS lead, any_value(gwp_set) AS gwp_set, min(rung) AS rung, any_value(of_kind) AS of_kind FROM met GROUP BY need, rule, factor_id
        )
        SELECT *, min(rung) OVER (PARTITION BY need, rule) AS nearest_of_any_kind, min(CASE WHEN of_kind THEN rung END) OVER (PARTITION BY need, rule) AS nearest FROM nearest
    """, [asked.known_on])  # noqa: S608
    gwp = text(asked.edition.rules.gwp_set)
    con.execute(f"""
        CREATE OR REPLACE TABLE ways AS
        WITH first_rule AS (
          SELECT need, min(rule) AS rule FROM candidates WHERE of_kind GROUP BY need
        ), served AS (
          SELECT c.need, any_value(c.factor_id) AS factor_id, any_value(c.lead) AS lead, any_value(r.id) AS rule_id
          FROM candidates c JOIN first_rule USING (need, rule) JOIN rules r USING (rule)
          WHERE c.of_kind AND c.rung = c.nearest AND c.nearest_of_any_kind = c.nearest
          GROUP BY c.need HAVING count(*) = 1 AND bool_and(r.output <> 'emission_co2e' OR c.gwp_set IS NOT DISTINCT FROM {gwp})
        )
        SELECT t.key, t.output, t.gas, t.lost, s.factor_id, s.lead, s.rule_id, EXISTS (
            FROM exclusions e WHERE NOT EXISTS (FROM exclusion_where w WHERE w.place = e.place AND NOT list_contains(w.allowed, said(k.dimensions, w.name)))
              AND (len(e.periods) = 0 OR list_contains(e.periods, k.period))
              AND CASE WHEN t.lost THEN list_contains(e.measures, k.measure) AND len(e.gases) = 0 AND (len(e.outputs) = 0 OR list_contains(e.outputs, t.output))
                  ELSE (len(e.measures) = 0 OR list_contains(e.measures, k.measure)) AND (len(e.outputs) = 0 OR list_contains(e.outputs, t.output))
                       AND (len(e.gases) = 0 OR list_contains(e.gases, t.gas) OR list_contains(e.gases, g.gas_group)) END) AS left_out
        FROM targets t JOIN keys k USING (key) LEFT JOIN gas_groups g ON g.gas = t.gas LEFT JOIN needs n ON n.key = t.key AND n.output = t.output AND n.gas = t.gas AND NOT t.lost LEFT JOIN served s USING (need)
    """)  # noqa: S608


def _targets(con: duckdb.DuckDBPyConnection) -> None:
    """What the rules lead to from each key: `*` keeps the gas, or parts a blend into the gases that the rule's source says it is made of."""
    con.execute("""
        CREATE OR REPLACE TABLE targets AS
        WITH wanted AS (SELECT k.key, k.measure, k.gas_in, r.output, r.source, unnest(r.gases) AS gas FROM keys k JOIN rules r ON list_contains(r.measures, k.measure)),
        parts AS (SELECT DISTINCT source_id AS source, measure, gas_in, gas FROM factors WHERE coalesce(gas_in, '') <> '')
        SELECT DISTINCT w.key, w.output, CASE WHEN w.gas = '*' THEN coalesce(p.gas, w.gas_in) ELSE w.gas END AS gas, false AS lost
        FROM wanted w LEFT JOIN parts p ON w.gas = '*' AND p.source = w.source AND p.measure = w.measure AND p.gas_in = w.gas_in
        UNION ALL SELECT k.key, l.output, '', true FROM keys k JOIN lost l USING (measure)
    """)
    as_from = " ".join(f"WHEN {text(name)} THEN {text(other)}" for name, other in AS_FROM_THE_GRID.items())
    con.execute(f"""
        CREATE OR REPLACE TABLE needs AS
        SELECT row_number() OVER () AS need, *, CASE measure {as_from} ELSE measure END AS as_from, CASE WHEN measure = 'emission_gas' AND output = 'emission_co2e' THEN need_gas ELSE gas_in END AS need_gas_in
        FROM (SELECT k.*, t.output, t.gas, CASE WHEN t.output = 'emission_co2e' AND t.gas = 'CH4' THEN k.methane ELSE t.gas END AS need_gas FROM targets t JOIN keys k USING (key) WHERE NOT t.lost)
    """)  # noqa: S608


def _fill_methods(con: duckdb.DuckDBPyConnection) -> None:
    """Methods with the amount's own words in their braces."""
    said = [row[0] for row in con.execute("SELECT DISTINCT dimensions FROM keys").fetchall()]
    methods = [(rule, method) for rule, method in con.execute("SELECT rule, method FROM rules WHERE method LIKE '%{%'").fetchall()]
    rows = []
    for dimensions in said:
        known = dict(part.split("=", 1) for part in dimensions.split(";") if "=" in part)
        rows += [(rule, dimensions, re.sub(r"\{(\w+)\}", lambda found: known.get(found[1], ""), method)) for rule, method in methods]  # noqa: B023
    table(con, "filled_methods", {"rule": "BIGINT", "dimensions": "VARCHAR", "method": "VARCHAR"}, rows)
