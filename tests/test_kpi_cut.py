"""Rows looked up one by one are those that a filter of the whole frame gives; and tables of whole persons that were kept answer as a new search would."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esg_kpis.disclosure import suppressed
from esg_kpis.disclosure.tables_found import Found
from esg_kpis.editions import Amounts, Breakdown
from esg_kpis.factors import with_instruments
from esg_kpis.kpis import Inputs, attributes_of, cut_of, evaluate, inputs_of, only, selected
from esg_kpis.kpis.cut import Cut, Total
from pipelines.asked import Request
from tests.conftest import Ran

WORDS: dict[str, Sequence[str]] = {
    "origin": ["electricity_purchased", "natural_gas"], "gas_group": ["CO2", "CH4"], "scope": ["1", "2"], "kind": ["office", "store"], "country": ["CN", "US"],
    "gender": ["Female", "Male"], "level": ["Senior", "Other"], "response": ["none", "content"],
}  # fmt: skip
MEASURES = ("employees", "emission_co2e", "electricity_purchased")


def column(words: Sequence[str]) -> st.SearchStrategy[str]:
    return st.sampled_from(["", *words])


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "measure": st.sampled_from(MEASURES), "cross": st.sampled_from(["", "all", "gender", "gender|level"]), "basis": st.sampled_from(["", "both", "location", "market"]),
            **{name: column(words) for name, words in WORDS.items()}, "blocked": st.sampled_from([None, "rejected"]), "short": st.sampled_from([[], ["waived"]]), "rows": st.integers(0, 3),
            "known": st.booleans(), "guessed": st.booleans(),
        }
    ),
    min_size=1, max_size=40,
)  # fmt: skip
WHERE = st.dictionaries(
    st.sampled_from(["kind", "country", "gender", "level", "response"]), st.integers(0, 3), max_size=3,
).map(lambda chosen: {name: (WORDS[name][:1], WORDS[name][1:], list(WORDS[name]), [f"not {WORDS[name][0]}"])[number] for name, number in chosen.items()})  # fmt: skip


def frame_of(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows as a cube has them, with an amount of their own."""
    schema = {**dict.fromkeys(("measure", "cross", "basis", *WORDS, "blocked"), pl.String()), "short": pl.List(pl.String()), "rows": pl.Int64(), "known": pl.Boolean(), "guessed": pl.Boolean()}
    frame = pl.DataFrame(list(rows), schema=schema).with_row_index("number")
    number = pl.when("known").then(pl.col("number").cast(pl.Decimal(38, 24)))
    return frame.with_columns((-number).alias("quantity"), number.alias("size"), pl.when("guessed").then(number).otherwise(pl.lit(0).cast(pl.Decimal(38, 24))).alias("estimated"))


@settings(max_examples=150, deadline=None)
@given(
    rows=ROWS, where=WHERE, category=WHERE, measures=st.sets(st.sampled_from(MEASURES), min_size=1), origin=st.booleans(), gas=st.booleans(),
    basis=st.sampled_from([(), ("location",), ("market",)]),
)  # fmt: skip
def test_looked_up_rows_are_those_of_the_filter_in_the_same_order(
    rows: list[dict[str, Any]], where: dict[str, list[str]], category: dict[str, list[str]], measures: set[str], origin: bool, gas: bool, basis: tuple[str, ...]
) -> None:
    frame = frame_of(rows)
    amounts = Amounts.model_construct(measure=tuple(sorted(measures)), where=where, origin=("natural_gas",) if origin else (), gas_group=("CO2",) if gas else (), scope=(), basis=basis)
    breakdown = Breakdown.model_construct(name="some", each=None, categories={"this": category}, periods=())

    cut = Cut(frame)
    places = cut.matching(cut._selected(amounts, tuple(category)), category)
    filtered = only(selected(frame, amounts, category), breakdown, "this")

    assert [cut.column("number")[place] for place in places] == filtered["number"].to_list()
    assert cut.totals(places) == totals_of(filtered)


def totals_of(frame: pl.DataFrame) -> dict[str, Total]:
    """The rows of a frame added up by measure, one after the other."""
    found: dict[str, Total] = {}
    for row in frame.iter_rows(named=True):
        before = found.get(row["measure"], Total())
        quantity, estimated, size = (int(Fraction(row[name] or 0) * 10**24) for name in ("quantity", "estimated", "size"))
        blocked = before.blocked | ({row["blocked"]} - {None})
        found[row["measure"]] = Total(before.quantity + quantity, before.estimated + estimated, before.size + size, before.amounts + row["rows"], blocked, before.short | {*row["short"]})
    return found


def inputs_from(worked: Ran, edition_id: str) -> Inputs:
    request = Request(worked.root, worked.out)
    edition = next(item for item in request.read_editions if item.id == edition_id)
    own = worked.table("edition_amounts").filter(pl.col("edition") == edition_id)
    return inputs_of(own, worked.table("sites"), with_instruments(request.library, worked.table("instruments")), edition, request.known_date(edition))


@pytest.mark.parametrize("edition_id", ["2020", "2023", "transparency-2020"])
def test_every_selection_of_the_worked_editions_is_that_of_the_filter(worked: Ran, edition_id: str) -> None:
    inputs = inputs_from(worked, edition_id)
    compared = 0
    for period in inputs.edition.periods:
        frame, cut = inputs.cube.filter(pl.col("period") == period), cut_of(inputs, period)
        for kpi in inputs.edition.kpis.values():
            for breakdown in kpi.breakdowns if kpi.amounts else ():
                for category in breakdown.categories:
                    names = attributes_of(breakdown, category, None)
                    wanted = {name: breakdown.categories[category][name] for name in names}
                    filtered = only(pl.concat([selected(frame, amounts, names) for amounts in kpi.amounts]), breakdown, category)
                    assert cut.totals(cut.matching(cut.chosen(kpi, names), wanted)) == totals_of(filtered)
                    compared += filtered.height
    assert compared > 10


def test_a_cut_is_of_the_inputs_it_was_made_of(worked: Ran) -> None:
    inputs = inputs_from(worked, "transparency-2020")
    before = cut_of(inputs, "2020")

    other = replace(inputs, cube=inputs.cube.head(0))

    assert cut_of(inputs, "2020") is before
    assert cut_of(other, "2020").column("measure") == []


# ---------------------------------------------------------------- tables of whole persons


def places(*columns: int) -> Any:  # noqa: ANN401
    return np.array(columns, dtype=np.int32)


@pytest.fixture
def found() -> Found:
    """Two counts and hours; the counts are ten together, and the second is at most six."""
    found = Found(np.array([True, True, False]))
    found.add_rows(np.array([10]), np.array([10]), [2], places(0, 1), np.ones(2))
    found.add_rows(np.array([-np.inf]), np.array([6]), [1], places(1), np.ones(1))
    found.keep(np.array([4.0000001, 5.9999999, 0.5]))
    return found


def test_a_table_that_was_found_answers_for_what_it_counts(found: Found) -> None:
    assert found.any_with(places(0), 4)
    assert found.any_with(places(0, 1), 10)
    assert not found.any_with(places(0), 5)


def test_a_table_answers_only_while_it_fits(found: Found) -> None:
    found.bound(1, -np.inf, 5)
    assert not found.any_with(places(0), 4)

    found.bound(1, -np.inf, np.inf)
    assert found.any_with(places(0), 4)

    found.add_rows(np.array([1]), np.array([np.inf]), [1], places(2), np.ones(1))
    assert not found.any_with(places(0), 4)


def test_persons_are_made_whole_and_hours_are_not(found: Found) -> None:
    found.add_rows(np.array([0.25]), np.array([0.75]), [1], places(2), np.ones(1))
    assert found.any_with(places(0), 4)

    halves = Found(np.array([True, True]))
    halves.add_rows(np.array([10]), np.array([10]), [2], places(0, 1), np.ones(2))
    halves.keep(np.array([4.5, 5.5]))  # 4 and 6 fit as well.
    halves.keep(np.array([3.4, 6.4]))  # 3 and 6 do not.
    assert halves.any_with(places(0), 4)
    assert not halves.any_with(places(1), 7)


def test_what_is_left_out_does_not_depend_on_tables_that_were_kept(worked: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = inputs_from(worked, "2023")
    rules = printed.edition.rules
    nothing_accepted = rules.model_copy(update={"small_groups": rules.small_groups.model_copy(update={"disclosure": ()})})
    inputs = replace(printed, edition=replace(printed.edition, rules=nothing_accepted))
    values = evaluate(inputs, worked.table("published").filter(pl.col("edition") == "2023"))

    kept = suppressed(values, inputs)
    monkeypatch.setattr(Found, "any_with", lambda *_: False)

    assert suppressed(values, inputs).equals(kept)
    assert (kept["status"] == "suppressed").sum() > 1
