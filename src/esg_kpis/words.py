"""The library's own words in English and Traditional Chinese: `statuses`, `verdicts`, and what stands around a KPI table (`table`). What an edition calls its KPIs stands in its labels.yaml."""

import tomllib
from functools import cache
from pathlib import Path

OTHER = "other"
"""The word under which stands what no table of the report prints."""


@cache
def every_word() -> dict[str, dict[str, dict[str, str]]]:
    """Group to word to language (`en`, `zh`)."""
    return tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))


def word(group: str, name: str, language: str) -> str:
    """One word of the library; English where a language has none."""
    words = every_word()[group][name]
    return words.get(language) or words.get("en") or name
