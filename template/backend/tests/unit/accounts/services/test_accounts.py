"""The account service."""

from unittest.mock import AsyncMock
from uuid import uuid4

import pytest

from backend.accounts.adapters.login_limiter import TooManyAttemptsError
from backend.accounts.adapters.security import TokenKind
from backend.accounts.models.customer import Customer, Role
from backend.accounts.services.accounts import AccountService
from backend.core.errors import (
    AuthenticationError,
    ConflictError,
    NotFoundError,
    UnavailableError,
)
from backend.tests.factories.accounts import PASSWORD, CustomerFactory, RefreshTokenFactory
from backend.tests.fakes.accounts.container import AUTH, FakeAccounts
from backend.tests.fakes.accounts.unit_of_work import FakeAccountsUnitOfWork

CLIENT = "192.0.2.1"


@pytest.fixture
def accounts(fake_accounts: FakeAccounts, uow: FakeAccountsUnitOfWork) -> AccountService:
    return fake_accounts.accounts.accounts(uow)


class TestRegister:
    async def test_it_creates_an_active_customer_with_a_hashed_password(
        self, accounts: AccountService, uow: FakeAccountsUnitOfWork
    ) -> None:
        await accounts.register(email="ada@example.com", password=PASSWORD, full_name="Ada")
        customer = await uow.customers.find_by_email("ada@example.com")
        assert customer is not None
        assert (customer.role, customer.is_active) == (Role.CUSTOMER, True)
        assert PASSWORD not in customer.password_hash
        assert uow.commits == 1

    async def test_a_taken_address_in_any_case_is_neither_changed_nor_notified(
        self, accounts: AccountService, customer: Customer, uow: FakeAccountsUnitOfWork
    ) -> None:
        before = (customer.full_name, customer.password_hash)
        await accounts.register(email=customer.email.upper(), password="another", full_name="Ada")
        assert (await uow.customers.list()).items == [customer]
        assert (customer.full_name, customer.password_hash) == before


class TestLogIn:
    async def test_it_returns_tokens_of_the_customer(
        self, accounts: AccountService, customer: Customer
    ) -> None:
        pair = await accounts.log_in(email=customer.email, password=PASSWORD, client=CLIENT)
        assert pair.expires_in == AUTH.access_token_seconds
        assert await accounts.authenticate(pair.access_token) is customer

    @pytest.mark.parametrize("password", ["", "wrong", PASSWORD.upper(), PASSWORD + " "])
    async def test_a_wrong_password_is_refused(
        self, accounts: AccountService, customer: Customer, password: str
    ) -> None:
        with pytest.raises(AuthenticationError):
            await accounts.log_in(email=customer.email, password=password, client=CLIENT)

    async def test_unknown_wrong_and_inactive_get_the_same_error(
        self, accounts: AccountService, customer: Customer, uow: FakeAccountsUnitOfWork
    ) -> None:
        inactive = CustomerFactory.build(is_active=False)
        await uow.customers.add(inactive)
        answers = set()
        for email, password in [
            ("nobody@example.com", PASSWORD),
            (customer.email, "wrong"),
            (inactive.email, PASSWORD),
        ]:
            with pytest.raises(AuthenticationError) as refusal:
                await accounts.log_in(email=email, password=password, client=CLIENT)
            answers.add(refusal.value.message)
        assert len(answers) == 1

    async def test_no_transaction_is_open_while_the_password_is_hashed(
        self, accounts: AccountService, customer: Customer, uow: FakeAccountsUnitOfWork
    ) -> None:
        with pytest.raises(AuthenticationError):
            await accounts.log_in(email=customer.email, password="wrong", client=CLIENT)
        assert uow.commits == 1

    async def test_an_old_hash_is_replaced(
        self, fake_accounts: FakeAccounts, customer: Customer
    ) -> None:
        old = customer.password_hash
        stronger = FakeAccounts(auth=AUTH.model_copy(update={"argon2_time_cost": 2}))
        await stronger.uow.customers.add(customer)
        accounts = stronger.accounts.accounts(stronger.uow)
        await accounts.log_in(email=customer.email, password=PASSWORD, client=CLIENT)
        assert customer.password_hash != old
        assert await accounts.log_in(email=customer.email, password=PASSWORD, client=CLIENT)


class TestLimit:
    async def test_after_too_many_wrong_passwords_the_right_one_is_limited_too(
        self, accounts: AccountService, fake_accounts: FakeAccounts, customer: Customer
    ) -> None:
        for _ in range(AUTH.login_attempts_per_account):
            with pytest.raises(AuthenticationError):
                await accounts.log_in(email=customer.email, password="wrong", client=CLIENT)
        with pytest.raises(TooManyAttemptsError):
            await accounts.log_in(email=customer.email.upper(), password=PASSWORD, client="other")
        fake_accounts.clock.advance(AUTH.login_attempts_seconds)
        assert await accounts.log_in(email=customer.email, password=PASSWORD, client=CLIENT)

    async def test_right_passwords_are_not_limited(
        self, accounts: AccountService, customer: Customer
    ) -> None:
        for _ in range(AUTH.login_attempts_per_client + 1):
            assert await accounts.log_in(email=customer.email, password=PASSWORD, client=CLIENT)

    async def test_an_unavailable_database_costs_no_attempt(
        self,
        accounts: AccountService,
        customer: Customer,
        uow: FakeAccountsUnitOfWork,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(uow.customers, "find_by_email", AsyncMock(side_effect=UnavailableError))
            for _ in range(AUTH.login_attempts_per_account):
                with pytest.raises(UnavailableError):
                    await accounts.log_in(email=customer.email, password=PASSWORD, client=CLIENT)
        assert await accounts.log_in(email=customer.email, password=PASSWORD, client=CLIENT)


class TestDeleteExpiredTokens:
    async def test_tokens_are_deleted_once_they_have_expired(
        self, accounts: AccountService, fake_accounts: FakeAccounts, customer: Customer
    ) -> None:
        token = RefreshTokenFactory.build(customer=customer, expires_at=fake_accounts.clock.now)
        await fake_accounts.uow.refresh_tokens.add(token)
        assert await accounts.delete_expired_tokens() == 0
        fake_accounts.clock.advance(1)
        assert await accounts.delete_expired_tokens() == 1


class TestRefresh:
    async def test_each_token_works_once_and_returns_the_next(
        self, accounts: AccountService, customer: Customer
    ) -> None:
        pair = await accounts.log_in(email=customer.email, password=PASSWORD, client=CLIENT)
        for _ in range(3):
            following = await accounts.refresh(pair.refresh_token)
            assert following.refresh_token != pair.refresh_token
            pair = following

    async def test_a_copy_revokes_the_whole_family(
        self, accounts: AccountService, customer: Customer
    ) -> None:
        first = await accounts.log_in(email=customer.email, password=PASSWORD, client=CLIENT)
        second = await accounts.refresh(first.refresh_token)
        with pytest.raises(AuthenticationError, match="already used"):
            await accounts.refresh(first.refresh_token)
        with pytest.raises(AuthenticationError, match="revoked"):
            await accounts.refresh(second.refresh_token)

    async def test_a_copy_revokes_no_other_login(
        self, accounts: AccountService, customer: Customer
    ) -> None:
        stolen = await accounts.log_in(email=customer.email, password=PASSWORD, client=CLIENT)
        other = await accounts.log_in(email=customer.email, password=PASSWORD, client=CLIENT)
        await accounts.refresh(stolen.refresh_token)
        with pytest.raises(AuthenticationError):
            await accounts.refresh(stolen.refresh_token)
        assert await accounts.refresh(other.refresh_token)

    async def test_an_access_token_is_refused(
        self, accounts: AccountService, customer: Customer
    ) -> None:
        pair = await accounts.log_in(email=customer.email, password=PASSWORD, client=CLIENT)
        with pytest.raises(AuthenticationError):
            await accounts.refresh(pair.access_token)

    async def test_a_token_that_was_never_issued_is_refused(
        self, accounts: AccountService, fake_accounts: FakeAccounts, customer: Customer
    ) -> None:
        token = fake_accounts.accounts.tokens.issue(
            TokenKind.REFRESH, subject=customer.id, token_id=uuid4()
        )
        with pytest.raises(AuthenticationError, match="revoked"):
            await accounts.refresh(token)

    async def test_an_expired_token_is_refused(
        self, accounts: AccountService, fake_accounts: FakeAccounts, customer: Customer
    ) -> None:
        pair = await accounts.log_in(email=customer.email, password=PASSWORD, client=CLIENT)
        fake_accounts.clock.advance(AUTH.refresh_token_seconds)
        with pytest.raises(AuthenticationError, match="expired"):
            await accounts.refresh(pair.refresh_token)

    async def test_an_inactive_account_gets_no_tokens(
        self, accounts: AccountService, customer: Customer
    ) -> None:
        pair = await accounts.log_in(email=customer.email, password=PASSWORD, client=CLIENT)
        customer.is_active = False
        with pytest.raises(AuthenticationError, match="not active"):
            await accounts.refresh(pair.refresh_token)


class TestLogOut:
    async def test_it_revokes_the_token(self, accounts: AccountService, customer: Customer) -> None:
        pair = await accounts.log_in(email=customer.email, password=PASSWORD, client=CLIENT)
        await accounts.log_out(pair.refresh_token)
        await accounts.log_out(pair.refresh_token)
        with pytest.raises(AuthenticationError, match="revoked"):
            await accounts.refresh(pair.refresh_token)

    async def test_an_invalid_token_is_ignored(
        self, accounts: AccountService, fake_accounts: FakeAccounts, uow: FakeAccountsUnitOfWork
    ) -> None:
        await accounts.log_out("nonsense")
        assert uow.commits == 0
        await accounts.log_out(
            fake_accounts.accounts.tokens.issue(
                TokenKind.REFRESH, subject=uuid4(), token_id=uuid4()
            )
        )


class TestAuthenticate:
    async def test_an_inactive_account_is_refused_at_once(
        self, accounts: AccountService, fake_accounts: FakeAccounts, customer: Customer
    ) -> None:
        token = fake_accounts.token_for(customer)
        customer.is_active = False
        with pytest.raises(AuthenticationError):
            await accounts.authenticate(token)

    async def test_a_deleted_account_is_refused(
        self, accounts: AccountService, fake_accounts: FakeAccounts
    ) -> None:
        with pytest.raises(AuthenticationError):
            await accounts.authenticate(fake_accounts.token_for(CustomerFactory.build()))


class TestChange:
    async def test_a_customer_changes_only_what_was_sent(
        self, accounts: AccountService, customer: Customer
    ) -> None:
        name = customer.full_name
        await accounts.change_profile(customer, {"phone": "12345"})
        assert (customer.full_name, customer.phone) == (name, "12345")

    async def test_an_admin_promotes_another(
        self, accounts: AccountService, customer: Customer, admin: Customer
    ) -> None:
        changed = await accounts.change(customer.id, {"role": Role.ADMIN}, by=admin)
        assert changed.role is Role.ADMIN

    async def test_deactivating_revokes_the_tokens(
        self, accounts: AccountService, customer: Customer, admin: Customer
    ) -> None:
        pair = await accounts.log_in(email=customer.email, password=PASSWORD, client=CLIENT)
        await accounts.change(customer.id, {"is_active": False}, by=admin)
        customer.is_active = True
        with pytest.raises(AuthenticationError, match="revoked"):
            await accounts.refresh(pair.refresh_token)

    @pytest.mark.parametrize("changes", [{"is_active": False}, {"role": Role.CUSTOMER}], ids=str)
    async def test_admins_cannot_lock_themselves_out(
        self, accounts: AccountService, admin: Customer, changes: dict[str, object]
    ) -> None:
        with pytest.raises(ConflictError):
            await accounts.change(admin.id, changes, by=admin)
        assert (admin.role, admin.is_active) == (Role.ADMIN, True)

    async def test_an_unknown_customer_cannot_be_changed(
        self, accounts: AccountService, admin: Customer
    ) -> None:
        with pytest.raises(NotFoundError):
            await accounts.change(uuid4(), {}, by=admin)
