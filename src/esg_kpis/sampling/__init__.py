"""Samples for an assurer: drawn from the records behind one cell, and taken back filled in.

Everything here can be done again by hand, or by another program: the draw rests on SHA-256 of short texts, the limits on the Poisson, binomial, hypergeometric and
Student distributions, computed with decimals of forty digits. docs/sampling.md has the formulas.
"""

from esg_kpis.sampling.evaluate import Evaluated, evaluate
from esg_kpis.sampling.omissions import Ought, drawn_omissions
from esg_kpis.sampling.plan import METHODS, PROJECTIONS, Plan
from esg_kpis.sampling.population import Behind, check_samplable, items_of, population_digest
from esg_kpis.sampling.select import Drawn, drawn

__all__ = [
    "METHODS",
    "PROJECTIONS",
    "Behind",
    "Drawn",
    "Evaluated",
    "Ought",
    "Plan",
    "check_samplable",
    "drawn",
    "drawn_omissions",
    "evaluate",
    "items_of",
    "population_digest",
]
