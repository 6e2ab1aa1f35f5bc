"""Writes docs/data-inventory.md: what the pipeline itself holds about persons, table by table, after the form of the privacy paper's data inventories.

Names of tables, form columns and measures come from the declarations in the library; what no declaration says (how it is protected, how long it is
kept) stands here next to each name. A test fails when a table or a form column has no place here.

Source: IoT privacy white paper, June 2021, appendices 1 to 8 (type of data, identification qualifier, purpose, transmission and storage encryption
measures, retention policy; its words after ISO/IEC 19944-1).
"""

from dataclasses import dataclass
from pathlib import Path

from esg_kpis.domains.people import DOMAIN, FORMS
from esg_kpis.tables import TABLES

PSEUDONYMOUS = "Pseudonymous"
COUNTS = "Aggregated counts, small ones included"
FEW_HIDDEN = "Aggregated counts, small groups suppressed"
PLACE = "Pseudonymous: the place of a row (file, line), which leads to a person for whoever holds the file"

SIGNER = "Pseudonymous: the fingerprint of a signer's key, when they signed, and notes as they wrote them"

TO_RAW = "Operator's"
STAYS = "Not sent; operator's when handed on"
AT_REST = "No encryption by the product"
RAW_KEPT = "Until the operator deletes the file; possible after a lock"
FOR_GOOD = "As the register, which is append-only"
RUN_KEPT = "Until the operator deletes the run"
PACK_KEPT = "Until the operator and the assurer delete the pack"
WORDS = {
    TO_RAW: "the product fetches nothing, and opens no connection but to a PostgreSQL that is named as the register; how files get from human resources into `data/raw` is the operator's to protect.",
    STAYS: "the product sends it nowhere; whoever hands it on protects it on the way.",
    AT_REST: "files are written as they are. Disk encryption and access rights are the operator's.",
    RAW_KEPT: "`people lock` keeps counts and control totals, after which the figures stand without the file. The product deletes no people file.",
    RUN_KEPT: "every run with other inputs, definitions or code leaves a folder under `data/out/runs`, and none is taken away by the product.",
}
"""What the short words of the last three columns mean."""


@dataclass(frozen=True)
class Held:
    """What is held of persons in one place: identification, purpose, protection in transit and at rest, retention."""

    identification: str
    purpose: str
    transit: str = STAYS
    rest: str = AT_REST
    kept: str = RUN_KEPT


@dataclass(frozen=True)
class Group:
    """Columns of the forms that are about one thing."""

    name: str
    columns: tuple[str, ...]
    held: Held


def _sent(purpose: str, identification: str = PSEUDONYMOUS) -> Held:
    return Held(identification, purpose, TO_RAW, AT_REST, RAW_KEPT)


GROUPS: tuple[Group, ...] = (
    Group(
        "Identifier", ("person",),
        _sent(
            "Telling that rows are about the same person: joiner, leaver and transfer; different participants. Used in memory only and written nowhere",
            "Pseudonymous: a keyed hash or random number. Identified (a staff number) in files that declare `keys = \"hmac\"`",
        ),
    ),
    Group("Days of employment", ("from", "to", "date", "event"), _sent("Stocks at a date, joiners and leavers of a period; in training and injuries the day that says what the person was then")),
    Group("Place of work", ("site_id", "country"), _sent("Counts by site, country and region; regions that an edition leaves out")),
    Group("Demographics", ("gender", "age_group"), _sent("Counts by gender and age band, as HKEX B1 and GRI 405-1 ask for. A band, never a birth date or an age")),
    Group("Work", ("level", "profession", "employment_type"), _sent("Counts by level, profession and type of employment; full-time employees are the report's denominator")),
    Group("Training", ("course", "programme", "hours"), _sent("Employees trained, hours, participants and courses (HKEX B3, GRI 404-1)")),
    Group("Injuries (sensitive)", ("case_id", "outcome", "lost_days", "recognition"), _sent("Injuries, fatalities and lost days (HKEX B2, GRI 403-9)")),
)  # fmt: skip
"""The columns of people files. Nothing beyond them may come in: a further column stops its file."""

PERSONAL: dict[str, Held] = {
    "files": Held(
        "None: file names, sizes, hashes and numbers of rows. A file name that holds a person's name would stay one",
        "Which files were read or stopped, and why",
    ),
    "records": Held(
        f"{PLACE}; aggregated counts; and pseudonyms of devices, cards and accounts of users, where a register of requests is sent",
        "One record per people file with its control totals, so that a figure leads back to a file; one per rejected row, without what it said; the rows of a register of requests, so that its counts can be made again",
    ),
    "rejected": Held(
        f"{PLACE}, with site, first and last day, which hold back what needs them", "Sending wrong rows back. What was read is not shown"
    ),
    "quantities": Held(
        "Aggregated: hours worked by site, as the site sent them. No people file gets here", "Denominator of injury rates by hours"
    ),
    "amounts": Held(COUNTS, "Counts of people as amounts, from which KPIs are made"),
    "edition_amounts": Held(
        f"{COUNTS}; and {PLACE[0].lower()}{PLACE[1:]}, where a rejected row blocks a KPI", "The same as an edition sees them"
    ),
    "reading_months": Held("None: what meters counted by month, with how many intervals came", "Quantities of metered sites"),
    "reading_fates": Held("None: counts of meter readings by rule", "What became of every reading"),
    "reading_versions": Held("None: months of readings as files, by knowledge date", "Counting in each edition what was known then"),
    "reading_samples": Held("None: a few meter readings that were refused, with file and row", "Asking who sends them"),
    "coverage": Held("Aggregated: hours worked by site and month, as the site sent them; else days that bills cover", "What was expected against what came"),
    "coverage_summary": Held("Aggregated: hours worked by period; else days that bills cover", "The same as an edition sees it"),
    "estimates": Held(f"{COUNTS}, where a gap is filled by head: the basis names the employees of sites, of none with fewer than k", "Gaps filled, each with its basis"),
    "record_fates": Held(PLACE, "What became of each people file and of each rejected row"),
    "kpi_values": Held(f"{FEW_HIDDEN}. Reasons of blocked cells name the place of a rejected row", "The KPIs"),
    "published": Held("Aggregated: what was printed", "Tie-out"),
    "table_checks": Held("Aggregated: what was printed, and counts that follow from it", "Whether printed figures agree with each other"),
    "tie_out": Held(FEW_HIDDEN, "Computed against published"),
    "target_progress": Held(f"{FEW_HIDDEN}: it rests on cells of kpi_values as they are shown", "How far targets are"),
    "uncertainty": Held("None: percentages of cells that are shown, none of counts of people alone", "How far a KPI may be off"),
    "uncertainty_sources": Held("None: percentages; all that is counted of people is one source", "What contributes most to that"),
    "content_index": Held(FEW_HIDDEN, "What the report answers of each code of a disclosure framework"),
    "anomalies": Held(f"{FEW_HIDDEN}; electricity and the like per head of a site, in three digits, of none with fewer than k or that would give one back", "What a person explains to the assurer"),
    "findings": Held(f"{PLACE}; and aggregated counts", "What a person should look at"),
    "people_controls": Held(COUNTS, "Control totals per file, which prove the counts when the file is gone"),
    "people_counts": Held(COUNTS, "The counts, by what editions ask for and no more"),
    "headcount": Held(COUNTS, "Opening, joiners, leavers and transfers to closing"),
    "kpi_register": Held(f"{FEW_HIDDEN}, as in kpi_values. In evidence packs only", "What an assurer looks at first", kept=PACK_KEPT),
    "inputs": Held("None: names, sizes and hashes of files; no size of a people file that would tell of few persons. In evidence packs only", "Which files a pack rests on", kept=PACK_KEPT),
    "people_cells": Held("Aggregated counts, as exact as shown KPIs rest on them; small groups withheld, and what would give one back. In evidence packs only", "Computing KPIs about people again without their files", kept=PACK_KEPT),
    "pack_controls": Held(f"{FEW_HIDDEN}. In evidence packs only", "Control totals per people file", kept=PACK_KEPT),
    "approvals": Held(SIGNER, "Who stands for which numbers", kept=FOR_GOOD),
    "restatements": Held(SIGNER, "Why a locked period was reopened, and what that did", kept=FOR_GOOD),
    "period_states": Held("Pseudonymous: the label of a signer's key, a role word unless somebody wrote a name", "Where each period stands", kept=FOR_GOOD),
}
"""Tables of the data dictionary that hold anything derived from persons."""

NOTHING_OF_PERSONS: dict[str, str] = {
    "sites": "the register of sites",
    "meters": "the register of meters",
    "ownership": "who controls a site, and the share owned",
    "instruments": "the ledger of contractual instruments",
    "claims": "which instruments count",
    "targets": "targets as they are set",
    "lenses": "KPIs that are not about people, seen otherwise; a ratio to heads as in kpi_values",
    "kpi_labels": "what KPIs and categories are called",
    "factors": "the factor library",
    "factor_uses": "which factor was applied; people have none",
    "bridge": "what editions have otherwise, and what that did to KPIs; of one that counts people only the change as a whole",
    "lineage": "which amounts a cell adds up; written to evidence packs without those of people",
    "factors_used": "factors with their sources, in evidence packs",
    "pack_approvals": "signatures of approvals, in evidence packs",
}
"""Tables of the data dictionary that hold nothing derived from persons, and what they hold."""

ELSEWHERE: dict[str, Held] = {
    "`data/raw/people/*` as a whole": Held(PSEUDONYMOUS, "The evidence of the counts", TO_RAW, AT_REST, RAW_KEPT),
    "Rows in memory during a run": Held(PSEUDONYMOUS, "Counting", "Does not leave the process", "Not written by the product; swapping and crash dumps are the operator's", "Until the step ends"),
    "Files with staff numbers, before `people pseudonymise`": Held("Identified", "Making pseudonyms", "The operator's", AT_REST, "The operator's; they need not lie in the workspace, and the product keeps no copy"),
    "Secret key (`--person-key-file`)": Held("Together with a list of staff numbers it undoes the pseudonyms", "HMAC-SHA-256 of staff numbers", "Read from a file; never printed, logged or written", "Refused inside the workspace. Access rights are the operator's", "The operator's. Without it, next year's files get other pseudonyms"),
    "`data/locked/people`": Held(COUNTS, "Counts and control totals that stand in when the files are gone", STAYS, f"{AT_REST}; the SHA-256 of each file, so that a change is noticed", "With the editions; until replaced by `people lock --replace`"),
    "Annex of an evidence pack (`*.people.age`)": Held(PSEUDONYMOUS, "The people files as received, for an assurer who must see them", "Encrypted (age, X25519) to the assurer's key", "Encrypted; `verify --annex` unpacks it to a folder that only its owner can read, and removes that", "Until the operator and the assurer delete it"),
    "`data/out/rejected_by_site/*.xlsx`": Held(f"{PLACE}, without what it said", "Sending wrong rows back", "The operator's, when sent", AT_REST, RUN_KEPT),
    "`data/out/work`": Held("As the tables above", "Frames between steps, and what the last run saw in the files", STAYS, AT_REST, "Replaced by the next run"),
    "`data/out/definitions.zip`": Held("None: a copy of the editions and the factor library of the run", "Reading an older run again"),
    "`data/out/run.json`": Held("None: digests of inputs, definitions and code", "What a run rested on"),
    "`data/raw/government_requests/*`": Held("Pseudonymous: a keyed hash or random number for the device, card or account of a user; never the number itself, which stops the file", "The evidence of the counts of requests, devices and accounts", TO_RAW, AT_REST, "Until the operator deletes the file"),
    "`data/register`, or a PostgreSQL that is named instead": Held(f"{SIGNER}; labels of keys; the KPIs approved, small groups suppressed as in kpi_values", "The register of approvals, keys that are trusted, and the head as noted last", "To PostgreSQL as its URL says (`sslmode`); else not sent", AT_REST, "For good: append-only"),
    "Private keys of signers": Held("Whoever has one can sign as its holder", "Signing", "Read from a file; never printed, logged or written elsewhere", "Encrypted under a passphrase where one is given. Refused inside the workspace", "The holder's"),
    "Dagster's storage (`.dagster`)": Held("Of each table above numbers of rows, a digest and a few columns of five rows, none of them about people or suppressed; findings, of people without lines and numbers; names, sizes and hashes of files, of people files only how many there are; no person key", "Lineage, checks and history in the Dagster UI", "HTTP without encryption or login, on 127.0.0.1 only", AT_REST, "Until the operator deletes it"),
}  # fmt: skip
"""What is held outside the data dictionary."""


def unclassified() -> list[str]:
    """Tables and form columns that have no place in the inventory, names in it that no longer exist, and names that stand in it twice."""
    tables, placed = {table.name for table in TABLES}, [*PERSONAL, *NOTHING_OF_PERSONS]
    columns, grouped = (
        {column.name for form in FORMS.values() for column in form.columns},
        [name for group in GROUPS for name in group.columns],
    )
    odd = [f"table {name}" for name in sorted(tables ^ set(placed) | {name for name in placed if placed.count(name) > 1})]
    return odd + [f"column {name}" for name in sorted(columns ^ set(grouped) | {name for name in grouped if grouped.count(name) > 1})]


def inventory() -> str:
    """The data inventory as Markdown.

    Raises:
        ValueError: if a table or a form column is not classified.
    """
    if odd := unclassified():
        raise ValueError(f"not classified, or classified twice: {', '.join(odd)}")
    head = "data | identification | purpose | protection in transit | protection at rest | retention"
    lines = [
        "# Data inventory of the pipeline", "",
        "What the pipeline itself holds about persons, where, and how it is protected: in the form of the data inventories of the group's privacy paper. Made from",
        "the [data dictionary](data-dictionary.md) and `docs/inventory.py` by `python docs/inventory.py`. How people data are sent and counted: [people](people.md).", "",
        "Identification, from most to least: *identified* (a name or staff number), *pseudonymous* (one row is one person, under a key or at a place), *aggregated counts*",
        "(of one person, where only one is there, unless small groups are suppressed), *none*. Pseudonymous data are still personal data.", "",
        "Protection and retention:", "", *(f"- *{words}*: {meaning}" for words, meaning in WORDS.items()), "",
        "## What comes in: columns of people files", "",
        "Names, identity-card numbers, birth dates, addresses and telephone numbers stop a file; so does any column that is not listed here.", "",
        f"| type | {head} |", "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    lines += [_row(group.name, f"{_code(group.columns)} ({', '.join(_forms_with(group))})", group.held) for group in GROUPS]
    lines += [
        "",
        "These feed the measures below, by site, country and type of employment, and by no more than the editions ask for.",
        "",
        "| measure | forms |",
        "|---|---|",
    ]
    for measure in DOMAIN.measures:
        lines.append(
            f"| `{measure.name}`: {measure.meaning} | {', '.join(form.name for form in FORMS.values() if measure.name in form.measures)} |"
        )
    lines += [
        "",
        "## What goes out: tables of a run",
        "",
        "In `data/out`, as Parquet and some as CSV; `approvals`, `restatements` and `period_states` only where a command or an evidence pack makes them.",
        "",
        f"| type | {head} |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [_row("Table", f"`{table.name}`: {table.grain}", PERSONAL[table.name]) for table in TABLES if table.name in PERSONAL]
    nothing = [f"`{table.name}` ({NOTHING_OF_PERSONS[table.name]})" for table in TABLES if table.name in NOTHING_OF_PERSONS]
    lines += [
        "",
        f"Nothing derived from persons: {', '.join(nothing)}.",
        "",
        "## Elsewhere",
        "",
        f"| type | {head} |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [_row("Place", name, held) for name, held in ELSEWHERE.items()]
    lines += [
        "", "## What the product does not do", "",
        "- It encrypts no file but private keys of signers and the annex of an evidence pack, and no connection, and knows no users. Whoever may read the folders may read what is in them.",
        "- It deletes no people file, no run and no history. A lock makes deleting possible; the operator deletes, also in backups.",
        "- It suppresses small groups in KPIs, tie-out and trace of a suppressed cell. `people_counts`, `headcount`, `amounts`, the lock and the trace of a cell that is shown",
        "  hold counts of one: they are working papers, for the same eyes as the people files, and not for publication.",
        "- It cannot tell a pseudonym from a random-looking number that somebody else can look up. Who may hold that list is the sender's to say.",
        "",
    ]  # fmt: skip
    return "\n".join(lines)


def _forms_with(group: Group) -> list[str]:
    return [form.name for form in FORMS.values() if {column.name for column in form.columns} & set(group.columns)]


def _code(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _row(kind: str, data: str, held: Held) -> str:
    return f"| {kind} | {data} | {held.identification} | {held.purpose} | {held.transit} | {held.rest} | {held.kept} |"


if __name__ == "__main__":
    Path(__file__).with_name("data-inventory.md").write_text(inventory(), encoding="utf-8")
