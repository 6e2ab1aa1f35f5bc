"""Attacks on a pack, by somebody with a key of his own and by somebody with ours: each is found, and what was changed is named."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

from esg_kpis.evidence import verified
from esg_kpis.evidence.verify import Asked
from esg_kpis.evidence.zipped import unzipped
from esg_kpis.signing import fingerprint
from tests.conftest import REPOSITORY, Ran, copy_workspace, run_workspace
from tests.evidence_scenario import (
    OURS,
    THEIRS,
    TRUSTED,
    Change,
    changed,
    looked_at,
    pack_of,
    plainly_zipped,
    replaced,
    signed_again,
    verdicts,
    with_manifest,
    wrong,
)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The example with market-based instruments, leaks, a joint venture, and uncertainty."""
    place = tmp_path_factory.mktemp("ghg")
    return run_workspace(copy_workspace(place / "workspace", REPOSITORY / "examples" / "ghg-methods"), place / "out", place / "dagster")


@pytest.fixture(scope="module")
def pack(ran: Ran) -> bytes:
    return pack_of(ran, "2023", "2023")


FACTOR = {"definitions/factors/mee-nbs-2022.csv": replaced(",0.558,", ",0.559,")}
DEFINITION = {"definitions/editions/2023/kpis.yaml": replaced('scope: "2", basis: location', 'scope: "2", basis: market')}
BILL = {"inputs/energy/bills.csv": replaced("1000000", "1000001")}
REGISTER = {"kpi_register.csv": replaced("370.842202714", "370.842202715")}
FATE = {"record_fates.csv": replaced(",used,", ",excluded,")}


def test_the_example_verifies(pack: bytes) -> None:
    found = verified(pack, Asked(TRUSTED))

    assert wrong(found) == {}
    assert found.good
    assert verdicts(found)["ghg_scope_2_market", "All"] == "agrees"
    assert found.people == "none: no KPI that is shown rests on people"


@pytest.mark.parametrize("change", [FACTOR, DEFINITION, BILL, REGISTER, FATE])
def test_a_manifest_that_fits_does_not_mend_the_signature(pack: bytes, change: Mapping[str, Change]) -> None:
    found = looked_at(with_manifest(changed(pack, **change)))

    assert wrong(found) == {"signature": "manifest.sha256 is not the one that was signed"}
    assert not found.lines


@pytest.mark.parametrize("change", [FACTOR, DEFINITION, BILL, REGISTER, FATE, {}])
def test_another_key_is_not_ours(pack: bytes, change: Mapping[str, Change]) -> None:
    files = signed_again(changed(pack, **change), THEIRS)
    found = looked_at(files)

    assert list(wrong(found)) == ["signature"]
    assert fingerprint(THEIRS.public_key()) in wrong(found)["signature"]
    assert not found.lines
    if not change:
        assert wrong(looked_at(files, None)) == {"form": "README.md names another fingerprint"}  # Who writes that anew as well is found by the fingerprint alone.


@pytest.mark.parametrize(
    ("change", "kpi"),
    [(FACTOR, "ghg_scope_2_location"), (DEFINITION, "ghg_scope_2_location"), (BILL, "ghg_scope_2_location"), (REGISTER, "ghg_scope_1")],
    ids=["factor", "definition", "bill", "register"],
)  # fmt: skip
def test_who_has_our_key_is_found_by_the_recomputation(pack: bytes, change: Mapping[str, Change], kpi: str) -> None:
    """It names the KPI, and where it differs."""
    found = looked_at(signed_again(changed(pack, **change), OURS))

    assert next(check for check in found.checks if check.name == "signature").passed
    assert not found.good
    assert "library says value" in wrong(found)[kpi]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("record_fates.csv", replaced(",used,", ",excluded,")),
        ("lineage.csv", replaced(",BJ-OFFICE,", ",SC-PLANT,")),
        ("factors_used.csv", replaced("0.558000000000", "0.558100000000")),
        ("claims.csv", replaced(",true,", ",false,")),
        ("inputs.csv", replaced(",read,", ",ignored,")),
        ("typed/quantities.csv", replaced(",1000000.000000000,", ",1000001.000000000,")),
        ("typed/sites.csv", replaced(",operational,", ",financial,")),
        ("typed/instruments.csv", replaced(",500000.000000000,", ",500001.000000000,")),
        ("typed/ownership.csv", replaced("0.400000000", "0.500000000")),
        ("typed/coverage.csv", replaced(",records,", ",register,")),
        ("typed/published.csv", replaced(",370.842,", ",370.843,")),
        ("tie_out.csv", replaced(",equal,", ",differs,")),
        ("kpi_register.csv", replaced("operational control", "financial control")),
        ("coverage_summary.csv", replaced(",1.000000000000000000", ",0.900000000000000000")),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)  # fmt: skip
def test_a_derived_table_changed_under_our_key_is_named(pack: bytes, name: str, change: Change) -> None:
    found = looked_at(signed_again(changed(pack, **{name: change}), OURS))

    assert not found.good
    assert name in wrong(found), wrong(found)
    assert "the pack has: " in wrong(found)[name]


def test_amounts_of_the_lineage_that_do_not_add_up_are_named_by_the_kpi(pack: bytes) -> None:
    """Two amounts of one sum, a kilogram from one to nowhere: found by arithmetic on two files of the pack alone."""
    lineage = pl.read_csv(unzipped(pack)["lineage.csv"], infer_schema=False)
    row = lineage.filter((pl.col("kpi_id") == "ghg_scope_1") & (pl.col("term") == "ghg_scope_1"))["quantity"][0]
    digits = f"{row[:-1]}{'1' if row[-1] != '1' else '2'}"
    found = looked_at(signed_again(changed(pack, **{"lineage.csv": replaced(f",{row},", f",{digits},")}), OURS))

    assert "lineage adds up" in wrong(found) or "lineage.csv" in wrong(found)
    assert not found.good


# ---------------------------------------------------------------- files that come, go or change their name


def test_a_file_that_was_added_is_named(pack: bytes) -> None:
    found = looked_at({**unzipped(pack), "inputs/energy/more.csv": b"x\n"})

    assert "inputs/energy/more.csv is not named in manifest.sha256" in wrong(found)["hashes"]


@pytest.mark.parametrize("new", ["Kpi_Register.csv", "kpi_register.CSV", "kpi-register.csv"])
def test_a_file_under_another_name_is_named_under_both(pack: bytes, new: str) -> None:
    files = unzipped(pack)
    files[new] = files.pop("kpi_register.csv")
    told = wrong(looked_at(files))["hashes"]

    assert "kpi_register.csv is missing" in told
    assert f"{new} is not named" in told


@pytest.mark.parametrize("name", ["kpi_register.csv", "typed/quantities.csv", "environment.json", "definitions/editions/2023/kpis.yaml", "inputs/energy/bills.csv", "definitions/factors/sources.csv"])
def test_a_file_that_is_left_out_under_our_key_is_missed(pack: bytes, name: str) -> None:
    files = {other: content for other, content in unzipped(pack).items() if other != name}
    fitting = signed_again({**files, "kpi_register.csv": files.get("kpi_register.csv", b"")}, OURS)
    found = looked_at(fitting)

    assert not found.good
    assert wrong(found)


@pytest.mark.parametrize("content", [b"", b"x", b"PK\x03\x04", bytes(100_000)], ids=["empty", "one byte", "a beginning", "zeros"])
def test_what_is_no_pack_is_not_verified(content: bytes) -> None:
    found = verified(content, Asked())

    assert list(wrong(found)) == ["archive"]
    assert not found.good


def test_an_empty_zip_and_one_of_something_else_lack_everything() -> None:
    told = wrong(verified(plainly_zipped({"a.txt": b"x"}), Asked()))

    assert "manifest.sha256 is missing" in told["hashes"]


@pytest.mark.parametrize("name", ["pub.pem", "statement.sig", "statement.pae", "statement.dsse.json", "manifest.sha256"])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"{}", b"[]", b"0" * 64], ids=["empty", "binary", "object", "list", "zeros"])
def test_nonsense_in_place_of_the_signature_or_the_manifest_is_named(pack: bytes, name: str, content: bytes) -> None:
    found = looked_at({**unzipped(pack), name: content})

    assert not found.good
    assert any(name in text for check in found.checks for text in check.wrong), wrong(found)


@pytest.mark.parametrize(
    ("name", "content"),
    [("environment.json", b"{}"), ("environment.json", b"\xff"), ("kpi_register.csv", b""), ("people/cells.csv", b"a,b\n1,2\n"), ("definitions/editions/2023/edition.toml", b"="), ("typed/rejected.csv", b"\x00")],
)  # fmt: skip
def test_nonsense_under_our_key_is_no_crash(pack: bytes, name: str, content: bytes) -> None:
    found = looked_at(signed_again({**unzipped(pack), name: content}, OURS))

    assert not found.good
    assert wrong(found)


# ---------------------------------------------------------------- the command


def test_the_command_makes_a_pack_once_and_overwrites_nothing(ran: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from esg_kpis.errors import EsgKpisError, UsageProblem
    from esg_kpis.signing import new_key
    from pipelines import evidence

    new_key(tmp_path / "key.pem", b"secret")
    monkeypatch.setenv("ESG_KPIS_KEY_PASSPHRASE", "secret")
    first = evidence.made(ran.root, ran.out, "2023", "2023", tmp_path / "key.pem", tmp_path / "packs", [])
    again = evidence.made(ran.root, ran.out, "2023", "2023", tmp_path / "key.pem", tmp_path / "packs", [])
    first.pack.write_bytes(b"something else")

    assert (first.pack, first.verification.good) == (again.pack, True)
    assert first.pack.name.startswith("evidence-2023-2023-")
    with pytest.raises(EsgKpisError, match="Another file stands"):
        evidence.made(ran.root, ran.out, "2023", "2023", tmp_path / "key.pem", tmp_path / "packs", [])
    assert first.pack.read_bytes() == b"something else"
    with pytest.raises(UsageProblem, match="no people files"):
        evidence.made(ran.root, ran.out, "2023", "2023", tmp_path / "key.pem", tmp_path / "packs", ["age1x"])
    with pytest.raises(UsageProblem, match="no period '1999'"):
        evidence.made(ran.root, ran.out, "2023", "1999", tmp_path / "key.pem", None, [])
