"""Plans of the application's queries, on tables large enough for an index."""

from collections.abc import Awaitable, Callable

import pytest

from backend.shop.repositories.unit_of_work import ShopUnitOfWork
from backend.tests.fixtures.accounts.plans import FILL_CUSTOMERS
from backend.tests.fixtures.accounts.plans import Explain as ExplainStatements

Query = Callable[[ShopUnitOfWork], Awaitable[object]]
Explain = Callable[[str, Query], Awaitable[str]]

FILL = {
    "product": (
        """INSERT INTO product (id, sku, name, price, created_at)
           SELECT gen_random_uuid(), 'SKU-' || n, md5(n::text), 1,
                  TIMESTAMPTZ 'epoch' + n * INTERVAL '1 h'
           FROM generate_series(1, 3000) n""",
        # As autovacuum would: new entries of the GIN index are in a list that is scanned fully.
        "SELECT gin_clean_pending_list('ix_product_name_trgm')",
    ),
    "order": (
        FILL_CUSTOMERS,
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
def explain(explain: ExplainStatements) -> Explain:
    """Fills a table, runs a query and returns the plan of its first statement."""

    async def explain_query(table: str, query: Query) -> str:
        fill = [*FILL[table], f'ANALYZE "{table}"']
        return await explain(fill, lambda session: query(ShopUnitOfWork(session)))

    return explain_query
