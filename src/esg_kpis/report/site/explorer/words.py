"""The words of the explorer in English and Traditional Chinese, as its script says them."""

import tomllib
from functools import cache
from importlib.resources import files

from esg_kpis.editions.labelled import library_words
from esg_kpis.words import word

_FROM_LIBRARY = ("statuses", "verdicts")


@cache
def _own() -> dict[str, dict[str, dict[str, str]]]:
    found: dict[str, dict[str, dict[str, str]]] = tomllib.loads((files(__package__) / "words.toml").read_text(encoding="utf-8"))
    return found


@cache
def region_names() -> dict[str, tuple[str, str]]:
    """English and Chinese name of each region that has one, by its code."""
    found = tomllib.loads((files(__package__) / "regions.toml").read_text(encoding="utf-8"))
    return {code: (names["en"], names["zh"]) for code, names in found.items()}


def words_in(language: str) -> dict[str, dict[str, str]]:
    """All words of the explorer in one language, by group; states and verdicts are the library's."""
    own = {group: {name: texts[language] for name, texts in words.items()} for group, words in _own().items()}
    return own | {group: {name: word(group, name, language) for name in library_words()[group]} for group in _FROM_LIBRARY}
