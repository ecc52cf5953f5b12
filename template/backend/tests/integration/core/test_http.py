"""What every response has, whatever the route: one shape of errors, headers, limits, CORS."""

import httpx2

from backend.core.settings import Settings
from backend.tests.fixtures.application import MakeClient

ORIGIN = "https://app.example"


class TestErrors:
    async def test_an_unknown_path_gets_a_problem(self, client: httpx2.AsyncClient) -> None:
        answer = await client.get("/no-such-page", headers={"X-Request-ID": "find-me-404"})
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json() == {
            "type": "about:blank",
            "title": "Not Found",
            "status": 404,
            "detail": "Not Found",
            "code": "not_found",
            "request_id": "find-me-404",
            "errors": [],
        }

    async def test_a_wrong_method_says_which_are_right(self, client: httpx2.AsyncClient) -> None:
        answer = await client.delete("/health/live")
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
        assert answer.headers["allow"] == "GET"

    async def test_a_body_above_the_limit_is_refused(
        self, make_client: MakeClient, worker_settings: Settings
    ) -> None:
        async with make_client(
            worker_settings.model_copy(update={"max_request_bytes": 10})
        ) as client:
            answer = await client.post("/", content=b"x" * 11)
        assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")


class TestHeaders:
    async def test_every_response_has_the_security_headers(
        self, client: httpx2.AsyncClient
    ) -> None:
        for path in ("/", "/no-such-page"):
            headers = (await client.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["cache-control"] == "no-store"

    async def test_a_request_id_that_could_break_a_log_is_replaced(
        self, client: httpx2.AsyncClient
    ) -> None:
        answer = await client.get("/", headers={"X-Request-ID": "x; rm -rf /"})
        assert len(answer.headers["x-request-id"]) == 32


class TestCors:
    async def test_is_closed_by_default(self, client: httpx2.AsyncClient) -> None:
        answer = await client.get("/", headers={"Origin": ORIGIN})
        assert "access-control-allow-origin" not in answer.headers

    async def test_is_open_to_the_named_origins_only(
        self, make_client: MakeClient, worker_settings: Settings
    ) -> None:
        settings = worker_settings.model_copy(update={"cors_origins": (ORIGIN,)})
        allowed = {}
        async with make_client(settings) as client:
            for origin in (ORIGIN, "https://evil.example"):
                preflight = await client.options(
                    "/", headers={"Origin": origin, "Access-Control-Request-Method": "GET"}
                )
                allowed[origin] = preflight.headers.get("access-control-allow-origin")
        assert allowed == {ORIGIN: ORIGIN, "https://evil.example": None}
