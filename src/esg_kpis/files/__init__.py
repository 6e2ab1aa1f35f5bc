"""Files as rows of text. Nothing is interpreted here but encoding, delimiter, and where the header stands.

What is compressed or a workbook is opened in a process of its own with a limit on memory (`sandbox`).
"""

from esg_kpis.files.header import RepeatedColumn, folded
from esg_kpis.files.read import read_sheets, unpacked
from esg_kpis.files.sheet import LINE, Reading, Sheet
from esg_kpis.files.source import Source, read_source
from esg_kpis.files.text import decode

__all__ = ["LINE", "Reading", "RepeatedColumn", "Sheet", "Source", "decode", "folded", "read_sheets", "read_source", "unpacked"]
