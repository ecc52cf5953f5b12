"""Input schemas of accounts."""

from typing import Any

import pytest
from pydantic import ValidationError

from backend.accounts.models.customer import Role
from backend.accounts.schemas.accounts import (
    CustomerOut,
    CustomerPatch,
    LoginIn,
    ProfilePatch,
    RegisterIn,
)
from backend.tests.factories.accounts import CustomerFactory
from backend.tests.fakes.accounts.unit_of_work import FakeAccountsUnitOfWork

GOOD = {"email": "Ada@Example.com", "password": "long enough", "full_name": " Ada "}


def test_an_address_becomes_lower_case_and_a_name_loses_its_spaces() -> None:
    account = RegisterIn.model_validate(GOOD)
    assert (account.email, account.full_name, account.phone) == ("ada@example.com", "Ada", None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "no address"),
        ("email", "a@b"),
        ("email", f"{'x' * 250}@example.com"),
        ("password", "too short"),
        ("password", " " * 12),
        ("password", "x" * 129),
        ("full_name", ""),
        ("full_name", "   "),
        ("full_name", "x" * 121),
        ("full_name", "nul\x00"),
        ("phone", "call me"),
        ("phone", "1234"),
        ("phone", "+" + "1" * 40),
        ("role", "admin"),
        ("is_active", True),
    ],
)
def test_what_is_wrong_is_refused(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refusal:
        RegisterIn.model_validate(GOOD | {field: value})
    assert [error["loc"] for error in refusal.value.errors()] == [(field,)]


@pytest.mark.parametrize("field", GOOD)
@pytest.mark.parametrize("how", ["missing", "null"])
def test_required_fields_are_required(field: str, how: str) -> None:
    body = {k: v for k, v in GOOD.items() if k != field} | ({field: None} if how == "null" else {})
    with pytest.raises(ValidationError):
        RegisterIn.model_validate(body)


@pytest.mark.parametrize("phone", ["+44 20 7946 0001", "(030) 901820", "12345", "030/90-18"])
def test_phone_numbers_have_many_formats(phone: str) -> None:
    assert RegisterIn.model_validate(GOOD | {"phone": phone}).phone == phone


def test_a_login_accepts_any_text_of_limited_length() -> None:
    assert LoginIn(email="whatever", password="")
    with pytest.raises(ValidationError):
        LoginIn(email="x" * 255, password="")


class TestPatch:
    def test_only_what_was_sent_changes(self) -> None:
        assert ProfilePatch.model_validate({}).changes() == {}
        assert ProfilePatch.model_validate({"phone": None}).changes() == {"phone": None}
        assert ProfilePatch.model_validate({"full_name": "A"}).changes() == {"full_name": "A"}

    @pytest.mark.parametrize("field", ["full_name", "role", "is_active"])
    def test_null_is_only_for_optional_fields(self, field: str) -> None:
        with pytest.raises(ValidationError):
            CustomerPatch.model_validate({field: None})

    @pytest.mark.parametrize("value", [0, 1, "true", "no"])
    def test_a_number_or_string_is_not_a_boolean(self, value: Any) -> None:
        with pytest.raises(ValidationError, match="must be true or false"):
            CustomerPatch.model_validate({"is_active": value})

    @pytest.mark.parametrize("field", ["role", "email", "password_hash", "id"])
    def test_customers_cannot_change_everything(self, field: str) -> None:
        with pytest.raises(ValidationError):
            ProfilePatch.model_validate({field: "admin"})

    def test_admins_may_change_more(self) -> None:
        patch = CustomerPatch.model_validate({"role": "admin", "is_active": False})
        assert patch.changes() == {"role": Role.ADMIN, "is_active": False}


async def test_no_password_is_returned() -> None:
    customer = CustomerFactory.build()
    await FakeAccountsUnitOfWork().customers.add(customer)
    assert "password" not in CustomerOut.model_validate(customer).model_dump_json()
