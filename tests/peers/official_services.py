"""`llama-cloud-services` 0.6.94, unchanged: its `ClassifyClient` of either face."""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from llama_cloud.types import ClassifierRule, ClassifyParsingConfiguration, ParserLanguages
from llama_cloud_services.beta.classifier import ClassifyClient, SourceText

from tests.peers.face import Json, ServicesPeer
from tests.peers.material import RULES

_RULES = [ClassifierRule(**rule) for rule in RULES]


class OfficialServicesPeer(ServicesPeer):
    """Makes a client for each call: its sync methods run a loop each, which connections do not outlive."""

    client_name = "llama-cloud-services"
    error_names: Mapping[str, str] = {"failed": "ValueError"}
    wait_words: Mapping[str, str] = {}

    def source(self, **options: Any) -> Any:
        return SourceText(**options)

    def upload_bytes(self, content: bytes, name: str) -> Json:
        return _plain(self._do(lambda client: client.file_client.upload_bytes(content, name)))

    def get_file(self, file_id: str) -> Json:
        return _plain(self._do(lambda client: client.file_client.get_file(file_id)))

    def read_file(self, file_id: str) -> bytes:
        return cast("bytes", self._do(lambda client: client.file_client.read_file_content(file_id)))

    def create(self, file_ids: Sequence[str]) -> Json:
        return self._call("create_classify_job", list(file_ids))

    def wait(self, job_id: str, *, timeout: float = 30.0) -> Json:
        return _plain(self._do(lambda client: client.wait_for_job_completion(job_id)))

    def classify(self, files: Any, *, parsing: Json | None = None, raise_on_error: bool = True) -> Json:
        configuration = None if parsing is None else parsing_configuration(parsing)
        return self._call("classify", files, parsing_configuration=configuration, raise_on_error=raise_on_error)

    def classify_ids(self, file_ids: Sequence[str]) -> Json:
        return self._call("classify_file_ids", list(file_ids))

    def classify_path(self, path: Path) -> Json:
        return self._call("classify_file_path", str(path))

    def classify_paths(self, paths: Sequence[Path]) -> Json:
        return self._call("classify_file_paths", [str(path) for path in paths])

    def close(self) -> None:
        self.bridge.close()

    def _call(self, method: str, *arguments: Any, **options: Any) -> Json:
        """What a method gives that has both faces: `classify` and `aclassify`."""
        with warnings.catch_warnings():
            # The older names warn that they are old.
            warnings.simplefilter("ignore", DeprecationWarning)
            if self.bridge.is_async:
                return _plain(self._do(lambda client: getattr(client, f"a{method}")(_RULES, *arguments, **options)))
            return _plain(getattr(self._client(), method)(_RULES, *arguments, **options))

    def _do(self, call: Callable[[Any], Awaitable[Any]]) -> Any:
        """What a method gives that has only the async face."""

        async def run() -> Any:
            client = self._client()
            try:
                return await call(client)
            finally:
                await client.client._client_wrapper.httpx_client.aclose()

        return self.bridge.done(run()) if self.bridge.is_async else asyncio.run(run())

    def _client(self) -> Any:
        client = ClassifyClient.from_api_key(self.connection.api_key, base_url=self.connection.base_url)
        client.polling_interval = 0.05
        return client


def parsing_configuration(parsing: Json) -> ClassifyParsingConfiguration:
    """The client's own model of a parsing configuration."""
    return ClassifyParsingConfiguration(**{**parsing, "lang": ParserLanguages(parsing["lang"])})


def _plain(model: Any) -> Json:
    return cast("Json", json.loads(model.json()))
