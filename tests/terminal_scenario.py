"""What the tests of the terminal share: a small workspace with something of everything that a person is told of, and the command line."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

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


@dataclass(frozen=True)
class Done:
    """What a command line came to."""

    returncode: int
    stdout: str
    stderr: str


def esg_kpis(root: Path, *args: str, columns: int = 100, **environment: str) -> Done:
    """The command line on a workspace, within this process: what `main` does, without the wait for another Python."""
    from pipelines.cli import answer
    from pipelines.options import GIVEN

    out, err, place = io.StringIO(), io.StringIO(), {"DAGSTER_HOME": str(root.parent / "dagster"), "COLUMNS": str(columns)} | environment
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name in ("ESG_KPIS_REGISTER", "ESG_KPIS_PERSON_KEY_FILE", "ESG_KPIS_KEY"):
            patch.delenv(name, raising=False)
        for name, value in place.items():
            patch.setenv(name, value)
        GIVEN.update(root=None, out=None)
        code = answer(["--root", str(root), *args])
    return Done(code, out.getvalue(), err.getvalue())


def told(root: Path, *args: str, code: int = 0, **environment: str) -> Any:  # noqa: ANN401
    """What a command that ends with a code prints as JSON; nothing else may stand on standard output."""
    done = esg_kpis(root, *args, "--json", **environment)
    assert done.returncode == code, done.stderr + done.stdout
    return json.loads(done.stdout)
