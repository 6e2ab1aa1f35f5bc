"""From typed quantities to amounts: canonical units, months, and what was expected."""

from esg_kpis.amounts.build import amounts_of
from esg_kpis.amounts.coverage import coverage_of

__all__ = ["amounts_of", "coverage_of"]
