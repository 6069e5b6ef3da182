"""What `make demo` shows a stranger."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

import demo
import hashing_embedding
import pytest
import yaml

from tests.service import ClassifyService

EXAMPLES = Path(demo.__file__).parent
EXPECTED: dict[str, str | None] = yaml.safe_load((EXAMPLES / "expected.yaml").read_text())


def _shown_types(printed: str) -> dict[str, str | None]:
    """The type that the table gives each document, by name."""
    rows = re.findall(r"^(\S+\.\w+) +(\S+) +(?:[\d.]+|-)(?:  .*)?$", printed, re.MULTILINE)
    return {name: None if label == "(none)" else label for name, label in rows}


def _counts(printed: str) -> dict[str, int]:
    return {label: int(count) for count, label in re.findall(r"^ +(\d+)  (\S+)$", printed, re.MULTILINE)}


def _hits(printed: str) -> list[tuple[str, str, float]]:
    found = re.findall(r"^  (LlamaIndex|LangChain) +(\S.*?)  ([\d.]+)  \S", printed, re.MULTILINE)
    return [(framework, label, float(confidence)) for framework, label, confidence in found]


def test_the_demo_classifies_routes_and_retrieves_with_no_key(capsys: pytest.CaptureFixture[str]) -> None:
    demo.main([])
    captured = capsys.readouterr()
    for name in EXPECTED:
        assert name in captured.out
    assert "18/18" in captured.err  # the progress bar
    hits = _hits(captured.out)
    assert {framework for framework, _, _ in hits} == {"LlamaIndex", "LangChain"}
    assert len({label for _, label, _ in hits}) == 1
    assert all(confidence >= demo.MIN_CONFIDENCE for _, _, confidence in hits)
    assert "No key was needed" in captured.out


def test_the_types_it_shows_are_mostly_those_the_documents_were_written_to_be(
    capsys: pytest.CaptureFixture[str],
) -> None:
    demo.main([])
    shown = _shown_types(capsys.readouterr().out)
    assert shown.keys() == EXPECTED.keys()
    assert sum(shown[name] == EXPECTED[name] for name in EXPECTED) >= 15


def test_the_counts_are_those_of_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    demo.main([])
    printed = capsys.readouterr().out
    assert _counts(printed) == Counter(label or "(none)" for label in _shown_types(printed).values())


def test_each_document_is_retrieved_once(capsys: pytest.CaptureFixture[str]) -> None:
    demo.main([])
    lines = re.findall(r"^  (?:LlamaIndex|LangChain) .*$", capsys.readouterr().out, re.MULTILINE)
    hits = [(line.split()[0], line.split()[-1]) for line in lines]
    assert len(hits) == len(set(hits)) >= 4  # two documents or more, through two frameworks


def test_in_a_narrow_terminal_names_types_and_confidences_stay_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    demo.main([])
    wide = _shown_types(capsys.readouterr().out)
    monkeypatch.setenv("COLUMNS", "50")
    demo.main([])
    printed = capsys.readouterr().out
    assert _shown_types(printed) == wide
    assert "why" not in printed
    assert re.search(r"^allotment-committee-june\.docx +meeting_minutes +0\.\d\d$", printed, re.MULTILINE)


def test_a_reason_that_was_cut_ends_in_dots(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    demo.main([])
    printed = capsys.readouterr().out
    table = printed.partition("\ncount by type")[0]
    assert "..." in table
    assert max(map(len, table.splitlines())) <= 90


def test_with_a_key_it_still_uploads_nothing_and_says_how_to_run_hosted(
    capsys: pytest.CaptureFixture[str], service: ClassifyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", service.api_key)
    monkeypatch.setenv("LLAMA_CLOUD_BASE_URL", service.base_url)
    demo.main([])
    assert not service.requests
    printed = capsys.readouterr().out
    assert "nothing was uploaded" in printed
    assert "examples/demo.py --hosted" in printed
    assert service.api_key not in printed


def test_the_same_code_runs_hosted_with_a_key(
    capsys: pytest.CaptureFixture[str], service: ClassifyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", service.api_key)
    monkeypatch.setenv("LLAMA_CLOUD_BASE_URL", service.base_url)
    demo.main(["--hosted"])
    assert len({job.file_input for job in service.jobs.values()}) >= len(EXPECTED)
    assert "retrieval of" in capsys.readouterr().out


def test_any_folder_with_rules_can_be_classified(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    shutil.copy(EXAMPLES / "rules.yaml", tmp_path)
    (tmp_path / "docs" / "deep" / ".hidden").mkdir(parents=True)
    shutil.copy(EXAMPLES / "documents" / "sound-desk-loan.docx", tmp_path / "docs" / "deep")
    (tmp_path / "docs" / "empty.txt").touch()
    (tmp_path / "docs" / "deep" / ".hidden" / "secret.txt").write_text("not for you")
    demo.main(["--corpus", str(tmp_path)])
    printed = capsys.readouterr().out
    assert "sound-desk-loan.docx" in printed
    assert re.search(r"^empty\.txt +\(failed\) +-  it is empty", printed, re.MULTILINE)
    assert _counts(printed) == {"contract": 1, "(failed)": 1}
    assert "secret.txt" not in printed
    assert {label for _, label, _ in _hits(printed)} == {"contract"}


def test_where_no_document_can_be_read_there_is_nothing_to_retrieve(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    shutil.copy(EXAMPLES / "rules.yaml", tmp_path)
    (tmp_path / "empty.txt").touch()
    demo.main(["--corpus", str(tmp_path)])
    printed = capsys.readouterr().out
    assert _counts(printed) == {"(failed)": 1}
    assert "nothing to retrieve" in printed


def test_texts_of_which_there_are_none_have_no_vectors() -> None:
    assert hashing_embedding.embed([]) == []
    assert len(hashing_embedding.embed(["one", "two"])) == 2


def test_a_document_that_the_service_refuses_is_counted_as_failed(
    capsys: pytest.CaptureFixture[str], service: ClassifyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", "llx-of-somebody-else")
    monkeypatch.setenv("LLAMA_CLOUD_BASE_URL", service.base_url)
    demo.main(["--hosted"])
    printed = capsys.readouterr().out
    assert _counts(printed) == {"(failed)": 18}
    assert "nothing to retrieve" in printed


def test_hosted_without_a_key_is_told_in_one_message() -> None:
    with pytest.raises(SystemExit, match="LLAMA_CLOUD_API_KEY"):
        demo.main(["--hosted"])


def test_a_folder_without_rules_or_documents_is_told_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="there is no folder"):
        demo.main(["--corpus", str(tmp_path / "missing")])
    with pytest.raises(SystemExit, match=r"rules\.yaml"):
        demo.main(["--corpus", str(tmp_path)])
    shutil.copy(EXAMPLES / "rules.yaml", tmp_path)
    with pytest.raises(SystemExit, match="no documents"):
        demo.main(["--corpus", str(tmp_path)])


def test_the_example_documents_are_as_many_and_as_different_as_promised() -> None:
    names = {path.name for path in (EXAMPLES / "documents").iterdir()}
    assert names == set(EXPECTED)
    assert len(names) >= 14
    assert {Path(name).suffix for name in names} == {".pdf", ".docx", ".html", ".eml", ".md", ".csv", ".txt"}
    assert len({label for label in EXPECTED.values() if label is not None}) >= 6
    assert list(EXPECTED.values()).count(None) == 2
