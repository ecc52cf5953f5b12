"""Each test starts with the Redis that shared fixtures have left, and nothing else."""

import textwrap

import pytest

from tests.harness.conftest import Run, RunSuite
from tests.harness.redis.conftest import CONFTEST, SETTINGS, WITHOUT_PREFIX, Given

# In pairs: each test of a pair passes only if nothing of the other is left, in any order.
WRITES = """
    import pytest
    from tests.conftest import PREFIX, application

    KEY = f"{PREFIX}key"

    @pytest.mark.parametrize("number", range(3))
    def test_keys_of_all_kinds_and_databases(number):
        assert application.keys(f"{PREFIX}*") == []
        application.set(KEY, number, ex=100)
        application.xadd(f"{PREFIX}stream", {"a": number})
        application.xgroup_create(f"{PREFIX}stream", "group")
        application.hset(f"{PREFIX}hash", "field", number)
        other = application.from_url(URL.replace("/0", "/3"))
        assert other.get(KEY) is None
        other.set(KEY, number)

    @pytest.mark.parametrize("number", range(2))
    def test_a_transaction_and_a_pipeline(number):
        assert application.incr(KEY) == 1
        with application.pipeline(transaction=True) as pipeline:
            pipeline.incr(KEY).incr(KEY).execute()

    @pytest.mark.parametrize("number", range(2))
    async def test_the_fixtures(real_redis, worker_redis_url, number):
        assert await real_redis.set(KEY, number, nx=True)
        assert worker_redis_url == URL
        assert application.get(KEY) == str(number).encode()

    @pytest.mark.parametrize("number", range(2))
    def test_one_that_fails(number):
        assert application.get(KEY) is None
        application.set(KEY, number)
        assert number == 5, "on purpose"

    def test_a_script():
        assert application.eval("return redis.call('INCR', KEYS[1])", 1, KEY) == 1
""".replace("    KEY =", '    import os\n\n    URL = os.environ["REDIS_URL"]\n    KEY =')
NO_PREFIX = WRITES.replace("{PREFIX}", "")
OWN_SERVER = """
    import pytest
    from tests.conftest import application

    @pytest.mark.parametrize("number", range(2))
    def test_what_belongs_to_the_server(number):
        assert application.config_get("notify-keyspace-events") == {"notify-keyspace-events": ""}
        assert application.acl_users() == ["default"]
        assert application.function_list() == []
        application.config_set("notify-keyspace-events", "KEA")
        application.acl_setuser("somebody", enabled=True, nopass=True, categories=["+@all"])
        application.function_load(
            "#!lua name=lib\\nredis.register_function('one', function() return 1 end)"
        )
        assert application.fcall("one", 0) == 1

    @pytest.mark.parametrize("number", range(2))
    def test_counters_that_a_test_resets(number):
        assert application.dbsize() == 0
        application.set("a", 1)
        application.save()
        application.config_resetstat()

    @pytest.mark.parametrize("number", range(2))
    def test_writes_are_paused(number):
        application.set("a", 1)
        application.client_pause(60_000, all=False)

    def test_everything_is_paused():
        application.set("a", 1)
        application.client_pause(60_000)
"""
WIDE = """
    import pytest
    from tests.conftest import PREFIX, application

    @pytest.fixture(scope="session", autouse=True)
    def consumers():
        application.xgroup_create(f"{PREFIX}stream", "group", mkstream=True)
        application.set(f"{PREFIX}seed", "session", px=3_600_000)
        yield

    @pytest.fixture(scope="class")
    def of_a_class():
        application.set(f"{PREFIX}class", "here")
        yield
        application.set(f"{PREFIX}more", "from its teardown")

    class TestWithFixture:
        @pytest.mark.parametrize("number", range(3))
        def test_it(self, of_a_class, number):
            assert application.get(f"{PREFIX}class") == b"here"
            assert application.xlen(f"{PREFIX}stream") == 0
            application.delete(f"{PREFIX}class")
            application.set(f"{PREFIX}seed", "changed")
            application.xadd(f"{PREFIX}stream", {"a": 1})
            read = application.xreadgroup("group", "me", {f"{PREFIX}stream": ">"})
            assert len(read) == 1

    class TestWithout:
        @pytest.mark.parametrize("number", range(2))
        def test_it(self, number):
            assert application.get(f"{PREFIX}class") is None
            assert application.get(f"{PREFIX}more") is None
            assert application.get(f"{PREFIX}seed") == b"session"
            assert 0 < application.pttl(f"{PREFIX}seed") <= 3_600_000
            application.flushdb() if not PREFIX else application.delete(f"{PREFIX}seed")
"""
FORGETS = """
    import pytest
    import redis
    from tests.conftest import PREFIX, application

    def test_a_key():
        application.set("key", 1)

    def test_a_channel():
        application.publish("channel", "hello")

    def test_another_runs_key():
        application.set("test_other_00000000_gw0:key", 1)

    def test_the_whole_server():
        application.flushall()

    def test_with_its_prefix():
        application.set(f"{PREFIX}key", 1)
        with application.pubsub() as subscriber:
            subscriber.subscribe(f"{PREFIX}channel")
            assert subscriber.get_message(timeout=5)["type"] == "subscribe"
            assert application.publish(f"{PREFIX}channel", "hello") == 1
            assert application.info("server")["redis_version"]
"""


def files(**modules: str) -> dict[str, str]:
    tests = {f"tests/integration/test_{name}.py": source for name, source in modules.items()}
    return {"tests/conftest.py": textwrap.dedent(CONFTEST), **tests}


def failures(result: Run) -> list[str]:
    return sorted(name for name, outcome in result.outcomes.items() if outcome != "passed")


@pytest.mark.parametrize("options", [("-p", "no:xdist"), ("-n2",)], ids=["serial", "two-workers"])
def test_with_a_prefix(run: RunSuite, options: tuple[str, ...]) -> None:
    result = run(files(writes=WRITES), *options, settings=SETTINGS)

    assert failures(result) == ["test_one_that_fails[0]", "test_one_that_fails[1]"]
    assert result.output.count("on purpose") >= 2, result.output
    assert "Valkey 9.1 embedded" in result.properties["services"]


def test_without_a_prefix(run: RunSuite) -> None:
    """The application needs no change: the server is the worker's own."""
    given = files(writes=NO_PREFIX, own_server=OWN_SERVER)
    result = run(given, "-n2", settings=WITHOUT_PREFIX)

    assert failures(result) == ["test_one_that_fails[0]", "test_one_that_fails[1]"]
    assert result.output.count("on purpose") >= 2, result.output


def test_on_a_given_server(run: RunSuite, given: Given) -> None:
    given.admin.set("key", "somebody else's")
    result = run(files(writes=WRITES), "-n2", settings=SETTINGS)

    assert failures(result) == ["test_one_that_fails[0]", "test_one_that_fails[1]"]
    assert "Valkey 9.1 given" in result.properties["services"]
    assert given.keys() == [b"key"]
    assert given.users() == []


@pytest.mark.parametrize("source", ["embedded", "given", "without-prefix"])
def test_shared_fixtures_keep_what_they_wrote(
    run: RunSuite, request: pytest.FixtureRequest, source: str
) -> None:
    if source == "given":
        request.getfixturevalue("given")
    settings = WITHOUT_PREFIX if source == "without-prefix" else SETTINGS
    result = run(files(wide=WIDE), settings=settings)

    assert "5 passed" in result.output, result.output


@pytest.mark.parametrize("source", ["embedded", "given"])
def test_an_application_that_forgets_its_prefix_fails(
    run: RunSuite, request: pytest.FixtureRequest, source: str
) -> None:
    if source == "given":
        request.getfixturevalue("given")
    result = run(files(forgets=FORGETS), settings=SETTINGS)

    assert result.passed == {"test_with_its_prefix"}, result.output
    assert all("NoPermission" in text for text in result.messages.values()), result.messages
