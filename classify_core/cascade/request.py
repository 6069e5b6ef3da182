"""A document on its way to the dear backend."""

from __future__ import annotations

from dataclasses import dataclass, field

from classify_core.backend import Batch, ClassifyRequest
from classify_core.classification import Answer


@dataclass(frozen=True, slots=True)
class DearRequest(ClassifyRequest):
    """A document for the dear backend.

    Attributes:
        first_answer: the cheap backend's; None where it could not read the document.
        price: the credits that its pages cost at the dear backend.
    """

    first_answer: Answer | None = field(default=None, repr=False)  # it quotes the document
    price: float = 0.0

    @classmethod
    def of(cls, request: ClassifyRequest, first_answer: Answer | None, price: float) -> DearRequest:
        """The request as one for the dear backend."""
        return cls(
            request.source,
            request.content,
            request.configuration,
            request.configuration_id,
            request.batch,
            first_answer,
            price,
        )

    def plain(self) -> ClassifyRequest:
        """What the dear backend is given: it knows nothing of the call's batch, which is the cheap one's."""
        return ClassifyRequest(self.source, self.content, self.configuration, self.configuration_id)

    def asked(self) -> Asked:
        """What is kept of it while it is waited for."""
        return Asked(self.content_key, self.batch, self.first_answer, self.price)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is kept of a document while the dear backend works on it: not its bytes."""

    content_key: str
    batch: Batch | None = field(repr=False)
    first_answer: Answer | None = field(repr=False)
    price: float
