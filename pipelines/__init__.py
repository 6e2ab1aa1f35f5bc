"""The Dagster code location and the command line. Thin: every asset is one library call, and `esg-kpis run` materializes these same assets."""
