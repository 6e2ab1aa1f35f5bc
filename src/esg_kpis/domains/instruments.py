"""Contractual instruments: certificates and contracts that say which electricity was bought, for the market-based method."""

from esg_kpis.domains.definition import Domain, Field

INSTRUMENTS = ("GEC", "I-REC", "GO", "REC", "REGO", "PPA", "supplier")

DOMAIN = Domain(
    name="instruments",
    title="Contractual instruments",
    source="GHG Protocol Scope 2 Guidance (2015), chapter 7, Table 7.1: Scope 2 Quality Criteria",
    measures=(),
    fields=(
        Field("instrument", "Number of the certificate, range of certificates or contract, unique in its registry", required=True),
        Field("instrument_kind", "Kind of instrument", required=True, allowed=INSTRUMENTS),
        Field("registry", "Registry that tracks it, or parties of the contract", required=True),
        Field("market", "Market it was issued in: a country, or a region of the chain of the sites", required=True),
        Field("energy_source", "What the electricity was made of, such as wind", required=True),
        Field("valid_from", "Vintage: first day of generation", required=True),
        Field("valid_to", "Vintage: last day of generation", required=True),
        Field("volume", "Volume claimed", required=True),
        Field("volume_unit", "Its unit, such as MWh", required=True),
        Field("emission_rate", "Emission rate that the instrument conveys, 0 for wind and sun", required=True),
        Field("emission_rate_unit", "Its unit, such as t/MWh; of CO2", required=True),
        Field("retired_on", "Day of retirement or cancellation, YYYY-MM-DD; of a contract its conclusion", required=True),
        Field("retired_for", "For whom it was retired, as the registry says", required=True),
        Field("claimed_from", "First day of the consumption it is claimed for, YYYY-MM-DD; blank means the vintage"),
        Field("claimed_to", "Last day of it; blank means the vintage"),
    ),
    dated=False,
)
