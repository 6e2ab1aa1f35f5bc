"""The `_format.toml` beside each template: how its headers, words and sheets are read. Written out in full, so that a person can see and change it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from esg_kpis.starter.template import FILL_IN, LISTS, READ_ME, Column, Template

_WORKBOOK = ".[xX][lL][sS]*"
_SHEET = f"{FILL_IN.partition(' ')[0]} {FILL_IN.split(' ')[1]}*"


def formats(templates: Sequence[Template], year: int) -> dict[str, str]:
    """Path in the workspace to the text of each `_format.toml`."""
    folders = dict.fromkeys(template.domain for template in templates)
    return {f"data/raw/{folder}/_format.toml": _format([item for item in templates if item.domain == folder], year) for folder in folders}


def _format(templates: Sequence[Template], year: int) -> str:
    people = any(template.form for template in templates)
    head = [
        f"# How the template{'s' if len(templates) > 1 else ''} of this folder {'are' if len(templates) > 1 else 'is'} read. Keep the sheet name and the headers, and copies may be called as you like.",
        "# Files that are no workbooks are read by the usual column names. Every key: docs/formats.md and docs/people.md of esg-kpis.",
        "format_version = 1",
    ]  # fmt: skip
    parts = [head]
    if not people:
        parts.append(_aliases(templates))
    for template in templates:
        parts.append(_people_file(template, year) if people else _file(template))
    if people:
        parts.append(["# Any other file: our own column names, such as the CSV that `esg-kpis people pseudonymise` writes.", "[[file]]", 'glob = "*"', "", "[[file.feed]]", 'domain = "people"'])
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _aliases(templates: Iterable[Template]) -> list[str]:
    names: dict[str, list[str]] = {}
    for column in (column for template in templates for column in template.columns if column.name != "note"):
        names.setdefault(column.name, []).extend(column.names)
    return ["[aliases]", *(f"{name} = {_list(dict.fromkeys(words))}" for name, words in names.items())]


def _file(template: Template) -> list[str]:
    lines = [*_sheet("*"), "", "[[file.feed]]", f"domain = {_text(template.domain)}"]
    measured = {column.name for column in template.columns if column.name == "measure" and template.quantity}
    mapped = {column.name: column for column in template.columns if column.words and column.name not in {*measured, "unit"}}
    lines += _values(mapped)
    if template.quantity is None:
        return lines
    lines += ["", "[[file.feed.quantity]]", f"column = {_text(template.quantity.name)}"]
    columns = {column.name: column for column in template.columns}
    if "measure" in columns:
        lines += ['measure_column = "measure"', f"measures = {_words(columns['measure'])}"]
    else:
        lines.append(f"measure = {_text(template.measure[0] if template.measure else template.quantity.name)}")
    if "unit" in columns:
        lines.append('unit_column = "unit"')
    else:
        lines.append(f"unit = {_text(template.measure[1] if template.measure else 'm2')}")
    if not template.quantity.required:
        lines += ['blank = "skip"', "optional = true"]
    return lines


def _people_file(template: Template, year: int) -> list[str]:
    lines = _sheet(template.stem)
    if template.form == "spells":
        lines += ["# The last day of which the file tells who is employed. Without it, nobody knows whether it is an old list.", f"complete_until = {date(year, 12, 31)}"]
    if template.form == "injuries":
        lines += ["# Take the # off both lines once every case of the year is in the file: then a year without a case is zero, and not unknown.", f"# complete_from = {date(year, 1, 1)}", f"# complete_until = {date(year, 12, 31)}"]
    columns = ", ".join(f"{_key(column.name)} = {_text(column.read_as)}" for column in template.columns)
    mapped = {column.name: column for column in template.columns if column.words}
    return [*lines, "", "[[file.feed]]", 'domain = "people"', f"form = {_text(template.form)}", f"columns = {{ {columns} }}", *_values(mapped)]


def _sheet(stem: str) -> list[str]:
    others = [f"{name.rpartition(' ')[0]}*" for name in (READ_ME, LISTS)]
    glob = f"{stem}*{_WORKBOOK}" if stem != "*" else f"*{_WORKBOOK}"
    return ["[[file]]", f"glob = {_text(glob)}", f"sheet = {_text(_SHEET)}", f"without_data = {_list(others)}"]


def _values(columns: Mapping[str, Column]) -> list[str]:
    if not columns:
        return []
    return ["", "[file.feed.values]", *(f"{_key(name)} = {_words(column)}" for name, column in columns.items())]


def _words(column: Column) -> str:
    """What people see to what we call it; single languages too, for whoever types instead of choosing."""
    pairs = {shown: word.ours for word in column.words for shown in (word.shown, word.english, word.chinese) if shown and shown != word.ours}
    return "{ " + ", ".join(f"{_text(shown)} = {_text(ours)}" for shown, ours in pairs.items()) + " }"


def _key(name: str) -> str:
    return name if name.replace("_", "").isalnum() else _text(name)


def _list(words: Iterable[str]) -> str:
    return "[" + ", ".join(_text(word) for word in words) + "]"


def _text(word: str) -> str:
    """A basic string of TOML, whose escapes are those of JSON."""
    return json.dumps(word, ensure_ascii=False)
