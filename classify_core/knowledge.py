"""What is known of a document already, and where what is found out is kept."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass

from classify_core.backend import Batch, ClassifyRequest
from classify_core.cache import Cache
from classify_core.classification import Answer
from classify_core.document import Document
from classify_core.run_state import RunState, without_stack
from classify_core.settings import Settings
from classify_core.source import read

logger = logging.getLogger(__name__)


class Question:
    """A document that was read, and the key by which its answer is known.

    It holds the bytes until `let_go`, since those that wait for an answer do so long and in large numbers.
    """

    __slots__ = ("_request", "key")

    def __init__(self, request: ClassifyRequest, key: str) -> None:
        self.key = key
        self._request: ClassifyRequest | None = request

    @property
    def request(self) -> ClassifyRequest:
        """What is asked."""
        if self._request is None:
            raise TypeError("a question that was let go cannot be asked again")
        return self._request

    def let_go(self) -> None:
        """Drops the bytes."""
        self._request = None


@dataclass(frozen=True, slots=True)
class Found:
    """An answer, and where it comes from.

    Attributes:
        answer: the answer.
        is_cached: whether it was known before it was asked for.
        batch: of the call that asked for it: that batch took note of the document, and no other did.
    """

    answer: Answer
    is_cached: bool
    batch: Batch | None = None


class Knowledge:
    """Answers of former calls, in the classifier's cache, and those of the call itself.

    Args:
        settings: what decides an answer besides the document.
        cache: answers of former calls; None where only a call's own are known.
    """

    def __init__(self, settings: Settings, cache: Cache | None) -> None:
        self._settings = settings
        self._cache = cache

    async def question(self, document: Document) -> Question:
        """Reads a document.

        Raises:
            UnreadableDocumentError: it cannot be read, or is empty.
        """
        source = document.source
        if source is None:
            raise TypeError("a document is read before it is released")
        content = await read(source)
        configuration = self._settings.configuration
        saved_id = self._settings.configuration_id
        request = ClassifyRequest(source, content, configuration, saved_id, document.run.batch)
        document.was_read(request)
        return Question(request, self.key_of(request.content_key))

    def key_of(self, content_key: str) -> str:
        """The key of what is known of equal documents under these settings."""
        return _digest(self._settings.cache_scope, content_key)

    async def found(self, key: str, run: RunState) -> Found | None:
        """What is known of a document already.

        Raises:
            ClassifyError: an equal document failed in the same call.
        """
        cached = await _kept(self._cache_of(run), key) or await _kept(run.answers, key)
        if cached is not None:
            return Found(cached, is_cached=True)
        if key in run.failures:
            raise without_stack(run.failures[key])  # raised itself, it would gather the frames of all its documents
        return None

    async def keep(self, key: str, answer: Answer, run: RunState) -> None:
        """Keeps an answer that can be trusted; that of a study within the study only."""
        if not run.is_study:
            await self._keep(key, answer)
        is_own = self._cache is None or run.refresh or run.is_study or answer.is_provisional
        if is_own and self._is_trusted(answer):
            await run.answers.put(key, answer)

    async def correct(self, content_key: str, answer: Answer) -> None:
        """Keeps an answer in place of what is known of a document."""
        await self._keep(self.key_of(content_key), answer)

    async def keep_former(self, content_key: str | None, answer: Answer) -> None:
        """Keeps the answer of a job that was begun in a former call."""
        if content_key is not None:
            await self._keep(self.key_of(content_key), answer)

    async def _keep(self, key: str, answer: Answer) -> None:
        if self._cache is not None and not answer.is_provisional and self._is_trusted(answer):
            await _keep(self._cache, key, answer)

    def _is_trusted(self, answer: Answer) -> bool:
        return answer.type is None or answer.type in self._settings.types

    def _cache_of(self, run: RunState) -> Cache:
        return run.answers if self._cache is None or run.refresh or run.is_study else self._cache


async def _kept(cache: Cache, key: str) -> Answer | None:
    try:
        return await cache.get(key)
    except Exception as error:  # noqa: BLE001 - a cache may be anybody's, and an answer can be had without it
        logger.warning("the cache failed to give an answer: %s", type(error).__name__)
        return None


async def _keep(cache: Cache, key: str, answer: Answer) -> None:
    try:
        await cache.put(key, answer)
    except Exception as error:  # noqa: BLE001 - a cache may be anybody's, and this answer may have been paid for
        logger.warning("the cache failed to keep an answer: %s", type(error).__name__)


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
