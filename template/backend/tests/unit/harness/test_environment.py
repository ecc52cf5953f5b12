"""Proof that a test's changes to its environment and settings end with it."""

import os
from collections.abc import Callable

import pytest

from backend.core.settings import Settings, load_settings
from backend.core.settings import reset_settings_cache as forget
from backend.tests.plugins.environment import NO_DATABASE


@pytest.mark.parametrize("run", ["first", "second"])
class TestEnvironment:
    """Each runs twice: the second time fails if the first one's changes are still there."""

    def test_a_new_variable_is_gone_after_the_test(self, run: str) -> None:
        assert "LEFT_BY_A_TEST" not in os.environ
        os.environ["LEFT_BY_A_TEST"] = run

    def test_a_changed_variable_is_as_it_was(self, run: str) -> None:
        assert os.environ["ENVIRONMENT"] == "test"
        os.environ["ENVIRONMENT"] = "development"

    def test_a_deleted_variable_is_there_again(self, run: str) -> None:
        assert os.environ["DATABASE_URL"] == NO_DATABASE
        del os.environ["DATABASE_URL"]

    def test_settings_that_were_read_are_forgotten(self, run: str) -> None:
        assert load_settings(Settings).service_name == "backend"
        os.environ["SERVICE_NAME"] = "changed by a test"
        forget()
        assert load_settings(Settings).service_name == "changed by a test"


def test_settings_are_read_again_when_a_test_asks(reset_settings_cache: Callable[[], None]) -> None:
    load_settings(Settings)
    os.environ["SERVICE_NAME"] = "renamed"
    assert load_settings(Settings).service_name == "backend"
    reset_settings_cache()
    assert load_settings(Settings).service_name == "renamed"


def test_a_test_that_asks_for_no_database_sees_none() -> None:
    assert ".invalid" in load_settings(Settings).database_url
