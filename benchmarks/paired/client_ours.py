"""Our client, by its public API alone.

python -m benchmarks.paired.client_ours < assignment.json
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

from benchmarks.paired.assignment import Assignment, Findings, Task, read_assignment, tell, timed
from benchmarks.paired.documents import documents
from benchmarks.paired.resident_memory import resident_mib
from classify_core import Classifier, RateLimits, Source

UNLIMITED: Final = RateLimits(creates_per_second=None, uploads_per_5_seconds=None)
LOOK_EVERY: Final = 500
"""Documents between two looks at the memory."""


def main() -> None:
    """Does what it is told."""
    assignment = read_assignment()
    work: dict[Task, Callable[[Assignment], Findings]] = {
        "many": _many,
        "singles": _singles,
        "stream": _stream,
        "chunks": _chunks,
    }
    tell(work[assignment.task](assignment))


def _many(assignment: Assignment) -> Findings:
    prepared = list(_sources(assignment))

    def classify() -> int:
        with Classifier(**_arguments(assignment)) as classifier:
            return sum(outcome.error is None for outcome in classifier.classify_many(prepared))

    return timed(classify)


def _singles(assignment: Assignment) -> Findings:
    """The first document warms client and server, and is not told."""
    done, seconds = 0, list[float]()
    with Classifier(**_arguments(assignment)) as classifier:
        for source in list(_sources(assignment)):
            began = time.perf_counter()
            done += classifier.classify(source).error is None
            seconds.append(time.perf_counter() - began)
    return Findings(done, sum(seconds), 0.0, singles=seconds[1:])


def _stream(assignment: Assignment) -> Findings:
    """Takes documents from an iterator and drops each outcome."""
    settling, looks = assignment.settling, list[float]()

    def classify() -> int:
        done = 0
        with Classifier(**_arguments(assignment)) as classifier:
            for count, (_, outcome) in enumerate(classifier.classify_as_completed(_sources(assignment)), start=1):
                done += outcome.error is None
                if count >= settling and ((count - settling) % LOOK_EVERY == 0 or count == assignment.documents):
                    looks.append(resident_mib())
        return done

    return replace(timed(classify), growth_mib=max(looks) - looks[0])


def _chunks(assignment: Assignment) -> Findings:
    """One file as LlamaIndex sees it behind a splitter: each node is a chunk, and all of them are one document."""
    from benchmarks.paired.chunks import classified_chunks  # noqa: PLC0415 - the other tasks need no LlamaIndex

    return classified_chunks(assignment, _arguments(assignment))


def _sources(assignment: Assignment) -> Iterator[Source]:
    for name, text in documents(assignment.documents, assignment.seed):
        yield Source.text(text, name=name)


def _arguments(assignment: Assignment) -> dict[str, Any]:
    common = {
        "rules": assignment.configuration["rules"],
        "backend": assignment.backend,
        "on_error": "record",
        "max_concurrency": assignment.at_once,
        "cache": True if assignment.cache is None else assignment.cache,
    }
    if assignment.backend == "local":
        return common
    plan = UNLIMITED if assignment.plan == "unlimited" else assignment.plan
    return common | {"base_url": assignment.base_url, "api_key": assignment.api_key, "plan": plan}


if __name__ == "__main__":
    main()
