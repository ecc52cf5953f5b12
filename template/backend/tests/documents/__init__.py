"""The project's Markdown is checked by tests: `checks.py` says what, `unit/docs/` runs it."""
