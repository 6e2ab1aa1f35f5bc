"""docs/assurer.md, walked on the pack of the worked 2023 edition."""

import json
import shutil

import pytest

from esg_kpis.signing import new_key
from pipelines.evidence import made
from tests.conftest import REPOSITORY, Ran
from tests.docs_runner import walked

PAGE = REPOSITORY / "docs" / "assurer.md"


@pytest.fixture(scope="module")
def said(worked: Ran, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each command of the page said, in a folder with the pack and the public key, and a copy of the workspace beside it."""
    place = tmp_path_factory.mktemp("assurer")
    new_key(place / "preparer.pem")
    pack = made(worked.root, worked.out, "2023", "2023", place / "preparer.pem", place / "evidence", []).pack
    shutil.move(pack, place / "pack.zip")
    (place / "workspace" / "data").mkdir(parents=True)
    for part in ("data/raw", "factors", "editions"):
        (place / "workspace" / part).symlink_to(worked.root / part)
    shutil.copytree(worked.out, place / "workspace" / "data" / "out", symlinks=True)
    told = dict(walked(PAGE, place))
    told["verified.json"] = (place / "verified.json").read_text(encoding="utf-8")
    assert (place / "paper.xlsx").is_file()
    assert (place / "workbook.xlsx").is_file()
    return told


def test_the_pack_verifies_in_three_commands(said: dict[str, str]) -> None:
    verified = json.loads(said["verified.json"])
    verdicts = {line["verdict"] for line in verified["lines"]}

    assert any("Signature Verified Successfully" in text for text in said.values())
    assert all(check["passed"] for check in verified["checks"])
    assert verdicts <= {"agrees", "needs the annex"}
    assert sum(line["verdict"] == "agrees" for line in verified["lines"]) > 100
    assert verified["verified"]
    assert next(text for command, text in said.items() if command.endswith("tail -n 3")).rstrip().endswith("VERIFIED.")


def test_scope_2_leads_back_to_the_line_of_a_bill(said: dict[str, str]) -> None:
    first, second = said["python back.py"].splitlines()

    assert first.startswith("printed 104470.04 tCO2e, unrounded 104470.04")
    assert "energy/" in second
    assert "cn-grid-national-ets-2022 > gwp100-ar5-co2" in second
    assert "104,470.04 tCO2e" in said["esg-kpis --root workspace trace ghg_scope_2 --period 2023"]


def test_a_sample_is_drawn_and_a_restatement_is_bridged(said: dict[str, str]) -> None:
    sample = next(text for command, text in said.items() if command.startswith("esg-kpis sample"))
    bridge = next(text for command, text in said.items() if " bridge " in command)

    assert "paper.xlsx" in sample
    assert "ghg_scope_1_2" in bridge
    assert "chain, signatures and numbers hold" in " ".join(said["esg-kpis register verify register.jsonl"].split())
