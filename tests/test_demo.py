"""What `make demo` shows a stranger."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import demo
import pytest
import yaml

from tests.service import ClassifyService

EXAMPLES = Path(demo.__file__).parent
EXPECTED: dict[str, str | None] = yaml.safe_load((EXAMPLES / "expected.yaml").read_text())


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
    assert "empty.txt" in printed
    assert "secret.txt" not in printed
    assert {label for _, label, _ in _hits(printed)} == {"contract"}


def test_a_folder_without_rules_or_documents_is_told_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"rules\.yaml"):
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
