"""Stated amounts: figures that are inputs by nature, with the document that states them."""

from esg_kpis.domains.definition import Domain, Field, Measure

DOMAIN = Domain(
    name="stated",
    stated=True,
    title="Stated amounts",
    source="The statement named in each record",
    measures=(
        Measure("revenue", "RMB million", "flow", "Revenue of the group"),
        Measure("employees_full_time", "person", "stock", "Full-time employees, heads at a date"),
    ),
    fields=(Field("statement", "Document that states the figure", required=True),),
)
