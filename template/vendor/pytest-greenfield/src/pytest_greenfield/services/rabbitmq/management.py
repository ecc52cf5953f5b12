"""RabbitMQ's management API over HTTP."""

from __future__ import annotations

import base64
import http.client
import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote


class Management:
    """`call("GET", "queues", vhost)`; a failure is an OSError."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._url = url.rstrip("/")
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}

    def call(self, method: str, *path: str, content: dict[str, Any] | None = None) -> Any:
        """Return the answer, or None where there is none."""
        url = "/".join([self._url, "api", *(quote(part, safe="") for part in path)])
        body = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(url, body, self._headers, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                text = answer.read()
            return json.loads(text) if text else None
        except (http.client.HTTPException, ValueError) as error:
            raise OSError(f"{self._url} is no management API: {error!r}") from None

    def delete(self, *path: str) -> bool:
        """Delete what may be gone already, or belongs to a connection that lives."""
        try:
            self.call("DELETE", *path)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in (400, 404, 405):
                return False
            raise
        return True
