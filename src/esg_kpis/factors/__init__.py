"""Factors: the library, the choice of exactly one, and its application to amounts."""

from esg_kpis.factors.application import Applied, apply_factors
from esg_kpis.factors.library import Factor, Library, read_library
from esg_kpis.factors.selection import Choice, Need, rules_of, select

__all__ = ["Applied", "Choice", "Factor", "Library", "Need", "apply_factors", "read_library", "rules_of", "select"]
