"""What several of these tests use: backends that misbehave on purpose, and a handler that collects spans."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llama_index.core.instrumentation.span import SimpleSpan
from llama_index.core.instrumentation.span_handlers import BaseSpanHandler
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import Document
from pydantic import Field

from classify_core import Answer, ClassifyConfiguration, ClassifyError, ClassifyRequest, UnreadableDocumentError
from llama_index_classify import ClassifyReader
from tests.backends import ScriptedBackend

if TYPE_CHECKING:
    import inspect


def splitter(chunk_size: int = 80) -> SentenceSplitter:
    """A splitter that needs no language data, which older versions of the framework download."""
    return SentenceSplitter(chunk_size=chunk_size, chunk_overlap=0, chunking_tokenizer_fn=sentences_of)


def sentences_of(text: str) -> list[str]:
    return re.findall(r"[^.]+\.?\s*", text)


class NeverBackend(ScriptedBackend):
    """Never answers."""

    async def classify(self, request: ClassifyRequest, *, timeout: float) -> Answer:
        await asyncio.Event().wait()
        raise AssertionError("nobody sets the event")


class SavedBackend(ScriptedBackend):
    """Knows saved configurations; what `loads` returns is loaded, and what it raises is raised."""

    def __init__(self, loads: ClassifyConfiguration | Exception | None) -> None:
        super().__init__()
        self.loads = loads

    async def load_configuration(self, configuration_id: str) -> ClassifyConfiguration:
        if self.loads is None:
            await asyncio.Event().wait()
        if isinstance(self.loads, Exception):
            raise self.loads
        assert isinstance(self.loads, ClassifyConfiguration)
        return self.loads


def fails_on(word: str) -> ScriptedBackend:
    """A backend that cannot read documents in which `word` stands."""

    def behaviour(text: str) -> ClassifyError | None:
        return UnreadableDocumentError(f"{word} cannot be read") if word in text else None

    return ScriptedBackend(behaviour)


class CollectingSpanHandler(BaseSpanHandler[SimpleSpan]):
    """Keeps what a tracer is told, as text, and the spans' names."""

    names: list[str] = Field(default_factory=list)
    told: list[str] = Field(default_factory=list)

    @classmethod
    def class_name(cls) -> str:
        return "CollectingSpanHandler"

    def new_span(self, id_: str, bound_args: inspect.BoundArguments, instance: Any = None, **told: Any) -> SimpleSpan:
        self.names.append(id_.partition("-")[0])
        shown = [repr(bound_args), repr(instance), str(instance)]
        if hasattr(instance, "model_dump"):
            shown += [repr(instance.model_dump()), repr(vars(instance))]
        self.told.extend([*shown, repr(told)])
        return SimpleSpan(id_=id_)

    def prepare_to_exit_span(
        self, id_: str, bound_args: inspect.BoundArguments, instance: Any = None, result: Any = None, **told: Any
    ) -> None:
        self.told.extend([repr(result), repr(told)])
        self.open_spans.pop(id_, None)

    def prepare_to_drop_span(
        self, id_: str, bound_args: inspect.BoundArguments, instance: Any = None, err: Any = None, **told: Any
    ) -> None:
        self.told.extend([repr(err), str(err), repr(told)])
        self.open_spans.pop(id_, None)


def paths_in(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def types(documents: Iterable[Document]) -> list[str | None]:
    return [document.metadata.get("classify_type") for document in documents]


async def every_way(reader: ClassifyReader, *args: Any, **load_kwargs: Any) -> list[list[Document]]:
    return [
        reader.load_data(*args, **load_kwargs),
        list(reader.lazy_load_data(*args, **load_kwargs)),
        await reader.aload_data(*args, **load_kwargs),
        list(await reader.alazy_load_data(*args, **load_kwargs)),
    ]
