"""Lists behind the printed figures of products, supply chain, recycling and requests: rows that could have led to them.

Whole numbers only, dealt out by a hash of what they are, so that the same bytes come every time. What the reports print themselves has `origin` = `published`.
"""

import calendar
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

Table = tuple[str, Sequence[str], Iterable[Sequence[str]]]
"""Path, header and rows of a file."""

MADE, PRINTED = "reconstructed", "published"
REPORT_2020, REPORT_2023 = "2020 ESG report", "2023 ESG report"
_QUARTERS = ((1, 3), (4, 6), (7, 9), (10, 12))


def _hash(*parts: object) -> int:
    return int(hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:12], 16)


def _pseudonym(*parts: object) -> str:
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:32]


def _dealt(total: int, parts: int, *name: object) -> list[int]:
    """A whole number in parts that differ by up to a fifth and add up to it."""
    weights = [900 + _hash(*name, part) % 200 for part in range(parts)]
    shares = [total * weight // sum(weights) for weight in weights]
    for part in range(total - sum(shares)):
        shares[part % parts] += 1
    return shares


def _digits(hundredths: int) -> str:
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def _last(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])


def _day(year: int, *name: object) -> date:
    return date(year, 1, 1) + timedelta(days=_hash("day", year, *name) % 365)


# ---------------------------------------------------------------- requests of authorities, 2020

# country, kind, requests answered with nothing, with non-content, with content; subjects of all
_REQUESTS = (
    ("CN", "device", 0, 3, 0, 808), ("IN", "device", 5, 19, 0, 48), ("ES", "device", 0, 1, 0, 1), ("SE", "device", 1, 0, 0, 1),
    ("CN", "financial_identifier", 0, 8, 0, 18), ("FR", "financial_identifier", 0, 1, 0, 577), ("IN", "financial_identifier", 15, 15, 0, 38), ("SE", "financial_identifier", 0, 1, 0, 1),
    ("CN", "account", 9, 131, 21, 357), ("IN", "account", 1, 2, 0, 3),
)  # fmt: skip
_LEGAL = (("investigation_order", 16), ("court_order", 1))
_PREFIX = {"device": "D", "financial_identifier": "F", "account": "A", "legal_process": "L"}


def _requests() -> Iterator[Sequence[str]]:
    for country, kind, nothing, plain, content, subjects in _REQUESTS:
        answers = ["none"] * nothing + ["non_content"] * plain + ["content"] * content
        sizes = [1] * len(answers)
        spread = sorted(range(len(answers)), key=lambda place: _hash("size", country, kind, place))[: max(1, len(answers) // 3)]
        for place, more in zip(spread, _dealt(subjects - len(answers), len(spread), "subjects", country, kind), strict=True):
            sizes[place] += more
        amended = len(answers) - 1 if country == "IN" and kind == "device" else None
        for place, (answer, size) in enumerate(zip(answers, sizes, strict=True), 1):
            # The last request of India about devices is an amendment of the one before: it counts as a new one.
            is_amendment = amended is not None and place == amended + 1
            number = f"{_PREFIX[kind]}-{country}-2020-{place - is_amendment:03d}"
            day = _day(2020, number)
            if is_amendment:
                day = min(day + timedelta(days=20), date(2020, 12, 31))
            row = [number, "1" if is_amendment else "", "amended" if is_amendment else "received", f"{day}", country, kind, "", "valid", answer]
            for subject in range(size):
                key = _pseudonym("subject", number, is_amendment, subject)
                yield [*row, key]
                if kind in ("device", "account") and _hash("second", key) % 9 == 0:
                    yield [*row, key]  # A second identifier of the same device or account, such as a second IMEI.
            if _hash("challenged", number) % 12 == 0:
                later = min(day + timedelta(days=5), date(2020, 12, 31))
                yield [number, row[1], "challenged", f"{later}", *row[4:], _pseudonym("subject", number, is_amendment, 0)]
    for place in range(4):  # Without a valid legal basis: not counted.
        number = f"D-CN-2020-X{place + 1:02d}"
        yield [number, "", "refused", f"{_day(2020, number)}", "CN", "device", "", "none", "none", _pseudonym("subject", number)]
    for process, count in _LEGAL:
        for place in range(count):
            number = f"L-CN-2020-{process[0].upper()}{place + 1:02d}"
            yield [number, "", "received", f"{_day(2020, number)}", "CN", "legal_process", process, "valid", "non_content", ""]


# ---------------------------------------------------------------- suppliers, end of 2022 and of 2023

_ABROAD = ("HK", "TW", "JP", "KR", "IN", "VN", "US", "DE", "SG", "ID")
# Mainland or not, there before 2023 and still at its end, ended in 2023, begun in 2023.
_SUPPLIERS = ((True, 921, 68, 60), (False, 33, 3, 98))
_SUPPLIES = ("Components", "Assembly", "Displays", "Batteries", "Moulds and enclosures", "Packaging")


def _suppliers() -> Iterator[Sequence[str]]:
    number = 0
    for mainland, kept, ended, begun in _SUPPLIERS:
        for state, count in (("kept", kept), ("ended", ended), ("begun", begun)):
            for _ in range(count):
                number += 1
                name = f"S-{number:04d}"
                first = date(2023, 1, 1) + timedelta(days=_hash("since", name) % 365) if state == "begun" else date(2015, 1, 1) + timedelta(days=_hash("since", name) % 2900)
                last = f"{date(2023, 1, 1) + timedelta(days=_hash('until', name) % 364)}" if state == "ended" else ""
                country = "CN" if mainland else _ABROAD[_hash("country", name) % len(_ABROAD)]
                yield ["GROUP", name, country, _SUPPLIES[_hash("supplies", name) % len(_SUPPLIES)], f"{first}", last, MADE]


# ---------------------------------------------------------------- complaints, products

# With identified responsibility: all, resolved, of these within 72 hours; and complaints in which no responsibility was found.
_COMPLAINTS = {2021: (88_336, 88_283, 78_654, 41_200), 2022: (76_874, 76_813, 68_787, 38_950), 2023: (71_682, 71_646, 64_464, 35_410)}
_SOLD = {2021: {"Smartphones": 190_300_000, "Smart TVs": 12_300_000}, 2022: {"Smartphones": 150_500_000, "Smart TVs": 12_400_000}, 2023: {"Smartphones": 145_600_000, "Smart TVs": 11_500_000}}


def _complaints(year: int) -> Iterator[Sequence[str]]:
    every, resolved, quickly, elsewhere = _COMPLAINTS[year]
    kinds = (("identified", "within_72h", quickly), ("identified", "later", resolved - quickly), ("identified", "open", every - resolved), ("none", "within_72h", elsewhere))
    dealt = {kind[:2]: _dealt(kind[2], 12, "complaints", year, *kind) for kind in kinds}
    for month in range(1, 13):
        for (responsibility, resolution), counts in dealt.items():
            yield ["GROUP", f"{year}-{month:02d}", responsibility, resolution, "complaints", str(counts[month - 1]), "complaint", MADE]


def _products() -> Iterator[Sequence[str]]:
    for year, lines in _SOLD.items():
        for line, units in lines.items():
            for (first, last), count in zip(_QUARTERS, _dealt(units, 4, "sold", year, line), strict=True):
                yield ["GROUP", f"{year}-{first:02d}-01", f"{_last(year, last)}", line, "", "products_sold", str(count), "unit", MADE]
            yield ["GROUP", f"{year}-01-01", f"{year}-12-31", line, "safety_health", "products_recalled", "0", "unit", MADE]
    yield ["CN-ST-BJ", "2020-01-01", "2020-12-31", "", "", "products_subsidised", "30572", "unit", PRINTED]


# ---------------------------------------------------------------- recycling, savings, air

# tonnes in hundredths, units, cartons
_EWASTE = {2022: {"Smartphones and tablets": 74_000, "Laptops": 21_000, "Televisions and appliances": 351_000}, 2023: {"Smartphones and tablets": 118_000, "Laptops": 36_000, "Televisions and appliances": 1_072_000}}
_KITCHEN = 188_250
"""Kitchen waste of 2020, in hundredths of a tonne: 1,882.5 t, of which a tenth became fertilizer (2020 ESG report, 1.1)."""


def _circularity() -> Iterator[Sequence[str]]:
    for year, kinds in _EWASTE.items():
        for kind, hundredths in kinds.items():
            for (first, last), size in zip(_QUARTERS, _dealt(hundredths, 4, "ewaste", year, kind), strict=True):
                yield ["GROUP", f"{year}-{first:02d}-01", f"{_last(year, last)}", kind, "ewaste_recycled", _digits(size), "t", MADE]
    for (first, last), count in zip(_QUARTERS, _dealt(127_271, 4, "taken back"), strict=True):
        yield ["GROUP", f"2020-{first:02d}-01", f"{_last(2020, last)}", "Smartphones", "products_taken_back", str(count), "unit", MADE]
    for month, size in enumerate(_dealt(_KITCHEN, 12, "kitchen"), 1):
        yield ["CN-BJ-06", f"2020-{month:02d}-01", f"{_last(2020, month)}", "", "organic_waste_treated", _digits(size), "t", MADE]
    for month, size in enumerate(_dealt(_KITCHEN // 10, 12, "fertilizer"), 1):
        yield ["CN-BJ-06", f"2020-{month:02d}-01", f"{_last(2020, month)}", "", "fertilizer_produced", _digits(size), "t", MADE]
    # About 3 million cartons used again, 9 % of all: 33.3 million in all.
    for measure, count in (("packaging_recycled", 3_000_000), ("packaging_dispatched", 33_300_000)):
        for (first, last), size in zip(_QUARTERS, _dealt(count, 4, measure), strict=True):
            yield ["GROUP", f"2020-{first:02d}-01", f"{_last(2020, last)}", "", measure, str(size), "carton", MADE]
    for measure, size, unit in (("ewaste_avoided", "25", "t"), ("cartons_reused", "320000", "carton"), ("pallets_reused", "10000", "pallet")):
        yield ["GROUP", "2020-01-01", "2020-12-31", "", measure, size, unit, PRINTED]


def _savings() -> Iterator[Sequence[str]]:
    section = f"{REPORT_2020}, section 1.1, Office"
    for measure, size, unit, project, origin in (
        ("electricity_saved", "1406874", "kWh", "Smart energy management", PRINTED), ("hot_water_solar", "3608", "t", "Solar boilers", PRINTED), ("hot_water_used", "17346", "t", "", MADE),
    ):  # fmt: skip
        yield ["CN-BJ-01", "2020-01-01", "2020-12-31", project, measure, size, unit, section if origin == PRINTED else "meter of the boiler house", origin]


def _air() -> Iterator[Sequence[str]]:
    for pollutant, method, point, hundredths in (("NOx", "periodic_measurement", "Boiler stacks", 33_000), ("VOCs", "mass_balance", "Paint shop", 21_000)):
        for month, size in enumerate(_dealt(hundredths, 12, "air", pollutant), 1):
            yield ["CN-EV-01", f"2023-{month:02d}", pollutant, method, point, "air_pollutants", _digits(size), "kg", MADE]


# ---------------------------------------------------------------- certificates, assurance

_WHOLE = "The group"
_MOST_PRODUCTS = "R&D, outsourced manufacturing and sale of phones, tablets, watches, earphones, televisions, speakers, smart home products, bracelets and notebooks; R&D of further smart home products"
_CERTIFICATES = (
    ("ISO 37001", _WHOLE), ("ISO 27001", _WHOLE), ("ISO 14001", _MOST_PRODUCTS), ("ISO 45001", _MOST_PRODUCTS),
    ("ISO 50001", "Energy management in R&D, software development, outsourced manufacturing and warehousing of smartphones, IoT and lifestyle products"),
)  # fmt: skip


def _certificates() -> Iterator[Sequence[str]]:
    for standard, scope in _CERTIFICATES:
        # The report prints standard and scope of 2023; numbers and days are free.
        yield ["GROUP", f"{standard.replace(' ', '-')}-1", standard, scope, "2023-01-01", "", MADE]


def _assurance() -> Iterator[Sequence[str]]:
    yield [
        "GROUP", "SRA-806342", "AA1000AS v3", "high", "Type 2", "2024-04-09", "British Standards Institution (BSI)", REPORT_2023,
        "The report as a whole; the key performance indicators of its environmental and social tables (footnote 73)", "HKEX Appendix C2; GRI 2021 (referred to); AA1000AP (2018)",
        "2023-01-01", "2023-12-31", PRINTED,
    ]  # fmt: skip


def tables() -> Iterator[Table]:
    """Every file of these domains."""
    site, span, told = ["site_id"], ["period_start", "period_end"], ["measure", "quantity", "unit"]
    register = ["request_id", "amendment", "event", "date", "requesting_country", "request_kind", "process_type", "legal_basis", "response", "subject"]
    yield "government_requests/requests_2020.csv", [*site, *register], (["GROUP", *row] for row in _requests())
    yield "suppliers/suppliers.csv", [*site, "supplier_id", "supplier_country", "supplies", *span, "origin"], _suppliers()
    for year in _COMPLAINTS:
        yield f"complaints/complaints_{year}.csv", [*site, "month", "responsibility", "resolution", *told, "origin"], _complaints(year)
    yield "products/products.csv", [*site, *span, "product_line", "recall_reason", *told, "origin"], _products()
    yield "circularity/circularity.csv", [*site, *span, "product_kind", *told, "origin"], _circularity()
    yield "savings/savings_2020.csv", [*site, *span, "project", *told, "statement", "origin"], _savings()
    yield "air/air_2023.csv", [*site, "month", "pollutant", "method", "source_point", *told, "origin"], _air()
    yield "certificates/certificates.csv", [*site, "certificate_no", "standard", "scope", *span, "origin"], _certificates()
    statement = ["statement_no", "assurance_standard", "assurance_level", "assurance_type", "issued_on", "provider", "document", "covers", "criteria"]
    yield "assurance_statements/statements.csv", [*site, *statement, *span, "origin"], _assurance()
