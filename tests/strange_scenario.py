"""A workspace in which every text that somebody may write is an attack, or breaks a layout: names of sites, files and meters, labels, reasons, explanations."""

import json
from calendar import monthrange
from pathlib import Path

import yaml

from tests.conftest import Ran, run_workspace
from tests.scenario import GRID, edition_folder, factor_row, gwp_row, kpi, library_folder

MARKUP = '<script>window.RAN=1</script><img src=x onerror="window.RAN=1">'
REST = "</script><!--\u2028\u2029{{ 7*7 }} {0} {key} %s ${1} `id` [bold red]rich[/] [/nope] \\' \" &amp;"
ROUND = "\u202e12 dna 34"
ORDERS = "\x1b[31mred\x1b]0;title\x07"
LONG = "W" * 300
EVERYTHING = MARKUP + REST + ROUND
FORMULA = "=cmd|' /C calc'!A0"
FILES = ("<img src=x onerror=window.RAN=1>.csv", "a#b?c%20d&e.csv", "\u202evsc.exe", "\x1b]0;title\x07\x1b[31m.csv")
SITES = (("HQ", EVERYTHING, "office"), ("S2", ROUND, "store"), ("<b>S3", LONG, "warehouse"), ("S4", "two\nlines", "office"))
HEAD = "site_id,period_start,period_end,measure,quantity,unit,meter_id,document\n"


def quoted(text: str) -> str:
    """A cell of a CSV."""
    return '"' + text.replace('"', '""') + '"'


def _bill(site: str, year: int, month: int, quantity: str, unit: str = "kWh", meter: str = "M1") -> str:
    days = f"{year}-{month:02}-01,{year}-{month:02}-{monthrange(year, month)[1]}"
    return f"{quoted(site)},{days},electricity_purchased,{quoted(quantity)},{quoted(unit)},{quoted(meter)},{quoted(MARKUP)}\n"


def strange_workspace(root: Path) -> Path:
    """Four sites that each sent two years of bills, and rows that are refused."""
    for folder in ("sites", "energy"):
        (root / "data/raw" / folder).mkdir(parents=True)
    rows = "".join(f"{quoted(name)},{quoted(called)},CN,CN-NCG,{kind},{quoted(MARKUP)}\n" for name, called, kind in SITES)
    (root / "data/raw/sites/sites.csv").write_text(f"site_id,name,country,grid_region,kind,business_line\n{rows}", encoding="utf-8")
    for number, (name, (site, _, _)) in enumerate(zip(FILES, SITES, strict=True)):
        meter = (MARKUP, ROUND, LONG, "M")[number]
        bills = "".join(_bill(site, year, month, str(1000 * (1 + number) * (2 if year == 2023 else 1)), meter=meter) for year in (2022, 2023) for month in range(1, 13))
        (root / "data/raw/energy" / name.replace(".exe", ".csv")).write_text(HEAD + bills, encoding="utf-8")
    refused = "".join(_bill("HQ", 2021, month, text) for month, text in enumerate((MARKUP, FORMULA, ORDERS, LONG, ROUND, "1\n<b>"), 1)) + _bill(MARKUP, 2021, 1, "1") + _bill("HQ", 2021, 7, "1", unit="<i>kWh")
    (root / "data/raw/energy/refused.csv").write_text(HEAD + refused, encoding="utf-8")
    _edition(root)
    library_folder(root, {"mee": [factor_row(f"grid-{year}", data_from=f"{year}-01-01", data_to=f"{year}-12-31") for year in (2022, 2023)]}, [gwp_row("CO2", "1")])
    return root


def _edition(root: Path) -> None:
    """Labels, reasons and tables that say the same."""
    every = json.dumps(EVERYTHING)
    rules = f'[[boundary]]\nid = "group"\ntext = {every}\n{GRID}[[anomaly]]\nid = "yoy"\nkind = "year_on_year"\nabove = "0.30"\nby = "total"\ntext = {every}\n[[known_difference]]\nkpi_id = "ghg"\ntext = {every}\nproof = {every}\n'
    total, kinds = {"name": "total", "categories": {"All": {}}}, {"name": "kind", "categories": {MARKUP: {"kind": ["office"]}, LONG: {"kind": ["store"]}, FORMULA: {"kind": ["warehouse"]}}}
    kpis = [
        kpi("electricity", "MWh", "electricity_purchased", label=EVERYTHING, text=EVERYTHING, source=EVERYTHING, breakdowns=[total, kinds]),
        kpi("ghg", "tCO2e", "emission_co2e", label=LONG, text=LONG, source=FORMULA),
        kpi("gas", "Nm3", "natural_gas", label=ROUND, not_collected=[{"periods": ["2022"], "text": EVERYTHING}]),
        kpi("intensity", "tCO2e/MWh", formula="ratio", numerator="ghg", denominator="electricity", label=FORMULA),
    ]
    printed = f"electricity,2023,total,All,100.00,MWh,2,{quoted(EVERYTHING)}\nghg,2023,total,All,77.00,tCO2e,2,{quoted(LONG)}\n"
    folder = edition_folder(root, kpis, rules, printed, document="D")
    head = (folder / "edition.toml").read_text(encoding="utf-8").replace('document = "D"', f"document = {every}")
    (folder / "edition.toml").write_text(head, encoding="utf-8")
    labels = {
        "headline": ["electricity", "ghg", "intensity"], "kpis": {"electricity": {"zh": EVERYTHING}, "ghg": {"zh": LONG}, "intensity": {"zh": ROUND}}, "units": {"MWh": {"zh": MARKUP}},
        "breakdowns": {"kind": {"label": {"en": MARKUP, "zh": MARKUP}, "categories": {MARKUP: {"zh": MARKUP}}}},
        "tables": {EVERYTHING: {"zh": EVERYTHING, "kpis": ["electricity", "intensity"]}, LONG: {"zh": LONG, "kpis": ["ghg"]}},
    }  # fmt: skip
    target = {"id": "t1", "version": EVERYTHING, "label": EVERYTHING, "label_zh": LONG, "text": EVERYTHING, "source": EVERYTHING, "kind": "reduction", "value": 30, "unit": "%", "base": 2022, "target_year": 2030, "kpi": "ghg"}
    given = {"given": [{"cell": "ghg", "values": {"2023": "5"}, "unit": "tCO2e", "source": EVERYTHING}]}
    for name, content in (("labels", labels), ("targets", [target]), ("checks", given)):
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")


def ran_strange(place: Path) -> Ran:
    """A run of it."""
    return run_workspace(strange_workspace(place / "workspace"), place / "out", place / "dagster", report=True)
