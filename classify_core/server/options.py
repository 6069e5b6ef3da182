"""What a server can be told."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from classify_core.checks import checked_count, checked_seconds
from classify_core.errors import InvalidOptionError
from classify_core.files import MAX_FILE_BYTES
from classify_core.limits import PLANS, RateLimits
from classify_core.server.keys import checked_keys
from classify_core.server.simulation.durations import JobSeconds
from classify_core.server.simulation.faults import Faults

NO_LIMITS: Final = RateLimits(creates_per_second=None, uploads_per_5_seconds=None)
LIMITS: Final[dict[str, RateLimits]] = {"none": NO_LIMITS, "published": RateLimits(), "free": PLANS["free"]}


@dataclass(frozen=True)
class DocumentLimits:
    """What reading one document may take; beyond it the document's job fails, and nothing else does.

    Attributes:
        seconds: for reading, and again for deciding.
        memory_bytes: that its process may take beyond what it has at its start; only Linux keeps to it.
        pages: a document with more is refused.
    """

    seconds: float = 120.0
    memory_bytes: int = 2 * 1024**3
    pages: int = 5_000

    def __post_init__(self) -> None:
        checked_seconds("seconds", self.seconds)
        checked_count("memory_bytes", self.memory_bytes, minimum=256 * 1024**2)
        checked_count("pages", self.pages)


@dataclass(frozen=True)
class ServerOptions:
    """Everything that `classify serve` can be told.

    Attributes:
        host: the address to listen on.
        port: 0 takes any that is free.
        data: the folder that keeps files and jobs; made where it is missing.
        api_keys: each belongs to a project, the same one after a restart; where there are none, one is made and kept.
        limits: the hosted service's rate limits, with its 429s.
        job_seconds: how long jobs take at least, as at the hosted service; None is as long as they need.
        concurrent_jobs: of a project, that run at once; more wait as PENDING.
        faults: what goes wrong on purpose.
        seed: of the durations; the faults have their own.
        allow_private_webhooks: whether webhooks may be sent to private and loopback addresses.
        workers: processes that read documents.
        document_limits: what one document may take.
        max_file_bytes: of an upload.
    """

    data: Path
    host: str = "127.0.0.1"
    port: int = 8000
    api_keys: tuple[SecretStr, ...] = ()
    limits: RateLimits = NO_LIMITS
    job_seconds: JobSeconds | None = None
    concurrent_jobs: int | None = None
    faults: Faults = field(default_factory=Faults)
    seed: int = 0
    allow_private_webhooks: bool = False
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    document_limits: DocumentLimits = DocumentLimits()
    max_file_bytes: int = MAX_FILE_BYTES

    def __post_init__(self) -> None:
        checked_count("port", self.port, minimum=0, maximum=65535)
        checked_keys(self.api_keys)
        checked_count("workers", self.workers)
        checked_count("max_file_bytes", self.max_file_bytes)
        if self.concurrent_jobs is not None:
            checked_count("concurrent_jobs", self.concurrent_jobs)


def limits_named(name: str) -> RateLimits:
    """The rate limits by their name.

    Raises:
        InvalidOptionError: there are none of that name.
    """
    if name not in LIMITS:
        raise InvalidOptionError(f"limits={name!r}: give one of {', '.join(LIMITS)}")
    return LIMITS[name]
