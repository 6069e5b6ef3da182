"""`source="file"`: which original a document's metadata names, and that it is read like any other file."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from classify_core import Classifier, HostedBackend, InvalidOptionError, Rule, Source, UnreadableDocumentError
from classify_core.grouping import Item
from classify_core.labelling import Labeller
from classify_core.labels import LabelPolicy, SourceChoice
from classify_core.originals import original_of, text_of
from tests.backends import ScriptedBackend, until

FILE = {"file_path": "/inbox/a.pdf"}
UPLOAD = {"file_id": "dfl-1111"}
PARSED = {"parse_job_id": "pjb-2222"}


def _source(
    *metadata: dict[str, Any], choice: SourceChoice = "file", allow_remote: bool = True
) -> Source | UnreadableDocumentError:
    items = [Item(f"text {number}", each) for number, each in enumerate(metadata)]
    source = original_of(items, range(len(items)), choice=choice, allow_remote=allow_remote) or text_of(
        items, range(len(items))
    )
    assert isinstance(source, (Source, UnreadableDocumentError))
    return source


def _kind_and_value(*metadata: dict[str, Any], **options: Any) -> tuple[str, Any]:
    source = _source(*metadata, **options)
    assert isinstance(source, Source)
    return source.kind, source.value


@pytest.mark.parametrize(
    ("metadata", "kind", "value"),
    [
        (FILE, "path", Path("/inbox/a.pdf")),
        (UPLOAD, "file_id", "dfl-1111"),
        (PARSED, "parse_job", "pjb-2222"),
        (FILE | UPLOAD, "file_id", "dfl-1111"),
        (FILE | UPLOAD | PARSED, "parse_job", "pjb-2222"),
        ({}, "text", "text 0"),
        ({"file_path": "", "file_id": None}, "text", "text 0"),
    ],
)
def test_what_costs_least_names_the_original_first(metadata: dict[str, Any], kind: str, value: Any) -> None:
    assert _kind_and_value(metadata) == (kind, value)


def test_what_only_the_service_has_is_no_original_for_another_backend() -> None:
    assert _kind_and_value(FILE | UPLOAD | PARSED, allow_remote=False) == ("path", Path("/inbox/a.pdf"))
    assert _kind_and_value(UPLOAD | PARSED, allow_remote=False) == ("text", "text 0")


@pytest.mark.parametrize(
    "foreign",
    [
        {"file_id": "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms"},  # a drive's
        {"file_id": "file-abc123"},
        {"file_id": 4711},
        {"file_id": "0c5a3e8e-8a3c-4f4f-9a0e-0a8a9f6f8f11"},
        {"parse_job_id": "job-1"},
    ],
)
def test_another_product_s_identifier_is_not_taken_for_one_of_the_service(foreign: dict[str, Any]) -> None:
    assert _kind_and_value(foreign) == ("text", "text 0")
    assert _kind_and_value(foreign | FILE) == ("path", Path("/inbox/a.pdf"))


def test_pages_that_name_one_file_are_that_file_and_of_several_files_their_text() -> None:
    one, other = FILE | {"page_label": "1"}, {"file_path": "/inbox/b.pdf"}
    assert _kind_and_value(one, FILE | {"page_label": "2"}) == ("path", Path("/inbox/a.pdf"))
    assert _kind_and_value(one, other) == ("text", "text 0\n\ntext 1")
    assert _kind_and_value(one, {}) == ("text", "text 0\n\ntext 1")


def test_two_uploads_of_one_file_are_that_file() -> None:
    assert _kind_and_value(FILE | UPLOAD, FILE | {"file_id": "dfl-3333"}) == ("path", Path("/inbox/a.pdf"))


def test_the_text_is_classified_unless_the_file_is_asked_for() -> None:
    assert _kind_and_value(FILE | UPLOAD | PARSED, choice="text") == ("text", "text 0")


def test_an_original_that_came_with_the_item_is_used_under_either_choice() -> None:
    own = Source.bytes(b"%PDF", name="own.pdf")
    choices: tuple[SourceChoice, ...] = ("text", "file")
    for choice in choices:
        assert original_of([Item("text", FILE, source=own)], [0], choice=choice, allow_remote=True) is own


def test_a_file_address_names_its_file() -> None:
    assert _kind_and_value({"file_path": "file:///inbox/a%20b.pdf"}) == ("path", Path("/inbox/a b.pdf"))
    assert _kind_and_value({"file_path": "file://localhost/inbox/a.pdf"}) == ("path", Path("/inbox/a.pdf"))


@pytest.mark.parametrize(
    "address",
    ["s3://ann:secret@bucket/a.pdf", "https://example.org/a.pdf?signature=secret", "file://[secret/a.pdf"],
)
def test_a_file_elsewhere_is_a_failure_that_says_what_to_do_and_tells_no_secret(address: str) -> None:
    fault = _source({"file_path": address, "file_name": "a.pdf"})
    assert isinstance(fault, UnreadableDocumentError)
    assert 'source="text"' in str(fault)
    assert fault.source_name == "a.pdf"
    assert "secret" not in str(fault)


@pytest.mark.parametrize(("metadata", "name"), [(FILE, "a.pdf"), (FILE | {"file_name": "March.pdf"}, "March.pdf")])
def test_a_file_s_folder_is_no_part_of_its_name(metadata: dict[str, Any], name: str) -> None:
    source = _source(metadata)
    assert isinstance(source, Source)
    assert source.name == name


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file in it, which is the working directory."""
    (tmp_path / "a b.txt").write_text("an invoice")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_source_is_the_file_of_that_name_where_there_is_one(inbox: Path) -> None:
    file = inbox / "a b.txt"
    assert _kind_and_value({"source": str(file)}) == ("path", file)
    assert _kind_and_value({"source": file}) == ("path", file)
    assert _kind_and_value({"source": file.as_uri()}) == ("path", file)
    assert _kind_and_value({"source": "a b.txt"}) == ("path", Path("a b.txt"))
    assert _kind_and_value({"source": str(file), "page": 0}, {"source": str(file), "page": 1}) == ("path", file)


@pytest.mark.parametrize(
    "source",
    [
        "gone.txt",
        "/gone/a.txt",
        "file:///gone/a.txt",
        "https://example.org/a b.txt",
        "s3://bucket/a b.txt",
        "Wikipedia",
        ".",
        "a\0b",
        "word " * 2000,
        "",
        7,
        None,
    ],
)
def test_a_source_may_be_anything_else_and_names_no_original_then(source: Any, inbox: Path) -> None:
    assert _kind_and_value({"source": source}) == ("text", "text 0")


def test_a_file_path_comes_before_a_source_also_where_its_file_is_gone(inbox: Path) -> None:
    source = {"source": str(inbox / "a b.txt")}
    assert _kind_and_value(FILE | source) == ("path", Path("/inbox/a.pdf"))
    assert isinstance(_source({"file_path": "s3://bucket/a.pdf"} | source), UnreadableDocumentError)
    assert _kind_and_value({"file_path": ""} | source) == ("path", inbox / "a b.txt")
    assert _kind_and_value(UPLOAD | source) == ("file_id", "dfl-1111")


def test_another_choice_is_refused() -> None:
    with pytest.raises(InvalidOptionError, match="source='url': give one of text, file"):
        LabelPolicy(source="url")


def _labeller(rules: Sequence[Rule], backend: Any) -> Labeller:
    return Labeller(Classifier(rules, backend=backend), LabelPolicy(source="file"))


def test_a_relative_path_is_looked_for_in_the_working_directory(
    rules: list[Rule], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("an invoice")
    monkeypatch.chdir(tmp_path)
    [labelled] = _labeller(rules, backend := ScriptedBackend()).label([Item("", {"file_path": "a.txt"})]).passed()
    assert labelled.metadata["classify_type"] == "invoice"
    assert list(backend.asked) == ["an invoice"]


def test_a_file_that_is_not_there_is_its_document_s_failure_alone(rules: list[Rule], tmp_path: Path) -> None:
    (tmp_path / "there.txt").write_text("a recipe")
    items = [Item("", {"file_path": str(tmp_path / name)}) for name in ("gone.txt", "there.txt")]
    labelling = _labeller(rules, ScriptedBackend()).label(items)
    gone, there = (one.metadata for one in labelling.labelled)
    assert there["classify_type"] == "recipe"
    assert "classify_type" not in gone
    assert "gone.txt" in gone["classify_error"]
    assert "check the path" in gone["classify_error"]
    assert [one.indices for one in labelling.failed] == [(0,)]


def test_a_backend_of_the_user_s_own_is_given_no_identifier_of_the_service(rules: list[Rule], tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("an invoice")
    backend = ScriptedBackend()
    items = [Item("a recipe", UPLOAD | PARSED), Item("", UPLOAD | {"file_path": str(tmp_path / "a.txt")})]
    _labeller(rules, backend).label(items).passed()
    assert sorted(backend.asked) == ["a recipe", "an invoice"]


def test_a_hosted_backend_made_by_the_user_is_given_identifiers(rules: list[Rule]) -> None:
    policy = LabelPolicy(source="file")
    labeller = Labeller(Classifier(rules, backend=HostedBackend(api_key="llx-a-key-0123456789")), policy)
    assert labeller._document([Item("text", PARSED)], [0]).source == Source.parse_job("pjb-2222")


async def test_reading_an_original_does_not_hold_the_running_loop(
    rules: list[Rule], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, release = threading.Event(), threading.Event()
    read_bytes = Path.read_bytes

    def slow(path: Path) -> bytes:
        reading.set()
        release.wait(20)
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", slow)
    (tmp_path / "a.txt").write_text("an invoice")
    running = asyncio.create_task(
        _labeller(rules, ScriptedBackend()).alabel([Item("", {"file_path": str(tmp_path / "a.txt")})])
    )
    await until(reading.is_set)  # only a loop that is not held comes back from here
    assert not running.done()
    release.set()
    assert (await running).labelled[0].metadata["classify_type"] == "invoice"
