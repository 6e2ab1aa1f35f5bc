"""The README of a pack: what it is, how to verify it in three commands, what is in which file, and what it does not show."""

from collections.abc import Mapping

from esg_kpis.evidence.contents import WHAT
from esg_kpis.evidence.datapackage import APOSTROPHE
from esg_kpis.evidence.manifest import MANIFEST, PUBLIC_KEY, SIGNATURE, SIGNED, STATEMENT

HASHES = f"sha256sum --check --quiet {MANIFEST}"
SIGNED_BY = f"openssl pkeyutl -verify -pubin -inkey {PUBLIC_KEY} -rawin -in {SIGNED} -sigfile {SIGNATURE}"
TIED = f'grep --count "$(sha256sum {MANIFEST} | cut -d " " -f 1)" {SIGNED}'
FINGERPRINT = f"openssl pkey -pubin -in {PUBLIC_KEY} -outform DER | sha256sum"
ANNEX = "people/annex.sha256"


def readme(edition: str, period: str, document: str, fingerprint: str, figures: Mapping[str, int]) -> bytes:
    """The README.

    Args:
        edition: The edition.
        period: The period.
        document: The document that the edition is of.
        fingerprint: Of the key that signs.
        figures: How many KPIs, files, records and people files there are, by name.
    """
    return f"""# Evidence pack: edition {edition}, period {period}

Everything by which the KPIs of "{document}" for the period {period} can be recomputed and traced, without the help of those who computed them:
{figures["cells"]} cells of KPIs, {figures["files"]} files of data as they were received, {figures["records"]} records and what became of each.

## Verify it in three commands

In the folder into which the zip was unpacked:

1. Every file is as the manifest says. It prints nothing if so:

       {HASHES}

2. The statement was signed by the key in `{PUBLIC_KEY}`. It prints `Signature Verified Successfully`:

       {SIGNED_BY}

3. Every KPI comes out again, digit by digit, from the files enclosed: once by the library, once by DuckDB. PACK is the zip as it was received:

       esg-kpis verify PACK --fingerprint {fingerprint}

The first two need nothing of ours; the third needs the Python package `esg-kpis`, which whoever sent this names in `environment.json` by version and digest, and no network. With the annex (a file of its own, `….people.age`, encrypted to your key):

       esg-kpis verify PACK --fingerprint {fingerprint} --annex FILE --identity KEYFILE

What ties them together: the statement names the SHA-256 of the manifest. This prints 1:

    {TIED}

## Whose key it is

The fingerprint of the key is

    {fingerprint}

and this computes it: `{FINGERPRINT}`. A key that lies in the pack proves nothing by itself: compare the fingerprint with the one that was given to you in another way, such as in the
engagement letter, the minutes of the board, or the printed report.

{_layout()}{_limits(figures)}""".encode()


def _layout() -> str:
    """Which file holds what, and how to read it."""
    tables = "\n".join(f"| `{path}` | {text} |" for path, text in WHAT.items())
    return f"""## What is where

| file | what |
|---|---|
{tables}
| `typed/*.csv` | What the accepted records say, in columns with types: where a second engine begins. `typed/rejected.csv` holds what was rejected, `typed/published.csv` what was printed |
| `inputs/` | The files as they were received, with the `_format.toml` that says how they are read. People files are not among them |
| `people/` | Counts that tell of no small group, and `{ANNEX}`, the SHA-256 of the annex with the people files, which is sent apart, encrypted to the assurer's key |
| `definitions/editions/`, `definitions/factors/` | The definitions, boundaries and rules of the editions, and the factor library, as files |
| `approvals/`, `keys/`, `approvals.csv`, `restatements.csv`, `register.jsonl` | Who approved what, by signature; what was restated; the register of both with its chain (`esg-kpis register verify register.jsonl`). Left out where there is none |
| `environment.json` | By which packages and code, on which knowledge date, by which command |
| `datapackage.json` | Every column of every CSV: type, unit, meaning |
| `{MANIFEST}`, `{STATEMENT}`, `{SIGNED}`, `{SIGNATURE}`, `{PUBLIC_KEY}` | The manifest; the signed statement about it, as an envelope and in the pieces that `openssl` takes |

A KPI by hand: in `lineage.csv` take the rows of its `kpi_id`, `breakdown` and `category` (a KPI has a row per amount in each of its breakdowns: never add up a `kpi_id` alone) and of one `term`; `quantity` times `times` adds up to the term exactly.
From the record to that quantity: the quantity in `typed/quantities.csv`, in the unit of the measure; the days of the month over the days of the bill, rounded half-even to 9 decimals; and the factors that `way` names in order, value and unit in `factors_used.csv`
(a pound is 0.45359237 kg). `record_fates.csv` names the file and line of each `record_id`.

CSV is UTF-8, sorted by its key. Decimals are exact and have all their digits: read them as decimals, not as binary floats. A blank is null, `""` empty text. {APOSTROPHE}
Files that were stopped because they could not be read, and what systems leave behind, are named in `inputs.csv` and not enclosed.

"""


def _limits(figures: Mapping[str, int]) -> str:
    """What nobody should take it for."""
    return f"""## What it does not show

- It shows that nothing was changed since it was signed, and that the figures follow from the files. It does not show that the files are true, complete, or all there are.
- A signature says which key, not when. Nothing here proves a date.
- People: without the annex a KPI about people is recomputed from the sums in `people/cells.csv`, not from rows of persons. {figures["people files"]} people files were read. What is withheld
  there, and every cell that is suppressed, needs the annex.
- `findings.csv`, `anomalies.csv` and approvals are signed as they stand; `verify` recomputes the KPIs and the tables that lead to them, not these.
"""
