"""The official SDK, unchanged, playing every scenario of the current API.

    python -m tests.peers.official_v2 sync|async SERVERS.json

It runs in an environment with the SDK and without this project, so it may import the SDK, the standard library and
what lies beside it. It exits with 1 where a scenario ended at a difference.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

import httpx
from llama_cloud import AsyncLlamaCloud, DefaultAsyncHttpxClient, DefaultHttpxClient, LlamaCloud

from tests.peers.bridge import Face
from tests.peers.catalogue import V2_SCENARIOS
from tests.peers.face import Connection, Json, PeerV2
from tests.peers.official_strict import problems_of
from tests.peers.playing import finish, play_all, read_servers

_POLLING: dict[str, Any] = {"polling_interval": 0.05, "backoff": "constant"}
_CLIENTS: dict[Face, Any] = {
    "sync": (LlamaCloud, DefaultHttpxClient),
    "async": (AsyncLlamaCloud, DefaultAsyncHttpxClient),
}
# A failed or late job raises in the sync SDK, and is logged and returned by the async one; neither takes CANCELLED for
# an end, so that such a wait is late.
_WAIT_WORDS: dict[Face, dict[str, str]] = {
    "sync": {
        "completed": "COMPLETED",
        "failed": "PollingError",
        "late": "PollingTimeoutError",
        "cancelled": "PollingTimeoutError",
    },
    "async": {"completed": "COMPLETED", "failed": "FAILED", "late": "RUNNING", "cancelled": "CANCELLED"},
}


class OfficialPeer(PeerV2):
    """The SDK's client of either face."""

    client_name = "llama-cloud"
    error_names: Mapping[str, str] = {
        "unauthorised": "AuthenticationError",
        "unknown": "NotFoundError",
        "in the wrong state": "ConflictError",
        "rejected": "BadRequestError",
        "against the rules' limits": "UnprocessableEntityError",
        "contradictory": "UnprocessableEntityError",
        "out of range": "UnprocessableEntityError",
    }

    def __init__(self, connection: Connection, face: Face) -> None:
        super().__init__(connection, face)
        self.wait_words = _WAIT_WORDS[face]
        kind, http = _CLIENTS[face]
        self.client: Any = kind(
            api_key=connection.api_key,
            base_url=connection.base_url,
            http_client=http(event_hooks=self.event_hooks()),
        )

    def refused(self, kind: str, call: Callable[..., Any], *args: Any, **options: Any) -> None:
        """Without the SDK's own retries: it takes a 409 for a lock that passes, and tries again for 15 s."""
        retrying, self.client = self.client, self.client.with_options(max_retries=0)
        try:
            super().refused(kind, call, *args, **options)
        finally:
            self.client = retrying

    def upload(self, name: str, content: bytes, *, external_file_id: str | None = None) -> Json:
        options = {} if external_file_id is None else {"external_file_id": external_file_id}
        return self._json(self.client.files.create(file=(name, content), purpose="classify", **options))

    def get_file(self, file_id: str, *, expand: Sequence[str] = ()) -> Json:
        return self._json(self.client.files.retrieve(file_id, **_given(expand)))

    def list_files(self, **filters: Any) -> Iterator[Json]:
        return self._each(self.client.files.list(**filters))

    def delete_file(self, file_id: str) -> None:
        self.bridge.done(self.client.files.delete(file_id))

    def content_address(self, file_id: str) -> Json:
        return self._json(self.client.files.content(file_id))

    def query_files(self, **query: Any) -> list[Json]:
        with warnings.catch_warnings():
            # It warns that it is old.
            warnings.simplefilter("ignore", DeprecationWarning)
            return cast("list[Json]", self._json(self.client.files.query(**query))["items"])

    def create(self, **body: Any) -> Json:
        return self._json(self.client.classify.create(**body))

    def get(self, job_id: str, *, expand: Sequence[str] = ()) -> Json:
        return self._json(self.client.classify.get(job_id, **_given(expand)))

    def raw_get(self, job_id: str) -> Json:
        raw = self.bridge.done(self.client.classify.with_raw_response.get(job_id))
        return {"status": raw.status_code, "headers": raw.headers, "parsed": self._json(raw.parse())}

    def list(self, **filters: Any) -> Iterator[Json]:
        return self._each(self.client.classify.list(**filters))

    def cancel(self, job_id: str) -> Json:
        return self._json(self.client.classify.cancel(job_id))

    def delete(self, job_id: str) -> Json:
        return self._json(self.client.classify.delete(job_id))

    def wait(self, job_id: str, *, timeout: float = 30.0) -> Json:
        return self._json(self.client.classify.wait_for_completion(job_id, timeout=timeout, **_POLLING))

    def run(self, **body: Any) -> Json:
        return self._json(self.client.classify.run(**body, **_POLLING))

    def run_together(self, bodies: Sequence[Json]) -> Sequence[Json]:
        calls = [lambda body=body: self.client.classify.run(**body, **_POLLING) for body in bodies]
        return [_plain(job) for job in self.bridge.together(calls)]

    def create_configuration(self, name: str, configuration: Json) -> Json:
        return self._json(self.client.configurations.create(name=name, parameters=_parameters(configuration)))

    def get_configuration(self, config_id: str) -> Json:
        return self._json(self.client.configurations.retrieve(config_id))

    def list_configurations(self, **filters: Any) -> Iterator[Json]:
        return self._each(self.client.configurations.list(**filters))

    def update_configuration(
        self, config_id: str, *, name: str | None = None, configuration: Json | None = None
    ) -> Json:
        changes = {} if name is None else {"name": name}
        parameters = {} if configuration is None else {"parameters": _parameters(configuration)}
        return self._json(self.client.configurations.update(config_id, **changes, **parameters))

    def delete_configuration(self, config_id: str) -> None:
        self.bridge.done(self.client.configurations.delete(config_id))

    def close(self) -> None:
        self.bridge.done(self.client.close())
        self.bridge.close()

    def note(self, response: httpx.Response) -> None:
        """Keeps what came, and what the SDK's own models say against it."""
        super().note(response)
        answer = self.answers[-1]
        self.problems.extend(problems_of(answer.method, answer.path, answer.status, response.content))

    def _json(self, value: Any) -> Json:
        return _plain(self.bridge.done(value))

    def _each(self, listing: Any) -> Iterator[Json]:
        return (_plain(item) for item in self.bridge.each(listing))


def _plain(model: Any) -> Json:
    return cast("Json", model.to_dict(mode="json", exclude_unset=False))


def _given(expand: Sequence[str]) -> dict[str, list[str]]:
    return {"expand": list(expand)} if expand else {}


def _parameters(configuration: Json) -> Json:
    return {**configuration, "product_type": "classify_v2"}


def main() -> None:
    """Plays the scenarios of one face."""
    face, servers = cast("Face", sys.argv[1]), read_servers(sys.argv[2])
    # The async face logs what the sync one raises; the scenarios look at the job itself.
    logging.getLogger("llama_cloud").setLevel(logging.CRITICAL)
    failed = play_all(V2_SCENARIOS, servers, lambda connection: OfficialPeer(connection, face))
    finish(failed)


if __name__ == "__main__":
    main()
