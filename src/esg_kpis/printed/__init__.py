"""Printed tables, checked by themselves: what must hold between their figures, and whether rounding explains what does not."""

from esg_kpis.printed.entries import ChecksFile
from esg_kpis.printed.judge import Document, check_table, failed
from esg_kpis.printed.of_editions import check_editions
from esg_kpis.printed.read import CHECKS_FILE, read_checks, read_definitions, read_table

__all__ = ["CHECKS_FILE", "ChecksFile", "Document", "check_editions", "check_table", "failed", "read_checks", "read_definitions", "read_table"]
