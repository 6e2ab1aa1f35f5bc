"""Writes `data/raw/`: a reconstruction of the bills behind the published totals.

    python data/reconstruction/make_raw.py [--out DIR]

Deterministic: the same bytes every time. The choices stand in `plan.py`, what the totals count in `totals.py`, the
solution in `solve.py`, the formats and the README in `templates/`. Nothing below group level is the company's data.
"""

import argparse
import csv
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import lists
import xlsxwriter
from bills import Bill
from people_events import TRAINING_YEARS, hours_worked, injuries, training
from people_spells import population
from plan import CAMPUS_NAMES, REVENUE, SCOPE_3, SCOPE_3_STATEMENT, SITES, YEARS
from solve import make_bills, verify

HERE = Path(__file__).resolve().parent
ORIGIN = "reconstructed"
ABOUT = (
    "Reconstructed: nothing below group level is the company's data.",
    "Monthly utility statement of the EV factory, made by data/reconstruction/make_raw.py.",
    "Electricity in MWh, heat in GJ, natural gas in cubic metres at 0 degrees Celsius and 101.325 kPa, water in m3.",
)
METER = {"electricity_purchased": "E1", "electricity_renewable": "G1", "heat_purchased": "H1", "natural_gas": "N1",
         "gasoline": "P1", "diesel": "D1", "water_tap": "W1", "water_reclaimed": "W2", "water_discharged": "W3",
         "waste_hazardous": "X1", "waste_non_hazardous": "X2", "wastewater_cod": "C1", "refrigerant_refill": "R1",
         "packaging_material": "K1"}  # fmt: skip
IN_CHINESE = {"water_tap": "自来水", "water_reclaimed": "中水"}
IN_ENGLISH = {"gasoline": "petrol", "diesel": "diesel oil"}


def quantity(b: Bill) -> str:
    """The number as a bill prints it, without thousands separators."""
    places = next(n for n in range(b.decimals, 10) if (b.quantity * 10**n).denominator == 1)
    digits = str(int(b.quantity * 10**places)).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}" if places else digits


def _grouped(b: Bill) -> str:
    whole, dot, rest = quantity(b).partition(".")
    return f"{int(whole):,}{dot}{rest}"


def _document(b: Bill) -> str:
    gas = b.extra.get("refrigerant", "").replace("-", "")
    return f"{METER[b.measure]}-{b.site.site_id}-{b.end:%y%m%d}{gas and '-' + gas}"


FIELDS: dict[str, Callable[[Bill], str]] = {
    "site": lambda b: b.site.site_id,
    "campus": lambda b: CAMPUS_NAMES[b.site.site_id],
    "meter": lambda b: f"{b.site.site_id}-{METER[b.measure]}",
    "document": _document,
    "start": lambda b: f"{b.start}",
    "end": lambda b: f"{b.end}",
    "slash start": lambda b: f"{b.start:%Y/%m/%d}",
    "slash end": lambda b: f"{b.end:%Y/%m/%d}",
    "start DMY": lambda b: f"{b.start:%d/%m/%Y}",
    "end DMY": lambda b: f"{b.end:%d/%m/%Y}",
    "measure": lambda b: b.measure,
    "chinese": lambda b: IN_CHINESE[b.measure],
    "english": lambda b: IN_ENGLISH[b.measure],
    "quantity": quantity,
    "grouped": _grouped,
    "unit": lambda b: b.unit,
    "use": lambda b: b.extra["use"],
    "refrigerant": lambda b: b.extra["refrigerant"],
    "treatment": lambda b: b.extra["treatment"],
    "product_group": lambda b: b.extra["product_group"],
    "origin": lambda _: ORIGIN,
}
_BILL = {"site_id": "site", "meter_id": "meter", "document": "document", "period_start": "start", "period_end": "end"}
_LONG = {"measure": "measure", "quantity": "quantity", "unit": "unit", "origin": "origin"}
_WASTE = {k: v for k, v in _BILL.items() if k != "meter_id"}

# stream: path ({year}: one file a year), columns as header -> field
FILES: dict[str, tuple[str, dict[str, str]]] = {
    "campus_power": ("energy/campus_electricity.csv", {
        "站点": "campus", "表号": "meter", "账单号": "document", "起": "slash start", "止": "slash end",
        "用电量": "quantity", "origin": "origin"}),
    "office_power": ("energy/office_electricity_{year}.csv", {**_BILL, **_LONG, "quantity": "grouped"}),
    "hall_power": ("energy/data_hall_electricity.csv", {**_BILL, **_LONG}),
    "logistics_power": ("energy/logistics_electricity.csv", {**_BILL, **_LONG}),
    "overseas_power": ("energy/overseas_electricity.csv", {
        "Site": "site", "Account": "meter", "Invoice": "document", "From": "start DMY", "To": "end DMY",
        "Usage (kWh)": "grouped", "origin": "origin"}),
    "renewable": ("energy/renewable_electricity_2023.csv", {**_BILL, **_LONG}),
    "heat": ("energy/heat.csv", {**_BILL, "heat (GJ)": "quantity", "origin": "origin"}),
    "gas": ("energy/natural_gas.csv", {**_BILL, **_LONG}),
    "fuels": ("energy/liquid_fuels.csv", {
        **_BILL, "use": "use", "fuel": "english", "quantity": "quantity", "unit": "unit", "origin": "origin"}),
    "refrigerants": ("refrigerants/service_reports.csv", {
        "site_id": "site", "date": "end", "document": "document", "refrigerant": "refrigerant", **_LONG}),
    "cod": ("wastewater/septic_tanks.csv", {
        "site_id": "site", "period_start": "start", "period_end": "end", "treatment": "treatment", **_LONG}),
    "campus_water": ("water/campus_water.csv", {
        "站点": "campus", "表号": "meter", "账单号": "document", "起": "slash start", "止": "slash end",
        "水种": "chinese", "用量": "quantity", "单位": "unit", "origin": "origin"}),
    "water": ("water/water_bills.csv", {**_BILL, **_LONG}),
    "water_out": ("water/discharge_2023.csv", {**_BILL, **_LONG}),
    "waste": ("waste/waste_{year}.csv", {**_WASTE, **_LONG}),
    "packaging": ("packaging/packaging.csv", {
        "site_id": "site", "period_start": "start", "period_end": "end", "product_group": "product_group", **_LONG}),
}  # fmt: skip
FACTORY_COLUMNS = {
    "Electricity (MWh)": "electricity_purchased", "Heat (GJ)": "heat_purchased", "Natural gas (Nm3)": "natural_gas",
    "Tap water (m3)": "water_tap", "Reclaimed water (m3)": "water_reclaimed", "Discharged (m3)": "water_discharged",
}  # fmt: skip


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """UTF-8, LF."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def filed_year(b: Bill) -> int:
    """The year a bill is filed under: that of its last day, within the years asked for."""
    return min(max(b.end.year, YEARS[0]), YEARS[-1])


def write_bills(out: Path, bills: list[Bill]) -> None:
    """The files with one bill a row."""
    rows: dict[tuple[str, int], list[Bill]] = defaultdict(list)
    for b in bills:
        if b.stream in FILES:
            rows[b.stream, filed_year(b) if "{year}" in FILES[b.stream][0] else 0].append(b)
    for (stream, year), own in rows.items():
        name, columns = FILES[stream]
        own.sort(key=lambda b: (b.site.site_id, b.measure, b.start, _document(b)))
        write_csv(out / name.format(year=year), list(columns), ([FIELDS[f](b) for f in columns.values()] for b in own))


def write_stores(out: Path, bills: list[Bill]) -> None:
    """The stores' monthly statements: electricity and, from 2021, water side by side."""
    cells = {(b.site.site_id, b.start, b.measure): b for b in bills if b.stream == "store_power"}
    for year in YEARS:
        header = ["Store", "Month", "Statement", "Meter", "Electricity (kWh)", "Water (t)", "origin"]
        rows = []
        for (site, start, measure), b in sorted(cells.items()):
            if start.year == year and measure == "electricity_purchased":
                water = cells.get((site, start, "water_tap"))
                month, statement = f"{year}年{start.month}月", f"S-{site}-{start:%y%m}"
                rows.append([site, month, statement, FIELDS["meter"](b), _grouped(b),
                             quantity(water) if water else "", ORIGIN])  # fmt: skip
        write_csv(out / f"energy/store_statements_{year}.csv", header, rows)


def write_factory(out: Path, bills: list[Bill]) -> None:
    """The EV factory's workbook: one sheet for energy and water, one that says what it is."""
    cells = {(b.start, b.measure): b for b in bills if b.stream == "factory"}
    book = xlsxwriter.Workbook(str(out / "energy/ev_factory_2023.xlsx"))
    book.set_properties({"title": "EV factory, utilities 2023", "created": datetime(2020, 1, 1, tzinfo=UTC)})
    about, sheet = book.add_worksheet("About"), book.add_worksheet("Utilities 2023")
    for line, text in enumerate(ABOUT):
        about.write_string(line, 0, text)
    sheet.write_row(0, 0, ["Site", "Statement", "Month", *FACTORY_COLUMNS, "origin"])
    for line, month in enumerate(sorted({start for start, _ in cells}), 1):
        site = cells[month, "natural_gas"].site.site_id
        sheet.write_row(line, 0, [site, f"U-{site}-{month:%y%m}", f"{month.year}/{month.month}"])
        for column, measure in enumerate(FACTORY_COLUMNS.values(), 3):
            sheet.write_number(line, column, float(quantity(cells[month, measure])))
        sheet.write_string(line, 3 + len(FACTORY_COLUMNS), ORIGIN)
    book.close()


def write_sites(out: Path) -> None:
    """The site register."""
    header = ["site_id", "name", "country", "grid_region", "kind", "business_line", "control", "ownership_share",
              "valid_from", "valid_to", "floor_area", "floor_area_unit", "origin"]  # fmt: skip
    rows = [
        [s.site_id, s.name, s.country, s.grid, s.kind,
         "Automotive factory" if s.kind == "factory" else "Existing business", "operational", "1",
         f"{s.opens}", f"{s.closes or ''}", f"{s.area or ''}", "m2" if s.area else "", ORIGIN]
        for s in SITES.values()
    ]  # fmt: skip
    write_csv(out / "sites/sites.csv", header, rows)


def write_stated(out: Path) -> None:
    """Revenue and Scope 3, as published for the group."""
    header = ["site_id", "period_start", "period_end", "measure", "quantity", "unit", "statement", "origin"]
    revenue = [
        ["GROUP", f"{y}-01-01", f"{y}-12-31", "revenue", amount, "RMB million", "group annual results", "published"]
        for y, amount in zip(YEARS, REVENUE, strict=True)
    ]
    write_csv(out / "stated/revenue.csv", header, revenue)
    header = [*header[:3], "category", "method", "gwp_set", *header[3:]]
    scope_3 = [
        ["GROUP", f"{y}-01-01", f"{y}-12-31", "all", "not_stated", "not_stated", "scope_3_stated", amount, "tCO2e", SCOPE_3_STATEMENT, "published"]
        for y, amount in SCOPE_3.items()
    ]
    write_csv(out / "scope_3/scope_3.csv", header, scope_3)


def write_people(out: Path) -> None:
    """Spells, training, injuries by pseudonym, and hours worked by site. People files have no column `origin`: they may hold no column beyond their form."""
    made = population()
    spells = sorted(
        [person.key, f"{s.first}", f"{s.last or ''}", s.site, SITES[s.site].country, s.gender, s.age, s.level, s.profession, s.kind]
        for person in made.people
        for s in person.spells
    )
    header = ["person", "from", "to", "site_id", "country", "gender", "age_group", "level", "profession", "employment_type"]
    write_csv(out / "people/spells.csv", header, spells)
    for year in TRAINING_YEARS:
        write_csv(out / f"people/training_{year}.csv", ["person", "date", "course", "programme", "hours"], training(made, year))
    write_csv(out / "people/injuries.csv", ["case_id", "person", "date", "outcome", "lost_days", "recognition"], injuries(made))
    hours = [[site, first, last, "hours_worked", size, "hour", ORIGIN] for site, first, last, size in hours_worked(made)]
    write_csv(
        out / "working_hours/working_hours.csv", ["site_id", "period_start", "period_end", "measure", "quantity", "unit", "origin"], hours
    )


def main() -> None:
    """Make, prove, write, and print what was reached."""
    parser = argparse.ArgumentParser(description="Write the reconstructed bills.")
    parser.add_argument("--out", type=Path, default=HERE.parent / "raw", help="folder to write to")
    out: Path = parser.parse_args().out
    bills = make_bills()
    table = verify(bills)
    shutil.copytree(HERE / "templates", out, dirs_exist_ok=True, copy_function=shutil.copyfile)
    write_sites(out)
    write_bills(out, bills)
    write_stores(out, bills)
    write_factory(out, bills)
    write_stated(out)
    write_people(out)
    for path, header, rows in lists.tables():
        write_csv(out / path, header, rows)
    for name, year, printed, reached in table:
        print(f"{name:<40} {year} {printed:>12} {reached:>18}")
    print(f"{len(bills)} quantities at {len(SITES)} sites, {len(table)} published figures met")


if __name__ == "__main__":
    main()
