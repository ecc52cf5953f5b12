"""Makes rows for tests: `build()` in memory, `await create(session)` committed in the database."""
