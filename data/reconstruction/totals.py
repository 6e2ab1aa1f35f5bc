"""What each published total counts, with the coefficients of the two reports, and which bills may move to reach it."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from bills import Bill
from plan import YEARS

F = Fraction
KGCE_PER_KWH = F("0.1229")
OF_RECLAIMED = F("0.3685")
KGCE = {"electricity_purchased": F("0.1229"), "electricity_renewable": F("0.1229"), "heat_purchased": F("34.12"),
        "natural_gas": F("1.33"), "gasoline": F("1.4714"), "diesel": F("1.4571")}  # fmt: skip
FUELS = ("natural_gas", "gasoline", "diesel")
CO2 = {"natural_gas": F("2.1622"), "gasoline": F("2.9251"), "diesel": F("3.0959")}
MJ = {"natural_gas": F("38.931"), "diesel": F("42.652")}
N2O = {"natural_gas": F("0.1"), "diesel": F("0.6")}  # kg/TJ
CH4 = {"natural_gas": (5, 1), "diesel": (10, 3)}  # kg/TJ: elsewhere, at a factory
GWP = {"HFC-134a": F(1300), "HFC-32": F(677), "R-410A": F("1923.5"), "R-407C": F("1624.21"), "R-404A": F("3942.8")}
GRID_CN = {2020: F("0.6101"), 2021: F("0.5810"), 2022: F("0.5703"), 2023: F("0.5703")}  # t/MWh
GRID = {"IN": F("0.716"), "HK": F("0.49"), "US": F("852.3") * F("0.45359237") / 1000}
GRID_2020 = {"CN-NCG": F("0.7119"), "CN-NECG": F("0.66125"), "CN-ECG": F("0.58955"), "CN-CCG": F("0.57205"),
             "CN-NWCG": F("0.66645"), "CN-SCG": F("0.50885")}  # fmt: skip

Count = Callable[[Bill, int], Fraction]


def energy(*measures: str) -> Count:
    """MWh of these carriers, by kgce."""
    return lambda b, _: KGCE[b.measure] / KGCE_PER_KWH / 1000 if b.measure in measures else F(0)


def co2(b: Bill, _: int) -> Fraction:
    """Fuels, t."""
    return CO2.get(b.measure, F(0)) / 1000


def n2o(b: Bill, year: int) -> Fraction:
    """Gas and diesel, t CO2e; not counted in 2020."""
    return MJ[b.measure] * N2O[b.measure] * 265 / 10**9 if b.measure in N2O and year > 2020 else F(0)


def ch4(b: Bill, _: int) -> Fraction:
    """Fuels and waste water, t CO2e."""
    if b.measure == "wastewater_cod":
        return F("0.125") * 28 / 1000
    return MJ[b.measure] * CH4[b.measure][b.site.kind == "factory"] * 28 / 10**9 if b.measure in CH4 else F(0)


def hfcs(b: Bill, _: int) -> Fraction:
    """Refilled refrigerant, t CO2e."""
    return GWP[b.extra["refrigerant"]] / 1000 if b.measure == "refrigerant_refill" else F(0)


def scope_1(b: Bill, year: int) -> Fraction:
    """All gases, t CO2e."""
    return co2(b, year) + n2o(b, year) + ch4(b, year) + hfcs(b, year)


def scope_2(b: Bill, year: int) -> Fraction:
    """Purchased electricity and heat, t CO2e."""
    if b.measure == "heat_purchased":
        return F("0.11")
    if b.measure != "electricity_purchased":
        return F(0)
    singapore = F("0.4057") if year < 2022 else F("0.4168")
    return {**GRID, "CN": GRID_CN[year], "SG": singapore}[b.site.country] / 1000


def amount(*measures: str, per: int = 1) -> Count:
    """The measures as they are."""
    return lambda b, _: F(1, per) if b.measure in measures else F(0)


def beyond_share(b: Bill, _: int) -> Fraction:
    """Zero over the year where 36.85 % of the campus's tap and reclaimed water is reclaimed, as the review of the targets prints."""
    if b.stream != "campus_water":
        return F(0)
    return 1 - OF_RECLAIMED if b.measure == "water_reclaimed" else -OF_RECLAIMED


def only(count: Count, *kinds: str) -> Count:
    """Count only mainland sites of these kinds."""
    return lambda b, y: count(b, y) if b.site.country == "CN" and b.site.kind in kinds else F(0)


def both(a: Count, b: Count) -> Count:
    """Two counts together."""
    return lambda bill, year: a(bill, year) + b(bill, year)


def grid_2020(b: Bill, _: int) -> Fraction:
    """Purchased electricity at the regional margins of the 2020 report, t CO2."""
    return GRID_2020.get(b.site.grid, F(0)) / 1000 if b.measure == "electricity_purchased" else F(0)


@dataclass(frozen=True)
class Line:
    """A published total: where `lever` is given, the bills it names are scaled to reach it."""

    name: str
    year: int
    printed: str
    count: Count
    lever: Callable[[Bill], bool] | None = None

    def value(self, bills: list[Bill]) -> Fraction:
        """The total, from the bills."""
        return sum((self.of(b) for b in bills), F(0))

    def of(self, b: Bill) -> Fraction:
        """What one bill adds."""
        count = self.count(b, self.year)
        return b.canonical * b.share(self.year) * count if count else F(0)


def _lever(measure: str, *, streams: str = "", sites: str = "", kinds: str = "") -> Callable[[Bill], bool]:
    return lambda b: (
        b.measure == measure
        and (b.stream in streams.split() if streams else b.stream != "factory" and b.site.kind != "factory")
        and (b.site.site_id in sites.split() if sites else True)
        and (b.site.kind in kinds.split() if kinds else True)
    )


def _lines() -> list[Line]:
    office, narrow = ("office",), ("office", "store")
    direct, bought = energy(*FUELS), energy("electricity_purchased", "electricity_renewable", "heat_purchased")
    tap, reclaimed = "water_tap", "water_reclaimed"
    hazardous, ordinary = amount("waste_hazardous", per=1000), amount("waste_non_hazardous", per=1000)
    halls = _lever("electricity_purchased", streams="hall_power")
    office_tap = _lever(tap, kinds="office", streams="campus_water water")
    leased_tap, campus_tap = _lever(tap, kinds="office", streams="water"), _lever(tap, streams="campus_water")
    table: list[tuple[str, Count, Callable[[Bill], bool] | None, str]] = [
        # name, what it counts, its lever, printed 2020 | 2021 | 2022 | 2023
        ("direct energy, MWh", direct, _lever("natural_gas"), "5586.69|8691.42|5190.84|19418.57"),
        ("indirect energy, MWh", bought, halls, "112810.89|135935.14|139550.54|191753.27"),
        ("renewable, MWh", energy("electricity_renewable"), _lever("electricity_renewable"), "|||372.00"),
        ("energy, MWh", both(direct, bought), None, "118397.58|144626.56|144741.38|211171.84"),
        ("CO2, t", co2, _lever("gasoline"), "1117.96|1755.13|1045.96|3921.26"),
        ("N2O, tCO2e", n2o, _lever("diesel"), "|0.86|0.55|1.97"),
        ("CH4, tCO2e", ch4, _lever("wastewater_cod"), "2179.62|2222.34|1862.90|1900.75"),
        ("HFCs, tCO2e", hfcs, _lever("refrigerant_refill"), "5104.54|5118.62|4213.19|6428.54"),
        ("Scope 1, tCO2e", scope_1, None, "8402.12|9096.95|7122.60|12252.52"),
        ("Scope 2, tCO2e", scope_2, _lever("heat_purchased"), "58079.17|73723.21|78620.01|104470.04"),
        ("Scope 1 + 2, tCO2e", both(scope_1, scope_2), None, "66481.29|82820.16|85742.61|116722.56"),
        ("tap water, t", amount(tap), office_tap, "|329572.00|391953.85|"),
        ("tap water of 2023, t", amount(tap), leased_tap, "|||523100.75"),
        ("campus: reclaimed water less 36.85 % of all its water, t", beyond_share, campus_tap, "|||0.00"),
        ("reclaimed water, t", amount(reclaimed), _lever(reclaimed), "|134091.00|118202.20|164353.00"),
        ("water withdrawal, t", amount(tap, reclaimed), None, "|463663.00|510156.05|"),
        ("water discharge, t", amount("water_discharged"), _lever("water_discharged"), "|||562194.62"),
        ("non-hazardous waste, t", ordinary, _lever("waste_non_hazardous", kinds="office"), "|6328.88|7052.28|7174.83"),
        ("hazardous waste, t", hazardous, _lever("waste_hazardous"), "|2.50|1.43|95.78"),
        ("packaging, t", amount("packaging_material", per=1000), _lever("packaging_material"),
         "46808.15||5065.08|4254.86"),
        # the EV factory
        ("factory direct, MWh", only(direct, "factory"), _lever("natural_gas", streams="factory"), "|||14638.78"),
        ("factory indirect, MWh", only(bought, "factory"), _lever("electricity_purchased", streams="factory"),
         "|||37068.28"),
        ("factory Scope 1, tCO2e", only(scope_1, "factory"),
         _lever("refrigerant_refill", streams="refrigerants", kinds="factory"), "|||4244.79"),
        ("factory Scope 2, tCO2e", only(scope_2, "factory"), _lever("heat_purchased", streams="factory"),
         "|||18451.93"),
        # the 2020 report, and the water and waste of 2020 in both
        ("2020 report electricity, MWh", only(energy("electricity_purchased"), *narrow),
         _lever("electricity_purchased", streams="campus_power"), "45415.75|||"),
        ("2020 report gas, MWh", only(energy("natural_gas"), *narrow), _lever("natural_gas", kinds="office"),
         "3192.70|||"),
        ("2020 report Scope 2, t", only(grid_2020, *narrow),
         _lever("electricity_purchased", streams="office_power", sites="CN-NJ-01 CN-SH-01"), "30722.77|||"),
        ("mainland tap water, t", only(amount(tap), *narrow), office_tap, "187339.02|||"),
        ("mainland reclaimed water, t", only(amount(reclaimed), *narrow), _lever(reclaimed), "115793.90|||"),
        ("mainland water, t", only(amount(tap, reclaimed), *narrow), None, "303132.92|||"),
        ("office non-hazardous waste, t", only(ordinary, *office), _lever("waste_non_hazardous", kinds="office"),
         "4661.07|||"),
        ("office hazardous waste, t", only(hazardous, *office), _lever("waste_hazardous"), "0.367|||"),
    ]  # fmt: skip
    cells = [(n, c, v, zip(YEARS, p.split("|"), strict=True)) for n, c, v, p in table]
    lines = [Line(n, year, printed, c, v) for n, c, v, row in cells for year, printed in row if printed]
    boiler = _lever("natural_gas", kinds="warehouse")  # in 2020 the offices' gas has its own total
    return [Line(x.name, x.year, x.printed, x.count, boiler) if (x.name, x.year) == ("direct energy, MWh", 2020) else x
            for x in lines]  # fmt: skip


LINES = _lines()
