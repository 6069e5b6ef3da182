"""The application: routes, what stands before them, and how errors are told."""

from __future__ import annotations

from importlib.metadata import version
from typing import Final

from fastapi import Depends, FastAPI

from classify_core.server import error_handlers
from classify_core.server.dependencies import EVERYWHERE, bearer
from classify_core.server.middleware.authentication import Authentication
from classify_core.server.middleware.body_limit import BodyLimit
from classify_core.server.middleware.faults import FaultInjection
from classify_core.server.middleware.rate_limiting import RateLimiting
from classify_core.server.middleware.request_log import RequestLogging
from classify_core.server.routes import (
    configurations,
    documentation,
    downloads,
    files,
    health,
    jobs_v1,
    jobs_v2,
    legacy_files,
)
from classify_core.server.service import Service

_MIDDLEWARES: Final = (RequestLogging, Authentication, RateLimiting, FaultInjection, BodyLimit)
"""Outermost first."""

_WITH_KEY: Final = (jobs_v2, jobs_v1, files, legacy_files, configurations)
_WITHOUT_KEY: Final = (health, downloads)

_DESCRIPTION: Final = "Labels documents: a document and rules in plain words become a type, a confidence and a reason."


def create_app(service: Service) -> FastAPI:
    """Makes the application of a service, which is started before the first request and stopped after the last."""
    app = FastAPI(
        title="Classify API",
        description=_DESCRIPTION,
        version=version("classify-adapters"),
        openapi_url=documentation.OPENAPI,
        docs_url=None,
        redoc_url=None,
        # One schema a name, as in the published document, for what is sent and what is answered.
        separate_input_output_schemas=False,
    )
    app.state.service = service
    for middleware in reversed(_MIDDLEWARES):
        app.add_middleware(middleware, service=service)
    error_handlers.install(app)
    documentation.install(app)
    for module in _WITH_KEY:
        app.include_router(module.router, dependencies=[Depends(bearer)], responses=EVERYWHERE)
    for module in _WITHOUT_KEY:
        app.include_router(module.router)
    return app
