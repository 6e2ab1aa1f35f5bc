"""Editions: one published report each, as data."""

from esg_kpis.editions.counting import counting_of
from esg_kpis.editions.model import Amounts, Breakdown, Edition, EditionFile, Kpi
from esg_kpis.editions.read import (
    added_up,
    amount_unit,
    check_unit,
    edition_ids,
    needed_measures,
    read_edition,
    read_editions,
    scoped_measures,
)
from esg_kpis.editions.rules import Boundary, Exclusion, FactorRule, Lens, Period

__all__ = [
    "Amounts",
    "Boundary",
    "Breakdown",
    "Edition",
    "EditionFile",
    "Exclusion",
    "FactorRule",
    "Kpi",
    "Lens",
    "Period",
    "added_up",
    "amount_unit",
    "check_unit",
    "counting_of",
    "edition_ids",
    "needed_measures",
    "read_edition",
    "read_editions",
    "scoped_measures",
]
