"""Interval meters: millions of readings to one quantity per meter and month, with what became of every row."""
