"""The two steps of a cascade: the cheap backend is asked first, and the dear one only where that is not enough."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from classify_core.backend import Backend, ClassifyRequest, JobBackend
from classify_core.cascade.batch import CascadeBatch
from classify_core.cascade.request import Asked, DearRequest
from classify_core.classification import Answer
from classify_core.errors import ClassifyError, UnreadableDocumentError
from classify_core.guarding import errors_of
from classify_core.pricing import pages_of, price_of_pages
from classify_core.pricing.prices import price_of_answer
from classify_core.run_state import SHORTEST_SECONDS, ends_the_run

if TYPE_CHECKING:
    from classify_core.cascade.choosing import Policy
    from classify_core.cascade.ledger import Ledger


class Steps:
    """Asks one backend, and then maybe the other.

    Args:
        cheap: is asked first.
        dear: is asked where the cheap one is not sure.
        policy: what is sure, and what becomes of a document that the dear one fails on.
        ledger: counts.
    """

    def __init__(self, cheap: Backend, dear: Backend, policy: Policy, ledger: Ledger) -> None:
        self.cheap = cheap
        self.dear = dear
        self.policy = policy
        self.ledger = ledger

    async def first_look(self, request: ClassifyRequest, *, timeout: float) -> Answer | DearRequest:
        """The cheap answer where that is enough, for now at least; else what to ask the dear backend.

        Raises:
            ClassifyError: the cheap backend failed other than by a document that it cannot read.
        """
        batch = request.batch if isinstance(request.batch, CascadeBatch) else None
        if batch is not None and batch.is_chosen(request.content_key):
            return await self._sent_by(batch, request)
        try:
            answer = await self._cheap_answer(request, batch, timeout)
        except UnreadableDocumentError:
            if batch is None:
                return DearRequest.of(request, None, await self._price(request))
            batch.could_not_read(request)
            raise
        price = await self._price(request)
        if batch is not None:
            return batch.saw(request, answer, price)
        if not self.policy.is_sure(answer):
            return DearRequest.of(request, answer, price)
        self.ledger.stayed(request.content_key, price)
        return answer

    async def answer(self, request: ClassifyRequest, *, timeout: float) -> Answer:
        """The answer of whichever backend it comes to."""
        began = time.monotonic()
        looked = await self.first_look(request, timeout=timeout)
        if isinstance(looked, Answer):
            return looked
        left = max(SHORTEST_SECONDS, timeout - (time.monotonic() - began))
        self.ledger.was_sent(looked.content_key)
        try:
            with errors_of(self.dear):
                return self.given(looked.asked(), await self.dear.classify(looked.plain(), timeout=left))
        except ClassifyError as error:
            return self.instead(looked.asked(), error)

    def given(self, asked: Asked, answer: Answer) -> Answer:
        """The dear backend's answer, counted and under its own name."""
        self.ledger.spent(price_of_answer(answer, asked.price).credits)
        if isinstance(asked.batch, CascadeBatch):
            asked.batch.labelled(asked.content_key, answer)
        return named(answer, self.dear)

    def instead(self, asked: Asked, error: ClassifyError) -> Answer:
        """What is answered where the dear backend failed.

        Raises:
            ClassifyError: its error, where the cheap answer is not to stand for it, or would meet all documents.
        """
        if self.policy.on_dear_error == "raise" or asked.first_answer is None or ends_the_run(error):
            raise error
        if error.job_id is not None:
            self.ledger.spent(asked.price)  # a job was made, and may be billed
        reason = f"{asked.first_answer.reasoning} ({self.dear.name} was asked, and failed: {type(error).__name__})"
        # No cache keeps it, so that the next call asks the dear backend again.
        return asked.first_answer.model_copy(
            update={"reasoning": reason.strip(), "is_provisional": True, "job_id": error.job_id}
        )

    async def _cheap_answer(self, request: ClassifyRequest, batch: CascadeBatch | None, timeout: float) -> Answer:
        own = replace(request, batch=None if batch is None else batch.cheap)
        with errors_of(self.cheap):  # the name tells which of the two is to be mended
            return named(await self.cheap.classify(own, timeout=timeout), self.cheap)

    async def _sent_by(self, batch: CascadeBatch, request: ClassifyRequest) -> DearRequest:
        key = request.content_key
        price = batch.price(key)
        return DearRequest.of(request, batch.cheap_answer(key), await self._price(request) if price is None else price)

    async def _price(self, request: ClassifyRequest) -> float:
        """The credits that the document's pages cost at the dear backend."""
        if not isinstance(self.dear, JobBackend):
            return 0.0
        parsing = request.configuration.parsing_configuration
        return price_of_pages(await pages_of(request.source, request.content, parsing))


def named(answer: Answer, backend: Backend) -> Answer:
    """The answer under the name of who gave it."""
    return answer if answer.backend is not None else answer.model_copy(update={"backend": backend.name})
