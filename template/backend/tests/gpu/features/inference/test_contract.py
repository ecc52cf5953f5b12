"""The real model service gives what the application expects, as the stub does."""

import pytest

from backend.tests.integration.features.inference import test_contract as stub


class TestContractOfTheRealService(stub.TestContract):
    @pytest.fixture
    async def url(self, inference_url: str) -> str:
        return inference_url
