"""Hands each document its part of what a job found, and deletes what is not to stay; v1's jobs cannot be deleted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from classify_core.hosted.housekeeping import Housekeeping
from classify_core.hosted.v1.begun_file import BegunFile
from classify_core.hosted.v1.journal import V1Journal
from classify_core.hosted.v1.results import JobResults
from classify_core.hosted.v1.tasks import Tasks

if TYPE_CHECKING:
    from classify_core.backend import RunContext
    from classify_core.hosted.account import Account

DELETIONS_AT_ONCE: Final = 8


@dataclass(frozen=True)
class Delivery:
    """Counts who needs an uploaded file; after the last of them it is deleted, where that is asked for.

    Attributes:
        account: knows the uploads.
        housekeeping: deletes them.
        journal_of: the journal of a run.
        tasks: in which all this goes on.
        delete_after: whether files are deleted.
    """

    account: Callable[[], Account]
    housekeeping: Housekeeping
    journal_of: Callable[[RunContext], V1Journal]
    tasks: Tasks
    delete_after: bool
    _used: set[BegunFile] = field(default_factory=set)

    def use(self, file: BegunFile) -> None:
        """Says that a job reads the file, or will; those that the user named by ID are the user's."""
        if file.origin.is_own:
            self._used.add(file)
            self.account().uploads.use(file.origin.file_id)

    def release(self, files: Sequence[BegunFile]) -> None:
        """Says that nobody waits for a job that reads these files; it may still do so, so they are kept."""
        self._doomed(files, delete=False)

    async def deliver(self, files: Sequence[BegunFile], results: JobResults | None) -> None:
        """Tells documents their outcomes, each after its file was deleted where it is to be.

        Args:
            files: all that waited for the job.
            results: what it found; None where it had not ended when the last of them gave up.
        """
        if results is None:
            self.release(files)
            return
        try:
            if self.delete_after:
                with self.tasks.unbroken():
                    await self._deliver_slowly(files, results)
        finally:
            self.release(files)
            _settle(files, results)

    async def refuse(self, file: BegunFile) -> None:
        """Says that the service does not have an uploaded file any more, so that it is uploaded again next time."""
        if file.origin.is_own:
            self.account().uploads.refuse(file.origin.document, file.origin.file_id)
            await self.journal_of(file.context.run).forget_upload(file.origin.document)

    async def _deliver_slowly(self, files: Sequence[BegunFile], results: JobResults) -> None:
        for begin in range(0, len(files), DELETIONS_AT_ONCE):
            some = files[begin : begin + DELETIONS_AT_ONCE]
            for file in some:
                if file.origin.is_own:
                    self.account().uploads.drop(file.origin.document)
                    await self.journal_of(file.context.run).forget_upload(file.origin.document)
            await self.housekeeping.delete(None, self._doomed(some, delete=True))
            _settle(some, results)

    def _doomed(self, files: Sequence[BegunFile], *, delete: bool) -> list[str]:
        """Gives files back, each once, and returns those that are to be deleted now."""
        used = [file for file in files if file in self._used]
        self._used.difference_update(used)
        uploads = self.account().uploads
        return [file.origin.file_id for file in used if uploads.release(file.origin.file_id, delete=delete)]


def _settle(files: Sequence[BegunFile], results: JobResults) -> None:
    for file in files:
        file.settle(results.outcome_of(file.origin.file_id, is_former=file.is_former))
