"""The programs in `examples/llama_index/`: they run as their docstrings say, and show what they promise."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.example_programs import DOCUMENTS, EXAMPLES, printed_by, sections_of
from tests.service import ClassifyService

PROGRAMS = EXAMPLES / "llama_index"
# Packages of LlamaIndex's integrations, each of them a part of the namespace `llama_index`.
INTEGRATIONS = """
    agent callbacks cli embeddings evaluation experimental extractors finetuning graph_rag graph_stores indices
    ingestion instrumentation legacy llms memory multi_modal_llms networks node_parser observability output_parsers
    packs postprocessor program protocols question_gen readers response_synthesizers retrievers selectors
    sparse_embeddings storage tools utils vector_stores voice_agents workflow
"""
FIRST_WORDS = re.compile(r"^(\S+) +(\S+)  (\S+)")
COUNTED = re.compile(r"^(not classified|\S+) +(?:\S+ +)?(\d+)\b")
CALL = re.compile(r"^tool:   classify_document\(name='(.*)'\)\ntold:   (\S+) \(confidence", re.MULTILINE)


@pytest.fixture
def program(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A program as a module, with what stands beside it importable as for the program."""
    monkeypatch.syspath_prepend(str(PROGRAMS))
    return importlib.import_module(request.param)


def counts_of(lines: list[str]) -> dict[str, int]:
    """How many documents a report counts, by route."""
    return {found[1]: int(found[2]) for line in lines if (found := COUNTED.match(line))}


def hits_of(lines: list[str]) -> list[tuple[str, float, str]]:
    """Type, confidence and file of each hit."""
    return [(found[1], float(found[2]), found[3]) for line in lines if (found := FIRST_WORDS.match(line))]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("ingestion_routing", "nothing new: all 18 documents arrived before"),
        ("filtered_retrieval", "routed: When is the payment due?"),
        ("attachment_agent", "agent:  march.pdf is of type invoice, loan.docx is of type contract"),
    ],
)
def test_each_program_runs_in_any_folder_writes_nothing_and_uploads_nothing_even_with_a_key(
    name: str, told: str, service: ClassifyService, tmp_path: Path
) -> None:
    printed = printed_by(PROGRAMS / f"{name}.py", service, tmp_path)
    assert told in printed
    calls = [("march.pdf", "invoice"), ("loan.docx", "contract")] if name == "attachment_agent" else []
    assert CALL.findall(printed) == calls


@pytest.mark.parametrize("program", ["ingestion_routing"], indirect=True)
def test_the_router_hands_each_document_to_one_target_and_a_second_time_to_none(
    program: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    program.main()
    shown = sections_of(capsys.readouterr().out)
    first, second = counts_of(shown["first run"]), counts_of(shown["second run"])
    assert sum(first.values()) == len(DOCUMENTS)
    assert all(first[route] >= 1 for route in ("invoice", "contract", "(default)"))
    assert second == dict.fromkeys(first, 0) | {"unchanged": len(DOCUMENTS)}
    went = {name: route for route, found, name in (line.partition(": ") for line in shown["first run"]) if found}
    assert went.keys() == DOCUMENTS
    assert went["harbour-lights-march.pdf"] == "invoice"
    assert went["orrindale-research-services.pdf"] == went["sound-desk-loan.docx"] == "contract"
    unsure = [name for name, route in went.items() if route == "(review)"]
    assert [line.split()[0] for line in shown["for a person to look at"]] == unsure


@pytest.mark.parametrize("program", ["ingestion_routing"], indirect=True)
def test_a_contract_is_in_larger_chunks_than_an_invoice(program: Any) -> None:
    [of_invoices] = program.new_index()._transformations
    assert program.new_pipeline().transformations[0].chunk_size > of_invoices.chunk_size


@pytest.mark.parametrize("program", ["filtered_retrieval"], indirect=True)
def test_filters_and_the_router_find_sure_documents_of_the_right_type(
    program: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    program.main()
    shown = {heading: hits_of(lines) for heading, lines in sections_of(capsys.readouterr().out).items()}
    assert all(len(hits) == program.CHUNKS_WANTED for hits in shown.values())
    types = [{kind for kind, _, _ in hits} for hits in shown.values()]
    assert types[1:5] == [{"invoice"}, {"invoice", "price_list"}, {"contract"}, {"invoice"}]
    # Neither the first nor the last is of a type: all documents are asked.
    assert min(len(types[0]), len(types[5])) > 1
    sure = [confidence for hits in list(shown.values())[1:5] for _, confidence, _ in hits]
    assert min(sure) >= program.MIN_CONFIDENCE


def test_with_the_examples_on_the_path_no_program_hides_an_integration_of_llama_index(tmp_path: Path) -> None:
    # `examples/llama_index/` is a part of the namespace then: an `agent.py` would stand before `llama_index.agent`.
    for name in INTEGRATIONS.split():
        package = tmp_path / "llama_index" / name / "of_a_provider"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
    imported = "; ".join(f"import llama_index.{name}.of_a_provider" for name in INTEGRATIONS.split())
    code = f"import sys; sys.path[:0] = {[str(EXAMPLES), str(tmp_path)]}; {imported}; import llama_index.core.schema"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
