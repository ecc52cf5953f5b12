"""A test of the offline level that reaches for the network fails, with a sentence."""

from tests.harness.conftest import RunSuite

NETWORK = """
    import asyncio, contextlib, http.client, socket as module
    from socket import AF_INET, SOCK_DGRAM, getaddrinfo, socket
    import pytest

    def test_connect(): http.client.HTTPConnection("127.0.0.1", 9).connect()
    def test_look_up(): getaddrinfo("localhost", 80)
    def test_listen(): socket().bind(("127.0.0.1", 0))
    def test_datagram(): socket(AF_INET, SOCK_DGRAM).sendto(b"", ("127.0.0.1", 9))

    async def test_async():
        await asyncio.open_connection("localhost", 9)

    def test_swallowed():
        with contextlib.suppress(Exception):
            http.client.HTTPConnection("127.0.0.1", 9).connect()

    def test_open_before(shared_socket): shared_socket.connect(("127.0.0.1", 9))

    @pytest.fixture(scope="session")
    def worker_db_url(): return "postgresql://"

    @pytest.fixture
    def session(worker_db_url): ...

    def test_database(session): ...

    @pytest.fixture
    def teardown():
        yield
        socket().close()

    def test_a_teardown_may_use_it(teardown): ...
    async def test_an_event_loop_is_fine(): await asyncio.sleep(0)
    def test_a_loop_of_its_own_is_fine(): asyncio.run(asyncio.sleep(0))
    def test_a_pair_is_fine(): [end.close() for end in module.socketpair()]
"""
CONFTEST = """
    import socket
    import pytest

    MADE = socket.socket()

    @pytest.fixture
    def shared_socket(): return MADE

    def pytest_sessionfinish(): MADE.close()

    CONNECT = socket.socket.connect

    def pytest_runtest_teardown():  # as pytest-socket does, also where nobody uses it
        socket.socket.connect = CONNECT
"""
ELSEWHERE = """
    import socket

    def test_other_levels_have_a_network():
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
"""


def test_only_offline_tests_are_refused_the_network(run: RunSuite) -> None:
    run_of_all = run(
        {
            "tests/unit/test_network.py": NETWORK,
            "tests/conftest.py": CONFTEST,
            "tests/integration/test_local.py": ELSEWHERE,
        }
    )
    assert run_of_all.passed == {
        "test_a_teardown_may_use_it",
        "test_an_event_loop_is_fine",
        "test_a_loop_of_its_own_is_fine",
        "test_a_pair_is_fine",
        "test_other_levels_have_a_network",
    }, run_of_all.output
    messages = run_of_all.messages
    for name in ("connect", "look_up", "listen", "datagram", "async", "swallowed", "open_before"):
        assert "A test in unit/ must not use the network" in messages[f"test_{name}"], messages
        assert "pass a fake in, or move the test to integration/." in messages[f"test_{name}"]
    assert "asks for worker_db_url: move the test to integration/." in messages["test_database"]
