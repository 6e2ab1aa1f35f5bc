"""The second engine: DuckDB and the library agree on every cell, to the last digit; and it tells when they do not."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esg_kpis.amounts import amounts_of, amounts_of_people, coverage_of
from esg_kpis.editions import Edition, EditionFile, counting_of, read_editions
from esg_kpis.editions.consolidation import days_of
from esg_kpis.editions.gaps import months_expected
from esg_kpis.factors import Library, Received, counted_in, read_library, with_instruments
from esg_kpis.kpis import evaluate, inputs_of
from esg_kpis.people import persons_of
from esg_kpis.reperform import Asked, Typed, recomputed
from esg_kpis.reperform.arithmetic import MACROS
from esg_kpis.reperform.ratios import ratio
from esg_kpis.tables import PUBLISHED, empty
from esg_kpis.units import multiplier, registry, units_like
from esg_kpis.workspace import open_workspace
from tests.conftest import REPOSITORY, Ran, run_workspace

KEY = ["kpi_id", "period", "breakdown", "category"]


def typed_of(ran: Ran, library: Library, **changed: Any) -> Typed:  # noqa: ANN401
    """The typed records of a run."""
    names = ("quantities", "sites", "ownership", "instruments", "claims", "rejected", "estimates", "people_counts")
    frames = {name: ran.table(name) for name in names} | {"factors": library.frame()}
    return Typed(**(frames | changed), people_cells=None, regions=library.region_table(), gas_groups=library.gas_groups)  # type: ignore[arg-type]


def differing(values: pl.DataFrame, second: pl.DataFrame) -> list[dict[str, Any]]:
    """The cells on which the two do not agree."""
    both = values.with_columns(pl.col("value").cast(pl.String)).join(second, on=KEY, how="full", coalesce=True, suffix="_again")
    same = pl.col("value").eq_missing(pl.col("value_again")) & pl.col("printed").eq_missing(pl.col("printed_again")) & pl.col("state").is_not_null() & pl.col("status").is_not_null()
    blocked = pl.col("status").eq("blocked") == pl.col("state").eq("blocked")
    return both.filter(~(same & blocked).fill_null(value=False)).select(*KEY, "value", "value_again", "printed", "printed_again", "status", "state").to_dicts()


# ---------------------------------------------------------------- whole editions


@pytest.mark.parametrize(("edition", "numbers"), [("2020", 45), ("2023", 422), ("transparency-2020", 48)])
def test_both_engines_agree_on_every_cell_of_the_worked_editions(worked: Ran, edition: str, numbers: int) -> None:
    library = read_library(worked.root / "factors")
    read = read_editions(worked.root / "editions", (edition,))[0]
    values = worked.table("kpi_values").filter(pl.col("edition") == edition)

    second = recomputed(typed_of(worked, library), Asked(read, read.rules.knowledge_date, date(2024, 4, 9)), worked.table("published"))

    assert differing(values, second) == []
    assert second["value"].count() == numbers


@pytest.mark.parametrize("edition", ["2020", "2023"])
def test_both_engines_agree_when_persons_are_counted_twice(worked: Ran, edition: str) -> None:
    library = read_library(worked.root / "factors")
    read = read_editions(worked.root / "editions", (edition,))[0]
    persons = persons_of(open_workspace(worked.root), date(2024, 4, 9), worked.table("sites"), counting_of([read]))
    typed = replace(typed_of(worked, library), people_counts=None)

    second = recomputed(typed, Asked(read, read.rules.knowledge_date, date(2024, 4, 9)), worked.table("published"), persons)
    there = (pl.col("from") <= date(2020, 12, 31)) & (pl.col("to") >= date(2020, 12, 31)).fill_null(value=True) & (pl.col("employment_type") == "full_time")
    fewer = replace(persons, spells=pl.concat([persons.spells.filter(~there), persons.spells.filter(there).slice(1)]))

    assert persons.spells.height > 60_000
    assert differing(worked.table("kpi_values").filter(pl.col("edition") == edition), second) == []
    assert differing(worked.table("kpi_values").filter(pl.col("edition") == edition), recomputed(typed, Asked(read, read.rules.knowledge_date, date(2024, 4, 9)), worked.table("published"), fewer)) != []


@pytest.fixture(scope="module")
def methods(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The example that holds every method of the GHG page."""
    place = tmp_path_factory.mktemp("methods")
    return run_workspace(REPOSITORY / "examples" / "ghg-methods", place / "out", place / "dagster")


@cache
def _read(root: Path) -> tuple[Library, Edition]:
    return read_library(root / "factors"), read_editions(root / "editions", ("2023",))[0]


def both_ways(ran: Ran, edition: Edition, library: Library, **changed: pl.DataFrame) -> list[dict[str, Any]]:
    """The cells of an edition on which the engines differ, both beginning at the typed records of a run, some of them changed."""
    tables = {name: ran.table(name) for name in ("quantities", "sites", "ownership", "instruments", "rejected", "people_counts", "meters")} | changed
    known_on = as_of = edition.rules.knowledge_date
    amounts = pl.concat([amounts_of(tables["quantities"]), amounts_of_people(tables["people_counts"])])
    coverage = coverage_of(tables["quantities"], amounts, tables["sites"], tables["meters"], months_expected([edition], as_of))
    received = Received(amounts, tables["sites"], tables["ownership"], tables["instruments"], tables["rejected"], coverage, as_of, days_of(tables["quantities"]))
    counted = counted_in(received, edition, library, known_on).tables
    values = evaluate(inputs_of(counted["edition_amounts"], tables["sites"], with_instruments(library, tables["instruments"]), edition, known_on), empty(PUBLISHED))
    own = {name: tables[name] for name in ("quantities", "sites", "ownership", "instruments", "rejected", "people_counts")}
    typed = typed_of(ran, library, **own, claims=counted["claims"], estimates=counted["estimates"])
    return differing(values, recomputed(typed, Asked(edition, known_on, as_of), empty(PUBLISHED)))


def otherwise(edition: Edition, **changes: Any) -> Edition:  # noqa: ANN401
    """An edition with other rules."""
    return replace(edition, rules=EditionFile.model_validate({**edition.rules.model_dump(), **changes}))


EDITIONS: dict[str, Callable[[Edition], Edition]] = {
    "as it is": lambda edition: edition,
    "equity share": lambda edition: otherwise(edition, consolidation="equity_share"),
    "financial control": lambda edition: otherwise(edition, consolidation="financial_control"),
    "AR4": lambda edition: otherwise(edition, gwp_set="AR4", methane="one_value"),
    "AR6 by origin": lambda edition: otherwise(edition, gwp_set="AR6", methane="by_origin"),
    "totals by market": lambda edition: otherwise(edition, scope_2_total="market"),
    "no exclusions": lambda edition: otherwise(edition, exclusion=()),
    "no factor rules": lambda edition: otherwise(edition, factor_rule=()),
    "every rule twice": lambda edition: otherwise(edition, factor_rule=[*(rule.model_dump() for rule in edition.rules.factor_rule), *({**rule.model_dump(), "id": f"{rule.id}-2", "source": "none"} for rule in edition.rules.factor_rule)]),
    "only offices": lambda edition: otherwise(edition, boundary=[{"id": "offices", "text": "", "where": {"kind": ["office"]}}]),
    "all but plants": lambda edition: otherwise(edition, boundary=[{"id": "offices", "text": "", "where": {"kind": ["not factory"]}}]),
    "half a year": lambda edition: otherwise(edition, period=[{"id": "2023", "first": "2023-01-01", "last": "2023-06-30"}]),
    "known earlier": lambda edition: otherwise(edition, knowledge_date="2021-01-01"),
}


@pytest.mark.parametrize("name", EDITIONS)
def test_both_engines_agree_on_every_method_however_the_edition_is_turned(methods: Ran, name: str) -> None:
    library, edition = _read(methods.root)

    assert both_ways(methods, EDITIONS[name](edition), library) == []


def test_both_engines_agree_on_odd_records(methods: Ran) -> None:
    library, edition = _read(methods.root)
    quantities = methods.table("quantities")
    flows = pl.col("nature") == "flow"
    odd = quantities.with_columns(
        pl.when(flows & (pl.int_range(pl.len()) % 3 == 0)).then(pl.col("end").dt.offset_by("17d")).otherwise("end").alias("end"),
        pl.when(flows & (pl.int_range(pl.len()) % 5 == 0)).then(pl.col("quantity") * pl.lit("-0.333333333").cast(pl.Decimal(10, 9))).otherwise("quantity").cast(pl.Decimal(38, 9)).alias("quantity"),
        pl.when(flows & (pl.int_range(pl.len()) % 5 == 0)).then(pl.col("canonical") * pl.lit("-0.333333333").cast(pl.Decimal(10, 9))).otherwise("canonical").cast(pl.Decimal(38, 9)).alias("canonical"),
    ).filter(pl.col("received_unit") == pl.col("unit"))  # fmt: skip

    assert both_ways(methods, edition, library, quantities=odd) == []
    assert both_ways(methods, EDITIONS["equity share"](edition), library, quantities=odd) == []


def test_both_engines_agree_on_a_gap_that_is_estimated_and_a_rejected_record(methods: Ran) -> None:
    library, edition = _read(methods.root)
    quantities = methods.table("quantities")
    gap = (pl.col("measure") == "electricity_purchased") & (pl.col("start") == date(2023, 5, 1))
    filled = otherwise(edition, estimate=[{"id": "mean", "method": "mean_of_neighbouring_months", "measures": ["electricity_purchased"], "text": "a test"}])
    one = quantities.filter(pl.col("measure") == "natural_gas").row(0, named=True)
    row = {"record_id": one["record_id"], "rule": "number", "column": "a", "read": "x", "expected": "", "expected_zh": "", "message": "m", "path": "p", "sheet": "", "line": 1, "measures": "natural_gas", "site_id": one["site_id"], "start": one["start"], "end": one["end"]}
    rejected = pl.DataFrame([row], schema=methods.table("rejected").schema)

    assert both_ways(methods, filled, library, quantities=quantities.filter(~gap)) == []
    assert both_ways(methods, edition, library, rejected=rejected) == []


def test_a_billionth_of_a_kilowatt_hour_is_told(worked: Ran) -> None:
    library = read_library(worked.root / "factors")
    read = read_editions(worked.root / "editions", ("2020",))[0]
    quantities = worked.table("quantities")
    first = (pl.col("measure") == "electricity_purchased") & (pl.col("start").dt.year() == 2020) & (pl.col("site_id") == "CN-BJ-01")
    place = quantities.with_row_index().filter(first)["index"][0]
    changed = quantities.with_columns(pl.when(pl.int_range(pl.len()) == place).then(pl.col("quantity") + pl.lit(Decimal("0.000000001"))).otherwise("quantity").cast(pl.Decimal(38, 9)).alias("quantity"))

    second = recomputed(typed_of(worked, library, quantities=changed), Asked(read, read.rules.knowledge_date, date(2024, 4, 9)), worked.table("published"))
    found = differing(worked.table("kpi_values").filter(pl.col("edition") == "2020"), second)

    assert {row["kpi_id"] for row in found} >= {"ghg_scope_2", "ghg_scope_1_2"}
    assert all(row["printed"] == row["printed_again"] for row in found)


# ---------------------------------------------------------------- arithmetic


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for macro in MACROS:
            connection.execute(macro)
        yield connection


@given(st.integers(-(10**37), 10**37), st.integers(0, 10**30))
@settings(max_examples=60, deadline=None)
def test_products_are_rounded_once_half_even(con: duckdb.DuckDBPyConnection, left: int, right: int) -> None:
    exact = round(Fraction(left * right, 10**24))
    if abs(exact) < 10**37:
        assert con.execute("SELECT product_24(?::HUGEINT, ?::HUGEINT)", [str(left), str(right)]).fetchone() == (exact,)


@pytest.mark.parametrize(("left", "right", "exact"), [(5 * 10**23, 1, 0), (15 * 10**23, 1, 2), (25 * 10**23, 1, 2), (-15 * 10**23, 1, -2), (10**37, 10**24, 10**37), (0, 0, 0)])
def test_products_at_half_way(con: duckdb.DuckDBPyConnection, left: int, right: int, exact: int) -> None:
    assert con.execute("SELECT product_24(?::HUGEINT, ?::HUGEINT)", [str(left), str(right)]).fetchone() == (exact,)


def test_what_does_not_fit_raises(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(duckdb.Error, match="128"):
        con.execute("SELECT product_24(?::HUGEINT, ?::HUGEINT)", [str(10**37), str(10**30)]).fetchone()


@given(st.integers(-(10**60), 10**60), st.integers(1, 10**50), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_fractions_of_any_length_are_divided_and_rounded(con: duckdb.DuckDBPyConnection, top: int, bottom: int, decimals: int) -> None:
    row = con.execute(
        """
        WITH given AS MATERIALIZED (SELECT $1 AS top, $2 AS bottom, tenfold($2) AS multiples), done AS MATERIALIZED (
          SELECT *, long_division(bare_of(top) || repeat('0', 18), multiples) AS kept_at, long_division(bare_of(top) || repeat('0', $3::BIGINT), multiples) AS print_at FROM given)
        SELECT kept(top, bottom, kept_at), pointed(print_of(top, bottom, print_at), $3::BIGINT), signed(negative(top), long_product(multiples, bare_of(top))) FROM done""",
        [str(top), str(bottom), decimals],
    ).fetchone()
    whole, rest = divmod(abs(top) * 10**decimals, bottom)
    up = whole + (2 * rest >= bottom)

    assert row is not None
    assert int(row[0]) == round(Fraction(top * 10**18, bottom))
    assert Fraction(row[1]) == Fraction(-up if top < 0 else up, 10**decimals)
    assert len(row[1].partition(".")[2]) == decimals
    assert int(row[2]) == top * bottom


def test_the_second_reader_of_units_says_the_same_as_pint() -> None:
    known = registry()
    pairs = {(unit, other, domain) for domain in ("", "water", "waste", "packaging") for unit in known.keys for other in units_like(unit, domain)}

    assert len(pairs) > 800
    assert all(ratio(*pair) == multiplier(*pair) for pair in pairs)
    assert ratio("tCO2/TJ", "kg/MJ") == Fraction(1, 1000)


def test_nothing_is_shared_after_the_typed_records() -> None:
    """What computes in the first engine is not imported by the second one, directly or through another module of it."""
    import ast

    shared = {"esg_kpis.errors", "esg_kpis.domains", "esg_kpis.editions", "esg_kpis.editions.market", "esg_kpis.editions.targets"}
    files = sorted((REPOSITORY / "src" / "esg_kpis" / "reperform").glob("*.py"))
    names = {
        node.module for path in files for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("esg_kpis") and not node.module.startswith("esg_kpis.reperform")
    }  # fmt: skip
    taken = {
        alias.name for path in files for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module in ("esg_kpis.editions", "esg_kpis.domains") for alias in node.names
    }  # fmt: skip

    assert len(files) >= 9
    assert names <= shared
    assert taken <= {"ATTRIBUTES", "CONSOLIDATED", "DOMAINS", "DOMAIN_OF", "MEASURES", "Amounts", "Breakdown", "Edition", "FactorRule", "Kpi", "Period", "derived", "people"}
