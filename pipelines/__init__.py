"""The Dagster code location and the command line. Thin: every asset is one library call, and `esg-kpis run` materializes these same assets."""

import os

os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:10000,muzzy_decay_ms:-1")
# How polars keeps memory, said before it is loaded: what was freed is kept for ten seconds. By default it goes back to the system after half a second, and a third of a
# run over a million rows went into asking for it again. Source: jemalloc, TUNING.md.
