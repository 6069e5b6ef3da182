"""The course of one v1 job: its place, its making, its end, and what each of its documents gets of that."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from classify_core.api.clock import Clock
from classify_core.api.flow import TooLateError
from classify_core.errors import ClassifyError, ClassifyTimeoutError, NotFoundError, RejectedRequestError
from classify_core.hosted.places import Places
from classify_core.hosted.shared_deadline import SharedDeadline
from classify_core.hosted.v1.batching import Batch
from classify_core.hosted.v1.begun_file import BegunFile, telling
from classify_core.hosted.v1.creation import Creation
from classify_core.hosted.v1.delivery import Delivery
from classify_core.hosted.v1.tasks import Tasks
from classify_core.hosted.v1.watch import Watches
from classify_core.models_v1 import V1Job
from classify_core.progress.events import Stage


@dataclass(frozen=True)
class JobCourse:
    """Takes batches to their end, each as one job.

    Attributes:
        clock: the time.
        places: the open jobs that the plan allows.
        creation: makes jobs.
        watches: waits for them.
        delivery: hands out what they found.
        tasks: in which all this goes on.
        note: is told of each new job and its documents.
    """

    clock: Clock
    places: Callable[[], Places]
    creation: Creation
    watches: Watches
    delivery: Delivery
    tasks: Tasks
    note: Callable[[V1Job, list[BegunFile]], Awaitable[None]]

    async def take(self, batch: Batch, close: Callable[[Batch], None]) -> None:
        """Takes a batch to its end; every document of it is told its outcome.

        Args:
            batch: the documents.
            close: ends the joining, at the last moment before the job is made.
        """
        try:
            with telling(batch.files):
                await batch.completed()
                await self._take(batch, close)
        finally:
            close(batch)
            self.delivery.release(batch.files)

    async def _take(self, batch: Batch, close: Callable[[Batch], None]) -> None:
        async with self._place(batch):
            close(batch)
            with self.tasks.unbroken():
                job = await self._created(batch)
            if job is None or batch.run.is_submission:
                return
            watch = self.watches.begin(job, batch.files)
            await self.watches.carry(watch)
        await self.delivery.deliver(watch.files, watch.results)

    @asynccontextmanager
    async def _place(self, batch: Batch) -> AsyncIterator[None]:
        places = self.places()
        try:
            waited = await places.acquire(batch.deadline.latest, self.clock)
        except TooLateError:
            raise ClassifyTimeoutError(
                f"within the call's deadline none of the {places.limit} jobs ended that the plan allows at once"
            ) from None
        try:
            batch.deadline.put_off(waited)
            yield
        finally:
            places.release()

    async def _created(self, batch: Batch) -> V1Job | None:
        """Makes the job of those who still wait; None where nobody does."""
        files = batch.waiting
        if not files:
            return None
        file_ids = list({file.key: file.origin.file_id for file in files}.values())
        deadline = batch.deadline
        try:
            job = await self.creation.create(batch.work, file_ids, deadline, lambda left: _report_wait(files, left))
        except (RejectedRequestError, NotFoundError) as refusal:
            await self._refuse_unknown(files, file_ids, deadline, refusal)
            return await self._created(batch)
        for file in files:
            file.belongs_to(job.id)
        await self.note(job, files)
        return job

    async def _refuse_unknown(
        self, files: list[BegunFile], file_ids: list[str], deadline: SharedDeadline, refusal: ClassifyError
    ) -> None:
        """Takes those files out for which a job was refused, so that they fail alone.

        Raises:
            ClassifyError: the refusal, where it was for another reason.
        """
        try:
            unknown = await self.creation.unknown_files(file_ids, deadline)
        except ClassifyError:
            raise refusal from None
        if not unknown:
            raise refusal
        for file in files:
            if file.key in unknown:
                await self.delivery.refuse(file)
                file.settle(_unknown_file_error(file, refusal))


def _unknown_file_error(file: BegunFile, refusal: ClassifyError) -> RejectedRequestError:
    return RejectedRequestError(
        f"the service has no file {file.origin.file_id} in the key's project, or not any more; upload it again",
        status=getattr(refusal, "status", None),
    )


def _report_wait(files: list[BegunFile], seconds: float) -> None:
    for file in files:
        file.context.report(Stage.WAITING, seconds=seconds)
