"""One request that is made for several documents, each of which has a time of its own."""

from __future__ import annotations

from collections.abc import Sequence

from classify_core.deadline import Deadline


class SharedDeadline(Deadline):
    """The deadline of such a request; what it waits for a limit is put off for each of the documents too.

    Args:
        moment: when the request has to be done.
        documents: the documents' own deadlines; one without a latest moment leaves this one without.
    """

    def __init__(self, moment: float, documents: Sequence[Deadline]) -> None:
        known = [document.latest for document in documents if document.latest is not None]
        super().__init__(moment, latest=max(known) if known and len(known) == len(documents) else None)
        self._documents = documents

    def put_off(self, seconds: float) -> None:
        """Moves it, and those of the documents, so many seconds further."""
        super().put_off(seconds)
        for document in self._documents:
            document.put_off(seconds)
