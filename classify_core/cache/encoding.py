"""How an answer is kept: as JSON, which any later version reads, and which is far smaller than the object."""

from __future__ import annotations

from classify_core.classification import Answer


def encoded(answer: Answer) -> bytes:
    """The answer as UTF-8 JSON, without what is as usual."""
    return answer.model_dump_json(exclude_defaults=True).encode()


def decoded(text: bytes) -> Answer | None:
    """The answer that `text` holds; None where it holds none, such as one of another version."""
    try:
        return Answer.model_validate_json(text)
    except ValueError:
        return None
