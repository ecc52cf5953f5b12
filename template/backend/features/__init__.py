"""Features: each is a folder with a `feature.py`, and goes with it (see `core/domains.py`)."""
