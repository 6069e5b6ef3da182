"""Which v1 job a document went into, noted so that a later call finds it: v1 itself has no transaction IDs."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from classify_core.backend import JobReference
from classify_core.hosted.journal import HostedJournal

MAX_NOTES: Final = 10_000

_KIND: Final = "v1 job"


class Notebook:
    """The journal of calls that were given none: it ends with the process, and the oldest note makes room."""

    def __init__(self) -> None:
        self._notes: OrderedDict[str, Mapping[str, str]] = OrderedDict()

    async def recall(self, key: str) -> Mapping[str, str] | None:
        """What was noted under `key`, if anything."""
        return self._notes.get(key)

    async def note(self, key: str, values: Mapping[str, str]) -> None:
        """Notes a few short values in place of what stood there."""
        self._notes[key] = values
        self._notes.move_to_end(key)
        if len(self._notes) > MAX_NOTES:
            self._notes.popitem(last=False)

    async def forget(self, key: str) -> None:
        """Takes a note back."""
        self._notes.pop(key, None)


class V1Journal(HostedJournal):
    """A journal that also knows which file of which v1 job a piece of work went into."""

    async def file_job(self, work_id: str) -> JobReference | None:
        """The job that a document went into, by what it was to be classified for."""
        noted = await self._recalled(_KIND, work_id)
        try:
            return JobReference(noted["job_id"], noted["file_id"]) if noted else None
        except KeyError:
            return None

    async def note_file_job(self, work_id: str, reference: JobReference) -> None:
        """Notes a document's job, and its file there."""
        await self._noted(_KIND, work_id, {"job_id": reference.job_id, "file_id": reference.file_id or ""})

    async def forget_file_job(self, work_id: str) -> None:
        """Forgets a document's job."""
        await self._forgotten(_KIND, work_id)
