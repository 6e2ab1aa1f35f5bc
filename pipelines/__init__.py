"""The Dagster code location and the command line. Thin: every asset is one library call, and `esg-kpis run` materializes these same assets."""

import os

os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:3000,muzzy_decay_ms:0")
# How polars keeps memory, said before it is loaded: what was freed is kept for three seconds, and then given back. By default it goes back after half a second, and a third of a run over a million rows
# went into asking for it again; kept for ten seconds, or only marked as free, it is no quicker, and a year of readings grows with its meters by what nothing needs. Source: jemalloc, TUNING.md.
