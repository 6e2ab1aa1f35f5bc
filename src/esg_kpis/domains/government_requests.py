"""Requests of authorities for data of users: a register with a row per identifier or per step of a request; or numbers of requests.

Source of the counting rules: Transparency report 2020, "How do we count requests and responses?".
"""

from esg_kpis.domains.definition import Count, Domain, Field, Measure

KINDS = ("device", "financial_identifier", "account", "legal_process", "other")
_OF_REQUEST = ("request_id", "amendment")
_OF_SUBJECT = (*_OF_REQUEST, "subject")
_MOST = ("response",)

DOMAIN = Domain(
    name="government_requests",
    title="Government requests for user data",
    source="Transparency report 2020; HKEX ESG Guide B6.5; SASB TC-IM-220a.4",
    measures=(
        Measure("government_requests", "request", "event", "Requests, each once: one that was amended is a new one, one that was challenged or refused is not counted again"),
        Measure("devices_requested", "device", "event", "Devices named in requests: several identifiers of one device are one; named again in a further request it counts again"),
        Measure("financial_identifiers_requested", "identifier", "event", "Cards, orders and the like named in requests"),
        Measure("accounts_requested", "account", "event", "Accounts named in requests: several identifiers of one account are one"),
    ),
    fields=(
        Field("request_id", "Number of the request", key=True),
        Field("amendment", "Number of the amendment: blank for the request as it came first, 1 for its first amendment", needed={"event": ("amended",)}, whole=True),
        Field("event", "What the row is about", allowed=("received", "amended", "challenged", "refused", "answered")),
        Field("request_kind", "What it asks about", required=True, allowed=KINDS, dimension=True, attribute="request_kind"),
        Field("requesting_country", "Country or territory of the authority, ISO 3166-1 alpha-2", required=True, country=True, dimension=True, attribute="requesting_country"),
        Field("process_type", "Kind of legal process", allowed=("investigation_order", "court_order", "warrant", "subpoena", "other"), dimension=True, attribute="process_type"),
        Field("legal_basis", "Whether it has a valid legal basis", required=True, allowed=("valid", "none", "unclear"), dimension=True, attribute="legal_basis"),
        Field("response", "What was given: nothing, data other than content, or content", required=True, allowed=("none", "non_content", "content"), dimension=True, attribute="response"),
        Field("subject", "Pseudonym of the device, card or account that the row is about; several identifiers of one have the same", pseudonym=True, needed={"request_kind": KINDS[:3]}),
    ),
    counts=(
        Count("government_requests", of=_OF_REQUEST, most=_MOST),
        Count("devices_requested", of=_OF_SUBJECT, where={"request_kind": ("device",)}, most=_MOST),
        Count("financial_identifiers_requested", of=_OF_SUBJECT, where={"request_kind": ("financial_identifier",)}, most=_MOST),
        Count("accounts_requested", of=_OF_SUBJECT, where={"request_kind": ("account",)}, most=_MOST),
    ),
)
