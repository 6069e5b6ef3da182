"""Asks the service how jobs stand: a hundred with one request, or one by one where it does not know how."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Protocol, TypeAlias, TypeVar, cast
from urllib.parse import quote

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from classify_core.api.call import Call, fill, read
from classify_core.api.calls_jobs import JOB, JOBS, LARGEST_PAGE
from classify_core.api.paging import Successor
from classify_core.deadline import Deadline
from classify_core.errors import ApiError, ClassifyError, InvalidResponseError, NotFoundError, RejectedRequestError
from classify_core.models import ClassifyJob, ClassifyResult, JobStatus, Page, known_status
from classify_core.run_state import without_stack

logger = logging.getLogger("classify_core.hosted")

T = TypeVar("T")

LONGEST_QUERY: Final = 7_000
"""Characters of a query's job IDs. Proxies take addresses of 8,000; the rest is for host, path and paging."""

SINGLE_LOOKS_AT_ONCE: Final = 8
"""Requests at once where each job has to be asked for alone: enough to hide the round trips of some hundred jobs."""

REFUSALS: Final = frozenset({400, 404, 405, 422, 501})
"""What a service answers to a listing, or a filter, that it does not know."""


class SeenJob(BaseModel):
    """A job as far as its watcher has to know it; its rules are left unread, for each listing repeats them."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    status: Annotated[JobStatus, known_status(JobStatus, "job")]
    file_input: str = Field(default="", validation_alias=AliasChoices("file_input", "document_input_value"))
    result: ClassifyResult | None = None
    error_message: str | None = None
    parse_job_id: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @classmethod
    def of(cls, job: ClassifyJob) -> SeenJob:
        """What is known of a job that was read whole."""
        return cls.model_construct(**{name: getattr(job, name) for name in cls.model_fields})


Sight: TypeAlias = SeenJob | ClassifyError
"""What a look tells of a job."""


class Client(Protocol):
    """What sends the requests."""

    async def run(self, operation: Call[T], *, deadline: Deadline | float | None = None) -> T:
        """Sends a request, again where that helps."""


class _Item(BaseModel):
    """An entry of a listing before it is known to be worth a closer look: nothing but its ID has to be right."""

    model_config = ConfigDict(extra="ignore")

    id: str
    status: Any = None
    document: Any = Field(default=None, validation_alias=AliasChoices("file_input", "document_input_value"))
    result: Any = None
    error_message: Any = None
    parse_job_id: Any = None
    created_at: Any = None
    updated_at: Any = None

    def sight(self) -> Sight:
        """The job, or what is wrong with it: one that cannot be read does not hide the others of its page."""
        if self.status in (JobStatus.PENDING, JobStatus.RUNNING):
            return SeenJob.model_construct(id=self.id, status=JobStatus(self.status))
        fields = self.model_dump()
        try:
            return SeenJob.model_validate(fields | {"file_input": fields.pop("document") or ""})
        except ValidationError as error:
            faults = error.errors(include_url=False, include_context=False, include_input=False)
            where = ", ".join(sorted({".".join(map(str, fault["loc"])) for fault in faults}))
            return InvalidResponseError(
                f"the service told the job in a form that cannot be read (at {where}); upgrade classify-adapters, or "
                "report the change to the service's support",
                job_id=self.id,
            )
        except ClassifyError as error:  # a status of a newer service
            return error


class _ForeignJobsError(Exception):
    """The listing holds jobs that nobody asked for."""


@dataclass(frozen=True)
class _Question:
    """The jobs of one listing and until when they are asked for."""

    job_ids: Sequence[str]
    deadline: Deadline | None


class JobLookup:
    """Looks at jobs.

    Args:
        client: of the account that the jobs belong to.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._is_listing = True

    @property
    def is_listing(self) -> bool:
        """Whether one request tells of many jobs, as far as is known."""
        return self._is_listing

    async def look(self, job_ids: Sequence[str], *, deadline: Deadline | None = None) -> dict[str, Sight]:
        """Says how each of some jobs stands, or why that is not known; never raises a `ClassifyError`.

        Args:
            job_ids: the jobs; up to `LARGEST_PAGE` of usual length are one request.
            deadline: until when it is tried.
        """
        asked = tuple(dict.fromkeys(job_ids))
        sights: dict[str, Sight] = {}
        for packed in packs(asked):
            sights |= await self._sights(_Question(packed, deadline))
        return sights

    async def _sights(self, question: _Question) -> dict[str, Sight]:
        if not self._is_listing:
            return await self._one_by_one(question, question.job_ids)
        try:
            listed = await self._listed(question)
        except _ForeignJobsError:
            self._give_up_listing("lists jobs that were not asked for")
            return await self._one_by_one(question, question.job_ids)
        except ClassifyError as error:
            if isinstance(error, ApiError) and error.status in REFUSALS:
                return await self._after_refusal(question, error)
            return {job_id: without_stack(error).about(job_id=job_id) for job_id in question.job_ids}
        missing = [job_id for job_id in question.job_ids if job_id not in listed]
        return listed | await self._one_by_one(question, missing)

    async def _listed(self, question: _Question) -> dict[str, Sight]:
        """The jobs that a listing holds; its pages are followed until all of them were seen."""
        wanted = set(question.job_ids)
        first = _listing(question.job_ids)
        successor, call = Successor(first), cast("Call[Page[_Item]] | None", first)
        found: dict[str, Sight] = {}
        while call is not None and len(found) < len(wanted):
            page = await self._client.run(call, deadline=question.deadline)
            if any(item.id not in wanted for item in page.items):
                raise _ForeignJobsError
            found |= {item.id: item.sight() for item in page.items}
            call = successor.after(page)
        return found

    async def _after_refusal(self, question: _Question, refusal: ApiError) -> dict[str, Sight]:
        """Asks for each job; one that is refused too may be what the listing was refused for."""
        sights = await self._one_by_one(question, question.job_ids)
        if not any(isinstance(sight, (NotFoundError, RejectedRequestError)) for sight in sights.values()):
            self._give_up_listing(f"answers {refusal.status} to a listing by job_ids")
        return sights

    def _give_up_listing(self, reason: str) -> None:
        if self._is_listing:
            logger.info("the service %s; from now on each job is asked for by its ID", reason)
        self._is_listing = False

    async def _one_by_one(self, question: _Question, job_ids: Sequence[str]) -> dict[str, Sight]:
        places = asyncio.Semaphore(SINGLE_LOOKS_AT_ONCE)

        async def sight(job_id: str) -> Sight:
            async with places:
                try:
                    item = await self._client.run(_single(job_id), deadline=question.deadline)
                except ClassifyError as error:
                    return without_stack(error).about(job_id=job_id)
                return item.sight()

        return dict(zip(job_ids, await asyncio.gather(*map(sight, job_ids)), strict=True))


def packs(job_ids: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Divides jobs into listings that stay below the longest address and the largest page."""
    pack: list[str] = []
    length = 0
    for job_id in job_ids:
        own = len("&job_ids=") + len(quote(job_id, safe=""))
        if pack and (length + own > LONGEST_QUERY or len(pack) == LARGEST_PAGE):
            yield tuple(pack)
            pack, length = [], 0
        pack.append(job_id)
        length += own
    if pack:
        yield tuple(pack)


def _listing(job_ids: Sequence[str]) -> Call[Page[_Item]]:
    params = {"job_ids": tuple(job_ids), "page_size": LARGEST_PAGE}
    return Call("GET", JOBS, JOBS, read(Page[_Item]), params=params)


def _single(job_id: str) -> Call[_Item]:
    return Call("GET", JOB, fill(JOB, job_id=job_id), read(_Item), job_id=job_id)
