"""What all backends of one key share on an event loop: known uploads, known jobs, open jobs, and the watcher of these.

An account is found by whoever asks on the same loop, and lives as long as somebody holds it. Another loop has its own,
a forked child's too, whose parent's connections and tasks are not there.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final, TypeAlias
from weakref import WeakKeyDictionary, WeakValueDictionary

from classify_core.api.clock import Clock
from classify_core.hosted.known_uploads import KnownUploads
from classify_core.hosted.pacing import PacedClient
from classify_core.hosted.places import Places
from classify_core.hosted.watching.watcher import Watcher

MAX_KNOWN_JOBS: Final = 10_000


class KnownJobs:
    """Jobs that this process has begun with, made or found: one of them that comes back is a former one."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, job_id: object) -> bool:
        return job_id in self._jobs

    def add(self, job_id: str) -> None:
        """Remembers a job; the one known longest makes room."""
        self._jobs[job_id] = None
        if len(self._jobs) > MAX_KNOWN_JOBS:
            self._jobs.popitem(last=False)

    def forget(self, job_id: str) -> None:
        """Forgets a job that is not there any more."""
        self._jobs.pop(job_id, None)


class Account:
    """What the backends of one key, address and project share on one event loop.

    Attributes:
        watcher: looks at all open jobs.
        uploads: which documents the service already has.
        jobs: the jobs that were begun with here.
    """

    def __init__(self, clock: Clock) -> None:
        self.watcher = Watcher(clock)
        self.uploads = KnownUploads()
        self.jobs = KnownJobs()
        self._places: dict[int | None, Places] = {}

    def places(self, limit: int | None) -> Places:
        """The open jobs of those that keep to the same limit."""
        if limit not in self._places:
            self._places[limit] = Places(limit)
        return self._places[limit]


_Key: TypeAlias = tuple[str, str | None, Clock | None]
_accounts: WeakKeyDictionary[asyncio.AbstractEventLoop, WeakValueDictionary[_Key, Account]] = WeakKeyDictionary()


def account_of(client: PacedClient, clock: Clock) -> Account:
    """The account of a client on the running loop; hold it as long as it is used."""
    here = _accounts.setdefault(asyncio.get_running_loop(), WeakValueDictionary())
    key = client.account, client.project_id, clock if type(clock) is not Clock else None
    account = here.get(key)
    if account is None:
        account = here[key] = Account(clock)
    return account
