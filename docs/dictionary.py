"""Writes docs/data-dictionary.md from the declarations in the library; a test keeps the two equal."""

from pathlib import Path

from esg_kpis.domains import DOMAINS, derived
from esg_kpis.domains.definition import Field
from esg_kpis.domains.people import FORMS
from esg_kpis.ingest.rules import RULES
from esg_kpis.tables import ON_DEMAND, WRITTEN


def dictionary() -> str:
    """The data dictionary as Markdown: input domains with their measures and columns, then every table that a run writes."""
    lines = [
        "# Data dictionary", "", "Made from the declarations in `src/esg_kpis/domains` and `src/esg_kpis/tables` by `python docs/dictionary.py`.", "",
        "## What sites send: input domains", "",
        "Every record has `site_id`, its dates (`period_start` and `period_end`, both counted; `period` with both in one cell; `month`; or `date`), and `measure`, `quantity`, `unit`,",
        "or the columns that `_format.toml` names for them; and where they apply `meter_id`, `tariff`, `document` (bill number), `corrects`, `revision` and `bill_kind`: see",
        "[formats](formats.md). Further columns are kept with the record and not used.", "",
    ]  # fmt: skip
    for domain in DOMAINS.values():
        lines += [f"### {domain.title} (`data/raw/{domain.name}`)", "", f"Source: {domain.source}.", "", "| measure | unit | nature | what is counted |", "|---|---|---|---|"]
        lines += [f"| `{measure.name}` | {measure.unit} | {measure.nature} | {measure.meaning} |" for measure in domain.measures]
        if domain.fields:
            lines += ["", "| further column | required | what it says |", "|---|---|---|"]
            for field in domain.fields:
                allowed = f" One of: {', '.join(field.allowed)}." if field.allowed else ""
                more = f" Narrows KPIs as `{field.attribute}`." if field.attribute else ""
                more += " A pseudonym, never the number itself." if field.pseudonym else ""
                lines.append(f"| `{field.name}` | {_needed(field)} | {field.meaning}.{allowed}{more} |")
        if domain.counts:
            lines += ["", *(f"In a list without `quantity` each different {', '.join(f'`{name}`' for name in count.of)} counts one of `{count.measure}`: see [lists](lists.md)." for count in domain.counts)]
        if domain.counted:
            lines += _forms()
        lines.append("")
    lines += ["### Measures that factors lead to", "", "| measure | unit | what it is |", "|---|---|---|"]
    lines += [f"| `{measure.name}` | {measure.unit} | {measure.meaning} |" for measure in derived.MEASURES]
    lines += ["", "## What a run writes: tables in data/out", "", "Each as Parquet; those marked CSV also as CSV for people. Decimals are exact.", ""]
    for table in (*WRITTEN, *ON_DEMAND):
        if table == ON_DEMAND[0]:
            lines += ["## What commands and evidence packs make", "", "No run writes these.", ""]
        lines += [f"### `{table.name}`{' (CSV)' if table.csv else ''}", "", f"One row: {table.grain}. Key: {', '.join(table.key)}.", ""]
        lines += ["| column | type | unit | null | meaning |", "|---|---|---|---|---|"]
        for column in table.columns:
            allowed = f" One of: {', '.join(column.allowed)}." if column.allowed else ""
            kind = str(column.dtype).replace("precision=", "").replace("scale=", "").replace("String", "text")
            lines.append(f"| `{column.name}` | {kind} | {column.unit} | {'yes' if column.nullable else ''} | {column.meaning}.{allowed} |")
        lines.append("")
    lines += ["## Rules by which a row is rejected", "", "Column `rule` of `rejected`; the same words go back to the sender.", "", "| rule | reason | 原因 |", "|---|---|---|"]
    lines += [f"| `{rule.name}` | {rule.reason} | {rule.reason_zh} |" for rule in RULES.values()]
    lines.append("")
    return "\n".join(lines)


def _needed(field: Field) -> str:
    if field.required:
        return "yes"
    cases = [f"where `{name}` is {' or '.join(words)}" for name, words in field.needed.items()]
    return "in lists" if field.key else f"in lists {'; '.join(cases)}" if cases else "no"


def _forms() -> list[str]:
    """The forms in which people data come: columns that may be there, and no others."""
    lines = ["", "People files come in one of the forms below, and hold no column beyond it: see [people](people.md)."]
    for form in FORMS.values():
        lines += ["", f"Form `{form.name}`: {form.grain}.", "", "| column | required | may be blank | what it says |", "|---|---|---|---|"]
        for column in form.columns:
            words = f" One of: {', '.join(column.words)}, or what `[vocabulary]` declares." if column.words else ""
            lines.append(f"| `{column.name}` | {'yes' if column.required else 'no'} | {'yes' if column.blank else 'no'} | {column.meaning}.{words} |")
    return lines


if __name__ == "__main__":
    Path(__file__).with_name("data-dictionary.md").write_text(dictionary(), encoding="utf-8")
