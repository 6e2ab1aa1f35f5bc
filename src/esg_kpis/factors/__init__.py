"""Factors: the library, the choice of exactly one, and its application to amounts."""

from esg_kpis.factors.application import Applied, apply_factors
from esg_kpis.factors.as_known import as_known_on, with_earlier
from esg_kpis.factors.check import library_findings
from esg_kpis.factors.counted import Counted, Received, counted_in
from esg_kpis.factors.library import Factor, Library, read_library
from esg_kpis.factors.market import Market, market_based, with_instruments
from esg_kpis.factors.near import near_matches
from esg_kpis.factors.need import Choice, Need, rules_of
from esg_kpis.factors.selection import select, select_each
from esg_kpis.factors.series import LibraryFinding

__all__ = ["Applied", "Choice", "Counted", "Factor", "Library", "LibraryFinding", "Market", "Need", "Received", "apply_factors", "as_known_on", "counted_in", "library_findings", "market_based", "near_matches", "read_library", "rules_of", "select", "select_each", "with_earlier", "with_instruments"]
