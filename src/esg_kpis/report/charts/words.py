"""The words of the charts in English and Traditional Chinese, and what they call things that only the data know."""

import tomllib
from functools import cache
from importlib.resources import files

from esg_kpis.errors import InternalProblem


@cache
def _words() -> dict[str, dict[str, dict[str, str]]]:
    found: dict[str, dict[str, dict[str, str]]] = tomllib.loads((files(__package__) / "words.toml").read_text(encoding="utf-8"))
    return found


@cache
def colours() -> str:
    """The style sheet of the pictures: the variables that they take their colours from, in light and dark."""
    return (files(__package__) / "colours.css").read_text(encoding="utf-8")


def said(group: str, name: str, language: str, /, **values: object) -> str:
    """One word or sentence, with what stands in it.

    Raises:
        InternalProblem: if there is no such word.
    """
    try:
        text = _words()[group][name][language]
    except KeyError:
        raise InternalProblem(f"The charts have no word '{group}.{name}' in {language}.") from None
    return text.format(**values) if values else text


def named(group: str, name: str, language: str) -> str:
    """What a thing is called; as the data call it where the charts have no word for it."""
    words = _words()[group].get(name)
    return words[language] if words else name.replace("_", " ")


def sentences(parts: list[str], language: str) -> str:
    """Sentences one behind the other."""
    return ("" if language == "zh" else " ").join(part for part in parts if part)


def listed(names: list[str], language: str) -> str:
    """Names one behind the other."""
    return ("、" if language == "zh" else ", ").join(names)


def measure_named(name: str, language: str) -> str | None:
    """What a measure is called; None where the charts have no word for it."""
    words = _words()["measures"].get(name)
    return words[language] if words else None
