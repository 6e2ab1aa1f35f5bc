"""Lineage: the amounts of a cell add up to it, and lead to lines of files."""

from fractions import Fraction

import polars as pl
import pytest

from esg_kpis.assurance.lineage import OF_PEOPLE
from pipelines.last_run import last_run
from tests.conftest import Ran


@pytest.mark.parametrize("edition", ["2020", "2023", "transparency-2020"])
def test_the_terms_of_every_sum_add_up_to_it(worked: Ran, edition: str) -> None:
    ran = last_run(worked.root, worked.out, edition)
    values = ran.table("kpi_values")
    lineage = ran.lineage(values)
    own = lineage.filter((pl.col("kpi_id") == pl.col("term")) & (pl.col("period") == pl.col("term_period")))
    keys = ["kpi_id", "period", "breakdown", "category"]
    sums = {key: sum((Fraction(quantity) * Fraction(times) for quantity, times in rows.select("quantity", "times").iter_rows()), Fraction(0)) for key, rows in own.group_by(keys)}
    leaves = [kpi.id for kpi in ran.edition.kpis.values() if kpi.formula in ("sum", "count")]
    valued = values.filter(pl.col("kpi_id").is_in(leaves) & pl.col("value").is_not_null())

    assert len(sums) >= 30
    for row in valued.iter_rows(named=True):
        assert abs(sums.get(tuple(row[name] for name in keys), Fraction(0)) - Fraction(row["value"])) <= Fraction(1, 2 * 10**18), row


def test_every_amount_leads_to_a_line_of_a_file(worked: Ran) -> None:
    ran = last_run(worked.root, worked.out, "2023")
    lineage = ran.lineage(ran.table("kpi_values").filter(pl.col("period") == "2023")).filter(~pl.col("measure").is_in(OF_PEOPLE))
    records = ran.table("records")

    assert lineage.height > 10_000
    assert lineage.join(records, on="record_id", how="anti").is_empty()
    assert lineage.join(ran.table("record_fates").filter(pl.col("fate") == "used"), on="record_id", how="anti").is_empty()


def test_a_cell_without_a_value_has_no_lineage(worked: Ran) -> None:
    ran = last_run(worked.root, worked.out, "2023")
    values = ran.table("kpi_values")

    assert ran.lineage(values.filter(pl.col("value").is_null())).is_empty()
