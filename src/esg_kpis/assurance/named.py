"""How checks are called and what each demands, and how sentences name a record. Apart from `findings`, since who reads a finding needs nothing of what makes one."""

import re
from collections.abc import Mapping

from esg_kpis.tables.records import NAMED_RECORD

CHECKS: dict[str, str] = {
    "rejected_record": "Every record received can be read",
    "missing_factor": "Every amount finds exactly one factor",
    "negative_balance": "What is taken out of a balance of refrigerants or methane was put in",
    "unknown_region": "Every grid region of a site is one that factors or factors/regions.csv know",
    "told_twice": "No refrigerant and no load of waste water is told in two ways",
    "stock_uncounted": "Every stock of a period holds on its last day",
    "beside_scopes": "Nothing stands beside the scopes",
    "instrument_refused": "Every contractual instrument that is claimed counts",
    "residual_mix": "What no instrument covers takes the residual mix of its grid",
    "example_rows": "No worked row of a template counts",
    "unreadable_factor": "Every factor of the library can be read",
    "library": "The factor library has no gaps, overlaps, outliers or revisions",
    "kpi_blocked": "No KPI is blocked",
    "kpi_incomplete": "No KPI rests on more estimates than the edition allows",
    "tie_out": "Every printed cell is reproduced, or the difference is explained",
    "target_progress": "Every target can be computed, and is reached or on its path",
    "target_boundary": "Every value that the boundary of a target names is that of a site",
    "target_changed": "Every target is as the version before set it",
    "anomaly": "What is unlike last year, its peers, its season or a known factor is explained",
    "code_missing": "Every code that a framework demands is answered",
    "index_error": "The report's own content index is right",
    "table_check": "Printed figures agree with each other, but for rounding",
    "fell_silent": "What a site reported in one period, it reports in the next",
    "exclusion": "What an edition leaves out is known in size",
    "people_lock": "People are counted as they were when they were locked",
    "roll_forward": "Opening heads and movements give the closing heads",
    "unknown_word": "What KPIs ask of people occurs",
    "uncovered": "Categories of people add up to everybody",
    "two_units": "Columns that state one fact in two units agree",
    "row_footing": "Columns of a row add up to its total",
    "unit_slip": "No quantity is a thousand or ten thousand times what its meter usually counts, or such a part of it",
    "outlier": "Quantities are like those of their meter's history",
    "control_total": "Rows add up to the subtotals and totals their sender wrote",
    "negative": "Quantities are zero or more, unless net metered",
    "unknown_tariff": "Parts of a count have names that are known",
    "readings_refused": "Every meter reading can be used",
    "readings_missing": "Every interval of a meter that is read has a reading",
    "readings_unread": "Every file of meter readings is read by a table",
    "readings_high": "No interval is a hundred times what its meter shows at most in other months",
    "readings_broken": "No counter breaks off without a reason that is known",
    "sub_meter_alone": "No sub-meter counts because its main meter is not read",
    "same_days": "Bills that name no meter cover no day twice",
    "credit_elsewhere": "A credit note counts on the days of its bill",
    "alike_meters": "No two meters of nearly the same number tell of the same days and quantity",
    "corrects_nothing": "A correction names a bill of the same days and meter",
    "readings": "Bills are what the readings of their meter give",
    "readings_apart": "A bill opens with the reading with which the bill before closed",
    "share_above_whole": "No share is more than its whole",
    "list_ends": "Lists of what lasts tell of every period",
    "column_unread": "Every column that may hold a quantity is read",
    "no_quantity": "Every record holds a quantity",
    "duplicate": "No record says the same as another",
    "superseded": "Every bill is the last word",
    "sub_meter": "No sub-meter is counted beside its main meter",
    "credit_note": "No bill was credited",
    "estimated_by_sender": "No bill is an estimate of its sender",
    "rollover": "No counter went past its last digit",
    "formula_value": "Cells of workbooks hold values",
    "coverage_gap": "Every day came that the register of meters expects, or that lies between a meter's first and last record",
    "unknown_meter": "Every record stands under a meter of the register, where that names the meters of its site and measure",
    "estimated": "Nothing is estimated",
    "estimated_heads": "Nothing is estimated by heads beside figures about people that are left out",
    "file_twice": "No file was sent twice",
    "no_number": "Cells to be compared, added up or tied out are numbers",
    "sheet_unread": "No sheet of a workbook is left unread",
    "flag": "No row is marked by its sender",
    "people_unfinished": "People files tell of every day of a period",
    "people_ahead": "Last days of people lie before the last day data may be about",
    "people_outlier": "Hours and lost days of a row are of a usual size",
    "movement_uncounted": "Every movement lies before the last snapshot",
    "not_stated": "Level and profession are stated for everybody",
    "rounded": "No number has more decimals than are kept",
    "across_periods": "No record lies across the end of a period",
    "label_missing": "What an edition with labels prints has a Chinese label",
}
"""The checks, in the order a person should read them: name and what holds when it passes."""


_RECORD = re.compile(rf"(?:(rejected )?\brecord )?({NAMED_RECORD})(: )?")
"""How sentences name a record."""


def without_ids(text: str, places: Mapping[str, str] | None = None) -> str:
    """A sentence for a reader: without the id of a record where file and line follow it, else with its place for its id."""
    return _RECORD.sub(lambda found: f"{found[1] or ''}row: " if found[3] else (places or {}).get(found[2], found[0]), text)


def records_named(text: str) -> list[str]:
    """Ids of the records that a sentence names."""
    return [found[1] for found in _RECORD.findall(text)]
