"""The same documents through either adapter, and each kind of backend that both can be given."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hashing_embedding import LangChainHashing, LlamaIndexHashing
from langchain_core.documents import Document as LangChainDocument
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from llama_index.core.schema import Document as LlamaIndexDocument

from classify_core import Answer, ClassifyError, HostedBackend, JobFailedError, LocalBackend
from classify_core.testing.server import ClassifyServer
from langchain_classify import ChatModelEngine, ClassifyDocumentTransformer
from langchain_classify import EmbeddingEngine as LangChainEmbeddingEngine
from llama_index_classify import ClassifyTransform, LLMEngine
from llama_index_classify import EmbeddingEngine as LlamaIndexEmbeddingEngine
from tests.backends import ScriptedBackend
from tests.langchain import classifying_models
from tests.llama_index import classifying_llms

Given = Sequence[tuple[str, dict[str, Any]]]
"""Texts and metadata."""

MODEL = "a-model"


@dataclass(frozen=True)
class Kind:
    """A kind of backend, as either adapter is given it."""

    llama_index: Callable[[], Any]
    langchain: Callable[[], Any]


def kinds(server: ClassifyServer) -> dict[str, Kind]:
    """Every kind by its name; each call makes a backend of its own."""
    return {
        "local": Kind(lambda: "local", lambda: "local"),
        "scripted": Kind(lambda: ScriptedBackend(fails_on_bad), lambda: ScriptedBackend(fails_on_bad)),
        "hosted v2": Kind(lambda: _hosted(server, "v2"), lambda: _hosted(server, "v2")),
        "hosted v1": Kind(lambda: _hosted(server, "v1"), lambda: _hosted(server, "v1")),
        "language model": Kind(
            lambda: LocalBackend(LLMEngine(_AnsweringLLM(replies=[], model=MODEL))),
            lambda: LocalBackend(ChatModelEngine(_AnsweringModel(replies=[], model_name=MODEL))),
        ),
        "embedding model": Kind(
            lambda: LocalBackend(LlamaIndexEmbeddingEngine(LlamaIndexHashing(model_name=MODEL))),
            lambda: LocalBackend(LangChainEmbeddingEngine(_NamedHashing())),
        ),
    }


def fails_on_bad(text: str) -> Answer | ClassifyError | None:
    return JobFailedError("broken", job_id="job-1") if text == "bad" else None


def through_llama_index(component: ClassifyTransform, documents: Given) -> list[Any]:
    return [node.metadata for node in component(_nodes(documents))]


async def athrough_llama_index(component: ClassifyTransform, documents: Given) -> list[Any]:
    return [node.metadata for node in await component.acall(_nodes(documents))]


def through_langchain(component: ClassifyDocumentTransformer, documents: Given) -> list[Any]:
    return [document.metadata for document in component.transform_documents(_documents(documents))]


async def athrough_langchain(component: ClassifyDocumentTransformer, documents: Given) -> list[Any]:
    return [document.metadata for document in await component.atransform_documents(_documents(documents))]


def _nodes(documents: Given) -> list[LlamaIndexDocument]:
    return [LlamaIndexDocument(text=text, metadata=dict(metadata)) for text, metadata in documents]


def _documents(documents: Given) -> list[LangChainDocument]:
    return [LangChainDocument(page_content=text, metadata=dict(metadata)) for text, metadata in documents]


def _hosted(server: ClassifyServer, api: str) -> HostedBackend:
    return HostedBackend(api=api, base_url=server.base_url, api_key=server.api_key)


def _reply_to(prompt: str) -> dict[str, Any]:
    """The same answer of either model to the same document; what is no invoice is said to quote a recipe."""
    if re.search("^bad$", prompt, re.MULTILINE):
        raise ConnectionError("the model is down")
    if "Invoice number 7" in prompt:
        return classifying_llms.reply("invoice", "Invoice number 7")
    return classifying_llms.reply("recipe", "steps of preparation")


class _AnsweringLLM(classifying_llms.CallingLLM):
    def next_reply(self, prompt: str) -> Any:
        return _reply_to(prompt)


class _AnsweringModel(classifying_models.CallingModel):
    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        reply = _reply_to("\n".join(str(message.content) for message in messages))
        tools = {name: value for name, value in kwargs.items() if name == "tools"}
        return ChatResult(generations=[ChatGeneration(message=self.message_of(reply, **tools))])


class _NamedHashing(LangChainHashing):
    model = MODEL
