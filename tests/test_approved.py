"""The digest of what is approved follows every shown cell of its period, and no other."""

import polars as pl
import pytest

from esg_kpis.assurance.approved import approved_bytes, approved_digest
from tests.conftest import Ran


@pytest.mark.parametrize("change", [pl.col("value") + pl.lit("0.000000000000000001").cast(pl.Decimal(38, 18)), pl.lit("0").alias("printed"), pl.lit("kt").alias("unit"), pl.lit("incomplete").alias("status"), pl.lit("a reason").alias("reason")])
def test_any_change_of_a_cell_gives_another_digest(worked: Ran, change: pl.Expr) -> None:
    values = worked.table("kpi_values")
    one = (pl.col("kpi_id") == "ghg_scope_2") & (pl.col("period") == "2023") & (pl.col("edition") == "2023")
    changed = pl.concat([values.filter(~one), values.filter(one).with_columns(change).select(values.columns)])

    assert approved_digest(changed, "2023", "2023") != approved_digest(values, "2023", "2023")
    assert approved_digest(changed, "2023", "2022") == approved_digest(values, "2023", "2022")
    assert approved_digest(changed, "2020", "2020") == approved_digest(values, "2020", "2020")


def test_the_order_of_rows_changes_nothing(worked: Ran) -> None:
    values = worked.table("kpi_values")

    assert approved_bytes(values.reverse(), "2023", "2023") == approved_bytes(values, "2023", "2023")
    assert approved_bytes(values, "2023", "2023").count(b"\n") == values.filter((pl.col("edition") == "2023") & (pl.col("period") == "2023")).height + 1
