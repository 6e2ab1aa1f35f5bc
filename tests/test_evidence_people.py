"""People in a pack: nobody is in it, no small group can be worked out from it, and the annex shows the rest to whom it is meant for."""

import io
import os
import stat
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, product
from operator import mul
from pathlib import Path
from typing import Any

import polars as pl
import pyrage
import pytest

from esg_kpis.errors import EsgKpisError, InputProblem, UsageProblem
from esg_kpis.evidence import Asked, Material, packed, plain_annex, verified
from esg_kpis.evidence.annex import encrypted
from esg_kpis.evidence.contents import CELLS, CONTROLS
from esg_kpis.evidence.tables import from_csv
from esg_kpis.evidence.zipped import unzipped, zipped
from esg_kpis.tables import INPUTS, PACK_CONTROLS, PEOPLE_CELLS, REJECTED
from pipelines.evidence import gathered, made
from pipelines.last_run import last_run
from pipelines.look import locked
from tests.conftest import REPOSITORY, Ran, run_workspace
from tests.evidence_scenario import (
    OURS,
    TRUSTED,
    Files,
    everybody,
    looked_at,
    material_of,
    people,
    ran_small,
    replaced,
    signed_again,
    small_workspace,
    verdicts,
    wrong,
)
from tests.people_scenario import AS_OF, key, spell
from tests.scenario import kpi

ASSURER, ANOTHER = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
K = 5


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return ran_small(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def material(ran: Ran) -> Material:
    return material_of(ran, "e1", "2023")


@pytest.fixture(scope="module")
def files(material: Material) -> Files:
    return unzipped(packed(material, OURS)[0])


@pytest.fixture(scope="module")
def annex(material: Material) -> bytes:
    return encrypted(plain_annex(material), (str(ASSURER.to_public()),))


def with_annex(files: Files, annex: bytes, identity: Any = ASSURER) -> Any:  # noqa: ANN401
    return looked_at(files, annex=annex, identities=f"# made today\n{identity}\n")


# ---------------------------------------------------------------- sites that are known by their people alone


@pytest.mark.parametrize("more", [0, 60])
def test_a_pack_without_its_annex_has_the_sites_of_which_only_people_are_known(tmp_path: Path, more: int) -> None:
    """IN-01 has nothing but people: too few to be told, or many. Beside them a file was stopped, and nobody knows whose water it told of."""
    each: list[dict[str, Any]] = [{"name": "total", "categories": {"All": {}}}, {"name": "site", "each": "site_id"}]
    kpis = [
        kpi("electricity", "MWh", "electricity_purchased", breakdowns=each), kpi("water", "t", "water_tap", breakdowns=each), kpi("heads", "person", "employees", decimals=0, breakdowns=each),
        kpi("whole", "MWh", "electricity_purchased", footing={"parts": ["electricity/site/*"]}),
    ]  # fmt: skip
    bills = "site_id,period_start,period_end,measure,quantity,unit\nBJ-01,2022-01-01,2022-12-31,electricity_purchased,900,MWh\nBJ-01,2023-01-01,2023-12-31,electricity_purchased,1000,MWh\n"
    spells = [*people()["spells.csv"], *(spell(f"y{number}", "2021-05-01", site_id="IN-01") for number in range(more))]
    ran = ran_small(tmp_path, kpis=kpis, files={"spells.csv": spells, "../energy/bills.csv": bills})

    cells = {(row[0], row[1]): row[2] for row in ran.table("kpi_values").filter((pl.col("period") == "2023") & (pl.col("breakdown") == "site")).select("kpi_id", "category", "status").rows()}
    assert cells["electricity", "IN-01"] == "not_collected"
    assert cells["water", "IN-01"] == "blocked"
    assert (cells["heads", "IN-01"] == "ok") == (more > 0)
    for period in ("2022", "2023"):
        material = material_of(ran, "e1", period)
        files = unzipped(packed(material, OURS)[0])
        for found in (looked_at(files), with_annex(files, encrypted(plain_annex(material), (str(ASSURER.to_public()),)))):
            assert found.good, wrong(found)
            assert verdicts(found)["electricity", "IN-01"] == "agrees"


# ---------------------------------------------------------------- nobody is in it


def test_nobody_is_in_it_not_even_in_a_file_that_was_stopped(ran: Ran, files: Files) -> None:
    told = from_csv(files["inputs.csv"], INPUTS, "").rows_by_key("path", named=True, unique=True)

    assert [name for name, content in files.items() for person in [*everybody(), key("hidden")] if person.encode() in content] == []
    assert (told["water/staff.csv"]["held"], told["water/staff.csv"]["received"]) == ("named", "stopped")
    assert (told["energy/.DS_Store"]["held"], told["energy/.DS_Store"]["received"]) == ("named", "left over")
    assert told["people/spells.csv"]["held"] == "annex"
    assert [name for name in files if name.startswith("inputs/people") or "staff" in name or "DS_Store" in name] == []
    assert ran.table("rejected").filter(pl.col("path") == "water/staff.csv").height == 1


def test_no_told_sum_is_of_fewer_than_k_and_none_gives_one_back(files: Files) -> None:
    """Whoever adds and subtracts told sums of one measure and period finds no group of 1 to 4; the 2 juniors least of all."""
    cells = from_csv(files[CELLS], PEOPLE_CELLS, CELLS)
    told = cells.filter(pl.col("quantity").is_not_null() & pl.col("unit").is_in(["person"]))

    assert cells["withheld"].drop_nulls().len() > 0
    assert told.filter(pl.col("quantity").is_between(1, K - 1)).is_empty()
    for (_, _), part in told.group_by("measure", "term_period"):
        sums = part.select("breakdown", "category", "quantity").unique().rows()
        for size in (1, 2, 3):
            for some in combinations(sums, size):
                rest = [abs(whole - sum(row[2] for row in some)) for breakdown, _, whole in sums if breakdown == "total" and len({row[0] for row in some}) == 1]
                assert all(not 0 < left < K for left in rest), some


def test_whoever_tries_every_table_cannot_tell_that_the_juniors_are_two(files: Files) -> None:
    """40 took part, of whom 38 are senior. Of all tables of women and men, senior and junior, that fit what is told, one has five juniors or more."""
    cells = from_csv(files[CELLS], PEOPLE_CELLS, CELLS).filter((pl.col("measure") == "training_participants") & (pl.col("term_period") == "2023"))
    told = dict(cells.filter(pl.col("quantity").is_not_null()).select("category", "quantity").iter_rows())
    whom = {"All": (1, 1, 1, 1), "Female": (1, 1, 0, 0), "Male": (0, 0, 1, 1), "Senior": (1, 0, 1, 0), "Junior": (0, 1, 0, 1)}
    tables = (table for table in product(range(0, 41, 2), repeat=4) if all(sum(map(mul, table, whom[name])) == size for name, size in told.items()))

    assert {*told} < {"All", "Female", "Male", "Senior"}
    assert any(junior_women + junior_men >= K for _, junior_women, _, junior_men in tables)


def test_control_totals_are_told_as_a_whole_or_not_at_all(files: Files) -> None:
    """Persons are suppressed in India, so no total of spells is told; and none of training, of which the juniors' would follow."""
    controls = from_csv(files[CONTROLS], PACK_CONTROLS, CONTROLS)
    told = from_csv(files["inputs.csv"], INPUTS, "").rows_by_key("path", named=True, unique=True)

    assert controls["form"].sort().to_list() == ["spells", "training"]
    assert controls["persons"].null_count() == controls["rows"].null_count() == controls["hours"].null_count() == 2
    assert controls["sha256"].null_count() == 0
    assert told["people/spells.csv"]["bytes"] is None


def test_findings_that_count_persons_say_only_that_they_are_there(ran: Ran, files: Files) -> None:
    import csv

    checks = {"not_stated", "people_outlier", "people_ahead", "uncovered", "duplicate"}
    rows = [row for row in csv.DictReader(io.StringIO(files["findings.csv"].decode())) if row["check"] in checks and row["passed"] == "false"]

    assert all(row["observed"].startswith("(withheld") for row in rows)
    assert ran.table("people_counts").filter(pl.col("quantity").is_between(1, 4)).height > 0  # There is something to keep.


def test_a_row_about_a_person_that_was_rejected_is_named_by_place_alone(tmp_path: Path) -> None:
    bad = [*(spell(f"p{number}", "2021-05-01") for number in range(12)), spell("wrong", "2023-05-01", "2023-04-01")]
    ran = ran_small(tmp_path, files={"spells.csv": bad})
    pack, _ = packed(material_of(ran, "e1", "2023"), OURS)
    rejected = from_csv(unzipped(pack)["typed/rejected.csv"], REJECTED, "").filter(pl.col("path") == "people/spells.csv")
    found = verified(pack, Asked(TRUSTED))

    assert rejected.height == 1
    assert rejected.select(pl.col("site_id", "start", "end").is_null().all()).row(0) == (True, True, True)
    assert found.good, wrong(found)
    assert verdicts(found)["heads", "All"] == "needs the annex"  # It is blocked; without the file nobody can say whether it is.
    assert verdicts(found)["electricity", "All"] == "agrees"


# ---------------------------------------------------------------- verified without the people files


def test_what_is_shown_is_recomputed_from_the_sums_or_said_to_need_the_annex(files: Files) -> None:
    found = looked_at(files)
    told = verdicts(found)

    assert found.good, wrong(found)
    assert told["heads", "All"] == told["heads", "Female"] == told["electricity_per_head", "All"] == told["growth_of_heads", "All"] == "agrees"
    assert told["hours_per_participant", "Senior"] == told["heads", "IN-01"] == told["heads", "BJ-01"] == "needs the annex"
    assert "without the people files: 12 of 14 are told, 2 are withheld and need the annex" in found.people


@pytest.mark.parametrize(("old", "new", "kpi_id"), [("electricity_per_head,2023,total,All,heads,2023,*,employees,42.", "electricity_per_head,2023,total,All,heads,2023,*,employees,43.", "electricity_per_head"), ("growth_of_heads,2023,total,All,heads,2022,*,employees,42.", "growth_of_heads,2023,total,All,heads,2022,*,employees,41.", "growth_of_heads")])
def test_a_sum_changed_under_our_key_is_found_by_the_kpi(files: Files, old: str, new: str, kpi_id: str) -> None:
    found = looked_at(signed_again({**files, CELLS: replaced(old, new)(files[CELLS])}, OURS))

    assert not found.good
    assert kpi_id in wrong(found)


# ---------------------------------------------------------------- with the annex


def test_with_the_annex_every_cell_is_recomputed_suppressed_ones_too(files: Files, annex: bytes) -> None:
    found = with_annex(files, annex)

    assert wrong(found) == {}
    assert set(verdicts(found).values()) == {"agrees"}
    assert found.people == "the people files of the annex (2 files)"


@pytest.mark.parametrize(("name", "old", "new"), [(CELLS, "employees,42.", "employees,43."), (CONTROLS, ",spells,", ",training,")])
def test_with_the_annex_what_was_told_of_people_is_compared_too(files: Files, annex: bytes, name: str, old: str, new: str) -> None:
    assert name in wrong(with_annex(signed_again({**files, name: replaced(old, new)(files[name])}, OURS), annex))


def test_the_annex_of_the_same_people_holds_the_same_plain_bytes(material: Material, files: Files) -> None:
    names = [*unzipped(plain_annex(material))]

    assert plain_annex(material) == plain_annex(replace(material, found=list(reversed(material.found))))
    assert names == ["data/raw/people/spells.csv", "data/raw/people/training.csv"]
    assert files["people/annex.sha256"].decode().endswith("  annex.zip\n")


@pytest.mark.parametrize(
    ("damage", "identity", "says"),
    [
        (lambda annex: annex, str(ANOTHER), "cannot be opened"),
        (lambda annex: annex, "no key", "no secret key"),
        (lambda annex: annex, "", "cannot be opened|no secret key"),
        (lambda annex: annex[:-1], str(ASSURER), "cannot be opened"),
        (lambda annex: annex[:-20] + bytes(20), str(ASSURER), "cannot be opened"),
        (lambda _annex: b"", str(ASSURER), "cannot be opened"),
        (lambda _annex: encrypted(zipped({"data/raw/people/x.csv": b""}), (str(ASSURER.to_public()),)), str(ASSURER), "not the one of this pack"),
        (lambda _annex: encrypted(b"x", (str(ASSURER.to_public()),)), str(ASSURER), "not the one of this pack"),
    ],
    ids=["another key", "no key", "empty key", "cut off", "damaged", "empty", "another annex", "no annex"],
)  # fmt: skip
def test_a_wrong_key_or_another_annex_is_refused(files: Files, annex: bytes, damage: Any, identity: str, says: str) -> None:  # noqa: ANN401
    with pytest.raises(InputProblem, match=says):
        with_annex(files, damage(annex), identity)


def test_an_annex_that_would_write_elsewhere_is_refused(files: Files) -> None:
    """Whoever signs both may hold whatever he likes; it still goes nowhere but to the people's folders."""
    from esg_kpis.evidence.manifest import sha256

    plain = zipped({"data/raw/energy/bills.csv": b"x"})
    bad = signed_again({**files, "people/annex.sha256": f"{sha256(plain)}  annex.zip\n".encode()}, OURS)
    again = {**bad}
    import json

    from esg_kpis.evidence.statement import signed_files, statement_of
    from tests.evidence_scenario import payload_of

    predicate = json.loads(payload_of(again))["predicate"] | {"annex_sha256": sha256(plain)}
    again |= signed_files(statement_of(again["manifest.sha256"], predicate), OURS)

    with pytest.raises(InputProblem, match="not about people"):
        with_annex(again, encrypted(plain, (str(ASSURER.to_public()),)))


def test_the_command_writes_and_opens_an_annex_and_leaves_nothing_behind(ran: Ran, tmp_path: Path) -> None:
    from esg_kpis.signing import new_key

    new_key(tmp_path / "key.pem")
    (tmp_path / "identity.txt").write_text(str(ASSURER))
    (tmp_path / "scratch").mkdir()
    result = made(ran.root, ran.out, "e1", "2023", tmp_path / "key.pem", tmp_path / "packs", [str(ASSURER.to_public()), str(ANOTHER.to_public())])
    assert result.annex is not None
    environment = {**os.environ, "TMPDIR": str(tmp_path / "scratch"), "PYTHONPATH": f"{REPOSITORY / 'src'}{os.pathsep}{REPOSITORY}"}
    command = [sys.executable, "-m", "pipelines.cli", "verify", str(result.pack), "--trust", str(tmp_path / "key.pub.pem"), "--annex", str(result.annex), "--identity", str(tmp_path / "identity.txt")]
    told = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    assert told.returncode == 0, told.stdout + told.stderr
    assert "the people files of the annex" in told.stdout
    assert [path for path in (tmp_path / "scratch").rglob("*") if "esg-kpis" in path.name] == []
    assert not any(person.encode() in result.annex.read_bytes() for person in everybody())
    with pytest.raises(UsageProblem, match="an annex already"):
        made(ran.root, ran.out, "e1", "2023", tmp_path / "key.pem", tmp_path / "packs", [str(ASSURER.to_public())])
    with pytest.raises(UsageProblem, match="no public key of the age format"):
        made(ran.root, ran.out, "e1", "2023", tmp_path / "key.pem", tmp_path / "others", [str(ASSURER)])


def test_people_files_are_unpacked_where_only_their_owner_may_look(files: Files, annex: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    from esg_kpis.evidence import unpacked

    seen: list[int] = []
    before = unpacked.rebuilt

    def looking(workspace: Any, *given: Any, **named: Any) -> Any:  # noqa: ANN401
        seen.append(stat.S_IMODE(workspace.root.parent.stat().st_mode))
        return before(workspace, *given, **named)

    monkeypatch.setattr(unpacked, "rebuilt", looking)
    assert with_annex(files, annex).good
    assert seen == [0o700]


# ---------------------------------------------------------------- other ways in which people come


def test_people_whose_files_were_deleted_after_a_lock(tmp_path: Path) -> None:
    """The annex then holds the lock, and the counts in it give the same figures."""
    root = small_workspace(tmp_path / "workspace")
    (root / "data" / "raw" / "water" / "staff.csv").unlink()
    run_workspace(root, tmp_path / "out", tmp_path / "dagster")
    locked(root, tmp_path / "out", AS_OF.replace(year=2023, month=12, day=31), None)
    for path in (root / "data" / "raw" / "people").glob("*.csv"):
        path.unlink()
    ran = run_workspace(root, tmp_path / "out", tmp_path / "dagster")
    material = material_of(ran, "e1", "2023")
    files = unzipped(packed(material, OURS)[0])
    told = from_csv(files["inputs.csv"], INPUTS, "").rows_by_key("path", named=True, unique=True)
    found = with_annex(files, encrypted(plain_annex(material), (str(ASSURER.to_public()),)))

    assert told["people/spells.csv"]["received"] == "locked"
    assert {name.split("/")[1] for name in unzipped(plain_annex(material))} == {"locked"}
    assert looked_at(files).good
    assert wrong(found) == {}
    assert set(verdicts(found).values()) == {"agrees"}


def test_staff_numbers_that_are_made_pseudonyms_at_the_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The annex holds what came in; whoever verifies needs no secret, since any gives the same counts."""
    rows = "person,from,to,site_id,gender,age_group,level,profession,employment_type\n" + "".join(f"S{number},2021-05-01,,BJ-01,Female,30-50,Senior,Technical,full_time\n" for number in range(12))
    feed = 'format_version = 1\n[[file]]\nglob = "*"\n[[file.feed]]\ndomain = "people"\nkeys = "hmac"\n'
    (tmp_path / "secret").write_text("ab" * 32)
    monkeypatch.setenv("ESG_KPIS_PERSON_KEY_FILE", str(tmp_path / "secret"))
    root = small_workspace(tmp_path / "workspace", files={"spells.csv": rows, "_format.toml": feed}, kpis=[kpi("heads", "person", "employees", decimals=0)])
    (root / "data" / "raw" / "people" / "training.csv").unlink()
    ran = run_workspace(root, tmp_path / "out", tmp_path / "dagster")
    material = material_of(ran, "e1", "2023")
    monkeypatch.delenv("ESG_KPIS_PERSON_KEY_FILE")
    files = unzipped(packed(material, OURS)[0])
    found = with_annex(files, encrypted(plain_annex(material), (str(ASSURER.to_public()),)))

    assert wrong(found) == {}
    assert verdicts(found) == {("heads", "All"): "agrees"}
    assert not any(b"S11" in content for name, content in files.items() if not name.startswith("definitions/"))


def test_estimates_per_head_need_the_annex_and_their_basis_is_not_told(tmp_path: Path) -> None:
    """A site of which no bill came is estimated by its heads: those are not in the pack."""
    sites = "site_id,name,country,grid_region,kind,climate\n" + "".join(f"{name},{name},CN,CN-NCG,office,cold\n" for name in ("BJ-01", "P-1", "P-2", "P-3"))
    months = [f"2023-{number:02}" for number in range(1, 13)]
    bills = "site_id,month,measure,quantity,unit\n" + "".join(f"P-{site},{month},electricity_purchased,{site}00,kWh\n" for site in (1, 2, 3) for month in months)
    meters = "site_id,measure,valid_from,valid_to\n" + "".join(f"{name},electricity_purchased,2023-01-01,2023-12-31\n" for name in ("BJ-01", "P-1", "P-2", "P-3"))
    spells = [spell(f"{name} {number}", "2021-05-01", site_id=name) for name in ("BJ-01", "P-1", "P-2", "P-3") for number in range(10)]
    rules = '[[estimate]]\nid = "e"\nmethod = "per_head"\nmeasures = ["electricity_purchased"]\ntext = "t"\n'
    files_in = {"spells.csv": spells, "../sites/sites.csv": sites, "../energy/bills.csv": bills, "../meters/meters.csv": meters}
    root = small_workspace(tmp_path / "workspace", files=files_in, kpis=[kpi("electricity", "kWh", "electricity_purchased"), kpi("heads", "person", "employees", decimals=0)], rules=rules)
    for name in ("people/training.csv", "water/staff.csv"):
        (root / "data" / "raw" / name).unlink()
    ran = run_workspace(root, tmp_path / "out", tmp_path / "dagster")
    assert ran.table("estimates")["method"].to_list() == ["per_head"] * 12
    material = material_of(ran, "e1", "2023")
    files = unzipped(packed(material, OURS)[0])
    without, found = looked_at(files), with_annex(files, encrypted(plain_annex(material), (str(ASSURER.to_public()),)))

    assert without.good, wrong(without)
    assert verdicts(without) == {("electricity", "All"): "needs the annex", ("heads", "All"): "agrees"}
    assert " heads" not in files["estimates.csv"].decode()
    assert wrong(found) == {}
    assert verdicts(found)["electricity", "All"] == "agrees"


# ---------------------------------------------------------------- what may not become a pack


def test_a_what_if_and_changed_inputs_are_refused(tmp_path: Path) -> None:
    from pipelines.asked import Request
    from pipelines.run import execute

    ran = ran_small(tmp_path)
    (ran.root / "data" / "raw" / "energy" / "later.csv").write_text("x")
    with pytest.raises(EsgKpisError, match="has changed since: raw"):
        material_of(ran, "e1", "2023")
    (ran.root / "data" / "raw" / "energy" / "later.csv").unlink()
    assert Fraction(material_of(ran, "e1", "2023").inputs.cube.height) > 0
    execute(Request(ran.root, ran.out, known_on="2023-12-31"), lambda _step, _ended: None)
    with pytest.raises(UsageProblem, match="what-if: known on e1 2023-12-31 instead of 2024-04-09"):
        gathered(ran.root, last_run(ran.root, ran.out, "e1"), ran.out, "2023")
