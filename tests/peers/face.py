"""What a scenario asks of a client, whichever it is. Answers are the JSON that the client understood."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.peers.bridge import Bridge, Face
from tests.peers.checks import Difference, same

Json = dict[str, Any]


@dataclass(frozen=True)
class Connection:
    """Where a client is to go, and as whom."""

    base_url: str
    api_key: str
    other_api_key: str


@dataclass(frozen=True)
class Answer:
    """An answer as it came over the wire."""

    method: str
    path: str
    status: int


class Peer(ABC):
    """A client of either face.

    Attributes:
        error_names: the client's own error class by what went wrong.
        wait_words: how a wait ends by how the job stands: the returned job's status, or the error's class.
        sent: method and path of every request, also of those whose answer got lost.
        answers: every answer that came, also those that the client's own retries hid.
        problems: what was wrong with answers that the client accepted nevertheless.
    """

    client_name: str
    error_names: Mapping[str, str]
    wait_words: Mapping[str, str]

    def __init__(self, connection: Connection, face: Face) -> None:
        self.connection = connection
        self.face: Face = face
        self.bridge = Bridge(face)
        self.sent: list[tuple[str, str]] = []
        self.answers: list[Answer] = []
        self.problems: list[str] = []

    @property
    def name(self) -> str:
        """Which client it is."""
        return f"{self.client_name} {self.face}"

    def with_key(self, api_key: str) -> Self:
        """The same client with another key."""
        other = Connection(self.connection.base_url, api_key, self.connection.other_api_key)
        return type(self)(other, self.face)

    def refused(self, kind: str, call: Callable[..., Any], *args: Any, **options: Any) -> None:
        """Expects the client's own error for what is wrong with a call."""
        expected = self.error_names[kind]
        try:
            answer = call(*args, **options)
        except Exception as error:  # noqa: BLE001 - any other class is the difference that is looked for
            same(self.error_name(error), expected, f"the error where it is {kind} ({error})")
        else:
            raise Difference(f"expected {expected} where it is {kind}, found the answer {answer!r}")

    def event_hooks(self) -> dict[str, list[Callable[[Any], Any]]]:
        """What an httpx client has to be given so that each request and each answer is noted."""

        def send(request: Any) -> None:
            self.sent.append((request.method, request.url.path))

        async def asend(request: Any) -> None:
            send(request)

        def read(response: Any) -> None:
            response.read()
            self.note(response)

        async def aread(response: Any) -> None:
            await response.aread()
            self.note(response)

        if self.bridge.is_async:
            return {"request": [asend], "response": [aread]}
        return {"request": [send], "response": [read]}

    def note(self, response: Any) -> None:
        """Keeps what came over the wire."""
        self.answers.append(Answer(response.request.method, response.url.path, response.status_code))

    def error_name(self, error: Exception) -> str:
        """How an error is named in `error_names`."""
        return type(error).__name__

    def count(self, method: str, path: str) -> int:
        """How many answers there were to a route so far."""
        return sum(answer.method == method and answer.path == path for answer in self.answers)

    def how_it_ends(self, job_id: str, *, timeout: float = 30.0) -> str:
        """The word for how a wait for a job ends."""
        try:
            status: str = self.wait(job_id, timeout=timeout)["status"]
        except Exception as error:  # noqa: BLE001 - the class is what is asked for
            return self.error_name(error)
        return status

    @abstractmethod
    def wait(self, job_id: str, *, timeout: float = 30.0) -> Json:
        """The job when it has ended, or the client's error."""

    @abstractmethod
    def close(self) -> None:
        """Closes the connections."""


class PeerV2(Peer):
    """A client of the current API."""

    def upload_text(self, content: bytes, name: str = "document.txt") -> str:
        """The ID of a new text file."""
        identifier: str = self.upload(name, content)["id"]
        return identifier

    @abstractmethod
    def upload(self, name: str, content: bytes, *, external_file_id: str | None = None) -> Json: ...

    @abstractmethod
    def get_file(self, file_id: str, *, expand: Sequence[str] = ()) -> Json: ...

    @abstractmethod
    def list_files(self, **filters: Any) -> Iterator[Json]: ...

    @abstractmethod
    def delete_file(self, file_id: str) -> None: ...

    @abstractmethod
    def create(self, **body: Any) -> Json: ...

    @abstractmethod
    def get(self, job_id: str, *, expand: Sequence[str] = ()) -> Json: ...

    @abstractmethod
    def list(self, **filters: Any) -> Iterator[Json]: ...

    @abstractmethod
    def cancel(self, job_id: str) -> Json: ...

    @abstractmethod
    def delete(self, job_id: str) -> Json: ...

    @abstractmethod
    def run(self, **body: Any) -> Json: ...

    @abstractmethod
    def run_together(self, bodies: Sequence[Json]) -> Sequence[Json]: ...

    @abstractmethod
    def create_configuration(self, name: str, configuration: Json) -> Json: ...

    @abstractmethod
    def get_configuration(self, config_id: str) -> Json: ...

    @abstractmethod
    def list_configurations(self, **filters: Any) -> Iterator[Json]: ...

    @abstractmethod
    def update_configuration(
        self, config_id: str, *, name: str | None = None, configuration: Json | None = None
    ) -> Json: ...

    @abstractmethod
    def delete_configuration(self, config_id: str) -> None: ...


class PeerV1(Peer):
    """A client of the deprecated API."""

    @abstractmethod
    def upload(self, name: str, content: bytes) -> Json: ...

    @abstractmethod
    def create(self, **body: Any) -> Json: ...

    @abstractmethod
    def get(self, job_id: str) -> Json: ...

    @abstractmethod
    def list(self, *, page_size: int) -> Iterator[Json]: ...

    @abstractmethod
    def results(self, job_id: str) -> Sequence[Json]: ...


class ServicesPeer(Peer):
    """The deprecated high-level client, which uploads, classifies and tells the files along with their results."""

    @abstractmethod
    def source(self, **options: Any) -> Any:
        """The client's own wrapper of a text, bytes, a path or a file ID."""

    @abstractmethod
    def upload_bytes(self, content: bytes, name: str) -> Json: ...

    @abstractmethod
    def get_file(self, file_id: str) -> Json: ...

    @abstractmethod
    def read_file(self, file_id: str) -> bytes: ...

    @abstractmethod
    def create(self, file_ids: Sequence[str]) -> Json: ...

    @abstractmethod
    def classify(self, files: Any, *, parsing: Json | None = None, raise_on_error: bool = True) -> Json: ...

    @abstractmethod
    def classify_ids(self, file_ids: Sequence[str]) -> Json: ...

    @abstractmethod
    def classify_path(self, path: Path) -> Json: ...

    @abstractmethod
    def classify_paths(self, paths: Sequence[Path]) -> Json: ...
