"""The pack of the worked data: anybody can verify it, nothing in it can be changed, and it tells of no person and no machine."""

import csv
import hashlib
import io
import json
import os
import re
import socket
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from esg_kpis.evidence import Asked, verified
from esg_kpis.evidence.contents import REGISTER, WHAT
from esg_kpis.evidence.manifest import BESIDE
from esg_kpis.evidence.tables import TYPED, from_csv, typed_tables
from esg_kpis.evidence.zipped import unzipped
from esg_kpis.signing import as_pem
from esg_kpis.tables import KPI_REGISTER
from tests.conftest import REPOSITORY, Ran
from tests.evidence_scenario import OURS, TRUSTED, Files, flipped, looked_at, outside, pack_of, wrong


@pytest.fixture(scope="module")
def pack(worked: Ran) -> bytes:
    """The pack of the edition and period 2023."""
    return pack_of(worked, "2023", "2023")


@pytest.fixture(scope="module")
def files(pack: bytes) -> Files:
    """What is in it."""
    return unzipped(pack)


def environment(home: Path, **more: str) -> dict[str, str]:
    """Of a process that knows nothing of this one but where Python and our code are."""
    kept = {name: os.environ[name] for name in ("PATH", "VIRTUAL_ENV") if name in os.environ}
    return {**kept, "HOME": str(home), "PYTHONPATH": f"{REPOSITORY / 'src'}{os.pathsep}{REPOSITORY}", **more}


# ---------------------------------------------------------------- verified by anybody


def test_the_commands_of_the_readme_verify_it_in_a_fresh_place(pack: bytes, files: Files, tmp_path: Path) -> None:
    """As they stand there: two by tools that are none of ours, and one that recomputes everything."""
    place, home = tmp_path / "unpacked", tmp_path / "home"
    home.mkdir()
    for name, content in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    (tmp_path / "received.zip").write_bytes(pack)
    told = files["README.md"].decode()
    commands = re.findall(r"^ {4,7}((?:sha256sum|openssl|grep|esg-kpis) .*)$", told, flags=re.MULTILINE)
    ours = commands[2].replace("esg-kpis", f"{sys.executable} -m pipelines.cli").replace(" PACK ", f" {tmp_path / 'received.zip'} ")

    hashes, signature, verification, tied = (
        subprocess.run(command, shell=True, cwd=place, env=environment(home), capture_output=True, text=True, check=False)  # noqa: S602
        for command in (commands[0], commands[1], ours, commands[-1])
    )
    fingerprint = subprocess.run(re.findall(r"`(openssl pkey .*?)`", told)[0], shell=True, cwd=place, capture_output=True, text=True, check=True)  # noqa: S602

    assert (hashes.returncode, hashes.stdout, hashes.stderr) == (0, "", "")
    assert (signature.returncode, signature.stdout.strip()) == (0, "Signature Verified Successfully")
    assert tied.stdout.strip() == "1"
    assert fingerprint.stdout.split()[0] == TRUSTED
    assert verification.returncode == 0, verification.stdout
    assert "VERIFIED." in verification.stdout
    assert "of 139 cells 139 agree with library" in verification.stdout
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(("edition", "period"), [("2020", "2020"), ("transparency-2020", "2020"), ("2023", "2021")])
def test_the_other_editions_and_periods_verify_too(worked: Ran, edition: str, period: str) -> None:
    found = verified(pack_of(worked, edition, period), Asked(TRUSTED))

    assert wrong(found) == {}
    assert found.good
    assert {line.verdict for line in found.lines} == {"agrees"}


def test_without_a_trusted_key_it_says_whose_key_it_is(pack: bytes) -> None:
    changed = dict(unzipped(pack))
    changed["README.md"] += b" "  # So that nothing is recomputed.
    signature = next(check for check in looked_at(changed, None).checks if check.name == "signature")

    assert signature.passed
    assert f"signed by the key inside, fingerprint {TRUSTED}: compare it" in signature.seen


# ---------------------------------------------------------------- nothing can be changed


def test_one_byte_of_any_file_changed_fails_and_names_the_file(files: Files) -> None:
    told = {}
    for name, content in files.items():
        found = looked_at({**files, name: flipped(content)})
        told[name] = not found.good and not found.lines and any(name in text for check in found.checks for text in check.wrong)

    assert len(told) > 140
    assert [name for name, named in told.items() if not named] == []


def test_any_file_removed_fails_and_names_the_file(files: Files) -> None:
    told = {}
    for name in files:
        found = looked_at({other: content for other, content in files.items() if other != name})
        told[name] = not found.good and any(f"{name} is missing" in text for check in found.checks for text in check.wrong)

    assert [name for name, named in told.items() if not named] == []


# ---------------------------------------------------------------- the same again


def test_the_same_inputs_and_key_give_the_same_bytes_in_any_process(worked: Ran, pack: bytes, tmp_path: Path) -> None:
    script = "import sys, hashlib; from pathlib import Path; from tests.conftest import Ran; from tests.evidence_scenario import pack_of; print(hashlib.sha256(pack_of(Ran(Path(sys.argv[1]), Path(sys.argv[2])), '2023', '2023')).hexdigest())"
    settings = [{"PYTHONHASHSEED": "1", "TZ": "Asia/Shanghai", "LC_ALL": "C"}, {"PYTHONHASHSEED": "4711", "TZ": "America/New_York", "LC_ALL": "C.UTF-8", "POLARS_MAX_THREADS": "1"}]
    digests = [
        subprocess.run([sys.executable, "-c", script, str(worked.root), str(worked.out)], cwd=REPOSITORY, env=environment(tmp_path, **own), capture_output=True, text=True, check=True).stdout.strip()
        for own in settings
    ]

    assert digests == [hashlib.sha256(pack).hexdigest()] * 2


# ---------------------------------------------------------------- what is in it


def test_it_holds_no_pseudonym_of_anybody(worked: Ran, files: Files) -> None:
    texts = [path.read_text(encoding="utf-8") for path in sorted((worked.root / "data" / "raw" / "people").glob("*.csv"))]
    keys = {row["person"] for text in texts for row in csv.DictReader(io.StringIO(text))}
    words = {word for content in files.values() for word in re.findall(rb"[0-9a-fA-F]{16}", content)}

    assert len(keys) > 50_000
    assert {key.encode() for key in keys if len(key) == 16} & words == set()
    assert all(len(key) == 16 for key in keys)
    assert [name for name in files if name.startswith("inputs/people")] == []


def test_it_knows_no_machine_and_no_moment(worked: Ran, files: Files, pack: bytes) -> None:
    names = [str(worked.root), str(worked.out), str(REPOSITORY), str(Path.home() / "."), socket.gethostname()]
    ours = {name: content for name, content in files.items() if not name.startswith(("inputs/", "definitions/"))}

    assert [(name, word) for name, content in ours.items() for word in names if len(word) > 5 and word.encode() in content] == []
    assert {entry.date_time for entry in zipfile.ZipFile(io.BytesIO(pack)).infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_every_file_as_received_is_there_or_named(worked: Ran, files: Files) -> None:
    told = {row["path"]: row for row in csv.DictReader(io.StringIO(files["inputs.csv"].decode()))}
    raw = {path.relative_to(worked.root / "data" / "raw").as_posix(): path.read_bytes() for path in (worked.root / "data" / "raw").rglob("*") if path.is_file()}

    assert {*told} == {*raw}
    assert all(told[path]["sha256"] == hashlib.sha256(content).hexdigest() for path, content in raw.items())
    assert {path for path, row in told.items() if row["held"] == "enclosed"} == {name.removeprefix("inputs/") for name in files if name.startswith("inputs/")}
    assert {path.split("/")[0] for path, row in told.items() if row["held"] != "enclosed"} == {"people"}
    heat, lines = told["energy/heat.csv"], list(csv.DictReader(io.StringIO(raw["energy/heat.csv"].decode())))
    assert int(heat["rows"]) == len(lines) == int(heat["used"]) + int(heat["excluded"]) + int(heat["rejected"])
    assert heat["control_totals"] == f"heat_purchased {(1000 * sum(Decimal(row['heat (GJ)']) for row in lines)).normalize():f} MJ"


def test_definitions_and_factors_are_there_as_files(worked: Ran, files: Files) -> None:
    for folder in ("factors", "editions"):
        for path in (worked.root / folder).rglob("*"):
            if path.is_file():
                assert files[f"definitions/{path.relative_to(worked.root).as_posix()}"] == path.read_bytes()


def test_the_register_says_what_a_kpi_is(files: Files) -> None:
    register = {(row["kpi_id"], row["category"]): row for row in from_csv(files[REGISTER], KPI_REGISTER, REGISTER).iter_rows(named=True)}
    ghg = register["ghg_scope_1_2", "All"]

    assert ghg["printed"] == ghg["published"]
    assert ghg["verdict"] == "equal"
    assert "sum of emission_co2e" in ghg["formula"]
    assert "vehicle gasoline" in ghg["boundary"]
    assert ghg["consolidation"] == "operational control"
    assert ghg["label_zh"]
    assert "305" in ghg["gri"]


def test_datapackage_describes_every_table_that_we_write_and_every_cell_fits(files: Files) -> None:
    """The rules of Data Package v1 that can be checked by hand: names, paths, hashes, types, constraints and primary keys."""
    package = json.loads(files["datapackage.json"])
    tables = {name for name in files if name.endswith(".csv") and not name.startswith(("inputs/", "definitions/"))}

    assert package["profile"] == "tabular-data-package"
    assert re.fullmatch(r"[a-z0-9._-]+", package["name"])
    assert {item["path"] for item in package["resources"]} == tables
    assert len({item["name"] for item in package["resources"]}) == len(tables)
    for item in package["resources"]:
        content = files[item["path"]]
        assert (item["bytes"], item["hash"]) == (len(content), f"sha256:{hashlib.sha256(content).hexdigest()}")
        header, *rows = csv.reader(io.StringIO(content.decode(), newline=""))
        assert header == [field["name"] for field in item["schema"]["fields"]], item["path"]
        _check_cells(header, rows, {field["name"]: field for field in item["schema"]["fields"]})
        keys = [tuple(row[header.index(name)] for name in item["schema"].get("primaryKey", header)) for row in rows]
        assert len(set(keys)) == len(keys)


def _check_cells(header: list[str], rows: list[list[str]], fields: Mapping[str, dict[str, object]]) -> None:
    read = {"number": Decimal, "integer": int, "date": date.fromisoformat, "boolean": lambda cell: {"true": True, "false": False}[cell], "string": str}
    for name, column in zip(header, zip(*rows, strict=True), strict=False):
        field = fields[name]
        constraints = field.get("constraints", {})
        assert isinstance(constraints, dict)
        for cell in set(column):
            assert cell or not constraints.get("required"), name
            if cell:
                read[str(field["type"])](cell)
                assert cell in constraints.get("enum", [cell])


def test_typed_tables_are_those_of_the_run(worked: Ran, files: Files) -> None:
    found = typed_tables(files)

    for table in TYPED:
        ours = worked.table(table.name)
        own = ours.filter(pl.col("edition") == "2023") if "edition" in ours.columns else ours
        assert found[table.name].equals(own.sort(table.key)), table.name


def test_the_readme_names_every_table_and_the_key(files: Files) -> None:
    told = files["README.md"].decode()

    assert [name for name in {*WHAT, *BESIDE, "environment.json", "datapackage.json"} if f"`{name}`" not in told] == []
    assert TRUSTED in told
    assert files["pub.pem"] == as_pem(OURS.public_key())


def test_the_environment_names_packages_by_hash_and_the_dates(files: Files, worked: Ran) -> None:
    told = json.loads(files["environment.json"])

    assert {"polars", "duckdb", "cryptography", "pyrage", "pint"} <= set(told["packages"])
    assert all(re.fullmatch(r"[0-9a-f]{64}", item["record_sha256"]) for item in told["packages"].values())
    assert (told["knowledge_date"], told["as_of"]) == ("2024-04-09", "2024-04-09")
    assert told["run"] == json.loads((worked.out / "run.json").read_text(encoding="utf-8"))


def test_every_file_but_the_signature_stands_in_the_manifest(files: Files) -> None:
    listed = [line.split("  ", 1)[1] for line in files["manifest.sha256"].decode().splitlines()]

    assert listed == sorted(outside(files))
