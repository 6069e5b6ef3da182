"""The programs in `examples/langchain/`: they run as their docstrings say, and show what they promise."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from langchain_core.documents import Document

from tests.example_programs import DOCUMENTS, EXAMPLES, keys_to, printed_by, sections_of
from tests.ray_programs import run_program, short_folder
from tests.service import ClassifyService

PROGRAMS = EXAMPLES / "langchain"
COUNTED = re.compile(r"^(\S+) +(\d+) added +(\d+) known before$")
HIT = re.compile(r"^(\S+) +(\d\.\d\d)  (\S+)$")
CALL = re.compile(
    r"^tool:   classify_document\(document='(.*)'\)\n"
    r"told:   (\S+) \(confidence .*\n"
    r"kept:   (\S+) by local/lexical, sha256 \w{12}$",
    re.MULTILINE,
)
LABELLED = re.compile(r"^(\S+) +(\S+) +\d\.\d\d$", re.MULTILINE)


@pytest.fixture
def program(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A program as a module, with what stands beside it importable as for the program."""
    monkeypatch.syspath_prepend(str(PROGRAMS))
    return importlib.import_module(request.param)


def counts_of(lines: list[str]) -> dict[str, tuple[int, int]]:
    """How many documents were added and how many were known, by route."""
    return {found[1]: (int(found[2]), int(found[3])) for line in lines if (found := COUNTED.match(line))}


def hits_of(lines: list[str]) -> list[tuple[str, float, str]]:
    """Type, confidence and file of each hit."""
    return [(found[1], float(found[2]), found[3]) for line in lines if (found := HIT.match(line))]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("ingest_by_type", "for a person to look at"),
        ("retrieve_by_type", "routed: When is the payment due?"),
        ("agent_with_attachments", "agent:  march.pdf is of type invoice, loan.docx is of type contract"),
    ],
)
def test_each_program_runs_in_any_folder_writes_nothing_and_uploads_nothing_even_with_a_key(
    name: str, told: str, service: ClassifyService, tmp_path: Path
) -> None:
    printed = printed_by(PROGRAMS / f"{name}.py", service, tmp_path)
    assert told in printed
    calls = [("march.pdf", "invoice", "invoice"), ("loan.docx", "contract", "contract")]
    assert CALL.findall(printed) == (calls if name == "agent_with_attachments" else [])


@pytest.mark.skipif(sys.platform == "win32", reason="no process groups to end a cluster by")
def test_the_program_for_ray_needs_no_argument_writes_nothing_and_uploads_nothing_even_with_a_key(
    service: ClassifyService, tmp_path: Path
) -> None:
    program, environment = PROGRAMS / "ray_parquet.py", keys_to(service)
    with short_folder() as folder:
        printed = run_program(program, folder=folder, working_directory=tmp_path, environment=environment)
    labels = dict(LABELLED.findall(printed))
    assert labels.keys() == DOCUMENTS
    assert labels["harbour-lights-march.pdf"] == "invoice"
    assert printed.splitlines()[-1].count(",") == len(set(labels.values())) - 1
    assert not service.requests
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("program", ["ingest_by_type"], indirect=True)
def test_each_document_is_in_the_store_of_its_route_and_a_second_run_adds_none(
    program: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    program.main()
    shown = sections_of(capsys.readouterr().out)
    first, second = counts_of(shown["first run"]), counts_of(shown["second run"])
    assert list(first) == ["invoice", "contract", "(default)", "(review)"]
    assert sum(added for added, _ in first.values()) == len(DOCUMENTS)
    assert all(first[route][0] >= 1 for route in ("invoice", "contract", "(default)"))
    assert second == {route: (0, added) for route, (added, _) in first.items()}
    went = {name: route for route, found, name in (line.partition(": ") for line in shown["first run"]) if found}
    assert went.keys() == DOCUMENTS
    assert went["harbour-lights-march.pdf"] == "invoice"
    assert went["orrindale-research-services.pdf"] == went["sound-desk-loan.docx"] == "contract"
    unsure = [name for name, route in went.items() if route == "(review)"]
    assert [line.split()[0] for line in shown["for a person to look at"]] == unsure


@pytest.mark.parametrize("program", ["ingest_by_type"], indirect=True)
def test_a_document_that_takes_another_route_is_deleted_where_it_was(program: Any) -> None:
    before, after = program.TypedStore("before"), program.TypedStore("after")
    documents = [Document(f"text {number}", metadata={"source": f"{number}.txt"}) for number in range(2)]
    before.ingest(documents)
    results = [before.ingest(documents[:1]), after.ingest(documents[1:])]
    assert [result["num_deleted"] for result in results] == [1, 0]
    assert [[one["text"] for one in place.store.store.values()] for place in (before, after)] == [
        ["text 0"],
        ["text 1"],
    ]


@pytest.mark.parametrize("program", ["retrieve_by_type"], indirect=True)
def test_filters_router_and_compressor_find_sure_documents_of_the_right_type(
    program: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    program.main()
    shown = {heading: hits_of(lines) for heading, lines in sections_of(capsys.readouterr().out).items()}
    types = [{kind for kind, _, _ in hits} for hits in shown.values()]
    assert types[1:5] == [{"invoice"}, {"invoice", "price_list"}, {"contract"}, {"invoice"}]
    # Neither the first nor the last question is of a type: all documents are asked.
    assert min(len(types[0]), len(types[5])) > 1
    assert types[6] == {"contract"}
    sure = [confidence for place in (1, 2, 3, 4, 6) for _, confidence, _ in list(shown.values())[place]]
    assert min(sure) >= program.MIN_CONFIDENCE


@pytest.mark.parametrize("program", ["retrieve_by_type"], indirect=True)
def test_a_store_without_labels_gives_documents_without_them_and_the_compressor_labels_them(program: Any) -> None:
    path = EXAMPLES / "documents" / "sound-desk-loan.docx"
    [unlabelled] = program.FileLoader([path]).load()
    assert unlabelled.metadata == {"source": str(path)}
    rules = program.load_rules(EXAMPLES / "rules.yaml")
    found = program.labelling_retriever(rules, "contract").invoke(unlabelled.page_content)
    assert found[0].metadata["source"] == str(path)
    assert {document.metadata["classify_type"] for document in found} == {"contract"}


def test_without_langchain_the_agent_says_what_to_install(tmp_path: Path) -> None:
    program = PROGRAMS / "agent_with_attachments.py"
    code = f"import runpy, sys; sys.modules['langchain'] = None; sys.path.insert(0, {str(PROGRAMS)!r})\n"
    code += f"runpy.run_path({str(program)!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.strip().endswith("install it with: pip install langchain")
    assert "Traceback" not in done.stderr


def test_no_program_has_the_name_of_a_module_that_it_would_hide() -> None:
    stems = {path.stem for path in PROGRAMS.glob("*.py")}
    assert stems >= {"ingest_by_type", "retrieve_by_type", "agent_with_attachments", "ray_parquet"}
    hidden = [stem for stem in stems if stem in sys.stdlib_module_names or PathFinder.find_spec(stem) is not None]
    assert not hidden
    # A type checker knows a program by its bare name.
    assert not stems & {path.stem for path in (EXAMPLES / "llama_index").glob("*.py")}


def test_with_the_examples_on_the_path_langchain_is_still_the_package(tmp_path: Path) -> None:
    code = f"import sys; sys.path[:0] = [{str(EXAMPLES)!r}, {str(EXAMPLES.parent)!r}]; import langchain\n"
    code += "import langchain_core.runnables; print(langchain.__version__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
