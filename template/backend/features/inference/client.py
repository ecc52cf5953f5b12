"""Client of the model service, which labels images in batches."""

import asyncio
from base64 import b64encode
from collections.abc import Sequence
from typing import Annotated, ClassVar, Protocol, TypeVar

import httpx2
from pydantic import BaseModel, Field, StringConstraints, ValidationError
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from backend.core.circuit_breaker import CircuitBreaker, CircuitOpenError
from backend.core.errors import UnavailableError
from backend.core.schemas import Line
from backend.core.settings import AppSettings


class InferenceSettings(AppSettings):
    """The service's address, and limits for its answers."""

    inference_url: str = Field(default="", description="Empty: no service.")
    inference_connect_timeout: float = Field(default=2.0, gt=0, description="Seconds.")
    inference_timeout: float = Field(default=30.0, gt=0, description="Seconds per batch.")
    inference_batch_size: int = Field(default=8, ge=1)
    inference_attempts: int = Field(default=3, ge=1)
    inference_backoff: float = Field(default=0.5, ge=0, description="Seconds, doubled each time.")
    inference_breaker_threshold: int = Field(default=5, ge=1)
    inference_breaker_reset: float = Field(default=30.0, gt=0, description="Seconds.")


class Label(BaseModel):
    """A label of an image, and the model's confidence."""

    name: Annotated[Line, StringConstraints(max_length=200)]
    score: float = Field(ge=0, le=1)


Labels = list[Label]


class Health(BaseModel):
    """The service's health; `memory_bytes` is its peak memory."""

    model: str
    device: str | None = None
    memory_bytes: int | None = None


class _Result(BaseModel):
    labels: Annotated[Labels, Field(max_length=100)]


class _Answer(BaseModel):
    results: list[_Result]


class InferenceUnavailableError(UnavailableError):
    """The service gave no usable answer.

    `answered`: it was reached, so the request may be the cause. `reason` is for logs.
    """

    code = "inference_unavailable"
    message = "The model service is unavailable. Try again later."

    def __init__(self, *, answered: bool, reason: str = "") -> None:
        super().__init__()
        self.answered = answered
        self.reason = reason


class ModelService(Protocol):
    """Labels images."""

    async def health(self) -> Health:
        """Return the service's health.

        Raises:
            InferenceUnavailableError: It does not answer, or is unhealthy.
        """

    async def label(self, images: Sequence[bytes]) -> list[Labels | None]:
        """Return the labels of each image, in order; None for a rejected image.

        Raises:
            InferenceUnavailableError: There is no answer for one of them.
        """


class _NotReachedError(Exception):
    """No connection: the request was not sent."""


class _NoAnswerError(Exception):
    """The request may have arrived: a time-out, a lost connection, a 5xx or an invalid answer."""


class _RefusedError(Exception):
    """The service rejected the request for good."""


_REFUSALS = {
    httpx2.codes.BAD_REQUEST,
    httpx2.codes.CONTENT_TOO_LARGE,
    httpx2.codes.UNSUPPORTED_MEDIA_TYPE,
    httpx2.codes.UNPROCESSABLE_CONTENT,
}
_NEVER_LEFT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.UnsupportedProtocol,  # the URL is empty
)
B = TypeVar("B", bound=BaseModel)


class HttpModelService:
    """The service over HTTP, with time-outs, retries and a circuit breaker.

    A rejected batch is split in halves until the bad image is alone, so that it does not affect
    the others.
    """

    _FAILURES: ClassVar = (_NotReachedError, _NoAnswerError)

    def __init__(
        self,
        client: httpx2.AsyncClient,
        settings: InferenceSettings,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        """Use a client created by `make_client`."""
        self._client = client
        self._settings = settings
        self.breaker = breaker or CircuitBreaker(
            failures=self._FAILURES,
            threshold=settings.inference_breaker_threshold,
            reset_after=settings.inference_breaker_reset,
        )

    async def health(self) -> Health:
        """Query the health once, bypassing the circuit breaker."""
        try:
            return await self._send(self._client.build_request("GET", "/health"), Health)
        except (*self._FAILURES, _RefusedError) as error:
            answered = not isinstance(error, _NotReachedError)
            raise InferenceUnavailableError(answered=answered, reason=str(error)) from error

    async def label(self, images: Sequence[bytes]) -> list[Labels | None]:
        """Send the images batch by batch."""
        size = self._settings.inference_batch_size
        labels: list[Labels | None] = []
        for start in range(0, len(images), size):
            labels += await self._label_batch(images[start : start + size])
        return labels

    async def _label_batch(self, images: Sequence[bytes]) -> list[Labels | None]:
        try:
            return list(await self._ask(images))
        except _RefusedError:
            if len(images) == 1:
                return [None]
            middle = len(images) // 2
            first = await self._label_batch(images[:middle])
            return first + await self._label_batch(images[middle:])

    async def _ask(self, images: Sequence[bytes]) -> list[Labels]:
        """Label one batch, with retries."""
        request = self._client.build_request(
            "POST", "/v1/labels", json={"images": [b64encode(image).decode() for image in images]}
        )
        answered = False
        try:
            async for attempt in AsyncRetrying(
                stop=stop_after_attempt(self._settings.inference_attempts),
                wait=wait_random_exponential(multiplier=self._settings.inference_backoff, max=10.0),
                retry=retry_if_exception_type(self._FAILURES),
                reraise=True,
            ):
                with attempt:
                    try:
                        async with self.breaker.guard():
                            return await self._send_batch(request, len(images))
                    except _NoAnswerError:
                        answered = True
                        raise
        except (CircuitOpenError, *self._FAILURES) as error:
            raise InferenceUnavailableError(answered=answered, reason=str(error)) from error
        raise AssertionError("tenacity returns or raises")

    async def _send_batch(self, request: httpx2.Request, size: int) -> list[Labels]:
        answer = await self._send(request, _Answer)
        if len(answer.results) != size:
            raise _NoAnswerError(f"{len(answer.results)} results for {size} images")
        return [result.labels for result in answer.results]

    async def _send(self, request: httpx2.Request, kind: type[B]) -> B:
        try:
            # httpx2's read time-out restarts with each chunk, so limit the whole request.
            async with asyncio.timeout(self._settings.inference_timeout):
                response = await self._client.send(request)
        except _NEVER_LEFT as error:
            raise _NotReachedError(repr(error)) from error
        except (httpx2.RequestError, TimeoutError) as error:
            raise _NoAnswerError(repr(error)) from error
        if response.status_code in _REFUSALS:
            raise _RefusedError(f"The service said {response.status_code}.")
        if response.status_code != httpx2.codes.OK:
            raise _NoAnswerError(f"The service said {response.status_code}.")
        try:
            return kind.model_validate_json(response.content)
        except ValidationError as error:
            raise _NoAnswerError("The service's answer is invalid.") from error


def make_client(
    settings: InferenceSettings, transport: httpx2.AsyncBaseTransport | None = None
) -> httpx2.AsyncClient:
    """Create the HTTP client for the service. The caller closes it."""
    url = settings.inference_url
    return httpx2.AsyncClient(
        base_url=url,
        timeout=httpx2.Timeout(
            settings.inference_timeout, connect=settings.inference_connect_timeout
        ),
        transport=transport,
        # A TLS context takes milliseconds to create; http:// needs none.
        verify=url.startswith("https://"),
        trust_env=False,
    )
