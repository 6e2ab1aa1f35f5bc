"""People counted a second time, from typed rows about persons, in SQL: stocks of a day, joiners and leavers, training, injuries.

A spell counts on its first and its last day. A person joins where no spell of theirs ends the day before, and leaves where none begins the day after; who leaves on the last day
of a period is in the stock of that day and a leaver of that period (2023 ESG report, footnote 85; GRI 401-1).
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Protocol

import duckdb
import polars as pl

from esg_kpis.domains import DOMAIN_OF, DOMAINS, people
from esg_kpis.editions import Edition, Kpi
from esg_kpis.reperform.load import Asked, one_of, text

Cross = tuple[str, ...]
_FACTS = ("country", "employment_type")


class Rows(Protocol):
    """Typed rows about persons, as the people room hands them to an assurer; see `people.Persons`."""

    @property
    def spells(self) -> pl.DataFrame: ...  # noqa: D102
    @property
    def training(self) -> pl.DataFrame: ...  # noqa: D102
    @property
    def injuries(self) -> pl.DataFrame: ...  # noqa: D102
    @property
    def known_days(self) -> list[date] | None: ...  # noqa: D102
    @property
    def known_until(self) -> date: ...  # noqa: D102
    @property
    def complete(self) -> list[tuple[date, date]]: ...  # noqa: D102


def count_persons(con: duckdb.DuckDBPyConnection, rows: Rows, asked: Asked) -> None:
    """Adds to the table `people` the counts that the edition asks for, by site, attributes and period."""
    for name in ("spells", "training", "injuries"):
        con.register(f"__{name}", getattr(rows, name).to_arrow())
        con.execute(f"CREATE TABLE person_{name} AS FROM __{name}")
        con.unregister(f"__{name}")
    con.execute("""
        CREATE TABLE joined AS SELECT s.*, s."from" AS day FROM person_spells s WHERE s."from" > DATE '0001-01-01' AND NOT EXISTS (FROM person_spells b WHERE b.person = s.person AND b."to" = s."from" - 1);
        CREATE TABLE gone AS SELECT s.*, s."to" AS day FROM person_spells s WHERE s."to" IS NOT NULL AND NOT EXISTS (FROM person_spells a WHERE a.person = s.person AND a."from" = s."to" + 1)
    """)
    facts = "s.site_id, s.country, s.gender, s.age_group, s.level, s.profession, s.employment_type"
    for name in ("training", "injuries"):  # With what their persons were on the day.
        con.execute(f"""
            CREATE TABLE known_{name} AS SELECT e.*, {facts} FROM person_{name} e JOIN person_spells s ON s.person = e.person AND s."from" <= e.date AND (s."to" IS NULL OR e.date <= s."to")
        """)  # noqa: S608
    crosses = crosses_of(asked.edition)
    for period in asked.edition.periods.values():
        if period.last > rows.known_until:
            continue
        for measure, asked_by in crosses.items():
            for cross in sorted(asked_by):
                for query in _queries(con, measure, cross, period.first, period.last, rows):
                    con.execute(f"INSERT INTO people BY NAME {query}")


def crosses_of(edition: Edition) -> dict[str, set[Cross]]:
    """Per measure the attributes that the KPIs of an edition count people by, alone or crossed; () for none is always among them."""
    found: dict[str, set[Cross]] = {}
    for kpi in edition.kpis.values():
        for breakdown in kpi.breakdowns:
            for category in breakdown.categories.values() if breakdown.each is None else [{}]:
                _asked_by(kpi, tuple(category), edition, found)
    return {measure: crosses | {()} for measure, crosses in found.items()}


def _asked_by(kpi: Kpi, attributes: Sequence[str], edition: Edition, found: dict[str, set[Cross]]) -> None:
    for amounts in kpi.amounts:
        cross = tuple(name for name in people.CROSSED if name in {*attributes, *amounts.where})
        for measure in amounts.measure:
            if measure in DOMAIN_OF and DOMAINS[DOMAIN_OF[measure]].counted:
                found.setdefault(measure, set()).add(cross)
    if kpi.numerator:
        _asked_by(edition.kpis[kpi.numerator], attributes, edition, found)
    if kpi.denominator:
        within = attributes if kpi.denominator_within is None else [name for name in attributes if name in kpi.denominator_within]
        _asked_by(edition.kpis[kpi.denominator], within, edition, found)


# ---------------------------------------------------------------- one measure, by one cross, in one period


def _queries(con: duckdb.DuckDBPyConnection, measure: str, cross: Cross, first: date, last: date, rows: Rows) -> Iterable[str]:
    days = f"BETWEEN DATE '{first}' AND DATE '{last}'"
    there = _there(last)
    if measure == "employees" and (rows.known_days is None or last in rows.known_days):
        yield _counted(measure, cross, last, last, f"SELECT *, 1 AS n FROM ({there})")  # noqa: S608
    elif measure == "employees_month_ends":
        ends = [row[0] for row in con.execute(f"SELECT last_day(m::DATE) FROM generate_series(DATE '{first}', DATE '{last}', INTERVAL 1 MONTH) AS g(m)").fetchall()]  # noqa: S608
        if rows.known_days is None or all(day in rows.known_days for day in ends):
            every = " UNION ALL ".join(_there(day) for day in ends)
            yield _counted(measure, cross, first, last, f"SELECT *, 1 AS n FROM ({every})")  # noqa: S608
    elif measure in ("employees_joined", "employees_left"):
        moved = "joined" if measure == "employees_joined" else "gone"
        yield _counted(measure, cross, first, last, f"SELECT *, 1 AS n FROM {moved} WHERE day {days}")  # noqa: S608
        if not cross:  # Where somebody is there, nobody moved means zero.
            keys = "site_id, country, employment_type"
            present = f"SELECT {keys} FROM ({there}) UNION SELECT {keys} FROM joined WHERE day {days} UNION SELECT {keys} FROM gone WHERE day {days}"  # noqa: S608
            yield _counted(measure, cross, first, last, f"SELECT *, 0 AS n FROM ({present} EXCEPT SELECT {keys} FROM {moved} WHERE day {days})")  # noqa: S608
    elif measure in people.OF_TRAINING:
        yield from _of_training(con, measure, cross, first, last, there)
    elif measure in people.OF_INJURIES:
        size = {"work_injuries": "1", "work_fatalities": "(outcome = 'fatal')::INT", "lost_days_injury": "lost_days"}[measure]
        told = one_of(con, f"SELECT count(*) FROM known_injuries WHERE date {days}")  # noqa: S608
        if told != (0,):
            yield _counted(measure, cross, first, last, f"SELECT *, {size} AS n FROM known_injuries WHERE date {days}", more=("recognition",))  # noqa: S608
        elif any(start <= first and last <= end for start, end in rows.complete):
            yield f"SELECT {text(measure)} AS measure, DATE '{first}' AS first, DATE '{last}' AS last, '' AS site_id, '' AS attributes, 0::DECIMAL(38, 9) AS quantity"


def _of_training(con: duckdb.DuckDBPyConnection, measure: str, cross: Cross, first: date, last: date, there: str) -> Iterable[str]:
    rows = f"SELECT * FROM known_training WHERE date BETWEEN DATE '{first}' AND DATE '{last}'"  # noqa: S608
    if one_of(con, f"SELECT count(*) FROM ({rows})") == (0,):  # noqa: S608
        return
    programme = ", programme" if "programme" in cross else ""
    if measure == "training_hours":
        yield _counted(measure, cross, first, last, f"SELECT *, hours AS n FROM ({rows})")  # noqa: S608
    elif measure == "employees_trained":
        some = f"EXISTS (FROM person_training t WHERE t.person = s.person AND t.date BETWEEN DATE '{first}' AND DATE '{last}')"
        yield _counted(measure, cross, first, last, f"SELECT *, {some}::INT AS n FROM ({there}) s")  # noqa: S608
    else:
        of = "person" if measure == "training_participants" else "course"
        yield _counted(measure, cross, first, last, f"SELECT *, 1 AS n FROM ({rows}) QUALIFY row_number() OVER (PARTITION BY {of}{programme} ORDER BY place) = 1")  # noqa: S608


def _there(day: date) -> str:
    """Who is employed on a day."""
    return f"SELECT * FROM person_spells WHERE \"from\" <= DATE '{day}' AND (\"to\" IS NULL OR \"to\" >= DATE '{day}')"  # noqa: S608


def _counted(measure: str, cross: Cross, first: date, last: date, rows: str, more: Sequence[str] = ()) -> str:
    """The sum of `n` of some rows, by site and attributes, as a query with the columns of `people`."""
    names = [*_FACTS, *more, *cross]
    told = ", ".join(f"CASE WHEN {name} IS NOT NULL THEN '{name}=' || {name} END" for name in names)
    return f"""
        SELECT {text(measure)} AS measure, DATE '{first}' AS first, DATE '{last}' AS last, site_id, concat_ws(';', {told}) AS attributes, sum(n)::DECIMAL(38, 9) AS quantity
        FROM ({rows}) GROUP BY site_id, {", ".join(names)}"""  # noqa: S608
