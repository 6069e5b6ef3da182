"""How a request is refused."""

from __future__ import annotations

from typing import Any


class ProblemError(Exception):
    """Ends a request with an error answer, `{"detail": ...}`.

    Attributes:
        status: the HTTP status.
        detail: a sentence, or the faults of a body in FastAPI's form.
        headers: sent along.
    """

    def __init__(self, status: int, detail: Any, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}


def not_found(kind: str, identifier: str) -> ProblemError:
    """The same answer for what does not exist and for what is another project's."""
    return ProblemError(404, f"{kind} {identifier} not found")
