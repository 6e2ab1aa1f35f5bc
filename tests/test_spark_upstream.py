"""What the roll-up of readings may rely on in Narwhals over polars, DuckDB and Spark, and what it has to keep away from.

A failure here says that an upgrade has changed a fact, not that we have a bug.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from math import inf, isnan, nan
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import polars as pl
import pytest

from tests.conftest import REPOSITORY
from tests.spark_session import lacking

Row = tuple[Any, ...]
LARGEST = 2**63 - 1
PAST_FLOATS = 2**53 + 1
"""The first whole number that a binary float does not hold."""


@dataclass(frozen=True)
class Engine:
    """One of those that the roll-up runs on; `refusals` are the errors it raises itself."""

    name: str
    of: Callable[[pl.DataFrame], nw.LazyFrame[Any]]
    refusals: tuple[type[Exception], ...]


@pytest.fixture(params=["polars", "duckdb", "spark", "spark-connect"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "polars":
        yield Engine("polars", lambda frame: nw.from_native(frame.lazy()), (nw.exceptions.NarwhalsError, pl.exceptions.PolarsError))
    elif request.param == "duckdb":
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            yield Engine("duckdb", lambda frame: nw.from_native(connection.from_arrow(frame.to_arrow())), (duckdb.Error,))
    else:
        session = request.getfixturevalue(request.param.replace("-", "_"))
        from pyspark.errors import PySparkException

        yield Engine("spark", lambda frame: nw.from_native(session.createDataFrame(frame.to_arrow())), (PySparkException,))


def table(lazy: nw.LazyFrame[Any]) -> pl.DataFrame:
    return lazy.collect("polars").to_native()


def rows(lazy: nw.LazyFrame[Any], *by: str) -> list[Row]:
    """In the order of `by`: without one, no engine promises any."""
    found = table(lazy)
    return (found.sort(*by) if by else found).rows()


def value(lazy: nw.LazyFrame[Any]) -> Any:  # noqa: ANN401
    return table(lazy).item()


# ---------------------------------------------------------------- the same everywhere: relied on


def test_groups_add_up_what_a_condition_picks(engine: Engine) -> None:
    frame = engine.of(pl.DataFrame({"meter": ["a", "a", "b", None], "n": [1, 2, 3, 4], "good": [True, False, None, True]}))
    picked = nw.when(nw.col("good")).then(nw.col("n"))

    grouped = frame.group_by("meter").agg(nothing_else=picked.sum(), or_zero=picked.otherwise(0).sum(), rows=nw.len(), told=nw.col("good").count())

    assert rows(grouped, "meter") == [(None, 4, 4, 1, 1), ("a", 1, 1, 2, 2), ("b", 0, 0, 1, 0)]


def test_nulls_add_up_to_zero_and_have_no_largest(engine: Engine) -> None:
    frame = engine.of(pl.DataFrame({"meter": ["a", "b", "b"], "n": [None, 3, None]}))

    grouped = frame.group_by("meter").agg(total=nw.col("n").sum(), most=nw.col("n").max(), least=nw.col("n").min(), told=nw.col("n").count())

    assert rows(grouped, "meter") == [("a", 0, None, None, 0), ("b", 3, 3, 3, 1)]


def test_no_rows_add_up_to_zero(engine: Engine) -> None:
    assert value(engine.of(pl.DataFrame({"n": [1]})).filter(nw.col("n") > 1).select(nw.col("n").sum())) == 0


def test_negative_numbers_divide_down_and_leave_a_rest_with_the_sign_of_the_divisor(engine: Engine) -> None:
    """As in Python, though SQL divides towards zero: Narwhals sees to it."""
    pairs = [(7, 2), (-7, 2), (7, -2), (-7, -2), (0, 2), (None, 2)]
    frame = engine.of(pl.DataFrame(pairs, schema={"a": pl.Int64, "b": pl.Int64}, orient="row"))

    found = rows(frame.select("a", "b", q=nw.col("a") // nw.col("b"), m=nw.col("a") % nw.col("b")))

    assert sorted(found, key=str) == sorted(((a, b, None, None) if a is None else (a, b, a // b, a % b) for a, b in pairs), key=str)


def test_floor_division_by_zero_is_null(engine: Engine) -> None:
    assert rows(engine.of(pl.DataFrame({"a": [7, 0], "b": [0, 0]})).select(nw.col("a") // nw.col("b"))) == [(None,), (None,)]


def test_rests_are_exact_at_any_size(engine: Engine) -> None:
    assert value(engine.of(pl.DataFrame({"a": [LARGEST]})).select(nw.col("a") % 10)) == 7


def test_a_microsecond_divides_exactly_by_an_interval(engine: Engine) -> None:
    """Microseconds since 1970 are below 2^53 until the year 2255."""
    moments = [1_700_000_099_999_999, 1_700_000_100_000_000, -1_700_000_000_123_457]
    frame = engine.of(pl.DataFrame({"a": moments}))

    assert sorted(rows(frame.select(nw.col("a") // 900_000_000))) == sorted((moment // 900_000_000,) for moment in moments)


def test_the_largest_of_a_group_stands_beside_each_row(engine: Engine) -> None:
    frame = engine.of(pl.DataFrame({"meter": ["a", "a", "a", None, None], "at": [1, 1, 2, 1, 1], "known": [5, 7, 6, 8, None]}))

    found = frame.with_columns(last=nw.col("known").max().over("meter", "at"), same=nw.len().over("meter", "at"))

    assert rows(found, "meter", "at", "known") == [(None, 1, None, 8, 2), (None, 1, 8, 8, 2), ("a", 1, 5, 7, 2), ("a", 1, 7, 7, 2), ("a", 2, 6, 6, 1)]


def test_the_reading_before_is_that_of_the_order_not_of_the_rows(engine: Engine) -> None:
    """A moment that is missing comes first."""
    frame = engine.of(pl.DataFrame({"meter": ["a", "a", "a", "a", "b"], "at": [2, 1, 3, None, 1], "n": [20, 10, 30, 99, 5]}))
    number = nw.col("n")

    found = frame.with_columns(before=number.shift(1).over("meter", order_by="at"), rise=number.diff().over("meter", order_by="at"), next=number.shift(-1).over("meter", order_by="at"))

    assert rows(found, "meter", "at") == [
        ("a", None, 99, None, None, 10),
        ("a", 1, 10, 99, -89, 20),
        ("a", 2, 20, 10, 10, 30),
        ("a", 3, 30, 20, 10, None),
        ("b", 1, 5, None, None, None),
    ]


def test_rows_are_numbered_in_an_order(engine: Engine) -> None:
    frame = engine.of(pl.DataFrame({"meter": ["a", "a", "a"], "known": [3, 1, 2]}))

    found = frame.with_columns(rank=nw.col("known").rank("ordinal", descending=True).over("meter"), count=nw.col("known").cum_count().over("meter", order_by="known"))

    assert rows(found, "known") == [("a", 1, 3, 1), ("a", 2, 2, 2), ("a", 3, 1, 3)]


@pytest.mark.parametrize(("how", "kept"), [("semi", [("a", 1)]), ("anti", [("b", 2), (None, 3)]), ("left", [("a", 1), ("b", 2), (None, 3)])])
def test_a_join_never_matches_a_null(engine: Engine, how: Any, kept: list[Row]) -> None:  # noqa: ANN401
    frame, other = engine.of(pl.DataFrame({"meter": ["a", "b", None], "n": [1, 2, 3]})), engine.of(pl.DataFrame({"meter": ["a", None]}))

    assert rows(frame.join(other, on="meter", how=how), "n") == kept


def test_the_first_condition_that_holds_decides_and_none_gives_null(engine: Engine) -> None:
    """A condition that is null does not hold, and nor does its opposite."""
    number = nw.col("n")
    chain = nw.when(number == 1).then(nw.lit("one")).when(number < 3).then(nw.lit("two"))

    found = engine.of(pl.DataFrame({"n": [1, 2, 3, None]})).select("n", chain=chain, other=nw.when(number != 1).then(nw.lit("not one")).otherwise(nw.lit("else")))

    assert rows(found, "n") == [(None, None, "else"), (1, "one", "else"), (2, "two", "not one"), (3, None, "not one")]


def test_what_a_condition_keeps_out_is_not_cast(engine: Engine) -> None:
    """So a guard before the cast is enough, on the inside and on the outside."""
    number = nw.col("x")
    small = (number >= -1e15) & (number <= 1e15)
    frame = engine.of(pl.DataFrame({"x": [nan, 1.9, -1.1, inf, -inf, 1e300, None]}))

    found = frame.select("x", inside=nw.when(small).then(number.floor().cast(nw.Int64)), outside=nw.when(small).then(number.floor()).cast(nw.Int64))

    assert sorted(row[1:] for row in rows(found) if row[1] is not None) == [(-2, -2), (1, 1)]
    assert sum(row[1:] == (None, None) for row in rows(found)) == 5


def test_nan_is_above_all_numbers_equals_itself_and_is_no_null(engine: Engine) -> None:
    number = nw.col("x")
    frame = engine.of(pl.DataFrame({"x": [nan]}))

    found = frame.select(
        above=number > 0, infinite=number > inf, below=number < 0, among=number <= 1e15, between=number.is_between(0, 10), itself=number == number,
        missing=number.is_null(), no_number=number.is_nan(), finite=number.is_finite(),
    )  # fmt: skip

    assert rows(found) == [(True, True, False, False, False, True, False, True, False)]


def test_a_null_is_neither_nan_nor_finite_and_no_row_is_kept_for_it(engine: Engine) -> None:
    frame = engine.of(pl.DataFrame({"x": [None, 1.0]}))

    assert rows(frame.filter(nw.col("x").is_null()).select(nw.col("x").is_nan(), finite=nw.col("x").is_finite(), among=nw.col("x").is_in([1.0]))) == [(None, None, None)]
    assert rows(frame.filter(nw.col("x") != 1.0)) == []


def test_whole_numbers_dates_and_truth_are_the_same_text(engine: Engine) -> None:
    frame = engine.of(pl.DataFrame({"n": [-2], "on": [date(2023, 1, 2)], "good": [True]}))

    assert rows(frame.select(nw.all().cast(nw.String))) == [("-2", "2023-01-02", "true")]


def test_text_is_in_the_order_of_its_code_points(engine: Engine) -> None:
    frame = engine.of(pl.DataFrame({"x": ["a", "Z", "é"]}))

    assert rows(frame.select(least=nw.col("x").min(), most=nw.col("x").max())) == [("Z", "é")]


def test_decimals_of_38_digits_add_up_past_64_bits(engine: Engine) -> None:
    frame = engine.of(pl.DataFrame({"meter": ["a", "a"], "n": [LARGEST, LARGEST]}))

    assert rows(frame.group_by("meter").agg(nw.col("n").cast(nw.Decimal(38, 0)).sum())) == [("a", Decimal(2 * LARGEST))]


def test_a_moment_in_utc_compares_and_names_its_month(engine: Engine) -> None:
    frame = engine.of(pl.DataFrame({"at": [datetime(2023, 3, 31, 23, 59, 59, 999_999, tzinfo=UTC)]}))

    found = frame.select(month=nw.col("at").dt.to_string("%Y-%m"), later=nw.col("at") >= nw.lit(datetime(2023, 4, 1, tzinfo=UTC)), naive=nw.col("at").dt.replace_time_zone(None))

    assert rows(found) == [("2023-03", False, datetime(2023, 3, 31, 23, 59, 59, 999_999))]  # noqa: DTZ001


def test_results_come_back_as_polars_and_as_arrow(engine: Engine) -> None:
    frame = engine.of(pl.DataFrame({"meter": ["a"], "n": [LARGEST], "x": [0.1], "on": [date(2023, 1, 2)], "good": [True]}))

    assert table(frame).schema == {"meter": pl.String, "n": pl.Int64, "x": pl.Float64, "on": pl.Date, "good": pl.Boolean}
    arrow = frame.collect("pyarrow").to_native()
    assert arrow.to_pylist() == [{"meter": "a", "n": LARGEST, "x": 0.1, "on": date(2023, 1, 2), "good": True}]


# ---------------------------------------------------------------- not the same: kept away from


def test_sums_and_counts_have_types_of_their_own(engine: Engine) -> None:
    """Cast all that leaves a group."""
    frame = engine.of(pl.DataFrame({"meter": ["a"], "n": [1]}))

    found = table(frame.group_by("meter").agg(total=nw.col("n").sum(), rows=nw.len(), told=nw.col("n").count()))
    cast = table(frame.group_by("meter").agg(total=nw.col("n").sum().cast(nw.Int64), rows=nw.len().cast(nw.Int64), told=nw.col("n").count().cast(nw.Int64)))

    expected = {"polars": [pl.Int64, pl.UInt32, pl.UInt32], "duckdb": [pl.Decimal(38, 0), pl.Int64, pl.Int64], "spark": [pl.Int64, pl.Int64, pl.Int64]}
    assert found.dtypes[1:] == expected[engine.name]
    assert cast.dtypes[1:] == [pl.Int64, pl.Int64, pl.Int64]


def test_a_sum_past_64_bits_wraps_widens_or_is_refused(engine: Engine) -> None:
    summed = engine.of(pl.DataFrame({"meter": ["a", "a"], "n": [LARGEST, LARGEST]})).group_by("meter").agg(nw.col("n").sum())

    if engine.name == "spark":
        with pytest.raises(engine.refusals, match="ARITHMETIC_OVERFLOW"):
            table(summed)
    else:
        assert rows(summed) == [("a", {"polars": -2, "duckdb": Decimal(2 * LARGEST)}[engine.name])]


@pytest.mark.parametrize(
    ("step", "wrapped"),
    [(nw.col("n") + 1, -(2**63)), (nw.col("n") * 2, -2), ((nw.col("n") * 0 - LARGEST - 1).abs(), -(2**63))],
    ids=["sum", "product", "absolute"],
)
def test_only_polars_wraps_in_silence(engine: Engine, step: nw.Expr, wrapped: int) -> None:
    found = engine.of(pl.DataFrame({"n": [LARGEST]})).select(step)

    if engine.name == "polars":
        assert value(found) == wrapped
    else:
        with pytest.raises(engine.refusals, match=r"(?i)overflow"):
            table(found)


def test_polars_adds_up_32_bits_in_32_bits(engine: Engine) -> None:
    frame = engine.of(pl.DataFrame({"n": [2**31 - 1, 2**31 - 1]}, schema={"n": pl.Int32}))

    assert value(frame.select(nw.col("n").sum())) == {"polars": -2}.get(engine.name, 2**32 - 2)


def test_spark_divides_by_way_of_floats(engine: Engine) -> None:
    """Wrong by one past 2^53, so `//` is for numbers below. Nanoseconds since 1970 are above."""
    found = value(engine.of(pl.DataFrame({"n": [PAST_FLOATS]})).select(nw.col("n") // 1))

    assert found == {"spark": PAST_FLOATS - 1}.get(engine.name, PAST_FLOATS)


def test_a_rest_of_zero_is_null_in_polars_and_refused_elsewhere(engine: Engine) -> None:
    found = engine.of(pl.DataFrame({"n": [7], "by": [0]})).select(nw.col("n") % nw.col("by"))

    if engine.name == "polars":
        assert value(found) is None
    else:
        with pytest.raises(engine.refusals, match=r"(?i)by zero"):
            table(found)


def test_spark_adds_up_no_truth(engine: Engine) -> None:
    frame = engine.of(pl.DataFrame({"good": [True, False, None]}))

    assert value(frame.select(nw.col("good").cast(nw.Int64).sum())) == 1
    if engine.name == "spark":
        with pytest.raises(engine.refusals, match="UNEXPECTED_INPUT_TYPE"):
            table(frame.select(nw.col("good").sum()))
    else:
        assert value(frame.select(nw.col("good").sum())) == 1


def test_halves_are_rounded_to_even_by_polars_and_away_from_zero_elsewhere(engine: Engine) -> None:
    frame = engine.of(pl.DataFrame({"x": [0.5, 1.5, 2.5, -0.5]}))

    found = sorted(row[0] for row in rows(frame.select(nw.col("x").round(0))))

    assert found == ([-0.0, 0.0, 2.0, 2.0] if engine.name == "polars" else [-1.0, 1.0, 2.0, 3.0])


def test_duckdb_casts_floats_by_rounding_the_others_by_cutting(engine: Engine) -> None:
    """`floor` before the cast says which."""
    frame = engine.of(pl.DataFrame({"x": [1.5, -1.5, 2.5]}))

    found = rows(frame.select("x", cast=nw.col("x").cast(nw.Int64), floor=nw.col("x").floor().cast(nw.Int64)), "x")

    assert [row[1] for row in found] == ([-2, 2, 2] if engine.name == "duckdb" else [-1, 1, 2])
    assert [row[2] for row in found] == [-2, 1, 2]


def test_spark_takes_the_floor_of_nan_for_zero_in_silence(engine: Engine) -> None:
    found = engine.of(pl.DataFrame({"x": [nan]})).select(nw.col("x").floor().cast(nw.Int64))

    if engine.name == "spark":
        assert value(found) == 0
    else:
        with pytest.raises(engine.refusals):
            table(found)


@pytest.mark.parametrize("number", [nan, inf, 1e19])
def test_a_cast_of_what_is_no_64_bits_is_refused(engine: Engine, number: float) -> None:
    with pytest.raises(engine.refusals):
        table(engine.of(pl.DataFrame({"x": [number]})).select(nw.col("x").cast(nw.Int64)))


def test_the_largest_passes_over_nan_in_polars_and_is_nan_elsewhere(engine: Engine) -> None:
    found = engine.of(pl.DataFrame({"x": [1.0, nan]})).select(most=nw.col("x").max(), least=nw.col("x").min())

    most, least = rows(found)[0]
    assert (most == 1.0) if engine.name == "polars" else isnan(most)
    assert least == 1.0


def test_floats_and_moments_are_other_texts_elsewhere(engine: Engine) -> None:
    frame = engine.of(pl.DataFrame({"x": [1e20], "at": [datetime(2023, 1, 2, 3, 4, 5, 120_000, tzinfo=UTC)]}))

    texts = {"polars": ("1e+20", "2023-01-02 03:04:05.120000+00:00"), "duckdb": ("1e+20", "2023-01-02 03:04:05.12+00"), "spark": ("1.0E20", "2023-01-02 03:04:05.12")}
    assert rows(frame.select(nw.all().cast(nw.String))) == [texts[engine.name]]


def test_spaces_around_a_number_are_refused_by_polars_alone(engine: Engine) -> None:
    found = engine.of(pl.DataFrame({"text": [" 2"]})).select(nw.col("text").cast(nw.Int64))

    if engine.name == "polars":
        with pytest.raises(engine.refusals):
            table(found)
    else:
        assert value(found) == 2


def test_the_product_of_decimals_has_other_decimals_in_polars(engine: Engine) -> None:
    frame = engine.of(pl.DataFrame({"x": pl.Series([Decimal("2.255")], dtype=pl.Decimal(18, 3))}))

    assert value(frame.select(nw.col("x") * nw.col("x"))) == (Decimal("5.085") if engine.name == "polars" else Decimal("5.085025"))


def test_moments_as_numbers_have_no_common_word(engine: Engine) -> None:
    """So readings carry their moments as whole numbers of microseconds before they come here, or each engine has a word of its own for it."""
    cast = engine.of(pl.DataFrame({"at": [datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)]})).select(nw.col("at").cast(nw.Int64))
    since = (nw.col("at") - nw.lit(datetime(1970, 1, 1, tzinfo=UTC))).dt.total_microseconds()

    if engine.name == "duckdb":
        with pytest.raises(engine.refusals, match="Unimplemented type for cast"):
            table(cast)
    else:
        assert value(cast) == {"polars": 1_000_000, "spark": 1}[engine.name]
    if engine.name == "spark":
        with pytest.raises(NotImplementedError, match="total_microseconds"):
            engine.of(pl.DataFrame({"at": [datetime(1970, 1, 1, tzinfo=UTC)]})).select(since)


def test_only_polars_truncates_to_quarters_or_knows_other_time_zones(engine: Engine) -> None:
    frame = engine.of(pl.DataFrame({"at": [datetime(2023, 3, 26, 1, 44, tzinfo=UTC)]}))
    steps = [nw.col("at").dt.truncate("15m").dt.minute(), nw.col("at").dt.convert_time_zone("Europe/Berlin").dt.hour()]

    if engine.name == "polars":
        assert rows(frame.select(minute=steps[0], hour=steps[1])) == [(30, 3)]
    else:
        for step in steps:
            with pytest.raises((ValueError, NotImplementedError), match="supported"):
                frame.select(step)


def test_spark_has_no_last_in_an_order(engine: Engine) -> None:
    """`rank`, or the largest of the order and a join with it, does."""
    frame = engine.of(pl.DataFrame({"meter": ["a", "a"], "at": [2, 1], "n": [20, 10]}))
    last = nw.col("n").last().over("meter", order_by="at")

    if engine.name == "spark":
        with pytest.raises(NotImplementedError, match="last"):
            frame.select(last)
    else:
        assert rows(frame.select(last)) == [(20,), (20,)]


def test_spark_gives_naive_moments_a_zone_and_takes_no_unsigned_numbers(engine: Engine) -> None:
    moments = engine.of(pl.DataFrame({"at": [datetime(2023, 1, 1)]}))  # noqa: DTZ001
    unsigned = pl.DataFrame({"n": [1]}, schema={"n": pl.UInt32})

    assert table(moments).schema["at"] == pl.Datetime("us", "UTC" if engine.name == "spark" else None)
    if engine.name == "spark":
        with pytest.raises(engine.refusals, match="uint32"):
            engine.of(unsigned)
    else:
        assert table(engine.of(unsigned)).schema["n"] == pl.UInt32


# ---------------------------------------------------------------- Spark itself


def test_spark_connect_takes_no_table_without_rows_unless_it_is_told_the_columns(spark_connect: Any) -> None:  # noqa: ANN401
    from pyspark.errors import PySparkException

    empty = pl.DataFrame(schema={"n": pl.Int64}).to_arrow()

    with pytest.raises(PySparkException, match="CANNOT_INFER_EMPTY_SCHEMA"):
        spark_connect.createDataFrame(empty)
    assert spark_connect.createDataFrame(empty, "n bigint").columns == ["n"]


ALONE = """
import os, sys
from pathlib import Path


class NoPandas:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "pandas":
            raise ModuleNotFoundError(name)


sys.meta_path.insert(0, NoPandas())
import narwhals as nw
import pyarrow as pa
from pyspark import SparkContext
from tests.spark_session import spark_in

with spark_in(Path(sys.argv[1])) as session:
    java = SparkContext._gateway.proc.pid
    frame = session.createDataFrame(pa.table({"meter": ["a", "b", "a"], "n": [1, 2, 3]}))
    print(nw.from_native(frame).group_by("meter").agg(nw.col("n").sum()).sort("meter").collect("polars").rows(), frame.toArrow().num_rows)
try:
    os.kill(java, 0)
except ProcessLookupError:
    print("gone")
"""


@pytest.mark.skipif(lacking() is not None, reason=str(lacking()))
def test_spark_needs_no_pandas_for_arrow_and_leaves_no_process_and_no_file_behind(tmp_path: Path) -> None:
    """Spark Connect does need pandas."""
    here, place = tmp_path / "here", tmp_path / "spark"
    here.mkdir()
    place.mkdir()
    around = os.environ | {"PYTHONPATH": str(REPOSITORY)}

    done = subprocess.run([sys.executable, "-W", "error", "-c", ALONE, str(place)], cwd=here, env=around, capture_output=True, text=True, check=False, timeout=180)

    assert done.stdout.splitlines() == ["[('a', 4), ('b', 2)] 3", "gone"], done.stderr[-2000:]
    assert list(here.iterdir()) == []
    assert [path for path in place.rglob("*") if path.is_file()] == []
