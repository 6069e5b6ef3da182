"""What the service takes in and gives out, and the scripts that change an answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

Action = Literal["answer", "cut", "cut_half_way", "broken_json"]


@dataclass(frozen=True)
class Request:
    """One request as it arrived; header names are in lower case."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes = field(repr=False)
    connection: int

    @property
    def route(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def body_size(self) -> int:
        return len(self.body)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, Part]:
        return read_multipart(self.headers.get("content-type", ""), self.body)

    def first(self, name: str) -> str | None:
        return next(iter(self.query.get(name, [])), None)


@dataclass(frozen=True)
class Part:
    """One part of a multipart body; `file_name` only where it is a file."""

    content: bytes
    file_name: str | None
    content_type: str | None


@dataclass(frozen=True)
class Answer:
    """A status with a body: a JSON value, raw text, or None for none."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def raw(self) -> bytes:
        if self.body is None:
            return b""
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


class RefusedError(Exception):
    """Ends a request with an error answer."""

    def __init__(self, status: int, detail: Any) -> None:
        super().__init__(detail)
        self.answer = Answer(status, {"detail": detail})


@dataclass
class Script:
    """What happens to the next requests of a route."""

    route: str
    times: int
    action: Action = "answer"
    status: int | None = None
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    work: bool = True
    delay: float = 0.0

    def fits(self, request: Request) -> bool:
        return self.times > 0 and fnmatchcase(request.route, self.route)

    def change(self, answer: Answer) -> Answer:
        body = self.body if self.body is not None or self.status is not None else answer.body
        return Answer(self.status or answer.status, body, {**answer.headers, **self.headers})


@dataclass(frozen=True)
class Outcome:
    """How the jobs of some documents go; None leaves it to the service."""

    document: str
    status: str | None = None
    error_message: str | None = None
    looks_until_done: int | None = None
    seconds_until_done: float | None = None
    result: Mapping[str, Any] = field(default_factory=dict)

    def fits(self, identifier: str, name: str, content: bytes) -> bool:
        return self.document in {"*", identifier, name} or self.document.encode() in content


def read_multipart(content_type: str, body: bytes) -> dict[str, Part]:
    """The parts of a multipart/form-data body, by their names."""
    kind, _, boundary = content_type.partition("boundary=")
    if not kind.startswith("multipart/form-data") or not boundary:
        raise RefusedError(422, [{"loc": ["body"], "msg": "multipart/form-data needed", "type": "missing"}])
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary.strip('"').encode())
    return dict(_read_part(piece) for piece in pieces[1:-1])


def _read_part(piece: bytes) -> tuple[str, Part]:
    head, _, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n"))
    disposition = head.decode().split("\r\n")[0]
    part = Part(content, _quoted(disposition, "filename"), headers.get("content-type"))
    return _quoted(disposition, "name") or "", part


def _quoted(disposition: str, name: str) -> str | None:
    _, found, rest = disposition.partition(f'; {name}="')
    return rest.partition('"')[0] if found else None
