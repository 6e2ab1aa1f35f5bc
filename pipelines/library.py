"""What the commands about the factor library ask: what is wrong with it, and which factor serves."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from esg_kpis.factors import library_findings, read_library


def checked(root: Path) -> dict[str, Any]:
    """How many factors and sources the library of a workspace has, and what was found in it, worst first."""
    library = read_library(root / "factors")
    return {"factors": len(library.factors), "sources": len(library.sources), "findings": [asdict(row) for row in library_findings(library)]}
