"""An agent names files: those within the configured folders it may read, and of others it learns nothing."""

from __future__ import annotations

import asyncio
import os
import pickle
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from classify_core import Rule, Source, UnreadableDocumentError
from classify_core.file_roots import FileRoots
from classify_core.files import MAX_FILE_BYTES
from llama_index_classify.tool_spec import ClassifyToolSpec
from tests.backends import HeldBackend, ScriptedBackend, until

if TYPE_CHECKING:
    from llama_index.core.tools import FunctionTool, ToolOutput

SECRET = "the invoice outside"
INVOICE = "invoice (confidence 0.90): the text says invoice"


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    (folder / "march").mkdir(parents=True)
    (folder / "march" / "acme.txt").write_text("an invoice")
    (folder / ".env").write_text(SECRET)
    (tmp_path / "secret.txt").write_text(SECRET)
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "link").symlink_to(tmp_path)
    return folder


@pytest.fixture
def backend() -> ScriptedBackend:
    return ScriptedBackend()


@pytest.fixture
def spec(rules: list[Rule], backend: ScriptedBackend, inbox: Path) -> ClassifyToolSpec:
    return ClassifyToolSpec(rules, backend=backend, root=inbox, documents={"march/cake.txt": "a recipe"})


@pytest.fixture(params=["call", "acall"])
def face(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def tool_of(spec: ClassifyToolSpec) -> FunctionTool:
    return spec.to_tool_list()[0]


def called(spec: ClassifyToolSpec, face: str, name: str) -> ToolOutput:
    tool = tool_of(spec)
    return tool.call(name=name) if face == "call" else asyncio.run(tool.acall(name=name))


def test_a_file_within_the_root_is_classified_under_its_relative_name(
    spec: ClassifyToolSpec, face: str, inbox: Path
) -> None:
    for name in ("march/acme.txt", str(inbox / "march" / "acme.txt")):
        output = called(spec, face, name)
        assert output.content == INVOICE
        assert output.raw_output.classification.source_name == "march/acme.txt"


def test_an_attachment_comes_before_a_file_of_the_same_name(spec: ClassifyToolSpec, face: str, inbox: Path) -> None:
    (inbox / "march" / "cake.txt").write_text("an invoice")
    assert called(spec, face, "march/cake.txt").content.startswith("recipe")
    assert called(spec.with_documents({}), face, "march/cake.txt").content.startswith("invoice")


def test_one_sentence_for_what_is_outside_and_what_is_not_there(
    spec: ClassifyToolSpec, face: str, backend: ScriptedBackend, tmp_path: Path
) -> None:
    names = [
        "missing.txt",
        "../secret.txt",
        "../missing.txt",
        "link.txt",
        "link/secret.txt",
        "link/missing.txt",
        ".env",
        "march",
        str(tmp_path / "secret.txt"),
        str(tmp_path / "missing.txt"),
        "/etc/passwd",
        "a\0b",
        "a" * 5000,
    ]
    told = {called(spec, face, name).content for name in names}
    assert len(told) == 1
    sentence = told.pop()
    assert "'march/cake.txt'" in sentence
    assert "relative to its folder" in sentence
    assert not [word for word in ("inbox", "secret", str(tmp_path)) if word in sentence]
    assert not backend.asked


def test_several_roots_and_hidden_files_are_configured_with_the_roots(
    rules: list[Rule], face: str, inbox: Path, tmp_path: Path
) -> None:
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "old.txt").write_text("a recipe")
    several = ClassifyToolSpec(rules, backend=ScriptedBackend(), root=[inbox, str(tmp_path / "archive")])
    assert called(several, face, "old.txt").content.startswith("recipe")
    hidden = ClassifyToolSpec(rules, backend=ScriptedBackend(), root=FileRoots(inbox, allow_hidden=True))
    assert called(hidden, face, ".env").content == INVOICE


@pytest.mark.parametrize(("on_failure", "is_raised"), [("raise", True), ("annotate", False)])
def test_a_file_that_cannot_be_read_follows_the_policy_for_failures(
    rules: list[Rule], face: str, inbox: Path, on_failure: Any, is_raised: object
) -> None:
    (inbox / "empty.txt").touch()
    with (inbox / "large.txt").open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    spec = ClassifyToolSpec(rules, backend=ScriptedBackend(), root=inbox, on_failure=on_failure)
    for name, hint in (("empty.txt", "it is empty"), ("large.txt", "at most")):
        if is_raised:
            with pytest.raises(UnreadableDocumentError, match=hint) as caught:
                called(spec, face, name)
            told = str(caught.value)
        else:
            told = called(spec, face, name).content
            assert told.startswith(f"could not be classified (failed): document '{name}'")
        assert hint in told
        assert str(inbox) not in told


def test_a_pipe_is_not_waited_for(spec: ClassifyToolSpec, face: str, inbox: Path) -> None:
    os.mkfifo(inbox / "pipe.txt")
    assert called(spec, face, "pipe.txt").raw_output.classification is None


class HeldRoots(FileRoots):
    """A disk that takes its time."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.begun = threading.Event()
        self.release = threading.Event()

    def find(self, name: str) -> Source | None:
        self.begun.set()
        assert self.release.wait(20)
        return super().find(name)


async def test_the_event_loop_runs_on_while_a_file_is_read(rules: list[Rule], inbox: Path) -> None:
    roots = HeldRoots(inbox)
    tool = tool_of(ClassifyToolSpec(rules, backend=ScriptedBackend(), root=roots))
    work = asyncio.create_task(tool.acall(name="march/acme.txt"))
    await until(roots.begun.is_set)
    assert not work.done()
    roots.release.set()
    assert (await work).content == INVOICE


async def test_the_event_loop_runs_on_while_a_file_is_classified(rules: list[Rule], inbox: Path) -> None:
    backend = HeldBackend()
    work = asyncio.create_task(
        tool_of(ClassifyToolSpec(rules, backend=backend, root=inbox)).acall(name="march/acme.txt")
    )
    await until(backend.begun.is_set)
    assert not work.done()
    backend.release.set()
    assert (await work).content == INVOICE


def test_the_root_travels_with_a_pickled_spec_and_is_shown_nowhere(rules: list[Rule], face: str, inbox: Path) -> None:
    spec = ClassifyToolSpec(rules, backend="local", root=inbox, on_failure="annotate")
    again = pickle.loads(pickle.dumps(spec))
    assert called(again, face, "march/acme.txt").raw_output.classification is not None
    (inbox / "empty.txt").touch()
    assert "it is empty" in called(again, face, "empty.txt").content
    described = [tool.metadata.to_openai_tool() for tool in again.to_tool_list()]
    assert str(inbox) not in f"{again!r} {described}"
