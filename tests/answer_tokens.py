"""Tokens that a model says it wrote, with their log-probabilities."""

from __future__ import annotations

import math
from typing import Any


def token(text: str | bytes, probability: float = 1.0, others: dict[str, float] | None = None) -> dict[str, Any]:
    """A token as OpenAI's API tells of it, with its probability and those of others in its place."""
    encoded = text if isinstance(text, bytes) else text.encode()
    top = [{"token": other, "logprob": math.log(share)} for other, share in (others or {}).items()]
    shown = encoded.decode(errors="backslashreplace")
    return {"token": shown, "bytes": list(encoded), "logprob": math.log(probability), "top_logprobs": top}
