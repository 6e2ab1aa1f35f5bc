"""`esg-kpis init` and `esg-kpis templates`: over nothing, wholly or not at all, and with a word about what is in the way."""

import json
import shutil
from pathlib import Path

import openpyxl
import pytest

from esg_kpis.errors import UsageProblem
from esg_kpis.starter import Starter, workspace_files
from esg_kpis.starter.template import FILL_IN, LISTS
from pipelines import init_command
from tests.command_line import Done, esg_kpis_in
from tests.starter_scenario import YEAR, new_workspace


def esg_kpis(*args: str, here: Path) -> Done:
    (here / "dagster").mkdir(exist_ok=True)
    return esg_kpis_in(here, *args, DAGSTER_HOME=str(here / "dagster"), COLUMNS="200")


def made(folder: Path, company: str = "Example Group") -> list[str]:
    return list(init_command.made(folder, company, YEAR, "CN", "en")["files"])


def everything(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_folder_holds_what_the_library_says_and_nothing_beside_it(tmp_path: Path) -> None:
    made(tmp_path / "deep" / "new")

    assert everything(tmp_path / "deep" / "new") == workspace_files(Starter("Example Group", YEAR, "CN"))
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["new"]


def test_an_empty_folder_is_filled_and_stays_the_same_folder(tmp_path: Path) -> None:
    """Somebody may be standing in it."""
    folder = tmp_path / "empty"
    folder.mkdir()
    before = folder.stat().st_ino
    made(folder)

    assert folder.stat().st_ino == before
    assert everything(folder) == workspace_files(Starter("Example Group", YEAR, "CN"))


def test_nothing_is_written_over_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "full" / "data").mkdir(parents=True)
    (tmp_path / "full" / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageProblem, match=r"holds data, notes\.txt"):
        made(tmp_path / "full")
    with pytest.raises(UsageProblem, match="a file, and no folder"):
        made(tmp_path / "full" / "notes.txt")
    with pytest.raises(UsageProblem, match="a file, and no folder"):
        made(tmp_path / "full" / "notes.txt" / "below")

    assert everything(tmp_path) == {"full/notes.txt": b"mine"}


def test_a_path_that_goes_up_leads_where_it_says(tmp_path: Path) -> None:
    made(tmp_path / "a" / ".." / "b")

    assert (tmp_path / "b" / "README.md").is_file()
    assert not (tmp_path / "a").exists()


def test_a_link_to_a_full_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    (tmp_path / "link").symlink_to(tmp_path / "full")

    with pytest.raises(UsageProblem, match="not empty"):
        made(tmp_path / "link")


def test_a_workspace_is_not_made_among_the_data_of_another(tmp_path: Path) -> None:
    made(tmp_path / "one")

    with pytest.raises(UsageProblem, match="among the data of the workspace"):
        made(tmp_path / "one" / "data" / "raw" / "two")


@pytest.mark.parametrize("stands", [False, True], ids=["a new folder", "an empty folder"])
def test_what_cannot_be_finished_leaves_nothing(stands: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "new"
    if stands:
        target.mkdir()
    whole = init_command.write_whole
    count = 0

    def full(path: Path, content: bytes) -> None:
        nonlocal count
        count += 1
        if count == 20:
            raise OSError(28, "No space left on device")
        whole(path, content)

    monkeypatch.setattr(init_command, "write_whole", full)
    with pytest.raises(UsageProblem, match="No space left on device"):
        made(target)

    assert list(tmp_path.rglob("*")) == ([target] if stands else [])


def test_what_cannot_be_moved_in_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "new").mkdir()
    move = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if self.name == "factors":
            raise OSError(13, "Permission denied")
        return move(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(UsageProblem, match="Permission denied"):
        made(tmp_path / "new")

    assert list((tmp_path / "new").iterdir()) == []


def test_a_run_that_was_killed_is_told_and_not_built_upon(tmp_path: Path) -> None:
    (tmp_path / ".new.being-made").mkdir()
    (tmp_path / ".new.being-made" / "half").touch()

    with pytest.raises(UsageProblem, match="being made already, or that was interrupted") as problem:
        made(tmp_path / "new")
    assert "delete that folder" in problem.value.mend
    assert (tmp_path / ".new.being-made" / "half").exists()


@pytest.mark.parametrize(
    ("args", "told", "way_out"),
    [
        (("new",), "of a year and a country", "esg-kpis init new --year 2025 --country CN"),
        (("new", "--year", "2025"), "of a year and a country", "GB, HK, IN, SG, US"),
        (("new", "--year", "2025", "--country", "BR"), "no average of the grid of 'BR'", "add the factor of 'BR'"),
        (("new", "--year", "2019", "--country", "CN"), "describes 2019 or earlier", "later year"),
        (("new", "--year", "2025", "--country", "CN", "--lang", "fr"), "no language 'fr'", "en, zh"),
        (("new", "--year", "2025", "--country", "CN", "--company", " "), "no name of a company", "one line"),
        ((".", "--year", "2025", "--country", "CN"), "not empty; it holds dagster", "Nothing was written"),
    ],
)  # fmt: skip
def test_wrong_usage_names_the_way_out(args: tuple[str, ...], told: str, way_out: str, tmp_path: Path) -> None:
    done = esg_kpis("init", *args, here=tmp_path)

    assert done.returncode == 2
    assert told in done.stderr
    assert way_out in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["dagster"]


def test_from_nothing_to_blank_templates_with_the_sites_of_the_register(tmp_path: Path) -> None:
    first = json.loads(esg_kpis("init", "new", "--year", str(YEAR), "--country", "sg", "--company", "茶 & Co", "--lang", "zh", "--json", here=tmp_path).stdout)
    early = esg_kpis("--root", "new", "templates", "send", here=tmp_path)
    book = openpyxl.load_workbook(tmp_path / "new/data/raw/sites/sites.xlsx")
    for place, value in enumerate(("SG-01", "Store", "SG", None, "Store / 门店"), 1):
        book[FILL_IN].cell(4, place, value)
    book.save(tmp_path / "new/data/raw/sites/sites.xlsx")
    checked = esg_kpis("--root", "new", "check", here=tmp_path)
    sent = json.loads(esg_kpis("--root", "new", "templates", "send", "--json", here=tmp_path).stdout)
    again = esg_kpis("--root", "new", "templates", "send", here=tmp_path)

    assert (first["country"], first["company"], len(first["files"])) == ("SG", "茶 & Co", len(workspace_files(Starter("x", YEAR, "SG"))))
    assert early.returncode == 2
    assert "Run `esg-kpis check` first" in early.stderr
    assert checked.returncode == 0
    assert (sent["sites"], len(sent["files"])) == (3, 9)
    assert again.returncode == 2
    lists = openpyxl.load_workbook(tmp_path / "send/energy/energy.xlsx")[LISTS]
    assert [lists.cell(line, 1).value for line in range(2, 6)] == ["EXAMPLE-1", "GROUP", "SG-01", None]


def test_a_new_workspace_without_people_can_be_packed(tmp_path: Path) -> None:
    """Its README says that a folder of data that is empty may be deleted: what rests on people is then not collected, in the pack too."""
    root = new_workspace(tmp_path / "plain")
    shutil.rmtree(root / "data" / "raw" / "people")
    assert esg_kpis_in(tmp_path, "--root", "plain", "run", "--no-report").returncode == 0
    assert esg_kpis_in(tmp_path, "--root", "plain", "keys", "new", "key.pem").returncode == 0

    done = esg_kpis_in(tmp_path, "--root", "plain", "pack", "--edition", "2025", "--period", "2025", "--key", "key.pem")

    assert done.returncode == 0, done.stderr
    assert "verified after it was made" in " ".join(done.stdout.split())
