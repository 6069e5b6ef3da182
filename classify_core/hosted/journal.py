"""What is noted of hosted work, so that a run that was killed goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from classify_core.cache.protocol import Journal
from classify_core.hosted.known_uploads import KnownUpload

logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NotedJob:
    """A job of a former run.

    Attributes:
        attempt: the attempt number that it was made with.
        job_id: its ID.
    """

    attempt: int
    job_id: str


class HostedJournal:
    """A run's journal in the terms of the hosted service; without one nothing is noted and nothing is known.

    A journal only spares requests and may be anybody's: where it fails, that is logged, and the work goes on.

    Args:
        journal: the run's own.
        service: the address and the project that the notes are about.
    """

    def __init__(self, journal: Journal | None, *service: str | None) -> None:
        self._journal = journal
        self._service = service

    async def job(self, transaction_id: str) -> NotedJob | None:
        """The job that was last made for a document, by the transaction ID of its first attempt."""
        noted = await self._recalled("job", transaction_id)
        try:
            return NotedJob(int(noted["attempt"]), noted["job_id"]) if noted else None
        except (KeyError, ValueError):
            return None

    async def note_job(self, transaction_id: str, job: NotedJob) -> None:
        """Notes a document's job."""
        await self._noted("job", transaction_id, {"attempt": str(job.attempt), "job_id": job.job_id})

    async def forget_job(self, transaction_id: str) -> None:
        """Forgets a document's job."""
        await self._forgotten("job", transaction_id)

    async def upload(self, document: str) -> KnownUpload | None:
        """The file that holds a document, by `ClassifyRequest.content_key`."""
        noted = await self._recalled("upload", document)
        try:
            return KnownUpload(noted["file_id"], _moment(noted["until"])) if noted else None
        except (KeyError, ValueError):
            return None

    async def note_upload(self, document: str, upload: KnownUpload) -> None:
        """Notes a document's file."""
        values = {"file_id": upload.file_id, "until": upload.until.astimezone(UTC).isoformat()}
        await self._noted("upload", document, values)

    async def forget_upload(self, document: str) -> None:
        """Forgets a document's file."""
        await self._forgotten("upload", document)

    async def _recalled(self, kind: str, of: str) -> Mapping[str, str] | None:
        return None if self._journal is None else await _tried(self._journal.recall(self._key(kind, of)))

    async def _noted(self, kind: str, of: str, values: Mapping[str, str]) -> None:
        if self._journal is not None:
            await _tried(self._journal.note(self._key(kind, of), values))

    async def _forgotten(self, kind: str, of: str) -> None:
        if self._journal is not None:
            await _tried(self._journal.forget(self._key(kind, of)))

    def _key(self, kind: str, of: str) -> str:
        """One of a shape and length that any store takes, and that tells nothing."""
        return hashlib.sha256(json.dumps([kind, of, *self._service]).encode()).hexdigest()


async def _tried(work: Awaitable[T]) -> T | None:
    try:
        return await work
    except Exception as error:  # noqa: BLE001 - a journal may be anybody's, and the work can be done without it
        logger.warning("the journal of hosted work failed: %s", type(error).__name__)
        return None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
