"""Evidence packs for tests: made from runs, taken apart, changed and signed again, and small workspaces with few people, rejected rows and files that were stopped."""

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from esg_kpis.evidence import Asked, Material, Verification, packed, verified
from esg_kpis.evidence.manifest import BESIDE, MANIFEST, manifest_of, sha256
from esg_kpis.evidence.statement import signed_files, statement_of
from esg_kpis.evidence.zipped import unzipped
from esg_kpis.signing import encoded, fingerprint
from pipelines.evidence import gathered
from pipelines.last_run import last_run
from tests.conftest import Ran, run_workspace
from tests.people_scenario import course, key, spell, workspace_of
from tests.scenario import EVERYWHERE, GRID, Row, edition_folder, factor_row, gwp_row, kpi, library_folder

OURS, THEIRS, APPROVER = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (7, 8, 9))
TRUSTED = fingerprint(OURS.public_key())

Files = dict[str, bytes]
Change = Callable[[bytes], bytes]


# ---------------------------------------------------------------- packs


def material_of(ran: Ran, edition: str, period: str) -> Material:
    """What the pack of an edition and period of a run is made of."""
    return gathered(ran.root, last_run(ran.root, ran.out, edition), ran.out, period)


def pack_of(ran: Ran, edition: str, period: str) -> bytes:
    return packed(material_of(ran, edition, period), OURS)[0]


def plainly_zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip without compression, which takes no time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def changed(pack: bytes, **changes: Change) -> Files:
    """The files of a pack, some of them changed."""
    files = dict(unzipped(pack))
    for name, change in changes.items():
        files[name] = change(files[name])
    return files


def with_manifest(files: Files) -> Files:
    """The same with a manifest that fits, under the old signature."""
    return {**files, MANIFEST: manifest_of(files)}


def signed_again(files: Files, by: Ed25519PrivateKey) -> Files:
    """The same with a manifest, a statement and a signature that fit."""
    fitting = with_manifest(files)
    predicate = json.loads(payload_of(files))["predicate"] | {"kpi_register_sha256": sha256(files["kpi_register.csv"])}
    return fitting | signed_files(statement_of(fitting[MANIFEST], predicate), by)


def payload_of(files: Files) -> bytes:
    """What is signed, out of the bytes that `openssl` looks at."""
    found = files["statement.pae"].split(b" ", 4)[4]
    assert encoded("application/vnd.in-toto+json", found) == files["statement.pae"]
    return found


def replaced(old: str, new: str) -> Change:
    """A change of the first place where a text stands; it must be there."""

    def change(content: bytes) -> bytes:
        assert old.encode() in content, old
        return content.replace(old.encode(), new.encode(), 1)

    return change


def flipped(content: bytes) -> bytes:
    """The content with one bit of its middle byte changed, or one byte where it was empty."""
    place = len(content) // 2
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :] if content else b"x"


def looked_at(files: Files, trusted: str | None = TRUSTED, **asked: Any) -> Verification:  # noqa: ANN401
    return verified(plainly_zipped(files), Asked(trusted, **asked))


def wrong(found: Verification) -> dict[str, str]:
    """What failed: check or KPI, and what was said of it."""
    checks = {check.name: " | ".join(check.wrong) for check in found.checks if not check.passed}
    return checks | {line.kpi_id: line.difference for line in found.lines if line.verdict == "differs"}


def verdicts(found: Verification) -> dict[tuple[str, str], str]:
    return {(line.kpi_id, line.category): line.verdict for line in found.lines}


def outside(files: Files) -> set[str]:
    return {*files} - {*BESIDE}


# ---------------------------------------------------------------- a small workspace


BILLS = """site_id,period_start,period_end,measure,quantity,unit
BJ-01,2022-01-01,2022-12-31,electricity_purchased,900,MWh
BJ-01,2023-01-01,2023-12-31,electricity_purchased,1000,MWh
IN-01,2022-01-01,2022-12-31,electricity_purchased,"=cmd()",MWh
"""
GENDERS: Row = {"name": "gender", "categories": {name: {"gender": [name]} for name in ("Female", "Male")}}
LEVELS: Row = {"name": "level", "categories": {name: {"level": [name]} for name in ("Senior", "Junior")}}
SITE: Row = {"name": "site", "each": "site_id"}
TOTAL: Row = {"name": "total", "categories": {"All": {}}}
KPIS: list[Row] = [
    kpi("electricity", "MWh", "electricity_purchased"),
    kpi("ghg", "tCO2e", "emission_co2e"),
    kpi("heads", "person", "employees", decimals=0, breakdowns=[TOTAL, GENDERS, SITE]),
    kpi("took_part", "person", "training_participants", decimals=0, periods=["2022"]),
    kpi("hours", "hour", "training_hours", periods=["2022"]),
    kpi("growth_of_heads", "%", formula="growth", numerator="heads"),
    kpi("electricity_per_head", "MWh/person", formula="ratio", numerator="electricity", denominator="heads"),
    kpi("hours_per_participant", "hour/person", formula="ratio", numerator="hours", denominator="took_part", breakdowns=[TOTAL, GENDERS, LEVELS]),
]  # fmt: skip
"""In 2023 nothing but the hours per participant is shown of training: it alone tells of no small group, and the sums below it do."""


def people() -> dict[str, Any]:
    """Spells and training of 42 persons: in 2023 two of 40 participants are juniors, and two persons work in India."""
    kinds = [("Female", "Senior", "BJ-01", 20), ("Male", "Senior", "BJ-01", 18), ("Male", "Junior", "BJ-01", 2), ("Male", "Senior", "IN-01", 2)]
    named = [(f"{gender} {level} {place} {number}", gender, level, place) for gender, level, place, size in kinds for number in range(size)]
    spells = [spell(name, "2021-05-01", gender=gender, level=level, site_id=place) for name, gender, level, place in named]
    days = {"2022-03-01": "1.5", "2023-03-01": "2"}
    courses = [course(name, day, hours if gender == "Female" else "3") for name, gender, _, place in named if place == "BJ-01" for day, hours in days.items()]
    return {"spells.csv": spells, "training.csv": courses}


def everybody() -> list[str]:
    """The keys of all persons of `people`."""
    return sorted({row["person"] for rows in people().values() for row in rows})


def small_workspace(root: Path, files: Mapping[str, Any] | None = None, kpis: list[Row] | None = None, rules: str = "") -> Path:
    """Bills of which one cannot be read, people of whom some are few, a file that was stopped and tells who somebody is, and what a system leaves behind."""
    stopped = "person,name,amount\n" + "".join(f"{name},x,1\n" for name in everybody()[:3])
    workspace_of(root, {**people(), "../energy/bills.csv": BILLS, "../water/staff.csv": stopped, "../energy/.DS_Store": b"\x00\x01" + key("hidden").encode(), **(files or {})})
    edition_folder(root, KPIS if kpis is None else kpis, EVERYWHERE + GRID + rules)
    library_folder(root, {"mee": [factor_row(), factor_row("grid-cn-2022", data_from="2022-01-01", data_to="2022-12-31")]}, [gwp_row("CO2", "1")])
    return root


def ran_small(place: Path, **given: Any) -> Ran:  # noqa: ANN401
    """A run of it."""
    return run_workspace(small_workspace(place / "workspace", **given), place / "out", place / "dagster")
