"""The documents say what is there: every command, KPI, source and column named exists, and the other way round."""

import importlib.util
import re
import sys
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

from esg_kpis.editions import read_editions
from esg_kpis.factors import read_library
from esg_kpis.ingest.formats import Format
from tests.conftest import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md")), REPOSITORY / "factors" / "README.md", REPOSITORY / "data" / "raw" / "README.md"]


def commands() -> set[str]:
    from pipelines.cli import app

    return set(get_command(app).commands)  # type: ignore[attr-defined]


def test_every_command_is_in_the_readme_and_every_command_of_the_readme_exists() -> None:
    named = set(re.findall(r"esg-kpis (?:--\S+ \S+ )*([a-z][a-z-]+)", README))

    assert commands() == named


def test_every_make_target_of_the_readme_exists() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, flags=re.MULTILINE))

    assert set(re.findall(r"make ([a-z]+)`", README)) | {"run", "test"} <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))

    assert [link for link in links if not link.startswith("http") and not (page.parent / link).exists()] == []


@pytest.mark.parametrize(("script", "page"), [("dictionary", "data-dictionary"), ("inventory", "data-inventory")])
def test_a_generated_page_is_what_the_code_declares(script: str, page: str) -> None:
    spec = importlib.util.spec_from_file_location(script, REPOSITORY / "docs" / f"{script}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[script] = module
    spec.loader.exec_module(module)

    assert (REPOSITORY / "docs" / f"{page}.md").read_text(encoding="utf-8") == getattr(module, script)()


def test_the_example_of_a_format_has_no_unknown_key() -> None:
    """The page's own TOML is not run as one format (it shows alternatives side by side), but each of its keys must exist."""
    text = (REPOSITORY / "docs" / "formats.md").read_text(encoding="utf-8")
    example = tomllib.loads(re.search(r"```toml\n(.*?)```", text, re.DOTALL).group(1))  # type: ignore[union-attr]
    schema = Format.model_json_schema()["$defs"]

    def keys(entry: dict[str, object], model: str) -> set[str]:
        return set(entry) - set(schema[model]["properties"])

    file = example["file"][0]
    assert keys(file, "FileFormat") == set()
    assert [keys(feed, "Feed") for feed in file["feed"]] == [set()] * len(file["feed"])
    assert [keys(item, "QuantityColumn") for item in file["feed"][0]["quantity"]] == [set()] * len(file["feed"][0]["quantity"])
    assert [keys(file[name][0], model) for name, model in (("compare", "Compare"), ("footing", "Footing"), ("published", "PublishedColumn"), ("flag", "Flag"))] == [set()] * 4


def test_every_source_is_used_and_every_file_has_a_source() -> None:
    folder = REPOSITORY / "factors"
    library = read_library(folder)

    assert library.unreadable == ()
    assert {factor.source_id for factor in library.factors} == set(library.sources)
    assert {path.stem for path in folder.glob("*.csv")} - {"sources", "gwp", "regions"} <= set(library.sources)


def test_every_rule_of_every_edition_names_a_source_that_exists() -> None:
    sources = set(read_library(REPOSITORY / "factors").sources)

    for edition in read_editions(REPOSITORY / "editions"):
        assert {rule.source for rule in edition.rules.factor_rule} <= sources


def test_proofs_that_known_differences_name_exist() -> None:
    for folder in (REPOSITORY / "editions", REPOSITORY / "examples" / "seattle-2016" / "editions"):
        for edition in read_editions(folder):
            for item in edition.rules.known_difference:
                for file, test in re.findall(r"(tests/\w+\.py)(?:::(\w+))?", item.proof):
                    assert f"def {test}" in (REPOSITORY / file).read_text(encoding="utf-8")


def test_nothing_committed_knows_this_company_in_code_or_a_machine() -> None:
    here = re.compile(r"/w[o]rk/|/tmp/b[a]sh|/r[o]ot/")
    for path in [*REPOSITORY.glob("src/**/*.py"), *REPOSITORY.glob("pipelines/**/*.py"), *REPOSITORY.glob("data/**/*.py"), *PAGES, REPOSITORY / "Makefile"]:
        assert not here.search(path.read_text(encoding="utf-8"))
    for path in [*REPOSITORY.glob("src/**/*"), *REPOSITORY.glob("pipelines/**/*.py")]:
        if path.is_file() and path.suffix in (".py", ".txt"):
            assert "xiaomi" not in path.read_text(encoding="utf-8").lower()
