"""One request of the API as data: what to send, how to read the answer, when to try again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from classify_core.api.upload import Upload
from classify_core.errors import InvalidOptionError, InvalidResponseError

T = TypeVar("T")
Model = TypeVar("Model", bound=BaseModel)


class Retry(Enum):
    """After which faults a call may be sent again.

    Attributes:
        ALWAYS: after each fault that may pass; doing the work twice is the same as doing it once.
        UNSENT: only where surely nothing was done; doing the work twice would cost twice.
    """

    ALWAYS = "always"
    UNSENT = "unsent"


@dataclass(frozen=True)
class Settled(Generic[T]):
    """What it means that a later attempt is refused: an earlier one, whose answer got lost, may have done the work.

    Attributes:
        status: the refusal.
        result: the result then, or the call that gets it.
        is_done: whether that shows the work to be done; the refusal stands where it does not.
    """

    status: int
    result: T | Call[T]
    is_done: Callable[[T], bool] = lambda _: True


@dataclass(frozen=True)
class Recovery(Generic[T]):
    """How to find what an attempt has done whose answer got lost, before the next attempt does it once more.

    Attributes:
        ask: the call that looks for it; None where nothing that is found could be told from something else.
        found: picks the result out of that call's answer, given the time; None where it is not there.
    """

    ask: Callable[[], Call[Any] | None]
    found: Callable[[Any, datetime], T | None]


@dataclass(frozen=True)
class Call(Generic[T]):
    """A request and the reading of its answer.

    Attributes:
        method: the HTTP method.
        route: the path as the contract writes it, with placeholders; for messages.
        path: the path that is requested.
        parse: reads a good answer.
        params: query parameters; a None is left out, a tuple is repeated.
        json: the JSON body.
        upload: the multipart body.
        retry: after which faults it may be sent again.
        settled: which refusal of a later attempt an earlier one may have brought about by doing the work.
        recovery: how to find what an attempt has done whose answer got lost.
        job_id: the job concerned, for errors.
        source_name: the document concerned, for errors.
    """

    method: str
    route: str
    path: str
    parse: Callable[[httpx.Response], T]
    params: Mapping[str, Any] = field(default_factory=dict)
    json: Any = field(default=None, repr=False)
    upload: Upload | None = None
    retry: Retry = Retry.ALWAYS
    settled: Settled[T] | None = None
    recovery: Recovery[T] | None = None
    job_id: str | None = None
    source_name: str | None = None

    @property
    def name(self) -> str:
        """The call for messages, such as `GET /api/v2/classify/{job_id}`."""
        return f"{self.method} {self.route}"


def fill(route: str, **identifiers: str) -> str:
    """Puts IDs into a route.

    Raises:
        InvalidOptionError: an ID is no string, is blank, or would lead to another route.
    """
    return route.format(**{name: _path_segment(name, value) for name, value in identifiers.items()})


def _path_segment(name: str, value: str) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable() or value in {".", ".."}:
        raise InvalidOptionError(f"{name} is {value!r}; give the ID as the service told it, as a string")
    return quote(value, safe="")


def read(model: type[Model]) -> Callable[[httpx.Response], Model]:
    """A reader of JSON answers; it raises InvalidResponseError for a body that is not such a resource."""

    def parse(response: httpx.Response) -> Model:
        try:
            return model.model_validate_json(response.content)
        except ValidationError as error:
            # The cause is left out: it quotes the body, which may hold text of a document.
            raise InvalidResponseError(_unreadable(response, model, error)) from None

    return parse


def read_nothing(_: httpx.Response) -> None:
    """The reader of answers whose status says it all."""


def _unreadable(response: httpx.Response, model: type[BaseModel], error: ValidationError) -> str:
    kind = response.headers.get("content-type", "no content type")
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    if any(fault["type"] == "json_invalid" for fault in faults):
        return (
            f"answered {response.status_code} with {len(response.content)} bytes ({kind}) that are not whole JSON; "
            "check that the base URL is that of the service and that no proxy changes the answers"
        )
    fields = ", ".join(sorted({".".join(map(str, fault["loc"])) or "the body" for fault in faults})[:5])
    resource = model.__name__.partition("[")[0]
    return (
        f"answered {response.status_code} with a body that is no {resource} (at {fields}); "
        "upgrade classify-adapters, or report the change to the service's support"
    )
