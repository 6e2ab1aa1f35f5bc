"""How the benchmarks measure: ours and a rival in turn, and a line of the table for each pair."""

import resource
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Line:
    """A line of the table.

    Attributes:
        what: What ours did.
        rival: What the rival is, and did.
        ours: Seconds of ours, run by run.
        theirs: Seconds of the rival in the same runs.
        note: What to know of it.
    """

    what: str
    rival: str = ""
    ours: Sequence[float] = ()
    theirs: Sequence[float] = ()
    note: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        """The line as text: what, rival, median of each in seconds, median of the ratios, their spread, the median ratio of processor time, note."""
        ratios = sorted(mine / other for mine, other in zip(self.ours, self.theirs, strict=True)) if self.ours and self.theirs else []
        ratio = f"{statistics.median(ratios):.3f}" if ratios else ""
        return self.what, self.rival, _median(self.ours), _median(self.theirs), ratio, f"{ratios[0]:.3f} to {ratios[-1]:.3f}" if ratios else "", self._processor, self.note

    @property
    def _processor(self) -> str:
        if not (isinstance(self.ours, Times) and isinstance(self.theirs, Times)):
            return ""
        return f"{statistics.median(mine / other for mine, other in zip(self.ours.processor, self.theirs.processor, strict=True)):.3f}" if all(self.theirs.processor) else ""


def _median(times: Sequence[float]) -> str:
    if not times:
        return ""
    median = statistics.median(times)
    return f"{median:.2f}" if median >= 0.1 else f"{median:.4f}"


class Times(list[float]):
    """Seconds of the wall clock, run by run, with those of the processor in `processor`: what a machine that is busy with other things does not change much."""

    def __init__(self) -> None:
        super().__init__()
        self.processor: list[float] = []

    def take(self, action: Callable[[], object]) -> None:
        """Measures one call."""
        before, start = _processor(), time.perf_counter()
        action()
        self.append(time.perf_counter() - start)
        self.processor.append(_processor() - before)


def _processor() -> float:
    """Processor time of this process and of those it started and that have ended."""
    return sum(used.ru_utime + used.ru_stime for used in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)))


def seconds(action: Callable[[], object]) -> float:
    """How long one call takes, in seconds of the wall clock."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def in_turn(*actions: Callable[[], object], runs: int = 5, warm: bool = True) -> list[Times]:
    """What each action takes, one after the other, run by run; after one warm-up each."""
    for action in actions if warm else ():
        action()
    found = [Times() for _ in actions]
    for _ in range(runs):
        for action, times in zip(actions, found, strict=True):
            times.take(action)
    return found


def peak() -> float:
    """The most memory this process had at once, in bytes. Not `ru_maxrss` where there is better: Linux counts in it what the process had that started this one."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(next(line.split()[1] for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
