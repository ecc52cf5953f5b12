"""The payment gateway as a transport without sockets: `httpx2.MockTransport(GatewayStub())`."""

import json

import httpx2

APPROVED = {"reference": "ch_0001", "approved": True}
DECLINED = {"reference": "ch_0002", "approved": False, "decline_reason": "insufficient_funds"}

Answer = httpx2.Response | Exception


class GatewayStub:
    """Answers by card, like the cassette and the WireMock mappings in peers/shop/.

    Attributes:
        requests: All received requests.
    """

    def __init__(self) -> None:
        """Create a stub without requests."""
        self.requests: list[httpx2.Request] = []
        self._answers: dict[str, list[Answer]] = {
            "tok_visa": [httpx2.Response(200, json=APPROVED)],
            "tok_declined": [httpx2.Response(402, json=DECLINED)],
            "tok_rate_limited": [httpx2.Response(429, headers={"Retry-After": "7"})],
            "tok_unsteady": [httpx2.Response(500), httpx2.Response(200, json=APPROVED)],
            "tok_slow": [httpx2.ReadTimeout("no answer in time")],
            "tok_malformed": [httpx2.Response(200, text="<html>")],
        }

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Return the card's next answer; its last one is repeated."""
        self.requests.append(request)
        token = json.loads(request.content)["card_token"]
        answers = self._answers[token]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer
