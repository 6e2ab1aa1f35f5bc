"""What an extension costs: a KPI is an entry of kpis.yaml, a domain is one file and its name in the list."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import yaml

from tests.conftest import REPOSITORY
from tests.scenario import EVERYWHERE, edition_folder, kpi

VISITORS = '''"""Visitors: who comes to a site."""

from esg_kpis.domains.definition import Count, Domain, Field, Measure

DOMAIN = Domain(
    name="visitors",
    title="Visitors",
    source="A test",
    measures=(Measure("visits", "case", "event", "Visits to a site"),),
    fields=(
        Field("badge", "Number of the badge", key=True),
        Field("purpose", "Why they come", allowed=("audit", "tour"), dimension=True, attribute="purpose"),
    ),
    counts=(Count("visits", of=("badge",)),),
)
'''


def test_a_kpi_is_one_entry_of_yaml(tmp_path: Path) -> None:
    """Added to a copy of the worked edition, computed with everything else, and walked back to its records."""
    root = tmp_path / "company"
    shutil.copytree(REPOSITORY / "data" / "raw", root / "data" / "raw", ignore=lambda folder, names: ["people"] if Path(folder).name == "raw" else [])
    shutil.copytree(REPOSITORY / "factors", root / "factors")
    edition_folder(root, [], EVERYWHERE)
    entry = kpi("appliances_recycled", "tonne", amounts=[{"measure": "ewaste_recycled", "where": {"product_kind": ["Televisions and appliances"]}}])
    (root / "editions" / "e1" / "kpis.yaml").write_text(yaml.safe_dump([entry]))

    run(REPOSITORY / "src", root, "run", codes=(0, 1))

    values = pl.read_csv(root / "data" / "out" / "kpi_values.csv", infer_schema=False)
    assert dict(values.select("period", "printed").iter_rows()) == {"2023": "10720.00", "2022": "3510.00"}
    told = run(REPOSITORY / "src", root, "trace", "appliances_recycled", "--period", "2023")
    assert "circularity/circularity.csv" in told


def test_a_domain_is_one_file_and_one_name(tmp_path: Path) -> None:
    source = tmp_path / "src"
    shutil.copytree(REPOSITORY / "src", source, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    (source / "esg_kpis" / "domains" / "visitors.py").write_text(VISITORS)
    listed = source / "esg_kpis" / "domains" / "__init__.py"
    listed.write_text(listed.read_text().replace("    vehicles,\n", "    vehicles,\n    visitors,\n", 1).replace("        vehicles.DOMAIN,\n", "        vehicles.DOMAIN,\n        visitors.DOMAIN,\n", 1))
    root = tmp_path / "company"
    for name, text in {"sites/sites.csv": "site_id,name,country,kind\nHQ,HQ,CN,office\n", "visitors/gate.csv": "site_id,badge,date,purpose\nHQ,1,2023-05-01,audit\nHQ,1,2023-05-01,audit\nHQ,2,2023-05-02,tour\n"}.items():
        path = root / "data" / "raw" / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    shutil.copytree(REPOSITORY / "factors", root / "factors")
    by_purpose = [{"name": "purpose", "each": "purpose"}, {"name": "total", "categories": {"All": {}}}]
    edition_folder(root, [kpi("visits", "case", "visits", decimals=0, breakdowns=by_purpose)], EVERYWHERE)

    run(source, root, "run")

    values = pl.read_csv(root / "data" / "out" / "kpi_values.csv", infer_schema=False).filter(pl.col("period") == "2023")
    assert {row["category"]: row["printed"] for row in values.iter_rows(named=True)} == {"All": "2", "audit": "1", "tour": "1"}
    assert "visitors/gate.csv" in run(source, root, "trace", "visits", "--period", "2023")


def run(source: Path, root: Path, *command: str, codes: tuple[int, ...] = (0,)) -> str:
    """The command line with the library in `source`."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(source), str(REPOSITORY)]), "COLUMNS": "200"}
    done = subprocess.run([sys.executable, "-m", "pipelines.cli", "--root", str(root), *command], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode in codes, done.stdout + done.stderr
    return done.stdout
