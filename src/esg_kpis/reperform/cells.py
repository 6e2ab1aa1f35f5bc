"""Every cell of every KPI as a fraction of whole numbers of any length, made, divided and rounded by DuckDB.

A KPI is a tree of nodes: terms at its leaves, and quotients and differences above them. A node is a numerator and a denominator as text; nodes of one depth are made together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

import duckdb
import polars as pl

from esg_kpis.domains import DOMAIN_OF, DOMAINS
from esg_kpis.editions import Breakdown, Kpi, Period
from esg_kpis.reperform.load import Asked, one_of, table, text
from esg_kpis.reperform.ratios import ratio
from esg_kpis.reperform.terms import Narrow, Term, coefficients, is_zero, taken

_CHUNK = 150
Cell = tuple[str, str, str, str]
"""KPI, period, breakdown, category."""


@dataclass(frozen=True)
class Node:
    """What a KPI is made of: top x `top_times` over bottom x `bottom_times`, or their difference; less one and in percent for growth."""

    kind: Literal["quotient", "difference", "growth"]
    top: str
    bottom: str
    top_times: Fraction = Fraction(1)
    bottom_times: Fraction = Fraction(1)


@dataclass
class Plan:
    """The nodes that the cells of an edition need: terms, and by depth what is made of others. `cells` says which node each cell is; None where the edition says that it was not collected."""

    terms: dict[str, Term] = field(default_factory=dict)
    above: list[dict[str, Node]] = field(default_factory=list)
    cells: dict[Cell, str | None] = field(default_factory=dict)
    depths: dict[str, int] = field(default_factory=dict)


def evaluate(con: duckdb.DuckDBPyConnection, asked: Asked, decimals: Mapping[Cell, int]) -> dict[Cell, tuple[str | None, str | None, str]]:
    """Value (18 decimals, half-even), print (half-up) and state of every cell; the state is ok, blocked or none."""
    plan = _planned(con, asked)
    table(con, "nodes", {"node": "VARCHAR", "top": "VARCHAR", "bottom": "VARCHAR", "state": "VARCHAR"}, [])
    _terms(con, asked, plan)
    for nodes in plan.above:
        _combined(con, nodes)
    places = [("\x1f".join(cell), node, decimals.get(cell, asked.kpis[cell[0]].decimals)) for cell, node in plan.cells.items()]
    table(con, "cells", {"cell": "VARCHAR", "node": "VARCHAR", "decimals": "BIGINT"}, places)
    rows = con.execute("""
        WITH known AS MATERIALIZED (SELECT c.cell, c.decimals, n.top, n.bottom, tenfold(n.bottom) AS multiples FROM cells c JOIN nodes n USING (node) WHERE n.state = 'ok'),
        done AS MATERIALIZED (SELECT *, long_division(bare_of(top) || repeat('0', 18), multiples) AS kept_at, long_division(bare_of(top) || repeat('0', decimals), multiples) AS print_at FROM known),
        shown AS (SELECT cell, pointed(kept(top, bottom, kept_at), 18) AS value, pointed(print_of(top, bottom, print_at), decimals) AS printed FROM done)
        SELECT c.cell, s.value, s.printed, coalesce(n.state, 'none') FROM cells c LEFT JOIN nodes n USING (node) LEFT JOIN shown s USING (cell)
    """).fetchall()
    return {(cell[0], cell[1], cell[2], cell[3]): (value, printed, state) for name, value, printed, state in rows for cell in [name.split("\x1f")]}


# ---------------------------------------------------------------- the plan


def _planned(con: duckdb.DuckDBPyConnection, asked: Asked) -> Plan:
    plan = Plan()
    for kpi in asked.kpis.values():
        for period in asked.edition.periods.values():
            if kpi.periods and period.id not in kpi.periods:
                continue
            for breakdown in kpi.breakdowns:
                if breakdown.periods and period.id not in breakdown.periods:
                    continue
                for category in _categories(con, breakdown, period):
                    plan.cells[(kpi.id, period.id, breakdown.name, category)] = _node(kpi, period, breakdown, category, None, asked, plan)
    return plan


def _categories(con: duckdb.DuckDBPyConnection, breakdown: Breakdown, period: Period) -> list[str]:
    if breakdown.each is None:
        return list(breakdown.categories)
    each = f'"{breakdown.each}"'
    known = f"SELECT {each} FROM cube WHERE period = {text(period.id)} AND {each} <> ''"  # noqa: S608
    if _by_cells(con):
        known += f" UNION SELECT category FROM people_cells WHERE term_period = {text(period.id)} AND breakdown = {text(breakdown.name)}"  # noqa: S608
    return [row[0] for row in con.execute(f"SELECT DISTINCT * FROM ({known}) ORDER BY 1").fetchall()]  # noqa: S608


def _node(kpi: Kpi, period: Period, breakdown: Breakdown, category: str, narrow: Narrow, asked: Asked, plan: Plan, *, strict: bool = False) -> str | None:
    """The node of a KPI; None where it has no value by definition."""
    if any(period.id in missing.periods for missing in kpi.not_collected):
        return None
    if kpi.formula in ("sum", "count"):
        term = Term(kpi.id, period.id, breakdown, category, narrow, strict)
        plan.terms[term.key] = term
        return term.key
    kpis = asked.kpis
    top_kpi = kpis[kpi.numerator or ""]
    top = _node(top_kpi, period, breakdown, category, narrow, asked, plan, strict=strict)
    if kpi.formula == "growth":
        before = _before(asked, period)
        if before is None:
            return None
        bottom = _node(top_kpi, before, breakdown, category, narrow, asked, plan, strict=breakdown.each is not None)
        return _added(plan, Node("growth", top, bottom)) if top and bottom else None
    bottom_kpi = kpis[kpi.denominator or ""]
    narrower = narrow if kpi.denominator_within is None else tuple(name for name in kpi.denominator_within if narrow is None or name in narrow)
    bottom = _node(bottom_kpi, period, breakdown, category, narrower, asked, plan, strict=strict)
    if not top or not bottom:
        return None
    if kpi.formula == "difference":
        return _added(plan, Node("difference", top, bottom, ratio(top_kpi.unit, kpi.unit), ratio(bottom_kpi.unit, kpi.unit)))
    if kpi.formula == "share":
        return _added(plan, Node("quotient", top, bottom, 100 * ratio(top_kpi.unit, bottom_kpi.unit)))
    return _added(plan, Node("quotient", top, bottom, kpi.times * ratio(f"{top_kpi.unit}/{bottom_kpi.unit}", kpi.whole_unit)))


def _before(asked: Asked, period: Period) -> Period | None:
    return max((other for other in asked.edition.periods.values() if other.last < period.first), key=lambda other: other.last, default=None)


def _added(plan: Plan, node: Node) -> str:
    key = "\x1e".join((node.kind, node.top, node.bottom, str(node.top_times), str(node.bottom_times)))
    depth = max(plan.depths.get(name, 0) for name in (node.top, node.bottom)) + 1
    plan.depths[key] = depth
    while len(plan.above) < depth:
        plan.above.append({})
    plan.above[depth - 1][key] = node
    return key


# ---------------------------------------------------------------- terms


def _terms(con: duckdb.DuckDBPyConnection, asked: Asked, plan: Plan) -> None:
    """The nodes of all terms. Those of each category of an attribute are made together, and dealt out."""
    groups: dict[tuple[str, str, str | None, str], list[Term]] = {}
    for term in plan.terms.values():
        alone = bool(term.attributes) if term.each is None else _given(con, asked.kpis[term.kpi])
        groups.setdefault((term.kpi, term.period, term.each, term.key if alone else ""), []).append(term)
    told = list(groups.values())
    sums = _added_up(con, asked, [terms[0] for terms in told])
    rows = []
    for place, terms in enumerate(told):
        kpi = asked.kpis[terms[0].kpi]
        bottom = _divided_by(con, terms[0], asked)
        for term in terms:
            top, state = sums.get((place, term.category if term.each and not _given(con, kpi) else ""), ("0", "empty"))
            if state == "empty":
                state = "ok" if kpi.formula == "count" or is_zero(con, term, kpi) else "none"
            if bottom is None and state == "ok" and kpi.formula == "sum":
                state = "blocked"
            rows.append((term.key, top, str(bottom or 1), state))
    if rows:
        _filled(con, "term_nodes", ("node", "top", "bottom", "state"), rows)
        con.execute("INSERT INTO nodes SELECT node, signed(negative(top), bare_of(top)), bottom, state FROM term_nodes")


def _added_up(con: duckdb.DuckDBPyConnection, asked: Asked, terms: Sequence[Term]) -> dict[tuple[int, str], tuple[str, str]]:
    """The sum of each term over its measures in whole numbers, and its state, by the place of the term and the category."""
    table(con, "sums", {"place": "BIGINT", "category": "VARCHAR", "measure": "VARCHAR", "total": "HUGEINT", "amounts": "HUGEINT", "blocked": "BOOLEAN"}, [])
    for start in range(0, len(terms), _CHUNK):
        queries = []
        for place, term in enumerate(terms[start : start + _CHUNK], start):
            kpi = asked.kpis[term.kpi]
            rows = _from_cells(term, kpi) if _given(con, kpi) else taken(term, kpi)
            queries.append(f"SELECT {place}, category, measure, coalesce(sum(quantity), 0), sum(amounts), bool_or(blocked) FROM ({rows}) GROUP BY category, measure")  # noqa: S608
        con.execute("INSERT INTO sums " + " UNION ALL ".join(queries))
    factors, counted = [], []
    for place, term in enumerate(terms):
        kpi = asked.kpis[term.kpi]
        times, _ = coefficients(kpi, asked.edition.periods[term.period].months)
        factors += [(place, measure, str(factor)) for measure, factor in times.items()]
        counted += [(place,)] if kpi.formula == "count" else []
    _filled(con, "coefficients", ("place", "measure", "factor"), factors)
    _filled(con, "counted_terms", ("place",), counted)
    added = con.execute("""
        WITH numbers AS MATERIALIZED (
          SELECT s.place, s.category, s.blocked, f.factor, (CASE WHEN c.place IS NULL THEN s.total ELSE s.amounts END)::VARCHAR AS total
          FROM sums s JOIN coefficients f ON f.place = s.place AND f.measure = s.measure LEFT JOIN counted_terms c ON c.place = s.place
        ), products AS MATERIALIZED (SELECT *, signed(negative(total), long_product(tenfold(bare_of(total)), factor))::BIGNUM AS product FROM numbers)
        SELECT place, category, sum(product)::VARCHAR, CASE WHEN bool_or(blocked) THEN 'blocked' ELSE 'ok' END FROM products GROUP BY place, category
    """).fetchall()
    return {(place, category): (top, state) for place, category, top, state in added}


def _filled(con: duckdb.DuckDBPyConnection, name: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """A table of many rows at once."""
    con.register("__rows", pl.DataFrame(rows, schema=list(columns), orient="row").to_arrow() if rows else pl.DataFrame(schema={column: pl.Int64() if column == "place" else pl.String() for column in columns}).to_arrow())
    con.execute(f"CREATE OR REPLACE TABLE {name} AS FROM __rows")
    con.unregister("__rows")


def _given(con: duckdb.DuckDBPyConnection, kpi: Kpi) -> bool:
    """Whether the counts of a KPI are at hand by cells only."""
    of_people = all(DOMAINS[DOMAIN_OF[name]].counted if name in DOMAIN_OF else False for amounts in kpi.amounts for name in amounts.measure)
    return of_people and _by_cells(con)


def _by_cells(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether people are at hand as sums of cells only."""
    return one_of(con, "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'people_cells'") == (1,)


def _from_cells(term: Term, kpi: Kpi) -> str:
    """The counts of a term as they are given, by cells."""
    narrow = "*" if term.narrow is None else ";".join(term.narrow)
    given = {"term": kpi.id, "term_period": term.period, "breakdown": term.breakdown.name, "category": term.category, "within": narrow}
    conditions = " AND ".join(f'"{name}" = {text(value)}' for name, value in given.items())
    return f"""
        SELECT '' AS category, measure, unscaled(max(quantity)) * 1000000000000000::HUGEINT AS quantity, max(quantity) IS NULL AS blocked, max(amounts) AS amounts, false AS waived
        FROM people_cells WHERE {conditions} GROUP BY measure"""  # noqa: S608


def _divided_by(con: duckdb.DuckDBPyConnection, term: Term, asked: Asked) -> int | None:
    """What the whole numbers of a term are divided by. None where it is divided by a factor, and not exactly one serves."""
    kpi = asked.kpis[term.kpi]
    _, bottom = coefficients(kpi, asked.edition.periods[term.period].months)
    if kpi.per_factor is None:
        return int(bottom)
    found = one_of(con, "SELECT top FROM divisors WHERE measure = ? AND output = ? AND period = ?", [kpi.per_factor.measure, kpi.per_factor.output, term.period])
    return None if found is None or found[0] is None else int(bottom * Fraction(found[0]))


# ---------------------------------------------------------------- what is made of others


def _combined(con: duckdb.DuckDBPyConnection, nodes: Mapping[str, Node]) -> None:
    """The nodes of one depth."""
    rows = [
        (key, node.kind, node.top, node.bottom, str(node.top_times.numerator), str(node.top_times.denominator), str(node.bottom_times.numerator), str(node.bottom_times.denominator))
        for key, node in nodes.items()
    ]
    names = ("node", "kind", "of_top", "of_bottom", "tn", "td", "bn", "bd")
    table(con, "wanted", dict.fromkeys(names, "VARCHAR"), rows)
    con.execute("""
        INSERT INTO nodes
        WITH pairs AS MATERIALIZED (
          SELECT w.*, t.top AS a, t.bottom AS b, u.top AS c, u.bottom AS d,
                 CASE WHEN t.state <> 'ok' OR u.state <> 'ok' THEN CASE WHEN 'blocked' IN (t.state, u.state) THEN 'blocked' ELSE 'none' END
                      WHEN w.kind <> 'difference' AND u.top = '0' THEN 'none' ELSE 'ok' END AS state
          FROM wanted w JOIN nodes t ON t.node = w.of_top JOIN nodes u ON u.node = w.of_bottom
        ), crossed AS MATERIALIZED (
          SELECT *, signed(negative(a), long_product(tenfold(d), bare_of(a))) AS ad, signed(negative(c), long_product(tenfold(b), bare_of(c))) AS bc, long_product(tenfold(b), d) AS bd_ FROM pairs
        ), scaled AS MATERIALIZED (
          SELECT *, signed(negative(ad), long_product(tenfold(bare_of(ad)), CASE kind WHEN 'difference' THEN long_product(tenfold(tn), bd) ELSE tn END)) AS left_,
                 signed(negative(bc), long_product(tenfold(bare_of(bc)), CASE kind WHEN 'difference' THEN long_product(tenfold(bn), td) ELSE td END)) AS right_,
                 CASE WHEN kind = 'difference' THEN long_product(tenfold(bd_), long_product(tenfold(td), bd)) END AS whole
          FROM crossed
        ), made_of AS (
          SELECT node, state, CASE kind WHEN 'quotient' THEN left_ WHEN 'difference' THEN minus(left_, right_) ELSE minus(left_, right_) || '00' END AS top,
                 CASE kind WHEN 'difference' THEN whole ELSE right_ END AS bottom FROM scaled
        )
        SELECT node, CASE WHEN negative(bottom) THEN signed(NOT negative(top), bare_of(top)) ELSE signed(negative(top), bare_of(top)) END, bare_of(bottom), state FROM made_of
    """)
