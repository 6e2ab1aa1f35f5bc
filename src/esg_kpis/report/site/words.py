"""The words of the site in English and Traditional Chinese. What an edition calls its KPIs stands in its labels.yaml; states and verdicts in esg_kpis/words.toml."""

import tomllib
from functools import cache
from importlib.resources import files

from esg_kpis.editions.labelled import library_words
from esg_kpis.errors import InternalProblem
from esg_kpis.words import word


@cache
def _words() -> dict[str, dict[str, dict[str, str]]]:
    found: dict[str, dict[str, dict[str, str]]] = tomllib.loads((files(__package__) / "words.toml").read_text(encoding="utf-8"))
    return found


def said(group: str, name: str, language: str, **values: object) -> str:
    """One word or sentence of the site, with what stands in it: `said("page", "as_of", "en", day="2024-04-09")`. Where `count` is 1, English says it in the words for one, if there are such.

    Raises:
        InternalProblem: if there is no such word.
    """
    if group in library_words():
        return word(group, name, language)
    try:
        words = _words()[group][name]
        text = words["one"] if language == "en" and values.get("count") == 1 and "one" in words else words[language]
    except KeyError:
        raise InternalProblem(f"The site has no word '{group}.{name}' in {language}.") from None
    if isinstance(count := values.get("count"), int):
        values["count"] = f"{count:,}"
    return text.format(**values) if values else text


def group_of(group: str, language: str) -> dict[str, str]:
    """All words of a group, for a script that says them."""
    return {name: words[language] for name, words in _words()[group].items()}


def what_is_wrong(check: str, count: int, language: str) -> str:
    """The title of a check that failed, with how many findings there are of it: `14 KPI figures are blocked`."""
    words = _words()["failed"][check]
    return (words["one"] if language == "en" and count == 1 else words[language]).format(count=f"{count:,}")
