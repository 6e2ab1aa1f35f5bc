"""How a run tells its progress: Dagster's events, without its log lines."""

import logging
from collections.abc import Callable

import dagster as dg

Listener = Callable[[str, bool], None]
"""Called with the name of a step and whether it has ended."""

_STARTED, _ENDED = "STEP_START", ("STEP_SUCCESS", "STEP_FAILURE", "STEP_SKIPPED")
_listener: list[Listener] = []


class _Events(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        """Hands the start and end of each step to whoever listens; everything else stays in Dagster's event log."""
        event = getattr(record, "dagster_event", None)
        kind, step = getattr(event, "event_type_value", ""), getattr(event, "step_key", None)
        if step and (kind == _STARTED or kind in _ENDED):
            for listener in _listener:
                listener(step, kind in _ENDED)


def listen(listener: Listener) -> None:
    """Makes `listener` the one that hears of progress in this process."""
    _listener[:] = [listener]


def _quiet(_context: dg.InitLoggerContext) -> logging.Logger:
    logger = logging.Logger("esg_kpis.progress", level=logging.DEBUG)
    logger.addHandler(_Events())
    return logger


quiet_console = dg.LoggerDefinition(
    logger_fn=_quiet, description="Silent on the console; tells the progress bar what happens. The event log in the Dagster UI is complete."
)
