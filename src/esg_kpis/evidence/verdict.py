"""What a verification says: one line per KPI, what was checked beside, and with which people data."""

from collections.abc import Mapping
from dataclasses import dataclass, field

AGREES, DIFFERS, NEEDS_ANNEX = "agrees", "differs", "needs the annex"
OPEN = NEEDS_ANNEX
"""What a check saw that could not look without the annex."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: whether it holds, what was seen, and what does not hold, name by name."""

    name: str
    passed: bool
    seen: str
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """One cell of the register beside what each engine computes: printed value or state by engine, and the verdict of all of them together."""

    kpi_id: str
    breakdown: str
    category: str
    unit: str
    register: str
    engines: Mapping[str, str]
    verdict: str
    difference: str = ""


@dataclass(frozen=True)
class Verification:
    """Everything that a verification found."""

    edition: str = ""
    period: str = ""
    fingerprint: str = ""
    people: str = ""
    checks: tuple[Check, ...] = ()
    lines: tuple[Line, ...] = field(default=())

    @property
    def good(self) -> bool:
        """Whether everything that could be checked holds, and the KPIs were recomputed."""
        return bool(self.lines) and all(check.passed for check in self.checks) and all(line.verdict != DIFFERS for line in self.lines)
