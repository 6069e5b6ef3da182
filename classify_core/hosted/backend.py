"""Classifies at the hosted service: upload, job, wait, answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, SecretStr

from classify_core.api.calls_files import upload_file
from classify_core.api.calls_jobs import create_job, wait_for_job
from classify_core.api.clock import Clock
from classify_core.backend import ClassifyRequest
from classify_core.classification import Answer
from classify_core.errors import ClassifyTimeoutError, InvalidOptionError, InvalidResponseError
from classify_core.hosted.pacing import PacedClient
from classify_core.hosted.transaction import transaction_id_of
from classify_core.limits import Plan, RateLimits, limits_of
from classify_core.models import (
    MAX_FILE_NAME_LENGTH,
    AnsweredConfiguration,
    ClassifyConfiguration,
    ClassifyJob,
    JobStatus,
    ParsingConfiguration,
    Rule,
)
from classify_core.source import format_of

if TYPE_CHECKING:
    import httpx

    from classify_core.source import Content

DEFAULT_OPEN_JOBS: Final = 32
"""Open jobs where the plan sets no limit: enough to hide the service's own time."""

MAX_ATTEMPTS: Final = 10
MAX_KNOWN_JOBS: Final = 10_000
CLOCK_SKEW: Final = timedelta(minutes=2)
"""How much the service's clock may be behind ours."""

_USAGE: Final = ("usage",)


class HostedBackend:
    """Uploads a document, creates a job for it and waits for its result.

    Args:
        api_key: by default from `LLAMA_CLOUD_API_KEY`.
        base_url: region (`"us"`, `"eu"`) or address; by default from `LLAMA_CLOUD_BASE_URL`.
        project_id, organization_id: sent with each request.
        http_client: your own, fresh `httpx.AsyncClient`; it is handed over: used on the background event loop alone and
            closed with the backend.
        plan: whose published limits are kept; None keeps the rates and sets no limit of jobs.
        retry_failed: make a document's job again that FAILED in a former run; it is billed again.

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
        _clock: Clock | None = None,
    ) -> None:
        self._limits = limits_of(plan)
        self._plan = plan
        self._organization_id = organization_id
        self._retry_failed = retry_failed
        self._http_client = http_client
        self._clock = Clock() if _clock is None else _clock
        self._known_jobs: dict[str, None] = {}
        self._client = PacedClient(
            limits=self._limits,
            clock=self._clock,
            api_key=api_key,
            base_url=base_url,
            project_id=project_id,
            organization_id=organization_id,
            http_client=http_client,
        )

    @property
    def name(self) -> str:
        """`"hosted"`."""
        return "hosted"

    @property
    def base_url(self) -> str:
        """The service's address."""
        return self._client.base_url

    @property
    def default_concurrency(self) -> int:
        """As many open jobs as the plan allows."""
        return self._limits.concurrent_jobs or DEFAULT_OPEN_JOBS

    def arguments(self) -> dict[str, Any]:
        """The constructor arguments that make an equal backend, without key and client."""
        return {
            "base_url": self._client.base_url,
            "project_id": self._client.project_id,
            "organization_id": self._organization_id,
            "plan": self._plan,
        }

    async def classify(self, request: ClassifyRequest, *, timeout: float) -> Answer:
        """Classifies one document; an equal one, also of a former run, comes back from its first job.

        Raises:
            JobFailedError, JobCancelledError, ClassifyTimeoutError: the job's three ways to end without a result.
            ApiError, ConnectionFailedError, InvalidResponseError: a request failed, also after the retries.
        """
        deadline = self._client.deadline_in(timeout)
        try:
            file_input = await self._file_input(request, deadline)
            job, is_former = await self._created(request, file_input, deadline)
            wait = wait_for_job(job, timeout=timeout, expand=_USAGE)
            return _answer(await self._client.run(wait, deadline=deadline), is_former=is_former)
        except ClassifyTimeoutError as error:
            error.timeout = timeout  # of the document, not of its last request
            raise

    async def load_configuration(self, configuration_id: str) -> ClassifyConfiguration:
        """Loads a rule set saved at the service.

        Raises:
            NotFoundError: there is none of that ID in the project.
            InvalidResponseError: it holds no rules for classification.
        """
        saved = await self._client.configurations.get(configuration_id)
        if not saved.parameters.rules:
            raise InvalidResponseError(
                f"the configuration {configuration_id} ({saved.product_type}) holds no rules for classification"
            )
        return _unchecked(saved.parameters)

    async def aclose(self) -> None:
        """Closes the connections, for good, those of a client of your own too: they live on this loop."""
        await self._client.aclose()
        if self._http_client is not None:
            await self._http_client.aclose()

    async def _file_input(self, request: ClassifyRequest, deadline: float) -> str:
        if request.content is None:
            return str(request.source.value)
        content = request.content
        upload = upload_file(content.data, name=upload_name(content), external_file_id=content.digest)
        file = await self._client.run(upload, deadline=deadline)
        return file.id

    async def _created(self, request: ClassifyRequest, file_input: str, deadline: float) -> tuple[ClassifyJob, bool]:
        """Creates the job, or finds the one that was created for equal work before; and says which of the two.

        A former job that came to nothing and may be made again is passed over for the next attempt. A job that this
        call made is never passed over: its end, whatever it is, is the document's.
        """
        saved, begin = request.configuration_id, self._clock.now()
        for attempt in range(MAX_ATTEMPTS):
            create = create_job(
                file_input,
                configuration=request.configuration if saved is None else None,
                configuration_id=saved,
                transaction_id=transaction_id_of(request, attempt),
            )
            job = await self._client.run(create, deadline=deadline)
            is_former = job.id in self._known_jobs or _is_former(job, file_input, begin)
            if request.content is None:  # nothing else tells a job made earlier by this very backend
                self._know(job)
            if not (is_former and self._may_be_made_again(job)):
                break
        return job, is_former

    def _know(self, job: ClassifyJob) -> None:
        self._known_jobs[job.id] = None
        if len(self._known_jobs) > MAX_KNOWN_JOBS:
            self._known_jobs.pop(next(iter(self._known_jobs)))

    def _may_be_made_again(self, job: ClassifyJob) -> bool:
        return job.status is JobStatus.CANCELLED or (job.status is JobStatus.FAILED and self._retry_failed)

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
        return _restore, (self.arguments() | {"retry_failed": self._retry_failed},)


def upload_name(content: Content) -> str:
    """The name a document is uploaded under: no local folder in it, an ending that tells the service the format."""
    named = PureWindowsPath(content.name or "").name[-MAX_FILE_NAME_LENGTH // 2 :]  # splits at both kinds of slash
    stem = named or content.digest[:16]
    if content.format and format_of(stem) != content.format:
        return f"{stem}.{content.format}"
    return stem


def _is_former(job: ClassifyJob, file_input: str, begin: datetime) -> bool:
    """Whether a job was made before this call: for another upload, or, where there was none, well before it began."""
    # One is the end of the other where the service tells an ID without its prefix (`dfl-`).
    if not (job.file_input.endswith(file_input) or file_input.endswith(job.file_input)):
        return True
    created = job.created_at
    if created is not None and created.tzinfo is None:
        created = created.replace(tzinfo=UTC)
    return created is not None and created < begin - CLOCK_SKEW


def _unchecked(parameters: AnsweredConfiguration) -> ClassifyConfiguration:
    """A configuration that the service keeps, as it is: our limits are for what we send."""
    kept: dict[str, Any] = {"mode": parameters.mode, "parsing_configuration": None}
    kept["rules"] = tuple(Rule.model_construct(**_fields(rule, Rule)) for rule in parameters.rules)
    if parameters.parsing_configuration is not None:
        fields = _fields(parameters.parsing_configuration, ParsingConfiguration)
        kept["parsing_configuration"] = ParsingConfiguration.model_construct(**fields)
    return ClassifyConfiguration.model_construct(**kept)


def _fields(answered: BaseModel, model: type[BaseModel]) -> dict[str, Any]:
    return {name: getattr(answered, name) for name in model.model_fields}


def _answer(job: ClassifyJob, *, is_former: bool) -> Answer:
    if job.result is None:
        raise TypeError("wait_for_job returns completed jobs, and those have a result")
    return Answer(
        type=job.result.type,
        confidence=job.result.confidence,
        reasoning=job.result.reasoning,
        job_id=job.id,
        usage=job.usage,
        is_from_former_job=is_former,
    )


def _restore(arguments: dict[str, Any]) -> HostedBackend:
    return HostedBackend(**arguments)
