"""Makes a new aggregate, and its domain where there is none: `python -m vendor.scaffold --help`."""
