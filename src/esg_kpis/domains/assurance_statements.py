"""Statements of independent assurance: by which standard, at which level, when, and what they cover."""

from esg_kpis.domains.definition import Count, Domain, Field, Measure

LEVELS = ("limited", "reasonable", "moderate", "high")
"""Limited and reasonable: ISAE 3000 (revised), 12; ISO 14064-3:2019, 3.6.5. Moderate and high: AA1000AS v3 (2020)."""

DOMAIN = Domain(
    name="assurance_statements",
    title="Assurance statements",
    source="GRI 2-5 (2021); ISAE 3000 (revised), 69; AA1000AS v3 (2020)",
    lasting=True,
    measures=(Measure("assurance_statements", "statement", "stock", "Statements of independent assurance on what was reported of the period that ends on the day"),),
    fields=(
        Field("statement_no", "Number of the statement", key=True),
        Field("assurance_standard", "Standard it was made by, such as AA1000AS v3 or ISAE 3000", required=True, dimension=True, attribute="assurance_standard"),
        Field("assurance_level", "Level of assurance", required=True, allowed=LEVELS, dimension=True, attribute="assurance_level"),
        Field("assurance_type", "Type of the engagement, where its standard knows several, such as Type 2", dimension=True),
        Field("issued_on", "Day of the statement", required=True),
        Field("provider", "Who gave it", required=True),
        Field("document", "The document it is about", required=True),
        Field("covers", "What it covers, in its own words", required=True),
        Field("criteria", "Against what was judged"),
    ),
    counts=(Count("assurance_statements", of=("statement_no",)),),
)
