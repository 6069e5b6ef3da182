from __future__ import annotations

import json
from typing import Any

import pytest
from llama_index.core import VectorStoreIndex
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.llms import CompletionResponse, CustomLLM, LLMMetadata
from llama_index.core.llms.callbacks import llm_completion_callback
from llama_index.core.retrievers import VectorIndexAutoRetriever
from llama_index.core.schema import Document
from llama_index.core.vector_stores import MetadataInfo
from pydantic import Field

from classify_core import InvalidRulesError, Rule
from classify_core.errors import InvalidOptionError
from classify_core.filtering import MEANINGS_LENGTH
from llama_index_classify import ClassifyTransform
from llama_index_classify.auto_retrieval import vector_store_info
from tests.backends import ScriptedBackend


class ScriptedLLM(CustomLLM):
    """Gives one answer and keeps what it was asked."""

    answer: str
    prompts: list[str] = Field(default_factory=list)

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata()

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:  # noqa: FBT001, FBT002 - the base class's parameters
        self.prompts.append(prompt)
        return CompletionResponse(text=self.answer)

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 - the same
        raise NotImplementedError


def asking_for(*filters: dict[str, Any]) -> ScriptedLLM:
    return ScriptedLLM(answer="```json\n" + json.dumps({"query": "total", "filters": filters}) + "\n```")


@pytest.fixture
def index(rules: list[Rule], documents: list[Document], embedding: MockEmbedding) -> VectorStoreIndex:
    """An invoice, a recipe and a poem, which no rule matches; labelled, in memory."""
    nodes = ClassifyTransform(rules, backend=ScriptedBackend())(documents)
    return VectorStoreIndex(nodes, embed_model=embedding)


def retriever(index: VectorStoreIndex, rules: list[Rule], llm: ScriptedLLM) -> VectorIndexAutoRetriever:
    return VectorIndexAutoRetriever(index, vector_store_info(rules), llm=llm, similarity_top_k=10)


async def found(index: VectorStoreIndex, rules: list[Rule], llm: ScriptedLLM) -> list[str]:
    """The identifiers found, the same in both ways."""
    automatic = retriever(index, rules, llm)
    ways = [automatic.retrieve("what do we owe?"), await automatic.aretrieve("what do we owe?")]
    synchronous, awaited = (sorted(one.node.node_id for one in way) for way in ways)
    assert synchronous == awaited
    return synchronous


async def test_a_model_that_asks_for_invoices_gets_invoices_only(index: VectorStoreIndex, rules: list[Rule]) -> None:
    assert await found(index, rules, asking_for({"key": "classify_type", "value": "invoice"})) == ["bill"]


async def test_a_model_asks_for_several_types_as_it_was_told_to(index: VectorStoreIndex, rules: list[Rule]) -> None:
    several = {"key": "classify_type", "value": ["invoice", "uncategorized"], "operator": "in"}
    sure = {"key": "classify_confidence", "value": 0.5, "operator": ">="}
    assert await found(index, rules, asking_for(several)) == ["bill", "poem"]
    assert await found(index, rules, asking_for(several, sure)) == ["bill"]


async def test_the_model_is_told_the_keys_the_types_and_what_they_mean(
    index: VectorStoreIndex, rules: list[Rule]
) -> None:
    llm = asking_for()
    await found(index, rules, llm)
    assert len(llm.prompts) == 2
    for prompt in llm.prompts:
        assert '"name": "classify_type"' in prompt
        assert '"name": "classify_confidence"' in prompt
        assert r"\"uncategorized\"" in prompt
        for rule in rules:
            assert f'\\"{rule.type}\\" ({rule.description})' in prompt


@pytest.mark.parametrize("description", ["Lists {total} and {{tax}} of a bill.", "Holds {query_str} and a { alone."])
async def test_braces_in_a_rule_reach_the_model_as_they_are(index: VectorStoreIndex, description: str) -> None:
    llm = asking_for()
    await found(index, [Rule(type="invoice", description=description)], llm)
    assert all(description in prompt for prompt in llm.prompts)


def test_hundreds_of_rules_do_not_make_the_prompt_endless() -> None:
    rules = [Rule(type=f"type {number}", description="what it means " * 30) for number in range(300)]
    told = vector_store_info(rules).model_dump_json()
    assert all(f'\\"{rule.type}\\"' in told for rule in rules)
    assert len(told) < MEANINGS_LENGTH + 300 * 20


def test_further_keys_and_the_content_are_told_in_the_users_words(rules: list[Rule]) -> None:
    owner = MetadataInfo(name="owner", type="str", description="Who sent it")
    info = vector_store_info(rules, content_info="Our post", metadata_info=[owner], prefix="kind_")
    assert info.content_info == "Our post"
    assert [(one.name, one.type) for one in info.metadata_info] == [
        ("kind_type", "str"),
        ("kind_confidence", "float"),
        ("owner", "str"),
    ]


def test_a_key_that_is_described_twice_is_refused(rules: list[Rule]) -> None:
    again = MetadataInfo(name="classify_type", type="str", description="Something else")
    with pytest.raises(InvalidOptionError, match="describes classify_type twice"):
        vector_store_info(rules, metadata_info=[again])


@pytest.mark.parametrize("rules", [[], "rules.yaml"])
def test_without_a_list_of_rules_there_is_nothing_to_tell(rules: Any) -> None:
    with pytest.raises(InvalidRulesError):
        vector_store_info(rules)
