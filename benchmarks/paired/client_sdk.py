"""The official SDK, unchanged, as its users write it for many documents: upload and `classify.run`, so many at once.

    python -m benchmarks.paired.client_sdk < assignment.json

It runs in an environment with the SDK and without this project, so it may import the SDK, the standard library and
what lies beside it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

# Typed as Any, since the SDK is not in the environment that is checked.
from llama_cloud import AsyncLlamaCloud, LlamaCloud  # type: ignore[import-not-found]  # see above

from benchmarks.paired.assignment import Assignment, Findings, read_assignment, tell, timed
from benchmarks.paired.documents import Document, documents


class _Face(Protocol):
    """Either face of the SDK."""

    def classify(self, group: Sequence[Document]) -> int:
        """Classifies documents and returns how many have a result."""

    def close(self) -> None:
        """Closes the connections."""


class _AsyncFace:
    """A task a document, under a semaphore."""

    def __init__(self, assignment: Assignment) -> None:
        self._configuration = assignment.configuration
        self._at_once = assignment.at_once or 1
        self._runner = asyncio.Runner()
        self._client: Any = AsyncLlamaCloud(**_arguments(assignment))

    def classify(self, group: Sequence[Document]) -> int:
        return self._runner.run(self._all(group))

    async def _all(self, group: Sequence[Document]) -> int:
        slots = asyncio.Semaphore(self._at_once)
        return sum(await asyncio.gather(*(self._one(document, slots) for document in group)))

    async def _one(self, document: Document, slots: asyncio.Semaphore) -> bool:
        async with slots:
            try:
                content = (document.name, document.text.encode())
                file = await self._client.files.create(file=content, purpose="classify")
                job = await self._client.classify.run(file_input=file.id, configuration=self._configuration)
            except Exception:  # noqa: BLE001 - whatever it is, the document has no result
                return False
            return job.result is not None

    def close(self) -> None:
        self._runner.run(self._client.close())
        self._runner.close()


class _SyncFace:
    """A pool of threads that share a client."""

    def __init__(self, assignment: Assignment) -> None:
        self._configuration = assignment.configuration
        self._pool = ThreadPoolExecutor(assignment.at_once or 1)
        self._client: Any = LlamaCloud(**_arguments(assignment))

    def classify(self, group: Sequence[Document]) -> int:
        return sum(self._pool.map(self._one, group))

    def _one(self, document: Document) -> bool:
        try:
            file = self._client.files.create(file=(document.name, document.text.encode()), purpose="classify")
            job = self._client.classify.run(file_input=file.id, configuration=self._configuration)
        except Exception:  # noqa: BLE001 - whatever it is, the document has no result
            return False
        return job.result is not None

    def close(self) -> None:
        self._pool.shutdown()
        self._client.close()


def _arguments(assignment: Assignment) -> dict[str, Any]:
    retries = {} if assignment.max_retries is None else {"max_retries": assignment.max_retries}
    return {"api_key": assignment.api_key, "base_url": assignment.base_url, **retries}


def main() -> None:
    """Does what it is told."""
    assignment = read_assignment()
    # The async face logs each job that failed; the results are looked at.
    logging.getLogger("llama_cloud").setLevel(logging.CRITICAL)
    prepared = list(documents(assignment.documents, assignment.seed))
    face: _Face = _AsyncFace(assignment) if assignment.is_async else _SyncFace(assignment)
    tell(_singles(face, prepared) if assignment.task == "singles" else timed(lambda: face.classify(prepared)))
    face.close()


def _singles(face: _Face, prepared: Sequence[Document]) -> Findings:
    """The first document warms client and server, and is not told."""
    done, seconds = 0, list[float]()
    for document in prepared:
        began = time.perf_counter()
        done += face.classify([document])
        seconds.append(time.perf_counter() - began)
    return Findings(done, sum(seconds), 0.0, singles=seconds[1:])


if __name__ == "__main__":
    main()
