"""Features: each is a folder with a `feature.py`; deleting it removes it (`core/domains.py`)."""
