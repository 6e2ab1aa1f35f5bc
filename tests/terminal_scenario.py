"""What the tests of the terminal share: a small workspace with something of everything that a person is told of, and the command line."""

import json
from pathlib import Path
from typing import Any

from tests.command_line import Done, esg_kpis_in
from tests.scenario import edition_folder, factor_row, gwp_row, kpi, library_folder

BILLS = "site_id,meter_id,document,period_start,period_end,measure,quantity,unit\n" + "".join(
    f"{site},{site}-1,{site}-{year},{year}-01-01,{year}-12-31,electricity_purchased,{quantity},kWh\n"
    for site, year, quantity in (("HQ", 2022, 90000), ("HQ", 2023, 1100000), ("SH", 2022, 40000), ("SH", 2023, 134567))
)
PUBLISHED = "power,2023,total,All,1234.57,MWh,2,Energy\npower,2022,total,All,131.00,MWh,2,Energy\n"
KPIS = [
    kpi("power", "MWh", "electricity_purchased", label="Electricity bought by all sites of the whole group, wherever they are"),
    kpi("power_by_site", "MWh", "electricity_purchased", breakdowns=[{"name": "site", "each": "site_id"}]),
    kpi("gas", "MWh", "natural_gas_energy", label="Gas"),
]  # fmt: skip


def workspace(root: Path, *, bills: str = BILLS, published: str = PUBLISHED) -> Path:
    """Two sites, two years, one edition: a figure that is printed as computed, and one that is not."""
    for name, text in (("sites/sites.csv", "site_id,name,country,kind\nHQ,HQ,CN,office\nSH,Store,CN,store\n"), ("energy/bills.csv", bills)):
        path = root / "data" / "raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    library_folder(root, {"mee": [factor_row()]}, [gwp_row("CO2", "1")])
    edition_folder(root, KPIS, published=published)
    return root


def esg_kpis(root: Path, *args: str, columns: int = 100, **environment: str) -> Done:
    """The command line on a workspace."""
    return esg_kpis_in(Path.cwd(), "--root", str(root), *args, **{"DAGSTER_HOME": str(root.parent / "dagster"), "COLUMNS": str(columns)} | environment)


def told(root: Path, *args: str, code: int = 0, **environment: str) -> Any:  # noqa: ANN401
    """What a command that ends with a code prints as JSON; nothing else may stand on standard output."""
    done = esg_kpis(root, *args, "--json", **environment)
    assert done.returncode == code, done.stderr + done.stdout
    return json.loads(done.stdout)
