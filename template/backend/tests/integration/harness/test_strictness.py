"""What a test must not do fails it, with a sentence."""

import pytest

from backend.tests.plugins.inner_run import RunInner

NETWORK = """
    import asyncio, contextlib, http.client
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

    @pytest.fixture(scope="session")
    def worker_db_url(): return "postgresql://"

    def test_database(worker_db_url): ...

    async def test_an_event_loop_is_fine(): await asyncio.sleep(0)
    def test_a_loop_of_its_own_is_fine(): asyncio.run(asyncio.sleep(0))
"""
INTEGRATION = """
    import socket

    def test_integration_has_a_network():
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
"""
WARNINGS = """
    import asyncio, warnings

    def test_1_warns(): warnings.warn("old", DeprecationWarning)
    async def test_2_forgets_to_await(): asyncio.sleep(0)
    def test_3_hides_an_error():
        class Broken:
            def __del__(self): raise ValueError("in __del__")
        Broken()
    def test_4_leaks_a_file(): open(__file__)
    def test_5_is_innocent(): ...
    async def test_6_is_innocent(): ...
"""
FAILURE = """
    import json

    def parse(text):
        try:
            return json.loads(text)
        except ValueError as error:
            raise RuntimeError("no JSON") from error

    def test_parse(): parse("{")
"""


@pytest.mark.slow
def test_network_in_unit_tests_and_warnings_fail_the_test_that_caused_them(
    inner_run: RunInner,
) -> None:
    run = inner_run(
        {
            "tests/unit/test_network.py": NETWORK,
            "tests/unit/test_warnings.py": WARNINGS,
            "tests/unit/test_failure.py": FAILURE,
            "tests/integration/test_local.py": INTEGRATION,
        }
    )
    assert run.passed == {
        "test_an_event_loop_is_fine",
        "test_a_loop_of_its_own_is_fine",
        "test_integration_has_a_network",
        "test_5_is_innocent",
        "test_6_is_innocent",
    }, run.output
    for name in ("connect", "look_up", "listen", "datagram", "async", "swallowed"):
        assert "A unit test must not use the network" in run.messages[f"test_{name}"], run.messages
    assert "asks for worker_db_url: move it to integration/" in run.messages["test_database"]
    assert "never awaited" in run.messages["test_2_forgets_to_await"]
    # a failure shows the project's frames and the causes, but no library's frames
    failure = run.messages["test_parse"]
    assert "return json.loads(text)" in failure
    assert "JSONDecodeError" in failure
    assert "RuntimeError: no JSON" in failure
    assert "raw_decode" not in failure


@pytest.mark.slow
def test_a_file_outside_the_layers_and_an_unknown_marker_are_refused(inner_run: RunInner) -> None:
    unknown = "import pytest\n@pytest.mark.slwo\ndef test_marker(): ..."
    run = inner_run(
        {"tests/test_loose.py": "def test_loose(): ...", "tests/unit/test_marker.py": unknown}
    )
    assert run.exit_code == pytest.ExitCode.INTERRUPTED
    assert "tests/test_loose.py is outside every layer: move it into" in run.output
    assert "'slwo' not found in `markers`" in run.output
