"""docs/engineer.md, walked: a KPI, a factor source, a unit and a domain, added to a copy of the repository as the page says."""

import json
import shutil
from pathlib import Path

from tests.conftest import REPOSITORY
from tests.docs_runner import steps_of, walked

PAGE = REPOSITORY / "docs" / "engineer.md"


def test_the_four_walks_of_the_page_end_where_it_says(tmp_path: Path) -> None:
    place = tmp_path / "clone"
    for part in ("src", "pipelines", "docs"):
        shutil.copytree(REPOSITORY / part, place / part, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "images"))
    shutil.copytree(REPOSITORY / "examples" / "ghg-methods", place / "examples" / "ghg-methods", ignore=shutil.ignore_patterns("out", ".dagster"))
    (place / "tests").mkdir()
    dictionary = (place / "docs" / "data-dictionary.md").read_text(encoding="utf-8")

    said = walked(PAGE, place, source=place)

    told = dict(said)
    assert "3.22 MWh/RMB million" in told["esg-kpis --root work trace electricity_per_revenue --period 2023"]
    assert "All 13 printed figures: 12 equal, 1 stated by their source; none without an explanation" in told["esg-kpis --root work tie-out --edition 2023"]
    before = json.loads(told["esg-kpis --root work factors find electricity_purchased --region HK --on 2023-06-30 --edition 2023 --json"])
    assert next(item["factor_id"] for item in before if item["gas"] == "CO2") == "hk-clp-2019"
    assert "utility-2023-co2" in json.dumps(before)
    assert "utility-2023-co2 = 0.39 kg/kWh" in told["esg-kpis --root work factors find electricity_purchased --region HK --on 2023-06-30 --edition 2023"]
    assert "visitors/gate.csv" in told["esg-kpis --root work trace visits --period 2023"]
    renewed = (place / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    assert "### Visitors (`data/raw/visitors`)" in renewed
    assert "Visitors" not in dictionary
    assert len([step for step in steps_of(PAGE) if step.verb == "run"]) == len(said) >= 15
