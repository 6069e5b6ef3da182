"""The deprecated official clients, unchanged, playing every scenario of the deprecated API.

    python -m tests.peers.official_v1 sync|async SERVERS.json

`llama-cloud` 0.1.46 plays the scenarios that are written once; `llama-cloud-services` 0.6.94, which is built on it,
then plays those of its `ClassifyClient`. It runs in an environment with these and without this project, and exits
with 1 where a scenario ended at a difference.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import httpx
from llama_cloud.client import AsyncLlamaCloud, LlamaCloud
from llama_cloud.core.api_error import ApiError
from llama_cloud.types import ClassifierRule, ClassifyMode

from tests.peers.bridge import Face
from tests.peers.catalogue import SERVICES_SCENARIOS, V1_SCENARIOS
from tests.peers.face import Connection, Json, PeerV1
from tests.peers.official_services import OfficialServicesPeer, parsing_configuration
from tests.peers.playing import finish, play_all, read_servers

_CLIENTS: dict[Face, Any] = {"sync": (LlamaCloud, httpx.Client), "async": (AsyncLlamaCloud, httpx.AsyncClient)}


class OfficialPeer(PeerV1):
    """The generated client of either face."""

    client_name = "llama-cloud 0.1"
    error_names: Mapping[str, str] = {
        "unauthorised": "ApiError 401",
        "unknown": "ApiError 404",
        "rejected": "ApiError 400",
        "against the rules' limits": "UnprocessableEntityError 422",
    }
    # This client has no wait of its own, so nothing raises.
    wait_words: Mapping[str, str] = {"failed": "ERROR"}

    def __init__(self, connection: Connection, face: Face) -> None:
        super().__init__(connection, face)
        kind, http = _CLIENTS[face]
        self._http: Any = http(timeout=60, event_hooks=self.event_hooks())
        self.client: Any = kind(token=connection.api_key, base_url=connection.base_url, httpx_client=self._http)

    def upload(self, name: str, content: bytes) -> Json:
        return self._json(self.client.files.upload_file(upload_file=(name, content), external_file_id=name))

    def create(self, **body: Any) -> Json:
        typed = {**body, "rules": [ClassifierRule(**rule) for rule in body["rules"]]}
        if "mode" in body:
            typed["mode"] = ClassifyMode(body["mode"])
        if "parsing_configuration" in body:
            typed["parsing_configuration"] = parsing_configuration(body["parsing_configuration"])
        return self._json(self.client.classifier.create_classify_job(**typed))

    def get(self, job_id: str) -> Json:
        return self._json(self.client.classifier.get_classify_job(job_id))

    def list(self, *, page_size: int) -> Iterator[Json]:
        token = None
        while True:
            page = self._json(self.client.classifier.list_classify_jobs(page_size=page_size, page_token=token))
            yield from page["items"]
            token = page.get("next_page_token")
            if token is None:
                return

    def results(self, job_id: str) -> Sequence[Json]:
        page = self._json(self.client.classifier.get_classification_job_results(job_id))
        return [{"result": None, **item} for item in page["items"]]

    def wait(self, job_id: str, *, timeout: float = 30.0) -> Json:
        until = time.monotonic() + timeout
        job = self.get(job_id)
        while job["status"] == "PENDING" and time.monotonic() < until:
            time.sleep(0.05)
            job = self.get(job_id)
        return job

    def error_name(self, error: Exception) -> str:
        """Its class and status, since it has one class for everything but 422."""
        status = f" {error.status_code}" if isinstance(error, ApiError) else ""
        return f"{super().error_name(error)}{status}"

    def close(self) -> None:
        self.bridge.done(self._http.aclose() if self.bridge.is_async else self._http.close())
        self.bridge.close()

    def _json(self, value: Any) -> Json:
        return cast("Json", json.loads(self.bridge.done(value).json()))


def main() -> None:
    """Plays the scenarios of one face."""
    face, servers = cast("Face", sys.argv[1]), read_servers(sys.argv[2])
    failed = play_all(V1_SCENARIOS, servers, lambda connection: OfficialPeer(connection, face))
    failed += play_all(SERVICES_SCENARIOS, servers, lambda connection: OfficialServicesPeer(connection, face))
    finish(failed)


if __name__ == "__main__":
    main()
