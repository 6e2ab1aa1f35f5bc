"""KPIs: a closed set of formulas over amounts, read from kpis.yaml. No code per KPI.

Amounts are added up exactly (`cube`), chosen by category (`selection`), divided once (`formulas`) and rounded once for keeping and once for print
(`evaluate`).
"""

from esg_kpis.kpis.cube import CUBE, NOT_TOLD, Inputs, Told, counting, cross_name, inputs_of, stands_in, with_attributes, with_sites
from esg_kpis.kpis.cut import cut_of
from esg_kpis.kpis.evaluate import cells, evaluate, period_before
from esg_kpis.kpis.formulas import Value, divisor, leaf_value
from esg_kpis.kpis.selection import Part, Within, attributes_of, narrowed, only, parts_of, selected
from esg_kpis.kpis.targets import with_targets

__all__ = [
    "CUBE",
    "NOT_TOLD",
    "Inputs",
    "Part",
    "Told",
    "Value",
    "Within",
    "attributes_of",
    "cells",
    "counting",
    "cross_name",
    "cut_of",
    "divisor",
    "evaluate",
    "inputs_of",
    "leaf_value",
    "narrowed",
    "only",
    "parts_of",
    "period_before",
    "selected",
    "stands_in",
    "with_attributes",
    "with_sites",
    "with_targets",
]  # fmt: skip
