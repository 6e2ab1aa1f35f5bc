"""All tables of readings of a workspace: each month rolled up, or taken as it was kept, and what the rest of the pipeline sees of them."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import Any

import polars as pl

from esg_kpis.domains import DOMAIN_OF
from esg_kpis.errors import InputProblem, near_misses
from esg_kpis.files import Source as SentFile
from esg_kpis.ingest import Metered, refused_meters
from esg_kpis.ingest.observations import OBSERVATION, TABLE_STOPPED
from esg_kpis.ingest.take import file_row, is_left_over
from esg_kpis.readings import monthly
from esg_kpis.readings.declared import ReadingTable, Stopped, tables_of
from esg_kpis.readings.enclosed import holds_lines, path_of_month, row_without_lines, versions_of
from esg_kpis.readings.engines import Engine
from esg_kpis.readings.found import File, is_month, month_of_path, stands_alone
from esg_kpis.readings.hashes import Hashes, state_of
from esg_kpis.readings.judged import Task
from esg_kpis.readings.monthly import Month
from esg_kpis.readings.rows import readings_of
from esg_kpis.readings.settings import EngineProblem, EngineSettings, engine, read_settings
from esg_kpis.readings.tables import Source, source_of, task_of
from esg_kpis.readings.told import Told, as_known_then, not_known_then, stopped_rows, told_of
from esg_kpis.readings.unreadable import unreadable
from esg_kpis.tables import READING_FATES, READING_MONTHS, READING_SAMPLES, Table, conform, empty
from esg_kpis.workspace import Workspace

FOLDER = "readings"


@dataclass(frozen=True)
class Dates:
    """The latest knowledge date, the last day that data may be about, and earlier knowledge dates of editions."""

    known_on: date
    as_of: date
    earlier: tuple[date, ...] = ()


@dataclass(frozen=True)
class Rolled:
    """What the tables of readings of a workspace became.

    Attributes:
        metered: What ingest takes of them.
        months: The table `reading_months`.
        fates: The table `reading_fates`.
        samples: The table `reading_samples`.
        versions: The table `reading_versions`.
        files: Every month as a file: `path` and `content`, which is text.
        observations: What a person should look at, in the columns of `ingest.observations`.
    """

    metered: Metered
    months: pl.DataFrame
    fates: pl.DataFrame
    samples: pl.DataFrame
    versions: pl.DataFrame
    files: pl.DataFrame
    observations: pl.DataFrame


@dataclass
class _Computing:
    """An engine that is started when the first month has to be computed, and goes on until all are."""

    workspace: Workspace
    settings: EngineSettings
    stack: ExitStack
    done: Callable[[str, str], None]
    running: Engine | None = None
    keys: dict[Path, set[str]] = field(default_factory=dict)

    def month(self, source: Source, month: str, meters: pl.DataFrame, known_on: date, as_of: date, hashes: Hashes) -> Month:
        """A month, as it was kept or computed now."""
        task = task_of(source, month, meters, known_on, as_of)
        files = _digest(task.files, self.workspace, hashes)
        _unchanged(task.files, self.workspace)
        key = monthly.key_of(task, files)
        folder = self.workspace.readings / source.table.name / month
        frames = monthly.kept(folder, key)
        if frames is None:
            if self.running is None:
                self.running = self.stack.enter_context(engine(self.settings, self.workspace.readings))
            try:
                frames = monthly.computed(self.running, task, self.workspace.raw)
            except InputProblem:
                raise
            except Exception as error:  # Engines have errors of their own, whether it is a broken file or a fault of ours.
                if (problem := unreadable(task.files, self.workspace.raw.as_posix())) is not None:
                    raise problem from error
                raise
            _unchanged(task.files, self.workspace)
            monthly.keep(folder, key, frames)
            self.done(source.table.name, month)
        self.keys.setdefault(folder, set()).add(key)
        return Month(task, key, frames)

    def forget_others(self) -> None:
        """Takes away what was kept of these months for other files, formats, meters or dates."""
        for folder, keys in self.keys.items():
            monthly.forget_others(folder, sorted(keys))


def roll_up(workspace: Workspace, meters: pl.DataFrame, dates: Dates, done: Callable[[str, str], None] = lambda table, month: None) -> Rolled:
    """Every month of every table, computed where what it rests on has changed. A table that cannot be read is stopped as a whole, or for a month where no other rests on it; the others go on.

    Args:
        workspace: The workspace.
        meters: The register of meters, see `ingest.registered_meters`.
        dates: The dates in force.
        done: Told of each table and month that was computed.

    Raises:
        EngineProblem: if `workspace.toml` cannot be read, or its engine not be reached.
    """
    files: list[dict[str, Any]] = []
    parts: list[Told] = []
    earlier: list[tuple[str, bytes, str]] = []
    lacked: list[dict[str, Any]] = []
    hashes, settings = Hashes(workspace.readings), read_settings(workspace.root)
    refused_rows = cache(partial(refused_meters, workspace))
    tables, stopped = tables_of(workspace.raw)
    with ExitStack() as stack:
        computing = _Computing(workspace, settings, stack, done)
        for place, table in tables:
            with _stopping(workspace.raw, place, table, stopped):
                source = source_of(place, table, workspace.readings)
                at = {day: _at(computing, source, meters, day, dates.as_of, hashes) for day in (dates.known_on, *dates.earlier)}
                source = _without_broken(source, [broken for _, broken in at.values()])
                at_day = {day: [month for month in months if month.name not in source.broken] for day, (months, _) in at.items()}
                stopped += [Stopped(table.name, place, [table.measure] if table.counts else [], problem, month) for month, problem in source.broken.items()]
                found = at_day[dates.known_on]
                told = told_of(source, found, meters, workspace.raw, refused_rows)
                then = _earlier(source, {day: at_day[day] for day in dates.earlier}, found, meters, workspace.raw)
                earlier += _versions(table, then, told)
                lacked += _lacked_then(then, told)
                files += [_listed(workspace, file, hashes) for file in source.files]
                parts.append(told)
                monthly.forget_gone(workspace.readings / table.name, source.by_month, [file.path for file in source.files])
    files += _others(workspace.raw, {row["path"] for row in files}, [place for place, _ in tables], stopped)
    hashes.remember()
    computing.forget_others()
    of_stopped, refused = stopped_rows(stopped)
    made = [*(item for part in parts for item in part.files), *earlier]
    files = [*of_stopped, *files, *(row_without_lines(path, content) for path, content, _ in made if not holds_lines(content))]
    sent = [(_as_file(path, content), domain) for path, content, domain in made if holds_lines(content)]
    return Rolled(
        Metered(sent, files, [*refused, *(row for part in parts for row in part.refused), *lacked]),
        _table(READING_MONTHS, [part.months for part in parts]), _table(READING_FATES, [part.fates for part in parts]), _table(READING_SAMPLES, [part.samples for part in parts]),
        versions_of({path: content for path, content, _ in made}),
        pl.DataFrame({"path": [path for path, _, _ in made], "content": [content.decode() for _, content, _ in made]}, schema={"path": pl.String(), "content": pl.String()}).sort("path"),
        pl.concat([pl.DataFrame(schema=OBSERVATION), *(part.observations for part in parts)]),
    )  # fmt: skip


def _at(computing: _Computing, source: Source, meters: pl.DataFrame, known_on: date, as_of: date, hashes: Hashes) -> tuple[list[Month], dict[str, InputProblem]]:
    """All months of a table, as they were known on a day; and those that stand alone and cannot be read, with why."""
    found: list[Month] = []
    broken: dict[str, InputProblem] = {}
    for month, files in source.by_month.items():
        try:
            found.append(computing.month(source, month, meters, known_on, as_of, hashes))
        except EngineProblem:
            raise
        except InputProblem as problem:
            if not (stands_alone(source.table) and all(file.month for file in files)):
                raise
            broken[month] = problem
    return found, broken


def _without_broken(source: Source, broken: Sequence[Mapping[str, InputProblem]]) -> Source:
    """A table without the months that could not be read, which are beside those that were known before.

    Raises:
        InputProblem: if that leaves none: then it is the table.
    """
    every = dict(source.broken)
    for told in broken:
        every |= told
    files = [file for file in source.files if file.month not in every]
    if every and not files:
        raise next(iter(every.values()))
    return replace(source, files=files, broken=every) if every else source


def _earlier(source: Source, earlier: Mapping[date, Sequence[Month]], now: Sequence[Month], meters: pl.DataFrame, raw: Path) -> dict[date, Told]:
    """What a table told on earlier knowledge dates, where that was something else."""
    return {day: told_of(source, months, meters, raw) for day, months in sorted(earlier.items()) if [month.key for month in months] != [month.key for month in now]}


def _lacked_then(earlier: Mapping[date, Told], latest: Told) -> Iterator[dict[str, Any]]:
    """What days of which too little was known on an earlier knowledge date keep back in the editions of that date, where that is not what it is now; and that what is lacking now was not then."""
    now = {row["record_id"]: row for row in latest.refused if row["rule"] == "partial_days"}
    for day, told in earlier.items():
        then = {row["record_id"]: row for row in told.refused if row["rule"] == "partial_days"}
        yield from (as_known_then(day, row) for row_id, row in then.items() if row["message"] != now.get(row_id, {}).get("message"))
        yield from (not_known_then(day, row) for row_id, row in now.items() if row_id not in then)


def _versions(table: ReadingTable, earlier: Mapping[date, Told], latest: Told) -> Iterator[tuple[str, bytes, str]]:
    """The months whose file was another on an earlier knowledge date, or that have one of that date only: path, content and domain. One of which nothing was known has no line."""
    for day, of_day in earlier.items():
        then, last = ({path: content for path, content, _ in told.files} for told in (of_day, latest))
        for path in sorted({*then, *last}):
            told = then.get(path, last.get(path, b"").partition(b"\n")[0] + b"\n")
            if told != last.get(path):
                yield path_of_month(table.name, _month_of(path), day), _marked(told, day), DOMAIN_OF[table.measure]


def _month_of(path: str) -> str:
    return path.rpartition("/")[2][: len("YYYY-MM")]


def _marked(content: bytes, day: date) -> bytes:
    """The same with the knowledge date in a column, so that no two versions are the same bytes."""
    header, *lines = content.decode().splitlines()
    return "\n".join([f"{header},known_on", *(f"{line},{day}" for line in lines), ""]).encode()


@contextmanager
def _stopping(raw: Path, place: Path, table: ReadingTable, stopped: list[Stopped]) -> Iterator[None]:
    """Stops a table that cannot be read. Where it does not count, nothing rests on it."""
    measures = [table.measure] if table.counts else []
    try:
        yield
    except EngineProblem:
        raise
    except InputProblem as problem:
        stopped.append(Stopped(table.name, place, measures, problem))
    except OSError as error:
        path = Path(str(error.filename or ""))
        if not path.is_relative_to(raw):  # The disk of the results is full, or the like.
            raise
        unread = InputProblem(f"It cannot be read: {error.strerror}.", where=path.relative_to(raw).as_posix(), mend="Check that it is a file, is there, and may be read.")
        stopped.append(Stopped(table.name, place, measures, unread))


def _table(table: Table, parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    return conform(pl.concat([empty(table), *parts]), table)


def roll_up_month(workspace: Workspace, month: str, meters: pl.DataFrame, dates: Dates, done: Callable[[str, str], None] = lambda table, month: None) -> int:
    """One month of every table that has it, computed and kept; how many tables these are. Months may be computed side by side, by any number of processes.

    Raises:
        InputProblem: if a table cannot be read, after the others were computed.
    """
    hashes, settings, count = Hashes(workspace.readings), read_settings(workspace.root), 0
    tables, stopped = tables_of(workspace.raw)
    with ExitStack() as stack:
        computing = _Computing(workspace, settings, stack, done)
        for place, table in tables:
            with _stopping(workspace.raw, place, table, stopped):
                source = source_of(place, table, workspace.readings)
                if month in source.broken:
                    raise source.broken[month]
                if month in source.by_month:
                    for known_on in (dates.known_on, *dates.earlier):
                        computing.month(source, month, meters, known_on, dates.as_of, hashes)
                    count += 1
    if stopped:
        raise stopped[0].problem
    return count


def month_of_table(workspace: Workspace, name: str, month: str, meters: pl.DataFrame, dates: Dates) -> Task:
    """One month of one table, for who looks at its rows.

    Raises:
        InputProblem: if there is no such table or month.
    """
    tables = {table.name: (place, table) for place, table in tables_of(workspace.raw)[0]}
    if name not in tables:
        raise InputProblem(f"There is no table of readings '{name}'.", where=FOLDER, mend=near_misses(name, tables) or "`esg-kpis readings` lists the tables.")
    place, table = tables[name]
    return task_of(source_of(place, table, workspace.readings), month, meters, dates.known_on, dates.as_of)


def readings_beside(workspace: Workspace, task: Task, meter: Mapping[str, str], meters: pl.DataFrame, dates: Dates) -> dict[str, tuple[int | None, int | None]]:
    """Of each device of a counter in a month the last reading of the months before, and the first of those after, as far as there are any."""
    place, table = {table.name: (place, table) for place, table in tables_of(workspace.raw)[0]}[task.table.name]
    source = source_of(place, table, workspace.readings)
    wanted, names = {*readings_of(task, meter)}, list(source.by_month)
    at = names.index(task.window.month)
    found: list[dict[str, int]] = []
    for side, others in ((1, reversed(names[:at])), (0, iter(names[at + 1 :]))):
        told: dict[str, int] = {}
        for month in others:
            if wanted <= told.keys():
                break
            own = readings_of(task_of(source, month, meters, dates.known_on, dates.as_of), meter)
            told |= {device: ends[side] for device, ends in own.items() if device in wanted and device not in told}
        found.append(told)
    return {device: (found[0].get(device), found[1].get(device)) for device in wanted}


def months_found(workspace: Workspace) -> list[str]:
    """The months of all tables that can be read, in order."""
    found: set[str] = set()
    for place, table in tables_of(workspace.raw)[0]:
        with suppress(InputProblem, OSError):
            source = source_of(place, table, workspace.readings)
            found |= {*source.by_month, *source.broken}
    return sorted(found)


def months_of_folders(raw: Path) -> list[str]:
    """The months that folders below data/raw/readings are named by, in order: what a look from outside can tell, without opening a file."""
    home = raw / FOLDER
    found = {month_of_path(path.relative_to(raw).as_posix()) for path in home.rglob("*month=*") if path.is_dir()} if home.is_dir() else set()
    return sorted(month for month in found if is_month(month))


def _unchanged(files: Sequence[File], workspace: Workspace) -> None:
    """Of a file that is replaced while a month is computed, statistics, digest and rows may be of different contents: nothing of that may be kept.

    Raises:
        InputProblem: if a file is no longer what it was when it was first looked at.
    """
    for file in files:
        if file.state and state_of(file.origin) != file.state:
            raise InputProblem("It was changed while it was read.", where=file.origin.relative_to(workspace.raw).as_posix(), mend="Run again once it is whole.")


def _digest(files: Sequence[File], workspace: Workspace, hashes: Hashes) -> str:
    lines = sorted(f"{file.origin.relative_to(workspace.raw).as_posix()} {hashes.of(file.origin)}" for file in files)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _listed(workspace: Workspace, file: File, hashes: Hashes) -> dict[str, Any]:
    sent = file.origin
    return file_row(sent.relative_to(workspace.raw).as_posix()) | {"sha256": hashes.of(sent), "bytes": sent.stat().st_size, "encoding": "text" if file.sent else "parquet", "records": file.content.rows}


def _others(raw: Path, seen: set[str], tables: Sequence[Path], stopped: Sequence[Stopped]) -> Iterator[dict[str, Any]]:
    """Files of the folder, and links to folders, that no table reads, so that none is passed over in silence."""
    home = raw / FOLDER
    through = {(raw / name).resolve() for name in seen}
    for path in sorted(home.rglob("*")) if home.is_dir() else ():
        name = path.relative_to(raw).as_posix()
        if path.is_dir() and (not path.is_symlink() or any(one.startswith(f"{name}/") for one in seen)):
            continue
        # A table that was stopped has a row of its own, by its name.
        if path.resolve() in through or any(name == f"{FOLDER}/{item.name}" for item in stopped) or is_left_over(path) or path.name.startswith("_") or path.suffix.lower() == ".md":
            continue
        if "_delta_log" in path.parts and any(place in path.parents for place in tables):
            continue
        if (item := next((item for item in stopped if (item.place == path or item.place in path.parents) and item.month in (None, month_of_path(name))), None)) is not None:
            yield file_row(name) | {"status": "ignored", "problem": f"{TABLE_STOPPED}{f' in {item.month}' if item.month else ''}, see there."}
        else:
            yield file_row(name) | {"status": "ignored", "problem": "No table of a _format.toml reads it."}


def _as_file(path: str, content: bytes) -> SentFile:
    return SentFile(path, content, hashlib.sha256(content).hexdigest())
