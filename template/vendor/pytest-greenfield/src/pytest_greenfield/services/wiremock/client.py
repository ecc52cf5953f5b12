"""A small client of WireMock's admin API."""

from __future__ import annotations

import http.client
import json
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

_PLACES = ("url", "urlPath", "urlPathTemplate")
_PATTERNS = ("urlPattern", "urlPathPattern")


class WireMock:
    """What a test says to WireMock, and asks it. All its mappings lie below `url`."""

    def __init__(self, server: str, own: str = "") -> None:
        """Speak to `server`; with `own`, share it, below a path of that name."""
        self._at = urlsplit(server)
        self._prefix = f"/{own}" if own else ""
        self._own = own
        self.url = server.rstrip("/") + self._prefix

    def stub(self, mapping: Mapping[str, Any]) -> None:
        """Add a mapping, in WireMock's JSON, until the test has ended."""
        self.call("POST", "/mappings", self.placed(mapping))

    def requests(self) -> list[dict[str, Any]]:
        """Return the requests that came, the oldest first: `method`, `url`, `headers`, `body`."""
        served = self.call("GET", "/requests")["requests"]
        return [self._seen(one["request"]) for one in reversed(served) if self._is_below(one)]

    def unmatched(self) -> list[dict[str, Any]]:
        """Return the requests for which there was no mapping."""
        found = self.call("GET", "/requests/unmatched")["requests"]
        return [self._seen(request) for request in found if self._is_below({"request": request})]

    def mappings(self) -> dict[str, dict[str, Any]]:
        """Return the mappings by their ids."""
        found = self.call("GET", "/mappings")["mappings"]
        return {each["id"]: each for each in found if self.owner(each) == self._own}

    def forget_requests(self) -> None:
        """Forget what came, and set scenarios back to their start."""
        below = f"{re.escape(self._prefix)}/.*"
        self.call("POST", "/requests/remove", {"urlPathPattern": below})
        if not self._own:
            self.call("POST", "/scenarios/reset")
            return
        named = self._scenario("")
        for scenario in self.call("GET", "/scenarios")["scenarios"]:
            if scenario["name"].startswith(named) and scenario["state"] != "Started":
                self.call("PUT", f"/scenarios/{scenario['name']}/state")

    def placed(self, mapping: Mapping[str, Any]) -> dict[str, Any]:
        """Return a mapping as it is on a server that is shared: below the own path, and named."""
        if not self._own:
            return dict(mapping)
        placed: dict[str, Any] = json.loads(json.dumps(mapping))
        request = placed.setdefault("request", {})
        for key in _PLACES:
            if key in request:
                request[key] = self._prefix + request[key]
        for key in _PATTERNS:
            if key in request:
                request[key] = f"{self._prefix}(?=/)(?:{request[key]})"
        if not {*_PLACES, *_PATTERNS} & request.keys():
            request["urlPathPattern"] = f"{self._prefix}/.*"
        if "scenarioName" in placed:
            placed["scenarioName"] = self._scenario(placed["scenarioName"])
        owner = {"greenfield": self._own, "greenfield_time": time.time()}
        placed["metadata"] = placed.get("metadata", {}) | owner
        return placed

    @staticmethod
    def owner(mapping: Mapping[str, Any]) -> str:
        """Return the worker whose mapping it is, on a server that is shared."""
        return str(mapping.get("metadata", {}).get("greenfield", ""))

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Return the answer of the admin API; raise OSError or ValueError."""
        secure = self._at.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(self._at.hostname or "", self._at.port, timeout=10)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, f"{self._at.path.rstrip('/')}/__admin{path}", text)
            response = connection.getresponse()
            answer = response.read().decode("utf-8", "replace")
        except http.client.HTTPException as error:
            raise OSError(f"no HTTP: {error!r}") from None
        finally:
            connection.close()
        if response.status >= http.client.BAD_REQUEST:
            raise ValueError(f"{method} /__admin{path}: {response.status} {answer[:500]}")
        return json.loads(answer) if answer else None

    def _scenario(self, name: str) -> str:
        """Return the name on a server that is shared: WireMock does not decode it in a path."""
        return f"{self._own}-{name.encode().hex()}"

    def _is_below(self, served: Mapping[str, Any]) -> bool:
        return bool(served["request"]["url"].startswith(f"{self._prefix}/"))

    def _seen(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return a request as the application sent it."""
        return {**request, "url": request["url"].removeprefix(self._prefix)}
