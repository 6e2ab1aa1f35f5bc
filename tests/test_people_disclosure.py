"""Small groups: what is about too few persons is left out, and nobody who reads the rest can work it out.

The attacker here is another one than the product's: it goes through every table of whole persons and keeps those that print as what is shown.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from esg_kpis.amounts import amounts_of_people
from esg_kpis.disclosure import suppressed, withheld
from esg_kpis.editions import Edition, counting_of
from esg_kpis.editions.boundary import amounts_in_edition
from esg_kpis.errors import InputProblem
from esg_kpis.exact import printed
from esg_kpis.ingest import ingest
from esg_kpis.kpis import Inputs, evaluate, inputs_of
from esg_kpis.people import count_people
from esg_kpis.tables import PUBLISHED, REJECTED, empty
from tests.people_scenario import AS_OF, PROGRAMMES, course, injury, spell, workspace_of
from tests.scenario import EVERYWHERE, NO_FACTORS, Row, edition_of, kpi

FULL = {"employment_type": ["full_time"]}
GENDERS: Row = {"name": "gender", "categories": {"Female": {"gender": ["Female"]}, "Male": {"gender": ["Male"]}}}
LEVELS: Row = {"name": "level", "categories": {name: {"level": [name]} for name in ("Senior", "Mid-Level", "Junior")}}
TOTAL: Row = {"name": "total", "categories": {"All": {}}}


def heads(kpi_id: str = "heads", **given: Any) -> Row:  # noqa: ANN401
    return kpi(kpi_id, "person", decimals=0, **{"amounts": [{"measure": ["employees"]}], **given})


def share(kpi_id: str, top: str, bottom: str, *breakdowns: Row, **given: Any) -> Row:  # noqa: ANN401
    return kpi(kpi_id, "%", formula="share", numerator=top, denominator=bottom, breakdowns=list(breakdowns) or [TOTAL], **given)


def crowd(**sizes: int) -> list[dict[str, str]]:
    """As many persons as told of each kind: `Female_Senior=3`; a kind may add a type of employment and a last day of 2023 (`left`)."""
    rows = []
    for kind, size in sizes.items():
        gender, level, *more = kind.split("_")
        for number in range(size):
            changes = {"gender": gender, "level": {"Mid": "Mid-Level"}.get(level, level)}
            changes |= {"employment_type": "intern"} if "intern" in more else {}
            changes |= {"site_id": "IN-01"} if "India" in more else {}
            rows.append(spell(f"{kind} {number}", "2022-01-01", "2023-06-30" if "left" in more else "", **changes))
    return rows


def shown(root: Path, kpis: Sequence[Row], spells: Sequence[Mapping[str, str]], rules: str = "", **files: Any) -> dict[tuple[str, str], str]:  # noqa: ANN401
    """KPI and category of 2023 to what is printed, or to `(status)`."""
    values = values_of(root, edition_of(root, kpis, EVERYWHERE + rules), {"s.csv": spells, **{f"{name}.csv": rows for name, rows in files.items()}})
    rows = values.filter(pl.col("period") == "2023").iter_rows(named=True)
    return {(row["kpi_id"], row["category"]): row["printed"] if row["printed"] is not None else f"({row['status']})" for row in rows}


def values_of(root: Path, edition: Edition, files: Mapping[str, Any]) -> pl.DataFrame:
    return values_and_inputs(root, edition, files)[0]


def values_and_inputs(root: Path, edition: Edition, files: Mapping[str, Any]) -> tuple[pl.DataFrame, Inputs]:
    workspace = workspace_of(root, {**files, "_format.toml": PROGRAMMES})
    read = ingest(workspace, AS_OF)
    people = count_people(workspace, AS_OF, read.sites, counting_of([edition]))
    assert people.rejected.is_empty()
    amounts = amounts_in_edition(amounts_of_people(people.counts), read.sites, empty(REJECTED), edition, AS_OF)
    inputs = inputs_of(amounts, read.sites, NO_FACTORS, edition, edition.rules.knowledge_date)
    return suppressed(evaluate(inputs, empty(PUBLISHED)), inputs), inputs


# ---------------------------------------------------------------- the threshold


@pytest.mark.parametrize(("women", "is_shown"), [(0, True), (1, False), (4, False), (5, True)])
def test_a_count_below_k_is_left_out_and_zero_is_not(tmp_path: Path, women: int, is_shown: bool) -> None:
    figures = shown(tmp_path, [heads(breakdowns=[GENDERS])], crowd(Female_Senior=women, Male_Senior=20))

    assert figures["heads", "Female"] == (str(women) if is_shown else "(suppressed)")
    assert figures["heads", "Male"] == "20"


def test_k_is_the_editions_own(tmp_path: Path) -> None:
    figures = shown(tmp_path, [heads(breakdowns=[GENDERS])], crowd(Female_Senior=9, Male_Senior=20), "[small_groups]\nk = 10\n")

    assert figures["heads", "Female"] == "(suppressed)"


def test_what_management_chose_to_print_is_shown_and_the_rest_still_is_not(tmp_path: Path) -> None:
    rules = '[small_groups]\nk = 5\n[[small_groups.disclosure]]\nkpi_id = "heads"\nbreakdown = "gender"\ncategory = "Female"\nreason = "r"\nwho = "w"\n'
    figures = shown(tmp_path, [heads(breakdowns=[GENDERS, LEVELS])], crowd(Female_Senior=3, Male_Junior=20), rules)

    assert figures["heads", "Female"] == "3"
    assert figures["heads", "Senior"] == "(suppressed)"


@pytest.mark.parametrize(
    ("item", "says"),
    [
        ('kpi_id = "headz"', "names the KPI 'headz', which is not defined. Did you mean 'heads'"),
        ('kpi_id = "heads"\nbreakdown = "level"', "names the breakdown 'level', which heads does not have. It has: gender"),
        ('kpi_id = "heads"\ncategory = "Femal"', "names the category 'Femal', which heads does not have. Did you mean 'Female'"),
    ],
)
def test_a_disclosure_of_what_is_not_there_is_refused(tmp_path: Path, item: str, says: str) -> None:
    rules = f'[small_groups]\nk = 5\n[[small_groups.disclosure]]\n{item}\nreason = "r"\nwho = "w"\n'

    with pytest.raises(InputProblem) as caught:
        edition_of(tmp_path, [heads(breakdowns=[GENDERS])], EVERYWHERE + rules)
    assert says in str(caught.value)


# ---------------------------------------------------------------- what would give it back


def test_the_other_part_of_a_whole_is_left_out_too(tmp_path: Path) -> None:
    figures = shown(tmp_path, [heads(breakdowns=[TOTAL, GENDERS])], crowd(Female_Senior=3, Male_Senior=20))

    assert figures == {("heads", "All"): "23", ("heads", "Female"): "(suppressed)", ("heads", "Male"): "(suppressed)"}


def test_a_share_of_a_shown_total_is_a_count(tmp_path: Path) -> None:
    kpis = [heads(), share("by_gender", "heads", "heads", GENDERS, denominator_within=[])]
    figures = shown(tmp_path, kpis, crowd(Female_Senior=3, Male_Senior=20))

    assert figures == {("heads", "All"): "23", ("by_gender", "Female"): "(suppressed)", ("by_gender", "Male"): "(suppressed)"}


def test_a_coarse_share_is_given_away_by_the_value_beside_it(tmp_path: Path) -> None:
    """0 decimals of 400: 99 % of men may be 394 to 397. But kpi_values also holds 99.25."""
    kpis = [heads(), share("by_gender", "heads", "heads", GENDERS, denominator_within=[], decimals=0)]
    figures = shown(tmp_path, kpis, crowd(Female_Senior=3, Male_Senior=397))

    assert (figures["by_gender", "Female"], figures["by_gender", "Male"]) == ("(suppressed)", "(suppressed)")


def test_a_rate_beside_its_denominator_is_a_count(tmp_path: Path) -> None:
    kpis = [heads(breakdowns=[TOTAL, GENDERS]), heads("left", amounts=[{"measure": ["employees_left"]}]), share("turnover", "left", "heads", TOTAL, GENDERS)]
    figures = shown(tmp_path, kpis, crowd(Female_Senior=30, Male_Senior=30, Female_Senior_left=2, Male_Senior_left=9))

    assert figures["heads", "Female"] == "30"
    assert figures["turnover", "Female"] == "(suppressed)"
    assert "(suppressed)" in (figures["turnover", "All"], figures["turnover", "Male"], figures["left", "All"])


def test_one_count_under_two_names_is_one_count(tmp_path: Path) -> None:
    """97 full-time of 100 in one KPI give away the 3 others, which another KPI leaves out."""
    by_type = heads("by_type", breakdowns=[{"name": "employment_type", "categories": {"Full": FULL, "Other": {"employment_type": ["not full_time"]}}}])
    kpis = [heads("workforce"), by_type, heads("full_time", amounts=[{"measure": ["employees"], "where": FULL}])]
    figures = shown(tmp_path, kpis, crowd(Male_Senior=97, Male_Junior_intern=3))

    assert figures["by_type", "Other"] == "(suppressed)"
    assert "(suppressed)" in (figures["workforce", "All"], figures["full_time", "All"])
    assert (figures["full_time", "All"] == "(suppressed)") == (figures["by_type", "Full"] == "(suppressed)")


def test_the_rest_that_no_cell_names_is_not_told_either(tmp_path: Path) -> None:
    """Nothing is printed about the 3 others; the total and the full-time ones would tell of them."""
    kpis = [heads("workforce"), heads("full_time", amounts=[{"measure": ["employees"], "where": FULL}])]
    figures = shown(tmp_path, kpis, crowd(Male_Senior=97, Male_Junior_intern=3))

    assert "(suppressed)" in figures.values()


def test_categories_that_overlap_give_back_their_difference(tmp_path: Path) -> None:
    """Everybody, those not in India, and the home country: India is the rest of the first two."""
    regions = [
        {"name": "home", "categories": {"Home": {"country": ["CN"]}}}, {"name": "region", "categories": {"Elsewhere": {"country": ["not IN"]}}},
    ]  # fmt: skip
    figures = shown(tmp_path, [heads(breakdowns=[TOTAL, *regions])], crowd(Male_Senior=40, Male_Senior_India=2))

    assert "(suppressed)" in (figures["heads", "All"], figures["heads", "Elsewhere"])


def test_a_difference_and_a_growth_are_looked_at_as_well(tmp_path: Path) -> None:
    kpis = [
        heads("workforce"), heads("full_time", amounts=[{"measure": ["employees"], "where": FULL}]),
        kpi("others", "person", decimals=0, formula="difference", numerator="workforce", denominator="full_time"),
        heads("interns", amounts=[{"measure": ["employees"], "where": {"employment_type": ["intern"]}}]), kpi("growth", "%", formula="growth", numerator="interns"),
    ]  # fmt: skip
    figures = shown(tmp_path, kpis, crowd(Male_Senior=97, Male_Junior_intern=3))

    assert figures["others", "All"] == figures["interns", "All"] == figures["growth", "All"] == "(suppressed)"


def test_hours_and_lost_days_of_few_persons_are_theirs(tmp_path: Path) -> None:
    kpis = [
        heads(), kpi("hours", "hour", amounts=[{"measure": ["training_hours"]}], breakdowns=[TOTAL, GENDERS]),
        kpi("lost", "day", amounts=[{"measure": ["lost_days_injury"]}]), kpi("many", "hour", amounts=[{"measure": ["training_hours"]}], breakdowns=[LEVELS]),
    ]  # fmt: skip
    spells = crowd(Female_Senior=3, Male_Senior=20)
    courses = [row for number in range(20) for row in [course(f"Male_Senior {number}", "2023-03-01", "2")]] + [course("Female_Senior 0", "2023-03-01", "40")]
    figures = shown(tmp_path, kpis, spells, t=courses, i=[injury("W1", "Male_Senior 3", "2023-05-05", lost_days="56")])

    assert figures["hours", "Female"] == figures["lost", "All"] == "(suppressed)"
    assert "(suppressed)" in (figures["hours", "All"], figures["hours", "Male"])
    assert figures["many", "Senior"] == "80.00"


@pytest.mark.parametrize("apart", [False, True])
def test_hours_of_a_rest_that_no_cell_names_are_not_told_either(tmp_path: Path, apart: bool) -> None:
    """17 at home and 3 in India; total and home would tell the hours of the 3, as one KPI or as two."""
    hours, home = [{"measure": ["training_hours"]}], {"country": ["CN"]}
    one = [kpi("hours", "hour", amounts=hours, breakdowns=[TOTAL, {"name": "region", "categories": {"Home": home}}])]
    two = [kpi("hours", "hour", amounts=hours), kpi("at_home", "hour", amounts=[{"measure": ["training_hours"], "where": home}])]
    spells = crowd(Male_Senior=17, Male_Senior_India=3)
    courses = [course(f"Male_Senior {number}", "2023-05-05", "7") for number in range(17)] + [course(f"Male_Senior_India {number}", "2023-05-05", "40") for number in range(3)]
    figures = shown(tmp_path, two if apart else one, spells, t=courses)

    assert sorted(figures.values()) in (["(suppressed)", "119.00"], ["(suppressed)", "239.00"])


REGION: Row = {"name": "region", "categories": {"Home": {"country": ["CN"]}, "Other": {"country": ["not CN"]}}}


def test_openings_joiners_and_leavers_do_not_give_the_closing_back(tmp_path: Path) -> None:
    """12 abroad of whom 8 leave: 12 + 0 - 8 are the 4 that are left out."""
    kpis = [heads(breakdowns=[REGION]), *(heads(name, amounts=[{"measure": [f"employees_{name}"]}], breakdowns=[REGION]) for name in ("joined", "left"))]
    values = values_of(tmp_path, edition_of(tmp_path, kpis), {"s.csv": crowd(Male_Senior=20, Male_Senior_India=4, Male_Senior_India_left=8)})
    cells = {row[:3]: row[3] for row in values.filter(pl.col("category") == "Other").select("kpi_id", "period", "category", "status").iter_rows()}

    assert cells["heads", "2023", "Other"] == "suppressed"
    assert "suppressed" in (cells["heads", "2022", "Other"], cells["joined", "2023", "Other"], cells["left", "2023", "Other"])


def test_an_exact_share_and_an_average_do_not_give_the_rest_back(tmp_path: Path) -> None:
    """59 of 62, and 62 month-end heads in all: the total is a multiple of 62, and at most 62."""
    share_of = share("at_home", "heads", "heads", {"name": "region", "categories": {"Home": {"country": ["CN"]}}}, denominator_within=[])
    average = kpi("average", "person", amounts=[{"measure": ["employees_month_ends"]}], mean_over="months")
    late = [{**row, "from": "2023-12-05"} for row in crowd(Male_Senior=59, Male_Senior_India=3)]
    figures = shown(tmp_path, [heads(periods=["2022"]), share_of, average], late)

    assert "(suppressed)" in (figures["at_home", "Home"], figures["average", "All"])


def test_an_average_of_few_over_the_months_is_theirs(tmp_path: Path) -> None:
    average = kpi("average", "person", amounts=[{"measure": ["employees_month_ends"]}], mean_over="months", breakdowns=[GENDERS])
    figures = shown(tmp_path, [average], crowd(Female_Senior=4, Male_Senior=5))

    assert figures == {("average", "Female"): "(suppressed)", ("average", "Male"): "5.00"}


def test_a_figure_per_head_of_a_small_site_is_left_out_and_so_is_what_gives_its_heads_back(tmp_path: Path) -> None:
    by_site: Row = {"name": "site", "each": "site_id"}
    figures = shown(tmp_path, [heads(breakdowns=[TOTAL, by_site])], crowd(Male_Senior=40, Male_Senior_India=2))

    assert figures["heads", "IN-01"] == "(suppressed)"
    assert "(suppressed)" in (figures["heads", "All"], figures["heads", "BJ-01"])


def test_whoever_knows_the_rule_learns_nothing_from_which_figures_are_shown(tmp_path: Path) -> None:
    """19 of whom 13 are under 30: the others are 5 and 1, 4 and 2, or 3 and 3. A turnover of 0.00 shown for one group and hidden for the other would say that it is 5 and 1, and so would two reasons."""
    ages: Row = {"name": "age_group", "categories": {name: {"age_group": [name]} for name in ("Under 30", "30-50", "Above 50")}}
    people = [spell(f"{age} {number}", "2022-01-01", age_group=age) for age, many in (("Under 30", 13), ("30-50", 5), ("Above 50", 1)) for number in range(many)]
    kpis = [heads(breakdowns=[TOTAL, ages]), heads("leavers", amounts=[{"measure": ["employees_left"]}], breakdowns=[TOTAL]), share("turnover", "leavers", "heads", ages)]
    edition = edition_of(tmp_path, kpis, EVERYWHERE)
    values = values_of(tmp_path, edition, {"s.csv": people}).filter(pl.col("period") == "2023")
    hidden = values.filter(pl.col("status") == "suppressed")

    assert {(row["kpi_id"], row["category"]) for row in hidden.iter_rows(named=True)} == {(kpi_id, age) for kpi_id in ("heads", "turnover") for age in ("30-50", "Above 50")}
    assert set(hidden["reason"]) == {"it would tell of fewer than 5 persons"}


def test_a_suppressed_cell_says_why_and_its_tie_out_tells_nothing(tmp_path: Path) -> None:
    from esg_kpis.assurance.tie_out import published_of, tie_out

    edition = edition_of(tmp_path, [heads(breakdowns=[GENDERS])], EVERYWHERE, published="heads,2023,gender,Female,3,person,0,p\n")
    values = values_of(tmp_path, edition, {"s.csv": crowd(Female_Senior=3, Male_Senior=20)})
    row = values.filter((pl.col("category") == "Female") & (pl.col("period") == "2023")).row(0, named=True)
    tied = tie_out(values, published_of(edition, empty(PUBLISHED)), edition).filter(pl.col("category") == "Female")

    assert (row["status"], row["value"], row["printed"], row["reason"]) == ("suppressed", None, None, "it would tell of fewer than 5 persons")
    assert tied.filter(pl.col("period") == "2023").select("verdict", "published", "computed").row(0) == ("suppressed", None, None)


# ---------------------------------------------------------------- every table that prints as shown


KINDS = [(gender, level) for gender in ("Female", "Male") for level in ("Senior", "Junior")]
ATTACKED = [
    heads(breakdowns=[TOTAL, GENDERS, {"name": "level", "categories": {"Senior": {"level": ["Senior"]}, "Junior": {"level": ["Junior"]}}}]),
    share("within_level", "heads", "heads", {
        "name": "level|gender", "categories": {f"{level}|{gender}": {"level": [level], "gender": [gender]} for gender, level in KINDS},
    }, denominator_within=["level"], decimals=1),
]  # fmt: skip


def figures_of(sizes: Sequence[int]) -> dict[tuple[str, str], str]:
    """What a table of persons by gender and level prints as, cell by cell, without the product."""
    of = dict(zip(KINDS, sizes, strict=True))
    found = {("heads", "All"): Fraction(sum(sizes))}
    for name in ("Female", "Male", "Senior", "Junior"):
        found["heads", name] = Fraction(sum(size for kind, size in of.items() if name in kind))
    for gender, level in KINDS:
        whole = found["heads", level]
        if whole:
            found["within_level", f"{level}|{gender}"] = Fraction(100 * of[gender, level]) / whole
    return {cell: printed(value, 0 if cell[0] == "heads" else 1) for cell, value in found.items()}


def groups_of(sizes: Sequence[int]) -> Iterator[tuple[str, int]]:
    of = dict(zip(KINDS, sizes, strict=True))
    for name in ("Female", "Male", "Senior", "Junior"):
        yield name, sum(size for kind, size in of.items() if name in kind)
    for (gender, level), size in of.items():
        yield f"{level}|{gender}", size


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(0, 9), min_size=4, max_size=4).filter(any))
@example(sizes=[0, 0, 2, 3])
@example(sizes=[3, 0, 4, 1])
def test_no_small_group_can_be_worked_out_from_what_is_shown(tmp_path_factory: pytest.TempPathFactory, sizes: list[int]) -> None:
    k = 3
    spells = crowd(**{f"{gender}_{level}": size for (gender, level), size in zip(KINDS, sizes, strict=True)})
    figures = shown(tmp_path_factory.mktemp("w"), ATTACKED, spells, f"[small_groups]\nk = {k}\n")
    told = {cell: text for cell, text in figures.items() if not text.startswith("(")}
    assert told.items() <= figures_of(sizes).items()

    heads_told = {name: int(text) for (kpi_id, name), text in told.items() if kpi_id == "heads" and name != "All"}
    most: dict[str, int] = {}
    large = {name for kpi_id, name in told if name != "All"} | {name.split("|")[0] for kpi_id, name in told if kpi_id == "within_level"}
    for table in product(range(13), repeat=4):
        groups = dict(groups_of(table))
        # The attacker knows the rule: what is shown is about no small group.
        if any(0 < groups[name] < k for name in large) or 0 < sum(table) < k:
            continue
        if all(groups[name] == size for name, size in heads_told.items()) and told.items() <= figures_of(table).items():
            for name, size in groups.items():
                most[name] = max(most.get(name, 0), size)
    assert {name: (size, most[name]) for name, size in groups_of(sizes) if 0 < size < k and most[name] < k} == {}
    if ("heads", "All") in told:  # What is left out is not what anybody works out from the total.
        assert [pair for pair in (("Female", "Male"), ("Senior", "Junior")) if len(heads_told.keys() & {*pair}) == 1] == []


def test_the_search_would_find_a_group_that_is_told() -> None:
    """The attacker itself: with every cell shown, 2 women are 2 women."""
    told = figures_of((2, 0, 9, 9))
    fitting = [table for table in product(range(12), repeat=4) if told.items() <= figures_of(table).items()]

    assert fitting == [(2, 0, 9, 9)]


def test_a_solver_that_says_nothing(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """HiGHS 1.16.0 prints a banner whatever it is told; what goes to standard output must be ours, or `--json` breaks."""
    shown(tmp_path, [heads(breakdowns=[GENDERS])], crowd(Female_Senior=3, Male_Senior=20))

    assert capfd.readouterr() == ("", "")


# ---------------------------------------------------------------- counts beside figures


def of_levels(**sizes: tuple[int, int]) -> list[dict[str, str]]:
    """Persons of each level who stay, and who leave in 2023."""
    rows = []
    for level, (stay, leave) in sizes.items():
        rows += [spell(f"{level} {number}", "2022-01-01", "2023-06-30" if number < leave else "", level=level.replace("_", "-")) for number in range(stay + leave)]
    return rows


def counts_withheld(root: Path, spells: Sequence[Mapping[str, str]]) -> tuple[dict[tuple[str, str], str], set[tuple[str, str]]]:
    """The state of each figure of 2023, and the category and sum of each count that must not stand beside a rate."""
    left = kpi("left", "person", decimals=0, amounts=[{"measure": ["employees_left"]}])
    edition = edition_of(root, [heads(), left, share("rate", "left", "heads", LEVELS)], EVERYWHERE)
    values, inputs = values_and_inputs(root, edition, {"s.csv": spells})
    state = {(row["kpi_id"], row["category"]): row["status"] for row in values.filter(pl.col("period") == "2023").iter_rows(named=True)}
    return state, {(cell[3], leaf) for cell, leaf, period, _, _ in withheld(values, inputs) if (cell[0], period) == ("rate", "2023")}


def test_counts_that_would_give_back_a_small_group_beside_shown_rates_are_withheld(tmp_path: Path) -> None:
    """A quarter left of each level. Rates and totals leave open how many the third level has; the counts of the two others would tell it. One count of a level tells the other by its rate."""
    state, counts = counts_withheld(tmp_path, of_levels(Senior=(40, 10), Junior=(56, 14), Mid_Level=(4, 1)))

    assert [state["rate", level] for level in ("Senior", "Junior", "Mid-Level")] == ["ok", "ok", "suppressed"]
    assert state["heads", "All"] == state["left", "All"] == "ok"
    assert any({(level, "heads"), (level, "left")} <= counts for level in ("Senior", "Junior"))


def test_counts_of_large_groups_are_not_withheld(tmp_path: Path) -> None:
    state, counts = counts_withheld(tmp_path, of_levels(Senior=(40, 10), Junior=(56, 14), Mid_Level=(24, 6)))

    assert {state["rate", level] for level in ("Senior", "Junior", "Mid-Level")} == {"ok"}
    assert counts == set()
