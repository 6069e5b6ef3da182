"""Holds each answer against the official SDK's own models, strictly; the SDK itself builds them from anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

from llama_cloud.types import (
    ClassifyCancelResponse,
    ClassifyCreateResponse,
    ClassifyDeleteResponse,
    ClassifyGetResponse,
    ClassifyListResponse,
    ConfigurationResponse,
    FileCreateResponse,
    FileListResponse,
    FileQueryResponse,
    FileRetrieveResponse,
    PresignedURL,
)
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

Item = TypeVar("Item", bound=BaseModel)


class _Page(BaseModel, Generic[Item]):
    model_config = ConfigDict(extra="forbid")
    items: list[Item]
    next_page_token: str | None
    total_size: int | None


class _InvalidPart(BaseModel):
    model_config = ConfigDict(extra="forbid")
    loc: list[str | int]
    msg: str
    type: str


class _Problem(BaseModel):
    model_config = ConfigDict(extra="forbid")
    detail: str | list[_InvalidPart]


_ANSWERS: dict[tuple[str, str], tuple[int, type[BaseModel] | None]] = {
    ("POST", r"/api/v2/classify"): (200, ClassifyCreateResponse),
    ("GET", r"/api/v2/classify"): (200, _Page[ClassifyListResponse]),
    ("GET", r"/api/v2/classify/[^/]+"): (200, ClassifyGetResponse),
    ("POST", r"/api/v2/classify/[^/]+/cancel"): (200, ClassifyCancelResponse),
    ("DELETE", r"/api/v2/classify/[^/]+"): (200, ClassifyDeleteResponse),
    ("POST", r"/api/v1/beta/files"): (201, FileCreateResponse),
    ("GET", r"/api/v1/beta/files"): (200, _Page[FileListResponse]),
    ("POST", r"/api/v1/beta/files/query"): (200, FileQueryResponse),
    ("GET", r"/api/v1/beta/files/[^/]+"): (200, FileRetrieveResponse),
    ("GET", r"/api/v1/beta/files/[^/]+/content"): (200, PresignedURL),
    ("DELETE", r"/api/v1/beta/files/[^/]+"): (204, None),
    ("POST", r"/api/v1/beta/configurations"): (201, ConfigurationResponse),
    ("GET", r"/api/v1/beta/configurations"): (200, _Page[ConfigurationResponse]),
    ("GET", r"/api/v1/beta/configurations/[^/]+"): (200, ConfigurationResponse),
    ("PUT", r"/api/v1/beta/configurations/[^/]+"): (200, ConfigurationResponse),
    ("DELETE", r"/api/v1/beta/configurations/[^/]+"): (204, None),
}


def problems_of(method: str, path: str, status: int, content: bytes) -> Iterator[str]:
    """What an answer has that the SDK's models do not foresee, or lacks."""
    route = f"{method} {path}"
    if status >= 400:
        yield from _told(route, _Problem, content)
        return
    expected, model = next(_expected(method, path), (status, None))
    if status != expected:
        yield f"{route} answered {status}; the document says {expected}"
    if model is not None:
        yield from _told(route, model, content)
    elif content:
        yield f"{route} answered {status} with a body of {len(content)} bytes"


def _expected(method: str, path: str) -> Iterator[tuple[int, type[BaseModel] | None]]:
    for (verb, pattern), answer in _ANSWERS.items():
        if verb == method and re.fullmatch(pattern, path):
            yield answer


def _told(route: str, model: type[BaseModel], content: bytes) -> Iterator[str]:
    try:
        parsed = TypeAdapter(model).validate_json(content, strict=True)
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_context=False, include_input=False):
            yield f"{route}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}"
    else:
        yield from (f"{route}: the SDK does not know {name}" for name in _unknown(parsed, model.__name__))


def _unknown(value: Any, name: str) -> Iterator[str]:
    """The fields that the SDK keeps without knowing them."""
    if isinstance(value, BaseModel):
        yield from (f"{name}.{extra}" for extra in value.model_extra or {})
        for field in type(value).model_fields:
            yield from _unknown(getattr(value, field), f"{name}.{field}")
    elif isinstance(value, list):
        for item in value:
            yield from _unknown(item, name)
