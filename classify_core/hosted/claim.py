"""What a document holds while its job is open: a place among the open jobs, and the files that it reads."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from classify_core.api.clock import Clock
from classify_core.api.flow import TooLateError
from classify_core.deadline import Deadline
from classify_core.errors import ClassifyTimeoutError
from classify_core.hosted.known_uploads import KnownUploads, is_same_file
from classify_core.hosted.places import Places


class _Held:
    """What is held, apart from its holder, so that it can be given back when that is gone."""

    def __init__(self, places: Places, uploads: KnownUploads) -> None:
        self.places = places
        self.uploads = uploads
        self.has_place = False
        self.file_ids: list[str] = []

    def __bool__(self) -> bool:
        return self.has_place or bool(self.file_ids)

    def leave_place(self) -> None:
        """Gives the place back, once."""
        if self.has_place:
            self.has_place = False
            self.places.release()

    def give_back(self, *, delete_files: bool = False) -> list[str]:
        """Gives it back, once; see `Claim.give_back`."""
        self.leave_place()
        file_ids, self.file_ids = self.file_ids, []
        return [file_id for file_id in file_ids if self.uploads.release(file_id, delete=delete_files)]


class Claim:
    """Holds these for one document, and gives them back once.

    Args:
        places: the places of open jobs.
        uploads: whose files are in use.
    """

    def __init__(self, places: Places, uploads: KnownUploads) -> None:
        self._held = _Held(places, uploads)
        self._loop = asyncio.get_running_loop()

    async def take_place(self, deadline: Deadline, clock: Clock) -> None:
        """Waits for a place; what that takes is put off from the deadline.

        Raises:
            ClassifyTimeoutError: there was none before the run's own deadline.
        """
        begin = clock.monotonic()
        try:
            deadline.put_off(await self._held.places.acquire(deadline.latest, clock))
        except TooLateError:
            raise ClassifyTimeoutError(
                "no place among the jobs that the plan allows at once was free before the run's deadline; allow more",
                timeout=clock.monotonic() - begin,
            ) from None
        self._held.has_place = True

    def use_file(self, file_id: str) -> None:
        """Keeps a file from being deleted for another document of equal content whose job has ended."""
        held = self._held
        if not any(is_same_file(file_id, used) for used in held.file_ids):
            held.file_ids.append(file_id)
            held.uploads.use(file_id)

    def leave_place(self) -> None:
        """Gives the place to another job, the document's own having ended; its files stay in use."""
        self._held.leave_place()

    def give_back(self, *, delete_files: bool = False) -> list[str]:
        """Gives back what is held.

        Args:
            delete_files: whether the files are to be deleted as soon as no other open job of this process reads them.

        Returns:
            The files that are to be deleted now.
        """
        return self._held.give_back(delete_files=delete_files)

    def __del__(self) -> None:
        """Gives back also where nobody ever waited for the job; collected in whatever thread."""
        if self._held:
            with suppress(RuntimeError):  # the loop is closed, and with it all who could wait for a place
                self._loop.call_soon_threadsafe(self._held.give_back)
