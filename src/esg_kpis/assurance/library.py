"""Findings of the factor library itself: gaps, overlaps, revisions, outliers, and what refers to nothing."""

from collections.abc import Iterable
from typing import Any

from esg_kpis.editions import Edition
from esg_kpis.factors import Library, library_findings
from esg_kpis.factors.check import KINDS


def of_library(library: Library, editions: Iterable[Edition]) -> list[dict[str, Any]]:
    """One finding per series, factor, region, source or set that something is found of. Rows that cannot be read are the check `unreadable_factor`."""
    return [
        {
            "check": "library", "subject": f"{row.kind.replace('_', ' ')}: {row.subject}", "edition": "", "period": "", "severity": row.severity, "passed": False, "observed": row.message,
            "expected": f"none of: {KINDS[row.kind][0].lower()}{KINDS[row.kind][1:]}", "difference": None, "record_ids": "", "what_to_do": row.what_to_do,
        }
        for row in library_findings(library, gwp_sets_of(editions)) if row.kind != "unreadable"
    ]  # fmt: skip


def gwp_sets_of(editions: Iterable[Edition]) -> frozenset[str]:
    """The GWP sets that editions and their lenses count by."""
    return frozenset(name for edition in editions for name in (edition.rules.gwp_set, *(lens.gwp_set for lens in edition.rules.lens)) if name)
