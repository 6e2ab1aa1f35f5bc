"""The evidence pack: one signed zip per edition and period that a sceptic can verify without us, and the verification itself."""

from esg_kpis.evidence.pack import Material, packed, plain_annex
from esg_kpis.evidence.verdict import Check, Line, Verification
from esg_kpis.evidence.verify import Asked, verified

__all__ = ["Asked", "Check", "Line", "Material", "Verification", "packed", "plain_annex", "verified"]
