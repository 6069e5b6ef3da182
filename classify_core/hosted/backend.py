"""Classifies at the hosted service: the face of uploads, jobs and limits towards a `Classifier`."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import asdict, fields
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from classify_core.api.clock import Clock
from classify_core.backend import BegunJob, ClassifyRequest, DocumentContext, JobReference, JobState
from classify_core.classification import Answer
from classify_core.errors import InvalidOptionError
from classify_core.hosted.account import account_of
from classify_core.hosted.alone import AloneDocument
from classify_core.hosted.jobs_v2 import JobsV2
from classify_core.hosted.options import Api, HostedJobOptions, Mode, check_api
from classify_core.hosted.pacing import PacedClient
from classify_core.hosted.per_loop import PerLoop
from classify_core.hosted.saved_configuration import configuration_in
from classify_core.hosted.uploads import Uploads
from classify_core.hosted.v1.jobs import JobsV1
from classify_core.limits import Plan, RateLimits, limits_of
from classify_core.models import ClassifyConfiguration

if TYPE_CHECKING:
    import httpx
    from pydantic import SecretStr

OPEN_JOBS: Final = 1_000
"""Open jobs where the plan sets no limit.

An open job is a few kilobytes here, its document is not kept; ten listings look at all of them; and at 40 new jobs a
second it takes jobs of 25 seconds to have as many open, beyond which more would gain nothing.
"""

DOCUMENTS_IN_HAND: Final = 16
"""Documents in memory at once: enough that 10 uploads a second never wait for one that is slow."""


class HostedBackend:
    """Uploads a document, creates a job for it and waits for its result.

    Equal work is done once: a lost answer, a repeated run or another process with the same document finds the job that
    was made first, by its transaction ID.

    Args:
        api_key: by default from `LLAMA_CLOUD_API_KEY`.
        base_url: region (`"us"`, `"eu"`) or address; by default from `LLAMA_CLOUD_BASE_URL`.
        project_id, organization_id: sent with each request.
        http_client: your own, fresh `httpx.AsyncClient`; it is handed over: used on the background event loop alone and
            closed with the backend.
        plan: whose published limits are kept; None keeps the rates and sets no limit of jobs.
        retry_failed: make a document's job again that FAILED in a former run; it is billed again.
        api: `"v2"`; or `"v1"`, which the service has deprecated: one job for up to 500 files.
        mode: `"FAST"` reads text; `"MULTIMODAL"`, of v1 alone, looks at pages too.
        usage: fetch what each job was billed; one more request a document.
        delete_after: delete a document's job, and the file uploaded for it, once the result is in. A file that you
            named by its ID is never deleted, and a FAILED job is kept, so that no repeated run makes it again.
        cancel_remote: cancel the jobs of documents that are given up on, at their time-out or with a cancelled call;
            else they are left running, and the next run finds them.
        upload_expires_in: seconds after which an upload is to expire, if before the service's 48 hours.

    Raises:
        AuthenticationError: there is no usable key.
        InvalidOptionError: another argument cannot work.
    """

    def __init__(
        self,
        *,
        api_key: str | SecretStr | None = None,
        base_url: str | None = None,
        project_id: str | None = None,
        organization_id: str | None = None,
        http_client: httpx.AsyncClient | None = None,
        plan: Plan | RateLimits | None = None,
        retry_failed: bool = False,
        api: Api = "v2",
        mode: Mode = "FAST",
        usage: bool = False,
        delete_after: bool = False,
        cancel_remote: bool = False,
        upload_expires_in: float | None = None,
        _clock: Clock | None = None,
    ) -> None:
        self._limits = limits_of(plan)
        self._plan = plan
        self._organization_id = organization_id
        self._http_client = http_client
        self._api = api
        self._options = HostedJobOptions(
            retry_failed=retry_failed,
            usage=usage,
            delete_after=delete_after,
            cancel_remote=cancel_remote,
            upload_expires_in=upload_expires_in,
            mode=mode,
        )
        check_api(api, mode)
        clock = Clock() if _clock is None else _clock
        self._client = PacedClient(
            limits=self._limits,
            clock=clock,
            api_key=api_key,
            base_url=base_url,
            project_id=project_id,
            organization_id=organization_id,
            http_client=http_client,
        )
        account = PerLoop(partial(account_of, self._client, clock))
        uploads = Uploads(self._client, account, self._options, clock)
        jobs: type[JobsV1 | JobsV2] = JobsV2 if api == "v2" else JobsV1
        self._jobs = jobs(self._client, uploads, account, limits=self._limits, options=self._options, clock=clock)
        if api == "v1":
            _warn_of_v1()

    @property
    def name(self) -> str:
        """`"hosted"`; `"hosted/multimodal"` where pages are looked at too, which other labels may come of."""
        return "hosted" if self._options.mode == "FAST" else "hosted/multimodal"

    @property
    def base_url(self) -> str:
        """The service's address."""
        return self._client.base_url

    @property
    def default_concurrency(self) -> int:
        """As many open documents as the plan allows jobs; `OPEN_JOBS` where it sets none, or a job has many files."""
        return OPEN_JOBS if self._api == "v1" else self._limits.concurrent_jobs or OPEN_JOBS

    @property
    def documents_in_hand(self) -> int:
        """How many documents it usefully has in memory at once."""
        return min(DOCUMENTS_IN_HAND, self.default_concurrency)

    def arguments(self) -> dict[str, Any]:
        """The constructor arguments that make an equal backend, without key and client; options only where given."""
        told: dict[str, Any] = {
            "base_url": self._client.base_url,
            "project_id": self._client.project_id,
            "organization_id": self._organization_id,
            "plan": self._plan,
        }
        defaults = {option.name: option.default for option in fields(HostedJobOptions)}
        told |= {name: value for name, value in asdict(self._options).items() if value != defaults[name]}
        return told if self._api == "v2" else told | {"api": self._api}

    async def classify(self, request: ClassifyRequest, *, timeout: float) -> Answer:
        """Classifies one document; an equal one, also of a former run, comes back from its first job.

        Raises:
            JobFailedError, JobCancelledError, ClassifyTimeoutError: the job's three ways to end without a result.
            ApiError, ConnectionFailedError, InvalidResponseError: a request failed, also after the retries.
        """
        begun = await self.begin(request, AloneDocument(), timeout=timeout)
        return await begun.answer()

    async def begin(self, request: ClassifyRequest, context: DocumentContext, *, timeout: float) -> BegunJob:
        """Makes a document's job, or finds the one that was made for equal work; see `JobBackend`.

        Raises:
            ApiError, ConnectionFailedError, InvalidResponseError: a request failed, also after the retries.
            ClassifyTimeoutError: it could not be made in time.
        """
        return await self._jobs.begin(request, context, timeout=timeout)

    async def states(self, references: Sequence[JobReference], *, timeout: float) -> list[JobState]:
        """Looks once at jobs begun earlier, and says how each of them stands; see `JobBackend`.

        Raises:
            InvalidOptionError: a job was made by the other API.
            ClassifyError: the service could not be asked.
        """
        for reference in references:
            made_by = "v2" if reference.file_id is None else "v1"
            if made_by != self._api:
                raise InvalidOptionError(
                    f'the job {reference.job_id} was made by api="{made_by}"; collect it with that '
                    f'(HostedBackend(api="{made_by}"))'
                )
        return await self._jobs.states(references, timeout=timeout)

    async def load_configuration(self, configuration_id: str) -> ClassifyConfiguration:
        """Loads a rule set saved at the service.

        Raises:
            NotFoundError: there is none of that ID in the project.
            InvalidResponseError: it holds no rules for classification.
        """
        return configuration_in(await self._client.configurations.get(configuration_id))

    async def aclose(self) -> None:
        """Closes the connections, for good, those of a client of your own too: they live on this loop.

        Cancels of remote jobs that are under way get a few seconds to arrive.
        """
        await self._jobs.aclose()
        await self._client.aclose()
        if self._http_client is not None:
            await self._http_client.aclose()

    def refuse_pickling(self) -> None:
        """Raises InvalidOptionError where an HTTP client of the user's own would be lost on the way."""
        if self._http_client is not None:
            raise InvalidOptionError(
                "connections cannot be pickled: make the backend with your http_client in each process"
            )

    def __repr__(self) -> str:
        return f"HostedBackend({self._client.base_url!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        self.refuse_pickling()
        return _restore, (self.arguments(),)


def _restore(arguments: dict[str, Any]) -> HostedBackend:
    return HostedBackend(**arguments)


_warned: list[str] = []


def _warn_of_v1() -> None:
    """Says that v1 will go, once a process."""
    if not _warned:
        _warned.append("v1")
        warnings.warn(
            'api="v1" is deprecated by the service; use the default api="v2". Only mode="MULTIMODAL", for scans, has '
            "no successor yet",
            DeprecationWarning,
            stacklevel=3,
        )
