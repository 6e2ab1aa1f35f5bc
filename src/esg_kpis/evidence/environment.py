"""By what a pack was computed: packages with the hashes of their files, our own code, dates and command. Nothing of the machine: no path, name, user or time of day."""

import json
import platform
import re
import zlib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Any

from esg_kpis.evidence.manifest import sha256

ENVIRONMENT = "environment.json"
COMPUTES = (
    "cryptography", "dagster", "defusedxml", "duckdb", "fastexcel", "highspy", "numpy", "odfpy", "openpyxl", "pandera", "pint", "polars", "polars-runtime-32", "pyarrow", "pydantic", "pydantic-core",
    "pyrage", "pyyaml", "xlrd",
)  # fmt: skip
"""The packages by which something is read, computed, signed or encrypted."""
_OF_INSTALLERS = re.compile(r"(?:^|/)(?:INSTALLER|REQUESTED|RECORD|direct_url\.json|uv_cache\.json)$|\.pyc$|^\.\./")


def environment_of(ran: Mapping[str, str], edition: str, period: str) -> dict[str, Any]:
    """What is written to environment.json.

    Args:
        ran: What `run.json` says of the run.
        edition: The edition.
        period: The period.
    """
    return {
        "format_version": 1,
        "edition": edition, "period": period, "knowledge_date": ran[f"known on {edition}"], "as_of": ran["as_of"],
        "command": ["esg-kpis", "pack", "--edition", edition, "--period", period],
        "run_key": ran["key"], "run": dict(sorted(ran.items())), "code": {name: ran[name] for name in ("esg_kpis", "pipelines")},
        "python": platform.python_version(), "implementation": platform.python_implementation(), "zlib": zlib.ZLIB_RUNTIME_VERSION,
        "packages": {name: found for name in COMPUTES if (found := _package(name)) is not None},
    }  # fmt: skip


def as_json(content: Mapping[str, Any]) -> bytes:
    """JSON in a fixed form."""
    return (json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


@cache
def _package(name: str) -> dict[str, str] | None:
    """Version of a package, and a digest of the hashes of its files as they were installed; None where it is not there."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return None
    return {"version": found.version, "record_sha256": sha256(_record(found).encode())}


def _record(found: Distribution) -> str:
    """What the package's RECORD says of its files, without what each installer adds for itself."""
    lines = sorted((found.read_text("RECORD") or "").splitlines())
    return "\n".join(line for line in lines if not _OF_INSTALLERS.search(line.split(",")[0].strip('"')))
