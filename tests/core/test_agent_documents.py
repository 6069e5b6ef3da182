"""Which document a name stands for, whatever framework an agent lives in."""

from __future__ import annotations

import pickle
import threading
import traceback
from pathlib import Path
from typing import Any, cast

import pytest

from classify_core import InvalidOptionError, Source, UnreadableDocumentError
from classify_core.agent_documents import AgentDocuments, attachments_of, roots_of
from classify_core.file_roots import FileRoots

ATTACHMENTS = {"acme.pdf": Source.text("an invoice"), "cake.txt": Source.text("a recipe")}
SECRET = "the secret outside"


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    (folder / "march").mkdir(parents=True)
    (folder / "march" / "acme.txt").write_text("an invoice on disk")
    (folder / ".env").write_text(SECRET)
    (tmp_path / "secret.txt").write_text(SECRET)
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    return folder


def name_of(documents: AgentDocuments, asked: str) -> str | None:
    return documents.find(asked).name


@pytest.mark.parametrize(
    "asked",
    [
        "acme.pdf",
        " acme.pdf\n",
        "'acme.pdf'",
        '"acme.pdf"',
        "`acme.pdf`",
        "\u201cacme.pdf\u201d",
        "./acme.pdf",
        "ACME.PDF",
        "`./Acme.pdf`",
    ],
)
def test_a_name_is_understood_however_a_model_writes_it(asked: str) -> None:
    found = AgentDocuments(ATTACHMENTS).find(asked)
    assert (found.name, found.source, found.error) == ("acme.pdf", ATTACHMENTS["acme.pdf"], None)


@pytest.mark.parametrize("asked", ["", " ", "acme", "cme.pdf", "archive/acme.pdf", "../acme.pdf", "/acme.pdf", "'"])
def test_another_name_is_not_taken_for_one_that_is_like_it(asked: str) -> None:
    found = AgentDocuments(ATTACHMENTS).find(asked)
    assert (found.name, found.source, found.error) == (None, None, None)


def test_attachments_that_differ_in_spelling_alone_are_told_apart_and_never_guessed() -> None:
    documents = AgentDocuments({"acme.pdf": Source.text("a"), "ACME.pdf": Source.text("b")})
    assert name_of(documents, "acme.pdf") == "acme.pdf"
    assert name_of(documents, "ACME.pdf") == "ACME.pdf"
    assert name_of(documents, "Acme.pdf") is None


@pytest.mark.parametrize("name", ["a\nb.pdf", "a\u202eb.pdf", "it's.pdf", "'quoted'", "tab\t.pdf"])
def test_a_name_that_was_told_is_a_name(name: str) -> None:
    documents = AgentDocuments({name: Source.text("a"), "other.pdf": Source.text("b")})
    assert repr(name) in documents.known
    assert name_of(documents, repr(name)) == name_of(documents, repr(name)[1:-1]) == name


def test_an_accent_may_be_a_character_of_its_own() -> None:
    documents = AgentDocuments({"re\u0301sume\u0301.pdf": Source.text("a")})
    assert name_of(documents, "r\u00e9sum\u00e9.pdf") == "re\u0301sume\u0301.pdf"


def test_an_attachment_comes_before_a_file_and_a_file_before_what_is_only_like_its_name(inbox: Path) -> None:
    (inbox / "ACME.pdf").write_text("a file")
    documents = AgentDocuments(ATTACHMENTS, FileRoots(inbox))
    assert documents.find("acme.pdf").source is ATTACHMENTS["acme.pdf"]
    assert documents.find("ACME.pdf").source == Source.bytes(b"a file", name="ACME.pdf")
    assert documents.find("CAKE.txt").source is ATTACHMENTS["cake.txt"]


def test_a_file_is_known_by_its_relative_name(inbox: Path) -> None:
    documents = AgentDocuments({}, FileRoots(inbox))
    for asked in ("march/acme.txt", "./march/acme.txt", "`march/acme.txt`", str(inbox / "march" / "acme.txt")):
        found = documents.find(asked)
        assert found.name == "march/acme.txt"
        assert found.source == Source.bytes(b"an invoice on disk", name="march/acme.txt")


def test_what_lies_outside_or_is_hidden_is_not_told_from_what_is_not_there(inbox: Path, tmp_path: Path) -> None:
    documents = AgentDocuments(ATTACHMENTS, FileRoots(inbox))
    outside = ["../secret.txt", "`../secret.txt`", "link.txt", ".env", "./.env", str(tmp_path / "secret.txt")]
    assert {documents.find(asked) for asked in [*outside, "missing.txt"]} == {documents.find("nothing at all")}


def test_without_roots_a_name_is_never_taken_for_a_file(inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(inbox)
    for asked in ("march/acme.txt", str(inbox / "march" / "acme.txt")):
        assert AgentDocuments(ATTACHMENTS).find(asked).source is None


def test_a_file_that_cannot_be_read_is_found_with_the_reason_and_without_its_place(inbox: Path) -> None:
    (inbox / "march" / "empty.txt").touch()
    found = AgentDocuments({}, FileRoots(inbox)).find(str(inbox / "march" / "empty.txt"))
    assert (found.name, found.source) == ("march/empty.txt", None)
    assert isinstance(found.error, UnreadableDocumentError)
    assert "it is empty" in str(found.error)
    assert str(inbox) not in str(found.error)


class LockedRoots(FileRoots):
    """Meets the system's error for the folder itself."""

    def find(self, name: str) -> Source | None:
        fault = PermissionError(13, "Permission denied", "/home/ann/inbox")
        raise UnreadableDocumentError(f"cannot read {name}", source_name=name) from fault


def test_what_is_printed_with_the_reason_names_no_place(inbox: Path) -> None:
    error = AgentDocuments({}, LockedRoots(inbox)).find("a.txt").error
    assert error is not None
    printed = "".join(traceback.format_exception(error))
    assert "cannot read a.txt" in printed
    assert "[Errno 13]" not in printed


class WatchedRoots(FileRoots):
    """Knows the threads that asked it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.threads: list[int] = []

    def find(self, name: str) -> Source | None:
        self.threads.append(threading.get_ident())
        return super().find(name)


async def test_awaited_a_file_is_read_off_the_event_loop(inbox: Path) -> None:
    roots = WatchedRoots(inbox)
    documents = AgentDocuments(ATTACHMENTS, roots)
    assert (await documents.afind("march/acme.txt")).name == "march/acme.txt"
    assert (await documents.afind("Acme.pdf")).name == "acme.pdf"
    assert roots.threads
    assert threading.get_ident() not in roots.threads
    assert (await AgentDocuments(ATTACHMENTS).afind("acme.pdf")).name == "acme.pdf"


def test_the_only_attachment_needs_no_name() -> None:
    only = AgentDocuments({"acme.pdf": ATTACHMENTS["acme.pdf"]}).only
    assert only is not None
    assert (only.name, only.source) == ("acme.pdf", ATTACHMENTS["acme.pdf"])
    assert AgentDocuments(ATTACHMENTS).only is None
    assert AgentDocuments({}).only is None


def test_an_agent_is_told_what_it_may_name(inbox: Path) -> None:
    attached, rooted = AgentDocuments(ATTACHMENTS), AgentDocuments({}, FileRoots(inbox))
    both = AgentDocuments(ATTACHMENTS, FileRoots(inbox))
    assert attached.known == "The attachments are: 'acme.pdf', 'cake.txt'."
    assert attached.missing == f"There is no attachment of that name. {attached.known}"
    assert rooted.missing == f"There is no file of that name. {rooted.known}"
    assert both.missing == f"There is no attachment or file of that name. {attached.known} {rooted.known}"
    assert "no attachments" in AgentDocuments({}).missing
    assert [one.has_files for one in (attached, rooted, both)] == [False, True, True]


def test_neither_texts_nor_names_nor_places_are_in_its_repr(inbox: Path) -> None:
    documents = AgentDocuments({"acme.pdf": Source.text(SECRET)}, FileRoots(inbox))
    assert repr(documents) == "AgentDocuments(1 attachments, FileRoots(1 folders))"
    assert repr(AgentDocuments({})) == "AgentDocuments(0 attachments)"
    assert SECRET not in repr(documents.find("acme.pdf"))


def test_attachments_are_a_mapping_of_names() -> None:
    found = attachments_of({7: "a", "b": "c"}, lambda text, name: Source.text(text, name=name))
    assert {key: source.name for key, source in found.items()} == {"7": "7", "b": "b"}
    assert attachments_of(None, cast("Any", None)) == {}
    with pytest.raises(InvalidOptionError, match="maps names"):
        attachments_of(cast("Any", ["a"]), cast("Any", None))


def test_roots_are_a_folder_several_or_opened_already(inbox: Path, tmp_path: Path) -> None:
    opened = FileRoots(inbox)
    assert roots_of(None) is None
    assert roots_of(opened) is opened
    for root in (inbox, str(inbox), [inbox], [str(tmp_path), inbox], iter([inbox])):
        roots = roots_of(root)
        assert roots is not None
        assert roots.find("march/acme.txt") is not None
        assert pickle.loads(pickle.dumps(roots)).find("march/acme.txt") is not None


@pytest.mark.parametrize("root", ["", "missing folder", [], [""], 7, b"inbox", ["missing folder"]])
def test_what_is_no_folder_is_refused(root: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidOptionError):
        roots_of(root)
