"""Disclosure frameworks: what each code of HKEX, GRI and SASB asks, version by version. One CSV each, which ships with the package."""

from esg_kpis.frameworks.library import (
    FAMILIES,
    HOMES,
    Code,
    Framework,
    carried,
    codes_written,
    framework_ids,
    framework_named,
    homes_of,
    next_of,
    unknown_code,
)

__all__ = ["FAMILIES", "HOMES", "Code", "Framework", "carried", "codes_written", "framework_ids", "framework_named", "homes_of", "next_of", "unknown_code"]
