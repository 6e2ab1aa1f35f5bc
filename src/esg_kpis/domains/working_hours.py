"""Working time: hours worked at a site, the denominator of injury rates by hours (GRI 403-9)."""

from esg_kpis.domains.definition import Domain, Measure

DOMAIN = Domain(
    name="working_hours",
    title="Hours worked",
    source="Time recording or payroll of the site",
    measures=(Measure("hours_worked", "hour", "flow", "Hours worked by employees at a site"),),
)
