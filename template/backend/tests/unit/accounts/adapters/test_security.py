"""Password hashing and tokens."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
from pydantic import SecretStr, ValidationError

from backend.accounts.adapters.security import AuthSettings, PasswordHasher, TokenKind, TokenService
from backend.core.errors import AuthenticationError
from backend.tests.fakes.accounts.container import AUTH
from backend.tests.fakes.clock import FakeClock

KEY = AUTH.auth_signing_key.get_secret_value()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def tokens(clock: FakeClock) -> TokenService:
    return TokenService(AUTH, clock)


NO_TIMES = [
    *(10**20, -(10**20), 10**400, 10**12, -(10**12), 1e308, float("inf"), float("nan")),
    *("", "1", "1e400", [1], {}),
]
"""Values of a claim that are no point in time."""


def sign(clock: FakeClock, key: str = KEY, **changes: Any) -> str:
    """Sign a valid access token with some claims changed; None omits one."""
    claims = {
        "sub": str(uuid4()),
        "typ": "access",
        "jti": str(uuid4()),
        "iss": AUTH.auth_issuer,
        "aud": AUTH.auth_audience,
        "iat": clock(),
        "exp": clock() + timedelta(minutes=5),
    } | changes
    return jwt.encode({k: v for k, v in claims.items() if v is not None}, key, algorithm="HS256")


class TestPasswords:
    async def test_only_the_right_password_matches(self) -> None:
        passwords = PasswordHasher(AUTH)
        password_hash = await passwords.hash("a password")
        assert await passwords.verify("a password", password_hash)
        assert not await passwords.verify("another", password_hash)

    async def test_each_hash_of_a_password_differs(self) -> None:
        passwords = PasswordHasher(AUTH)
        assert await passwords.hash("same") != await passwords.hash("same")

    @pytest.mark.parametrize("password_hash", [None, "", "not a hash"])
    async def test_without_a_hash_no_password_matches(self, password_hash: str | None) -> None:
        passwords = PasswordHasher(AUTH)
        assert not await passwords.verify("nobody has this password", password_hash)

    async def test_a_hash_with_other_parameters_needs_a_rehash(self) -> None:
        password_hash = await PasswordHasher(AUTH).hash("a password")
        stronger = PasswordHasher(AUTH.model_copy(update={"argon2_time_cost": 2}))
        assert not PasswordHasher(AUTH).needs_rehash(password_hash)
        assert stronger.needs_rehash(password_hash)
        assert await stronger.verify("a password", password_hash)


class TestTokens:
    @pytest.mark.parametrize("kind", TokenKind)
    def test_an_issued_token_has_its_claims(self, tokens: TokenService, kind: TokenKind) -> None:
        subject, token_id = uuid4(), uuid4()
        claims = tokens.check(tokens.issue(kind, subject=subject, token_id=token_id), kind)
        assert (claims.subject, claims.token_id, claims.kind) == (subject, token_id, kind)

    def test_a_token_signed_by_hand_is_valid(self, tokens: TokenService, clock: FakeClock) -> None:
        assert tokens.check(sign(clock), TokenKind.ACCESS)

    @pytest.mark.parametrize("kind", TokenKind)
    def test_each_kind_is_rejected_as_the_other(
        self, tokens: TokenService, kind: TokenKind
    ) -> None:
        token = tokens.issue(kind, subject=uuid4(), token_id=uuid4())
        (other,) = set(TokenKind) - {kind}
        with pytest.raises(AuthenticationError, match=f"not an {other} token"):
            tokens.check(token, other)

    def test_it_is_valid_until_it_expires(self, tokens: TokenService, clock: FakeClock) -> None:
        token = tokens.issue(TokenKind.ACCESS, subject=uuid4(), token_id=uuid4())
        clock.advance(AUTH.access_token_seconds - 1)
        assert tokens.check(token, TokenKind.ACCESS)
        clock.advance(1)
        with pytest.raises(AuthenticationError, match="expired"):
            tokens.check(token, TokenKind.ACCESS)

    @pytest.mark.parametrize(
        "changes",
        [
            {"aud": "another-api"},
            {"iss": "somebody else"},
            {"sub": "no uuid"},
            {"jti": "no uuid"},
            {"typ": "admin"},
            *({claim: value} for claim in ("exp", "iat") for value in NO_TIMES),
            *({claim: None} for claim in ("sub", "typ", "jti", "iss", "aud", "iat", "exp")),
        ],
        ids=str,
    )
    def test_claims_that_are_wrong_or_missing_are_refused(
        self, tokens: TokenService, clock: FakeClock, changes: dict[str, Any]
    ) -> None:
        with pytest.raises(AuthenticationError):
            tokens.check(sign(clock, **changes), TokenKind.ACCESS)

    def test_a_negative_time_is_long_ago(self, tokens: TokenService, clock: FakeClock) -> None:
        assert tokens.check(sign(clock, iat=-1), TokenKind.ACCESS)
        with pytest.raises(AuthenticationError, match="expired"):
            tokens.check(sign(clock, exp=-1), TokenKind.ACCESS)

    def test_it_is_not_valid_before_its_issue_except_for_clock_skew(
        self, tokens: TokenService, clock: FakeClock
    ) -> None:
        for seconds, is_good in ((60, True), (61, False)):
            token = sign(clock, iat=clock() + timedelta(seconds=seconds))
            if is_good:
                assert tokens.check(token, TokenKind.ACCESS)
            else:
                with pytest.raises(AuthenticationError, match="not valid yet"):
                    tokens.check(token, TokenKind.ACCESS)

    def test_another_key_is_refused(self, tokens: TokenService, clock: FakeClock) -> None:
        with pytest.raises(AuthenticationError):
            tokens.check(sign(clock, key="x" * 32), TokenKind.ACCESS)

    def test_an_unsigned_token_is_refused(self, tokens: TokenService, clock: FakeClock) -> None:
        claims = jwt.decode(sign(clock), options={"verify_signature": False})
        with pytest.raises(AuthenticationError):
            tokens.check(jwt.encode(claims, "", algorithm="none"), TokenKind.ACCESS)

    @pytest.mark.parametrize("token", ["", "abc", "a.b.c", "é.é.é"])
    def test_nonsense_is_refused(self, tokens: TokenService, token: str) -> None:
        with pytest.raises(AuthenticationError):
            tokens.check(token, TokenKind.ACCESS)


class TestSettings:
    @pytest.mark.parametrize("key", ["change-me-in-production-change-me", "short", ""])
    def test_production_refuses_a_weak_key(self, key: str) -> None:
        with pytest.raises(ValidationError, match="AUTH_SIGNING_KEY"):
            AuthSettings(environment="production", auth_signing_key=SecretStr(key))

    def test_production_takes_a_good_key(self) -> None:
        assert AuthSettings(
            environment="production", auth_signing_key=SecretStr("nR3vVq0mYk1cXw8sT5bJ7hLz2pDf9gAe")
        )
