"""Factories for rows: `build()` in memory, `await create(session)` committed in the database."""
