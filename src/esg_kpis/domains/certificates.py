"""Certificates of management systems: standard, scope in words, and the days they are valid."""

from esg_kpis.domains.definition import Count, Domain, Field, Measure

DOMAIN = Domain(
    name="certificates",
    title="Management-system certificates",
    source="ISO/IEC 17021-1:2015, 8.2.2: what a certificate states (scope, standard, dates, holder); GRI 403-8 (2018); 2023 ESG report, Certification and Coverage Scope",
    lasting=True,
    measures=(Measure("certificates", "certificate", "stock", "Certificates of management systems valid on the day"),),
    fields=(
        Field("certificate_no", "Number of the certificate", key=True),
        Field("standard", "Standard it is of, such as ISO 14001", required=True, dimension=True, attribute="standard"),
        Field("scope", "What it covers, in its own words", required=True),
        Field("certified_by", "Certification body"),
    ),
    counts=(Count("certificates", of=("certificate_no",)),),
)
