"""The free choices of the reconstruction, as tables: which sites, and what each of them uses in a year.

Yearly quantities are close to, not equal to, what the published totals need: `solve.py` closes the gap.
None of this is the company's data.
"""

from dataclasses import dataclass, field
from datetime import date

YEARS = (2020, 2021, 2022, 2023)


@dataclass(frozen=True)
class Site:
    """One row of the site list; `area` in m2, `closes` is the last day."""

    site_id: str
    name: str
    country: str
    grid: str
    kind: str
    opens: date
    area: int
    closes: date | None = None


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _sites() -> dict[str, Site]:
    rows = [
        # id, name, country, grid region, kind, first day, floor area m2[, last day]
        Site("CN-BJ-01", "Beijing campus, block A", "CN", "CN-NCG", "office", _day("2019-07-01"), 62_000),
        Site("CN-BJ-02", "Beijing campus, block B", "CN", "CN-NCG", "office", _day("2019-07-01"), 58_000),
        Site("CN-BJ-03", "Beijing campus, block C", "CN", "CN-NCG", "office", _day("2019-07-01"), 55_000),
        Site("CN-BJ-04", "Beijing campus, block D", "CN", "CN-NCG", "office", _day("2019-07-01"), 52_000),
        Site("CN-BJ-05", "Beijing campus, block E", "CN", "CN-NCG", "office", _day("2019-07-01"), 46_000),
        Site("CN-BJ-06", "Beijing campus, canteen and block F", "CN", "CN-NCG", "office", _day("2019-07-01"), 36_700),
        Site("CN-BJ-07", "Beijing leased offices, north", "CN", "CN-NCG", "office", _day("2016-03-01"), 38_000),
        Site("CN-BJ-08", "Beijing leased offices, west", "CN", "CN-NCG", "office", _day("2015-06-01"), 26_000,
             _day("2021-06-30")),
        Site("CN-BJ-09", "Beijing leased offices, south", "CN", "CN-NCG", "office", _day("2022-03-01"), 21_000),
        Site("CN-BJ-10", "Beijing second campus", "CN", "CN-NCG", "office", _day("2023-01-01"), 64_000),
        Site("CN-TJ-01", "Tianjin office", "CN", "CN-NCG", "office", _day("2017-01-01"), 6_500),
        Site("CN-SY-01", "Shenyang office", "CN", "CN-NECG", "office", _day("2018-05-01"), 1_600),
        Site("CN-NJ-01", "Nanjing office", "CN", "CN-ECG", "office", _day("2018-09-01"), 18_500),
        Site("CN-SH-01", "Shanghai office", "CN", "CN-ECG", "office", _day("2016-10-01"), 9_500),
        Site("CN-WH-01", "Wuhan office", "CN", "CN-CCG", "office", _day("2019-12-01"), 26_000),
        Site("CN-CD-01", "Chengdu office", "CN", "CN-CCG", "office", _day("2018-03-01"), 4_500),
        Site("CN-XA-01", "Xi'an office", "CN", "CN-NWCG", "office", _day("2019-04-01"), 2_700),
        Site("CN-SZ-01", "Shenzhen office", "CN", "CN-SCG", "office", _day("2017-08-01"), 7_500),
        Site("CN-GZ-01", "Guangzhou office", "CN", "CN-SCG", "office", _day("2018-01-01"), 4_200),
        Site("CN-ST-BJ", "Stores, Beijing", "CN", "CN-NCG", "store", _day("2016-02-01"), 7_000),
        Site("CN-ST-TJ", "Stores, Tianjin", "CN", "CN-NCG", "store", _day("2017-02-01"), 2_200),
        Site("CN-ST-SY", "Stores, Shenyang", "CN", "CN-NECG", "store", _day("2017-06-01"), 1_300),
        Site("CN-ST-SH", "Stores, Shanghai", "CN", "CN-ECG", "store", _day("2016-08-01"), 4_000),
        Site("CN-ST-HZ", "Stores, Hangzhou", "CN", "CN-ECG", "store", _day("2017-03-01"), 2_500),
        Site("CN-ST-NJ", "Stores, Nanjing", "CN", "CN-ECG", "store", _day("2017-04-01"), 1_900),
        Site("CN-ST-WH", "Stores, Wuhan", "CN", "CN-CCG", "store", _day("2017-05-01"), 3_200),
        Site("CN-ST-CD", "Stores, Chengdu", "CN", "CN-CCG", "store", _day("2017-09-01"), 2_700),
        Site("CN-ST-ZZ", "Stores, Zhengzhou", "CN", "CN-CCG", "store", _day("2018-02-01"), 2_200),
        Site("CN-ST-XA", "Stores, Xi'an", "CN", "CN-NWCG", "store", _day("2018-04-01"), 1_200),
        Site("CN-ST-GZ", "Stores, Guangzhou", "CN", "CN-SCG", "store", _day("2017-01-01"), 4_300),
        Site("CN-ST-SZ", "Stores, Shenzhen", "CN", "CN-SCG", "store", _day("2016-12-01"), 5_100),
        Site("CN-ST-CQ", "Stores, Chongqing", "CN", "CN-CCG", "store", _day("2021-03-01"), 2_600),
        Site("CN-ST-QD", "Stores, Qingdao", "CN", "CN-NCG", "store", _day("2022-05-01"), 2_100),
        Site("CN-DC-BJ", "Beijing data hall", "CN", "CN-NCG", "data_centre", _day("2017-01-01"), 5_200),
        Site("CN-DC-IM", "Inner Mongolia data hall", "CN", "CN-NCG", "data_centre", _day("2020-07-01"), 7_600),
        Site("CN-DC-JS", "Jiangsu data hall", "CN", "CN-ECG", "data_centre", _day("2021-01-01"), 4_900),
        Site("CN-DC-GD", "Guangdong data hall", "CN", "CN-SCG", "data_centre", _day("2021-01-01"), 3_800),
        Site("CN-WS-BJ", "Beijing warehouse", "CN", "CN-NCG", "warehouse", _day("2016-01-01"), 22_000),
        Site("CN-WS-SH", "Shanghai warehouse", "CN", "CN-ECG", "warehouse", _day("2017-01-01"), 16_000),
        Site("CN-WS-WH", "Wuhan warehouse", "CN", "CN-CCG", "warehouse", _day("2018-01-01"), 14_000),
        Site("CN-SV-BJ", "Beijing after-sales service centre", "CN", "CN-NCG", "warehouse", _day("2016-06-01"), 3_600),
        Site("CN-SV-SZ", "Shenzhen after-sales service centre", "CN", "CN-SCG", "warehouse", _day("2018-06-01"), 2_900),
        Site("CN-EV-01", "Beijing EV factory", "CN", "CN-NCG", "factory", _day("2023-01-01"), 390_000),
        Site("IN-BLR-01", "Bengaluru office", "IN", "IN", "office", _day("2016-04-01"), 14_000),
        Site("IN-DEL-01", "Gurugram office", "IN", "IN", "office", _day("2018-07-01"), 6_000),
        Site("IN-SVC-01", "Chennai after-sales service centre", "IN", "IN", "warehouse", _day("2018-10-01"), 2_400),
        Site("IN-DC-01", "Mumbai data hall", "IN", "IN", "data_centre", _day("2021-04-01"), 3_100),
        Site("SG-01", "Singapore office", "SG", "SG", "office", _day("2017-05-01"), 4_100),
        Site("SG-DC-01", "Singapore data hall", "SG", "SG", "data_centre", _day("2017-09-01"), 3_300,
             _day("2021-06-30")),
        Site("HK-01", "Hong Kong office", "HK", "HK", "office", _day("2015-01-01"), 3_500),
        Site("DE-01", "Düsseldorf office", "DE", "DE", "office", _day("2018-09-01"), 2_600),
        Site("BR-01", "São Paulo office", "BR", "BR", "office", _day("2023-02-01"), 300),
        Site("US-01", "California office", "US", "US", "office", _day("2018-02-01"), 1_500),
        Site("GROUP", "The group as a whole, for stated amounts", "CN", "CN", "group", _day("2010-01-01"), 0),
    ]  # fmt: skip
    return {site.site_id: site for site in rows}


SITES = _sites()
CAMPUS = tuple(f"CN-BJ-0{n}" for n in range(1, 7))
CAMPUS_NAMES = dict(zip(CAMPUS, ("园区A座", "园区B座", "园区C座", "园区D座", "园区E座", "园区食堂及F座"), strict=True))


def _area(*kinds: str, country: str = "CN") -> dict[str, int]:
    return {s.site_id: s.area for s in SITES.values() if s.kind in kinds and s.country == country}


OFFICES, STORES, LOGISTICS = _area("office"), _area("store"), _area("warehouse")

# Relative use per day, January to December. Heat outside the heating season is billed only at the factory.
FLAT = (100,) * 12
OFFICE = (104, 92, 92, 88, 93, 108, 122, 122, 104, 88, 92, 102)
SHOP = (102, 90, 92, 92, 97, 108, 118, 118, 104, 92, 94, 103)
COOLED = (94, 94, 96, 98, 101, 105, 108, 108, 104, 99, 96, 95)
BOILER = (185, 160, 115, 70, 50, 45, 42, 42, 50, 75, 150, 190)
CANTEEN = (112, 98, 104, 100, 97, 93, 92, 92, 96, 100, 106, 110)
SEASON = (140, 120, 95, 0, 0, 0, 0, 0, 0, 0, 95, 130)
PROCESS = (150, 140, 115, 85, 70, 65, 65, 65, 70, 90, 120, 145)
THIRSTY = (88, 78, 90, 98, 106, 115, 118, 116, 108, 100, 94, 90)


@dataclass(frozen=True)
class Demand:
    """What a group of sites uses of one measure: yearly totals in the canonical unit, shared out by weight.

    `stream` is the file it is sent in, `cycle` how it is billed (see `solve.periods`).
    """

    stream: str
    measure: str
    unit: str
    decimals: int
    cycle: str
    season: tuple[int, ...]
    totals: tuple[int, int, int, int]
    weights: dict[str, int]
    extra: dict[str, str] = field(default_factory=dict)


_OFF_CAMPUS = {site: area for site, area in OFFICES.items() if site not in CAMPUS}
_RECLAIMED = {"CN-BJ-01": 2, "CN-BJ-02": 1, "CN-BJ-04": 1, "CN-BJ-06": 3}
_RECLAIMED_ELSEWHERE = {"CN-NJ-01": 2, "CN-WH-01": 2, "CN-TJ-01": 1, "CN-BJ-07": 4, "CN-BJ-10": 6}


def _split(total: int, weights: dict[str, int]) -> dict[str, int]:
    return {site: total * weight // sum(weights.values()) for site, weight in weights.items()}


def _withdrawn_2023() -> dict[str, int]:
    """About what each office withdraws in 2023: what it discharges is a part of that."""
    shares = [_split(196_000, {site: SITES[site].area for site in CAMPUS}), _split(114_000, _RECLAIMED), _split(183_000, _OFF_CAMPUS), _split(20_000, _RECLAIMED_ELSEWHERE)]
    return {site: sum(share.get(site, 0) for share in shares) for site in OFFICES}


_WATER_2023 = _withdrawn_2023()
_E = "electricity_purchased"
_MONTHLY_OFFICES = {"CN-BJ-07": 4_300, "CN-BJ-08": 3_000, "CN-BJ-09": 2_100, "CN-BJ-10": 4_600,
                    "CN-NJ-01": 1_560, "CN-WH-01": 2_200}  # fmt: skip
_OTHER_OFFICES = {"CN-TJ-01": 600, "CN-SY-01": 200, "CN-SH-01": 780, "CN-CD-01": 400, "CN-XA-01": 350,
                  "CN-SZ-01": 800, "CN-GZ-01": 500}  # fmt: skip
_STORES = {"CN-ST-BJ": 1_125, "CN-ST-TJ": 350, "CN-ST-SY": 200, "CN-ST-SH": 645, "CN-ST-HZ": 400, "CN-ST-NJ": 305,
           "CN-ST-WH": 520, "CN-ST-CD": 430, "CN-ST-ZZ": 350, "CN-ST-XA": 191, "CN-ST-GZ": 690, "CN-ST-SZ": 810,
           "CN-ST-CQ": 400, "CN-ST-QD": 320}  # fmt: skip
_HEATED = {**{s: SITES[s].area for s in CAMPUS}, "CN-BJ-07": 38_000, "CN-BJ-08": 26_000, "CN-BJ-09": 21_000,
           "CN-BJ-10": 64_000, "CN-TJ-01": 6_500, "CN-SY-01": 2_000, "CN-XA-01": 2_700}  # fmt: skip
_PETROL = {"CN-BJ-07": 5, "CN-SH-01": 2, "CN-SZ-01": 3}
_GENSETS = {"CN-BJ-01": 2, "CN-BJ-04": 1, "CN-DC-BJ": 3, "CN-WS-SH": 1}
_SERVICED = {"CN-BJ-01": 6, "CN-BJ-03": 5, "CN-BJ-05": 4, "CN-BJ-07": 3, "CN-NJ-01": 2, "CN-WH-01": 2, "CN-SH-01": 1}
_EV = {"CN-EV-01": 1}

DEMANDS = (
    # electricity, kWh
    Demand("campus_power", _E, "万kWh", 4, "month", OFFICE, (24_800_000, 26_600_000, 26_300_000, 26_900_000),
           {"CN-BJ-01": 52, "CN-BJ-02": 46, "CN-BJ-03": 43, "CN-BJ-04": 41, "CN-BJ-05": 36, "CN-BJ-06": 29}),
    Demand("office_power", _E, "kWh", 0, "month", OFFICE, (11_040_000, 10_100_000, 11_300_000, 17_200_000),
           _MONTHLY_OFFICES),
    Demand("office_power", _E, "kWh", 0, "21st", OFFICE, (3_630_000, 3_900_000, 4_000_000, 4_200_000), _OTHER_OFFICES),
    Demand("store_power", _E, "kWh", 0, "month", SHOP, (6_016_000, 8_400_000, 9_700_000, 10_500_000), _STORES),
    Demand("hall_power", _E, "MWh", 3, "month", COOLED, (9_730_000, 22_250_000, 26_700_000, 27_750_000),
           {"CN-DC-BJ": 55, "CN-DC-IM": 88}),
    Demand("hall_power", _E, "MWh", 3, "month", COOLED, (0, 20_370_000, 26_600_000, 27_750_000),
           {"CN-DC-JS": 60, "CN-DC-GD": 45}),
    Demand("logistics_power", _E, "kWh", 1, "21st", SHOP, (2_600_000, 3_100_000, 3_300_000, 3_600_000), LOGISTICS),
    Demand("overseas_power", _E, "kWh", 0, "month", SHOP, (2_600_000, 2_800_000, 3_000_000, 2_700_000),
           {"IN-BLR-01": 15, "IN-DEL-01": 8, "IN-SVC-01": 3}),
    Demand("overseas_power", _E, "kWh", 0, "month", COOLED, (0, 4_200_000, 11_000_000, 10_500_000), {"IN-DC-01": 1}),
    Demand("overseas_power", _E, "kWh", 0, "month", COOLED, (13_000_000, 5_800_000, 0, 0), {"SG-DC-01": 1}),
    Demand("overseas_power", _E, "kWh", 0, "month", FLAT, (800_000, 1_000_000, 1_300_000, 1_400_000), {"SG-01": 1}),
    Demand("overseas_power", _E, "kWh", 0, "month", COOLED, (900_000, 900_000, 800_000, 800_000), {"HK-01": 1}),
    Demand("overseas_power", _E, "kWh", 0, "21st", SHOP, (350_000, 400_000, 300_000, 250_000), {"US-01": 1}),
    Demand("renewable", "electricity_renewable", "MWh", 2, "month", FLAT, (0, 0, 0, 372_000),
           {"CN-BJ-01": 2, "CN-BJ-02": 1}),
    Demand("factory", _E, "MWh", 3, "month", COOLED, (0, 0, 0, 21_646_000), _EV),
    # heat, GJ
    Demand("heat", "heat_purchased", "GJ", 2, "heating", SEASON, (138_500, 95_200, 53_500, 73_600), _HEATED),
    Demand("factory", "heat_purchased", "GJ", 2, "month", PROCESS, (0, 0, 0, 55_600), _EV),
    # natural gas, m3 at 0 degrees Celsius
    Demand("gas", "natural_gas", "Nm3", 1, "month", CANTEEN, (205_000, 330_000, 222_000, 190_000),
           {"CN-BJ-01": 2, "CN-BJ-03": 2, "CN-BJ-06": 6}),
    Demand("gas", "natural_gas", "m3_20C", 0, "21st", CANTEEN, (90_000, 140_000, 98_000, 100_000),
           {"CN-BJ-07": 3, "CN-BJ-10": 3, "CN-NJ-01": 2, "CN-WH-01": 2, "CN-TJ-01": 1}),
    Demand("gas", "natural_gas", "m3_20C", 0, "month", BOILER, (217_500, 297_600, 145_000, 114_000),
           {"CN-WS-BJ": 5, "CN-WS-SH": 2, "CN-WS-WH": 3, "CN-SV-BJ": 1}),
    Demand("factory", "natural_gas", "Nm3", 1, "month", BOILER, (0, 0, 0, 1_315_300), _EV),
    # liquid fuels, kg
    Demand("fuels", "gasoline", "kg", 1, "month", FLAT, (1_914, 21_400, 2_560, 18_450), _PETROL, {"use": "mobile"}),
    Demand("fuels", "gasoline", "t", 4, "month", FLAT, (0, 0, 0, 20_000), _EV, {"use": "mobile"}),
    Demand("fuels", "diesel", "kg", 1, "quarter", FLAT, (1_000, 9_880, 10_270, 14_790), _GENSETS,
           {"use": "stationary"}),
    Demand("fuels", "diesel", "t", 4, "month", FLAT, (0, 0, 0, 14_000), _EV, {"use": "stationary"}),
    # refrigerant refilled, kg
    Demand("refrigerants", "refrigerant_refill", "kg", 2, "visits", COOLED, (700, 702, 578, 716),
           {"CN-DC-BJ": 2, "CN-BJ-01": 2, "CN-BJ-02": 2}, {"refrigerant": "HFC-134a"}),
    Demand("refrigerants", "refrigerant_refill", "kg", 2, "visits", COOLED, (380, 381, 313, 388),
           {"CN-ST-BJ": 2, "CN-ST-GZ": 1, "CN-ST-SZ": 2, "SG-01": 1}, {"refrigerant": "HFC-32"}),
    Demand("refrigerants", "refrigerant_refill", "kg", 2, "visits", COOLED, (1_400, 1_404, 1_155, 1_432), _SERVICED,
           {"refrigerant": "R-410A"}),
    Demand("refrigerants", "refrigerant_refill", "kg", 2, "visits", COOLED, (400, 401, 330, 409),
           {"CN-BJ-08": 2, "CN-WS-BJ": 2, "CN-TJ-01": 1, "IN-BLR-01": 2}, {"refrigerant": "R-407C"}),
    Demand("refrigerants", "refrigerant_refill", "kg", 2, "visits", COOLED, (150, 150, 124, 153), {"CN-BJ-06": 1},
           {"refrigerant": "R-404A"}),
    Demand("refrigerants", "refrigerant_refill", "kg", 2, "month", COOLED, (0, 0, 0, 290), _EV,
           {"refrigerant": "R-410A"}),
    Demand("refrigerants", "refrigerant_refill", "kg", 2, "month", COOLED, (0, 0, 0, 500), _EV,
           {"refrigerant": "HFC-134a"}),
    # waste water, kg COD
    Demand("cod", "wastewater_cod", "kg", 0, "quarter", FLAT, (420_000, 425_000, 350_000, 330_000),
           {s: SITES[s].area for s in CAMPUS}, {"treatment": "septic"}),
    Demand("cod", "wastewater_cod", "t", 3, "quarter", FLAT, (202_000, 208_700, 181_500, 187_000),
           {"CN-BJ-07": 38, "CN-BJ-08": 26, "CN-BJ-09": 21, "CN-BJ-10": 64, "CN-NJ-01": 18, "CN-WH-01": 26},
           {"treatment": "septic"}),
    Demand("cod", "wastewater_cod", "t", 3, "quarter", FLAT, (0, 0, 0, 25_000), _EV, {"treatment": "septic"}),
    # water, m3
    Demand("campus_water", "water_tap", "吨", 2, "month", THIRSTY, (130_000, 186_000, 212_000, 196_000),
           {s: SITES[s].area for s in CAMPUS}),
    Demand("campus_water", "water_reclaimed", "吨", 2, "month", THIRSTY, (69_500, 107_000, 108_000, 114_000),
           _RECLAIMED),
    Demand("water", "water_tap", "m3", 0, "2 months", THIRSTY, (58_500, 98_000, 118_000, 183_000),
           _OFF_CAMPUS),
    Demand("water", "water_reclaimed", "m3", 1, "month", THIRSTY, (46_300, 27_000, 10_200, 20_000),
           _RECLAIMED_ELSEWHERE),
    Demand("water", "water_tap", "m3", 0, "month", COOLED, (3_100, 20_500, 32_500, 45_000),
           {"CN-DC-BJ": 4, "CN-DC-JS": 6, "CN-DC-GD": 5}),
    Demand("water", "water_tap", "m3", 1, "quarter", FLAT, (0, 5_000, 6_500, 7_500), LOGISTICS),
    Demand("water", "water_tap", "m3", 0, "quarter", FLAT, (0, 5_500, 5_200, 5_600),
           {"IN-BLR-01": 8, "IN-DEL-01": 3, "SG-01": 2}),
    Demand("store_power", "water_tap", "t", 1, "month", SHOP, (0, 14_500, 17_800, 19_500), _STORES),
    Demand("water_out", "water_discharged", "m3", 0, "quarter", THIRSTY, (0, 0, 0, 465_000), _WATER_2023),
    Demand("water_out", "water_discharged", "m3", 0, "quarter", THIRSTY, (0, 0, 0, 21_000), {"CN-DC-BJ": 1,
           "CN-DC-JS": 2}),
    Demand("factory", "water_tap", "m3", 0, "month", THIRSTY, (0, 0, 0, 66_500), _EV),
    Demand("factory", "water_reclaimed", "m3", 0, "month", THIRSTY, (0, 0, 0, 30_350), _EV),
    Demand("factory", "water_discharged", "m3", 0, "month", THIRSTY, (0, 0, 0, 76_200), _EV),
    # waste, kg
    Demand("waste", "waste_non_hazardous", "t", 2, "month", CANTEEN, (4_661_070, 5_620_000, 6_020_000, 5_360_000),
           OFFICES),
    Demand("waste", "waste_non_hazardous", "kg", 0, "quarter", SHOP, (0, 480_000, 610_000, 580_000), STORES),
    Demand("waste", "waste_non_hazardous", "t", 2, "month", SHOP, (205_000, 229_000, 422_000, 365_000),
           {"CN-WS-BJ": 5, "CN-WS-SH": 4, "CN-WS-WH": 3}),
    Demand("waste", "waste_hazardous", "kg", 1, "quarter", FLAT, (367, 2_500, 1_430, 1_680),
           {"CN-BJ-01": 3, "CN-BJ-02": 2, "CN-BJ-07": 2, "CN-WH-01": 1}),
    Demand("waste", "waste_non_hazardous", "t", 2, "month", FLAT, (0, 0, 0, 870_000), _EV),
    Demand("waste", "waste_hazardous", "t", 3, "month", FLAT, (0, 0, 0, 94_000), _EV),
    # packaging, kg; nothing was published for 2021
    Demand("packaging", "packaging_material", "t", 2, "quarter", FLAT, (9_360_000, 0, 3_290_000, 2_760_000),
           {"GROUP": 1}, {"product_group": "Smartphones"}),
    Demand("packaging", "packaging_material", "t", 2, "quarter", FLAT, (34_640_000, 0, 0, 0), {"GROUP": 1},
           {"product_group": "Ecosystem products"}),
    Demand("packaging", "packaging_material", "t", 2, "quarter", FLAT, (2_808_150, 0, 1_775_080, 1_494_860),
           {"GROUP": 1}, {"product_group": "Televisions and laptops"}),
)  # fmt: skip

# Full-time employees at 31 December: (weights, 2020 to 2023). Sums are the published year-end totals.
EMPLOYEES = (
    (OFFICES, (19_185, 23_000, 22_600, 22_000)),
    (STORES, (1_233, 7_600, 7_500, 6_100)),
    ({"IN-BLR-01": 9, "IN-DEL-01": 3, "IN-SVC-01": 1, "SG-01": 3, "HK-01": 2, "US-01": 1},
     (1_656, 2_100, 2_000, 2_000)),
    (LOGISTICS, (0, 727, 443, 427)),
    (_EV, (0, 0, 0, 3_100)),
)  # fmt: skip
REVENUE = ("245866", "328309", "280044", "270970.1")  # RMB million, 2020 to 2023, group annual results
SCOPE_3 = {2021: "12368223.29", 2022: "10075225.54"}  # tCO2e, one total for all categories: SCOPE_3_STATEMENT
SCOPE_3_STATEMENT = "2023 ESG report, Key Environmental Indicators: Use amount, row Scope 3 GHG Emissions, and footnote 36"
