"""How errors are told: `{"detail": ...}`, and never what was sent."""

from __future__ import annotations

import json
from typing import Any, Final, cast

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError

from classify_core.server.problems import ProblemError

# A body of a million faults is answered with these alone.
_MAX_FAULTS: Final = 100


def install(app: FastAPI) -> None:
    """Adds the handlers; what nobody foresaw is answered by the request log's middleware."""
    app.add_exception_handler(ProblemError, _tell_problem)
    app.add_exception_handler(RequestValidationError, _tell_faults)


async def _tell_problem(_request: Request, error: Exception) -> Response:
    problem = cast("ProblemError", error)
    return _answer(problem.status, problem.detail, problem.headers)


async def _tell_faults(_request: Request, error: Exception) -> Response:
    faults = cast("RequestValidationError", error).errors()[:_MAX_FAULTS]
    # Pydantic adds the input and its context, in which a webhook's secret may stand.
    return _answer(422, [{"loc": fault["loc"], "msg": fault["msg"], "type": fault["type"]} for fault in faults])


def _answer(status: int, detail: Any, headers: dict[str, str] | None = None) -> Response:
    # Escaped to ASCII, so that half a character, which a client can send as JSON, cannot break the answer.
    return Response(json.dumps({"detail": detail}), status, headers, media_type="application/json")
