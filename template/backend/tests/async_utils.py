"""Helpers for asynchronous tests, from the plugin; AGENTS.md says what each is for."""

from pytest_greenfield.async_utils import AsyncClientMock as AsyncClientMock
from pytest_greenfield.async_utils import ConcurrentRun as ConcurrentRun
from pytest_greenfield.async_utils import async_timeout as async_timeout
from pytest_greenfield.async_utils import create_async_session_mock as create_async_session_mock
from pytest_greenfield.async_utils import create_mock_db_context as create_mock_db_context
from pytest_greenfield.async_utils import run_concurrent_tasks as run_concurrent_tasks
from pytest_greenfield.async_utils import (
    simulate_concurrent_requests as simulate_concurrent_requests,
)
from pytest_greenfield.async_utils import with_timeout as with_timeout
