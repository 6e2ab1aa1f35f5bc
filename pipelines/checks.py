"""Asset checks: findings as Dagster shows them, and the one check that stands before what is published."""

import dagster as dg
import polars as pl

from pipelines.resources import WorkspaceResource


def check_result(frame: pl.DataFrame, name: str) -> dg.AssetCheckResult:
    """One check from its findings. Notes do not fail a check; warnings and errors do, unless waived."""
    rows = frame.filter(pl.col("check") == name)
    failed = rows.filter(~pl.col("passed") & (pl.col("severity") != "note") & pl.col("waived").is_null())
    severity = dg.AssetCheckSeverity.ERROR if (failed["severity"] == "error").any() else dg.AssetCheckSeverity.WARN
    shown = [
        f"- {row['subject']} {row['edition']} {row['period']}: {row['observed']} (expected {row['expected']}). {row['what_to_do']}"
        for row in failed.head(10).iter_rows(named=True)
    ]
    return dg.AssetCheckResult(
        check_name=name,
        passed=failed.is_empty(),
        severity=severity,
        metadata={"failed": failed.height, "looked at": rows.height, "first ten": dg.MetadataValue.md("\n".join(shown) or "none")},
    )


@dg.asset_check(
    asset="record_fates",
    blocking=True,
    additional_ins={"records": dg.AssetIn("records")},
    description="Every record has exactly one fate per edition; nothing was lost on the way.",
)
def every_record_has_one_fate(workspace: WorkspaceResource, record_fates: pl.DataFrame, records: pl.DataFrame) -> dg.AssetCheckResult:
    """The one check that stands before what is published."""
    per_edition = record_fates.group_by("edition").agg(pl.col("record_id").n_unique().alias("fates"), pl.len().alias("rows"))
    complete = per_edition.filter((pl.col("fates") == records.height) & (pl.col("rows") == records.height))
    passed = complete.height == (len(workspace.read_editions) if records.height else 0)
    return dg.AssetCheckResult(
        passed=passed, metadata={"records": records.height, "fates per edition": str(per_edition.sort("edition").rows())}
    )
