"""A model names files: those within the configured folders it may read, and of others it learns nothing."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from classify_core import Rule, Source, UnreadableDocumentError
from classify_core.file_roots import FileRoots
from classify_core.files import MAX_FILE_BYTES
from langchain_classify import ClassifyTool
from tests.backends import HeldBackend, ScriptedBackend, until
from tests.langchain.tool_calls import called, every_face, invoked

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
def tool(rules: list[Rule], backend: ScriptedBackend, inbox: Path) -> ClassifyTool:
    return ClassifyTool(rules, backend=backend, root=inbox, documents={"march/cake.txt": "a recipe"})


@every_face
def test_a_file_within_the_root_is_classified_under_its_relative_name(
    face: str, tool: ClassifyTool, inbox: Path
) -> None:
    for name in ("march/acme.txt", "./march/acme.txt", "`march/acme.txt`", str(inbox / "march" / "acme.txt")):
        message = called(tool, face, document=name)
        assert message.content == invoked(tool, face, name) == INVOICE
        assert message.artifact["source_name"] == "march/acme.txt"


@every_face
def test_an_attachment_comes_before_a_file_of_the_same_name(face: str, tool: ClassifyTool, inbox: Path) -> None:
    (inbox / "march" / "cake.txt").write_text("an invoice")
    assert called(tool, face, document="march/cake.txt").artifact["type"] == "recipe"
    assert called(tool, face).artifact["type"] == "recipe"
    assert called(tool.with_documents({}), face, document="march/cake.txt").artifact["type"] == "invoice"


@every_face
def test_one_sentence_for_what_is_outside_and_what_is_not_there(
    face: str, tool: ClassifyTool, backend: ScriptedBackend, tmp_path: Path
) -> None:
    names = [
        "missing.txt",
        "../secret.txt",
        "march/../../secret.txt",
        "../missing.txt",
        "link.txt",
        "link/secret.txt",
        "link/missing.txt",
        ".env",
        "march",
        str(tmp_path / "secret.txt"),
        str(tmp_path / "missing.txt"),
        "/etc/passwd",
        "~/.ssh/id_rsa",
        "a\0b",
        "a" * 5000,
    ]
    told = {(message.status, message.content) for message in (called(tool, face, document=name) for name in names)}
    assert len(told) == 1
    [(status, sentence)] = told
    assert status == "error"
    assert "'march/cake.txt'" in sentence
    assert "relative to its folder" in sentence
    assert not [word for word in ("inbox", "secret", str(tmp_path)) if word in sentence]
    assert not backend.asked


@every_face
def test_several_roots_and_hidden_files_are_configured_with_the_roots(
    face: str, rules: list[Rule], inbox: Path, tmp_path: Path
) -> None:
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "old.txt").write_text("a recipe")
    for root in ([inbox, str(tmp_path / "archive")], iter([str(inbox), tmp_path / "archive"])):
        several = ClassifyTool(rules, backend=ScriptedBackend(), root=root)
        assert called(several, face, document="old.txt").artifact["type"] == "recipe"
        assert called(several, face, document="march/acme.txt").artifact["type"] == "invoice"
        assert called(several, face, document=".env").status == "error"
    hidden = ClassifyTool(rules, backend=ScriptedBackend(), root=FileRoots(inbox, allow_hidden=True))
    assert called(hidden, face, document=".env").artifact["type"] == "invoice"


@every_face
@pytest.mark.parametrize(("on_failure", "is_raised"), [("raise", True), ("annotate", False)])
def test_a_file_that_cannot_be_read_follows_the_policy_for_failures(
    face: str, rules: list[Rule], inbox: Path, on_failure: Any, is_raised: object
) -> None:
    (inbox / "empty.txt").touch()
    with (inbox / "large.txt").open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    tool = ClassifyTool(rules, backend=ScriptedBackend(), root=inbox, on_failure=on_failure)
    for name, hint in (("empty.txt", "it is empty"), ("large.txt", "at most")):
        if is_raised:
            with pytest.raises(UnreadableDocumentError, match=hint) as caught:
                called(tool, face, document=name)
            told = str(caught.value)
        else:
            message = called(tool, face, document=name)
            told = str(message.content)
            assert told.startswith(f"could not be classified (failed): document '{name}'")
            assert message.artifact["status"] == "failed"
        assert hint in told
        assert str(inbox) not in told


@every_face
def test_a_pipe_is_not_waited_for(face: str, tool: ClassifyTool, inbox: Path) -> None:
    os.mkfifo(inbox / "pipe.txt")
    assert called(tool, face, document="pipe.txt").status == "error"


class CountingRoots(FileRoots):
    """Counts what it is asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.asked: list[str] = []

    def find(self, name: str) -> Source | None:
        self.asked.append(name)
        return super().find(name)


@every_face
def test_a_file_is_read_once_a_call(face: str, rules: list[Rule], inbox: Path) -> None:
    roots = CountingRoots(inbox)
    tool = ClassifyTool(rules, backend=ScriptedBackend(), root=roots)
    assert called(tool, face, document="march/acme.txt").status == "success"
    assert roots.asked == ["march/acme.txt"]
    assert called(tool, face, document="missing.txt").status == "error"
    assert roots.asked == ["march/acme.txt", "missing.txt"]


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
    tool = ClassifyTool(rules, backend=ScriptedBackend(), root=roots)
    work = asyncio.create_task(tool.ainvoke("march/acme.txt"))
    await until(roots.begun.is_set)
    assert not work.done()
    roots.release.set()
    assert await work == INVOICE


async def test_the_event_loop_runs_on_while_a_file_is_classified(rules: list[Rule], inbox: Path) -> None:
    backend = HeldBackend()
    work = asyncio.create_task(ClassifyTool(rules, backend=backend, root=inbox).ainvoke("march/acme.txt"))
    await until(backend.begun.is_set)
    assert not work.done()
    backend.release.set()
    assert await work == INVOICE


async def test_the_faces_without_callbacks_read_files_too(tool: ClassifyTool) -> None:
    """A subclass may call them by itself."""
    assert tool._run("march/acme.txt")[0] == (await tool._arun("march/acme.txt"))[0] == INVOICE
