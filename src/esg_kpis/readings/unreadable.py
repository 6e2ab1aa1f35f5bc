"""Whether files of readings can be read to their end. Their footers are read before anything is computed; what lies between is looked at only when an engine failed, to tell a broken file from a fault of ours."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from esg_kpis.errors import InputProblem
from esg_kpis.readings.found import File

_ROWS = 100_000


def unreadable(files: Sequence[File], raw: str) -> InputProblem | None:
    """What is wrong with the first file that cannot be read; None where all can.

    Args:
        files: Files of one table.
        raw: The folder below which files are named.
    """
    for file in files:
        where = file.origin.as_posix().removeprefix(f"{raw.rstrip('/')}/")
        try:
            with pq.ParquetFile(file.path) as opened:
                for _ in opened.iter_batches(batch_size=_ROWS, columns=list(file.columns.values())):
                    pass
        except OSError as error:
            told = error.strerror or str(error).splitlines()[0]
            return InputProblem(f"It cannot be read to its end: {told}.", where=where, mend="Ask for the file again, and copy it as a whole.")
        except pa.ArrowException as error:
            return InputProblem(f"It cannot be read to its end: {str(error).splitlines()[0]}", where=where, mend="Ask for the file again, and copy it as a whole.")
    return None
