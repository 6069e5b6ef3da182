"""The two clients: what they are told once, and how they run what their resources describe."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from pydantic import SecretStr

from classify_core.api.clock import Clock
from classify_core.api.connection import find_api_key, resolve_api_key, resolve_base_url
from classify_core.api.drivers import Operation, adrive, begin, drive
from classify_core.api.flow import Send, Terms
from classify_core.api.resources import (
    V1,
    AsyncConfigurations,
    AsyncFiles,
    AsyncJobs,
    AsyncV1,
    Configurations,
    Files,
    Jobs,
)
from classify_core.api.retry import MAX_RETRIES
from classify_core.api.transport import AsyncTransport, Requests, Transport
from classify_core.checks import checked_count, checked_seconds
from classify_core.deadline import Deadline
from classify_core.errors import InvalidOptionError

T = TypeVar("T")

CONNECT_SECONDS = 10.0


class _Client:
    """What both faces are told once."""

    def __init__(
        self,
        *,
        api_key: str | SecretStr | None = None,
        base_url: str | None = None,
        project_id: str | None = None,
        organization_id: str | None = None,
        http_client: Any = None,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int = MAX_RETRIES,
        _clock: Clock | None = None,
    ) -> None:
        """Makes a client; connections are made when they are needed.

        Args:
            api_key: the key; None takes it from `LLAMA_CLOUD_API_KEY` or `LLAMA_PARSE_API_KEY`.
            base_url: a region (`"us"`, `"eu"`) or an address; None takes it from `LLAMA_CLOUD_BASE_URL`, else the
                region us.
            project_id: sent with each request; a key belongs to one project anyway.
            organization_id: sent with each request.
            http_client: an httpx client of your own, for proxies or certificates; it is used as it is, never closed.
            timeout: seconds, or an `httpx.Timeout`; unless said 10 s to connect and 60 s for each further step, or
                what your own client says.
            max_retries: how often a request is sent again after a fault that may pass.

        Raises:
            AuthenticationError: there is no key, or it is malformed.
            InvalidOptionError: another argument cannot work.
        """
        self._begin_with(
            resolve_api_key(api_key),
            http_client,
            {
                "base_url": resolve_base_url(base_url),
                "project_id": project_id,
                "organization_id": organization_id,
                "timeout": _timeout_of(timeout),
                "max_retries": checked_count("max_retries", max_retries, minimum=0),
            },
            Clock() if _clock is None else _clock,
        )

    def _begin_with(self, key: SecretStr | None, http_client: Any, options: dict[str, Any], clock: Clock) -> None:
        self._key = key
        self._http_client = http_client
        self._options = options
        self._clock = clock
        self._requests = Requests(
            options["base_url"],
            project_id=options["project_id"],
            organization_id=options["organization_id"],
            timeout=options["timeout"],
        )

    @property
    def base_url(self) -> str:
        """The service's address."""
        return self._requests.base_url

    @property
    def project_id(self) -> str | None:
        """The project that is sent with each request."""
        project: str | None = self._options["project_id"]
        return project

    def _found_key(self) -> SecretStr:
        """The key; a restored client looks for it in the environment, since none was pickled."""
        if self._key is None:
            self._key = resolve_api_key(find_api_key())
        return self._key

    def deadline_in(self, seconds: float) -> float:
        """The moment so many seconds from now, 0 or more, as `run(..., deadline=)` takes it.

        Raises:
            InvalidOptionError: it is no time span.
        """
        return self._clock.monotonic() + checked_seconds("seconds", seconds, zero_allowed=True)

    def _terms(self, key: SecretStr, deadline: Deadline | float | None) -> Terms:
        return Terms(self.base_url, key, self._options["max_retries"], self._clock, as_deadline(deadline))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r}, project_id={self.project_id!r})"

    def __copy__(self) -> Self:
        """A client is a handle of connections: a copy is the same one."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __getstate__(self) -> dict[str, Any]:
        if self._http_client is not None:
            raise InvalidOptionError(
                f"a {type(self).__name__} with an http_client of your own cannot be pickled, since connections cannot; "
                "make it in each process"
            )
        return self._options

    def __setstate__(self, options: dict[str, Any]) -> None:
        """Restores a client without its key, which is looked for in the environment when it is needed."""
        self._begin_with(None, None, options, Clock())


def as_deadline(deadline: Deadline | float | None) -> Deadline | None:
    """A deadline as `run` takes it, as an object."""
    return Deadline(deadline) if isinstance(deadline, (int, float)) else deadline


def _timeout_of(value: float | httpx.Timeout | None) -> httpx.Timeout | None:
    if value is None or isinstance(value, httpx.Timeout):
        return value
    seconds = checked_seconds("timeout", value)
    return httpx.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS))


class ClassifyClient(_Client):
    """The hosted classify API for threads.

    Use it in a `with` block, or close it.

        with ClassifyClient() as client:
            file = client.files.upload(Path("invoice.pdf"))
            job = client.jobs.create(file.id, rules=[Rule(type="invoice", description="has an invoice number")])
            result = client.jobs.wait(job).result
    """

    def _begin_with(self, key: SecretStr | None, http_client: Any, options: dict[str, Any], clock: Clock) -> None:
        super()._begin_with(key, http_client, options, clock)
        self._transport = Transport(self._requests, http_client)
        self.jobs = Jobs(self)
        self.files = Files(self)
        self.configurations = Configurations(self)
        self.v1 = V1(self)

    def run(self, operation: Operation[T], *, deadline: Deadline | float | None = None) -> T:
        """Does what a description says; the resources' methods call it.

        Args:
            operation: a call or a wait, such as `calls_jobs.create_job(...)` returns.
            deadline: ends attempts, pauses and the wait, so that one moment can bound several operations; as
                `deadline_in` tells it.

        Raises:
            ClassifyTimeoutError: the deadline came first.
            ClassifyError: any other failure, each with its own class.
        """
        key = self._found_key()
        flow = begin(operation, self._terms(key, deadline))
        return drive(flow, lambda step: self._send(step, key), self._clock)

    def _send(self, step: Send, key: SecretStr) -> httpx.Response:
        """Sends one request; each attempt of each call passes here."""
        return self._transport.send(step, key)

    def close(self) -> None:
        """Closes the connections that this client made."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncClassifyClient(_Client):
    """The hosted classify API for event loops; one client serves any number of them.

    Use it in an `async with` block, or close it.

        async with AsyncClassifyClient() as client:
            file = await client.files.upload(Path("invoice.pdf"))
            job = await client.jobs.create(file.id, rules=[Rule(type="invoice", description="has an invoice number")])
            result = (await client.jobs.wait(job)).result
    """

    def _begin_with(self, key: SecretStr | None, http_client: Any, options: dict[str, Any], clock: Clock) -> None:
        super()._begin_with(key, http_client, options, clock)
        self._transport = AsyncTransport(self._requests, http_client)
        self.jobs = AsyncJobs(self)
        self.files = AsyncFiles(self)
        self.configurations = AsyncConfigurations(self)
        self.v1 = AsyncV1(self)

    async def run(self, operation: Operation[T], *, deadline: Deadline | float | None = None) -> T:
        """Does what a description says; the resources' methods await it.

        Args:
            operation: a call or a wait, such as `calls_jobs.create_job(...)` returns.
            deadline: ends attempts, pauses and the wait, so that one moment can bound several operations; as
                `deadline_in` tells it.

        Raises:
            ClassifyTimeoutError: the deadline came first.
            ClassifyError: any other failure, each with its own class.
        """
        return await self._run_with(self._send, operation, deadline)

    async def _run_with(
        self,
        send: Callable[[Send, SecretStr], Awaitable[httpx.Response]],
        operation: Operation[T],
        deadline: Deadline | float | None,
    ) -> T:
        """Does what a description says with a `send` that may hold requests back."""
        key = self._found_key()
        flow = begin(operation, self._terms(key, deadline))
        return await adrive(flow, lambda step: send(step, key), self._clock)

    async def _send(self, step: Send, key: SecretStr) -> httpx.Response:
        """Sends one request; each attempt of each call passes here."""
        return await self._transport.send(step, key)

    async def aclose(self) -> None:
        """Closes the connections that this client made, on every loop."""
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
