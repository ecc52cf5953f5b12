"""Where the server will be is known before anything is started."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_greenfield.services.ports import ReservedPort
from pytest_greenfield.services.postgres.address import Address, libpq_environment
from pytest_greenfield.services.postgres.service import Postgres

PLAN = """
import os, sys, time
from pathlib import Path
import pytest, tomllib  # what a run has imported before it plans
from pytest_greenfield.services.postgres.service import Postgres
times = []
for _ in range(5):
    begun = time.process_time()
    Postgres.plan(root=Path("."), settings_migrations="", environ=os.environ).stop()
    times.append(time.process_time() - begun)
print(min(times), sorted({"psycopg", "sqlalchemy", "alembic", "asyncio"} & set(sys.modules)))
"""


def test_a_plan_takes_no_time_and_imports_no_driver(project: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PLAN], cwd=project, capture_output=True, text=True, check=True
    )
    seconds, modules = done.stdout.split(" ", 1)
    assert float(seconds) < 0.005
    assert "psycopg" not in modules
    assert "sqlalchemy" not in modules


def test_a_planned_server_is_not_started(project: Path) -> None:
    postgres = Postgres.plan(root=project, settings_migrations="", environ=os.environ)
    try:
        address = postgres.worker_address("gw3")
        assert re.fullmatch(r"test_my_app_[0-9a-f]{8}_gw3", address.database)
        with socket.socket() as probe:
            assert probe.connect_ex((address.host, address.port)) != 0
    finally:
        postgres.stop()


def test_two_plans_have_ports_of_their_own_outside_the_range_of_outgoing_connections(
    project: Path,
) -> None:
    ports = [ReservedPort() for _ in range(20)]
    try:
        numbers = {port.number for port in ports}
        assert len(numbers) == 20
        outgoing = Path("/proc/sys/net/ipv4/ip_local_port_range")
        if outgoing.exists():
            low, high = (int(part) for part in outgoing.read_text("ascii").split())
            assert not [number for number in numbers if low <= number <= high]
    finally:
        for port in ports:
            port.release()


def test_the_password_is_kept_in_the_cache(project: Path, cache: Path) -> None:
    passwords = set()
    for _ in range(2):
        postgres = Postgres.plan(root=project, settings_migrations="", environ=os.environ)
        passwords.add(postgres.server.password)
        postgres.stop()
    assert len(passwords) == 1
    assert (cache / "password").stat().st_mode & 0o777 == 0o600


def test_an_address_is_quoted_and_never_prints_its_password() -> None:
    address = Address("127.0.0.1", 5433, "us er", "p@ss/w?rd", "a b_test")
    assert address.url == "postgresql://us%20er:p%40ss%2Fw%3Frd@127.0.0.1:5433/a%20b_test"
    assert "p@ss" not in repr(address)
    assert str(address) == "127.0.0.1:5433/a b_test"
    assert Address.load(address.export()) == address


@pytest.mark.parametrize(
    ("host", "written"),
    [
        ("::1", "postgresql://u@[::1]:5432/x_test"),
        ("/tmp", "postgresql://u@/x_test?host=%2Ftmp&port=5432"),
    ],
)
def test_an_address_may_be_ipv6_or_a_socket(host: str, written: str) -> None:
    assert Address(host, 5432, "u", "", "x_test").url == written


def test_libpq_sees_the_given_variables_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSERVICE", "prod")
    with libpq_environment({"PGSSLMODE": "disable"}):
        seen = {name: value for name, value in os.environ.items() if name.startswith("PG")}
    assert seen == {"PGSSLMODE": "disable"}
    assert os.environ["PGSERVICE"] == "prod"
    assert "PGSSLMODE" not in os.environ
