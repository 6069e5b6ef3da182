"""Our own client of either face, on the same scenarios."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx
from pydantic import BaseModel

from classify_core.api import AsyncClassifyClient, ClassifyClient
from classify_core.models import WebhookConfiguration
from classify_core.models_v1 import V1ParsingConfiguration
from tests.peers.bridge import Face
from tests.peers.face import Connection, Json, Peer, PeerV1, PeerV2

_POLL_INTERVAL = 0.05
_CLIENTS: dict[Face, Any] = {
    "sync": (ClassifyClient, httpx.Client),
    "async": (AsyncClassifyClient, httpx.AsyncClient),
}


class _OurPeer(Peer):
    """What both APIs share."""

    client_name = "classify-adapters"
    error_names: Mapping[str, str] = {
        "unauthorised": "AuthenticationError",
        "unknown": "NotFoundError",
        "in the wrong state": "ConflictError",
        "rejected": "RejectedRequestError",
        "against the rules' limits": "InvalidRulesError",
        "contradictory": "InvalidOptionError",
        "out of range": "InvalidOptionError",
    }
    wait_words: Mapping[str, str] = {
        "completed": "COMPLETED",
        "failed": "JobFailedError",
        "late": "ClassifyTimeoutError",
        "cancelled": "JobCancelledError",
    }

    def __init__(self, connection: Connection, face: Face) -> None:
        super().__init__(connection, face)
        kind, http = _CLIENTS[face]
        self._http: Any = http(event_hooks=self.event_hooks())
        self.client: Any = kind(api_key=connection.api_key, base_url=connection.base_url, http_client=self._http)

    def close(self) -> None:
        self.bridge.done(self._http.aclose() if self.bridge.is_async else self._http.close())
        self.bridge.close()

    def _json(self, value: Any) -> Json:
        return _plain(self.bridge.done(value))

    def _each(self, listing: Any) -> Iterator[Json]:
        return (_plain(item) for item in self.bridge.each(listing))


class OurPeer(_OurPeer, PeerV2):
    """The current API."""

    def upload(self, name: str, content: bytes, *, external_file_id: str | None = None) -> Json:
        return self._json(self.client.files.upload(content, name=name, external_file_id=external_file_id))

    def get_file(self, file_id: str, *, expand: Sequence[str] = ()) -> Json:
        return self._json(self.client.files.get(file_id, expand=expand))

    def list_files(self, **filters: Any) -> Iterator[Json]:
        return self._each(self.client.files.list(**filters))

    def delete_file(self, file_id: str) -> None:
        self.bridge.done(self.client.files.delete(file_id))

    def create(self, **body: Any) -> Json:
        return self._json(self._create(**body))

    def get(self, job_id: str, *, expand: Sequence[str] = ()) -> Json:
        return self._json(self.client.jobs.get(job_id, expand=expand))

    def list(self, **filters: Any) -> Iterator[Json]:
        return self._each(self.client.jobs.list(**filters))

    def cancel(self, job_id: str) -> Json:
        return self._json(self.client.jobs.cancel(job_id))

    def delete(self, job_id: str) -> Json:
        return self._json(self.client.jobs.delete(job_id))

    def wait(self, job_id: str, *, timeout: float = 30.0) -> Json:
        return self._json(self.client.jobs.wait(job_id, timeout=timeout, poll_interval=_POLL_INTERVAL))

    def run(self, **body: Any) -> Json:
        return self.wait(self.create(**body)["id"])

    def run_together(self, bodies: Sequence[Json]) -> Sequence[Json]:
        created = self.bridge.together([lambda body=body: self._create(**body) for body in bodies])
        waits = [lambda job=job: self.client.jobs.wait(job, poll_interval=_POLL_INTERVAL) for job in created]
        return [_plain(job) for job in self.bridge.together(waits)]

    def create_configuration(self, name: str, configuration: Json) -> Json:
        return self._json(self.client.configurations.create(name, **_typed({"configuration": configuration})))

    def get_configuration(self, config_id: str) -> Json:
        return self._json(self.client.configurations.get(config_id))

    def list_configurations(self, **filters: Any) -> Iterator[Json]:
        return self._each(self.client.configurations.list(**filters))

    def update_configuration(
        self, config_id: str, *, name: str | None = None, configuration: Json | None = None
    ) -> Json:
        changes = {} if configuration is None else _typed({"configuration": configuration})
        return self._json(self.client.configurations.update(config_id, name=name, **changes))

    def delete_configuration(self, config_id: str) -> None:
        self.bridge.done(self.client.configurations.delete(config_id))

    def _create(self, *, file_input: str, **options: Any) -> Any:
        return self.client.jobs.create(file_input, **_typed(options))


class OurPeerV1(_OurPeer, PeerV1):
    """The deprecated API."""

    def upload(self, name: str, content: bytes) -> Json:
        return self._json(self.client.files.upload(content, name=name))

    def create(self, **body: Any) -> Json:
        if "parsing_configuration" in body:
            body["parsing_configuration"] = V1ParsingConfiguration(**body["parsing_configuration"])
        return self._json(self.client.v1.jobs.create(**body))

    def get(self, job_id: str) -> Json:
        return self._json(self.client.v1.jobs.get(job_id))

    def list(self, *, page_size: int) -> Iterator[Json]:
        return self._each(self.client.v1.jobs.list(page_size=page_size))

    def results(self, job_id: str) -> Sequence[Json]:
        return list(self._each(self.client.v1.jobs.results(job_id)))

    def wait(self, job_id: str, *, timeout: float = 30.0) -> Json:
        return self._json(self.client.v1.jobs.wait(job_id, timeout=timeout, poll_interval=_POLL_INTERVAL))


def _typed(options: Json) -> Json:
    """The options of a call as our client takes them: a configuration in its parts, endpoints as models."""
    typed = {name: value for name, value in options.items() if name != "configuration"}
    typed |= options.get("configuration", {})
    if "webhook_configurations" in options:
        typed["webhook_configurations"] = [WebhookConfiguration(**each) for each in options["webhook_configurations"]]
    return typed


def _plain(model: BaseModel) -> Json:
    return model.model_dump(mode="json")
