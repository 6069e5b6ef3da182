"""The folders of a tool are the program's: how they are told, stored and traced."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from langchain_core.load import dumps
from langchain_core.runnables import ConfigurableField
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel, ValidationError

from classify_core import InvalidOptionError, Rule, Source, UnreadableDocumentError
from classify_core.file_roots import FileRoots
from langchain_classify import ClassifyTool
from tests.backends import ScriptedBackend
from tests.langchain.helpers import INVOICE_TEXT, SECRET_WORDS, Recorder, reloaded
from tests.langchain.tool_calls import called, every_face, invoked

INVOICE = "invoice (confidence 0.90): the text says invoice"


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    (folder / "march").mkdir(parents=True)
    (folder / "march" / "acme.txt").write_text("an invoice")
    (folder / ".env").write_text("an invoice that is hidden")
    (tmp_path / "secret.txt").write_text("the invoice outside")
    return folder


@pytest.fixture
def tool(rules: list[Rule], inbox: Path) -> ClassifyTool:
    return ClassifyTool(rules, backend=ScriptedBackend(), root=inbox)


def test_files_are_spoken_of_only_where_they_can_be_read(rules: list[Rule], inbox: Path) -> None:
    def told(**options: Any) -> tuple[str, str]:
        function = convert_to_openai_tool(ClassifyTool(rules, backend="local", **options))["function"]
        assert len(function["description"]) <= 1024
        return function["description"], json.dumps(function["parameters"])

    assert not [text for text in told(documents={"a": "b"}) if "file" in text.lower() or "folder" in text]
    assert all("file" in text for text in told(root=inbox))
    assert "relative to its folder" in told(root=inbox)[1]
    assert str(inbox) not in str(told(root=inbox))
    many = [Rule(type=f"{number:050d}", description="A numbered kind.") for number in range(500)]
    rooted = ClassifyTool(many, backend="local", root=inbox)
    assert "more." in rooted.description
    assert len(rooted.description) <= 1024


def test_a_schema_of_the_users_own_is_kept_beside_a_root(rules: list[Rule], inbox: Path) -> None:
    class Named(BaseModel):
        document: str

    class Own(ClassifyTool):
        args_schema: Any = Named

    for tool in (
        ClassifyTool(rules, backend="local", root=inbox, args_schema=Named),
        Own(rules=rules, backend="local", root=inbox),
    ):
        assert tool.args_schema is Named


def test_the_root_cannot_be_changed_nor_supplied_by_the_model(tool: ClassifyTool, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        tool.root = str(tmp_path)
    for supplied in (str(tmp_path), [str(tmp_path)], "/"):
        assert called(tool, document="secret.txt", root=supplied).status == "error"


@pytest.mark.parametrize("root", ["", "missing folder", [], [""], 7])
def test_what_is_no_folder_is_refused_at_construction(
    rules: list[Rule], root: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidOptionError):
        ClassifyTool(rules, backend="local", root=root)


def test_a_root_is_dumped_and_pickled_as_an_absolute_path(
    rules: list[Rule], inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In another working directory a relative one would be another folder."""
    monkeypatch.chdir(tmp_path)
    tool = ClassifyTool(rules, backend="local", root="inbox")
    (tmp_path / "elsewhere" / "inbox").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert json.loads(dumps(tool))["kwargs"]["root"] == [str(inbox)]
    for again in (tool, reloaded(tool), pickle.loads(pickle.dumps(tool)), copy.deepcopy(tool), copy.copy(tool)):
        assert called(again, document="march/acme.txt").status == "success"
        assert called(again, document="../secret.txt").status == "error"
        assert again.description == tool.description
        assert convert_to_openai_tool(again) == convert_to_openai_tool(tool)


def test_a_root_that_is_not_there_where_a_tool_is_loaded_is_an_error(rules: list[Rule], inbox: Path) -> None:
    tool = ClassifyTool(rules, backend="local", root=inbox)
    pickled = pickle.dumps(tool)
    inbox.rename(inbox.with_name("moved"))
    with pytest.raises(InvalidOptionError, match="give one that exists"):
        reloaded(tool)
    with pytest.raises(InvalidOptionError, match="give one that exists"):
        pickle.loads(pickled)


def test_roots_that_were_opened_already_are_pickled_and_not_dumped(rules: list[Rule], inbox: Path) -> None:
    tool = ClassifyTool(rules, backend="local", root=FileRoots(inbox, allow_hidden=True))
    assert called(pickle.loads(pickle.dumps(tool)), document=".env").status == "success"
    dumped = json.loads(dumps(tool))
    assert dumped["type"] == "not_implemented"
    assert str(inbox) not in json.dumps(dumped)


def test_a_root_for_one_call_is_a_field_that_the_program_configures(rules: list[Rule], inbox: Path) -> None:
    tool = ClassifyTool(rules, backend=ScriptedBackend())
    configurable = tool.configurable_fields(root=ConfigurableField(id="root"))
    config: Any = {"configurable": {"root": str(inbox)}}
    assert configurable.with_config(config).invoke({"document": "march/acme.txt"}) == INVOICE
    prepared, _ = configurable.prepare(config)
    assert prepared.classifier is tool.classifier
    assert "a file" in prepared.description
    assert "relative to its folder" in json.dumps(convert_to_openai_tool(prepared))
    assert tool.invoke({"document": "march/acme.txt"}).startswith("There is no attachment")


def test_where_the_root_is_is_in_no_repr(tool: ClassifyTool, inbox: Path) -> None:
    assert str(inbox) not in f"{tool!r} {tool}"


def test_other_attachments_leave_the_root(tool: ClassifyTool) -> None:
    other = tool.with_documents({"b.txt": "a recipe"})
    assert called(other, document="march/acme.txt").status == called(other, document="b.txt").status == "success"


@every_face
@pytest.mark.parametrize("as_call", [True, False])
def test_a_trace_shows_a_files_name_and_never_its_place(
    face: str, tool: ClassifyTool, inbox: Path, *, as_call: bool
) -> None:
    for name in ("march/acme.txt", "`./march/acme.txt`", str(inbox / "march" / "acme.txt")):
        recorder = Recorder()
        if as_call:
            called(tool, face, {"callbacks": [recorder]}, document=name)
        else:
            invoked(tool, face, name, {"callbacks": [recorder]})
        assert "'march/acme.txt'" in repr(recorder.runs[0].inputs)
        assert str(inbox) not in recorder.told()


@every_face
def test_a_trace_of_what_cannot_be_read_names_no_place_either(face: str, tool: ClassifyTool, inbox: Path) -> None:
    (inbox / "empty.txt").touch()
    recorder = Recorder()
    with pytest.raises(UnreadableDocumentError):
        called(tool, face, {"callbacks": [recorder]}, document=str(inbox / "empty.txt"))
    assert called(tool, face, {"callbacks": [recorder]}, document=str(inbox / "missing.txt")).status == "error"
    assert "empty.txt" in recorder.told()
    assert str(inbox) not in recorder.told()


@every_face
@pytest.mark.parametrize("arguments", [{"document": INVOICE_TEXT}, {"text": INVOICE_TEXT}])
def test_a_text_is_not_shown_for_a_files_name(face: str, tool: ClassifyTool, arguments: dict[str, str]) -> None:
    recorder = Recorder()
    called(tool, face, {"callbacks": [recorder]}, **arguments)
    assert Source.text(INVOICE_TEXT).reference["digest"] in recorder.told()
    assert SECRET_WORDS not in recorder.told()
