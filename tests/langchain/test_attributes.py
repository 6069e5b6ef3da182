from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from langchain_classic.chains.query_constructor.schema import AttributeInfo
from langchain_classic.retrievers import SelfQueryRetriever
from langchain_core.exceptions import OutputParserException
from langchain_core.language_models import SimpleChatModel
from langchain_core.structured_query import Comparator
from pydantic import Field

from classify_core import InvalidOptionError, InvalidRulesError, MissingExtraError, Rule
from classify_core.filtering import MEANINGS_LENGTH
from langchain_classify.attributes import attribute_info
from tests.langchain.vector_stores import RULES, STORES, Opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from langchain_core.messages import BaseMessage
    from langchain_core.structured_query import Visitor

translators = pytest.importorskip("langchain_postgres.translator")

CONTENT = "Business documents"


class ScriptedModel(SimpleChatModel):
    """Gives one answer and keeps what it was asked."""

    answer: str
    prompts: list[str] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _call(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> str:
        self.prompts.append(str(messages[-1].content))
        return self.answer

    @property
    def told(self) -> list[dict[str, Any]]:
        """The last data source that each prompt describes, which is ours: those before it are LangChain's examples."""
        return [json.loads(prompt.split("```json")[-1].split("```")[0]) for prompt in self.prompts]


class ChromaTranslator(translators.PGVectorTranslator):
    """The same filters for Chroma; LangChain's own is in a package that these tests do without."""

    allowed_comparators = (
        Comparator.EQ,
        Comparator.NE,
        Comparator.GT,
        Comparator.GTE,
        Comparator.LT,
        Comparator.LTE,
    )


def asking_for(condition: str = "NO_FILTER") -> ScriptedModel:
    answer = json.dumps({"query": "total", "filter": condition})
    return ScriptedModel(answer=f"```json\n{answer}\n```")


@pytest.fixture(params=[name for name in STORES if name not in {"memory", "qdrant"}])
async def opened(request: pytest.FixtureRequest) -> AsyncIterator[Opened]:
    postgres = request.getfixturevalue("postgres") if request.param.startswith("pgvector") else None
    async with STORES[request.param](postgres) as found:
        yield found


async def found(opened: Opened, model: ScriptedModel, rules: list[Rule] = RULES) -> list[str]:
    """What a self-query retriever finds, the same in both ways."""
    translator: Visitor = ChromaTranslator() if opened.name == "chroma" else translators.PGVectorTranslator()
    synchronous, awaited = (
        SelfQueryRetriever.from_llm(
            model,
            store,
            CONTENT,
            attribute_info(rules),
            structured_query_translator=translator,
            search_kwargs={"k": 20},
        )
        for store in (opened.store, opened.awaited)
    )
    ways = [synchronous.invoke("what do we owe?"), await awaited.ainvoke("what do we owe?")]
    names = [sorted(one.page_content for one in way) for way in ways]
    assert names[0] == names[1]
    return names[0]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('eq("classify_type", "invoice")', ["paid", "unpaid"]),
        ('eq("classify_type", "Prüf-A")', ["test"]),
        ('eq("classify_type", "uncategorized")', ["poem"]),
        ('or(eq("classify_type", "invoice"), eq("classify_type", "credit note"))', ["paid", "refund", "unpaid"]),
        ('and(eq("classify_type", "invoice"), gt("classify_confidence", 0.5))', ["paid"]),
        ('and(eq("classify_type", "invoice"), lt("classify_confidence", 0.5))', ["unpaid"]),
        ('and(eq("classify_type", "invoice"), eq("classify_confidence", 1.0))', ["paid"]),
    ],
)
async def test_a_model_that_asks_for_types_and_confidence_gets_just_them(
    opened: Opened, condition: str, expected: list[str]
) -> None:
    assert await found(opened, asking_for(condition)) == expected


async def test_a_key_that_the_model_was_not_told_of_is_refused_by_langchain(opened: Opened) -> None:
    with pytest.raises(OutputParserException, match="classify_types"):
        await found(opened, asking_for('eq("classify_types", "invoice")'))


async def test_the_model_is_told_the_keys_the_types_and_what_they_mean(opened: Opened) -> None:
    model = asking_for()
    await found(opened, model)
    assert len(model.told) == 2
    for told in model.told:
        assert told["content"] == CONTENT
        described = told["attributes"]["classify_type"]
        assert described["type"] == "string"
        assert '"uncategorized" (none of them)' in described["description"]
        for rule in RULES:
            assert f'"{rule.type}" ({rule.description})' in described["description"]
        confidence = told["attributes"]["classify_confidence"]
        assert confidence["type"] == "float"
        assert "with a decimal point" in confidence["description"]


@pytest.mark.parametrize("description", ["Lists {total} and {{tax}} of a bill.", "Holds {query} and a { alone."])
async def test_braces_in_a_rule_reach_the_model_as_they_are(opened: Opened, description: str) -> None:
    model = asking_for()
    await found(opened, model, [Rule(type="invoice", description=description)])
    assert all(description in told["attributes"]["classify_type"]["description"] for told in model.told)


def test_hundreds_of_rules_do_not_make_the_prompt_endless() -> None:
    rules = [Rule(type=f"type {number}", description="what it means " * 30) for number in range(300)]
    described = attribute_info(rules)[0].description
    assert all(f'"{rule.type}"' in described for rule in rules)
    assert len(described) < MEANINGS_LENGTH + 300 * 20


def test_it_is_a_list_to_which_ones_own_keys_are_added(rules: list[Rule]) -> None:
    owner = AttributeInfo(name="owner", type="string", description="Who sent it")
    told = [*attribute_info(rules, prefix="kind_"), owner]
    assert [(one.name, one.type) for one in told] == [
        ("kind_type", "string"),
        ("kind_confidence", "float"),
        ("owner", "string"),
    ]
    assert all(isinstance(one, AttributeInfo) for one in told)


def test_what_cannot_work_is_refused(rules: list[Rule]) -> None:
    with pytest.raises(InvalidRulesError):
        attribute_info([])
    with pytest.raises(InvalidOptionError, match="prefix"):
        attribute_info(rules, prefix="$")
    with pytest.raises(InvalidOptionError, match="no match"):
        attribute_info([Rule(type="Uncategorized", description="whatever else there is")])


def test_without_langchain_classic_the_error_says_what_to_install(
    rules: list[Rule], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "langchain_classic"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "langchain_classic", None)
    with pytest.raises(MissingExtraError, match="pip install langchain-classic lark"):
        attribute_info(rules)
