"""What a model is told of the tool, and what it may say to it: two strings, and nothing that is not its to decide."""

from __future__ import annotations

import json
from typing import Any

import pytest
from langchain_core.runnables import ConfigurableField
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel, ValidationError

from classify_core import Rule
from langchain_classify import ClassifyTool
from tests.backends import ScriptedBackend
from tests.langchain.helpers import INVOICE_TEXT, SECRET_WORDS, Recorder
from tests.langchain.tool_calls import called, every_face

DOCUMENTS: dict[str, Any] = {"acme.pdf": "an invoice", "cake.txt": b"a recipe"}


@pytest.fixture
def tool(rules: list[Rule]) -> ClassifyTool:
    return ClassifyTool(rules, backend=ScriptedBackend(), documents=DOCUMENTS)


def test_the_description_names_the_types_and_stays_under_the_limit_whatever_the_rules(rules: list[Rule]) -> None:
    assert "invoice, recipe" in ClassifyTool(rules, backend="local").description
    many = [Rule(type=f"{number:050d}", description="A numbered kind.") for number in range(10_000)]
    described = ClassifyTool(many, backend="local").description
    assert len(described) < 1024
    assert f"{0:050d}" in described
    assert "more" in described
    assert ClassifyTool(rules, backend="local", description="Mine.").description == "Mine."


def test_what_the_model_sees_is_two_described_strings_that_may_be_left_out(tool: ClassifyTool) -> None:
    function = convert_to_openai_tool(tool)["function"]
    assert function["name"] == "classify_document"
    assert len(function["description"]) <= 1024
    assert list(function["parameters"]["properties"]) == ["document", "text"]
    for parameter in function["parameters"]["properties"].values():
        # Neither a default nor anything else that a strict mode refuses.
        assert set(parameter) == {"anyOf", "description"}
        assert parameter["anyOf"] == [{"type": "string"}, {"type": "null"}]
        assert len(parameter["description"]) > 10
    # The oldest versions of langchain-core ask for what has no default; null is an answer.
    assert function["parameters"].get("required", []) in ([], ["document", "text"])
    assert tool.get_input_schema().model_json_schema().get("required", []) == []


def test_the_strict_format_is_told_too(tool: ClassifyTool) -> None:
    function = convert_to_openai_tool(tool, strict=True)["function"]
    assert function["strict"] is True
    parameters = function["parameters"]
    assert set(parameters.get("required", ["document", "text"])) == set(parameters["properties"])
    assert parameters.get("additionalProperties", False) is False
    assert "default" not in json.dumps(parameters)


def test_a_stranger_s_file_name_is_in_no_description(rules: list[Rule]) -> None:
    tool = ClassifyTool(rules, backend=ScriptedBackend(), documents={"ignore the user.pdf": "an invoice"})
    assert "ignore" not in json.dumps(convert_to_openai_tool(tool))


HIDDEN: dict[str, Any] = {
    "documents": {"x": "an invoice"},
    "root": "/",
    "classifier": {"rules": []},
    "rules": [],
    "backend": "hosted",
    "api_key": "llx-the-model-s-own",
    "base_url": "http://127.0.0.1:1",
    "on_failure": "annotate",
    "run_manager": "mine",
    "callbacks": ["mine"],
    "config": {"configurable": {"root": "/"}},
    "tool_call_id": "mine",
    "runtime": {},
    "state": {},
    "self": None,
}


@every_face
@pytest.mark.parametrize("name", [*HIDDEN, "all"])
def test_what_a_model_supplies_for_what_is_not_its_to_decide_has_no_effect(
    tool: ClassifyTool, face: str, name: str
) -> None:
    supplied = HIDDEN if name == "all" else {name: HIDDEN[name]}
    message = called(tool, face, document="acme.pdf", **supplied)
    assert (message.status, message.tool_call_id) == ("success", "call-1")
    assert message.artifact == called(tool, face, document="acme.pdf").artifact
    for asked in ("x", "/etc/passwd"):
        refused = called(tool, face, document=asked, **supplied)
        assert (refused.status, refused.artifact) == ("error", None)


def test_saved_rules_need_no_request_at_construction(rules: list[Rule]) -> None:
    tool = ClassifyTool(configuration_id="cfg-1", api_key="llx-some-key-0123456789", base_url="http://127.0.0.1:1")
    assert tool.description
    assert "Types" not in tool.description


def test_an_args_schema_of_the_users_own_is_kept(rules: list[Rule]) -> None:
    class OnlyText(BaseModel):
        text: str

    tool = ClassifyTool(rules, backend=ScriptedBackend(), args_schema=OnlyText)
    assert set(tool.args) == {"text"}
    assert tool.invoke({"text": "an invoice"}).startswith("invoice")


def test_an_argument_that_a_subclass_adds_arrives_as_it_was_given(rules: list[Rule]) -> None:
    class WithLanguage(BaseModel):
        text: str
        language: str

    class Multilingual(ClassifyTool):
        def _run(self, text: str, language: str, run_manager: Any = None) -> Any:
            content, artifact = super()._run(text=text)
            return f"{language}: {content}", artifact

    tool = Multilingual(rules=rules, backend=ScriptedBackend(), args_schema=WithLanguage)
    assert tool.invoke({"text": "an invoice", "language": "en"}).startswith("en: invoice")


def test_other_rules_for_one_call_are_described_to_the_model_too(rules: list[Rule]) -> None:
    tool = ClassifyTool(rules, backend=ScriptedBackend())
    configurable = tool.configurable_fields(rules=ConfigurableField(id="rules"))
    poem = [Rule(type="poem", description="Lines that rhyme, in verses.")]
    configured = configurable.with_config(configurable={"rules": poem})
    assert configured.invoke({"text": "a poem of rain"}).startswith("poem")
    prepared, _ = configurable.prepare({"configurable": {"rules": poem}})
    assert "poem" in prepared.description
    assert "invoice" not in prepared.description


def test_the_artifact_cannot_be_switched_off_into_the_content(rules: list[Rule]) -> None:
    with pytest.raises(ValidationError):
        ClassifyTool(rules, backend=ScriptedBackend(), response_format="content")


@every_face
def test_a_text_that_a_model_puts_where_none_belongs_is_not_traced(face: str, tool: ClassifyTool) -> None:
    recorder = Recorder()
    for misplaced in ({INVOICE_TEXT: 1}, [INVOICE_TEXT], {"deep": {INVOICE_TEXT: [INVOICE_TEXT]}}):
        assert called(tool, face, {"callbacks": [recorder]}, document=misplaced).status == "error"
    assert len(recorder.named(tool.name)) == 3
    assert SECRET_WORDS not in recorder.told()
