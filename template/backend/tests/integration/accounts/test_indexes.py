"""Queries use their indexes."""

from backend.accounts.repositories.unit_of_work import AccountsUnitOfWork
from backend.tests.fixtures.accounts.plans import FILL_CUSTOMERS, Explain


async def test_a_login_finds_the_address_in_any_case_by_index(explain: Explain) -> None:
    plan = await explain(
        [FILL_CUSTOMERS, "ANALYZE customer"],
        lambda session: AccountsUnitOfWork(session).customers.find_by_email("Ann@Example.com"),
    )
    assert "uq_customer_email_lower" in plan
