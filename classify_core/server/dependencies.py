"""What routes ask for: the service, the key's project, and what every request may carry."""

from __future__ import annotations

from typing import Annotated, Any, Final, cast
from uuid import UUID

from fastapi import Cookie, Depends, Query, Request
from fastapi.security import HTTPBearer

from classify_core.server.schemas.common import HTTPValidationError, Problem
from classify_core.server.service import Service
from classify_core.server.store.projects import Project

# For the OpenAPI document alone: the middleware has checked the key before a route is reached.
bearer = HTTPBearer(auto_error=False, description="A key of this server, `llx-...`.")

_REFUSALS: Final[dict[int, str]] = {
    400: "The request cannot be read, or names what cannot be used.",
    401: "The key is missing or wrong.",
    403: "The project is not the key's.",
    404: "There is no such thing in this project.",
    408: "The body did not come in time.",
    409: "It is not in a state for that.",
    413: "The body is too large.",
    415: "The body is compressed, which is not accepted.",
    429: "Too many requests; wait and try again.",
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """A route's error answers as the OpenAPI document tells them; those of `EVERYWHERE` need not be said again."""
    return {status: {"model": Problem, "description": _REFUSALS[status]} for status in statuses}


EVERYWHERE: Final = {
    **refusals(400, 401, 403, 408, 413, 415, 429),
    422: {"model": HTTPValidationError | Problem, "description": "The request is not valid."},
}
"""The error answers of every route that needs a key."""


async def get_service(request: Request) -> Service:
    """The service that the application was made for."""
    return cast("Service", request.app.state.service)


async def get_project(
    request: Request,
    *,
    project_id: Annotated[UUID | None, Query(description="The key's project; any other is refused.")] = None,
    organization_id: Annotated[UUID | None, Query(description="Ignored.")] = None,
    session: Annotated[str | None, Cookie(description="Ignored; send a key.")] = None,
) -> Project:
    """The project of the request's key; the middleware has refused a `project_id` that names another."""
    del project_id, organization_id, session
    project: Project = request.scope["state"]["project"]
    return project


ServiceDependency = Annotated[Service, Depends(get_service)]
ProjectDependency = Annotated[Project, Depends(get_project)]
