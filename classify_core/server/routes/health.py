"""Whether the server is up."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter

from classify_core.server.schemas.common import Reply

router = APIRouter(tags=["Health"])


class Health(Reply):
    """The server is up."""

    status: Literal["ok"] = "ok"


@router.get("/healthz")
async def health() -> Health:
    """Answers, without a key, as long as the server is up."""
    return Health()
