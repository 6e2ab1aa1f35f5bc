"""The three reports as printed: what the checks find in them, and no more. docs/checks.md explains each."""

import time
from pathlib import Path

import polars as pl
import pytest

from esg_kpis.editions import read_editions
from esg_kpis.printed import ChecksFile, Document, check_editions, check_table, failed, read_checks, read_table
from tests.conftest import REPOSITORY
from tests.printed_scenario import checked

PRINTED = Path(__file__).parent / "printed"
FOUND_2023 = [
    ("adds_up", "total_workforce", "2021"), ("adds_up", "total_workforce", "2022"), ("adds_up", "water_withdrawal", "2023"), ("band", "N2O of direct energy", "2020"), ("boundary", "turnover_rate/region", "2023"),
    ("denominator_said", "work_related_fatality_rate", "2020"), ("roll_forward", "employees_full_time", "2021"), ("roll_forward", "employees_full_time", "2022"), ("roll_forward", "employees_full_time", "2023"),
    ("weighted_mean", "avg_training_hours/gender", "2023"), ("weighted_mean", "avg_training_hours/level", "2023"), ("weighted_mean", "training_rate/gender", "2023"), ("weighted_mean", "training_rate/level", "2023"),
    ("whole_numbers", "training_rate/level/Senior", "2021"), ("whole_numbers", "training_rate/level/Senior", "2022"), ("whole_numbers", "training_rate/level/Senior", "2023"),
    ("whole_numbers", "turnover_rate/age_group/Above 50", "2023"), ("whole_numbers", "turnover_rate/region/Regions beyond the Chinese mainland", "2020"),
]  # fmt: skip
FOUND_2020 = [("band", "hot water a day and system", "2020")]
FOUND_REQUESTS = [("denominator_said", f"legal_process_requests_pct/country|process_type/China|{kind}", "2020") for kind in ("Investigation Order", "Other Court Orders")]


@pytest.fixture(scope="module")
def editions() -> pl.DataFrame:
    folder = REPOSITORY / "editions"
    every = read_editions(folder)
    return check_editions(folder, every, every, pl.concat([edition.published for edition in every]))


@pytest.mark.parametrize(("edition", "expected"), [("2023", FOUND_2023), ("2020", FOUND_2020), ("transparency-2020", FOUND_REQUESTS)])
def test_what_the_reports_contradict_is_found_and_nothing_else(editions: pl.DataFrame, edition: str, expected: list[tuple[str, str, str]]) -> None:
    own = failed(editions.filter(pl.col("edition") == edition))

    assert sorted(own.select("check", "subject", "period").rows()) == expected
    assert editions.filter(pl.col("verdict").is_in(["not_checked", "unreadable"])).is_empty()


def test_what_is_explained_is_marked(editions: pl.DataFrame) -> None:
    explained = editions.filter(pl.col("explained"))

    assert sorted(set(explained["check"])) == ["band", "boundary", "denominator_said", "roll_forward"]
    assert set(explained["verdict"]) == {"cannot_be_rounding"}


def test_the_page_explains_each_finding(editions: pl.DataFrame) -> None:
    page = (REPOSITORY / "docs" / "checks.md").read_text(encoding="utf-8")

    assert [subject for subject in failed(editions)["subject"].unique().sort() if f"`{subject}`" not in page] == []


def test_all_418_figures_raise_nothing_by_themselves() -> None:
    """Without definitions only shares, means and repeats can be looked at, and in these all is well."""
    table = read_table(PRINTED / "published_kpis.csv")
    frame = check_table(table)

    assert table.height == 418
    assert failed(frame).is_empty()
    assert frame.height >= 54


def test_a_changed_share_among_the_418_is_found_by_itself() -> None:
    """Every figure of every breakdown that adds up to 100, moved by 1: the other years tell that they are shares."""
    table = read_table(PRINTED / "published_kpis.csv").with_row_index("row")
    rows = table.filter(pl.col("kpi_id").is_in(["workforce_by_age", "workforce_by_profession", "workforce_by_level", "workforce_by_level_gender", "new_employees_by_gender"]))
    moved = rows.with_columns((pl.col("value_as_printed").cast(pl.Decimal(9, 2)) + 1).cast(pl.String).alias("value_as_printed"))
    missed = []
    for row in moved.iter_rows(named=True):
        changed = rows.with_columns(pl.when(pl.col("row") == row["row"]).then(pl.lit(row["value_as_printed"])).otherwise(pl.col("value_as_printed")).alias("value_as_printed"))
        told = failed(check_table(changed.drop("row")))
        if not (told.height == 1 and f"{row['kpi_id']}/{row['breakdown']}/{row['category']} {row['period']}: " in (told["suspects"].item() or "")):
            missed.append(row)

    assert rows.height == 50
    assert missed == []


def test_the_transparency_report_computes_table_4_otherwise_than_it_says() -> None:
    folder = PRINTED / "transparency-2020"
    frame = check_table(read_table(folder / "table.csv"), {"": Document({}, read_checks(folder / "checks.yaml"))})

    assert set(failed(frame)["check"]) == {"denominator_said"}
    assert failed(frame).height == 2
    assert all("the print fits that one" in text for text in failed(frame)["explanation"])
    assert frame.filter(pl.col("check") == "quotient").height == 12


def test_five_thousand_figures_take_seconds() -> None:
    """500 wholes of eight parts and an intensity each, one in fifty of them wrong."""
    rows, parts, ratios = [], [], []
    for number in range(500):
        rows += [f"p{number}_{part} 2023: {number + part}.00 t" for part in range(8)]
        rows += [f"w{number} 2023: {8 * number + 28 + (100 if number % 50 == 0 else 0)}.00 t", f"r{number} 2023: {8 * number + 28}.00 t/person"]
        parts.append({"whole": f"w{number}", "parts": [f"p{number}_{part}" for part in range(8)]})
        ratios.append({"result": f"r{number}", "numerator": [f"w{number}"], "denominator": ["n"]})
    began = time.process_time()

    frame = checked("n 2023: 1 person", *rows, checks=ChecksFile.model_validate({"parts": parts, "ratio": ratios}).model_dump(exclude_defaults=True))

    assert (len(rows), frame.height, failed(frame).height) == (5000, 1000, 20)
    assert time.process_time() - began < 10
