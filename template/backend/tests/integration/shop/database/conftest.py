"""Plans of the application's own queries, on tables that are worth an index."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import event, text

from backend.core.database import Database
from backend.shop.repositories.unit_of_work import ShopUnitOfWork

Query = Callable[[ShopUnitOfWork], Awaitable[object]]
Explain = Callable[[str, Query], Awaitable[str]]

CUSTOMERS = """
    INSERT INTO customer (id, email, full_name, password_hash)
    SELECT lpad(to_hex(n), 32, '0')::uuid, n || '@example.com', 'Customer ' || n, ''
    FROM generate_series(1, 500) n"""
FILL = {
    "customer": (CUSTOMERS,),
    "product": (
        """INSERT INTO product (id, sku, name, price, created_at)
           SELECT gen_random_uuid(), 'SKU-' || n, md5(n::text), 1,
                  TIMESTAMPTZ 'epoch' + n * INTERVAL '1 h'
           FROM generate_series(1, 3000) n""",
        # As autovacuum does in time: new entries wait in a list that is read from end to end.
        "SELECT gin_clean_pending_list('ix_product_name_trgm')",
    ),
    "order": (
        CUSTOMERS,
        """INSERT INTO "order" (id, customer_id, status, total, created_at)
           SELECT gen_random_uuid(), lpad(to_hex(1 + n % 5), 32, '0')::uuid,
                  (ARRAY['pending', 'paid', 'shipped', 'expired'])[1 + n % 4], 1,
                  TIMESTAMPTZ 'epoch' + n * INTERVAL '1 h'
           FROM generate_series(1, 1000) n""",
    ),
    "outbox_event": (
        """INSERT INTO outbox_event (id, topic, type, payload, status)
           SELECT gen_random_uuid(), 'order:1', 'order.paid', '{}',
                  CASE WHEN n % 50 = 0 THEN 'pending' ELSE 'delivered' END
           FROM generate_series(1, 1000) n""",
    ),
}


@pytest.fixture
def explain(integration_db: Database) -> Explain:
    """Fills a table, runs a query and returns the plan of its first statement."""

    async def explain(table: str, query: Query) -> str:
        sent: list[tuple[str, Any]] = []

        def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
            sent.append((statement, parameters))

        engine = integration_db.engine.sync_engine
        async with integration_db.session() as session:
            for statement in (*FILL[table], f'ANALYZE "{table}"'):
                await session.execute(text(statement))
            event.listen(engine, "before_cursor_execute", note)
            try:
                await query(ShopUnitOfWork(session))
            finally:
                event.remove(engine, "before_cursor_execute", note)
            statement, parameters = sent[0]
            connection = await session.connection()
            plan = await connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
            return "\n".join(plan.scalars())

    return explain
