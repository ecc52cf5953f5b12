"""Many database connections that are one: a test is rolled back at the price of a round trip.

The application's engine asks for connections; in tests it gets `VirtualConnection`s, which look
like asyncpg connections to SQLAlchemy and all speak over one real connection whose outer
transaction is never committed. A virtual BEGIN is a SAVEPOINT, a virtual COMMIT keeps it, a
virtual ROLLBACK goes back to it. The end of a test costs no I/O: the next statement starts with
`ROLLBACK AND CHAIN`, in the same message.

What a real server would do is either done or refused, never imitated wrongly:

- The application's transactions take turns, so concurrent requests run one after the other.
  The test's own sessions take no turns, so that a test may look while its transaction is open.
- Every statement runs under a savepoint of its own transaction. A rollback that would also undo
  what another transaction wrote is refused, with a sentence that names `committed_db`.
- A failed statement fails its own transaction only, as if each had a connection of its own.

What one connection cannot show (NOTIFY, isolation levels, row locks between transactions,
AUTOCOMMIT) is refused in the same way. `committed_db` gives real connections and real commits.
"""
