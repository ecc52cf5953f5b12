"""What writes this repository's generated files; run `uv run python -m scripts.NAME`."""
