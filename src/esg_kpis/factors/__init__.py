"""Factors: the library, the choice of exactly one, and its application to amounts."""

from esg_kpis.factors.application import Applied, apply_factors
from esg_kpis.factors.library import Factor, Library, read_library
from esg_kpis.factors.near import near_matches
from esg_kpis.factors.need import Choice, Need, rules_of
from esg_kpis.factors.selection import select

__all__ = ["Applied", "Choice", "Factor", "Library", "Need", "apply_factors", "near_matches", "read_library", "rules_of", "select"]
