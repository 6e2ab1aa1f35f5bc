"""What starts the main job without a person: a sensor on data/raw, and a monthly schedule. Both are off until somebody turns them on in the UI."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import dagster as dg

from esg_kpis.readings.rolled import months_of_folders
from esg_kpis.report.outputs import is_held
from pipelines.asked import digest_of_raw
from pipelines.latest import RUN_FILE
from pipelines.readings import MONTHS
from pipelines.watched import Look, look

SENSOR, SCHEDULE = "new_files_in_data_raw", "monthly"
ASKED_BY = "esg_kpis/asked_by"


@dataclass(frozen=True)
class Cursor:
    """What the sensor remembers from one look to the next.

    Attributes:
        seen: What the last look saw from outside: names, sizes, times of change.
        done: What it saw when there was nothing left to do.
        asked: The contents that a run was asked for last.
        number: How many runs were asked for: the same contents may come back later, and are a new request then.
    """

    seen: str = ""
    done: str = ""
    asked: str = ""
    number: int = 0


def sensor_on(raw: Path, out: Path, job: str) -> dg.SensorDefinition:
    """Starts the job when files under data/raw have changed and have lain still from one look to the next.

    A run that failed is not repeated: the same files would fail again. Results that the command line made of the same files count.
    """

    @dg.sensor(
        name=SENSOR, job_name=job, minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.STOPPED,
        description="Looks at data/raw every minute. When files have changed and then lain still for a minute, it starts the main job, once for each new content. "
        "Off until you turn it on: somebody should be there to read what a run finds. It says at each look why it does nothing.",
    )  # fmt: skip
    def new_files(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        before = _read(context.cursor)
        try:
            now = look(raw)
        except OSError as error:
            return dg.SkipReason(f"data/raw cannot be read: {error.strerror}. Check that the folder is there, and that this process may read it.")
        if waiting := _waiting(before, now, out):
            return _skip(waiting, replace(before, seen=now.outside))
        try:
            content, again = digest_of_raw(raw, out), look(raw)
        except UnicodeError:
            return _skip("A file in data/raw has a name that is not in UTF-8. Rename it.", before)
        except OSError as error:
            return _skip(f"A file cannot be read, or went away meanwhile: {error.strerror}. Looking again in a minute.", before)
        if again != now:
            return _skip("Files changed while they were read. Waiting until they lie still.", replace(before, seen=again.outside))
        if content in (before.asked, _published(out)):
            why = "A run was asked for with these very files." if content == before.asked else "The last results are of these very files."
            return _skip(f"{why} Nothing to do.", replace(before, seen=now.outside, done=now.outside, asked=content))
        asked = Cursor(now.outside, now.outside, content, before.number + 1)
        run = dg.RunRequest(run_key=f"{content[:16]}-{asked.number}", tags={ASKED_BY: f"sensor: {now.files} files in data/raw"})
        known = set(context.instance.get_dynamic_partitions(str(MONTHS.name)))
        months = [month for month in months_of_folders(raw) if month not in known]
        return dg.SensorResult(run_requests=[run], cursor=json.dumps(asdict(asked)), dynamic_partitions_requests=[MONTHS.build_add_request(months)] if months else None)

    return new_files


def _skip(why: str, cursor: Cursor) -> dg.SensorResult:
    return dg.SensorResult(skip_reason=why, cursor=json.dumps(asdict(cursor)))


def _read(cursor: str | None) -> Cursor:
    """What the cursor says; one that cannot be read, such as one typed by hand, says nothing."""
    try:
        return Cursor(**json.loads(cursor or "{}"))
    except (ValueError, TypeError):
        return Cursor()


def _published(out: Path) -> str:
    """The digest of data/raw that the last results were made of; empty if there are none."""
    try:
        return str(json.loads((out / RUN_FILE).read_text(encoding="utf-8"))["raw"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _waiting(before: Cursor, now: Look, out: Path) -> str:
    """Why nothing is to be done yet; empty if there is no reason."""
    if now.moving:
        return f"{now.moving} is still on its way. Waiting until it is there."
    if not now.files:
        return "There is no file in data/raw."
    if now.outside == before.done:
        return f"Nothing has changed in data/raw since it was last dealt with ({now.files} files)."
    if now.outside != before.seen:
        return "Files have changed. Waiting until they have lain still for one look, so that no half-copied set is read."
    if is_held(out):
        return "A run is going on. The new files come next."
    return ""


def schedule_of(job: str) -> dg.ScheduleDefinition:
    """Runs the job once a month, whatever changed."""

    @dg.schedule(
        name=SCHEDULE, job_name=job, cron_schedule="0 6 5 * *", execution_timezone="UTC", default_status=dg.DefaultScheduleStatus.STOPPED,
        description="On the 5th of each month at 06:00 UTC, when the bills of the month before ought to be there. It runs also if nothing came, so that what is missing is asked for; "
        "with the same files it computes again and proves that every byte is as before. Off until you turn it on.",
    )  # fmt: skip
    def monthly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        month = context.scheduled_execution_time.strftime("%Y-%m")
        return dg.RunRequest(run_key=f"{SCHEDULE}-{month}", tags={ASKED_BY: f"monthly schedule, {month}"})

    return monthly
