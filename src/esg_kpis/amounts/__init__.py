"""From typed quantities to amounts: canonical units, months, and what was expected."""

from esg_kpis.amounts.build import amounts_of
from esg_kpis.amounts.coverage import Coverage, coverage_of
from esg_kpis.amounts.outliers import outliers_of
from esg_kpis.amounts.people import amounts_of_people

__all__ = ["Coverage", "amounts_of", "amounts_of_people", "coverage_of", "outliers_of"]
