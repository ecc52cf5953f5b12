"""The test harness, one plugin a concern. See AGENTS.md beside this file."""

pytest_plugins: tuple[str, ...] = ()
