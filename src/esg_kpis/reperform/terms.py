"""The terms of KPIs: which amounts each of their sums and counts takes, as SQL made from `kpis.yaml`."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import duckdb

from esg_kpis.domains import ATTRIBUTES, DOMAINS, MEASURES, people
from esg_kpis.editions import Amounts, Breakdown, Kpi
from esg_kpis.reperform.load import one_of, text, words
from esg_kpis.reperform.ratios import ratio

Narrow = tuple[str, ...] | None
_NAMED = {field.name: field.attribute for domain in DOMAINS.values() for field in domain.fields if field.attribute}
_ASKED = [item.name for domain in DOMAINS.values() if domain.counts or any(field.attribute for field in domain.fields) for item in domain.measures]
_OF_PEOPLE = [measure.name for measure in people.DOMAIN.measures]
_COUNTED_BY = [name for name in people.ATTRIBUTES if name != "country"]
_OWN = ("gas_group", "origin", "scope", "basis", "country", "grid_region", "kind", "business_line", "site_id")


@dataclass(frozen=True)
class Term:
    """A sum or count in one period, one category of a breakdown (or in each), as far as `narrow` narrows it: None for all of the category's attributes.

    `strict`: what is not there is not there, though people were counted or a list was sent: of a category that the period before does not have.
    """

    kpi: str
    period: str
    breakdown: Breakdown
    category: str
    narrow: Narrow
    strict: bool = False

    @property
    def key(self) -> str:
        """A name of its own."""
        narrow = "*" if self.narrow is None else ";".join(self.narrow)
        attributes = json.dumps([self.breakdown.each, self.breakdown.categories.get(self.category)], sort_keys=True)  # Two KPIs may call different groups by one name.
        return "\x1f".join((self.kpi, self.period, self.breakdown.name, self.category, narrow, str(self.strict), attributes))

    @property
    def attributes(self) -> list[str]:
        """The attributes of the category that narrow it."""
        return [name for name in self.breakdown.categories.get(self.category, ()) if self.narrow is None or name in self.narrow]

    @property
    def each(self) -> str | None:
        """The attribute whose value the category is."""
        each = self.breakdown.each
        return each if each is not None and (self.narrow is None or each in self.narrow) else None


def make_cube(con: duckdb.DuckDBPyConnection) -> None:
    """Makes `cube`: all amounts of the edition, added up by what a KPI may ask for.

    Columns: period, measure and the attributes ('' for none); `cross` (by which attributes people were counted; '' for what is no count of people), `quantity` in 10^-24, `blocked`,
    `amounts` (how many there are), `waived`.
    """
    columns = {**{name: name for name in _COUNTED_BY}, **{attribute: name for name, attribute in _NAMED.items()}, "counted": "counted"}
    named = ", ".join(f'said(attributes, {text(name)}) AS "{column}"' for column, name in columns.items() if column != "country")
    crosses = "[" + ", ".join(f"CASE WHEN regexp_matches(attributes, '(^|;){name}=') THEN {text(name)} END" for name in people.CROSSED) + "]"
    of_people = " OR ".join(f"regexp_matches(attributes, '(^|;){name}=')" for name in people.ATTRIBUTES)
    con.execute(f"""
        CREATE TABLE amounts AS
        WITH told AS (
          SELECT f.* EXCLUDE (country), CASE WHEN measure IN {words([*_OF_PEOPLE, *_ASKED])} THEN dimensions ELSE '' END AS attributes, country AS site_country FROM base f
        )
        SELECT * EXCLUDE (site_country, scope, basis, kind, business_line, grid_region, site_id), CASE WHEN regexp_matches(attributes, '(^|;)country=') THEN said(attributes, 'country') ELSE coalesce(site_country, '') END AS country,
               coalesce(scope, '') AS scope, coalesce(basis, '') AS basis, coalesce(kind, '') AS kind, coalesce(business_line, '') AS business_line, coalesce(grid_region, '') AS grid_region, coalesce(site_id, '') AS site_id
        FROM told
    """)  # noqa: S608
    con.execute(f"""
        CREATE TABLE cube AS
        WITH summed AS (
          SELECT period, measure, {", ".join(_OWN)}, attributes, sum(quantity) AS quantity, bool_or(blocked) AS blocked, count(*) FILTER (NOT stands_in) AS amounts, bool_or(stands_in) AS waived
          FROM amounts GROUP BY ALL
        )
        SELECT *, CASE WHEN {of_people} THEN coalesce(nullif(list_aggregate(list_filter({crosses}, lambda x: x IS NOT NULL), 'string_agg', '|'), ''), 'all') ELSE '' END AS "cross", {named} FROM summed
    """)  # noqa: S608


def taken(term: Term, kpi: Kpi) -> str:
    """The rows of the cube that a term takes, as a query with `measure`, `quantity`, `blocked`, `amounts`, `waived`, and `category` where it is that of each."""
    category = f'"{term.each}"' if term.each else "''"
    wanted = [_among(name, term.breakdown.categories[term.category][name]) for name in term.attributes]
    when, parts = f"period = {text(term.period)}", []
    for amounts in kpi.amounts:
        conditions = " AND ".join([when, *_selection(amounts, term.attributes), *wanted])
        taken_there = f"SELECT {category} AS category, measure, quantity, blocked, amounts, waived FROM cube WHERE {conditions}"  # noqa: S608
        if term.each is None:
            parts.append(taken_there)
            continue
        parts.append(f"{taken_there} AND {category} <> ''")
        # What is blocked and of no known site may be of each.
        every = f"SELECT DISTINCT {category} AS category FROM cube WHERE {when} AND {category} <> ''"  # noqa: S608
        parts.append(f"SELECT e.category, measure, quantity, blocked, amounts, waived FROM (SELECT * FROM cube WHERE {conditions} AND blocked AND {category} = '' AND \"{_known_by(term.each)}\" = '') CROSS JOIN ({every}) e")  # noqa: S608
    return " UNION ALL ".join(parts)


def coefficients(kpi: Kpi, months: int) -> tuple[dict[str, int], Fraction]:
    """What the whole numbers of each measure are multiplied by to be added up, and what that sum is divided by to be in the unit of the KPI (before a factor that it is divided by)."""
    own = {name: Fraction(1) if kpi.formula == "count" else ratio(_unit(kpi, name), kpi.unit) for amounts in kpi.amounts for name in amounts.measure}
    common = lcm(*(found.denominator for found in own.values()))
    scale = 1 if kpi.formula == "count" else 10**24
    return {name: int(found * common) for name, found in own.items()}, Fraction(common * scale * (months if kpi.mean_over == "months" else 1))


def _unit(kpi: Kpi, measure: str) -> str:
    return MEASURES[kpi.per_factor.measure].unit if kpi.per_factor else MEASURES[measure].unit


def _selection(amounts: Amounts, attributes: Iterable[str]) -> list[str]:
    cross = cross_of([*attributes, *amounts.where])
    conditions = [f"measure IN {words(amounts.measure)}", f"\"cross\" IN ('', {text(cross)})"]
    conditions += [_among(name, values) for name in ("origin", "gas_group", "scope") if (values := getattr(amounts, name))]
    conditions += [_among(name, values) for name, values in amounts.where.items()]
    if amounts.basis:
        conditions.append(f"basis IN {words(['', 'both', *amounts.basis])}")
    return conditions


def cross_of(names: Iterable[str]) -> str:
    """How the cube writes the attributes that people were counted by."""
    asked = set(names)
    return "|".join(name for name in people.CROSSED if name in asked) or "all"


def _among(name: str, values: Sequence[str]) -> str:
    """Whether an attribute is among the values, or among none of those to leave out; of what is blocked nobody can say what it is."""
    left_out = [value.removeprefix("not ") for value in values if value.startswith("not ")]
    among = f'"{name}" NOT IN {words(left_out)}' if left_out else f'"{name}" IN {words(values)}'
    unknown = "(blocked OR waived)" if name in ATTRIBUTES else "blocked"
    return f"({among} OR (\"{_known_by(name)}\" = '' AND {unknown}))"


def _known_by(name: str) -> str:
    """The column that is empty where nobody can say what an attribute of a row is."""
    return name if name in ("gas_group", "origin", "scope", *ATTRIBUTES) else "cross" if name in _COUNTED_BY else "kind"


# ---------------------------------------------------------------- zeros


def is_zero(con: duckdb.DuckDBPyConnection, term: Term, kpi: Kpi) -> bool:
    """Whether nothing means zero: people were counted in the period by these attributes and nobody is in the category, or a list of the period has no such row."""
    if term.strict or any(_misspelt(con, term.period, name, values) for amounts in kpi.amounts for name, values in amounts.where.items()):
        return False
    wanted = {name: term.breakdown.categories[term.category][name] for name in term.attributes}
    return all(_none_there(con, term, amounts, measure, wanted) for amounts in kpi.amounts for measure in amounts.measure)


def _none_there(con: duckdb.DuckDBPyConnection, term: Term, amounts: Amounts, measure: str, wanted: Mapping[str, Sequence[str]]) -> bool:
    here = f"period = {text(term.period)} AND measure = {text(measure)}"
    at_sites = [_among(name, values) for where in (amounts.where, wanted) for name, values in where.items() if name in ("country", "grid_region", "kind", "business_line", "site_id")]
    there = " AND ".join([here, *at_sites])
    if one_of(con, f"SELECT count(*) > 0 AND bool_and(counted <> '') FROM cube WHERE {there}") == (True,):  # noqa: S608
        return True
    cross = text(cross_of([*term.attributes, *amounts.where]))
    nobody = "OR (\"cross\" = '' AND amounts > 0 AND NOT coalesce(blocked, FALSE))" if measure in _OF_PEOPLE else ""  # The zero of a list that is complete and empty has no attribute.
    found = one_of(con, f"SELECT count(*) FILTER (\"cross\" = 'all' {nobody}), count(*) FILTER (\"cross\" = {cross}), bool_or(\"cross\" = 'all' AND quantity <> 0) FROM cube WHERE {here}")  # noqa: S608
    whole, by_cross, anybody = found or (0, 0, False)
    return bool(whole) and (bool(by_cross) or not anybody)


def _misspelt(con: duckdb.DuckDBPyConnection, period: str, name: str, values: Sequence[str]) -> bool:
    """Whether a word that is asked for is none of its column, where the data keep to the words."""
    known = set(people.WORDS.get(name, ()))
    if not known:
        return False
    used = {row[0] for row in con.execute(f'SELECT DISTINCT "{name}" FROM cube WHERE period = {text(period)} AND "{name}" <> \'\'').fetchall()}  # noqa: S608
    return used <= known and not {value.removeprefix("not ") for value in values} <= known
