"""What a client's process is told on its standard input, and what it tells on its standard output, as JSON.

Both clients import this, so it may import nothing but the standard library.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Task = Literal["many", "singles", "stream", "chunks"]


@dataclass(frozen=True)
class Assignment:
    """What a client is to do.

    Attributes:
        task: `many`: all documents in one call. `singles`: one after the other with a warm client. `stream`: from an
            iterator, each outcome dropped. `chunks`: the file `pdf`, split into `documents` chunks.
        configuration: the rules, as the API takes them.
        documents: how many.
        seed: of the documents.
        at_once: open documents; None leaves it to the client.
        is_async: which face of the official SDK is used.
        max_retries: of the official SDK; None leaves it to the SDK.
        plan: of our client: a plan's name, `unlimited`, or None for what it does by itself.
        backend: of our client.
        cache: the path of our client's persistent cache.
        pdf: the path of a file.
        settling: documents after which the growth of memory is measured.
    """

    task: Task
    base_url: str
    api_key: str
    configuration: dict[str, Any]
    documents: int
    seed: int
    at_once: int | None = None
    is_async: bool = True
    max_retries: int | None = None
    plan: str | None = None
    backend: str = "hosted"
    cache: str | None = None
    pdf: str | None = None
    settling: int = 5_000

    def to_json(self) -> str:
        """As one line."""
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Findings:
    """What a client measured of itself; start and imports of its process are not in it.

    Attributes:
        done: documents that have an outcome.
        seconds: of the work.
        processor_seconds: of the whole process during the work.
        singles: the seconds of each document that was classified by itself.
        growth_mib: how far the resident memory grew after the first documents.
    """

    done: int
    seconds: float
    processor_seconds: float
    singles: list[float] = field(default_factory=list)
    growth_mib: float | None = None


def read_assignment() -> Assignment:
    """What the benchmark asks for."""
    return Assignment(**json.load(sys.stdin))


def tell(findings: Findings) -> None:
    """Answers the benchmark; it reads the last line."""
    sys.stdout.write(f"\n{json.dumps(asdict(findings))}\n")


def timed(work: Callable[[], int]) -> Findings:
    """Does the work, which returns how many documents have an outcome, and measures it."""
    began, processor_began = time.perf_counter(), time.process_time()
    done = work()
    return Findings(done, time.perf_counter() - began, time.process_time() - processor_began)
