"""Findings of labels: what a report in Chinese would print in English."""

from typing import Any

from esg_kpis.editions import Edition
from esg_kpis.editions.labelled import missing_labels

_SHOWN = 12


def label_findings(edition: Edition) -> list[dict[str, Any]]:
    """One note per kind of thing of which an edition with a labels.yaml has no Chinese label. An edition without the file is in English on purpose."""
    rows = []
    for kind, names in missing_labels(edition).items():
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        rows.append(
            {
                "check": "label_missing", "subject": f"{kind} labels", "edition": edition.id, "period": "", "severity": "note", "passed": False,
                "observed": f"no Chinese label: {', '.join(names[:_SHOWN])}{more}", "expected": "a label in each language of the report", "difference": None, "record_ids": "",
                "what_to_do": f"Add it to editions/{edition.id}/labels.yaml; until then the table in Chinese shows the English word.",
            }
        )  # fmt: skip
    return rows
