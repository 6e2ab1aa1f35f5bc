"""The one place where the clock on the wall is read: an entry of the register says when it was signed. Nothing that is computed depends on it."""

from datetime import UTC, datetime

from esg_kpis.errors import UsageProblem
from esg_kpis.register import is_time


def given_or_now(at: str | None) -> str:
    """The time of an entry: as given, or what the clock says, in UTC.

    Raises:
        UsageProblem: if what is given is no time, or lies ahead: it would shut out every entry until then.
    """
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if at is None:
        return now
    if not is_time(at):
        raise UsageProblem(f"'{at}' is no time.", where="--at", mend="Write it in UTC, as 2024-04-09T10:00:00Z.")
    if at > now:
        raise UsageProblem(f"{at} lies ahead; it is {now}.", where="--at", mend="Give the time when it was signed.")
    return at
