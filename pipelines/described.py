"""The assets as the Dagster UI shows them: what the catalogue says of each, where its rows and its page of the report lie, and which code makes it."""

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from esg_kpis.tables import WRITTEN
from pipelines.catalogue import Entry, said_of

Asset = dg.AssetsDefinition | dg.AssetSpec
CODE = Path(__file__).parent.parent
_WRITTEN = {table.name for table in WRITTEN}


def described(assets: Sequence[Asset], root: Path, out: Path) -> list[Asset]:
    """The assets with group, words, owners, kinds and links, for one workspace."""
    code = {spec.key: list(_code_of(asset, said_of(spec.key.path))) for asset in assets for spec in _specs(asset)}

    def with_words(spec: dg.AssetSpec) -> dg.AssetSpec:
        entry, name = said_of(spec.key.path), "/".join(spec.key.path)
        links = {"report page": report_page(out, entry.page), **_places(name, root, out), **_references(code[spec.key])}
        return spec.replace_attributes(
            description=entry.described(name), group_name=entry.group, owners=list(entry.owners), kinds=set(entry.kinds), metadata={**spec.metadata, **links}
        )

    return list(dg.map_asset_specs(with_words, assets))


def report_page(out: Path, page: str) -> dg.MetadataValue:
    """A page of the report site: a link where ESG_KPIS_REPORT_URL says who serves it, else its path. A page from http may not open one from the disk."""
    base = os.environ.get("ESG_KPIS_REPORT_URL", "")
    return dg.MetadataValue.url(f"{base.rstrip('/')}/{page}") if base else dg.MetadataValue.path(str(out / "report" / page))


def report_link(out: Path, page: str) -> str:
    """The same within a sentence, in Markdown."""
    value = report_page(out, page).value
    return f"[{page}]({value})" if str(value).startswith(("http://", "https://")) else f"`{value}`"


def _specs(asset: Asset) -> list[dg.AssetSpec]:
    return [asset] if isinstance(asset, dg.AssetSpec) else list(asset.specs)


def _places(name: str, root: Path, out: Path) -> dict[str, Any]:
    if name.startswith("raw/"):
        return {"folder": dg.MetadataValue.path(str(root / "data" / name))}
    if name in ("factor_files", "edition_files"):
        return {"folder": dg.MetadataValue.path(str(root / name.replace("_files", "s")))}
    if name in _WRITTEN:
        return {"dagster/table_name": name, "file": dg.MetadataValue.path(str(out / f"{name}.parquet"))}
    return {}


def _code_of(asset: Asset, entry: Entry) -> Iterator[tuple[str, str, int]]:
    """Label, file and line of the step, and of the function of the library that it calls."""
    functions: list[tuple[str, Callable[..., Any]]] = []
    if isinstance(asset, dg.AssetsDefinition):
        step: Any = asset.op.compute_fn
        functions.append(("the step", step.decorated_fn))
    if entry.made_by is not None:
        functions.append((f"what it calls: {entry.made_by.__name__}", entry.made_by))
    for label, function in functions:
        yield label, function.__code__.co_filename, function.__code__.co_firstlineno


def _references(code: list[tuple[str, str, int]]) -> Mapping[str, Any]:
    """Links to the code: into an editor on this machine, or to where ESG_KPIS_SOURCE_URL shows the repository (such as https://…/blob/main)."""
    base = os.environ.get("ESG_KPIS_SOURCE_URL", "")
    if not code:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Dagster calls these classes beta; if they change, a test of ours says so.
        references: list[dg.UrlCodeReference | dg.LocalFileCodeReference] = [
            dg.UrlCodeReference(url=f"{base.rstrip('/')}/{Path(file).relative_to(CODE).as_posix()}#L{line}", label=label) if base and Path(file).is_relative_to(CODE)
            else dg.LocalFileCodeReference(file_path=file, line_number=line, label=label)
            for label, file, line in code
        ]  # fmt: skip
        return {"dagster/code_references": dg.CodeReferencesMetadataValue(code_references=references)}
